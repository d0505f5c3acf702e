"""Amounts as people write them: with separators, signs of currency, brackets; read only where the format is told."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType

import attrs
import numpy as np

from salesmetrics import _check
from salesmetrics.arrays import AnyArray, IntArray
from salesmetrics.convert.raw import Instants, Problem, Raw, Scaled, Texts, plain, problems_at, whole_problem
from salesmetrics.convert.words import LONGEST_NUMBER, each_distinct, spreadsheet_errors
from salesmetrics.money import CURRENCIES

__all__ = ["MONEY_FORMATS", "SIGNS", "Written", "as_numbers", "could_mean", "read_written", "writing"]


@attrs.frozen
class Writing:
    """What separates groups of digits (each of these), what stands before the decimals, and the size of the upper groups."""

    groups: str
    point: str
    upper: int = 3


_SPACES = " \u00a0\u202f"
MONEY_FORMATS: Mapping[str, Writing] = MappingProxyType(
    {
        "1,234.56": Writing(",", "."),
        "1.234,56": Writing(".", ","),
        "1 234,56": Writing(_SPACES, ","),
        "1 234.56": Writing(_SPACES, "."),
        "1'234.56": Writing("'\u2019", "."),
        "12,34,567.89": Writing(",", ".", upper=2),
        "1234.56": Writing("", "."),
        "1234,56": Writing("", ","),
    }
)
"""The ways of writing an amount, each named by an example of itself."""

_DOLLARS = "USD AUD BBD BMD BND BSD BZD CAD CLP COP CRC DOP ARS FJD GYD HKD JMD KYD LRD MXN NAD NZD SBD SGD SRD TTD TWD UYU XCD"
_SIGNS = {
    "$": _DOLLARS,
    "US$": "USD",
    "A$": "AUD",
    "AU$": "AUD",
    "C$": "CAD",
    "CA$": "CAD",
    "NZ$": "NZD",
    "HK$": "HKD",
    "S$": "SGD",
    "R$": "BRL",
    "MX$": "MXN",
    "NT$": "TWD",
    "€": "EUR",
    "£": "GBP EGP FKP GIP SHP SSP SYP LBP SDG",
    "¥": "JPY CNY",
    "￥": "JPY CNY",
    "₹": "INR",
    "₩": "KRW KPW",
    "₽": "RUB",
    "₺": "TRY",
    "₪": "ILS",
    "₫": "VND",
    "₦": "NGN",
    "₱": "PHP",
    "₴": "UAH",
    "₸": "KZT",
    "฿": "THB",
    "zł": "PLN",
    "Kč": "CZK",
    "kr": "SEK NOK DKK ISK",
    "kr.": "SEK NOK DKK ISK",
    "Ft": "HUF",
    "lei": "RON MDL",
    "Fr.": "CHF",
    "R": "ZAR",
}
SIGNS: Mapping[str, frozenset[str]] = MappingProxyType(
    {sign: frozenset(codes.split()) for sign, codes in _SIGNS.items()}
)
"""What a sign of currency can mean."""
_BODY = re.compile("[0-9](?:.*[0-9])?", re.DOTALL)
"""From the first digit to the last."""
_MINUS = "-\u2212"
_SIGN = "+" + _MINUS


@attrs.frozen
class Written:
    """A number that was written, and the sign or code of currency beside it."""

    number: Decimal
    mark: str


def writing(money_format: object) -> Writing | None:
    """Return the way of writing that is asked for by an example of itself; None for plain numbers only."""
    if money_format is None:
        return None
    return MONEY_FORMATS[_check.one_of(money_format, tuple(MONEY_FORMATS), "money_format")]


def could_mean(mark: str, currency: str) -> bool:
    """Return whether a sign or code of currency can stand for a currency."""
    return not mark or mark == currency or currency in SIGNS.get(mark, ())


def read_written(text: str, how: Writing) -> Written | None:
    """Return the number of a text, None where it is not written in this way.

    One pass over a text of bounded length. At most one sign and one mark: ``-$1,234.50``, ``(1,234.50)``, ``1,234.50- USD``.

    Examples
    --------
    >>> read_written("(1.234,50 €)", MONEY_FORMATS["1.234,56"])
    Written(number=Decimal('-1234.50'), mark='€')
    >>> read_written("1.234,50", MONEY_FORMATS["1,234.56"])
    """
    if len(text) > LONGEST_NUMBER:
        return None
    rest = text.strip()
    brackets = rest.startswith("(") and rest.endswith(")")
    if brackets:
        rest = rest[1:-1]
    body = _BODY.search(rest)
    if body is None:
        return None
    front, behind = _beside(rest[: body.start()]), _beside(rest[body.end() :])
    number = _number(body[0], how)
    if number is None or front is None or behind is None:
        return None
    signs, marks = front[0] + behind[0], [mark for mark in (front[1], behind[1]) if mark]
    if len(signs) + brackets > 1 or len(marks) > 1:
        return None
    minus = brackets or bool(signs and signs in _MINUS)
    return Written(-number if minus else number, marks[0] if marks else "")


def _beside(text: str) -> tuple[str, str] | None:
    """Return the sign and the mark of currency that stand on one side of a number, None where anything else does."""
    if not text:
        return "", ""
    text, sign = text.strip(), ""
    for at in (0, -1):
        if text and not sign and text[at] in _SIGN:
            sign, text = text[at], (text[1:] if at == 0 else text[:-1]).strip()
    return (sign, text) if not text or text in SIGNS or text in CURRENCIES else None


def _number(text: str, how: Writing) -> Decimal | None:
    """Return a number without sign, its groups complete; None where it is not written in this way."""
    whole, point, decimals = text.partition(how.point)
    if not text.isascii() and not how.groups.isascii():
        for other in how.groups[1:]:
            whole = whole.replace(other, how.groups[0])
    parts = whole.split(how.groups[0]) if how.groups else [whole]
    if len(parts) > 1 and not (
        1 <= len(parts[0]) <= how.upper and len(parts[-1]) == 3 and {len(part) for part in parts[1:-1]} <= {how.upper}
    ):
        return None
    digits = "".join(parts)
    if not _all_digits(digits + decimals) or not digits or (point and not decimals):
        return None
    return Decimal(f"{digits}.{decimals}" if decimals else digits)


def _all_digits(text: str) -> bool:
    """Return whether a text holds ASCII digits only."""
    return text.isascii() and text.isdigit()


def as_numbers(raw: Raw, field: str, money_format: str, currency: str | AnyArray | None) -> tuple[Raw, list[Problem]]:
    """Return a column with what is written in a format as ``Decimal``, and the texts that are not, or in other currencies."""
    how = writing(money_format)
    assert how is not None
    problems: list[Problem] = []
    if isinstance(raw, Texts):
        broken, problems = spreadsheet_errors(raw.values, field)
        values = np.where(broken, "", raw.values)
    elif isinstance(raw, (Scaled, Instants)):
        return raw, []
    else:
        found = plain(raw, field)
        if found.values.dtype.kind != "O":
            return raw, []
        values, problems = found.values.copy(), list(found.problems)
        values[found.missing] = None
    rows = np.flatnonzero([isinstance(value, str) for value in values])
    texts = values[rows]
    written = each_distinct(texts, lambda text: read_written(text, how))
    objects = values.copy()
    objects[rows] = [None if one is None else one.number for one in written]
    absent = np.fromiter((one is None for one in written), dtype=bool, count=len(rows))
    blank = np.fromiter((not text.strip() for text in texts), dtype=bool, count=len(rows))
    wrong = np.zeros(len(values), dtype=bool)
    wrong[rows[absent & ~blank]] = True
    hint = "another `money_format` may fit: the name of each is an example of itself."
    problems += problems_at(wrong, values, field, "SM-AMT-18", f"be written like {money_format} in every row", hint)
    return objects, [*problems, *_marked(values, rows, written, field, currency)]


def _marked(
    values: AnyArray, rows: IntArray, written: list[Written | None], field: str, currency: str | AnyArray | None
) -> list[Problem]:
    """Return the problem of amounts whose sign or code of currency cannot mean the currency they are in."""
    marks = ["" if one is None else one.mark for one in written]
    if not any(marks):
        return []
    if currency is None:
        distinct = sorted({mark for mark in marks if mark})
        if len(distinct) == 1:
            return []
        hint = "one book has one currency: name it by `currency`, or give `rates` and a column of currencies."
        rule = "be in one currency in every row"
        return [whole_problem(field, "SM-CUR-01", rule, " and ".join(distinct[:4]), hint)]
    wrong = np.zeros(len(values), dtype=bool)
    of = [currency] * len(rows) if isinstance(currency, str) else list(currency[rows])
    wrong[rows] = [not could_mean(mark, coin) for mark, coin in zip(marks, of, strict=True)]
    rule = (
        f"be in {currency} in every row" if isinstance(currency, str) else "bear the sign of its currency in every row"
    )
    hint = "convert such rows first, or give `rates` and a column of currencies."
    return problems_at(wrong, values, field, "SM-CUR-10", rule, hint)
