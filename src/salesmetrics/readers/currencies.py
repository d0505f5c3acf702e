"""Which currency each amount is in, and all amounts in one: at the door, each by the rate of its own day."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import attrs
import numpy as np

from salesmetrics import _check, convert
from salesmetrics.arrays import AnyArray, BoolArray, IntArray
from salesmetrics.columns import Column, DayColumn, LabelColumn, MoneyColumn, smallest_codes
from salesmetrics.convert import Pieces, Problem, Raw
from salesmetrics.errors import InvalidArgumentError, InvalidDataError, InvalidTypeError, show
from salesmetrics.money import CURRENCIES, LIMIT, MAX_SCALE, resolve_scale
from salesmetrics.rates import FxTable, converted
from salesmetrics.readers.mapped import Named
from salesmetrics.readers.rules import Judge

__all__ = ["Coins", "Words", "codes_of", "coins_of", "rate_days"]

FIELD = "currency"
NO_DAY, NO_AS_OF = -1, -2
"""In place of the day whose rate counts: a row that has none, and one that needs the day of the snapshot."""
_CODE = "be a code of ISO 4217 in capitals in every row with an amount"
Words = Mapping[Any, str] | Literal["upper"] | None
Hear = Callable[[Sequence[Problem]], None]


@attrs.frozen(eq=False)
class Coins:
    """The one currency and scale of a book; the currency of each row and the rates, where there are any."""

    currency: str | None
    scale: int
    own: LabelColumn | None
    rates: FxTable | None
    rate_day: int | None
    rounding: Literal["half_even"] | None = None
    allow_negative: bool = False
    money_format: str | None = None

    @property
    def foreign(self) -> bool:
        """True where amounts have to be converted, for which their day must be known."""
        return self.rates is not None and self.own is not None and set(_used(self.own)) != {self.currency}

    @property
    def column(self) -> dict[str, Column]:
        """The column that tells the currency each amount came in, where the source has one."""
        return {} if self.own is None else {FIELD: self.own}

    def amounts(
        self,
        raw: Raw | Pieces,
        judge: Judge,
        *,
        day: IntArray | None = None,
        hints: Mapping[str, str] | None = None,
        rows: IntArray | None = None,
    ) -> tuple[MoneyColumn, list[str]]:
        """Return the amounts in the book's currency, and what is to be noted.

        ``day`` is the day whose rate counts: `NO_DAY` where a bad row has none, `NO_AS_OF` where the call must give it.
        ``rows`` are the rows of the source that the amounts stand in, None for all of them.
        """

        def hear(problems: Sequence[Problem]) -> None:
            placed = problems if rows is None else [attrs.evolve(p, rows=rows[p.rows]) for p in problems]
            judge.hear(_told(placed, hints))

        if not self.foreign:
            column, problems = convert.money(
                raw,
                "amount",
                self.scale,
                rounding=self.rounding,
                allow_negative=self.allow_negative,
                money_format=self.money_format,
                currency=self.currency,
            )
            hear(problems)
            if self.own is not None:
                self._named(~column.missing(), hear)
            return column, []
        assert self.own is not None
        assert day is not None
        assert not isinstance(raw, Pieces)
        decimals = self._decimals()
        minor, known, problems = convert.money_by_scale(
            raw,
            "amount",
            np.array([*decimals, self.scale])[self.own.codes],
            rounding=self.rounding,
            allow_negative=self.allow_negative,
            money_format=self.money_format,
            currency=None if self.money_format is None else self.own.user(),
        )
        hear(problems)
        self._named(known, hear)
        return self._converted(minor, known, day, decimals, hear)

    def _decimals(self) -> list[int]:
        """Return the decimals in which amounts of each currency are held until they are converted.

        A book that is finer than its currency (unit prices) has amounts of other currencies that are finer too.
        """
        assert self.own is not None
        finer = max(self.scale - CURRENCIES.get(str(self.currency), self.scale), 0)
        return [
            self.scale if level == self.currency else min(CURRENCIES.get(str(level), self.scale) + finer, MAX_SCALE)
            for level in self.own.levels
        ]

    def _named(self, known: BoolArray, hear: Hear) -> None:
        """Hear the amounts without a currency."""
        assert self.own is not None
        rows = np.flatnonzero(known & (self.own.codes < 0))
        if len(rows):
            nothing: list[object] = [None] * len(rows)
            hint = "which currency an amount is in is never guessed."
            hear([Problem("SM-CUR-03", FIELD, _CODE, rows, nothing, hint)])

    def _converted(
        self, minor: IntArray, known: BoolArray, day: IntArray, decimals: Sequence[int], hear: Hear
    ) -> tuple[MoneyColumn, list[str]]:
        """Return the amounts in the book's currency, each by the rate of its own day."""
        assert self.own is not None
        assert self.rates is not None
        assert self.currency is not None
        home = self.own.levels.index(self.currency) if self.currency in self.own.levels else -2
        abroad = known & (self.own.codes >= 0) & (self.own.codes != home)
        when = np.where(abroad, day, 0) if self.rate_day is None else np.full(len(minor), self.rate_day, dtype=np.int64)
        dated = abroad & (when >= 0)
        _dated_by_the_call(abroad & (when == NO_AS_OF))
        rows = np.flatnonzero(dated)
        coin = self.own.codes[rows].astype(np.int64)
        coins = [(str(level), own) for level, own in zip(self.own.levels, decimals, strict=True)]
        changed, unrated, above = converted(
            self.rates, minor[rows], coin, when[rows], coins, (self.currency, self.scale)
        )
        hear(self._unrated(rows[unrated], when))
        hear(self._above(rows[above], minor, decimals))
        result = np.where(abroad, 0, minor)
        result[rows] = changed
        known = known & (self.own.codes >= 0) & (dated | ~abroad)
        known[rows[unrated | above]] = False
        column = MoneyColumn(np.where(known, result, 0), None if known.all() else _check.locked(known), self.scale)
        return column, self._noted(rows)

    def _unrated(self, rows: IntArray, when: IntArray) -> list[Problem]:
        """Return the problem of amounts whose currency has no rate on their day."""
        if not len(rows):
            return []
        assert self.own is not None
        assert self.rates is not None
        names = self.own.user()[rows].tolist()
        values = [f"{name} on {_check.date_of(day)}" for name, day in zip(names, when[rows].tolist(), strict=True)]
        lacking = (
            names[0] if self.rates.code_of(names[0]) < 0 or self.currency in self.rates.currencies else self.currency
        )
        rule = f"have a rate to {self.currency} on its day in every row"
        return [Problem("SM-CUR-07", FIELD, rule, rows, list(values), self.rates.near(str(lacking)))]

    def _above(self, rows: IntArray, minor: IntArray, decimals: Sequence[int]) -> list[Problem]:
        """Return the problem of amounts that are above the limit once they are converted."""
        if not len(rows):
            return []
        assert self.own is not None
        codes = self.own.codes[rows].tolist()
        own = [
            f"{amount / 10 ** decimals[code]} {self.own.levels[code]}"
            for amount, code in zip(minor[rows].tolist(), codes, strict=True)
        ]
        rule = f"be at most {LIMIT} minor units of {self.currency} in every row"
        return [Problem("SM-AMT-03", "amount", rule, rows, list(own))]

    def _noted(self, rows: IntArray) -> list[str]:
        """Return how many amounts were converted, and from which currencies."""
        if not len(rows):
            return []
        assert self.own is not None
        used = np.bincount(self.own.codes[rows], minlength=len(self.own.levels))
        names = [str(self.own.levels[at]) for at in np.flatnonzero(used)]
        listed = ", ".join(names[:8]) + (", …" if len(names) > 8 else "")
        day = "of its own day" if self.rate_day is None else f"of {_check.date_of(self.rate_day)}"
        said = "1 amount was" if len(rows) == 1 else f"{len(rows):,} amounts were"
        return [f"{said} converted from {listed} to {self.currency}, each by the rate {day}"]


