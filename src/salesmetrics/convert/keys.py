"""Ids that are given in every row, once."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable

import numpy as np

from salesmetrics.arrays import AnyArray, BoolArray, IntArray
from salesmetrics.columns import KeyColumn
from salesmetrics.convert import raw as forms
from salesmetrics.convert.raw import Ascii, Instants, Problem, Raw, Scaled, Texts, problems_at, whole_problem
from salesmetrics.convert.words import spreadsheet_errors

__all__ = ["key"]

_LARGEST_FLOAT = 2**53
_ONE_KIND = "be all texts or all whole numbers"
_BLANK, _DELETE = 0x20, 0x7F
_CELLS, _BLOCK = 1 << 20, 1 << 14
_ODD = np.uint64(0x9E3779B97F4A7C15)
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")


def key(raw: Raw, field: str, *, unique: bool = True) -> tuple[KeyColumn, list[Problem]]:
    """Return ids in the form they came in: int64, or texts as objects.

    Parameters
    ----------
    raw : numpy.ndarray, Coded, Texts or Ascii
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
    if isinstance(raw, Ascii) and _sound(raw.values, unique):
        return KeyColumn(raw.values), []
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
    listed = values.tolist()
    types = set(map(type, listed))
    if types == {str} and not missing.any():
        return _texts(values, ~missing, field, unique, missing, values)
    if types == {int} and not missing.any():
        try:
            return _from_whole(np.array(listed, dtype=np.int64), missing, field, unique)
        except OverflowError:
            pass  # which ids are too long is said below
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
    if not known_bad.any() and _spotless(texts):
        ids = values.copy()
        problems = _doubled(ids, given, field) if unique else []
        return KeyColumn(ids), problems + (_case_twins(ids, given, field) if unique else [])
    stripped = list(map(str.strip, texts))
    blank = np.fromiter(map(operator.not_, stripped), dtype=bool, count=len(texts))
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


def _sound(values: AnyArray, unique: bool) -> bool:
    """Return whether nothing at all is to be said about ids that are bytes; else they are looked at one by one."""
    cells, width = values.view(np.uint8), values.dtype.itemsize
    letters = np.zeros(2, dtype=bool)
    for start in range(0, len(cells), _CELLS):
        block = cells[start : start + _CELLS]
        if block.max() >= _DELETE or (block - np.uint8(1) < _BLANK).any():
            return False
        letters |= [bool((block - np.uint8(first) < 26).any()) for first in (b"A"[0], b"a"[0])]
    if not cells[::width].all():
        return False
    if not unique:
        return True
    return not _meet(values) and not (letters.all() and _meet(values, folded=True))


def _meet(values: AnyArray, *, folded: bool = False) -> bool:
    """Return whether two rows of bytes are equal, but for case where asked: of few rows alone must texts be compared."""
    width = max(values.dtype.itemsize, 8)
    values = values if values.dtype.itemsize == width else values.astype(f"S{width}")
    digest = np.empty(len(values), dtype=np.uint32)
    for start in range(0, len(values), _BLOCK):
        block = values[start : start + _BLOCK]
        digest[start : start + _BLOCK] = _digest(np.char.lower(block) if folded else block, width)
    ordered = np.sort(digest)
    alike = ordered[1:][ordered[1:] == ordered[:-1]]
    if not len(alike):
        return False
    marked = np.zeros(1 << 16, dtype=bool)
    marked[alike.astype(np.uint16)] = True
    close = values[marked[digest.astype(np.uint16)]]
    close = np.sort(np.char.lower(close) if folded else close)
    return bool((close[1:] == close[:-1]).any())


def _digest(values: AnyArray, width: int) -> AnyArray:
    """Return 32 bits of each row of bytes that any of its bytes may change; equal rows have equal ones."""
    mixed = np.zeros(len(values), dtype=np.uint64)
    for at in sorted({*range(0, width - 7, 8), width - 8}):
        mixed ^= np.ndarray(len(values), dtype="<u8", buffer=values, offset=at, strides=(width,))
        mixed *= _ODD
        mixed ^= mixed >> np.uint64(32)
    return mixed.astype(np.uint32)


