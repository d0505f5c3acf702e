"""Heat maps with their numbers: two labels at once, such as moves from stage to stage, or many reps over some quarters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from salesmetrics import figures
from salesmetrics.arrays import FloatArray, IntArray
from salesmetrics.labels import Labels
from salesmetrics.plots import inks, rows, sheet
from salesmetrics.plots.picture import Picture
from salesmetrics.results import MetricTable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw_heat"]

_TIMES_OF_STAGE = ("to", "age", "period", "day", "week", "stage")


@attrs.frozen(eq=False)
class _Grid:
    """The cells of a heat map: labels down and across, and the row of the table that each cell shows, -1 for none."""

    down: Labels
    across: Labels
    row: IntArray


def draw_heat(table: MetricTable, ax: Axes | None, picture: Picture, wish: sheet.Wish) -> Axes:
    """Draw a cell for each pair of labels, its number in it; what is undefined is a grey dash."""
    grid, rest = _grid(table)
    axes = sheet.axes_for(ax, len(grid.down) + (len(grid.down) // 4 if len(grid.down) < 12 else 0))
    if not grid.row.size:
        sheet.empty(axes, "rows")
        return axes
    grid, note = _cut(table, grid, axes, wish)
    kind = figures.kind_of(table.name, table.unit)
    value = np.where(grid.row < 0, np.nan, table.value[np.maximum(grid.row, 0)])
    colours = _colours(axes, value, picture)
    _name(axes, grid)
    _write(axes, value, colours, kind)
    if rest:
        axes.set_title(rest, fontsize="medium", loc="left")
    absent = grid.row[np.isnan(value) & (grid.row >= 0)]
    missing = f"–: {sheet.reasons_said(table.reason[absent])}" if len(absent) else ""
    sides = "" if picture.goal is None else f"blue: above {picture.goal_words}, orange: below"
    measure = sheet.measure(table.name, kind, table.currency, picture.counted)
    axes.set_xlabel(" / ".join(sheet.safe(name.replace("_", " "), 24) for name in grid.across.names))
    sheet.under(axes, measure, "; ".join(said for said in (note, sides, missing) if said))
    return axes


def _grid(table: MetricTable) -> tuple[_Grid, str]:
    """Return the cells: the label that runs fastest across, all others down; of moves, the first group."""
    names = list(table.labels.names)
    across = next(name for name in (*_TIMES_OF_STAGE, names[-1]) if name in names and name != "from")
    down = [name for name in names if name != across]
    rest, shown = "", np.arange(len(table))
    if across in ("to", "age") and len(down) > 1:
        groups, of_row = table.labels.onto([name for name in down if name not in ("from", "stage")])
        shown = np.flatnonzero(of_row == 0)
        rest = f"{next(iter(groups))}: the first of {len(groups):,} groups" if len(groups) > 1 else ""
        down = [name for name in down if name in ("from", "stage")]
    labels = table.labels.take(shown)
    lines, at_line = labels.onto(down)
    columns, at_column = labels.onto([across])
    row = np.full((len(lines), len(columns)), -1, dtype=np.int64)
    row[at_line, at_column] = shown
    return _Grid(lines, columns, row), sheet.safe(rest, 60)


def _cut(table: MetricTable, grid: _Grid, axes: Any, wish: sheet.Wish) -> tuple[_Grid, str]:
    """Return the lines that can be read, those without an order by what they came to last."""
    order = np.arange(len(grid.down))
    if grid.down.names and not rows.has_order(grid.down):
        last = np.where(grid.row[:, -1] < 0, np.nan, table.value[np.maximum(grid.row[:, -1], 0)])
        order = np.argsort(np.where(np.isnan(last), np.inf, -last), kind="stable")
    most = rows.fitting(axes, wish.most)
    note = f"first {most} of {len(order):,} rows" if len(order) > most else ""
    order = order[:most]
    return _Grid(grid.down.take(order), grid.across, grid.row[order]), note


def _colours(axes: Any, value: FloatArray, picture: Picture) -> FloatArray:
    """Draw the cells, and return their colours."""
    from matplotlib.colors import Normalize

    known = sheet.finite(value)
    top = float(known.max()) if len(known) else 1.0
    low = float(known.min()) if len(known) else 0.0
    if low > 0.5 * top:  # differences are what is looked for
        low -= 0.25 * (top - low)
    else:
        low = min(low, 0.0)
    goal = picture.goal
    if goal is not None:
        reach = min(max(float(np.abs(known - goal).max(initial=0.0)), 0.1), 1.0)
        low, top = goal - reach, goal + reach
    norm = Normalize(low, top if top > low else low + 1.0, clip=True)
    colormap = inks.heat(two_sided=goal is not None)
    image = axes.imshow(np.ma.masked_invalid(value), aspect="auto", cmap=colormap, norm=norm)
    axes.set_xticks(np.arange(value.shape[1] + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(value.shape[0] + 1) - 0.5, minor=True)
    axes.grid(which="minor", color="#ffffff", linewidth=1.5)
    axes.tick_params(which="both", length=0)
    return np.asarray(image.to_rgba(np.ma.masked_invalid(value)))


def _name(axes: Any, grid: _Grid) -> None:
    """Write the labels down and across."""
    wide, _, size = sheet.size_of(axes)
    names = _texts(grid.across, axes)
    turned = max(map(len, names), default=0) * 0.6 * size > 0.9 * wide / max(len(names), 1)
    axes.set_xticks(
        np.arange(len(names)),
        names,
        rotation=30 if turned else 0,
        ha="right" if turned else "center",
        rotation_mode="anchor",
    )
    axes.set_yticks(np.arange(len(grid.down)), _texts(grid.down, axes))
    axes.set_ylabel(" / ".join(sheet.safe(name.replace("_", " "), 24) for name in grid.down.names))


def _texts(labels: Labels, axes: Any) -> Sequence[str]:
    return sheet.names_of(labels, axes)


def _write(axes: Any, value: FloatArray, colours: FloatArray, kind: str) -> None:
    """Write the number into each cell, where there is room for it."""
    texts = [["–" if np.isnan(v) else figures.brief(v, kind) for v in line] for line in value.tolist()]
    wide, high, size = sheet.size_of(axes)
    longest = max(len(text) for line in texts for text in line)
    fits = min(size, 0.8 * high / len(texts), wide / len(texts[0]) / (0.65 * longest))
    if fits < 4:
        return
    for at, line in enumerate(texts):
        for there, text in enumerate(line):
            pale = text == "–" or (text in ("0", "0 %") and float(colours[at, there, :3].min()) > 0.95)
            colour = inks.GREY if pale else inks.readable_on(tuple(colours[at, there]))
            axes.text(there, at, text, ha="center", va="center", fontsize=fits, color=colour)
