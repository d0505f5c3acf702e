"""Quotas over their days: stretches on which one amount counts the same each day."""

from __future__ import annotations

import attrs
import numpy as np

from salesmetrics.arrays import AnyArray, IntArray
from salesmetrics.books.quotas import Segments
from salesmetrics.columns import PPM
from salesmetrics.labels import distinct_rows
from salesmetrics.staffing import Spans, Spread, overlaps, pieces

__all__ = ["Stretches", "cut_to", "stretches_of"]

_DAYS = 1 << 20


@attrs.frozen(eq=False)
class Stretches:
    """Days on which a quota row carries one daily amount: minor x weight x share / divisor."""

    row: IntArray
    start: IntArray
    end: IntArray
    minor: IntArray
    weight: IntArray
    share: IntArray
    divisor: IntArray

    def take(self, rows: AnyArray) -> Stretches:
        """Return some of them."""
        return Stretches(*(getattr(self, field.name)[rows] for field in attrs.fields(Stretches)))


def stretches_of(segments: Segments, spread: Spread) -> Stretches:
    """Return the stretches of every quota row by how its amount spreads over its days."""
    whole = np.full(len(segments.row), PPM, dtype=np.int64)
    divisor = segments.quota_end - segments.quota_start
    if spread.plain:
        return Stretches(segments.row, segments.start, segments.until, segments.minor, whole, whole, divisor)
    bounds, which = distinct_rows(np.column_stack([segments.quota_start, segments.quota_end]), [_DAYS, _DAYS])
    parts = []
    for at, (first, last) in enumerate(bounds.tolist()):
        mine = np.flatnonzero(which == at)
        for begin, stop, weight, below in pieces(first, last, spread):
            start = np.maximum(segments.start[mine], begin)
            end = np.minimum(segments.until[mine], stop)
            used = np.flatnonzero(end > start)
            chosen = mine[used]
            weights, shares, divisors = (np.full(len(used), value, dtype=np.int64) for value in (weight, PPM, below))
            parts.append(
                Stretches(
                    segments.row[chosen], start[used], end[used], segments.minor[chosen], weights, shares, divisors
                )
            )
    return _in_one(parts)


def _in_one(parts: list[Stretches]) -> Stretches:
    """Return several lots of stretches as one."""
    nothing = np.zeros(0, dtype=np.int64)
    names = [field.name for field in attrs.fields(Stretches)]
    return Stretches(*(np.concatenate([nothing, *(getattr(part, name) for part in parts)]) for name in names))


def cut_to(stretches: Stretches, owner: IntArray, spans: Spans) -> tuple[Stretches, IntArray]:
    """Return the stretches cut to the days on which their rep was there, with the share carried on them, and their origin."""
    left, right = overlaps(owner, stretches.start, stretches.end, spans)
    cut = stretches.take(left)
    start, end = np.maximum(cut.start, spans.start[right]), np.minimum(cut.end, spans.end[right])
    return attrs.evolve(cut, start=start, end=end, share=spans.value[right]), left
