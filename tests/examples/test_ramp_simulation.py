"""Companies with a known ramp, drawn five hundred times: the truth lies within the interval as often as it should.

All runs stand in one book, told apart by the label ``run``, so that each metric is called once for all of them. Reps start
over three years; some before the data begin, many too late to be seen through, some leave. The seed is fixed.
"""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import numpy.typing as npt
import pytest

import salesmetrics as sm
from salesmetrics import formulas
from salesmetrics.tallies import TenureTally

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

RUNS = 500
STATED = 0.95
ENOUGH = 0.93
"""The stated share less two standard errors of a share of 500 runs: 0.95 - 2 * sqrt(0.95 * 0.05 / 500)."""
STANDARD_ERRORS = 4
BEGIN, AS_OF = np.datetime64("2024-01-01"), np.datetime64("2026-01-31")
FAR = np.int64(10**6)


def within(found: Floats, truth: float) -> bool:
    """Tell whether the mean of the runs is the truth to four standard errors."""
    assert not np.isnan(found).any()
    error = found.std(ddof=1) / np.sqrt(len(found))
    return bool(abs(found.mean() - truth) <= STANDARD_ERRORS * error)


def biased(found: Floats, truth: float) -> float:
    """Return how many standard errors the mean of the runs lies above the truth."""
    known = found[~np.isnan(found)]
    return float((known.mean() - truth) / (known.std(ddof=1) / np.sqrt(len(known))))


def covered(low: Floats, high: Floats, truth: float) -> float:
    """Return the share of the runs whose interval holds the truth; a run without an interval does not."""
    return float(np.mean((low <= truth) & (truth <= high)))


def rep_frame(run: Ints, start: npt.NDArray[np.datetime64], left: npt.NDArray[np.datetime64]) -> sm.RepBook:
    """Return the reps, numbered, with the run as a label; those who leave after the day are still there on it."""
    gone = np.where(left > AS_OF, np.datetime64("NaT"), left)
    return sm.read_reps({"id": np.arange(len(run)), "role_start": start, "left": gone, "run": run})


# --- months to productivity ----------------------------------------------------------------------------------------------

PER_RUN, MONTHS = 80, 36
HAZARD = np.concatenate([[0.02, 0.05, 0.10, 0.15, 0.18], np.full(200, 0.20)])
NOT_YET = np.cumprod(1 - HAZARD)
"""S at the end of tenure month 1, 2, ...: 0.98, 0.93, 0.84, 0.71, 0.58, 0.47."""
MEDIAN = 6
LEAVING = 0.03
LOW, LUCKY, THERE = (0.10, 0.60), 1.2, (1.05, 1.35)
A_DAY = 100


@attrs.frozen(eq=False)
class Company:
    """Reps with the month in which each becomes productive, and the books that tell of it."""

    run: Ints
    productive: Ints
    early: npt.NDArray[np.bool_]
    deals: sm.DealBook
    quotas: sm.QuotaBook
    reps: sm.RepBook

    def where(self, kept: npt.NDArray[np.bool_]) -> sm.RepBook:
        """Return some of the reps."""
        return self.reps.filter(kept)


def month_edges(start: npt.NDArray[np.datetime64]) -> npt.NDArray[np.datetime64]:
    """Return the first day of each tenure month; starts on the 29th or later do not occur."""
    first = start.astype("datetime64[M]")
    offset = start - first.astype("datetime64[D]")
    return (first[:, None] + np.arange(MONTHS + 1)).astype("datetime64[D]") + offset[:, None]


