"""Pipeline: deals open on a day, their amounts, weighted and not; and what was created."""

from __future__ import annotations

from typing import ClassVar, Self

import attrs
import numpy as np

from salesmetrics import _check
from salesmetrics._kernels import Addend, Axis, Range, positions
from salesmetrics._wide import LIMBS
from salesmetrics.arrays import AnyArray, IntArray
from salesmetrics.books.deals import DealBook
from salesmetrics.books.reps import RepBook
from salesmetrics.columns import PPM, LabelColumn, MoneyColumn, ProbabilityColumn
from salesmetrics.errors import InvalidArgumentError, InvalidDataError, show
from salesmetrics.grouping import Grouping, Window, as_of_day, day_column, group, window_of
from salesmetrics.tally import Tally, added

__all__ = ["PipelineTally"]

CHOICES = ("exclude", "include", "only")
_USED, _DATED = ("rep", "amount"), ("expected_close",)
SOURCES = ("deal_or_stage", "deal", "stage")


@attrs.frozen(eq=False, repr=False)
class PipelineTally(Tally):
    """Deals open at the end of ``as_of``, due in each period: how many, how many with an amount, and the exact amounts.

    Overdue deals (expected before ``as_of``) and undated ones are counted beside, and belong to no period unless
    ``overdue`` or ``undated`` includes them. ``weighted`` is the sum of amount times parts per million.
    """

    what: ClassVar[str] = "pipeline"
    causes: ClassVar[tuple[str, ...]] = ("overdue", "undated", "negative amount")

    by: tuple[str, ...]
    as_of_day: int
    p: str
    multiplier: float
    overdue: str
    undated: str
    negative: str
    currency: str | None
    scale: int
    count: IntArray = added()
    priced: IntArray = added()
    amount: IntArray = added()
    left_out: IntArray = added(total=True)
    weighed: IntArray | None = added(optional=True)
    weighted: IntArray | None = added(limbs=True, optional=True)

    @classmethod
    def from_book(
        cls,
        deals: DealBook,
        *,
        by: str | tuple[str, ...] | list[str] | None = None,
        period: object = None,
        where: object = None,
        reps: RepBook | None = None,
        as_of: object = None,
        weighted: bool | None = None,
        p: str = "deal_or_stage",
        multiplier: float = 1.0,
        missing_p: str = "raise",
        overdue: str = "exclude",
        undated: str = "exclude",
        negative: str = "raise",
    ) -> Self:
        """Return the tally of a book of deals; without a period, of all open deals whatever their date."""
        for name, value in (("overdue", overdue), ("undated", undated)):
            _check.one_of(value, CHOICES, name)
        _check.one_of(p, SOURCES, "p")
        _check.one_of(missing_p, ("raise", "exclude"), "missing_p")
        _check.one_of(negative, ("raise", "exclude"), "negative")
        window = window_of(period)
        _check_undated(window, undated)
        day = as_of_day(deals, as_of, needed="a pipeline, which is a snapshot")
        assert day is not None
        group(deals.take(np.zeros(0, dtype=np.int64)), by, None, reps)  # refuses what is not there
        names = (by,) if isinstance(by, str) else tuple(by or ())
        if weighted is None:
            weighted = "probability" in deals.columns or deals.process is not None
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
        money: MoneyColumn = opened.column("amount", "a pipeline")
        everyone, (amount,) = grouping.tabulate(more, keep, [Addend(money.minor, money.largest)])
        count = everyone
        if money.smallest < 0:
            keep = _without_negative(grouping, more, keep, money, negative)
            count, (amount,) = grouping.tabulate(more, keep, [Addend(money.minor, money.largest)])
        known = () if money.known is None else (Range(money.known, 1, None),)
        priced = count if not known else grouping.tabulate(more, (*keep, *known))[0]
        present = grouping.present(everyone)
        shape = (len(present), window.size)
        weighed = limbs = None
        if weighted:
            ppm = probabilities(opened, p, multiplier)
            _check_probabilities(deals, rows, ppm, missing_p, (*keep, *known))
            sure = (*keep, *known, Range(ppm, 0, None))
            product = Addend(money.minor, money.largest * PPM, times=ppm)
            weighed, (limbs,) = grouping.tabulate(more, sure, [product])
            weighed, limbs = weighed[present].reshape(shape), limbs[present].reshape(*shape, LIMBS)
        return cls(
            labels=grouping.labels(present),
            window=window,
            by=names,
            as_of_day=day,
            p=p,
            multiplier=multiplier,
            overdue=overdue,
            undated=undated,
            negative=negative,
            currency=deals.currency,
            scale=deals.scale,
            count=count[present].reshape(shape),
            priced=priced[present].reshape(shape),
            amount=amount[present].reshape(shape),
            weighed=weighed,
            weighted=limbs,
            left_out=np.array([late, blank, int((everyone - count).sum())], dtype=np.int64),
        )

    @classmethod
    def empty(
        cls,
        *,
        as_of: object,
        by: str | tuple[str, ...] | list[str] | None = None,
        period: object = None,
        weighted: bool = True,
        p: str = "deal_or_stage",
        multiplier: float = 1.0,
        overdue: str = "exclude",
        undated: str = "exclude",
        negative: str = "raise",
        currency: str | None = None,
        scale: int = 2,
    ) -> Self:
        """Return the tally of no deals: what every other is added to without change."""
        names = (by,) if isinstance(by, str) else tuple(by or ())
        return cls.from_book(
            DealBook.empty(names, currency=currency, scale=scale),
            by=by,
            period=period,
            as_of=as_of,
            weighted=weighted,
            p=p,
            multiplier=multiplier,
            overdue=overdue,
            undated=undated,
            negative=negative,
        )


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


def probabilities(opened: DealBook, p: str, multiplier: float) -> AnyArray:
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
