"""Counts and exact sums: any cells, any blocks, any threads, near the ends of int64."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesmetrics import _adding, _workbench
from salesmetrics._histograms import Histogram, runs, scatter
from salesmetrics._kernels import (
    Addend,
    Axis,
    Range,
    capped,
    cell_count,
    largest_difference,
    packed_cells,
    positions,
    tabulate,
)
from salesmetrics._threads import BLOCK, thread_count, threads
from salesmetrics._wide import LIMBS, CellOverflow, carried, checked_add, limbs_of, wide_ints
from salesmetrics._workbench import KEPT, Workbench
from salesmetrics.errors import InvalidArgumentError

MOST = 2**63 - 1


def ints(values: Any) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Return whole numbers as int64."""
    return np.array(values, dtype=np.int64)


def addend(values: Any) -> Addend:
    """Return a column to add up with its largest absolute value."""
    column = ints(values)
    return Addend(column, max((abs(int(v)) for v in column), default=0))


def slow(cells: list[int], values: list[int], size: int) -> tuple[list[int], list[int]]:
    """Return counts and sums of cells in Python ints; a cell of -1 is not wanted."""
    count, total = [0] * size, [0] * size
    for cell, value in zip(cells, values, strict=True):
        if 0 <= cell < size:
            count[cell] += 1
            total[cell] += value
    return count, total


# --- counts and sums ---------------------------------------------------------------------------------------------


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2), st.integers(-(2**53), 2**53)), max_size=30),
    st.sampled_from([np.int8, np.int16, np.int32, np.int64]),
)
def test_sums_of_two_axes(rows: list[tuple[int, int, int]], kind: type) -> None:
    """Codes of any size: the cell is the place in the table of both, row-major."""
    a, b, value = (np.array([row[i] for row in rows], dtype=np.int64) for i in range(3))
    found = tabulate(len(rows), (Axis(a.astype(kind), 4), Axis(b.astype(kind), 3)), sums=(addend(value),))
    count, total = slow((a * 3 + b).tolist(), value.tolist(), 12)
    assert found.count.tolist() == count
    assert found.sums[0].tolist() == total
    assert found.sums[0].dtype == np.int64


def test_no_axis_is_one_cell() -> None:
    """Without axes there is one cell, of all kept rows; without rows it is empty."""
    found = tabulate(3, (), keep=(Range(ints([1, 2, 3]), 2, None),), sums=(addend([10, 20, 30]),))
    assert (found.count.tolist(), found.sums[0].tolist()) == ([2], [50])
    empty = tabulate(0, (Axis(ints([]), 2),), sums=(addend([]),))
    assert (empty.count.tolist(), empty.sums[0].tolist()) == ([0, 0], [0, 0])
    assert cell_count(()) == 1
    assert cell_count((Axis(ints([]), 2**40), Axis(ints([]), 2**40))) == 2**80


def test_missing_codes_are_looked_up() -> None:
    """A table may send -1 to a place of its own, or nowhere."""
    codes = np.array([0, -1, 1, -1], dtype=np.int8)
    own = Axis(codes, 3, table=ints([2, 0, 1]), base=-1)
    assert tabulate(4, (own,)).count.tolist() == [1, 1, 2]
    nowhere = Axis(codes, 2, table=ints([-1, 0, 1]), base=-1)
    assert tabulate(4, (nowhere,)).count.tolist() == [1, 1]


@given(st.lists(st.integers(-1, 40), max_size=30), st.integers(1, 12), st.integers(0, 12))
def test_edges_of_a_period_axis(days: list[int], start: int, length: int) -> None:
    """Days before the first, after the last and missing ones fall outside, by clipping to cells that are not wanted."""
    table = ints([-1, *[0] * length, *[1] * 5, -1])
    axis = Axis(np.array(days, dtype=np.int32), 2, table=table, base=start - 1)
    cells = [0 if start <= d < start + length else 1 if start + length <= d < start + length + 5 else -1 for d in days]
    found = tabulate(len(days), (axis,), sums=(addend(days),))
    count, total = slow(cells, days, 2)
    assert (found.count.tolist(), found.sums[0].tolist()) == (count, total)


def test_an_axis_of_differences() -> None:
    """The position may be a difference of two columns, such as an age in days."""
    closed, created = np.array([5, 9, 4], dtype=np.int32), np.array([5, 2, 1], dtype=np.int32)
    assert tabulate(3, (Axis(closed, 8, minus=created),)).count.tolist() == [1, 0, 0, 1, 0, 0, 0, 1]


