"""Slow copies of section 4: teams, the share of reps at quota, concentration, streaks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import Any

from salesmetrics.domain import Deal, Quota, Rep
from tests.oracle_credit import (
    PLAIN,
    PLAIN_CREDIT,
    CreditTerms,
    Ledger,
    Terms,
    attainment,
    credit_cells,
    ledger_cells,
    summed,
)
from tests.oracle_intervals import wilson
from tests.oracle_pace import at_least
from tests.oracle_rows import Answer, Asked, By, Key, Result, exact, last_day, names_of, nearest_rank, total, windows_of

QUANTILES = ("0.1", "0.25", "0.5", "0.75", "0.9")


def team_attainment(
    deals: Sequence[Deal],
    quotas: Sequence[Quota],
    *,
    by: By = (),
    periods: Asked = None,
    as_of: date | None = None,
    method: str = "pooled",
    no_quota: str = "exclude",
    team_quota: Any = None,
    terms: Terms = PLAIN,
    reps: Iterable[Rep] = (),
) -> Result:
    """Bookings over quota of the reps whose quota is above 0; n counts them.

    `team_quota` is a number for every row, or numbers by the row's labels (one label, or a tuple of several).
    Doubt: whose bookings stand over a team's own number. Chosen: the same as over the sum (reps with a quota above 0,
    all with `no_quota="include"`): only the denominator is another. It needs no rep with a quota then, n may be 0.
    Doubt: `mean_of_reps` with `no_quota="include"`, or with a team's number. Chosen: refused, the mean reads neither.
    """
    if method == "mean_of_reps" and (no_quota == "include" or team_quota is not None):
        raise ValueError("mean_of_reps reads neither no_quota= nor team_quota= (C12)")
    answer = {}
    names = names_of(by)
    for key, own in ledger_cells(deals, quotas, by, periods, as_of, terms, reps).items():
        paid, unpaid = [x for x in own if x.has_quota], [x for x in own if not x.has_quota]
        booked = total(x.booked for x in (own if no_quota == "include" else paid))
        quota = total(x.quota.amount for x in paid) if paid else None
        if team_quota is not None:
            quota = own_number(team_quota, key[: len(names)])
        parts = {
            "booked": booked,
            "quota": quota,
            "gap": None if quota is None else booked - quota,
            "booked_without_quota": total(x.booked for x in unpaid),
            "reps_without_quota": len(unpaid),
            "missing_amount": sum(x.missing for x in own),
        }
        if quota is None or quota <= 0:
            answer[key] = Answer(None, len(paid), "no_quota", parts)
        elif method == "mean_of_reps":
            mean = total(x.booked / x.quota.amount for x in paid) / len(paid)
            answer[key] = Answer(mean, len(paid), "", parts)
        else:
            answer[key] = Answer(booked / quota, len(paid), "", parts)
    return answer


def own_number(team_quota: Any, labels: Key) -> Fraction | None:
    """Return a team's own number, None where there is none for these labels."""
    if not isinstance(team_quota, Mapping):
        return exact(team_quota)
    found = team_quota.get(labels, team_quota.get(labels[0]) if len(labels) == 1 else None)
    return None if found is None else exact(found)


def makes_it(row: Ledger, threshold: Any, ramping_threshold: Any) -> bool:
    """Tell whether a rep is at the threshold, a ramping one at its own where one is given."""
    bar = ramping_threshold if ramping_threshold is not None and row.quota.ramping else threshold
    return at_least(row.booked, exact(bar) * row.quota.amount)


def share_at_quota(
    deals: Sequence[Deal],
    quotas: Sequence[Quota],
    *,
    by: By = (),
    periods: Asked = None,
    as_of: date | None = None,
    threshold: Any = 1,
    ramping_threshold: Any = None,
    min_active_share: Any = 0,
    confidence_level: Any = "0.95",
    terms: Terms = PLAIN,
    reps: Iterable[Rep] = (),
) -> Result:
    """Reps at or above a threshold of quota over reps with a quota above 0; Wilson.

    Doubt: who is ramping in a period. Chosen: a rep with a ramp share below 1 on any day with a quota on which the rep
    is there, by the schedule, whichever quota is asked for.
    Doubt: active share. Chosen: days of the period on which the rep is there, over its days; a rep below the least is
    left out and counted (`inactive`).
    Doubt: the reason where nobody has a quota. Chosen: `no_quota`, also over no reps.
    """
    answer = {}
    for key, own in ledger_cells(deals, quotas, by, periods, as_of, terms, reps).items():
        paid = [x for x in own if x.has_quota]
        rows = [x for x in paid if x.active_share >= exact(min_active_share)]
        hits = sum(makes_it(x, threshold, ramping_threshold) for x in rows)
        parts = {
            "at_quota": hits,
            "reps_without_quota": len(own) - len(paid),
            "inactive": len(paid) - len(rows),
            "ramping": sum(x.quota.ramping for x in rows),
        }
        value = Fraction(hits, len(rows)) if rows else None
        low, high = wilson(value, len(rows), confidence_level)
        answer[key] = Answer(value, len(rows), "" if rows else "no_quota", parts, low, high)
    return answer


