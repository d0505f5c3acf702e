"""Ids that are given in every row, once."""

from __future__ import annotations

import operator
import re

import numpy as np

from salesmetrics.arrays import AnyArray, BoolArray, IntArray
from salesmetrics.columns import KeyColumn
from salesmetrics.convert import raw as forms
from salesmetrics.convert.raw import Instants, Problem, Raw, Scaled, Texts, problems_at, whole_problem
from salesmetrics.convert.words import spreadsheet_errors

__all__ = ["key"]

_LARGEST_FLOAT = 2**53
_ONE_KIND = "be all texts or all whole numbers"
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")


def key(raw: Raw, field: str, *, unique: bool = True) -> tuple[KeyColumn, list[Problem]]:
    """Return ids in the form they came in: int64, or texts as objects.

    Parameters
    ----------
    raw : numpy.ndarray, Coded or Texts
        Texts or whole numbers. Ids of a text file stay texts.
    field : str
        The field, for problems.
    unique : bool, default: True
        Whether an id may stand in one row only.

    Returns
    -------
    column : KeyColumn
        The ids; bad rows hold 0 or ``""``.
    problems : list of Problem
        Ids that are missing, doubled (all their rows), of the wrong kind, or hold control characters.

    Examples
    --------
    >>> column, problems = key(np.array(["a", "b", "a"], dtype=object), "id")
    >>> [(problem.code, problem.rows.tolist()) for problem in problems]
    [('SM-KEY-04', [0, 2])]
    """
    if isinstance(raw, (Scaled, Instants)):
        return _refused(len(raw), field, raw.values[:1])
    if isinstance(raw, Texts):
        broken, problems = spreadsheet_errors(raw.values, field)
        column, more = _texts(
            raw.values, ~broken & np.asarray(raw.values != "", dtype=bool), field, unique, broken, raw.values
        )
        return column, problems + more
    found = forms.plain(raw, field)
    values, missing = found.values, found.missing
    if values.dtype.kind == "O":
        column, problems = _from_objects(values, missing, field, unique)
    elif values.dtype.kind == "f":
        column, problems = _from_floats(values, missing, field, unique)
    elif values.dtype.kind in "iu":
        column, problems = _from_whole(values, missing, field, unique)
    else:
        column, problems = _refused(len(values), field, values[:1])
    return column, found.problems + problems


def _refused(rows: int, field: str, sample: AnyArray) -> tuple[KeyColumn, list[Problem]]:
    value = forms.pick(sample, np.arange(len(sample)))
    problem = whole_problem(field, "SM-KEY-01", _ONE_KIND, value[0] if value else None, "turn ids into texts first.")
    return KeyColumn(np.zeros(rows, dtype=np.int64)), [problem] if rows else []


def _absent(missing: BoolArray, values: AnyArray, field: str) -> list[Problem]:
    return problems_at(missing, values, field, "SM-KEY-02", "be given and not blank in every row")


def _from_whole(values: AnyArray, missing: BoolArray, field: str, unique: bool) -> tuple[KeyColumn, list[Problem]]:
    problems = _absent(missing, values, field)
    large = (values > 2**63 - 1) & ~missing
    problems += problems_at(large, values, field, "SM-KEY-06", "be whole numbers below 2**63", "give ids as texts.")
    bad = missing | large
    ids = np.where(bad, 0, values).astype(np.int64)
    return KeyColumn(ids), problems + (_doubled(ids, ~bad, field) if unique else [])


def _from_floats(values: AnyArray, missing: BoolArray, field: str, unique: bool) -> tuple[KeyColumn, list[Problem]]:
    missing = missing | np.isnan(values)
    problems = _absent(missing, values, field)
    with np.errstate(invalid="ignore"):
        torn = ~missing & ~((np.abs(values) <= _LARGEST_FLOAT) & (np.rint(values) == values))
    rule = f"be whole and at most 2**53 = {_LARGEST_FLOAT} where ids are floats"
    problems += problems_at(torn, values, field, "SM-KEY-06", rule, "read the ids as texts or whole numbers.")
    hint = "a float keeps no more than 15 digits; read the ids as texts or whole numbers."
    good = ~missing & ~torn
    problems += problems_at(good, values, field, "SM-KEY-07", "not be floats", hint, warning=True)
    ids = np.where(good, values, 0).astype(np.int64)
    return KeyColumn(ids), problems + (_doubled(ids, good, field) if unique else [])


