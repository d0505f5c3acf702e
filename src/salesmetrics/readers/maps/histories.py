"""Maps of the histories of systems: one row for each change of a deal, or one for each change of a property."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import attrs

from salesmetrics.readers.maps.column_map import ColumnMap

__all__ = [
    "FIVETRAN_HUBSPOT_HISTORY",
    "FIVETRAN_HUBSPOT_STAGES",
    "FIVETRAN_SALESFORCE_HISTORY",
    "HUBSPOT_HISTORY",
    "PIPEDRIVE_HISTORY",
    "SALESFORCE_FIELD_HISTORY",
    "SALESFORCE_HISTORY",
    "HistoryMap",
]


def _frozen(mapping: Mapping[str, str] | None) -> Mapping[str, str]:
    return MappingProxyType(dict(mapping or {}))


@attrs.frozen(eq=False, repr=False)
class HistoryMap(ColumnMap):
    """Where a source keeps the changes of deals.

    Parameters
    ----------
    properties : mapping of str to str, optional
        In a log of properties, what the source calls each of ours: its word in the column ``field`` to our column.

    Examples
    --------
    >>> SALESFORCE_FIELD_HISTORY.properties["CloseDate"]
    'expected_close'
    """

    properties: Mapping[str, str] = attrs.field(default=None, converter=_frozen, kw_only=True)


SALESFORCE_HISTORY = HistoryMap(
    {
        "deal": "OpportunityId",
        "date": "CreatedDate",
        "stage": "StageName",
        "amount": "Amount",
        "expected_close": "CloseDate",
        "forecast_category": "ForecastCategory",
        "actor": "CreatedById",
        "currency": "CurrencyIsoCode",
    },
    title="Salesforce, OpportunityHistory",
    table="history",
    instants=("date",),
    days=("expected_close",),
    left_out={"IsDeleted": True},
    ids=("deal", "actor"),
    as_text=True,
)
"""Salesforce's ``OpportunityHistory``: a row for each change of amount, probability, stage or close date."""

SALESFORCE_FIELD_HISTORY = HistoryMap(
    {
        "deal": "OpportunityId",
        "date": "CreatedDate",
        "field": "Field",
        "old": "OldValue",
        "new": "NewValue",
        "actor": "CreatedById",
    },
    title="Salesforce, OpportunityFieldHistory",
    table="history",
    instants=("date",),
    days=("expected_close",),
    left_out={"IsDeleted": True},
    ids=("deal", "actor"),
    as_text=True,
    properties={
        "StageName": "stage",
        "Amount": "amount",
        "CloseDate": "expected_close",
        "OwnerId": "rep",
        "ForecastCategory": "forecast_category",
        "ForecastCategoryName": "forecast_category",
    },
)
"""Salesforce's ``OpportunityFieldHistory``: a row for each change of a tracked field, since its tracking was switched on."""

FIVETRAN_SALESFORCE_HISTORY = HistoryMap(
    {
        "deal": "id",
        "date": "_fivetran_start",
        "stage": "stage_name",
        "amount": "amount",
        "expected_close": "close_date",
        "rep": "owner_id",
        "forecast_category": "forecast_category",
    },
    title="Fivetran's Salesforce, opportunity_history",
    table="history",
    instants=("date",),
    days=("expected_close",),
    flags={"closed": "is_closed", "won": "is_won"},
    left_out={"is_deleted": True},
    ids=("deal", "rep"),
    as_text=True,
)
"""Fivetran's ``opportunity_history``: a row for each version of a deal, from ``_fivetran_start`` on."""

_HUBSPOT_PROPERTIES = {
    "dealstage": "stage",
    "amount": "amount",
    "closedate": "expected_close",
    "hubspot_owner_id": "rep",
    "hs_manual_forecast_category": "forecast_category",
}

FIVETRAN_HUBSPOT_HISTORY = HistoryMap(
    {"deal": "deal_id", "date": "timestamp", "field": "name", "new": "value"},
    title="Fivetran's HubSpot, deal_property_history",
    table="history",
    instants=("date", "expected_close"),
    ids=("deal",),
    as_text=True,
    properties=_HUBSPOT_PROPERTIES,
)
"""Fivetran's ``deal_property_history``: a row for each value that a property was given."""

FIVETRAN_HUBSPOT_STAGES = HistoryMap(
    {"deal": "deal_id", "date": "date_entered", "stage": "value"},
    title="Fivetran's HubSpot, deal_stage",
    table="history",
    instants=("date",),
    ids=("deal",),
    as_text=True,
)
"""Fivetran's ``deal_stage``: a row for each stage that a deal has entered."""

HUBSPOT_HISTORY = HistoryMap(
    {"deal": "deal_id", "date": "timestamp", "field": "name", "new": "value", "actor": "updatedByUserId"},
    title="HubSpot, propertiesWithHistory",
    table="history",
    instants=("date", "expected_close"),
    left_out={"archived": True},
    ids=("deal",),
    as_text=True,
    properties=_HUBSPOT_PROPERTIES,
)
"""HubSpot's ``propertiesWithHistory``, nested as the API gives it, or rows with ``deal_id`` and ``name`` beside each value."""

PIPEDRIVE_HISTORY = HistoryMap(
    {
        "deal": "deal_id",
        "date": "time",
        "field": "field_key",
        "old": "old_value",
        "new": "new_value",
        "actor": "actor_user_id",
    },
    title="Pipedrive, changelog",
    table="history",
    outcomes={"open": "open", "won": "won", "lost": "lost"},
    instants=("date",),
    days=("expected_close",),
    ids=("deal",),
    as_text=True,
    properties={
        "stage_id": "stage",
        "status": "outcome",
        "value": "amount",
        "expected_close_date": "expected_close",
        "user_id": "rep",
    },
)
"""Pipedrive's changelog of deals, with the column ``deal_id`` beside those of each change."""
