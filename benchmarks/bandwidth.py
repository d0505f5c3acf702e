"""How fast memory can be read: the physical bound of every job that looks at each row once."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import numpy as np

THREADS = 2
_NUMBERS = 32_000_000  # 256 MB, far more than any cache


@cache
def read_bandwidth() -> float:
    """Return the bytes a second that two threads read at best, by a compiled loop where numba is there, else by NumPy."""
    read = _reader()
    values = np.ones(_NUMBERS, dtype=np.int64)
    parts = np.array_split(values, THREADS)
    best = float("inf")
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(read, parts))
        for _ in range(10):
            started = time.perf_counter()
            list(pool.map(read, parts))
            best = min(best, time.perf_counter() - started)
    return values.nbytes / best


def _reader() -> Any:
    """Return what reads an array from start to end."""
    try:
        import numba
    except ImportError:
        return np.bitwise_or.reduce

    @numba.njit(nogil=True)
    def added(values: Any) -> int:
        total = 0
        for value in values:
            total += value
        return total

    return added
