"""What share do we win?"""

from __future__ import annotations

from typing import Literal

import numpy as np

from salesmetrics import _check, formulas
from salesmetrics._wide import LIMBS, wide_ints
from salesmetrics.answers import blanked, dated, major, reasons, words
from salesmetrics.arrays import AnyArray, BoolArray, FloatArray, IntArray, Where
from salesmetrics.asking import deal_book
from salesmetrics.books import DealBook, RepBook
from salesmetrics.calendars import DayLike, PeriodLike
from salesmetrics.errors import InvalidArgumentError, InvalidDataError, MergeError, show
from salesmetrics.keywords import names_keywords
from salesmetrics.results import MetricTable
from salesmetrics.scans import DealScan
from salesmetrics.tallies import OutcomeTally
from salesmetrics.tally import refuse_grouping

__all__ = ["win_rate"]

By = str | tuple[str, ...] | list[str] | None
_OPEN, _WON, _LOST, _NO_DECISION = range(4)


@names_keywords
def win_rate(
    deals: DealBook | DealScan | OutcomeTally,
    /,
    *,
    by: By = None,
    period: PeriodLike | None = None,
    where: Where | None = None,
    reps: RepBook | None = None,
    as_of: DayLike | None = None,
    basis: Literal["closed", "created", "open_at"] | None = None,
    weight: Literal["count", "amount"] = "count",
    losses: Literal["narrow", "broad"] = "narrow",
    within: int | None = None,
    at: DayLike | None = None,
    immature: Literal["note", "raise", "allow"] = "note",
    negative: Literal["raise", "exclude"] | None = None,
    interval: Literal["wilson", "exact"] = "wilson",
    confidence_level: float | None = 0.95,
) -> MetricTable:
    """Share of deals won: what share do we win?

    Also called closing ratio, conversion, yield. A fraction with its interval.

    Parameters
    ----------
    deals : DealBook, DealScan or OutcomeTally
        The deals, or their tally, which is grouped and dated already.
    by : str or sequence of str, optional
        Label columns of the deals, or labels that ``reps`` lend. None is one row, "all".
    period : Period or Periods, optional
        The days that count, of the date that ``basis`` names; several periods become a label. None is all days.
    where : array of bool or mapping, optional
        The deals to read.
    reps : RepBook, optional
        Lends team, manager and its other labels to ``by``.
    as_of : date or str, optional
        The last day whose events are known; the book's own day by default.
    basis : {"closed", "created", "open_at"}, default "closed"
        Which deals: ``"closed"``, those closed in the period, won / (won + lost). ``"created"``, the cohort created in it,
        won by ``as_of`` / all, open ones counted as not won. ``"open_at"``, those open on the day ``at`` and expected to
        close in the period, won inside it / all.
    weight : {"count", "amount"}
        Count deals, or add their amounts.
    losses : {"narrow", "broad"}
        Lost, or lost and closed without a decision; read by basis "closed" only.
    within : int, optional
        With basis "created": only deals at least that many days old, and wins within those days of creation.
    at : date or str, optional
        With basis "open_at": the day the cohort is taken; the day before the period by default.
    immature : {"note", "raise", "allow"}
        What to do about a created cohort that still holds open deals.
    negative : {"raise", "exclude"}, default "raise"
        With weight "amount": what to do about credits.
    interval : {"wilson", "exact"}
        Wilson, or Clopper-Pearson (counts only). Amounts use Wilson on the effective number of deals.
    confidence_level : float or None, default 0.95
        None leaves the interval out.

    Returns
    -------
    MetricTable
        Unit ``fraction``; ``n`` counts the deals in the denominator. None of them: NaN ``no_rows``, interval (0, 1). Amounts
        that add up to 0: NaN ``zero_denominator``. A period that is not over at ``as_of`` (basis "open_at"): NaN
        ``period_running``. Parts: ``won`` and ``lost``, counts or money.

    Raises
    ------
    InvalidArgumentError
        ``losses`` "broad" with a cohort, ``interval`` "exact" with amounts, or an argument that the basis does not
        read.
    InvalidDataError
        With ``immature`` "raise", a cohort that still holds open deals.

    Notes
    -----
    Basis "closed" reads high when creation grows or wins close sooner than losses; "created" reads low while deals are open.
    In a simulated book with a true rate of 0.30 the first gave 0.43 over the last 90 days, the second 0.14 over the last 180.
    `win_rate_curve` follows deals by age and treats open ones as what they are: not decided yet.

    Examples
    --------
    >>> import salesmetrics as sm
    >>> deals = sm.read_deals({"outcome": ["won"] * 3 + ["lost"] * 7, "closed": ["2026-01-15"] * 10})
    >>> rate = sm.win_rate(deals)["all"]
    >>> rate.value, rate.n, round(rate.low, 4), round(rate.high, 4)
    (0.3, 10, 0.1078, 0.6032)
    """
    _check.one_of(weight, ("count", "amount"), "weight")
    _check.one_of(losses, ("narrow", "broad"), "losses")
    _check.one_of(immature, ("note", "raise", "allow"), "immature")
    _check.one_of(interval, ("wilson", "exact"), "interval")
    level = _check.level(confidence_level)
    asked: object = basis
    if asked == "time_to_event":
        raise InvalidArgumentError(
            "`basis` must be 'closed', 'created' or 'open_at' in win_rate; got 'time_to_event'.",
            code="SM-ARG-67",
            field="basis",
            values=[basis],
            hint=f"win_rate_curve(deals, as_of=...).at({within if isinstance(within, int) else 360}) is the rate within so "
            "many days, open deals kept in.",
        )
    if interval == "exact" and weight == "amount":
        raise InvalidArgumentError(
            "`interval` must be 'wilson' with weight 'amount'; got 'exact'.", code="SM-ARG-48", field="interval"
        )
    if isinstance(deals, OutcomeTally):
        given = {"by": by, "period": period, "where": where, "reps": reps, "as_of": as_of}
        refuse_grouping(deals, given | {"basis": basis, "within": within, "at": at, "negative": negative})
        tally = deals
    else:
        measures = (
            ("count",) if weight == "count" else ("count", "amount") + (("squares",) if level is not None else ())
        )
        tally = OutcomeTally.from_book(
            deal_book(deals),
            by=by,
            period=period,
            where=where,
            reps=reps,
            as_of=as_of,
            basis=basis or "closed",
            within=within,
            at=at,
            measures=measures,
            negative=negative or "raise",
        )
    if losses == "broad" and tally.basis != "closed":
        raise InvalidArgumentError(
            f"`losses` must be 'narrow' with basis {show(tally.basis)}; got 'broad'.",
            code="SM-ARG-31",
            field="losses",
            hint="every deal of a cohort is in the denominator already.",
        )
    return _answer(tally, weight, losses, immature, interval, level)


