"""Dated exchange rates, and exact conversion with them: one rounding for each amount, whatever the other amounts are."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Literal, Self, TypeAlias

import attrs
import numpy as np

from salesmetrics import _check
from salesmetrics._ratios import times
from salesmetrics.arrays import BoolArray, IntArray
from salesmetrics.errors import InvalidArgumentError, InvalidDataError, show
from salesmetrics.money import LIMIT, currency_scale

__all__ = ["FILLS", "FOREVER", "FxTable", "converted", "rate_of"]

Fill: TypeAlias = Literal["previous"] | None
Number: TypeAlias = int | float | Decimal | Fraction
Rates: TypeAlias = Mapping[str, Number | Mapping[dt.date | str, Number]]

FILLS = ("previous",)
FOREVER = 1 << 30
"""The end of what has none, and with a minus the start."""
LEAST, MOST = Fraction(1, 10**12), Fraction(10**12)


@attrs.frozen(eq=False, repr=False)
class FxTable(_check.Rebuilt):
    """Exchange rates of several currencies, each in force on the days ``[start, end)``.

    Made by `read_rates`, or by one of two constructors that state the direction in their name: `per_base` takes "1 USD is
    1.39 AUD" and `in_base` takes "1 AUD is 0.72 USD". Rates are held as exact fractions; a float is the decimal it is written
    as. `read_deals`, `read_quotas` and `read_forecasts` take the table as ``rates=``.

    Attributes
    ----------
    base : str
        The currency in which the others are valued.
    currencies : tuple of str
        All currencies that have a rate, the base among them.
    fill : {None, "previous"}
        What a day without a rate has: none, which is refused, or the last rate before it.

    Examples
    --------
    >>> import salesmetrics as sm
    >>> fx = sm.FxTable.per_base("USD", {"EUR": {"2026-01-01": 0.92, "2026-04-01": 0.9}, "JPY": 150}, until="2026-07-01")
    >>> fx.rate("EUR", "2026-03-31"), fx.rate("EUR", "2026-04-01"), fx.rate("JPY", "2026-02-01", to="EUR")
    (Fraction(25, 23), Fraction(10, 9), Fraction(23, 3750))
    """

    base: str
    currencies: tuple[str, ...]
    code: IntArray = attrs.field(converter=_check.locked)
    start: IntArray = attrs.field(converter=_check.locked)
    end: IntArray = attrs.field(converter=_check.locked)
    value: tuple[Fraction, ...]
    fill: Fill = None

    @classmethod
    def per_base(cls, base: str, rates: Rates, *, until: object = None, fill: Fill = None) -> Self:
        """Return the table of how many units of each currency one unit of the base was worth: 1 USD is 1.39 AUD.

        This is the direction of Salesforce's dated exchange rates and of most central banks.

        Parameters
        ----------
        base : str
            The currency of which there is one unit, such as ``"USD"``.
        rates : mapping
            For each currency its rate on all days, or a mapping of first days to rates; a rate holds until the next first day.
        until : date or str, optional
            The first day on which the last rate of a currency no longer holds. Without it that rate holds on one day only.
        fill : {None, "previous"}
            Whether days without a rate take the last one before them.

        Returns
        -------
        FxTable
            The table.

        Raises
        ------
        InvalidArgumentError
            A currency is not known, or a rate is no number above 0.

        Examples
        --------
        >>> FxTable.per_base("USD", {"AUD": 1.39}).rate("AUD", "2026-05-01")
        Fraction(100, 139)
        """
        return cls._from_mapping(base, rates, until, fill, inverted=True)

    @classmethod
    def in_base(cls, base: str, rates: Rates, *, until: object = None, fill: Fill = None) -> Self:
        """Return the table of how many units of the base one unit of each currency was worth: 1 AUD is 0.72 USD.

        Parameters
        ----------
        base : str
            The currency in which the others are valued, such as ``"USD"``.
        rates, until, fill
            As in `per_base`.

        Returns
        -------
        FxTable
            The table.

        Raises
        ------
        InvalidArgumentError
            A currency is not known, or a rate is no number above 0.

        Examples
        --------
        >>> FxTable.in_base("USD", {"AUD": 0.72}).rate("AUD", "2026-05-01")
        Fraction(18, 25)
        """
        return cls._from_mapping(base, rates, until, fill, inverted=False)

    @classmethod
    def _from_mapping(cls, base: str, rates: Rates, until: object, fill: Fill, *, inverted: bool) -> Self:
        """Return the table of a mapping; the last rate of a currency holds up to ``until``."""
        last = _check.optional_day(until, "until")
        rows: list[tuple[str, int, int, Fraction]] = []
        for currency, dated in rates.items():
            currency_scale(currency)
            if not isinstance(dated, Mapping):
                rows.append((currency, -FOREVER, FOREVER, _checked(dated, currency, None, inverted)))
                continue
            days = sorted((_check.day(day, "rates"), day) for day in dated)
            firsts = [number for number, _ in days]
            ends = [*firsts[1:], max(firsts[-1] + 1, last or 0)] if days else []
            for number, end, (_, day) in zip(firsts, ends, days, strict=True):
                rows.append((currency, number, end, _checked(dated[day], currency, number, inverted)))
        codes, starts, ends_, values = zip(*rows, strict=True) if rows else ((), (), (), ())
        return cls.of_rows(base, codes, starts, ends_, values, fill)

    @classmethod
    def of_rows(
        cls,
        base: str,
        currency: Sequence[str],
        start: Sequence[int],
        end: Sequence[int],
        in_base: Sequence[Fraction],
        fill: Fill = None,
    ) -> Self:
        """Return the table of checked rows; the base is worth 1 on every day, whatever its own rows say."""
        currency_scale(base)
        if fill is not None:
            _check.one_of(fill, FILLS, "fill")
        others = [at for at, name in enumerate(currency) if name != base]
        _own_rates(base, currency, in_base)
        names = tuple(sorted({base, *(currency[at] for at in others)}))
        place = {name: at for at, name in enumerate(names)}
        code = np.array([place[base], *(place[currency[at]] for at in others)], dtype=np.int64)
        first = np.array([-FOREVER, *(start[at] for at in others)], dtype=np.int64)
        last = np.array([FOREVER, *(end[at] for at in others)], dtype=np.int64)
        values = [Fraction(1), *(in_base[at] for at in others)]
        order = np.lexsort((first, code))
        return cls(
            base, names, code[order], first[order], last[order], tuple(values[at] for at in order.tolist()), fill
        )

    def rate(self, currency: str, day: object, *, to: str | None = None) -> Fraction:
        """Return what one unit of a currency was worth on a day, exactly.

        Parameters
        ----------
        currency : str
            The currency of which there is one unit.
        day : date or str
            The day.
        to : str, optional
            The currency in which it is valued; the base by default.

        Returns
        -------
        fractions.Fraction
            Units of ``to`` for one unit of ``currency``.

        Raises
        ------
        InvalidDataError
            There is no rate on that day.
        """
        number = _check.day(day, "day")
        wanted = [currency, self.base if to is None else to]
        for name in wanted:
            currency_scale(name)
        rows = self.rows(np.array([self.code_of(name) for name in wanted]), np.array([number, number]))
        for name, row in zip(wanted, rows.tolist(), strict=True):
            if row < 0:
                raise InvalidDataError(
                    f"`rates` must have a rate for {name} on {_check.date_of(number)}; got none.",
                    code="SM-CUR-07",
                    field="rates",
                    values=[name],
                    hint=self.near(name),
                )
        worth: Fraction = self.value[rows[0]] / self.value[rows[1]]
        return worth

    def code_of(self, currency: str) -> int:
        """Return the code of a currency, -1 where it has no rate."""
        return self.currencies.index(currency) if currency in self.currencies else -1

    def rows(self, code: IntArray, day: IntArray) -> IntArray:
        """Return the row in force for each pair of a currency's code and a day, -1 where there is none."""
        key = (self.code << 32) + self.start
        at = np.searchsorted(key, (np.asarray(code, dtype=np.int64) << 32) + day, side="right") - 1
        found = (at >= 0) & (code >= 0)
        row = np.maximum(at, 0)
        found &= self.code[row] == code
        if self.fill is None:
            found &= day < self.end[row]
        rows: IntArray = np.where(found, row, -1)
        return rows

    def near(self, currency: str) -> str:
        """Return the hint for a day on which a currency has no rate."""
        rows = np.flatnonzero(self.code == self.code_of(currency))
        if not len(rows):
            return f"there are rates for {', '.join(self.currencies[:12])}{', …' if len(self.currencies) > 12 else ''}."
        start, end = int(self.start[rows[0]]), int(self.end[rows[-1]])
        since = "the beginning" if start <= -FOREVER else str(_check.date_of(start))
        until = "with no end" if end >= FOREVER else f"to {_check.date_of(end - 1)}"
        holes = " with gaps" if (self.start[rows[1:]] > self.end[rows[:-1]]).any() else ""
        return f"rates for {currency} run from {since} {until}{holes}; fill='previous' carries the last one on."

    def equals(self, other: object) -> bool:
        """Return True where both hold the same rates for the same days in the same base."""
        return (
            isinstance(other, FxTable)
            and (self.base, self.currencies, self.value, self.fill)
            == (other.base, other.currencies, other.value, other.fill)
            and all(np.array_equal(getattr(self, name), getattr(other, name)) for name in ("code", "start", "end"))
        )

    def __len__(self) -> int:
        """Return how many rates there are, the base's 1 not counted."""
        return len(self.value) - 1

    def __repr__(self) -> str:
        """Return the base, the currencies and the days in a line."""
        others = [name for name in self.currencies if name != self.base]
        shown = ", ".join(others[:6]) + (", …" if len(others) > 6 else "")
        dated = np.abs(self.start) < FOREVER
        days = ""
        if dated.any():
            last = int(self.end[dated].max())
            until = "" if last >= FOREVER else f" to {_check.date_of(last - 1)}"
            days = f", from {_check.date_of(int(self.start[dated].min()))}{until}"
        filled = "" if self.fill is None else f", fill={self.fill!r}"
        rates = f"{len(self)} rate{'' if len(self) == 1 else 's'}"
        currencies = f"{len(others)} currenc{'y' if len(others) == 1 else 'ies'}{f' ({shown})' if others else ''}"
        return f"<FxTable in {self.base}: {rates} of {currencies}{days}{filled}>"


