"""Worked examples that need no book: counts, sums and histograms in, the published number out."""

from __future__ import annotations

import math
from datetime import date

import numpy as np
import pytest

from salesmetrics import formulas as f
from salesmetrics.errors import InvalidArgumentError


def test_w1_coverage_of_what_is_left():
    """Coverage, required coverage and expected value of the published example agree."""
    assert f.pipeline_coverage(4_800_000, 1_600_000) == 3.0
    assert f.required_coverage(0.22) == pytest.approx(4.545455, abs=5e-7)
    assert f.weighted_pipeline(4_800_000, 0.22) == 1_056_000
    assert f.pipeline_coverage(1_056_000, 1_600_000) == 0.66


def test_w2_to_w4_coverage_of_the_full_quota():
    """Coverage of a full quota is open pipeline over quota."""
    assert f.pipeline_coverage([7_500_000, 2_400_000, 9_000_000], [2_000_000, 800_000, 3_000_000]).tolist() == [
        3.75,
        3,
        3,
    ]
    assert f.weighted_pipeline(7_500_000, 0.28) == pytest.approx(2_100_000, rel=1e-15)
    assert f.required_coverage(0.25) == 4.0


def test_w5_velocity_from_four_numbers():
    """Velocity is money per day; a month is the caller's multiplication."""
    velocity = f.velocity_from(40, 0.25, 25_000, 90)
    assert velocity == pytest.approx(2_777.777778, abs=5e-7)
    assert velocity * 30 == pytest.approx(83_333.33, abs=5e-3)
    assert velocity * 365 == pytest.approx(1_013_888.89, abs=5e-3)


@pytest.mark.parametrize(
    ("factors", "gain"), [((1.2, 1, 1, 1), 0.2), ((1, 1.2, 1, 1), 0.2), ((1, 1, 1.2, 1), 0.2), ((1, 1, 1, 0.8), 0.25)]
)
def test_w6_one_lever_at_a_time(factors, gain):
    """A fifth more of a factor is a fifth more velocity; a fifth less cycle is a quarter more."""
    start = np.array([40, 0.25, 25_000, 90])
    assert f.velocity_from(*(start * factors)) / f.velocity_from(*start) - 1 == pytest.approx(gain, rel=1e-12)


@pytest.mark.parametrize(("year", "mean"), [(2025, 46.0), (2024, 46.333333)])
def test_w7_cycle_length_in_a_common_and_a_leap_year(year, mean):
    """The mean cycle depends on whether February has a 29th."""
    pairs = [((1, 1), (2, 15)), ((1, 10), (3, 5)), ((1, 20), (2, 28))]
    days = [(date(year, *end) - date(year, *start)).days for start, end in pairs]
    assert f.cycle_length(np.bincount(days)) == pytest.approx(mean, abs=5e-7)


W8 = {
    "Discovery": [(42, 8), (28, 5), (31, 12), (55, 3), (38, 15)],
    "Qualification": [(35, 18), (48, 22), (67, 28)],
    "Proposal": [(85, 32), (95, 40), (110, 95), (43, 35)],
    "Negotiation": [(120, 55), (58, 42), (250, 60)],
    "Closed Won": [(72, 38), (91, 44)],
}


def test_w8_and_n8_a_pipeline_sample_by_loose_and_by_strict_definitions():
    """The published figures of 17 deals can be reproduced, and the defaults differ as documented."""
    still_open = [deal for stage, deals in W8.items() if stage != "Closed Won" for deal in deals]
    won = W8["Closed Won"]
    amounts, ages = zip(*still_open, *won, strict=True)
    pipeline = 1000 * sum(amount for amount, _ in still_open)
    assert f.pipeline_coverage(pipeline, 500_000) == 2.21
    assert f.pipeline_coverage(pipeline, 500_000 - 163_000) == pytest.approx(3.278932, abs=5e-7)
    assert f.deal_size(1000 * sum(amounts), 17) == pytest.approx(74_588.24, abs=5e-3)
    assert f.deal_size(163_000, 2) == 81_500
    assert f.win_rate(2, 0) == 1.0
    assert f.win_rate(2, 15) == pytest.approx(0.1176, abs=5e-5)
    assert f.cycle_length(np.bincount(ages)) == pytest.approx(32.4706, abs=5e-5)
    assert f.cycle_length(np.bincount([38, 44])) == 41
    assert f.velocity_from(17, 2 / 17, 74_588.235294, 552 / 17) == pytest.approx(4_594.20, abs=5e-3)
    assert f.velocity_from(15, 2 / 17, 81_500, 41) == pytest.approx(3_507.89, abs=5e-3)
    assert f.velocity_from(15, 1.0, 81_500, 41) == pytest.approx(29_817.07, abs=5e-3)


