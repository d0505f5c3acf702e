"""Books whose truth is known: what the usual reports say of them, and how often the curves' intervals hold the truth.

The book of the definitions: new deals double each year, three of ten are won whatever their age, wins take a median of 75
days and losses one of 120 (lognormal, sigma 0.8), and 35 of 100 losers are never marked as lost. Each run of the simulation is
a label of one large book, so that all runs are answered in one call.
"""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import pytest

import salesmetrics as sm
from salesmetrics import formulas as f

RUNS, DEALS, LAST = 800, 500, 720
START = np.datetime64("2024-01-01")
RATE, SIGMA, WON, LOST, FORGOTTEN = 0.30, 0.8, 75, 120, 0.35
# four binomial standard errors around 0.95
SLACK = 4 * (0.95 * 0.05 / RUNS) ** 0.5


@attrs.frozen(eq=False)
class Simulated:
    """The columns of a book of many runs."""

    run: Any
    created: Any
    won: Any
    takes: Any
    forgotten: Any

    def book(self, keep: Any = slice(None)) -> sm.DealBook:
        """Return what is known on the last day."""
        closed = self.created + self.takes
        seen = (closed <= LAST) & ~self.forgotten
        outcome = np.where(~seen, "open", np.where(self.won, "won", "lost"))
        days = np.where(seen, START + closed, np.datetime64("NaT"))
        columns = {"run": self.run, "created": START + self.created, "closed": days, "outcome": outcome}
        return sm.read_deals({name: column[keep] for name, column in columns.items()}, as_of=START + LAST)


@pytest.fixture(scope="module")
def drawn() -> Simulated:
    rng = np.random.default_rng(20_261_122)
    size = RUNS * DEALS
    created = (365 * np.log2(1 + rng.random(size) * (2 ** (LAST / 365) - 1))).astype(np.int64)
    won = rng.random(size) < RATE
    takes = (np.where(won, WON, LOST) * np.exp(SIGMA * rng.standard_normal(size))).astype(np.int64)
    run = np.repeat(np.arange(RUNS), DEALS).astype(str)
    return Simulated(run, created, won, takes, ~won & (rng.random(size) < FORGOTTEN))


@pytest.fixture(scope="module")
def book(drawn: Simulated) -> sm.DealBook:
    return drawn.book()


def reached(day: int, median: float = WON) -> float:
    """Return the chance that a time in whole days is at most a day."""
    from scipy.special import ndtr

    return float(ndtr(np.log((day + 1) / median) / SIGMA))


def recent(days: int) -> sm.Period:
    return sm.Period(START + LAST - days + 1, START + LAST + 1)


def coverage(table: sm.MetricTable, truth: float) -> float:
    """Return the share of intervals that hold the truth."""
    assert table.low is not None
    assert table.high is not None
    assert not np.isnan(table.low).any()
    return float(((table.low <= truth) & (truth <= table.high)).mean())


def test_the_usual_reports_are_far_off(book: sm.DealBook) -> None:
    """Where 0.30 are won: 0.43 of those closed of late, 0.14 of those created of late; a win takes 103 days, not 56 or 83."""
    closed = sm.win_rate(book, by="run", period=recent(90), confidence_level=None)
    created = sm.win_rate(book, by="run", basis="created", period=recent(180), confidence_level=None)
    assert np.mean(closed.value) == pytest.approx(0.426, abs=0.01)
    assert np.mean(created.value) == pytest.approx(0.144, abs=0.01)
    # an interval cannot repair a bias: those that say 0.95 hold the truth in fewer than half of the runs
    assert coverage(sm.win_rate(book, by="run", period=recent(90)), RATE) < 0.5
    true = sum(1 - reached(day) for day in range(20_000))
    assert true == pytest.approx(75 * np.exp(SIGMA**2 / 2) - 0.5, abs=0.1)
    whole = sm.cycle_length(book, confidence_level=None)["all"].value
    young = sm.cycle_length(book, basis="created", period=recent(180), confidence_level=None)["all"].value
    assert (whole, young) == (pytest.approx(83.2, abs=1.5), pytest.approx(56.0, abs=1.5))


@pytest.mark.parametrize("age", [90, 180, 360])
def test_win_rates_by_age_hold_the_truth(book: sm.DealBook, age: int) -> None:
    """No bias beyond four standard errors of the mean of all runs, and intervals that hold the truth as often as they say."""
    truth = RATE * reached(age)
    table = sm.win_rate_curve(book, by="run").at(age)
    error = float(np.std(table.value)) / RUNS**0.5
    assert abs(float(np.mean(table.value)) - truth) < 4 * error
    assert error < 0.002
    assert abs(coverage(table, truth) - 0.95) < SLACK
    narrow = sm.win_rate_curve(book, by="run", confidence_level=0.8).at(age)
    assert abs(coverage(narrow, truth) - 0.80) < 4 * (0.8 * 0.2 / RUNS) ** 0.5


