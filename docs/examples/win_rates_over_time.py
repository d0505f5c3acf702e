"""Do we win more often than a year ago?

    python win_rates_over_time.py
    python win_rates_over_time.py --by product --plot rates.png
    python win_rates_over_time.py --maven maven-crm

The sample company, or the opportunities of Maven Analytics' CRM data set: the folder that holds its sales_pipeline.csv.
"""

from __future__ import annotations

import argparse
import datetime as dt
from pathlib import Path

import salesmetrics as sm


def main() -> None:
    parser = argparse.ArgumentParser(description="Do we win more often than a year ago?")
    parser.add_argument("--maven", metavar="FOLDER", type=Path, help="the CRM data set of Maven Analytics")
    parser.add_argument("--by", metavar="LABEL", help="such as product; by default the label with the fewest values")
    parser.add_argument("--plot", metavar="FILE", help="draw the rates by quarter, such as rates.png")
    asked = parser.parse_args()

    if asked.maven is None:
        company = sm.datasets.sample_company(deals=6_000, rng=7)
        deals, calendar = company.deals, company.calendar
    else:
        path = asked.maven / "sales_pipeline.csv"
        deals = sm.read_deals(path, sm.maps.MAVEN, currency="USD", as_of="2017-12-31")
        calendar = sm.FiscalCalendar()
    by = asked.by or fewest(deals)
    day = deals.as_of
    assert day is not None
    last = calendar.containing(day, "quarter")
    year = calendar.quarters(last.start - dt.timedelta(days=360), last.end)

    # closed deals only: this reads high while wins close sooner than losses
    rates = sm.win_rate(deals, period=year)
    print(rates)
    print(compared(rates, year))

    # each deal by its age, the open ones included
    cohorts = sm.win_rate_curve(deals, by=by)
    print(f"\nOf deals created, by {by}, won within half a year of their creation, the open ones counted as undecided:")
    print(cohorts.at(180).sort())
    print(differ(sm.logrank(deals, by=by, outcome="won")["all"], by))

    if asked.plot:
        draw(rates, asked.plot)


def fewest(deals: sm.DealBook) -> str:
    """Return the label beside our own columns that has the fewest values, and more than one."""
    own = {"rep", "stage", "outcome", "forecast_category"}
    sizes = {name: len(set(deals[name])) for name in deals.label_names if name not in own}
    return min((name for name in sizes if sizes[name] > 1), key=lambda name: (sizes[name], name))


def compared(rates: sm.MetricTable, year: sm.Periods) -> str:
    """Return the last quarter beside the one a year before, in a sentence."""
    now, then = rates[year[-1]], rates[year[-5]]
    if now.reason or then.reason:
        return f"{now.label} cannot be compared with {then.label}: {then.reason or now.reason}."
    apart = max(float(now.low or 0), float(then.low or 0)) > min(float(now.high or 1), float(then.high or 1))
    sure = "the intervals do not touch" if apart else "the intervals overlap: it may be chance"
    return f"{now.label}: {now.value:.1%} of {now.n:,}, after {then.value:.1%} of {then.n:,} in {then.label}; {sure}."


def differ(test: sm.MetricRow, by: str) -> str:
    """Return whether groups differ in how fast they are won."""
    word = "differs" if test.value < 0.05 else "does not clearly differ"
    chance = "p < 0.001" if test.value < 0.001 else f"p = {test.value:.3f}"
    return f"How fast deals are won {word} by {by} (log-rank test, {chance})."


def draw(table: sm.MetricTable, path: str) -> None:
    """Save a table as a picture; needs the extra `plot`."""
    table.plot().figure.savefig(path)
    print(f"Drawn: {path}")


if __name__ == "__main__":
    main()
