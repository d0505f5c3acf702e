"""Check that no order, no cut and no frame library changes a bit: ``python -m benchmarks.same_bits --rows 10_000_000``.

The hash of every value, count, interval and part of every job must be the same for the book as it is, with its rows
shuffled, cut into 64 parts whose tallies are added in another order, read from a pandas, Polars or Arrow table, clustered,
and scanned from Parquet files, a metric at a time and all at once.
"""

from __future__ import annotations

import argparse
import hashlib
import tempfile
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import salesmetrics as sm
from benchmarks.data import SEGMENTS, STAGES, Data, date, made, rep_names
from benchmarks.parquet_files import written
from salesmetrics.domain import OUTCOMES

PARTS = 64


def main() -> None:
    """Read the options, hash every route, raise where one differs."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.same_bits", description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--data", type=Path, help="keeps the Parquet files; a temporary folder by default")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore", sm.SalesMetricsWarning)
        data = made(options.rows)
        compare(data, written(options.data or Path(folder), options.rows))


def compare(data: Data, files: str) -> None:
    """Hash every route, raise where one differs."""
    scan = sm.scan_parquet(files, currency="USD", as_of=date(data.as_of))
    routes: dict[str, Callable[[], Iterable[sm.MetricTable]]] = {
        "as it is": lambda: direct(data, data.book),
        "shuffled": lambda: direct(data, data.book.take(np.random.default_rng(1).permutation(len(data.book)))),
        f"{PARTS} parts": lambda: merged(data, _parts(data.book)),
        "pandas": lambda: direct(data, _read(data, _pandas(data))),
        "polars": lambda: direct(data, _read(data, _polars(data))),
        "pyarrow": lambda: direct(data, _read(data, _arrow(data))),
        "clustered": lambda: direct(data, data.book.clustered()),
        "files": lambda: direct(data, scan),
        "files, once": lambda: sm.measure(scan, asked(data)).values(),
    }
    expected = None
    for name, route in routes.items():
        started = time.perf_counter()
        digest = hashed(route())
        print(f"{name:12} {digest} {time.perf_counter() - started:6.1f} s", flush=True)
        expected = digest if expected is None else expected
        if digest != expected:
            raise SystemExit(f"{name} differs from the book as it is")
    print("the same bits")


def direct(data: Data, book: Any) -> Iterator[sm.MetricTable]:
    """Yield every metric of a book, or of a scan in its place."""
    return (question(book) for question in asked(data).values())


def asked(data: Data) -> dict[str, Callable[[Any], sm.MetricTable]]:
    """Return the questions, by name."""
    grouped: dict[str, Any] = {"by": "rep", "period": data.periods}
    return {
        "attainment": lambda d: sm.attainment(d, data.quotas, **grouped),
        "bookings": lambda d: sm.credited_bookings(d, **grouped),
        "win rate": lambda d: sm.win_rate(d, **grouped),
        "win rate by amount": lambda d: sm.win_rate(d, weight="amount", **grouped),
        "mean size": lambda d: sm.deal_size(d, of="closed", **grouped),
        "median size": lambda d: sm.deal_size(d, stat="median", by="rep"),
        "open": lambda d: sm.open_pipeline(d, by="rep"),
        "weighted": lambda d: sm.weighted_pipeline(d, by="rep"),
        "created": lambda d: sm.pipeline_created(d, **grouped),
        "coverage": lambda d: sm.pipeline_coverage(d, data.quotas, basis="remaining", period=data.last, by="rep"),
        "velocity": lambda d: sm.velocity(d, period=data.periods, by="segment"),
        "p90": lambda d: sm.cycle_length(d, by="rep", stat=0.9),
        "mean cycle": lambda d: sm.cycle_length(d, by="segment", stat="mean"),
        "median to close": lambda d: sm.cycle_curve(d, by="rep").median,
        "won in 90 days": lambda d: sm.win_rate_curve(d, by="segment").at(90),
    }


def merged(data: Data, parts: Sequence[sm.DealBook]) -> Iterator[sm.MetricTable]:
    """Yield the same from tallies of parts, added up."""

    def whole(kind: Any, **options: Any) -> Any:
        return sum(kind.from_book(part, **options) for part in parts)

    grouped: dict[str, Any] = {"by": "rep", "period": data.periods}
    quotas = sm.QuotaTally.from_book(data.quotas, **grouped)
    bookings = whole(sm.BookingTally, **grouped)
    yield sm.attainment(bookings, quotas)
    yield sm.credited_bookings(bookings)
    outcomes = whole(sm.OutcomeTally, **grouped)
    yield sm.win_rate(outcomes)
    yield sm.win_rate(outcomes, weight="amount")
    yield sm.deal_size(outcomes, of="closed")
    yield sm.deal_size(whole(sm.SizeTally, by="rep"), stat="median")
    pipeline = whole(sm.PipelineTally, by="rep", weighted=True)
    yield sm.open_pipeline(pipeline)
    yield sm.weighted_pipeline(pipeline)
    yield sm.pipeline_created(whole(sm.CreationTally, **grouped))
    due: dict[str, Any] = {"by": "rep", "period": data.last}
    yield sm.pipeline_coverage(
        whole(sm.PipelineTally, weighted=False, **due),
        sm.QuotaTally.from_book(data.quotas, **due),
        basis="remaining",
        bookings=whole(sm.BookingTally, **due),
    )
    yield sm.velocity(whole(sm.VelocityTally, by="segment", period=data.periods))
    durations = whole(sm.DurationTally, by="rep", basis="created")
    yield sm.cycle_length(durations, stat=0.9)
    segments = whole(sm.DurationTally, by="segment", basis="created")
    yield sm.cycle_length(segments, stat="mean")
    yield sm.cycle_curve(durations).median
    yield sm.win_rate_curve(segments).at(90)


def hashed(tables: Iterable[sm.MetricTable]) -> str:
    """Return the sha256 of everything in the tables that is a label or a number."""
    digest = hashlib.sha256()
    for table in tables:
        digest.update(repr((table.name, [str(label) for label in table.labels])).encode())
        for part in (table.value, table.n, table.low, table.high, *table.parts.values()):
            digest.update(b"none" if part is None else part.tobytes())
        digest.update(repr(sorted(table.left_out.items())).encode())
    return digest.hexdigest()


def _parts(book: sm.DealBook) -> list[sm.DealBook]:
    """Return the rows cut into parts of unequal size, in another order."""
    rng = np.random.default_rng(2)
    edges = np.sort(rng.integers(0, len(book), PARTS - 1))
    bounds = list(zip([0, *edges.tolist()], [*edges.tolist(), len(book)], strict=True))
    return [book.take(np.arange(*bounds[i])) for i in rng.permutation(PARTS)]


# --- the same deals as tables of other libraries ---------------------------------------------------------------------

_NAMES = {
    "rep": rep_names(),
    "segment": tuple(f"segment {i}" for i in range(SEGMENTS)),
    "stage": STAGES,
    "outcome": OUTCOMES,
}


def _read(data: Data, table: Any) -> sm.DealBook:
    """Return the book that is read from a table."""
    return sm.read_deals(table, as_of=date(data.as_of), currency="USD")


def _plain(data: Data) -> dict[str, Any]:
    """Return amounts in dollars, days as dates, probabilities as fractions, NaN and NaT where there is none."""
    columns: dict[str, Any] = {"amount": data.columns["amount"] / np.float64(100)}
    for name in ("created", "closed", "expected_close"):
        days = data.columns[name].astype("datetime64[D]")
        days[data.columns[name] < 0] = np.datetime64("NaT")
        columns[name] = days
    ppm = data.columns["probability"]
    columns["probability"] = np.where(ppm < 0, np.nan, ppm / 1e6)
    return columns


def _pandas(data: Data) -> Any:
    """Return a pandas frame with categoricals."""
    import pandas as pd

    labels = {
        name: pd.Categorical.from_codes(data.columns[name].astype(np.int32), pd.Index(list(names)))
        for name, names in _NAMES.items()
    }
    plain = {
        name: values.astype("datetime64[s]") if values.dtype.kind == "M" else values
        for name, values in _plain(data).items()
    }
    return pd.DataFrame({**labels, **plain})


def _arrow(data: Data) -> Any:
    """Return an Arrow table with dictionaries."""
    import pyarrow as pa

    columns = {
        name: pa.DictionaryArray.from_arrays(pa.array(data.columns[name].astype(np.int32)), pa.array(names))
        for name, names in _NAMES.items()
    }
    for name, values in _plain(data).items():
        columns[name] = pa.array(values, from_pandas=True)
    return pa.table(columns)


def _polars(data: Data) -> Any:
    """Return a Polars frame, whose labels are plain text."""
    import polars as pl

    frame = pl.from_arrow(_arrow(data))
    return frame.with_columns(pl.col(list(_NAMES)).cast(pl.String), pl.col("probability").fill_nan(None))


if __name__ == "__main__":
    main()
