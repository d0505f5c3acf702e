"""Splits: percent and fractions, kinds, amounts; credit that adds up to the minor unit, whatever the shares."""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import salesmetrics as sm
from salesmetrics.credit import Credit, credited

HALVES = {"deal": ["D1", "D1"], "rep": ["Ana", "Ben"], "share": [0.5, 0.5]}


def refused(call: Callable[[], Any], kind: type[sm.SalesMetricsError] = sm.InvalidDataError) -> Any:
    """Return the error of a call."""
    with pytest.raises(kind) as caught:
        call()
    return caught.value


def won(*minor: int | None, scale: int = 2, currency: str | None = None) -> sm.DealBook:
    """Return won deals D1, D2, ... of Zoe's with these amounts in minor units."""
    amounts = [None if units is None else Decimal(units).scaleb(-scale) for units in minor]
    size = len(minor)
    return sm.read_deals(
        {
            "id": [f"D{at + 1}" for at in range(size)],
            "rep": ["Zoe"] * size,
            "amount": np.array(amounts, dtype=object),
            "outcome": ["won"] * size,
            "closed": ["2026-02-01"] * size,
        },
        scale=scale,
        currency=currency,
        allow_negative=True,
    )


def credits(deals: sm.DealBook, splits: sm.SplitBook, credit: str = "revenue") -> dict[tuple[int, Any], int | None]:
    """Return whole minor units by row of the deal and rep."""
    book = credited(deals, Credit(credit), splits=splits)
    money = book.column("amount")
    missing = money.missing().tolist()
    units = [None if gone else minor for minor, gone in zip(money.minor.tolist(), missing, strict=True)]
    return dict(zip(zip(book["id"].tolist(), book["rep"].tolist(), strict=True), units, strict=True))


# --- worked by hand ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("minor", "shares", "expected"),
    [
        (100, {"Ana": 1 / 3, "Ben": 1 / 3, "Cy": 1 / 3}, {"Ana": 34, "Ben": 33, "Cy": 33}),
        (200, {"Ana": 1 / 3, "Ben": 1 / 3, "Cy": 1 / 3}, {"Ana": 67, "Ben": 67, "Cy": 66}),
        (-100, {"Ana": 1 / 3, "Ben": 1 / 3, "Cy": 1 / 3}, {"Ana": -34, "Ben": -33, "Cy": -33}),
        (1, {"Ana": 0.5, "Ben": 0.5}, {"Ana": 1, "Ben": 0}),
        (1, {"Ana": 0.4999999, "Ben": 0.5000001}, {"Ana": 0, "Ben": 1}),
        (0, {"Ana": 0.5, "Ben": 0.5}, {"Ana": 0, "Ben": 0}),
        (None, {"Ana": 0.5, "Ben": 0.5}, {"Ana": None, "Ben": None}),
        (10_001, {"Ana": 0.7, "Ben": 0.3}, {"Ana": 7001, "Ben": 3000}),
        (10**15 + 1, {"Ana": 1 / 3, "Ben": 2 / 3}, {"Ana": 333333333333333, "Ben": 666666666666668}),
        (999, {"Ana": 1.0, "Ben": 0.0}, {"Ana": 999}),
    ],
)
def test_credit_goes_by_largest_remainder(
    minor: int | None, shares: dict[str, float], expected: dict[str, Any]
) -> None:
    """Shares rounded down, then a minor unit each to the largest remainders, ties to the smaller label; credits mirror wins."""
    splits = sm.read_splits({"deal": ["D1"] * len(shares), "rep": list(shares), "share": list(shares.values())})
    found = {rep: units for (_, rep), units in credits(won(minor), splits).items()}
    assert found == expected
    if minor is not None:
        assert sum(found.values()) == minor  # type: ignore[arg-type]


def test_overlay_credit_comes_on_top_and_rounds_half_to_even() -> None:
    """Overlay shares may be any, a deal without them credits nobody, and the revenue of the team is as it was."""
    rows = {
        "deal": ["D1", "D1", "D2", "D3"],
        "rep": ["Eva", "Flo", "Eva", "Eva"],
        "share": [0.5, 10.0, 0.5, 1 / 3],
        "kind": ["overlay"] * 4,
    }
    deals = won(25, 15, 100, 7)
    splits = sm.read_splits(rows)
    assert credits(deals, splits, "overlay") == {(0, "Eva"): 12, (0, "Flo"): 250, (1, "Eva"): 8, (2, "Eva"): 33}
    assert credits(deals, splits) == {(at, "Zoe"): units for at, units in enumerate([25, 15, 100, 7])}
    error = refused(
        lambda: credits(won(2**52), sm.read_splits({**HALVES, "kind": ["overlay"] * 2, "share": [3.0, 1.0]}), "overlay")
    )
    assert (error.code, error.field, error.row) == ("SM-AMT-03", "share", 0)


