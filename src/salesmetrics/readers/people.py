"""The way in for reps, quotas and forecasts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import attrs
import numpy as np

from salesmetrics import _check, convert
from salesmetrics.arrays import IntArray
from salesmetrics.books import ForecastBook, QuotaBook, RepBook
from salesmetrics.books.quotas import early_ends, quota_gaps, quota_problems
from salesmetrics.books.reps import doubled_reps, rep_problems, with_level
from salesmetrics.calendars import Periods
from salesmetrics.columns import Column, DayColumn, LabelColumn
from salesmetrics.convert import Problem
from salesmetrics.domain import ForecastCall, Quota, Rep
from salesmetrics.errors import InvalidArgumentError, MissingColumnError, show
from salesmetrics.keywords import names_keywords
from salesmetrics.rates import FxTable
from salesmetrics.readers.beside import beside
from salesmetrics.readers.currencies import coins_of
from salesmetrics.readers.leaving import leave_out
from salesmetrics.readers.mapped import Named, any_source, checked_forms, named
from salesmetrics.readers.owners import rep_book_or_none, unknown_owners
from salesmetrics.readers.rules import DOUBLED, Judge, checked_mode

__all__ = ["read_forecasts", "read_quotas", "read_reps"]

OnError = Literal["raise", "collect", "drop"]
_DATED = "one row for each rep, or several told apart by `since`, the day a row holds from: columns={'since': ...}."
_FINER = "state a larger `scale` (unit prices have 4), or round the column first."


@names_keywords
def read_quotas(
    source: Any,
    columns: Mapping[str, str] | None = None,
    *,
    currency: str | None = None,
    scale: int | None = None,
    rates: FxTable | None = None,
    rate_day: object = None,
    currencies: Mapping[str, str] | Literal["upper"] | None = None,
    money_format: str | None = None,
    reps: RepBook | None = None,
    date_format: str | Mapping[str, str] | None = None,
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
    currency, scale, currencies, money_format, date_format, on_error
        As in `read_deals`.
    rates, rate_day
        As in `read_deals`; a quota in another currency is converted by the rate of its ``start``, or of the day stated.
    reps : RepBook, optional
        The book of reps, which must know every rep of the quotas.
    ends : Periods or "next_start", optional
        Where the source has starts only: the end of the period that holds the start, or the same rep's next start. Under a map
        of a system whose quotas are for whole periods and start on any day of them, starts become those of the periods.
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
    mode, people = checked_mode(on_error), rep_book_or_none(reps)
    fields = ("rep", "start", "end", "amount", "effective_from", "team", "currency")
    here = named(any_source(source, Quota), columns, fields, ("start", "amount"), table="quotas")
    checked_forms(here, date_format)
    judge = Judge(mode, here.source.rows, here.source.lines, here.names)
    judge.hear(here.source.problems)
    leave_out(here, judge)
    book = _labels(here, judge, ("rep", "team"))
    _keyed(judge, book)
    coins = coins_of(here, judge, currency, scale, rates, rate_day, currencies, money_format=money_format)
    book |= coins.column
    book |= _days(here, judge, ("start", "end", "effective_from"), date_format)
    hints = {"SM-AMT-04": _FINER, "SM-AMT-05": "a quota is 0 or more."}
    book["amount"], converted = coins.amounts(here.raw("amount", "money"), judge, day=_first(book), hints=hints)
    if "end" not in book:
        if here.shape.whole_periods and isinstance(ends, Periods):
            book["start"] = _starts(book, ends)
        book["end"] = _ends(book, ends, until)
    for field in ("start", "end"):
        _required_days(book[field], field, judge)
    if "effective_from" not in book:
        book["effective_from"] = book["start"]
    book |= _more_labels(here, judge, book, fields)
    clean, kept = judge.settle(
        _ordered(book, fields),
        lambda some: [
            *unknown_owners(some, people),
            *quota_problems(some, len(some["start"])),
        ],
    )
    judge.hear(_early(here, clean) or quota_gaps(clean, len(kept)))
    judge.warn()
    return QuotaBook(
        columns=clean,
        rows=len(kept),
        currency=coins.currency,
        scale=coins.scale,
        rejects=judge.rejects(),
        notes=(*judge.notes, *converted, *here.source.notes),
    )


@names_keywords
def read_reps(
    source: Any,
    columns: Mapping[str, str] | None = None,
    *,
    unknown: str | None = None,
    date_format: str | Mapping[str, str] | None = None,
    on_error: OnError = "raise",
) -> RepBook:
    """Book of reps from a CSV file, a frame, a mapping of columns or `Rep` objects.

    Parameters
    ----------
    source : path, text stream, frame, mapping of array_like or iterable of Rep
        Column ``id`` and, where there are any, ``name, team, manager, hired, role_start, left`` and labels. Absences and ramp
        schedules come with `Rep` objects, or as `RepBook` writes them: texts such as "2026-01-05/2026-02-01" (several with a
        blank between them) in a column ``absences``, and "0 0.5 1" in a column ``ramp``. With ``since`` a rep may have several
        rows, each in force from that day on.
    columns : mapping of str to str, optional
        Our name to the source's.
    unknown : str, optional
        The label under which reps stand that the book does not know, such as ``"other"``, in every column that it lends. They
        count as there all the time. Without it they are refused.
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
    here = named(any_source(source, Rep), columns, fields, ("id",), table="reps")
    checked_forms(here, date_format)
    judge = Judge(mode, here.source.rows, here.source.lines, here.names)
    judge.hear(here.source.problems)
    leave_out(here, judge)
    book: dict[str, Column] = {}
    book["id"], problems = convert.key(here.raw("id", "key"), "id", unique="since" not in here)
    judge.keys, judge.noun = book["id"].user(), "rep"
    judge.hear([attrs.evolve(p, hint=_DATED) if p.code == DOUBLED else p for p in problems])
    book |= _labels(here, judge, ("name", "team", "manager"))
    book |= _days(here, judge, ("hired", "role_start", "left", "since"), date_format)
    if "role_start" not in book and "hired" in book:
        book["role_start"] = book["hired"]
    absences, problems = beside(here, "absences")
    judge.hear(problems)
    ramps, problems = beside(here, "ramp")
    judge.hear(problems)
    book |= _more_labels(here, judge, book, (*fields, "absences", "ramp"))
    clean, kept = judge.settle(
        _ordered(book, fields), lambda some: [*(doubled_reps(some) if "since" in some else []), *rep_problems(some)]
    )
    judge.warn()
    if unknown is not None:
        clean = with_level(clean, unknown)
    return RepBook(
        columns=clean,
        unknown=unknown,
        rows=len(kept),
        rejects=judge.rejects(),
        notes=(*judge.notes, *here.source.notes),
        absences=tuple(tuple(absences[row]) for row in kept.tolist()) if absences is not None else (),
        ramps=tuple(tuple(ramps[row]) for row in kept.tolist()) if ramps is not None else (),
    )


