"""Results in, matplotlib axes out: no number is made here, and nothing but the axes is touched."""

from salesmetrics.plots.choosing import draw
from salesmetrics.plots.flagged import draw_flags
from salesmetrics.plots.steps import draw_curves
from salesmetrics.plots.walk import draw_walk

__all__ = ["draw", "draw_curves", "draw_flags", "draw_walk"]
