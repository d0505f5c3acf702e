"""Column maps of well-known sources, on small exports of each."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import salesmetrics as sm
from tests.shared_data import folder

# --- Salesforce ----------------------------------------------------------------------------------------


def salesforce(**changed: Any) -> dict[str, Any]:
    """Return four opportunities as the API gives them."""
    return {
        "Id": ["006A", "006B", "006C", "006D"],
        "OwnerId": ["005x", "005y", "005x", "005x"],
        "Amount": [1000.0, None, 250.5, 70],
        "CreatedDate": ["2026-01-02T23:30:00Z", "2026-01-05T12:00:00Z", "2026-01-06T12:00:00Z", "2026-01-07T12:00:00Z"],
        "CloseDate": ["2026-02-01", "2026-05-01", "2026-02-03", "2026-02-04"],
        "StageName": ["Closed Won", "Proposal", "Closed Lost", "Closed Won"],
        "Probability": [100, 40, 0, 100],
        "ForecastCategory": ["Closed", "Pipeline", "Omitted", "Closed"],
        "IsClosed": [True, False, True, True],
        "IsWon": [True, False, False, True],
        "IsDeleted": [False, False, False, True],
    } | changed


def test_salesforce_opportunities() -> None:
    """Flags make outcomes, percents fractions, one close date two, instants days of the zone; deleted rows are counted."""
    book = sm.read_deals(salesforce(), sm.maps.SALESFORCE, zone="Europe/Berlin", currency="EUR")
    assert book["id"].tolist() == ["006A", "006B", "006C"]
    assert book["outcome"].tolist() == ["won", "open", "lost"]
    assert book["probability"].tolist() == [1.0, 0.4, 0.0]
    assert book["created"].astype(str).tolist() == ["2026-01-03", "2026-01-05", "2026-01-06"]
    assert book["closed"].astype(str).tolist() == ["2026-02-01", "NaT", "2026-02-03"]
    assert book["expected_close"].astype(str).tolist() == ["NaT", "2026-05-01", "NaT"]
    assert [(record["code"], record["row"], record["key"]) for record in book.rejects] == [("SM-DEL-01", 3, "006D")]
    assert "left out on reading: 1 x SM-DEL-01" in repr(book)


@pytest.mark.parametrize("mode", ["raise", "collect", "drop"])
def test_deleted_rows_are_left_out_under_every_mode(mode: Any) -> None:
    """What is wrong with a deleted row is nobody's business; what is wrong with another is told as ever."""
    wrong = salesforce(Probability=[100, 40, 0, 1000], CloseDate=["2026-02-01", "2026-05-01", "2026-02-03", None])
    wrong["Id"] = ["006A", "006B", "006C", "006A"]
    book = sm.read_deals(wrong, sm.maps.SALESFORCE, zone="UTC", on_error=mode)
    assert book["id"].tolist() == ["006A", "006B", "006C"]
    assert [record["code"] for record in book.rejects] == ["SM-DEL-01"]
    live = wrong | {"Probability": [100, 40, 900, 1000]}
    if mode == "drop":
        book = sm.read_deals(live, sm.maps.SALESFORCE, zone="UTC", on_error=mode)
        assert book["id"].tolist() == ["006A", "006B"]
        return
    with pytest.raises(sm.InvalidDataError) as caught:
        sm.read_deals(live, sm.maps.SALESFORCE, zone="UTC", on_error=mode)
    assert [(r["code"], r["row"], r["value"]) for r in caught.value.to_records()] == [("SM-PRB-02", 2, 900)]


def test_twins_among_live_rows_are_still_twins() -> None:
    """A deleted twin is forgiven, a live one is not."""
    columns = salesforce(Id=["006A", "006B", "006A", "006B"])
    with pytest.raises(sm.InvalidDataError, match="`id` must be different in every row; got 2 of 4 rows") as caught:
        sm.read_deals(columns, sm.maps.SALESFORCE, zone="UTC")
    assert caught.value.rows.tolist() == [0, 2]


def test_instants_need_a_zone() -> None:
    """A creation instant is the day of no zone: one must be named."""
    with pytest.raises(sm.InvalidDataError, match="`created` must be a day and not an instant") as caught:
        sm.read_deals(salesforce(), sm.maps.SALESFORCE)
    assert caught.value.column == "CreatedDate"
    assert "zone='America/New_York'" in str(caught.value.hint)


