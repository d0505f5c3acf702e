from __future__ import annotations

import io
import math
import pickle
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import salesmetrics as sm
from salesmetrics.convert.written import MONEY_FORMATS, Written, read_written
from salesmetrics.errors import InvalidArgumentError, InvalidTypeError, SalesMetricsError
from salesmetrics.money import (
    CURRENCIES,
    LIMIT,
    currency_scale,
    decimals_to_minor,
    finite_amount,
    floats_to_minor,
    resolve_scale,
    to_major,
    to_minor_scalar,
)

SCALES = st.integers(0, 9)
MINOR = st.integers(-LIMIT, LIMIT)


def rounded(exact: Fraction) -> int:
    """Return the whole number nearest to an exact one, halves to even."""
    return round(exact)


def rule(value: np.floating[Any], scale: int) -> int | None:
    """Return the whole minor units of a float by the words of the rule, in exact arithmetic; None where refused."""
    if not np.isfinite(value) or abs(float(value)) > LIMIT:
        return None
    exact = Fraction(float(value)) * 10**scale
    with np.errstate(under="ignore"):
        ulp = Fraction(float(abs(np.spacing(value))))
    minor = rounded(exact)
    near = abs(exact - minor) <= max(Fraction(1e-6), 8 * ulp * 10**scale)
    return minor if near and abs(minor) <= LIMIT else None


def answer(pair: tuple[np.ndarray, np.ndarray]) -> list[int | None]:
    return [None if bad else int(minor) for minor, bad in zip(*pair, strict=True)]


@st.composite
def nearly_whole(draw: st.DrawFn) -> tuple[float, int]:
    """Draw a float some ulps away from a whole, half or arbitrary number of minor units."""
    scale = draw(SCALES)
    bits = draw(st.integers(0, 53))
    minor = draw(st.integers(-(2**bits), 2**bits))
    shift = draw(st.sampled_from([Fraction(0), Fraction(1, 2), Fraction(1, 3), Fraction(1, 10**6)]))
    value = float((minor + shift) / 10**scale)
    for _ in range(draw(st.integers(0, 12))):
        value = math.nextafter(value, draw(st.sampled_from([-math.inf, math.inf])))
    return value, scale


# --- currencies -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "scale"), [("USD", 2), ("EUR", 2), ("JPY", 0), ("KRW", 0), ("BHD", 3), ("KWD", 3), ("CLF", 4)]
)
def test_a_currency_has_the_decimals_of_iso_4217(code: str, scale: int) -> None:
    """A currency's scale is the number of decimals of its minor unit."""
    assert currency_scale(code) == scale


def test_codes_are_three_capitals_in_order() -> None:
    """The codes of the table are sorted, have three capitals each and at most four decimals."""
    assert list(CURRENCIES) == sorted(CURRENCIES)
    assert all(len(code) == 3 and code.isalpha() and code.isupper() and code.isascii() for code in CURRENCIES)
    assert set(CURRENCIES.values()) == {0, 2, 3, 4}


def test_the_table_of_currencies_cannot_be_changed() -> None:
    """The table of currencies is read-only."""
    with pytest.raises(TypeError, match="assignment"):
        CURRENCIES["USD"] = 3  # type: ignore[index]


@pytest.mark.parametrize(
    ("code", "hint"),
    [
        ("usd", "did you mean 'USD'?"),
        (" EUR ", "did you mean 'EUR'?"),
        ("EUX", "did you mean "),
        ("", "leave `currency` out"),
        ("  ", "leave `currency` out"),
        (840, "leave `currency` out"),
    ],
)
def test_an_unknown_currency_is_refused(code: object, hint: str) -> None:
    """A code that is unknown, blank or in lower case is refused, with the way out."""
    with pytest.raises(
        InvalidArgumentError, match=r"^\[SM-[A-Z]+-\d+\] `currency` must be a code of ISO 4217 in capitals"
    ) as caught:
        currency_scale(code)
    assert (caught.value.code, caught.value.field, caught.value.value) == ("SM-CUR-03", "currency", code)
    assert caught.value.hint is not None
    assert caught.value.hint.startswith(hint)


