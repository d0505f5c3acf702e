"""Parquet and CSV files as scans: row groups and batches, what is read of them, and what is refused by name."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import salesmetrics as sm
from salesmetrics.readers import csv_parts, row_groups

COMPANY = sm.datasets.sample_company(deals=2_000, rng=11)
DEALS = COMPANY.deals
QUARTER = COMPANY.calendar.quarter(2026, 3)
GIVEN: dict[str, Any] = {"as_of": DEALS.as_of, "currency": "USD", "process": DEALS.process}


@pytest.fixture
def parquet() -> Any:
    """Return the module that writes Parquet."""
    return pytest.importorskip("pyarrow.parquet")


def written(folder: Path, parquet: Any, *, sizes: tuple[int, ...] = (700, 300), group: int = 250) -> str:
    """Write the deals into several files of several row groups; return their pattern."""
    table, start = DEALS.to_arrow(), 0
    for at, size in enumerate((*sizes, DEALS.rows - sum(sizes))):
        parquet.write_table(table.slice(start, size), folder / f"deals-{at}.parquet", row_group_size=group)
        start += size
    return str(folder / "deals-*.parquet")


def as_book() -> sm.DealBook:
    """Return the deals as they are read from a file."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", sm.SalesMetricsWarning)
        return sm.read_deals(DEALS.to_arrow(), **GIVEN)


