"""How long until a new rep is productive?"""

from __future__ import annotations

from typing import Literal

import attrs
import numpy as np

from salesmetrics import _check, formulas
from salesmetrics.answers import blanked, reasons, words
from salesmetrics.arrays import BoolArray, FloatArray, IntArray, Where
from salesmetrics.books import DealBook, DealHistory, QuotaBook, RepBook, SplitBook
from salesmetrics.calendars import DayLike
from salesmetrics.errors import InvalidArgumentError, show
from salesmetrics.keywords import names_keywords
from salesmetrics.results import MetricTable
from salesmetrics.scans import DealScan
from salesmetrics.tallies import TenureTally
from salesmetrics.tenures import People, observed, people_of, quota_owed, tenure_tally

__all__ = ["ramp_time", "time_to_first_deal"]

By = str | tuple[str, ...] | list[str] | None
_PERCENT = 10
_STATS = ("median", "restricted_mean", "naive_mean")


@names_keywords
def time_to_first_deal(
    deals: DealBook | DealScan | TenureTally,
    reps: RepBook | None = None,
    /,
    *,
    by: By = None,
    where: Where | None = None,
    as_of: DayLike | None = None,
    since: DayLike | None = None,
    stat: Literal["median", "restricted_mean", "naive_mean"] = "median",
    within: int | None = None,
    leavers: Literal["censor", "compete"] = "censor",
    early: Literal["exclude", "truncate"] = "exclude",
    ramp_from: Literal["role_start", "hired"] | None = None,
    splits: SplitBook | None = None,
    history: DealHistory | None = None,
    confidence_level: float | None = 0.95,
) -> MetricTable:
    """Days until the first credited win: how soon does a new rep win?

    Parameters
    ----------
    deals : DealBook, DealScan or TenureTally
        The deals, or the tally of tenures.
    reps : RepBook
        The reps, with ``role_start`` or ``hired``; every one of them counts, with or without deals.
    by : str or sequence of str, optional
        Label columns of the reps: team, manager, cohort; or "rep". None is one row, "all".
    where : array of bool or mapping, optional
        The reps to read.
    as_of : date or str, optional
        The last day whose events are known; the deals' own day by default, and required where they have none.
    since : date or str, optional
        The day on which the data begin; the first day on which a deal was created or closed by default.
    stat : {"median", "restricted_mean", "naive_mean"}
        Median or restricted mean of the Kaplan-Meier curve; the naive mean takes those who made it and forgets the rest.
    within : int, optional
        The horizon of a restricted mean, in days.
    leavers : {"censor", "compete"}
        A rep who left without a win is censored on that day, or takes a share of the curve for good (Aalen-Johansen).
    early : {"exclude", "truncate"}
        Reps who started before the data begin are left out and counted, or join on the first observed day: right only where
        it is known that none had won before.
    ramp_from : {"role_start", "hired"}, default "role_start"
        The day on which the clock starts.
    splits, history
        As in `attainment`: who gets the credit.
    confidence_level : float or None, default 0.95
        None leaves the interval of the median out.

    Returns
    -------
    MetricTable
        Unit ``days``; ``n`` counts reps. Parts: ``events``, the reps who won, and ``survival``, the share without a win at
        the longest tenure seen. Fewer than half have won: NaN ``not_reached``. A horizon that was not seen: NaN
        ``not_observed``.

    Notes
    -----
    Wins before the start or after leaving belong to no tenure. Reps without a start day are left out and counted.

    Examples
    --------
    >>> import salesmetrics as sm
    >>> reps = sm.read_reps([sm.Rep("Ana", hired="2026-01-01"), sm.Rep("Ben", hired="2026-01-01")])
    >>> deals = sm.read_deals({"rep": ["Ana"], "amount": [100], "outcome": ["won"], "closed": ["2026-02-10"]})
    >>> row = sm.time_to_first_deal(deals, reps, as_of="2026-04-30", since="2026-01-01")["all"]
    >>> row.value, row.n, row.parts["events"]
    (40.0, 2, 1)
    """
    tally = tenure_tally(deals, reps, None, by, where, as_of, since, ramp_from, splits, history)
    people = people_of(tally, early)
    age = tally.first_win - tally.start
    event = tally.first_win < np.iinfo(np.int64).max
    last = np.where(tally.left >= 0, tally.left, tally.as_of_day) - tally.start
    entry = np.maximum(np.maximum(tally.start, tally.since_day) - tally.start, 0)
    lives = _Lives(np.where(event, age, last), event, entry, (tally.left >= 0) & ~event)
    return _summary("time_to_first_deal", "days", tally, people, lives, (stat, within, leavers), confidence_level)


