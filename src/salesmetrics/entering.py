"""When deals came in: created, or at a stage for the first time, and what they were worth then."""

from __future__ import annotations

import attrs
import numpy as np

from salesmetrics import _check
from salesmetrics._check import locked
from salesmetrics.arrays import IntArray
from salesmetrics.books.deals import DealBook
from salesmetrics.books.history import DealHistory
from salesmetrics.columns import DayColumn, MoneyColumn
from salesmetrics.errors import InvalidArgumentError, nearest, show
from salesmetrics.trails import Trails, trails

__all__ = ["AMOUNTS", "entered"]

AMOUNTS = ("as_of", "at_entry")


def entered(
    deals: DealBook, history: DealHistory | None, at: object, amount: str, where: object, as_of: int | None
) -> DealBook:
    """Return the deals that came in, with the day and, where asked for, the amount of that day as ``created`` and ``amount``.

    ``at`` is "created", or an open stage: a deal came in with its first change to that stage or one behind it, or to won.
    """
    _check.one_of(amount, AMOUNTS, "amount")
    mask = deals.mask(where)
    if history is None:
        asked = f"amount {show(amount)}" if at == "created" else f"at {show(at)}"
        raise InvalidArgumentError(
            f"`history` must be given with {asked}; got None.",
            code="SM-CRE-01",
            field="history",
            hint="sm.read_history(frame) makes one of a frame, a mapping or a CSV file with deal, date and stage.",
        )
    paths = trails(deals, history, as_of=None if as_of is None else _check.date_of(as_of))
    first = paths.starts[:-1] if at == "created" else _first_reached(paths, at)
    came = np.flatnonzero(first >= 0)
    rows, change = paths.rows_of(came), first[came]
    if mask is not None:
        kept = np.flatnonzero(mask[rows])
        rows, change = rows[kept], change[kept]
    order = np.argsort(rows, kind="stable")
    rows, change = rows[order], change[order]
    book = deals.take(rows)
    columns = dict(book.columns)
    if at != "created":
        columns["created"] = DayColumn(paths.day.take(change))
    if amount == "at_entry":
        known = None if paths.known is None else paths.known.take(change)
        columns["amount"] = MoneyColumn(
            paths.minor.take(change), None if known is None or known.all() else locked(known), deals.scale
        )
    return attrs.evolve(book, columns=columns)


def _first_reached(paths: Trails, stage: object) -> IntArray:
    """Return the first change of each trail to a stage or one behind it, -1 where it never came that far."""
    own = [level for level, rank in zip(paths.levels, paths.rank.tolist(), strict=True) if rank >= 0]
    if stage not in own:
        raise InvalidArgumentError(
            f"`at` must be 'created' or a stage of the process; got {show(stage)}.",
            code="SM-CRE-02",
            field="at",
            values=[stage],
            hint=nearest(stage, ["created", *own]),
        )
    rank = np.append(paths.rank, -1)  # a stage that is not known is code -1
    far = np.flatnonzero((rank >= rank[paths.levels.index(stage)])[paths.stage])
    first = np.full(len(paths), -1, dtype=np.int64)
    owner = paths.owner.take(far)
    begins = np.flatnonzero(np.concatenate(([True], owner[1:] != owner[:-1]))) if len(far) else far
    first[owner[begins]] = far[begins]
    return first
