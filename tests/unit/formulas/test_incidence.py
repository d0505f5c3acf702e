"""Competing ends with their variances, and the log-rank test: by a loop in fractions, by published values, by the laws."""

from __future__ import annotations

import math
from fractions import Fraction as F
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesmetrics import formulas as f
from salesmetrics.errors import InvalidArgumentError

END = 12
KINDS = ("won", "lost", "no_decision", "open")
LIFE = st.tuples(st.integers(0, END), st.integers(0, END), st.sampled_from(KINDS)).map(
    lambda life: (min(life[:2]), max(life[:2]), life[2])
)
LIVES = st.lists(LIFE, min_size=1, max_size=25)
Life = tuple[int, int, str]


def tables(lives: list[Life], *, late: bool) -> dict[str, Any]:
    """Return counts by age: of each end, of those still open, and of entries where some are late."""
    counts = {
        kind: np.bincount([b for _, b, how in lives if how == kind], minlength=END + 1).astype(np.int64)
        for kind in KINDS
    }
    return counts | {"entered": np.bincount([a for a, *_ in lives], minlength=END + 1) if late else None}


def curve_of(lives: list[Life], *, late: bool) -> f.IncidenceCurve:
    counts = tables(lives, late=late)
    return f.aalen_johansen([counts[kind] for kind in KINDS[:3]], counts["open"], entered=counts["entered"])


def slow(lives: list[Life], kind: str, *, late: bool) -> tuple[list[F], list[F]]:
    """Return incidence and its variance by the definition: a double sum over ages, in fractions."""
    at_risk = [sum((a <= t if late else True) and b >= t for a, b, _ in lives) for t in range(END + 1)]
    any_end = [sum(b == t and how != "open" for _, b, how in lives) for t in range(END + 1)]
    this_end = [sum(b == t and how == kind for _, b, how in lives) for t in range(END + 1)]
    before, share, taken = [], F(1), [F(0)]
    for r, d, k in zip(at_risk, any_end, this_end, strict=True):
        before.append(share)
        taken.append(taken[-1] + (share * F(k, r) if r else 0))
        share *= F(r - d, r) if r else 1
    taken = taken[1:]
    spread = []
    for t in range(END + 1):
        total = F(0)
        for s in range(t + 1):
            r, d, k = at_risk[s], any_end[s], this_end[s]
            if not r:
                continue
            rest = taken[t] - taken[s]
            total += rest**2 * F(d, r * (r - d)) if r > d else 0
            total += before[s] ** 2 * F(k * (r - k), r**3) - 2 * rest * before[s] * F(k, r**2)
        spread.append(total)
    return taken, spread


@given(LIVES, st.booleans())
def test_incidence_and_variance_are_the_double_sums(lives: list[Life], late: bool) -> None:
    """Each cause's share and delta-method variance at each age, with late entries too."""
    curve = curve_of(lives, late=late)
    variance = f.incidence_variance(curve)
    for cause, kind in enumerate(KINDS[:3]):
        taken, spread = slow(lives, kind, late=late)
        np.testing.assert_allclose(curve.incidence[cause], [float(x) for x in taken], rtol=1e-13, atol=1e-15)
        np.testing.assert_allclose(variance[cause], [float(max(x, F(0))) for x in spread], rtol=1e-9, atol=1e-14)


@given(LIVES, st.booleans(), st.sampled_from([0, 1, 2]))
def test_one_cause_is_read_alone(lives: list[Life], late: bool, cause: int) -> None:
    """The variance and interval of one cause are to the last bit what they are among all."""
    curve = curve_of(lives, late=late)
    np.testing.assert_array_equal(f.incidence_variance(curve, cause=cause), f.incidence_variance(curve)[cause])
    alone, among = f.incidence_interval(curve, cause=cause), f.incidence_interval(curve)
    for one, other in zip(alone, among, strict=True):
        np.testing.assert_array_equal(one, other[cause])


@given(LIVES, st.booleans())
def test_ends_and_the_open_share_are_everything(lives: list[Life], late: bool) -> None:
    """Won, lost, without a decision and open are 1 at every age; the curve without causes is Kaplan-Meier's."""
    counts, curve = tables(lives, late=late), curve_of(lives, late=late)
    np.testing.assert_allclose(curve.incidence.sum(axis=0) + curve.survival, 1, rtol=0, atol=1e-14)
    every = f.kaplan_meier(sum(counts[kind] for kind in KINDS[:3]), counts["open"], entered=counts["entered"])
    assert curve.survival.tobytes() == every.survival.tobytes()
    assert (np.diff(curve.incidence, axis=-1) >= 0).all()


@given(LIVES)
def test_without_open_deals_it_is_the_share_of_those_that_ended_so(lives: list[Life]) -> None:
    """Nothing censored: F is the number of wins so far over all."""
    lives = [(0, b, how if how != "open" else "lost") for _, b, how in lives]
    won = np.cumsum(tables(lives, late=False)["won"]) / len(lives)
    np.testing.assert_allclose(curve_of(lives, late=False).incidence[0], won, rtol=0, atol=1e-14)