@names_keywords
def ramp_time(
    deals: DealBook | DealScan | TenureTally,
    quotas: QuotaBook | None = None,
    reps: RepBook | None = None,
    /,
    *,
    threshold: float,
    sustained: int = 1,
    by: By = None,
    where: Where | None = None,
    as_of: DayLike | None = None,
    since: DayLike | None = None,
    of: Literal["full_quota", "assigned_quota"] | None = None,
    no_quota: Literal["skip", "count"] = "skip",
    stat: Literal["median", "restricted_mean", "naive_mean"] = "median",
    within: int | None = None,
    leavers: Literal["censor", "compete"] = "censor",
    early: Literal["exclude", "truncate"] = "exclude",
    ramp_from: Literal["role_start", "hired"] | None = None,
    splits: SplitBook | None = None,
    history: DealHistory | None = None,
    confidence_level: float | None = 0.95,
) -> MetricTable:
    """Tenure months until a share of full quota is reached and held: how long to full productivity?

    Parameters
    ----------
    deals : DealBook, DealScan or TenureTally
        The deals, or the tally of tenures.
    quotas : QuotaBook
        The quotas of the reps.
    reps : RepBook
        The reps, with ``role_start`` or ``hired``.
    threshold : float
        Share of quota that counts as productive: required, since 0.8 and 1.0 are both in use.
    sustained : int, default 1
        Months in a row, from the first of which the rep counts as there.
    by, where, as_of, since, stat, within, leavers, early, ramp_from, splits, history, confidence_level
        As in `time_to_first_deal`; ``within`` is in months.
    of : {"full_quota", "assigned_quota"}, default "full_quota"
        Full quota, or the one fitted to active days and ramp.
    no_quota : {"skip", "count"}
        A month without a quota neither breaks nor extends a run, or counts as below; the clock runs in both.

    Returns
    -------
    MetricTable
        Unit ``count``: tenure months, the first being 1. ``n`` counts reps; parts as in `time_to_first_deal`. Never reached is
        censored and never dropped, at the last month from which ``sustained`` counted months are observed.

    Notes
    -----
    A month counts where the rep was there and observed from its first day to its last. A higher threshold never brings a
    rep's own month forward; the median of a group it may.

    Examples
    --------
    >>> import salesmetrics as sm
    >>> company = sm.datasets.sample_company(deals=2_000, rng=7)
    >>> table = sm.ramp_time(company.deals, company.quotas, company.reps, threshold=1.0, sustained=2, by="team")
    >>> table.unit, table.labels.names
    ('count', ('team',))
    """
    share = _threshold(threshold)
    tally = tenure_tally(deals, reps, quotas, by, where, as_of, since, ramp_from, splits, history, of)
    owed, people = quota_owed(tally), people_of(tally, early)
    edges = tally.edges
    seen = np.maximum(tally.start, tally.since_day)
    whole = np.where(tally.start >= 0, (edges[:, 1:] <= tally.until[:, None]).sum(axis=1), 0)
    before = (edges[:, :-1] < seen[:, None]).sum(axis=1)
    quota = np.where((tally.covered > 0) & (tally.quota > 0), tally.quota, np.nan)
    found = formulas.ramp_month(
        formulas.reached_quota(tally.amount, quota, share),
        sustained=sustained,
        no_quota=no_quota,
        observed=whole,
        entry=before,
        early="truncate",
    )
    event = np.asarray(found.event)
    month = np.asarray(found.month, dtype=np.float64)
    entry = np.where(before > 0, before + 1, 0)
    lives = _Lives(np.where(np.isnan(month), 0, month).astype(np.int64), event, entry, (tally.left >= 0) & ~event)
    how = f"months until {share:g} of {owed.replace('_', ' ')} is held for {sustained}"
    return _summary("ramp_time", "count", tally, people, lives, (stat, within, leavers), confidence_level, how)


# --- what they share -------------------------------------------------------------------------------------------------


@attrs.frozen(eq=False)
class _Lives:
    """One life for each rep: age at the end, whether it is the event, age of entry, and whether the rep left."""

    exit: IntArray
    event: BoolArray
    entry: IntArray
    gone: BoolArray


