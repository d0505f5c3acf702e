"""Data frames and other containers as sources."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from salesmetrics.convert import Coded, Instants, day, flag, key, label, money, probability
from salesmetrics.errors import InvalidDataError, InvalidTypeError, MissingColumnError, SalesMetricsError
from salesmetrics.readers.csv import csv_source
from salesmetrics.readers.frames import _narwhals, source_of
from salesmetrics.readers.source import Source

ROWS: dict[str, list[Any]] = {
    "id": ["D-1", "D-2", "D-3", "D-4"],
    "rep": ["Bo", None, "Ana", "Bo"],
    "amount": [Decimal("1.10"), None, Decimal("2.05"), Decimal("30.00")],
    "closed": [dt.date(2024, 1, 1), None, dt.date(2024, 2, 29), dt.date(2024, 3, 1)],
    "team": [3, None, 1, 3],
    "won": [True, None, False, True],
    "chance": [0.25, None, 0.5, 1.0],
}


def columns(source: Source) -> dict[str, tuple[Any, list[Any]]]:
    """Return every column of a source of these rows, converted."""
    return {
        "id": key(source.raw("id", "key"), "id"),
        "rep": label(source.raw("rep", "label"), "rep"),
        "amount": money(source.raw("amount", "money"), "amount", 2),
        "closed": day(source.raw("closed", "day"), "closed"),
        "team": label(source.raw("team", "label"), "team"),
        "won": flag(source.raw("won", "flag"), "won"),
        "chance": probability(source.raw("chance", "probability"), "chance"),
    }


def pandas_objects() -> Any:
    pd = pytest.importorskip("pandas")
    return pd.DataFrame({name: pd.Series(values, dtype=object) for name, values in ROWS.items()})


def pandas_usual() -> Any:
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(ROWS)
    frame["closed"] = pd.to_datetime(frame["closed"])
    frame["rep"] = pd.Categorical(frame["rep"], categories=["Zed", "Bo", "Ana"])
    frame["amount"] = frame["amount"].astype(float)
    return frame


def pandas_nullable() -> Any:
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(ROWS)
    return frame.assign(
        rep=frame["rep"].astype("string[python]"),
        amount=frame["amount"].astype("Float64"),
        closed=pd.to_datetime(frame["closed"]).astype("datetime64[s]"),
        team=frame["team"].astype("Int64"),
        won=frame["won"].astype("boolean"),
        chance=frame["chance"].astype("Float64"),
    )


def pandas_arrow() -> Any:
    pd = pytest.importorskip("pandas")
    return arrow_table().to_pandas(types_mapper=pd.ArrowDtype)


def polars_frame() -> Any:
    return pytest.importorskip("polars").DataFrame(ROWS)


def polars_categorical() -> Any:
    pl = pytest.importorskip("polars")
    return pl.DataFrame(ROWS).with_columns(pl.col("rep").cast(pl.Categorical))


def arrow_table() -> Any:
    return pytest.importorskip("pyarrow").table(ROWS)


def arrow_chunks() -> Any:
    pa = pytest.importorskip("pyarrow")
    table = arrow_table()
    table = table.set_column(1, "rep", table["rep"].dictionary_encode())
    return pa.concat_tables([table.slice(0, 1), table.slice(1, 2), table.slice(3, 1), table.slice(0, 0)])


def arrow_batch() -> Any:
    return arrow_table().to_batches()[0]


def arrow_wide() -> Any:
    pa = pytest.importorskip("pyarrow")
    types = [
        pa.large_string(),
        pa.string_view(),
        pa.decimal256(40, 5),
        pa.date64(),
        pa.int8(),
        pa.bool_(),
        pa.float64(),
    ]
    return arrow_table().cast(pa.schema(list(zip(ROWS, types, strict=True))))


def structured() -> Any:
    kinds = [(name, object) for name in ROWS]
    return np.array(list(zip(*ROWS.values(), strict=True)), dtype=kinds)


def masked() -> Any:
    hidden = [False, True, False, False]
    held: dict[str, Any] = dict(ROWS)
    held["team"] = np.ma.MaskedArray([3, 9, 1, 3], mask=hidden)
    held["amount"] = np.ma.MaskedArray([1.10, 99.999, 2.05, 30.0], mask=hidden)
    held["closed"] = np.ma.MaskedArray(
        np.array(["2024-01-01", "1066-01-01", "2024-02-29", "2024-03-01"], "M8[ms]"), hidden
    )
    held["won"] = np.ma.MaskedArray([True, True, False, True], mask=hidden)
    return held


def series_inside() -> Any:
    pl, pd, pa = map(pytest.importorskip, ("polars", "pandas", "pyarrow"))
    held: dict[str, Any] = dict(ROWS)
    return held | {
        "rep": pl.Series(ROWS["rep"]),
        "amount": pa.array(ROWS["amount"]),
        "team": pd.Index(pd.array(ROWS["team"], dtype="Int64")),
        "closed": iter(ROWS["closed"]),
    }


CONTAINERS = [
    pandas_objects, pandas_usual, pandas_nullable, pandas_arrow, polars_frame, polars_categorical, arrow_table,
    arrow_chunks, arrow_batch, arrow_wide, structured, masked, series_inside,
]  # fmt: skip


@pytest.mark.parametrize("make", CONTAINERS)
def test_containers_agree(make: Callable[[], Any]) -> None:
    """A6, A9: the same rows in any container are the same columns."""
    found, wanted = columns(source_of(make())), columns(source_of(ROWS))
    for name, (column, problems) in found.items():
        expected = wanted[name][0]
        same = np.array_equal(column, expected) if name == "won" else column.equals(expected)
        assert same, name
        assert problems == [], name


@pytest.mark.parametrize("make", [pandas_usual, pandas_nullable, pandas_arrow, polars_frame, arrow_table])
def test_other_frames_agree(make: Callable[[], Any]) -> None:
    """A6: a frame that only narwhals knows gives the same columns."""
    pytest.importorskip("narwhals")
    found, wanted = columns(_narwhals(make())), columns(source_of(ROWS))
    for name, (column, problems) in found.items():
        assert problems == [], name
        if name != "won":
            assert column.equals(wanted[name][0]), name


def test_text_agrees(tmp_path: Any) -> None:
    """A6: the same rows from a file are the same columns, but that whole numbers stay texts."""
    lines = [",".join("" if value is None else str(value) for value in row) for row in zip(*ROWS.values(), strict=True)]
    path = tmp_path / "deals.csv"
    path.write_text("\n".join([",".join(ROWS), *lines]))
    found, wanted = columns(csv_source(path)), columns(source_of(ROWS))
    for name in ("id", "rep", "amount", "closed", "chance"):
        assert found[name][0].equals(wanted[name][0]), name
        assert found[name][1] == [], name
    assert np.array_equal(found["won"][0], wanted["won"][0])
    assert found["team"][0].levels == ("1", "3")


def zoned() -> Any:
    pd = pytest.importorskip("pandas")
    return pd.Series(pd.to_datetime(["2024-07-01 03:30", None]).tz_localize("UTC").tz_convert("Asia/Tokyo"))


def test_columns_with_a_zone() -> None:
    """FRM-9: a column with a zone becomes the date in the zone of the business."""
    pl, pa = map(pytest.importorskip, ("polars", "pyarrow"))
    series = zoned()
    for held in (series, pl.Series(series), pa.array(series), series.astype("category"), series.dt.tz_convert("UTC")):
        raw = source_of({"closed": held}).raw("closed", "day")
        column, problems = day(raw, "closed", zone="America/New_York")
        assert column.user().tolist() == [dt.date(2024, 6, 30), None]
        assert problems == []
        assert [problem.code for problem in day(raw, "closed")[1]] == ["SM-DAY-04"]
    assert isinstance(source_of({"closed": series}).raw("closed", "day"), Instants)


def test_decimals_wider_than_64_bits() -> None:
    """FRM-6: a decimal that no 64 bits hold is refused with its value and not wrapped."""
    pa, pl = map(pytest.importorskip, ("pyarrow", "polars"))
    values = [Decimal("1.25"), Decimal(2**70), Decimal(-(2**70))]
    for held in (pa.array(values), pl.Series(values)):
        column, problems = money(source_of({"amount": held}).raw("amount", "money"), "amount", 2)
        assert column.minor.tolist() == [125, 0, 0]
        assert [(problem.code, problem.rows.tolist()) for problem in problems] == [("SM-AMT-03", [1, 2])]


def test_periods_are_their_first_day() -> None:
    """FRM-14: a Period is its first day."""
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"start": pd.period_range("2024-01", periods=2, freq="M")})
    column, _ = day(source_of(frame).raw("start", "day"), "start")
    assert column.user().tolist() == [dt.date(2024, 1, 1), dt.date(2024, 2, 1)]


def test_unused_categories() -> None:
    """FRM-7: a category that no row has is no label."""
    column, _ = label(source_of(pandas_usual()).raw("rep", "label"), "rep")
    assert column.levels == ("Ana", "Bo")


def test_nothing_is_changed() -> None:
    """FRM-13, A5: the frame is left alone, and changing it later changes no column."""
    frame = pandas_usual()
    before = frame.copy(deep=True)
    found = columns(source_of(frame))
    assert frame.equals(before)
    frame.loc[0, "amount"] = 99.0
    frame.loc[0, "chance"] = 0.0
    assert found["amount"][0].minor[0] == 110
    assert found["chance"][0].ppm[0] == 250_000


def test_what_can_label() -> None:
    """Texts, categories and whole numbers can label; amounts, days, flags and mixed columns cannot."""
    for make in (pandas_nullable, polars_frame, arrow_table):
        source = source_of(make())
        assert [name for name in source.names if source.can_label(name)] == ["id", "rep", "team"]
    mixed = source_of({"a": ["x", 1], "b": [1.5, None], "c": [None, None], "d": [True, 1]})
    assert [name for name in mixed.names if mixed.can_label(name)] == ["c"]


def twice() -> Any:
    pd = pytest.importorskip("pandas")
    return pd.DataFrame([[1, 2, 3]], columns=["a", "b", "a"])


def levels() -> Any:
    pd = pytest.importorskip("pandas")
    return pd.DataFrame([[1, 2]], columns=pd.MultiIndex.from_tuples([("a", "x"), ("a", "y")]))


class Refuses:
    __array__: Any = property(lambda self: lambda *_, **__: 1 / 0)

    def __len__(self) -> int:
        return 1


def pandas_of(make: Callable[[Any], Any]) -> Callable[[], Any]:
    return lambda: make(pytest.importorskip("pandas"))


def first_column(frame: Any) -> Any:
    source = source_of(frame)
    return source.raw(source.names[0], "money")


REFUSED = [
    pytest.param(twice, "SM-SRC-02", InvalidDataError, "'a' at positions [0, 2]", "rename", id="FRM-2"),
    pytest.param(levels, "SM-SRC-04", InvalidTypeError, "one level; got 2", "join the levels", id="FRM-4-levels"),
    pytest.param(lambda: {1: [1]}, "SM-SRC-04", InvalidTypeError, "texts; got 1", "name them", id="FRM-4-names"),
    pytest.param(lambda: polars_frame().lazy(), "SM-SRC-11", InvalidTypeError, "polars.LazyFrame", "collect() it first",
                 id="FRM-11-lazy"),
    pytest.param(lambda: polars_frame()["id"], "SM-SRC-11", InvalidTypeError, "polars.Series", "to_frame",
                 id="FRM-11-polars-series"),
    pytest.param(lambda: polars_frame().group_by("rep"), "SM-SRC-11", InvalidTypeError, "GroupBy", "the frame itself",
                 id="FRM-11-polars-group"),
    pytest.param(lambda: pandas_usual().groupby("id"), "SM-SRC-11", InvalidTypeError, "DataFrameGroupBy",
                 "behind your back", id="FRM-11-group"),
    pytest.param(lambda: pandas_usual()["id"], "SM-SRC-11", InvalidTypeError, "pandas.Series", "to_frame",
                 id="FRM-11-series"),
    pytest.param(lambda: arrow_table()["id"], "SM-SRC-11", InvalidTypeError, "Chunked", "Table", id="FRM-11-arrow"),
    pytest.param(lambda: {"a": [1], "b": [1, 2]}, "SM-ARR-01", InvalidDataError, "'a': 1, 'b': 2", None, id="ARR-1"),
    pytest.param(lambda: {"a": np.zeros((2, 1))}, "SM-ARR-02", InvalidDataError, "shape (2, 1)", "ravel", id="ARR-2"),
    pytest.param(lambda: {"a": np.float64(3)}, "SM-ARR-02", InvalidDataError, "shape ()", "ravel", id="ARR-2-scalar"),
    pytest.param(lambda: np.zeros(3), "SM-ARR-12", InvalidTypeError, "numpy.ndarray", "name its columns", id="ARR-12"),
    pytest.param(lambda: {"a": {1, 2}}, "SM-ARR-28", InvalidTypeError, "`a` must be a column", "no order", id="ARR-28"),
    pytest.param(lambda: {1, 2}, "SM-ARR-28", InvalidTypeError, "builtins.set", "no order", id="ARR-28-source"),
    pytest.param(lambda: {"a": "abc"}, "SM-ARR-28", InvalidTypeError, "got 'abc'", "a list", id="ARR-28-text"),
    pytest.param(lambda: {"a": 5}, "SM-ARR-28", InvalidTypeError, "got 5", "a list or an array", id="ARR-28-number"),
    pytest.param(lambda: {"a": Refuses()}, "SM-ARR-30", InvalidDataError, "ZeroDivisionError from Refuses", None,
                 id="ARR-30"),
    pytest.param(pandas_of(lambda pd: pd.DataFrame({"a": pd.arrays.SparseArray([1, 0])})), "SM-SRC-14",
                 InvalidTypeError, "Sparse", "to_dense", id="FRM-14-sparse"),
    pytest.param(pandas_of(lambda pd: pd.DataFrame({"a": pd.interval_range(0, 2)})), "SM-SRC-14", InvalidTypeError,
                 "interval", "two columns", id="FRM-14-interval"),
    pytest.param(object, "SM-SRC-11", InvalidTypeError, "builtins.object", "pandas, polars", id="FRM-11-object"),
    pytest.param(lambda: None, "SM-SRC-11", InvalidTypeError, "builtins.NoneType", "pandas", id="FRM-11-none"),
]  # fmt: skip


@pytest.mark.parametrize(("make", "code", "error", "sentence", "hint"), REFUSED)
def test_refused(
    make: Callable[[], Any], code: str, error: type[SalesMetricsError], sentence: str, hint: str | None
) -> None:
    """What holds no columns, or holds them badly, is refused in one sentence with the way out."""
    if "pandas, polars" in (hint or ""):
        pytest.importorskip("narwhals")
    frame = make()
    with pytest.raises(error) as caught:
        first_column(frame)
    assert caught.value.code == code
    assert sentence in caught.value.message
    assert (caught.value.hint is None) == (hint is None)
    assert hint is None or hint in str(caught.value.hint)


def test_narwhals_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without narwhals an unknown frame is refused with the way to get it."""
    monkeypatch.setitem(sys.modules, "narwhals.stable.v2", None)
    with pytest.raises(InvalidTypeError, match="must be a data frame") as caught:
        source_of(object())
    assert 'pip install "salesmetrics[frames]"' in str(caught.value)


