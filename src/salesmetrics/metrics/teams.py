"""Is the team at its number, and how many of its reps? Roll-up, share at quota, distribution, streaks."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Literal

import numpy as np

from salesmetrics import _check, formulas
from salesmetrics.answers import blanked, dated, major, reasons, rolled, words
from salesmetrics.arrays import AnyArray, BoolArray, FloatArray, IntArray, Where
from salesmetrics.books import DealBook, DealHistory, QuotaBook, RepBook, SplitBook
from salesmetrics.calendars import DayLike, PeriodLike, Periods
from salesmetrics.errors import InvalidArgumentError, MergeError, show
from salesmetrics.keywords import names_keywords
from salesmetrics.labels import Labels, Levels
from salesmetrics.ledgers import (
    Asked,
    Sides,
    decimals_apart,
    last_known,
    presence,
    reached,
    sides,
    some_period,
    stated_quotas,
)
from salesmetrics.results import MetricTable
from salesmetrics.scans import DealScan
from salesmetrics.tallies import BookingTally, QuotaTally

__all__ = ["attainment_distribution", "attainment_streak", "share_at_quota", "team_attainment"]

By = str | tuple[str, ...] | list[str] | None
_PERCENT = 10
Number = int | float | Decimal
QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)


@names_keywords
def team_attainment(
    deals: DealBook | DealScan | BookingTally,
    quotas: QuotaBook | QuotaTally,
    /,
    *,
    period: PeriodLike | None = None,
    by: By = None,
    where: Where | None = None,
    reps: RepBook | None = None,
    as_of: DayLike | None = None,
    splits: SplitBook | None = None,
    history: DealHistory | None = None,
    credit: Literal["revenue", "overlay"] = "revenue",
    owner: Literal["at_close", "current", "actor"] = "at_close",
    returns: Literal["net", "gross"] = "net",
    quota: Literal["effective", "full"] = "effective",
    method: Literal["pooled", "mean_of_reps"] = "pooled",
    no_quota: Literal["exclude", "include"] = "exclude",
    team_quota: Number | Mapping[object, Number] | str | None = None,
) -> MetricTable:
    """Share of a team's number that is booked: is the team at its number?

    Also called roll-up. A fraction; pooled it is the quota-weighted mean of the reps, not their plain mean.

    Parameters
    ----------
    deals, quotas, period, by, where, reps, as_of, splits, history, credit, owner, returns, quota
        As in `attainment`; ``by="team"`` is one row for each team.
    method : {"pooled", "mean_of_reps"}
        Sum of bookings over sum of quotas, or the plain mean of the reps' attainments.
    no_quota : {"exclude", "include"}
        Bookings of reps without a quota above 0 are left out, or stand above the line with the others.
    team_quota : number, mapping of label to number, or "stated", optional
        The team's own number, where it is not the sum of the reps': one for every row, one for each label of ``by`` (a tuple
        of labels where there are several), or the rows of ``quotas`` with a team and no rep, spread by day as others are.

    Returns
    -------
    MetricTable
        Unit ``fraction``; ``n`` counts the reps with a quota above 0. Parts: ``booked``, ``quota``, ``gap`` (booked - quota),
        ``booked_without_quota`` and ``reps_without_quota``. No rep with a quota above 0, or no number of its own: NaN
        ``no_quota``. No interval: it is a census.

    Raises
    ------
    InvalidArgumentError
        ``mean_of_reps`` with ``no_quota="include"`` or ``team_quota``, which it does not read; "stated" without "team" in
        ``by``.

    Notes
    -----
    Sum of B over sum of Q, both over the reps with a quota above 0. A team's own number changes the denominator alone.

    Examples
    --------
    >>> import salesmetrics as sm
    >>> deals = sm.read_deals({"rep": ["Ana", "Ben"], "amount": [120, 150], "outcome": ["won"] * 2,
    ...                        "closed": ["2026-01-20"] * 2})
    >>> quotas = sm.read_quotas({"rep": ["Ana", "Ben"], "start": ["2026-01-01"] * 2, "end": ["2026-04-01"] * 2,
    ...                          "amount": [100, 300]})
    >>> quarter = quotas.periods()[0]
    >>> sm.team_attainment(deals, quotas, period=quarter)["all"].value
    0.675
    >>> sm.team_attainment(deals, quotas, period=quarter, method="mean_of_reps")["all"].value
    0.85
    >>> sm.team_attainment(deals, quotas, period=quarter, team_quota=360)["all"].value
    0.75
    """
    _check.one_of(method, ("pooled", "mean_of_reps"), "method")
    _check.one_of(no_quota, ("exclude", "include"), "no_quota")
    if method == "mean_of_reps":
        _unread("no_quota", None if no_quota == "exclude" else no_quota, "method 'mean_of_reps'")
        _unread("team_quota", team_quota, "method 'mean_of_reps'")
    asked = Asked(period, by, where, reps, as_of, splits, history, credit, owner, returns, quota)
    both = sides(deals, quotas, asked)
    book, rows, names = both.book, both.rows, both.names
    paid = rows.rolled(names, rows.has_quota)
    unpaid = rows.rolled(names, ~rows.has_quota)
    n, without = rows.counted(names, rows.has_quota), rows.counted(names, ~rows.has_quota & rows.there)
    booked = paid.booked + unpaid.booked if no_quota == "include" else paid.booked
    labels, target, spare = paid.labels, np.where(n > 0, paid.quota, np.nan), unpaid.booked
    notes: tuple[str, ...] = ()
    if team_quota is not None:
        labels, mine, target, notes = _own_numbers(team_quota, labels, both, quotas, asked)
        booked, spare, n, without = (_placed(mine, len(labels), table) for table in (booked, spare, n, without))
    size = len(labels) * book.window.size
    booked, target, n = booked.reshape(size), target.reshape(size), n.reshape(size)
    value = formulas.attainment(booked, target)
    if method == "mean_of_reps":
        value = _mean_of_reps(both).reshape(size)
    reason = reasons(size, ("no_quota", ~(target > 0)))
    unit = np.float64(10**book.scale)
    parts = {
        "booked": major(booked, book.scale),
        "quota": target / unit,
        "gap": (booked - target) / unit,
        "booked_without_quota": major(spare.reshape(size), book.scale),
        "reps_without_quota": without.reshape(size),
    }
    return MetricTable(
        name="team_attainment",
        unit="fraction",
        labels=book.window.cross(labels),
        value=blanked(value, reason),
        n=n,
        reason_code=reason,
        parts=parts,
        part_units={name: "count" if name == "reps_without_quota" else "money" for name in parts},
        left_out={"no amount": int(book.unpriced.sum())},
        definition=words(
            _pooling(method, no_quota, team_quota), both.credit_words, dated(book.window, "closed", book.as_of_day)
        ),
        notes=notes,
        scale=book.scale,
        currency=book.currency,
    )


@names_keywords
def share_at_quota(
    deals: DealBook | DealScan | BookingTally,
    quotas: QuotaBook | QuotaTally,
    /,
    *,
    period: PeriodLike | None = None,
    by: By = None,
    where: Where | None = None,
    reps: RepBook | None = None,
    as_of: DayLike | None = None,
    splits: SplitBook | None = None,
    history: DealHistory | None = None,
    credit: Literal["revenue", "overlay"] = "revenue",
    owner: Literal["at_close", "current", "actor"] = "at_close",
    returns: Literal["net", "gross"] = "net",
    quota: Literal["effective", "full"] = "effective",
    threshold: Number = 1.0,
    ramping_threshold: Number | None = None,
    min_active_share: float = 0.0,
    interval: Literal["wilson", "exact"] = "wilson",
    confidence_level: float | None = 0.95,
) -> MetricTable:
    """Share of the reps with a quota who are at or above a threshold of it: how many reps make it?

    A fraction with its interval.

    Parameters
    ----------
    deals, quotas, period, by, where, reps, as_of, splits, history, credit, owner, returns, quota
        As in `attainment`.
    threshold : float, default 1.0
        Share of quota to reach, the decimal as written.
    ramping_threshold : float, optional
        The threshold of those who are ramping: reps with a ramp share below 1 on some day with a quota in the period.
    min_active_share : float, default 0.0
        Reps who are there on a smaller share of the days of the period are left out and counted.
    interval : {"wilson", "exact"}
        Wilson's interval or Clopper and Pearson's.
    confidence_level : float or None, default 0.95
        None leaves the interval out.

    Returns
    -------
    MetricTable
        Unit ``fraction``; ``n`` counts the reps with a quota above 0 who were there enough. Parts: ``at_quota``,
        ``reps_without_quota``, ``inactive`` and, with a threshold of their own, ``ramping``. No such rep: NaN ``no_quota``,
        interval (0, 1).

    Raises
    ------
    InvalidArgumentError
        ``ramping_threshold`` or ``min_active_share`` without ``reps``.
    MergeError
        ``ramping_threshold`` with a tally of quotas, which does not hold the days that a quota lies on.

    Notes
    -----
    Count of B >= threshold x Q over the count of Q > 0. Money in whole minor units compares exactly; a relative difference
    below 1e-9 counts as equal where a quota is prorated.

    Examples
    --------
    >>> import salesmetrics as sm
    >>> deals = sm.read_deals({"rep": ["Ana", "Ben"], "amount": [120, 150], "outcome": ["won"] * 2,
    ...                        "closed": ["2026-01-20"] * 2})
    >>> quotas = sm.read_quotas({"rep": ["Ana", "Ben"], "start": ["2026-01-01"] * 2, "end": ["2026-04-01"] * 2,
    ...                          "amount": [100, 300]})
    >>> sm.share_at_quota(deals, quotas, period=quotas.periods()[0])["all"].value
    0.5
    """
    bar = _bar(threshold, "threshold")
    lower = bar if ramping_threshold is None else _bar(ramping_threshold, "ramping_threshold")
    least = Fraction(str(_check.fraction(min_active_share, "min_active_share")))
    level = _check.level(confidence_level)
    _check.one_of(interval, ("wilson", "exact"), "interval")
    for name, given in (("ramping_threshold", ramping_threshold), ("min_active_share", least or None)):
        if reps is None:
            _unread(name, given, "reps None", "sm.read_reps(...) makes a book of who was there, and ramped how far.")
    asked = Asked(period, by, where, reps, as_of, splits, history, credit, owner, returns, quota)
    both = sides(deals, quotas, asked)
    book, rows, names = both.book, both.rows, both.names
    active, ramping = presence(both, quotas, asked)
    if ramping is None and ramping_threshold is not None:
        raise MergeError(
            "`quotas` must be a book with `ramping_threshold`; got a tally, which does not hold the days of a quota.",
            code="SM-TLY-15",
            field="quotas",
            hint="give the quotas themselves.",
        )
    here = active >= _least_days(least, some_period(book.window, "share_at_quota"))
    counted = rows.has_quota & here
    made = reached(rows, bar if ramping is None else np.where(ramping, lower, bar)) == 1
    parts = {
        "at_quota": counted & made,
        "reps_without_quota": ~rows.has_quota & rows.there,
        "inactive": rows.has_quota & ~here,
    }
    if ramping is not None and ramping_threshold is not None:
        parts["ramping"] = counted & ramping
    counts = {name: rows.counted(names, cells).reshape(-1) for name, cells in parts.items()}
    n = rows.counted(names, counted).reshape(-1)
    reason = reasons(len(n), ("no_quota", n == 0))
    low = high = None
    if level is not None:
        low, high = (formulas.wilson if interval == "wilson" else formulas.clopper_pearson)(
            counts["at_quota"], n, level
        )
    return MetricTable(
        name="share_at_quota",
        unit="fraction",
        labels=book.window.cross(rows.labels.onto(names)[0]),
        value=blanked(counts["at_quota"] / np.maximum(n, 1), reason),
        n=n,
        reason_code=reason,
        low=low,
        high=high,
        parts=counts,
        part_units=dict.fromkeys(counts, "count"),
        left_out={"no amount": int(book.unpriced.sum())},
        definition=words(
            f"reps at or above {bar:g} of quota over reps with a quota",
            None if ramping_threshold is None else f"{lower:g} while ramping",
            f"there on at least {float(least):g} of the days" if least else None,
            both.credit_words,
            dated(book.window, "closed", book.as_of_day),
        ),
    )


@names_keywords
def attainment_distribution(
    deals: DealBook | DealScan | BookingTally,
    quotas: QuotaBook | QuotaTally,
    /,
    *,
    period: PeriodLike | None = None,
    by: By = None,
    where: Where | None = None,
    reps: RepBook | None = None,
    as_of: DayLike | None = None,
    splits: SplitBook | None = None,
    history: DealHistory | None = None,
    credit: Literal["revenue", "overlay"] = "revenue",
    owner: Literal["at_close", "current", "actor"] = "at_close",
    returns: Literal["net", "gross"] = "net",
    quota: Literal["effective", "full"] = "effective",
    q: Sequence[float] = QUANTILES,
) -> MetricTable:
    """Quantiles of the reps' attainment: is it everyone or two heroes?

    A fraction for each quantile; every one is the attainment of some rep.

    Parameters
    ----------
    deals, quotas, period, by, where, reps, as_of, splits, history, credit, owner, returns, quota
        As in `attainment`; ``by="team"`` is one distribution for each team.
    q : sequence of float, default (0.1, 0.25, 0.5, 0.75, 0.9)
        Shares of the reps, each the decimal as written.

    Returns
    -------
    MetricTable
        Unit ``fraction``, with the label ``quantile``: "minimum", each of ``q``, "maximum". ``n`` counts the reps with a quota
        above 0, the part ``reps_without_quota`` the others, who have no attainment. No such rep: NaN ``no_quota``. No
        interval: it is a census.

    Raises
    ------
    InvalidArgumentError
        ``q`` holds a share twice, or one outside [0, 1].

    Notes
    -----
    Nearest rank: the least attainment that a share q of the reps do not exceed.

    Examples
    --------
    >>> import salesmetrics as sm
    >>> deals = sm.read_deals({"rep": ["Ana", "Ben"], "amount": [120, 150], "outcome": ["won"] * 2,
    ...                        "closed": ["2026-01-20"] * 2})
    >>> quotas = sm.read_quotas({"rep": ["Ana", "Ben"], "start": ["2026-01-01"] * 2, "end": ["2026-04-01"] * 2,
    ...                          "amount": [100, 300]})
    >>> sm.attainment_distribution(deals, quotas, period=quotas.periods()[0], q=[0.5]).value
    array([0.5, 0.5, 1.2])
    """
    shares = [str(_check.fraction(x, "q")) for x in q]
    if len(set(shares)) < len(shares):
        raise InvalidArgumentError(
            f"`q` must hold each share once; got {show(list(q))}.", code="SM-ARG-29", field="q", values=[list(q)]
        )
    asked = Asked(period, by, where, reps, as_of, splits, history, credit, owner, returns, quota)
    both = sides(deals, quotas, asked)
    book, rows, names = both.book, both.rows, both.names
    labels, values, starts = _in_order(both)
    n = np.diff(starts)
    ranks = np.column_stack(
        [np.minimum(n, 1), *(formulas.quantile_rank(n, Fraction(share)) for share in shares), n]
    ).astype(np.int64)
    found = formulas.value_at_rank(values, np.ones(len(values), dtype=np.int64), ranks, starts=starts)
    several = ranks.shape[1]
    without = rows.counted(names, ~rows.has_quota & rows.there).reshape(-1)
    n = np.repeat(n, several)
    reason = reasons(len(n), ("no_quota", n == 0))
    return MetricTable(
        name="attainment_distribution",
        unit="fraction",
        labels=book.window.cross(labels).crossed(Levels("quantile", ("minimum", *shares, "maximum"), ordered=True)),
        value=blanked(np.asarray(found).reshape(-1), reason),
        n=n,
        reason_code=reason,
        parts={"reps_without_quota": np.repeat(without, several)},
        part_units={"reps_without_quota": "count"},
        left_out={"no amount": int(book.unpriced.sum())},
        definition=words(
            "quantiles of attainment over reps with a quota (nearest rank)",
            both.credit_words,
            dated(book.window, "closed", book.as_of_day),
        ),
    )


@names_keywords
def attainment_streak(
    deals: DealBook | DealScan | BookingTally,
    quotas: QuotaBook | QuotaTally,
    /,
    *,
    period: PeriodLike | None = None,
    by: By = None,
    where: Where | None = None,
    reps: RepBook | None = None,
    as_of: DayLike | None = None,
    splits: SplitBook | None = None,
    history: DealHistory | None = None,
    credit: Literal["revenue", "overlay"] = "revenue",
    owner: Literal["at_close", "current", "actor"] = "at_close",
    returns: Literal["net", "gross"] = "net",
    quota: Literal["effective", "full"] = "effective",
    threshold: Number = 1.0,
    which: Literal["current", "longest"] = "current",
    undefined: Literal["skip", "break"] = "skip",
) -> MetricTable:
    """Periods at quota in a row: how many, up to the latest complete one?

    A count. The periods are read in order of time, neighbours in the list being neighbours; they are no label of the result.

    Parameters
    ----------
    deals, quotas, by, where, reps, splits, history, credit, owner, returns, quota
        As in `attainment`; coarser than a rep it is the pooled attainment that counts.
    period : Period or Periods
        The periods to read: required. One that is still running on ``as_of`` is not read.
    as_of : date or str, optional
        The last day whose wins are known: in the call, or the book's own.
    threshold : float, default 1.0
        Share of quota to reach, the decimal as written.
    which : {"current", "longest"}
        The run that ends with the latest complete period, or the longest of all.
    undefined : {"skip", "break"}
        A period without a quota neither adds to a run nor ends it, or it ends it.

    Returns
    -------
    MetricTable
        Unit ``count``; ``n`` counts the complete periods, the part ``undefined`` those of them without a quota. No complete
        period: NaN ``period_running``. Never at quota, or never a quota: 0.0. No interval.

    Examples
    --------
    >>> import salesmetrics as sm
    >>> deals = sm.read_deals({"rep": ["Ana"] * 3, "amount": [90, 100, 130], "outcome": ["won"] * 3,
    ...                        "closed": ["2026-01-20", "2026-02-20", "2026-03-20"]}, as_of="2026-04-10")
    >>> months = sm.Periods.from_boundaries(["2026-01-01", "2026-02-01", "2026-03-01", "2026-04-01", "2026-05-01"])
    >>> quotas = sm.read_quotas({"rep": ["Ana"] * 4, "start": [m.start for m in months], "end": [m.end for m in months],
    ...                          "amount": [100] * 4})
    >>> sm.attainment_streak(deals, quotas, period=months, by="rep")["Ana"].value
    2.0
    """
    bar = _bar(threshold, "threshold")
    _check.one_of(which, ("current", "longest"), "which")
    _check.one_of(undefined, ("skip", "break"), "undefined")
    asked = Asked(period, by, where, reps, as_of, splits, history, credit, owner, returns, quota)
    both = sides(deals, quotas, asked)
    book, rows, names = both.book, both.rows, both.names
    ends = some_period(book.window, "attainment_streak").ends.astype(np.int64)
    over = ends - 1 <= last_known(book, "attainment_streak")
    counted = rows.rolled(names, np.ones_like(rows.has_quota) if both.fine else rows.has_quota)
    made = reached(counted, bar)[:, over]
    streak = np.asarray(formulas.attainment_streak(made, which=which, undefined=undefined))
    complete = int(over.sum())
    n = np.full(len(counted.labels), complete)
    reason = reasons(len(n), ("period_running", n == 0))
    return MetricTable(
        name="attainment_streak",
        unit="count",
        labels=counted.labels,
        value=blanked(np.where(np.isnan(streak), 0.0, streak), reason),
        n=n,
        reason_code=reason,
        parts={"undefined": np.isnan(made).sum(axis=1)},
        part_units={"undefined": "count"},
        left_out={"no amount": int(book.unpriced.sum())},
        definition=words(
            f"{which} run of complete periods at or above {bar:g} of quota" + ("" if both.fine else ", pooled"),
            f"periods without a quota {undefined} it",
            both.credit_words,
            dated(book.window, "closed", book.as_of_day),
        ),
    )


# --- a team's own number ---------------------------------------------------------------------------------------------


def _own_numbers(
    team_quota: object, labels: Labels, both: Sides, quotas: QuotaBook | QuotaTally, asked: Asked
) -> tuple[Labels, IntArray, FloatArray, tuple[str, ...]]:
    """Return the labels of the answer, where those of the ledger went among them, and each row's own number."""
    here = np.arange(len(labels))
    unit = np.float64(10**both.book.scale)
    if isinstance(team_quota, str):
        _check.one_of(team_quota, ("stated",), "team_quota")
        return _stated(labels, both, quotas, asked)
    if not isinstance(team_quota, Mapping):
        number = _threshold(team_quota, "team_quota")
        return labels, here, np.full((len(labels), both.window.size), number * unit), ()
    if not both.names:
        raise InvalidArgumentError(
            "`team_quota` must be one number without `by`; got a mapping.",
            code="SM-ARG-36",
            field="team_quota",
            hint="by='team' makes a row for each label of the mapping.",
        )
    numbers = {_key(key): _threshold(value, "team_quota") for key, value in team_quota.items()}
    keys = [_key(label) for label in labels]
    found = np.array([numbers.get(key, np.nan) for key in keys], dtype=np.float64)
    target = np.broadcast_to(found[:, None] * unit, (len(labels), both.window.size))
    unknown = [key for key in numbers if key not in set(keys)]
    notes = (f"`team_quota` has {len(unknown)} labels without a row, such as {show(unknown[0])}.",) if unknown else ()
    return labels, here, target, notes


