"""The book as it stood on a day, beside a small model of dictionaries written from the definitions."""

from __future__ import annotations

import datetime as dt
import warnings
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import salesmetrics as sm
from salesmetrics.books import DealBook, DealHistory
from salesmetrics.books.history import ordered
from salesmetrics.domain import SalesProcess, Stage

PROCESS = SalesProcess(
    [
        Stage("Lead", 1),
        Stage("Bid", 2),
        Stage("Won", 3, outcome="won"),
        Stage("Signed", 4, outcome="won"),
        Stage("Lost", 5, outcome="lost"),
        Stage("Dropped", 6, outcome="no_decision"),
    ]
)
NAMES = PROCESS.names
FIRST = dt.date(2026, 1, 1)
LAST = 60


class Change(NamedTuple):
    """One change: the whole state of a deal after it."""

    deal: str
    day: int
    seq: int
    stage: str
    amount: Decimal | None
    expected: int | None


class Story(NamedTuple):
    """All changes of a company, and the segment of each deal."""

    changes: list[Change]
    segments: dict[str, str]


AMOUNTS = st.one_of(st.none(), st.integers(0, 10**7).map(lambda units: Decimal(units).scaleb(-2)))


@st.composite
def stories(draw: st.DrawFn, most: int = 6) -> Story:
    """Deals that move in any way: skip, go back, close, reopen, several times a day."""
    changes, segments = [], {}
    for number in range(draw(st.integers(0, most))):
        deal, day = f"D{number}", draw(st.integers(0, 40))
        segments[deal] = draw(st.sampled_from(["SMB", "Mid"]))
        steps = draw(st.lists(st.tuples(st.sampled_from([0, 0, 1, 3, 10]), st.sampled_from(NAMES)), max_size=6))
        for seq, (gap, stage) in enumerate([(0, draw(st.sampled_from(NAMES))), *steps]):
            day = min(day + gap, LAST)
            changes.append(Change(deal, day, seq, stage, draw(AMOUNTS), draw(st.one_of(st.none(), st.integers(0, 90)))))
    return Story(list(draw(st.permutations(changes))), segments)


def date_of(day: int | None) -> dt.date | None:
    return None if day is None else FIRST + dt.timedelta(days=day)


def model(story: Story, day: int) -> dict[str, dict[str, Any]]:
    """Return the state of each deal at the end of a day: that of its latest change dated on it or before."""
    book: dict[str, dict[str, Any]] = {}
    for change in sorted(story.changes, key=lambda c: (c.day, c.seq)):
        if change.day > day:
            continue
        old = book.get(change.deal)
        outcome = PROCESS.outcome(change.stage)
        since = old["closed"] if old and old["outcome"] == outcome else date_of(change.day)
        book[change.deal] = {
            "created": old["created"] if old else date_of(change.day),
            "stage": change.stage,
            "outcome": outcome,
            "amount": None if change.amount is None else float(change.amount),
            "expected_close": date_of(change.expected),
            "closed": None if outcome == "open" else since,
        }
    return book


def history_of(story: Story, **options: Any) -> DealHistory:
    """Return the changes as a history."""
    return sm.read_history(
        {
            "deal": [c.deal for c in story.changes],
            "date": [date_of(c.day) for c in story.changes],
            "seq": [c.seq for c in story.changes],
            "stage": [c.stage for c in story.changes],
            "amount": [c.amount for c in story.changes],
            "expected_close": [date_of(c.expected) for c in story.changes],
        }
        if story.changes
        else {"deal": [], "date": [], "seq": [], "stage": [], "amount": [], "expected_close": []},
        process=PROCESS,
        **options,
    )


