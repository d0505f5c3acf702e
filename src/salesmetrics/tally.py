"""What every tally can do: be added to another, be compared, refuse what does not belong to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar, Self

import attrs
import numpy as np

from salesmetrics._check import Rebuilt, date_of, locked
from salesmetrics._histograms import scatter
from salesmetrics._wide import CellOverflow, add_in, carried, checked_add, fits_in
from salesmetrics.arrays import AnyArray
from salesmetrics.errors import InvalidDataError, MergeError, escape, show
from salesmetrics.grouping import Window
from salesmetrics.keywords import handed_over
from salesmetrics.labels import Labels
from salesmetrics.scans import DealScan
from salesmetrics.scans.requests import Request, remembered

__all__ = ["Tally"]

ADDS = "adds"
OWN = "own"


def _counted(values: AnyArray | None) -> AnyArray | None:
    return None if values is None else locked(np.ascontiguousarray(values, dtype=np.int64))


def _told(name: str, value: object) -> str:
    """Return a value of a schema as it was given: a day as a date, a window by its periods."""
    if name.endswith("_day") and isinstance(value, int):
        return str(date_of(value))
    return show(value.asked if isinstance(value, Window) else value)


def _held(value: object) -> object:
    return locked(value) if isinstance(value, np.ndarray) else value


def added(*, limbs: bool = False, total: bool = False, optional: bool = False) -> Any:
    """Return the field of a table of whole numbers that adds up.

    With ``limbs`` for numbers wider than int64; with ``total`` for counts of the whole tally, not by group.
    """
    metadata = {ADDS: "limbs" if limbs else "total" if total else "int"}
    if optional:
        return attrs.field(default=None, converter=_counted, metadata=metadata)
    return attrs.field(converter=_counted, metadata=metadata)


def owned() -> Any:
    """Return a field that a kind of tally merges and compares in its own way."""
    return attrs.field(metadata={OWN: True}, converter=_held)


@attrs.frozen(eq=False, repr=False)
class Tally(Rebuilt):
    """Exact whole numbers for each group and period; `+` merges by label and changes neither side.

    Every field that is not a table belongs to the schema: two tallies add only where their schemas agree.
    """

    what: ClassVar[str] = "tally"
    trails: ClassVar[bool] = True
    """Whether a history beside the deals is followed deal by deal, each of which must be in the book."""

    labels: Labels
    window: Window

    def __init_subclass__(cls) -> None:
        """Let ``from_book`` take a scan in place of a book: the tallies of its parts are added up."""
        super().__init_subclass__()
        own = cls.__dict__.get("from_book")
        # a class with slots is made twice, and the second time finds what the first has done
        if isinstance(own, classmethod) and not hasattr(own.__func__, "__wrapped__"):
            # not by assignment, which a type checker takes for an attribute of every tally
            type.__setattr__(cls, "from_book", classmethod(handed_over(own.__func__, _tallied)))

    @classmethod
    def of_scan(cls, deals: DealScan, given: tuple[Any, ...], named: dict[str, Any]) -> Any:
        """Return the tally of a scan, the arguments of ``from_book`` behind the deals as given."""
        return deals.tallied(cls, given, named)

    @classmethod
    def part_of(cls, wanted: Request, made: Iterable[tuple[Request, Any]]) -> Self | None:
        """Return a tally that is a part of one that was made of the same book, or None where it has to be made itself."""
        return None

    @property
    def _tables(self) -> list[attrs.Attribute[Any]]:
        return [field for field in attrs.fields(type(self)) if ADDS in field.metadata]

    def tables(self) -> dict[str, AnyArray]:
        """Return the tables that have a row for each group."""
        held = {f.name: getattr(self, f.name) for f in self._tables if f.metadata[ADDS] != "total"}
        return {name: table for name, table in held.items() if table is not None}

    def schema(self) -> dict[str, object]:
        """Return what must agree for two tallies to add up."""
        tables = {field.name for field in self._tables}
        schema: dict[str, object] = {
            field.name: getattr(self, field.name)
            for field in attrs.fields(type(self))
            if field.name not in tables and field.name != "labels" and OWN not in field.metadata
        }
        held = {field.name for field in self._tables if getattr(self, field.name) is not None}
        return {"by": self.labels.names, **schema, "tables": tuple(sorted(held))}

    def __add__(self, other: Self) -> Self:
        """Return the tally of the rows of both, which must be disjoint."""
        if not isinstance(other, Tally):
            return NotImplemented
        if type(other) is not type(self):
            raise MergeError(
                f"tallies must be of one kind to add up; got {type(self).__name__} and {type(other).__name__}.",
                code="SM-TLY-01",
                field="kind",
            )
        theirs = other.schema()
        for name, value in self.schema().items():
            if value != theirs[name]:
                raise MergeError(
                    f"`{name}` must be the same in tallies that add up; got {_told(name, value)} and "
                    f"{_told(name, theirs[name])}.",
                    code="SM-TLY-02",
                    field=name,
                    values=[value, theirs[name]],
                )
        labels, mine, yours = self.labels.union(other.labels)
        tables: dict[str, Any] = {
            field.name: self._added(other, field, len(labels), mine, yours) for field in self._tables
        }
        return attrs.evolve(self, labels=labels, **tables, **self._merged(other, labels, mine, yours))

    def taking_in(self, other: Self) -> Self:
        """Return the tally of the rows of both, this one given up: for a running sum that nobody else has seen.

        Where both have the same groups the tables are added up in place.
        """
        plain = not any(OWN in field.metadata for field in attrs.fields(type(self)))
        if not (plain and type(other) is type(self) and self.labels.alike(other.labels)):
            return self + other
        if self.schema() != other.schema():
            return self + other  # which says what differs
        pairs = [(f, getattr(self, f.name), getattr(other, f.name)) for f in self._tables]
        pairs = [(field, left, right) for field, left, right in pairs if left is not None]
        if not all(fits_in(left, right) for _, left, right in pairs):
            return self + other
        for field, left, right in pairs:
            add_in(left, right, limbs=field.metadata[ADDS] == "limbs")
        return self

    def _merged(self, other: Self, labels: Labels, mine: AnyArray, yours: AnyArray) -> dict[str, Any]:
        """Return the fields that a kind of tally merges in its own way."""
        return {}

    def _added(
        self, other: Self, field: attrs.Attribute[Any], rows: int, mine: AnyArray, yours: AnyArray
    ) -> AnyArray | None:
        """Return one table of both, or raise where a number would leave int64."""
        left, right = getattr(self, field.name), getattr(other, field.name)
        if left is None or right is None:
            return None
        shape = (rows, *left.shape[1:])
        try:
            if field.metadata[ADDS] == "total":
                return checked_add(left, right)
            total = checked_add(scatter(shape, mine, left), scatter(shape, yours, right))
        except CellOverflow as error:
            raise InvalidDataError(
                f"`{field.name}` must stay within int64; got more when two tallies were added.",
                code="SM-TLY-03",
                field=field.name,
                hint="a smaller scale holds larger totals.",
            ) from error
        return carried(total) if field.metadata[ADDS] == "limbs" else total

    def __repr__(self) -> str:
        """Return what the tally holds, in a line."""
        by = ", ".join(self.labels.names) or "all"
        periods = "" if self.window.periods is None else f" x {len(self.window.periods)} periods"
        held = ", ".join(field.name for field in self._tables if getattr(self, field.name) is not None)
        return f"<{type(self).__name__} by {escape(by)}: {len(self.labels):,} groups{periods}; {held}>"

    def __radd__(self, other: int) -> Self:
        """Return this tally for ``sum(tallies)``, which starts at 0."""
        return self if other == 0 else NotImplemented

    def equals(self, other: object) -> bool:
        """Return True where both have the same schema, labels and numbers, bit for bit."""
        if not isinstance(other, type(self)) or self.schema() != other.schema():
            return False
        if not self.labels.equals(other.labels):
            return False
        pairs = [(getattr(self, field.name), getattr(other, field.name)) for field in self._tables]
        return all(a is b or np.array_equal(a, b) for a, b in pairs) and self._same(other)

    def _same(self, other: Self) -> bool:
        """Return True where the fields that a kind merges in its own way agree."""
        return True


def _tallied(function: Callable[..., Any], given: tuple[Any, ...], named: dict[str, Any]) -> Any:
    """Return what ``from_book`` gives: the sum over the parts of a scan, or what is known of a book that is asked much."""
    deals = given[1] if len(given) > 1 else named.get("deals")
    memory = remembered.get()
    if not isinstance(deals, DealScan) and (memory is None or memory.deals is not deals):
        return function(*given, **named)
    kind, rest = given[0], given[2:]
    named = {name: value for name, value in named.items() if name != "deals"}
    if isinstance(deals, DealScan):
        return kind.of_scan(deals, rest, named)
    assert memory is not None
    request = Request(kind, rest, named)
    if request.key not in memory.made:
        made = kind.part_of(request, memory.made.values())
        memory.made[request.key] = request, function(kind, deals, *rest, **named) if made is None else made
    return memory.made[request.key][1]


def refuse_grouping(tally: Tally, given: Mapping[str, object]) -> None:
    """Raise where an argument that was decided when the tally was made is given again."""
    for name, value in given.items():
        if value is not None:
            raise MergeError(
                f"`{name}` must not be given with a tally; got {show(value)}.",
                code="SM-TLY-04",
                field=name,
                values=[value],
                hint=f"the {type(tally).__name__} is grouped and dated already: give `{name}` to from_book.",
            )
