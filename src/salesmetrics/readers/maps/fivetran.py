"""Fivetran's copies of Salesforce and HubSpot in a warehouse."""

from __future__ import annotations

from salesmetrics.readers.maps.column_map import ColumnMap
from salesmetrics.readers.maps.histories import (
    FIVETRAN_HUBSPOT_HISTORY,
    FIVETRAN_HUBSPOT_STAGES,
    FIVETRAN_SALESFORCE_HISTORY,
)

__all__ = ["FIVETRAN_HUBSPOT", "FIVETRAN_SALESFORCE"]

_GONE: dict[str, bool | str] = {"is_deleted": True, "_fivetran_deleted": True, "_fivetran_active": False}
"""Rows that the source deleted, and versions that a later one replaced."""

_USERS = ColumnMap(
    {"id": "id", "name": "name", "manager": "manager_id", "role": "user_role_id", "department": "department"},
    title="Fivetran's Salesforce, user",
    table="reps",
    ids=("id", "manager"),
    as_text=True,
)

_ROLES = ColumnMap(
    {"id": "id", "name": "name", "manager": "parent_role_id"},
    title="Fivetran's Salesforce, user_role",
    table="reps",
    ids=("id", "manager"),
    as_text=True,
)

_TASKS = ColumnMap(
    {
        "id": "id",
        "rep": "owner_id",
        "deal": "what_id",
        "completed": "completed_date_time",
        "due": "activity_date",
        "kind": "type",
        "subtype": "task_subtype",
        "done": "is_closed",
    },
    title="Fivetran's Salesforce, task",
    table="activities",
    instants=("completed",),
    days=("due",),
    only={"deal": "006"},
    left_out=_GONE,
    ids=("id", "rep", "deal"),
    as_text=True,
)

_EVENTS = ColumnMap(
    {
        "id": "id",
        "rep": "owner_id",
        "deal": "what_id",
        "date": "activity_date_time",
        "due": "activity_date",
        "kind": "type",
        "subtype": "event_subtype",
    },
    title="Fivetran's Salesforce, event",
    table="activities",
    instants=("date",),
    days=("due",),
    spellings={"date": ("start_date_time",)},
    only={"deal": "006"},
    left_out={**_GONE, "is_child": True},
    ids=("id", "rep", "deal"),
    as_text=True,
)

FIVETRAN_SALESFORCE = ColumnMap(
    {
        "id": "id",
        "rep": "owner_id",
        "account": "account_id",
        "pipeline": "record_type_id",
        "amount": "amount",
        "currency": "currency_iso_code",
        "created": "created_date",
        "close_date": "close_date",
        "stage": "stage_name",
        "probability": "probability",
        "forecast_category": "forecast_category",
    },
    title="Fivetran's Salesforce, opportunity",
    table="deals",
    probability_scale=100,
    instants=("created",),
    days=("close_date",),
    flags={"closed": "is_closed", "won": "is_won"},
    left_out=_GONE,
    ids=("id", "rep", "account"),
    as_text=True,
    tables={
        "reps": _USERS,
        "roles": _ROLES,
        "activities": _TASKS,
        "events": _EVENTS,
        "history": FIVETRAN_SALESFORCE_HISTORY,
    },
)
"""Fivetran's copy of Salesforce: close dates are midnights that are days, creation is an instant of UTC."""

_OWNERS = ColumnMap(
    {
        "id": "owner_id",
        "email": "email",
        "first_name": "first_name",
        "last_name": "last_name",
        "type": "type",
    },
    title="Fivetran's HubSpot, owner",
    table="reps",
    as_text=True,
)

_STAGES = ColumnMap(
    {
        "stage": "stage_id",
        "name": "label",
        "pipeline": "pipeline_id",
        "order": "display_order",
        "probability": "probability",
    },
    title="Fivetran's HubSpot, deal_pipeline_stage",
    table="stages",
    # `closed_won` is known to repeat `is_closed`: what tells won from lost is the probability
    flags={"closed": "is_closed"},
    left_out={"_fivetran_deleted": True},
    as_text=True,
)

_ENGAGEMENTS = ColumnMap(
    {
        "id": "engagement_id",
        "rep": "property_hubspot_owner_id",
        "deal": "deal_id",
        "date": "property_hs_timestamp",
        "kind": "type",
    },
    title="Fivetran's HubSpot, engagements",
    table="activities",
    instants=("date",),
    left_out={"_fivetran_deleted": True},
    spellings={"date": ("start_time", "timestamp"), "rep": ("owner_id",)},
    as_text=True,
)

FIVETRAN_HUBSPOT = ColumnMap(
    {
        "id": "deal_id",
        "rep": "owner_id",
        "pipeline": "deal_pipeline_id",
        "amount": "property_amount",
        "currency": "property_deal_currency_code",
        "created": "property_createdate",
        "close_date": "property_closedate",
        "stage": "deal_pipeline_stage_id",
    },
    title="Fivetran's HubSpot, deal",
    table="deals",
    instants=("created", "close_date"),
    flags={"closed": "property_hs_is_closed", "won": "property_hs_is_closed_won"},
    left_out={"is_deleted": True, "_fivetran_deleted": True},
    merged="property_hs_merged_object_ids",
    as_text=True,
    tables={
        "reps": _OWNERS,
        "stages": _STAGES,
        "activities": _ENGAGEMENTS,
        "history": FIVETRAN_HUBSPOT_HISTORY,
        "stage_history": FIVETRAN_HUBSPOT_STAGES,
    },
)
"""Fivetran's copy of HubSpot: both dates are instants; whether a deal is won stands in the table of its stages."""
