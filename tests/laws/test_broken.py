"""Each law catches a metric that was broken on purpose: a law that catches nothing is not a test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from random import Random
from typing import Any

import attrs
import numpy as np
import pytest

import salesmetrics as sm
from salesmetrics.calendars import Period, Periods
from salesmetrics.errors import MergeError
from salesmetrics.labels import Labels
from salesmetrics.results import MetricTable
from tests.laws import containers, doors, every, merging, scaling  # noqa: F401
from tests.laws.compare import check
from tests.laws.drawing import Ask, Case, read_once
from tests.laws.fixed import BOOKS, QUARTER, fitted
from tests.laws.law import LAWS
from tests.laws.registry import BY_NAME, Entry

SUM, RATE, QUOTED = BY_NAME["credited_bookings"], BY_NAME["win_rate"], BY_NAME["attainment"]
Answering = Callable[..., MetricTable]


def caught(law_id: str, entry: Entry, variant: int = 0) -> bool:
    """Tell whether a law, by any of its checks, finds a fixed book that a metric gets wrong."""
    chosen = entry.variants[variant]
    for law in LAWS:
        if law.id != law_id or not law.holds_for(entry):
            continue
        for case in (*BOOKS.values(), attrs.evolve(BOOKS["typical"], period=QUARTER)):
            for seed in range(20):
                try:
                    law.check(entry, chosen, fitted(case, chosen), Random(seed))
                except (Exception, pytest.fail.Exception):  # a broken metric may also be found by the error it makes
                    return True
    return False


@pytest.fixture(autouse=True)
def _books_are_read_anew() -> Iterator[None]:
    """Forget the books that a broken metric wrote into."""
    read_once.cache_clear()
    yield
    read_once.cache_clear()


def broken(entry: Entry, call: Answering) -> Entry:
    """Return the entry with another call."""
    return attrs.evolve(entry, call=call)


def first_seen(ask: Ask) -> MetricTable:
    """Return groups in the order of their first row, not sorted."""
    table = doors.credited_bookings(ask)
    reps = list(dict.fromkeys(ask.deals["rep"].tolist()))
    if ask.by != ("rep",) or isinstance(ask.period, Periods):
        return table
    order = sorted(range(len(table)), key=lambda at: reps.index(list(table.labels)[at]))
    return table.take(np.array(order, dtype=np.int64))


def by_the_letter(ask: Ask) -> MetricTable:
    """Return values that depend on how a rep is called."""
    table = doors.credited_bookings(ask)
    return attrs.evolve(table, value=table.value + np.array([len(str(name)) for name in table.labels]))


def sorts_in_place(ask: Ask) -> MetricTable:
    """Return the right answer, and leave the book's amounts sorted."""
    table = doors.credited_bookings(ask)
    amounts = ask.deals.columns["amount"].minor  # type: ignore[attr-defined]
    mine = amounts if amounts.flags.owndata else amounts.copy()
    mine.flags.writeable = True
    mine[...] = np.sort(mine)[::-1].copy() + 1
    mine.flags.writeable = False
    return table


def remembered() -> Answering:
    """Return a metric that hands out one and the same table for the same question."""
    known: dict[int, MetricTable] = {}

    def call(ask: Ask) -> MetricTable:
        return known.setdefault(id(ask), doors.credited_bookings(ask))

    return call


def shared_out(ask: Ask) -> MetricTable:
    """Return every value over the number of groups."""
    table = doors.credited_bookings(ask)
    return attrs.evolve(table, value=table.value / max(len(table), 1))


def without_the_last(ask: Ask) -> MetricTable:
    """Return all groups but the last."""
    table = doors.credited_bookings(ask)
    return table.take(np.arange(len(table) - 1)) if len(table) > 1 and ask.by else table


def undefined_sum(ask: Ask) -> MetricTable:
    """Return NaN for a sum of nothing."""
    table = doors.credited_bookings(ask)
    return attrs.evolve(table, value=np.where(table.n == 0, np.nan, table.value))


def of_all_days(ask: Ask) -> MetricTable:
    """Return the answer for all days, whatever was asked."""
    return doors.credited_bookings(ask.but(period=None))


def with_the_end(ask: Ask) -> MetricTable:
    """Return periods that contain the day they end on."""

    def longer(period: Period) -> Period:
        return Period(period.start, period.end + timedelta(1))

    if isinstance(ask.period, Periods):
        tables = [doors.credited_bookings(ask.but(period=longer(p), by=())) for p in ask.period]
        minor = np.concatenate([t.to_minor() for t in tables])
        n = np.concatenate([t.n for t in tables])
        whole = doors.credited_bookings(ask.but(by=()))
        return attrs.evolve(whole, minor=minor, n=n, value=minor / 100.0)
    return doors.credited_bookings(ask.but(period=longer(ask.period)) if isinstance(ask.period, Period) else ask)


