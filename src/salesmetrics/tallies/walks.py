"""The pipeline walk: money and deals by what moved them between the ends of two days."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import ClassVar, Self

import attrs
import numpy as np

from salesmetrics import _check
from salesmetrics._kernels import Addend, Axis, Range, packed_cells
from salesmetrics._threads import blocks_in_order, side_by_side
from salesmetrics.arrays import AnyArray, BoolArray, IntArray
from salesmetrics.books.deals import OPEN, DealBook
from salesmetrics.books.history import DealHistory
from salesmetrics.books.reps import RepBook
from salesmetrics.bridging import BUCKETS, PLACE, Lines, Scope, handovers, lines, moves
from salesmetrics.calendars import Period
from salesmetrics.columns import Column, DayColumn, LabelColumn
from salesmetrics.errors import InvalidArgumentError, InvalidDataError, nearest, show
from salesmetrics.grouping import Window, group, window_of
from salesmetrics.labels import Labels, Levels
from salesmetrics.states import (
    UNTOLD,
    Standing,
    alive,
    created_days,
    followed,
    narrowed,
    paired,
    silent_on,
    snapshot,
    stood,
    untold,
)
from salesmetrics.tally import Tally, added
from salesmetrics.trails import trails

__all__ = ["WalkTally"]

By = str | tuple[str, ...] | list[str] | None
_FIXED = ("forecast_category", "source_currency")


@attrs.frozen(eq=False, repr=False)
class WalkTally(Tally):
    """Money and deals in each bucket of the walk, for each group and period: what was there, came, changed, went, is there.

    ``spans`` holds the two days of each period: how deals stood at the end of each is compared. ``unpriced`` counts deals
    without an amount among those that were there and those that are; ``untold`` those of which something was not known on one
    of the days, by ``silent``, since the history does not track it and they have changed since.
    """

    what: ClassVar[str] = "walk"
    buckets: ClassVar[tuple[str, ...]] = BUCKETS
    silent: ClassVar[tuple[str, ...]] = UNTOLD

    by: tuple[str, ...]
    spans: tuple[tuple[int, int] | None, ...]
    due: tuple[tuple[int, int] | None, ...]
    min_stage: object
    owners: tuple[object, ...] | None
    as_of_day: int | None
    currency: str | None
    scale: int
    amount: IntArray = added()
    count: IntArray = added()
    unpriced: IntArray = added(total=True)
    untold: IntArray = added(total=True)

    @classmethod
    def from_book(
        cls,
        deals: DealBook,
        history: DealHistory,
        *,
        by: By = None,
        period: object = None,
        t0: object = None,
        t1: object = None,
        due: object = None,
        min_stage: object = None,
        owners: Sequence[object] | None = None,
        where: object = None,
        reps: RepBook | None = None,
        as_of: object = None,
    ) -> Self:
        """Return the tally of deals and their changes."""
        plan = _planned(by, period, t0, t1, due, min_stage, owners, _known_until(deals, history, as_of))
        _refuse_unfollowed(plan, history.names)
        paths = trails(deals, history, as_of=None if plan.as_of is None else _check.date_of(plan.as_of))
        group(deals.take(np.zeros(0, dtype=np.int64)), by, None, reps)  # refuses what is not there
        mask = deals.mask(where)
        chosen = None if mask is None else np.flatnonzero(mask)
        moving = {*_following(plan.by, deals), "source_currency"}
        moving |= {"rep"} if plan.owners is not None else set()
        moving |= {"stage"} if plan.min_stage is not None else set()

        def sides(span: tuple[int, int]) -> Iterator[_Sides]:
            rows, places = followed(paths, alive(deals, chosen, *span))
            for at, stop in list(blocks_in_order(0, len(rows))) or [(0, 0)]:
                some = places[at:stop]
                before, after = side_by_side(lambda day: stood(paths, some, day, moving), span, len(some))  # noqa: B023
                yield _Sides(rows[at:stop], created_days(paths, some), before, after)

        read = {"amount", *moving, *(() if set(plan.due) == {None} else ("expected_close",))}
        days = {day for span in plan.spans if span is not None for day in span}
        lost = np.zeros(len(UNTOLD), dtype=np.int64)
        if silent_on(paths, read):
            lost = untold(paths, followed(paths, alive(deals, chosen, plan.first, plan.last))[1], days, read)
        return cls._tallied(plan, deals, sides, reps, lost)

    @classmethod
    def from_books(
        cls,
        before: DealBook,
        after: DealBook,
        *,
        t0: object = None,
        t1: object = None,
        due: object = None,
        min_stage: object = None,
        owners: Sequence[object] | None = None,
        by: By = None,
        where: object = None,
        reps: RepBook | None = None,
    ) -> Self:
        """Return the tally of two books of the same deals, taken at the end of two days; each book's own by default.

        Labels other than rep and stage are those of the later book.
        """
        first = before.as_of if t0 is None else t0
        last = after.as_of if t1 is None else t1
        plan = _planned(by, None, first, last, due, min_stage, owners, None)
        if where is None or isinstance(where, Mapping):  # else it has a boolean for each row there is
            before, after = narrowed(before, after, plan.first)
        before, after = (_sourced(book, other) for book, other in ((before, after), (after, before)))
        both, earlier, later = paired(before, after)
        group(both.take(np.zeros(0, dtype=np.int64)), by, None, reps)
        mask = both.mask(where)
        rows = np.arange(both.rows) if mask is None else np.flatnonzero(mask)
        moving = ("rep", "stage", "source_currency")
        levels = {n: c for n in moving if isinstance(c := both.columns.get(n), LabelColumn)}
        created = both.column("created", "the deals that are new").days

        def sides(span: tuple[int, int]) -> Iterator[_Sides]:
            sources = ((before, earlier, span[0]), (after, later, span[1]))
            for at, stop in list(blocks_in_order(0, len(rows))) or [(0, 0)]:
                some = rows[at:stop]
                old, new = (snapshot(book, spots[some], day, levels) for book, spots, day in sources)
                yield _Sides(some, created[some], old, new)

        return cls._tallied(plan, both, sides, reps, np.zeros(len(UNTOLD), np.int64))

    @classmethod
    def empty(
        cls,
        *,
        by: By = None,
        period: object = None,
        t0: object = None,
        t1: object = None,
        due: object = None,
        min_stage: object = None,
        owners: Sequence[object] | None = None,
        as_of: object = None,
        currency: str | None = None,
        scale: int = 2,
    ) -> Self:
        """Return the tally of no deals: what every other is added to without change."""
        known = _check.optional_day(as_of, "as_of")
        plan = _planned(by, period, t0, t1, due, min_stage, owners, known)
        labels = Labels(tuple(Levels(name, ()) for name in plan.by), np.zeros((0, len(plan.by)), dtype=np.int64))
        nobody = np.zeros(2, np.int64), np.zeros(len(UNTOLD), np.int64)
        return cls._made(plan, labels if plan.by else Labels.single(), None, None, *nobody, currency, scale)

    @classmethod
    def _made(
        cls,
        plan: _Plan,
        labels: Labels,
        amount: IntArray | None,
        count: IntArray | None,
        unpriced: IntArray,
        lost: IntArray,
        currency: str | None,
        scale: int,
    ) -> Self:
        """Return the tally of tables; None is a table of nothing."""
        nothing = np.zeros((len(labels), plan.window.size, len(BUCKETS)), dtype=np.int64)
        return cls(
            labels=labels,
            window=plan.window,
            by=plan.by,
            spans=plan.spans,
            due=plan.due,
            min_stage=plan.min_stage,
            owners=plan.owners,
            as_of_day=plan.as_of,
            currency=currency,
            scale=scale,
            amount=nothing if amount is None else amount,
            count=nothing if count is None else count,
            unpriced=unpriced,
            untold=lost,
        )

    @classmethod
    def _tallied(
        cls,
        plan: _Plan,
        deals: DealBook,
        sides: Callable[[tuple[int, int]], Iterator[_Sides]],
        reps: RepBook | None,
        lost: IntArray,
    ) -> Self:
        """Return the tally of deals; ``sides`` gives those that may move in a span, in blocks, and how they stood."""
        unpriced = np.zeros(2, dtype=np.int64)

        # a span after the other: the lines of all of them would take as much memory as the books
        total: Self | None = None
        for at, (span, due) in enumerate(zip(plan.spans, plan.due, strict=True)):
            if span is None:
                continue
            parts: list[_Part] = []
            for each in sides(span):
                before, after = each.before, each.after
                found = moves(before, after, each.created, span, _scope(plan, due, before, deals))
                unpriced += [int((found.held & ~before.known).sum()), int((found.kept & ~after.known).sum())]
                parts.append(_part(at, span, each.rows, before, after, lines(before, after, found)))
                if moved := _following(plan.by, deals):
                    gone = handovers(before, after, found, moved, _regrouped(reps, after, span))
                    parts.append(_part(at, span, each.rows, before, after, gone, pairs=True))
            some = cls._of_parts(plan, deals, parts, reps)
            total = some if total is None else total + some
        total = cls._of_parts(plan, deals, [], reps) if total is None else total
        tally = attrs.evolve(total, unpriced=unpriced, untold=lost)
        tally.check()
        return tally

    @classmethod
    def _of_parts(cls, plan: _Plan, deals: DealBook, parts: Sequence[_Part], reps: RepBook | None) -> Self:
        """Return the tally of some lines."""
        labels, amount, count = _added_up(plan, deals, parts, reps)
        nothing = np.zeros(2, dtype=np.int64), np.zeros(len(UNTOLD), dtype=np.int64)
        return cls._made(plan, labels, amount, count, *nothing, deals.currency, deals.scale)

    def check(self) -> None:
        """Raise where opening and buckets do not add up to closing, in money or in deals, for any group and period."""
        inward, outward = slice(PLACE["new"], PLACE["pushed_in"] + 1), slice(PLACE["deleted"], PLACE["closing"])
        money = self.amount[..., :-1].sum(axis=-1) - self.amount[..., -1]
        heads = (
            self.count[..., 0]
            + self.count[..., inward].sum(axis=-1)
            - self.count[..., outward].sum(axis=-1)
            - self.count[..., -1]
        )
        wrong = np.argwhere((money != 0) | (heads != 0))
        if len(wrong):
            row, period = wrong[0]
            label = list(self.labels)[row]
            raise InvalidDataError(
                f"a walk must add up from opening to closing; got {int(money[row, period])} minor units and "
                f"{int(heads[row, period])} deals too many in {show(label)}.",
                code="SM-WLK-01",
                field="amount",
                values=[int(money[row, period])],
            )


@attrs.frozen(eq=False)
class _Sides:
    """Deals that may move in a span: rows of the book, days of creation, and how they stood on either day."""

    rows: IntArray
    created: AnyArray
    before: Standing
    after: Standing


# --- what is asked ---------------------------------------------------------------------------------------------------


@attrs.frozen(eq=False)
class _Plan:
    """What a walk is asked: the days of each period (None: not begun), which days are due, and which deals count."""

    by: tuple[str, ...]
    window: Window
    spans: tuple[tuple[int, int] | None, ...]
    due: tuple[tuple[int, int] | None, ...]
    min_stage: object
    owners: tuple[object, ...] | None
    as_of: int | None

    @property
    def first(self) -> int:
        """The first day of all spans."""
        return min((span[0] for span in self.spans if span is not None), default=0)

    @property
    def last(self) -> int:
        """The last day of all spans."""
        return max((span[1] for span in self.spans if span is not None), default=0)


def _sourced(book: DealBook, other: DealBook) -> DealBook:
    """Return a book that tells the currency each amount came in, under the name it has in a history, where both books do."""
    own = book.columns.get("currency")
    if not isinstance(own, LabelColumn) or "currency" not in other.columns:
        return book
    return book.with_labels({"source_currency": own}) if "source_currency" not in book.columns else book


def _known_until(deals: DealBook, history: DealHistory, as_of: object) -> int | None:
    """Return the last day whose events are known: the argument, else the books' own."""
    day = _check.optional_day(as_of, "as_of")
    return next((known for known in (day, deals.as_of_day, history.as_of_day) if known is not None), None)


