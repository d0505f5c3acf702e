"""Outcomes: deals by what became of them, with their amounts."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import attrs
import numpy as np

from salesmetrics import _check
from salesmetrics._kernels import Addend, Axis, Range
from salesmetrics.arrays import AnyArray, IntArray
from salesmetrics.books.deals import OPEN, WON, DealBook
from salesmetrics.books.reps import RepBook
from salesmetrics.columns import LabelColumn, MoneyColumn
from salesmetrics.errors import InvalidArgumentError, InvalidDataError, show
from salesmetrics.grouping import Grouping, Window, as_of_day, day_column, group, limit, taken, window_of
from salesmetrics.slicing import DECIDED, sliced
from salesmetrics.tally import Tally, added

__all__ = ["BASES", "OutcomeTally"]

BASES = ("closed", "created", "open_at")
MEASURES = ("count", "amount", "squares")


@attrs.frozen(eq=False, repr=False)
class OutcomeTally(Tally):
    """Deals of each outcome (open, won, lost, no_decision): how many, how many with an amount, sums of amounts and squares.

    ``basis`` says which deals and which date: ``"closed"`` those closed in the period, ``"created"`` the cohort created in it
    as it stood at ``as_of`` (with ``within``, only deals at least that many days old, their wins within those days),
    ``"open_at"`` the deals open on the day ``at`` and due in the period, as they stood at its end.
    """

    what: ClassVar[str] = "outcomes"
    causes: ClassVar[tuple[str, ...]] = ("no creation day", "too young", "no expected close day")

    by: tuple[str, ...]
    basis: str
    within: int | None
    at_day: int | None
    as_of_day: int | None
    negative: str
    only: str | None
    currency: str | None
    scale: int
    count: IntArray = added()
    left_out: IntArray = added(total=True)
    priced: IntArray | None = added(optional=True)
    amount: IntArray | None = added(optional=True)
    squares: IntArray | None = added(limbs=True, optional=True)

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
        basis: str = "closed",
        within: int | None = None,
        at: object = None,
        measures: tuple[str, ...] | None = None,
        negative: str = "raise",
        only: str | None = None,
    ) -> Self:
        """Return the tally of a book of deals; ``measures`` and ``only="won"`` leave out what will not be asked for."""
        basis = _check.one_of(basis, BASES, "basis")
        _check.one_of(negative, ("raise", "exclude"), "negative")
        if measures is None:
            measures = MEASURES if "amount" in deals.columns else ("count",)
        for measure in measures:
            _check.one_of(measure, MEASURES, "measures")
        window = window_of(period)
        snapshot = as_of_day(deals, as_of)
        at_day = _opening(window, basis, at)
        within = _age(within, basis, snapshot)
        if basis == "closed":
            needs = ("outcome", "closed", *(() if set(measures) == {"count"} else ("amount",)))
            kinds = DECIDED if only is None else range(WON, WON + 1)
            credits = negative == "exclude" or "amount" not in needs
            deals, where = sliced(
                deals, by, where, reps, window, snapshot, needs=needs, outcomes=kinds, credits=credits
            )
        grouping = group(deals, by, where, reps, as_of=snapshot)
        more, keep = _rows(deals, window, basis, snapshot, within, at_day)
        ended = basis == "closed" and only is None
        if only is not None:
            _check.one_of(only, ("won",), "only")
            keep = (Range(more[-1].values, WON, WON + 1), *keep)
            more = more[:-1]
        elif ended and (window.periods is None or deals.column("outcome").any_missing):
            keep = (Range(more[-1].values, WON, None), *keep)
        tables, present = _measured(deals, grouping, more, keep, measures, negative, ended)
        left_out, bare = _left_out(deals, grouping, window, basis, snapshot, within)
        if at_day is not None:
            left_out[2] = _unexpected(deals, grouping, at_day)
        present = np.union1d(present, bare) if len(bare) else present
        shape = (len(present), window.size, 4 if only is None else 1)
        tables = {name: taken(t, present).reshape(*shape, *t.shape[len(more) + 1 :]) for name, t in tables.items()}
        return cls(
            labels=grouping.labels(present),
            window=window,
            by=(by,) if isinstance(by, str) else tuple(by or ()),
            basis=basis,
            within=within,
            at_day=at_day,
            as_of_day=snapshot,
            negative=negative,
            only=only,
            currency=deals.currency,
            scale=deals.scale,
            left_out=left_out,
            **{name: t if only is None else _as_won(t) for name, t in tables.items()},
        )

    @classmethod
    def empty(
        cls,
        *,
        by: str | tuple[str, ...] | list[str] | None = None,
        period: object = None,
        as_of: object = None,
        basis: str = "closed",
        within: int | None = None,
        at: object = None,
        measures: tuple[str, ...] | None = None,
        negative: str = "raise",
        only: str | None = None,
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
            basis=basis,
            within=within,
            at=at,
            measures=measures,
            negative=negative,
            only=only,
        )


def _opening(window: Window, basis: str, at: object) -> int | None:
    """Return the day on which the cohort of basis "open_at" is taken: given, or the day before the period."""
    if basis != "open_at":
        if at is not None:
            raise InvalidArgumentError(
                f"`at` must not be given with basis {show(basis)}; got {show(at)}.",
                code="SM-ARG-20",
                field="at",
                values=[at],
                hint="only basis='open_at' reads it.",
            )
        return None
    if window.periods is None or len(window.periods) != 1:
        raise InvalidArgumentError(
            "`period` must be one Period with basis 'open_at'; got "
            f"{'none' if window.periods is None else f'{len(window.periods)} periods'}.",
            code="SM-ARG-21",
            field="period",
            hint="the cohort is taken on one day: call once for each period.",
        )
    return window.periods[0].start_day - 1 if at is None else _check.day(at, "at")


def _age(within: int | None, basis: str, as_of: int | None) -> int | None:
    """Return the number of days within which a win counts, which only basis "created" reads."""
    if within is None:
        return None
    if basis != "created":
        raise InvalidArgumentError(
            f"`within` must not be given with basis {show(basis)}; got {show(within)}.",
            code="SM-ARG-22",
            field="within",
            values=[within],
            hint="only basis='created' reads it; win_rate_curve follows deals by age.",
        )
    if as_of is None:
        raise InvalidArgumentError(
            "`as_of` must be given with `within`; got None, and the book has no day of its own.",
            code="SM-DAY-03",
            field="as_of",
            hint="as_of='2026-10-31' in the call, or once in read_deals(..., as_of='2026-10-31').",
        )
    return _check.count(within, "within")


def _rows(
    deals: DealBook, window: Window, basis: str, as_of: int | None, within: int | None, at: int | None
) -> tuple[tuple[Axis, ...], tuple[Range, ...]]:
    """Return the axes of period and outcome, and the ranges that pick the rows, of a basis."""
    outcome: LabelColumn = deals.column("outcome", f"a rate on basis {basis!r}")
    ended = day_column(deals, "closed", f"a rate on basis {basis!r}")
    closed = ended.days
    if basis == "closed":
        more, keep = window.axis(ended, limit(ended, as_of))
        return (*more, Axis(outcome.codes, 4)), keep
    made = day_column(deals, "created", f"a rate on basis {basis!r}")
    created = made.days
    if basis == "created":
        more, keep = window.axis(made, as_of if within is None or as_of is None else as_of - within)
        state = _state(outcome.codes, closed, as_of)
        if within is not None:
            state = state * (closed - created <= within)
        return (*more, Axis(state, 4)), (Range(created, 0, None), *keep)
    assert at is not None
    assert window.periods is not None
    period = window.periods[0]
    expected = day_column(deals, "expected_close", f"a rate on basis {basis!r}").days
    last = period.end_day - 1 if as_of is None else min(period.end_day - 1, as_of)
    open_then = _open_on(deals, at)
    state = _state(outcome.codes, closed, last) * (closed >= period.start_day)
    keep = (Range(open_then.view(np.uint8), 1, None), Range(expected, max(period.start_day, at), period.end_day))
    return (Axis(state, 4),), keep


def _open_on(deals: DealBook, at: int) -> AnyArray:
    """Return True for the deals open at the end of a day."""
    outcome: LabelColumn = deals.column("outcome", "open deals")
    closed, created = (day_column(deals, name, "open deals").days for name in ("closed", "created"))
    opened: AnyArray = ((outcome.codes == OPEN) | (closed > at)) & (created <= at)
    return opened


def _unexpected(deals: DealBook, grouping: Grouping, at: int) -> int:
    """Return how many deals open on a day have no expected day: a source with one close date drops that of closed deals."""
    expected = day_column(deals, "expected_close", "open deals due in a period").days
    opened = _open_on(deals, at).view(np.uint8)
    count, _ = grouping.tabulate((), (Range(opened, 1, None), Range(expected, None, 0)))
    return int(count.sum())


def _left_out(
    deals: DealBook, grouping: Grouping, window: Window, basis: str, as_of: int | None, within: int | None
) -> tuple[IntArray, IntArray]:
    """Return how many deals a cohort leaves out, without a creation day, too young and without an expected day, and groups.

    A deal without a creation day is in no stated period, so its group shows over all days only.
    """
    counts, bare = np.zeros(3, dtype=np.int64), np.zeros(0, dtype=np.int64)
    if basis != "created":
        return counts, bare
    column = day_column(deals, "created", "a cohort")
    if column.any_missing:
        undated, _ = grouping.tabulate((), (Range(column.days, None, 0),))
        counts[0] = undated.sum()
        bare = grouping.present(undated) if window.periods is None else bare
    if within is not None and as_of is not None:
        more, keep = window.axis(column.days, as_of)
        young, _ = grouping.tabulate(more, (*keep, Range(column.days, as_of - within + 1, None)))
        counts[1] = young.sum()
        bare = np.union1d(bare, grouping.present(young))
    return counts, bare


def _state(outcome: AnyArray, closed: AnyArray, as_of: int | None) -> AnyArray:
    """Return the outcome of each deal as it was known at the end of a day."""
    return outcome if as_of is None else outcome * (closed <= as_of)


def _measured(
    deals: DealBook,
    grouping: Grouping,
    more: tuple[Axis, ...],
    keep: tuple[Range, ...],
    measures: tuple[str, ...],
    negative: str,
    ended: bool,
) -> tuple[dict[str, AnyArray], IntArray]:
    """Return the tables asked for and the groups that occur; where only what has ended counts, open deals are taken out."""
    sums: list[Addend] = []
    money: Any = None
    if "amount" in measures or "squares" in measures:
        money = deals.column("amount", "a sum of amounts")
        if "amount" in measures:
            sums.append(Addend(money.minor, money.largest))
        if "squares" in measures:
            sums.append(Addend(money.minor, money.largest**2, times=money.minor))
    plain = money is None or (money.known is None and money.smallest >= 0)
    count, totals = grouping.tabulate(more, keep, sums if plain else ())
    still_open = (slice(None),) * len(more) + (OPEN,)
    if ended:
        count[still_open] = 0
    tables: dict[str, AnyArray] = {"count": count}
    present = grouping.present(count)
    if money is None:
        return tables, present
    keep = _without_negative(grouping, more, keep, money, negative)
    known = () if money.known is None else (Range(money.known, 1, None),)
    tables["priced"] = count
    if not plain:
        tables["priced"], totals = grouping.tabulate(more, (*keep, *known), sums)
    for table in (tables["priced"], *totals) if ended else ():
        table[still_open] = 0
    asked = [name for name in ("amount", "squares") if name in measures]
    return tables | dict(zip(asked, totals, strict=True)), present


def _as_won(table: AnyArray) -> AnyArray:
    """Return a table of wins as one of all outcomes."""
    whole = np.zeros((*table.shape[:2], 4, *table.shape[3:]), dtype=table.dtype)
    whole[:, :, WON] = table[:, :, 0]
    return whole


def _without_negative(
    grouping: Grouping, more: tuple[Axis, ...], keep: tuple[Range, ...], money: MoneyColumn, negative: str
) -> tuple[Range, ...]:
    """Return the ranges without negative amounts, or raise where there are any and they were not excluded."""
    if money.smallest >= 0:
        return keep
    if negative == "exclude":
        return (*keep, Range(money.minor, 0, None))
    bad, _ = grouping.tabulate(more, (*keep, Range(money.minor, None, 0)))
    wanted = int(bad.sum())
    if wanted:
        first = int(np.flatnonzero(money.minor < 0)[0])
        raise InvalidDataError(
            f"`amount` must be >= 0 in rates and averages of amounts; got {wanted} rows that are not.",
            code="SM-AMT-08",
            field="amount",
            row=first,
            values=[float(money.user()[first])],
            hint="negative='exclude' leaves credits out and counts them.",
        )
    return keep
