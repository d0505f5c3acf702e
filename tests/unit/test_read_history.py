"""The way in for changes of deals: states and logs, instants, order within a day, and what is refused (STG-1 to STG-6)."""

from __future__ import annotations

import datetime as dt
import warnings
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import salesmetrics as sm
from salesmetrics.books import DealBook, DealHistory
from salesmetrics.domain import SalesProcess, Stage, StageMove
from salesmetrics.readers.maps import histories as maps
from tests.unit.test_history import Story, date_of, deals_of, held, history_of, stories

PROCESS = SalesProcess(
    [
        Stage("Lead", 1),
        Stage("Bid", 2),
        Stage("Proposal", 3),
        Stage("Won", 4, outcome="won"),
        Stage("Lost", 5, outcome="lost"),
    ]
)


def quietly(source: Any, *args: Any, **options: Any) -> DealHistory:
    """Return a history, without the warnings."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", sm.SalesMetricsWarning)
        return sm.read_history(source, *args, **options)


def moves(*rows: tuple[Any, ...], names: tuple[str, ...] = ("deal", "date", "stage")) -> dict[str, list[Any]]:
    """Return rows as columns."""
    return {name: [row[at] for row in rows] for at, name in enumerate(names)}


def book(**columns: Any) -> DealBook:
    """Return a deal book of the process."""
    return sm.read_deals(columns, process=PROCESS)


# --- forms -----------------------------------------------------------------------------------------------------------


def test_objects_files_frames_and_mappings_give_one_history(tmp_path: Any) -> None:
    """The same changes give the same book, whatever holds them."""
    pandas = pytest.importorskip("pandas")
    columns = moves(
        ("a", "2026-01-02", "Lead", "10.5"), ("a", "2026-02-01", "Won", "12"), names=("deal", "date", "stage", "amount")
    )
    numbers = columns | {"amount": [10.5, 12.0]}
    path = tmp_path / "history.csv"
    path.write_text(
        "deal,date,stage,amount\n" + "\n".join(",".join(row) for row in zip(*columns.values(), strict=True)) + "\n"
    )
    objects = [StageMove("a", "2026-01-02", "Lead", Decimal("10.5")), StageMove("a", "2026-02-01", "Won", 12)]
    one = sm.read_history(numbers, process=PROCESS)
    assert one["outcome"].tolist() == ["open", "won"]
    for source in (path, pandas.DataFrame(numbers), objects, iter(objects)):
        assert sm.read_history(source, process=PROCESS).equals(one)


def test_what_no_object_says_is_not_tracked() -> None:
    """Objects have every field; one that none of them uses is no column."""
    history = sm.read_history([StageMove("a", "2026-01-02", "Lead")])
    assert history.names == ("deal", "date", "stage")
    assert StageMove("a", "2026-01-02", outcome="won", actor="Eve", from_stage="Lead", seq=3).seq == 3


def test_a_source_without_anything_that_changes_is_refused() -> None:
    """Deal and date alone are no history."""
    with pytest.raises(sm.MissingColumnError, match="the source must have one of 'stage', 'outcome', "):
        sm.read_history({"deal": ["a"], "date": ["2026-01-02"]})
    with pytest.raises(sm.MissingColumnError, match="the source must have 'new' beside 'field'; got none"):
        sm.read_history({"deal": ["a"], "date": ["2026-01-02"], "field": ["stage"]})


def test_a_change_without_a_day_is_refused() -> None:
    """A change that happened nobody knows when changes nothing."""
    with pytest.raises(sm.InvalidDataError, match="`date` must be given in every row; got 1 of 2 rows that is not"):
        sm.read_history(moves(("a", None, "Lead"), ("a", "2026-01-02", "Bid")))


# --- instants --------------------------------------------------------------------------------------------------------


def test_instants_become_business_days_and_keep_their_order() -> None:
    """Half past three in the morning UTC is the day before in New York; milliseconds order what comes in one second."""
    history = sm.read_history(
        moves(
            ("a", "2024-07-01T03:30:00.250Z", "Won"),
            ("a", "2024-07-01T03:30:00.125Z", "Bid"),
            ("a", "2024-07-01T05:00:00Z", "Lost"),
            ("a", "2024-06-01T12:00:00Z", "Won"),
        ),
        zone="America/New_York",
        process=PROCESS,
    )
    assert history["date"].astype(str).tolist() == ["2024-06-01", "2024-06-30", "2024-06-30", "2024-07-01"]
    assert history["stage"].tolist() == ["Won", "Bid", "Won", "Lost"]
    stamps = [dt.datetime(2024, 7, 1, 3, 30, 0, us, tzinfo=dt.UTC) for us in (250, 125)]
    by_object = sm.read_history(moves(*zip("aa", stamps, ("Won", "Bid"), strict=True)), zone="UTC", process=PROCESS)
    array = np.array(["2024-07-01T03:30:00.000250", "2024-07-01T03:30:00.000125"], dtype="datetime64[us]")
    by_array = sm.read_history(
        {"deal": ["a", "a"], "date": array, "stage": ["Won", "Bid"]}, zone="UTC", process=PROCESS
    )
    assert by_object["stage"].tolist() == by_array["stage"].tolist() == ["Bid", "Won"]
    assert by_object.equals(by_array)


def test_instants_without_a_zone_are_refused() -> None:
    """Which day an instant is depends on the zone; nobody guesses it."""
    with pytest.raises(sm.InvalidDataError, match="`date` must be a day and not an instant, where no `zone` is given"):
        sm.read_history(moves(("a", "2024-07-01T03:30:00Z", "Won")))


# --- STG-1 to STG-6 --------------------------------------------------------------------------------------------------


def test_stg_1_unknown_stages_are_refused_with_the_nearest_name() -> None:
    """STG-1: a stage in another case is another stage, unless case does not count."""
    source = moves(("a", "2026-01-02", "Lead"), ("a", "2026-01-05", "proposal"))
    with pytest.raises(sm.InvalidDataError, match="`stage` must be a stage of the process in every row") as caught:
        sm.read_history(source, process=PROCESS)
    assert caught.value.code == "SM-STG-01"
    assert "Proposal" in str(caught.value.hint)
    assert sm.read_history(source, process=PROCESS, casefold=True)["stage"].tolist() == ["Lead", "Proposal"]
    raw = sm.read_history(source)
    with pytest.raises(
        sm.InvalidDataError, match="`stage` must be a stage of the process in every row; got 'proposal'"
    ):
        raw.as_of("2026-01-31", book(id=["a"], stage=["Lead"], created=["2026-01-01"], outcome=["open"]))


def test_stg_2_changes_before_the_creation_or_after_the_close_are_refused() -> None:
    """STG-2: the error says the deal and both days; such rows can be left out."""
    deals = book(
        id=["a", "b"],
        stage=["Bid", "Won"],
        created=["2026-01-05", "2026-01-01"],
        closed=[None, "2026-02-01"],
        outcome=["open", "won"],
    )
    early = moves(("a", "2026-01-02", "Lead"), ("a", "2026-01-06", "Bid"))
    late = moves(("b", "2026-01-01", "Lead"), ("b", "2026-02-01", "Won"), ("b", "2026-02-03", "Lost"))
    for source, rule, days in (
        (early, "not lie before the deal was created", ("2026-01-02", "2026-01-05")),
        (late, "not lie after the deal was closed", ("2026-02-03", "2026-02-01")),
    ):
        with pytest.raises(sm.InvalidDataError, match=rule) as caught:
            sm.read_history(source, deals=deals)
        assert caught.value.code == "SM-STG-02"
        assert all(day in str(caught.value) for day in days)
        with pytest.raises(sm.InvalidDataError, match=rule) as caught:
            sm.read_history(source, process=PROCESS).check(deals)
        assert all(day in str(caught.value) for day in days)
        kept = quietly(source, deals=deals, on_error="drop")
        assert [record["code"] for record in kept.rejects] == ["SM-STG-02"]
        assert len(kept) == len(source["deal"]) - 1
    corrected = moves(
        ("b", "2026-01-01", "Lead", 5),
        ("b", "2026-02-01", "Won", 5),
        ("b", "2026-02-03", "Won", 6),
        names=("deal", "date", "stage", "amount"),
    )
    history = quietly(corrected, deals=deals)
    assert history.as_of("2026-02-03", deals)["closed"].astype(str).tolist()[1] == "2026-02-01"


def test_stg_3_changes_of_one_day_are_ordered_by_seq_then_chain_then_stage() -> None:
    """STG-3: the last change of the day is the state; where nothing tells, stages do, and the rows are counted."""
    day = "2026-01-02"
    by_seq = sm.read_history(
        moves(("a", day, "Lead", 7), ("a", day, "Bid", 3), names=("deal", "date", "stage", "seq")), process=PROCESS
    )
    assert by_seq["stage"].tolist() == ["Bid", "Lead"]
    chain = moves(
        ("a", day, "Proposal", "Lead"), ("a", day, "Bid", "Proposal"), ("a", "2026-01-01", "Lead", None),
        names=("deal", "date", "stage", "from_stage"),
    )  # fmt: skip
    chained = sm.read_history(chain, process=PROCESS)
    assert chained["stage"].tolist() == ["Lead", "Proposal", "Bid"]
    with pytest.warns(sm.SalesMetricsWarning, match="changes on one day that nothing tells the order of.*: 2"):
        by_stage = sm.read_history(moves(("a", day, "Proposal"), ("a", day, "Lead")), process=PROCESS)
    assert by_stage["stage"].tolist() == ["Lead", "Proposal"]


def test_stg_3_a_chain_may_come_back_to_where_it_began() -> None:
    """Lead, Bid, Lead, Proposal in one day: each change begins where the one before ended."""
    day = "2026-01-02"
    rows = [("a", day, "Lead", "Bid"), ("a", day, "Proposal", "Lead"), ("a", day, "Bid", "Lead")]
    for order in ([0, 1, 2], [2, 1, 0], [1, 2, 0]):
        source = moves(
            ("a", "2026-01-01", "Lead", None),
            *(rows[at] for at in order),
            names=("deal", "date", "stage", "from_stage"),
        )
        assert sm.read_history(source, process=PROCESS)["stage"].tolist() == ["Lead", "Bid", "Lead", "Proposal"]


def test_stg_4_a_change_must_begin_where_the_one_before_ended() -> None:
    """STG-4: a change is missing in between; the new values can be trusted, and are counted."""
    source = moves(
        ("a", "2026-01-01", "Lead", None), ("a", "2026-01-05", "Proposal", "Bid"),
        names=("deal", "date", "stage", "from_stage"),
    )  # fmt: skip
    with pytest.raises(sm.InvalidDataError, match="`from_stage` must begin where the change before ended") as caught:
        sm.read_history(source, process=PROCESS)
    assert (caught.value.code, caught.value.values) == ("SM-STG-04", ["Bid"])
    with pytest.warns(sm.SalesMetricsWarning, match="changes that do not begin where the one before ended: 1"):
        trusted = sm.read_history(source, process=PROCESS, repair="trust_to")
    assert trusted["stage"].tolist() == ["Lead", "Proposal"]


def test_stg_5_the_last_close_counts() -> None:
    """STG-5: won, reopened, then lost is lost on the last day, and each event stays an event."""
    history = sm.read_history(
        moves(
            ("a", "2026-01-01", "Lead"), ("a", "2026-01-10", "Won"), ("a", "2026-01-20", "Bid"), ("a", "2026-02-01", "Lost")
        ),
        process=PROCESS,
    )  # fmt: skip
    won, again, lost = history.as_of(["2026-01-15", "2026-01-25", "2026-02-05"])
    assert [b["outcome"].tolist() for b in (won, again, lost)] == [["won"], ["open"], ["lost"]]
    assert [str(b["closed"][0]) for b in (won, again, lost)] == ["2026-01-10", "NaT", "2026-02-01"]
    assert history["outcome"].tolist() == ["open", "won", "open", "lost"]


def test_stg_6_deals_that_the_book_does_not_know_are_refused_and_silent_deals_are_in() -> None:
    """STG-6: a history of a stranger is an error; a deal without a history was created in its present stage, with a warning."""
    deals = book(
        id=["a", "b", "c"],
        stage=["Bid", "Proposal", "Won"],
        created=["2026-01-01", "2026-01-03", "2026-01-04"],
        closed=[None, None, "2026-01-20"],
        outcome=["open", "open", "won"],
    )
    strange = moves(("a", "2026-01-01", "Lead"), ("aa", "2026-01-02", "Lead"))
    with pytest.raises(sm.InvalidDataError, match="`deal` must be a deal of the book in every row") as caught:
        sm.read_history(strange, deals=deals)
    assert (caught.value.code, caught.value.values) == ("SM-STG-06", ["aa"])
    with pytest.raises(sm.InvalidDataError, match="got 1 deals that are not, first 'aa'"):
        sm.read_history(strange, process=PROCESS).as_of("2026-01-31", deals)
    with pytest.warns(
        sm.SalesMetricsWarning, match="deals without a history, in their present stage since they were created: 2"
    ):
        history = sm.read_history(moves(("a", "2026-01-01", "Lead"), ("a", "2026-01-02", "Bid")), deals=deals)
    then = history.as_of("2026-01-10", deals)
    assert then["stage"].tolist() == ["Bid", "Proposal", None]
    assert then["outcome"].tolist() == ["open", "open", "open"]
    assert history.as_of("2026-01-31", deals)["stage"].tolist() == ["Bid", "Proposal", "Won"]


# --- the deal book ---------------------------------------------------------------------------------------------------


def test_disagreements_are_reported_and_not_mended() -> None:
    """The history says one thing and the deal book another: a small table, a warning, and both stay what they are."""
    deals = book(
        id=["a", "b"],
        stage=["Bid", "Won"],
        created=["2026-01-01", "2026-01-01"],
        closed=[None, "2026-02-02"],
        outcome=["open", "won"],
        amount=[10, 20],
    )
    source = moves(
        ("a", "2026-01-01", "Lead", 10), ("b", "2026-01-01", "Lead", 21), ("b", "2026-02-01", "Won", 21),
        names=("deal", "date", "stage", "amount"),
    )  # fmt: skip
    with pytest.warns(
        sm.SalesMetricsWarning, match="deals whose last stage is not the one in the deal book: 1, first 'a'"
    ):
        history = sm.read_history(source, deals=deals)
    found = history.check(deals)
    assert found.counts == {"stage": 1, "outcome": 0, "closed": 1, "amount": 1}
    assert {name: ids.tolist() for name, ids in found.ids.items() if len(ids)} == {
        "stage": ["a"],
        "closed": ["b"],
        "amount": ["b"],
    }
    assert repr(found).splitlines()[0] == "<Differences: 3"
    assert history.as_of("2026-03-01", deals)["amount"].tolist() == [10.0, 21.0]
    assert deals["amount"].tolist() == [10.0, 20.0]


def test_a_history_in_another_currency_is_refused() -> None:
    """Amounts of the deals and of their history are of one kind."""
    deals = sm.read_deals({"id": ["a"], "amount": [5], "created": ["2026-01-01"], "outcome": ["open"]}, currency="USD")
    source = {"deal": ["a"], "date": ["2026-01-01"], "amount": [5]}
    with pytest.raises(sm.InvalidDataError, match="`currency` must be the same in the deals and their history"):
        sm.read_history(source, currency="EUR").as_of("2026-01-02", deals)
    assert sm.read_history(source, deals=deals).currency == "USD"


def test_outcomes_come_from_the_deals_where_every_stage_has_one() -> None:
    """Without a process the stages of the deal book tell; two outcomes of one stage tell nothing, and closing days do."""
    columns = {
        "id": ["a", "b"],
        "stage": ["Bid", "Done"],
        "created": ["2026-01-01", "2026-01-01"],
        "closed": [None, "2026-02-01"],
        "outcome": ["open", "won"],
    }
    source = moves(("a", "2026-01-01", "Bid"), ("b", "2026-01-01", "Bid"), ("b", "2026-02-01", "Done"))
    assert sm.read_history(source, deals=sm.read_deals(columns))["outcome"].tolist() == ["open", "open", "won"]
    torn = sm.read_deals(columns | {"stage": ["Bid", "Bid"]})
    history = quietly(source, deals=torn)
    assert "outcome" not in history.names
    assert history.as_of("2026-02-01", torn)["outcome"].tolist() == ["open", "won"]
    words = sm.read_history(source, outcomes={"Bid": "open", "Done": "won"})
    assert words["outcome"].tolist() == ["open", "open", "won"]
    with pytest.raises(
        sm.InvalidArgumentError, match="`outcomes` must say what every stage means; got nothing for 'Done'"
    ):
        sm.read_history(source, outcomes={"Bid": "open"})


# --- logs ------------------------------------------------------------------------------------------------------------


@given(stories(), st.booleans(), st.data())
def test_a_log_tells_what_states_tell(story: Story, told: bool, data: st.DataObject) -> None:
    """Told as old -> new, with or without an order within the day, the changes give the book of every day."""
    deals = deals_of(story)
    rows: list[tuple[Any, ...]] = []
    before: dict[str, Any] = {}
    for change in sorted(story.changes, key=lambda c: (c.deal, c.day, c.seq)):
        now = {"stage": change.stage, "amount": change.amount, "expected_close": change.expected}
        old = before.get(change.deal, now)
        for name in now:
            if now[name] != old[name]:
                pair = [_said(name, state[name]) for state in (old, now)]
                rows.append((change.deal, date_of(change.day), name, *pair, change.seq))
        before[change.deal] = now
    rows = list(data.draw(st.permutations(rows)))
    names = (*LOG, "seq")
    source = moves(*rows, names=names if told else LOG) if rows else {name: [] for name in LOG}
    history = quietly(source, deals=deals)
    stated = history_of(story)
    assert not history.check(deals)
    for day in (0, 5, 20, 41, 60):
        asked: Any = date_of(day)
        assert held(history.as_of(asked, deals)) == held(stated.as_of(asked, deals))


def _said(name: str, value: Any) -> str | None:
    return None if value is None else str(date_of(value)) if name == "expected_close" else str(value)


LOG = ("deal", "date", "field", "old", "new")


def test_a_log_of_properties_becomes_states() -> None:
    """Each state holds what was set before; what has not changed yet has the old value of its first change."""
    log = moves(
        ("a", "2026-01-05", "StageName", "Lead", "Bid"),
        ("a", "2026-01-09", "Amount", "100", "250.5"),
        ("a", "2026-01-09", "CloseDate", "2026-03-01", "2026-04-01"),
        ("b", "2026-01-07", "Amount", None, "7"),
        ("a", "2026-01-20", "Colour", "red", "blue"),
        names=LOG,
    )
    deals = sm.read_deals(
        {
            "id": ["a", "b"],
            "created": ["2026-01-02", "2026-01-03"],
            "stage": ["Bid", "Lead"],
            "amount": [250.5, 7],
            "expected_close": ["2026-04-01", "2026-05-01"],
            "outcome": ["open", "open"],
        },
        process=PROCESS,
    )
    words = {"StageName": "stage", "Amount": "amount", "CloseDate": "expected_close"}
    history = sm.read_history(log, properties=words, deals=deals)
    assert history["date"].astype(str).tolist() == [
        "2026-01-02",
        "2026-01-05",
        "2026-01-09",
        "2026-01-03",
        "2026-01-07",
    ]
    assert history["stage"].tolist() == ["Lead", "Bid", "Bid", "Lead", "Lead"]
    assert history["amount"].tolist()[:3] == [100.0, 100.0, 250.5]
    assert np.isnan(history["amount"][3])
    assert history["amount"][4] == 7.0
    assert history["expected_close"].astype(str).tolist() == [
        "2026-03-01",
        "2026-03-01",
        "2026-04-01",
        "2026-05-01",
        "2026-05-01",
    ]
    assert "changes of other properties, passed over: 1" in history.notes
    assert not history.check(deals)
    assert history.as_of("2026-02-01", deals)["stage"].tolist() == deals["stage"].tolist()
    alone = sm.read_history(log, properties=words, process=PROCESS)
    assert alone["stage"].tolist() == ["Bid", "Bid", None]


def test_a_log_keeps_every_change_of_a_day_and_joins_them() -> None:
    """Lead to Bid to Proposal on one day are two changes; a log that does not join is refused (STG-4)."""
    day = "2026-01-05"
    log = moves(
        ("a", day, "stage", "Bid", "Proposal"),
        ("a", day, "stage", "Lead", "Bid"),
        ("a", day, "rep", "Ana", "Ben"),
        names=LOG,
    )
    history = sm.read_history(log, process=PROCESS)
    assert history["stage"].tolist() == ["Bid", "Proposal"]
    assert history["rep"].tolist() == ["Ben", "Ben"]
    torn = moves(
        ("a", "2026-01-05", "stage", "Lead", "Bid"), ("a", "2026-01-06", "stage", "Lead", "Proposal"), names=LOG
    )
    with pytest.raises(sm.InvalidDataError, match="`old` must begin where the change before ended"):
        sm.read_history(torn, process=PROCESS)


def test_the_stage_a_deal_was_created_in_is_a_visit_even_on_the_day_it_was_left() -> None:
    """Created and moved on one day: the first stage is a row of its own."""
    deals = book(id=["a"], stage=["Bid"], created=["2026-01-05"], outcome=["open"])
    history = sm.read_history(moves(("a", "2026-01-05", "stage", "Lead", "Bid"), names=LOG), deals=deals)
    assert history["stage"].tolist() == ["Lead", "Bid"]


def test_a_log_may_leave_out_what_the_deal_book_contradicts() -> None:
    """An amount changed after the day of the close, before the stage was: the state between is left out, and counted."""
    deals = book(id=["a"], stage=["Won"], created=["2026-01-01"], closed=["2026-02-01"], outcome=["won"], amount=[8])
    log = moves(
        ("a", "2026-02-03", "amount", "7", "8"), ("a", "2026-02-05", "stage", "Bid", "Won"),
        names=LOG,
    )  # fmt: skip
    with pytest.raises(sm.InvalidDataError, match="not lie after the deal was closed"):
        sm.read_history(log, deals=deals)
    with pytest.warns(sm.SalesMetricsWarning, match="states of the log after the close of their deals, left out: 1"):
        kept = sm.read_history(log, deals=deals, on_error="drop")
    assert kept["stage"].tolist() == ["Bid", "Won"]


def test_properties_must_be_columns_of_a_history() -> None:
    """A property that a history does not hold is refused, with the nearest name."""
    with pytest.raises(sm.InvalidArgumentError, match="`properties` must map to columns of a history; got 'close'"):
        sm.read_history(moves(("a", "2026-01-05", "x", "1", "2"), names=LOG), properties={"x": "close"})


# --- systems ---------------------------------------------------------------------------------------------------------


def test_salesforce_field_history_is_read_by_its_map() -> None:
    """OpportunityFieldHistory: close dates are days and never moved, changes are instants of UTC."""
    source = {
        "OpportunityId": ["006a", "006a", "006a"],
        "CreatedDate": ["2024-07-01T03:30:00.000+0000", "2024-07-02T12:00:00.000+0000", "2024-07-02T12:00:00.000+0000"],
        "Field": ["StageName", "CloseDate", "Amount"],
        "OldValue": ["Prospecting", "2024-06-30", None],
        "NewValue": ["Closed Won", "2024-07-31", "1500"],
        "CreatedById": ["005x", "005y", "005y"],
        "IsDeleted": ["false", "false", "false"],
    }
    words = {"Prospecting": "open", "Closed Won": "won"}
    history = sm.read_history(source, maps.SALESFORCE_FIELD_HISTORY, zone="America/New_York", outcomes=words)
    assert history["date"].astype(str).tolist() == ["2024-06-30", "2024-07-02"]
    assert history["expected_close"].astype(str).tolist() == ["2024-06-30", "2024-07-31"]
    assert history["outcome"].tolist() == ["won", "won"]
    assert history["amount"].tolist()[1] == 1500.0
    assert history["actor"].tolist() == ["005x", "005y"]


def test_hubspot_properties_are_read_by_their_map() -> None:
    """Milliseconds since 1970 in texts are instants, of the change and of the close date; the first value is no change."""
    source = {
        "deal_id": [11, 11, 11],
        "timestamp": ["2024-07-01T03:30:00.125Z", "2024-07-01T03:30:00.250Z", "2024-07-05T10:00:00Z"],
        "name": ["dealstage", "closedate", "dealstage"],
        "value": ["appointmentscheduled", "1719718200000", "closedwon"],
    }
    history = sm.read_history(source, maps.HUBSPOT_HISTORY, zone="America/New_York")
    assert history["deal"].tolist() == ["11"] * 3
    assert history["expected_close"].astype(str).tolist() == ["NaT", "2024-06-29", "2024-06-29"]
    assert history["stage"].tolist() == ["appointmentscheduled", "appointmentscheduled", "closedwon"]


def test_pipedrive_changes_are_read_by_their_map() -> None:
    """Status is the outcome, value the amount; times are of UTC without a mark."""
    source = {
        "deal_id": ["1", "1"],
        "time": ["2024-07-01 03:30:00", "2024-07-04 10:00:00"],
        "field_key": ["value", "status"],
        "old_value": ["100", "open"],
        "new_value": ["150", "won"],
    }
    history = sm.read_history(source, maps.PIPEDRIVE_HISTORY, zone="America/New_York")
    assert history["outcome"].tolist() == ["open", "won"]
    assert history["amount"].tolist() == [150.0, 150.0]
    assert history["date"].astype(str).tolist() == ["2024-06-30", "2024-07-04"]
