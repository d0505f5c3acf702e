"""From tallies to rows: labels of the answer, exact money, reasons, and the words of a definition."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import attrs
import numpy as np

from salesmetrics import _check
from salesmetrics._histograms import rolled
from salesmetrics.arrays import AnyArray, BoolArray, FloatArray, IntArray
from salesmetrics.grouping import Window
from salesmetrics.labels import Labels
from salesmetrics.money import to_major
from salesmetrics.results import REASONS

__all__ = ["Ledger", "dated", "major", "not_tracked", "reasons", "rolled", "words"]


def major(minor: AnyArray, scale: int) -> FloatArray:
    """Return minor units, whole or not, as major units."""
    if minor.dtype.kind == "i":
        return to_major(minor, scale)
    return minor / np.float64(10**scale)


def not_tracked(lost: Iterable[tuple[str, int]]) -> tuple[str, ...]:
    """Return the notes on columns that a history does not track: name, and of how many deals its past value is not known."""
    counts = {name: count for name, count in lost if count}
    owners = counts.pop("rep", 0)
    told = ", ".join(f"{name} ({count:,})" for name, count in counts.items())
    gone = "not tracked by the history, and not known of deals that have changed since the day"
    still = (
        "owners are those of the book, since the history does not track them, also of the deals that have changed since"
    )
    return (*((f"{gone}: {told}.",) if told else ()), *((f"{still}: {owners:,}.",) if owners else ()))


def reasons(size: int, *rules: tuple[str, BoolArray]) -> AnyArray:
    """Return a reason for each row: of the rules that hold, the first."""
    code = np.zeros(size, dtype=np.int8)
    for name, holds in reversed(rules):
        code[holds] = REASONS.index(name)
    return code


def blanked(values: AnyArray, reason: AnyArray) -> FloatArray:
    """Return values, NaN where there is a reason."""
    return np.where(reason != 0, np.nan, values)


def words(*parts: str | None) -> str:
    """Return the parts that are there as one sentence."""
    return "; ".join(part for part in parts if part)


def dated(window: Window, column: str, as_of: int | None = None) -> str:
    """Return which days count, in words."""
    if window.periods is None:
        when = "all days"
    elif not len(window.periods):
        when = f"{column} in no period"
    elif len(window.periods) == 1:
        period = window.periods[0]
        when = f"{column} in [{period.start}, {period.end})"
    else:
        first, last = window.periods[0], window.periods[len(window.periods) - 1]
        when = f"{column} in {len(window.periods)} periods from {first.start} to {last.end}"
    return when if as_of is None else f"{when}, as known on {_check.date_of(as_of)}"


@attrs.frozen(eq=False)
class Ledger:
    """Bookings beside quotas, one row for each rep of each group and one column for each period; money in minor units.

    ``quota`` is rounded once; ``whole`` is its whole part and ``rest`` the fraction of a minor unit that proration leaves, for
    exact comparisons; ``days`` are the days with a quota in force; ``unpriced`` counts won deals without an amount, which are
    not among those credited.
    """

    labels: Labels
    booked: IntArray
    credited: IntArray
    whole: IntArray
    rest: FloatArray
    days: IntArray
    quota: FloatArray
    unpriced: IntArray

    @property
    def has_quota(self) -> BoolArray:
        """True where the quota is above 0."""
        return (self.whole > 0) | (self.rest > 0)

    @property
    def there(self) -> BoolArray:
        """True for a rep with a deal won or a quota in force."""
        return (self.credited > 0) | (self.unpriced > 0) | (self.days > 0)

    def rolled(self, by: Sequence[str], keep: BoolArray) -> Ledger:
        """Return the ledger added up by some of its names, over the cells to keep."""
        every = bool(keep.all())
        if every and tuple(by) == self.labels.names:
            return self
        labels, rows = self.labels.onto(by)
        kept = keep.astype(np.int64)

        def add(table: AnyArray) -> AnyArray:
            return rolled(rows, len(labels), table if every else table * kept)

        return Ledger(labels, *(add(getattr(self, field.name)) for field in attrs.fields(Ledger)[1:]))

    def counted(self, by: Sequence[str], cells: BoolArray) -> IntArray:
        """Return how many reps of each group are among the cells."""
        labels, rows = self.labels.onto(by)
        return rolled(rows, len(labels), cells.astype(np.int64))


def ledger(
    bookings: tuple[Labels, IntArray, IntArray],
    quotas: tuple[Labels, IntArray, FloatArray, IntArray, FloatArray],
    unpriced: IntArray | None = None,
) -> Ledger:
    """Return bookings (labels, amounts, deals) beside quotas (labels, whole units, the rest, days covered, both in one)."""
    labels, mine, theirs = bookings[0].union(quotas[0])

    def placed(rows: IntArray, table: AnyArray) -> AnyArray:
        if len(rows) == len(labels) and bool((rows == np.arange(len(rows))).all()):
            return table
        out = np.zeros((len(labels), table.shape[1]), dtype=table.dtype)
        out[rows] = table
        return out

    booked, credited = (placed(mine, table) for table in bookings[1:])
    whole, rest, days, quota = (placed(theirs, table) for table in quotas[1:])
    without = np.zeros_like(credited) if unpriced is None else placed(mine, unpriced)
    return Ledger(labels, booked, credited, whole, rest, days, quota, without)
