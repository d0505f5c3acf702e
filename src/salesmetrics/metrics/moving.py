"""Which moves do deals make, and what is a deal worth where it stands?"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from salesmetrics import _check, formulas
from salesmetrics.answers import blanked, reasons, words
from salesmetrics.arrays import Where
from salesmetrics.asking import deal_book, deal_history
from salesmetrics.books import DealBook, DealHistory, RepBook
from salesmetrics.calendars import DayLike, PeriodLike
from salesmetrics.keywords import names_keywords
from salesmetrics.labels import Levels
from salesmetrics.results import MetricTable
from salesmetrics.scans import DealScan
from salesmetrics.stepping import at_stages, immature_note, of_population, rate_table, refuse_given, wrong_tally
from salesmetrics.tallies import MoveTally, StageTally
from salesmetrics.tally import Tally, refuse_grouping

__all__ = ["forward_rate", "transition_matrix", "win_probability_by_stage"]

By = str | tuple[str, ...] | list[str] | None


@names_keywords
def transition_matrix(
    deals: DealBook | DealScan | MoveTally,
    history: DealHistory | None = None,
    /,
    *,
    by: By = None,
    period: PeriodLike | None = None,
    where: Where | None = None,
    reps: RepBook | None = None,
    as_of: DayLike | None = None,
    population: Literal["flow", "closed", "all", "created"] | None = None,
    as_share: bool = False,
    confidence_level: float | None = 0.95,
) -> MetricTable:
    """Moves from each stage to each other: what moves happen?

    A count for each pair of states, open stages and ends, every edge counted: backward ones, skips, and those out of an end
    (a deal that was reopened). Changes that leave the stage as it is are no moves.

    Parameters
    ----------
    deals : DealBook, DealScan or MoveTally
        The deals, or their tally, which is grouped and dated already.
    history : DealHistory
        The changes of their stages.
    by : str or sequence of str, optional
        Label columns of the deals, or labels that ``reps`` lend.
    period : Period or Periods, optional
        The days that count, of the date that ``population`` names; several periods become a label. None is all days.
    where : array of bool or mapping, optional
        The deals to read.
    reps : RepBook, optional
        Lends team, manager and its other labels to ``by``.
    as_of : date or str, optional
        The last day whose changes are known; the book's own day by default.
    population : {"flow", "closed", "all", "created"}, default "flow"
        ``"flow"``: the moves dated in the period, of whatever deals. Else all moves of some deals: those closed in the
        period, those and the open ones, those created in it.
    as_share : bool, default False
        Share of the moves out of each state, with Wilson's interval, in place of counts.
    confidence_level : float or None, default 0.95
        Read with ``as_share``; None leaves the interval out.

    Returns
    -------
    MetricTable
        Unit ``count`` or ``fraction``; labels those of ``by``, the period, "from" and "to", every pair once. ``n`` is the
        count, or with shares the moves out of the state; none: NaN ``no_rows``.

    Examples
    --------
    >>> import salesmetrics as sm
    >>> ends = [sm.Stage("Won", 3, outcome="won"), sm.Stage("Lost", 4, outcome="lost")]
    >>> process = sm.SalesProcess([sm.Stage("Lead", 1), sm.Stage("Bid", 2), *ends])
    >>> deals = sm.read_deals({"id": [1, 2], "created": ["2026-01-05"] * 2, "closed": ["2026-02-20", "2026-01-30"],
    ...                        "stage": ["Won", "Lost"], "outcome": ["won", "lost"]}, process=process)
    >>> history = sm.read_history({"deal": [1, 1, 1, 2, 2], "stage": ["Lead", "Bid", "Won", "Lead", "Lost"],
    ...     "date": ["2026-01-05", "2026-01-15", "2026-02-20", "2026-01-05", "2026-01-30"]})
    >>> moves = sm.transition_matrix(deals, history)
    >>> moves["Lead", "Bid"].value, moves["Lead", "Lost"].value
    (1.0, 1.0)
    """
    level = _check.level(confidence_level)
    tally = _tally(deals, history, (by, period, where, reps, as_of), population, "flow")
    states = (*tally.stages, *tally.ends)
    labels = at_stages(tally.labels, tally.window, states, "from").crossed(Levels("to", states, ordered=True))
    moves = tally.moves[..., :-1, :]
    if as_share:
        out = np.repeat(moves.sum(axis=-1), len(states), axis=-1)
        said = words("share of the moves out of the stage", _said(tally))
        return rate_table("transition_matrix", labels, moves, out, level, {"moves": moves}, said, _left_out(tally))
    counts = moves.reshape(-1)
    return MetricTable(
        name="transition_matrix",
        unit="count",
        labels=labels,
        value=counts.astype(np.float64),
        n=counts,
        reason_code=np.zeros(len(counts), dtype=np.int8),
        left_out=_left_out(tally),
        definition=words("moves from stage to stage", _said(tally)),
    )


@names_keywords
def forward_rate(
    deals: DealBook | DealScan | MoveTally,
    history: DealHistory | None = None,
    /,
    *,
    by: By = None,
    period: PeriodLike | None = None,
    where: Where | None = None,
    reps: RepBook | None = None,
    as_of: DayLike | None = None,
    population: Literal["flow", "closed", "all", "created"] | None = None,
    confidence_level: float | None = 0.95,
) -> MetricTable:
    """Share of the moves out of a stage that go to a later one, or to a win: which way do deals leave it?

    A fraction for each open stage, with Wilson's interval. Losses and moves back are not forward. Moves are counted, not
    deals: a deal that comes back leaves again.

    Parameters
    ----------
    deals, history, by, period, where, reps, as_of, population
        As in `transition_matrix`.
    confidence_level : float or None, default 0.95
        None leaves the interval out.

    Returns
    -------
    MetricTable
        Unit ``fraction``; ``n`` counts the moves out of the stage. None: NaN ``no_rows``. Parts, counts that add up to n:
        ``steps`` to the next place, ``skips`` beyond it, moves ``back``, and ``ended`` otherwise than by a win.

    Examples
    --------
    >>> import salesmetrics as sm
    >>> ends = [sm.Stage("Won", 3, outcome="won"), sm.Stage("Lost", 4, outcome="lost")]
    >>> process = sm.SalesProcess([sm.Stage("Lead", 1), sm.Stage("Bid", 2), *ends])
    >>> deals = sm.read_deals({"id": [1, 2], "created": ["2026-01-05"] * 2, "closed": ["2026-02-20", "2026-01-30"],
    ...                        "stage": ["Won", "Lost"], "outcome": ["won", "lost"]}, process=process)
    >>> history = sm.read_history({"deal": [1, 1, 1, 2, 2], "stage": ["Lead", "Bid", "Won", "Lead", "Lost"],
    ...     "date": ["2026-01-05", "2026-01-15", "2026-02-20", "2026-01-05", "2026-01-30"]})
    >>> lead = sm.forward_rate(deals, history)["Lead"]
    >>> lead.value, lead.n
    (0.5, 2)
    """
    level = _check.level(confidence_level)
    tally = _tally(deals, history, (by, period, where, reps, as_of), population, "flow")
    moves = tally.chain()
    stages = len(tally.stages)
    ahead = moves[..., : stages + 1]
    steps = np.diagonal(ahead, offset=1, axis1=-2, axis2=-1)
    forward = formulas.forward_moves(moves)
    ended = moves[..., stages + 1 :].sum(axis=-1)
    out = moves.sum(axis=-1)
    parts = {"steps": steps, "skips": forward - steps, "back": out - forward - ended, "ended": ended}
    return rate_table(
        "forward_rate",
        at_stages(tally.labels, tally.window, tally.stages),
        forward,
        out,
        level,
        parts,
        words("forward moves / moves out of the stage", _said(tally)),
        _left_out(tally),
    )


@names_keywords
def win_probability_by_stage(
    deals: DealBook | DealScan | StageTally | MoveTally,
    history: DealHistory | None = None,
    /,
    *,
    by: By = None,
    period: PeriodLike | None = None,
    where: Where | None = None,
    reps: RepBook | None = None,
    as_of: DayLike | None = None,
    method: Literal["observed", "markov"] | None = None,
    population: Literal["closed", "all", "created", "flow"] | None = None,
    skips: Literal["impute", "observed", "exclude"] | None = None,
    confidence_level: float | None = 0.95,
) -> MetricTable:
    """Chance of a win from each stage: what is a deal in this stage worth?

    A fraction for each open stage.

    Parameters
    ----------
    deals : DealBook, DealScan, StageTally or MoveTally
        The deals, or their tally, which is grouped and dated already; a MoveTally for the method "markov".
    history, by, period, where, reps, as_of
        As in `transition_matrix`.
    method : {"observed", "markov"}, default "observed"
        ``"observed"``: won / reached the stage. ``"markov"``: the absorbing chain of the moves, which looks at the present
        stage only; it differs where stages are skipped. Its stages must be left by somebody: a stage that nobody left is a
        dead end for those that lead to it.
    population : {"closed", "all", "created", "flow"}, default "closed"
        As in `transition_matrix`; "flow" with the method "markov" only. Open deals count as not won when observed.
    skips : {"impute", "observed", "exclude"}, default "impute"
        What having reached a stage means, as in `stage_reached`; read by the method "observed".
    confidence_level : float or None, default 0.95
        Wilson's interval of what was observed; the chain has none. None leaves it out.

    Returns
    -------
    MetricTable
        Unit ``fraction``. Observed: ``n`` counts the deals that reached the stage, parts ``reached`` and ``won``. Markov: ``n``
        counts the moves out of the stage; parts ``visits`` (expected, of the deals that began), ``forward_rate``, and
        ``wins_per_unit``: the wins gained per unit by which the forward rate is raised (a hundredth of it for one point),
        which is what `bottleneck` ranks by. No entrant, or nobody who left: NaN ``no_rows``.

    Examples
    --------
    >>> import salesmetrics as sm
    >>> ends = [sm.Stage("Won", 3, outcome="won"), sm.Stage("Lost", 4, outcome="lost")]
    >>> process = sm.SalesProcess([sm.Stage("Lead", 1), sm.Stage("Bid", 2), *ends])
    >>> deals = sm.read_deals({"id": [1, 2], "created": ["2026-01-05"] * 2, "closed": ["2026-02-20", "2026-01-30"],
    ...                        "stage": ["Won", "Lost"], "outcome": ["won", "lost"]}, process=process)
    >>> history = sm.read_history({"deal": [1, 1, 1, 2, 2], "stage": ["Lead", "Bid", "Won", "Lead", "Lost"],
    ...     "date": ["2026-01-05", "2026-01-15", "2026-02-20", "2026-01-05", "2026-01-30"]})
    >>> sm.win_probability_by_stage(deals, history, method="markov").value
    array([0.5, 1. ])
    """
    level = _check.level(confidence_level)
    asked = (by, period, where, reps, as_of)
    if method is not None:
        _check.one_of(method, ("observed", "markov"), "method")
    if method == "markov" or (method is None and isinstance(deals, MoveTally)):
        refuse_given({"skips": skips}, "method 'markov'", "the chain is made of the moves on record.")
        return _absorbed(_tally(deals, history, asked, population, "closed"))
    tally = _reached(deals, history, asked, population, skips)
    reached = tally.reached[..., : len(tally.stages)]
    return rate_table(
        "win_probability_by_stage",
        at_stages(tally.labels, tally.window, tally.stages),
        tally.won,
        reached,
        level,
        {"reached": reached, "won": tally.won},
        words(
            f"won / reached the stage, skips {tally.skips}",
            of_population(tally.population, tally.window, tally.as_of_day),
        ),
        dict(zip(tally.causes, tally.left_out.tolist(), strict=True))
        | ({"a skipped stage": int(tally.skipped.sum())} if tally.skips == "exclude" else {}),
        immature_note(int(tally.still_open.sum()), int(tally.deals.sum()), "count as not won"),
    )


# --- behind the doors ------------------------------------------------------------------------------------------------


def _given(history: Any, asked: tuple[Any, Any, Any, Any, Any], population: str | None) -> dict[str, object]:
    """Return the arguments that a tally has decided already."""
    by, period, where, reps, as_of = asked
    return {
        "history": history,
        "by": by,
        "period": period,
        "where": where,
        "reps": reps,
        "as_of": as_of,
        "population": population,
    }


def _tally(
    deals: Any, history: Any, asked: tuple[Any, Any, Any, Any, Any], population: str | None, usual: str
) -> MoveTally:
    """Return the tally of moves, or the one that was given."""
    by, period, where, reps, as_of = asked
    if isinstance(deals, MoveTally):
        refuse_grouping(deals, _given(history, asked, population))
        return deals
    if isinstance(deals, Tally):
        raise wrong_tally(deals, "a MoveTally")
    return MoveTally.from_book(
        deal_book(deals),
        deal_history(history),
        by=by,
        period=period,
        where=where,
        reps=reps,
        as_of=as_of,
        population=population or usual,
    )


def _reached(
    deals: Any, history: Any, asked: tuple[Any, Any, Any, Any, Any], population: str | None, skips: str | None
) -> StageTally:
    """Return the tally of stages reached, or the one that was given."""
    by, period, where, reps, as_of = asked
    if isinstance(deals, StageTally):
        refuse_grouping(deals, _given(history, asked, population) | {"skips": skips})
        return deals
    if isinstance(deals, Tally):
        raise wrong_tally(deals, "a StageTally with method 'observed'")
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
    )


def _absorbed(tally: MoveTally) -> MetricTable:
    """Return the chance of a win by the chain, with what a better stage would bring."""
    moves = tally.chain()
    out = moves.sum(axis=-1).reshape(-1)
    win = formulas.absorption(moves)[..., 0].reshape(-1)
    what_if = formulas.throughput_gain(moves, tally.moves[..., -1, : len(tally.stages)])
    parts = {
        "visits": what_if.visits.reshape(-1),
        "forward_rate": formulas.forward_rate(moves).reshape(-1),
        "wins_per_unit": what_if.gain.reshape(-1),
    }
    reason = reasons(len(out), ("no_rows", out == 0))
    dead = out == 0
    leads = moves[..., : len(tally.stages)].sum(axis=-2).reshape(-1)
    stuck = int(leads[dead].sum())
    return MetricTable(
        name="win_probability_by_stage",
        unit="fraction",
        labels=at_stages(tally.labels, tally.window, tally.stages),
        value=blanked(win, reason),
        n=out,
        reason_code=reason,
        parts=parts,
        part_units={"visits": "count", "forward_rate": "fraction", "wins_per_unit": "count"},
        left_out=_left_out(tally),
        definition=words("absorbing chain of the moves between stages", _said(tally)),
        notes=(f"{stuck:,} moves lead to a stage that nobody has left: they count as not won.",) if stuck else (),
    )


def _said(tally: MoveTally) -> str:
    """Return which moves count, in words."""
    return of_population(tally.population, tally.window, tally.as_of_day)


def _left_out(tally: MoveTally) -> dict[str, int]:
    """Return what was read and not used, by cause."""
    return dict(zip(tally.causes, tally.left_out.tolist(), strict=True))
