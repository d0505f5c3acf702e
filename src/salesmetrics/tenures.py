"""Reps by how long they have been there: the tally of their tenures, their groups, and who of them is used."""

from __future__ import annotations

import attrs
import numpy as np

from salesmetrics import _check
from salesmetrics.arrays import BoolArray, IntArray
from salesmetrics.asking import deal_book, quota_book, rep_book
from salesmetrics.books import DealBook, DealHistory, QuotaBook, RepBook, SplitBook
from salesmetrics.credit import Credit
from salesmetrics.errors import InvalidArgumentError
from salesmetrics.labels import Labels
from salesmetrics.scans import DealScan
from salesmetrics.tallies import TenureTally
from salesmetrics.tally import refuse_grouping

__all__ = ["People", "observed", "people_of", "quota_owed", "tenure_tally"]

By = str | tuple[str, ...] | list[str] | None


@attrs.frozen(eq=False)
class People:
    """The groups of the reps: which row each belongs to, who exists on the day, who is used, and how many are not."""

    labels: Labels
    row: IntArray
    exists: BoolArray
    used: BoolArray
    left_out: dict[str, int]


def tenure_tally(
    deals: DealBook | DealScan | TenureTally,
    reps: RepBook | None,
    quotas: QuotaBook | None,
    by: By,
    where: object,
    as_of: object,
    since: object,
    ramp_from: str | None,
    splits: SplitBook | None,
    history: DealHistory | None,
    of: str | None = None,
) -> TenureTally:
    """Return the tally of books, or the one that was given."""
    if isinstance(deals, TenureTally):
        given = {"reps": reps, "quotas": quotas, "by": by, "where": where, "as_of": as_of, "since": since}
        refuse_grouping(deals, given | {"ramp_from": ramp_from, "splits": splits, "history": history, "of": of})
        return deals
    return TenureTally.from_book(
        deal_book(deals),
        rep_book(reps),
        None if quotas is None else quota_book(quotas),
        by=by,
        where=where,
        as_of=as_of,
        since=since,
        ramp_from=ramp_from or "role_start",
        of=of or "full_quota",
        splits=splits,
        history=history,
        how=Credit(),
    )


def quota_owed(tally: TenureTally) -> str:
    """Return which quota the tally holds, or raise where it was made without quotas."""
    if tally.of is not None:
        return tally.of
    raise InvalidArgumentError(
        "`quotas` must be given where tenures are held to a quota; got None.",
        code="SM-ARG-52",
        field="quotas",
        hint="ramp_time(deals, quotas, reps, ...), or TenureTally.from_book(deals, reps, quotas, ...).",
    )


def people_of(tally: TenureTally, early: str) -> People:
    """Return the groups of the reps who exist on the day, and who of them is left out."""
    _check.one_of(early, ("exclude", "truncate"), "early")
    exists = tally.start <= tally.as_of_day
    undated = exists & (tally.start < 0)
    late = exists & ~undated & (tally.since_day > tally.start)
    if early == "truncate":
        late &= tally.until <= tally.since_day
    labels, place = tally.labels.take(np.flatnonzero(exists)).onto(tally.by)
    row = np.zeros(len(exists), dtype=np.int64)
    row[exists] = place
    counts = {"started before the data": int(late.sum()), "no start day": int(undated.sum())}
    counts |= dict(zip(tally.causes, tally.left_out.tolist(), strict=True))
    return People(labels, row, exists, exists & ~undated & ~late, counts)


def observed(tally: TenureTally) -> str:
    """Return the days that were observed, in words."""
    return f"observed from {_check.date_of(tally.since_day)} to {_check.date_of(tally.as_of_day)}"
