"""How an answer is held to the slow module's: bit for bit where it is one division, else within a named bound."""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np

from salesmetrics.calendars import Periods
from salesmetrics.results import MetricTable
from tests.laws.drawing import Case
from tests.laws.registry import Entry, Variant
from tests.oracle import Answer

INTERVAL_BOUND = 1e-12
"""Probabilities after a closed formula or a root: laws.md, section 1."""
LEFT_OUT = {"missing_amount": "no amount", "missing_p": "no probability", "negative": "negative amount"}


def keys_of(table: MetricTable, period: Any) -> list[tuple[Any, ...]]:
    """Return the rows of a table as the slow module names them: periods by position."""
    if not table.labels.names:
        return [()] * len(table)
    rows = [row if len(table.labels.names) > 1 else (row,) for row in table.labels]
    if isinstance(period, Periods) and "period" in table.labels.names:
        place = {p: i for i, p in enumerate(period)}
        at = table.labels.names.index("period")
        rows = [(*row[:at], place[row[at]], *row[at + 1 :]) for row in rows]
    return rows


def ulps(error: str, m: int) -> int:
    """Return how many units in the last place a bound allows."""
    return {"==": 0, "4 ulp": 4, "(m + 4) ulp": m + 4, "1e-12": 4}[error]


def near(found: float, wanted: Any, allowed: int, size: Any = 0) -> bool:
    """Tell whether a float is a fraction to some ulps of it, or of what it was subtracted from."""
    exact = Fraction(wanted)
    if allowed == 0:
        return found == float(exact)
    largest = max(abs(float(exact)), abs(float(Fraction(size))))
    return abs(Fraction(found) - exact) <= allowed * Fraction(math.ulp(largest))


def check(entry: Entry, variant: Variant, case: Case, table: MetricTable, answers: Mapping[Any, Answer]) -> None:
    """Assert that a table says what the slow module says, row by row."""
    keys = keys_of(table, case.period)
    assert len(keys) == len(set(keys)), f"a row stands twice: {keys}"
    if {"stage", "forecast_category"} & set(case.by):
        assert set(keys) == set(answers), f"rows {keys} for {list(answers)}"
    else:
        assert keys == list(answers), f"rows {keys} for {list(answers)}"
    assert table.unit == entry.unit_of(variant)
    m = len(case.deals) + len(case.quotas)
    for at, key in enumerate(keys):
        row(entry, variant, table, at, answers[key], m)
    for name, cause in LEFT_OUT.items():
        if cause in table.left_out and all(name in answer.parts for answer in answers.values()):
            wanted = sum(answer.parts[name] for answer in answers.values())
            assert table.left_out[cause] == wanted, f"{table.left_out[cause]} left out for {cause}, not {wanted}"


def row(entry: Entry, variant: Variant, table: MetricTable, at: int, answer: Answer, m: int) -> None:
    """Assert that one row is what it should be."""
    where = f"row {at}: {answer}"
    assert int(table.n[at]) == answer.n, f"n is {table.n[at]} in {where}"
    assert table.reason[at] == answer.reason, f"reason is {table.reason[at]!r} in {where}"
    found = float(table.value[at])
    if answer.value is None:
        assert math.isnan(found), f"{found} for {where}"
    else:
        allowed, size = ulps(variant.error, m), subtracted(entry, answer)
        if entry.name == "pipeline_coverage" and size:
            # a quotient whose lower side is a difference: its relative error grows as the difference shrinks
            allowed = math.ceil(allowed * (1 + size / abs(answer.parts["target"])))
            size = Fraction(0)
        assert near(found, answer.value, allowed, size), f"{found.hex()} for {float(answer.value).hex()} in {where}"
    interval(table, at, answer, where)
    for name in table.parts:
        if name in answer.parts:
            part(name, table.parts[name][at], answer.parts[name], ulps("(m + 4) ulp", m), subtracted(entry, answer))


def subtracted(entry: Entry, answer: Answer) -> Fraction:
    """Return the largest number that a difference was made of, on whose size its rounding depends."""
    parts = answer.parts
    if entry.name in ("attainment_gap", "attainment") or "target" in parts:
        return max(abs(Fraction(parts.get("quota") or 0)), abs(Fraction(parts.get("booked") or 0)))
    return Fraction(0)


def part(name: str, found: Any, wanted: Any, allowed: int, size: Fraction) -> None:
    """Assert that one part is what it should be."""
    if wanted is None or np.isnan(found):
        assert wanted is None, f"part {name} is NaN, not {wanted}"
        assert np.isnan(found), f"part {name} is {found}, not missing"
    elif isinstance(wanted, Decimal):
        assert math.isclose(found, wanted, rel_tol=1e-9, abs_tol=1e-9), f"part {name} is {found}, not {wanted}"
    else:
        assert near(float(found), wanted, allowed, size), f"part {name} is {found}, not {wanted}"


def interval(table: MetricTable, at: int, answer: Answer, where: str) -> None:
    """Assert that the interval is the slow module's, where that has one."""
    if table.low is None or table.high is None or answer.low is None or answer.high is None:
        return
    for found, wanted in ((table.low[at], answer.low), (table.high[at], answer.high)):
        size = max(1.0, abs(float(wanted)))
        assert abs(found - float(wanted)) <= INTERVAL_BOUND * size, f"{found} for {wanted} in {where}"