def deals_of(story: Story) -> DealBook:
    """Return the deal book of the last day, with a probability and a label that no history tracks."""
    now = model(story, LAST)
    rows = list(now.items())
    columns: dict[str, Any] = {"id": [key for key, _ in rows]}
    for name in ("created", "stage", "outcome", "expected_close", "closed"):
        columns[name] = [state[name] for _, state in rows]
    columns["amount"] = [None if s["amount"] is None else Decimal(str(s["amount"])) for _, s in rows]
    columns["probability"] = [0.25] * len(rows)
    columns["segment"] = [story.segments[key] for key, _ in rows]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", sm.SalesMetricsWarning)
        return sm.read_deals(columns, process=PROCESS, as_of=date_of(LAST))


def held(book: DealBook) -> dict[str, dict[str, Any]]:
    """Return a deal book as the model has it."""
    found: dict[str, dict[str, Any]] = {}
    for row, key in enumerate(book["id"].tolist()):
        state = {}
        for name in ("created", "stage", "outcome", "expected_close", "closed"):
            state[name] = book[name][row] if book[name].dtype == object else book[name][row].item()
        amount = float(book["amount"][row])
        found[key] = state | {"amount": None if np.isnan(amount) else amount}
    return found


# --- laws ------------------------------------------------------------------------------------------------------------


@given(stories(), st.integers(-1, LAST))
def test_the_book_of_a_day_is_the_models(story: Story, day: int) -> None:
    """With and without a deal book, the state is that of the latest change by then: skips, returns and reopenings too."""
    history = history_of(story)
    assert held(history.as_of(date_of(day), deals_of(story))) == model(story, day)  # type: ignore[arg-type]
    assert held(history.as_of(date_of(day))) == model(story, day)  # type: ignore[arg-type]


@given(stories())
def test_the_book_as_of_now_is_the_current_book(story: Story) -> None:
    """F10: with every column, bit for bit, in the order of rows of the deal book."""
    deals = deals_of(story)
    assert history_of(story).as_of(date_of(LAST), deals).equals(deals)  # type: ignore[arg-type]


@given(stories(), st.integers(0, LAST), st.integers(0, LAST))
def test_earlier_of_later_is_earlier(story: Story, one: int, other: int) -> None:
    """F11: as of s, of the book as of t, is as of s."""
    early, late = sorted((one, other))
    deals, history = deals_of(story), history_of(story)
    then = history.as_of(date_of(late), deals)  # type: ignore[arg-type]
    assert history.as_of(date_of(early), then).equals(history.as_of(date_of(early), deals))  # type: ignore[arg-type]


@given(stories())
def test_before_the_first_creation_the_book_is_empty(story: Story) -> None:
    """F12."""
    day = min((c.day for c in story.changes), default=0) - 1
    assert len(history_of(story).as_of(date_of(day), deals_of(story))) == 0  # type: ignore[arg-type]


@given(stories(), st.integers(0, LAST))
def test_what_was_created_is_open_or_closed(story: Story, day: int) -> None:
    """F13: open + won + lost + no decision is what was created by then."""
    book = history_of(story).as_of(date_of(day), deals_of(story))  # type: ignore[arg-type]
    counts = {name: int((book["outcome"] == name).sum()) for name in ("open", "won", "lost", "no_decision")}
    assert sum(counts.values()) == len({c.deal for c in story.changes if c.day <= day})


@given(stories(), st.integers(0, LAST), st.data())
def test_what_comes_later_does_not_change_what_was(story: Story, day: int, data: st.DataObject) -> None:
    """No look-ahead: any other future, or none, gives the same book of a day."""
    past = [c for c in story.changes if c.day <= day]
    deals = sorted({c.deal for c in past})
    future = [
        Change(deal, data.draw(st.integers(day + 1, LAST + 1)), 99, stage, None, None)
        for deal in (data.draw(st.lists(st.sampled_from(deals), unique=True)) if deals else [])
        for stage in [data.draw(st.sampled_from(NAMES))]
    ]
    book = history_of(story).as_of(date_of(day))  # type: ignore[arg-type]
    assert history_of(Story(past + future, story.segments)).as_of(date_of(day)).equals(book)  # type: ignore[arg-type]


