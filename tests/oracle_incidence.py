"""Slow copies of section 7, time to event: won and lost as competing risks with late entry; intensity; log-rank."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Any, NamedTuple

from salesmetrics.calendars import Period
from salesmetrics.domain import Deal, Rep
from tests.oracle_intervals import DIGITS, decimal, pi, two_sided
from tests.oracle_rows import Answer, Asked, By, Key, Seen, cells, inside, seen, windows_of
from tests.oracle_survival import KINDS, Curve, Step


class Life(NamedTuple):
    """Days from creation to when a deal was first seen, to its end or the day, and which of these it was."""

    entry: int
    age: int
    kind: str


def curve_with_entry(lives: Iterable[Life], undated: int = 0) -> Curve:
    """Kaplan-Meier and Aalen-Johansen of lives that are seen from an age on; events come before censorings (H7).

    Doubt: is a deal at risk at the very age at which it is first seen? Chosen: yes, so that entry 0 for all is no entry
    (H11) and a deal closed on its first day is an event at age 0. Doubt: a risk set that was emptied. Chosen: the share
    not closed stays 0 once it has come to 0.
    """
    lives = list(lives)
    steps: list[Step] = []
    share, spread = Fraction(1), Fraction(0)
    incidence = dict.fromkeys(KINDS, Fraction(0))
    for age in sorted({life.age for life in lives if life.kind != "open"}):
        at_risk = sum(1 for life in lives if life.entry <= age <= life.age)
        here = [life.kind for life in lives if life.age == age and life.kind != "open"]
        incidence = {kind: f + share * Fraction(here.count(kind), at_risk) for kind, f in incidence.items()}
        share *= Fraction(at_risk - len(here), at_risk)
        spread += Fraction(len(here), at_risk * (at_risk - len(here))) if at_risk > len(here) else 0
        steps.append(Step(age, at_risk, len(here), share, spread, incidence))
    return Curve(tuple(steps), len(lives), max((life.age for life in lives), default=None), undated)


def incidence_variance(lives: Sequence[Life], kind: str, age: int) -> Fraction:
    """Variance of a cumulative incidence by the delta method (Aalen), as `survival::survfit` and lifelines have it.

    sum over t of (F - F(t))^2 d / (r (r - d)) + S(t-)^2 (d_k / r^2) (r - d_k) / r - 2 (F - F(t)) S(t-) d_k / r^2.
    Doubt: the definitions name the delta method and no formula. Chosen: this one.
    """
    curve = curve_with_entry(lives)
    final, before, answer = curve.incidence_at(kind, age), Fraction(1), Fraction(0)
    for step in curve.steps:
        if step.age > age:
            break
        r, d = step.at_risk, step.events
        k = sum(1 for life in lives if life.age == step.age and life.kind == kind)
        gap = final - step.incidence[kind]
        if r > d:
            answer += gap * gap * Fraction(d, r * (r - d))
        answer += before * before * Fraction(k * (r - k), r**3)
        answer -= 2 * gap * before * Fraction(k, r * r)
        before = step.share
    return answer


def incidence_interval(
    share: Fraction, variance: Fraction, level: Any = "0.95"
) -> tuple[Decimal | None, Decimal | None]:
    """Interval of a cumulative incidence strictly between 0 and 1 on the log-log scale of 1 - F; else none.

    Doubt: log-log of F or of 1 - F. Chosen: of F, F^exp(+-z sd / (F ln F)), as for a survival share (C7).
    """
    if not 0 < share < 1:
        return None, None
    with localcontext(DIGITS):
        log = decimal(share).ln()
        spread = two_sided(level) * decimal(variance).sqrt() / (decimal(share) * abs(log))
        return (log * spread.exp()).exp(), (log * (-spread).exp()).exp()


def lives_of(
    deals: Sequence[Deal],
    *,
    by: By = (),
    periods: Asked = None,
    as_of: date,
    since: date | None = None,
    reps: Iterable[Rep] = (),
) -> dict[Key, tuple[list[Life], int]]:
    """Return the lives of the deals created in a period, and how many have no creation day.

    `since` is the day the data start: deals created before are seen from then on, those closed before are not seen.
    """
    now = seen(deals, as_of)
    answer = {}
    for key, (rows,) in cells(lambda w: [[d for d in now if inside(d.created, w)]], by, periods, reps).items():
        lives, undated = [], 0
        for d in rows:
            if d.created is None:
                undated += 1
                continue
            end = d.closed or as_of
            if since is None or end >= since:
                entry = 0 if since is None else max((since - d.created).days, 0)
                lives.append(Life(entry, (end - d.created).days, d.outcome))
        answer[key] = lives, undated
    return answer


# --- wins per day at risk --------------------------------------------------------------------------------------------


def open_days(row: Seen, window: Period | None, as_of: date) -> int:
    """Days of a period, up to the day, on which a deal was at risk: those after its creation, its last one included.

    Doubt: which of its first and last day is one. Chosen: the last, so that a win stands beside a day of its own period
    and a deal that is still open has as many days as its age (C10).
    """
    assert row.created is not None
    end = row.closed or as_of
    return sum(inside(row.created + timedelta(k), window) for k in range(1, (end - row.created).days + 1))


def on_some_day(row: Seen, window: Period | None, as_of: date) -> bool:
    """Tell whether a deal was open at some time of a period, if only for the day it was created on."""
    assert row.created is not None
    end = row.closed or as_of
    return window is None or (row.created < window.end and end >= window.start)


def win_intensity(
    deals: Sequence[Deal], *, as_of: date, periods: Asked = None, by: By = (), reps: Iterable[Rep] = ()
) -> dict[Key, Answer]:
    """Wins per deal and open day; n counts the deals that were open at some time of the period.

    Doubt: a deal closed on its first day is at risk on no day. Chosen: its win counts, and it is one of the deals at risk.
    Doubt: a period that begins after the day. Chosen: `not_started`.
    """
    windows, listed = windows_of(periods)
    now = seen(deals, as_of)

    def rows(window: Period | None) -> list[list[Seen]]:
        undated = [d for d in now if d.created is None and window is None]
        known = [d for d in now if d.created is not None]
        return [[d for d in known if on_some_day(d, window, as_of)], undated]

    answer = {}
    for key, (read, _) in cells(rows, by, periods, reps).items():
        window = windows[key[-1] if listed else 0]
        won = sum(1 for d in read if d.is_won and inside(d.closed, window))
        days = sum(open_days(d, window, as_of) for d in read)
        parts = {"won": won, "deal_days": days}
        if window is not None and window.start > as_of:
            answer[key] = Answer(None, 0, "not_started", parts)
        else:
            reason = "" if days else "zero_denominator" if read else "no_rows"
            answer[key] = Answer(Fraction(won, days) if days else None, len(read), reason, parts)
    return answer


# --- log-rank --------------------------------------------------------------------------------------------------------


def chi_square_beyond(value: Fraction, degrees: int) -> Decimal:
    """Chance of a chi-square of some degrees of freedom beyond a value, by its finite sums and the error function."""
    with localcontext(DIGITS):
        half = decimal(value) / 2
        if degrees % 2 == 0:
            term = answer = Decimal(1)
            for k in range(1, degrees // 2):
                term = term * half / k
                answer += term
            return (-half).exp() * answer
        root = half.sqrt()
        term = total_ = root
        k = 0
        while abs(term) > Decimal("1e-58"):
            k += 1
            term = -term * half / k
            total_ += term / (2 * k + 1)
        beyond = 1 - 2 * total_ / pi().sqrt()
        term = (-half).exp() / (root * pi().sqrt()) if half else Decimal(0)
        for k in range(1, (degrees - 1) // 2 + 1):
            term = term * half / (Decimal(k) - Decimal("0.5"))
            beyond += term
        return beyond


def logrank(groups: Sequence[Sequence[Life]], kinds: Sequence[str] = KINDS) -> tuple[Fraction | None, int]:
    """Log-rank statistic of groups and its degrees of freedom; rows that end otherwise are censored.

    Doubt: groups that cannot be told apart, being never at risk beside others. Chosen: they are left out, and without two
    that are left there is no statistic.
    """
    both = [life for group in groups for life in group]
    size = len(groups)
    gap = [Fraction(0)] * size
    spread = [[Fraction(0)] * size for _ in groups]
    for age in sorted({life.age for life in both if life.kind in kinds}):
        risk = [sum(1 for life in group if life.entry <= age <= life.age) for group in groups]
        ends = [sum(1 for life in group if life.age == age and life.kind in kinds) for group in groups]
        n, d = sum(risk), sum(ends)
        for i in range(size):
            gap[i] += ends[i] - Fraction(d * risk[i], n)
            for j in range(size):
                if n > 1:
                    share = Fraction(risk[i], n) * ((i == j) - Fraction(risk[j], n))
                    spread[i][j] += share * Fraction(d * (n - d), n - 1)
    return quadratic(gap, spread)


def quadratic(gap: list[Fraction], spread: list[list[Fraction]]) -> tuple[Fraction | None, int]:
    """Return the gaps over their spread, and the rank of the spread, by elimination with what is left out passed over."""
    table = [[*row, value] for row, value in zip(spread, gap, strict=True)]
    statistic, rank = Fraction(0), 0
    for at in range(len(table)):
        pivot = table[at][at]
        if not pivot:
            continue
        rank += 1
        statistic += table[at][-1] ** 2 / pivot
        for other in range(at + 1, len(table)):
            factor = table[other][at] / pivot
            table[other] = [x - factor * y for x, y in zip(table[other], table[at], strict=True)]
    return (statistic if rank else None), rank
