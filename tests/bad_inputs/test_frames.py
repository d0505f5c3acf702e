"""FRM: data frames, and what only they can hold."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import numpy as np
import pytest

import salesmetrics as sm
from tests.bad_inputs.harness import TYPED, held, refused, row

FRAMES = ("pandas", "polars", "pyarrow", "duckdb", "parquet", "csv", "lists", "arrays")
every = pytest.mark.parametrize("carrier", FRAMES)


def process() -> sm.SalesProcess:
    """Return a process of two stages and two ends."""
    ends = [sm.Stage("W", 3, outcome="won"), sm.Stage("L", 4, outcome="lost")]
    return sm.SalesProcess([sm.Stage("Lead", 1), sm.Stage("Bid", 2), *ends])


@row("FRM-1")
@every
def test_missing_columns(carrier: str) -> None:
    """All that are missing at once, the nearest of each, and the columns seen."""
    source = held({"Rep": ["a"], "Strat": ["2026-01-01"], "End": ["2026-04-01"], "Amuont": [1]}, carrier)
    error = refused(lambda: sm.read_quotas(source), sm.MissingColumnError)
    assert (error.code, error.values, error.row) == ("SM-SRC-05", ["start", "amount"], None)
    assert "'Rep', 'Strat', 'End', 'Amuont'" in str(error)
    assert "did you mean 'Strat'" in error.hint
    assert "For 'amount': 'Amuont'" in error.hint
    assert isinstance(error, KeyError)


@row("FRM-2")
def test_two_columns_of_one_name() -> None:
    """Their positions are told."""
    frame = pytest.importorskip("pandas").DataFrame([[1, 2]], columns=["amount", "amount"])
    table = pytest.importorskip("pyarrow").table([[1], [2]], names=["amount", "amount"])
    for source in (frame, table):
        error = refused(lambda source=source: sm.read_deals(source))
        assert (error.code, error.column, error.values) == ("SM-SRC-02", "amount", [0, 1])


@row("FRM-3")
@every
def test_two_headers_of_one_field(carrier: str) -> None:
    """Neither wins in silence; naming one of them settles it, and so does a column of currencies."""
    for other in ("Amount (converted)", "AMOUNT"):
        if carrier == "duckdb" and other == "AMOUNT":
            continue  # a database folds names of columns
        source = {"Amount": [1], other: [2]}
        error = refused(lambda source=source: sm.read_deals(held(source, carrier)), sm.InvalidArgumentError)
        assert (error.code, error.field, error.values) == ("SM-SRC-03", "amount", ["Amount", other])
        assert "columns={'amount':" in error.hint
        assert sm.read_deals(held(source, carrier), {"amount": other})["amount"].tolist() == [2.0]
        assert sm.read_deals(held(source, carrier), {"amount": "Amount"})["amount"].tolist() == [1.0]
    report = {
        "Opportunity ID": ["a"],
        "Stage": ["x"],
        "Close Date": ["2026-01-05"],
        "Amount": [1],
        "Amount (converted)": [2],
    }
    error = refused(lambda: sm.read_deals(held(report, carrier), sm.maps.SALESFORCE_REPORT), sm.InvalidArgumentError)
    assert error.code == "SM-SRC-03"
    told = held({**report, "Amount Currency": ["EUR"]}, carrier)
    assert sm.read_deals(told, sm.maps.SALESFORCE_REPORT).currency == "EUR"


@row("FRM-4")
def test_names_that_are_no_texts() -> None:
    """Columns have names, in one level."""
    pd = pytest.importorskip("pandas")
    several = pd.DataFrame([[1, 2]], columns=pd.MultiIndex.from_tuples([("a", "b"), ("a", "c")]))
    for source in (several, {5: [1]}, pd.DataFrame({5: [1]})):
        error = refused(lambda source=source: sm.read_deals(source), sm.InvalidTypeError)
        assert error.code == "SM-SRC-04"
        assert error.hint is not None


@row("FRM-5")
def test_nullable_types() -> None:
    """NA is missing, and the numbers beside it are exact."""
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"id": pd.array([2**53 + 1, 2], dtype="Int64"), "amount": pd.array([1, None], dtype="Int64")})
    book = sm.read_deals(frame)
    assert book["id"].tolist() == [2**53 + 1, 2]
    assert np.isnan(book["amount"]).tolist() == [False, True]
    flags = pd.DataFrame(
        {"Id": ["a", "b"], "IsClosed": pd.array([True, None], dtype="boolean"), "IsWon": [True, False]}
    )
    error = refused(lambda: sm.read_deals(flags, sm.maps.SALESFORCE))
    assert error.rows.tolist() == [1]


@row("FRM-6")
def test_types_of_arrow() -> None:
    """Decimals, long texts, dictionaries, days, instants and nulls, exactly."""
    pa = pytest.importorskip("pyarrow")
    instant = dt.datetime(2026, 1, 2, 4, tzinfo=dt.UTC)
    table = pa.table(
        {
            "amount": pa.array([Decimal("90071992547409.91"), None], pa.decimal128(20, 2)),
            "rep": pa.array(["a", "b"], pa.large_string()),
            "stage": pa.array(["x", None]).dictionary_encode(),
            "created": pa.array([instant, None], pa.timestamp("us", "UTC")),
            "closed": pa.array([dt.date(2026, 1, 5), None], pa.date32()),
            "expected_close": pa.nulls(2),
        }
    )
    book = sm.read_deals(table, zone="America/New_York")
    assert book.column("amount").minor.tolist() == [9007199254740991, 0]
    assert book["rep"].tolist() == ["a", "b"]
    assert book["stage"].tolist() == ["x", None]
    assert book["created"].astype(str).tolist() == ["2026-01-01", "NaT"]
    assert book["closed"].astype(str).tolist() == ["2026-01-05", "NaT"]
    assert book.column("expected_close").missing().all()


@row("FRM-7")
def test_categories_that_no_row_uses() -> None:
    """They change nothing; a missing one is missing."""
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"rep": pd.Categorical(["a", None], categories=["a", "zz"])})
    assert sm.read_deals(frame).equals(sm.read_deals({"rep": ["a", None]}))


@row("FRM-8")
def test_an_order_of_stages_that_is_another() -> None:
    """Where a frame states an order of its stages, it is that of the process; the column as a whole is refused."""
    pd, pa = pytest.importorskip("pandas"), pytest.importorskip("pyarrow")
    wrong = pd.DataFrame({"stage": pd.Categorical(["Lead", "Bid"], categories=["Bid", "Lead"], ordered=True)})
    for source in (wrong, pa.Table.from_pandas(wrong)):
        for mode in ("raise", "collect", "drop"):
            error = refused(lambda source=source, mode=mode: sm.read_deals(source, process=process(), on_error=mode))
            assert error.field == "stage"
            assert error.row is None
            assert error.code == "SM-STG-09"
    changes = wrong.assign(deal="D1", date=["2026-01-01", "2026-01-05"])
    for source in (changes, pa.Table.from_pandas(changes)):
        for mode in ("raise", "collect", "drop"):
            error = refused(lambda source=source, mode=mode: sm.read_history(source, process=process(), on_error=mode))
            assert (error.field, error.row, error.code) == ("stage", None, "SM-STG-09")
    plain = wrong.assign(stage=wrong["stage"].cat.as_unordered())
    assert sm.read_deals(plain, process=process())["stage"].tolist() == ["Lead", "Bid"]


@row("FRM-9", "FRM-10")
def test_instants_in_frames() -> None:
    """A column with a zone needs the business zone; texts among timestamps are told by their row."""
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"created": pd.to_datetime(["2026-01-02T04:00Z"])})
    error = refused(lambda: sm.read_deals(frame))
    assert (error.code, error.column, error.row) == ("SM-DAY-04", "created", 0)
    assert "zone=" in error.hint
    assert str(sm.read_deals(frame, zone="America/New_York")["created"][0]) == "2026-01-01"
    stamps = [pd.Timestamp("2026-01-01"), "x", pd.Timestamp("2026-01-02")]
    error = refused(lambda: sm.read_deals(pd.DataFrame({"created": pd.Series(stamps, dtype=object)})))
    assert (error.code, error.row, error.value) == ("SM-DAY-09", 1, "x")


@row("FRM-11")
def test_what_is_no_frame_yet() -> None:
    """Nothing is computed behind the user's back."""
    pd, pl = pytest.importorskip("pandas"), pytest.importorskip("polars")
    frame = pd.DataFrame({"a": [1]})
    for source, way in (
        (pl.DataFrame({"a": [1]}).lazy(), "collect() it first"),
        (frame.groupby("a"), "behind your back"),
        (frame["a"], "to_frame()"),
        (pl.Series([1]), "to_frame()"),
    ):
        error = refused(lambda source=source: sm.read_deals(source), sm.InvalidTypeError)
        assert (error.code, error.field) == ("SM-SRC-11", "source")
        assert way in error.hint


