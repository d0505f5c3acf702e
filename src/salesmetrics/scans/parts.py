"""Parts of a scan: each gives its deals as books of the columns that are asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import attrs

from salesmetrics.books import DealBook
from salesmetrics.errors import InvalidTypeError, SalesMetricsError, show

__all__ = ["BookPart", "Part", "located", "placed"]


class Part(Protocol):
    """Some of the deals of a scan, told by what must be read and not held: small, and fit to be sent to another process."""

    @property
    def name(self) -> str:
        """What the part is called in errors: the file and where in it."""
        ...

    def books(self, columns: frozenset[str] | None) -> Iterator[DealBook]:
        """Yield the deals, one book of bounded size after the other, with at least these columns; None is all."""
        ...

    def where(self, row: int) -> str:
        """Return where a row of the part is to be found, the rows of all its books counted."""
        ...


@attrs.frozen(eq=False)
class BookPart:
    """A part that is a book in memory, or a callable that gives one."""

    source: DealBook | Callable[[], DealBook]
    at: int

    @property
    def name(self) -> str:
        """What the part is called in errors."""
        return f"part {self.at}"

    def books(self, columns: frozenset[str] | None) -> Iterator[DealBook]:
        """Yield the book."""
        book = self.source if isinstance(self.source, DealBook) else self.source()
        if not isinstance(book, DealBook):
            raise InvalidTypeError(
                f"`books` must be DealBooks, or callables that return one; got {show(type(book).__name__)}.",
                code="SM-SCN-01",
                field="books",
                hint="sm.read_deals(frame) makes a book.",
            )
        if columns is not None:
            book = attrs.evolve(book, columns={n: c for n, c in book.columns.items() if n in columns})
        yield book

    def where(self, row: int) -> str:
        """Return where a row is to be found."""
        return f"row {row} of {self.name}"


@contextmanager
def placed(part: Part) -> Iterator[None]:
    """Raise what is wrong with the first rows of a part with the place where they are."""
    try:
        yield
    except SalesMetricsError as error:
        raise located(error, part, 0) from error


def located(error: SalesMetricsError, part: Part, before: int) -> SalesMetricsError:
    """Return an error of one of a part's books, behind so many rows, that says where it was met."""
    place = part.name if error.row is None else part.where(before + error.row)
    values: list[Any] = list(error.args)
    values[0] = f"{error.message}\n  in {place}"
    return type(error)(*values)
