"""Laws F, G, H, I of histories on drawn books: as of a day, the walk, pushes, stages, late entry, log-rank."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date, timedelta
from fractions import Fraction
from random import Random
from typing import Any

import attrs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import salesmetrics as sm
from salesmetrics.books import DealBook
from salesmetrics.calendars import Period, Periods
from salesmetrics.results import MetricTable
from tests import oracle_history, oracle_incidence, oracle_slips, oracle_stages
from tests.laws.compare import near
from tests.laws.drawing import EXAMPLES, FIRST, Case, cases, history_of
from tests.laws.entries_history import HISTORIES
from tests.laws.every import NAMES
from tests.laws.law import same, shuffled
from tests.laws.references_history import logrank, trails
from tests.strategies import OPEN_STAGES, PROCESS

BOOKS = cases(moves=True, signed=True, period="given", as_of="given", min_size=1)
QUARTER = Period("2024-01-01", "2024-04-01")
DAYS = st.integers(-5, 480).map(lambda n: FIRST + timedelta(n))
FLOW = ("opening", "closing")


def minor(table: MetricTable) -> dict[Any, int]:
    """Return whole minor units by label."""
    return dict(zip(table.labels, table.to_minor().tolist(), strict=True))


def bucket_sums(table: MetricTable) -> dict[str, int]:
    """Return whole minor units by bucket, over all groups."""
    answer: dict[str, int] = {}
    for label, money in minor(table).items():
        bucket = label[-1] if isinstance(label, tuple) else label
        answer[bucket] = answer.get(bucket, 0) + money
    return answer


# --- F: as of a day --------------------------------------------------------------------------------------------------


def stands(book: DealBook, wanted: dict[Any, Any]) -> None:
    """Assert that a book holds these deals in these states."""
    rows = zip(*(book[n].tolist() for n in ("id", "stage", "outcome", "rep", "expected_close", "closed")), strict=True)
    found = {row[0]: row[1:] for row in rows}
    assert found == {k: (s.stage, s.outcome, s.rep, s.expected_close, s.closed) for k, s in wanted.items()}
    amounts = {k: None if a != a else a for k, a in zip(book["id"].tolist(), book["amount"].tolist(), strict=True)}
    assert amounts == {k: None if s.amount is None else float(s.amount) for k, s in wanted.items()}


@settings(max_examples=4 * EXAMPLES)
@given(case=BOOKS, day=DAYS)
def test_f13_the_book_as_of_a_day_is_the_slow_one(case: Case, day: date) -> None:
    """F12, F13: every deal that was created by the day stands as it stood."""
    ask = case.ask()
    stands(ask.history.as_of(day, ask.deals), oracle_history.as_of(case.deals, case.moves, day, process=PROCESS))


@settings(max_examples=EXAMPLES)
@given(case=BOOKS)
def test_f10_the_book_as_of_the_last_day_is_the_book(case: Case) -> None:
    """F10: as of a day on which nothing is left to come the history gives the book back."""
    ask = case.ask()
    now = ask.history.as_of("2037-01-01", ask.deals)
    for name in ask.deals.columns:
        if name != "probability":
            assert now[name].tolist() == ask.deals[name].tolist() or name == "amount", name
    same(sm.open_pipeline(now, negative="exclude"), sm.open_pipeline(ask.deals, as_of="2037-01-01", negative="exclude"))


@settings(max_examples=EXAMPLES)
@given(case=BOOKS, first=DAYS, later=DAYS)
def test_f11_nothing_that_comes_later_is_seen(case: Case, first: date, later: date) -> None:
    """F11: as of s is the same, whether what came after t is known or not."""
    first, later = sorted((first, later))
    ask = case.ask()
    known = history_of(c for c in case.moves if c.day <= later)
    mine, some = ask.history.as_of(first, ask.deals), known.as_of(first, ask.deals)
    told = {c.deal for c in case.moves if c.day <= later}
    kept, other = (book.filter(np.isin(book["id"], list(told))) for book in (mine, some))
    stands(
        kept,
        {k: s for k, s in oracle_history.as_of(case.deals, case.moves, first, process=PROCESS).items() if k in told},
    )
    for name in ("id", "stage", "outcome", "rep", "expected_close", "closed"):
        assert kept[name].tolist() == other[name].tolist(), name


@settings(max_examples=EXAMPLES)
@given(case=BOOKS, seed=st.integers(0, 2**32 - 1))
def test_f16_order_and_repetition_of_rows_are_invisible(case: Case, seed: int) -> None:
    """F16: rows in any order, and a row a second time, change nothing."""
    rows = case.moves
    again = history_of((*shuffled(rows, Random(seed)), *rows[: len(rows) // 2]))
    ask = case.ask()
    for metric in (sm.pipeline_walk, sm.stage_conversion, sm.transition_matrix, sm.slip_rate):
        asked: dict[str, Any] = {"period": QUARTER, "as_of": "2024-12-31"}
        same(metric(ask.deals, ask.history, **asked), metric(ask.deals, again, **asked))


# --- F: the walk -----------------------------------------------------------------------------------------------------


@settings(max_examples=2 * EXAMPLES)
@given(case=BOOKS, by=st.sampled_from(["rep", "segment", "product", "stage", "team", ("rep", "product")]))
def test_f2_the_walk_of_the_groups_adds_up(case: Case, by: Any) -> None:
    """F2: it balances for each group, and but for transfers each bucket adds up over the groups."""
    ask = case.ask()
    asked: dict[str, Any] = {"period": QUARTER, "as_of": "2024-12-31", "reps": ask.reps}
    whole = sm.pipeline_walk(ask.deals, ask.history, **asked)
    parts = sm.pipeline_walk(ask.deals, ask.history, by=by, **asked)
    added, wanted = bucket_sums(parts), bucket_sums(whole)
    assert added.pop("transferred_in", 0) + added.pop("transferred_out", 0) == 0
    assert added.pop("stage_in", 0) + added.pop("stage_out", 0) == 0
    for name, money in added.items():
        assert money == wanted[name], name
    groups: dict[Any, int] = {}
    for label, money in minor(parts).items():
        groups[label[:-1]] = groups.get(label[:-1], 0) + (-money if label[-1] == "closing" else money)
    assert set(groups.values()) <= {0}


@settings(max_examples=EXAMPLES)
@given(case=BOOKS, days=st.lists(DAYS, min_size=3, max_size=3, unique=True))
def test_f3_to_f5_net_change(case: Case, days: Sequence[date]) -> None:
    """F3, F4, F5: no days, no movement; the net of two walks is that of both together; swapped books negate it."""
    t0, t1, t2 = sorted(days)
    ask = case.ask()
    books = [ask.history.as_of(day, ask.deals) for day in (t0, t1, t2)]
    still = {money for name, money in minor(sm.pipeline_walk(books[0], books[0])).items() if name not in FLOW}
    assert still == {0}

    def net(one: DealBook, other: DealBook) -> int:
        told = minor(sm.pipeline_walk(one, other))
        return told["closing"] - told["opening"]

    assert net(books[0], books[1]) + net(books[1], books[2]) == net(books[0], books[2])
    history = minor(sm.pipeline_walk(ask.deals, ask.history, t0=t0, t1=t2))
    assert history["closing"] - history["opening"] == net(books[0], books[2])


@settings(max_examples=EXAMPLES)
@given(case=BOOKS)
def test_the_owners_of_a_walk_are_renamed(case: Case) -> None:
    """A2: renaming the reps renames the owners of the walk, and those that are picked, and nothing else."""
    ask = case.ask()
    names = {None: None} | NAMES
    deals = tuple(attrs.evolve(d, rep=names[d.rep if d.rep is None else str(d.rep)]) for d in case.deals)
    other = attrs.evolve(case, deals=deals).ask()
    asked: dict[str, Any] = {"period": QUARTER, "as_of": "2024-12-31", "by": "rep"}
    before = (
        minor(sm.pipeline_walk(ask.deals, ask.history, owners=["Ana", "ana"], **asked)) if "Ana" in known(ask) else {}
    )
    after = minor(sm.pipeline_walk(other.deals, other.history, owners=["zAna", "yana"], **asked)) if before else {}
    assert {(names[rep], bucket): money for (rep, bucket), money in before.items()} == after


def known(ask: Any) -> set[Any]:
    """Return the owners of a history, where both that are asked for are among them."""
    reps = set(ask.history["rep"].tolist()) | set(ask.deals["rep"].tolist())
    return reps if {"Ana", "ana"} <= reps else set()


@pytest.mark.parametrize("entry", [e for e in HISTORIES if e.moves], ids=lambda e: e.name)
def test_an_empty_history(entry: Any) -> None:
    """A16: no deals and no history give a value of 0 or NaN in every row, n = 0, and no warning."""
    ask = Case((), (), (), (), QUARTER, date(2024, 12, 31)).ask()
    for variant in entry.variants:
        table = entry.answer(ask, variant)
        assert table.n.tolist() == [0] * len(table)
        assert len(table) > 0
        assert all(x == 0 or math.isnan(x) for x in table.value.tolist())
        if entry.undefined_when.startswith("never"):
            assert not table.undefined.any()


# --- F17: pushes -----------------------------------------------------------------------------------------------------


@settings(max_examples=EXAMPLES)
@given(case=BOOKS, days=st.lists(DAYS, min_size=3, max_size=3, unique=True))
def test_f17_pushes_add_up(case: Case, days: Sequence[date]) -> None:
    """F17: push counts and days add up over adjoining windows, and deal by deal to the whole."""
    a, b, c = sorted(days)
    ask = case.ask()
    for metric in (sm.push_count, sm.days_slipped):
        parts = metric(ask.deals, ask.history, window=Periods([Period(a, b), Period(b, c)])).value.sum()
        assert parts == metric(ask.deals, ask.history, window=Period(a, c))["all"].value
        whole = metric(ask.deals, ask.history)["all"].value
        assert metric(ask.deals, ask.history, by="id").value.sum() == whole


@settings(max_examples=2 * EXAMPLES)
@given(case=BOOKS, kind=st.sampled_from(["slip_rate", "push_out"]))
def test_slips_of_a_category(case: Case, kind: str) -> None:
    """The category is that of the day on which the deals were due, not of the book."""
    ask = case.ask()
    if "commit" not in ask.history["forecast_category"].tolist():
        return
    day = date(2024, 12, 31)
    found = getattr(sm, kind)(ask.deals, ask.history, category="commit", period=QUARTER, as_of=day)["all"]
    slow = getattr(oracle_slips, kind)
    wanted = slow(case.deals, case.moves, process=PROCESS, as_of=day, periods=QUARTER, category="commit")[()]
    assert (found.n, found.reason) == (wanted.n, wanted.reason)
    assert math.isnan(found.value) if wanted.value is None else near(found.value, wanted.value, 0)


# --- I: stages -------------------------------------------------------------------------------------------------------


@settings(max_examples=2 * EXAMPLES)
@given(case=BOOKS)
def test_i3_and_i5_the_product_of_the_steps(case: Case) -> None:
    """I3, I5: with imputed skips the product of all conversions is won / entered, and reached never rises."""
    ask = case.ask()
    steps = sm.stage_conversion(ask.deals, ask.history)
    reached = sm.stage_reached(ask.deals, ask.history).value.tolist()
    assert reached == sorted(reached, reverse=True)
    if not steps.undefined.any():
        product = math.prod(steps.value.tolist())
        assert near(product, Fraction(int(reached[-1]), int(reached[0])), 4 * len(OPEN_STAGES))


@settings(max_examples=2 * EXAMPLES)
@given(case=BOOKS)
def test_i1_i4_and_i9_moves(case: Case) -> None:
    """I1, I4, I9: shares add up to 1, chances lie in [0, 1], and steps, skips, moves back and ends are all moves."""
    ask = case.ask()
    moves = sm.transition_matrix(ask.deals, ask.history)
    shares = sm.transition_matrix(ask.deals, ask.history, as_share=True)
    out: dict[Any, float] = {}
    for (of, _), value in zip(shares.labels, shares.value.tolist(), strict=True):
        out[of] = out.get(of, 0.0) + value
    assert all(math.isnan(total) or abs(total - 1) < 1e-12 for total in out.values())
    forward = sm.forward_rate(ask.deals, ask.history)
    parts = sum(forward.parts[name] for name in ("steps", "skips", "back", "ended"))
    assert parts.tolist() == forward.n.tolist()
    left = sum(n for (of, _), n in zip(moves.labels, moves.n.tolist(), strict=True) if of in OPEN_STAGES)
    assert left == int(forward.n.sum())
    chances = sm.win_probability_by_stage(ask.deals, ask.history, method="markov")
    known = chances.value[~chances.undefined]
    assert ((known >= 0) & (known <= 1 + 1e-12)).all()


@settings(max_examples=2 * EXAMPLES)
@given(case=BOOKS)
def test_i11_a_visit_in_two_is_one_visit(case: Case) -> None:
    """I11: a visit cut into two adjoining visits of the same stage changes nothing."""
    ask = case.ask()
    rows = []
    for change in case.moves:
        rows += [change._replace(seq=2 * change.seq), change._replace(seq=2 * change.seq + 1)]
    double = history_of(rows)
    for metric in (sm.stage_reached, sm.stage_conversion, sm.stage_dwell, sm.transition_matrix, sm.regress_rate):
        same(metric(ask.deals, ask.history), metric(ask.deals, double))


@settings(max_examples=2 * EXAMPLES)
@given(case=BOOKS, method=st.sampled_from(["conversion", "dwell", "cycle_share"]))
def test_the_bottleneck_is_a_stage_of_the_table(case: Case, method: str) -> None:
    """The stage, its value and its n are those of the metric that was asked, ties going to the earlier stage."""
    ask = case.ask()
    worst = sm.bottleneck(ask.deals, ask.history, method=method)
    stage, value = oracle_stages.bottleneck(oracle_stages.paths_of(case.deals, case.moves, PROCESS), PROCESS, method)
    assert worst.to_dict()["stage"] == [stage]
    found = float(worst.value[0])
    assert math.isnan(found) if value is None else near(found, value, 4)


# --- H: time to event ------------------------------------------------------------------------------------------------


@settings(max_examples=2 * EXAMPLES)
@given(case=BOOKS, since=st.none() | DAYS, within=st.sampled_from([0, 7, 30, 90]))
def test_h_incidence_with_late_entry(case: Case, since: date | None, within: int) -> None:
    """H8, H11: shares won by an age, deals that were open when the data start being seen from then on only."""
    assert case.as_of is not None
    if since is not None and since > case.as_of:
        since = case.as_of
    lives = oracle_incidence.lives_of(case.deals, as_of=case.as_of, since=since)[()][0]
    deals = case.ask().deals
    curve = sm.win_rate_curve(deals, as_of=case.as_of, entry=since)
    wanted = oracle_incidence.curve_with_entry(lives)
    found = curve.at(within)["all"]
    assert found.n == wanted.n
    if found.reason:
        assert not wanted.n or not wanted.observed_to(within) or since is not None
        return
    share = wanted.incidence_at("won", within)
    assert near(found.value, share, len(lives) + 4)
    low, high = oracle_incidence.incidence_interval(share, oracle_incidence.incidence_variance(lives, "won", within))
    if low is not None and high is not None and found.low == found.low:
        assert math.isclose(found.low, low, rel_tol=1e-9, abs_tol=1e-12)
        assert math.isclose(found.high, high, rel_tol=1e-9, abs_tol=1e-12)


@settings(max_examples=2 * EXAMPLES)
@given(case=BOOKS, outcome=st.sampled_from(["closed", "won", "lost"]))
def test_logrank_is_the_slow_one(case: Case, outcome: str) -> None:
    """H13: the p-value within 1e-12, whatever the groups are called; the same reason where there is none."""
    asked = attrs.evolve(case, by=("segment",), period=None)
    answer = logrank(asked, outcome)[()]
    ask = asked.ask()
    found = sm.logrank(ask.deals, by="segment", as_of=case.as_of, outcome=outcome)["all"]
    assert found.n == answer.n
    assert found.reason == answer.reason
    if answer.value is not None:
        assert math.isclose(found.value, answer.value, rel_tol=1e-9, abs_tol=1e-12)


def test_two_identical_groups_do_not_differ() -> None:
    """H13: two identical groups give a statistic of 0, and a chance of 1."""
    columns: dict[str, list[Any]] = {"segment": [], "created": [], "closed": [], "outcome": []}
    for segment in ("a", "b"):
        for days, outcome in ((3, "won"), (8, "lost"), (8, "won"), (20, "open")):
            columns["segment"].append(segment)
            columns["created"].append(date(2024, 1, 1))
            columns["closed"].append(None if outcome == "open" else date(2024, 1, 1) + timedelta(days))
            columns["outcome"].append(outcome)
    test = sm.logrank(sm.read_deals(columns, as_of="2024-03-01"), by="segment")["all"]
    assert abs(test.parts["chi_square"]) <= 1e-12
    assert test.value == pytest.approx(1.0, abs=1e-5)


@settings(max_examples=EXAMPLES)
@given(case=BOOKS)
def test_stage_ages_hold_every_open_deal(case: Case) -> None:
    """F15: the buckets of ages partition the open deals whose stage is known."""
    ask = case.ask()
    ages = sm.stage_age(ask.deals, ask.history, as_of=case.as_of)
    still = [t for t in trails(case) if t.moments[-1].outcome == "open" and t.stages]
    assert int(ages.n.sum()) == len(still)