def coins_of(
    here: Named,
    judge: Judge,
    currency: str | None,
    scale: int | None,
    rates: object,
    rate_day: object,
    words: Words,
    *,
    rounding: Literal["half_even"] | None = None,
    allow_negative: bool = False,
    money_format: str | None = None,
) -> Coins:
    """Return the one currency of a book, checked against the column of currencies and the rates."""
    rates = checked_rates(rates, rate_day)
    stated = resolve_scale(currency, scale)
    if FIELD not in here:
        if rates is not None:
            raise _no_column(here)
        return Coins(currency, stated, None, None, None, rounding, allow_negative, money_format)
    own = codes_of(here, judge, words)
    if rates is None:
        currency = _one(own, currency, judge, here)
    elif currency is None:
        currency = rates.base
    day = _check.optional_day(rate_day, "rate_day")
    decimals = resolve_scale(currency, scale)
    return Coins(currency, decimals, own, rates, day, rounding, allow_negative, money_format)


def checked_rates(rates: object, rate_day: object) -> FxTable | None:
    """Return the rates, or raise where they are none, or where a day is given and they are not."""
    if rates is not None and not isinstance(rates, FxTable):
        raise InvalidTypeError(
            f"`rates` must be an FxTable; got {show(type(rates).__name__)}.",
            code="SM-CUR-11",
            field="rates",
            values=[rates],
            hint="sm.read_rates(frame, base='USD') makes one of a frame, a mapping or a CSV file.",
        )
    if rates is None and rate_day is not None:
        raise InvalidArgumentError(
            "`rate_day` must not be given without `rates`.", code="SM-CUR-12", field="rate_day", values=[rate_day]
        )
    return rates


