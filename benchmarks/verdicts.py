"""Whether the goals of a job are met."""

from __future__ import annotations

import attrs

from benchmarks.jobs import PEAK_OF_FILES, Job
from benchmarks.results import Record, ratio

PEERS = ("pandas", "polars", "duckdb")


@attrs.frozen
class Verdict:
    """One goal, what was reached, and whether that is enough."""

    goal: str
    reached: str
    met: bool


def verdicts(job: Job, found: dict[str, Record]) -> list[Verdict]:
    """Return the verdicts on the goals whose engines took part."""
    ours = found.get("salesmetrics")
    if ours is None:
        return []
    out = []
    for name, least in job.goals:
        best = [engine for engine in found if engine.partition(",")[0] in PEERS]  # a peer may hold several tables
        others = [found[peer] for peer in (best if name == "best" else (name,)) if peer in found]
        if others:
            lead = min(ratio(ours, other) for other in others)
            said = "best peer" if name == "best" else name
            goal = f"at most {1 / least:g} x {said}" if least < 1 else f"{least:g} x as fast as {said}"
            reached = f"{1 / lead:.2f}" if least < 1 else f"{lead:.2f}"
            out.append(Verdict(goal, reached, lead >= least))
    if job.compiled is not None and "numba" in found:
        times = 1 / ratio(ours, found["numba"])
        out.append(Verdict(f"at most {job.compiled:g} x a compiled loop", f"{times:.2f}", times <= job.compiled))
    if job.kind == "files":
        peak = ours.time.peak
        out.append(Verdict(f"at most {PEAK_OF_FILES} MB above the start", f"{peak:.0f}", peak <= PEAK_OF_FILES))
    return out
