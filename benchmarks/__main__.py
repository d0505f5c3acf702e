"""Make the data, run every job beside the other engines, print the tables, and write them into the docs.

``python -m benchmarks --data folder`` does everything, in twenty minutes and 16 GiB; ``--rows`` and ``--jobs`` do some of it.
``python -m benchmarks memory`` holds what every metric takes in memory against its limit.
"""

from __future__ import annotations

import argparse
import gc
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks import memory
from benchmarks.bandwidth import read_bandwidth
from benchmarks.engines import KINDS, PEERS
from benchmarks.file_engines import ENGINES
from benchmarks.files import raced_files
from benchmarks.jobs import JOBS, Job, chosen
from benchmarks.page import PAGE, missing, page, table
from benchmarks.parquet_files import written
from benchmarks.results import Results, machine
from benchmarks.timing import Time, raced

SIZES = [1_000_000, 10_000_000, 100_000_000]
LARGEST = 30_000_000
"""Of more deals than these only the growing jobs are run."""


def main(given: list[str]) -> None:
    """Read the options, run the jobs."""
    if given[:1] == ["memory"]:
        memory.main(given[1:])
        return
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=SIZES, help="numbers of deals")
    parser.add_argument("--jobs", nargs="+", choices=JOBS, default=list(JOBS), metavar="JOB", help=", ".join(JOBS))
    parser.add_argument("--peers", nargs="*", choices=PEERS, default=list(PEERS))
    parser.add_argument("--rounds", type=int, default=5, help="at least so many of each job")
    parser.add_argument("--seconds", type=float, default=2.0, help="at least so long for each job")
    parser.add_argument("--data", type=Path, help="keeps data and results; a temporary folder by default")
    parser.add_argument("--page", type=Path, default=PAGE, help="where the page goes once every job has a result")
    options = parser.parse_args(given)
    if options.data is None:
        with tempfile.TemporaryDirectory() as folder:
            run(options, Path(folder))
    else:
        options.data.mkdir(parents=True, exist_ok=True)
        run(options, options.data)


def run(options: argparse.Namespace, folder: Path) -> None:
    """Run the jobs, size by size and kind by kind; results are kept after each job."""
    path = folder / "results.json"
    results = Results.read(path, machine(read_bandwidth()))
    for rows in options.rows:
        jobs = chosen(options.jobs, rows, LARGEST)
        for kind in dict.fromkeys(job.kind for job in jobs):
            for job, done in _raced([job for job in jobs if job.kind == kind], rows, options, folder):
                results = results.with_job(job.name, rows, *done)
                results.write(path)
                print(f"\n{job.name}: {job.what}, {rows:,} deals\n", flush=True)
                print("\n".join(table(job, results.of(job.name, rows), results)), flush=True)
    if left := missing(results):
        print(f"\nno page yet: no result of {', '.join(left)}")
    else:
        options.page.write_text(page(results), encoding="utf-8")
        print(f"\nwritten: {options.page}")


def _raced(
    jobs: list[Job], rows: int, options: argparse.Namespace, folder: Path
) -> Iterator[tuple[Job, tuple[int, dict[str, Time]]]]:
    """Yield each job of one kind with its number of rows and its times; its engines live as long as the kind is run."""
    if jobs[0].kind == "files":
        names = ["salesmetrics", *(name for name in ENGINES if name.split(",")[0] in options.peers)]
        rounds = 2 if rows > LARGEST else max(2, options.rounds // 2)
        yield jobs[0], (rows, raced_files(written(folder, rows), rows, names, rounds))
        return
    made = KINDS[jobs[0].kind](rows, options.peers, folder)
    for job in jobs:
        size, engines = made.engines(job)
        rounds = min(options.rounds, 3) if rows > LARGEST else options.rounds
        yield job, (size, raced(job.name, engines, rounds, options.seconds))
    del made
    gc.collect()


if __name__ == "__main__":
    main(sys.argv[1:])
