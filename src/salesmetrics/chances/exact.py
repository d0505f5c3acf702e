"""The exact law of a sum, by the way that fits: enumeration, the lattice of the amounts, or the characteristic function."""

from __future__ import annotations

from salesmetrics.chances.laws import Law
from salesmetrics.chances.points import halves, lattice, lattice_work, points
from salesmetrics.chances.stakes import Stakes
from salesmetrics.chances.waves import waves

__all__ = ["Unreached", "exact"]

_SURE = 1e-11
_QUICK = 50_000_000
_SLOW = 3_000_000_000
_FEW = 18
_HALVED = 36


class Unreached(ArithmeticError):
    """No way is exact enough within the limits; ``bound`` is what could be reached, None where nothing could be worked out."""

    bound: float | None
    size: int
    points: int

    def __init__(self, bound: float | None, size: int, points: int) -> None:
        super().__init__(bound, size, points)
        self.bound, self.size, self.points = bound, size, points


def exact(stakes: Stakes, most_points: int, tolerance: float, *, on_lattice: bool = False, states: int = 1) -> Law:
    """Return the law of a sum, or raise where none is within the tolerance.

    Few amounts are enumerated, a small lattice is folded. Many amounts are sampled at a few frequencies, where what is left out
    is proved to vanish; where it is not, a larger lattice is folded if it fits, else what sampling says must be good enough.
    With ``on_lattice`` the lattice must fit in any case. Of a law that is one of many ``states`` less work is made.
    """
    room = stakes.most + 1
    work = lattice_work(stakes) if room <= most_points else None
    if on_lattice and work is None:
        raise Unreached(None, stakes.size, room)
    if stakes.size <= min(_FEW, most_points.bit_length() - 1):
        return points(stakes)
    if work is not None and work <= (_QUICK if states == 1 else _QUICK // 8):
        return lattice(stakes)
    if stakes.size <= min(_HALVED, 2 * (most_points.bit_length() - 1)):
        return halves(stakes)
    found = waves(stakes, _SLOW / 4 / states)
    if found is not None and found.bound <= min(_SURE, tolerance):
        return found
    if work is not None and work <= _SLOW // states:
        return lattice(stakes)
    if found is not None and found.bound <= tolerance:
        return found
    if stakes.size <= 2 * (most_points.bit_length() - 1) and states == 1:
        return halves(stakes)
    raise Unreached(None if found is None else found.bound, stakes.size, room)
