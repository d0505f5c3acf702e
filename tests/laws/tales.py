"""Histories made of deals: each a few bytes of a tale, told backwards from what the deal is recorded with.

Whatever a law does to the deals of a case happens to their histories as well: the last row of each is what the book says.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from salesmetrics.domain import Deal
from tests.oracle_history import Change
from tests.strategies import ENDED_STAGES, OPEN_STAGES

BYTES = 16
"""Length of the tale of one deal."""
UNTOLD = date(2023, 12, 1)
"""First row of a deal that is open and whose creation is not known."""
KINDS = (
    *("stage", "stage", "stage", "stage_and_date", "amount", "unpriced", "push", "push", "pull_in"),
    *("undated", "rep", "ownerless", "reopened", "reopened", "category", "nothing", "other_end"),
)
ENDS = tuple(ENDED_STAGES.values())


def bytes_of(deal: Deal, tale: bytes) -> bytes:
    """Return the bytes that tell the history of a deal: its own part of the tale, else what follows from its id."""
    digits = str(deal.id)[1:]
    at = BYTES * int(digits) if digits.isdecimal() and str(deal.id).startswith("d") else len(tale)
    mine = tale[at : at + BYTES]
    return mine if len(mine) == BYTES else hashlib.sha256(str(deal.id).encode()).digest()[:BYTES]


def neighbour(rep: Any, reps: Sequence[str]) -> Any:
    """Return the next of the reps, renamed as they are renamed by a law."""
    text = str(rep)
    renamed = text not in reps and text[1:] in reps
    if text not in reps and not renamed:
        return rep
    at = (reps.index(text[1:] if renamed else text) + 1) % len(reps)
    return f"{'zyxwvu'[at]}{reps[at]}" if renamed else reps[at]


def earlier(state: Change, kind: str, byte: int, deal: Deal, reps: Sequence[str]) -> Change:
    """Return a state from which a change of some kind led to this one; money is the deal's own, times something."""
    days = timedelta((1, 7, 31, 90)[byte % 4])
    if kind == "stage" or (kind == "stage_and_date" and state.expected_close is None):
        return state._replace(stage=OPEN_STAGES[byte % 3])
    if kind == "stage_and_date":
        return state._replace(stage=OPEN_STAGES[byte % 3], expected_close=state.expected_close - days)
    if kind in ("amount", "unpriced") and state.amount is None:
        return state._replace(amount=None if deal.amount is None else 3 * Decimal(str(deal.amount)))
    if kind == "amount":
        return state._replace(amount=state.amount * (2, 3, -1, 0)[byte % 4])
    if kind == "unpriced":
        return state._replace(amount=None)
    if kind in ("push", "pull_in") and state.expected_close is not None:
        return state._replace(expected_close=state.expected_close + (days if kind == "pull_in" else -days))
    if kind == "undated" or (kind == "pull_in" and state.expected_close is None):
        dated = None if state.expected_close is not None else (deal.expected_close or deal.created or UNTOLD) + days
        return state._replace(expected_close=dated)
    if kind == "rep":
        return state._replace(rep=neighbour(state.rep, reps))
    if kind == "ownerless":
        return state._replace(rep=None)
    if kind == "category":
        return state._replace(forecast_category=("commit", "best_case", "pipeline", None)[byte % 4])
    return state


def told_backwards(deal: Deal, data: bytes, reps: Sequence[str]) -> list[Change]:
    """Return the states of a deal from its first to the recorded one, whatever their days."""
    last = Change(
        deal.id,
        UNTOLD,
        deal.stage,
        None if deal.amount is None else Decimal(str(deal.amount)),
        deal.expected_close,
        deal.rep,
        deal.forecast_category,
    )
    states = [last]
    if deal.is_closed and data[2] % 16 != 15:
        states.append(last._replace(stage=OPEN_STAGES[data[3] % 3]))
    for at in range(data[1] % 7):
        now, byte = states[-1], data[4 + at]
        kind = KINDS[data[9 - at] % len(KINDS)]
        if kind == "reopened" and now.stage in OPEN_STAGES:
            states.append(now._replace(stage=ENDS[byte % 3]))
            states.append(now._replace(stage=OPEN_STAGES[byte % 7 % 3]))
        elif kind == "other_end" and now.stage in ENDS:
            states.append(now._replace(stage=ENDS[byte % 3]))
        elif now.stage in OPEN_STAGES or kind not in ("stage", "stage_and_date"):
            states.append(earlier(now, kind, byte, deal, reps))
    return states[::-1]


def moves_of(deal: Deal, tale: bytes, reps: Sequence[str]) -> list[Change]:
    """Return the history of a deal, none of some: of those whose stage is not known, and of one in eight.

    Of one in sixteen it begins later than the deal.
    """
    data = bytes_of(deal, tale)
    if deal.stage is None or data[0] % 8 == 7:
        return []
    states = told_backwards(deal, data, reps)
    first = deal.created
    if first is None:
        first = UNTOLD if deal.closed is None else deal.closed - timedelta(data[10] % 50)
    if data[13] % 16 == 15:
        first = first + timedelta(data[14] % 20) if deal.closed is None else min(first + timedelta(9), deal.closed)
    length = (deal.closed - first).days if deal.closed is not None else (0, 1, 30, 200)[data[11] % 4] + data[12] % 30
    inner = sorted((37 * data[10 + at % 6] + 11 * at) % (length + 1) for at in range(len(states) - 2))
    offsets = [0, *inner, length] if len(states) > 1 else [length if deal.is_closed else 0]
    closing = len(states) - 1
    while closing and deal.is_closed and states[closing - 1].stage == deal.stage:
        closing -= 1
    offsets[closing:] = [offsets[-1]] * (len(states) - closing)
    return [s._replace(day=first + timedelta(o), seq=at) for at, (s, o) in enumerate(zip(states, offsets, strict=True))]


def history_of(deals: Iterable[Deal], tale: bytes, reps: Sequence[str]) -> tuple[Change, ...]:
    """Return the history of some deals."""
    return tuple(change for deal in deals for change in moves_of(deal, tale, reps))