def test_unwanted_on_any_axis_is_unwanted() -> None:
    """A row that one axis does not want is in no cell, wherever the other would put it."""
    first = Axis(np.array([0, 1, 1], dtype=np.int8), 2)
    second = Axis(np.array([0, 1, 2], dtype=np.int8), 3, table=ints([0, -1, 2]))
    assert tabulate(3, (first, second)).count.tolist() == [1, 0, 0, 0, 0, 1]
    assert tabulate(3, (second, first)).count.tolist() == [1, 0, 0, 0, 0, 1]


def test_ranges_keep_rows() -> None:
    """Half-open on each side, several together; no bound on a side keeps all of it."""
    values = np.array([1, 2, 3, 4], dtype=np.int32)
    for low, high, kept in (
        (2, 4, [1, 2]),
        (None, 3, [0, 1]),
        (3, None, [2, 3]),
        (None, None, [0, 1, 2, 3]),
        (4, 2, []),
    ):
        assert positions(4, (Range(values, low, high),)).tolist() == kept
    assert positions(4, (Range(values, 2, None), Range(values, None, 4))).tolist() == [1, 2]
    mask = np.array([True, False, True, False]).view(np.uint8)
    assert tabulate(4, (), keep=(Range(mask, 1, None),), sums=(addend([1, 10, 100, 1000]),)).sums[0].tolist() == [101]


def test_counts_are_optional() -> None:
    """Sums alone leave the counts at zero."""
    assert tabulate(2, (), sums=(addend([1, 2]),), count=False).count.tolist() == [0]


# --- near the ends of int64 --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "values",
    [
        [2**62, 2**62 - 1],
        [2**62, 2**62, -1],
        [-(2**62), -(2**62)],
        [MOST, 1, -1],
        [MOST, MOST, -MOST, -MOST],
        [2**53 - 1] * 1000,
        [-(2**63) + 1, -1],
        [0xFFFFFFFF, 0x100000000, -0x100000000, -1],
    ],
)
def test_sums_that_fit_are_exact(values: list[int]) -> None:
    """Partial sums may leave int64; the sum itself is exact where it does not, in any order."""
    for order in (values, values[::-1], sorted(values)):
        found = tabulate(len(order), (), sums=(addend(order),))
        assert found.sums[0].tolist() == [sum(values)]


@pytest.mark.parametrize("values", [[MOST, 1], [2**62, 2**62], [-(2**62), -(2**62), -1], [MOST] * 5])
def test_sums_that_do_not_fit_are_refused(values: list[int]) -> None:
    """A total beyond int64 names its cell; it is never wrapped."""
    cells = Axis(np.full(len(values), 2, dtype=np.int8), 4)
    with pytest.raises(CellOverflow) as caught:
        tabulate(len(values), (cells,), sums=(addend(values),))
    assert caught.value.cell == 2


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(-MOST, MOST)), min_size=1, max_size=12))
def test_every_sum_is_exact_or_refused(rows: list[tuple[int, int]]) -> None:
    """Python ints agree, or the first cell whose sum they say leaves int64 is named."""
    cells, values = [row[0] for row in rows], [row[1] for row in rows]
    _, total = slow(cells, values, 3)
    beyond = [cell for cell in range(3) if not -(2**63) <= total[cell] <= MOST]
    axis = Axis(np.array(cells, dtype=np.int16), 3)
    if beyond:
        with pytest.raises(CellOverflow) as caught:
            tabulate(len(rows), (axis,), sums=(addend(values),))
        assert caught.value.cell == beyond[0]
    else:
        assert tabulate(len(rows), (axis,), sums=(addend(values),)).sums[0].tolist() == total


@pytest.mark.parametrize(
    ("left", "right", "place"),
    [([1, 2], [3, -4], None), ([MOST, 0], [0, MOST], None), ([0, MOST], [0, 1], 1), ([-(2**63)], [-1], 0)],
)
def test_tables_are_added_with_a_check(left: list[int], right: list[int], place: int | None) -> None:
    """The sum of two tables is exact or names the first place that leaves int64."""
    if place is None:
        assert checked_add(ints(left), ints(right)).tolist() == [a + b for a, b in zip(left, right, strict=True)]
    else:
        with pytest.raises(CellOverflow) as caught:
            checked_add(ints(left), ints(right))
        assert caught.value.cell == place


# --- wider than int64 ----------------------------------------------------------------------------------------------

WIDE = st.integers(-(2**53) + 1, 2**53 - 1)


