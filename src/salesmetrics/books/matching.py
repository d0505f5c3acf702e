"""A history beside the deal book it belongs to: which deal is which, what contradicts, and what is missing added."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

import attrs
import numpy as np

from salesmetrics._check import date_of, locked
from salesmetrics._threads import blocks_in_order
from salesmetrics.arrays import AnyArray, IntArray
from salesmetrics.books.completing import completed
from salesmetrics.books.deals import OPEN, DealBook
from salesmetrics.books.history import DealHistory
from salesmetrics.books.placing import all_in_order, places, rows_at, spread, taken
from salesmetrics.columns import DayColumn, KeyColumn, LabelColumn, smallest_codes
from salesmetrics.domain import OUTCOMES, SalesProcess
from salesmetrics.errors import InvalidDataError, MissingColumnError, nearest, show

__all__ = ["Matched", "alone", "matched", "stage_levels", "staged_outcomes", "with_outcome"]


@attrs.frozen(eq=False)
class Matched:
    """A history in which every deal of the book has a row, and the row of the book for each deal of the history.

    ``places`` are those rows, None where the rows of the book are the deals of the history, one by one.
    """

    history: DealHistory
    places: IntArray | None
    notes: tuple[str, ...]

    @property
    def row(self) -> IntArray:
        """The row of the book for each deal of the history."""
        return np.arange(len(self.history.starts) - 1, dtype=np.int64) if self.places is None else self.places

    @property
    def in_place(self) -> bool:
        """True where the rows of the book are the deals of the history, one by one."""
        return self.places is None

    @cached_property
    def trail(self) -> IntArray:
        """The deal of the history for each row of the book; -1 where it has none."""
        row = self.row
        out = np.full(int(row.max(initial=-1)) + 1, -1, dtype=np.int64)
        out[row] = np.arange(len(row))
        return out

    @cached_property
    def born(self) -> AnyArray:
        """Day of the first change for each row of the book; a day that never comes where it has none."""
        if self.in_place:
            return self.history.born
        out = np.full(len(self.trail), np.iinfo(np.int32).max, dtype=np.int32)
        out[self.row] = self.history.born
        return locked(out)


def matched(deals: DealBook, history: DealHistory, day: int | None = None) -> Matched:
    """Return the history up to the day of the book, and up to ``day``, with what is missing added from the book.

    A deal without a row has been created in the state it is in: it gets a row on the day of its creation and, where it is
    decided, one on the day it was closed, with an unknown stage before. A deal whose first row comes after its creation gets
    a row on that day in an unknown state. Where neither the history nor its stages say what deals came to, the closing
    days of the book do. What has been worked out is kept with the history, for one deal book at a time: it reads every
    row, and a report asks many times.
    """
    held = history.tied.get("matched")
    if held is None or held[0] is not deals:
        held = history.tied["matched"] = (deals, _matched(deals, history))
    whole: Matched = held[1]
    if day is None or day >= int(whole.history.ended.max(initial=-1)):
        return whole
    kept = np.flatnonzero(whole.history.born <= day)
    return Matched(whole.history.until(day), locked(whole.row.take(kept)), whole.notes)


def _matched(deals: DealBook, history: DealHistory) -> Matched:
    """Return the history tied to the deal book, up to its day."""
    _refuse_other_money(deals, history)
    if deals.as_of_day is not None:
        history = history.until(deals.as_of_day)
    history = _in_process(history, history.process or deals.process)
    row = _rows_of(deals, history)
    notes: list[str] = []
    told = with_outcome(deals, history)
    if told is None:
        history = _closed_by_the_book(deals, history, row)
    else:
        history = told
        _refuse_after_close(deals, history, row)
    _refuse_before_creation(deals, history, row)
    history, row = completed(deals, history, row, notes, closings=told is None)
    return Matched(history, None if row is None else locked(row), tuple(notes))


# --- which deal is which ---------------------------------------------------------------------------------------------


def _rows_of(deals: DealBook, history: DealHistory) -> IntArray | None:
    """Return the row of the book for each deal of the history, each of which must be in the book; None where they are alike."""
    ids: KeyColumn = deals.column("id", "a history")
    if _one_by_one(ids, history):
        return None
    row = places(ids, history.ids)
    strange = np.flatnonzero(row < 0)
    if len(strange):
        keys = list(history.ids[strange])
        raise InvalidDataError(
            f"`deal` must be a deal of the book in every row of the history; got {len(strange):,} deals that are not, "
            f"first {show(keys[0])}.",
            code="SM-STG-06",
            field="deal",
            rows=history.starts[strange],
            row=int(history.starts[strange[0]]),
            keys=keys,
            values=keys,
            hint="read_history(..., deals=deals, on_error='drop') leaves their rows out.",
        )
    return None if len(row) == deals.rows and all_in_order(row) else row


def _one_by_one(ids: KeyColumn, history: DealHistory) -> bool:
    """Return True where the rows of a book are the deals of the history, compared block by block."""
    keys: KeyColumn = history.column("deal", "a history")
    mine, theirs, starts = ids.values, keys.values, history.starts
    if len(mine) != len(starts) - 1 or (mine.dtype.kind == "O") != (theirs.dtype.kind == "O"):
        return False
    return all(bool((mine[at:end] == theirs.take(starts[at:end])).all()) for at, end in blocks_in_order(0, len(mine)))


# --- outcomes --------------------------------------------------------------------------------------------------------


def with_outcome(
    deals: DealBook | None, history: DealHistory, words: Mapping[object, str] | None = None
) -> DealHistory | None:
    """Return the history with its outcomes: its own, or those its stages mean; None where its stages do not tell.

    What a stage means is said by ``words``, else by the sales process, else by the deals that are in it.
    """
    if "outcome" in history.columns:
        return history
    stage = history.columns.get("stage")
    process = history.process or (None if deals is None else deals.process)
    if not isinstance(stage, LabelColumn):
        return None
    meanings = words
    if words is None and process is not None:
        meanings = {name: process.outcome(name) for name in process.names}
    elif words is None:
        meanings = None if deals is None else staged_outcomes(deals)
    if meanings is None:
        return None
    column = _meant(stage, meanings)
    return attrs.evolve(history, columns={**history.columns, "outcome": column}, process=process)


def alone(history: DealHistory) -> DealHistory:
    """Return a history that is asked without a deal book, with its outcomes; what its stages mean is kept with it."""
    if "outcome" in history.columns:
        return history
    held: DealHistory | None = history.tied.get("alone")
    if held is None:
        told = with_outcome(None, history)
        if told is None:
            raise MissingColumnError(
                f"`outcome` must be a column of the history; got {', '.join(history.names)}.",
                code="SM-HIS-02",
                field="outcome",
                hint="give the deal book: history.as_of(day, deals); or read_history(..., process=process).",
            )
        held = history.tied["alone"] = told
    return held


def _in_process(history: DealHistory, process: SalesProcess | None) -> DealHistory:
    """Return the history with its stages in the order of the process, which must know them all."""
    stage = history.columns.get("stage")
    if process is None or not isinstance(stage, LabelColumn) or stage.levels == process.names:
        return history
    _refuse_unknown_stages(history, stage, process.names)
    place = {name: at for at, name in enumerate(process.names)}
    table = np.array([*(place.get(level, -1) for level in stage.levels), -1], dtype=np.int64)
    column = LabelColumn(smallest_codes(table.take(stage.codes, mode="wrap"), len(place)), process.names, ordered=True)
    return attrs.evolve(history, columns={**history.columns, "stage": column}, process=process)


def _meant(stage: LabelColumn, meanings: Mapping[object, str]) -> LabelColumn:
    """Return what stages mean; one that is not known is open."""
    table = [OUTCOMES.index(meanings.get(level, "open")) for level in stage.levels]
    codes = np.array([*table, OPEN], dtype=np.int8).take(stage.codes, mode="wrap")
    return LabelColumn(codes, OUTCOMES, ordered=True)


def staged_outcomes(deals: DealBook) -> dict[object, str] | None:
    """Return what each stage of a book means, None where deals of one stage have come to different ends."""
    stage, outcome = deals.columns.get("stage"), deals.columns.get("outcome")
    if not isinstance(stage, LabelColumn) or not isinstance(outcome, LabelColumn):
        return None
    cell = stage.codes.astype(np.int64) * len(OUTCOMES) + outcome.codes
    used = np.flatnonzero(np.bincount(cell[(stage.codes >= 0) & (outcome.codes >= 0)], minlength=1))
    at, what = np.divmod(used, len(OUTCOMES))
    if len(np.unique(at)) < len(at) or not (what > OPEN).any():
        return None
    return {stage.levels[a]: OUTCOMES[w] for a, w in zip(at.tolist(), what.tolist(), strict=True)}


def _refuse_unknown_stages(history: DealHistory, stage: LabelColumn, names: tuple[object, ...]) -> None:
    """Raise where a row has a stage that the process does not know."""
    strange = [at for at, level in enumerate(stage.levels) if level not in names]
    rows = np.flatnonzero(np.isin(stage.codes, strange)) if strange else np.zeros(0, dtype=np.int64)
    if not len(rows):
        return
    value = stage.levels[int(stage.codes[rows[0]])]
    keys: KeyColumn = history.column("deal", "a history")
    raise InvalidDataError(
        f"`stage` must be a stage of the process in every row; got {show(value)} in deal {show(keys.values[rows[0]])}, "
        f"{len(rows):,} rows in all.",
        code="SM-STG-01",
        field="stage",
        row=int(rows[0]),
        rows=rows,
        values=[value],
        hint=nearest(value, names),
    )


def _closed_by_the_book(deals: DealBook, history: DealHistory, row: IntArray | None) -> DealHistory:
    """Return the history with the outcomes that the closing days of the book give its rows."""
    codes = np.zeros(history.rows, dtype=np.int8)
    outcome, closed = deals.columns.get("outcome"), deals.columns.get("closed")
    if isinstance(outcome, LabelColumn) and isinstance(closed, DayColumn):
        decided = (taken(outcome.codes, row) > OPEN) & (taken(closed.days, row) <= history.ended)
        rows, owner = spread(history.starts, np.flatnonzero(decided))
        date: DayColumn = history.column("date", "a history")
        end = closed.days.take(rows_at(row, owner))
        day = date.days.take(rows)
        follower = np.append(rows[1:], -1)  # of the same deal, where it is the next row and not the next deal's first
        same = (follower == rows + 1) & (np.append(owner[1:], -1) == owner)
        on_last = (day == end) & ~(same & (np.append(day[1:], -1) == end))
        over = (day > end) | on_last
        codes[rows[over]] = outcome.codes.take(rows_at(row, owner[over]))
    column = LabelColumn(codes, OUTCOMES, ordered=True)
    return attrs.evolve(history, columns={**history.columns, "outcome": column})


# --- what contradicts the book ---------------------------------------------------------------------------------------


def _refuse_other_money(deals: DealBook, history: DealHistory) -> None:
    """Raise where both hold amounts in another unit."""
    for what in ("currency", "scale"):
        mine, theirs = getattr(deals, what), getattr(history, what)
        if "amount" in deals.columns and "amount" in history.columns and mine != theirs:
            raise InvalidDataError(
                f"`{what}` must be the same in the deals and their history; got {show(mine)} and {show(theirs)}.",
                code="SM-BOK-03",
                field=what,
                values=[mine, theirs],
            )


def _refuse_before_creation(deals: DealBook, history: DealHistory, row: IntArray | None) -> None:
    """Raise where a row is dated before the deal was created."""
    created = deals.columns.get("created")
    if isinstance(created, DayColumn):
        begun = taken(created.days, row)
        early = np.flatnonzero(history.born < begun)
        if len(early):
            raise _refusal(history, history.starts[early], "not lie before the deal was created", begun[early])


def _refuse_after_close(deals: DealBook, history: DealHistory, row: IntArray | None) -> None:
    """Raise where a row is dated after the deal was closed and does not say what it was closed as."""
    closed, outcome = deals.columns.get("closed"), deals.columns.get("outcome")
    if not isinstance(closed, DayColumn) or not isinstance(outcome, LabelColumn):
        return
    end = taken(closed.days, row)
    trails = np.flatnonzero((history.ended > end) & (end >= 0))
    if not len(trails):
        return
    told: LabelColumn = history.column("outcome", "a history")
    date: DayColumn = history.column("date", "a history")
    rows, owner = spread(history.starts, trails)
    wrong = (date.days.take(rows) > end.take(owner)) & (
        told.codes.take(rows) != outcome.codes.take(rows_at(row, owner))
    )
    if wrong.any():
        rule = "not lie after the deal was closed, unless the deal stays what it was closed as"
        raise _refusal(history, rows[wrong], rule, end.take(owner[wrong]))


def _refusal(history: DealHistory, rows: IntArray, rule: str, days: AnyArray) -> InvalidDataError:
    """Return the error of rows dated before the creation or after the close of their deals."""
    date: DayColumn = history.column("date", "a history")
    keys: KeyColumn = history.column("deal", "a history")
    dated = [str(date_of(day)) for day in date.days[rows[:10]].tolist()]
    return InvalidDataError(
        f"`date` must {rule}; got {dated[0]} in deal {show(keys.values[rows[0]])}, for which the book says "
        f"{date_of(int(days[0]))}, {len(rows):,} rows in all.",
        code="SM-STG-02",
        field="date",
        row=int(rows[0]),
        rows=rows,
        keys=list(keys.values[rows]),
        values=list(date.user()[rows]),
        hint="read_history(..., deals=deals, on_error='drop') leaves such rows out; instants need the business `zone`.",
    )


def stage_levels(history: DealHistory) -> tuple[object, ...]:
    """Return the stages in order, which must be stated."""
    stage: LabelColumn = history.column("stage", "stages")
    if not stage.ordered:
        raise MissingColumnError(
            f"the stages of the history must have an order; got {', '.join(map(show, stage.levels[:8]))}.",
            code="SM-STG-07",
            field="stage",
            hint="give the sales process to read_history(process=...) or read_deals(process=...).",
        )
    return stage.levels
