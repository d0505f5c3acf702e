"""A history alone, without a deal book: the walk and the trend of its deals, which make no book of them."""

from __future__ import annotations

import functools
import operator
from typing import Any

import attrs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import salesmetrics as sm
from salesmetrics.books import DealHistory
from salesmetrics.tallies import walks
from tests import walk_model as model
from tests.walk_model import (
    DAYS,
    OPEN_STAGES,
    REPS,
    STAGES,
    Life,
    Scope,
    book_of,
    cells_of,
    day,
    history_of,
    lives,
    period,
)

SPANS = st.tuples(st.integers(0, DAYS), st.integers(0, DAYS)).map(sorted)
SCOPES = st.builds(
    Scope,
    due=st.none() | st.tuples(st.integers(0, 30), st.integers(1, 30)).map(lambda x: (x[0], x[0] + x[1])),
    min_stage=st.none() | st.sampled_from(OPEN_STAGES),
    owners=st.none() | st.lists(st.sampled_from((*REPS, None)), min_size=1, max_size=2, unique=True).map(tuple),
)
BY = st.sampled_from([(), ("rep",), ("stage",), ("rep", "stage"), ("team",), ("team", "stage"), ("outcome",)])
WHERE = st.sampled_from([None, {"rep": ["Ana", None]}, {"stage": ["S1", "Won"]}, {"rep": "Ben", "outcome": "open"}])
STAFF = sm.read_reps({"id": ["Ana", "Ben", "Cy"], "team": ["North", "North", "South"]})