def test_cycles_hold_the_truth(book: sm.DealBook) -> None:
    """The share still open, the median to any close and the mean time of those won within 600 days."""
    still = 1 - RATE * reached(120) - (1 - RATE) * (1 - FORGOTTEN) * reached(120, LOST)
    curves = sm.cycle_curve(book, by="run")
    assert abs(coverage(curves.at(120), still) - 0.95) < SLACK

    def share(day: int) -> float:
        return 1 - RATE * reached(day) - (1 - RATE) * (1 - FORGOTTEN) * reached(day, LOST)

    middle = next(day for day in range(1_000) if share(day) <= 0.5)
    assert coverage(curves.median, middle) > 0.95 - SLACK
    assert np.median(curves.median.value) == pytest.approx(middle, abs=2)
    wins = sm.cycle_curve(book, outcome="won", within=600)
    chance = np.diff([0.0, *(reached(day) for day in range(601))])
    assert wins.mean["all"].value == pytest.approx(chance @ np.arange(601) / chance.sum(), abs=1.5)
    assert wins.mean["all"].value == pytest.approx(99.6, abs=2)


def test_data_that_start_late_are_right_with_an_entry_and_wrong_without(drawn: Simulated) -> None:
    """The system keeps nothing that closed before day 180: taken as it is, slow deals are too many; with an entry, not."""
    began = 180
    closed = np.where(drawn.forgotten, LAST + 1, drawn.created + drawn.takes)
    kept = drawn.book(closed >= began)
    truth = RATE * reached(120)
    naive = sm.win_rate_curve(kept, by="run").at(120)
    entered = sm.win_rate_curve(kept, by="run", entry=START + began).at(120)
    error = float(np.std(entered.value)) / RUNS**0.5
    assert abs(float(np.mean(entered.value)) - truth) < 4 * error
    assert float(np.mean(naive.value)) < truth - 8 * error
    assert abs(coverage(entered, truth) - 0.95) < SLACK
    assert coverage(naive, truth) < 0.93
    # a full export, told when to begin, is the same as the data that begin then
    told = sm.win_rate_curve(drawn.book(), by="run", entry=START + began)
    assert told.at(120).equals(entered)
    assert told.left_out["ended before entry"] == np.count_nonzero(closed < began)


def test_wins_per_open_day_need_no_decided_deals() -> None:
    """With a constant hazard of a win, the rate of every period is it, however young the deals are and whatever is lost."""
    rng = np.random.default_rng(5)
    size, hazard = 60_000, 0.004
    created = rng.integers(0, 400, size)
    won, lost = (rng.geometric(p, size) for p in (hazard, 0.006))
    takes = np.minimum(won, lost)
    seen = created + takes <= 400
    deals = sm.read_deals(
        {
            "created": START + created,
            "closed": np.where(seen, START + created + takes, np.datetime64("NaT")),
            "outcome": np.where(~seen, "open", np.where(won <= lost, "won", "lost")),
        },
        as_of=START + 400,
    )
    months = sm.Periods.from_boundaries(list(START + np.arange(0, 401, 50)))
    table = sm.win_intensity(deals, period=months)
    wins, days = table.parts["won"], table.parts["deal_days"]
    assert (np.abs(wins - hazard * days) < 4 * np.sqrt(hazard * days)).all()
    assert table.value == pytest.approx(np.full(8, hazard), rel=0.1)


def test_the_log_rank_test_says_different_as_often_as_it_says() -> None:
    """Between halves that are alike, one test in twenty has p < 0.05; between halves that differ, most do."""
    rng = np.random.default_rng(6)
    tests, rows, days = 1_000, 80, 400
    alike, apart = [], []
    for _ in range(tests):
        takes = np.minimum(rng.geometric(0.02, (2, rows)), days - 1)
        quick = np.minimum(rng.geometric(0.04, rows), days - 1)
        until = rng.integers(1, 150, (2, rows))
        for sample, found in ((takes, alike), (np.array([takes[0], quick]), apart)):
            ages, ended = np.minimum(sample, until), sample <= until
            events, censored = (
                np.array([np.bincount(a[e], minlength=days) for a, e in zip(ages, kind, strict=True)])
                for kind in (ended, ~ended)
            )
            found.append(f.logrank(events, censored).p_value)
    share = float(np.mean(np.array(alike) < 0.05))
    assert abs(share - 0.05) < 4 * (0.05 * 0.95 / tests) ** 0.5
    assert float(np.mean(np.array(apart) < 0.05)) > 0.8
