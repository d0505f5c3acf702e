"""One history for every engine: changes of deals, sorted by deal and then by day, and the deals they belong to."""

from __future__ import annotations

import attrs
import numpy as np

import salesmetrics as sm
from benchmarks.data import LONGEST, REPS, SEGMENTS, STAGES, Array, rep_names
from salesmetrics.calendars import Period
from salesmetrics.columns import Column, DayColumn, KeyColumn, LabelColumn, MoneyColumn
from salesmetrics.domain import OUTCOMES, SalesProcess, Stage

OPEN_STAGES = 5
PROCESS = SalesProcess(
    [Stage(name, i + 1) for i, name in enumerate(STAGES[:OPEN_STAGES])]
    + [Stage("won", OPEN_STAGES + 1, outcome="won"), Stage("lost", OPEN_STAGES + 2, outcome="lost")]
)
FIRST_DAY, DAYS_OF_DATA = 18_659, 1_826
_PART = 1_000_000


@attrs.frozen(eq=False)
class Past:
    """The plain columns, the books made of them, and the days that the jobs ask about."""

    changes: dict[str, Array]
    deals: dict[str, Array]
    book: sm.DealBook
    history: sm.DealHistory
    quarter: Period
    days: tuple[int, ...]

    @property
    def span(self) -> tuple[int, int]:
        """The day before the quarter, and its last day."""
        return self.quarter.start_day - 1, self.quarter.end_day - 1


def made_past(rows: int, seed: int = 20_261_122) -> Past:
    """Return so many deals and the some four changes of each.

    A deal moves through some of the stages in order, one change each, up to its close.
    """
    rng = np.random.default_rng(seed)
    last = FIRST_DAY + DAYS_OF_DATA - 1
    parts = [_part(rng, at, min(at + _PART, rows), last) for at in range(0, rows, _PART)]
    changes = {name: np.concatenate([part[0][name] for part in parts]) for name in parts[0][0]}
    deals = {name: np.concatenate([part[1][name] for part in parts]) for name in parts[0][1]}
    quarter = sm.FiscalCalendar(start_month=2).quarters("2025-02-01", "2025-05-01")[0]
    days = tuple(range(last - 4 * 91, last, 91))
    return Past(changes, deals, _book(deals, last), _history(changes), quarter, days)


def unread_past(past: Past) -> Past:
    """Return the same with new books of the same columns, which keep nothing of earlier questions."""
    return attrs.evolve(past, book=_book(past.deals, past.book.as_of_day), history=_history(past.changes))


def _part(rng: np.random.Generator, first: int, stop: int, last: int) -> tuple[dict[str, Array], dict[str, Array]]:
    """Return changes and deals of some ids: codes from 0, days since 1970 (-1: none), cents."""
    size = stop - first
    created = rng.integers(FIRST_DAY, last + 1, size).astype(np.int32)
    cycle = np.minimum(np.exp(rng.normal(3.55, 0.75, size)) + 1, LONGEST).astype(np.int32)
    end = np.where(rng.random(size) < 0.33, 1, 2).astype(np.int8)
    there = rng.random((size, OPEN_STAGES + 1), dtype=np.float32) < 0.6
    there[:, [0, OPEN_STAGES]] = True
    share = (np.arange(OPEN_STAGES + 1) + rng.random(there.shape, dtype=np.float32)) / (OPEN_STAGES + 1)
    share[:, 0], share[:, OPEN_STAGES] = 0, 1
    day = created[:, None] + (cycle[:, None] * share).astype(np.int32)
    at = np.flatnonzero(there & (day <= last))
    deal, stage = at // (OPEN_STAGES + 1), (at % (OPEN_STAGES + 1)).astype(np.int8)
    closes = stage == OPEN_STAGES
    outcome = np.where(closes, end[deal], 0).astype(np.int8)
    stage += outcome == 2
    day = day.reshape(-1)[at]
    amount = np.minimum(np.exp(rng.normal(14.5, 1.0, size)), 1e9).astype(np.int64)[deal]
    amount += (rng.random(len(at), dtype=np.float32) < 0.15) * rng.integers(-20_000, 50_000, len(at))
    due = (created + cycle)[deal] + (rng.normal(0, 25, len(at))).astype(np.int32)
    expected = np.where(closes, day, np.maximum(due, day)).astype(np.int32)
    final = np.append(deal[1:] != deal[:-1], True)
    changes = {
        "deal": (deal + first).astype(np.int32),
        "day": day,
        "stage": stage,
        "outcome": outcome,
        "expected_close": expected,
        "amount": amount,
    }
    over = outcome[final] > 0
    return changes, {
        "rep": rng.integers(0, REPS, size).astype(np.int16),
        "segment": rng.integers(0, SEGMENTS, size).astype(np.int8),
        "created": created,
        "closed": np.where(over, day[final], -1).astype(np.int32),
        **{name: changes[name][final] for name in ("stage", "outcome", "expected_close", "amount")},
    }


def _history(changes: dict[str, Array]) -> sm.DealHistory:
    """Return the history of the changes, which shares its arrays with them."""
    columns: dict[str, Column] = {
        "deal": KeyColumn(changes["deal"]),
        "date": DayColumn(changes["day"]),
        "stage": LabelColumn(changes["stage"], PROCESS.names, ordered=True),
        "outcome": LabelColumn(changes["outcome"], OUTCOMES, ordered=True),
        "expected_close": DayColumn(changes["expected_close"]),
        "amount": MoneyColumn(changes["amount"], None, 2),
    }
    rows = len(changes["deal"])
    return sm.DealHistory(columns=columns, rows=rows, currency="USD", scale=2, process=PROCESS)


def _book(deals: dict[str, Array], last: int | None) -> sm.DealBook:
    """Return the book of the deals, which shares its arrays with them."""
    rows = len(deals["rep"])
    columns: dict[str, Column] = {
        "id": KeyColumn(np.arange(rows, dtype=np.int32)),
        "rep": LabelColumn(deals["rep"], rep_names()),
        "segment": LabelColumn(deals["segment"], tuple(f"segment {i}" for i in range(SEGMENTS))),
        "stage": LabelColumn(deals["stage"], PROCESS.names, ordered=True),
        "outcome": LabelColumn(deals["outcome"], OUTCOMES, ordered=True),
        "amount": MoneyColumn(deals["amount"], None, 2),
        "created": DayColumn(deals["created"]),
        "closed": DayColumn(deals["closed"]),
        "expected_close": DayColumn(deals["expected_close"]),
    }
    return sm.DealBook(columns=columns, rows=rows, currency="USD", scale=2, as_of_day=last, process=PROCESS)
