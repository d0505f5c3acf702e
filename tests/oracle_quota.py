"""Slow copies of section 4: what a rep's quota of a period comes to, one day after another.

Every day carries the amount in force, times its weight, times whether the rep is there, times the rep's ramp share.
Shares and weights are the decimals as written.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from fractions import Fraction
from functools import cache
from typing import Any, NamedTuple

from salesmetrics.calendars import Period
from salesmetrics.domain import Quota, Rep
from tests.oracle_rows import Answer, Asked, By, Result, exact, grid, names_of, rep_labels, total, windows_of

ONE = Fraction(1)
NEAR = Fraction(1, 10**9)
"""What sums of shares may miss 1 by (E14), and what computed numbers may differ by and be equal (C15)."""


class QuotaTerms(NamedTuple):
    """The arguments of `effective_quota`; `quota="full"` is the number without joiners, leavers, absence and ramp.

    `weights` are numbers, one for each month of a quota's own bounds, or pairs of a sub-period and a number.
    """

    unit: str = "day"
    weights: tuple[Any, ...] | None = None
    ramp: str = "schedule"
    ramp_from: str = "role_start"
    prorate: bool = True
    quota: str = "effective"
    holidays: tuple[date, ...] = ()
    weekmask: str = "1111100"


PLAIN_QUOTA = QuotaTerms()


def days_of(start: date, end: date) -> list[date]:
    """Return the days of a half-open span."""
    return [start + timedelta(i) for i in range((end - start).days)]


def add_months(day: date, months: int) -> date:
    """Return the day so many calendar months later, clamped at the end of the month (C10)."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def tenure_period(start: date, month: int) -> Period:
    """Return the days of a tenure month, the first being 1."""
    return Period(add_months(start, month - 1), add_months(start, month))


def tenure_month(start: date, day: date) -> int:
    """Return the tenure month that a day lies in; days before the start are in month 1."""
    month = 1
    while day >= add_months(start, month):
        month += 1
    return month


def is_business(day: date, terms: QuotaTerms) -> bool:
    """Tell whether a day is worked: by the week, and no holiday."""
    return terms.weekmask[day.weekday()] == "1" and day not in terms.holidays


def sub_periods(bounds: Period, weights: tuple[Any, ...] | None) -> list[tuple[Period, Fraction]]:
    """Return the sub-periods of a quota's bounds with their weights, which must add up to 1.

    Doubt: how weights name their sub-periods. Chosen: plain numbers are for whole months counted from the first day of
    the bounds, of which there must be as many; pairs of (sub-period, number) must tile the bounds.
    Doubt: weights that miss 1 by less than 1e-9. Chosen: taken as they are, not scaled.
    """
    if weights is None:
        return [(bounds, ONE)]
    if all(isinstance(w, tuple) for w in weights):
        found = sorted(
            (period, exact(w)) for period, w in weights if period.start < bounds.end and bounds.start < period.end
        )
    else:
        found = [(tenure_period(bounds.start, k), exact(w)) for k, w in enumerate(weights, start=1)]
    edge = bounds.start
    for period, _ in found:
        if period.start != edge:
            raise ValueError("sub-periods must tile the bounds of the quota")
        edge = period.end
    if edge != bounds.end:
        raise ValueError("sub-periods must tile the bounds of the quota")
    if abs(total(w for _, w in found) - 1) > NEAR or any(w < 0 for _, w in found):
        raise ValueError("weights must add up to 1")
    return found


@cache
def day_weights(start: date, end: date, terms: QuotaTerms) -> dict[date, Fraction]:
    """Return what share of a quota every day of its bounds carries; they add up to 1.

    Doubt: months that a sub-period holds in part (`unit="month"`). Chosen: the words, every calendar month that it has
    a day of weighs the same, split over the days it has there. So two days of May beside three whole months weigh 1/4.
    (The other readings: months counted from the first day; or a cut month weighs in proportion to its days.)
    Doubt: a sub-period without business days. Chosen: it adds nothing.
    """
    answer: dict[date, Fraction] = {}
    for period, weight in sub_periods(Period(start, end), terms.weights):
        days = days_of(period.start, period.end)
        months = {(d.year, d.month) for d in days}
        business = [d for d in days if is_business(d, terms)]
        for d in days:
            if terms.unit == "month":
                size = sum(1 for other in days if (other.year, other.month) == (d.year, d.month))
                answer[d] = weight / len(months) / size
            elif terms.unit == "business_day":
                answer[d] = weight / len(business) if d in business else Fraction(0)
            else:
                answer[d] = weight / len(days)
    return answer


def clock_start(rep: Rep, ramp_from: str = "role_start") -> date | None:
    """Return the first day of a rep's tenure, None where it is not known."""
    return (rep.hired or rep.role_start) if ramp_from == "hired" else (rep.role_start or rep.hired)


def is_active(rep: Rep | None, day: date, ramp_from: str = "role_start") -> bool:
    """Tell whether a rep is there on a day: started, not left, not absent.

    Doubt: is a rep hired in January with `role_start` in March active in February? Chosen: no, activity begins where
    the tenure clock does (`ramp_from="hired"`: from January), so that no active day is before the first tenure month.
    Doubt: a rep without any start day, or not in the rep book. Chosen: there from the beginning, and ramped.
    """
    if rep is None:
        return True
    start = clock_start(rep, ramp_from)
    if (start is not None and day < start) or (rep.left is not None and day >= rep.left):
        return False
    return not any(absence.start <= day < absence.end for absence in rep.absences)


