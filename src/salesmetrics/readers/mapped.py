"""Which column of a source holds which of ours."""

from __future__ import annotations

import datetime as dt
import os
import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

import attrs
import numpy as np

from salesmetrics import _check
from salesmetrics.convert import (
    Coded,
    Pieces,
    Problem,
    Raw,
    Texts,
    as_texts,
    as_written,
    beginning,
    is_words,
    record_ids,
)
from salesmetrics.errors import InvalidArgumentError, InvalidTypeError, MissingColumnError, nearest, show
from salesmetrics.readers.files import file_source
from salesmetrics.readers.frames import source_of
from salesmetrics.readers.maps import ColumnMap, guess
from salesmetrics.readers.maps.guessing import fit, present
from salesmetrics.readers.objects import objects_source
from salesmetrics.readers.series import library_of
from salesmetrics.readers.source import Role, Source

__all__ = ["Named", "any_source", "named"]

FIRST_INSTANT = dt.date(1990, 1, 1).toordinal() - _check.EPOCH
_BLANKS = re.compile(r"[\s-]+")
SELDOM = ("account", "currency", "pipeline")
"""Columns that many exports lack and no metric needs: that one is missing is no news."""


def any_source(source: Any, kind: type) -> Source:
    """Return what was given as columns: a path or stream, domain objects, or a frame."""
    if isinstance(source, Source):
        return source
    if library_of(source) == ("pyarrow", "RecordBatchReader"):  # an iterator, of batches and not of objects
        return source_of(source)
    if isinstance(source, (str, os.PathLike)) or hasattr(source, "readline"):
        return file_source(source)
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
    """A source, the source's name for each field of ours that it has, and the map that says what stands there."""

    source: Source
    names: dict[str, str]
    others: tuple[str, ...]
    shape: ColumnMap = attrs.field(factory=lambda: ColumnMap({}))
    quiet: bool = False
    """True for a part of a source, whose warnings are not said again for every part."""

    def __contains__(self, field: object) -> bool:
        return field in self.names

    def raw(self, field: str, role: Role) -> Raw:
        """Return the column of a field, its ids in the form that the map asks for."""
        raw = self.source.raw(self.names[field], role)
        if role not in ("label", "key"):
            # some systems send numbers as texts, which are then read as those of a file are
            return as_written(raw) if self.shape.as_text and role in ("money", "probability") else raw
        if self.shape.as_text:
            raw = as_texts(raw)
        if field in self.shape.only:
            raw = beginning(raw, self.shape.only[field])
        if self.shape.id_length is not None and field in self.shape.ids:
            raw = record_ids(raw, self.shape.id_length)
        return raw

    def ahead(self, roles: Mapping[str, Role]) -> None:
        """Read the columns of some fields side by side, where the source can."""
        self.source.ahead([(self.names[field], role) for field, role in roles.items() if field in self])

    def pieces(self, field: str) -> Pieces | None:
        """Return the column of floats of a field, to be converted while it is read; None where it cannot be."""
        return None if self.shape.as_text else self.source.pieces(self.names[field])

    def can_label(self, ours: str, theirs: str) -> bool:
        """Return whether a column beside our fields can serve as a label, and is one in a file and in a frame alike."""
        if not self.shape.as_text:
            return self.source.can_label(theirs)
        if ours not in self:
            return self.source.can_label(theirs) and is_words(self.source.raw(theirs, "label"))
        raw = self.raw(ours, "label")
        values = raw.labels if isinstance(raw, Coded) else raw
        return isinstance(raw, Texts) or (isinstance(values, np.ndarray) and values.dtype.kind in "OUT")

    def timing(self, field: str) -> dict[str, Any]:
        """Return what is known of the time in a column, for `convert.day`."""
        timing = self.shape.timing(field)
        # days in a column of instants stay days: nothing but midnights of no zone never are moments
        return {"instant": None, "earliest": FIRST_INSTANT} if timing is True else {"instant": timing}

    def mark(self, column: str) -> str | None:
        """Return the source's name for a column that the map names beside its fields, None where it has none."""
        spelled = (column, *(start + column for start in self.shape.prefixes))
        return present(spelled, self.source.names)

    @property
    def marks(self) -> frozenset[str]:
        """The source's columns that the map names beside its fields."""
        shape = self.shape
        named = [*shape.flags.values(), *shape.left_out, *([] if shape.merged is None else [shape.merged])]
        return frozenset(filter(None, map(self.mark, named)))


