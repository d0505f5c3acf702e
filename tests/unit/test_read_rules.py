"""What happens to rows that break a rule: the error, the table of rejects, the rows left out."""

from __future__ import annotations

import io
import pickle
import re
import warnings
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

import salesmetrics as sm

Q1 = {"start": ["2026-01-01"], "end": ["2026-04-01"]}


def bad() -> dict[str, Any]:
    """Return six deals of which three break a rule each, and one two of them."""
    return {
        "Key": ["D1", "D2", "D3", "D4", "D5", "D6"],
        "Amount (USD)": [1.0, float("inf"), 3.0, -4.0, float("-inf"), 6.0],
        "Owner": ["Ana"] * 6,
        "Opened": ["2026-01-01"] * 6,
        "Closed": ["2026-01-05", None, None, "2026-01-05", "2026-01-05", "2025-12-31"],
        "Status": ["won", "open", "won", "won", "lost", "lost"],
    }


MAP = {
    "id": "Key",
    "amount": "Amount (USD)",
    "rep": "Owner",
    "created": "Opened",
    "closed": "Closed",
    "outcome": "Status",
}


def refused(call: Callable[[], Any], kind: type[sm.SalesMetricsError] = sm.InvalidDataError) -> Any:
    """Return the error of a call."""
    with pytest.raises(kind) as caught:
        call()
    return caught.value


# --- the sentence ----------------------------------------------------------------------------------------


def test_the_sentence_says_what_where_and_how_much() -> None:
    """Rule and count, the first case in the user's words, the next rows, one hint."""
    error = refused(lambda: sm.read_deals(bad(), MAP))
    assert str(error).splitlines() == [
        "[SM-AMT-02] `amount` must be finite in every row; got 2 of 6 rows that are not.",
        "  column 'Amount (USD)', row 1, deal 'D2': inf",
        "  also rows 4",
        f"  Hint: {error.hint}",
    ]


def test_the_error_keeps_its_values() -> None:
    """Code, field, column, rows, keys and values are attributes, not only text."""
    error = refused(lambda: sm.read_deals(bad(), MAP))
    assert (error.code, error.field, error.column) == ("SM-AMT-02", "amount", "Amount (USD)")
    assert (error.row, error.line, error.count) == (1, None, 2)
    assert error.rows.dtype == np.int64
    assert error.rows.tolist() == [1, 4]
    assert error.keys == ["D2", "D5"]
    assert (error.value, error.values) == (float("inf"), [float("inf"), float("-inf")])
    assert [(r["row"], r["key"], r["value"]) for r in error.to_records()] == [(1, "D2", np.inf), (4, "D5", -np.inf)]
    assert set(error.to_records()[0]) == {
        "code", "line", "byte", "row", "column", "field", "key", "value", "message",
    }  # fmt: skip


def test_text_has_physical_lines() -> None:
    """Rows of a file are told by their line too, line breaks in quotes counted."""
    text = 'id,rep,amount\nD1,"Ana\nBanana",5\nD2,Ben,x\nD3,Cy,y\n'
    error = refused(lambda: sm.read_deals(io.StringIO(text)))
    assert (error.row, error.line, error.keys) == (1, 4, ["D2", "D3"])
    assert "column 'amount', row 1 (line 4), deal 'D2': 'x'" in str(error)
    assert [record["line"] for record in error.to_records()] == [4, 5]


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (
            lambda: sm.read_deals({"amount": [-1, 2]}),
            "`amount` must be >= 0 in every row; got 1 of 2 rows that is not.",
        ),
        (lambda: sm.read_deals({"amount": [-1, -2]}), "got 2 of 2 rows that are not."),
        (
            lambda: sm.read_deals({"probability": [2.0]}),
            "must lie in [0, 1] in every row; got 1 of 1 rows that does not.",
        ),
        (
            lambda: sm.read_deals({"outcome": ["won"], "closed": ["2026-02-01"]}, as_of="2026-01-01"),
            "`closed` must not lie after the book's `as_of`, 2026-01-01; got 1 of 1 rows that does.",
        ),
        (
            lambda: sm.read_quotas(
                {"rep": ["A", "A"], "start": ["2026-01-01"] * 2, "end": ["2026-04-01"] * 2, "amount": [1, 2]}
            ),
            "`start` must not be given twice for the same rep, days and `effective_from`; got 2 of 2 rows that are.",
        ),
    ],
)
def test_the_sentence_is_english(call: Callable[[], Any], says: str) -> None:
    """The verb agrees with the rule and with the count."""
    assert says in str(refused(call))


