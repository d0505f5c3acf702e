"""Salesforce: tables by the names of its API, and the labels of its reports."""

from __future__ import annotations

from salesmetrics.readers.maps.column_map import ColumnMap
from salesmetrics.readers.maps.histories import SALESFORCE_FIELD_HISTORY, SALESFORCE_HISTORY

__all__ = ["SALESFORCE", "SALESFORCE_REPORT"]

_QUOTAS = ColumnMap(
    {
        "rep": "QuotaOwnerId",
        "start": "StartDate",
        "amount": "QuotaAmount",
        "currency": "CurrencyIsoCode",
        "measure": "ForecastingTypeId",
    },
    title="Salesforce, ForecastingQuota",
    table="quotas",
    days=("start",),
    # a quota of pieces is none of money; a start may be any day of its period
    left_out={"IsAmount": False},
    whole_periods=True,
    ids=("rep",),
    as_text=True,
)

_REPS = ColumnMap(
    {"id": "Id", "name": "Name", "manager": "ManagerId", "role": "UserRoleId", "department": "Department"},
    title="Salesforce, User",
    table="reps",
    ids=("id", "manager"),
    as_text=True,
)

_STAGES = ColumnMap(
    {
        # deals hold the label of their stage, not its API name
        "stage": "MasterLabel",
        "name": "ApiName",
        "order": "SortOrder",
        "probability": "DefaultProbability",
        "forecast_category": "ForecastCategory",
    },
    title="Salesforce, OpportunityStage",
    table="stages",
    probability_scale=100,
    flags={"closed": "IsClosed", "won": "IsWon"},
    left_out={"IsActive": False},
    as_text=True,
)

_SPLITS = ColumnMap(
    {"deal": "OpportunityId", "rep": "SplitOwnerId", "share": "SplitPercentage", "kind": "SplitTypeId"},
    title="Salesforce, OpportunitySplit",
    table="splits",
    share_scale=100,
    left_out={"IsDeleted": True},
    ids=("deal", "rep"),
    as_text=True,
)

_TASKS = ColumnMap(
    {
        "id": "Id",
        "rep": "OwnerId",
        "deal": "WhatId",
        "completed": "CompletedDateTime",
        # ActivityDate is the day a task is due, not the day it was done
        "due": "ActivityDate",
        "kind": "Type",
        "subtype": "TaskSubtype",
        "done": "IsClosed",
    },
    title="Salesforce, Task",
    table="activities",
    instants=("completed",),
    days=("due",),
    only={"deal": "006"},
    left_out={"IsDeleted": True},
    ids=("id", "rep", "deal"),
    as_text=True,
)

_EVENTS = ColumnMap(
    {
        "id": "Id",
        "rep": "OwnerId",
        "deal": "WhatId",
        # the instant is missing where an event lasts all day; the day stands beside it then
        "date": "ActivityDateTime",
        "due": "ActivityDate",
        "kind": "Type",
        "subtype": "EventSubtype",
    },
    title="Salesforce, Event",
    table="activities",
    instants=("date",),
    days=("due",),
    spellings={"date": ("StartDateTime",)},
    only={"deal": "006"},
    # one meeting has a row for each of those invited
    left_out={"IsDeleted": True, "IsChild": True},
    ids=("id", "rep", "deal"),
    as_text=True,
)

SALESFORCE = ColumnMap(
    {
        "id": "Id",
        "rep": "OwnerId",
        "account": "AccountId",
        "pipeline": "RecordTypeId",
        "amount": "Amount",
        "currency": "CurrencyIsoCode",
        "created": "CreatedDate",
        "close_date": "CloseDate",
        "stage": "StageName",
        "probability": "Probability",
        # the value, not the label, which every account may rename; the value Forecast is what is labelled Commit
        "forecast_category": "ForecastCategory",
    },
    title="Salesforce, Opportunity",
    table="deals",
    probability_scale=100,
    instants=("created",),
    days=("close_date",),
    flags={"closed": "IsClosed", "won": "IsWon"},
    left_out={"IsDeleted": True},
    ids=("id", "rep", "account"),
    as_text=True,
    tables={
        "quotas": _QUOTAS,
        "reps": _REPS,
        "stages": _STAGES,
        "splits": _SPLITS,
        "activities": _TASKS,
        "events": _EVENTS,
        "history": SALESFORCE_HISTORY,
        "field_history": SALESFORCE_FIELD_HISTORY,
    },
)
"""Salesforce by the names of its API: close dates are days, creation is an instant of UTC, probabilities are percent."""

SALESFORCE_REPORT = ColumnMap(
    {
        "id": "Opportunity ID",
        "rep": "Opportunity Owner",
        "account": "Account Name",
        "pipeline": "Opportunity Record Type",
        "amount": "Amount",
        "currency": "Amount Currency",
        "created": "Created Date",
        "close_date": "Close Date",
        "stage": "Stage",
        "probability": "Probability (%)",
    },
    title="Salesforce, report on opportunities",
    table="deals",
    probability_scale=100,
    # a report gives the day on the clock of whoever ran it
    clocks=("created",),
    days=("close_date",),
    flags={"closed": "Closed", "won": "Won"},
    ids=("id",),
    as_text=True,
)
"""Reports of Salesforce by their English labels: names for ids, days on the clock of whoever ran the report."""
