"""Stages as an absorbing chain: where a deal ends, how often it visits, and what one stage is worth.

Counts of moves have the shape (..., stages, stages + ends): behind the open stages, in their order, follow the ends, the
win first. An end is never left. The chain forgets how a deal came to a stage: its probabilities depend on the present
stage only.
"""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from salesmetrics import _check
from salesmetrics.arrays import AnyArray, BoolArray, FloatArray
from salesmetrics.errors import InvalidArgumentError

__all__ = ["ThroughputGain", "absorption", "throughput_gain", "visits"]


@attrs.frozen(eq=False)
class ThroughputGain:
    """What a better stage would bring, for each stage.

    Attributes
    ----------
    gain : numpy.ndarray of float64, shape (..., stages)
        Wins gained per unit of forward rate, were exits that do not lead forward to lead forward instead. NaN in a
        stage from which no end can be reached.
    visits : numpy.ndarray of float64, shape (..., stages)
        Visits to the stage that the entries make.
    forward, otherwise : numpy.ndarray of float64, shape (..., stages)
        Mean probability of a win after a forward move out of the stage, and after any other one.
    wins : numpy.ndarray of float64, shape (...)
        Wins that the entries come to.
    """

    gain: FloatArray = attrs.field(converter=_check.locked)
    visits: FloatArray = attrs.field(converter=_check.locked)
    forward: FloatArray = attrs.field(converter=_check.locked)
    otherwise: FloatArray = attrs.field(converter=_check.locked)
    wins: FloatArray = attrs.field(converter=_check.locked)


def absorption(moves: npt.ArrayLike) -> Any:
    r"""Probability that a deal in each stage comes to each end.

    With Q the shares of moves between stages and R those into ends, :math:`B = (I - Q)^{-1} R`, solved for each group.

    Parameters
    ----------
    moves : array_like of int, shape (..., stages, stages + ends)
        Counts of moves.

    Returns
    -------
    numpy.ndarray of float64, shape (..., stages, ends)
        Fractions. They add up to 1 over the ends where every stage that a deal may come to can reach an end; a stage
        that nobody left, or a circle without a way out, is a dead end that takes the rest. NaN (``no_rows``) where
        nobody left the stage.

    Examples
    --------
    >>> from salesmetrics.formulas import absorption
    >>> moves = [[0, 2, 2, 0, 1], [0, 0, 1, 0, 1], [0, 0, 0, 2, 1]]
    >>> absorption(moves)[:, 0].round(4)
    array([0.4   , 0.3333, 0.6667])
    """
    counts = _counts(moves)
    inner, ends = _chain(counts)
    left: BoolArray = np.asarray(counts.any(axis=-1))
    solved = np.linalg.solve(np.eye(inner.shape[-1]) - inner, ends) if inner.shape[-1] else ends
    # a share can leave [0, 1] by a rounding of the elimination
    return np.where(left[..., None], np.clip(solved, 0.0, 1.0), np.nan)


def visits(moves: npt.ArrayLike, entries: npt.ArrayLike) -> Any:
    r"""Expected visits to each stage, from the deals that enter the chain at each.

    :math:`v = e (I - Q)^{-1}`: a stage that is entered again is visited again.

    Parameters
    ----------
    moves : array_like of int, shape (..., stages, stages + ends)
        Counts of moves.
    entries : array_like, shape (..., stages)
        Deals that begin in each stage.

    Returns
    -------
    numpy.ndarray of float64, shape (..., stages)
        Visits. NaN in a stage from which no end can be reached: those who come to it stay.

    Examples
    --------
    >>> from salesmetrics.formulas import visits
    >>> visits([[0, 4, 0, 0], [1, 0, 1, 2]], [3, 0])
    array([4., 4.])
    """
    counts = _counts(moves)
    inner, _ = _chain(counts)
    stages = inner.shape[-1]
    start = np.broadcast_to(np.asarray(entries, dtype=np.float64), counts.shape[:-1])
    if not stages:
        return np.zeros(counts.shape[:-1])
    ending = _ending(counts)
    seen = np.linalg.solve(np.swapaxes(np.eye(stages) - inner, -1, -2), (start * ending)[..., None])[..., 0]
    return np.where(ending, np.maximum(seen, 0.0), np.nan)


