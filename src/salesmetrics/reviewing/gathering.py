"""Which tables a review has, what each is asked with, and why some cannot be had."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, TypeAlias

import attrs

from salesmetrics import metrics
from salesmetrics.calendars import Period, Periods
from salesmetrics.curves import CurveTable
from salesmetrics.deal_flags import flags
from salesmetrics.errors import InvalidTypeError, SalesMetricsError
from salesmetrics.flagging import FlagTable
from salesmetrics.results import MetricTable
from salesmetrics.reviewing.case import BOOKS, OVER, Case

__all__ = ["RAMP_MONTHS", "RAMP_SHARE", "Answer", "gathered"]

Answer: TypeAlias = MetricTable | CurveTable | FlagTable
RAMP_SHARE, RAMP_MONTHS = 1.0, 2
"""When a new rep counts as there: this share of full quota, so many months in a row."""
_RAMPING = 0.7


@attrs.frozen
class _Ask:
    """One table: its name, the books it cannot do without, and how it is asked for."""

    name: str
    needs: tuple[str, ...]
    answer: Callable[[], Answer]
    why_not: str | None = None


def gathered(case: Case) -> tuple[dict[str, Answer], dict[str, str]]:
    """Return the tables by name, and for each that cannot be had a sentence that says why."""
    tables: dict[str, Answer] = {}
    left_out: dict[str, str] = {}
    for family in (_attainment, _people, _coverage, _wins, _speed, _stock, _moves, _risk, _ramp, _calls):
        for ask in family(case):
            missing = [book for book in ask.needs if getattr(case, book) is None]
            if missing or ask.why_not is not None:
                left_out[ask.name] = _needs(missing[0]) if missing else str(ask.why_not)
                continue
            try:
                tables[ask.name] = ask.answer()
            except InvalidTypeError:
                raise
            except SalesMetricsError as error:  # what the data lack costs the tables that need it, and no other
                left_out[ask.name] = error.message
    return tables, left_out


def _needs(book: str) -> str:
    """Return why a table that needs a book is not there."""
    return f"it needs {BOOKS[book]}: give `{book}`."


def _attainment(case: Case) -> Iterator[_Ask]:
    """Yield what is booked against quota, and where it lands."""
    books: Any = (case.deals, case.quotas)
    asked: Any = {
        "period": case.period,
        "reps": case.reps,
        "as_of": case.day,
        "splits": case.splits,
        "history": case.history,
    }
    clock: Any = {"clock": "curve", "past": Periods(case.past_periods)} if _curved(case) else {}
    over = None if case.running else OVER
    team = _lacks_team(case)
    for end, by, lack in (("", None, None), ("_by_team", "team", team), ("_by_rep", "rep", None)):
        yield _Ask(f"attainment{end}", ("quotas",), partial(metrics.attainment, *books, by=by, **asked), lack)
        yield _Ask(
            f"pace_attainment{end}",
            ("quotas",),
            partial(metrics.pace_attainment, *books, by=by, **asked, **clock),
            over or lack,
        )
        yield _Ask(
            f"required_run_rate{end}",
            ("quotas",),
            partial(metrics.required_run_rate, *books, by=by, **asked),
            over or lack,
        )
    yield _Ask("pace", (), partial(metrics.pace, case.deals, **asked), over)
    few = None if _curved(case) else "fewer than four whole periods before this one are in the deals."
    yield _Ask("pace_by_curve", (), partial(metrics.pace, case.deals, **asked, **clock), over or few)


def _curved(case: Case) -> bool:
    """Return True where enough periods before show how bookings come in."""
    return len(case.past_periods) >= 4


def _lacks_team(case: Case) -> str | None:
    """Return why there are no teams."""
    if case.reps is None:
        return _needs("reps")
    return None if "team" in case.reps.lendable else "it needs the column `team` of the reps."


def _people(case: Case) -> Iterator[_Ask]:
    """Yield how bookings and attainment spread over reps, in the period before and in this one."""
    books: Any = (case.deals, case.quotas)
    both = Periods([case.before, case.period])
    asked: Any = {
        "period": both,
        "reps": case.reps,
        "as_of": case.day,
        "splits": case.splits,
        "history": case.history,
    }
    bar = None if case.reps is None else _RAMPING
    quantiles = [0.1, 0.5, 0.9]
    yield _Ask(
        "share_at_quota",
        ("quotas",),
        partial(metrics.share_at_quota, *books, ramping_threshold=bar, quota="full", **asked),
    )
    yield _Ask(
        "attainment_distribution",
        ("quotas",),
        partial(metrics.attainment_distribution, *books, q=quantiles, **asked),
    )
    yield _Ask("gini", (), partial(metrics.gini, case.deals, **asked))
    yield _Ask("top_share", (), partial(metrics.top_share, case.deals, top=case.rules.top, **asked))


def _coverage(case: Case) -> Iterator[_Ask]:
    """Yield whether there is enough pipeline for the rest of this period and for the next."""
    books: Any = (case.deals, case.quotas)
    to_come = Periods([period for period in (case.period, case.after) if period.last > case.day])
    asked: Any = {"basis": "remaining", "reps": case.reps, "as_of": case.day}
    over = None if len(to_come) else "the period that follows is over too."
    yield _Ask("coverage", ("quotas",), partial(metrics.pipeline_coverage, *books, period=to_come, **asked), over)
    yield _Ask(
        "coverage_by_team",
        ("quotas",),
        partial(metrics.pipeline_coverage, *books, by="team", period=to_come[0] if len(to_come) else None, **asked),
        over or _lacks_team(case),
    )
    yield _Ask("required_coverage", (), partial(_required, case))


def _required(case: Case) -> MetricTable:
    """Return the coverage that the share won in the period before asks for."""
    rate = metrics.win_rate(
        case.deals, basis=case.required_basis, weight="amount", negative="exclude", period=case.before, as_of=case.day
    )
    needed = metrics.required_coverage(rate)
    assert isinstance(needed, MetricTable)
    return needed


def _wins(case: Case) -> Iterator[_Ask]:
    """Yield what share is won, how big a win is, and the same of the year before."""
    for end, by in _groups(case):
        now: Any = {"by": by, "period": case.period, "reps": case.reps, "as_of": case.day}
        before: Any = now | {"period": case.past}
        sized, sized_before = now | {"negative": "exclude"}, before | {"negative": "exclude", "stat": "median"}
        half = sized | {"stat": "median"}
        yield _Ask(f"win_rate{end}", (), partial(metrics.win_rate, case.deals, **now))
        yield _Ask(f"win_rate_before{end}", (), partial(metrics.win_rate, case.deals, **before))
        yield _Ask(f"deal_size{end}", (), partial(metrics.deal_size, case.deals, **sized))
        yield _Ask(f"deal_size_median{end}", (), partial(metrics.deal_size, case.deals, **half))
        if by is None:
            yield _Ask("deal_size_median_before", (), partial(metrics.deal_size, case.deals, **sized_before))
    largest: Any = {"period": case.period, "as_of": case.day, "negative": "exclude", "confidence_level": None}
    yield _Ask("largest_win", (), partial(metrics.deal_size, case.deals, stat=1.0, **largest))


def _groups(case: Case) -> Iterator[tuple[str, tuple[str, ...] | None]]:
    """Yield the whole, and the groups where some were asked for."""
    yield "", None
    if case.by:
        yield "_by_group", case.by


def _speed(case: Case) -> Iterator[_Ask]:
    """Yield how long deals take, and what the pipeline yields a day."""
    for end, by in _groups(case):
        ever: Any = {"by": by, "reps": case.reps, "as_of": case.day}
        now: Any = ever | {"period": case.period}
        half = now | {"stat": "median"}
        yield _Ask(f"cycle_length{end}", (), partial(metrics.cycle_length, case.deals, **half))
        yield _Ask(f"cycle_curve{end}", (), partial(metrics.cycle_curve, case.deals, **ever))
        yield _Ask(f"velocity{end}", (), partial(metrics.velocity, case.deals, **now))
    past: Any = {"period": case.past, "reps": case.reps}
    yield _Ask(
        "cycle_length_before", (), partial(metrics.cycle_length, case.deals, stat="median", as_of=case.day, **past)
    )
    # the pipeline of the year before is the one of its last day
    yield _Ask("velocity_before", (), partial(metrics.velocity, case.deals, as_of=case.past.last, **past))


def _stock(case: Case) -> Iterator[_Ask]:
    """Yield what is in play."""
    asked: Any = {"as_of": case.day, "negative": "exclude"}
    none = None if "stage" in case.deals.label_names else "it needs the column `stage` of the deals."
    for end, by, lack in (("", None, None), ("_by_stage", "stage", none)):
        yield _Ask(f"open_pipeline{end}", (), partial(metrics.open_pipeline, case.deals, by=by, **asked), lack)
        yield _Ask(
            f"weighted_pipeline{end}",
            (),
            partial(metrics.weighted_pipeline, case.deals, by=by, missing_p="exclude", **asked),
            lack,
        )
    yield _Ask(
        "pipeline_created", (), partial(metrics.pipeline_created, case.deals, period=case.period, as_of=case.day)
    )


def _moves(case: Case) -> Iterator[_Ask]:
    """Yield what moved the pipeline, what slipped, and how deals go through the stages."""
    books: Any = (case.deals, case.history)
    needs = ("history",)
    now: Any = {"period": case.period, "as_of": case.day}
    over = case.before if case.running else case.period
    yield _Ask("pipeline_walk", needs, partial(metrics.pipeline_walk, *books, **now))
    yield _Ask("slip_rate", needs, partial(metrics.slip_rate, *books, period=over, as_of=case.day))
    yield _Ask("stage_conversion", needs, partial(metrics.stage_conversion, *books, **now))
    yield _Ask("win_probability_by_stage", needs, partial(metrics.win_probability_by_stage, *books, **now))
    yield _Ask("bottleneck", needs, partial(metrics.bottleneck, *books, **now))
    yield _Ask("stage_dwell", needs, partial(_dwell, case, case.period))
    yield _Ask("stage_dwell_before", needs, partial(_dwell, case, case.past))
    yield _Ask("stage_age", needs, partial(metrics.stage_age, *books, as_of=case.day))


def _dwell(case: Case, period: Period) -> MetricTable:
    """Return how long deals that came to a stage in a period sit there, those that are still there kept in."""
    return metrics.stage_dwell(case.deals, case.history, basis="time_to_event", period=period, as_of=case.day)


def _risk(case: Case) -> Iterator[_Ask]:
    """Yield which open deals are at risk, whether records are in order, and whether one deal carries it all."""
    beside: Any = {"as_of": case.day, "history": case.history, "activities": case.activities}
    asked: Any = beside | {"rules": case.rules.flags, "negative": "exclude"}
    yield _Ask("flags", (), partial(flags, case.deals, **asked))
    yield _Ask("at_risk", (), partial(metrics.at_risk, case.deals, **asked))
    yield _Ask("at_risk_by_rep", (), partial(metrics.at_risk, case.deals, by="rep", **asked))
    yield _Ask("hygiene_share", (), partial(metrics.hygiene_share, case.deals, rules=case.rules.flags, **beside))
    due = case.period if case.running else None
    yield _Ask(
        "concentration", (), partial(metrics.concentration, case.deals, due=due, as_of=case.day, negative="exclude")
    )


def _ramp(case: Case) -> Iterator[_Ask]:
    """Yield how long until a new rep is productive."""
    people: Any = None if case.reps is None else case.people
    asked: Any = {"as_of": case.day, "splits": case.splits, "history": case.history}
    books: Any = (case.deals, case.quotas, people)
    both = ("quotas", "reps")
    yield _Ask("time_to_first_deal", ("reps",), partial(metrics.time_to_first_deal, case.deals, people, **asked))
    yield _Ask(
        "ramp_time", both, partial(metrics.ramp_time, *books, threshold=RAMP_SHARE, sustained=RAMP_MONTHS, **asked)
    )
    yield _Ask("ramp_curve", both, partial(metrics.ramp_curve, *books, **asked))
    yield _Ask("ramped_equivalents", ("reps",), partial(metrics.ramped_equivalents, people, on=case.day))


def _calls(case: Case) -> Iterator[_Ask]:
    """Yield whose calls came true in the last year of periods that are over."""
    books: Any = (case.deals, case.forecasts)
    needs = ("forecasts",)
    asked: Any = {"period": case.judged, "as_of": case.day}
    for end, by in (("", None), ("_by_rep", "rep")):
        yield _Ask(f"forecast_accuracy{end}", needs, partial(metrics.forecast_accuracy, *books, by=by, **asked))
        yield _Ask(f"bias{end}", needs, partial(metrics.bias, *books, by=by, **asked))
    yield _Ask("forecast_value_added", needs, partial(metrics.forecast_value_added, *books, metric="wape", **asked))
