"""Flags of open deals: worked by hand, against the slow module, by parts, and without a look ahead."""

from __future__ import annotations

import html
import io
from datetime import date, timedelta
from typing import Any

import attrs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import salesmetrics as sm
from salesmetrics.books import DealBook, DealHistory
from salesmetrics.flagging import FLAGS
from tests.laws.drawing import EXAMPLES, Case, cases, history_of
from tests.laws.references_flags import found, told
from tests.strategies import PROCESS

AS_OF = "2026-03-31"
STAGES = sm.SalesProcess(
    [
        *(sm.Stage(name, at) for at, name in enumerate(("Lead", "Demo", "Bid"), start=1)),
        sm.Stage("Won", 4, outcome="won"),
        sm.Stage("Lost", 5, outcome="lost"),
    ]
)
BOOKS = cases(moves=True, as_of="given", max_size=30)
RULES = (
    sm.FlagRules(),
    sm.FlagRules(days=60, since="progress", q=0.5, count=1, share=0.1, min_n=2),
    sm.FlagRules(q=0.0, share=0.0),
    sm.FlagRules(method="cycle_multiple", share=1.0),
)


def moved(*days: int) -> list[str]:
    """Return days of the year 2026 by their number."""
    return [str(date(2026, 1, 1) + timedelta(day)) for day in days]


def day_number(day: str) -> int:
    """Return a day by its number since 1970."""
    return (date.fromisoformat(day) - date(1970, 1, 1)).days


def open_book(**columns: list[Any]) -> DealBook:
    """Return a book of open deals."""
    rows = len(next(iter(columns.values())))
    given = {"id": [f"d{at}" for at in range(rows)], "outcome": ["open"] * rows, **columns}
    # read without its day, which would warn of deals that are overdue
    return attrs.evolve(sm.read_deals(given, process=STAGES), as_of_day=day_number(AS_OF))


def staged(ways: dict[str, list[tuple[int, str]]]) -> tuple[DealBook, DealHistory]:
    """Return deals that came to stages on days of the year, and their history."""
    rows = [(deal, moved(day)[0], stage) for deal, way in ways.items() for day, stage in way]
    last = {deal: way[-1] for deal, way in ways.items()}
    outcome = [STAGES.outcome(stage) for _, stage in last.values()]
    book = {
        "id": list(ways),
        "created": [moved(way[0][0])[0] for way in ways.values()],
        "closed": [
            None if what == "open" else moved(day)[0] for what, (day, _) in zip(outcome, last.values(), strict=True)
        ],
        "stage": [stage for _, stage in last.values()],
        "outcome": outcome,
    }
    columns = dict(zip(("deal", "date", "stage"), map(list, zip(*rows, strict=True)), strict=True))
    return sm.read_deals(book, process=STAGES, as_of=AS_OF), sm.read_history(columns, process=STAGES)


def answer(table: sm.FlagTable, flag: str) -> dict[Any, bool | None]:
    """Return a flag by deal, None where it is not known."""
    return dict(zip(table.to_dict()["id"], table.to_dict()[flag], strict=True))


# --- what a deal lacks -----------------------------------------------------------------------------------------------


def test_what_a_deal_lacks() -> None:
    """A missing date, amount or owner is a flag; whether a deal without a date is overdue is not known; today is not late."""
    deals = open_book(rep=["Ana", None, "Bo"], amount=[10, 20, None], expected_close=["2026-03-30", None, "2026-03-31"])
    flags = sm.flags(deals)
    assert answer(flags, "overdue") == {"d0": True, "d1": None, "d2": False}
    assert answer(flags, "undated") == {"d0": False, "d1": True, "d2": False}
    assert answer(flags, "unpriced") == {"d0": False, "d1": False, "d2": True}
    assert answer(flags, "ownerless") == {"d0": False, "d1": True, "d2": False}
    assert flags.to_dict()["rep"] == ["Ana", None, "Bo"]


def test_a_column_that_is_not_there_is_not_known() -> None:
    """What nothing given tells is unknown of every deal, and never False; a note says what it needs."""
    flags = sm.flags(sm.read_deals({"id": [1, 2], "outcome": ["open", "won"], "closed": [None, AS_OF]}, as_of=AS_OF))
    assert flags.ids.tolist() == [1]
    for name in FLAGS:
        assert answer(flags, name) == {1: None}
        assert any(note.startswith(f"{name}: not known") for note in flags.notes)
    assert flags.counts()["overdue"] == {"flagged": 0, "clear": 0, "unknown": 1}