def attainment_distribution(
    deals: Sequence[Deal],
    quotas: Sequence[Quota],
    *,
    by: By = (),
    periods: Asked = None,
    as_of: date | None = None,
    q: Sequence[Any] = QUANTILES,
    terms: Terms = PLAIN,
    reps: Iterable[Rep] = (),
) -> Result:
    """Nearest-rank quantiles, least and greatest attainment of reps; keys end in "minimum", each q, "maximum"."""
    answer = {}
    for key, own in ledger_cells(deals, quotas, by, periods, as_of, terms, reps).items():
        values = sorted(a for x in own if (a := x.attainment) is not None)
        parts = {"reps_without_quota": len(own) - len(values)}
        reason = "" if values else "no_quota"
        answer[*key, "minimum"] = Answer(values[0] if values else None, len(values), reason, parts)
        for level in q:
            answer[*key, str(level)] = Answer(nearest_rank(values, exact(level)), len(values), reason, parts)
        answer[*key, "maximum"] = Answer(values[-1] if values else None, len(values), reason, parts)
    return answer


def gini_of(values: Iterable[Any]) -> Fraction | None:
    """Sum of all differences over 2 n times the sum; None over nothing, a sum <= 0 or anything below 0."""
    found = [exact(v) for v in values]
    if not found or total(found) <= 0 or min(found) < 0:
        return None
    return total(abs(a - b) for a in found for b in found) / (2 * len(found) * total(found))


def top_share_of(values: Iterable[Any], top: Any) -> Fraction | None:
    """Share of the largest few: `top` is a count where it is an int, else a fraction of them, rounded up."""
    found = sorted((exact(v) for v in values), reverse=True)
    if not found or total(found) <= 0 or min(found) < 0:
        return None
    wanted = top if isinstance(top, int) else -((-exact(top) * len(found)) // 1)
    return total(found[: int(wanted)]) / total(found)


def concentration(
    deals: Sequence[Deal],
    *,
    by: By = (),
    periods: Asked = None,
    as_of: date | None = None,
    top: Any = None,
    terms: CreditTerms = PLAIN_CREDIT,
    reps: Iterable[Rep] = (),
) -> Result:
    """Gini of bookings by rep, or their `top_share` where `top` is given; n counts reps.

    Doubt: which reps. Chosen: those with a credit in the row; a rep who closed nothing is not seen by deals alone.
    Doubt: deals without a rep. Chosen: left out and counted, since they are nobody's.
    Doubt: a credit whose amount is missing. Chosen: it makes its rep one with bookings of 0.
    """
    answer = {}
    for key, credits in credit_cells(deals, by, periods, as_of, terms, reps).items():
        people = {c.rep for c in credits if c.rep is not None}
        sums = [summed(c for c in credits if c.rep == rep) for rep in people]
        value = gini_of(sums) if top is None else top_share_of(sums, top)
        reason = "no_rows" if not sums else "negative_base" if value is None else ""
        answer[key] = Answer(
            value, len(sums), reason, {"ownerless": len({c.deal.id for c in credits if c.rep is None})}
        )
    return answer


def streak_of(values: Sequence[bool | None], *, which: str = "current", undefined: str = "skip") -> int:
    """Return a run of periods at the threshold, in order of time; None is a period without attainment."""
    longest = run = 0
    for made in values:
        if made is None and undefined == "skip":
            continue
        run = run + 1 if made else 0
        longest = max(longest, run)
    return longest if which == "longest" else run


def attainment_streak(
    deals: Sequence[Deal],
    quotas: Sequence[Quota],
    *,
    by: By = "rep",
    periods: Asked,
    as_of: date,
    threshold: Any = 1,
    which: str = "current",
    undefined: str = "skip",
    terms: Terms = PLAIN,
    reps: Iterable[Rep] = (),
) -> Result:
    """Complete periods in a row at the threshold, counted back from the latest complete one; n counts complete ones.

    The periods are read in order of time and are no label of the result.
    Doubt: periods without attainment in n. Chosen: counted, and reported as `undefined`.
    Doubt: the reason without a complete period. Chosen: `period_running`; without any period `no_rows`.
    Doubt: gaps between the periods. Chosen: neighbours in the list are neighbours.
    """
    windows, _ = windows_of(periods)
    asked = sorted(w for w in windows if w is not None)
    complete = [p for p in asked if last_day(p) <= as_of]
    find = attainment if "rep" in names_of(by) else team_attainment
    rows = find(deals, quotas, by=by, periods=asked, as_of=as_of, terms=terms, reps=reps)
    answer: Result = {}
    for key in rows:
        found = [rows[*key[:-1], position] for position, p in enumerate(asked) if p in complete]
        made = [None if a.value is None else reaches(a, threshold) for a in found]
        parts = {"undefined": made.count(None)}
        if complete:
            answer[key[:-1]] = Answer(streak_of(made, which=which, undefined=undefined), len(complete), "", parts)
        else:
            answer[key[:-1]] = Answer(None, 0, "period_running" if asked else "no_rows", parts)
    return answer


def reaches(row: Answer, threshold: Any) -> bool:
    """Tell whether an attainment is at a threshold, comparing bookings with the threshold of quota (C15)."""
    return at_least(Fraction(row.parts["booked"]), exact(threshold) * Fraction(row.parts["quota"]))