@given(LIVES, st.sampled_from([0.5, 0.9, 0.95]))
def test_the_interval_holds_the_share(lives: list[Life], level: float) -> None:
    """It lies in [0, 1], contains F, and a higher level contains it."""
    curve = curve_of(lives, late=False)
    low, high = f.incidence_interval(curve, level)
    wide_low, wide_high = f.incidence_interval(curve, 0.99)
    some = ~np.isnan(low)
    assert ((low[some] >= 0) & (high[some] <= 1)).all()
    assert ((low <= curve.incidence * (1 + 1e-15)) & (high >= curve.incidence * (1 - 1e-15)))[some].all()
    assert ((wide_low <= low * (1 + 1e-15)) & (wide_high >= high * (1 - 1e-15)))[some].all()


def test_a_closing_on_the_first_day_is_an_event_at_age_0() -> None:
    """Age 0 has its deals at risk, its wins and its censorings, the wins first."""
    curve = f.aalen_johansen([[1, 0], [0, 1]], [1, 0])
    assert curve.incidence[:, 0].tolist() == [1 / 3, 0.0]
    assert curve.incidence[:, 1].tolist() == pytest.approx([1 / 3, 2 / 3])


def test_x_one_minus_the_curve_of_wins_alone_is_no_win_rate() -> None:
    """Losses taken for open deals: 1 - Kaplan-Meier says that all are won in the end, where half are."""
    won, lost, nothing = np.bincount([10, 20], minlength=31), np.bincount([5, 15], minlength=31), np.zeros(31, int)
    assert f.aalen_johansen([won, lost], nothing).incidence[0, -1] == 0.5
    assert 1 - f.kaplan_meier(won, lost).survival[-1] == 1.0


# --- log-rank --------------------------------------------------------------------------------------------------------

GROUPS = st.lists(st.lists(LIFE, min_size=0, max_size=12), min_size=2, max_size=4)


def counted(groups: list[list[Life]], *, late: bool) -> dict[str, Any]:
    """Return events (any end), censorings and entries by group."""
    each = [tables(lives, late=True) for lives in groups]
    found = {
        "events": np.array([c["won"] + c["lost"] + c["no_decision"] for c in each]),
        "censored": np.array([c["open"] for c in each]),
    }
    return found | ({"entered": np.array([c["entered"] for c in each])} if late else {})


def eliminated(matrix: list[list[F]], right: list[F]) -> tuple[F, int]:
    """Return right' M^- right and the rank of M by elimination in fractions, for a right side in the range of M."""
    rows = [[*row, value] for row, value in zip(matrix, right, strict=True)]
    size, pivots = len(rows), []
    for column in range(size):
        found = next((i for i in range(len(pivots), size) if rows[i][column]), None)
        if found is None:
            continue
        at = len(pivots)
        rows[at], rows[found] = rows[found], rows[at]
        rows[at] = [x / rows[at][column] for x in rows[at]]
        for other in range(size):
            if other != at and rows[other][column]:
                rows[other] = [x - rows[other][column] * y for x, y in zip(rows[other], rows[at], strict=True)]
        pivots.append(column)
    assert all(not row[-1] for row in rows[len(pivots) :])
    solution = [F(0)] * size
    for at, column in enumerate(pivots):
        solution[column] = rows[at][-1]
    return sum((a * b for a, b in zip(solution, right, strict=True)), F(0)), len(pivots)


@given(GROUPS, st.booleans())
def test_logrank_is_the_quadratic_form(groups: list[list[Life]], late: bool) -> None:
    """Observed less expected over their covariance, solved in fractions; its rank is the degrees of freedom."""
    size = len(groups)
    excess, spread = [F(0)] * size, [[F(0)] * size for _ in range(size)]
    expected = [F(0)] * size
    for t in range(END + 1):
        risk = [sum((a <= t or not late) and b >= t for a, b, _ in lives) for lives in groups]
        here = [sum(b == t and how != "open" for _, b, how in lives) for lives in groups]
        r, d = sum(risk), sum(here)
        for i in range(size):
            if r:
                excess[i] += here[i] - F(d * risk[i], r)
                expected[i] += F(d * risk[i], r)
            for j in range(size):
                if r > 1:
                    spread[i][j] += F(d * (r - d), r - 1) * F(risk[i], r) * ((i == j) - F(risk[j], r))
    test = f.logrank(**counted(groups, late=late))
    chi, rank = eliminated(spread, excess)
    np.testing.assert_allclose(test.expected, [float(x) for x in expected], rtol=1e-13, atol=1e-14)
    assert test.observed.sum() == pytest.approx(test.expected.sum())
    assert test.degrees_of_freedom == rank
    if rank:
        assert test.statistic == pytest.approx(float(chi), rel=1e-9, abs=1e-12)
    else:
        assert math.isnan(test.statistic)
        assert math.isnan(test.p_value)


