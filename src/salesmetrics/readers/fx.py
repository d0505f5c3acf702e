"""The way in for exchange rates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any, Literal

import numpy as np

from salesmetrics import _check, convert
from salesmetrics.arrays import AnyArray, BoolArray, IntArray
from salesmetrics.columns import Column, DayColumn, LabelColumn
from salesmetrics.convert import Coded, Problem, Raw, Scaled
from salesmetrics.convert.words import is_plain_decimal
from salesmetrics.errors import MissingColumnError, show
from salesmetrics.keywords import names_keywords
from salesmetrics.money import currency_scale
from salesmetrics.rates import FILLS, FOREVER, FxTable, rate_of
from salesmetrics.readers.currencies import codes_of
from salesmetrics.readers.mapped import Named, any_source, checked_forms, named
from salesmetrics.readers.rules import Judge, checked_mode

__all__ = ["read_rates"]

FIELDS = ("currency", "start", "day", "end", "per_base", "in_base")
_DIRECTIONS = ("per_base", "in_base")
_OPEN = ("9999-12-31", "2999-12-31")
"""What Salesforce and others write for an end that is open."""


@names_keywords
def read_rates(
    source: Any,
    columns: Mapping[str, str] | None = None,
    *,
    base: str,
    until: object = None,
    fill: Literal["previous"] | None = None,
    currencies: Mapping[str, str] | Literal["upper"] | None = None,
    date_format: str | Mapping[str, str] | None = None,
    sentinels: Iterable[object] = (),
    on_error: Literal["raise", "collect", "drop"] = "raise",
) -> FxTable:
    """Table of exchange rates from a CSV file, a frame or a mapping of columns.

    Parameters
    ----------
    source : path, text stream, frame or mapping of array_like
        Columns ``currency``, then ``start`` (the first day of a rate) or ``day`` (its only one), and the rate in the column
        that says its direction, here with the base USD: ``per_base`` where 1 USD is 1.39 AUD, ``in_base`` where 1 AUD is
        0.72 USD. With ``end`` a rate holds on the days ``[start, end)``, else until the next start of its currency.
    columns : mapping of str to str, optional
        Our name to the source's. Salesforce's ``DatedConversionRate`` is ``{"currency": "IsoCode", "start": "StartDate",
        "end": "NextStartDate", "per_base": "ConversionRate"}``.
    base : str
        The currency in which the others are valued; Salesforce calls it the corporate currency.
    until : date or str, optional
        Without ``end``: the first day on which the last rate of a currency no longer holds; it holds on one day by default.
    fill : {None, "previous"}
        Whether a day without a rate takes the last one before it. By default an amount of such a day is refused.
    currencies : mapping or "upper", optional
        What the source's words for currencies mean; ``"upper"`` takes codes in any case.
    date_format, sentinels, on_error
        As in `read_deals`; an ``end`` that is empty or 9999-12-31 is open.

    Returns
    -------
    FxTable
        The rates, as exact fractions. Where both directions are given, ``per_base`` counts.

    Raises
    ------
    InvalidDataError
        A rate is not a finite number above 0, or two rates of a currency hold on the same day.
    MissingColumnError
        No column says the direction of the rates.

    Warns
    -----
    SalesMetricsWarning
        Both directions are given and do not agree.

    Examples
    --------
    >>> import salesmetrics as sm
    >>> fx = sm.read_rates({"currency": ["EUR", "EUR"], "start": ["2026-01-01", "2026-04-01"], "per_base": [0.92, 0.9]},
    ...                    base="USD", until="2026-07-01")
    >>> float(round(fx.rate("EUR", "2026-03-31"), 6))
    1.086957
    """
    currency_scale(base)
    mode, last = checked_mode(on_error), _check.optional_day(until, "until")
    if fill is not None:
        _check.one_of(fill, FILLS, "fill")
    here = named(any_source(source, dict), columns, FIELDS, ("currency",))
    checked_forms(here, date_format)
    _one_direction(here)
    judge = Judge(mode, here.source.rows, here.source.lines, here.names, noun="rate")
    judge.hear(here.source.problems)
    own = codes_of(here, judge, currencies)
    days = _days(here, judge, date_format, sentinels)
    judge.keys = _keys(own, days["start"])
    judge.hear(_unnamed(own, days["start"]))
    values = {name: _rates(here, name, judge) for name in _DIRECTIONS if name in here}
    _agreeing(values, judge)
    start, end = days["start"].days.astype(np.int64), _ends(here, days, own, last)
    book: dict[str, Column] = {"currency": own, "start": days["start"], "end": DayColumn(end.astype(np.int32))}
    clean, kept = judge.settle(book, _overlaps)
    judge.warn()
    exact = values["per_base"] if "per_base" in values else values["in_base"]
    names = own.user()[kept].tolist()
    worth = [1 / exact[row] if "per_base" in values else exact[row] for row in kept.tolist()]
    first = np.where(start[kept] < 0, -FOREVER, start[kept]).tolist()
    until_ = clean["end"]
    assert isinstance(until_, DayColumn)
    return FxTable.of_rows(base, names, first, until_.days.tolist(), worth, fill)


def _one_direction(here: Named) -> None:
    """Raise where no column says which way round the rates are, or when they hold."""
    if not any(name in here for name in _DIRECTIONS):
        raise MissingColumnError(
            f"the source must have 'per_base' or 'in_base', which say the direction of the rates; got "
            f"{', '.join(map(show, here.source.names[:20]))}.",
            code="SM-CUR-13",
            field="per_base",
            values=list(here.source.names),
            hint="columns={'per_base': 'Rate'} where 1 USD is 1.39 AUD, {'in_base': 'Rate'} where 1 AUD is 0.72 USD.",
        )
    both = [name for name in ("start", "day") if name in here]
    if len(both) == 2:
        raise MissingColumnError(
            "the source must have 'start' or 'day', not both; got both.",
            code="SM-CUR-14",
            field="day",
            values=both,
            hint="a `start` holds until the next one, a `day` for that day only.",
        )


def _days(
    here: Named, judge: Judge, date_format: str | Mapping[str, str] | None, sentinels: Iterable[object]
) -> dict[str, DayColumn]:
    """Return the days of the source; without any a rate holds always."""
    found = {}
    for name in ("start", "day", "end"):
        if name in here:
            ends = (*sentinels, *_OPEN) if name == "end" else sentinels
            found[name], problems = convert.day(here.raw(name, "day"), name, date_format=date_format, sentinels=ends)
            judge.hear(problems)
    nothing = DayColumn(np.full(here.source.rows, -1, dtype=np.int32))
    return {"start": found.get("start", found.get("day", nothing)), **found}


def _keys(own: LabelColumn, start: DayColumn) -> AnyArray:
    """Return currency and first day of each rate, for errors."""
    days = [f" from {day}" if str(day) != "NaT" else "" for day in start.user()]
    keys: AnyArray = np.array([f"{name}{day}" for name, day in zip(own.user(), days, strict=True)], dtype=object)
    return keys


def _unnamed(own: LabelColumn, start: DayColumn) -> list[Problem]:
    """Return the problem of rates without a currency."""
    rows = np.flatnonzero(own.codes < 0)
    nothing: list[object] = [None] * len(rows)
    return [Problem("SM-CUR-03", "currency", "be given for every rate", rows, nothing)] if len(rows) else []


def _rates(here: Named, name: str, judge: Judge) -> list[Fraction]:
    """Return a column of rates as exact fractions; what is no finite number above 0 is a problem, and 1."""
    values = _objects(here.raw(name, "money"))
    told = {
        value: _rate(value) for value in values if type(value) in (str, float)
    }  # rates repeat, and are dear to read
    rates = [told[value] if type(value) in (str, float) else _rate(value) for value in values]
    wrong = np.flatnonzero([rate is None for rate in rates])
    if len(wrong):
        rule = "be a finite number above 0 in every row"
        hint = "leave out the row of a rate that is not known; a rate is a plain number such as 1.39."
        judge.hear([Problem("SM-CUR-02", name, rule, wrong, [values[row] for row in wrong.tolist()], hint)])
    return [Fraction(1) if rate is None else rate for rate in rates]


def _objects(raw: Raw) -> list[Any]:
    """Return the values of a column, exactly."""
    if isinstance(raw, Scaled):
        missing = np.zeros(len(raw), dtype=bool) if raw.missing is None else raw.missing
        exact = [Decimal(value).scaleb(-raw.decimals) for value in raw.values.tolist()]
        return [None if absent else value for value, absent in zip(exact, missing.tolist(), strict=True)]
    if isinstance(raw, Coded):
        return [None if code < 0 else raw.labels[code] for code in np.asarray(raw.codes).tolist()]
    values = raw.values if not isinstance(raw, np.ndarray) else raw
    if isinstance(values, np.ma.MaskedArray):
        return [None if value is np.ma.masked else value for value in values]
    return list(values)


def _rate(value: object) -> Fraction | None:
    """Return a rate, a plain decimal where it is text."""
    if isinstance(value, str):
        return rate_of(Decimal(value)) if is_plain_decimal(value) else None
    return rate_of(value)


def _agreeing(values: Mapping[str, list[Fraction]], judge: Judge) -> None:
    """Hear a warning of rates that are given in both directions and do not agree within the digits they are written with."""
    if len(values) < 2:
        return
    pairs = list(zip(values["per_base"], values["in_base"], strict=True))
    apart = {
        (one, other): abs(one * other - 1) > 2 * (_half(one) * other + _half(other) * one) for one, other in set(pairs)
    }
    far = [apart[pair] for pair in pairs]
    rows = np.flatnonzero(far)
    if len(rows):
        shown: list[object] = [f"{float(pairs[row][0])} and {float(pairs[row][1])}" for row in rows.tolist()]
        hint = "one of the two may be the wrong way round; `per_base` counts."
        rule = "be 1 over `in_base` in every row"
        judge.hear([Problem("SM-CUR-04", "per_base", rule, rows, shown, hint, warning=True)])


def _half(rate: Fraction) -> Fraction:
    """Return half a unit of the last decimal that a rate is written with."""
    decimals = next((digits for digits in range(12) if 10**digits % rate.denominator == 0), 12)
    return Fraction(1, 2 * 10**decimals)


def _ends(here: Named, days: Mapping[str, DayColumn], own: LabelColumn, until: int | None) -> IntArray:
    """Return the day after each rate's last: its own, the next start of its currency, or what is said of the last one."""
    start = days["start"].days.astype(np.int64)
    if "end" in here:
        end = days["end"].days.astype(np.int64)
        return np.where(end < 0, FOREVER, end)
    if "day" in here:
        return start + 1
    if "start" not in here:
        return np.full(len(start), FOREVER, dtype=np.int64)
    order = np.lexsort((start, own.codes))
    following = np.full(len(start), -1, dtype=np.int64)
    same: BoolArray = own.codes[order][1:] == own.codes[order][:-1]
    following[order[:-1]] = np.where(same, start[order][1:], -1)
    last = np.maximum(start + 1, -1 if until is None else until)
    # two starts of one day hold on that day, both of them, which is refused as such
    return np.where(following < 0, last, np.maximum(following, start + 1))