@pytest.mark.parametrize(
    ("currency", "scale", "expected"),
    [(None, None, 2), ("JPY", None, 0), ("USD", 4, 4), (None, 0, 0), (None, 9, 9), ("BHD", np.int64(2), 2)],
)
def test_a_stated_scale_wins(currency: str | None, scale: Any, expected: int) -> None:
    """The scale is the stated one, else the currency's, else 2."""
    found = resolve_scale(currency, scale)
    assert found == expected
    assert type(found) is int


@pytest.mark.parametrize("scale", [-1, 10, 2.0, "2", True, np.nan])
def test_a_scale_out_of_range_is_refused(scale: object) -> None:
    """A scale is a whole number from 0 to 9."""
    with pytest.raises(
        InvalidArgumentError, match=r"^\[SM-[A-Z]+-\d+\] `scale` must be a whole number from 0 to 9; got "
    ) as caught:
        resolve_scale(None, scale)
    assert (caught.value.code, caught.value.field) == ("SM-CUR-05", "scale")
    assert caught.value.value is scale
    assert caught.value.hint == "the scale counts decimals: 2 for cents, 4 for unit prices."


def test_a_wrong_currency_is_refused_beside_a_scale() -> None:
    """A stated scale does not let an unknown currency pass."""
    with pytest.raises(InvalidArgumentError, match="`currency` must"):
        resolve_scale("usd", 2)


# --- to major units ---------------------------------------------------------------------------------------------------


@given(st.lists(st.integers(-(2**63), 2**63 - 1), max_size=20), SCALES)
@example([2**53 + 1, -(2**53) - 1, 2**53, -(2**63), 2**63 - 1], 2)
def test_major_units_are_the_correctly_rounded_quotient(minor: list[int], scale: int) -> None:
    """The float of an amount is the one nearest to the exact quotient, for every int64."""
    major = to_major(np.array(minor, dtype=np.int64), scale)
    assert major.tolist() == [float(Fraction(m, 10**scale)) for m in minor]


def test_major_units_are_a_fresh_array() -> None:
    """The answer can be written to and shares no memory with the book, at scale 0 too."""
    minor = np.arange(5)
    minor.setflags(write=False)
    major = to_major(minor, 0)
    major[0] = np.nan
    assert major.dtype == np.float64
    assert minor[0] == 0


# --- floats to minor units --------------------------------------------------------------------------------------------


@given(nearly_whole())
@example((0.1 + 0.2, 2))
@example((90071992547409.91, 2))
@example((-0.0, 2))
@example((0.5, 0))
@example((1.5, 0))
@example((1e-8, 2))
@example((22517998136852.485, 2))
def test_floats_are_judged_by_the_exact_rule(drawn: tuple[float, int]) -> None:
    """A float within 1e-6 minor units or 8 ulps of a minor unit is that unit; every other is refused."""
    value, scale = drawn
    assert answer(floats_to_minor(np.array([value]), scale)) == [rule(np.float64(value), scale)]


@given(st.floats(), SCALES)
@example(1e300, 2)
def test_any_float_is_judged_by_the_exact_rule(value: float, scale: int) -> None:
    """The rule holds for NaN, infinities, subnormals and amounts above the limit."""
    assert answer(floats_to_minor(np.array([value]), scale)) == [rule(np.float64(value), scale)]


@given(st.floats(width=32), st.integers(0, 4))
@example(float(np.float32(1234.56)), 2)
@example(float(np.float32(16777216.0)), 2)
def test_single_precision_is_judged_by_its_own_ulps(value: float, scale: int) -> None:
    """The ulp of the rule is that of the float's own type."""
    single = np.array([value], dtype=np.float32)
    assert answer(floats_to_minor(single, scale)) == [rule(single[0], scale)]


@given(MINOR, SCALES)
@example(LIMIT, 2)
@example(-LIMIT, 9)
def test_amounts_survive_the_way_to_major_units_and_back(minor: int, scale: int) -> None:
    """Every amount whose float has no twin comes back as the same minor units, up to the limit."""
    major = to_major(np.array([minor]), scale)
    twins = [float(Fraction(m, 10**scale)) for m in (minor - 1, minor + 1)]
    if major[0] not in twins:
        assert answer(floats_to_minor(major, scale)) == [minor]


