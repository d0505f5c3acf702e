"""Slow copies of section 11: pushes, days slipped, slip rate, push-out, pull-in; and create-and-close of section 5."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise
from typing import Any

from salesmetrics.calendars import Period
from salesmetrics.domain import Deal, Rep, SalesProcess
from tests.oracle_history import Change, Trail, state, trails_of
from tests.oracle_intervals import effective_n, wilson
from tests.oracle_rows import (
    Answer,
    Asked,
    By,
    Result,
    Seen,
    cells,
    inside,
    last_day,
    no_credits,
    seen,
    total,
    windows_of,
)


def date_moves(trail: Trail, window: Period | None = None) -> list[int]:
    """Return by how many days the close date moved at each change, of those with a date before and after.

    Doubt: changes of the date of a deal that is closed. Chosen: they count, since the definition names no state.
    """
    return [
        (now.expected_close - then.expected_close).days
        for then, now in pairwise(trail.moments)
        if then.expected_close is not None and now.expected_close is not None and inside(now.day, window)
    ]


def push_count(trails: Iterable[Trail], window: Period | None = None) -> dict[Any, int]:
    """Return how often each deal's close date was moved later."""
    return {t.row.id: sum(1 for days in date_moves(t, window) if days > 0) for t in trails}


def days_slipped(trails: Iterable[Trail], window: Period | None = None, days: str = "forward") -> dict[Any, int]:
    """Return by how many days each deal's close date was moved later; net, less the days it was pulled in."""
    return {t.row.id: sum(d for d in date_moves(t, window) if d > 0 or days == "net") for t in trails}


def share_of(
    pairs: Sequence[tuple[Seen, bool]],
    running: bool,
    weight: str,
    negative: str,
    level: Any,
    against: Sequence[Seen] | None = None,
) -> Answer:
    """Return the share of some deals, by number or by amount, over themselves or over other deals.

    Doubt: the interval of an amount-weighted share. Chosen: Wilson on n_eff (C7). Doubt: the amount that weighs. Chosen:
    that of the state which put the deal into the cohort, at `at`; of a closed deal, that at closing.
    """
    if weight == "amount":
        kept = no_credits((d for d, _ in pairs), negative)
        known = [(d.amount, hit) for d, hit in pairs if d in kept and d.amount is not None]
        below = [d.amount for d in no_credits(against or (), negative) if d.amount is not None]
    else:
        known = [(Fraction(1), hit) for _, hit in pairs]
        below = [Fraction(1) for _ in against or ()]
    hits, amounts = total(a for a, hit in known if hit), [a for a, _ in known]
    over = amounts if against is None else below
    n, whole = len(over), total(over)
    if running:
        return Answer(None, n, "period_running")
    if not whole:
        ends = (0, 1) if against is None else (None, None)
        return Answer(None, n, "zero_denominator" if n else "no_rows", {}, *ends)
    if against is not None:
        return Answer(hits / whole, n)
    return Answer(hits / whole, n, "", {}, *wilson(hits / whole, effective_n(amounts), level))


def slipped(
    kind: str,
    deals: Sequence[Deal],
    changes: Sequence[Change],
    process: SalesProcess,
    as_of: date,
    periods: Asked,
    at: date | None,
    closed: str,
    weight: str,
    category: Any,
    of: str,
    by: By,
    reps: Iterable[Rep],
    negative: str,
    level: Any,
) -> Result:
    """Return one of the three shares.

    Doubt: the labels of a deal that changed hands. Chosen: owner, stage and category are those of the state that put it
    into the denominator, all others those that the book has.
    Doubt: a period that begins after the day. Chosen: its cohort is not known, no deal is read.
    Doubt: the category of `category=`. Chosen: that of the state at `at`. Doubt: `of="closed"` with `closed="won"`.
    Chosen: the denominator is the deals closed in the period, whatever they came to.
    """
    trails = {t.row.id: t for t in trails_of(deals, changes, process, as_of)}
    opening: dict[Any, dict[Any, Seen]] = {}
    ended: dict[Any, dict[Any, Seen]] = {}
    windows, listed = windows_of(periods)

    def rows(window: Period | None) -> list[list[Seen]]:
        assert window is not None
        first = window.start - timedelta(1) if at is None else at
        opening[window] = {k: s for k, t in trails.items() if first <= as_of and (s := state(t, first)) is not None}
        ended[window] = {k: s for k, t in trails.items() if (s := state(t, last_day(window))) is not None}
        cohort, done = [], []
        for s in opening[window].values():
            ahead = s.expected_close is not None and s.expected_close >= window.end
            due = inside(s.expected_close, window) and s.expected_close is not None
            wanted = ahead if kind == "pull_in" else due
            if s.is_open and wanted and (category is None or s.forecast_category == category):
                cohort.append(s)
        if of == "closed":
            done = [s for s in ended[window].values() if not s.is_open and inside(s.closed, window)]
        return [cohort, done]

    answer = {}
    for key, (cohort, done) in cells(rows, by, periods, reps).items():
        window = windows[key[-1] if listed else 0]
        assert window is not None
        pairs = [(opening[window][d.id], hit_of(kind, ended[window][d.id], window, closed)) for d in cohort]
        against = [ended[window][d.id] for d in done] if of == "closed" else None
        answer[key] = share_of(pairs, last_day(window) > as_of, weight, negative, level, against)
    return answer