def throughput_gain(moves: npt.ArrayLike, entries: npt.ArrayLike) -> ThroughputGain:
    r"""Wins gained per unit by which the forward rate of each stage is raised.

    Of the exits of stage s a small share :math:`\delta` more leads forward, spread over its forward moves as they are (to
    the next place, where there were none), and as much less over its losses and moves back as they are. Wins change by
    :math:`\delta\, v_s (F_s - O_s)`, with :math:`v_s` the visits, :math:`F_s` the mean probability of a win after a
    forward move and :math:`O_s` that after any other one. Where nothing but forward moves leaves a stage there is
    nothing to gain: 0.

    Parameters
    ----------
    moves : array_like of int, shape (..., stages, stages + ends)
        Counts of moves; the place right behind the stages is the win.
    entries : array_like, shape (..., stages)
        Deals that begin in each stage.

    Returns
    -------
    ThroughputGain
        Gain in wins per unit (a raise by 0.01 brings a hundredth of it), with the numbers that say so.

    Examples
    --------
    >>> from salesmetrics.formulas import throughput_gain
    >>> what_if = throughput_gain([[0, 8, 0, 2], [0, 0, 2, 6]], [10, 0])
    >>> what_if.gain, what_if.wins
    (array([2.5, 8. ]), array(2.))
    """
    counts = _counts(moves)
    stages = counts.shape[-2]
    win = np.nan_to_num(absorption(counts)[..., 0])
    often = visits(counts, entries)
    begun = np.broadcast_to(np.asarray(entries, dtype=np.float64), win.shape)
    ahead = np.zeros((stages, counts.shape[-1]))
    ahead[:, : stages + 1] = np.triu(np.ones((stages, stages + 1)), 1)
    # what a place is worth: a stage its probability of a win, the win 1, any other end 0
    ends = np.zeros((*win.shape[:-1], counts.shape[-1] - stages))
    ends[..., 0] = 1.0
    worth = np.concatenate([win, ends], axis=-1)[..., None, :]
    forward, otherwise = _mean_worth(counts * ahead, worth), _mean_worth(counts * (1 - ahead), worth)
    following = np.concatenate([win, ends], axis=-1)[..., 1 : stages + 1]
    forward = np.where(np.isnan(forward) & counts.any(axis=-1), following, forward)
    gain = np.where(np.isnan(otherwise), 0.0, often * (forward - otherwise))
    gain = np.where(np.isnan(often), np.nan, gain)
    wins = np.asarray((begun * win).sum(axis=-1))
    return ThroughputGain(gain, np.asarray(often), forward, otherwise, wins)


def _mean_worth(counts: AnyArray, worth: FloatArray) -> FloatArray:
    """Return the mean worth of the places that moves go to, NaN where there is no move."""
    total = counts.sum(axis=-1)
    with np.errstate(all="ignore"):
        return np.where(total > 0, np.where(counts > 0, counts * worth, 0.0).sum(axis=-1) / total, np.nan)


def _counts(moves: npt.ArrayLike) -> AnyArray:
    """Return counts of moves as float64, or refuse what has no end behind its stages."""
    counts = np.asarray(moves)
    if counts.ndim < 2 or counts.shape[-1] <= counts.shape[-2] or counts.dtype.kind not in "iuf" or (counts < 0).any():
        raise InvalidArgumentError(
            "`moves` must hold counts >= 0 of shape (..., stages, stages + ends) with at least one end; "
            f"got shape {counts.shape}, {counts.dtype}.",
            code="SM-MOV-02",
            field="moves",
        )
    return counts.astype(np.float64)


def _ending(counts: AnyArray) -> BoolArray:
    """Return True for the stages from which an end can be reached."""
    stages = counts.shape[-2]
    inner = counts[..., :stages] > 0
    ending: BoolArray = np.asarray(counts[..., stages:].any(axis=-1))
    for _ in range(stages):
        ending = np.asarray(ending | (inner & ending[..., None, :]).any(axis=-1))
    return ending


def _chain(counts: AnyArray) -> tuple[FloatArray, FloatArray]:
    """Return the shares of moves between stages that can reach an end, and into ends; 0 elsewhere."""
    stages = counts.shape[-2]
    out = counts.sum(axis=-1, keepdims=True)
    ending = _ending(counts)
    with np.errstate(all="ignore"):
        share = np.where(ending[..., None], counts / out, 0.0)
    return share[..., :stages] * ending[..., None, :], share[..., stages:]