@row("FRM-12")
def test_offsets_that_lead_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes from a Parquet file is validated in full before anything is read of it."""
    pa = pytest.importorskip("pyarrow")
    files = pytest.importorskip("pyarrow.parquet")
    offsets = pa.py_buffer(np.array([0, 1 << 20, 5], dtype=np.int32).tobytes())
    broken = pa.Array.from_buffers(pa.string(), 2, [None, offsets, pa.py_buffer(b"abcde")])
    with pytest.raises(pa.ArrowInvalid):
        broken.validate(full=True)
    bad = pa.table({"id": broken})
    monkeypatch.setattr(files.ParquetFile, "read_row_groups", lambda *asked, **named: bad)
    monkeypatch.setattr(files.ParquetFile, "read_row_group", lambda *asked, **named: bad)
    monkeypatch.setattr(files.ParquetFile, "read", lambda *asked, **named: bad)
    error = refused(lambda: sm.read_deals(held({"id": ["a", "b"]}, "parquet")), sm.InvalidDataError)
    assert error.code.startswith("SM-PQT-")
    assert isinstance(error.__cause__, pa.ArrowInvalid)


@row("FRM-13")
@pytest.mark.parametrize("carrier", [name for name in TYPED if name not in ("pyarrow", "duckdb", "parquet", "polars")])
def test_a_frame_that_is_changed_later(carrier: str) -> None:
    """The book has its own copy."""
    source = held({"id": ["a", "b"], "amount": [1.0, 2.0]}, carrier)
    book = sm.read_deals(source)
    before = sm.read_deals(held({"id": ["a", "b"], "amount": [1.0, 2.0]}, carrier))
    if carrier == "pandas":
        source.loc[0, "amount"] = 99.0
    else:
        source["amount"][0] = 99.0
    assert book.equals(before)


@row("FRM-14")
def test_types_of_pandas() -> None:
    """A period is its first day; intervals and sparse columns are refused with the way out."""
    pd = pytest.importorskip("pandas")
    months = pd.DataFrame({"created": pd.period_range("2026-02", periods=1, freq="M")})
    assert str(sm.read_deals(months)["created"][0]) == "2026-02-01"
    for values, way in ((pd.arrays.SparseArray([1, 0]), "to_dense"), (pd.interval_range(0, 1), "two columns")):
        error = refused(lambda values=values: sm.read_deals(pd.DataFrame({"amount": values})), sm.InvalidTypeError)
        assert (error.code, error.column) == ("SM-SRC-14", "amount")
        assert way in error.hint
