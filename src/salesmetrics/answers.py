"""From tallies to rows: labels of the answer, exact money, reasons, and the words of a definition."""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import numpy as np

from salesmetrics import _check
from salesmetrics.arrays import AnyArray, BoolArray, FloatArray, IntArray
from salesmetrics.errors import InvalidDataError
from salesmetrics.grouping import Window
from salesmetrics.labels import Labels
from salesmetrics.money import to_major
from salesmetrics.results import REASONS

__all__ = ["Ledger", "dated", "major", "reasons", "rolled", "words"]


def major(minor: AnyArray, scale: int) -> FloatArray:
    """Return minor units, whole or not, as major units."""
    if minor.dtype.kind == "i":
        return to_major(minor, scale)
    return minor / np.float64(10**scale)


def reasons(size: int, *rules: tuple[str, BoolArray]) -> AnyArray:
    """Return a reason for each row: of the rules that hold, the first."""
    code = np.zeros(size, dtype=np.int8)
    for name, holds in reversed(rules):
        code[holds] = REASONS.index(name)
    return code


def blanked(values: AnyArray, reason: AnyArray) -> FloatArray:
    """Return values, NaN where there is a reason."""
    return np.where(reason != 0, np.nan, values)


def rolled(rows: IntArray, size: int, table: AnyArray) -> AnyArray:
    """Return a table with its rows added up into the rows they belong to."""
    out = np.zeros((size, *table.shape[1:]), dtype=table.dtype)
    np.add.at(out, rows, table)
    return out


def words(*parts: str | None) -> str:
    """Return the parts that are there as one sentence."""
    return "; ".join(part for part in parts if part)


def dated(window: Window, column: str, as_of: int | None = None) -> str:
    """Return which days count, in words."""
    if window.periods is None:
        when = "all days"
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

    ``whole`` is the whole part of the quota and ``rest`` the fraction of a minor unit that proration leaves; ``days`` are the
    days with a quota in force.
    """

    labels: Labels
    booked: IntArray
    credited: IntArray
    whole: IntArray
    rest: FloatArray
    days: IntArray

    @property
    def quota(self) -> FloatArray:
        """The quota in minor units."""
        return self.whole + self.rest

    @property
    def has_quota(self) -> BoolArray:
        """True where the quota is above 0."""
        return (self.whole > 0) | (self.rest > 0)

    def rolled(self, by: Sequence[str], keep: BoolArray) -> Ledger:
        """Return the ledger added up by some of its names, over the cells to keep."""
        labels, rows = self.labels.onto(by)
        kept = keep.astype(np.int64)

        def add(table: AnyArray) -> AnyArray:
            return rolled(rows, len(labels), table * kept)

        return Ledger(labels, add(self.booked), add(self.credited), add(self.whole), add(self.rest), add(self.days))

    def counted(self, by: Sequence[str], cells: BoolArray) -> IntArray:
        """Return how many reps of each group are among the cells."""
        labels, rows = self.labels.onto(by)
        return rolled(rows, len(labels), cells.astype(np.int64))


def rescaled(amount: IntArray, scale: int, wanted: int) -> IntArray:
    """Return whole numbers of one minor unit in another that is as fine or finer."""
    if scale > wanted:
        raise InvalidDataError(
            f"`quotas` must have at most the decimals of the deals; got {scale} beside {wanted}.",
            code="SM-CUR-06",
            field="quotas",
            values=[scale],
            hint="give both the same scale when they are read.",
        )
    factor = 10 ** (wanted - scale)
    if len(amount) and int(np.abs(amount).max(initial=0)) * factor > 2**63 - 1:
        raise InvalidDataError(
            "the sum of quota amounts times days must stay within int64 minor units; got more.",
            code="SM-QTA-09",
            field="amount",
            hint="a smaller scale, or quotas for shorter periods.",
        )
    scaled: IntArray = amount * factor
    return scaled


def ledger(
    bookings: tuple[Labels, IntArray, IntArray], quotas: tuple[Labels, IntArray, IntArray], span: str
) -> Ledger:
    """Return bookings (labels, amounts, deals) beside quotas (labels with the length, amount x days, days)."""
    owned = [name for name in quotas[0].names if name != span]
    owner, row = quotas[0].onto(owned)
    lengths = np.array(quotas[0].column(span), dtype=np.int64)[:, None] if len(quotas[0]) else np.ones((0, 1), np.int64)
    whole, left = np.divmod(quotas[1], lengths)
    labels, mine, theirs = bookings[0].union(owner)
    place, size = theirs[row], len(labels)

    def booked(table: IntArray) -> IntArray:
        out = np.zeros((size, table.shape[1]), dtype=np.int64)
        out[mine] = table
        return out

    return Ledger(
        labels,
        booked(bookings[1]),
        booked(bookings[2]),
        rolled(place, size, whole),
        rolled(place, size, left / lengths),
        rolled(place, size, quotas[2]),
    )
