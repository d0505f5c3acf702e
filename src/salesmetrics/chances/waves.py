"""Laws held as samples of their characteristic function: the way for many amounts, whatever their sizes.

The law of a sum of whole steps is folded onto a period of N steps that holds all of it but a mass which a tail bound limits.
Its cumulative masses are then a Fourier series of N terms, exactly: with ``w = 2 pi k / N``,

    F(y) = (y - low + 1) / N + Re sum_k phi(w) (exp(-i w (low - 1/2)) - exp(-i w (y + 1/2))) / (i N sin(w / 2))

The halves are what makes it exact at every step: at ``y`` itself the mass of the tie is in. Of the terms only those are taken
in which ``phi`` is not yet next to nothing, some 30 of them; `smooth` bounds what the others come to.
"""

from __future__ import annotations

import attrs
import numpy as np

from salesmetrics._threads import each_of
from salesmetrics.arrays import AnyArray, FloatArray, IntArray
from salesmetrics.chances.cumulants import ORDER, SMALL, kinds, small_logs
from salesmetrics.chances.laws import quantile
from salesmetrics.chances.points import PointLaw, points
from salesmetrics.chances.smooth import FEW, revived
from salesmetrics.chances.stakes import Stakes

__all__ = ["WaveLaw", "waves"]

_EPS = float(np.finfo(np.float64).eps)
_BLOCK = 1 << 14
_TAIL = 1e-14
_CUT = 32.3  # -log(1e-14)
_MOST_WAVES = 1 << 18
_LARGE = 12.0
_MOST_LARGE = 12
_MANY = 2048
_SMALL = 1e-12
_GOOD = 1e-6
_CHEAP = 1 << 21
_DEAR = 1 << 25


