"""The forecast as a law: numbers worked by hand and published, slow copies, SciPy, and every way against every other."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats
from scipy.special import ndtr, ndtri

import salesmetrics as sm
from salesmetrics.chances.exact import exact
from salesmetrics.chances.points import halves, lattice, points
from salesmetrics.chances.smooth import _covered, _proved
from salesmetrics.chances.stakes import Stakes
from salesmetrics.chances.waves import waves
from salesmetrics.formulas import forecast_distribution, p_hit_quota
from tests.oracle_outlook import at_least, law_of, quantile

Q1 = sm.Period("2026-01-01", "2026-04-01")
DAY = "2026-02-15"


def book(amounts: Any, chances: Any, **more: Any) -> sm.DealBook:
    """Return a book of open deals."""
    columns = {"amount": amounts, "probability": chances, "outcome": ["open"] * len(amounts), **more}
    return sm.read_deals(columns, as_of=DAY)


def whole(n: int, most: int, seed: int = 1, least: int = 1) -> Stakes:
    """Return random stakes: whole amounts, five chances."""
    rng = np.random.default_rng(seed)
    return Stakes.of(rng.integers(least, most + 1, n), rng.choice([0.1, 0.25, 0.45, 0.6, 0.85], n))


def folded(stakes: Stakes) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return the mass of every total in units by one convolution with a coin for each amount."""
    mass = np.ones(1)
    for amount, chance in zip((stakes.amount * stakes.step).tolist(), stakes.chance.tolist(), strict=True):
        with np.errstate(under="ignore"):
            mass = np.concatenate([mass * (1 - chance), np.zeros(amount)]) + np.concatenate(
                [np.zeros(amount), mass * chance]
            )
    return mass


# --- worked by hand, and published -----------------------------------------------------------------------------------

W28 = book([100_000, 200_000, 150_000], [0.8, 0.5, 0.3])


def test_three_deals_worked_by_hand() -> None:
    """Three deals: mean, standard deviation, quantiles and chances are those of the eight outcomes written out."""
    total = sm.forecast_distribution(W28)
    masses = {0: 0.07, 100: 0.28, 150: 0.03, 200: 0.07, 250: 0.12, 300: 0.28, 350: 0.03, 450: 0.12}
    up_to = 0.0
    for value, mass in masses.items():
        up_to += mass
        assert total.at_most(value * 1000)["all"].value == pytest.approx(up_to, abs=1e-15)
        assert total.at_most(value * 1000 - 0.01)["all"].value == pytest.approx(up_to - mass, abs=1e-15)
    assert total.mean["all"].value == 225_000.0 == sm.weighted_pipeline(W28)["all"].value
    assert total.sd["all"].value == pytest.approx(127_769.3, abs=0.05)
    assert total.variance[0] == pytest.approx(100**2 * 0.16e6 + 200**2 * 0.25e6 + 150**2 * 0.21e6)
    assert total.quantile([0.1, 0.5, 0.9]).value.tolist() == [100_000.0, 250_000.0, 450_000.0]
    assert total.at_least(225_000)["all"].value == pytest.approx(0.55, abs=1e-15)
    assert total.at_least(200_000)["all"].value == pytest.approx(0.62, abs=1e-15)  # the tie is a hit


def test_number_of_wins_as_published() -> None:
    """Three chances of 0.1, 0.2 and 0.2 give 0, 1, 2, 3 wins with 0.576, 0.352, 0.068, 0.004."""
    law = forecast_distribution([1, 1, 1], [0.1, 0.2, 0.2])
    found = np.diff([0.0, *law.at_most([0, 1, 2, 3])])
    np.testing.assert_allclose(found, [0.576, 0.352, 0.068, 0.004], atol=1e-15)


@pytest.mark.parametrize(("n", "wanted"), [(9, 0.62282), (30, 0.56826), (90, 0.53957), (300, 0.52170)])
def test_three_times_coverage_is_near_a_coin_flip(n: int, wanted: float) -> None:
    """Equal deals won one time in three reach a third of their sum with the chances of the definitions."""
    assert p_hit_quota([1] * n, [1 / 3] * n, n / 3) == pytest.approx(wanted, abs=5e-6)