def test_unknown_column() -> None:
    """FRM-1: a column that is not there is named with the nearest that is."""
    with pytest.raises(MissingColumnError, match="must have the column 'amonut'; got 'id', 'rep'") as caught:
        source_of(ROWS).raw("amonut", "money")
    assert "did you mean 'amount'" in str(caught.value)


def test_empty_frames() -> None:
    """A frame without rows is a source without rows."""
    pl, pa = map(pytest.importorskip, ("polars", "pyarrow"))
    schema = pa.schema([("a", pa.string()), ("b", pa.dictionary(pa.int8(), pa.string())), ("c", pa.decimal128(9, 2))])
    for frame in ({}, {"a": []}, pl.DataFrame({"a": []}), schema.empty_table(), pl.DataFrame(schema.empty_table())):
        source = source_of(frame)
        assert source.rows == 0
        for name in source.names:
            assert len(label(source.raw(name, "label"), name)[0]) == 0


def test_duckdb_relation() -> None:
    """A relation of duckdb is read through Arrow."""
    duckdb = pytest.importorskip("duckdb")
    pytest.importorskip("pyarrow")
    source = source_of(duckdb.sql("select 'D-1' as id, 12.50::decimal(9, 2) as amount"))
    assert money(source.raw("amount", "money"), "amount", 2)[0].minor.tolist() == [1250]