@names_keywords
def read_forecasts(
    source: Any,
    columns: Mapping[str, str] | None = None,
    *,
    currency: str | None = None,
    scale: int | None = None,
    rates: FxTable | None = None,
    rate_day: object = None,
    currencies: Mapping[str, str] | Literal["upper"] | None = None,
    money_format: str | None = None,
    date_format: str | Mapping[str, str] | None = None,
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
    currency, scale, currencies, money_format, date_format, allow_negative, on_error
        As in `read_deals`.
    rates, rate_day
        As in `read_deals`; a call in another currency is converted by the rate of its ``start``, as a quota is, or of the day
        stated.

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
    mode = checked_mode(on_error)
    fields = ("rep", "start", "end", "given", "category", "amount", "currency")
    here = named(
        any_source(source, ForecastCall), columns, fields, ("start", "end", "given", "amount"), table="forecasts"
    )
    checked_forms(here, date_format)
    judge = Judge(mode, here.source.rows, here.source.lines, here.names)
    judge.hear(here.source.problems)
    book = _labels(here, judge, ("rep", "category"))
    _keyed(judge, book)
    coins = coins_of(
        here,
        judge,
        currency,
        scale,
        rates,
        rate_day,
        currencies,
        allow_negative=allow_negative,
        money_format=money_format,
    )
    book |= coins.column
    if "category" not in book:
        book["category"] = LabelColumn(np.zeros(here.source.rows, dtype=np.int8), ("commit",))
    book |= _days(here, judge, ("start", "end", "given"), date_format)
    hints = {"SM-AMT-04": _FINER}
    book["amount"], converted = coins.amounts(here.raw("amount", "money"), judge, day=_first(book), hints=hints)
    for field in ("start", "end", "given"):
        _required_days(book[field], field, judge)
    book |= _more_labels(here, judge, book, fields)
    clean, kept = judge.settle(_ordered(book, fields), _backward)
    judge.hear(_early(here, clean))
    judge.warn()
    return ForecastBook(
        columns=clean,
        rows=len(kept),
        currency=coins.currency,
        scale=coins.scale,
        rejects=judge.rejects(),
        notes=(*judge.notes, *converted, *here.source.notes),
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


def _days(
    here: Named, judge: Judge, fields: tuple[str, ...], date_format: str | Mapping[str, str] | None
) -> dict[str, Column]:
    """Return the columns of days that the source has."""
    found: dict[str, Column] = {}
    for field in fields:
        if field in here:
            raw, timing = here.raw(field, "day"), here.timing(field)
            column, problems = convert.day(raw, field, date_format=date_format, **timing)
            judge.hear(problems)
            if field in here.shape.inclusive:  # the source names the last day, we the day after it
                column = DayColumn(np.where(column.days >= 0, column.days + 1, -1).astype(np.int32))
            found[field] = column
    return found


def _early(here: Named, book: Mapping[str, Column]) -> list[Problem]:
    """Return the warning of ends that look like last days, where the source names them and nothing says that they are."""
    return early_ends(book, here.names["end"]) if "end" in here and "end" not in here.shape.inclusive else []


def _keyed(judge: Judge, book: Mapping[str, Column]) -> None:
    """Name rows by their rep, where there is one."""
    if "rep" in book:
        judge.keys, judge.noun = book["rep"].user(), "rep"


def _first(book: Mapping[str, Column]) -> IntArray:
    """Return the first day of each row's period, whose rate of exchange counts."""
    start = book["start"]
    assert isinstance(start, DayColumn)
    return start.days.astype(np.int64)


def _required_days(column: Column, field: str, judge: Judge) -> None:
    """Hear the rows without a day that they cannot do without."""
    rows = np.flatnonzero(column.missing())
    if len(rows):
        nothing: list[object] = [None] * len(rows)
        judge.hear([convert.Problem("SM-DAY-16", field, "be given in every row", rows, nothing)])


def _more_labels(here: Named, judge: Judge, book: Mapping[str, Column], fields: tuple[str, ...]) -> dict[str, Column]:
    """Return further columns of texts or whole numbers as labels."""
    wanted = [(ours, theirs) for ours, theirs in here.names.items() if ours not in fields]
    # a map of a system names what is worth having of its tables, which are wide
    wanted += [(name, name) for name in here.others if name not in fields and not here.shape.table]
    found: dict[str, Column] = {}
    for ours, theirs in wanted:
        if ours not in book and here.can_label(ours, theirs):
            raw = here.raw(ours, "label") if ours in here else here.source.raw(theirs, "label")
            found[ours], problems = convert.label(raw, ours)
            judge.hear(problems)
    return found


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


def _starts(book: Mapping[str, Column], periods: Periods) -> DayColumn:
    """Return the first days of the periods that hold the starts; one outside of them all stays, for `_ends` to refuse."""
    start = book["start"]
    assert isinstance(start, DayColumn)
    place = periods.period_of(start.days)
    first = periods.starts[np.maximum(place, 0)] if len(periods.starts) else start.days
    return DayColumn(np.where(place >= 0, first, start.days).astype(np.int32))


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
