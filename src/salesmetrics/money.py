"""Exact money: currencies and their scales, amounts to whole minor units and back."""

from __future__ import annotations

import decimal
import math
from collections.abc import Iterable, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Literal, TypeAlias

import numpy as np

from salesmetrics._workbench import fresh
from salesmetrics.arrays import AnyArray, BoolArray, FloatArray, IntArray
from salesmetrics.errors import InvalidArgumentError, InvalidTypeError, nearest, show

__all__ = [
    "CURRENCIES",
    "LIMIT",
    "clear_minor",
    "currency_scale",
    "decimals_to_minor",
    "finite_amount",
    "floats_to_minor",
    "resolve_scale",
    "rounded_decimals",
    "to_major",
    "to_minor_scalar",
]

Rounding: TypeAlias = Literal["half_even"] | None

LIMIT = 2**53 - 1
"""The largest absolute amount, in minor units."""
MAX_SCALE = 9
DEFAULT_SCALE = 2
NEAR = 1e-6
"""A float this near to a whole minor unit, in minor units, is that unit."""
ULPS = 8
"""A float this near to a whole minor unit, in units of its own last place, is that unit."""

_SPLITTER = 2.0**27 + 1.0
_BLOCK = 1 << 13
_CLEAR = 1 << 15

_TWO_DECIMALS = """
    AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF
    CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF
    IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN
    MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS
    SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW
    ZWG
"""
_BY_DECIMALS = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    2: _TWO_DECIMALS,
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}

CURRENCIES: Mapping[str, int] = MappingProxyType(
    dict(sorted((code, scale) for scale, codes in _BY_DECIMALS.items() for code in codes.split()))
)
"""Decimals of the minor unit of every currency of ISO 4217."""


def currency_scale(code: object) -> int:
    """Return the decimals of a currency's minor unit.

    Parameters
    ----------
    code : str
        Code of ISO 4217 in capitals, such as ``"USD"``.

    Returns
    -------
    int
        The decimals.

    Raises
    ------
    InvalidArgumentError
        If there is no such code, or it is not in capitals.

    Examples
    --------
    >>> currency_scale("USD"), currency_scale("JPY"), currency_scale("KWD")
    (2, 0, 3)
    """
    if isinstance(code, str) and code in CURRENCIES:
        return CURRENCIES[code]
    raise InvalidArgumentError(
        f"`currency` must be a code of ISO 4217 in capitals, such as 'USD'; got {show(code)}.",
        code="SM-CUR-03",
        field="currency",
        values=[code],
        hint=_currency_hint(code),
    )


def _currency_hint(code: object) -> str | None:
    if isinstance(code, str) and code.strip():
        capitals = code[:80].strip().upper()
        return f"did you mean {show(capitals)}?" if capitals in CURRENCIES else nearest(capitals, CURRENCIES)
    return "leave `currency` out where the book has no named currency, and state `scale` where it is not 2."


def resolve_scale(currency: object, scale: object) -> int:
    """Return the scale of a book: the stated one, else the currency's, else 2.

    Parameters
    ----------
    currency : str or None
        Code of ISO 4217; checked also where a scale is stated.
    scale : int or None
        Decimals of the smallest amount, 0 to 9.

    Returns
    -------
    int
        The scale.

    Raises
    ------
    InvalidArgumentError
        If the currency is not known or the scale is out of range.
    """
    named = DEFAULT_SCALE if currency is None else currency_scale(currency)
    if scale is None:
        return named
    if isinstance(scale, (int, np.integer)) and not isinstance(scale, bool) and 0 <= scale <= MAX_SCALE:
        return int(scale)
    raise InvalidArgumentError(
        f"`scale` must be a whole number from 0 to {MAX_SCALE}; got {show(scale)}.",
        code="SM-CUR-05",
        field="scale",
        values=[scale],
        hint="the scale counts decimals: 2 for cents, 4 for unit prices.",
    )


def to_major(minor: IntArray, scale: int) -> FloatArray:
    """Return amounts in major units: the correctly rounded quotient.

    Parameters
    ----------
    minor : numpy.ndarray of int64
        Whole minor units.
    scale : int
        Decimals of the minor unit.

    Returns
    -------
    numpy.ndarray of float64
        A fresh array that can be written to.

    Examples
    --------
    >>> to_major(np.array([12345, -1]), 2).tolist()
    [123.45, -0.01]
    """
    unit = 10**scale
    major: FloatArray = np.asarray(np.divide(minor, float(unit), dtype=np.float64))
    if minor.size and (int(minor.max()) > 2**53 or int(minor.min()) < -(2**53)):
        large = (minor > 2**53) | (minor < -(2**53))
        major[large] = [amount / unit for amount in minor[large].tolist()]
    return major


