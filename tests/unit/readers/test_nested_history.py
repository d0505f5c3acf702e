"""HubSpot's history of properties as its API gives it: nested, newest first, in texts; the log it is, in any wrapping."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import salesmetrics as sm


def value(what: object, when: object, **more: object) -> dict[str, object]:
    """Return a value as the API gives it."""
    return {"value": what, "timestamp": when, "sourceType": "CRM_UI", "sourceId": "userId:7", **more}


DEALS: list[dict[str, Any]] = [
    {
        "id": "11",
        "properties": {"dealstage": "closedwon", "amount": "1500"},
        "propertiesWithHistory": {
            "dealstage": [
                value("closedwon", "2024-07-01T03:30:00.250Z", updatedByUserId=7),
                value("appointmentscheduled", "2024-06-03T15:00:00Z", updatedByUserId=8),
            ],
            "amount": [value("1500", "2024-06-20T10:00:00Z"), value("", "2024-06-03T15:00:00Z")],
            "closedate": [value("2024-06-30T04:00:00Z", "2024-06-03T15:00:00Z")],
            "hs_lastmodifieddate": [value("2024-07-01T03:30:00.300Z", "2024-07-01T03:30:00.300Z")],
        },
        "createdAt": "2024-06-03T15:00:00Z",
        "archived": False,
    },
    {
        "id": "12",
        "propertiesWithHistory": {"dealstage": [value("appointmentscheduled", "2024-06-05T12:00:00Z")]},
        "archived": False,
    },
    {
        "id": "13",
        "propertiesWithHistory": {"dealstage": [value("closedlost", "2024-06-05T12:00:00Z")]},
        "archived": True,
    },
]
WORDS = {"appointmentscheduled": "open", "closedwon": "won", "closedlost": "lost"}


def read(source: Any, *args: Any, **options: Any) -> sm.DealHistory:
    """Return the history on New York's days."""
    return sm.read_history(source, *args, zone="America/New_York", outcomes=WORDS, **options)


def refused(call: Callable[[], Any]) -> Any:
    """Return the error of a call."""
    with pytest.raises(sm.InvalidDataError) as caught:
        call()
    return caught.value


def test_nested_histories_are_a_log() -> None:
    """States in order of time, the deal that was archived left out and counted, other properties passed over."""
    history = read(DEALS)
    assert history["deal"].tolist() == ["11", "11", "11", "12"]
    assert history["date"].astype(str).tolist() == ["2024-06-03", "2024-06-20", "2024-06-30", "2024-06-05"]
    assert history["stage"].tolist() == ["appointmentscheduled"] * 2 + ["closedwon", "appointmentscheduled"]
    assert history["outcome"].tolist() == ["open", "open", "won", "open"]
    assert history["actor"].tolist() == ["8", None, "7", None]
    np.testing.assert_array_equal(history["amount"], [np.nan, 1500.0, 1500.0, np.nan])
    assert history["expected_close"].astype(str).tolist() == ["2024-06-30"] * 3 + ["NaT"]
    assert [record["code"] for record in history.rejects] == ["SM-DEL-01"]
    assert "changes of other properties, passed over: 1" in history.notes


def test_every_wrapping_of_the_answer_is_the_same_history(tmp_path: Path) -> None:
    """A list, an answer, pages of answers, a file with a byte-order mark, records of a client: one book."""
    one = read(DEALS)
    answer = {"results": DEALS, "paging": {"next": {"after": "13"}}}
    path, marked = tmp_path / "deals.json", tmp_path / "deals.txt"
    path.write_text(json.dumps(answer, indent=2), encoding="utf-8")
    marked.write_bytes(b"\xef\xbb\xbf" + json.dumps(DEALS).encode())
    pages = [{"results": DEALS[:1]}, {"results": []}, {"results": DEALS[1:]}]
    for source in (tuple(DEALS), answer, pages, path, str(path), marked):
        assert read(source).equals(one)
        assert read(source, sm.maps.HUBSPOT).equals(one)
    assert read(DEALS[0]).equals(read(DEALS[:1]))
    spelled = [{"id": d["id"], "properties_with_history": d["propertiesWithHistory"]} for d in DEALS[:2]]
    assert read(spelled)["stage"].tolist() == one["stage"].tolist()


