"""Moments of UTC to days of a business time zone."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np

from salesmetrics.arrays import IntArray
from salesmetrics.errors import InvalidArgumentError, InvalidTypeError, show

__all__ = ["SECONDS", "local_days", "resolve_zone"]

SECONDS = 86_400
"""Seconds of a day."""

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def resolve_zone(zone: str | dt.tzinfo | None) -> dt.tzinfo | None:
    """Return the time zone that an argument names.

    Parameters
    ----------
    zone : str, tzinfo or None
        A name of the IANA database, such as ``"America/New_York"``.

    Returns
    -------
    tzinfo or None
        The zone.

    Raises
    ------
    InvalidArgumentError
        If there is no such zone.
    InvalidTypeError
        If it is no name.
    """
    if zone is None or isinstance(zone, dt.tzinfo):
        return zone
    if not isinstance(zone, str):
        raise InvalidTypeError(
            f"`zone` must be the name of a time zone; got {show(zone)}.",
            code="SM-DAY-11",
            field="zone",
            values=[zone],
            hint="such as 'America/New_York'.",
        )
    try:
        return ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InvalidArgumentError(
            f"`zone` must be a time zone of the IANA database; got {show(zone)}.",
            code="SM-DAY-11",
            field="zone",
            values=[zone],
            hint="such as 'America/New_York'; where the system has no such database, install tzdata.",
        ) from error


def local_days(days: IntArray, seconds: IntArray, zone: dt.tzinfo) -> IntArray:
    """Return the day in a zone of each moment of UTC.

    Parameters
    ----------
    days : numpy.ndarray of int64
        Days of UTC since 1970-01-01, within the years 1 to 9998.
    seconds : numpy.ndarray of int64
        Seconds since midnight UTC.
    zone : tzinfo
        The zone.

    Returns
    -------
    numpy.ndarray of int64
        Days since 1970-01-01.

    Notes
    -----
    The offset is asked for at both ends of each different day. Where the two differ, the second of the change is found
    by bisection: a zone changes its offset at most once a day.
    """
    if not len(days):
        return days
    first = int(days.min())
    wanted = np.flatnonzero(np.bincount(days - first)) + first
    before, change, after = _changes(wanted.tolist(), zone)
    place = np.zeros(int(wanted[-1]) - first + 1, dtype=np.int64)
    place[wanted - first] = np.arange(len(wanted))
    row = place[days - first]
    moved = seconds + np.where(seconds < change[row], before[row], after[row])
    return days + moved // SECONDS


def _changes(days: list[int], zone: dt.tzinfo) -> tuple[IntArray, IntArray, IntArray]:
    """Return for each day of UTC its first offset, the second at which it changes, and its last offset."""
    known: dict[int, int] = {}
    rows = []
    for day in days:
        start = known[day] if day in known else _offset(day * SECONDS, zone)
        end = known[day + 1] = _offset((day + 1) * SECONDS, zone)
        rows.append((start, SECONDS if start == end else _bisect(day, start, zone), end))
    table = np.array(rows, dtype=np.int64)
    return table[:, 0], table[:, 1], table[:, 2]


def _bisect(day: int, start: int, zone: dt.tzinfo) -> int:
    low, high = 0, SECONDS
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(day * SECONDS + middle, zone) == start:
            low = middle
        else:
            high = middle
    return high


def _offset(second: int, zone: dt.tzinfo) -> int:
    offset = (_EPOCH + dt.timedelta(seconds=second)).astimezone(zone).utcoffset()
    return 0 if offset is None else offset // dt.timedelta(seconds=1)