@pytest.mark.parametrize(("rho", "wanted"), [(0.0, 0.63245), (0.1, 0.5512), (0.2, 0.5119), (0.3, 0.4839)])
def test_correlation_as_published(rho: float, wanted: float) -> None:
    """Thirty deals that need eight wins: the chance falls with the correlation as the reference values say."""
    deals = book([250_000] * 30, [0.28] * 30)
    found = sm.p_hit_quota(deals, 2_000_000, correlation=rho)["all"].value
    assert found == pytest.approx(wanted, abs=5e-5)


# --- against slow copies ---------------------------------------------------------------------------------------------

WAYS: dict[str, Callable[[Stakes], Any]] = {
    "points": points,
    "halves": halves,
    "lattice": lattice,
    "waves": lambda stakes: waves(stakes, 1e9),
}


@pytest.mark.parametrize("way", WAYS)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_every_way_is_the_exact_law(way: str, data: st.DataObject) -> None:
    """Up to nine drawn deals in fractions: chances at every total, beside and between, and quantiles."""
    amounts = data.draw(st.lists(st.integers(1, 60), min_size=2, max_size=9))
    ppm = [data.draw(st.integers(1, 999_999)) for _ in amounts]
    sure = data.draw(st.integers(-50, 50))
    stakes = Stakes.of(np.array(amounts, dtype=np.int64), np.array(ppm) / 1e6, sure)
    slow = law_of(zip(map(Fraction, amounts), (Fraction(x, 10**6) for x in ppm), strict=True), Fraction(sure))
    law = WAYS[way](stakes)
    values = np.arange(sure - 2, sure + sum(amounts) + 3)
    wanted = [float(at_least(slow, int(v))) for v in values]
    slack = 1e-14 if way != "waves" else max(law.bound, 1e-12)
    np.testing.assert_allclose(law.at_least(values), wanted, rtol=0, atol=slack)
    np.testing.assert_allclose(law.at_most(values - 1), 1 - np.array(wanted), rtol=0, atol=slack)
    assert law.mean == pytest.approx(float(sum(v * m for v, m in slow.items())), rel=1e-12, abs=1e-9)
    if way != "waves":
        for share in (0.0, 0.1, 0.5, 0.9, 1.0):
            assert law.quantile(share) == quantile(slow, share)


@pytest.mark.parametrize(("n", "most", "seed"), [(60, 40, 1), (300, 200, 2), (900, 50, 3), (1500, 3, 4)])
def test_many_deals_are_the_folded_law_at_every_step(n: int, most: int, seed: int) -> None:
    """The series equals one convolution for each deal at every step, ties included, within the bound that it reports."""
    stakes = whole(n, most, seed)
    law, mass = waves(stakes, 1e9), folded(stakes)
    assert law is not None
    assert law.bound < 1e-11
    values = np.arange(-1, len(mass))
    up = np.concatenate([[0.0], np.cumsum(mass)])
    assert np.abs(law.at_most(values) - up).max() <= law.bound
    assert np.abs(law.at_least(values) - (1 - np.concatenate([[0.0, 0.0], np.cumsum(mass)[:-1]]))).max() <= law.bound
    for share in (0.01, 0.5, 0.99):
        assert abs(law.quantile(share) - int(np.searchsorted(np.cumsum(mass), share))) <= 1
    np.testing.assert_allclose(lattice(stakes).mass.sum(), 1.0, rtol=1e-13)


