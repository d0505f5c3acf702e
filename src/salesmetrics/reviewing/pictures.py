"""The tables of a review as pictures: SVG in a form that a page can hold, the same bytes for the same tables."""

from __future__ import annotations

import base64
import io
from typing import Any

from salesmetrics.curves import CurveTable
from salesmetrics.flagging import FlagTable
from salesmetrics.results import MetricTable

__all__ = ["NEEDED", "can_draw", "drawn"]

NEEDED = 'Pictures need the extra `plot`: pip install "salesmetrics[plot]".'
_WIDE, _HIGH = 5.6, 3.2
_ROW, _MOST_ROWS = 0.27, 30
_SALT = "salesmetrics"


def can_draw() -> bool:
    """Return True where matplotlib is installed."""
    try:
        import matplotlib.figure  # noqa: F401
    except ImportError:
        return False
    return True


def drawn(table: Any, mark: MetricTable | None = None) -> str:
    """Return a table, and what is marked beside it, as the address of a picture, which holds the picture itself.

    The picture is drawn with matplotlib's own style, whatever the caller has set, and beside pyplot: no figure is left open.
    """
    from matplotlib import style
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    with style.context(["default", {"svg.hashsalt": _SALT, "svg.fonttype": "path"}]):
        figure = Figure(figsize=(_WIDE, _height(table)), layout="constrained")
        FigureCanvasSVG(figure)
        axes = figure.add_subplot()
        if mark is None:
            table.plot(axes)
        else:
            table.plot(axes, mark=mark)
        held = io.BytesIO()
        figure.savefig(held, format="svg", metadata={"Date": None, "Creator": None})
    return f"data:image/svg+xml;base64,{base64.b64encode(held.getvalue()).decode('ascii')}"


def _height(table: Any) -> float:
    """Return how high a picture must be: bars need room for each row, lines do not."""
    over_time = isinstance(table, CurveTable) or (
        isinstance(table, MetricTable) and "tenure_month" in table.labels.names
    )
    rows = 0 if over_time else len(table.value) if isinstance(table, FlagTable) else len(table)
    return max(_HIGH, 1.2 + _ROW * min(rows, _MOST_ROWS))
