"""Stages of pipelines: what a deal in each has come to."""

from __future__ import annotations

from typing import Any

import pytest

import salesmetrics as sm

FIVETRAN: dict[str, Any] = {
    "stage_id": ["a1", "a2", "a3", "b1", "b2", "b3", "b4"],
    "label": ["New", "Closed Won", "Closed Lost", "New", "Signed", "Renewed", "Gone"],
    "pipeline_id": ["sales"] * 3 + ["renewal"] * 4,
    "display_order": [0, 1, 2, 0, 1, 2, 3],
    "probability": [0.2, 1.0, 0.0, 0.5, 1.0, 1.0, 0.0],
    "is_closed": [False, True, True, False, True, True, True],
    "closed_won": [False, True, True, False, True, True, True],
    "_fivetran_deleted": [False] * 7,
}


def test_what_is_closed_is_won_or_lost_by_its_probability() -> None:
    """``closed_won`` repeats ``is_closed`` in such tables: the probability tells, and several stages may be won."""
    stages = sm.read_stages(FIVETRAN, sm.maps.FIVETRAN_HUBSPOT)
    want = {"a1": "open", "a2": "won", "a3": "lost", "b1": "open", "b2": "won", "b3": "won", "b4": "lost"}
    assert stages.outcomes == want
    assert stages.pipelines == ("renewal", "sales")


def test_deals_without_flags_are_decided_by_the_table_of_their_stages() -> None:
    """Fivetran's deals of HubSpot get their outcomes by the ids of their stages, never by a text."""
    stages = sm.read_stages(FIVETRAN, sm.maps.FIVETRAN_HUBSPOT)
    deals = {
        "deal_id": [1, 2, 3],
        "owner_id": [7, 7, 8],
        "property_amount": [10, 20, 30],
        "property_createdate": ["2026-01-01T10:00:00Z"] * 3,
        "property_closedate": ["2026-02-01T10:00:00Z"] * 3,
        "deal_pipeline_id": ["sales", "sales", "renewal"],
        "deal_pipeline_stage_id": ["a3", "a1", "b3"],
    }
    book = sm.read_deals(deals, sm.maps.FIVETRAN_HUBSPOT, zone="UTC", outcomes=stages.outcomes)
    assert book["outcome"].tolist() == ["lost", "open", "won"]
    assert book["closed"].astype(str).tolist() == ["2026-02-01", "NaT", "2026-02-01"]
    process = stages.process("sales")
    one = {name: values[:2] for name, values in deals.items()}
    assert sm.read_deals(one, sm.maps.FIVETRAN_HUBSPOT, zone="UTC", process=process)["outcome"].tolist() == [
        "lost",
        "open",
    ]


def test_a_process_is_that_of_one_pipeline() -> None:
    """Stages of a pipeline in their order, with probabilities; which pipeline has to be said."""
    stages = sm.read_stages(FIVETRAN, sm.maps.FIVETRAN_HUBSPOT)
    process = stages.process("renewal")
    assert process.names == ("b1", "b2", "b3", "b4")
    assert (process.outcome("b3"), process.probability("b1")) == ("won", 0.5)
    with pytest.raises(
        sm.InvalidArgumentError, match="`pipeline` must be one of the 2 pipelines of the stages; got none"
    ):
        stages.process()
    with pytest.raises(sm.InvalidArgumentError, match="got 'sale'") as caught:
        stages.process("sale")
    assert "did you mean 'sales'" in str(caught.value.hint)


def test_stages_of_salesforce_are_called_by_their_labels() -> None:
    """Deals of Salesforce hold labels; default probabilities are percent; what is won stands in a flag."""
    table = {
        "ApiName": ["new", "signed", "gone", "old"],
        "MasterLabel": ["Neu", "Unterschrieben", "Verloren", "Alt"],
        "SortOrder": ["1", "2", "3", "4"],
        "IsClosed": ["false", "true", "true", "true"],
        "IsWon": ["false", "true", "false", "false"],
        "DefaultProbability": ["10", "100", "0", "0"],
        "ForecastCategory": ["Pipeline", "Closed", "Omitted", "Omitted"],
        "IsActive": ["true", "true", "true", "false"],
    }
    stages = sm.read_stages(table, sm.maps.SALESFORCE)
    assert stages.outcomes == {"Neu": "open", "Unterschrieben": "won", "Verloren": "lost"}
    assert stages.process().probability("Neu") == 0.1
    assert stages.process().stage("Neu").forecast_category == "Pipeline"
    assert [record["code"] for record in stages.rejects] == ["SM-DEL-01"]


def test_stages_of_hubspot_come_nested() -> None:
    """Flags of HubSpot are texts inside ``metadata``."""
    table = {
        "id": ["appointmentscheduled", "closedwon", "closedlost"],
        "label": ["Appointment", "Closed won", "Closed lost"],
        "displayOrder": [0, 1, 2],
        "metadata.isClosed": ["false", "true", "true"],
        "metadata.probability": ["0.2", "1.0", "0.0"],
        "archived": [False, False, False],
    }
    assert sm.read_stages(table, sm.maps.HUBSPOT).outcomes == {
        "appointmentscheduled": "open",
        "closedwon": "won",
        "closedlost": "lost",
    }


