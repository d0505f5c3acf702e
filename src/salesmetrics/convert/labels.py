"""Names to whole codes with sorted labels."""

from __future__ import annotations

import unicodedata
from itertools import compress
from typing import Any

import attrs
import numpy as np

from salesmetrics._workbench import fresh
from salesmetrics.arrays import AnyArray, BoolArray
from salesmetrics.columns import LabelColumn, smallest_codes
from salesmetrics.convert import raw as forms
from salesmetrics.convert.raw import Coded, Instants, Problem, Raw, Scaled, Texts, problems_at, whole_problem
from salesmetrics.convert.words import spreadsheet_errors
from salesmetrics.errors import show

__all__ = ["label", "looked_up_codes"]

_LARGEST_FLOAT = 2**53
_BLOCK = 1 << 16
_ONE_KIND = "be all texts or all whole numbers"
_LOOK_ALIKES = str.maketrans("аеорсухіјѕАВЕКМНОРСТХІЈЅοΟΑΒΕΖΗΙΚΜΝΡΤΥΧ", "aeopcyxijsABEKMHOPCTXIJSoOABEZHIKMNPTYX")


def label(raw: Raw, field: str) -> tuple[LabelColumn, list[Problem]]:
    """Return names as whole codes into sorted labels.

    Parameters
    ----------
    raw : numpy.ndarray, Coded or Texts
        Texts or whole numbers; None, NaN and ``""`` are missing. Floats that are whole are taken as whole numbers.
    field : str
        The field, for problems.

    Returns
    -------
    column : LabelColumn
        Levels are all ``str`` or all ``int``, sorted; bad rows are missing.
    problems : list of Problem
        What is wrong with which rows.

    Examples
    --------
    >>> column, problems = label(np.array(["Bo", None, "Ana", "Bo"], dtype=object), "rep")
    >>> column.codes.tolist(), column.levels, problems
    ([1, -1, 0, 1], ('Ana', 'Bo'), [])
    """
    column, problems = _column(raw, field)
    return column, problems + _twins(column, field)


def _column(raw: Raw, field: str) -> tuple[LabelColumn, list[Problem]]:
    if isinstance(raw, Coded):
        return _from_codes(raw, field)
    if isinstance(raw, Texts):
        broken, problems = spreadsheet_errors(raw.values, field)
        values = np.where(broken, "", raw.values) if problems else raw.values
        return _from_texts(values.tolist()), problems
    if isinstance(raw, (Scaled, Instants)):
        kind = "decimals" if isinstance(raw, Scaled) else "instants"
        return _nothing(len(raw)), [whole_problem(field, "SM-LAB-01", _ONE_KIND, f"a column of {kind}", _hint("f"))]
    found = forms.plain(raw, field)
    return _from_array(found.values, found.missing, field)


def _nothing(rows: int) -> LabelColumn:
    return LabelColumn(np.full(rows, -1, dtype=np.int8), ())


def _from_array(values: AnyArray, missing: BoolArray, field: str) -> tuple[LabelColumn, list[Problem]]:
    kind = values.dtype.kind
    if kind == "O":
        return _from_objects(values, missing, field)
    if kind in "iu":
        return _from_whole(values, missing), []
    if kind == "f":
        return _from_floats(values, missing, field)
    if not len(values) or missing.all():
        return _nothing(len(values)), []
    sample = forms.pick(values, np.flatnonzero(~missing)[:1])[0]
    return _nothing(len(values)), [whole_problem(field, "SM-LAB-01", _ONE_KIND, sample, _hint(kind))]


def _hint(kind: str) -> str | None:
    hints = {
        "b": "write flags as texts, such as 'yes' and 'no'.",
        "S": "decode bytes first, such as column.astype('U').",
        "M": "a day is no label; use `period` to group by time.",
    }
    return hints.get(kind, "turn the column into texts first.")


