"""Trends of the pipeline: days in a row, and what is born and won in a period."""

from __future__ import annotations

import functools
import itertools
import operator
from typing import Any

import attrs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import salesmetrics as sm
from tests.walk_model import DAYS, Change, Life, book_of, day, history_of, lives, period

STAFF = sm.read_reps({"id": ["Ana", "Ben", "Cy"], "team": ["North", "North", "South"]})


def positive(deals: list[Life]) -> list[Life]:
    """Return the lives without credits."""
    return [
        attrs.evolve(d, changes=tuple(attrs.evolve(c, amount=c.amount and abs(c.amount)) for c in d.changes))
        for d in deals
    ]


# --- days ------------------------------------------------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(
    deals=lives().map(positive),
    days=st.lists(st.integers(0, DAYS), min_size=1, max_size=4, unique=True),
    by=st.sampled_from([None, "rep", "stage", ("segment", "stage"), "team"]),
    due=st.none() | st.just((10, 30)),
    overdue=st.sampled_from(["exclude", "include"]),
)
def test_each_day_is_the_open_pipeline_of_the_book_of_that_day(
    deals: list[Life], days: list[int], by: Any, due: tuple[int, int] | None, overdue: str
) -> None:
    """One pass over the history gives what `as_of` and `open_pipeline` give day by day, under the labels of each day."""
    book, history = book_of(deals), history_of(deals)
    asked: dict[str, Any] = {"by": by, "overdue": overdue, "reps": STAFF if by == "team" else None}
    asked["due"] = None if due is None else period(*due)
    trend = sm.pipeline_trend(book, history, at=[day(d) for d in days], **asked)
    wanted, n = {}, {}
    for number in days:
        table = sm.open_pipeline(history.as_of(day(number), book), **asked)
        for label, value, count in zip(table.labels, table.value.tolist(), table.n.tolist(), strict=True):
            key = (*(label if isinstance(label, tuple) else (label,) if by else ()), day(number))
            wanted[key], n[key] = value, count
    found = {key if isinstance(key, tuple) else (key,): at for at, key in enumerate(trend.labels)}
    assert set(wanted) <= set(found)
    for key, at in found.items():
        assert trend.value[at] == wanted.get(key, 0.0)
        assert trend.n[at] == n.get(key, 0)


def test_a_trend_without_a_history_says_what_it_is() -> None:
    """Creation and closing days tell what was open; all else is as in the book, which a note says."""
    company = sm.datasets.sample_company(deals=500, rng=1)
    table = sm.pipeline_trend(company.deals, at=["2025-06-30", "2025-12-31"])
    for on in ("2025-06-30", "2025-12-31"):
        assert table[on].value == sm.open_pipeline(company.deals, as_of=on)["all"].value
    assert table.notes == ("amounts, expected closes and labels are those of the book, not of the day.",)


def test_a_trend_says_what_its_history_does_not_track() -> None:
    """Amounts and dates of then are not known of deals that have changed since, where the history holds stages alone."""
    deals = [Life(0, "SMB", (Change(0, "open", "S1", 100, 12, "Ana"), Change(14, "won", "Won", 100, 12, "Ana")))]
    book, history = book_of(deals), history_of(deals)
    stages = attrs.evolve(
        history, columns={name: history.columns[name] for name in ("deal", "date", "stage", "outcome")}
    )
    table = sm.pipeline_trend(book, stages, at=[day(5)], due=period(10, 20))
    assert table.notes[0].endswith("amount (1), expected_close (1).")
    assert sm.pipeline_trend(book, stages, at=[day(20)]).notes == ()


@pytest.mark.parametrize("basis", ["full", "remaining"])
@pytest.mark.parametrize("by", [None, "rep", "team"])
def test_coverage_of_each_day_is_the_coverage_of_that_day(basis: str, by: str | None) -> None:
    """With quotas, each day has the coverage that `pipeline_coverage` gives of the book of that day."""
    company = sm.datasets.sample_company(deals=2_000, rng=3)
    quarter, days = company.calendar.quarter(2026, 2), ["2026-04-30", "2026-06-15"]
    asked: dict[str, Any] = {"by": by, "reps": company.reps}
    trend = sm.pipeline_trend(
        company.deals, company.history, at=days, due=quarter, quotas=company.quotas, basis=basis, **asked
    )
    for on in days:
        then = company.history.as_of(on, company.deals)
        table = sm.pipeline_coverage(then, company.quotas, basis=basis, period=quarter, **asked)
        for label in table.labels:
            row, wanted = trend[on if by is None else (label, day_of(on))], table[label]
            np.testing.assert_array_equal(row.parts["coverage"], wanted.value)
            np.testing.assert_array_equal(row.parts["target"], wanted.parts["target"])
            assert row.value == wanted.parts["open"]


def day_of(text: str) -> Any:
    """Return a day as the label of a row."""
    return sm.Period(text, "2030-01-01").start


def test_what_a_trend_refuses() -> None:
    """Days that are known, one period, quotas with all they need."""
    company = sm.datasets.sample_company(deals=200, rng=3)
    quarter = company.calendar.quarter(2026, 2)

    def refusal(**arguments: Any) -> str:
        with pytest.raises(sm.SalesMetricsError) as error:
            sm.pipeline_trend(company.deals, company.history, **arguments)
        return str(error.value)

    assert refusal(at="2026-01-31").startswith("[SM-TRN-02] `at` must be a sequence of days; got '2026-01-31'.")
    assert refusal(at=[]).startswith("[SM-TRN-03] `at` must be days up to the last known one, each once; got none.")
    assert "got 2026-11-30" in refusal(at=["2026-11-30"])
    assert "got one twice" in refusal(at=["2026-01-31", "2026-01-31"])
    assert refusal(at=["2026-01-31"], quotas=company.quotas, basis="full").startswith(
        "[SM-TRN-04] `due` must be one Period"
    )
    assert refusal(at=["2026-01-31"], basis="full").startswith("[SM-TRN-05] `basis` must not be given without `quotas`")
    assert "`basis` must be one of" in refusal(at=["2026-01-31"], quotas=company.quotas, due=quarter)