def test_a_system_without_ends_gets_them_on_demand() -> None:
    """No stage of Pipedrive is won or lost: the process has ends where they are asked for, and is refused without."""
    table = {
        "id": [1, 2],
        "name": ["Lead", "Bid"],
        "pipeline_id": [1, 1],
        "order_nr": [1, 2],
        "deal_probability": [10, 50],
    }
    stages = sm.read_stages(table, sm.maps.PIPEDRIVE)
    assert stages.outcomes == {"1": "open", "2": "open"}
    process = stages.process(ends={"Won": "won", "Lost": "lost"})
    assert process.names == ("1", "2", "Won", "Lost")
    with pytest.raises(sm.InvalidArgumentError, match="`stages` must have a stage with outcome 'won'"):
        stages.process()


def test_lost_stages_that_look_open_can_be_said() -> None:
    """A table in which lost stages are not closed is noted, and told better by the call."""
    table = FIVETRAN | {"is_closed": [False, True, False, False, True, True, False]}
    stages = sm.read_stages(table, sm.maps.FIVETRAN_HUBSPOT)
    assert stages.outcomes["a3"] == "open"
    assert any(note.startswith("2 stages are not closed and have a probability of 0") for note in stages.notes)
    told = sm.read_stages(table, sm.maps.FIVETRAN_HUBSPOT, outcomes={"a3": "lost", "b4": "no_decision"})
    assert (told.outcomes["a3"], told.outcomes["b4"], told.outcomes["a2"]) == ("lost", "no_decision", "won")
    with pytest.raises(sm.InvalidDataError, match="`outcomes` must name stages of the source; got 'a9'") as caught:
        sm.read_stages(table, sm.maps.FIVETRAN_HUBSPOT, outcomes={"a9": "lost"})
    assert "there is: 'a1', 'a2'" in str(caught.value.hint)
    with pytest.raises(sm.InvalidDataError, match="`outcomes` must be a word that means an outcome"):
        sm.read_stages(table, sm.maps.FIVETRAN_HUBSPOT, outcomes={"a3": "gone"})


@pytest.mark.parametrize(
    ("changed", "sentence", "code"),
    [
        ({"stage_id": ["a1", "a1", *"cdefg"]}, "`stage` must be different in every row; got 2 of 7 rows", "SM-PRO-09"),
        ({"stage_id": ["a1", None, *"cdefg"]}, "`stage` must be given in every row; got 1 of 7 rows", "SM-PRO-06"),
        ({"display_order": [0, 1.5, *range(5)]}, "`order` must be whole", "SM-LAB-04"),
        (
            {"display_order": ["0", "-1", *"34567"]},
            "`order` must be a whole number of 0 or more in every row",
            "SM-PRO-07",
        ),
        ({"display_order": [0, None, *range(5)]}, "`order` must be given in every row; got 1 of 7 rows", "SM-PRO-06"),
        (
            {"probability": [0.2, 0.9, 0, 0.5, 1, 1, 0]},
            "`outcome` must follow from a probability of 1 or 0",
            "SM-RES-05",
        ),
        (
            {"is_closed": [False, None, *[True] * 5]},
            "`outcome` must be given in every row; got 1 of 7 rows",
            "SM-RES-02",
        ),
        (
            {"probability": [20, 100, 0, 50, 100, 100, 0]},
            r"`probability` must lie in \[0, 1\] in every row",
            "SM-PRB-02",
        ),
    ],
)
def test_bad_stages_are_refused(changed: dict[str, Any], sentence: str, code: str) -> None:
    """Ids that are missing or doubled, orders that are no places, and chances that decide nothing are told with their rows."""
    with pytest.raises(sm.InvalidDataError, match=sentence) as caught:
        sm.read_stages(FIVETRAN | changed, sm.maps.FIVETRAN_HUBSPOT)
    assert caught.value.code == code
    assert len(sm.read_stages(FIVETRAN | changed, sm.maps.FIVETRAN_HUBSPOT, on_error="drop")) < 7


def test_an_order_that_stands_twice_makes_no_process() -> None:
    """Two stages of a pipeline in one place are read, and refused where their order counts."""
    stages = sm.read_stages(FIVETRAN | {"display_order": [0, 1, 1, 0, 1, 2, 3]}, sm.maps.FIVETRAN_HUBSPOT)
    with pytest.raises(sm.InvalidArgumentError, match="`stages` must have each order once; got 1 twice"):
        stages.process("sales")


def test_stages_are_read_from_objects_and_columns_of_ours() -> None:
    """Stage objects and a mapping with our names give one book; without flags and words every stage is open."""
    things = [sm.Stage("Lead", 1, 0.1), sm.Stage("Won", 2, outcome="won"), sm.Stage("Lost", 3, outcome="lost")]
    columns = {
        "stage": ["Lead", "Won", "Lost"],
        "order": [1, 2, 3],
        "probability": [0.1, None, None],
        "outcome": ["open", "won", "lost"],
        "forecast_category": [None, None, None],
    }
    book = sm.read_stages(things)
    assert book.equals(sm.read_stages(columns))
    assert book.process() == sm.SalesProcess(things)
    assert set(sm.read_stages({"stage": ["x"], "order": [1]}).outcomes.values()) == {"open"}
    with pytest.raises(sm.MissingColumnError, match="`order` must be a column of the stages"):
        sm.read_stages({"stage": ["x"]}).process()
