"""An order of stages that a source states, against that of the sales process."""

from __future__ import annotations

import numpy as np

from salesmetrics.convert import Coded, Problem, Raw
from salesmetrics.domain import SalesProcess
from salesmetrics.errors import show

__all__ = ["order_problems"]


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
