"""Where do deals drop out?"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from salesmetrics import _check, formulas
from salesmetrics.answers import blanked, dated, reasons, words
from salesmetrics.arrays import AnyArray, FloatArray, IntArray, Where
from salesmetrics.asking import deal_book, deal_history
from salesmetrics.books import DealBook, DealHistory, RepBook
from salesmetrics.calendars import DayLike, PeriodLike
from salesmetrics.errors import InvalidArgumentError
from salesmetrics.keywords import names_keywords
from salesmetrics.results import MetricTable
from salesmetrics.scans import DealScan
from salesmetrics.stepping import at_stages, immature_note, of_population, rate_table, refuse_given, wrong_tally
from salesmetrics.tallies import DwellTally, StageTally
from salesmetrics.tally import refuse_grouping

__all__ = ["regress_rate", "stage_conversion", "stage_reached", "stage_skip_rate"]

By = str | tuple[str, ...] | list[str] | None
_WORDS = {
    "impute": "reached = held the stage or a higher one",
    "observed": "reached = entered the stage on record",
    "exclude": "deals without a skipped stage",
}
_OPEN = "count as not advanced"


@names_keywords
def stage_reached(
    deals: DealBook | DealScan | StageTally,
    history: DealHistory | None = None,
    /,
    *,
    by: By = None,
    period: PeriodLike | None = None,
    where: Where | None = None,
    reps: RepBook | None = None,
    as_of: DayLike | None = None,
    population: Literal["closed", "all", "created"] | None = None,
    skips: Literal["impute", "observed", "exclude"] | None = None,
) -> MetricTable:
    """Deals that got to each stage, and to a win: how many got how far?

    Also called funnel. A count for each open stage of the process, in its order, and "won" as the last.

    Parameters
    ----------
    deals : DealBook, DealScan or StageTally
        The deals, or their tally, which is grouped and dated already.
    history : DealHistory
        The changes of their stages.
    by : str or sequence of str, optional
        Label columns of the deals, or labels that ``reps`` lend. None is one row for each stage.
    period : Period or Periods, optional
        The days that count, of the date that ``population`` names; several periods become a label. None is all days.
    where : array of bool or mapping, optional
        The deals to read.
    reps : RepBook, optional
        Lends team, manager and its other labels to ``by``.
    as_of : date or str, optional
        The last day whose changes are known; the book's own day by default.
    population : {"closed", "all", "created"}, default "closed"
        Deals closed in the period; those and the deals that are open, whatever their dates; deals created in the period.
    skips : {"impute", "observed", "exclude"}, default "impute"
        ``"impute"``: a deal reached a stage if the highest it ever held is that one or a later one. ``"observed"``: if it
        entered the stage on record. ``"exclude"``: as observed, of the deals that skipped no stage below their highest.

    Returns
    -------
    MetricTable
        Unit ``count``, labels those of ``by``, the period and "stage"; ``n`` is the count. Nobody: 0.

    Examples
    --------
    >>> import salesmetrics as sm
    >>> ends = [sm.Stage("Won", 3, outcome="won"), sm.Stage("Lost", 4, outcome="lost")]
    >>> process = sm.SalesProcess([sm.Stage("Lead", 1), sm.Stage("Bid", 2), *ends])
    >>> deals = sm.read_deals({"id": [1, 2], "created": ["2026-01-05"] * 2, "closed": ["2026-02-20", "2026-01-30"],
    ...                        "stage": ["Won", "Lost"], "outcome": ["won", "lost"]}, process=process)
    >>> history = sm.read_history({"deal": [1, 1, 1, 2, 2], "stage": ["Lead", "Bid", "Won", "Lead", "Lost"],
    ...     "date": ["2026-01-05", "2026-01-15", "2026-02-20", "2026-01-05", "2026-01-30"]})
    >>> sm.stage_reached(deals, history).to_dict()["stage_reached"]
    [2.0, 1.0, 1.0]
    """
    asked = (by, period, where, reps, as_of)
    tally = _tally(deals, history, asked, population, skips, None)
    won = "(won)" if "won" in tally.stages else "won"
    reached = tally.reached.reshape(-1)
    return MetricTable(
        name="stage_reached",
        unit="count",
        labels=at_stages(tally.labels, tally.window, (*tally.stages, won)),
        value=reached.astype(np.float64),
        n=reached,
        reason_code=np.zeros(len(reached), dtype=np.int8),
        left_out=_left_out(tally),
        definition=_definition(tally, "deals that reached the stage"),
        notes=_notes(tally),
    )


@names_keywords
def stage_conversion(
    deals: DealBook | DealScan | StageTally | DwellTally,
    history: DealHistory | None = None,
    /,
    *,
    by: By = None,
    period: PeriodLike | None = None,
    where: Where | None = None,
    reps: RepBook | None = None,
    as_of: DayLike | None = None,
    population: Literal["closed", "all", "created", "time_to_event"] | None = None,
    skips: Literal["impute", "observed", "exclude"] | None = None,
    reentry: Literal["first", "last"] | None = None,
    within: int | None = None,
    confidence_level: float | None = 0.95,
) -> MetricTable:
    """Share of the deals that reached a stage and went on beyond it: where do deals drop out?

    Also called stage-to-stage conversion, advance rate, funnel. A fraction for each open stage, labelled by the stage that
    is left; going on is reaching any later stage, or a win. Lost is not an advance. Wilson's interval.

    Parameters
    ----------
    deals : DealBook, DealScan, StageTally or DwellTally
        The deals, or their tally, which is grouped and dated already; a DwellTally with ``until="advance"`` for the share
        within a time.
    history, by, where, reps, as_of
        As in `stage_reached`.
    period : Period or Periods, optional
        The days that count: of closing, of creation, or of the entry to the stage with population "time_to_event".
    population : {"closed", "all", "created", "time_to_event"}, default "closed"
        As in `stage_reached`; open deals count as not advanced. ``"time_to_event"``: the deals that entered the stage in the
        period, and the share of them that advanced within ``within`` days of the entry, by the Aalen-Johansen estimator:
        other closings compete, open deals are censored at their age in the stage.
    skips : {"impute", "observed", "exclude"}
        As in `stage_reached`; "impute" by default. "time_to_event" reads entries on record only.
    reentry : {"first", "last"}, default "first"
        With entries on record: after which entry to the stage the deal must have gone on.
    within : int, optional
        With "time_to_event": the days after the entry.
    confidence_level : float or None, default 0.95
        None leaves the interval out.

    Returns
    -------
    MetricTable
        Unit ``fraction``; ``n`` counts the deals that reached the stage. None: NaN ``no_rows``. With "time_to_event", an age
        that nobody was watched to: NaN ``not_observed``. Parts: ``reached`` and ``advanced``, counts.

    Notes
    -----
    With "impute" the product of the conversions is won / entered; with "observed" it is not, where stages are skipped: of 10
    leads 4 are shown a demo and 2 of them won, 6 skip it and are won: 4/10 x 2/4 = 0.2 against 8/10.

    Examples
    --------
    >>> import salesmetrics as sm
    >>> ends = [sm.Stage("Won", 3, outcome="won"), sm.Stage("Lost", 4, outcome="lost")]
    >>> process = sm.SalesProcess([sm.Stage("Lead", 1), sm.Stage("Bid", 2), *ends])
    >>> deals = sm.read_deals({"id": [1, 2], "created": ["2026-01-05"] * 2, "closed": ["2026-02-20", "2026-01-30"],
    ...                        "stage": ["Won", "Lost"], "outcome": ["won", "lost"]}, process=process)
    >>> history = sm.read_history({"deal": [1, 1, 1, 2, 2], "stage": ["Lead", "Bid", "Won", "Lead", "Lost"],
    ...     "date": ["2026-01-05", "2026-01-15", "2026-02-20", "2026-01-05", "2026-01-30"]})
    >>> lead = sm.stage_conversion(deals, history)["Lead"]
    >>> lead.value, lead.n
    (0.5, 2)
    """
    level = _check.level(confidence_level)
    asked = (by, period, where, reps, as_of)
    if isinstance(deals, DwellTally) or population == "time_to_event":
        return _within(_waits(deals, history, asked, population, skips, reentry), within, level)
    refuse_given({"within": within}, "this population", "only population='time_to_event' reads it.")
    tally = _tally(deals, history, asked, population, skips, reentry)
    reached = tally.reached[..., : len(tally.stages)]
    return rate_table(
        "stage_conversion",
        at_stages(tally.labels, tally.window, tally.stages),
        tally.advanced,
        reached,
        level,
        {"reached": reached, "advanced": tally.advanced},
        _definition(tally, "went on / reached"),
        _left_out(tally),
        _notes(tally),
    )


@names_keywords
def stage_skip_rate(
    deals: DealBook | DealScan | StageTally,
    history: DealHistory | None = None,
    /,
    *,
    by: By = None,
    period: PeriodLike | None = None,
    where: Where | None = None,
    reps: RepBook | None = None,
    as_of: DayLike | None = None,
    population: Literal["closed", "all", "created"] | None = None,
    confidence_level: float | None = 0.95,
) -> MetricTable:
    """Share of deals that skipped a stage: is the process followed?

    A fraction with Wilson's interval: deals with at least one stage below their highest (a win being the highest) that they
    never held, over all deals. A stage that was passed over and visited later is not skipped.

    Parameters
    ----------
    deals, history, by, period, where, reps, as_of, population, confidence_level
        As in `stage_conversion`, population "time_to_event" excepted.

    Returns
    -------
    MetricTable
        Unit ``fraction``; ``n`` counts the deals. None: NaN ``no_rows``. Part: ``skipped``, a count.

    Examples
    --------
    >>> import salesmetrics as sm
    >>> ends = [sm.Stage("Won", 3, outcome="won"), sm.Stage("Lost", 4, outcome="lost")]
    >>> process = sm.SalesProcess([sm.Stage("Lead", 1), sm.Stage("Bid", 2), *ends])
    >>> deals = sm.read_deals({"id": [1], "created": ["2026-01-05"], "closed": ["2026-02-20"], "stage": ["Won"],
    ...                        "outcome": ["won"]}, process=process)
    >>> history = sm.read_history({"deal": [1, 1], "date": ["2026-01-05", "2026-02-20"], "stage": ["Lead", "Won"]})
    >>> sm.stage_skip_rate(deals, history)["all"].value
    1.0
    """
    tally = _tally(deals, history, (by, period, where, reps, as_of), population, None, None)
    return _followed("stage_skip_rate", tally, tally.skipped, "skipped", confidence_level)


@names_keywords
def regress_rate(
    deals: DealBook | DealScan | StageTally,
    history: DealHistory | None = None,
    /,
    *,
    by: By = None,
    period: PeriodLike | None = None,
    where: Where | None = None,
    reps: RepBook | None = None,
    as_of: DayLike | None = None,
    population: Literal["closed", "all", "created"] | None = None,
    confidence_level: float | None = 0.95,
) -> MetricTable:
    """Share of deals that moved back: is the process followed?

    A fraction with Wilson's interval: deals with at least one move from an open stage to a lower one, over all deals. A
    reopening is not a move back.

    Parameters
    ----------
    deals, history, by, period, where, reps, as_of, population, confidence_level
        As in `stage_conversion`, population "time_to_event" excepted.

    Returns
    -------
    MetricTable
        Unit ``fraction``; ``n`` counts the deals. None: NaN ``no_rows``. Part: ``regressed``, a count.

    Examples
    --------
    >>> import salesmetrics as sm
    >>> ends = [sm.Stage("Won", 3, outcome="won"), sm.Stage("Lost", 4, outcome="lost")]
    >>> process = sm.SalesProcess([sm.Stage("Lead", 1), sm.Stage("Bid", 2), *ends])
    >>> deals = sm.read_deals({"id": [1], "created": ["2026-01-05"], "closed": ["2026-02-20"], "stage": ["Lost"],
    ...                        "outcome": ["lost"]}, process=process)
    >>> history = sm.read_history({"deal": [1, 1, 1], "date": ["2026-01-05", "2026-01-20", "2026-02-20"],
    ...                            "stage": ["Bid", "Lead", "Lost"]})
    >>> sm.regress_rate(deals, history)["all"].value
    1.0
    """
    tally = _tally(deals, history, (by, period, where, reps, as_of), population, None, None)
    return _followed("regress_rate", tally, tally.regressed, "regressed", confidence_level)


# --- behind the doors ------------------------------------------------------------------------------------------------


def _tally(
    deals: Any,
    history: Any,
    asked: tuple[Any, Any, Any, Any, Any],
    population: str | None,
    skips: str | None,
    reentry: str | None,
) -> StageTally:
    """Return the tally of deals, or the one that was given."""
    by, period, where, reps, as_of = asked
    if isinstance(deals, StageTally):
        given = {"history": history, "by": by, "period": period, "where": where, "reps": reps, "as_of": as_of}
        refuse_grouping(deals, given | {"population": population, "skips": skips, "reentry": reentry})
        return deals
    if isinstance(deals, DwellTally):
        raise wrong_tally(deals, "a StageTally")
    return StageTally.from_book(
        deal_book(deals),
        deal_history(history),
        by=by,
        period=period,
        where=where,
        reps=reps,
        as_of=as_of,
        population=population or "closed",
        skips=skips or "impute",
        reentry=reentry,
    )


def _followed(name: str, tally: StageTally, hits: IntArray, part: str, confidence_level: float | None) -> MetricTable:
    """Return a share of all deals of a tally."""
    what = {"skipped": "deals with a skipped stage / deals", "regressed": "deals that moved back / deals"}[part]
    return rate_table(
        name,
        tally.window.cross(tally.labels),
        hits,
        tally.deals,
        _check.level(confidence_level),
        {part: hits},
        words(what, of_population(tally.population, tally.window, tally.as_of_day)),
        dict(zip(tally.causes, tally.left_out.tolist(), strict=True)),
        immature_note(int(tally.still_open.sum()), int(tally.deals.sum()), "count as they stand"),
    )


def _definition(tally: StageTally, what: str) -> str:
    """Return what was counted, in words."""
    entry = None if tally.reentry is None else f"after the {tally.reentry} entry"
    return words(what, _WORDS[tally.skips], entry, of_population(tally.population, tally.window, tally.as_of_day))


def _left_out(tally: StageTally) -> dict[str, int]:
    """Return what was read and not used, by cause."""
    out = dict(zip(tally.causes, tally.left_out.tolist(), strict=True))
    return out | ({"a skipped stage": int(tally.skipped.sum())} if tally.skips == "exclude" else {})


def _notes(tally: StageTally) -> tuple[str, ...]:
    """Return the note on deals that may still advance."""
    return immature_note(int(tally.still_open.sum()), int(tally.deals.sum()), _OPEN)


# --- within a time of the entry --------------------------------------------------------------------------------------


def _waits(
    deals: Any,
    history: Any,
    asked: tuple[Any, Any, Any, Any, Any],
    population: str | None,
    skips: str | None,
    reentry: str | None,
) -> DwellTally:
    """Return the tally of the days to an advance, or the one that was given."""
    by, period, where, reps, as_of = asked
    if skips not in (None, "observed"):
        reads = "population 'time_to_event'"
        refuse_given(
            {"skips": skips}, reads, "a stage that was skipped has no day of entry: only skips='observed' fits."
        )
    if isinstance(deals, DwellTally):
        given = {"history": history, "by": by, "period": period, "where": where, "reps": reps, "as_of": as_of}
        refuse_grouping(deals, given | {"population": population, "reentry": reentry})
        if deals.until != "advance":
            raise wrong_tally(deals, "a DwellTally with until='advance'")
        return deals
    if isinstance(deals, StageTally):
        raise wrong_tally(deals, "a DwellTally with until='advance'")
    return DwellTally.from_book(
        deal_book(deals),
        deal_history(history),
        by=by,
        period=period,
        where=where,
        reps=reps,
        as_of=as_of,
        until="advance",
        reentry=reentry,
    )


def _within(tally: DwellTally, within: int | None, level: float | None) -> MetricTable:
    """Return the share that advanced within some days of the entry."""
    if within is None:
        raise InvalidArgumentError(
            "`within` must be given with population 'time_to_event'; got None.",
            code="SM-MOV-09",
            field="within",
            hint="within=30 is the share that advanced within 30 days of entering the stage.",
        )
    horizon = _check.count(within, "within")
    value, low, high = (np.full(tally.rows, np.nan) for _ in range(3))
    n, advanced = np.zeros(tally.rows, dtype=np.int64), np.zeros(tally.rows, dtype=np.int64)
    for rows, block in tally.blocks():
        n[rows] = block.sum(axis=(1, 2))
        advanced[rows] = block[:, 0, : horizon + 1].sum(axis=1)
        curve = formulas.aalen_johansen(block[:, :2], block[:, 2])
        value[rows] = formulas.incidence_at(curve, horizon)[..., 0]
        if level is not None:
            ends = formulas.incidence_interval(curve, level)
            at = min(horizon, block.shape[-1] - 1)
            low[rows], high[rows] = (end[:, 0, at] for end in ends)
    reason = reasons(tally.rows, ("no_rows", n == 0), ("not_observed", np.isnan(value)))
    return MetricTable(
        name="stage_conversion",
        unit="fraction",
        labels=at_stages(tally.labels, tally.window, tally.stages),
        value=blanked(value, reason),
        n=n,
        reason_code=reason,
        low=None if level is None else _shown(low, reason, n, 0.0),
        high=None if level is None else _shown(high, reason, n, 1.0),
        parts={"reached": n, "advanced": advanced},
        part_units={"reached": "count", "advanced": "count"},
        left_out=dict(zip(tally.causes, tally.left_out.tolist(), strict=True)),
        definition=words(
            f"advanced within {horizon} days of the {tally.reentry} entry, other closings compete, open deals censored",
            dated(tally.window, "entry", tally.as_of_day),
        ),
    )


def _shown(end: FloatArray, reason: AnyArray, n: IntArray, none: float) -> FloatArray:
    """Return an end of an interval: of no deals the widest there is, and none beside another NaN."""
    return np.where(n == 0, none, np.where(reason != 0, np.nan, end))