def test_row_groups_are_the_book(tmp_path: Path, parquet: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of row groups, joined where they are small and cut where they are large, answer as the book does."""
    pattern = written(tmp_path, parquet)
    book = as_book()
    for most, parts in ((1 << 20, 3), (500, 5), (100, 9)):
        monkeypatch.setattr(row_groups, "MOST", most)
        scan = sm.scan_parquet(pattern, **GIVEN)
        assert (len(scan), scan.currency, scan.as_of) == (parts, "USD", DEALS.as_of)
        assert set(scan.names) == set(book.names)
        assert sm.win_rate(scan, by=("segment", "rep")).equals(sm.win_rate(book, by=("segment", "rep")))
        assert sm.weighted_pipeline(scan, by="stage").equals(sm.weighted_pipeline(book, by="stage"))
        assert sum(part.rows for part in scan.books(["id"])) == DEALS.rows


def test_paths_patterns_and_lists(tmp_path: Path, parquet: Any) -> None:
    """A path, a pattern and a list of paths name files; no file, a folder and a frame are refused with the way out."""
    pattern = written(tmp_path, parquet)
    paths = sorted(tmp_path.glob("*.parquet"))
    expected = sm.win_rate(sm.scan_parquet(pattern, **GIVEN))
    assert sm.win_rate(sm.scan_parquet(paths, **GIVEN)).equals(expected)
    assert sm.win_rate(sm.scan_parquet(paths[0], **GIVEN)).n[0] < expected.n[0]
    none: Any
    for none, said in (
        (str(tmp_path / "no-*.parquet"), "got none for"),
        (tmp_path / "absent.parquet", "which is none"),
        (tmp_path, "which is a folder"),
        ([], "got no path"),
    ):
        with pytest.raises(sm.InvalidArgumentError, match="`source` must name files that are there") as error:
            sm.scan_parquet(none)
        assert said in error.value.message
        assert error.value.code == "SM-SCN-16"
    with pytest.raises(sm.InvalidTypeError, match="must be a path, a pattern or a list of paths"):
        sm.scan_parquet(DEALS.to_arrow())


def test_only_what_is_asked_for_is_read(tmp_path: Path, parquet: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is asked for the columns of the question; ids only where a question or the check of ids needs them."""
    pattern = written(tmp_path, parquet)
    read: list[tuple[str, ...]] = []

    def noting(own: Any) -> Any:
        def noted(*given: Any, columns: Any = None, **more: Any) -> Any:
            if columns is not None:  # else the first rows, of all columns
                read.append(tuple(columns))
            return own(*given, columns=columns, **more)

        return noted

    for way in ("read_row_groups", "iter_batches"):
        monkeypatch.setattr(parquet.ParquetFile, way, noting(getattr(parquet.ParquetFile, way)))
    scan = sm.scan_parquet(pattern, **GIVEN)
    assert read == []
    with sm.threads(1):
        sm.win_rate(scan, by="rep", period=QUARTER)
    assert sorted(read) == sorted([("rep",), ("closed",), ("outcome",)] * 3)
    read.clear()
    with sm.threads(1):
        sm.open_pipeline(sm.scan_parquet(pattern, check_ids=True, **GIVEN))
    assert {("id",), ("amount",)} <= set(read)
    assert ("product",) not in read


def test_what_a_column_is_made_of_is_read_too(tmp_path: Path, parquet: Any) -> None:
    """One close date for both, an outcome told by the stage and an amount of several currencies need other columns."""
    table = {
        "Id": [1, 2, 3, 4],
        "Owner": ["Ana", "Ben", "Ana", None],
        "close_date": [dt.date(2026, 1, 5), dt.date(2026, 2, 5), dt.date(2026, 3, 5), dt.date(2026, 4, 5)],
        "Stage": ["Closed Won", "Closed Lost", "Bid", "Bid"],
        "amount": [10.0, 20.0, 30.0, 40.0],
        "currency": ["USD", "EUR", "USD", "EUR"],
    }
    pa = pytest.importorskip("pyarrow")
    path = tmp_path / "deals.parquet"
    parquet.write_table(pa.table(table), path, row_group_size=2)
    rates = sm.read_rates({"currency": ["EUR"], "from": ["2026-01-01"], "in_base": [1.1]}, base="USD")
    given: dict[str, Any] = {
        "columns": {"rep": "Owner", "stage": "Stage", "id": "Id"},
        "outcomes": {"Closed Won": "won", "Closed Lost": "lost", "Bid": "open"},
        "as_of": "2026-03-31",
        "currency": "USD",
        "rates": rates,
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", sm.SalesMetricsWarning)
        book = sm.read_deals(pa.table(table), **given)
    scan = sm.scan_parquet(path, **given)
    quarter = sm.Period("2026-01-01", "2026-04-01")
    for question in (
        lambda d: sm.win_rate(d, period=quarter, weight="amount"),
        lambda d: sm.open_pipeline(d, due=sm.Period("2026-04-01", "2026-07-01"), by="rep"),
        lambda d: sm.credited_bookings(d, by="rep"),
    ):
        assert question(scan).equals(question(book))


def test_a_bad_row_is_named_by_file_row_group_and_row(
    tmp_path: Path, parquet: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error of a row says in which file, in which row group and where in it the row is."""
    pa = pytest.importorskip("pyarrow")
    path = tmp_path / "deals.parquet"
    amounts = [1.0] * 10
    amounts[7] = -3.0
    table = pa.table({"amount": amounts, "outcome": ["won"] * 10, "closed": [dt.date(2026, 1, 5)] * 10})
    parquet.write_table(table, path, row_group_size=3)
    for most in (1 << 20, 3, 2):
        monkeypatch.setattr(row_groups, "MOST", most)
        scan = sm.scan_parquet(path)
        scan = sm.DealScan(scan.parts, scan.first.take(np.arange(2)))
        with pytest.raises(sm.InvalidDataError, match="`amount` must be >= 0 in every row") as error:
            sm.credited_bookings(scan)
        assert error.value.message.endswith(f"in row 1 of row group 2 of {str(path)!r}")
        assert error.value.code == "SM-AMT-05"


def test_a_bad_first_row_is_named_too(tmp_path: Path, parquet: Any) -> None:
    """What is wrong with the first rows is said before anything is asked, with the place of the row."""
    pa = pytest.importorskip("pyarrow")
    parquet.write_table(pa.table({"amount": [1.0, -1.0]}), tmp_path / "a.parquet")
    (tmp_path / "a.csv").write_text("amount\n1.0\n-1.0\n", encoding="utf-8")
    for scan, place in ((sm.scan_parquet, "in row 1 of row group 0 of"), (sm.scan_csv, "in row 1 of")):
        name = "a.parquet" if scan is sm.scan_parquet else "a.csv"
        with pytest.raises(sm.InvalidDataError, match="`amount` must be >= 0 in every row") as error:
            scan(tmp_path / name)
        assert error.value.message.endswith(f"{place} {str(tmp_path / name)!r}")


def test_files_that_do_not_belong_together_are_refused(tmp_path: Path, parquet: Any) -> None:
    """Another type, another column, no Parquet and a torn file are refused by the file's name."""
    pa = pytest.importorskip("pyarrow")
    one = {"rep": ["Ana"], "outcome": ["won"], "closed": [dt.date(2026, 1, 5)]}
    parquet.write_table(pa.table(one), tmp_path / "a.parquet")
    first = str(tmp_path / "a.parquet")
    parquet.write_table(pa.table(one | {"rep": [7]}), tmp_path / "b.parquet")
    parquet.write_table(pa.table(one | {"segment": ["SMB"]}), tmp_path / "c.parquet")
    for name, column in (("b", "rep"), ("c", "segment")):
        with pytest.raises(sm.InvalidDataError, match="must be files with the same columns") as error:
            sm.scan_parquet([first, str(tmp_path / f"{name}.parquet")])
        assert (error.value.code, error.value.column) == ("SM-SCN-18", column)
        assert f"{name}.parquet" in error.value.message
    (tmp_path / "d.parquet").write_bytes(b"PAR1 this is no file of Parquet PAR1")
    with pytest.raises(sm.InvalidDataError, match=r"must be a Parquet file that can be read; got \w+ of '.*d.parquet'"):
        sm.scan_parquet([first, str(tmp_path / "d.parquet")])
    scan = sm.scan_parquet([first], currency="USD")
    Path(first).write_bytes(Path(first).read_bytes()[:-30])
    with pytest.raises(sm.InvalidDataError, match="must be a Parquet file that can be read") as torn:
        sm.win_rate(scan)
    assert "in row group 0 of" in torn.value.message


def test_texts_are_texts_however_they_are_held(tmp_path: Path, parquet: Any) -> None:
    """A label that is plain text in one file and a dictionary in another is one label."""
    pa = pytest.importorskip("pyarrow")
    closed = [dt.date(2026, 1, 5)] * 3
    texts = pa.table({"rep": ["Ana", "Ben", None], "outcome": ["won", "lost", "won"], "closed": closed})
    coded = texts.set_column(0, "rep", pa.array(["Cleo", "Ana", "Ana"]).dictionary_encode())
    parquet.write_table(texts, tmp_path / "a.parquet")
    parquet.write_table(coded, tmp_path / "b.parquet")
    table = sm.win_rate(sm.scan_parquet(str(tmp_path / "*.parquet")), by="rep")
    assert dict(zip(table.labels, table.n.tolist(), strict=True)) == {"Ana": 3, "Ben": 1, "Cleo": 1, None: 1}


def test_rows_that_are_dropped_are_dropped_by_any_column(tmp_path: Path, parquet: Any) -> None:
    """With on_error='drop' a row goes that breaks a rule in a column that the question does not read, as in a book."""
    pa = pytest.importorskip("pyarrow")
    table = pa.table({"amount": [1.0, -1.0], "outcome": ["won", "won"], "closed": [dt.date(2026, 1, 5)] * 2})
    parquet.write_table(table, tmp_path / "a.parquet")
    assert sm.win_rate(sm.scan_parquet(tmp_path / "a.parquet", on_error="drop")).n.tolist() == [1]
    assert sm.win_rate(sm.read_deals(table, on_error="drop")).n.tolist() == [1]


def test_a_map_that_takes_all_rows_is_refused(tmp_path: Path, parquet: Any) -> None:
    """Which deals were merged into others is said in a list, not by a column that speaks of other parts."""
    pa = pytest.importorskip("pyarrow")
    columns = {str(theirs): ["1"] for theirs in sm.maps.HUBSPOT.values()} | {str(sm.maps.HUBSPOT.merged): ["2;3"]}
    parquet.write_table(pa.table(columns), tmp_path / "a.parquet")
    with pytest.raises(sm.InvalidArgumentError, match="must not name a column of merged deals in a scan") as error:
        sm.scan_parquet(tmp_path / "a.parquet", columns=sm.maps.HUBSPOT)
    assert error.value.code == "SM-SCN-15"


# --- CSV -------------------------------------------------------------------------------------------------------------


def csv_written(folder: Path) -> str:
    """Write the deals into two CSV files; return their pattern."""
    for at, (start, stop) in enumerate(((0, 1_300), (1_300, DEALS.rows))):
        DEALS.take(np.arange(start, stop)).to_csv(folder / f"deals-{at}.csv")
    return str(folder / "*.csv")


def test_batches_of_a_csv_file_are_the_book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """CSV files read some rows at a time answer as the book does, whatever the batch."""
    pytest.importorskip("pyarrow")
    pattern = csv_written(tmp_path)
    book = as_book()
    for most in (1 << 16, 400, 1_300):
        monkeypatch.setattr(csv_parts, "MOST", most)
        scan = sm.scan_csv(pattern, **GIVEN)
        assert len(scan) == 2
        assert max(part.rows for part in scan.books(["rep"])) <= most
        assert sm.win_rate(scan, by="rep").equals(sm.win_rate(book, by="rep"))
        assert sm.weighted_pipeline(scan, by="stage").equals(sm.weighted_pipeline(book, by="stage"))


def _short(folder: Path) -> Path:
    """Write three deals, one of whose labels holds line breaks, with blank lines between; return the path."""
    path = folder / "short.txt"
    path.write_text(
        'rep,outcome,closed\n"A\nn\na",won,2026-01-05\n\nBen,lost,2026-01-06\n\n\nBen,won,2026-01-07\n',
        encoding="utf-8",
    )
    return path


def test_line_breaks_in_quotes_and_blank_lines_cross_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A record is a record whatever lies around it, and the line of a bad one is that of the file."""
    path = _short(tmp_path)
    for most in (1, 2, 3, 4, 5, 100):
        monkeypatch.setattr(csv_parts, "MOST", most)
        table = sm.win_rate(sm.scan_csv(path), by="rep")
        assert dict(zip(table.labels, table.n.tolist(), strict=True)) == {"A\nn\na": 1, "Ben": 2}
    path.write_text(path.read_text(encoding="utf-8") + "Ben,maybe,2026-01-08\n", encoding="utf-8")
    for most in (1, 2, 4, 100):
        monkeypatch.setattr(csv_parts, "MOST", most)
        scan = sm.DealScan(sm.scan_csv(_short_only(tmp_path)).parts, sm.scan_csv(_short_only(tmp_path)).first)
        bad = csv_parts.CsvPart(str(path), scan.parts[0].reading, {})  # type: ignore[attr-defined]
        with pytest.raises(sm.InvalidDataError, match="maybe") as error:
            sm.win_rate(sm.DealScan((bad,), scan.first), by="rep")
        assert error.value.line == 10
        assert "short.txt" in error.value.message


def _short_only(folder: Path) -> Path:
    path = folder / "good.txt"
    path.write_text("rep,outcome,closed\nBen,won,2026-01-07\n", encoding="utf-8")
    return path


def test_csv_files_must_have_one_header(tmp_path: Path) -> None:
    """A file with another column is refused by its name."""
    (tmp_path / "a.csv").write_text("rep,outcome,closed\nBen,won,2026-01-07\n", encoding="utf-8")
    (tmp_path / "b.csv").write_text("rep,outcome,segment\nBen,won,SMB\n", encoding="utf-8")
    with pytest.raises(
        sm.InvalidDataError, match="must be files with the same columns; got 'closed' in only one of"
    ) as error:
        sm.scan_csv(str(tmp_path / "*.csv"))
    assert error.value.code == "SM-SCN-18"
    (tmp_path / "c.csv").write_text("", encoding="utf-8")
    with pytest.raises(sm.InvalidDataError, match="have a header and rows"):
        sm.scan_csv(tmp_path / "c.csv")
    (tmp_path / "d.csv").write_text("rep,outcome,closed\n", encoding="utf-8")
    assert sm.win_rate(sm.scan_csv(tmp_path / "d.csv")).n.tolist() == [0]


def test_a_quote_that_is_never_closed_names_its_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An open quote in a later batch is told by the line on which it was opened."""
    path = tmp_path / "a.csv"
    path.write_text(
        'rep,outcome,closed\nBen,won,2026-01-07\nBen,won,2026-01-07\nBen,"won,2026-01-07\n', encoding="utf-8"
    )
    monkeypatch.setattr(csv_parts, "MOST", 1)
    parts = sm.scan_csv(_short_only(tmp_path))
    bad = csv_parts.CsvPart(str(path), parts.parts[0].reading, {})  # type: ignore[attr-defined]
    with pytest.raises(sm.InvalidDataError, match="close every quote") as error:
        sm.win_rate(sm.DealScan((bad,), parts.first))
    assert error.value.line == 4


def test_pieces_are_the_column(tmp_path: Path, parquet: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Columns read in small pieces hold what they hold when read at once: dictionaries that change, gaps, few or many."""
    arrow = pytest.importorskip("pyarrow")
    rng = np.random.default_rng(3)
    rows = 1_000
    won = rng.random(rows) < 0.5
    gap, mostly = rng.random(rows) < 0.2, rng.random(rows) < 0.9
    day = np.datetime64("2026-01-01") + rng.integers(0, 90, rows)
    labels = np.array([f"rep {at}" for at in range(40)], dtype=object)[np.sort(rng.integers(0, 40, rows))]
    table = arrow.table(
        {
            "id": arrow.array([f"D{at}" for at in range(rows)]),
            "rep": arrow.array(labels, mask=gap),
            "region": arrow.array(labels, mask=gap).dictionary_encode(),
            "size": arrow.array(rng.integers(0, 9, rows).astype(np.int16), mask=gap),
            "amount": arrow.array(rng.integers(0, 10**6, rows) / 100, mask=gap),
            "created": arrow.array(day - 10, mask=mostly),
            "closed": arrow.array(day.astype("M8[D]"), mask=~won),
            "outcome": arrow.array(np.where(won, "won", "open").astype(object)),
            "probability": arrow.array(rng.random(rows), mask=mostly | won),
        }
    )
    parquet.write_table(table, tmp_path / "deals.parquet", row_group_size=300)
    expected = sm.read_deals(table, as_of="2026-06-30", currency="USD")
    for piece in (7, 64, 5_000):
        monkeypatch.setattr(row_groups, "PIECE", piece)
        (found,) = sm.scan_parquet(tmp_path / "deals.parquet", as_of="2026-06-30", currency="USD").books()
        assert found.equals(expected)


def test_days_that_cannot_be_are_refused_by_row(tmp_path: Path, parquet: Any) -> None:
    """Days read as they are stored meet the rules that days of a frame meet, gaps among them or not."""
    arrow = pytest.importorskip("pyarrow")
    for wrong in (-3, 10**7, -1):
        for gaps in ([False] * 3, [True, False, False]):
            table = arrow.table({"created": arrow.array([20_000, 20_001, wrong], arrow.int32(), mask=np.array(gaps))})
            table = table.cast(arrow.schema([("created", arrow.date32())]))
            parquet.write_table(table, tmp_path / "deals.parquet")
            said = []
            for read in (sm.read_deals, lambda path, **how: next(sm.scan_parquet(path, **how).books())):
                with pytest.raises(sm.InvalidDataError) as error:
                    read(tmp_path / "deals.parquet", currency="USD")
                said.append((error.value.code, error.value.row, error.value.message.split("\n  in ")[0]))
            assert said[0] == said[1]


def test_a_scan_does_not_load_pandas(tmp_path: Path, parquet: Any) -> None:
    """Pyarrow's own way to numpy would load pandas, which is half a second and many megabytes of nobody's use."""
    pattern = written(tmp_path, parquet)
    code = (
        "import sys, salesmetrics as sm\n"
        f"scan = sm.scan_parquet({pattern!r}, as_of={str(DEALS.as_of)!r}, currency='USD')\n"
        "sm.win_rate(scan, by='rep'); sm.cycle_curve(scan, by='rep'); sm.open_pipeline(scan)\n"
        "assert 'pyarrow' in sys.modules and 'pandas' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
