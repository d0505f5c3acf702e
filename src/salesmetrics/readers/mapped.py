"""Which column of a source holds which of ours."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from salesmetrics.errors import InvalidArgumentError, InvalidTypeError, MissingColumnError, nearest, show
from salesmetrics.readers.csv import csv_source
from salesmetrics.readers.frames import source_of
from salesmetrics.readers.maps import ColumnMap
from salesmetrics.readers.objects import objects_source
from salesmetrics.readers.source import Source

__all__ = ["Named", "any_source", "named"]


def any_source(source: Any, kind: type) -> Source:
    """Return what was given as columns: a path or text stream, domain objects, or a frame."""
    if isinstance(source, (str, os.PathLike)) or hasattr(source, "readline"):
        return csv_source(source)
    if isinstance(source, (list, tuple)) and len(source) and isinstance(source[0], Mapping):
        raise InvalidTypeError(
            f"`source` must be columns, not rows; got a {type(source).__name__} of mappings.",
            code="SM-SRC-16",
            field="source",
            values=[source[0]],
            hint="pandas.DataFrame(rows) or polars.DataFrame(rows) turns rows into columns; so does {'id': [row['id'] for row "
            "in rows], ...}.",
        )
    if isinstance(source, (list, tuple, Iterator)) and not hasattr(source, "_fields"):
        return objects_source(source, kind)
    return source_of(source)


@attrs.frozen(eq=False)
class Named:
    """A source, and the source's name for each field of ours that it has."""

    source: Source
    names: dict[str, str]
    others: tuple[str, ...]

    def __contains__(self, field: object) -> bool:
        return field in self.names

    def raw(self, field: str, role: Any) -> Any:
        """Return the column of a field."""
        return self.source.raw(self.names[field], role)


def named(source: Source, columns: object, fields: tuple[str, ...], required: tuple[str, ...] = ()) -> Named:
    """Return which column holds which field: by the map, else by its own name, whatever its case."""
    if columns is not None and not isinstance(columns, Mapping):
        raise InvalidTypeError(
            f"`columns` must map our names to the source's; got {show(columns)}.",
            code="SM-ARG-40",
            field="columns",
            values=[columns],
            hint="columns={'amount': 'Amount (USD)', 'rep': 'Owner'}.",
        )
    mapped = {} if columns is None else {str(ours): str(theirs) for ours, theirs in columns.items()}
    absent = {ours: theirs for ours, theirs in mapped.items() if theirs not in source.names}
    # a map of a whole system fits any of its exports, which need not hold every column; a map of one's own is meant
    if absent and isinstance(columns, ColumnMap) and mapped.get("id") in source.names:
        mapped = {ours: theirs for ours, theirs in mapped.items() if ours not in absent}
        missing = f"the source has no {', '.join(f'{show(theirs)} (for {ours})' for ours, theirs in absent.items())}"
        source = attrs.evolve(source, notes=(*source.notes, missing))
    _all_there(source, mapped)
    folded: dict[str, list[str]] = {}
    for name in source.names:
        folded.setdefault(name.strip().casefold(), []).append(name)
    taken = set(mapped.values())
    for field in fields:
        if field in mapped:
            continue
        close = [name for name in folded.get(field, []) if name not in taken]
        exact = [name for name in close if name == field] or close
        if len(exact) > 1:
            raise InvalidArgumentError(
                f"`{field}` must stand in one column of the source; got {', '.join(map(show, exact))}.",
                code="SM-SRC-03",
                field=field,
                values=exact,
                hint=f"say which by columns={{{field!r}: {exact[0]!r}}}.",
            )
        if exact:
            mapped[field] = exact[0]
            taken.add(exact[0])
    _needed(source, mapped, required)
    return Named(source, mapped, tuple(name for name in source.names if name not in taken))


def _all_there(source: Source, mapped: Mapping[str, str]) -> None:
    """Raise where the map names columns that the source lacks, all of them at once."""
    absent = {ours: theirs for ours, theirs in mapped.items() if theirs not in source.names}
    if absent:
        listed = ", ".join(f"{show(theirs)} (for {ours})" for ours, theirs in absent.items())
        hints = [nearest(theirs, source.names) for theirs in list(absent.values())[:5]]
        raise MissingColumnError(
            f"`columns` must name columns of the source; got {listed}.",
            code="SM-SRC-01",
            field=next(iter(absent)),
            column=next(iter(absent.values())),
            values=list(absent.values()),
            hint=" ".join(hint for hint in hints[:1] if hint),
        )


def _needed(source: Source, mapped: Mapping[str, str], required: tuple[str, ...]) -> None:
    """Raise where fields that the kind of book cannot do without are missing, all of them at once."""
    absent = [field for field in required if field not in mapped]
    if absent:
        raise MissingColumnError(
            f"the source must have {', '.join(map(show, absent))}; got "
            f"{', '.join(map(show, source.names[:20])) or 'no columns'}.",
            code="SM-SRC-05",
            field=absent[0],
            values=absent,
            hint=f"{nearest(absent[0], source.names) or 'no columns.'} Name it by columns={{{absent[0]!r}: ...}}.",
        )
