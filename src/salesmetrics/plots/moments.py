"""The horizontal axis of what goes on in time: periods and weeks one after another, days and ages as far apart as they are."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from salesmetrics.arrays import FloatArray, IntArray
from salesmetrics.labels import Labels
from salesmetrics.plots import sheet

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["OVER_TIME", "Moments", "moments_of", "set_ticks", "time_of"]

OVER_TIME = ("period", "cohort", "day", "elapsed", "week", "tenure_month", "age")
_WORDS = {"elapsed": "elapsed share of the period", "tenure_month": "month of tenure", "age": "age [days]"}
_TICKS = 12


@attrs.frozen(eq=False)
class Moments:
    """The distinct moments of a table, where each stands on the axis, and which of them each row has."""

    name: str
    labels: Labels
    place: FloatArray
    of_row: IntArray
    measured: bool

    def __len__(self) -> int:
        return len(self.labels)


def time_of(table: Any) -> str | None:
    """Return the label of a table that is a time, if there is one; ages in buckets are none."""
    for name in OVER_TIME:
        if name in table.labels.names:
            values = table.labels.levels[table.labels.names.index(name)].values
            return None if name == "age" and any(isinstance(value, str) for value in values) else name
    return None


def moments_of(labels: Labels, name: str) -> Moments:
    """Return the moments of rows under one label."""
    found, of_row = labels.onto([name])
    values = found.column(name)
    days = [value.toordinal() if isinstance(value, dt.date) else value for value in values]
    measured = bool(days) and all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in days)
    place = np.array(days, dtype=np.float64) if measured else np.arange(len(found), dtype=np.float64)
    return Moments(name, found, place, of_row, measured)


def set_ticks(axes: Axes, moments: Moments) -> None:
    """Name the moments on the axis, as many as can be read."""
    words = _WORDS.get(moments.name, moments.name.replace("_", " "))
    dates = bool(len(moments)) and isinstance(moments.labels.column(moments.name)[0], dt.date)
    if moments.measured and not dates:
        sheet.label_axis(axes.xaxis, words, "percent" if moments.name == "elapsed" else "count")
        if moments.name == "elapsed":
            axes.set_xticks([0.0, 0.25, 0.5, 0.75, 1.0])
        return
    axes.set_xlabel(sheet.safe(words, 32))
    names = sheet.names_of(moments.labels, axes)
    wide, _, size = sheet.size_of(axes)
    flat = max(int(wide / ((max(map(len, names), default=1) + 2) * 0.6 * size)), 1)
    turned = len(names) > flat
    step = max(1, -(-len(names) // (_TICKS if turned else min(flat, _TICKS))))
    shown = np.arange(0, len(names), step)
    axes.set_xticks(
        moments.place[shown],
        [names[at] for at in shown.tolist()],
        rotation=45 if turned else 0,
        ha="right" if turned else "center",
        rotation_mode="anchor",
    )