@given(nearly_whole())
def test_rounding_takes_the_exact_value_half_to_even(drawn: tuple[float, int]) -> None:
    """On request the exact value of a float is rounded, halves to even."""
    value, scale = drawn
    exact = rounded(Fraction(value) * 10**scale)
    found = answer(floats_to_minor(np.array([value]), scale, rounding="half_even"))
    assert found == [exact if abs(exact) <= LIMIT else None]


def test_rows_are_judged_one_by_one_in_any_block() -> None:
    """Bad rows are marked where they stand, in arrays of many blocks, and good rows beside them are kept."""
    rng = np.random.default_rng(3)
    minor = rng.integers(-(10**11), 10**11, size=50_001)
    values = to_major(minor, 2)
    bad = rng.random(len(values)) < 0.01
    values[bad] = rng.choice([np.nan, np.inf, -np.inf, 1e300, 0.005], size=bad.sum())
    values.setflags(write=False)
    found, refused = floats_to_minor(values, 2)
    assert np.array_equal(refused, bad)
    assert np.array_equal(found, np.where(bad, 0, minor))
    assert found.dtype == np.int64


@pytest.mark.parametrize("value", [1e300, np.inf, 90071992547409.92, 9.1e13, -1e18, 0.005])
def test_a_nan_hides_no_bad_row_beside_it(value: float) -> None:
    """A row is refused whatever stands beside it."""
    minor, bad = floats_to_minor(np.array([np.nan, value, 1.0, -2.25]), 2)
    assert bad.tolist() == [True, True, False, False]
    assert minor.tolist() == [0, 0, 100, -225]


@pytest.mark.parametrize("values", [np.empty(0), np.arange(10.0)[::2], np.float16([0.5, 2.0])])
def test_odd_arrays_are_read(values: np.ndarray) -> None:
    """Empty arrays, strided views and half precision are read as they are."""
    assert answer(floats_to_minor(values, 2)) == [int(v * 100) for v in values]


# --- numbers of any kind ----------------------------------------------------------------------------------------------


@given(st.decimals(allow_nan=True, allow_infinity=True), SCALES)
@example(Decimal("0.005"), 2)
@example(Decimal("90071992547409.91"), 2)
@example(Decimal("90071992547409.92"), 2)
@example(Decimal("1.10000000000000000000000000000000000000000000000000"), 1)
def test_decimals_are_exact(value: Decimal, scale: int) -> None:
    """A Decimal is its whole minor units, or it is refused: there is no tolerance."""
    expected = None
    if value.is_finite() and -1000 < value.adjusted() < 40:
        exact = Fraction(value) * 10**scale
        expected = int(exact) if exact.denominator == 1 and abs(exact) <= LIMIT else None
    elif value.is_zero():
        expected = 0
    assert answer(decimals_to_minor([value], scale)) == [expected]


@given(st.decimals(-(10**7), 10**7, places=6), st.integers(0, 5))
def test_decimals_are_rounded_half_to_even_on_request(value: Decimal, scale: int) -> None:
    """On request a Decimal is rounded, halves to even."""
    found = answer(decimals_to_minor([value], scale, rounding="half_even"))
    assert found == [rounded(Fraction(value) * 10**scale)]


def test_kinds_may_be_mixed() -> None:
    """Whole numbers, floats, Decimals and numpy's scalars may stand in one column; anything else is a bad row."""
    values = [Decimal("19.90"), 5, 0.1 + 0.2, np.int8(-3), np.float32(1234.56), np.float64(2.5), np.longdouble(5.25)]
    wrong = [None, "3", True, np.True_, 1j, 0.125, np.nan, 10**400, 10**14, [1]]
    assert answer(decimals_to_minor(values, 2)) == [1990, 500, 30, -300, 123456, 250, 525]
    assert answer(decimals_to_minor(wrong, 2)) == [None] * len(wrong)
    assert answer(decimals_to_minor(np.array(values + wrong, dtype=object), 2))[6:8] == [525, None]
    assert answer(decimals_to_minor(iter([]), 2)) == []


@pytest.mark.parametrize("text", ["1E+2000000", "-1E+999999999999999999", "1E-2000000", "Infinity", "NaN", "sNaN"])
@pytest.mark.parametrize("rounding", [None, "half_even"])
def test_a_huge_exponent_is_never_expanded(text: str, rounding: Any) -> None:
    """The size of a Decimal is looked at before anything is computed from it."""
    expected = 0 if rounding and text == "1E-2000000" else None
    assert answer(decimals_to_minor([Decimal(text)], 9, rounding=rounding)) == [expected]