@pytest.fixture(scope="module")
def company() -> Company:
    """Return five hundred companies of eighty reps: a third started before the data begin.

    From month T on a rep sells 1.05 to 1.35 of quota, before it 0.1 to 0.6; now and then one lucky month stands alone.
    """
    rng = np.random.default_rng(20260131)
    size = RUNS * PER_RUN
    run = np.repeat(np.arange(RUNS), PER_RUN)
    month = np.datetime64("2023-03", "M") + rng.integers(0, 33, size)
    start = month.astype("datetime64[D]") + rng.integers(0, 28, size)
    productive = (rng.random(size)[:, None] < NOT_YET).sum(axis=1) + 1
    left = start + np.ceil(rng.exponential(30.4 / LEAVING, size)).astype(np.int64)
    edges, clock = month_edges(start), np.arange(1, MONTHS + 1)
    share = rng.uniform(*LOW, (size, MONTHS))
    lucky = (clock % 3 == 1) & (clock + 1 < productive[:, None]) & (rng.random((size, MONTHS)) < 0.3)
    share = np.where(lucky, LUCKY, share)
    there = rng.uniform(*THERE, (size, MONTHS))
    share = np.where(clock >= productive[:, None], there, share)
    days = np.diff(edges, axis=1).astype(np.int64)
    closed = edges[:, :-1] + rng.integers(0, days)
    seen = (closed >= BEGIN) & (closed <= AS_OF) & (closed < left[:, None])
    owner = np.broadcast_to(np.arange(size)[:, None], seen.shape)[seen]
    amount = np.rint(share * 100)[seen].astype(np.int64) * days[seen] * (A_DAY // 100)
    won = ["won"] * len(owner)
    deals = sm.read_deals({"rep": owner, "amount": amount, "closed": closed[seen], "outcome": np.array(won)})
    day = {"start": np.full(size, "2023-01-01", "M8[D]"), "end": np.full(size, "2027-01-01", "M8[D]")}
    quotas = sm.read_quotas({"rep": np.arange(size), "amount": np.full(size, 1461 * A_DAY), **day})
    return Company(run, productive, start < BEGIN, deals, quotas, rep_frame(run, start, left))


def ramp(company: Company, reps: sm.RepBook | None = None, **asked: Any) -> sm.MetricTable:
    """Return the ramp time of every run."""
    more = {"by": "run", "as_of": str(AS_OF), "since": str(BEGIN), "threshold": 1.0, "sustained": 2} | asked
    return sm.ramp_time(company.deals, company.quotas, company.reps if reps is None else reps, **more)


def test_the_world_is_as_hard_as_it_says(company: Company) -> None:
    """Late-seen reps, leavers and reps who are not there yet are many in every run."""
    table = ramp(company)
    early = int(company.early.sum())
    assert table.left_out["started before the data"] == early
    assert early / len(company.run) == pytest.approx(10 / 33, abs=0.02)
    assert int(table.n.sum()) == len(company.run) - early
    unfinished = 1 - table.parts["events"].sum() / table.n.sum()
    assert 0.35 < unfinished < 0.65
    assert (NOT_YET[MEDIAN - 2] > 0.5) & (NOT_YET[MEDIAN - 1] < 0.5)


def test_ramp_time_recovers_the_median_within_its_interval(company: Company) -> None:
    """In at least the stated share of 500 runs the true median lies within the interval, and the middle run hits it."""
    table = ramp(company)
    assert len(table) == RUNS
    assert table.low is not None
    assert table.high is not None
    assert covered(table.low, table.high, MEDIAN) >= STATED
    assert np.median(table.value) == MEDIAN


def test_ramp_time_recovers_the_restricted_mean(company: Company) -> None:
    """The mean of the first eight months is true on average: censoring takes nothing from either side."""
    truth = 1 + NOT_YET[:7].sum()
    assert within(ramp(company, stat="restricted_mean", within=8).value, float(truth))


def test_the_naive_mean_reads_short(company: Company) -> None:
    """The mean month of those who made it forgets the others: more than a month short of the true mean."""
    naive = ramp(company, stat="naive_mean").value
    truth = float(1 + NOT_YET.sum())
    assert naive.mean() < truth - 1
    assert biased(naive, truth) < -50


def tenure_curves(tally: TenureTally, run: Ints, sustained: int = 2) -> formulas.SurvivalCurve:
    """Return the curve of each run through the array door: ramp months, counts by month, Kaplan-Meier."""
    whole = (tally.edges[:, 1:] <= tally.until[:, None]).sum(axis=1)
    at_bar = formulas.reached_quota(tally.amount, np.where(tally.covered > 0, tally.quota, np.nan), 1.0)
    entry = (tally.edges[:, :-1] < np.maximum(tally.start, tally.since_day)[:, None]).sum(axis=1)
    found = formulas.ramp_month(at_bar, sustained=sustained, observed=whole, entry=entry)
    month, event = np.asarray(found.month), np.asarray(found.event)
    return counted(run[~np.isnan(month)], month[~np.isnan(month)].astype(int), event[~np.isnan(month)])


def counted(run: Ints, age: Ints, event: npt.NDArray[np.bool_]) -> formulas.SurvivalCurve:
    """Return the Kaplan-Meier curve of each run."""
    tables = np.zeros((2, RUNS, int(age.max()) + 1), dtype=np.int64)
    np.add.at(tables, (np.where(event, 0, 1), run, age), 1)
    return formulas.kaplan_meier(*tables)


def test_survival_at_an_age_is_recovered_within_its_interval(company: Company) -> None:
    """S after 3, 6 and 9 months: true on average, and within the log-log interval in the stated share of the runs."""
    more = {"as_of": str(AS_OF), "since": str(BEGIN)}
    tally = TenureTally.from_book(company.deals, company.reps, company.quotas, **more)
    ids = [int(row) for row in tally.labels]
    curve = tenure_curves(tally, company.run[ids])
    low, high = formulas.survival_interval(curve)
    for age in (3, 6, 9):
        assert within(curve.survival[:, age], NOT_YET[age - 1]), age
        assert covered(low[:, age], high[:, age], NOT_YET[age - 1]) >= ENOUGH, age
    table = ramp(company)
    np.testing.assert_array_equal(formulas.survival_quantile(curve), table.value)
    np.testing.assert_array_equal(formulas.survival_quantile_interval(curve), [table.low, table.high])


def test_a_first_success_that_is_seen_late_is_not_the_event(company: Company) -> None:
    """Reps who got there unseen, joined at the first observed day, read short; left out they do not (H15)."""
    joined = ramp(company, early="truncate", stat="restricted_mean", within=8)
    assert joined.left_out["started before the data"] < int(company.early.sum()) // 5
    assert biased(joined.value, float(1 + NOT_YET[:7].sum())) < -STANDARD_ERRORS


def test_late_entry_is_right_where_none_had_got_there(company: Company) -> None:
    """With only those late-seen reps who are known not to have got there, joining late recovers the truth."""
    edges = month_edges(company.reps["role_start"])
    first = (edges[:, :-1] < BEGIN).sum(axis=1) + 1
    known = company.where(~company.early | (company.productive >= first))
    table = ramp(company, known, early="truncate")
    assert table.n.sum() > ramp(company).n.sum() * 1.1
    assert table.low is not None
    assert table.high is not None
    assert covered(table.low, table.high, MEDIAN) >= STATED
    mean = ramp(company, known, early="truncate", stat="restricted_mean", within=8).value
    assert within(mean, float(1 + NOT_YET[:7].sum()))


def test_runs_of_three_are_censored_where_one_could_last_begin() -> None:
    """Runs of three by chance alone: S after 10 months is recovered; censoring open runs only reads long (definitions, 16)."""
    rng = np.random.default_rng(16)
    months = 20
    chance = np.minimum(0.25 + 0.05 * np.arange(months), 0.75)
    truth = no_run_of_three(chance)
    made = rng.random((RUNS * PER_RUN, months)) < chance
    observed = rng.integers(1, months + 1, len(made))
    run = np.repeat(np.arange(RUNS), PER_RUN)
    found = formulas.ramp_month(made, sustained=3, observed=observed)
    month, event = np.asarray(found.month).astype(int), np.asarray(found.event)
    curve = counted(run, month, event)
    low, high = formulas.survival_interval(curve)
    for age in (4, 7, 10):
        assert within(curve.survival[:, age], truth[age - 1]), age
        assert covered(low[:, age], high[:, age], truth[age - 1]) >= ENOUGH, age
    table = made & (np.arange(months) < observed[:, None])
    running = np.zeros(len(made), dtype=np.int64)
    for at in range(months):
        inside = at < observed
        running = np.where(inside, np.where(table[:, at], running + 1, 0), running)
    kept_open = counted(run, np.where(event, month, observed - np.minimum(running, 2)), event)
    assert biased(kept_open.survival[:, 10], truth[9]) > 10


def no_run_of_three(chance: Floats) -> Floats:
    """Return, for each month t, the chance that no run of three begins in months 1 .. t."""
    state, alive = np.array([1.0, 0.0, 0.0]), []
    for p in chance:
        state = np.array([state.sum() * (1 - p), state[0] * p, state[1] * p])
        alive.append(state.sum())
    return np.array([*alive[2:], np.nan, np.nan])


# --- days to the first deal ----------------------------------------------------------------------------------------------

SCALE, SHAPE, STAYING = 60.0, 1.5, 250.0
AGES = np.arange(2_000)
NO_WIN = np.exp(-(((AGES + 1) / SCALE) ** SHAPE))
"""Share without a win after each day of tenure, of a Weibull time in whole days."""
MEDIAN_DAYS = int(np.argmax(NO_WIN <= 0.5))


@attrs.frozen(eq=False)
class Hires:
    """Reps with the day of their first win, and the books that tell of it."""

    run: Ints
    deals: sm.DealBook
    reps: sm.RepBook


@pytest.fixture(scope="module")
def hires() -> Hires:
    """Return five hundred companies of eighty hires, watched for two years, a tenth of them early, a third too late.

    They win again later, lose deals, and won in an earlier role: none of it is a first win.
    """
    rng = np.random.default_rng(360)
    size = RUNS * PER_RUN
    run = np.repeat(np.arange(RUNS), PER_RUN)
    start = AS_OF - rng.integers(0, 850, size)
    age = np.floor(SCALE * rng.weibull(SHAPE, size)).astype(np.int64)
    gone = np.floor(rng.exponential(STAYING, size)).astype(np.int64) + 1
    left = start + gone
    rows = [(age, "won"), (age + rng.integers(0, 60, size), "won"), (age // 2, "lost"), (-age - 1, "won")]
    closed = np.concatenate([start + days for days, _ in rows])
    outcome = np.repeat([word for _, word in rows], size)
    owner = np.tile(np.arange(size), len(rows))
    seen = (closed >= BEGIN) & (closed <= AS_OF) & ((closed < left[owner]) | (outcome == "lost"))
    table = {"rep": owner[seen], "amount": np.full(seen.sum(), 10), "closed": closed[seen], "outcome": outcome[seen]}
    return Hires(run, sm.read_deals(table), rep_frame(run, start, left))


def first(hires: Hires, **asked: Any) -> sm.MetricTable:
    """Return the time to the first deal of every run."""
    more = {"by": "run", "as_of": str(AS_OF), "since": str(BEGIN)} | asked
    return sm.time_to_first_deal(hires.deals, hires.reps, **more)


def test_time_to_first_deal_recovers_the_median_within_its_interval(hires: Hires) -> None:
    """In at least the stated share of 500 runs, less two standard errors, the interval holds the true median."""
    table = first(hires)
    assert table.left_out["started before the data"] > 0
    assert 0.15 < 1 - table.parts["events"].sum() / table.n.sum() < 0.5
    assert table.low is not None
    assert table.high is not None
    assert covered(table.low, table.high, MEDIAN_DAYS) >= ENOUGH
    assert np.median(table.value) == pytest.approx(MEDIAN_DAYS, abs=1)


def test_time_to_first_deal_recovers_the_restricted_mean(hires: Hires) -> None:
    """The mean of the first 90 days is true on average; the naive mean of the winners is short by days."""
    truth = float(NO_WIN[:90].sum())
    assert within(first(hires, stat="restricted_mean", within=90).value, truth)
    naive = first(hires, stat="naive_mean").value
    assert naive.mean() < float(NO_WIN.sum()) - 5
    assert biased(naive, float(NO_WIN.sum())) < -25


def test_time_to_first_deal_with_leaving_as_a_competing_end(hires: Hires) -> None:
    """With ``leavers="compete"`` the day by which half of all hires have won is that of the true incidence."""
    staying = np.exp(-(AGES) / STAYING)
    won = np.cumsum(-np.diff(NO_WIN, prepend=1.0) * staying)
    truth = int(np.argmax(won >= 0.5))
    table = first(hires, leavers="compete")
    assert truth > MEDIAN_DAYS + 5
    assert np.median(table.value) == pytest.approx(truth, abs=2)
    pooled = first(hires, leavers="compete", by=None)["all"]
    assert pooled.value == pytest.approx(truth, abs=1)
    assert first(hires, by=None)["all"].value == pytest.approx(MEDIAN_DAYS, abs=1)


# --- the curve, and the team on a day --------------------------------------------------------------------------------------


def true_curve(months: int) -> Floats:
    """Return the expected attainment in each tenure month."""
    clock = np.arange(1, months + 1)
    there = 1 - NOT_YET[:months]
    below = np.mean(LOW)
    lucky = np.where(clock % 3 == 1, 0.3 * NOT_YET[1 : months + 1], 0.0)
    expected: Floats = there * np.mean(THERE) + (1 - there) * below + lucky * (LUCKY - below)
    return expected


def test_ramp_curve_recovers_the_true_curve(company: Company) -> None:
    """Attainment in each of the first twelve months is true on average over 500 runs, whoever left or came late."""
    more = {"as_of": str(AS_OF), "since": str(BEGIN)}
    table = sm.ramp_curve(company.deals, company.quotas, company.reps, by="run", **more)
    value, n = (np.asarray(x).reshape(RUNS, -1)[:, :12] for x in (table.value, table.n))
    for at, truth in enumerate(true_curve(12)):
        assert within(value[:, at], truth), at + 1
    assert (np.diff(n, axis=1) <= 0).all()
    assert (n[:, 0] > n[:, 11]).all()
    pooled = sm.ramp_curve(company.deals, company.quotas, company.reps, **more)
    assert np.abs(pooled.value[:12] - true_curve(12)).max() < 0.01


def test_ramp_curve_recovers_the_true_median(company: Company) -> None:
    """The median rep of month 12 sells what the middle of the true mixture sells; of month 2, likewise."""
    more: dict[str, Any] = {"as_of": str(AS_OF), "since": str(BEGIN), "stat": "median"}
    table = sm.ramp_curve(company.deals, company.quotas, company.reps, **more)
    below = NOT_YET[11]
    above = (0.5 - below) / (1 - below)
    assert table[12].value == pytest.approx(THERE[0] + above * (THERE[1] - THERE[0]), abs=0.01)
    assert table[2].value == pytest.approx(LOW[0] + 0.5 / NOT_YET[1] * (LOW[1] - LOW[0]), abs=0.01)


def test_late_seen_reps_add_their_whole_months_when_asked(company: Company) -> None:
    """The curve asks nothing of the past: with ``early="truncate"`` it is as true, with more reps."""
    more: dict[str, Any] = {"as_of": str(AS_OF), "since": str(BEGIN)}
    plain = sm.ramp_curve(company.deals, company.quotas, company.reps, **more)
    joined = sm.ramp_curve(company.deals, company.quotas, company.reps, early="truncate", **more)
    assert (joined.n[:24] >= plain.n[:24]).all()
    assert joined.n[11] > 1.2 * plain.n[11]
    assert np.abs(joined.value[:12] - true_curve(12)).max() < 0.01


def test_ramped_equivalents_of_known_teams() -> None:
    """Thousands of reps with drawn starts, ends and times away: the sum of shares that each is known to carry."""
    rng = np.random.default_rng(5)
    schedule, on = (0.0, 0.25, 0.5, 0.75), np.datetime64("2026-03-15")
    month, team = rng.integers(0, 8, 2_000), rng.integers(0, 20, 2_000)
    fate = rng.choice(["here", "gone", "away"], 2_000, p=[0.8, 0.1, 0.1])
    reps = [
        sm.Rep(
            number,
            team=f"T{team[number]:02d}",
            role_start=str((np.datetime64("2026-03") - month[number]).astype("M8[D]") + 9),
            left=str(on) if fate[number] == "gone" and month[number] else None,
            absences=[("2026-03-01", "2026-04-01")] if fate[number] == "away" else (),
            ramp=schedule,
        )
        for number in range(2_000)
    ]
    carried = np.array([*schedule, 1.0])[np.minimum(month, 4)]
    here = (fate == "here") | ((fate == "gone") & (month == 0))
    table = sm.ramped_equivalents(sm.read_reps(reps), on=str(on), by="team")
    assert table.value.tolist() == np.bincount(team[here], carried[here], 20).tolist()
    assert table.n.tolist() == np.bincount(team[here], minlength=20).tolist()