def test_rows_are_named_by_deal_or_rep() -> None:
    """Deals by their id, quotas by their rep; where there is no key the row number stands alone."""
    assert "row 0, deal 7: -1" in str(refused(lambda: sm.read_deals({"id": [7], "amount": [-1]})))
    assert "column 'amount', row 0: -1" in str(refused(lambda: sm.read_deals({"amount": [-1]})))
    assert "row 0, rep 'Ana': -1" in str(refused(lambda: sm.read_quotas({"rep": ["Ana"], "amount": [-1], **Q1})))
    nobody = {"rep": [None], "team": [None], "amount": [1], **Q1}
    assert "column 'rep', row 0: None" in str(refused(lambda: sm.read_quotas(nobody)))


def test_values_from_data_are_safe_to_print() -> None:
    """Control characters in ids and values are escaped, long ones are cut."""
    columns = {"id": ["a\u202eb"], "outcome": ["\x1b[31m" + "x" * 200]}
    text = str(refused(lambda: sm.read_deals(columns)))
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "(205 characters)" in text


@pytest.mark.parametrize(
    "call",
    [
        lambda: sm.read_deals(bad(), MAP),
        lambda: sm.read_deals(bad(), MAP, on_error="collect"),
        lambda: sm.read_deals(bad(), {"amount": "Amuont"}),
        lambda: sm.read_deals({"Amount": [1], "AMOUNT": [2]}),
        lambda: sm.read_reps({"id": ["A"], "manager": ["A"]}),
        lambda: sm.read_quotas({"rep": ["A"]}),
        lambda: sm.read_deals({"outcome": ["x"]}, outcomes={"x": "y"}),
    ],
    ids=["row", "collected", "missing column", "two columns", "cycle", "needed column", "argument"],
)
def test_errors_travel_between_processes(call: Callable[[], Any]) -> None:
    """A pickled error has the same text, attributes and records."""
    error = refused(call, sm.SalesMetricsError)
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert str(again) == str(error)
    assert (again.code, again.field, again.column, again.row, again.line) == (
        error.code,
        error.field,
        error.column,
        error.row,
        error.line,
    )
    assert again.rows.tolist() == error.rows.tolist()
    assert again.keys == error.keys
    assert repr(again.to_records()) == repr(error.to_records())


# --- on_error --------------------------------------------------------------------------------------------


def test_collect_runs_every_rule_and_raises_once() -> None:
    """One error names each rule with its count and holds every problem, over all rows."""
    error = refused(lambda: sm.read_deals(bad(), MAP, on_error="collect"))
    assert error.code == "SM-BOK-20"
    assert error.rows.tolist() == [1, 2, 3, 4, 5]
    assert error.message.splitlines()[0] == "`source` must keep the rules in every row; got 5 of 6 rows that do not."
    found = {(record["code"], record["row"], record["key"]) for record in error.to_records()}
    assert found == {
        ("SM-AMT-02", 1, "D2"),
        ("SM-AMT-02", 4, "D5"),
        ("SM-AMT-05", 3, "D4"),
        ("SM-CLO-01", 2, "D3"),
        ("SM-CLO-03", 5, "D6"),
    }
    for code in ("SM-AMT-02", "SM-AMT-05", "SM-CLO-01", "SM-CLO-03"):
        assert f"\n  {code}: `" in str(error)


