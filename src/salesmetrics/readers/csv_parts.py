"""CSV files larger than memory: some rows after others become books."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal

import attrs

from salesmetrics.books import DealBook, RepBook
from salesmetrics.calendars import DayLike
from salesmetrics.domain import SalesProcess
from salesmetrics.errors import InvalidDataError, show, show_path
from salesmetrics.keywords import names_keywords
from salesmetrics.rates import FxTable
from salesmetrics.readers.csv import csv_batches
from salesmetrics.readers.reading import Paths, Reading, files_of
from salesmetrics.scans import DealScan
from salesmetrics.scans.parts import placed
from salesmetrics.scans.scan import FIRST

__all__ = ["scan_csv"]

MOST = 1 << 16
"""Rows that are held at a time: texts take some hundred bytes a cell."""


@attrs.frozen(eq=False)
class CsvPart:
    """One file, read some rows at a time."""

    path: str
    reading: Reading
    form: Mapping[str, Any]

    @property
    def name(self) -> str:
        """What the part is called in errors."""
        return show_path(self.path)

    def where(self, row: int) -> str:
        """Return where a row is to be found; errors of texts name the line too."""
        return f"row {row} of {show_path(self.path)}"

    def books(self, columns: frozenset[str] | None) -> Iterator[DealBook]:
        """Yield the deals, at most some ten thousand at a time."""
        for source in csv_batches(self.path, MOST, **self.form):
            yield self.reading.book(source, columns)

    def first(self, rows: int) -> DealBook:
        """Return the first rows, of all columns."""
        source = next(csv_batches(self.path, rows, **self.form))
        self.reading.check(source)
        return self.reading.book(source)

    def header(self) -> list[str]:
        """Return the names of the columns."""
        return next(csv_batches(self.path, 1, **self.form)).names


@names_keywords
def scan_csv(
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
    encoding: str | None = None,
    delimiter: str | None = None,
    executor: Any = None,
    progress: Callable[[int, int], object] | None = None,
    check_ids: bool = False,
) -> DealScan:
    """Deals in CSV files that need not fit into memory, for every metric in place of a book.

    Parameters
    ----------
    source : path, pattern or sequence of paths
        The files: ``"deals.csv"``, ``"deals/*.csv"``. They must have the same columns.
    columns, as_of, currency, scale, rates, rate_day, currencies, money_format, reps, zone, process, outcomes, merged, \
date_format, sentinels, allow_negative, rounding, repair, on_error
        As in `read_deals`. Rows are checked in the columns that a question reads.
    encoding, delimiter : str, optional
        As in `csv_file`.
    executor, progress, check_ids
        As in `scan_parquet`; a part is a file.

    Returns
    -------
    DealScan
        The scan. Only the headers and the first rows have been read.

    Raises
    ------
    InvalidArgumentError
        There is no such file.
    InvalidDataError
        A file has other columns than the first; later on, a row that breaks a rule: the error names the file and the line.

    Notes
    -----
    A file is read from its beginning to its end, 65,536 rows at a time, with quoted fields that hold line breaks. Reading
    texts keeps Python busy, so more threads gain little; several files and an executor of processes do. Parquet is read some
    twenty times faster.

    Examples
    --------
    >>> import salesmetrics as sm
    >>> scan = sm.scan_csv("deals/*.csv", currency="USD", as_of="2026-10-31")  # doctest: +SKIP
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
    form = {"encoding": encoding, "delimiter": delimiter}
    parts = tuple(CsvPart(path, Reading(columns, given), form) for path in files_of(source))
    for part in parts[1:]:
        _refuse_other_header(part, parts[0])
    for part in parts:
        with placed(part):
            first = part.first(FIRST)
        if first.rows:
            break
    return DealScan(parts, first, executor, progress, check_ids)


def _refuse_other_header(part: CsvPart, first: CsvPart) -> None:
    """Raise where a file has other columns than the first."""
    with placed(first):
        yours = first.header()
    with placed(part):
        mine = part.header()
    odd = [name for name in [*yours, *mine] if (name in mine) != (name in yours)]
    if odd:
        raise InvalidDataError(
            f"`source` must be files with the same columns; got {show(odd[0])} in only one of {show_path(part.path)} and "
            f"{show_path(first.path)}.",
            code="SM-SCN-18",
            field="source",
            column=odd[0],
            values=[part.path],
            hint="write the files with one header, or give those that agree.",
        )
