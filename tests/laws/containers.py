"""Laws A6 to A12: how the rows came in is invisible."""

from __future__ import annotations

import csv
import datetime as dt
import io
import tempfile
from decimal import Decimal
from random import Random
from typing import Any

import attrs
import numpy as np
import pytest

from tests.laws.drawing import FIELDS, Case, deal_book
from tests.laws.law import has, law, masked, same
from tests.laws.registry import Entry, Variant

DAYS = ("created", "expected_close", "closed")
TEXTS = ("id", "rep", "stage", "outcome", "forecast_category", "product", "segment")


def reads_deals(entry: Entry) -> bool:
    """Tell whether the metric reads deals, which come in many containers."""
    return has(entry, "deals")


def columns_of(case: Case) -> dict[str, list[Any]]:
    """Return deals as lists, None where something is missing."""
    columns: dict[str, list[Any]] = {name: [getattr(d, name) for d in case.deals] for name in FIELDS}
    for name in ("product", "segment"):
        columns[name] = [dict(d.labels or ())[name] for d in case.deals]
    columns["amount"] = [None if a is None else float(a) for a in columns["amount"]]
    return columns


def arrays_of(case: Case, whole: bool = False) -> dict[str, Any]:
    """Return deals as numpy arrays: objects for texts, datetime64[D] for days, float64 for amounts."""
    columns = columns_of(case)
    arrays: dict[str, Any] = {name: np.array(columns[name], dtype=object) for name in TEXTS}
    for name in DAYS:
        arrays[name] = np.array(columns[name], dtype="datetime64[D]")
    arrays["amount"] = np.array(columns["amount"], dtype=np.float64)
    arrays["probability"] = np.array(columns["probability"], dtype=np.float64)
    if whole:
        amounts = [1000 if a is None else int(a) % 100_000 for a in columns["amount"]]
        arrays["amount"] = np.array(amounts, dtype=np.float64)
    return arrays


def holds(entry: Entry, variant: Variant, case: Case, *sources: Any, wanted: Any = None) -> None:
    """Assert that books of all these sources give the same answer as the first, or as the objects."""
    ask = case.ask()
    expected = entry.answer(ask if wanted is None else ask.but(deals=deal_book(wanted, case.staged)), variant)
    for source in sources:
        same(expected, entry.answer(ask.but(deals=deal_book(source, case.staged)), variant))


@law("A6", reads_deals)
def mapping_of_arrays(entry: Entry, variant: Variant, case: Case, rng: Random) -> None:
    """Domain objects, a mapping of lists and a mapping of arrays of the same rows agree."""
    holds(entry, variant, case, columns_of(case), arrays_of(case))


@law("A6", reads_deals)
def csv_text(entry: Entry, variant: Variant, case: Case, rng: Random) -> None:
    """Domain objects and CSV of the same rows agree."""
    columns = columns_of(case)
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(columns)
    for row in zip(*columns.values(), strict=True):
        writer.writerow(["" if value is None else f"{value:f}" if isinstance(value, float) else value for value in row])
    text.seek(0)
    holds(entry, variant, case, text)


@law("A6", reads_deals)
def pandas_frame(entry: Entry, variant: Variant, case: Case, rng: Random) -> None:
    """Domain objects and a pandas frame agree, whatever its index and with categories that nobody has."""
    pd = pytest.importorskip("pandas")
    arrays = arrays_of(case)
    frame = pd.DataFrame({n: v.astype("datetime64[s]") if n in DAYS else v for n, v in arrays.items()})
    frame.index = shuffled_index(len(frame), rng)
    coded = frame.assign(
        rep=pd.Categorical(frame["rep"], categories=["nobody", *sorted({r for r in frame["rep"] if r is not None})])
    )
    holds(entry, variant, case, frame, coded)


def shuffled_index(rows: int, rng: Random) -> list[int]:
    """Return row numbers in another order."""
    index = list(range(rows))
    rng.shuffle(index)
    return index


@law("A6", reads_deals)
def pandas_types(entry: Entry, variant: Variant, case: Case, rng: Random) -> None:
    """Domain objects and pandas frames of nullable and of Arrow's types agree."""
    pd = pytest.importorskip("pandas")
    arrays = arrays_of(case)
    nullable = pd.DataFrame({n: v.astype("datetime64[s]") if n in DAYS else v for n, v in arrays.items()})
    kinds = dict.fromkeys(TEXTS, "string[python]") | dict.fromkeys(("amount", "probability"), "Float64")
    holds(entry, variant, case, nullable.astype(kinds), arrow_of(case).to_pandas(types_mapper=pd.ArrowDtype))


@law("A6", reads_deals)
def structured_array(entry: Entry, variant: Variant, case: Case, rng: Random) -> None:
    """Domain objects and a structured array of the same rows agree."""
    columns = columns_of(case)
    kinds = [
        (name, "f8" if name in ("amount", "probability") else "M8[D]" if name in DAYS else "O") for name in columns
    ]
    array = np.empty(len(case.deals), dtype=kinds)
    for name, values in arrays_of(case).items():
        array[name] = values
    holds(entry, variant, case, array)


@law("A6", reads_deals)
def duckdb_relation(entry: Entry, variant: Variant, case: Case, rng: Random) -> None:
    """Domain objects and a relation of duckdb agree."""
    duckdb = pytest.importorskip("duckdb")
    connection = duckdb.connect()
    connection.register("held", arrow_of(case))
    holds(entry, variant, case, connection.sql("select * from held"))


@law("A6", reads_deals)
def parquet_file(entry: Entry, variant: Variant, case: Case, rng: Random) -> None:
    """Domain objects and a Parquet file agree, wherever its row groups begin."""
    parquet = pytest.importorskip("pyarrow.parquet")
    out = io.BytesIO()
    parquet.write_table(arrow_of(case), out, row_group_size=rng.randint(1, len(case.deals) + 1))
    out.seek(0)
    holds(entry, variant, case, out)


