"""Days and instants, however they are written, as whole days and seconds."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from typing import Any, TypeAlias

import attrs
import numpy as np

from salesmetrics._check import EPOCH
from salesmetrics.arrays import AnyArray, BoolArray, IntArray
from salesmetrics.convert import raw as forms
from salesmetrics.convert.iso import parsed
from salesmetrics.convert.raw import Problem, problems_at, whole_problem
from salesmetrics.convert.words import LONGEST_NUMBER, each_distinct, is_plain_decimal
from salesmetrics.convert.zones import SECONDS

__all__ = ["COUNTS", "Moments", "from_numbers", "from_objects", "from_stamps", "from_texts", "nowhere"]

Moment: TypeAlias = tuple[int, int, bool, bool]
"""Day, second of the day, whether it is not midnight, whether its zone is known."""

_PER_DAY = {"h": 24, "m": 1440, "s": SECONDS} | {f: SECONDS * 10**n for f, n in (("ms", 3), ("us", 6), ("ns", 9))}
_PER_DAY |= {"ps": SECONDS * 10**12, "fs": SECONDS * 10**15}
_FORMATS = (
    *("%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y/%m/%d", "%Y%m%d"),
    *("%d/%m/%y", "%m/%d/%y", "%d/%m/%Y %H:%M", "%m/%d/%Y %H:%M"),
)
COUNTS = {"unix_s": (SECONDS, 0), "unix_ms": (SECONDS * 1000, 0), "excel": (1, -25569)}
"""What numbers can count: how many make a day, and how many days the count is off."""
_OLDEST_COUNT = dt.date(1990, 1, 1).toordinal() - EPOCH
_FAR = 2**40


@attrs.frozen(eq=False)
class Moments:
    """Whole days since 1970-01-01, of UTC or of no zone, and the seconds within the day."""

    days: IntArray
    seconds: IntArray
    late: BoolArray
    aware: BoolArray
    missing: BoolArray
    shown: AnyArray
    problems: list[Problem]


def nowhere(rows: int, problems: list[Problem]) -> Moments:
    """Return a column in which every row is missing."""
    zero, none = np.zeros(rows, dtype=np.int64), np.zeros(rows, dtype=bool)
    return Moments(zero, zero, none, none, ~none, zero, problems)


def from_stamps(values: AnyArray, missing: BoolArray, field: str, *, aware: bool = False) -> Moments:
    """Return a ``datetime64`` column of any unit but the generic one, years and months; nothing is cast to ns."""
    unit, step = np.datetime_data(values.dtype)
    missing = missing | np.isnat(values)
    if missing.all():
        return nowhere(len(values), [])
    holes = bool(missing.any())
    if unit in ("generic", "Y", "M", "as"):
        rule = "hold days: a datetime64 of unit W, D or finer"
        hint = None if unit == "as" else "say which day is meant: column.astype('datetime64[D]')."
        return nowhere(len(values), [whole_problem(field, "SM-DAY-14", rule, values[~missing][0], hint)])
    counts = values.astype(np.int64)
    if holes:
        counts[missing] = 0
    none = np.zeros(len(values), dtype=bool)
    if unit in ("W", "D"):
        factor = step * (7 if unit == "W" else 1)
        if int(counts.min()) * factor < -_FAR or int(counts.max()) * factor > _FAR:
            counts = np.clip(counts, -(_FAR // factor), _FAR // factor)
        days = counts if factor == 1 else counts * factor
        return Moments(days, np.zeros(len(days), np.int64), none, none | aware, missing, values, [])
    if step != 1:
        counts = values.astype(f"datetime64[{unit}]").astype(np.int64)
        counts[missing] = 0
    days = counts // np.int64(_PER_DAY[unit])
    rest = counts - days * np.int64(_PER_DAY[unit])
    late = rest != 0
    seconds = _seconds(rest, _PER_DAY[unit]) if aware or late.any() else rest
    return Moments(np.clip(days, -_FAR, _FAR), seconds, late, none | aware, missing, values, [])


def _seconds(rest: IntArray, per_day: int) -> IntArray:
    return rest // (per_day // SECONDS) if per_day >= SECONDS else rest * (SECONDS // per_day)


def from_objects(values: AnyArray, missing: BoolArray, field: str, date_format: str | None) -> Moments:
    """Return a column of ``date``, ``datetime`` and ``datetime64`` objects, or one of texts."""
    kinds = np.where(missing, forms.MISSING, forms.kinds_of(values))
    missing = kinds == forms.MISSING
    text = kinds == forms.TEXT
    dated = (kinds == forms.DAY) | (kinds == forms.INSTANT) | (kinds == forms.STAMP)
    number = (kinds == forms.WHOLE) | (kinds == forms.FLOAT)
    if number.any() and not (text | dated).any():
        return _number_objects(values, number, field, date_format)
    wanted = text if text.sum() > dated.sum() else dated
    hint = f"most rows hold {'texts' if wanted is text else 'dates'}; turn the others into such."
    other = ~wanted & ~missing
    problems = problems_at(other, values, field, "SM-DAY-09", "be all dates or all texts", hint)
    if wanted is text:
        texts = np.full(len(values), "", dtype=object)
        texts[wanted] = [str.__str__(value) for value in values[wanted]]
        found = from_texts(texts, field, date_format)
        return attrs.evolve(found, problems=problems + found.problems)
    table = np.zeros((len(values), 4), dtype=np.int64)
    rows = np.flatnonzero(wanted)
    if (kinds[rows] == forms.DAY).all():
        table[rows, 0] = np.fromiter(map(dt.date.toordinal, values[rows].tolist()), np.int64, len(rows)) - EPOCH
    else:
        table[rows] = np.array([_of_object(value) for value in values[rows]], dtype=np.int64).reshape(-1, 4)
    return _from_table(table, ~wanted, values, problems)


def _from_table(table: AnyArray, missing: BoolArray, shown: AnyArray, problems: list[Problem]) -> Moments:
    late, aware = table[:, 2].astype(bool), table[:, 3].astype(bool)
    return Moments(table[:, 0], table[:, 1], late, aware, missing, shown, problems)


def _number_objects(values: AnyArray, number: BoolArray, field: str, date_format: str | None) -> Moments:
    numbers = np.full(len(values), np.nan)
    numbers[number] = [float(max(min(value, 2**62), -(2**62))) for value in values[number]]
    return from_numbers(numbers, ~number, field, date_format)


def _of_object(value: Any) -> Moment:
    if isinstance(value, np.datetime64):
        found = from_stamps(np.array([value]), np.zeros(1, dtype=bool), "day")
        if found.problems:
            return -_FAR, 0, False, False
        return int(found.days[0]), int(found.seconds[0]), bool(found.late[0]), False
    if not isinstance(value, dt.datetime):
        return value.toordinal() - EPOCH, 0, False, False
    offset = value.utcoffset()
    second = value.hour * 3600 + value.minute * 60 + value.second
    day = value.toordinal() - EPOCH
    late = bool(second or value.microsecond)
    if offset is not None:
        more, second = divmod(second - offset // dt.timedelta(seconds=1), SECONDS)
        day += more
    return day, second, late, offset is not None


def from_texts(texts: AnyArray, field: str, date_format: str | None) -> Moments:
    """Return a column of texts: ISO days and instants, or the stated format; ``""`` is missing."""
    if date_format in COUNTS:
        return _counts_of_texts(texts, field, date_format)
    blank = np.asarray(texts == "", dtype=bool)
    if date_format is None and (found := _at_once(texts, blank)) is not None:
        return found
    read = _iso if date_format is None else _reader(date_format)
    moments = each_distinct(texts, read)
    bad = np.fromiter((moment is None for moment in moments), dtype=bool, count=len(moments)) & ~blank
    table = np.array([moment or (0, 0, 0, 0) for moment in moments], dtype=np.int64).reshape(-1, 4)
    problems = []
    if bad.any():
        rule = "be a day YYYY-MM-DD" if date_format is None else f"be a day as date_format={date_format!r} writes it"
        hint = _fitting(texts[~blank]) if date_format is None else None
        problems = problems_at(bad, texts, field, "SM-DAY-08", f"{rule} in every row", hint)
    return _from_table(table, blank | bad, texts, problems)


def _at_once(texts: AnyArray, blank: BoolArray) -> Moments | None:
    """Return a column of plain ISO texts in one go, None where any row is written in another way."""
    given = np.flatnonzero(~blank)
    found = parsed(texts[given].tolist()) if len(given) else None
    if found is None:
        return None
    days, seconds = np.zeros(len(texts), dtype=np.int64), np.zeros(len(texts), dtype=np.int64)
    late, aware = np.zeros(len(texts), dtype=bool), np.zeros(len(texts), dtype=bool)
    days[given], seconds[given], late[given], aware[given] = found.days, found.seconds, found.late, found.aware
    return Moments(days, seconds, late, aware, blank, texts, [])


def _iso(text: str) -> Moment | None:
    """Return the moment of an ISO text; only the plain forms with dashes and colons are taken, and an hour of one digit."""
    if text[12:13] == ":" and text[11:12].isdigit():
        text = f"{text[:11]}0{text[11:]}"
    if not (10 <= len(text) <= LONGEST_NUMBER and text.isascii() and text[4] == "-" and text[7] == "-"):
        return None
    try:
        if len(text) == 10:
            return dt.date.fromisoformat(text).toordinal() - EPOCH, 0, False, False
        if text[10] not in " T" or text[13:14] != ":":
            return None
        return _of_object(dt.datetime.fromisoformat(text[:-4] + "+00:00" if text.endswith(" UTC") else text))
    except ValueError:
        return None


def _reader(date_format: str) -> Callable[[str], Moment | None]:
    def read(text: str) -> Moment | None:
        if len(text) > LONGEST_NUMBER or not text.isascii():
            return None
        try:
            return _of_object(dt.datetime.strptime(text, date_format))
        except (ValueError, re.error):  # %c and %x hold other directives
            return None

    return read


def _fitting(texts: AnyArray) -> str:
    """Return the hint that names the formats which fit every text."""
    distinct = list(dict.fromkeys(texts.tolist()))
    fitting = [form for form in _FORMATS if all(map(_reader(form), distinct))]
    if not fitting:
        counts = distinct if all(map(is_plain_decimal, distinct)) else []
        looks = _guess(np.array(list(map(float, counts)))) if counts else ""
        if looks.startswith("they look like"):
            return looks
        return "write days as 2026-10-31, or state their form by date_format=, such as date_format='%d/%m/%Y'."
    listed = " and ".join(repr(form) for form in fitting)
    return f"every row fits {listed}: state which is meant by date_format=."


def from_numbers(values: AnyArray, missing: BoolArray, field: str, date_format: str | None) -> Moments:
    """Return a column of numbers, which are days only where ``date_format`` says how."""
    missing = missing | np.isnan(values) if values.dtype.kind == "f" else missing
    present = values[~missing]
    if not len(present):
        return nowhere(len(values), [])
    if date_format is None:
        value = forms.pick(present, np.arange(1))[0]
        return nowhere(
            len(values), [whole_problem(field, "SM-DAY-07", "hold days, not numbers", value, _guess(present))]
        )
    if date_format in COUNTS:
        return _counted(values, missing, field, date_format)
    texts = np.full(len(values), "", dtype=object)
    texts[~missing] = [str(int(value)) if np.isfinite(value) else str(value) for value in present.tolist()]
    return from_texts(texts, field, date_format)


def _counts_of_texts(texts: AnyArray, field: str, date_format: str) -> Moments:
    blank = np.asarray(texts == "", dtype=bool)
    good = np.fromiter((text.isascii() and text.isdigit() and len(text) < 18 for text in texts), bool, len(texts))
    numbers = np.zeros(len(texts), dtype=np.int64)
    numbers[good] = [int(text) for text in texts[good]]
    rule = f"be a whole number as date_format={date_format!r} counts in every row"
    problems = problems_at(~good & ~blank, texts, field, "SM-DAY-08", rule)
    found = _counted(numbers, ~good, field, date_format)
    return attrs.evolve(found, shown=texts, problems=problems + found.problems)


def _counted(values: AnyArray, missing: BoolArray, field: str, date_format: str) -> Moments:
    """Return counts since an epoch; before 1990 they are seconds read as milliseconds, or the like."""
    per_day, shift = COUNTS[date_format]
    with np.errstate(invalid="ignore"):
        inside = ~missing & (values > -(2**53)) & (values < 2**53)
    whole = np.where(inside, values, 0).astype(np.float64 if values.dtype.kind == "f" else np.int64)
    with np.errstate(under="ignore"):  # a moment too short for a float to hold is none
        days, rest = np.divmod(whole, per_day)
        seconds = (rest * SECONDS // per_day).astype(np.int64)
    days = days.astype(np.int64) + shift
    old = ~missing & (~inside | (days < _OLDEST_COUNT))
    rule = f"not lie before 1990-01-01 where instants are counted ({date_format!r})"
    problems = problems_at(old, values, field, "SM-DAY-12", rule, _guess(values[~missing]) if old.any() else None)
    aware = np.zeros(len(values), dtype=bool)
    return Moments(days, seconds, rest != 0, aware, missing | old, values, problems)


def _guess(present: AnyArray) -> str:
    """Return the hint that says what numbers look like."""
    low, high = float(present.min()), float(present.max())
    looks: tuple[tuple[float, float, str, str | None], ...] = (
        (19000101, 21001231, "days written as yyyymmdd", "%Y%m%d"),
        (2e8, 6e9, "Unix seconds", "unix_s"),
        (2e11, 6e12, "Unix milliseconds", "unix_ms"),
        (2e14, 6e15, "Unix microseconds", None),
        (2e17, 6e18, "Unix nanoseconds", None),
        (10_000, 80_000, "Excel serials", "excel"),
    )
    for least, most, name, form in looks:
        if least <= low and high <= most:
            way = f"date_format={form!r} reads them" if form else "turn them into datetime64 first"
            return f"they look like {name}: {way}."
    return "give dates, ISO texts or datetime64."
