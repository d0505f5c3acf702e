"""A quarter review, of the built-in sample company or of your own CSV files: `sm.review` with books read from options.

    python quarter_review.py
    python quarter_review.py --html review.html
    python quarter_review.py --deals deals.csv --quotas quotas.csv --as-of 2026-09-30 --start-month 2 --currency USD
    python quarter_review.py --deals Opportunity.csv --quotas quotas.csv --as-of 2026-09-30 --map salesforce --zone UTC
    python quarter_review.py --deals deals.csv --quotas quotas.csv --reps reps.csv --forecasts calls.csv --as-of 2026-09-30
    python quarter_review.py --deals deals.csv --quotas quotas.csv --history changes.csv --as-of 2026-09-30

Deals need no columns in particular: what cannot be shown says which column it lacks. Quotas have the columns rep, start, end
(the first day after the last) and amount; reps have id and, for example, team and hired; forecasts have rep, start, end, given,
amount and, for example, category. A history has a row for each change of a deal, holding the state after it: deal, date and
those of stage, outcome, expected_close, amount and rep that were tracked.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import os
import re
import sys
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import attrs

import salesmetrics as sm

MAPS = {name.lower().replace("_", "-"): getattr(sm.maps, name) for name in sm.maps.__all__ if name.isupper()}
Books = tuple[sm.DealBook, sm.QuotaBook, sm.RepBook | None, sm.ForecastBook | None, sm.DealHistory | None]


# --- reading ---------------------------------------------------------------------------------------------------------


def options(arguments: Sequence[str] | None) -> tuple[argparse.ArgumentParser, argparse.Namespace]:
    """Return the parser and what was asked for."""
    parser = argparse.ArgumentParser(prog="quarter_review", description="A quarter review, as text and as a page.")
    files = parser.add_argument_group("your own files (all of it is left out for the sample company)")
    files.add_argument("--deals", metavar="CSV", help="one row for each deal")
    files.add_argument("--quotas", metavar="CSV", help="columns rep, start, end, amount")
    files.add_argument("--reps", metavar="CSV", help="columns id and, for example, team, hired and left")
    files.add_argument("--forecasts", metavar="CSV", help="columns rep, start, end, given, amount and perhaps category")
    files.add_argument(
        "--history", metavar="CSV", help="one row for each change of a deal: deal, date, stage, amount, ..."
    )
    files.add_argument("--as-of", metavar="DAY", help="the day on which the files were made, such as 2026-09-30")
    files.add_argument("--currency", metavar="CODE", help="such as USD")
    files.add_argument("--scale", type=int, metavar="N", help="decimals of an amount, where not those of the currency")
    files.add_argument("--map", choices=sorted(MAPS), help="the system that the deals were exported from")
    files.add_argument("--zone", help="business time zone, where the export has instants, such as America/New_York")
    files.add_argument("--date-format", metavar="FORMAT", help="such as %%d/%%m/%%Y; ISO by default")
    pair = {"action": "append", "default": [], "type": _pair}
    files.add_argument("--column", metavar="OURS=YOURS", help="a column of the deals, such as rep=Owner", **pair)
    files.add_argument("--quota-column", metavar="OURS=YOURS", help="a column of the quotas", **pair)
    files.add_argument("--rep-column", metavar="OURS=YOURS", help="a column of the reps", **pair)
    files.add_argument("--forecast-column", metavar="OURS=YOURS", help="a column of the forecasts", **pair)
    files.add_argument("--history-column", metavar="OURS=YOURS", help="a column of the history", **pair)
    files.add_argument("--outcome", metavar="WORD=OURS", help="a word of yours, such as 'Closed Won=won'", **pair)
    files.add_argument(
        "--stage",
        metavar="NAME[=OUTCOME]",
        action="append",
        default=[],
        type=_stage,
        help="the stages in order, such as Discovery, Proposal, 'Closed Won=won', 'Closed Lost=lost'",
    )
    parser.add_argument("--start-month", type=int, metavar="M", help="first month of the fiscal year (default 1)")
    parser.add_argument("--named-by", choices=("start", "end"), default="start", help="which year names a fiscal year")
    parser.add_argument("--quarter", metavar="2026Q3", help="by default the one that holds the day")
    parser.add_argument("--by", metavar="COLUMN", help="label of the deals to break numbers down by (default segment)")
    parser.add_argument(
        "--html", metavar="FILE", help="write the review as one page too; a file that is there is replaced"
    )
    return parser, parser.parse_args(arguments)


def _pair(text: str) -> tuple[str, str]:
    """Return both sides of NAME=VALUE."""
    left, equals, right = text.rpartition("=")
    if not (left and equals and right):
        raise argparse.ArgumentTypeError(f"must be NAME=VALUE; got {text!r}")
    return left, right


def _stage(text: str) -> tuple[str, str]:
    """Return a stage and what a deal in it has come to."""
    name, equals, outcome = text.rpartition("=")
    return (name, outcome) if equals else (text, "open")


def gather(parser: argparse.ArgumentParser, asked: argparse.Namespace) -> tuple[str, Books, dict[str, Any]]:
    """Return what is reviewed, its books, and the period, the calendar and the breakdown that were asked for."""
    month = asked.start_month
    if asked.deals is None and asked.quotas is None:
        given = [
            name
            for name in ("reps", "forecasts", "history", "as_of", "currency", "map", "column")
            if getattr(asked, name)
        ]
        if given:
            parser.error(f"--{given[0].replace('_', '-')} is read with --deals and --quotas only")
        company = sm.datasets.sample_company(deals=6_000, rng=7, as_of="2026-09-30")
        title, day = "the sample company", company.as_of
        books: Books = (company.deals, company.quotas, company.reps, company.forecasts, company.history)
        month = 2 if month is None else month
    else:
        if None in (asked.deals, asked.quotas, asked.as_of):
            parser.error("--deals, --quotas and --as-of go together")
        title, books = asked.deals, read(asked)
        day = books[0].as_of
    deals = books[0]
    lost = [f"{ours}={yours}" for ours, yours in asked.column if ours not in {*deals.names, "close_date"}]
    if lost:
        parser.error(f"--column must name columns of the deals; got {lost[0]!r}")
    calendar = sm.FiscalCalendar(start_month=1 if month is None else month, named_by=asked.named_by)
    quarter = which_quarter(parser, calendar, asked.quarter, day)
    if asked.by is not None and asked.by not in deals.label_names:
        parser.error(f"--by must name a label of the deals: {', '.join(deals.label_names)}; got {asked.by!r}")
    by = asked.by or ("segment" if "segment" in deals.label_names else None)
    return title, books, {"period": quarter, "calendar": calendar, "by": by}


def read(asked: argparse.Namespace) -> Books:
    """Return the books of the user's files."""
    columns: Mapping[str, str] = dict(asked.column)
    if asked.map is not None:
        shape = MAPS[asked.map]
        columns = attrs.evolve(shape, columns={**shape.columns, **columns})
    process = None
    if asked.stage:
        process = sm.SalesProcess([sm.Stage(name, at, outcome=ends) for at, (name, ends) in enumerate(asked.stage)])
    deals = read_deals(asked, columns, process)
    money = {"currency": asked.currency, "scale": asked.scale, "date_format": asked.date_format}
    quotas = sm.read_quotas(asked.quotas, dict(asked.quota_column), **money)
    reps = forecasts = history = None
    if asked.reps is not None:
        reps = sm.read_reps(asked.reps, dict(asked.rep_column), date_format=asked.date_format)
    if asked.forecasts is not None:
        forecasts = sm.read_forecasts(asked.forecasts, dict(asked.forecast_column), **money)
    if asked.history is not None:
        how = {"zone": asked.zone, "outcomes": dict(asked.outcome) or None, "process": process}
        history = sm.read_history(asked.history, dict(asked.history_column), **money, **how)
    return deals, quotas, reps, forecasts, history


