"""All changes of deals at once."""

from __future__ import annotations

from typing import ClassVar, Self

import attrs
import numpy as np

from salesmetrics.arrays import IntArray
from salesmetrics.books.table import Book
from salesmetrics.columns import Column, DayColumn, KeyColumn, LabelColumn, MoneyColumn

__all__ = ["DealHistory"]


@attrs.frozen(eq=False, repr=False)
class DealHistory(Book):
    """Changes of deals in columns, one row for each change, holding the state after it.

    Columns: ``deal, date``, then those of ``seq, rep, actor, stage, expected_close, amount, forecast_category`` that were
    tracked. Changes of one deal on one day are told apart by ``seq``, else by the order of the rows.
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

    def order(self) -> IntArray:
        """Return the rows by day, and inside a day as they happened."""
        date: DayColumn = self.column("date", "a history")
        seq = self.columns.get("seq")
        later = seq.codes if isinstance(seq, LabelColumn) else np.arange(self.rows)
        return np.lexsort((later, date.days)).astype(np.int64)
