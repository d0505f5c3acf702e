"""What share is won by when, and how long does it take? Open deals are kept in."""

from __future__ import annotations

from typing import Literal

import numpy as np

from salesmetrics import _check, formulas
from salesmetrics.answers import dated, words
from salesmetrics.arrays import Where
from salesmetrics.books import DealBook, RepBook
from salesmetrics.calendars import DayLike, PeriodLike
from salesmetrics.cohorts import CLOSED, Followed, cohort, followed
from salesmetrics.curves import CurveTable
from salesmetrics.errors import InvalidArgumentError, MergeError, show
from salesmetrics.keywords import names_keywords
from salesmetrics.scans import DealScan
from salesmetrics.tallies import DurationTally

__all__ = ["cycle_curve", "win_rate_curve"]

By = str | tuple[str, ...] | list[str] | None


@names_keywords
def win_rate_curve(
    deals: DealBook | DealScan | DurationTally,
    /,
    *,
    by: By = None,
    period: PeriodLike | None = None,
    where: Where | None = None,
    reps: RepBook | None = None,
    as_of: DayLike | None = None,
    entry: object = None,
    weight: Literal["count", "amount"] | None = None,
    negative: Literal["raise", "exclude"] | None = None,
    confidence_level: float | None = 0.95,
) -> CurveTable:
    """Share of deals won by age: what share do we win, the open ones included?

    Aalen-Johansen curves: a loss and a close without a decision compete with a win, open deals are censored at their age on
    ``as_of``. Won, lost, no decision and still open add up to 1 at every age. This is the win rate by time to event.

    Parameters
    ----------
    deals : DealBook, DealScan or DurationTally
        The deals, or a tally with basis "created", which is grouped and dated already.
    by : str or sequence of str, optional
        Label columns of the deals, or labels that ``reps`` lend. None is one curve, "all".
    period : Period or Periods, optional
        The days of ``created`` that make the cohort. None is all days.
    where : array of bool or mapping, optional
        The deals to read.
    reps : RepBook, optional
        Lends team, manager and its other labels to ``by``.
    as_of : date or str, optional
        The day of the snapshot; the book's own day by default, and required where it has none.
    entry : date or str, or array of int, optional
        The day on which the data start, where they hold only deals that were still open then: a deal created before comes
        under observation at its age on that day (left truncation), one closed before is left out and counted. An array has
        the age of entry of each deal, in whole days. None: every deal was watched from its creation.
    weight : {"count", "amount"}, default "count"
        Count deals, or add their amounts: the share of money won by each age.
    negative : {"raise", "exclude"}, default "raise"
        With weight "amount": what to do about credits.
    confidence_level : float or None, default 0.95
        Intervals by the delta method on the log-log scale, NaN where weight is "amount"; None leaves them out.

    Returns
    -------
    CurveTable
        One curve for each group. ``.at(days)`` is the win rate within so many days of creation, ``.final`` that at the
        longest follow-up, ``.median`` the age by which half have closed. Unit ``fraction``; ``n`` counts the cohort. Beyond
        the longest follow-up, while deals are open, and beyond an age at which none was under observation:
        NaN ``not_observed``. Amounts that add up to 0: ``zero_denominator``.

    Notes
    -----
    In a simulated book with a true rate of 0.30, 0.260 within 180 days and 0.292 within 360, these curves gave 0.258 and
    0.292, where `win_rate` gave 0.43 (closed in the last 90 days) and 0.14 (created in the last 180).

    With ``entry`` few deals are at risk at young ages, and one close among few moves the whole curve: look at ``at_risk``.

    Examples
    --------
    >>> import salesmetrics as sm
    >>> deals = sm.read_deals({"created": ["2026-01-01"] * 5, "outcome": ["won", "won", "lost", "open", "open"],
    ...                        "closed": ["2026-01-11", "2026-01-31", "2026-01-21", None, None]}, as_of="2026-02-10")
    >>> sm.win_rate_curve(deals).at(30)["all"].value
    0.4
    """
    tally = cohort(deals, by, period, where, reps, as_of, entry, weight, negative)
    level = _check.level(confidence_level)
    tables = followed(tally, CLOSED)
    counted = tables if tally.weight == "count" else followed(tally, CLOSED, counts=True)
    what = f"won by age, by {tally.weight}, other ends compete, open deals censored"
    return _curves(
        "win_rate_curve",
        tally,
        counted,
        formulas.aalen_johansen(tables.events, tables.censored, entered=tables.entered),
        level,
        what,
        CLOSED,
    )


