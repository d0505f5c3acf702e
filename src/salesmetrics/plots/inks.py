"""Colours, markers and line styles: told apart without red and green, and never by colour alone.

The colours are those of Okabe and Ito (Color Universal Design, 2008), less the yellow that a projector loses on white.
"""

from __future__ import annotations

from typing import Any

__all__ = [
    "BLACK",
    "BLUE",
    "DASHES",
    "GREEN",
    "GREY",
    "LINES",
    "MARKERS",
    "ORANGE",
    "PALE",
    "VERMILION",
    "heat",
    "readable_on",
]

BLACK, GREY = "#000000", "#5f5f5f"
BLUE, ORANGE, GREEN, VERMILION, PURPLE, SKY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9"
LINES = (BLUE, VERMILION, GREEN, PURPLE, BLACK, ORANGE, SKY)
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "*")
DASHES = ("-", "--", "-.", ":")
PALE = 0.4
"""How much of its colour a thin row keeps."""


def heat(*, two_sided: bool) -> Any:
    """Return the colours of a heat map: white to blue, or orange over white to blue around a goal."""
    from matplotlib.colors import LinearSegmentedColormap

    colours = ([ORANGE] if two_sided else []) + ["#ffffff", BLUE]
    return LinearSegmentedColormap.from_list("salesmetrics", colours).with_extremes(bad="#e6e6e6")


def readable_on(colour: tuple[float, float, float, float]) -> str:
    """Return black or white, whichever can be read on a colour."""
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour[:3])
    return BLACK if 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.18 else "#ffffff"
