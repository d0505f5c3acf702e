"""What moved between two days: the rules of the pipeline walk, deal by deal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import attrs
import numpy as np

from salesmetrics.arrays import AnyArray, BoolArray, IntArray
from salesmetrics.books.deals import LOST, NO_DECISION, OPEN, WON
from salesmetrics.states import Standing

__all__ = ["BUCKETS", "Lines", "Moves", "Scope", "handovers", "lines", "moves"]

ENTRIES = ("new", "appeared", "reopened", "transferred_in", "stage_in", "dated_in", "pulled_in", "pushed_in")
CHANGES = ("priced", "unpriced", "redenominated", "sign_changed", "increased", "decreased")
EXITS = (
    "deleted",
    "won",
    "lost",
    "no_decision",
    "transferred_out",
    "stage_out",
    "undated_out",
    "pushed_out",
    "pulled_out",
)
BUCKETS = ("opening", *ENTRIES, *CHANGES, *EXITS, "closing")
PLACE = {name: at for at, name in enumerate(BUCKETS)}


# --- the rules -------------------------------------------------------------------------------------------------------


@attrs.frozen(eq=False)
class Scope:
    """Which open deals are pipeline: expected in the days of ``due``, in the stages and of the owners that are marked.

    ``stages`` and ``owners`` have a boolean for each level and a last one for the missing label; None admits everything.
    """

    due: tuple[int, int] | None = None
    stages: BoolArray | None = None
    owners: BoolArray | None = None

    def owned(self, state: Standing) -> BoolArray | None:
        """Return True for deals of the owners, None where all are."""
        return None if self.owners is None else _marked(self.owners, state, "rep")

    def staged(self, state: Standing) -> BoolArray | None:
        """Return True for deals in the stages, None where all are."""
        return None if self.stages is None else _marked(self.stages, state, "stage")

    def dated(self, days: AnyArray) -> BoolArray | None:
        """Return True for the days that are due, None where all are."""
        if self.due is None:
            return None
        inside: BoolArray = days >= self.due[0]
        inside &= days < self.due[1]
        return inside

    def holds(self, state: Standing) -> BoolArray:
        """Return True for the deals in scope."""
        return _all_of(state.opened, self.dated(state.expected), self.staged(state), self.owned(state))


def _marked(marks: BoolArray, state: Standing, name: str) -> BoolArray:
    """Return the mark of each deal's label."""
    found: BoolArray = marks.take(state.labels[name].codes, mode="wrap")
    return found


def _all_of(first: BoolArray, *more: BoolArray | None) -> BoolArray:
    """Return True where all hold; the first is overwritten, and None holds everywhere."""
    for each in more:
        if each is not None:
            first &= each
    return first


@attrs.frozen(eq=False)
class Moves:
    """Which deals were in scope at both ends, and the bucket of each one's change, entry and exit (0: none)."""

    held: BoolArray
    kept: BoolArray
    change: AnyArray
    entry: AnyArray
    exit: AnyArray


def moves(before: Standing, after: Standing, created: AnyArray, span: tuple[int, int], scope: Scope) -> Moves:
    """Return the moves of deals between two days, by the rules of the walk, of which the first that fits counts."""
    held, kept = scope.holds(before), scope.holds(after)
    passing = _all_of(
        after.outcome > OPEN,
        after.closed > span[0],
        after.closed <= span[1],
        ~held,
        scope.dated(after.closed),
        scope.owned(after),
    )
    moved = before.minor != after.minor
    moved |= before.known != after.known
    changed = np.flatnonzero(_all_of(moved, held, after.there))
    change = np.zeros(len(held), dtype=np.int8)
    change[changed] = _change(before, after, changed)
    entry, leaving = _entry(before, created, span, scope), _exit(after, scope)
    entry *= (kept & ~held) | passing
    leaving *= (held & ~kept) | passing
    return Moves(held, kept, change, entry, leaving)


def _first(size: int, rules: Iterable[tuple[str, BoolArray | None]]) -> AnyArray:
    """Return for each row the bucket of the first rule that holds; None holds nowhere."""
    code = np.zeros(size, dtype=np.int8)
    for name, holds in reversed(list(rules)):
        if holds is not None:
            # setting the marked places would take ten times as long
            code += (np.int8(PLACE[name]) - code) * holds
    return code


def _not(holds: BoolArray | None) -> BoolArray | None:
    """Return True where a rule does not hold, None for a rule that holds everywhere."""
    return None if holds is None else ~holds


def _change(before: Standing, after: Standing, rows: IntArray) -> AnyArray:
    """Return the bucket of each change of amount."""
    a0, a1 = before.minor.take(rows), after.minor.take(rows)
    known0, known1 = before.known.take(rows), after.known.take(rows)
    other = None
    if "source_currency" in before.labels and "source_currency" in after.labels:
        was, now = (state.labels["source_currency"].codes.take(rows) for state in (before, after))
        other = was != now
    rules = (
        ("priced", ~known0),
        ("unpriced", ~known1),
        ("redenominated", other),
        ("sign_changed", ((a0 < 0) & (a1 > 0)) | ((a0 > 0) & (a1 < 0))),
        ("increased", a1 > a0),
        ("decreased", a1 < a0),
    )
    return _first(len(rows), rules)