def test_drop_leaves_bad_rows_out_and_keeps_count() -> None:
    """The book has the good rows; its rejects are the table that collect would have raised."""
    book = sm.read_deals(bad(), MAP, on_error="drop")
    assert book["id"].tolist() == ["D1"]
    error = refused(lambda: sm.read_deals(bad(), MAP, on_error="collect"))
    assert repr(list(book.rejects)) == repr(error.to_records())
    assert "left out on reading: 2 x SM-AMT-02, 1 x SM-AMT-05, 1 x SM-CLO-01, 1 x SM-CLO-03" in repr(book)


@pytest.mark.parametrize("mode", ["raise", "collect", "drop"])
def test_good_rows_are_the_same_under_every_mode(mode: Any) -> None:
    """Where nothing is wrong the three are one."""
    good = {name: values[:1] for name, values in bad().items()}
    book = sm.read_deals(good, MAP, on_error=mode)
    assert book.equals(sm.read_deals(good, MAP))
    assert book.rejects == ()


@pytest.mark.parametrize("mode", ["raise", "collect", "drop"])
@pytest.mark.parametrize(
    ("columns", "code"),
    [
        ({"id": ["a"], "amount": [1, 2]}, "SM-ARR-01"),
        ({"amount": ["$1"]}, "SM-AMT-06"),
        ({"id": [1, 1], "manager": [1, 1]}, None),
    ],
)
def test_what_concerns_a_column_is_raised_under_every_mode(
    mode: Any, columns: dict[str, Any], code: str | None
) -> None:
    """No row can be left out to mend a column of the wrong kind or length, or managers in a cycle."""
    if code is None:
        error = refused(lambda: sm.read_reps({"id": [1, 2], "manager": [2, 1]}, on_error=mode))
        assert error.code == "SM-REP-04"
    else:
        assert refused(lambda: sm.read_deals(columns, on_error=mode)).code == code


@pytest.mark.parametrize("read", [sm.read_deals, sm.read_quotas, sm.read_reps, sm.read_forecasts])
def test_other_modes_are_refused(read: Callable[..., Any]) -> None:
    """The three words are listed sorted; a near one is named."""
    error = refused(lambda: read({}, on_error="colect"), sm.InvalidArgumentError)
    assert (
        str(error)
        == "[SM-ARG-01] `on_error` must be one of 'collect', 'drop', 'raise'; got 'colect'.\n  Hint: did you mean 'collect'?"
    )
    assert refused(lambda: read({}, on_error="ignore"), sm.InvalidArgumentError).hint is None


def test_dropped_quotas_and_reps() -> None:
    """The other readers leave rows out in the same way; both rows of an overlap go."""
    quotas = sm.read_quotas(
        {
            "rep": ["Ana", "Ana", "Ben", "Cy"],
            "start": ["2026-01-01", "2026-03-01", "2026-01-01", None],
            "end": ["2026-04-01"] * 4,
            "amount": [1, 2, 3, 4],
        },
        on_error="drop",
    )
    assert quotas["rep"].tolist() == ["Ben"]
    assert sorted((str(r["code"]), r["row"]) for r in quotas.rejects) == [
        ("SM-DAY-16", 3),
        ("SM-QTA-03", 0),
        ("SM-QTA-03", 1),
    ]
    reps = sm.read_reps({"id": ["A", "B"], "hired": ["2026-01-01"] * 2, "left": ["2025-01-01", None]}, on_error="drop")
    assert reps["id"].tolist() == ["B"]


def test_the_first_error_does_not_depend_on_the_order_of_rows() -> None:
    """Rules run in a fixed order: shuffled rows give the same code with their own row numbers."""
    rows = bad()
    for seed in range(5):
        order = np.random.default_rng(seed).permutation(6)
        error = refused(lambda order=order: sm.read_deals({n: [v[i] for i in order] for n, v in rows.items()}, MAP))
        assert error.code == "SM-AMT-02"
        assert sorted(order[error.rows].tolist()) == [1, 4]


