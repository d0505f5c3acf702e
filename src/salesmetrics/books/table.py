"""What every book can do: columns in, rows chosen, rows joined, frames out."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from functools import cached_property
from types import MappingProxyType
from typing import Any, ClassVar, Self, TypeVar

import attrs
import numpy as np

from salesmetrics import export
from salesmetrics._check import Rebuilt, date_of
from salesmetrics.arrays import AnyArray, BoolArray
from salesmetrics.books.touched import Touched, untouched
from salesmetrics.columns import Column, KeyColumn, LabelColumn, MoneyColumn
from salesmetrics.convert import Problem
from salesmetrics.errors import (
    InvalidArgumentError,
    InvalidDataError,
    InvalidTypeError,
    MissingColumnError,
    closest,
    escape,
    nearest,
    show,
    show_value,
)

__all__ = ["Book"]

_QUESTIONS_KEPT = 8
_Answer = TypeVar("_Answer")


def _frozen_mapping(columns: Mapping[str, Column]) -> Mapping[str, Column]:
    return columns if isinstance(columns, Touched) else MappingProxyType(dict(columns))


@attrs.frozen(eq=False, repr=False)
class Book(Rebuilt):
    """Columns of equal length, checked once, never changed."""

    kind: ClassVar[str] = "rows"
    _unlisted: ClassVar[tuple[str, ...]] = ("as_of_day", "column", "columns", "kept", "kind", "mask")
    _otherwise: ClassVar[str] = (
        "a column is read as book['amount'], all of them as book.to_dict() or book.to_pandas(); "
        "a metric is a function: sm.win_rate(deals)."
    )

    columns: Mapping[str, Column] = attrs.field(converter=_frozen_mapping)
    rows: int
    currency: str | None = None
    scale: int = 2
    as_of_day: int | None = None
    rejects: tuple[Mapping[str, object], ...] = ()
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return self.rows

    def __iter__(self) -> Iterator[Any]:
        """Refuse: a book is read by column."""
        raise InvalidTypeError(
            f"a {type(self).__name__} must be read by column; got an iteration.",
            code="SM-BOK-01",
            hint=f"book['amount'] gives a column, book.to_dict() all of them. Columns: {', '.join(self.names)}.",
        )

    def __getitem__(self, name: str) -> AnyArray:
        """Return a column as a read-only array in the user's terms."""
        column: Column = self.column(name)
        return column.user()

    def _ways(self) -> dict[str, str]:
        """Return the columns by name, and how each is read."""
        try:
            held: Mapping[str, Column] = object.__getattribute__(self, "columns")
        except AttributeError:  # a book that is just being made
            return {}
        return {name: f"book[{show(name)}]" for name in held}

    def _ipython_key_completions_(self) -> list[str]:
        """Return what a notebook completes between the brackets."""
        return list(self.names)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns."""
        return tuple(self.columns)

    @property
    def as_of(self) -> dt.date | None:
        """The day the data were taken."""
        return None if self.as_of_day is None else date_of(self.as_of_day)

    @property
    def label_names(self) -> tuple[str, ...]:
        """The columns that ``by`` and ``where`` can use."""
        return tuple(name for name, column in untouched(self.columns).items() if isinstance(column, LabelColumn))

    def column(self, name: str, purpose: str | None = None) -> Any:
        """Return a column, or raise saying what needs it."""
        if name in self.columns:
            return self.columns[name]
        needed = f"for {purpose} " if purpose else ""
        raise MissingColumnError(
            f"`{escape(str(name)[:80])}` must be a column of the {self.kind} {needed}; "
            f"got {', '.join(escape(n) for n in self.names) or 'no columns'}.".replace(" ;", ";"),
            code="SM-COL-01",
            field=name,
            values=[name],
            hint=f"{nearest(name, self.names)} {self._way_in(name)}".strip() if self.names else None,
        )

    def _way_in(self, name: str) -> str:
        """Return how a column that has another name in the source comes in under ours."""
        text = str(name)
        if not text.isidentifier() or closest(text, self.names):
            return ""
        return f"columns={{{text[:80]!r}: ...}} tells the reader which of yours holds it."

    @cached_property
    def _kept(self) -> dict[Hashable, Any]:
        """What was worked out for the last few questions."""
        return {}

    def kept(
        self, question: Hashable, answer: Callable[[], _Answer], worth: Callable[[_Answer], bool] | None = None
    ) -> _Answer:
        """Return the answer to a question, worked out once: a book never changes. The last few that are worth it are kept."""
        found: _Answer | None = self._kept.get(question)
        if found is None:
            found = answer()
            if worth is not None and not worth(found):
                return found
            for oldest in list(self._kept)[: len(self._kept) - _QUESTIONS_KEPT + 1]:
                self._kept.pop(oldest, None)
            self._kept[question] = found
        return found

    # --- rows --------------------------------------------------------------------------------------------------------

    def mask(self, where: object) -> BoolArray | None:
        """Return a boolean for each row from a boolean array or a mapping of column to labels; None keeps all."""
        if where is None:
            return None
        if isinstance(where, Mapping):
            keep = np.ones(self.rows, dtype=bool)
            for name, wanted in where.items():
                keep &= self._holds(name, wanted)
            return keep
        mask = np.asarray(where)
        if mask.dtype != np.bool_ or mask.shape != (self.rows,):
            raise InvalidArgumentError(
                f"`where` must be a boolean for each of the {self.rows} rows, or a mapping of column to labels; "
                f"got {show(where if not isinstance(where, np.ndarray) else mask)}.",
                code="SM-ARG-07",
                field="where",
                values=[where],
                hint="where={'segment': ['SMB', 'Mid']} or where=book['amount'] > 10_000.",
            )
        return np.array(mask)

    def _holds(self, name: str, wanted: object) -> BoolArray:
        """Return True where a label column holds one of the wanted labels."""
        column = self.column(name, "`where`")
        if not isinstance(column, LabelColumn):
            raise InvalidArgumentError(
                f"`where` must name label columns; got {show(name)}.",
                code="SM-ARG-08",
                field="where",
                values=[name],
                hint=f"a boolean per row works for any column: where=book[{name!r}] > ...",
            )
        labels = list(wanted) if isinstance(wanted, (list, tuple, set, frozenset, np.ndarray)) else [wanted]
        chosen = np.zeros(len(column.levels) + 1, dtype=bool)
        place = {level: i for i, level in enumerate(column.levels)} | {None: len(column.levels)}
        for label in labels:
            if not isinstance(label, Hashable) or label not in place:
                raise InvalidArgumentError(
                    f"`where` must name labels of {show(name)}; got {show_value(label)}.",
                    code="SM-ARG-09",
                    field="where",
                    values=[label],
                    hint=nearest(label, column.levels, show_value),
                )
            chosen[place[label]] = True
        held: BoolArray = chosen[column.codes]
        return held

    def take(self, rows: AnyArray) -> Self:
        """Return these rows, in this order."""
        columns = {name: column.take(rows) for name, column in untouched(self.columns).items()}
        kept = self.columns.like(columns) if isinstance(self.columns, Touched) else columns
        return attrs.evolve(self, columns=kept, rows=len(rows), **self._taken(rows))

    def _taken(self, rows: AnyArray) -> dict[str, Any]:
        """Return what else changes with the rows."""
        return {}

    def filter(self, where: object) -> Self:
        """Return the rows for which a mask is True, or whose labels a mapping names."""
        mask = self.mask(where)
        return self if mask is None else self.take(np.flatnonzero(mask))

    def concat(self, *others: Self) -> Self:
        """Return one book of the rows of all, in this order; they must have the same columns, currency and scale."""
        for other in others:
            if type(other) is not type(self):
                raise InvalidTypeError(
                    f"`others` must be {type(self).__name__}s; got {show(type(other).__name__)}.", code="SM-BOK-02"
                )
            for what in ("currency", "scale", "as_of"):
                mine, theirs = self._agreed(what), other._agreed(what)
                if mine != theirs:
                    raise InvalidDataError(
                        f"`{what}` must be the same in books that are joined; got {show(mine)} and {show(theirs)}.",
                        code="SM-BOK-03",
                        field=what,
                        values=[mine, theirs],
                    )
            if set(other.names) != set(self.names):
                odd = sorted(set(other.names) ^ set(self.names))
                raise MissingColumnError(
                    f"`columns` must be the same in books that are joined; got {show(odd[0])} in one only.",
                    code="SM-BOK-04",
                    values=odd,
                )
        columns = {name: column.concat([o.columns[name] for o in others]) for name, column in self.columns.items()}
        rejects = self.rejects + tuple(record for o in others for record in o.rejects)
        notes = tuple(dict.fromkeys([*self.notes, *(note for o in others for note in o.notes)]))
        rows = self.rows + sum(o.rows for o in others)
        return self._joined(columns, rows, rejects, notes, others)

    def _agreed(self, what: str) -> object:
        """Return what books that are joined must have in common."""
        if what == "as_of":
            return None if self.as_of_day is None else date_of(self.as_of_day)
        return getattr(self, what)

    def _joined(
        self,
        columns: Mapping[str, Column],
        rows: int,
        rejects: tuple[Mapping[str, object], ...],
        notes: tuple[str, ...],
        others: Sequence[Self],
    ) -> Self:
        """Return the joined book, which must keep the rules across rows too."""
        for problem in self._across(columns, rows):
            raise InvalidDataError(
                f"`{problem.field}` must {problem.rule}; got {len(problem.rows)} rows of the joined book that "
                f"{'do' if problem.rule.startswith('not ') else 'do not'}.",
                code=problem.code,
                field=problem.field,
                row=int(problem.rows[0]) if len(problem.rows) else None,
                rows=problem.rows,
                values=problem.values,
                hint=problem.hint,
            )
        return attrs.evolve(self, columns=columns, rows=rows, rejects=rejects, notes=notes)

    def _across(self, columns: Mapping[str, Column], rows: int) -> list[Problem]:
        """Return what is wrong between rows that come from different books."""
        problem = doubled_ids(columns.get("id"))
        return [] if problem is None else [problem]

    def equals(self, other: object) -> bool:
        """Return True where both hold the same columns, rows, currency, scale and day."""
        return (
            isinstance(other, Book)
            and type(other) is type(self)
            and set(self.names) == set(other.names)
            and (self.rows, self.currency, self.scale, self.as_of_day)
            == (other.rows, other.currency, other.scale, other.as_of_day)
            and all(column.equals(other.columns[name]) for name, column in self.columns.items())
        )

    # --- out ---------------------------------------------------------------------------------------------------------

    def to_dict(self) -> dict[str, AnyArray]:
        """Return the columns as read-only arrays in the user's terms."""
        return {name: self[name] for name in self.names}

    def to_pandas(self) -> Any:
        """Return a pandas frame: days as ``datetime64``, amounts in major units, missing labels None."""
        return export.to_pandas(self.to_dict())

    def to_polars(self) -> Any:
        """Return a polars frame: days as ``Date``, amounts in major units, null where missing."""
        return export.to_polars(self.to_dict())

    def to_arrow(self) -> Any:
        """Return a pyarrow table: days as ``date32``, amounts in major units, null where missing."""
        return export.to_arrow(self.to_dict())

    def to_frame(self, like: Any) -> Any:
        """Return a frame of the same kind as the one given; a duckdb relation is answered by a pyarrow table."""
        return export.to_frame(self.to_dict(), like)

    def to_csv(
        self, target: export.Target, *, guard: export.Guard = "'", overwrite: bool = False, encoding: str = "utf-8"
    ) -> None:
        r"""Write the book as CSV, which the reader of its kind reads as the same book.

        Parameters
        ----------
        target : path, text stream or binary stream
            Where to. A file is written under another name first, and renamed once it is complete.
        guard : {"'", "\t", None}
            What keeps a spreadsheet from running a text as a formula. Only the apostrophe is taken off again on reading.
        overwrite : bool, default: False
            Whether a file that is there may be replaced.
        encoding : str, default: "utf-8"
            How a file or a binary stream is encoded.

        Notes
        -----
        A text file knows no types: labels and ids that are whole numbers are read again as texts. The currency, the scale
        and the day the data were taken are told to the reader again.
        """
        exact = {
            name: export.Exact(column.minor, column.scale, column.missing())
            for name, column in self.columns.items()
            if isinstance(column, MoneyColumn)
        }
        export.to_csv({**self.to_dict(), **exact}, target, guard=guard, overwrite=overwrite, encoding=encoding)

    # --- showing -----------------------------------------------------------------------------------------------------

    def _summary(self) -> list[str]:
        """Return the lines that say what the book holds."""
        money = [c for c in self.columns.values() if isinstance(c, MoneyColumn)]
        lines = []
        if money:
            lines.append(f"{self.currency or 'currency not named'}, {self.scale} decimals")
        if self.as_of_day is not None:
            lines.append(f"as of {date_of(self.as_of_day)}")
        return lines

    def _head(self) -> str:
        """Return the line that says what kind of book it is, and of how many rows."""
        return ", ".join([f"{type(self).__name__} of {self.rows:,} {self.kind}", *self._summary()])

    def _held(self) -> Iterator[tuple[str, str, int]]:
        """Yield the name of each column, what it holds, and how many rows are missing."""
        for name, column in self.columns.items():
            if isinstance(column, LabelColumn):
                about = _labelled(column)
            elif isinstance(column, KeyColumn) and column.are_texts:
                about = "text keys" if len(column) else "empty"
            else:
                about = _span(column.user())
            yield escape(name[:80]), about, int(column.missing().sum())

    def _foot(self) -> list[str]:
        """Return the lines about rows left out, and the notes."""
        counts = Counter(str(record.get("code")) for record in self.rejects)
        left = ", ".join(f"{c} x {code}" for code, c in sorted(counts.items()))
        return [*([f"left out on reading: {left}"] if left else []), *(f"note: {escape(note)}" for note in self.notes)]

    def __repr__(self) -> str:
        """Return what the book holds, in a few lines."""
        held = [f"{name}: {about}{f', {gaps:,} missing' if gaps else ''}" for name, about, gaps in self._held()]
        return "\n  ".join([f"<{self._head()}", *held, *self._foot()]) + ">"

    def _repr_html_(self) -> str:
        """Return what the book holds, as an escaped HTML table."""
        rows = [[name, about, f"{missing:,}" if missing else ""] for name, about, missing in self._held()]
        return export.html_table(self._head(), ("column", "holds", "missing"), rows, self._foot(), left=2)