def _spotless(texts: list[str]) -> bool:
    """Return whether all texts are plain ASCII without blanks and controls, and none is empty."""
    joined = "".join(texts)
    return joined.isascii() and joined.isprintable() and " " not in joined and all(map(len, texts))


def _one_case(texts: list[str]) -> bool:
    """Return whether no letter stands in both cases, so that texts which differ differ by more than case."""
    joined = "".join(texts)
    return joined.isascii() and joined in (joined.lower(), joined.upper())


def _doubled(ids: AnyArray, given: BoolArray, field: str) -> list[Problem]:
    """Return the problem of ids that stand in more than one row, with all those rows."""
    rows = _repeated(ids, np.flatnonzero(given).astype(np.int64))
    if not len(rows):
        return []
    hint = "keep one row for each id, or leave `id` out of the columns."
    return [Problem("SM-KEY-04", field, "be different in every row", rows, forms.pick(ids, rows), hint)]


def _case_twins(ids: AnyArray, given: BoolArray, field: str) -> list[Problem]:
    """Return the warning of ids that differ by case only."""
    rows = np.flatnonzero(given).astype(np.int64)
    texts = (ids if len(rows) == len(ids) else ids[rows]).tolist()
    if _one_case(texts):
        return []
    digest = np.fromiter(map(hash, map(str.casefold, texts)), dtype=np.int64, count=len(texts))
    rows = _alike(ids, digest, rows, str.casefold)
    rows = np.setdiff1d(rows, _repeated(ids, rows), assume_unique=True)
    if not len(rows):
        return []
    hint = "case is kept; a look-up in a spreadsheet would merge these."
    values = forms.pick(ids, rows)
    return [Problem("SM-KEY-09", field, "not differ by case only", rows, values, hint, warning=True)]


def _repeated(ids: AnyArray, rows: IntArray) -> IntArray:
    """Return the rows among these whose id another of them has too, in order.

    Found by a sort, and equal by ``==``. Of texts a digest is sorted first; only where different texts have one digest are
    texts sorted, so nothing depends on the digest but the time it takes, and that is never worse than a sort.
    """
    chosen = ids if len(rows) == len(ids) else ids[rows]
    if ids.dtype.kind != "O":
        return _meeting(chosen, rows)
    return _alike(ids, np.fromiter(map(hash, chosen.tolist()), dtype=np.int64, count=len(chosen)), rows, str)


def _alike(ids: AnyArray, digest: IntArray, rows: IntArray, form: Callable[[str], str]) -> IntArray:
    """Return the rows among these whose text has the form of another one's, in order; equal forms have equal digests."""
    found, order, same = _neighbours(digest)
    if not len(found):
        return rows[:0]
    place = rows[order]
    forms_of = list(map(form, ids[place[same]].tolist()))
    if forms_of == list(map(form, ids[place[:-1][same[1:]]].tolist())):
        return rows[found]
    rows = rows[found]
    texts = np.fromiter(map(form, ids[rows].tolist()), dtype=object, count=len(rows))
    return _meeting(texts, rows)


def _meeting(values: AnyArray, rows: IntArray) -> IntArray:
    """Return the rows whose value another of them has too, in order."""
    return rows[_neighbours(values)[0]]


def _neighbours(values: AnyArray) -> tuple[IntArray, IntArray, BoolArray]:
    """Return where values stand that stand twice, an order that puts them side by side, and which equal the one before."""
    ordered = np.sort(values)
    nothing = np.empty(0, dtype=np.int64)
    if not len(ordered) or not (ordered[1:] == ordered[:-1]).any():
        return nothing, nothing, np.empty(0, dtype=bool)
    order = np.argsort(values, kind="stable")
    same = np.zeros(len(values), dtype=bool)
    same[1:] = np.asarray(values[order[1:]] == values[order[:-1]], dtype=bool)
    marked = np.zeros(len(values), dtype=bool)
    marked[order[same]] = True
    marked[order[:-1][same[1:]]] = True
    return np.flatnonzero(marked), order, same
