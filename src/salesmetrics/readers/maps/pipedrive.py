"""Pipedrive: the two versions of its API, and the export of a list."""

from __future__ import annotations

import attrs

from salesmetrics.readers.maps.column_map import ColumnMap
from salesmetrics.readers.maps.histories import PIPEDRIVE_HISTORY

__all__ = ["PIPEDRIVE", "PIPEDRIVE_EXPORT", "PIPEDRIVE_V1"]

_REPS = ColumnMap(
    {"id": "id", "name": "name", "email": "email"},
    title="Pipedrive, users",
    table="reps",
    as_text=True,
)

_STAGES = ColumnMap(
    # whether a deal is won stands in its status; no stage of Pipedrive means it
    {
        "stage": "id",
        "name": "name",
        "pipeline": "pipeline_id",
        "order": "order_nr",
        "probability": "deal_probability",
    },
    title="Pipedrive, stages",
    table="stages",
    probability_scale=100,
    left_out={"is_deleted": True, "active_flag": False},
    as_text=True,
)

_ACTIVITIES = ColumnMap(
    {
        "id": "id",
        "rep": "owner_id",
        "deal": "deal_id",
        "completed": "marked_as_done_time",
        "due": "due_date",
        "kind": "type",
        "done": "done",
    },
    title="Pipedrive, activities",
    table="activities",
    instants=("completed",),
    days=("due",),
    left_out={"is_deleted": True},
    spellings={"rep": ("user_id",)},
    as_text=True,
)

PIPEDRIVE = ColumnMap(
    {
        "id": "id",
        "rep": "owner_id",
        "account": "org_id",
        "pipeline": "pipeline_id",
        "amount": "value",
        "currency": "currency",
        "created": "add_time",
        "expected_close": "expected_close_date",
        "closed": "close_time",
        "won_date": "won_time",
        "lost_date": "lost_time",
        "stage": "stage_id",
        "outcome": "status",
        "probability": "probability",
    },
    outcomes={"open": "open", "won": "won", "lost": "lost"},
    title="Pipedrive, deals (API version 2)",
    table="deals",
    probability_scale=100,
    instants=("created", "closed", "won_date", "lost_date"),
    days=("expected_close",),
    left_out={"is_deleted": True, "is_archived": True, "status": "deleted"},
    as_text=True,
    tables={"reps": _REPS, "stages": _STAGES, "activities": _ACTIVITIES, "history": PIPEDRIVE_HISTORY},
)
"""Pipedrive by the names of its API, version 2: times are instants of UTC, probabilities are percent."""

PIPEDRIVE_V1 = attrs.evolve(
    PIPEDRIVE,
    columns={**PIPEDRIVE, "rep": "user_id"},
    title="Pipedrive, deals (API version 1)",
    # the owner is a number, or an object that flattens to several columns
    spellings={"rep": ("user_id.id", "user_id.value"), "account": ("org_id.value",)},
    left_out={"deleted": True, "status": "deleted"},
)
"""Pipedrive by the names of its API, version 1: times are of UTC without saying so, flags are 0 and 1."""

PIPEDRIVE_EXPORT = ColumnMap(
    {
        "id": "ID",
        "rep": "Owner",
        "account": "Organization",
        "pipeline": "Pipeline",
        "amount": "Value",
        "currency": "Currency",
        "created": "Deal created",
        "expected_close": "Expected close date",
        "won_date": "Won time",
        "lost_date": "Lost time",
        "stage": "Stage",
        "outcome": "Status",
        "probability": "Probability",
    },
    outcomes={"Open": "open", "Won": "won", "Lost": "lost"},
    title="Pipedrive, export of a list of deals",
    table="deals",
    probability_scale=100,
    # an export gives the clock time of whoever made it
    clocks=("created", "won_date", "lost_date"),
    days=("expected_close",),
    left_out={"Status": "Deleted"},
    prefixes=("Deal - ",),
    as_text=True,
)
"""Exports of a list of Pipedrive by their English labels, with or without ``Deal - `` before each."""
