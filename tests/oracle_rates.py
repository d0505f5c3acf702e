"""Slow copies of sections 7 to 9: win rate, deal size, cycle length, velocity."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Any

from salesmetrics.calendars import Period
from salesmetrics.domain import Deal, Rep
from tests.oracle_intervals import DIGITS, clopper_pearson, decimal, effective_n, mean_interval, wilson
from tests.oracle_rows import (
    Answer,
    Asked,
    By,
    Result,
    Seen,
    cells,
    due_in,
    exact,
    inside,
    last_day,
    no_credits,
    priced,
    seen,
    statistic,
    total,
    windows_of,
)


def win_rate(
    deals: Sequence[Deal],
    *,
    by: By = (),
    periods: Asked = None,
    as_of: date | None = None,
    basis: str = "closed",
    weight: str = "count",
    losses: str = "narrow",
    within: int | None = None,
    at: date | None = None,
    interval: str = "wilson",
    confidence_level: Any = "0.95",
    reps: Iterable[Rep] = (),
    negative: str = "raise",
) -> Result:
    """Share of deals won; n counts the denominator.

    Doubt: `no_decision` deals under narrow losses. Chosen: the rows are the terminal deals, so they are read and left
    out, and their labels show with n = 0.
    """
    now = seen(deals, at if basis == "open_at" else as_of)
    later = {d.id: d for d in seen(deals, as_of)}

    def rows(window: Period | None) -> list[list[Seen]]:
        if basis == "closed":
            return [[d for d in now if not d.is_open and inside(d.closed, window)]]
        if basis == "created":
            return [[d for d in now if inside(d.created, window)]]
        if as_of is None or at is None or window is None or at > as_of:
            raise ValueError("open_at needs a period, as_of, and at no later than it")
        return [[d for d in now if d.is_open and d.expected_close is not None and inside(d.expected_close, window)]]

    windows, listed = windows_of(periods)
    answer = {}
    for key, (read,) in cells(rows, by, periods, reps).items():
        window = windows[key[-1] if listed else 0]
        pairs = outcomes(read, later, window, basis, losses, within, as_of)
        kept = no_credits((d for d, _ in pairs), negative) if weight == "amount" else [d for d, _ in pairs]
        pairs = [(d, won) for d, won in pairs if d in kept]
        running = basis == "open_at" and window is not None and as_of is not None and last_day(window) > as_of
        answer[key] = rate_of(pairs, len(read), weight, running, interval, confidence_level)
    return answer


def outcomes(
    read: Iterable[Seen],
    later: Mapping[Any, Seen],
    window: Period | None,
    basis: str,
    losses: str,
    within: int | None,
    as_of: date | None,
) -> list[tuple[Seen, bool]]:
    """Return the deals of the denominator with whether each is a win."""
    if basis == "closed":
        counted = ("won", "lost") if losses == "narrow" else ("won", "lost", "no_decision")
        return [(d, d.is_won) for d in read if d.outcome in counted]
    if basis == "open_at":
        ends = [(d, later[d.id]) for d in read]
        return [(d, end.is_won and inside(end.closed, window)) for d, end in ends]
    cohort = [d for d in read if d.created is not None]
    if within is None:
        return [(d, d.is_won) for d in cohort]
    if as_of is None:
        raise ValueError("within needs as_of")
    old = [(d, d.created) for d in cohort if d.created is not None and (as_of - d.created).days >= within]
    return [(d, d.is_won and d.closed is not None and (d.closed - born).days <= within) for d, born in old]


def rate_of(
    pairs: Sequence[tuple[Seen, bool]], read: int, weight: str, running: bool, interval: str, level: Any
) -> Answer:
    """Return the answer for the deals of a denominator, each with whether it is a win.

    Doubt: the interval beside `period_running`. Chosen: none.
    """
    if weight == "amount":
        known = [(d.amount, won) for d, won in pairs if d.amount is not None]
    else:
        known = [(Fraction(1), won) for _, won in pairs]
    wins, whole = total(a for a, won in known if won), total(a for a, _ in known)
    n, size = len(known), effective_n([a for a, _ in known])
    parts = {
        "won": wins,
        "lost": whole - wins,
        "missing_amount": len(pairs) - n,
        "left_out": read - n,
        "n_eff": size,
    }
    if running:
        return Answer(None, n, "period_running", parts)
    if not whole:
        return Answer(None, n, "zero_denominator" if n else "no_rows", parts, 0, 1)
    if interval == "exact":
        if weight == "amount":
            raise ValueError("Clopper-Pearson is for counts")
        return Answer(wins / whole, n, "", parts, *clopper_pearson(int(wins), n, level))
    return Answer(wins / whole, n, "", parts, *wilson(wins / whole, size, level))


def sized(now: Iterable[Seen], window: Period | None, of: str, as_of: date | None) -> list[Seen]:
    """Return the deals whose size is asked.

    Doubt: the date of `of="open"` and `of="all"` within a period; only that of won deals is stated. Chosen: closed
    deals by `closed`, open ones *due in period* as everywhere (section 5, E19); without a period, all of them.
    """
    closed = [d for d in now if not d.is_open and inside(d.closed, window)]
    if of == "won":
        return [d for d in closed if d.is_won]
    if of == "closed":
        return closed
    still_open = due_in(now, window, as_of)
    return still_open if of == "open" else closed + still_open


def deal_size(
    deals: Sequence[Deal],
    *,
    by: By = (),
    periods: Asked = None,
    as_of: date | None = None,
    of: str = "won",
    stat: Any = "mean",
    quantile_method: str = "nearest_rank",
    confidence_level: Any = "0.95",
    reps: Iterable[Rep] = (),
    negative: str = "raise",
) -> Result:
    """Mean, median or quantile of the amounts; n counts deals with an amount."""
    now = seen(deals, as_of)
    answer = {}
    for key, (rows,) in cells(lambda w: [sized(now, w, of, as_of)], by, periods, reps).items():
        kept = no_credits(rows, negative)
        amounts = [a for _, a in priced(kept)]
        parts = {"missing_amount": len(kept) - len(amounts), "negative": len(rows) - len(kept)}
        answer[key] = stat_of(amounts, stat, quantile_method, confidence_level, parts)
    return answer


def stat_of(values: Sequence[Any], stat: Any, method: str, level: Any, parts: Mapping[str, Any]) -> Answer:
    """Return the answer for a statistic; only a mean has its interval here."""
    if not values:
        return Answer(None, 0, "no_rows", parts)
    low, high = mean_interval(values, level) if stat == "mean" else (None, None)
    return Answer(statistic(values, stat, method), len(values), "", parts, low, high)


def cycle_length(
    deals: Sequence[Deal],
    *,
    by: By = (),
    periods: Asked = None,
    as_of: date | None = None,
    outcome: str = "won",
    stat: Any = "mean",
    basis: str = "closed",
    quantile_method: str = "nearest_rank",
    confidence_level: Any = "0.95",
    reps: Iterable[Rep] = (),
) -> Result:
    """Days from creation to close; n counts the deals with both days, `undated` those without a creation day.

    `basis="created"` takes the deals created in the period that have closed with that outcome. "lost" is without
    no_decision, "closed" is every end.
    """
    wanted = {"won": ("won",), "lost": ("lost",), "closed": ("won", "lost", "no_decision")}[outcome]
    ended = [d for d in seen(deals, as_of) if d.outcome in wanted]

    def rows(window: Period | None) -> list[list[Seen]]:
        return [[d for d in ended if inside(d.closed if basis == "closed" else d.created, window)]]

    answer = {}
    for key, (read,) in cells(rows, by, periods, reps).items():
        days = [(d.closed - d.created).days for d in read if d.created is not None and d.closed is not None]
        answer[key] = stat_of(days, stat, quantile_method, confidence_level, {"undated": len(read) - len(days)})
    return answer


def velocity(
    deals: Sequence[Deal],
    *,
    by: By = (),
    periods: Period | Iterable[Period],
    as_of: date | None = None,
    reps: Iterable[Rep] = (),
    stat: Any = "mean",
) -> Result:
    """Open deals x win rate x deal size / cycle length; n counts the open deals.

    The four factors stand in the parts, each with its n. The deals open on the day are the same for every period.
    Doubt: rows. Chosen: labels of the open deals and of the terminal ones closed in the periods, so a label with open
    deals only has a row in every period. Doubt: the reason where several factors are undefined. Chosen: that of the
    first undefined among win rate, deal size and cycle; `zero_duration` only when all are defined.
    """
    now = seen(deals, as_of)

    def rows(window: Period | None) -> list[list[Seen]]:
        return [[d for d in now if d.is_open], [d for d in now if not d.is_open and inside(d.closed, window)]]

    answer = {}
    for key, (still_open, closed) in cells(rows, by, periods, reps).items():
        decided = [d for d in closed if d.outcome in ("won", "lost")]
        won = [d for d in closed if d.is_won]
        amounts = [a for _, a in priced(no_credits(won))]
        days = [(d.closed - d.created).days for d in won if d.created is not None and d.closed is not None]
        rate = Fraction(len(won), len(decided)) if decided else None
        size, cycle = statistic(amounts, stat), statistic(days, stat)
        parts = {
            "open_count": len(still_open),
            "win_rate": rate,
            "win_rate_n": len(decided),
            "mean_amount": size,
            "mean_amount_n": len(amounts),
            "cycle_days": cycle,
            "cycle_days_n": len(days),
        }
        n = len(still_open)
        if rate is None or size is None or cycle is None:
            answer[key] = Answer(None, n, "no_rows", parts)
        elif cycle == 0:
            answer[key] = Answer(None, n, "zero_duration", parts)
        else:
            answer[key] = Answer(n * rate * size / cycle, n, "", parts)
    return answer


def velocity_from(count: Any, rate: Any, size: Any, cycle: Any) -> Fraction | None:
    """Velocity of four numbers; None with a factor missing or a cycle of 0 or less."""
    if None in (count, rate, size, cycle) or exact(cycle) <= 0:
        return None
    return exact(count) * exact(rate) * exact(size) / exact(cycle)


def velocity_change(before: Sequence[Any], after: Sequence[Any]) -> tuple[Fraction | None, dict[str, Decimal | None]]:
    """Change of a velocity and what each factor (count, win rate, deal size, cycle) gave to it."""
    names = ("count", "win_rate", "deal_size", "cycle_length")
    v0, v1 = velocity_from(*before), velocity_from(*after)
    change = None if v0 is None or v1 is None else v1 - v0
    if change is None or v0 is None or v1 is None or any(exact(x) <= 0 for x in (*before, *after)):
        return change, dict.fromkeys(names)
    with localcontext(DIGITS):
        mean = decimal(v0) if v0 == v1 else decimal(change) / decimal(v1 / v0).ln()
        ratios = [decimal(exact(x1) / exact(x0)) for x0, x1 in zip(before, after, strict=True)]
        ratios[3] = 1 / ratios[3]
        return change, {name: mean * ratio.ln() for name, ratio in zip(names, ratios, strict=True)}