def test_a_map_can_be_extended() -> None:
    """A map is a mapping: more columns are added under our names."""
    more = sm.maps.SALESFORCE | {"segment": "Segment__c"}
    book = sm.read_deals(salesforce(Segment__c=["S", "M", "S", "L"]), more, zone="UTC")
    assert book["segment"].tolist() == ["S", "M", "S"]


@pytest.fixture
def seeds() -> Path:
    """Return the folder of the Salesforce export."""
    return folder("dbt-salesforce-seeds")


def kept() -> sm.maps.ColumnMap:
    """Return the map of the export without its mark of deleted rows."""
    return sm.maps.FIVETRAN_SALESFORCE.keeping()


def test_a_fivetran_export_of_deleted_opportunities_is_empty(seeds: Path) -> None:
    """Every row of the export is marked as deleted: none is returned, and all are counted."""
    want = json.loads((seeds / "reference.json").read_text("utf-8"))["opportunity"]
    book = sm.read_deals(seeds / "sf_opportunity_data.csv", sm.maps.FIVETRAN_SALESFORCE, zone="UTC")
    assert len(book) == 0
    assert len(book.rejects) == want["n_deleted"] == 10


def test_a_fivetran_export_tells_what_is_wrong_with_it(seeds: Path) -> None:
    """A probability of 1000 and a close before creation are refused with row, line and key; all problems at once on demand."""
    place = seeds / "sf_opportunity_data.csv"
    with pytest.raises(sm.InvalidDataError) as caught:
        sm.read_deals(place, kept(), zone="UTC")
    first = caught.value
    assert (first.code, first.column, first.row, first.line, first.value) == ("SM-PRB-02", "probability", 0, 2, "1000")
    with pytest.raises(sm.InvalidDataError) as caught:
        sm.read_deals(place, kept(), zone="UTC", on_error="collect")
    assert [(r["code"], r["row"]) for r in caught.value.to_records()] == [("SM-PRB-02", 0), ("SM-CLO-03", 4)]


def test_a_fivetran_export_without_its_bad_rows(seeds: Path) -> None:
    """What remains has the outcomes, amounts and cycles of the reference."""
    want = json.loads((seeds / "reference.json").read_text("utf-8"))["opportunity"]
    book = sm.read_deals(seeds / "sf_opportunity_data.csv", kept(), zone="UTC", on_error="drop")
    outcomes = book["outcome"].tolist()
    assert (outcomes.count("won"), outcomes.count("lost"), outcomes.count("open")) == (
        want["n_won"] - 2,
        want["n_lost"],
        want["n_open"],
    )
    assert len(book) + len(book.rejects) == want["n"]
    assert int(np.isnan(book["amount"]).sum()) == want["amount_null"] - 1
    closed = ~np.isnat(book["closed"])
    days = (book["closed"] - book["created"])[closed].astype(int)
    assert sorted(days.tolist()) == want["cycle_days_closed"][2:]


# --- HubSpot ---------------------------------------------------------------------------------------------


def test_hubspot_deals() -> None:
    """Both dates are instants, probabilities are fractions, flags make outcomes, archived deals are left out."""
    columns = {
        "hs_object_id": ["1", "2", "3"],
        "hubspot_owner_id": ["77", "", "78"],
        "amount": [10.5, None, 3],
        "createdate": ["2026-01-01T04:00:00Z", "2026-01-02T12:00:00Z", "2026-01-02T12:00:00Z"],
        "closedate": ["2026-01-31T12:00:00Z", "2026-03-31T12:00:00Z", "2026-03-31T12:00:00Z"],
        "dealstage": ["closedwon", "decisionmakerboughtin", "closedlost"],
        "hs_deal_stage_probability": [1.0, 0.8, 0.0],
        "hs_manual_forecast_category": [None, "commit", None],
        "hs_is_closed": ["true", "false", "true"],
        "hs_is_closed_won": ["true", "false", "false"],
        "archived": ["false", "false", "true"],
    }
    book = sm.read_deals(columns, sm.maps.HUBSPOT, zone="America/New_York")
    assert book["id"].tolist() == ["1", "2"]
    assert book["rep"].tolist() == ["77", None]
    assert book["outcome"].tolist() == ["won", "open"]
    assert book["created"].astype(str).tolist() == ["2025-12-31", "2026-01-02"]
    assert book["expected_close"].astype(str).tolist() == ["NaT", "2026-03-31"]
    assert book["probability"].tolist() == [1.0, 0.8]


