"""Ranges: the spread of a number over reps, from the smallest to the largest by its quantiles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from salesmetrics import figures
from salesmetrics.plots import inks, rows, sheet
from salesmetrics.plots.picture import Picture
from salesmetrics.results import MetricTable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw_ranges"]


def draw_ranges(table: MetricTable, ax: Axes | None, picture: Picture, wish: sheet.Wish) -> Axes:
    """Draw a line from the smallest to the largest for each group, thicker towards the middle, and a dot at the median."""
    names = [name for name in table.labels.names if name != "quantile"]
    groups, of_row = table.labels.onto(names)
    kind = figures.kind_of(table.name, table.unit)
    axes = sheet.axes_for(ax, len(groups) + 2)
    sheet.label_axis(axes.xaxis, sheet.measure(table.name, kind, table.currency), kind)
    if not len(table):
        sheet.empty(axes, "rows")
        return axes
    quantiles = [str(q) for q in dict.fromkeys(table.labels.column("quantile"))]
    each = np.argsort(of_row, kind="stable").reshape(len(groups), len(quantiles))
    middle = table.take(each[:, quantiles.index("0.5") if "0.5" in quantiles else len(quantiles) // 2])
    shown = rows.laid_out(_grouped(middle, groups), axes, wish, estimate=False)
    rows.draw_names(_grouped(middle, groups), shown, axes, head=0.9)
    value = table.value[each[shown.at]]
    known = sheet.finite([*value.ravel(), 0.0, picture.goal])
    rows.set_width(axes, float(known.min()), float(known.max()), 0, 6)
    _draw(axes, shown, value, quantiles)
    if picture.goal is not None:
        rows.draw_goal(axes, picture.goal, picture.goal_words, head=0.9)
    rows.draw_reasons(_grouped(middle, groups), shown, axes)
    tops = np.array([np.nanmax(line) if np.isfinite(line).any() else np.nan for line in value])
    texts = ["" if np.isnan(v) else figures.brief(v, kind) for v in value[:, _middle(quantiles)].tolist()]
    rows.draw_values(texts, tops, shown, axes, outward=False)
    sheet.under(axes, _legend(quantiles), shown.note)
    return axes


def _grouped(middle: MetricTable, groups: Any) -> MetricTable:
    """Return the medians under the labels of their groups."""
    import attrs

    return attrs.evolve(middle, labels=groups)


def _middle(quantiles: list[str]) -> int:
    return quantiles.index("0.5") if "0.5" in quantiles else len(quantiles) // 2


def _draw(axes: Any, shown: rows.Rows, value: Any, quantiles: list[str]) -> None:
    """Draw the nested lines, and the median."""
    pairs = len(quantiles) // 2
    for pair in range(pairs):
        thick = 1.5 + 9.0 * pair / max(pairs - 1, 1)
        alpha = 0.45 + 0.4 * pair / max(pairs - 1, 1)
        axes.hlines(
            shown.place,
            value[:, pair],
            value[:, -1 - pair],
            color=inks.BLUE,
            linewidth=thick,
            alpha=alpha,
            label="_range",
        )
    axes.plot(
        value[:, _middle(quantiles)],
        shown.place,
        linestyle="none",
        marker="o",
        markersize=9,
        markerfacecolor="#ffffff",
        markeredgecolor=inks.BLACK,
        markeredgewidth=1.8,
        label="_median",
        zorder=4,
    )


def _legend(quantiles: list[str]) -> str:
    """Return in words what is drawn."""
    pairs = [f"{quantiles[at]} to {quantiles[-1 - at]}" for at in range(len(quantiles) // 2)]
    middle = quantiles[_middle(quantiles)]
    return f"dot: {'median' if middle == '0.5' else f'{middle} quantile'}; lines: {', '.join(pairs)}"
