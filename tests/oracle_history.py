"""Slow copies of what a history says: the state on a day, and the walk between two days (sections 2 and 12).

A history is a list of `Change`, each holding the state after it. Written from the definitions, without a look at the fast
code.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from fractions import Fraction
from typing import Any, NamedTuple

from salesmetrics.calendars import Period
from salesmetrics.domain import Deal, Rep, SalesProcess
from tests.oracle_rows import ZERO, By, Key, Seen, deal_labels, exact, inside, last_day, names_of, ordered, seen


class Change(NamedTuple):
    """One row of a history: the deal, the day, and the state after the change."""

    deal: Any
    day: date
    stage: Any = None
    amount: Any = None
    expected_close: date | None = None
    rep: Any = None
    forecast_category: Any = None
    seq: int = 0


class Moment(NamedTuple):
    """One change with what the deal had come to."""

    day: date | None
    stage: Any
    outcome: str
    amount: Fraction | None
    expected_close: date | None
    rep: Any
    forecast_category: Any


class Trail(NamedTuple):
    """A deal of the book, as recorded there, and its changes in order."""

    row: Seen
    moments: tuple[Moment, ...]
    recorded: bool

    @property
    def stages(self) -> tuple[Moment, ...]:
        """The changes of stage: runs of equal stages are one (I11), a stage that is not known is none."""
        known = [m for m in self.moments if m.stage is not None]
        return tuple(m for at, m in enumerate(known) if at == 0 or known[at - 1].stage != m.stage)


def place_of(stage: Any, process: SalesProcess) -> int:
    """Return the place of a stage in the order of the whole process, terminal stages included."""
    return process.names.index(stage) if stage in process.names else -1


def rank_of(stage: Any, process: SalesProcess) -> int | None:
    """Return the rank of a stage: open ones from 0, won above them all; lost and no_decision have none (section 2)."""
    if stage not in process.names:
        return None
    outcome = process.outcome(stage)
    if outcome == "won":
        return len(process.open_stages)
    return process.open_stages.index(stage) if outcome == "open" else None


def in_order(changes: Iterable[Change], process: SalesProcess) -> list[Change]:
    """Return the changes of one deal in order: by day, by `seq`, else by stage order, then as they stand (E18).

    Doubt: the direction of "by stage order". Chosen: from the first stage to the last.
    """
    return sorted(changes, key=lambda c: (c.day, c.seq, place_of(c.stage, process)))


def trail_of(deal: Deal, changes: Iterable[Change], process: SalesProcess, as_of: date | None = None) -> Trail | None:
    """Return the trail of a deal up to a day, None where the deal does not exist by then.

    Doubt: a history that begins after the deal's creation. Chosen: the deal exists from its creation on (F13), open, and
    what is tracked is not known until the first row.

    A deal without a history is open from its creation to its closing, in what it is recorded with; one whose creation is
    not known exists on every day. Doubt: its stage while it was open, where it is closed by now. Chosen: not known, since
    the stage that is recorded is a look ahead.
    """
    row = seen([deal], None)[0]
    own = in_order((c for c in changes if c.deal == deal.id), process)
    if own:
        moments = [
            Moment(
                c.day,
                c.stage,
                process.outcome(c.stage) if c.stage in process.names else "open",
                None if c.amount is None else exact(c.amount),
                c.expected_close,
                c.rep,
                c.forecast_category,
            )
            for c in own
        ]
        if row.created is not None and row.created < own[0].day:
            moments.insert(0, Moment(row.created, None, "open", None, None, None, None))
    else:
        told = (row.amount, row.expected_close, row.rep, row.forecast_category)
        moments = [Moment(row.created, row.stage if row.is_open else None, "open", *told)]
        if not row.is_open:
            moments.append(Moment(row.closed, row.stage, row.outcome, *told))
    by_then = tuple(m for m in moments if as_of is None or m.day is None or m.day <= as_of)
    return Trail(row, by_then, bool(own)) if by_then else None


def trails_of(
    deals: Iterable[Deal], changes: Sequence[Change], process: SalesProcess, as_of: date | None = None
) -> list[Trail]:
    """Return the trails of all deals that exist by a day."""
    found = (trail_of(deal, changes, process, as_of) for deal in deals)
    return [trail for trail in found if trail is not None]


def closed_on(moments: Iterable[Moment]) -> date | None:
    """Return the day of the last closing: a terminal state after another state (section 2), None while open."""
    closed, before = None, "open"
    for m in moments:
        if m.outcome != before:
            closed = None if m.outcome == "open" else m.day
        before = m.outcome
    return closed


def state(trail: Trail, day: date) -> Seen | None:
    """Return a deal in its state at the end of a day, None where it did not exist.

    Doubt: probability, which no history tracks. Chosen: unknown, except of a deal that has no history.
    """
    past = [m for m in trail.moments if m.day is None or m.day <= day]
    if not past:
        return None
    last, row = past[-1], trail.row
    return row._replace(
        stage=last.stage,
        outcome=last.outcome,
        amount=last.amount,
        expected_close=last.expected_close,
        rep=last.rep,
        forecast_category=last.forecast_category,
        closed=closed_on(past),
        probability=None if trail.recorded else row.probability,
    )


def as_of(deals: Iterable[Deal], changes: Sequence[Change], day: date, *, process: SalesProcess) -> dict[Any, Seen]:
    """Return the book as it stood at the end of a day, by deal."""
    found = ((t.row.id, state(t, day)) for t in trails_of(deals, changes, process))
    return {key: stood for key, stood in found if stood is not None}


# --- the walk --------------------------------------------------------------------------------------------------------

CHANGES = ("priced", "unpriced", "redenominated", "sign_changed", "increased", "decreased")
EXITS = (
    *("deleted", "won", "lost", "no_decision", "transferred_out", "stage_out", "undated_out"),
    *("pushed_out", "pulled_out"),
)
ENTRIES = (*("new", "appeared", "reopened", "transferred_in", "stage_in", "dated_in", "pulled_in", "pushed_in"),)
BUCKETS = (*CHANGES, *ENTRIES, *EXITS)
Walk = dict[str, tuple[Fraction, int]]
"""Money and deals of "start", of every bucket, and of "end"."""
Move = tuple[str, Fraction, int]
"""A bucket, the money that falls into it, and what that adds to the number of deals."""


class Scope(NamedTuple):
    """What a walk looks at; a filter that is not given admits everything."""

    due: Period | None = None
    min_stage: Any = None
    owners: frozenset[Any] | None = None
    process: SalesProcess | None = None

    def owned(self, s: Seen) -> bool:
        """Tell whether the owner is one of those asked for."""
        return self.owners is None or s.rep in self.owners

    def staged(self, s: Seen) -> bool:
        """Tell whether the stage is far enough."""
        if self.min_stage is None or self.process is None:
            return True
        rank, least = rank_of(s.stage, self.process), rank_of(self.min_stage, self.process)
        return rank is not None and least is not None and rank >= least

    def admits(self, s: Seen | None) -> bool:
        """Tell whether a deal is in scope."""
        return s is not None and s.is_open and self.owned(s) and self.staged(s) and inside(s.expected_close, self.due)


def change_bucket(before: Fraction | None, after: Fraction | None) -> str:
    """Return the bucket of an amount that changed.

    Doubt: a missing amount that becomes 0, or a 0 that becomes missing: it is a change of value 0. Chosen: priced and
    unpriced, since missing is not 0 (E9). Doubt: 0 has no sign, so from or to 0 is `increased` or `decreased`.
    """
    if before is None or after is None:
        return "priced" if before is None else "unpriced"
    if before * after < 0:
        return "sign_changed"
    return "increased" if after > before else "decreased"


def exit_bucket(after: Seen | None, scope: Scope) -> str:
    """Return why a deal left the scope."""
    if after is None:
        return "deleted"
    if not after.is_open:
        return after.outcome
    if not scope.owned(after):
        return "transferred_out"
    if not scope.staged(after):
        return "stage_out"
    assert scope.due is not None
    if after.expected_close is None:
        return "undated_out"
    return "pushed_out" if after.expected_close >= scope.due.end else "pulled_out"


def entry_bucket(before: Seen | None, after: Seen, scope: Scope, t0: date, t1: date) -> str:
    """Return why a deal came into the scope."""
    if after.created is not None and t0 < after.created <= t1:
        return "new"
    if before is None:
        return "appeared"
    if not before.is_open:
        return "reopened"
    if not scope.owned(before):
        return "transferred_in"
    if not scope.staged(before):
        return "stage_in"
    assert scope.due is not None
    if before.expected_close is None:
        return "dated_in"
    return "pulled_in" if before.expected_close >= scope.due.end else "pushed_in"


def moves_of(before: Seen | None, after: Seen | None, scope: Scope, t0: date, t1: date) -> list[Move]:
    """Return the buckets that one deal falls into, with money and what it adds to the number of deals.

    Doubt: `min_stage` of a deal that passes through; rule 4 names the closing day and the owner only. Chosen: it is not
    asked.
    """
    a0 = (before.amount or ZERO) if before is not None else ZERO
    a1 = (after.amount or ZERO) if after is not None else ZERO
    answer: list[Move] = []
    was, is_in = scope.admits(before), scope.admits(after)
    if was:
        answer.append(("start", a0, 1))
        if before is not None and after is not None and before.amount != after.amount:
            answer.append((change_bucket(before.amount, after.amount), a1 - a0, 0))
        if not is_in:
            answer.append((exit_bucket(after, scope), -(a0 if after is None else a1), -1))
    elif after is not None:
        passes = after.closed is not None and t0 < after.closed <= t1 and inside(after.closed, scope.due)
        if is_in or (passes and scope.owned(after)):
            answer.append((entry_bucket(before, after, scope, t0, t1), a1, 1))
        if not is_in and passes and scope.owned(after):
            answer.append((after.outcome, -a1, -1))
    if is_in:
        answer.append(("end", a1, 1))
    return answer


def shared_out(moves: list[Move], old: Key, new: Key, after: Seen | None, scope: Scope) -> list[tuple[Key, Move]]:
    """Return which group has each move of a deal that may have another group on the second day.

    Doubt: grouped by owner, a deal that changed hands. By the order of the exits it is won for the owner of t0, and by
    rule 4 it passes through the owner of t1, so that it would be won twice. Chosen: as F2 asks, the parts add up to the
    whole: what was in scope goes out of one group and into the other at a1, and all that follows is the other's. It stays
    with the first where `owners=` leaves the second out.
    """
    if after is not None and not scope.owned(after) and moves[0][0] == "start":
        new = old
    if after is None or old == new or moves[0][0] != "start":
        return [(old if after is None else new, move) for move in moves]
    mine = [move for move in moves if move[0] in ("start", *CHANGES)]
    money = after.amount or ZERO
    passed = [(old, ("transferred_out", -money, -1)), (new, ("transferred_in", money, 1))]
    return [(old, move) for move in mine] + passed + [(new, move) for move in moves if move not in mine]


def summed(moves: Iterable[Move]) -> Walk:
    """Return the sum of all moves; raise where they do not balance."""
    answer: Walk = dict.fromkeys(("start", *BUCKETS, "end"), (ZERO, 0))
    number = 0
    for bucket, money, step in moves:
        answer[bucket] = (answer[bucket][0] + money, answer[bucket][1] + 1)
        number += -step if bucket == "end" else step
    if number or sum((answer[b][0] for b in ("start", *BUCKETS)), ZERO) != answer["end"][0]:
        raise AssertionError(f"the walk does not balance: {answer}")
    return answer


def pipeline_walk(
    deals: Sequence[Deal],
    changes: Sequence[Change],
    *,
    process: SalesProcess,
    t0: date | None = None,
    t1: date | None = None,
    due: Period | None = None,
    period: Period | None = None,
    min_stage: Any = None,
    owners: Iterable[Any] | None = None,
    by: By = (),
    reps: Iterable[Rep] = (),
) -> dict[Key, Walk]:
    """Walk between two days, or over a period: its states at the end of t0 and of t1 alone count.

    Labels of the owner are those of its owner on each day, all others those that the book has. Doubt: a deal whose
    creation is not known. Chosen: it was created on the first day of its history.
    """
    if period is not None:
        t0, t1, due = period.start - timedelta(1), last_day(period), period
    assert t0 is not None
    assert t1 is not None
    names, reps = names_of(by), list(reps)
    scope = Scope(due, min_stage, None if owners is None else frozenset(owners), process)
    told: dict[Key, list[Move]] = {} if names else {(): []}
    for trail in trails_of(deals, changes, process):
        if trail.recorded and trail.row.created is None:
            trail = trail._replace(row=trail.row._replace(created=trail.moments[0].day))
        before, after = state(trail, t0), state(trail, t1)
        moves = moves_of(before, after, scope, t0, t1)
        old, new = (
            deal_labels(trail.row._replace(rep=s.rep) if s else trail.row, names, reps) for s in (before, after)
        )
        for key, move in shared_out(moves, old, new, after, scope) if moves else ():
            told.setdefault(key, []).append(move)
    return {key: summed(told[key]) for key in ordered(told)} if names else {(): summed(told[()])}