def test_broken_offsets_inside() -> None:
    """FRM-12: what Arrow itself cannot read is refused in our words."""
    pa = pytest.importorskip("pyarrow")
    offsets = pa.array([0, 5, 2], pa.int32()).buffers()[1]
    text = pa.Array.from_buffers(pa.string(), 2, [None, offsets, pa.py_buffer(b"abcde")])
    with pytest.raises(InvalidDataError, match="a column of Arrow must be one that can be read; got 'string'"):
        first_column(pa.table({"a": text}))


def test_other_columns_of_arrow() -> None:
    """Dictionaries of days, lists and streams are read, or left to the converter to refuse."""
    pa, pd = map(pytest.importorskip, ("pyarrow", "pandas"))
    days = pa.array([dt.date(2024, 1, 1), None]).dictionary_encode()
    reader = pa.RecordBatchReader.from_batches(pa.schema([("a", days.type)]), [pa.record_batch([days], names=["a"])])
    column, problems = day(source_of(reader).raw("a", "day"), "a")
    assert (column.user().tolist(), problems) == ([dt.date(2024, 1, 1), None], [])
    _, problems = label(source_of({"a": pa.array([["x"], None])}).raw("a", "label"), "a")
    assert [(problem.code, problem.values) for problem in problems] == [("SM-LAB-02", [["x"]])]
    with pytest.raises(InvalidDataError, match="periods that start from 1678 to 2262"):
        source_of(pd.DataFrame({"a": pd.PeriodIndex(["9999-12"], freq="M")})).raw("a", "day")


