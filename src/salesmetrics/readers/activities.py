"""The way in for activities."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

import numpy as np

from salesmetrics import _check, convert
from salesmetrics.arrays import AnyArray, BoolArray
from salesmetrics.books.activities import ActivityBook
from salesmetrics.calendars import DayLike
from salesmetrics.columns import Column, DayColumn, LabelColumn
from salesmetrics.convert import Problem
from salesmetrics.domain import STATUSES, Activity
from salesmetrics.errors import InvalidTypeError, MissingColumnError, nearest, show
from salesmetrics.keywords import names_keywords
from salesmetrics.readers.leaving import leave_out
from salesmetrics.readers.mapped import Named, any_source, checked_forms, named
from salesmetrics.readers.rules import Judge, checked_mode

__all__ = ["read_activities"]

FIELDS = ("id", "rep", "deal", "date", "completed", "due", "kind", "status", "done")
DATES = ("date", "completed", "due")
PLANNED, DONE = 0, 1


@names_keywords
def read_activities(
    source: Any,
    columns: Mapping[str, str] | None = None,
    *,
    as_of: DayLike | None = None,
    zone: str | None = None,
    statuses: Mapping[Any, str] | None = None,
    date_format: str | Mapping[str, str] | None = None,
    sentinels: Iterable[object] = (),
    on_error: Literal["raise", "collect", "drop"] = "raise",
) -> ActivityBook:
    """Book of calls, meetings, messages and tasks from a file, a frame, a mapping of columns or `Activity` objects.

    Parameters
    ----------
    source : path, text stream, frame, mapping of array_like or iterable of Activity
        Columns ``date`` and, where there are any, ``id, rep, deal, kind, status`` and labels. A source with days of its own for
        what is done and what is planned gives them as ``completed`` and ``due``; one with a flag gives it as ``done``.
    columns : mapping of str to str, optional
        Our name to the source's, or one of `salesmetrics.maps`: ``maps.SALESFORCE`` reads tasks, ``maps.SALESFORCE.events``
        events.
    as_of : date or str, optional
        The day the data were taken. Where the source says neither ``status`` nor ``done``, what lies up to that day is done
        and what lies after it is planned.
    zone : str, optional
        The business time zone, in which instants become days.
    statuses : mapping, optional
        What the source's words for a status mean: ``{"COMPLETED": "done", "NO_SHOW": "missed"}``.
    date_format, sentinels, on_error
        As in `read_deals`.

    Returns
    -------
    ActivityBook
        The activities, checked once. A task without a day is kept without one; a task that is done and has no day of completion
        is dated by the day it was due. The book's notes count both.

    Raises
    ------
    InvalidDataError
        Rows break a rule; the error names column, row, key and value, and holds all of them.
    MissingColumnError
        There is no column with a day.

    Examples
    --------
    >>> import salesmetrics as sm
    >>> calls = sm.read_activities({"rep": ["Ana", "Ben"], "date": ["2026-02-03", "2026-02-09"], "kind": ["call", "call"]},
    ...                            as_of="2026-02-05")
    >>> calls["status"].tolist()
    ['done', 'planned']
    """
    taken = _check.optional_day(as_of, "as_of")
    here = named(any_source(source, Activity), columns, FIELDS, table="activities")
    checked_forms(here, date_format)
    judge = Judge(checked_mode(on_error), here.source.rows, here.source.lines, here.names, noun="activity")
    judge.hear(here.source.problems)
    leave_out(here, judge)
    book: dict[str, Column] = {}
    if "id" in here:
        book["id"], problems = convert.key(here.raw("id", "key"), "id")
        judge.keys = book["id"].user()
        judge.hear(problems)
    for field in ("rep", "deal", "kind"):
        if field in here:
            book[field], problems = convert.label(here.raw(field, "label"), field)
            judge.hear(problems)
    status = _status(here, judge, statuses)
    date = _dates(here, judge, status, zone, date_format, sentinels)
    status = _by_day(date, taken) if status is None and taken is not None else status
    book |= {"date": date} if status is None else {"date": date, "status": status}
    _more(here, judge, book)
    clean, kept = judge.settle({name: book[name] for name in _order(book)}, lambda _: [])
    judge.warn()
    return ActivityBook(
        columns=clean,
        rows=len(kept),
        as_of_day=taken,
        rejects=judge.rejects(),
        notes=(*judge.notes, *_undated(clean), *here.source.notes),
    )


def _status(here: Named, judge: Judge, statuses: Mapping[Any, str] | None) -> LabelColumn | None:
    """Return what became of each activity by its words, else by the flag that says it is done; None where nothing says."""
    meaning = _meaning(statuses)
    if "status" in here:
        words, problems = convert.label(here.raw("status", "label"), "status")
        judge.hear(problems)
        codes = np.array([meaning.get(level, -2) for level in words.levels] + [-1], dtype=np.int8)[words.codes]
        rows = np.flatnonzero(codes == -2)
        if len(rows):
            first = list(words.user()[rows])
            hint = "say what the words mean by `statuses`, such as {'COMPLETED': 'done'}; " + (
                nearest(min(map(str, first)), meaning) or ""
            )
            judge.hear([Problem("SM-ACT-01", "status", "be a word that means a status", rows, first, hint)])
        return LabelColumn(np.maximum(codes, -1).astype(np.int8), STATUSES, ordered=True)
    if "done" not in here:
        return None
    flags, problems = convert.flag(here.source.raw(here.names["done"], "flag"), "done")
    judge.hear(problems)
    return LabelColumn(flags.astype(np.int8), STATUSES, ordered=True)


def _meaning(statuses: Mapping[Any, str] | None) -> dict[Any, int]:
    """Return the code that each word of the source means; our own words need no mapping."""
    own = {word: code for code, word in enumerate(STATUSES)}
    if statuses is None:
        return own
    if not isinstance(statuses, Mapping):
        raise InvalidTypeError(
            f"`statuses` must map words of the source to statuses; got {show(statuses)}.",
            code="SM-ACT-02",
            field="statuses",
            values=[statuses],
            hint="such as {'COMPLETED': 'done', 'NO_SHOW': 'missed'}.",
        )
    return own | {word: own[_check.one_of(meant, STATUSES, "statuses")] for word, meant in statuses.items()}


def _dates(
    here: Named,
    judge: Judge,
    status: LabelColumn | None,
    zone: str | None,
    date_format: str | Mapping[str, str] | None,
    sentinels: Iterable[object],
) -> DayColumn:
    """Return the day each activity was done, else that for which it is planned."""
    known = [field for field in DATES if field in here]
    if not known:
        raise MissingColumnError(
            f"the source must have 'date'; got {', '.join(map(show, here.source.names[:20])) or 'no columns'}.",
            code="SM-SRC-05",
            field="date",
            values=["date"],
            hint=f"{nearest('date', here.source.names) or 'no columns.'} Name it by columns={{'date': ...}}.",
        )
    days = np.full(here.source.rows, -1, dtype=np.int32)
    for field in known:
        # a day of completion is that of what is done, and of no other
        wanted = days < 0 if field != "completed" or status is None else (days < 0) & (status.codes != PLANNED)
        column, problems = convert.day(
            here.raw(field, "day"),
            field,
            zone=zone,
            date_format=date_format,
            sentinels=sentinels,
            **here.timing(field),
        )
        judge.hear([kept for problem in problems if (kept := _within(problem, wanted)) is not None])
        days = np.where(wanted, column.days, days).astype(np.int32)
    return DayColumn(days)


def _within(problem: Problem, wanted: BoolArray) -> Problem | None:
    """Return a problem without the rows of which nothing is wanted from its column; None where none remains."""
    if problem.whole or not len(problem.rows):
        return problem if wanted.any() else None
    here = wanted[problem.rows]
    if not here.any():
        return None
    values = [value for value, stays in zip(problem.values, here, strict=False) if stays]
    return Problem(
        problem.code, problem.field, problem.rule, problem.rows[here], values, problem.hint, warning=problem.warning
    )


def _by_day(date: DayColumn, as_of: int) -> LabelColumn:
    """Return what is past as done and what is to come as planned."""
    codes: AnyArray = np.where(date.days < 0, -1, np.where(date.days <= as_of, DONE, PLANNED)).astype(np.int8)
    return LabelColumn(codes, STATUSES, ordered=True)


def _more(here: Named, judge: Judge, book: dict[str, Column]) -> None:
    """Read further columns as labels: under a map of a system those that it names, else all that can be."""
    wanted = [(ours, theirs) for ours, theirs in here.names.items() if ours not in FIELDS]
    if not here.shape.table:
        wanted += [(name, name) for name in here.others if name not in FIELDS]
    for ours, theirs in wanted:
        if ours not in book and here.can_label(ours, theirs):
            raw = here.raw(ours, "label") if ours in here else here.source.raw(theirs, "label")
            book[ours], problems = convert.label(raw, ours)
            judge.hear(problems)


def _order(book: Mapping[str, Column]) -> list[str]:
    return [*(field for field in FIELDS if field in book), *(name for name in book if name not in FIELDS)]


def _undated(columns: Mapping[str, Column]) -> list[str]:
    """Return the note on activities without a day."""
    count = int(columns["date"].missing().sum())
    return [f"{count:,} {'activity has' if count == 1 else 'activities have'} no day"] if count else []
