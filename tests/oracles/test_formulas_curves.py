"""Curves beside scipy, lifelines and statsmodels; quantiles and intervals beside numpy, scipy and statsmodels."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from salesmetrics import formulas as f

SEEDS = range(40)


def book(seed, *, causes=2):
    """Return ages, and 0 for open or the number of the cause, of a drawn book; some have many ties."""
    rng = np.random.default_rng(seed)
    rows = int(rng.integers(2, 300))
    ages = np.minimum(rng.geometric(rng.uniform(0.01, 0.3), rows), 300)
    return ages, rng.integers(0, causes + 1, rows)


def histograms(ages, end, causes=2):
    """Return one histogram for each cause, and that of the open deals."""
    parts = [np.bincount(ages[end == cause], minlength=ages.max() + 1) for cause in range(causes + 1)]
    return parts[1:], parts[0]


@pytest.mark.parametrize("seed", SEEDS)
def test_kaplan_meier_is_scipys(seed):
    """S and its log-log interval are those of scipy's ecdf, but for the ages at which we state our own."""
    from scipy import stats

    ages, end = book(seed)
    (won, lost), still_open = histograms(ages, end)
    curve = f.kaplan_meier(won + lost, still_open)
    oracle = stats.ecdf(stats.CensoredData.right_censored(ages, end == 0)).sf
    at = oracle.quantiles.astype(int)
    np.testing.assert_allclose(curve.survival[at], oracle.probabilities, rtol=1e-12, atol=1e-14)
    low, high = f.survival_interval(curve)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")  # at S = 0 and S = 1 scipy warns of its NaN
        ends = oracle.confidence_interval(method="log-log")
    inside = (oracle.probabilities > 0) & (oracle.probabilities < 1)
    np.testing.assert_allclose(low[at][inside], ends.low.probabilities[inside], rtol=1e-10)
    np.testing.assert_allclose(high[at][inside], ends.high.probabilities[inside], rtol=1e-10)


@pytest.mark.parametrize("seed", SEEDS)
def test_kaplan_meier_is_lifelines(seed):
    """S, the log-log interval, the median and the restricted mean are lifelines'."""
    lifelines = pytest.importorskip("lifelines")
    utils = pytest.importorskip("lifelines.utils")
    ages, end = book(seed)
    (won, lost), still_open = histograms(ages, end)
    curve = f.kaplan_meier(won + lost, still_open)
    oracle = lifelines.KaplanMeierFitter().fit(ages, end > 0)
    at = oracle.survival_function_.index.to_numpy().astype(int)
    shares = oracle.survival_function_.to_numpy()[:, 0]
    np.testing.assert_allclose(curve.survival[at], shares, rtol=1e-9, atol=1e-12)
    low, high = f.survival_interval(curve)
    inside = (shares > 1e-12) & (shares < 1)
    ends = oracle.confidence_interval_survival_function_.to_numpy()
    np.testing.assert_allclose(low[at][inside], ends[inside, 0], rtol=1e-8)
    np.testing.assert_allclose(high[at][inside], ends[inside, 1], rtol=1e-8)
    median = f.survival_quantile(curve)
    if not np.isclose(shares, 0.5, rtol=1e-9).any():
        assert oracle.median_survival_time_ == (np.inf if np.isnan(median) else median)
    horizon = int(ages.max())
    expected = utils.restricted_mean_survival_time(oracle, t=horizon)
    assert f.restricted_mean(curve, horizon) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("seed", SEEDS)
def test_kaplan_meier_is_statsmodels(seed):
    """S and Greenwood's standard error are those of statsmodels."""
    duration = pytest.importorskip("statsmodels.duration.survfunc")
    ages, end = book(seed)
    (won, lost), still_open = histograms(ages, end)
    curve = f.kaplan_meier(won + lost, still_open)
    oracle = duration.SurvfuncRight(ages, end > 0)
    at = oracle.surv_times.astype(int)
    np.testing.assert_allclose(curve.survival[at], oracle.surv_prob, rtol=1e-9, atol=1e-12)
    np.testing.assert_array_equal(curve.at_risk[at], oracle.n_risk)
    errors = np.sqrt(f.greenwood_variance(curve))[at]
    some = curve.survival[at] > 0
    np.testing.assert_allclose(errors[some], oracle.surv_prob_se[some], rtol=1e-9)


@pytest.mark.parametrize("seed", SEEDS)
def test_aalen_johansen_is_lifelines(seed):
    """Both incidences and their variances are lifelines', but for the last age of all, where it has no variance."""
    lifelines = pytest.importorskip("lifelines")
    ages, end = book(seed)
    ages = 3 * ages + end  # no ties between causes: lifelines would break them at random
    (won, lost), still_open = histograms(ages, end)
    both = f.aalen_johansen([won, lost], still_open)
    variance = f.incidence_variance(both)
    for cause in (1, 2):
        if not (end == cause).any():
            continue
        oracle = _fit(
            lifelines.AalenJohansenFitter(calculate_variance=True, jitter_level=0.0, seed=0), ages, end, cause
        )
        at = oracle.cumulative_density_.index.to_numpy().astype(int)
        expected = oracle.cumulative_density_.to_numpy()[:, 0]
        np.testing.assert_allclose(both.incidence[cause - 1, at], expected, rtol=1e-9, atol=1e-12)
        spread = oracle.variance_.to_numpy().ravel()
        given = ~np.isnan(spread)
        assert given[:-1].all()
        np.testing.assert_allclose(variance[cause - 1, at][given], spread[given], rtol=1e-6, atol=1e-9)