def test_attainment_is_by_the_credited_rep() -> None:
    """60 and 40 percent of 1,000.01: 600.01 and 400.00 against quotas of 1,200 and 800."""
    splits = sm.read_splits({"deal": ["D1", "D1"], "rep": ["Ana", "Ben"], "share": [60, 40]}, share_scale=100)
    deals = won(100_001)
    quotas = sm.read_quotas(
        {"rep": ["Ana", "Ben"], "start": ["2026-01-01"] * 2, "end": ["2026-04-01"] * 2, "amount": [1200, 800]}
    )
    (period,) = quotas.periods()
    table = sm.attainment(deals, quotas, period=period, by="rep", splits=splits)
    assert table.parts["booked"].tolist() == [600.01, 400.0]
    assert (table["Ana"].value, table["Ben"].value) == (60_001 / 120_000, 0.5)
    assert sm.attainment(deals, quotas, period=period, splits=splits)["all"].parts["booked"] == 1000.01


def test_shares_of_one_rep_in_one_deal_are_added_up_first() -> None:
    """Two rows of a rep are one share: rounding each by itself could give a unit more."""
    splits = sm.read_splits({"deal": ["D1"] * 4, "rep": ["Ana", "Ben", "Ana", "Ben"], "share": [0.25] * 4})
    assert credits(won(3), splits) == {(0, "Ana"): 2, (0, "Ben"): 1}
    twice = sm.read_splits({"deal": ["D1"] * 2, "rep": ["Eva"] * 2, "share": [0.25] * 2, "kind": ["overlay"] * 2})
    assert credits(won(2), twice, "overlay") == {(0, "Eva"): 1}


# --- against a loop ---------------------------------------------------------------------------------------------------


def by_hand(units: int, shares: dict[str, Fraction]) -> dict[str, int]:
    """Return the largest remainder by its words, in fractions."""
    whole = sum(shares.values())
    ideal = {rep: abs(units) * share / whole for rep, share in shares.items()}
    parts = {rep: math.floor(value) for rep, value in ideal.items()}
    for rep in sorted(shares, key=lambda rep: (parts[rep] - ideal[rep], rep))[: abs(units) - sum(parts.values())]:
        parts[rep] += 1
    return {rep: part if units >= 0 else -part for rep, part in parts.items()}


@st.composite
def shared(draw: st.DrawFn) -> list[tuple[int, dict[str, int]]]:
    """Amounts in minor units, each with whole weights that add up to ten thousand: shares of four decimals."""
    answer = []
    for _ in range(draw(st.integers(1, 5))):
        cuts = sorted(draw(st.lists(st.integers(1, 9_999), max_size=5)))
        weights = [b - a for a, b in zip([0, *cuts], [*cuts, 10_000], strict=True)]
        names = draw(st.permutations("abcdef"))[: len(weights)]
        units = draw(st.one_of(st.integers(-1000, 1000), st.integers(-(2**53) + 1, 2**53 - 1)))
        answer.append((units, dict(zip(names, weights, strict=True))))
    return answer


@given(shared(), st.sampled_from([1, 100]))
@example([(2**53 - 1, {"a": 3_333, "b": 3_333, "c": 3_334}), (-(2**53) + 1, {"b": 5_000, "a": 5_000})], 100)
def test_credit_is_that_of_a_loop_over_fractions(drawn: list[tuple[int, dict[str, int]]], scale: int) -> None:
    """Any amounts and shares, as fractions or percent: the loop's answer, and each deal's parts are its amount."""
    rows = [
        (f"D{at + 1}", rep, weight * scale / 10_000)
        for at, (_, weights) in enumerate(drawn)
        for rep, weight in weights.items()
    ]
    deal, rep, share = (list(column) for column in zip(*rows, strict=True))
    splits = sm.read_splits({"deal": deal, "rep": rep, "share": share}, share_scale=scale)
    found = credits(won(*(units for units, _ in drawn)), splits)
    for at, (units, weights) in enumerate(drawn):
        own = {rep: part for (row, rep), part in found.items() if row == at}
        expected = by_hand(units, {rep: Fraction(weight) for rep, weight in weights.items() if weight})
        assert own == expected
        assert sum(own.values()) == units  # type: ignore[arg-type]


@given(st.integers(-(10**9), 10**9), st.lists(st.integers(1, 40_000), min_size=1, max_size=4))
def test_overlay_credit_is_the_exact_product_rounded(units: int, weights: list[int]) -> None:
    """Amount times share, each half to even, whatever the others get."""
    size = len(weights)
    rows = {
        "deal": ["D1"] * size,
        "rep": list("abcd")[:size],
        "share": [w / 10_000 for w in weights],
        "kind": ["overlay"] * size,
    }
    found = credits(won(units), sm.read_splits(rows), "overlay")
    assert found == {(0, rep): round(units * Fraction(w, 10_000)) for rep, w in zip("abcd", weights, strict=False)}


