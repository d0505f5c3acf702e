from __future__ import annotations

import math
import pickle
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

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
