"""Values in order, row by row: the same however they came together."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import salesmetrics as sm
from salesmetrics import _ranked
from salesmetrics._histograms import Histogram
from salesmetrics._ranked import Grouped, Ranked

SCALES = (1, 3, 1000, 2**31 - 1, 2**31, 2**40, 2**62)


@st.composite
def pairs(draw: Any) -> tuple[int, np.ndarray, np.ndarray]:
    """Return rows and values: few rows with many values and many rows with few, values that repeat and others that do not."""
    rows = draw(st.integers(1, 12))
    size = draw(st.sampled_from([0, 1, 5, 40, 400]))
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    most = draw(st.sampled_from(SCALES))
    least = draw(st.sampled_from([0, 0, -most]))
    return rows, rng.integers(0, rows, size), rng.integers(least, most, size, endpoint=True)


def plain(rows: int, row: np.ndarray, value: np.ndarray) -> list[list[int]]:
    """Return the sorted values of each row."""
    return [sorted(value[row == at].tolist()) for at in range(rows)]


def held(ranked: Ranked) -> list[list[int]]:
    """Return what a row holds, each value as often as it occurs."""
    often = np.ones(len(ranked.value), dtype=np.int64) if ranked.count is None else ranked.count
    ends = zip(ranked.starts[:-1], ranked.starts[1:], strict=True)
    return [np.repeat(ranked.value[a:b], often[a:b]).tolist() for a, b in ends]


@given(pairs(), st.integers(1, 4))
def test_values_come_in_order_in_whatever_parts(drawn: Any, parts: int) -> None:
    """One sort of packed pairs, or row by row from several parts: the same bits, the same type, the same form."""
    rows, row, value = drawn
    whole = Ranked.of(rows, row, value)
    assert held(whole) == plain(*drawn)
    assert whole.n.tolist() == [len(values) for values in plain(*drawn)]
    edges = [len(row) * at // parts for at in range(parts + 1)]
    grouped = [Grouped.of(rows, row[a:b].astype(np.int32), value[a:b]) for a, b in pairwise(edges)]
    found = Ranked.together(rows, grouped)
    assert found.equals(whole)
    assert found.value.dtype == whole.value.dtype
    runs = Histogram.of(row, value - value.min(initial=0))
    assert Ranked.of_histogram(rows, runs).equals(Ranked.of(rows, row, value - value.min(initial=0)))
    assert whole.value.dtype == (np.int32 if np.abs(value).max(initial=0) < 2**31 else np.int64)


@given(pairs(), st.data())
def test_parts_merge_to_the_whole(drawn: Any, data: st.DataObject) -> None:
    """Two parts whose rows move to new places, also in another order, add up to the whole."""
    rows, row, value = drawn
    value = np.abs(value)
    cut = data.draw(st.integers(0, len(row)))
    total = rows + data.draw(st.integers(0, 3))
    mine = np.array(data.draw(st.permutations(range(total))))[:rows]
    mine = np.sort(mine) if data.draw(st.booleans()) else mine
    left, right = Ranked.of(rows, row[:cut], value[:cut]), Ranked.of(rows, row[cut:], value[cut:])
    assert left.merged(right, mine, mine, total).equals(Ranked.of(total, mine[row], value))


def test_what_repeats_is_held_once() -> None:
    """List prices take the room of distinct ones; values that hardly repeat take no counts."""
    row = np.repeat([0, 2], 300)
    prices = Ranked.of(3, row, np.tile([100, 250, 900], 200))
    assert prices.value.tolist() == [100, 250, 900] * 2
    assert prices.count is not None
    assert prices.starts.tolist() == [0, 3, 3, 6]
    assert prices.n.tolist() == [300, 0, 300]
    others = Ranked.of(3, row, np.arange(600))
    assert others.count is None
    assert others.histogram().count.tolist() == [1] * 600
    assert not prices.equals(others)
    assert prices.equals(Ranked.of_histogram(3, prices.histogram()))


@pytest.mark.parametrize("of", ["won", "closed", "open", "all"])
@pytest.mark.parametrize("by", [None, "segment", ("rep", "segment")])
def test_a_tally_of_amounts_is_that_of_its_parts(of: str, by: Any, company: Any) -> None:
    """Many deals are read in batches and small parts pair by pair: both give one tally, missing amounts and credits too."""
    deals = company.deals
    minor = np.array(deals.columns["amount"].minor)
    minor[::97] *= -1
    known = np.arange(deals.rows) % 31 > 0
    deals = changed(deals, np.where(known, minor, 0), known)
    asked = {"by": by, "of": of, "negative": "exclude", "period": company.quotas.periods()}
    whole = sm.SizeTally.from_book(deals, **asked)
    parts = [sm.SizeTally.from_book(deals.take(range(at, deals.rows, 40)), **asked) for at in range(40)]
    assert sum(parts).equals(whole)
    assert whole.left_out.tolist() == sum(parts).left_out.tolist()
    assert whole.left_out[0] > 0


def test_threads_change_nothing(company: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows are read and sorted on threads: the same bits on one and on many."""
    monkeypatch.setattr("salesmetrics._threads.THREADED_ROWS", 1_000)
    monkeypatch.setattr("salesmetrics._threads.BLOCK", 4_096)
    monkeypatch.setattr("salesmetrics._threads._LEAST", 1_024)
    monkeypatch.setattr(_ranked, "_LONG", 16)
    tallies = []
    for count in (1, 2, 5):
        with sm.threads(count):
            tallies.append(sm.SizeTally.from_book(company.deals, by="rep"))
    assert all(each.equals(tallies[0]) for each in tallies)
    assert len(tallies[0].amounts.value) > _ranked._LONG * len(tallies[0].labels)


def test_a_credit_is_refused_by_its_first_row(company: Any) -> None:
    """However many are read at once, the refusal counts all credits that would count and names the first."""
    deals = company.deals
    won = np.flatnonzero(deals.columns["outcome"].codes == 1)
    minor = np.array(deals.columns["amount"].minor)
    minor[won[[700, 900, 2_000]]] = [-5_00, -7_00, -9_00]
    with pytest.raises(sm.InvalidDataError) as refused:
        sm.deal_size(changed(deals, minor, None), by="segment", stat="median")
    assert refused.value.row == won[700]
    assert refused.value.values == [-5.0]
    assert refused.value.message == "`amount` must be >= 0 in deal sizes; got 3 rows that are not."


@pytest.fixture(scope="module")
def company() -> Any:
    """Return a company with deals enough to be read in batches."""
    return sm.datasets.sample_company(deals=40_000, rng=5)


def changed(deals: sm.DealBook, minor: np.ndarray, known: np.ndarray | None) -> sm.DealBook:
    """Return deals with other amounts."""
    from salesmetrics.columns import MoneyColumn

    columns = {**deals.columns, "amount": MoneyColumn(minor, known, deals.scale)}
    return sm.DealBook(
        columns=columns, rows=deals.rows, currency=deals.currency, scale=deals.scale, as_of_day=deals.as_of_day
    )