def _key(label: object) -> tuple[object, ...]:
    """Return a label as a tuple with one entry for each name."""
    return label if isinstance(label, tuple) else (label,)


def _stated(
    labels: Labels, both: Sides, quotas: QuotaBook | QuotaTally, asked: Asked
) -> tuple[Labels, IntArray, FloatArray, tuple[str, ...]]:
    """Return the numbers stated for teams, and the rows of the answer, to which they add teams of their own."""
    if isinstance(quotas, QuotaTally):
        raise MergeError(
            "`quotas` must be a book with team_quota 'stated'; got a tally, which holds the numbers of reps only.",
            code="SM-TLY-16",
            field="quotas",
            hint="give the quotas themselves.",
        )
    if "team" not in both.names or "rep" in both.names:
        raise InvalidArgumentError(
            f"`by` must have 'team' and not 'rep' with team_quota 'stated'; got {show(list(both.names))}.",
            code="SM-ARG-37",
            field="by",
            values=[both.names],
        )
    book = stated_quotas(quotas)
    where = asked.where if isinstance(asked.where, Mapping) else {}
    narrowed = {name: wanted for name, wanted in where.items() if name in book.names and name != "rep"}
    tally = QuotaTally.from_book(book, by=both.names, period=both.window.asked, where=narrowed or None)
    grain, whole, _, covered, _, value = tally.exact()
    own, at = grain.onto(both.names)
    factor = decimals_apart(tally.scale, both.book.scale, whole)
    number = rolled(at, len(own), value * np.float64(factor))
    days = rolled(at, len(own), covered)
    joined, mine, theirs = labels.union(own)
    target = np.full((len(joined), both.window.size), np.nan)
    target[theirs] = np.where(days > 0, number, np.nan)
    return joined, mine, target, ()


