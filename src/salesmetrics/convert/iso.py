"""Many ISO texts at once: digits as numbers, column by column."""

from __future__ import annotations

import attrs
import numpy as np

from salesmetrics.arrays import AnyArray, BoolArray, IntArray

__all__ = ["Parsed", "parsed"]

_BLOCK = 1 << 16
_LONGEST = 40
_LENGTHS = 4
_SUFFIXES = ("Z", "+0000", "+00:00", " UTC")
_MONTHS = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
_DASH, _COLON, _POINT, _ZERO = b"-:.0"
_BETWEEN = b"T "


@attrs.frozen(eq=False)
class Parsed:
    """Whole days since 1970-01-01 of UTC or of no zone, seconds of the day, whether not midnight, whether of UTC."""

    days: IntArray
    seconds: IntArray
    late: BoolArray
    aware: BoolArray


def parsed(texts: list[str]) -> Parsed | None:
    """Return ISO texts of days, or of moments of UTC or no zone; None where any is written in another way.

    Parameters
    ----------
    texts : list of str
        Texts, none of them empty.

    Returns
    -------
    Parsed or None
        What they say. Other offsets, and texts that say nothing, are left to a slower way that can name them.

    Examples
    --------
    >>> found = parsed(["2026-01-05T14:30:00Z", "2026-01-06T00:00:00Z"])
    >>> found.days.tolist(), found.seconds.tolist(), found.late.tolist()
    ([20458, 20459], [52200, 0], [True, False])
    >>> parsed(["2026-01-05T14:30:00-0500"]) is None
    True
    """
    lengths = np.fromiter(map(len, texts), dtype=np.int64, count=len(texts))
    several = np.unique(lengths)
    if not len(several) or len(several) > _LENGTHS or several[0] < 10 or several[-1] > _LONGEST:
        return None
    out = [np.zeros(len(texts), dtype=kind) for kind in (np.int64, np.int64, bool, bool)]
    for length in several.tolist():
        rows = np.flatnonzero(lengths == length)
        for start in range(0, len(rows), _BLOCK):
            block = rows[start : start + _BLOCK]
            found = _of_one_length([texts[row] for row in block.tolist()], length)
            if found is None:
                return None
            for column, values in zip(out, found, strict=True):
                column[block] = values
    return Parsed(*out)


def _of_one_length(texts: list[str], length: int) -> tuple[IntArray, IntArray, BoolArray, bool] | None:
    """Return days, seconds, lateness and whether they are of UTC; None where one is written in another way."""
    joined = "".join(texts)
    if not joined.isascii():
        return None
    grid = np.frombuffer(joined.encode("ascii"), dtype=np.uint8).reshape(-1, length)
    suffix = next((ending for ending in _SUFFIXES if texts[0].endswith(ending)), "")
    body = length - len(suffix)
    if not _framed(grid, body, suffix):
        return None
    digits = grid - np.uint8(_ZERO)  # anything but a digit becomes larger than 9
    places = [*range(4), 5, 6, 8, 9, *([11, 12, 14, 15] if body > 10 else []), *([17, 18] if body > 16 else [])]
    if (digits[:, [*places, *range(20, body)]] > 9).any():
        return None
    days = _days(_number(digits, 0, 4), _number(digits, 5, 7), _number(digits, 8, 10))
    hour = _number(digits, 11, 13) if body > 10 else np.zeros(len(texts), dtype=np.int64)
    minute = _number(digits, 14, 16) if body > 10 else np.zeros_like(hour)
    second = _number(digits, 17, 19) if body > 16 else np.zeros_like(hour)
    if days is None or (hour > 23).any() or (minute > 59).any() or (second > 59).any():
        return None
    seconds = hour * 3600 + minute * 60 + second
    return days, seconds, (seconds > 0) | (digits[:, 20:body] > 0).any(axis=1), bool(suffix)


def _framed(grid: AnyArray, body: int, suffix: str) -> bool:
    """Return whether dashes, colons and the ending stand where they must in every row."""
    if body not in (10, 16, 19) and body < 21:
        return False
    if body == 10 and suffix:
        return False
    marks = [(4, _DASH), (7, _DASH)]
    marks += [(13, _COLON)] if body > 10 else []
    marks += [(16, _COLON)] if body > 16 else []
    marks += [(19, _POINT)] if body > 19 else []
    if not all((grid[:, place] == mark).all() for place, mark in marks):
        return False
    if body > 10 and not np.isin(grid[:, 10], list(_BETWEEN)).all():
        return False
    return bool((grid[:, body:] == np.frombuffer(suffix.encode("ascii"), dtype=np.uint8)).all())


def _number(digits: AnyArray, start: int, stop: int) -> IntArray:
    number = np.zeros(len(digits), dtype=np.int64)
    for place in range(start, stop):
        number = number * 10 + digits[:, place]
    return number


def _days(year: IntArray, month: IntArray, day: IntArray) -> IntArray | None:
    """Return days since 1970-01-01 of the calendar that numpy and the standard library share; None where one is no day."""
    if (year < 1).any() or (month < 1).any() or (month > 12).any() or (day < 1).any():
        return None
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    if (day > _MONTHS[month] + (leap & (month == 2))).any():
        return None
    months = (year - 1970) * 12 + month - 1
    first = months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    return first + day - 1