@pytest.mark.parametrize("text", ["0E+2000000", "-0E-2000000", "1." + "0" * 100_000])
def test_zeros_do_not_matter(text: str) -> None:
    """Zeros at the end, and zero with any exponent, are no decimals."""
    assert answer(decimals_to_minor([Decimal(text)], 2)) == [100 * int(text[0] == "1")]


# --- one amount -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "minor"), [(12, 1200), (0.1 + 0.2, 30), (Decimal("-0.01"), -1), (-0.0, 0), (90071992547409.91, LIMIT)]
)
def test_one_amount_is_converted_exactly(value: Any, minor: int) -> None:
    """One amount of any kind is its whole minor units."""
    assert to_minor_scalar(value, 2, "amount") == minor


@given(st.one_of(st.floats(), st.integers(), st.decimals()), SCALES)
def test_one_amount_is_judged_as_in_a_column(value: Any, scale: int) -> None:
    """A single amount is accepted where a row of a column would be, and refused by an error of ours elsewhere."""
    [expected] = answer(decimals_to_minor([value], scale))
    if expected is not None:
        assert to_minor_scalar(value, scale, "amount") == expected
        return
    with pytest.raises(SalesMetricsError, match=r"^\[SM-[A-Z]+-\d+\] `amount` must "):
        to_minor_scalar(value, scale, "amount")


FINER = "state a larger `scale` (unit prices have 4), or round the amount."
COARSER = "state a smaller `scale`, or keep the book in thousands."
UNKNOWN = "write None where it is not known."
REFUSALS = [
    (True, InvalidTypeError, "SM-AMT-01", "must be an int, a float or a Decimal", "True and False are no amounts."),
    (1j, InvalidTypeError, "SM-AMT-01", "must be an int, a float or a Decimal", None),
    (None, InvalidTypeError, "SM-AMT-01", "must be an int, a float or a Decimal", None),
    ("12", InvalidTypeError, "SM-AMT-01", "must be an int, a float or a Decimal", "texts are read by read_deals"),
    (float("nan"), InvalidArgumentError, "SM-AMT-02", "must be finite", UNKNOWN),
    (float("-inf"), InvalidArgumentError, "SM-AMT-02", "must be finite", UNKNOWN),
    (np.float32("inf"), InvalidArgumentError, "SM-AMT-02", "must be finite", UNKNOWN),
    (Decimal("NaN"), InvalidArgumentError, "SM-AMT-02", "must be finite", UNKNOWN),
    (1e300, InvalidArgumentError, "SM-AMT-03", "must be at most 9007199254740991 minor units", "keep the book in tho"),
    (10**4000, InvalidArgumentError, "SM-AMT-03", "must be at most 9007199254740991 minor units", "keep the book in"),
    (Decimal("-1E+2000000"), InvalidArgumentError, "SM-AMT-03", "must be at most 9007199254740991 minor", "keep the"),
    (10**14, InvalidArgumentError, "SM-AMT-03", "must be at most 9007199254740991 minor units", COARSER),
    (Decimal("90071992547409.92"), InvalidArgumentError, "SM-AMT-03", "must be at most 9007199254740991", COARSER),
    (0.125, InvalidArgumentError, "SM-AMT-04", "must have at most 2 decimals", FINER),
    (Decimal("0.001"), InvalidArgumentError, "SM-AMT-04", "must have at most 2 decimals", FINER),
    (Decimal("1E-2000000"), InvalidArgumentError, "SM-AMT-04", "must have at most 2 decimals", FINER),
]


@pytest.mark.parametrize(("value", "kind", "code", "sentence", "hint"), REFUSALS)
def test_an_amount_that_breaks_its_rule_is_refused(
    value: Any, kind: type[SalesMetricsError], code: str, sentence: str, hint: str | None
) -> None:
    """Each rule of an amount has its class, code, sentence, value and hint, and the error survives pickling."""
    with pytest.raises(kind, match=rf"^\[SM-[A-Z]+-\d+\] `price` {sentence}.*; got ") as caught:
        to_minor_scalar(value, 2, "price")
    error = caught.value
    assert (error.code, error.field) == (code, "price")
    assert error.value is value
    assert error.hint is None if hint is None else str(error.hint).startswith(hint)
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


