"""Dots with intervals: rates, means and medians, of which the dot is a guess and the interval is what is known.

Dots and not bars: the length of a bar says that all of it is there, and hides the lower half of the interval.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from salesmetrics import figures
from salesmetrics.arrays import FloatArray
from salesmetrics.plots import inks, rows, sheet
from salesmetrics.plots.picture import Picture
from salesmetrics.results import MetricTable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw_dots"]


def draw_dots(table: MetricTable, ax: Axes | None, picture: Picture, wish: sheet.Wish) -> Axes:
    """Draw a dot for each row with its interval; hollow and pale where it rests on few rows."""
    axes = sheet.axes_for(ax, len(table) + 1)
    kind = figures.kind_of(table.name, table.unit)
    sheet.label_axis(axes.xaxis, sheet.measure(table.name, kind, table.currency, picture.counted), kind)
    if not len(table):
        sheet.empty(axes, "rows")
        return axes
    shown = rows.laid_out(table, axes, wish, estimate=True)
    head = 0.9 if picture.goal is not None or wish.single is not None else 0.0
    rows.draw_names(table, shown, axes, head=head)
    value = table.value[shown.at]
    low, high = ends_of(table, shown.at)
    marks = rows.draw_marks(shown, wish, axes)
    known = sheet.finite([*value, *low, *high, *marks, 0.0, *sheet.numbers(picture.goal, wish.single)])
    reach = 0.04 * (float(np.ptp(known)) or 1.0) if bool(np.isinf(high).any() | np.isinf(low).any()) else 0.0
    edges = (float(known.min()) - (reach if np.isinf(low).any() else 0.0), float(known.max()) + reach)
    texts = rows.texts_of(value, marks, kind)
    rows.set_width(axes, *edges, 0, max(map(len, texts)))
    _draw_intervals(axes, shown, value, low, high, edges)
    _draw(axes, shown, value)
    rows.draw_lines(axes, picture, wish, kind, head=head)
    rows.draw_reasons(table, shown, axes, at=float(known.min()))
    beyond = np.where(np.isinf(high), edges[1], high)
    right = np.fmax(np.fmax(value, beyond), np.where(np.isnan(value), np.nan, marks))
    rows.draw_values(texts, right, shown, axes, outward=False, away=5 if np.isnan(marks).all() else 9)
    rows.finish(axes, shown, picture, wish, "arrow: the interval has no end there" if reach else "")
    return axes


def ends_of(table: MetricTable, at: Any) -> tuple[FloatArray, FloatArray]:
    """Return both ends of the intervals of rows, NaN where there is none."""
    if table.low is None or table.high is None:
        return np.full(len(at), np.nan), np.full(len(at), np.nan)
    return table.low[at], table.high[at]


def _draw(axes: Any, shown: rows.Rows, value: FloatArray) -> None:
    """Draw the dots."""
    for thin, face in ((False, inks.BLUE), (True, "#ffffff")):
        which = np.flatnonzero((shown.thin == thin) & ~np.isnan(value))
        if len(which):
            axes.plot(
                value[which],
                shown.place[which],
                linestyle="none",
                marker="o",
                markersize=8,
                markerfacecolor=face,
                markeredgecolor=inks.BLUE,
                markeredgewidth=1.5,
                alpha=0.7 if thin else None,
                label="_thin" if thin else "_dots",
                zorder=3,
            )


def _draw_intervals(
    axes: Any, shown: rows.Rows, value: FloatArray, low: FloatArray, high: FloatArray, edges: tuple[float, float]
) -> None:
    """Draw a line from end to end of each interval; one without an end runs as far as any other, to an arrow."""
    left, right = edges
    known = np.flatnonzero(~np.isnan(value) & ~np.isnan(low) & ~np.isnan(high))
    place, low, high, thin = shown.place[known], low[known], high[known], shown.thin[known]
    first, last = np.where(np.isinf(low), left, low), np.where(np.isinf(high), right, high)
    for pale in (False, True):
        which = thin == pale
        style = {"color": inks.BLUE, "linewidth": 2.0, "alpha": inks.PALE if pale else 1.0, "label": "_interval"}
        axes.hlines(place[which], first[which], last[which], **style)
    for ends, edge, marker in ((low, left, "<"), (high, right, ">")):
        endless = np.flatnonzero(np.isinf(ends))
        if len(endless):
            where = np.full(len(endless), edge)
            axes.plot(where, place[endless], linestyle="none", marker=marker, color=inks.BLUE, label="_endless")
