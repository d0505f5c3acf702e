"""Lines: what goes on over periods, days, ages or months of tenure, one line for each group, named at its end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from salesmetrics import figures
from salesmetrics.arrays import FloatArray, IntArray
from salesmetrics.plots import inks, moments, sheet
from salesmetrics.plots.picture import Picture
from salesmetrics.results import MetricTable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["MOST_LINES", "draw_lines", "line_style", "name_lines"]

MOST_LINES = 7  # as many as there are colours
_WITH_INTERVALS, _WITH_NUMBERS = 4, 14


def draw_lines(table: MetricTable, ax: Axes | None, picture: Picture, wish: sheet.Wish) -> Axes:
    """Draw a line over time for each group: hollow points rest on few rows, and what is undefined leaves a gap."""
    time = moments.time_of(table)
    assert time is not None
    axes = sheet.axes_for(ax)
    kind = figures.kind_of(table.name, table.unit)
    sheet.label_axis(axes.yaxis, sheet.measure(table.name, kind, table.currency, picture.counted), kind, across=False)
    if not len(table):
        sheet.empty(axes, "lines")
        return axes
    when = moments.moments_of(table.labels, time)
    groups, of_row = table.labels.onto([name for name in table.labels.names if name != time])
    names = sheet.names_of(groups, axes)
    drawn = min(len(names), wish.most or MOST_LINES)
    _set_height(axes, table, of_row < drawn, picture, wish)
    ends: list[tuple[str, float, float, str]] = []
    for at in range(drawn):
        rows = np.flatnonzero(of_row == at)
        rows = rows[np.argsort(when.of_row[rows])]
        shift = 0.06 * (at - (drawn - 1) / 2) if table.low is not None and not when.measured else 0.0
        place = when.place[when.of_row[rows]] + shift
        ends += _draw_line(axes, table, rows, place, at, names[at], thin=wish.min_n if picture.estimate else 0)
        if drawn <= _WITH_INTERVALS:
            _draw_intervals(axes, table, rows, place, at)
    _finish(axes, table, when, picture, wish, of_row < drawn)
    name_lines(axes, ends if len(names) > 1 else [])
    if drawn == 1 and len(when) <= _WITH_NUMBERS:
        _write_numbers(axes, table, when.place[when.of_row], kind)
    sheet.under(axes, *_notes(table, picture, wish, drawn, len(names), of_row < drawn))
    return axes


def line_style(at: int, *, dense: bool) -> dict[str, Any]:
    """Return how the line of a group is told apart: colour, dashes, and a marker on each point where there are few."""
    marker = None if dense else inks.MARKERS[at % len(inks.MARKERS)]
    return {
        "color": inks.LINES[at % len(inks.LINES)],
        "linestyle": inks.DASHES[at % len(inks.DASHES)],
        "marker": marker,
        "markersize": 6,
        "linewidth": 2.0,
    }


def _draw_line(
    axes: Any, table: MetricTable, rows: IntArray, place: FloatArray, at: int, name: str, *, thin: int
) -> list[tuple[str, float, float, str]]:
    """Draw the line of one group, and return its name and where it ends."""
    value = table.value[rows]
    style = line_style(at, dense=len(rows) > 2 * _WITH_NUMBERS)
    axes.plot(place, value, label=f" {name}", **style)
    few = np.flatnonzero((table.n[rows] < thin) & ~np.isnan(value))
    if len(few):
        axes.plot(
            place[few],
            value[few],
            linestyle="none",
            marker=style["marker"] or "o",
            markersize=7,
            markerfacecolor="#ffffff",
            markeredgecolor=style["color"],
            label="_thin",
        )
    known = np.flatnonzero(~np.isnan(value))
    return [(name, float(place[known[-1]]), float(value[known[-1]]), style["color"])] if len(known) else []


def _draw_intervals(axes: Any, table: MetricTable, rows: IntArray, place: FloatArray, at: int) -> None:
    """Draw a whisker at each point; an end that is not reached has an arrow."""
    if table.low is None or table.high is None:
        return
    value, low, high = table.value[rows], table.low[rows], table.high[rows]
    known = ~np.isnan(value) & ~np.isnan(low) & ~np.isnan(high)
    color = inks.LINES[at % len(inks.LINES)]
    bottom, top = axes.get_ylim()
    first, last = np.where(np.isinf(low), bottom, low)[known], np.where(np.isinf(high), top, high)[known]
    axes.vlines(place[known], first, last, color=color, linewidth=1.5, alpha=0.6, label="_interval")
    for ends, edge, marker in ((low, bottom, "v"), (high, top, "^")):
        endless = np.flatnonzero(known & np.isinf(ends))
        if len(endless):
            axes.plot(
                place[endless],
                np.full(len(endless), edge),
                linestyle="none",
                marker=marker,
                color=color,
                label="_endless",
            )


def _set_height(axes: Any, table: MetricTable, rows: Any, picture: Picture, wish: sheet.Wish) -> None:
    """Set the limits upwards: from zero where nothing is below it, so that a change looks as large as it is."""
    goal = sheet.numbers(picture.goal, wish.single)
    marks = [] if wish.mark is None else wish.mark[rows]
    ends = [] if table.low is None or table.high is None else [*table.low[rows], *table.high[rows]]
    known = sheet.finite([*table.value[rows], *ends, *goal, *marks, 0.0])
    low, high = float(known.min()), float(known.max())
    span = (high - low) or 1.0
    axes.set_ylim(low - (0.16 * span if low < 0 else 0.0), high + 0.1 * span)


def _finish(
    axes: Any, table: MetricTable, when: moments.Moments, picture: Picture, wish: sheet.Wish, rows: Any
) -> None:
    """Draw the goal, the marks and the axis of time."""
    if picture.goal is not None:
        axes.axhline(picture.goal, color=inks.BLACK, linewidth=1.2, linestyle="--", label="_goal", zorder=1)
    if axes.get_ylim()[0] < 0:
        axes.axhline(0.0, color=inks.BLACK, linewidth=0.8, label="_zero", zorder=1)
    if when.name == "elapsed":
        axes.plot([0, 1], [0, 1], color=inks.GREY, linewidth=1.0, linestyle=":", label=" even pace", zorder=1)
        axes.annotate("even pace", (0.5, 0.5), (6, -4), textcoords="offset points", va="top", color=inks.GREY)
    if wish.single is not None and wish.single != picture.goal:
        axes.axhline(wish.single, color=inks.BLACK, linewidth=1.6, linestyle=":", label="_mark", zorder=1)
    elif wish.mark is not None:
        where = when.place[when.of_row[rows]]
        style = {"linestyle": "none", "marker": "D", "markerfacecolor": "#ffffff", "markeredgecolor": inks.BLACK}
        axes.plot(where, wish.mark[rows], label=f" {wish.marked}", zorder=4, **style)
        axes.legend([axes.get_lines()[-1]], [f" {wish.marked}"], fontsize="small", loc="best")
    moments.set_ticks(axes, when)


def name_lines(axes: Any, ends: list[tuple[str, float, float, str]]) -> None:
    """Write the name of each line at its end, one above the other where they end together."""
    if not ends:
        return
    if not _room_at_ends(axes, ends):
        axes.legend(fontsize="small", loc="best", handlelength=3.5)
        return
    left, right = axes.get_xlim()
    share = sheet.room(axes, max(len(name) for name, *_ in ends) + 1)
    axes.set_xlim(left, right + (right - left) * share / (1 - share))
    _, high, size = sheet.size_of(axes)
    bottom, top = axes.get_ylim()
    step = (top - bottom) * 1.25 * size / max(high, 1.0)
    order = sorted(range(len(ends)), key=lambda at: ends[at][2])
    wanted = [ends[at][2] for at in order]
    for at, y in zip(order, _apart(wanted, step, bottom, top), strict=True):
        name, x, value, color = ends[at]
        arrow = {"arrowstyle": "-", "color": color, "linewidth": 0.8, "shrinkA": 0, "shrinkB": 2}
        beside = right - (right - left) * 0.02
        axes.annotate(
            name, (x, value), (beside, y), va="center", color=color, arrowprops=arrow, label="_name", fontweight="bold"
        )


def _room_at_ends(axes: Any, ends: list[tuple[str, float, float, str]]) -> bool:
    """Return True where lines end far enough right and apart for their names to stand there."""
    left, right = axes.get_xlim()
    _, high, size = sheet.size_of(axes)
    bottom, top = axes.get_ylim()
    step = (top - bottom) * 1.25 * size / max(high, 1.0)
    wanted = sorted(end[2] for end in ends)
    moved = max(abs(there - here) for here, there in zip(wanted, _apart(wanted, step, bottom, top), strict=True))
    return bool(min(end[1] for end in ends) > left + 0.85 * (right - left) and moved <= 2 * step)


def _apart(wanted: list[float], step: float, bottom: float, top: float) -> list[float]:
    """Return heights in the same order, no two nearer than a step, within the limits where they fit."""
    placed: list[float] = []
    for height in wanted:
        placed.append(max(height, placed[-1] + step) if placed else max(height, bottom + step / 2))
    over = placed[-1] - (top - step / 2)
    for at in range(len(placed) - 1, -1, -1):
        if over <= 0:
            break
        placed[at] -= over
        over = 0 if at == 0 else placed[at - 1] + step - placed[at]
    return placed


def _write_numbers(axes: Any, table: MetricTable, place: FloatArray, kind: str) -> None:
    """Write the number of each point of a single line above it, below it in a valley, beside it on an interval."""
    beside = table.high is not None and bool(np.isfinite(table.high).any())
    away, side = ((6, 4), "left") if beside else ((0, 7), "center")
    ground = {"facecolor": "#ffffff", "edgecolor": "none", "alpha": 0.8, "pad": 0.4}
    style = {"textcoords": "offset points", "ha": side, "fontsize": "small", "bbox": ground}
    order = np.argsort(place)
    known = order[~np.isnan(table.value[order])]
    value = table.value[known]
    around = np.concatenate([[np.inf], value, [np.inf]])
    valley = (value < around[:-2]) & (value < around[2:]) & (len(value) > 2)
    for x, y, low in zip(place[known].tolist(), value.tolist(), valley.tolist(), strict=True):
        below = low and not beside  # the line comes from above on both sides
        where = (0, -7) if below else away
        axes.annotate(figures.brief(y, kind), (x, y), where, va="top" if below else "bottom", **style)
    if beside:  # room for the number of the last point
        left, right = axes.get_xlim()
        axes.set_xlim(left, right + (right - left) * sheet.room(axes, 4) / 2)


def _notes(table: MetricTable, picture: Picture, wish: sheet.Wish, drawn: int, there: int, rows: Any) -> list[str]:
    """Return what must be said below."""
    notes = [picture.note] if picture.note else []
    notes += [f"first {drawn} of {there:,} lines"] if drawn < there else []
    if picture.goal is not None:
        notes.append(f"dashed: {picture.goal_words}")
    if wish.single is not None and wish.single != picture.goal:
        said = figures.brief(wish.single, figures.kind_of(table.name, table.unit))
        notes.append(f"dotted: {wish.marked} {said}".replace("  ", " "))
    if picture.estimate and bool(((table.n < wish.min_n) & ~table.undefined & rows).any()):
        notes.append(f"hollow: n below {wish.min_n}")
    if table.low is not None and drawn > _WITH_INTERVALS and bool(np.isfinite(table.low).any()):
        notes.append("intervals are left out")
    missing = table.undefined & rows
    if missing.any():
        notes.append(f"gaps: {sheet.reasons_said(table.reason[missing])}")
    return ["; ".join(notes)] if notes else []