def _planned(
    by: By,
    period: object,
    t0: object,
    t1: object,
    due: object,
    min_stage: object,
    owners: Sequence[object] | None,
    as_of: int | None,
) -> _Plan:
    """Return the days of a walk, checked: those of periods, or two days."""
    names = (by,) if isinstance(by, str) else tuple(by or ())
    whose = None if owners is None else tuple((owners,) if isinstance(owners, str) else owners)
    if period is not None:
        for name, value in (("t0", t0), ("t1", t1)):
            if value is not None:
                raise InvalidArgumentError(
                    f"`{name}` must not be given with `period`, which sets both days; got {show(value)}.",
                    code="SM-WLK-02",
                    field=name,
                    values=[value],
                )
        window = window_of(period)
        assert window.periods is not None
        spans = [_span(each, as_of) for each in window.periods]
        own = [(each.start_day, each.end_day) for each in window.periods]
        return _Plan(names, window, tuple(spans), tuple(_due(due, each) for each in own), min_stage, whose, as_of)
    first, last = (_check.day(_given(value, name), name) for name, value in (("t0", t0), ("t1", t1)))
    if last < first or (as_of is not None and last > as_of):
        rule = "not lie before `t0`" if last < first else f"not lie after the last known day, {_check.date_of(as_of)}"  # type: ignore[arg-type]
        raise InvalidArgumentError(
            f"`t1` must {rule}; got {_check.date_of(last)}.",
            code="SM-WLK-03",
            field="t1",
            values=[_check.date_of(last)],
        )
    return _Plan(names, window_of(None), ((first, last),), (_due(due, None),), min_stage, whose, as_of)


