"""Ramp says what the slow copies say, on drawn companies: values, n, reasons, events, survival, intervals; and its laws."""

from __future__ import annotations

import datetime as dt
import math
import random
from collections.abc import Mapping
from datetime import date
from fractions import Fraction
from math import comb
from typing import Any, NamedTuple

import attrs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import salesmetrics as sm
from salesmetrics.books import DealBook, QuotaBook, RepBook
from salesmetrics.domain import Deal, Quota, Rep
from salesmetrics.results import MetricTable
from salesmetrics.tallies import TenureTally
from tests import oracle_ramp as slow
from tests import strategies_people as people
from tests.laws.drawing import EXAMPLES, deal_book, quota_book, rep_book
from tests.laws.test_people_attainment import held, history_book, split_book
from tests.oracle_credit import CreditTerms, Terms
from tests.oracle_quota import add_months
from tests.oracle_ramp import RampTerms
from tests.oracle_rows import Answer

BYS = ((), ("rep",), ("team",), ("team", "rep"), ("team", "manager"))
EARLY = {"exclude": "leave_out", "truncate": "truncate"}


class Asking(NamedTuple):
    """A company and a question, for both sides."""

    team: people.Team
    by: tuple[str, ...]
    as_of: date
    since: date
    early: str
    leavers: str
    ramp_from: str
    credited: bool

    @property
    def terms(self) -> RampTerms:
        """The arguments that the slow module takes."""
        return RampTerms(self.since, self.ramp_from, EARLY[self.early], self.leavers)

    @property
    def credit(self) -> CreditTerms:
        """Who gets the credit, for the slow module."""
        if not self.credited:
            return CreditTerms()
        return CreditTerms(splits=tuple(self.team.splits), changes=tuple(self.team.changes))

    def books(self) -> tuple[DealBook, QuotaBook, RepBook]:
        """The deals, quotas and reps."""
        reps = rep_book(tuple(self.team.reps))
        assert reps is not None
        return deal_book(self.team.deals, staged=False), quota_book(tuple(self.team.quotas)), reps

    def asked(self) -> dict[str, Any]:
        """The arguments of the library."""
        return {
            "by": self.by or None,
            "as_of": self.as_of,
            "since": self.since,
            "early": self.early,
            "ramp_from": self.ramp_from,
            "splits": split_book(self.team.splits) if self.credited else None,
            "history": history_book(self.team.changes) if self.credited else None,
        }


@st.composite
def askings(draw: st.DrawFn) -> Asking:
    """A company and a question."""
    return Asking(
        held(draw(people.team(credits=draw(st.booleans())))),
        draw(st.sampled_from(BYS)),
        draw(people.as_of_days()),
        draw(st.sampled_from([date(2023, 9, 1), date(2024, 1, 1), date(2024, 3, 31)]) | people.DAYS),
        draw(st.sampled_from(["exclude", "truncate"])),
        draw(st.sampled_from(["censor", "compete"])),
        draw(st.sampled_from(["role_start", "hired"])),
        draw(st.booleans()),
    )


def keys_of(table: MetricTable) -> list[tuple[Any, ...]]:
    """Return the rows of a table as the slow module names them."""
    if not table.labels.names:
        return [()] * len(table)
    return [row if len(table.labels.names) > 1 else (row,) for row in table.labels]


def near(found: float, wanted: Any) -> bool:
    """Tell whether a number is right to a few units in the last place; None is NaN."""
    if wanted is None:
        return math.isnan(found)
    return found == float(wanted) or math.isclose(found, float(wanted), rel_tol=1e-12, abs_tol=1e-13)


def same(table: MetricTable, answers: Mapping[Any, Answer]) -> None:
    """Assert that a table is the slow module's, row by row."""
    keys = keys_of(table)
    assert keys == list(answers)
    for at, key in enumerate(keys):
        answer = answers[key]
        where = f"{key}: {answer}"
        assert table.reason[at] == answer.reason, where
        assert int(table.n[at]) == answer.n, where
        assert near(table.value[at], answer.value), where
        for name in table.parts.keys() & answer.parts.keys():
            if name == "survival" and answer.n == 0:
                assert math.isnan(table.parts[name][at])
            else:
                assert near(float(table.parts[name][at]), answer.parts[name]), f"{name} of {where}"
        interval(table, at, answer, where)
    for name, cause in (("early", "started before the data"), ("undated", "no start day")):
        if answers and all(name in answer.parts for answer in answers.values()):
            assert table.left_out[cause] == sum(answer.parts[name] for answer in answers.values())


