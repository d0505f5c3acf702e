"""Ids of the records of Salesforce: 15 characters whose case counts, or 18 with a checksum of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal

import numpy as np

from salesmetrics.arrays import AnyArray, BoolArray, IntArray
from salesmetrics.convert import raw as forms
from salesmetrics.convert.raw import Ascii, Coded, Problem, Raw, Texts

__all__ = ["beginning", "record_ids", "wrong_records"]

_RECORD = re.compile("[0-9A-Za-z]{15}(?:[0-9A-Za-z]{3})?")
_BLOCK = 1 << 16
_PLAIN = frozenset([str, int, float, bool, Decimal, type(None)])
"""Kinds of values that a table can be asked for, and that equal no text."""
_SUFFIX = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"


def beginning(raw: Raw, start: str) -> Raw:
    """Return a column of ids in which those that do not begin so are missing.

    Parameters
    ----------
    raw : numpy.ndarray, Coded or Texts
        Ids as texts.
    start : str
        Their first characters.

    Returns
    -------
    Raw
        The column.

    Examples
    --------
    >>> beginning(np.array(["006A", "001B", None], dtype=object), "006").tolist()
    ['006A', None, None]
    """
    return _each_text(raw, lambda text: text if text.startswith(start) else None)


def record_ids(raw: Raw, length: int) -> Raw:
    """Return ids of Salesforce in one length: 15 characters, or 18 with the checksum of their case; others stay as they are.

    Parameters
    ----------
    raw : numpy.ndarray, Coded or Texts
        Ids as texts.
    length : {15, 18}
        The length.

    Returns
    -------
    Raw
        The column.

    Examples
    --------
    >>> record_ids(np.array(["0060X00000AbCdE", None], dtype=object), 18).tolist()
    ['0060X00000AbCdEQAV', None]
    """
    return _each_text(raw, lambda text: _of_length(text, length))


def _of_length(text: str, length: int) -> str:
    if not _is_record(text):
        return text
    return text[:15] if length == 15 else text[:15] + _checksum(text)


def _is_record(text: str) -> bool:
    """Return whether a text is an id of Salesforce: 15 characters, or 18 whose last three fit."""
    return _RECORD.fullmatch(text) is not None and (len(text) == 15 or text[15:].upper() == _checksum(text))


def _checksum(text: str) -> str:
    bits = (sum(text[start + at].isupper() << at for at in range(5)) for start in (0, 5, 10))
    return "".join(_SUFFIX[number] for number in bits)


def wrong_records(values: AnyArray, field: str, length: int | None) -> list[Problem]:
    """Return the problem of texts that should be ids of Salesforce and are none.

    Parameters
    ----------
    values : numpy.ndarray of object
        Ids; None and ``""`` where missing.
    field : str
        The field.
    length : int or None
        The length that was asked for. None asks for none: a checksum that does not fit is a warning then.

    Returns
    -------
    list of Problem
        The problem, if any row has it.

    Examples
    --------
    >>> [p.code for p in wrong_records(np.array(["0060X00000AbCdEQAA"], dtype=object), "id", 18)]
    ['SM-KEY-10']
    """
    if length is None:
        rows = _misfits(values.tolist())
        if not len(rows):
            return []
        hint = "somebody changed the case of these ids, or cut them; case tells ids of Salesforce apart."
        rule = "end in the checksum of its first 15 characters, as ids of Salesforce with 18 do"
        return [Problem("SM-KEY-11", field, rule, rows, list(values[rows]), hint, warning=True)]
    wrong = {text for text in set(values.tolist()) if isinstance(text, str) and text and not _is_record(text)}
    if not wrong:
        return []
    rows = np.flatnonzero([value in wrong for value in values.tolist()]).astype(np.int64)
    hint = "15 letters and digits, or 18 that end in their checksum; read the map without with_ids() for other ids."
    return [Problem("SM-KEY-10", field, "be an id of Salesforce in every row", rows, list(values[rows]), hint)]


def _misfits(texts: list[object]) -> IntArray:
    """Return the rows with 18 letters and digits of which the last three are not the checksum of the first 15."""
    words = [text if isinstance(text, str) else "" for text in texts] if set(map(type, texts)) != {str} else texts
    size = np.fromiter(map(len, words), dtype=np.int64, count=len(words))  # type: ignore[arg-type]
    rows = np.flatnonzero(size == 18).astype(np.int64)
    chosen = [str(words[row]) for row in rows.tolist()]
    joined = "".join(chosen)
    if not joined.isascii():
        plain = [text.isascii() for text in chosen]
        rows, joined = rows[plain], "".join(text for text, kept in zip(chosen, plain, strict=True) if kept)
    grid = np.frombuffer(joined.encode("ascii"), dtype=np.uint8).reshape(-1, 18)
    bad = [_unlike(grid[start : start + _BLOCK]) for start in range(0, len(grid), _BLOCK)]
    found: IntArray = rows[np.concatenate([np.empty(0, dtype=bool), *bad])]
    return found


def _unlike(grid: AnyArray) -> BoolArray:
    """Return whether each row of characters is of letters and digits and does not end in its checksum."""
    upper = (grid >= ord("A")) & (grid <= ord("Z"))
    digit = (grid >= ord("0")) & (grid <= ord("9"))
    lower = (grid >= ord("a")) & (grid <= ord("z"))
    bits = sum(upper[:, at:15:5].astype(np.uint8) << at for at in range(5))
    wanted = np.frombuffer(_SUFFIX.encode("ascii"), dtype=np.uint8)[bits]
    given = np.where(lower[:, 15:], grid[:, 15:] - np.uint8(32), grid[:, 15:])
    return np.asarray((upper | digit | lower).all(axis=1) & (given != wanted).any(axis=1))


def _each_text(raw: Raw, change: Callable[[str], str | None]) -> Raw:
    """Return a column with each text changed; equal texts are changed once."""
    if isinstance(raw, Coded):
        return Coded(raw.codes, np.asarray(_each_text(np.asarray(raw.labels), change)))
    if isinstance(raw, Texts):
        return Texts(_changed(raw.values, lambda text: change(text) or ""), raw.lines)
    if not isinstance(raw, Ascii) and (not isinstance(raw, np.ndarray) or raw.dtype.kind not in "OUT"):
        return raw
    return _changed(forms.plain(raw, "id").values, change)


def _changed(values: AnyArray, change: Callable[[str], str | None]) -> AnyArray:
    listed = values.tolist()
    out = np.empty(len(values), dtype=object)
    if set(map(type, listed)) <= _PLAIN:
        with suppress(TypeError):  # a Decimal that signals has no hash
            table = {text: change(text) for text in set(listed) if type(text) is str}
            out[:] = list(map(table.get, listed, listed))
            return out
    table = {text: change(text) for text in {value for value in listed if isinstance(value, str)}}
    out[:] = [table[value] if isinstance(value, str) else value for value in listed]
    return out
