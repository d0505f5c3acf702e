"""One set of columns for every engine: deals as whole codes, and quotas."""

from __future__ import annotations

import datetime as dt
from typing import Any, TypeAlias

import attrs
import numpy as np
import numpy.typing as npt

import salesmetrics as sm
from salesmetrics.calendars import Period, Periods
from salesmetrics.columns import Column, DayColumn, LabelColumn, MoneyColumn, ProbabilityColumn
from salesmetrics.domain import OUTCOMES

Array: TypeAlias = npt.NDArray[Any]
REPS, SEGMENTS, QUARTERS = 2_000, 5, 20
LONGEST = 452
STAGES = ("qualification", "discovery", "proposal", "negotiation", "contract", "won", "lost")
_CHANCE = np.array([100_000, 250_000, 450_000, 600_000, 850_000], dtype=np.int32)
_LAST_WEEKS = 30


@attrs.frozen(eq=False)
class Data:
    """The columns, the books made of them, and what the jobs ask about."""

    columns: dict[str, Array]
    book: sm.DealBook
    quotas: sm.QuotaBook
    quota: npt.NDArray[np.int64]
    periods: Periods
    as_of: int
    lookup: tuple[int, npt.NDArray[np.integer]]

    @property
    def last(self) -> Period:
        """The running quarter."""
        return self.periods[QUARTERS - 1]


def made(rows: int, seed: int = 20_261_121) -> Data:
    """Return deals in random order of the day they closed, and one quota for each rep and quarter."""
    rng = np.random.default_rng(seed)
    quarters = sm.FiscalCalendar(start_month=2).quarters("2021-02-01", "2026-02-01")
    periods = Periods([quarters[i] for i in range(QUARTERS)])
    as_of = int(periods[QUARTERS - 1].end_day) - _LAST_WEEKS
    columns = _columns(rng, rows, periods, as_of)
    book = sm.DealBook(columns=_book_columns(columns), rows=rows, currency="USD", scale=2, as_of_day=as_of)
    quota = rng.integers(5_000, 60_000, (REPS, QUARTERS)) * 1_000_00
    return Data(columns, book, _quotas(quota, periods), quota, periods, as_of, periods.lookup())


def unread(data: Data) -> Data:
    """Return the same with new books of the same columns, which keep nothing of earlier questions."""
    book = attrs.evolve(data.book, columns=_book_columns(data.columns))
    return attrs.evolve(data, book=book, quotas=_quotas(data.quota, data.periods))


def rep_names() -> tuple[str, ...]:
    """Return the labels of reps, in order."""
    return tuple(f"rep {i:04d}" for i in range(REPS))


def _columns(rng: np.random.Generator, rows: int, periods: Periods, as_of: int) -> dict[str, Array]:
    """Return plain columns: codes from 0, days since 1970 (-1: none), cents, parts per million (-1: none)."""
    weight = 1.0 / (np.arange(REPS) + 20.0) ** 0.7
    order = rng.permutation(REPS)
    rep = order[np.searchsorted(np.cumsum(weight) / weight.sum(), rng.random(rows))].astype(np.int16)
    outcome = rng.choice(4, rows, p=[0.0245, 0.30, 0.60, 0.0755]).astype(np.int8)
    is_open = outcome == 0
    cycle = np.minimum(np.exp(rng.normal(4.2, 0.75, rows)), LONGEST).astype(np.int32)
    closed = rng.integers(periods[0].start_day, as_of + 1, rows).astype(np.int32)
    created = np.where(is_open, as_of - cycle, closed - cycle).astype(np.int32)
    expected = np.where(is_open, as_of + rng.integers(-30, 180, rows), closed).astype(np.int32)
    stage = np.where(is_open, rng.integers(0, 5, rows), np.where(outcome == 1, 5, 6)).astype(np.int8)
    base, table = periods.lookup()
    return {
        "rep": rep,
        "segment": rng.integers(0, SEGMENTS, rows).astype(np.int8),
        "stage": stage,
        "outcome": outcome,
        "amount": np.minimum(np.exp(rng.normal(14.5, 1.0, rows)), 1e9).astype(np.int64),
        "created": created,
        "closed": np.where(is_open, -1, closed).astype(np.int32),
        "expected_close": expected,
        "probability": np.where(is_open, _CHANCE[np.minimum(stage, 4)], -1).astype(np.int32),
        "quarter": np.where(is_open, -1, table.take(closed - base, mode="clip")).astype(np.int8),
    }


def _book_columns(columns: dict[str, Array]) -> dict[str, Column]:
    """Return the columns of a book, which share their arrays with the plain ones."""
    reps = rep_names()
    segments = tuple(f"segment {i}" for i in range(SEGMENTS))
    return {
        "rep": LabelColumn(columns["rep"], reps),
        "segment": LabelColumn(columns["segment"], segments),
        "stage": LabelColumn(columns["stage"], STAGES, ordered=True),
        "outcome": LabelColumn(columns["outcome"], OUTCOMES, ordered=True),
        "amount": MoneyColumn(columns["amount"], None, 2),
        "created": DayColumn(columns["created"]),
        "closed": DayColumn(columns["closed"]),
        "expected_close": DayColumn(columns["expected_close"]),
        "probability": ProbabilityColumn(columns["probability"]),
    }


def _quotas(quota: npt.NDArray[np.int64], periods: Periods) -> sm.QuotaBook:
    """Return one quota for each rep and quarter."""
    rep = np.repeat(np.arange(REPS), QUARTERS).astype(np.int16)
    columns: dict[str, Column] = {
        "rep": LabelColumn(rep, rep_names()),
        "start": DayColumn(np.tile(periods.starts.astype(np.int32), REPS)),
        "end": DayColumn(np.tile(periods.ends.astype(np.int32), REPS)),
        "amount": MoneyColumn(quota.reshape(-1), None, 2),
    }
    return sm.QuotaBook(columns=columns, rows=rep.size, currency="USD", scale=2)


def date(day: int) -> dt.date:
    """Return a day since 1970 as a date."""
    return dt.date(1970, 1, 1) + dt.timedelta(days=day)
