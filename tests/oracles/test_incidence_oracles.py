"""Late entry, competing ends and log-rank tests beside lifelines, scipy and statsmodels, by formulas and by the front door."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import salesmetrics as sm
from salesmetrics import formulas as f

SEEDS = range(25)


def groups(seed: int, count: int) -> tuple[Any, Any, Any]:
    """Return group, age and whether something happened, of drawn rows with many ties."""
    rng = np.random.default_rng(seed)
    rows = int(rng.integers(10, 200))
    of = rng.integers(0, count, rows)
    ages = rng.geometric(0.02 + 0.1 * rng.random(count)[of])
    return of, np.minimum(ages, 200), rng.random(rows) < 0.6


def tables(of: Any, ages: Any, event: Any, count: int) -> tuple[Any, Any]:
    """Return events and censorings by group and day."""
    return tuple(
        np.array([np.bincount(ages[(of == g) & kind], minlength=ages.max() + 1) for g in range(count)])
        for kind in (event, ~event)
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_two_groups_are_scipys(seed: int) -> None:
    """Our chi-square is the square of scipy's z, our p its two-sided one."""
    from scipy import stats

    of, ages, event = groups(seed, 2)
    samples = [stats.CensoredData.right_censored(ages[of == g], ~event[of == g]) for g in (0, 1)]
    oracle = stats.logrank(*samples)
    test = f.logrank(*tables(of, ages, event, 2))
    assert test.statistic == pytest.approx(oracle.statistic**2, rel=1e-9)
    assert test.p_value == pytest.approx(oracle.pvalue, rel=1e-9)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("count", [2, 3, 6])
def test_several_groups_are_lifelines(seed: int, count: int) -> None:
    """Chi-square and p of any number of groups."""
    statistics = pytest.importorskip("lifelines.statistics")
    of, ages, event = groups(seed, count)
    oracle = statistics.multivariate_logrank_test(ages, of, event)
    test = f.logrank(*tables(of, ages, event, count))
    assert test.degrees_of_freedom == len(np.unique(of)) - 1
    assert test.statistic == pytest.approx(oracle.test_statistic, rel=1e-8)
    assert test.p_value == pytest.approx(oracle.p_value, rel=1e-7)


@pytest.mark.parametrize("seed", SEEDS)
def test_late_entries_are_statsmodels(seed: int) -> None:
    """The log-rank test of two groups that entered late: statsmodels has a row at risk after its entry, so it enters before."""
    survival = pytest.importorskip("statsmodels.duration.survfunc")
    of, ages, event = groups(seed, 2)
    entry = (np.random.default_rng(seed + 999).random(len(ages)) * (ages + 1)).astype(int)
    events, censored = tables(of, ages, event, 2)
    entered = np.array([np.bincount(entry[of == g], minlength=ages.max() + 1) for g in (0, 1)])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        statistic, p = survival.survdiff(ages, event.astype(int), of, entry=entry - 0.5)
    test = f.logrank(events, censored, entered=entered)
    assert test.statistic == pytest.approx(statistic, rel=1e-8)
    assert test.p_value == pytest.approx(p, rel=1e-7)


def deals(seed: int) -> tuple[sm.DealBook, Any]:
    """Return a book with competing ends, no two on one age, and its columns."""
    rng = np.random.default_rng(seed)
    rows = 250
    created = rng.integers(0, 300, rows)
    outcome = rng.integers(0, 4, rows)
    takes = 4 * rng.geometric(0.04, rows) + outcome
    over = (outcome > 0) & (created + takes <= 400)
    outcome, takes = np.where(over, outcome, 0), np.where(over, takes, 400 - created)
    start = np.datetime64("2025-01-01")
    book = sm.read_deals(
        {
            "rep": np.array(["Ana", "Ben"])[rng.integers(0, 2, rows)],
            "created": start + created,
            "closed": np.where(over, start + created + takes, np.datetime64("NaT")),
            "outcome": np.array(["open", "won", "lost", "no_decision"])[outcome],
        },
        as_of=start + 400,
    )
    return book, (created, outcome, takes, np.asarray(book["rep"]))


