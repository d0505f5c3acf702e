"""Column maps of well-known sources: plain data, our name to the source's column."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

import attrs

__all__ = [
    "FIVETRAN_HUBSPOT",
    "FIVETRAN_SALESFORCE",
    "HUBSPOT",
    "MAVEN",
    "PIPEDRIVE",
    "SALESFORCE",
    "ColumnMap",
]


def _frozen(mapping: Mapping[Any, str]) -> Mapping[Any, str]:
    return MappingProxyType(dict(mapping))


def _frozen_or_none(mapping: Mapping[Any, str] | None) -> Mapping[Any, str] | None:
    return None if mapping is None else _frozen(mapping)


def _names(names: Iterable[str]) -> frozenset[str]:
    return frozenset(names)


@attrs.frozen(eq=False)
class ColumnMap(Mapping[str, str]):
    """Where a source keeps what the library asks for.

    Parameters
    ----------
    columns : mapping of str to str
        Our name to the source's column. ``close_date`` is the expected day while a deal is open and the day it was
        decided after.
    outcomes : mapping, optional
        What the words of the outcome column mean.
    probability_scale : float, default: 1
        What certainty is written as: 1 for fractions, 100 for percent.
    instants : frozenset of str, optional
        Which of our columns hold instants of UTC; the others hold days, which no zone moves.
    flags : tuple of str, optional
        Columns of the source that say closed and won, from which the outcome is made.
    deleted : str, optional
        Column of the source that marks rows as deleted.

    Examples
    --------
    >>> MAVEN["rep"], MAVEN.outcomes["Engaging"]
    ('sales_agent', 'open')
    >>> ColumnMap({**SALESFORCE, "segment": "Segment__c"}, flags=SALESFORCE.flags)["segment"]
    'Segment__c'
    """

    columns: Mapping[str, str] = attrs.field(converter=_frozen)
    outcomes: Mapping[Any, str] | None = attrs.field(default=None, converter=_frozen_or_none)
    probability_scale: float = 1
    instants: frozenset[str] = attrs.field(default=frozenset(), converter=_names)
    flags: tuple[str, str] | None = None
    deleted: str | None = None

    def __getitem__(self, name: str) -> str:
        return self.columns[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.columns)

    def __len__(self) -> int:
        return len(self.columns)


SALESFORCE = ColumnMap(
    {
        "id": "Id",
        "rep": "OwnerId",
        "amount": "Amount",
        "created": "CreatedDate",
        "close_date": "CloseDate",
        "stage": "StageName",
        "probability": "Probability",
        "forecast_category": "ForecastCategory",
    },
    probability_scale=100,
    instants=frozenset({"created"}),
    flags=("IsClosed", "IsWon"),
    deleted="IsDeleted",
)
"""Salesforce's ``Opportunity`` as its API gives it: close dates are days, creation is an instant of UTC."""

FIVETRAN_SALESFORCE = ColumnMap(
    {
        "id": "id",
        "rep": "owner_id",
        "amount": "amount",
        "created": "created_date",
        "close_date": "close_date",
        "stage": "stage_name",
        "probability": "probability",
        "forecast_category": "forecast_category",
    },
    probability_scale=100,
    instants=frozenset({"created"}),
    flags=("is_closed", "is_won"),
    deleted="is_deleted",
)
"""Fivetran's copy of Salesforce, table ``opportunity``: close dates are midnights, creation is an instant of UTC."""

HUBSPOT = ColumnMap(
    {
        "id": "hs_object_id",
        "rep": "hubspot_owner_id",
        "amount": "amount",
        "created": "createdate",
        "close_date": "closedate",
        "stage": "dealstage",
        "probability": "hs_deal_stage_probability",
        "forecast_category": "hs_manual_forecast_category",
    },
    instants=frozenset({"created", "close_date"}),
    flags=("hs_is_closed", "hs_is_closed_won"),
    deleted="archived",
)
"""HubSpot's deal properties as its API gives them: both dates are instants, probabilities are fractions."""

FIVETRAN_HUBSPOT = ColumnMap(
    {
        "id": "deal_id",
        "rep": "owner_id",
        "amount": "property_amount",
        "created": "property_createdate",
        "close_date": "property_closedate",
        "stage": "deal_pipeline_stage_id",
    },
    instants=frozenset({"created", "close_date"}),
    deleted="is_deleted",
)
"""Fivetran's copy of HubSpot, table ``deal``; whether a deal is won stands in the table of its stages."""

PIPEDRIVE = ColumnMap(
    {
        "id": "id",
        "rep": "owner_id",
        "amount": "value",
        "created": "add_time",
        "expected_close": "expected_close_date",
        "closed": "close_time",
        "stage": "stage_id",
        "outcome": "status",
        "probability": "probability",
    },
    outcomes={"open": "open", "won": "won", "lost": "lost"},
    probability_scale=100,
    instants=frozenset({"created", "closed"}),
    deleted="is_deleted",
)
"""Pipedrive's deals as its API, version 2, gives them: times are instants of UTC, probabilities are percent."""

MAVEN = ColumnMap(
    {
        "id": "opportunity_id",
        "rep": "sales_agent",
        "amount": "close_value",
        "created": "engage_date",
        "close_date": "close_date",
        "stage": "deal_stage",
        "outcome": "deal_stage",
        "product": "product",
        "account": "account",
    },
    outcomes={"Prospecting": "open", "Engaging": "open", "Won": "won", "Lost": "lost"},
)
"""Maven Analytics' CRM sample, ``sales_pipeline.csv``; a deal counts as created on the day its first talks began."""
