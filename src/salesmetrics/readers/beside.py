"""What a rep has several of, absences and shares of a ramp, as objects or written in one cell."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from salesmetrics import convert, fields
from salesmetrics.arrays import AnyArray
from salesmetrics.calendars import Period
from salesmetrics.convert import Problem
from salesmetrics.convert.words import is_plain_decimal
from salesmetrics.errors import SalesMetricsError
from salesmetrics.readers.mapped import Named

__all__ = ["beside"]

_FORMS = {
    "absences": "hold periods such as 2026-01-05/2026-02-01, with a blank between two",
    "ramp": "hold shares such as 0 0.5 1, one for each month of tenure",
}
_LONGEST = 4096


def beside(here: Named, name: str) -> tuple[AnyArray | None, list[Problem]]:
    """Return the absences or the ramp of each rep, and the rows in which they cannot be read.

    Parameters
    ----------
    here : Named
        The source. Objects hold periods and shares; any other source holds them as `RepBook` writes them.
    name : {"absences", "ramp"}
        Which of the two.

    Returns
    -------
    held : numpy.ndarray of object or None
        A tuple for each row; None where the source has no such column.
    problems : list of Problem
        What is wrong with which rows.
    """
    if here.source.kind == "objects":
        return np.asarray(here.source.raw(name, "text"), dtype=object), []
    if name not in here.source.names:
        return None, []
    column, problems = convert.label(here.source.raw(name, "label"), name)
    read: Callable[[str], tuple[Any, ...]] = _absences if name == "absences" else _ramp
    known = [_read(level, read) for level in column.levels]
    table = np.empty(len(known) + 1, dtype=object)
    table[:] = [*(() if held is None else held for held in known), ()]
    wrong = np.array([*(held is None for held in known), False], dtype=bool)[column.codes]
    if wrong.any():
        rows = np.flatnonzero(wrong).astype(np.int64)
        problems.append(Problem("SM-REP-10", name, _FORMS[name], rows, list(column.user()[rows])))
    return table[column.codes], problems


def _read(text: object, read: Callable[[str], tuple[Any, ...]]) -> tuple[Any, ...] | None:
    """Return what a cell holds, None where it cannot be read."""
    if not isinstance(text, str) or len(text) > _LONGEST:
        return None
    try:
        return read(text)
    except (SalesMetricsError, ValueError):
        return None


def _absences(text: str) -> tuple[Period, ...]:
    spans = [part.split("/") for part in text.split()]
    if any(len(span) != 2 for span in spans):
        raise ValueError(text)
    return fields.absences([Period(start, end) for start, end in spans])


def _ramp(text: str) -> tuple[float, ...]:
    if not all(map(is_plain_decimal, text.split())):
        raise ValueError(text)
    return fields.ramp(map(float, text.split()))
