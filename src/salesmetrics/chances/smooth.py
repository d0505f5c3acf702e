"""What the frequencies beyond the last that was sampled come to: proved where amounts are many, else checked by sampling."""

from __future__ import annotations

import numpy as np

from salesmetrics.arrays import FloatArray, IntArray
from salesmetrics.chances.stakes import Stakes

__all__ = ["FEW", "revived"]

_DENSE = 8192
_SAMPLES = 512
FEW = 512
"""Of no more amounts all are looked at when abs(phi) is sampled."""
_LEVELS = 3
_TOLD = 8192
_NEIGHBOURS = 32
_SAFE = 4.0
_DEVIATIONS = 14.0
"""Eight standard deviations of terms of which some six neighbours go together."""


def revived(stakes: Stakes, beyond: float, need: float, count: int) -> tuple[float, bool]:
    """Return a bound on what the terms from the ``count``-th to that of pi add to a chance, and whether it is proved.

    It is infinite where many amounts are not yet smooth at that frequency: the next ones must be sampled first.

    A term is at most abs(phi) / k. abs(phi(w)) <= exp(-V(w)) with V(w) = sum of p (1 - p) (1 - cos(w a)): it is small wherever
    V is large. Where many amounts have a common step, phi comes back near 1 at the frequency of that step; stakes are in steps
    of the greatest divisor of all, so that only a step which nearly all amounts share, and not all, is a danger.
    """
    reach = _proved(stakes.amount, stakes.spread, beyond, need)
    shown = float(np.exp(-need) * np.log(max(min(reach, np.pi) / beyond, 1.0)))
    if reach >= np.pi:
        return shown, True
    if reach <= beyond and stakes.size > FEW:
        return np.inf, False
    return shown + _checked(stakes, reach, count / beyond), False


# --- proof -----------------------------------------------------------------------------------------------------------


def _proved(amount: IntArray, spread: FloatArray, beyond: float, need: float) -> float:
    """Return up to which frequency V(w) >= need is shown from ``beyond`` on.

    1 - cos(t) is at least t^2 / 2 - t^4 / 24, and up to pi at least 2 (t / pi)^2: the small amounts cover the low frequencies.
    Above these, two amounts stand for their difference: with u = v v' / (v + v') of their spreads, they add at least
    u (1 - cos(w difference)) to V. Differences of differences follow, until 1 is among them often enough.
    """
    reach = _covered(amount, spread, beyond, need)
    value, weight = _densest(amount, spread)
    for _ in range(_LEVELS):
        stride, most = len(value) // 2, 0.0
        finer = value[:0], weight[:0]
        while stride and reach < np.pi:
            apart, less = _differences(value, weight, stride)
            reach = _covered(apart, less, reach, need)
            if stride <= _NEIGHBOURS and float(less.sum()) >= most:
                finer, most = (apart, less), float(less.sum())
            stride //= 3
        value, weight = finer
    return reach


