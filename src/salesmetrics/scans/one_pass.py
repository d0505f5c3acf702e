"""One pass over the parts of a scan: every request is asked of each part, in an executor, and the answers are added up."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from threading import get_ident
from typing import Any

import attrs
import numpy as np

from salesmetrics._threads import pool_of, thread_count, threads
from salesmetrics._workbench import reusing
from salesmetrics.arrays import AnyArray, IntArray
from salesmetrics.books import DealBook
from salesmetrics.books.touched import NotRead, Touched, untouched
from salesmetrics.columns import LabelColumn, MoneyColumn
from salesmetrics.errors import InvalidDataError, MissingColumnError, SalesMetricsError, WorkerLostError, show
from salesmetrics.scans.identity import hashes_of
from salesmetrics.scans.parts import Part, located
from salesmetrics.scans.requests import Beside, Counted, Memory, Request, remembered

__all__ = ["Found", "Plan", "passed"]

IN_FLIGHT = 16
"""Parts that an executor is given at a time: what it has not begun, and what it has done and nobody has fetched."""
_MANY = 1 << 40


@attrs.frozen(eq=False)
class Plan:
    """What all parts are asked, and what every one of them must be like."""

    requests: tuple[Request, ...]
    columns: frozenset[str] | None
    first: DealBook
    ids: bool = False

    @property
    def order(self) -> list[int]:
        """The requests in the order in which they are asked of a part: first those that others may be a part of."""
        whole = [request.named.get("basis") == "created" for request in self.requests]
        return sorted(range(len(whole)), key=lambda at: not whole[at])

    @property
    def unread(self) -> frozenset[str]:
        """The columns that the parts have and that are not read."""
        return frozenset() if self.columns is None else frozenset(self.first.names) - self.columns


@attrs.frozen(eq=False)
class Task:
    """One part, and what it is asked."""

    at: int
    part: Part
    plan: Plan


@attrs.frozen(eq=False)
class Done:
    """What one part answered: for each request a number to add or why there is none; or why it could not be read."""

    at: int
    answers: tuple[Counted | Exception, ...]
    ids: IntArray | None = None
    failure: Exception | None = None


@attrs.frozen(eq=False)
class Found:
    """What all parts answered together."""

    answers: tuple[Counted | Exception, ...]
    ids: tuple[IntArray, ...]


# --- in the worker ---------------------------------------------------------------------------------------------------


def work(task: Task) -> Done:
    """Return what one part answers; whatever goes wrong in it comes back as an answer, so that a raise is the executor's."""
    answers: list[Counted | Exception | None] = [None] * len(task.plan.requests)
    ids: list[IntArray] = []
    before = 0
    with threads(1):
        try:
            for book in task.part.books(_columns(task.plan)):
                held = _fitting(book, task)
                if task.plan.ids:
                    ids.append(hashes_of(held.column("id", "`check_ids`")))
                beside = Beside(held)
                known = remembered.set(Memory(held))
                try:
                    for at in task.plan.order:
                        answers[at] = _added(answers[at], task.plan.requests[at], beside, task.part, before)
                finally:
                    remembered.reset(known)
                beside.give_up()
                before += book.rows
        except SalesMetricsError as error:
            return Done(task.at, (), failure=located(error, task.part, before))
        except Exception as error:
            return Done(task.at, (), failure=error)
    if None in answers:
        missing = ValueError(f"{task.part.name} gave no book, not even one of no rows")
        return Done(task.at, (), failure=missing)
    return Done(task.at, tuple(answers), np.concatenate(ids) if ids else None)  # type: ignore[arg-type]


def _columns(plan: Plan) -> frozenset[str] | None:
    return plan.columns if plan.columns is None or not plan.ids else plan.columns | {"id"}


def _added(
    so_far: Counted | Exception | None, request: Request, beside: Beside, part: Part, before: int
) -> Counted | Exception:
    """Return what a request has found in the books of a part so far, or what went wrong."""
    if isinstance(so_far, Exception):
        return so_far
    try:
        found = request.of(beside.book, beside)
        return found if so_far is None else so_far + found
    except SalesMetricsError as error:
        return located(error, part, before)
    except Exception as error:
        return error


