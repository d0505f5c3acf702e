"""Our own history: ``python -m pytest benchmarks/test_speed.py --benchmark-autosave``, then again with ``--benchmark-compare``.

A million deals and what belongs to them, no other engine; the tests of the project do not collect this file.
"""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.data import Data, date, made, unread
from benchmarks.ours import Ours, OursClustered
from benchmarks.parquet_files import as_table
from benchmarks.past_data import Past, made_past, unread_past
from benchmarks.past_ours import OursPast

pytest.importorskip("pytest_benchmark")
ROWS = 1_000_000
pytestmark = pytest.mark.filterwarnings("ignore::salesmetrics.SalesMetricsWarning")


@pytest.fixture(scope="module")
def data() -> Data:
    """Deals, quotas and calls."""
    return made(ROWS)


@pytest.fixture(scope="module")
def past() -> Past:
    """Deals and their changes."""
    return made_past(ROWS)


@pytest.mark.parametrize("job", ["a", "b", "c", "d", "e", "i", "q", "w"])
def test_a_book_that_was_asked_before(benchmark: Any, data: Data, job: str) -> None:
    """The jobs on deals in memory, of books that keep what they may keep."""
    assert benchmark(getattr(Ours(data), job))


@pytest.mark.parametrize("job", ["a", "b", "c", "d", "e", "i"])
def test_a_first_call(benchmark: Any, data: Data, job: str) -> None:
    """The jobs on books that keep nothing of earlier questions."""
    assert benchmark(lambda: getattr(Ours(unread(data)), job)())


@pytest.mark.parametrize("job", ["a", "b", "c", "d", "e", "i"])
def test_a_clustered_book(benchmark: Any, data: Data, job: str) -> None:
    """The jobs on a clustered book."""
    assert benchmark(getattr(OursClustered(data), job))


def test_clustering(benchmark: Any, data: Data) -> None:
    """The making of a clustered book."""
    assert benchmark(lambda: unread(data).book.clustered()).is_clustered


@pytest.mark.parametrize("job", ["f", "g", "g2", "s"])
def test_a_history(benchmark: Any, past: Past, job: str) -> None:
    """The jobs on histories that are tied to their deals."""
    assert benchmark(getattr(OursPast(past), job))


@pytest.mark.parametrize("job", ["f", "g2"])
def test_a_first_call_of_a_history(benchmark: Any, past: Past, job: str) -> None:
    """The jobs on histories that were not asked before."""
    assert benchmark(lambda: getattr(OursPast(unread_past(past)), job)())


@pytest.mark.parametrize("kind", ["pyarrow", "polars"])
def test_a_book_from_a_frame(benchmark: Any, data: Data, kind: str) -> None:
    """A book from a frame with labels as text."""
    import salesmetrics as sm

    table = as_table(data.columns)
    source = pytest.importorskip("polars").from_arrow(table) if kind == "polars" else table
    assert len(benchmark(lambda: sm.read_deals(source, currency="USD", as_of=date(data.as_of)))) == ROWS
