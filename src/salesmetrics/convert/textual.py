"""Ids and labels of a system as texts, whatever the container made of them."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np

from salesmetrics.arrays import AnyArray, BoolArray
from salesmetrics.convert import raw as forms
from salesmetrics.convert.raw import Ascii, Coded, Dated, Instants, Raw, Scaled, Texts
from salesmetrics.convert.words import is_plain_decimal

__all__ = ["as_texts", "as_written", "is_words"]

_LARGEST_FLOAT = 2**53
_FLAGS = frozenset(["true", "false", "yes", "no"])


def as_texts(raw: Raw) -> Raw:
    """Return whole numbers as the texts of a file would write them; what is no whole number stays as it is.

    Parameters
    ----------
    raw : numpy.ndarray, Coded, Scaled, Texts or Instants
        A column of ids or labels.

    Returns
    -------
    Raw
        Texts, None where missing.

    Examples
    --------
    >>> as_texts(np.array([12.0, np.nan])).tolist()
    ['12', None]
    """
    if isinstance(raw, Scaled):
        return _numbered(raw.values, raw.missing) if raw.decimals == 0 else raw
    if isinstance(raw, Coded):
        order = None if raw.order is None else np.asarray(as_texts(raw.order))
        return Coded(raw.codes, np.asarray(as_texts(np.asarray(raw.labels))), order)
    if isinstance(raw, (Texts, Instants, Ascii, Dated)):
        return raw
    kind = raw.dtype.kind
    if kind in "iu":
        return _numbered(np.ma.getdata(raw), np.ma.getmaskarray(raw) if isinstance(raw, np.ma.MaskedArray) else None)
    if kind == "f":
        return _floated(raw)
    if kind == "O" and not set(map(type, raw.tolist())) <= {str, type(None)}:
        out = np.empty(len(raw), dtype=object)
        out[:] = [value if type(value) is str or value is None else _written(value) for value in raw.tolist()]
        return out
    return raw


def _numbered(values: AnyArray, missing: BoolArray | None) -> AnyArray:
    out = np.empty(len(values), dtype=object)
    out[:] = list(map(str, values.tolist()))
    if missing is not None:
        out[missing] = None
    return out


def _floated(values: AnyArray) -> AnyArray:
    """Return floats as texts where all are whole: a column of ids with holes in it, which a frame made floats of."""
    missing = np.ma.getmaskarray(values) | np.isnan(np.ma.getdata(values))
    plain = np.where(missing, 0.0, np.ma.getdata(values))
    if not ((np.abs(plain) <= _LARGEST_FLOAT) & (np.rint(plain) == plain)).all():
        return values
    return _numbered(plain.astype(np.int64), missing)


def _written(value: Any) -> object:
    if isinstance(value, (bool, np.bool_)):
        return value
    if isinstance(value, (int, np.integer)):
        return str(int(value))
    if (
        isinstance(value, (float, np.floating))
        and -_LARGEST_FLOAT <= value <= _LARGEST_FLOAT
        and float(value).is_integer()
    ):
        return str(int(value))
    return value


def as_written(raw: Raw) -> Raw:
    """Return a column of nothing but texts as those of a file; any other stays as it is.

    Parameters
    ----------
    raw : numpy.ndarray, Coded, Scaled, Texts or Instants
        A column of numbers, which a system may have sent as texts.

    Returns
    -------
    Raw
        The column.

    Examples
    --------
    >>> as_written(np.array(["0.2", None], dtype=object))
    Texts(values=array(['0.2', ''], dtype=object), lines=None)
    """
    if not isinstance(raw, np.ndarray) or raw.dtype.kind not in "OUT":
        return raw
    listed = forms.plain(raw, "number").values.tolist()
    kinds = set(map(type, listed))
    if str not in kinds or not all(kind is str or _empty(kind) for kind in kinds):
        return raw
    if float in kinds and any(isinstance(value, float) and value == value for value in listed):
        return raw
    out = np.empty(len(listed), dtype=object)
    out[:] = [value if isinstance(value, str) else "" for value in listed]
    return Texts(out)


def is_words(raw: Raw) -> bool:
    """Return whether a column holds words: texts that are not all numbers, not all days and not all flags.

    A file holds nothing but texts, a frame may have made numbers, instants and flags of them: only words are the same in both.

    Parameters
    ----------
    raw : numpy.ndarray, Coded, Scaled, Texts or Instants
        The column.

    Returns
    -------
    bool
        True where it does.

    Examples
    --------
    >>> is_words(np.array(["12", "SMB"], dtype=object)), is_words(np.array(["2026-01-05", ""], dtype=object))
    (True, False)
    """
    if isinstance(raw, Coded):
        return is_words(np.asarray(raw.labels))
    if isinstance(raw, (Scaled, Instants)):
        return False
    values = raw.values if isinstance(raw, Texts) else forms.plain(raw, "label").values
    if values.dtype.kind != "O":
        return False
    listed = values.tolist()
    if not isinstance(raw, Texts) and not all(kind is str or _empty(kind) for kind in set(map(type, listed))):
        return False
    # looked at from the first row on: the first word settles it
    return all(
        any(isinstance(v, str) and v and not test(v) for v in listed) for test in (is_plain_decimal, _is_time, _is_flag)
    )


def _empty(kind: type) -> bool:
    """Return whether values of a class are how a frame writes a missing text."""
    return kind in (type(None), float) or kind.__name__ in ("NAType", "NaTType")


def _is_flag(text: str) -> bool:
    return text.lower() in _FLAGS


def _is_time(text: str) -> bool:
    """Return whether a text begins with a day, as days and instants do."""
    try:
        return bool(dt.date.fromisoformat(text[:10])) and text[4:5] == "-" and text[10:11] in ("", " ", "T")
    except ValueError:
        return False
