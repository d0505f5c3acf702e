"""All splits at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import attrs
import numpy as np

from salesmetrics.arrays import BoolArray, IntArray
from salesmetrics.books.table import Book
from salesmetrics.columns import Column, KeyColumn, LabelColumn, MoneyColumn, ShareColumn
from salesmetrics.convert import Problem

__all__ = ["SPLIT_KINDS", "SplitBook"]

SPLIT_KINDS = ("revenue", "overlay")


@attrs.frozen(eq=False, repr=False)
class SplitBook(Book):
    """Shares of deals in columns, one row for each deal, rep and kind; made by `read_splits`.

    Columns: ``deal, rep, kind`` and ``share``, or ``amount`` where the source has amounts only. Revenue shares of a deal add up
    to 1; overlay shares may be any, and stay out of team totals.
    """

    kind: ClassVar[str] = "splits"
    _unlisted: ClassVar[tuple[str, ...]] = ("counted",)

    def counted(self) -> BoolArray:
        """Return True for the splits that credit something."""
        if "share" in self.columns:
            share: ShareColumn = self.column("share")
            return np.asarray(share.values > 0)
        money: MoneyColumn = self.column("amount", "splits")
        return np.asarray(money.minor != 0)


def split_problems(columns: Mapping[str, Column]) -> list[Problem]:
    """Return the problem of deals whose revenue shares do not add up to 1 within 1e-9."""
    deal, share, kind = columns["deal"], columns.get("share"), columns["kind"]
    if not isinstance(share, ShareColumn):
        return []
    assert isinstance(deal, KeyColumn)
    assert isinstance(kind, LabelColumn)
    revenue = np.flatnonzero(kind.codes == 0)
    ids, place = np.unique(deal.values[revenue], return_inverse=True)
    place = place.reshape(-1)
    total = np.zeros(len(ids))
    np.add.at(total, place, share.values[revenue])
    wrong = np.abs(total - 1.0) > 1e-9
    rows: IntArray = revenue[wrong[place]]
    if not len(rows):
        return []
    values: list[object] = [float(total[at]) for at in place[wrong[place]]]
    hint = "overlay credit, which may add up to anything, has kind 'overlay'."
    if np.abs(total[wrong] - 100.0).max() < 0.1:
        hint = "percent? share_scale=100 reads shares that add up to 100."
    return [Problem("SM-SPL-01", "share", "add up to 1 over the revenue splits of a deal", rows, values, hint)]
