"""Slow copies of section 4: pace, linearity, what is still to close per day."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from fractions import Fraction
from typing import Any

from salesmetrics.calendars import Period
from salesmetrics.domain import Deal, Quota, Rep
from tests.oracle_credit import (
    PLAIN,
    PLAIN_CREDIT,
    CreditTerms,
    Terms,
    counted,
    credit_cells,
    credits_in,
    due,
    ledger_cells,
    summed,
)
from tests.oracle_quota import NEAR, PLAIN_QUOTA, QuotaTerms, days_of, is_business
from tests.oracle_rows import (
    Answer,
    Asked,
    By,
    Result,
    exact,
    last_day,
    names_of,
    statistic,
    total,
    windows_of,
)


def at_least(value: Fraction, wanted: Fraction) -> bool:
    """Tell whether a value reaches another one, a relative difference below 1e-9 being none (C15).

    Two numbers of whole minor units (here: of at most six decimals) compare exactly, as quotients of integers do.
    """
    if value >= wanted:
        return True
    if (value * 10**6).denominator == (wanted * 10**6).denominator == 1:
        return False
    return wanted - value < NEAR * max(abs(value), abs(wanted))


def clock_days(period: Period, clock: str, terms: QuotaTerms) -> list[date]:
    """Return the days of a period that the clock counts."""
    days = days_of(period.start, period.end)
    return [d for d in days if is_business(d, terms)] if clock == "business_days" else days


def elapsed_share(period: Period, as_of: date, clock: str = "calendar", terms: QuotaTerms = PLAIN_QUOTA) -> Fraction:
    """Return the share of a period's days that have passed, `as_of` being the last of them (C4).

    Doubt: a period without business days. Chosen: share 0 until it is complete.
    """
    days = clock_days(period, clock, terms)
    if last_day(period) <= as_of:
        return Fraction(1)
    return Fraction(sum(1 for d in days if d <= as_of), len(days)) if days else Fraction(0)


def cumulative_share(
    deals: Sequence[Deal], period: Period, share: Fraction, terms: CreditTerms = PLAIN_CREDIT
) -> Fraction | None:
    """Return the share of a period's final bookings that was there after a share of its days; None if final <= 0.

    Doubt: a share that falls inside a day of a period of another length. Chosen: the days wholly elapsed (rounded
    down), no interpolation.
    """
    days = days_of(period.start, period.end)
    by_then = days[: int(share * len(days))]
    credits = [c for c in credits_in(deals, period, None, terms) if c.amount is not None]
    dated = dict(terms.booked or ())
    early = [c for c in credits if dated.get(c.deal.id, c.deal.closed) in by_then]
    return summed(early) / summed(credits) if summed(credits) > 0 else None


def linearity_curve(
    deals: Sequence[Deal],
    past: Iterable[Period],
    shares: Iterable[Any],
    *,
    as_of: date,
    stat: str = "mean",
    terms: CreditTerms = PLAIN_CREDIT,
) -> dict[Fraction, Answer]:
    """Share of a period's bookings there by each elapsed share, over the past complete periods; n counts periods.

    Doubt: what the state of a deal is. Chosen: as known on `as_of`, so that periods end before or on it.
    Doubt: the curve of a grouped pace. Chosen: one curve of all deals.
    """
    known = [d for d in deals if d.closed is None or d.closed <= as_of]
    complete = [p for p in past if last_day(p) <= as_of]
    answer = {}
    for share in [exact(s) for s in shares]:
        found = [cumulative_share(known, p, share, terms) for p in complete]
        values = [v for v in found if v is not None]
        parts = {"left_out": len(found) - len(values)}
        value = statistic(values, stat)
        answer[share] = Answer(value, len(values), "" if values else "no_rows", parts)
    return answer


def pace_of(
    booked: Fraction,
    period: Period,
    as_of: date,
    *,
    clock: str = "calendar",
    deals: Sequence[Deal] = (),
    past: Iterable[Period] = (),
    stat: str = "mean",
    terms: Terms = PLAIN,
) -> tuple[Fraction | None, str]:
    """Return where a period lands at this rate, or the reason why that is not known.

    Doubt: a curve without a period behind it. Chosen: `no_rows`. A curve at 0 (nothing is ever closed by now):
    `zero_denominator`; before the first day it is `not_started` whatever the clock.
    """
    if last_day(period) <= as_of:
        return booked, ""
    share = elapsed_share(period, as_of, "calendar" if clock == "curve" else clock, terms.quota)
    if share == 0:
        return None, "not_started"
    if clock == "curve":
        point = linearity_curve(deals, past, [share], as_of=as_of, stat=stat, terms=terms.credit)[share]
        if point.value is None or not isinstance(point.value, Fraction):
            return None, point.reason
        if point.value <= 0:
            return None, "zero_denominator"
        share = point.value
    return booked / share, ""


def window_at(periods: Asked, key: tuple[Any, ...]) -> Period:
    """Return the period of a row."""
    windows, listed = windows_of(periods)
    window = windows[key[-1]] if listed else windows[0]
    if window is None:
        raise ValueError("this needs a period")
    return window


def pace(
    deals: Sequence[Deal],
    *,
    by: By = (),
    periods: Asked,
    as_of: date,
    clock: str = "calendar",
    past: Iterable[Period] = (),
    stat: str = "mean",
    terms: Terms = PLAIN,
    reps: Iterable[Rep] = (),
) -> Result:
    """Bookings over the elapsed share of the period; n counts credited deals."""
    answer, past = {}, list(past)
    for key, credits in credit_cells(deals, by, periods, as_of, terms.credit, reps).items():
        n, missing = counted(credits)
        booked = summed(credits)
        value, reason = pace_of(
            booked, window_at(periods, key), as_of, clock=clock, deals=deals, past=past, stat=stat, terms=terms
        )
        answer[key] = Answer(value, n, reason, {"booked": booked, "missing_amount": missing})
    return answer


def pace_attainment(
    deals: Sequence[Deal],
    quotas: Sequence[Quota],
    *,
    by: By = "rep",
    periods: Asked,
    as_of: date,
    clock: str = "calendar",
    past: Iterable[Period] = (),
    stat: str = "mean",
    terms: Terms = PLAIN,
    reps: Iterable[Rep] = (),
) -> Result:
    """Pace over the quota of the whole period; coarser than a rep it is pooled over the reps with a quota above 0.

    Doubt: no quota in a period that has not begun. Chosen: the reason is `no_quota`.
    Doubt: n. Chosen: credited deals by rep, else reps with a quota, as attainment counts.
    """
    answer, past = {}, list(past)
    fine = "rep" in names_of(by)
    for key, own in ledger_cells(deals, quotas, by, periods, as_of, terms, reps).items():
        paid = [x for x in own if x.has_quota]
        n = sum(x.credited for x in own) if fine else len(paid)
        booked, quota = total(x.booked for x in (own if fine else paid)), total(x.quota.amount for x in paid)
        value, reason = pace_of(
            booked, window_at(periods, key), as_of, clock=clock, deals=deals, past=past, stat=stat, terms=terms
        )
        parts = {"booked": booked, "pace": value, "quota": due(own)}
        if not paid:
            answer[key] = Answer(None, n, "no_quota", parts)
        else:
            answer[key] = Answer(None if value is None else value / quota, n, reason, parts)
    return answer


def required_run_rate(
    deals: Sequence[Deal],
    quotas: Sequence[Quota],
    *,
    by: By = "rep",
    periods: Asked,
    as_of: date,
    clock: str = "calendar",
    terms: Terms = PLAIN,
    reps: Iterable[Rep] = (),
) -> Result:
    """What must close on every remaining day; 0 where the quota is met.

    Doubt: a quota of 0. Chosen: met, unless the bookings are negative; only a missing one is `no_quota`.
    Doubt: coarser than a rep. Chosen: quotas less bookings of the reps with a row in force, as the gap, so a rep above
    quota makes up for one below.
    """
    answer = {}
    fine = "rep" in names_of(by)
    for key, own in ledger_cells(deals, quotas, by, periods, as_of, terms, reps).items():
        rows = own if fine else [x for x in own if x.quota.covered]
        n = sum(x.credited for x in rows) if fine else len(rows)
        booked, quota = total(x.booked for x in rows), due(rows)
        remaining = len([d for d in clock_days(window_at(periods, key), clock, terms.quota) if d > as_of])
        parts = {"booked": booked, "quota": quota, "remaining_days": remaining}
        if quota is None:
            answer[key] = Answer(None, n, "no_quota", parts)
        elif at_least(booked, quota):
            answer[key] = Answer(Fraction(0), n, "", parts)
        elif not remaining:
            answer[key] = Answer(None, n, "period_over", parts)
        else:
            answer[key] = Answer((quota - booked) / remaining, n, "", parts)
    return answer
