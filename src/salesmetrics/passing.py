"""Moves and days in one pass over the changes, where every deal is asked for.

Most deals go straight through the stages, one change for each: their moves and days are those between neighbouring changes.
The others are counted out of the table and in again as they are.
"""

from __future__ import annotations

import attrs
import numpy as np

from salesmetrics._strides import code_gaps, code_pairs
from salesmetrics.arrays import AnyArray, IntArray
from salesmetrics.books.deals import OPEN
from salesmetrics.domain import OUTCOMES
from salesmetrics.trails import Trails
from salesmetrics.visits import Placed, States, members

__all__ = ["gaps_between", "moves_between"]

_FEW_CHANGES = 100_000
_MOST_WINDING = 0.3


def moves_between(place: Placed) -> IntArray | None:
    """Return the moves from each state (in the last line, of deals that begin) to each other; None where a pass will not do."""
    trail = place.trails
    if not place.plain or len(trail.day) < _FEW_CHANGES:
        return None
    known = States.of(trail)
    width = len(trail.levels) + 1
    pairs = code_pairs(trail.outcome, trail.stage, width, len(OUTCOMES), trail.starts)
    origin, code = np.nonzero(pairs)
    state = np.append(known.table, known.size)
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
    table, turns = code_gaps(trail.outcome, trail.stage, width, trail.starts, trail.day)
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


def _consistent(place: Placed) -> bool:
    """Return True where no deal is open in a closed stage, looked up once for a history."""
    trail, memory = place.trails, place.told.tied
    if memory.get("consistent") is not trail:
        shut = np.append(trail.meaning != OPEN, False)
        if bool((shut[trail.stage] & (trail.outcome == OPEN)).any()):
            return False
        memory["consistent"] = trail
    return True


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
    row: AnyArray = trail.row.take(chosen)
    return attrs.evolve(trail, history=history, starts=starts, row=row)
