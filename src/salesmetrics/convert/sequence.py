"""The order of instants within a day."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from salesmetrics.arrays import IntArray
from salesmetrics.convert.days import _moments, form_of
from salesmetrics.convert.moments import Moments
from salesmetrics.convert.raw import Instants, Raw, Texts

__all__ = ["microseconds", "padded_hours"]

_FRACTION = re.compile(r"\d[:]\d\d\.(\d{1,9})")
_SHORT_HOUR = re.compile(r"(\d{4}-\d\d-\d\d[ T])(\d:)")
_DAY = 86_400


def microseconds(raw: Raw, field: str, date_format: str | Mapping[str, str] | None = None) -> IntArray | None:
    """Return the microsecond since 1970 of each instant, None where every row is midnight: then rows hold days.

    What is no instant counts as the first of all; `day` says what is wrong with it.
    """
    found: Moments = _moments(raw, field, form_of(date_format, field))
    if not bool((found.late & ~found.missing).any()):
        return None
    seconds = np.where(found.missing, 0, found.days * _DAY + found.seconds)
    whole: IntArray = seconds.astype(np.int64) * 1_000_000 + _fractions(raw)
    return whole


def _fractions(raw: Raw) -> IntArray | int:
    """Return the microseconds behind the whole second."""
    values: Any = raw.values if isinstance(raw, (Texts, Instants)) else raw
    if not isinstance(values, np.ndarray):
        return 0
    if values.dtype.kind == "M":
        counts = values.astype("datetime64[us]").astype(np.int64)
        return np.where(np.isnat(values), 0, counts % 1_000_000).astype(np.int64)
    if values.dtype.kind in "OUT":
        return np.fromiter((_fraction(value) for value in values.tolist()), dtype=np.int64, count=len(values))
    return 0


def _fraction(value: object) -> int:
    if isinstance(value, str):
        found = _FRACTION.search(value)
        return int(found.group(1)[:6].ljust(6, "0")) if found else 0
    return int(getattr(value, "microsecond", 0) or 0)


def padded_hours(raw: Raw) -> Raw:
    """Return instants with hours of two digits: some exports write ``2021-01-07 6:49:18``."""
    values: Any = raw.values if isinstance(raw, Texts) else raw
    if not isinstance(values, np.ndarray) or values.dtype.kind != "O":
        return raw
    short = np.fromiter((isinstance(v, str) and _SHORT_HOUR.match(v) is not None for v in values), bool, len(values))
    if not short.any():
        return raw
    mended: Any = values.copy()
    mended[short] = [_SHORT_HOUR.sub(r"\g<1>0\g<2>", value) for value in values[short]]
    return Texts(mended, raw.lines) if isinstance(raw, Texts) else mended
