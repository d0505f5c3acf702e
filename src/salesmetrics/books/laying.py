"""How a part of sorted deals lies in runs: what its columns hold all along the deals alike in outcome, month and labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from salesmetrics._lasting import Lasting
from salesmetrics._runs import Known, Laid
from salesmetrics.arrays import AnyArray
from salesmetrics.columns import DayColumn

if TYPE_CHECKING:
    from salesmetrics.books.clustering import Cluster

__all__ = ["Lie", "MonthDays", "Spans", "joined"]

Spans = list[tuple[int, int]]


@attrs.frozen(eq=False)
class Lie:
    """Where some of the sorted rows stand: their spans, and those of their slots and runs."""

    cluster: Cluster
    spans: Spans
    slots: Spans
    runs: Spans

    def tell(self, name: str, part: Any, whole: Any, laid: Laid) -> None:
        """Note what slots and keys tell about a column of these rows: its labels, bounds of its days, its sums."""
        cluster = self.cluster
        if name in cluster.labels:
            codes = cluster.codes(name)
            laid.known.append(Known(part.codes, "key", codes, codes))
        elif name == "outcome":
            kinds = self._of_slots(np.repeat(np.arange(-1, cluster.levels), cluster.width))
            laid.known.append(Known(part.codes, "slot", kinds, kinds))
        elif name == "closed":
            first, last = (self._of_slots(np.tile(days, cluster.levels + 1)) for days in cluster.days())
            laid.known.append(Known(part.days, "slot", first, last))
            laid.sums.append((part.days, lambda: joined(cluster.sums(name, whole.days), self.runs)))
        elif name == "created":
            gap = cluster.gap(name)
            laid.known.append(Known(part.days, "key", -gap.astype(np.int64), np.where(gap, -1, 2**31 - 1)))
            laid.sums.append((part.days, lambda: joined(cluster.sums(name, whole.days), self.runs)))
        elif name == "amount":
            laid.sums.append((part.minor, lambda: joined(cluster.sums(name, whole.minor), self.runs)))
            laid.squares.append((part.minor, lambda: self._squares(name, whole.minor)))
            if part.known is not None:
                known = ~cluster.gap(name)
                laid.known.append(Known(part.known, "key", known, known))

    def placed(self, closed: DayColumn, base: int, table: AnyArray, laid: Laid) -> AnyArray | None:
        """Return where each day stands in a table of positions, and note that it is the same all along each slot."""
        found = self.cluster.placed(base, table)
        if found is None:
            each = closed.positions(base, table)
            return None if each is None else joined(each, self.spans)
        rows, slots = joined(found[0], self.spans), self._of_slots(found[1])
        laid.known.append(Known(rows, "slot", slots, slots))
        return rows

    def tell_days(self, columns: dict[str, Any], laid: Laid) -> None:
        """Note where the days from creation to close are counted: of outcomes whose deals are all here and have a day."""
        closed, created = columns.get("closed"), columns.get("created")
        if closed is None or created is None:
            return
        cluster = self.cluster
        per_slot = np.diff(cluster.index).reshape(-1, cluster.width)
        here = self._of_slots(np.repeat(np.arange(-1, cluster.levels), cluster.width))
        found = np.bincount(here + 1, weights=np.diff(laid.edges), minlength=cluster.levels + 1)
        counted = (found == per_slot.sum(axis=1)) & (per_slot[:, 0] == 0)
        kinds = np.where(counted[here + 1], np.maximum(here - 1, -1), -1)
        gap = cluster.gap("created")
        laid.lasting.append(Lasting(closed.days, created.days, closed.last, kinds, gap, cluster.days_taken))

    def _squares(self, name: str, values: AnyArray) -> tuple[AnyArray, AnyArray]:
        upper, lower = self.cluster.squares(name, values)
        return joined(upper, self.runs), joined(lower, self.runs)

    def _of_slots(self, values: AnyArray) -> AnyArray:
        return joined(values, self.slots)


@attrs.frozen(eq=False)
class MonthDays(DayColumn):
    """Days of rows that are sorted by month, so that a period is found by its months and not day by day."""

    lie: Lie
    whole: DayColumn
    laid: Laid

    def positions(self, base: int, table: AnyArray) -> AnyArray | None:
        """Return where each day stands in a table of positions (-1: nowhere), as `DayColumn` does."""
        return self.lie.placed(self.whole, base, table, self.laid)

    def longest_since(self, earlier: DayColumn, cut: int | None = None) -> int:
        """Return the most days from an earlier column to this one; all rows keep it, as `DayColumn` does."""
        created: Any = self.lie.cluster.kept("created")
        if created is None or len(self) != len(created) or not np.may_share_memory(earlier.days, created.days):
            return super().longest_since(earlier, cut)
        return self.whole.longest_since(created, cut)

    def take(self, rows: AnyArray) -> Any:
        """Return these rows, of which nothing is known."""
        return DayColumn(self.days.take(rows))


def joined(values: AnyArray, spans: Spans) -> AnyArray:
    """Return the values in spans, without a copy where there is one."""
    parts = [values[start:stop] for start, stop in spans]
    return parts[0] if len(parts) == 1 else np.concatenate([values[:0], *parts])
