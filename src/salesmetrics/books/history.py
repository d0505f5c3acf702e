"""All changes of deals at once."""

from __future__ import annotations

from typing import ClassVar, Self

import attrs
import numpy as np

from salesmetrics.books.table import Book
from salesmetrics.columns import Column, DayColumn, KeyColumn, LabelColumn, MoneyColumn

__all__ = ["DealHistory"]


@attrs.frozen(eq=False, repr=False)
class DealHistory(Book):
    """Changes of deals in columns, one row for each change, holding the state after it.

    Columns: ``deal, date``, then those of ``stage, expected_close, amount`` that were tracked. Rows of one deal stand
    together in the order in which they happened; the first one is its creation.
    """

    kind: ClassVar[str] = "changes"

    @classmethod
    def empty(cls, *, stages: tuple[str, ...] = (), currency: str | None = None, scale: int = 2) -> Self:
        """Return a history of no changes."""
        no_day = np.zeros(0, dtype=np.int32)
        columns: dict[str, Column] = {
            "deal": KeyColumn(np.zeros(0, dtype=np.int64)),
            "date": DayColumn(no_day),
            "stage": LabelColumn(np.zeros(0, dtype=np.int8), stages, ordered=True),
            "expected_close": DayColumn(no_day.copy()),
            "amount": MoneyColumn(np.zeros(0, dtype=np.int64), None, scale),
        }
        return cls(columns=columns, rows=0, currency=currency, scale=scale)
