"""Exchange rates: their table, their direction, and amounts converted at the door, each once and exactly."""

from __future__ import annotations

import io
import pickle
import warnings
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import salesmetrics as sm
from salesmetrics._ratios import shared_out, times
from salesmetrics.money import LIMIT

FX = sm.FxTable.per_base(
    "USD", {"EUR": {"2026-01-01": 0.92, "2026-04-01": 0.9}, "JPY": 150, "KWD": Decimal("0.306")}, until="2026-07-01"
)
DEALS = {
    "id": ["D1", "D2", "D3", "D4"],
    "amount": [100, 50.25, 15_000, 7],
    "Coin": ["EUR", "EUR", "JPY", "USD"],
    "outcome": ["won", "open", "won", "lost"],
    "closed": ["2026-02-01", None, "2026-05-01", "2026-05-01"],
}
MAP = {"currency": "Coin"}


def refused(call: Callable[[], Any], kind: type[sm.SalesMetricsError] = sm.InvalidDataError) -> Any:
    """Return the error of a call."""
    with pytest.raises(kind) as caught:
        call()
    return caught.value


# --- whole numbers times fractions ------------------------------------------------------------------------------------

WHOLE = st.integers(-LIMIT, LIMIT)
RATIOS = st.builds(Fraction, st.integers(1, 10**30), st.integers(1, 10**30)).filter(lambda r: r < 10**20)


@given(st.lists(st.tuples(WHOLE, st.integers(0, 2)), min_size=1, max_size=30), st.lists(RATIOS, min_size=3, max_size=3))
@example([(5, 0), (15, 0), (-5, 0), (25, 0)], [Fraction(1, 10)] * 3)
@example(
    [(LIMIT, 0), (-LIMIT, 1), (LIMIT, 2)], [Fraction(1), Fraction(2**59 + 1, 2**60 + 3), Fraction(10**30 - 1, 10**30)]
)
@example([(2**52 + 1, 0), (1, 1)], [Fraction(1, 2), Fraction(1, 2 * 10**25)])
def test_a_product_is_the_exact_one_rounded_half_to_even(rows: list[tuple[int, int]], ratios: list[Fraction]) -> None:
    """Whatever the digits of numbers and ratios, the answer is that of Python's fractions, or above the limit."""
    numbers, which = (np.array(column, dtype=np.int64) for column in zip(*rows, strict=True))
    product, above = times(numbers, which, ratios, LIMIT)
    exact = [round(number * ratios[ratio]) for number, ratio in rows]
    assert above.tolist() == [abs(value) > LIMIT for value in exact]
    assert product.tolist() == [0 if abs(value) > LIMIT else value for value in exact]


def test_blocks_do_not_show() -> None:
    """Rows of many blocks are the rows of one, and a strided column is a column."""
    numbers = np.arange(-40_000, 40_000, dtype=np.int64)
    ratio = numbers % 2
    ratios = [Fraction(1, 3), Fraction(7, 10**20 + 1) * 10**19]
    product, above = times(numbers[::2], ratio[::2], ratios, LIMIT)
    assert not above.any()
    assert product.tolist() == [round(int(n) * ratios[r]) for n, r in zip(numbers[::2], ratio[::2], strict=True)]


@given(st.integers(0, LIMIT), st.integers(1, 2**60 - 1), st.data())
def test_shares_of_a_total_are_exact(whole: int, total: int, data: st.DataObject) -> None:
    """Floor and rest of a share are those of Python's whole numbers."""
    part = data.draw(st.integers(0, total))
    floor, rest = shared_out(*(np.array([value], dtype=np.int64) for value in (whole, part, total)))
    assert (floor[0], rest[0]) == divmod(whole * part, total)


# --- the table --------------------------------------------------------------------------------------------------------


def test_the_direction_is_in_the_name() -> None:
    """1 USD is 1.39 AUD one way, 1 AUD is 0.72 USD the other; a float is the decimal it is written as."""
    assert sm.FxTable.per_base("USD", {"AUD": 1.39}).rate("AUD", "2026-01-01") == Fraction(100, 139)
    assert sm.FxTable.in_base("USD", {"AUD": 0.72}).rate("AUD", "2026-01-01") == Fraction(72, 100)
    assert sm.FxTable.in_base("USD", {"AUD": np.float32(0.72)}).rate("AUD", "2026-01-01") == Fraction(72, 100)


