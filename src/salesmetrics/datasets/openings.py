"""Who creates a deal, and when: busy days have more, and so have busy reps; leavers hand over what they leave open."""

from __future__ import annotations

import numpy as np

from salesmetrics.arrays import AnyArray, IntArray
from salesmetrics.datasets.chance import Draws
from salesmetrics.datasets.days import Days
from salesmetrics.datasets.staff import Staff

__all__ = ["hand_over", "open_deals"]

_BLOCK = 1 << 18
_LAST_DAYS = 14  # in which a leaver starts nothing new


def open_deals(draws: Draws, days: Days, staff: Staff, deals: int) -> tuple[AnyArray, AnyArray]:
    """Return the day each deal is created on, in order, and the rep who creates it."""
    busy = np.cumsum(days.traffic())
    counts = np.zeros(days.count, dtype=np.int64)
    for first in range(0, deals, _BLOCK):
        draw = draws.raw(min(_BLOCK, deals - first)) % np.uint64(busy[-1])
        at = np.searchsorted(busy, draw.astype(np.int64), side="right")
        counts += np.bincount(at, minlength=days.count)
    created = np.repeat(np.arange(days.start, days.as_of + 1, dtype=np.int32), counts)
    rep = np.empty(deals, dtype=np.int16)
    begin = 0
    for day, count in zip(range(days.start, days.as_of + 1), counts.tolist(), strict=True):
        if count:
            upto = np.cumsum(_eagerness(staff, day))
            chosen = draws.below(count, int(upto[-1]))
            rep[begin : begin + count] = np.searchsorted(upto, chosen, side="right")
            begin += count
    return created, rep


def _eagerness(staff: Staff, day: int) -> IntArray:
    """Return how many deals each rep creates on a day, in proportion."""
    leaving = (staff.left >= 0) & (day >= staff.left - _LAST_DAYS)
    share = np.maximum(staff.share(day), 150) * staff.working(day)
    return staff.activity * np.where(leaving, 0, share)


def hand_over(staff: Staff, rep: IntArray, created: IntArray, closed: IntArray, draw: IntArray) -> IntArray:
    """Return whose deals they are in the end: those that outlast their rep go to one who is in the team by then."""
    left = staff.left[rep]
    orphan = np.flatnonzero((left >= 0) & (closed >= left))
    heirs, key = staff.heirs()
    team = staff.team[rep[orphan]] << 20
    first = np.searchsorted(key, team)
    choices = np.searchsorted(key, team + created[orphan], side="right") - first
    rep = rep.copy()
    rep[orphan] = heirs[first + draw[orphan] % choices]
    return rep
