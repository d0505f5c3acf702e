"""A proposal for the map of a source, and its reasons."""

from __future__ import annotations

import csv

import pytest

import salesmetrics as sm
from salesmetrics.readers.maps.guessing import named_maps
from tests.shared_data import folder

MAPS = named_maps()


@pytest.mark.parametrize("name", list(MAPS))
def test_the_columns_of_a_map_make_one_think_of_it(name: str) -> None:
    """All columns of a map propose that map, or one that they fit as well, which is told as a tie."""
    shape = MAPS[name]
    found = sm.maps.guess([*shape.values(), *shape.flags.values(), *shape.left_out])
    assert found.name == name or name in found.ties
    assert found.score == 1.0
    assert found.missing == {} or found.name != name


@pytest.mark.parametrize(
    ("place", "name"),
    [
        ("maven-crm/sales_pipeline.csv", "MAVEN"),
        ("maven-crm/sales_teams.csv", "MAVEN.reps"),
        ("dbt-salesforce-seeds/sf_opportunity_data.csv", "FIVETRAN_SALESFORCE"),
        ("dbt-salesforce-seeds/sf_task_data.csv", "FIVETRAN_SALESFORCE.activities"),
        ("dbt-salesforce-seeds/sf_event_data.csv", "FIVETRAN_SALESFORCE.events"),
        ("dbt-hubspot-seeds/deal_data.csv", "FIVETRAN_HUBSPOT"),
        ("dbt-hubspot-seeds/deal_pipeline_stage_data.csv", "FIVETRAN_HUBSPOT.stages"),
        ("dbt-hubspot-seeds/owner_data.csv", "FIVETRAN_HUBSPOT.reps"),
    ],
)
def test_real_files_are_recognised(place: str, name: str) -> None:
    """The first line of a real export proposes the map that reads it, without a tie."""
    directory, file = place.split("/")
    with open(folder(directory) / file, encoding="utf-8", newline="") as stream:
        names = next(csv.reader(stream))
    found = sm.maps.guess(names)
    assert found.name == name
    assert found.ties == ()
    assert found.map is MAPS[name]


def test_a_proposal_says_why() -> None:
    """What fits, what is missing and the nearest name for it stand in the reasons and the repr."""
    found = sm.maps.guess(
        ["Id", "OwnerId", "Amout", "CloseDate", "StageName", "IsWon", "IsClosed", "CreatedDate", "Probability"]
    )
    assert found.name == "SALESFORCE"
    assert found.fitting["rep"] == "OwnerId"
    assert found.missing["amount"] == "Amount"
    assert any("no 'Amount' for amount (did you mean 'Amout'?" in reason for reason in found.reasons)
    assert repr(found).startswith("<Guess: sm.maps.SALESFORCE, score 0.")
    assert 0.5 <= found.score < 1


def test_another_case_counts_for_less() -> None:
    """A loader that writes names in capitals is recognised; the exact spelling is the better fit."""
    names = [*sm.maps.SALESFORCE.values()]
    capitals = sm.maps.guess([name.upper() for name in names], table="deals")
    assert capitals.name == "SALESFORCE"
    assert capitals.score < sm.maps.guess(names, table="deals").score


def test_ties_are_told() -> None:
    """Two versions with the same columns are both named; nothing is chosen in silence."""
    found = sm.maps.guess([*sm.maps.PIPEDRIVE.values(), "user_id", "org_id.value"], table="deals")
    assert {found.name, *found.ties} >= {"PIPEDRIVE", "PIPEDRIVE_V1"}
    assert any("a tie: sm.maps." in reason for reason in found.reasons)


def test_nothing_is_proposed_where_nothing_fits() -> None:
    """Columns of no known system give no map, the nearest ones, and the way out."""
    found = sm.maps.guess(["x", "y\x1b"])
    assert (found.name, found.map, found.fitting) == (None, None, {})
    assert "no map has half of its columns here" in found.reasons[0]
    assert "\x1b" not in repr(found)
    assert sm.maps.guess(["x"], table="no such table").map is None
    assert sm.maps.guess([]).map is None


@pytest.mark.parametrize("columns", ["Id,Amount", 5, [5]])
def test_only_names_can_be_guessed_from(columns: object) -> None:
    """A text, a number and a list of numbers are no names of columns."""
    with pytest.raises(sm.InvalidTypeError, match="`columns` must be the names of columns; got"):
        sm.maps.guess(columns)  # type: ignore[arg-type]


def test_a_map_of_another_system_is_refused_with_the_one_that_fits() -> None:
    """The error for a wrong map names the map that the columns are those of."""
    names = {name: ["x"] for name in sm.maps.MAVEN.values()}
    with pytest.raises(sm.MissingColumnError, match="`columns` must name columns of the source") as caught:
        sm.read_deals(names, sm.maps.SALESFORCE)
    assert str(caught.value.hint).startswith("the columns are those of sm.maps.MAVEN. There is: 'account'")


def test_each_missing_column_gets_its_nearest() -> None:
    """Up to five missing columns are each named with the nearest there is."""
    with pytest.raises(sm.MissingColumnError) as caught:
        sm.read_deals({"Amuont": [1], "Stgae": ["x"]}, {"amount": "Amount", "stage": "Stage"})
    assert caught.value.hint == "did you mean 'Amuont'? For 'Stage': 'Stgae'? There is: 'Amuont', 'Stgae'."
