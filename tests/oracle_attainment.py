"""Slow copies of section 4: bookings, quota, attainment, gap."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from fractions import Fraction
from typing import Any, NamedTuple

from salesmetrics.calendars import Period
from salesmetrics.domain import Deal, Quota, Rep
from tests.oracle_rows import (
    Answer,
    Asked,
    By,
    Key,
    Result,
    Seen,
    cells,
    exact,
    grid,
    inside,
    names_of,
    priced,
    rep_labels,
    seen,
    total,
    windows_of,
)


def won_in(deals: Iterable[Deal], window: Period | None, as_of: date | None) -> list[Seen]:
    """Return the deals won, closed in the window and by the day."""
    return [d for d in seen(deals, as_of) if d.is_won and inside(d.closed, window)]


def credited_bookings(
    deals: Sequence[Deal], *, by: By = (), periods: Asked = None, as_of: date | None = None, reps: Iterable[Rep] = ()
) -> Result:
    """Amount of the deals won; n counts those with an amount, `missing_amount` the others."""
    answer = {}
    for key, (won,) in cells(lambda w: [won_in(deals, w, as_of)], by, periods, reps).items():
        amounts = [a for _, a in priced(won)]
        answer[key] = Answer(total(amounts), len(amounts), "", {"missing_amount": len(won) - len(amounts)})
    return answer


def quota_on(quotas: Iterable[Quota], rep: Any, day: date) -> Fraction | None:
    """Return what one day carries of a rep's quota: the amount in force over the days of its bounds; None without one.

    Of the rows with the same bounds the one with the latest `effective_from` by that day is in force (E13).
    Doubt: a day before the first `effective_from` of its bounds. Chosen: no row is in force, it adds nothing.
    """
    rows = [q for q in quotas if q.rep == rep and q.rep is not None and q.start <= day < q.end]
    rows = [q for q in rows if (q.effective_from or q.start) <= day]
    if not rows:
        return None
    row = max(rows, key=lambda q: q.effective_from or q.start)
    return exact(row.amount) / (row.end - row.start).days


def rep_quota(quotas: Iterable[Quota], rep: Any, period: Period) -> tuple[Fraction, int]:
    """Return a rep's effective quota of a period and the days that a row covers (without a rep book, all active)."""
    near = [q for q in quotas if q.rep == rep and q.start < period.end and period.start < q.end]
    shares = []
    if near:
        first = max(period.start, min(q.start for q in near))
        end = min(period.end, max(q.end for q in near))
        days = [quota_on(near, rep, first + timedelta(days=i)) for i in range((end - first).days)]
        shares = [share for share in days if share is not None]
    return total(shares), len(shares)


class Ledger(NamedTuple):
    """One rep in one period."""

    rep: Any
    booked: Fraction
    credited: int
    missing: int
    quota: Fraction
    days: int

    @property
    def has_quota(self) -> bool:
        """Whether attainment is defined: a quota above 0."""
        return self.days > 0 and self.quota > 0


def ledgers(deals: Sequence[Deal], quotas: Sequence[Quota], period: Period, as_of: date | None) -> list[Ledger]:
    """Return every rep with a deal won in the period, even one without amount, or a quota in force in it.

    Doubt: rows with a team number and no rep. Chosen: left out; a team is the sum of its reps (N24) until
    `team_quota=` is defined further.
    """
    won = won_in(deals, period, as_of)
    answer = []
    for rep in {d.rep for d in won} | {q.rep for q in quotas if q.rep is not None}:
        own = [d for d in won if d.rep == rep]
        amounts = [a for _, a in priced(own)]
        quota, days = rep_quota(quotas, rep, period)
        if own or days:
            answer.append(Ledger(rep, total(amounts), len(amounts), len(own) - len(amounts), quota, days))
    return answer


def ledger_cells(
    deals: Sequence[Deal], quotas: Sequence[Quota], by: By, periods: Asked, as_of: date | None, reps: Iterable[Rep]
) -> dict[Key, list[Ledger]]:
    """Return the reps that every row of an attainment reads. Quotas need stated periods."""
    windows, listed = windows_of(periods)
    names, reps = names_of(by), list(reps)
    read = [ledgers(deals, quotas, w, as_of) for w in windows if w is not None]
    if len(read) < len(windows):
        raise ValueError("quotas need a period")
    labels = [[rep_labels(x.rep, names, reps) for x in some] for some in read]
    return {
        key: [x for x in read[position] if rep_labels(x.rep, names, reps) == wanted]
        for key, wanted, position in grid(labels, names, listed)
    }


