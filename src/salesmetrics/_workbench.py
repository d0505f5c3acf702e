"""Memory that a pass over rows works in, kept for the next pass: fresh memory costs more than what is done in it."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from salesmetrics.arrays import AnyArray

__all__ = ["KEPT", "Workbench"]

KEPT = 1 << 25
"""How many bytes are kept at most when no pass is running."""
_LEAST = 1 << 16

_shelves: dict[int, list[AnyArray]] = {}
"""Arrays of bytes that nobody uses, by the power of two they hold. Lists, whose ends threads may take from without a lock."""


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
        shelf = (room - 1).bit_length()
        try:
            held = _shelves.setdefault(shelf, []).pop()
        except IndexError:
            held = np.empty(1 << shelf, dtype=np.uint8)
        self._used.append((shelf, held))
        return held[:room].view(dtype)

    def clear(self) -> None:
        """Lay everything back, as far as there is room; no array given out may be used any more."""
        for shelf, held in self._used:
            kept = sum(len(arrays) << power for power, arrays in list(_shelves.items()))
            if kept + (1 << shelf) <= KEPT:
                _shelves[shelf].append(held)
        self._used.clear()