# --- turns -----------------------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(
    deals=lives().map(positive),
    edges=st.lists(st.integers(0, DAYS), min_size=2, max_size=4, unique=True).map(sorted),
    by=st.sampled_from([None, "segment", "rep"]),
    weight=st.sampled_from(["amount", "count"]),
)
def test_turns_are_the_loop_over_deals(deals: list[Life], edges: list[int], by: str | None, weight: str) -> None:
    """Deals won in a period, and of these the ones created in it, by count and by amount."""
    several = sm.Periods.from_boundaries([day(e) for e in edges])
    book = book_of(deals)
    born: dict[Any, int] = {}
    won: dict[Any, int] = {}
    for life in deals:
        state = life.at(DAYS)
        assert state is not None
        if state.outcome != "won" or state.closed is None:
            continue
        for at, (first, end) in enumerate(itertools.pairwise(edges)):
            if first <= state.closed < end:
                label = {None: (), "segment": (life.segment,), "rep": (state.rep,)}[by]
                key, value = (*label, several[at]), (state.amount or 0) if weight == "amount" else 1
                won[key] = won.get(key, 0) + value
                born[key] = born.get(key, 0) + value * (life.created >= first)
    share = sm.create_and_close_share(book, period=several, by=by, weight=weight)
    for key, value, reason in zip(share.labels, share.value.tolist(), share.reason.tolist(), strict=True):
        key = key if isinstance(key, tuple) else (key,)
        if won.get(key, 0):
            assert value == born[key] / won[key]
        else:
            assert reason in ("no_rows", "zero_denominator")
    if weight == "amount":
        money = sm.create_and_close(book, period=several, by=by)
        found = {k if isinstance(k, tuple) else (k,): v for k, v in zip(money.labels, money.to_minor(), strict=True)}
        assert {k: v for k, v in found.items() if v} == {k: v for k, v in born.items() if v}


@settings(max_examples=25, deadline=None)
@given(deals=lives(), cut=st.lists(st.integers(0, 2), min_size=8, max_size=8), by=st.sampled_from([None, "rep"]))
def test_any_cut_of_the_deals_has_the_turns_of_the_whole(deals: list[Life], cut: list[int], by: str | None) -> None:
    """Tallies of parts add up, bit for bit, and the tally of no deals changes nothing."""
    several = sm.Periods.from_boundaries([day(5), day(15), day(35)])
    whole = sm.TurnTally.from_book(book_of(deals), period=several, by=by)
    parts = [[life for life, where in zip(deals, cut, strict=False) if where == k] for k in range(3)]
    merged = functools.reduce(operator.add, [sm.TurnTally.from_book(book_of(p), period=several, by=by) for p in parts])
    assert merged.equals(whole)
    assert (sm.TurnTally.empty(by=by, period=several, as_of=day(DAYS)) + whole).equals(whole)
    assert sm.create_and_close(merged).equals(sm.create_and_close(book_of(deals), period=several, by=by))


def test_turns_refuse_what_has_no_answer() -> None:
    """No period, and credits in a share of amounts."""
    credit = Life(0, "SMB", (Change(3, "won", "Won", -100, None, "Ana"),))
    with pytest.raises(sm.InvalidArgumentError, match=r"SM-TRN-01.*`period` must be given"):
        sm.create_and_close(book_of([credit]))
    with pytest.raises(sm.InvalidDataError, match=r"SM-AMT-08.*`amount` must be >= 0 in shares of amounts; got 1"):
        sm.create_and_close_share(book_of([credit]), period=period(0, 9))
    assert sm.create_and_close_share(book_of([credit]), period=period(0, 9), weight="count")["all"].value == 1.0
    assert sm.create_and_close(book_of([credit]), period=period(0, 9))["all"].value == -1.0


def test_turns_of_the_sample_company_never_pass_its_bookings() -> None:
    """What is born and won in a quarter is part of what is booked in it."""
    company = sm.datasets.sample_company(deals=3_000, rng=7)
    quarters = company.calendar.quarters("2025-02-01", "2026-11-01")
    share = sm.create_and_close_share(company.deals, period=quarters, by="segment")
    booked = sm.credited_bookings(company.deals, period=quarters, by="segment")
    assert (share.parts["won"] == booked.value).all()
    assert ((share.value >= 0) & (share.value <= 1)).all()
    assert 0 <= share.value.min() < share.value.max() < 1


@settings(max_examples=25, deadline=None)
@given(
    deals=lives().map(positive),
    cut=st.lists(st.integers(0, 2), min_size=8, max_size=8),
    by=st.sampled_from([None, "rep"]),
)
def test_the_tallies_of_each_day_merge_to_the_trend(deals: list[Life], cut: list[int], by: str | None) -> None:
    """A trend has no tally of its own: those of each day, from any cut of the deals, add up to what the trend shows."""
    days = [day(10), day(30)]
    trend = sm.pipeline_trend(book_of(deals), history_of(deals), at=days, by=by)
    parts = [[life for life, where in zip(deals, cut, strict=False) if where == k] for k in range(3)]
    for each in days:
        books = [history_of(part).as_of(each, book_of(part)) for part in parts if part]
        tallies = [sm.PipelineTally.from_book(book, by=by, weighted=False) for book in books]
        merged = sm.open_pipeline(functools.reduce(operator.add, tallies))
        for label in merged.labels:
            assert trend[(label, each) if by else each].value == merged[label].value