# --- reading ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["mapping", "texts", "csv", "pandas", "polars", "arrow"])
def test_every_container_and_scale_gives_the_same_shares(kind: str) -> None:
    """Salesforce's percent, HubSpot's fraction as text, a file and a frame."""
    rows: dict[str, list[Any]] = {"deal": ["D1", "D1"], "rep": ["Ana", "Ben"], "share": [62.5, 37.5]}
    expected = [0.625, 0.375]
    if kind == "texts":
        book = sm.read_splits(rows | {"share": ["0.625", "0.375"]})
    elif kind == "csv":
        book = sm.read_splits(io.StringIO("deal,rep,share\nD1,Ana,62.5\nD1,Ben,37.5\n"), share_scale=100)
    elif kind == "arrow":
        pa = pytest.importorskip("pyarrow")
        exact = pa.array([Decimal("62.50"), Decimal("37.50")], pa.decimal128(5, 2))
        book = sm.read_splits(pa.table(rows | {"share": exact}), share_scale=100)
    elif kind == "mapping":
        book = sm.read_splits(rows, share_scale=100)
    else:
        book = sm.read_splits(pytest.importorskip(kind).DataFrame(rows), share_scale=100)
    assert book["share"].tolist() == expected


def test_maps_say_the_scale_and_words_say_the_kind() -> None:
    """Salesforce: percent, and a kind for each split type, which only the account's own types tell."""
    rows = {
        "OpportunityId": ["006A", "006A", "006A"],
        "SplitOwnerId": ["005A", "005B", "005C"],
        "SplitPercentage": [60.0, 40.0, 100.0],
        "SplitTypeId": ["0Sp1", "0Sp1", "0Sp2"],
    }
    kinds = {"0Sp1": "revenue", "0Sp2": "overlay"}
    book = sm.read_splits(rows, sm.maps.SALESFORCE, kinds=kinds)
    assert book["share"].tolist() == [0.6, 0.4, 1.0]
    assert book["kind"].tolist() == ["revenue", "revenue", "overlay"]
    error = refused(lambda: sm.read_splits(rows, sm.maps.SALESFORCE))
    assert (error.code, error.column, error.row, error.value) == ("SM-SPL-03", "SplitTypeId", 0, "0Sp1")
    assert error.hint == "kinds={'0Sp1': 'revenue', '0Sp2': 'overlay'} says what the source's words mean."
    wrong = refused(lambda: sm.read_splits(rows, sm.maps.SALESFORCE, kinds={"0Sp1": "income"}), sm.InvalidArgumentError)
    assert (wrong.code, wrong.value) == ("SM-SPL-04", "income")
    hubspot = {"dealId": [1, 1], "hubspot_owner_id": [7, 8], "hs_deal_split_percentage": ["0.6", "0.4"]}
    assert sm.read_splits(hubspot, sm.maps.HUBSPOT)["share"].tolist() == [0.6, 0.4]


SHARES: list[tuple[str, Any]] = [
    ("negative", -0.1),
    ("NaN", float("nan")),
    ("missing", None),
    ("infinite", float("inf")),
    ("flag", True),
    ("word", "half"),
    ("underscore", "1_0"),
    ("nan in words", "nan"),
    ("other digits", "１"),
    ("huge", 1e300),
]


@pytest.mark.parametrize("value", [value for _, value in SHARES], ids=[name for name, _ in SHARES])
def test_a_share_that_is_no_number_of_nought_or_more_is_refused(value: Any) -> None:
    """Class, code, column, row, key and value; the row can be left out."""
    rows = {"deal": ["D1", "D1", "D2"], "rep": ["Ana", "Ben", "Ana"], "Share %": [1.0, value, 1.0]}
    error = refused(lambda: sm.read_splits(rows, {"share": "Share %"}))
    assert (error.code, error.field, error.column, error.row) == ("SM-SHR-01", "share", "Share %", 1)
    assert error.value is value or error.value == value or value != value
    assert error.keys == ["D1"]
    book = sm.read_splits(rows, {"share": "Share %"}, on_error="drop")
    assert book["deal"].tolist() == ["D1", "D2"]
    assert [record["row"] for record in book.rejects] == [1]


