"""What a review says of the number and of the people: attainment, spread, coverage, ramp, calls, and the headline."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from salesmetrics.results import MetricRow
from salesmetrics.reviewing.rows import (
    MOST_GROUPS,
    Grid,
    Line,
    both_ends,
    counted,
    decimal,
    each,
    interval,
    row_of,
    value,
)
from salesmetrics.reviewing.wording import days, label, money, percent, signed, since, times

if TYPE_CHECKING:
    from salesmetrics.reviewing.reviews import Review


def in_short(review: Review, _: int) -> tuple[list[Grid], list[str]]:
    """Return the headline numbers beside those of the year before."""
    plan: list[tuple[str, str, Callable[..., str], str | None]] = [
        ("attainment", "attainment", percent, None),
        ("on pace for", "pace_attainment", percent, None),
        ("win rate", "win_rate", percent, "win_rate_before"),
        ("deal size, median", "deal_size_median", money, "deal_size_median_before"),
        ("days to win, median", "cycle_length", days, "cycle_length_before"),
        ("velocity, money/day", "velocity", money, "velocity_before"),
        ("open pipeline", "open_pipeline", money, None),
        ("open deals at risk", "at_risk", money, None),
    ]
    body = [
        _headline(said, review, name, "all", written, past)
        for said, name, written, past in plan
        if name in review.tables
    ]
    coverage = review.tables.get("coverage")
    for period in () if coverage is None else coverage.labels:
        body.append(_headline(f"coverage of {label(period)}", review, "coverage", period, times, None))
    if "required_coverage" in review.tables:
        body.append(_headline("coverage required on average", review, "required_coverage", "all", times, None))
    return [Grid("headline numbers", ("", "now", "low", "high", "n", "year before", "n"), body)], []


def _headline(said: str, review: Review, name: str, at: Any, written: Callable[..., str], past: str | None) -> Line:
    """Return one number with its interval and n, beside that of the year before."""
    now, then = row_of(review, name, at), None if past is None else row_of(review, past)
    ends = interval(now, written)
    before = ("", "") if then is None else (value(then, written), counted(then))
    return said, value(now, written), *(("", "") if set(ends) == {"-"} else ends), counted(now), *before


def attainment(review: Review, most: int) -> tuple[list[Grid], list[str]]:
    """Return who is at the number, and who is on pace for it."""
    head = ["", "attainment", "booked", "quota", "gap", "n"]
    pace = ["on pace for", "needed a day"] if review.running else []

    def line(name: str, end: str, at: Any, row: MetricRow) -> Line:
        sums = [money(row.parts["booked"]), money(row.parts["quota"]), signed(row.parts["gap"])]
        found = [name, value(row, percent), *sums, counted(row)]
        if review.running:
            found.append(value(row_of(review, f"pace_attainment{end}", at), percent))
            found.append(value(row_of(review, f"required_run_rate{end}", at), money))
        return found

    body = []
    for end, kind in (("", "whole company"), ("_by_team", "team {}")):
        table = review.tables.get(f"attainment{end}")
        if table is not None:
            largest = table.sort().take(np.arange(min(len(table), MOST_GROUPS)))
            body += [line(kind.format(label(name)), end, name, row) for name, row in each(largest)]
    grids = [Grid("attainment and pace", [*head, *pace], body)]
    reps = review.tables.get("attainment_by_rep")
    lines = list(_landing(review))
    if reps is not None:
        rows: list[Line] = []
        for found in both_ends(reps, most):
            if isinstance(found, int):
                rows.append([f"... {found} more reps", *[""] * (len(head) + len(pace) - 1)])
            else:
                rows.append(line(label(found[0]), "_by_rep", *found))
        grids.append(Grid("attainment by rep", ["rep", *head[1:], *pace], rows))
        without = int(reps.undefined.sum())
        lines.append(
            "n: reps with a quota; of a rep the won deals." + (f" {without} more without a quota." if without else "")
        )
    return grids, lines


def _landing(review: Review) -> Iterator[str]:
    """Yield where the running period lands, by its days and by how periods went."""
    straight, curve = row_of(review, "pace"), row_of(review, "pace_by_curve")
    if straight is not None:
        yield f"At this rate per day the period comes to {value(straight, money)}."
    if curve is not None and not np.isnan(curve.value):
        yield (
            f"Past periods had booked {percent(curve.parts['elapsed'])} of theirs by now; if this one goes so: "
            f"{money(curve.value)}. That is the pace above."
        )


def spread(review: Review, _: int) -> tuple[list[Grid], list[str]]:
    """Return whether it is everyone or two heroes, in the period before and in this one."""
    made, spread = review.tables.get("share_at_quota"), review.tables.get("attainment_distribution")
    body = []
    for period in (review.before, review.period):
        row = None if made is None else made[period]
        body.append(
            (
                f"{label(period)}{' so far' if review.running and period is review.period else ''}",
                value(row, percent),
                *interval(row, percent),
                counted(row),
                *("-" if spread is None else percent(spread[period, q].value) for q in ("0.1", "0.5", "0.9")),
                decimal(row_of(review, "gini", period)),
                value(row_of(review, "top_share", period), percent),
            )
        )
    top = "top rep" if review.rules.top == 1 else f"top {review.rules.top}"
    head = ("", "at quota", "low", "high", "n", "1 of 10", "median", "9 of 10", "gini", top)
    lines = [
        "At quota: full quota reached; 0.7 of it by those whose quota is still ramped."
        if made is not None and "ramping" in made.parts and made.parts["ramping"].any()
        else "At quota: full quota reached.",
        f"1 of 10 and on: attainment of reps. gini: 0 where all booked the same. {top}: of bookings.",
    ]
    return [Grid("attainment over reps", head, body)], lines


def coverage(review: Review, _: int) -> tuple[list[Grid], list[str]]:
    """Return whether there is enough for the rest of this period and for the next."""
    head = ("", "coverage", "open, due in it", "still to book", "n")
    table, teams = review.tables.get("coverage"), review.tables.get("coverage_by_team")

    def line(name: str, row: MetricRow) -> Line:
        return (name, value(row, times), money(row.parts["open"]), money(row.parts["target"]), counted(row))

    body = [] if table is None else [line(label(period), table[period]) for period in table.labels]
    if table is not None and teams is not None:
        first = label(next(iter(table.labels)))
        body[1:1] = [line(f"{first}, {label(team)}", teams[team]) for team in list(teams.labels)[:MOST_GROUPS]]
    lines = []
    row = row_of(review, "required_coverage")
    deals = since(review.required_basis, review.before)
    if row is not None and not np.isnan(row.value):
        lines = [
            f"Required on average: {times(row.value)} = 1 / {percent(row.parts['win_rate'])}, the share won by amount of "
            f"{deals}, n = {row.n:,}. About an even chance, no more."
        ]
    elif row is not None:
        lines = [f"What is required is not known: nothing was won of {deals}, n = {row.n:,}."]
    return [Grid("coverage", head, body)], lines


def ramp(review: Review, _: int) -> tuple[list[Grid], list[str]]:
    """Return how long a new rep takes, with those who are not there yet kept in."""
    said = {"time_to_first_deal": "days to the first win", "ramp_time": "months to full quota, 2 in a row"}
    rows = [(words, row_of(review, name)) for name, words in said.items()]
    body = [
        (words, value(row, days), *interval(row, days), f"{row.n:,}", f"{row.parts['events']:,}")
        for words, row in rows
        if row is not None
    ]
    lines = []
    first = review.tables.get("time_to_first_deal")
    if first is not None:
        late = first.left_out.get("started before the data", 0)
        lines.append(f"Those not there yet are in it (Kaplan-Meier); {late} who started before the data are not.")
    curve = review.tables.get("ramp_curve")
    months = [] if curve is None else [(month, curve[month]) for month in (1, 3, 6, 12) if month <= len(curve)]
    if months:
        shares = ", ".join(f"{value(row, percent)} in month {month} (n = {row.n})" for month, row in months)
        lines.append(f"Share of full quota: {shares} of tenure.")
    team = row_of(review, "ramped_equivalents")
    if team is not None:
        lines.append(f"On {review.as_of} {team.n} reps are as good as {team.value:.2f} full ones.")
    return [Grid("ramp", ("", "median", "low", "high", "reps", "there"), body)], lines


def calls(review: Review, most: int) -> tuple[list[Grid], list[str]]:
    """Return whose forecasts could be trusted, over the last year of periods that are over."""
    sure, off = review.tables.get("forecast_accuracy_by_rep"), review.tables.get("bias_by_rep")
    whole, signs = row_of(review, "forecast_accuracy"), row_of(review, "bias")

    def line(name: str, row: MetricRow, sign: MetricRow | None) -> Line:
        way = "-" if sign is None else percent(sign.value, sign.reason, sign=True)
        return name, value(row, percent), way, money(row.parts["forecast"]), money(row.parts["actual"]), f"{row.n:,}"

    body: list[Line] = []
    for found in () if sure is None else both_ends(sure, most):
        if isinstance(found, int):
            body.append((f"... {found} more reps", *[""] * 5))
        else:
            body.append(line(label(found[0]), found[1], None if off is None else off[found[0]]))
    if whole is not None:
        body.append(line("all", whole, signs))
    lines = [
        f"Commit calls of the first week, {review.judged.start} to {review.judged.last}; n: periods of a rep. "
        "bias: what was called above (+) or below what came."
    ]
    gain = row_of(review, "forecast_value_added", "net")
    if gain is not None and not np.isnan(gain.value):
        lines.append(
            f"Error of these calls: {percent(gain.parts['error'])} of what came (wape); of saying the last period's number "
            f"again: {percent(gain.parts['error_before'])} (n = {gain.n:,})."
        )
    return [Grid("forecasts", ("rep, best first", "accuracy", "bias", "called", "came", "n"), body)], lines
