"""One set of columns for every engine: deals as whole codes, quotas and weekly forecasts, made part by part."""

from __future__ import annotations

import datetime as dt
import functools
from pathlib import Path
from typing import Any, TypeAlias

import attrs
import numpy as np
import numpy.typing as npt

import salesmetrics as sm
from salesmetrics.calendars import Period, Periods
from salesmetrics.columns import Column, DayColumn, LabelColumn, MoneyColumn, ProbabilityColumn
from salesmetrics.domain import OUTCOMES

Array: TypeAlias = npt.NDArray[Any]
SEED = 20_261_121
REPS, SEGMENTS, QUARTERS, WEEKS = 2_000, 5, 20, 260
LONGEST = 452
STAGES = ("qualification", "discovery", "proposal", "negotiation", "contract", "won", "lost")
PART = 1_000_000
_CHANCE = np.array([100_000, 250_000, 450_000, 600_000, 850_000], dtype=np.int32)
_LAST_WEEKS = 30


@attrs.frozen(eq=False)
class Data:
    """The columns, the books made of them, and what the jobs ask about."""

    columns: dict[str, Array]
    book: sm.DealBook
    quotas: sm.QuotaBook
    quota: npt.NDArray[np.int64]
    calls: sm.ForecastBook
    call: npt.NDArray[np.int64]
    periods: Periods
    as_of: int
    lookup: tuple[int, npt.NDArray[np.integer]]

    @property
    def rows(self) -> int:
        """How many deals."""
        return len(self.columns["rep"])

    @property
    def last(self) -> Period:
        """The running quarter."""
        return self.periods[QUARTERS - 1]


def quarters() -> Periods:
    """Return the twenty quarters that deals closed in."""
    found = sm.FiscalCalendar(start_month=2).quarters("2021-02-01", "2026-02-01")
    return Periods([found[i] for i in range(QUARTERS)])


def last_day(periods: Periods) -> int:
    """Return the day the deals are looked at, some weeks before the last quarter is over."""
    return int(periods[QUARTERS - 1].end_day) - _LAST_WEEKS


def made(rows: int, folder: Path | None = None, seed: int = SEED) -> Data:
    """Return deals in random order of the day they closed, a quota for each rep and quarter, a call for each rep and week.

    The first million deals are the same whatever the number of rows. With a folder the columns are kept in it.
    """
    columns = _kept(folder, rows, seed) if folder else _whole(rows, seed)
    return data_of(columns)


def data_of(columns: dict[str, Array]) -> Data:
    """Return the columns with their books."""
    periods = quarters()
    rng = np.random.default_rng(SEED)
    quota = rng.integers(5_000, 60_000, (REPS, QUARTERS)) * 1_000_00
    usual = len(columns["rep"]) * 0.3 * 3_270_000 / (REPS * WEEKS)  # what a rep books in a week
    call = (rng.random((REPS, WEEKS)) * 2 * usual).astype(np.int64)
    book = _book(columns, last_day(periods))
    return Data(
        columns,
        book,
        _quotas(quota, periods),
        quota,
        _calls(call, periods),
        call,
        periods,
        last_day(periods),
        periods.lookup(),
    )


def unread(data: Data) -> Data:
    """Return the same with new books of the same columns, which keep nothing of earlier questions."""
    quotas, calls = _quotas(data.quota, data.periods), _calls(data.call, data.periods)
    return attrs.evolve(data, book=_book(data.columns, data.as_of), quotas=quotas, calls=calls)


@functools.cache
def rep_names() -> tuple[str, ...]:
    """Return the labels of reps, in order."""
    return tuple(f"rep {i:04d}" for i in range(REPS))


@functools.cache
def segment_names() -> tuple[str, ...]:
    """Return the labels of segments, in order."""
    return tuple(f"segment {i}" for i in range(SEGMENTS))


