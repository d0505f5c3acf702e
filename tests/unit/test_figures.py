"""Numbers and names as they are shown: rounded honestly, with their unit, in a column of the right width."""

from __future__ import annotations

import pytest

from salesmetrics import figures


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        (0.342, "percent", "34.2 %"),
        (0.0, "percent", "0.0 %"),
        (1.0, "percent", "100.0 %"),
        (1 - 1e-12, "percent", "100.0 %"),
        (0.9996, "percent", "99.96 %"),
        (0.99996, "percent", "99.996 %"),
        (0.0004, "percent", "0.04 %"),
        (1e-9, "percent", "1e-07 %"),
        (-0.123, "percent", "-12.3 %"),
        (12.345, "percent", "1,234.5 %"),
        (2.5, "times", "2.50x"),
        (0.9999, "times", "0.9999x"),
        (3, "times", "3.00x"),
        (0.42, "number", "0.4200"),
        (6.7e-223, "number", "6.7e-223"),
        (1234.5, "money", "1,234.50"),
        (92.37, "days", "92.37"),
        (98708.0, "days", "98,708"),
        (12345.67, "count", "12,345.7"),
        (7, "count", "7"),
        (True, "count", "yes"),
        (float("nan"), "percent", "NaN"),
        (float("-inf"), "days", "-inf"),
    ],
)
def test_a_number_in_a_table(value: float, kind: str, text: str) -> None:
    """Rounding never makes a whole of what is less, nor nothing of what is something."""
    assert figures.written(value, kind) == text


def test_money_has_the_decimals_of_its_book() -> None:
    """None for yen, four for unit prices, two where nobody said."""
    assert [figures.written(1234.5678, "money", scale) for scale in (0, 4, None)] == ["1,235", "1,234.5678", "1,234.57"]


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        (0.342, "percent", "34 %"),
        (0.064, "percent", "6.4 %"),
        (0.05, "percent", "5 %"),
        (0.9996, "percent", "99.96 %"),
        (-0.61, "percent", "−61 %"),
        (1_234_567.0, "money", "1.23M"),
        (999_999.0, "money", "1M"),
        (12_345.0, "money", "12.3k"),
        (950.0, "money/day", "950"),
        (1.23e12, "money", "1.23T"),
        (-450e9, "money", "−450B"),
        (0.01, "money", "0.01"),
        (3.0, "times", "3.0x"),
        (0.6, "number", "0.60"),
        (61.04, "days", "61"),
        (1590.0, "count", "1,590"),
        (0.001961, "count/day", "0.00196"),
    ],
)
def test_a_number_in_a_picture(value: float, kind: str, text: str) -> None:
    """Three digits and a letter for thousands, millions and billions."""
    assert figures.brief(value, kind) == text


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [(0.07, "percent", "7 %"), (1.0001e6, "money", "1.0001M"), (2500.0, "money", "2.5k"), (-40.0, "days", "−40")],
)
def test_a_number_on_an_axis(value: float, kind: str, text: str) -> None:
    """All its digits: two ticks never read alike."""
    assert figures.tick(value, kind) == text


def test_the_unit_of_a_fraction_is_that_of_its_metric() -> None:
    """Coverage is read as times, a coefficient as a number, every other fraction as percent."""
    names = ("win_rate", "pipeline_coverage", "gini", "anything")
    assert [figures.kind_of(name, "fraction") for name in names] == ["percent", "times", "number", "percent"]
    assert figures.kind_of("win_rate", "money") == "money"
    assert [figures.mark_of(kind, "EUR") for kind in ("percent", "money", "money/day", "days", "number")] == [
        "[%]",
        "[EUR]",
        "[EUR/day]",
        "[days]",
        "",
    ]
    assert figures.above("velocity", "money/day", "EUR") == "velocity [money/day, EUR]"
    assert figures.above("required_coverage", "fraction") == "required_coverage [fraction, shown as x]"


def test_a_long_name_is_cut_in_the_middle() -> None:
    """Both of its ends are left: names often differ in the last word."""
    assert figures.cut("Northern Europe, Enterprise East", 16) == "Northern…se East"
    assert len(figures.cut("x" * 500, 16)) == 16
    assert figures.cut("a\u202eb\n", 16) == "a\\u202eb\\n"


def test_wide_letters_keep_columns_aligned() -> None:
    """Some letters take two columns of a terminal, and accents none."""
    assert [figures.width(text) for text in ("Ana", "名前", "e\u0301")] == [3, 4, 1]
    assert figures.padded("名前", 6, left=True) == "名前  "
    assert figures.padded("12", 6, left=False) == "    12"
