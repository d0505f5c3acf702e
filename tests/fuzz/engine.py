"""Inputs that reach new lines are kept and changed further; what no reader may do is reported."""

from __future__ import annotations

import hashlib
import signal
import sys
import time
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from types import FrameType
from typing import Any

import attrs
import numpy as np

import salesmetrics
from salesmetrics import SalesMetricsError, SalesMetricsWarning
from tests.fuzz.mutating import blown_up, mutated
from tests.fuzz.targets import Target

__all__ = ["SECONDS", "Find", "Report", "fuzz", "run_one"]

SECONDS = 1.0
"""Processor time that no input of up to 1 MiB may take."""
MEMORY = 512
"""MiB that no input of up to 1 MiB may take."""
_SUSPECT = 0.25
_STUCK = 30
_LARGE = 150
_HOME = str(Path(salesmetrics.__file__).parent)


class Stuck(BaseException):
    """An input that does not come to an end."""


@attrs.frozen
class Find:
    """An input, and what it did that none may do."""

    what: str
    where: str
    data: bytes
    detail: str = ""

    @property
    def name(self) -> str:
        """A name for a file of it."""
        return hashlib.sha256(self.data).hexdigest()[:16]


@attrs.define
class Report:
    """What a run saw."""

    target: str
    runs: int = 0
    accepted: int = 0
    large: int = 0
    edges: int = 0
    lines: int = 0
    corpus: list[bytes] = attrs.field(factory=list)
    slowest: float = 0.0
    refusals: dict[str, int] = attrs.field(factory=dict)
    finds: dict[str, Find] = attrs.field(factory=dict)

    def __str__(self) -> str:
        """Return the figures in a line, and each find with its trace."""
        head = (
            f"{self.target}: {self.runs} inputs ({self.large} large), {self.accepted} taken, {len(self.refusals)} codes of "
            f"refusals, {len(self.corpus)} kept, {self.lines} lines and {self.edges} pairs of lines reached, slowest "
            f"{self.slowest:.2f} s, {len(self.finds)} finds"
        )
        found = [f"\n--- {f.what} at {f.where}\n{f.data[:400]!r}\n{f.detail}" for f in self.finds.values()]
        return "".join([head, *found])


class _Lines:
    """The pairs of lines of the library that one input runs through."""

    def __init__(self) -> None:
        self.seen: set[tuple[object, int, int]] = set()

    def __call__(self, frame: FrameType, event: str, argument: Any) -> Any:
        """Trace calls into the library only."""
        code = frame.f_code
        if not code.co_filename.startswith(_HOME):
            return None
        last = [0]
        seen = self.seen

        def local(frame: FrameType, event: str, argument: Any) -> Any:
            if event == "line":
                line = frame.f_lineno
                seen.add((code, last[0], line))
                last[0] = line
            return local

        return local


def fuzz(target: Target, *, seconds: float, seed: int = 1, runs: int | None = None) -> Report:
    """Return what a run of so many seconds, or of so many inputs, saw."""
    rng, report = Random(seed), Report(target.name)
    covered: set[tuple[object, int, int]] = set()
    with _prepared():
        for data in target.seeds:
            _take(target, data, report, covered, seed=True)
        until = time.monotonic() + seconds
        while (runs is None or report.runs < runs) and time.monotonic() < until:
            if rng.randrange(_LARGE) == 0:
                report.large += 1
                _timed(target, blown_up(rng.choice(report.corpus), rng), report)
                continue
            parent = report.corpus[-1 - int(len(report.corpus) * rng.random() ** 2)]
            _take(target, mutated(parent, report.corpus, target.words, rng), report, covered)
    report.edges, report.lines = len(covered), len({(code, line) for code, _, line in covered})
    return report


def run_one(target: Target, data: bytes) -> Find | None:
    """Return what is wrong with one input, None where nothing is."""
    report = Report(target.name)
    with _prepared():
        _timed(target, data, report)
    return next(iter(report.finds.values()), None)


@contextmanager
def _prepared() -> Iterator[None]:
    """Turn every warning that is not the library's own into an error, and floats that go wrong too."""
    with warnings.catch_warnings(), np.errstate(all="raise"):
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", SalesMetricsWarning)
        yield


def _take(
    target: Target, data: bytes, report: Report, covered: set[tuple[object, int, int]], *, seed: bool = False
) -> None:
    """Run one input under the tracer, and keep it where it reaches what none before it did."""
    lines, before = _Lines(), sys.gettrace()
    start = time.process_time()
    sys.settrace(lines)
    try:
        _run(target, data, report)
    finally:
        sys.settrace(before)
    if time.process_time() - start > _SUSPECT:
        _timed(target, data, report)
    if seed or not lines.seen <= covered:
        covered |= lines.seen
        report.corpus.append(data)


def _timed(target: Target, data: bytes, report: Report) -> None:
    """Run one input without the tracer, and look at its time and memory; the time is the least of three, where it is long."""
    memory = _memory()
    spent = _spent(target, data, report)
    for _ in range(2):
        spent = min(spent, _spent(target, data, report)) if spent > SECONDS else spent
    grown = _memory() - memory
    report.slowest = max(report.slowest, spent)
    if spent > SECONDS:
        _find(report, Find(f"takes {spent:.1f} s", f"{len(data)} bytes", data))
    if grown > MEMORY:
        _find(report, Find(f"takes {grown} MiB", f"{len(data)} bytes", data))


def _spent(target: Target, data: bytes, report: Report) -> float:
    """Return the processor time of one run."""
    start = time.process_time()
    _run(target, data, report)
    return time.process_time() - start


def _run(target: Target, data: bytes, report: Report) -> None:
    """Run one input; any exception but a refusal of the library is a find."""
    report.runs += 1
    try:
        with _limited():
            target.run(data)
        report.accepted += 1
    except SalesMetricsError as error:
        report.refusals[error.code] = report.refusals.get(error.code, 0) + 1
        _refusal(report, error, data)
    except (Exception, Stuck) as error:
        _find(report, Find(type(error).__name__, _where(error), data, "".join(traceback.format_exception(error)[-8:])))


def _refusal(report: Report, error: SalesMetricsError, data: bytes) -> None:
    """A refusal must be safe to print and of a reasonable length."""
    text = str(error)
    odd = [c for c in text if not c.isprintable() and c != "\n"]
    if odd:
        _find(report, Find(f"prints {odd[0]!r}", error.code, data, repr(text)))
    if len(text) > 20_000:
        _find(report, Find(f"says {len(text)} characters", error.code, data, repr(text[:400])))


def _where(error: BaseException) -> str:
    """Return the innermost line of the library that an exception passed."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename.startswith(_HOME)]
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "the target"


def _find(report: Report, find: Find) -> None:
    """Keep the first input for each kind of find."""
    report.finds.setdefault(f"{find.what.partition(' ')[0]} {find.where}", find)


@contextmanager
def _limited() -> Iterator[None]:
    """Raise in a run that does not end, where the system has an alarm for the processor's time."""
    if not hasattr(signal, "setitimer"):
        yield
        return

    def stuck(number: int, frame: FrameType | None) -> None:
        raise Stuck(f"no end after {_STUCK} s of processor time")

    before = signal.signal(signal.SIGPROF, stuck)
    signal.setitimer(signal.ITIMER_PROF, _STUCK)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def _memory() -> int:
    """Return the most memory that the process has had, in MiB; 0 where the system does not say."""
    try:
        import resource
    except ImportError:
        return 0
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(most >> (20 if sys.platform == "darwin" else 10))