# --- rules of deals --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("columns", "options", "code", "row", "value"),
    [
        ({"amount": [1, float("nan"), float("inf")]}, {}, "SM-AMT-02", 2, float("inf")),
        ({"amount": [1, -2]}, {}, "SM-AMT-05", 1, -2),
        ({"amount": [1, 1.005]}, {}, "SM-AMT-04", 1, 1.005),
        ({"amount": [1, Decimal("1E+2000000")]}, {}, "SM-AMT-03", 1, Decimal("1E+2000000")),
        ({"amount": [1, 1e300]}, {}, "SM-AMT-03", 1, 1e300),
        ({"probability": [0.5, -0.1]}, {}, "SM-PRB-02", 1, -0.1),
        ({"id": ["a", ""]}, {}, "SM-KEY-02", 1, ""),
        ({"id": ["b", "a", "a"]}, {}, "SM-KEY-04", 1, "a"),
        ({"outcome": ["open", "Won"]}, {}, "SM-RES-01", 1, "Won"),
        ({"outcome": ["open", None]}, {}, "SM-RES-02", 1, None),
        ({"outcome": ["open"], "closed": ["2026-01-01"]}, {}, "SM-CLO-02", 0, np.datetime64("2026-01-01")),
        ({"outcome": ["no_decision"], "closed": [None]}, {}, "SM-CLO-01", 0, None),
        ({"created": ["2026-01-01", "01/02/2026"]}, {}, "SM-DAY-08", 1, "01/02/2026"),
    ],
)
def test_rules_of_deals(columns: dict[str, Any], options: dict[str, Any], code: str, row: int, value: object) -> None:
    """Each rule by its code, its first row and the value that stands there."""
    error = refused(lambda: sm.read_deals(columns, **options))
    assert (error.code, error.row) == (code, row)
    assert error.value == value
    assert error.field in columns
    assert error.column == error.field


def test_blanks_are_missing_not_wrong() -> None:
    """None, NaN and NaT in a column are how a blank looks."""
    book = sm.read_deals({"amount": [None, np.nan, 1.0], "created": [None, np.datetime64("NaT"), "2026-01-01"]})
    assert np.isnan(book["amount"]).tolist() == np.isnat(book["created"]).tolist() == [True, True, False]


def test_credits_and_rounding_are_taken_when_asked_for() -> None:
    """Negative amounts and finer ones are options, and rounding is counted in a warning."""
    assert sm.read_deals({"amount": [-5]}, allow_negative=True)["amount"].tolist() == [-5.0]
    with pytest.warns(sm.SalesMetricsWarning, match="at most 2 decimals; got 2 of 3 rows that do not: Decimal"):
        book = sm.read_deals({"amount": list(map(Decimal, ("1", "1.005", "1.015")))}, rounding="half_even")
    assert book["amount"].tolist() == [1.0, 1.0, 1.02]


def test_labels_that_look_alike_are_warned_of() -> None:
    """Two spellings of one name are kept apart, and said."""
    with pytest.warns(sm.SalesMetricsWarning, match="`rep` must not look like another label; got 2 of 2 rows that do"):
        book = sm.read_deals({"rep": ["Jos\u00e9", "Jose\u0301"]})
    assert len(book.column("rep").levels) == 2


def test_a_clean_book_gives_no_warning() -> None:
    """Warnings are for input that can be right and is often wrong."""
    good = {name: values[:1] for name, values in bad().items()}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        sm.read_deals(good, MAP, currency="USD", as_of="2026-12-31")


# --- sources and columns -----------------------------------------------------------------------------------


