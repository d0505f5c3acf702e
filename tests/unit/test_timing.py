"""Win rates and cycles by age, win intensity and the log-rank test through the front door, beside a loop in fractions."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from fractions import Fraction as F
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import salesmetrics as sm

AS_OF = dt.date(2026, 3, 31)
START = dt.date(2026, 1, 1)
CLOSED = ("won", "lost", "no_decision")


class Row(NamedTuple):
    """A deal: its rep, when it was created, when and how it closed, and its amount."""

    rep: str | None
    created: dt.date | None
    closed: dt.date | None
    outcome: str
    amount: int | None


def day(number: int) -> dt.date:
    return START + dt.timedelta(days=number)


@st.composite
def rows(draw: st.DrawFn) -> Row:
    created = draw(st.integers(0, 40))
    outcome = draw(st.sampled_from(("open", *CLOSED)))
    closed = None if outcome == "open" else day(created + draw(st.integers(0, 60)))
    undated = draw(st.integers(0, 9)) == 0
    return Row(
        draw(st.sampled_from(["Ana", "Ben", None])),
        None if undated else day(created),
        closed,
        outcome,
        draw(st.none() | st.integers(0, 5)),
    )


BOOKS = st.lists(rows(), min_size=1, max_size=14)


def columns(deals: Sequence[Row]) -> dict[str, list[Any]]:
    return {name: [getattr(d, name) for d in deals] for name in Row._fields}


def book(deals: Sequence[Row]) -> sm.DealBook:
    """Return a book of deals known up to the day."""
    return sm.read_deals(columns(deals), as_of=AS_OF)


def later(deals: Sequence[Row]) -> sm.DealBook:
    """Return a book that knows more than the day will: what happened after it must not show."""
    return sm.read_deals(columns(deals))


def ages(deals: Sequence[Row], entry: dt.date | None = None) -> list[tuple[int, int, str, int | None]]:
    """Return (age of entry, age of exit, how, amount) of each deal that is followed, as known on the day."""
    out = []
    for deal in deals:
        if deal.created is None or deal.created > AS_OF:
            continue
        over = deal.closed is not None and deal.closed <= AS_OF
        last = deal.closed if over and deal.closed is not None else AS_OF
        begin = max(entry or deal.created, deal.created)
        if begin <= last:
            outcome = deal.outcome if over else "open"
            out.append(((begin - deal.created).days, (last - deal.created).days, outcome, deal.amount))
    return out


def slow(lives: Sequence[tuple[int, int, str, Any]], until: int, *, money: bool = False) -> dict[str, F] | None:
    """Return the share of each end and of the open by an age, as the definition says it; None where it is not observed."""
    weight = [1 if not money else life[3] for life in lives]
    still_open, taken = F(1), dict.fromkeys(CLOSED, F(0))
    for age in range(until + 1):
        at_risk = sum(w for w, (a, b, *_) in zip(weight, lives, strict=True) if a <= age <= b)
        if at_risk == 0 and still_open > 0:
            return None
        here = {
            end: sum(w for w, (a, b, how, _) in zip(weight, lives, strict=True) if b == age and how == end)
            for end in CLOSED
        }
        if at_risk:
            taken = {end: taken[end] + still_open * F(here[end], at_risk) for end in CLOSED}
            still_open *= F(at_risk - sum(here.values()), at_risk)
    return {**taken, "open": still_open}


def groups(deals: Sequence[Row]) -> list[str | None]:
    """Return the reps in the order of an answer."""
    return sorted({d.rep for d in deals}, key=lambda rep: (rep is None, str(rep)))


ENTRY = st.none() | st.integers(-5, 60).map(day)


@given(BOOKS, st.integers(0, 80), ENTRY)
def test_win_rates_by_age_are_the_slow_ones(deals: list[Row], age: int, entry: dt.date | None) -> None:
    """Every end, the open share and n of every rep, with and without late entry; undefined with its reason where they are."""
    curves = sm.win_rate_curve(later(deals), as_of=AS_OF, by="rep", entry=entry)
    table = curves.at(age)
    for rep in table.labels:
        lives = ages([d for d in deals if d.rep == rep], entry)
        row, expected = table[rep], slow(lives, age)
        assert row.n == len(lives)
        assert row.parts["events"] == sum(how == "won" for *_, how, _ in lives)
        if not lives or expected is None:
            assert math.isnan(row.value)
            assert row.reason == ("not_observed" if lives else "no_rows")
            continue
        found = {"won": row.value, **{end: row.parts[end] for end in ("lost", "no_decision", "open")}}
        assert found == pytest.approx({end: float(share) for end, share in expected.items()}, rel=1e-12, abs=1e-15)
        assert math.fsum(found.values()) == pytest.approx(1.0, abs=1e-14)
        assert row.parts["at_risk"] == sum(a <= age <= b for a, b, *_ in lives)
        if row.low is not None and not math.isnan(row.low):
            assert 0 <= row.low <= row.value <= row.high <= 1


@given(BOOKS, st.integers(0, 80), ENTRY)
def test_win_rates_by_amount_are_the_slow_ones(deals: list[Row], age: int, entry: dt.date | None) -> None:
    """Sums of amounts in place of counts; deals without one are left out and counted, and no interval is given."""
    table = sm.win_rate_curve(later(deals), as_of=AS_OF, entry=entry, weight="amount").at(age)
    everyone = ages(deals, entry)
    lives = [life for life in everyone if life[3] is not None]
    row = table["all"]
    assert row.n == len(lives)
    dated = [d for d in deals if d.created is not None and d.created <= AS_OF]
    assert table.left_out["no amount"] == sum(d.amount is None for d in dated)
    if entry is not None:
        priced = len([d for d in dated if d.amount is not None])
        assert table.left_out["ended before entry"] == priced - len(lives)
    assert math.isnan(row.low)
    if not lives:
        assert row.reason == "no_rows"
    elif not any(life[3] for life in lives):
        assert row.reason == "zero_denominator"
    elif (expected := slow(lives, age, money=True)) is None:
        assert row.reason == "not_observed"
    else:
        assert row.value == pytest.approx(float(expected["won"]), rel=1e-12, abs=1e-15)
        assert row.parts["at_risk"] == sum(life[3] for life in lives if life[0] <= age <= life[1])


@given(BOOKS, ENTRY)
def test_the_cycle_is_the_slow_one(deals: list[Row], entry: dt.date | None) -> None:
    """The median is the least age at which at most half are still open, in fractions; the restricted mean is the area."""
    curves = sm.cycle_curve(later(deals), as_of=AS_OF, entry=entry)
    lives = ages(deals, entry)
    shares = [slow(lives, age) for age in range(100)]
    known = [share["open"] for share in shares if share is not None] if lives else []
    below = [age for age, share in enumerate(known) if share <= F(1, 2)]
    median = curves.median["all"]
    if below:
        assert median.value == below[0]
    else:
        assert math.isnan(median.value)
        gap = bool(lives) and len(known) <= max(b for _, b, *_ in lives)
        assert median.reason == ("no_rows" if not lives else "not_observed" if gap else "not_reached")
    for horizon in (1, 20, 55):
        row = curves.restricted_mean(horizon)["all"]
        if row.reason == "":
            assert row.value == pytest.approx(float(sum(known[:horizon], F(0))), rel=1e-12)
    read = [curves.at(age)["all"].value for age in (0, 13, 41)]
    for age, value in zip((0, 13, 41), read, strict=True):
        assert math.isnan(value) if age >= len(known) else value == pytest.approx(float(known[age]), rel=1e-12)


@given(BOOKS, st.sampled_from(["won", "lost"]), st.integers(0, 60))
def test_the_time_to_a_win_is_the_slow_one(deals: list[Row], outcome: str, within: int) -> None:
    """Of the deals won by the horizon: the mean and median age at the win, and the share of them won by an age."""
    curves = sm.cycle_curve(later(deals), as_of=AS_OF, outcome=outcome, within=within)
    lives = ages(deals)
    shares = [slow(lives, age) for age in range(within + 1)] if lives else [None]
    mean, median = curves.mean["all"], curves.median["all"]
    if shares[-1] is None:
        assert mean.reason == median.reason == ("not_observed" if lives else "no_rows")
        return
    taken = [share[outcome] for share in shares if share is not None]
    if not taken[-1]:
        assert mean.reason == median.reason == curves.at(0)["all"].reason == "no_rows"
        return
    steps = [now - before for before, now in zip([F(0), *taken], taken, strict=False)]
    assert mean.value == pytest.approx(float(sum(age * s for age, s in enumerate(steps)) / taken[-1]), rel=1e-12)
    assert median.value == next(age for age, share in enumerate(taken) if share >= taken[-1] / 2)
    for age in (0, within // 2, within):
        assert curves.at(age)["all"].value == pytest.approx(float(taken[age] / taken[-1]), rel=1e-12, abs=1e-15)
    assert mean.n == len(lives)


@given(BOOKS, st.lists(st.integers(0, 14), max_size=3), ENTRY, st.sampled_from(["count", "amount"]))
def test_parts_add_up_to_the_whole(deals: list[Row], cuts: list[int], entry: dt.date | None, weight: str) -> None:
    """Tallies of any cut of the deals, added, are the tally of all, and so are the curves, bit for bit."""
    options: dict[str, Any] = {"by": "rep", "basis": "created", "as_of": AS_OF, "entry": entry, "weight": weight}
    whole = sm.DurationTally.from_book(later(deals), **options)
    edges = sorted({0, *cuts, len(deals)} & set(range(len(deals) + 1)))
    parts = [later(deals[a:b]) for a, b in pairwise(edges)]
    total = sum((sm.DurationTally.from_book(p, **options) for p in parts), sm.DurationTally.empty(**options))
    assert total.equals(whole)
    days = [0, 10, 40]
    assert (
        sm.win_rate_curve(total)
        .at(days)
        .equals(sm.win_rate_curve(later(deals), as_of=AS_OF, by="rep", entry=entry, weight=weight).at(days))
    )


def halves() -> sm.Periods:
    return sm.Periods.from_boundaries([day(5), day(20), day(33), day(200)])


@given(BOOKS, st.booleans())
def test_win_intensity_is_the_slow_one(deals: list[Row], grouped: bool) -> None:
    """Wins over open days, each counted one by one: those after the creation, up to the close or the day of the snapshot."""
    periods = halves()
    table = sm.win_intensity(later(deals), as_of=AS_OF, by="rep" if grouped else None, period=periods)
    overall = sm.win_intensity(later(deals), as_of=AS_OF, by="rep" if grouped else None)
    for label in table.labels:
        rep, period = label if grouped else (None, label)
        mine = [d for d in deals if (not grouped or d.rep == rep) and d.created is not None and d.created <= AS_OF]
        row = table[label]
        days = wins = there = 0
        for d in mine:
            over = d.closed is not None and d.closed <= AS_OF
            last = d.closed if over and d.closed else AS_OF
            at_risk = [d.created + dt.timedelta(days=i + 1) for i in range((last - d.created).days)]
            inside = sum(period.start <= x < period.end for x in at_risk)
            days += inside
            wins += over and d.outcome == "won" and period.start <= last < period.end
            there += bool(inside) or period.start <= d.created < period.end
        assert (row.n, row.parts["deal_days"], row.parts["won"]) == (there, days, wins)
        if days:
            assert row.value == wins / days
        else:
            assert row.reason == ("zero_denominator" if there else "no_rows")
        whole = overall[rep if grouped else "all"]
        assert whole.n == len(mine)
        assert whole.parts["deal_days"] == sum(
            ((d.closed if d.closed and d.closed <= AS_OF else AS_OF) - d.created).days for d in mine
        )


@given(BOOKS, st.integers(0, 14))
def test_exposures_add_up(deals: list[Row], cut: int) -> None:
    """Exposure tallies of two parts are that of the whole, and read like it."""
    options: dict[str, Any] = {"by": "rep", "period": halves(), "as_of": AS_OF}
    whole = sm.ExposureTally.from_book(later(deals), **options)
    total = sm.ExposureTally.from_book(later(deals[:cut]), **options) + sm.ExposureTally.from_book(
        later(deals[cut:]), **options
    )
    assert total.equals(whole)
    assert sm.win_intensity(total).equals(sm.win_intensity(later(deals), **options))


def test_a_period_after_the_snapshot_has_not_started() -> None:
    """Days that nobody knows yet are no days at risk."""
    deals = [Row("Ana", day(0), day(10), "won", 1), Row("Ana", day(0), None, "open", 1)]
    table = sm.win_intensity(book(deals), period=sm.Periods.from_boundaries(["2026-03-01", "2026-04-01", "2026-05-01"]))
    assert table.value[0] == 0.0
    assert table.parts["deal_days"].tolist() == [31, 0]
    assert table.reason.tolist() == ["", "not_started"]


SMALL = [
    Row("Ana", day(0), day(10), "won", 5),
    Row("Ana", day(0), day(20), "lost", 3),
    Row("Ben", day(0), day(30), "won", 2),
    Row("Ben", day(75), None, "open", 1),
    Row("Ben", day(30), None, "open", 9),
]


def test_several_ages_become_a_label() -> None:
    """One call reads a curve at several ages."""
    table = sm.win_rate_curve(book(SMALL)).at([10, 30])
    assert table.labels.names == ("age",)
    assert table[30].value == sm.win_rate_curve(book(SMALL)).at(30)["all"].value
    by_rep = sm.win_rate_curve(book(SMALL), by="rep").at(np.array([10, 30]))
    assert list(by_rep.labels) == [("Ana", 10), ("Ana", 30), ("Ben", 10), ("Ben", 30)]
    with pytest.raises(sm.InvalidArgumentError, match="`days` must be an age, or several that differ"):
        sm.win_rate_curve(book(SMALL)).at([10, 10])
    with pytest.raises(sm.InvalidArgumentError, match="`days` must be a whole number >= 0"):
        sm.win_rate_curve(book(SMALL)).at(-1)


def test_final_is_the_share_at_the_longest_follow_up() -> None:
    """It says how far that is, and how much is still open there."""
    final = sm.win_rate_curve(book(SMALL)).final["all"]
    assert final.parts["age"] == 59
    assert final.value + final.parts["lost"] + final.parts["no_decision"] + final.parts["open"] == pytest.approx(1)
    assert final.value == sm.win_rate_curve(book(SMALL)).at(59)["all"].value
    assert sm.win_rate_curve(book(SMALL)).at(60)["all"].reason == "not_observed"
    ended = sm.win_rate_curve(book(SMALL), by="rep").final["Ana"]
    assert (ended.value, ended.parts["open"], ended.parts["age"]) == (0.5, 0.0, 20)
    assert sm.win_rate_curve(book(SMALL), by="rep").at(400)["Ana"].value == 0.5


def test_late_entry_by_hand() -> None:
    """The data start on day 15: of two deals of day 0 one closed before, so nobody saw it, and it is counted as left out."""
    deals = [
        Row("Ana", day(0), day(10), "won", 1),
        Row("Ana", day(0), day(20), "won", 1),
        *[Row("Ana", day(16), day(36), "lost", 1)] * 2,
    ]
    curves = sm.win_rate_curve(book(deals), entry=day(15))
    assert curves.left_out["ended before entry"] == 1
    assert curves.n.tolist() == [3]
    assert curves.at(14)["all"].parts["at_risk"] == 2
    assert curves.at(15)["all"].parts["at_risk"] == 3
    assert curves.at(20)["all"].value == 1 / 3
    assert sm.win_rate_curve(book(deals)).at(20)["all"].value == 2 / 4
    same = sm.win_rate_curve(book(deals), entry=[11, 15, 0, 0])
    assert same.at(20).equals(curves.at(20))
    assert "under observation from 2026-01-16 where created before" in curves.definition
    assert "under observation from their own age" in same.definition


def test_an_age_that_nobody_was_watched_at_ends_the_curve() -> None:
    """Deals that came under observation at 30 days say nothing of the first 29."""
    curves = sm.win_rate_curve(book([Row("Ana", day(0), day(40), "won", 1)] * 2), entry=day(30))
    assert curves.at(40)["all"].reason == "not_observed"
    assert curves.final["all"].reason == "not_observed"
    assert curves.median["all"].reason == "not_observed"
    assert curves.notes == ("1 of 1 curves stop at an age at which no deal was under observation.",)


def test_a_curve_that_ends_on_few_deals_says_so() -> None:
    """One young deal alone at risk closes, and takes the curve to its end while older ones are still open."""
    deals = [Row("Ana", day(40), day(42), "won", 1), *[Row("Ana", day(0), None, "open", 1)] * 5]
    curves = sm.win_rate_curve(book(deals), entry=[0, 2, 3, 3, 3, 3])
    assert curves.notes == ()
    curves = sm.win_rate_curve(book(deals), entry=[0, 3, 3, 3, 3, 3])
    assert curves.at(2)["all"].value == 1.0
    assert curves.notes == ("1 of 1 curves came to an end on few deals while older ones were still open.",)


def test_the_day_the_data_start_must_be_known() -> None:
    """Entries are a day up to the snapshot, or an age for each deal."""
    with pytest.raises(sm.InvalidArgumentError, match="`entry` must not lie after the day of the snapshot, 2026-03-31"):
        sm.win_rate_curve(book(SMALL), entry="2026-04-01")
    with pytest.raises(sm.InvalidArgumentError, match="one age in whole days >= 0 for each of the 5 deals"):
        sm.win_rate_curve(book(SMALL), entry=[0, 1])
    with pytest.raises(sm.InvalidArgumentError, match="`entry` must be a day; got 'soon'"):
        sm.cycle_curve(book(SMALL), entry="soon")
    with pytest.raises(sm.InvalidArgumentError, match="`entry` must not be given with basis 'closed'"):
        sm.DurationTally.from_book(book(SMALL), entry="2026-01-01")
    with pytest.raises(sm.InvalidArgumentError, match="`weight` must not be given with basis 'closed'"):
        sm.DurationTally.from_book(book(SMALL), weight="amount")


def test_credits_are_refused_or_left_out() -> None:
    """A negative amount has no share of what is won."""
    deals = [Row("Ana", day(0), day(10), "won", -5), Row("Ana", day(0), day(20), "lost", 3)]
    credit = sm.read_deals(
        {name: [getattr(d, name) for d in deals] for name in Row._fields}, as_of=AS_OF, allow_negative=True
    )
    with pytest.raises(sm.InvalidDataError, match="`amount` must be >= 0 in rates and averages of amounts; got 1 rows"):
        sm.win_rate_curve(credit, weight="amount")
    table = sm.win_rate_curve(credit, weight="amount", negative="exclude").at(10)
    assert table["all"].value == 0.0
    assert table.left_out["no amount, or a credit"] == 1


def test_time_to_event_has_its_own_functions() -> None:
    """The rates that are one count over another name the way to the curves."""
    with pytest.raises(sm.InvalidArgumentError, match=r"got 'time_to_event'") as caught:
        sm.win_rate(book(SMALL), basis="time_to_event", within=90)
    assert "win_rate_curve(deals, as_of=...).at(90)" in str(caught.value)
    with pytest.raises(sm.InvalidArgumentError, match=r"got 'time_to_event'") as caught:
        sm.cycle_length(book(SMALL), basis="time_to_event")
    assert "cycle_curve(deals, as_of=...).median" in str(caught.value)


def test_horizons_are_asked_for_where_they_are_read() -> None:
    """A time to a win needs one; a time to any close has it in the restricted mean."""
    with pytest.raises(sm.InvalidArgumentError, match="`within` must be given with outcome 'won'; got None"):
        sm.cycle_curve(book(SMALL), outcome="won")
    with pytest.raises(sm.InvalidArgumentError, match="`within` must not be given with outcome 'closed'; got 90"):
        sm.cycle_curve(book(SMALL), within=90)
    with pytest.raises(sm.InvalidArgumentError, match="`within` must be given to the curves for a mean"):
        sm.cycle_curve(book(SMALL)).mean  # noqa: B018
    with pytest.raises(sm.InvalidArgumentError, match="`within` must not be given again"):
        sm.cycle_curve(book(SMALL), outcome="won", within=30).restricted_mean(20)


def test_a_tally_is_weighed_already() -> None:
    """What a tally was made of is not asked for again, and a cycle is of deals."""
    money = sm.DurationTally.from_book(book(SMALL), basis="created", weight="amount")
    with pytest.raises(sm.MergeError, match="`weight` must not be given with a tally"):
        sm.win_rate_curve(money, weight="count")
    for ask in (sm.cycle_curve, sm.logrank):
        with pytest.raises(sm.MergeError, match="the tally must count deals"):
            ask(money)
    with pytest.raises(sm.MergeError, match="the tally must have basis 'created'"):
        sm.cycle_curve(sm.DurationTally.from_book(book(SMALL)))
    with pytest.raises(sm.MergeError, match="the tally must hold the outcome 'lost'"):
        sm.cycle_curve(sm.DurationTally.from_book(book(SMALL), basis="created", outcomes=("won", "open")))
    euros, dollars = (
        sm.DurationTally.from_book(
            sm.read_deals({n: [getattr(d, n) for d in SMALL] for n in Row._fields}, as_of=AS_OF, currency=c),
            basis="created",
            weight="amount",
        )
        for c in ("EUR", "USD")
    )
    with pytest.raises(sm.MergeError, match="`priced_in` must be the same"):
        euros + dollars


def test_money_is_exact_and_in_major_units() -> None:
    """Amounts at risk are shown in the units they were given in; sums that leave int64 are refused."""
    table = sm.win_rate_curve(book(SMALL), weight="amount").at(0)
    assert table["all"].parts["at_risk"] == 20.0
    assert table.part_units["at_risk"] == "money"
    size = 1_100
    huge = sm.read_deals(
        {"created": [day(0)] * size, "outcome": ["open"] * size, "closed": [None] * size, "amount": [9e13] * size},
        as_of=AS_OF,
    )
    with pytest.raises(sm.InvalidDataError, match="must stay within int64 minor units"):
        sm.win_rate_curve(huge, weight="amount")
    half = sm.DurationTally.from_book(huge.filter(np.arange(size) < size // 2), basis="created", weight="amount")
    with pytest.raises(sm.InvalidDataError, match="`money` must stay within int64"):
        half + half + half


@given(BOOKS, st.sampled_from(["closed", "won", "lost"]), ENTRY)
def test_the_test_between_groups_is_the_slow_one(deals: list[Row], outcome: str, entry: dt.date | None) -> None:
    """For two reps: the sum over event ages of observed less expected, squared, over its variance, in fractions."""
    deals = [d for d in deals if d.rep is not None]
    table = sm.logrank(later(deals), as_of=AS_OF, by="rep", outcome=outcome, entry=entry)
    row = table["all"]
    lives = {rep: ages([d for d in deals if d.rep == rep], entry) for rep in ("Ana", "Ben")}
    excess, spread, events = F(0), F(0), 0
    for age in range(100):
        risk = [sum(a <= age <= b for a, b, *_ in lives[rep]) for rep in lives]
        here = [
            sum(b == age and how in (CLOSED if outcome == "closed" else (outcome,)) for _, b, how, _ in lives[rep])
            for rep in lives
        ]
        r, d = sum(risk), sum(here)
        events += d
        if r:
            excess += here[0] - F(d * risk[0], r)
        if r > 1:
            spread += F(d * (r - d) * risk[0] * risk[1], r * r * (r - 1))
    assert row.n == sum(map(len, lives.values()))
    assert row.parts["events"] == events
    if not events or not all(lives.values()):
        assert row.reason == "no_rows"
    elif not spread:
        assert row.reason == "not_observed"
    else:
        assert row.parts["degrees_of_freedom"] == 1
        assert row.parts["chi_square"] == pytest.approx(float(excess**2 / spread), rel=1e-9, abs=1e-12)
        assert row.value == pytest.approx(math.erfc(math.sqrt(row.parts["chi_square"] / 2)), rel=1e-9)


def test_cohorts_are_compared_without_groups() -> None:
    """Several periods alone are the groups; with groups, each period has its own test; neither is refused."""
    deals = book(SMALL)
    across = sm.logrank(deals, period=halves())
    assert list(across.labels) == ["all"]
    assert across["all"].parts["groups"] == 2
    assert across["all"].reason == "no_rows"
    assert sm.logrank(deals, period=sm.Periods.from_boundaries([day(0), day(1), day(100)]))["all"].parts["groups"] == 2
    each = sm.logrank(deals, by="rep", period=sm.Periods.from_boundaries([day(0), day(1), day(100)]))
    assert each.labels.names == ("period",)
    assert each.parts["groups"].tolist() == [2, 1]
    assert not math.isnan(each.value[0])
    assert each.reason[1] == "no_rows"
    with pytest.raises(sm.InvalidArgumentError, match="`by` must be given, or several periods"):
        sm.logrank(deals)


def test_curves_tell_what_they_are_and_can_be_drawn() -> None:
    """The share of each kind of curve has a name; the steps are those of the curve."""
    figure = pytest.importorskip("matplotlib.figure").Figure()
    deals = book(SMALL)
    kinds = {
        "share won [%]": sm.win_rate_curve(deals),
        "share still open [%]": sm.cycle_curve(deals),
        "share won of those won within 30 days [%]": sm.cycle_curve(deals, outcome="won", within=30),
    }
    for label, curves in kinds.items():
        axes = curves.plot(figure.subplots())
        assert axes.get_ylabel() == label
        share, _ = curves.steps(0)
        assert share[10] == curves.at(10)["all"].value
        figure.clear()
    assert len(kinds["share won of those won within 30 days [%]"].steps(0)[0]) == 31


def test_an_empty_book_has_empty_answers() -> None:
    """No deals are no rows, whatever is asked."""
    none = book([])
    for curves in (
        sm.win_rate_curve(none),
        sm.win_rate_curve(none, weight="amount"),
        sm.cycle_curve(none),
        sm.win_rate_curve(none, entry=day(0)),
    ):
        for table in (curves.at(10), curves.at([0, 5]), curves.final, curves.median, curves.restricted_mean(5)):
            assert set(table.reason) == {"no_rows"}
    assert sm.cycle_curve(none, outcome="won", within=10).mean["all"].reason == "no_rows"
    assert sm.win_intensity(none)["all"].reason == "no_rows"
    assert sm.logrank(none, by="rep")["all"].reason == "no_rows"
    assert len(sm.win_rate_curve(none, by="rep").at(10)) == 0


def test_a_curve_prints_as_a_table_of_shares_at_a_few_ages() -> None:
    """One line for each group with n and events; a share beyond what could be watched is a dash; labels are escaped."""
    deals = sm.read_deals(
        {
            "segment": ["SMB", "SMB", "<b>\x1b[2J"],
            "created": ["2026-01-01", "2026-01-01", "2026-02-20"],
            "closed": ["2026-01-21", "2026-02-15", None],
            "outcome": ["won", "lost", "open"],
        },
        as_of="2026-03-01",
    )
    curves = sm.cycle_curve(deals, by="segment")
    assert repr(curves).splitlines()[:4] == [
        "cycle_curve [share still open by age, shown as %]",
        "segment     n  events  30 days  90 days  180 days  365 days",
        "<b>\\x1b[2J  1       0        -        -         -         -",
        "SMB         2       2   50.0 %    0.0 %     0.0 %     0.0 %",
    ]
    html = curves._repr_html_()
    assert "&lt;b&gt;" in html
    assert "<b>" not in html
    many = sm.cycle_curve(
        sm.read_deals(
            {
                "rep": [f"r{at:02}" for at in range(40)],
                "created": ["2026-01-01"] * 40,
                "closed": [None] * 40,
                "outcome": ["open"] * 40,
            }
        ),
        by="rep",
        as_of="2026-02-01",
    )
    assert "… 10 more curves" in repr(many)
    assert len(repr(many).splitlines()) == 34