def _own_rates(base: str, currency: Sequence[str], in_base: Sequence[Fraction]) -> None:
    """Raise where the base has a rate of its own that is not 1."""
    for name, value in zip(currency, in_base, strict=True):
        if name == base and value != 1:
            raise InvalidArgumentError(
                f"`base` must be the currency whose rate is 1; got {base}, which has {show(float(value))}.",
                code="SM-CUR-08",
                field="base",
                values=[base],
                hint="Salesforce calls it the corporate currency.",
            )


def _checked(value: object, currency: str, day: int | None, inverted: bool) -> Fraction:
    """Return one rate as what a unit of the currency is worth in the base, or raise naming currency and day."""
    rate = rate_of(value)
    if rate is None:
        when = "" if day is None else f" on {_check.date_of(day)}"
        raise InvalidArgumentError(
            f"`rates` must be finite numbers above 0; got {show(value)} for {currency}{when}.",
            code="SM-CUR-02",
            field="rates",
            values=[value],
            hint="leave out a rate that is not known.",
        )
    return 1 / rate if inverted else rate


def rate_of(value: object) -> Fraction | None:
    """Return a rate as an exact fraction, None where it is no number from 1e-12 to 1e12; a float is what it is written as."""
    if isinstance(value, (bool, np.bool_)):
        return None
    if isinstance(value, np.generic):
        value = Decimal(str(value)) if isinstance(value, np.floating) else value.item()
    if isinstance(value, float):
        value = Decimal(repr(value))
    if isinstance(value, Decimal):
        # the exponent is looked at before anything is computed with it
        if not value.is_finite() or not -13 <= value.adjusted() <= 13 or len(value.as_tuple().digits) > 40:
            return None
        value = Fraction(value)
    if isinstance(value, (int, Fraction)) and LEAST <= value <= MOST:
        return Fraction(value)
    return None


