"""The paper under a picture: axes, their units and limits, names that are safe to draw, and what is said below."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from salesmetrics import export, figures
from salesmetrics.arrays import FloatArray
from salesmetrics.labels import Labels

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "Ticks",
    "Wish",
    "axes_for",
    "empty",
    "label_axis",
    "measure",
    "names_of",
    "room",
    "safe",
    "size_of",
    "under",
]

_POINTS, _LETTER = 72.0, 0.55  # points of an inch; the width of a letter in heights of it


@attrs.frozen
class Wish:
    """What the caller asks of a picture: numbers to mark beside the values, rows at most, and how few are thin."""

    mark: FloatArray | None = None
    marked: str = ""
    single: float | None = None
    most: int | None = None
    min_n: int = 5


@attrs.frozen
class Ticks:
    """The text of the numbers on an axis; fractions as percent or times, for the eye only."""

    kind: str

    def __call__(self, value: float, place: int | None = None) -> str:
        """Return the text of one number."""
        return figures.tick(value, self.kind)


# --- axes ------------------------------------------------------------------------------------------------------------


def axes_for(ax: Axes | None, rows: int | None = None) -> Axes:
    """Return the axes given, or those of a new figure that has room for so many rows."""
    if ax is not None:
        return ax
    with export.needing("matplotlib", "plot"):
        from matplotlib import pyplot as plt

    height = 5.0 if rows is None else min(max(1.6 + 0.27 * rows, 3.0), 9.7)
    axes: Axes = plt.subplots(figsize=(9.0, height), layout="constrained")[1]
    return axes


def size_of(axes: Axes) -> tuple[float, float, float]:
    """Return the width and height of axes and the size of their letters, in points."""
    from matplotlib import rcParams
    from matplotlib.font_manager import FontProperties

    box = axes.get_window_extent()
    scale = _POINTS / axes.figure.dpi
    return box.width * scale, box.height * scale, FontProperties(size=rcParams["ytick.labelsize"]).get_size_in_points()


def room(axes: Axes, letters: int) -> float:
    """Return the share of the width of axes that a text takes, at most three fifths."""
    wide, _, size = size_of(axes)
    # a layout engine gives the names of rows their room later, and takes it from the axes
    named = max((len(label.get_text()) for label in axes.get_yticklabels()), default=0) * _LETTER * size
    wide = min(wide, max(1.25 * wide - named, 0.4 * wide))
    return min(letters * _LETTER * size / max(wide, 1.0) + 0.02, 0.6)


def label_axis(axis: Any, text: str, kind: str, *, across: bool = True) -> None:
    """Give an axis its words and numbers."""
    from matplotlib.ticker import MaxNLocator

    wide, high, size = size_of(axis.axes)
    fits = int(wide / (6 * size)) if across else int(high / (2.5 * size))
    whole = kind == "count"
    axis.set_major_locator(MaxNLocator(nbins=min(max(fits, 2), 7), steps=[1, 2, 2.5, 5, 10], integer=whole))
    axis.set_major_formatter(Ticks(kind))
    axis.set_label_text(text)
    axis.axes.spines[["top", "right"]].set_visible(False)
    axis.axes.set_axisbelow(True)
    axis.grid(visible=True, color="#e4e4e4", linewidth=0.8)


def measure(name: str, kind: str, currency: str | None, counted: str = "") -> str:
    """Return the words of an axis: the metric and its unit."""
    mark = f"[{counted}]" if counted else figures.mark_of(kind, currency)
    return f"{safe(name.replace('_', ' '), 40)} {mark}".rstrip()


# --- words -----------------------------------------------------------------------------------------------------------


def safe(text: object, letters: int) -> str:
    """Return a label as it is to be drawn: no control characters, no formulas between dollar signs, cut in the middle."""
    return figures.cut(text, letters).replace("$", r"\$")


def names_of(labels: Labels, axes: Axes, names: Sequence[str] | None = None) -> list[str]:
    """Return a name for each row, no longer than a third of the axes."""
    wide, _, size = size_of(axes)
    letters = int(min(max(0.33 * wide / (_LETTER * size), 12), 32))
    wanted = labels.names if names is None else tuple(names)
    if not wanted:
        return ["all"] * len(labels)
    rows = zip(*(labels.column(name) for name in wanted), strict=True)
    return [safe(" / ".join("(missing)" if part is None else str(part) for part in row), letters) for row in rows]


def under(axes: Any, *notes: str) -> None:
    """Write notes below the words of the horizontal axis, where no title and no bar can be in their way."""
    wide, _, size = size_of(axes)
    letters = max(int(1.1 * wide / (_LETTER * size)), 30)
    said = [line for note in notes for line in _lines(note, letters)]
    if said:
        axes.set_xlabel("\n".join([line for line in (axes.get_xlabel(), *said) if line]))


def _lines(note: str, letters: int) -> list[str]:
    """Return a note in lines of so many letters, broken between its parts where that will do."""
    packed: list[str] = []
    for part in note.split("; "):
        if packed and len(packed[-1]) + len(part) + 2 <= letters:
            packed[-1] = f"{packed[-1]}; {part}"
        else:
            packed.append(part)
    return [line for part in packed for line in textwrap.wrap(part, letters)]


def empty(axes: Any, what: str) -> None:
    """Say in the middle that there is nothing to draw."""
    axes.text(0.5, 0.5, f"no {what}", transform=axes.transAxes, ha="center", va="center", style="italic")
    axes.set_xticks([])
    axes.set_yticks([])


def reasons_said(reasons: Iterable[str]) -> str:
    """Return the reasons of values that are undefined, in words."""
    found = dict.fromkeys(figures.in_words(str(reason)) for reason in reasons if reason)
    return ", ".join(found)


def numbers(*values: float | None) -> list[float]:
    """Return the numbers that are there."""
    return [value for value in values if value is not None]


def finite(values: Any) -> Any:
    """Return the numbers among values."""
    held = np.asarray(values, dtype=np.float64).ravel()
    return held[np.isfinite(held)]
