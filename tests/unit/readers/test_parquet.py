"""Parquet files as sources, through whichever library is there."""

from __future__ import annotations

import importlib
import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import salesmetrics as sm
from salesmetrics.convert import Ascii, Coded, key, label
from salesmetrics.readers import parquet
from salesmetrics.readers.files import file_source
from salesmetrics.readers.parquet import parquet_source

ROWS: dict[str, list[Any]] = {
    "id": ["D-1", "D-2", "D-3", "D-4"],
    "rep": ["Bo", None, "Ana", "Bo"],
    "a.b": ["x", "y", "x", "y"],
    "amount": [1.10, None, 2.05, 30.0],
    "outcome": ["open", "won", "lost", "won"],
    "close_date": ["2026-01-01", "2026-01-02", "2026-01-03", "2026-01-04"],
}
READERS: dict[str, Callable[[Any, int], Any]] = dict(parquet._READERS)


def made(path: Path, **options: Any) -> Path:
    """Return the path of a Parquet file of the rows, in row groups of two."""
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    pq.write_table(pa.table(ROWS), path, row_group_size=2, **options)
    return path


class Pipe(io.RawIOBase):
    """A stream of bytes that cannot seek."""

    def __init__(self, held: bytes) -> None:
        self._held = io.BytesIO(held)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._held.readinto(buffer)


@pytest.mark.parametrize("name", ["deals.parquet", "deals.csv", "deals"])
def test_a_file_is_told_by_its_first_bytes(name: str, tmp_path: Path) -> None:
    """A6: a Parquet file is read as one whatever it is called, by its path, as a text or not, and open."""
    path = made(tmp_path / name)
    wanted = sm.read_deals(ROWS)
    with open(path, "rb") as file:
        for source in (path, str(path), file, io.BytesIO(path.read_bytes()), Pipe(path.read_bytes())):
            assert sm.read_deals(source).equals(wanted)
        assert not file.closed