def test_a_rate_holds_from_its_day_to_the_day_before_the_next() -> None:
    """Intervals are half-open, and currencies are valued in each other through the base."""
    assert FX.rate("EUR", "2026-03-31") == 1 / Fraction("0.92")
    assert FX.rate("EUR", "2026-04-01") == FX.rate("EUR", "2026-06-30") == 1 / Fraction("0.9")
    assert FX.rate("USD", "1999-01-01") == 1
    assert FX.rate("JPY", "2026-05-01", to="EUR") == Fraction(90, 100) / 150
    assert FX.currencies == ("EUR", "JPY", "KWD", "USD")
    assert len(FX) == 4


@pytest.mark.parametrize("day", ["2025-12-31", "2026-07-01"])
def test_a_day_without_a_rate_is_refused(day: str) -> None:
    """CUR-2: the error names currency and day, and tells the days there are."""
    error = refused(lambda: FX.rate("EUR", day))
    assert (error.code, error.field, error.value) == ("SM-CUR-07", "rates", "EUR")
    assert error.message == f"`rates` must have a rate for EUR on {day}; got none."
    assert error.hint == "rates for EUR run from 2026-01-01 to 2026-06-30; fill='previous' carries the last one on."


def test_the_last_rate_before_is_carried_on_only_when_asked() -> None:
    """fill="previous" fills gaps and the time after the last rate, never the time before the first."""
    fx = sm.FxTable.in_base("USD", {"EUR": {"2026-01-01": 2, "2026-02-01": 3}}, fill="previous")
    assert fx.rate("EUR", "2030-01-01") == 3
    assert refused(lambda: fx.rate("EUR", "2025-12-31")).code == "SM-CUR-07"


def test_without_an_end_the_last_rate_holds_for_one_day() -> None:
    """How long the last one is good for is never guessed."""
    fx = sm.FxTable.in_base("USD", {"EUR": {"2026-01-01": 2}})
    assert fx.rate("EUR", "2026-01-01") == 2
    assert refused(lambda: fx.rate("EUR", "2026-01-02")).code == "SM-CUR-07"


@pytest.mark.parametrize(
    "rate", [0, -1, float("nan"), float("inf"), Decimal("1E+2000000"), "1.1", None, True, 1e13, 1e-13, 1j]
)
def test_a_rate_that_is_no_positive_number_is_refused(rate: Any) -> None:
    """CUR-2: zero, negative, NaN, infinite, or no number."""
    error = refused(lambda: sm.FxTable.per_base("USD", {"EUR": {"2026-01-01": rate}}), sm.InvalidArgumentError)
    assert (error.code, error.field, error.hint) == ("SM-CUR-02", "rates", "leave out a rate that is not known.")
    assert error.value is rate
    assert "for EUR on 2026-01-01" in error.message


@pytest.mark.parametrize("code", ["eur", "", "EURO", None, 978])
def test_an_unknown_currency_is_refused(code: Any) -> None:
    """CUR-3: codes are those of ISO 4217, in capitals."""
    assert refused(lambda: sm.FxTable.per_base("USD", {code: 1.0}), sm.InvalidArgumentError).code == "SM-CUR-03"
    assert refused(lambda: sm.FxTable.per_base(code, {"EUR": 1.0}), sm.InvalidArgumentError).code == "SM-CUR-03"
    assert refused(lambda: FX.rate(code, "2026-01-01"), sm.InvalidArgumentError).code == "SM-CUR-03"


def test_the_base_is_worth_one() -> None:
    """A table may hold the base itself, at 1 and nothing else."""
    assert sm.FxTable.per_base("USD", {"USD": 1, "EUR": 2}).currencies == ("EUR", "USD")
    error = refused(lambda: sm.FxTable.per_base("USD", {"USD": 1.1}), sm.InvalidArgumentError)
    assert (error.code, error.field) == ("SM-CUR-08", "base")


def test_a_table_shows_what_it_holds_and_travels() -> None:
    """One line; a pickled copy is equal; another table is not."""
    assert repr(FX) == "<FxTable in USD: 4 rates of 3 currencies (EUR, JPY, KWD), from 2026-01-01 to 2026-06-30>"
    assert repr(sm.FxTable.in_base("USD", {}, fill="previous")) == (
        "<FxTable in USD: 0 rates of 0 currencies, fill='previous'>"
    )
    assert pickle.loads(pickle.dumps(FX)).equals(FX)
    assert not FX.equals(sm.FxTable.per_base("USD", {"EUR": 1}))
    assert not FX.equals(None)
    with pytest.raises(ValueError, match="read-only"):
        FX.start[0] = 1


