"""Raw days and instants to days of the business."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

import numpy as np

from salesmetrics import _check
from salesmetrics.arrays import BoolArray, IntArray
from salesmetrics.columns import DayColumn
from salesmetrics.convert import raw as forms
from salesmetrics.convert.moments import Moments, from_numbers, from_objects, from_stamps, from_texts, nowhere
from salesmetrics.convert.raw import Instants, Problem, Raw, Scaled, Texts, problems_at, whole_problem
from salesmetrics.convert.words import spreadsheet_errors
from salesmetrics.convert.zones import local_days, resolve_zone
from salesmetrics.errors import InvalidTypeError, show

__all__ = ["day"]

_KIND = "hold days"
_LAST = dt.date(2100, 1, 1).toordinal() - _check.EPOCH
_SENTINELS = tuple(
    dt.date(year, month, day).toordinal() - _check.EPOCH
    for year, month, day in ((1900, 1, 1), (2999, 12, 31), (9999, 12, 31))
)


def day(
    raw: Raw,
    field: str,
    *,
    zone: str | dt.tzinfo | None = None,
    date_format: str | None = None,
    sentinels: Iterable[object] = (),
    as_of: object = None,
    instant: bool | None = None,
) -> tuple[DayColumn, list[Problem]]:
    """Return days as whole numbers since 1970-01-01.

    Parameters
    ----------
    raw : numpy.ndarray, Coded, Texts or Instants
        Days or instants: ``datetime64`` of any unit, ``date`` and ``datetime`` objects, ISO texts.
    field : str
        The field, for problems.
    zone : str or tzinfo, optional
        The business time zone, in which an instant becomes a day. Instants without a zone of their own are UTC.
    date_format : str, optional
        How texts or numbers write days: a format of ``strptime``, or ``"unix_s"``, ``"unix_ms"``, ``"excel"``.
    sentinels : iterable of day, optional
        Days that stand for *no day*, such as ``"9999-12-31"``.
    as_of : day, optional
        The day the data were taken; days may lie up to 50 years after it, else up to 2100-01-01.
    instant : bool, optional
        Whether the column holds instants. Where it is not said, a column in which every row is midnight without a zone
        holds days, which are never moved; any other column holds instants.

    Returns
    -------
    column : DayColumn
        The days; bad rows are missing.
    problems : list of Problem
        What is wrong with which rows.

    Examples
    --------
    >>> day(np.array(["2024-06-30T03:30"], dtype="datetime64[s]"), "closed", zone="America/New_York")[0].user()
    array(['2024-06-29'], dtype='datetime64[D]')
    """
    business = resolve_zone(zone)
    listed = [_check.day(sentinel, "sentinels") for sentinel in _several(sentinels)]
    last = _latest(as_of)
    if date_format is not None and not isinstance(date_format, str):
        raise InvalidTypeError(
            f"`date_format` must be a format of strptime; got {show(date_format)}.",
            code="SM-DAY-15",
            field="date_format",
            values=[date_format],
            hint="such as '%d/%m/%Y'.",
        )
    found = _moments(raw, field, date_format)
    missing = found.missing | np.isin(found.days, listed) if listed else found.missing
    unclear, problems = _unclear(found, missing, business, field, instant)
    outside, more = _outside(found, missing | unclear, field, last)
    days = np.where(missing | unclear | outside, 0, found.days)
    if business is not None and instant is not False:
        seconds = np.where(missing | unclear | outside, 0, found.seconds)
        days = _local(days, seconds, found, business, missing | unclear | outside, instant)
    beyond = ~(missing | unclear | outside) & ((days < 0) | (days > last))
    more += problems_at(beyond, found.shown, field, "SM-DAY-05", _bounds(last))
    absent = missing | unclear | outside | beyond
    return DayColumn(np.where(absent, -1, days).astype(np.int32)), found.problems + problems + more


def _several(sentinels: Iterable[object]) -> list[object]:
    if isinstance(sentinels, (str, dt.date, np.datetime64)):
        return [sentinels]
    return list(sentinels)


def _latest(as_of: object) -> int:
    if as_of is None:
        return _LAST
    taken = _check.date_of(as_of if isinstance(as_of, int) else _check.day(as_of, "as_of"))
    year = min(taken.year + 50, 9999)
    leap = (taken.month, taken.day) == (2, 29)
    return (dt.date(year, 3, 1) if leap else taken.replace(year=year)).toordinal() - _check.EPOCH


def _bounds(last: int) -> str:
    return f"lie from 1970-01-01 to {_check.date_of(last)} in every row"


def _moments(raw: Raw, field: str, date_format: str | None) -> Moments:
    if isinstance(raw, Instants):
        return from_stamps(np.asarray(raw.values), np.zeros(len(raw), dtype=bool), field, aware=True)
    if isinstance(raw, Scaled):
        return nowhere(len(raw), [whole_problem(field, "SM-DAY-13", _KIND, "a column of decimals")])
    if isinstance(raw, Texts):
        broken, problems = spreadsheet_errors(raw.values, field)
        found = from_texts(np.where(broken, "", raw.values) if problems else raw.values, field, date_format)
        found.problems.extend(problems)
        return found
    plain = forms.plain(raw, field)
    values, missing, kind = plain.values, plain.missing, plain.values.dtype.kind
    if kind == "M":
        found = from_stamps(values, missing, field)
    elif kind in "iuf":
        found = from_numbers(values, missing, field, date_format)
    elif kind == "O":
        found = from_objects(values, missing, field, date_format)
    elif missing.all():
        found = nowhere(len(values), [])
    else:
        sample = forms.pick(values, np.flatnonzero(~missing)[:1])[0]
        found = nowhere(len(values), [whole_problem(field, "SM-DAY-13", _KIND, sample)])
    found.problems.extend(plain.problems)
    return found


def _unclear(
    found: Moments, missing: BoolArray, zone: dt.tzinfo | None, field: str, instant: bool | None
) -> tuple[BoolArray, list[Problem]]:
    """Return the instants whose day is not known without a zone."""
    nothing = np.zeros(len(found.days), dtype=bool)
    if zone is not None and instant is not False:
        return nothing, []
    moments = (found.aware | found.late | (instant is True)) & ~missing
    hint = "zone='America/New_York', or the zone your business closes its books in, turns instants into days."
    if instant is False:
        hint = "the column is said to hold days; each must be midnight and without a zone."
    rule = "be a day and not an instant, where no `zone` is given"
    return moments, problems_at(moments, found.shown, field, "SM-DAY-04", rule, hint)


def _outside(found: Moments, known: BoolArray, field: str, last: int) -> tuple[BoolArray, list[Problem]]:
    """Return the days beyond the bounds by more than a zone can move them, sentinels told apart."""
    sentinel = ~known & np.isin(found.days, _SENTINELS)
    hint = "sentinels=['9999-12-31'], with the days that stand for no day, makes such rows missing."
    rule = "be no sentinel, a day that stands for no day"
    problems = problems_at(sentinel, found.shown, field, "SM-DAY-06", rule, hint)
    outside = ~known & ~sentinel & ((found.days < -1) | (found.days > last + 1))
    return sentinel | outside, problems + problems_at(outside, found.shown, field, "SM-DAY-05", _bounds(last))


def _local(
    days: IntArray, seconds: IntArray, found: Moments, zone: dt.tzinfo, skip: BoolArray, instant: bool | None
) -> IntArray:
    """Return the days in the zone of those rows that are instants."""
    moved = found.aware.copy()
    if instant is True or (found.late & ~skip & ~found.aware).any():
        moved |= True
    moved &= ~skip
    if not moved.any():
        return days
    result = days.copy()
    result[moved] = local_days(days[moved], seconds[moved], zone)
    return result
