"""Which stage to fix first?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

import attrs
import numpy as np

from salesmetrics import _check, formulas
from salesmetrics.answers import reasons, words
from salesmetrics.arrays import AnyArray, FloatArray, IntArray, Where
from salesmetrics.asking import deal_book, deal_history
from salesmetrics.books import DealBook, DealHistory, RepBook
from salesmetrics.calendars import DayLike, PeriodLike
from salesmetrics.keywords import names_keywords
from salesmetrics.labels import Labels, Levels
from salesmetrics.results import MetricTable
from salesmetrics.scans import DealScan
from salesmetrics.stepping import immature_note, of_population, refuse_given, wrong_tally
from salesmetrics.tallies import DwellTally, MoveTally, StageTally
from salesmetrics.tally import Tally, refuse_grouping

__all__ = ["bottleneck"]

By = str | tuple[str, ...] | list[str] | None
_UNITS = {"conversion": "fraction", "dwell": "days", "cycle_share": "fraction", "throughput": "count"}
_WORDS = {
    "conversion": "stage with the lowest conversion",
    "dwell": "stage with the largest median of days",
    "cycle_share": "stage with the largest share of all days",
    "throughput": "stage whose improvement brings most wins, for each unit of its forward rate",
}


@attrs.frozen(eq=False)
class _Stages:
    """One number for each group, period and stage, what it rests on and is made of."""

    tally: StageTally | DwellTally | MoveTally
    value: FloatArray
    n: IntArray
    parts: Mapping[str, AnyArray]
    units: Mapping[str, str]
    notes: tuple[str, ...] = ()


@names_keywords
def bottleneck(
    deals: DealBook | DealScan | StageTally | DwellTally | MoveTally,
    history: DealHistory | None = None,
    /,
    *,
    by: By = None,
    period: PeriodLike | None = None,
    where: Where | None = None,
    reps: RepBook | None = None,
    as_of: DayLike | None = None,
    method: Literal["conversion", "dwell", "cycle_share", "throughput"] = "conversion",
    population: Literal["closed", "all", "created"] | None = None,
    skips: Literal["impute", "observed", "exclude"] | None = None,
    min_n: int = 1,
    confidence_level: float | None = 0.95,
) -> MetricTable:
    """Stage that holds deals up most: which stage to fix first?

    One row for each group; the stage is a label, the value is what it was chosen by.

    Parameters
    ----------
    deals : DealBook, DealScan, StageTally, DwellTally or MoveTally
        The deals, or the tally that the method reads: stages for "conversion", days (``until="exit"``) for "dwell" and
        "cycle_share", moves for "throughput".
    history, by, period, where, reps, as_of
        As in `stage_conversion`.
    method : {"conversion", "dwell", "cycle_share", "throughput"}
        ``"conversion"``: the lowest `stage_conversion`. ``"dwell"``: the largest median `stage_dwell`. ``"cycle_share"``: the
        largest share of all days that deals spent in stages. ``"throughput"``: the most wins gained for each unit by which the
        forward rate of one stage alone is raised, by the absorbing chain: visits to the stage, times what a deal that goes
        forward is worth more than one that does not.
    population : {"closed", "all", "created"}, default "closed"
        As in `stage_conversion`; "flow" as well with method "throughput".
    skips : {"impute", "observed", "exclude"}, default "impute"
        Read by method "conversion".
    min_n : int, default 1
        Stages that rest on fewer deals (moves, with "throughput") do not take part.
    confidence_level : float or None, default 0.95
        Wilson's interval with method "conversion"; the others have none.

    Returns
    -------
    MetricTable
        Unit ``fraction``, ``days`` or ``count`` (wins per unit of forward rate); labels those of ``by``, the period and
        "stage". ``n`` is that of the stage. Ties: the earlier stage. No stage has a value: its label is missing, NaN
        ``no_rows``. Parts: ``second``, the value of the next worst stage, and what the value was made of: ``reached`` and
        ``advanced``; ``days``, all of them, and ``all_days``; ``visits``, ``forward_rate``, ``win_if_forward`` and
        ``win_if_not``, chances of a win after a forward move and after any other, and ``wins``, those that the deals come
        to as things are.

    Examples
    --------
    >>> import salesmetrics as sm
    >>> ends = [sm.Stage("Won", 3, outcome="won"), sm.Stage("Lost", 4, outcome="lost")]
    >>> process = sm.SalesProcess([sm.Stage("Lead", 1), sm.Stage("Bid", 2), *ends])
    >>> deals = sm.read_deals({"id": [1, 2], "created": ["2026-01-05"] * 2, "closed": ["2026-02-20", "2026-01-30"],
    ...                        "stage": ["Won", "Lost"], "outcome": ["won", "lost"]}, process=process)
    >>> history = sm.read_history({"deal": [1, 1, 1, 2, 2], "stage": ["Lead", "Bid", "Won", "Lead", "Lost"],
    ...     "date": ["2026-01-05", "2026-01-15", "2026-02-20", "2026-01-05", "2026-01-30"]})
    >>> worst = sm.bottleneck(deals, history)
    >>> worst.to_dict()["stage"], worst.value
    (['Lead'], array([0.5]))
    """
    _check.one_of(method, tuple(_UNITS), "method")
    level = _check.level(confidence_level)
    least = _check.count(min_n, "min_n")
    if method != "conversion":
        refuse_given({"skips": skips}, f"method {method!r}", "only method='conversion' reads it.")
    tally = _tally(deals, history, (by, period, where, reps, as_of), method, population, skips)
    return _answer(_MEASURES[method](tally), method, least, level)


def _tally(
    deals: Any,
    history: Any,
    asked: tuple[Any, Any, Any, Any, Any],
    method: str,
    population: str | None,
    skips: str | None,
) -> Any:
    """Return the tally that a method reads, or the one that was given."""
    by, period, where, reps, as_of = asked
    kind: Any = {"conversion": StageTally, "throughput": MoveTally}.get(method, DwellTally)
    if isinstance(deals, Tally):
        if not isinstance(deals, kind) or getattr(deals, "until", "exit") != "exit":
            raise wrong_tally(deals, f"a {kind.__name__} with method {method!r}")
        given = {"history": history, "by": by, "period": period, "where": where, "reps": reps, "as_of": as_of}
        refuse_grouping(deals, given | {"population": population, "skips": skips})
        return deals
    book, changes = deal_book(deals), deal_history(history)
    more = {"skips": skips or "impute"} if kind is StageTally else {}
    return kind.from_book(
        book,
        changes,
        by=by,
        period=period,
        where=where,
        reps=reps,
        as_of=as_of,
        population=population or "closed",
        **more,
    )


def _answer(found: _Stages, method: str, least: int, level: float | None) -> MetricTable:
    """Return the worst stage of each group with its number."""
    tally = found.tally
    if not tally.stages:
        found = _padded(found)
    smallest = method == "conversion"
    worst = formulas.narrowest(found.value, found.n, least=smallest, min_n=max(least, 1))
    rows = np.arange(len(worst))
    others = found.value.copy()
    others[rows, worst] = np.nan
    next_worst = formulas.narrowest(others, found.n, least=smallest, min_n=max(least, 1))
    none = worst < 0
    value = np.where(none, np.nan, found.value[rows, worst])
    n = np.where(none, 0, found.n[rows, worst])
    parts: dict[str, AnyArray] = {"second": np.where(next_worst < 0, np.nan, found.value[rows, next_worst])}
    for name, numbers in found.parts.items():
        chosen = numbers[rows, worst]
        parts[name] = np.where(none, np.nan if numbers.dtype.kind == "f" else 0, chosen)
    low = high = None
    if level is not None and smallest:
        low, high = formulas.wilson(parts["advanced"], parts["reached"], level)
    labels = tally.window.cross(tally.labels)
    stage = np.where(none, len(tally.stages), worst)
    levels = (*labels.levels, Levels("stage", tally.stages, ordered=True))
    assert tally.population is not None
    return MetricTable(
        name="bottleneck",
        unit=_UNITS[method],
        labels=Labels(levels, np.column_stack([labels.codes, stage]).astype(np.int64)),
        value=value,
        n=n,
        reason_code=reasons(len(value), ("no_rows", none)),
        low=low,
        high=high,
        parts=parts,
        part_units={"second": _UNITS[method], **found.units},
        left_out=dict(zip(tally.causes, tally.left_out.tolist(), strict=True)),
        definition=words(_WORDS[method], of_population(tally.population, tally.window, tally.as_of_day)),
        notes=found.notes,
    )


def _padded(found: _Stages) -> _Stages:
    """Return the numbers of a process without open stages as those of one stage that nobody came to."""

    def one(numbers: AnyArray) -> AnyArray:
        return np.full((len(numbers), 1), np.nan if numbers.dtype.kind == "f" else 0, dtype=numbers.dtype)

    parts = {name: one(numbers) for name, numbers in found.parts.items()}
    return attrs.evolve(found, value=one(found.value), n=one(found.n), parts=parts)


# --- what stages are compared by -------------------------------------------------------------------------------------


def _conversion(tally: StageTally) -> _Stages:
    """Return conversions."""
    stages = len(tally.stages)
    reached, advanced = tally.reached[..., :stages].reshape(-1, stages), tally.advanced.reshape(-1, stages)
    return _Stages(
        tally,
        np.asarray(formulas.stage_conversion(reached, advanced)),
        reached,
        {"reached": reached, "advanced": advanced},
        {"reached": "count", "advanced": "count"},
        immature_note(int(tally.still_open.sum()), int(tally.deals.sum()), "count as not advanced"),
    )


def _dwell(tally: DwellTally) -> _Stages:
    """Return medians of the days in stages."""
    n, value = np.zeros(tally.rows, dtype=np.int64), np.full(tally.rows, np.nan)
    for rows, block in tally.blocks():
        n[rows] = block[:, 0].sum(axis=-1)
        value[rows] = formulas.day_quantile(block[:, 0], 0.5)
    return _Stages(tally, _by_stage(tally, value), _by_stage(tally, n), {}, {})


def _cycle_share(tally: DwellTally) -> _Stages:
    """Return shares of all days in stages."""
    n, days = np.zeros(tally.rows, dtype=np.int64), np.zeros(tally.rows, dtype=np.int64)
    for rows, block in tally.blocks():
        n[rows], days[rows], _ = formulas.cycle_moments(block[:, 0])
    spent = _by_stage(tally, days)
    whole = np.repeat(spent.sum(axis=-1, keepdims=True), len(tally.stages), axis=-1)
    share = np.where(_by_stage(tally, n) > 0, formulas.transition_share(spent), np.nan)
    parts = {"days": spent, "all_days": whole}
    return _Stages(tally, share, _by_stage(tally, n), parts, dict.fromkeys(parts, "days"))


def _by_stage(tally: DwellTally, values: AnyArray) -> AnyArray:
    """Return numbers of rows as a table of groups (and periods) by stages."""
    return values.reshape(len(tally.labels) * tally.window.size, len(tally.stages))


def _throughput(tally: MoveTally) -> _Stages:
    """Return the wins that a higher forward rate of each stage alone would bring."""
    stages = len(tally.stages)
    moves = tally.chain().reshape(-1, stages, stages + 2)
    begun = tally.moves[..., -1, :stages].reshape(-1, stages)
    what_if = formulas.throughput_gain(moves, begun)
    parts = {
        "visits": what_if.visits,
        "forward_rate": np.asarray(formulas.forward_rate(moves)),
        "win_if_forward": what_if.forward,
        "win_if_not": what_if.otherwise,
        "wins": np.repeat(what_if.wins[:, None], stages, axis=-1),
    }
    units = {"visits": "count", "wins": "count"} | dict.fromkeys(
        ("forward_rate", "win_if_forward", "win_if_not"), "fraction"
    )
    note = immature_note(int(tally.still_open.sum()), None, "count with the moves they have made")
    return _Stages(tally, what_if.gain, moves.sum(axis=-1), parts, units, note)


_MEASURES: Mapping[str, Callable[[Any], _Stages]] = {
    "conversion": _conversion,
    "dwell": _dwell,
    "cycle_share": _cycle_share,
    "throughput": _throughput,
}
