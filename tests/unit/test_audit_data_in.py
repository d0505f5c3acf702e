"""What a strict reader of the data that comes in would try: odd and legitimate, or wrong and easily overlooked."""

from __future__ import annotations

import csv
import gzip
import io
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import salesmetrics as sm
from salesmetrics.convert import Ascii, key
from salesmetrics.errors import SalesMetricsError
from tests.shared_data import folder

REPORT = "Deal|Owner|Value\nD-1|Zoë|12.50\nD-2|Ana|7.00\n\nConfidential information\nCopyright\n"
NAMES = {"id": "Deal", "rep": "Owner", "amount": "Value"}


def refused(source: Any, *arguments: Any, **options: Any) -> SalesMetricsError:
    """Return the error with which deals are refused."""
    with pytest.raises(SalesMetricsError) as caught:
        sm.read_deals(source, *arguments, **options)
    return caught.value


# --- files of which something has to be said ---------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["path", "bytes", "gzip", "text"])
def test_a_file_in_another_encoding_with_a_footer(kind: str, tmp_path: Path) -> None:
    """TXT-5, TXT-6: what a file does not say of itself is said once, and a reader takes the table as it takes a file."""
    path = tmp_path / "report.csv"
    path.write_bytes(REPORT.encode("cp1252"))
    source: Any = {
        "path": path,
        "bytes": io.BytesIO(path.read_bytes()),
        "gzip": gzip.GzipFile(fileobj=io.BytesIO(gzip.compress(path.read_bytes()))),
        "text": io.StringIO(REPORT),
    }[kind]
    table = sm.csv_file(source, encoding=None if kind == "text" else "cp1252", delimiter="|", footer="salesforce")
    deals = sm.read_deals(table, NAMES, currency="EUR")
    assert deals["rep"].tolist() == ["Zoë", "Ana"]
    assert deals["amount"].tolist() == [12.5, 7.0]
    assert "2 lines of a footer left out" in deals.notes
    if kind in ("bytes", "gzip"):
        assert not source.closed


def test_the_way_out_of_a_refused_file_is_one_that_there_is(tmp_path: Path) -> None:
    """The hints for encoding and footer name a function and options that exist."""
    path = tmp_path / "report.csv"
    path.write_bytes(b"id,rep\nD-1,Jos\xe9\n")
    foreign = refused(path)
    assert foreign.code == "SM-TXT-20"
    assert "sm.csv_file(source, encoding='cp1252')" in str(foreign.hint)
    footer = refused(io.StringIO("id,rep\nD-1,Ana\nConfidential\n"))
    assert footer.code == "SM-TXT-05"
    assert "sm.csv_file(source, footer='salesforce')" in str(footer.hint)


@pytest.mark.parametrize(
    ("options", "code", "field"),
    [
        ({"delimiter": "ab"}, "SM-TXT-25", "delimiter"),
        ({"delimiter": '"'}, "SM-TXT-25", "delimiter"),
        ({"footer": "hubspot"}, "SM-ARG-01", "footer"),
        ({"max_rows": 0}, "SM-ARG-03", "max_rows"),
    ],
)
def test_what_is_said_of_a_file_is_checked(options: dict[str, Any], code: str, field: str) -> None:
    """Options of a file are refused by name."""
    with pytest.raises(sm.InvalidArgumentError) as caught:
        sm.csv_file(io.StringIO("id\nD-1\n"), **options)
    assert (caught.value.code, caught.value.field) == (code, field)


def test_limits_of_a_file_can_be_set() -> None:
    """Every limit is a default with an option."""
    text = "id,rep\nD-1,Ana\nD-2,Bo\n"
    with pytest.raises(sm.InvalidDataError, match="at most max_rows=1 rows"):
        sm.csv_file(io.StringIO(text), max_rows=1)
    with pytest.raises(sm.InvalidDataError, match="at most max_bytes=5 characters"):
        sm.csv_file(io.StringIO(text), max_bytes=5)


