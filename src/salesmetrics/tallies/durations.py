"""Durations: a count per whole day from creation to close, or to the day of the snapshot."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, ClassVar, Self

import attrs
import numpy as np

from salesmetrics import _check
from salesmetrics._histograms import Histogram, all_in_place
from salesmetrics._kernels import Addend, Axis, Range, capped, packed_cells
from salesmetrics._wide import checked_add
from salesmetrics.arrays import AnyArray, IntArray
from salesmetrics.books.deals import DealBook
from salesmetrics.books.reps import RepBook
from salesmetrics.columns import LabelColumn, MoneyColumn
from salesmetrics.domain import OUTCOMES
from salesmetrics.errors import InvalidDataError, MergeError, show
from salesmetrics.grouping import Grouping, as_of_day, day_column, group, known_days, limit, taken, window_of
from salesmetrics.labels import Labels
from salesmetrics.scans.requests import Request, key_of
from salesmetrics.slicing import gathered, sliced
from salesmetrics.tally import Tally, added, owned
from salesmetrics.watching import entry_ages, entry_of, priced, refuse_unread, watched

__all__ = ["DurationTally"]

BASES = ("closed", "created")
_DEFAULTS: dict[str, Any] = {
    **dict.fromkeys(("by", "period", "where", "reps", "as_of", "entry")),
    "basis": "closed",
    "outcomes": OUTCOMES,
    "weight": "count",
    "negative": "raise",
}
_DENSE = 1 << 24
_BLOCK_CELLS = 1 << 18
_MOST = float(2**63 - 2**53)
"""No sum of money may come so near to the end of int64: sums of floats are not exact."""


@attrs.frozen(eq=False, repr=False)
class DurationTally(Tally):
    """How many deals of each outcome took how many whole days, by group and period.

    ``basis="closed"`` counts the deals closed in the period. ``basis="created"`` counts the cohort created in it as it stood
    at ``as_of``: open deals stand under the outcome ``open`` at their age on that day, which is what a curve with censoring
    needs. Held as one table of days where that is small, else as sorted (row, day, count); a row is a group, a period and an
    outcome.

    A cohort may have two things more. With ``entry``, the day on which the data start or an age for each deal, ``late``
    counts by group, period and age the deals that came under observation after their creation; those that ended before it
    are left out. With ``weight="amount"`` only deals with an amount are counted, ``money`` holds the exact sums of their
    amounts in minor units (of the currency and scale in ``priced_in``), and ``late_money`` those of the late ones.
    """

    what: ClassVar[str] = "durations"
    causes: ClassVar[tuple[str, ...]] = ("no creation day", "no amount", "ended before entry")

    by: tuple[str, ...]
    basis: str
    outcomes: tuple[str, ...]
    as_of_day: int | None
    entry: int | str | None
    weight: str
    negative: str
    priced_in: tuple[str | None, int] | None
    dense: IntArray | None = owned()
    sparse: Histogram | None = owned()
    late: Histogram | None = owned()
    money: Histogram | None = owned()
    late_money: Histogram | None = owned()
    left_out: IntArray = added(total=True)

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
        basis: str = "closed",
        outcomes: tuple[str, ...] = OUTCOMES,
        entry: object = None,
        weight: str = "count",
        negative: str = "raise",
    ) -> Self:
        """Return the tally of a book of deals; ``outcomes`` leaves out those that will not be asked for."""
        _check.one_of(basis, BASES, "basis")
        _check.one_of(weight, ("count", "amount"), "weight")
        _check.one_of(negative, ("raise", "exclude"), "negative")
        asked = {_check.one_of(o, OUTCOMES, "outcomes") for o in outcomes}
        chosen = tuple(o for o in OUTCOMES if o in asked and (basis == "created" or o != "open"))
        window = window_of(period)
        day = as_of_day(deals, as_of, needed="a cohort with open deals" if basis == "created" else None)
        followed = basis == "created"
        if not followed and chosen and entry is None and weight == "count":
            places = [OUTCOMES.index(name) for name in chosen]
            needs, ended = ("outcome", "created", "closed"), range(min(places), max(places) + 1)
            deals, where = sliced(deals, by, where, reps, window, day, needs=needs, outcomes=ended)
        if followed and window.periods is None and entry is None and weight == "count":
            deals, where = gathered(deals, by, where, reps, needs=("outcome", "created", "closed"))
        created, closed = (day_column(deals, name, "durations") for name in ("created", "closed"))
        outcome: LabelColumn = deals.column("outcome", "durations")
        refuse_unread(followed, entry, weight)
        since = entry_of(deals, entry, day)
        state = outcome.codes
        if followed and day is not None and closed.last > day:
            state = state * (closed.days <= day)
        dates = created if followed else closed
        grouping = group(deals, by, where, reps, as_of=day)
        axes, keep = window.axis(dates, limit(dates, day))
        ends = [OUTCOMES.index(name) for name in chosen] or [len(OUTCOMES)]
        states = () if chosen == OUTCOMES else (Range(state, min(ends), max(ends) + 1),)
        kinds = _kinds(state, chosen)
        placed = not followed or window.periods is None
        undated, bare = _outside(
            grouping,
            (*(axes if placed else ()), *kinds),
            (*states, *(keep if placed else ())),
            Range(created.days, None, 0) if created.any_missing else None,
            shown=placed,
        )
        # a cohort holds nothing created after the day: its age would be negative, which is no place in a table
        keep = (*states, *keep, *known_days(created, day if followed else None))
        age = Axis(closed.days, 0, minus=created.days, cap=day if followed else None)
        money: MoneyColumn | None = deals.column("amount", "a curve by amount") if weight == "amount" else None
        lost = [undated]
        for test in (priced(money, negative, grouping, (*axes, *kinds), keep), watched(created, age, since)):
            missing, more = _outside(grouping, (*axes, *kinds), keep, test and attrs.evolve(test, low=None, high=1))
            keep, bare = (*keep, *([test] if test else [])), np.union1d(bare, more)
            lost.append(missing)
        longest = closed.longest_since(created, age.cap)
        counted = _counted(grouping, (*axes, *kinds), keep, age, longest, window.size * len(chosen), bare)
        found = _Places(grouping, counted.groups, keep)
        return cls(
            labels=counted.labels,
            window=window,
            by=(by,) if isinstance(by, str) else tuple(by or ()),
            basis=basis,
            outcomes=chosen,
            as_of_day=day,
            entry=since if since is None or isinstance(since, int) else "ages",
            weight=weight,
            negative=negative,
            priced_in=None if money is None else (deals.currency, deals.scale),
            dense=counted.dense,
            sparse=counted.sparse,
            late=None if since is None else found.late(axes, kinds, entry_ages(created, since)),
            money=None if money is None else found.sums((*axes, *kinds), age, money, counted.dense),
            late_money=None
            if since is None or money is None
            else found.late(axes, kinds, entry_ages(created, since), money),
            left_out=np.array(lost, dtype=np.int64),
        )

    @classmethod
    def empty(
        cls,
        *,
        by: str | tuple[str, ...] | list[str] | None = None,
        period: object = None,
        as_of: object = None,
        basis: str = "closed",
        outcomes: tuple[str, ...] = OUTCOMES,
        entry: object = None,
        weight: str = "count",
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
            basis=basis,
            outcomes=outcomes,
            entry=entry,
            weight=weight,
            negative=negative,
        )

    @classmethod
    def part_of(cls, wanted: Request, made: Iterable[tuple[Request, Any]]) -> Self | None:
        """Return deals by outcome out of a cohort of all days, which has them too where no day is missing."""
        mine = _DEFAULTS | wanted.named
        if wanted.given or any(mine[name] != _DEFAULTS[name] for name in ("basis", "period", "entry", "weight")):
            return None
        for request, cohort in made:
            theirs = _DEFAULTS | request.named
            followed = theirs["basis"] == "created" and tuple(theirs["outcomes"]) == OUTCOMES and not request.given
            alike = all(key_of(mine[name]) == key_of(theirs[name]) for name in _DEFAULTS.keys() - {"basis", "outcomes"})
            if isinstance(cohort, cls) and followed and alike:
                return cohort._ended(mine["outcomes"])
        return None

    def _ended(self, outcomes: tuple[str, ...]) -> Self | None:
        """Return the tally of the deals of a cohort that ended with some outcomes."""
        chosen = tuple(o for o in OUTCOMES if o in outcomes and o != "open")
        if self.dense is None or not chosen or bool(self.left_out.any()):
            return None
        table = self.dense.reshape(len(self.labels), len(self.outcomes), -1)
        table = table[:, [self.outcomes.index(o) for o in chosen]]
        present = np.flatnonzero(table.any(axis=(1, 2))) if self.labels.levels else np.zeros(1, dtype=np.int64)
        return attrs.evolve(
            self,
            labels=self.labels.take(present),
            basis="closed",
            outcomes=chosen,
            dense=taken(table, present).reshape(len(present) * len(chosen), -1),
        )

    @property
    def rows(self) -> int:
        """How many groups and periods there are."""
        return len(self.labels) * self.window.size

    def histogram(self) -> Histogram:
        """Return the counts as sorted (row, day, count)."""
        if self.sparse is not None:
            return self.sparse
        assert self.dense is not None
        row, day = np.nonzero(self.dense)
        return Histogram(row.astype(np.int64), day.astype(np.int64), self.dense[row, day].astype(np.int64))

    def places(self, wanted: tuple[str, ...]) -> list[int]:
        """Return the places of outcomes, or raise where the tally was made without one of them."""
        missing = [name for name in wanted if name not in self.outcomes]
        if missing:
            raise MergeError(
                f"the tally must hold the outcome {show(missing[0])}; got {', '.join(self.outcomes)}.",
                code="SM-TLY-12",
                field="outcomes",
                values=missing,
                hint="DurationTally.from_book(..., outcomes=...) names them.",
            )
        return [self.outcomes.index(name) for name in wanted]

    def unread(self) -> dict[str, int]:
        """Return the deals that were left out, by those causes that could be: what a table says of them."""
        counts = dict(zip(self.causes, self.left_out.tolist(), strict=True))
        said = {"no creation day": counts["no creation day"]}
        if self.weight == "amount":
            said["no amount" if self.negative == "raise" else "no amount, or a credit"] = counts["no amount"]
        if self.entry is not None:
            said["ended before entry"] = counts["ended before entry"]
        return said

    @property
    def days(self) -> int:
        """How many whole days from 0 on the counts span."""
        if self.dense is not None:
            return max(int(self.dense.shape[1]), 1)
        assert self.sparse is not None
        return int(self.sparse.value.max()) + 1 if len(self.sparse.value) else 1

    def blocks(self) -> Iterator[tuple[slice, IntArray]]:
        """Yield runs of rows with their counts of shape (rows, outcomes, days), few enough to stay in the cache."""
        kinds, days = max(len(self.outcomes), 1), self.days
        step = max(_BLOCK_CELLS // (kinds * days), 1)
        for start in range(0, self.rows, step):
            stop = min(start + step, self.rows)
            yield slice(start, stop), self._table(start * kinds, stop * kinds, days).reshape(stop - start, kinds, days)

    def sums(self, rows: slice) -> IntArray:
        """Return the sums of amounts of some rows, of shape (rows, outcomes, days), in minor units."""
        assert self.money is not None
        kinds, days = max(len(self.outcomes), 1), self.days
        return _table(self.money, rows.start * kinds, rows.stop * kinds, days).reshape(-1, kinds, days)

    def entered(self, rows: slice) -> IntArray | None:
        """Return what of some rows came under observation late, of shape (rows, days), in deals or minor units."""
        found = self.late if self.weight == "count" else self.late_money
        return None if found is None else _table(found, rows.start, rows.stop, self.days)

    def _table(self, start: int, stop: int, days: int) -> IntArray:
        """Return the counts of some rows as a table of days."""
        if self.dense is not None:
            return self.dense[start:stop]
        assert self.sparse is not None
        return _table(self.sparse, start, stop, days)

    def taking_in(self, other: Self) -> Self:
        """Return the tally of the rows of both, this one given up: its table of days is added to where it has the room.

        Only for a tally that `+` has made and nobody else has seen: one table serves a whole pass over many parts.
        """
        rest = (self.late, self.money, self.late_money)
        if self.dense is None or other.dense is None or any(each is not None for each in rest):
            return self + other
        if self.schema() != other.schema() or other.dense.shape[1] > self.dense.shape[1]:
            return self + other
        labels, mine, yours = self.labels.union(other.labels)
        rows = _spread(yours, self.window.size * max(len(self.outcomes), 1))
        if len(labels) > len(self.labels) or not all_in_place(mine) or not _put_in(self.dense, other.dense, rows):
            return self + other
        return attrs.evolve(self, labels=labels, left_out=checked_add(self.left_out, other.left_out))

    def _merged(self, other: Self, labels: Labels, mine: AnyArray, yours: AnyArray) -> dict[str, Any]:
        """Return the counts of both."""
        per = self.window.size * max(len(self.outcomes), 1)
        left, right = _spread(mine, per), _spread(yours, per)
        early, later = _spread(mine, self.window.size), _spread(yours, self.window.size)
        rows = len(labels) * per
        more = {
            "late": _both(self.late, other.late, early, later),
            "money": _both(self.money, other.money, left, right, sums=True),
            "late_money": _both(self.late_money, other.late_money, early, later, sums=True),
        }
        if self.dense is not None and other.dense is not None:
            days = max(self.dense.shape[1], other.dense.shape[1])
            if rows * days <= _DENSE:
                return {
                    "dense": _put_together((self.dense, left), (other.dense, right), rows, days),
                    "sparse": None,
                    **more,
                }
        return {"dense": None, "sparse": self.histogram().merged(other.histogram(), left, right), **more}

    def _same(self, other: Self) -> bool:
        """Return True where both hold the same counts and sums, however they are held."""
        pairs = [(self.late, other.late), (self.money, other.money), (self.late_money, other.late_money)]
        if not self.histogram().equals(other.histogram()):
            return False
        return all(a is b or (a is not None and b is not None and a.equals(b)) for a, b in pairs)


def _spread(groups: AnyArray, per: int) -> AnyArray:
    """Return the places of rows from the places of their groups."""
    return (groups[:, None] * per + np.arange(per)).reshape(-1)


def _put_together(one: tuple[IntArray, AnyArray], other: tuple[IntArray, AnyArray], rows: int, days: int) -> IntArray:
    """Return two tables as one: each row at its new place, days up to a common last one, in a type that holds the counts."""
    if one[0].shape[1] < days:
        one, other = other, one
    (wide, first), (table, second) = one, other
    kind = np.result_type(wide, table, np.int32)  # counts in bytes come from one batch of rows
    if kind.itemsize < 8 and int(wide.max(initial=0)) + int(table.max(initial=0)) > np.iinfo(kind).max:
        kind = np.dtype(np.int64)
    in_place = wide.shape == (rows, days) and all_in_place(first)
    total = wide.astype(kind) if in_place else np.zeros((rows, days), dtype=kind)
    if not in_place:
        total[first, : wide.shape[1]] = wide
    where: Any = slice(None) if len(second) == rows and all_in_place(second) else second
    total[where, : table.shape[1]] += table
    return total


def _put_in(total: IntArray, table: IntArray, rows: AnyArray) -> bool:
    """Add a table to some rows of a wider one in place, or leave that as it was and return False: a count would not fit.

    Counts are not negative, so that a sum which is has left its type, and taking away what was added mends it.
    """
    if not np.can_cast(table.dtype, total.dtype) or total.dtype.kind != "i" or not total.flags.owndata:
        return False
    total.flags.writeable = True
    try:
        step = max(_BLOCK_CELLS // max(total.shape[1], 1), 1)
        whole = len(rows) == len(total) and all_in_place(rows)
        for start in range(0, len(table), step):
            block = table[start : start + step]
            where: Any = slice(start, start + len(block)) if whole else rows[start : start + len(block)]
            sums = total[where, : table.shape[1]]
            sums += block
            if not whole:
                total[where, : table.shape[1]] = sums
            if int(sums.min(initial=0)) < 0:
                for back in range(0, start + 1, step):
                    block = table[back : back + step]
                    where = rows[back : back + len(block)]
                    total[where, : table.shape[1]] -= block
                return False
    finally:
        total.flags.writeable = False
    return True


def _kinds(state: AnyArray, chosen: tuple[str, ...]) -> tuple[Axis, ...]:
    """Return the axis of the outcome; none where there is one outcome, which a range picks."""
    if len(chosen) == 1:
        return ()
    if chosen == OUTCOMES:
        return (Axis(state, len(chosen)),)
    table = np.array([chosen.index(o) if o in chosen else -1 for o in OUTCOMES], dtype=np.int64)
    return (Axis(state, len(chosen), table=table),)


def _table(found: Histogram, start: int, stop: int, days: int) -> IntArray:
    """Return some rows of a histogram as a table of days."""
    first, last = np.searchsorted(found.row, [start, stop])
    table = np.zeros((stop - start, days), dtype=np.int64)
    table[found.row[first:last] - start, found.value[first:last]] = found.count[first:last]
    return table


def _both(
    mine: Histogram | None, theirs: Histogram | None, left: IntArray, right: IntArray, *, sums: bool = False
) -> Histogram | None:
    """Return two histograms as one, or raise where sums of money could leave int64."""
    if mine is None or theirs is None:
        return None
    if sums and float(mine.count.sum(dtype=np.float64)) + float(theirs.count.sum(dtype=np.float64)) >= _MOST:
        raise InvalidDataError(
            "`money` must stay within int64; got more when two tallies were added.",
            code="SM-TLY-03",
            field="money",
            hint="a smaller scale holds larger totals.",
        )
    return mine.merged(theirs, left, right)


def _outside(
    grouping: Grouping, axes: tuple[Axis, ...], keep: tuple[Range, ...], test: Range | None, *, shown: bool = True
) -> tuple[int, IntArray]:
    """Return how many deals are left out by a test, and their groups where they show as rows."""
    nobody = np.zeros(0, dtype=np.int64)
    if test is None:
        return 0, nobody
    table, _ = grouping.tabulate(axes, (*keep, test))
    count = int(table.sum())
    return count, grouping.present(table) if shown and grouping.levels else nobody


@attrs.frozen(eq=False)
class _Counted:
    """The groups that occur, their labels, and the counts by row and day, dense where that is small."""

    groups: IntArray
    labels: Labels
    dense: IntArray | None
    sparse: Histogram | None


def _counted(
    grouping: Grouping,
    more: tuple[Axis, ...],
    keep: tuple[Range, ...],
    age: Axis,
    longest: int,
    per: int,
    bare: IntArray,
) -> _Counted:
    """Return the counts of the groups that occur, those of deals left out too."""
    assert age.minus is not None
    days = longest + 1
    rows = grouping.groups * per
    if rows * max(days, 1) <= min(_DENSE, max(1 << 20, 4 * grouping.rows)):
        table, _ = grouping.tabulate((*more, attrs.evolve(age, size=max(days, 1))), keep, short=True)
        present = np.union1d(grouping.present(table), bare)
        dense = taken(table, present).reshape(len(present) * per, table.shape[-1])
        return _Counted(present, grouping.labels(present), dense, None)
    row, cell = packed_cells(grouping.rows, (*grouping.axes, *more), keep=(*grouping.keep, *keep))
    groups = np.union1d(cell // per, bare) if grouping.levels else np.zeros(1, dtype=np.int64)
    took = capped(age.values[row], age.cap).astype(np.int64) - age.minus[row]
    return _Counted(groups, grouping.labels(groups), None, Histogram.of(_moved(groups, cell, per), took))


def _moved(groups: IntArray, cell: IntArray, per: int) -> IntArray:
    """Return cells at the places that their groups have among those that occur."""
    place: IntArray = np.searchsorted(groups, cell // per) * per + cell % per
    return place


@attrs.frozen(eq=False)
class _Places:
    """Where the kept deals of each group stand: histograms of what is rarely asked for, always sorted."""

    grouping: Grouping
    groups: IntArray
    keep: tuple[Range, ...]

    def late(
        self, axes: tuple[Axis, ...], kinds: tuple[Axis, ...], ages: AnyArray, money: MoneyColumn | None = None
    ) -> Histogram:
        """Return the deals that came under observation after their creation, or their amounts, by age."""
        each = int(np.prod([axis.size for axis in kinds], dtype=np.int64))
        return self._of((*axes, *kinds), ages, money, each, Range(ages, 1, None))

    def sums(self, axes: tuple[Axis, ...], age: Axis, money: MoneyColumn, dense: IntArray | None) -> Histogram:
        """Return the sums of amounts by age, through a table where the counts have one."""
        assert age.minus is not None
        if dense is None:
            return self._of(axes, capped(age.values, age.cap) - age.minus, money, 1)
        sized = attrs.evolve(age, size=dense.shape[1])
        _, (total,) = self.grouping.tabulate((*axes, sized), self.keep, [Addend(money.minor, money.largest)])
        table = taken(total, self.groups).reshape(dense.shape)
        _refuse_too_much(table)
        row, day = np.nonzero(table)
        return Histogram(row.astype(np.int64), day.astype(np.int64), table[row, day])

    def _of(
        self, axes: tuple[Axis, ...], days: AnyArray, money: MoneyColumn | None, each: int, *more: Range
    ) -> Histogram:
        keep = (*self.grouping.keep, *self.keep, *more)
        row, cell = packed_cells(self.grouping.rows, (*self.grouping.axes, *axes), keep=keep)
        place = _moved(self.groups, cell, int(np.prod([axis.size for axis in axes], dtype=np.int64))) // each
        if money is None:
            return Histogram.of(place, days[row].astype(np.int64))
        amount = money.minor[row]
        some = np.flatnonzero(amount)
        _refuse_too_much(amount)
        return Histogram.of(place[some], days[row[some]].astype(np.int64), amount[some])


def _refuse_too_much(amounts: IntArray) -> None:
    """Raise where all amounts together could leave int64: so many may be at risk at once."""
    if float(amounts.sum(dtype=np.float64)) >= _MOST:
        raise InvalidDataError(
            "a sum of money must stay within int64 minor units; got more in a curve by amount.",
            code="SM-AMT-09",
            field="amount",
            hint="a smaller scale holds larger totals.",
        )