def test_a_fivetran_export_of_hubspot() -> None:
    """Ids and owners are text, what is blank is missing, and owners are found in the owner table."""
    place = folder("dbt-hubspot-seeds")
    want = json.loads((place / "reference.json").read_text("utf-8"))
    book = sm.read_deals(place / "deal_data.csv", sm.maps.FIVETRAN_HUBSPOT, zone="UTC")
    assert len(book) == want["deal"]["n"]
    assert int(np.isnan(book["amount"]).sum()) == want["deal"]["amount_blank"]
    assert book["rep"].tolist().count(None) == want["deal"]["owner_blank"]
    assert len(book.column("rep").levels) == want["deal"]["n_owners"]
    assert [str(book["created"].min()), str(book["created"].max())] == [day[:10] for day in want["deal"]["created"]]
    assert all(isinstance(key, str) for key in book["id"])
    owners = sm.read_reps(place / "owner_data.csv", {"id": "owner_id"})
    assert len(owners) == want["owner"]["n"]
    assert len(book.with_reps(owners)["email"]) == 44
    assert set(book.column("rep").levels) <= set(owners["id"])


def test_a_map_of_another_source_is_refused() -> None:
    """All columns that are missing are named, and those there are."""
    with pytest.raises(sm.MissingColumnError) as caught:
        sm.read_deals({"deal_id": ["1"], "owner_id": ["2"]}, sm.maps.SALESFORCE)
    assert caught.value.values[:3] == ["Id", "OwnerId", "AccountId"]
    assert "'deal_id', 'owner_id'" in str(caught.value.hint)


# --- others ----------------------------------------------------------------------------------------------


def test_pipedrive_deals() -> None:
    """A status, two dates of their own, percents."""
    columns = {
        "id": [1, 2],
        "owner_id": [5, 6],
        "value": [10, 20],
        "add_time": ["2026-01-01T10:00:00Z"] * 2,
        "expected_close_date": [None, "2026-04-01"],
        "close_time": ["2026-02-01T10:00:00Z", None],
        "stage_id": [3, 2],
        "status": ["won", "open"],
        "probability": [None, 60],
        "is_deleted": [False, False],
    }
    book = sm.read_deals(columns, sm.maps.PIPEDRIVE, zone="UTC")
    assert book["outcome"].tolist() == ["won", "open"]
    assert book["closed"].astype(str).tolist() == ["2026-02-01", "NaT"]
    assert book["expected_close"].astype(str).tolist() == ["NaT", "2026-04-01"]
    assert book["stage"].tolist() == ["3", "2"]
    assert book["id"].tolist() == ["1", "2"]
    assert np.array_equal(book["probability"], [np.nan, 0.6], equal_nan=True)


def test_maven_opportunities_from_frames_and_from_the_file() -> None:
    """The export is one book as a file, a pandas frame with guessed types, a polars frame and an Arrow table."""
    place = folder("maven-crm") / "sales_pipeline.csv"
    want = sm.read_deals(place, sm.maps.MAVEN)
    with open(place, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert want["id"].tolist() == [row["opportunity_id"] for row in rows]
    assert want["amount"].tolist()[:3] == [float(row["close_value"]) for row in rows[:3]]
    pandas, polars = pytest.importorskip("pandas"), pytest.importorskip("polars")
    arrow = pytest.importorskip("pyarrow.csv")
    assert sm.read_deals(pandas.read_csv(place), sm.maps.MAVEN).equals(want)
    assert sm.read_deals(polars.read_csv(place), sm.maps.MAVEN).equals(want)
    assert sm.read_deals(
        arrow.read_csv(place, convert_options=arrow.ConvertOptions(strings_can_be_null=True)), sm.maps.MAVEN
    ).equals(want)
