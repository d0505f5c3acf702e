"""Win rates of deals open on a day."""

from __future__ import annotations

import pytest

import salesmetrics as sm


def test_deals_open_on_the_day_without_an_expected_day_are_counted() -> None:
    """A source with one close date drops the expected day of closed deals: the cohort says how many it lacks."""
    with pytest.warns(sm.SalesMetricsWarning, match="1 open deal is expected to close before"):
        deals = sm.read_deals(
            {
                "amount": [1, 2],
                "created": ["2026-01-01"] * 2,
                "close_date": ["2026-02-10", "2026-03-01"],
                "outcome": ["won", "open"],
            },
            as_of="2026-04-30",
        )
    table = sm.win_rate(deals, basis="open_at", period=sm.Period("2026-02-01", "2026-04-01"))
    assert table.left_out == {"no expected close day": 1}
    assert (table["all"].value, table["all"].n) == (0.0, 1)
    assert "no expected close day 1" in repr(table)


def test_a_period_that_runs_has_no_rate_of_its_opening_cohort() -> None:
    """Until the last day is known, the rate is not."""
    deals = sm.read_deals(
        {
            "amount": [1],
            "created": ["2026-01-01"],
            "expected_close": ["2026-03-01"],
            "closed": [None],
            "outcome": ["open"],
        },
        as_of="2026-02-28",
    )
    row = sm.win_rate(deals, basis="open_at", period=sm.Period("2026-02-01", "2026-04-01"))["all"]
    assert (row.reason, row.n) == ("period_running", 1)