def named(
    source: Source, columns: object, fields: tuple[str, ...], required: tuple[str, ...] = (), table: str = ""
) -> Named:
    """Return which column holds which field: by the map, else by its own name, whatever its case."""
    if columns is not None and not isinstance(columns, Mapping):
        raise InvalidTypeError(
            f"`columns` must map our names to the source's; got {show(columns)}.",
            code="SM-ARG-40",
            field="columns",
            values=[columns],
            hint="columns={'amount': 'Amount (USD)', 'rep': 'Owner'}.",
        )
    if isinstance(columns, ColumnMap):
        shape = columns.of(table) if table else columns
        source, mapped = _of_system(source, shape, required)
    else:
        shape = ColumnMap({} if columns is None else {str(ours): str(theirs) for ours, theirs in columns.items()})
        mapped = dict(shape)
        _all_there(source, mapped)
    if not shape.table:  # a column of a system means what its map says, whatever ours is called
        mapped |= _by_own_name(source, mapped, fields, set(shape.flags.values()))
    if shape.table or columns is None or "amount" not in columns:
        _one_amount(source, mapped)
    taken = set(mapped.values())
    _needed(source, mapped, required)
    if not shape.table:
        source = attrs.evolve(source, problems=(*source.problems, *_misspelt(shape, mapped, fields)))
    return Named(source, mapped, tuple(name for name in source.names if name not in taken), shape)


def checked_forms(here: Named, date_format: str | Mapping[str, str] | None) -> None:
    """Raise where a form of days is stated for a field that the source does not have."""
    for field in date_format if isinstance(date_format, Mapping) else ():
        if field not in here:
            raise InvalidArgumentError(
                f"`date_format` must map fields that the source has to their forms; got {show(field)}.",
                code="SM-DAY-19",
                field="date_format",
                values=[field],
                hint=nearest(field, here.names),
            )


def _by_own_name(source: Source, mapped: Mapping[str, str], fields: tuple[str, ...], flags: set[str]) -> dict[str, str]:
    """Return the fields that stand under their own names in columns that no other field has."""
    folded: dict[str, list[str]] = {}
    for name in source.names:
        folded.setdefault(_BLANKS.sub("_", name.strip().casefold()), []).append(name)
    taken, found = {*mapped.values(), *flags}, dict[str, str]()
    for field in fields:
        if field in mapped:
            continue
        close = [name for name in folded.get(field, []) if name not in taken]  # "Close Date" is close_date
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
            found[field] = exact[0]
            taken.add(exact[0])
    return found


def _one_amount(source: Source, mapped: Mapping[str, str]) -> None:
    """Raise where a report holds amounts twice, as written and converted, and nothing says which is meant.

    Salesforce puts both into one file. With a column of currencies the one as written is exact, and its currency known.
    """
    if "amount" not in mapped or "currency" in mapped:
        return
    written = mapped["amount"]
    twin = next((n for n in source.names if n.strip().casefold() == f"{written.strip()} (converted)".casefold()), None)
    if twin is not None:
        raise InvalidArgumentError(
            f"`amount` must stand in one column of the source; got {show(written)}, {show(twin)}.",
            code="SM-SRC-03",
            field="amount",
            values=[written, twin],
            hint=f"the first is in the currency of each deal, the second in one: say which by columns={{'amount': {twin!r}}}, "
            "or name the column of currencies.",
        )