def products(cells: Any, left: Any, right: Any, size: int, **options: Any) -> np.ndarray[Any, Any]:
    """Return the sums of products of each cell, as limbs."""
    a, b = ints(left), ints(right)
    largest = max((abs(int(x)) for x in a), default=0) * max((abs(int(x)) for x in b), default=0)
    axes = (Axis(np.array(cells, dtype=np.int8), size),) if size else ()
    return tabulate(len(a), axes, sums=(Addend(a, largest, times=b),), **options).sums[0]


@given(st.lists(st.tuples(st.integers(0, 2), WIDE, WIDE | st.integers(-3, 3)), max_size=20))
def test_sums_of_products_are_those_of_python(rows: list[tuple[int, int, int]]) -> None:
    """Sums of products of the largest amounts equal Python's, in one canonical form."""
    cells, left, right = ([row[i] for row in rows] for i in range(3))
    limbs = products(cells, left, right, 3)
    want = [sum(a * b for c, a, b in rows if c == cell) for cell in range(3)]
    assert limbs.shape == (3, LIMBS)
    assert wide_ints(limbs) == want
    assert (carried(limbs) == limbs).all()
    assert ((limbs[:, :-1] >= 0) & (limbs[:, :-1] < 2**36)).all()
    assert np.array_equal(limbs, limbs_of(want))


@given(st.lists(st.tuples(st.integers(-(2**31), 2**31), st.integers(-(2**31), 2**31)), max_size=12))
def test_products_that_fit_are_summed_in_halves(rows: list[tuple[int, int]]) -> None:
    """Where one product fits int64 and the sum may not, the answer has the same form."""
    limbs = products(None, [row[0] for row in rows], [row[1] for row in rows], 0)
    assert wide_ints(limbs) == [sum(a * b for a, b in rows)]
    assert np.array_equal(limbs, limbs_of([sum(a * b for a, b in rows)]))


def test_sums_of_products_over_many_blocks() -> None:
    """The largest amounts in more rows than a block, with rows left out, are exact."""
    rows = 3 * BLOCK + 7
    values = np.full(rows, 2**53 - 1)
    values[::2] *= -1
    assert wide_ints(products(None, values, values, 0)) == [rows * (2**53 - 1) ** 2]
    keep = (Range(np.arange(rows), 5, rows - 5),)
    assert wide_ints(products(None, values, np.ones(rows, dtype=np.int64), 0, keep=keep)) == [int(values[5:-5].sum())]


def test_sums_of_differences() -> None:
    """A column less another is added up without a column of differences."""
    closed, created = np.array([10, 20, 30], dtype=np.int32), np.array([1, 25, 0], dtype=np.int32)
    days = Addend(closed, 2**31, minus=created)
    assert tabulate(3, (), sums=(days,)).sums[0].tolist() == [34]


@given(st.lists(st.lists(st.integers(-(2**60), 2**60), min_size=LIMBS, max_size=LIMBS), min_size=1, max_size=3))
def test_carrying_changes_no_number(limbs: list[list[int]]) -> None:
    """The canonical form holds the same number, whatever form it came in."""
    assert wide_ints(carried(ints(limbs))) == wide_ints(ints(limbs))


@given(st.lists(st.integers(-(2**143), 2**143 - 1)))
def test_limbs_hold_python_ints(numbers: list[int]) -> None:
    """There and back."""
    assert wide_ints(limbs_of(numbers)) == numbers
    assert np.array_equal(carried(limbs_of(numbers)), limbs_of(numbers))


def test_days_above_a_cap_count_as_the_cap() -> None:
    """What is not known yet, above the cap or missing, is read as the cap."""
    days = np.array([5, 9, -1, 7], dtype=np.int32)
    assert capped(days, 7).tolist() == [5, 7, 7, 7]
    assert capped(days, None) is days
    created = np.array([5, 5, 5, 5], dtype=np.int32)
    assert tabulate(4, (Axis(days, 3, minus=created, cap=7),)).count.tolist() == [1, 0, 3]
    assert largest_difference(days, created, 7) == 2


# --- blocks and threads ----------------------------------------------------------------------------------------------


@pytest.fixture
def many() -> dict[str, Any]:
    """Return more rows than make threads worth while, with two sums, one of them wide."""
    rng = np.random.default_rng(11)
    rows = 320_011
    amounts = rng.integers(-(2**53), 2**53, rows)
    return {
        "rows": rows,
        "axes": (
            Axis(rng.integers(0, 50, rows).astype(np.int8), 50),
            Axis(
                rng.integers(-1, 400, rows).astype(np.int32),
                12,
                table=np.concatenate([[-1], np.repeat(np.arange(12), 30), [-1]]),
                base=10,
            ),
        ),
        "keep": (Range(rng.integers(0, 10, rows), 1, 9),),
        "sums": (
            Addend(rng.integers(-(2**40), 2**40, rows), 2**40),
            Addend(rng.integers(-(2**53), 2**53, rows), 2**53),
            Addend(amounts, 2**106, times=amounts),
        ),
    }