_MOST_CELLS = 1 << 24


def converted(
    table: FxTable,
    minor: IntArray,
    coin: IntArray,
    day: IntArray,
    coins: Sequence[tuple[str, int]],
    to: tuple[str, int],
) -> tuple[IntArray, BoolArray, BoolArray]:
    """Return amounts in one currency, each by the rate of its own day and rounded once, half to even.

    Parameters
    ----------
    table : FxTable
        The rates.
    minor : numpy.ndarray of int64
        Whole minor units of the currency of each row.
    coin, day : numpy.ndarray of int
        Which of the currencies each row is in, and the day whose rate counts.
    coins : sequence of (str, int)
        The currencies, each with the decimals in which its amounts are held.
    to : (str, int)
        The currency wanted, and its decimals.

    Returns
    -------
    minor : numpy.ndarray of int64
        Whole minor units of the currency wanted, 0 where there is no rate or the amount is above the limit.
    unrated, above : numpy.ndarray of bool
        True where there is no rate on the day, and where the amount is above the limit.
    """
    if not len(minor):
        nothing = np.zeros(0, dtype=bool)
        return np.zeros(0, dtype=np.int64), nothing, nothing
    low = int(day.min())
    span = int(day.max()) - low + 1
    cell = coin.astype(np.int64) * span + (day - low)
    used, place = _distinct(cell, len(coins) * span)
    on = used % span + low
    code = np.array([table.code_of(name) for name, _ in coins], dtype=np.int64)[used // span]
    source, target = table.rows(code, on), table.rows(np.full(len(on), table.code_of(to[0])), on)
    ratios, number = _ratios(
        table, source, target, [10 ** to[1] * Fraction(1, 10**own) for _, own in coins], used // span
    )
    which = number[place]
    unrated = which < 0
    product, above = times(np.where(unrated, 0, minor), np.maximum(which, 0), ratios, LIMIT)
    return product, unrated, above


def _distinct(cell: IntArray, cells: int) -> tuple[IntArray, IntArray]:
    """Return the distinct cells in order, and which of them each row is in; by a table where that is small."""
    if cells > max(_MOST_CELLS, 4 * len(cell)):
        used, place = np.unique(cell, return_inverse=True)
        return used, place.reshape(-1)
    seen = np.zeros(cells, dtype=bool)
    seen[cell] = True
    return np.flatnonzero(seen).astype(np.int64), (np.cumsum(seen, dtype=np.int64) - 1)[cell]


def _ratios(
    table: FxTable, source: IntArray, target: IntArray, units: Sequence[Fraction], coin: IntArray
) -> tuple[list[Fraction], IntArray]:
    """Return the distinct ratios of minor units, and which of them each pair of rates has, -1 where one is missing."""
    number = np.full(len(source), -1, dtype=np.int64)
    both = np.flatnonzero((source >= 0) & (target >= 0))
    size = len(table.value)
    distinct, number[both] = np.unique(
        (source[both] * size + target[both]) * len(units) + coin[both], return_inverse=True
    )
    pairs, own = np.divmod(distinct, len(units))
    ratios = [
        table.value[mine] / table.value[theirs] * units[unit]
        for mine, theirs, unit in zip((pairs // size).tolist(), (pairs % size).tolist(), own.tolist(), strict=True)
    ]
    return ratios or [Fraction(1)], number