def _of_system(source: Source, shape: ColumnMap, required: tuple[str, ...]) -> tuple[Source, dict[str, str]]:
    """Return the columns of a system's map that the source has; a map fits any export, which need not hold them all."""
    mapped = fit(shape, source.names)
    absent = {ours: theirs for ours, theirs in shape.items() if ours not in mapped}
    if not absent:
        return source, mapped
    # a table of another system has few of the columns, and not what its reader cannot do without
    if not ("id" in mapped or 2 * len(mapped) >= len(shape)) or any(field in absent for field in required):
        _all_there(source, {**mapped, **absent}, shape)
    left = [name for name in source.names if name not in mapped.values()]
    listed = [f"{show(name)} (for {ours}{_near(name, left)})" for ours, name in absent.items() if ours not in SELDOM]
    missing = (f"the source has no {', '.join(listed)}",) if listed else ()
    return attrs.evolve(source, notes=(*source.notes, *missing)), mapped


def _near(name: str, left: list[str]) -> str:
    """Return a question where a column that nothing was read from is called nearly so."""
    hint = nearest(name, left) or ""
    return f"; {hint.partition('? There is: ')[0].rstrip('?')}?" if hint.startswith("did you mean") else ""


def _misspelt(shape: Mapping[str, str], mapped: Mapping[str, str], fields: tuple[str, ...]) -> tuple[Problem, ...]:
    """Return the warning of a name of ours that is none, but nearly one that no column has: it becomes a label."""
    free = [field for field in fields if field not in mapped]
    pairs = [(name, get_close_matches(name.casefold(), free, 1, 0.85)) for name in shape if name not in fields]
    return tuple(
        Problem(
            "SM-SRC-19",
            "columns",
            "name our fields as they are called",
            np.empty(0, dtype=np.int64),
            [name],
            f"did you mean {show(close[0])}? It is read as a label.",
            warning=True,
        )
        for name, close in pairs
        if close
    )


def _all_there(source: Source, mapped: Mapping[str, str], shape: ColumnMap | None = None) -> None:
    """Raise where the map names columns that the source lacks, all of them at once, each with the nearest there is."""
    absent = {ours: theirs for ours, theirs in mapped.items() if theirs not in source.names}
    if absent:
        listed = ", ".join(f"{show(theirs)} (for {ours})" for ours, theirs in absent.items())
        raise MissingColumnError(
            f"`columns` must name columns of the source; got {listed}.",
            code="SM-SRC-01",
            field=next(iter(absent)),
            column=next(iter(absent.values())),
            values=list(absent.values()),
            hint=_nearest_of_all(
                source, list(absent.values()), shape, absent if set(absent) <= set(source.names) else None
            ),
        )


def _nearest_of_all(
    source: Source, absent: list[str], shape: ColumnMap | None, turned: Mapping[str, str] | None = None
) -> str | None:
    """Return the hint for missing columns: the nearest names of the first five, and the map that would fit."""
    if turned:
        first, second = next(iter(turned.items()))
        return f"the other way round, ours to the source's: columns={{{second!r}: {first!r}}}."
    hints = [nearest(name, source.names) or "the source has no columns." for name in absent[:5]]
    first, _, there = hints[0].rpartition("There is: ") if "There is: " in hints[0] else ("", "", hints[0])
    more = [
        f"For {show(name)}: {hint.partition('? There is: ')[0].removeprefix('did you mean ')}? "
        for name, hint in zip(absent[1:], hints[1:], strict=False)
        if hint.startswith("did you mean")
    ]
    found = None if shape is None else guess(source.names)
    if found is not None and found.name is not None and found.map is not shape:
        there = f"There is: {', '.join(map(show, sorted(source.names)[:12]))}."
        return f"the columns are those of sm.maps.{found.name}. {there}"
    return f"{first}{''.join(more)}{'There is: ' if first else ''}{there}"


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
            hint=f"{_nearest_of_all(source, absent, None)} Name it by columns={{{absent[0]!r}: ...}}.",
        )
