"""The characteristic function of amounts that are small beside the spread: by the cumulants of their sum."""

from __future__ import annotations

import numpy as np

from salesmetrics._threads import each_of
from salesmetrics.arrays import AnyArray, FloatArray, IntArray

__all__ = ["ORDER", "SMALL", "kinds", "small_logs"]

SMALL = 0.25
"""The largest angle for which the series is used; it converges up to pi."""
ORDER = 14
_RADIUS, _MOST = 3.0, 4.3
"""On the circle of that radius, abs(log(1 - p + p exp(u))) stays below the second number, whatever p."""
_KINDS = 32
_BLOCK = 1 << 15


def kinds(chance: FloatArray) -> tuple[FloatArray, IntArray] | None:
    """Return the distinct chances and which of them each is; None where they are many."""
    levels = np.unique(chance[:: max(len(chance) // 1024, 1)])
    if len(levels) > _KINDS:
        return None
    code = np.zeros(len(chance), dtype=np.int64)
    for level in levels[1:]:
        code += chance >= level
    return (levels, code) if bool((levels.take(code) == chance).all()) else None


def small_logs(
    amount: IntArray, levels: FloatArray, code: IntArray, angle: float, count: int
) -> tuple[AnyArray, float]:
    """Return log(phi) at ``count`` frequencies up to the one at which a step turns by ``angle``, and what is missing at that.

    log(1 - p + p exp(u)) = sum of c_m(p) u^m / m!, the c_m being the cumulants of a coin. Those of a sum are sums, so that one
    pass over the powers of the amounts serves every frequency. By Cauchy's bound the terms from order M on are at most
    4.3 (u / 3)^M / (1 - u / 3) for each amount.
    """
    blocks = -(-len(amount) // _BLOCK)

    def block(number: int) -> FloatArray:
        rows = slice(number * _BLOCK, (number + 1) * _BLOCK)
        x, kind = amount[rows] * angle, code[rows]
        power, sums = x.copy(), np.empty((ORDER + 1, len(levels)))
        for m in range(ORDER + 1):
            if m:
                np.multiply(power, x, out=power)
            sums[m] = np.bincount(kind, weights=power, minlength=len(levels))
        return sums

    with np.errstate(under="ignore"):
        total = np.zeros((ORDER + 1, len(levels)))
        for part in each_of(block, blocks, len(amount) * ORDER):
            total += part
        kappa = (_coins(levels) * total[:ORDER]).sum(axis=1)
        share = np.arange(1, count + 1) / count
        found = np.zeros(count, dtype=np.complex128)
        factorial = 1.0
        for m in range(1, ORDER + 1):
            factorial *= m
            found += kappa[m - 1] / factorial * (1j**m) * share**m
        missing = _MOST / (1 - SMALL / _RADIUS) * float(total[ORDER].sum()) / _RADIUS ** (ORDER + 1)
    return found, missing


def _coins(levels: FloatArray) -> FloatArray:
    """Return the cumulants of coins, order by order."""
    out = np.zeros((ORDER, len(levels)))
    for m, row in enumerate(_COINS):
        for coefficient in reversed(row):
            out[m] = out[m] * levels + coefficient
    return out


def _polynomials() -> tuple[tuple[int, ...], ...]:
    """Return the cumulants of a coin as polynomials of its chance p: the next is p (1 - p) times the derivative by p."""
    rows: list[tuple[int, ...]] = [(0, 1)]
    while len(rows) < ORDER:
        slope = [i * c for i, c in enumerate(rows[-1])][1:]
        rows.append(tuple(a - b for a, b in zip((0, *slope, 0), (0, 0, *slope), strict=True)))
    return tuple(rows)


_COINS = _polynomials()
