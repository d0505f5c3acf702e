"""The trail of each deal through its history: what changed when, tied to the deal book it belongs to."""

from __future__ import annotations

from functools import cached_property
from itertools import pairwise
from typing import Any

import attrs
import numpy as np

from salesmetrics import _check
from salesmetrics._check import locked
from salesmetrics._threads import BLOCK, blocks_in_order
from salesmetrics.arrays import AnyArray, BoolArray, CodeArray, IntArray
from salesmetrics.books.deals import OPEN, WON, DealBook
from salesmetrics.books.history import DealHistory
from salesmetrics.books.matching import alone, matched, stage_levels
from salesmetrics.books.placing import all_in_order
from salesmetrics.columns import DayColumn, LabelColumn, MoneyColumn
from salesmetrics.domain import OUTCOMES, SalesProcess
from salesmetrics.errors import InvalidArgumentError

__all__ = ["Trails", "trails", "untied"]


_RUN = BLOCK


@attrs.frozen(eq=False)
class Trails:
    """A history tied to a deal book: every deal known by then has a trail of at least one change, in order of time.

    Attributes
    ----------
    deals : DealBook
        The deal book: labels, amounts, days.
    history : DealHistory
        The history with what was missing added from the deal book; rows sorted by deal, then by time.
    starts : numpy.ndarray of int64
        The changes of trail t are the rows ``starts[t]:starts[t + 1]``; one more than there are trails.
    row : numpy.ndarray of int64
        Row of the deal book for each trail. Every row occurs, but those of deals that did not exist yet by ``as_of``. Made
        without one, trail t belongs to row t.
    as_of : int or None
        The last day whose changes are known.
    notes : tuple of str
        What was added to the history.
    meant : numpy.ndarray of int64 or None
        What the levels mean, where more changes than these have told it.
    """

    deals: DealBook
    history: DealHistory
    starts: IntArray
    _row: IntArray | None
    as_of: int | None
    notes: tuple[str, ...] = ()
    meant: IntArray | None = None

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def row(self) -> IntArray:
        """Row of the deal book for each trail."""
        return np.arange(len(self), dtype=np.int64) if self._row is None else self._row

    @property
    def process(self) -> SalesProcess | None:
        """The stages, in order."""
        return self.history.process or self.deals.process

    # --- changes -----------------------------------------------------------------------------------------------------

    @property
    def day(self) -> AnyArray:
        """Day of each change, int32."""
        column: DayColumn = self.history.column("date", "a history")
        return column.days

    @property
    def outcome(self) -> CodeArray:
        """What the deal has come to after each change: 0 open, 1 won, 2 lost, 3 no decision, int8."""
        column: LabelColumn = self.history.column("outcome", "a history")
        return column.codes

    @property
    def stage(self) -> CodeArray:
        """Stage after each change, a place in ``levels``; -1 where it is not known."""
        column: LabelColumn = self.history.column("stage", "stages")
        return column.codes

    @property
    def levels(self) -> tuple[Any, ...]:
        """The stages, in order; raises where no order is stated."""
        return stage_levels(self.history)

    @cached_property
    def meaning(self) -> IntArray:
        """What a deal in each of the levels has come to: 0 open, 1 won, 2 lost, 3 no decision.

        Without a process it is what most changes of that stage say, and -1 for a level that no change is in: nobody knows
        whether it is an open stage, so it is none.
        """
        if self.meant is not None:
            return self.meant
        ends = np.full(len(self.levels), OPEN, dtype=np.int64)
        process = self.process
        if process is not None:
            known = {name: place for place, name in enumerate(("open", "won", "lost", "no_decision"))}
            ends[:] = [known[process.outcome(level)] if level in process.names else OPEN for level in self.levels]
        else:
            often = np.zeros((len(self.levels), len(OUTCOMES)), dtype=np.int64)
            for at, stop in blocks_in_order(0, len(self.stage)):
                stage, outcome = self.stage[at:stop], self.outcome[at:stop]
                cell = stage.astype(np.int64) * len(OUTCOMES) + outcome
                often += np.bincount(cell[stage >= 0], minlength=often.size).reshape(often.shape)
            ends[:] = np.where(often.any(axis=1), often.argmax(axis=1), -1)
        return locked(ends)

    @cached_property
    def rank(self) -> IntArray:
        """How far a stage is along the process: open stages 0, 1, ..., won stages one above them, -1 for lost ones."""
        ends = self.meaning
        place = np.cumsum(ends == OPEN) - 1
        above = int((ends == OPEN).sum())
        return locked(np.where(ends == OPEN, place, np.where(ends == WON, above, -1)))

    @property
    def expected(self) -> AnyArray:
        """Day on which the deal was expected to close after each change, int32, -1 where there was none."""
        column: DayColumn = self.history.column("expected_close", "expected closing days as they were")
        return column.days

    @property
    def minor(self) -> IntArray:
        """Amount after each change in minor units, 0 where it was not known."""
        column: MoneyColumn = self.history.column("amount", "amounts as they were")
        return column.minor

    @property
    def known(self) -> BoolArray | None:
        """Whether there was an amount after each change, None where there always was."""
        column: MoneyColumn = self.history.column("amount", "amounts as they were")
        return column.known

    @property
    def rep(self) -> LabelColumn | None:
        """Owner after each change, None where owners were not tracked."""
        column = self.history.columns.get("rep")
        return column if isinstance(column, LabelColumn) else None

    # --- deals -------------------------------------------------------------------------------------------------------

    @property
    def born(self) -> AnyArray:
        """Day of the first change of each trail: the deal's creation."""
        return self.history.born

    @property
    def ended(self) -> AnyArray:
        """Day of the last change of each trail."""
        return self.history.ended

    def last_by(self, day: int | AnyArray, among: IntArray | None = None) -> IntArray:
        """Return the change of each trail that is in force at the end of a day, -1 where the deal did not exist yet.

        ``among`` are the trails that are asked about, None for all; ``day`` may be a day for each of them.
        """
        return self.history.last_by(day, among)

    def of_book(self, values: AnyArray) -> AnyArray:
        """Return a column of the deal book, or any array with its rows, trail by trail."""
        return values if self.in_place else values.take(self.row)

    def rows_of(self, places: IntArray) -> IntArray:
        """Return the rows of the deal book that some trails belong to."""
        return places if self.in_place else self.row.take(places)

    @cached_property
    def in_place(self) -> bool:
        """True where trail t belongs to row t of the deal book, for all of them."""
        return self._row is None or (len(self) == self.deals.rows and all_in_order(self._row))

    @cached_property
    def book(self) -> DealBook:
        """The deals of the book that have a trail, in the order of the trails: what ``by`` and ``where`` go through."""
        return self.deals if self.in_place else self.deals.take(self.row)

    def stretches(self, least: int = 0) -> list[tuple[int, int]]:
        """Return the bounds of runs of neighbouring trails, of some hundred thousand changes each, or ``least`` if more."""
        edges = np.searchsorted(self.starts, np.arange(0, int(self.starts[-1]), max(least, _RUN)))
        bounds = np.unique(np.append(edges, len(self))).tolist()
        return list(pairwise(bounds)) or [(0, len(self))]

    def stretch(self, first: int, last: int) -> Trails:
        """Return neighbouring trails by themselves: what they share with the others is neither copied nor read again."""
        if first == 0 and last == len(self):
            return self
        history = self.history.stretch(first, last)
        row = None if self.in_place else self.row[first:last]
        deals, created = self.deals, self.deals.columns.get("created")
        if self.in_place:
            own = {"created": DayColumn(created.days[first:last])} if isinstance(created, DayColumn) else {}
            deals = attrs.evolve(deals, columns=own, rows=last - first)
        stage = history.columns.get("stage")
        meant = self.meaning if isinstance(stage, LabelColumn) and stage.ordered and self.process is None else None
        return attrs.evolve(self, deals=deals, history=history, starts=history.starts, row=row, meant=meant)

    @cached_property
    def owner(self) -> AnyArray:
        """Trail of each change, int32."""
        return locked(np.repeat(np.arange(len(self), dtype=np.int32), np.diff(self.starts)))