def effective_quota(quotas: Sequence[Quota], *, by: By = (), periods: Asked = None, reps: Iterable[Rep] = ()) -> Result:
    """Amount in force on every day, spread evenly over the days of its bounds; n counts covered days.

    Doubt: n of several reps together. Chosen: their days added up (rep-days).
    """
    answer = {}
    for key, own in ledger_cells([], quotas, by, periods, None, reps).items():
        days = sum(x.days for x in own)
        quota = total(x.quota for x in own)
        answer[key] = Answer(quota, days) if days else Answer(None, 0, "no_quota")
    return answer


def attainment(
    deals: Sequence[Deal],
    quotas: Sequence[Quota],
    *,
    by: By = (),
    periods: Asked = None,
    as_of: date | None = None,
    reps: Iterable[Rep] = (),
) -> Result:
    """Credited bookings over effective quota; with `rep` in `by` n counts credited deals.

    Anything coarser is `team_attainment`, and n counts its reps.
    """
    if "rep" not in names_of(by):
        return team_attainment(deals, quotas, by=by, periods=periods, as_of=as_of, reps=reps)
    answer = {}
    for key, own in ledger_cells(deals, quotas, by, periods, as_of, reps).items():
        booked, n = total(x.booked for x in own), sum(x.credited for x in own)
        quota = total(x.quota for x in own) if any(x.days for x in own) else None
        parts = {
            "booked": booked,
            "quota": quota,
            "gap": None if quota is None else booked - quota,
            "missing_amount": sum(x.missing for x in own),
        }
        if quota is None or quota <= 0:
            answer[key] = Answer(None, n, "no_quota", parts)
        else:
            answer[key] = Answer(booked / quota, n, "", parts)
    return answer


def team_attainment(
    deals: Sequence[Deal],
    quotas: Sequence[Quota],
    *,
    by: By = (),
    periods: Asked = None,
    as_of: date | None = None,
    reps: Iterable[Rep] = (),
    method: str = "pooled",
    no_quota: str = "exclude",
) -> Result:
    """Bookings over quota of the reps whose quota is above 0; n counts them.

    Credits of the others are left out and stand in `booked_without_quota`, their reps in `reps_without_quota`
    (`no_quota="include"` puts the credits into the numerator). A deal without a rep belongs to a rep without quota.
    """
    answer = {}
    for key, own in ledger_cells(deals, quotas, by, periods, as_of, reps).items():
        paid, unpaid = [x for x in own if x.has_quota], [x for x in own if not x.has_quota]
        booked = total(x.booked for x in (own if no_quota == "include" else paid))
        quota = total(x.quota for x in paid)
        parts = {
            "booked": booked,
            "quota": quota if paid else None,
            "gap": booked - quota if paid else None,
            "booked_without_quota": total(x.booked for x in unpaid),
            "reps_without_quota": len(unpaid),
            "missing_amount": sum(x.missing for x in own),
        }
        if not paid:
            answer[key] = Answer(None, 0, "no_quota", parts)
        elif method == "mean_of_reps":
            answer[key] = Answer(total(x.booked / x.quota for x in paid) / len(paid), len(paid), "", parts)
        else:
            answer[key] = Answer(booked / quota, len(paid), "", parts)
    return answer


def attainment_gap(
    deals: Sequence[Deal],
    quotas: Sequence[Quota],
    *,
    by: By = (),
    periods: Asked = None,
    as_of: date | None = None,
    reps: Iterable[Rep] = (),
) -> Result:
    """Bookings less quota: negative is short. Quota 0: the bookings.

    Doubt: which reps a coarser gap takes, those with a quota above 0 as `team_attainment` does, or all with a quota
    row, as the gap's own line says (Q = 0: B). Chosen: those with a row, so that the gaps of reps add up (A14). It
    differs from the pooled one by the bookings of reps whose quota is 0.
    """
    answer = {}
    fine = "rep" in names_of(by)
    for key, own in ledger_cells(deals, quotas, by, periods, as_of, reps).items():
        due = [x for x in own if x.days]
        n = sum(x.credited for x in own) if fine else len(due)
        booked, quota = total(x.booked for x in (own if fine else due)), total(x.quota for x in due)
        parts = {"booked": booked, "quota": quota if due else None}
        answer[key] = Answer(booked - quota, n, "", parts) if due else Answer(None, n, "no_quota", parts)
    return answer
