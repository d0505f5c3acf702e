"""What every metric takes in memory, beside its limit: ``python -m benchmarks memory``.

A metric may take a tenth of the books it is given, on top of them, at its peak, the first time and the next. What books
keep for later questions (where each deal's changes begin, the positions of days in periods) is no part of that peak: it is
shown apart, in bytes for each row, and has a bound of its own. Answers with a row for each rep and quarter are as large for
few deals as for many: ``OF_GROUPS`` names the metrics that this lifts above a tenth, why, and how much they may take.
A scan of Parquet files may take 300 MB above the start, however many rows they hold. Ends with status 1 where one takes more.

Memory of arrays is what Python is told of (`tracemalloc`), which does not depend on what ran before; a scan runs in a process
of its own, whose resident memory is watched.
"""

from __future__ import annotations

import argparse
import gc
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
from salesmetrics._workbench import give_back

LIMIT = 0.1
KEPT = 8.0
"""Bytes a row that books may go on holding after a question, for the next ones; rows of all books, changes included."""
_SMALL = 2_000_000
THREADS = 2
"""Each thread has tables and buffers of its own: the bounds hold for so many."""
OF_GROUPS: dict[str, tuple[float, str]] = {
    "attainment_distribution": (35, "a row for each rep and quarter"),
    "effective_quota": (10, "a row for each rep and quarter; no deals are read"),
    "forecast_value_added": (25, "a row for each rep and quarter, of two forecasts"),
    "forecast_distribution": (60, "laws by segment, quarter or all: points and terms of each"),
    "gini": (30, "tables of segments x reps x quarters"),
    "p_hit_quota": (60, "laws by segment, quarter or all: points and terms of each"),
    "ramp_curve": (40, "tables of reps x months of tenure"),
    "ramp_time": (40, "tables of reps x months of tenure"),
    "ramped_equivalents": (3, "a row for each rep; no deals are read"),
    "time_to_first_deal": (40, "tables of reps x days of tenure"),
    "top_share": (30, "tables of segments x reps x quarters"),
}
"""Metrics that take more than a tenth for what does not grow with the deals: how many MB at most, and what it is."""
WITHOUT_BOOKS = frozenset({"required_coverage", "velocity_change"})
"""Metrics that read answers, not books."""


@attrs.frozen
class Taken:
    """What one metric took in two calls, and the books it was given, in bytes.

    ``first`` and ``again`` are the peaks of the two calls, without what the books hold when a call is over; ``kept`` is what
    they hold more after both than before.
    """

    name: str
    rows: int
    books: int
    first: int
    again: int
    kept: int

    @property
    def share(self) -> float:
        """The peak as a share of the books."""
        return max(self.first, self.again) / self.books

    @property
    def kept_a_row(self) -> float:
        """What the books keep for later questions, in bytes for each of their rows."""
        return self.kept / self.rows

    @property
    def allowed(self) -> float:
        """How many bytes it may take at its peak."""
        return max(LIMIT * self.books, OF_GROUPS.get(self.name, (0.0, ""))[0] * 1e6)

    @property
    def above(self) -> bool:
        """True where it takes, or leaves, more than it may."""
        return max(self.first, self.again) > self.allowed or self.kept > KEPT * self.rows + _SMALL

    @property
    def said(self) -> str:
        """What is to be said of it behind the figures."""
        if self.above:
            return f"  above the limit, {self.allowed / 1e6:.1f} MB and {KEPT:g} bytes a row"
        return f"  {OF_GROUPS[self.name][1]}" if self.share > LIMIT else ""


def main(given: list[str]) -> None:
    """Read the options, ask every metric, print what it took; end with status 1 where one takes too much."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks memory", description=__doc__)
    parser.add_argument("--rows", type=int, default=5_000_000, help="deals in memory")
    parser.add_argument("--metrics", nargs="*", default=[], help="only these")
    parser.add_argument("--parquet-rows", type=int, default=0, help="deals in Parquet files; none by default")
    parser.add_argument("--data", type=Path, help="keeps the Parquet files")
    options = parser.parse_args(given)
    above = [each for each in of_metrics(options.rows, options.metrics, shown=True) if each.above]
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
        print(
            f"{rows:,} deals\n\n{'metric':26}{'books, MB':>10}{'first':>8}{'again':>8}{'share':>9}{'kept, B/row':>13}"
        )
    found = []
    for name in names or list(asked):
        books, question = asked[name]
        with sm.threads(THREADS):
            found.append(_taken(name, [fresh(book) for book in books], question))
        if shown:
            each = found[-1]
            sizes = "".join(f"{size / 1e6:8.1f}" for size in (each.first, each.again))
            line = f"{name:26}{each.books / 1e6:10.1f}{sizes}{each.share:9.1%}{each.kept_a_row:13.2f}{each.said}"
            print(line, flush=True)
    return found


def questions(company: Any) -> dict[str, tuple[list[Any], Callable[..., Any]]]:
    """Return the books of each metric and the question that is put to them: by segment (or rep) and quarter where it can."""
    periods = company.quotas.periods()
    own: dict[str, dict[str, Any]] = {
        "p_hit_quota": {"method": "normal"},  # memory is that of the tally; laws of thousands of rows take minutes
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
    """Return how far memory rose at its peak in the first call and in the next, and what the books keep after both."""
    peaks = []
    tracemalloc.start()
    try:
        start = tracemalloc.get_traced_memory()[0]
        for _ in range(2):
            tracemalloc.reset_peak()
            question(*books)
            gc.collect()
            give_back()  # working memory is kept for the next pass: it counts as taken, and not as kept by the books
            left, peak = tracemalloc.get_traced_memory()
            peaks.append(peak - left)
    finally:
        tracemalloc.stop()
    return Taken(name, sum(map(len, books)), sum(map(size_of, books)), *peaks, left - start)


def _of_files(rows: int, folder: Path | None) -> bool:
    """Print what a scan of Parquet files takes, and return whether that is too much."""
    from benchmarks.parquet_files import written

    with tempfile.TemporaryDirectory() as temporary:
        files = written(folder or Path(temporary), rows)
        peak = raced_files(files, rows, ["salesmetrics"], 1)["salesmetrics"].peak
    print(f"\nfiles of {rows:,} deals: {peak:.0f} MB above the start, at most {PEAK_OF_FILES}")
    return peak > PEAK_OF_FILES
