"""An order of stages that a source states, against that of the sales process."""

from __future__ import annotations

import numpy as np

from salesmetrics import convert
from salesmetrics.arrays import AnyArray
from salesmetrics.columns import LabelColumn, smallest_codes
from salesmetrics.convert import Coded, Problem, Raw
from salesmetrics.domain import SalesProcess
from salesmetrics.errors import nearest, show

__all__ = ["in_order", "order_problems", "staged"]


def order_problems(raw: Raw, process: SalesProcess | None) -> list[Problem]:
    """Return the problem of ordered categories whose order is not that of the process; unknown ones are told later.

    Parameters
    ----------
    raw : Raw
        The column of stages.
    process : SalesProcess or None
        The process, where there is one.

    Returns
    -------
    list of Problem
        The problem, which concerns the column as a whole.
    """
    if process is None or not isinstance(raw, Coded) or raw.order is None:
        return []
    place = {name: at for at, name in enumerate(process.names)}
    stated = [name for name in raw.order.tolist() if name in place]
    ordered = sorted(stated, key=place.__getitem__)
    if stated == ordered:
        return []
    got = " before ".join(map(show, stated[:12]))
    hint = f"the process has {' before '.join(map(show, ordered[:12]))}; reorder the categories, or drop their order."
    nothing = np.empty(0, dtype=np.int64)
    return [
        Problem(
            "SM-STG-09", "stage", "have its categories in the order of the process", nothing, [got], hint, whole=True
        )
    ]


def staged(
    column: LabelColumn, process: SalesProcess, field: str = "stage", *, casefold: bool = False
) -> tuple[LabelColumn, list[Problem]]:
    """Return the stages in the order of the process, and the rows with a stage that it does not know."""
    levels = tuple(process.names)
    place: dict[object, int] = {name: at for at, name in enumerate(levels)}
    if casefold:
        place = {_folded(name): at for name, at in place.items()} | place
    found = [place.get(level, place.get(_folded(level), -2) if casefold else -2) for level in column.levels]
    codes = np.array([*found, -1], dtype=np.int64)[column.codes]
    rows = np.flatnonzero(codes == -2)
    problems = []
    if len(rows):
        values = list(column.take(rows).user())
        rule = "be a stage of the process in every row"
        problems = [Problem("SM-STG-01", field, rule, rows, values, nearest(values[0], levels))]
    return LabelColumn(smallest_codes(np.maximum(codes, -1), len(levels)), levels, ordered=True), problems


def in_order(column: LabelColumn, order: AnyArray) -> LabelColumn:
    """Return the stages in the order that the categories of the source have."""
    known, _ = convert.label(order, "stage")
    levels = tuple(known.levels[code] for code in known.codes.tolist() if code >= 0)
    place = {level: at for at, level in enumerate(levels)}
    codes = np.array([*(place[level] for level in column.levels), -1], dtype=np.int64)[column.codes]
    return LabelColumn(smallest_codes(codes, len(levels)), levels, ordered=True)


def _folded(name: object) -> object:
    return name.casefold() if isinstance(name, str) else name
