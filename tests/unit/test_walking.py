"""The pipeline walk against a loop over deals, and the laws it keeps."""

from __future__ import annotations

import functools
import itertools
import operator
from typing import Any

import attrs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import salesmetrics as sm
from salesmetrics.bridging import BUCKETS, CHANGES, ENTRIES, EXITS
from tests import walk_model as model
from tests.walk_model import DAYS, REPS, Change, Life, Scope, book_of, cells_of, day, history_of, lives, period

SPANS = st.tuples(st.integers(0, DAYS), st.integers(0, DAYS)).map(sorted)
DUES = st.none() | st.tuples(st.integers(0, 30), st.integers(1, 30)).map(lambda x: (x[0], x[0] + x[1]))
SCOPES = st.builds(
    Scope,
    due=DUES,
    min_stage=st.none() | st.sampled_from(model.OPEN_STAGES),
    owners=st.none() | st.lists(st.sampled_from((*REPS, None)), min_size=1, max_size=2, unique=True).map(tuple),
)
BY = st.sampled_from(
    [(), ("segment",), ("rep",), ("stage",), ("rep", "stage"), ("segment", "stage"), ("team",), ("team", "stage")]
)
STAFF = sm.read_reps({"id": ["Ana", "Ben", "Cy"], "team": ["North", "North", "South"]})