def test_one_deal_is_most_of_the_pipeline() -> None:
    """More than a quarter of the open pipeline is concentrated, exactly a quarter is not, no amount is not known."""
    flags = sm.flags(open_book(amount=[25, 26, 49, None]))
    assert answer(flags, "concentrated") == {"d0": False, "d1": True, "d2": True, "d3": None}
    flags = sm.flags(open_book(amount=[0.07, 0.93]), rules=sm.FlagRules(share=0.07))
    assert answer(flags, "concentrated") == {"d0": False, "d1": True}
    assert answer(sm.flags(open_book(amount=[0, 0])), "concentrated") == {"d0": None, "d1": None}


def test_a_credit_is_refused_or_left_out() -> None:
    """A negative amount is no part of a pipeline: it is refused, or its share is not known."""
    deals = sm.read_deals({"amount": [-5, 10], "outcome": ["open"] * 2}, as_of=AS_OF, allow_negative=True)
    with pytest.raises(
        sm.InvalidDataError, match="`amount` must be >= 0 in every open deal; got 1 that are not"
    ) as bad:
        sm.flags(deals)
    assert (bad.value.code, bad.value.row, bad.value.values) == ("SM-AMT-08", 0, [-5.0])
    assert sm.flags(deals, negative="exclude").known["concentrated"].tolist() == [False, True]
    risk = sm.at_risk(deals, flags="unpriced", negative="exclude")["all"]
    assert (risk.n, risk.parts["open_amount"]) == (2, 10.0)


# --- activities ------------------------------------------------------------------------------------------------------


def test_the_next_step() -> None:
    """A step planned for today or later is a next step; one that is past, done, cancelled or without a day is none."""
    deals = open_book(rep=["Ana"] * 6)
    planned = sm.read_activities(
        {
            "deal": ["d0", "d1", "d2", "d3", "d4", "other"],
            "date": ["2026-03-31", "2026-03-30", "2026-04-10", "2026-04-10", None, "2026-04-10"],
            "status": ["planned", "planned", "cancelled", "planned", "planned", "planned"],
        },
        as_of=AS_OF,
    )
    wanted = {"d0": False, "d1": True, "d2": True, "d3": False, "d4": True, "d5": True}
    assert answer(sm.flags(deals, activities=planned), "no_next_step") == wanted


def test_activities_of_a_later_day_tell_no_plan() -> None:
    """What was planned on a day is not known from activities that were taken later."""
    planned = sm.read_activities({"deal": ["d0"], "date": ["2026-05-01"], "status": ["planned"]}, as_of="2026-04-15")
    flags = sm.flags(open_book(rep=["Ana"]), activities=planned)
    assert answer(flags, "no_next_step") == {"d0": None}
    assert "no_next_step: not known, the activities were taken after 2026-03-31" in flags.notes


def test_the_last_touch() -> None:
    """A deal is stale more than 14 days after what was done last; on the 14th day it is not; a plan touches nothing."""
    deals = open_book(created=["2025-12-01"] * 4)
    done = sm.read_activities(
        {
            "deal": ["d0", "d1", "d2", "d2", "d2"],
            "date": ["2026-03-17", "2026-03-16", "2026-03-30", "2026-03-29", "2026-04-02"],
            "status": ["done", "done", "planned", "cancelled", "done"],
        }
    )
    flags = sm.flags(deals, activities=done)
    assert answer(flags, "stale") == {"d0": False, "d1": True, "d2": True, "d3": True}
    assert not sm.flags(deals, activities=done, rules=sm.FlagRules(days=120)).any("stale").any()


def test_ids_of_another_kind_are_refused() -> None:
    """Texts beside whole numbers would match nothing, and flag every deal."""
    done = sm.read_activities({"deal": [1, 2], "date": [AS_OF, AS_OF]})
    with pytest.raises(sm.InvalidDataError, match="`deal` must be of the kind of the deals' `id`"):
        sm.flags(open_book(rep=["Ana"]), activities=done)


# --- changes ---------------------------------------------------------------------------------------------------------