def _given(value: object, name: str) -> object:
    """Return a day that must be given where no period is."""
    if value is None:
        raise InvalidArgumentError(
            f"`{name}` must be given where no `period` is; got None.",
            code="SM-WLK-04",
            field=name,
            hint="period=calendar.quarter(2026, 3) takes the day before it and its last day.",
        )
    return value


def _span(period: Period, as_of: int | None) -> tuple[int, int] | None:
    """Return the day before a period and its last day that is known; None where it has not begun."""
    before, last = period.start_day - 1, period.end_day - 1
    if as_of is None or as_of >= last:
        return before, last
    return None if as_of < period.start_day else (before, as_of)


def _due(due: object, own: tuple[int, int] | None) -> tuple[int, int] | None:
    """Return the expected days that count: those asked for, those of the period itself, or any."""
    if due is None:
        return own
    if isinstance(due, Period):
        return due.start_day, due.end_day
    if due == "any":
        return None
    raise InvalidArgumentError(
        f"`due` must be a Period, or 'any' for deals whatever their date; got {show(due)}.",
        code="SM-WLK-05",
        field="due",
        values=[due],
    )


def _refuse_unfollowed(plan: _Plan, tracked: Sequence[str]) -> None:
    """Raise where the walk would group by a label that changes in the history and that it has no bucket for."""
    for name in plan.by:
        if name in _FIXED and name in tracked:
            raise InvalidArgumentError(
                f"`by` must name rep, stage or labels that stand still; got {show(name)}, which changes in the history.",
                code="SM-WLK-06",
                field="by",
                values=[name],
                hint="the walk has no bucket for such a change: walk each label by itself with where=.",
            )


