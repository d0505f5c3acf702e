"""Slow copies of section 16: time to the first deal, ramp time, ramp curve, ramped equivalents."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

from salesmetrics.calendars import Period
from salesmetrics.domain import Deal, Quota, Rep
from tests.oracle_credit import PLAIN, PLAIN_CREDIT, CreditTerms, Terms, credits_in, summed
from tests.oracle_intervals import log_log
from tests.oracle_pace import at_least
from tests.oracle_quota import clock_start, is_active, ramp_share, rep_quota, tenure_period
from tests.oracle_rows import Answer, By, Key, Result, exact, names_of, nearest_rank, ordered, rep_labels, total

HALF = Fraction(1, 2)


class Life(NamedTuple):
    """One rep: the age first at risk, the age it ends, and how: "event", "left" or "open"."""

    entry: int
    exit: int
    kind: str


class Step(NamedTuple):
    """One age at which something happened: counts, survival after it, Greenwood's sum, incidence of event and left."""

    age: int
    at_risk: int
    share: Fraction
    spread: Fraction
    event: Fraction
    left: Fraction


class Tenures(NamedTuple):
    """The curve of a group of reps; n counts its lives."""

    steps: tuple[Step, ...]
    lives: tuple[Life, ...]

    @property
    def longest(self) -> int:
        """Longest age observed."""
        return max((life.exit for life in self.lives), default=0)

    def at(self, age: int) -> Fraction:
        """Share to whom nothing has happened after an age."""
        return next((s.share for s in reversed(self.steps) if s.age <= age), Fraction(1))

    def event_by(self, age: int) -> Fraction:
        """Share with the event by an age (Aalen-Johansen)."""
        return next((s.event for s in reversed(self.steps) if s.age <= age), Fraction(0))

    def interval_at(self, age: int, confidence_level: Any = "0.95") -> tuple[Any, Any]:
        """Log-log interval after an age; none at 1 and 0, as in the cycle curve."""
        past = [s for s in self.steps if s.age <= age]
        return log_log(past[-1].share, past[-1].spread, confidence_level) if past else (None, None)

    def median_interval(self, confidence_level: Any = "0.95") -> tuple[float, float]:
        """Ages at which the interval crosses 1/2; an end not reached is infinite (C7).

        Doubt: where S is 0 there is no interval. Chosen: its lower end counts as 0, its upper end as not known.
        """
        low = high = math.inf
        for step in self.steps:
            lower, upper = log_log(step.share, step.spread, confidence_level)
            if low == math.inf and (step.share == 0 or (lower is not None and lower <= HALF)):
                low = step.age
            if high == math.inf and upper is not None and upper <= HALF:
                high = step.age
        return low, high


def tenures_of(lives: Iterable[Life], leavers: str = "censor") -> Tenures:
    """Kaplan-Meier of the event, or with leaving as a competing end; censorings come after events (H7).

    Doubt: when does a rep who joins late come under risk? Chosen: at the age itself of the first observed day, so that
    an entry at 0 is the same as none (H11).
    """
    found = tuple(life for life in lives if life.exit >= life.entry)
    kinds = ("event", "left") if leavers == "compete" else ("event",)
    steps: list[Step] = []
    share, spread, event, left = Fraction(1), Fraction(0), Fraction(0), Fraction(0)
    for age in sorted({life.exit for life in found if life.kind in kinds}):
        at_risk = sum(life.entry <= age <= life.exit for life in found)
        here = [life.kind for life in found if life.exit == age and life.kind in kinds]
        event += share * Fraction(here.count("event"), at_risk)
        left += share * Fraction(here.count("left"), at_risk)
        share *= Fraction(at_risk - len(here), at_risk)
        spread += Fraction(len(here), at_risk * (at_risk - len(here))) if at_risk > len(here) else 0
        steps.append(Step(age, at_risk, share, spread, event, left))
    return Tenures(tuple(steps), found)