def test_touch_and_progress() -> None:
    """Another owner is a touch and no progress; a new amount is both; a deal that never changed dates from its creation."""
    deals = open_book(
        rep=["Bo", "Bo", "Ana"], amount=[5, 7, 5], created=moved(0, 0, 0), expected_close=["2026-06-30"] * 3
    )
    history = sm.read_history(
        {
            "deal": ["d0", "d0", "d1", "d1"],
            "date": moved(0, 85, 0, 80),
            "rep": ["Ana", "Bo", "Bo", "Bo"],
            "amount": [5, 5, 5, 7],
        }
    )
    assert answer(sm.flags(deals, history=history), "stale") == {"d0": False, "d1": False, "d2": True}
    progress = sm.FlagRules(since="progress")
    assert answer(sm.flags(deals, history=history, rules=progress), "stale") == {"d0": True, "d1": False, "d2": True}


def test_pushes() -> None:
    """Two moves to a later day are a push too many; a date cleared, set or pulled in is none; one is enough on request."""
    deals = open_book(created=moved(0, 0, 0), expected_close=["2026-05-31", "2026-05-31", "2026-04-30"])
    history = sm.read_history(
        {
            "deal": ["d0"] * 3 + ["d1"] * 4 + ["d2"] * 2,
            "date": moved(0, 10, 20, 0, 10, 20, 30, 0, 10),
            "expected_close": [
                *("2026-02-28", "2026-03-31", "2026-05-31"),
                *("2026-02-28", None, "2026-05-31", "2026-05-31"),
                *("2026-03-31", "2026-04-30"),
            ],
        },
        deals=deals,
    )
    assert answer(sm.flags(deals, history=history), "pushed") == {"d0": True, "d1": False, "d2": False}
    single = sm.flags(deals, history=history, rules=sm.FlagRules(count=1))
    assert answer(single, "pushed") == {"d0": True, "d1": False, "d2": True}


def test_the_last_move_was_back() -> None:
    """Only the last move counts, and to open a deal again is no move back."""
    deals, history = staged(
        {
            "back": [(0, "Lead"), (5, "Bid"), (9, "Demo")],
            "again": [(0, "Lead"), (5, "Bid"), (9, "Demo"), (12, "Bid")],
            "reopened": [(0, "Bid"), (5, "Won"), (9, "Lead")],
            "still": [(0, "Lead")],
        }
    )
    wanted = {"back": True, "again": False, "reopened": False, "still": False}
    assert answer(sm.flags(deals, history=history), "regressed") == wanted


# --- ages ------------------------------------------------------------------------------------------------------------


def aged() -> tuple[DealBook, DealHistory]:
    """Return ten deals that left Lead after 1, 2, ... 10 days, those of even days being won, and some that are open."""
    ways: dict[str, list[tuple[int, str]]] = {
        f"c{days}": [(0, "Lead"), (days, "Won" if days % 2 == 0 else "Lost")] for days in range(1, 11)
    }
    ways |= {f"age{age}": [(89 - age, "Lead")] for age in (4, 5, 8, 9, 10)}
    return staged(ways | {"demo": [(80, "Lead"), (87, "Demo")]})


def test_longer_than_nine_in_ten() -> None:
    """Of ten dwells of 1 to 10 days, and the seven of a deal that moved on, the 0.9 quantile is 9: 10 days are more."""
    flags = sm.flags(*aged()[:1], history=aged()[1])
    assert dict(flags.limits) == {"Lead": 9}
    wanted = {"age4": False, "age5": False, "age8": False, "age9": False, "age10": True, "demo": None}
    assert answer(flags, "over_age") == wanted


@pytest.mark.parametrize(
    ("rules", "limits", "over"),
    [
        (sm.FlagRules(q=0.5), {"Lead": 6}, ["age8", "age9", "age10"]),
        (sm.FlagRules(learned="won"), {"Lead": 10}, []),
        (sm.FlagRules(learned="won", q=0.5), {"Lead": 6}, ["age8", "age9", "age10"]),
        (sm.FlagRules(min_n=11), {"Lead": 9}, ["age10"]),
        (sm.FlagRules(min_n=12), {}, []),
        (sm.FlagRules(limits=4), {"Lead": 4, "Demo": 4, "Bid": 4}, ["age5", "age8", "age9", "age10"]),
        (sm.FlagRules(limits={"Demo": 1}), {"Demo": 1}, ["demo"]),
    ],
)
def test_thresholds_are_stated_or_learned(rules: sm.FlagRules, limits: dict[str, int], over: list[str]) -> None:
    """The limit is a quantile of all or of won deals' dwells, where there are enough, or what is stated."""
    deals, history = aged()
    flags = sm.flags(deals, history=history, rules=rules)
    assert dict(flags.limits) == limits
    assert [key for key, held in answer(flags, "over_age").items() if held] == over