def _from_objects(values: AnyArray, missing: BoolArray, field: str, unique: bool) -> tuple[KeyColumn, list[Problem]]:
    kinds = np.where(missing, forms.MISSING, forms.kinds_of(values))
    text, number = kinds == forms.TEXT, (kinds == forms.WHOLE) | (kinds == forms.FLOAT)
    wanted = text if text.sum() >= number.sum() else number
    missing = kinds == forms.MISSING
    other = ~wanted & ~missing
    problems = problems_at(other, values, field, "SM-KEY-05", _ONE_KIND, "turn all ids into texts.")
    if wanted is text:
        texts = values.copy()
        texts[~wanted] = ""
        if set(map(type, texts.tolist())) != {str}:
            texts[:] = [str.__str__(value) for value in texts]
        column, more = _texts(texts, wanted & np.asarray(texts != "", dtype=bool), field, unique, other, values)
        return column, problems + more
    if (kinds == forms.FLOAT).any():
        numbers = np.full(len(values), np.nan)
        numbers[wanted] = [float(max(min(value, 2**60), -(2**60))) for value in values[wanted]]
        column, more = _from_floats(numbers, other, field, unique)
        return column, problems + [problem for problem in more if problem.code != "SM-KEY-02"] + _absent(
            missing, values, field
        )
    inside = np.zeros(len(values), dtype=bool)
    inside[wanted] = [-(2**63) <= value < 2**63 for value in values[wanted]]
    hint = "give ids as texts."
    problems += problems_at(wanted & ~inside, values, field, "SM-KEY-06", "be whole numbers below 2**63", hint)
    problems += _absent(missing, values, field)
    ids = np.zeros(len(values), dtype=np.int64)
    ids[inside] = np.fromiter(map(int, values[inside]), dtype=np.int64, count=int(inside.sum()))
    return KeyColumn(ids), problems + (_doubled(ids, inside, field) if unique else [])


def _texts(
    values: AnyArray, given: BoolArray, field: str, unique: bool, known_bad: BoolArray, shown: AnyArray
) -> tuple[KeyColumn, list[Problem]]:
    """Return the column of plain texts.

    ``given`` marks the rows that hold one, ``known_bad`` those told of already; ``shown`` is what errors show.
    """
    texts = values.tolist()
    stripped = list(map(str.strip, texts))
    blank = np.fromiter((not text for text in stripped), dtype=bool, count=len(texts))
    problems = _absent((blank | ~given) & ~known_bad, shown, field)
    given = given & ~blank
    control = np.zeros(len(texts), dtype=bool)
    if not "".join(texts).isprintable():
        control |= np.fromiter((_CONTROL.search(text) is not None for text in texts), dtype=bool, count=len(texts))
        control &= given
        problems += problems_at(control, values, field, "SM-KEY-03", "hold no control characters")
    given = given & ~control
    ids = values.copy()
    ids[~given] = ""
    doubled = _doubled(ids, given, field) if unique else []
    padded = np.fromiter(map(operator.ne, texts, stripped), dtype=bool, count=len(texts))
    hint = "blanks at an end make two ids of one; strip them in the source."
    rule = "have no blank at an end"
    problems += doubled + problems_at(padded & given, values, field, "SM-KEY-08", rule, hint, warning=True)
    return KeyColumn(ids), problems + (_case_twins(ids, given, field) if unique else [])


def _doubled(ids: AnyArray, given: BoolArray, field: str) -> list[Problem]:
    """Return the problem of ids that stand in more than one row, with all those rows."""
    rows = _repeated(ids, np.flatnonzero(given).astype(np.int64))
    if not len(rows):
        return []
    hint = "keep one row for each id, or leave `id` out of the columns."
    return [Problem("SM-KEY-04", field, "be different in every row", rows, forms.pick(ids, rows), hint)]


def _case_twins(ids: AnyArray, given: BoolArray, field: str) -> list[Problem]:
    """Return the warning of ids that differ by case only."""
    folded = np.empty(len(ids), dtype=object)
    folded[:] = list(map(str.casefold, ids.tolist()))
    rows = _repeated(folded, np.flatnonzero(given).astype(np.int64))
    rows = np.setdiff1d(rows, _repeated(ids, rows), assume_unique=True)
    if not len(rows):
        return []
    hint = "case is kept; a look-up in a spreadsheet would merge these."
    values = forms.pick(ids, rows)
    return [Problem("SM-KEY-09", field, "not differ by case only", rows, values, hint, warning=True)]


def _repeated(ids: AnyArray, rows: IntArray) -> IntArray:
    """Return the rows among these whose id another of them has too, in order.

    Found by a sort, and equal by ``==``. Of texts a digest is sorted first; only rows whose digests meet are sorted
    as texts, so nothing depends on the digest but the time it takes, and that is never worse than a sort.
    """
    chosen = ids[rows]
    if ids.dtype.kind == "O":
        digest = np.fromiter(map(hash, chosen.tolist()), dtype=np.int64, count=len(chosen))
        rows = _meeting(digest, rows)
        chosen = ids[rows]
    return _meeting(chosen, rows)


def _meeting(values: AnyArray, rows: IntArray) -> IntArray:
    ordered = np.sort(values)
    if not len(ordered) or not (ordered[1:] == ordered[:-1]).any():
        return rows[:0]
    order = np.argsort(values, kind="stable")
    same = np.asarray(values[order[1:]] == values[order[:-1]], dtype=bool)
    marked = np.zeros(len(values), dtype=bool)
    marked[order[1:][same]] = True
    marked[order[:-1][same]] = True
    return rows[marked]
