"""Files as sources: what a file is, is told by its first bytes and not by its name."""

from __future__ import annotations

import io
import os
from typing import Any

from salesmetrics.errors import InvalidArgumentError, InvalidTypeError, show
from salesmetrics.readers.csv import MAX_BYTES, csv_source, encoding_of, refuse_archive
from salesmetrics.readers.parquet import parquet_source, seekable
from salesmetrics.readers.source import Source

__all__ = ["file_source"]

_PARQUET = (b"PAR1", b"PARE")
_START = 8


def file_source(source: Any) -> Source:
    r"""Return the columns of a CSV or Parquet file, by its path or open.

    Parameters
    ----------
    source : path, text stream or binary stream
        The file. The stream stays the caller's: it is read and not closed.

    Returns
    -------
    Source
        The columns.

    Raises
    ------
    InvalidArgumentError
        If there is no file of that name that can be read.
    InvalidDataError
        If it is an archive, or breaks a rule of its format.

    Examples
    --------
    >>> import io
    >>> file_source(io.BytesIO(b"id,amount\nD-1,12.50\n")).names
    ['id', 'amount']
    """
    if isinstance(source, (str, os.PathLike)):
        start = _start_of(source)
        return parquet_source(source) if start.startswith(_PARQUET) else csv_source(source)
    if isinstance(source, io.TextIOBase) or not _gives_bytes(source):
        return csv_source(source)
    start = source.read(_START)
    if start.startswith(_PARQUET):
        return parquet_source(seekable(source, start, MAX_BYTES))
    refuse_archive(start, "a stream")
    text = io.TextIOWrapper(io.BufferedReader(_Rest(source, start)), encoding=encoding_of(start), newline="")
    return csv_source(text)


def _start_of(path: str | os.PathLike[str]) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read(_START)
    except (OSError, ValueError) as error:
        hint = "a text given as a source is a path; wrap the text itself: io.StringIO(text)."
        raise InvalidArgumentError(
            f"`source` must be a file that can be read; got {show(os.fspath(path))}: {show(str(error))}.",
            code="SM-TXT-23",
            field="source",
            values=[path],
            hint=hint if "\n" in str(os.fspath(path)) else None,
        ) from error


def _gives_bytes(stream: Any) -> bool:
    if not hasattr(stream, "read"):
        raise InvalidTypeError(
            f"`source` must be a path or an open file; got {show(stream)}.", code="SM-TXT-21", field="source"
        )
    try:
        return isinstance(stream.read(0), (bytes, bytearray))
    except (TypeError, ValueError):  # a stream that takes no size, or a closed one: reading it tells more
        return False


class _Rest(io.RawIOBase):
    """What a binary stream still holds, with the bytes read ahead in front; closing it leaves the stream open."""

    def __init__(self, stream: Any, start: bytes) -> None:
        self._stream, self._start = stream, start

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        size = len(buffer)
        taken = self._start[:size] if self._start else bytes(self._stream.read(size) or b"")
        self._start = self._start[size:]
        buffer[: len(taken)] = taken
        return len(taken)