def test_the_cycle_multiple() -> None:
    """Wins took 2, 4, 6, 8 and 10 days, 6 in the mean: a lead may be 12 days old, in Demo floor(6 x 5/3) = 10."""
    deals, history = aged()
    flags = sm.flags(deals, history=history, rules=sm.FlagRules(method="cycle_multiple"))
    assert dict(flags.limits) == {"Lead": 12, "Demo": 10, "Bid": 8}
    alone = sm.flags(deals, rules=sm.FlagRules(method="cycle_multiple"))
    assert alone.limits == flags.limits
    assert answer(alone, "over_age") == answer(flags, "over_age")
    later = sm.flags(deals, history=history, as_of="2026-04-04", rules=sm.FlagRules(method="cycle_multiple"))
    wanted = {"age4": False, "age5": False, "age8": False, "age9": True, "age10": True, "demo": True}
    assert answer(later, "over_age") == wanted


def test_a_deal_that_came_back_has_the_age_of_its_last_entry() -> None:
    """The age starts again with the latest entry to the stage."""
    deals, history = staged(
        {"x": [(0, "Lead"), (80, "Demo"), (86, "Lead")], "y": [(0, "Lead"), (3, "Lost")], "z": [(0, "Lead")]}
    )
    rules = sm.FlagRules(limits=30)
    assert answer(sm.flags(deals, history=history, rules=rules), "over_age") == {"x": False, "z": True}


def test_a_deal_that_never_moves_teaches_nothing() -> None:
    """I10: an open deal that has never left its first stage adds no dwell, and no limit changes."""
    ways: dict[str, list[tuple[int, str]]] = {"won": [(0, "Lead"), (6, "Won")], "age9": [(80, "Lead")]}
    for more in ({}, {"still": [(0, "Lead")]}):
        deals, history = staged(ways | more)
        assert dict(sm.flags(deals, history=history).limits) == {"Lead": 6}


def test_a_tally_keeps_its_rules_in_a_file() -> None:
    """Stated limits come back from a file, and tallies of other rules do not add up."""
    deals, history = aged()
    tally = sm.HygieneTally.from_book(deals, history, flags="over_age", rules=sm.FlagRules(limits={"Lead": 4}))
    stream = io.BytesIO()
    sm.save_tally(tally, stream)
    stream.seek(0)
    back = sm.load_tally(stream)
    assert back.equals(tally)
    assert sm.at_risk(back)["all"].value == 4.0
    with pytest.raises(sm.MergeError, match="`rules` must be the same in tallies that add up"):
        tally + sm.HygieneTally.from_book(deals, history, flags="over_age", rules=sm.FlagRules(limits=4))


# --- rules -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"days": -1}, "`days` must be a whole number >= 0; got -1"),
        ({"since": "edit"}, "`since` must be one of 'progress', 'touch'; got 'edit'"),
        ({"q": 90}, "`q` must lie in"),
        ({"min_n": 0}, "`min_n` must be a whole number >= 1"),
        ({"count": 0}, "`count` must be a whole number >= 1"),
        ({"share": 25}, "`share` must lie in"),
        ({"learned": "lost"}, "`learned` must be one of"),
        ({"limits": "30"}, "`limits` must be a number of days, or one for each stage; got '30'"),
        ({"limits": {"Lead": -3}}, "`limits` must be a whole number >= 0"),
        ({"method": "cycle_multiple", "limits": 3}, "`limits` must not be given with method 'cycle_multiple'"),
        ({"method": "cycle_multiple", "learned": "won"}, "`learned` must not be given with method 'cycle_multiple'"),
    ],
)
def test_rules_are_checked(given: dict[str, Any], sentence: str) -> None:
    """A threshold that cannot be one is refused by name."""
    with pytest.raises(sm.SalesMetricsError, match=sentence.replace("(", r"\(")):
        sm.FlagRules(**given)


