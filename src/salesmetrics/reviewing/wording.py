"""Numbers and labels as a review writes them: shares in percent, coverage in times, money in whole units."""

from __future__ import annotations

import math

from salesmetrics import figures
from salesmetrics.calendars import Period

__all__ = ["apart", "days", "label", "money", "percent", "signed", "since", "times"]

_LETTERS = 32
_NOTHING = "-"


def label(value: object, letters: int = _LETTERS) -> str:
    """Return a label as text that is safe to print, cut in the middle where it is long."""
    if isinstance(value, tuple):
        return " / ".join(label(part, letters) for part in value)
    return "(missing)" if value is None else figures.cut(value, letters)


def _number(value: float | None, form: str, reason: str = "") -> str:
    """Return a number, or why there is none."""
    if value is None or math.isnan(value) or math.isinf(value):
        return figures.in_words(reason) if reason else _NOTHING
    return format(value, form)


def money(value: float | None, reason: str = "") -> str:
    """Return money in whole units.

    Examples
    --------
    >>> money(1234567.8), money(float("nan"), "no_quota"), money(float("nan"))
    ('1,234,568', 'no quota', '-')
    """
    text = _number(value, ",.0f", reason)
    return "0" if text == "-0" else text


def signed(value: float | None, reason: str = "") -> str:
    """Return money in whole units, with its sign."""
    return _number(value, "+,.0f", reason)


def percent(value: float | None, reason: str = "", *, sign: bool = False) -> str:
    """Return a share in percent.

    Examples
    --------
    >>> percent(0.417), percent(0.2, sign=True), percent(float("nan"), "no_rows")
    ('41.7 %', '+20.0 %', 'no rows')
    """
    if value is None or math.isnan(value) or math.isinf(value):
        return _number(value, "", reason)
    text = figures.written(value, "percent")
    return f"+{text}" if sign and value > 0 else text


def times(value: float | None, reason: str = "") -> str:
    """Return a coverage as times."""
    if value is None or math.isnan(value) or math.isinf(value):
        return _number(value, "", reason)
    return figures.written(value, "times")


def days(value: float | None, reason: str = "") -> str:
    """Return whole days, or months."""
    return _number(value, ",.0f", reason)


def apart(value: float, threshold: float) -> tuple[str, str]:
    """Return two shares in percent with as many digits as tell them apart, the threshold without needless ones.

    Examples
    --------
    >>> apart(0.627, 0.9), apart(0.8999, 0.9)
    (('62.7 %', '90 %'), ('89.99 %', '90 %'))
    """
    limit = f"{100 * threshold:.6g}"
    for digits in range(1, 6):
        text = f"{100 * value:,.{digits}f}"
        if float(text.replace(",", "")) != float(limit):
            break
    return f"{text} %", f"{limit} %"


def since(basis: str, before: Period) -> str:
    """Return which deals the required coverage is learned from, in words."""
    return f"the deals {'open at the start of' if basis == 'open_at' else 'closed in'} {label(before)}"