def _placed(rows: IntArray, size: int, table: AnyArray) -> AnyArray:
    """Return a table with its rows where they belong among more rows, 0 elsewhere."""
    out = np.zeros((size, table.shape[1]), dtype=table.dtype)
    out[rows] = table
    return out


# --- reps ------------------------------------------------------------------------------------------------------------


def _mean_of_reps(both: Sides) -> FloatArray:
    """Return the plain mean of the reps' attainments, in whatever order they stand, NaN without one."""
    _, values, starts = _in_order(both)
    n = np.diff(starts)
    total = np.array([math.fsum(values[a:b].tolist()) for a, b in pairwise(starts.tolist())], dtype=np.float64)
    return np.where(n > 0, total / np.maximum(n, 1), np.nan)


def _in_order(both: Sides) -> tuple[Labels, FloatArray, IntArray]:
    """Return the reps' attainments in rising order inside each group and period, and where each of these starts."""
    rows = both.rows
    labels, at = rows.labels.onto(both.names)
    cell = at[:, None] * both.window.size + np.arange(both.window.size)
    known: BoolArray = rows.has_quota
    values, cells = formulas.attainment(rows.booked, rows.quota)[known], cell[known]
    order = np.lexsort((values, cells))
    starts = np.searchsorted(cells[order], np.arange(len(labels) * both.window.size + 1))
    return labels, values[order], starts.astype(np.int64)