@pytest.mark.parametrize(
    ("value", "expected"),
    [(np.int16(3), 3), (np.float64(2.5), 2.5), (np.float32(0.1), 0.1), (Decimal("0E+2000000"), Decimal(0)), (0, 0)],
)
def test_an_amount_becomes_a_plain_python_number(value: Any, expected: Any) -> None:
    """Scalars of numpy become Python's own; a single-precision one is the decimal it is written as."""
    found = finite_amount(value, "amount")
    assert found == expected
    assert type(found) is type(expected)


def test_minus_zero_becomes_zero() -> None:
    """The sign of a zero never reaches a result."""
    assert str(finite_amount(-0.0, "amount")) == "0.0"
    assert not Decimal(finite_amount(Decimal("-0.00"), "amount")).is_signed()


# --- amounts as people write them -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "money_format", "number", "mark"),
    [
        ("$1,234.50", "1,234.56", "1234.50", "$"),
        ("(1,234.50)", "1,234.56", "-1234.50", ""),
        ("($1,234.50)", "1,234.56", "-1234.50", "$"),
        ("-$5", "1,234.56", "-5", "$"),
        ("$-5", "1,234.56", "-5", "$"),
        ("1,234.50-", "1,234.56", "-1234.50", ""),
        ("+7", "1,234.56", "7", ""),
        ("USD 1,234,567", "1,234.56", "1234567", "USD"),
        ("1.234,50 EUR", "1.234,56", "1234.50", "EUR"),
        ("1.234", "1.234,56", "1234", ""),
        ("\u2212 3,5 €", "1.234,56", "-3.5", "€"),
        ("1 234,50 €", "1 234,56", "1234.50", "€"),
        ("1\u202f234\u00a0567,5", "1 234,56", "1234567.5", ""),
        ("1 234.5", "1 234.56", "1234.5", ""),
        ("CHF 1'234.50", "1'234.56", "1234.50", "CHF"),
        ("1\u2019234.50", "1'234.56", "1234.50", ""),
        ("₹12,34,567.89", "12,34,567.89", "1234567.89", "₹"),
        ("1234,5", "1234,56", "1234.5", ""),
        ("R$ 5", "1234.56", "5", "R$"),
        ("0", "1,234.56", "0", ""),
        ("0007.10", "1234.56", "7.10", ""),
    ],
)
def test_a_written_amount_is_read_in_the_format_that_is_told(
    text: str, money_format: str, number: str, mark: str
) -> None:
    """ARR-13: separators, signs of currency on either side, a minus on either side, or brackets."""
    assert read_written(text, MONEY_FORMATS[money_format]) == Written(Decimal(number), mark)


@pytest.mark.parametrize(
    ("text", "money_format"),
    [
        ("1.234,50", "1,234.56"),
        ("1,234.50", "1.234,56"),
        ("12,34", "1,234.56"),
        ("1,2345", "1,234.56"),
        ("1234,567", "1,234.56"),
        (",123", "1,234.56"),
        ("1,,234", "1,234.56"),
        ("1,234,567", "12,34,567.89"),
        ("1,234", "1234.56"),
        ("5.", "1,234.56"),
        (".5", "1,234.56"),
        ("1.2.3", "1,234.56"),
        ("--5", "1,234.56"),
        ("(-5)", "1,234.56"),
        ("-5-", "1,234.56"),
        ("$5 USD", "1,234.56"),
        ("$", "1,234.56"),
        ("", "1,234.56"),
        ("()", "1,234.56"),
        ("1e5", "1,234.56"),
        ("1_000", "1,234.56"),
        ("１２３", "1,234.56"),
        ("nan", "1,234.56"),
        ("Infinity", "1,234.56"),
        ("5 apples", "1,234.56"),
        ("1 234", "1,234.56"),
        ("1" * 41, "1,234.56"),
    ],
)
def test_what_is_written_otherwise_is_not_read(text: str, money_format: str) -> None:
    """ARR-13, ARR-14: groups are complete, one sign and one mark, ASCII digits, no exponents and no words."""
    assert read_written(text, MONEY_FORMATS[money_format]) is None