def _from_texts(values: list[Any]) -> LabelColumn:
    """Return the column of a list that holds nothing but str and None."""
    table = dict.fromkeys(values)
    if table.keys() == {None}:
        return _nothing(len(values))
    table.pop(None, None)
    table.pop("", None)
    levels = sorted(table)
    place: dict[str | None, int] = {level: code for code, level in enumerate(levels)}
    place[None] = place[""] = -1
    codes = np.fromiter(map(place.__getitem__, values), dtype=np.int32, count=len(values))
    return LabelColumn(smallest_codes(codes, len(levels)), tuple(levels))


def _from_whole(values: AnyArray, missing: BoolArray) -> LabelColumn:
    """Return the column of whole numbers: by a lookup table where their range is small, else by a sort."""
    present = values[~missing] if missing.any() else values
    if not len(present):
        return _nothing(len(values))
    low, high = int(present.min()), int(present.max())
    codes = np.full(len(values), -1, dtype=np.int64)
    if high < 2**63 and high - low < max(4 * len(values), 1 << 16):
        place = present.astype(np.int64) - low
        seen = np.zeros(high - low + 1, dtype=bool)
        seen[place] = True
        levels = (np.flatnonzero(seen) + low).tolist()
        found = (np.cumsum(seen) - 1)[place]
    else:
        distinct, found = np.unique(present, return_inverse=True)
        levels = distinct.tolist()
    if len(present) == len(values):
        codes = found
    else:
        codes[~missing] = found
    return LabelColumn(smallest_codes(codes, len(levels)), tuple(levels))


def _from_floats(values: AnyArray, missing: BoolArray, field: str) -> tuple[LabelColumn, list[Problem]]:
    missing = missing | np.isnan(values)
    with np.errstate(invalid="ignore"):
        bad = ~missing & ~((np.abs(values) <= _LARGEST_FLOAT) & (np.rint(values) == values))
    rule = f"be whole and at most 2**53 = {_LARGEST_FLOAT} where labels are floats"
    problems = problems_at(bad, values, field, "SM-LAB-04", rule, "give labels as texts or whole numbers.")
    whole = np.where(missing | bad, 0, values).astype(np.int64)
    return _from_whole(whole, missing | bad), problems


def _from_objects(values: AnyArray, missing: BoolArray, field: str) -> tuple[LabelColumn, list[Problem]]:
    if not missing.any():
        plain = values.tolist()
        if set(map(type, plain)) <= {str, type(None)}:
            return _from_texts(plain), []
    kinds = np.where(missing, forms.MISSING, forms.kinds_of(values))
    text, number = kinds == forms.TEXT, (kinds == forms.WHOLE) | (kinds == forms.FLOAT)
    texts, numbers = int(text.sum()), int(number.sum())
    wanted = text if texts >= numbers else number
    bad = ~wanted & (kinds != forms.MISSING)
    majority = "texts" if texts >= numbers else "whole numbers"
    hint = f"most rows hold {majority}; turn the others into such, or the whole column into texts."
    problems = problems_at(bad, values, field, "SM-LAB-02", _ONE_KIND, hint)
    if texts >= numbers:
        plain = [str.__str__(value) if good else None for value, good in zip(values, wanted, strict=True)]
        return _from_texts(plain), problems
    column, more = _from_numbers(values, wanted, kinds, field)
    return column, problems + more


def _from_numbers(
    values: AnyArray, wanted: BoolArray, kinds: AnyArray, field: str
) -> tuple[LabelColumn, list[Problem]]:
    """Return the column of objects that are numbers in the wanted rows."""
    large = np.zeros(len(values), dtype=bool)
    if (kinds == forms.FLOAT).any():
        inside = [-_LARGEST_FLOAT <= value <= _LARGEST_FLOAT and value == int(value) for value in values[wanted]]
    else:
        inside = [-(2**63) <= value < 2**63 for value in values[wanted]]
    large[np.flatnonzero(wanted)] = ~np.array(inside, dtype=bool)
    rule = "be whole numbers that 64 bits hold, and at most 2**53 where any is a float"
    problems = problems_at(large, values, field, "SM-LAB-04", rule, "give labels as texts.")
    wanted = wanted & ~large
    whole = np.zeros(len(values), dtype=np.int64)
    whole[wanted] = np.fromiter(map(int, values[wanted]), dtype=np.int64, count=int(wanted.sum()))
    return _from_whole(whole, ~wanted), problems