def _least_days(share: Fraction, periods: Periods) -> IntArray:
    """Return the fewest days of each period that are a share of it."""
    return np.array([math.ceil(share * p.days) for p in periods], dtype=np.int64)


# --- arguments and words ---------------------------------------------------------------------------------------------


def _bar(value: object, argument: str) -> float:
    """Return a share of quota, which no rep reaches where it is meant in percent."""
    number = _threshold(value, argument)
    if number < _PERCENT:
        return number
    raise InvalidArgumentError(
        f"`{argument}` must be a share of quota below {_PERCENT}; got {show(value)}.",
        code="SM-ARG-74",
        field=argument,
        values=[value],
        hint="fractions, never percent: 0.8 and not 80.",
    )


def _threshold(value: object, argument: str) -> float:
    """Return a number that must be finite and not below 0."""
    if isinstance(value, (int, float, Decimal, np.integer, np.floating)) and not isinstance(value, bool):
        number = float(value)
        if math.isfinite(number) and number >= 0:
            return number
    raise InvalidArgumentError(
        f"`{argument}` must be a number >= 0; got {show(value)}.", code="SM-ARG-38", field=argument, values=[value]
    )


def _unread(name: str, given: object, beside: str, hint: str | None = None) -> None:
    """Refuse an argument that would not be read."""
    if given is not None:
        raise InvalidArgumentError(
            f"`{name}` must not be given with {beside}, which does not read it; got {show(given)}.",
            code="SM-ARG-27",
            field=name,
            values=[given],
            hint=hint,
        )


def _pooling(method: str, no_quota: str, team_quota: object) -> str:
    """Return what stands above and below the line, in words."""
    if method == "mean_of_reps":
        return "mean of bookings over quota in force, over reps with a quota"
    whose = "all reps" if no_quota == "include" else "reps with a quota"
    below = "sum of their quotas" if team_quota is None else "the team's own number"
    return f"bookings of {whose} over {below}"