def test_threads_change_no_bit(many: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """One pass, two threads, eight, and numpy's own answer are the same whole numbers."""
    with threads(1):
        alone = tabulate(**many)
    for count, batch in itertools.product((2, 3, 8), (BLOCK, _adding.BATCH)):
        monkeypatch.setattr(_adding, "BATCH", batch)
        monkeypatch.setattr(_adding, "MANY", 50_000)
        with threads(count):
            found = tabulate(**many)
        assert np.array_equal(found.count, alone.count)
        for a, b in zip(found.sums, alone.sums, strict=True):
            assert np.array_equal(a, b)
    place, cell = packed_cells(many["rows"], many["axes"], keep=many["keep"])
    assert np.array_equal(np.bincount(cell, minlength=600), alone.count)
    total = np.zeros(600, dtype=np.int64)
    np.add.at(total, cell, many["sums"][0].values[place])
    assert np.array_equal(total, alone.sums[0])


@pytest.mark.parametrize("crowd", [0, 300, 200_000])
@pytest.mark.parametrize("wanted", [True, False])
def test_large_tables_counted_in_bytes(crowd: int, *, wanted: bool) -> None:
    """A table of many cells is counted in bytes first; a cell with more than a byte holds is counted all the same."""
    rng = np.random.default_rng(3)
    rows, cells = 700_000, 600_000
    codes = rng.integers(0 if wanted else -1, cells, rows).astype(np.int32)
    codes[rng.choice(rows, crowd, replace=False)] = 77
    expected = np.bincount(codes[codes >= 0], minlength=cells)
    for count in (1, 2, 3):
        with threads(count):
            found = tabulate(rows, (Axis(codes, cells, edge=None if wanted else "drop"),)).count
        assert np.array_equal(found, expected)
    everything = tabulate(rows, (Axis(codes, cells, edge=None if wanted else "drop"),), keep=(Range(codes, 77, None),))
    assert np.array_equal(everything.count[77:], expected[77:])
    assert not everything.count[:77].any()


def test_memory_of_a_pass_is_kept_within_bounds_and_never_shared() -> None:
    """What one pass has laid back the next one takes; two at a time have their own, and much is not kept."""
    _workbench.give_back()
    bench, other = Workbench(), Workbench()
    mine, theirs = bench.array(100_000, np.int64), other.array(100_000, np.int64)
    assert not np.shares_memory(mine, theirs)
    assert (mine.dtype, len(mine)) == (np.int64, 100_000)
    bench.clear()
    again = other.array(199_000, np.int32)
    assert np.shares_memory(mine, again)
    large = [other.array(KEPT // 2, np.uint8) for _ in range(5)]
    other.clear()
    assert sum(len(held) * size for size, held in _workbench._shelves.items()) <= KEPT
    del large


def test_overflow_is_found_on_threads_too(many: dict[str, Any]) -> None:
    """Parts that fit on their own and not together are refused."""
    rows = many["rows"]
    huge = np.zeros(rows, dtype=np.int64)
    huge[[0, -1]] = 2**62
    with threads(2), pytest.raises(CellOverflow):
        tabulate(rows, (), sums=(Addend(huge, 2**62),))
    huge[-1] -= 1
    with threads(2):
        assert tabulate(rows, (), sums=(Addend(huge, 2**62),)).sums[0].tolist() == [MOST]


@given(
    st.lists(st.tuples(st.integers(-1, 2), st.integers(-1, 3), st.integers(-9, 9)), max_size=40),
    st.sampled_from([None, "last", "drop"]),
    st.sampled_from([None, "last", "drop"]),
)
def test_an_edge_is_the_last_place_or_none(rows: list[tuple[int, int, int]], first: Any, second: Any) -> None:
    """-1 on an axis with an edge counts as the last place or not at all, in tables and in cells."""
    sizes = (4, 5)
    kept = [
        (sizes[0] - 1 if a < 0 else a, sizes[1] - 1 if b < 0 else b, v)
        for a, b, v in rows
        if not ((a < 0 and first != "last") or (b < 0 and second != "last"))
    ]
    used = [(a, b, v) for a, b, v in rows if (a >= 0 or first) and (b >= 0 or second)]
    count, total = slow([a * sizes[1] + b for a, b, _ in kept], [v for *_, v in kept], 20)
    axes = tuple(
        Axis(np.array([row[i] for row in used], dtype=np.int8), sizes[i], edge=edge)
        for i, edge in enumerate((first, second))
    )
    found = tabulate(len(used), axes, sums=(addend([v for *_, v in used]),))
    assert found.count.tolist() == count
    assert found.sums[0].tolist() == total
    _, cells = packed_cells(len(used), axes)
    assert np.bincount(cells, minlength=20).tolist() == count


def fail_on_one_thread() -> None:
    """Raise while one thread is asked for."""
    with threads(1):
        assert thread_count(10**7) == 1
        raise ZeroDivisionError


def test_threads_are_asked_for_by_name() -> None:
    """The setting ends with its block, also after an error, and wants a whole number of 1 or more."""
    usual = thread_count(10**7)
    with threads(3):
        assert thread_count(10**7) == 3
        assert thread_count(1000) == 1
        with pytest.raises(ZeroDivisionError):
            fail_on_one_thread()
        assert thread_count(10**7) == 3
    assert thread_count(10**7) == usual
    with pytest.raises(InvalidArgumentError, match="`count` must be"), threads(0):
        pass


def test_many_cells_are_counted_like_few(many: dict[str, Any]) -> None:
    """Above and below the size at which cells are counted in another way, the counts agree."""
    codes = many["axes"][0].values
    few = tabulate(many["rows"], (Axis(codes, 50),)).count
    wide = tabulate(many["rows"], (Axis(codes, 9_000),)).count
    assert np.array_equal(wide[:50], few)
    assert not wide[50:].any()


@pytest.mark.parametrize("rows", [BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK])
def test_edges_of_a_block(rows: int) -> None:
    """No row is lost or counted twice where one block ends and the next begins."""
    values = np.arange(rows)
    found = tabulate(rows, (Axis(values % 7, 7),), keep=(Range(values, 1, None),), sums=(addend([1]), addend([1]))[:0])
    assert found.count.sum() == rows - 1
    assert np.array_equal(positions(rows, (Range(values, 1, None),)), values[1:])
    assert tabulate(rows, (), sums=(Addend(values, rows),)).sums[0].tolist() == [rows * (rows - 1) // 2]


# --- runs and histograms ---------------------------------------------------------------------------------------------


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 5)), max_size=20))
def test_runs(pairs: list[tuple[int, int]]) -> None:
    """Distinct values in order with how often each occurs, or with the sum of its weights."""
    values, weights = ints([p[0] for p in pairs]), ints([p[1] for p in pairs])
    distinct, often = runs(values)
    assert distinct.tolist() == sorted(set(values.tolist()))
    assert often.tolist() == [values.tolist().count(v) for v in distinct.tolist()]
    same, weighed = runs(values, weights)
    assert same.tolist() == distinct.tolist()
    assert weighed.tolist() == [sum(w for v, w in pairs if v == d) for d in distinct.tolist()]


