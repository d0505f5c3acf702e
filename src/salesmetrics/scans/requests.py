"""What is asked of every part: a kind of tally and its arguments, those beside the deals cut to the deals of the part."""

from __future__ import annotations

import datetime as dt
from collections.abc import Hashable, Mapping
from contextvars import ContextVar
from typing import Any, Self

import attrs
import numpy as np

from salesmetrics.books import DealBook, DealHistory
from salesmetrics.books.placing import places, spread
from salesmetrics.books.table import Book
from salesmetrics.calendars import Period, Periods
from salesmetrics.columns import DayColumn, KeyColumn, LabelColumn
from salesmetrics.domain import SalesProcess
from salesmetrics.errors import InvalidArgumentError, InvalidDataError, nearest, show

__all__ = [
    "Beside",
    "Counted",
    "FirstDay",
    "Loose",
    "Memory",
    "Request",
    "counting_part",
    "key_of",
    "remembered",
]

counting_part: ContextVar[bool] = ContextVar("counting_part", default=False)
"""True while a part is counted, which need not have what some part must have."""

_FEW = 100


@attrs.define(eq=False)
class Memory:
    """The tallies of one book that were made while questions about it were answered, by what was asked."""

    deals: object
    made: dict[Hashable, tuple[Request, Any]] = attrs.field(factory=dict)


remembered: ContextVar[Memory | None] = ContextVar("remembered", default=None)
"""What is known of the book whose questions are being answered together."""


class Loose(dict[str, Any]):
    """Labels wanted by ``where``, of which only those in ``strict`` must be found in some part."""

    strict: Mapping[str, frozenset[Any]]

    def __init__(self, wanted: Mapping[str, Any], strict: Mapping[str, frozenset[Any]]) -> None:
        super().__init__(wanted)
        self.strict = strict

    def __reduce__(self) -> Any:
        """Return the way to make an equal one."""
        return type(self), (dict(self), dict(self.strict))


@attrs.frozen(eq=False)
class Counted:
    """What a request found in some parts: the sum, labels of ``where`` that were there, deals of histories that were met."""

    total: Any
    found: Mapping[str, frozenset[Any]]
    matched: tuple[int, ...]

    def __add__(self, other: Counted) -> Counted:
        """Return what was found in the parts of both."""
        return self._with(other, self.total + other.total)

    def taking_in(self, other: Counted) -> Counted:
        """Return what was found in the parts of both, this sum given up: nobody else has seen it."""
        taking_in = getattr(self.total, "taking_in", None)
        return self + other if taking_in is None else self._with(other, taking_in(other.total))

    def _with(self, other: Counted, total: Any) -> Counted:
        """Return both with their sum."""
        found = {name: labels | other.found.get(name, frozenset()) for name, labels in self.found.items()}
        matched = tuple(a + b for a, b in zip(self.matched, other.matched, strict=True))
        return Counted(total, found, matched)


@attrs.frozen(eq=False)
class Beside:
    """The changes of the deals of one book, cut out of whole histories once for all requests."""

    book: DealBook
    _cut: dict[int, tuple[DealHistory, int]] = attrs.field(factory=dict)

    def of(self, history: DealHistory) -> tuple[DealHistory, int]:
        """Return the rows of the deals of the book, and how many of these have a row by its day."""
        held = self._cut.get(id(history))
        if held is None:
            held = self._cut[id(history)] = _changes(history, self.book)
        return held

    def give_up(self) -> None:
        """Forget what was worked out of the changes, which holds the book: it would stay until the next search for cycles."""
        for history, _ in self._cut.values():
            history.tied.clear()
        self._cut.clear()


def _changes(history: DealHistory, book: DealBook) -> tuple[DealHistory, int]:
    ids: KeyColumn = book.column("id", "a history")
    found = places(KeyColumn(history.ids), ids.values)
    trails = np.sort(found[found >= 0])
    rows, _ = spread(history.starts, trails)
    born = history.born.take(trails)
    known = len(trails) if book.as_of_day is None else int((born <= book.as_of_day).sum())
    return history.take(rows), known


