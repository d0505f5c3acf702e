"""From what users have to a book, beside the bare conversion: the cheapest step of the source's own library towards codes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

import salesmetrics as sm
from benchmarks.answers import Answer
from benchmarks.data import Data, date, rep_names
from benchmarks.parquet_files import as_table
from salesmetrics.columns import DayColumn, LabelColumn, MoneyColumn
from salesmetrics.domain import OUTCOMES

COLUMNS = ["rep", "outcome", "amount", "closed"]
TEXTS = ["rep", "outcome"]
MOST_OBJECTS = 200_000
Engines: TypeAlias = dict[str, Callable[[], Answer]]


def engines(job: str, data: Data, folder: Path) -> tuple[int, Engines]:
    """Return how many rows a job reads, and what reads them: ours first, then the bare conversions."""
    rows = min(data.rows, MOST_OBJECTS) if job == "n-objects" else data.rows
    table = as_table({name: values[:rows] for name, values in data.columns.items()}).select(COLUMNS)
    source, bare = _SOURCES[job](table, folder)
    checked(data, sm.read_deals(source, currency="USD", as_of=date(data.as_of)), rows)

    def ours() -> Answer:
        amount = sm.read_deals(source, currency="USD", as_of=date(data.as_of)).columns["amount"]
        return _told(rows, amount.minor.sum() / 100)  # type: ignore[attr-defined]

    return rows, {"salesmetrics": ours, **{name: _timed(rows, convert) for name, convert in bare.items()}}


def checked(data: Data, book: sm.DealBook, rows: int) -> None:
    """Raise where a book that was read is not the one that its source was made of, to the last cent."""
    for name, labels in (("rep", rep_names()), ("outcome", OUTCOMES)):
        column = book.columns[name]
        assert isinstance(column, LabelColumn)
        names = np.array(column.levels)[column.codes]
        np.testing.assert_array_equal(names, np.array(labels)[data.columns[name][:rows]])
    amount, closed = book.columns["amount"], book.columns["closed"]
    assert isinstance(amount, MoneyColumn)
    assert isinstance(closed, DayColumn)
    np.testing.assert_array_equal(amount.minor, data.columns["amount"][:rows])
    np.testing.assert_array_equal(np.where(closed.missing(), -1, closed.days), data.columns["closed"][:rows])


def _told(rows: int, amount: float) -> Answer:
    """Return what tells that all rows were read."""
    return {"rows": np.array([rows]), "amount": np.array([float(amount)])}


def _timed(rows: int, convert: Callable[[], float]) -> Callable[[], Answer]:
    return lambda: _told(rows, convert())


Bare: TypeAlias = dict[str, Callable[[], float]]


def _polars(table: Any, folder: Path) -> tuple[Any, Bare]:
    import polars as pl

    frame = pl.from_arrow(table)
    return frame, {"cast": lambda: frame.with_columns(pl.col(TEXTS).cast(pl.Categorical))["amount"].sum()}


def _pyarrow(table: Any, folder: Path) -> tuple[Any, Bare]:
    import pyarrow.compute as pc

    def encoded() -> float:
        held = [table[name].dictionary_encode() for name in TEXTS]
        assert len(held) == len(TEXTS)
        return float(pc.sum(table["amount"]).as_py())

    return table, {"dictionary_encode": encoded}


def _pandas(table: Any, folder: Path) -> tuple[Any, Bare]:
    frame = table.to_pandas(date_as_object=False)
    return frame, {"astype category": lambda: frame.astype(dict.fromkeys(TEXTS, "category"))["amount"].sum()}


def _parquet(table: Any, folder: Path) -> tuple[Any, Bare]:
    import polars as pl
    import pyarrow.compute as pc

    path = str(folder / "ingest.parquet")
    pq.write_table(table, path, row_group_size=1_000_000, use_dictionary=[*TEXTS, "closed"])
    return path, {
        "pyarrow": lambda: float(pc.sum(pq.read_table(path, read_dictionary=TEXTS)["amount"]).as_py()),
        "polars": lambda: pl.read_parquet(path)["amount"].sum(),
    }


def _objects(table: Any, folder: Path) -> tuple[Any, Bare]:
    columns = [column.to_pylist() for column in pa.table(table).columns]
    deals = [
        sm.Deal(id=at, rep=rep, outcome=outcome, amount=amount, closed=closed)
        for at, (rep, outcome, amount, closed) in enumerate(zip(*columns, strict=True))
    ]

    def listed() -> float:
        held = [[getattr(deal, name) for deal in deals] for name in ("id", *COLUMNS)]
        return float(np.array(held[3], dtype=np.float64).sum())

    return deals, {"lists of values": listed}


_SOURCES: dict[str, Callable[[Any, Path], tuple[Any, Bare]]] = {
    "n-polars": _polars,
    "n-pyarrow": _pyarrow,
    "n-pandas": _pandas,
    "n-parquet": _parquet,
    "n-objects": _objects,
}