def rate_days(book: Mapping[str, Column], rows: int, as_of: int | None) -> IntArray:
    """Return the day whose rate counts for each deal: the day it was decided, else ``as_of``."""
    closed, outcome = book.get("closed"), book.get("outcome")
    days = closed.days.astype(np.int64) if isinstance(closed, DayColumn) else np.full(rows, NO_DAY, dtype=np.int64)
    undecided = outcome.codes <= 0 if isinstance(outcome, LabelColumn) else days < 0
    return np.where(undecided, NO_AS_OF if as_of is None else as_of, days)


def _dated_by_the_call(rows: BoolArray) -> None:
    """Raise where open deals are to be converted and nobody said as of which day."""
    count = int(rows.sum())
    if count:
        raise InvalidArgumentError(
            f"`as_of` must be given where open deals are converted; got None, and {count} open deals in other currencies.",
            code="SM-DAY-03",
            field="as_of",
            row=int(np.flatnonzero(rows)[0]),
            hint="read_deals(..., as_of='2026-10-31'), the day the data were taken; or rate_day= for the rates of one day.",
        )


def _no_column(here: Named) -> InvalidArgumentError:
    """Return the refusal of rates where no column tells the currency of each amount."""
    return InvalidArgumentError(
        f"the source must have a column of currencies where `rates` are given; got "
        f"{', '.join(map(show, here.source.names[:20])) or 'no columns'}.",
        code="SM-CUR-09",
        field=FIELD,
        hint="columns={'currency': 'CurrencyIsoCode'} says which it is.",
    )


def codes_of(here: Named, judge: Judge, words: Words) -> LabelColumn:
    """Return the currency of each row; what is no code of ISO 4217 is a problem, and missing."""
    column, problems = convert.label(here.raw(FIELD, "label"), FIELD)
    judge.hear(problems)
    meant = [_meant(level, words) for level in column.levels]
    levels = tuple(sorted({code for code in meant if code is not None}))
    place: dict[str | None, int] = {code: at for at, code in enumerate(levels)} | {None: -1}
    lookup = np.array([*(place[code] for code in meant), -1], dtype=np.int64)
    codes = lookup[column.codes]
    wrong = np.flatnonzero((codes < 0) & (column.codes >= 0))
    if len(wrong):
        hint = "currencies='upper' takes codes in any case; currencies={'Euro': 'EUR'} says what other words mean."
        judge.hear([Problem("SM-CUR-03", FIELD, _CODE, wrong, list(column.user()[wrong]), hint)])
    return LabelColumn(smallest_codes(codes, len(levels)), levels)


def _meant(word: object, words: Words) -> str | None:
    """Return the code that a word of the source stands for, None where it stands for none."""
    if isinstance(words, Mapping):
        word = words.get(word, word)
    elif words is not None:
        _check.one_of(words, ("upper",), "currencies")
        word = word.strip().upper() if isinstance(word, str) else word
    return word if isinstance(word, str) and word in CURRENCIES else None


def _used(column: LabelColumn) -> list[str]:
    """Return the labels that rows have."""
    held: AnyArray = np.bincount(column.codes[column.codes >= 0], minlength=len(column.levels))
    return [str(column.levels[at]) for at in np.flatnonzero(held)]


def _one(own: LabelColumn, currency: str | None, judge: Judge, here: Named) -> str | None:
    """Return the one currency of all rows; several, or another than the book's, are refused naming both."""
    away = [problem.rows for problem in judge.gone]
    kept = own.take(np.delete(np.arange(len(own)), np.concatenate(away))) if away else own
    used = _used(kept)
    names = used if currency is None or currency in used else [currency, *used]
    if len(names) < 2:
        return names[0] if names else None
    home = currency or used[0]
    other = next(name for name in used if name != home)
    row = int(np.flatnonzero(own.codes == own.levels.index(other))[0])
    raise InvalidDataError(
        f"`currency` must be one for all amounts of a book; got {' and '.join(map(show, sorted(names)[:4]))}"
        f"{f' and {len(names) - 4} more' if len(names) > 4 else ''} (first {show(other)}: row {row}).",
        code="SM-CUR-01",
        field=FIELD,
        column=here.names[FIELD],
        row=row,
        values=sorted(names),
        hint="rates=sm.read_rates(...) converts each amount by the rate of its own day.",
    )


def _told(problems: Sequence[Problem], hints: Mapping[str, str] | None) -> list[Problem]:
    """Return problems with the way out that this reader has."""
    return [attrs.evolve(p, hint=hints[p.code]) if hints and p.code in hints else p for p in problems]
