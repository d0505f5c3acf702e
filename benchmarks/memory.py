"""What every metric takes in memory, beside its limit: ``python -m benchmarks memory``.

A metric may take a tenth of the books it is given, on top of them, at its peak, the first time and the next; a scan of
Parquet files 300 MB above the start, however many rows they hold. Ends with status 1 where one takes more.

Memory of arrays is what Python is told of (`tracemalloc`), which does not depend on what ran before; a scan runs in a process
of its own, whose resident memory is watched.
"""

from __future__ import annotations

import argparse
import inspect
import tempfile
import tracemalloc
import warnings
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import attrs
import numpy as np

import salesmetrics as sm
from benchmarks.files import raced_files
from benchmarks.jobs import PEAK_OF_FILES

LIMIT = 0.1
WITHOUT_BOOKS = frozenset({"required_coverage", "velocity_change"})
"""Metrics that read answers, not books."""


@attrs.frozen
class Taken:
    """How much one metric took at its peak, and the books it was given, in bytes."""

    name: str
    books: int
    first: int
    again: int

    @property
    def share(self) -> float:
        """The peak as a share of the books."""
        return max(self.first, self.again) / self.books


def main(given: list[str]) -> None:
    """Read the options, ask every metric, print what it took; end with status 1 where one takes too much."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks memory", description=__doc__)
    parser.add_argument("--rows", type=int, default=5_000_000, help="deals in memory")
    parser.add_argument("--metrics", nargs="*", default=[], help="only these")
    parser.add_argument("--parquet-rows", type=int, default=0, help="deals in Parquet files; none by default")
    parser.add_argument("--data", type=Path, help="keeps the Parquet files")
    options = parser.parse_args(given)
    above = [each for each in of_metrics(options.rows, options.metrics, shown=True) if each.share > LIMIT]
    too_much = _of_files(options.parquet_rows, options.data) if options.parquet_rows else False
    if above or too_much:
        raise SystemExit(f"above the limit: {', '.join([each.name for each in above] + ['files'] * too_much)}")


def of_metrics(rows: int, names: list[str], *, shown: bool = False) -> list[Taken]:
    """Return what metrics take (all of them where none is named) on a made company of so many deals."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", sm.SalesMetricsWarning)
        company = sm.datasets.sample_company(deals=rows, rng=1)
    asked = questions(company)
    if shown:
        print(f"{rows:,} deals\n\n{'metric':26}{'books, MB':>10}{'first':>8}{'again':>8}{'share':>9}")
    found = []
    for name in names or list(asked):
        books, question = asked[name]
        found.append(_taken(name, [fresh(book) for book in books], question))
        if shown:
            each = found[-1]
            sizes = "".join(f"{size / 1e6:8.1f}" for size in (each.first, each.again))
            said = "" if each.share <= LIMIT else "  above the limit"
            print(f"{name:26}{each.books / 1e6:10.1f}{sizes}{each.share:9.1%}{said}", flush=True)
    return found


def questions(company: Any) -> dict[str, tuple[list[Any], Callable[..., Any]]]:
    """Return the books of each metric and the question that is put to them: by segment (or rep) and quarter where it can."""
    periods = company.quotas.periods()
    own: dict[str, dict[str, Any]] = {
        "pipeline_coverage": {"basis": "remaining"},
        "pipeline_trend": {"at": [period.last for period in periods][:-1], "period": None},
        "ramp_time": {"threshold": 0.8},
        "ramped_equivalents": {"on": company.deals.as_of},
        "top_share": {"top": 0.1},
    }
    found = {}
    for name in import_module("salesmetrics.metrics").__all__:
        if name not in WITHOUT_BOOKS:
            takes = inspect.signature(getattr(sm, name)).parameters
            books = [each.name for each in takes.values() if each.kind is each.POSITIONAL_ONLY]
            labelled = "segment" if set(books) <= {"deals", "history"} else "rep"
            usual = {"by": labelled, "period": periods, **own.get(name, {})}
            given = {word: value for word, value in usual.items() if word in takes and value is not None}
            found[name] = ([getattr(company, book) for book in books], _question(name, given))
    return found


def _question(name: str, given: Mapping[str, Any]) -> Callable[..., Any]:
    return lambda *books: getattr(sm, name)(*books, **given)


def fresh(book: Any) -> Any:
    """Return a book of the same columns that keeps nothing of earlier questions."""
    columns = {name: attrs.evolve(column) for name, column in book.columns.items()}
    return attrs.evolve(book, columns=columns)


def size_of(book: Any) -> int:
    """Return the bytes of the arrays in a book's columns."""
    held = [getattr(column, each.name) for column in book.columns.values() for each in attrs.fields(type(column))]
    return sum(array.nbytes for array in held if isinstance(array, np.ndarray))


def _taken(name: str, books: list[Any], question: Callable[..., Any]) -> Taken:
    """Return how far memory rose at its peak in the first call and in the next."""
    peaks = []
    tracemalloc.start()
    try:
        for _ in range(2):
            before = tracemalloc.get_traced_memory()[0]
            tracemalloc.reset_peak()
            question(*books)
            peaks.append(tracemalloc.get_traced_memory()[1] - before)
    finally:
        tracemalloc.stop()
    return Taken(name, sum(map(size_of, books)), *peaks)


def _of_files(rows: int, folder: Path | None) -> bool:
    """Print what a scan of Parquet files takes, and return whether that is too much."""
    from benchmarks.parquet_files import written

    with tempfile.TemporaryDirectory() as temporary:
        files = written(folder or Path(temporary), rows)
        peak = raced_files(files, rows, ["salesmetrics"], 1)["salesmetrics"].peak
    print(f"\nfiles of {rows:,} deals: {peak:.0f} MB above the start, at most {PEAK_OF_FILES}")
    return peak > PEAK_OF_FILES
