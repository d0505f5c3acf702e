"""The visits that deals make to stages: one after the other, each with the day it began."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any, TypeVar

import attrs
import numpy as np

from salesmetrics import _check
from salesmetrics._check import locked
from salesmetrics._kernels import Axis, Range, row_cells, tabulate
from salesmetrics._threads import blocks_in_order, each_of
from salesmetrics.arrays import AnyArray, BoolArray, IntArray
from salesmetrics.books.deals import OPEN, WON, DealBook
from salesmetrics.books.history import DealHistory
from salesmetrics.books.reps import RepBook
from salesmetrics.columns import DayColumn, KeyColumn
from salesmetrics.domain import OUTCOMES, SalesProcess
from salesmetrics.errors import InvalidArgumentError, show
from salesmetrics.grouping import Grouping, Window, group
from salesmetrics.trails import Trails, trails

__all__ = ["POPULATIONS", "Placed", "States", "Visits", "asked", "decided_on", "members", "nobody", "visits"]

_KEPT_CHANGES = 5_000_000
POPULATIONS = ("closed", "all", "created")
_Part = TypeVar("_Part")


@attrs.frozen(eq=False)
class Visits:
    """The way of each deal through the stages, up to a day.

    A visit begins with a change into another state and lasts until the next visit of the same deal. Changes that leave the
    stage as it is begin none, and a stage that is not known is no place.

    Attributes
    ----------
    trails : Trails
        The changes.
    stages : tuple
        The open stages, in order: states 0, 1, ...
    ends : tuple
        The states behind them: the closed stages, won ones first, or the outcomes where the stages do not name them.
    ended : tuple of int
        The outcome of each of the ends.
    starts : numpy.ndarray of int64
        The visits of trail t are ``starts[t]:starts[t + 1]``.
    state, day : numpy.ndarray
        State of each visit and the day it began.
    undated : numpy.ndarray of bool
        True for a deal of which neither a change nor the day of its creation is known: its first entry has no day.
    """

    trails: Trails
    stages: tuple[Any, ...]
    ends: tuple[Any, ...]
    ended: tuple[int, ...]
    starts: IntArray
    state: AnyArray
    day: AnyArray
    undated: BoolArray

    @property
    def states(self) -> int:
        """How many states there are."""
        return len(self.stages) + len(self.ends)

    # --- of each deal ------------------------------------------------------------------------------------------------

    @cached_property
    def outcome(self) -> AnyArray:
        """What each deal has come to, int8."""
        return locked(self.trails.outcome.take(self.trails.starts[1:] - 1))

    @cached_property
    def closed(self) -> AnyArray:
        """Day each deal was closed for the last time, -1 while it is open; a move between two won stages is no new closing."""
        first, outcome = self.trails.starts[:-1], self.trails.outcome
        row = self.trails.starts[1:] - 1
        days = self.trails.day.take(row)
        days[self.outcome == OPEN] = -1
        todo = np.flatnonzero((self.outcome != OPEN) & (row > first))
        row = row.take(todo)
        while len(todo):
            same = np.flatnonzero((outcome.take(row - 1) == outcome.take(row)) & (row > first.take(todo)))
            todo, row = todo.take(same), row.take(same) - 1
            days[todo] = self.trails.day.take(row)
            more = np.flatnonzero(row > first.take(todo))
            todo, row = todo.take(more), row.take(more)
        return locked(days)

    @cached_property
    def created(self) -> AnyArray:
        """Day each deal was created, -1 where it is not known."""
        column = self.trails.deals.columns.get("created")
        days = self.trails.of_book(column.days) if isinstance(column, DayColumn) else self.trails.born
        return locked(np.asarray(days).view())

    @cached_property
    def highest(self) -> AnyArray:
        """The highest open stage each deal has ever held, the number of stages where it is won, -1 for none; int16."""
        rank = self.state.astype(np.int16)
        rank[self.state >= len(self.stages)] = -1
        top = np.full(len(self.outcome), -1, dtype=np.int16)
        there = np.flatnonzero(np.diff(self.starts))
        if len(there):
            top[there] = np.maximum.reduceat(rank, self.starts.take(there))
        top[self.outcome == WON] = len(self.stages)
        return locked(top)

    @cached_property
    def touched(self) -> AnyArray:
        """How many different open stages each deal has held."""
        firsts = self.first & (self.state < len(self.stages))
        return locked(_set_in(firsts, self.starts))

    @cached_property
    def skipped(self) -> BoolArray:
        """True for a deal that never held some stage below its highest."""
        short: BoolArray = self.touched < self.highest + (self.outcome != WON)
        return short

    @cached_property
    def regressed(self) -> BoolArray:
        """True for a deal that moved from an open stage to a lower one."""
        back = np.zeros(len(self.state), dtype=bool)
        if len(back):
            np.logical_and(self.state[1:] < self.state[:-1], self.state[:-1] < len(self.stages), out=back[1:])
            back[self.starts[:-1][np.diff(self.starts) > 0]] = False
        return _set_in(back, self.starts) > 0

    # --- of each visit -----------------------------------------------------------------------------------------------

    @cached_property
    def owner(self) -> AnyArray:
        """Trail of each visit, int32."""
        return locked(np.repeat(np.arange(len(self.starts) - 1, dtype=np.int32), np.diff(self.starts)))

    @cached_property
    def last_of_deal(self) -> BoolArray:
        """True for the visit that a deal made last."""
        last = np.zeros(len(self.state), dtype=bool)
        last[self.starts[1:][np.diff(self.starts) > 0] - 1] = True
        return locked(last)

    @cached_property
    def winding(self) -> IntArray:
        """The visits of the deals that do not go straight up: those that may enter a stage twice."""
        if len(self.state) < 2:
            return np.zeros(0, dtype=np.int64)
        down = (self.state[1:] < self.state[:-1]) & ~self.last_of_deal[:-1]
        deals = np.unique(self.owner[1:][down])
        return members(self.starts, deals)

    @cached_property
    def first(self) -> BoolArray:
        """True for the first visit of a deal to a state."""
        return self._once(backwards=False)

    @cached_property
    def final(self) -> BoolArray:
        """True for the last visit of a deal to a state."""
        return self._once(backwards=True)

    def _once(self, *, backwards: bool) -> BoolArray:
        """Return True for one visit of each deal to each state."""
        once = np.ones(len(self.state), dtype=bool)
        at = self.winding[::-1] if backwards else self.winding
        if len(at):
            packed = self.owner[at].astype(np.int64) * self.states + self.state[at]
            once[at] = False
            once[at[np.unique(packed, return_index=True)[1]]] = True
        return locked(once)

    @cached_property
    def advanced(self) -> IntArray:
        """The next visit of the deal to a higher open stage, -1 where it made none."""
        count, stages = len(self.state), len(self.stages)
        following = np.arange(1, count + 1, dtype=np.int64)
        stop = self.starts[1:].take(self.owner)
        found = np.full(count, -1, dtype=np.int64)
        todo = np.flatnonzero((self.state < stages) & (following < stop))
        at = following.take(todo)
        while len(todo):
            state = self.state.take(at)
            up = (state > self.state.take(todo)) & (state < stages)
            found[todo[up]] = at[up]
            at = at + 1
            more = np.flatnonzero(~up & (at < stop.take(todo)))
            todo, at = todo.take(more), at.take(more)
        return locked(found)


def _set_in(flags: BoolArray, starts: IntArray) -> IntArray:
    """Return how many flags are set in each run."""
    counts = np.zeros(len(starts) - 1, dtype=np.int64)
    there = np.flatnonzero(np.diff(starts))
    if len(there):
        counts[there] = np.add.reduceat(flags.astype(np.int32), starts.take(there))
    return counts


def members(starts: IntArray, runs: IntArray) -> IntArray:
    """Return the places of the members of some runs, in order."""
    size = starts.take(runs + 1) - starts.take(runs)
    before = np.cumsum(size) - size
    places: IntArray = np.arange(int(size.sum()), dtype=np.int64) + np.repeat(starts.take(runs) - before, size)
    return places


# --- from changes ----------------------------------------------------------------------------------------------------


def visits(trail: Trails, undated: BoolArray) -> Visits:
    """Return the visits that changes amount to."""
    known = States.of(trail)
    kind = np.uint8 if known.size < np.iinfo(np.uint8).max else np.int16
    nowhere = np.iinfo(kind).max
    state = np.where(known.table < 0, nowhere, known.table).astype(kind).take(_cells(trail))
    starts, day = trail.starts, trail.day
    keep = np.ones(len(state), dtype=bool)
    np.not_equal(state[1:], state[:-1], out=keep[1:])
    keep[starts[:-1]] = True
    if bool((state == nowhere).any()):
        at = np.flatnonzero(state != nowhere)
        owner, state, day = trail.owner.take(at), state.take(at), day.take(at)
        keep = np.ones(len(at), dtype=bool)
        np.logical_or(state[1:] != state[:-1], owner[1:] != owner[:-1], out=keep[1:])
        starts = np.searchsorted(owner, np.arange(len(trail) + 1))
    if not keep.all():
        at = np.flatnonzero(keep)
        starts, state, day = np.searchsorted(at, starts), state.take(at), day.take(at)
    return Visits(
        trail,
        known.stages,
        known.ends,
        known.ended,
        locked(starts.astype(np.int64)),
        locked(state),
        day,
        undated,
    )


def _undated(trail: Trails, told: DealHistory) -> BoolArray:
    """Return True for the deals without a change of their own and without a creation day."""
    column = trail.deals.columns.get("created")
    lost = trail.of_book(column.days) < 0 if isinstance(column, DayColumn) else np.ones(len(trail), dtype=bool)
    some = np.flatnonzero(lost)
    if not len(some):
        return locked(lost)
    mine, theirs = trail.history.ids, told.ids  # both ascending
    for at, stop in blocks_in_order(0, len(some)):
        asked_for = mine.take(some[at:stop])
        place = np.minimum(np.searchsorted(theirs, asked_for), len(theirs) - 1)
        lost[some[at:stop]] = theirs.take(place) != asked_for if len(theirs) else True
    return locked(lost)


@attrs.frozen(eq=False)
class States:
    """The states that changes can be in, and the one of each outcome and level, the missing level first; -1 is none."""

    stages: tuple[Any, ...]
    ends: tuple[Any, ...]
    ended: tuple[int, ...]
    table: IntArray

    @property
    def size(self) -> int:
        """How many states there are."""
        return len(self.stages) + len(self.ends)

    @classmethod
    def of(cls, trail: Trails) -> States:
        """Return the states of a history: open stages, then closed ones, or the outcomes where no stage stands for them."""
        meaning = trail.meaning.tolist()
        levels = trail.levels
        stages = tuple(level for level, outcome in zip(levels, meaning, strict=True) if outcome == OPEN)
        ends: list[tuple[Any, int]] = []
        for outcome in range(WON, len(OUTCOMES)):
            named = [level for level, what in zip(levels, meaning, strict=True) if what == outcome]
            word = OUTCOMES[outcome]
            if trail.process is None or not named:
                # a stage of that very name that deals are open in keeps its name
                named = [f"({word})" if word in stages else word]
            ends += [(name, outcome) for name in named]
        table = np.full((len(OUTCOMES), len(levels) + 1), -1, dtype=np.int64)
        table[OPEN, 1:] = np.where(trail.meaning == OPEN, np.cumsum(trail.meaning == OPEN) - 1, -1)
        for outcome in range(WON, len(OUTCOMES)):
            table[outcome] = len(stages) + [what for _, what in ends].index(outcome)
            for at, level in enumerate(levels):
                if (level, outcome) in ends:
                    table[outcome, at + 1] = len(stages) + ends.index((level, outcome))
        names, ended = tuple(name for name, _ in ends), tuple(outcome for _, outcome in ends)
        return cls(stages, names, ended, table.reshape(-1))


def _cells(trail: Trails) -> AnyArray:
    """Return the place of the outcome and level of each change in the table of states."""
    width = len(trail.levels) + 1
    kind = np.int16 if len(OUTCOMES) * width < np.iinfo(np.int16).max else np.int32
    cell: AnyArray = np.multiply(trail.outcome, width, dtype=kind)
    cell += trail.stage
    cell += kind(1)
    return cell


# --- what a tally counts ---------------------------------------------------------------------------------------------


@attrs.frozen(eq=False)
class Placed:
    """The changes that were asked for, with the group of each deal and the periods; ``told`` is the history as it was given.

    ``walked`` are the visits that the changes amount to, where they have been made out.
    """

    trails: Trails
    told: DealHistory
    grouping: Grouping
    window: Window
    group: AnyArray | None
    walked: Visits | None = None

    @cached_property
    def visits(self) -> Visits:
        """The visits that the changes amount to, kept beside a history that is not too long for the next question."""
        if self.walked is not None:
            return self.walked
        memory = self.told.tied
        found = memory.get("visits")
        if not isinstance(found, Visits) or found.trails is not self.trails:
            found = visits(self.trails, _undated(self.trails, self.told))
            if len(self.trails.day) <= _KEPT_CHANGES:
                memory["visits"] = found
        return found

    def each_part(self, work: Callable[[Placed], _Part]) -> list[_Part]:
        """Return what the work gives for runs of neighbouring deals, in order; whatever it counts of deals adds up.

        A run has some hundred thousand changes: what is made of its rows stays small, and in the cache.
        """
        bounds = self.trails.stretches()
        if len(bounds) == 1:
            return [work(self)]
        kept = self._kept_visits(len(bounds))
        undated = _undated(self.trails, self.told)
        States.of(self.trails)  # what the levels mean is asked once, for all of them

        def part(at: int) -> _Part:
            first, last = bounds[at]
            walked = kept[at]
            if walked is None:
                walked = visits(self.trails.stretch(first, last), undated[first:last])
                kept[at] = walked if len(self.trails.day) <= _KEPT_CHANGES else None
            group = None if self.group is None else self.group[first:last]
            return work(attrs.evolve(self, trails=walked.trails, group=group, walked=walked))

        return each_of(part, len(bounds), len(self.trails.day))

    def _kept_visits(self, runs: int) -> list[Visits | None]:
        """Return the visits of each run that an earlier question has left, and where to leave them."""
        memory = self.told.tied
        held = memory.get("runs")
        if held is not None and held[0] is self.trails:
            found: list[Visits | None] = held[1]
            return found
        kept: list[Visits | None] = [None] * runs
        tied = memory.get("trails")
        if tied is not None and tied[2] is self.trails:  # those of some deals only are not asked for again
            memory["runs"] = self.trails, kept
        return kept

    @property
    def plain(self) -> bool:
        """True where every deal is read, over all days, as one group, and a pass over the changes reads codes of a byte."""
        codes = len(OUTCOMES) * (len(self.trails.levels) + 1)
        return self.group is None and self.window.periods is None and codes <= np.iinfo(np.uint8).max

    def table(
        self, deals: AnyArray | None, when: AnyArray, more: tuple[Axis, ...], keep: tuple[Range, ...] = ()
    ) -> IntArray:
        """Return counts by group, period and the further axes, of deals or of what belongs to ``deals``, one for each.

        ``when`` is the day that decides on the period; what has none (-1) is left out.
        """
        axes, ranges = self.axes(deals, when)
        shape = (self.grouping.groups, self.window.size, *(axis.size for axis in more))
        return self.tabulated(len(when), (*axes, *more), (*ranges, *keep)).reshape(shape)

    def tabulated(self, rows: int, axes: tuple[Axis, ...], keep: tuple[Range, ...]) -> IntArray:
        """Return counts of rows over axes."""
        self.grouping.check_size(tuple(axis.size for axis in axes))
        return tabulate(rows, axes, keep=keep).count.astype(np.int64, copy=False)

    def axes(self, deals: AnyArray | None, when: AnyArray) -> tuple[tuple[Axis, ...], tuple[Range, ...]]:
        """Return the axes of group and period, and the rows that belong to both."""
        axes, ranges = self.window.axis(when)
        if self.window.periods is None and len(when) and int(when.min()) < 0:
            ranges = (Range(when, 0, None),)
        if self.group is None:
            return axes, ranges
        group = self.group if deals is None else self.group.take(deals)
        return (Axis(group, self.grouping.groups, edge="drop"), *axes), ranges


def asked(
    deals: DealBook,
    history: DealHistory,
    by: object,
    where: object,
    reps: RepBook | None,
    as_of: object,
    names: tuple[str, ...],
    window: Window,
) -> Placed:
    """Return the visits of deals with their groups; ``names`` are the labels that the answer adds to those of ``by``."""
    day = deals.as_of_day if as_of is None else _check.day(as_of, "as_of")
    tied = trails(deals, history, as_of=None if day is None else _check.date_of(day))
    for name in (by,) if isinstance(by, str) else tuple(by) if isinstance(by, (tuple, list)) else ():
        if name in names:
            raise InvalidArgumentError(
                f"`by` must not name {show(name)}, which is a label of the answer already; got {show(by)}.",
                code="SM-MOV-03",
                field="by",
                values=[by],
            )
    mask = deals.mask(where)
    grouping = group(tied.book, by, None if mask is None else tied.of_book(mask), reps, as_of=day)
    codes: AnyArray | None = None
    if grouping.axes or grouping.keep:
        codes = row_cells(grouping.rows, grouping.axes, keep=grouping.keep)
    return Placed(tied, history, grouping, window, codes)


def decided_on(visited: Visits, population: str, window: Window) -> AnyArray:
    """Return the day that puts each deal into a period, -1 for a deal that is not of the population.

    ``"closed"`` is the day a deal was closed, ``"created"`` that of its creation, and ``"all"`` the day it was closed, an open
    deal belonging to the one period there is.
    """
    _check.one_of(population, POPULATIONS, "population")
    if population == "created":
        return visited.created
    if population == "closed":
        return visited.closed
    if window.size > 1:
        raise InvalidArgumentError(
            f"`population` must be 'closed' or 'created' with several periods; got {show(population)}.",
            code="SM-MOV-04",
            field="population",
            values=[population],
            hint="an open deal was closed in none of them, but created in one.",
        )
    first = window.periods[0].start_day if window.periods else 0
    return np.where(visited.outcome == OPEN, np.int32(first), visited.closed)


def nobody(process: SalesProcess, by: object) -> tuple[DealBook, DealHistory]:
    """Return a book of no deals, and its history in the stages of a process."""
    names = (by,) if isinstance(by, str) else tuple(by) if isinstance(by, (tuple, list)) else ()
    deals = DealBook.empty(names)
    deals = attrs.evolve(deals, columns={"id": KeyColumn(np.zeros(0, dtype=np.int64)), **deals.columns})
    return deals, DealHistory.empty(process=process)
