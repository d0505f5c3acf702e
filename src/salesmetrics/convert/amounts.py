"""Amounts to exact whole minor units."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any, Literal

import attrs
import numpy as np

from salesmetrics import _check
from salesmetrics.arrays import AnyArray, BoolArray, IntArray
from salesmetrics.columns import MoneyColumn
from salesmetrics.convert import raw as forms
from salesmetrics.convert.raw import (
    Coded,
    Instants,
    Piece,
    Pieces,
    Problem,
    Raw,
    Scaled,
    Texts,
    problems_at,
    scatter,
    whole_problem,
)
from salesmetrics.convert.words import each_distinct, is_plain_decimal, spreadsheet_errors
from salesmetrics.convert.written import MONEY_FORMATS, as_numbers, read_written
from salesmetrics.money import LIMIT, clear_minor, decimals_to_minor, floats_to_minor, rounded_decimals

__all__ = ["money", "money_by_scale"]

_KIND = "hold numbers"
_PARSER = "give numbers, such as Decimal('1234.50'); or money_format='1,234.56' for texts that are written like that."
_PLAIN = "plain ASCII digits with one point, such as 1234.50; money_format='1,234.56' takes separators and signs of currency."
_LOOKED_AT = 200


@attrs.frozen(eq=False)
class _Minor:
    """Whole minor units, which rows are missing, which have none, and the values to show."""

    minor: IntArray
    missing: BoolArray
    bad: BoolArray
    shown: AnyArray
    rounded: BoolArray | None
    problems: list[Problem]


def money(
    raw: Raw | Pieces,
    field: str,
    scale: int,
    *,
    rounding: Literal["half_even"] | None = None,
    allow_negative: bool = False,
    money_format: str | None = None,
    currency: str | AnyArray | None = None,
) -> tuple[MoneyColumn, list[Problem]]:
    """Return amounts as exact whole minor units.

    Parameters
    ----------
    raw : numpy.ndarray, Coded, Scaled, Texts or Pieces
        Amounts in major units: whole numbers, floats, ``Decimal`` objects, exact decimals; texts of a file where they
        are plain decimals.
    field : str
        The field, for problems.
    scale : int
        Decimals of the minor unit.
    rounding : {None, "half_even"}
        What to make of an amount that is no whole minor unit: refuse it, or round its exact value.
    allow_negative : bool, default: False
        Whether credits are expected.
    money_format : str, optional
        How texts write amounts, by an example: ``"1,234.56"``. Signs and codes of currency and brackets are taken too.
    currency : str or numpy.ndarray of object, optional
        The currency that such signs must be able to mean, one for all rows or one for each.

    Returns
    -------
    column : MoneyColumn
        The amounts; bad rows are missing.
    problems : list of Problem
        What is wrong with which rows; rows that rounding changed come as a warning.

    Examples
    --------
    >>> column, problems = money(np.array([19.9, np.nan, 0.1 + 0.2]), "amount", 2)
    >>> column.minor.tolist(), column.missing().tolist(), problems
    ([1990, 0, 30], [False, True, False], [])
    """
    if rounding is not None:
        _check.one_of(rounding, ("half_even",), "rounding")
    if rounding is None and money_format is None and (clear := _clear(raw, scale)) is not None:
        return clear, []
    if isinstance(raw, Pieces):
        raw = raw.whole()
    if money_format is not None:
        raw, marked = as_numbers(raw, field, money_format, currency)
    else:
        marked = []
    found = _convert(raw, field, scale, rounding)
    problems = [*marked, *found.problems]
    problems += _reasons(found, field, scale)
    negative = ~found.bad & (found.minor < 0)
    if negative.any() and not allow_negative:
        hint = "allow_negative=True takes credits as they are."
        problems += problems_at(negative, found.shown, field, "SM-AMT-05", "be >= 0 in every row", hint)
    else:
        negative = np.zeros_like(negative)
    if found.rounded is not None:
        hint = "rounding='half_even' rounded these to whole minor units."
        rule = f"have at most {scale} decimals"
        problems += problems_at(found.rounded, found.shown, field, "SM-AMT-20", rule, hint, warning=True)
    absent = found.missing | found.bad | negative
    if not absent.any():
        return MoneyColumn(found.minor, None, scale), problems
    return MoneyColumn(np.where(absent, 0, found.minor), _check.locked(~absent), scale), problems


def money_by_scale(
    raw: Raw,
    field: str,
    scales: IntArray,
    *,
    rounding: Literal["half_even"] | None = None,
    allow_negative: bool = False,
    money_format: str | None = None,
    currency: AnyArray | None = None,
) -> tuple[IntArray, BoolArray, list[Problem]]:
    """Return amounts that have each its own number of decimals: whole minor units, which are known, and problems.

    Parameters
    ----------
    raw, field, rounding, allow_negative, money_format
        As in `money`.
    scales : numpy.ndarray of int
        Decimals of the minor unit of each row.
    currency : numpy.ndarray of object, optional
        The currency of each row.

    Returns
    -------
    minor : numpy.ndarray of int64
        Whole minor units, 0 where not known.
    known : numpy.ndarray of bool
        True where there is an amount.
    problems : list of Problem
        What is wrong with which rows.

    Examples
    --------
    >>> minor, known, problems = money_by_scale(np.array([19.9, 150.0]), "amount", np.array([2, 0]))
    >>> minor.tolist(), known.tolist(), problems
    ([1990, 150], [True, True], [])
    """
    minor, known = np.zeros(len(raw), dtype=np.int64), np.zeros(len(raw), dtype=bool)
    problems: list[Problem] = []
    for scale in np.flatnonzero(np.bincount(scales)).tolist():
        rows = np.flatnonzero(scales == scale)
        column, found = money(
            _some(raw, rows),
            field,
            scale,
            rounding=rounding,
            allow_negative=allow_negative,
            money_format=money_format,
            currency=None if currency is None else currency[rows],
        )
        minor[rows], known[rows] = column.minor, ~column.missing()
        problems += [problem if problem.whole else scatter([problem], rows)[0] for problem in found]
    return minor, known, problems


def _some(raw: Raw, rows: IntArray) -> Raw:
    """Return some rows of a column in whatever form it has."""
    if len(rows) == len(raw):
        return raw
    if isinstance(raw, Coded):
        return attrs.evolve(raw, codes=np.asarray(raw.codes)[rows])
    if isinstance(raw, Scaled):
        return attrs.evolve(raw, values=raw.values[rows], missing=None if raw.missing is None else raw.missing[rows])
    if isinstance(raw, np.ndarray):
        some: AnyArray = raw[rows]
        return some
    return attrs.evolve(raw, values=raw.values[rows])


def _convert(raw: Raw, field: str, scale: int, rounding: Literal["half_even"] | None) -> _Minor:
    if isinstance(raw, Texts):
        return _from_texts(raw, field, scale, rounding)
    if isinstance(raw, Scaled):
        return _from_scaled(raw, scale, rounding)
    if isinstance(raw, Instants):
        return _refused(len(raw), whole_problem(field, "SM-AMT-01", _KIND, raw.values))
    found = forms.plain(raw, field)
    values, missing, kind = found.values, found.missing, found.values.dtype.kind
    if kind in "iu":
        minor, bad = _whole(values, scale)
        result = _Minor(minor, missing, bad & ~missing, values, None, [])
    elif kind == "f":
        result = _from_floats(values, missing, field, scale, rounding)
    elif kind == "O":
        result = _from_objects(values, missing, field, scale, rounding)
    elif not len(values) or missing.all():
        result = _Minor(np.zeros(len(values), np.int64), missing, np.zeros(len(values), bool), values, None, [])
    else:
        sample = forms.pick(values, np.flatnonzero(~missing)[:1])[0]
        result = _refused(len(values), whole_problem(field, "SM-AMT-01", _KIND, sample, _hint(kind)))
    return attrs.evolve(result, problems=found.problems + result.problems)


def _clear(raw: Raw | Pieces, scale: int) -> MoneyColumn | None:
    """Return the amounts of a column of floats in which nothing is amiss, None for any other."""
    if isinstance(raw, Pieces):
        found = clear_minor(raw.pieces(), len(raw), scale)
    elif type(raw) is np.ndarray and raw.ndim == 1 and raw.dtype == np.dtype(np.float64):
        found = clear_minor([Piece(0, len(raw), raw)], len(raw), scale)
    elif type(raw) is np.ndarray and raw.dtype == object and set(map(type, raw.tolist())) <= {float, type(None)}:
        found = clear_minor([Piece(0, len(raw), raw.astype(np.float64))], len(raw), scale)  # None is NaN
    else:
        return None
    if found is None:
        return None
    minor, known = found
    return MoneyColumn(minor, None if known is None else _check.locked(known), scale)


def _hint(kind: str) -> str | None:
    return {"b": "True and False are no amounts.", "c": "take the real part where that is meant."}.get(kind)


def _refused(rows: int, problem: Problem) -> _Minor:
    nothing = np.zeros(rows, dtype=np.int64)
    return _Minor(nothing, np.ones(rows, dtype=bool), np.zeros(rows, dtype=bool), nothing, None, [problem])


def _whole(values: AnyArray, scale: int) -> tuple[IntArray, BoolArray]:
    """Return whole major units as minor units, and which are above the limit."""
    most = LIMIT // 10**scale
    if values.dtype.kind == "i":
        values = values.astype(np.int64)
        bad = (values > most) | (values < -most)
    else:
        bad = values > most
    return np.where(bad, 0, values).astype(np.int64) * 10 ** min(scale, 18), bad


def _from_floats(
    values: AnyArray, missing: BoolArray, field: str, scale: int, rounding: Literal["half_even"] | None
) -> _Minor:
    missing = missing | np.isnan(values)
    amounts = np.where(missing, 0, values).astype(values.dtype) if missing.any() else values
    if values.dtype.itemsize > 8:
        with np.errstate(over="ignore"):
            amounts = amounts.astype(np.float64)
    minor, bad = floats_to_minor(amounts, scale, rounding=rounding)
    problems = []
    if values.dtype.itemsize < 8:
        with np.errstate(all="ignore"):
            coarse = np.abs(np.spacing(amounts)).astype(np.float64) * 10.0**scale > 1.0
        hint = f"{values.dtype.name} holds too few digits here; read the column as float64 or as decimals."
        rule = "be finer than a minor unit: it may have been lost already"
        problems = problems_at(coarse & ~bad & ~missing, values, field, "SM-AMT-19", rule, hint, warning=True)
    return _Minor(minor, missing, bad, values, _rounded(amounts, bad, scale, rounding), problems)


def _rounded(values: AnyArray, bad: BoolArray, scale: int, rounding: Literal["half_even"] | None) -> BoolArray | None:
    """Return the rows that only rounding made whole, None where none was asked for."""
    return None if rounding is None else floats_to_minor(values, scale)[1] & ~bad


def _from_scaled(raw: Scaled, scale: int, rounding: Literal["half_even"] | None) -> _Minor:
    missing = np.zeros(len(raw), dtype=bool) if raw.missing is None else raw.missing
    values = np.where(missing, 0, raw.values)
    rounded = None if rounding is None else np.zeros(len(raw), dtype=bool)
    if raw.decimals - scale > 18:
        exact = [Decimal(value).scaleb(-raw.decimals) for value in values.tolist()]
        minor, bad = decimals_to_minor(exact, scale, rounding=rounding)
        if rounded is not None:
            rounded |= values != 0
    elif raw.decimals <= scale:
        minor, bad = _whole(values, scale - raw.decimals)
    else:
        unit = 10 ** (raw.decimals - scale)
        minor, rest = np.divmod(values, np.int64(unit))
        uneven = rest != 0
        bad = uneven & (rounding is None)
        if rounded is not None:
            rounded |= uneven
            minor += (2 * rest > unit) | ((2 * rest == unit) & (minor % 2 == 1))
        bad |= (minor > LIMIT) | (minor < -LIMIT)
        minor = np.where(bad, 0, minor)
    shown = np.empty(len(raw), dtype=object)
    if bad.any() or (minor < 0).any() or rounded is not None:
        shown[:] = [Decimal(value).scaleb(-raw.decimals) for value in values.tolist()]
    return _Minor(minor, missing, bad, shown, rounded, [])


def _from_objects(
    values: AnyArray, missing: BoolArray, field: str, scale: int, rounding: Literal["half_even"] | None
) -> _Minor:
    kinds = np.where(missing, forms.MISSING, forms.kinds_of(values))
    missing = kinds == forms.MISSING
    text = kinds == forms.TEXT
    if text.any() and (text | missing).all():
        row = int(np.flatnonzero(text)[0])
        return _refused(len(values), whole_problem(field, "SM-AMT-06", _KIND, values[row], _PARSER))
    number = (kinds == forms.WHOLE) | (kinds == forms.FLOAT) | (kinds == forms.DECIMAL)
    problems = problems_at(~number & ~missing, values, field, "SM-AMT-07", "be a number in every row", _PARSER)
    rows = np.flatnonzero(number)
    minor = np.zeros(len(values), dtype=np.int64)
    bad = np.zeros(len(values), dtype=bool)
    rounded = None if rounding is None else np.zeros(len(values), dtype=bool)
    if (kinds[rows] == forms.FLOAT).all():
        part = _from_floats(values[rows].astype(np.float64), np.zeros(len(rows), bool), field, scale, rounding)
        minor[rows], bad[rows] = part.minor, part.bad
        problems += scatter(part.problems, rows)
        if rounded is not None and part.rounded is not None:
            rounded[rows] = part.rounded
    else:
        minor[rows], bad[rows], told = rounded_decimals(values[rows], scale, rounding=rounding)
        if rounded is not None:
            rounded[rows] = told
    return _Minor(minor, missing | ~number, bad, values, rounded, problems)


def _as_written(texts: AnyArray) -> str:
    """Return the hint for amounts that are no plain numbers: the way in which all of them are written, where there is one."""
    some = dict.fromkeys(texts[:_LOOKED_AT].tolist())
    fit: dict[tuple[Decimal, ...], str] = {}
    for name, how in MONEY_FORMATS.items():
        written = [read_written(text, how) for text in some]
        if all(written):  # of two that give the same numbers the first will do
            fit.setdefault(tuple(each.number for each in written if each), name)
    return _PLAIN.replace("'1,234.56'", " or ".join(map(repr, fit.values()))) if some and fit else _PLAIN


def _from_texts(raw: Texts, field: str, scale: int, rounding: Literal["half_even"] | None) -> _Minor:
    """Return texts: short plain ones through float, which is exact for them, all others through ``Decimal``."""
    texts = raw.values
    missing = np.asarray(texts == "", dtype=bool)
    broken, problems = spreadsheet_errors(texts, field)
    short = re.compile(f"[+-]?[0-9]{{1,{14 - scale}}}(?:\\.[0-9]{{0,{scale}}})?").fullmatch
    easy = np.fromiter((short(text) is not None for text in texts), dtype=bool, count=len(texts))
    minor = np.zeros(len(texts), dtype=np.int64)
    minor[easy] = np.rint(texts[easy].astype(np.float64) * 10.0**scale)
    odd = np.flatnonzero(~easy & ~missing & ~broken)
    numbers = each_distinct(texts[odd], _decimal)
    plain = np.fromiter((number is not None for number in numbers), dtype=bool, count=len(odd))
    worded = np.zeros(len(texts), dtype=bool)
    worded[odd[~plain]] = True
    rule = "be a plain decimal number in every row"
    problems += problems_at(worded, texts, field, "SM-AMT-18", rule, _as_written(texts[worded]))
    rows = odd[plain]
    exact = [number for number in numbers if number is not None]
    bad = np.zeros(len(texts), dtype=bool)
    minor[rows], bad[rows], told = rounded_decimals(exact, scale, rounding=rounding)
    rounded = None
    if rounding is not None:
        rounded = np.zeros(len(texts), dtype=bool)
        rounded[rows] = told
    return _Minor(minor, missing | broken | worded, bad, texts, rounded, problems)


def _decimal(text: str) -> Decimal | None:
    return Decimal(text) if is_plain_decimal(text) else None


def _reasons(found: _Minor, field: str, scale: int) -> list[Problem]:
    """Return why rows have no minor units: not finite, above the limit, or too many decimals."""
    rows = np.flatnonzero(found.bad)
    if not len(rows):
        return []
    causes = [_cause(value, scale) for value in found.shown[rows]]
    rules = {
        "SM-AMT-02": ("be finite in every row", "leave a cell empty (None or NaN) where the amount is not known."),
        "SM-AMT-03": (f"be at most {LIMIT} minor units ({scale} decimals) in every row", None),
        "SM-AMT-04": (
            f"have at most {scale} decimals in every row",
            "rounding='half_even' rounds to minor units and counts; or state a larger `scale` (unit prices have 4).",
        ),
    }
    problems = []
    for code, (rule, hint) in rules.items():
        marked = np.zeros(len(found.bad), dtype=bool)
        marked[rows[[cause == code for cause in causes]]] = True
        problems += problems_at(marked, found.shown, field, code, rule, hint)
    return problems


def _cause(value: Any, scale: int) -> str:
    number = Decimal(value) if isinstance(value, str) else value
    if isinstance(number, (float, np.floating)) and not np.isfinite(number):
        return "SM-AMT-02"
    if isinstance(number, Decimal) and not number.is_finite():
        return "SM-AMT-02"
    most = Decimal(LIMIT).scaleb(-scale)
    if isinstance(number, np.floating):
        above = bool(abs(number) > np.longdouble(str(most)))
    else:
        number = int(number) if isinstance(number, np.integer) else number
        above = number > most or number < -most
    return "SM-AMT-03" if above else "SM-AMT-04"
