"""Parquet files larger than memory: row groups become books."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import accumulate
from typing import Any, Literal

import attrs
import numpy as np

from salesmetrics.books import DealBook, RepBook
from salesmetrics.calendars import DayLike
from salesmetrics.convert import Piece, Pieces, Raw
from salesmetrics.domain import SalesProcess
from salesmetrics.errors import InvalidDataError, InvalidTypeError, show, show_path
from salesmetrics.keywords import names_keywords
from salesmetrics.rates import FxTable
from salesmetrics.readers.arrow_columns import arrow_batches, arrow_pieces, arrow_raw
from salesmetrics.readers.parquet import readable
from salesmetrics.readers.reading import Paths, Reading, files_of
from salesmetrics.readers.source import Role, Source, checked_names
from salesmetrics.scans import DealScan
from salesmetrics.scans.parts import placed
from salesmetrics.scans.scan import FIRST

__all__ = ["scan_parquet"]

MOST = 1 << 20
"""Rows that are held at a time: smaller row groups are read together, larger ones piece by piece."""

PIECE = 1 << 18
"""Rows that are decoded at a time: few, since they lie in a column of ours at once, and enough to be worth a call."""


@attrs.frozen(eq=False)
class RowGroups:
    """Neighbouring row groups of one file, of at most a million rows together, or one that is larger."""

    path: str
    groups: tuple[int, ...]
    rows: tuple[int, ...]
    texts: tuple[str, ...]
    reading: Reading
    size: tuple[int, int]

    @property
    def name(self) -> str:
        """What the part is called in errors."""
        first, last = self.groups[0], self.groups[-1]
        told = f"row group {first}" if first == last else f"row groups {first} to {last}"
        return f"{told} of {show_path(self.path)}"

    def where(self, row: int) -> str:
        """Return where a row is to be found: in which row group, and the how many-eth row of it."""
        ends = list(accumulate(self.rows))
        at = int(np.searchsorted(ends, row, side="right"))
        at = min(at, len(ends) - 1)
        return f"row {row - (ends[at] - self.rows[at])} of row group {self.groups[at]} of {show_path(self.path)}"

    @contextmanager
    def _opened(self) -> Iterator[Any]:
        """Give the file, which must hold the rows that it held when the scan was made."""
        with readable(self.path), _file(self.path, self.texts) as whole:
            found = _size(whole.metadata)
            if found != self.size:
                raise InvalidDataError(
                    f"`source` must stay as it is while it is scanned; got {found[0]:,} rows in {found[1]:,} row groups of "
                    f"{show_path(self.path)}, which had {self.size[0]:,} in {self.size[1]:,}.",
                    code="SM-SCN-20",
                    field="source",
                    values=[self.path],
                    hint="make the scan again when the files are written.",
                )
            yield whole

    def books(self, columns: frozenset[str] | None) -> Iterator[DealBook]:
        """Yield the deals, at most a million at a time."""
        with self._opened() as whole:
            names = checked_names(whole.schema_arrow.names)
            if sum(self.rows) <= MOST:
                yield self.reading.book(self._source(whole, names), columns)
                return
            wanted = self.reading.names(Source("pyarrow", names, 0, _nothing), columns)
            for batch in whole.iter_batches(MOST, row_groups=list(self.groups), columns=wanted, use_threads=False):
                yield self.reading.book(_source(batch, names), columns)

    def _source(self, whole: Any, names: list[str]) -> Source:
        """Return the columns, each of which is read when it is asked for and given up when it has become ours."""
        rows, groups, schema = sum(self.rows), list(self.groups), whole.schema_arrow

        def pieces(name: str) -> Iterator[Any]:
            for batch in whole.iter_batches(PIECE, row_groups=groups, columns=[name], use_threads=False):
                yield batch.column(name)  # a name before a dot is that of several columns

        def fetch(name: str, role: Role) -> Raw:
            raw = arrow_batches(pieces(name), rows, schema.field(name).type, role)
            if raw is None:
                column = whole.read_row_groups(groups, columns=[name], use_threads=False).column(name)
                column.validate(full=True)
                raw = arrow_raw(column, role)
            return raw

        def floats(name: str) -> Pieces | None:
            def read() -> Iterator[Piece]:
                return arrow_pieces(pieces(name), rows)

            double = str(schema.field(name).type) == "double"
            return Pieces(rows, read, lambda: fetch(name, "money")) if double else None

        return Source("pyarrow", names, rows, fetch, pieces=floats)

    def first(self, rows: int) -> DealBook:
        """Return the first rows, of all columns."""
        with self._opened() as whole:
            names = checked_names(whole.schema_arrow.names)
            batches = whole.iter_batches(rows, row_groups=list(self.groups), use_threads=False)
            table = next(iter(batches), None)
            table = whole.schema_arrow.empty_table() if table is None else table
        return self.reading.book(_source(table, names))


def _file(path: str, texts: tuple[str, ...] = ()) -> Any:
    """Return a Parquet file, some columns of texts to be read by their dictionaries; it closes itself behind a ``with``."""
    parquet = importlib.import_module("pyarrow.parquet")
    return parquet.ParquetFile(
        path, read_dictionary=list(texts), memory_map=False, pre_buffer=False, buffer_size=1 << 18
    )


def _size(metadata: Any) -> tuple[int, int]:
    """Return how many rows and row groups a file has."""
    return metadata.num_rows, metadata.num_row_groups


def _nothing(name: str, role: Role) -> Raw:
    raise AssertionError(name)


def _source(table: Any, names: list[str]) -> Source:
    """Return the columns of a table of Arrow, of which some may not have been read, every buffer validated."""

    def fetch(name: str, role: Role) -> Raw:
        column = table.column(name)
        column.validate(full=True)
        return arrow_raw(column, role)

    return Source("pyarrow", names, table.num_rows, fetch)


@names_keywords
def scan_parquet(
    source: Paths,
    columns: Mapping[str, str] | None = None,
    *,
    as_of: DayLike | None = None,
    currency: str | None = None,
    scale: int | None = None,
    rates: FxTable | None = None,
    rate_day: object = None,
    currencies: Mapping[str, str] | Literal["upper"] | None = None,
    money_format: str | None = None,
    reps: RepBook | None = None,
    zone: str | None = None,
    process: SalesProcess | None = None,
    outcomes: Mapping[Any, str] | None = None,
    merged: Any = None,
    date_format: str | Mapping[str, str] | None = None,
    sentinels: Any = (),
    allow_negative: bool = False,
    rounding: Literal["half_even"] | None = None,
    repair: Literal["blank_created"] | None = None,
    on_error: Literal["raise", "collect", "drop"] = "raise",
    executor: Any = None,
    progress: Callable[[int, int], object] | None = None,
    check_ids: bool = False,
) -> DealScan:
    """Deals in Parquet files that need not fit into memory, for every metric in place of a book.

    Parameters
    ----------
    source : path, pattern or sequence of paths
        The files: ``"deals.parquet"``, ``"deals/*.parquet"``, ``"deals/**/*.parquet"``. They must have the same columns.
    columns, as_of, currency, scale, rates, rate_day, currencies, money_format, reps, zone, process, outcomes, merged, \