def floats_to_minor(values: AnyArray, scale: int, *, rounding: Rounding = None) -> tuple[IntArray, BoolArray]:
    r"""Return floats as whole minor units, and which rows have none.

    Parameters
    ----------
    values : numpy.ndarray of float64, float32 or float16
        Amounts in major units.
    scale : int
        Decimals of the minor unit.
    rounding : {None, "half_even"}
        What to make of an amount that is no whole minor unit: refuse it, or round its exact value.

    Returns
    -------
    minor : numpy.ndarray of int64
        Whole minor units, 0 in bad rows.
    bad : numpy.ndarray of bool
        True where the row is not finite, is above the limit or is no whole minor unit.

    Notes
    -----
    With :math:`x` the exact value of a float times :math:`10^{scale}` and :math:`m` the whole number nearest to it, the
    row is :math:`m` where :math:`|x - m| \le \max(10^{-6}, 8\,\mathrm{ulp}\,10^{scale})`, with the ulp of the float's
    own type.

    Examples
    --------
    >>> minor, bad = floats_to_minor(np.array([0.1 + 0.2, 0.125]), 2)
    >>> minor.tolist(), bad.tolist()
    ([30, 0], [False, True])
    """
    values = np.ascontiguousarray(values)
    minor = np.empty(len(values), dtype=np.int64)
    bad = np.zeros(len(values), dtype=bool)
    with np.errstate(all="ignore"):
        for start in range(0, len(values), _BLOCK):
            rows = slice(start, start + _BLOCK)
            unsure = _convert_block(values[rows], minor[rows], scale)
            if unsure is not None:
                at = start + np.flatnonzero(unsure)
                minor[at], bad[at] = _settle(values[at], scale, rounding)
    return minor, bad


def clear_minor(
    pieces: Iterable[tuple[int, int, AnyArray, IntArray | None]], rows: int, scale: int
) -> tuple[IntArray, BoolArray | None] | None:
    """Return floats of major units as whole minor units, 0 where missing, where each clearly is one and none is negative.

    Pieces say where they begin, how many rows they are, and the floats of those of their rows that are known (None: of all);
    NaN is missing. The mask says which rows are known, None all. None in place of both where some float needs the exact rule.
    """
    minor = fresh(rows, np.int64)
    known: BoolArray | None = None
    room = np.empty((2, min(rows, _CLEAR)))
    with np.errstate(all="ignore"):
        for start, count, values, some in pieces:
            part = minor[start : start + count]
            out = part if some is None else np.empty(len(values), dtype=np.int64)
            absent = _clear_piece(values, out, scale, room)
            if absent is None:
                return None
            if some is None and not len(absent):
                continue
            known = np.ones(rows, dtype=bool) if known is None else known
            here = known[start : start + count]
            if some is None:
                here[absent] = False
                continue
            here.fill(False)
            here[some] = True
            here[some.take(absent)] = False
            part.fill(0)
            part[some] = out
    return minor, known


def _clear_piece(values: AnyArray, minor: IntArray, scale: int, room: FloatArray) -> IntArray | None:
    """Write floats as minor units and return which are missing; None where some float is not clearly a minor unit."""
    absent = [np.empty(0, dtype=np.int64)]
    for start in range(0, len(values), _CLEAR):
        block, out = values[start : start + _CLEAR], minor[start : start + _CLEAR]
        if _clear_block(block, out, scale, room):
            continue
        gone = np.isnan(block)
        if not gone.any() or not _clear_block(np.where(gone, 0.0, block), out, scale, room):
            return None
        absent.append(start + np.flatnonzero(gone))
    return np.concatenate(absent)


def _clear_block(values: AnyArray, minor: IntArray, scale: int, room: FloatArray) -> bool:
    """Write the floats of a block as minor units; False where one is not clearly such, is negative or NaN.

    Most blocks are told by their worst float alone. Half the tolerance is asked for, as in `_convert_block`.
    """
    eps = float(np.finfo(np.float64).eps)
    product, whole = room[0, : len(values)], room[1, : len(values)]
    np.multiply(values, float(10**scale), out=product)
    np.rint(product, out=whole)
    if not (whole.min() >= 0 and whole.max() < 0.125 / eps):  # which NaN is not either
        return False
    np.copyto(minor, whole, casting="unsafe")
    product -= whole
    if max(product.max(), -product.min()) <= 0.4 * NEAR:
        return True
    whole *= eps
    whole += 0.4 * NEAR
    return bool((np.abs(product, out=product) <= whole).all())


