"""Chances: open deals by amount and probability, from which the law of what they come to is worked out."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import attrs
import numpy as np

from salesmetrics import _check
from salesmetrics._histograms import Histogram
from salesmetrics._kernels import Range, packed_cells
from salesmetrics.arrays import AnyArray, FloatArray, IntArray
from salesmetrics.books.deals import DealBook
from salesmetrics.books.reps import RepBook
from salesmetrics.columns import PPM
from salesmetrics.labels import Labels
from salesmetrics.snapshots import snapshot
from salesmetrics.tally import Tally, added, owned

__all__ = ["ChanceTally"]

_MANY = 20_000


@attrs.frozen(eq=False, repr=False)
class ChanceTally(Tally):
    """Deals open at the end of ``as_of`` and due in each period: how many have which amount and which probability.

    ``stakes`` has a row for each group, period and probability (``ppm``, ascending), and counts by amount; its size grows with
    the open deals. Overdue and undated deals, those without an amount, without a probability, and credits are counted beside.
    """

    what: ClassVar[str] = "chances"
    causes: ClassVar[tuple[str, ...]] = ("overdue", "undated", "negative amount", "no amount", "no probability")

    by: tuple[str, ...]
    as_of_day: int
    p: str
    multiplier: float
    overdue: str
    undated: str
    negative: str
    currency: str | None
    scale: int
    n: IntArray = added()
    left_out: IntArray = added(total=True)
    ppm: IntArray = owned()
    stakes: Histogram = owned()

    @classmethod
    def from_book(
        cls,
        deals: DealBook,
        *,
        by: str | tuple[str, ...] | list[str] | None = None,
        period: object = None,
        where: object = None,
        reps: RepBook | None = None,
        as_of: object = None,
        p: str = "deal_or_stage",
        multiplier: float = 1.0,
        missing_p: str = "raise",
        overdue: str = "exclude",
        undated: str = "exclude",
        negative: str = "raise",
    ) -> Self:
        """Return the tally of a book of deals; without a period, of all open deals whatever their date."""
        _check.one_of(missing_p, ("raise", "exclude"), "missing_p")
        _check.one_of(negative, ("raise", "exclude"), "negative")
        open_ = snapshot(deals, by, period, where, reps, as_of, weighted=True, p=p, overdue=overdue, undated=undated)
        money, keep = open_.money, open_.keep
        everyone = open_.grouping.tabulate(open_.more, keep)[0]
        if money.smallest < 0:
            keep = open_.without_negative(negative)
        chance = open_.chances(p, multiplier, missing_p, keep)
        valued = (*keep, *open_.priced)
        sure = (*open_.grouping.keep, *valued, Range(chance, 0, None))
        row, cell = packed_cells(open_.grouping.rows, (*open_.grouping.axes, *open_.more), keep=sure)
        counts = [int(open_.grouping.tabulate(open_.more, some)[0].sum()) for some in (keep, valued)]
        present = open_.grouping.present(everyone)
        place = np.zeros(open_.grouping.groups, dtype=np.int64)
        place[present] = np.arange(len(present))
        per = open_.window.size
        cell = place.take(cell // per) * per + cell % per if per > 1 else place.take(cell)
        ppm, stakes = _counted(cell, chance.take(row), money.minor.take(row))
        credits = int(everyone.sum()) - counts[0]
        out = [open_.late, open_.blank, credits, counts[0] - counts[1], counts[1] - len(row)]
        return cls(
            labels=open_.grouping.labels(present),
            window=open_.window,
            by=open_.names,
            as_of_day=open_.day,
            p=p,
            multiplier=multiplier,
            overdue=overdue,
            undated=undated,
            negative=negative,
            currency=deals.currency,
            scale=deals.scale,
            n=np.bincount(cell, minlength=len(present) * per).astype(np.int64).reshape(len(present), per),
            left_out=np.array(out, dtype=np.int64),
            ppm=ppm,
            stakes=stakes,
        )

    @classmethod
    def empty(
        cls,
        *,
        as_of: object,
        by: str | tuple[str, ...] | list[str] | None = None,
        period: object = None,
        p: str = "deal_or_stage",
        multiplier: float = 1.0,
        overdue: str = "exclude",
        undated: str = "exclude",
        negative: str = "raise",
        currency: str | None = None,
        scale: int = 2,
    ) -> Self:
        """Return the tally of no deals: what every other is added to without change."""
        names = (by,) if isinstance(by, str) else tuple(by or ())
        return cls.from_book(
            DealBook.empty(names, currency=currency, scale=scale),
            by=by,
            period=period,
            as_of=as_of,
            p=p,
            multiplier=multiplier,
            overdue=overdue,
            undated=undated,
            negative=negative,
        )

    def open_deals(self, cell: int) -> tuple[IntArray, FloatArray]:
        """Return the amounts (minor units) and the probabilities of the deals of one group and period."""
        kinds = max(len(self.ppm), 1)
        start, stop = np.searchsorted(self.stakes.row, [cell * kinds, (cell + 1) * kinds])
        times = self.stakes.count[start:stop]
        level = self.ppm.take(self.stakes.row[start:stop] - cell * kinds) / PPM
        return np.repeat(self.stakes.value[start:stop], times), np.repeat(level, times)

    def weighed(self) -> list[int]:
        """Return the sum of amount x parts per million of each group and period, which may be wider than int64."""
        out = [0] * self.n.size
        row = self.stakes.row
        if not len(row):
            return out
        starts = np.flatnonzero(np.diff(row, prepend=-1))
        # in two halves, so that no sum of amounts leaves int64
        high = np.add.reduceat((self.stakes.value >> 32) * self.stakes.count, starts).tolist()
        low = np.add.reduceat((self.stakes.value & 0xFFFFFFFF) * self.stakes.count, starts).tolist()
        ppm, kinds = self.ppm.tolist(), len(self.ppm)
        for place, upper, lower in zip(row[starts].tolist(), high, low, strict=True):
            out[place // kinds] += ((upper << 32) + lower) * ppm[place % kinds]
        return out

    def _merged(self, other: Self, labels: Labels, mine: AnyArray, yours: AnyArray) -> dict[str, Any]:
        """Return the counts of both."""
        ppm = np.union1d(self.ppm, other.ppm)
        per = self.window.size
        parts = []
        for tally, rows in ((self, mine), (other, yours)):
            cells = (rows[:, None] * per + np.arange(per)).reshape(-1)
            kinds = np.searchsorted(ppm, tally.ppm)
            parts.append((cells[:, None] * len(ppm) + kinds).reshape(-1).astype(np.int64))
        return {"ppm": ppm, "stakes": self.stakes.merged(other.stakes, *parts)}

    def _same(self, other: Self) -> bool:
        """Return True where both hold the same counts."""
        return np.array_equal(self.ppm, other.ppm) and self.stakes.equals(other.stakes)


def _counted(cell: IntArray, chance: AnyArray, amount: IntArray) -> tuple[IntArray, Histogram]:
    """Return the probabilities that occur, and how many deals of each cell and probability have which amount."""
    if len(chance) > _MANY:  # a flag for each probability there can be is cheaper than a sort
        there = np.zeros(PPM + 1, dtype=bool)
        there[chance] = True
        ppm = np.flatnonzero(there)
    else:
        ordered = np.sort(chance)
        ppm = ordered[np.flatnonzero(np.diff(ordered, prepend=-1))]
    if len(ppm) <= 16:
        kind = np.zeros(len(chance), dtype=np.int64)
        for level in ppm[1:]:
            kind += chance >= level
    else:
        kind = np.searchsorted(ppm, chance)
    return ppm.astype(np.int64), Histogram.of(cell * max(len(ppm), 1) + kind, amount)
