"""The loan event log as a history: its conversions, moves and durations, reproduced."""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import json
from typing import Any

import numpy as np
import pytest

import salesmetrics as sm
from salesmetrics.books import DealBook, DealHistory
from salesmetrics.columns import DayColumn, KeyColumn, LabelColumn
from salesmetrics.domain import OUTCOMES, SalesProcess, Stage
from tests.shared_data import folder

STAGES = ("A_SUBMITTED", "A_PARTLYSUBMITTED", "A_PREACCEPTED", "A_ACCEPTED", "A_FINALIZED")
# registered and activated come with the approval, in any order: one state
WON = ("A_APPROVED", "A_REGISTERED", "A_ACTIVATED")
PROCESS = SalesProcess(
    [
        *(Stage(name, at) for at, name in enumerate(STAGES)),
        Stage("A_APPROVED", 5, outcome="won"),
        Stage("A_DECLINED", 6, outcome="lost"),
        Stage("A_CANCELLED", 7, outcome="lost"),
    ]
)


@pytest.fixture(scope="module")
def log() -> tuple[dict[str, Any], list[tuple[int, dt.datetime, str]]]:
    """Return the reference numbers, and case, instant in UTC and activity of every event, in file order."""
    place = folder("bpi2012-loan-events")
    with gzip.open(place / "bpi2012_A.csv.gz", "rt", encoding="utf-8") as file:
        rows = [
            (int(r["case_id"]), dt.datetime.fromisoformat(r["timestamp"]).astimezone(dt.UTC), r["activity"])
            for r in csv.DictReader(file)
        ]
    return json.loads((place / "reference.json").read_text(encoding="utf-8")), rows


def books(rows: list[tuple[int, dt.datetime, str]], seconds: int) -> tuple[DealBook, DealHistory]:
    """Return the log as a book and a history whose days are spans of so many seconds, so that hours can be read from it."""
    events = [(case, int(at.timestamp()) // seconds, "A_APPROVED" if name in WON else name) for case, at, name in rows]
    cases = sorted({case for case, _, _ in events})
    place = {name: at for at, name in enumerate(PROCESS.names)}
    history = DealHistory(
        columns={
            "deal": KeyColumn(np.array([case for case, _, _ in events])),
            "date": DayColumn(np.array([at for _, at, _ in events], dtype=np.int32)),
            "seq": KeyColumn(np.arange(len(events))),
            "stage": LabelColumn(
                np.array([place[n] for _, _, n in events], dtype=np.int8), PROCESS.names, ordered=True
            ),
        },
        rows=len(events),
        process=PROCESS,
    )
    first = {}
    end: dict[int, tuple[int, int]] = {}
    for case, at, name in events:
        first.setdefault(case, at)
        outcome = OUTCOMES.index(PROCESS.outcome(name))
        if outcome and case not in end:
            end[case] = (outcome, at)
    deals = DealBook(
        columns={
            "id": KeyColumn(np.array(cases)),
            "created": DayColumn(np.array([first[c] for c in cases], dtype=np.int32)),
            "closed": DayColumn(np.array([end.get(c, (0, -1))[1] for c in cases], dtype=np.int32)),
            "outcome": LabelColumn(
                np.array([end.get(c, (0, -1))[0] for c in cases], dtype=np.int8), OUTCOMES, ordered=True
            ),
        },
        rows=len(cases),
        process=PROCESS,
    )
    return deals, history


def test_stages_reached_and_conversions(log) -> None:
    """Cases that ever reached a stage, and the share of them that reached the next, of all cases."""
    reference, rows = log
    deals, history = books(rows, 86_400)
    for skips in ("impute", "observed"):
        reached = sm.stage_reached(deals, history, population="all", skips=skips)
        for stage in STAGES:
            assert reached[stage].value == reference["reached"][stage]
        assert reached["won"].value == reference["reached"]["A_APPROVED"] == 2246
        rates = sm.stage_conversion(deals, history, population="all", skips=skips)
        for pair, share in reference["conversion"].items():
            stage = pair.partition("->")[0]
            if stage in STAGES:
                assert rates[stage].value == pytest.approx(share, abs=5e-7)
    assert sm.stage_skip_rate(deals, history, population="all")["all"].value == 0.0
    assert sm.regress_rate(deals, history, population="all")["all"].value == 0.0


def test_every_move_of_the_log(log) -> None:
    """The number of moves from each stage to each next one, and of cases whose log ends there."""
    reference, rows = log
    deals, history = books(rows, 86_400)
    moves = sm.transition_matrix(deals, history)
    rates = sm.forward_rate(deals, history)
    still = sm.stage_age(deals, history, as_of=dt.date(2012, 3, 15), edges=(30,))
    for stage in set(STAGES) & set(reference["transitions_and_durations"]):
        told = reference["transitions_and_durations"][stage]
        counted = {to: int(moves[stage, to].value) for to in PROCESS.names if moves[stage, to].value}
        expected = {to: count for to, count in told["next"].items() if to != "(end of log)"}
        won = sum(expected.pop(name, 0) for name in WON)
        assert counted == expected | ({"A_APPROVED": won} if won else {})
        assert rates[stage].n == told["n_with_next"]
        here = sum(still[stage, age].value for age in ("0-29", "30+", "unknown"))
        assert here == told["next"].get("(end of log)", 0)
    assert still.value.sum() == reference["outcomes"]["open"] == 399


def test_durations_of_stages_to_the_minute(log) -> None:
    """Mean, median and 90 % quantile of the time to the next event, days of the library standing for minutes here."""
    reference, rows = log
    deals, history = books(rows, 60)
    for stage in set(STAGES[2:]) & set(reference["transitions_and_durations"]):
        told = reference["transitions_and_durations"][stage]
        for stat, name in (("mean", "mean_hours"), (0.5, "median_hours"), (0.9, "p90_hours")):
            table = sm.stage_dwell(
                deals, history, stat=stat, population="all", quantile_method="linear" if stat != "mean" else None
            )
            assert table[stage].n == told["n_with_next"]
            assert table[stage].value / 60 == pytest.approx(told[name], abs=1.5 / 60)


def test_where_the_loans_get_stuck(log) -> None:
    """The finalized application is the narrowest place by conversion, by days and by what a better stage would bring."""
    _, rows = log
    deals, history = books(rows, 86_400)
    assert sm.bottleneck(deals, history).to_dict()["stage"] == ["A_FINALIZED"]
    assert sm.bottleneck(deals, history, method="cycle_share").to_dict()["stage"] == ["A_FINALIZED"]
    best = sm.bottleneck(deals, history, method="throughput")
    every = sm.win_probability_by_stage(deals, history, method="markov")
    assert best.to_dict()["stage"] == ["A_FINALIZED"]
    assert best.parts["win_if_forward"][0] == 1.0
    assert best.value[0] == every.parts["wins_per_unit"].max()
    observed = sm.win_probability_by_stage(deals, history)
    assert np.allclose(every.value, observed.value, rtol=0, atol=1e-12)  # nothing skips here: the two readings agree