def ramp_share(rep: Rep | None, day: date, ramp_from: str = "role_start") -> Fraction:
    """Return the schedule's entry for the tenure month of a day, 1 after its end.

    Doubt: days before the start, which count where `prorate=False`. Chosen: the first entry.
    """
    start = None if rep is None else clock_start(rep, ramp_from)
    if rep is None or start is None or not rep.ramp:
        return ONE
    month = tenure_month(start, day)
    return exact(rep.ramp[month - 1]) if month <= len(rep.ramp) else ONE


class QuotaSum(NamedTuple):
    """A quota over a period: money, days with a row in force, those of them that the rep was there, and ramping."""

    amount: Fraction
    covered: int
    active: int
    ramping: bool

    @property
    def value(self) -> Fraction | None:
        """The amount, or None where no day is covered."""
        return self.amount if self.covered else None


def in_force(quotas: Iterable[Quota], day: date) -> Quota | None:
    """Return the row in force on a day: of those with the same bounds the latest `effective_from` by then (E13)."""
    rows = [q for q in quotas if q.start <= day < q.end and (q.effective_from or q.start) <= day]
    if len({(q.start, q.end) for q in rows}) > 1:
        raise ValueError("quotas of one rep overlap with different bounds (E13)")
    return max(rows, key=lambda q: q.effective_from or q.start, default=None)


def quota_sum(rows: Sequence[Quota], rep: Rep | None, period: Period, terms: QuotaTerms = PLAIN_QUOTA) -> QuotaSum:
    """Return the sum over the days of a period, of the rows of one rep or one team.

    Doubt: `prorate=False`. Chosen: the active share is 1 on every covered day; the ramp still applies, and a period
    that is shorter than the quota's bounds still takes only its own days.
    Doubt: ramping. Chosen: a ramp share below 1 on any covered day on which the rep is there.
    """
    near = [q for q in rows if q.start < period.end and period.start < q.end]
    amount, covered, active, ramping = Fraction(0), 0, 0, False
    full, shape = terms.quota == "full", terms._replace(quota="", ramp="", ramp_from="", prorate=True)
    first = max([period.start, *sorted(q.start for q in near)[:1]])
    for day in days_of(first, min(period.end, max((q.end for q in near), default=first))):
        row = in_force(near, day)
        if row is None:
            continue
        covered += 1
        there = is_active(rep, day, terms.ramp_from)
        share = ramp_share(rep, day, terms.ramp_from)
        ramping = ramping or (there and share < 1)
        if full or not terms.prorate or there:
            active += 1
            weight = day_weights(row.start, row.end, shape)[day]
            amount += exact(row.amount) * weight * (share if terms.ramp == "schedule" and not full else 1)
    return QuotaSum(amount, covered, active, ramping)


def rep_of(reps: Iterable[Rep], rep: Any) -> Rep | None:
    """Return the rep's own object, None where the book does not have it."""
    return next((r for r in reps if r.id == rep), None)


def rep_quota(
    quotas: Iterable[Quota], rep: Any, period: Period, terms: QuotaTerms = PLAIN_QUOTA, reps: Iterable[Rep] = ()
) -> QuotaSum:
    """Return the quota of one rep in a period."""
    rows = [q for q in quotas if q.rep is not None and q.rep == rep]
    return quota_sum(rows, rep_of(reps, rep), period, terms)


def active_share(rep: Rep | None, period: Period, ramp_from: str = "role_start") -> Fraction:
    """Return the share of a period's days on which a rep is there."""
    return Fraction(sum(is_active(rep, d, ramp_from) for d in days_of(period.start, period.end)), period.days)


def effective_quota(
    quotas: Sequence[Quota],
    *,
    by: By = (),
    periods: Asked = None,
    reps: Iterable[Rep] = (),
    terms: QuotaTerms = PLAIN_QUOTA,
) -> Result:
    """Return the quotas of reps (rows with a team number and no rep are left out); n counts active days.

    Doubt: a row in force and no active day. Chosen: 0 with n = 0, since a day is covered.
    Doubt: n with `unit="business_day"`. Chosen: all active days, not only those that carry something.
    Doubt: n of several reps. Chosen: rep-days.
    """
    reps, names = list(reps), names_of(by)
    windows, listed = windows_of(periods)
    read: list[dict[Any, QuotaSum]] = []
    for window in windows:
        if window is None:
            raise ValueError("quotas need a period")
        sums = {rep: rep_quota(quotas, rep, window, terms, reps) for rep in {q.rep for q in quotas} - {None}}
        read.append({rep: found for rep, found in sums.items() if found.covered})
    labels = [[rep_labels(rep, names, reps) for rep in sums] for sums in read]
    answer = {}
    for key, wanted, position in grid(labels, names, listed):
        own = [found for rep, found in read[position].items() if rep_labels(rep, names, reps) == wanted]
        n = sum(found.active for found in own)
        answer[key] = Answer(total(x.amount for x in own), n) if own else Answer(None, 0, "no_quota")
    return answer


def full_quota(
    quotas: Sequence[Quota],
    *,
    by: By = (),
    periods: Asked = None,
    reps: Iterable[Rep] = (),
    terms: QuotaTerms = PLAIN_QUOTA,
) -> Result:
    """Return the quotas without joiners, leavers, absence and ramp; n counts covered days."""
    return effective_quota(quotas, by=by, periods=periods, reps=reps, terms=terms._replace(quota="full"))
