"""Columns that say afterwards which of them were read, and refuse those that were not read from a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from salesmetrics.columns import Column

__all__ = ["NotRead", "Touched", "untouched"]


class NotRead(Exception):
    """A column that the source has was asked for, and was not read."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class Touched(Mapping[str, Column]):
    """Columns by name that note who was asked for, by name or by ``in``; the names alone may be read without a trace.

    Whoever takes all of them at once, such as by ``items()``, has asked for each: what is noted is never too little.
    ``unread`` are columns that are there and were not read: that one of them is asked for is never answered by "no such
    column", which would be another answer, but raised.
    """

    def __init__(self, columns: Mapping[str, Column], names: set[str], unread: frozenset[str] = frozenset()) -> None:
        self._columns, self._names, self._unread = columns, names, unread

    def __getitem__(self, name: str) -> Column:
        if name in self:
            return self._columns[name]
        raise KeyError(name)

    def __contains__(self, name: object) -> bool:
        if name in self._unread:
            raise NotRead(str(name))
        there = name in self._columns
        if there:
            self._names.add(str(name))
        return there

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)

    def like(self, columns: Mapping[str, Column]) -> Touched:
        """Return other columns of the same names, which are noted in the same place."""
        return Touched(columns, self._names, self._unread)


def untouched(columns: Mapping[str, Column]) -> Mapping[str, Column]:
    """Return the columns themselves, to be looked at without being noted."""
    return columns._columns if isinstance(columns, Touched) else columns