def _convert_block(values: AnyArray, minor: IntArray, scale: int) -> BoolArray | None:
    """Write the clear rows of a block and return the rows that need the exact rule, None where there are none.

    Half the tolerance is asked for, which leaves more room than the product can have lost.
    """
    eps = float(np.finfo(values.dtype).eps)
    product = values * np.float64(10**scale)
    whole = np.rint(product)
    np.copyto(minor, whole, casting="unsafe")
    size = np.abs(product)
    np.subtract(product, whole, out=whole)
    np.abs(whole, out=whole)
    if not size.max() < 0.125 / eps:  # NaN included
        return ~((size < 0.125 / eps) & (whole <= size * eps + 0.4 * NEAR))
    size *= eps
    size += 0.4 * NEAR
    clear = np.less_equal(whole, size)
    return None if clear.all() else ~clear


def _settle(values: AnyArray, scale: int, rounding: Rounding) -> tuple[IntArray, BoolArray]:
    """Apply the exact rule, with the rounding error of the product carried along.

    A power of ten up to 10**9 has at most 21 significant bits, so both halves of a split float times it are exact.
    """
    unit = float(10**scale)
    amount = values.astype(np.float64)
    outside = ~(np.abs(amount * unit) <= 2.0**53)
    amount[outside] = 0.0
    product = amount * unit
    high = _SPLITTER * amount
    high = high - (high - amount)
    lost = (high * unit - product) + (amount - high) * unit
    whole = np.rint(product)
    beyond = (np.abs(product - whole) == 0.5) & ((product - whole) * lost > 0.0)
    whole += np.where(beyond, np.sign(product - whole), 0.0)
    outside |= np.abs(whole) > LIMIT
    if rounding is None:
        gap = product - whole
        ulp = np.abs(np.spacing(np.where(outside, 1, values).astype(values.dtype))).astype(np.float64)
        rest = np.where(gap == 0.0, np.abs(lost), np.sign(gap) * lost)
        outside |= (np.abs(gap) - np.maximum(NEAR, ULPS * ulp * unit)) + rest > 0.0
    return np.where(outside, 0.0, whole).astype(np.int64), outside


_EXACT, _ROUNDED, _FLOAT, _BAD = range(4)
_UNREAD, _NONE = (0, _FLOAT), (0, _BAD)


def decimals_to_minor(values: Iterable[object], scale: int, *, rounding: Rounding = None) -> tuple[IntArray, BoolArray]:
    """Return numbers of any kind, row by row, as whole minor units, and which rows have none.

    Parameters
    ----------
    values : iterable of Decimal, int or float
        Amounts in major units.
    scale : int
        Decimals of the minor unit.
    rounding : {None, "half_even"}
        What to make of an amount that is no whole minor unit: refuse it, or round its exact value.

    Returns
    -------
    minor : numpy.ndarray of int64
        Whole minor units, 0 in bad rows.
    bad : numpy.ndarray of bool
        True where the row is no number, is not finite, is above the limit or is no whole minor unit.

    Examples
    --------
    >>> minor, bad = decimals_to_minor([Decimal("19.90"), 5, None], 2)
    >>> minor.tolist(), bad.tolist()
    ([1990, 500, 0], [False, False, True])
    """
    minor, bad, _ = rounded_decimals(values, scale, rounding=rounding)
    return minor, bad


def rounded_decimals(
    values: Iterable[object], scale: int, *, rounding: Rounding = None
) -> tuple[IntArray, BoolArray, BoolArray]:
    """Return what `decimals_to_minor` does, and which rows were rounded, told in the same pass."""
    rows = list(values)
    step, exact = Decimal((0, (1,), -scale)), _exact_context(rounding)
    found = [_UNREAD if isinstance(value, float) else _minor_or_none(value, scale, step, exact) for value in rows]
    minor = np.fromiter((whole for whole, _ in found), dtype=np.int64, count=len(rows))
    how = np.fromiter((kind for _, kind in found), dtype=np.int8, count=len(rows))
    bad, rounded = how == _BAD, how == _ROUNDED
    floats = np.flatnonzero(how == _FLOAT)
    if len(floats):
        plain = np.array([rows[row] for row in floats], dtype=np.float64)
        minor[floats], bad[floats] = floats_to_minor(plain, scale, rounding=rounding)
        if rounding is not None:
            rounded[floats] = floats_to_minor(plain, scale)[1] & ~bad[floats]
    return minor, bad, rounded


