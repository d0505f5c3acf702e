"""The page of the last benchmarks, the goals it holds results against, and the check of memory."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import attrs
import numpy as np
import pytest

import salesmetrics as sm
from benchmarks import memory
from benchmarks.jobs import JOBS
from benchmarks.page import HEADER, PAGE, missing, page
from benchmarks.results import Results, machine
from benchmarks.timing import Time
from benchmarks.verdicts import verdicts
from benchmarks.widths import WIDTH, bound

SECTION = re.compile(r"^### (\S+), ([\d,]+): ", re.MULTILINE)


def times(**walls: float) -> dict[str, Time]:
    """Return records of engines that took so many ms, 100 MB each."""
    return {name: Time(wall, wall * 1.1, wall * 2, 100.0) for name, wall in walls.items()}


def whole() -> Results:
    """Return results of every job."""
    results = Results(machine(20e9))
    for name in JOBS:
        results = results.with_job(name, 1_000_000, 1_000_000, times(salesmetrics=10, polars=25, duckdb=15, numba=8))
    return results


@pytest.mark.parametrize("text", [page(whole()), PAGE.read_text(encoding="utf-8")], ids=["made now", "in the docs"])
def test_the_page_is_well_formed(text: str) -> None:
    """Every job of the suite has its table, no other job has one, and all rows have as many cells as their header."""
    assert list(dict.fromkeys(name for name, _ in SECTION.findall(text)[-len(JOBS) :])) == list(JOBS)
    assert {name for name, _ in SECTION.findall(text)} == set(JOBS)
    tables = re.findall(r"(?:^\|.*\|\n)+", text, re.MULTILINE)
    assert len(tables) >= len(JOBS) + 2
    for each in tables:
        assert len({line.count("|") for line in each.splitlines()}) == 1
    for _, rest in zip(SECTION.finditer(text), SECTION.split(text)[3::3], strict=True):
        assert "| " + " | ".join(HEADER) + " |" in rest
        assert re.search(r"^\| salesmetrics \| [\d,.]+ \|", rest, re.MULTILINE)
    assert {goal.split(" | ")[0] for goal in re.findall(r"^\| (.*) \| (?:yes|no) \|$", text, re.MULTILINE)} <= set(JOBS)


def test_a_page_names_its_machine_and_no_host() -> None:
    """The page says processor, memory and versions; the name of the host is nowhere."""
    platform = importlib.import_module("platform")
    text = page(whole())
    assert re.search(r"^- processor: .+ cores$", text, re.MULTILINE)
    assert f"numpy {np.__version__}" in text
    assert not platform.node() or platform.node() not in text


def test_goals_are_held_against_the_best_times() -> None:
    """A lead is how many times as long the peer takes; the clustered goals ask for a lead over the fastest peer."""
    found = whole().of("a", 1_000_000)
    assert [(each.reached, each.met) for each in verdicts(JOBS["a"], found)] == [
        ("2.50", True),  # 1.8 x Polars
        ("1.50", False),  # 1.8 x DuckDB
        ("1.25", True),  # at most 1.8 x a loop
    ]
    assert [(each.reached, each.met) for each in verdicts(JOBS["a*"], found)] == [("1.50", False)]
    cast = Results({}).with_job("n-polars", 10, 10, times(salesmetrics=30, cast=20)).of("n-polars", 10)
    assert [(each.reached, each.met) for each in verdicts(JOBS["n-polars"], cast)] == [("1.50", True)]


def test_no_page_before_every_job_has_a_result() -> None:
    """Jobs without a result are named; a later run of a job replaces what was there."""
    some = Results({}).with_job("a", 10, 10, times(salesmetrics=1)).with_job("a", 10, 10, times(salesmetrics=2))
    assert [record.time.wall for record in some.records] == [2]
    assert missing(some) == [name for name in JOBS if name != "a"]
    assert missing(whole()) == []


def test_results_of_another_machine_are_left(tmp_path: Path) -> None:
    """What was kept is read again on the same machine with the same versions, and not on another."""
    path = tmp_path / "results.json"
    whole().write(path)
    assert Results.read(path, machine(10e9)).records == whole().records
    assert Results.read(path, {**machine(10e9), "libraries": "numpy 1"}).records == ()


def test_the_bound_of_memory_counts_lines_of_the_cache() -> None:
    """Whole columns count by their width; of a column of which few rows count, only the lines that hold one of them."""
    found = whole().of("f", 1_000_000)["salesmetrics"]
    assert bound(JOBS["f"], found, 9e9) == pytest.approx(1.0)  # 9 bytes a row: deal, stage, day
    assert {name for job in JOBS.values() for name, _ in job.reads} <= set(WIDTH)
    rare = JOBS["c"].bytes_a_row(WIDTH)
    assert 1 < rare < 1 + 1 + 2 + 8 + 4 + 4


# --- memory ----------------------------------------------------------------------------------------------------------


def test_every_metric_is_asked_for_its_memory() -> None:
    """The check of memory asks each public metric that reads books, and each of them answers."""
    company = sm.datasets.sample_company(deals=2_000, rng=1)
    asked = memory.questions(company)
    assert set(asked) | memory.WITHOUT_BOOKS == set(importlib.import_module("salesmetrics.metrics").__all__)
    for books, question in asked.values():
        assert len(question(*books)) > 0


def test_a_metric_that_takes_too_much_is_told() -> None:
    """What is allocated on the way counts at its peak, given back or not, as a share of the books."""
    deals = sm.datasets.sample_company(deals=2_000, rng=1).deals
    small, large = (memory._taken("x", [deals], lambda book, n=n: np.ones(n, np.int8).sum()) for n in (10, 10**7))
    assert small.share < 0.1 < large.share
    assert 10**7 <= large.first < 1.1 * 10**7


def test_what_books_keep_is_told_apart_from_what_a_metric_takes() -> None:
    """What is held after a question counts in bytes a row, not at the peak; groups lift the one bound, nothing the other."""
    deals = sm.datasets.sample_company(deals=2_000, rng=1).deals
    held: list[object] = []
    taken = memory._taken("x", [deals], lambda book: held.append(np.ones(10**7, np.int8)) if not held else None)
    assert taken.share < 0.1
    assert 5_000 <= taken.kept_a_row < 5_050
    assert taken.above
    assert "above the limit" in taken.said
    of_groups = memory.Taken("gini", rows=2_000, books=84_000, first=29_000_000, again=0, kept=0)
    assert not of_groups.above
    assert of_groups.said.strip() == memory.OF_GROUPS["gini"][1]
    assert attrs.evolve(of_groups, first=31_000_000).above
    assert attrs.evolve(of_groups, name="win_rate").above
    assert set(memory.OF_GROUPS) <= set(importlib.import_module("salesmetrics.metrics").__all__)
