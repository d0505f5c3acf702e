"""Names and levels of rows: order, look-up, union, alignment."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import salesmetrics as sm
from salesmetrics.labels import Labels, Levels, distinct_rows, rows_of_cells


def labels(*rows: Any, ordered: tuple[str, ...] = ()) -> Labels:
    """Return labels of one name, levels sorted or in an order of their own."""
    values = ordered or tuple(sorted({row for row in rows if row is not None}))
    codes = [[len(values) if row is None else values.index(row)] for row in rows]
    return Labels((Levels("rep", values, bool(ordered)),), np.array(codes, dtype=np.int64).reshape(-1, 1))


def test_a_single_row_is_called_all() -> None:
    """An answer that is not grouped has one row."""
    single = Labels.single()
    assert (len(single), list(single), single.names) == (1, ["all"], ())
    assert single.index("all") == single.index(()) == 0
    with pytest.raises(sm.InvalidArgumentError, match="a row must be named by 'all'; got 'Ana'"):
        single.index("Ana")


def test_labels_come_row_by_row() -> None:
    """One label, or a tuple of several; None is the missing one."""
    assert list(labels("Ana", "Ben", None)) == ["Ana", "Ben", None]
    crossed = labels("Ana", None).crossed(Levels("period", (1, 2), ordered=True))
    assert list(crossed) == [("Ana", 1), ("Ana", 2), (None, 1), (None, 2)]
    assert crossed.column("rep") == ["Ana", "Ana", None, None]
    assert crossed.index((None, 2)) == 3


def test_crossing_nothing_is_nothing() -> None:
    """No rows, or no periods, give no rows with both names."""
    for empty in (labels("Ana").crossed(Levels("period", ())), labels().crossed(Levels("period", (1,)))):
        assert (len(empty), empty.names) == (0, ("rep", "period"))


def test_a_union_sorts_and_says_where_rows_went() -> None:
    """Rows of both in the order of the levels, the missing one last."""
    both, mine, theirs = labels("Ben", None).union(labels("Ana", "Ben"))
    assert list(both) == ["Ana", "Ben", None]
    assert (mine.tolist(), theirs.tolist()) == ([1, 2], [0, 1])


def test_a_union_keeps_an_order_of_its_own() -> None:
    """The longer of two orders wins where it holds the other; clashing ones are sorted."""
    order = ("Qualify", "Propose", "Won")
    both, _, _ = labels("Won", "Qualify", ordered=order).union(labels("Propose", ordered=("Propose", "Won")))
    assert list(both) == ["Qualify", "Propose", "Won"]
    mixed, _, _ = labels("b", ordered=("b", "a")).union(labels("c", ordered=("c", "b")))
    assert mixed.levels[0].values == ("a", "b", "c")


@given(
    st.lists(st.sampled_from("abcde") | st.none(), unique=True),
    st.lists(st.sampled_from("abcde") | st.none(), unique=True),
)
def test_a_union_loses_nothing(left: list[str | None], right: list[str | None]) -> None:
    """Every row is found where it is said to have gone, and the order of the sides does not matter."""
    mine, theirs = labels(*sorted(left, key=str)), labels(*sorted(right, key=str))
    both, at, there = mine.union(theirs)
    found = list(both)
    assert set(found) == {*left, *right}
    assert [found[i] for i in at] == list(mine)
    assert [found[i] for i in there] == list(theirs)
    assert both.equals(theirs.union(mine)[0])


def test_onto_fewer_names() -> None:
    """Distinct labels under some names, and which of them each row has."""
    crossed = labels("Ana", "Ben").crossed(Levels("period", (1, 2)))
    fewer, rows = crossed.onto(("period",))
    assert (list(fewer), rows.tolist()) == ([1, 2], [0, 1, 0, 1])
    single, rows = crossed.onto(())
    assert (list(single), rows.tolist()) == (["all"], [0, 0, 0, 0])
    swapped, rows = crossed.onto(("period", "rep"))
    assert list(swapped) == [(1, "Ana"), (1, "Ben"), (2, "Ana"), (2, "Ben")]
    assert rows.tolist() == [0, 2, 1, 3]


@pytest.mark.parametrize("wide", [False, True])
def test_distinct_rows_are_ordered(wide: bool) -> None:
    """Packed in one number where it fits, else compared column by column: the same answer."""
    codes = np.random.default_rng(3).integers(0, 4, (200, 3))
    sizes = [2**22, 2**22, 2**22] if wide else [4, 4, 4]
    rows, inverse = distinct_rows(codes, sizes)
    assert rows.tolist() == [list(row) for row in sorted(set(map(tuple, codes.tolist())))]
    assert (rows[inverse] == codes).all()


def test_cells_become_labels() -> None:
    """A packed cell is one code for each name, the place behind the levels being the missing label."""
    levels = (Levels("a", ("x", "y")), Levels("b", (1,)))
    assert list(rows_of_cells(levels, np.array([0, 3, 5]))) == [("x", 1), ("y", None), (None, None)]
    assert list(rows_of_cells((), np.array([0]))) == ["all"]


def test_periods_are_named_by_themselves_or_their_name() -> None:
    """Equality of the bounds, or the text of it."""
    period = sm.Period("2026-01-01", "2026-04-01", "FY2026 Q1")
    named = Labels((Levels("period", (period,), True),), np.zeros((1, 1), dtype=np.int64))
    assert named.index(period) == named.index("FY2026 Q1") == named.index(sm.Period("2026-01-01", "2026-04-01")) == 0
    with pytest.raises(sm.InvalidArgumentError, match="by 'period'; got 'Q1'"):
        named.index("Q1")


def test_hints_show_labels_as_they_are() -> None:
    """Whole numbers and the missing label are not shown as texts; a number may be named by its text."""
    assert labels(101, 102, None).index("102") == 1
    with pytest.raises(sm.InvalidArgumentError) as caught:
        labels(101, 102, None).index("104")
    assert "There is: 101, 102, None." in str(caught.value.hint)


def test_codes_cannot_be_changed_and_labels_travel() -> None:
    """Read-only, here and in a copy from another process."""
    for some in (labels("Ana", None), pickle.loads(pickle.dumps(labels("Ana", None)))):
        assert not some.codes.flags.writeable
        assert some.equals(labels("Ana", None))
        assert not some.equals(labels("Ana", "Ben"))