def test_arguments_are_checked() -> None:
    """Flags, rules and books of the wrong kind are refused with the way out."""
    deals = open_book(rep=["Ana"], expected_close=[AS_OF])
    with pytest.raises(sm.InvalidArgumentError, match="`flags` must name flags; got 'overdu'") as typo:
        sm.at_risk(deals, flags="overdu")
    assert "'overdue'" in str(typo.value.hint)
    with pytest.raises(sm.InvalidArgumentError, match="`flags` must name one flag or several, each once"):
        sm.at_risk(deals, flags=("stale", "stale"))
    with pytest.raises(sm.MissingColumnError, match="got 'pushed': it needs a history with `expected_close`"):
        sm.at_risk(deals, flags=("overdue", "pushed"))
    with pytest.raises(sm.InvalidArgumentError, match="`negative` must not be given where no flag reads amounts"):
        sm.hygiene_share(deals, negative="exclude")
    with pytest.raises(sm.InvalidTypeError, match="`rules` must be FlagRules"):
        sm.flags(deals, rules={"days": 3})  # type: ignore[arg-type]
    with pytest.raises(sm.InvalidTypeError, match="`activities` must be an ActivityBook; got 'DealBook'"):
        sm.flags(deals, activities=deals)  # type: ignore[arg-type]
    with pytest.raises(sm.InvalidTypeError, match="`history` must be a DealHistory"):
        sm.at_risk(deals, history=deals)  # type: ignore[arg-type]
    with pytest.raises(sm.InvalidArgumentError, match="`as_of` must be given for flags"):
        sm.flags(attrs.evolve(deals, as_of_day=None))
    with pytest.raises(sm.InvalidArgumentError, match="`top` must be a whole number >= 1 or a fraction"):
        sm.concentration(open_book(amount=[1]), top=20.0)
    with pytest.raises(sm.MergeError, match="`rules` must not be given with a tally"):
        sm.at_risk(sm.HygieneTally.from_book(deals), rules=sm.FlagRules())
    with pytest.raises(sm.MergeError, match="the tally must be of open deals on a day; got one of 'won' deals"):
        sm.concentration(sm.SizeTally.empty())


# --- by group --------------------------------------------------------------------------------------------------------


def test_shares_and_risk_by_rep() -> None:
    """Two of Ana's three records are in order, none of Bo's; money at risk is exact, a deal with two flags is one deal."""
    deals = open_book(
        rep=["Ana", "Ana", "Ana", "Bo"],
        amount=[0.1, 0.2, 0.3, None],
        expected_close=["2026-06-30", "2026-06-30", "2026-03-01", "2026-03-01"],
    )
    share = sm.hygiene_share(deals, by="rep")
    assert (share["Ana"].value, share["Bo"].value) == (2 / 3, 0.0)
    assert share["Bo"].parts == {
        "clean": 0,
        "unknown": 0,
        "flagged_amount": 0.0,
        "overdue": 1,
        "undated": 0,
        "unpriced": 1,
        "ownerless": 0,
    }
    risk = sm.at_risk(deals, by="rep", flags=("overdue", "unpriced"))
    assert (risk["Ana"].value, risk["Ana"].parts["amount"], risk["Ana"].n) == (1.0, 0.3, 3)
    assert risk["Ana"].parts["open_amount"] == 0.6
    assert (risk["Bo"].value, risk["Bo"].parts["overdue"], risk["Bo"].parts["unpriced"]) == (1.0, 1, 1)
    assert risk.left_out == {"no amount": 1, "negative amount": 0}


def test_what_is_not_known_is_not_raised() -> None:
    """A deal of which a flag is not known counts as one without it, and the part `unknown` says how many there are."""
    deals = open_book(expected_close=[None, "2026-05-01"])
    share = sm.hygiene_share(deals, flags="overdue")["all"]
    assert (share.value, share.n, share.parts["unknown"]) == (1.0, 2, 1)
    assert sm.at_risk(deals, flags="overdue")["all"].parts["unknown"] == 1


def test_default_flags_that_nothing_tells_are_noted() -> None:
    """Of the default flags those that need a history or activities are left out, and the answer says so."""
    risk = sm.at_risk(open_book(expected_close=[AS_OF]))
    assert [note.split()[0] for note in risk.notes] == ["no_next_step", "stale", "over_age", "pushed"]
    assert set(risk.parts) == {"amount", "open_amount", "unknown", "overdue"}


