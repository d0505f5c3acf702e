"""All deals of the sample company, block by block, with their history and what each rep wins on each day."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np

from salesmetrics.arrays import AnyArray, IntArray
from salesmetrics.books.deals import DealBook
from salesmetrics.books.history import DealHistory
from salesmetrics.columns import Column, DayColumn, KeyColumn, LabelColumn, MoneyColumn, ProbabilityColumn
from salesmetrics.datasets import settings
from salesmetrics.datasets.chance import Draws, Words
from salesmetrics.datasets.days import Days
from salesmetrics.datasets.lives import CLOSED, WON, Fates, Plans, States, amounts_at, fates, live, plans
from salesmetrics.datasets.openings import open_deals
from salesmetrics.datasets.staff import Staff
from salesmetrics.domain import OUTCOMES

__all__ = ["Coin", "Ledger", "trade"]

FIRST_ID = 100_000_001
_BLOCK = 1 << 17
_KINDS: dict[str, Any] = {
    "amount": np.int64, "known": np.bool_, "expected_close": np.int32, "closed": np.int32, "rep": np.int16,
    "stage": np.int8, "outcome": np.int8, "ppm": np.int32, "category": np.int8,
    "segment": np.int8, "product": np.int8, "source": np.int8,
}  # fmt: skip
_TRACKED: dict[str, Any] = {
    "deal": np.int64, "date": np.int32, "stage": np.int8, "expected_close": np.int32, "amount": np.int64,
    "known": np.bool_,
}  # fmt: skip


@attrs.frozen
class Coin:
    """The money amounts are in."""

    currency: str | None
    scale: int

    def minor(self, cents: IntArray) -> IntArray:
        """Return hundredths of a major unit in minor units, cut where those are larger."""
        times, parts = 10 ** max(self.scale - 2, 0), 10 ** max(2 - self.scale, 0)
        return cents * np.int64(times) // np.int64(parts)

    def column(self, minor: AnyArray, known: AnyArray | None = None) -> MoneyColumn:
        """Return a column of amounts; what is not known is missing."""
        if known is None or bool(known.all()):
            return MoneyColumn(minor, None, self.scale)
        known.setflags(write=False)
        return MoneyColumn(minor, known, self.scale)


@attrs.frozen(eq=False)
class Ledger:
    """Deals, their history, and the minor units that each rep wins on each day, those of days to come included."""

    deals: DealBook
    history: DealHistory
    won: IntArray


def trade(draws: Draws, days: Days, staff: Staff, deals: int, coin: Coin, *, history: bool) -> Ledger:
    """Return so many deals and all that comes of them."""
    created, opener = open_deals(draws, days, staff, deals)
    held = {name: np.empty(deals, dtype=kind) for name, kind in _KINDS.items()}
    parts: list[dict[str, AnyArray]] = []
    last = int(days.quarters.ends[-1])
    won = np.zeros((len(staff), last - days.start), dtype=np.int64)
    for first in range(0, deals, _BLOCK):
        rows = slice(first, min(first + _BLOCK, deals))
        words = draws.words(rows.stop - first)
        begun = created[rows].astype(np.int64)
        fate = fates(words, days, staff, begun, opener[rows].astype(np.int64))
        plan = plans(words, days, staff, begun, fate)
        trail = _Trail(fate, plan, coin)
        live(days, begun, fate, plan, trail.record)
        for name, values in _settled(words, staff, days, fate, trail).items():
            held[name][rows] = values
        _credit(won, days, fate, coin)
        if history:
            parts.append(trail.changes(first))
    book = _deal_book(held, created, staff, coin, days)
    return Ledger(book, _history_book(parts, coin, days), won)


class _Trail:
    """Where the deals of a block stood after each change."""

    def __init__(self, fate: Fates, plan: Plans, coin: Coin) -> None:
        self.fate, self.plan, self.coin = fate, plan, coin
        self.states: list[States] = []
        size = len(fate.rep)
        self.stage = np.zeros(size, dtype=np.int64)
        self.expected = np.zeros(size, dtype=np.int64)
        self.count = np.zeros(size, dtype=np.int64)

    def record(self, step: int, now: States) -> None:
        """Keep where some deals stand after their next change."""
        self.states.append(now)
        self.stage[now.row] = now.stage
        self.expected[now.row] = now.expected
        self.count[now.row] = step + 1

    def named(self, stage: IntArray, row: IntArray) -> IntArray:
        """Return places among the stages of the process, those of the three outcomes told apart."""
        return np.where(stage == CLOSED, CLOSED - 1 + self.fate.outcome[row], stage)

    def changes(self, first: int) -> dict[str, AnyArray]:
        """Return one row for each change, those of a deal together and in order."""
        begin = np.cumsum(self.count) - self.count
        out = {name: np.empty(int(self.count.sum()), dtype=kind) for name, kind in _TRACKED.items()}
        for step, now in enumerate(self.states):
            at = begin[now.row] + step
            cents, known = amounts_at(now.stage, now.row, self.fate, self.plan)
            out["deal"][at] = now.row + (first + FIRST_ID)
            out["date"][at] = now.day
            out["stage"][at] = self.named(now.stage, now.row)
            out["expected_close"][at] = now.expected
            out["amount"][at] = self.coin.minor(cents)
            out["known"][at] = known
        return out


def _settled(words: Words, staff: Staff, days: Days, fate: Fates, trail: _Trail) -> dict[str, IntArray | AnyArray]:
    """Return the columns of deals as they stand on the last known day."""
    row = np.arange(len(fate.rep))
    stage = trail.stage
    closed = stage == CLOSED
    cents, known = amounts_at(stage, row, fate, trail.plan)
    ppm, category = _outlook(words, staff, fate, stage)
    return {
        "amount": trail.coin.minor(cents),
        "known": known,
        "expected_close": trail.expected,
        "closed": np.where(closed, fate.entered[3], -1),
        "rep": fate.rep,
        "stage": trail.named(stage, row),
        "outcome": np.where(closed, fate.outcome, 0),
        "ppm": ppm,
        "category": category,
        "segment": fate.segment,
        "product": fate.product,
        "source": fate.source,
    }


def _outlook(words: Words, staff: Staff, fate: Fates, stage: IntArray) -> tuple[IntArray, IntArray]:
    """Return the probability of each deal, and what its rep calls it."""
    won = fate.outcome == WON
    draw = words.next()
    shift = np.where(draw % 100 < 12, np.where(draw & 128, 100_000, -50_000), 0)
    open_ppm = np.array([*settings.STAGE_PPM, 0], dtype=np.int64)[stage] + shift
    ppm = np.where(stage == CLOSED, np.where(won, 1_000_000, 0), open_ppm)
    bias = staff.optimism[fate.rep]
    usual = np.array([*settings.OPEN_CATEGORY, 0], dtype=np.int64)[stage]
    higher = (draw >> 8) % 100 < np.maximum(bias - 100, 2)
    lower = (draw >> 8) % 100 >= np.minimum(bias, 98)
    left_out = (stage < 2) & (draw % 37 == 0)
    moved = np.clip(usual + higher - (lower & (usual > 1)), 1, 3)
    open_category = np.where(left_out, 0, moved)
    return ppm, np.where(stage == CLOSED, np.where(won, 4, 0), open_category)


def _credit(won: IntArray, days: Days, fate: Fates, coin: Coin) -> None:
    """Add the deals of a block that are won, or will be, to what their reps win on each day."""
    at = fate.entered[3] - days.start
    rows = np.flatnonzero((fate.outcome == WON) & (at < won.shape[1]))
    np.add.at(won.reshape(-1), fate.rep[rows] * won.shape[1] + at[rows], coin.minor(fate.cents[rows]))


def _deal_book(held: dict[str, AnyArray], created: AnyArray, staff: Staff, coin: Coin, days: Days) -> DealBook:
    """Return the deal book."""
    process = settings.sales_process()
    region = staff.region.astype(np.int8)[held["rep"]]
    columns: dict[str, Column] = {
        "id": KeyColumn(np.arange(FIRST_ID, FIRST_ID + len(created), dtype=np.int64)),
        "rep": staff.column(held["rep"]),
        "amount": coin.column(held["amount"], held["known"]),
        "created": DayColumn(created),
        "expected_close": DayColumn(held["expected_close"]),
        "closed": DayColumn(held["closed"]),
        "stage": LabelColumn(held["stage"], process.names, ordered=True),
        "outcome": LabelColumn(held["outcome"], OUTCOMES, ordered=True),
        "probability": ProbabilityColumn(held["ppm"]),
        "forecast_category": LabelColumn(held["category"], settings.CATEGORIES, ordered=True),
        "segment": LabelColumn(held["segment"], settings.SEGMENTS),
        "product": LabelColumn(held["product"], settings.PRODUCTS),
        "region": LabelColumn(region, settings.REGIONS),
        "source": LabelColumn(held["source"], settings.SOURCES),
    }
    return DealBook(
        columns=columns,
        rows=len(created),
        currency=coin.currency,
        scale=coin.scale,
        as_of_day=days.as_of,
        process=process,
    )


def _history_book(parts: list[dict[str, AnyArray]], coin: Coin, days: Days) -> DealHistory:
    """Return the history, giving up the parts column by column."""
    whole = {}
    for name, kind in _TRACKED.items():
        whole[name] = np.concatenate([np.zeros(0, dtype=kind), *(part.pop(name) for part in parts)])
    process = settings.sales_process()
    ends = np.array([OUTCOMES.index(process.outcome(name)) for name in process.names], dtype=np.int8)
    columns: dict[str, Column] = {
        "deal": KeyColumn(whole["deal"]),
        "date": DayColumn(whole["date"]),
        "stage": LabelColumn(whole["stage"], process.names, ordered=True),
        "outcome": LabelColumn(ends.take(whole["stage"]), OUTCOMES, ordered=True),
        "expected_close": DayColumn(whole["expected_close"]),
        "amount": coin.column(whole["amount"], whole["known"]),
    }
    return DealHistory(
        columns=columns,
        rows=len(whole["deal"]),
        currency=coin.currency,
        scale=coin.scale,
        as_of_day=days.as_of,
        process=process,
    )
