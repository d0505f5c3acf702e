"""Domain objects as a source."""

from __future__ import annotations

from collections.abc import Iterable
from operator import attrgetter
from typing import Any

import attrs
import numpy as np

from salesmetrics.calendars import Period
from salesmetrics.convert import Raw
from salesmetrics.errors import InvalidTypeError, show
from salesmetrics.readers.source import Role, Source, objects_array

__all__ = ["objects_source"]

_AT_HAND = 1 << 10


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
    _refuse_others(rows, kind)
    names = [field.name for field in attrs.fields(kind)]
    columns: dict[str, list[Any]] = {}
    for name, values in _read(rows, [name for name in names if name != "labels"]).items():
        if (values and all(isinstance(value, Period) for value in values)) or (name == "period" and not values):
            columns["start"] = [value.start for value in values]
            columns["end"] = [value.end for value in values]
        else:
            columns[name] = values
    if "labels" in names:
        columns |= _labels(rows)

    def fetch(name: str, role: Role) -> Raw:
        values = columns[name]
        if role == "money" and set(map(type, values)) <= {float, type(None)}:
            return np.array(values, dtype=np.float64)  # in which None is NaN
        return objects_array(values)

    return Source("objects", list(columns), len(rows), fetch)


def _read(rows: list[Any], names: list[str]) -> dict[str, list[Any]]:
    """Return the values of fields; all fields of some objects are read before those of the next, while they are at hand."""
    columns: dict[str, list[Any]] = {name: [] for name in names}
    for start in range(0, len(rows), _AT_HAND):
        some = rows[start : start + _AT_HAND]
        for name, values in columns.items():
            values += map(attrgetter(name), some)
    return columns


def _refuse_others(rows: list[Any], kind: type) -> None:
    """Raise where an object is of another class."""
    if all(issubclass(each, kind) for each in set(map(type, rows))):
        return
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


def _labels(rows: list[Any]) -> dict[str, list[Any]]:
    """Return the further labels of all objects, in order of their names; None where an object lacks one."""
    given = list(map(attrgetter("labels"), rows))
    if not any(given):
        return {}
    held = [dict(labels or ()) for labels in given]
    names = sorted({name for labels in held for name in labels})
    return {name: [labels.get(name) for labels in held] for name in names}
