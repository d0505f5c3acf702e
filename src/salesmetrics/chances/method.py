"""How a law is worked out, as it was asked for, checked once."""

from __future__ import annotations

from functools import partial
from typing import Any

import attrs
import numpy as np

from salesmetrics import _check
from salesmetrics.arrays import FloatArray, IntArray
from salesmetrics.chances.exact import Unreached, exact
from salesmetrics.chances.laws import Law
from salesmetrics.chances.mixed import mixed, normal
from salesmetrics.chances.simulated import simulated
from salesmetrics.chances.stakes import Stakes
from salesmetrics.errors import InvalidArgumentError, InvalidTypeError, show

__all__ = ["Method", "method_of"]

METHODS = ("exact", "lattice", "normal", "monte_carlo")
MAX_POINTS = 1 << 22
DRAWS = 10_000
_MOST_DRAWS = 10_000_000
_STATES = 512
_READ = {"step": ("lattice",), "rng": ("monte_carlo",), "draws": ("monte_carlo",), "max_points": ("exact", "lattice")}


@attrs.frozen(eq=False)
class Method:
    """A way to a law; ``step`` is in units, of so many ``decimals``, and the stream of a seed begins anew for each law."""

    name: str
    step: int | None
    max_points: int
    tolerance: float
    correlation: float
    rng: int | np.random.Generator | None
    draws: int
    decimals: int

    @np.errstate(under="ignore")  # what is next to nothing may become nothing
    def law(self, amount: IntArray, chance: FloatArray, sure: int) -> Law:
        """Return the law of what is sure and of amounts (whole units) that come with a chance, or raise."""
        if self.step is not None:
            # to the nearest step, halves up
            amount = (amount + self.step // 2) // self.step * self.step
        stakes = Stakes.of(amount, chance, sure)
        if self.name == "monte_carlo":
            stream = self.rng if isinstance(self.rng, np.random.Generator) else np.random.default_rng(self.rng)
            return simulated(stakes, stream, self.draws, self.correlation)
        if self.name == "normal":
            one: Any = normal
        else:
            one = partial(exact, most_points=self.max_points, on_lattice=self.step is not None)
        try:
            if self.correlation and stakes.size:
                if self.name != "normal":
                    one = partial(one, tolerance=np.inf, states=_STATES)
                return mixed(stakes, self.correlation, one, self.tolerance, steps=self.name != "normal")
            return normal(stakes) if self.name == "normal" else one(stakes, tolerance=self.tolerance)
        except Unreached as error:
            raise self._unreached(error, stakes) from error

    def _unreached(self, error: Unreached, stakes: Stakes) -> InvalidArgumentError:
        """Return the refusal of a law that no way reaches."""
        room = stakes.most + 1
        best = "" if error.bound is None or error.bound >= 1 else f", and chances no nearer than {error.bound:.1g}"
        tight = self.max_points // (64 if self.correlation else 1)
        step = 10.0 ** (len(str(-(-room // tight))) - self.decimals) * stakes.step
        return InvalidArgumentError(
            f"`max_points` must hold the lattice of {stakes.size:,} open amounts, of {room:,} points; got "
            f"{self.max_points:,}{best}.",
            code="SM-DST-05",
            field="max_points",
            values=[self.max_points],
            hint=f"method='lattice' with step={step:,.{self.decimals}f}, say, rounds the open amounts; method='monte_carlo' "
            "and method='normal' always answer.",
        )


def method_of(
    name: object,
    step: int | None,
    max_points: object,
    tolerance: object,
    correlation: object,
    rng: object,
    draws: object,
    decimals: int,
) -> Method:
    """Return the method that was asked for, or raise; None is an argument that was not given."""
    method = _check.one_of(name, METHODS, "method")
    given = {"step": step, "rng": rng, "draws": draws, "max_points": max_points}
    for argument, value in given.items():
        if value is not None and method not in _READ[argument]:
            raise InvalidArgumentError(
                f"`{argument}` must not be given with method {method!r}, which does not read it; got {show(value)}.",
                code="SM-DST-02",
                field=argument,
                values=[value],
            )
    for needed, by in (("step", "lattice"), ("rng", "monte_carlo")):
        if method == by and given[needed] is None:
            raise InvalidArgumentError(
                f"`{needed}` must be given with method {method!r}; got None.",
                code="SM-DST-03",
                field=needed,
                hint="step=1_000 rounds amounts to thousands." if needed == "step" else "rng=7, a seed of your choice.",
            )
    most = DRAWS if draws is None else _check.count(draws, "draws", least=1)
    if most > _MOST_DRAWS:
        raise InvalidArgumentError(
            f"`draws` must be at most {_MOST_DRAWS:,}; got {most:,}.", code="SM-DST-04", field="draws", values=[most]
        )
    points = MAX_POINTS if max_points is None else _check.count(max_points, "max_points", least=2)
    return Method(
        method,
        step,
        points,
        _check.fraction(tolerance, "tolerance", open_ends=True),
        _correlation(correlation),
        _stream(rng),
        most,
        decimals,
    )


def _correlation(value: object) -> float:
    """Return a correlation, which must lie in [0, 1)."""
    if isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool) and 0 <= value < 1:
        return float(value)
    raise InvalidArgumentError(
        f"`correlation` must lie in [0, 1); got {show(value)}.",
        code="SM-DST-01",
        field="correlation",
        values=[value],
        hint="0 is independence; deals that one quarter moves together may have 0.1 to 0.3.",
    )


def _stream(rng: object) -> int | np.random.Generator | None:
    """Return a seed or a generator."""
    if rng is None or isinstance(rng, np.random.Generator):
        return rng
    if isinstance(rng, (int, np.integer)) and not isinstance(rng, bool) and rng >= 0:
        return int(rng)
    raise InvalidTypeError(
        f"`rng` must be a whole number >= 0 or a numpy.random.Generator; got {show(rng)}.",
        code="SM-DST-06",
        field="rng",
        values=[rng],
    )
