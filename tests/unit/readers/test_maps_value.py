"""A column map as a value: printed, extended, asked for its other tables."""

from __future__ import annotations

import copy
import pickle

import pytest

import salesmetrics as sm
from salesmetrics.readers.maps import ColumnMap


def test_a_map_prints_as_a_small_table() -> None:
    """A map shows every column, what stands there, how the outcome is told, what is left out, and the other tables."""
    lines = repr(sm.maps.SALESFORCE).splitlines()
    assert lines[0] == "<ColumnMap of deals: Salesforce, Opportunity"
    assert "  created            CreatedDate       instant" in lines
    assert "  close_date         CloseDate         day" in lines
    assert "  probability        Probability       of 100" in lines
    assert "  outcome            IsClosed, IsWon   by closed and won" in lines
    assert "  left out           IsDeleted         where it is true" in lines
    assert lines[-1].startswith("  other tables: quotas, reps, stages, splits, activities, events")
    assert "Won is won" in repr(sm.maps.MAVEN)
    assert "ids that begin with 006" in repr(sm.maps.SALESFORCE.activities)
    assert "of 100" in repr(sm.maps.SALESFORCE.splits)
    assert "day with a clock time, the last day itself" in repr(sm.maps.HUBSPOT.quotas)
    assert "ids that were merged into the row's" in repr(sm.maps.HUBSPOT)
    assert "where it is 'deleted'" in repr(sm.maps.PIPEDRIVE)
    assert "18 characters" in repr(sm.maps.SALESFORCE.with_ids(18))
    assert repr(ColumnMap({})) == "<ColumnMap of columns>"


def test_a_name_from_outside_is_escaped() -> None:
    """A control character in a column's name does not reach the terminal."""
    assert "\x1b" not in repr(ColumnMap({"amount": "a\x1b[2Jb"}))


def test_a_map_is_extended_by_a_bar_or_by_name() -> None:
    """More columns make a new map that knows all that the old one knew; the old one is as it was."""
    wider = sm.maps.SALESFORCE | {"segment": "Segment__c"}
    assert dict(wider) == {**sm.maps.SALESFORCE, "segment": "Segment__c"}
    assert wider == sm.maps.SALESFORCE.with_columns({"segment": "Segment__c"})
    assert wider.flags == sm.maps.SALESFORCE.flags
    assert wider.quotas is sm.maps.SALESFORCE.quotas
    assert wider.timing("created") is True
    assert "segment" not in sm.maps.SALESFORCE
    assert "segment" not in wider.without("segment")


def test_a_column_that_is_mapped_anew_loses_what_was_known_of_the_old_one() -> None:
    """What was said of a column is not said of another that takes its place, unless the call says so."""
    other = sm.maps.SALESFORCE | {"created": "First_Talk__c", "rep": "Seller__c"}
    assert other.timing("created") is None
    assert "rep" not in other.ids
    said = sm.maps.SALESFORCE.with_columns(
        {"created": "A__c", "close_date": "B__c"}, days=["created"], instants=["close_date"]
    )
    assert (said.timing("created"), said.timing("close_date")) == (False, True)
    task = sm.maps.SALESFORCE.activities | {"deal": "Deal__c"}
    assert task.only == {}


@pytest.mark.parametrize("more", [{"segment": 5}, {5: "x"}, "segment"])
def test_only_names_extend_a_map(more: object) -> None:
    """What maps no text to a text is refused."""
    with pytest.raises(sm.InvalidTypeError, match="`more` must map our names to the source's; got"):
        sm.maps.SALESFORCE.with_columns(more)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        sm.maps.SALESFORCE | 5


def test_what_is_left_out_can_be_kept() -> None:
    """A map can be told to leave no rows out, or not by one of its columns."""
    assert sm.maps.PIPEDRIVE.keeping("is_archived").left_out == {"is_deleted": True, "status": "deleted"}
    assert sm.maps.PIPEDRIVE.keeping().left_out == {}
    with pytest.raises(sm.InvalidArgumentError, match="`columns` must be columns by which rows are left out") as caught:
        sm.maps.PIPEDRIVE.keeping("archived")
    assert "'is_archived'" in str(caught.value.hint)
    with pytest.raises(sm.InvalidArgumentError, match="`names` must be columns of the map; got 'stag'") as caught:
        sm.maps.PIPEDRIVE.without("stag")
    assert "did you mean 'stage'" in str(caught.value.hint)


def test_a_map_knows_the_other_tables_of_its_system() -> None:
    """Every reader takes its own table from the map of a system; one that the system has not is refused."""
    assert sm.maps.SALESFORCE.of("quotas") is sm.maps.SALESFORCE.quotas
    assert sm.maps.SALESFORCE.deals is sm.maps.SALESFORCE
    assert ColumnMap({"rep": "Owner"}).of("quotas")["rep"] == "Owner"
    with pytest.raises(sm.InvalidArgumentError, match="`columns` must be a map of quotas; got that of Maven Analytics"):
        sm.read_quotas({"rep": ["Ana"]}, sm.maps.MAVEN)
    with pytest.raises(AttributeError, match="has no 'quota': did you mean 'quotas'"):
        sm.maps.SALESFORCE.quota  # noqa: B018


def test_a_map_can_be_copied_and_sent() -> None:
    """A copy of a map is an equal map with the same tables."""
    for copied in (copy.deepcopy(sm.maps.HUBSPOT), pickle.loads(pickle.dumps(sm.maps.HUBSPOT))):
        assert copied == sm.maps.HUBSPOT
        assert copied.stages == sm.maps.HUBSPOT.stages
        assert copied.timing("close_date") is True


def test_ids_have_15_or_18_characters() -> None:
    """Another length is no form of an id."""
    assert sm.maps.SALESFORCE.with_ids(15).quotas.id_length == 15
    assert sm.maps.SALESFORCE.with_ids(None).id_length is None
    with pytest.raises(sm.InvalidArgumentError, match="`length` must be 15 or 18"):
        sm.maps.SALESFORCE.with_ids(16)  # type: ignore[arg-type]