def _overlaps(columns: Mapping[str, Column]) -> list[Problem]:
    """Return the problem of rates of one currency that hold on the same day, and of those that end before they start."""
    own, first, last = columns["currency"], columns["start"], columns["end"]
    assert isinstance(own, LabelColumn)
    assert isinstance(first, DayColumn)
    assert isinstance(last, DayColumn)
    start, end = first.days.astype(np.int64), last.days.astype(np.int64)
    backward = np.flatnonzero(end <= start)
    order = np.lexsort((end, start, own.codes))
    o, s, e = own.codes[order].astype(np.int64), start[order], end[order]
    lift = (o - o.min(initial=0)) << 32
    running = np.maximum.accumulate(e + lift) - lift if len(o) else e
    again = np.flatnonzero((o[1:] == o[:-1]) & (s[1:] < running[:-1]))
    rows = np.unique(np.concatenate([order[again], order[again + 1]])).astype(np.int64)
    if len(backward):
        values = list(last.take(backward).user())
        return [Problem("SM-CUR-15", "end", "lie after `start`", backward, values, "an end is the first day after.")]
    if len(rows):
        names = own.user()
        shown: list[object] = [f"{names[row]} from {_check.date_of(max(int(start[row]), 0))}" for row in rows.tolist()]
        rule = "not hold on days of another rate of the same currency"
        return [Problem("SM-CUR-16", "start", rule, rows, shown, "keep one rate for each currency and day.")]
    return []
