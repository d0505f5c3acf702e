"""Tallies in files: yesterday's partial results beside today's, without pickle and without trust in the file.

A file is a mark, a version, the lengths of what follows, a description in JSON, the whole numbers of the tables as they are
in memory (least significant byte first), and a SHA-256 of all that. Lengths, checksum, kinds and shapes are checked before a
table is made; nothing in a file names code.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import json
import os
import struct
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import attrs
import numpy as np

from salesmetrics import tallies
from salesmetrics._histograms import Histogram
from salesmetrics._ranked import Ranked
from salesmetrics.arrays import AnyArray
from salesmetrics.calendars import Period, Periods
from salesmetrics.errors import InvalidArgumentError, InvalidTypeError, MergeError, SalesMetricsError, show
from salesmetrics.export import renamed
from salesmetrics.flagging import FlagRules
from salesmetrics.grouping import Window
from salesmetrics.labels import Labels, Levels
from salesmetrics.staffing import Spread
from salesmetrics.tally import Tally

__all__ = ["load_tally", "save_tally"]

MARK = b"\x93SMTALLY"
VERSION = 1
_HEAD = struct.Struct("<8sHQQ")
_CHECKSUM = hashlib.sha256().digest_size
_KINDS = ("|b1", "|i1", "<i2", "<i4", "<i8", "<f8")
_PARTS: dict[str, Any] = {
    kind.__name__: kind for kind in (FlagRules, Histogram, Labels, Levels, Ranked, Spread, Window)
}
_DEEPEST = 12


def save_tally(tally: Tally, target: str | os.PathLike[str] | IO[bytes], *, overwrite: bool = False) -> None:
    """Write a tally to a file, to be merged with others later.

    Parameters
    ----------
    tally : Tally
        Any tally of the library.
    target : path or binary stream
        The file. A path is written under another name first and renamed when it is complete.
    overwrite : bool, default False
        Replace a file that is there.

    Raises
    ------
    InvalidTypeError
        ``tally`` is none.
    InvalidArgumentError
        The file is there already, or cannot be written.

    See Also
    --------
    load_tally : The way back.

    Examples
    --------
    >>> import io
    >>> import salesmetrics as sm
    >>> deals = sm.datasets.sample_company(deals=200, rng=1).deals
    >>> kept = io.BytesIO()
    >>> sm.save_tally(sm.OutcomeTally.from_book(deals.take(range(100)), by="rep"), kept)
    >>> _ = kept.seek(0)
    >>> both = sm.load_tally(kept) + sm.OutcomeTally.from_book(deals.take(range(100, 200)), by="rep")
    >>> both.equals(sm.OutcomeTally.from_book(deals, by="rep"))
    True
    """
    if type(tally).__name__ not in tallies.__all__ or not isinstance(tally, Tally):
        raise InvalidTypeError(
            f"`tally` must be a tally of the library; got {show(type(tally).__name__)}.",
            code="SM-SAV-01",
            field="tally",
        )
    content = _written(tally)
    if isinstance(target, (str, os.PathLike)):
        with renamed(Path(target), overwrite) as part:
            part.write_bytes(content)
        return
    if not hasattr(target, "write"):
        raise InvalidTypeError(
            f"`target` must be a path or a binary stream; got {show(target)}.", code="SM-SAV-02", field="target"
        )
    target.write(content)


def load_tally(source: str | os.PathLike[str] | IO[bytes]) -> Any:
    """Read a tally from a file that `save_tally` wrote.

    Parameters
    ----------
    source : path or binary stream
        The file.

    Returns
    -------
    Tally
        Of the kind that was saved, equal to it bit for bit.

    Raises
    ------
    MergeError
        The file is none of ours, is of another version, was cut short, has a byte that changed, or does not hold together.
    InvalidArgumentError
        The file cannot be read.

    Examples
    --------
    >>> import io
    >>> import salesmetrics as sm
    >>> sm.load_tally(io.BytesIO(b"rep,amount"))
    Traceback (most recent call last):
        ...
    salesmetrics.errors.MergeError: [SM-SAV-04] `source` must be a file that save_tally wrote; got another kind of file.
    """
    content = _content(source)
    fields, blob = _checked(content)
    try:
        kind = fields["kind"]
        if not isinstance(kind, str) or kind not in tallies.__all__:
            raise _refused(f"hold a tally that this version knows; got {show(kind)}")
        return _tally(getattr(tallies, kind), _Reader(fields["arrays"], blob), fields["fields"])
    except SalesMetricsError as error:
        if isinstance(error, MergeError):
            raise
        raise _refused(f"hold a tally that holds together; got {error.message}") from error
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, OverflowError, RecursionError) as error:
        raise _refused("hold a tally that holds together; got a description that does not") from error


# --- writing ---------------------------------------------------------------------------------------------------------


def _written(tally: Tally) -> bytes:
    """Return a tally as bytes."""
    blob = io.BytesIO()
    arrays: list[list[Any]] = []

    def keep(array: AnyArray) -> dict[str, int]:
        plain = np.ascontiguousarray(array)
        plain = plain.astype(plain.dtype.newbyteorder("<"), copy=False)
        if plain.dtype.str not in _KINDS:
            raise InvalidTypeError(f"a tally of {plain.dtype} cannot be saved.", code="SM-SAV-03", field="tally")
        arrays.append([plain.dtype.str, list(plain.shape), blob.tell()])
        blob.write(plain.tobytes())
        blob.write(b"\0" * (-blob.tell() % 8))
        return {"a": len(arrays) - 1}

    fields = {field.alias: _plain(getattr(tally, field.name), keep) for field in attrs.fields(type(tally))}
    described = {"kind": type(tally).__name__, "fields": fields, "arrays": arrays}
    text = json.dumps(described, ensure_ascii=True, separators=(",", ":"), allow_nan=False).encode()
    body = _HEAD.pack(MARK, VERSION, len(text), len(blob.getvalue())) + text + blob.getvalue()
    return body + hashlib.sha256(body).digest()


def _plain(value: Any, keep: Callable[[AnyArray], dict[str, int]]) -> Any:
    """Return a value of a tally as JSON, its arrays kept aside."""
    if value is None or isinstance(value, (bool, str)) or type(value) is int:
        return value
    if isinstance(value, float):
        return {"f": value.hex()}
    if isinstance(value, np.ndarray):
        return keep(value)
    if isinstance(value, np.generic):
        return _plain(value.item(), keep)
    if isinstance(value, tuple):
        return {"t": [_plain(item, keep) for item in value]}
    if isinstance(value, Period):
        return {"p": [value.start.isoformat(), value.end.isoformat(), value.name]}
    if isinstance(value, Periods):
        return {"P": [_plain(period, keep) for period in value]}
    if type(value) is dt.date:
        return {"d": value.isoformat()}
    if isinstance(value, np.busdaycalendar):
        return {"b": [keep(value.weekmask), keep(value.holidays.astype(np.int64))]}
    name = type(value).__name__
    if _PARTS.get(name) is not type(value):
        raise InvalidTypeError(f"a tally that holds a {show(name)} cannot be saved.", code="SM-SAV-03", field="tally")
    return {"o": [name, {f.alias: _plain(getattr(value, f.name), keep) for f in attrs.fields(type(value))}]}


# --- reading ---------------------------------------------------------------------------------------------------------


def _refused(rule: str, code: str = "SM-SAV-08") -> MergeError:
    return MergeError(f"`source` must {rule}.", code=code, field="source")


def _content(source: str | os.PathLike[str] | IO[bytes]) -> bytes:
    """Return the bytes of a file, no more of them than its head announces."""
    if not isinstance(source, (str, os.PathLike)):
        if hasattr(source, "read"):
            return _announced(source)
        raise InvalidTypeError(
            f"`source` must be a path or a binary stream; got {show(source)}.", code="SM-SAV-02", field="source"
        )
    try:
        with open(source, "rb") as file:
            return _announced(file)
    except (OSError, ValueError) as error:
        if isinstance(error, SalesMetricsError):
            raise
        raise InvalidArgumentError(
            f"`source` must be a file that can be read; got {show(os.fspath(source))}: {show(str(error))}.",
            code="SM-SAV-09",
            field="source",
            values=[source],
        ) from error


def _announced(stream: IO[bytes]) -> bytes:
    """Return the head of a stream and what it announces, and one byte more where there is one."""
    head = stream.read(_HEAD.size)
    if not isinstance(head, bytes):
        raise InvalidTypeError("`source` must be a binary stream; got one of text.", code="SM-SAV-02", field="source")
    mark, version, text, blob = _parts_of(head)
    if mark != MARK:
        raise _refused("be a file that save_tally wrote; got another kind of file", "SM-SAV-04")
    if version != VERSION:
        raise _refused(f"be of version {VERSION}; got version {version}", "SM-SAV-05")
    wanted = text + blob + _CHECKSUM
    pieces, left = [head], wanted + 1
    while left > 0 and (piece := stream.read(min(left, 1 << 20))):
        pieces.append(piece)
        left -= len(piece)
    found = wanted + 1 - left
    if found != wanted:
        what = "fewer" if found < wanted else "more"
        raise _refused(f"have the {wanted + _HEAD.size} bytes that it announces; got {what}", "SM-SAV-06")
    return b"".join(pieces)


def _parts_of(head: bytes) -> tuple[bytes, int, int, int]:
    """Return mark, version and lengths; what is shorter than a head has no mark."""
    if len(head) < _HEAD.size:
        return b"", 0, 0, 0
    mark, version, text, blob = _HEAD.unpack(head)
    return mark, version, text, blob


def _checked(content: bytes) -> tuple[dict[str, Any], memoryview]:
    """Return the description and the tables of a file whose bytes are those that were written."""
    body, checksum = memoryview(content)[:-_CHECKSUM], content[-_CHECKSUM:]
    if hashlib.sha256(body).digest() != checksum:
        raise _refused("have the bytes that were saved; got a checksum that does not fit", "SM-SAV-07")
    _, _, text, _ = _HEAD.unpack_from(content)
    start = _HEAD.size + text
    try:
        described = json.loads(bytes(body[_HEAD.size : start]))
    except (ValueError, RecursionError) as error:
        raise _refused("hold a description in JSON; got none") from error
    if not isinstance(described, dict):
        raise _refused("hold a description in JSON; got none")
    return described, body[start:]


class _Reader:
    """The values of a description, and the tables that it points to."""

    def __init__(self, arrays: Any, blob: memoryview) -> None:
        self.arrays, self.blob = arrays, blob

    def array(self, at: Any) -> AnyArray:
        """Return a table, which must lie inside the file."""
        kind, shape, offset = self.arrays[at]
        if kind not in _KINDS or not all(type(n) is int and n >= 0 for n in (*shape, offset)):
            raise _refused(f"hold tables of whole numbers; got {show(kind)}")
        size = np.dtype(kind).itemsize
        for length in shape:
            size *= length
        if offset + size > len(self.blob):
            raise _refused("hold its tables whole; got one that ends behind the file")
        held = np.frombuffer(self.blob[offset : offset + size], dtype=kind).reshape(shape)
        return np.array(held, dtype=held.dtype.newbyteorder("="))

    def value(self, plain: Any, depth: int = 0) -> Any:
        """Return a value from its description."""
        if depth > _DEEPEST:
            raise _refused("hold a description of a tally; got one that is too deep")
        if not isinstance(plain, dict):
            return plain
        ((kind, what),) = plain.items()
        if kind == "o":
            name, fields = what
            return _PARTS[name](**{key: self.value(item, depth + 1) for key, item in fields.items()})
        readers: dict[str, Callable[[], Any]] = {
            "a": lambda: self.array(what),
            "f": lambda: float.fromhex(what),
            "d": lambda: dt.date.fromisoformat(what),
            "t": lambda: tuple(self.value(item, depth + 1) for item in what),
            "p": lambda: Period(what[0], what[1], name=what[2]),
            "P": lambda: Periods([self.value(item, depth + 1) for item in what]),
            "b": lambda: np.busdaycalendar(
                weekmask=self.value(what[0]), holidays=self.value(what[1]).astype("datetime64[D]")
            ),
        }
        return readers[kind]()


def _fits(value: Any, annotation: Any) -> bool:
    """Return True where a value is of a kind that the field's annotation names."""
    names = {part.split("[")[0].strip().rpartition(".")[2] for part in str(annotation).split("|")}
    if isinstance(value, np.ndarray):
        return any(name.endswith("Array") for name in names)
    held = "None" if value is None else type(value).__name__
    return held in names or bool(names & {"Any", "object"}) or (held == "int" and "float" in names)


