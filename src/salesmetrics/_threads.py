"""How many threads work, and what each of them is given: the only place where threads are started."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Lock
from typing import TypeVar

from salesmetrics import _check

__all__ = [
    "BLOCK",
    "THREADED_ROWS",
    "Blocks",
    "blocks_in_order",
    "each_of",
    "in_order",
    "pool_of",
    "side_by_side",
    "thread_count",
    "threads",
]

BLOCK = 262_144
THREADED_ROWS = 300_000
_LEAST = 131_072
_MOST = 8

_Part = TypeVar("_Part")
_Task = TypeVar("_Task")
_asked: ContextVar[int | None] = ContextVar("threads", default=None)


@contextmanager
def threads(count: int) -> Iterator[None]:
    """Set how many threads a metric may use inside a ``with`` block.

    Without it a metric of some 300,000 rows or more uses the cores that the process may run on, eight at most; fewer rows
    use one. The setting holds for the thread (or task) that makes it and ends with the block. No number depends on it.
    Memory that a metric has worked in is kept for the next one, 32 MiB at most.

    Parameters
    ----------
    count : int
        1 or more.

    Raises
    ------
    InvalidArgumentError
        ``count`` is no whole number of 1 or more.

    Examples
    --------
    >>> import salesmetrics as sm
    >>> deals = sm.datasets.sample_company(deals=1_000, rng=1).deals
    >>> with sm.threads(1):
    ...     alone = sm.win_rate(deals, by="rep")
    >>> alone.equals(sm.win_rate(deals, by="rep"))
    True
    """
    before = _asked.set(_check.count(count, "count", least=1))
    try:
        yield
    finally:
        _asked.reset(before)


def thread_count(rows: int) -> int:
    """Return how many threads work on so many rows."""
    if rows < THREADED_ROWS:
        return 1
    asked = _asked.get()
    if asked is not None:
        return min(asked, -(-rows // BLOCK))  # a thread without a block would only cost memory
    # the cores of the process, which may be fewer than the machine's
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, _MOST)


class Blocks:
    """The blocks of the rows, each handed out once, to whichever thread asks next.

    Few rows make smaller blocks: what a thread needs beside the rows stays a small part of them.
    """

    def __init__(self, rows: int) -> None:
        self._rows = rows
        self.size = min(max(rows >> 5, _LEAST), BLOCK)
        self._starts = iter(range(0, rows, self.size))
        self._lock = Lock()

    def __iter__(self) -> Iterator[tuple[int, int]]:
        """Yield bounds of blocks until none is left."""
        while True:
            with self._lock:
                at = next(self._starts, None)
            if at is None:
                return
            yield at, min(at + self.size, self._rows)


@contextmanager
def pool_of(workers: int) -> Iterator[ThreadPoolExecutor]:
    """Give threads to hand work to; what they have not begun at the end is given up."""
    pool = ThreadPoolExecutor(workers)
    try:
        yield pool
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def side_by_side(work: Callable[[_Task], _Part], tasks: Sequence[_Task], rows: int) -> list[_Part]:
    """Return what the work gives for each task, on two threads where the rows are many."""
    if min(thread_count(rows * 4), 2) < 2:
        return [work(task) for task in tasks]
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(work, tasks))


def in_order(work: Callable[[int, int], _Part], rows: int, each: int = 1) -> list[_Part]:
    """Return what the work gives for contiguous parts of the rows, in order, on threads where that pays.

    ``each`` is how many numbers a row has.
    """
    workers = min(thread_count(rows * each), max(rows, 1))
    if workers < 2:
        return [work(0, rows)]
    edges = [rows * i // workers for i in range(workers + 1)]
    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(work, edges[:-1], edges[1:]))


def each_of(work: Callable[[int], _Part], parts: int, rows: int) -> list[_Part]:
    """Return what the work gives for each of so many small parts of the rows, in order, on threads where that pays."""
    workers = min(thread_count(rows), parts)
    if workers < 2:
        return [work(part) for part in range(parts)]
    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(work, range(parts)))


def blocks_in_order(start: int, stop: int) -> Iterator[tuple[int, int]]:
    """Yield bounds of blocks of a part of the rows."""
    for at in range(start, stop, BLOCK):
        yield at, min(at + BLOCK, stop)
