"""Deals and changes are counted a block at a time: the numbers are those of all rows at once, bit for bit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import attrs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import salesmetrics as sm
from salesmetrics._kernels import Axis, Range, packed_cells, row_cells
from salesmetrics.tallies import (
    CallTally,
    DwellTally,
    HygieneTally,
    MoveTally,
    PushTally,
    SlipTally,
    StageTally,
    TenureTally,
    TurnTally,
    WalkTally,
)
from salesmetrics.tally import Tally
from salesmetrics.trails import trails
from tests.stage_histories import Way, books, ways

SIZES = {
    "salesmetrics.trails._RUN": 40,
    "salesmetrics._threads.BLOCK": 37,
    "salesmetrics.calling._BLOCK": 23,
    "salesmetrics.tallies.hygiene._BLOCK": 5,
    "salesmetrics.tallies.turns._BLOCK": 50,
}


@contextmanager
def small_blocks(least: int = 1) -> Iterator[None]:
    """Make every block small."""
    with pytest.MonkeyPatch.context() as patch:
        for name, size in SIZES.items():
            patch.setattr(name, max(size // 10, 1) if least > 1 else size)
        yield


@pytest.fixture(scope="module")
def company() -> Any:
    """A company of some hundred deals."""
    return sm.datasets.sample_company(deals=400, rng=5)


def fresh(book: Any) -> Any:
    """Return a book that keeps nothing of earlier questions."""
    return attrs.evolve(book, columns={name: attrs.evolve(column) for name, column in book.columns.items()})


QUESTIONS: dict[str, Callable[..., Tally]] = {
    "stages": lambda c, deals, history, by, periods: StageTally.from_book(deals, history, by=by, period=periods),
    "cohorts": lambda c, deals, history, by, periods: StageTally.from_book(
        deals, history, by=by, period=periods, population="created", skips="observed"
    ),
    "moves": lambda c, deals, history, by, periods: MoveTally.from_book(deals, history, by=by, period=periods),
    "moves of cohorts": lambda c, deals, history, by, periods: MoveTally.from_book(
        deals, history, by=by, period=periods, population="created"
    ),
    "dwells": lambda c, deals, history, by, periods: DwellTally.from_book(deals, history, by=by, period=periods),
    "ages": lambda c, deals, history, by, periods: DwellTally.from_book(deals, history, by=by, until="now"),
    "pushes": lambda c, deals, history, by, periods: PushTally.from_book(deals, history, by=by, window=periods),
    "pushes by id": lambda c, deals, history, by, periods: PushTally.from_book(deals, history, by="id"),
    "slips": lambda c, deals, history, by, periods: SlipTally.from_book(deals, history, by=by, period=periods),
    "slips ahead": lambda c, deals, history, by, periods: SlipTally.from_book(
        deals, history, by=(*(by or ()), "weeks_ahead"), period=periods
    ),
    "walk": lambda c, deals, history, by, periods: WalkTally.from_book(deals, history, by=by, period=periods),
    "calls": lambda c, deals, history, by, periods: CallTally.from_book(c.forecasts, period=periods, week=(1, "last")),
    "turns": lambda c, deals, history, by, periods: TurnTally.from_book(deals, by=by, period=periods),
    "tenures": lambda c, deals, history, by, periods: TenureTally.from_book(deals, c.reps, c.quotas),
    "flags": lambda c, deals, history, by, periods: HygieneTally.from_book(
        deals, by=by, rules=sm.FlagRules(method="cycle_multiple")
    ),
}


@pytest.mark.parametrize("by", [None, ("segment",), ("rep", "segment")])
@pytest.mark.parametrize("shuffled", [False, True])
@pytest.mark.parametrize("question", QUESTIONS)
def test_blocks_change_no_bit(company: Any, question: str, shuffled: bool, by: tuple[str, ...] | None) -> None:
    """Every question gives the same tally from blocks of some rows as from all rows, in whatever order the deals stand."""
    ask, periods = QUESTIONS[question], company.quotas.periods()
    deals = company.deals
    if shuffled:
        deals = deals.take(np.random.default_rng(1).permutation(deals.rows))
    whole = ask(company, fresh(deals), fresh(company.history), by, periods)
    with small_blocks():
        history = fresh(company.history)
        parts = ask(company, fresh(deals), history, by, periods)
        again = ask(company, deals, history, by, periods)  # from what the history has kept
    assert parts.equals(whole)
    assert again.equals(whole)
    assert len(whole.labels) > 0


@settings(max_examples=150)
@given(ways(), st.sampled_from(["closed", "created"]), st.sampled_from(["first", "last"]))
def test_stages_of_any_history(found: list[Way], population: str, reentry: str) -> None:
    """Whatever deals do, and whatever is not known of them: stages, moves and days come out of runs of deals as of all."""

    def ask() -> list[Tally]:
        deals, history = books(found)
        return [
            StageTally.from_book(
                deals, history, by="segment", population=population, skips="observed", reentry=reentry
            ),
            MoveTally.from_book(deals, history, by="segment", population=population),
            DwellTally.from_book(deals, history, by="segment", until="exit", population=population, reentry=reentry),
            DwellTally.from_book(deals, history, by="segment", until="exit", population=population),
        ]

    whole = ask()
    with small_blocks(least=10):
        parts = ask()
    assert all(one.equals(other) for one, other in zip(parts, whole, strict=True))


def test_runs_of_trails_are_all_trails(company: Any) -> None:
    """Runs follow one another without a gap, and their changes are those of the whole, not copied."""
    tied = trails(company.deals, company.history)
    with small_blocks():
        bounds = tied.stretches()
    assert len(bounds) > 5
    assert [first for first, _ in bounds] == [0, *(last for _, last in bounds[:-1])]
    assert bounds[-1][1] == len(tied)
    parts = [tied.stretch(*each) for each in bounds]
    assert np.array_equal(np.concatenate([part.day for part in parts]), tied.day)
    assert np.array_equal(np.concatenate([part.born for part in parts]), tied.born)
    assert all(np.shares_memory(part.day, tied.day) for part in parts)
    assert sum(len(part) for part in parts) == len(tied)


def test_credits_of_all_periods_are_refused_together() -> None:
    """Amounts below 0 in several periods are refused once, with how many there are in all."""
    days = ["2026-01-10", "2026-04-10", "2026-07-10"]
    deals = sm.read_deals(
        {
            "id": [1, 2, 3],
            "created": ["2025-10-01"] * 3,
            "closed": days,
            "expected_close": days,
            "outcome": ["won"] * 3,
            "amount": [-10, 20, -30],
        },
        as_of="2026-12-31",
        allow_negative=True,
    )
    history = sm.read_history(
        {
            "deal": [1, 2, 3] * 2,
            "date": ["2025-10-01"] * 3 + days,
            "expected_close": days * 2,
            "outcome": ["open"] * 3 + ["won"] * 3,
            "amount": [-10, 20, -30] * 2,
        }
    )
    quarters = sm.FiscalCalendar().quarters("2026-01-01", "2026-09-30")
    with pytest.raises(sm.InvalidDataError, match="got 6 deals") as caught:
        SlipTally.from_book(deals, history, period=quarters)
    assert tuple(caught.value.values) == (-10.0, -30.0, -10.0, -30.0, -30.0, -30.0)
    assert SlipTally.from_book(deals, history, period=quarters, negative="exclude").credits.tolist() == [6]


def test_cells_of_rows() -> None:
    """The cell of every row, -1 where it is not kept: what the positions and cells of the kept rows say."""
    rng = np.random.default_rng(2)
    codes, days = rng.integers(-1, 4, 500).astype(np.int8), rng.integers(0, 9, 500).astype(np.int32)
    axes = (Axis(codes, 5, edge="last"), Axis(days, 9))
    keep = (Range(days, 2, 7),)
    with small_blocks():
        cells, every = row_cells(500, axes, keep=keep), row_cells(500, (), keep=())
    rows, packed = packed_cells(500, axes, keep=keep)
    expected = np.full(500, -1)
    expected[rows] = packed
    assert cells.tolist() == expected.tolist()
    assert every.tolist() == [0] * 500
