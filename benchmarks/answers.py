"""What every job must give, and how counts and sums in dense tables become it: the same arithmetic for every peer."""

from __future__ import annotations

from typing import Any, TypeAlias

import attrs
import numpy as np
import numpy.typing as npt

from benchmarks.data import LONGEST, QUARTERS, REPS, SEGMENTS, WEEKS, Data

Answer: TypeAlias = dict[str, npt.NDArray[Any]]
Int: TypeAlias = npt.NDArray[np.int64]
Float: TypeAlias = npt.NDArray[np.float64]
DAYS = LONGEST + 1
PPM = 1_000_000


def dense(size: int, key: npt.ArrayLike, values: npt.ArrayLike) -> Int:
    """Return the values of a grouped result at their keys, 0 elsewhere."""
    out = np.zeros(size, dtype=np.int64)
    out[np.asarray(key)] = np.asarray(values)
    return out


@attrs.frozen(eq=False)
class Tables:
    """What jobs a to e are made of when they are asked together: counts, and cents, by whole keys.

    By rep and quarter ``won``, ``lost``, ``booked``; by rep ``opened``, ``weighted`` and ``due``; by segment ``still``, and
    with the quarter ``sold``, ``missed``, ``money`` and ``took``; by rep and day ``waiting``, ``cycles`` and ``closed``.
    """

    won: Int
    lost: Int
    booked: Int
    opened: Int
    weighted: Int
    due: Int
    still: Int
    sold: Int
    missed: Int
    money: Int
    took: Int
    waiting: Int
    cycles: Int
    closed: Int

    def answer(self, data: Data) -> Answer:
        """Return the answers to jobs a to e."""
        last = self.booked.reshape(REPS, QUARTERS)[:, -1]
        return {
            **attainment(data, self.booked),
            **rates(self.won, self.lost, self.booked),
            **coverage(data, self.opened, self.weighted, self.due, last),
            **velocity(self.still, self.sold, self.missed, self.money, self.took),
            **cycles(self.waiting, self.cycles, self.closed),
        }


def cycles(waiting: Int, won: Int, closed: Int) -> Answer:
    """Job e, from counts by rep and day."""
    still, wins, gone = (each.reshape(REPS, DAYS) for each in (waiting, won, closed))
    below = np.cumsum(wins, axis=1)
    p50, p90 = _quantile(below, (1, 2)), _quantile(below, (9, 10))
    return {"p50": p50, "p90": p90, "median": _median_to_close(gone, still)}


def by_rep(rep: npt.ArrayLike, **values: npt.ArrayLike) -> Answer:
    """Return values of reps in their places, NaN elsewhere."""
    out = {name: np.full(REPS, np.nan) for name in values}
    for name, each in values.items():
        out[name][np.asarray(rep)] = np.asarray(each)
    return out


def attainment(data: Data, booked: Int) -> Answer:
    """Job a: bookings and their share of quota, rep by quarter."""
    table = booked.reshape(REPS, QUARTERS)
    return {"booked": table / 100, "attainment": table / data.quota}


def rates(won: Int, lost: Int, amount: Int) -> Answer:
    """Job b: win rate and mean amount of wins, rep by quarter."""
    with np.errstate(all="ignore"):
        return {
            "win_rate": (won / (won + lost)).reshape(REPS, QUARTERS),
            "deal_size": (amount / (won * 100)).reshape(REPS, QUARTERS),
        }


def coverage(data: Data, opened: Int, weighted: Int, due: Int, booked: Int) -> Answer:
    """Job c: open and weighted pipeline, and coverage of what is left of the running quarter's quota, by rep."""
    left = data.quota[:, -1] - booked
    with np.errstate(all="ignore"):
        share = np.where(left > 0, due / left, np.nan)
    return {"open": opened / 100, "weighted": weighted / (PPM * 100), "coverage": share}


def velocity(opened: Int, won: Int, lost: Int, amount: Int, days: Int) -> Answer:
    """Job d: velocity, segment by quarter."""
    with np.errstate(all="ignore"):
        rate, mean, cycle = won / (won + lost), amount / (won * 100), days / won
        return {"velocity": (np.repeat(opened, QUARTERS) * rate * mean / cycle).reshape(SEGMENTS, QUARTERS)}


def error_of_calls(data: Data, booked: Int) -> Answer:
    """Job w: sum of errors over the weeks that are over, over the sum of what was booked in them, by rep."""
    over = (data.as_of + 1 - data.periods[0].start_day) // 7
    actual = booked.reshape(REPS, WEEKS)[:, :over]
    error, total = np.abs(data.call[:, :over] - actual).sum(axis=1), actual.sum(axis=1)
    with np.errstate(all="ignore"):
        return {"wape": np.where(total > 0, error / total, np.nan)}


def ranked(packed: Int) -> Answer:
    """Job q, from sorted numbers that hold rep (from bit 40 on) and amount: two picks for each rep."""
    starts = np.searchsorted(packed, np.arange(REPS + 1, dtype=np.int64) << 40)
    size = np.diff(starts)
    out = {}
    for name, place in (("p50", (size + 1) // 2), ("p90", (9 * size + 9) // 10)):
        picked = packed[np.minimum(starts[:-1] + np.maximum(place, 1) - 1, len(packed) - 1)] & ((1 << 40) - 1)
        out[name] = np.where(size > 0, picked / 100, np.nan)
    return out


def _quantile(below: Int, share: tuple[int, int]) -> Float:
    """Return the nearest-rank quantile of each row of running counts by day; a share is a quotient of whole numbers."""
    rank = np.maximum(-(-share[0] * below[:, -1] // share[1]), 1)
    days: Float = np.where(below[:, -1] > 0, (below < rank[:, None]).sum(axis=1), np.nan)
    return days


def _median_to_close(closed: Int, still_open: Int) -> Float:
    """Return the Kaplan-Meier median of each row: the first day by which half have closed."""
    gone = closed + still_open
    risk = np.cumsum(gone[:, ::-1], axis=1)[:, ::-1]
    survival = np.cumprod((np.maximum(risk, 1) - closed) / np.maximum(risk, 1), axis=1)
    reached = survival <= 0.5 * (1 + 1e-12)  # exactly a half, but for the rounding of the product
    days: Float = np.where(reached.any(axis=1), reached.argmax(axis=1), np.nan)
    return days


def same(name: str, ours: Answer, theirs: Answer) -> None:
    """Raise where two answers differ by more than the last few bits of a quotient."""
    for part, values in ours.items():
        np.testing.assert_allclose(theirs[part], values, rtol=1e-12, atol=0, err_msg=f"{name}: {part}")
