"""What does my export hold, and is it fit for metrics?

    python read_a_crm_export.py
    python read_a_crm_export.py Opportunity.csv --zone America/New_York --currency USD
    python read_a_crm_export.py dbt-salesforce-seeds/sf_opportunity_data.csv --zone UTC --keep-deleted
    python read_a_crm_export.py dbt-hubspot-seeds/deal_data.csv --zone UTC --map FIVETRAN_HUBSPOT
    python read_a_crm_export.py maven-crm/sales_pipeline.csv --map MAVEN

Without a file an export of the sample company is made up, as Salesforce writes it. The map is the one that fits the names of
the columns; `--map` states another.
"""

from __future__ import annotations

import argparse
import csv
import io
import sys
import warnings
from pathlib import Path

import numpy as np

import salesmetrics as sm

MAPS = {name: getattr(sm.maps, name) for name in sm.maps.__all__ if name.isupper()}


def main() -> None:
    parser = argparse.ArgumentParser(description="What does my export hold, and is it fit for metrics?")
    parser.add_argument("file", nargs="?", help="a CSV file of deals")
    parser.add_argument("--map", choices=sorted(MAPS), help="the system it comes from, where the columns do not tell")
    parser.add_argument("--zone", default="UTC", help="business time zone of instants; UTC by default")
    parser.add_argument("--currency", metavar="CODE", help="such as USD")
    parser.add_argument("--keep-deleted", action="store_true", help="count rows that are marked as deleted")
    asked = parser.parse_args()

    text = exported() if asked.file is None else Path(asked.file).read_text(encoding="utf-8-sig")
    guess = sm.maps.guess(next(csv.reader(io.StringIO(text))))
    print(guess)
    shape = guess.map if asked.map is None else MAPS[asked.map]
    if shape is None:
        raise SystemExit("No map fits: say which by --map, or name the columns in a script of your own.")

    form = {"zone": asked.zone, "currency": asked.currency, "on_error": "drop"}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", sm.SalesMetricsWarning)  # they are among the notes of the book
            deals = sm.read_deals(io.StringIO(text), shape.keeping() if asked.keep_deleted else shape, **form)
    except sm.SalesMetricsError as error:
        raise SystemExit(str(error)) from None
    print(f"\n{deals}\n")
    for name in deals.names:
        gaps = missing(deals[name])
        if gaps:
            print(f"{name}: {gaps:,} of {len(deals):,} rows are empty")
    for record in deals.rejects[:5]:
        print(f"left out: row {record['row']}, {record['message']}")
    if not len(deals):
        print("No deal is left.", file=sys.stderr)
    elif "outcome" in deals.names and "closed" in deals.names:
        print(sm.win_rate(deals))


def missing(values: np.ndarray) -> int:
    """Return how many rows of a column are empty."""
    if values.dtype.kind == "O":
        return sum(value is None for value in values.tolist())
    return int((values != values).sum())  # NaN and NaT


def exported() -> str:
    """Return deals of the sample company in the columns of a Salesforce export."""
    deals = sm.datasets.sample_company(deals=400, rng=7).deals
    decided = deals["outcome"] != "open"
    days = np.where(decided, deals["closed"], deals["expected_close"])
    columns = {
        "Id": [f"006A{key:011d}" for key in range(len(deals))],
        "OwnerId": deals["rep"],
        "Amount": deals["amount"],
        "CreatedDate": [f"{day}T15:00:00.000+0000" for day in deals["created"]],
        "CloseDate": days,
        "StageName": deals["stage"],
        "IsClosed": decided,
        "IsWon": deals["outcome"] == "won",
        "Probability": np.rint(deals["probability"] * 100),
        "Segment__c": deals["segment"],
    }
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(columns)
    for row in zip(*columns.values(), strict=True):
        writer.writerow("" if value != value or value is None else value for value in row)
    return file.getvalue()


if __name__ == "__main__":
    main()