@attrs.frozen(eq=False)
class Request:
    """A kind of tally and what its ``from_book`` is called with, besides the deals."""

    kind: Any
    given: tuple[Any, ...]
    named: dict[str, Any]

    @classmethod
    def checked(cls, kind: Any, given: tuple[Any, ...], named: dict[str, Any], process: SalesProcess | None) -> Self:
        """Return a request, or raise where it is one that cannot be answered part by part."""
        _refuse_rows(named)
        request = cls(kind, given, named)
        for history in request.histories:
            _refuse_untold_stages(kind, history, process)
        return request

    @property
    def histories(self) -> tuple[DealHistory, ...]:
        """The histories beside the deals."""
        return tuple(v for v in (*self.given, *self.named.values()) if isinstance(v, DealHistory))

    @property
    def key(self) -> Hashable:
        """Equal for requests that ask the same."""
        named = tuple(sorted((name, key_of(value)) for name, value in self.named.items() if value is not None))
        return self.kind, tuple(map(key_of, self.given)), named

    def same(self, other: Request) -> bool:
        """Return True where both ask the same, though books beside the deals may have been made twice."""
        mine, yours = ({k: v for k, v in one.named.items() if v is not None} for one in (self, other))
        if (self.kind, len(self.given), set(mine)) != (other.kind, len(other.given), set(yours)):
            return False
        pairs = [*zip(self.given, other.given, strict=True), *((mine[name], yours[name]) for name in mine)]
        return all(_alike(one, two) for one, two in pairs)

    def of(self, book: DealBook, beside: Beside) -> Counted:
        """Return what is found in one book."""
        matched: list[int] = []

        def cut(value: Any) -> Any:
            if not isinstance(value, DealHistory):
                return value
            own, deals = beside.of(value)
            matched.append(deals)
            return own

        given = tuple(map(cut, self.given))
        named = {name: cut(value) for name, value in self.named.items()}
        found: dict[str, frozenset[Any]] = {}
        if isinstance(named.get("where"), Mapping):
            named["where"], found = _here(named["where"], book)
        before = counting_part.set(True)
        try:
            return Counted(self.kind.from_book(book, *given, **named), found, tuple(matched))
        finally:
            counting_part.reset(before)

    def settled(self, found: Counted, sample: DealBook) -> Any:
        """Return the sum over all parts, or raise where labels were in no part, or deals of a history in none."""
        where = self.named.get("where")
        for name, wanted in (where or {}).items():
            known = found.found[name]
            strict = where.strict.get(name, frozenset()) if isinstance(where, Loose) else None
            for label in _listed(wanted):
                if label is not None and label not in known and (strict is None or label in strict):
                    raise InvalidArgumentError(
                        f"`where` must name labels of {show(name)}; got {show(label)}, which is in no part.",
                        code="SM-ARG-09",
                        field="where",
                        values=[label],
                        hint=nearest(label, known | _levels(sample, name)),
                    )
        if getattr(self.kind, "trails", False):
            for history, matched in zip(self.histories, found.matched, strict=True):
                _refuse_strangers(history, matched, sample.as_of_day)
        return found.total


def _levels(book: DealBook, name: str) -> frozenset[Any]:
    column = book.columns.get(name)
    return frozenset(column.levels) if isinstance(column, LabelColumn) else frozenset()


def _listed(wanted: Any) -> list[Any]:
    return list(wanted) if isinstance(wanted, (list, tuple, set, frozenset, np.ndarray)) else [wanted]


def _here(where: Mapping[str, Any], book: DealBook) -> tuple[dict[str, Any], dict[str, frozenset[Any]]]:
    """Return the wanted labels that a part has, for it need not have all of them, and which those are."""
    narrowed: dict[str, Any] = {}
    found: dict[str, frozenset[Any]] = {}
    for name, wanted in where.items():
        column = book.column(name, "`where`")
        if not isinstance(column, LabelColumn):
            book.mask({name: wanted})  # refuses it
        levels = {*column.levels, None}
        labels = _listed(wanted)
        if not all(isinstance(label, Hashable) for label in labels):
            book.mask({name: wanted})
        narrowed[name] = [label for label in labels if label in levels]
        # some of what is there, to be told where a label is in no part
        few = column.levels[:_FEW] if len(narrowed[name]) < len(labels) else ()
        found[name] = frozenset((*narrowed[name], *few))
    return narrowed, found


