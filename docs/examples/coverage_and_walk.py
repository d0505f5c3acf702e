"""What changed in the pipeline since the quarter began, and is there enough for the next one?

    python coverage_and_walk.py
    python coverage_and_walk.py --plot walk.png
    python coverage_and_walk.py --loans bpi2012-loan-events

The sample company, or the loan applications of the BPI Challenge 2012: the folder that holds bpi2012_A.csv.gz. They have a
history and no quotas, so that they show what changed and no coverage.
"""

from __future__ import annotations

import argparse
import gzip
import warnings
from pathlib import Path

import numpy as np

import salesmetrics as sm

LOANS = {
    **dict.fromkeys(["A_SUBMITTED", "A_PARTLYSUBMITTED", "A_PREACCEPTED", "A_ACCEPTED", "A_FINALIZED"], "open"),
    **dict.fromkeys(["A_APPROVED", "A_REGISTERED", "A_ACTIVATED"], "won"),
    "A_CANCELLED": "no_decision",
    "A_DECLINED": "lost",
}


def main() -> None:
    parser = argparse.ArgumentParser(description="What changed, and is there enough for the next quarter?")
    parser.add_argument("--loans", metavar="FOLDER", type=Path, help="the loan applications of the BPI Challenge 2012")
    parser.add_argument("--plot", metavar="FILE", help="draw what changed, such as walk.png")
    asked = parser.parse_args()

    if asked.loans is None:
        company = sm.datasets.sample_company(deals=6_000, rng=7)
        quarter, after = company.calendar.quarter(2026, 3), company.calendar.quarter(2026, 4)
        walk = sm.pipeline_walk(company.deals, company.history, period=quarter)
    else:
        history = loans(asked.loans)
        quarter = sm.FiscalCalendar().quarter(2012, 1)
        walk = sm.pipeline_walk(history.as_of(quarter.last), history, period=quarter, due="any")
    print(f"What moved the pipeline in {quarter}:")
    print(walk.take(np.flatnonzero(walk.n)))  # the buckets that hold a deal
    print(told(walk))
    if asked.loans is None:
        covered(company, after)
    if asked.plot:
        draw(walk, asked.plot)


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


def told(walk: sm.MetricTable) -> str:
    """Return the largest movement in a sentence."""
    moves = [name for name in walk.labels if name not in ("opening", "closing")]
    largest = max(moves, key=lambda name: abs(walk[name].value))
    opening, closing = (f"{walk[name].value:,.0f}" for name in ("opening", "closing"))
    return f"From {opening} to {closing}; the largest movement is {largest}: {walk[largest].value:+,.0f}."


def covered(company: sm.datasets.Company, period: sm.Period) -> None:
    """Print whether what is open and due covers what is still to be booked, and how much would be enough."""
    books = company.deals, company.quotas
    cover = sm.pipeline_coverage(*books, period=period, basis="remaining", reps=company.reps)["all"]
    # what became of the deals that were open when the quarter before began, by money
    before = company.calendar.quarter(2026, 3)
    rate = sm.win_rate(company.deals, basis="open_at", weight="amount", period=before)["all"]
    needed = 1 / rate.value
    print(f"\n{period}: open and due in it {cover.parts['open']:,.0f}, still to book {cover.parts['target']:,.0f}.")
    print(
        f"That is {cover.value:.2f} times over. Of what was open at the start of {before}, {rate.value:.1%} was won in it,"
    )
    verdict = "enough on average" if cover.value >= needed else f"short by {needed - cover.value:.2f} times"
    print(f"so {needed:.2f} times is what it takes: {verdict}.")
    share = sm.create_and_close_share(company.deals, period=before)["all"].value
    print(f"Not in it is what will be created and won inside the quarter, {share:.1%} of what was won in {before}.")


def draw(table: sm.MetricTable, path: str) -> None:
    """Save a table as a picture; needs the extra `plot`."""
    table.plot().figure.savefig(path)
    print(f"Drawn: {path}")


if __name__ == "__main__":
    main()
