"""What a review says of the deals: how they are won, what is in play, what moved, and what is at risk."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from salesmetrics.reviewing.rows import (
    MOST_GROUPS,
    WHOLE,
    Grid,
    counted,
    each,
    grouped,
    heading,
    interval,
    named,
    row_of,
    rows_of,
    value,
)
from salesmetrics.reviewing.wording import days, label, money, percent, signed

if TYPE_CHECKING:
    from salesmetrics.reviewing.reviews import Review


def win_rate(review: Review, _: int) -> tuple[list[Grid], list[str]]:
    """Return what share is won, and how sure that is."""
    past = grouped(review, "win_rate_before")
    body = [
        (
            named(name),
            value(row, percent),
            *interval(row, percent),
            f"{row.parts['won']:,}",
            f"{row.parts['lost']:,}",
            f"{row.n:,}",
            value(past.get(name), percent),
        )
        for name, row in grouped(review, "win_rate").items()
    ]
    head = (heading(review), "win rate", "low", "high", "won", "lost", "n", "year before")
    lines = ["low, high: 95 of 100 such intervals hold the long-run rate (Wilson)."]
    rows = (row_of(review, "win_rate"), row_of(review, "win_rate_before"))
    if all(row is None or not row.parts["lost"] for row in rows):
        lines.append("There is no lost deal among them, so this says nothing.")
    return [Grid("win rate", head, body)], lines


def deal_size(review: Review, _: int) -> tuple[list[Grid], list[str]]:
    """Return how big a win is."""
    half = grouped(review, "deal_size_median")
    body = [
        (
            named(name),
            value(half.get(name), money),
            *interval(half.get(name), money),
            value(row, money),
            *interval(row, money),
            f"{row.n:,}",
        )
        for name, row in grouped(review, "deal_size").items()
    ]
    head = (heading(review), "median", "low", "high", "mean", "low", "high", "n")
    return [Grid("deal size", head, body)], [
        "No interval of a mean below 30 deals: it would promise more than it keeps."
    ]


def cycle_length(review: Review, _: int) -> tuple[list[Grid], list[str]]:
    """Return how long a win takes, and how long any deal takes with the open ones kept in."""
    won = grouped(review, "cycle_length")
    by_group, whole = (review.tables.get(name) for name in ("cycle_curve_by_group", "cycle_curve"))
    ever = {} if by_group is None else rows_of(by_group.median)
    ever |= {} if whole is None else {WHOLE: whole.median["all"]}
    names = [name for name in won if name in ever or name is WHOLE] or list(ever)[-MOST_GROUPS:]
    body = [
        (
            named(name),
            value(won.get(name), days),
            *interval(won.get(name), days),
            counted(won.get(name)),
            value(ever.get(name), days),
            *interval(ever.get(name), days),
            counted(ever.get(name)),
        )
        for name in names
    ]
    head = (heading(review), "median, won", "low", "high", "n", "median, all", "low", "high", "n")
    return [Grid("days from creation to close", head, body)], [
        "all: every deal ever created, to any close, the open ones censored (Kaplan-Meier)."
    ]


def velocity(review: Review, _: int) -> tuple[list[Grid], list[str]]:
    """Return what the pipeline yields a day, and of what that is made."""
    body = [
        (
            named(name),
            value(row, money),
            f"{row.parts['open_count']:,.0f}",
            percent(row.parts["win_rate"]),
            money(row.parts["mean_amount"]),
            days(row.parts["cycle_days"]),
        )
        for name, row in grouped(review, "velocity").items()
    ]
    head = (heading(review), "money/day", "open deals", "win rate", "deal size", "cycle, days")
    return [Grid("velocity", head, body)], [
        "open deals x win rate x deal size / cycle. Groups do not add up to the whole."
    ]


def stock(review: Review, _: int) -> tuple[list[Grid], list[str]]:
    """Return what is open, by stage."""
    body = []
    for end in ("_by_stage", ""):
        table, weighed = (review.tables.get(f"{name}{end}") for name in ("open_pipeline", "weighted_pipeline"))
        # deals without a probability are left out of the weights: of nothing but such deals there is no weight to show
        chances = {stage: row for stage, row in rows_of(weighed).items() if row.n}
        for stage, row in () if table is None else each(table):
            body.append((label(stage), value(row, money), value(chances.get(stage), money), counted(row)))
    made = row_of(review, "pipeline_created")
    lines = [] if made is None else [f"Created in the period: {money(made.value)} in {made.n:,} deals with an amount."]
    return [Grid("open pipeline", ("stage", "open", "weighted", "n"), body)], lines


def walk(review: Review, _: int) -> tuple[list[Grid], list[str]]:
    """Return what moved the pipeline of the period, to the last cent."""
    grids, lines = [], []
    table = review.tables.get("pipeline_walk")
    if table is not None:
        last = len(table) - 1
        body = [
            (
                str(bucket).replace("_", " "),
                money(table[bucket].value) if at in (0, last) else signed(table[bucket].value),
                counted(table[bucket]),
            )
            for at, bucket in enumerate(table.labels)
            if table[bucket].n or at in (0, last)
        ]
        grids.append(Grid("pipeline walk", ("", "money", "deals"), body))
        lines.append("Deals open and expected to close in the period. It adds up, to the minor unit.")
    row = row_of(review, "slip_rate")
    if row is not None:
        over = review.before if review.running else review.period
        interval = "" if np.isnan(row.value) else f" ({percent(row.low)} to {percent(row.high)}, n = {row.n:,})"
        lines.append(f"Slipped, of the deals due when {label(over)} began: {value(row, percent)}{interval}.")
    return grids, lines


def stages(review: Review, _: int) -> tuple[list[Grid], list[str]]:
    """Return where deals drop out, and how long they sit."""
    on = review.tables.get("stage_conversion")
    if on is None:
        return [], []
    chance, now, past = (
        rows_of(review.tables.get(name)) for name in ("win_probability_by_stage", "stage_dwell", "stage_dwell_before")
    )
    body = [
        (
            label(stage),
            value(on[stage], percent),
            *interval(on[stage], percent),
            counted(on[stage]),
            value(chance.get(stage), percent),
            value(now.get(stage), days),
            counted(now.get(stage)),
            value(past.get(stage), days),
        )
        for stage in on.labels
    ]
    head = ("", "went on", "low", "high", "n", "won in the end", "days", "n", "year before")
    lines = [
        "went on, won in the end: deals closed in the period; a stage that was skipped counts as reached.",
        "days: median in the stage of those that came to it in the period, those still there kept in.",
    ]
    worst = review.tables.get("bottleneck")
    if worst is not None and len(worst) and not worst.undefined.any():
        lines.append(f"Lowest conversion: {label(next(iter(worst.labels)))}.")
    return [Grid("stages", head, body)], lines


def risk(review: Review, _: int) -> tuple[list[Grid], list[str]]:
    """Return which open deals are at risk, and how much money that is."""
    grids, lines = [], []
    risk, clean, largest = (row_of(review, name) for name in ("at_risk", "hygiene_share", "concentration"))
    if risk is not None:
        names = [name for name in risk.parts if name not in ("amount", "open_amount", "unknown")]
        counted = [(name.replace("_", " "), f"{risk.parts[name]:,}") for name in names]
        grids.append(Grid("flags", ("flag", "open deals"), [*counted, ("any of them", f"{risk.value:,.0f}")]))
        held, whole = risk.parts["amount"], risk.parts["open_amount"]
        share = f", {percent(held / whole)}" if whole else ""
        lines.append(f"At risk: {money(held)} of {money(whole)} open{share}.")
    if clean is not None:
        lines.append(f"With a date, an amount and an owner, and not overdue: {value(clean, percent)}.")
    if largest is not None:
        what = "of what is open and due in the period" if review.running else "of open pipeline"
        lines.append(f"The largest deal is {value(largest, percent)} {what} (n = {largest.n:,}).")
    return grids, lines
