"""What each section of a review shows: rows of text under a heading, sentences below, and the tables to draw."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import attrs

from salesmetrics.reviewing import about_deals, about_people
from salesmetrics.reviewing.case import NO_GROUPS, OVER
from salesmetrics.reviewing.rows import Grid

if TYPE_CHECKING:
    from salesmetrics.reviewing.reviews import Review

__all__ = ["Section", "marked", "sections"]


@attrs.frozen
class Section:
    """A heading, its question, the rows, the sentences below them, the names of the tables to draw, and what is not there."""

    name: str
    question: str
    grids: Sequence[Grid]
    lines: Sequence[str]
    charts: Sequence[str]
    missing: Sequence[str]


@attrs.frozen
class _Plan:
    """A section: the tables it is about, those to draw, and how it is written."""

    name: str
    question: str
    tables: tuple[str, ...]
    charts: tuple[str, ...]
    write: Callable[[Review, int], tuple[list[Grid], list[str]]]


def sections(review: Review, *, most: int) -> Iterator[Section]:
    """Yield the sections; of a long list of reps so many are shown from each end."""
    held = review.tables
    for plan in _PLANS:
        there = not plan.tables or any(name in held for name in plan.tables)
        grids, lines = plan.write(review, most) if there else ([], [])
        grids = [grid for grid in grids if grid.body]
        yield Section(
            name=plan.name,
            question=plan.question,
            grids=grids,
            lines=lines,
            charts=list(_drawn(plan.charts, held)),
            missing=list(_missing(plan, review.left_out, whole=not there)),
        )


def _missing(plan: _Plan, left_out: Mapping[str, str], *, whole: bool) -> Iterator[str]:
    """Yield one sentence for each cause, with the names of the tables it costs where others are there."""
    causes: dict[str, list[str]] = {}
    for name in plan.tables:
        if left_out.get(name, OVER) not in (OVER, NO_GROUPS):
            causes.setdefault(left_out[name], []).append(name.replace("_", " "))
    for cause, names in causes.items():
        yield cause if whole else f"{', '.join(names)}: {cause}"


_MARKS = {
    "attainment_by_rep": "pace_attainment_by_rep",
    "coverage_by_team": "required_coverage",
    "coverage": "required_coverage",
}
"""Which table is marked beside one that is drawn."""


def marked(name: str) -> str | None:
    """Return the table that is marked beside one that is drawn, None where there is none."""
    return _MARKS.get(name)


def _drawn(charts: Sequence[str], held: Mapping[str, Any]) -> Iterator[str]:
    """Yield the tables to draw: of those joined by a bar, the first that has a row."""
    for choice in charts:
        found = next((name for name in choice.split("|") if name in held and len(held[name])), None)
        if found is not None:
            yield found


_PLANS = (
    _Plan("In short", "where do we stand?", (), (), about_people.in_short),
    _Plan(
        "Attainment",
        "are we at the number, and on pace for it?",
        (
            *("attainment", "attainment_by_team", "attainment_by_rep"),
            *("pace_attainment", "pace_attainment_by_team", "pace_attainment_by_rep"),
            *("required_run_rate", "required_run_rate_by_team", "required_run_rate_by_rep", "pace", "pace_by_curve"),
        ),
        ("attainment_by_rep",),
        about_people.attainment,
    ),
    _Plan(
        "Reps",
        "is it everyone or two heroes?",
        ("share_at_quota", "attainment_distribution", "gini", "top_share"),
        (),
        about_people.spread,
    ),
    _Plan(
        "Coverage",
        "is there enough for the rest?",
        ("coverage", "coverage_by_team", "required_coverage"),
        ("coverage_by_team|coverage",),
        about_people.coverage,
    ),
    _Plan(
        "Win rate",
        "what share do we win? (closed in the period)",
        ("win_rate", "win_rate_by_group", "win_rate_before", "win_rate_before_by_group"),
        ("win_rate_by_group",),
        about_deals.win_rate,
    ),
    _Plan(
        "Deal size",
        "how big is a win?",
        (
            *("deal_size", "deal_size_by_group", "deal_size_median", "deal_size_median_by_group"),
            *("deal_size_median_before", "largest_win"),
        ),
        ("deal_size_median_by_group",),
        about_deals.deal_size,
    ),
    _Plan(
        "Cycle length",
        "how many days does it take?",
        ("cycle_length", "cycle_length_by_group", "cycle_length_before", "cycle_curve", "cycle_curve_by_group"),
        ("cycle_curve_by_group|cycle_curve",),
        about_deals.cycle_length,
    ),
    _Plan(
        "Velocity",
        "what does the pipeline yield a day?",
        ("velocity", "velocity_by_group", "velocity_before"),
        ("velocity_by_group",),
        about_deals.velocity,
    ),
    _Plan(
        "Pipeline",
        "what is in play?",
        (
            *("open_pipeline", "open_pipeline_by_stage", "weighted_pipeline", "weighted_pipeline_by_stage"),
            "pipeline_created",
        ),
        ("open_pipeline_by_stage",),
        about_deals.stock,
    ),
    _Plan(
        "Walk",
        "what moved the pipeline of the period?",
        ("pipeline_walk", "slip_rate"),
        ("pipeline_walk",),
        about_deals.walk,
    ),
    _Plan(
        "Stages",
        "where do deals drop out, and how long do they sit?",
        (
            *("stage_conversion", "win_probability_by_stage", "bottleneck"),
            *("stage_dwell", "stage_dwell_before", "stage_age"),
        ),
        ("stage_conversion", "stage_dwell"),
        about_deals.stages,
    ),
    _Plan(
        "Hygiene",
        "which open deals are at risk?",
        ("at_risk", "at_risk_by_rep", "hygiene_share", "concentration", "flags"),
        ("flags",),
        about_deals.risk,
    ),
    _Plan(
        "Ramp",
        "how long until a new rep is productive?",
        ("time_to_first_deal", "ramp_time", "ramp_curve", "ramped_equivalents"),
        ("ramp_curve",),
        about_people.ramp,
    ),
    _Plan(
        "Forecasts",
        "whose can be trusted?",
        (
            *("forecast_accuracy", "forecast_accuracy_by_rep", "bias", "bias_by_rep"),
            "forecast_value_added",
        ),
        ("bias_by_rep",),
        about_people.calls,
    ),
)