def deaf_to_where(ask: Ask) -> MetricTable:
    """Return the answer for all rows, whatever was chosen."""
    return doors.credited_bookings(ask.but(where=None))


def float_counts(ask: Ask) -> MetricTable:
    """Return a part whose dtype follows from the data."""
    table = doors.credited_bookings(ask)
    missing = any(ask.deals.columns["amount"].missing())
    return attrs.evolve(table, parts={"deals": table.n.astype(np.float64) if missing else table.n})


def open_ones_too(ask: Ask) -> MetricTable:
    """Return bookings with the number of open deals added."""
    table = doors.credited_bookings(ask)
    opened = int((ask.deals["outcome"] == "open").sum()) + int((ask.deals["outcome"] == "lost").sum())
    return attrs.evolve(table, value=table.value + opened)


def in_hundreds(ask: Ask) -> MetricTable:
    """Return whole hundreds."""
    table = doors.credited_bookings(ask)
    return attrs.evolve(table, value=np.round(table.value, -2), minor=np.round(table.to_minor(), -4))


def for_dicts_only(ask: Ask) -> MetricTable:
    """Return an answer that depends on how many label columns the book has, used or not."""
    table = doors.credited_bookings(ask)
    levels = len(ask.deals.columns["rep"].levels)  # type: ignore[attr-defined]
    return attrs.evolve(table, value=table.value + levels)


def by_memory_order(ask: Ask) -> MetricTable:
    """Return an answer that depends on which column came first."""
    return attrs.evolve(doors.credited_bookings(ask), parts={"first": np.array([len(ask.deals.names[-1])])})


class Page(MetricTable):
    """A table that trusts its labels."""

    def _repr_html_(self) -> str:
        return f"<table>{list(self.labels)}</table>"


def trusting(ask: Ask) -> MetricTable:
    """Return a table whose page passes labels on as they are."""
    table = doors.credited_bookings(ask)
    fields = {field.name: getattr(table, field.name) for field in attrs.fields(MetricTable)}
    return Page(**fields)


def repeated(ask: Ask) -> MetricTable:
    """Return every row twice."""
    table = doors.credited_bookings(ask)
    return table.take(np.repeat(np.arange(len(table)), 2))


@pytest.mark.parametrize(
    ("law_id", "call"),
    [
        ("A1", first_seen),
        ("A2", by_the_letter),
        ("A4", sorts_in_place),
        ("A5", remembered()),
        ("A12", for_dicts_only),
        ("A13", shared_out),
        ("A14", without_the_last),
        ("A15", without_the_last),
        ("A16", undefined_sum),
        ("A17", repeated),
        ("A18", of_all_days),
        ("A19", deaf_to_where),
        ("A21", float_counts),
        ("A23", trusting),
        ("B6", shared_out),
        ("C3", in_hundreds),
        ("C7", open_ones_too),
        ("C9", with_the_end),
    ],
)
def test_the_law_catches(law_id: str, call: Answering) -> None:
    """The law finds the broken metric, and lets the right one pass."""
    assert caught(law_id, broken(SUM, call))
    read_once.cache_clear()
    assert not caught(law_id, SUM)


def fixed_attainment(ask: Ask) -> MetricTable:
    """Return attainment of a quota that is a fixed number."""
    table = doors.attainment(ask)
    return attrs.evolve(table, value=table.parts["booked"] / 1000.0 + 0 * table.value)


def test_c4_catches_a_quota_that_does_not_scale() -> None:
    """C4 finds attainment against a fixed number."""
    assert caught("C4", broken(QUOTED, fixed_attainment))
    assert not caught("C4", QUOTED)


@attrs.frozen(eq=False)
class Loose:
    """A tally of float amounts, added in the order they come."""

    total: float
    rows: int
    way: str = "floats"

    def __add__(self, other: Loose) -> Loose:
        if self.way == "left":
            return Loose(self.total, self.rows + other.rows, self.way)
        if self.way == "changes":
            object.__setattr__(self, "total", self.total + other.total)
        if self.way == "nothing counts":
            return Loose(self.total + other.total, self.rows + max(other.rows, 1), self.way)
        return Loose(self.total + other.total, self.rows + other.rows, self.way)

    def equals(self, other: Loose) -> bool:
        return (self.total.hex(), self.rows) == (other.total.hex(), other.rows)

    def schema(self) -> dict[str, object]:
        return {"scale": 2}