def test_a_header_alone_is_said_in_a_sentence() -> None:
    """TXT-12: an empty table gives an empty book and a warning that reads as one."""
    with pytest.warns(sm.SalesMetricsWarning, match=r"^`source` must hold rows below its header; got none\.$"):
        assert sm.read_deals(io.StringIO("id,rep\n")).rows == 0


# --- columns -----------------------------------------------------------------------------------------------------------------


def test_a_name_of_ours_that_is_nearly_one_is_warned_of() -> None:
    """A misspelt field becomes a label, which is allowed and hardly meant."""
    with pytest.warns(sm.SalesMetricsWarning) as heard:
        deals = sm.read_deals({"id": ["D-1"], "Amount": [5]}, {"ammount": "Amount"})
    (warning,) = heard
    assert str(warning.message) == (
        "`columns` must name our fields as they are called; got 'ammount' (did you mean 'amount'? It is read as a label)."
    )
    assert "ammount" in deals.label_names


@pytest.mark.parametrize("label", ["created_by", "segment", "region", "stage_reason", "owner"])
def test_names_of_labels_are_not_warned_of(label: str) -> None:
    """A clean book gives no warning: pytest makes errors of them."""
    assert label in sm.read_deals({"id": ["D-1"], "x": ["a"]}, {label: "x"}).label_names


def test_a_map_tells_what_a_missing_column_may_be_called() -> None:
    """A column that a system's map does not find is named with the nearest that is left."""
    deals = sm.read_deals({"Id": ["a"], "Amout": [1], "StageName": ["x"]}, sm.maps.SALESFORCE)
    assert any("'Amount' (for amount; did you mean 'Amout'?)" in note for note in deals.notes)


def test_a_partial_export_in_another_case_is_recognised() -> None:
    """A warehouse that lowers names leaves a map that still fits."""
    names = ["id", "ownerid", "amount", "closedate", "stagename", "createddate", "probability", "iswon", "isclosed"]
    assert sm.maps.guess(names, table="deals").name == "SALESFORCE"


def test_a_stream_of_arrow_batches_is_a_frame() -> None:
    """The newer duckdb hands over a reader of batches, which is no iterable of deals."""
    arrow = pytest.importorskip("pyarrow")
    table = arrow.table({"id": ["a", "b"], "amount": [1, 2]})
    assert sm.read_deals(table.to_reader(1)).equals(sm.read_deals(table))


FLAGS = {True: "won", False: "open"}


@pytest.mark.parametrize("kind", ["list", "numpy", "pandas", "polars", "pyarrow", "csv", "numbers"])
def test_outcomes_as_flags(kind: str) -> None:
    """A column of flags is an outcome once it is said what they mean, whatever holds them."""
    if kind == "csv":
        source: Any = io.StringIO("id,outcome,closed\na,TRUE,2026-02-01\nb,false,\n")
    else:
        values: Any = [True, False]
        if kind == "numpy":
            values = np.array(values)
        elif kind == "pandas":
            values = pytest.importorskip("pandas").array(values, dtype="boolean")
        elif kind == "polars":
            values = pytest.importorskip("polars").Series(values)
        elif kind == "pyarrow":
            values = pytest.importorskip("pyarrow").array(values)
        elif kind == "numbers":
            values = [1, 0]
        source = {"id": ["a", "b"], "outcome": values, "closed": ["2026-02-01", None]}
    assert sm.read_deals(source, outcomes=FLAGS)["outcome"].tolist() == ["won", "open"]


@pytest.mark.parametrize("values", [np.array([True, False]), [True, False]])
def test_flags_that_nobody_explains_are_refused(values: Any) -> None:
    """The way out says how flags are explained."""
    error = refused({"outcome": values})
    assert error.code == "SM-LAB-01"
    assert "outcomes={True: 'won', False: 'lost'}" in str(error.hint)
    assert refused({"outcome": [True, None]}, outcomes=FLAGS).code == "SM-RES-02"
    assert "{1: 'won', 0: 'lost'}" in str(refused({"outcome": [1, 0]}).hint)