def _entry(before: Standing, created: AnyArray, span: tuple[int, int], scope: Scope) -> AnyArray:
    """Return how each deal came in, if it did."""
    end = np.iinfo(np.int32).max if scope.due is None else scope.due[1]
    rules = (
        ("new", (created > span[0]) & (created <= span[1])),
        ("appeared", ~before.there),
        ("reopened", before.outcome > OPEN),
        ("transferred_in", _not(scope.owned(before))),
        ("stage_in", _not(scope.staged(before))),
        ("dated_in", before.expected < 0),
        ("pulled_in", before.expected >= end),
        ("pushed_in", before.there),
    )
    return _first(len(created), rules)


def _exit(after: Standing, scope: Scope) -> AnyArray:
    """Return how each deal went out, if it did."""
    end = np.iinfo(np.int32).max if scope.due is None else scope.due[1]
    rules = (
        ("deleted", ~after.there),
        ("won", after.outcome == WON),
        ("lost", after.outcome == LOST),
        ("no_decision", after.outcome == NO_DECISION),
        ("transferred_out", _not(scope.owned(after))),
        ("stage_out", _not(scope.staged(after))),
        ("undated_out", after.expected < 0),
        ("pushed_out", after.expected >= end),
        ("pulled_out", after.there),
    )
    return _first(len(after.there), rules)


# --- lines -----------------------------------------------------------------------------------------------------------


@attrs.frozen(eq=False)
class Lines:
    """What the walk adds up: the deal of each line, the side (0 before, 1 after) that tells owner and stage, bucket, money."""

    place: IntArray
    owner: AnyArray
    stage: AnyArray
    bucket: AnyArray
    value: IntArray

    @classmethod
    def of(cls, place: IntArray, owner: object, stage: object, bucket: object, value: IntArray) -> Lines:
        """Return lines of one side and bucket, or of a bucket each."""
        size = len(place)
        sides = [np.broadcast_to(np.asarray(x, dtype=np.int8), size) for x in (owner, stage, bucket)]
        return cls(place, sides[0], sides[1], sides[2], value)

    @classmethod
    def together(cls, parts: Sequence[Lines]) -> Lines:
        """Return the lines of all parts."""
        return cls(*(np.concatenate([getattr(p, field.name) for p in parts]) for field in attrs.fields(cls)))


def lines(before: Standing, after: Standing, found: Moves) -> Lines:
    """Return the lines of a walk: opening, entries, changes, exits, closing.

    A deal that was in scope starts under the owner and the stage it had, and leaves under the owner it has then.
    """
    a0, a1 = before.minor, after.minor
    start, end = np.flatnonzero(found.held), np.flatnonzero(found.kept)
    changed, came, went = (np.flatnonzero(codes > 0) for codes in (found.change, found.entry, found.exit))
    code = found.exit.take(went)
    deleted = code == PLACE["deleted"]
    stayed = deleted | (code == PLACE["transferred_out"])
    owner, stage = (~stayed).view(np.int8), (~found.held.take(went)).view(np.int8)
    lost = -a1.take(went)
    gone = np.flatnonzero(deleted)
    lost[gone] = -a0.take(went.take(gone))
    return Lines.together(
        [
            Lines.of(start, 0, 0, PLACE["opening"], a0.take(start)),
            Lines.of(came, 1, 1, found.entry.take(came), a1.take(came)),
            Lines.of(changed, 0, 0, found.change.take(changed), a1.take(changed) - a0.take(changed)),
            Lines.of(went, owner, stage, code, lost),
            Lines.of(end, 1, 1, PLACE["closing"], a1.take(end)),
        ]
    )


def handovers(
    before: Standing, after: Standing, found: Moves, names: Sequence[str], regrouped: BoolArray | None = None
) -> Lines:
    """Return three lines for each deal that may have gone from one group to another: out, in, and a probe.

    Its owner (where "rep" is in ``names``) or, while it is in scope, its stage (where "stage" is) is another one afterwards,
    or its owner has gone to another group with it: ``regrouped`` marks the owners, the missing one last.
    The probe stands where the deal would be had only its owner changed. Lines come all out, all in, all probes.
    """
    gone = (found.exit == PLACE["deleted"]) | (found.exit == PLACE["transferred_out"])
    other = np.zeros(len(found.held), dtype=bool)
    if "rep" in names:
        other |= before.labels["rep"].codes != after.labels["rep"].codes
        if regrouped is not None:
            other |= regrouped[after.labels["rep"].codes]
    if "stage" in names:
        other |= found.kept & (before.labels["stage"].codes != after.labels["stage"].codes)
    rows = np.flatnonzero(found.held & ~gone & other)
    value, side = after.minor[rows], found.kept[rows].astype(np.int8)
    out, into = PLACE["transferred_out"], PLACE["transferred_in"]
    return Lines.together(
        [
            Lines.of(rows, 0, 0, out, -value),
            Lines.of(rows, 1, side, into, value),
            Lines.of(rows, 1, 0, into, np.zeros_like(value)),
        ]
    )
