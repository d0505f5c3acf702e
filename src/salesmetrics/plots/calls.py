"""Forecast against actual: what was called beside what came, by forecaster, by period or by week."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from salesmetrics import figures
from salesmetrics.plots import bars, inks, lines, rows, sheet
from salesmetrics.plots.picture import Picture
from salesmetrics.results import MetricTable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw_calls", "draw_calls_over_time"]


def draw_calls(table: MetricTable, ax: Axes | None, picture: Picture, wish: sheet.Wish) -> Axes:
    """Draw what came as a bar and what was called as a diamond for each row, with the metric beside them."""
    axes = sheet.axes_for(ax, len(table) + 1)
    sheet.label_axis(axes.xaxis, _money(table), "money")
    if not len(table):
        sheet.empty(axes, "rows")
        return axes
    shown = rows.laid_out(table, axes, wish, estimate=False)
    rows.draw_names(table, shown, axes)
    known = ~np.isnan(table.value[shown.at])
    came, called = (np.where(known, table.parts[part][shown.at], np.nan) for part in ("actual", "forecast"))
    texts = [figures.brief(v, figures.kind_of(table.name, table.unit)) for v in table.value[shown.at].tolist()]
    texts = [text if there else "" for text, there in zip(texts, known.tolist(), strict=True)]
    ends = sheet.finite([*came, *called, 0.0])
    rows.set_width(axes, float(ends.min()), float(ends.max()), 0, max(map(len, texts)))
    bars.draw_patches(axes, shown, came)
    _diamonds(axes, called, shown.place)
    rows.draw_zero(axes)
    rows.draw_reasons(table, shown, axes)
    rows.draw_values(texts, np.fmax(came, called), shown, axes, outward=False, away=9)
    sheet.under(axes, f"bar: actual; diamond: forecast; number: {_words(table)}", shown.note)
    return axes


def draw_calls_over_time(table: MetricTable, ax: Axes | None, picture: Picture, wish: sheet.Wish) -> Axes:
    """Draw what was called week by week towards what came, one stretch for each period; several groups are lines."""
    names = [name for name in ("period", "week") if name in table.labels.names]
    if set(table.labels.names) - set(names) or not len(table):
        return lines.draw_lines(table, ax, picture, wish)
    axes = sheet.axes_for(ax)
    sheet.label_axis(axes.yaxis, _money(table), "money", across=False)
    outer, of_row = table.labels.onto(["period"] if "period" in names else [])
    inner, at_week = table.labels.onto(["week"] if "week" in names else [])
    weeks = len(inner)
    place = of_row * (weeks + (1 if weeks > 1 else 0)) + at_week
    known = ~table.undefined
    came, called = (np.where(known, table.parts[part], np.nan) for part in ("actual", "forecast"))
    for at in range(len(outer)):
        here = np.flatnonzero(of_row == at)
        here = here[np.argsort(place[here])]
        reach = (place[here].min() - 0.4, place[here].max() + 0.4)
        axes.fill_between(reach, [np.nanmax([*came[here], 0.0])] * 2, color=inks.BLUE, alpha=0.35, linewidth=0)
        for x, y in zip(place[here].tolist(), came[here].tolist(), strict=True):
            axes.plot([x - 0.4, x + 0.4], [y, y], color=inks.BLUE, linewidth=3, label="_actual", solid_capstyle="butt")
        axes.plot(place[here], called[here], color=inks.BLACK, linewidth=1.2, label="_path")
    _diamonds(axes, called, place, upright=True)
    _name_stretches(axes, place, outer, of_row, inner)
    ends = sheet.finite([*came, *called, 0.0])
    axes.set_ylim(float(ends.min()) * 1.08, float(ends.max()) * 1.12)
    written = _write(axes, table, place, np.fmax(came, called))
    missing = f"gaps: {sheet.reasons_said(table.reason[~known])}" if not known.all() else ""
    number = f"; number: {_words(table)}" if written else ""
    sheet.under(axes, f"line: actual; diamond: forecast{number}", missing)
    return axes


def _diamonds(axes: Any, called: Any, place: Any, *, upright: bool = False) -> None:
    """Draw the calls."""
    where = (place, called) if upright else (called, place)
    axes.plot(
        *where,
        linestyle="none",
        marker="D",
        markersize=7,
        markerfacecolor=inks.ORANGE,
        markeredgecolor=inks.BLACK,
        label=" forecast",
        zorder=4,
    )


def _name_stretches(axes: Any, place: Any, outer: Any, of_row: Any, inner: Any) -> None:
    """Name the periods, or the weeks of the one period."""
    by_week = bool(inner.names) and len(outer) <= 1
    labels, at = (inner, np.arange(len(inner))) if by_week else (outer, np.arange(len(outer)))
    centre = [place[at_] for at_ in at] if by_week else [place[of_row == each].mean() for each in at]
    names = sheet.names_of(labels, axes)
    wide, _, size = sheet.size_of(axes)
    turned = max(map(len, names), default=0) * 0.6 * size > 0.95 * wide / max(len(names), 1)
    side = "right" if turned else "center"
    axes.set_xticks(centre, names, rotation=30 if turned else 0, ha=side, rotation_mode="anchor")
    words = [
        *outer.names,
        *([f"in each the weeks {', '.join(map(str, inner))}"] if inner.names and not by_week else []),
    ]
    axes.set_xlabel(sheet.safe("week" if by_week else ", ".join(words), 80))


def _write(axes: Any, table: MetricTable, place: Any, tops: Any) -> bool:
    """Write the metric above each pair, where there is room, and return whether there is."""
    wide, _, size = sheet.size_of(axes)
    kind = figures.kind_of(table.name, table.unit)
    if wide / max(float(place.max()) + 1, 1.0) < 3.2 * size:
        return False
    for x, y, value in zip(place.tolist(), tops.tolist(), table.value.tolist(), strict=True):
        if np.isfinite(y) and not np.isnan(value):
            axes.annotate(figures.brief(value, kind), (x, y), (0, 8), textcoords="offset points", ha="center")
    return True


def _money(table: MetricTable) -> str:
    return f"forecast and actual {figures.mark_of('money', table.currency)}"


def _words(table: MetricTable) -> str:
    return sheet.safe(table.name.replace("_", " "), 40)
