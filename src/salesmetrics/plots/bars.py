"""Bars: sums, counts, and shares that are counted and not estimated; and what belongs on the row of a bar."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from salesmetrics import figures
from salesmetrics.plots import inks, rows, sheet
from salesmetrics.plots.picture import Picture
from salesmetrics.results import MetricTable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw_bars", "draw_patches"]


def draw_bars(table: MetricTable, ax: Axes | None, picture: Picture, wish: sheet.Wish) -> Axes:
    """Draw a bar for each row from zero, its number at its end, and the goal as a line."""
    axes = sheet.axes_for(ax, len(table) + 1)
    kind = figures.kind_of(table.name, table.unit)
    sheet.label_axis(axes.xaxis, sheet.measure(table.name, kind, table.currency, picture.counted), kind)
    if not len(table):
        sheet.empty(axes, "rows")
        return axes
    shown = rows.laid_out(table, axes, wish, estimate=picture.estimate)
    head = 0.9 if picture.goal is not None or wish.single is not None else 0.0
    rows.draw_names(table, shown, axes, head=head)
    value = table.value[shown.at]
    marks = rows.draw_marks(shown, wish, axes)
    known = sheet.finite([*value, *marks, 0.0, *sheet.numbers(picture.goal, wish.single)])
    texts = rows.texts_of(value, marks, kind)
    below = max((len(t) for t, v in zip(texts, value, strict=True) if v < 0), default=0)
    over = max((len(t) for t, v in zip(texts, value, strict=True) if not v < 0), default=0)
    rows.set_width(axes, float(known.min()), float(known.max()), below, over)
    needed = np.where(np.isnan(marks), np.nan if picture.goal is None else picture.goal, marks)
    draw_patches(axes, shown, value, needed if picture.required else picture.goal)
    rows.draw_zero(axes)
    rows.draw_lines(axes, picture, wish, kind, head=head)
    rows.draw_reasons(table, shown, axes)
    ends = np.fmax(value, np.where(np.isnan(value) | (value < 0), value, marks))
    rows.draw_values(texts, ends, shown, axes, away=5 if np.isnan(marks).all() else 9)
    rows.finish(axes, shown, picture, wish)
    return axes


def draw_patches(axes: Any, shown: rows.Rows, value: Any, needed: Any = None) -> None:
    """Draw the bars: blue, orange short of what is needed, hatched below zero, pale where thin."""
    bars = axes.barh(shown.place, value, height=0.72, color=inks.BLUE, linewidth=0.8)
    least = np.broadcast_to(np.asarray(np.nan if needed is None else needed, dtype=np.float64), value.shape)
    for bar, number, enough, thin in zip(bars, value.tolist(), least.tolist(), shown.thin.tolist(), strict=True):
        colour = inks.BLUE
        if number < 0:
            colour = inks.VERMILION
            bar.set_hatch("///")
        elif number < enough * (1 - 1e-9):
            colour = inks.ORANGE
        bar.set_facecolor(colour)
        bar.set_edgecolor("#ffffff" if number < 0 else colour)
        if thin:
            bar.set_alpha(inks.PALE)