@pytest.mark.parametrize("library", list(READERS))
def test_every_library_reads_the_same(library: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A6: pyarrow, polars and duckdb give the same book."""
    pytest.importorskip(library)
    path = made(tmp_path / "deals.parquet")
    monkeypatch.setattr(parquet, "_READERS", {library: READERS[library]})
    assert sm.read_deals(path).equals(sm.read_deals(ROWS))


def test_only_the_columns_asked_for_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A column is read when it is asked for, and no other with it."""
    pq = pytest.importorskip("pyarrow.parquet")
    path = made(tmp_path / "deals.parquet")
    read: list[Any] = []
    plain = pq.ParquetFile.read

    def noted(self: Any, columns: Any = None, **options: Any) -> Any:
        read.append(columns)
        return plain(self, columns=columns, **options)

    monkeypatch.setattr(pq.ParquetFile, "read", noted)
    source = parquet_source(path)
    assert (source.rows, source.names, read) == (4, list(ROWS), [])
    assert source.raw("a.b", "label").labels.tolist() == ["x", "y"]  # type: ignore[union-attr]
    source.raw("amount", "money")
    assert read == [["a.b"], ["amount"]]


def test_dictionaries_are_kept(tmp_path: Path) -> None:
    """FRM-6: a label is read as the codes that the file holds; an id as bytes."""
    source = file_source(made(tmp_path / "deals.parquet"))
    assert isinstance(source.raw("rep", "label"), Coded)
    assert isinstance(source.raw("id", "key"), Ascii)
    assert label(source.raw("rep", "label"), "rep")[0].user().tolist() == ROWS["rep"]
    assert key(source.raw("id", "key"), "id")[0].user().tolist() == ROWS["id"]


BROKEN: list[tuple[str, Callable[[bytes], bytes]]] = [
    ("cut", lambda held: held[:-20]),
    ("only-magic", lambda held: b"PAR1"),
    ("no-footer", lambda held: b"PAR1" + bytes(100) + b"PAR1"),
    ("huge-footer", lambda held: held[:-8] + b"\xff\xff\xff\x7fPAR1"),
    ("page", lambda held: held[:30] + bytes(60) + held[90:]),
    ("footer", lambda held: held[:-200] + bytes(100) + held[-100:]),
    ("encrypted", lambda held: b"PARE" + held[4:-4] + b"PARE"),
]


@pytest.mark.parametrize(("name", "breaking"), BROKEN, ids=[name for name, _ in BROKEN])
@pytest.mark.parametrize("library", ["pyarrow", "polars"])
def test_a_broken_file_is_refused(
    library: str, name: str, breaking: Callable[[bytes], bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """FRM-12: what no library can read is refused in our words, and no other exception comes out."""
    pytest.importorskip(library)
    held = breaking(made(tmp_path / "deals.parquet").read_bytes())
    monkeypatch.setattr(parquet, "_READERS", {library: READERS[library]})
    with pytest.raises(sm.InvalidDataError, match="a Parquet file that can be read; got ") as caught:
        sm.read_deals(io.BytesIO(held))
    assert caught.value.code == "SM-PQT-02"
    assert caught.value.__cause__ is not None


def test_every_flipped_byte_is_read_or_refused(tmp_path: Path) -> None:
    """FRM-12: a byte that is not what was written gives another book or an error of ours, never another exception."""
    held = made(tmp_path / "deals.parquet", compression="none").read_bytes()
    for at in range(0, len(held), 7):
        torn = held[:at] + bytes([held[at] ^ 0xFF]) + held[at + 1 :]
        try:
            sm.read_deals(io.BytesIO(torn))
        except sm.SalesMetricsError:
            continue


def test_text_that_is_no_text_is_refused(tmp_path: Path) -> None:
    """FRM-12: bytes of a file that claim to be text are validated before they are used."""
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    wrong = pa.array([b"\xff\xfe", b"ok"], pa.binary()).cast(pa.string(), safe=False)
    pq.write_table(pa.table({"rep": wrong}), tmp_path / "x.parquet", use_dictionary=False)
    with pytest.raises(sm.InvalidDataError) as caught:
        sm.read_deals(tmp_path / "x.parquet")
    assert caught.value.code == "SM-PQT-02"


def test_too_many_rows_are_refused_before_they_are_read(tmp_path: Path) -> None:
    """What the file says of its size is held against the limit."""
    path = made(tmp_path / "deals.parquet")
    for library in ("pyarrow", "polars", "duckdb"):
        pytest.importorskip(library)
        with pytest.raises(sm.InvalidDataError, match="at most max_rows=3 rows; got 4") as caught:
            READERS[library](path, 3)
        assert caught.value.code == "SM-PQT-03"
    with pytest.raises(sm.InvalidDataError, match="at most 10 bytes"):
        parquet.seekable(Pipe(bytes(20)), b"", 10)


def test_without_a_library_the_way_out_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The hint says what to install."""
    path = made(tmp_path / "deals.parquet")
    for name in READERS:
        monkeypatch.delitem(sys.modules, name, raising=False)
    plain = importlib.import_module

    def refused(name: str, package: str | None = None) -> Any:
        if name in READERS:
            raise ImportError(name)
        return plain(name, package)

    monkeypatch.setattr(importlib, "import_module", refused)
    with pytest.raises(sm.InvalidTypeError, match="a library that reads such must be installed") as caught:
        sm.read_deals(path)
    assert (caught.value.code, "pip install pyarrow" in str(caught.value.hint)) == ("SM-PQT-01", True)


def test_a_name_with_a_pattern_is_a_name(tmp_path: Path) -> None:
    """A path is the path of one file, never a pattern of several."""
    pytest.importorskip("polars")
    path = made(tmp_path / "deals[1]*.parquet")
    made(tmp_path / "deals1.parquet")
    assert sm.read_deals(path).rows == 4
    assert READERS["polars"](path, 10).rows == 4
    assert not parquet._plain_path(path)
