"""The way in for splits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

from salesmetrics import convert
from salesmetrics.arrays import FloatArray
from salesmetrics.books import SplitBook
from salesmetrics.books.splits import SPLIT_KINDS, split_problems
from salesmetrics.columns import Column, LabelColumn, MoneyColumn, ShareColumn
from salesmetrics.convert import Problem
from salesmetrics.convert.raw import plain
from salesmetrics.convert.words import is_plain_decimal
from salesmetrics.domain import Split
from salesmetrics.errors import InvalidArgumentError, MissingColumnError, show
from salesmetrics.keywords import names_keywords
from salesmetrics.readers.currencies import coins_of
from salesmetrics.readers.mapped import Named, any_source, named
from salesmetrics.readers.rules import Judge, checked_mode

__all__ = ["read_splits"]

FIELDS = ("deal", "rep", "share", "amount", "kind", "currency")
_MOST_SHARE = 1e6


@names_keywords
def read_splits(
    source: Any,
    columns: Mapping[str, str] | None = None,
    *,
    share_scale: float | None = None,
    kinds: Mapping[Any, str] | None = None,
    currency: str | None = None,
    scale: int | None = None,
    money_format: str | None = None,
    on_error: Literal["raise", "collect", "drop"] = "raise",
) -> SplitBook:
    """Book of splits from a CSV file, a frame, a mapping of columns or `Split` objects.

    Parameters
    ----------
    source : path, text stream, frame, mapping of array_like or iterable of Split
        Columns ``deal, rep``, then ``share`` or ``amount``, and, where there is one, ``kind`` ("revenue" without). Where both
        are given the share counts, since it stays right when the deal's amount changes or is converted.
    columns : mapping of str to str, optional
        Our name to the source's, or one of `salesmetrics.maps`.
    share_scale : float, optional
        What the whole of a deal is written as: 100 for percent. By default what the map says, else 1: shares are fractions.
    kinds : mapping, optional
        What the source's words for kinds mean, ``{"0Sp1": "revenue", "0Sp2": "overlay"}``.
    currency, scale, money_format
        As in `read_deals`, for amounts, which must be in the currency of the deals.
    on_error : {"raise", "collect", "drop"}
        As in `read_deals`.

    Returns
    -------
    SplitBook
        The splits, checked once: shares are 0 or more, and revenue shares of a deal add up to 1 within 1e-9. Whether amounts
        add up to the deal's is checked when deals are credited.

    Raises
    ------
    MissingColumnError
        Neither ``share`` nor ``amount`` is there.
    InvalidDataError
        Rows break a rule: the shares of a deal do not add up to 1, for example.

    Examples
    --------
    >>> import salesmetrics as sm
    >>> sm.read_splits({"deal": ["D1", "D1"], "rep": ["Ana", "Ben"], "share": [60, 40]}, share_scale=100)["share"]
    array([0.6, 0.4])
    """
    here = named(any_source(source, Split), columns, FIELDS, ("deal", "rep"), table="splits")
    if "share" not in here and "amount" not in here:
        raise MissingColumnError(
            f"the source must have 'share' or 'amount'; got {', '.join(map(show, here.source.names[:20])) or 'no columns'}.",
            code="SM-SRC-05",
            field="share",
            values=["share"],
            hint="columns={'share': 'SplitPercentage'}, and share_scale=100 where it is percent.",
        )
    judge = Judge(checked_mode(on_error), here.source.rows, here.source.lines, here.names)
    judge.hear(here.source.problems)
    coins = coins_of(here, judge, currency, scale, None, None, None, allow_negative=True, money_format=money_format)
    book: dict[str, Column] = {}
    book["deal"], problems = convert.key(here.raw("deal", "key"), "deal", unique=False)
    judge.keys = book["deal"].user()
    judge.hear(problems)
    book["rep"], problems = convert.label(here.raw("rep", "label"), "rep")
    judge.hear(problems)
    if "share" in here:
        book["share"] = _shares(here, judge, _whole(share_scale, here.shape.share_scale))
    else:
        column, _ = coins.amounts(here.raw("amount", "money"), judge)
        book["amount"] = _given(column, judge)
    book["kind"] = _kinds(here, judge, kinds)
    clean, kept = judge.settle(book, split_problems)
    judge.warn()
    return SplitBook(
        columns=clean,
        rows=len(kept),
        currency=coins.currency,
        scale=coins.scale,
        rejects=judge.rejects(),
        notes=(*judge.notes, *here.source.notes),
    )


def _whole(share_scale: float | None, mapped: float) -> float:
    """Return what the whole of a deal is written as: as the call says, else the map, else 1."""
    if share_scale is None:
        return mapped
    if share_scale not in (1, 100):
        raise InvalidArgumentError(
            f"`share_scale` must be 1 or 100; got {show(share_scale)}.",
            code="SM-SHR-03",
            field="share_scale",
            values=[share_scale],
            hint="1 for fractions, 100 for percent.",
        )
    return share_scale


def _shares(here: Named, judge: Judge, whole: float) -> ShareColumn:
    """Return shares as fractions, each of which must be a number of 0 or more."""
    values = _values(here.raw("share", "money"))
    with np.errstate(all="ignore"):
        shares = _numbers(values) / whole
        bad = np.flatnonzero(~((shares >= 0) & (shares < _MOST_SHARE)))
    if len(bad):
        shown: list[object] = [values[row] for row in bad.tolist()]
        judge.hear([Problem("SM-SHR-01", "share", "be a number of 0 or more in every row", bad, shown)])
    shares[bad] = 0.0
    return ShareColumn(shares)


def _values(raw: convert.Raw) -> Any:
    """Return the values of a column as they are shown, None where missing."""
    if isinstance(raw, convert.Scaled):
        shares = raw.values * 10.0**-raw.decimals
        return shares if raw.missing is None else np.where(raw.missing, np.nan, shares)
    if isinstance(raw, convert.Coded):
        found = plain(raw, "share")
        values = found.values.astype(object)
        values[found.missing] = None
        return values
    if isinstance(raw, np.ma.MaskedArray):
        return [None if value is np.ma.masked else value for value in raw]
    return raw if isinstance(raw, np.ndarray) else raw.values


def _numbers(values: Any) -> FloatArray:
    """Return shares as floats, NaN where a value is no plain number."""
    if isinstance(values, np.ndarray) and values.dtype.kind in "iuf":
        return values.astype(np.float64)
    return np.array([_number(value) for value in values], dtype=np.float64)


def _number(value: object) -> float:
    """Return a share as a float, NaN where it is none."""
    if value is None or isinstance(value, (bool, np.bool_, complex)):
        return float("nan")
    if isinstance(value, str):
        return float(value) if is_plain_decimal(value) else float("nan")
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return float("nan")


def _given(column: MoneyColumn, judge: Judge) -> MoneyColumn:
    """Return amounts, each of which must be given."""
    rows = np.flatnonzero(column.missing())
    if len(rows):
        nothing: list[object] = [None] * len(rows)
        judge.hear([Problem("SM-AMT-10", "amount", "be given in every row without a share", rows, nothing)])
    return column


def _kinds(here: Named, judge: Judge, kinds: Mapping[Any, str] | None) -> LabelColumn:
    """Return the kinds of splits, all revenue where no column says."""
    for word in (kinds or {}).values():
        if word not in SPLIT_KINDS:
            raise InvalidArgumentError(
                f"`kinds` must turn words into 'overlay' or 'revenue'; got {show(word)}.",
                code="SM-SPL-04",
                field="kinds",
                values=[word],
            )
    if "kind" not in here:
        return LabelColumn(np.zeros(here.source.rows, dtype=np.int8), SPLIT_KINDS, ordered=True)
    words, problems = convert.label(here.raw("kind", "label"), "kind")
    judge.hear(problems)
    meant = [(kinds or {}).get(level, level) for level in words.levels]
    place = [SPLIT_KINDS.index(level) if level in SPLIT_KINDS else -1 for level in meant]
    codes = np.array([*place, -1], dtype=np.int8)[words.codes]
    bad = np.flatnonzero(codes < 0)
    if len(bad):
        hint = "kinds={'0Sp1': 'revenue', '0Sp2': 'overlay'} says what the source's words mean."
        rule = "be 'overlay' or 'revenue' in every row"
        judge.hear([Problem("SM-SPL-03", "kind", rule, bad, list(words.user()[bad]), hint)])
    return LabelColumn(np.maximum(codes, 0).astype(np.int8), SPLIT_KINDS, ordered=True)
