"""Column maps as plain data."""

from __future__ import annotations

import pytest

from salesmetrics.convert import day, outcome, outcome_from_flags
from salesmetrics.domain import OUTCOMES
from salesmetrics.readers import maps
from salesmetrics.readers.csv import csv_source
from salesmetrics.readers.maps import ColumnMap
from tests.shared_data import folder

MAPS = {name: getattr(maps, name) for name in maps.__all__ if name != "ColumnMap"}
OURS = {
    "id", "rep", "amount", "created", "expected_close", "closed", "close_date", "stage", "outcome", "probability",
    "forecast_category",
}  # fmt: skip


@pytest.mark.parametrize("name", list(MAPS))
def test_maps_speak_of_our_columns(name: str) -> None:
    """A map names our columns, and says of which of them it says more."""
    found: ColumnMap = MAPS[name]
    assert set(found) - {"product", "account"} <= OURS
    assert found.instants <= set(found)
    assert set((found.outcomes or {}).values()) <= set(OUTCOMES)
    assert ("outcome" in found) == (found.outcomes is not None)
    assert found.probability_scale in (1, 100)
    assert dict(found) == dict(found.columns)


def test_maps_are_frozen() -> None:
    """A map cannot be changed; a new one is made of it."""
    with pytest.raises(TypeError, match="item assignment"):
        maps.MAVEN.columns["rep"] = "x"  # type: ignore[index]
    with pytest.raises(AttributeError):
        maps.MAVEN.probability_scale = 5  # type: ignore[misc]
    wider = ColumnMap({**maps.MAVEN, "area": "regional_office"}, outcomes=maps.MAVEN.outcomes)
    assert len(wider) == len(maps.MAVEN) + 1


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
    assert set(found.values()) <= set(source.names)
    if found.outcomes is not None:
        assert outcome(source.raw(found["outcome"], "label"), "outcome", found.outcomes)[1] == []
    if found.flags is not None:
        closed, won = (source.raw(column, "flag") for column in found.flags)
        assert outcome_from_flags(closed, won, names=found.flags)[1] == []
    for ours in ("created", "close_date"):
        raw = source.raw(found[ours], "day")
        assert day(raw, ours, zone="America/New_York", instant=ours in found.instants)[1] == []