def interval(table: MetricTable, at: int, answer: Answer, where: str) -> None:
    """Assert that the interval of a median is the slow module's; without events the library gives none."""
    if answer.low is None or answer.high is None:
        return
    assert table.low is not None
    assert table.high is not None
    if answer.parts["events"] == 0:
        assert np.isnan([table.low[at], table.high[at]]).all(), where
    else:
        assert (table.low[at], table.high[at]) == (float(answer.low), float(answer.high)), where


STATS = st.sampled_from(["median", "median", "naive_mean", "restricted_mean"])


@settings(max_examples=4 * EXAMPLES)
@given(ask=askings(), stat=STATS, horizon=st.sampled_from([0, 1, 30, 90, 365]))
def test_time_to_first_deal_is_the_slow_copys(ask: Asking, stat: str, horizon: int) -> None:
    """Days to the first credited win: every statistic, with leavers, late-seen reps, splits and owners."""
    deals, _, reps = ask.books()
    within = horizon if stat == "restricted_mean" else None
    table = sm.time_to_first_deal(deals, reps, stat=stat, within=within, leavers=ask.leavers, **ask.asked())
    more: dict[str, Any] = {"by": ask.by, "as_of": ask.as_of, "stat": stat, "within": within}
    same(table, slow.time_to_first_deal(ask.team.deals, ask.team.reps, ramp=ask.terms, credit=ask.credit, **more))
    assert table.unit == "days"


@settings(max_examples=4 * EXAMPLES)
@given(
    ask=askings(),
    stat=STATS,
    horizon=st.sampled_from([0, 1, 3, 12]),
    threshold=people.THRESHOLDS,
    sustained=st.integers(1, 4),
    of=st.sampled_from(["full_quota", "assigned_quota"]),
    no_quota=st.sampled_from(["skip", "count"]),
)
def test_ramp_time_is_the_slow_copys(
    ask: Asking, stat: str, horizon: int, threshold: float, sustained: int, of: str, no_quota: str
) -> None:
    """Months to a share of quota that is held: every statistic, quota, gap rule, leaver and late-seen rep."""
    how: dict[str, Any] = {"threshold": threshold, "sustained": sustained, "of": of, "no_quota": no_quota, "stat": stat}
    how["within"] = horizon if stat == "restricted_mean" else None
    table = sm.ramp_time(*ask.books(), leavers=ask.leavers, **how, **ask.asked())
    firm, terms = ask.team, Terms(credit=ask.credit)
    more: dict[str, Any] = {"by": ask.by, "as_of": ask.as_of, "ramp": ask.terms, "terms": terms}
    answers = slow.ramp_time(firm.deals, firm.quotas, firm.reps, **how, **more)
    same(table, answers)
    assert table.left_out["observed too late"] == sum(answer.parts["not_at_risk"] for answer in answers.values())
    assert table.unit == "count"


@settings(max_examples=2 * EXAMPLES)
@given(
    ask=askings(),
    stat=st.sampled_from(["pooled", "median"]),
    of=st.sampled_from(["full_quota", "assigned_quota"]),
)
def test_ramp_curve_is_the_slow_copys(ask: Asking, stat: str, of: str) -> None:
    """Attainment by month of tenure, pooled and of the median rep, with what it was made of."""
    table = sm.ramp_curve(*ask.books(), stat=stat, of=of, **ask.asked())
    firm, terms = ask.team, Terms(credit=ask.credit)
    more: dict[str, Any] = {"by": ask.by, "as_of": ask.as_of, "ramp": ask.terms, "terms": terms}
    answers = slow.ramp_curve(firm.deals, firm.quotas, firm.reps, stat=stat, of=of, **more)
    same(table, answers)
    wanted = sum(answer.parts["reps_without_quota"] for answer in answers.values())
    assert table.left_out["months without a quota"] == wanted


