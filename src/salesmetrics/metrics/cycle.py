"""How long does a deal take?"""

from __future__ import annotations

import numpy as np

from salesmetrics import _check, formulas
from salesmetrics.answers import dated, reasons, words
from salesmetrics.arrays import AnyArray, FloatArray, IntArray
from salesmetrics.asking import deal_book
from salesmetrics.books import DealBook, RepBook
from salesmetrics.curves import CurveTable
from salesmetrics.errors import MergeError, show
from salesmetrics.results import MetricTable
from salesmetrics.tallies import DurationTally
from salesmetrics.tally import refuse_grouping

__all__ = ["cycle_curve", "cycle_length", "win_rate_curve"]

By = str | tuple[str, ...] | list[str] | None
_ENDS = {"won": ("won",), "lost": ("lost",), "closed": ("won", "lost", "no_decision")}


def cycle_length(
    deals: DealBook | DurationTally,
    /,
    *,
    by: By = None,
    period: object = None,
    where: object = None,
    reps: RepBook | None = None,
    as_of: object = None,
    outcome: str = "won",
    stat: str | float = "mean",
    basis: str | None = None,
    quantile_method: str = "nearest_rank",
    confidence_level: float | None = 0.95,
) -> MetricTable:
    """Days from creation to close: how long does a win take?

    Also called days to close, sales cycle. Whole days; a deal closed on its first day took 0.

    Parameters
    ----------
    deals : DealBook or DurationTally
        The deals, or their tally, which is grouped and dated already.
    by : str or sequence of str, optional
        Label columns of the deals, or labels that ``reps`` lend.
    period : Period or Periods, optional
        The days that count, of ``closed`` (basis "closed") or of ``created`` (basis "created"). None is all days.
    where : array of bool or mapping, optional
        The deals to read.
    reps : RepBook, optional
        Lends team, manager and its other labels to ``by``.
    as_of : date or str, optional
        The last day whose events are known.
    outcome : {"won", "lost", "closed"}
        Which ends: wins, losses (time to loss), or any.
    stat : {"mean", "median"} or float in [0, 1]
        A float is a quantile.
    basis : {"closed", "created"}, default "closed"
        Deals closed in the period, or deals created in it that have closed.
    quantile_method : {"nearest_rank", "linear"}
        Nearest rank always gives a duration that was observed.
    confidence_level : float or None, default 0.95
        None leaves the interval out.

    Returns
    -------
    MetricTable
        Unit ``days``; ``n`` counts the deals. No such deal: NaN ``no_rows``. The interval of a mean is Student's t from 30
        deals on, NaN below; that of a quantile is made of order statistics. Deals without a creation day are left out and
        counted.

    Notes
    -----
    Closed deals only understate how long deals take: the slow ones are still open. In a simulated book the mean won cycle read
    83 days over all closed deals and 56 over those created in the last 180 days, against a true 104. `cycle_curve` keeps the
    open deals in.

    Examples
    --------
    >>> import salesmetrics as sm
    >>> deals = sm.read_deals({"created": ["2026-01-01", "2026-01-10", "2026-01-20"], "outcome": ["won"] * 3,
    ...                        "closed": ["2026-02-15", "2026-03-05", "2026-02-28"]})
    >>> sm.cycle_length(deals)["all"].value
    46.0
    """
    _check.one_of(outcome, tuple(_ENDS), "outcome")
    _check.one_of(quantile_method, ("nearest_rank", "linear"), "quantile_method")
    q = None if stat == "mean" else 0.5 if stat == "median" else _quantile(stat)
    level = _check.level(confidence_level)
    if isinstance(deals, DurationTally):
        given = {"by": by, "period": period, "where": where, "reps": reps, "as_of": as_of, "basis": basis}
        refuse_grouping(deals, given)
        tally = deals
    else:
        tally = DurationTally.from_book(
            deal_book(deals),
            by=by,
            period=period,
            where=where,
            reps=reps,
            as_of=as_of,
            basis=basis or "closed",
            outcomes=_ENDS[outcome],
        )
    n, value, low, high = _statistics(tally, _kinds(tally, _ENDS[outcome]), q, quantile_method, level)
    what = "mean" if q is None else f"{q:g} quantile ({quantile_method.replace('_', ' ')})"
    return MetricTable(
        name="cycle_length",
        unit="days",
        labels=tally.window.cross(tally.labels),
        value=value,
        n=n,
        reason_code=reasons(len(n), ("no_rows", n == 0)),
        low=low,
        high=high,
        left_out=dict(zip(tally.causes, tally.left_out.tolist(), strict=True)),
        definition=words(
            f"{what} of closed - created over {outcome} deals", dated(tally.window, tally.basis, tally.as_of_day)
        ),
    )