def asked(t0: int, t1: int, scope: Scope, by: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return the arguments of a walk."""
    given_: dict[str, Any] = {"t0": day(t0), "t1": day(t1), "min_stage": scope.min_stage, "owners": scope.owners}
    return given_ | {
        "due": None if scope.due is None else period(*scope.due),
        "by": by or None,
        "reps": STAFF if "team" in by else None,
    }


def states(deals: list[Life], t0: int, t1: int) -> list[tuple[str, int, Change | None, Change | None]]:
    """Return what the model reads of lives."""
    return [(life.segment, life.created, life.at(t0), life.at(t1)) for life in deals]


# --- the model -------------------------------------------------------------------------------------------------------


@settings(max_examples=100, deadline=None)
@given(deals=lives(), span=SPANS, scope=SCOPES, by=BY)
def test_the_walk_of_a_history_is_the_loop_over_its_deals(
    deals: list[Life], span: list[int], scope: Scope, by: tuple[str, ...]
) -> None:
    """Every bucket of every group holds the money and the deals that the rules, read one by one, put there."""
    table = sm.pipeline_walk(book_of(deals), history_of(deals), **asked(*span, scope, by))
    assert cells_of(table) == model.walk(states(deals, *span), *span, scope, by)


@st.composite
def snapshots(draw: st.DrawFn) -> tuple[list[Life], list[Life], int, int]:
    """Draw two books of deals: some of the first are gone in the second, some are in the second only, currencies change."""
    deals = draw(lives())
    t0, t1 = draw(SPANS)
    fates = draw(st.lists(st.sampled_from(["both"] * 4 + ["gone", "late", "euro"]), min_size=8, max_size=8))
    old = [life for life, fate in zip(deals, fates, strict=False) if fate != "late"]
    new = [
        attrs.evolve(life, changes=tuple(attrs.evolve(c, money="EUR") for c in life.changes))
        if fate == "euro"
        else life
        for life, fate in zip(deals, fates, strict=False)
        if fate != "gone"
    ]
    return old, new, t0, t1


def paired(old: list[Life], new: list[Life], t0: int, t1: int) -> list[tuple[str, int, Change | None, Change | None]]:
    """Return what the model reads of two books."""
    before = {life.id: life.at(t0) for life in old}
    after = {life.id: life.at(t1) for life in new}
    every = {life.id: life for life in (*old, *new)}
    return [(life.segment, life.created, before.get(i), after.get(i)) for i, life in every.items()]


@settings(max_examples=100, deadline=None)
@given(drawn=snapshots(), scope=SCOPES, by=BY)
def test_the_walk_of_two_books_is_the_loop_over_their_deals(
    drawn: tuple[list[Life], list[Life], int, int], scope: Scope, by: tuple[str, ...]
) -> None:
    """Two snapshots and no history: the same rules, with deals that are deleted, appear or change their currency."""
    old, new, t0, t1 = drawn
    arguments = asked(t0, t1, scope, by)
    table = sm.pipeline_walk(book_of(old, t0, dated=False), book_of(new, t1, dated=False), **arguments)
    assert cells_of(table) == model.walk(paired(old, new, t0, t1), t0, t1, scope, by)


@pytest.mark.parametrize("by", [(), ("rep", "stage"), ("team", "stage"), ("segment", "rep")])
def test_every_bucket_is_filled_in_some_draw(by: tuple[str, ...]) -> None:
    """Hundreds of deals at once: the walks are those of the loop, and no bucket stays empty in all of them."""
    filled: set[str] = set()
    scopes = (((10, 25), "S2", ("Ana", None)), ((15, 30), None, ("Ben",)), ((5, 30), "S2"), ((5, 30),), ())
    for seed, chosen in enumerate(scopes):
        deals, scope = model.many_lives(300, seed), Scope(*chosen)
        old, new = deals[:280], deals[20:200]
        new += [attrs.evolve(d, changes=tuple(attrs.evolve(c, money="EUR") for c in d.changes)) for d in deals[200:]]
        table = sm.pipeline_walk(book_of(old, 9, dated=False), book_of(new, 24, dated=False), **asked(9, 24, scope, by))
        found = model.walk(paired(old, new, 9, 24), 9, 24, scope, by)
        assert cells_of(table) == found
        filled.update(key[-1] for key in found)
        told = sm.pipeline_walk(book_of(deals), history_of(deals), **asked(9, 24, scope, by))
        assert cells_of(told) == model.walk(states(deals, 9, 24), 9, 24, scope, by)
    assert filled == set(BUCKETS)


# --- laws ------------------------------------------------------------------------------------------------------------


@settings(max_examples=100, deadline=None)
@given(deals=lives(), span=SPANS, scope=SCOPES, by=BY)
def test_f1_f2_it_balances_and_the_parts_add_up_to_the_whole(
    deals: list[Life], span: list[int], scope: Scope, by: tuple[str, ...]
) -> None:
    """F1, F2: opening and buckets are closing in minor units for each group, and but for moves between groups add up."""
    book, history = book_of(deals), history_of(deals)
    parts = sm.WalkTally.from_book(book, history, **asked(*span, scope, by))
    whole = sm.WalkTally.from_book(book, history, **asked(*span, scope))
    assert (parts.amount[..., :-1].sum(axis=-1) == parts.amount[..., -1]).all()
    between = [BUCKETS.index(name) for name in ("transferred_in", "transferred_out", "stage_in", "stage_out")]
    for table in ("amount", "count"):
        added = getattr(parts, table).sum(axis=(0, 1)) - getattr(whole, table)[0, 0]
        kept = np.delete(added, between)
        assert not kept.any()
    assert (parts.amount.sum(axis=(0, 1)) - whole.amount[0, 0])[between].sum() == 0


@settings(max_examples=25, deadline=None)
@given(deals=lives(), t=st.integers(0, DAYS), scope=SCOPES)
def test_f3_two_equal_days_move_nothing(deals: list[Life], t: int, scope: Scope) -> None:
    """F3: every movement between a day and itself is 0, and closing is opening."""
    tally = sm.WalkTally.from_book(book_of(deals), history_of(deals), **asked(t, t, scope))
    assert not tally.amount[..., 1:-1].any()
    assert not tally.count[..., 1:-1].any()
    assert (tally.amount[..., 0] == tally.amount[..., -1]).all()


@settings(max_examples=25, deadline=None)
@given(deals=lives(), days=st.lists(st.integers(0, DAYS), min_size=3, max_size=3).map(sorted), scope=SCOPES)
def test_f4_the_net_change_telescopes(deals: list[Life], days: list[int], scope: Scope) -> None:
    """F4: the net of two walks in a row is that of the long one, and the second opens where the first closes."""
    book, history = book_of(deals), history_of(deals)
    first, second, long = (
        sm.WalkTally.from_book(book, history, **asked(a, b, scope))
        for a, b in ((days[0], days[1]), (days[1], days[2]), (days[0], days[2]))
    )
    assert (first.amount[..., -1] == second.amount[..., 0]).all()
    assert (net(first) + net(second) == net(long)).all()


def net(tally: sm.WalkTally) -> Any:
    """Return closing less opening."""
    return tally.amount[..., -1] - tally.amount[..., 0]


@settings(max_examples=25, deadline=None)
@given(drawn=snapshots(), scope=SCOPES)
def test_f5_swapped_books_negate_the_net(drawn: tuple[list[Life], list[Life], int, int], scope: Scope) -> None:
    """F5: from the second book to the first, the net change is the other way round."""
    old, new, t0, t1 = drawn
    one, two = (book_of(b, t, dated=False) for b, t in ((old, t0), (new, t1)))
    same = asked(t1, t1, scope)
    there = sm.WalkTally.from_books(one, two, **same)
    back = sm.WalkTally.from_books(two, one, **same)
    assert (net(there) == -net(back)).all()


def test_x10_the_buckets_do_not_telescope() -> None:
    """X10: a deal created between the first two days and lost before the third is in neither end of the long walk."""
    life = Life(0, "SMB", (Change(5, "open", "S1", 100, 30, "Ana"), Change(15, "lost", "Lost", 100, 30, "Ana")))
    stays = Life(1, "SMB", (Change(0, "open", "S1", 700, 30, "Ana"),))
    book, history = book_of([life, stays]), history_of([life, stays])

    def walked(a: int, b: int) -> dict[str, float]:
        table = sm.pipeline_walk(book, history, t0=day(a), t1=day(b), due=period(0, 12))
        return {bucket: table[bucket].value for bucket in ("new", "lost")}

    open_only = [sm.pipeline_walk(book, history, t0=day(a), t1=day(b)) for a, b in ((0, 10), (10, 20), (0, 20))]
    short = [(table["new"].value, table["lost"].value) for table in open_only]
    assert short == [(1.0, 0.0), (0.0, -1.0), (1.0, -1.0)]
    # due by day 12, the deal that closed on day 15 passes through neither the second walk nor the long one
    assert walked(0, 20) == {"new": 0.0, "lost": 0.0}


@settings(max_examples=25, deadline=None)
@given(deals=lives(), span=SPANS, scope=SCOPES, by=BY, cut=st.lists(st.integers(0, 3), min_size=8, max_size=8))
def test_any_cut_of_the_deals_merged_is_the_whole(
    deals: list[Life], span: list[int], scope: Scope, by: tuple[str, ...], cut: list[int]
) -> None:
    """The tallies of any parts, added up in any order, are the tally of all, bit for bit; that of no deals changes nothing."""
    parts = [[life for life, where in zip(deals, cut, strict=False) if where == k] for k in range(4)]
    arguments = asked(*span, scope, by)
    whole = sm.WalkTally.from_book(book_of(deals), history_of(deals), **arguments)
    tallies = [sm.WalkTally.from_book(book_of(part), history_of(part), **arguments) for part in parts]
    merged = functools.reduce(operator.add, reversed(tallies))
    assert merged.equals(whole)
    arguments.pop("reps")
    nothing = sm.WalkTally.empty(**arguments, as_of=day(DAYS))
    assert (nothing + whole).equals(whole)
    assert sm.pipeline_walk(merged).equals(sm.pipeline_walk(whole))


@settings(max_examples=20, deadline=None)
@given(deals=lives(), span=SPANS, by=BY, order=st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(deals: list[Life], span: list[int], by: tuple[str, ...], order: Any) -> None:
    """A1: deals and changes in any order, the same table."""
    book, history = book_of(deals), history_of(deals)
    arguments = asked(*span, Scope(), by)
    rows = list(range(book.rows))
    order.shuffle(rows)
    assert sm.pipeline_walk(book.take(np.array(rows)), history, **arguments).equals(
        sm.pipeline_walk(book, history, **arguments)
    )


@settings(max_examples=25, deadline=None)
@given(deals=lives(), span=SPANS)
def test_opening_is_the_open_pipeline_of_that_day(deals: list[Life], span: list[int]) -> None:
    """F10: opening and closing are what was open on the two days, as the history tells them."""
    deals = [
        attrs.evolve(d, changes=tuple(attrs.evolve(c, amount=abs(c.amount or 0)) for c in d.changes)) for d in deals
    ]
    book, history = book_of(deals), history_of(deals)
    table = sm.pipeline_walk(book, history, t0=day(span[0]), t1=day(span[1]))
    for bucket, on in (("opening", span[0]), ("closing", span[1])):
        then = history.as_of(day(on), book)
        assert table[bucket].value == sm.open_pipeline(then)["all"].value


@settings(max_examples=25, deadline=None)
@given(deals=lives(), a=st.integers(1, 20), length=st.integers(1, 19))
def test_won_in_the_walk_is_what_was_booked(deals: list[Life], a: int, length: int) -> None:
    """For a period whose days are due, won is the bookings of the period; by rep, those of the owner at the close."""
    book, history = book_of(deals), history_of(deals)
    asked_for = period(a, a + length)
    then = history.as_of(day(a + length - 1), book)
    for by in (None, "rep"):
        walk = sm.pipeline_walk(then, history, period=asked_for, by=by)
        booked = sm.credited_bookings(then, period=asked_for, by=by)
        for label in booked.labels:
            key = "won" if by is None else (label, "won")
            assert walk[key].value == -booked[label].value


# --- worked examples -------------------------------------------------------------------------------------------------


def worked() -> tuple[sm.DealBook, sm.DealBook]:
    """Return the two books of R22, amounts in thousands."""
    start, end, due = "2026-03-01", "2026-04-01", "2026-05-15"
    before = {
        "a": (100, due), "b": (20, due), "c": (50, due), "d": (80, "2026-04-20"), "e": (40, "2026-04-30"),
        "h": (90, "2026-08-10"), "i": (25, "2026-07-15"), "k": (45, due), "l": (None, due),
    }  # fmt: skip
    first = {
        "id": [*before, "j"],
        "amount": [*(amount for amount, _ in before.values()), 35],
        "expected_close": [*(when for _, when in before.values()), "2026-02-01"],
        "created": [start] * len(before) + ["2026-01-01"],
        "outcome": ["open"] * len(before) + ["lost"],
        "closed": [None] * len(before) + ["2026-02-01"],
    }
    after = [
        ("a", 100, due, start, "open", None), ("b", 15, due, start, "open", None),
        ("c", 60, "2026-07-01", start, "open", None), ("d", 70, "2026-04-20", start, "won", "2026-04-18"),
        ("e", 40, "2026-04-30", start, "lost", "2026-04-22"), ("f", 30, "2026-06-20", "2026-04-10", "open", None),
        ("g", 12, None, "2026-04-03", "won", "2026-04-28"), ("h", 95, "2026-06-28", start, "open", None),
        ("i", 25, "2026-07-15", start, "won", "2026-04-30"), ("j", 35, "2026-05-30", "2026-01-01", "open", None),
        ("l", 18, due, start, "open", None),
    ]  # fmt: skip
    names = ("id", "amount", "expected_close", "created", "outcome", "closed")
    second = {name: list(column) for name, column in zip(names, zip(*after, strict=True), strict=True)}
    return sm.read_deals(first, as_of=end), sm.read_deals(second, as_of="2026-05-01")


def test_r22_the_worked_walk() -> None:
    """R22, N30: reopened, deleted and newly priced deals have buckets of their own, and nothing is left over."""
    table = sm.pipeline_walk(*worked(), due=sm.Period("2026-04-01", "2026-07-01"))
    found = {bucket: (table[bucket].value, table[bucket].n) for bucket in BUCKETS if table[bucket].n}
    assert found == {
        "opening": (335.0, 7),
        "new": (42.0, 2),
        "reopened": (35.0, 1),
        "pulled_in": (120.0, 2),
        "priced": (18.0, 1),
        "increased": (10.0, 1),
        "decreased": (-15.0, 2),
        "deleted": (-45.0, 1),
        "won": (-107.0, 3),
        "lost": (-40.0, 1),
        "pushed_out": (-60.0, 1),
        "closing": (293.0, 6),
    }
    assert table.left_out == {"no amount, at opening": 1, "no amount, at closing": 0}


def test_w34_a_cut_is_a_decrease_and_nothing_else() -> None:
    """W34: one deal from 20,000 to 15,000."""
    old, new = (
        sm.read_deals({"id": [1], "amount": [a], "outcome": ["open"], "created": ["2026-01-01"], "closed": [None]})
        for a in (20_000, 15_000)
    )
    table = sm.pipeline_walk(old, new, t0="2026-02-01", t1="2026-03-01")
    assert {b: table[b].value for b in BUCKETS if table[b].value} == {
        "opening": 20_000.0,
        "decreased": -5_000.0,
        "closing": 15_000.0,
    }


# --- periods ---------------------------------------------------------------------------------------------------------


@settings(max_examples=25, deadline=None)
@given(deals=lives(), edges=st.lists(st.integers(1, DAYS), min_size=2, max_size=5, unique=True).map(sorted), by=BY)
def test_several_periods_are_one_walk_each(deals: list[Life], edges: list[int], by: tuple[str, ...]) -> None:
    """Each of a sequence of periods has the walk it would have alone, from the day before it to its last."""
    book, history = book_of(deals), history_of(deals)
    several = sm.Periods.from_boundaries([day(edge) for edge in edges])
    together = cells_of(sm.pipeline_walk(book, history, period=several, **asked_by(by)))
    alone: dict[Any, Any] = {}
    for each in several:
        for key, cell in cells_of(sm.pipeline_walk(book, history, period=each, **asked_by(by))).items():
            alone[(*key[:-1], each, key[-1])] = cell
    assert together == alone


def asked_by(by: tuple[str, ...]) -> dict[str, Any]:
    """Return the arguments of a grouping."""
    return {"by": by or None, "reps": STAFF if "team" in by else None}


def test_a_period_sets_both_days_and_what_is_due() -> None:
    """The day before the period, its last day, and deals expected in it; `due` says otherwise."""
    deals = [
        Life(0, "SMB", (Change(0, "open", "S1", 100, 12, "Ana"),)),
        Life(1, "SMB", (Change(10, "open", "S1", 200, 30, "Ana"),)),
    ]
    book, history = book_of(deals), history_of(deals)
    table = sm.pipeline_walk(book, history, period=period(10, 20))
    assert (table["opening"].value, table["closing"].value) == (1.0, 1.0)
    every = sm.pipeline_walk(book, history, period=period(10, 20), due="any")
    assert (every["opening"].value, every["new"].value, every["closing"].value) == (1.0, 2.0, 3.0)
    later = sm.pipeline_walk(book, history, period=period(10, 20), due=period(25, 35))
    assert (later["opening"].value, later["new"].value) == (0.0, 2.0)


def test_a_running_period_is_walked_as_far_as_it_is_known() -> None:
    """It ends on the last known day, which a note says; one that has not begun is undefined."""
    deals = [Life(0, "SMB", (Change(0, "open", "S1", 100, 45, "Ana"), Change(38, "won", "Won", 100, 45, "Ana")))]
    several = sm.Periods.from_boundaries([day(30), day(45), day(60)])
    table = sm.pipeline_walk(book_of(deals), history_of(deals), period=several, due="any")
    assert table[(several[0], "won")].value == -1.0
    assert (table[(several[1], "won")].reason, table[(several[1], "won")].n) == ("not_started", 0)
    assert len(table.notes) == 1
    assert table.notes[0].endswith("is walked to 2026-02-10: it is not over.")


@pytest.mark.parametrize(
    ("asked", "lost"),
    [
        ({"period": period(10, 20)}, "amount (2), expected_close (2)"),
        ({"period": period(10, 20), "due": "any"}, "amount (2)"),
        ({"period": period(10, 20), "due": "any", "by": "stage"}, "amount (2)"),
    ],
)
def test_what_the_history_does_not_track_is_told(asked: dict[str, Any], lost: str) -> None:
    """Of a deal that has changed since, its amount of then is not known; the walk says so, and of how many deals."""
    won = (Change(0, "open", "S1", 100, 12, "Ana"), Change(14, "won", "Won", 100, 12, "Ana"))
    deals = [Life(0, "SMB", won), Life(1, "SMB", won), Life(2, "Mid", (Change(0, "open", "S1", 300, 12, "Ana"),))]
    book, history = book_of(deals), history_of(deals)
    stages = attrs.evolve(
        history, columns={name: history.columns[name] for name in ("deal", "date", "stage", "outcome")}
    )
    note = f"not tracked by the history, and not known of deals that have changed since the day: {lost}."
    table = sm.pipeline_walk(book, stages, **asked)
    assert table.notes == (note,)
    assert sm.pipeline_walk(book, history, **asked).notes == ()
    first = np.array([True, False, True])
    parts = [
        sm.WalkTally.from_book(book.filter(some), stages.filter(np.isin(stages["deal"], book["id"][some])), **asked)
        for some in (first, ~first)
    ]
    assert (parts[0] + parts[1]).equals(sm.WalkTally.from_book(book, stages, **asked))
    assert sm.pipeline_walk(parts[0] + parts[1]).notes == (note,)


def test_owners_that_are_not_tracked_are_those_of_the_book() -> None:
    """E11: by rep, or of some owners, the walk says that nobody is known to have had a deal before."""
    history = history_of(handed())
    silent = attrs.evolve(history, columns={n: c for n, c in history.columns.items() if n != "rep"})
    said = "owners are those of the book, since the history does not track them, also of the deals that have changed since: 1."
    for asked in ({"by": "rep"}, {"by": "team", "reps": STAFF}, {"owners": ["Ben"]}):
        assert sm.pipeline_walk(book_of(handed()), silent, period=period(10, 20), **asked).notes == (said,)
        assert sm.pipeline_walk(book_of(handed()), history, period=period(10, 20), **asked).notes == ()
    assert sm.pipeline_walk(book_of(handed()), silent, period=period(10, 20)).notes == ()


# --- owners ----------------------------------------------------------------------------------------------------------


def handed() -> list[Life]:
    """Return a deal that Ana hands to Ben, who wins it."""
    first = Change(0, "open", "S1", 100, 15, "Ana")
    return [Life(0, "SMB", (first, attrs.evolve(first, day=12, rep="Ben"), Change(14, "won", "Won", 100, 15, "Ben")))]


def test_a_deal_that_changed_hands_is_won_once_by_rep() -> None:
    """By rep it goes over first and is won where it was closed, so won adds up; `owners` takes each owner's own view."""
    book, history = book_of(handed()), history_of(handed())
    by_rep = sm.pipeline_walk(book, history, t0=day(5), t1=day(20), by="rep")
    assert cells_of(by_rep) == {
        ("Ana", "opening"): [100, 1],
        ("Ana", "transferred_out"): [-100, 1],
        ("Ben", "transferred_in"): [100, 1],
        ("Ben", "won"): [-100, 1],
    }
    for name, entry in (("Ana", "opening"), ("Ben", "transferred_in")):
        alone = sm.pipeline_walk(book, history, t0=day(5), t1=day(20), owners=name)
        assert cells_of(alone) == {(entry,): [100, 1], ("won",): [-100, 1]}


def test_a_transfer_inside_a_team_is_none_for_the_team() -> None:
    """Ana and Ben are in one team: what the team has does not move."""
    table = sm.pipeline_walk(book_of(handed()), history_of(handed()), t0=day(5), t1=day(20), by="team", reps=STAFF)
    assert cells_of(table) == {("North", "opening"): [100, 1], ("North", "won"): [-100, 1]}


# --- what is refused -------------------------------------------------------------------------------------------------


def refusal(**arguments: Any) -> str:
    """Return the sentence with which a walk is refused."""
    deals = handed()
    with pytest.raises(sm.SalesMetricsError) as error:
        sm.pipeline_walk(book_of(deals), history_of(deals), **arguments)
    return str(error.value)


def test_what_a_walk_refuses() -> None:
    """A walk needs two days in order that are known, a scope that exists, and labels that it can follow."""
    assert refusal().startswith("[SM-WLK-04] `t0` must be given where no `period` is; got None.")
    assert refusal(t0=day(3)).startswith("[SM-WLK-04] `t1` must be given")
    assert refusal(t0=day(9), t1=day(3)).startswith("[SM-WLK-03] `t1` must not lie before `t0`; got 2026-01-04.")
    assert refusal(t0=day(9), t1=day(99)).startswith(
        "[SM-WLK-03] `t1` must not lie after the last known day, 2026-02-10;"
    )
    assert refusal(period=period(1, 5), t0=day(3)).startswith("[SM-WLK-02] `t0` must not be given with `period`")
    assert refusal(t0=day(1), t1=day(3), due=3).startswith("[SM-WLK-05] `due` must be a Period, or 'any'")
    assert refusal(t0=day(1), t1=day(3), min_stage="S9").startswith(
        "[SM-WLK-08] `min_stage` must be a stage; got 'S9'."
    )
    assert refusal(t0=day(1), t1=day(3), by="amount").startswith("[SM-ARG-13]")


def test_a_label_that_moves_without_a_bucket_is_refused() -> None:
    """Forecast categories change in the history, and no bucket says so."""
    deals = handed()
    history = history_of(deals)
    category = model._labels(["commit", "commit", None], ("commit",))
    history = attrs.evolve(history, columns={**history.columns, "forecast_category": category})
    book = book_of(deals).with_labels({"forecast_category": model._labels([None], ("commit",))})
    with pytest.raises(
        sm.InvalidArgumentError, match=r"SM-WLK-06.*got 'forecast_category', which changes in the history"
    ):
        sm.pipeline_walk(book, history, t0=day(1), t1=day(3), by="forecast_category")


def test_stages_without_an_order_have_no_least_one() -> None:
    """`min_stage` needs to know what comes after what."""
    deals = handed()
    history = history_of(deals)
    loose = attrs.evolve(history.columns["stage"], ordered=False)
    history = attrs.evolve(history, columns={**history.columns, "stage": loose})
    with pytest.raises(sm.InvalidArgumentError, match=r"SM-WLK-07.*stages that have an order"):
        sm.pipeline_walk(book_of(deals), history, t0=day(1), t1=day(3), min_stage="S2")


def test_two_books_take_no_period_and_a_tally_no_grouping() -> None:
    """Arguments that cannot be read are refused, and anything that is no history."""
    old, new = worked()
    with pytest.raises(sm.InvalidArgumentError, match=r"SM-WLK-09.*`period` must not be given with two books"):
        sm.pipeline_walk(old, new, period=sm.Period("2026-04-01", "2026-05-01"))
    with pytest.raises(sm.InvalidTypeError, match=r"SM-WLK-10.*`history` must be a DealHistory"):
        sm.pipeline_walk(old, None, t0="2026-04-01", t1="2026-05-01")
    with pytest.raises(sm.MergeError, match=r"SM-TLY-04.*`by` must not be given with a tally"):
        sm.pipeline_walk(sm.WalkTally.from_books(old, new), by="rep")


def test_a_tally_that_does_not_add_up_is_refused() -> None:
    """Whatever changed a number on the way, opening and buckets are closing or there is no answer."""
    tally = sm.WalkTally.from_books(*worked())
    wrong = tally.amount.copy()
    wrong[0, 0, 3] += 1
    with pytest.raises(sm.InvalidDataError, match=r"SM-WLK-01.*got 1 minor units and 0 deals too many in 'all'"):
        sm.pipeline_walk(attrs.evolve(tally, amount=wrong))
    assert len({*ENTRIES, *CHANGES, *EXITS}) == len(BUCKETS) - 2 == 23


def test_an_empty_book_has_an_empty_walk() -> None:
    """A16: no deals, one row of zeros for each bucket, none by group."""
    nobody, nothing = book_of([]), history_of([])
    table = sm.pipeline_walk(nobody, nothing, t0=day(1), t1=day(3))
    assert len(table) == len(BUCKETS)
    assert not table.value.any()
    assert len(sm.pipeline_walk(nobody, nothing, t0=day(1), t1=day(3), by="rep")) == 0


def test_the_sample_company_books_what_the_walk_says_it_won() -> None:
    """Won in the walk of a quarter is the bookings of the quarter, by rep too."""
    company = sm.datasets.sample_company(deals=3_000, rng=7)
    quarter = company.calendar.quarter(2026, 2)
    for by in (None, "rep", "segment"):
        walk = sm.pipeline_walk(company.deals, company.history, period=quarter, by=by)
        booked = sm.credited_bookings(company.deals, period=quarter, by=by)
        for label in booked.labels:
            key = "won" if by is None else (label, "won")
            assert walk[key].value == -booked[label].value
            assert walk[key].n == booked[label].n or by is None


# --- drawing ---------------------------------------------------------------------------------------------------------


def test_the_waterfall_ends_where_closing_is() -> None:
    """Each bar begins where the one before ends, the last step reaches closing, and empty buckets have no bar."""
    matplotlib = pytest.importorskip("matplotlib", minversion="3.9")
    matplotlib.use("Agg")
    plt = pytest.importorskip("matplotlib.pyplot")
    table = sm.pipeline_walk(*worked(), due=sm.Period("2026-04-01", "2026-07-01"))
    axes = table.plot()
    bars = [(bar.get_x(), bar.get_width()) for bar in axes.patches]
    names = [text.get_text().partition(" (n = ")[0].replace(" ", "_") for text in axes.get_yticklabels()]
    assert names == [bucket for bucket in BUCKETS if table[bucket].n]
    assert bars[0] == (0.0, 335.0)
    assert bars[-1] == (0.0, 293.0)
    for (start, step), (following, _) in itertools.pairwise(bars[:-1]):
        assert following == start + step
    assert sum(bars[-2]) == 293.0
    plt.close(axes.figure)
    by_outcome = sm.pipeline_walk(*worked(), by="outcome", due=sm.Period("2026-04-01", "2026-07-01"))
    axes = by_outcome.plot()
    assert axes.get_xlabel().splitlines()[-1] == "the first of 3 groups"
    axes.figure.canvas.draw()
    plt.close(axes.figure)


def test_deals_that_were_over_on_the_first_day_change_nothing_in_a_walk_of_two_books() -> None:
    """They are left out before the books are paired, but not where a boolean for each row picks deals: both ways agree."""
    company = sm.datasets.sample_company(deals=2_000, rng=5)
    before, after = company.history.as_of(["2025-06-30", "2025-09-30"], company.deals)
    every = np.ones(len(after), dtype=bool)
    for by in (None, "rep", "stage"):
        whole = sm.pipeline_walk(before, after, by=by, where=every)
        assert whole.n.sum() > 0
        assert sm.pipeline_walk(before, after, by=by).equals(whole)
