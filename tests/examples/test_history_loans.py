"""A real event log read as a history: 13,087 loan applications, 262,200 events."""

from __future__ import annotations

import gzip
import json
import warnings
from functools import cache
from typing import Any

import numpy as np
import pytest

import salesmetrics as sm
from salesmetrics.books import DealBook, DealHistory
from salesmetrics.domain import SalesProcess, Stage
from tests.shared_data import folder

COLUMNS = {"deal": "case_id", "date": "timestamp", "stage": "activity", "amount": "amount_req", "actor": "resource"}
ENDS = {
    "A_APPROVED": "won",
    "A_REGISTERED": "won",
    "A_ACTIVATED": "won",
    "A_CANCELLED": "no_decision",
    "A_DECLINED": "lost",
}
STEPS = ("A_SUBMITTED", "A_PARTLYSUBMITTED", "A_PREACCEPTED", "A_ACCEPTED", "A_FINALIZED")
PROCESS = SalesProcess(
    [Stage(name, at, outcome=ENDS.get(name, "open")) for at, name in enumerate([*STEPS, *ENDS])]  # type: ignore[arg-type]
)
DAY = 86_400 * 1_000_000


def read(letter: str, **options: Any) -> DealHistory:
    """Return the history of one file, with one call."""
    with (
        gzip.open(
            folder("bpi2012-loan-events") / f"bpi2012_{letter}.csv.gz", "rt", encoding="utf-8", newline=""
        ) as stream,
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore", sm.SalesMetricsWarning)  # three stages are entered at one instant
        return sm.read_history(stream, COLUMNS, zone="UTC", **options)


@cache
def applications() -> DealHistory:
    return read("A", process=PROCESS)


@pytest.fixture(scope="module")
def known() -> dict[str, Any]:
    reference: dict[str, Any] = json.loads(
        (folder("bpi2012-loan-events") / "reference.json").read_text(encoding="utf-8")
    )
    return reference


def book(day: str = "2012-03-31") -> DealBook:
    return applications().as_of(day)


def test_every_event_of_every_file_is_read(known: dict[str, Any]) -> None:
    """Three files, three calls; joined they are the log as published."""
    parts = [applications(), read("O"), read("W")]
    assert [len(part) for part in parts] == [known["shape"][letter][0] for letter in "AOW"]
    plain = [DealHistory(columns={n: p.columns[n] for n in parts[1].names}, rows=len(p)) for p in parts]
    joined = plain[0].concat(*plain[1:])
    assert (len(joined), len(joined.ids)) == (262_200, known["n_cases"])
    instants = np.array([joined["seq"].min(), joined["seq"].max()], dtype="datetime64[us]")
    assert [str(at).replace("T", " ") + "+00:00" for at in instants] == known["first_last_event_utc"]
    assert int((parts[2]["actor"] == np.array(None)).sum()) == known["missing_resource"]["W"]


def test_outcomes_are_those_of_the_log(known: dict[str, Any]) -> None:
    """Won where approved was seen, lost where declined, no decision where cancelled, open where none of them was."""
    last = book()
    found = {name: int((last["outcome"] == name).sum()) for name in ("won", "lost", "no_decision", "open")}
    expected = known["outcomes"]
    assert found == {
        "won": expected["won"],
        "lost": expected["declined"],
        "no_decision": expected["cancelled"],
        "open": expected["open"],
    }
    assert round(sm.win_rate(last, losses="broad")["all"].value, 6) == known["win_rate"]
    for name in ("open", "won"):
        amounts = last["amount"][last["outcome"] == name]
        assert (len(amounts), float(amounts.sum())) == (
            known["amount_by_outcome"][name]["n"],
            known["amount_by_outcome"][name]["sum"],
        )
    assert float(last["amount"].sum()) == known["amount"]["total"]


def test_month_ends_are_books_of_a_day(known: dict[str, Any]) -> None:
    """What was open at the end of a month is what the history says was open, and bookings are those of the month."""
    days = sorted(known["month_end_open"])
    for day, then in zip(days, applications().as_of(days), strict=True):
        still = then["outcome"] == "open"
        expected = known["month_end_open"][day]
        assert (int(still.sum()), float(then["amount"][still].sum())) == (expected["n"], expected["amount"])
    last = book()
    month = last["closed"].astype("datetime64[M]").astype(str)
    for name, expected in known["bookings_by_close_month_utc"].items():
        won = (last["outcome"] == "won") & (month == name)
        assert (int(won.sum()), float(last["amount"][won].sum())) == (expected["n"], expected["amount"])
    begun = last["created"].astype("datetime64[M]").astype(str)
    words = {"won": "won", "lost": "declined", "no_decision": "cancelled", "open": "open"}
    for name, expected in known["by_submit_month_utc"].items():
        here = last.filter(begun == name)
        assert len(here) == expected["n"]
        assert {theirs: int((here["outcome"] == ours).sum()) for ours, theirs in words.items()} == {
            theirs: expected[theirs] for theirs in words.values()
        }


def test_days_from_the_first_event_to_the_close_are_those_of_the_log(known: dict[str, Any]) -> None:
    """The order within the day is the instant itself, so durations to the millisecond are in the history."""
    history = applications()
    instant, codes = history["seq"], history.column("outcome").codes
    owner = np.repeat(np.arange(len(history.ids)), np.diff(history.starts))
    closing = np.flatnonzero(codes > 0)
    first = closing[np.unique(owner[closing], return_index=True)[1]]
    days = (instant[first] - instant[history.starts[owner[first]]]) / DAY
    for code, name in ((1, "won"), (2, "declined"), (3, "cancelled")):
        mine, expected = days[codes[first] == code], known["cycle_days_by_outcome"][name]
        assert len(mine) == expected["n"]
        assert round(float(mine.mean()), 6) == expected["mean"]
        assert round(float(np.median(mine)), 6) == expected["median"]


def test_stages_reached_are_those_of_the_log(known: dict[str, Any]) -> None:
    """How many applications ever stood in each stage."""
    history = applications()
    owner = np.repeat(np.arange(len(history.ids)), np.diff(history.starts))
    for stage, expected in known["reached"].items():
        assert len(np.unique(owner[history["stage"] == stage])) == expected
