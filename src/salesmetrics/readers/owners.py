"""Reps of deals and quotas beside the book of reps: who is not in it, and who was not there."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from salesmetrics.arrays import AnyArray, IntArray
from salesmetrics.books import RepBook
from salesmetrics.columns import Column, DayColumn, LabelColumn
from salesmetrics.convert import Problem
from salesmetrics.errors import InvalidTypeError, show

__all__ = ["absent_owners", "rep_book_or_none", "unknown_owners"]


def rep_book_or_none(reps: object) -> RepBook | None:
    """Return the book of reps, or raise saying how to make one."""
    if reps is None or isinstance(reps, RepBook):
        return reps
    raise InvalidTypeError(
        f"`reps` must be a RepBook; got {show(type(reps).__name__)}.",
        code="SM-BOK-12",
        field="reps",
        hint="sm.read_reps(frame) makes a book of a frame, a mapping, a CSV file or Rep objects.",
    )


def unknown_owners(columns: Mapping[str, Column], reps: RepBook | None) -> list[Problem]:
    """Return the problem of rows whose rep is not in the book of reps, unless it has a label for such reps."""
    owner = columns.get("rep")
    if reps is None or reps.unknown is not None or not isinstance(owner, LabelColumn):
        return []
    known = set(reps["id"].tolist())
    strange = np.array([*(level not in known for level in owner.levels), False], dtype=bool)
    rows = np.flatnonzero(strange[owner.codes])
    if not len(rows):
        return []
    used = np.unique(owner.codes[rows]).tolist()
    names = ", ".join(show(owner.levels[code]) for code in used[:12]) + (", …" if len(used) > 12 else "")
    hint = f"not in the book of reps: {names}. read_reps(..., unknown='other') takes them together."
    return [Problem("SM-REP-05", "rep", "be in the book of reps in every row", rows, list(owner.user()[rows]), hint)]


def absent_owners(columns: Mapping[str, Column], reps: RepBook | None) -> list[Problem]:
    """Return the warning of deals that were decided before their rep was hired, or after the rep had left."""
    owner, closed = columns.get("rep"), columns.get("closed")
    if reps is None or not isinstance(owner, LabelColumn) or not isinstance(closed, DayColumn):
        return []
    people = reps.latest()
    place = {key: at for at, key in enumerate(people["id"].tolist())}
    row = np.array([*(place.get(level, -1) for level in owner.levels), -1], dtype=np.int64)[owner.codes]
    there = (row >= 0) & (closed.days >= 0)
    hired, left = (_bound(people, name) for name in ("hired", "left"))
    early = there & (hired[row] >= 0) & (closed.days < hired[row])
    late = there & (left[row] >= 0) & (closed.days >= left[row])
    rows = np.flatnonzero(early | late)
    if not len(rows):
        return []
    hint = "a deal that changed hands counts for its owner at close, by history="
    rule = "be there when the deal was decided, hired and not yet gone, in every row"
    return [Problem("SM-REP-08", "rep", rule, rows, list(owner.user()[rows]), hint, warning=True)]


def _bound(people: RepBook, name: str) -> IntArray:
    """Return a day of each rep, then of the missing rep; -1 where it is not known."""
    column = people.columns.get(name)
    days: AnyArray = column.days if isinstance(column, DayColumn) else np.full(people.rows, -1)
    return np.append(days, -1).astype(np.int64)