def _fitting(book: DealBook, task: Task) -> DealBook:
    """Return a book of a part, which must be like the first, with the columns that were not read refused."""
    first, part = task.plan.first, task.part
    if book.currency is None and first.currency is not None:
        book = _unpriced_in(book, first)
    for what, mine, yours in (
        ("currency", book.currency, first.currency),
        ("scale", book.scale, first.scale),
        ("as_of", book.as_of, first.as_of),
        ("process", book.process, first.process),
    ):
        if mine != yours:
            raise InvalidDataError(
                f"`{what}` must be the same in every part; got {show(mine)} beside {show(yours)} in the first.",
                code="SM-SCN-05",
                field=what,
                values=[mine, yours],
                hint=None if what != "currency" else _way_to_one(mine, yours),
            )
    wanted = frozenset(first.names) - task.plan.unread
    absent = [name for name in first.names if name in wanted and name not in book.names]
    if absent:
        raise MissingColumnError(
            f"`columns` must be the same in every part; got a part without {show(absent[0])}.",
            code="SM-SCN-06",
            field=absent[0],
            values=absent,
        )
    for name in wanted:
        _refuse_other_kind(name, untouched(book.columns)[name], untouched(first.columns)[name])
    del part
    return attrs.evolve(book, columns=Touched(untouched(book.columns), set(), task.plan.unread))


def _unpriced_in(book: DealBook, first: DealBook) -> DealBook:
    """Return a book without amounts, which name no currency, in that of the first; one with amounts as it is."""
    money = untouched(book.columns).get("amount")
    if not isinstance(money, MoneyColumn):
        return attrs.evolve(book, currency=first.currency, scale=first.scale)
    if not money.missing().all():
        return book
    columns = {**untouched(book.columns), "amount": attrs.evolve(money, scale=first.scale)}
    return attrs.evolve(book, columns=columns, currency=first.currency, scale=first.scale)


def _way_to_one(mine: Any, first: Any) -> str:
    """Return the way out of several currencies; the first rows name none where they have no amounts."""
    if first is None:
        return f"currency={mine!r} in reading the parts says it for the first rows too."
    return "convert the amounts of all parts to one currency."


def _refuse_other_kind(name: str, mine: Any, first: Any) -> None:
    """Raise where a column holds texts in one part and numbers in another."""

    def kind(column: Any) -> str | None:
        if not isinstance(column, LabelColumn):
            return type(column).__name__
        if not column.levels:
            return None
        return "labels that are texts" if isinstance(column.levels[0], str) else "labels that are numbers"

    one, other = kind(mine), kind(first)
    labels = isinstance(mine, LabelColumn) and isinstance(first, LabelColumn)
    if one != other and not (labels and None in (one, other)):
        raise InvalidDataError(
            f"{show(name)} must hold the same in every part; got {one or 'labels'} beside {other or 'labels'} in the first.",
            code="SM-SCN-07",
            field=name,
            values=[one, other],
        )


# --- where the answers are added up ----------------------------------------------------------------------------------


def passed(parts: Sequence[Part], plan: Plan, executor: Any, progress: Callable[[int, int], object] | None) -> Found:
    """Return what all parts answer; each is counted once, and what one of them cannot read ends the pass."""
    sums: list[Counted | Exception | None] = [None] * len(plan.requests)
    ids: list[IntArray] = []
    counted: set[int] = set()
    for done in _each(parts, plan, executor):
        if done.failure is not None:
            raise done.failure
        if done.at in counted:
            raise WorkerLostError(
                f"every part must be counted once; got {parts[done.at].name} twice from the executor.",
                code="SM-SCN-08",
                field="executor",
            )
        counted.add(done.at)
        answer: Counted | Exception | None = None
        if done.ids is not None:
            ids.append(done.ids)
        for at, answer in enumerate(done.answers):
            sums[at] = _both(sums[at], answer, own=len(counted) > 2)
        unread = next((error for error in sums if isinstance(error, NotRead)), None)
        if unread is not None:
            raise unread
        if progress is not None:
            progress(len(counted), len(parts))
        if sums and all(isinstance(one, Exception) for one in sums):
            break
        del done, answer  # which are large, and the next part is waited for meanwhile
    return Found(tuple(sums), tuple(ids))  # type: ignore[arg-type]