def summary(curve: Tenures, stat: str, within: int | None, leavers: str, left_out: dict[str, int]) -> Answer:
    """Return one number of a curve; n counts reps, the number of events stands beside it.

    Doubt: the median where leaving competes. Chosen: the least age by which half have the event (Aalen-Johansen), and
    no interval.
    Doubt: a restricted mean beyond the longest tenure seen. Chosen: `not_observed`, unless S has come to 0.
    Doubt: a naive mean without events. Chosen: `not_reached`.
    """
    events = [life.exit for life in curve.lives if life.kind == "event"]
    n, low, high = len(curve.lives), None, None
    parts = {"events": len(events), "survival": curve.at(curve.longest), **left_out}
    value: Fraction | int | None
    reason = "not_reached"
    if not n:
        return Answer(None, 0, "no_rows", parts)
    if stat == "naive_mean":
        value = Fraction(sum(events), len(events)) if events else None
    elif stat == "restricted_mean":
        if within is None:
            raise ValueError("a restricted mean needs within=")
        reason, known = "not_observed", within <= curve.longest or curve.at(curve.longest) == 0
        value = total(curve.at(age) for age in range(within)) if known else None
    elif leavers == "compete":
        value = next((s.age for s in curve.steps if s.event >= HALF), None)
    else:
        value = next((s.age for s in curve.steps if s.share <= HALF), None)
        low, high = [Decimal(str(end)) for end in curve.median_interval()]
    return Answer(value, n, "" if value is not None else reason, parts, low, high)


class Tenure(NamedTuple):
    """A rep with a known start: its days, the first one seen, and the first one no longer seen."""

    rep: Rep
    start: date
    first: date
    end: date
    gone: bool


class RampTerms(NamedTuple):
    """Arguments that the metrics of tenure share. `begin` is the first day of the data, None where nobody is early."""

    begin: date | None = None
    from_: str = "role_start"
    early: str = "leave_out"
    leavers: str = "censor"


PLAIN_RAMP = RampTerms()


def tenures(reps: Iterable[Rep], as_of: date, terms: RampTerms = PLAIN_RAMP) -> tuple[list[Tenure], dict[str, int]]:
    """Return the reps who have started, and how many are left out: early, undated.

    Doubt: when do the data begin? Chosen: it is said (`begin=`); a rep who starts on that day is not early.
    Doubt: a rep who starts after `as_of`. Chosen: does not exist yet, and is not counted.
    Doubt: an early rep who has left before the data begin. Chosen: early and left out, with `early="truncate"` too.
    """
    found, left_out = [], {"early": 0, "undated": 0}
    for rep in reps:
        start = clock_start(rep, terms.from_)
        if start is None:
            left_out["undated"] += 1
        elif start <= as_of:
            gone = rep.left is not None and rep.left <= as_of
            end = rep.left if rep.left is not None and gone else as_of + timedelta(1)
            first = start if terms.begin is None else max(start, terms.begin)
            if first > start and (terms.early != "truncate" or end <= first):
                left_out["early"] += 1
            else:
                found.append(Tenure(rep, start, first, end, gone))
    return found, left_out


def groups(
    reps: Sequence[Rep], by: By, as_of: date, terms: RampTerms
) -> dict[Key, tuple[list[Tenure], dict[str, int]]]:
    """Return the reps of every row, with those left out; `by` are fields of the reps."""
    names = names_of(by)
    existing = [r for r in reps if (start := clock_start(r, terms.from_)) is None or start <= as_of]
    labels = ordered(rep_labels(r.id, names, reps) for r in existing) if names else [()]
    return {key: tenures([r for r in existing if rep_labels(r.id, names, reps) == key], as_of, terms) for key in labels}