def _scope(plan: _Plan, due: tuple[int, int] | None, state: Standing, deals: DealBook) -> Scope:
    """Return which deals are pipeline."""
    stages = owners = None
    if plan.min_stage is not None:
        stages = _from_stage(plan.min_stage, _followed(state, "stage", "`min_stage`", deals))
    if plan.owners is not None:
        column = _followed(state, "rep", "`owners`", deals)
        wanted = set(plan.owners)
        owners = np.array([*(level in wanted for level in column.levels), None in wanted], dtype=bool)
    return Scope(due, stages, owners)


def _followed(state: Standing, name: str, purpose: str, deals: DealBook) -> LabelColumn:
    """Return a label as it stood, or raise saying what needs it."""
    if name not in state.labels:
        deals.column(name, purpose)
    return state.labels[name]


def _from_stage(least: object, column: LabelColumn) -> BoolArray:
    """Return True for each stage from the least on, in the stages' own order."""
    if not column.ordered and len(column.levels):
        raise InvalidArgumentError(
            f"`min_stage` must be given with stages that have an order; got {show(least)} and stages without.",
            code="SM-WLK-07",
            field="min_stage",
            values=[least],
            hint="read the history with a SalesProcess, which orders the stages.",
        )
    if column.levels and least not in column.levels:
        raise InvalidArgumentError(
            f"`min_stage` must be a stage; got {show(least)}.",
            code="SM-WLK-08",
            field="min_stage",
            values=[least],
            hint=nearest(least, column.levels),
        )
    at = column.levels.index(least) if column.levels else 0
    return np.array([*(i >= at for i in range(len(column.levels))), False], dtype=bool)


# --- lines under labels ----------------------------------------------------------------------------------------------


@attrs.frozen(eq=False)
class _Part:
    """Lines of one period with the row of each one's deal, the labels it had on either side, and the day of that side."""

    period: int
    rows: IntArray
    days: AnyArray
    before: Mapping[str, LabelColumn]
    after: Mapping[str, LabelColumn]
    lines: Lines
    pairs: bool