def asked(t0: int, t1: int, scope: Scope, by: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return the arguments of a walk."""
    return {
        "t0": day(t0),
        "t1": day(t1),
        "min_stage": scope.min_stage,
        "owners": scope.owners,
        "due": None if scope.due is None else period(*scope.due),
        "by": by or None,
        "reps": STAFF if "team" in by else None,
    }


# --- the walk --------------------------------------------------------------------------------------------------------


@settings(max_examples=100, deadline=None)
@given(deals=lives(), span=SPANS, scope=SCOPES, by=BY.filter(lambda by: by != ("outcome",)))
def test_its_walk_is_the_loop_over_its_deals(
    deals: list[Life], span: list[int], scope: Scope, by: tuple[str, ...]
) -> None:
    """Deals that reopen, change hands, lose amounts or days: each bucket holds what the rules, read one by one, put there."""
    table = sm.pipeline_walk(history_of(deals), **asked(*span, scope, by))
    states = [(life.segment, life.created, life.at(span[0]), life.at(span[1])) for life in deals]
    assert cells_of(table) == model.walk(states, *span, scope, by)


@settings(max_examples=100, deadline=None)
@given(deals=lives(), span=SPANS, scope=SCOPES, by=BY, where=WHERE)
def test_its_walk_is_that_of_the_books_of_the_two_days(
    deals: list[Life], span: list[int], scope: Scope, by: tuple[str, ...], where: Any
) -> None:
    """The table is that of two books by `as_of`, bit for bit, with all it says about itself."""
    history, arguments = history_of(deals), asked(*span, scope, by)
    t0, t1 = arguments.pop("t0"), arguments.pop("t1")
    books = history.as_of([t0, t1])
    wanted = sm.pipeline_walk(*books, **arguments, where=where)
    assert sm.pipeline_walk(history, t0=t0, t1=t1, **arguments, where=where).equals(wanted)


@settings(max_examples=40, deadline=None)
@given(deals=lives(), span=SPANS, scope=SCOPES, by=BY.filter(lambda by: by != ("outcome",)))
def test_a_deal_book_of_all_its_deals_changes_nothing(
    deals: list[Life], span: list[int], scope: Scope, by: tuple[str, ...]
) -> None:
    """What the history tells, it tells with and without a deal book beside it."""
    arguments = asked(*span, scope, by)
    told = sm.pipeline_walk(history_of(deals), **arguments)
    assert cells_of(told) == cells_of(sm.pipeline_walk(book_of(deals), history_of(deals), **arguments))


@settings(max_examples=25, deadline=None)
@given(deals=lives(), edges=st.lists(st.integers(1, DAYS), min_size=3, max_size=3, unique=True).map(sorted), by=BY)
def test_each_period_is_walked_as_if_alone(deals: list[Life], edges: list[int], by: tuple[str, ...]) -> None:
    """Of several periods each has the walk it has alone: what a deal did later, or earlier, is not read."""
    history, known = history_of(deals), day(edges[-1] + 3)
    several = sm.Periods([period(edges[0], edges[1]), period(edges[1], edges[2])])
    more: dict[str, Any] = {"by": by or None, "reps": STAFF if "team" in by else None}
    together = cells_of(sm.pipeline_walk(history, period=several, as_of=known, **more))
    apart: dict[Any, Any] = {}
    for each in several:
        walk = sm.pipeline_walk(history, period=each, as_of=known, **more)
        at = list(walk.labels.names).index("period") if "period" in walk.labels.names else None
        for key, cell in cells_of(walk).items():
            apart[key if at is not None else (*key[:-1], each, key[-1])] = cell
    assert together == apart


@settings(max_examples=25, deadline=None)
@given(deals=lives(), span=SPANS, by=BY, cut=st.lists(st.integers(0, 2), min_size=8, max_size=8))
def test_any_cut_of_its_deals_merged_is_the_whole(
    deals: list[Life], span: list[int], by: tuple[str, ...], cut: list[int]
) -> None:
    """Tallies of any parts, added up, are the tally of all, bit for bit; and they merge with those of a deal book."""
    parts = [[life for life, where in zip(deals, cut, strict=False) if where == k] for k in range(3)]
    arguments = asked(*span, Scope(), by) | {"as_of": day(DAYS)}
    tallies = [sm.WalkTally.from_history(history_of(part), **arguments) for part in parts]
    whole = sm.WalkTally.from_history(history_of(deals), **arguments)
    assert functools.reduce(operator.add, reversed(tallies)).equals(whole)
    if by != ("outcome",):
        tallies[0] = sm.WalkTally.from_book(book_of(parts[0]), history_of(parts[0]), **arguments)
        assert functools.reduce(operator.add, tallies).equals(whole)


@pytest.mark.parametrize("threads", [1, 2, 8])
@pytest.mark.parametrize("by", [(), ("rep",), ("team", "stage")])
def test_blocks_and_threads_change_no_bit(by: tuple[str, ...], threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Deals are looked up some at a time, on threads: in blocks of any size it is the same tally."""
    deals = model.many_lives(300, 3)
    book, history, arguments = book_of(deals), history_of(deals), asked(9, 24, Scope((5, 30), "S2"), by)
    ways = [
        lambda: sm.WalkTally.from_history(history, **arguments, as_of=day(DAYS)),
        lambda: sm.WalkTally.from_book(book, history, **arguments),
    ]
    whole = [way() for way in ways]
    monkeypatch.setattr(walks, "_LOOKED_UP", 7)
    monkeypatch.setattr("salesmetrics._threads.THREADED_ROWS", 1)
    monkeypatch.setattr("salesmetrics._threads.BLOCK", 64)
    with sm.threads(threads):
        for way, wanted in zip(ways, whole, strict=True):
            assert way().equals(wanted)


def test_what_stages_mean_is_asked_of_the_process() -> None:
    """A history of stages, without outcomes, is walked by what the sales process says they mean."""
    ends = {"Won": "won", "Lost": "lost", "Nothing": "no_decision"}
    process = sm.SalesProcess(
        [sm.Stage(name, at + 1, outcome=ends.get(name, "open")) for at, name in enumerate(STAGES)]
    )
    deals = model.many_lives(60, 1)
    history = history_of(deals)
    columns = {name: column for name, column in history.columns.items() if name != "outcome"}
    bare = attrs.evolve(history, columns=columns, process=process)
    wanted = sm.pipeline_walk(history, t0=day(9), t1=day(24))
    for _ in range(2):  # what was worked out is kept for the second question
        assert sm.pipeline_walk(bare, t0=day(9), t1=day(24)).equals(wanted)
    assert bare.as_of(day(24)).equals(attrs.evolve(history, process=process).as_of(day(24)))


def test_a_walk_without_deals_is_empty() -> None:
    """No changes: a row of zeros for each bucket, none by group; and a period that has not begun is no number."""
    nothing = history_of([])
    table = sm.pipeline_walk(nothing, t0=day(1), t1=day(3))
    assert len(table) == len(sm.WalkTally.buckets)
    assert not table.value.any()
    assert len(sm.pipeline_walk(nothing, t0=day(1), t1=day(3), by="rep")) == 0
    ahead = sm.pipeline_walk(history_of(model.many_lives(5, 1)), period=period(20, 30), as_of=day(10))
    assert set(ahead.reason) == {"not_started"}


def test_what_a_walk_of_a_history_refuses() -> None:
    """Its rows are changes: deals are picked by labels; it needs amounts, and days where some are due; and it stands alone."""
    deals = model.many_lives(5, 1)
    history = history_of(deals)

    def refusal(told: DealHistory = history, *more: Any, **arguments: Any) -> str:
        with pytest.raises(sm.SalesMetricsError) as error:
            sm.pipeline_walk(told, *more, **({"t0": day(1), "t1": day(3)} | arguments))
        return str(error.value)

    def without(*names: str) -> DealHistory:
        return attrs.evolve(history, columns={n: c for n, c in history.columns.items() if n not in names})

    assert refusal(where=np.ones(5, dtype=bool)).startswith(
        "[SM-WLK-11] `where` must be a mapping with a history alone"
    )
    assert refusal(where={"rep": "Zoe"}).startswith("[SM-ARG-09] `where` must name labels of 'rep'; got 'Zoe'.")
    assert refusal(history, history).startswith(
        "[SM-WLK-12] `deals` must be a DealBook beside a second book or a history"
    )
    assert "`amount` must be a column of the changes for the money that moved" in refusal(without("amount"))
    assert "due='any'" in refusal(without("expected_close"), due=period(1, 9))
    assert sm.pipeline_walk(without("expected_close"), t0=day(1), t1=day(3))["opening"].value >= 0
    assert refusal(without("outcome")).startswith("[SM-HIS-02] `outcome` must be a column of the history")
    assert refusal(by="segment").startswith("[SM-ARG-")
    assert refusal(t1=day(30), as_of=day(20)).startswith("[SM-WLK-03] `t1` must not lie after the last known day")


# --- the trend -------------------------------------------------------------------------------------------------------


@settings(max_examples=50, deadline=None)
@given(
    deals=lives(),
    days=st.lists(st.integers(0, DAYS), min_size=1, max_size=4, unique=True),
    by=st.sampled_from([None, "rep", "stage", ("rep", "stage"), "team"]),
    due=st.none() | st.just((10, 30)),
    where=WHERE,
)
def test_each_day_of_its_trend_is_the_pipeline_of_that_day(
    deals: list[Life], days: list[int], by: Any, due: tuple[int, int] | None, where: Any
) -> None:
    """What was open on each day is what the book of that day, made by `as_of`, holds."""
    history = history_of(deals)
    more: dict[str, Any] = {"by": by, "reps": STAFF if by == "team" else None, "negative": "exclude", "where": where}
    more["due"] = None if due is None else period(*due)
    trend = sm.pipeline_trend(history, at=[day(d) for d in days], **more)
    assert trend.notes == ()
    found = {key if isinstance(key, tuple) else (key,): at for at, key in enumerate(trend.labels)}
    for number in days:
        table = sm.open_pipeline(history.as_of(day(number)), **more)
        for label in table.labels:
            key = (*(label if isinstance(label, tuple) else (label,) if by else ()), day(number))
            assert trend.value[found[key]] == table[label].value
            assert trend.n[found[key]] == table[label].n
    assert trend.n.sum() == sum(sm.open_pipeline(history.as_of(day(number)), **more).n.sum() for number in days)


def test_what_a_trend_of_a_history_refuses() -> None:
    """Coverage reads what was booked, which a deal book tells."""
    company = sm.datasets.sample_company(deals=200, rng=3)
    quarter = company.calendar.quarter(2026, 2)

    def refusal(*more: Any, **arguments: Any) -> str:
        with pytest.raises(sm.SalesMetricsError) as error:
            sm.pipeline_trend(company.history, *more, at=["2026-01-31"], **arguments)
        return str(error.value)

    said = "[SM-TRN-06] `deals` must be a DealBook where `{}` is given; got 'DealHistory'."
    assert refusal(quotas=company.quotas, basis="full", due=quarter).startswith(said.format("quotas"))
    assert refusal(company.history).startswith(said.format("history"))
    assert refusal(where=np.ones(200, dtype=bool)).startswith("[SM-WLK-11] `where` must be a mapping")


# --- books of many days ----------------------------------------------------------------------------------------------


def test_a_book_of_a_day_is_made_block_by_block(monkeypatch: pytest.MonkeyPatch) -> None:
    """What grows with the history is read once, however many blocks the book is made in."""
    deals = model.many_lives(300, 5)
    history = history_of(deals)
    wanted = history.as_of([day(9), day(24)])
    asked_for: list[int] = []
    monkeypatch.setattr(DealHistory, "ids", property(lambda self: asked_for.append(1)))
    monkeypatch.setattr("salesmetrics.books.filling._BLOCK", 16)
    monkeypatch.setattr("salesmetrics.books.filling._LEAST", 16)
    found = history_of(deals).as_of([day(9), day(24)])
    assert all(one.equals(other) for one, other in zip(found, wanted, strict=True))
    assert not asked_for