# --- reading it -------------------------------------------------------------------------------------------------------

DATED = {
    "IsoCode": ["EUR", "EUR", "JPY", "USD"],
    "StartDate": ["2026-01-01", "2026-04-01", "2026-01-01", "2026-01-01"],
    "NextStartDate": ["2026-04-01", "9999-12-31", "2026-07-01", None],
    "ConversionRate": [0.92, 0.9, 150.0, 1.0],
}
SALESFORCE = {"currency": "IsoCode", "start": "StartDate", "end": "NextStartDate", "per_base": "ConversionRate"}


def test_dated_rates_of_salesforce_are_read_as_they_are() -> None:
    """Units of the currency for one corporate one, from a first day to the day after the last; open ends stay open."""
    fx = sm.read_rates(DATED, SALESFORCE, base="USD")
    assert fx.rate("EUR", "2026-03-31") == 1 / Fraction("0.92")
    assert fx.rate("EUR", "2090-01-01") == 1 / Fraction("0.9")
    assert refused(lambda: fx.rate("JPY", "2026-07-01")).code == "SM-CUR-07"
    assert repr(fx) == "<FxTable in USD: 3 rates of 2 currencies (EUR, JPY), from 2026-01-01>"
    error = refused(lambda: fx.rate("EUR", "2025-12-31"))
    assert error.hint == "rates for EUR run from 2026-01-01 with no end; fill='previous' carries the last one on."
    from_the_start = {"currency": ["EUR"], "end": ["2026-01-01"], "in_base": [2]}
    error = refused(lambda: sm.read_rates(from_the_start, base="USD").rate("EUR", "2026-01-01"))
    assert error.hint == "rates for EUR run from the beginning to 2025-12-31; fill='previous' carries the last one on."


@pytest.mark.parametrize("kind", ["text", "pandas", "polars", "arrow", "decimals"])
def test_every_container_gives_the_same_table(kind: str) -> None:
    """A CSV file, a frame of any library and exact decimals are one table, bit for bit."""
    source: Any = DATED
    if kind == "text":
        rows = zip(*(["" if value is None else value for value in column] for column in DATED.values()), strict=True)
        source = io.StringIO("\n".join([",".join(DATED), *(",".join(map(str, row)) for row in rows)]) + "\n")
    elif kind == "decimals":
        source = DATED | {"ConversionRate": [Decimal(str(rate)) for rate in DATED["ConversionRate"]]}
    elif kind == "arrow":
        pa = pytest.importorskip("pyarrow")
        exact = pa.array([Decimal(str(rate)) for rate in DATED["ConversionRate"]], pa.decimal128(18, 6))
        source = pa.table({**DATED, "ConversionRate": exact})
    else:
        source = pytest.importorskip(kind).DataFrame(DATED)
    assert sm.read_rates(source, SALESFORCE, base="USD").equals(sm.read_rates(DATED, SALESFORCE, base="USD"))


def test_starts_alone_hold_until_the_next_and_days_for_one_day() -> None:
    """`start` reaches to the next start of its currency, `day` is that day; neither rows nor currencies need an order."""
    rows = {
        "currency": ["JPY", "EUR", "EUR"],
        "start": ["2026-01-01", "2026-02-01", "2026-01-01"],
        "in_base": [1, 3, 2],
    }
    fx = sm.read_rates(rows, base="USD", until="2026-03-01")
    assert [fx.rate("EUR", day) for day in ("2026-01-31", "2026-02-28")] == [2, 3]
    assert refused(lambda: fx.rate("EUR", "2026-03-01")).code == "SM-CUR-07"
    daily = sm.read_rates({"currency": ["EUR"] * 2, "day": ["2026-01-02", "2026-01-05"], "in_base": [2, 3]}, base="USD")
    error = refused(lambda: daily.rate("EUR", "2026-01-03"))
    assert error.hint == (
        "rates for EUR run from 2026-01-02 to 2026-01-05 with gaps; fill='previous' carries the last one on."
    )
    always = sm.read_rates({"currency": ["EUR"], "in_base": ["1.1"]}, base="USD")
    assert always.rate("EUR", "2001-01-01") == Fraction(11, 10)


