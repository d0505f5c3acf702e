"""Moves and days in one pass over the changes, where every deal is asked for.

Most deals go straight through the stages, one change for each: their moves and days are those between neighbouring changes.
The others are counted out of the table and in again as they are.
"""

from __future__ import annotations

import attrs
import numpy as np

from salesmetrics._kernels import largest_difference
from salesmetrics._strides import code_counts, code_gaps, code_pairs, steps
from salesmetrics.arrays import IntArray
from salesmetrics.books.deals import OPEN
from salesmetrics.domain import OUTCOMES
from salesmetrics.trails import Trails
from salesmetrics.visits import Placed, States, members

__all__ = ["gaps_between", "moves_between"]

_FEW_CHANGES = 100_000
_MOST_WINDING = 0.3
_WIDEST = 16
_MOST_CELLS = 1 << 18
_KEPT_TURNS = 5_000_000


@attrs.frozen(eq=False)
class _Steps:
    """Moves and days of a history whose stages tell what deals came to: what both questions are answered from.

    ``table`` counts by stage before (0 where a deal begins), stage and days between; stage s stands at s + 1. ``outcome`` is
    that of each stage. ``turns`` are the rows whose stage is not above the one before.
    """

    table: IntArray
    outcome: IntArray
    turns: IntArray


def moves_between(place: Placed) -> IntArray | None:
    """Return the moves from each state (in the last line, of deals that begin) to each other; None where a pass will not do."""
    trail = place.trails
    if not place.plain or len(trail.day) < _FEW_CHANGES:
        return None
    known = States.of(trail)
    width = len(trail.levels) + 1
    stepped = _stepped(place)
    if stepped is None:
        pairs = code_pairs(trail.outcome, trail.stage, width, len(OUTCOMES), trail.starts)
        state = np.append(known.table, known.size)
    else:
        pairs = stepped.table.sum(axis=2)
        state = known.table.reshape(-1, width)[stepped.outcome, np.arange(width)]
        state[0] = known.size
    origin, code = np.nonzero(pairs)
    if bool((state[origin] < 0).any()) or bool((state[code] < 0).any()):
        return None  # a stage that is not known lies between two visits, or divides one
    moves = np.zeros((known.size + 1, known.size), dtype=np.int64)
    np.add.at(moves, (state[origin], state[code]), pairs[origin, code])
    np.fill_diagonal(moves[:-1], 0)
    return moves


def gaps_between(place: Placed, population: str) -> tuple[IntArray, Placed] | None:
    """Return how often deals that go straight spent how many days in each open stage, and the other deals by themselves.

    None where a pass will not do, and where most deals are of the other kind.
    """
    trail = place.trails
    if not place.plain or population == "created" or trail.process is None or len(trail.day) < _FEW_CHANGES:
        return None
    if not _consistent(place):
        return None
    width = len(trail.levels) + 1
    stepped = _stepped(place)
    if stepped is None:
        table, turns = code_gaps(trail.outcome, trail.stage, width, trail.starts, trail.day)
    else:
        table, turns = stepped.table.sum(axis=1) * (stepped.outcome == OPEN)[:, None], stepped.turns
    if len(turns) > _MOST_WINDING * len(trail):
        return None
    apart = np.zeros(len(trail), dtype=bool)
    apart[np.searchsorted(trail.starts, turns, side="right") - 1] = True
    if population == "closed":
        apart[trail.outcome.take(trail.starts[1:] - 1) == OPEN] = True
    some = np.flatnonzero(apart)
    other = _some(trail, some)
    counted, _ = code_gaps(other.outcome, other.stage, width, other.starts, other.day)
    table[:, : counted.shape[1]] -= counted
    grouping = attrs.evolve(place.grouping, rows=len(other))
    straight = table[1:][trail.meaning == OPEN]
    return straight, attrs.evolve(place, trails=other, grouping=grouping)


def _stepped(place: Placed) -> _Steps | None:
    """Return the steps of a history, kept for the next question; None where its stages do not tell what deals came to.

    Closed stages must come behind the open ones, and the longest deal must leave the table small.
    """
    trail, memory = place.trails, place.told.tied
    held = memory.get("steps")
    if held is not None and held[0] is trail:
        found: _Steps = held[1]
        return found
    width = len(trail.levels) + 1
    counts = _told(place)
    outcome = counts.argmax(axis=0)
    used = np.count_nonzero(counts, axis=0) > 0
    several = bool((np.count_nonzero(counts, axis=0) > 1).any())
    if width > _WIDEST or used[0] or several or bool((np.diff((outcome > OPEN)[used].astype(np.int8)) < 0).any()):
        return None
    longest = max(largest_difference(trail.ended, trail.born), 0)
    if width * width * (longest + 1) > _MOST_CELLS:
        return None
    table, turns = steps(trail.stage, width, trail.starts, trail.day, longest)
    found = _Steps(table, outcome, turns)
    if len(found.turns) <= _KEPT_TURNS:
        memory["steps"] = (trail, found)
    return found


def _told(place: Placed) -> IntArray:
    """Return how many changes say which outcome in which stage, counted once for a history; the missing stage comes first."""
    trail, memory = place.trails, place.told.tied
    held = memory.get("told")
    if held is None or held[0] is not trail:
        width = len(trail.levels) + 1
        held = memory["told"] = (trail, code_counts(trail.outcome, trail.stage, width, len(OUTCOMES)))
    counts: IntArray = held[1]
    return counts


def _consistent(place: Placed) -> bool:
    """Return True where no deal is open in a closed stage."""
    shut = place.trails.meaning != OPEN
    return not bool(_told(place)[OPEN, 1:][shut].any())


def _some(trail: Trails, chosen: IntArray) -> Trails:
    """Return some of the trails."""
    rows = members(trail.starts, chosen)
    size = trail.starts.take(chosen + 1) - trail.starts.take(chosen)
    starts = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(size)])
    # what a history is sorted by comes along, else ties of one day would fall into another order
    columns = {
        name: c for name, c in trail.history.columns.items() if name in ("deal", "date", "seq", "stage", "outcome")
    }
    history = attrs.evolve(
        trail.history, columns={name: column.take(rows) for name, column in columns.items()}, rows=len(rows)
    )
    row = trail.rows_of(chosen)
    return attrs.evolve(trail, history=history, starts=starts, row=row)
