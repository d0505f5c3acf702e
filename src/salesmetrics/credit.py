"""Whose win is it? Deals as they are credited: by split, by the owner of a day, with or without credits."""

from __future__ import annotations

import attrs
import numpy as np

from salesmetrics import _check
from salesmetrics.arrays import AnyArray, IntArray
from salesmetrics.books.deals import DealBook
from salesmetrics.books.history import DealHistory
from salesmetrics.books.splits import SplitBook
from salesmetrics.columns import Column, DayColumn, KeyColumn, LabelColumn, MoneyColumn, ShareColumn, smallest_codes
from salesmetrics.errors import InvalidArgumentError, InvalidDataError

__all__ = ["CREDITS", "OWNERS", "RETURNS", "Credit", "credited"]

CREDITS = ("revenue", "overlay")
OWNERS = ("at_close", "current", "actor")
RETURNS = ("net", "gross")
_PARTS = 10**9


@attrs.frozen
class Credit:
    """Who gets the credit, and for what."""

    credit: str = attrs.field(default="revenue")
    owner: str = attrs.field(default="at_close")
    returns: str = attrs.field(default="net")

    def __attrs_post_init__(self) -> None:
        _check.one_of(self.credit, CREDITS, "credit")
        _check.one_of(self.owner, OWNERS, "owner")
        _check.one_of(self.returns, RETURNS, "returns")


def credited(
    deals: DealBook,
    how: Credit,
    *,
    splits: SplitBook | None = None,
    history: DealHistory | None = None,
    as_of: int | None = None,
) -> DealBook:
    """Return the deals with the reps and amounts that count: one row for each deal and rep with a share.

    Changes of owner after ``as_of`` are not known yet. With splits ``id`` becomes a whole number that tells deals apart.
    """
    if how.credit == "overlay" and splits is None:
        raise InvalidArgumentError(
            "`splits` must be given with credit 'overlay'; got None.",
            code="SM-SPL-02",
            field="splits",
            hint="sm.read_splits(frame) makes a book of splits.",
        )
    book = _owned(deals, how.owner, history, as_of)
    if how.returns == "gross":
        book = _without_credits(book)
    return book if splits is None else _shared(book, splits, how.credit)


def _without_credits(deals: DealBook) -> DealBook:
    """Return the deals without negative amounts."""
    money: MoneyColumn = deals.column("amount", "returns='gross'")
    return deals.take(np.flatnonzero(money.minor >= 0)) if (money.minor < 0).any() else deals


def _owned(deals: DealBook, owner: str, history: DealHistory | None, as_of: int | None) -> DealBook:
    """Return the deals with the owner that counts; without a history of owners the deal's own rep stands."""
    if owner == "actor" and (history is None or "actor" not in history.columns):
        raise InvalidArgumentError(
            "`history` must have the column 'actor' with owner 'actor'; got none.",
            code="SM-OWN-01",
            field="history",
            hint="who performed the closing event is known from a history of changes only.",
        )
    if history is None or "rep" not in history.columns:
        return deals
    name = "actor" if owner == "actor" else "rep"
    held: LabelColumn = history.columns[name]  # type: ignore[assignment]
    last = _last_rows(deals, history, as_of, until_close=owner != "current")
    codes = np.where(last >= 0, held.codes[np.maximum(last, 0)] if len(held) else -1, -1)
    own: LabelColumn = deals.column("rep", "the owner of deals without a history")
    changed = LabelColumn(smallest_codes(codes, len(held.levels)), held.levels)
    merged = own.concat([changed])
    theirs = merged.codes[len(own) :]
    rep = LabelColumn(np.where(theirs >= 0, theirs, merged.codes[: len(own)]), merged.levels)
    return deals.with_labels({"rep": rep})


def _last_rows(deals: DealBook, history: DealHistory, as_of: int | None, *, until_close: bool) -> IntArray:
    """Return, for each deal, its last row of the history by ``as_of`` and by its close (or of all), -1 for none."""
    ids: KeyColumn = deals.column("id", "a history of owners")
    keys: KeyColumn = history.column("deal", "a history of owners")
    date: DayColumn = history.column("date", "a history of owners")
    order = history.order()
    place = _places(ids, keys.values)
    known = order[place[order] >= 0]
    if as_of is not None:
        known = known[date.days[known] <= as_of]
    if until_close:
        closed: DayColumn = deals.column("closed", "the owner at close")
        limit = np.where(closed.days < 0, np.iinfo(np.int32).max, closed.days)
        known = known[date.days[known] <= limit[place[known]]]
    last = np.full(deals.rows, -1, dtype=np.int64)
    last[place[known]] = known  # rows are in order, so the last one written stays
    return last