@given(stories(), st.data())
def test_an_identical_change_changes_nothing(story: Story, data: st.DataObject) -> None:
    """F16: a change added twice, and any order of the rows."""
    history = history_of(story)
    assert history_of(Story(data.draw(st.permutations(story.changes)), story.segments)).equals(history)
    if story.changes:
        twice = Story([*story.changes, data.draw(st.sampled_from(story.changes))], story.segments)
        for day in (10, 30, LAST):
            assert history_of(twice).as_of(date_of(day)).equals(history.as_of(date_of(day)))  # type: ignore[arg-type]


@given(stories(), st.data())
def test_changes_without_any_order_do_not_depend_on_the_rows(story: Story, data: st.DataObject) -> None:
    """F16 and E18: without ``seq``, changes of one day follow their stages, whatever the order of the rows."""

    def untold(changes: list[Change]) -> DealHistory:
        columns: Mapping[str, list[Any]] = {
            "deal": [c.deal for c in changes],
            "date": [date_of(c.day) for c in changes],
            "stage": [c.stage for c in changes],
            "amount": [c.amount for c in changes],
        }
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", sm.SalesMetricsWarning)
            return sm.read_history(columns, process=PROCESS)

    if story.changes:
        history = untold(story.changes)
        assert untold(data.draw(st.permutations(story.changes))).equals(history)
        codes, starts = history.column("stage").codes, history.starts
        same = np.setdiff1d(np.flatnonzero(np.diff(history.column("date").days) == 0) + 1, starts)
        assert (codes[same] >= codes[same - 1]).all()


@given(stories(), st.lists(st.integers(-1, LAST), max_size=4))
def test_several_days_at_once_are_the_days_one_by_one(story: Story, days: list[int]) -> None:
    """A list of days gives a tuple of books."""
    deals, history = deals_of(story), history_of(story)
    asked = [date_of(day) for day in days]
    books = history.as_of(asked, deals)  # type: ignore[arg-type]
    assert isinstance(books, tuple)
    assert all(book.equals(history.as_of(day, deals)) for book, day in zip(books, asked, strict=True))  # type: ignore[arg-type]


@given(stories(), st.integers(0, LAST), st.lists(st.booleans(), min_size=6, max_size=6))
def test_any_cut_by_deals_joined_is_the_whole(story: Story, day: int, side: list[bool]) -> None:
    """Parts of the history, joined or asked one by one, are the history."""
    history = history_of(story)
    left = np.array([side[int(str(key)[1:])] for key in history["deal"]], dtype=bool)
    one, other = history.filter(left), history.filter(~left)
    assert other.concat(one).equals(history)
    asked: Any = date_of(day)
    assert held(one.as_of(asked)) | held(other.as_of(asked)) == held(history.as_of(asked))


@settings(max_examples=30)
@given(stories(), st.integers(0, LAST))
def test_what_is_not_tracked_is_known_where_nothing_has_changed(story: Story, day: int) -> None:
    """A probability is the book's for deals without a later change, and missing for the others; labels always come along."""
    deals = deals_of(story)
    book = history_of(story).as_of(date_of(day), deals)  # type: ignore[arg-type]
    changed = {c.deal for c in story.changes if c.day > day}
    known = ~np.isnan(book["probability"])
    assert [key not in changed for key in book["id"].tolist()] == known.tolist()
    assert [story.segments[key] for key in book["id"].tolist()] == book["segment"].tolist()


# --- the sample company ----------------------------------------------------------------------------------------------


def test_the_sample_company_as_of_its_last_day_is_the_sample_company() -> None:
    """F10 on 20,000 deals, in its own order and in any other."""
    company = sm.datasets.sample_company(deals=20_000, rng=3)
    assert company.history.as_of(company.as_of, company.deals).equals(company.deals)
    mixed = company.deals.take(np.random.default_rng(1).permutation(len(company.deals)))
    assert company.history.as_of(company.as_of, mixed).equals(mixed)
    assert not company.history.check(mixed)