@pytest.mark.parametrize(
    ("text", "meant"),
    [("46023", "'excel'"), ("1767225600", "'unix_s'"), ("1767225600000", "'unix_ms'"), ("20260101", "'%Y%m%d'")],
)
def test_numbers_in_a_text_file_are_told_as_those_of_a_frame_are(text: str, meant: str) -> None:
    """ARR-20 holds in every container: the hint says what the numbers look like, and following it reads them."""
    error = refused(io.StringIO(f"id,created\nD-1,{text}\n"))
    assert error.code == "SM-DAY-08"
    assert meant in str(error.hint)
    read = sm.read_deals(io.StringIO(f"id,created\nD-1,{text}\n"), date_format=meant.strip("'"), zone="UTC")
    assert read["created"].astype(str).tolist() == ["2026-01-01"]


def test_a_percent_sign_is_told() -> None:
    """The way out is the same for a list as for a file."""
    for source in ({"probability": ["50%"]}, io.StringIO("id,probability\na,50%\n")):
        assert "no percent sign" in str(refused(source).hint)


def test_reps_in_several_rows_are_told_the_column_that_parts_them() -> None:
    """QPR: two rows of a rep need the day from which each holds."""
    with pytest.raises(sm.InvalidDataError) as caught:
        sm.read_reps({"id": ["Ana", "Ana"], "team": ["East", "West"]})
    assert caught.value.code == "SM-KEY-04"
    assert "`since`" in str(caught.value.hint)
    assert sm.read_reps({"id": ["Ana", "Ana"], "team": ["E", "W"], "since": ["2025-01-01", "2026-01-01"]}).rows == 2


def test_splits_with_ids_of_another_length_are_refused() -> None:
    """Ids of 15 characters beside those of 18 would leave every deal with its owner in silence."""
    deals = sm.read_deals(
        {"id": ["0061G00000N31HAQAZ"], "rep": ["Ana"], "amount": [5], "outcome": ["won"], "closed": ["2026-01-01"]},
        as_of="2026-02-01",
    )
    short = sm.read_splits({"deal": ["0061G00000N31HA"], "rep": ["Bo"], "share": [1]})
    with pytest.raises(sm.InvalidDataError, match="got 15 characters beside 18") as caught:
        sm.credited_bookings(deals, by="rep", splits=short)
    assert "with_ids(18)" in str(caught.value.hint)
    other = sm.read_splits({"deal": ["0061G00000N3XXX"], "rep": ["Bo"], "share": [1]})  # of a deal outside the book
    assert sm.credited_bookings(deals, by="rep", splits=other).to_dict()["credited_bookings"] == [5.0]


# --- shortcuts: what they take is what the long way takes --------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(20))
def test_the_shortcut_for_ids_as_bytes_tells_what_the_long_way_tells(seed: int) -> None:
    """Doubled ids, ids that differ by case, and clean ones: bytes and texts give the same column and problems."""
    rng = np.random.default_rng(seed)
    width, rows = int(rng.integers(1, 21)), int(rng.integers(1, 40_000))
    letters = np.frombuffer(b"abAB019", dtype=np.uint8)
    cells = rng.choice(letters, size=(rows, width)).astype(np.uint8)
    held = np.ascontiguousarray(cells).view(f"S{width}").reshape(rows)
    fast, told = key(Ascii(held), "id")
    slow, long = key(held.astype(f"U{width}").astype(object), "id")
    assert fast.equals(slow)
    assert [(p.code, p.rows.tolist()) for p in told] == [(p.code, p.rows.tolist()) for p in long]


@pytest.mark.parametrize("twin", ["same", "case", "none"])
def test_one_twin_among_many_ids_is_found(twin: str) -> None:
    """A single pair at the two ends of many rows does not slip past a digest."""
    names = [f"006{row:012d}aB" for row in range(70_000)]
    names[-1] = {"same": names[0], "case": names[0].swapcase(), "none": names[-1]}[twin]
    _, problems = key(Ascii(np.array(names, dtype="S17")), "id")
    expected = {"same": ["SM-KEY-04"], "case": ["SM-KEY-09"], "none": []}[twin]
    assert [problem.code for problem in problems] == expected
    assert all(problem.rows.tolist() == [0, len(names) - 1] for problem in problems)


