"""A velocity beside the four factors that it is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from salesmetrics import figures
from salesmetrics.plots import bars, rows, sheet
from salesmetrics.plots.picture import Picture
from salesmetrics.results import MetricTable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw_factors"]

_PARTS = (("open_count", "count"), ("win_rate", "percent"), ("mean_amount", "money"), ("cycle_days", "days"))


def draw_factors(table: MetricTable, ax: Axes | None, picture: Picture, wish: sheet.Wish) -> Axes:
    """Draw a bar for each row, and write its factors beside it."""
    if any(name not in table.parts for name, _ in _PARTS):
        return bars.draw_bars(table, ax, picture, wish)
    axes = sheet.axes_for(ax, len(table) + 2)
    sheet.label_axis(axes.xaxis, sheet.measure(table.name, table.unit, table.currency), table.unit)
    if not len(table):
        sheet.empty(axes, "rows")
        return axes
    shown = rows.laid_out(table, axes, wish, estimate=picture.estimate)
    rows.draw_names(table, shown, axes)
    value = table.value[shown.at]
    marks = rows.draw_marks(shown, wish, axes)
    texts = [_said(table, at) for at in shown.at.tolist()]
    known = sheet.finite([*value, *marks, 0.0])
    rows.set_width(axes, 0.0, float(known.max()), 0, max(map(len, texts)))
    bars.draw_patches(axes, shown, value)
    rows.draw_zero(axes)
    rows.draw_reasons(table, shown, axes)
    rows.draw_values(texts, np.fmax(value, np.where(np.isnan(value), value, marks)), shown, axes)
    rows.finish(axes, shown, picture, wish, "= open deals × win rate × deal size ÷ cycle in days")
    return axes


def _said(table: MetricTable, at: int) -> str:
    """Return a velocity and its factors in figures."""
    if np.isnan(table.value[at]):
        return ""
    n, rate, size, days = (figures.brief(float(table.parts[name][at]), kind) for name, kind in _PARTS)
    return f"{figures.brief(float(table.value[at]), table.unit)} = {n} × {rate} × {size} ÷ {days}"
