"""All forecast calls at once."""

from __future__ import annotations

from typing import ClassVar

import attrs

from salesmetrics.books.table import Book

__all__ = ["ForecastBook"]


@attrs.frozen(eq=False, repr=False)
class ForecastBook(Book):
    """Forecast calls in columns, one row for each rep, period, day given and category; made by `read_forecasts`.

    Columns: ``rep, start, end, given, category, amount`` and any label columns. An amount is a total for the period, what is
    already won included.
    """

    kind: ClassVar[str] = "forecasts"