def test_streams_of_arrow() -> None:
    """An object that gives an Arrow stream is read through the user's pyarrow."""
    pytest.importorskip("pyarrow")

    class Streams:
        def __arrow_c_stream__(self, requested_schema: object = None) -> object:
            return arrow_table().__arrow_c_stream__(requested_schema)

    assert label(source_of(Streams()).raw("rep", "label"), "rep")[0].levels == ("Ana", "Bo")


# --- how fast ways keep to the rules -----------------------------------------------------------------------------------


def test_codes_of_polars_are_made_dense() -> None:
    """The codes of a Categorical count the texts of the whole process; those of a column do not depend on them."""
    pl = pytest.importorskip("polars")
    others = pl.Series([f"another {n}" for n in range(500)], dtype=pl.Categorical)
    frame = pl.DataFrame({"rep": ["b", None, "a", "c", "a"]})
    for kind in (pl.String, pl.Categorical, pl.Enum(["z", "c", "b", "a"])):
        raw = source_of(frame.cast({"rep": kind})).raw("rep", "label")
        assert isinstance(raw, Coded)
        assert len(raw.labels) == 3
        column, problems = label(raw, "rep")
        assert column.levels == ("a", "b", "c")
        assert column.user().tolist() == ["b", None, "a", "c", "a"]
        assert not problems
    nothing = source_of(pl.DataFrame({"rep": pl.Series([None, None], dtype=pl.String)}))
    assert label(nothing.raw("rep", "label"), "rep")[0].codes.tolist() == [-1, -1]
    assert len(others) == 500