def test_nothing_open() -> None:
    """No open deals have no share (NaN, no_rows), a risk of 0, and no concentration; pipelines of nothing have none either."""
    deals = sm.read_deals({"amount": [5], "outcome": ["won"], "closed": [AS_OF], "rep": ["Ana"]}, as_of=AS_OF)
    deals = deals.with_labels({})
    share = sm.hygiene_share(deals, flags="unpriced")["all"]
    assert (np.isnan(share.value), share.n, share.reason) == (True, 0, "no_rows")
    assert sm.at_risk(deals, flags="unpriced")["all"].value == 0.0
    assert sm.concentration(deals)["all"].reason == "no_rows"
    assert sm.concentration(open_book(amount=[0, 0]))["all"].reason == "zero_denominator"
    assert len(sm.flags(deals)) == 0


def test_the_largest_deals() -> None:
    """The largest of 600, 300 and 100 is 0.6 of it, the largest two 0.9, and 0.3 of three deals is one deal."""
    deals = open_book(amount=[100, 600, 300, None], segment=["x", "x", "y", "y"])
    assert [sm.concentration(deals, top=top)["all"].value for top in (1, 2, 3, 99, 0.3, 0.34, 1.0)] == [
        *(0.6, 0.9, 1.0, 1.0),
        *(0.6, 0.9, 1.0),
    ]
    table = sm.concentration(deals, by="segment")
    assert (table["x"].value, table["y"].value, table["y"].n) == (600 / 700, 1.0, 1)
    assert table["x"].parts == {"largest": 600.0, "open": 700.0}
    assert table.left_out["no amount"] == 1


def test_owners_are_those_of_the_day() -> None:
    """On an earlier day a deal is at risk with the owner it had then, and in the stage it was in."""
    deals = open_book(rep=["Bo"], created=moved(0), expected_close=["2026-01-15"], stage=["Demo"])
    history = sm.read_history(
        {"deal": ["d0", "d0"], "date": moved(0, 60), "rep": ["Ana", "Bo"], "stage": ["Lead", "Demo"]}, process=STAGES
    )
    then = sm.at_risk(deals, history=history, as_of="2026-02-01", by=("rep", "stage"), flags="stale")
    assert list(then.labels) == [("Ana", "Lead")]
    assert sm.flags(deals, history=history, as_of="2026-02-01").reps.tolist() == ["Ana"]


def test_what_the_history_does_not_track_is_not_known_of_an_earlier_day() -> None:
    """A column that only the deal book has is known of the deals that have not changed since, and of no others."""
    deals = open_book(amount=[None, None], created=moved(0, 0), stage=["Demo", "Lead"])
    history = sm.read_history(
        {"deal": ["d0", "d0", "d1"], "date": moved(0, 60, 0), "stage": ["Lead", "Demo", "Lead"]}, process=STAGES
    )
    assert answer(sm.flags(deals, history=history, as_of="2026-02-01"), "unpriced") == {"d0": None, "d1": True}
    assert answer(sm.flags(deals, history=history), "unpriced") == {"d0": True, "d1": True}


# --- laws ------------------------------------------------------------------------------------------------------------


@settings(max_examples=2 * EXAMPLES)
@given(case=BOOKS, rules=st.sampled_from(RULES))
def test_every_flag_is_the_slow_one(case: Case, rules: sm.FlagRules) -> None:
    """Each flag of each deal is True, False or unknown as the slow module says, written from the definitions."""
    ask = case.ask()
    table = sm.flags(ask.deals, history=ask.history, as_of=case.as_of, rules=rules, negative="exclude")
    wanted = told(case, {"rules": rules})
    assert set(table.ids.tolist()) == set(wanted)
    for name in FLAGS:
        assert answer(table, name) == {key: mine[name] for key, mine in wanted.items()}, name


@settings(max_examples=EXAMPLES)
@given(case=BOOKS, days=st.lists(st.tuples(st.integers(0, 40), st.integers(-60, 60)), max_size=30))
def test_flags_with_activities_are_the_slow_ones(case: Case, days: list[tuple[int, int]]) -> None:
    """Next steps and touches are those of the slow module, whatever the days of activities of which nothing is said."""
    assert case.as_of is not None
    ask, as_of = case.ask(), case.as_of
    rows = [(f"d{deal}", as_of + timedelta(offset)) for deal, offset in days]
    done = sm.read_activities(
        {"deal": [deal for deal, _ in rows] or np.zeros(0, "U1"), "date": [day for _, day in rows]}
    )
    mine: dict[Any, list[date]] = {}
    for deal, day in rows:
        mine.setdefault(deal, []).append(day)
    table = sm.flags(ask.deals, history=ask.history, activities=done, as_of=as_of)
    wanted = found(case, activities=mine)
    for name in ("no_next_step", "stale"):
        assert answer(table, name) == {key: each[name] for key, each in wanted.items()}, name


