"""Quotas that proration leaves with a fraction of a minor unit are rounded once."""

from __future__ import annotations

from decimal import Decimal

import pytest

import salesmetrics as sm

PART = sm.Period("2024-01-01", "2024-01-30")


def gap(factor: int) -> float:
    """Return the gap to a quota of 30 cents for a year of 366 days, over 29 of its days, everything times a factor."""
    amount = Decimal("0.3") * factor
    quotas = sm.read_quotas([sm.Quota("Ana", "2023-12-01", "2024-12-01", amount)], currency="USD")
    nothing = sm.read_deals(
        {"rep": ["Ana"], "amount": [0.0], "outcome": ["won"], "closed": ["2024-01-05"]}, currency="USD"
    )
    return float(sm.attainment_gap(nothing, quotas, period=PART)["all"].value)


@pytest.mark.parametrize("power", range(1, 12))
def test_twice_the_amounts_are_twice_the_quota(power: int) -> None:
    """A power of two times all money is that times the gap, to the last bit (law C3)."""
    assert gap(2**power) == gap(1) * 2**power


def test_the_quota_is_the_nearest_float() -> None:
    """30 cents times 29 days of 366, rounded once in minor units."""
    assert gap(1) == -(30 * 29 / 366) / 100