def read_deals(asked: argparse.Namespace, columns: Mapping[str, str], process: sm.SalesProcess | None) -> sm.DealBook:
    """Return the deals of the user's file."""
    return sm.read_deals(
        asked.deals,
        columns,
        as_of=asked.as_of,
        currency=asked.currency,
        scale=asked.scale,
        zone=asked.zone,
        process=process,
        date_format=asked.date_format,
        outcomes=dict(asked.outcome) or None,
    )


def which_quarter(
    parser: argparse.ArgumentParser, calendar: sm.FiscalCalendar, text: str | None, day: dt.date
) -> sm.Period:
    """Return the quarter asked for, or the one that holds the day."""
    if text is None:
        return calendar.containing(day, "quarter")
    found = re.fullmatch(r"(\d{4})-?[Qq]([1-4])", text)
    if found is None:
        parser.error(f"--quarter must be a year and a quarter, such as 2026Q3; got {text!r}")
    quarter = calendar.quarter(int(found[1]), int(found[2]))
    if quarter.start > day:
        parser.error(f"--quarter must have begun by {day}; got {quarter}, which begins on {quarter.start}")
    return quarter


# --- writing ---------------------------------------------------------------------------------------------------------


def printable(text: str) -> str:
    """Return text that cannot write on the terminal."""
    return text if text.isprintable() else text.encode("unicode_escape").decode("ascii")


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the review; return 0, or 2 where the files or options are refused."""
    parser, asked = options(arguments)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")
    try:
        with warnings.catch_warnings():
            # what it would say stands in the notes of the books
            warnings.simplefilter("ignore", sm.SalesMetricsWarning)
            title, books, choices = gather(parser, asked)
        deals, quotas, reps, forecasts, history = books
        review = sm.review(deals, quotas, reps=reps, forecasts=forecasts, history=history, **choices)
        notes = [printable(note) for book in books if book is not None for note in book.notes]
        lines = [f"Quarter review of {printable(title)}", str(review), *(f"\nNote: {note}" for note in notes)]
        if asked.html is not None:
            review.to_html(asked.html, overwrite=True)
            lines.append(f"\nWritten as a page to {printable(asked.html)}.")
    except sm.SalesMetricsError as error:
        print(f"quarter_review: error: {error}", file=sys.stderr)
        return 2
    with contextlib.suppress(BrokenPipeError):  # a pager that was left early
        print("\n".join(lines), flush=True)
        return 0
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


if __name__ == "__main__":
    sys.exit(main())
