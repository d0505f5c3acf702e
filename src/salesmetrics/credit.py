"""Whose win is it? Deals as they are credited: by split, by the owner of a day, with or without credits."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

import attrs
import numpy as np

from salesmetrics import _check
from salesmetrics._ratios import shared_out, times
from salesmetrics.arrays import AnyArray, IntArray
from salesmetrics.books.deals import DealBook
from salesmetrics.books.history import DealHistory
from salesmetrics.books.placing import places
from salesmetrics.books.splits import SplitBook
from salesmetrics.columns import Column, DayColumn, KeyColumn, LabelColumn, MoneyColumn, ShareColumn, smallest_codes
from salesmetrics.errors import InvalidArgumentError, InvalidDataError, show
from salesmetrics.money import LIMIT, to_major

__all__ = ["CREDITS", "OWNERS", "RETURNS", "Credit", "credited"]

CREDITS = ("revenue", "overlay")
OWNERS = ("at_close", "current", "actor")
RETURNS = ("net", "gross")
_PARTS = 10**15
"""Into how many parts a deal is divided: all the digits that a share has as a float."""


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
    place = places(ids, history.ids)
    known = np.flatnonzero(place >= 0)
    row = place.take(known)
    limit = np.full(len(row), np.iinfo(np.int32).max if as_of is None else as_of, dtype=np.int64)
    if until_close:
        closed: DayColumn = deals.column("closed", "the owner at close")
        day = closed.days.take(row)
        limit = np.where(day < 0, limit, np.minimum(limit, day))
    last = np.full(deals.rows, -1, dtype=np.int64)
    last[row] = history.last_by(limit, known)
    return last


def _one_form(ids: KeyColumn, keys: KeyColumn, place: IntArray) -> None:
    """Raise where no split has a deal because one side writes ids of Salesforce with 15 characters and the other with 18."""
    if not (ids.are_texts and keys.are_texts and len(ids) and len(keys)) or (place >= 0).any():
        return
    ours, theirs = set(ids.user().tolist()), set(keys.user().tolist())
    lengths = {len(text) for text in ours}, {len(text) for text in theirs}
    if lengths in (({15}, {18}), ({18}, {15})) and {text[:15] for text in ours} & {text[:15] for text in theirs}:
        raise InvalidDataError(
            f"`deal` must be written as the deals' `id` is; got {max(lengths[1])} characters beside {max(lengths[0])}.",
            code="SM-SPL-09",
            field="deal",
            values=[keys.user()[0]],
            hint="columns=sm.maps.SALESFORCE.with_ids(18) reads both in one form.",
        )


def _shared(deals: DealBook, splits: SplitBook, credit: str) -> DealBook:
    """Return one row for each deal and rep with a share; deals without split rows stay whole with their owner."""
    ids: KeyColumn = deals.column("id", "splits")
    keys: KeyColumn = splits.column("deal", "splits")
    kind: LabelColumn = splits.column("kind", "splits")
    who: LabelColumn = splits.column("rep", "splits")
    place = places(ids, keys.values)
    _one_form(ids, keys, place)
    rows = np.flatnonzero((kind.codes == CREDITS.index(credit)) & (place >= 0) & splits.counted())
    # by deal, then by label, so that ties of the largest remainder go to the smaller label
    rows = rows[np.lexsort((who.codes[rows], place[rows]))]
    money: MoneyColumn = deals.column("amount", "splits")
    first = _firsts(place[rows], who.codes[rows])
    deal, rep = place[rows][first], who.take(rows[first])
    if "share" in splits.columns:
        minor = _by_share(splits, rows, first, money.minor[deal], deal, credit)
    else:
        minor = _by_amount(splits, rows, first, (deals, deal), credit)
    whole = np.zeros(0, dtype=np.int64)
    if credit == "revenue":
        alone = np.ones(deals.rows, dtype=bool)
        alone[deal] = False
        whole = np.flatnonzero(alone)
    taken = np.concatenate([whole, deal])
    own: LabelColumn = deals.column("rep", "splits")
    known = None if money.known is None else money.known[taken]
    columns: dict[str, Column] = {name: column.take(taken) for name, column in deals.columns.items()}
    columns["id"] = KeyColumn(taken)
    columns["rep"] = own.take(whole).concat([rep])
    minor = np.concatenate([money.minor[whole], minor])
    columns["amount"] = MoneyColumn(minor if known is None else np.where(known, minor, 0), known, money.scale)
    return attrs.evolve(deals, columns=columns, rows=len(taken))


def _firsts(*keys: AnyArray) -> IntArray:
    """Return where runs of equal keys begin, in rows that are sorted by them."""
    if not len(keys[0]):
        return np.zeros(0, dtype=np.int64)
    new = np.zeros(len(keys[0]), dtype=bool)
    new[0] = True
    for key in keys:
        new[1:] |= key[1:] != key[:-1]
    return np.flatnonzero(new)


def _by_share(
    splits: SplitBook, rows: IntArray, first: IntArray, minor: IntArray, deal: IntArray, credit: str
) -> IntArray:
    """Return amounts times shares, the shares of a rep in one deal added up before."""
    share: ShareColumn = splits.column("share", "splits")
    if not len(rows):
        return minor
    if credit == "revenue":
        parts = np.rint(share.values[rows] * _PARTS).astype(np.int64)
        return _largest_remainder(minor, np.add.reduceat(parts, first), deal)
    distinct, which = np.unique(share.values, return_inverse=True)
    exact = [Fraction(repr(value)) for value in distinct.tolist()]
    ends = np.append(first[1:], len(rows))
    used = which.reshape(-1)[rows]
    single = (ends - first == 1).all()
    ratios = exact if single else [sum(exact[k] for k in used[a:b].tolist()) for a, b in zip(first, ends, strict=True)]
    product, above = times(minor, used if single else np.arange(len(first)), ratios, LIMIT)
    if above.any():
        raise InvalidDataError(
            f"`share` must give at most {LIMIT} minor units; got more for {int(above.sum())} splits.",
            code="SM-AMT-03",
            field="share",
            row=int(rows[first[np.flatnonzero(above)[0]]]),
            hint="overlay shares are fractions: 10.0 is ten times the deal.",
        )
    return product


def _by_amount(
    splits: SplitBook, rows: IntArray, first: IntArray, where: tuple[DealBook, IntArray], credit: str
) -> IntArray:
    """Return the amounts that the splits state; those of revenue must add up to the deal's, each rounded to a minor unit."""
    deals, deal = where
    money: MoneyColumn = deals.column("amount", "splits")
    stated = _stated(splits, deals)[rows]
    if not len(rows):
        return stated
    given = np.add.reduceat(stated, first)
    if credit == "overlay":
        return given
    begin = _firsts(deal)
    ends = np.append(begin[1:], len(deal))
    amount, known = money.minor[deal[begin]], ~money.missing()[deal[begin]]
    missing = np.where(known, amount - np.add.reduceat(given, begin), 0)
    far = np.flatnonzero(np.abs(missing) > ends - begin)
    if len(far):
        raise _not_whole(deals, deal[begin[far]], amount[far], (amount - missing)[far])
    for at in np.flatnonzero(missing).tolist():
        some = slice(int(begin[at]), int(ends[at]))
        given[some] = _in_proportion(int(amount[at]), given[some].tolist())
    return given


