"""Forecast errors on arrays: worked numbers, laws, edges."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from salesmetrics import formulas as f
from salesmetrics.errors import InvalidArgumentError

FORECAST = np.array([420, 480, 510, 550, 520, 580])
ACTUAL = np.array([445, 460, 525, 510, 540, 560])
WHOLE = st.integers(-(10**6), 10**6)
ROWS = st.lists(st.tuples(WHOLE, WHOLE), min_size=1, max_size=12)
POSITIVE = st.lists(st.tuples(st.integers(0, 10**6), st.integers(1, 10**6)), min_size=1, max_size=12)
ULP = 2.0**-52


def split(rows):
    """Return forecasts and actuals."""
    forecast, actual = np.array(rows, dtype=float).T
    return forecast, actual


def test_w30_and_r23_the_published_series():
    """Every figure of the six periods, to half of its last digit."""
    thousands = 1_000.0
    assert f.mape(FORECAST, ACTUAL) == pytest.approx(0.046569, abs=5e-7)
    assert f.wape(FORECAST, ACTUAL) == pytest.approx(0.046053, abs=5e-7)
    assert f.bias(FORECAST, ACTUAL) == pytest.approx(0.006579, abs=5e-7)
    assert f.mean_error(FORECAST * thousands, ACTUAL * thousands) == pytest.approx(3_333.33, abs=5e-3)
    assert np.mean(f.ape(FORECAST, ACTUAL, denominator="forecast")) == pytest.approx(0.046046, abs=5e-7)
    assert f.mae(FORECAST * thousands, ACTUAL * thousands) == pytest.approx(23_333.33, abs=5e-3)
    assert f.rmse(FORECAST * thousands, ACTUAL * thousands) == pytest.approx(24_664.41, abs=5e-3)
    assert f.mase(FORECAST, ACTUAL) == pytest.approx(0.804598, abs=5e-7)
    assert f.mape(FORECAST[:3], ACTUAL[:3]) == pytest.approx(0.042743, abs=5e-7)
    assert f.mape(FORECAST[3:], ACTUAL[3:]) == pytest.approx(0.050394, abs=5e-7)


def test_w31_one_forecast_of_four_times_the_actual():
    """APE 3.0; accuracy not floored -2.0, floored 0.0, over the larger 0.25; the ratio 0.25."""
    assert f.ape(100, 25) == 3.0
    assert f.forecast_accuracy(100, 25) == -2.0
    assert f.forecast_accuracy(100, 25, floor=0) == 0.0
    assert f.forecast_accuracy(100, 25, variant="max") == 0.25
    assert f.forecast_accuracy(100, 25, variant="forecast") == 0.25
    assert f.forecast_accuracy(100, 25, variant="ratio") == 0.25


def test_w32_value_added_by_each_step():
    """Statistics help, the analyst and the executive do not; net the naive forecast was better."""
    added = f.forecast_value_added([0.146, 0.123, 0.136, 0.153])
    assert added.steps == pytest.approx([0.023, -0.013, -0.017], abs=5e-4)
    assert added.net == pytest.approx(-0.007, abs=5e-4)
    assert type(added.net) is float


def test_n13_trend_is_a_difference_of_errors_and_direction_is_bias():
    """The second half is worse and the whole over-forecast, though periods over and under are three and three."""
    halves = f.mape(FORECAST.reshape(2, 3), ACTUAL.reshape(2, 3))
    assert halves[1] - halves[0] == pytest.approx(0.007651, abs=5e-7)
    assert f.bias(FORECAST, ACTUAL) > 0
    assert (FORECAST > ACTUAL).sum() == (FORECAST < ACTUAL).sum()


def test_n14_an_actual_of_nought_is_seen():
    """Its APE is NaN, MAPE is that of the other row, and WAPE counts both."""
    errors = f.ape([10, 90], [0, 100])
    np.testing.assert_array_equal(errors, [math.nan, 0.1])
    assert np.isnan(errors).sum() == 1
    assert f.mape([10, 90], [0, 100]) == 0.1
    assert f.wape([10, 90], [0, 100]) == 0.2
    assert math.isnan(f.ape(0, 0))


def test_n15_errors_that_cancel_are_still_errors():
    """100 and 50 for 80 and 70: the total is right, the calls are not."""
    assert f.wape([100, 50], [80, 70]) == 40 / 150
    assert f.forecast_accuracy([150], [150]) == 1.0
    assert f.mean_error([100, 50], [80, 70]) == 0.0


def test_x8_the_mean_of_parts_is_not_the_whole():
    """Errors {0, 0} and {2, 2}: mean RMSE 1, pooled 1.414; and the mean of MAPEs is 55 % where totals are 18.2 %."""
    parts = f.rmse([[0, 0], [2, 2]], 0)
    assert parts.mean() == 1
    assert f.rmse([0, 0, 2, 2], 0) == math.sqrt(2)
    assert f.mape([110, 20], [100, 10]) == pytest.approx(0.55)
    assert f.ape(130, 110) == pytest.approx(0.182, abs=5e-4)


def test_x11_ape_is_not_symmetric():
    """50 for 100 is a half, 100 for 50 is one."""
    assert f.mape([50], [100]) == 0.5
    assert f.mape([100], [50]) == 1.0


@given(ROWS)
def test_j1_a_perfect_forecast_has_no_error(rows):
    """Every error is 0 and the accuracy 1, wherever they are defined."""
    _, actual = split(rows)
    for error in (f.mean_error, f.mae, f.rmse):
        assert error(actual, actual) == 0
    if actual.any():
        assert f.wape(actual, actual) == f.bias(actual, actual) == f.mape(actual, actual) == 0
        assert f.forecast_accuracy(actual, actual) == 1


@given(ROWS)
def test_j2_the_errors_are_in_order(rows):
    """|ME| <= MAE <= RMSE, and the mean square is bias squared plus variance."""
    forecast, actual = split(rows)
    mean, absolute, root = (ask(forecast, actual) for ask in (f.mean_error, f.mae, f.rmse))
    assert abs(mean) <= absolute * (1 + 4 * ULP)
    assert absolute <= root * (1 + 4 * ULP)
    bound = (len(rows) + 4) * ULP * root**2 * 4
    assert root**2 == pytest.approx(mean**2 + np.var(forecast - actual), abs=bound)


@given(POSITIVE)
def test_j3_wape_lies_between_the_apes_and_above_bias(rows):
    """A weighted mean of the APEs, never below the size of the bias."""
    forecast, actual = split(rows)
    errors, pooled = f.ape(forecast, actual), f.wape(forecast, actual)
    slack = 1 + (len(rows) + 4) * ULP
    assert errors.min() <= pooled * slack
    assert pooled <= errors.max() * slack
    assert abs(f.bias(forecast, actual)) <= pooled


@given(ROWS)
def test_j4_swapping_the_two_flips_the_sign_only(rows):
    """ME changes its sign, MAE and RMSE and the error over the larger stay."""
    forecast, actual = split(rows)
    assert f.mean_error(actual, forecast) == -f.mean_error(forecast, actual)
    assert f.mae(actual, forecast) == f.mae(forecast, actual)
    assert f.rmse(actual, forecast) == f.rmse(forecast, actual)
    swapped = f.ape(actual, forecast, denominator="max")
    np.testing.assert_array_equal(swapped, f.ape(forecast, actual, denominator="max"))


@given(POSITIVE, st.integers(-8, 8), st.sampled_from([3.0, 0.1, 7.7]))
def test_j5_money_in_another_unit(rows, power, factor):
    """Fractions stay and money errors follow: bit for bit by powers of two, nearly by other factors."""
    forecast, actual = split(rows)
    for ask, degree in ((f.mape, 0), (f.wape, 0), (f.bias, 0), (f.mase, 0), (f.mean_error, 1), (f.mae, 1), (f.rmse, 1)):
        once, two = ask(forecast, actual), 2.0**power
        np.testing.assert_array_equal(ask(forecast * two, actual * two), once * two**degree)
        close = ask(forecast * factor, actual * factor)
        scale = max(np.abs(forecast).max(), np.abs(actual).max()) * factor if degree else 1
        np.testing.assert_allclose(close, once * factor**degree, rtol=1e-9, atol=1e-12 * scale)


@given(ROWS, WHOLE)
def test_j6_the_same_amount_on_both_sides(rows, amount):
    """A whole amount added to both keeps ME, MAE and RMSE."""
    forecast, actual = split(rows)
    for ask in (f.mean_error, f.mae, f.rmse):
        assert ask(forecast + amount, actual + amount) == ask(forecast, actual)


@given(POSITIVE, POSITIVE)
def test_j7_pooled_errors_are_weighted_means(some, others):
    """WAPE is weighted by actuals, MAE and MSE by rows; the forms from sums give the pooled bits.

    Squares add up beyond 2**53, where floats round and whole numbers do not: RMSE within the rounding of its sum.
    """
    parts, (forecast, actual) = [split(some), split(others)], split(some + others)
    slack, n = (len(some + others) + 4) * ULP, np.array([len(some), len(others)])
    weight = np.array([a.sum() for _, a in parts])
    wapes, maes, mses = (np.array([ask(*p) for p in parts]) for ask in (f.wape, f.mae, lambda x, y: f.rmse(x, y) ** 2))
    assert f.wape(forecast, actual) == pytest.approx((wapes * weight).sum() / weight.sum(), rel=slack)
    assert f.mae(forecast, actual) == pytest.approx((maes * n).sum() / n.sum(), rel=slack)
    assert f.rmse(forecast, actual) ** 2 == pytest.approx((mses * n).sum() / n.sum(), rel=4 * slack)
    error = forecast - actual
    assert f.wape_from(np.abs(error).sum(), actual.sum()) == f.wape(forecast, actual)
    assert f.bias_from(error.sum(), actual.sum()) == f.bias(forecast, actual)
    assert f.mean_error_from(np.abs(error).sum(), len(error)) == f.mae(forecast, actual)
    exact = f.rmse_from(sum(int(e) ** 2 for e in error), len(error))
    assert f.rmse(forecast, actual) == pytest.approx(exact, rel=slack)
    assert f.accuracy_from(np.abs(error).sum(), actual.sum()) == f.forecast_accuracy(forecast, actual)


@given(st.lists(st.integers(0, 10**6), min_size=2, max_size=12), st.integers(1, 4))
def test_j8_mase_of_the_naive_forecast_is_one(series, season):
    """Saying what was so a season ago scores 1 on its own series."""
    actual = np.array(series, dtype=float)
    assume(len(actual) > season)
    assume((actual[season:] != actual[:-season]).any())
    score = f.mase(actual[:-season], actual[season:], series=actual, season=season)
    assert score == pytest.approx(1, rel=4 * ULP)


@given(ROWS, st.integers(2, 5))
def test_j9_copies_of_every_row_change_nothing(rows, copies):
    """Copies of all rows keep ME, MAE, WAPE, bias and RMSE bit for bit, and MAPE but for rounding."""
    forecast, actual = split(rows)
    many, real = split(rows * copies)
    for ask in (f.mean_error, f.mae, f.wape, f.bias, f.rmse):
        np.testing.assert_array_equal(ask(many, real), ask(forecast, actual))
    np.testing.assert_allclose(f.mape(many, real), f.mape(forecast, actual), rtol=(len(many) + 4) * ULP)


@given(ROWS, WHOLE)
def test_j10_a_hit_never_raises_mae(rows, hit):
    """A pair with no error added never raises the mean absolute error."""
    assert f.mae(*split([*rows, (hit, hit)])) <= f.mae(*split(rows))


@given(st.lists(st.tuples(WHOLE, WHOLE), min_size=0, max_size=8))
def test_whole_numbers_give_the_correctly_rounded_fraction(rows):
    """ME, MAE, WAPE, bias and pooled accuracy are one division of whole numbers."""
    forecast, actual = split(rows) if rows else (np.zeros(0), np.zeros(0))
    error, size = sum(x - y for x, y in rows), sum(abs(x - y) for x, y in rows)
    base, n = sum(abs(y) for _, y in rows), len(rows)

    def ratio(above, below):
        return float(Fraction(above, below)) if below else math.nan

    np.testing.assert_array_equal(f.mean_error(forecast, actual), ratio(error, n))
    np.testing.assert_array_equal(f.mae(forecast, actual), ratio(size, n))
    np.testing.assert_array_equal(f.wape(forecast, actual), ratio(size, base))
    np.testing.assert_array_equal(f.bias(forecast, actual), ratio(error, base))


ASKED = [f.mape, f.wape, f.bias, f.mean_error, f.mae, f.rmse, f.mase, f.forecast_accuracy]


@pytest.mark.parametrize("ask", ASKED)
def test_rows_without_forecast_or_actual_are_left_out(ask):
    """A NaN on either side takes the row away, from the denominator as well; only NaN is a silent NaN."""
    forecast, actual = [420, math.nan, 480, 510, 7], [445, 1000, 460, 525, math.nan]
    series = {"series": [445, 460, 525]} if ask is f.mase else {}
    assert ask(forecast, actual, **series) == ask([420, 480, 510], [445, 460, 525], **series)
    for nothing in ([], [math.nan]):
        assert math.isnan(ask(nothing, nothing))
        assert type(ask(nothing, nothing)) is float


@pytest.mark.parametrize("ask", ASKED)
def test_groups_are_axes(ask):
    """The last axis is the rows: each group's answer is its own, and a number gives a plain float."""
    table = ask(FORECAST.reshape(2, 3), ACTUAL.reshape(2, 3))
    assert table.tolist() == [ask(FORECAST[:3], ACTUAL[:3]), ask(FORECAST[3:], ACTUAL[3:])]
    assert table.dtype == np.float64
    assert type(ask(FORECAST, ACTUAL)) is float
    assert type(ask(100, 25)) is float


