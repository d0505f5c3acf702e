"""Columns out: to a frame of the caller's kind, to CSV, to HTML; what came from data is escaped or guarded."""

from __future__ import annotations

import csv
import html
import io
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Literal, TypeAlias

import attrs
import numpy as np

from salesmetrics.arrays import AnyArray, BoolArray, IntArray
from salesmetrics.errors import InvalidArgumentError, InvalidDataError, InvalidTypeError, escape, show
from salesmetrics.guard import guarded

__all__ = [
    *("Exact", "Guard", "Target", "html_table", "needing", "to_arrow", "to_csv", "to_frame", "to_pandas", "to_polars"),
]

Guard: TypeAlias = Literal["'", "\t"] | None
Target: TypeAlias = str | os.PathLike[str] | IO[str] | IO[bytes]
Columns: TypeAlias = Mapping[str, AnyArray]
Written: TypeAlias = "Mapping[str, AnyArray | Exact]"

_BLOCK = 1 << 16
_LIBRARIES = ("pandas", "polars", "pyarrow", "duckdb")


@contextmanager
def _encodable(encoding: str = "utf-8") -> Iterator[None]:
    """Raise in our words where a text cannot be written."""
    try:
        yield
    except UnicodeEncodeError as error:
        raise InvalidDataError(
            f"every text must be one that the encoding {show(encoding)} can write; got "
            f"{show(error.object[error.start : error.end])}.",
            code="SM-OUT-05",
            field="encoding",
            values=[encoding],
            hint="'utf-8' writes every text but half of a surrogate pair.",
        ) from error


