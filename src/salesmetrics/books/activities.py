"""All activities at once."""

from __future__ import annotations

from typing import ClassVar, Self

import attrs
import numpy as np

from salesmetrics.books.table import Book
from salesmetrics.columns import Column, DayColumn, LabelColumn
from salesmetrics.domain import STATUSES

__all__ = ["ActivityBook"]


@attrs.frozen(eq=False, repr=False)
class ActivityBook(Book):
    """Activities in columns, one row for each call, meeting, message or task; made by `read_activities`.

    Columns: ``date``, then those of ``id, rep, deal, kind, status`` that there are, and any label columns. ``date`` is the day
    on which an activity was done, or for which it is planned. ``status`` has the levels planned, done, missed (nobody came) and
    cancelled, in this order, and is missing where the source does not say. ``deal`` is a label: the ids of deals, missing where
    an activity belongs to none.
    """

    kind: ClassVar[str] = "activities"

    @classmethod
    def empty(cls) -> Self:
        """Return a book of no activities."""
        nothing = np.zeros(0, dtype=np.int8)
        columns: dict[str, Column] = {
            "rep": LabelColumn(nothing, ()),
            "deal": LabelColumn(nothing.copy(), ()),
            "date": DayColumn(np.zeros(0, dtype=np.int32)),
            "kind": LabelColumn(nothing.copy(), ()),
            "status": LabelColumn(nothing.copy(), STATUSES, ordered=True),
        }
        return cls(columns=columns, rows=0)
