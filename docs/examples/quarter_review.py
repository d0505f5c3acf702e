"""A quarter review in plain text, of the built-in sample company or of your own CSV files.

    python quarter_review.py
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
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import attrs
import numpy as np

import salesmetrics as sm

MAPS = {name.lower().replace("_", "-"): getattr(sm.maps, name) for name in sm.maps.__all__ if name.isupper()}
MOST_GROUPS = 12
FEW_REPS = 3
RAMPING = 0.7
SUSTAINED = 2


class Case(NamedTuple):
    """What is reviewed: the books, the quarter, and the day up to which events count."""

    title: str
    deals: sm.DealBook
    quotas: sm.QuotaBook
    reps: sm.RepBook | None
    forecasts: sm.ForecastBook | None
    history: sm.DealHistory | None
    calendar: sm.FiscalCalendar
    quarter: sm.Period
    day: dt.date
    by: str | None


Books = tuple[sm.DealBook, sm.QuotaBook, sm.RepBook | None, sm.ForecastBook | None, sm.DealHistory | None]


# --- reading ---------------------------------------------------------------------------------------------------------


def options(arguments: Sequence[str] | None) -> tuple[argparse.ArgumentParser, argparse.Namespace]:
    """Return the parser and what was asked for."""
    parser = argparse.ArgumentParser(prog="quarter_review", description="A quarter review in plain text.")
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


def gather(parser: argparse.ArgumentParser, asked: argparse.Namespace) -> Case:
    """Return the case that was asked for."""
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
    deals, quotas, reps, forecasts, history = books
    lost = [f"{ours}={yours}" for ours, yours in asked.column if ours not in {*deals.names, "close_date"}]
    if lost:
        parser.error(f"--column must name columns of the deals; got {lost[0]!r}")
    calendar = sm.FiscalCalendar(start_month=1 if month is None else month, named_by=asked.named_by)
    quarter = which_quarter(parser, calendar, asked.quarter, day)
    if asked.by is not None and asked.by not in deals.label_names:
        parser.error(f"--by must name a label of the deals: {', '.join(deals.label_names)}; got {asked.by!r}")
    by = asked.by or ("segment" if "segment" in deals.label_names else None)
    return Case(title, deals, quotas, reps, forecasts, history, calendar, quarter, min(day, quarter.last), by)


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


def plain(label: object) -> str:
    """Return a label as text that is safe to print."""
    text = "(none)" if label is None else str(label)
    return printable(text if len(text) <= 32 else f"{text[:29]}...")


def printable(text: str) -> str:
    """Return text that cannot write on the terminal."""
    return text if text.isprintable() else text.encode("unicode_escape").decode("ascii")


def number(value: float | None, form: str, reason: str = "") -> str:
    """Return a number, or why there is none."""
    if value is None or np.isnan(value):
        return reason or "-"
    return "-" if np.isinf(value) else format(value, form)


def aligned(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return lines with the first column to the left and the others to the right."""
    lines = [list(head), *map(list, rows)]
    widths = [max(len(line[at]) for line in lines) for at in range(len(head))]
    return [
        "  "
        + "  ".join(
            c.rjust(w) if at else c.ljust(w) for at, (c, w) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    ]


def grouped(case: Case, metric: Callable[[str | None], sm.MetricTable]) -> Iterator[tuple[str, sm.MetricRow]]:
    """Yield the rows of a metric by the label of the case, at most twelve (those with the most deals), then the whole."""
    if case.by is not None:
        table = metric(case.by)
        kept = table if len(table) <= MOST_GROUPS else table.sort("n").take(np.arange(MOST_GROUPS))
        for label in kept.labels:
            yield plain(label), kept[label]
    yield "all", metric(None)["all"]


def attainment(case: Case) -> list[str]:
    """Return who is at the number, and who is on pace for it."""
    asked = {"period": case.quarter, "reps": case.reps, "as_of": case.day}
    running = case.day < case.quarter.last
    head = ("", "attainment", "booked", "quota", "gap", "n")

    def line(name: str, row: sm.MetricRow) -> tuple[str, ...]:
        money = (number(row.parts[part], ",.0f") for part in ("booked", "quota", "gap"))
        return name, number(row.value, ".3f", row.reason), *money, f"{row.n:,}"

    def whole(by: str | None, name: str) -> list[tuple[str, ...]]:
        table = sm.attainment(case.deals, case.quotas, by=by, **asked).sort()
        labels = list(table.labels)[:MOST_GROUPS]
        lines = [line(name.format(plain(label)), table[label]) for label in labels]
        if not running:
            return lines
        ends = sm.pace_attainment(case.deals, case.quotas, by=by, **asked)
        need = sm.required_run_rate(case.deals, case.quotas, by=by, **asked)
        after = [(ends[label], need[label]) for label in labels]
        return [
            (*said, number(end.value, ".3f", end.reason), number(rest.value, ",.0f", rest.reason))
            for said, (end, rest) in zip(lines, after, strict=True)
        ]

    rows = whole(None, "whole company")
    if case.reps is not None and "team" in case.reps.label_names:
        rows += whole("team", "team {}")
    lines = aligned((*head, "on pace for", "needed a day") if running else head, rows)
    if running:
        lines += landing(case)
    reps = sm.attainment(case.deals, case.quotas, by="rep", **asked).sort()
    known = reps.take(np.flatnonzero(~reps.undefined))
    names, more = few(known)
    listed = [line(plain(label), known[label]) for label in names]
    if more:
        listed.insert(FEW_REPS, (f"... {more} more reps", *[""] * 5))
    lines += ["", *aligned(("rep", *head[1:]), listed)]
    without = int(reps.undefined.sum())
    lines.append(
        "  n: reps with a quota above, won deals below." + (f" {without} more without a quota." if without else "")
    )
    if case.reps is not None:
        lines.append("  A quota counts for the days on which its rep is there, times the rep's ramp share.")
    return lines


def few(table: sm.MetricTable) -> tuple[list[object], int]:
    """Return the labels at both ends of a sorted table, and how many lie between."""
    labels = list(table.labels)
    between = len(labels) - 2 * FEW_REPS
    return ([*labels[:FEW_REPS], *labels[-FEW_REPS:]], between) if between > 0 else (labels, 0)


def landing(case: Case) -> list[str]:
    """Return where the running quarter lands, by its days and by how quarters went."""
    asked = {"period": case.quarter, "as_of": case.day}
    straight = sm.pace(case.deals, **asked)["all"]
    past = case.calendar.quarters(case.quarter.start - dt.timedelta(days=700), case.quarter.start)
    bent = sm.pace(case.deals, clock="curve", past=past, **asked)["all"]
    lines = [f"  At this rate per day the quarter comes to {number(straight.value, ',.0f', straight.reason)}."]
    if not np.isnan(bent.value):
        share = number(bent.parts["elapsed"], ".3f")
        lines.append(
            f"  Past quarters had booked {share} of theirs by now; if this one goes so: {number(bent.value, ',.0f')}."
        )
    return lines


def people(case: Case) -> list[str]:
    """Return whether it is everyone or two heroes, in the last quarter that is over and in this one."""
    before = previous(case)
    running = case.day < case.quarter.last
    rows, ramping = [], 0
    for period in (before, case.quarter):
        asked = {"period": period, "reps": case.reps, "as_of": case.day}
        books = case.deals, case.quotas
        bar = None if case.reps is None else RAMPING
        made = sm.share_at_quota(*books, ramping_threshold=bar, quota="full", **asked)["all"]
        spread = sm.attainment_distribution(*books, q=[0.1, 0.5, 0.9], **asked)
        even, top = sm.gini(case.deals, **asked)["all"], sm.top_share(case.deals, top=0.2, **asked)["all"]
        ramping += 0 if bar is None else made.parts["ramping"]
        rows.append(
            (
                f"{period}{' so far' if running and period is case.quarter else ''}",
                number(made.value, ".3f", made.reason),
                number(made.low, ".3f"),
                number(made.high, ".3f"),
                f"{made.n:,}",
                *(number(spread[str(q)].value, ".3f") for q in (0.1, 0.5, 0.9)),
                number(even.value, ".3f", even.reason),
                number(top.value, ".3f", top.reason),
            )
        )
    head = ("", "at quota", "low", "high", "n", "1 of 10", "median", "9 of 10", "gini", "top fifth")
    bars = f"1.0 of the full quota, {RAMPING} of it while ramping" if ramping else "1.0 of quota"
    return [
        *aligned(head, rows),
        f"  At quota: {bars}.",
        "  1 of 10 and on: attainment of reps. gini: 0 where all booked the same. top fifth: of bookings.",
    ]


def ramp(case: Case) -> list[str]:
    """Return how long a new rep takes, with those who are not there yet kept in."""
    if case.reps is None:
        return ["  not shown: it needs the reps, with the days on which they were hired (--reps)"]
    books, asked = (case.deals, case.quotas, case.reps), {"as_of": case.day}
    first = sm.time_to_first_deal(case.deals, case.reps, **asked)
    tables = {"days to the first deal": first}
    for bar in (0.8, 1.0):
        name = f"months to {bar} of full quota, {SUSTAINED} in a row"
        tables[name] = sm.ramp_time(*books, threshold=bar, sustained=SUSTAINED, **asked)
    rows = [
        (
            name,
            number(row.value, ".0f", row.reason),
            number(row.low, ".0f"),
            number(row.high, ".0f"),
            f"{row.n:,}",
            f"{row.parts['events']:,}",
        )
        for name, row in ((name, table["all"]) for name, table in tables.items())
    ]
    lines = aligned(("", "median", "low", "high", "reps", "there"), rows)
    late = first.left_out.get("started before the data", 0)
    lines.append(f"  Those not there yet are in it (Kaplan-Meier); {late} who started before the data are not.")
    curve = sm.ramp_curve(*books, **asked)
    said = [(month, curve[month]) for month in (1, 3, 6, 12) if month <= len(curve)]
    if said:
        months, values, counts = zip(
            *((str(month), number(row.value, ".2f", row.reason), str(row.n)) for month, row in said), strict=True
        )
        listed = ", ".join(values), ", ".join(months), ", ".join(counts)
        lines.append("  Share of full quota: {} in month {} of tenure (n = {}).".format(*listed))
    team = sm.ramped_equivalents(case.reps, on=case.day)["all"]
    lines.append(f"  On {case.day} {team.n} reps are as good as {team.value:.2f} full ones.")
    return lines


def forecasts(case: Case) -> list[str]:
    """Return whose forecasts could be trusted, over the last year of quarters that are over."""
    if case.forecasts is None:
        return ["  not shown: it needs the calls (--forecasts)"]
    last = case.quarter if case.day >= case.quarter.last else None
    end = case.quarter.end if last else case.quarter.start
    year = sm.Period(case.calendar.quarters(end - dt.timedelta(days=350), end)[0].start, end)
    books, asked = (case.deals, case.forecasts), {"period": year, "as_of": case.day}

    def lines_of(by: str | None) -> Iterator[tuple[str, ...]]:
        off, sign = sm.wape(*books, by=by, **asked).sort(), sm.bias(*books, by=by, **asked)
        sure = sm.forecast_accuracy(*books, by=by, **asked)
        known = off.take(np.flatnonzero(~off.undefined)) if by else off
        names, more = few(known)
        for at, label in enumerate(names):
            if more and at == FEW_REPS:
                yield (f"... {more} more reps", *[""] * 6)
            row = known[label]
            yield (
                plain(label),
                number(sure[label].value, ".3f", sure[label].reason),
                number(row.value, ".3f"),
                number(sign[label].value, "+.3f"),
                *(number(row.parts[part], ",.0f") for part in ("forecast", "actual")),
                f"{row.n:,}",
            )

    head = ("rep, worst first", "accuracy", "wape", "bias", "called", "came", "n")
    lines = aligned(head, [*lines_of("rep"), *lines_of(None)])
    lines.append(f"  Commit calls of the first week, {year.start} to {year.last}; n: quarters of a rep.")
    return [*lines, f"  Value added over saying last quarter's number again: {value_added(case, year)}."]


def value_added(case: Case, year: sm.Period) -> str:
    """Return what the calls took off the error of a simple rule, or why that is not known."""
    try:
        table = sm.forecast_value_added(case.deals, case.forecasts, metric="wape", period=year, as_of=case.day)
    except sm.InvalidArgumentError as error:  # it reads earlier calls too, which may be about periods that overlap
        return f"not shown, {error.code}"
    gain = table["net"]
    if np.isnan(gain.value):
        return gain.reason
    errors = f"error {gain.parts['error']:.3f}, not {gain.parts['error_before']:.3f}"
    return f"{gain.value:+.3f} ({errors}; n = {gain.n})"


def coverage(case: Case) -> list[str]:
    """Return whether there is enough pipeline for this quarter's rest and for the next."""
    after = case.calendar.containing(case.quarter.end, "quarter")
    periods = [period for period in (case.quarter, after) if period.last > case.day]
    rows = []
    for period in periods:
        books = {"reps": case.reps, "as_of": case.day}
        row = sm.pipeline_coverage(case.deals, case.quotas, period=period, basis="remaining", **books)["all"]
        money = (number(row.parts[part], ",.0f") for part in ("open", "target"))
        rows.append((str(period), number(row.value, ".2f", row.reason), *money, f"{row.n:,}"))
    lines = aligned(("", "coverage", "open, due in it", "still to book", "n"), rows)
    before = previous(case)
    decided = case.deals["outcome"] != "open"
    dated = "expected_close" in case.deals.names and not np.isnat(case.deals["expected_close"][decided]).all()
    # deals open when the quarter began, where the day on which closed ones were once expected is on file
    basis, what = ("open_at", "open at the start of") if dated else ("closed", "closed in")
    rate = sm.win_rate(case.deals, basis=basis, weight="amount", period=before, as_of=case.day)
    row = sm.required_coverage(rate)["all"]
    needed = number(row.value, ".2f", row.reason)
    share = number(rate["all"].value, ".3f", "win rate")
    lines.append(f"  Required on average: {needed} = 1 / {share}, the share won by amount")
    lines.append(f"  of the deals {what} {before}, n = {row.n:,}. About an even chance, no more.")
    return lines


def win_rate(case: Case) -> list[str]:
    """Return what share is won, and how sure that is."""
    rows = grouped(case, lambda by: sm.win_rate(case.deals, by=by, period=case.quarter, as_of=case.day))
    lines = aligned(
        (case.by or "", "win rate", "low", "high", "won", "lost", "n"),
        [
            (
                name,
                number(row.value, ".3f", row.reason),
                number(row.low, ".3f"),
                number(row.high, ".3f"),
                f"{row.parts['won']:,}",
                f"{row.parts['lost']:,}",
                f"{row.n:,}",
            )
            for name, row in rows
        ],
    )
    lines.append("  low, high: 95 of 100 such intervals hold the long-run rate (Wilson).")
    if not (case.deals["outcome"] == "lost").any():
        lines.append("  There is no lost deal in the files, so this says nothing.")
    return lines


def deal_size(case: Case) -> list[str]:
    """Return how big a win is."""

    def table(stat: str | float) -> dict[str, sm.MetricRow]:
        return dict(
            grouped(case, lambda by: sm.deal_size(case.deals, by=by, period=case.quarter, as_of=case.day, stat=stat))
        )

    mean, half, large = table("mean"), table("median"), table(0.9)
    rows = [
        (
            name,
            number(row.value, ",.0f", row.reason),
            number(row.low, ",.0f"),
            number(row.high, ",.0f"),
            number(half[name].value, ",.0f"),
            number(large[name].value, ",.0f"),
            f"{row.n:,}",
        )
        for name, row in mean.items()
    ]
    lines = aligned((case.by or "", "mean", "low", "high", "median", "9 of 10 below", "n"), rows)
    return [*lines, "  No interval of a mean below 30 deals: it would promise more than it keeps."]


def cycle_length(case: Case) -> list[str]:
    """Return how long a win takes, and how long any deal takes with the open ones kept in."""

    def table(stat: str) -> dict[str, sm.MetricRow]:
        return dict(
            grouped(case, lambda by: sm.cycle_length(case.deals, by=by, period=case.quarter, as_of=case.day, stat=stat))
        )

    mean, half = table("mean"), table("median")
    curve = dict(grouped(case, lambda by: sm.cycle_curve(case.deals, by=by, as_of=case.day).median))
    rows = [
        (
            name,
            number(mean[name].value if name in mean else None, ".1f"),
            number(half[name].value if name in half else None, ".0f"),
            f"{mean[name].n if name in mean else 0:,}",
            number(row.value, ".0f", row.reason),
            number(row.low, ".0f"),
            number(row.high, ".0f"),
            f"{row.n:,}",
        )
        for name, row in curve.items()
    ]
    head = (case.by or "", "mean, won", "median, won", "n", "median, all", "low", "high", "n")
    return [
        *aligned(head, rows),
        "  all: every deal ever created, to any close, the open ones censored (Kaplan-Meier).",
    ]


def velocity(case: Case) -> list[str]:
    """Return what the pipeline yields a day, and of what that is made."""
    rows = grouped(case, lambda by: sm.velocity(case.deals, by=by, period=case.quarter, as_of=case.day))
    lines = aligned(
        (case.by or "", "money/day", "open deals", "win rate", "deal size", "cycle, days"),
        [
            (
                name,
                number(row.value, ",.0f", row.reason),
                f"{row.parts['open_count']:,}",
                number(row.parts["win_rate"], ".3f"),
                number(row.parts["mean_amount"], ",.0f"),
                number(row.parts["cycle_days"], ".1f"),
            )
            for name, row in rows
        ],
    )
    return [*lines, "  open deals x win rate x deal size / cycle. Groups do not add up to the whole."]


def stock(case: Case) -> list[str]:
    """Return what is open, by stage."""
    case = case._replace(by="stage" if "stage" in case.deals.names else None)
    opened = dict(grouped(case, lambda by: sm.open_pipeline(case.deals, by=by, as_of=case.day)))
    weighed: dict[str, sm.MetricRow] = {}
    if "probability" in case.deals.names:
        weighed = dict(
            grouped(case, lambda by: sm.weighted_pipeline(case.deals, by=by, as_of=case.day, missing_p="exclude"))
        )
    rows = [
        (
            name,
            number(row.value, ",.0f"),
            number(weighed[name].value if name in weighed else None, ",.0f"),
            f"{row.n:,}",
        )
        for name, row in opened.items()
    ]
    lines = aligned((case.by or "", "open", "weighted", "n"), rows)
    if "created" in case.deals.names:
        made = sm.pipeline_created(case.deals, period=case.quarter, as_of=case.day)["all"]
        lines.append(f"  Created in the quarter: {made.value:,.0f} in {made.n:,} deals.")
    return lines


def previous(case: Case) -> sm.Period:
    """Return the quarter before."""
    return case.calendar.containing(case.quarter.start - dt.timedelta(days=1), "quarter")


def walk(case: Case) -> list[str]:
    """Return what moved the pipeline of the quarter, to the last cent."""
    if case.history is None:
        return ["  not shown: it needs the changes of the deals (--history)"]
    table = sm.pipeline_walk(case.deals, case.history, period=case.quarter, as_of=case.day)
    rows = [
        (
            str(label).replace("_", " "),
            number(table[label].value, "+,.0f" if 0 < at < len(table) - 1 else ",.0f"),
            f"{table[label].n:,}",
        )
        for at, label in enumerate(table.labels)
        if table[label].n or at in (0, len(table) - 1)
    ]
    lines = aligned(("", "money", "deals"), rows)
    lines.append("  Deals open and expected to close in the quarter. It adds up, to the minor unit.")
    over = case.quarter if case.day >= case.quarter.last else previous(case)
    slipped = sm.slip_rate(case.deals, case.history, period=over, as_of=case.day)["all"]
    if np.isnan(slipped.value):
        return [*lines, f"  Share of what was due in {over} and slipped: {slipped.reason}."]
    shown = f"{slipped.value:.3f} ({slipped.low:.3f} to {slipped.high:.3f}, n = {slipped.n:,})"
    return [*lines, f"  Slipped, of the deals due when {over} began: {shown}."]


def stages(case: Case) -> list[str]:
    """Return where deals drop out, and how long they sit."""
    if case.history is None:
        return ["  not shown: it needs the changes of the deals (--history)"]
    books, asked = (case.deals, case.history), {"period": case.quarter, "as_of": case.day}
    on = sm.stage_conversion(*books, **asked)
    half, late = (sm.stage_dwell(*books, stat=stat, **asked) for stat in ("median", 0.9))
    chance = sm.win_probability_by_stage(*books, **asked)
    rows = [
        (
            plain(label),
            number(on[label].value, ".3f", on[label].reason),
            number(on[label].low, ".3f"),
            number(on[label].high, ".3f"),
            f"{on[label].n:,}",
            number(chance[label].value, ".3f", chance[label].reason),
            number(half[label].value, ".0f", half[label].reason),
            number(late[label].value, ".0f", late[label].reason),
        )
        for label in on.labels
    ]
    head = ("", "went on", "low", "high", "n", "won in the end", "median days", "9 of 10 below")
    lines = aligned(head, rows)
    lines.append("  Deals closed in the quarter. A stage that was skipped counts as reached; it has no days.")
    worst = sm.bottleneck(*books, **asked)
    lines.append(f"  Lowest conversion: {plain(next(iter(worst.labels)))}.")
    gain = sm.bottleneck(*books, method="throughput", **asked)
    if gain.undefined.any():
        return lines
    row, name = gain[next(iter(gain.labels))], plain(next(iter(gain.labels)))
    visits, on, off = (row.parts[part] for part in ("visits", "win_if_forward", "win_if_not"))
    chances = f"{number(on, '.2f')} of those that go on are won, {number(off, '.2f')} of the others"
    lines.append(f"  Most to gain: {name}, visited {visits:,.0f} times; {chances}.")
    return [*lines, f"  One in 100 visits more that goes on brings {row.value / 100:,.1f} wins."]


def hygiene(case: Case) -> list[str]:
    """Return which open deals are at risk, and how much money that is."""
    asked = {"as_of": case.day, "history": case.history}
    risk = sm.at_risk(case.deals, **asked)["all"]
    names = [name for name in risk.parts if name not in ("amount", "open_amount", "unknown")]
    rows = [(name.replace("_", " "), f"{risk.parts[name]:,}") for name in names]
    lines = aligned(("flag", "open deals"), [*rows, ("any of them", f"{risk.value:,.0f}")])
    share = number(risk.parts["amount"] / risk.parts["open_amount"] if risk.parts["open_amount"] else None, ".3f")
    lines.append(f"  At risk: {risk.parts['amount']:,.0f} of {risk.parts['open_amount']:,.0f} open, {share}.")
    clean = sm.hygiene_share(case.deals, **asked)["all"]
    largest = sm.concentration(case.deals, as_of=case.day)["all"]
    lines.append(f"  With a date, an amount and an owner, and not overdue: {number(clean.value, '.3f', clean.reason)}.")
    return [*lines, f"  The largest deal is {number(largest.value, '.3f', largest.reason)} of open pipeline."]


SECTIONS = (
    ("Attainment: are we at the number, and on pace for it?", attainment),
    ("Reps: is it everyone or two heroes?", people),
    ("Coverage: is there enough for the rest?", coverage),
    ("Win rate: what share do we win? (closed in the quarter)", win_rate),
    ("Deal size: how big is a win?", deal_size),
    ("Cycle length: how many days does it take?", cycle_length),
    ("Velocity: what does the pipeline yield a day?", velocity),
    ("Pipeline: what is in play?", stock),
    ("Walk: what moved the pipeline of the quarter?", walk),
    ("Stages: where do deals drop out, and how long do they sit?", stages),
    ("Hygiene: which open deals are at risk?", hygiene),
    ("Ramp: how long until a new rep is productive?", ramp),
    ("Forecasts: whose can be trusted?", forecasts),
)


def review(case: Case) -> Iterator[str]:
    """Yield the lines of the review."""
    gone = (case.day - case.quarter.start).days + 1
    yield f"Quarter review of {plain(case.title)}"
    yield f"{case.quarter}, {case.quarter.start} to {case.quarter.last}, as known on {case.day}"
    yield f"{gone} of {case.quarter.days} days are over."
    yield f"Money in {case.deals.currency or 'the currency of the files'}. Fractions, not percent: 0.25 is 25 %."
    for title, section in SECTIONS:
        yield ""
        yield title
        try:
            yield from section(case)
        except (sm.MissingColumnError, sm.InvalidArgumentError) as error:
            yield f"  not shown: {error.message}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the review; return 0, or 2 where the files or options are refused."""
    parser, asked = options(arguments)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore", sm.SalesMetricsWarning
            )  # what it would say stands in the notes of the books
            case = gather(parser, asked)
        books = (case.deals, case.quotas, case.reps, case.forecasts, case.history)
        notes = [printable(note) for book in books if book is not None for note in book.notes]
        lines = [*review(case), *(f"\nNote: {note}" for note in notes)]
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