READ_REFUSALS: list[tuple[str, dict[str, Any], dict[str, Any], tuple[Any, ...]]] = [
    ("zero", {"in_base": [1, 0]}, {}, ("SM-CUR-02", "in_base", 1, 0)),
    ("negative", {"in_base": [-1.5, 1]}, {}, ("SM-CUR-02", "in_base", 0, -1.5)),
    ("infinite", {"in_base": [1, float("inf")]}, {}, ("SM-CUR-02", "in_base", 1, float("inf"))),
    ("missing", {"in_base": [None, 1]}, {}, ("SM-CUR-02", "in_base", 0, None)),
    ("words", {"in_base": ["1", "nan"]}, {}, ("SM-CUR-02", "in_base", 1, "nan")),
    ("underscore", {"in_base": ["1_0", "1"]}, {}, ("SM-CUR-02", "in_base", 0, "1_0")),
    ("lower case", {"currency": ["EUR", "jpy"]}, {}, ("SM-CUR-03", "currency", 1, "jpy")),
    ("blank", {"currency": ["", "JPY"]}, {}, ("SM-CUR-03", "currency", 0, None)),
    ("backward", {"end": ["2026-01-01", "2026-02-01"]}, {}, ("SM-CUR-15", "end", 0, np.datetime64("2026-01-01"))),
    ("twice", {"currency": ["EUR", "EUR"]}, {}, ("SM-CUR-16", "start", 0, "EUR from 2026-01-01")),
    (
        "overlap",
        {"currency": ["EUR", "EUR"], "start": ["2026-01-01", "2026-01-31"], "end": ["2026-02-01", "2026-03-01"]},
        {},
        ("SM-CUR-16", "start", 0, "EUR from 2026-01-01"),
    ),
]


