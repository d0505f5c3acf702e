"""Calls in columns: which one counts, whatever way they are read and however they are cut."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import salesmetrics as sm
from salesmetrics import calling
from salesmetrics.books import ForecastBook
from salesmetrics.calendars import Period, Periods
from salesmetrics.columns import Column, DayColumn, LabelColumn, MoneyColumn

YEAR = sm.FiscalCalendar().quarters("2024-01-01", "2025-01-01")
FIRST = Period("2024-01-01", "2024-01-08").start_day
KINDS = ("commit", "best_case")


@st.composite
def books(draw: Any) -> ForecastBook:
    """Return calls for weeks or quarters, by few reps or many, in any order, some of them unknown, unowned or twice a day."""
    rows = draw(st.sampled_from([0, 1, 7, 60, 400]))
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    reps = draw(st.sampled_from([1, 3, 500]))
    spread = draw(st.sampled_from([1, 4, 40]))
    start = FIRST + 7 * rng.integers(0, spread, rows)
    length = rng.choice([7, 7, 14, 91] if draw(st.booleans()) else [7], rows)
    if rows and draw(st.booleans()):
        start[0] = FIRST + 2_000_000  # so far off that no table of days is made
    columns: dict[str, Column] = {
        "rep": LabelColumn(rng.integers(-1 if draw(st.booleans()) else 0, reps, rows), rep_names(reps)),
        "start": DayColumn(start.astype(np.int32)),
        "end": DayColumn((start + length).astype(np.int32)),
        "given": DayColumn((start + rng.integers(-3, 20, rows)).astype(np.int32)),
        "category": LabelColumn(rng.integers(0, 2, rows), KINDS),
        "amount": MoneyColumn(
            rng.integers(-50, 50, rows), rng.random(rows) > 0.1 if draw(st.booleans()) else None, scale=2
        ),
    }
    book = ForecastBook(columns=columns, rows=rows, currency=None, scale=2)
    return book.take(np.lexsort((start, columns["rep"].codes))) if draw(st.booleans()) else book


def rep_names(reps: int) -> tuple[str, ...]:
    """Return labels in order."""
    return tuple(f"rep {at:03d}" for at in range(reps))


def slow(book: ForecastBook, period: Periods | None, kinds: tuple[str, ...], weeks: tuple[Any, ...]) -> dict[Any, Any]:
    """Return the day and the amount of the call that counts by rep, period, category and week, call by call."""
    found: dict[Any, Any] = {}
    columns = [book.columns[name] for name in ("rep", "start", "end", "given", "category", "amount")]
    rep, start, end, said, kind, money = columns
    known = np.ones(book.rows, dtype=bool) if money.known is None else money.known
    for row in range(book.rows):
        span = Period(calling._check.date_of(start.days[row]), calling._check.date_of(end.days[row]))
        inside = period is None or any(p.start <= span.start and span.end <= p.end for p in period)
        if rep.codes[row] < 0 or not known[row] or not inside:
            continue
        counts = found.setdefault((rep.levels[rep.codes[row]], span), {})
        for week in weeks if KINDS[kind.codes[row]] in kinds else ():
            number = span.weeks if week == "last" else week
            last = span.end_day if number == span.weeks else span.start_day + 7 * number
            if number <= span.weeks and said.days[row] < last:
                key = (KINDS[kind.codes[row]], week)
                counts[key] = max(counts.get(key, (-(2**62), 0)), (int(said.days[row]), int(money.minor[row])))
    return found


@given(books(), st.sampled_from([None, YEAR]), st.data())
def test_the_call_that_counts(book: ForecastBook, period: Periods | None, data: st.DataObject) -> None:
    """Read in blocks of any size, with tables of all cells or of those that occur: what a plain loop finds."""
    kinds = data.draw(st.sampled_from([("commit",), ("best_case", "commit")]))
    weeks = data.draw(st.sampled_from([(1,), (2, "last"), ("last",)]))
    asked = {"by": "rep", "period": period, "category": kinds, "week": weeks}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(calling, "_BLOCK", data.draw(st.sampled_from([5, 64, 1 << 16])))
        tally = sm.CallTally.from_book(book, **asked)
    expected = slow(book, period, kinds, weeks)
    assert list(tally.labels) == sorted(expected)
    for row, label in enumerate(tally.labels):
        for at, kind in enumerate(kinds):
            for column, week in enumerate(weeks):
                day, amount = expected[label].get((kind, week), (calling.NEVER, 0))
                assert (int(tally.given[row, at, column]), int(tally.amount[row, at, column])) == (day, amount)
    cut = data.draw(st.integers(0, book.rows))
    parts = [book.take(range(cut)), book.take(range(cut, book.rows))]
    merged = sum(sm.CallTally.from_book(part, **asked) for part in parts)
    assert merged.equals(tally)
    assert merged.calls.tolist() == tally.calls.tolist()


def weekly(*rows: tuple[int, int, int, int]) -> ForecastBook:
    """Return calls of (rep, week, days after its start, amount)."""
    rep, week, said, amount = (np.array(column, dtype=np.int32) for column in zip(*rows, strict=True))
    start = FIRST + 7 * week
    columns: dict[str, Column] = {
        "rep": LabelColumn(rep.astype(np.int8), rep_names(3)),
        "start": DayColumn(start),
        "end": DayColumn(start + np.int32(7)),
        "given": DayColumn(start + said),
        "category": LabelColumn(np.zeros(len(rep), dtype=np.int8), KINDS),
        "amount": MoneyColumn(amount.astype(np.int64), None, 2),
    }
    return ForecastBook(columns=columns, rows=len(rep), currency=None, scale=2)


def test_of_two_on_one_day_the_larger_counts_across_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A later block brings a larger amount of the same day, then a smaller one, then one of an earlier day."""
    monkeypatch.setattr(calling, "_BLOCK", 4)
    everybody = [(rep, week) for rep in range(2) for week in range(2)]
    said = [(2, 50), (2, 60), (2, 30), (1, 90)]
    book = weekly(*((rep, week, day, amount) for day, amount in said for rep, week in everybody))
    tally = sm.CallTally.from_book(book, by="rep")
    assert tally.amount.reshape(-1).tolist() == [60] * 4
    assert tally.given.reshape(2, 2).tolist() == [[FIRST + 2, FIRST + 9]] * 2
    assert tally.calls.tolist() == [4] * 4


def test_rows_that_only_look_like_everybody_in_every_period() -> None:
    """As many rows as weeks, one after the other, of two reps: each keeps its own weeks."""
    tally = sm.CallTally.from_book(weekly((0, 1, 0, 10), (0, 2, 0, 20), (1, 0, 0, 30)), by="rep")
    spans = [Period(f"2024-01-{day:02d}", f"2024-01-{day + 7:02d}") for day in (1, 8, 15)]
    assert list(tally.labels) == [("rep 000", spans[1]), ("rep 000", spans[2]), ("rep 001", spans[0])]
    assert tally.amount.reshape(-1).tolist() == [10, 20, 30]
