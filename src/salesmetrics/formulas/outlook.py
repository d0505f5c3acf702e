"""The law of what open deals come to, and the chance that it is enough."""

from __future__ import annotations

from typing import Any, Literal

import attrs
import numpy as np
import numpy.typing as npt

from salesmetrics import _check
from salesmetrics.arrays import AnyArray, FloatArray, IntArray
from salesmetrics.chances import Law, method_of
from salesmetrics.errors import InvalidArgumentError, show

__all__ = ["Distribution", "forecast_distribution", "p_hit_quota"]

_DECIMALS = 9
_LARGEST = 2.0**53
_NEAR = 1e-6


@attrs.frozen(eq=False)
class Distribution:
    """The law of a total, in the unit of the amounts.

    Attributes
    ----------
    mean, variance : float
        Of the total.
    bound : float
        The largest error of a chance; NaN for the normal approximation, four standard errors for draws.
    way : str
        How the law was worked out.
    """

    _law: Law
    _decimals: int
    mean: float

    @property
    def variance(self) -> float:
        """The variance of the total."""
        return self._law.variance / 100.0**self._decimals

    @property
    def bound(self) -> float:
        """The largest error of a chance."""
        return self._law.bound

    @property
    def way(self) -> str:
        """How the law was worked out."""
        return self._law.way

    def at_most(self, value: npt.ArrayLike) -> Any:
        """Return the chance of a total of at most a value, or of each of several."""
        return self._read(value, np.floor, self._law.at_most)

    def at_least(self, value: npt.ArrayLike) -> Any:
        """Return the chance of a total of at least a value, or of each of several; a tie counts."""
        return self._read(value, np.ceil, self._law.at_least)

    def quantile(self, q: npt.ArrayLike) -> Any:
        """Return the least total that is not exceeded with a chance of q, or of each of several."""
        given = np.asarray(q, dtype=object)
        found = [self._law.quantile(_check.fraction(share, "q")) for share in given.reshape(-1).tolist()]
        answer = np.array(found, dtype=np.float64).reshape(given.shape) / 10.0**self._decimals
        return answer if answer.ndim else answer.item()

    def _read(self, value: npt.ArrayLike, side: Any, chance: Any) -> Any:
        """Return chances of values, NaN of NaN."""
        given = np.asarray(value, dtype=np.float64) * 10.0**self._decimals
        whole = np.rint(given)
        near = np.abs(given - whole) <= np.maximum(_NEAR, 1e-9 * np.abs(given))
        known = np.isfinite(given)
        placed = np.where(known, np.where(near, whole, side(given)), 0.0).astype(np.int64)
        answer: AnyArray = np.where(known, np.asarray(chance(placed.reshape(-1))).reshape(given.shape), np.nan)
        return answer if answer.ndim else answer.item()


def forecast_distribution(
    amount: npt.ArrayLike,
    probability: npt.ArrayLike,
    *,
    won: float = 0.0,
    method: Literal["exact", "lattice", "normal", "monte_carlo"] = "exact",
    step: float | None = None,
    correlation: float = 0.0,
    max_points: int | None = None,
    tolerance: float = 1e-3,
    rng: int | np.random.Generator | None = None,
    draws: int | None = None,
) -> Distribution:
    r"""Law of the total :math:`T = w + \sum_i a_i B_i`, the :math:`B_i` being 1 with probability :math:`p_i`, else 0.

    With a correlation :math:`\rho` one normal factor z moves all deals, :math:`p_i(z) = \Phi((\Phi^{-1}(p_i) - \sqrt{\rho} z) /
    \sqrt{1 - \rho})`, and the law is integrated over z. Without it deals are independent, which understates bad tails.

    Parameters
    ----------
    amount : array_like, shape (deals,)
        Money, none negative, with nine decimals at most; a deal without an amount is NaN and left out.
    probability : array_like, shape (deals,)
        Fractions in [0, 1]: 0.4 and not 40.
    won : float, default 0.0
        What is sure.
    method, step, correlation, max_points, tolerance, rng, draws
        As in the metric of the same name.

    Returns
    -------
    Distribution
        ``mean``, ``variance``, ``quantile(q)``, ``at_most(value)``, ``at_least(value)``, ``bound`` and ``way``.

    Raises
    ------
    InvalidArgumentError
        A negative amount, a probability outside [0, 1], or no way that is exact enough.

    Examples
    --------
    >>> from salesmetrics.formulas import forecast_distribution
    >>> total = forecast_distribution([100_000, 200_000, 150_000], [0.8, 0.5, 0.3])
    >>> total.mean, total.quantile([0.1, 0.5, 0.9])
    (225000.0, array([100000., 250000., 450000.]))
    """
    money, p = _checked(amount, probability)
    decimals = _decimals(np.append(money, [float(won), *([] if step is None else [float(step)])]))
    whole = _whole(money, decimals)
    sure = int(_whole(np.array([float(won)]), decimals)[0])
    units = None if step is None else int(_whole(np.array([float(step)]), decimals)[0])
    if units is not None and units < 1:
        raise InvalidArgumentError(f"`step` must be above 0; got {show(step)}.", code="SM-DST-11", field="step")
    law = method_of(method, units, max_points, tolerance, correlation, rng, draws, decimals).law(whole, p, sure)
    return Distribution(law, decimals, float(won) + float(np.sum(money * p)))