@settings(max_examples=EXAMPLES)
@given(case=BOOKS, data=st.data())
def test_nothing_later_is_read(case: Case, data: st.DataObject) -> None:
    """Whatever happens after the day, other changes or none, the flags of the day are the same."""
    assert case.as_of is not None
    ask = case.ask()
    told_by = {c.deal for c in case.moves if c.day <= case.as_of}
    # deals of which nothing is told by then are as the book says, which is a later word
    there = tuple(d for d in case.deals if d.id in told_by)
    later = [c for c in case.moves if c.day <= case.as_of and c.deal in told_by]
    more = [
        c._replace(amount=None, expected_close=None, rep="Zed", stage=data.draw(st.sampled_from(PROCESS.names)))
        for c in case.moves
        if c.day > case.as_of and c.deal in told_by
    ]
    ends = {c.deal: c for c in sorted([*later, *more], key=lambda c: c.day)}
    changed = tuple(
        attrs.evolve(
            d,
            amount=ends[d.id].amount,
            expected_close=ends[d.id].expected_close,
            rep=ends[d.id].rep,
            stage=ends[d.id].stage,
            outcome=PROCESS.outcome(ends[d.id].stage),
            closed=None
            if PROCESS.outcome(ends[d.id].stage) == "open"
            else max(c.day for c in [*later, *more] if c.deal == d.id),
        )
        for d in there
    )
    before = sm.flags(
        ask.deals.filter(np.isin(ask.deals["id"], list(told_by))),
        history=history_of(c for c in case.moves if c.deal in told_by),
        as_of=case.as_of,
    )
    other = attrs.evolve(case, deals=changed).ask().deals
    after = sm.flags(other, history=history_of([*later, *more]), as_of=case.as_of)
    assert after.to_dict() == before.to_dict()


@settings(max_examples=EXAMPLES)
@given(case=BOOKS, data=st.data(), rules=st.sampled_from(RULES))
def test_any_cut_of_the_deals_adds_up(case: Case, data: st.DataObject, rules: sm.FlagRules) -> None:
    """Tallies of parts, learned limits and concentrated deals among them, add up to the tally of the whole, bit for bit."""
    ask = case.ask()
    owner = np.array([data.draw(st.integers(0, 3)) for _ in case.deals], dtype=np.int64)
    given = {"by": "rep", "flags": [name for name in FLAGS if name != "no_next_step"], "rules": rules}
    given |= {"as_of": case.as_of, "negative": "exclude"}

    def tally(keep: Any) -> sm.HygieneTally:
        part = ask.deals.filter(keep)
        history = ask.history.filter(np.isin(ask.history["deal"], part["id"]))
        return sm.HygieneTally.from_book(part, history, **given)

    whole = tally(np.ones(len(owner), dtype=bool))
    parts = [tally(owner == part) for part in (3, 1, 0, 2)]
    merged = (parts[0] + parts[1]) + (parts[2] + parts[3])
    assert merged.equals(whole)
    assert sm.at_risk(merged).equals(sm.at_risk(whole))
    assert sm.hygiene_share(merged).equals(sm.hygiene_share(whole))


@settings(max_examples=EXAMPLES)
@given(case=BOOKS, rules=st.sampled_from(RULES))
def test_the_metrics_are_sums_of_flags(case: Case, rules: sm.FlagRules) -> None:
    """By owner of the day, `at_risk` counts the deals whose flags `flags` gives, and the share is what is left of them."""
    ask = case.ask()
    chosen = tuple(name for name in FLAGS if name != "no_next_step")
    asked: dict[str, Any] = {"history": ask.history, "as_of": case.as_of, "rules": rules, "negative": "exclude"}
    table = sm.flags(ask.deals, **asked)
    risk = sm.at_risk(ask.deals, flags=chosen, by="rep", **asked)
    share = sm.hygiene_share(ask.deals, flags=chosen, by="rep", **asked)
    raised = table.any(chosen)
    assert int(risk.n.sum()) == len(table)
    for at, rep in enumerate(risk.labels):
        mine = np.array([owner == rep for owner in table.reps.tolist()], dtype=bool)
        assert risk.value[at] == (raised & mine).sum()
        assert share.parts["clean"][at] == risk.n[at] - risk.value[at]
        for name in chosen:
            assert risk.parts[name][at] == (table[name] & mine).sum()