def _labelled(column: LabelColumn) -> str:
    """Return how many labels are in use, and the first of them."""
    used = np.flatnonzero(np.bincount(column.codes[column.codes >= 0], minlength=len(column.levels)))
    few = [show_value(column.levels[at]) for at in used[:4].tolist()]
    more = ", …" if len(used) > len(few) else ""
    count = f"{len(used):,} label{'' if len(used) == 1 else 's'}"
    return f"{count} ({', '.join(few)}{more})" if few else count


def doubled_ids(column: Column | None) -> Problem | None:
    """Return the problem of ids that occur twice, found by sorting."""
    if not isinstance(column, KeyColumn) or len(column) < 2:
        return None
    values = column.values
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    again = np.flatnonzero(ordered[1:] == ordered[:-1])
    if not len(again):
        return None
    rows = np.unique(np.concatenate([order[again], order[again + 1]])).astype(np.int64)
    hint = "two parts hold the same id: filter one of them."
    return Problem("SM-KEY-04", "id", "be different in every row", rows, list(values[rows]), hint)


def _span(values: AnyArray) -> str:
    """Return the least and the greatest value of a column as text."""
    known = values[~(np.isnat(values) if values.dtype.kind == "M" else np.isnan(values))]
    if not len(known):
        return "empty"
    low, high = known.min(), known.max()
    return f"{low:,.2f} to {high:,.2f}" if known.dtype.kind == "f" else f"{low} to {high}"