def hit_of(kind: str, end: Seen, window: Period, closed: str) -> bool:
    """Tell whether a deal of the cohort slipped, was pushed out, or was pulled in, by its state at the period's end.

    Doubt: pulled in and lost in the period. Chosen: not pulled in, as written.
    """
    if kind == "slip_rate":
        return end.is_open if closed == "any" else not end.is_won
    if kind == "push_out":
        return end.is_open and end.expected_close is not None and end.expected_close >= window.end
    won = end.is_won and inside(end.closed, window)
    return won or (end.is_open and end.expected_close is not None and inside(end.expected_close, window))


def shares(kind: str) -> Any:
    """Return the slow copy of one of the three shares."""

    def metric(
        deals: Sequence[Deal],
        changes: Sequence[Change],
        *,
        process: SalesProcess,
        as_of: date,
        periods: Asked,
        at: date | None = None,
        closed: str = "any",
        weight: str = "count",
        category: Any = None,
        of: str = "cohort",
        by: By = (),
        reps: Iterable[Rep] = (),
        negative: str = "raise",
        confidence_level: Any = "0.95",
    ) -> Result:
        return slipped(
            kind,
            deals,
            changes,
            process,
            as_of,
            periods,
            at,
            closed,
            weight,
            category,
            of,
            by,
            reps,
            negative,
            confidence_level,
        )

    return metric


slip_rate = shares("slip_rate")
push_out = shares("push_out")
pull_in = shares("pull_in")


def create_and_close(
    deals: Sequence[Deal], *, as_of: date | None = None, periods: Asked = None, by: By = (), reps: Iterable[Rep] = ()
) -> Result:
    """Money of the deals created in a period and won in it; n counts those with an amount. Rows are those of all wins."""
    rows, (windows, listed) = seen(deals, as_of), windows_of(periods)

    def wins(window: Period | None) -> list[list[Seen]]:
        return [[d for d in rows if d.is_won and inside(d.closed, window)]]

    answer = {}
    for key, (won,) in cells(wins, by, periods, reps).items():
        window = windows[key[-1] if listed else 0]
        born = [d for d in won if d.created is not None and inside(d.created, window)]
        amounts = [d.amount for d in born if d.amount is not None]
        answer[key] = Answer(total(amounts), len(amounts))
    return answer


def create_and_close_share(
    deals: Sequence[Deal],
    *,
    as_of: date | None = None,
    periods: Asked = None,
    weight: str = "amount",
    by: By = (),
    reps: Iterable[Rep] = (),
) -> Result:
    """Share of what was won in a period that was created in it.

    Doubt: n. Chosen: the deals in the denominator (C6). Doubt: without a period every won deal was created in "all days",
    if its creation is known.
    """
    rows, (windows, listed) = seen(deals, as_of), windows_of(periods)
    answer = {}
    for key, (won,) in cells(
        lambda w: [[d for d in rows if d.is_won and inside(d.closed, w)]], by, periods, reps
    ).items():
        window = windows[key[-1] if listed else 0]
        born = [(d, d.created is not None and inside(d.created, window)) for d in won]
        answer[key] = share_of(born, False, weight, "exclude", "0.95")
    return answer