@law("A6", reads_deals)
def out_and_back(entry: Entry, variant: Variant, case: Case, rng: Random) -> None:
    """M1: a book and what it is written as agree, as arrays and as CSV."""
    book = case.ask().deals
    text = io.StringIO(newline="")
    book.to_csv(text)
    text.seek(0)
    holds(entry, variant, case, book.to_dict(), text)


@law("A6", reads_deals)
def polars_frame(entry: Entry, variant: Variant, case: Case, rng: Random) -> None:
    """Domain objects and a polars frame agree."""
    pl = pytest.importorskip("polars")
    types = dict.fromkeys(TEXTS, pl.String) | dict.fromkeys(DAYS, pl.Date)
    frame = pl.DataFrame(columns_of(case), schema={n: types.get(n, pl.Float64) for n in columns_of(case)})
    coded = frame.with_columns(pl.col("rep").cast(pl.Categorical))
    reps = ["nobody", *sorted({rep for rep in columns_of(case)["rep"] if rep is not None}, reverse=True)]
    holds(entry, variant, case, frame, coded, frame.with_columns(pl.col("rep").cast(pl.Enum(reps))))


def arrow_of(case: Case) -> Any:
    """Return deals as a pyarrow table."""
    pa = pytest.importorskip("pyarrow")
    types = dict.fromkeys(TEXTS, pa.string()) | dict.fromkeys(DAYS, pa.date32())
    return pa.table({n: pa.array(v, types.get(n, pa.float64())) for n, v in columns_of(case).items()})


@law("A9", reads_deals)
def arrow_table(entry: Entry, variant: Variant, case: Case, rng: Random) -> None:
    """Domain objects and a pyarrow table agree, wherever its chunks begin and whichever of them hold dictionaries."""
    pa = pytest.importorskip("pyarrow")
    table = arrow_of(case)
    at = rng.randint(0, len(table))
    parts = [table.slice(0, at), table.slice(at)]
    coded = [part.set_column(1, part.schema.names[1], part.column(1).dictionary_encode()) for part in parts]
    holds(entry, variant, case, table, pa.concat_tables(parts), pa.concat_tables(coded))


@law("A7", reads_deals)
def dtypes(entry: Entry, variant: Variant, case: Case, rng: Random) -> None:
    """Whole amounts as int32, int64 and float64 agree, and so do days as datetime64 in D, s, ms, us and ns."""
    base = arrays_of(case, whole=True)
    amounts = [{**base, "amount": base["amount"].astype(kind)} for kind in (np.int32, np.int64)]
    days = [{**base, **{n: base[n].astype(f"datetime64[{unit}]") for n in DAYS}} for unit in ("s", "ms", "us", "ns")]
    exact = {**base, "amount": np.array([Decimal(int(a)) for a in base["amount"]], dtype=object)}
    holds(entry, variant, case, *amounts, rng.choice(days), exact, wanted=base)


@law("A8", reads_deals)
def layouts(entry: Entry, variant: Variant, case: Case, rng: Random) -> None:
    """C, Fortran, strided, reversed, big-endian and read-only arrays agree."""
    base = arrays_of(case)
    strided = {name: np.repeat(values, 2)[::2] for name, values in base.items()}
    backward = {name: values[::-1].copy()[::-1] for name, values in base.items()}
    fortran = {name: np.asfortranarray(np.stack([values, values], axis=1))[:, 1] for name, values in base.items()}
    big = {n: v.astype(v.dtype.newbyteorder(">")) if v.dtype.kind in "fM" else v for n, v in base.items()}
    locked = {name: values.copy() for name, values in base.items()}
    for values in locked.values():
        values.flags.writeable = False
    holds(entry, variant, case, strided, backward, fortran, big, locked)


@law("A8", reads_deals)
def mapped_memory(entry: Entry, variant: Variant, case: Case, rng: Random) -> None:
    """Arrays in memory and arrays mapped from a file agree, and so does one value that is broadcast to all rows."""
    base = arrays_of(case)
    with tempfile.TemporaryDirectory() as folder:
        mapped = dict(base)
        for name in ("amount", "probability", *DAYS):
            if len(base[name]):
                np.save(f"{folder}/{name}.npy", base[name])
                mapped[name] = np.load(f"{folder}/{name}.npy", mmap_mode="r")
        holds(entry, variant, case, mapped)
    one = {**base, "segment": np.full(len(case.deals), "SMB", dtype=object)}
    holds(entry, variant, case, {**one, "segment": np.broadcast_to(one["segment"][:1], len(case.deals))}, wanted=one)


@law("A10", reads_deals)
def column_order(entry: Entry, variant: Variant, case: Case, rng: Random) -> None:
    """The order of columns and unknown extra columns are invisible."""
    base = arrays_of(case)
    names = list(base)
    rng.shuffle(names)
    extra = np.linspace(0.5, 1.5, len(case.deals))
    moments = np.array([dt.datetime(2024, 1, 1, 5)] * len(case.deals), dtype="datetime64[s]")
    holds(entry, variant, case, {n: base[n] for n in names}, {"ratio": extra, **base, "seen": moments})


@law("A12", reads_deals)
def unused_labels(entry: Entry, variant: Variant, case: Case, rng: Random) -> None:
    """Labels that no row has any more change no value and do not appear."""
    keep = masked(case, rng)
    few = attrs.evolve(case, deals=tuple(d for d, k in zip(case.deals, keep, strict=True) if k))
    ask = case.ask()
    same(entry.answer(ask.but(deals=ask.deals.filter(keep)), variant), entry.answer(few, variant))