def _stated(splits: SplitBook, deals: DealBook) -> IntArray:
    """Return the amounts of splits in the minor units of the deals, whose currency they must have."""
    money: MoneyColumn = splits.column("amount", "splits")
    if None not in (splits.currency, deals.currency) and splits.currency != deals.currency:
        raise InvalidDataError(
            f"`splits` must be in the currency of the deals; got {splits.currency} beside {deals.currency}.",
            code="SM-CUR-01",
            field="splits",
            values=[splits.currency],
            hint="shares are the same in every currency: read those instead.",
        )
    if money.scale > deals.scale:
        raise InvalidDataError(
            f"`splits` must have at most the decimals of the deals; got {money.scale} beside {deals.scale}.",
            code="SM-CUR-06",
            field="splits",
            values=[money.scale],
            hint="give both the same scale when they are read.",
        )
    minor: IntArray = money.minor * 10 ** (deals.scale - money.scale)
    return minor


def _not_whole(deals: DealBook, rows: IntArray, amount: IntArray, found: IntArray) -> InvalidDataError:
    """Return the refusal of revenue splits that do not add up to their deal."""
    ids: KeyColumn = deals.column("id", "splits")
    keys = list(ids.values[rows])
    one, other = (to_major(minor[:1], deals.scale)[0] for minor in (found, amount))
    return InvalidDataError(
        f"`amount` must add up to the deal over its revenue splits; got {len(rows)} deals whose splits do not (first: "
        f"deal {show(keys[0])}, {one:,} of {other:,}).",
        code="SM-SPL-05",
        field="amount",
        row=int(rows[0]),
        rows=rows,
        keys=keys,
        values=to_major(found, deals.scale).tolist(),
        hint="a converted or changed deal has other amounts than its splits: give shares, which stay right.",
    )


def _in_proportion(amount: int, weights: list[int]) -> list[int]:
    """Return the amount divided by the largest remainder, in proportion to whole weights; ties go to the first."""
    total = sum(weights)
    if total == 0:
        return [amount + weights[0], *weights[1:]]
    ideal = [Fraction(abs(amount) * weight, total) for weight in weights]
    parts = [math.floor(share) for share in ideal]
    order = sorted(range(len(weights)), key=lambda at: (parts[at] - ideal[at], at))
    for at in order[: abs(amount) - sum(parts)]:
        parts[at] += 1
    return parts if amount >= 0 else [-part for part in parts]


def _largest_remainder(minor: IntArray, parts: IntArray, deal: IntArray) -> IntArray:
    """Return whole minor units that add up to the amount of each deal; rows are sorted by deal, then by label."""
    first = _firsts(deal)
    group = np.repeat(np.arange(len(first)), np.diff(np.append(first, len(deal))))
    total = np.add.reduceat(parts, first)[group]
    sign, size = np.sign(minor), np.abs(minor)
    floor, rest = shared_out(size, parts, total)
    missing = size - np.add.reduceat(floor, first)[group]
    order = np.lexsort((np.arange(len(deal)), -rest, deal))
    rank = np.empty(len(deal), dtype=np.int64)
    rank[order] = np.arange(len(deal)) - first[group]
    shared: IntArray = sign * (floor + (rank < missing))
    return shared


def credit_words(
    how: Credit, splits: SplitBook | None, history: DealHistory | None, stored: Sequence[str] = ()
) -> str | None:
    """Return who gets the credit, in words, where it is not simply the deal's rep.

    ``stored`` names the labels asked for that the deals hold themselves: they stand still, whoever is credited. Those that
    reps lend go with the rep who is credited.
    """
    said = []
    if splits is not None:
        said.append(f"{how.credit} splits")
    if history is not None and "rep" in history.columns:
        said.append(f"owner {how.owner.replace('_', ' ')}")
    if said and stored:
        said.append(f"{' and '.join(stored)} as the deal has it, whoever is credited")
    if how.returns == "gross":
        said.append("without credits")
    return ", ".join(said) or None
