"""The way in for reps, quotas and forecasts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import attrs
import numpy as np

from salesmetrics import _check, convert
from salesmetrics.arrays import AnyArray
from salesmetrics.books import ForecastBook, QuotaBook, RepBook
from salesmetrics.books.quotas import quota_problems
from salesmetrics.books.reps import doubled_reps, rep_problems
from salesmetrics.calendars import Periods
from salesmetrics.columns import Column, DayColumn, LabelColumn
from salesmetrics.domain import ForecastCall, Quota, Rep
from salesmetrics.errors import InvalidArgumentError, MissingColumnError, show
from salesmetrics.money import resolve_scale
from salesmetrics.readers.mapped import Named, any_source, named
from salesmetrics.readers.rules import Judge, checked_mode

__all__ = ["read_forecasts", "read_quotas", "read_reps"]

OnError = Literal["raise", "collect", "drop"]
_FINER = "state a larger `scale` (unit prices have 4), or round the column first."


def read_quotas(
    source: Any,
    columns: Mapping[str, str] | None = None,
    *,
    currency: str | None = None,
    scale: int | None = None,
    date_format: str | None = None,
    ends: Periods | Literal["next_start"] | None = None,
    until: object = None,
    on_error: OnError = "raise",
) -> QuotaBook:
    """Book of quotas from a CSV file, a frame, a mapping of columns or `Quota` objects.

    Parameters
    ----------
    source : path, text stream, frame, mapping of array_like or iterable of Quota
        Columns ``rep, start, end, amount`` and, where there are any, ``effective_from, team`` and labels. ``end`` is the first
        day after the quota's last.
    columns : mapping of str to str, optional
        Our name to the source's.
    currency, scale, date_format, on_error
        As in `read_deals`.
    ends : Periods or "next_start", optional
        Where the source has starts only: the end of the period that holds the start, or the same rep's next start.
    until : date or str, optional
        With ``ends="next_start"``: the end of each rep's last quota.

    Returns
    -------
    QuotaBook
        The quotas, checked once: quotas of one rep do not overlap, and a changed quota has the same bounds and a later
        ``effective_from``.

    Examples
    --------
    >>> import salesmetrics as sm
    >>> quotas = sm.read_quotas({"rep": ["Ana"], "start": ["2026-01-01"], "end": ["2026-04-01"], "amount": [250_000]})
    >>> quotas.periods()
    Periods([Period('2026-01-01', '2026-04-01')])
    """
    mode, decimals = checked_mode(on_error), resolve_scale(currency, scale)
    fields = ("rep", "start", "end", "amount", "effective_from", "team")
    here = named(any_source(source, Quota), columns, fields, ("start", "amount"))
    judge = Judge(mode, here.source.rows, here.source.lines, here.names)
    judge.hear(here.source.problems)
    book = _labels(here, judge, ("rep", "team"))
    _keyed(judge, book)
    book |= _days(here, judge, ("start", "end", "effective_from"), date_format)
    book["amount"], problems = convert.money(here.raw("amount", "money"), "amount", decimals)
    judge.hear(_told(problems, {"SM-AMT-04": _FINER, "SM-AMT-05": "a quota is 0 or more."}))
    if "end" not in book:
        book["end"] = _ends(book, ends, until)
    for field in ("start", "end"):
        _required_days(book[field], field, judge)
    if "effective_from" not in book:
        book["effective_from"] = book["start"]
    book |= _more_labels(here, judge, book, fields)
    clean, kept = judge.settle(_ordered(book, fields), lambda some: quota_problems(some, len(some["start"])))
    judge.warn()
    return QuotaBook(
        columns=clean,
        rows=len(kept),
        currency=currency,
        scale=decimals,
        rejects=judge.rejects(),
        notes=(*judge.notes, *here.source.notes),
    )


def read_reps(
    source: Any,
    columns: Mapping[str, str] | None = None,
    *,
    date_format: str | None = None,
    on_error: OnError = "raise",
) -> RepBook:
    """Book of reps from a CSV file, a frame, a mapping of columns or `Rep` objects.

    Parameters
    ----------
    source : path, text stream, frame, mapping of array_like or iterable of Rep
        Column ``id`` and, where there are any, ``name, team, manager, hired, role_start, left`` and labels. Absences and ramp
        schedules come with `Rep` objects. With ``since`` a rep may have several rows, each in force from that day on.
    columns : mapping of str to str, optional
        Our name to the source's.
    date_format, on_error
        As in `read_deals`.

    Returns
    -------
    RepBook
        The reps, checked once: an id stands once (with ``since``, once from any day on), managers form no cycle on any day.

    Examples
    --------
    >>> import salesmetrics as sm
    >>> sm.read_reps({"id": ["Ana", "Ben"], "team": ["East", "West"]}).label_names
    ('team',)
    """
    mode = checked_mode(on_error)
    fields = ("id", "name", "team", "manager", "hired", "role_start", "left", "since")
    here = named(any_source(source, Rep), columns, fields, ("id",))
    judge = Judge(mode, here.source.rows, here.source.lines, here.names)
    judge.hear(here.source.problems)
    book: dict[str, Column] = {}
    book["id"], problems = convert.key(here.raw("id", "key"), "id", unique="since" not in here)
    judge.keys, judge.noun = book["id"].user(), "rep"
    judge.hear(problems)
    book |= _labels(here, judge, ("name", "team", "manager"))
    book |= _days(here, judge, ("hired", "role_start", "left", "since"), date_format)
    if "role_start" not in book and "hired" in book:
        book["role_start"] = book["hired"]
    absences, ramps = (_beside(here, name) for name in ("absences", "ramp"))
    book |= _more_labels(here, judge, book, (*fields, "absences", "ramp"))
    clean, kept = judge.settle(
        _ordered(book, fields), lambda some: [*(doubled_reps(some) if "since" in some else []), *rep_problems(some)]
    )
    judge.warn()
    return RepBook(
        columns=clean,
        rows=len(kept),
        rejects=judge.rejects(),
        notes=(*judge.notes, *here.source.notes),
        absences=tuple(tuple(absences[row]) for row in kept.tolist()) if absences is not None else (),
        ramps=tuple(tuple(ramps[row]) for row in kept.tolist()) if ramps is not None else (),
    )


def read_forecasts(
    source: Any,
    columns: Mapping[str, str] | None = None,
    *,
    currency: str | None = None,
    scale: int | None = None,
    date_format: str | None = None,
    allow_negative: bool = False,
    on_error: OnError = "raise",
) -> ForecastBook:
    """Book of forecast calls from a CSV file, a frame, a mapping of columns or `ForecastCall` objects.

    Parameters
    ----------
    source : path, text stream, frame, mapping of array_like or iterable of ForecastCall
        Columns ``rep, start, end, given, amount`` and, where there are any, ``category`` (all "commit" without) and labels.
        An amount is a total for the period, what is already won included.
    columns : mapping of str to str, optional
        Our name to the source's.
    currency, scale, date_format, allow_negative, on_error
        As in `read_deals`.

    Returns
    -------
    ForecastBook
        The calls, checked once.

    Examples
    --------
    >>> import salesmetrics as sm
    >>> calls = sm.read_forecasts({"rep": ["Ana"], "start": ["2026-01-01"], "end": ["2026-04-01"],
    ...                            "given": ["2026-01-07"], "amount": [240_000]})
    >>> len(calls), calls["category"].tolist()
    (1, ['commit'])
    """
    mode, decimals = checked_mode(on_error), resolve_scale(currency, scale)
    fields = ("rep", "start", "end", "given", "category", "amount")
    here = named(any_source(source, ForecastCall), columns, fields, ("start", "end", "given", "amount"))
    judge = Judge(mode, here.source.rows, here.source.lines, here.names)
    judge.hear(here.source.problems)
    book = _labels(here, judge, ("rep", "category"))
    _keyed(judge, book)
    if "category" not in book:
        book["category"] = LabelColumn(np.zeros(here.source.rows, dtype=np.int8), ("commit",))
    book |= _days(here, judge, ("start", "end", "given"), date_format)
    book["amount"], problems = convert.money(
        here.raw("amount", "money"), "amount", decimals, allow_negative=allow_negative
    )
    judge.hear(_told(problems, {"SM-AMT-04": _FINER}))
    for field in ("start", "end", "given"):
        _required_days(book[field], field, judge)
    book |= _more_labels(here, judge, book, fields)
    clean, kept = judge.settle(_ordered(book, fields), _backward)
    judge.warn()
    return ForecastBook(
        columns=clean,
        rows=len(kept),
        currency=currency,
        scale=decimals,
        rejects=judge.rejects(),
        notes=(*judge.notes, *here.source.notes),
    )


# --- what they share -------------------------------------------------------------------------------------------------


def _labels(here: Named, judge: Judge, fields: tuple[str, ...]) -> dict[str, Column]:
    """Return the columns of labels that the source has."""
    found: dict[str, Column] = {}
    for field in fields:
        if field in here:
            found[field], problems = convert.label(here.raw(field, "label"), field)
            judge.hear(problems)
    return found


def _days(here: Named, judge: Judge, fields: tuple[str, ...], date_format: str | None) -> dict[str, Column]:
    """Return the columns of days that the source has."""
    found: dict[str, Column] = {}
    for field in fields:
        if field in here:
            found[field], problems = convert.day(here.raw(field, "day"), field, date_format=date_format)
            judge.hear(problems)
    return found


def _keyed(judge: Judge, book: Mapping[str, Column]) -> None:
    """Name rows by their rep, where there is one."""
    if "rep" in book:
        judge.keys, judge.noun = book["rep"].user(), "rep"


def _told(problems: Sequence[convert.Problem], hints: Mapping[str, str]) -> list[convert.Problem]:
    """Return problems with the way out that this reader has."""
    return [attrs.evolve(p, hint=hints[p.code]) if p.code in hints else p for p in problems]


def _required_days(column: Column, field: str, judge: Judge) -> None:
    """Hear the rows without a day that they cannot do without."""
    rows = np.flatnonzero(column.missing())
    if len(rows):
        nothing: list[object] = [None] * len(rows)
        judge.hear([convert.Problem("SM-DAY-16", field, "be given in every row", rows, nothing)])


def _more_labels(here: Named, judge: Judge, book: Mapping[str, Column], fields: tuple[str, ...]) -> dict[str, Column]:
    """Return further columns of texts or whole numbers as labels."""
    wanted = [(ours, theirs) for ours, theirs in here.names.items() if ours not in fields]
    wanted += [(name, name) for name in here.others if name not in fields]
    found: dict[str, Column] = {}
    for ours, theirs in wanted:
        if ours not in book and here.source.can_label(theirs):
            found[ours], problems = convert.label(here.source.raw(theirs, "label"), ours)
            judge.hear(problems)
    return found


def _beside(here: Named, name: str) -> AnyArray | None:
    """Return what stands beside the columns of `Rep` objects."""
    if here.source.kind != "objects":
        return None
    return np.asarray(here.source.raw(name, "text"), dtype=object)


def _ordered(book: Mapping[str, Column], fields: tuple[str, ...]) -> dict[str, Column]:
    """Return the columns with ours first, in their order."""
    return {name: book[name] for name in [*(f for f in fields if f in book), *(n for n in book if n not in fields)]}


def _backward(columns: Mapping[str, Column]) -> list[convert.Problem]:
    """Return the problem of periods that end before they start."""
    start, end = columns["start"], columns["end"]
    assert isinstance(start, DayColumn)
    assert isinstance(end, DayColumn)
    rows = np.flatnonzero(end.days <= start.days)
    if not len(rows):
        return []
    values = list(end.take(rows).user())
    hint = "an end is the first day after."
    return [convert.Problem("SM-FOR-01", "end", "lie after `start`", rows, values, hint)]


def _ends(book: Mapping[str, Column], ends: object, until: object) -> DayColumn:
    """Return the ends of quotas that have starts only."""
    start = book["start"]
    assert isinstance(start, DayColumn)
    if isinstance(ends, Periods):
        place = ends.period_of(start.days)
        outside = np.flatnonzero(place < 0)
        if len(outside):
            raise InvalidArgumentError(
                f"`ends` must hold every start; got {show(str(start.user()[outside[0]]))} outside of it.",
                code="SM-QTA-11",
                field="ends",
                row=int(outside[0]),
                values=[start.user()[outside[0]]],
                hint="periods that reach from the first start to the last: calendar.quarters(first, last).",
            )
        return DayColumn(ends.ends[place].astype(np.int32) if len(place) else start.days)
    if ends is None:
        raise MissingColumnError(
            "the source must have 'end', or `ends` must say how to find it; got neither.",
            code="SM-SRC-05",
            field="end",
            hint="ends=calendar.quarters(first, last), or ends='next_start' with until= the end of the last one.",
        )
    if ends != "next_start":
        raise InvalidArgumentError(
            f"`ends` must be Periods or 'next_start'; got {show(ends)}.", code="SM-ARG-41", field="ends", values=[ends]
        )
    if until is None:
        raise InvalidArgumentError(
            "`until` must be given with ends='next_start', the end of each rep's last quota; got None.",
            code="SM-ARG-42",
            field="until",
            hint="until='2027-01-01', the first day after it.",
        )
    return _next_starts(book, start, _check.day(until, "until"))


def _next_starts(book: Mapping[str, Column], start: DayColumn, until: int) -> DayColumn:
    """Return the next start of the same rep, and the day given for the last."""
    rep = book.get("rep")
    owner = rep.codes if isinstance(rep, LabelColumn) else np.zeros(len(start), dtype=np.int8)
    order = np.lexsort((start.days, owner))
    days, owners = start.days[order], owner[order]
    end = np.full(len(days), until, dtype=np.int64)
    # rows with the same start are one quota and its changes: they share the next start that differs
    for at in range(len(days) - 2, -1, -1):
        if owners[at] == owners[at + 1]:
            end[at] = end[at + 1] if days[at] == days[at + 1] else days[at + 1]
    out = np.empty(len(days), dtype=np.int32)
    out[order] = end
    return DayColumn(out)