@given(st.text(alphabet="0123456789,.'()-+$€ \u00a0EURx", max_size=45), st.sampled_from(sorted(MONEY_FORMATS)))
def test_any_text_is_read_or_not_and_never_misread(text: str, money_format: str) -> None:
    """What is read has the digits that were written, in their order."""
    found = read_written(text, MONEY_FORMATS[money_format])
    if found is not None:
        digits = "".join(character for character in text if character.isdigit()).lstrip("0")
        assert "".join(map(str, found.number.as_tuple().digits)).lstrip("0") == digits


@given(st.text(max_size=60), st.sampled_from(sorted(MONEY_FORMATS)))
@example("9" * 1_000_000, "1,234.56")
@example("$" * 1_000_000, "1,234.56")
@example("-" * 40, "1,234.56")
@example("(" * 40, "1,234.56")
def test_hostile_texts_are_answered_at_once(text: str, money_format: str) -> None:
    """Any text is an amount or none; nothing is raised, and length is looked at first."""
    found = read_written(text, MONEY_FORMATS[money_format])
    assert found is None or found.number.is_finite()


@given(st.integers(-(10**12), 10**12), st.sampled_from(sorted(MONEY_FORMATS)))
def test_an_amount_survives_being_written(minor: int, money_format: str) -> None:
    """Every format reads what is written in it."""
    how = MONEY_FORMATS[money_format]
    whole, cents = divmod(abs(minor), 100)
    upper, last = divmod(whole, 1000)
    text = str(whole)
    if how.groups and upper:
        head = str(upper)
        parts = [head[max(end - how.upper, 0) : end] for end in range(len(head), 0, -how.upper)]
        text = how.groups[0].join([*reversed(parts), f"{last:03d}"])
    text = f"{'-' if minor < 0 else ''}{text}{how.point}{cents:02d}"
    deals = sm.read_deals({"amount": [text]}, money_format=money_format, allow_negative=True)
    assert deals.column("amount").minor.tolist() == [minor]


@pytest.mark.parametrize("kind", ["list", "csv", "pandas", "polars", "arrow", "categorical"])
def test_written_amounts_come_in_every_container(kind: str) -> None:
    """Blanks are missing, and the book is the same."""
    texts = ["$1,234.50", "", "(2.00)"]
    rows: Any = {"id": ["a", "b", "c"], "amount": texts}
    if kind == "csv":
        rows = io.StringIO('id,amount\na,"$1,234.50"\nb,\nc,(2.00)\n')
    elif kind == "arrow":
        rows = pytest.importorskip("pyarrow").table(rows)
    elif kind == "categorical":
        rows = pytest.importorskip("pandas").DataFrame(rows).astype({"amount": "category"})
    elif kind != "list":
        rows = pytest.importorskip(kind).DataFrame(rows)
    deals = sm.read_deals(rows, money_format="1,234.56", allow_negative=True, currency="USD")
    assert deals.column("amount").minor.tolist() == [123_450, 0, -200]
    assert deals.column("amount").missing().tolist() == [False, True, False]


def test_signs_must_be_able_to_mean_the_currency() -> None:
    """A sign of euros in a book of dollars is refused, a dollar sign in one of Canadian dollars is not."""
    rows = {"id": ["a", "b"], "amount": ["$5", "€6"]}
    with pytest.raises(sm.InvalidDataError) as caught:
        sm.read_deals(rows, money_format="1,234.56", currency="USD")
    assert (caught.value.code, caught.value.row, caught.value.value, caught.value.keys) == ("SM-CUR-10", 1, "€6", ["b"])
    with pytest.raises(sm.InvalidDataError, match="in one currency in every row") as mixed:
        sm.read_deals(rows, money_format="1,234.56")
    assert (mixed.value.code, mixed.value.value) == ("SM-CUR-01", "$ and €")
    assert sm.read_deals(rows | {"amount": ["$5", "6"]}, money_format="1,234.56", currency="CAD")[
        "amount"
    ].tolist() == [5, 6]
    fx = sm.FxTable.in_base("USD", {"EUR": 2})
    own = {**rows, "currency": ["USD", "EUR"], "outcome": ["won"] * 2, "closed": ["2026-01-01"] * 2}
    assert sm.read_deals(own, money_format="1,234.56", rates=fx)["amount"].tolist() == [5, 12]
    with pytest.raises(sm.InvalidDataError, match="bear the sign of its currency"):
        sm.read_deals(own | {"currency": ["EUR", "USD"]}, money_format="1,234.56", rates=fx)


