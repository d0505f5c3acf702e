"""Lines of text, read in blocks and counted, and records gathered into columns."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable, Iterator
from typing import IO, TypeAlias

import attrs
import numpy as np

from salesmetrics.arrays import AnyArray, IntArray
from salesmetrics.errors import InvalidDataError, InvalidTypeError, show, show_value
from salesmetrics.guard import unguarded

__all__ = ["FIELD_LIMIT", "Endless", "Lines", "Records", "Stream", "bad_text", "undecodable"]

Stream: TypeAlias = IO[str]

FIELD_LIMIT = 65_536
"""Characters of one field."""
RECORD_LIMIT = 1 << 20
"""Characters of one record, over all its lines."""

_BLOCK = 1 << 18
_BATCH = 1 << 10
_FEW = 1 << 15
_BREAK = re.compile("\r\n|\r|\n")


class Endless(Exception):
    """A record has passed the limit and not ended."""


def bad_text(code: str, rule: str, got: str, line: int | None, hint: str | None = None) -> InvalidDataError:
    """Return the error of a text that breaks a rule.

    Parameters
    ----------
    code, rule, got : str
        Name of the rule, what stands behind *must*, and what was found.
    line : int or None
        The physical line.
    hint : str, optional
        The way out.

    Returns
    -------
    InvalidDataError
        The error.
    """
    where = "" if line is None else f" (line {line})"
    return InvalidDataError(f"the text must {rule}; got {got}{where}.", code=code, field="source", line=line, hint=hint)


def undecodable(error: UnicodeDecodeError, line: int | None) -> InvalidDataError:
    """Return the error of bytes that are no text in the stated encoding.

    Parameters
    ----------
    error : UnicodeDecodeError
        What Python says.
    line : int or None
        The physical line.

    Returns
    -------
    InvalidDataError
        The error.
    """
    got = f"the bytes {show(error.object[error.start : error.start + 8])}"
    hint = "state the encoding: sm.csv_file(source, encoding='cp1252') goes to the reader in place of the file."
    return bad_text("SM-TXT-20", f"be text in the encoding {error.encoding}", got, line, hint)


@attrs.define(eq=False)
class Lines:
    """Physical lines of a stream, read in blocks and counted; a record that does not end is refused in time.

    ``progress`` tells how many records have ended so far.
    """

    stream: Stream
    max_bytes: int
    progress: Callable[[], int] = lambda: 0
    characters: int = 0

    def __iter__(self) -> Iterator[str]:
        """Return the lines with their ends."""
        rest, ended, since = "", -1, 0
        while True:
            block = self._read(_BLOCK)
            if block.endswith("\r"):
                block += self._read(1)
            since = since + len(block) if self.progress() == ended else len(block)
            ended = self.progress()
            if since > RECORD_LIMIT:
                raise Endless
            text, rest = rest + block, ""
            if block:
                cut = max(text.rfind("\n"), text.rfind("\r", 0, -1)) + 1
                text, rest = text[:cut], text[cut:]
            yield from io.StringIO(text, newline="")
            if not block:
                return

    def _read(self, size: int) -> str:
        text = self.stream.read(size)
        if not isinstance(text, str):
            raise InvalidTypeError(
                f"`source` must be a stream of text; got one of {type(text).__name__}.",
                code="SM-TXT-21",
                field="source",
                hint="open the file as text, or wrap the stream: io.TextIOWrapper(stream, 'utf-8', newline='').",
            )
        self.characters += len(text)
        if self.characters > self.max_bytes:
            rule = f"hold at most max_bytes={self.max_bytes} characters"
            hint = "read it in parts, or raise max_bytes by sm.csv_file."
            raise bad_text("SM-TXT-22", rule, "more", None, hint)
        return text


@attrs.define(eq=False)
class Records:
    """Records gathered in batches into columns of texts; equal texts of a column are held once where they are few."""

    names: list[str]
    footer: str | None
    max_rows: int
    line: int = 1
    footer_lines: int = 0
    _batch: list[list[str]] = attrs.field(factory=list)
    _places: list[IntArray] = attrs.field(factory=list)
    _parts: list[list[AnyArray]] = attrs.field(factory=list)
    _seen: list[dict[str, str] | None] = attrs.field(factory=list)
    _rows: int = 0

    def progress(self) -> int:
        """Return how many records have come in."""
        return self._rows + len(self._batch)

    def gather(self, records: Iterable[list[str]], line: Callable[[], int]) -> None:
        """Take records; ``line`` tells on which line the last of them ends."""
        batch = self._batch
        for record in records:
            batch.append(record)
            if len(batch) >= _BATCH:
                self.flush(line())
                batch = self._batch
        self.flush(line())

    def begun(self) -> int:
        """Return the line on which the record behind the last one begins."""
        return self.line + sum(map(_height, self._batch))

    def flush(self, line: int) -> None:
        """Turn the batch, which ends on this line, into columns."""
        batch, places = self._batch, self._lines_of_batch(line)
        self.line = line + 1
        if self.footer_lines or set(map(len, batch)) - {len(self.names)}:
            batch, places = self._without_blanks(batch, places)
        self._refuse(batch, places)
        if not self._parts:
            self._seen = [{} for _ in self.names]
            self._parts = [[] for _ in self.names]
        for position, cells in enumerate(zip(*batch, strict=True)):
            self._parts[position].append(self._column(list(cells), position, places))
        self._places.append(places)
        self._rows += len(batch)
        self._batch = []

    def _lines_of_batch(self, line: int) -> IntArray:
        """Return the line on which each record of the batch begins."""
        if line - self.line + 1 == len(self._batch):
            return np.arange(self.line, line + 1, dtype=np.int64)
        heights = np.array([0, *map(_height, self._batch)], dtype=np.int64)
        return self.line + np.cumsum(heights)[:-1]

    def _refuse(self, batch: list[list[str]], places: IntArray) -> None:
        if self._rows + len(batch) > self.max_rows:
            line = int(places[self.max_rows - self._rows])
            raise bad_text("SM-TXT-22", f"hold at most max_rows={self.max_rows} rows", "more", line)
        if self.names in batch:
            line = int(places[batch.index(self.names)])
            raise bad_text("SM-TXT-12", "have its header once", "it again", line, "were two files joined?")

    def _without_blanks(self, batch: list[list[str]], places: IntArray) -> tuple[list[list[str]], IntArray]:
        """Return the batch without blank lines and the footer; refuse any other record of the wrong width."""
        kept, width = [], len(self.names)
        if width > 1 and not self.footer_lines and set(map(len, batch)) <= {0, width}:
            kept = [row for row, record in enumerate(batch) if record]
            return [batch[row] for row in kept], places[kept]
        for row, record in enumerate(batch):
            if not record and width == 1 and not self.footer_lines:
                batch[row] = [""]
                kept.append(row)
            elif len(record) == width and not self.footer_lines:
                kept.append(row)
            elif record and not (self.footer is not None and len(record) == 1):
                raise self._wrong_width(record, int(places[row]))
            elif record:
                self.footer_lines += 1
        return [batch[row] for row in kept], places[kept]

    def _wrong_width(self, record: list[str], line: int) -> InvalidDataError:
        way = "sm.csv_file(source, footer='salesforce') leaves out the lines below a report."
        hint = way if len(record) == 1 else None
        code = "SM-TXT-05" if len(record) == 1 else "SM-TXT-08"
        got = f"{len(record)}, beginning with {show_value(record[0])}"
        return bad_text(code, f"have {len(self.names)} fields in every row", got, line, hint)

    def _column(self, cells: list[str], position: int, places: IntArray) -> AnyArray:
        if max(map(len, cells)) > FIELD_LIMIT:
            line = int(places[next(row for row, cell in enumerate(cells) if len(cell) > FIELD_LIMIT)])
            raise bad_text("SM-TXT-10", f"have fields of at most {FIELD_LIMIT} characters", "a longer one", line)
        seen = self._seen[position]
        if seen is not None:
            cells = [seen.setdefault(cell, cell) for cell in cells]
            if len(seen) > _FEW:
                self._seen[position] = None
        if "'" in "".join(cells):
            cells = list(map(unguarded, cells))
        return np.fromiter(cells, dtype=object, count=len(cells))

    def columns(self) -> tuple[dict[str, AnyArray], IntArray]:
        """Return the columns by name, and the line of each row."""
        empty = np.empty(0, dtype=object)
        columns = {name: np.concatenate([empty, *parts]) for name, parts in zip(self.names, self._parts, strict=True)}
        return columns, np.concatenate([np.empty(0, dtype=np.int64), *self._places])


def _height(record: list[str]) -> int:
    """Return how many physical lines a record covers."""
    return 1 + sum(len(_BREAK.findall(cell)) for cell in record if "\n" in cell or "\r" in cell)
