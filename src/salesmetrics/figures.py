"""Numbers as a person reads them, in a table or a picture: percent, times, money, days; and text of a known width."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Any

import numpy as np

from salesmetrics.errors import escape

__all__ = [
    "above",
    "aligned",
    "brief",
    "cut",
    "in_words",
    "kind_of",
    "mark_of",
    "names_of",
    "padded",
    "plain",
    "tick",
    "width",
    "written",
]

_TIMES = ("pipeline_coverage", "required_coverage", "coverage")
_NUMBERS = ("gini", "mase", "logrank", "chi_square")
_SAID = {
    "no_rows": "no rows",
    "zero_denominator": "nothing to divide by",
    "no_quota": "no quota",
    "target_met": "target met",
    "not_started": "not started",
    "period_over": "period is over",
    "period_running": "period still running",
    "zero_duration": "zero days",
    "not_reached": "not reached",
    "not_observed": "not observed",
    "immature": "too young",
    "negative_base": "negative base",
}
_STEPS = ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k"))
_MINUS = "\N{MINUS SIGN}"


# --- what kind of number it is ---------------------------------------------------------------------------------------


def kind_of(name: str, unit: str) -> str:
    """Return how the numbers of a metric, or of a part, are read: fractions as ``percent``, ``times`` or ``number``."""
    if unit != "fraction":
        return unit
    return "times" if name in _TIMES else "number" if name in _NUMBERS else "percent"


def mark_of(kind: str, currency: str | None = None) -> str:
    """Return the unit as it stands on an axis, in brackets; nothing for a plain number."""
    money = currency or "money"
    mark = {"percent": "%", "times": "x", "number": "", "money": money, "money/day": f"{money}/day"}.get(kind, kind)
    return f"[{mark}]" if mark else ""


def above(name: str, unit: str, currency: str | None = None) -> str:
    """Return what stands above a table: the metric, its unit, and how it is shown where that differs."""
    shown = {"percent": ", shown as %", "times": ", shown as x"}.get(kind_of(name, unit), "")
    if currency is not None and unit.startswith("money"):
        shown = f", {currency}"
    return f"{plain(name)} [{plain(unit)}{plain(shown)}]"


def in_words(reason: str) -> str:
    """Return the reason of a NaN in words."""
    return _SAID.get(reason, reason.replace("_", " "))


# --- numbers as text -------------------------------------------------------------------------------------------------


def written(value: Any, kind: str, decimals: int | None = None) -> str:
    """Return a number as it stands in a table; money with all its decimals.

    Examples
    --------
    >>> written(0.342, "percent"), written(0.9997, "percent"), written(2.5, "times"), written(1234.5, "money")
    ('34.2 %', '99.97 %', '2.50x', '1,234.50')
    """
    if isinstance(value, (bool, np.bool_)):
        return "yes" if value else "no"
    if isinstance(value, (int, np.integer)) and kind not in ("percent", "times"):
        return f"{int(value):,}"
    number = float(value)
    if np.isnan(number) or np.isinf(number):
        return "NaN" if np.isnan(number) else "inf" if number > 0 else "-inf"
    if kind == "percent":
        return f"{_honest(100 * number, 1, 100)} %"
    if kind == "times":
        return f"{_honest(number, 2, 1)}x"
    if kind == "number":
        return _honest(number, 4, 1)
    if kind.startswith("money"):
        return f"{number:,.{2 if decimals is None else decimals}f}"
    if number == round(number):
        return f"{round(number):,}"
    return f"{number:,.4g}" if abs(number) < 1e4 else f"{number:,.1f}"


def _honest(number: float, digits: int, whole: int) -> str:
    """Return a rounded number, with more digits where rounding would make it nothing, or the whole that it is not."""
    near = abs(abs(number) - whole) <= 1e-9 * whole
    for more in range(digits, digits + 5):
        text = f"{number:,.{more}f}"
        read = abs(float(text.replace(",", "")))
        if not ((read == 0 and number != 0) or (read == whole and not near)):
            return text
        if near:
            break
    return f"{number:,.{digits}f}" if near or abs(number) > whole / 2 else f"{number:.2g}"


def brief(value: float, kind: str) -> str:
    """Return a number as it stands in a picture, with three digits.

    Examples
    --------
    >>> brief(0.342, "percent"), brief(1_234_567.0, "money"), brief(2.5, "times"), brief(-61.04, "days")
    ('34 %', '1.23M', '2.5x', '−61')
    """
    number = float(value)
    if np.isnan(number) or np.isinf(number):
        return written(number, kind)
    sign, size = (_MINUS if number < 0 else ""), abs(number)
    if kind == "percent":
        digits = 1 if size < 0.0995 else 0
        return f"{sign}{_honest(100 * size, digits, 100).removesuffix('.0')} %"
    if kind == "times":
        return f"{sign}{_honest(size, 1, 1)}x"
    if kind == "number":
        return sign + (f"{size:.2f}" if size >= 0.01 or size == 0 else f"{size:.1g}")
    if kind.startswith("money"):
        return sign + _scaled(size)
    if size >= 99_999.5:
        return sign + _scaled(size)
    if size >= 1000 or size == round(size):
        return f"{sign}{round(size):,}"
    return sign + f"{size:.3g}"


def _scaled(size: float) -> str:
    """Return a size with three digits, in thousands, millions, billions or trillions."""
    for step, letter in _STEPS:
        if size >= step * 0.9995:
            return f"{_three(size / step)}{letter}"
    return _three(size)


def _three(size: float) -> str:
    return f"{size:,.0f}" if size >= 99.95 else f"{size:.1f}" if size >= 9.995 else f"{size:.3g}"


def tick(value: float, kind: str) -> str:
    """Return a number as it stands on an axis: with all digits of the step between two of them.

    Examples
    --------
    >>> tick(0.07, "percent"), tick(250_000.0, "money"), tick(1_250_000.0, "money"), tick(40.0, "days")
    ('7 %', '250k', '1.25M', '40')
    """
    sign, size = (_MINUS if value < 0 else ""), abs(float(value))
    if kind == "percent":
        return f"{sign}{100 * size:,.10g} %"
    if kind == "times":
        return f"{sign}{size:,.10g}x"
    if kind.startswith("money") or size >= 1e5:
        for step, letter in _STEPS:
            if size >= step:
                return f"{sign}{size / step:,.10g}{letter}"
    return f"{sign}{size:,.10g}"


# --- text ------------------------------------------------------------------------------------------------------------


def plain(value: object, letters: int = 80) -> str:
    """Return a label as text that is safe to print, cut at its end."""
    text = str(value)
    return escape(text[:letters] + ("…" if len(text) > letters else ""))


def cut(value: object, letters: int) -> str:
    """Return a label as text that is safe to print, cut in the middle: what tells two names apart may stand at an end."""
    text = str(value)
    if len(text) > letters:
        head = letters // 2
        text = f"{text[:head].rstrip()}…{text[len(text) - (letters - head - 1) :].lstrip()}"
    return escape(text)


def width(text: str) -> int:
    """Return how many columns of a terminal a text takes: some letters take two, and marks above letters none."""
    if text.isascii():
        return len(text)
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 0 if unicodedata.combining(c) else 1 for c in text)


def padded(text: str, columns: int, *, left: bool) -> str:
    """Return a text in a column of a table."""
    gap = " " * max(columns - width(text), 0)
    return text + gap if left else gap + text


def aligned(head: Sequence[str], body: Sequence[Sequence[str]], left: int) -> list[str]:
    """Return the lines of a table: so many columns of words, then columns of numbers, each as wide as it must be."""
    widths = [max(map(width, column)) for column in zip(head, *body, strict=True)]
    return [
        "  ".join(
            padded(cell, wide, left=at < left) for at, (cell, wide) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in (head, *body)
    ]


def names_of(names: Sequence[str], columns: Sequence[Sequence[object]], rows: Sequence[object]) -> list[list[str]]:
    """Return the columns of the labels of a table under their names; the rows themselves where nothing is named."""
    held = [
        [name, *("(missing)" if value is None else value for value in column)]
        for name, column in zip(names, columns, strict=True)
    ]
    return [[plain(cell) for cell in column] for column in held or [["", *rows]]]