@attrs.frozen(eq=False)
class WaveLaw:
    """A period of ``length`` steps from ``low`` on, the terms of the series, and the few large amounts, enumerated."""

    sure: int
    step: int
    low: int
    length: int
    term: AnyArray
    base: float
    large: PointLaw
    mean: float
    variance: float
    ends: tuple[int, int]
    bound: float
    way: str

    def at_most(self, value: IntArray) -> FloatArray:
        """Return the chance of a sum of at most each value."""
        place = (np.asarray(value, dtype=np.int64) - self.sure) // self.step
        with np.errstate(under="ignore"):
            if len(self.large.value) == 1:
                return self._placed(value, self._series(place - self.large.value))
            found = [float(np.sum(self.large.mass * self._series(int(y) - self.large.value))) for y in place]
        return self._placed(value, np.minimum(np.array(found, dtype=np.float64), 1.0))

    def _placed(self, value: IntArray, share: FloatArray) -> FloatArray:
        """Return chances, 0 below the least sum and 1 from the largest on."""
        low, high = self.ends
        return np.where(np.asarray(value) < low, 0.0, np.where(np.asarray(value) >= high, 1.0, share))

    def at_least(self, value: IntArray) -> FloatArray:
        """Return the chance of a sum of at least each value."""
        share: FloatArray = 1.0 - self.at_most(np.asarray(value, dtype=np.int64) - 1)
        return share

    def quantile(self, share: float) -> float:
        """Return the least sum on the lattice at which the law reaches a share."""
        at = quantile(self, share)
        away = (int(at) - self.sure) % self.step
        return at if not away else at + self.step - away

    def _series(self, place: IntArray) -> FloatArray:
        """Return the cumulative masses of the amounts that are not large, at steps."""
        inside = np.clip(place, self.low - 1, self.low + self.length - 1)
        turn = 2 * self.length
        k = np.arange(1, len(self.term) + 1, dtype=np.int64)
        out = np.empty(len(inside))
        rows = max(_BLOCK // len(k), 1)
        for at in range(0, len(inside), rows):
            some = inside[at : at + rows]
            # the angle in whole parts of a turn: no digit is lost however far away the place is
            angle = (np.pi / self.length) * ((k * ((2 * some[:, None] + 1) % turn)) % turn)
            wave = self.term.real * np.cos(angle) + self.term.imag * np.sin(angle)
            out[at : at + rows] = (some - self.low + 1) / self.length + self.base - wave.sum(axis=1)
        out[inside < self.low] = 0.0
        out[inside >= self.low + self.length - 1] = 1.0
        return np.clip(out, 0.0, 1.0)


@np.errstate(under="ignore")  # what is next to nothing may become nothing
def waves(stakes: Stakes, most_work: float) -> WaveLaw | None:
    """Return the law by its characteristic function, None where that would take more work than allowed."""
    rest, large = _parted(stakes)
    reach = _tail(rest)
    length = min(2 * reach + 1, rest.most + 1)
    length += 1 - length % 2  # odd: no frequency is its own mirror image
    low = 0 if length > rest.most else int(np.floor(rest.mean)) - reach
    found = _sampled(rest, length, most_work)
    if found is None:
        return None
    phi, missing, way = found
    k = np.arange(1, len(phi) + 1, dtype=np.int64)
    term = phi / (1j * length * np.sin(np.pi * k / length))
    angle = (np.pi / length) * ((k * ((2 * low - 1) % (2 * length))) % (2 * length))
    base = float(np.sum(term.real * np.cos(angle) + term.imag * np.sin(angle)))
    folded = 0.0 if length > rest.most else 4 * _TAIL
    # roundings of the factors are independent: their sum grows with the root of their number
    rounding = 4 * _EPS * np.sqrt(rest.size) * float(np.sum(np.abs(phi) * (1 + 1 / k))) / np.pi + 8 * _EPS
    return WaveLaw(
        sure=stakes.sure,
        step=stakes.step,
        low=low,
        length=length,
        term=term,
        base=base,
        large=large,
        mean=stakes.sure + stakes.step * stakes.mean,
        variance=float(stakes.step) ** 2 * stakes.variance,
        ends=(stakes.sure, stakes.sure + stakes.step * stakes.most),
        bound=folded + missing + rounding + large.bound,
        way=way,
    )


def _parted(stakes: Stakes) -> tuple[Stakes, PointLaw]:
    """Return the stakes without the few that are large beside the spread of all others, and the law of those, in steps."""
    size = stakes.amount.astype(np.float64)
    within = np.cumsum(stakes.spread * size * size)
    cut = stakes.size
    for at in range(max(stakes.size - _MOST_LARGE, 1), stakes.size):
        if size[at] > _LARGE * np.sqrt(within[at - 1]):
            cut = at
            break
    large = attrs.evolve(stakes.taken(cut, stakes.size), step=1)
    return stakes.taken(0, cut), points(large)


def _tail(stakes: Stakes) -> int:
    """Return how far from its mean the sum lies with a chance of less than 2e-14, by Bennett's inequality."""
    size, spread = stakes.amount.astype(np.float64), stakes.spread
    sd = float(np.sqrt(np.sum(spread * size * size)))
    largest = float(size[-1])
    best = np.inf
    for pull in (8.0, 6.0, 4.5, 3.3, 2.4, 1.7, 1.2, 0.8, 0.5, 0.3):
        rate = pull / sd
        if rate * largest > 600:
            continue
        tilt = size * rate
        reach = (float(np.sum(spread * (np.expm1(tilt) - tilt))) - np.log(_TAIL)) / rate
        if reach >= best:
            break
        best = reach
    return min(int(np.ceil(best)), stakes.most) + 1


def _sampled(stakes: Stakes, length: int, most_work: float) -> tuple[AnyArray, float, str] | None:
    """Return the characteristic function at its first frequencies, what those left out come to, and how that is known."""
    every = (length - 1) // 2
    sd = float(np.sqrt(stakes.variance))
    count = min(int(np.ceil(1.15 * np.sqrt(2 * _CUT) * length / (2 * np.pi * sd))) + 1, every)
    few, lost = stakes.size <= FEW, 0.0
    phi = np.zeros(0, dtype=np.complex128)
    best: tuple[float, int, str] | None = None
    while stakes.size * float(count - len(phi)) <= most_work and (count <= _MOST_WAVES or count == every):
        more, less = _phi(stakes, length, len(phi) + 1, count)
        phi, lost = np.concatenate([phi, more]), lost + less
        if count == every:
            return phi, lost, "all terms of its Fourier series"
        if few or float(np.abs(phi[-2:]).max()) <= np.exp(-_CUT):
            missing, proved = revived(stakes, 2 * np.pi * count / length, _CUT, count)
            if np.isfinite(missing) and (best is None or missing < best[0]):
                best = missing, count, "proved to vanish" if proved else "checked by sampling"
        cheap = min(_CHEAP if best is None or best[0] < _GOOD else _DEAR, most_work)
        if best is not None and (best[0] < _SMALL or 4 * stakes.size * count > cheap):
            break
        # the law of few amounts is rough on a much finer scale than its spread
        count = min(count * 4 if few else count + max(count // 4, 4), every)
    if best is None:
        return None
    missing, count, told = best
    return phi[:count], missing + lost, f"characteristic function at {count} frequencies; the rest {told}"


def _phi(stakes: Stakes, length: int, first: int, last: int) -> tuple[AnyArray, float]:
    """Return the characteristic function at frequencies ``2 pi k / length``, k from first to last, and what a chance may lose.

    Where many amounts are small, and their chances few, these are done by the cumulants of their sum.
    """
    angle = 2 * np.pi * last / length
    small = int(np.searchsorted(stakes.amount, SMALL / angle, side="right")) if first == 1 else 0
    found = kinds(stakes.chance[:small]) if small >= _MANY else None
    if found is None:
        return _products(stakes, length, first, last), 0.0
    logs, missing = small_logs(stakes.amount[:small], *found, angle, last)
    with np.errstate(under="ignore"):
        phi = np.exp(logs)
        if small < stakes.size:
            phi = phi * _products(stakes.taken(small, stakes.size), length, first, last)
        k = np.arange(1, last + 1)
        return phi, missing * float(np.sum(np.abs(phi) * (k / last) ** (ORDER + 1) / k))


def _products(stakes: Stakes, length: int, first: int, last: int) -> AnyArray:
    """Return the characteristic function as the product of its factors.

    The powers of exp(i w a) come one from the other by multiplication, in blocks that stay in the cache; the factors of a block
    are multiplied pairwise. Blocks are joined in their order, whatever thread worked on them.
    """
    blocks = -(-stakes.size // _BLOCK)

    def block(number: int) -> AnyArray:
        rows = slice(number * _BLOCK, (number + 1) * _BLOCK)
        return _factors(stakes.amount[rows], stakes.chance[rows], length, first, last)

    parts = each_of(block, blocks, stakes.size * (last - first + 1))
    found = parts[0]
    with np.errstate(under="ignore"):
        for part in parts[1:]:
            found = found * part
    return found


def _factors(amount: IntArray, chance: FloatArray, length: int, first: int, last: int) -> AnyArray:
    """Return the products of the factors 1 - p + p exp(i w a) of some amounts."""
    turn = amount % length
    theta = (2 * np.pi / length) * turn
    power = np.exp(1j * theta)
    start = theta if first == 1 else (2 * np.pi / length) * ((turn * first) % length)
    wave = chance * np.exp(1j * start)
    miss = (1.0 - chance).astype(np.complex128)
    factor = np.empty_like(wave)
    out = np.empty(last - first + 1, dtype=np.complex128)
    with np.errstate(under="ignore"):  # what is next to nothing may become nothing
        for at in range(len(out)):
            if at:
                np.multiply(wave, power, out=wave)
            np.add(wave, miss, out=factor)
            out[at] = _product(factor)
    return out


def _product(factor: AnyArray) -> complex:
    """Return the product of all factors, halving again and again; they are overwritten."""
    left = len(factor)
    while left > 64:
        half = left // 2
        np.multiply(factor[:half], factor[left - half : left], out=factor[:half])
        left -= half
    return complex(np.multiply.reduce(factor[:left]))
