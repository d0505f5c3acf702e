"""Quotas: amounts in force, by group, rep, length of the quota and period."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Self

import attrs
import numpy as np

from salesmetrics._kernels import packed_cells
from salesmetrics.arrays import IntArray
from salesmetrics.books.quotas import QuotaBook, Segments
from salesmetrics.books.reps import RepBook
from salesmetrics.columns import LabelColumn
from salesmetrics.errors import InvalidDataError
from salesmetrics.grouping import Window, group, window_of
from salesmetrics.labels import Labels, Levels, distinct_rows, rows_of_cells
from salesmetrics.tally import Tally, added

__all__ = ["SPAN", "QuotaTally"]

SPAN = "days of the quota"


@attrs.frozen(eq=False)
class QuotaTally(Tally):
    """Amount in force times days, by rep, period and length of the quota in days.

    A quota of ``a`` for ``s`` days gives ``a * d`` to a period that covers ``d`` of its days; the quota of the period is the
    sum over lengths of ``amount_days / s``. Whole numbers throughout, so adjacent periods add up and parts merge exactly.
    """

    what: ClassVar[str] = "quotas"

    by: tuple[str, ...]
    currency: str | None
    scale: int
    amount_days: IntArray = added()
    days: IntArray = added()

    @classmethod
    def from_book(
        cls,
        quotas: QuotaBook,
        *,
        by: str | tuple[str, ...] | list[str] | None = None,
        period: object = None,
        where: Mapping[str, object] | None = None,
        reps: RepBook | None = None,
    ) -> Self:
        """Return the tally of a book of quotas, those of reps only; numbers stated for a team stay out."""
        names = (by,) if isinstance(by, str) else tuple(by or ())
        window = window_of(period)
        owner: LabelColumn = quotas.column("rep", "quotas rep by rep")
        grain = names if "rep" in names else (*names, "rep")
        grouping = group(_lendable(quotas, owner, reps), grain, where, reps, purpose="`by`")
        rows, cells = packed_cells(quotas.rows, grouping.axes, keep=grouping.keep)
        place = np.full(quotas.rows, -1, dtype=np.int64)
        place[rows] = cells
        place[owner.codes < 0] = -1
        segments = quotas.segments()
        at, position, overlap = _overlaps(segments, window)
        kept = np.flatnonzero(place[segments.row[at]] >= 0)
        at, position, overlap = at[kept], position[kept], overlap[kept]
        groups = rows_of_cells(grouping.levels, place[segments.row[at]])
        span = (segments.quota_end - segments.quota_start)[at]
        labels, row = _with_span(groups, span)
        shape = (len(labels), window.size)
        _check_size(segments.minor[at], overlap)
        amount_days, days = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
        np.add.at(amount_days, (row, position), segments.minor[at] * overlap)
        np.add.at(days, (row, position), overlap)
        return cls(
            labels=labels,
            window=window,
            by=names,
            currency=quotas.currency,
            scale=quotas.scale,
            amount_days=amount_days,
            days=days,
        )


def _lendable(quotas: QuotaBook, owner: LabelColumn, reps: RepBook | None) -> QuotaBook:
    """Return the book without a ``team`` column that is empty beside every rep, where reps lend their teams.

    Such a column says only for which team a number is stated.
    """
    team = quotas.columns.get("team")
    if reps is None or "team" not in reps.lendable or not isinstance(team, LabelColumn):
        return quotas
    if (team.codes[owner.codes >= 0] >= 0).any():
        return quotas
    return attrs.evolve(quotas, columns={name: column for name, column in quotas.columns.items() if name != "team"})


def _overlaps(segments: Segments, window: Window) -> tuple[IntArray, IntArray, IntArray]:
    """Return the pairs of a segment and a period that share days: positions of both, and how many days."""
    if window.periods is None:
        everything = np.arange(len(segments.row))
        return everything, np.zeros_like(everything), segments.until - segments.start
    starts, ends = window.periods.starts.astype(np.int64), window.periods.ends.astype(np.int64)
    first = np.searchsorted(ends, segments.start, side="right")
    last = np.searchsorted(starts, segments.until, side="left")
    times = np.maximum(last - first, 0)
    at = np.repeat(np.arange(len(times)), times)
    position = np.arange(len(at)) - np.repeat(np.cumsum(times) - times, times) + np.repeat(first, times)
    overlap = np.minimum(segments.until[at], ends[position]) - np.maximum(segments.start[at], starts[position])
    shared = np.flatnonzero(overlap > 0)
    return at[shared], position[shared], overlap[shared]


def _with_span(groups: Labels, span: IntArray) -> tuple[Labels, IntArray]:
    """Return the distinct rows of groups and quota lengths, and the row of each pair."""
    lengths, code = np.unique(span, return_inverse=True)
    levels = (*groups.levels, Levels(SPAN, tuple(lengths.tolist())))
    codes = np.column_stack([groups.codes, code.reshape(-1)]).astype(np.int64)
    rows, row = distinct_rows(codes, [len(level.values) + 1 for level in levels])
    return Labels(levels, rows), row


def _check_size(minor: IntArray, overlap: IntArray) -> None:
    """Raise where amounts times days could leave int64."""
    if len(minor) and int(np.abs(minor).max()) * int(overlap.max()) * len(minor) > 2**63 - 1:
        exact = sum(int(a) * int(d) for a, d in zip(minor.tolist(), overlap.tolist(), strict=True))
        if exact > 2**63 - 1:
            raise InvalidDataError(
                "the sum of quota amounts times days must stay within int64 minor units; got more.",
                code="SM-QTA-09",
                field="amount",
                hint="a smaller scale, or quotas for shorter periods.",
            )
