"""Pace, linearity and required run rate: reasons, clocks, refusals."""

from __future__ import annotations

import math
from datetime import date
from typing import Any

import numpy as np
import pytest

import salesmetrics as sm
from salesmetrics.errors import InvalidArgumentError, MergeError

Q1 = sm.Period("2026-01-01", "2026-04-01")
Q2 = sm.Period("2026-04-01", "2026-07-01")


def won(*rows: tuple[str, Any, str], as_of: str | None = None) -> Any:
    """Return won deals of (rep, amount, closed)."""
    columns = {"rep": [r for r, _, _ in rows], "amount": [a for _, a, _ in rows], "closed": [c for _, _, c in rows]}
    return sm.read_deals({**columns, "outcome": ["won"] * len(rows)}, as_of=as_of)


def owed(*rows: tuple[str, Any], period: sm.Period = Q1) -> Any:
    """Return quotas of (rep, amount) for one period."""
    columns = {"rep": [r for r, _ in rows], "amount": [a for _, a in rows]}
    return sm.read_quotas({**columns, "start": [period.start] * len(rows), "end": [period.end] * len(rows)})


DEALS = won(("Ana", 60, "2026-01-10"), ("Ben", 30, "2026-02-14"), ("Ben", 70, "2026-02-15"))
QUOTAS = owed(("Ana", 100), ("Ben", 300))


@pytest.mark.parametrize(
    ("as_of", "value", "reason"),
    [
        ("2025-12-31", math.nan, "not_started"),
        ("2026-01-10", 60 * 9, ""),
        ("2026-02-14", 90 * 2, ""),
        ("2026-03-30", 160 * 90 / 89, ""),
        ("2026-03-31", 160, ""),
        ("2027-01-01", 160, ""),
    ],
)
def test_pace_divides_by_the_elapsed_share(as_of: str, value: float, reason: str) -> None:
    """`as_of` is the last elapsed day; before the first day there is no pace, on the last one it is the bookings."""
    row = sm.pace(DEALS, period=Q1, as_of=as_of)["all"]
    assert row.reason == reason
    assert row.value == pytest.approx(value, rel=1e-15, nan_ok=True)


def test_business_days_skip_weekends_and_holidays() -> None:
    """The clock of business days reads the calendar that is passed in."""
    january = sm.Period("2026-01-01", "2026-02-01")
    plain = sm.pace(DEALS, period=january, as_of="2026-01-10", clock="business_days")["all"]
    assert plain.parts["elapsed"] == 7 / 22
    week = np.busdaycalendar(holidays=[date(2026, 1, 1), date(2026, 1, 2)])
    off = sm.pace(DEALS, period=january, as_of="2026-01-10", clock="business_days", busday=week)["all"]
    assert off.parts["elapsed"] == 5 / 20


def test_a_period_without_business_days_has_not_started_until_it_is_over() -> None:
    """A weekend by itself: no elapsed share before its last day."""
    weekend = sm.Period("2026-01-10", "2026-01-12")
    assert sm.pace(DEALS, period=weekend, as_of="2026-01-10", clock="business_days")["all"].reason == "not_started"
    assert sm.pace(DEALS, period=weekend, as_of="2026-01-11", clock="business_days")["all"].value == 60


def test_the_curve_reads_past_periods_by_their_whole_elapsed_days() -> None:
    """Of past quarters of other lengths the days wholly elapsed count; a quarter still running is not read."""
    past = sm.Periods([sm.Period("2025-07-01", "2025-10-01"), sm.Period("2025-10-01", "2026-01-01"), Q1])
    deals = won(
        *(("Ana", 10, "2025-08-15"), ("Ana", 30, "2025-09-30"), ("Ana", 20, "2025-10-01"), ("Ana", 20, "2025-12-31")),
        ("Ben", 90, "2026-01-05"),
    )
    row = sm.pace(deals, period=Q1, as_of="2026-02-14", clock="curve", past=past)["all"]
    assert row.parts["elapsed"] == (0.25 + 0.5) / 2
    assert row.value == 240
    assert sm.pace(deals, period=Q1, as_of="2026-02-14", clock="curve", past=past, stat="median")["all"].value == 360


def test_a_curve_without_a_period_to_read_or_at_0_gives_no_pace() -> None:
    """No complete past period: no_rows; nothing is ever closed by now: zero_denominator."""
    late = won(("Ana", 10, "2025-12-31"), ("Ana", 10, "2026-01-01"))
    past = sm.Period("2025-10-01", "2026-01-01")
    asked: dict[str, Any] = {"period": Q1, "as_of": "2026-01-10", "clock": "curve"}
    assert sm.pace(late, **asked, past=past)["all"].reason == "zero_denominator"
    assert sm.pace(late, **asked, past=Q1)["all"].reason == "no_rows"
    assert sm.pace(late, **asked, past=sm.Period("2025-01-01", "2025-04-01"))["all"].reason == "no_rows"


def test_pace_attainment_says_no_quota_before_not_started() -> None:
    """Without a quota there is nothing to be on pace for, begun or not; bookings and pace are still reported."""
    table = sm.pace_attainment(DEALS, owed(("Ana", 100), ("Ben", 0)), period=Q1, by="rep", as_of="2026-02-14")
    assert table.reason.tolist() == ["", "no_quota"]
    assert table.value[0] == 1.2
    assert table["Ben"].parts["pace"] == 60
    early = sm.pace_attainment(DEALS, owed(("Ana", 100)), period=Q1, by="rep", as_of="2025-12-31")
    assert early["Ana"].reason == "not_started"
    assert math.isnan(early["Ana"].parts["pace"])


