"""Neighbouring rows in one pass: which code follows which, and after how long; in blocks, on threads where that pays."""

from __future__ import annotations

from functools import partial

import numpy as np

from salesmetrics._threads import in_order
from salesmetrics.arrays import AnyArray, IntArray

__all__ = ["code_counts", "code_gaps", "code_pairs", "steps"]

_BLOCK = 1 << 17


def code_counts(upper: AnyArray, lower: AnyArray, width: int, uppers: int) -> IntArray:
    """Return how many rows have which code: a line for each ``upper``, a column for each ``lower + 1``; both int8."""
    parts = in_order(partial(_counts, upper, lower, width, uppers), len(upper))
    total: IntArray = np.sum(parts, axis=0, dtype=np.int64)
    return total.reshape(uppers, width)


def _counts(upper: AnyArray, lower: AnyArray, width: int, uppers: int, start: int, stop: int) -> IntArray:
    """Return the counts of one part."""
    code = np.empty(_BLOCK + 1, dtype=np.uint8)
    total = np.zeros(uppers * width, dtype=np.int64)
    for at in range(start, stop, _BLOCK):
        _, here = _codes(upper, lower, width, at, min(at + _BLOCK, stop), code)
        total += np.bincount(here, minlength=len(total))
    return total


def steps(lower: AnyArray, width: int, starts: IntArray, place: AnyArray, longest: int) -> tuple[IntArray, IntArray]:
    """Return how often which value follows which after which rise of ``place``, and the rows that turn: all of it at once.

    A row's value is ``lower + 1``, below ``width``, which is 16 at most; none is 0. The table has axes for the value before
    (0 for the first row of a run), the value, and the rise, which is ``longest`` at most. A row turns where its value is not
    above the one before.
    """
    parts = in_order(partial(_steps, lower, width, starts, place, longest), len(lower))
    table = np.sum([found for found, _ in parts], axis=0)
    return table.reshape(-1, width, width).transpose(1, 2, 0), np.concatenate(
        [np.zeros(0, dtype=np.int64), *(turns for _, turns in parts)]
    )


def _steps(
    lower: AnyArray, width: int, starts: IntArray, place: AnyArray, longest: int, start: int, stop: int
) -> tuple[IntArray, IntArray]:
    """Return the steps to the rows of one part, and which of the rows turn."""
    value, low = np.zeros(_BLOCK + 1, dtype=np.uint8), np.empty(_BLOCK, dtype=np.uint8)
    down = np.empty(_BLOCK, dtype=bool)
    turns = [np.zeros(0, dtype=np.int64)]
    counts = _Counts(width * width * (longest + 1))
    for at in range(start, stop, _BLOCK):
        end = min(at + _BLOCK, stop)
        first = 0 if at else 1  # the first row of all has none before it
        begins = _begins(starts, at, end)
        np.add(lower[at - 1 + first : end].view(np.uint8), np.uint8(1), out=value[first : end - at + 1])
        base, here, gap = low[: end - at], value[1 : end - at + 1], counts.cells(end - at)
        np.copyto(base, value[: end - at])
        base[begins] = 0
        flags = down[: end - at]
        np.less_equal(here, base, out=flags)
        turns.append(_set(down, end - at) + at)
        np.multiply(base, np.uint8(width), out=base)
        np.add(base, here, out=base)
        np.subtract(place[at + first : end], place[at + first - 1 : end - 1], out=gap[first:])
        gap[begins] = 0
        np.multiply(gap, np.int32(width * width), out=gap)
        np.add(gap, base, out=gap)
    return counts.table(), np.concatenate(turns)


class _Counts:
    """How often each cell occurs, of cells that come block by block: two blocks are counted at once, as a sparse matrix.

    ``bincount`` takes half as long again, since it makes the cells wider and looks for the largest of them first.
    """

    def __init__(self, size: int) -> None:
        from scipy.sparse import csr_array

        self._total = np.zeros(size, dtype=np.int64)
        self._part = np.empty((1, size), dtype=np.int32)
        self._cells = np.empty(2 * _BLOCK, dtype=np.int32)
        self._ones = np.ones(2 * _BLOCK, dtype=np.int32)
        self._row = csr_array(self._part.shape, dtype=np.int32)
        self._filled = 0

    def cells(self, rows: int) -> AnyArray:
        """Return where the cells of the next rows are to be put."""
        if self._filled + rows > len(self._cells):
            self._count()
        self._filled += rows
        return self._cells[self._filled - rows : self._filled]

    def table(self) -> IntArray:
        """Return the counts of all cells."""
        self._count()
        return self._total

    def _count(self) -> None:
        self._row.data, self._row.indices = self._ones[: self._filled], self._cells[: self._filled]
        self._row.indptr = np.array([0, self._filled], dtype=np.int32)
        self._row.toarray(out=self._part)
        self._total += self._part[0]
        self._filled = 0


def code_pairs(upper: AnyArray, lower: AnyArray, width: int, uppers: int, starts: IntArray) -> IntArray:
    """Return how many rows have which code, by the code of the row before them in their run.

    A row's code is ``upper * width + lower + 1``, with ``upper`` below ``uppers`` and ``lower`` from -1 on, both int8, and
    ``uppers * width`` at most 255. Runs begin at ``starts``, whose last is the number of rows. The first rows of runs stand in
    one more line, the last.
    """
    parts = in_order(partial(_pairs, upper, lower, width, uppers, starts), len(upper))
    total: IntArray = np.sum(parts, axis=0, dtype=np.int64)
    return total