def _threshold(value: object) -> float:
    """Return a threshold, which must be a number above 0, and which no rep holds where it is meant in percent."""
    if isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool) and 0 < value < np.inf:
        if value < _PERCENT:
            return float(value)
        raise InvalidArgumentError(
            f"`threshold` must be a share of quota below {_PERCENT}; got {show(value)}.",
            code="SM-ARG-74",
            field="threshold",
            values=[value],
            hint="fractions, never percent: 0.8 and not 80.",
        )
    raise InvalidArgumentError(
        f"`threshold` must be a finite number above 0; got {show(value)}.",
        code="SM-ARG-50",
        field="threshold",
        values=[value],
        hint="a share of quota: 0.8 or 1.0.",
    )


def _summary(
    name: str,
    unit: str,
    tally: TenureTally,
    people: People,
    lives: _Lives,
    asked: tuple[str, int | None, str],
    confidence_level: float | None,
    how: str = "days from the start to the first credited win",
) -> MetricTable:
    """Return one number of the curve of each group."""
    stat, within, leavers = asked
    _check.one_of(stat, _STATS, "stat")
    _check.one_of(leavers, ("censor", "compete"), "leavers")
    level = _check.level(confidence_level)
    if (stat == "restricted_mean") != (within is not None):
        raise InvalidArgumentError(
            f"`within` must be given with stat 'restricted_mean' and with no other; got {show(within)} with {show(stat)}.",
            code="SM-ARG-51",
            field="within",
            values=[within],
        )
    used = people.used & (lives.exit >= lives.entry)
    size, ages = len(people.labels), int(lives.exit[used].max(initial=0)) + 1
    tables = {}
    for kind, rows, age in (
        ("event", used & lives.event, lives.exit),
        ("left", used & lives.gone, lives.exit),
        ("open", used & ~lives.event & ~lives.gone, lives.exit),
        ("entry", used, lives.entry),
    ):
        tables[kind] = np.zeros((size, ages), dtype=np.int64)
        np.add.at(tables[kind], (people.row[rows], age[rows]), 1)
    n, events = tables["entry"].sum(axis=1), tables["event"].sum(axis=1)
    value, low, high, survival, missing = _read(tables, stat, within, leavers, level)
    reason = reasons(size, ("no_rows", n == 0), (missing, np.isnan(value)))
    return MetricTable(
        name=name,
        unit=unit,
        labels=people.labels,
        value=blanked(value, reason),
        n=n,
        reason_code=reason,
        low=low,
        high=high,
        parts={"events": events, "survival": survival},
        part_units={"events": "count", "survival": "fraction"},
        left_out=people.left_out | {"observed too late": int((people.used & ~used).sum())},
        definition=words(f"{stat.replace('_', ' ')} of {how}", _leavers(leavers), tally.credit, observed(tally)),
    )


def _leavers(leavers: str) -> str:
    """Return what becomes of leavers, in words."""
    return "those not there yet censored" + (", leaving competes" if leavers == "compete" else ", leavers too")


def _read(
    tables: dict[str, IntArray], stat: str, within: int | None, leavers: str, level: float | None
) -> tuple[FloatArray, FloatArray | None, FloatArray | None, FloatArray, str]:
    """Return the statistic, its interval, the survival at the longest age, and the reason where there is none."""
    size, ages = tables["event"].shape
    low = high = None
    if leavers == "compete":
        ends = np.stack([tables["event"], tables["left"]], axis=1)
        both = formulas.aalen_johansen(ends, tables["open"], entered=tables["entry"])
        curve = formulas.SurvivalCurve(both.survival, both.at_risk, ends.sum(axis=1))
        reached = both.incidence[:, 0] >= 0.5 * (1 - 1e-9)
        value = np.where(reached.any(axis=1), reached.argmax(axis=1).astype(np.float64), np.nan)
    else:
        curve = formulas.kaplan_meier(tables["event"], tables["open"] + tables["left"], entered=tables["entry"])
        value = np.asarray(formulas.survival_quantile(curve)).reshape(size)
        if level is not None and stat == "median":
            low, high = (
                np.asarray(end).reshape(size) for end in formulas.survival_quantile_interval(curve, 0.5, level)
            )
    missing = "not_reached"
    if stat == "restricted_mean":
        assert within is not None
        value, missing = np.asarray(formulas.restricted_mean(curve, _check.count(within, "within"))), "not_observed"
    elif stat == "naive_mean":
        with np.errstate(all="ignore"):
            value = (tables["event"] * np.arange(ages)).sum(axis=1) / tables["event"].sum(axis=1)
    return value, low, high, curve.survival[:, -1], missing
