"""The laws of currency, L1 to L7: amounts converted at the door."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import salesmetrics as sm
from salesmetrics.money import CURRENCIES

HALF = Fraction(1, 2)
"""Each amount is rounded once, by half a minor unit at most."""
COINS = ("BHD", "CLF", "EUR", "JPY", "USD")
FIRST = dt.date(2026, 1, 1)
RATES = st.integers(1, 10**7).map(lambda digits: Decimal(digits).scaleb(-4))
DAYS = st.integers(0, 58).map(lambda days: (FIRST + dt.timedelta(days)).isoformat())


@st.composite
def tables(draw: st.DrawFn) -> dict[str, dict[str, Decimal]]:
    """Rates of all currencies but dollars, each with a change or none inside two months."""
    change = draw(st.sampled_from(["2026-01-15", "2026-02-01"]))
    return {coin: {"2026-01-01": draw(RATES), change: draw(RATES)} for coin in COINS if coin != "USD"}


@st.composite
def deals(draw: st.DrawFn, coins: tuple[str, ...] = COINS) -> dict[str, list[Any]]:
    """Won deals of two months, each with an amount in whole minor units of its currency."""
    size = draw(st.integers(1, 12))
    coin = [draw(st.sampled_from(coins)) for _ in range(size)]
    minor = [draw(st.integers(0, 10**7)) for _ in range(size)]
    amount = [Decimal(units).scaleb(-CURRENCIES[code]) for units, code in zip(minor, coin, strict=True)]
    days = [draw(DAYS) for _ in range(size)]
    return {"amount": amount, "currency": coin, "outcome": ["won"] * size, "closed": days}


def book(rows: dict[str, list[Any]], table: sm.FxTable | None, currency: str = "USD") -> sm.DealBook:
    """Return the deals in one currency."""
    return sm.read_deals(rows, rates=table, currency=currency)


def minors(converted: sm.DealBook) -> list[int]:
    """Return the amounts in whole minor units."""
    column = converted.column("amount")
    assert not column.missing().any()
    units: list[int] = column.minor.tolist()
    return units


def fx(table: dict[str, dict[str, Decimal]], **options: Any) -> sm.FxTable:
    """Return the table of rates that say what one dollar is worth."""
    return sm.FxTable.per_base("USD", table, until="2026-03-01", **options)


@given(deals(("USD",)), tables())
def test_l1_rate_one_is_the_identity(rows: dict[str, list[Any]], table: dict[str, dict[str, Decimal]]) -> None:
    """L1: amounts in the book's own currency, or in one that is worth exactly one, are the same bits."""
    plain = minors(sm.read_deals({name: rows[name] for name in ("amount", "outcome", "closed")}, currency="USD"))
    assert minors(book(rows, fx(table))) == plain
    twin = rows | {"currency": ["EUR"] * len(plain)}
    assert minors(book(twin, sm.FxTable.per_base("USD", {"EUR": 1}))) == plain


@given(deals(), tables(), st.sampled_from(COINS))
def test_each_amount_is_the_exact_one_rounded_once(
    rows: dict[str, list[Any]], table: dict[str, dict[str, Decimal]], currency: str
) -> None:
    """The model of all other laws: fractions, divided by what a dollar was worth on the day, rounded half to even."""
    rates = {"USD": {"2026-01-01": Decimal(1)}, **table}

    def worth(coin: str, day: str) -> Fraction:
        return Fraction(rates[coin][max(first for first in rates[coin] if first <= day)])

    exact = [
        Fraction(amount) / worth(coin, day) * worth(currency, day) * 10 ** CURRENCIES[currency]
        for amount, coin, day in zip(rows["amount"], rows["currency"], rows["closed"], strict=True)
    ]
    if max(exact) < 2**53 - 1:
        assert minors(book(rows, fx(table), currency)) == [round(value) for value in exact]


@given(deals(("EUR",)), RATES)
def test_l2_the_sum_of_converted_deals_is_nearly_the_converted_sum(rows: dict[str, list[Any]], rate: Decimal) -> None:
    """L2: at one rate, within half a minor unit for each deal."""
    converted = minors(book(rows, sm.FxTable.per_base("USD", {"EUR": rate})))
    exact = Fraction(sum(rows["amount"])) * 100 / Fraction(rate)
    assert abs(sum(converted) - exact) <= len(converted) * HALF


