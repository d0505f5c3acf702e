"""Rounds of all engines in turn: best wall time, its CPU time, and how far memory rose."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import attrs

from benchmarks.answers import Answer, same

_PAGE = 4096


@attrs.define
class Time:
    """Best wall time of a job in one engine, CPU time of that run (both in ms), and how far memory rose (in MB)."""

    wall: float
    cpu: float
    peak: float


def raced(name: str, engines: Mapping[str, Callable[[], Answer]], rounds: int, least: float = 0.0) -> dict[str, Time]:
    """Return the times of all engines, run in turn; the first is the reference that every answer must equal.

    Rounds go on for ``least`` seconds where the job is short. Memory is watched in one run more, before the clock is on.
    """
    expected: Answer | None = None
    times = {}
    for engine, job in engines.items():
        answer, peak = _watched(job)
        expected = answer if expected is None else expected
        same(f"{name}, {engine}", expected, answer)
        times[engine] = Time(float("inf"), float("inf"), peak)
    started, done = time.perf_counter(), 0
    while done < rounds or time.perf_counter() - started < least:
        done += 1
        for engine, job in engines.items():
            gc.collect()
            wall, cpu = time.perf_counter(), time.process_time()
            answer = job()
            wall, cpu = (time.perf_counter() - wall) * 1e3, (time.process_time() - cpu) * 1e3
            same(f"{name}, {engine}", expected or answer, answer)
            if wall < times[engine].wall:
                times[engine].wall = wall
            times[engine].cpu = min(times[engine].cpu, cpu)
    return times


def _watched(job: Callable[[], Answer]) -> tuple[Answer, float]:
    """Return the answer, and how far resident memory rose while it was made, looked at every millisecond."""
    gc.collect()
    before = highest = _resident()
    over = threading.Event()

    def watch() -> None:
        nonlocal highest
        while not over.wait(0.001):
            highest = max(highest, _resident())

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        answer = job()
        highest = max(highest, _resident())
    finally:
        over.set()
        watcher.join()
    return answer, (highest - before) / 1e6


def _resident() -> int:
    """Return the resident memory of this process in bytes, 0 where the system does not tell."""
    status = Path("/proc/self/statm")
    return int(status.read_text().split()[1]) * _PAGE if status.exists() else 0