def test_a_book_of_a_day_answers_like_any_other() -> None:
    """Its own day is the default of every metric; what was created later is not in it."""
    company = sm.datasets.sample_company(deals=3_000, rng=3)
    then = company.history.as_of("2025-06-30", company.deals)
    assert then.as_of == dt.date(2025, 6, 30)
    created = company.deals["created"] <= np.datetime64("2025-06-30")
    assert then["id"].tolist() == company.deals["id"][created].tolist()
    open_ones = (then["outcome"] == "open") & ~np.isnan(then["amount"])
    answer = sm.open_pipeline(then)["all"]
    assert (answer.value, answer.n) == (float(then["amount"][open_ones].sum()), int(open_ones.sum()))
    assert answer.value != sm.open_pipeline(company.deals, as_of="2025-06-30")["all"].value


# --- rows ------------------------------------------------------------------------------------------------------------


def test_rows_are_kept_in_order() -> None:
    """Whatever is taken, the rows come by deal, day and order within the day."""
    story = Story([Change("b", 3, 1, "Bid", None, None), Change("a", 5, 0, "Lead", None, None)], {})
    history = history_of(story).concat(history_of(Story([Change("b", 3, 0, "Lead", None, None)], {})))
    assert history["deal"].tolist() == ["a", "b", "b"]
    assert history["stage"].tolist() == ["Lead", "Lead", "Bid"]
    assert history.take(np.array([2, 0])).equals(history.take(np.array([0, 2])))
    assert ordered(history.columns) is None
    assert (history.ids.tolist(), history.starts.tolist()) == (["a", "b"], [0, 1, 3])
    assert history.last_by(history.column("date").days[1]).tolist() == [-1, 2]


def test_an_empty_history_has_no_days() -> None:
    """Nothing is known of no changes, and no deal is made up."""
    history = DealHistory.empty(process=PROCESS)
    assert (len(history.ids), history.starts.tolist(), len(history.as_of("2026-01-01"))) == (0, [0], 0)


def test_a_history_without_outcomes_needs_the_deals() -> None:
    """Owners alone do not tell what was won; the closing days of the deal book do."""
    history = sm.read_history({"deal": ["a", "a"], "date": ["2026-01-02", "2026-02-02"], "rep": ["Ana", "Ben"]})
    with pytest.raises(sm.MissingColumnError, match="`outcome` must be a column of the history"):
        history.as_of("2026-01-31")
    deals = sm.read_deals(
        {
            "id": ["a"],
            "rep": ["Ben"],
            "created": ["2026-01-02"],
            "closed": ["2026-02-10"],
            "outcome": ["won"],
            "amount": [5],
        }
    )
    then, later = history.as_of(["2026-02-09", "2026-02-10"], deals)
    assert (then["outcome"].tolist(), then["rep"].tolist()) == (["open"], ["Ben"])
    assert history.as_of("2026-01-31", deals)["rep"].tolist() == ["Ana"]
    assert (later["outcome"].tolist(), later["closed"].astype(str).tolist()) == (["won"], ["2026-02-10"])
    assert np.isnan(then["amount"][0])
    assert later.equals(deals) is False
    assert later["amount"].tolist() == [5.0]


def test_books_of_several_days_are_the_same_whatever_the_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Deals are worked through in blocks: neither their size nor the number of threads or days changes a book."""
    company = sm.datasets.sample_company(deals=400, rng=3)
    deals, history = company.deals, company.history
    shuffled = deals.take(np.random.default_rng(1).permutation(len(deals)))
    days = ["2024-09-30", "2025-06-30", company.as_of]
    for book in (None, deals, shuffled):
        plain = [history.as_of(day, book) for day in days]
        with monkeypatch.context() as patch, sm.threads(3):
            patch.setattr("salesmetrics._threads.THREADED_ROWS", 1)
            patch.setattr("salesmetrics.books.filling._BLOCK", 7)
            patch.setattr("salesmetrics.books.filling._LEAST", 1)
            together = history.as_of(days, book)
        assert 0 < len(plain[0]) < len(plain[1]) < len(plain[2])
        assert all(one.equals(other) and one.notes == other.notes for one, other in zip(plain, together, strict=True))