def _answer(
    tally: OutcomeTally, weight: str, losses: str, immature: str, interval: str, level: float | None
) -> MetricTable:
    """Return the rate of a tally."""
    below = _denominator(tally.basis, losses)
    size = len(tally.labels) * tally.window.size
    counted = tally.count if weight == "count" else _needed(tally.priced, weight)
    n = counted.reshape(size, 4)[:, below].sum(axis=1)
    table = (tally.count if weight == "count" else _needed(tally.amount, weight)).reshape(size, 4)
    won = table[:, _WON]
    whole = table[:, below].sum(axis=1)
    running = np.full(size, _running(tally))
    reason = reasons(size, ("period_running", running), ("no_rows", n == 0), ("zero_denominator", whole == 0))
    rate = blanked(formulas.win_rate(won, whole - won), reason)
    low, high = _interval(tally, below, won, whole, n, weight, interval, level, running)
    units = "count" if weight == "count" else "money"
    parts = {"won": won, "lost": whole - won}
    if weight == "amount":
        parts = {name: major(values, tally.scale) for name, values in parts.items()}
    return MetricTable(
        name="win_rate",
        unit="fraction",
        labels=tally.window.cross(tally.labels),
        value=rate,
        n=n,
        reason_code=reason,
        low=low,
        high=high,
        parts=parts,
        part_units=dict.fromkeys(parts, units),
        left_out=_left_out(tally, below, weight),
        definition=_definition(tally, weight, losses),
        notes=_notes(tally, immature),
        scale=tally.scale,
        currency=tally.currency,
    )


