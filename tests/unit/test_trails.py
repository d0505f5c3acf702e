"""A history tied to the deal book it belongs to."""

from __future__ import annotations

import datetime as dt
from typing import Any

import attrs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import salesmetrics as sm
from salesmetrics.books import DealBook
from salesmetrics.books.matching import matched
from salesmetrics.trails import Trails, trails
from tests.unit.test_history import PROCESS, Story, date_of, deals_of, history_of, model, stories

DECIDED = {"open": 0, "won": 1, "lost": 2, "no_decision": 3}


def sample(size: int = 2_000) -> sm.datasets.Company:
    return sm.datasets.sample_company(deals=size, rng=5)


def shuffled(book: DealBook) -> DealBook:
    return book.take(np.random.default_rng(0).permutation(len(book)))


def test_every_deal_has_a_trail_from_its_creation_on() -> None:
    """Trails are sorted by deal and time, and each knows its row of the deal book, whatever the order of that."""
    company = sample()
    for deals in (company.deals, shuffled(company.deals)):
        found = trails(deals, company.history)
        assert len(found) == len(deals)
        assert found.starts[0] == 0
        assert found.starts[-1] == len(found.day) == len(found.stage) == len(found.outcome)
        assert (deals["id"][found.row] == found.history.ids).all()
        assert (found.of_book(deals.column("created").days) == found.born).all()
        assert (found.of_book(deals["id"]) == found.book["id"]).all()
        assert (found.owner[found.starts[:-1]] == np.arange(len(found))).all()
        last = found.starts[1:] - 1
        assert (found.outcome[last] == deals.column("outcome").codes[found.row]).all()
        assert (found.minor[last] == deals.column("amount").minor[found.row]).all()
        assert (found.expected[last] == deals.column("expected_close").days[found.row]).all()
        assert found.notes == ()
    assert trails(company.deals, company.history).in_place
    assert not trails(shuffled(company.deals), company.history).in_place


def test_ranks_go_along_the_process() -> None:
    """Open stages come in order, won stages above them, lost ones nowhere."""
    company = sample(200)
    found = trails(company.deals, company.history)
    assert found.levels == company.process.names
    assert found.rank.tolist() == [0, 1, 2, 3, 4, -1, -1]
    untold = trails(attrs.evolve(company.deals, process=None), attrs.evolve(company.history, process=None))
    assert untold.rank.tolist() == [0, 1, 2, 3, 4, -1, -1]


def test_stages_without_an_order_are_refused_where_it_counts() -> None:
    """Sorted names are no order of stages."""
    deals = sm.read_deals({"id": ["a"], "stage": ["Bid"], "created": ["2026-01-01"], "outcome": ["open"]})
    history = sm.read_history({"deal": ["a"], "date": ["2026-01-01"], "stage": ["Bid"]})
    with pytest.raises(sm.MissingColumnError, match="the stages of the history must have an order; got 'Bid'"):
        _ = trails(deals, history).levels
    ordered = sm.read_deals(
        {"id": ["a"], "stage": ["Bid"], "created": ["2026-01-01"], "outcome": ["open"]}, process=PROCESS
    )
    assert trails(ordered, history).levels == PROCESS.names


@given(stories(), st.integers(-1, 60))
def test_changes_after_the_day_are_cut_away(story: Story, day: int) -> None:
    """What is not known yet is not there, deals that do not exist yet neither."""
    deals, history = deals_of(story), history_of(story)
    cut = trails(deals, history, as_of=date_of(day))
    state = model(story, day)
    assert cut.as_of == (date_of(day) - dt.date(1970, 1, 1)).days  # type: ignore[operator]
    assert cut.history.ids.tolist() == sorted(state)
    assert deals["id"][cut.row].tolist() == sorted(state)
    assert (np.diff(cut.starts) > 0).all()
    assert (cut.day <= cut.as_of).all()
    last = cut.starts[1:] - 1
    assert [DECIDED[state[key]["outcome"]] for key in sorted(state)] == cut.outcome[last].tolist()


@given(stories(), st.lists(st.integers(-1, 60), min_size=6, max_size=6), st.data())
def test_the_last_change_by_a_day_may_be_asked_for_each_trail(
    story: Story, days: list[int], data: st.DataObject
) -> None:
    """One day for all, one for each, and some of the trails only."""
    found = trails(deals_of(story), history_of(story))
    first = (dt.date(2026, 1, 1) - dt.date(1970, 1, 1)).days
    chosen = np.flatnonzero(data.draw(st.lists(st.booleans(), min_size=len(found), max_size=len(found))))

    def slow(trail: int, day: int) -> int:
        rows = [r for r in range(found.starts[trail], found.starts[trail + 1]) if found.day[r] <= day]
        return rows[-1] if rows else -1

    for day in days:
        assert found.last_by(first + day).tolist() == [slow(t, first + day) for t in range(len(found))]
        assert found.last_by(first + day, chosen).tolist() == [slow(t, first + day) for t in chosen]
    each = np.array([first + day for day in days[: len(found)]], dtype=np.int64)
    assert found.last_by(each).tolist() == [slow(t, int(each[t])) for t in range(len(found))]
    assert found.last_by(each[chosen], chosen).tolist() == [slow(t, int(each[t])) for t in chosen]


