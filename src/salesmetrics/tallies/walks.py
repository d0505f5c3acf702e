"""The pipeline walk: money and deals by what moved them between the ends of two days."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar, Self

import attrs
import numpy as np

from salesmetrics import _check
from salesmetrics._threads import BLOCK, each_of
from salesmetrics.arrays import AnyArray, BoolArray, IntArray
from salesmetrics.books.deals import DealBook
from salesmetrics.books.history import DealHistory
from salesmetrics.books.reps import RepBook
from salesmetrics.bridging import BUCKETS, PLACE, Scope, handovers, lines, moves
from salesmetrics.columns import DayColumn, LabelColumn
from salesmetrics.errors import InvalidArgumentError, InvalidDataError, nearest, show
from salesmetrics.grouping import group
from salesmetrics.labels import Labels, Levels
from salesmetrics.lining import LabelledLines, added_up, following, labelled
from salesmetrics.spanning import WalkPlan, planned, refuse_rows, refuse_unfollowed
from salesmetrics.states import (
    UNTOLD,
    Standing,
    alive,
    created_days,
    followed,
    in_force,
    narrowed,
    paired,
    silent_on,
    snapshot,
    untold,
)
from salesmetrics.tally import Tally, added
from salesmetrics.trails import trails, untied

__all__ = ["WalkTally"]

By = str | tuple[str, ...] | list[str] | None
_LOOKED_UP = 1 << 15
"""So many deals are looked up together: what is known of them stays in the cache until they are tallied."""


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
        plan = planned(by, period, t0, t1, due, min_stage, owners, _known_until(as_of, deals, history))
        refuse_unfollowed(plan, history.names)
        paths = trails(deals, history, as_of=None if plan.as_of is None else _check.date_of(plan.as_of))
        group(deals.take(np.zeros(0, dtype=np.int64)), by, None, reps)  # refuses what is not there
        mask = deals.mask(where)
        chosen = None if mask is None else np.flatnonzero(mask)
        moving = _moving(plan, deals)

        def movers(span: tuple[int, int]) -> _Movers:
            rows, places = followed(paths, alive(deals, chosen, *span))

            def sides(start: int, stop: int) -> _Sides:
                some = places[start:stop]
                changes = paths.history.last_by_both(span, some)
                before, after = (in_force(paths, some, at, day, moving) for at, day in zip(changes, span, strict=True))
                return _Sides(rows[start:stop], created_days(paths, some), before, after)

            return _Movers(len(rows), sides, _LOOKED_UP)

        read = {"amount", *moving, *(() if set(plan.due) == {None} else ("expected_close",))}
        days = {day for span in plan.spans if span is not None for day in span}
        lost = np.zeros(len(UNTOLD), dtype=np.int64)
        if silent_on(paths, read):
            lost = untold(paths, followed(paths, alive(deals, chosen, plan.first, plan.last))[1], days, read)
        return cls._tallied(plan, deals, movers, reps, lost)

    @classmethod
    def from_history(
        cls,
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
        """Return the tally of the changes of deals alone: what two books by ``history.as_of`` give, without making them."""
        plan = planned(by, period, t0, t1, due, min_stage, owners, _known_until(as_of, history))
        refuse_unfollowed(plan, history.names)
        history.column("amount", "the money that moved")
        if set(plan.due) != {None}:
            history.column("expected_close", "the deals that are due; due='any' takes all")
        refuse_rows(where)
        paths = untied(history)
        changes = _labels_of(paths.history)
        nobody = changes.take(np.zeros(0, dtype=np.int64))
        group(nobody, by, where, reps)  # refuses what is not there
        named = where if isinstance(where, Mapping) else {}
        picking = attrs.evolve(changes, columns={name: changes.columns[name] for name in named})
        moving = _moving(plan, changes)

        def movers(span: tuple[int, int]) -> _Movers:
            places = paths.history.alive(*span)

            def sides(start: int, stop: int) -> _Sides:
                some = places[start:stop]
                old, new = paths.history.last_by_both(span, some)
                mask = picking.take(new).mask(where)
                if mask is not None:
                    kept = np.flatnonzero(mask)
                    some, old, new = (each.take(kept) for each in (some, old, new))
                before, after = (in_force(paths, some, at, day, moving) for at, day in ((old, span[0]), (new, span[1])))
                return _Sides(new, paths.born.take(some), before, after)

            return _Movers(len(places), sides, _LOOKED_UP)

        return cls._tallied(plan, changes, movers, reps, np.zeros(len(UNTOLD), np.int64))

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
        plan = planned(by, None, first, last, due, min_stage, owners, None)
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

        def movers(span: tuple[int, int]) -> _Movers:
            def sides(start: int, stop: int) -> _Sides:
                some = rows[start:stop]
                sources = ((before, earlier, span[0]), (after, later, span[1]))
                old, new = (snapshot(book, spots.take(some), day, levels) for book, spots, day in sources)
                return _Sides(some, created.take(some), old, new)

            return _Movers(len(rows), sides)

        return cls._tallied(plan, both, movers, reps, np.zeros(len(UNTOLD), np.int64))

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
        plan = planned(by, period, t0, t1, due, min_stage, owners, known)
        labels = Labels(tuple(Levels(name, ()) for name in plan.by), np.zeros((0, len(plan.by)), dtype=np.int64))
        nobody = np.zeros(2, np.int64), np.zeros(len(UNTOLD), np.int64)
        return cls._made(plan, labels if plan.by else Labels.single(), None, None, *nobody, currency, scale)

    @classmethod
    def _made(
        cls,
        plan: WalkPlan,
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
        plan: WalkPlan,
        deals: DealBook,
        movers: Callable[[tuple[int, int]], _Movers],
        reps: RepBook | None,
        lost: IntArray,
    ) -> Self:
        """Return the tally of deals; ``movers`` gives those that may move in a span, and how they stood."""
        unpriced = np.zeros(2, dtype=np.int64)
        # a span after the other: the lines of all of them would take as much memory as the books
        total: Self | None = None
        for at, (span, due) in enumerate(zip(plan.spans, plan.due, strict=True)):
            if span is None:
                continue
            parts = _walked(plan, deals, movers(span), span, due, reps)
            unpriced += sum(part.unpriced for part in parts)
            some = cls._of_lines(plan, deals, at, [each for part in parts for each in part.lines], reps)
            total = some if total is None else total + some
        total = cls._of_lines(plan, deals, 0, [], reps) if total is None else total
        tally = attrs.evolve(total, unpriced=unpriced, untold=lost)
        tally.check()
        return tally

    @classmethod
    def _of_lines(
        cls, plan: WalkPlan, deals: DealBook, at: int, found: Sequence[LabelledLines], reps: RepBook | None
    ) -> Self:
        """Return the tally of some lines of one span."""
        labels, *tables = added_up(plan.by, deals, found, reps)
        shape = (len(labels), plan.window.size, len(BUCKETS))
        wide = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
        for whole, table in zip(wide, tables, strict=True):
            whole[:, at : at + 1] = table[:, None]
        nothing = np.zeros(2, dtype=np.int64), np.zeros(len(UNTOLD), dtype=np.int64)
        return cls._made(plan, labels, *wide, *nothing, deals.currency, deals.scale)

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


# --- deal by deal ----------------------------------------------------------------------------------------------------


@attrs.frozen(eq=False)
class _Sides:
    """Deals that may move in a span: rows of the book, days of creation, and how they stood on either day."""

    rows: IntArray
    created: AnyArray
    before: Standing
    after: Standing


@attrs.frozen(eq=False)
class _Movers:
    """How many deals may move in a span, how those from one to another stood, and how many of them to look at together."""

    size: int
    sides: Callable[[int, int], _Sides]
    block: int = BLOCK


@attrs.frozen(eq=False)
class _Part:
    """The lines of some deals, and how many in scope had no amount on either day."""

    lines: list[LabelledLines]
    unpriced: IntArray


def _walked(
    plan: WalkPlan,
    deals: DealBook,
    movers: _Movers,
    span: tuple[int, int],
    due: tuple[int, int] | None,
    reps: RepBook | None,
) -> list[_Part]:
    """Return the lines of the deals that may move in a span, block by block, on threads where that pays."""
    nobody = movers.sides(0, 0)
    scope = _scope(plan, due, nobody.before, deals)
    handed, regrouped = following(plan.by, deals), _regrouped(reps, nobody.after, span)

    def part(at: int) -> _Part:
        each = movers.sides(at * movers.block, min((at + 1) * movers.block, movers.size))
        before, after = each.before, each.after
        found = moves(before, after, each.created, span, scope)
        walked = [lines(before, after, found)]
        if handed:
            walked.append(handovers(before, after, found, handed, regrouped))
        unpriced = [int(np.count_nonzero(found.held & ~before.known)), int(np.count_nonzero(found.kept & ~after.known))]
        return _Part(
            [
                labelled(plan.by, deals, reps, span, each.rows, before, after, some, pairs=at > 0)
                for at, some in enumerate(walked)
            ],
            np.array(unpriced, dtype=np.int64),
        )

    # a row that is looked up takes the time of several that are read
    return each_of(part, -(-movers.size // movers.block), 4 * movers.size)


# --- what is asked ---------------------------------------------------------------------------------------------------


def _sourced(book: DealBook, other: DealBook) -> DealBook:
    """Return a book that tells the currency each amount came in, under the name it has in a history, where both books do."""
    own = book.columns.get("currency")
    if not isinstance(own, LabelColumn) or "currency" not in other.columns:
        return book
    return book.with_labels({"source_currency": own}) if "source_currency" not in book.columns else book


def _labels_of(history: DealHistory) -> DealBook:
    """Return the labels of changes, where they lie, in the form of a deal book with a row for each change."""
    columns = {name: c for name, c in history.columns.items() if isinstance(c, LabelColumn) and name != "actor"}
    return DealBook(columns=columns, rows=history.rows, currency=history.currency, scale=history.scale)


def _known_until(as_of: object, *books: DealBook | DealHistory) -> int | None:
    """Return the last day whose events are known: the argument, else the books' own."""
    day = _check.optional_day(as_of, "as_of")
    return next((known for known in (day, *(book.as_of_day for book in books)) if known is not None), None)


def _moving(plan: WalkPlan, deals: DealBook) -> set[str]:
    """Return the labels that are read on both days."""
    moving = {*following(plan.by, deals), "source_currency"}
    moving |= {"rep"} if plan.owners is not None else set()
    return moving | ({"stage"} if plan.min_stage is not None else set())


def _scope(plan: WalkPlan, due: tuple[int, int] | None, state: Standing, deals: DealBook) -> Scope:
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


def _regrouped(reps: RepBook | None, state: Standing, span: tuple[int, int]) -> BoolArray | None:
    """Return True for the owners (the missing one last) whose own labels may change after the first day, by the last."""
    since = None if reps is None else reps.columns.get("since")
    if reps is None or not isinstance(since, DayColumn) or "rep" not in state.labels:
        return None
    changing = (since.days > span[0]) & (since.days <= span[1])
    movers = {key for key, moves_then in zip(reps["id"].tolist(), changing.tolist(), strict=True) if moves_then}
    return np.array([*(level in movers for level in state.labels["rep"].levels), False], dtype=bool)
