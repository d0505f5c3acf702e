"""Cohorts followed by age: the tally that was given or asked for, and what became of its deals."""

from __future__ import annotations

import attrs
import numpy as np

from salesmetrics._check import locked
from salesmetrics.arrays import IntArray
from salesmetrics.asking import deal_book
from salesmetrics.books import DealBook, RepBook
from salesmetrics.errors import MergeError, show
from salesmetrics.scans import DealScan
from salesmetrics.tallies import DurationTally
from salesmetrics.tally import refuse_grouping

__all__ = ["CLOSED", "Followed", "cohort", "followed"]

By = str | tuple[str, ...] | list[str] | None
CLOSED = ("won", "lost", "no_decision")


def cohort(
    deals: DealBook | DealScan | DurationTally,
    by: By,
    period: object,
    where: object,
    reps: RepBook | None,
    as_of: object,
    entry: object,
    weight: str | None,
    negative: str | None,
) -> DurationTally:
    """Return the tally of a cohort, or the one that was given."""
    if not isinstance(deals, DurationTally):
        return DurationTally.from_book(
            deal_book(deals),
            by=by,
            period=period,
            where=where,
            reps=reps,
            as_of=as_of,
            basis="created",
            entry=entry,
            weight=weight or "count",
            negative=negative or "raise",
        )
    given = {"by": by, "period": period, "where": where, "reps": reps, "as_of": as_of}
    refuse_grouping(deals, given | {"entry": entry, "weight": weight, "negative": negative})
    if deals.basis != "created":
        raise MergeError(
            f"the tally must have basis 'created' for a curve; got {show(deals.basis)}.",
            code="SM-TLY-11",
            field="basis",
            values=[deals.basis],
            hint="DurationTally.from_book(deals, basis='created') keeps the open deals.",
        )
    return deals


@attrs.frozen(eq=False)
class Followed:
    """Ends by row, cause and age, who was last seen without one, and who came under observation late."""

    events: IntArray
    censored: IntArray
    entered: IntArray | None


def followed(
    tally: DurationTally, causes: tuple[str, ...], *, together: bool = False, counts: bool = False
) -> Followed:
    """Return what became of the deals of each row by age, in deals or in money; other ends count as censored."""
    ends = tally.places(causes)
    others = [place for place in tally.places(("open", *CLOSED)) if place not in ends]
    width = 1 if together else len(ends)
    events = np.zeros((tally.rows, width, tally.days), dtype=np.int64)
    censored = np.zeros((tally.rows, tally.days), dtype=np.int64)
    for rows, counted in tally.blocks():
        block = counted if counts or tally.weight == "count" else tally.sums(rows)
        for at, place in enumerate(ends):
            events[rows, 0 if together else at] += block[:, place]
        for place in others:
            censored[rows] += block[:, place]
    entered = None if tally.entry is None or counts else tally.entered(slice(0, tally.rows))
    return Followed(locked(events), locked(censored), entered)
