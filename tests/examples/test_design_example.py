"""The example that must always work: what the library is for, in one page, line by line."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

import salesmetrics as sm

LINES = {
    "attainment by rep": 'sm.attainment(deals, quotas, period=q3, by="rep")',
    "attainment by rep and quarter": (
        'sm.attainment(deals, quotas, period=calendar.quarters("2025-02-01", "2026-11-01"), by="rep")'
    ),
    "coverage of the next quarter": (
        'sm.pipeline_coverage(deals, quotas, period=calendar.quarter(2026, 4), as_of="2026-10-31", by="rep", '
        'basis="remaining")'
    ),
    "win rate": 'sm.win_rate(deals, period=q3, by=("segment", "product"))',
    "velocity": 'sm.velocity(deals, period=q3, as_of="2026-10-31", by="segment")',
    "ramp time": ('sm.ramp_time(deals, quotas, reps, as_of="2026-10-31", threshold=1.0, sustained=2, by="team")'),
    "forecast accuracy": (
        'sm.forecast_accuracy(deals, forecasts, period=calendar.quarters("2025-02-01", "2026-11-01"), by="rep")'
    ),
    "attainment by team": 'sm.attainment(deals, quotas, reps=reps, period=q3, by="team")',
}
UNITS = {
    "attainment by rep": "fraction",
    "attainment by rep and quarter": "fraction",
    "coverage of the next quarter": "fraction",
    "win rate": "fraction",
    "velocity": "money/day",
    "ramp time": "count",
    "forecast accuracy": "fraction",
    "attainment by team": "fraction",
}


@pytest.fixture(scope="module")
def names() -> dict[str, object]:
    """Return what the first lines of the example name."""
    calendar = sm.FiscalCalendar(start_month=2, named_by="start")
    company = sm.datasets.sample_company(deals=20_000, rng=7)
    deals, quotas, reps, history, forecasts = (
        company.deals,
        company.quotas,
        company.reps,
        company.history,
        company.forecasts,
    )
    q3 = calendar.quarter(2026, 3)
    return {
        "sm": sm,
        "calendar": calendar,
        "company": company,
        "deals": deals,
        "quotas": quotas,
        "reps": reps,
        "history": history,
        "forecasts": forecasts,
        "q3": q3,
    }


@pytest.fixture(scope="module")
def answers(names: dict[str, object]) -> dict[str, sm.MetricTable]:
    """Return the table of each line."""
    return {what: eval(line, dict(names)) for what, line in LINES.items()}


@pytest.mark.parametrize("what", LINES)
def test_each_line_of_the_example_runs(what: str, answers: dict[str, sm.MetricTable]) -> None:
    """Every line gives a table with its unit, its n, and a reason wherever there is no number."""
    table = answers[what]
    assert isinstance(table, sm.MetricTable)
    assert table.unit == UNITS[what]
    assert len(table) > 3
    assert not table.undefined.all()
    assert (table.reason[table.undefined] != "").all()
    assert (table.reason[~table.undefined] == "").all()
    assert not np.isinf(table.value).any()
    assert table.definition


def test_the_example_has_the_labels_it_asks_for(names: dict[str, object], answers: dict[str, sm.MetricTable]) -> None:
    """Several labels stand side by side, several periods become a label, and reps lend their team."""
    assert answers["attainment by rep"].labels.names == ("rep",)
    assert answers["attainment by rep and quarter"].labels.names == ("rep", "period")
    assert answers["win rate"].labels.names == ("segment", "product")
    assert answers["forecast accuracy"].labels.names == ("rep", "period")
    teams = set(sm.datasets.sample_company(deals=20_000, rng=7, history=False).reps["team"].tolist())
    assert set(answers["attainment by team"].labels) <= teams
    assert set(answers["ramp time"].labels) <= teams


def test_the_example_shows_what_an_answer_is_made_of(answers: dict[str, sm.MetricTable]) -> None:
    """Booked, quota and gap beside attainment; the factors beside velocity; the events beside ramp time."""
    assert set(answers["attainment by rep"].parts) == {"booked", "quota", "gap"}
    assert {"open_count", "win_rate", "mean_amount", "cycle_days"} <= set(answers["velocity"].parts)
    ramp = answers["ramp time"]
    assert (ramp.parts["events"] <= ramp.n).all()
    assert set(ramp.reason.tolist()) <= {"", "not_reached", "no_rows"}


def test_the_lines_of_the_example_agree(answers: dict[str, sm.MetricTable]) -> None:
    """What is booked in the quarter is the same by rep, by rep and quarter, and by team."""
    by_rep, by_quarter, by_team = (
        answers[what] for what in ("attainment by rep", "attainment by rep and quarter", "attainment by team")
    )
    q3 = {rep: by_quarter[rep, "FY2026 Q3"].parts["booked"] for rep in by_rep.labels}
    assert {rep: by_rep[rep].parts["booked"] for rep in by_rep.labels} == q3
    whole = by_team.parts["booked"].sum() + by_team.parts["booked_without_quota"].sum()
    assert round(whole, 2) == round(by_rep.parts["booked"].sum(), 2)


def test_the_example_reads_an_export_of_salesforce(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``read_deals("opportunities.csv", columns=sm.maps.SALESFORCE, ...)`` reads names, percent, flags and instants."""
    monkeypatch.chdir(tmp_path)
    head = "Id,OwnerId,Amount,CreatedDate,CloseDate,StageName,Probability,ForecastCategory,IsClosed,IsWon,Segment__c"
    rows = [
        "006A,005X,1200.50,2026-08-05T02:30:00.000+0000,2026-09-10,Closed Won,100,Closed,true,true,SMB",
        "006B,005X,800.00,2026-08-20T16:00:00.000+0000,2026-09-30,Closed Lost,0,Omitted,true,false,Mid",
        "006C,005Y,,2026-09-01T16:00:00.000+0000,2026-11-30,Negotiation,60,BestCase,false,false,SMB",
    ]
    with Path("opportunities.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(line.split(",") for line in (head, *rows))
    deals = sm.read_deals("opportunities.csv", columns=sm.maps.SALESFORCE, zone="America/New_York", currency="USD")
    assert deals["outcome"].tolist() == ["won", "lost", "open"]
    assert deals["amount"].tolist()[:2] == [1200.5, 800.0]
    assert np.isnan(deals["amount"][2])
    assert str(deals["created"][0]) == "2026-08-04"  # half past ten in the evening, in New York
    assert deals["probability"].tolist() == [1.0, 0.0, 0.6]
    quotas = sm.read_quotas(
        {"rep": ["005X"], "start": ["2026-08-01"], "end": ["2026-11-01"], "amount": [2401]}, currency="USD"
    )
    q3 = sm.FiscalCalendar(start_month=2, named_by="start").quarter(2026, 3)
    assert sm.attainment(deals, quotas, period=q3, by="rep")["005X"].value == 0.5
    assert sm.win_rate(deals, period=q3, by="Segment__c")["SMB"].value == 1.0
