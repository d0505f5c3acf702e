"""Tables that rows are added up in, by one thread or several: exact whole numbers, the same in any order."""

from __future__ import annotations

from threading import Lock
from typing import Any

import numpy as np

from salesmetrics._wide import DIGITS, add_products, carry18, limbs18
from salesmetrics._workbench import Workbench
from salesmetrics.arrays import AnyArray, IntArray

__all__ = ["BATCH", "MANY", "Adder", "Totals"]

BATCH = 1 << 19
_COMPILED_ROWS = 1 << 17
_BYTES = 1 << 19
"""A table of at least so many cells is counted in bytes first: it then stays in the cache, or nearly."""
_ONCE = 1 << 20
"""So many rows are counted in one batch where the table is large, whatever share of all rows they are."""
_SMALL = 8_192
MANY = 1 << 23
"""After so many rows long sums are brought into their limbs."""


class Totals:
    """The tables of a pass, one more cell in each for the rows that are not wanted; threads add to them one at a time.

    ``digits`` are how many tables hold the sum of each column: one, two halves, or the digits of long products. Where rows
    are many for the cells, they are added up as a sparse matrix, which takes half of the time of ``np.add.at`` and lets other
    threads run meanwhile.
    """

    def __init__(self, cells: int, rows: int, digits: tuple[int, ...], *, count: bool) -> None:
        self.cells, self.rows, self.count = cells, rows, count
        self.bytes = count and not digits and cells >= _BYTES and rows >= cells >> 2
        self.compiled = self.bytes or rows >= max(_COMPILED_ROWS, 2 * cells)
        self.small = cells <= _SMALL and not self.compiled
        self.kind: np.dtype[Any] = np.dtype(np.int64 if self.small or rows >= 2**31 else np.int32)
        self._counts: AnyArray | None = None
        self.sums = [np.zeros((tables, cells + 1), dtype=np.int64) for tables in digits]
        self.lock = Lock()
        self._since = 0

    def room(self, block: int) -> int:
        """Return how many rows are gathered before they are added up: the more, the larger the table of each time."""
        if self.bytes:
            return max(block, min(self.cells, max(self.rows >> 3, _ONCE)))
        return max(block, min(max(min(8 * self.cells, BATCH), self.cells // 4), self.rows >> 5))

    @property
    def counts(self) -> IntArray:
        """The rows of each cell: in bytes where they came in one batch, else in numbers that hold all rows."""
        if self._counts is None:
            self._counts = np.zeros(self.cells + 1 if self.count else 1, dtype=self.kind)
        return self._counts

    def add_counts(self, part: AnyArray) -> None:
        """Add the counts of a batch; the caller holds the lock where there are several threads."""
        if self._counts is None and part.dtype == np.uint8:
            self._counts = part.copy()
            return
        if self.counts.dtype == np.uint8:
            self._counts = self.counts.astype(self.kind)
        counts = self.counts
        counts += part

    def added(self, rows: int) -> None:
        """Say that rows were added, so that long sums come back into their limbs before one could overflow."""
        with self.lock:
            self._since += rows
            if self._since > MANY:
                self.carry()

    def carry(self) -> None:
        """Bring long sums into their limbs."""
        self._since = 0
        for total in self.sums:
            if len(total) == DIGITS:
                carry18(total)


class Adder:
    """What one thread needs to add to the tables."""

    def __init__(self, totals: Totals, room: int, bench: Workbench) -> None:
        self.totals, self.bench = totals, bench
        self.ones: AnyArray = np.zeros(0, dtype=np.uint8)
        self.parts: dict[np.dtype[Any], AnyArray] = {}
        self.rows: dict[np.dtype[Any], Any] = {}
        if totals.compiled and any(len(total) < DIGITS for total in totals.sums):
            self._part(np.dtype(np.int64))
        if totals.count and not totals.small:
            self._count_with(np.dtype(np.uint8) if totals.bytes else totals.kind, room)

    def _count_with(self, kind: np.dtype[Any], room: int) -> None:
        """Lay out a one for each row, and the table that they go to."""
        self.ones = self.bench.array(room, kind)
        self.ones.fill(1)
        if self.totals.compiled:
            self._part(kind)

    def _part(self, kind: np.dtype[Any]) -> AnyArray:
        """Return the table that one batch is added up in, made before threads run: threads do not share what they free."""
        if kind not in self.parts:
            self.parts[kind] = self.bench.array(self.totals.cells + 1, kind).reshape(1, -1)
        return self.parts[kind]

    def count(self, cell: AnyArray) -> None:
        """Count the rows of each cell."""
        totals = self.totals
        if totals.small:
            totals.add_counts(np.bincount(cell, minlength=totals.cells + 1))
        elif not totals.compiled:
            np.add.at(totals.counts, cell, self.ones[: len(cell)])
        elif not self._counted_in_bytes(cell):
            part = self._gathered(self.ones[: len(cell)], cell)
            with totals.lock:
                totals.add_counts(part)

    def _counted_in_bytes(self, cell: AnyArray) -> bool:
        """Count the rows of each cell in a byte and add them up, or return False where a cell has more than it holds.

        What a byte loses is a multiple of 256, so that nothing was lost where all rows are found again. Rows that are not
        wanted lie behind the table and are counted apart.
        """
        if self.ones.dtype != np.uint8:
            return False
        part = self._gathered(self.ones[: len(cell)], cell)
        outside = int(np.count_nonzero(cell == self.totals.cells))
        if int(part[:-1].sum(dtype=np.int64)) + outside == len(cell):
            with self.totals.lock:
                self.totals.add_counts(part)
            return True
        self._count_with(self.totals.kind, len(self.ones))
        return False

    def add(self, at: int, cell: AnyArray, values: AnyArray) -> None:
        """Add one value of each row to the sum of a column."""
        total = self.totals.sums[at]
        if len(total) == 1:
            self._add(total[0], cell, values)
        else:  # two halves, where one table could overflow
            self._add(total[1], cell, values & 0xFFFFFFFF)
            self._add(total[0], cell, values >> 32)

    def add_products(self, at: int, cell: AnyArray, values: AnyArray, times: AnyArray) -> None:
        """Add products that could leave int64 to the sum of a column, in digits."""
        with self.totals.lock:
            add_products(self.totals.sums[at], cell, limbs18(values), limbs18(times))

    def _add(self, table: IntArray, cell: AnyArray, values: AnyArray) -> None:
        """Add values to their cells."""
        if not self.totals.compiled:
            np.add.at(table, cell, values)
            return
        part = self._gathered(values, cell)
        with self.totals.lock:
            table += part

    def _gathered(self, values: AnyArray, cell: AnyArray) -> AnyArray:
        """Return the sums of values by cell, in their own type: a sparse matrix of one row, written out.

        The row is put into a matrix that is there already: making one copies what is a part of a larger array.
        """
        part = self._part(values.dtype)
        row = self._row(part)
        row.data, row.indices = values, cell
        row.indptr = np.array([0, len(cell)], dtype=cell.dtype)
        row.toarray(out=part)
        found: AnyArray = part[0]
        return found

    def _row(self, part: AnyArray) -> Any:
        """Return an empty matrix of one row."""
        from scipy.sparse import csr_array

        if part.dtype not in self.rows:
            self.rows[part.dtype] = csr_array(part.shape, dtype=part.dtype)
        return self.rows[part.dtype]
