"""Open deals on a day: which of them count, in which period they are due, and the chance of each."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np

from salesmetrics import _check
from salesmetrics._kernels import Axis, Range, positions
from salesmetrics.arrays import AnyArray, IntArray
from salesmetrics.books.deals import DealBook
from salesmetrics.books.reps import RepBook
from salesmetrics.columns import PPM, LabelColumn, MoneyColumn, ProbabilityColumn
from salesmetrics.errors import InvalidArgumentError, InvalidDataError, show
from salesmetrics.grouping import Grouping, Window, as_of_day, day_column, group, window_of

__all__ = ["SOURCES", "Snapshot", "snapshot"]

CHOICES = ("exclude", "include", "only")
SOURCES = ("deal_or_stage", "deal", "stage")
_USED, _DATED = ("rep", "amount"), ("expected_close",)


@attrs.frozen(eq=False)
class Snapshot:
    """Deals open at the end of a day, in groups, and the ranges that keep those which are due.

    ``rows`` are their rows in the book; ``late`` and ``blank`` count the overdue and undated ones that are out.
    """

    deals: DealBook
    rows: IntArray
    opened: DealBook
    names: tuple[str, ...]
    window: Window
    day: int
    grouping: Grouping
    more: tuple[Axis, ...]
    keep: tuple[Range, ...]
    late: int
    blank: int

    @property
    def money(self) -> MoneyColumn:
        """The amounts."""
        column: MoneyColumn = self.opened.column("amount", "a pipeline")
        return column

    @property
    def priced(self) -> tuple[Range, ...]:
        """The range of the deals with an amount; none where that is every deal."""
        return () if self.money.known is None else (Range(self.money.known, 1, None),)

    def without_negative(self, negative: str) -> tuple[Range, ...]:
        """Return the ranges without credits, or raise where there are any among the deals asked for."""
        return _without_negative(self.grouping, self.more, self.keep, self.money, negative)

    def chances(self, p: str, multiplier: float, missing_p: str, keep: tuple[Range, ...]) -> AnyArray:
        """Return the chance of each deal in parts per million, -1 where it is not known, which may be refused."""
        ppm = _probabilities(self.opened, p, multiplier)
        _check_probabilities(self.deals, self.rows, ppm, missing_p, (*keep, *self.priced))
        return ppm


def snapshot(
    deals: DealBook,
    by: Any,
    period: object,
    where: object,
    reps: RepBook | None,
    as_of: object,
    *,
    weighted: bool,
    p: str,
    overdue: str,
    undated: str,
) -> Snapshot:
    """Return the deals open on a day; without a period, all of them whatever their date."""
    for name, value in (("overdue", overdue), ("undated", undated)):
        _check.one_of(value, CHOICES, name)
    _check.one_of(p, SOURCES, "p")
    window = window_of(period)
    _check_undated(window, undated)
    day = as_of_day(deals, as_of, needed="a pipeline, which is a snapshot")
    assert day is not None
    group(deals.take(np.zeros(0, dtype=np.int64)), by, None, reps)  # refuses what is not there
    names = (by,) if isinstance(by, str) else tuple(by or ())
    found = deals.open_deals(day)
    some = found.chosen(deals, where)
    rows = found.rows if some is None else found.rows.take(some)
    deals.column("amount", "a pipeline")
    dated = window.periods is not None or "only" in (overdue, undated)
    if dated:
        deals.column("expected_close", "deals due in a period")
    if weighted and p != "deal" and deals.process is not None:
        deals.column("stage", "a stage's probability")
    weighing = ("probability",) if deals.process is None else ("probability", "stage")
    read = {*names, *_USED, *(_DATED if dated else ()), *(weighing if weighted else ())}
    opened = found.read(deals, read, some)
    grouping = group(opened, by, None, reps, as_of=day)
    expected, late, blank = _due(opened, window, day, overdue, undated)
    more, keep = window.axis(expected)
    if "only" in (overdue, undated):
        keep = (*keep, Range(expected, 0, None))
    return Snapshot(deals, rows, opened, names, window, day, grouping, more, keep, late, blank)


def _check_undated(window: Window, undated: str) -> None:
    """Raise where deals without a day of their own would have to be put in one of several periods."""
    if window.size > 1 and undated != "exclude":
        raise InvalidArgumentError(
            f"`undated` must be 'exclude' with several periods; got {show(undated)}.",
            code="SM-ARG-23",
            field="undated",
            values=[undated],
            hint="a deal without a date belongs to no period: ask for one period, or for none.",
        )


def _without_negative(
    grouping: Grouping, more: tuple[Axis, ...], keep: tuple[Range, ...], money: MoneyColumn, negative: str
) -> tuple[Range, ...]:
    """Return the ranges without credits, or raise where there are any among the deals asked for."""
    credits = Range(money.minor, None, 0)
    wanted = int(grouping.tabulate(more, (*keep, credits))[0].sum())
    if wanted and negative == "raise":
        bad = positions(len(money.minor), (*keep, credits))
        raise InvalidDataError(
            f"`amount` must be >= 0 in every open deal; got {wanted} that are not (first: {money.user()[bad[0]]}).",
            code="SM-AMT-08",
            field="amount",
            values=money.user()[bad[:10]].tolist(),
            hint="negative='exclude' leaves credits out and counts them.",
        )
    return (*keep, Range(money.minor, 0, None))


def _due(opened: DealBook, window: Window, as_of: int, overdue: str, undated: str) -> tuple[AnyArray, int, int]:
    """Return the day by which each deal is placed in a period (-1: in none), and how many overdue and undated are out.

    An overdue deal keeps its own day, so that adjoining periods share none. An undated one has no day: it is placed in the
    one period asked for.
    """
    only = "only" in (overdue, undated)
    if window.periods is None and not only:  # all of them count, whatever their day
        return np.zeros(opened.rows, dtype=np.int32), 0, 0
    expected = day_column(opened, "expected_close", "deals due in a period").days.copy()
    blank, late = expected < 0, (expected >= 0) & (expected < as_of)
    home = window.periods[0].start_day if window.periods else 0
    if only:
        expected[~(blank | late)] = -1
    if overdue == "exclude":
        expected[late] = -1
    if undated != "exclude":
        expected[blank] = home
    return expected, int(late.sum()) * (overdue == "exclude"), int(blank.sum()) * (undated == "exclude")


def _probabilities(opened: DealBook, p: str, multiplier: float) -> AnyArray:
    """Return the probability of each open deal in parts per million: its own, its stage's, or the first there is.

    Times the multiplier it is rounded to a whole part again, and never passes 1.
    """
    ppm = np.full(opened.rows, -1, dtype=np.int32)
    if p != "stage" and "probability" in opened.columns:
        own: ProbabilityColumn = opened.columns["probability"]  # type: ignore[assignment]
        ppm = own.ppm.copy()
    if p != "deal" and opened.process is not None:
        stage: LabelColumn = opened.column("stage", "a stage's probability")
        defaults = [opened.process.probability(level) for level in stage.levels]
        table = np.array([-1 if d is None else round(d * PPM) for d in defaults] + [-1], dtype=np.int32)
        ppm = np.where(ppm < 0, table[stage.codes], ppm)
    if multiplier != 1.0:
        ppm = np.where(ppm < 0, -1, np.minimum(np.rint(ppm * multiplier), PPM)).astype(np.int32)
    return ppm


def _check_probabilities(
    deals: DealBook, rows: IntArray, ppm: AnyArray, missing_p: str, keep: tuple[Range, ...]
) -> None:
    """Raise where a deal that counts has no probability from any source."""
    if missing_p == "exclude":
        return
    bad = positions(len(rows), (*keep, Range(ppm, None, 0)))
    if len(bad):
        key = f", deal {show(deals['id'][rows[bad[0]]])}" if "id" in deals.columns else ""
        raise InvalidDataError(
            f"`probability` must be known for every open deal that is weighed; got {len(bad)} without (first: row "
            f"{int(rows[bad[0]])}{key}).",
            code="SM-PRB-03",
            field="probability",
            row=int(rows[bad[0]]),
            rows=rows[bad],
            hint="missing_p='exclude' counts them out; a process with stage probabilities supplies defaults.",
        )