@names_keywords
def cycle_curve(
    deals: DealBook | DealScan | DurationTally,
    /,
    *,
    by: By = None,
    period: PeriodLike | None = None,
    where: Where | None = None,
    reps: RepBook | None = None,
    as_of: DayLike | None = None,
    outcome: Literal["closed", "won", "lost"] = "closed",
    within: int | None = None,
    entry: object = None,
    confidence_level: float | None = 0.95,
) -> CurveTable:
    """Share of deals still open by age: how long do deals take, the open ones included?

    Kaplan-Meier curves of the time from creation to any close; open deals are censored at their age on ``as_of``. With
    ``outcome="won"`` and a horizon, the time to a win of the deals that are won by it. This is the cycle by time to event.

    Parameters
    ----------
    deals : DealBook, DealScan or DurationTally
        The deals, or a tally with basis "created".
    by, where, reps
        As in `cycle_length`.
    period : Period or Periods, optional
        The days of ``created`` that make the cohort. None is all days.
    as_of : date or str, optional
        The day of the snapshot; the book's own day by default, and required where it has none.
    outcome : {"closed", "won", "lost"}, default "closed"
        The time to any close, or to this one.
    within : int, optional
        The horizon in days, required with outcome "won" or "lost" and read with no other: some deals never end so.
    entry : date or str, or array of int, optional
        As in `win_rate_curve`.
    confidence_level : float or None, default 0.95
        Intervals on the log-log scale; None leaves them out. Times to a win have none.

    Returns
    -------
    CurveTable
        One curve for each group, with ``.median``, ``.quantile(q)``, ``.restricted_mean(within)`` and ``.at(days)``; with
        an outcome, ``.mean`` in place of the restricted one. A median that is not reached is NaN ``not_reached``, with n
        above 0; a horizon that nobody was watched to is ``not_observed``.

    Raises
    ------
    InvalidArgumentError
        ``within`` and ``outcome`` do not fit each other.
    MergeError
        The tally holds amounts, where a cycle counts deals.

    Examples
    --------
    >>> import salesmetrics as sm
    >>> deals = sm.read_deals({"created": ["2026-01-01"] * 3, "closed": ["2026-01-11", "2026-01-31", None],
    ...                        "outcome": ["won", "lost", "open"]}, as_of="2026-03-01")
    >>> sm.cycle_curve(deals).median["all"].value
    30.0
    >>> sm.cycle_curve(deals, outcome="won", within=30).mean["all"].value
    10.0
    """
    _check.one_of(outcome, ("closed", "won", "lost"), "outcome")
    horizon = _horizon(outcome, within)
    tally = cohort(deals, by, period, where, reps, as_of, entry, None, None)
    if tally.weight != "count":
        raise MergeError("the tally must count deals for a cycle; got one by amount.", code="SM-TLY-20", field="weight")
    level = _check.level(confidence_level)
    if outcome != "closed":
        order = (outcome, *(end for end in CLOSED if end != outcome))
        tables = followed(tally, order)
        curve = formulas.aalen_johansen(tables.events, tables.censored, entered=tables.entered)
        what = "other ends compete, open deals censored"
        return _curves("cycle_curve", tally, tables, curve, level, what, order, horizon)
    tables = followed(tally, CLOSED, together=True)
    happened = tables.events[:, 0]
    return _curves(
        "cycle_curve",
        tally,
        tables,
        formulas.kaplan_meier(happened, tables.censored, entered=tables.entered),
        level,
        "time to any close, open deals censored",
        ("closed",),
    )


def _curves(
    name: str,
    tally: DurationTally,
    counted: Followed,
    curve: formulas.SurvivalCurve | formulas.IncidenceCurve,
    level: float | None,
    what: str,
    outcomes: tuple[str, ...],
    within: int | None = None,
) -> CurveTable:
    """Return the curves of a tally with what they rest on."""
    since = None
    if tally.entry is not None:
        day = "their own age" if isinstance(tally.entry, str) else f"{_check.date_of(tally.entry)} where created before"
        since = f"under observation from {day}"
    return CurveTable(
        name=name,
        labels=tally.window.cross(tally.labels),
        n=counted.events.sum(axis=(1, 2)) + counted.censored.sum(axis=1),
        events=counted.events[:, 0].sum(axis=1),
        curve=curve,
        confidence_level=level,
        left_out=tally.unread(),
        definition=words(what, since, dated(tally.window, "created", tally.as_of_day)),
        notes=_notes(curve) if tally.entry is not None else (),
        outcomes=outcomes,
        within=within,
        weight=tally.weight,
        scale=0 if tally.priced_in is None else tally.priced_in[1],
    )


def _notes(curve: formulas.SurvivalCurve | formulas.IncidenceCurve) -> tuple[str, ...]:
    """Return what late entry did to curves: ages that nobody was watched at, and curves that ended on too few."""
    watched = curve.at_risk > 0
    last = watched.shape[1] - watched[:, ::-1].argmax(axis=1)
    gaps = int(np.count_nonzero(watched.any(axis=1) & (watched.sum(axis=1) < last)))
    ended = (curve.survival == 0) & watched
    ended[:, 1:] &= curve.survival[:, :-1] == 0
    early = int(np.count_nonzero(ended.any(axis=1)))
    notes = []
    if gaps:
        notes.append(f"{gaps:,} of {len(watched):,} curves stop at an age at which no deal was under observation.")
    if early:
        notes.append(
            f"{early:,} of {len(watched):,} curves came to an end on few deals while older ones were still open."
        )
    return tuple(notes)


def _horizon(outcome: str, within: int | None) -> int | None:
    """Return the horizon that a time to one outcome needs, and a time to any close does not read."""
    if outcome == "closed" and within is not None:
        raise InvalidArgumentError(
            f"`within` must not be given with outcome 'closed'; got {show(within)}.",
            code="SM-ARG-69",
            field="within",
            values=[within],
            hint="cycle_curve(deals).restricted_mean(within) has a horizon, the median needs none.",
        )
    if outcome != "closed" and within is None:
        raise InvalidArgumentError(
            f"`within` must be given with outcome {show(outcome)}; got None.",
            code="SM-ARG-70",
            field="within",
            hint=f"some deals are never {outcome}: within=360 asks for the time of those that are within 360 days.",
        )
    return None if within is None else _check.count(within, "within")
