"""How long does it take until a new rep is productive, those who are not there yet counted in?

    python ramp_of_new_reps.py
    python ramp_of_new_reps.py --threshold 0.8 --plot ramp.png
    python ramp_of_new_reps.py --adventureworks adventureworks

The sample company, or the resellers' sales people of Microsoft's AdventureWorks: the folder that holds dim_employee.csv,
fact_sales_quota.csv and fact_reseller_sales.csv.gz.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import math
from collections import Counter
from decimal import Decimal
from pathlib import Path

import salesmetrics as sm

Books = tuple[sm.DealBook, sm.QuotaBook, sm.RepBook]


def main() -> None:
    parser = argparse.ArgumentParser(description="How long does it take until a new rep is productive?")
    parser.add_argument("--adventureworks", metavar="FOLDER", type=Path, help="the sales of AdventureWorks' resellers")
    parser.add_argument("--threshold", metavar="SHARE", type=float, default=1.0, help="of quota; 1.0 by default")
    parser.add_argument("--plot", metavar="FILE", help="draw bookings by month of tenure, such as ramp.png")
    asked = parser.parse_args()

    if asked.adventureworks is None:
        company = sm.datasets.sample_company(deals=6_000, rng=7)
        books, day = (company.deals, company.quotas, company.reps), company.as_of.isoformat()
    else:
        books, day = adventureworks(asked.adventureworks), "2013-11-29"
    deals, quotas, reps = books

    first = sm.time_to_first_deal(deals, reps, as_of=day)["all"]
    print(f"Half of the new reps have won a deal after {said(first, 'days')}.")
    bar = {"threshold": asked.threshold, "sustained": 2, "of": "assigned_quota", "as_of": day}
    held = sm.ramp_time(deals, quotas, reps, **bar)["all"]
    print(f"Half of them hold {asked.threshold:.0%} of their quota, two months in a row, after {said(held, 'months')}.")
    print("Reps who are not there yet, and those who left before, are counted for as long as they could be watched.\n")

    curve = sm.ramp_curve(deals, quotas, reps, as_of=day, of="assigned_quota")
    early = curve.take(range(min(len(curve), 12)))
    print("Bookings as a share of quota in each month of tenure; n counts the reps who were there for all of it:")
    print(early)

    if asked.plot:
        draw(early, asked.plot)


def said(row: sm.MetricRow, unit: str) -> str:
    """Return a time with its interval and what it rests on."""
    if row.reason:
        return f"a time that is not known ({row.reason}, {row.n} reps)"
    ends = f"{row.low:.0f} or more" if row.high == math.inf else f"{row.low:.0f} to {row.high:.0f}"
    return f"{row.value:.0f} {unit} (95 % interval {ends}; {row.n} reps, {row.parts['events']} got there)"


def adventureworks(folder: Path) -> Books:
    """Return orders as won deals, quotas of each rep and quarter, and the days on which the reps were hired."""
    with gzip.open(folder / "fact_reseller_sales.csv.gz", "rt", encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    worth: Counter[tuple[str, str, str]] = Counter()
    for line in lines:  # an order has several lines, in fractions of a cent
        worth[line["SalesOrderNumber"], line["EmployeeKey"], line["OrderDate"]] += Decimal(line["SalesAmount"])
    ids, owners, days = zip(*worth, strict=True)
    orders = {"id": ids, "rep": owners, "closed": days, "amount": list(worth.values()), "outcome": ["won"] * len(ids)}
    deals = sm.read_deals({name: list(column) for name, column in orders.items()}, scale=4)

    columns = {"rep": "EmployeeKey", "start": "Date", "amount": "SalesAmountQuota"}
    with (folder / "fact_sales_quota.csv").open(encoding="utf-8", newline="") as file:
        starts = sorted({row["Date"] for row in csv.DictReader(file)})
    quarters = sm.Periods.from_boundaries([*starts, "2014-01-01"])
    quotas = sm.read_quotas(folder / "fact_sales_quota.csv", columns, scale=4, ends=quarters)

    with (folder / "dim_employee.csv").open(encoding="utf-8", newline="") as file:
        people = [row for row in csv.DictReader(file) if row["EmployeeKey"] in set(owners)]
    hired = [row["HireDate"][:10] for row in people]
    return deals, quotas, sm.read_reps({"id": [row["EmployeeKey"] for row in people], "hired": hired})


def draw(table: sm.MetricTable, path: str) -> None:
    """Save a table as a picture; needs the extra `plot`."""
    table.plot().figure.savefig(path)
    print(f"Drawn: {path}")


if __name__ == "__main__":
    main()
