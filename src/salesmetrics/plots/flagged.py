"""Flags: of how many open deals each one holds, and of how many it is not known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from salesmetrics.flagging import FlagTable
from salesmetrics.plots import inks, rows, sheet

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw_flags"]


def draw_flags(flags: FlagTable, ax: Axes | None = None) -> Axes:
    """Axes with a bar for each flag: the deals that have it, and those of which it is not known.

    Parameters
    ----------
    flags : FlagTable
        The flags to draw.
    ax : matplotlib.axes.Axes, optional
        Where to draw; new axes otherwise.

    Returns
    -------
    matplotlib.axes.Axes
        The axes, flags in their own order. What is not known is hatched, and not taken for clear.

    Examples
    --------
    >>> import salesmetrics as sm
    >>> company = sm.datasets.sample_company(deals=500, rng=1)
    >>> axes = sm.flags(company.deals).plot()  # doctest: +SKIP
    """
    counts = flags.counts()
    axes = sheet.axes_for(ax, len(counts) + 1)
    sheet.label_axis(axes.xaxis, f"open deals, of {len(flags):,}", "count")
    place = np.arange(len(counts), dtype=np.float64)
    hits, unknown = (
        np.array([each[word] for each in counts.values()], dtype=np.float64) for word in ("flagged", "unknown")
    )
    texts = [
        f"{int(hit):,}" + (f"; {int(dark):,} not known" if dark else "")
        for hit, dark in zip(hits.tolist(), unknown.tolist(), strict=True)
    ]
    rows.set_width(axes, 0.0, max(float((hits + unknown).max(initial=0.0)), 1.0), 0, max(map(len, texts), default=0))
    axes.barh(place, hits, height=0.72, color=inks.BLUE, label=" flagged")
    axes.barh(
        place,
        unknown,
        left=hits,
        height=0.72,
        facecolor="#ffffff",
        edgecolor=inks.GREY,
        hatch="///",
        label=" not known",
    )
    for text, end, at in zip(texts, (hits + unknown).tolist(), place.tolist(), strict=True):
        axes.annotate(text, (end, at), (5, 0), textcoords="offset points", va="center")
    axes.set_yticks(place, [name.replace("_", " ") for name in counts])
    axes.set_ylim(len(counts) - 0.4, -0.6)
    return axes
