"""Which picture a result has: one table, and what it says where a metric is not in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from salesmetrics import _check, figures
from salesmetrics.arrays import FloatArray
from salesmetrics.errors import InvalidArgumentError, InvalidTypeError, show
from salesmetrics.plots import bars, calls, dots, factors, funnel, heat, lines, moments, ranges, sheet, walk
from salesmetrics.plots.picture import Picture
from salesmetrics.results import MetricTable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["PICTURES", "draw"]

_COLUMNS = 12  # periods that a heat map of many groups has room for
_BARS = Picture(bars.draw_bars, lines.draw_lines)
_DOTS = Picture(dots.draw_dots, lines.draw_lines, estimate=True)
_QUOTA = Picture(bars.draw_bars, lines.draw_lines, goal=1.0, goal_words="100 % of quota")
_FUNNEL = Picture(funnel.draw_funnel, funnel.draw_funnel, estimate=True, counted="deals", takes_mark=False)
_TOO_MUCH = "above zero: more was called than came"
_HEAT = Picture(heat.draw_heat, heat.draw_heat, takes_mark=False)
_CALLS = Picture(calls.draw_calls, calls.draw_calls_over_time, takes_mark=False)


def _bars(counted: str) -> Picture:
    return Picture(bars.draw_bars, lines.draw_lines, counted=counted)


PICTURES: Mapping[str, Picture] = {
    "attainment": _QUOTA,
    "team_attainment": _QUOTA,
    "pace_attainment": _QUOTA,
    "ramp_curve": Picture(bars.draw_bars, lines.draw_lines, goal=1.0, goal_words="100 % of quota", estimate=True),
    "attainment_distribution": Picture(
        ranges.draw_ranges, ranges.draw_ranges, goal=1.0, goal_words="100 % of quota", takes_mark=False
    ),
    "pipeline_coverage": Picture(
        bars.draw_bars, lines.draw_lines, goal=1.0, goal_words="1x: all of the target", required=True
    ),
    "pipeline_walk": Picture(walk.draw_walk, walk.draw_walk, takes_mark=False),
    "stage_reached": _FUNNEL,
    "stage_conversion": Picture(funnel.draw_funnel, funnel.draw_funnel, estimate=True, takes_mark=False),
    "transition_matrix": _HEAT,
    "stage_age": Picture(heat.draw_heat, heat.draw_heat, counted="open deals", takes_mark=False),
    "velocity": Picture(factors.draw_factors, lines.draw_lines),
    "velocity_change": Picture(walk.draw_change, walk.draw_change, takes_mark=False),
    "forecast_accuracy": _CALLS,
    "ape": _CALLS,
    "bias": Picture(bars.draw_bars, lines.draw_lines, note=_TOO_MUCH),
    "mean_error": Picture(dots.draw_dots, lines.draw_lines, estimate=True, note=_TOO_MUCH),
    "attainment_gap": Picture(bars.draw_bars, lines.draw_lines, note="below zero: short of quota"),
    "at_risk": _bars("open deals"),
    "push_count": _bars("pushes"),
    "attainment_streak": _bars("periods"),
    "ramped_equivalents": _bars("reps"),
    "ramp_time": Picture(dots.draw_dots, lines.draw_lines, estimate=True, counted="months of tenure"),
}


def draw(
    table: MetricTable,
    ax: Axes | None = None,
    *,
    mark: MetricTable | float | None = None,
    most: int | None = None,
    min_n: int = 5,
) -> Axes:
    """Axes with the picture of a table: which one goes with the metric.

    Parameters
    ----------
    table : MetricTable
        The answer to draw.
    ax : matplotlib.axes.Axes, optional
        Where to draw; new axes otherwise.
    mark : MetricTable or float, optional
        A number to mark on each row, in the unit of the table: the pace beside the attainment, the coverage that is
        required beside the one that is there. A table may lack labels of the other, and then marks several rows alike.
    most : int, optional
        How many rows, or lines, to draw; by default as many as can be read: up to 30 rows, and 10 lines.
    min_n : int, default 5
        Estimates that rest on fewer rows are pale, or hollow.

    Returns
    -------
    matplotlib.axes.Axes
        The axes. Rows without an order of their own are drawn largest first, and where there are too many of them the
        largest and the smallest; periods, stages and a table that you sorted stay in order. Fractions read as percent, for
        the eye only. An undefined value has its reason in words in its place, and leaves a gap in a line. An interval
        without a finite end has an arrow at the edge.

    Raises
    ------
    InvalidArgumentError
        If the mark is of another unit, has other labels, or is given to a picture that has none.

    Examples
    --------
    >>> import salesmetrics as sm
    >>> deals = sm.read_deals({"rep": ["Ana", "Ben"], "outcome": ["won", "lost"], "closed": ["2026-01-15"] * 2})
    >>> axes = sm.win_rate(deals, by="rep").plot()  # doctest: +SKIP
    """
    picture = _picture(table)
    drawing = _drawing(table, picture)
    marks = None if mark is None else _marks(table, mark, picture)
    single = None if marks is None or (isinstance(mark, MetricTable) and mark.labels.names) else _single(mark)
    if picture.required and single is not None:
        words = f"{figures.brief(single, figures.kind_of(table.name, table.unit))} required"
        picture = attrs.evolve(picture, goal=single, goal_words=words)
    wish = sheet.Wish(
        mark=marks,
        marked=_marked(mark),
        single=single,
        most=None if most is None else _check.count(most, "most", least=1),
        min_n=_check.count(min_n, "min_n"),
    )
    axes: Axes = drawing(table, ax, picture, wish)
    return axes


def _picture(table: MetricTable) -> Picture:
    """Return what is known of a metric; what has intervals is an estimate."""
    known = PICTURES.get(table.name)
    if known is not None:
        return known
    honest = table.low is not None and table.high is not None
    return _DOTS if honest else _BARS


def _drawing(table: MetricTable, picture: Picture) -> Any:
    """Return how to draw: over time where time is a label; many groups over few periods are a heat map."""
    time = moments.time_of(table)
    if time is None:
        return picture.rows
    if picture.over_time is lines.draw_lines and len(table.labels.names) > 1 and len(table):
        groups = table.labels.onto([name for name in table.labels.names if name != time])[0]
        if len(groups) > lines.MOST_LINES and len(table.labels.onto([time])[0]) <= _COLUMNS:
            return heat.draw_heat
    if picture.rows is factors.draw_factors and len(table.labels.names) == 1 and len(table) <= _COLUMNS:
        return picture.rows
    return picture.over_time


def _marked(mark: object) -> str:
    return sheet.safe(mark.name.replace("_", " "), 40) if isinstance(mark, MetricTable) else ""


def _single(mark: Any) -> float | None:
    """Return the one number that marks all rows alike."""
    number = float(mark.value[0] if isinstance(mark, MetricTable) else mark)
    return number if np.isfinite(number) else None


def _marks(table: MetricTable, mark: object, picture: Picture) -> FloatArray:
    """Return the number to mark on each row of a table."""
    if not picture.takes_mark:
        raise InvalidArgumentError(
            f"`mark` must not be given to the picture of {table.name}, which has no place for it; got {_said(mark)}.",
            code="SM-PLT-01",
            field="mark",
            values=[mark],
        )
    if isinstance(mark, (int, float, np.integer, np.floating)) and not isinstance(mark, bool):
        return np.full(len(table), float(mark))
    if not isinstance(mark, MetricTable):
        raise InvalidTypeError(
            f"`mark` must be a MetricTable or a number; got {show(mark)}.",
            code="SM-PLT-02",
            field="mark",
            values=[mark],
        )
    if mark.unit != table.unit or not set(mark.labels.names) <= set(table.labels.names):
        raise InvalidArgumentError(
            f"`mark` must have the unit of the table and labels of its rows, {table.unit} by "
            f"{', '.join(table.labels.names) or 'nothing'}; got {_said(mark)}.",
            code="SM-PLT-03",
            field="mark",
            values=[mark],
            hint="ask both with the same `by` and `period`.",
        )
    names = mark.labels.names
    if not names:
        return np.full(len(table), mark.value[0])
    keys = zip(*(map(str, mark.labels.column(name)) for name in names), strict=True)
    place = dict(zip(keys, mark.value.tolist(), strict=True))
    rows = zip(*(map(str, table.labels.column(name)) for name in names), strict=True)
    return np.array([place.get(row, np.nan) for row in rows], dtype=np.float64)


def _said(mark: object) -> str:
    if isinstance(mark, MetricTable):
        return f"{figures.plain(mark.name)} [{mark.unit}] by {', '.join(mark.labels.names) or 'nothing'}"
    return show(mark)
