"""What a picture is told of a metric: how it is drawn, the number that counts, and what its count is of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import attrs

__all__ = ["Drawing", "Picture"]

Drawing: TypeAlias = Callable[..., Any]


@attrs.frozen
class Picture:
    """How a metric is drawn.

    ``rows`` draws a table by names, ``over_time`` one over periods, days or ages; ``estimate`` says that few rows make the
    number uncertain, so that thin ones are pale. ``required`` says that a number to mark is what the value must reach.
    """

    rows: Drawing
    over_time: Drawing
    goal: float | None = None
    goal_words: str = ""
    estimate: bool = False
    counted: str = ""
    note: str = ""
    required: bool = False
    takes_mark: bool = True
