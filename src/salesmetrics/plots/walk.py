"""Waterfalls: from what was there to what is there, and what each factor of a change did."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from salesmetrics import figures
from salesmetrics.arrays import BoolArray, FloatArray
from salesmetrics.plots import inks, rows, sheet
from salesmetrics.plots.picture import Picture
from salesmetrics.results import MetricTable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw_change", "draw_walk"]

_FACTORS = {"open_count": "open deals", "win_rate": "win rate", "mean_amount": "deal size", "cycle_days": "cycle"}


def draw_walk(
    table: MetricTable, ax: Axes | None = None, picture: Picture | None = None, wish: sheet.Wish | None = None
) -> Axes:
    """Axes with the waterfall of a walk, from what was there to what is there.

    Parameters
    ----------
    table : MetricTable
        The walk to draw; of several groups or periods, the first.
    ax : matplotlib.axes.Axes, optional
        Where to draw; new axes otherwise.
    picture, wish : optional
        As other pictures have them; a walk reads neither.

    Returns
    -------
    matplotlib.axes.Axes
        The axes. Each bar begins where the one before it ends; buckets without deals have none, and a walk that is undefined
        has no bars but the reason. A note says of how many groups and periods the first is drawn.

    Examples
    --------
    >>> import salesmetrics as sm
    >>> company = sm.datasets.sample_company(deals=500, rng=1)
    >>> walk = sm.pipeline_walk(company.deals, company.history, period=company.calendar.quarter(2026, 2))
    >>> axes = walk.plot()  # doctest: +SKIP
    """
    others = [name for name in table.labels.names if name != "bucket"]
    groups, group = table.labels.onto(others)
    buckets = np.array(table.labels.column("bucket"), dtype=object)
    ends = (buckets == "opening") | (buckets == "closing")
    shown = np.flatnonzero((group == 0) & (ends | (table.n > 0)) & ~table.undefined)
    axes = sheet.axes_for(ax, len(shown))
    sheet.label_axis(axes.xaxis, sheet.measure(table.name, table.unit, table.currency), table.unit)
    if not len(shown):
        sheet.empty(axes, "walks" if not len(table) else f"walk: {sheet.reasons_said(table.reason)}")
        return axes
    named = [f"{str(b).replace('_', ' ')} (n = {n:,})" for b, n in zip(buckets[shown], table.n[shown], strict=True)]
    _draw_steps(axes, named, table.value[shown], ends[shown], buckets[shown] == "closing", table.unit)
    _say_which(axes, groups, others, table)
    return axes


def draw_change(table: MetricTable, ax: Axes | None, picture: Picture, wish: sheet.Wish) -> Axes:
    """Draw what each factor did to a velocity, one after the other, and the change that they add up to."""
    axes = sheet.axes_for(ax, 6)
    sheet.label_axis(axes.xaxis, sheet.measure(table.name, table.unit, table.currency), table.unit)
    if not len(table) or bool(table.undefined[0]):
        sheet.empty(axes, f"change: {sheet.reasons_said(table.reason[:1])}" if len(table) else "rows")
        return axes
    factors = [name for name in _FACTORS if name in table.parts and not np.isnan(table.parts[name][0])]
    value = np.array([*(table.parts[name][0] for name in factors), table.value[0]])
    last = np.arange(len(value)) == len(value) - 1
    names = [*(_FACTORS[name] for name in factors), "change"]
    _draw_steps(axes, names, value, last, last, table.unit)
    _say_which(axes, table.labels, list(table.labels.names), table)
    if not factors:
        sheet.under(axes, "a factor is 0 or undefined: the change cannot be split")
    return axes


def _draw_steps(
    axes: Any, names: Sequence[str], value: FloatArray, whole: BoolArray, closing: BoolArray, unit: str
) -> None:
    """Draw the bars of a waterfall from the top, each with its number, and lines from bar to bar."""
    reached = np.cumsum(np.where(closing, 0.0, value))
    left = np.where(whole, 0.0, reached - value)
    right = left + value
    place = np.arange(len(value), dtype=np.float64)
    bars = axes.barh(place, value, left=left, height=0.72)
    for bar, name, all_of_it, number in zip(bars, names, whole.tolist(), value.tolist(), strict=True):
        won = name.startswith("won ")  # it leaves the pipeline, and is what the pipeline is for
        bar.set_facecolor(inks.GREY if all_of_it else inks.GREEN if won else inks.BLUE if number >= 0 else inks.ORANGE)
        bar.set_edgecolor("#ffffff")
        if number < 0 and not all_of_it and not won:
            bar.set_hatch("///")
    for at in range(len(value) - 1):
        axes.plot([right[at]] * 2, [at + 0.36, at + 0.64], color=inks.GREY, linewidth=1.0, label="_step")
    texts = [
        figures.brief(v, unit) if w or v < 0 else f"+{figures.brief(v, unit)}"
        for v, w in zip(value.tolist(), whole.tolist(), strict=True)
    ]
    low, high = float(min(left.min(), right.min(), 0.0)), float(max(left.max(), right.max(), 0.0))
    rows.set_width(axes, low, high, 0, max(map(len, texts)))
    for at, text in enumerate(texts):
        rows.write(axes, text, max(float(left[at]), float(right[at])), at)
    axes.set_yticks(place, names)
    axes.set_ylim(len(value) - 0.4, -0.6)
    rows.draw_zero(axes)


def _say_which(axes: Any, groups: Any, names: Sequence[str], table: MetricTable) -> None:
    """Say which of several groups is drawn."""
    if names and len(groups):
        axes.set_title(sheet.names_of(groups, axes, names)[0], fontsize="medium", loc="left")
    if len(groups) > 1:
        sheet.under(axes, f"the first of {len(groups):,} groups")