@pytest.mark.parametrize(
    ("n", "most", "shared"), [(24, 10**7, 1), (30, 10**8, 1), (60, 60_000, 1), (50, 80_000, 100), (120, 20_000, 100)]
)
def test_what_is_checked_by_sampling_holds(n: int, most: int, shared: int) -> None:
    """Laws too rough to be proved smooth, some with a step that most amounts share: the error stays below the bound."""
    for seed in range(3):
        rng = np.random.default_rng(seed)
        amount = rng.integers(1, most, n)
        amount[:-4] = np.maximum(amount[:-4] // shared * shared, shared)
        stakes = Stakes.of(amount, rng.choice([0.1, 0.25, 0.45, 0.6, 0.85], n))
        law, slow = waves(stakes, 1e9), lattice(stakes) if stakes.most < 5e6 else halves(stakes)
        assert law is not None
        assert "checked" in law.way
        values = np.unique(rng.integers(0, stakes.most, 40))
        assert np.abs(law.at_most(values) - slow.at_most(values)).max() <= law.bound


def test_few_large_deals_are_enumerated_out() -> None:
    """Deals that dwarf all others are held apart, and the law is that of all."""
    small = whole(400, 9, 5)
    stakes = Stakes.of(np.append(small.amount, [5_000, 9_000, 9_000]), np.append(small.chance, [0.5, 0.3, 0.3]))
    law, mass = waves(stakes, 1e9), folded(stakes)
    assert law is not None
    assert len(law.large.value) == 6  # 0, 5, 9, 14, 18 and 23 thousand
    values = np.arange(0, len(mass), 7)
    assert np.abs(law.at_most(values) - np.cumsum(mass)[values]).max() <= law.bound < 1e-11


@pytest.mark.parametrize("n", [5, 40, 700])
def test_equal_amounts_are_scipy_s_number_of_wins(n: int) -> None:
    """With equal amounts the law is that of the number of wins, as SciPy's has it."""
    p = np.random.default_rng(n).random(n)
    theirs = stats.poisson_binom(p)
    mine = forecast_distribution([12.5] * n, p)
    wins = np.arange(n + 1)
    np.testing.assert_allclose(mine.at_most(wins * 12.5), theirs.cdf(wins), atol=1e-12)
    np.testing.assert_allclose(mine.at_least(wins * 12.5), theirs.sf(wins - 1), atol=1e-12)


def test_a_step_that_nearly_all_share_is_noticed() -> None:
    """Amounts in thousands but for a few: where frequencies of the thousand are left out, the bound says so."""
    rng = np.random.default_rng(3)
    amount = np.append(rng.integers(1, 30, 600) * 100, [137, 251, 303])
    stakes = Stakes.of(amount, np.append(np.full(600, 0.3), [0.02, 0.01, 0.02]))
    law, mass = waves(stakes, 1e9), folded(stakes)
    assert law is not None
    values = np.arange(0, len(mass), 97)
    missed = np.abs(law.at_most(values) - np.cumsum(mass)[values]).max()
    assert missed <= law.bound
    assert exact(stakes, 1 << 22, 1e-4).bound < 1e-11  # another way was taken


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 40), st.floats(0.02, 0.25)), min_size=5, max_size=60), st.floats(0.5, 4.0))
def test_what_is_said_to_be_covered_is(rows: list[tuple[int, float]], need: float) -> None:
    """Up to the frequency that the proof names, the sum it is about is as large as it says."""
    amount, weight = np.array(sorted(a for a, _ in rows)), np.array([w for _, w in rows])
    largest = 1.0 / amount.max()
    for beyond in (0.2 * largest, largest, 0.3):
        for reach in (_covered(amount, weight, beyond, need), _proved(amount, weight, beyond, need)):
            w = np.linspace(beyond, min(reach, np.pi), 4_000)
            shown = (weight * (1 - np.cos(w[:, None] * amount))).sum(axis=1)
            assert reach == beyond or shown.min() >= need * (1 - 1e-9)