def trails(deals: DealBook, history: DealHistory, *, as_of: object = None) -> Trails:
    """Return a history tied to the deal book it belongs to.

    Changes after ``as_of`` (or after the day of the book) are cut away, and deals that did not exist by then with them.

    Raises
    ------
    InvalidDataError
        If the history holds deals that the book does not, or changes dated before the creation or after the close of a deal.
    """
    day = _check.optional_day(as_of, "as_of")
    if not isinstance(history, DealHistory):
        raise InvalidArgumentError(
            f"`history` must be a DealHistory; got {type(history).__name__}.",
            code="SM-HIS-01",
            field="history",
            hint="sm.read_history(source) makes one.",
        )
    held = history.tied.get("trails")
    if held is not None and held[0] is deals and held[1] == day:
        known: Trails = held[2]
        return known
    done = matched(deals, history, day)
    last = deals.as_of_day if day is None else day
    tied = Trails(deals, done.history, done.history.starts, done.places, last, done.notes)
    history.tied["trails"] = (deals, day, tied)
    return tied


def untied(history: DealHistory) -> Trails:
    """Return the trails of a history alone: of its deals nothing is known but their changes.

    Nothing is cut away, and no rows are added: who asks about a day looks for the change in force on it.
    """
    told = alone(history)
    nothing = DealBook(columns={}, rows=len(told.starts) - 1, currency=told.currency, scale=told.scale)
    return Trails(nothing, told, told.starts, None, told.as_of_day)
