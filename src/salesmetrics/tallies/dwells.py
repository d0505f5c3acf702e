"""Days in stages: a count per whole day from the entry to what ended the wait."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, Self

import attrs
import numpy as np

from salesmetrics import _check
from salesmetrics._histograms import Histogram, summed
from salesmetrics._kernels import Axis, packed_cells
from salesmetrics.arrays import AnyArray, IntArray
from salesmetrics.books.deals import OPEN, WON, DealBook
from salesmetrics.books.history import DealHistory
from salesmetrics.books.reps import RepBook
from salesmetrics.domain import SalesProcess
from salesmetrics.errors import InvalidArgumentError, show
from salesmetrics.grouping import window_of
from salesmetrics.labels import Labels
from salesmetrics.passing import gaps_between
from salesmetrics.tally import Tally, added, owned
from salesmetrics.visits import Placed, States, Visits, asked, decided_on, nobody

__all__ = ["DwellTally"]

KINDS: dict[str, tuple[str, ...]] = {
    "exit": ("left",),
    "exit_or_now": ("left", "still there"),
    "advance": ("advanced", "ended", "still there"),
    "now": ("still there", "unknown"),
}
REENTRIES = ("sum", "first", "last")
_BLOCK_CELLS = 1 << 18
_DENSE = 1 << 22


@attrs.frozen(eq=False)
class _Waits:
    """Waits: whose, in which stage, for how many days, what ended them, and the day that decides on the period."""

    owner: AnyArray
    state: AnyArray
    days: AnyArray
    kind: AnyArray
    when: AnyArray


@attrs.frozen(eq=False, repr=False)
class DwellTally(Tally):
    """How many deals waited how many whole days in each stage, by group, period and what ended the wait.

    ``until`` says what is waited for. ``"exit"``: deals of a ``population`` and the days of their visits that are over.
    ``"exit_or_now"``: deals that entered the stage in the period, until they left, or to the day of the snapshot.
    ``"advance"``: the same deals, until they moved to a higher stage or were won, until they were closed otherwise, or to the
    day. ``"now"``: the deals open on the day, since they entered the stage they are in. Held as sorted (row, day, count); a row
    is a group, a period, a stage and a kind of end.
    """

    what: ClassVar[str] = "days in stages"
    causes: ClassVar[tuple[str, ...]] = ("no creation day", "entry not known")

    by: tuple[str, ...]
    stages: tuple[Any, ...]
    until: str
    population: str | None
    reentry: str
    as_of_day: int | None
    waits: Histogram = owned()
    left_out: IntArray = added(total=True)

    @classmethod
    def from_book(
        cls,
        deals: DealBook,
        history: DealHistory,
        *,
        by: str | tuple[str, ...] | list[str] | None = None,
        period: object = None,
        where: object = None,
        reps: RepBook | None = None,
        as_of: object = None,
        until: str = "exit",
        population: str | None = None,
        reentry: str | None = None,
    ) -> Self:
        """Return the tally of deals and their history."""
        _check.one_of(until, tuple(KINDS), "until")
        if until == "exit":
            population = population or "closed"
        elif population is not None:
            raise InvalidArgumentError(
                f"`population` must not be given with until {show(until)}; got {show(population)}.",
                code="SM-MOV-06",
                field="population",
                values=[population],
                hint="the period picks the entries.",
            )
        usual, known = ("sum", REENTRIES) if until.startswith("exit") else ("first", REENTRIES[1:])
        reentry = _check.one_of(reentry or ("last" if until == "now" else usual), known, "reentry")
        window = window_of(period)
        place = asked(deals, history, by, where, reps, as_of, ("stage", "age"), window)
        if until != "exit" and place.trails.as_of is None:
            raise InvalidArgumentError(
                "`as_of` must be given for deals that are still in a stage; got None, and the book has no day of its own.",
                code="SM-DAY-03",
                field="as_of",
                hint="as_of='2026-10-31' in the call, or once in read_deals(..., as_of='2026-10-31').",
            )
        swift = gaps_between(place, population) if until == "exit" and population is not None else None
        if swift is None:
            labels, waits = _counted(place, until, population, reentry)
        else:
            labels, waits = _joined(swift[0], _counted(swift[1], until, population, reentry))
        return cls(
            labels=labels,
            window=window,
            by=(by,) if isinstance(by, str) else tuple(by or ()),
            stages=States.of(place.trails).stages,
            until=until,
            population=population,
            reentry=reentry,
            as_of_day=place.trails.as_of,
            waits=waits,
            left_out=_left_out(place, until, population),
        )

    @classmethod
    def empty(
        cls,
        *,
        process: SalesProcess,
        by: str | tuple[str, ...] | list[str] | None = None,
        period: object = None,
        as_of: object = None,
        until: str = "exit",
        population: str | None = None,
        reentry: str | None = None,
    ) -> Self:
        """Return the tally of no deals in the stages of a process: what every other is added to without change."""
        deals, history = nobody(process, by)
        return cls.from_book(
            deals, history, by=by, period=period, as_of=as_of, until=until, population=population, reentry=reentry
        )

    @property
    def kinds(self) -> tuple[str, ...]:
        """What can end a wait."""
        return KINDS[self.until]

    @property
    def rows(self) -> int:
        """How many groups, periods and stages there are."""
        return len(self.labels) * self.window.size * len(self.stages)

    def blocks(self) -> Iterator[tuple[slice, IntArray]]:
        """Yield runs of rows with their counts of shape (rows, kinds, days), few enough to stay in the cache."""
        kinds = len(self.kinds)
        days = int(self.waits.value.max()) + 1 if len(self.waits.value) else 1
        step = max(_BLOCK_CELLS // (kinds * days), 1)
        for start in range(0, self.rows, step):
            stop = min(start + step, self.rows)
            first, last = np.searchsorted(self.waits.row, [start * kinds, stop * kinds])
            table = np.zeros(((stop - start) * kinds, days), dtype=np.int64)
            table[self.waits.row[first:last] - start * kinds, self.waits.value[first:last]] = self.waits.count[
                first:last
            ]
            yield slice(start, stop), table.reshape(stop - start, kinds, days)

    def _merged(self, other: Self, labels: Labels, mine: AnyArray, yours: AnyArray) -> dict[str, Any]:
        """Return the counts of both."""
        per = self.window.size * len(self.stages) * len(self.kinds)
        left, right = ((at[:, None] * per + np.arange(per)).reshape(-1) for at in (mine, yours))
        return {"waits": self.waits.merged(other.waits, left, right)}

    def _same(self, other: Self) -> bool:
        """Return True where both hold the same counts."""
        return self.waits.equals(other.waits)


# --- which waits -----------------------------------------------------------------------------------------------------


def _found(place: Placed, until: str, population: str | None, reentry: str) -> _Waits:
    """Return the waits of what is asked for."""
    walked = place.visits
    if until == "now":
        return _standing(walked, reentry)
    if until == "advance":
        return _advances(walked, reentry)
    stays = _stays(walked, reentry, over_only=until == "exit")
    if until == "exit":
        assert population is not None
        return attrs.evolve(stays, when=decided_on(walked, population, place.window).take(stays.owner))
    return stays


def _today(walked: Visits) -> np.int32:
    """Return the day of the snapshot."""
    assert walked.trails.as_of is not None
    return np.int32(walked.trails.as_of)


def _dated(walked: Visits, at: IntArray) -> IntArray:
    """Return the visits of deals whose first entry has a day."""
    return at[~walked.undated.take(walked.owner.take(at))] if bool(walked.undated.any()) else at


def _stays(walked: Visits, reentry: str, *, over_only: bool) -> _Waits:
    """Return the days of each deal in each open stage: over all its visits, its first or its last.

    A visit that is not over has no end; ``over_only`` leaves it out, else it lasts up to the day of the snapshot.
    """
    use = walked.state < len(walked.stages)
    if over_only:
        use = use & ~walked.last_of_deal
    if not len(walked.winding):
        return _each(walked, _dated(walked, np.flatnonzero(use)))
    again = np.zeros(len(use), dtype=bool)
    again[walked.winding] = True
    once = _each(walked, _dated(walked, np.flatnonzero(use & ~again)))
    several = _together(walked, _each(walked, _dated(walked, np.flatnonzero(use & again))), reentry)
    pairs = [(getattr(once, field.name), getattr(several, field.name)) for field in attrs.fields(_Waits)]
    return _Waits(*(np.concatenate(pair) for pair in pairs))


def _each(walked: Visits, at: IntArray) -> _Waits:
    """Return the days of each of these visits."""
    begun = walked.day.take(at)
    lasting = walked.last_of_deal.take(at)
    end = walked.day.take(np.minimum(at + 1, max(len(walked.day) - 1, 0)))
    if bool(lasting.any()):
        end = np.where(lasting, _today(walked), end)
    return _Waits(walked.owner.take(at), walked.state.take(at), end - begun, lasting.astype(np.int8), begun)


def _together(walked: Visits, each: _Waits, reentry: str) -> _Waits:
    """Return one wait for each deal and stage: all its visits added up, the first or the last."""
    if not len(each.owner):
        return each
    pair = each.owner.astype(np.int64) * len(walked.stages) + each.state
    order = np.argsort(pair, kind="stable")
    pair = pair.take(order)
    first = np.flatnonzero(np.append(True, pair[1:] != pair[:-1]))
    chosen = order.take(np.append(first[1:], len(pair)) - 1 if reentry == "last" else first)
    days, kind = each.days.take(chosen), each.kind.take(chosen)
    if reentry == "sum":
        days = np.add.reduceat(each.days.take(order), first)
        kind = np.maximum.reduceat(each.kind.take(order), first)
    return _Waits(each.owner.take(chosen), each.state.take(chosen), days, kind, each.when.take(chosen))


def _advances(walked: Visits, reentry: str) -> _Waits:
    """Return the days of each deal from its entry to a stage until it advanced, was closed otherwise, or to the day."""
    chosen = walked.first if reentry == "first" else walked.final
    at = _dated(walked, np.flatnonzero(chosen & (walked.state < len(walked.stages))))
    owner, begun = walked.owner.take(at), walked.day.take(at)
    up = walked.advanced.take(at)
    outcome = walked.outcome.take(owner)
    kind = np.full(len(at), 1, dtype=np.int8)
    kind[outcome == OPEN] = 2
    kind[(outcome == WON) | (up >= 0)] = 0
    end = np.where(outcome == OPEN, _today(walked), walked.closed.take(owner))
    went = np.flatnonzero(up >= 0)
    end[went] = walked.day.take(up.take(went))
    return _Waits(owner, walked.state.take(at), end - begun, kind, begun)


def _standing(walked: Visits, reentry: str) -> _Waits:
    """Return the days that each open deal has been in its stage."""
    at = np.flatnonzero(walked.last_of_deal & (walked.state < len(walked.stages)))
    at = at[walked.outcome.take(walked.owner.take(at)) == OPEN]
    owner, state = walked.owner.take(at), walked.state.take(at)
    begun = walked.day.take(at)
    if reentry == "first" and len(walked.winding):
        pair = walked.owner.astype(np.int64) * walked.states + walked.state
        firsts = np.flatnonzero(walked.first)
        known = pair.take(firsts)
        order = np.argsort(known, kind="stable")
        place = order.take(np.searchsorted(known, owner.astype(np.int64) * walked.states + state, sorter=order))
        begun = walked.day.take(firsts.take(place))
    unknown = walked.undated.take(owner)
    days = np.where(unknown, np.int32(0), _today(walked) - begun)
    return _Waits(owner, state, days, unknown.astype(np.int8), np.zeros(len(at), dtype=np.int32))


def _left_out(place: Placed, until: str, population: str | None) -> IntArray:
    """Return how many deals have no creation day, where a cohort is read, and how many entered their stage on no known day."""
    if until == "now" or (until == "exit" and population != "created"):
        return np.zeros(2, dtype=np.int64)
    return summed(place.each_part(lambda part: _lost(part, until, population)))


def _lost(place: Placed, until: str, population: str | None) -> IntArray:
    """Return the same of some of the deals."""
    counts = np.zeros(2, dtype=np.int64)
    walked = place.visits
    always = attrs.evolve(place, window=window_of(None))
    for at, lost in enumerate((walked.created < 0, walked.undated & (walked.outcome == OPEN))):
        if (population == "created", until in ("exit_or_now", "advance"))[at] and bool(lost.any()):
            counts[at] = always.table(None, lost.astype(np.int32) - 1, ()).sum()
    return counts


# --- counted ---------------------------------------------------------------------------------------------------------


def _counted(place: Placed, until: str, population: str | None, reentry: str) -> tuple[Labels, Histogram]:
    """Return the groups that occur, and how often each number of days does in each row."""
    stages, kinds = len(States.of(place.trails).stages), len(KINDS[until])
    found = place.each_part(lambda part: _histogram(part, _found(part, until, population, reentry), stages, kinds))
    waits = Histogram.together(found)
    per = place.window.size * stages * kinds
    if not place.grouping.levels:
        return place.grouping.labels(np.zeros(1, dtype=np.int64)), waits
    group = waits.row // max(per, 1)
    present = np.unique(group)
    moved = np.searchsorted(present, group) * per + waits.row - group * per
    return place.grouping.labels(present), attrs.evolve(waits, row=moved)


def _histogram(place: Placed, found: _Waits, stages: int, kinds: int) -> Histogram:
    """Return how often each number of days occurs in each row of the deals of a part; every group there could be has rows."""
    plain = place.group is None
    axes, keep = place.axes(None if plain else found.owner, found.when)
    more = (*axes, Axis(found.state, stages), *((Axis(found.kind, kinds),) if kinds > 1 else ()))
    longest = int(found.days.max(initial=0)) + 1
    per = place.window.size * stages * kinds
    if place.grouping.groups * per * longest <= min(_DENSE, max(1 << 16, 4 * len(found.days))):
        table = place.tabulated(len(found.days), (*more, Axis(found.days, longest)), keep).reshape(-1, longest)
        row, day = np.nonzero(table)
        return Histogram(row.astype(np.int64), day.astype(np.int64), table[row, day])
    where, cell = packed_cells(len(found.days), more, keep=keep)
    return Histogram.of(cell, found.days.take(where).astype(np.int64))


def _joined(straight: IntArray, others: tuple[Labels, Histogram]) -> tuple[Labels, Histogram]:
    """Return the days of the deals that went straight and those of the others, in one histogram."""
    row, day = np.nonzero(straight)
    labels, waits = others
    stages = np.arange(len(straight))
    mine = Histogram(row.astype(np.int64), day.astype(np.int64), straight[row, day].astype(np.int64))
    return labels, mine.merged(waits, stages, stages)