def test_many_deals_in_cents_are_proved() -> None:
    """A hundred thousand deals with odd cents: nothing is left to belief, and the bound is below 1e-12."""
    rng = np.random.default_rng(9)
    amount = np.minimum(np.exp(rng.normal(14.5, 1.0, 100_000)), 1e9).astype(np.int64)
    chance = rng.choice([0.1, 0.25, 0.45, 0.6, 0.85], 100_000)
    laws = []
    for workers in (1, 2, 8):
        with sm.threads(workers):
            laws.append(exact(Stakes.of(amount, chance), 1 << 22, 1e-4))
    assert laws[0].bound < 1e-12
    assert laws[0].way.endswith("proved to vanish")
    values = np.rint(laws[0].mean + np.sqrt(laws[0].variance) * np.linspace(-6, 6, 25)).astype(np.int64)
    assert len({law.at_most(values).tobytes() for law in laws}) == 1  # the same bits with 1, 2 and 8 threads
    order = rng.permutation(100_000)
    assert (
        exact(Stakes.of(amount[order], chance[order]), 1 << 22, 1e-4).at_most(values).tobytes()
        == laws[0].at_most(values).tobytes()
    )
    near = stats.norm(laws[0].mean, np.sqrt(laws[0].variance)).cdf(values)
    assert 1e-6 < np.abs(laws[0].at_most(values) - near).max() < 2e-3


# --- laws ------------------------------------------------------------------------------------------------------------


def test_two_books_are_the_convolution_of_their_laws() -> None:
    """The law of all deals is the convolution of the laws of two halves of them."""
    stakes = whole(80, 30, 6)
    parts = [folded(stakes.taken(0, 33)), folded(stakes.taken(33, 80))]
    np.testing.assert_allclose(lattice(stakes).up, np.cumsum(np.convolve(*parts)), atol=1e-13)


