"""The state machine N: deals and their history driven side by side with a model of dicts and fractions."""

from __future__ import annotations

import copy
import io
import os
from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

import salesmetrics as sm
from salesmetrics.books import DealBook, DealHistory
from salesmetrics.calendars import Period
from salesmetrics.domain import Deal
from salesmetrics.results import MetricTable
from tests.laws.drawing import deal_book, history_of
from tests.oracle_history import Change, Walk, pipeline_walk
from tests.strategies import ENDED_STAGES, OPEN_STAGES, PROCESS

FIRST = date(2024, 2, 20)
REPS = ("Ana", "Bo", "Zo\u00eb")
State = dict[str, Any]
MINOR = st.sampled_from([None, 0, 1, 5_000, 5_000, 12_345, 10**9])
SOON = st.sampled_from([None, 0, 3, 30, 45])
RUNS = int(os.environ.get("MACHINE_EXAMPLES", "50"))


def money_of(table: MetricTable) -> dict[Any, tuple[Fraction, int]]:
    """Return whole minor units as major ones, exactly, and the number of deals, by label."""
    return {
        label: (Fraction(minor, 100), int(n))
        for label, minor, n in zip(table.labels, table.to_minor().tolist(), table.n, strict=True)
    }


class Company(RuleBasedStateMachine):
    """A company's deals; `now` is what they are, `past` what they were at the end of each day."""

    def __init__(self) -> None:
        super().__init__()
        self.today = FIRST
        self.now: dict[str, State] = {}
        self.past: dict[date, dict[str, State]] = {}
        self.changes: list[Change] = []
        self.born = self.written = 0
        self.gone: set[str] = set()

    # --- what happens ------------------------------------------------------------------------------------------------

    def write(self, key: str) -> None:
        """Put the state of a deal into the history."""
        s = self.now[key]
        amount = None if s["amount"] is None else Decimal(int(s["amount"] * 100)).scaleb(-2)
        told = (s["stage"], amount, s["expected_close"], s["rep"], s["forecast_category"])
        self.written += 1
        self.changes.append(Change(key, self.today, *told, seq=self.written))

    def change(self, data: st.DataObject, wanted: Iterable[str], **news: Any) -> None:
        """Change one of the deals that have come to something."""
        keys = sorted(key for key, s in self.now.items() if s["outcome"] in wanted)
        if not keys:
            return
        key = data.draw(st.sampled_from(keys))
        for name, value in news.items():
            self.now[key][name] = value(self.now[key]) if callable(value) else value
        self.write(key)

    @initialize(days=st.integers(0, 3))
    def begin(self, days: int) -> None:
        self.today += timedelta(days)

    @rule(minor=MINOR, rep=st.sampled_from(REPS), soon=SOON, stage=st.sampled_from(OPEN_STAGES))
    def add(self, minor: int | None, rep: str, soon: int | None, stage: str) -> None:
        key = f"d{self.born}"
        self.born += 1
        self.now[key] = {
            "stage": stage,
            "outcome": "open",
            "amount": None if minor is None else Fraction(minor, 100),
            "expected_close": None if soon is None else self.today + timedelta(soon),
            "rep": rep,
            "forecast_category": "commit",
            "created": self.today,
            "closed": None,
        }
        self.write(key)

    @rule(days=st.sampled_from([1, 1, 2, 9, 40]))
    def wait(self, days: int) -> None:
        for _ in range(days):
            self.past[self.today] = copy.deepcopy(self.now)
            self.today += timedelta(1)

    @precondition(lambda self: self.now)
    @rule(data=st.data(), stage=st.sampled_from(OPEN_STAGES))
    def move(self, data: st.DataObject, stage: str) -> None:
        """Advance, skip or fall back."""
        self.change(data, ["open"], stage=stage)

    @precondition(lambda self: self.now)
    @rule(data=st.data(), days=st.sampled_from([-40, -3, 1, 30, 60]))
    def push(self, data: st.DataObject, days: int) -> None:
        """Push the close date out, or pull it in."""
        self.change(data, ["open"], expected_close=lambda s: (s["expected_close"] or self.today) + timedelta(days))

    @precondition(lambda self: self.now)
    @rule(data=st.data())
    def undate(self, data: st.DataObject) -> None:
        self.change(data, ["open"], expected_close=None)

    @precondition(lambda self: self.now)
    @rule(data=st.data(), minor=MINOR)
    def reprice(self, data: st.DataObject, minor: int | None) -> None:
        self.change(data, ["open"], amount=None if minor is None else Fraction(minor, 100))

    @precondition(lambda self: self.now)
    @rule(data=st.data(), rep=st.sampled_from(REPS))
    def hand_over(self, data: st.DataObject, rep: str) -> None:
        self.change(data, ["open"], rep=rep)

    @precondition(lambda self: self.now)
    @rule(data=st.data(), outcome=st.sampled_from(["won", "won", "lost", "no_decision"]))
    def close(self, data: st.DataObject, outcome: str) -> None:
        self.change(data, ["open"], stage=ENDED_STAGES[outcome], outcome=outcome, closed=self.today)

    @precondition(lambda self: any(s["outcome"] != "open" for s in self.now.values()))
    @rule(data=st.data(), stage=st.sampled_from(OPEN_STAGES))
    def reopen(self, data: st.DataObject, stage: str) -> None:
        self.change(data, ["won", "lost", "no_decision"], stage=stage, outcome="open", closed=None)

    @precondition(lambda self: self.now)
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        """Delete a deal, as CRMs do: it is in no export any more, nor is its history."""
        key = data.draw(st.sampled_from(sorted(self.now)))
        del self.now[key]
        self.gone.add(key)
        self.changes = [c for c in self.changes if c.deal != key]

    # --- what the library is given, and what the model says ----------------------------------------------------------

    def deals(self, states: dict[str, State] | None = None) -> tuple[Deal, ...]:
        """Return deals as objects."""
        names = ("rep", "amount", "created", "expected_close", "closed", "stage", "outcome", "forecast_category")
        return tuple(
            Deal(key, **{n: float(s[n]) if n == "amount" and s[n] is not None else s[n] for n in names})
            for key, s in (self.now if states is None else states).items()
        )

    def books(self) -> tuple[DealBook, DealHistory]:
        """Return the books of today."""
        given: Any = self.deals()
        if not given:
            given = {n: [] for n in ("id", "rep", "amount", "created", "expected_close", "closed", "stage", "outcome")}
        return deal_book(given), history_of(self.changes)

    def on(self, day: date) -> dict[str, State]:
        """Return what deals that still exist were at the end of a day."""
        if day >= self.today:
            return self.now
        return {key: s for key, s in self.past.get(day, {}).items() if key not in self.gone}

    def some_day(self, data: st.DataObject) -> date:
        """Return a day of the company's, or the one before."""
        return FIRST + timedelta(data.draw(st.integers(-1, (self.today - FIRST).days)))

    def same_state(self, book: DealBook, states: dict[str, State]) -> None:
        """Assert that a book holds these deals in these states."""
        assert book["id"].tolist() == list(states)
        for name in ("stage", "outcome", "rep"):
            assert book[name].tolist() == [s[name] for s in states.values()], name
        for name in ("expected_close", "closed", "created"):
            assert book[name].tolist() == [s[name] for s in states.values()], name
        amounts = [None if a != a else Fraction(round(a * 100), 100) for a in book["amount"].tolist()]
        assert amounts == [s["amount"] for s in states.values()]

    # --- what must hold ----------------------------------------------------------------------------------------------

    @rule(data=st.data())
    def ask_as_of_a_day(self, data: st.DataObject) -> None:
        """F10, F12, F13: the book as of a day is what it was, of all deals that were created by then."""
        day = self.some_day(data)
        deals, history = self.books()
        then = history.as_of(day, deals)
        self.same_state(then, self.on(day))
        created = [s for s in self.now.values() if s["created"] <= day]
        assert len(then) == len(created)
        if day < FIRST:
            assert len(then) == 0

    @rule(data=st.data())
    def ask_as_of_twice(self, data: st.DataObject) -> None:
        """F11: the history as of a day does not depend on what came later."""
        day = self.some_day(data)
        known = [c for c in self.changes if c.day <= day]
        states = self.on(day)
        deals, history = self.books()
        if states:
            cut_off = history_of(known).as_of(day, deal_book(self.deals(states)))
            whole = history.as_of(day, deals)
            for name in ("id", "stage", "outcome", "rep", "amount", "expected_close", "closed"):
                assert whole.column(name, "a deal book").equals(cut_off.column(name, "a deal book")), name

    @rule(data=st.data(), grouped=st.booleans(), whole=st.booleans())
    def ask_for_the_walk(self, data: st.DataObject, grouped: bool, whole: bool) -> None:
        """F1, F2: the walk between two days balances, bucket by bucket as the slow module's; parts merge to the whole."""
        first = self.some_day(data)
        last = first + timedelta(data.draw(st.integers(1, 60)))
        if last > self.today:
            return
        due = None if whole else Period(first + timedelta(1), last + timedelta(1))
        deals, history = self.books()
        by = ("rep",) if grouped else ()
        wanted = pipeline_walk(self.deals(), self.changes, process=PROCESS, t0=first, t1=last, due=due, by=by)
        walked(wanted, self.walk(deals, history, first, last, due, by))
        mine = {key: s for key, s in self.on(last).items() if s["outcome"] == "open"}
        end = sum((s["amount"] or 0 for s in mine.values() if due is None or within(s, due)), Fraction(0))
        assert sum(walk["end"][0] for walk in wanted.values()) == end

    def walk(
        self, deals: DealBook, history: DealHistory, first: date, last: date, due: Period | None, by: tuple[str, ...]
    ) -> MetricTable:
        """Ask the library for a walk."""
        return sm.pipeline_walk(deals, history, t0=first, t1=last, due=due, **({"by": by} if by else {}))

    @precondition(lambda self: self.now)
    @rule(data=st.data())
    def split_and_merge(self, data: st.DataObject) -> None:
        """B5, A14: the company cut in two by deals, and the tallies of the parts merged, are the company; so is one saved."""
        deals, history = self.books()
        first = np.array([data.draw(st.booleans()) for _ in self.now], dtype=bool)
        one = np.isin(history["deal"], deals["id"][first])
        quarter: Any = {"period": Period(FIRST, FIRST + timedelta(60)), "as_of": self.today}
        for kind in (sm.WalkTally, sm.StageTally, sm.MoveTally, sm.DwellTally, sm.SlipTally):
            whole = kind.from_book(deals, history, **quarter)
            left = kind.from_book(deals.filter(first), history.filter(one), **quarter)
            right = kind.from_book(deals.filter(~first), history.filter(~one), **quarter)
            assert (left + right).equals(whole)
            assert (right + left).equals(whole)
            kept = io.BytesIO()
            sm.save_tally(left, kept)
            kept.seek(0)
            assert (sm.load_tally(kept) + right).equals(whole)

    @precondition(lambda self: self.gone and self.past)
    @rule(data=st.data())
    def ask_for_the_walk_of_two_books(self, data: st.DataObject) -> None:
        """F1: between two books, deals that were deleted in between have their own bucket, and the walk balances."""
        day = data.draw(st.sampled_from(sorted(self.past)))
        then = self.past[day]
        if not then or not self.now:
            return
        old, new = deal_book(self.deals(then), as_of=day), deal_book(self.deals(), as_of=self.today)
        found = money_of(sm.pipeline_walk(old, new))
        lost = [s for key, s in then.items() if key in self.gone and s["outcome"] == "open"]
        assert found["deleted"] == (-sum((s["amount"] or 0 for s in lost), Fraction(0)), len(lost))
        still = [s for s in self.now.values() if s["outcome"] == "open"]
        assert found["closing"] == (sum((s["amount"] or 0 for s in still), Fraction(0)), len(still))
        assert sum(money for name, (money, _) in found.items() if name != "closing") == found["closing"][0]

    @invariant()
    def counts_are_those_of_the_model(self) -> None:
        """F10, F13: the book as of today is the book, and its open, won and lost deals are the model's."""
        deals, history = self.books()
        self.same_state(history.as_of(self.today, deals), self.now)
        outcomes = [s["outcome"] for s in self.now.values()]
        rate = sm.win_rate(deals)
        won, lost = outcomes.count("won"), outcomes.count("lost")
        assert (int(rate.parts["won"][0]), int(rate.parts["lost"][0])) == (won, lost)
        assert int(sm.open_pipeline(deals, as_of=self.today).n[0]) == sum(
            s["outcome"] == "open" and s["amount"] is not None for s in self.now.values()
        )
        booked = sum((s["amount"] or 0 for s in self.now.values() if s["outcome"] == "won"), Fraction(0))
        assert money_of(sm.credited_bookings(deals))["all"][0] == booked


def within(state: State, due: Period) -> bool:
    """Tell whether a deal is due in a period."""
    return state["expected_close"] is not None and due.start <= state["expected_close"] < due.end


def walked(wanted: dict[Any, Walk], found: MetricTable) -> None:
    """Assert that a walk is the slow module's, bucket by bucket."""
    told = money_of(found)
    for key, walk in wanted.items():
        for name, (money, count) in walk.items():
            bucket = {"start": "opening", "end": "closing"}.get(name, name)
            label = (*key, bucket) if key else bucket
            assert told[label] == (money, count), f"{label}: {told[label]} for {(money, count)}"


Company.TestCase.settings = settings(max_examples=RUNS, stateful_step_count=30, deadline=None)
TestCompany = Company.TestCase
