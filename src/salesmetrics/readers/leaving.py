"""Rows that a source holds and that do not count: deleted, replaced, or merged into another."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Set
from typing import Any

import numpy as np

from salesmetrics import convert
from salesmetrics.arrays import BoolArray
from salesmetrics.columns import KeyColumn
from salesmetrics.convert import Problem
from salesmetrics.errors import InvalidTypeError, MissingColumnError, show
from salesmetrics.readers.mapped import Named, any_source
from salesmetrics.readers.rules import Judge

__all__ = ["leave_out", "leave_out_merged"]

_MERGED = "merged_deal_id"


def leave_out(here: Named, judge: Judge) -> None:
    """Leave out the rows that the source marks as not counting, whatever else is wrong with them, and count them."""
    for column, value in here.shape.left_out.items():
        name = here.mark(column)
        if name is None:
            continue
        if isinstance(value, bool):
            flags, problems = convert.flag(here.source.raw(name, "flag"), name)
            judge.hear(problems)
            marked = flags == int(value)
        else:
            words, _ = convert.label(here.source.raw(name, "label"), name)
            marked = np.asarray([str(level) == value for level in words.levels] + [False], dtype=bool)[words.codes]
        said = show(value) if isinstance(value, str) else str(value).lower()
        _gone(judge, "SM-DEL-01", "deleted", f"not be marked by {name} = {said}", marked)


def leave_out_merged(here: Named, judge: Judge, ids: KeyColumn, merged: object) -> None:
    """Leave out the deals that were merged into others, by a list of them or by what the survivors say, and count them."""
    away: set[object] = set()
    if merged is not None:
        away |= _merged_ids(merged, here.shape.as_text)
    name = None if here.shape.merged is None else here.mark(here.shape.merged)
    if name is not None:
        words, _ = convert.label(convert.as_texts(here.source.raw(name, "label")), name)
        away |= {part.strip() for level in words.levels for part in str(level).split(";") if part.strip()}
    if away:
        marked = np.fromiter((key in away for key in ids.values.tolist()), dtype=bool, count=len(ids))
        _gone(judge, "SM-DEL-02", "id", "not be merged into another deal", marked)


def _gone(judge: Judge, code: str, field: str, rule: str, marked: BoolArray) -> None:
    rows = np.flatnonzero(marked).astype(np.int64)
    values: list[object] = [True] * len(rows)
    judge.leave_out(Problem(code, field, rule, rows, values))


def _merged_ids(merged: Any, as_text: bool) -> set[object]:
    """Return ids from a list of them, or from the table of merged deals."""
    if isinstance(merged, (list, tuple, Set, np.ndarray)):
        return {str(key) if as_text else key for key in np.asarray(list(merged), dtype=object).tolist()}
    table = isinstance(merged, (str, os.PathLike, Mapping)) or hasattr(merged, "readline") or hasattr(merged, "columns")
    if not table and not hasattr(merged, "__len__"):
        raise InvalidTypeError(
            f"`merged` must be ids, or the table of merged deals; got {show(merged)}.",
            code="SM-DEL-03",
            field="merged",
            values=[merged],
            hint="merged='merged_deal.csv', or merged=['9014070905', ...].",
        )
    source = any_source(merged, dict)
    if _MERGED not in source.names:
        raise MissingColumnError(
            f"`merged` must have the column {_MERGED!r}; got {', '.join(map(show, source.names[:20])) or 'no columns'}.",
            code="SM-DEL-04",
            field="merged",
            values=list(source.names),
            hint="or give the ids of the deals that are gone: merged=['9014070905', ...].",
        )
    raw = source.raw(_MERGED, "key")
    column, _ = convert.key(convert.as_texts(raw) if as_text else raw, _MERGED, unique=False)
    return set(_listed(column.values.tolist()))


def _listed(values: Iterable[object]) -> Iterable[object]:
    return (value for value in values if value != "")