@pytest.mark.parametrize("n", [3, 17, 30, 200])
def test_settled_deals_are_one_point(n: int) -> None:
    """With every probability 0 or 1 the law is one point: no spread, and a tie is a hit."""
    p = [float(i % 2) for i in range(n)]
    law = forecast_distribution([7.25] * n, p, won=3.5)
    sum_ = 3.5 + 7.25 * (n // 2)
    assert (law.mean, law.variance) == (sum_, 0.0)
    assert law.at_least([sum_, sum_ + 0.01]).tolist() == [1.0, 0.0]
    assert law.quantile([0.0, 0.5, 1.0]).tolist() == [sum_] * 3
    assert forecast_distribution([7.25] * n, p, won=3.5, method="normal").at_least(sum_) == 1.0
    assert forecast_distribution([7.25] * n, p, won=3.5, correlation=0.4).at_least(sum_) == 1.0


@pytest.mark.parametrize("n", [6, 30, 250])
def test_chances_fall_with_the_quota_and_rise_with_a_probability(n: int) -> None:
    """P(at least) never rises with the quota and never falls with a probability; 1 at the sure amount, 0 beyond all."""
    stakes = whole(n, 50, n)
    amount, p = stakes.amount.astype(float), stakes.chance
    quotas = np.linspace(0, amount.sum() + 1, 101)
    found = p_hit_quota(amount, p, quotas)
    assert (np.diff(found) <= 1e-12).all()
    assert found[0] == 1.0
    assert found[-1] == 0.0
    likelier = p_hit_quota(amount, np.where(np.arange(n) == 2, np.minimum(p + 0.1, 1.0), p), quotas)
    assert (likelier - found >= -1e-12).all()


@pytest.mark.parametrize("factor", [3, 10, 0.5])
def test_amounts_times_a_factor_scale_the_law(factor: float) -> None:
    """Amounts times c: values times c, the same chances."""
    stakes = whole(150, 400, 8)
    one = forecast_distribution(stakes.amount, stakes.chance)
    other = forecast_distribution(stakes.amount * factor, stakes.chance)
    assert other.quantile([0.1, 0.5]) == pytest.approx(one.quantile([0.1, 0.5]) * factor)
    np.testing.assert_allclose(
        other.at_least(np.arange(9_000, 15_000, 500) * factor), one.at_least(np.arange(9_000, 15_000, 500)), atol=1e-11
    )


# --- correlation, draws, approximations ------------------------------------------------------------------------------


@pytest.mark.parametrize("rho", [0.05, 0.3, 0.8])
def test_correlation_is_the_integral_over_the_factor(rho: float) -> None:
    """Three deals with one common factor: chances are the integral over it, the mean stays, the spread grows."""
    amount, p = np.array([100.0, 200.0, 150.0]), np.array([0.8, 0.5, 0.3])

    def state(z: float) -> float:
        moved = ndtr((ndtri(p) - np.sqrt(rho) * z) / np.sqrt(1 - rho))
        hit = 1 - (1 - moved[1]) * (1 - moved[0] * moved[2])  # the second, or both others
        return float(hit * np.exp(-z * z / 2) / np.sqrt(2 * np.pi))

    wanted = integrate.quad(state, -9, 9, epsabs=1e-12)[0]
    law = forecast_distribution(amount, p, correlation=rho)
    assert law.at_least(200) == pytest.approx(wanted, abs=1e-9)
    assert law.mean == 225.0
    assert law.variance > forecast_distribution(amount, p).variance
    assert law.bound < 1e-11


def test_no_correlation_is_independence() -> None:
    """A correlation of 0 is the independent law to the bit, and a small one is near it."""
    deals = book([100 + i for i in range(12)], [0.3 + 0.04 * i for i in range(12)])
    one, other = sm.forecast_distribution(deals), sm.forecast_distribution(deals, correlation=0.0)
    values = [200, 700, 900]
    assert [one.at_least(v)["all"].value for v in values] == [other.at_least(v)["all"].value for v in values]
    near = sm.forecast_distribution(deals, correlation=1e-8)
    assert near.at_least(700)["all"].value == pytest.approx(one.at_least(700)["all"].value, abs=1e-4)


def test_bad_totals_are_likelier_with_correlation() -> None:
    """Independence understates bad tails."""
    deals = book([1_000] * 25, [0.5] * 25)
    alone = sm.forecast_distribution(deals).at_most(6_000)["all"].value
    assert sm.forecast_distribution(deals, correlation=0.3).at_most(6_000)["all"].value > 10 * alone
    assert "independent" in sm.forecast_distribution(deals).notes[0]
    assert sm.forecast_distribution(deals, correlation=0.3).notes == ()


@pytest.mark.parametrize("rho", [0.0, 0.25])
def test_draws_agree_with_the_exact_law(rho: float) -> None:
    """Simulated chances lie within the four standard errors that they report; one seed gives the same draws."""
    amount, p = np.arange(1, 15) * 10.0, np.linspace(0.1, 0.9, 14)
    asked: dict[str, Any] = {"method": "monte_carlo", "draws": 40_000, "correlation": rho}
    drawn, law = forecast_distribution(amount, p, rng=5, **asked), forecast_distribution(amount, p, correlation=rho)
    values = np.arange(0, 1_050, 50)
    assert np.abs(drawn.at_least(values) - law.at_least(values)).max() <= drawn.bound == 0.01
    again = forecast_distribution(amount[::-1], p[::-1], rng=np.random.default_rng(5), **asked)
    assert again.at_least(values).tobytes() == drawn.at_least(values).tobytes()
    assert forecast_distribution(amount, p, rng=6, **asked).at_least(500) != drawn.at_least(500)


@pytest.mark.parametrize("rho", [0.0, 0.2])
def test_normal_law(rho: float) -> None:
    """The normal law has the mean and the spread of the exact one, and nears it for many deals."""
    stakes = whole(300, 90, 2)
    near = forecast_distribution(stakes.amount, stakes.chance, method="normal", correlation=rho)
    law = forecast_distribution(stakes.amount, stakes.chance, correlation=rho)
    assert near.variance == pytest.approx(law.variance, rel=1e-9)
    assert near.at_least(law.mean) == pytest.approx(law.at_least(law.mean), abs=0.01)
    assert near.quantile(0.9) == pytest.approx(law.quantile(0.9), rel=0.01)
    assert near.quantile([0.0, 1.0]).tolist() == [0.0, float(stakes.most * stakes.step)]


def test_lattice_rounds_open_amounts_only() -> None:
    """Amounts of open deals go to the nearest step, halves up; what is won stays as it is."""
    law = forecast_distribution([149, 150, 1_020], [0.5, 0.5, 0.5], won=7, method="lattice", step=100)
    assert [law.quantile(q) for q in (0.0, 1.0)] == [7.0, 1_307.0]
    assert law.at_least(107) == 0.875


# --- books, quotas, tallies ------------------------------------------------------------------------------------------

with warnings.catch_warnings():
    warnings.simplefilter("ignore", sm.SalesMetricsWarning)  # one deal is overdue on purpose
    DEALS = sm.read_deals(
        {
            "rep": ["Ana", "Ana", "Ana", "Ben", "Ben", "Cem"],
            "amount": [50, 100, 30, 80, None, 10],
            "outcome": ["won", "open", "open", "open", "won", "won"],
            "created": ["2025-12-02"] * 6,
            "closed": ["2026-01-20", None, None, None, "2026-01-25", "2025-12-30"],
            "expected_close": ["2026-01-20", "2026-03-01", "2026-02-01", "2026-03-31", "2026-01-25", "2025-12-30"],
            "probability": [None, 0.6, 0.5, 0.25, None, None],
        },
        as_of=DAY,
    )
QUOTAS = sm.read_quotas(
    {
        "rep": ["Ana", "Ben", "Dora"],
        "start": ["2026-01-01"] * 3,
        "end": ["2026-04-01"] * 3,
        "amount": [150, 80, 40],
    }
)


def test_chances_against_quotas() -> None:
    """Won and due deals against quotas: ties hit, a rep without deals cannot, one without a quota has no answer."""
    table = sm.p_hit_quota(DEALS, QUOTAS, by="rep", period=Q1)
    assert list(table.labels) == ["Ana", "Ben", "Dora"]
    assert table.value.tolist() == [0.6, 0.25, 0.0]  # Ana has 50 and needs the 100; the overdue deal is not due
    assert table.n.tolist() == [1, 1, 0]
    assert table.parts["won"].tolist() == [50.0, 0.0, 0.0]
    assert table.parts["weighted"].tolist() == [60.0, 20.0, 0.0]
    assert dict(table.left_out)["overdue"] == 1
    assert dict(table.left_out)["no amount"] == 1
    assert sm.p_hit_quota(DEALS, QUOTAS, period=Q1)["all"].value == 0.0  # 270 in all, at most 230 can come
    assert sm.p_hit_quota(DEALS, 130, period=Q1)["all"].value == pytest.approx(1 - 0.4 * 0.75 - 0.4 * 0.25 + 0.4 * 0.25)


def test_no_quota_and_a_quota_that_is_booked() -> None:
    """Without a quota: NaN with its reason. Bookings at or above the quota: 1.0."""
    some = sm.read_quotas({"rep": ["Ana"], "start": ["2026-01-01"], "end": ["2026-04-01"], "amount": [50]})
    table = sm.p_hit_quota(DEALS, some, by="rep", period=Q1)
    assert table["Ana"].value == 1.0
    assert np.isnan(table["Ben"].value)
    assert table["Ben"].reason == "no_quota"
    assert np.isnan(table["Ben"].parts["quota"])


def test_periods_are_a_label() -> None:
    """Several periods: what is won in each, and what is due in each."""
    months = sm.FiscalCalendar(start_month=1).months("2026-01-01", "2026-04-01")
    laws = sm.forecast_distribution(DEALS, period=months)
    assert laws.mean.value.tolist() == [50.0, 0.0, 80.0]
    assert laws.n.tolist() == [0, 0, 2]
    assert len(laws) == 3


def test_tallies_answer_as_books_do() -> None:
    """Tallies of parts, merged, give the same laws; without bookings nothing is won."""
    halves_ = [DEALS.take([0, 2, 4]), DEALS.take([1, 3, 5])]
    asked: dict[str, Any] = {"by": "rep", "period": Q1}
    chances = sum(
        (sm.ChanceTally.from_book(part, **asked) for part in halves_[1:]), sm.ChanceTally.from_book(halves_[0], **asked)
    )
    won = sum(
        (sm.BookingTally.from_book(part, **asked) for part in halves_[1:]),
        sm.BookingTally.from_book(halves_[0], **asked),
    )
    assert chances.equals(sm.ChanceTally.from_book(DEALS, **asked))
    whole_ = sm.forecast_distribution(DEALS, **asked)
    merged = sm.forecast_distribution(chances, bookings=won)
    assert merged.mean.equals(whole_.mean)
    assert merged.quantile([0.5, 0.9]).equals(whole_.quantile([0.5, 0.9]))
    assert sm.forecast_distribution(chances).won.tolist() == [0.0, 0.0]


def test_wide_sums_stay_exact() -> None:
    """Mean amounts are whole numbers divided once, however large they are."""
    deals = book([90_000_000_000_000.25, 80_000_000_000_000.5, 0.01], [0.333333, 0.999999, 0.000001])
    wanted = Fraction(9_000_000_000_000_025) * 333_333 + Fraction(8_000_000_000_000_050) * 999_999 + 1
    assert sm.forecast_distribution(deals).mean["all"].value == float(wanted / 10**8)
    assert sm.forecast_distribution(deals).mean["all"].value == sm.weighted_pipeline(deals)["all"].value


def test_shown() -> None:
    """A law prints won, mean, spread and quantiles; labels are escaped in HTML."""
    laws = sm.forecast_distribution(book([100, 200], [0.5, 0.5], rep=["<b>", "Zo"]), by="rep")
    assert repr(laws).splitlines()[1].split() == ["rep", "n", "won", "mean", "sd", "q", "0.1", "q", "0.5", "q", "0.9"]
    assert "<b>" not in laws._repr_html_()
    assert "independent" in repr(laws)
    assert len(laws.way) == len(laws) == 2


# --- refusals --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"correlation": 1.0}, "`correlation` must lie in [0, 1); got 1.0."),
        ({"correlation": -0.1}, "`correlation` must lie in [0, 1); got -0.1."),
        ({"method": "lattice"}, "`step` must be given with method 'lattice'; got None."),
        ({"method": "monte_carlo"}, "`rng` must be given with method 'monte_carlo'; got None."),
        ({"step": 10}, "`step` must not be given with method 'exact', which does not read it; got 1000."),
        (
            {"method": "normal", "max_points": 9},
            "`max_points` must not be given with method 'normal', which does not read it; got 9.",
        ),
        ({"method": "monte_carlo", "rng": 1, "draws": 10**9}, "`draws` must be at most 10,000,000; got 1,000,000,000."),
        ({"method": "monte_carlo", "rng": 1, "draws": 0}, "`draws` must be a whole number >= 1; got 0."),
        (
            {"method": "monte_carlo", "rng": "x"},
            "`rng` must be a whole number >= 0 or a numpy.random.Generator; got 'x'.",
        ),
        ({"method": "lattice", "step": 0.001}, "`step` must be a whole number of minor units above 0; got 0.001."),
        ({"tolerance": 0}, "`tolerance` must lie strictly between 0 and 1; got 0."),
        ({"method": "guess"}, "`method` must be one of 'exact', 'lattice', 'monte_carlo', 'normal'; got 'guess'."),
    ],
)
def test_arguments_that_are_refused(asked: dict[str, Any], message: str) -> None:
    """An argument out of range, missing, or not read by the method is refused."""
    with pytest.raises(sm.SalesMetricsError) as error:
        sm.forecast_distribution(W28, **asked)
    assert error.value.message == message


