"""Rows of text: labels, numbers and what stands in for a number, for the tables of a review."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs
import numpy as np

from salesmetrics.results import MetricRow, MetricTable
from salesmetrics.reviewing.wording import label

if TYPE_CHECKING:
    from salesmetrics.reviewing.reviews import Review

__all__ = [
    *(
        "MOST_GROUPS",
        "WHOLE",
        "Grid",
        "Line",
        "both_ends",
        "counted",
        "decimal",
        "each",
        "grouped",
        "heading",
        "interval",
    ),
    *("named", "row_of", "rows_of", "value"),
]

MOST_GROUPS = 12
WHOLE = ("the whole",)
"""What the whole is kept under, beside groups that may bear any label: a name of one part is no label of a row."""
Line: TypeAlias = Sequence[str]


@attrs.frozen
class Grid:
    """Rows of text under a header; the first column begins at the left, the others end at the right."""

    caption: str
    head: Line
    body: Sequence[Line]


def grouped(review: Review, name: str) -> dict[Any, MetricRow]:
    """Return the rows of a table by group, at most twelve (those with the most rows behind them), then the whole."""
    found: dict[Any, MetricRow] = {}
    table = review.tables.get(f"{name}_by_group")
    if table is not None:
        found = dict(each(table if len(table) <= MOST_GROUPS else table.sort("n").take(np.arange(MOST_GROUPS))))
    whole = row_of(review, name)
    return found if whole is None else found | {WHOLE: whole}


def named(group: Any) -> str:
    """Return the name of a group, or of the whole."""
    return "all" if group is WHOLE else label(group)


def each(table: MetricTable) -> Iterator[tuple[Any, MetricRow]]:
    """Yield the rows of a table, each with its label."""
    for at, name in enumerate(table.labels):
        yield name, table.take(np.array([at]))[name]


def both_ends(table: MetricTable, most: int) -> Iterator[tuple[Any, MetricRow] | int]:
    """Yield the rows of a table whose value is defined, largest first; of many, those at both ends and how many are between."""
    known = table.take(np.flatnonzero(~table.undefined)).sort()
    between = len(known) - 2 * most
    if between <= 1:
        yield from each(known)
        return
    yield from each(known.take(np.arange(most)))
    yield between
    yield from each(known.take(np.arange(len(known) - most, len(known))))


def value(row: MetricRow | None, written: Callable[..., str]) -> str:
    """Return a value, or why there is none."""
    return "-" if row is None else written(row.value, row.reason)


def interval(row: MetricRow | None, written: Callable[..., str]) -> tuple[str, str]:
    """Return the ends of an interval; an end that is not reached, or not given, is a dash."""
    return ("-", "-") if row is None or not row.n else (written(row.low), written(row.high))


def counted(row: MetricRow | None) -> str:
    return "-" if row is None else f"{row.n:,}"


def heading(review: Review) -> str:
    """Return the heading of the groups."""
    return " / ".join(label(name) for name in review.by)


def row_of(review: Review, name: str, at: Any = "all") -> MetricRow | None:
    """Return a row of a table, None where there is no such table."""
    table = review.tables.get(name)
    return None if table is None or at not in list(table.labels) else table[at]


def rows_of(table: MetricTable | None) -> dict[Any, MetricRow]:
    return {} if table is None else dict(each(table))


def decimal(row: MetricRow | None) -> str:
    return "-" if row is None or np.isnan(row.value) else f"{row.value:.2f}"