@attrs.frozen
class FirstDay:
    """The day on which the data begin: the first on which a deal was created or closed; None where there is none."""

    day: int | None

    @classmethod
    def from_book(cls, deals: DealBook) -> Self:
        """Return the first day of a book."""
        columns = [deals.columns[name] for name in ("created", "closed") if name in deals.columns]
        known = [c.days[c.days >= 0] for c in columns if isinstance(c, DayColumn)]
        return cls(min((int(days.min()) for days in known if len(days)), default=None))

    def __add__(self, other: FirstDay) -> FirstDay:
        """Return the earlier of both."""
        return FirstDay(min((day for day in (self.day, other.day) if day is not None), default=None))


# --- what cannot be answered part by part ----------------------------------------------------------------------------


def _refuse_rows(named: Mapping[str, Any]) -> None:
    """Raise where an argument has a value for each row, which no part knows."""
    where, entry = named.get("where"), named.get("entry")
    if where is not None and not isinstance(where, Mapping):
        raise InvalidArgumentError(
            f"`where` must be a mapping of column to labels with a scan, whose rows are never all there; got {show(where)}.",
            code="SM-SCN-02",
            field="where",
            values=[where],
            hint="where={'segment': ['SMB', 'Mid']}; what is no label can be made one before the files are written.",
        )
    if isinstance(entry, (np.ndarray, list, tuple)):
        raise InvalidArgumentError(
            f"`entry` must be a day with a scan, whose rows are never all there; got {show(entry)}.",
            code="SM-SCN-03",
            field="entry",
            values=[entry],
        )


def _refuse_untold_stages(kind: Any, history: DealHistory, process: SalesProcess | None) -> None:
    """Raise where the deals of each part would say what a stage means, each part something else."""
    if getattr(kind, "trails", False) and "stage" in history.columns and history.process is None and process is None:
        raise InvalidArgumentError(
            "`history` must say what its stages mean beside a scan; got one that was read without a sales process.",
            code="SM-SCN-04",
            field="history",
            hint="read_history(..., process=...), or give the process to the scan.",
        )


def _refuse_strangers(history: DealHistory, matched: int, as_of: int | None) -> None:
    """Raise where deals of a history are in no part."""
    whole = len(history.born) if as_of is None else int((history.born <= as_of).sum())
    if matched < whole:
        raise InvalidDataError(
            f"`deal` must be a deal of some part in every row of the history; got {whole - matched:,} deals that are not.",
            code="SM-STG-06",
            field="deal",
            values=[whole - matched],
            hint="leave their rows out of the history.",
        )


# --- what is asked twice ---------------------------------------------------------------------------------------------


def _alike(one: Any, two: Any) -> bool:
    """Return True for arguments that mean the same."""
    if key_of(one) == key_of(two):
        return True
    return isinstance(one, Book) and type(one) is type(two) and one.equals(two)


def key_of(value: Any) -> Hashable:
    """Return something that is equal for arguments that mean the same, and for nothing else that is in use meanwhile."""
    if isinstance(value, Period):
        return Period, value.start_day, value.end_day, value.name
    if isinstance(value, Periods):
        return Periods, tuple(map(key_of, value))
    if isinstance(value, (list, tuple)):
        return tuple(map(key_of, value))
    if isinstance(value, Loose):
        return Loose, key_of(dict(value)), tuple(sorted((name, labels) for name, labels in value.strict.items()))
    if isinstance(value, Mapping):
        return "mapping", tuple((key_of(name), key_of(held)) for name, held in value.items()), type(value)
    if value is None or isinstance(value, (bool, int, float, str, dt.date)):
        return type(value).__name__, value
    if attrs.has(type(value)):
        try:
            hash(value)
        except TypeError:
            return type(value).__name__, id(value)
        return type(value), value
    return type(value).__name__, id(value)
