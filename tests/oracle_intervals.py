"""Intervals for the slow module, with 50 digits: Wilson, Clopper-Pearson, Student's t, log-log."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Context, Decimal, localcontext
from fractions import Fraction
from functools import cache
from statistics import NormalDist
from typing import Any

DIGITS = Context(prec=60)


def decimal(number: Fraction | int) -> Decimal:
    """Return a fraction with 60 digits."""
    return DIGITS.divide(Decimal(Fraction(number).numerator), Decimal(Fraction(number).denominator))


@cache
def pi() -> Decimal:
    """Pi by Machin's formula: 16 atan(1/5) - 4 atan(1/239)."""

    def atan_of_inverse(x: int) -> Fraction:
        return sum((Fraction((-1) ** k, (2 * k + 1) * x ** (2 * k + 1)) for k in range(50)), Fraction(0))

    return decimal(16 * atan_of_inverse(5) - 4 * atan_of_inverse(239))


@cache
def normal_quantile(share: Fraction) -> Decimal:
    """Quantile of the standard normal distribution, by Newton's steps on its power series."""
    with localcontext(DIGITS):
        z, wanted = Decimal(NormalDist().inv_cdf(float(share))), decimal(share)
        for _ in range(4):
            density = (-z * z / 2).exp() / (2 * pi()).sqrt()
            term = total = z
            k = 1
            while abs(term) > Decimal("1e-58"):
                term = term * z * z / (2 * k + 1)
                total += term
                k += 1
            z -= (Decimal("0.5") + density * total - wanted) / density
        return +z


def level_of(confidence_level: Any) -> Fraction:
    """Confidence level as the decimal it is written as."""
    return Fraction(str(confidence_level))


def two_sided(confidence_level: Any) -> Decimal:
    """Normal quantile of a two-sided level."""
    return normal_quantile((1 + level_of(confidence_level)) / 2)


def wilson(rate: Fraction | None, n: Fraction | int, confidence_level: Any = "0.95") -> tuple[Decimal, Decimal]:
    """Wilson interval of a rate out of n, which need not be whole; (0, 1) out of nothing (C7)."""
    if rate is None or n == 0:
        return Decimal(0), Decimal(1)
    with localcontext(DIGITS):
        z, p, size = two_sided(confidence_level), decimal(rate), decimal(n)
        scale = 1 + z * z / size
        middle = (p + z * z / (2 * size)) / scale
        half = z * (p * (1 - p) / size + z * z / (4 * size * size)).sqrt() / scale
        low = Decimal(0) if rate == 0 else middle - half
        high = Decimal(1) if rate == 1 else middle + half
        return low, high


def effective_n(amounts: Sequence[Fraction]) -> Fraction:
    """Size of the equal-weight sample that amounts are worth: (sum a)^2 / sum a^2 (C7)."""
    squares = sum((a * a for a in amounts), Fraction(0))
    return sum(amounts, Fraction(0)) ** 2 / squares if squares else Fraction(0)


def clopper_pearson(wins: int, n: int, confidence_level: Any = "0.95") -> tuple[Decimal, Decimal]:
    """Exact interval of a rate: the shares at which the tail beyond the count is half of what is left out."""
    if n == 0:
        return Decimal(0), Decimal(1)
    with localcontext(DIGITS):
        tail = decimal((1 - level_of(confidence_level)) / 2)

        def at_least(k: int, p: Decimal) -> Decimal:
            terms: list[Decimal] = [math.comb(n, i) * p**i * (1 - p) ** (n - i) for i in range(k, n + 1)]
            return sum(terms, Decimal(0))

        def solve(k: int, wanted: Decimal) -> Decimal:
            low, high = Decimal(0), Decimal(1)
            for _ in range(180):
                middle = (low + high) / 2
                low, high = (middle, high) if at_least(k, middle) < wanted else (low, middle)
            return low

        low = Decimal(0) if wins == 0 else solve(wins, tail)
        high = Decimal(1) if wins == n else solve(wins + 1, 1 - tail)
        return low, high


def atan(x: Decimal) -> Decimal:
    """Inverse tangent of a number >= 0, halved until its series is quick."""
    with localcontext(DIGITS):
        halvings = 0
        while x > Decimal("0.05"):
            x = x / (1 + (1 + x * x).sqrt())
            halvings += 1
        total, term, k = Decimal(0), x, 0
        while abs(term) > Decimal("1e-59"):
            total += term / (2 * k + 1)
            term = -term * x * x
            k += 1
        return total * Decimal(2) ** halvings


def student_between(t: Decimal, df: int) -> Decimal:
    """P(-t < T < t) of Student's distribution, by the finite sums of Abramowitz and Stegun, 26.7.3 and 26.7.4."""
    with localcontext(DIGITS):
        cos2 = df / (df + t * t)
        sin = t / (df + t * t).sqrt()
        term = Decimal(1)
        total = Decimal(0)
        if df % 2 == 0:
            for k in range(df // 2):
                total += term
                term = term * cos2 * (2 * k + 1) / (2 * k + 2)
            return sin * total
        term = cos2.sqrt()
        for k in range((df - 1) // 2):
            total += term
            term = term * cos2 * (2 * k + 2) / (2 * k + 3)
        return 2 / pi() * (atan(t / Decimal(df).sqrt()) + sin * total)


@cache
def student_quantile(confidence_level: Fraction, df: int) -> Decimal:
    """Two-sided quantile of Student's distribution, by halving."""
    with localcontext(DIGITS):
        low, high, wanted = Decimal(0), Decimal(1), decimal(confidence_level)
        while student_between(high, df) < wanted:
            high *= 2
        for _ in range(180):
            middle = (low + high) / 2
            low, high = (middle, high) if student_between(middle, df) < wanted else (low, middle)
        return low


def mean_interval(values: Sequence[Fraction | int], confidence_level: Any = "0.95") -> tuple[Any, Any]:
    """Student interval of a mean of 30 values or more; (None, None) below (C7)."""
    n = len(values)
    if n < 30:
        return None, None
    mean = sum((Fraction(v) for v in values), Fraction(0)) / n
    variance = sum(((v - mean) ** 2 for v in values), Fraction(0)) / (n - 1)
    with localcontext(DIGITS):
        half = student_quantile(level_of(confidence_level), n - 1) * (decimal(variance) / n).sqrt()
        return decimal(mean) - half, decimal(mean) + half


def log_log(share: Fraction, variance_sum: Fraction, confidence_level: Any = "0.95") -> tuple[Any, Any]:
    """Greenwood interval of a survival share strictly between 0 and 1, on the log-log scale (C7); else (None, None)."""
    if not 0 < share < 1:
        return None, None
    with localcontext(DIGITS):
        z, log = two_sided(confidence_level), decimal(share).ln()
        spread = z * decimal(variance_sum).sqrt() / abs(log)
        return (log * spread.exp()).exp(), (log * (-spread).exp()).exp()
