"""Maven Analytics' CRM sample."""

from __future__ import annotations

from salesmetrics.readers.maps.column_map import ColumnMap

__all__ = ["MAVEN"]

_TEAMS = ColumnMap(
    {"id": "sales_agent", "manager": "manager", "region": "regional_office"},
    title="Maven Analytics, sales_teams.csv",
    table="reps",
    as_text=True,
)

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
    title="Maven Analytics, sales_pipeline.csv",
    table="deals",
    days=("created", "close_date"),
    as_text=True,
    tables={"reps": _TEAMS},
)
"""Maven Analytics' CRM sample, ``sales_pipeline.csv``; a deal counts as created on the day its first talks began."""