def test_denominators_of_nought_and_huge_numbers_are_nan():
    """No denominator, no number; nothing is ever infinite."""
    assert math.isnan(f.ape(5, 0))
    assert math.isnan(f.ape(0, 5, denominator="forecast"))
    assert f.ape(5, 0, denominator="max") == 1.0
    for ask in (f.wape, f.bias, f.forecast_accuracy):
        assert math.isnan(ask([1, 2], [0, 0]))
    assert math.isnan(f.forecast_accuracy([1, -1], [3, 4], variant="ratio"))
    assert math.isnan(f.rmse([1e300], [-1e300]))
    assert math.isnan(f.mae([math.inf], [1]))
    assert np.isnan(f.mean_error_from([1, 1], [0, math.nan])).all()


def test_accuracy_variants_pool_or_average():
    """Pooled sums first; the mean averages rows where they are defined, each floored when asked."""
    forecast, actual = [100, 50, 30], [25, 100, 0]
    assert f.forecast_accuracy(forecast, actual) == 1 - 155 / 125
    assert f.forecast_accuracy(forecast, actual, floor=0) == 0
    assert f.forecast_accuracy(forecast, actual, aggregate="mean") == (-2 + 0.5) / 2
    assert f.forecast_accuracy(forecast, actual, aggregate="mean", floor=0) == 0.25
    assert f.forecast_accuracy(forecast, actual, variant="max") == pytest.approx(1 - 155 / 230, rel=1e-15)
    assert f.forecast_accuracy(forecast, actual, variant="forecast") == pytest.approx(1 - 155 / 180, rel=1e-15)
    assert f.forecast_accuracy(forecast, actual, variant="ratio") == 125 / 180
    assert f.forecast_accuracy(forecast, actual, variant="ratio", aggregate="mean") == (0.25 + 2 + 0) / 3