@settings(max_examples=EXAMPLES)
@given(case=BOOKS, days=st.integers(0, 60))
def test_ages_grow_with_the_days(case: Case, days: int) -> None:
    """F15: a deal that is over a stated age stays so while it stays open in its stage."""
    assert case.as_of is not None
    ask, rules = case.ask(), sm.FlagRules(limits=20)
    later = case.as_of + timedelta(days)
    still = [c for c in case.moves if case.as_of < c.day <= later]
    first = answer(sm.flags(ask.deals, history=ask.history, as_of=case.as_of, rules=rules), "over_age")
    second = answer(sm.flags(ask.deals, history=ask.history, as_of=later, rules=rules), "over_age")
    moving = {c.deal for c in still}
    for key in first.keys() & second.keys() - moving:
        assert second[key] or not first[key]


# --- the sample company, frames and showing --------------------------------------------------------------------------


def test_the_sample_company_looks_like_one() -> None:
    """Most records are in order, some deals are overdue or pushed, and the limits are the dwells."""
    company = sm.datasets.sample_company(deals=5_000, rng=7)
    flags = sm.flags(company.deals, history=company.history)
    counts, n = flags.counts(), len(flags)
    assert 100 < n < 1_000
    assert 0 < counts["overdue"]["flagged"] < n / 4
    assert 0 < counts["pushed"]["flagged"] < n / 2
    assert 0 < counts["over_age"]["flagged"] < n / 4
    assert set(flags.limits) == {"Qualification", "Discovery", "Proposal", "Negotiation"}
    dwell = sm.stage_dwell(company.deals, company.history, stat=0.9, population="all")
    assert dict(zip(dwell.labels, dwell.value.tolist(), strict=True)) == dict(flags.limits)
    assert sm.hygiene_share(company.deals, history=company.history)["all"].value > 0.7
    assert sm.at_risk(company.deals, history=company.history)["all"].n == n


def test_frames_keep_what_is_not_known() -> None:
    """In frames a flag that is not known is missing, and never False."""
    flags = sm.flags(open_book(rep=["Ana", None], expected_close=["2026-01-01", None]))
    pandas = pytest.importorskip("pandas")
    frame = flags.to_pandas()
    assert frame["overdue"].dtype == pandas.BooleanDtype()
    assert frame["overdue"].isna().tolist() == [False, True]
    polars = pytest.importorskip("polars")
    assert flags.to_polars()["overdue"].to_list() == [True, None]
    assert flags.to_polars().schema["stale"] == polars.Boolean
    pytest.importorskip("pyarrow")
    assert flags.to_arrow()["overdue"].to_pylist() == [True, None]
    assert flags.to_arrow().column_names == ["id", "rep", *FLAGS]


def test_what_is_shown_is_escaped() -> None:
    """Ids that hold markup are shown escaped."""
    deals = sm.read_deals({"id": ["<script>", "=1+1"], "outcome": ["open"] * 2, "rep": [None] * 2}, as_of=AS_OF)
    flags = sm.flags(deals)
    assert "<script>" not in flags._repr_html_()
    assert "<script>" in html.unescape(flags._repr_html_())
    assert repr(flags).splitlines()[0] == "flags of 2 open deals on 2026-03-31"


def test_flags_are_frozen() -> None:
    """What was answered cannot be changed, and two answers to one question are equal."""
    deals = open_book(rep=["Ana"])
    flags = sm.flags(deals)
    with pytest.raises(ValueError, match="read-only"):
        flags["ownerless"][0] = True
    assert flags.equals(sm.flags(deals))
    assert not flags.equals(sm.flags(deals, rules=sm.FlagRules(days=3)))


def test_a_tally_of_nothing_changes_nothing() -> None:
    """The empty tally, made for the same question, is the identity."""
    deals = open_book(rep=["Ana", "Bo"], amount=[1, 5], expected_close=[AS_OF, None])
    whole = sm.HygieneTally.from_book(deals, by="rep")
    nothing = sm.HygieneTally.empty(as_of=AS_OF, by="rep", process=STAGES)
    assert (whole + nothing).equals(whole)
    assert (nothing + whole).equals(whole)
