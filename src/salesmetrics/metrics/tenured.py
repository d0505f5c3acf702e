"""How productive is a rep after so many months, and how many full reps is this team?"""

from __future__ import annotations

from typing import Literal

import numpy as np

from salesmetrics import _check, formulas
from salesmetrics.answers import blanked, reasons, words
from salesmetrics.arrays import AnyArray, FloatArray, Where
from salesmetrics.asking import rep_book
from salesmetrics.books import DealBook, DealHistory, QuotaBook, RepBook, SplitBook
from salesmetrics.calendars import DayLike
from salesmetrics.columns import PPM
from salesmetrics.grouping import group
from salesmetrics.keywords import names_keywords
from salesmetrics.labels import Levels
from salesmetrics.results import MetricTable
from salesmetrics.scans import DealScan
from salesmetrics.staffing import labelled, shares_of
from salesmetrics.tallies import TenureTally
from salesmetrics.tenures import People, observed, people_of, quota_owed, tenure_tally

__all__ = ["ramp_curve", "ramped_equivalents"]

By = str | tuple[str, ...] | list[str] | None
Ends = tuple[FloatArray | None, FloatArray | None]


@names_keywords
def ramp_curve(
    deals: DealBook | DealScan | TenureTally,
    quotas: QuotaBook | None = None,
    reps: RepBook | None = None,
    /,
    *,
    by: By = None,
    where: Where | None = None,
    as_of: DayLike | None = None,
    since: DayLike | None = None,
    of: Literal["full_quota", "assigned_quota"] | None = None,
    stat: Literal["pooled", "median"] = "pooled",
    early: Literal["exclude", "truncate"] = "exclude",
    ramp_from: Literal["role_start", "hired"] | None = None,
    splits: SplitBook | None = None,
    history: DealHistory | None = None,
    confidence_level: float | None = 0.95,
) -> MetricTable:
    """Attainment of full quota by month of tenure: how productive is a rep after so many months?

    Parameters
    ----------
    deals, quotas, reps, by, where, as_of, since, of, early, ramp_from, splits, history
        As in `ramp_time`.
    stat : {"pooled", "median"}
        Sum of credit over sum of quota, or the nearest-rank median of the reps.
    confidence_level : float or None, default 0.95
        Level of the interval of a median: two of the reps, whatever the distribution, from six reps on. A quotient of sums
        has none: credit of a month is too skewed for one that covers what it says. None leaves it out.

    Returns
    -------
    MetricTable
        Unit ``fraction``, a row for each group and ``tenure_month``; ``n`` counts the reps who were there the whole month and
        had a quota, and falls with tenure: those who stay are the survivors. Nobody there: NaN ``no_rows``. Parts:
        ``booked``, ``quota``.

    Examples
    --------
    >>> import salesmetrics as sm
    >>> company = sm.datasets.sample_company(deals=2_000, rng=7)
    >>> curve = sm.ramp_curve(company.deals, company.quotas, company.reps)
    >>> curve.labels.names, bool(curve[1].value < curve[12].value)
    (('tenure_month',), True)
    """
    _check.one_of(stat, ("pooled", "median"), "stat")
    level = _check.level(confidence_level)
    tally = tenure_tally(deals, reps, quotas, by, where, as_of, since, ramp_from, splits, history, of)
    owed, people = quota_owed(tally), people_of(tally, early)
    edges, seen = tally.edges, np.maximum(tally.start, tally.since_day)
    there = (
        people.used[:, None] & (edges[:, :-1] >= seen[:, None]) & (edges[:, 1:] <= tally.until[:, None]) & ~tally.away
    )
    paid = there & (tally.covered > 0) & (tally.quota > 0)
    last = int(np.flatnonzero(there.any(axis=0)).max(initial=-1)) + 1
    size = len(people.labels)

    def added(table: AnyArray) -> AnyArray:
        out = np.zeros((size, last), dtype=table.dtype)
        np.add.at(out, people.row[people.exists], table[people.exists, :last])
        return out.reshape(-1)

    booked, quota, n, here = (
        added(table) for table in (tally.amount * paid, tally.quota * paid, paid.astype(int), there.astype(int))
    )
    ends: Ends = (None, None)
    with np.errstate(all="ignore"):
        value = np.where(quota > 0, booked / quota, np.nan)
        if stat == "median":
            rate = np.where(paid, tally.amount / tally.quota, np.nan)[:, :last]
            value, ends = _medians(rate, people, size, level)
    reason = reasons(len(n), ("no_rows", here == 0), ("no_quota", n == 0))
    unit = np.float64(10**tally.scale)
    months = Levels("tenure_month", tuple(range(1, last + 1)), ordered=True)
    return MetricTable(
        name="ramp_curve",
        unit="fraction",
        labels=people.labels.crossed(months),
        value=blanked(value, reason),
        n=n,
        reason_code=reason,
        low=ends[0],
        high=ends[1],
        parts={"booked": booked / unit, "quota": quota / unit},
        part_units={"booked": "money", "quota": "money"},
        left_out=people.left_out | {"months without a quota": int((here - n).sum())},
        definition=words(f"{stat} credit / {owed.replace('_', ' ')}, whole months of tenure", observed(tally)),
        scale=tally.scale,
        currency=tally.currency,
    )