def _places(ids: KeyColumn, wanted: AnyArray) -> IntArray:
    """Return the row of the deal with each id, -1 where there is none."""
    if not len(ids):
        return np.full(len(wanted), -1, dtype=np.int64)
    order = np.argsort(ids.values, kind="stable")
    ordered = ids.values[order]
    try:
        at = np.minimum(np.searchsorted(ordered, wanted), len(ordered) - 1)
    except TypeError as error:
        raise InvalidDataError(
            "`deal` must be of the kind of the deals' `id`; got texts beside whole numbers.",
            code="SM-KEY-08",
            field="deal",
            hint="read both as texts, or both as whole numbers.",
        ) from error
    return np.where(ordered[at] == wanted, order[at], -1).astype(np.int64)


def _shared(deals: DealBook, splits: SplitBook, credit: str) -> DealBook:
    """Return one row for each deal and share; deals without split rows stay whole with their owner."""
    ids: KeyColumn = deals.column("id", "splits")
    keys: KeyColumn = splits.column("deal", "splits")
    kind: LabelColumn = splits.column("kind", "splits")
    place = _places(ids, keys.values)
    who: LabelColumn = splits.column("rep", "splits")
    share: ShareColumn = splits.column("share", "splits")
    rows = np.flatnonzero((kind.codes == CREDITS.index(credit)) & (place >= 0) & (share.values > 0))
    # by deal, then by label, so that ties of the largest remainder go to the smaller label
    rows = rows[np.lexsort((who.codes[rows], place[rows]))]
    deal = place[rows]
    money: MoneyColumn = deals.column("amount", "splits")
    parts = np.rint(share.values[rows] * _PARTS).astype(np.int64)
    minor = (
        _largest_remainder(money.minor[deal], parts, deal)
        if credit == "revenue"
        else _rounded(money.minor[deal], parts)
    )
    whole = np.zeros(0, dtype=np.int64)
    if credit == "revenue":
        alone = np.ones(deals.rows, dtype=bool)
        alone[deal] = False
        whole = np.flatnonzero(alone)
    taken = np.concatenate([whole, deal])
    own: LabelColumn = deals.column("rep", "splits")
    rep = own.take(whole).concat([who.take(rows)])
    known = None if money.known is None else money.known[taken]
    columns: dict[str, Column] = {name: column.take(taken) for name, column in deals.columns.items()}
    columns["id"] = KeyColumn(taken)
    columns["rep"] = rep
    columns["amount"] = MoneyColumn(np.concatenate([money.minor[whole], minor]), known, money.scale)
    return attrs.evolve(deals, columns=columns, rows=len(taken))


def _largest_remainder(minor: IntArray, parts: IntArray, deal: IntArray) -> IntArray:
    """Return whole minor units that add up to the amount of each deal; rows are sorted by deal, then by label."""
    if not len(minor):
        return minor
    first = np.flatnonzero(np.concatenate(([True], deal[1:] != deal[:-1])))
    group = np.repeat(np.arange(len(first)), np.diff(np.append(first, len(deal))))
    total = np.add.reduceat(parts, first)[group]
    sign, size = np.sign(minor), np.abs(minor)
    high, low = np.divmod(size, total)
    # size * parts / total in two steps that stay within int64: size = high * total + low
    floor = high * parts + low * parts // total
    rest = low * parts % total
    missing = size - np.add.reduceat(floor, first)[group]
    order = np.lexsort((np.arange(len(deal)), -rest, deal))
    rank = np.empty(len(deal), dtype=np.int64)
    rank[order] = np.arange(len(deal)) - first[group]
    shared: IntArray = sign * (floor + (rank < missing))
    return shared


def _rounded(minor: IntArray, parts: IntArray) -> IntArray:
    """Return amount times share, rounded half to even."""
    sign, size = np.sign(minor), np.abs(minor)
    high, low = np.divmod(size, _PARTS)
    whole, rest = np.divmod(low * (parts % _PARTS), _PARTS)
    base = high * parts + low * (parts // _PARTS) + whole
    up = (2 * rest > _PARTS) | ((2 * rest == _PARTS) & (base % 2 == 1))
    rounded: IntArray = sign * (base + up)
    return rounded


def credit_words(how: Credit, splits: SplitBook | None, history: DealHistory | None) -> str | None:
    """Return who gets the credit, in words, where it is not simply the deal's rep."""
    said = []
    if splits is not None:
        said.append(f"{how.credit} splits")
    if history is not None and "rep" in history.columns:
        said.append(f"owner {how.owner.replace('_', ' ')}")
    if how.returns == "gross":
        said.append("without credits")
    return ", ".join(said) or None