def _denominator(basis: str, losses: str) -> list[int]:
    """Return the outcomes that stand below the line."""
    if basis != "closed":
        return [_OPEN, _WON, _LOST, _NO_DECISION]
    return [_WON, _LOST] if losses == "narrow" else [_WON, _LOST, _NO_DECISION]


def _needed(table: IntArray | None, weight: str) -> IntArray:
    """Return a table that the weight needs, or raise where the tally was made without."""
    if table is None:
        raise MergeError(
            f"the tally must hold amounts for weight {show(weight)}; got one of counts only.",
            code="SM-TLY-07",
            field="measures",
            hint="OutcomeTally.from_book(..., measures=('count', 'amount', 'squares')).",
        )
    return table


def _running(tally: OutcomeTally) -> bool:
    """Return True where basis "open_at" asks about a period that is not over."""
    if tally.basis != "open_at" or tally.window.periods is None:
        return False
    return tally.as_of_day is None or tally.as_of_day < tally.window.periods[0].end_day - 1


def _interval(
    tally: OutcomeTally,
    below: list[int],
    won: IntArray,
    whole: IntArray,
    n: IntArray,
    weight: str,
    interval: str,
    level: float | None,
    running: BoolArray,
) -> tuple[FloatArray | None, FloatArray | None]:
    """Return the interval asked for; none beside a period that is still running."""
    if level is None:
        return None, None
    if weight == "count":
        rule = formulas.wilson if interval == "wilson" else formulas.clopper_pearson
        low, high = rule(won, n, level)
    else:
        limbs = _needed(tally.squares, weight).reshape(len(won), 4, LIMBS)[:, below]
        squares = np.array(wide_ints(limbs), dtype=np.float64).reshape(len(won), len(below)).sum(axis=1)
        effective: AnyArray = formulas.effective_n(whole, squares)
        effective = np.where(whole > 0, effective, 0.0)
        with np.errstate(all="ignore"):
            share = np.where(whole > 0, won / whole, 0.0)
        low, high = formulas.wilson(share * effective, effective, level)
    return np.where(running, np.nan, low), np.where(running, np.nan, high)


def _left_out(tally: OutcomeTally, below: list[int], weight: str) -> dict[str, int]:
    """Return what was read and not used, by cause."""
    out = {}
    if _NO_DECISION not in below:
        out["closed without a decision"] = int(tally.count[..., _NO_DECISION].sum())
    counts = dict(zip(tally.causes, tally.left_out.tolist(), strict=True))
    if tally.basis == "created":
        out |= {cause: counts[cause] for cause in tally.causes[:2]}
    if tally.basis == "open_at":
        out[tally.causes[2]] = counts[tally.causes[2]]
    if weight == "amount" and tally.priced is not None:
        out["no amount" if tally.negative == "raise" else "no amount, or a credit"] = int(
            (tally.count - tally.priced)[..., below].sum()
        )
    return out


def _definition(tally: OutcomeTally, weight: str, losses: str) -> str:
    """Return basis, weight and window in words."""
    what = {
        "closed": "won / (won + lost)" if losses == "narrow" else "won / (won + lost + no decision)",
        "created": "won / all created" if tally.within is None else f"won within {tally.within} days / all that old",
        "open_at": "won in the period / open and due in it",
    }[tally.basis]
    column = {"closed": "closed", "created": "created", "open_at": "expected_close"}[tally.basis]
    taken = None if tally.at_day is None else f"open on {_check.date_of(tally.at_day)}"
    return words(f"{what}, by {weight}", taken, dated(tally.window, column, tally.as_of_day))


def _notes(tally: OutcomeTally, immature: str) -> tuple[str, ...]:
    """Return the note of a cohort that is not decided yet, or raise where that was asked for."""
    still_open = int(tally.count[..., _OPEN].sum())
    if tally.basis != "created" or not still_open or immature == "allow" or tally.within is not None:
        return ()
    sentence = f"{still_open:,} of {int(tally.count.sum()):,} deals of the cohort are still open: the rate will rise."
    if immature == "raise":
        raise InvalidDataError(
            f"the cohort must be decided with immature='raise'; got {still_open} open deals.",
            code="SM-IMM-01",
            field="immature",
            hint="win_rate_curve follows deals by age; immature='note' says so in the result.",
        )
    return (sentence,)
