"""When a deal comes under observation, and which deals have an amount that counts."""

from __future__ import annotations

import numpy as np

from salesmetrics import _check
from salesmetrics._kernels import Axis, Range, capped
from salesmetrics.arrays import AnyArray
from salesmetrics.books.deals import DealBook
from salesmetrics.columns import DayColumn, MoneyColumn
from salesmetrics.errors import InvalidArgumentError, InvalidDataError, show
from salesmetrics.grouping import Grouping

__all__ = ["entry_ages", "entry_of", "priced", "refuse_unread", "watched"]


def refuse_unread(followed: bool, entry: object, weight: str) -> None:
    """Raise where an argument is given that only a cohort reads."""
    for name, value in (("entry", entry), ("weight", None if weight == "count" else weight)):
        if value is not None and not followed:
            raise InvalidArgumentError(
                f"`{name}` must not be given with basis 'closed'; got {show(value)}.",
                code="SM-ARG-60",
                field=name,
                hint="only basis='created', which follows a cohort by age, reads it.",
            )


def entry_of(deals: DealBook, entry: object, as_of: int | None) -> int | AnyArray | None:
    """Return the day on which the data start, or the age at which each deal came under observation."""
    if entry is None:
        return None
    if not isinstance(entry, (np.ndarray, list, tuple)):
        start = _check.day(entry, "entry")
        if as_of is not None and start > as_of:
            raise InvalidArgumentError(
                f"`entry` must not lie after the day of the snapshot, {_check.date_of(as_of)}; got "
                f"{_check.date_of(start)}.",
                code="SM-ARG-61",
                field="entry",
                values=[entry],
            )
        return start
    ages = np.asarray(entry)
    if ages.shape != (deals.rows,) or (ages.size and (ages.dtype.kind not in "iu" or int(ages.min()) < 0)):
        raise InvalidArgumentError(
            f"`entry` must be a day, or one age in whole days >= 0 for each of the {deals.rows} deals; got shape "
            f"{ages.shape}, {ages.dtype}.",
            code="SM-ARG-62",
            field="entry",
            hint="entry='2025-01-01' is the day on which the data start.",
        )
    entries: AnyArray = np.minimum(ages, 2**30).astype(np.int32)
    return entries


def entry_ages(created: DayColumn, entry: int | AnyArray) -> AnyArray:
    """Return the age at which each deal came under observation."""
    if isinstance(entry, int):
        ages: AnyArray = np.maximum(np.int32(entry) - created.days, np.int32(0))
        return ages
    return entry


def watched(created: DayColumn, age: Axis, entry: int | AnyArray | None) -> Range | None:
    """Return the range of the deals that had not ended before they came under observation."""
    if entry is None:
        return None
    there = capped(age.values, age.cap) - created.days >= entry_ages(created, entry)
    return Range(there.view(np.uint8), 1, None)


def priced(
    money: MoneyColumn | None, negative: str, grouping: Grouping, axes: tuple[Axis, ...], keep: tuple[Range, ...]
) -> Range | None:
    """Return the range of the deals whose amount counts, or raise where one is negative and was not excluded."""
    if money is None or (money.known is None and money.smallest >= 0):
        return None
    counts = money.minor >= 0
    if money.known is not None:
        counts &= money.known != 0
    if money.smallest < 0 and negative == "raise":
        bad, _ = grouping.tabulate(axes, (*keep, Range(money.minor, None, 0)))
        if int(bad.sum()):
            first = int(np.flatnonzero(money.minor < 0)[0])
            raise InvalidDataError(
                f"`amount` must be >= 0 in rates and averages of amounts; got {int(bad.sum())} rows that are not.",
                code="SM-AMT-08",
                field="amount",
                row=first,
                values=[float(money.user()[first])],
                hint="negative='exclude' leaves credits out and counts them.",
            )
    return Range(counts.view(np.uint8), 1, None)
