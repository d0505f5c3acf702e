"""Whose forecasts can be trusted, and does calling beat saying last quarter's number again?

    python forecast_accuracy.py
    python forecast_accuracy.py --weeks 1 4 8 12 --plot accuracy.png

The sample company: there is no public data set with calls of forecasters.
"""

from __future__ import annotations

import argparse

import numpy as np

import salesmetrics as sm


def main() -> None:
    parser = argparse.ArgumentParser(description="Whose forecasts can be trusted?")
    parser.add_argument("--weeks", metavar="N", type=int, nargs="+", default=[1, 4, 8, 12], help="weeks of the quarter")
    parser.add_argument("--plot", metavar="FILE", help="draw the error by week, such as accuracy.png")
    asked = parser.parse_args()

    company = sm.datasets.sample_company(deals=6_000, rng=7)
    books = company.deals, company.forecasts
    year = company.calendar.quarters("2025-11-01", "2026-10-31")
    whole = sm.Period(year[0].start, year[-1].end, name=f"{year[0]} to {year[-1]}")

    print(f"Commit calls of the first week, {whole}: errors as a share of what came, of reps with three calls or more.")
    off = sm.wape(*books, period=whole, by="rep")
    known = off.take(np.flatnonzero(~off.undefined & (off.n >= 3))).sort(descending=False)
    sign = sm.bias(*books, period=whole, by="rep")
    for title, rows in (("best", range(3)), ("worst", range(len(known) - 3, len(known)))):
        for at in rows:
            rep = list(known.labels)[at]
            row, lean = known[rep], sign[rep].value
            high = "too high" if lean > 0 else "too low"
            print(f"  {title:5}  {rep:18} off by {row.value:6.1%}, on the whole {abs(lean):.1%} {high}, n = {row.n}")

    print("\nLater calls are better, since more is won already:")
    later = sm.wape(*books, period=whole, week=asked.weeks)
    print(later)

    gain = sm.forecast_value_added(*books, metric="wape", period=whole)["net"]
    told = "worth making" if gain.value > 0 else "not worth making"
    before, calls = gain.parts["error_before"], gain.parts["error"]
    print(f"\nSaying last quarter's number again is off by {before:.1%}, the calls by {calls:.1%}:")
    print(f"at the level of reps the calls are {told} (n = {gain.n}).")

    both = sm.range_hit_rate(*books, period=whole, category=("commit", "best_case"))["all"]
    print(f"What came lay between commit and best case in {both.value:.1%} of {both.n} cases.")

    if asked.plot:
        draw(later, asked.plot)


def draw(table: sm.MetricTable, path: str) -> None:
    """Save a table as a picture; needs the extra `plot`."""
    table.plot().figure.savefig(path)
    print(f"Drawn: {path}")


if __name__ == "__main__":
    main()