def cycle_curve(
    deals: DealBook | DurationTally,
    /,
    *,
    by: By = None,
    period: object = None,
    where: object = None,
    reps: RepBook | None = None,
    as_of: object = None,
    confidence_level: float | None = 0.95,
) -> CurveTable:
    """Share of deals still open by age: how long do deals take, the open ones included?

    Kaplan-Meier curves of the time from creation to any close; open deals are censored at their age on ``as_of``.

    Parameters
    ----------
    deals : DealBook or DurationTally
        The deals, or a tally with basis "created".
    by, where, reps
        As in `cycle_length`.
    period : Period or Periods, optional
        The days of ``created`` that make the cohort. None is all days.
    as_of : date or str
        The day of the snapshot; the book's own day by default, and required where it has none.
    confidence_level : float or None, default 0.95
        Intervals on the log-log scale; None leaves them out.

    Returns
    -------
    CurveTable
        One curve for each group, with ``.median``, ``.quantile(q)``, ``.restricted_mean(within)`` and ``.at(days)``. A median
        that is not reached is NaN ``not_reached``, with n above 0.

    Examples
    --------
    >>> import salesmetrics as sm
    >>> deals = sm.read_deals({"created": ["2026-01-01"] * 3, "closed": ["2026-01-11", "2026-01-31", None],
    ...                        "outcome": ["won", "lost", "open"]}, as_of="2026-03-01")
    >>> sm.cycle_curve(deals).median["all"].value
    30.0
    """
    tally = _cohort(deals, by, period, where, reps, as_of)
    level = _check.level(confidence_level)
    ends = _kinds(tally, _ENDS["closed"])
    still_open = _kinds(tally, ("open",))
    events, censored = [], []
    for _, block in tally.blocks():
        events.append(_together(block, ends))
        censored.append(_together(block, still_open))
    happened, lost = _stacked(events), _stacked(censored)
    return CurveTable(
        name="cycle_curve",
        labels=tally.window.cross(tally.labels),
        n=happened.sum(axis=1) + lost.sum(axis=1),
        events=happened.sum(axis=1),
        curve=formulas.kaplan_meier(happened, lost),
        confidence_level=level,
        left_out=dict(zip(tally.causes, tally.left_out.tolist(), strict=True)),
        definition=words("time to any close, open deals censored", dated(tally.window, "created", tally.as_of_day)),
    )


def win_rate_curve(
    deals: DealBook | DurationTally,
    /,
    *,
    by: By = None,
    period: object = None,
    where: object = None,
    reps: RepBook | None = None,
    as_of: object = None,
    confidence_level: float | None = 0.95,
) -> CurveTable:
    """Share of deals won by age: what share do we win, the open ones included?

    Aalen-Johansen curves: a loss and a close without a decision compete with a win, open deals are censored at their age on
    ``as_of``. Won, otherwise closed and still open add up to 1 at every age.

    Parameters
    ----------
    deals, by, period, where, reps, as_of, confidence_level
        As in `cycle_curve`.

    Returns
    -------
    CurveTable
        One curve for each group; ``.at(days)`` is the win rate within that many days of creation. Beyond the longest
        follow-up, while deals are open, it is NaN ``not_observed``.

    Examples
    --------
    >>> import salesmetrics as sm
    >>> deals = sm.read_deals({"created": ["2026-01-01"] * 5, "outcome": ["won", "won", "lost", "open", "open"],
    ...                        "closed": ["2026-01-11", "2026-01-31", "2026-01-21", None, None]}, as_of="2026-02-10")
    >>> sm.win_rate_curve(deals).at(30)["all"].value
    0.4
    """
    tally = _cohort(deals, by, period, where, reps, as_of)
    level = _check.level(confidence_level)
    won, other = _kinds(tally, ("won",)), _kinds(tally, ("lost", "no_decision"))
    still_open = _kinds(tally, ("open",))
    events, censored = [], []
    for _, block in tally.blocks():
        events.append(np.stack([_together(block, won), _together(block, other)], axis=1))
        censored.append(_together(block, still_open))
    ended, lost = _stacked(events, 2), _stacked(censored)
    return CurveTable(
        name="win_rate_curve",
        labels=tally.window.cross(tally.labels),
        n=ended.sum(axis=(1, 2)) + lost.sum(axis=1),
        events=ended[:, 0].sum(axis=1),
        curve=formulas.aalen_johansen(ended, lost),
        confidence_level=level,
        left_out=dict(zip(tally.causes, tally.left_out.tolist(), strict=True)),
        definition=words(
            "won by age, other ends compete, open deals censored", dated(tally.window, "created", tally.as_of_day)
        ),
    )


