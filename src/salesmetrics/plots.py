"""Results in, matplotlib axes out: nothing is computed here, and nothing but the axes is touched."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from salesmetrics.arrays import AnyArray
from salesmetrics.curves import CurveTable
from salesmetrics.errors import escape
from salesmetrics.results import MetricTable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw", "draw_curves", "draw_walk"]

_BARS, _LINES, _TICKS, _LETTERS = 30, 10, 12, 32
_OVER_TIME = ("period", "cohort", "day", "elapsed")
_TARGETS = {"attainment": 1.0}


def draw(table: MetricTable, ax: Axes | None = None) -> Axes:
    """Axes with the values of a table and their intervals.

    Lines over time where "period", "cohort", "day" or "elapsed" is a label, else one bar for each row, in the order of the
    table.

    Parameters
    ----------
    table : MetricTable
        The answer to draw.
    ax : matplotlib.axes.Axes, optional
        Where to draw; new axes otherwise.

    Returns
    -------
    matplotlib.axes.Axes
        The axes. The first 30 bars or 10 lines are drawn, and a note says of how many. Fractions stay fractions. An undefined
        value has its reason in place of a bar, and leaves a gap in a line. An interval without a finite end has an arrow.

    Examples
    --------
    >>> import salesmetrics as sm
    >>> deals = sm.read_deals({"rep": ["Ana", "Ben"], "outcome": ["won", "lost"], "closed": ["2026-01-15"] * 2})
    >>> axes = sm.win_rate(deals, by="rep").plot()  # doctest: +SKIP
    """
    if "bucket" in table.labels.names:
        return draw_walk(table, ax)
    axes = _axes(ax)
    time = next((name for name in _OVER_TIME if name in table.labels.names), None)
    measure = f"{table.name} [{table.unit}]"
    if time is None:
        axes.set_xlabel(measure)
        _thousands(axes.xaxis)
        axes.locator_params(axis="x", nbins=6)
        _bars(table, axes)
    else:
        axes.set_ylabel(measure)
        axes.set_xlabel(time)
        _thousands(axes.yaxis)
        _lines(table, time, axes)
    return axes


def draw_walk(table: MetricTable, ax: Axes | None = None) -> Axes:
    """Axes with the waterfall of a walk, from what was there to what is there.

    Parameters
    ----------
    table : MetricTable
        The walk to draw; of several groups or periods, the first.
    ax : matplotlib.axes.Axes, optional
        Where to draw; new axes otherwise.

    Returns
    -------
    matplotlib.axes.Axes
        The axes. Each bar begins where the one before it ends; buckets without deals have none, and a walk that is undefined
        has no bars. A note says of how many groups and periods the first is drawn.

    Examples
    --------
    >>> import salesmetrics as sm
    >>> company = sm.datasets.sample_company(deals=500, rng=1)
    >>> walk = sm.pipeline_walk(company.deals, company.history, period=company.calendar.quarter(2026, 2))
    >>> axes = walk.plot()  # doctest: +SKIP
    """
    axes = _axes(ax)
    axes.set_xlabel(f"{table.name} [{table.unit}]")
    _thousands(axes.xaxis)
    axes.locator_params(axis="x", nbins=6)
    others = [name for name in table.labels.names if name != "bucket"]
    groups, group = table.labels.onto(others)
    buckets = np.array(table.labels.column("bucket"), dtype=object)
    ends = (buckets == "opening") | (buckets == "closing")
    shown = np.flatnonzero((group == 0) & (ends | (table.n > 0)) & ~table.undefined)
    value, whole = table.value[shown], ends[shown]
    reached = np.cumsum(np.where(buckets[shown] == "closing", 0.0, value))
    left = np.where(whole, 0.0, reached - value)
    colors = ["tab:blue" if w else "tab:green" if v >= 0 else "tab:red" for w, v in zip(whole, value, strict=True)]
    place = np.arange(len(shown))
    axes.barh(place, value, left=left, color=colors, alpha=0.75)
    axes.use_sticky_edges = False  # a bar that goes back from the highest point leaves a margin as well
    axes.autoscale_view(scaley=False)
    counted = zip(buckets[shown], table.n[shown].tolist(), strict=True)
    axes.set_yticks(place, [f"{bucket} (n = {n:,})" for bucket, n in counted])
    axes.set_ylim(len(shown) - 0.4, -0.6)
    axes.axvline(0.0, color="black", linewidth=0.8)
    if others and len(groups):
        axes.set_title(_names(groups, groups.names)[0], fontsize="small", loc="left")
    _note(axes, min(1, len(shown)), len(groups) if len(table) else 0, "walks")
    return axes


def draw_curves(curves: CurveTable, ax: Axes | None = None) -> Axes:
    """Axes with one step curve for each group, and its band.

    Parameters
    ----------
    curves : CurveTable
        The curves to draw.
    ax : matplotlib.axes.Axes, optional
        Where to draw; new axes otherwise.

    Returns
    -------
    matplotlib.axes.Axes
        The axes. A curve ends with its longest follow-up. The first 10 are drawn, and a note says of how many.

    Examples
    --------
    >>> import salesmetrics as sm
    >>> deals = sm.read_deals({"created": ["2026-01-01"] * 3, "closed": ["2026-01-11", "2026-01-31", None],
    ...                        "outcome": ["won", "lost", "open"]}, as_of="2026-03-01")
    >>> axes = sm.cycle_curve(deals).plot()  # doctest: +SKIP
    """
    axes = _axes(ax)
    axes.set_xlabel("age [days]")
    axes.set_ylabel(f"share {curves.share} [fraction]")
    axes.set_ylim(-0.02, 1.02)
    names = _names(curves.labels, curves.labels.names)
    drawn = min(len(curves), _LINES)
    for at in range(drawn):
        share, (low, high) = curves.steps(at)
        days = np.arange(len(share))
        (line,) = axes.step(days, share, where="post", label=_named(f"{names[at]} (n = {int(curves.n[at]):,})"))
        if low is not None and high is not None:
            axes.fill_between(days, low, high, step="post", alpha=0.15, color=line.get_color(), linewidth=0)
    if drawn:
        axes.legend(fontsize="small")
    _note(axes, drawn, len(curves), "curves")
    return axes


def _axes(ax: Axes | None) -> Axes:
    """Return the axes given, or those of a new figure."""
    if ax is not None:
        return ax
    from matplotlib import pyplot as plt

    axes: Axes = plt.subplots(layout="constrained")[1]  # names of rows are long
    return axes


# --- bars ------------------------------------------------------------------------------------------------------------


def _bars(table: MetricTable, axes: Any) -> None:
    """Draw a bar for each of the first rows, from top to bottom."""
    drawn = min(len(table), _BARS)
    place, value = np.arange(drawn), table.value[:drawn]
    names = _names(table.labels, table.labels.names)[:drawn]
    ticks = [f"{name} (n = {n:,})" for name, n in zip(names, table.n[:drawn].tolist(), strict=True)]
    axes.barh(place, value, color="tab:blue", alpha=0.75)
    axes.set_yticks(place, ticks)
    axes.set_ylim(drawn - 0.4, -0.6)
    axes.axvline(0.0, color="black", linewidth=0.8)
    if table.name in _TARGETS:
        axes.axvline(_TARGETS[table.name], color="black", linewidth=0.8, linestyle="--")
    _whiskers(axes, table, np.arange(drawn), place.astype(np.float64), across=True, color="black")
    for at in np.flatnonzero(np.isnan(value)).tolist():
        axes.annotate(str(table.reason[at]), (0.0, at), (4, 0), textcoords="offset points", va="center", style="italic")
    _note(axes, drawn, len(table), "rows")


# --- lines -----------------------------------------------------------------------------------------------------------


def _lines(table: MetricTable, time: str, axes: Any) -> None:
    """Draw a line over the periods for each of the first groups."""
    others = [name for name in table.labels.names if name != time]
    groups, row_group = table.labels.onto(others)
    moments, row_moment = table.labels.onto([time])
    names, drawn = _names(groups, groups.names), min(len(groups), _LINES) if len(table) else 0
    for at in range(drawn):
        rows = np.flatnonzero(row_group == at)
        rows = rows[np.argsort(row_moment[rows])]
        shift = 0.0 if table.low is None else 0.06 * (at - (drawn - 1) / 2)
        place = row_moment[rows] + shift
        (line,) = axes.plot(place, table.value[rows], marker="o", markersize=4, label=_named(names[at]))
        _whiskers(axes, table, rows, place, across=False, color=line.get_color())
    if table.name in _TARGETS:
        axes.axhline(_TARGETS[table.name], color="black", linewidth=0.8, linestyle="--")
    step = max(1, -(-len(moments) // _TICKS))
    shown = np.arange(0, len(moments), step)
    turned = len(shown) > 4
    ticks = [_names(moments, moments.names)[at] for at in shown.tolist()]
    axes.set_xticks(shown, ticks, rotation=45 if turned else 0, ha="right" if turned else "center")
    if others and drawn:
        axes.legend(fontsize="small")
    _note(axes, drawn, len(groups) if len(table) else 0, "lines")


def _whiskers(axes: Any, table: MetricTable, rows: AnyArray, place: AnyArray, *, across: bool, color: str) -> None:
    """Draw the intervals of rows: whiskers to finite ends, an arrow where there is none."""
    if table.low is None or table.high is None:
        return
    value, low, high = table.value[rows], table.low[rows], table.high[rows]
    known = np.flatnonzero(~np.isnan(value) & ~np.isnan(low) & ~np.isnan(high))
    place, value, low, high = place[known], value[known], low[known], high[known]
    ends = np.array([np.where(np.isfinite(low), value - low, 0.0), np.where(np.isfinite(high), high - value, 0.0)])
    style = {"fmt": "none", "ecolor": color, "elinewidth": 1.2, "capsize": 3, "label": "_interval"}
    if across:
        axes.errorbar(value, place, xerr=np.maximum(ends, 0.0), **style)
    else:
        axes.errorbar(place, value, yerr=np.maximum(ends, 0.0), **style)
    for end, marker in ((low, "<" if across else "v"), (high, ">" if across else "^")):
        at = np.flatnonzero(np.isinf(end))
        if len(at):
            where = (value[at], place[at]) if across else (place[at], value[at])
            axes.plot(*where, linestyle="none", marker=marker, color=color, label="_endless")


# --- words -----------------------------------------------------------------------------------------------------------


def _safe(text: str) -> str:
    """Return text that prints as it is: no control characters, no formulas between dollar signs."""
    short = text if len(text) <= _LETTERS else f"{text[: _LETTERS - 1]}…"
    return escape(short).replace("$", r"\$")


def _names(labels: Any, names: tuple[str, ...]) -> list[str]:
    """Return a name for each row."""
    if not names:
        return ["all"] * len(labels)
    columns = [labels.column(name) for name in names]
    rows = zip(*columns, strict=True)
    return [_safe(" / ".join("(missing)" if part is None else str(part) for part in row)) for row in rows]


def _full(value: float, _: int | None = None) -> str:
    """Return a number in full."""
    return f"{value:,.10g}"


def _thousands(axis: Any) -> None:
    """Write the numbers of an axis in full, never as percent or powers of ten."""
    axis.set_major_formatter(_full)


def _named(name: str) -> str:
    """Return the name of a line; matplotlib takes one that begins with an underscore for a wish to be left out."""
    return f" {name}"


def _note(axes: Any, drawn: int, there: int, what: str) -> None:
    """Say how much was left out."""
    if there == 0:
        axes.text(0.5, 0.5, f"no {what}", transform=axes.transAxes, ha="center", va="center", style="italic")
    elif drawn < there:
        axes.set_title(f"first {drawn} of {there:,} {what}", fontsize="small", loc="right")