@given(POSITIVE)
def test_accuracy_over_the_larger_stays_in_the_unit_interval(rows):
    """For nothing negative, accuracy over the larger of the two lies in [0, 1]."""
    assert 0 <= f.forecast_accuracy(*split(rows), variant="max") <= 1


def test_mase_takes_another_series_and_a_season():
    """The scale is that of the series given; too short a series or one that never moved gives NaN."""
    assert f.naive_error([10, 20, 40, 10, 30, 60], season=3) == (0 + 10 + 20) / 3
    assert f.mase([1, 2], [2, 2], series=[10, 20, 40, 10, 30, 60], season=3) == 0.05
    assert math.isnan(f.mase([1, 2], [2, 2], series=[1, 2, 3, 4], season=4))
    assert math.isnan(f.mase([1, 2], [2, 2]))
    assert f.naive_error([1, math.nan, 5, 8]) == 3
    assert math.isnan(f.naive_error([]))


def test_value_added_of_groups_and_from_forecasts():
    """Forecasts of shape (steps, rows) give the errors of the steps; groups are axes in front."""
    errors = f.wape([[80, 120], [95, 110], [90, 110]], [100, 100])
    added = f.forecast_value_added(errors)
    assert added.steps == pytest.approx([0.125, -0.025])
    assert added.net == pytest.approx(added.steps.sum())
    both = f.forecast_value_added([errors, errors[::-1]])
    assert both.steps.shape == (2, 2)
    assert both.net.tolist() == [added.net, -added.net]