def p_hit_quota(
    amount: npt.ArrayLike,
    probability: npt.ArrayLike,
    quota: npt.ArrayLike,
    *,
    won: float = 0.0,
    method: Literal["exact", "lattice", "normal", "monte_carlo"] = "exact",
    step: float | None = None,
    correlation: float = 0.0,
    max_points: int | None = None,
    tolerance: float = 1e-3,
    rng: int | np.random.Generator | None = None,
    draws: int | None = None,
) -> Any:
    r"""Chance that the total reaches the quota, a tie being a hit: :math:`P(T \ge Q)`.

    Parameters
    ----------
    amount, probability, won, method, step, correlation, max_points, tolerance, rng, draws
        As in `forecast_distribution`.
    quota : float or array_like
        One quota, or several for the same total.

    Returns
    -------
    float or numpy.ndarray
        Fraction in [0, 1]; NaN where a quota is NaN.

    Examples
    --------
    >>> from salesmetrics.formulas import p_hit_quota
    >>> round(p_hit_quota([250_000] * 30, [0.28] * 30, 2_000_000), 5)
    0.63245
    """
    law = forecast_distribution(
        amount,
        probability,
        won=won,
        method=method,
        step=step,
        correlation=correlation,
        max_points=max_points,
        tolerance=tolerance,
        rng=rng,
        draws=draws,
    )
    return law.at_least(quota)


def _checked(amount: npt.ArrayLike, probability: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Return amounts that are there and their probabilities, or refuse what is none."""
    given, p = np.asarray(amount, dtype=np.float64), np.asarray(probability, dtype=np.float64)
    money, p = (np.atleast_1d(each) for each in np.broadcast_arrays(given, p))
    if money.ndim > 1:
        raise InvalidArgumentError(
            f"`amount` must be one row of deals; got an array of shape {money.shape}.", code="SM-DST-12", field="amount"
        )
    known = ~np.isnan(money)
    money, p = money[known], p[known]
    for name, values, wrong, rule in (
        ("amount", money, ~((money >= 0) & np.isfinite(money)), "be finite and >= 0"),
        ("probability", p, ~((p >= 0) & (p <= 1)), "lie in [0, 1]"),
    ):
        if wrong.any():
            raise InvalidArgumentError(
                f"`{name}` must {rule} in every place; got {np.count_nonzero(wrong)} of {wrong.size} that do not "
                f"(first: {show(values[wrong][0])}).",
                code="SM-DST-12",
                field=name,
                rows=np.flatnonzero(known)[wrong],
                values=values[wrong].tolist(),
            )
    return money, p


def _decimals(values: FloatArray) -> int:
    """Return how many decimals make all values whole, or refuse values with too many."""
    for decimals in range(_DECIMALS + 1):
        scaled = values * 10.0**decimals
        if np.abs(scaled).sum() >= _LARGEST:
            break
        slack = np.maximum(_NEAR * 10.0 ** (decimals - _DECIMALS), 4e-16 * np.abs(scaled))
        if np.all(np.abs(scaled - np.rint(scaled)) <= slack):
            return decimals
    raise InvalidArgumentError(
        f"`amount` must have at most {_DECIMALS} decimals and stay below 2**53 of their last one in all; got amounts such as "
        f"{show(float(values.max()))}.",
        code="SM-DST-13",
        field="amount",
        hint="round amounts to their minor unit.",
    )


def _whole(values: FloatArray, decimals: int) -> IntArray:
    """Return values in units of their last decimal."""
    return np.rint(values * 10.0**decimals).astype(np.int64)