@contextmanager
def needing(library: str, extra: str | None = None) -> Iterator[None]:
    """Say how a library is had, where an import inside the block does not find it.

    Parameters
    ----------
    library : str
        What is imported.
    extra : str, optional
        The extra of the package that brings it.

    Examples
    --------
    >>> with needing("nowhere", "plot"):
    ...     import nowhere
    Traceback (most recent call last):
        ...
    ModuleNotFoundError: this needs nowhere, which is not installed. Hint: pip install "salesmetrics[plot]".
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != library:
            raise
        way = library if extra is None else f'"salesmetrics[{extra}]"'
        raise ModuleNotFoundError(
            f"this needs {library}, which is not installed. Hint: pip install {way}.", name=error.name
        ) from error


# --- frames --------------------------------------------------------------------------------------------------------


def _whole(values: AnyArray) -> bool:
    """Return whether a column of objects holds whole numbers; one without any value counts as text."""
    return isinstance(next((value for value in values if value is not None), None), int)


def to_pandas(columns: Columns) -> Any:
    """Return a pandas frame.

    Parameters
    ----------
    columns : mapping of str to numpy.ndarray
        Objects (texts, or whole numbers, with None), days, floats, whole numbers, flags.

    Returns
    -------
    pandas.DataFrame
        Days as ``datetime64``, whole numbers with gaps as ``Int64``.
    """
    with needing("pandas"):
        import pandas as pd

    held = {}
    for name, values in columns.items():
        if values.dtype == object and _whole(values):
            held[name] = pd.Series(pd.array(values.tolist(), dtype="Int64"))
        else:
            held[name] = pd.Series(np.array(values), dtype=object if values.dtype == object else None)
    return pd.DataFrame(held)


def to_polars(columns: Columns, *, nan: bool = False) -> Any:
    """Return a polars frame.

    Parameters
    ----------
    columns : mapping of str to numpy.ndarray
        As in `to_pandas`.
    nan : bool, default: False
        Whether NaN stays NaN; else it becomes null.

    Returns
    -------
    polars.DataFrame
        Days as ``Date``, texts as ``String``.
    """
    with needing("polars"):
        import polars as pl

    held = []
    with _encodable():
        for name, values in columns.items():
            if values.dtype == object:
                column = pl.Series(name, values.tolist(), dtype=pl.Int64 if _whole(values) else pl.String)
            else:
                column = pl.Series(name, np.array(values))
            held.append(column if nan or values.dtype.kind != "f" else column.fill_nan(None))
        return pl.DataFrame(held)


def to_arrow(columns: Columns, *, nan: bool = False) -> Any:
    """Return a pyarrow table.

    Parameters
    ----------
    columns : mapping of str to numpy.ndarray
        As in `to_pandas`.
    nan : bool, default: False
        Whether NaN stays NaN; else it becomes null.

    Returns
    -------
    pyarrow.Table
        Days as ``date32``, texts as ``string``.
    """
    with needing("pyarrow"):
        import pyarrow as pa

    held = {}
    with _encodable():
        for name, values in columns.items():
            if values.dtype == object:
                held[name] = pa.array(values.tolist(), type=pa.int64() if _whole(values) else pa.string())
            elif values.dtype.kind == "f" and not nan:
                held[name] = pa.array(values, mask=np.isnan(values))
            else:
                held[name] = pa.array(values)
        return pa.table(held)


def to_frame(columns: Columns, like: Any, *, nan: bool = False) -> Any:
    """Return a frame of the same kind as another.

    Parameters
    ----------
    columns : mapping of str to numpy.ndarray
        As in `to_pandas`.
    like : frame
        A frame, or a column, of pandas, polars or pyarrow; a duckdb relation, which is answered by a pyarrow table; any
        other frame that narwhals knows; a mapping.
    nan : bool, default: False
        Whether NaN stays NaN where the kind has nulls; else it becomes null.

    Returns
    -------
    frame
        The columns.

    Raises
    ------
    InvalidTypeError
        If it is no such frame.
    """
    library = _library_of(like)
    if library == "pandas":
        return to_pandas(columns)
    if library == "polars":
        return to_polars(columns, nan=nan)
    if library in ("pyarrow", "duckdb"):
        return to_arrow(columns, nan=nan)
    if isinstance(like, Mapping):
        return dict(columns)
    return _through_narwhals(columns, like)


def _library_of(value: object) -> str:
    for kind in type(value).__mro__:
        root = kind.__module__.partition(".")[0].lstrip("_")
        if root in _LIBRARIES:
            return root
    return ""


def _through_narwhals(columns: Columns, like: Any) -> Any:
    refused = InvalidTypeError(
        f"`like` must be a pandas, polars or pyarrow frame; got {show(type(like).__name__)}.",
        code="SM-TAB-04",
        field="like",
        hint='other data frames need narwhals: pip install "salesmetrics[frames]".',
    )
    try:
        import narwhals.stable.v2 as nw
    except ImportError as error:
        raise refused from error
    try:
        frame = like if isinstance(like, nw.DataFrame) else nw.from_native(like, eager_only=True)
    except TypeError as error:
        raise refused from error
    held = {name: [None if v != v else v for v in values.tolist()] for name, values in columns.items()}
    made = nw.from_dict(held, backend=frame.implementation)
    return made if frame is like else made.to_native()


# --- CSV -----------------------------------------------------------------------------------------------------------


@attrs.frozen(eq=False)
class Exact:
    """Amounts in whole minor units, to be written with all their decimals: a large float holds too few digits."""

    minor: IntArray
    scale: int
    missing: BoolArray

    def __len__(self) -> int:
        return len(self.minor)

    def __getitem__(self, rows: slice) -> Exact:
        return Exact(self.minor[rows], self.scale, self.missing[rows])

    def cells(self) -> list[str]:
        """Return the amounts as text, "" where missing."""
        unit = 10**self.scale
        texts = [_major(minor, unit, self.scale) for minor in self.minor.tolist()]
        return ["" if gap else text for gap, text in zip(self.missing.tolist(), texts, strict=True)]


def _major(minor: int, unit: int, scale: int) -> str:
    whole, rest = divmod(abs(minor), unit)
    sign = "-" if minor < 0 else ""
    return f"{sign}{whole}.{rest:0{scale}d}" if scale else f"{sign}{whole}"


def to_csv(
    columns: Written,
    target: Target,
    *,
    guard: Guard = "'",
    overwrite: bool = False,
    encoding: str = "utf-8",
) -> None:
    r"""Write columns as comma-separated text (RFC 4180), so that the readers read the same again.

    Parameters
    ----------
    columns : mapping of str to numpy.ndarray or Exact
        As in `to_pandas`, amounts exactly. A missing cell is empty; days are ISO days; numbers are plain decimals, never
        guarded.
    target : path, text stream or binary stream
        Where to. A file is written under another name and renamed when it is complete.
    guard : {"'", "\t", None}
        What keeps a spreadsheet from running a text as a formula.
    overwrite : bool, default: False
        Whether a file that is there may be replaced.
    encoding : str, default: "utf-8"
        How a file or binary stream is encoded; ``"utf-8-sig"`` for spreadsheets that ask for a byte order mark.

    Raises
    ------
    InvalidArgumentError
        If the file is there and may not be replaced, or cannot be written.
    InvalidDataError
        If a text cannot be written in the encoding.

    Examples
    --------
    >>> import io
    >>> out = io.StringIO()
    >>> to_csv({"rep": np.array(["=Ana", None], dtype=object), "gap": np.array([-2.5, np.nan])}, out)
    >>> out.getvalue()
    "rep,gap\r\n'=Ana,-2.5\r\n,\r\n"
    """
    if guard not in ("'", "\t", None):
        raise InvalidArgumentError(
            f"`guard` must be an apostrophe, a tab or None; got {show(guard)}.",
            code="SM-OUT-02",
            field="guard",
            values=[guard],
            hint="the apostrophe is taken off again on reading; a tab survives a spreadsheet that saves the file anew.",
        )
    try:
        with _encodable(encoding):
            _to_target(columns, target, guard, overwrite, encoding)
    except LookupError as error:
        raise InvalidArgumentError(
            f"`encoding` must be an encoding that Python knows; got {show(encoding)}.",
            code="SM-TXT-24",
            field="encoding",
            values=[encoding],
            hint="such as 'utf-8', 'utf-8-sig' or 'cp1252'.",
        ) from error


def _to_target(columns: Written, target: Target, guard: Guard, overwrite: bool, encoding: str) -> None:
    """Write to a path, a binary stream or a text stream."""
    if isinstance(target, (str, os.PathLike)):
        with renamed(Path(target), overwrite) as path, open(path, "x", encoding=encoding, newline="") as stream:
            _write(columns, stream, guard)
    elif isinstance(target, (io.RawIOBase, io.BufferedIOBase)):
        text = io.TextIOWrapper(target, encoding=encoding, newline="", write_through=True)
        try:
            _write(columns, text, guard)
        finally:
            text.detach()
    elif hasattr(target, "write"):
        _write(columns, target, guard)
    else:
        raise InvalidTypeError(
            f"`target` must be a path or an open file; got {show(target)}.", code="SM-OUT-03", field="target"
        )


@contextmanager
def renamed(path: Path, overwrite: bool) -> Iterator[Path]:
    """Yield a free name beside a path; what is written there gets the path's name once it is complete."""
    if not overwrite and os.path.lexists(path):
        raise _is_there(path)
    number = 0
    while os.path.lexists(part := path.parent / f".salesmetrics-{number}.part"):
        number += 1
    try:
        yield part
        if overwrite:
            os.replace(part, path)
        else:
            _named_once(part, path)
    except OSError as error:
        raise InvalidArgumentError(
            f"`target` must be a file that can be written; got {show(os.fspath(path))}: {show(str(error.strerror))}.",
            code="SM-OUT-04",
            field="target",
            values=[path],
        ) from error
    finally:
        part.unlink(missing_ok=True)


