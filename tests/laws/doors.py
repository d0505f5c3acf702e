"""The two doors of every metric, asked in one way: a question of books, or tallies of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import salesmetrics as sm
from salesmetrics.curves import CurveTable
from salesmetrics.results import MetricTable
from salesmetrics.tally import Tally
from tests.laws.drawing import Ask
from tests.laws.references import before_and_after

Tallies = tuple[Tally, ...]


def asked(ask: Ask, period: str = "period") -> dict[str, Any]:
    """Return the question as keywords; those that were not asked are left out."""
    given = {"by": ask.by, period: ask.period, "where": ask.where, "reps": ask.reps, "as_of": ask.as_of}
    return {name: value for name, value in given.items() if value is not None and not (name == "by" and not value)}


def of_quotas(ask: Ask) -> dict[str, Any]:
    """Return what is asked of quotas: a mapping of labels they have, and no day."""
    given = {name: value for name, value in asked(ask).items() if name not in ("as_of", "where")}
    if isinstance(ask.where, dict):
        narrowed = {name: value for name, value in ask.where.items() if name in ask.quotas.names}
        given |= {"where": narrowed} if narrowed else {}
    return given


def read_first(metric: Callable[..., Any]) -> Callable[..., MetricTable]:
    """Return the tally door of a metric that reads one tally and decides nothing more."""

    def read(tallies: Tallies, **options: Any) -> MetricTable:
        table: MetricTable = metric(tallies[0])
        return table

    return read


def read_both(metric: Callable[..., Any]) -> Callable[..., MetricTable]:
    """Return the tally door of a metric of deals and quotas."""

    def read(tallies: Tallies) -> MetricTable:
        table: MetricTable = metric(*tallies)
        return table

    return read


# --- bookings and quotas ---------------------------------------------------------------------------------------------


def credited_bookings(ask: Ask) -> MetricTable:
    return sm.credited_bookings(ask.deals, **asked(ask))


def bookings(ask: Ask) -> Tallies:
    return (sm.BookingTally.from_book(ask.deals, **asked(ask), per_rep=False),)


def effective_quota(ask: Ask) -> MetricTable:
    return sm.effective_quota(ask.quotas, **of_quotas(ask))


def quota_days(ask: Ask) -> Tallies:
    return (sm.QuotaTally.from_book(ask.quotas, **of_quotas(ask)),)


def attainment(ask: Ask) -> MetricTable:
    return sm.attainment(ask.deals, ask.quotas, **asked(ask))


def attainment_gap(ask: Ask) -> MetricTable:
    return sm.attainment_gap(ask.deals, ask.quotas, **asked(ask))


def booked_and_owed(ask: Ask) -> Tallies:
    return sm.BookingTally.from_book(ask.deals, **asked(ask)), *quota_days(ask)


# --- pipeline --------------------------------------------------------------------------------------------------------


def open_pipeline(ask: Ask, **options: Any) -> MetricTable:
    return sm.open_pipeline(ask.deals, **asked(ask, "due"), **options)


def pipeline(ask: Ask, **options: Any) -> Tallies:
    return (sm.PipelineTally.from_book(ask.deals, **asked(ask), **options, weighted=False),)


def weighted_pipeline(ask: Ask, **options: Any) -> MetricTable:
    return sm.weighted_pipeline(ask.deals, **asked(ask, "due"), **options)


def weighted(ask: Ask, **options: Any) -> Tallies:
    return (sm.PipelineTally.from_book(ask.deals, **asked(ask), **options, weighted=True),)


def pipeline_created(ask: Ask) -> MetricTable:
    return sm.pipeline_created(ask.deals, **asked(ask))


def creations(ask: Ask) -> Tallies:
    return (sm.CreationTally.from_book(ask.deals, **asked(ask)),)


def pipeline_coverage(ask: Ask, **options: Any) -> MetricTable:
    return sm.pipeline_coverage(ask.deals, ask.quotas, **asked(ask), **options)


def covered(ask: Ask, basis: str, weight: str, **options: Any) -> Tallies:
    due = sm.PipelineTally.from_book(ask.deals, **asked(ask), **options, weighted=weight == "weighted")
    return due, *quota_days(ask), sm.BookingTally.from_book(ask.deals, **asked(ask))


def read_coverage(tallies: Tallies, basis: str, weight: str, **options: Any) -> MetricTable:
    due, owed, booked = tallies
    assert isinstance(due, sm.PipelineTally)
    assert isinstance(owed, sm.QuotaTally)
    assert isinstance(booked, sm.BookingTally)
    return sm.pipeline_coverage(
        due, owed, basis=basis, weight=weight, bookings=booked if basis == "remaining" else None
    )


# --- win rate and size -----------------------------------------------------------------------------------------------

OF_TALLY = ("basis", "within", "at", "negative")


def win_rate(ask: Ask, **options: Any) -> MetricTable:
    return sm.win_rate(ask.deals, **asked(ask), **options)


def outcomes(ask: Ask, **options: Any) -> Tallies:
    made = {name: value for name, value in options.items() if name in OF_TALLY}
    measures = ("count", "amount", "squares") if options.get("weight") == "amount" else ("count",)
    return (sm.OutcomeTally.from_book(ask.deals, **asked(ask), **made, measures=measures),)


def read_rate(tallies: Tallies, **options: Any) -> MetricTable:
    assert isinstance(tallies[0], sm.OutcomeTally)
    return sm.win_rate(tallies[0], **{name: value for name, value in options.items() if name not in OF_TALLY})


def required_coverage(ask: Ask, **options: Any) -> MetricTable:
    table = sm.required_coverage(win_rate(ask, **options))
    assert isinstance(table, MetricTable)
    return table


def read_required(tallies: Tallies, **options: Any) -> MetricTable:
    table = sm.required_coverage(read_rate(tallies, **options))
    assert isinstance(table, MetricTable)
    return table


def deal_size(ask: Ask, **options: Any) -> MetricTable:
    return sm.deal_size(ask.deals, **asked(ask), **options)


def sizes(ask: Ask, of: str = "won", negative: str = "raise", stat: Any = "mean", **options: Any) -> Tallies:
    if stat == "mean" and of in ("won", "closed"):
        only = "won" if of == "won" else None
        return (sm.OutcomeTally.from_book(ask.deals, **asked(ask), negative=negative, only=only),)
    return (sm.SizeTally.from_book(ask.deals, **asked(ask), of=of, negative=negative),)


def read_size(tallies: Tallies, of: str = "won", negative: str = "raise", **options: Any) -> MetricTable:
    tally = tallies[0]
    if isinstance(tally, sm.OutcomeTally):
        return sm.deal_size(tally, of=of, **options)
    assert isinstance(tally, sm.SizeTally)
    return sm.deal_size(tally, **options)


# --- durations -------------------------------------------------------------------------------------------------------


def cycle_length(ask: Ask, **options: Any) -> MetricTable:
    return sm.cycle_length(ask.deals, **asked(ask), **options)


ENDS = {"won": ("won",), "lost": ("lost",), "closed": ("won", "lost", "no_decision")}


def durations(ask: Ask, basis: str = "closed", outcome: str = "won", **options: Any) -> Tallies:
    return (sm.DurationTally.from_book(ask.deals, **asked(ask), basis=basis, outcomes=ENDS[outcome]),)


def read_cycle(tallies: Tallies, basis: str = "closed", **options: Any) -> MetricTable:
    assert isinstance(tallies[0], sm.DurationTally)
    return sm.cycle_length(tallies[0], **options)


def cohorts(ask: Ask, **options: Any) -> Tallies:
    return (sm.DurationTally.from_book(ask.deals, **asked(ask), basis="created"),)


def curve_read(table: CurveTable, read: str = "median", days: int = 0, q: float = 0.5) -> MetricTable:
    """Return one number of each curve."""
    if read == "at":
        return table.at(days)
    return table.restricted_mean(days) if read == "restricted_mean" else table.quantile(q)


def cycle_curve(ask: Ask, **options: Any) -> MetricTable:
    return curve_read(sm.cycle_curve(ask.deals, **asked(ask)), **options)


def read_cycle_curve(tallies: Tallies, **options: Any) -> MetricTable:
    assert isinstance(tallies[0], sm.DurationTally)
    return curve_read(sm.cycle_curve(tallies[0]), **options)


def win_rate_curve(ask: Ask, days: int) -> MetricTable:
    return sm.win_rate_curve(ask.deals, **asked(ask)).at(days)


def read_win_rate_curve(tallies: Tallies, days: int) -> MetricTable:
    assert isinstance(tallies[0], sm.DurationTally)
    return sm.win_rate_curve(tallies[0]).at(days)


# --- velocity --------------------------------------------------------------------------------------------------------


def velocity(ask: Ask) -> MetricTable:
    return sm.velocity(ask.deals, **asked(ask))


def velocities(ask: Ask) -> Tallies:
    return (sm.VelocityTally.from_book(ask.deals, **asked(ask)),)


def velocity_change(ask: Ask) -> MetricTable:
    first, second = before_and_after(ask.period)
    return sm.velocity_change(velocity(ask.but(period=first)), velocity(ask.but(period=second)))


def two_velocities(ask: Ask) -> Tallies:
    first, second = before_and_after(ask.period)
    return *velocities(ask.but(period=first)), *velocities(ask.but(period=second))


def read_change(tallies: Tallies) -> MetricTable:
    before, after = tallies
    assert isinstance(before, sm.VelocityTally)
    assert isinstance(after, sm.VelocityTally)
    return sm.velocity_change(sm.velocity(before), sm.velocity(after))
