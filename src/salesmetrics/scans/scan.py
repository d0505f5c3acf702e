"""Deals that are never all in memory: parts, what is known of all of them, and how a tally is made of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import Any, ClassVar, NoReturn, Protocol

import attrs
import numpy as np

from salesmetrics._threads import threads
from salesmetrics.books import DealBook
from salesmetrics.books.touched import NotRead, Touched
from salesmetrics.columns import KeyColumn
from salesmetrics.domain import SalesProcess
from salesmetrics.errors import InvalidDataError, InvalidTypeError, escape, show
from salesmetrics.listing import Listed
from salesmetrics.scans.identity import suspects, twice
from salesmetrics.scans.one_pass import Plan, passed
from salesmetrics.scans.parts import BookPart, Part
from salesmetrics.scans.requests import Beside, Counted, FirstDay, Request

__all__ = ["DealScan", "Sampled", "sampled"]


class Desk(Protocol):
    """Who answers requests in place of a pass of their own."""

    def ask(self, request: Request) -> Any:
        """Return the tally of a request, or for the time being that of the first rows."""
        ...

    def know(self, request: Request) -> Any:
        """Return the tally of a request, or raise where it is not finished yet."""
        ...


@attrs.frozen(eq=False)
class Sampled:
    """A request, its answer for the first rows, and the columns that it read there."""

    request: Request
    answer: Counted
    columns: frozenset[str]


@attrs.frozen(eq=False, repr=False)
class DealScan(Listed):
    """Deals in parts that are read when a question is asked, made by `scan_parquet`, `scan_csv` or `scan`.

    Every metric takes a scan in place of a book: it reads the columns that it needs of every part, one part for each thread at
    a time, and adds up what they hold. Numbers are those of a book of all deals, bit for bit. ``where`` must be a mapping.

    Attributes
    ----------
    parts : tuple
        Where the deals are: small descriptions, fit to be sent to another process.
    first : DealBook
        The first rows of the first part, of all columns: questions are tried on them before anything else is read.
    executor : object or None
        Who counts the parts: anything with the interface of `concurrent.futures`. Without one, threads of this process.
    progress : callable or None
        Called with the number of parts that are counted and of all parts.
    check_ids : bool
        Whether every question makes sure that no id occurs in two parts, until one has.
    """

    _unlisted: ClassVar[tuple[str, ...]] = ("as_of_day", "first_day", "tallied")
    _otherwise: ClassVar[str] = (
        "a metric is a function, which takes the scan: sm.win_rate(scan); scan.books() gives one book after the other."
    )

    parts: tuple[Part, ...]
    first: DealBook
    executor: Any = None
    progress: Callable[[int, int], object] | None = None
    check_ids: bool = False
    _desk: Desk | None = None
    _known: dict[str, bool] = attrs.field(factory=dict, init=False)

    def __attrs_post_init__(self) -> None:
        """Refuse before anything is read what could only be refused after the first part."""
        if self.progress is not None and not callable(self.progress):
            raise InvalidTypeError(
                f"`progress` must be a callable, which is told the parts that are counted and all; got {show(self.progress)}.",
                code="SM-SCN-21",
                field="progress",
                values=[self.progress],
                hint="progress=lambda done, total: print(done, total).",
            )

    # --- what a book is asked too ------------------------------------------------------------------------------------

    @property
    def currency(self) -> str | None:
        """The one currency of all amounts."""
        return self.first.currency

    @property
    def scale(self) -> int:
        """Decimals of the minor unit in which amounts are held."""
        return self.first.scale

    @property
    def as_of_day(self) -> int | None:
        """The day the data were taken, since 1970."""
        return self.first.as_of_day

    @property
    def as_of(self) -> dt.date | None:
        """The day the data were taken: the default of every metric that needs a day."""
        return self.first.as_of

    @property
    def process(self) -> SalesProcess | None:
        """The sales process."""
        return self.first.process

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns."""
        return self.first.names

    @property
    def label_names(self) -> tuple[str, ...]:
        """The columns that ``by`` and ``where`` can use."""
        return self.first.label_names

    def __len__(self) -> int:
        """Return how many parts there are."""
        return len(self.parts)

    def __iter__(self) -> NoReturn:
        """Refuse: a scan is read part by part."""
        raise InvalidTypeError(
            "a DealScan must be read part by part; got an iteration.",
            code="SM-SCN-10",
            hint="for book in scan.books(['amount']) gives one book after the other; metrics take the scan itself.",
        )

    def __getitem__(self, name: str) -> NoReturn:
        """Refuse: no column is ever all there."""
        raise InvalidTypeError(
            f"a DealScan must be read part by part; got the column {show(name)}.",
            code="SM-SCN-10",
            hint="for book in scan.books(['amount']) gives one book after the other; metrics take the scan itself.",
        )

    def __repr__(self) -> str:
        """Return what is scanned, in a line."""
        named = ", ".join(escape(name) for name in self.names)
        dated = "" if self.as_of is None else f", as of {self.as_of}"
        return f"<DealScan of {len(self.parts):,} parts; {self.currency or 'currency not named'}{dated}; {named}>"

    def books(self, columns: Sequence[str] | None = None) -> Iterator[DealBook]:
        """Yield the deals, one book after the other.

        Parameters
        ----------
        columns : sequence of str, optional
            The columns to read; all by default.
        """
        wanted = None if columns is None else frozenset(columns)
        for name in wanted or ():
            self.first.column(name, "`columns`")
        for part in self.parts:
            for book in part.books(wanted):
                yield (
                    book
                    if wanted is None
                    else attrs.evolve(
                        book, columns={name: column for name, column in book.columns.items() if name in wanted}
                    )
                )

    # --- tallies -----------------------------------------------------------------------------------------------------

    def tallied(self, kind: Any, given: tuple[Any, ...], named: dict[str, Any]) -> Any:
        """Return the sum over all parts of what ``kind.from_book`` gives for a book, the arguments behind it as given."""
        request = Request.checked(kind, given, named, self.process)
        if self._desk is not None:
            return self._desk.ask(request)
        (answer,) = self.answers([sampled(request, self.first)])
        if isinstance(answer, Exception):
            raise answer
        return answer

    def first_day(self) -> int:
        """Return the day on which the data begin, which takes a pass of its own over two columns; 0 where there is none."""
        request = Request.checked(FirstDay, (), {}, self.process)
        found = self.tallied(FirstDay, (), {}) if self._desk is None else self._desk.know(request)
        return 0 if found.day is None else int(found.day)

    def answers(self, asked: Sequence[Sampled]) -> list[Any]:
        """Return what several requests found in one pass over the parts: a tally each, or why there is none."""
        columns = frozenset[str]().union(*(one.columns for one in asked))
        ids = self.check_ids and not self._known.get("ids", False)
        while True:
            plan = Plan(tuple(one.request for one in asked), columns, self.first, ids)
            try:
                found = passed(self.parts, plan, self.executor, self.progress)
            except NotRead as missing:  # the first rows did not need it, others do
                columns |= {missing.name}
                continue
            break
        if ids:
            self._refuse_doubles(twice(found.ids))
            self._known["ids"] = True
        return [self._settled(one, answer) for one, answer in zip(asked, found.answers, strict=True)]

    def _settled(self, one: Sampled, answer: Counted | Exception | None) -> Any:
        """Return a tally, that of no deals where there are no parts; or the error that takes its place."""
        if isinstance(answer, Exception):
            return answer
        if answer is None:
            answer = one.answer
        try:
            return one.request.settled(answer, self.first)
        except Exception as error:
            return error

    def _refuse_doubles(self, hashes: Any) -> None:
        """Raise where ids with the same hash are the same, which takes a second look at the parts."""
        if not len(hashes):
            return
        seen: dict[Hashable, str] = {}
        for part in self.parts:
            before = 0
            for book in part.books(frozenset({"id"})):
                ids: KeyColumn = book.column("id", "`check_ids`")
                for value, row in suspects(ids, hashes):
                    place = part.where(before + row)
                    if value in seen:
                        raise InvalidDataError(
                            f"`id` must be different in every deal of a scan; got {show(value)} in {seen[value]} and in "
                            f"{place}.",
                            code="SM-KEY-04",
                            field="id",
                            values=[value],
                            keys=[value],
                        )
                    seen[value] = place
                before += book.rows


