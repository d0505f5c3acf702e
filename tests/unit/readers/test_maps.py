"""Column maps as plain data."""

from __future__ import annotations

import pytest

from salesmetrics.convert import day, outcome
from salesmetrics.domain import OUTCOMES
from salesmetrics.readers import maps
from salesmetrics.readers.csv import csv_source
from salesmetrics.readers.maps import ColumnMap
from salesmetrics.readers.maps.guessing import named_maps
from tests.shared_data import folder

MAPS = named_maps()
DEALS = {
    "id", "rep", "account", "pipeline", "amount", "currency", "created", "expected_close", "closed", "close_date", "won_date",
    "lost_date", "stage", "outcome", "probability", "forecast_category", "product",
}  # fmt: skip
OURS = {
    "deals": DEALS,
    "quotas": {"rep", "start", "end", "amount", "currency", "measure"},
    "reps": {"id", "name", "manager", "role", "department", "region", "email", "first_name", "last_name", "type"},
    "stages": {"stage", "name", "pipeline", "order", "probability", "forecast_category"},
    "splits": {"deal", "rep", "share", "kind"},
    "activities": {"id", "rep", "deal", "date", "completed", "due", "kind", "subtype", "done"},
}


@pytest.mark.parametrize("name", list(MAPS))
def test_maps_speak_of_our_columns(name: str) -> None:
    """A map names our columns, and says of which of them it says more."""
    found: ColumnMap = MAPS[name]
    if found.table == "history":
        return
    assert set(found) <= OURS[found.table]
    for known in (
        found.instants,
        found.days,
        found.clocks,
        found.inclusive,
        found.ids,
        set(found.only),
        set(found.spellings),
    ):
        assert known <= set(found)
    assert not found.instants & found.days | found.days & found.clocks | found.clocks & found.instants
    assert set((found.outcomes or {}).values()) <= set(OUTCOMES)
    assert found.outcomes is None or "outcome" in found
    assert set(found.flags) in (set(), {"closed"}, {"closed", "won"}, {"won", "lost"})
    assert found.probability_scale in (1, 100)
    assert found.title
    assert dict(found) == dict(found.columns)


def test_every_date_of_a_map_has_its_rule() -> None:
    """Of every date that a map names it is said whether it is a day, an instant or a clock time."""
    dates = {
        "created",
        "expected_close",
        "closed",
        "close_date",
        "won_date",
        "lost_date",
        "date",
        "completed",
        "due",
        "start",
    }
    for found in MAPS.values():
        assert all(found.timing(field) is not None for field in set(found) & dates)


def test_maps_are_frozen() -> None:
    """A map cannot be changed; a new one is made of it."""
    with pytest.raises(TypeError, match="item assignment"):
        maps.MAVEN.columns["rep"] = "x"  # type: ignore[index]
    with pytest.raises(AttributeError):
        maps.MAVEN.probability_scale = 5  # type: ignore[misc]
    wider = maps.MAVEN | {"area": "regional_office"}
    assert len(wider) == len(maps.MAVEN) + 1
    assert "area" not in maps.MAVEN


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("MAVEN", "maven-crm/sales_pipeline.csv"),
        ("FIVETRAN_SALESFORCE", "dbt-salesforce-seeds/sf_opportunity_data.csv"),
        ("FIVETRAN_HUBSPOT", "dbt-hubspot-seeds/deal_data.csv"),
    ],
)
def test_maps_fit_real_files(name: str, place: str) -> None:
    """Every column that a map names is in a real file of that source, and its outcomes and days are read."""
    directory, file = place.split("/")
    source, found = csv_source(folder(directory) / file), MAPS[name]
    absent = {ours for ours, theirs in found.items() if theirs not in source.names}
    assert absent <= {"currency"}
    if found.outcomes is not None:
        assert outcome(source.raw(found["outcome"], "label"), "outcome", found.outcomes)[1] == []
    for ours in ("created", "close_date"):
        raw = source.raw(found[ours], "day")
        assert day(raw, ours, zone="America/New_York", instant=found.timing(ours))[1] == []