def test_what_cannot_be_had_exactly_is_refused() -> None:
    """Deals too many to enumerate, too few to be smooth and too fine for a lattice: an error with the way out, no number."""
    rng = np.random.default_rng(2)
    amount, p = rng.integers(10**8, 10**10, 45) / 100, np.full(45, 0.04)
    with pytest.raises(sm.InvalidArgumentError, match="max_points") as error:
        forecast_distribution(amount, p)
    assert error.value.code == "SM-DST-05"
    assert "step=" in str(error.value)
    assert forecast_distribution(amount, p, method="lattice", step=1e5).bound < 1e-11
    with pytest.raises(sm.InvalidArgumentError, match="max_points"):
        forecast_distribution(amount, p, method="lattice", step=1e5, max_points=100)


def test_credits_and_unknown_chances() -> None:
    """A credit among open deals, and a deal without a probability, raise unless they are left out and counted."""
    deals = sm.read_deals(
        {"amount": [100, -20, 40], "outcome": ["open"] * 3, "probability": [0.5, 0.5, None]},
        as_of=DAY,
        allow_negative=True,
    )
    with pytest.raises(sm.InvalidDataError, match="`amount` must be >= 0 in every open deal"):
        sm.forecast_distribution(deals)
    with pytest.raises(sm.InvalidDataError, match="`probability` must be known"):
        sm.forecast_distribution(deals, negative="exclude")
    laws = sm.forecast_distribution(deals, negative="exclude", missing_p="exclude")
    assert laws.n.tolist() == [1]
    assert dict(laws.left_out) == {
        "overdue": 0,
        "undated": 0,
        "negative amount": 1,
        "no amount": 0,
        "no probability": 1,
    }


