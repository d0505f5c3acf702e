"""Memory that is used again: that of one pass over rows for the next, and that of one part of a scan for the next part.

Memory that is new costs more to touch for the first time than what is done in it. `Workbench` is for what a pass works in and
lays back itself; `fresh` is for columns, whose memory comes back when nobody sees them any more.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np
import numpy.typing as npt

from salesmetrics.arrays import AnyArray

__all__ = ["KEPT", "Workbench", "fresh", "give_back", "reusing"]

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
        # an eighth more than is asked for at most, so that sizes which recur find each other
        step = 1 << ((room - 1).bit_length() - 4)
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


# --- columns ---------------------------------------------------------------------------------------------------------

_WORTH = 1 << 18
"""Bytes from which on an array is worth keeping its memory for the next one."""
_spare: ContextVar[list[AnyArray] | None] = ContextVar("spare", default=None)


class _Lent(np.ndarray[Any, np.dtype[Any]]):
    """Bytes that are lent to an array: all views of it hold this one, so that it is gone when the last of them is."""


@contextmanager
def reusing(spare: list[AnyArray]) -> Iterator[None]:
    """Give `fresh` arrays inside a ``with`` block the memory in a list, to which it returns when nothing sees them any more.

    Memory that is new costs as much to touch for the first time as a column costs to convert. The list belongs to one thread.
    """
    before = _spare.set(spare)
    try:
        yield
    finally:
        _spare.reset(before)


def fresh(rows: int, kind: npt.DTypeLike) -> AnyArray:
    """Return an array of so many rows, in which anything may stand."""
    spare, dtype = _spare.get(), np.dtype(kind)
    size = rows * dtype.itemsize
    if spare is None or size < _WORTH:
        return np.empty(rows, dtype=dtype)
    fitting = [at for at, room in enumerate(spare) if size <= len(room) <= size + size // 8]
    if fitting:
        room = spare.pop(min(fitting, key=lambda at: len(spare[at])))
    else:
        if spare:
            spare.pop(0)  # what nobody asked for longest: never more is kept than was in use at one time
        room = np.empty(size, dtype=np.uint8)
    lent = room.view(_Lent)
    weakref.finalize(lent, spare.append, room).atexit = False
    return lent[:size].view(np.ndarray).view(dtype)
