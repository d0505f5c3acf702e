"""Memory that a pass over rows works in, kept for the next pass: fresh memory costs more than what is done in it."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from salesmetrics.arrays import AnyArray

__all__ = ["KEPT", "Workbench", "give_back"]

KEPT = 1 << 25
"""How many bytes are kept at most when no pass is running."""
_LEAST = 1 << 16

_shelves: dict[int, list[AnyArray]] = {}
"""Arrays of bytes that nobody uses, by how many they hold. Lists, whose ends threads may take from without a lock."""


def give_back() -> None:
    """Forget all memory that is kept: the next pass takes its own."""
    _shelves.clear()


class Workbench:
    """Arrays for one pass, undefined at first and gone when it is cleared: never a part of an answer."""

    def __init__(self) -> None:
        self._used: list[tuple[int, AnyArray]] = []

    def array(self, size: int, kind: npt.DTypeLike) -> Any:
        """Return an array of a size and type; small ones are not worth keeping."""
        dtype = np.dtype(kind)
        room = size * dtype.itemsize
        if room < _LEAST:
            return np.empty(size, dtype=dtype)
        step = 1 << (
            (room - 1).bit_length() - 4
        )  # an eighth more than is asked for at most: sizes that recur find each other
        shelf = -(-room // step) * step
        try:
            held = _shelves.setdefault(shelf, []).pop()
        except IndexError:
            held = np.empty(shelf, dtype=np.uint8)
        self._used.append((shelf, held))
        return held[:room].view(dtype)

    def clear(self) -> None:
        """Lay everything back, as far as there is room; no array given out may be used any more."""
        for shelf, held in self._used:
            kept = sum(len(arrays) * size for size, arrays in list(_shelves.items()))
            if kept + shelf <= KEPT:
                _shelves.setdefault(shelf, []).append(held)
        self._used.clear()
