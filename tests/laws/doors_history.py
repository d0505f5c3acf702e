"""The doors of the metrics of histories: a question of deals and their changes, or tallies of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import salesmetrics as sm
from salesmetrics.calendars import Periods
from salesmetrics.results import MetricTable
from salesmetrics.tally import Tally
from tests.laws.doors import asked
from tests.laws.drawing import Ask

Tallies = tuple[Tally, ...]
STILL = {"stage": "segment", "forecast_category": "segment"}
"""Labels that move, and what is asked in their place: the stage is a label of its own in most of these tables."""


def labels(by: tuple[str, ...]) -> tuple[str, ...]:
    """Return the labels to group by, those that move replaced."""
    return tuple(dict.fromkeys(STILL.get(name, name) for name in by))


DATED: dict[str, str | None] = {
    **dict.fromkeys(("push_count", "days_slipped"), "window"),
    **dict.fromkeys(("stage_age", "pipeline_trend", "at_risk", "hygiene_share"), None),
}
"""Names of the days that count, where they are not called `period`; None for metrics that have none."""
BY_NAME = ("at_risk", "hygiene_share")
"""Metrics that can do without a history, and so take it by its name."""


def about(ask: Ask, name: str) -> dict[str, Any]:
    """Return what is asked of a metric, under the name that it has for its days."""
    dated = DATED.get(name, "period")
    given = asked(ask.but(by=labels(ask.by)), dated or "period")
    dropped = {"period"} if dated is None else set()
    if name == "pipeline_trend":
        dropped |= {"as_of"}
    if name in BY_NAME:
        given["history"] = ask.history
    return {word: value for word, value in given.items() if word not in dropped}


def of_moves(name: str) -> Callable[..., MetricTable]:
    """Return the book door of a metric of deals and their history."""
    metric = getattr(sm, name)

    def call(ask: Ask, **options: Any) -> MetricTable:
        table: MetricTable = metric(ask.deals, ask.history, **about(ask, name), **options)
        return table

    return call


def tally_of(kind: Any, *settled: str, name: str = "", **fixed: Any) -> Callable[..., Tallies]:
    """Return the tallies of a metric, made with those of its options that are settled in the tally."""

    def make(ask: Ask, **options: Any) -> Tallies:
        told = {name: value for name, value in options.items() if name in settled}
        return (kind.from_book(ask.deals, ask.history, **about(ask, name), **{**fixed, **told}),)

    return make


def slips(ask: Ask, weight: str = "count", **options: Any) -> Tallies:
    """Return deals by what became of them, without amounts where none are read."""
    measures = ("count",) if weight == "count" else ("count", "amount")
    return tally_of(sm.SlipTally, "category", "at", "negative", measures=measures)(ask, **options)


def turns(ask: Ask, **options: Any) -> Tallies:
    """Return wins by whether they were created in the period."""
    return (sm.TurnTally.from_book(ask.deals, **asked(ask)),)


def of_deals(name: str) -> Callable[..., MetricTable]:
    """Return the book door of a metric of deals alone."""
    metric = getattr(sm, name)

    def call(ask: Ask, **options: Any) -> MetricTable:
        table: MetricTable = metric(ask.deals, **asked(ask), **options)
        return table

    return call


def none(ask: Ask, **options: Any) -> Tallies:
    """Return no tallies: the metric is asked of books only."""
    return ()


def read_without(metric: Callable[..., MetricTable], *names: str) -> Callable[..., MetricTable]:
    """Return the tally door of a metric, told those of its options that the tally does not settle."""

    def reading(tallies: Tallies, **options: Any) -> MetricTable:
        return metric(*tallies, **{name: value for name, value in options.items() if name not in names})

    return reading


def conversions(ask: Ask, population: str = "closed", **options: Any) -> Tallies:
    """Return stages reached, or the times to an advance."""
    if population == "time_to_event":
        return tally_of(sm.DwellTally, "reentry", until="advance")(ask, **{"reentry": "first", **options})
    return tally_of(sm.StageTally, "skips", "reentry", population=population)(ask, **options)


def chances(ask: Ask, method: str = "observed", **options: Any) -> Tallies:
    """Return stages reached, or moves."""
    if method == "markov":
        return tally_of(sm.MoveTally, "population", population="closed")(ask, **options)
    return tally_of(sm.StageTally, "population", "skips")(ask, **options)


def read_chances(tallies: Tallies, **options: Any) -> MetricTable:
    """Read the chance of a win from stages or moves."""
    return read_without(sm.win_probability_by_stage, "population", "skips")(tallies, **options)


def dwells(ask: Ask, basis: str = "completed", population: str = "closed", **options: Any) -> Tallies:
    """Return days in stages, of visits that are over or of all."""
    if basis == "completed":
        return tally_of(sm.DwellTally, "reentry", population=population)(ask, **options)
    return tally_of(sm.DwellTally, "reentry", until="exit_or_now")(ask, **options)


def bottles(ask: Ask, method: str = "conversion", population: str = "closed", **options: Any) -> Tallies:
    """Return what a method of `bottleneck` reads."""
    kind: Any = {"conversion": sm.StageTally, "throughput": sm.MoveTally}.get(method, sm.DwellTally)
    return tally_of(kind, "skips", population=population)(ask, **options)


def exposures(ask: Ask, **options: Any) -> Tallies:
    """Return deal-days at risk."""
    return (sm.ExposureTally.from_book(ask.deals, **asked(ask)),)


def compared(ask: Ask) -> Ask:
    """Return the question with groups to compare: segments, where it has neither groups nor several periods."""
    return ask if ask.by or isinstance(ask.period, Periods) else ask.but(by=("segment",))


def logrank(ask: Ask, **options: Any) -> MetricTable:
    return sm.logrank(ask.deals, **asked(compared(ask)), **options)


def cohorts(ask: Ask, **options: Any) -> Tallies:
    """Return the lives of cohorts."""
    return (sm.DurationTally.from_book(ask.deals, **asked(compared(ask)), basis="created"),)