def _named_once(part: Path, path: Path) -> None:
    """Give a file its name, which must still be free."""
    try:
        os.link(part, path)  # unlike a rename, a link never replaces a file that came in the meantime
    except FileExistsError as error:
        raise _is_there(path) from error
    except OSError:
        if os.path.lexists(path):
            raise
        os.rename(part, path)  # a file system without links


def _is_there(path: Path) -> InvalidArgumentError:
    return InvalidArgumentError(
        f"`target` must be a new file; got {show(os.fspath(path))}, which is there.",
        code="SM-OUT-01",
        field="target",
        values=[path],
        hint="overwrite=True replaces it.",
    )


def _write(columns: Written, stream: Any, guard: Guard) -> None:
    """Write the header and the rows, block by block."""
    # the writer quotes what holds a character of its own line end, so CR and LF must both be in it
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow([_safe(name, guard) for name in columns])
    rows = max((len(values) for values in columns.values()), default=0)
    for start in range(0, rows, _BLOCK):
        block = [_cells(values[start : start + _BLOCK], guard) for values in columns.values()]
        writer.writerows(zip(*block, strict=True))


def _safe(text: str, guard: Guard) -> str:
    return text if guard is None else guarded(text, guard)


def _cells(values: AnyArray | Exact, guard: Guard) -> list[str]:
    """Return cells of text; only what came as text is guarded."""
    if isinstance(values, Exact):
        return values.cells()
    kind = values.dtype.kind
    if kind == "O":
        return ["" if v is None else _safe(v, guard) if isinstance(v, str) else str(v) for v in values.tolist()]
    if kind == "U":
        return [_safe(text, guard) for text in values.tolist()]
    if kind == "M":
        texts = np.datetime_as_string(values).tolist()
        return ["" if text == "NaT" else text for text in texts]
    if kind == "f":
        return [_decimal(number) for number in values.tolist()]
    return [str(value) for value in values.tolist()]


