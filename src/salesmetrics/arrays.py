"""Names for the array types used in signatures, and new arrays in memory that others no longer need."""

from __future__ import annotations

import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

__all__ = ["AnyArray", "BoolArray", "CodeArray", "FloatArray", "IntArray", "Where", "fresh", "reusing"]

AnyArray: TypeAlias = np.ndarray[Any, np.dtype[Any]]
"""An array of any kind."""
BoolArray: TypeAlias = npt.NDArray[np.bool_]
"""A mask."""
CodeArray: TypeAlias = np.ndarray[Any, np.dtype[Any]]
"""Whole codes of the smallest type that fits; -1 is missing."""
FloatArray: TypeAlias = npt.NDArray[np.float64]
"""Numbers that need not be whole."""
IntArray: TypeAlias = npt.NDArray[np.int64]
"""Whole numbers."""
Where: TypeAlias = Mapping[str, object] | npt.ArrayLike
"""Rows to read: a boolean for each, or the labels that are wanted of each column."""

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