@given(values=st.lists(st.integers(0, 500), min_size=1, max_size=14), level=st.sampled_from([0.8, 0.95, 0.99]))
def test_the_interval_of_a_median_month_is_two_of_its_reps(values: list[int], level: float) -> None:
    """Tail sums of binomial counts, added up one by one, say which two; too few reps have none."""
    names = [f"rep {at}" for at in range(len(values))]
    reps = sm.read_reps({"id": names, "hired": ["2026-01-01"] * len(names)})
    quotas = sm.read_quotas(
        {
            "rep": names,
            "start": ["2026-01-01"] * len(names),
            "end": ["2026-02-01"] * len(names),
            "amount": [100] * len(names),
        }
    )
    deals = sm.read_deals(
        {"rep": names, "amount": values, "closed": ["2026-01-15"] * len(names), "outcome": ["won"] * len(names)}
    )
    asked = {"as_of": "2026-01-31", "since": "2026-01-01", "stat": "median"}
    row = sm.ramp_curve(deals, quotas, reps, confidence_level=level, **asked)[1]
    n, tail = len(values), Fraction(str(level))
    chance = [Fraction(comb(n, k), 2**n) for k in range(n + 1)]
    fits = [rank for rank in range(1, n + 1) if sum(chance[:rank]) <= (1 - tail) / 2]
    ordered = sorted(Fraction(value, 100) for value in values)
    if not fits:
        assert math.isnan(row.low)
        assert math.isnan(row.high)
        return
    low = max(fits)
    assert (row.low, row.high) == (float(ordered[low - 1]), float(ordered[n - low]))
    assert row.low <= row.value <= row.high
    assert sm.ramp_curve(deals, quotas, reps, confidence_level=None, **asked).low is None
    assert sm.ramp_curve(deals, quotas, reps, as_of="2026-01-31", since="2026-01-01").low is None


@settings(max_examples=2 * EXAMPLES)
@given(
    team=people.team(), by=st.sampled_from(BYS[:4]), on=people.DAYS, ramp_from=st.sampled_from(["role_start", "hired"])
)
def test_ramped_equivalents_are_the_slow_copys(team: people.Team, by: Any, on: date, ramp_from: str) -> None:
    """Active share times ramp share of everybody who is there on a day."""
    firm = held(team)
    reps = rep_book(tuple(firm.reps))
    assert reps is not None
    table = sm.ramped_equivalents(reps, on=on, by=by or None, ramp_from=ramp_from)
    same(table, slow.ramped_equivalents(firm.reps, on=on, by=by, ramp_from=ramp_from))


# --- seeded companies: monthly and quarterly quotas that deals reach, which drawn ones seldom do ---------------------------

LOOKED_AT = date(2026, 9, 15)


def company(seed: int) -> tuple[list[Deal], list[Quota], list[Rep]]:
    """Return up to six reps with about a year of quotas of a few round amounts, and deals of a few round amounts."""
    rng = random.Random(seed)
    reps, quotas, deals = [], [], []
    for name in "abcdef"[: rng.randint(1, 6)]:
        hired = rng.choice([None, *(date(2025, 10, 1) + dt.timedelta(rng.randint(0, 360)) for _ in range(5))])
        left = hired + dt.timedelta(rng.randint(1, 250)) if hired and rng.random() < 0.3 else None
        away: Any = ()
        if hired and rng.random() < 0.3:
            first = hired + dt.timedelta(rng.randint(0, 100))
            away = ((first, first + dt.timedelta(rng.randint(1, 20))),)
        ramp = rng.choice([(), (0.25, 0.5)])
        reps.append(Rep(name, team=rng.choice("xy"), hired=hired, left=left, absences=away, ramp=ramp))
        start = date(2025, 10, 1)
        while start < LOOKED_AT:
            end = add_months(start, rng.choice([1, 3]))
            if rng.random() < 0.85:
                quotas.append(Quota(name, start, end, rng.randint(0, 3) * 3000))
            start = end
        for number in range(rng.randint(0, 14)):
            day = date(2025, 9, 1) + dt.timedelta(rng.randint(0, 380))
            amount, outcome = rng.choice([500, 1000, 2000, None]), rng.choice(["won", "won", "lost"])
            deals.append(Deal(f"{name}{number}", name, amount, created=day, closed=day, outcome=outcome))
    return deals, quotas, reps


