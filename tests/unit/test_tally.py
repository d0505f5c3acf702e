"""What every tally can do: be added, compared, copied, and refuse what does not belong to it."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import attrs
import numpy as np
import pytest

import salesmetrics as sm
from salesmetrics.tally import Tally

QUARTERS = sm.FiscalCalendar().quarters("2026-01-01", "2026-07-01")
KINDS: dict[str, Any] = {
    "bookings": lambda book, **o: sm.BookingTally.from_book(book, **o),
    "creations": lambda book, **o: sm.CreationTally.from_book(book, **o),
    "durations": lambda book, **o: sm.DurationTally.from_book(book, **o),
    "outcomes": lambda book, **o: sm.OutcomeTally.from_book(book, **o),
    "sizes": lambda book, **o: sm.SizeTally.from_book(book, **o),
    "velocities": lambda book, **o: sm.VelocityTally.from_book(book, **{"period": QUARTERS} | o),
    "pipeline": lambda book, **o: sm.PipelineTally.from_book(book, weighted=True, missing_p="exclude", **o),
}
every_kind = pytest.mark.parametrize("kind", list(KINDS))


def deals(rows: int = 60, seed: int = 5) -> sm.DealBook:
    """Return deals of some reps with gaps of every kind."""
    rng = np.random.default_rng(seed)
    outcome = np.array(["open", "won", "lost", "no_decision"])[rng.integers(0, 4, rows)]
    created = np.datetime64("2026-01-01") + rng.integers(0, 90, rows)
    closed = np.where(outcome == "open", np.datetime64("NaT"), created + rng.integers(0, 60, rows))
    return sm.read_deals(
        {
            "id": np.arange(rows),
            "rep": rng.choice(np.array(["Ana", "Ben", "Cy", None], dtype=object), rows),
            "amount": np.where(rng.random(rows) < 0.1, np.nan, rng.integers(0, 10**6, rows) / 100),
            "created": np.where(rng.random(rows) < 0.1, np.datetime64("NaT"), created),
            "expected_close": np.datetime64("2026-08-01") + rng.integers(0, 90, rows),
            "closed": closed,
            "outcome": outcome,
            "probability": np.where(outcome == "open", rng.integers(0, 11, rows) / 10, outcome == "won"),
        },
        as_of="2026-06-15",
    )


@every_kind
def test_parts_add_up_to_the_whole(kind: str) -> None:
    """Any cut, added in any order and any tree, is the whole, bit for bit."""
    make = KINDS[kind]
    book = deals()
    whole = make(book, by="rep")
    for cuts in ([0, 60], [30], [7, 8, 9, 40], list(range(1, 60))):
        parts = [make(book.take(rows), by="rep") for rows in np.split(np.arange(60), cuts)]
        assert sum(parts).equals(whole)
        assert sum(parts[::-1]).equals(whole)
        while len(parts) > 1:
            parts = [a + b for a, b in zip(parts[::2], parts[1::2], strict=False)] + parts[len(parts) // 2 * 2 :]
        assert parts[0].equals(whole)


@every_kind
def test_adding_changes_neither_side(kind: str) -> None:
    """The sum is new; both parts are as they were."""
    make = KINDS[kind]
    left, right = make(deals(20, 1), by="rep"), make(deals(20, 2), by="rep")
    held = pickle.dumps((left, right))
    assert not (left + right).equals(left)
    again = pickle.loads(held)
    assert left.equals(again[0])
    assert right.equals(again[1])


@every_kind
def test_no_rows_are_the_neutral_element(kind: str) -> None:
    """A tally of no deals changes nothing on either side."""
    make = KINDS[kind]
    whole = make(deals(), by="rep")
    nothing = make(deals().take(np.arange(0)), by="rep")
    assert len(nothing.labels) == 0
    assert (whole + nothing).equals(whole)
    assert (nothing + whole).equals(whole)
    assert (nothing + nothing).equals(nothing)


@every_kind
def test_tallies_are_frozen_here_and_in_copies(kind: str) -> None:
    """No attribute and no table can be changed, in a copy from another process neither."""
    tally = KINDS[kind](deals(), by="rep")
    for some in (tally, pickle.loads(pickle.dumps(tally)), copy.deepcopy(tally)):
        assert some.equals(tally)
        assert repr(some.labels) == repr(tally.labels)
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            some.labels = None
        for field in attrs.fields(type(some)):
            held = getattr(some, field.name)
            assert not isinstance(held, np.ndarray) or not held.flags.writeable, field.name


@every_kind
def test_tallies_of_other_schemas_are_not_added(kind: str) -> None:
    """Grouped otherwise, of another window, day or scale: the error names what differs."""
    make = KINDS[kind]
    tally = make(deals(), by="rep")
    others = {
        "by": make(deals(), by="outcome"),
        "scale": make(sm.read_deals(deals().to_dict(), scale=3, as_of="2026-06-15"), by="rep"),
    }
    if kind != "pipeline":
        others["window"] = make(deals(), by="rep", period=QUARTERS[0])
    for field, other in others.items():
        if not hasattr(tally, field) and field != "by":
            continue
        with pytest.raises(sm.MergeError, match="must be the same in tallies that add up") as caught:
            tally + other
        assert (caught.value.code, caught.value.field) == ("SM-TLY-02", field)
        assert not tally.equals(other)


def test_kinds_are_not_mixed() -> None:
    """A tally adds to its own kind; other things are left to Python."""
    bookings, sizes = sm.BookingTally.from_book(deals()), sm.SizeTally.from_book(deals())
    with pytest.raises(sm.MergeError, match="of one kind to add up; got BookingTally and SizeTally") as caught:
        bookings + sizes
    assert caught.value.code == "SM-TLY-01"
    for other in (5, "x", None):
        with pytest.raises(TypeError):
            bookings + other
        with pytest.raises(TypeError):
            other + bookings
    assert (0 + bookings) is bookings
    assert not bookings.equals(sizes)
    assert not bookings.equals(5)
    assert isinstance(bookings, Tally)


def test_what_was_decided_is_not_given_again() -> None:
    """A metric of a tally takes no grouping, window or filter: the error says where to give it."""
    tally = sm.BookingTally.from_book(deals(), by="rep")
    for name, value in {"by": "rep", "period": QUARTERS, "where": {"rep": "Ana"}, "as_of": "2026-01-01"}.items():
        with pytest.raises(sm.MergeError, match=f"`{name}` must not be given with a tally") as caught:
            sm.credited_bookings(tally, **{name: value})
        assert caught.value.code == "SM-TLY-04"
        assert f"give `{name}` to from_book" in str(caught.value.hint)


def test_sums_that_leave_int64_are_refused() -> None:
    """Two tallies that fit on their own and not together raise; they are never wrapped."""
    rows = 600
    columns = {
        "rep": ["Ana"] * rows,
        "amount": np.full(rows, 2**53 - 1),
        "outcome": ["won"] * rows,
        "closed": ["2026-01-05"] * rows,
    }
    half = sm.BookingTally.from_book(sm.read_deals(columns, scale=0), by="rep")
    with pytest.raises(
        sm.InvalidDataError, match="`amount` must stay within int64; got more when two tallies"
    ) as caught:
        half + half
    assert (caught.value.code, caught.value.field) == ("SM-TLY-03", "amount")


def test_other_reps_make_other_rows() -> None:
    """Labels that only one side has become rows of the sum, and an order of stages stays."""
    left = sm.OutcomeTally.from_book(deals().filter({"rep": ["Ana", None]}), by="rep")
    right = sm.OutcomeTally.from_book(deals().filter({"rep": ["Ben", "Cy"]}), by="rep")
    both = left + right
    assert list(both.labels) == ["Ana", "Ben", "Cy", None]
    assert both.equals(sm.OutcomeTally.from_book(deals(), by="rep"))
    assert sm.win_rate(both).equals(sm.win_rate(deals(), by="rep"))


@pytest.mark.parametrize("period", [None, QUARTERS])
def test_a_sum_that_takes_in_is_the_sum(period: Any) -> None:
    """A running sum adds in place what `+` would add, and leaves what it takes in as it was."""
    parts = [sm.DurationTally.from_book(deals(40, seed), by="rep", period=period) for seed in range(4)]
    assert parts[0].dense is not None
    copies = [copy.deepcopy(part) for part in parts]
    running = parts[0] + parts[1]
    for part in parts[2:]:
        running = running.taking_in(part)
    assert running.equals(sum(parts))
    assert not running.dense.flags.writeable
    assert all(part.equals(same) for part, same in zip(parts, copies, strict=True))


@every_kind
@pytest.mark.parametrize("by", [None, "rep", ("rep", "outcome")])
def test_every_kind_takes_in_what_it_would_add(kind: str, by: Any) -> None:
    """Groups that a part has and the sum has not, and groups that are the same."""
    make = KINDS[kind]
    parts = [make(deals(rows, seed), by=by) for seed, rows in enumerate((40, 60, 60, 5, 60, 3))]
    copies = [copy.deepcopy(part) for part in parts]
    running = parts[0] + parts[1]
    for part in parts[2:]:
        running = running.taking_in(part)
    assert running.equals(sum(parts))
    assert all(part.equals(same) for part, same in zip(parts, copies, strict=True))


def test_a_running_sum_that_would_leave_int64_is_refused_and_not_wrapped() -> None:
    """What does not fit in place goes the way of every sum, which says so."""
    one = sm.BookingTally.from_book(deals(), by="rep")
    (name, table), *_ = one.tables().items()
    huge = attrs.evolve(one, **{name: np.full_like(table, 2**62)})
    running = (one + one).taking_in(one)
    with pytest.raises(sm.InvalidDataError, match="must stay within int64"):
        running.taking_in(huge).taking_in(huge)


def test_a_sum_that_takes_in_leaves_its_type_where_it_must() -> None:
    """A count above what the table holds is found, what was added before it taken back, and the wider table made."""
    one = sm.DurationTally.from_book(deals(400), by="rep")
    assert one.dense is not None
    most = np.iinfo(np.int32).max
    nearly = np.zeros_like(one.dense, dtype=np.int32)
    nearly[-1, int(np.flatnonzero(one.dense[-1])[0])] = most
    full = attrs.evolve(one, dense=nearly)
    more = attrs.evolve(one, dense=one.dense.astype(np.int32))
    expected = full + more
    assert expected.dense.max() > most
    found = full.taking_in(more)
    assert found.equals(expected)
    assert full.dense.max() == most
    assert int(full.dense.astype(np.int64).sum()) == most