def _exact_context(rounding: Rounding) -> decimal.Context:
    traps: list[type[decimal.DecimalException]] = [decimal.InvalidOperation]
    if rounding is None:
        traps.append(decimal.Inexact)
    return decimal.Context(prec=40, rounding=decimal.ROUND_HALF_EVEN, Emin=-60, Emax=60, traps=list(traps))


def _minor_or_none(value: object, scale: int, step: Decimal, exact: decimal.Context) -> tuple[int, int]:
    """Return the whole minor units of one number that is no float, and whether it is exact, rounded or none.

    The context refuses more than 40 digits before it computes them, so a huge exponent costs nothing.
    """
    number = value if isinstance(value, Decimal) else _plain(value)
    if isinstance(number, float):
        number = Decimal(repr(number))
    if isinstance(number, Decimal):
        try:
            near = number.quantize(step, None, exact)
            minor, how = int(near.scaleb(scale, exact)), _EXACT if near == number else _ROUNDED
        except (decimal.InvalidOperation, decimal.Inexact, ValueError):
            return _NONE
    elif number is None:
        return _NONE
    else:
        minor, how = number * 10**scale, _EXACT
    return (minor, how) if -LIMIT <= minor <= LIMIT else _NONE


def to_minor_scalar(value: object, scale: int, argument: str) -> int:
    """Return one amount in whole minor units.

    Parameters
    ----------
    value : int, float or Decimal
        Amount in major units.
    scale : int
        Decimals of the minor unit.
    argument : str
        Name of the argument, for the error.

    Returns
    -------
    int
        Whole minor units.

    Raises
    ------
    InvalidTypeError
        If the value is no number.
    InvalidArgumentError
        If it is not finite, is above the limit or is no whole minor unit.

    Examples
    --------
    >>> to_minor_scalar(0.1 + 0.2, 2, "amount")
    30
    """
    number = finite_amount(value, argument)
    minor, bad = decimals_to_minor([number], scale)
    if not bad[0]:
        return int(minor[0])
    if _above(number, Decimal(LIMIT).scaleb(-scale)):
        raise _too_large(value, argument, scale)
    raise InvalidArgumentError(
        f"`{argument}` must have at most {scale} decimals; got {show(value)}.",
        code="SM-AMT-04",
        field=argument,
        values=[value],
        hint="state a larger `scale` (unit prices have 4), or round the amount.",
    )


def finite_amount(value: object, argument: str) -> int | float | Decimal:
    """Return a number that must be finite and below the limit of every scale; minus zero becomes zero.

    Parameters
    ----------
    value : object
        What the user gave.
    argument : str
        Name of the argument, for the error.

    Returns
    -------
    int, float or Decimal
        The number as a plain Python one.

    Raises
    ------
    InvalidTypeError
        If the value is no number.
    InvalidArgumentError
        If it is not finite or is above the limit.
    """
    number = _plain(value)
    if number is None:
        raise InvalidTypeError(
            f"`{argument}` must be an int, a float or a Decimal; got {show(value)}.",
            code="SM-AMT-01",
            field=argument,
            values=[value],
            hint=_type_hint(value),
        )
    if not (number.is_finite() if isinstance(number, Decimal) else isinstance(number, int) or math.isfinite(number)):
        raise InvalidArgumentError(
            f"`{argument}` must be finite; got {show(value)}.",
            code="SM-AMT-02",
            field=argument,
            values=[value],
            hint="write None where it is not known.",
        )
    if _above(number, LIMIT):
        raise _too_large(value, argument, 0)
    return (number or Decimal(0)) if isinstance(number, Decimal) else number + 0


def _plain(value: object) -> int | float | Decimal | None:
    if isinstance(value, (bool, np.bool_)):
        return None
    if isinstance(value, (int, np.integer)):
        return int(value)
    if isinstance(value, np.floating):
        return value.item() if isinstance(value, np.float64) else float(str(value))
    return value if isinstance(value, (float, Decimal)) else None


def _above(number: float | Decimal, limit: int | Decimal) -> bool:
    """Return whether a finite number is larger than a limit, whatever its sign; compares, never converts."""
    return number > limit or number < -limit


def _type_hint(value: object) -> str | None:
    if isinstance(value, str):
        return "texts are read by read_deals and its sisters; here write the number, or Decimal(text)."
    return "True and False are no amounts." if isinstance(value, (bool, np.bool_)) else None


def _too_large(value: object, argument: str, scale: int) -> InvalidArgumentError:
    return InvalidArgumentError(
        f"`{argument}` must be at most {LIMIT} minor units; got {show(value)} at {scale} decimals.",
        code="SM-AMT-03",
        field=argument,
        values=[value],
        hint="state a smaller `scale`, or keep the book in thousands." if scale else "keep the book in thousands.",
    )