def test_range_hits_include_both_ends():
    """Both ends are inside, rows with a NaN are left out, and a billionth is no miss."""
    assert f.range_hits([90, 100, 80], [110, 120, 95], [110, 99, 90]) == (2, 3)
    assert f.range_hit_rate([90, 100, 80], [110, 120, 95], [110, 99, 90]) == 2 / 3
    assert f.range_hits([0.1, math.nan, 1], [0.3, 5, math.nan], [0.1 + 0.2, 3, 1]) == (1, 1)
    assert f.range_hits([10**10], [10**10], [10**10 + 1]) == (0, 1)
    hits, n = f.range_hits([[1, 1], [1, 1]], 2, [[1, 2], [3, math.nan]])
    assert (hits.tolist(), n.tolist()) == ([2, 0], [2, 1])
    assert math.isnan(f.range_hit_rate([], [], []))
    assert f.range_hit_rate([[], []], [[], []], [[], []]).shape == (2,)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: f.range_hits([1, 5], [2, 4], [1, 1]), r"`low` must be <= `high` in every row; got 1 .*first: 5 and 4"),
        (lambda: f.ape(1, 2, denominator="actuals"), "`denominator` must be one of 'actual', 'forecast', 'max'"),
        (lambda: f.forecast_accuracy(1, 2, variant="acutal"), "`variant` must be one of"),
        (lambda: f.forecast_accuracy(1, 2, aggregate="sum"), "`aggregate` must be one of 'mean', 'pooled'"),
        (lambda: f.naive_error([1, 2], 0), "`season` must be a whole number >= 1; got 0"),
        (lambda: f.forecast_value_added([0.1]), r"`errors` must be of two steps or more; got the shape \(1,\)"),
        (lambda: f.forecast_value_added(0.1), "`errors` must be of two steps or more"),
    ],
)
def test_what_is_no_forecast_is_refused(call, sentence):
    """Ranges upside down, words and numbers that cannot be are refused with the rule."""
    with pytest.raises(InvalidArgumentError, match=sentence):
        call()


def test_inputs_stay_as_they_were():
    """Nothing is written into what the caller gave, and locked arrays do."""
    forecast, actual = FORECAST.astype(float), ACTUAL.astype(float)
    for array in (forecast, actual):
        array.setflags(write=False)
    for ask in ASKED:
        ask(forecast, actual)
    assert (forecast == FORECAST).all()


@pytest.mark.parametrize("formula", [f.wape, f.bias])
def test_many_groups_are_answered_as_each_alone(formula):
    """Groups are worked through some at a time: fractions beside whole numbers, rows without a call, groups without a row."""
    rng = np.random.default_rng(4)
    forecast, actual = (rng.integers(0, 10_000, (700, 130)).astype(np.float64) for _ in range(2))
    forecast[rng.random(forecast.shape) < 0.2] = np.nan
    forecast[::3] += 0.1
    forecast[5] = np.nan
    alone = [formula(said, came) for said, came in zip(forecast, actual, strict=True)]
    np.testing.assert_array_equal(formula(forecast, actual), alone)
    cube = forecast.reshape(7, 100, 130), actual.reshape(7, 100, 130)
    np.testing.assert_array_equal(formula(*cube), np.reshape(alone, (7, 100)))