def _fit(fitter, ages, end, cause):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return fitter.fit(ages, end, event_of_interest=cause)


@pytest.mark.parametrize("seed", SEEDS)
def test_quantiles_are_numpys_inverted_cdf(seed):
    """Nearest rank is numpy's type 1, for days and for runs of amounts, where q times n is not whole by a hair."""
    rng = np.random.default_rng(seed)
    days = rng.integers(0, 90, rng.integers(1, 400))
    shares = [0.0, 0.011, 0.13, 0.333, 0.5, 0.777, 0.9, 0.99, 1.0]
    expected = np.quantile(days, shares, method="inverted_cdf")
    near = np.abs(np.round(np.array(shares) * len(days)) - np.array(shares) * len(days)) < 1e-9
    ours = f.day_quantile(np.bincount(days), shares)
    exact = [0.0, 0.5, 1.0]
    np.testing.assert_array_equal(ours[~near], expected[~near])
    np.testing.assert_array_equal(
        f.day_quantile(np.bincount(days), exact), np.quantile(days, exact, method="inverted_cdf")
    )
    values, counts = np.unique(days * 1.25, return_counts=True)
    np.testing.assert_array_equal(f.value_quantile(values, counts, shares), 1.25 * ours)


@pytest.mark.parametrize("level", [0.8, 0.95, 0.99])
def test_intervals_of_rates_are_scipys_and_statsmodels(level):
    """Wilson and Clopper-Pearson are those of binomtest and of proportion_confint within 1e-15 and 1e-12."""
    from scipy import stats

    proportion = pytest.importorskip("statsmodels.stats.proportion")
    rng = np.random.default_rng(1)
    n = rng.integers(1, 500, 300)
    won = rng.binomial(n, rng.random(300))
    wilson, exact = f.wilson(won, n, level), f.clopper_pearson(won, n, level)
    for i in range(300):
        test = stats.binomtest(int(won[i]), int(n[i]))
        ci = test.proportion_ci(level, method="wilson")
        assert (wilson[0][i], wilson[1][i]) == pytest.approx((ci.low, ci.high), abs=1e-15)
        ci = test.proportion_ci(level, method="exact")
        assert (exact[0][i], exact[1][i]) == pytest.approx((ci.low, ci.high), abs=1e-11)
    np.testing.assert_allclose(wilson, proportion.proportion_confint(won, n, 1 - level, "wilson"), atol=1e-14)
    np.testing.assert_allclose(exact, proportion.proportion_confint(won, n, 1 - level, "beta"), atol=1e-12)


@pytest.mark.parametrize("n", [30, 31, 100, 5000])
def test_the_interval_of_a_mean_is_scipys(n):
    """Student's interval is that of ttest_1samp."""
    from scipy import stats

    values = np.random.default_rng(n).integers(0, 10**6, n)
    variance = f.sample_variance(n, int(values.sum()), int((values.astype(object) ** 2).sum()))
    assert variance == pytest.approx(values.var(ddof=1), rel=1e-12)
    ci = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    assert f.student_t_mean(values.mean(), n, variance) == pytest.approx((ci.low, ci.high), rel=1e-12)


@pytest.mark.parametrize("q", [0.1, 0.5, 0.9])
def test_the_interval_of_a_quantile_is_scipys(q):
    """Order statistics are those of quantile_test where both ends exist."""
    from scipy import stats

    rng = np.random.default_rng(3)
    for n in (6, 20, 37, 150):
        values = np.sort(rng.normal(size=n))
        low, high = f.quantile_interval_ranks(n, q)
        if low == 0:
            continue
        ci = stats.quantile_test(values, q=0, p=q).confidence_interval(0.95)
        assert (values[low - 1], values[high - 1]) == (ci.low, ci.high)


def test_the_interval_of_a_quantile_covers_what_it_says():
    """Simulated medians of skewed days lie inside at least as often as the level says, ties or not."""
    rng = np.random.default_rng(5)
    draws = np.floor(rng.lognormal(4, 0.8, (4000, 25))).astype(int)
    true = np.floor(np.exp(4))
    low, high = f.quantile_interval_ranks(25, 0.5, 0.9)
    ordered = np.sort(draws, axis=1)
    inside = (ordered[:, low - 1] <= true) & (true <= ordered[:, high - 1])
    assert inside.mean() >= 0.9 - 4 * np.sqrt(0.09 / 4000)