date_format, sentinels, allow_negative, rounding, repair, on_error
        As in `read_deals`. Rows are checked in the columns that a question reads.
    executor : executor, optional
        Who counts the row groups: anything with the interface of `concurrent.futures`, such as a ``ProcessPoolExecutor`` or
        ``client.get_executor()`` of Dask. By default threads of this process, as many as `threads` says.
    progress : callable, optional
        Called with the number of parts that are counted and of all parts, after each.
    check_ids : bool, default False
        Make sure that no id occurs twice in all files, with the first question that is asked. It takes 16 bytes a deal, and
        the time to read the ids.

    Returns
    -------
    DealScan
        The scan. Only the schemas and the first rows have been read.

    Raises
    ------
    InvalidArgumentError
        There is no such file.
    InvalidDataError
        A file cannot be read, or has other columns than the first; later on, a row that breaks a rule: the error names the
        file, the row group and the row of it.

    Notes
    -----
    Memory is bounded by row groups, not by rows: each thread holds the columns that are read of a million rows at most. Row
    groups of some hundred thousand to a million rows are best. Ids are read only where a question needs them, and are then
    checked within each part. What `read_deals` would warn of in the rows is not said.

    Examples
    --------
    >>> import salesmetrics as sm
    >>> scan = sm.scan_parquet("deals/*.parquet", currency="USD", as_of="2026-10-31")  # doctest: +SKIP
    >>> sm.win_rate(scan, by="rep")  # doctest: +SKIP
    """
    given = {
        "as_of": as_of,
        "currency": currency,
        "scale": scale,
        "rates": rates,
        "rate_day": rate_day,
        "currencies": currencies,
        "money_format": money_format,
        "reps": reps,
        "zone": zone,
        "process": process,
        "outcomes": outcomes,
        "merged": merged,
        "date_format": date_format,
        "sentinels": tuple(sentinels),
        "allow_negative": allow_negative,
        "rounding": rounding,
        "repair": repair,
        "on_error": on_error,
    }
    _needs_pyarrow()
    parts = _parts(files_of(source), Reading(columns, given))
    full = next((part for part in parts if sum(part.rows)), parts[0])
    with placed(full):
        first = full.first(FIRST)
    kept = tuple(part for part in parts if part.groups) or parts[:1]
    return DealScan(kept, first, executor, progress, check_ids)


def _needs_pyarrow() -> None:
    """Raise where pyarrow is not there, the one library that reads row groups of some columns."""
    try:
        importlib.import_module("pyarrow.parquet")
    except ImportError as error:
        raise InvalidTypeError(
            "`source` must be Parquet files and pyarrow must be installed, which reads them row group by row group.",
            code="SM-PQT-01",
            field="source",
            hint="pip install pyarrow; sm.read_deals(path) reads a whole file with polars or duckdb too.",
        ) from error


def _parts(paths: list[str], reading: Reading) -> tuple[RowGroups, ...]:
    """Return the parts of the files, which must have the same columns."""
    parts: list[RowGroups] = []
    first: dict[str, str] | None = None
    for path in paths:
        with readable(path, show_path(path)), _file(path) as whole:
            schema, metadata = whole.schema_arrow, whole.metadata
            sizes = [metadata.row_group(at).num_rows for at in range(metadata.num_row_groups)]
        kinds = {field.name: _kind(field.type) for field in schema}
        source = Source("pyarrow", checked_names(schema.names), 0, _nothing)
        if first is None:
            first = kinds
            reading.check(source)
        _refuse_other_schema(path, kinds, paths[0], first)
        first |= {name: kind for name, kind in kinds.items() if first[name] == "null"}
        texts = reading.labels(source, [name for name, kind in kinds.items() if kind == "string"])
        parts += [
            RowGroups(path, groups, tuple(sizes[at] for at in groups), texts, reading, _size(metadata))
            for groups in _joined(sizes)
        ]
    return tuple(parts)


def _joined(sizes: list[int]) -> list[tuple[int, ...]]:
    """Return neighbouring row groups of at most a million rows together; a file of none is one part of nothing."""
    found: list[list[int]] = [[]]
    rows = 0
    for at, size in enumerate(sizes):
        if found[-1] and rows + size > MOST:
            found.append([])
            rows = 0
        found[-1].append(at)
        rows += size
    return [tuple(groups) for groups in found]


def _kind(kind: Any) -> str:
    """Return a type of Arrow by name; texts are texts however they are held."""
    types = importlib.import_module("pyarrow").types
    if types.is_dictionary(kind):
        kind = kind.value_type
    texts = types.is_string(kind) or types.is_large_string(kind) or str(kind) == "string_view"
    return "string" if texts else str(kind)


def _refuse_other_schema(path: str, kinds: dict[str, str], one: str, first: dict[str, str]) -> None:
    """Raise where a file has other columns than the first, or one that holds something else."""
    for name in [*first, *kinds]:
        mine, yours = kinds.get(name, "none"), first.get(name, "none")
        if mine != yours and "null" not in (mine, yours):  # a column of nothing goes with any
            raise InvalidDataError(
                f"`source` must be files with the same columns; got {show(name)} as {mine} in "
                f"{show_path(os.fspath(path))} and as {yours} in {show_path(os.fspath(one))}.",
                code="SM-SCN-18",
                field="source",
                column=name,
                values=[path],
                hint="write the files with one schema, or give those that agree.",
            )
