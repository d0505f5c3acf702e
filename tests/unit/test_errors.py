from __future__ import annotations

import pickle

import numpy as np
import pytest

import salesmetrics as sm
from salesmetrics import errors
from salesmetrics.errors import (
    InvalidArgumentError,
    InvalidDataError,
    InvalidTypeError,
    MergeError,
    MissingColumnError,
    SalesMetricsError,
    SalesMetricsWarning,
    escape,
    nearest,
    show,
    show_path,
    show_value,
)


class Hostile:
    """Something whose ``repr`` raises."""

    def __repr__(self) -> str:
        raise RuntimeError("no")


@pytest.mark.parametrize(
    ("kind", "builtin"),
    [
        (InvalidArgumentError, ValueError),
        (InvalidTypeError, TypeError),
        (MissingColumnError, KeyError),
        (InvalidDataError, ValueError),
        (MergeError, ValueError),
    ],
)
def test_every_error_has_one_root_and_a_builtin_kin(kind: type[SalesMetricsError], builtin: type[Exception]) -> None:
    """Users may catch the root or the kind of error they know; the text is readable either way."""
    assert issubclass(kind, SalesMetricsError)
    assert issubclass(kind, builtin)
    assert str(kind("`x` must be small; got 3.", "SM-XYZ-01")) == "[SM-XYZ-01] `x` must be small; got 3."


def test_the_warning_is_a_user_warning() -> None:
    """Warnings can be told from those of other libraries."""
    assert issubclass(SalesMetricsWarning, UserWarning)


@pytest.mark.parametrize(
    "kind",
    [SalesMetricsError, InvalidArgumentError, InvalidTypeError, MissingColumnError, InvalidDataError, MergeError],
)
def test_errors_survive_pickling(kind: type[SalesMetricsError]) -> None:
    """An error that comes back from another process has all its attributes."""
    error = kind(
        "`amount` must be finite in every row; got 2 of 9 rows that are not.",
        code="SM-AMT-02",
        field="amount",
        column="Amount (USD)",
        row=4,
        line=6,
        rows=[4, 7],
        keys=["a", "b"],
        values=[float("inf"), float("-inf")],
        hint="leave them out.",
    )
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is kind
    assert str(again) == str(error)
    for name in ("message", "code", "field", "column", "row", "line", "keys", "values", "value", "count", "hint"):
        assert getattr(again, name) == getattr(error, name), name
    assert np.array_equal(again.rows, [4, 7])
    assert again.to_records() == error.to_records()


def test_the_hint_follows_the_sentence() -> None:
    """The text is the code and the sentence, then the way out on a line of its own."""
    error = InvalidArgumentError("`q` must be 1; got 2.", "SM-XYZ-01", hint="try 1.")
    assert str(error) == "[SM-XYZ-01] `q` must be 1; got 2.\n  Hint: try 1."


def test_an_error_without_values_has_none() -> None:
    """What is not known is None or empty, and one thing is wrong at least."""
    error = SalesMetricsError("`x` must be given.")
    assert (error.code, error.field, error.column, error.row, error.line) == ("SM-GEN-01", None, None, None, None)
    assert (error.value, error.values, error.keys, error.hint, error.count) == (None, [], [], None, 1)
    assert error.rows.dtype == np.int64
    assert len(error.rows) == 0


@pytest.mark.parametrize("value", [None, 0, "", False])
def test_a_bad_value_may_be_falsy(value: object) -> None:
    """The first bad value is kept, whatever its truth."""
    error = SalesMetricsError("`x` must be else.", values=[value, 1])
    assert error.value is value
    assert error.count == 2


def test_the_rejects_table_has_one_record_for_each_row() -> None:
    """Each bad row is a record with the key and value that belong to it; the line is that of the first."""
    error = InvalidDataError(
        "sentence", code="SM-X-01", field="amount", column="Amt", row=3, line=5, rows=[3, 8], keys=["k"], values=[1, 2]
    )
    first, second = error.to_records()
    assert first == {
        "code": "SM-X-01",
        "line": 5,
        "byte": None,
        "row": 3,
        "column": "Amt",
        "field": "amount",
        "key": "k",
        "value": 1,
        "message": "sentence",
    }
    assert (second["row"], second["line"], second["key"], second["value"]) == (8, None, None, 2)


def test_an_error_about_no_row_is_one_record() -> None:
    """An argument error has a rejects table too, of one record."""
    [record] = InvalidArgumentError("sentence", field="q", values=[2]).to_records()
    assert (record["row"], record["field"], record["value"]) == (None, "q", 2)


