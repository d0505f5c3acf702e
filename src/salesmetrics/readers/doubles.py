"""Rows of one id that were written at several times: the last of them, where that is asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs
import numpy as np

from salesmetrics import _check, convert
from salesmetrics.arrays import IntArray
from salesmetrics.columns import DayColumn, KeyColumn
from salesmetrics.convert import Problem
from salesmetrics.convert.sequence import microseconds
from salesmetrics.errors import MissingColumnError
from salesmetrics.readers.mapped import Named
from salesmetrics.readers.rules import DOUBLED, Judge

__all__ = ["DUPLICATES", "UPDATED", "keep_last"]

DUPLICATES = ("last",)
UPDATED = "updated"
_FIRST = np.iinfo(np.int64).min


def keep_last(
    here: Named,
    judge: Judge,
    ids: KeyColumn,
    problems: Sequence[Problem],
    duplicates: str | None,
    date_format: str | Mapping[str, str] | None,
) -> list[Problem]:
    """Leave out and count all rows of an id but the one written last; rows that nothing tells apart stay a problem."""
    _check_asked(here, duplicates)
    doubled = next((problem for problem in problems if problem.code == DOUBLED), None)
    if duplicates is None or doubled is None:
        return list(problems)
    rest = [problem for problem in problems if problem is not doubled]
    when = _written(here, judge, date_format)
    rows = np.asarray(doubled.rows, dtype=np.int64)
    _, which = np.unique(np.asarray(ids.values[rows]), return_inverse=True)
    latest = np.full(int(which.max()) + 1, _FIRST, dtype=np.int64)
    np.maximum.at(latest, which, when[rows])
    last = when[rows] == latest[which]
    undecided = last & ((np.bincount(which, weights=last)[which] > 1) | (latest[which] == _FIRST))
    values = np.array(doubled.values, dtype=object)
    earlier = ~last
    judge.leave_out(Problem("SM-KEY-12", "id", "be the last of its id", rows[earlier], values[earlier].tolist(), None))
    if undecided.any():
        hint = f"`{UPDATED}` is the same in these rows, or missing: keep one row for each id."
        rest.insert(0, attrs.evolve(doubled, rows=rows[undecided], values=values[undecided].tolist(), hint=hint))
    return rest


def _check_asked(here: Named, duplicates: str | None) -> None:
    """Raise where the last row is asked for and nothing says which it is."""
    if duplicates is None:
        return
    _check.one_of(duplicates, DUPLICATES, "duplicates")
    if UPDATED not in here:
        raise MissingColumnError(
            f"`{UPDATED}` must be a column of the source with duplicates='last'; got none.",
            code="SM-SRC-20",
            field=UPDATED,
            hint=f"name the column of the time of writing: columns={{'{UPDATED}': 'LastModifiedDate'}}.",
        )


def _written(here: Named, judge: Judge, date_format: str | Mapping[str, str] | None) -> IntArray:
    """Return when each row was written, in microseconds or days, the least number where that is missing."""
    raw = here.raw(UPDATED, "day")
    column: DayColumn
    column, problems = convert.day(raw, UPDATED, zone="UTC", date_format=date_format)
    judge.hear(problems)
    when = microseconds(raw, UPDATED, date_format)
    found: IntArray = np.where(column.missing(), _FIRST, column.days if when is None else when)
    return found.astype(np.int64)
