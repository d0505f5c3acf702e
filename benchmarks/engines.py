"""What runs each job in each engine; peers are imported only when they are asked for."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from benchmarks.answers import Answer
from benchmarks.data import Data, data_of, made, part, unread
from benchmarks.jobs import Job
from benchmarks.laws import OfLaws
from benchmarks.ours import Ours, OursClustered
from benchmarks.past_data import Past, made_past, unread_past
from benchmarks.past_ours import OursPast

PEERS = ("pandas", "polars", "duckdb", "numba")
Engines: TypeAlias = dict[str, Callable[[], Answer]]
_DEALS = {"pandas": "peer_pandas.Pandas", "polars": "peer_polars.Polars", "duckdb": "peer_duckdb.DuckDB"}
_PAST = {"pandas": "past_pandas.PandasPast", "polars": "past_polars.PolarsPast", "duckdb": "past_duckdb.DuckDBPast"}
_LOOPS = {"deals": "compiled_deals.Compiled", "past": "compiled_past.CompiledPast"}
_MOST_FOR_PANDAS = 30_000_000
_VARIANTS = {"given": "given codes", "calls": "call by call"}


def wanted(names: list[str], rows: int) -> list[str]:
    """Return the peers that can take part: numba only where it is installed, pandas not where it would fill the memory."""
    left_out = {"numba": find_spec("numba") is None, "pandas": rows > _MOST_FOR_PANDAS}
    return [name for name in names if not left_out.get(name, False)]


class OfDeals:
    """Engines of the jobs on deals in memory, each with its own copy of the columns."""

    def __init__(self, rows: int, names: list[str], folder: Path) -> None:
        self.data, self.folder = made(rows, folder), folder
        self.names = wanted(names, rows)

    @cached_property
    def _peers(self) -> dict[str, Any]:
        return _made(self.data, self.names, _DEALS, _LOOPS["deals"], data_of(part(0, 2_000)))

    def engines(self, job: Job) -> tuple[int, Engines]:
        """Return how many rows the job reads, and what runs it, ours first."""
        ours = Ours(self.data)
        found: Engines = {"salesmetrics": getattr(ours, job.name), "salesmetrics, first call": self._first(job.name)}
        if job.name in ("b", "e"):
            found["salesmetrics, intervals"] = getattr(Ours(self.data, 0.95), job.name)
        found |= {
            f"salesmetrics, {said}": getattr(ours, f"{job.name}_{variant}")
            for variant, said in _VARIANTS.items()
            if hasattr(ours, f"{job.name}_{variant}")
        }
        return self.data.rows, found | {name: _of(peer, job.name) for name, peer in self._peers.items()}

    def _first(self, name: str) -> Callable[[], Answer]:
        """Return a job on books that keep nothing."""
        return lambda: getattr(Ours(unread(self.data)), name)()  # type: ignore[no-any-return]


class OfClustered:
    """The same on sorted deals: peers hold tables in the order of ours (outcome, period, rep), and by outcome and day too.

    Which order a peer is faster on differs from job to job; the best of both is what ours is compared with.
    """

    def __init__(self, rows: int, names: list[str], folder: Path) -> None:
        self.data = made(rows, folder)
        self.ours = OursClustered(self.data)
        names = [name for name in wanted(names, rows) if name != "numba"]
        self._peers = _made(self._sorted("quarter", "rep"), names, _DEALS)
        again = _made(self._sorted("day"), [name for name in names if name != "pandas"], _DEALS)
        self._peers |= {f"{name}, by day": peer for name, peer in again.items()}

    def _sorted(self, *keys: str) -> Data:
        """Return the deals sorted by outcome and then by these columns, open deals by the day they are expected."""
        columns = self.data.columns
        key = columns["outcome"].astype(np.int64)
        day = np.where(key == 0, columns["expected_close"], columns["closed"])
        for name in keys:
            key = (key << 20) + (day if name == "day" else columns[name].astype(np.int64) + 1)
        order = np.argsort(key, kind="stable")
        return data_of({name: values[order] for name, values in columns.items()})

    def engines(self, job: Job) -> tuple[int, Engines]:
        """Return how many rows the job reads, and what runs it, ours first; a first call has to sort the deals."""
        name = job.name.rstrip("*")
        found: Engines = {
            "salesmetrics": getattr(self.ours, name),
            "salesmetrics, first call": lambda: getattr(OursClustered(unread(self.data)), name)(),
        }
        return self.data.rows, found | {peer: _of(each, name) for peer, each in self._peers.items()}


class OfPast:
    """Engines of the jobs on histories."""

    def __init__(self, rows: int, names: list[str], folder: Path) -> None:
        self.past: Past = made_past(rows)
        self._peers = _made(self.past, wanted(names, rows), _PAST, _LOOPS["past"], made_past(2_000))

    def engines(self, job: Job) -> tuple[int, Engines]:
        """Return how many changes the job reads, and what runs it, ours first."""
        name, ours = job.name, OursPast(self.past)
        found: Engines = {
            "salesmetrics": getattr(ours, name),
            "salesmetrics, first call": lambda: getattr(OursPast(unread_past(self.past)), name)(),
        }
        for variant, said in (("kept", "asked before"), ("books", "two books")):
            if hasattr(ours, f"{name}_{variant}"):
                found[f"salesmetrics, {said}"] = getattr(ours, f"{name}_{variant}")
        peers = {peer: _of(each, name) for peer, each in self._peers.items() if hasattr(each, name)}
        return len(self.past.history), found | peers


class OfIngest:
    """What makes books, beside bare conversions."""

    def __init__(self, rows: int, names: list[str], folder: Path) -> None:
        self.data, self.folder = made(rows, folder), folder

    def engines(self, job: Job) -> tuple[int, Engines]:
        """Return how many rows the job reads, and what reads them, ours first."""
        from benchmarks.ingest import engines

        return engines(job.name, self.data, self.folder)


KINDS: dict[str, Callable[[int, list[str], Path], Any]] = {
    "deals": OfDeals,
    "clustered": OfClustered,
    "past": OfPast,
    "laws": OfLaws,
    "ingest": OfIngest,
}


def _made(data: Any, names: list[str], classes: dict[str, str], loops: str = "", small: Any = None) -> dict[str, Any]:
    """Return each engine with its own copy of the data; loops are compiled now, on small data of the same types."""
    found = {}
    for name in names:
        module, _, kind = (loops if name == "numba" else classes[name]).partition(".")
        maker = getattr(import_module(f"benchmarks.{module}"), kind)
        found[name] = maker(data)
        if name == "numba":
            for job in ("a", "b", "c", "d", "e", "q", "w", "f", "g", "g2"):
                getattr(maker(small), job, lambda: None)()
    return found


def _of(peer: Any, name: str) -> Callable[[], Answer]:
    """Return what runs a job in a peer; one that has no form of its own for job i runs a to e."""
    if name != "i" or hasattr(peer, "i"):
        return getattr(peer, name)  # type: ignore[no-any-return]
    return lambda: {part: values for job in "abcde" for part, values in getattr(peer, job)().items()}
