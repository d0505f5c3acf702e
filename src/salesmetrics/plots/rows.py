"""The rows of a picture from top to bottom: in which order, how many, under which names, with what beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from salesmetrics import figures
from salesmetrics.arrays import AnyArray, BoolArray, FloatArray, IntArray
from salesmetrics.labels import Labels
from salesmetrics.plots import inks, sheet
from salesmetrics.plots.picture import Picture
from salesmetrics.results import MetricTable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Rows", "has_order", "laid_out"]

_MOST = 30
_PITCH = 1.3  # of the height of a letter


@attrs.frozen(eq=False)
class Rows:
    """The rows that are drawn: their places in the table and on the axes, and what is said of the others."""

    at: IntArray
    place: FloatArray
    gap: int | None
    thin: BoolArray
    note: str

    def __len__(self) -> int:
        return len(self.at)


def has_order(labels: Labels) -> bool:
    """Return True where rows have an order of their own, or were put into one by the user."""
    if any(level.ordered or _dated(level.values) for level in labels.levels):
        return True
    codes = labels.codes
    keys = tuple(codes[:, at] for at in range(codes.shape[1] - 1, -1, -1))
    return bool(keys) and not np.array_equal(np.lexsort(keys), np.arange(len(codes)))


def _dated(values: tuple[Any, ...]) -> bool:
    return bool(values) and not isinstance(values[0], str)


def laid_out(table: MetricTable, axes: Axes, wish: sheet.Wish, *, estimate: bool) -> Rows:
    """Return the rows to draw: largest first where they have no order, both ends where there are too many."""
    order, most = np.arange(len(table)), fitting(axes, wish.most)
    gap, note = None, ""
    if not has_order(table.labels):
        keys = np.where(np.isnan(table.value), -np.inf, table.value)
        order = np.argsort(-keys, kind="stable")
        known = int((~table.undefined).sum())
        if len(order) > most:
            order, gap, note = _both_ends(order, known, most, len(order))
    elif len(order) > most:
        order, note = order[:most], f"first {most} of {len(table):,} rows"
    place = np.arange(len(order), dtype=np.float64)
    if gap is not None:
        place[gap:] += 1
    thin = (table.n[order] < wish.min_n) & ~table.undefined[order] if estimate else np.zeros(len(order), dtype=bool)
    if thin.any():
        note = "; ".join([*([note] if note else []), f"pale: n below {wish.min_n}"])
    return Rows(order, place, gap, thin, note)


def _both_ends(order: IntArray, known: int, most: int, total: int) -> tuple[IntArray, int | None, str]:
    """Return the largest and the smallest of the rows that are defined, where the gap is, and the note."""
    unknown = f", {total - known:,} undefined" if known < total else ""
    if known <= most:
        return order[:most], None, f"first {most} of {total:,} rows{unknown}"
    top = (most + 1) // 2
    ends = np.concatenate([order[:top], order[known - (most - top) : known]])
    return ends, top, f"largest {top} and smallest {most - top} of {total:,} rows{unknown}"


def fitting(axes: Axes, most: int | None) -> int:
    """Return how many rows can be read on axes of this height."""
    if most is not None:
        return max(most, 1)
    _, high, size = sheet.size_of(axes)
    return int(min(max(high / (_PITCH * size), 4), _MOST))


def draw_names(table: MetricTable, rows: Rows, axes: Any, *, head: float = 0.0) -> None:
    """Write the names of rows with their n, and the place where rows were left out; ``head`` is room above the first."""
    names = sheet.names_of(table.labels.take(rows.at), axes)
    ticks = [f"{name} (n = {n:,})" for name, n in zip(names, table.n[rows.at].tolist(), strict=True)]
    axes.set_yticks(rows.place, ticks)
    spare = {1: 0.9, 2: 0.4}.get(len(rows), 0.0)  # a single bar is not as thick as the axes are high
    axes.set_ylim(rows.place[-1] + 0.6 + spare, -0.6 - max(head, spare))
    axes.tick_params(axis="y", length=0)
    if rows.gap is not None:
        hidden = f"… {len(table) - len(rows):,} more"
        axes.text(0.01, rows.gap, hidden, transform=axes.get_yaxis_transform(), va="center", color=inks.GREY)


def draw_reasons(table: MetricTable, rows: Rows, axes: Any, at: float = 0.0) -> None:
    """Write the reason of an undefined value in place of it."""
    for row in np.flatnonzero(table.undefined[rows.at]).tolist():
        said = figures.in_words(str(table.reason[rows.at[row]])) or "undefined"
        where = (at, float(rows.place[row]))
        axes.annotate(
            said, where, (4, 0), textcoords="offset points", va="center", style="italic", color=inks.GREY, label="_why"
        )


def draw_values(
    texts: list[str], ends: AnyArray, rows: Rows, axes: Any, *, outward: bool = True, away: int = 5
) -> None:
    """Write a text beside each row: right of its end; outward, left of one below zero."""
    for text, end, place in zip(texts, ends.tolist(), rows.place.tolist(), strict=True):
        if text and np.isfinite(end):
            side = -1 if end < 0 and outward else 1
            write(axes, text, float(end), float(place), side=side, away=away)


def write(axes: Any, text: str, x: float, y: float, *, side: int = 1, away: int = 5) -> None:
    """Write a text beside a point, on a ground of its own where a line runs behind it."""
    axes.annotate(
        text,
        (x, y),
        (away * side, 0),
        textcoords="offset points",
        va="center",
        ha="right" if side < 0 else "left",
        bbox={"facecolor": "#ffffff", "edgecolor": "none", "alpha": 0.85, "pad": 0.6},
        zorder=5,
    )


def set_width(axes: Axes, low: float, high: float, left: int, right: int) -> None:
    """Set the limits across, with room for texts of so many letters at both ends."""
    before, after = (sheet.room(axes, letters + 1) if letters else 0.02 for letters in (left, right))
    high = high if high > low else low + 1.0
    span = high - low
    whole = span / max(1 - before - after, 0.2)
    axes.set_xlim(low - before * whole, high + after * whole)


def draw_zero(axes: Any) -> None:
    """Draw the line from which bars begin, in place of the frame beside it."""
    axes.axvline(0.0, color=inks.BLACK, linewidth=0.8, label="_zero")
    axes.spines["left"].set_visible(False)


def draw_goal(axes: Any, goal: float, words: str, *, head: float) -> None:
    """Draw the line that counts, with its words in the room above the first row."""
    axes.axvline(goal, color=inks.BLACK, linewidth=1.2, linestyle="--", label="_goal")
    left, right = axes.get_xlim()
    side = 1 if goal < (left + right) / 2 else -1
    _name_line(axes, goal, words, head, side)


def draw_marks(rows: Rows, wish: sheet.Wish, axes: Any) -> FloatArray:
    """Draw the numbers to mark, one on each row that has one, and return them."""
    if wish.mark is None or wish.single is not None:
        return np.full(len(rows), np.nan)
    marks: FloatArray = np.asarray(wish.mark, dtype=np.float64)[rows.at]
    axes.plot(
        marks,
        rows.place,
        linestyle="none",
        marker="D",
        markersize=7,
        markerfacecolor="#ffffff",
        markeredgecolor=inks.BLACK,
        markeredgewidth=1.5,
        label=f" {wish.marked}, in brackets",
        zorder=4,
    )
    return marks


def texts_of(value: FloatArray, marks: FloatArray, kind: str) -> list[str]:
    """Return the number of each row, that of its mark in brackets; nothing where it is undefined."""
    return [
        "" if np.isnan(v) else figures.brief(v, kind) + ("" if np.isnan(m) else f" ({figures.brief(m, kind)})")
        for v, m in zip(value.tolist(), marks.tolist(), strict=True)
    ]


def draw_lines(axes: Any, picture: Picture, wish: sheet.Wish, kind: str, *, head: float) -> None:
    """Draw the goal, and the number that is marked on all rows."""
    if picture.goal is not None:
        draw_goal(axes, picture.goal, picture.goal_words, head=head)
    if wish.single is not None and wish.single != picture.goal:
        axes.axvline(wish.single, color=inks.BLACK, linewidth=1.6, linestyle=":", label="_mark")
        words = f"{wish.marked} {figures.brief(wish.single, kind)}".strip()
        left, right = axes.get_xlim()
        side = 1 if wish.single > (left + right if picture.goal is None else 2 * picture.goal) / 2 else -1
        _name_line(axes, wish.single, words, head, side if picture.goal is not None else -side)


def _name_line(axes: Any, x: float, words: str, head: float, side: int) -> None:
    """Write the words of a line in the room above the first row."""
    style = {"va": "center", "ha": "left" if side > 0 else "right", "fontsize": "small", "label": "_line"}
    axes.annotate(words, (x, -0.6 - head / 2), (4 * side, 0), textcoords="offset points", **style)


def finish(axes: Any, shown: Rows, picture: Picture, wish: sheet.Wish, *notes: str) -> None:
    """Add the legend of the marks, and what is said below."""
    if wish.mark is not None and wish.single is None:
        axes.legend(fontsize="small", loc="best")
    sheet.under(axes, *notes, picture.note, shown.note)