def first_deal_life(who: Tenure, deals: Sequence[Deal], as_of: date, credit: CreditTerms) -> Life:
    """Return the days from the start to the first credited win, or to the last that is known.

    Doubt: wins before the start (an earlier role), or on or after the day of leaving. Chosen: no event of this tenure.
    Doubt: credits below 0. Chosen: not a win; a win without an amount is one.
    """
    wins = [
        c.deal.closed
        for c in credits_in(deals, None, as_of, credit)
        if c.rep == who.rep.id and c.deal.closed is not None and (c.amount is None or c.amount >= 0)
    ]
    ages = sorted((day - who.start).days for day in wins if who.first <= day < who.end)
    entry = (who.first - who.start).days
    if ages:
        return Life(entry, ages[0], "event")
    last = who.end if who.gone else as_of
    return Life(entry, (last - who.start).days, "left" if who.gone else "open")


def time_to_first_deal(
    deals: Sequence[Deal],
    reps: Sequence[Rep],
    *,
    by: By = (),
    as_of: date,
    stat: str = "median",
    within: int | None = None,
    ramp: RampTerms = PLAIN_RAMP,
    credit: CreditTerms = PLAIN_CREDIT,
) -> Result:
    """Days until a new rep wins; those who have not are censored where they left, or on the day."""
    answer = {}
    for key, (rows, left_out) in groups(reps, by, as_of, ramp).items():
        lives = [first_deal_life(who, deals, as_of, credit) for who in rows]
        answer[key] = summary(tenures_of(lives, ramp.leavers), stat, within, ramp.leavers, left_out)
    return answer


class Month(NamedTuple):
    """One whole tenure month that was observed."""

    number: int
    booked: Fraction
    quota: Fraction | None


def months_of(who: Tenure, deals: Sequence[Deal], quotas: Sequence[Quota], as_of: date, terms: Terms) -> list[Month]:
    """Return the tenure months that lie wholly between the first day seen and the end.

    Doubt: a month with a quota on some of its days. Chosen: it has the quota of those days.
    """
    answer, number = [], 1
    while (span := tenure_period(who.start, number)).end <= who.end:
        if span.start >= who.first:
            own = [c for c in credits_in(deals, span, as_of, terms.credit) if c.rep == who.rep.id]
            quota = rep_quota(quotas, who.rep.id, span, terms.quota, [who.rep])
            answer.append(Month(number, summed(own), quota.amount if quota.covered and quota.amount > 0 else None))
        number += 1
    return answer


def first_month(who: Tenure) -> int:
    """Return the first tenure month that is seen whole."""
    number = 1
    while tenure_period(who.start, number).start < who.first:
        number += 1
    return number


def ramp_life(
    months: Sequence[tuple[int, bool | None]],
    *,
    sustained: int = 1,
    no_quota: str = "skip",
    kind: str = "open",
    first: int = 1,
) -> Life:
    """Return the first month of the first run of `sustained` months at the bar; None marks a month without quota.

    Without the event: censored at the last month from which that many counted months are observed, 0 where there is
    none.
    Doubt: a month without quota under `no_quota="count"`. Chosen: a month below the bar, which breaks a run.
    Doubt: when a leaver's end competes. Chosen: in the month in which the rep would be censored.
    Doubt: entry of a late-seen rep. Chosen: its first month seen whole; with too few months it is never at risk.
    """
    entry = first if first > 1 else 0
    kept = [(t, bool(made)) for t, made in months if made is not None or no_quota == "count"]
    for i in range(len(kept) - sustained + 1):
        if all(made for _, made in kept[i : i + sustained]):
            return Life(entry, kept[i][0], "event")
    return Life(entry, kept[len(kept) - sustained][0] if len(kept) >= sustained else 0, kind)


