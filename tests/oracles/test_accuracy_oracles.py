"""Forecast errors beside scikit-learn and utilsforecast."""

from __future__ import annotations

import numpy as np
import pytest

from salesmetrics import formulas as f

SEEDS = range(40)


def calls(seed):
    """Return forecasts and actuals of 2 to 300 rows, all above 0."""
    rng = np.random.default_rng(seed)
    rows = int(rng.integers(2, 300))
    actual = rng.lognormal(10, 1, rows)
    return actual * rng.lognormal(0.05, 0.3, rows), actual


@pytest.mark.parametrize("seed", SEEDS)
def test_errors_are_scikit_learns(seed):
    """MAE, RMSE and MAPE are scikit-learn's where no actual is 0."""
    metrics = pytest.importorskip("sklearn.metrics")
    forecast, actual = calls(seed)
    for ours, theirs in (
        (f.mae, metrics.mean_absolute_error),
        (f.rmse, metrics.root_mean_squared_error),
        (f.mape, metrics.mean_absolute_percentage_error),
    ):
        np.testing.assert_allclose(ours(forecast, actual), theirs(actual, forecast), rtol=1e-12)


def test_an_actual_of_nought_is_no_huge_error():
    """Where scikit-learn answers with some 1e16, the row has no percentage error and is left out."""
    metrics = pytest.importorskip("sklearn.metrics")
    assert metrics.mean_absolute_percentage_error([0, 100], [10, 90]) > 1e14
    assert f.mape([10, 90], [0, 100]) == 0.1


def frame(columns):
    """Return one series as utilsforecast takes it."""
    pd = pytest.importorskip("pandas")
    rows = len(columns["y"])
    return pd.DataFrame({"unique_id": ["one"] * rows, "ds": np.arange(rows), **columns})


@pytest.mark.parametrize("seed", SEEDS)
def test_errors_are_those_of_utilsforecast(seed):
    """MAE, RMSE, MAPE, WAPE (their nd) and mean error (their bias) agree."""
    losses = pytest.importorskip("utilsforecast.losses")
    forecast, actual = calls(seed)
    table = frame({"y": actual, "call": forecast})
    for ours, theirs in (
        (f.mae, losses.mae),
        (f.rmse, losses.rmse),
        (f.mape, losses.mape),
        (f.wape, losses.nd),
        (f.mean_error, losses.bias),
    ):
        np.testing.assert_allclose(ours(forecast, actual), theirs(table, ["call"])["call"].iloc[0], rtol=1e-10)


@pytest.mark.parametrize("season", [1, 4])
@pytest.mark.parametrize("seed", range(10))
def test_mase_is_that_of_utilsforecast(seed, season):
    """MASE by a training series of its own agrees."""
    losses = pytest.importorskip("utilsforecast.losses")
    forecast, actual = calls(seed)
    series = np.random.default_rng(1000 + seed).lognormal(10, 1, 40)
    theirs = losses.mase(
        frame({"y": actual, "call": forecast}), ["call"], seasonality=season, train_df=frame({"y": series})
    )
    ours = f.mase(forecast, actual, series=series, season=season)
    np.testing.assert_allclose(ours, theirs["call"].iloc[0], rtol=1e-10)


@pytest.mark.parametrize("seed", SEEDS)
def test_top_and_gini_are_those_of_a_lorenz_curve(seed):
    """Gini is 1 less twice the area under numpy's Lorenz curve, and the top share its complement."""
    _, amounts = calls(seed)
    lorenz = np.concatenate(([0], np.cumsum(np.sort(amounts)) / amounts.sum()))
    np.testing.assert_allclose(f.gini(amounts), 1 - 2 * np.trapezoid(lorenz, dx=1 / len(amounts)), rtol=1e-9)
    top = max(1, len(amounts) // 5)
    np.testing.assert_allclose(f.top_share(amounts, top), 1 - lorenz[-1 - top], rtol=1e-10)