@given(GROUPS, st.booleans(), st.randoms(use_true_random=False))
def test_h13_the_order_of_the_groups_changes_no_bit(groups: list[list[Life]], late: bool, random: Any) -> None:
    """H13: swapped names have the same statistic; each group keeps its own observed and expected."""
    order = list(range(len(groups)))
    random.shuffle(order)
    one, other = (f.logrank(**counted(g, late=late)) for g in (groups, [groups[i] for i in order]))
    assert np.float64(one.statistic).tobytes() == np.float64(other.statistic).tobytes()
    assert np.float64(one.p_value).tobytes() == np.float64(other.p_value).tobytes()
    assert one.observed[order].tolist() == other.observed.tolist()
    assert one.expected[order].tobytes() == other.expected.tobytes()


@given(LIVES, st.integers(2, 4))
def test_h13_identical_groups_do_not_differ(lives: list[Life], copies: int) -> None:
    """H13: groups that are copies of one have a statistic of 0."""
    test = f.logrank(**counted([lives] * copies, late=False))
    if test.degrees_of_freedom:
        assert test.statistic < 1e-12
        assert test.p_value == pytest.approx(1)


def test_freireichs_arms() -> None:
    """Remission of 6-MP against placebo: the published chi-square 16.79, p 4.17e-05."""
    events = [6, 6, 6, 7, 10, 13, 16, 22, 23]
    kept = [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
    control = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]
    counts = [np.bincount(days, minlength=36) for days in (events, kept, control)]
    test = f.logrank([counts[0], counts[2]], [counts[1], np.zeros(36, dtype=int)])
    assert test.statistic == pytest.approx(16.792941, abs=5e-7)
    assert test.p_value == pytest.approx(4.1688e-05, abs=5e-10)
    assert test.observed.tolist() == [9, 21]
    assert test.expected.round(2).tolist() == [19.25, 10.75]


def test_aml_maintained_or_not() -> None:
    """R's survdiff(Surv(time, status) ~ x, aml) prints chi-square 3.4 on 1 degree, p 0.07; expected 10.69, 7.31."""
    maintained, kept = [9, 13, 18, 23, 31, 34, 48], [13, 28, 45, 161]
    without, still = [5, 5, 8, 8, 12, 23, 27, 30, 33, 43, 45], [16]
    events = np.array([np.bincount(days, minlength=162) for days in (maintained, without)])
    test = f.logrank(events, np.array([np.bincount(days, minlength=162) for days in (kept, still)]))
    assert round(test.statistic, 1) == 3.4
    assert round(test.p_value, 2) == 0.07
    assert test.observed.tolist() == [7, 11]
    assert test.expected.round(2).tolist() == [10.69, 7.31]


def test_groups_that_never_met_are_not_compared() -> None:
    """One group was watched up to day 3, the other from day 5 on: no age has both, and each of two pairs is a pair."""
    early, late = [(0, 2, "won"), (0, 3, "lost")], [(5, 6, "won"), (5, 7, "won"), (5, 7, "open")]
    test = f.logrank(**counted([early, late], late=True))
    assert (test.degrees_of_freedom, math.isnan(test.p_value)) == (0, True)
    pairs = [early, [(0, 3, "won")] * 3, late, [(5, 9, "won")] * 2]
    assert f.logrank(**counted(pairs, late=True)).degrees_of_freedom == 2
    alone = [f.logrank(**counted(pairs[at : at + 2], late=True)).statistic for at in (0, 2)]
    assert f.logrank(**counted(pairs, late=True)).statistic == pytest.approx(sum(alone))


def test_nothing_to_compare() -> None:
    """No event, one group, or no group: NaN and 0 degrees of freedom."""
    for events in ([[0, 0], [0, 0]], [[1, 1]], np.zeros((0, 2), dtype=int), np.zeros((2, 0), dtype=int)):
        test = f.logrank(events, np.ones_like(np.asarray(events)))
        assert test.degrees_of_freedom == 0
        assert math.isnan(test.statistic)
        assert math.isnan(test.p_value)


def test_tables_that_do_not_fit_are_refused() -> None:
    """Counts by group and day, of one shape."""
    with pytest.raises(InvalidArgumentError, match="`events` must hold counts >= 0, one row for each group"):
        f.logrank([1, 2], [1, 2])
    with pytest.raises(InvalidArgumentError, match="`censored` must hold counts"):
        f.logrank([[1], [2]], [[0.5], [1.0]])
    with pytest.raises(InvalidArgumentError, match="`censored` must have the groups and days of `events`"):
        f.logrank([[1], [2]], [[1, 2], [1, 2]])
    with pytest.raises(InvalidArgumentError, match="`entered` must have the groups and days of `events`"):
        f.logrank([[1], [2]], [[1], [2]], entered=[[1]])


def test_win_intensity_is_a_quotient() -> None:
    """Wins over deal-days; nothing over nothing is undefined, without a warning."""
    assert f.win_intensity(3, 1_200) == 0.0025
    assert math.isnan(f.win_intensity(0, 0))
    np.testing.assert_array_equal(f.win_intensity([1, 0, 0], [4, 2, 0]), [0.25, 0.0, np.nan])