def test_revenue_shares_that_do_not_add_up_are_refused_for_the_whole_deal() -> None:
    """E14: all rows of the deal are named, and percent read as a fraction is recognised."""
    error = refused(lambda: sm.read_splits({"deal": ["D1", "D2", "D2"], "rep": list("abc"), "share": [1.0, 0.6, 0.3]}))
    assert (error.code, error.field, error.rows.tolist(), error.keys) == ("SM-SPL-01", "share", [1, 2], ["D2", "D2"])
    assert error.value == pytest.approx(0.9)
    percent = refused(lambda: sm.read_splits({**HALVES, "share": [60, 40]}))
    assert percent.hint == "percent? share_scale=100 reads shares that add up to 100."
    scale = refused(lambda: sm.read_splits(HALVES, share_scale=10), sm.InvalidArgumentError)
    assert (scale.code, scale.value) == ("SM-SHR-03", 10)
    none = refused(lambda: sm.read_splits({"deal": ["D1"], "rep": ["Ana"]}), sm.MissingColumnError)
    assert (none.code, none.field) == ("SM-SRC-05", "share")


# --- amounts in place of shares ---------------------------------------------------------------------------------------

STATED = {"deal": ["D1", "D1", "D2", "D2"], "rep": ["Ana", "Ben", "Ana", "Cy"], "amount": [70.0, 30.0, 33.34, 66.66]}


def test_stated_amounts_are_credited_as_they_are() -> None:
    """Where the source has amounts only; deals without splits stay whole with their owner."""
    book = sm.read_splits(STATED)
    assert book.names == ("deal", "rep", "amount", "kind")
    found = credits(won(10_000, 10_000, 500), book)
    assert found == {(0, "Ana"): 7000, (0, "Ben"): 3000, (1, "Ana"): 3334, (1, "Cy"): 6666, (2, "Zoe"): 500}
    assert credits(won(10_000, None), book)[1, "Ana"] is None
    assert sm.read_splits({**STATED, "share": [0.5, 0.5, 1, 0]}).names == ("deal", "rep", "share", "kind")


def test_amounts_rounded_in_the_source_are_mended_by_a_minor_unit_each() -> None:
    """Thirds of 100.00 written as 33.33 leave a cent, which goes by the largest remainder; more than one a row is refused."""
    thirds = {"deal": ["D1"] * 3, "rep": ["a", "b", "c"], "amount": [33.33] * 3}
    assert credits(won(10_000), sm.read_splits(thirds)) == {(0, "a"): 3334, (0, "b"): 3333, (0, "c"): 3333}
    up = thirds | {"amount": [33.34] * 3}
    assert credits(won(10_000), sm.read_splits(up)) == {(0, "a"): 3334, (0, "b"): 3333, (0, "c"): 3333}
    credit = thirds | {"amount": [-33.33] * 3}
    assert credits(won(-10_000), sm.read_splits(credit)) == {(0, "a"): -3334, (0, "b"): -3333, (0, "c"): -3333}


def test_amounts_that_are_not_the_deal_s_are_refused() -> None:
    """A deal that changed, was converted or lacks a split: named with both amounts, nothing credited."""
    error = refused(lambda: credits(won(10_000, 9_000), sm.read_splits(STATED)))
    assert (error.code, error.field, error.row, error.keys, error.value) == ("SM-SPL-05", "amount", 1, ["D2"], 100.0)
    assert "(first: deal 'D2', 100.0 of 90.0)" in error.message
    assert error.hint == "a converted or changed deal has other amounts than its splits: give shares, which stay right."


def test_stated_overlay_amounts_come_on_top() -> None:
    """They need not add up to anything."""
    rows = {"deal": ["D1"], "rep": ["Eva"], "amount": [500.0], "kind": ["overlay"]}
    assert credits(won(10_000), sm.read_splits(rows), "overlay") == {(0, "Eva"): 50_000}


def test_amounts_must_be_in_the_currency_and_scale_of_the_deals() -> None:
    """Euros of dollars, and tenths of cents, have no place in a deal of dollars and cents."""
    euros = sm.read_splits(STATED, currency="EUR")
    error = refused(lambda: credits(won(10_000, 10_000, currency="USD"), euros))
    assert (error.code, error.field, error.value) == ("SM-CUR-01", "splits", "EUR")
    fine = refused(lambda: credits(won(10_000, 10_000), sm.read_splits(STATED, scale=3)))
    assert (fine.code, fine.value) == ("SM-CUR-06", 3)
    coarse = sm.read_splits({**STATED, "amount": [70, 30, 33, 67]}, scale=0)
    assert credits(won(10_000, 10_000), coarse)[1, "Cy"] == 6700
    mixed = refused(lambda: sm.read_splits({**STATED, "currency": ["EUR", "EUR", "USD", "USD"]}))
    assert (mixed.code, mixed.row) == ("SM-CUR-01", 2)
    missing = refused(lambda: sm.read_splits({**STATED, "amount": [70, None, 33, 67]}))
    assert (missing.code, missing.row, missing.keys) == ("SM-AMT-10", 1, ["D1"])