def test_w9_to_w11_win_rates_closed_and_created():
    """The same three wins are 0.30 of the closed and 0.03 of the created deals."""
    assert f.win_rate(3, 7) == 0.3
    assert f.win_rate(3, 7 + 90) == 0.03
    assert f.win_rate(6, 4) == 0.6


def test_w18_to_w20_attainment():
    """Attainment is bookings over quota, by month and to date."""
    assert f.attainment(235_000, 250_000) == 0.94
    booked = np.array([42_500, 55_000, 52_500])
    assert f.attainment(booked, 50_000).tolist() == [0.85, 1.10, 1.05]
    assert f.attainment(booked.cumsum(), 50_000 * np.arange(1, 4)).tolist() == [0.85, 0.975, 1.0]
    assert f.attainment([70_000, 240_000, 19_500], [90_000, 300_000, 25_000]).tolist() == [7 / 9, 0.8, 0.78]


def test_w28_and_w40_weighted_pipeline():
    """Weighted pipeline is the sum of amount times probability, a multiplier capping at certain."""
    assert f.weighted_pipeline([100_000, 200_000, 150_000], [0.8, 0.5, 0.3]) == 225_000
    assert f.weighted_pipeline(100_000, 0.40, multiplier=1.1) == pytest.approx(44_000, rel=1e-15)
    assert f.weighted_pipeline(100_000, 0.95, multiplier=1.1) == 100_000


def test_w35_kaplan_meier():
    """The documented example of scipy's ecdf: curve, median and restricted mean."""
    curve = f.kaplan_meier(np.bincount([47, 56, 77, 80, 81]), np.bincount([37, 43, 60, 62, 71], minlength=82))
    assert curve.survival[[37, 43, 47, 56, 60, 62, 71, 77, 80, 81]].tolist() == [
        1, 1, 0.875, 0.75, 0.75, 0.75, 0.75, 0.5, 0.25, 0,
    ]  # fmt: skip
    assert f.survival_quantile(curve) == 77
    assert f.restricted_mean(curve, 81) == 72.375


def test_r1_pooled_is_not_the_mean_of_reps():
    """A team's attainment weighs its reps by quota."""
    assert f.team_attainment([120, 150], [100, 300]) == 0.675
    assert f.team_attainment([120, 150], [100, 300], method="mean_of_reps") == 0.85


def test_r7_velocity_change_by_factor():
    """The parts of a change of velocity are those worked by hand and leave no remainder."""
    parts = f.velocity_change((40, 0.25, 25_000, 90), (44, 0.30, 25_000, 81))
    found = [parts.change, parts.count, parts.win_rate, parts.deal_size, parts.cycle_length]
    assert found == pytest.approx([1_296.2963, 322.5920, 617.0954, 0, 356.6089], abs=5e-5)
    assert sum(found[1:]) == pytest.approx(parts.change, rel=1e-14)


def test_r11_wilson_by_count_and_by_amount():
    """Small samples have wide intervals, by amount on the effective number of deals."""
    for won, n, low, high in [
        (3, 10, 0.1078, 0.6032),
        (5, 20, 0.1119, 0.4687),
        (0, 10, 0, 0.2775),
        (10, 10, 0.7225, 1),
    ]:
        assert f.wilson(won, n) == pytest.approx((low, high), abs=5e-5)
    n_eff = f.effective_n(500, 300**2 + 100**2 + 100**2)
    assert n_eff == pytest.approx(2.2727, abs=5e-5)
    assert f.wilson(0.8 * n_eff, n_eff) == pytest.approx((0.2427, 0.9804), abs=5e-5)