def test_a_typo_in_the_map_names_what_there_is() -> None:
    """All columns that are not there at once, the nearest and the ones seen."""
    error = refused(lambda: sm.read_deals(bad(), {"amount": "Amount(USD)", "rep": "Ownr"}), sm.MissingColumnError)
    assert error.message.splitlines()[0] == (
        "`columns` must name columns of the source; got 'Amount(USD)' (for amount), 'Ownr' (for rep)."
    )
    assert (error.code, error.field, error.column) == ("SM-SRC-01", "amount", "Amount(USD)")
    assert error.values == ["Amount(USD)", "Ownr"]
    assert error.hint.startswith("did you mean 'Amount (USD)'?")
    assert isinstance(error, KeyError)


def test_two_columns_for_one_field_are_refused() -> None:
    """Two headers that mean one field: neither wins in silence, and the map decides."""
    columns = {"Amount": [1], "AMOUNT": [2]}
    error = refused(lambda: sm.read_deals(columns), sm.InvalidArgumentError)
    assert (error.code, error.field, error.values) == ("SM-SRC-03", "amount", ["Amount", "AMOUNT"])
    assert str(error.hint) == "say which by columns={'amount': 'Amount'}."
    assert sm.read_deals(columns, {"amount": "AMOUNT"})["amount"].tolist() == [2.0]


@pytest.mark.parametrize(
    ("source", "kind", "code", "says"),
    [
        (5, sm.InvalidTypeError, "SM-SRC-11", "`source` must be a data frame"),
        (None, sm.InvalidTypeError, "SM-SRC-11", "got builtins.NoneType"),
        ({"a", "b"}, sm.InvalidTypeError, "SM-ARR-28", "`source` must be a data frame"),
        (
            [{"id": 1, "amount": 5}],
            sm.InvalidTypeError,
            "SM-SRC-16",
            "`source` must be columns, not rows; got a list of mappings",
        ),
        ([1, 2], sm.InvalidTypeError, "SM-SRC-15", "the source must hold Deal objects; got 1 in row 0"),
        ([sm.Rep("A")], sm.InvalidTypeError, "SM-SRC-15", "Deal objects"),
        ("no such file.csv", sm.InvalidArgumentError, "SM-TXT-23", "must be a file that can be read"),
        (np.zeros(3), sm.InvalidTypeError, "SM-ARR-12", "`source` must be a data frame"),
        ({"id": ["a"], "amount": [1, 2]}, sm.InvalidDataError, "SM-ARR-01", "'id': 1, 'amount': 2"),
    ],
)
def test_sources_that_are_none(source: Any, kind: type[sm.SalesMetricsError], code: str, says: str) -> None:
    """What is no table is refused in our own words, with the way out."""
    error = refused(lambda: sm.read_deals(source), kind)
    assert error.code == code
    assert says in str(error)


@pytest.mark.parametrize(
    ("options", "kind", "code"),
    [
        ({"columns": ["amount"]}, sm.InvalidTypeError, "SM-ARG-40"),
        ({"currency": "usd"}, sm.InvalidArgumentError, "SM-CUR-03"),
        ({"currency": ""}, sm.InvalidArgumentError, "SM-CUR-03"),
        ({"scale": 12}, sm.InvalidArgumentError, None),
        ({"zone": "Europe/Berlinn"}, sm.InvalidArgumentError, "SM-DAY-11"),
        ({"repair": "drop"}, sm.InvalidArgumentError, "SM-ARG-01"),
        ({"rounding": "up"}, sm.InvalidArgumentError, "SM-ARG-01"),
        ({"outcomes": {"x": "wonn"}}, sm.InvalidArgumentError, "SM-ARG-01"),
        ({"sentinels": ["never"]}, sm.InvalidArgumentError, "SM-DAY-02"),
    ],
)
def test_options_are_checked(options: dict[str, Any], kind: type[sm.SalesMetricsError], code: str | None) -> None:
    """A wrong option is refused before any row is judged."""
    columns = {"amount": [1], "created": ["2026-01-01"], "outcome": ["open"]}
    error = refused(lambda: sm.read_deals(columns, **options), kind)
    assert code is None or error.code == code
    assert re.match(r"`\w+` must ", error.message)
