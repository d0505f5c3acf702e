"""Where do deals drop out, and where do they wait?

    python where_deals_drop_out.py
    python where_deals_drop_out.py --plot funnel.png
    python where_deals_drop_out.py --loans bpi2012-loan-events

The sample company, or the loan applications of the BPI Challenge 2012: the folder that holds bpi2012_A.csv.gz.
"""

from __future__ import annotations

import argparse
import gzip
import warnings
from pathlib import Path

import salesmetrics as sm

LOANS = {
    **dict.fromkeys(["A_SUBMITTED", "A_PARTLYSUBMITTED", "A_PREACCEPTED", "A_ACCEPTED", "A_FINALIZED"], "open"),
    **dict.fromkeys(["A_APPROVED", "A_REGISTERED", "A_ACTIVATED"], "won"),
    "A_CANCELLED": "no_decision",
    "A_DECLINED": "lost",
}


def main() -> None:
    parser = argparse.ArgumentParser(description="Where do deals drop out, and where do they wait?")
    parser.add_argument("--loans", metavar="FOLDER", type=Path, help="the loan applications of the BPI Challenge 2012")
    parser.add_argument("--plot", metavar="FILE", help="draw how many got how far, such as funnel.png")
    asked = parser.parse_args()

    if asked.loans is None:
        company = sm.datasets.sample_company(deals=6_000, rng=7)
        deals, history = company.deals, company.history
        year = sm.Period("2025-11-01", "2026-11-01", name="the last year")
    else:
        history = loans(asked.loans)
        deals = history.as_of("2012-03-31")
        year = sm.Period("2011-10-01", "2012-04-01", name="half a year")

    reached = sm.stage_reached(deals, history, period=year)
    print(f"Deals closed in {year}, and how far they got:")
    print(reached)

    on = sm.stage_conversion(deals, history, period=year)
    print("\nOf those who reached a stage, how many went on beyond it:")
    print(on)
    for method, what in (("conversion", "by the share that goes on"), ("dwell", "by the days that it takes")):
        worst = sm.bottleneck(deals, history, period=year, method=method)
        print(f"The stage to mend first, {what}: {next(iter(worst.labels))}.")

    print("\nDays in each stage, half of the deals:")
    print(sm.stage_dwell(deals, history, period=year))

    if asked.plot:
        draw(reached, asked.plot)


def loans(folder: Path) -> sm.DealHistory:
    """Return the stages that each application went through."""
    process = sm.SalesProcess([sm.Stage(name, at, outcome=ends) for at, (name, ends) in enumerate(LOANS.items())])
    columns = {"deal": "case_id", "date": "timestamp", "stage": "activity", "amount": "amount_req"}
    with (
        gzip.open(folder / "bpi2012_A.csv.gz", "rt", encoding="utf-8", newline="") as stream,
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore", sm.SalesMetricsWarning)  # some stages are entered at one instant
        return sm.read_history(stream, columns, zone="Europe/Amsterdam", process=process, currency="EUR")


def draw(table: sm.MetricTable, path: str) -> None:
    """Save a table as a picture; needs the extra `plot`."""
    table.plot().figure.savefig(path)
    print(f"Drawn: {path}")


if __name__ == "__main__":
    main()