def test_what_does_not_belong_together() -> None:
    """Tallies of other days or periods, bookings beside a book, and values that do not fit are refused."""
    chances = sm.ChanceTally.from_book(DEALS, period=Q1)
    with pytest.raises(sm.MergeError, match="`bookings` must have the as_of_day"):
        sm.forecast_distribution(chances, bookings=sm.BookingTally.from_book(DEALS, period=Q1, as_of="2026-02-01"))
    with pytest.raises(sm.MergeError, match="`bookings` must be given with a tally of open deals only"):
        sm.forecast_distribution(DEALS, bookings=sm.BookingTally.from_book(DEALS, period=Q1))
    with pytest.raises(sm.MergeError, match="`quotas` must be a tally with the `by` and `period`"):
        sm.p_hit_quota(chances, sm.QuotaTally.from_book(QUOTAS, by="rep", period=Q1))
    with pytest.raises(sm.InvalidArgumentError, match="`value` must be a finite amount"):
        sm.forecast_distribution(DEALS).at_least([1, 2])
    with pytest.raises(sm.InvalidArgumentError, match="`period` must be given where quotas are read"):
        sm.p_hit_quota(DEALS, QUOTAS)
    with pytest.raises(sm.InvalidArgumentError, match="`quotas` must be a finite amount"):
        sm.p_hit_quota(DEALS, float("nan"))
    with pytest.raises(sm.InvalidArgumentError, match="`q` must hold each share once"):
        sm.forecast_distribution(DEALS).quantile([0.5, 0.5])


@pytest.mark.parametrize(
    ("amount", "probability", "message"),
    [
        ([1, -2], [0.5, 0.5], "`amount` must be finite and >= 0 in every place; got 1 of 2 that do not (first: -2.0)."),
        ([1, 2], [0.5, 50], "`probability` must lie in [0, 1] in every place; got 1 of 2 that do not (first: 50.0)."),
        ([[1, 2]], [0.5], "`amount` must be one row of deals; got an array of shape (1, 2)."),
        (
            [1 / 3],
            [0.5],
            "`amount` must have at most 9 decimals and stay below 2**53 of their last one in all; got amounts such as "
            "0.3333333333333333.",
        ),
    ],
)
def test_arrays_that_are_refused(amount: Any, probability: Any, message: str) -> None:
    """Plain arrays are held to the same rules."""
    with pytest.raises(sm.InvalidArgumentError) as error:
        forecast_distribution(amount, probability)
    assert error.value.message == message
