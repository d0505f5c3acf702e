"""Did what we expected close? Pushes of the expected close, and what became of the deals due in a period."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import attrs
import numpy as np

from salesmetrics import _check, formulas
from salesmetrics._wide import LIMBS, wide_ints
from salesmetrics.answers import blanked, dated, major, not_tracked, reasons, words
from salesmetrics.arrays import AnyArray, BoolArray, FloatArray, IntArray, Where
from salesmetrics.asking import deal_book
from salesmetrics.books import DealBook, DealHistory, RepBook
from salesmetrics.calendars import DayLike, PeriodLike
from salesmetrics.errors import InvalidArgumentError, InvalidTypeError, MergeError, show
from salesmetrics.keywords import names_keywords
from salesmetrics.results import MetricTable
from salesmetrics.scans import DealScan
from salesmetrics.tallies import PushTally, SlipTally
from salesmetrics.tally import refuse_grouping

__all__ = ["days_slipped", "pull_in", "push_count", "push_out", "slip_rate"]

By = str | tuple[str, ...] | list[str] | None
_DUE = ("due_won", "due_lost", "due_no_decision", "due_out", "due_open")
_LATER = ("later_won", "later_inside", "later_other")
_CLOSED = ("closed_won", "closed_lost", "closed_no_decision")


@names_keywords
def push_count(
    deals: DealBook | DealScan | PushTally,
    history: DealHistory | None = None,
    /,
    *,
    window: PeriodLike | None = None,
    by: By = None,
    where: Where | None = None,
    reps: RepBook | None = None,
    as_of: DayLike | None = None,
) -> MetricTable:
    """Times that an expected close was moved to a later day: how often has this close date moved?

    A count. It adds up over deals and over windows that follow one another.

    Parameters
    ----------
    deals : DealBook, DealScan or PushTally
        The deals, or their tally, which is grouped and dated already.
    history : DealHistory
        Their changes, with ``expected_close``.
    window : Period or Periods, optional
        The days on which a change counts. None is all days; several periods become a label.
    by : str or sequence of str, optional
        Label columns of the deals, or labels that ``reps`` lend, as they are now; "id" is deal by deal.
    where : array of bool or mapping, optional
        The deals to read.
    reps : RepBook, optional
        Lends team, manager and its other labels to ``by``.
    as_of : date or str, optional
        The last day whose changes are known; the book's own by default.

    Returns
    -------
    MetricTable
        Unit ``count``; ``n`` counts the deals pushed at least once. Parts: ``pulls``, changes to an earlier day, and ``deals``,
        all that were read. No changes: 0. No interval: it is a census.

    Notes
    -----
    A push has a date before and a later one after. A date that is cleared, or set for the first time, is none.

    Examples
    --------
    >>> import salesmetrics as sm
    >>> deals = sm.read_deals({"id": ["a"], "outcome": ["open"], "created": ["2026-01-05"]}, as_of="2026-04-30")
    >>> history = sm.read_history({"deal": ["a"] * 4, "date": ["2026-01-05", "2026-03-20", "2026-04-01", "2026-04-10"],
    ...     "expected_close": ["2026-03-31", "2026-04-15", "2026-04-05", "2026-05-10"]})
    >>> sm.push_count(deals, history)["all"].value, sm.days_slipped(deals, history, days="net")["all"].value
    (2.0, 40.0)
    """
    tally = _pushes(deals, history, window, by, where, reps, as_of)
    return _of_pushes(
        "push_count", "count", tally, tally.pushes, tally.pushed, "changes of expected_close to a later day"
    )


@names_keywords
def days_slipped(
    deals: DealBook | DealScan | PushTally,
    history: DealHistory | None = None,
    /,
    *,
    days: Literal["forward", "net"] = "forward",
    window: PeriodLike | None = None,
    by: By = None,
    where: Where | None = None,
    reps: RepBook | None = None,
    as_of: DayLike | None = None,
) -> MetricTable:
    """Days by which expected closes were moved: how far has this close date moved?

    In days, added up over changes and deals.

    Parameters
    ----------
    deals, history, window, by, where, reps, as_of
        As in `push_count`.
    days : {"forward", "net"}
        Only moves to a later day, or those to an earlier day subtracted.

    Returns
    -------
    MetricTable
        Unit ``days``; ``n`` counts the changes that were added up. Parts: ``pushes``, ``pulls``, ``deals``. No changes: 0. No
        interval: it is a census.

    Notes
    -----
    A date that is cleared, or set for the first time, moves by no days.

    Examples
    --------
    >>> import salesmetrics as sm
    >>> deals = sm.read_deals({"id": ["a"], "outcome": ["open"], "created": ["2026-01-05"]}, as_of="2026-04-30")
    >>> history = sm.read_history({"deal": ["a"] * 2, "date": ["2026-01-05", "2026-03-20"],
    ...     "expected_close": ["2026-03-31", "2026-04-15"]})
    >>> sm.days_slipped(deals, history)["all"].value
    15.0
    """
    _check.one_of(days, ("forward", "net"), "days")
    tally = _pushes(deals, history, window, by, where, reps, as_of)
    if days == "forward":
        return _of_pushes("days_slipped", "days", tally, tally.forward, tally.pushes, "days of moves to a later day")
    net, moves = tally.forward - tally.back, tally.pushes + tally.pulls
    return _of_pushes(
        "days_slipped", "days", tally, net, moves, "days of moves to a later day less those to an earlier"
    )


@names_keywords
def slip_rate(
    deals: DealBook | DealScan | SlipTally,
    history: DealHistory | None = None,
    /,
    *,
    period: PeriodLike | None = None,
    by: By = None,
    where: Where | None = None,
    reps: RepBook | None = None,
    as_of: DayLike | None = None,
    at: DayLike | None = None,
    closed: Literal["any", "won"] = "any",
    weight: Literal["count", "amount"] = "count",
    category: str | Sequence[object] | None = None,
    of: Literal["cohort", "closed"] = "cohort",
    negative: Literal["raise", "exclude"] | None = None,
    confidence_level: float | None = 0.95,
) -> MetricTable:
    """Share of the deals expected in the period that had not closed by its end: what share of what we expected did not close?

    A fraction with its interval.

    Parameters
    ----------
    deals : DealBook, DealScan or SlipTally
        The deals, or their tally, which is grouped and dated already.
    history : DealHistory
        Their changes, with ``expected_close``.
    period : Period or Periods
        The days on which deals were expected to close: required. Several periods become a label.
    by : str or sequence of str, optional
        Label columns of the deals, or labels that ``reps`` lend. Owner, stage and forecast category are those of the day
        ``at``, where the history tracks them. "weeks_ahead" is how many whole weeks ahead of its expected close a deal was.
    where : array of bool or mapping, optional
        The deals to read, by their labels as they are now.
    reps : RepBook, optional
        Lends team, manager and its other labels to ``by``.
    as_of : date or str, optional
        The last day whose changes are known: in the call, or the book's own.
    at : date or str, optional
        The day on which the cohort is taken: the deals open at its end. The day before each period by default.
    closed : {"any", "won"}
        What is not a slip: a deal that is decided, whichever way; or one that is won.
    weight : {"count", "amount"}
        Count deals, or add their amounts as they were on the day ``at``.
    category : str or sequence of str, optional
        Only deals that were in these forecast categories on the day ``at``; the history must track them.
    of : {"cohort", "closed"}
        What it is a share of: the deals expected; or the deals closed in the period, whenever expected. That one is a ratio,
        which may exceed 1, and has no interval.
    negative : {"raise", "exclude"}, default "raise"
        With weight "amount": what to do about credits.
    confidence_level : float or None, default 0.95
        Wilson, for amounts on the effective number of deals. None leaves it out.

    Returns
    -------
    MetricTable
        Unit ``fraction``; ``n`` counts the deals below the line. Nothing expected: NaN ``no_rows``. A period that is not over:
        NaN ``period_running``. Amounts that add up to 0: NaN ``zero_denominator``. Parts: ``slipped``, and ``due`` or
        ``closed``.

    Notes
    -----
    `slip_rate` less `push_out` is the share that is still open with a date that was not moved out of the period.

    Examples
    --------
    >>> import salesmetrics as sm
    >>> company = sm.datasets.sample_company(deals=2_000, rng=7)
    >>> quarter = company.calendar.quarter(2026, 2)
    >>> rate = sm.slip_rate(company.deals, company.history, period=quarter)["all"]
    >>> 0 < rate.low < rate.value < rate.high < 1
    True
    """
    _check.one_of(closed, ("any", "won"), "closed")
    _check.one_of(of, ("cohort", "closed"), "of")
    asked = _Asked(period, by, where, reps, as_of, at, weight, category, negative, confidence_level)
    tally = _slips(deals, history, asked)
    slipped = ("due_out", "due_open") if closed == "any" else ("due_lost", "due_no_decision", "due_out", "due_open")
    said = "not closed" if closed == "any" else "not won"
    return _of_slips("slip_rate", "slipped", slipped, of, tally, asked, f"{said} by the end")


@names_keywords
def push_out(
    deals: DealBook | DealScan | SlipTally,
    history: DealHistory | None = None,
    /,
    *,
    period: PeriodLike | None = None,
    by: By = None,
    where: Where | None = None,
    reps: RepBook | None = None,
    as_of: DayLike | None = None,
    at: DayLike | None = None,
    weight: Literal["count", "amount"] = "count",
    category: str | Sequence[object] | None = None,
    of: Literal["cohort", "closed"] = "cohort",
    negative: Literal["raise", "exclude"] | None = None,
    confidence_level: float | None = 0.95,
) -> MetricTable:
    """Share of the deals expected in the period that were moved out of it: what share was moved out?

    A fraction with its interval; never above `slip_rate`.

    Parameters
    ----------
    deals, history, period, by, where, reps, as_of, at, weight, category, of, negative, confidence_level
        As in `slip_rate`.

    Returns
    -------
    MetricTable
        As in `slip_rate`, with the part ``moved_out``.

    Notes
    -----
    Deals of the cohort that are open at the end of the period and expected after it.

    Examples
    --------
    >>> import salesmetrics as sm
    >>> company = sm.datasets.sample_company(deals=2_000, rng=7)
    >>> quarter = company.calendar.quarter(2026, 2)
    >>> out = sm.push_out(company.deals, company.history, period=quarter)["all"]
    >>> out.value <= sm.slip_rate(company.deals, company.history, period=quarter)["all"].value
    True
    """
    _check.one_of(of, ("cohort", "closed"), "of")
    asked = _Asked(period, by, where, reps, as_of, at, weight, category, negative, confidence_level)
    tally = _slips(deals, history, asked)
    return _of_slips("push_out", "moved_out", ("due_out",), of, tally, asked, "open at the end and expected after it")


@names_keywords
def pull_in(
    deals: DealBook | DealScan | SlipTally,
    history: DealHistory | None = None,
    /,
    *,
    period: PeriodLike | None = None,
    by: By = None,
    where: Where | None = None,
    reps: RepBook | None = None,
    as_of: DayLike | None = None,
    at: DayLike | None = None,
    weight: Literal["count", "amount"] = "count",
    negative: Literal["raise", "exclude"] | None = None,
    confidence_level: float | None = 0.95,
) -> MetricTable:
    """Share of the deals expected after the period that came forward into it: what share of later deals came forward?

    A fraction with its interval.

    Parameters
    ----------
    deals, history, period, by, where, reps, as_of, at, weight, negative, confidence_level
        As in `slip_rate`.

    Returns
    -------
    MetricTable
        Unit ``fraction``; ``n`` counts the deals that were open on the day ``at`` and expected after the period. None: NaN
        ``no_rows``. A period that is not over: NaN ``period_running``. Parts: ``came_forward``, ``later``.

    Notes
    -----
    A deal came forward that was won in the period, or is open at its end and expected inside it.

    Examples
    --------
    >>> import salesmetrics as sm
    >>> company = sm.datasets.sample_company(deals=2_000, rng=7)
    >>> later = sm.pull_in(company.deals, company.history, period=company.calendar.quarter(2026, 2))["all"]
    >>> later.n == later.parts["later"]
    True
    """
    asked = _Asked(period, by, where, reps, as_of, at, weight, None, negative, confidence_level)
    tally = _slips(deals, history, asked)
    return _of_slips(
        "pull_in", "came_forward", _LATER[:2], "later", tally, asked, "won in it, or dated inside it at its end"
    )


# --- pushes ----------------------------------------------------------------------------------------------------------


def _pushes(
    deals: DealBook | DealScan | PushTally,
    history: DealHistory | None,
    window: object,
    by: By,
    where: object,
    reps: RepBook | None,
    as_of: object,
) -> PushTally:
    """Return the tally of a book, or the one that was given."""
    if isinstance(deals, PushTally):
        given = {"history": history, "window": window, "by": by, "where": where, "reps": reps, "as_of": as_of}
        refuse_grouping(deals, given)
        return deals
    book, changes = deal_book(deals), _history(history)
    return PushTally.from_book(book, changes, by=by, window=window, where=where, reps=reps, as_of=as_of)


def _history(history: DealHistory | None) -> DealHistory:
    """Return the history, or raise saying how to make one."""
    if isinstance(history, DealHistory):
        return history
    raise InvalidTypeError(
        f"`history` must be a DealHistory; got {show(type(history).__name__)}.",
        code="SM-HIS-01",
        field="history",
        hint="sm.read_history(source) makes one.",
    )


def _of_pushes(name: str, unit: str, tally: PushTally, value: IntArray, n: IntArray, said: str) -> MetricTable:
    """Return sums over pushes."""
    parts = {"pushes": tally.pushes, "pulls": tally.pulls, "deals": tally.deals}
    if name == "push_count":
        del parts["pushes"]
    return MetricTable(
        name=name,
        unit=unit,
        labels=tally.window.cross(tally.labels),
        value=value.reshape(-1).astype(np.float64),
        n=n.reshape(-1),
        reason_code=np.zeros(value.size, dtype=np.int8),
        parts={part: table.reshape(-1) for part, table in parts.items()},
        part_units=dict.fromkeys(parts, "count"),
        definition=words(said, dated(tally.window, "date of the change", tally.as_of_day)),
    )


# --- slips -----------------------------------------------------------------------------------------------------------


@attrs.frozen(eq=False)
class _Asked:
    """What a share of slipped deals is asked with."""

    period: object
    by: By
    where: object
    reps: RepBook | None
    as_of: object
    at: object
    weight: str
    category: str | Sequence[object] | None
    negative: str | None
    level: float | None = attrs.field(converter=_check.level)

    def __attrs_post_init__(self) -> None:
        _check.one_of(self.weight, ("count", "amount"), "weight")
        if self.negative is not None and self.weight == "count":
            raise InvalidArgumentError(
                f"`negative` must not be given with weight 'count', which reads no amounts; got {show(self.negative)}.",
                code="SM-SLP-05",
                field="negative",
                values=[self.negative],
            )


def _slips(deals: DealBook | DealScan | SlipTally, history: DealHistory | None, asked: _Asked) -> SlipTally:
    """Return the tally of a book, or the one that was given."""
    if isinstance(deals, SlipTally):
        names = ("period", "by", "where", "reps", "as_of", "at", "category", "negative")
        refuse_grouping(deals, {"history": history} | {name: getattr(asked, name) for name in names})
        if asked.weight == "amount" and deals.amount is None:
            raise MergeError(
                "the tally must hold amounts for weight 'amount'; got one of counts only.",
                code="SM-TLY-07",
                field="measures",
                hint="SlipTally.from_book(..., measures=('count', 'amount')).",
            )
        return deals
    return SlipTally.from_book(
        deal_book(deals),
        _history(history),
        period=asked.period,
        by=asked.by,
        where=asked.where,
        reps=asked.reps,
        as_of=asked.as_of,
        at=asked.at,
        category=asked.category,
        measures=("count",) if asked.weight == "count" else ("count", "amount"),
        negative=asked.negative or "raise",
    )


def _of_slips(
    name: str, part: str, above: Sequence[str], of: str, tally: SlipTally, asked: _Asked, said: str
) -> MetricTable:
    """Return a share of the deals of some kinds among those below the line."""
    if of == "closed" and "weeks_ahead" in tally.by:
        raise InvalidArgumentError(
            "`of` must be 'cohort' by weeks ahead, which deals that closed do not have; got 'closed'.",
            code="SM-SLP-06",
            field="of",
            values=[of],
        )
    below = {"cohort": _DUE, "later": _LATER, "closed": _CLOSED}[of]
    up, down = ([tally.kinds.index(kind) for kind in kinds] for kinds in (above, below))
    cohort = [tally.kinds.index(kind) for kind in (_LATER if of == "later" else _DUE)]
    read = tally.count[:, :, [*cohort, *down]].any(axis=(1, 2)) if tally.by else np.ones(1, dtype=bool)
    rows = np.flatnonzero(read)
    size = len(rows) * tally.window.size

    def added_up(table: IntArray | None, kinds: list[int]) -> IntArray:
        assert table is not None
        total: IntArray = table[rows][:, :, kinds].sum(axis=2).reshape(size)
        return total

    money = asked.weight == "amount"
    table = tally.amount if money else tally.count
    top, whole = added_up(table, up), added_up(table, down)
    n = added_up(tally.priced if money else tally.count, down)
    running = np.tile(_running(tally), len(rows))
    reason = reasons(size, ("period_running", running), ("no_rows", n == 0), ("zero_denominator", whole == 0))
    rule = {"slip_rate": formulas.slip_rate, "push_out": formulas.push_out, "pull_in": formulas.pull_in}[name]
    low, high = (None, None) if of == "closed" else _interval(tally, rows, down, top, whole, n, asked, running)
    shown = {"cohort": "due", "later": "later", "closed": "closed"}[of]
    parts: dict[str, AnyArray] = {part: top, shown: whole}
    if money:
        parts = {key: major(values, tally.scale) for key, values in parts.items()}
    return MetricTable(
        name=name,
        unit="fraction",
        labels=tally.window.cross(tally.labels.take(rows)),
        value=blanked(rule(top, whole), reason),
        n=n,
        reason_code=reason,
        low=low,
        high=high,
        parts=parts,
        part_units=dict.fromkeys(parts, "money" if money else "count"),
        left_out=_left_out(tally, [*up, *down], money),
        definition=_definition(tally, said, of, asked.weight),
        notes=not_tracked(
            (n, k) for n, k in zip(tally.silent, tally.untold.tolist(), strict=True) if money or n != "amount"
        ),
        scale=tally.scale,
        currency=tally.currency,
    )


def _running(tally: SlipTally) -> BoolArray:
    """Return True for the periods that are not over."""
    periods = tally.window.periods
    assert periods is not None
    running: BoolArray = np.array([period.end_day - 1 > tally.as_of_day for period in periods], dtype=bool)
    return running


def _interval(
    tally: SlipTally,
    rows: IntArray,
    below: list[int],
    top: IntArray,
    whole: IntArray,
    n: IntArray,
    asked: _Asked,
    running: BoolArray,
) -> tuple[FloatArray | None, FloatArray | None]:
    """Return the Wilson interval; none beside a period that is still running."""
    if asked.level is None:
        return None, None
    if asked.weight == "count":
        low, high = formulas.wilson(top, n, asked.level)
    else:
        assert tally.squares is not None
        limbs = tally.squares[rows][:, :, below].reshape(-1, LIMBS)
        squares = np.array(wide_ints(limbs), dtype=np.float64).reshape(len(top), len(below)).sum(axis=1)
        effective = np.where(whole > 0, formulas.effective_n(whole, squares), 0.0)
        with np.errstate(all="ignore"):
            share = np.where(whole > 0, top / whole, 0.0)
        low, high = formulas.wilson(share * effective, effective, asked.level)
    return np.where(running, np.nan, low), np.where(running, np.nan, high)


def _left_out(tally: SlipTally, kinds: list[int], money: bool) -> dict[str, int]:
    """Return the deals that were read and do not count, by cause."""
    if not money or tally.priced is None:
        return {}
    kinds = sorted(set(kinds))
    missing = int((tally.count - tally.priced)[:, :, kinds].sum())
    return {"no amount" if tally.negative == "raise" else "no amount, or a credit": missing}


def _definition(tally: SlipTally, said: str, of: str, weight: str) -> str:
    """Return cohort, day and weight in words."""
    below = {"cohort": "due in the period", "later": "due after it", "closed": "closed in it, whenever due"}[of]
    taken = (
        f"cohort open on {_check.date_of(tally.at_days[0])}" if len(tally.at_days) == 1 else "cohorts of the day before"
    )
    return words(
        f"{said} / {below}, by {weight}",
        taken,
        None if tally.category is None else f"in {', '.join(map(str, tally.category))}",
        dated(tally.window, "expected_close", tally.as_of_day),
    )
