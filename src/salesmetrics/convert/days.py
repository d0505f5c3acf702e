"""Raw days and instants to days of the business."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from typing import Any, Literal, TypeAlias

import numpy as np

from salesmetrics import _check
from salesmetrics.arrays import AnyArray, BoolArray, IntArray
from salesmetrics.columns import DayColumn
from salesmetrics.convert import raw as forms
from salesmetrics.convert.moments import COUNTS, Moments, from_numbers, from_objects, from_stamps, from_texts, nowhere
from salesmetrics.convert.raw import Dated, Instants, Problem, Raw, Scaled, Texts, problems_at, whole_problem
from salesmetrics.convert.words import spreadsheet_errors
from salesmetrics.convert.zones import local_days, resolve_zone
from salesmetrics.errors import InvalidArgumentError, InvalidTypeError, show

__all__ = ["day"]

Timing: TypeAlias = bool | Literal["clock"] | None

_KIND = "hold days"
_LONGEST = 100
_DIRECTIVE = re.compile("%(.?)", re.DOTALL)
_DIRECTIVES = frozenset("aAbBcdfGHIjmMpSuUVwWxXyYzZ")
_RECENT = "not lie before 1990-01-01 where a column holds instants"
_UNITS = "milliseconds read as seconds, or the like, land in January 1970; read the column once more from its numbers."
_LAST = dt.date(2100, 1, 1).toordinal() - _check.EPOCH
_BLOCK = 1 << 16
_NAT = int(np.iinfo(np.int64).min)
_IN_A_DAY = {
    np.dtype(f"=M8[{unit}]"): count
    for unit, count in (("D", 1), ("s", 86_400), ("ms", 86_400_000), ("us", 86_400_000_000), ("ns", 86_400_000_000_000))
}
"""How many of its units a day has, for stamps of which days are midnights."""
_NOT_YET = _check.EPOCH - 1
_SENTINELS = tuple(
    dt.date(year, month, day).toordinal() - _check.EPOCH
    for year, month, day in ((1900, 1, 1), (2999, 12, 31), (9999, 12, 31))
)


def day(
    raw: Raw,
    field: str,
    *,
    zone: str | dt.tzinfo | None = None,
    date_format: str | Mapping[str, str] | None = None,
    sentinels: Iterable[object] = (),
    as_of: object = None,
    instant: Timing = None,
    earliest: int | None = None,
) -> tuple[DayColumn, list[Problem]]:
    """Return days as whole numbers since 1970-01-01.

    Parameters
    ----------
    raw : numpy.ndarray, Coded, Texts, Instants or Dated
        Days or instants: ``datetime64`` of any unit, ``date`` and ``datetime`` objects, ISO texts.
    field : str
        The field, for problems.
    zone : str or tzinfo, optional
        The business time zone, in which an instant becomes a day. Instants without a zone of their own are UTC.
    date_format : str or mapping of str to str, optional
        How texts or numbers write days: a format of ``strptime``, or ``"unix_s"``, ``"unix_ms"``, ``"excel"``. A mapping
        holds those of the fields that are not written as ISO says.
    sentinels : iterable of day, optional
        Days that stand for *no day*, such as ``"9999-12-31"``.
    as_of : day, optional
        The day the data were taken; days may lie up to 50 years after it, else up to 2100-01-01.
    instant : bool or "clock", optional
        Whether the column holds instants. Days are midnights, of UTC where they say a zone, and never moved. On the clock of
        the business, the time of day is cut off. Where nothing is said, a column in which every row is midnight without a
        zone holds days; any other column holds instants, which say their zone in every row or in none.
    earliest : int, optional
        Day before which no instant of the source can lie, such as that of 1990-01-01 for a CRM.

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
    form = form_of(date_format, field)
    if not listed and instant is not True and (plain := _plain_days(raw, earliest, last)) is not None:
        return DayColumn(plain), []
    found = _moments(raw, field, form)
    missing = found.missing | np.isin(found.days, listed) if listed else found.missing
    unclear, problems = _unclear(found, missing, business, field, instant)
    outside, more = _outside(found, missing | unclear, field, last)
    if earliest is not None and len(found.days) and found.days.min() < earliest:
        old = ~(missing | unclear | outside) & (found.days >= 0) & (found.days < earliest)
        outside = outside | old
        more += problems_at(old, found.shown, field, "SM-DAY-12", _RECENT, _UNITS)
    days = np.where(missing | unclear | outside, 0, found.days)
    if business is not None and instant is not False and instant != "clock":
        seconds = np.where(missing | unclear | outside, 0, found.seconds)
        days = _local(days, seconds, found, business, missing | unclear | outside, instant)
    beyond = ~(missing | unclear | outside) & ((days < 0) | (days > last))
    more += problems_at(beyond, found.shown, field, "SM-DAY-05", _bounds(last))
    absent = missing | unclear | outside | beyond
    return DayColumn(np.where(absent, -1, days).astype(np.int32)), found.problems + problems + more