@names_keywords
def ramped_equivalents(
    reps: RepBook,
    /,
    *,
    on: DayLike,
    by: By = None,
    where: Where | None = None,
    ramp_from: Literal["role_start", "hired"] = "role_start",
) -> MetricTable:
    """Reps on a day, each counted by active share times ramp share: how many full reps is this team?

    Parameters
    ----------
    reps : RepBook
        The reps, with absences and ramp schedules.
    on : date or str
        The day.
    by : str or sequence of str, optional
        Label columns of the reps, or "rep".
    where : array of bool or mapping, optional
        The reps to read.
    ramp_from : {"role_start", "hired"}
        The day from which tenure months count.

    Returns
    -------
    MetricTable
        Unit ``count``; ``n`` counts the reps who are there on the day. Nobody: 0.

    Examples
    --------
    >>> import salesmetrics as sm
    >>> reps = sm.read_reps([sm.Rep("Ana", hired="2024-01-01"), sm.Rep("Ben", hired="2026-01-01", ramp=(0.0, 0.25, 0.5))])
    >>> sm.ramped_equivalents(reps, on="2026-02-15")["all"].value
    1.25
    """
    people, day = rep_book(reps).filter(where), _check.day(on, "on")
    spans = shares_of(people, ramp_from=ramp_from)
    there = np.flatnonzero((spans.start <= day) & (day < spans.end))
    grouping = group(labelled(people), by, None)
    cell = np.zeros(people.rows, dtype=np.int64)
    for axis in grouping.axes:
        codes = np.where(axis.values < 0, axis.size - 1, axis.values).astype(np.int64)
        cell = cell * axis.size + codes
    present, place = np.unique(cell[spans.owner[there]], return_inverse=True)
    if not grouping.levels:
        present, place = np.zeros(1, dtype=np.int64), np.zeros(len(there), dtype=np.int64)
    total, n = np.zeros(len(present), dtype=np.int64), np.zeros(len(present), dtype=np.int64)
    np.add.at(total, place.reshape(-1), spans.value[there])
    np.add.at(n, place.reshape(-1), 1)
    return MetricTable(
        name="ramped_equivalents",
        unit="count",
        labels=grouping.labels(present),
        value=total / np.float64(PPM),
        n=n,
        reason_code=np.zeros(len(n), dtype=np.int8),
        left_out={"not there": people.rows - len(there)},
        definition=f"active share x ramp share on {_check.date_of(day)}",
    )


def _medians(rate: FloatArray, people: People, size: int, level: float | None) -> tuple[FloatArray, Ends]:
    """Return the nearest-rank median of the reps of each group in each month, and the reps between whom it lies."""
    out, low, high = (np.full((size, rate.shape[1]), np.nan) for _ in range(3))
    for group_ in range(size):
        mine = np.sort(rate[people.exists & (people.row == group_)], axis=0)
        n = (~np.isnan(mine)).sum(axis=0)
        known = np.flatnonzero(n > 0)
        out[group_, known] = mine[(n[known] - 1) // 2, known]
        if level is None:
            continue
        ranks = formulas.quantile_interval_ranks(n, 0.5, level)
        enough = np.flatnonzero(ranks[0] > 0)
        for end, rank in zip((low, high), ranks, strict=True):
            end[group_, enough] = mine[rank[enough] - 1, enough]
    ends = (None, None) if level is None else (low.reshape(-1), high.reshape(-1))
    return out.reshape(-1), ends