def test_what_the_history_lacks_is_added_and_noted() -> None:
    """A deal without a row, one whose rows begin late, and one that its first row finds closed."""
    deals = sm.read_deals(
        {
            "id": [3, 1, 2, 4],
            "stage": ["Won", "Bid", "Bid", "Lost"],
            "created": ["2026-01-01", "2026-01-02", "2026-01-03", "2026-01-04"],
            "closed": ["2026-01-10", None, None, "2026-01-12"],
            "outcome": ["won", "open", "open", "lost"],
            "amount": [30, 10, 20, 40],
        },
        process=PROCESS,
    )
    history = sm.read_history(
        {"deal": [2, 3], "date": ["2026-01-20", "2026-01-25"], "stage": ["Bid", "Won"], "amount": [20, 30]},
        process=PROCESS,
    )
    found = trails(deals, history)
    rows = list(
        zip(
            found.history["deal"].tolist(),
            found.history["date"].astype(str).tolist(),
            found.history["stage"].tolist(),
            found.history["outcome"].tolist(),
            [None if np.isnan(x) else x for x in found.history["amount"].tolist()],
            strict=True,
        )
    )
    assert rows == [
        (1, "2026-01-02", "Bid", "open", 10.0),
        (2, "2026-01-03", None, "open", None),
        (2, "2026-01-20", "Bid", "open", 20.0),
        (3, "2026-01-01", None, "open", None),
        (3, "2026-01-10", "Won", "won", 30.0),
        (3, "2026-01-25", "Won", "won", 30.0),
        (4, "2026-01-04", None, "open", 40.0),
        (4, "2026-01-12", "Lost", "lost", 40.0),
    ]
    assert found.notes == (
        "deals without a history, in their present stage since they were created: 2",
        "deals created before their history begins, in an unknown stage until then: 2",
        "deals closed before their history begins, as it finds them: 1",
    )
    assert found.row.tolist() == [1, 2, 0, 3]
    assert found.rep is None


def test_deals_closed_on_the_day_they_were_created_have_one_change() -> None:
    """Created and won on one day: without a history that is one row."""
    deals = sm.read_deals({"id": [1], "created": ["2026-01-02"], "closed": ["2026-01-02"], "outcome": ["won"]})
    history = sm.read_history({"deal": np.array([], dtype=int), "date": [], "stage": []})
    found = trails(deals, history)
    assert (found.outcome.tolist(), found.born.tolist()) == ([1], deals.column("created").days.tolist())


def test_without_outcomes_the_closing_days_of_the_book_count() -> None:
    """Owners are tracked, stages are not: the last change of the closing day, and all behind it, are decided."""
    deals = sm.read_deals(
        {"id": ["a", "b"], "created": ["2026-01-01"] * 2, "closed": ["2026-01-05"] * 2, "outcome": ["won", "lost"]}
    )
    history = sm.read_history(
        {
            "deal": ["a", "a", "a", "a", "b"],
            "date": ["2026-01-01", "2026-01-05", "2026-01-05", "2026-01-09", "2026-01-01"],
            "seq": [0, 1, 2, 3, 4],
            "rep": ["Ana", "Ben", "Cy", "Di", "Ana"],
        }
    )
    found = trails(deals, history)
    assert found.outcome.tolist() == [0, 0, 1, 1, 0, 2]
    assert found.rep is not None
    assert found.rep.user().tolist() == ["Ana", "Ben", "Cy", "Di", "Ana", None]


def test_deals_of_which_no_day_is_known_exist_on_every_day() -> None:
    """A creation day that is missing hides no deal, and does not depend on the other deals."""
    deals = sm.read_deals({"id": ["a", "b"], "created": ["2026-01-01", None], "outcome": ["open", "open"]})
    history = sm.read_history({"deal": ["a"], "date": ["2026-01-01"], "rep": ["Ana"]})
    assert trails(deals, history).born.tolist() == [deals.column("created").days[0], 0]
    assert history.as_of("2020-01-01", deals)["id"].tolist() == ["b"]


def test_tying_is_done_once_for_a_deal_book() -> None:
    """The same books give the same object; another deal book another one."""
    company = sample(300)
    first = trails(company.deals, company.history)
    assert trails(company.deals, company.history) is first
    day = "2025-06-30"
    assert trails(company.deals, company.history, as_of=day) is trails(company.deals, company.history, as_of=day)
    other = shuffled(company.deals)
    assert trails(other, company.history).deals is other
    assert isinstance(trails(company.deals, company.history), Trails)


def test_changes_after_the_day_of_the_book_are_not_known() -> None:
    """A deal book of May does not read the history of June, not even deals that it cannot know."""
    company = sample(500)
    then = company.history.as_of("2025-05-31", company.deals)
    known = trails(then, company.history)
    assert len(known) == len(then)
    assert int(known.day.max()) <= then.as_of_day  # type: ignore[operator]
    assert matched(then, company.history).notes == ()


def test_any_other_thing_is_no_history() -> None:
    """A frame or a deal book in its place is refused with the way out."""
    company = sample(10)
    other: Any = company.deals
    with pytest.raises(sm.InvalidArgumentError, match="`history` must be a DealHistory; got DealBook"):
        trails(company.deals, other)


def test_ids_of_another_kind_are_refused() -> None:
    """Whole numbers beside texts meet nowhere."""
    company = sample(10)
    history = sm.read_history({"deal": ["100000001"], "date": ["2026-01-01"], "stage": ["Discovery"]})
    with pytest.raises(sm.InvalidDataError, match="`deal` must be of the kind of the deals' `id`"):
        trails(company.deals, history)
