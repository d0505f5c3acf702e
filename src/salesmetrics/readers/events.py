"""The way in for splits and for changes of deals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

from salesmetrics import convert
from salesmetrics.books import DealHistory, SplitBook
from salesmetrics.books.splits import SPLIT_KINDS, split_problems
from salesmetrics.columns import Column, LabelColumn, ShareColumn
from salesmetrics.convert import Problem
from salesmetrics.domain import Split
from salesmetrics.errors import InvalidTypeError
from salesmetrics.money import resolve_scale
from salesmetrics.readers.mapped import Named, any_source, named
from salesmetrics.readers.rules import Judge, checked_mode

__all__ = ["read_history", "read_splits"]

OnError = Literal["raise", "collect", "drop"]


def read_splits(source: Any, columns: Mapping[str, str] | None = None, *, on_error: OnError = "raise") -> SplitBook:
    """Book of splits from a CSV file, a frame, a mapping of columns or `Split` objects.

    Parameters
    ----------
    source : path, text stream, frame, mapping of array_like or iterable of Split
        Columns ``deal, rep, share`` and, where there is one, ``kind`` ("revenue" without).
    columns : mapping of str to str, optional
        Our name to the source's.
    on_error : {"raise", "collect", "drop"}
        As in `read_deals`.

    Returns
    -------
    SplitBook
        The splits, checked once: shares are 0 or more, and revenue shares of a deal add up to 1 within 1e-9.

    Examples
    --------
    >>> import salesmetrics as sm
    >>> sm.read_splits({"deal": ["D1", "D1"], "rep": ["Ana", "Ben"], "share": [0.5, 0.5]})["share"]
    array([0.5, 0.5])
    """
    fields = ("deal", "rep", "share", "kind")
    here = named(any_source(source, Split), columns, fields, ("deal", "rep", "share"))
    judge = Judge(checked_mode(on_error), here.source.rows, here.source.lines, here.names)
    judge.hear(here.source.problems)
    book: dict[str, Column] = {}
    book["deal"], problems = convert.key(here.raw("deal", "key"), "deal", unique=False)
    judge.keys = book["deal"].user()
    judge.hear(problems)
    book["rep"], problems = convert.label(here.raw("rep", "label"), "rep")
    judge.hear(problems)
    book["share"] = _shares(here, judge)
    book["kind"] = _kinds(here, judge)
    clean, kept = judge.settle(book, split_problems)
    judge.warn()
    return SplitBook(columns=clean, rows=len(kept), rejects=judge.rejects(), notes=tuple(judge.notes))


def read_history(
    source: Any,
    columns: Mapping[str, str] | None = None,
    *,
    currency: str | None = None,
    scale: int | None = None,
    zone: str | None = None,
    date_format: str | None = None,
    on_error: OnError = "raise",
) -> DealHistory:
    """Book of changes of deals from a CSV file, a frame or a mapping of columns.

    Parameters
    ----------
    source : path, text stream, frame or mapping of array_like
        Columns ``deal, date`` and those of ``seq, rep, actor, stage, expected_close, amount, forecast_category`` that were
        tracked: one row for each change, holding the state after it.
    columns : mapping of str to str, optional
        Our name to the source's.
    currency, scale, zone, date_format, on_error
        As in `read_deals`.

    Returns
    -------
    DealHistory
        The changes, checked once.

    Examples
    --------
    >>> import salesmetrics as sm
    >>> changes = sm.read_history({"deal": ["D1", "D1"], "date": ["2026-01-05", "2026-02-01"], "rep": ["Ana", "Ben"]})
    >>> changes["rep"].tolist()
    ['Ana', 'Ben']
    """
    fields = ("deal", "date", "seq", "rep", "actor", "stage", "expected_close", "amount", "forecast_category")
    if isinstance(source, (list, tuple)):
        raise InvalidTypeError(
            "`source` must be a file, a frame or a mapping of columns; got a list.", code="SM-SRC-16", field="source"
        )
    here = named(any_source(source, dict), columns, fields, ("deal", "date"))
    judge = Judge(checked_mode(on_error), here.source.rows, here.source.lines, here.names)
    judge.hear(here.source.problems)
    decimals = resolve_scale(currency, scale)
    book: dict[str, Column] = {}
    book["deal"], problems = convert.key(here.raw("deal", "key"), "deal", unique=False)
    judge.keys = book["deal"].user()
    judge.hear(problems)
    for field in ("date", "expected_close"):
        if field in here:
            book[field], problems = convert.day(here.raw(field, "day"), field, zone=zone, date_format=date_format)
            judge.hear(problems)
    undated = np.flatnonzero(book["date"].missing())
    if len(undated):
        nothing: list[object] = [None] * min(len(undated), 10)
        judge.hear([Problem("SM-DAY-04", "date", "be given in every row", undated, nothing)])
    for field in ("seq", "rep", "actor", "stage", "forecast_category"):
        if field in here:
            book[field], problems = convert.label(here.raw(field, "label"), field)
            judge.hear(problems)
    if "amount" in here:
        book["amount"], problems = convert.money(here.raw("amount", "money"), "amount", decimals, allow_negative=True)
        judge.hear(problems)
    clean, kept = judge.settle(book, lambda _: [])
    judge.warn()
    return DealHistory(
        columns=clean,
        rows=len(kept),
        currency=currency,
        scale=decimals,
        rejects=judge.rejects(),
        notes=tuple(judge.notes),
    )


def _shares(here: Named, judge: Judge) -> ShareColumn:
    """Return shares, each of which must be a number of 0 or more."""
    raw = here.raw("share", "probability")
    values = getattr(raw, "values", raw)
    try:
        shares = np.array([_number(v) for v in values], dtype=np.float64)
    except (TypeError, ValueError):
        shares = np.full(len(raw), np.nan)
    with np.errstate(invalid="ignore"):
        bad = np.flatnonzero(~((shares >= 0) & (shares < 1e6)))
    if len(bad):
        shown: list[object] = list(np.asarray(values, dtype=object)[bad[:10]])
        judge.hear([Problem("SM-SHR-01", "share", "be a number of 0 or more in every row", bad, shown)])
    return ShareColumn(np.where(np.isfinite(shares), shares, 0.0))


def _number(value: object) -> float:
    """Return a share as a float, NaN where it is none."""
    if value is None or value == "" or isinstance(value, (bool, complex)):
        return float("nan")
    return float(value)  # type: ignore[arg-type]


def _kinds(here: Named, judge: Judge) -> LabelColumn:
    """Return the kinds of splits, all revenue where no column says."""
    if "kind" not in here:
        return LabelColumn(np.zeros(here.source.rows, dtype=np.int8), SPLIT_KINDS, ordered=True)
    words, problems = convert.label(here.raw("kind", "label"), "kind")
    judge.hear(problems)
    place = [SPLIT_KINDS.index(level) if level in SPLIT_KINDS else -1 for level in words.levels]
    codes = np.array([*place, -1], dtype=np.int8)[words.codes]
    bad = np.flatnonzero(codes < 0)
    if len(bad):
        judge.hear(
            [Problem("SM-SPL-03", "kind", "be 'overlay' or 'revenue' in every row", bad, list(words.user()[bad[:10]]))]
        )
    return LabelColumn(np.maximum(codes, 0).astype(np.int8), SPLIT_KINDS, ordered=True)