def _from_codes(raw: Coded, field: str) -> tuple[LabelColumn, list[Problem]]:
    """Return the column of codes into any labels: one lookup maps them to sorted labels, equal labels as one."""
    codes, _, problems = forms.checked_codes(raw, field)
    last = len(raw.labels)
    if len(codes) and codes.min() < -1:
        codes = np.maximum(codes, -1)
    column, wrong = _column(raw.labels, field)
    for problem in wrong:
        marked = np.zeros(last + 1, dtype=bool)
        marked[slice(last) if problem.whole else problem.rows] = True
        rows = np.flatnonzero(marked[codes]).astype(np.int64)
        if len(rows) and problem.whole:
            problems.append(problem)
        elif len(rows):
            problems.append(attrs.evolve(problem, rows=rows, values=forms.pick(np.asarray(raw.labels), codes[rows])))
    return _used_levels(np.append(column.codes, -1), codes, column.levels), problems


def _used_levels(place: AnyArray, codes: AnyArray, levels: tuple[Any, ...]) -> LabelColumn:
    """Return the column with the levels that rows use: categories that no row has change nothing.

    ``place`` holds the level of each code, and in its last cell, which a missing row's -1 finds, -1.
    """
    seen = _seen(codes, len(place))
    used = np.zeros(len(levels) + 1, dtype=bool)
    used[place[seen]] = True
    used[-1] = False
    lookup = np.where(used, np.cumsum(used) - 1, -1)
    kept = levels if used[:-1].all() else tuple(compress(levels, used[:-1].tolist()))
    table = smallest_codes(lookup[place], len(kept))
    return LabelColumn(looked_up_codes(table, codes), kept)


def looked_up_codes(table: AnyArray, codes: AnyArray) -> AnyArray:
    """Return what stands in a table at each code, in its last cell for -1."""
    found = fresh(len(codes), table.dtype)
    places = np.empty(min(len(codes), _BLOCK), dtype=np.intp)  # what `take` would make of every block
    for start in range(0, len(codes), _BLOCK):
        out = found[start : start + _BLOCK]
        place = places[: len(out)]
        np.copyto(place, codes[start : start + _BLOCK])
        np.take(table, place, mode="wrap", out=out)
    return found


def _seen(codes: AnyArray, size: int) -> BoolArray:
    """Return which places codes point to, -1 being the last; it is known for all of them long before the last row is read."""
    seen = np.zeros(size, dtype=bool)
    for start in range(0, len(codes), _BLOCK):
        seen[codes[start : start + _BLOCK]] = True
        if seen[:-1].all():
            seen[-1] |= bool(len(codes)) and int(codes.min()) < 0
            break
    return seen


def _twins(column: LabelColumn, field: str) -> list[Problem]:
    """Return the warning of labels that look alike: blanks at an end, other forms of one letter, hidden characters."""
    if not column.levels or not isinstance(column.levels[0], str):
        return []
    joined = "\n".join(("", *column.levels, ""))
    blank = "\n " in joined or " \n" in joined  # at an end, or where a label goes on in a new line
    if joined.isascii() and not (blank and any(level[0] == " " or level[-1] == " " for level in column.levels)):
        return []
    groups: dict[str, list[int]] = {}
    for code, level in enumerate(column.levels):
        groups.setdefault(_skeleton(level), []).append(code)
    twins = [group for group in groups.values() if len(group) > 1]
    if not twins:
        return []
    marked = np.zeros(len(column.levels) + 1, dtype=bool)
    marked[[code for group in twins for code in group]] = True
    rows = np.flatnonzero(marked[column.codes]).astype(np.int64)
    pairs = "; ".join(" and ".join(show(column.levels[code]) for code in group) for group in twins[:5])
    hint = f"these look alike and are kept apart: {pairs}."
    values = [column.levels[code] for code in column.codes[rows]]
    return [Problem("SM-LAB-05", field, "not look like another label", rows, values, hint, warning=True)]


def _skeleton(text: str) -> str:
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text).translate(_LOOK_ALIKES)
        text = "".join(letter for letter in text if unicodedata.category(letter) != "Cf")
    return " ".join(text.split())
