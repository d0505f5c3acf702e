"""All quotas at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar, Self

import attrs
import numpy as np

from salesmetrics._check import date_of
from salesmetrics.arrays import AnyArray, IntArray
from salesmetrics.books.table import Book
from salesmetrics.calendars import Period, Periods
from salesmetrics.columns import Column, DayColumn, LabelColumn, MoneyColumn
from salesmetrics.convert import Problem
from salesmetrics.errors import show

__all__ = ["QuotaBook", "Segments"]


@attrs.frozen(eq=False)
class Segments:
    """Stretches of days ``[start, until)`` on which one amount is in force, of a quota for ``days`` days."""

    row: IntArray
    start: IntArray
    until: IntArray
    quota_start: IntArray
    quota_end: IntArray
    minor: IntArray


@attrs.frozen(eq=False, repr=False)
class QuotaBook(Book):
    """Quotas in columns; made by `read_quotas`.

    Columns: ``rep, start, end, amount, effective_from, team`` and any label columns. A row with a team and no rep is a number
    stated for the team as a whole; it never counts as some rep's quota.
    """

    kind: ClassVar[str] = "quotas"
    _unlisted: ClassVar[tuple[str, ...]] = ("segments",)

    @classmethod
    def empty(cls, labels: Sequence[str] = (), *, currency: str | None = None, scale: int = 2) -> Self:
        """Return a book of no quotas with these label columns."""
        columns: dict[str, Column] = {
            name: LabelColumn(np.zeros(0, dtype=np.int8), ()) for name in dict.fromkeys(["rep", *labels])
        }
        columns |= {name: DayColumn(np.zeros(0, dtype=np.int32)) for name in ("start", "end", "effective_from")}
        columns["amount"] = MoneyColumn(np.zeros(0, dtype=np.int64), None, scale)
        return cls(columns=columns, rows=0, currency=currency, scale=scale)

    def periods(self) -> Periods:
        """Return the quotas' own periods, each once, in order."""
        bounds = np.unique(np.column_stack(self._bounds()), axis=0).tolist()
        return Periods([Period(date_of(start), date_of(end)) for start, end in bounds])

    def _bounds(self) -> tuple[IntArray, IntArray]:
        """Return first days and end days."""
        start: DayColumn = self.column("start", "a quota's period")
        end: DayColumn = self.column("end", "a quota's period")
        return start.days.astype(np.int64), end.days.astype(np.int64)

    def segments(self) -> Segments:
        """Return the amounts in force, worked out once."""
        return self._in_force

    @cached_property
    def _in_force(self) -> Segments:
        """Return the amounts in force: of the rows for the same owner and bounds, each day has the latest in effect."""
        start, end = self._bounds()
        amount: MoneyColumn = self.column("amount", "quotas")
        since = self.columns.get("effective_from")
        effective = since.days.astype(np.int64) if isinstance(since, DayColumn) else start
        effective = np.maximum(np.where(effective < 0, start, effective), start)
        owner = _owners(self.columns, self.rows)
        order = np.lexsort((effective, end, start, owner))
        follows = np.zeros(self.rows, dtype=bool)
        if self.rows:
            same = (owner[order][1:] == owner[order][:-1]) & (start[order][1:] == start[order][:-1])
            follows[:-1] = same & (end[order][1:] == end[order][:-1])
        until = end[order].copy()
        until[:-1] = np.where(follows[:-1], effective[order][1:], until[:-1]) if self.rows else until[:-1]
        known = ~amount.missing()[order]
        used = np.flatnonzero((until > effective[order]) & known)
        rows = order[used]
        return Segments(rows, effective[rows], until[used], start[rows], end[rows], amount.minor[rows])

    def _across(self, columns: Mapping[str, Column], rows: int) -> list[Problem]:
        """Return what is wrong between rows: quotas of one rep still may not overlap."""
        return quota_problems(columns, rows)


def _owners(columns: Mapping[str, Column], rows: int) -> IntArray:
    """Return one whole number for each owner of a quota, a rep or a team."""
    rep, team = columns.get("rep"), columns.get("team")
    owner = np.full(rows, -1, dtype=np.int64)
    if isinstance(rep, LabelColumn):
        owner = rep.codes.astype(np.int64)
    if isinstance(team, LabelColumn):
        own = (owner < 0) & (team.codes >= 0)
        owner = np.where(own, -2 - team.codes.astype(np.int64), owner)
    return owner


def quota_problems(columns: Mapping[str, Column], rows: int) -> list[Problem]:
    """Return what is wrong between the rows and columns of quotas."""
    start, end = columns["start"], columns["end"]
    if not (isinstance(start, DayColumn) and isinstance(end, DayColumn)):
        return []
    problems = []
    backward = np.flatnonzero((end.days >= 0) & (end.days <= start.days))
    if len(backward):
        problems.append(
            _problem("SM-QTA-01", "end", "lie after `start`", backward, end, "an end is the first day after.")
        )
    nobody = np.flatnonzero(_owners(columns, rows) == -1)
    if len(nobody):
        values: list[object] = [None] * len(nobody)
        problems.append(
            Problem(
                "SM-QTA-02", "rep", "be given, or `team` for a number stated for a team", nobody, values, None, False
            )
        )
    problems += _overlaps(columns, rows, start.days.astype(np.int64), end.days.astype(np.int64))
    return problems


