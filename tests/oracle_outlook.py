"""Slow copies of the forecast as a law: every total there can be, deal by deal, in whole numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from fractions import Fraction
from typing import Any

from salesmetrics.domain import Deal, Quota, Rep, SalesProcess
from tests.oracle_attainment import Ledger, ledgers, won_in
from tests.oracle_pipeline import chance
from tests.oracle_rows import (
    Answer,
    Asked,
    By,
    Result,
    Seen,
    cells,
    deal_labels,
    due_in,
    exact,
    grid,
    names_of,
    no_credits,
    priced,
    rep_labels,
    seen,
    total,
    windows_of,
)

Law = dict[Fraction, Fraction]
NEAR = Fraction(1, 10**9)


def law_of(stakes: Iterable[tuple[Fraction, Fraction]], won: Fraction = Fraction(0)) -> Law:
    """Return the mass of every total: what is won, and each amount with its chance."""
    law: Law = {won: Fraction(1)}
    for amount, p in stakes:
        after: Law = {}
        for value, mass in law.items():
            for where, share in ((value, 1 - p), (value + amount, p)):
                if share:
                    after[where] = after.get(where, Fraction(0)) + mass * share
        law = after
    return law


def quantile(law: Law, share: Any) -> Fraction:
    """Return the least total that is not exceeded with a chance of a share; what is nearer than 1e-9 counts as equal (C15)."""
    wanted, so_far = exact(share) * (1 - NEAR), Fraction(0)
    for value in sorted(law):
        so_far += law[value]
        if so_far >= wanted:
            return value
    return max(law)


def at_least(law: Law, value: Any) -> Fraction:
    """Return the chance of a total of at least a value: a tie counts."""
    return sum((mass for total_, mass in law.items() if total_ >= exact(value)), Fraction(0))


def stakes_of(
    rows: Iterable[Seen], p: str, process: SalesProcess | None, missing_p: str, multiplier: Any, negative: str
) -> tuple[list[tuple[Fraction, Fraction]], dict[str, int]]:
    """Return amounts and chances of open deals, and how many were left out."""
    rows = list(rows)
    kept = no_credits(rows, negative)
    found, unknown = [], 0
    for row, amount in priced(kept):
        share = chance(row, p, process)
        if share is None:
            if missing_p == "raise":
                raise ValueError(f"deal {row.id!r} has no probability from any source")
            unknown += 1
            continue
        found.append((amount, min(share * exact(multiplier), Fraction(1))))
    return found, {
        "missing_amount": len(kept) - len(priced(kept)),
        "missing_p": unknown,
        "negative": len(rows) - len(kept),
    }


def forecast_distribution(
    deals: Sequence[Deal],
    *,
    by: By = (),
    periods: Asked = None,
    as_of: date | None = None,
    overdue: str = "exclude",
    undated: str = "exclude",
    p: str = "deal_or_stage",
    process: SalesProcess | None = None,
    multiplier: Any = 1,
    missing_p: str = "raise",
    reps: Iterable[Rep] = (),
    negative: str = "raise",
    q: Any = None,
) -> Result:
    """The mean of the total, or its quantile q; n counts the open deals.

    Doubt: a total without a period. Chosen: everything won and every open deal, as all metrics read "all days".
    """
    answer = {}
    now = seen(deals, as_of)
    for key, (rows, won) in cells(
        lambda w: [due_in(now, w, as_of, overdue, undated), won_in(deals, w, as_of)], by, periods, reps
    ).items():
        stakes, parts = stakes_of(rows, p, process, missing_p, multiplier, negative)
        booked = total(a for _, a in priced(won))
        parts["missing_amount"] += len(won) - len(priced(won))
        weighted = total(a * share for a, share in stakes)
        value = booked + weighted if q is None else quantile(law_of(stakes, booked), q)
        answer[key] = Answer(value, len(stakes), "", {**parts, "won": booked, "weighted": weighted})
    return answer


def p_hit_quota(
    deals: Sequence[Deal],
    quotas: Sequence[Quota],
    *,
    by: By = (),
    periods: Asked = None,
    as_of: date,
    p: str = "deal_or_stage",
    process: SalesProcess | None = None,
    missing_p: str = "raise",
    reps: Iterable[Rep] = (),
    negative: str = "raise",
) -> Result:
    """The chance that the total of the deals in a row reaches the quotas of its reps.

    Doubt: won and open deals of a rep without a quota, in a row coarser than a rep. Chosen: they are in the total.
    """
    names, reps = names_of(by), list(reps)
    windows, listed = windows_of(periods)
    now = seen(deals, as_of)
    open_ = [due_in(now, w, as_of, "exclude", "exclude") for w in windows]
    won = [won_in(deals, w, as_of) for w in windows]
    owed = [[x for x in ledgers([], quotas, w, as_of) if x.days] for w in windows if w is not None]
    labels = [
        [deal_labels(d, names, reps) for d in (*some, *wins)] + [rep_labels(x.rep, names, reps) for x in ledger]
        for some, wins, ledger in zip(open_, won, owed, strict=True)
    ]
    answer = {}
    for key, wanted, at in grid(labels, names, listed):
        own: list[Ledger] = [x for x in owed[at] if rep_labels(x.rep, names, reps) == wanted]
        mine = [d for d in open_[at] if deal_labels(d, names, reps) == wanted]
        stakes, parts = stakes_of(mine, p, process, missing_p, 1, negative)
        wins = [d for d in won[at] if deal_labels(d, names, reps) == wanted]
        booked, quota = total(a for _, a in priced(wins)), total(x.quota for x in own)
        parts["missing_amount"] += len(wins) - len(priced(wins))
        told = {**parts, "won": booked, "quota": quota if quota > 0 else None}
        if quota > 0:
            near = quota - max(quota * NEAR, Fraction(1, 10**8))
            answer[key] = Answer(at_least(law_of(stakes, booked), near), len(stakes), "", told)
        else:
            answer[key] = Answer(None, len(stakes), "no_quota", told)
    return answer
