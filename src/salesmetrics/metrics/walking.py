"""Why did the pipeline change? Opening, what came, what changed, what went, closing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from salesmetrics import _check
from salesmetrics.answers import blanked, major, not_tracked, reasons, words
from salesmetrics.arrays import Where
from salesmetrics.asking import deal_book, whole_book
from salesmetrics.books import DealBook, DealHistory, RepBook
from salesmetrics.calendars import DayLike, PeriodLike
from salesmetrics.errors import InvalidArgumentError, InvalidTypeError, show
from salesmetrics.keywords import names_keywords
from salesmetrics.labels import Levels
from salesmetrics.results import MetricTable
from salesmetrics.scans import DealScan
from salesmetrics.tallies import WalkTally
from salesmetrics.tally import refuse_grouping

__all__ = ["pipeline_walk"]

By = str | tuple[str, ...] | list[str] | None


@names_keywords
def pipeline_walk(
    deals: DealBook | DealScan | DealHistory | WalkTally,
    history: DealHistory | DealBook | None = None,
    /,
    *,
    period: PeriodLike | None = None,
    t0: DayLike | None = None,
    t1: DayLike | None = None,
    due: object = None,
    min_stage: object = None,
    owners: Sequence[object] | None = None,
    by: By = None,
    where: Where | None = None,
    reps: RepBook | None = None,
    as_of: DayLike | None = None,
) -> MetricTable:
    """Money that came into the pipeline, changed in it and went out of it between two days: why did the pipeline change?

    Also called waterfall, bridge, flow. Money, an exact sum for each bucket, which add up from ``opening`` to ``closing`` to
    the minor unit, for every row of ``by`` and in total.

    Parameters
    ----------
    deals : DealBook, DealScan, DealHistory or WalkTally
        The deals, or their tally, which is grouped and dated already. With a second book in the place of ``history``, the
        book of the earlier day. A history alone does where nothing but its changes is known of the deals.
    history : DealHistory or DealBook
        The changes of the deals; or the book of the later day, for those who have two snapshots and no history.
    period : Period or Periods, optional
        Sets the two days, the one before it and its last, and ``due``. Several periods become a label. A period that is not
        over is walked as far as it is known.
    t0, t1 : date or str, optional
        The two days, where no period is given: how deals stood at the end of each is compared. With two books, their own.
    due : Period or "any", optional
        Only deals expected to close in it, overdue ones among them. The period itself by default; "any", or no period, is
        every deal whatever its date.
    min_stage : str, optional
        Only deals in this stage or a later one.
    owners : str or sequence of str, optional
        Only deals of these reps.
    by : str or sequence of str, optional
        Label columns of the deals, or labels that ``reps`` lend. "rep", what reps lend and "stage" go by the owner and the
        stage that a deal had on each day; all other labels stand still.
    where : array of bool or mapping, optional
        The deals to read, by their labels as they are now. With two books, or a history alone, a mapping: by their labels on
        the second day.
    reps : RepBook, optional
        Lends team, manager and its other labels to ``by``, as they were on either day; a rep who changes teams in between
        takes the open deals along, by transfers.
    as_of : date or str, optional
        The last day whose changes are known; the book's own by default.

    Returns
    -------
    MetricTable
        Unit ``money``; labels those of ``by``, the period and "bucket"; ``n`` counts the deals of each bucket. A bucket
        without deals: 0 with n = 0. A period that has not begun: NaN ``not_started``. No interval: it is a census.

        ======================  ========================================================================================
        opening                 in scope on the first day: open, due, from ``min_stage`` on, of ``owners``
        new                     created after it, up to the second day
        appeared                created earlier, but not in the first book
        reopened                was closed
        transferred_in          came from another owner
        stage_in                came from an earlier stage (or, by stage, from another one)
        dated_in                had no expected close
        pulled_in, pushed_in    was expected later; earlier
        priced, unpriced        got its amount; lost it
        redenominated           changed its source currency (``source_currency`` of a history, ``currency`` of two books)
        sign_changed            from a deal to a credit or back
        increased, decreased    amount
        deleted                 not in the second book
        won, lost, no_decision  closed
        transferred_out         went to another owner
        stage_out               fell back before ``min_stage`` (or, by stage, went to another one)
        undated_out             has no expected close any more
        pushed_out, pulled_out  is expected later; earlier
        closing                 in scope on the second day
        ======================  ========================================================================================

        Of entries, of changes and of exits each deal takes the first that fits, in the order of the definition: entries as
        above; priced to decreased; deleted to pulled_out.

    Raises
    ------
    InvalidArgumentError
        Neither a period nor two days; days in the wrong order or not known yet; a label that moves and has no bucket.
    InvalidDataError
        The history contradicts the book, or the buckets of a tally do not add up.

    Notes
    -----
    Entries and exits count at the amount of the second day (or at closing), changes are its difference to the first; exits
    are negative. A deal that came after the first day and closed by the second passes through: one entry, one exit, provided
    that it closed in ``due``; so ``won`` is what those deals' owners booked. Only the two days count: what was lost and
    reopened in between shows no movement.

    Grouped by owner or stage, a deal that has another one at the second day is taken out of its group and into the other
    before anything else happens to it, so every other bucket adds up over the groups. ``owners=`` looks at those reps alone:
    there a deal that was handed over and then won is ``won`` for the first owner too.

    What the history does not track is known only of deals that have not changed since, for today's value would be a look
    ahead: a walk of a history of stages alone begins with deals without amounts and dates. A note counts them; two books, or
    ``due="any"``, need no dates of the past.

    A history alone answers what two books by ``history.as_of`` of the two days do, in a fifth of the time: it looks up only
    the deals that are open on one of the days or have moved in between. A deal is created by its first change.

    The buckets of two periods in a row need not add up to those of both together; the net change does.

    Examples
    --------
    >>> import salesmetrics as sm
    >>> old = sm.read_deals({"id": ["a", "b"], "amount": [20_000, 5_000], "outcome": ["open", "open"],
    ...     "created": ["2026-01-05", "2026-02-01"], "closed": [None, None]}, as_of="2026-03-31")
    >>> new = sm.read_deals({"id": ["a", "b"], "amount": [15_000, 5_000], "outcome": ["open", "won"],
    ...     "created": ["2026-01-05", "2026-02-01"], "closed": [None, "2026-04-20"]}, as_of="2026-04-30")
    >>> walk = sm.pipeline_walk(old, new)
    >>> [walk[bucket].value for bucket in ("opening", "decreased", "won", "closing")]
    [25000.0, -5000.0, -5000.0, 15000.0]
    """
    asked = {"period": period, "t0": t0, "t1": t1, "due": due, "min_stage": min_stage, "owners": owners, "by": by}
    if isinstance(deals, WalkTally):
        refuse_grouping(deals, {"history": history, **asked, "where": where, "reps": reps, "as_of": as_of})
        deals.check()
        return _answer(deals)
    if isinstance(deals, DealHistory):
        _refuse_second(history)
        return _answer(
            WalkTally.from_history(
                deals,
                period=period,
                t0=t0,
                t1=t1,
                due=due,
                min_stage=min_stage,
                owners=owners,
                by=by,
                where=where,
                reps=reps,
                as_of=as_of,
            )
        )
    book = deal_book(deals)
    if isinstance(history, DealBook):
        book = whole_book(deals, "a walk between two books, whose deals are paired")
        for name, value in (("period", period), ("as_of", as_of)):
            if value is not None:
                raise InvalidArgumentError(
                    f"`{name}` must not be given with two books, which are taken on two days; got {show(value)}.",
                    code="SM-WLK-09",
                    field=name,
                    values=[value],
                    hint="t0= and t1= say which days; due= which expected days count.",
                )
        return _answer(
            WalkTally.from_books(
                book, history, t0=t0, t1=t1, due=due, min_stage=min_stage, owners=owners, by=by, where=where, reps=reps
            )
        )
    if not isinstance(history, DealHistory):
        raise InvalidTypeError(
            f"`history` must be a DealHistory, or the book of a later day; got {show(type(history).__name__)}.",
            code="SM-WLK-10",
            field="history",
            hint="sm.read_history(source) makes one.",
        )
    return _answer(
        WalkTally.from_book(
            book,
            history,
            period=period,
            t0=t0,
            t1=t1,
            due=due,
            min_stage=min_stage,
            owners=owners,
            by=by,
            where=where,
            reps=reps,
            as_of=as_of,
        )
    )


def _refuse_second(history: object) -> None:
    """Raise where something comes behind a history, which is asked alone."""
    if history is not None:
        raise InvalidTypeError(
            f"`deals` must be a DealBook beside a second book or a history; got {show('DealHistory')} and "
            f"{show(type(history).__name__)}.",
            code="SM-WLK-12",
            field="deals",
            hint="sm.pipeline_walk(deals, history, ...), or sm.pipeline_walk(history, ...) alone.",
        )


def _answer(tally: WalkTally) -> MetricTable:
    """Return the walk of a tally."""
    begun = np.array([span is not None for span in tally.spans], dtype=bool)
    late = np.broadcast_to(~begun[None, :, None], tally.amount.shape).reshape(-1)
    amount = tally.amount.reshape(-1)
    reason = reasons(len(amount), ("not_started", late))
    unpriced = dict(zip(("no amount, at opening", "no amount, at closing"), tally.unpriced.tolist(), strict=True))
    return MetricTable(
        name="pipeline_walk",
        unit="money",
        labels=tally.window.cross(tally.labels).crossed(Levels("bucket", tally.buckets, ordered=True)),
        value=blanked(major(amount, tally.scale), reason),
        n=tally.count.reshape(-1),
        reason_code=reason,
        left_out=unpriced,
        definition=_definition(tally),
        notes=_notes(tally),
        minor=amount,
        scale=tally.scale,
        currency=tally.currency,
    )


def _definition(tally: WalkTally) -> str:
    """Return days and scope in words."""
    begun = [span for span in tally.spans if span is not None]
    due = set(tally.due)
    if due == {None}:
        dates = "expected on any day or none"
    elif len(due) == 1:
        first, end = next(iter(due)) or (0, 0)
        dates = f"expected_close in [{_check.date_of(first)}, {_check.date_of(end)})"
    else:
        dates = "expected_close in the period"
    return words(
        "open deals at the end of two days, and what moved them in between",
        None
        if not begun
        else f"from the end of {_check.date_of(begun[0][0])} to that of {_check.date_of(begun[-1][1])}",
        dates,
        None if tally.min_stage is None else f"from {tally.min_stage} on",
        None if tally.owners is None else f"of {', '.join(map(str, tally.owners))}",
    )


def _notes(tally: WalkTally) -> tuple[str, ...]:
    """Return what of the past is not known, and which periods are walked as far as they are known."""
    lost = not_tracked(zip(tally.silent, tally.untold.tolist(), strict=True))
    periods = tally.window.periods
    if periods is None or tally.as_of_day is None:
        return lost
    running = [str(p) for p, span in zip(periods, tally.spans, strict=True) if span and span[1] < p.end_day - 1]
    return (*lost, *(f"{name} is walked to {_check.date_of(tally.as_of_day)}: it is not over." for name in running))
