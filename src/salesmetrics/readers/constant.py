"""Amounts of a history in one currency: all of a deal by the one rate that converts the deal itself."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np

from salesmetrics import _check
from salesmetrics.arrays import IntArray
from salesmetrics.books.deals import DealBook
from salesmetrics.books.placing import places
from salesmetrics.columns import Column, KeyColumn, LabelColumn, MoneyColumn, smallest_codes
from salesmetrics.convert import Raw
from salesmetrics.errors import InvalidArgumentError
from salesmetrics.money import resolve_scale
from salesmetrics.readers.currencies import FIELD, NO_DAY, Coins, Words, checked_rates, coins_of, rate_days
from salesmetrics.readers.mapped import Named
from salesmetrics.readers.rules import Judge

__all__ = ["Exchange", "exchange_of"]


@attrs.frozen(eq=False)
class Exchange:
    """The currency of a history, that of each of its rows, and the day whose rate counts for each."""

    coins: Coins
    days: IntArray | None
    told: bool

    @property
    def source_currency(self) -> dict[str, Column]:
        """The column that tells the currency each amount came in, where the source tells it and amounts were converted."""
        return {"source_currency": self.coins.own} if self.told and self.coins.own is not None else {}

    def amounts(self, raw: Raw, judge: Judge, said: list[str], rows: IntArray | None) -> MoneyColumn:
        """Return amounts of some rows, or of all, in the currency of the history; what is to be noted is said."""
        coins, days = self.coins, self.days
        if rows is not None and coins.own is not None:
            coins = attrs.evolve(coins, own=coins.own.take(rows))
            days = None if days is None else days.take(rows)
        column, _ = coins.amounts(raw, judge, day=days, rows=rows)
        if coins.foreign:
            when = "that converts the deal" if coins.rate_day is None else f"of {_check.date_of(coins.rate_day)}"
            note = f"amounts were converted to {coins.currency}, those of a deal by the one rate {when}"
            said += [] if note in said else [note]
        return column


def exchange_of(
    here: Named,
    judge: Judge,
    keys: Column,
    deals: DealBook | None,
    currency: str | None,
    scale: int | None,
    rates: object,
    rate_day: object,
    words: Words,
) -> Exchange:
    """Return the currency of a history, checked against the column of currencies, the deal book and the rates."""
    assert isinstance(keys, KeyColumn)
    table = checked_rates(rates, rate_day)
    told = FIELD in here
    lent = None if told or table is None else _lent(deals, keys)
    if table is not None and lent is not None:
        home = table.base if currency is None else currency
        day = _check.optional_day(rate_day, "rate_day")
        coins = Coins(home, resolve_scale(home, scale), lent, table, day, allow_negative=True)
    else:
        coins = coins_of(here, judge, currency, scale, rates, rate_day, words, allow_negative=True)
    if not coins.foreign:
        return Exchange(coins, None, told=False)
    if coins.rate_day is not None:
        return Exchange(coins, np.full(len(keys), coins.rate_day, dtype=np.int64), told)
    if deals is None:
        raise InvalidArgumentError(
            "`deals` must be given where a history is converted, for the day of each deal's rate; got None.",
            code="SM-HIS-05",
            field="deals",
            hint="the deal book, read with the same rates; or rate_day='2026-01-01' for the rates of one day.",
        )
    return Exchange(coins, _placed(rate_days(deals.columns, deals.rows, deals.as_of_day), deals, keys), told)


def _lent(deals: DealBook | None, keys: KeyColumn) -> LabelColumn | None:
    """Return the currency of the deal of each row, None where the deal book does not tell it."""
    own: Any = None if deals is None else deals.columns.get(FIELD)
    if deals is None or not isinstance(own, LabelColumn):
        return None
    return LabelColumn(smallest_codes(_placed(own.codes, deals, keys), len(own.levels)), own.levels)


def _placed(values: IntArray, deals: DealBook, keys: KeyColumn) -> IntArray:
    """Return the value of the deal of each row, -1 (`NO_DAY`) for deals that the book does not know: they are refused later."""
    ids: KeyColumn = deals.column("id", "a history")
    row = places(ids, keys.values)
    found = values.take(np.maximum(row, 0)) if deals.rows else np.full(len(row), NO_DAY)
    return np.where(row >= 0, found, NO_DAY).astype(np.int64)
