"""Domain objects as a source."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import attrs

from salesmetrics.calendars import Period
from salesmetrics.convert import Raw
from salesmetrics.errors import InvalidTypeError, show
from salesmetrics.readers.source import Role, Source, objects_array

__all__ = ["objects_source"]


def objects_source(things: Iterable[Any], kind: type) -> Source:
    """Return domain objects as columns, one for each of their fields.

    Parameters
    ----------
    things : iterable
        Objects of one class, such as ``Deal``; read once.
    kind : type
        That class.

    Returns
    -------
    Source
        The columns: the fields in order; a period becomes ``start`` and ``end``, further labels become columns of
        their own.

    Raises
    ------
    InvalidTypeError
        If one of them is of another class.

    Examples
    --------
    >>> from salesmetrics.domain import Deal
    >>> source = objects_source([Deal("D-1", "ana", 10, labels={"segment": "SMB"}), Deal("D-2")], Deal)
    >>> source.raw("segment", "label").tolist()
    ['SMB', None]
    """
    rows = list(things)
    for row, thing in enumerate(rows):
        if not isinstance(thing, kind):
            raise InvalidTypeError(
                f"the source must hold {kind.__name__} objects; got {show(thing)} in row {row}.",
                code="SM-SRC-15",
                row=row,
                rows=[row],
                values=[thing],
                hint=f"a source of objects holds one class: {kind.__name__}(...).",
            )
    columns: dict[str, list[Any]] = {}
    for field in attrs.fields(kind):
        values = [getattr(thing, field.name) for thing in rows]
        if field.name == "labels":
            continue
        if values and all(isinstance(value, Period) for value in values):
            columns["start"] = [value.start for value in values]
            columns["end"] = [value.end for value in values]
        elif not rows and field.name == "period":
            columns["start"] = columns["end"] = []
        else:
            columns[field.name] = values
    columns |= _labels(rows)

    def fetch(name: str, role: Role) -> Raw:
        return objects_array(columns[name])

    return Source("objects", list(columns), len(rows), fetch)


def _labels(rows: list[Any]) -> dict[str, list[Any]]:
    """Return the further labels of all objects, in order of their names; None where an object lacks one."""
    held = [dict(getattr(thing, "labels", ()) or ()) for thing in rows]
    names = sorted({name for labels in held for name in labels})
    return {name: [labels.get(name) for labels in held] for name in names}