IDS = [
    ["a", "b", "c", "d", "e", "f"],
    ["006A", "006B", "006a"],
    ["x" * 20, "y" * 3],
    ["x" * 20, "y" * 20],
    ["a", "a", "b"],
    ["a ", "b"],
    ["a\tb", "b"],
    ["\x7f", "b"],
    ["é", "b"],
    ["a\0", "b"],
    ["", "b"],
    [None, "b"],
    ["x" * 70, "y" * 70],
    ["ABCDEFGHIJ", "ABCDEFGHIK", "abcdefghij"],
    [],
]


@pytest.mark.parametrize("unique", [True, False])
@pytest.mark.parametrize("ids", IDS, ids=[f"ids{at}" for at in range(len(IDS))])
def test_ids_as_bytes_are_the_ids_as_texts(ids: list[Any], unique: bool) -> None:
    """A6, A9: ids held as bytes have the same problems, and are the same texts once somebody asks for them."""
    pa, pl = pytest.importorskip("pyarrow"), pytest.importorskip("polars")
    wanted, problems = key(np.array(ids, dtype=object), "id", unique=unique)
    table = pa.table({"id": pa.array(ids, pa.string())})
    chunks = pa.concat_tables([table.slice(0, 1), table.slice(1, 0), table.slice(1)])
    large, frame = (
        table.cast(pa.schema([("id", pa.large_string())])),
        pl.DataFrame({"id": ids}, schema={"id": pl.String}),
    )
    for source in (table, chunks, large, frame):
        column, found = key(source_of(source).raw("id", "key"), "id", unique=unique)
        assert column.equals(wanted)
        assert wanted.equals(column)
        assert column.take(np.arange(len(ids))[::-1]).user().tolist() == wanted.user()[::-1].tolist()
        assert column.concat([column]).equals(wanted.concat([wanted]))
        assert column.concat([wanted]).equals(wanted.concat([column]))
        assert {type(text) for text in column.user()} <= {str}
        assert [(p.code, p.rows.tolist(), p.values) for p in found] == [
            (p.code, p.rows.tolist(), p.values) for p in problems
        ]