@pytest.mark.parametrize(
    ("changed", "options", "expected"), [row[1:] for row in READ_REFUSALS], ids=[r[0] for r in READ_REFUSALS]
)
def test_a_bad_row_of_rates_is_refused(
    changed: dict[str, Any], options: dict[str, Any], expected: tuple[Any, ...]
) -> None:
    """CUR-2 and CUR-3: class, code, field, row and value; dropped on request, and refused under every other mode."""
    rows = {"currency": ["EUR", "JPY"], "start": ["2026-01-01", "2026-01-01"], "in_base": [1.1, 0.01]} | changed
    error = refused(lambda: sm.read_rates(rows, base="USD", **options))
    assert (error.code, error.field, error.row, error.value) == expected
    assert error.column == (expected[1] if expected[1] in rows else None)
    assert error.hint is not None
    collected = refused(lambda: sm.read_rates(rows, base="USD", on_error="collect", **options))
    assert expected[0] in {record["code"] for record in collected.to_records()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", sm.SalesMetricsWarning)
        assert len(sm.read_rates(rows, base="USD", on_error="drop", **options)) < 2


def test_the_error_of_a_rate_names_currency_and_day() -> None:
    """CUR-2: the second line says whose rate it is and from when."""
    error = refused(lambda: sm.read_rates(DATED | {"ConversionRate": [0.92, 0.0, 150, 1]}, SALESFORCE, base="USD"))
    assert error.message.splitlines() == [
        "`per_base` must be a finite number above 0 in every row; got 1 of 4 rows that is not.",
        "  column 'ConversionRate', row 1, rate 'EUR from 2026-04-01': 0.0",
    ]
    assert error.keys == ["EUR from 2026-04-01"]


def test_rates_without_a_direction_are_refused() -> None:
    """CUR-4: a column called `rate` may be either way round."""
    error = refused(lambda: sm.read_rates({"currency": ["EUR"], "rate": [1.1]}, base="USD"), sm.MissingColumnError)
    assert (error.code, error.field) == ("SM-CUR-13", "per_base")
    assert error.hint == (
        "columns={'per_base': 'Rate'} where 1 USD is 1.39 AUD, {'in_base': 'Rate'} where 1 AUD is 0.72 USD."
    )
    both = {"currency": ["EUR"], "start": ["2026-01-01"], "day": ["2026-01-01"], "in_base": [1]}
    assert refused(lambda: sm.read_rates(both, base="USD"), sm.MissingColumnError).code == "SM-CUR-14"


def test_directions_that_disagree_are_warned_of() -> None:
    """CUR-4: 1.1 both ways cannot be; rates that agree within the digits they are written with can."""
    agreeing = {"currency": ["AUD", "JPY"], "per_base": [1.39, 150.0], "in_base": [0.72, 0.0067]}
    assert sm.read_rates(agreeing, base="USD").rate("AUD", "2026-01-01") == Fraction(100, 139)
    wrong = agreeing | {"in_base": [1.39, 0.0067]}
    with pytest.warns(sm.SalesMetricsWarning) as caught:
        fx = sm.read_rates(wrong, base="USD")
    assert str(caught[0].message) == (
        "`per_base` must be 1 over `in_base` in every row; got 1 of 2 rows that is not: '1.39 and 1.39' "
        "(one of the two may be the wrong way round; `per_base` counts)."
    )
    assert fx.rate("AUD", "2026-01-01") == Fraction(100, 139)


def test_other_words_for_currencies_are_taken_when_told() -> None:
    """CUR-3: upper-casing on request, or what the words mean."""
    assert (
        sm.read_rates({"currency": [" eur "], "in_base": [2]}, base="USD", currencies="upper").rate("EUR", "2026-01-01")
        == 2
    )
    words = {"Euro": "EUR"}
    assert (
        sm.read_rates({"currency": ["Euro"], "in_base": [2]}, base="USD", currencies=words).rate("EUR", "2026-01-01")
        == 2
    )
    with pytest.raises(sm.InvalidArgumentError, match="`currencies` must be one of 'upper'"):
        sm.read_rates({"currency": ["eur"], "in_base": [2]}, base="USD", currencies="lower")  # type: ignore[arg-type]


# --- at the door ------------------------------------------------------------------------------------------------------


def test_deals_are_converted_by_their_own_day() -> None:
    """Decided deals by the day they closed, open ones by the day of the book; yen have no cents."""
    deals = sm.read_deals(DEALS, MAP, rates=FX, as_of="2026-05-02")
    exact = [100 / Fraction("0.92"), Fraction("50.25") / Fraction("0.9"), Fraction(15_000, 150), Fraction(7)]
    assert deals["amount"].tolist() == [float(round(value * 100)) / 100 for value in exact]
    assert (deals.currency, deals.scale) == ("USD", 2)
    assert deals["currency"].tolist() == ["EUR", "EUR", "JPY", "USD"]
    assert "3 amounts were converted from EUR, JPY to USD, each by the rate of its own day" in deals.notes


def test_any_currency_can_be_the_one_of_the_book() -> None:
    """By way of the base, rounded once to the minor unit of the book: none for yen, three decimals for dinars."""
    exact = [100 / Fraction("0.92"), Fraction("50.25") / Fraction("0.9"), Fraction(100), Fraction(7)]
    for currency, rate, scale in (("JPY", Fraction(150), 0), ("KWD", Fraction("0.306"), 3), ("EUR", None, 2)):
        deals = sm.read_deals(DEALS, MAP, rates=FX, as_of="2026-05-02", currency=currency)
        worth = [value * (rate or (Fraction("0.92") if at == 0 else Fraction("0.9"))) for at, value in enumerate(exact)]
        assert deals.scale == scale
        assert deals["amount"].tolist() == [round(value * 10**scale) / 10**scale for value in worth]


def test_one_day_s_rates_can_be_asked_for() -> None:
    """The plan's rates make two years comparable; then open deals need no day."""
    deals = sm.read_deals(DEALS, MAP, rates=FX, rate_day="2026-01-15")
    assert deals["amount"].tolist() == [108.7, 54.62, 100.0, 7.0]
    assert "3 amounts were converted from EUR, JPY to USD, each by the rate of 2026-01-15" in deals.notes


def test_a_column_of_one_currency_names_the_book_s() -> None:
    """Where all amounts are in one currency nothing needs a rate."""
    deals = sm.read_deals({"amount": [100, 200], "currency": ["JPY", "JPY"]})
    assert (deals.currency, deals.scale) == ("JPY", 0)
    assert sm.read_deals({"amount": [100], "currency": ["USD"]}, rates=FX).notes == ()


def test_two_currencies_without_rates_never_add() -> None:
    """CUR-1: refused naming both, under every mode, since no row can be left out to mend it."""
    for mode in ("raise", "collect", "drop"):
        error = refused(lambda mode=mode: sm.read_deals(DEALS, MAP, on_error=mode))
        assert (error.code, error.field, error.column, error.row) == ("SM-CUR-01", "currency", "Coin", 2)
        assert error.values == ["EUR", "JPY", "USD"]
        assert error.message == (
            "`currency` must be one for all amounts of a book; got 'EUR' and 'JPY' and 'USD' (first 'JPY': row 2)."
        )
        assert error.hint == "rates=sm.read_rates(...) converts each amount by the rate of its own day."
    other = refused(lambda: sm.read_deals({"amount": [1], "currency": ["EUR"]}, currency="USD"))
    assert (other.code, other.row, other.values) == ("SM-CUR-01", 0, ["EUR", "USD"])


def test_rows_that_are_deleted_need_no_currency_of_the_book() -> None:
    """What is left out anyway mixes nothing."""
    rows = {"Id": ["006A", "006B"], "Amount": [1, 2], "CurrencyIsoCode": ["USD", "EUR"], "IsDeleted": [False, True]}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", sm.SalesMetricsWarning)
        assert sm.read_deals(rows, sm.maps.SALESFORCE).currency == "USD"


DOOR: list[tuple[str, dict[str, Any], str, Any, Any, str]] = [
    ("no rate on the day", {"closed": ["2025-07-01", None, "2026-05-01", "2026-05-01"]}, "SM-CUR-07", 0, "EUR on 2025-07-01",
     "rates for EUR run from 2026-01-01 to 2026-06-30; fill='previous' carries the last one on."),
    ("no rate at all", {"Coin": ["EUR", "CHF", "JPY", "USD"]}, "SM-CUR-07", 1, "CHF on 2026-05-02",
     "there are rates for EUR, JPY, KWD, USD."),
    ("lower case", {"Coin": ["EUR", "EUR", "jpy", "USD"]}, "SM-CUR-03", 2, "jpy",
     "currencies='upper' takes codes in any case; currencies={'Euro': 'EUR'} says what other words mean."),
    ("unknown", {"Coin": ["EUR", "EUR", "JPY", "XYZ"]}, "SM-CUR-03", 3, "XYZ",
     "currencies='upper' takes codes in any case; currencies={'Euro': 'EUR'} says what other words mean."),
    ("blank", {"Coin": [None, "EUR", "JPY", "USD"]}, "SM-CUR-03", 0, None, "which currency an amount is in is never guessed."),
]  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "code", "row", "value", "hint"), [row[1:] for row in DOOR], ids=[r[0] for r in DOOR]
)
def test_an_amount_that_cannot_be_converted_is_refused(
    changed: dict[str, Any], code: str, row: int, value: Any, hint: str
) -> None:
    """CUR-2 and CUR-3 at the door: refused, collected, or left out and counted; never summed, and nobody beside it changes."""
    source = DEALS | changed
    before = {name: list(column) for name, column in source.items()}
    error = refused(lambda: sm.read_deals(source, MAP, rates=FX, as_of="2026-05-02"))
    assert (type(error), error.code, error.field) == (sm.InvalidDataError, code, "currency")
    assert (error.column, error.row, error.value, error.hint) == ("Coin", row, value, hint)
    assert error.keys == [f"D{row + 1}"]
    collected = refused(lambda: sm.read_deals(source, MAP, rates=FX, as_of="2026-05-02", on_error="collect"))
    assert (row, code) in {(record["row"], record["code"]) for record in collected.to_records()}
    assert source == before