def _pairs(
    upper: AnyArray, lower: AnyArray, width: int, uppers: int, starts: IntArray, start: int, stop: int
) -> IntArray:
    """Return the pairs whose second row lies in one part."""
    codes = uppers * width
    code = np.empty(_BLOCK + 1, dtype=np.uint8)
    cell = np.empty(_BLOCK, dtype=np.uint16)
    total = np.zeros((codes + 1) * codes, dtype=np.int64)
    for at in range(start, stop, _BLOCK):
        end = min(at + _BLOCK, stop)
        begins = _begins(starts, at, end)
        before, here = _codes(upper, lower, width, at, end, code)
        place = cell[: end - at]
        np.copyto(place, before)
        np.multiply(place, np.uint16(codes), out=place)
        np.add(place, here, out=place)
        place[begins] = here.take(begins).astype(np.uint16) + np.uint16(codes * codes)
        total += np.bincount(place, minlength=len(total))
    return total.reshape(codes + 1, codes)


def code_gaps(
    upper: AnyArray, lower: AnyArray, width: int, starts: IntArray, place: AnyArray
) -> tuple[IntArray, IntArray]:
    """Return how often each rise of ``place`` to the next row of a run follows each code, and the rows that turn.

    Codes are as in `code_pairs`. The table has a line for each code below ``width``, those with an ``upper`` of 0, and a
    column for each rise. A row turns where its code is not above that of the row before, or where that had an ``upper``
    above 0 and this one has not.
    """
    parts = in_order(partial(_gaps, upper, lower, width, starts, place), len(upper))
    table = np.zeros((width, max([1, *(found.shape[1] for found, _ in parts)])), dtype=np.int64)
    for found, _ in parts:
        table[:, : found.shape[1]] += found
    return table, np.concatenate([np.zeros(0, dtype=np.int64), *(turns for _, turns in parts)])


def _gaps(
    upper: AnyArray, lower: AnyArray, width: int, starts: IntArray, place: AnyArray, start: int, stop: int
) -> tuple[IntArray, IntArray]:
    """Return the gaps before the rows of one part, and which of the rows turn."""
    code = np.empty(_BLOCK + 1, dtype=np.uint8)
    low = np.empty(_BLOCK, dtype=np.uint8)
    wide, rise = np.empty(_BLOCK, dtype=np.int32), np.zeros(_BLOCK, dtype=np.int32)
    down = np.empty(_BLOCK, dtype=bool)
    turns = [np.zeros(0, dtype=np.int64)]
    total = np.zeros(0, dtype=np.int64)
    for at in range(start, stop, _BLOCK):
        end = min(at + _BLOCK, stop)
        begins = _begins(starts, at, end)
        before, here = _codes(upper, lower, width, at, end, code)
        base, cell, gap = low[: end - at], wide[: end - at], rise[: end - at]
        np.copyto(base, before)
        base[begins] = 0  # as after a code that is not known: no wait, and no turn
        flags = down[: end - at]
        np.less_equal(here, base, out=flags)
        turns.append(_set(down, end - at) + at)
        np.less(base, np.uint8(width), out=flags)
        np.multiply(base, flags.view(np.uint8), out=base)
        first = 0 if at else 1
        np.subtract(place[at + first : end], place[at + first - 1 : end - 1], out=gap[first:])
        gap[begins] = 0
        np.copyto(cell, base)
        np.multiply(gap, np.int32(width), out=gap)
        np.add(cell, gap, out=cell)
        counts = np.bincount(cell, minlength=len(total))
        counts[: len(total)] += total
        total = counts
    padded = np.zeros(-(-len(total) // width) * width, dtype=np.int64)
    padded[: len(total)] = total
    return padded.reshape(-1, width).T, np.concatenate(turns)


def _set(flags: AnyArray, rows: int) -> IntArray:
    """Return which of the first rows are flagged, looking eight at a time where few are; those behind are cleared."""
    flags[rows:] = False
    eights = np.flatnonzero(flags.view(np.uint64))
    at, inside = np.nonzero(flags.reshape(-1, 8)[eights])
    return eights.take(at) * 8 + inside


def _begins(starts: IntArray, at: int, end: int) -> IntArray:
    """Return where runs begin in a block."""
    first, last = np.searchsorted(starts, [at, end])
    return starts[first:last] - at


def _codes(
    upper: AnyArray, lower: AnyArray, width: int, at: int, end: int, code: AnyArray
) -> tuple[AnyArray, AnyArray]:
    """Return the codes of the rows before those of a block, and of its own."""
    own = code[: end - at + 1]
    first = 0 if at else 1
    block = own[first:]
    np.multiply(upper[at - 1 + first : end].view(np.uint8), np.uint8(width), out=block)
    np.add(block, lower[at - 1 + first : end].view(np.uint8), out=block)
    np.add(block, np.uint8(1), out=block)
    own[:first] = 0
    return own[:-1], own[1:]
