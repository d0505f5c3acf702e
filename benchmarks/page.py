"""The page of the last results, made from the records: the command writes it into the docs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from benchmarks.jobs import JOBS, Job
from benchmarks.results import Record, Results, ratio
from benchmarks.verdicts import verdicts
from benchmarks.widths import bound

PAGE = Path(__file__).resolve().parents[1] / "docs" / "reference" / "benchmarks.md"
HEADER = ["engine", "best ms", "median ms", "CPU ms", "ns a row", "MB more", "x ours", "x loop", "x memory"]
_HEAD = """# Benchmarks

<!-- made by python -m benchmarks: do not edit -->

Every job in salesmetrics, pandas, Polars and DuckDB, each in the best form found, in turn in one process (from Parquet
each in a process of its own), with every answer compared. numba stands for a plain compiled loop, and memory for reading
once the bytes that a job cannot do without. What each job asks, how to run them and what limits them stands in
`benchmarks/README.md`.

- *best*, *median*: wall time of the rounds. *CPU*: least CPU time of all threads. *MB more*: how far memory rose in the
  first run.
- *x ours*: how many times as long as salesmetrics. *x loop*, *x memory*: how many times as long as the compiled loop, and
  as reading memory.
- "first call": books that keep nothing of earlier questions. "given codes": the quarter is a column of codes, as the peers
  have it (in w: a table of the calls). "call by call": several questions one after the other, where the first line asks
  them at once (`sm.measure`). "intervals": with intervals of 95 %. "asked before": a history that keeps what it counted.
- A job that ends in * runs on sorted deals: `deals.clustered()`, whose first call sorts; tables of the peers sorted by outcome,
  quarter and rep, and "by day" sorted by outcome and day: what is quoted is the faster of the two.
"""


def page(results: Results) -> str:
    """Return the page."""
    lines = [_HEAD, *_machine(results), *_goals(results), *_growth(results)]
    for deals in reversed(results.sizes()):
        lines += ["", f"## {deals:,} deals"]
        for job in JOBS.values():
            if found := results.of(job.name, deals):
                lines += ["", f"### {job.name}, {deals:,}: {job.what}", "", *table(job, found, results)]
    return "\n".join(lines) + "\n"


def missing(results: Results) -> list[str]:
    """Return the jobs that have no result yet, without which there is no page."""
    return [name for name in JOBS if not results.sizes(name)]


def table(job: Job, found: dict[str, Record], results: Results) -> list[str]:
    """Return the lines of one job: its engines, then its goals."""
    ours, loop = found["salesmetrics"], found.get("numba")
    least = bound(job, ours, results.bandwidth)
    rows = [_row(*HEADER), _rule(len(HEADER))]
    for record in found.values():
        time = record.time
        against_loop = "" if loop is None else f"{1 / ratio(record, loop):.2f}"
        against_memory = f"{time.wall / least:.1f}" if least else ""
        rows.append(
            _row(
                record.engine,
                _ms(time.wall),
                _ms(time.median),
                _ms(time.cpu),
                f"{time.wall * 1e6 / record.rows:.2f}",
                f"{time.peak:.0f}",
                f"{ratio(ours, record):.2f}",
                against_loop,
                against_memory,
            )
        )
    told = [f"- {each.goal}: {each.reached}, {'met' if each.met else '**not met**'}" for each in verdicts(job, found)]
    size = [f"{ours.rows:,} rows, {ours.day}."]
    return [*rows, "", *size, *([""] if told else []), *told]


def _machine(results: Results) -> Iterator[str]:
    """Yield what the numbers were measured on."""
    yield "## Machine"
    yield ""
    yield from (f"- {name}: {said}" for name, said in results.machine.items())


def _goals(results: Results) -> Iterator[str]:
    """Yield every goal at ten million deals (of job p: at the most there are), or where a job has fewer at most those."""
    yield from ("", "## Goals", "", _row("job", "deals", "goal", "reached", "met"), _rule(5))
    for job in JOBS.values():
        sizes = [size for size in results.sizes(job.name) if size <= 10_000_000 or job.kind == "files"]
        for deals in sizes[-1:]:
            for each in verdicts(job, results.of(job.name, deals)):
                yield _row(job.name, f"{deals:,}", each.goal, each.reached, "yes" if each.met else "no")


def _growth(results: Results) -> Iterator[str]:
    """Yield how time and memory grow with the number of deals."""
    jobs = [job for job in JOBS.values() if job.grows]
    sizes = results.sizes(*(job.name for job in jobs))
    yield from ("", "## Growth", "", "Best ms, and MB more in brackets.", "")
    yield _row("job", "engine", *(f"{size:,}" for size in sizes))
    yield _rule(len(sizes) + 2)
    for job in jobs:
        held = {size: results.of(job.name, size) for size in sizes}
        for engine in dict.fromkeys(name for found in held.values() for name in found):
            if "," not in engine:
                cells = [held[size].get(engine) for size in sizes]
                yield _row(job.name, engine, *("" if each is None else _both(each) for each in cells))


def _both(record: Record) -> str:
    return f"{_ms(record.time.wall)} ({record.time.peak:.0f})"


def _ms(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _row(*cells: str) -> str:
    return "| " + " | ".join(cells) + " |"


def _rule(columns: int) -> str:
    return "|" + "---|" * columns