def test_r14_competing_ends():
    """Won, lost and still open share out every deal at every age."""
    won, lost = np.bincount([10, 30], minlength=41), np.bincount([20], minlength=41)
    still_open = np.bincount([15, 40])
    both = f.aalen_johansen([won, lost], still_open)
    assert both.survival[[10, 20, 30]] == pytest.approx([0.8, 0.533333, 0.266667], abs=5e-7)
    assert both.incidence[0, [10, 20, 30]] == pytest.approx([0.2, 0.2, 0.466667], abs=5e-7)
    assert both.incidence[1, [10, 20, 30]] == pytest.approx([0, 0.266667, 0.266667], abs=5e-7)
    assert f.restricted_mean(f.kaplan_meier(won + lost, still_open), 30) == pytest.approx(23.333333, abs=5e-7)
    assert f.conditional_mean(both, 30)[0] == pytest.approx(21.428571, abs=5e-7)
    assert f.conditional_quantile(both, 30)[0] == 30


def test_r15_ramp_months():
    """Those who have not made it count among those at risk."""
    curve = f.kaplan_meier(np.bincount([4, 5, 5, 6, 7, 9]), np.bincount([2, 3, 6, 8], minlength=10))
    assert curve.survival[[4, 5, 6, 7, 9]] == pytest.approx([0.875, 0.625, 0.5, 1 / 3, 0], abs=1e-15)
    assert f.survival_quantile(curve) == 6
    assert f.restricted_mean(curve, 9) == pytest.approx(6.666667, abs=5e-7)


def test_r20_nearest_rank_quantiles():
    """A quantile is an observed value; the line between two is the alternative."""
    days = np.bincount([3, 5, 8, 13])
    assert f.day_quantile(days, [0.5, 0.9]).tolist() == [5, 13]
    assert f.day_quantile(days, 0.5, quantile_method="linear") == 6.5
    assert f.value_quantile([3, 5, 8, 13], [1, 1, 1, 1], [0.5, 0.9]).tolist() == [5, 13]


def test_n2_nothing_closed_is_not_nothing_won():
    """No closed deals give NaN and the interval (0, 1); none of seven gives 0.0."""
    assert math.isnan(f.win_rate(0, 0))
    assert f.wilson(0, 0) == (0.0, 1.0)
    assert f.win_rate(0, 7) == 0.0


def test_n5_a_probability_of_forty_is_refused():
    """A probability above 1 is never taken for percent."""
    with pytest.raises(InvalidArgumentError, match=r"must lie in \[0, 1\] in every place; got 1 of 1"):
        f.weighted_pipeline(100_000, 40)
    assert f.weighted_pipeline(100_000, 0.40) == 40_000


def test_n7_deal_size_is_of_wins():
    """The size of deals won is total over number of wins."""
    assert f.deal_size(60_000 + 40_000, 2) == 50_000


def test_n9_twice_the_deals_are_twice_the_velocity():
    """The count is not the denominator of the win rate."""
    assert f.velocity_from([40, 80], 0.25, 25_000, 90) == pytest.approx([2_777.78, 5_555.56], abs=5e-3)


def test_n10_a_tenth_less_cycle_is_a_ninth_more_velocity():
    """Elasticity of the cycle is x / (1 - x)."""
    assert f.velocity_from(1, 1, 1, 0.9) - 1 == pytest.approx(0.111111, abs=5e-7)


def test_n11_one_target_for_each_period():
    """Coverage uses the target that is given, and divides nothing by four."""
    assert f.pipeline_coverage(344_000, 500_000) == 0.688
    assert f.pipeline_coverage(344_000, 125_000) == 2.752


def test_n12_a_target_that_is_met_has_no_coverage():
    """Nothing left to book gives NaN, and neither infinity, nor a negative number, nor 0."""
    assert np.isnan(f.pipeline_coverage([300, 300], [100 - 120, 0])).all()


def test_n27_missing_amounts_are_not_nought():
    """The mean is over the deals that have an amount."""
    assert f.deal_size(np.nansum([100, 200, np.nan]), 2) == 150
    assert f.weighted_pipeline([100, 200, np.nan], 0.5) == 150


def test_n28_ages_of_open_deals_are_no_cycles():
    """The cycle of W8 is that of its two wins."""
    assert f.cycle_length(np.bincount([age for _, age in W8["Closed Won"]])) == 41