@pytest.mark.parametrize("seed", range(60))
def test_seeded_companies_are_the_slow_copys(seed: int) -> None:
    """Sixty companies whose reps do reach their quotas, with every option in turn."""
    deals, quotas, reps = company(seed)
    firm = people.Team(reps, quotas, deals, [], [], [])
    ask = Asking(
        firm,
        BYS[seed % 3],
        LOOKED_AT,
        date(2025, 9, 1) if seed % 2 else date(2026, 1, 10),
        ("exclude", "truncate")[seed // 2 % 2],
        ("censor", "compete")[seed // 4 % 2],
        "role_start",
        credited=False,
    )
    stat = ("median", "restricted_mean", "naive_mean")[seed % 3]
    within = 3 if stat == "restricted_mean" else None
    how: dict[str, Any] = {"threshold": (0.5, 0.8, 1.0)[seed // 3 % 3], "sustained": 1 + seed % 3, "stat": stat}
    how |= {"of": ("full_quota", "assigned_quota")[seed // 5 % 2], "no_quota": ("skip", "count")[seed // 7 % 2]}
    more: dict[str, Any] = {"by": ask.by, "as_of": ask.as_of, "ramp": ask.terms}
    books = ask.books()
    same(
        sm.ramp_time(*books, within=within, leavers=ask.leavers, **how, **ask.asked()),
        slow.ramp_time(deals, quotas, reps, within=within, **how, **more),
    )
    same(
        sm.time_to_first_deal(books[0], books[2], stat=stat, within=within, leavers=ask.leavers, **ask.asked()),
        slow.time_to_first_deal(deals, reps, stat=stat, within=within, **more),
    )
    for typical in ("pooled", "median"):
        same(
            sm.ramp_curve(*books, of=how["of"], stat=typical, **ask.asked()),
            slow.ramp_curve(deals, quotas, reps, of=how["of"], stat=typical, **more),
        )


# --- laws ------------------------------------------------------------------------------------------------------------------


@settings(max_examples=EXAMPLES)
@given(ask=askings(), parts=st.integers(1, 5), seed=st.integers(0, 99), threshold=people.THRESHOLDS)
def test_h8_tenures_of_parts_add_up(ask: Asking, parts: int, seed: int, threshold: float) -> None:
    """H8, B: however the deals are shuffled and cut, the tallies of the parts add up to that of the whole, bit for bit."""
    deals, quotas, reps = ask.books()
    more = {name: value for name, value in ask.asked().items() if name != "early"}
    whole = TenureTally.from_book(deals, reps, quotas, **more)
    order = np.random.default_rng(seed).permutation(deals.rows)
    cut = [deals.take(rows) for rows in np.array_split(order, parts)]
    tally = sum(TenureTally.from_book(part, reps, quotas, **more) for part in cut)
    assert isinstance(tally, TenureTally)
    assert tally.equals(whole)
    by_book = sm.ramp_time(deals, quotas, reps, threshold=threshold, early=ask.early, **more)
    assert sm.ramp_time(tally, threshold=threshold, early=ask.early).equals(by_book)
    curve = sm.ramp_curve(deals, quotas, reps, early=ask.early, **more)
    assert sm.ramp_curve(tally, early=ask.early).equals(curve)
    first = TenureTally.from_book(deals, reps, **more)
    assert sm.time_to_first_deal(first).equals(sm.time_to_first_deal(deals, reps, **more))


@settings(max_examples=EXAMPLES)
@given(ask=askings(), seed=st.integers(0, 99))
def test_the_order_of_reps_and_quotas_changes_no_bit(ask: Asking, seed: int) -> None:
    """Rows of reps and quotas may stand in any order."""
    deals, quotas, reps = ask.books()
    rng = np.random.default_rng(seed)
    other = (quotas.take(rng.permutation(quotas.rows)), reps.take(rng.permutation(reps.rows)))
    more = {"threshold": 0.8, "leavers": ask.leavers, **ask.asked()}
    assert sm.ramp_time(deals, *other, **more).equals(sm.ramp_time(deals, quotas, reps, **more))
    assert sm.ramp_curve(deals, *other, **ask.asked()).equals(sm.ramp_curve(deals, quotas, reps, **ask.asked()))


LATER = Rep("waiting", team="East", hired="2024-02-01")
"""Somebody without deals and quotas, who can only be censored."""


@settings(max_examples=EXAMPLES)
@given(ask=askings(), left=st.none() | st.integers(1, 500))
def test_h4_a_censored_rep_never_lowers_survival(ask: Asking, left: int | None) -> None:
    """H4: one more rep who has not got there lowers S nowhere: each restricted mean stays or rises, n grows by one."""
    ask = ask._replace(by=(), as_of=max(ask.as_of, date(2024, 2, 1)), since=date(2023, 9, 1), leavers="censor")
    gone = None if left is None else LATER.hired and LATER.hired + dt.timedelta(left)
    more = ask._replace(team=ask.team._replace(reps=[*ask.team.reps, attrs.evolve(LATER, left=gone)]))
    for within in (10, 60, 200):
        before, after = (
            sm.time_to_first_deal(a.books()[0], a.books()[2], stat="restricted_mean", within=within, **a.asked())["all"]
            for a in (ask, more)
        )
        assert after.n == before.n + 1
        assert after.parts["events"] == before.parts["events"]
        if not (math.isnan(before.value) or math.isnan(after.value)):
            assert after.value >= before.value * (1 - 1e-12)


@settings(max_examples=EXAMPLES)
@given(ask=askings(), threshold=people.THRESHOLDS, sustained=st.integers(1, 3))
def test_h14_nobody_is_dropped_and_a_higher_bar_brings_no_month_forward(
    ask: Asking, threshold: float, sustained: int
) -> None:
    """H14: everybody who started since the data begin counts, whatever the bar; each rep's own month never moves forward."""
    ask = ask._replace(by=("rep",), early="exclude")
    low, high = (
        sm.ramp_time(*ask.books(), threshold=bar, sustained=sustained, **ask.asked())
        for bar in (threshold, 2 * threshold)
    )
    assert list(low.labels) == list(high.labels)
    assert low.n.tolist() == high.n.tolist()
    kept = {rep.id for who in [slow.tenures(ask.team.reps, ask.as_of, ask.terms)[0]] for rep in [t.rep for t in who]}
    assert {rep for rep, n in zip(low.labels, low.n, strict=True) if n} == kept
    for one, other in zip(low.value, high.value, strict=True):
        assert math.isnan(other) or one <= other


@settings(max_examples=EXAMPLES)
@given(ask=askings(), factor=st.sampled_from([2, 7, 100]), threshold=people.THRESHOLDS)
def test_h14_money_times_a_whole_factor_changes_nothing(ask: Asking, factor: int, threshold: float) -> None:
    """H14: sales and quotas times the same whole number leave ramp times as they are, bit for bit."""
    firm = ask.team
    deals = [attrs.evolve(d, amount=None if d.amount is None else d.amount * factor) for d in firm.deals]
    more = ask._replace(
        team=firm._replace(deals=deals, quotas=[attrs.evolve(q, amount=q.amount * factor) for q in firm.quotas])
    )
    one, other = (sm.ramp_time(*a.books(), threshold=threshold, leavers=ask.leavers, **a.asked()) for a in (ask, more))
    assert one.equals(other)
    first, scaled = (sm.time_to_first_deal(a.books()[0], a.books()[2], **a.asked()) for a in (ask, more))
    assert first.equals(scaled)


def moved(thing: Any, step: Any) -> Any:
    """Return a deal, quota or rep with every day of it moved."""
    days = {f.name: step(value) for f in attrs.fields(type(thing)) if isinstance(value := getattr(thing, f.name), date)}
    if isinstance(thing, Rep):
        days["absences"] = [(step(p.start), step(p.end)) for p in thing.absences]
    return attrs.evolve(thing, **days)


@settings(max_examples=EXAMPLES)
@given(ask=askings(), days=st.integers(-50, 400))
def test_h14_everything_moved_by_days_changes_no_time_to_the_first_deal(ask: Asking, days: int) -> None:
    """H14: hires, wins and both ends of the data moved by the same number of days."""

    def step(day: date) -> date:
        return day + dt.timedelta(days)

    ask = ask._replace(credited=False)
    firm = people.Team(
        [moved(r, step) for r in ask.team.reps], [], [moved(d, step) for d in ask.team.deals], [], [], []
    )
    later = ask._replace(team=firm, as_of=step(ask.as_of), since=step(ask.since))
    one, other = (
        sm.time_to_first_deal(a.books()[0], a.books()[2], leavers=ask.leavers, **a.asked()) for a in (ask, later)
    )
    for name in ("value", "n", "reason"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


@pytest.mark.parametrize("months", [1, 5, 12, 48])
@pytest.mark.parametrize("seed", range(8))
def test_h14_everything_moved_by_whole_months_changes_no_ramp(seed: int, months: int) -> None:
    """H14: where quotas are monthly and nothing lies after the 28th, whole months leave ramp time and its n alone."""

    def early(day: date) -> date:
        return day.replace(day=min(day.day, 28))

    def step(day: date) -> date:
        return add_months(day, months)

    deals, _, reps = company(seed)
    deals = [moved(d, early) for d in deals]
    reps = [moved(attrs.evolve(r, absences=()), early) for r in reps]
    first = [add_months(date(2025, 10, 1), k) for k in range(12)]
    reps = [attrs.evolve(r, hired=r.hired and r.hired.replace(day=1)) for r in reps]
    quotas = [Quota(r.id, day, add_months(day, 1), 1_500) for r in reps for day in first]
    firm = people.Team(reps, quotas, deals, [], [], [])
    ask = Asking(firm, ("rep",), LOOKED_AT, date(2025, 10, 1), "exclude", "censor", "role_start", credited=False)
    every = [[moved(thing, step) for thing in things] for things in (reps, quotas, deals)]
    later = ask._replace(team=people.Team(*every, [], [], []), as_of=step(LOOKED_AT), since=step(ask.since))
    for sustained in (1, 2):
        one, other = (sm.ramp_time(*a.books(), threshold=1.0, sustained=sustained, **a.asked()) for a in (ask, later))
        assert one.value.tolist() == pytest.approx(other.value.tolist(), nan_ok=True, abs=0)
        assert one.n.tolist() == other.n.tolist()
        assert one.parts["events"].tolist() == other.parts["events"].tolist()


@settings(max_examples=EXAMPLES)
@given(ask=askings())
def test_h11_data_that_begin_with_the_first_rep_truncate_nobody(ask: Asking) -> None:
    """H11: where every rep starts after the data begin, entering late when seen late is the same as leaving nobody out."""
    ask = ask._replace(since=date(2020, 1, 1))
    deals, quotas, reps = ask.books()
    more = {"leavers": ask.leavers, **ask.asked()}
    one, other = (sm.time_to_first_deal(deals, reps, **more | {"early": e}) for e in ("exclude", "truncate"))
    assert one.equals(other)
    one, other = (
        sm.ramp_time(deals, quotas, reps, threshold=0.8, **more | {"early": e}) for e in ("exclude", "truncate")
    )
    assert one.equals(other)


@settings(max_examples=EXAMPLES)
@given(ask=askings())
def test_h15_a_rep_hired_before_the_data_is_never_taken_as_there(ask: Asking) -> None:
    """H15: left out and counted; when asked to join, no event lies before the first day, or first whole month, observed."""
    deals, quotas, reps = ask.books()
    more = ask.asked() | {"by": "rep"}
    starts = {r.id: slow.clock_start(r, ask.ramp_from) for r in ask.team.reps}
    early = {r for r, day in starts.items() if day is not None and day < ask.since and day <= ask.as_of}
    days = sm.time_to_first_deal(deals, reps, **more | {"early": "exclude"})
    months = sm.ramp_time(deals, quotas, reps, threshold=0.5, **more | {"early": "exclude"})
    for table in (days, months):
        assert table.left_out["started before the data"] == len(early)
        assert all(int(n) == 0 for label, n in zip(table.labels, table.n, strict=True) if label in early)
    days = sm.time_to_first_deal(deals, reps, **more | {"early": "truncate"})
    months = sm.ramp_time(deals, quotas, reps, threshold=0.5, **more | {"early": "truncate"})
    for rep in early:
        start = starts[rep]
        assert start is not None
        assert not days[rep].value < (ask.since - start).days
        assert not (months[rep].value < 2 and start < ask.since)


def four(threshold: float) -> sm.MetricRow:
    """Return the ramp of four reps of whom two leave after a month: A sells 0.6, 1.2, B 0.3, 0.4, 0.9."""
    sold = {"A": (60, 120, 0), "B": (30, 40, 90), "C": (0,), "D": (0,)}
    months = [date(2026, k, 1) for k in (1, 2, 3, 4)]
    left = {"C": "2026-02-01", "D": "2026-02-01"}
    reps = sm.read_reps([Rep(name, hired="2026-01-01", left=left.get(name)) for name in sold])
    quotas = sm.read_quotas([Quota(name, months[k], months[k + 1], 100) for name in sold for k in range(3)])
    rows = [(name, k, amount) for name, amounts in sold.items() for k, amount in enumerate(amounts)]
    deals = sm.read_deals([Deal(f"{n}{k}", n, a, closed=months[k], outcome="won") for n, k, a in rows])
    return sm.ramp_time(deals, quotas, reps, threshold=threshold, as_of="2026-03-31", since="2026-01-01")["all"]


def test_x16_a_higher_bar_may_shorten_the_median_ramp() -> None:
    """X16: with the low bar A passes in month 1 and B in 3, S is 3/4 and the median 3; with the high bar A passes in 2: 2."""
    low, high = four(0.5), four(1.0)
    assert (low.value, low.n, low.parts["events"]) == (3, 4, 2)
    assert (high.value, high.n, high.parts["events"]) == (2, 4, 1)
    assert high.parts["survival"] == 0.5
