"""Slow copies of the curves: Kaplan-Meier and Aalen-Johansen in fractions (sections 7 and 8, time to event)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

from salesmetrics.domain import Deal, Rep
from tests.oracle_intervals import log_log
from tests.oracle_rows import Answer, Asked, By, Key, Seen, cells, inside, seen

HALF = Fraction(1, 2)
KINDS = ("won", "lost", "no_decision")
Ending = tuple[int, str]
"""Age in days, and what happened then: one of `KINDS`, or "open" for a deal still open (censored)."""


class Step(NamedTuple):
    """One age at which something closed: counts, survival after it, Greenwood's sum, incidence of each kind."""

    age: int
    at_risk: int
    events: int
    share: Fraction
    spread: Fraction
    incidence: dict[str, Fraction]


class Curve(NamedTuple):
    """The steps of a group, its n, the longest age observed, and how many deals had no creation day."""

    steps: tuple[Step, ...]
    n: int
    longest: int | None
    undated: int = 0

    def at(self, age: int) -> Fraction:
        """Share not yet closed after that age."""
        shares = [step.share for step in self.steps if step.age <= age]
        return shares[-1] if shares else Fraction(1)

    def incidence_at(self, kind: str, age: int) -> Fraction:
        """Share closed with that outcome by that age."""
        shares = [step.incidence[kind] for step in self.steps if step.age <= age]
        return shares[-1] if shares else Fraction(0)

    def observed_to(self, age: int) -> bool:
        """Whether the curve is known at an age: not beyond the longest follow-up, unless it has come to 0."""
        return self.longest is not None and (age <= self.longest or self.at(self.longest) == 0)

    def interval_at(self, age: int, confidence_level: Any = "0.95") -> tuple[Decimal | None, Decimal | None]:
        """Log-log interval after an age; none where the share is 1 or 0.

        Doubt: the "documented value" of H12 at S = 1 and S = 0 stands nowhere in the definitions. Chosen: none.
        """
        past = [step for step in self.steps if step.age <= age]
        return log_log(past[-1].share, past[-1].spread, confidence_level) if past else (None, None)


def curve_of(endings: Iterable[Ending], undated: int = 0) -> Curve:
    """Kaplan-Meier and Aalen-Johansen of ages with their endings; at one age, events come before censorings (H7)."""
    endings = list(endings)
    steps: list[Step] = []
    share, spread = Fraction(1), Fraction(0)
    incidence = dict.fromkeys(KINDS, Fraction(0))
    for age in sorted({age for age, kind in endings if kind != "open"}):
        at_risk = sum(1 for other, _ in endings if other >= age)
        here = [kind for other, kind in endings if other == age and kind != "open"]
        incidence = {kind: f + share * Fraction(here.count(kind), at_risk) for kind, f in incidence.items()}
        share *= Fraction(at_risk - len(here), at_risk)
        spread += Fraction(len(here), at_risk * (at_risk - len(here))) if at_risk > len(here) else 0
        steps.append(Step(age, at_risk, len(here), share, spread, incidence))
    return Curve(tuple(steps), len(endings), max((age for age, _ in endings), default=None), undated)


def median(curve: Curve) -> int | None:
    """Least age at which at most half are still open; None where that is never reached (H9)."""
    return next((step.age for step in curve.steps if step.share <= HALF), None)


def restricted_mean(curve: Curve, horizon: int) -> Fraction:
    """Integral of the curve from 0 to the horizon; beyond the last age the curve stays where it is."""
    return sum((curve.at(age) for age in range(horizon)), Fraction(0))


def won_mean(curve: Curve, horizon: int, kind: str = "won") -> Fraction | None:
    """Mean age at a win, of those that come by the horizon; None without any."""
    before, moment = Fraction(0), Fraction(0)
    for step in curve.steps:
        if step.age <= horizon:
            moment += step.age * (step.incidence[kind] - before)
            before = step.incidence[kind]
    return moment / before if before else None


def won_median(curve: Curve, horizon: int, kind: str = "won") -> int | None:
    """Least age by which half of the wins that come by the horizon are there; None without any."""
    final = curve.incidence_at(kind, horizon)
    ages = [s.age for s in curve.steps if s.age <= horizon and final and s.incidence[kind] >= final / 2]
    return ages[0] if ages else None


def ending(row: Seen, as_of: date) -> Ending | None:
    """Age and ending of a deal on the day; None without a creation day."""
    if row.created is None:
        return None
    return ((row.closed or as_of) - row.created).days, row.outcome


def cycle_curve(
    deals: Sequence[Deal], *, by: By = (), periods: Asked = None, as_of: date, reps: Iterable[Rep] = ()
) -> dict[Key, Curve]:
    """Curves of the deals created in a period, open ones censored at their age on the day.

    Doubt: deals without a creation day have no period; over all days they are left out and counted as `undated`.
    """
    now = seen(deals, as_of)
    answer = {}
    for key, (rows,) in cells(lambda w: [[d for d in now if inside(d.created, w)]], by, periods, reps).items():
        endings = [found for d in rows if (found := ending(d, as_of)) is not None]
        answer[key] = curve_of(endings, len(rows) - len(endings))
    return answer


def win_rate_curve(
    deals: Sequence[Deal], *, within: int, by: By = (), periods: Asked = None, as_of: date, reps: Iterable[Rep] = ()
) -> dict[Key, Answer]:
    """Share won by an age, of the deals created in a period (`basis="time_to_event"`); n counts the cohort."""
    answer = {}
    for key, curve in cycle_curve(deals, by=by, periods=periods, as_of=as_of, reps=reps).items():
        parts = {kind: curve.incidence_at(kind, within) for kind in KINDS} | {"open": curve.at(within)}
        if not curve.n:
            answer[key] = Answer(None, 0, "no_rows", parts, 0, 1)
        elif not curve.observed_to(within):
            answer[key] = Answer(None, curve.n, "not_observed", parts)
        else:
            answer[key] = Answer(parts["won"], curve.n, "", parts)
    return answer


def cycle_time(
    deals: Sequence[Deal],
    *,
    outcome: str = "closed",
    stat: str = "median",
    within: int | None = None,
    by: By = (),
    periods: Asked = None,
    as_of: date,
    reps: Iterable[Rep] = (),
) -> dict[Key, Answer]:
    """Cycle length with open deals censored: median or restricted mean to any close, mean or median of the wins.

    Doubts. The median to any close needs no horizon; one that is given and comes first makes it `not_reached`.
    A win's mean or median beyond the longest follow-up while some are open is `not_observed`, as the win rate is.
    No win by the horizon, with a cohort: `no_rows`, n being the cohort.
    """
    answer = {}
    for key, curve in cycle_curve(deals, by=by, periods=periods, as_of=as_of, reps=reps).items():
        value: Fraction | int | None
        if not curve.n:
            answer[key] = Answer(None, 0, "no_rows")
            continue
        if outcome == "closed" and stat == "median":
            value, reason = median(curve), "not_reached"
            value = None if value is not None and within is not None and value > within else value
        elif within is None:
            raise ValueError("this needs a horizon, within=")
        elif not curve.observed_to(within):
            value, reason = None, "not_observed"
        elif outcome == "closed":
            value, reason = restricted_mean(curve, within), ""
        else:
            value = (won_median if stat == "median" else won_mean)(curve, within, outcome)
            reason = "no_rows"
        answer[key] = Answer(value, curve.n, "" if value is not None else reason)
    return answer