def _decimal(number: float) -> str:
    """Return the shortest plain decimal that reads as the same float; "" for NaN."""
    if number != number:
        return ""
    text = repr(number)
    if "e" in text:
        text = np.format_float_positional(number, trim="-")
    return text.removesuffix(".0")


# --- HTML ----------------------------------------------------------------------------------------------------------


def html_table(
    caption: str, head: Sequence[str], body: Sequence[Sequence[str]], foot: Sequence[str], *, left: int = 1
) -> str:
    """Return an HTML table in which everything is escaped: markup, and characters that do not print.

    Parameters
    ----------
    caption : str
        What the table holds.
    head : sequence of str
        The header.
    body : sequence of sequences of str
        The rows.
    foot : sequence of str
        Lines below the table.
    left : int, default: 1
        How many columns, from the first, hold text and begin at the left; the others hold numbers and end at the right.

    Returns
    -------
    str
        The markup.

    Examples
    --------
    >>> html_table("<b>", ["rep"], [["Ana & Bo"]], ["as of today"])[:43]
    '<div><table><caption>&lt;b&gt;</caption><th'
    """

    def safe(text: str) -> str:
        return html.escape(escape(text), quote=True)

    def row(line: Sequence[str], tag: str) -> str:
        # names that are written from right to left keep to their own cell
        texts = [f'<{tag} dir="auto" style="text-align:left">{safe(text)}</{_name(tag)}>' for text in line[:left]]
        ends = [f'<{tag} style="{_NUMERIC}">{safe(text)}</{_name(tag)}>' for text in line[left:]]
        return f"<tr>{''.join([*texts, *ends])}</tr>"

    rows = "".join(row(line, "td") for line in body)
    below = "".join(f"<p>{safe(line)}</p>" for line in foot)
    top = f"<caption>{safe(caption)}</caption><thead>{row(head, _HEAD)}</thead>"
    return f"<div><table>{top}<tbody>{rows}</tbody></table>{below}</div>"


_HEAD = 'th scope="col"'
_NUMERIC = "text-align:right;white-space:nowrap"


def _name(tag: str) -> str:
    return tag.partition(" ")[0]