def test_dropped_amounts_are_counted_and_the_others_are_as_they_were() -> None:
    """on_error="drop" leaves the deal out, lists it, and the converted amounts beside it are the same bits."""
    whole = sm.read_deals(DEALS, MAP, rates=FX, as_of="2026-05-02")
    source = DEALS | {"Coin": ["EUR", "CHF", "JPY", "USD"]}
    book = sm.read_deals(source, MAP, rates=FX, as_of="2026-05-02", on_error="drop")
    assert book["id"].tolist() == ["D1", "D3", "D4"]
    assert book["amount"].tolist() == whole["amount"][[0, 2, 3]].tolist()
    assert [(r["code"], r["row"], r["key"], r["value"]) for r in book.rejects] == [
        ("SM-CUR-07", 1, "D2", "CHF on 2026-05-02")
    ]
    assert "left out on reading: 1 x SM-CUR-07" in repr(book)


def test_open_deals_in_other_currencies_need_a_day() -> None:
    """Which day's rate an open deal has is the day of the book, and is never guessed."""
    error = refused(lambda: sm.read_deals(DEALS, MAP, rates=FX), sm.InvalidArgumentError)
    assert (error.code, error.field, error.row) == ("SM-DAY-03", "as_of", 1)
    at_home = DEALS | {"Coin": ["EUR", "USD", "JPY", "USD"]}
    assert sm.read_deals(at_home, MAP, rates=FX)["amount"].tolist() == [108.7, 50.25, 100.0, 7.0]
    unpriced = DEALS | {"amount": [100, None, 15_000, 7]}
    assert np.isnan(sm.read_deals(unpriced, MAP, rates=FX)["amount"][1])