def test_given_records_are_copied_out() -> None:
    """Collected problems are handed out as copies, so that nobody changes the error."""
    error = InvalidDataError("two rules", records=[{"code": "A"}, {"code": "B"}])
    error.to_records()[0]["code"] = "changed"
    assert [record["code"] for record in error.to_records()] == ["A", "B"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a" * 80, repr("a" * 80)),
        ("a" * 81, repr("a" * 80) + "… (81 characters)"),
        (12.5, "12.5"),
        (np.float64(12.5), "12.5"),
        (np.int8(3), "3"),
        (np.bool_(True), "True"),
        (np.str_("ab"), "'ab'"),
        (np.datetime64("2026-10-31"), "'2026-10-31'"),
        (np.datetime64("NaT"), "'NaT'"),
        (np.arange(6).reshape(2, 3), "<array of shape (2, 3), int64>"),
        (None, "None"),
        ([1, 2], "[1, 2]"),
        (10**5000, "<int>"),
        (Hostile(), "<Hostile>"),
    ],
    ids=range(14),
)
def test_a_value_is_shown_short_and_safe(value: object, text: str) -> None:
    """Long values are cut, arrays show shape and type, and a ``repr`` that raises shows the type."""
    assert show(value) == text


@pytest.mark.parametrize(
    "character", ["\x1b", "\x07", "\x9b", "\u202e", "\u2066", "\u200b", "\u2028", "\u00a0", "\ud800", "\U000e0041"]
)
def test_characters_that_do_not_print_are_escaped(character: str) -> None:
    """Terminal codes, bidirectional marks, zero-width characters and separators never reach the output."""
    for shown in (show(f"a{character}b"), show([f"a{character}b"]), escape(f"a{character}b")):
        assert shown.isprintable()
        assert character not in shown
        assert "a" in shown


def test_text_that_prints_is_left_alone() -> None:
    """Letters of every script are shown as they are."""
    assert escape("Żółć 你好 Ünal") == "Żółć 你好 Ünal"
    assert show("Żółć") == "'Żółć'"


@pytest.mark.parametrize(
    ("value", "text"),
    [("secret", "<str of length 6>"), (12.5, "<float>"), ([1, 2], "<list of length 2>"), (None, "<NoneType>")],
)
def test_a_redacted_value_shows_type_and_length_only(value: object, text: str) -> None:
    """Names are personal data: on request only their type and length are shown."""
    with sm.redacted():
        assert show_value(value) == text
    assert show_value(value) == show(value) != text


def test_what_a_reader_says_can_be_redacted() -> None:
    """Neither the error, nor its hint, nor the warning, nor the repr of the book shows a value; the attributes hold it."""
    columns = {"id": ["Acme", "Acme"], "rep": ["Ana Smith", "Ana Smith"], "amount": [1, 2]}
    with sm.redacted(), pytest.raises(sm.InvalidDataError) as caught:
        sm.read_deals(columns)
    assert "Acme" not in str(caught.value)
    assert "<str of length 4>" in str(caught.value)
    assert caught.value.values == ["Acme", "Acme"]
    book = sm.read_deals({**columns, "id": [1, 2]})
    with sm.redacted():
        assert "Ana" not in repr(book)
        with pytest.raises(sm.InvalidArgumentError) as caught:
            sm.win_rate(book, where={"rep": "Ben Jones"})
    assert "Jones" not in str(caught.value)
    assert "Smith" not in str(caught.value)
    assert "Ana Smith" in repr(book)


def test_the_nearest_names_are_found_without_case() -> None:
    """A misspelt name gets the nearest ones as its hint, in the spelling of the user, and the sorted list."""
    assert (
        nearest("Ammount", ["Rep", "AMOUNT", "stage"]) == "did you mean 'AMOUNT'? There is: 'AMOUNT', 'Rep', 'stage'."
    )
    assert nearest("zzz", ["b", "a"]) == "there is: 'a', 'b'."
    assert nearest("zzz", []) is None


def test_at_most_three_names_are_offered() -> None:
    """The hint stays short."""
    hint = nearest("stage0", [f"stage{i}" for i in range(1, 9)])
    assert hint is not None
    assert hint.split("?")[0].count("'") == 6


def test_long_and_many_names_are_cut() -> None:
    """A thousand long names cost next to nothing."""
    hint = nearest("x" * 100_000, [f"{'x' * 5000}{i}" for i in range(1000)])
    assert hint is not None
    assert len(hint) < 1000


def test_names_in_a_hint_are_escaped() -> None:
    """A name from data does no harm in a hint."""
    hint = nearest("ana", ["ana\x1b[2J"])
    assert hint is not None
    assert "\x1b" not in hint


def test_the_public_names_are_the_classes_and_the_context() -> None:
    """The module offers its classes and what hides their values, and keeps its tools to itself."""
    assert [name for name in errors.__all__ if not isinstance(getattr(errors, name), type)] == ["redacted"]


def test_the_name_of_a_file_is_shown_however_long_its_path() -> None:
    """A path is cut at its beginning, not at its end, and never prints what does not print."""
    assert show_path("deals.csv") == "'deals.csv'"
    assert show_path("folder/" * 30 + "deals.csv") == repr("folder/" * 30 + "deals.csv")
    long = show_path("folder/" * 300 + "\x1b[2Jdeals.csv")
    assert long.endswith("\\x1b[2Jdeals.csv'")
    assert long.startswith("'…")
    assert len(long) < 300
