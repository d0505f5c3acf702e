"""Rounds of all engines in turn: best and median wall time, CPU time, and how far memory rose."""

from __future__ import annotations

import gc
import statistics
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

import attrs

from benchmarks.answers import Answer, same

_PAGE = 4096
_Found = TypeVar("_Found")


@attrs.frozen
class Time:
    """Best and median wall time of a job in one engine, its least CPU time (all in ms), and how far memory rose (in MB)."""

    wall: float
    median: float
    cpu: float
    peak: float


def raced(name: str, engines: Mapping[str, Callable[[], Answer]], rounds: int, least: float = 0.0) -> dict[str, Time]:
    """Return the times of all engines, run in turn; the first is the reference that every answer must equal.

    Rounds go on for ``least`` seconds where the job is short. Memory is watched in one run more, before the clock is on.
    """
    expected: Answer | None = None
    peaks: dict[str, float] = {}
    for engine, job in engines.items():
        answer, peaks[engine] = watched(job)
        expected = answer if expected is None else expected
        same(f"{name}, {engine}", expected, answer)
    found: dict[str, list[tuple[float, float]]] = {engine: [] for engine in engines}
    started, done = time.perf_counter(), 0
    while done < rounds or time.perf_counter() - started < least:
        done += 1
        for engine, job in engines.items():
            gc.collect()
            wall, cpu = time.perf_counter(), time.process_time()
            answer = job()
            found[engine].append((time.perf_counter() - wall, time.process_time() - cpu))
            same(f"{name}, {engine}", expected or answer, answer)
    return {engine: _time(pairs, peaks[engine]) for engine, pairs in found.items()}


def _time(pairs: list[tuple[float, float]], peak: float) -> Time:
    """Return seconds of wall and CPU time of all rounds as one record in ms."""
    walls, cpus = ([each * 1e3 for each in times] for times in zip(*pairs, strict=True))
    return Time(min(walls), statistics.median(walls), min(cpus), peak)


def watched(job: Callable[[], _Found]) -> tuple[_Found, float]:
    """Return the answer, and how far resident memory (MB) rose while it was made, looked at every millisecond."""
    gc.collect()
    before = highest = resident()
    over = threading.Event()

    def watch() -> None:
        nonlocal highest
        while not over.wait(0.001):
            highest = max(highest, resident())

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        answer = job()
        highest = max(highest, resident())
    finally:
        over.set()
        watcher.join()
    return answer, (highest - before) / 1e6


def resident() -> int:
    """Return the resident memory of this process in bytes, 0 where the system does not tell."""
    status = Path("/proc/self/statm")
    return int(status.read_text().split()[1]) * _PAGE if status.exists() else 0