def test_amounts_have_the_decimals_of_their_own_currency() -> None:
    """Half a yen is refused though the book has cents; a finer book takes finer amounts of all."""
    half = {"amount": [0.5], "currency": ["JPY"], "outcome": ["won"], "closed": ["2026-02-01"]}
    error = refused(lambda: sm.read_deals(half, rates=FX))
    assert (error.code, error.row, error.value) == ("SM-AMT-04", 0, 0.5)
    fine = sm.read_deals(half | {"amount": [0.25]}, rates=FX, scale=4)
    assert fine["amount"].tolist() == [0.0017]
    coarse = sm.read_deals(half | {"amount": [199.99], "currency": ["EUR"]}, rates=FX, scale=0)
    assert coarse["amount"].tolist() == [217.0]


def test_an_amount_above_the_limit_once_converted_is_refused() -> None:
    """The limit holds for the book's own minor units."""
    rows = {"amount": [1, 9e11], "currency": ["JPY", "EUR"], "outcome": ["won"] * 2, "closed": ["2026-02-01"] * 2}
    assert sm.read_deals(rows, rates=FX, currency="JPY")["amount"].tolist() == [1.0, 146_739_130_434_783.0]
    strong = sm.FxTable.in_base("USD", {"EUR": 10**6, "JPY": 1})
    error = refused(lambda: sm.read_deals(rows, rates=strong))
    assert (error.code, error.field, error.row, error.value) == ("SM-AMT-03", "amount", 1, "900000000000.0 EUR")


def test_rates_need_a_column_of_currencies() -> None:
    """Rates without a column that says what is to be converted are refused, and so is what is no table."""
    error = refused(lambda: sm.read_deals({"amount": [1]}, rates=FX), sm.InvalidArgumentError)
    assert (error.code, error.hint) == ("SM-CUR-09", "columns={'currency': 'CurrencyIsoCode'} says which it is.")
    wrong = refused(lambda: sm.read_deals(DEALS, MAP, rates={"EUR": 1.1}), sm.InvalidTypeError)  # type: ignore[arg-type]
    assert (wrong.code, wrong.field) == ("SM-CUR-11", "rates")
    alone = refused(lambda: sm.read_deals(DEALS, MAP, rate_day="2026-01-01"), sm.InvalidArgumentError)
    assert (alone.code, alone.field) == ("SM-CUR-12", "rate_day")


def test_quotas_and_calls_are_converted_by_their_first_day() -> None:
    """A quota of a quarter has one rate for the whole of it: that of its start, or of the day stated."""
    days = {"start": ["2026-01-01", "2026-04-01"], "end": ["2026-04-01", "2026-07-01"]}
    rows = {"rep": ["Ana", "Ben"], "amount": [92, 90], "currency": ["EUR", "EUR"], **days}
    assert sm.read_quotas(rows, rates=FX)["amount"].tolist() == [100.0, 100.0]
    assert sm.read_quotas(rows, rates=FX, rate_day="2026-01-01")["amount"].tolist() == [100.0, 97.83]
    calls = sm.read_forecasts(rows | {"given": ["2026-01-05", "2026-04-05"]}, rates=FX)
    assert (calls["amount"].tolist(), calls.currency) == ([100.0, 100.0], "USD")
    error = refused(lambda: sm.read_quotas(rows | {"start": ["2025-12-01", "2026-04-01"]}, rates=FX))
    assert (error.code, error.row, error.value, error.keys) == ("SM-CUR-07", 0, "EUR on 2025-12-01", ["Ana"])
    mixed = refused(lambda: sm.read_quotas(rows | {"currency": ["EUR", "USD"]}))
    assert (mixed.code, mixed.values) == ("SM-CUR-01", ["EUR", "USD"])


