"""What memory alone allows: the bytes that a job must read, at the speed at which memory can be read."""

from __future__ import annotations

from benchmarks.jobs import Job
from benchmarks.results import Record

WIDTH = {
    "outcome": 1,
    "segment": 1,
    "stage": 1,
    "quarter": 1,
    "rep": 2,
    "week": 2,
    "created": 4,
    "closed": 4,
    "expected_close": 4,
    "probability": 4,
    "day": 4,
    "deal": 4,
    "amount": 8,
}
"""Bytes of a value of each column, as every engine holds them."""


def bound(job: Job, ours: Record, bandwidth: float) -> float:
    """Return the least time (ms) in which a job's columns can be read, 0 where it is not known."""
    if not job.reads or not bandwidth:
        return 0.0
    return job.bytes_a_row(WIDTH) * ours.rows / bandwidth * 1e3