def _plain_days(raw: Raw, earliest: int | None, last: int) -> AnyArray | None:
    """Return the days of a column of whole days in which nothing is amiss, None for any other."""
    first, latest = max(earliest or 0, 0), min(last, _SENTINELS[1] - 1)
    if isinstance(raw, Dated):
        absent = 0 if raw.missing is None else int(np.count_nonzero(raw.missing))
        if len(raw) == absent or int(raw.values.max()) > latest:
            return None
        early = int(np.count_nonzero(raw.values < first)) if absent or int(raw.values.min()) < first else 0
        return raw.values if early == absent else None  # what is missing is -1, and no other day is before the first
    if type(raw) is not np.ndarray or raw.ndim != 1 or not len(raw):
        return None
    if raw.dtype.kind == "O":
        return _days_of_dates(raw.tolist(), first, latest)
    return _days_of_stamps(raw, first, latest) if raw.dtype in _IN_A_DAY else None


def _days_of_stamps(stamps: AnyArray, first: int, latest: int) -> AnyArray | None:
    """Return the days of stamps that are all midnights, some of them known, in none of which anything is amiss."""
    counts, days, unit = stamps.view(np.int64), np.empty(len(stamps), dtype=np.int32), _IN_A_DAY[stamps.dtype]
    dated = False
    for start in range(0, len(stamps), _BLOCK):
        block, out = counts[start : start + _BLOCK], days[start : start + _BLOCK]
        absent = block == _NAT if int(block.min()) == _NAT else None
        if unit > 1:
            whole = block // unit
            midnight = np.equal(whole * unit, block)
            if not (midnight if absent is None else midnight | absent).all():
                return None
            block = whole
        known = True if absent is None else ~absent
        low = int(np.minimum.reduce(block, where=known, initial=latest))
        if low < first or int(block.max()) > latest:  # NaT is before all others
            return None
        np.copyto(out, block, casting="unsafe")
        if absent is not None:
            out *= known
            out -= absent
        dated = dated or absent is None or not absent.all()
    return days if dated else None


def _days_of_dates(dates: list[Any], first: int, latest: int) -> AnyArray | None:
    """Return the days of dates and None, in none of which anything is amiss; None for any other list."""
    if not set(map(type, dates)) <= {dt.date, type(None)}:
        return None
    absent = dates.count(None)
    if absent == len(dates):
        return np.full(len(dates), -1, dtype=np.int32)
    ordinal = dt.date.toordinal
    counts = map(ordinal, dates) if not absent else (_NOT_YET if date is None else ordinal(date) for date in dates)
    days = np.fromiter(counts, dtype=np.int32, count=len(dates))
    days -= np.int32(_check.EPOCH)
    early = int(np.count_nonzero(days < first))  # what is missing is -1, and no other day is before the first
    return days if early == absent and int(days.max()) <= latest else None