def test_quotas_in_another_currency_than_the_deals_are_refused() -> None:
    """QPR-4: attainment of dollars against euros has no answer."""
    deals = sm.read_deals({"rep": ["Ana"], "amount": [1], "outcome": ["won"], "closed": ["2026-02-01"]}, currency="USD")
    quotas = sm.read_quotas(
        {"rep": ["Ana"], "start": ["2026-01-01"], "end": ["2026-04-01"], "amount": [1]}, currency="EUR"
    )
    error = refused(lambda: sm.attainment(deals, quotas, period=quotas.periods()))
    assert (error.code, error.field, error.value) == ("SM-CUR-01", "quotas", "EUR")
    assert error.message == "`quotas` must be in the currency of the deals; got EUR beside USD."


def test_the_sample_of_a_hundred_currencies_is_exact() -> None:
    """Every currency of ISO 4217 at its own scale and a rate of each month: the answer of Python's fractions, row by row."""
    from salesmetrics.money import CURRENCIES

    rng = np.random.default_rng(7)
    codes = sorted(CURRENCIES)
    months = [f"2026-{month:02d}-01" for month in range(1, 13)]
    table = {
        code: {day: Decimal(int(rng.integers(10**5, 10**10))).scaleb(-6) for day in months}
        for code in codes
        if code != "USD"
    }
    fx = sm.FxTable.per_base("USD", table, until="2027-01-01")
    size = 3_000
    coin = rng.choice(codes, size)
    minor = rng.integers(1, 10**9, size)
    amount = [Decimal(int(m)).scaleb(-CURRENCIES[c]) for m, c in zip(minor, coin, strict=True)]
    day = np.datetime64("2026-01-01") + rng.integers(0, 365, size)
    rows = {"amount": amount, "currency": coin.tolist(), "outcome": ["won"] * size, "closed": day}
    deals = sm.read_deals(rows, rates=fx)
    exact = [Fraction(a) * fx.rate(c, d) * 100 for a, c, d in zip(amount, coin.tolist(), day, strict=True)]
    assert (deals["amount"] * 100).round().tolist() == [float(round(value)) for value in exact]


@pytest.mark.parametrize("kind", ["csv", "pandas", "polars", "arrow", "categorical", "decimals", "texts"])
def test_every_container_gives_the_same_book(kind: str) -> None:
    """Deals in several currencies from a file, a frame of any library, exact decimals and texts: one book, bit for bit."""
    whole = sm.read_deals(DEALS, MAP, rates=FX, as_of="2026-05-02")
    source: Any = DEALS
    if kind == "csv":
        rows = zip(*(["" if value is None else value for value in column] for column in DEALS.values()), strict=True)
        source = io.StringIO("\n".join([",".join(DEALS), *(",".join(map(str, row)) for row in rows)]) + "\n")
    elif kind == "decimals":
        source = DEALS | {"amount": [Decimal(str(amount)) for amount in DEALS["amount"]]}
    elif kind == "texts":
        source = pytest.importorskip("pandas").DataFrame(DEALS | {"amount": ["100", "50.25", "15,000", "7"]})
    elif kind == "categorical":
        source = pytest.importorskip("pandas").DataFrame(DEALS).astype({"Coin": "category"})
    elif kind == "arrow":
        source = pytest.importorskip("pyarrow").table(DEALS)
    else:
        source = pytest.importorskip(kind).DataFrame(DEALS | {"amount": [float(amount) for amount in DEALS["amount"]]})
    told = {"money_format": "1,234.56"} if kind == "texts" else {}
    book = sm.read_deals(source, MAP, rates=FX, as_of="2026-05-02", **told)
    assert book.equals(whole)
    assert book.column("amount").minor.tolist() == whole.column("amount").minor.tolist()


def test_where_nothing_has_an_amount_nothing_is_converted() -> None:
    """A column of blanks in another currency needs no rate, and no day."""
    rows = {"amount": [None, None], "currency": ["EUR", "CHF"], "outcome": ["open", "open"]}
    book = sm.read_deals(rows, rates=FX)
    assert book.column("amount").missing().all()
    assert book.currency == "USD"


def test_rates_come_as_labels_and_masks_too() -> None:
    """A categorical column of rates and a masked array are read by value; what is masked is missing, which is refused."""
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"currency": ["EUR", "JPY"], "in_base": ["1.1", "0.01"]}).astype("category")
    assert sm.read_rates(frame, base="USD").rate("EUR", "2026-01-01") == Fraction(11, 10)
    masked = np.ma.MaskedArray([1.1, 0.01], mask=[False, True])
    error = refused(lambda: sm.read_rates({"currency": ["EUR", "JPY"], "in_base": masked}, base="USD"))
    assert (error.code, error.row, error.value) == ("SM-CUR-02", 1, None)