def part(number: int, rows: int, seed: int = SEED) -> dict[str, Array]:
    """Return plain columns of one part: codes from 0, days since 1970 (-1: none), cents, parts per million (-1: none)."""
    rng = np.random.default_rng([seed, number])
    periods = quarters()
    as_of = last_day(periods)
    weight = 1.0 / (np.arange(REPS) + 20.0) ** 0.7
    order = np.random.default_rng(seed).permutation(REPS)
    at = np.searchsorted(np.cumsum(weight) / weight.sum(), rng.random(rows))
    outcome = rng.choice(4, rows, p=[0.0245, 0.30, 0.60, 0.0755]).astype(np.int8)
    is_open = outcome == 0
    cycle = np.minimum(np.exp(rng.normal(4.2, 0.75, rows)), LONGEST).astype(np.int32)
    closed = rng.integers(periods[0].start_day, as_of + 1, rows).astype(np.int32)
    expected = np.where(is_open, as_of + rng.integers(-30, 180, rows), closed).astype(np.int32)
    stage = np.where(is_open, rng.integers(0, 5, rows), np.where(outcome == 1, 5, 6)).astype(np.int8)
    base, table = periods.lookup()
    week = (closed - periods[0].start_day) // 7
    return {
        "rep": order[np.minimum(at, REPS - 1)].astype(np.int16),
        "segment": rng.integers(0, SEGMENTS, rows).astype(np.int8),
        "stage": stage,
        "outcome": outcome,
        "amount": np.minimum(np.exp(rng.normal(14.5, 1.0, rows)), 1e9).astype(np.int64),
        "created": np.where(is_open, as_of - cycle, closed - cycle).astype(np.int32),
        "closed": np.where(is_open, -1, closed).astype(np.int32),
        "expected_close": expected,
        "probability": np.where(is_open, _CHANCE[np.minimum(stage, 4)], -1).astype(np.int32),
        "quarter": np.where(is_open, -1, table.take(closed - base, mode="clip")).astype(np.int8),
        "week": np.where(is_open | (week >= WEEKS), -1, week).astype(np.int16),
    }


def _whole(rows: int, seed: int) -> dict[str, Array]:
    """Return the columns of all parts, written into place one after the other."""
    columns: dict[str, Array] = {}
    for start in range(0, rows, PART):
        for name, values in part(start // PART, min(PART, rows - start), seed).items():
            if start == 0:
                columns[name] = np.empty(rows, dtype=values.dtype)
            columns[name][start : start + len(values)] = values
    return columns


def _kept(folder: Path, rows: int, seed: int) -> dict[str, Array]:
    """Return the columns that a folder holds, made and put there first where it does not."""
    home = folder / f"deals-{rows}-{seed}"
    if not (home / "done").exists():
        home.mkdir(parents=True, exist_ok=True)
        for name, values in _whole(rows, seed).items():
            np.save(home / f"{name}.npy", values)
        (home / "done").touch()
    return {path.stem: np.load(path) for path in sorted(home.glob("*.npy"))}


# --- books -----------------------------------------------------------------------------------------------------------


def _book(columns: dict[str, Array], as_of: int) -> sm.DealBook:
    """Return a book whose columns share their arrays with the plain ones."""
    held: dict[str, Column] = {
        "rep": LabelColumn(columns["rep"], rep_names()),
        "segment": LabelColumn(columns["segment"], segment_names()),
        "stage": LabelColumn(columns["stage"], STAGES, ordered=True),
        "outcome": LabelColumn(columns["outcome"], OUTCOMES, ordered=True),
        "amount": MoneyColumn(columns["amount"], None, 2),
        "created": DayColumn(columns["created"]),
        "closed": DayColumn(columns["closed"]),
        "expected_close": DayColumn(columns["expected_close"]),
        "probability": ProbabilityColumn(columns["probability"]),
    }
    return sm.DealBook(columns=held, rows=len(columns["rep"]), currency="USD", scale=2, as_of_day=as_of)


def _quotas(quota: npt.NDArray[np.int64], periods: Periods) -> sm.QuotaBook:
    """Return one quota for each rep and quarter."""
    held: dict[str, Column] = {
        "rep": LabelColumn(np.repeat(np.arange(REPS), QUARTERS).astype(np.int16), rep_names()),
        "start": DayColumn(np.tile(periods.starts.astype(np.int32), REPS)),
        "end": DayColumn(np.tile(periods.ends.astype(np.int32), REPS)),
        "amount": MoneyColumn(quota.reshape(-1), None, 2),
    }
    return sm.QuotaBook(columns=held, rows=quota.size, currency="USD", scale=2)


def _calls(call: npt.NDArray[np.int64], periods: Periods) -> sm.ForecastBook:
    """Return one call for each rep and week, given on its first day."""
    start = np.tile((periods[0].start_day + 7 * np.arange(WEEKS)).astype(np.int32), REPS)
    held: dict[str, Column] = {
        "rep": LabelColumn(np.repeat(np.arange(REPS), WEEKS).astype(np.int16), rep_names()),
        "start": DayColumn(start),
        "end": DayColumn(start + np.int32(7)),
        "given": DayColumn(start),
        "category": LabelColumn(np.zeros(call.size, dtype=np.int8), ("commit",)),
        "amount": MoneyColumn(call.reshape(-1), None, 2),
    }
    return sm.ForecastBook(columns=held, rows=call.size, currency="USD", scale=2)


def date(day: int) -> dt.date:
    """Return a day since 1970 as a date."""
    return dt.date(1970, 1, 1) + dt.timedelta(days=day)