def form_of(date_format: str | Mapping[str, str] | None, field: str) -> str | None:
    """Return how a field writes days, or raise where that is no format."""
    form = date_format.get(field) if isinstance(date_format, Mapping) else date_format
    _checked_format(form)
    return form


def _checked_format(date_format: object) -> None:
    """Raise where a format is no text, or none that `datetime.datetime.strptime` can use."""
    if date_format is None:
        return
    hint = "such as '%d/%m/%Y'; 'unix_s', 'unix_ms' and 'excel' read numbers."
    if not isinstance(date_format, str):
        raise InvalidTypeError(
            f"`date_format` must be a format of strptime; got {show(date_format)}.",
            code="SM-DAY-15",
            field="date_format",
            values=[date_format],
            hint=hint,
        )
    given = [directive for directive in _DIRECTIVE.findall(date_format[:_LONGEST]) if directive != "%"]
    long = len(date_format) > _LONGEST
    if long or not (given or date_format in COUNTS) or set(given) - _DIRECTIVES or len(set(given)) < len(given):
        raise InvalidArgumentError(
            f"`date_format` must be a format of strptime with each directive once; got {show(date_format)}.",
            code="SM-DAY-15",
            field="date_format",
            values=[date_format],
            hint=hint,
        )


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
    found: Moments, missing: BoolArray, zone: dt.tzinfo | None, field: str, instant: Timing
) -> tuple[BoolArray, list[Problem]]:
    """Return the instants whose day is not known without a zone, or that may be of another zone than the rest."""
    nothing = np.zeros(len(found.days), dtype=bool)
    if instant == "clock":
        return nothing, []
    if instant is None and zone is not None:
        return _torn(found, missing, field)
    if zone is not None and instant is not False:
        return nothing, []
    if instant is not True and not found.aware.any() and not found.late.any():
        return nothing, []
    moments = (found.aware | found.late | (instant is True)) & ~missing
    hint = "zone='America/New_York', or the zone your business closes its books in, turns instants into days."
    if instant is False:
        moments = found.late & ~missing  # a midnight of UTC is how some systems write a day
        hint = "the column is said to hold days; each must be midnight, of UTC where it says a zone."
    rule = "be a day and not an instant" + ("" if instant is False else ", where no `zone` is given")
    return moments, problems_at(moments, found.shown, field, "SM-DAY-04", rule, hint)


def _torn(found: Moments, missing: BoolArray, field: str) -> tuple[BoolArray, list[Problem]]:
    """Return the moments without a zone in a column in which others say theirs."""
    torn = ~found.aware & ~missing
    if not found.aware.any() or not torn.any():
        return np.zeros(len(torn), dtype=bool), []
    rule = "say its zone in every row or in none"
    hint = "write them all as 2026-01-05T14:30:00Z, or make them all of one zone without saying it."
    return torn, problems_at(torn, found.shown, field, "SM-DAY-18", rule, hint)


def _outside(found: Moments, known: BoolArray, field: str, last: int) -> tuple[BoolArray, list[Problem]]:
    """Return the days beyond the bounds by more than a zone can move them, sentinels told apart."""
    if len(found.days) and found.days.min() >= 0 and found.days.max() <= min(last, _SENTINELS[1] - 1):
        return np.zeros(len(found.days), dtype=bool), []
    sentinel = ~known & np.isin(found.days, _SENTINELS)
    hint = "sentinels=['9999-12-31'], with the days that stand for no day, makes such rows missing."
    rule = "be no sentinel, a day that stands for no day"
    problems = problems_at(sentinel, found.shown, field, "SM-DAY-06", rule, hint)
    outside = ~known & ~sentinel & ((found.days < -1) | (found.days > last + 1))
    return sentinel | outside, problems + problems_at(outside, found.shown, field, "SM-DAY-05", _bounds(last))


def _local(
    days: IntArray, seconds: IntArray, found: Moments, zone: dt.tzinfo, skip: BoolArray, instant: Timing
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
