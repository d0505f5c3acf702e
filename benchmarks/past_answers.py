"""What the jobs on histories must give, and how the few deals that move become a walk: the same arithmetic for every peer."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from benchmarks.answers import Answer
from benchmarks.data import LONGEST, STAGES, Array
from benchmarks.past_data import OPEN_STAGES, Past

TOOK = 512  # days that a pair of stages is given room for
ENTERING = ("new", "reopened", "pulled_in", "pushed_in")
LEAVING = ("won", "lost", "pushed_out", "pulled_out")
BUCKETS = ("opening", *ENTERING, "increased", "decreased", *LEAVING, "closing")
STATE = ("stage", "outcome", "amount", "expected_close", "closed", "created", "rep", "segment")


def stepped(key: npt.ArrayLike, count: npt.ArrayLike) -> Answer:
    """Job f, from counts by (stage before * 8 + stage after) * TOOK + days."""
    size = len(STAGES)
    table = np.zeros(OPEN_STAGES * 8 * TOOK, dtype=np.int64)
    table[np.asarray(key)] = np.asarray(count)
    table = table.reshape(OPEN_STAGES, 8, TOOK)
    return {"moves": table.sum(axis=2)[:, :size], "days": table.sum(axis=1)[:, : LONGEST + 1]}


def walked(past: Past, before: Mapping[str, Array], after: Mapping[str, Array], born: Array) -> Answer:
    """Job g: ``before`` are the deals open at its start, ``after`` those open at its end or closed since.

    Both ascending by deal, as are the deals that were created in between.
    """
    start, end = past.quarter.start_day, past.quarter.end_day
    outcome, minor, expected = (np.asarray(after[name]) for name in ("outcome", "amount", "expected_close"))
    deal = np.asarray(after["deal"])
    was, new = np.zeros(len(deal), dtype=bool), np.zeros(len(deal), dtype=bool)
    at = np.searchsorted(deal, np.asarray(before["deal"]))
    was[at], new[np.searchsorted(deal, born)] = True, True
    minor0, expected0 = np.zeros(len(deal), dtype=np.int64), np.full(len(deal), -1, dtype=np.int32)
    minor0[at], expected0[at] = before["amount"], before["expected_close"]
    held = was & (expected0 >= start) & (expected0 < end)
    kept = (outcome == 0) & (expected >= start) & (expected < end)
    passing = ~held & (outcome > 0)
    came, went = ~held & (kept | passing), (held & ~kept) | passing
    entries = _firsts(came, [new, ~was, expected0 >= end, came])
    exits = _firsts(went, [outcome == 1, outcome == 2, expected >= end, went])
    step = minor - minor0
    rows = [held, *entries, held & (step > 0), held & (step < 0), *exits, kept]
    money = [minor0, *[minor] * 4, step, step, *[-minor] * 4, minor]
    both = [np.asarray(before["amount"]), minor[outcome == 0]]
    return {
        "amount": np.array([int(values[row].sum()) for row, values in zip(rows, money, strict=True)]) / 100,
        "count": np.array([int(row.sum()) for row in rows]),
        "open": np.array([int(values.sum()) for values in both]) / 100,
        "deals": np.array([len(values) for values in both]),
    }


def _firsts(rows: Array, rules: list[Array]) -> list[Array]:
    """Return the rows of each rule that no rule before it holds for."""
    found, left = [], rows
    for rule in rules:
        found.append(left & rule)
        left = left & ~rule
    return found


def summed(state: Mapping[str, Array]) -> Array:
    """Return a few numbers that tell states of one day apart."""
    sums = [int(np.asarray(state[name]).sum(dtype=np.int64)) for name in STATE]
    return np.array([len(state["rep"]), *sums])