def test_a_format_that_is_none_is_refused() -> None:
    """The formats are a closed list, each an example of itself."""
    with pytest.raises(sm.InvalidArgumentError, match="`money_format` must be one of") as caught:
        sm.read_deals({"amount": ["5"]}, money_format="#,##0.00")
    assert caught.value.code == "SM-ARG-01"


# --- the rows of the catalogue, through the door ----------------------------------------------------------------------

FINITE = "leave a cell empty (None or NaN) where the amount is not known."
FINER = "rounding='half_even' rounds to minor units and counts; or state a larger `scale` (unit prices have 4)."
NEGATIVE = "allow_negative=True takes credits as they are."
WRITE = "give numbers, such as Decimal('1234.50'); or money_format='1,234.56' for texts that are written like that."
PLAIN = "plain ASCII digits with one point, such as 1234.50; money_format='1,234.56' takes separators and signs of currency."
USUAL = "on_error='drop' leaves such rows out, on_error='collect' reports every problem at once."
LARGE = [float(2**53), 1.0]
CATALOGUE: list[tuple[str, Any, str, int | None, Any, str | None]] = [
    ("DOM-2", [1.0, math.inf], "SM-AMT-02", 1, math.inf, FINITE),
    ("DOM-2", np.array([1.0, -math.inf]), "SM-AMT-02", 1, -math.inf, FINITE),
    ("DOM-2", [1, Decimal("Infinity")], "SM-AMT-02", 1, Decimal("Infinity"), FINITE),
    ("DOM-3", [1.0, -5.0], "SM-AMT-05", 1, -5.0, NEGATIVE),
    ("DOM-3", np.array([-5, 1]), "SM-AMT-05", 0, -5, NEGATIVE),
    ("DOM-5", [1.0, True], "SM-AMT-07", 1, True, WRITE),
    ("DOM-5", np.array([True, False]), "SM-AMT-01", None, True, "True and False are no amounts."),
    ("DOM-6", np.array([1j, 2]), "SM-AMT-01", None, 1j, "take the real part where that is meant."),
    ("DOM-7", [Decimal("1.005"), 1], "SM-AMT-04", 0, Decimal("1.005"), FINER),
    ("DOM-7", np.array([1.0, 1.005]), "SM-AMT-04", 1, 1.005, FINER),
    ("DOM-8", [1, Decimal("1E+2000000")], "SM-AMT-03", 1, Decimal("1E+2000000"), USUAL),
    ("DOM-9", np.array([1e300, 1.0]), "SM-AMT-03", 0, 1e300, USUAL),
    ("DOM-9", np.array(LARGE), "SM-AMT-03", 0, float(2**53), USUAL),
    ("ARR-6", np.array([2**63, 1], dtype=np.uint64), "SM-AMT-03", 0, 2**63, USUAL),
    ("ARR-9", np.array([np.longdouble("1e400"), 1]), "SM-AMT-03", 0, None, USUAL),
    ("ARR-13", np.array(["$1,234.50", "5"]), "SM-AMT-06", None, "$1,234.50", WRITE),
    ("ARR-13", [1.5, "$1,234.50"], "SM-AMT-07", 1, "$1,234.50", WRITE),
    ("ARR-14", "1_000", "SM-AMT-18", 1, "1_000", PLAIN),
    ("ARR-14", "１２３", "SM-AMT-18", 1, "１２３", PLAIN),
    ("ARR-14", "nan", "SM-AMT-18", 1, "nan", PLAIN),
    ("ARR-14", "Infinity", "SM-AMT-18", 1, "Infinity", PLAIN),
    ("ARR-14", "1e5", "SM-AMT-18", 1, "1e5", PLAIN),
]


