"""Probabilities to whole parts per million."""

from __future__ import annotations

import numpy as np

from salesmetrics._workbench import fresh
from salesmetrics.arrays import AnyArray, BoolArray, FloatArray
from salesmetrics.columns import PPM, ProbabilityColumn
from salesmetrics.convert import raw as forms
from salesmetrics.convert.raw import Instants, Piece, Pieces, Problem, Raw, Scaled, Texts, problems_at, whole_problem
from salesmetrics.convert.words import each_distinct, is_plain_decimal, spreadsheet_errors

__all__ = ["probability"]

_KIND = "hold numbers"
_BLOCK = 1 << 16


def probability(raw: Raw | Pieces, field: str, *, scale: float = 1) -> tuple[ProbabilityColumn, list[Problem]]:
    """Return probabilities as the nearest whole parts per million.

    Parameters
    ----------
    raw : numpy.ndarray, Coded, Scaled, Texts or Pieces
        Numbers from 0 to ``scale``; None and NaN are missing.
    field : str
        The field, for problems.
    scale : float, default: 1
        What certainty is written as: 1 for fractions, 100 for percent. It is stated, never guessed.

    Returns
    -------
    column : ProbabilityColumn
        The probabilities; bad rows are missing.
    problems : list of Problem
        What is wrong with which rows.

    Examples
    --------
    >>> probability(np.array([0.25, np.nan, 1.0]), "probability")[0].ppm.tolist()
    [250000, -1, 1000000]
    """
    found = _plain_chances(raw, scale)
    if found is not None:
        return ProbabilityColumn(found), []
    if isinstance(raw, Pieces):
        raw = raw.whole()
    numbers, shown, problems = _numbers(raw, field)
    with np.errstate(invalid="ignore"):
        bad = ~np.isnan(numbers) & ~((numbers >= 0) & (numbers <= scale))
    if bad.any():
        rule = "lie in [0, 1] in every row" if scale == 1 else f"lie in [0, {scale:g}] in every row"
        problems = problems + problems_at(bad, shown, field, "SM-PRB-02", rule, _hint(numbers, scale))
    absent = np.isnan(numbers) | bad
    with np.errstate(under="ignore"):
        ppm = np.rint(np.where(absent, 0.0, numbers) / scale * PPM)
    return ProbabilityColumn(np.where(absent, -1, ppm).astype(np.int32)), problems


def _plain_chances(raw: Raw | Pieces, scale: float) -> AnyArray | None:
    """Return the parts per million of a column of floats in which nothing is amiss, None for any other."""
    if isinstance(raw, Pieces):
        pieces = raw.pieces()
    elif type(raw) is np.ndarray and raw.ndim == 1 and raw.dtype == np.dtype(np.float64):
        pieces = iter([Piece(0, len(raw), raw)])
    else:
        return None
    ppm = fresh(len(raw), np.int32)
    for start, rows, values, known in pieces:
        part = ppm[start : start + rows]
        out = part if known is None else np.empty(len(values), dtype=np.int32)
        if not _plain_parts(values, out, scale):
            return None
        if known is not None:
            part.fill(-1)
            part[known] = out
    return ppm


def _plain_parts(values: AnyArray, ppm: AnyArray, scale: float) -> bool:
    """Write floats as parts per million, NaN as -1; False where one lies outside its bounds."""
    with np.errstate(all="ignore"):
        for start in range(0, len(values), _BLOCK):
            block = values[start : start + _BLOCK]
            if np.fmin.reduce(block) < 0 or np.fmax.reduce(block) > scale:
                return False
            parts = block / scale if scale != 1 else block.copy()
            np.multiply(parts, PPM, out=parts)
            np.fmax(np.rint(parts, out=parts), -1, out=parts)
            np.copyto(ppm[start : start + _BLOCK], parts, casting="unsafe")
    return True


def _hint(numbers: FloatArray, scale: float) -> str | None:
    known = numbers[~np.isnan(numbers)]
    if scale == 1 and known.min() >= 0 and 1 < known.max() <= 100:
        return "percent? Divide by 100, or use a column map that states probability_scale=100."
    return None


def _numbers(raw: Raw, field: str) -> tuple[FloatArray, AnyArray, list[Problem]]:
    """Return a column as float64, NaN where missing or no number, the values to show, and the problems."""
    if isinstance(raw, Texts):
        return _from_texts(raw, field)
    if isinstance(raw, Scaled):
        numbers = raw.values / np.float64(10.0**raw.decimals)
        if raw.missing is not None:
            numbers[raw.missing] = np.nan
        return numbers, numbers, []
    if isinstance(raw, Instants):
        return np.full(len(raw), np.nan), raw.values, [whole_problem(field, "SM-PRB-01", _KIND, raw.values)]
    found = forms.plain(raw, field)
    values, missing, problems = found.values, found.missing, found.problems
    if values.dtype.kind == "O":
        numbers, more = _from_objects(values, missing, field)
        return numbers, values, problems + more
    if values.dtype.kind not in "iuf":
        nothing = np.full(len(values), np.nan)
        if missing.all():
            return nothing, values, problems
        sample = forms.pick(values, np.flatnonzero(~missing)[:1])[0]
        return nothing, values, [*problems, whole_problem(field, "SM-PRB-01", _KIND, sample)]
    numbers = values.astype(np.float64)
    if values.dtype.kind == "f" and values.dtype.itemsize < 8:
        numbers = np.round(numbers, 7 if values.dtype.itemsize == 4 else 4)
    numbers[missing] = np.nan
    return numbers, values, problems


def _from_objects(values: AnyArray, missing: BoolArray, field: str) -> tuple[FloatArray, list[Problem]]:
    kinds = np.where(missing, forms.MISSING, forms.kinds_of(values))
    number = (kinds == forms.WHOLE) | (kinds == forms.FLOAT) | (kinds == forms.DECIMAL)
    other = ~number & (kinds != forms.MISSING)
    rows = np.flatnonzero(number)
    numbers = np.full(len(values), np.nan)
    # A whole number may be too long for a float; all that matters of it is that it is not 0 or 1.
    numbers[rows] = [float(max(min(value, 1000), -1000)) for value in values[rows]]
    if other.any() and (other | (kinds == forms.MISSING)).all():
        row = int(np.flatnonzero(other)[0])
        hint = "write 0.25, no percent sign and no words." if kinds[row] == forms.TEXT else None
        return numbers, [whole_problem(field, "SM-PRB-01", _KIND, values[row], hint)]
    return numbers, problems_at(other, values, field, "SM-PRB-05", "be a number in every row")


def _from_texts(raw: Texts, field: str) -> tuple[FloatArray, AnyArray, list[Problem]]:
    texts = raw.values
    broken, problems = spreadsheet_errors(texts, field)
    read = each_distinct(texts, lambda text: float(text) if is_plain_decimal(text) else np.nan)
    numbers = np.array(read, dtype=np.float64)
    blank = np.asarray(texts == "", dtype=bool)
    worded = np.isnan(numbers) & ~blank & ~broken
    rule = "be a plain decimal number in every row"
    problems += problems_at(worded, texts, field, "SM-PRB-04", rule, "write 0.25, no percent sign and no words.")
    return numbers, texts, problems