def test_rows_of_the_same_values_are_the_same_history() -> None:
    """What a client flattens to rows reads as the nested answer does."""
    rows = [
        (deal["id"], name, each["value"], each["timestamp"], each.get("updatedByUserId"), deal["archived"])
        for deal in DEALS
        for name, values in deal["propertiesWithHistory"].items()
        for each in values
    ]
    names = ("deal_id", "name", "value", "timestamp", "updatedByUserId", "archived")
    flat = {name: [row[at] for row in rows] for at, name in enumerate(names)}
    flat["updatedByUserId"] = [None if who is None else str(who) for who in flat["updatedByUserId"]]
    assert read(flat, sm.maps.HUBSPOT).equals(read(DEALS))


@pytest.mark.parametrize("kind", ["text", "number", "datetime"])
def test_moments_in_the_forms_that_the_versions_of_the_api_have(kind: str) -> None:
    """Milliseconds since 1970, in texts or as numbers, and the instants that a client makes of them."""
    moment = dt.datetime(2024, 7, 1, 3, 30, tzinfo=dt.UTC)
    millis = int(moment.timestamp() * 1000)
    when = {"text": str(millis), "number": millis, "datetime": moment}[kind]
    deals = [{"id": 11, "propertiesWithHistory": {"dealstage": [value("closedwon", when)]}}]
    assert read(deals)["date"].astype(str).tolist() == ["2024-06-30"]
    assert read(deals)["deal"].tolist() == ["11"]


def test_nothing_is_a_history_of_nothing() -> None:
    """An answer without deals is no error of the source, but a log of no property."""
    assert len(read({"results": []})) == 0


@pytest.mark.parametrize(
    ("deals", "row", "says"),
    [
        ([DEALS[0], {"id": "12"}], 1, "be a deal with 'id' and 'propertiesWithHistory'"),
        ([{"propertiesWithHistory": {}}], 0, "be a deal with 'id' and 'propertiesWithHistory'"),
        ([{"id": "1", "propertiesWithHistory": ["dealstage"]}], 0, "be a deal with 'id'"),
        (
            [{"id": "1", "propertiesWithHistory": {"dealstage": "closedwon"}}],
            0,
            "have a list of values under 'dealstage'",
        ),
        ([{"id": "1", "propertiesWithHistory": {"dealstage": ["won"]}}], 0, "have a list of values under 'dealstage'"),
        (
            [{"id": "1", "propertiesWithHistory": {"dealstage": [value(["x"], "2024-07-01")]}}],
            0,
            "hold texts and numbers",
        ),
    ],
)
def test_records_that_the_api_does_not_give_are_refused(deals: list[Any], row: int, says: str) -> None:
    """The record is named, and what it must be."""
    error = refused(lambda: read(deals))
    assert (error.code, error.row) == ("SM-HIS-06", row)
    assert f"a record of deals must {says}" in error.message
    assert f"in record {row}." in error.message


def test_files_that_are_no_such_answer_are_refused(tmp_path: Path) -> None:
    """A file that is cut off, one nested without end, one of other rows; a file of rows is still a file of rows."""
    path = tmp_path / "bad.json"
    for text in (json.dumps(DEALS)[:-1], '[{"a":' + "[" * 200_000, '{"a": 1' + "0" * 5000 + "x}"):
        path.write_text(text)
        assert refused(lambda: read(path)).code == "SM-HIS-07"
    path.write_text('[{"deal": "D1", "date": "2026-01-01", "stage": "Lead"}]')
    columns = {"deal": [], "date": [], "stage": [], "results": []}
    assert sm.read_history(columns).names == ("deal", "date", "stage")
    error = refused(lambda: read(path))
    assert error.code == "SM-HIS-06"
    assert error.message.startswith("a JSON file must hold deals with 'propertiesWithHistory'; got [{'deal'")
    rows = tmp_path / "rows.json"
    rows.write_text("deal,date,stage\nD1,2026-01-01,closedwon\n")
    assert sm.read_history(rows, outcomes=WORDS)["stage"].tolist() == ["closedwon"]
    with pytest.raises(sm.InvalidArgumentError, match="`source` must be a file that can be read"):
        read(tmp_path / "none.json")
    with pytest.raises(sm.InvalidTypeError, match="`source` must be columns, not rows"):
        sm.read_history([{"deal": "D1", "date": "2026-01-01", "stage": "Lead"}])


JSONS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["id", "propertiesWithHistory", "results", "dealstage", "amount", "value", "timestamp"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(JSONS.filter(lambda each: isinstance(each, (list, dict))))
def test_whatever_an_answer_holds_ends_in_a_history_or_in_our_refusal(answer: Any) -> None:
    """No shape of an answer ends in an error of Python's."""
    with contextlib.suppress(sm.SalesMetricsError):
        read(answer)