def test_the_required_run_rate_lets_one_rep_make_up_for_another_in_a_team() -> None:
    """By rep each has a rate of their own; the row of all is the quota that is left over."""
    deals = won(("Ana", 150, "2026-01-10"), ("Ben", 30, "2026-01-11"))
    by_rep = sm.required_run_rate(deals, QUOTAS, period=Q1, by="rep", as_of="2026-02-14")
    assert by_rep.value.tolist() == [0, 6]
    assert sm.required_run_rate(deals, QUOTAS, period=Q1, as_of="2026-02-14")["all"].value == 220 / 45
    assert by_rep.unit == "money/day"


@pytest.mark.parametrize(
    ("quota", "as_of", "value", "reason"),
    [
        (160, "2026-03-31", 0.0, ""),
        (160.01, "2026-03-31", math.nan, "period_over"),
        (160.01, "2026-03-30", 0.01, ""),
        (0, "2026-03-31", 0.0, ""),
        (None, "2026-03-31", math.nan, "no_quota"),
        (250, "2025-06-30", 250 / 90, ""),
    ],
)
def test_the_required_run_rate_at_its_edges(quota: Any, as_of: str, value: float, reason: str) -> None:
    """Met is 0.0 whatever the days, short without a day left is undefined, and no quota is no number to make."""
    quotas = owed(("Ben", 5), period=Q2) if quota is None else owed(("Ana", quota))
    deals = won(("Ana", 60, "2026-01-10"), ("Ana", 100, "2026-01-15"))
    row = sm.required_run_rate(deals, quotas, period=Q1, as_of=as_of, by="rep")["Ana"]
    assert row.reason == reason
    assert row.value == pytest.approx(value, abs=1e-12, nan_ok=True)


def test_linearity_by_team_has_a_curve_for_each() -> None:
    """A label is crossed with every elapsed share; what was booked only in a running period has no curve."""
    deals = won(
        ("Ana", 10, "2026-01-10"), ("Ana", 10, "2026-03-31"), ("Ben", 10, "2026-01-31"), ("Cy", 10, "2026-04-05")
    )
    both = sm.Periods([Q1, Q2])
    table = sm.linearity_curve(deals, period=both, by="rep", as_of="2026-04-10", at=[0, 1 / 3, 1])
    assert list(table.labels) == [(rep, at) for rep in ("Ana", "Ben") for at in (0.0, 1 / 3, 1.0)]
    assert table.value.tolist() == [0, 0.5, 1, 0, 0, 1]
    assert sm.linearity_curve(deals, period=both, as_of="2026-07-01", at=[1 / 3]).value.tolist() == [(1 / 3 + 1) / 2]


def test_a_third_of_90_days_is_30_days() -> None:
    """A share within 1e-9 of the end of a day has that day behind it."""
    deals = won(("Ana", 10, "2026-01-30"), ("Ana", 10, "2026-01-31"))
    table = sm.linearity_curve(deals, period=Q1, as_of="2026-04-10", at=[1 / 3, 0.3333, 0.34444444444])
    assert table.value.tolist() == [0.5, 0, 1]


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"period": None}, "`period` must be given"),
    ({"as_of": None}, "`as_of` must be given for pace"),
    ({"clock": "weeks"}, "`clock` must be one of"),
    ({"clock": "curve"}, "`past` must be given with clock 'curve'"),
    ({"past": Q2}, "`past` must not be given with clock 'calendar'"),
    ({"stat": "median"}, "`stat` must not be given with clock 'calendar'"),
    ({"busday": np.busdaycalendar()}, "`busday` must not be given with clock 'calendar'"),
    ({"clock": "curve", "past": Q2, "stat": "mode"}, "`stat` must be one of"),
]


@pytest.mark.parametrize(("changes", "sentence"), REFUSED, ids=[sentence for _, sentence in REFUSED])
def test_what_a_clock_does_not_read_is_refused(changes: dict[str, Any], sentence: str) -> None:
    """An argument that the chosen clock does not read, or a question without its days, is refused and never ignored."""
    with pytest.raises(InvalidArgumentError, match=sentence):
        sm.pace(DEALS, **{"period": Q1, "as_of": date(2026, 2, 14), **changes})


def test_the_run_rate_knows_no_curve() -> None:
    """What is left to do is counted in days, calendar or business."""
    with pytest.raises(InvalidArgumentError, match="`clock` must be one of 'business_days', 'calendar'"):
        sm.required_run_rate(DEALS, QUOTAS, period=Q1, as_of="2026-02-14", clock="curve")


def test_a_tally_holds_no_past_periods() -> None:
    """The curve needs the deals themselves."""
    tally = sm.BookingTally.from_book(DEALS, period=Q1, as_of="2026-02-14")
    with pytest.raises(MergeError, match="must be a book with clock 'curve'"):
        sm.pace(tally, clock="curve", past=Q2)
    with pytest.raises(InvalidArgumentError, match="`period` must be given for pace"):
        sm.pace(sm.BookingTally.from_book(DEALS, as_of="2026-02-14"))
