"""Funnels: how many came to each stage, and how many of them went on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from salesmetrics import figures
from salesmetrics.plots import bars, dots, heat, inks, rows, sheet
from salesmetrics.plots.picture import Picture
from salesmetrics.results import MetricTable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw_funnel"]


def draw_funnel(table: MetricTable, ax: Axes | None, picture: Picture, wish: sheet.Wish) -> Axes:
    """Draw a bar for each stage, all that came and in it those that went on; several groups are a heat map of numbers."""
    others = [name for name in table.labels.names if name != "stage"]
    if others and "stage" in table.labels.names and len(table.labels.onto(others)[0]) > 1:
        return heat.draw_heat(table, ax, picture, wish)
    if not len(table) or "reached" not in table.parts or "advanced" not in table.parts:
        plain = bars.draw_bars if table.low is None else dots.draw_dots
        return plain(table, ax, picture, wish)
    axes = sheet.axes_for(ax, len(table) + 2)
    sheet.label_axis(axes.xaxis, "deals that reached the stage", "count")
    shown = rows.laid_out(table, axes, wish, estimate=True)
    rows.draw_names(table, shown, axes)
    reached, advanced = (np.asarray(table.parts[name], dtype=np.float64)[shown.at] for name in ("reached", "advanced"))
    texts = [_said(table, at) for at in shown.at.tolist()]
    rows.set_width(axes, 0.0, float(max(reached.max(), 1.0)), 0, max(map(len, texts)))
    axes.barh(
        shown.place, reached, height=0.72, facecolor="#ffffff", edgecolor=inks.BLUE, linewidth=1.2, label="reached"
    )
    went = axes.barh(shown.place, advanced, height=0.72, color=inks.BLUE, label="went on")
    for bar, thin in zip(went, shown.thin.tolist(), strict=True):
        bar.set_alpha(inks.PALE if thin else None)
    rows.draw_values(texts, reached, shown, axes)
    sheet.under(axes, "filled: those who went on", shown.note)
    return axes


def _said(table: MetricTable, at: int) -> str:
    """Return the share that went on, with its interval."""
    value = float(table.value[at])
    if np.isnan(value):
        return figures.in_words(str(table.reason[at]))
    text = figures.brief(value, "percent")
    if table.low is None or table.high is None or np.isnan(table.low[at]):
        return text
    low, high = (figures.brief(float(end[at]), "percent") for end in (table.low, table.high))
    return f"{text} ({low.removesuffix(' %')} to {high})"
