"""Bookings against a number: attainment, gap, team roll-up."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from salesmetrics import _check

__all__ = ["attainment", "attainment_gap", "team_attainment"]


def attainment(booked: npt.ArrayLike, quota: npt.ArrayLike) -> Any:
    """Share of the number that is booked: B / Q.

    Parameters
    ----------
    booked, quota : array_like
        Money in one unit, or counts; they broadcast. A missing quota is NaN.

    Returns
    -------
    float or numpy.ndarray
        Fraction; may exceed 1, and is negative where credits outweigh bookings. NaN (``no_quota``) where the quota is
        missing or not above 0; nothing booked against a quota is 0.0.

    Examples
    --------
    >>> from salesmetrics.formulas import attainment
    >>> attainment(235_000, 250_000)
    0.94
    >>> attainment([42_500, 55_000, 0], [50_000, 50_000, 0])
    array([0.85, 1.1 ,  nan])
    """
    above, below = np.asarray(booked, dtype=np.float64), np.asarray(quota, dtype=np.float64)
    with np.errstate(all="ignore"):
        share = np.where(below > 0, above / below, np.nan)
    return share if share.ndim else share.item()


def attainment_gap(booked: npt.ArrayLike, quota: npt.ArrayLike) -> Any:
    """Distance to the number: B - Q, negative where it is short.

    Parameters
    ----------
    booked, quota : array_like
        Money in one unit, or counts; they broadcast. A missing quota is NaN.

    Returns
    -------
    float or numpy.ndarray
        Money in the same unit. NaN (``no_quota``) where the quota is missing; B where the quota is 0.

    Examples
    --------
    >>> from salesmetrics.formulas import attainment_gap
    >>> attainment_gap(235_000, 250_000)
    -15000.0
    """
    gap = np.subtract(np.asarray(booked, dtype=np.float64), np.asarray(quota, dtype=np.float64))
    return gap if np.ndim(gap) else float(gap)


def team_attainment(booked: npt.ArrayLike, quota: npt.ArrayLike, *, method: str = "pooled") -> Any:
    """Share of a team's number that is booked: sum B / sum Q over the reps with a quota above 0.

    It is the quota-weighted mean of the reps' attainments, not their plain mean.

    Parameters
    ----------
    booked, quota : array_like, shape (..., reps)
        Money in one unit. Bookings of reps without a quota are left out.
    method : {"pooled", "mean_of_reps"}
        The quotient of sums, or the plain mean of the reps' quotients.

    Returns
    -------
    float or numpy.ndarray
        Fraction, one for each team. NaN (``no_quota``) where no rep has a quota above 0.

    Examples
    --------
    >>> from salesmetrics.formulas import team_attainment
    >>> team_attainment([120, 150], [100, 300])
    0.675
    >>> team_attainment([120, 150], [100, 300], method="mean_of_reps")
    0.85
    """
    _check.one_of(method, ("pooled", "mean_of_reps"), "method")
    above, below = np.broadcast_arrays(np.asarray(booked, dtype=np.float64), np.asarray(quota, dtype=np.float64))
    rated = below > 0
    with np.errstate(all="ignore"):
        if method == "pooled":
            share = np.sum(above, axis=-1, where=rated) / np.sum(below, axis=-1, where=rated)
        else:
            share = np.sum(above / below, axis=-1, where=rated) / np.count_nonzero(rated, axis=-1)
    return share if np.ndim(share) else float(share)
