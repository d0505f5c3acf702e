"""How the parts of a scan are read: one source after another as a book of the columns that are asked for."""

from __future__ import annotations

import glob
import os
from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from salesmetrics.books import DealBook
from salesmetrics.errors import InvalidArgumentError, InvalidTypeError, show, show_path
from salesmetrics.readers.deals import BY_OUTCOME, FIELDS, read_deals
from salesmetrics.readers.doubles import UPDATED
from salesmetrics.readers.mapped import Named, named
from salesmetrics.readers.rules import Judge
from salesmetrics.readers.source import Source

__all__ = ["Paths", "Reading", "files_of"]

Paths = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]

_DATED = frozenset({"closed", "expected_close", "close_date", *BY_OUTCOME})
_NO_LABELS = ("id", "amount", "created", "probability", UPDATED, *_DATED)
_BY_DATE = ("close_date", *BY_OUTCOME)


@attrs.frozen(eq=False)
class Reading:
    """The map of columns and the other arguments of `read_deals`, the same for all parts."""

    columns: Mapping[str, str] | None
    given: dict[str, Any]

    def book(self, source: Source, fields: frozenset[str] | None = None) -> DealBook:
        """Return the deals of a source, with at least these columns; None is all."""
        here = attrs.evolve(self._named(source, fields), quiet=True)
        given = dict(self.given)
        forms = given.get("date_format")
        if isinstance(forms, Mapping):
            given["date_format"] = {field: form for field, form in forms.items() if field in here}
        return read_deals(here, **given)

    def names(self, source: Source, fields: frozenset[str] | None) -> list[str]:
        """Return the columns of a source that have to be read for some of ours, in the source's order."""
        here = self._named(source, fields)
        wanted = {*here.names.values(), *here.others, *here.marks}
        return [name for name in source.names if name in wanted]

    def labels(self, source: Source, texts: Sequence[str]) -> tuple[str, ...]:
        """Return those columns of texts whose values recur: labels, and not ids or numbers and days written as texts."""
        here = named(source, self.columns, FIELDS, table="deals")
        other = {here.names[field] for field in _NO_LABELS if field in here}
        return tuple(name for name in texts if name not in other)

    def check(self, source: Source) -> None:
        """Raise where the map says something that takes all rows at once; warn where it says something odd."""
        here = named(source, self.columns, FIELDS, table="deals")
        judge = Judge("raise", source.rows, None, here.names)
        judge.hear(here.source.problems)
        judge.warn()
        if here.shape.merged is not None and here.mark(here.shape.merged) is not None:
            raise InvalidArgumentError(
                f"`columns` must not name a column of merged deals in a scan; got {show(here.shape.merged)}, which speaks of "
                "deals of other parts.",
                code="SM-SCN-15",
                field="columns",
                values=[here.shape.merged],
                hint="leave that column out of the files, and give the merged ids: merged=[...].",
            )

    def _named(self, source: Source, fields: frozenset[str] | None) -> Named:
        """Return which columns are read for which of ours."""
        here = named(source, self.columns, FIELDS, table="deals")
        if fields is None or self.given.get("on_error") == "drop":
            return here  # whether a row is left out may be said by any column
        wanted = self._needed(here, set(fields))
        return attrs.evolve(
            here,
            names={ours: theirs for ours, theirs in here.names.items() if ours in wanted},
            others=tuple(name for name in here.others if name in fields),
        )

    def _needed(self, here: Named, wanted: set[str]) -> set[str]:
        """Return our columns that must be read for some of them to be what they are."""
        wanted.add("currency")
        if self.given.get("merged") is not None:
            wanted.add("id")
        if "source_currency" in wanted or ("amount" in wanted and self.given.get("rates") is not None):
            wanted |= {"amount", "closed", "outcome"}
        if "created" in wanted and self.given.get("repair") is not None:
            wanted |= {"closed", "outcome"}
        if wanted & _DATED and any(name in here for name in _BY_DATE):
            wanted |= {*_DATED, "outcome"}
        if "stage" in wanted and "outcome" in here:
            wanted.add("outcome")  # else a stage would say how a deal ended, which is not for it to say
        if "outcome" in wanted and "outcome" not in here:
            wanted.add("stage")
        return wanted


def files_of(source: Any) -> list[str]:
    """Return the files of a path, a pattern or a sequence of paths; those of a pattern in the order of their names.

    Raises
    ------
    InvalidArgumentError
        No file is meant.
    InvalidTypeError
        It is neither a path nor several.
    """
    if isinstance(source, (str, os.PathLike)):
        path = os.fspath(source)
        if os.path.isfile(path) or not glob.has_magic(path):
            return [_file(path)]
        found = sorted(name for name in glob.glob(path, recursive=True) if os.path.isfile(name))
        if not found:
            raise InvalidArgumentError(
                f"`source` must name files that are there; got none for {show_path(path)}.",
                code="SM-SCN-16",
                field="source",
                values=[path],
            )
        return found
    if isinstance(source, Sequence) and all(isinstance(path, (str, os.PathLike)) for path in source):
        if not len(source):
            raise InvalidArgumentError(
                "`source` must name files that are there; got no path.", code="SM-SCN-16", field="source"
            )
        return [_file(os.fspath(path)) for path in source]
    raise InvalidTypeError(
        f"`source` must be a path, a pattern or a list of paths; got {show(type(source).__name__)}.",
        code="SM-SCN-17",
        field="source",
        values=[source],
        hint="sm.read_deals(frame) reads what is in memory; sm.scan([book, ...]) scans several books.",
    )


def _file(path: str) -> str:
    """Return a path, which must be that of a file."""
    if os.path.isfile(path):
        return path
    hint = (
        f"{show_path(os.path.join(path, '*.parquet'))} names the files of the folder." if os.path.isdir(path) else None
    )
    raise InvalidArgumentError(
        f"`source` must name files that are there; got {show_path(path)}, which is {'a folder' if hint else 'none'}.",
        code="SM-SCN-16",
        field="source",
        values=[path],
        hint=hint,
    )