def _part(
    period: int,
    span: tuple[int, int],
    rows: IntArray,
    before: Standing,
    after: Standing,
    found: Lines,
    *,
    pairs: bool = False,
) -> _Part:
    # a deal that closed counts for the team that its rep was in on that day
    last = np.where(after.outcome > OPEN, after.closed, span[1]).take(found.place)
    days = np.where(found.owner == 0, span[0], last).astype(np.int32)
    return _Part(period, rows[found.place], days, before.labels, after.labels, found, pairs)


def _regrouped(reps: RepBook | None, state: Standing, span: tuple[int, int]) -> BoolArray | None:
    """Return True for the owners (the missing one last) whose own labels may change after the first day, by the last."""
    since = None if reps is None else reps.columns.get("since")
    if reps is None or not isinstance(since, DayColumn) or "rep" not in state.labels:
        return None
    changing = (since.days > span[0]) & (since.days <= span[1])
    movers = {key for key, moves_then in zip(reps["id"].tolist(), changing.tolist(), strict=True) if moves_then}
    return np.array([*(level in movers for level in state.labels["rep"].levels), False], dtype=bool)


def _following(by: Sequence[str], deals: DealBook) -> tuple[str, ...]:
    """Return which of rep and stage the groups go by: labels that reps lend go by the rep."""
    lent = any(name not in deals.label_names for name in by)
    return (*(("rep",) if lent or "rep" in by else ()), *(("stage",) if "stage" in by else ()))


def _added_up(
    plan: _Plan, deals: DealBook, parts: Sequence[_Part], reps: RepBook | None
) -> tuple[Labels, IntArray, IntArray]:
    """Return labels and tables of all lines."""
    together = Lines.together([p.lines for p in parts]) if parts else None
    size = 0 if together is None else len(together.place)
    wanted = {*plan.by, *(() if reps is None else ("rep",))}
    columns = {name: _label(name, deals, parts) for name in wanted if name in deals.label_names}
    if reps is not None and parts:
        # the day whose structure counts, where reps change teams
        columns["closed"] = DayColumn(np.concatenate([p.days for p in parts]))
    book = attrs.evolve(deals, columns=columns, rows=size)
    grouping = group(book, plan.by, None, reps)
    if together is None:
        nothing = np.zeros((0 if plan.by else 1, plan.window.size, len(BUCKETS)), dtype=np.int64)
        return grouping.labels(np.zeros(0, dtype=np.int64)), nothing, nothing
    bucket, keep = together.bucket, np.ones(size, dtype=np.uint8)
    if any(p.pairs for p in parts):
        _, cells = packed_cells(size, grouping.axes)
        bucket = bucket.copy()
        start = 0
        for part in parts:
            end = start + len(part.rows)
            if part.pairs:
                _settle(cells[start:end], bucket[start:end], keep[start:end])
            start = end
    period = np.repeat(np.array([p.period for p in parts], dtype=np.int32), [len(p.rows) for p in parts])
    axes = (Axis(period, plan.window.size), Axis(bucket, len(BUCKETS)))
    largest = int(np.abs(together.value).max(initial=0))
    count, (amount,) = grouping.tabulate(axes, (Range(keep, 1, None),), [Addend(together.value, largest)])
    present = grouping.present(count)
    return grouping.labels(present), amount[present], count[present]


def _settle(cells: IntArray, bucket: AnyArray, keep: AnyArray) -> None:
    """Leave out pairs that stay in one group, and call those moves of stage that the owner's change does not make."""
    out, into, probe = np.split(cells, 3)
    moved = out != into
    staged = np.flatnonzero(moved & (probe == out))
    third = len(out)
    keep[:third] = keep[third : 2 * third] = moved
    keep[2 * third :] = 0
    bucket[staged], bucket[third + staged] = PLACE["stage_out"], PLACE["stage_in"]


def _label(name: str, deals: DealBook, parts: Sequence[_Part]) -> Column:
    """Return the label of every line: that of its side, or the deal's own where it stands still."""
    own: LabelColumn = deals.columns[name]  # type: ignore[assignment]
    codes, levels, ordered = [np.zeros(0, dtype=own.codes.dtype)], own.levels, own.ordered
    for part in parts:
        if name in ("rep", "stage") and name in part.before:
            old, new = part.before[name], part.after[name]
            side = part.lines.owner if name == "rep" else part.lines.stage
            codes.append(np.where(side == 0, old.codes.take(part.lines.place), new.codes.take(part.lines.place)))
            levels, ordered = old.levels, old.ordered
        else:
            codes.append(own.codes.take(part.rows))
    return LabelColumn(np.concatenate(codes), levels, ordered)
