"""Columns that are converted while they are read, side by side or into kept memory: the same books, and the same refusals."""

from __future__ import annotations

import datetime as dt
import gc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import salesmetrics as sm
from salesmetrics import convert
from salesmetrics._workbench import fresh, reusing
from salesmetrics.convert import Coded, Dated, Piece, Pieces
from salesmetrics.errors import SalesMetricsError
from salesmetrics.readers import row_groups
from salesmetrics.readers.series import pandas_raw

ROWS = 1 << 19
BIG = 80_000
"""Rows from which on two columns are read at a time."""


# --- memory that is used again ----------------------------------------------------------------------------------------


def address(array: Any) -> int:
    return int(array.__array_interface__["data"][0])


def test_memory_that_nobody_sees_is_used_again() -> None:
    spare: list[Any] = []
    with reusing(spare):
        first = fresh(ROWS, np.int32)
        place = address(first)
        part = first[10:20].view(np.uint8)
        del first
        assert address(fresh(ROWS, np.int32)) != place, "a view still looks at it"
        del part
        gc.collect()
        assert place in {address(fresh(ROWS, np.int32)), *(address(room) for room in spare)}


def test_memory_goes_from_one_type_to_another_of_about_its_size() -> None:
    spare: list[Any] = []
    with reusing(spare):
        place = address(fresh(ROWS, np.int64))
        again = fresh(2 * ROWS - 100, np.int32)
        assert address(again) == place
        assert (again.dtype, len(again)) == (np.dtype(np.int32), 2 * ROWS - 100)
        assert address(fresh(ROWS // 4, np.int32)) != place


def test_no_more_memory_is_kept_than_was_in_use_at_one_time() -> None:
    spare: list[Any] = []
    with reusing(spare):
        for rows in range(ROWS, 4 * ROWS, ROWS // 2):
            fresh(rows, np.int64)
    assert len(spare) == 1


def test_outside_of_a_scan_memory_is_new_and_small_arrays_always_are() -> None:
    spare: list[Any] = []
    with reusing(spare):
        fresh(100, np.int64)
    fresh(ROWS, np.int64)
    assert not spare


# --- floats piece by piece --------------------------------------------------------------------------------------------


def pieces_of(values: Any, size: int) -> tuple[Pieces, list[int]]:
    """Return a column in pieces, NaN as rows that are not known in every other piece, and how often it was read whole."""
    whole: list[int] = []

    def read() -> Any:
        for at, start in enumerate(range(0, len(values), size)):
            part = values[start : start + size]
            known = np.flatnonzero(~np.isnan(part))
            if at % 2 and len(known) < len(part):
                yield Piece(start, len(part), part[known], known)
            else:
                yield Piece(start, len(part), part)

    def once() -> Any:
        whole.append(1)
        return values

    return Pieces(len(values), read, once), whole


def same(found: Any, expected: Any) -> None:
    column, problems = found
    wanted, told = expected
    assert column.equals(wanted)
    assert [(p.code, p.rows.tolist(), p.values, p.hint) for p in problems] == [
        (p.code, p.rows.tolist(), p.values, p.hint) for p in told
    ]


AMOUNTS: dict[str, Callable[[Any], Any]] = {
    "clear": lambda values: values,
    "one is missing": lambda values: np.where(np.arange(len(values)) == 5, np.nan, values),
    "most are missing": lambda values: np.where(np.arange(len(values)) % 7 > 0, np.nan, values),
    "all are missing": lambda values: np.full(len(values), np.nan),
    "one is negative": lambda values: np.where(np.arange(len(values)) == 900, -values, values),
    "one is finer": lambda values: np.where(np.arange(len(values)) == 700, 1.005, values),
    "one is endless": lambda values: np.where(np.arange(len(values)) == 300, np.inf, values),
    "one is beyond": lambda values: np.where(np.arange(len(values)) == 300, 1e15, values),
    "some are near": lambda values: values + 3e-9,
    "large ones": lambda values: np.round(values * 1e7, 2),
}


@pytest.mark.parametrize("kind", AMOUNTS)
@pytest.mark.parametrize("given", [{}, {"allow_negative": True}, {"rounding": "half_even"}], ids=str)
def test_amounts_in_pieces_are_those_of_the_whole(kind: str, given: dict[str, Any]) -> None:
    """Objects of floats take the exact way row by row, which neither pieces nor arrays of floats take here."""
    values = AMOUNTS[kind](np.round(np.random.default_rng(3).lognormal(8, 1, 1_000), 2))
    slow = convert.money(np.array([1, *values.tolist()], dtype=object), "amount", 2, **given)
    kept = slow[0].take(np.arange(1, len(values) + 1))
    moved = [(p.code, [row - 1 for row in p.rows.tolist()]) for p in slow[1]]
    for raw in (pieces_of(values, 128)[0], values):
        column, problems = convert.money(raw, "amount", 2, **given)
        assert column.equals(kept)
        assert [(p.code, p.rows.tolist()) for p in problems] == moved
        assert (column.known is None) == (not column.missing().any())


def test_a_column_is_read_whole_only_where_something_is_amiss() -> None:
    clear, whole = pieces_of(np.array([1.25, np.nan, 3.5] * 100), 64)
    convert.money(clear, "amount", 2)
    assert not whole
    odd, whole = pieces_of(np.array([1.25, np.nan, 3.555] * 100), 64)
    _, problems = convert.money(odd, "amount", 2)
    assert [len(problem.rows) for problem in problems] == [100]
    assert whole == [1]


@pytest.mark.parametrize("bad", [None, -0.1, 1.2])
@pytest.mark.parametrize("missing", [2, 900])
def test_probabilities_in_pieces_are_those_of_the_whole(bad: float | None, missing: int) -> None:
    values = np.random.default_rng(4).random(1_000)
    values[::missing] = np.nan
    if bad is not None:
        values[501] = bad
    same(
        convert.probability(pieces_of(values, 96)[0], "probability"),
        convert.probability(np.ma.MaskedArray(values), "probability"),
    )


def test_scanned_amounts_are_refused_as_read_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    monkeypatch.setattr(row_groups, "PIECE", 100)
    rows = 1_000
    for bad in (-5.0, 0.001, float("inf")):
        amounts = [None if at % 3 == 0 else at / 4 for at in range(rows)]
        amounts[701] = bad
        path = tmp_path / "deals.parquet"
        parquet.write_table(arrow.table({"amount": arrow.array(amounts), "outcome": ["open"] * rows}), path)
        with pytest.raises(SalesMetricsError) as read:
            sm.read_deals(path, currency="USD")
        with pytest.raises(SalesMetricsError) as scanned:
            next(sm.scan_parquet(path, currency="USD").books(["amount"]))
        assert scanned.value.message.startswith(f"{read.value.message}\n  in row 701 of row group 0")
        assert (scanned.value.code, read.value.row) == (read.value.code, 701)


def test_scans_of_any_pieces_hold_what_a_book_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nulls in every kind of column, dictionaries that differ from group to group and grow, pieces that end anywhere."""
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    random, rows = np.random.default_rng(9), 4_000
    reps = [None if at % 11 == 0 else f"rep {int(random.integers(0, 20 + at // 5))}" for at in range(rows)]
    days = [None if at % 3 else dt.date(2025, 1, 1) + dt.timedelta(days=at % 300) for at in range(rows)]
    table = arrow.table(
        {
            "rep": reps,
            "segment": [None] * rows,
            "amount": [None if at % 5 == 0 else float(random.integers(0, 10**6)) / 100 for at in range(rows)],
            "created": arrow.array(days, arrow.date32()),
            "expected_close": arrow.array([None if at % 90 == 7 else dt.date(2026, 1, 1) for at in range(rows)]),
            "outcome": ["open"] * rows,
            "probability": [None if at % 4 else at / rows for at in range(rows)],
        },
        schema=None,
    ).set_column(1, "segment", arrow.array([None] * rows, arrow.string()))
    path = tmp_path / "deals.parquet"
    parquet.write_table(table, path, row_group_size=900)
    whole = sm.read_deals(path, currency="USD")
    for piece, most in ((77, 1_000), (512, 2_000), (1 << 18, 1 << 20)):
        monkeypatch.setattr(row_groups, "PIECE", piece)
        monkeypatch.setattr(row_groups, "MOST", most)
        spare: list[Any] = []
        with reusing(spare):
            parts = list(sm.scan_parquet(path, currency="USD").books())
            book = parts[0].concat(*parts[1:]) if len(parts) > 1 else parts[0]
            assert book.equals(whole)


# --- other ways of the libraries --------------------------------------------------------------------------------------


def some_texts(rows: int) -> list[Any]:
    words = ["Ana", "Ben", None, "", "Chloé", "ana", "Ana "]
    return [words[at * at % 7] for at in range(rows)]


@pytest.mark.filterwarnings("ignore::salesmetrics.SalesMetricsWarning")
def test_texts_are_the_same_labels_from_every_library() -> None:
    pandas, polars, arrow = (pytest.importorskip(name) for name in ("pandas", "polars", "pyarrow"))
    texts = some_texts(1_000)
    expected = sm.read_deals({"rep": texts})
    polars.Series(["somewhere", "else", "Zoe"]).cast(polars.Categorical)  # whose codes are of the whole process
    column = polars.Series(texts)
    for series in (column, column.cast(polars.Categorical), column.cast(polars.Categorical).filter(column != "Ben")):
        frame = polars.DataFrame({"rep": series})
        wanted = expected if len(series) == 1_000 else sm.read_deals({"rep": series.cast(polars.String).to_list()})
        assert sm.read_deals(frame).equals(wanted)
    assert sm.read_deals(pandas.DataFrame({"rep": texts})).equals(expected)
    assert sm.read_deals(pandas.DataFrame({"rep": pandas.Series(texts, dtype="string")})).equals(expected)
    chunks = arrow.chunked_array([texts[:300], texts[300:301], texts[301:]])
    assert sm.read_deals(arrow.table({"rep": chunks})).equals(expected)


@pytest.mark.filterwarnings("ignore::salesmetrics.SalesMetricsWarning")
def test_pandas_objects_that_are_not_all_texts_go_the_exact_way() -> None:
    pandas = pytest.importorskip("pandas")

    class Loud(str):
        __slots__ = ()

        def __eq__(self, other: object) -> bool:
            return True

        __hash__ = str.__hash__

    for values in ([1, 1.0, 2, None], [Loud("Ana"), "Ben", Loud("Ben")], ["Ana", 3, "Ben"], [["Ana"], "Ben"]):
        held = np.empty(len(values), dtype=object)
        held[:] = values
        raw = pandas_raw(pandas.Series(held), "label", "rep")
        same(convert.label(raw, "rep"), convert.label(held, "rep"))


def test_nothing_of_a_column_that_is_read_ahead_is_raised_out_of_turn() -> None:
    """Whatever is wrong first in one thread is what is said with two, though both columns are read before."""
    polars = pytest.importorskip("polars")
    rows = BIG
    frame = polars.DataFrame(
        {
            "rep": polars.Series([b"x"] * rows),
            "outcome": ["open"] * (rows - 1) + ["opne"],
            "amount": [1.0] * (rows - 1) + [-1.0],
            "segment": some_texts(rows),
            "region": some_texts(rows),
        }
    )
    for columns in (["outcome", "amount", "segment", "region"], ["rep", "outcome"], ["amount", "region"], ["segment"]):
        said = []
        for count in (1, 2):
            with sm.threads(count):
                try:
                    said.append(sm.read_deals(frame.select(columns), currency="USD").column("segment", "a test").levels)
                except SalesMetricsError as error:
                    said.append(error.message)
        assert said[0] == said[1]


# --- days -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "America/New_York"])
@pytest.mark.parametrize("instant", [None, False, "clock"])
@pytest.mark.parametrize("odd", [None, "1969-12-31", "2999-12-31", "2026-05-05T10:00", "1985-01-01"])
def test_midnights_are_read_as_other_stamps_are(unit: str, zone: str | None, instant: Any, odd: str | None) -> None:
    """A day that means none keeps a column from the fast way, and stands in no row here."""
    if unit == "ns" and odd == "2999-12-31":
        pytest.skip("nanoseconds end in 2262")
    stamps = (np.datetime64("2026-01-01") + np.arange(500) % 90).astype(f"M8[{unit}]")
    stamps[::50] = np.datetime64("NaT")
    if odd is not None:
        stamps[333] = np.datetime64(odd)
    given: dict[str, Any] = {"zone": zone, "instant": instant, "earliest": 7_305}
    slow = convert.day(stamps, "closed", sentinels=("1999-12-31",), **given)
    same(convert.day(stamps, "closed", **given), slow)


@pytest.mark.parametrize(
    "odd", [None, dt.date(1969, 12, 31), dt.date(2200, 1, 1), dt.datetime(2026, 1, 1, 5), "2026-01-01"]
)
@pytest.mark.parametrize("missing", [0, 7, 1])
def test_dates_are_read_as_other_objects_are(odd: Any, missing: int) -> None:
    dates = np.array([dt.date(2026, 1, 1) + dt.timedelta(days=at % 90) for at in range(300)], dtype=object)
    if missing:
        dates[::missing] = None
    if odd is not None:
        dates[123] = odd
    slow = convert.day(dates, "closed", sentinels=("1999-12-31",), zone="UTC")
    same(convert.day(dates, "closed", zone="UTC"), slow)


def test_dates_of_polars_and_arrow_are_those_of_their_stamps() -> None:
    polars, arrow = pytest.importorskip("polars"), pytest.importorskip("pyarrow")
    dates = [None if at % 9 == 4 else dt.date(2026, 1, 1) + dt.timedelta(days=at) for at in range(200)]
    wanted = sm.read_deals({"created": np.array(dates, dtype="M8[D]")})
    assert sm.read_deals(polars.DataFrame({"created": dates})).equals(wanted)
    assert sm.read_deals(arrow.table({"created": arrow.chunked_array([dates[:50], dates[50:]])})).equals(wanted)
    early = [*dates, dt.date(1960, 5, 5)]
    messages = []
    for source in ({"created": np.array(early, dtype="M8[D]")}, polars.DataFrame({"created": early})):
        with pytest.raises(SalesMetricsError) as caught:
            sm.read_deals(source)
        messages.append((caught.value.code, caught.value.message, caught.value.values))
    assert messages[0] == messages[1]


def test_days_that_are_all_missing_are_none() -> None:
    raw = Dated(np.full(5, -1, dtype=np.int32), np.ones(5, dtype=bool))
    column, problems = convert.day(raw, "closed")
    assert column.days.tolist() == [-1] * 5
    assert not problems


# --- outcomes and objects ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("codes", [[0, 1, 2], [0, -1, 1], [0, 3, 1], [0, 7, 1]])
def test_outcomes_of_codes_are_those_of_their_words(codes: list[int]) -> None:
    words = np.array(["won", "open", "lost", "wno"], dtype=object)
    raw = Coded(np.array(codes, dtype=np.int8), words)
    column, problems = convert.outcome(raw, "outcome")
    if max(codes) < len(words):
        same((column, problems), convert.outcome(np.append(words, None)[codes], "outcome"))
    else:
        assert problems[0].code == "SM-LAB-03"


def test_objects_are_read_as_their_columns() -> None:
    deals = [
        sm.Deal(
            id=at,
            rep=None if at % 7 == 0 else f"r{at % 5}",
            amount=None if at % 3 == 0 else at / 4,
            created="2026-01-01",
        )
        for at in range(3_000)
    ]
    columns = {name: [getattr(deal, name) for deal in deals] for name in ("id", "rep", "amount", "created", "outcome")}
    assert all(
        sm.read_deals(deals).columns[name].equals(column) for name, column in sm.read_deals(columns).columns.items()
    )


def test_whole_ids_of_objects_may_be_too_long() -> None:
    with pytest.raises(SalesMetricsError) as caught:
        sm.read_deals({"id": [1, 2**70, 3]})
    assert (caught.value.code, caught.value.row) == ("SM-KEY-06", 1)