def _both(so_far: Counted | Exception | None, more: Counted | Exception, *, own: bool) -> Counted | Exception:
    """Return two answers together; of two errors the one of the earlier part.

    From the third part on the sum so far is our own, which needs not be kept.
    """
    if so_far is None or isinstance(so_far, Exception):
        return more if so_far is None else so_far
    if isinstance(more, Exception):
        return more
    try:
        return so_far.taking_in(more) if own else so_far + more
    except SalesMetricsError as error:
        return error


def _each(parts: Sequence[Part], plan: Plan, executor: Any) -> Iterator[Done]:
    """Yield what the parts answer, in their order, a bounded number of them under way at a time."""
    tasks = [Task(at, part, plan) for at, part in enumerate(parts)]
    if executor is not None:
        yield from _in_order(tasks, executor, IN_FLIGHT)
        return
    spare: dict[int, list[AnyArray]] = {}

    def at_home(task: Task) -> Done:
        # each thread reads its parts into the memory of the one before
        with reusing(spare.setdefault(get_ident(), [])):
            return work(task)

    workers = min(thread_count(_MANY), len(parts))
    if workers < 2:
        yield from map(at_home, tasks)
        return
    with pool_of(workers) as pool:
        yield from _in_order(tasks, pool, workers + 1, at_home)


def _in_order(tasks: Sequence[Task], executor: Any, most: int, count: Callable[[Task], Done] = work) -> Iterator[Done]:
    """Yield the answers of an executor in the order of the tasks; what is under way is given up when nobody asks any more."""
    waiting: deque[tuple[Task, Any]] = deque()
    left = iter(tasks)
    try:
        while True:
            while len(waiting) < most and (task := next(left, None)) is not None:
                waiting.append((task, _submitted(executor, task, None, count)))
            if not waiting:
                return
            task, future = waiting.popleft()
            yield _fetched(executor, task, future)
    finally:
        for _, future in waiting:
            future.cancel()


def _submitted(executor: Any, task: Task, because: BaseException | None, count: Callable[[Task], Done] = work) -> Any:
    """Return the future of a part, or raise where the executor takes no more."""
    try:
        return executor.submit(count, task)
    except Exception as error:
        raise _lost(task, because or error) from (because or error)


def _fetched(executor: Any, task: Task, future: Any) -> Done:
    """Return the answer of a part; it is asked once more where the executor, and not the part, has failed."""
    try:
        answer = future.result()
    except Exception as error:
        future.cancel()
        again = _submitted(executor, task, error)
        try:
            answer = again.result()
        except Exception as second:
            again.cancel()
            raise _lost(task, second) from second
    if (
        not isinstance(answer, Done)
        or answer.at != task.at
        or (answer.failure is None and len(answer.answers) != len(task.plan.requests))
    ):
        raise _lost(task, TypeError(f"an answer of another kind: {show(answer)}"))
    return answer


def _lost(task: Task, error: BaseException) -> WorkerLostError:
    """Return the refusal of an executor that lost a part twice, or takes it no more."""
    return WorkerLostError(
        f"`executor` must count every part; got {type(error).__name__} for {task.part.name}: {show(str(error))}.",
        code="SM-SCN-09",
        field="executor",
        values=[task.part.name],
        hint="parts go to other processes by pickle: functools.partial(read_part, path) can be sent there, a lambda cannot."
        if "pickle" in str(error)
        else "nothing was counted: a worker that died, perhaps for want of memory, breaks a process pool for good. Ask again "
        "with a new executor, or with fewer workers.",
    )
