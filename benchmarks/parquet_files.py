"""The deals as Parquet files with text labels: ``python -m benchmarks.parquet_files --data folder --rows 100_000_000``.

Made a million rows at a time, so that memory stays small whatever the number of rows; a row group holds a million.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.data import PART, SEED, STAGES, Array, part, rep_names, segment_names
from salesmetrics.domain import OUTCOMES

GROUPS_A_FILE = 10
_LABELS = {"rep": rep_names(), "segment": segment_names(), "stage": STAGES, "outcome": OUTCOMES}
_DAYS = ("created", "closed", "expected_close")


def main() -> None:
    """Read the options, write the files."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.parquet_files", description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--rows", type=int, default=100_000_000)
    options = parser.parse_args()
    print(written(options.data, options.rows))


def written(folder: Path, rows: int, seed: int = SEED) -> str:
    """Return the pattern of the files of so many deals, written first where they are not there yet."""
    home = folder / f"parquet-{rows}-{seed}"
    if not (home / "done").exists():
        home.mkdir(parents=True, exist_ok=True)
        for at, start in enumerate(range(0, rows, PART * GROUPS_A_FILE)):
            _write(home / f"deals-{at:03d}.parquet", start, min(start + PART * GROUPS_A_FILE, rows), seed)
        (home / "done").touch()
    return str(home / "*.parquet")


def _write(path: Path, start: int, stop: int, seed: int) -> None:
    """Write one file, a row group at a time."""
    writer = None
    for at in range(start, stop, PART):
        table = as_table(part(at // PART, min(PART, stop - at), seed))
        if writer is None:
            coded = [name for name in table.column_names if name != "amount"]  # amounts hardly repeat
            writer = pq.ParquetWriter(path, table.schema, use_dictionary=coded)
        writer.write_table(table, row_group_size=PART)
    if writer is not None:
        writer.close()


def as_table(columns: dict[str, Array], *, text: bool = True) -> Any:
    """Return the deals as a user has them: labels as text, dollars, dates, fractions, null where there is none.

    ``quarter`` is left a code: the peers are given it, and we read days.
    """
    found: dict[str, Any] = {}
    for name, levels in _LABELS.items():
        coded = pa.DictionaryArray.from_arrays(pa.array(columns[name].astype(np.int32)), pa.array(levels))
        found[name] = coded.cast(pa.string()) if text else coded
    found["amount"] = pa.array(columns["amount"] / 100)
    for name in _DAYS:
        found[name] = pa.array(columns[name], mask=columns[name] < 0).cast(pa.date32())
    chance = columns["probability"]
    found["probability"] = pa.array(chance / 1e6, mask=chance < 0)
    found["quarter"] = pa.array(columns["quarter"])
    return pa.table(found)


if __name__ == "__main__":
    main()
