"""Flags of open deals: how many have which, and the money in them, with what the thresholds are learned from."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import attrs
import numpy as np

from salesmetrics import _check
from salesmetrics._histograms import Histogram
from salesmetrics._kernels import packed_cells
from salesmetrics.arrays import AnyArray, BoolArray, IntArray
from salesmetrics.books.activities import ActivityBook
from salesmetrics.books.deals import DealBook
from salesmetrics.books.history import DealHistory
from salesmetrics.books.reps import RepBook
from salesmetrics.columns import KeyColumn, MoneyColumn
from salesmetrics.domain import SalesProcess
from salesmetrics.errors import InvalidDataError
from salesmetrics.flagging import HYGIENE, FlagRules, beyond_share, checked_rules, chosen_flags, limits_of, over_limit
from salesmetrics.grouping import as_of_day, group, window_of
from salesmetrics.labels import Labels
from salesmetrics.marking import PLAIN, Marks, marked, refuse_credits
from salesmetrics.tally import Tally, added, owned

__all__ = ["HygieneTally"]

_BLOCK = 1 << 16
_LARGEST = 9_000_000_000_000_000_000


@attrs.frozen(eq=False)
class Piles:
    """Open deals that are alike: their group, the flags they have and those that are known, how many and how much money."""

    group: IntArray
    value: dict[str, BoolArray]
    known: dict[str, BoolArray]
    count: IntArray
    minor: IntArray


@attrs.frozen(eq=False, repr=False)
class HygieneTally(Tally):
    """How many open deals have which flags, and their exact amounts, by group.

    What a deal is flagged for beside others is worked out when the tally is read, so that parts add up: ``over_age`` from
    ``learned``, the completed dwells by stage (or the cycles of won deals), and from the stage and age by which deals are
    counted; ``concentrated`` from the ``largest`` deals, of which there are as many as can be at once. A row of the tables of
    deals is a group, a pattern of flags (two bits each: has it, known) and a stage; a value is an age in days, plus 1.
    """

    what: ClassVar[str] = "flags"
    causes: ClassVar[tuple[str, ...]] = ("no amount", "negative amount")

    by: tuple[str, ...]
    as_of_day: int
    flags: tuple[str, ...]
    rules: FlagRules
    stages: tuple[Any, ...]
    untold: tuple[tuple[str, str], ...]
    negative: str
    currency: str | None
    scale: int
    deals: Histogram = owned()
    priced: Histogram = owned()
    money: Histogram = owned()
    learned: Histogram = owned()
    largest: IntArray = owned()
    left_out: IntArray = added(total=True)

    @classmethod
    def from_book(
        cls,
        deals: DealBook,
        history: DealHistory | None = None,
        activities: ActivityBook | None = None,
        *,
        by: str | tuple[str, ...] | list[str] | None = None,
        where: object = None,
        reps: RepBook | None = None,
        as_of: object = None,
        flags: str | tuple[str, ...] | list[str] | None = None,
        rules: FlagRules | None = None,
        negative: str = "raise",
    ) -> Self:
        """Return the tally of deals and what is known of them; flags that nothing given tells are in ``untold``."""
        _check.one_of(negative, ("raise", "exclude"), "negative")
        chosen, rules = chosen_flags(flags, HYGIENE), checked_rules(rules)

        def counted(block: tuple[int, int] | None) -> dict[str, Any]:
            marks = marked(
                deals, history, activities, as_of=as_of, where=where, rules=rules, wanted=chosen, block=block
            )
            credit = refuse_credits(marks, negative)
            grouping = group(marks.deals, by, None, reps, as_of=marks.day)
            _, cell = packed_cells(grouping.rows, grouping.axes)
            present = np.unique(cell) if grouping.levels else np.zeros(1, dtype=np.int64)
            row = _rows(marks, chosen, np.searchsorted(present, cell))
            age, some = marks.age.astype(np.int64) + 1, np.flatnonzero(marks.priced & ~credit)
            large = np.stack([marks.minor[some], row[some], age[some]], axis=1) if "concentrated" in chosen else None
            money = Histogram.of(row[some], age[some], marks.minor[some])
            _check_sum(marks.minor[some])
            return {
                "labels": grouping.labels(present),
                "window": window_of(None),
                "by": (by,) if isinstance(by, str) else tuple(by or ()),
                "as_of_day": marks.day,
                "flags": chosen,
                "rules": rules,
                "stages": marks.stages,
                "untold": tuple(marks.untold.items()),
                "negative": negative,
                "currency": deals.currency,
                "scale": deals.scale,
                "deals": Histogram.of(row, age),
                "priced": Histogram.of(row[some], age[some]),
                "money": money,
                "learned": marks.learned,
                "largest": _largest(np.zeros((0, 3), dtype=np.int64) if large is None else large, rules.most),
                "left_out": np.array([int((~marks.priced).sum()), int(credit.sum())], dtype=np.int64),
            }

        money = deals.columns.get("amount")
        credits = isinstance(money, MoneyColumn) and money.smallest < 0
        if history is not None or activities is not None or credits:  # what is wrong is said of all open deals
            return cls(**counted(None))
        # what is worked out for each open deal is more than the book holds of it: a block of them at a time
        day = as_of_day(deals, as_of, needed="flags, which are of open deals")
        assert day is not None
        whole = cls(**counted((0, _BLOCK)))
        for start in range(_BLOCK, len(deals.open_rows(day)), _BLOCK):
            whole = whole + cls(**counted((start, start + _BLOCK)))
        return whole

    @classmethod
    def empty(
        cls,
        *,
        as_of: object,
        process: SalesProcess | None = None,
        history: bool = False,
        activities: bool = False,
        by: str | tuple[str, ...] | list[str] | None = None,
        flags: str | tuple[str, ...] | list[str] | None = None,
        rules: FlagRules | None = None,
        negative: str = "raise",
        currency: str | None = None,
        scale: int = 2,
    ) -> Self:
        """Return the tally of no deals, with a history and activities or without: what every other is added to."""
        names = (by,) if isinstance(by, str) else tuple(by or ())
        book = DealBook.empty(names, currency=currency, scale=scale)
        ids = {"id": KeyColumn(np.zeros(0, dtype=np.int64))}
        book = attrs.evolve(book, columns={**ids, **book.columns}, process=process)
        return cls.from_book(
            book,
            DealHistory.empty(process=process, currency=currency, scale=scale) if history else None,
            ActivityBook.empty() if activities else None,
            by=by,
            as_of=as_of,
            flags=flags,
            rules=rules,
            negative=negative,
        )

    @property
    def lacking(self) -> dict[str, str]:
        """The flags that nothing given tells of any deal, and what they need."""
        return dict(self.untold)

    @property
    def limits(self) -> dict[Any, int]:
        """The days above which a deal is over age, for each stage that has such a limit."""
        days = limits_of(self.rules, self.stages, self.learned).tolist()
        return {stage: limit for stage, limit in zip(self.stages, days, strict=True) if limit >= 0}

    def piles(self) -> Piles:
        """Return the open deals by what they are flagged for."""
        cells, priced, minor = self._matched()
        unpriced = cells.count - priced
        total = int(minor.sum())
        large = self.largest[self.largest[:, 0] > beyond_share(total, self.rules.share)] if total else self.largest[:0]
        at = _find(cells, large[:, 1], large[:, 2])
        np.subtract.at(priced, at, 1)
        np.subtract.at(minor, at, large[:, 0])
        row = np.concatenate([cells.row, cells.row, large[:, 1]])
        age = np.concatenate([cells.value, cells.value, large[:, 2]]) - 1
        alike = len(cells.row)
        count = np.concatenate([unpriced, priced, np.ones(len(large), dtype=np.int64)])
        money = np.concatenate([np.zeros(alike, dtype=np.int64), minor, large[:, 0]])
        stage, rest = row % (len(self.stages) + 1) - 1, row // (len(self.stages) + 1)
        plain = [name for name in self.flags if name in PLAIN]
        bits = rest & ((1 << 2 * len(plain)) - 1)
        value = {name: (bits >> 2 * i & 1).astype(bool) for i, name in enumerate(plain)}
        known = {name: (bits >> 2 * i + 1 & 1).astype(bool) for i, name in enumerate(plain)}
        if "over_age" in self.flags:
            value["over_age"], known["over_age"] = over_limit(
                stage, age, limits_of(self.rules, self.stages, self.learned)
            )
        if "concentrated" in self.flags:
            place = np.arange(len(row))
            value["concentrated"], known["concentrated"] = place >= 2 * alike, (place >= alike) & (total > 0)
        return Piles(rest >> 2 * len(plain), value, known, count, money)

    def _matched(self) -> tuple[Histogram, IntArray, IntArray]:
        """Return the cells of the deals, and for each how many have an amount and how much that is."""
        priced, minor = (np.zeros(len(self.deals.row), dtype=np.int64) for _ in range(2))
        at = _find(self.deals, self.priced.row, self.priced.value)
        priced[at], minor[at] = self.priced.count, self.money.count
        return self.deals, priced, minor

    def _merged(self, other: Self, labels: Labels, mine: AnyArray, yours: AnyArray) -> dict[str, Any]:
        """Return the counts of both."""
        per = (len(self.stages) + 1) << 2 * sum(name in PLAIN for name in self.flags)

        def moved(row: IntArray, places: AnyArray) -> IntArray:
            place: IntArray = np.append(places, 0)[row // per] * per + row % per
            return place

        def both(name: str) -> Histogram:
            left, right = getattr(self, name), getattr(other, name)
            return Histogram.of(
                np.concatenate([moved(left.row, mine), moved(right.row, yours)]),
                np.concatenate([left.value, right.value]),
                np.concatenate([left.count, right.count]),
            )

        _check_sum(np.concatenate([self.money.count, other.money.count]))
        rows = [self.learned.row, other.learned.row]
        days = [self.learned.value, other.learned.value]
        large = [self.largest, other.largest]
        for part, places in zip((0, 1), (mine, yours), strict=True):
            large[part] = np.column_stack([large[part][:, 0], moved(large[part][:, 1], places), large[part][:, 2]])
        return {
            **{name: both(name) for name in ("deals", "priced", "money")},
            "learned": Histogram.of(
                np.concatenate(rows),
                np.concatenate(days),
                np.concatenate([self.learned.count, other.learned.count]),
            ),
            "largest": _largest(np.concatenate(large), self.rules.most),
        }

    def _same(self, other: Self) -> bool:
        """Return True where both hold the same counts."""
        tables = ("deals", "priced", "money", "learned")
        return all(getattr(self, name).equals(getattr(other, name)) for name in tables) and np.array_equal(
            self.largest, other.largest
        )


def _rows(marks: Marks, flags: tuple[str, ...], groups: IntArray) -> IntArray:
    """Return the row of each open deal: its group, its pattern of flags and its stage."""
    plain = [name for name in flags if name in PLAIN]
    row = groups.astype(np.int64) << 2 * len(plain)
    for at, name in enumerate(plain):
        value, known = marks.flags[name]
        row |= (value.astype(np.int64) | known.astype(np.int64) << 1) << 2 * at
    placed: IntArray = row * (len(marks.stages) + 1) + marks.stage + 1
    return placed


def _largest(deals: IntArray, most: int) -> IntArray:
    """Return the deals with the largest amounts, ties in the order of their cells."""
    order = np.lexsort((deals[:, 2], deals[:, 1], -deals[:, 0]))
    return deals[order[:most]]


def _find(cells: Histogram, row: IntArray, value: IntArray) -> IntArray:
    """Return where pairs of row and value, each of which is there, stand among the cells."""
    most = int(cells.value.max(initial=0)) + 1
    return np.searchsorted(cells.row * most + cells.value, row * most + value)


def _check_sum(minor: IntArray) -> None:
    """Raise where amounts add up to more than int64 holds."""
    if float(minor.astype(np.float64).sum()) > _LARGEST:
        raise InvalidDataError(
            "a sum of money must stay within int64 minor units; got more among the open deals.",
            code="SM-AMT-09",
            field="amount",
            hint="a smaller scale holds larger totals.",
        )
