"""Steps with bands: the share that has had the event by each age, to the end of the follow-up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from salesmetrics.curves import CurveTable
from salesmetrics.plots import lines, sheet

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw_curves"]

_WITH_BANDS = 5


def draw_curves(curves: CurveTable, ax: Axes | None = None, *, most: int | None = None) -> Axes:
    """Axes with one step curve for each group, and its band.

    Parameters
    ----------
    curves : CurveTable
        The curves to draw.
    ax : matplotlib.axes.Axes, optional
        Where to draw; new axes otherwise.
    most : int, optional
        How many curves at most; 10 by default.

    Returns
    -------
    matplotlib.axes.Axes
        The axes. A curve ends with its longest follow-up, and its name stands at its end. The first ones are drawn, and a
        note says of how many; beyond five curves the bands are left out.

    Examples
    --------
    >>> import salesmetrics as sm
    >>> deals = sm.read_deals({"created": ["2026-01-01"] * 3, "closed": ["2026-01-11", "2026-01-31", None],
    ...                        "outcome": ["won", "lost", "open"]}, as_of="2026-03-01")
    >>> axes = sm.cycle_curve(deals).plot()  # doctest: +SKIP
    """
    axes = sheet.axes_for(ax)
    sheet.label_axis(axes.yaxis, f"share {sheet.safe(curves.share, 40)} [%]", "percent", across=False)
    axes.set_ylim(-0.02, 1.02)
    if not len(curves):
        sheet.empty(axes, "curves")
        return axes
    names = sheet.names_of(curves.labels, axes)
    drawn = min(len(curves), most or lines.MOST_LINES)
    ends = []
    for at in range(drawn):
        share, (low, high) = curves.steps(at)
        days = np.arange(len(share))
        style = lines.line_style(at, dense=True)
        name = f"{names[at]} (n = {int(curves.n[at]):,})"
        axes.step(days, share, where="post", label=f" {name}", **style)
        if low is not None and high is not None and drawn <= _WITH_BANDS:
            axes.fill_between(days, low, high, step="post", alpha=0.18, color=style["color"], linewidth=0)
        if len(share):
            ends.append((name, float(days[-1]), float(share[-1]), style["color"]))
    sheet.label_axis(axes.xaxis, "age [days]", "count")
    axes.set_xlim(left=0)
    lines.name_lines(axes, ends)
    notes = [f"first {drawn} of {len(curves):,} curves"] if drawn < len(curves) else []
    if drawn > _WITH_BANDS and curves.confidence_level is not None:
        notes.append("bands are left out")
    if len(ends) < drawn:
        notes.append("a curve without an age that was observed is not drawn")
    sheet.under(axes, "; ".join(notes))
    return axes