@given(deals(("EUR",)), tables(), st.sampled_from(["JPY", "BHD", "USD"]))
def test_l3_there_and_back(rows: dict[str, list[Any]], table: dict[str, dict[str, Decimal]], currency: str) -> None:
    """L3: within 1/2 + 1/(2r) minor units, r being minor units of the target for one of the source, deal by deal."""
    there = book(rows, fx(table), currency)
    amounts = [Decimal(units).scaleb(-CURRENCIES[currency]) for units in minors(there)]
    back = minors(book(rows | {"amount": amounts, "currency": [currency] * len(amounts)}, fx(table), "EUR"))
    for start, end, day in zip(rows["amount"], back, rows["closed"], strict=True):
        r = fx(table).rate("EUR", day, to=currency) * 10 ** CURRENCIES[currency] / 100
        assert abs(end - start * 100) <= HALF + HALF / r


@given(deals(("EUR", "JPY")))
def test_l4_two_currencies_without_a_rate_never_add(rows: dict[str, list[Any]]) -> None:
    """L4: always an error, never a number."""
    codes = sorted(set(rows["currency"]))
    with pytest.raises(sm.InvalidDataError, match="one for all amounts") as caught:
        book(rows, None, "USD")
    assert (caught.value.code, caught.value.values) == ("SM-CUR-01", [*codes, "USD"])
    with pytest.raises(sm.InvalidDataError, match="have a rate to USD"):
        book(rows, sm.FxTable.per_base("USD", {"BHD": 2}))


@given(deals(), tables(), RATES, DAYS)
def test_l5_a_rate_that_is_not_used_changes_nothing(
    rows: dict[str, list[Any]], table: dict[str, dict[str, Decimal]], rate: Decimal, day: str
) -> None:
    """L5: another rate on a day, or of a currency, that no deal has."""
    before = book(rows, fx(table))
    unused = {**table, "GBP": {"2026-01-01": rate}}
    assert minors(book(rows, fx(unused))) == minors(before)
    if day > max(rows["closed"]):
        later = {coin: {**dated, day: rate} for coin, dated in table.items()}
        assert minors(book(rows, fx(later))) == minors(before)
    assert minors(book(rows, fx(table, fill="previous"))) == minors(before)


@given(deals(), tables(), st.integers(2, 1000))
def test_l6_all_rates_times_a_number_is_the_total_times_it(
    rows: dict[str, list[Any]], table: dict[str, dict[str, Decimal]], factor: int
) -> None:
    """L6: within half a minor unit for each deal, for deals in other currencies than the book's."""
    abroad = [at for at, coin in enumerate(rows["currency"]) if coin != "USD"]
    rows = {name: [column[at] for at in abroad] for name, column in rows.items()}
    once = sm.FxTable.in_base("USD", table, until="2026-03-01")
    scaled = {coin: {day: Fraction(rate) * factor for day, rate in dated.items()} for coin, dated in table.items()}
    times = sm.FxTable.in_base("USD", scaled, until="2026-03-01")
    if not abroad or max(float(rate) for dated in scaled.values() for rate in dated.values()) > 10**6:
        return
    few, many = (minors(book(rows, one)) for one in (once, times))
    assert abs(sum(many) - factor * sum(few)) <= (factor + 1) * len(abroad) * HALF


@given(deals(), tables(), st.randoms(use_true_random=False))
def test_l7_an_amount_does_not_depend_on_the_other_deals(
    rows: dict[str, list[Any]], table: dict[str, dict[str, Decimal]], random: Any
) -> None:
    """L7: alone, shuffled and in parts, the same bits; so a book of parts is the book of the whole."""
    whole = minors(book(rows, fx(table)))
    order = list(range(len(whole)))
    random.shuffle(order)
    shuffled = {name: [column[at] for at in order] for name, column in rows.items()}
    assert minors(book(shuffled, fx(table))) == [whole[at] for at in order]
    alone = [minors(book({name: [column[at]] for name, column in rows.items()}, fx(table))) for at in order]
    assert [units for (units,) in alone] == [whole[at] for at in order]
    cut = len(whole) // 2
    parts = [
        book({name: column[some] for name, column in rows.items()}, fx(table))
        for some in (slice(cut), slice(cut, None))
    ]
    assert np.array_equal(parts[0].concat(parts[1])["amount"], book(rows, fx(table))["amount"])