def quota_gaps(columns: Mapping[str, Column], rows: int) -> list[Problem]:
    """Return the warning of days between two quotas of one rep on which there is none."""
    start, end = columns["start"], columns["end"]
    assert isinstance(start, DayColumn)
    assert isinstance(end, DayColumn)
    owner = _owners(columns, rows)
    order = np.lexsort((end.days, start.days, owner))
    o, s, e = owner[order], start.days[order].astype(np.int64), end.days[order].astype(np.int64)
    gap = np.flatnonzero((o[1:] == o[:-1]) & (s[1:] > e[:-1]) & (o[1:] >= 0))
    if not len(gap):
        return []
    names = _shown_owner(columns)
    values: list[object] = [
        f"{names(int(order[at + 1]))} from {date_of(int(e[at]))} to {date_of(int(s[at + 1]))}" for at in gap
    ]
    rule = "follow the rep's quota before it without a gap"
    hint = "attainment in the gap is undefined, bookings still count"
    return [Problem("SM-QTA-16", "start", rule, np.sort(order[gap + 1]), values, hint, warning=True)]


def early_ends(columns: Mapping[str, Column], field: str) -> list[Problem]:
    """Return the warning of periods that all begin with a month and end on the last day of one: they lack that day."""
    start, end = columns["start"], columns["end"]
    assert isinstance(start, DayColumn)
    assert isinstance(end, DayColumn)
    first, last = start.days.astype("datetime64[D]"), end.days.astype("datetime64[D]")
    begins = first == first.astype("datetime64[M]")
    stops = (last + 1) == (last + 1).astype("datetime64[M]")
    if not len(end) or not (begins & stops).all():
        return []
    hint = (
        "they are last days of months, and as they stand the last day is left out: "
        f"columns=sm.maps.ColumnMap({{'end': {field!r}}}, inclusive=['end']) reads them as the last day that counts."
    )
    rows = np.arange(len(end))
    return [
        Problem("SM-QTA-17", "end", "be the first day after the period", rows, list(end.user()), hint, warning=True)
    ]


def _overlaps(columns: Mapping[str, Column], rows: int, start: IntArray, end: IntArray) -> list[Problem]:
    """Return the problems of one owner's quotas that overlap, or that say the same thing twice."""
    owner = _owners(columns, rows)
    since = columns.get("effective_from")
    effective = since.days.astype(np.int64) if isinstance(since, DayColumn) else start
    effective = np.where(effective < 0, start, effective)
    order = np.lexsort((effective, end, start, owner))
    o, s, e, f = owner[order], start[order], end[order], effective[order]
    same_owner = o[1:] == o[:-1]
    same_bounds = same_owner & (s[1:] == s[:-1]) & (e[1:] == e[:-1])
    twice = np.flatnonzero(same_bounds & (f[1:] == f[:-1]))
    # the running end of an owner, restarted with each owner: ends are days, owners are far apart
    lift = np.cumsum(np.concatenate(([0], ~same_owner))) * (1 << 20) if rows else np.zeros(0, dtype=np.int64)
    running = np.maximum.accumulate(e + lift) - lift if rows else e
    overlap = np.flatnonzero(same_owner & ~same_bounds & (s[1:] < running[:-1]))
    problems = []
    names = _shown_owner(columns)
    for code, rule, where in (
        ("SM-QTA-03", "not overlap another quota of the same rep", overlap),
        ("SM-QTA-04", "not be given twice for the same rep, days and `effective_from`", twice),
    ):
        if len(where):
            first, second = int(order[where[0]]), int(order[where[0] + 1])
            overlapping = f"{date_of(int(start[second]))} to {date_of(int(min(end[first], end[second])))}"
            hint = (
                f"{names(first)} has two quotas for the days {overlapping}; a quota changed inside its period has the same "
                "start and end and a later `effective_from`."
            )
            pairs = np.unique(np.concatenate([order[where], order[where + 1]])).astype(np.int64)
            values: list[object] = [date_of(int(d)) for d in start[pairs]]
            problems.append(Problem(code, "start", rule, pairs, values, hint, False))
    return problems


def _shown_owner(columns: Mapping[str, Column]) -> Any:
    """Return a function that shows whose quota a row is."""

    def shown(row: int) -> str:
        for name in ("rep", "team"):
            column = columns.get(name)
            if isinstance(column, LabelColumn) and column.codes[row] >= 0:
                return show(column.levels[column.codes[row]])
        return "nobody"

    return shown


def _problem(code: str, field: str, rule: str, rows: AnyArray, column: DayColumn, hint: str | None) -> Problem:
    """Return the problem of some rows of a day column."""
    return Problem(code, field, rule, rows.astype(np.int64), list(column.take(rows).user()), hint, False)
