"""Slow copies of sections 5 and 6: pipeline stock and coverage."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from fractions import Fraction
from typing import Any, NamedTuple

from salesmetrics.domain import Deal, Quota, Rep, SalesProcess
from tests.oracle_attainment import ledgers
from tests.oracle_rows import (
    ZERO,
    Answer,
    Asked,
    By,
    Result,
    Seen,
    cells,
    due_in,
    exact,
    grid,
    inside,
    names_of,
    no_credits,
    priced,
    rep_labels,
    seen,
    total,
    windows_of,
)


def open_pipeline(
    deals: Sequence[Deal],
    *,
    by: By = (),
    due: Asked = None,
    as_of: date | None = None,
    overdue: str = "exclude",
    undated: str = "exclude",
    reps: Iterable[Rep] = (),
    negative: str = "raise",
) -> Result:
    """Amount of the deals open on the day, all or those due in a period; n counts those with an amount."""
    answer = {}
    now = seen(deals, as_of)
    for key, (rows,) in cells(lambda w: [due_in(now, w, as_of, overdue, undated)], by, due, reps).items():
        kept = no_credits(rows, negative)
        amounts = [a for _, a in priced(kept)]
        parts = {"missing_amount": len(kept) - len(amounts), "negative": len(rows) - len(kept)}
        answer[key] = Answer(total(amounts), len(amounts), "", parts)
    return answer


def chance(row: Seen, p: str, process: SalesProcess | None) -> Fraction | None:
    """Return a deal's probability: its own, else its stage's default, as `p` asks; None without a source.

    Doubt: a deal that is open on the day and closed later is recorded with its last stage, without a history. Chosen:
    that stage's default, whatever it is.
    """
    own = row.probability
    default = None
    if process is not None and row.stage in process.names:
        raw = process.probability(row.stage)
        default = None if raw is None else exact(raw)
    if p == "deal":
        return own
    if p == "stage":
        return default
    return default if own is None else own


class Weighed(NamedTuple):
    """Amount times probability over some deals."""

    value: Fraction
    n: int
    missing_amount: int
    missing_p: int


def weigh(rows: Iterable[Seen], p: str, process: SalesProcess | None, missing_p: str, multiplier: Any = 1) -> Weighed:
    """Return the weighted sum; a probability times the multiplier never passes 1.

    Doubt: a deal without amount and without probability. Chosen: left out for its amount, no refusal.
    """
    rows = list(rows)
    value, n, unknown = ZERO, 0, 0
    for row, amount in priced(rows):
        share = chance(row, p, process)
        if share is None:
            if missing_p == "raise":
                raise ValueError(f"deal {row.id!r} has no probability from any source")
            unknown += 1
            continue
        value += amount * min(share * exact(multiplier), Fraction(1))
        n += 1
    return Weighed(value, n, len(rows) - len(priced(rows)), unknown)


def weighted_pipeline(
    deals: Sequence[Deal],
    *,
    by: By = (),
    due: Asked = None,
    as_of: date | None = None,
    overdue: str = "exclude",
    undated: str = "exclude",
    p: str = "deal_or_stage",
    process: SalesProcess | None = None,
    multiplier: Any = 1,
    missing_p: str = "raise",
    reps: Iterable[Rep] = (),
    negative: str = "raise",
) -> Result:
    """Amount times probability of the open deals; n counts the deals that went in."""
    answer = {}
    now = seen(deals, as_of)
    for key, (rows,) in cells(lambda w: [due_in(now, w, as_of, overdue, undated)], by, due, reps).items():
        kept = no_credits(rows, negative)
        sums = weigh(kept, p, process, missing_p, multiplier)
        parts = {"missing_amount": sums.missing_amount, "missing_p": sums.missing_p, "negative": len(rows) - len(kept)}
        answer[key] = Answer(sums.value, sums.n, "", parts)
    return answer


def pipeline_created(
    deals: Sequence[Deal],
    *,
    by: By = (),
    periods: Asked = None,
    as_of: date | None = None,
    reps: Iterable[Rep] = (),
    negative: str = "raise",
) -> Result:
    """Amount of the deals created in a period, whatever became of them; n counts those with an amount.

    Doubt: a deal without a creation day over all days. Chosen: left out and counted as `undated`.
    """
    answer = {}
    now = seen(deals, as_of)
    for key, (rows,) in cells(lambda w: [[d for d in now if inside(d.created, w)]], by, periods, reps).items():
        dated = [d for d in rows if d.created is not None]
        kept = no_credits(dated, negative)
        amounts = [a for _, a in priced(kept)]
        parts = {
            "missing_amount": len(kept) - len(amounts),
            "undated": len(rows) - len(dated),
            "negative": len(dated) - len(kept),
        }
        answer[key] = Answer(total(amounts), len(amounts), "", parts)
    return answer


def pipeline_coverage(
    deals: Sequence[Deal],
    quotas: Sequence[Quota],
    *,
    basis: str,
    by: By = (),
    periods: Asked = None,
    as_of: date,
    weight: str = "amount",
    overdue: str = "exclude",
    undated: str = "exclude",
    p: str = "deal_or_stage",
    process: SalesProcess | None = None,
    missing_p: str = "raise",
    reps: Iterable[Rep] = (),
) -> Result:
    """Open pipeline due in a period over its quota, full or what remains of it; n counts the deals that went in.

    Doubts, and what was chosen:
    - rows: a full basis does not read won deals, so a rep with nothing but a win has a row on the
      remaining basis only;
    - a row coarser than a rep: quota and bookings are those of the reps whose quota is above 0, as in
      `team_attainment`; the pipeline is everybody's, as the formula says, with and without quota;
    - a rep without a quota: its bookings are still reported, as in `attainment`;
    - nothing due against a positive target is a true 0.0 with n = 0, not a missing row;
    - without a quota the reason is `no_quota` on both bases.
    """
    names, reps = names_of(by), list(reps)
    windows, listed = windows_of(periods)
    now = seen(deals, as_of)
    due = [due_in(now, w, as_of, overdue, undated) for w in windows if w is not None]
    credited = deals if basis == "remaining" else []
    owed = [ledgers(credited, quotas, w, as_of) for w in windows if w is not None]
    if basis not in ("remaining", "full") or len(due) < len(windows):
        raise ValueError("basis must be remaining or full, and a period stated")
    labels = [
        [rep_labels(d.rep, names, reps) for d in ds] + [rep_labels(x.rep, names, reps) for x in xs]
        for ds, xs in zip(due, owed, strict=True)
    ]
    answer = {}
    for key, wanted, position in grid(labels, names, listed):
        rows = no_credits(d for d in due[position] if rep_labels(d.rep, names, reps) == wanted)
        own = [x for x in owed[position] if rep_labels(x.rep, names, reps) == wanted]
        paid = [x for x in own if x.has_quota]
        amounts = [a for _, a in priced(rows)]
        value, n = total(amounts), len(amounts)
        parts: dict[str, Any] = {"missing_amount": len(rows) - n}
        if weight == "weighted":
            value, n, _, parts["missing_p"] = weigh(rows, p, process, missing_p)
        quota, booked = total(x.quota for x in paid), total(x.booked for x in (own if "rep" in names else paid))
        target = quota - booked if basis == "remaining" else quota
        parts |= {"open": value, "quota": quota if paid else None, "target": target if paid else None, "booked": booked}
        if not paid:
            answer[key] = Answer(None, n, "no_quota", parts)
        elif target <= 0:
            answer[key] = Answer(None, n, "target_met", parts)
        else:
            answer[key] = Answer(value / target, n, "", parts)
    return answer


def required_coverage(rate: Answer | Fraction | None) -> Answer:
    """One over a win rate, or over the answer of `win_rate`."""
    value = rate.value if isinstance(rate, Answer) else rate
    n = rate.n if isinstance(rate, Answer) else 0
    if value is None:
        return Answer(None, n, rate.reason if isinstance(rate, Answer) else "no_rows")
    return Answer(1 / Fraction(value), n) if value else Answer(None, n, "zero_denominator")