PAIRS = st.lists(st.tuples(st.integers(0, 3), st.sampled_from([0, 1, 7, 2**53, 2**62])), max_size=15)


@given(PAIRS, PAIRS)
def test_histograms_merge(left: list[tuple[int, int]], right: list[tuple[int, int]]) -> None:
    """Two histograms together are the histogram of both, for values of any size."""

    def made(pairs: list[tuple[int, int]]) -> Histogram:
        return Histogram.of(ints([p[0] for p in pairs]), ints([p[1] for p in pairs]))

    same = np.arange(4)
    both = made(left).merged(made(right), same, same)
    assert both.equals(made(left + right))
    assert both.count.sum() == len(left) + len(right)
    assert list(zip(both.row.tolist(), both.value.tolist(), strict=True)) == sorted(set(left + right))
    moved = made(left).merged(made([]), 3 - same, same)
    assert moved.equals(made([(3 - row, value) for row, value in left]))


def test_scatter_puts_rows_at_their_places() -> None:
    """The other rows are zero."""
    assert scatter((3, 2), ints([2, 0]), ints([[1, 2], [3, 4]])).tolist() == [[3, 4], [0, 0], [1, 2]]


def test_largest_difference() -> None:
    """Over the rows whose start is known; -1 where there is none."""
    assert largest_difference(np.array([5, 9, 20], dtype=np.int32), np.array([1, 2, -1], dtype=np.int32)) == 7
    assert largest_difference(np.array([5], dtype=np.int32), np.array([-1], dtype=np.int32)) == -1
    assert largest_difference(ints([]), ints([])) == -1
    rows = BLOCK + 3
    assert largest_difference(np.arange(rows), np.zeros(rows, dtype=np.int64)) == rows - 1
