"""The lines of a walk under the labels of their deals, added up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs
import numpy as np

from salesmetrics._kernels import Addend, Axis, Range, packed_cells
from salesmetrics.arrays import AnyArray, IntArray
from salesmetrics.books.deals import OPEN, DealBook
from salesmetrics.books.reps import RepBook
from salesmetrics.bridging import BUCKETS, PLACE, Lines
from salesmetrics.columns import Column, DayColumn, LabelColumn
from salesmetrics.grouping import group
from salesmetrics.labels import Labels
from salesmetrics.states import Standing

__all__ = ["LabelledLines", "added_up", "following", "labelled"]


@attrs.frozen(eq=False)
class LabelledLines:
    """Lines under the labels that they are grouped by, with the day of each one's side where reps lend some.

    ``pairs`` marks those of deals that may have gone from one group to another.
    """

    columns: Mapping[str, LabelColumn]
    days: AnyArray | None
    bucket: AnyArray
    value: IntArray
    pairs: bool


def following(by: Sequence[str], deals: DealBook) -> tuple[str, ...]:
    """Return which of rep and stage the groups go by: labels that reps lend go by the rep."""
    lent = any(name not in deals.label_names for name in by)
    return (*(("rep",) if lent or "rep" in by else ()), *(("stage",) if "stage" in by else ()))


def labelled(
    by: Sequence[str],
    deals: DealBook,
    reps: RepBook | None,
    span: tuple[int, int],
    rows: IntArray,
    before: Standing,
    after: Standing,
    found: Lines,
    *,
    pairs: bool,
) -> LabelledLines:
    """Return lines under their labels; ``rows`` are those of the deal book that tell what stands still."""
    columns = {name: _label(name, deals, rows, before, after, found) for name in _wanted(by, deals, reps)}
    days = None
    if reps is not None:
        # a deal that closed counts for the team that its rep was in on that day
        last = np.where(after.outcome > OPEN, after.closed, span[1]).take(found.place)
        days = np.where(found.owner == 0, span[0], last).astype(np.int32)
    return LabelledLines(columns, days, found.bucket, found.value, pairs)


def _wanted(by: Sequence[str], deals: DealBook, reps: RepBook | None) -> list[str]:
    """Return the labels of deals that the groups are made of."""
    names = dict.fromkeys((*by, *(() if reps is None else ("rep",))))
    return [name for name in names if name in deals.label_names]


def _label(name: str, deals: DealBook, rows: IntArray, before: Standing, after: Standing, found: Lines) -> LabelColumn:
    """Return the label of every line: that of its side, or the deal's own where it stands still."""
    if name not in ("rep", "stage") or name not in before.labels:
        own: LabelColumn = deals.columns[name]  # type: ignore[assignment]
        return own.take(rows.take(found.place))
    old, new = before.labels[name], after.labels[name]
    side = found.owner if name == "rep" else found.stage
    codes = np.where(side == 0, old.codes.take(found.place), new.codes.take(found.place))
    return LabelColumn(codes, old.levels, old.ordered)


def added_up(
    by: Sequence[str], deals: DealBook, parts: Sequence[LabelledLines], reps: RepBook | None
) -> tuple[Labels, IntArray, IntArray]:
    """Return labels, and tables of money and deals by group and bucket, of all lines."""
    size = sum(len(part.bucket) for part in parts)
    columns: dict[str, Column] = {}
    for name in _wanted(by, deals, reps):
        held = [part.columns[name] for part in parts]
        own: LabelColumn = held[0] if held else deals.columns[name]  # type: ignore[assignment]
        columns[name] = attrs.evolve(own, codes=np.concatenate([own.codes[:0], *(each.codes for each in held)]))
    if reps is not None and parts:
        # the day whose structure counts, where reps change teams
        columns["closed"] = DayColumn(np.concatenate([part.days for part in parts if part.days is not None]))
    grouping = group(attrs.evolve(deals, columns=columns, rows=size), by, None, reps)
    if not parts:
        nothing = np.zeros((0 if by else 1, len(BUCKETS)), dtype=np.int64)
        return grouping.labels(np.zeros(0, dtype=np.int64)), nothing, nothing
    bucket, value = (np.concatenate([getattr(part, name) for part in parts]) for name in ("bucket", "value"))
    keep: tuple[Range, ...] = ()
    if any(part.pairs for part in parts):
        _, cells = packed_cells(size, grouping.axes)
        wanted = np.ones(size, dtype=np.uint8)
        start = 0
        for part in parts:
            end = start + len(part.bucket)
            if part.pairs:
                _settle(cells[start:end], bucket[start:end], wanted[start:end])
            start = end
        keep = (Range(wanted, 1, None),)
    largest = max(int(value.max(initial=0)), -int(value.min(initial=0)))
    count, (amount,) = grouping.tabulate((Axis(bucket, len(BUCKETS)),), keep, [Addend(value, largest)])
    present = grouping.present(count)
    return grouping.labels(present), amount[present], count[present]


def _settle(cells: IntArray, bucket: AnyArray, keep: AnyArray) -> None:
    """Leave out pairs that stay in one group, and call those moves of stage that the owner's change does not make."""
    out, into, probe = np.split(cells, 3)
    moved = out != into
    staged = np.flatnonzero(moved & (probe == out))
    third = len(out)
    keep[:third] = keep[third : 2 * third] = moved
    keep[2 * third :] = 0
    bucket[staged], bucket[third + staged] = PLACE["stage_out"], PLACE["stage_in"]
