"""Activities: who did what, when, about which deal."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

import salesmetrics as sm

TASKS: dict[str, Any] = {
    "Id": ["00T1", "00T2", "00T3", "00T4"],
    "OwnerId": ["005A", "005A", "005B", None],
    "WhatId": ["006X", "001Y", None, "006Z"],
    "CompletedDateTime": ["2026-01-02T03:00:00.000+0000", None, None, "2026-01-05T12:00:00.000+0000"],
    "ActivityDate": ["2026-01-20", "2026-02-01", None, "2026-01-05"],
    "Type": ["Call", "Email", "Call", None],
    "TaskSubtype": ["Call", "Email", "Task", "Task"],
    "IsClosed": [True, False, False, True],
    "IsDeleted": [False, False, False, True],
}


def test_tasks_of_salesforce() -> None:
    """A task is dated by when it was done, not by when it was due; a planned one by the day it is due; only deals are deals."""
    book = sm.read_activities(TASKS, sm.maps.SALESFORCE, zone="America/New_York")
    assert book["date"].astype(str).tolist() == ["2026-01-01", "2026-02-01", "NaT"]
    assert book["status"].tolist() == ["done", "planned", "planned"]
    assert book["deal"].tolist() == ["006X", None, None]
    assert book["rep"].tolist() == ["005A", "005A", "005B"]
    assert book["subtype"].tolist() == ["Call", "Email", "Task"]
    assert [record["code"] for record in book.rejects] == ["SM-DEL-01"]
    assert "1 activity has no day" in book.notes


def test_a_task_that_is_done_without_a_day_of_completion() -> None:
    """It is dated by the day it was due."""
    book = sm.read_activities(TASKS | {"CompletedDateTime": [None] * 4}, sm.maps.SALESFORCE)
    assert book["date"].astype(str).tolist() == ["2026-01-20", "2026-02-01", "NaT"]


def test_a_planned_task_keeps_its_day_though_it_was_completed_once() -> None:
    """A day of completion counts for what is done and for nothing else."""
    book = sm.read_activities(TASKS | {"IsClosed": [False] * 4}, sm.maps.SALESFORCE, zone="UTC")
    assert str(book["date"][0]) == "2026-01-20"


EVENTS: dict[str, Any] = {
    "Id": ["00U1", "00U2", "00U3"],
    "OwnerId": ["005A", "005B", "005A"],
    "WhatId": ["006X", "006X", "006X"],
    "ActivityDateTime": ["2026-01-02T03:00:00Z", "2026-01-02T03:00:00Z", None],
    "ActivityDate": [None, None, "2026-01-09T00:00:00.000+0000"],
    "Type": ["Meeting", "Meeting", "Meeting"],
    "IsChild": [False, True, False],
}


def test_events_of_salesforce() -> None:
    """A row for each invitee is one meeting; an event of a whole day keeps its day in every zone; what is past is done."""
    book = sm.read_activities(EVENTS, sm.maps.SALESFORCE.events, zone="America/New_York", as_of="2026-01-05")
    assert book["id"].tolist() == ["00U1", "00U3"]
    assert book["date"].astype(str).tolist() == ["2026-01-01", "2026-01-09"]
    assert book["status"].tolist() == ["done", "planned"]
    assert book.as_of == dt.date(2026, 1, 5)
    assert "status" not in sm.read_activities(EVENTS, sm.maps.SALESFORCE.events, zone="UTC").names


def test_activities_of_pipedrive() -> None:
    """Numbers are ids; what is done stands in a flag; deleted rows are counted."""
    table = {
        "id": [1, 2, 3],
        "owner_id": [7, 8, 7],
        "deal_id": [5.0, None, 6.0],
        "marked_as_done_time": ["2026-01-02T03:00:00Z", None, None],
        "due_date": ["2026-01-01", "2026-02-01", "2026-02-02"],
        "type": ["call", "meeting", "call"],
        "done": [True, False, False],
        "is_deleted": [False, False, True],
    }
    book = sm.read_activities(table, sm.maps.PIPEDRIVE, zone="UTC")
    assert book["deal"].tolist() == ["5", None]
    assert book["status"].tolist() == ["done", "planned"]
    assert book["date"].astype(str).tolist() == ["2026-01-02", "2026-02-01"]


def test_words_for_a_status() -> None:
    """What the words of a source mean is said once; our own need no mapping; others are refused with the nearest."""
    table = {"date": ["2026-01-02"] * 3, "Status": ["COMPLETED", "NO_SHOW", "planned"], "rep": ["Ana"] * 3}
    book = sm.read_activities(table, statuses={"COMPLETED": "done", "NO_SHOW": "missed"})
    assert book["status"].tolist() == ["done", "missed", "planned"]
    with pytest.raises(
        sm.InvalidDataError, match="`status` must be a word that means a status; got 2 of 3 rows"
    ) as caught:
        sm.read_activities(table)
    assert (caught.value.code, caught.value.value) == ("SM-ACT-01", "COMPLETED")
    assert len(sm.read_activities(table, on_error="drop")) == 1
    with pytest.raises(sm.InvalidTypeError, match="`statuses` must map words of the source to statuses"):
        sm.read_activities(table, statuses=["done"])  # type: ignore[arg-type]
    with pytest.raises(sm.InvalidArgumentError, match="`statuses` must be"):
        sm.read_activities(table, statuses={"COMPLETED": "over"})


def test_objects_and_columns_give_one_book() -> None:
    """Activity objects and a mapping with our names are one book."""
    things = [
        sm.Activity("ana", "2026-02-03", "call", deal="D1"),
        sm.Activity(None, "2026-02-04", "mail", status="planned"),
    ]
    columns = {
        "rep": ["ana", None],
        "date": ["2026-02-03", "2026-02-04"],
        "kind": ["call", "mail"],
        "deal": ["D1", None],
        "status": ["done", "planned"],
    }
    assert sm.read_activities(things).equals(sm.read_activities(columns))
    with pytest.raises(sm.InvalidArgumentError, match="`status` must be"):
        sm.Activity("ana", "2026-02-03", status="over")


def test_an_activity_needs_a_day() -> None:
    """A source without any column of days is refused."""
    with pytest.raises(sm.MissingColumnError, match="the source must have 'date'; got 'rep'"):
        sm.read_activities({"rep": ["Ana"]})
    with pytest.raises(sm.InvalidDataError, match="`date` must be a day and not an instant, where no `zone` is given"):
        sm.read_activities({"date": ["2026-01-02T03:00:00Z"]})
    assert len(sm.ActivityBook.empty()) == 0
    assert sm.ActivityBook.empty().names == ("rep", "deal", "date", "kind", "status")


def test_labels_of_activities() -> None:
    """Further columns are labels; under a map of a system only those that the map names."""
    own = sm.read_activities({"date": ["2026-01-02"], "campaign": ["spring"]})
    assert own["campaign"].tolist() == ["spring"]
    wide = TASKS | {"Campaign__c": ["spring"] * 4}
    assert "Campaign__c" not in sm.read_activities(wide, sm.maps.SALESFORCE, zone="UTC").names
    more = sm.maps.SALESFORCE.activities | {"campaign": "Campaign__c"}
    assert sm.read_activities(wide, more, zone="UTC")["campaign"].tolist() == ["spring"] * 3


def test_a_bad_due_day_counts_only_where_it_is_used() -> None:
    """What is wrong with a due day of a task that is done is nobody's business."""
    wrong = TASKS | {"ActivityDate": ["soon", "2026-02-01", None, None]}
    assert len(sm.read_activities(wrong, sm.maps.SALESFORCE, zone="UTC")) == 3
    wrong = TASKS | {"ActivityDate": [None, "soon", None, None]}
    with pytest.raises(
        sm.InvalidDataError, match="`due` must be a day YYYY-MM-DD in every row; got 1 of 4 rows"
    ) as caught:
        sm.read_activities(wrong, sm.maps.SALESFORCE, zone="UTC")
    assert (caught.value.row, caught.value.keys, caught.value.column) == (1, ["00T2"], "ActivityDate")