def loosely(way: str) -> Entry:
    """Return bookings by a tally of floats that is broken in one way."""

    def tally(ask: Ask) -> tuple[Any, ...]:
        keep = np.ones(len(ask.deals), dtype=bool) if ask.where is None else np.asarray(ask.where)
        amounts = [a / 3 for a in ask.deals["amount"][keep].tolist() if a == a]
        total = 0.0
        for amount in amounts:
            total += amount
        return (Loose(total, len(amounts), way),)

    def read(tallies: tuple[Any, ...]) -> MetricTable:
        (found,) = tallies
        return MetricTable(
            "loose", "money", Labels.single(), np.array([found.total]), np.array([found.rows]), np.zeros(1, np.int8)
        )

    return attrs.evolve(SUM, call=lambda ask: read(tally(ask)), tally=tally, from_tally=read)


@pytest.mark.parametrize(
    ("law_id", "way"),
    [
        ("A1", "floats"),
        ("A20", "floats"),
        ("B1", "floats"),
        ("B2", "left"),
        ("B3", "floats"),
        ("B4", "nothing counts"),
        ("B5", "floats"),
        ("B8", "changes"),
        ("B10", "floats"),
    ],
)
def test_the_law_catches_a_loose_tally(law_id: str, way: str) -> None:
    """A tally that adds floats, forgets a side, or changes what it adds is found."""
    assert caught(law_id, loosely(way))


class Careless(sm.BookingTally):
    """A tally that adds what does not belong together, and never looks at the edge of int64."""

    def __add__(self, other: Any) -> Any:
        labels, mine, yours = self.labels.union(other.labels) if self.by == other.by else (self.labels, None, None)
        total = np.zeros((len(labels), self.amount.shape[1]), dtype=np.int64)
        if mine is None or other.amount.shape[1:] != self.amount.shape[1:]:
            return self
        with np.errstate(all="ignore"):
            np.add.at(total, mine, self.amount)
            np.add.at(total, np.asarray(yours), other.amount)
        return attrs.evolve(self, labels=labels, amount=total, count=total, unpriced=total)


def carelessly() -> Entry:
    """Return bookings by the careless tally."""

    def tally(ask: Ask) -> tuple[Any, ...]:
        return (Careless.from_book(ask.deals, **doors.asked(ask), per_rep=False),)

    return attrs.evolve(SUM, tally=tally)


@pytest.mark.parametrize("law_id", ["B9", "B13"])
def test_the_law_catches_a_careless_tally(law_id: str) -> None:
    """A tally that merges anything, or wraps, is found."""
    assert caught(law_id, carelessly())


def test_a25_catches_a_default_that_is_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """A25 finds a keyword whose default, spelled out, means something else."""

    def rate(deals: Any, /, *, losses: str | None = None, **options: Any) -> MetricTable:
        return sm_win_rate(deals, losses="broad" if losses is None else losses, **options)

    sm_win_rate = sm.win_rate
    assert not caught("A25", RATE)
    rate.__signature__ = __import__("inspect").signature(sm_win_rate)  # type: ignore[attr-defined]
    monkeypatch.setitem(sm.__dict__, "win_rate", rate)
    assert caught("A25", RATE)


@pytest.mark.parametrize("call", [of_all_days, with_the_end, without_the_last, undefined_sum])
def test_the_slow_module_catches(call: Answering) -> None:
    """The comparison with the slow module finds a wrong period, a missing row and a wrong zero."""

    def agrees(case: Case) -> bool:
        try:
            variant = SUM.variants[0]
            check(SUM, variant, case, call(case.ask()), SUM.reference(case))
        except (AssertionError, KeyError):
            return False
        return True

    cases = [attrs.evolve(c, deals=(*c.deals, *later(c))) for c in BOOKS.values()]
    assert not all(agrees(case) for case in cases)


def later(case: Case) -> tuple[sm.Deal, ...]:
    """Return a deal won on the day the quarter ends."""
    day = Period("2024-04-01", "2024-04-02").start
    return (sm.Deal("later", "Zed", 3, day, day, day, "Closed Won", "won"),) if case.deals else ()


def test_merge_errors_are_merge_errors() -> None:
    """A refusal to merge is of its own class, which is also exported."""
    assert sm.MergeError is MergeError
