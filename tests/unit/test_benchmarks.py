"""The benchmark suite at a tiny size: every engine gives the same answers, and a wrong one stops the race."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.jobs import JOBS
from benchmarks.timing import raced

ROWS = 20_000
ENGINES = {"peers": ("pandas", "polars", "duckdb"), "numba": ("numba",)}
LOOPS = ("a", "b", "c", "d", "e", "i", "q", "w", "f", "g", "g2")
RACES = [("peers", name) for name, job in JOBS.items() if job.kind != "files"] + [("numba", name) for name in LOOPS]
Suite = Callable[[str, str], Any]


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Suite:
    """Return what gives the engines of a kind of job, on small data, made once."""
    folder = tmp_path_factory.mktemp("data")

    @cache
    def made(against: str, kind: str) -> Any:
        for name in (*ENGINES[against], "pyarrow"):
            pytest.importorskip(name)
        return importlib.import_module("benchmarks.engines").KINDS[kind](ROWS, list(ENGINES[against]), folder)

    return made


@pytest.mark.filterwarnings("ignore::salesmetrics.SalesMetricsWarning")
@pytest.mark.parametrize(("against", "name"), RACES)
def test_all_engines_agree(suite: Suite, against: str, name: str) -> None:
    """Every engine answers every job as we do: the race itself compares them, to twelve digits."""
    rows, engines = suite(against, JOBS[name].kind).engines(JOBS[name])
    times = raced(name, engines, rounds=1)
    assert rows > 0
    assert next(iter(times)) == "salesmetrics"
    assert JOBS[name].kind in ("ingest", "laws") or set(ENGINES[against]) <= set(times)
    assert all(time.wall > 0 for time in times.values())


@pytest.mark.filterwarnings("ignore::salesmetrics.SalesMetricsWarning")
def test_all_engines_agree_on_files(tmp_path: Path) -> None:
    """A scan of Parquet files gives what the book in memory gives, and so do the peers."""
    for name in ("polars", "duckdb", "pyarrow"):
        pytest.importorskip(name)
    engines = importlib.import_module("benchmarks.file_engines").ENGINES
    data = importlib.import_module("benchmarks.data").made(ROWS)
    files = importlib.import_module("benchmarks.parquet_files").written(tmp_path, ROWS)
    ours = importlib.import_module("benchmarks.ours").Ours(data).i
    assert raced("p", {"in memory": ours, **{n: lambda e=e: e(data, files) for n, e in engines.items()}}, rounds=1)


def test_a_wrong_answer_stops_the_race() -> None:
    """An engine whose answer differs in the ninth digit is told by its name and the part that differs."""
    right, wrong = (lambda v=v: {"sum": np.array([v])} for v in (1.0, 1.0 + 1e-9))
    with pytest.raises(AssertionError, match="job x, other: sum"):
        raced("job x", {"salesmetrics": right, "other": wrong}, rounds=1)


def test_the_first_deals_are_the_same_in_any_number() -> None:
    """Data are seeded part by part: a run with more deals begins with the same ones, from memory or from the folder."""
    data = importlib.import_module("benchmarks.data")
    one, two = data.part(0, 500), data.part(0, 500)
    assert all(np.array_equal(one[name], two[name]) for name in one)
    assert not np.array_equal(one["amount"], data.part(1, 500)["amount"])


def test_what_is_kept_is_what_is_made(tmp_path: Path) -> None:
    """Columns that come from the folder equal those that are made."""
    made = importlib.import_module("benchmarks.data").made
    fresh, kept, again = made(300), made(300, tmp_path), made(300, tmp_path)
    for name, values in fresh.columns.items():
        assert np.array_equal(values, kept.columns[name])
        assert np.array_equal(values, again.columns[name])
        assert values.dtype == again.columns[name].dtype
