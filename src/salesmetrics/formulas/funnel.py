"""Stages as a funnel: who reached what, who went on, and where the narrowest place is.

Stages lie along one axis in their order, the first at 0. A move is counted at (from, to); behind the open stages the ends
follow, the won one first: with K stages, place K is a win and the places after it are ends without one.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from salesmetrics.arrays import AnyArray, IntArray
from salesmetrics.errors import InvalidArgumentError

__all__ = ["forward_moves", "forward_rate", "narrowest", "stage_conversion", "stage_reached", "transition_share"]

_CLOSE = 1e-9


def stage_reached(highest: npt.ArrayLike) -> Any:
    """Deals that reached each stage, from the count of deals by the highest stage they ever held.

    A deal that holds a stage is taken to have passed those below it: skipped stages are imputed.

    Parameters
    ----------
    highest : array_like of int, shape (..., stages)
        Deals whose highest place is exactly this one; the last place may be the win.

    Returns
    -------
    numpy.ndarray of int64, shape (..., stages)
        Deals whose highest place is this one or one above. Never rises from one stage to the next.

    Examples
    --------
    >>> from salesmetrics.formulas import stage_reached
    >>> stage_reached([1, 1, 2])
    array([4, 3, 2])
    """
    counts = np.asarray(highest)
    return np.cumsum(counts[..., ::-1], axis=-1, dtype=np.int64)[..., ::-1]


def stage_conversion(reached: npt.ArrayLike, advanced: npt.ArrayLike) -> Any:
    """Share of the deals that reached a stage and went on beyond it.

    Parameters
    ----------
    reached : array_like
        Deals that reached each stage.
    advanced : array_like
        Those of them that went on to a higher stage, or were won. A loss is not an advance.

    Returns
    -------
    float or numpy.ndarray
        Fraction in [0, 1]. NaN (``no_rows``) where nobody reached the stage.

    See Also
    --------
    wilson : its interval.

    Examples
    --------
    >>> from salesmetrics.formulas import stage_conversion
    >>> stage_conversion([4, 3, 0], [3, 2, 0])
    array([0.75      , 0.66666667,        nan])
    """
    there, on = np.asarray(reached, dtype=np.float64), np.asarray(advanced, dtype=np.float64)
    with np.errstate(all="ignore"):
        rate = np.where(there > 0, on / there, np.nan)
    return rate if rate.ndim else rate.item()


def transition_share(moves: npt.ArrayLike) -> Any:
    """Share of the moves out of each stage that go to each other place.

    Parameters
    ----------
    moves : array_like, shape (..., from, to)
        Counts of moves.

    Returns
    -------
    numpy.ndarray of float64, shape (..., from, to)
        Fractions that add up to 1 along the last axis. NaN (``no_rows``) in a row without moves.

    Examples
    --------
    >>> from salesmetrics.formulas import transition_share
    >>> transition_share([[0, 3, 1], [0, 0, 0]])
    array([[0.  , 0.75, 0.25],
           [ nan,  nan,  nan]])
    """
    counts = np.asarray(moves, dtype=np.float64)
    out = counts.sum(axis=-1, keepdims=True)
    with np.errstate(all="ignore"):
        return np.where(out > 0, counts / out, np.nan)


def forward_moves(moves: npt.ArrayLike) -> Any:
    """Moves out of each stage that go to a higher one, or to a win.

    Parameters
    ----------
    moves : array_like of int, shape (..., stages, stages + ends)
        Counts of moves; the place right behind the stages is the win.

    Returns
    -------
    numpy.ndarray of int64, shape (..., stages)
        Counts. Losses and moves back are not forward.

    Examples
    --------
    >>> from salesmetrics.formulas import forward_moves
    >>> forward_moves([[0, 4, 1, 2], [1, 0, 3, 2]])
    array([5, 3])
    """
    counts = _moves(moves)
    stages = counts.shape[-2]
    return (counts[..., : stages + 1] * np.triu(np.ones((stages, stages + 1), dtype=np.int64), 1)).sum(axis=-1)


def forward_rate(moves: npt.ArrayLike) -> Any:
    """Share of the moves out of each stage that go to a higher one, or to a win.

    Parameters
    ----------
    moves : array_like of int, shape (..., stages, stages + ends)
        Counts of moves; the place right behind the stages is the win.

    Returns
    -------
    numpy.ndarray of float64, shape (..., stages)
        Fractions. NaN (``no_rows``) where nothing left the stage.

    Examples
    --------
    >>> from salesmetrics.formulas import forward_rate
    >>> forward_rate([[0, 0, 1, 0, 0], [0, 0, 1, 0, 0], [0, 1, 0, 0, 1]])
    array([1., 1., 0.])
    """
    counts = _moves(moves)
    return stage_conversion(counts.sum(axis=-1), forward_moves(counts))


def narrowest(values: npt.ArrayLike, n: npt.ArrayLike, *, least: bool = True, min_n: int = 1) -> IntArray:
    """Place of the smallest (or greatest) value along the last axis; of equal ones the first.

    Parameters
    ----------
    values : array_like, shape (..., stages)
        One number for each stage; NaN does not take part.
    n : array_like of int, shape (..., stages)
        What each number rests on; stages with fewer than ``min_n`` do not take part.
    least : bool, default True
        Look for the smallest, else for the greatest.
    min_n : int, default 1
        The least n that takes part.

    Returns
    -------
    numpy.ndarray of int64, shape (...)
        Position of the stage, -1 where none takes part. Numbers whose relative difference is below 1e-9 count as equal.

    Examples
    --------
    >>> from salesmetrics.formulas import narrowest
    >>> narrowest([[0.8, 0.5, 0.5], [float("nan")] * 3], [[9, 8, 4], [0, 0, 0]])
    array([ 1, -1])
    """
    numbers, rests = np.broadcast_arrays(np.asarray(values, dtype=np.float64), np.asarray(n))
    taking = ~np.isnan(numbers) & (rests >= min_n)
    if not numbers.shape[-1]:
        return np.full(numbers.shape[:-1], -1, dtype=np.int64)
    signed = np.where(taking, numbers if least else -numbers, np.inf)
    best = signed.min(axis=-1, keepdims=True)
    with np.errstate(invalid="ignore"):
        equal = taking & (signed <= best + _CLOSE * np.abs(best))
    return np.where(taking.any(axis=-1), equal.argmax(axis=-1), -1)


def _moves(moves: npt.ArrayLike) -> AnyArray:
    """Return counts of moves as int64, or refuse what has no place for a win behind its stages."""
    counts = np.asarray(moves)
    if counts.ndim < 2 or counts.shape[-1] <= counts.shape[-2] or counts.dtype.kind not in "iu":
        raise InvalidArgumentError(
            "`moves` must hold whole counts of shape (..., stages, stages + ends) with at least one end; "
            f"got shape {counts.shape}, {counts.dtype}.",
            code="SM-MOV-01",
            field="moves",
        )
    return counts.astype(np.int64, copy=False)
