"""Rows that are left out because they are wrong: said, counted, listed."""

import warnings

import pytest

import salesmetrics as sm


def test_rows_that_are_dropped_are_warned_of() -> None:
    """How many rows, by which rules, and where what is wrong with each stands."""
    source = {"id": ["a", "b", "c"], "amount": [1, "x", -2]}
    with pytest.warns(sm.SalesMetricsWarning) as said:
        book = sm.read_deals(source, on_error="drop")
    (warning,) = said
    assert str(warning.message) == (
        "2 rows of 3 left out by on_error='drop' (SM-AMT-05, SM-AMT-07; `rejects` lists what is wrong with each)."
    )
    assert warning.filename == __file__
    assert book["id"].tolist() == ["a"]
    assert [record["key"] for record in book.rejects] == ["b", "c"]
    assert "left out on reading" in repr(book)


def test_nothing_is_said_where_nothing_is_dropped() -> None:
    """Good rows are read in silence."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        sm.read_deals({"id": ["a"], "amount": [1]}, on_error="drop")