def sampled(request: Request, first: DealBook) -> Sampled:
    """Return a request with its answer for the first rows, and the columns that it read."""
    names: set[str] = set()
    book = attrs.evolve(first, columns=Touched(first.columns, names))
    with threads(1):
        answer = request.of(book, Beside(book))
    if request.histories:  # what is missing in a history is taken from the deals, where it is missing
        names |= set(first.names) - set(first.label_names) | _STATE & set(first.names)
    return Sampled(request, answer, frozenset(names))


_STATE = frozenset({"rep", "stage", "outcome", "forecast_category", "currency", "source_currency"})


def scan_of(
    books: Sequence[DealBook | Callable[[], DealBook]],
    executor: Any,
    progress: Callable[[int, int], object] | None,
    check_ids: bool,
) -> DealScan:
    """Return a scan of books, or of callables that give one."""
    parts = tuple(BookPart(book, at) for at, book in enumerate(books))
    first: DealBook | None = None
    for part in parts:  # a part of no rows says less of the others than one with some
        for book in part.books(None):
            first = book if first is None or book.rows else first
        if first is not None and first.rows:
            break
    first = DealBook.empty() if first is None else first
    return DealScan(parts, first.take(np.arange(min(first.rows, FIRST))), executor, progress, check_ids)


FIRST = 1_000
"""Rows on which a question is tried."""