def _covered(amount: IntArray, weight: FloatArray, beyond: float, need: float) -> float:
    """Return up to which frequency V >= need is shown from ``beyond`` on, ``beyond`` itself where it is not."""
    if not len(amount):
        return beyond
    # of very many amounts every so many are told apart: those up to such a one count
    every = max(len(amount) // _TOLD, 1)
    last = np.append(np.arange(every - 1, len(amount) - 1, every), len(amount) - 1)
    size = amount.astype(np.float64)
    square = size * size
    part = weight * square
    starts = np.append(0, last[:-1] + 1)
    second = np.cumsum(np.add.reduceat(part, starts))
    fourth = np.cumsum(np.add.reduceat(np.multiply(part, square, out=part), starts))
    high = np.pi / size[last]
    count = int(np.searchsorted(-high, -beyond))
    # from pi / (next larger amount) to pi / amount, the amounts up to this one count: up to pi, 1 - cos rises
    low = np.maximum(np.append(high[1:], 0.0)[:count], beyond)
    w = low * low
    shown = np.maximum(2 / np.pi**2 * w * second[:count], w / 2 * second[:count] - w * w / 24 * fourth[:count])
    bad = np.flatnonzero((shown < need) & (low < high[:count]))
    if len(bad) == 0:
        return float(high[0]) if count else beyond
    return float(high[bad[-1] + 1]) if bad[-1] + 1 < count else beyond


def _densest(amount: IntArray, spread: FloatArray) -> tuple[IntArray, FloatArray]:
    """Return the amounts of the shortest stretch that holds so many of them."""
    if len(amount) <= _DENSE:
        return amount, spread
    starts = np.arange(0, len(amount) - _DENSE + 1, max((len(amount) - _DENSE) // 64, 1))
    at = int(starts[np.argmin(amount[starts + _DENSE - 1] - amount[starts])])
    return amount[at : at + _DENSE], spread[at : at + _DENSE]


def _differences(value: IntArray, weight: FloatArray, stride: int) -> tuple[IntArray, FloatArray]:
    """Return the differences, in order and above 0, of disjoint pairs of ordered values so many places apart."""
    whole = len(value) // (2 * stride) * (2 * stride)
    table, heavy = value[:whole].reshape(-1, 2, stride), weight[:whole].reshape(-1, 2, stride)
    apart = (table[:, 1] - table[:, 0]).reshape(-1)
    less = (heavy[:, 0] * heavy[:, 1] / (heavy[:, 0] + heavy[:, 1])).reshape(-1)
    some = np.flatnonzero(apart)
    order = some[np.argsort(apart[some], kind="stable")]
    return apart[order], less[order]


# --- check -----------------------------------------------------------------------------------------------------------


def _checked(stakes: Stakes, beyond: float, density: float) -> float:
    """Return what the terms come to by abs(phi) at many frequencies, and at those of all steps that many amounts may share.

    Away from such steps terms abs(phi) / k have phases as good as random, but for a few neighbours: their sum is bounded by a
    multiple of the root of the sum of their squares, estimated at frequencies drawn evenly on the scale of logarithms.
    """
    rng = np.random.default_rng(0)  # fixed: the same stakes always give the same bound
    spread = np.exp(rng.uniform(np.log(beyond), np.log(np.pi), _SAMPLES))
    square = float(np.mean(_modulus(stakes, spread) ** 2 / (spread * density))) * float(np.log(np.pi / beyond))
    typical = _DEVIATIONS * float(np.sqrt(square))
    steps = _steps(stakes)
    sd = float(np.sqrt(stakes.variance))
    highest = 0.0
    for j in (1, 2):
        back = 2 * np.pi * j / steps
        some = (back > beyond) & (back <= np.pi * (1 + 1e-12))
        # phi comes back at every multiple, each time over a width of 1 / sd
        weight = np.sqrt(2 * np.pi) / (sd * back[some]) * (1 + np.log(steps[some]))
        highest = max(highest, float(np.max(_modulus(stakes, back[some]) * weight, initial=0.0)))
    return _SAFE * (typical + highest)


def _steps(stakes: Stakes) -> FloatArray:
    """Return steps that many amounts may share: round numbers, and divisors of neighbours."""
    most = int(stakes.amount[-1])
    rounded = [m * 10**e for e in range(len(str(most)) + 1) for m in (1, 2, 3, 4, 5, 6, 8, 9, 12, 15, 25, 75)]
    some = stakes.amount[:: max(stakes.size // FEW, 1)]
    shared = [np.gcd(some[:-gap], some[gap:]) for gap in (1, 2, 3) if len(some) > gap]
    found, often = np.unique(np.concatenate([*shared, some[:0]]), return_counts=True)
    likely = found[np.argsort(-often, kind="stable")[:64]]
    steps: FloatArray = np.unique([*(s for s in (*rounded, *likely.tolist()) if 1 < s <= most)]).astype(np.float64)
    return steps


def _modulus(stakes: Stakes, frequency: FloatArray) -> FloatArray:
    """Return abs(phi), of at most so many of the amounts: the others only make it smaller."""
    every = max(stakes.size // FEW, 1)
    amount, spread = stakes.amount[::every].astype(np.float64), stakes.spread[::every]
    sine = np.sin(np.remainder(np.outer(frequency, amount / 2), np.pi))
    factor = np.maximum(1.0 - 4 * spread * sine * sine, np.finfo(np.float64).tiny)
    with np.errstate(under="ignore"):
        found: FloatArray = np.exp(0.5 * np.log(factor).sum(axis=1))
    return found