def ramp_time(
    deals: Sequence[Deal],
    quotas: Sequence[Quota],
    reps: Sequence[Rep],
    *,
    threshold: Any,
    by: By = (),
    as_of: date,
    sustained: int = 1,
    of: str = "full_quota",
    no_quota: str = "skip",
    stat: str = "median",
    within: int | None = None,
    ramp: RampTerms = PLAIN_RAMP,
    terms: Terms = PLAIN,
) -> Result:
    """Tenure months until attainment of the full (or assigned: prorated and ramped) quota stays at the threshold."""
    quota = terms.quota._replace(quota="full" if of == "full_quota" else "effective", ramp_from=ramp.from_)
    answer, bar = {}, exact(threshold)
    for key, (rows, left_out) in groups(reps, by, as_of, ramp).items():
        lives = []
        for who in rows:
            months = months_of(who, deals, quotas, as_of, terms._replace(quota=quota))
            made = [(m.number, None if m.quota is None else at_least(m.booked, bar * m.quota)) for m in months]
            kind = "left" if who.gone else "open"
            first = first_month(who)
            lives.append(ramp_life(made, sustained=sustained, no_quota=no_quota, kind=kind, first=first))
        parts = {**left_out, "not_at_risk": sum(life.exit < life.entry for life in lives)}
        answer[key] = summary(tenures_of(lives, ramp.leavers), stat, within, ramp.leavers, parts)
    return answer


def is_whole(rep: Rep, span: Period) -> bool:
    """Tell whether a rep is there on every day of a tenure month: not one of an absence."""
    return not any(absence.start < span.end and span.start < absence.end for absence in rep.absences)


def ramp_curve(
    deals: Sequence[Deal],
    quotas: Sequence[Quota],
    reps: Sequence[Rep],
    *,
    by: By = (),
    as_of: date,
    of: str = "full_quota",
    stat: str = "pooled",
    ramp: RampTerms = PLAIN_RAMP,
    terms: Terms = PLAIN,
) -> Result:
    """Credited over full quota at every tenure month (the last part of the key), n counting reps.

    Doubt: a month with an absence in it. Chosen: partial, so left out: the rep was not present the whole month.
    Doubt: a rep without quota in the month. Chosen: left out with its credits, and counted.
    Doubt: reps who started before the data begin. Chosen: left out as in the rest of the section; `early="truncate"`
    takes the months that are seen whole.
    Doubt: how far the rows go. Chosen: to the last month that any rep of any row was present for, NaN where none is.
    """
    quota = terms.quota._replace(quota="full" if of == "full_quota" else "effective", ramp_from=ramp.from_)
    found: dict[Key, list[Month]] = {}
    for key, (rows, _) in groups(reps, by, as_of, ramp).items():
        found[key] = []
        for who in rows:
            months = months_of(who, deals, quotas, as_of, terms._replace(quota=quota))
            found[key] += [m for m in months if is_whole(who.rep, tenure_period(who.start, m.number))]
    answer: Result = {}
    last = max((m.number for some in found.values() for m in some), default=0)
    for key, some in found.items():
        for number in range(1, last + 1):
            here = [m for m in some if m.number == number]
            paid = [(m.booked, m.quota) for m in here if m.quota is not None]
            booked, due = total(b for b, _ in paid), total(q for _, q in paid)
            value = nearest_rank([b / q for b, q in paid], HALF) if stat == "median" else booked / due if paid else None
            reason = "" if paid else "no_quota" if here else "no_rows"
            parts = {"booked": booked, "quota": due, "reps_without_quota": len(here) - len(paid)}
            answer[*key, number] = Answer(value, len(paid), reason, parts)
    return answer


def ramped_equivalents(reps: Sequence[Rep], *, by: By = (), on: date, ramp_from: str = "role_start") -> Result:
    """Active share times ramp share of reps on a day.

    Doubt: n, and which rows. Chosen: reps there on that day; a label without any does not appear.
    """
    names = names_of(by)
    there = [r for r in reps if is_active(r, on, ramp_from)]
    labels = ordered(rep_labels(r.id, names, reps) for r in there) if names else [()]
    answer = {}
    for key in labels:
        own = [r for r in there if rep_labels(r.id, names, reps) == key]
        answer[key] = Answer(total(ramp_share(r, on, ramp_from) for r in own), len(own))
    return answer