def test_ids_are_a_copy() -> None:
    """FRM-13, A5: ids held as bytes are the book's own, not the frame's."""
    pa = pytest.importorskip("pyarrow")
    buffer = bytearray(b"aabbcc")
    offsets = pa.py_buffer(np.array([0, 2, 4, 6], dtype=np.int32).tobytes())
    held = pa.StringArray.from_buffers(3, offsets, pa.py_buffer(buffer))
    column, _ = key(source_of(pa.table({"id": held})).raw("id", "key"), "id")
    buffer[:2] = b"zz"
    assert column.user().tolist() == ["aa", "bb", "cc"]


def test_a_column_is_fetched_once() -> None:
    """Asking whether a column can be a label does not cost a second reading; asking for it twice gives it twice."""
    asked: list[str] = []

    def fetch(name: str, role: Any) -> Any:
        asked.append(name)
        return np.array(["a", "b"], dtype=object)

    source = Source("test", ["x"], 2, fetch)
    assert source.can_label("x")
    assert source.raw("x", "label").tolist() == ["a", "b"]  # type: ignore[union-attr]
    assert asked == ["x"]
    assert source.raw("x", "label").tolist() == ["a", "b"]  # type: ignore[union-attr]
    assert asked == ["x", "x"]


@pytest.mark.parametrize("unit", ["D", "s", "ms", "us", "ns", "25s"])
def test_days_of_any_unit_at_both_ends(unit: str) -> None:
    """A7: the first and the last day that can be, and a moment before midnight, in every unit."""
    days = np.array(["1970-01-01", "2099-12-31", "NaT"], dtype="datetime64[D]").astype(f"datetime64[{unit}]")
    column, problems = day(days, "closed")
    assert column.user().astype(str).tolist() == ["1970-01-01", "2099-12-31", "NaT"]
    assert not problems
    for wrong in ("1969-12-31", "2100-01-02"):
        assert (
            day(np.array([wrong], dtype="datetime64[D]").astype(f"datetime64[{unit}]"), "closed")[1][0].code
            == "SM-DAY-05"
        )