@pytest.mark.parametrize("seed", SEEDS)
def test_win_rates_are_lifelines(seed: int) -> None:
    """Shares won, lost and without a decision by age, and the interval of the wins, of each rep."""
    lifelines = pytest.importorskip("lifelines")
    book, (_, outcome, takes, rep) = deals(seed)
    curves = sm.win_rate_curve(book, by="rep")
    read = [10, 30, 60, 90, 120]
    table = curves.at(read)
    for name in ("Ana", "Ben"):
        mine = rep == name
        for cause, end in enumerate(("won", "lost", "no_decision"), 1):
            fitter = lifelines.AalenJohansenFitter(calculate_variance=True, jitter_level=0.0, seed=0)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                fitter.fit(takes[mine], outcome[mine], event_of_interest=cause)
            curve = fitter.cumulative_density_.iloc[:, 0]
            for age in (age for age in read if table[(name, age)].reason == ""):
                row = table[(name, age)]
                expected = curve[curve.index <= age].iloc[-1]
                assert (row.value if end == "won" else row.parts[end]) == pytest.approx(expected, rel=1e-9, abs=1e-12)
                if end == "won" and not np.isnan(row.low):
                    bounds = fitter.confidence_interval_
                    low, high = bounds[bounds.index <= age].iloc[-1]
                    assert (row.low, row.high) == (pytest.approx(low, rel=1e-6), pytest.approx(high, rel=1e-6))


@pytest.mark.parametrize("seed", SEEDS)
def test_cycles_from_the_day_the_data_start_are_lifelines(seed: int) -> None:
    """Kaplan-Meier with late entry through the front door: lifelines' entry, half a day earlier."""
    lifelines = pytest.importorskip("lifelines")
    book, (created, outcome, takes, _) = deals(seed)
    since = 60
    young = sm.read_deals(
        # one deal watched from its first to its last day, for lifelines stops where nobody is at risk
        {"created": ["2025-03-02"], "closed": [None], "outcome": ["open"], "rep": ["Ana"]},
        as_of=book.as_of_day and np.datetime64("1970-01-01") + book.as_of_day,
    )
    there = created + takes >= since
    entry = np.append(np.maximum(since - created, 0)[there], 0)
    end, event = np.append(takes[there], 340), np.append(outcome[there] > 0, False)
    options: dict[str, Any] = {"basis": "created", "entry": np.datetime64("2025-01-01") + since}
    tally = sm.DurationTally.from_book(book, **options) + sm.DurationTally.from_book(young, **options)
    curves = sm.cycle_curve(tally)
    assert curves.n.tolist() == [len(end)]
    assert curves.left_out["ended before entry"] == np.count_nonzero(~there)
    fitter = lifelines.KaplanMeierFitter()
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        fitter.fit(end, event, entry=np.maximum(entry - 0.5, 0.0))
    read = [5, 20, 40, 80]
    np.testing.assert_allclose(curves.at(read).value, fitter.survival_function_at_times(read), rtol=1e-9)
    median = curves.median["all"].value
    assert fitter.median_survival_time_ == (np.inf if np.isnan(median) else median)


def test_curves_of_all_deals_are_scipys_ecdf() -> None:
    """The share still open through the front door is scipy's survival function, as is the log-rank test of two reps."""
    from scipy import stats

    book, (_, outcome, takes, rep) = deals(3)
    curve = stats.ecdf(stats.CensoredData.right_censored(takes, outcome == 0)).sf
    ours = sm.cycle_curve(book)
    read = curve.quantiles.astype(int).tolist()
    np.testing.assert_allclose(ours.at(read).value, curve.probabilities, rtol=1e-12, atol=1e-14)
    samples = [stats.CensoredData.right_censored(takes[rep == r], outcome[rep == r] == 0) for r in ("Ana", "Ben")]
    assert sm.logrank(book, by="rep")["all"].value == pytest.approx(stats.logrank(*samples).pvalue, rel=1e-9)
    samples = [stats.CensoredData.right_censored(takes[rep == r], outcome[rep == r] != 1) for r in ("Ana", "Ben")]
    wins = sm.logrank(book, by="rep", outcome="won")["all"]
    assert wins.value == pytest.approx(stats.logrank(*samples).pvalue, rel=1e-9)
