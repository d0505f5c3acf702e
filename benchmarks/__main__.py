"""Run the jobs beside pandas, Polars and DuckDB: ``python -m benchmarks --rows 10_000_000 --jobs a b c e``."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from benchmarks.answers import Answer
from benchmarks.data import Data, made, unread
from benchmarks.ours import Ours
from benchmarks.past_data import Past, made_past, unread_past
from benchmarks.past_ours import OursPast
from benchmarks.timing import Time, raced

JOBS = {
    "a": "bookings and attainment, rep x quarter",
    "b": "win rate and mean size, rep x quarter",
    "c": "open and weighted pipeline, coverage, by rep",
    "d": "velocity, segment x quarter",
    "e": "cycle p50, p90, Kaplan-Meier median, by rep",
    "i": "a to e",
}
PAST = {
    "f": "moves between stages and days in each, counted",
    "g": "deals open at two days and the walk between, from the history only",
    "g2": "the same walk, from deals and history",
    "s": "all deals as of a day, with labels",
    "s4": "all deals as of four days, a few sums of each",
}
PEERS = ("pandas", "polars", "duckdb")


def main() -> None:
    """Read the options, run the jobs, print a table for each."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000_000, 10_000_000])
    parser.add_argument("--jobs", nargs="+", choices=[*JOBS, *PAST], default=["a", "b", "c", "d", "e"])
    parser.add_argument("--peers", nargs="*", choices=PEERS, default=list(PEERS))
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    for rows in options.rows:
        if now := [job for job in options.jobs if job in JOBS]:
            data = made(rows)
            peers = {name: _peer(name, data) for name in options.peers}
            for job in now:
                print(f"\n{job}: {JOBS[job]}, {rows:,} deals", flush=True)
                _show(raced(job, _engines(job, data, peers), options.rounds, least=2.0))
        if then := [job for job in options.jobs if job in PAST]:
            _past(then, made_past(rows), options.peers, options.rounds)


def _past(jobs: list[str], past: Past, names: list[str], rounds: int) -> None:
    """Run the jobs on a history."""
    peers = {name: _past_peer(name, past) for name in names}
    for job in jobs:
        print(f"\n{job}: {PAST[job]}, {len(past.book):,} deals, {len(past.history):,} changes", flush=True)
        engines: dict[str, Callable[[], Answer]] = {
            "salesmetrics": getattr(OursPast(past), job),
            "salesmetrics, first call": _first_call(past, job),
        }
        if hasattr(OursPast, f"{job}_kept"):
            engines["salesmetrics, asked before"] = getattr(OursPast(past), f"{job}_kept")
        _show(raced(job, engines | {name: getattr(peer, job) for name, peer in peers.items()}, rounds, least=2.0))


def _first_call(past: Past, job: str) -> Callable[[], Answer]:
    """Return the job on books that keep nothing; making the books, which checks the order of all rows, is timed too."""
    return lambda: getattr(OursPast(unread_past(past)), job)()  # type: ignore[no-any-return]


def _past_peer(name: str, past: Past) -> object:
    """Return a peer with its own copy of the history, imported only when it is asked for."""
    if name == "pandas":
        from benchmarks.past_pandas import PandasPast

        return PandasPast(past)
    if name == "polars":
        from benchmarks.past_polars import PolarsPast

        return PolarsPast(past)
    from benchmarks.past_duckdb import DuckDBPast

    return DuckDBPast(past)


def _peer(name: str, data: Data) -> object:
    """Return a peer with its own copy of the columns, imported only when it is asked for."""
    if name == "pandas":
        from benchmarks.peer_pandas import Pandas

        return Pandas(data)
    if name == "polars":
        from benchmarks.peer_polars import Polars

        return Polars(data)
    from benchmarks.peer_duckdb import DuckDB

    return DuckDB(data)


def _engines(job: str, data: Data, peers: dict[str, object]) -> dict[str, Callable[[], Answer]]:
    """Return what runs a job in each engine, ours first."""
    if job == "i":
        found = {
            name: _all_of([each[name] for each in (_engines(one, data, peers) for one in "abcde")])
            for name in ("salesmetrics", *peers)
        }
        return {**found, "salesmetrics, tallies": _all_of(_tallied(Ours(data)))}
    plain, usual = Ours(data), Ours(data, 0.95)
    engines = {
        "salesmetrics": getattr(plain, job),
        "salesmetrics, first call": lambda: getattr(Ours(unread(data)), job)(),
    }
    if job in ("b", "e"):
        engines["salesmetrics, intervals"] = getattr(usual, job)
    if hasattr(plain, f"{job}_given"):
        engines["salesmetrics, given codes"] = getattr(plain, f"{job}_given")
    if hasattr(plain, f"{job}_tally"):
        engines["salesmetrics, one tally"] = getattr(plain, f"{job}_tally")
    return engines | {name: getattr(peer, job) for name, peer in peers.items()}


def _tallied(ours: Ours) -> list[Callable[[], Answer]]:
    """Return the five jobs, each from as few tallies as serve it."""
    return [ours.a, ours.b_tally, ours.c_tally, ours.d, ours.e_tally]


def _all_of(jobs: list[Callable[[], Answer]]) -> Callable[[], Answer]:
    """Return one job that runs several."""

    def run() -> Answer:
        return {name: part for job in jobs for name, part in job().items()}

    return run


def _show(times: dict[str, Time]) -> None:
    """Print the times, and how many times as long each takes as ours."""
    ours = times["salesmetrics"]
    print(f"{'':26}{'ms':>10}{'CPU ms':>10}{'MB more':>10}{'x ours':>8}{'x CPU':>8}")
    for name, each in times.items():
        ratios = f"{each.wall / ours.wall:8.2f}{each.cpu / ours.cpu:8.2f}"
        print(f"{name:26}{each.wall:10.1f}{each.cpu:10.1f}{each.peak:10.1f}{ratios}", flush=True)


if __name__ == "__main__":
    main()