@pytest.mark.parametrize(
    ("values", "code", "row", "value", "hint"),
    [c[1:] for c in CATALOGUE],
    ids=[f"{c[0]}-{at}" for at, c in enumerate(CATALOGUE)],
)
def test_a_bad_amount_is_refused_at_the_door(
    values: Any, code: str, row: int | None, value: Any, hint: str | None
) -> None:
    """Class, code, column, row, key, value and hint; what the caller gave is as it was."""
    source: Any = {"id": ["D0", "D1"], "Value": values}
    if isinstance(values, str):
        source = io.StringIO(f"id,Value\nD0,5\nD1,{values}\n")
    elif isinstance(values, np.ndarray):
        values.setflags(write=False)
    with pytest.raises(sm.InvalidDataError) as caught:
        sm.read_deals(source, {"amount": "Value"})
    error = caught.value
    assert (error.code, error.field, error.column, error.row, error.hint) == (code, "amount", "Value", row, hint)
    assert error.keys == ([] if row is None else [f"D{row}"])
    assert value is None or error.value == value


@pytest.mark.parametrize(
    ("values", "options", "minor"),
    [
        ([None, 1.0], {}, [0, 100]),
        ([math.nan, 1.0], {}, [0, 100]),
        ([-0.0, 1.0], {}, [0, 100]),
        ([0.1 + 0.2, 1.0], {}, [30, 100]),
        ([-5.0, 1.0], {"allow_negative": True}, [-500, 100]),
        (np.array([16_777_216, 1], dtype=np.int32), {}, [1_677_721_600, 100]),
        (np.array([255, 1], dtype=np.uint8), {}, [25_500, 100]),
        (np.array([131_071.5, 0.5], dtype=np.float32), {}, [13_107_150, 50]),
        (np.array([1.25, 1], dtype=np.longdouble), {}, [125, 100]),
        ([Decimal("19.90"), 5], {}, [1990, 500]),
    ],
)
def test_other_amounts_are_converted_exactly(values: Any, options: dict[str, Any], minor: list[int]) -> None:
    """DOM-1, 3, 4 and 7, ARR-5 and 6: in a column NaN is a blank, minus nought is nought, small types are widened."""
    assert sm.read_deals({"amount": values}, **options).column("amount").minor.tolist() == minor


def test_rounding_is_counted_and_single_precision_is_warned_of() -> None:
    """DOM-7 and ARR-5: rows that rounding changed, and values whose cents may be lost already, stand in the report."""
    with pytest.warns(sm.SalesMetricsWarning, match=r"have at most 2 decimals; got 2 of 3 rows"):
        book = sm.read_deals({"amount": [1.005, 1.015, 1.0]}, rounding="half_even")
    assert book.column("amount").minor.tolist() == [100, 101, 100]
    with pytest.warns(sm.SalesMetricsWarning, match="float32 holds too few digits here"):
        book = sm.read_deals({"amount": np.array([262_145.0, 1.0], dtype=np.float32)})
    assert book.column("amount").minor.tolist() == [26_214_500, 100]


def test_close_before_create_is_refused_or_blanked() -> None:
    """DOM-10: the same day is allowed; a migrated deal keeps its amount and loses its creation day, counted."""
    rows = {"id": ["a", "b"], "amount": [1, 2], "created": ["2026-02-01", "2026-02-02"], "closed": ["2026-02-01"] * 2,
            "outcome": ["won"] * 2}  # fmt: skip
    with pytest.raises(sm.InvalidDataError) as caught:
        sm.read_deals(rows)
    error = caught.value
    assert (error.code, error.field, error.column, error.row, error.keys) == ("SM-CLO-03", "closed", "closed", 1, ["b"])
    assert error.value == np.datetime64("2026-02-01")
    assert error.hint == "repair='blank_created' keeps such deals without their creation day."
    with pytest.warns(sm.SalesMetricsWarning, match="`created` was blanked in 1 deals"):
        book = sm.read_deals(rows, repair="blank_created")
    assert np.isnat(book["created"]).tolist() == [False, True]
    assert book["amount"].tolist() == [1.0, 2.0]


def test_totals_past_int64_are_refused_naming_the_group() -> None:
    """ARR-8: a sum never wraps."""
    size = 1025
    rows = {
        "rep": ["Ana"] * size,
        "amount": np.full(size, LIMIT // 100),
        "outcome": ["won"] * size,
        "closed": ["2026-02-01"] * size,
    }
    with pytest.raises(
        sm.InvalidDataError, match="must stay within int64 minor units; got more in group 'Ana'"
    ) as caught:
        sm.credited_bookings(sm.read_deals(rows), by="rep")
    assert (caught.value.code, caught.value.field) == ("SM-AMT-09", "amount")
