"""What every job must give, and how counts and sums in dense tables become it: the same arithmetic for every peer."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from benchmarks.data import LONGEST, QUARTERS, REPS, SEGMENTS, Data

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


def quantile(counts: Int, share: tuple[int, int]) -> Float:
    """Return the nearest-rank quantile of each row of a table of days; a share is a quotient of whole numbers."""
    total = np.cumsum(counts, axis=1)
    rank = np.maximum(-(-share[0] * total[:, -1] // share[1]), 1)
    days: Float = (total < rank[:, None]).sum(axis=1).astype(np.float64)
    return days


def median_to_close(closed: Int, still_open: Int) -> Float:
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