@pytest.mark.parametrize("library", ["polars", "pyarrow"])
@pytest.mark.parametrize("ids", [["ab", "cd", "ef"], ["a", "bcd", "ef"], ["ab", "é1", "ef"], ["", "bc", "de"]])
def test_ids_of_one_length_and_of_several(library: str, ids: list[str]) -> None:
    """Texts that lie side by side are cut where they end, also in a slice and in chunks."""
    frames = pytest.importorskip(library)
    frame = frames.DataFrame({"id": ["x", *ids]}) if library == "polars" else frames.table({"id": ["x", *ids]})
    part = frame.slice(1)
    parts = [part] if library == "polars" else [part, frames.concat_tables([frame.slice(1, 1), frame.slice(2)])]
    for source in parts:
        if "" in ids:
            assert refused(source).code == "SM-KEY-02"
        else:
            assert sm.read_deals(source)["id"].tolist() == ids


@pytest.mark.parametrize(
    ("days", "options", "expected"),
    [
        (["2026-01-01", "NaT"], {}, ["2026-01-01", "NaT"]),
        (["2026-01-01", "2099-12-31"], {}, ["2026-01-01", "2099-12-31"]),
        (["2026-01-01", "2100-01-02"], {}, "SM-DAY-05"),
        (["2026-01-01", "1969-12-31"], {}, "SM-DAY-05"),
        (["NaT", "9999-12-31"], {}, "SM-DAY-06"),
        (["2026-01-01", "9999-12-31"], {"sentinels": ["9999-12-31"]}, ["2026-01-01", "NaT"]),
        (["2026-01-01", "2026-01-02"], {"sentinels": ["2026-01-02"]}, ["2026-01-01", "NaT"]),
        (["2026-01-01", "2026-01-02"], {"zone": "America/New_York"}, ["2026-01-01", "2026-01-02"]),
        (["NaT", "NaT"], {}, ["NaT", "NaT"]),
    ],
)
def test_whole_days_take_a_shortcut_and_keep_every_rule(
    days: list[str], options: dict[str, Any], expected: Any
) -> None:
    """Bounds, sentinels and zones hold for days as for anything else."""
    source = {"created": np.array(days, dtype="datetime64[D]")}
    if isinstance(expected, str):
        assert refused(source, **options).code == expected
    else:
        assert sm.read_deals(source, **options)["created"].astype(str).tolist() == expected
        texts = {"created": [None if day == "NaT" else day for day in days]}
        assert sm.read_deals(texts, **options)["created"].astype(str).tolist() == expected


# --- a real file that no system wrote ----------------------------------------------------------------------------------------


def test_the_files_of_adventureworks_are_read_as_they_are() -> None:
    """The sales lines from the stream that unpacks them and the employees by path, their columns by a map of one line."""
    place = folder("adventureworks")
    columns = {"rep": "EmployeeKey", "amount": "SalesAmount", "closed": "OrderDate", "order": "SalesOrderNumber"}
    with gzip.open(place / "fact_reseller_sales.csv.gz", "rt", encoding="utf-8", newline="") as lines:
        sales = sm.read_deals(lines, columns, currency="USD", scale=4)
    with gzip.open(place / "fact_reseller_sales.csv.gz", "rt", encoding="utf-8", newline="") as lines:
        plain = list(csv.DictReader(lines))
    assert sales.rows == len(plain)
    exact = sum(Decimal(line["SalesAmount"]) for line in plain)
    assert int(sales.columns["amount"].minor.sum()) == exact * 10**4  # type: ignore[attr-defined]
    assert sales["closed"].astype(str).tolist() == [line["OrderDate"][:10] for line in plain]
    columns = {"id": "EmployeeKey", "manager": "ParentEmployeeKey", "hired": "HireDate"}
    people = sm.read_reps(place / "dim_employee.csv", columns)
    assert set(sales["rep"].tolist()) <= set(people["id"].tolist())