def _quantile(stat: str | float) -> float:
    """Return a quantile, or raise naming the statistics there are."""
    if isinstance(stat, str):
        _check.one_of(stat, ("mean", "median"), "stat")
    return _check.fraction(stat, "stat")


def _cohort(
    deals: DealBook | DurationTally, by: By, period: object, where: object, reps: RepBook | None, as_of: object
) -> DurationTally:
    """Return the tally of a cohort, or the one that was given."""
    if not isinstance(deals, DurationTally):
        book = deal_book(deals)
        return DurationTally.from_book(book, by=by, period=period, where=where, reps=reps, as_of=as_of, basis="created")
    refuse_grouping(deals, {"by": by, "period": period, "where": where, "reps": reps, "as_of": as_of})
    if deals.basis != "created":
        raise MergeError(
            f"the tally must have basis 'created' for a curve; got {show(deals.basis)}.",
            code="SM-TLY-11",
            field="basis",
            values=[deals.basis],
            hint="DurationTally.from_book(deals, basis='created') keeps the open deals.",
        )
    return deals


def _kinds(tally: DurationTally, wanted: tuple[str, ...]) -> list[int]:
    """Return the places of outcomes in a tally, or raise where it was made without."""
    missing = [name for name in wanted if name not in tally.outcomes]
    if missing:
        raise MergeError(
            f"the tally must hold the outcome {show(missing[0])}; got {', '.join(tally.outcomes)}.",
            code="SM-TLY-12",
            field="outcomes",
            values=missing,
            hint="DurationTally.from_book(..., outcomes=...) names them.",
        )
    return [tally.outcomes.index(name) for name in wanted]


def _together(block: IntArray, kinds: list[int]) -> IntArray:
    """Return the counts of some outcomes added up."""
    counts: IntArray = block[:, kinds[0]].astype(np.int64)
    for kind in kinds[1:]:
        counts += block[:, kind]
    return counts


def _stacked(blocks: list[IntArray], causes: int = 0) -> IntArray:
    """Return blocks of rows as one table."""
    if blocks:
        return np.concatenate(blocks)
    return np.zeros((0, causes, 1) if causes else (0, 1), dtype=np.int64)


def _statistics(
    tally: DurationTally, kinds: list[int], q: float | None, method: str, level: float | None
) -> tuple[IntArray, FloatArray, FloatArray | None, FloatArray | None]:
    """Return n, the statistic and its interval for every row, a block of rows at a time."""
    n = np.zeros(tally.rows, dtype=np.int64)
    value = np.full(tally.rows, np.nan)
    low, high = np.full(tally.rows, np.nan), np.full(tally.rows, np.nan)
    for rows, block in tally.blocks():
        counts = block[:, kinds[0]] if len(kinds) == 1 else _together(block, kinds)
        if q is None:
            n[rows], total, squares = formulas.cycle_moments(counts)
            with np.errstate(all="ignore"):
                value[rows] = total / n[rows]
            if level is not None:
                variance = formulas.sample_variance(n[rows], total, squares)
                low[rows], high[rows] = formulas.student_t_mean(value[rows], n[rows], variance, level)
            continue
        n[rows] = counts.sum(axis=1)
        value[rows] = formulas.day_quantile(counts, q, quantile_method=method)
        if level is not None and 0 < q < 1:
            below, above = formulas.quantile_interval_ranks(n[rows], q, level)
            low[rows] = formulas.day_at_rank(counts, below)
            high[rows] = formulas.day_at_rank(counts, above)
    ends: tuple[AnyArray | None, AnyArray | None] = (None, None) if level is None else (low, high)
    return n, value, *ends