def _tally(kind: type[Tally], reader: _Reader, fields: dict[str, Any]) -> Tally:
    """Return a tally of its fields, whose shapes must agree."""
    known = {field.alias for field in attrs.fields(kind)}
    if set(fields) != known:
        odd = sorted(set(fields) ^ known)
        raise _refused(f"hold the fields of a {kind.__name__}; got {show(odd[0])} amiss")
    values = {name: reader.value(plain) for name, plain in fields.items()}
    for field in attrs.fields(kind):
        if not _fits(values[field.alias], field.type):
            raise _refused(f"hold {show(field.alias)} as a tally has it; got a {type(values[field.alias]).__name__}")
    tally = kind(**values)
    labels = tally.labels
    sizes = [len(level.values) for level in labels.levels]
    if labels.codes.ndim != 2 or labels.codes.shape[1] != len(sizes):
        raise _refused("hold one code for each label; got another number")
    if len(labels.codes) and ((labels.codes < 0) | (labels.codes > np.array(sizes, dtype=np.int64))).any():
        raise _refused("hold codes of its labels; got one that stands for none")
    for name, table in tally.tables().items():
        if table.shape[:1] != (len(labels),):
            raise _refused(f"hold a row of {show(name)} for each of its {len(labels)} groups; got shape {table.shape}")
    return tally
