"""Ids over all parts: none may occur twice, which a hash for each deal finds out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from salesmetrics.arrays import AnyArray, IntArray
from salesmetrics.columns import KeyColumn

__all__ = ["hashes_of", "twice"]

_ODD = np.uint64(0x9E3779B97F4A7C15)
_MIX = np.uint64(0xBF58476D1CE4E5B9)
_AT_ONCE = 1 << 16


def hashes_of(ids: KeyColumn) -> AnyArray:
    """Return 64 bits for each id: whole numbers are their own, texts are mixed eight bytes at a time.

    Equal ids have equal hashes; that different ones have too happens once in 3,000 books of a hundred million texts, and is
    found out by looking at the ids.
    """
    values = ids._held
    if values.dtype.kind in "iu":
        return values.astype(np.int64).view(np.uint64)
    out = np.empty(len(values), dtype=np.uint64)
    for start in range(0, len(values), _AT_ONCE):
        block = values[start : start + _AT_ONCE]
        if block.dtype.kind != "S":
            block = np.array([text.encode("utf-8", "surrogatepass") for text in block.tolist()], dtype="S")
        out[start : start + len(block)] = _mixed(block)
    return out


def _mixed(texts: AnyArray) -> AnyArray:
    """Return the hashes of texts in bytes; what fills a text up to the width of its block does not count."""
    words = -(-texts.dtype.itemsize // 8)
    padded = texts.astype(f"S{words * 8}").view(np.uint64).reshape(len(texts), words)
    total = np.zeros(len(texts), dtype=np.uint64)
    with np.errstate(over="ignore"):
        for at in range(words):
            word = padded[:, at]
            mixed = (total ^ word) * _ODD
            mixed ^= mixed >> np.uint64(29)
            mixed *= _MIX
            mixed ^= mixed >> np.uint64(32)
            # a word of nothing is behind the end of the text
            np.copyto(total, mixed, where=word != 0)
    return total


def twice(hashes: Sequence[AnyArray]) -> AnyArray:
    """Return the hashes that occur more than once, sorted; the arrays are one after another given up."""
    everything = np.concatenate([np.zeros(0, dtype=np.uint64), *hashes])
    everything.sort()
    again = everything[1:][everything[1:] == everything[:-1]]
    return np.unique(again)


def suspects(ids: KeyColumn, wanted: AnyArray) -> Iterator[tuple[Any, int]]:
    """Yield the ids whose hash is one of some, each with its row."""
    own = hashes_of(ids)
    at = np.searchsorted(wanted, own)
    rows: IntArray = np.flatnonzero(wanted[np.minimum(at, len(wanted) - 1)] == own)
    for row, value in zip(rows.tolist(), ids.take(rows).user().tolist(), strict=True):
        yield value, row
