"""Drawn lives of deals, the books they make, and the pipeline walk as a loop over them, written from its definition."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import attrs
import numpy as np
from hypothesis import strategies as st

import salesmetrics as sm
from salesmetrics.books import DealBook, DealHistory
from salesmetrics.columns import DayColumn, KeyColumn, LabelColumn, MoneyColumn

OUTCOMES = ("open", "won", "lost", "no_decision")
OPEN_STAGES = ("S1", "S2", "S3")
STAGES = (*OPEN_STAGES, "Won", "Lost", "Nothing")
REPS = ("Ana", "Ben")
DAYS = 40
TEAM = {"Ana": "North", "Ben": "North", "Cy": "South", None: None}


@attrs.frozen
class Change:
    """The state of a deal from a day on; amounts in minor units."""

    day: int
    outcome: str
    stage: str
    amount: int | None
    expected: int | None
    rep: str | None
    money: str = "USD"
    closed: int | None = None


@attrs.frozen
class Life:
    """One deal: its label and its changes, each on a day of its own."""

    id: int
    segment: str
    changes: tuple[Change, ...]

    @property
    def created(self) -> int:
        """The day of the first change."""
        return self.changes[0].day

    def at(self, day: int) -> Change | None:
        """Return the state at the end of a day, with the day it came to be closed."""
        known = [change for change in self.changes if change.day <= day]
        if not known:
            return None
        last = known[-1]
        if last.outcome == "open":
            return last
        closed = last.day
        for change in reversed(known):
            if change.outcome != last.outcome:
                break
            closed = change.day
        return attrs.evolve(last, closed=closed)


@st.composite
def lives(draw: st.DrawFn, most: int = 8) -> list[Life]:
    """Draw deals that open, close, reopen, change hands, stages, dates and amounts, and lose any of them."""
    change = st.tuples(
        st.sampled_from(("open", "open", "open", *OUTCOMES)),
        st.sampled_from(OPEN_STAGES),
        st.none() | st.integers(-2, 4).map(lambda x: x * 100),
        st.none() | st.integers(0, DAYS + 10),
        st.sampled_from((*REPS, "Cy", None)),
    )
    drawn = st.tuples(
        st.sampled_from(("SMB", "Mid")),
        st.lists(st.integers(0, DAYS), min_size=1, max_size=5, unique=True),
        st.lists(change, min_size=5, max_size=5),
    )
    found = []
    for at, (segment, days, states) in enumerate(draw(st.lists(drawn, min_size=1, max_size=most))):
        changes = []
        for day, (outcome, stage, amount, expected, rep) in zip(sorted(days), states, strict=False):
            where = stage if outcome == "open" else STAGES[2 + OUTCOMES.index(outcome)]
            changes.append(Change(day, outcome, where, amount, expected, rep))
        found.append(Life(at, segment, tuple(changes)))
    return found


def many_lives(count: int, seed: int) -> list[Life]:
    """Return many lives of the same kind, of a seed."""
    rng = np.random.default_rng(seed)
    found = []
    for at in range(count):
        changes = []
        for when in sorted(rng.permutation(DAYS + 1)[: rng.integers(1, 6)].tolist()):
            outcome = ("open", "open", "open", *OUTCOMES)[rng.integers(7)]
            stage = OPEN_STAGES[rng.integers(3)] if outcome == "open" else STAGES[2 + OUTCOMES.index(outcome)]
            amount = None if rng.integers(6) == 0 else int(rng.integers(-2, 5)) * 100
            expected = None if rng.integers(6) == 0 else int(rng.integers(0, DAYS + 10))
            changes.append(Change(when, outcome, stage, amount, expected, (*REPS, "Cy", None)[rng.integers(4)]))
        found.append(Life(at, ("SMB", "Mid")[rng.integers(2)], tuple(changes)))
    return found


def day(number: int | None) -> dt.date | None:
    """Return a day of the drawn calendar."""
    return None if number is None else dt.date(2026, 1, 1) + dt.timedelta(days=number)


def period(first: int, end: int) -> sm.Period:
    """Return the period of two drawn days."""
    return sm.Period(day(first), day(end))


EPOCH = (dt.date(2026, 1, 1) - dt.date(1970, 1, 1)).days


def _days(values: Sequence[int | None]) -> DayColumn:
    return DayColumn(np.array([-1 if v is None else v + EPOCH for v in values], dtype=np.int32))


def _labels(values: Sequence[str | None], levels: tuple[str, ...], *, ordered: bool = False) -> LabelColumn:
    places = {level: at for at, level in enumerate(levels)} | {None: -1}
    return LabelColumn(np.array([places[v] for v in values], dtype=np.int8), levels, ordered)


def _money(values: Sequence[int | None]) -> MoneyColumn:
    known = np.array([v is not None for v in values], dtype=bool)
    minor = np.array([v or 0 for v in values], dtype=np.int64)
    return MoneyColumn(minor, None if known.all() else known, 2)


def history_of(deals: Sequence[Life]) -> DealHistory:
    """Return the history of lives."""
    rows = [(life, change) for life in deals for change in life.changes]
    columns: dict[str, Any] = {
        "deal": KeyColumn(np.array([life.id for life, _ in rows], dtype=np.int64)),
        "date": _days([c.day for _, c in rows]),
        "stage": _labels([c.stage for _, c in rows], STAGES, ordered=True),
        "outcome": _labels([c.outcome for _, c in rows], OUTCOMES, ordered=True),
        "expected_close": _days([c.expected for _, c in rows]),
        "amount": _money([c.amount for _, c in rows]),
        "rep": _labels([c.rep for _, c in rows], (*REPS, "Cy")),
    }
    return DealHistory(columns=columns, rows=len(rows), scale=2)


def book_of(deals: Sequence[Life], on: int = DAYS, *, dated: bool = True) -> DealBook:
    """Return the deal book of lives as it stands on a day."""
    there = [(life, state) for life in deals if (state := life.at(on)) is not None]
    columns: dict[str, Any] = {
        "id": KeyColumn(np.array([life.id for life, _ in there], dtype=np.int64)),
        "rep": _labels([s.rep for _, s in there], (*REPS, "Cy")),
        "segment": _labels([life.segment for life, _ in there], ("Mid", "SMB")),
        "created": _days([life.created for life, _ in there]),
        "closed": _days([s.closed for _, s in there]),
        "expected_close": _days([s.expected for _, s in there]),
        "amount": _money([s.amount for _, s in there]),
        "stage": _labels([s.stage for _, s in there], STAGES, ordered=True),
        "outcome": _labels([s.outcome for _, s in there], OUTCOMES, ordered=True),
        "source_currency": _labels([s.money for _, s in there], ("EUR", "USD")),
    }
    return DealBook(columns=columns, rows=len(there), scale=2, as_of_day=on + EPOCH if dated else None)


# --- the walk, deal by deal ------------------------------------------------------------------------------------------


@attrs.frozen
class Scope:
    """Which deals are pipeline."""

    due: tuple[int, int] | None = None
    min_stage: str | None = None
    owners: tuple[str | None, ...] | None = None

    def owned(self, state: Change) -> bool:
        """Return True for a deal of the owners."""
        return self.owners is None or state.rep in self.owners

    def staged(self, state: Change) -> bool:
        """Return True for a deal that is far enough."""
        return self.min_stage is None or STAGES.index(state.stage) >= STAGES.index(self.min_stage)

    def dated(self, number: int | None) -> bool:
        """Return True for a day that is due."""
        return self.due is None or (number is not None and self.due[0] <= number < self.due[1])

    def holds(self, state: Change | None) -> bool:
        """Return True for a deal in scope."""
        if state is None or state.outcome != "open":
            return False
        return self.dated(state.expected) and self.staged(state) and self.owned(state)


def change_of(before: Change, after: Change) -> str | None:
    """Return the bucket of a change of amount."""
    if before.amount == after.amount:
        return None
    if before.amount is None:
        return "priced"
    if after.amount is None:
        return "unpriced"
    if before.money != after.money:
        return "redenominated"
    if before.amount * after.amount < 0:
        return "sign_changed"
    return "increased" if after.amount > before.amount else "decreased"


def exit_of(after: Change | None, scope: Scope) -> str:
    """Return how a deal left."""
    if after is None:
        return "deleted"
    if after.outcome != "open":
        return after.outcome
    if not scope.owned(after):
        return "transferred_out"
    if not scope.staged(after):
        return "stage_out"
    if after.expected is None:
        return "undated_out"
    assert scope.due is not None
    return "pushed_out" if after.expected >= scope.due[1] else "pulled_out"


def entry_of(before: Change | None, created: int, t0: int, t1: int, scope: Scope) -> str:
    """Return how a deal came."""
    if t0 < created <= t1:
        return "new"
    if before is None:
        return "appeared"
    if before.outcome != "open":
        return "reopened"
    if not scope.owned(before):
        return "transferred_in"
    if not scope.staged(before):
        return "stage_in"
    if before.expected is None:
        return "dated_in"
    assert scope.due is not None
    return "pulled_in" if before.expected >= scope.due[1] else "pushed_in"


Cells = dict[tuple[Any, ...], list[int]]


def walk(
    deals: Sequence[tuple[str, int, Change | None, Change | None]],
    t0: int,
    t1: int,
    scope: Scope,
    by: tuple[str, ...] = (),
) -> Cells:
    """Return money and deals by group and bucket, of (segment, created, state before, state after) of each deal."""
    cells: Cells = defaultdict(lambda: [0, 0])

    def add(group: tuple[Any, ...], bucket: str, value: int) -> None:
        cell = cells[(*group, bucket)]
        cell[0] += value
        cell[1] += 1

    def group(segment: str, rep: str | None, stage: str) -> tuple[Any, ...]:
        known = {"segment": segment, "rep": rep, "team": TEAM[rep], "stage": stage}
        return tuple(known[name] for name in by)

    for segment, created, before, after in deals:
        held, kept = scope.holds(before), scope.holds(after)
        a0 = 0 if before is None else before.amount or 0
        a1 = 0 if after is None else after.amount or 0
        if held:
            assert before is not None
            place = group(segment, before.rep, before.stage)
            add(place, "opening", a0)
            if after is not None and (bucket := change_of(before, after)):
                add(place, bucket, a1 - a0)
            how = None if kept else exit_of(after, scope)
            if how == "deleted":
                add(place, how, -a0)
                continue
            if how == "transferred_out":
                add(place, how, -a1)
                continue
            assert after is not None
            there = group(segment, after.rep, after.stage if kept else before.stage)
            if there != place:
                handed = group(segment, after.rep, before.stage) != place
                add(place, "transferred_out" if handed else "stage_out", -a1)
                add(there, "transferred_in" if handed else "stage_in", a1)
            add(there, how or "closing", -a1 if how else a1)
            continue
        just = after is not None and after.closed is not None and t0 < after.closed <= t1
        passing = just and after is not None and scope.dated(after.closed) and scope.owned(after)
        if not (kept or passing):
            continue
        assert after is not None
        place = group(segment, after.rep, after.stage)
        add(place, entry_of(before, created, t0, t1, scope), a1)
        add(place, after.outcome if passing else "closing", -a1 if passing else a1)
    return dict(cells)


def cells_of(table: sm.MetricTable) -> Cells:
    """Return the cells of a table that hold a deal, as the model has them."""
    minor = table.to_minor().tolist()
    found: Cells = {}
    for label, value, n in zip(table.labels, minor, table.n.tolist(), strict=True):
        assert value == 0 or n > 0
        if n:
            found[label if isinstance(label, tuple) else (label,)] = [value, n]
    return found
