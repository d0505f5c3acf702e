"""Relations of duckdb, and whatever speaks Arrow's stream protocol, as sources."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import salesmetrics as sm
from salesmetrics.readers import frames
from salesmetrics.readers.frames import source_of

ROWS: dict[str, list[Any]] = {
    "id": [f"D-{n}" for n in range(10)],
    "rep": ["Bo", None, "Ana", "Bo", "Cy"] * 2,
    "amount": [1.10, None, 2.05, 30.0, 7.0] * 2,
    "team": [3, None, 1, 3, 2] * 2,
    "outcome": ["won"] * 10,
    "closed": [f"2026-01-0{n % 9 + 1}" for n in range(10)],
}


def relation(sql: str = "select * from (select unnest(range(10)) as n)") -> Any:
    """Return a relation."""
    duckdb = pytest.importorskip("duckdb")
    return duckdb.connect().sql(sql)


def deals() -> Any:
    """Return the rows as a relation, with the types that duckdb gives them."""
    duckdb, pa = pytest.importorskip("duckdb"), pytest.importorskip("pyarrow")
    connection = duckdb.connect()
    connection.register("held", pa.table(ROWS))
    connection.execute(
        "create table deals as select * replace (amount::decimal(12, 2) as amount, closed::date as closed) from held"
    )
    return connection.sql("select * from deals")


@pytest.mark.parametrize("without", [(), ("pyarrow",), ("pyarrow", "polars")], ids=["pyarrow", "polars", "numpy"])
def test_a_relation_is_a_source(without: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    """A6: a relation gives the same book as its rows, through pyarrow, polars or numpy, whichever there is."""
    installed = frames._installed
    monkeypatch.setattr(frames, "_installed", lambda name: name not in without and installed(name))
    given = deals()
    source = source_of(given)
    assert (source.kind, source.rows, source.names) == ("duckdb", 10, list(ROWS))
    assert sm.read_deals(given).equals(sm.read_deals(ROWS))


@pytest.mark.parametrize("size", [1, 3, 10])
def test_batches_are_invisible(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """M6, A9: a relation comes in batches, whose size changes nothing; texts that repeat are held once."""
    monkeypatch.setattr(frames, "_BATCH", size)
    assert sm.read_deals(deals()).equals(sm.read_deals(ROWS))


def test_a_relation_runs_once() -> None:
    """The rows of all columns are those of one run, also where every run gives other rows."""
    source = source_of(relation("select a, a as b from (select uuid()::varchar as a from range(50))"))
    assert source.raw("a", "text").tolist() == source.raw("b", "text").tolist()  # type: ignore[union-attr]


def test_no_rows() -> None:
    """A relation without rows is an empty book with its columns."""
    book = sm.read_deals(relation("select 'a' as id, 1.5::double as amount where false"))
    assert (book.rows, book.names) == (0, ("id", "amount"))


def test_a_query_that_fails_is_refused() -> None:
    """What duckdb cannot run is told in our words."""
    broken = relation("select error('no such deal') as id from range(3)")
    with pytest.raises(sm.InvalidDataError, match="a relation that duckdb can run") as caught:
        sm.read_deals(broken)
    assert caught.value.code == "SM-SRC-13"


def test_a_connection_is_no_relation() -> None:
    """FRM-11: the hint says what the query gives."""
    duckdb = pytest.importorskip("duckdb")
    with pytest.raises(sm.InvalidTypeError, match="a data frame or a mapping of columns") as caught:
        sm.read_deals(duckdb.connect())
    assert "connection.sql" in str(caught.value.hint)


class Stream:
    """Something that speaks Arrow's stream protocol and nothing else."""

    def __init__(self, held: Any) -> None:
        self._held = held

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        return self._held.__arrow_c_stream__(requested_schema)


def test_a_stream_of_arrow_is_a_source() -> None:
    """A6: anything with ``__arrow_c_stream__`` is read through the user's pyarrow."""
    pa = pytest.importorskip("pyarrow")
    assert sm.read_deals(Stream(pa.table(ROWS))).equals(sm.read_deals(ROWS))


def test_a_stream_that_breaks_is_refused() -> None:
    """What the stream says is told in our words."""
    pytest.importorskip("pyarrow")

    class Broken:
        def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
            raise ValueError("no more")

    with pytest.raises(sm.InvalidDataError, match="a stream of Arrow that can be read") as caught:
        sm.read_deals(Broken())
    assert caught.value.code == "SM-SRC-12"


def test_a_stream_without_pyarrow_goes_to_narwhals(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without pyarrow nobody here can listen; what narwhals does not know either is refused."""
    pytest.importorskip("narwhals")
    pa = pytest.importorskip("pyarrow")
    monkeypatch.setattr(frames, "_installed", lambda name: False)
    with pytest.raises(sm.InvalidTypeError, match="a data frame or a mapping of columns"):
        sm.read_deals(Stream(pa.table(ROWS)))


@pytest.mark.parametrize("library", ["pandas", "polars", "pyarrow"])
def test_a_frame_of_narwhals_is_the_frame_it_wraps(library: str) -> None:
    """A6: a frame wrapped by narwhals."""
    nw, native = pytest.importorskip("narwhals.stable.v2"), pytest.importorskip(library)
    frame = getattr(native, "table", None) or native.DataFrame
    held = {name: values for name, values in ROWS.items() if name != "team"}
    assert sm.read_deals(nw.from_native(frame(held))).equals(sm.read_deals(held))


def test_fixed_numbers_come_as_they_are() -> None:
    """FRM-6: whole numbers, flags and decimals without gaps are arrays without masks."""
    source = source_of(relation("select range::bigint as n, range % 2 = 0 as f from range(4)"))
    for name in ("n", "f"):
        raw = source.raw(name, "text")
        assert type(raw) is np.ndarray
