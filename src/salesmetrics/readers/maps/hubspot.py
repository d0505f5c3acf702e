"""HubSpot: objects by the names of its properties, and the labels of its view exports."""

from __future__ import annotations

from salesmetrics.readers.maps.column_map import ColumnMap
from salesmetrics.readers.maps.histories import HUBSPOT_HISTORY

__all__ = ["HUBSPOT", "HUBSPOT_EXPORT"]

_NESTED = ("properties.",)

_QUOTAS = ColumnMap(
    {
        "rep": "hubspot_owner_id",
        "start": "hs_start_datetime",
        "end": "hs_end_datetime",
        "amount": "hs_target_amount",
        "measure": "hs_goal_name",
    },
    title="HubSpot, goal_targets",
    table="quotas",
    # the first and the last moment of days of UTC, the last one still inside
    clocks=("start", "end"),
    inclusive=("end",),
    left_out={"archived": True},
    prefixes=_NESTED,
    as_text=True,
)

_REPS = ColumnMap(
    # deals hold the owner's id, never the userId of the same person
    {"id": "id", "email": "email", "first_name": "firstName", "last_name": "lastName"},
    title="HubSpot, owners",
    table="reps",
    as_text=True,
)

_STAGES = ColumnMap(
    {
        "stage": "id",
        "name": "label",
        "pipeline": "pipelineId",
        "order": "displayOrder",
        "probability": "metadata.probability",
    },
    title="HubSpot, stages of pipelines",
    table="stages",
    flags={"closed": "metadata.isClosed"},
    left_out={"archived": True},
    as_text=True,
)

_SPLITS = ColumnMap(
    {"deal": "dealId", "rep": "hubspot_owner_id", "share": "hs_deal_split_percentage"},
    title="HubSpot, deal splits",
    table="splits",
    prefixes=_NESTED,
    as_text=True,
)

_ENGAGEMENTS = ColumnMap(
    {"id": "hs_object_id", "rep": "hubspot_owner_id", "deal": "deal_id", "date": "hs_timestamp", "kind": "type"},
    title="HubSpot, engagements",
    table="activities",
    instants=("date",),
    left_out={"archived": True},
    spellings={"id": ("id",)},
    prefixes=_NESTED,
    as_text=True,
)

HUBSPOT = ColumnMap(
    {
        "id": "hs_object_id",
        "rep": "hubspot_owner_id",
        "pipeline": "pipeline",
        "amount": "amount",
        "currency": "deal_currency_code",
        "created": "createdate",
        "close_date": "closedate",
        "stage": "dealstage",
        "probability": "hs_deal_stage_probability",
        "forecast_category": "hs_manual_forecast_category",
    },
    title="HubSpot, deals",
    table="deals",
    instants=("created", "close_date"),
    flags={"closed": "hs_is_closed", "won": "hs_is_closed_won"},
    left_out={"archived": True},
    merged="hs_merged_object_ids",
    spellings={"id": ("id",)},
    prefixes=_NESTED,
    as_text=True,
    tables={
        "quotas": _QUOTAS,
        "reps": _REPS,
        "stages": _STAGES,
        "splits": _SPLITS,
        "activities": _ENGAGEMENTS,
        "history": HUBSPOT_HISTORY,
    },
)
"""HubSpot by the names of its properties: both dates are instants, probabilities are fractions, stages are ids."""

HUBSPOT_EXPORT = ColumnMap(
    {
        "id": "Record ID",
        "rep": "Deal owner",
        "account": "Associated Company",
        "pipeline": "Pipeline",
        "amount": "Amount",
        "created": "Create Date",
        "close_date": "Close Date",
        "stage": "Deal Stage",
        "probability": "Deal probability",
    },
    title="HubSpot, export of a view of deals",
    table="deals",
    # an export gives the clock time of the account
    clocks=("created", "close_date"),
    flags={"won": "Is Closed Won", "lost": "Is closed lost"},
    as_text=True,
)
"""Exports of a view of HubSpot by their English labels: names for ids, the clock time of the account."""
