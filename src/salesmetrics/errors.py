"""What can go wrong, by name and code; errors keep their values."""

from __future__ import annotations

import datetime as dt
import difflib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = [
    "InvalidArgumentError",
    "InvalidDataError",
    "InvalidTypeError",
    "MergeError",
    "MissingColumnError",
    "SalesMetricsError",
    "SalesMetricsWarning",
    "redacted",
]

_SHOWN = 80
_LISTED = 12
_PATH = 240
_FAR_NEARER = 0.2
_redacting: ContextVar[bool] = ContextVar("redacting", default=False)


class SalesMetricsWarning(UserWarning):
    """Input that can be right and is often wrong; the call went on."""


class SalesMetricsError(Exception):
    """The root of every error the library raises.

    Attributes
    ----------
    code : str
        Stable name of the rule, such as ``"SM-AMT-02"``.
    field, column : str or None
        The field in the library's words and the column in the user's.
    row, line : int or None
        First bad row (0-based) and, for text, its physical line.
    rows : numpy.ndarray of int64
        All bad rows.
    keys, values : list
        Ids and values of those rows, where there are any.
    count : int
        How many rows are bad.
    hint : str or None
        The way out.
    """

    def __init__(
        self,
        message: str,
        code: str = "SM-GEN-01",
        field: str | None = None,
        column: str | None = None,
        row: int | None = None,
        line: int | None = None,
        rows: Sequence[int] | np.ndarray[Any, Any] = (),
        keys: Sequence[object] = (),
        values: Sequence[object] = (),
        hint: str | None = None,
        records: Sequence[dict[str, object]] = (),
    ) -> None:
        super().__init__(message, code, field, column, row, line, rows, keys, values, hint, records)
        self.message = message
        self.code = code
        self.field = field
        self.column = column
        self.row = row
        self.line = line
        self.rows: npt.NDArray[np.int64] = np.asarray(rows, dtype=np.int64)
        self.keys: list[object] = list(keys)
        self.values: list[object] = list(values)
        self.value: object = self.values[0] if self.values else None
        self.count: int = max(len(self.rows), len(self.values), 1)
        self.hint = hint
        self._records = list(records)

    def __str__(self) -> str:
        """Return the code and the sentence, then the hint."""
        sentence = f"[{self.code}] {self.message}"
        return sentence if self.hint is None else f"{sentence}\n  Hint: {self.hint}"

    def to_records(self) -> list[dict[str, object]]:
        """Return the rejects table: one dict for each problem."""
        if self._records:
            return [dict(record) for record in self._records]
        rows: list[int | None] = [int(r) for r in self.rows] or [self.row]
        return [
            {
                "code": self.code,
                "line": self.line if i == 0 else None,
                "byte": None,
                "row": row,
                "column": self.column,
                "field": self.field,
                "key": self.keys[i] if i < len(self.keys) else None,
                "value": self.values[i] if i < len(self.values) else None,
                "message": self.message,
            }
            for i, row in enumerate(rows)
        ]


class InvalidArgumentError(SalesMetricsError, ValueError):
    """An argument breaks its rule."""


class InvalidTypeError(SalesMetricsError, TypeError):
    """An argument is of a kind the call cannot take."""


class MissingColumnError(SalesMetricsError, KeyError):
    """A column that is needed is not there."""


class InvalidDataError(SalesMetricsError, ValueError):
    """Rows of the data break a rule."""


class MergeError(SalesMetricsError, ValueError):
    """Two tallies that do not belong together, or a saved one that was changed."""


class WorkerLostError(SalesMetricsError, RuntimeError):
    """An executor lost the worker that counted a part of a scan, and the part could not be counted again."""


@contextmanager
def redacted() -> Iterator[None]:
    """Keep values of the data out of messages inside a ``with`` block: who may read a log may not read names and amounts.

    What readers say of rows, in errors and in warnings, and what the `repr` of a book shows of its labels then has type and
    length in place of a value; names of columns and choices of arguments are shown as ever. The attributes of an error
    (``values``, ``keys``) and ``to_records()`` still hold what they hold. The setting holds for the thread (or task) that
    makes it and ends with the block.

    Examples
    --------
    >>> import salesmetrics as sm
    >>> with sm.redacted():
    ...     try:
    ...         sm.read_deals({"id": ["Acme"], "created": ["Ana Smith"]})
    ...     except sm.InvalidDataError as error:
    ...         print(error.message.splitlines()[1].strip())
    column 'created', row 0, deal <str of length 4>: <str of length 9>
    """
    before = _redacting.set(True)
    try:
        yield
    finally:
        _redacting.reset(before)


def show_value(value: object) -> str:
    """Return a value of a row as text that is safe to print, or its type and length where that was asked for."""
    if not _redacting.get():
        return show(value)
    size = len(value) if isinstance(value, (str, bytes, list, tuple)) else None
    return f"<{type(value).__name__}{'' if size is None else f' of length {size}'}>"


def show(value: object) -> str:
    """Return a value as text that is safe to print."""
    if isinstance(value, np.ndarray):
        return f"<array of shape {value.shape}, {value.dtype}>"
    if isinstance(value, np.generic):
        value = str(value) if isinstance(value, (np.datetime64, np.timedelta64)) else value.item()
    if type(value) in (dt.date, dt.datetime):
        value = value.isoformat()  # type: ignore[attr-defined]
    if isinstance(value, str):
        text = repr(value[:_SHOWN])
        tail = f"… ({len(value)} characters)" if len(value) > _SHOWN else ""
    else:
        try:
            text = repr(value)
        except Exception:  # a class of the user's may raise anything here
            return f"<{type(value).__name__}>"
        tail = f"… ({len(text)} characters)" if len(text) > _SHOWN else ""
        text = text[:_SHOWN]
    return escape(text) + tail


def show_path(path: str | bytes) -> str:
    """Return the path of a file as text that is safe to print; of a long one the end, which tells it from its neighbours."""
    text = path if isinstance(path, str) else path.decode("utf-8", "replace")
    return escape(repr(text if len(text) <= _PATH else f"…{text[-_PATH:]}"))


def escape(text: str) -> str:
    """Return text with every character that does not print escaped."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def closest(name: object, choices: Iterable[object]) -> list[Any]:
    """Return the choices nearest to an unknown name, at most three, whatever the case; of one that is far nearer, none else."""
    folded = {str(choice)[:_SHOWN].casefold(): choice for choice in choices}
    wanted = str(name)[:_SHOWN].casefold()
    if wanted in folded:
        return [folded[wanted]]
    near = difflib.get_close_matches(wanted, list(folded), n=3)
    alike = [difflib.SequenceMatcher(None, text, wanted).ratio() for text in near]
    return [folded[text] for text, share in zip(near, alike, strict=True) if share > alike[0] - _FAR_NEARER]


def nearest(name: object, choices: Iterable[object], shown: Callable[[object], str] = show) -> str | None:
    """Return the hint that names the choices nearest to an unknown name, or all of them; `show_value` shows labels of rows."""
    own = {str(c)[:_SHOWN]: c for c in choices}
    known = sorted(own)[:200]
    close = closest(name, [own[c] for c in known])
    listed = ", ".join(shown(own[c]) for c in known[:_LISTED]) + (", …" if len(known) > _LISTED else "")
    if close:
        return f"did you mean {' or '.join(map(shown, close))}? There is: {listed}."
    return f"there is: {listed}." if known else None
