"""Every job of the suite: what is asked, what must be read for it, and the goals that were set for it."""

from __future__ import annotations

from typing import Literal, TypeAlias

import attrs

Kind: TypeAlias = Literal["deals", "clustered", "past", "laws", "ingest", "files"]


@attrs.frozen
class Job:
    """A job; goals are leads over the peers ("at least so many times as fast") and a most of times a compiled loop's time.

    ``reads`` are the columns that a job cannot do without, each with the share of its rows that count. ``goals`` are leads over
    each peer by name, "best" over whichever is the fastest; ``compiled`` is the most, as a multiple.
    """

    name: str
    kind: Kind
    what: str
    reads: tuple[tuple[str, float], ...] = ()
    goals: tuple[tuple[str, float], ...] = ()
    compiled: float | None = None
    grows: bool = False

    def bytes_a_row(self, width: dict[str, int]) -> float:
        """Return how many bytes of memory must be read for each row: whole cache lines that hold a row which counts."""
        return sum(width[name] * (1 - (1 - share) ** (64 / width[name])) for name, share in self.reads)


def _peers(polars: float, duckdb: float) -> tuple[tuple[str, float], ...]:
    return ("polars", polars), ("duckdb", duckdb)


def _whole(*names: str) -> tuple[tuple[str, float], ...]:
    return tuple((name, 1.0) for name in names)


_WON, _OPEN, _DECIDED, _MOVING = 0.3, 0.0245, 0.9, 0.04
_A = (*_whole("outcome", "rep", "quarter"), ("amount", _WON))
_C = (
    ("outcome", 1.0),
    ("quarter", _WON),
    *((name, 0.04) for name in ("rep", "amount", "expected_close", "probability")),
)
_D = (*_whole("outcome", "segment", "quarter"), ("amount", _WON), ("created", _WON), ("closed", _WON))
_E = (*_whole("outcome", "rep", "created"), ("closed", 1 - _OPEN))
_I = (*_whole("outcome", "rep", "segment", "quarter", "created", "closed"), ("amount", _WON), ("expected_close", _OPEN))
_Q = (("outcome", 1.0), ("rep", _WON), ("amount", _WON))
_WALK = (("outcome", _MOVING), ("expected_close", _MOVING), ("amount", _MOVING))

_FLAT = (
    Job("a", "deals", "bookings and attainment, rep x quarter", _A, _peers(1.8, 1.8), 1.8, grows=True),
    Job("b", "deals", "win rate and mean size, rep x quarter", _A, _peers(3.5, 3.5), 1.9),
    Job("c", "deals", "open and weighted pipeline, coverage, by rep", _C, _peers(1.2, 1.7), 1.4),
    Job("d", "deals", "velocity, segment x quarter", _D, _peers(1.5, 1.7), 2.2),
    Job("e", "deals", "cycle p50, p90 and Kaplan-Meier median, by rep", _E, _peers(6, 8), 1.0, grows=True),
    Job("i", "deals", "a to e in one pass", _I, _peers(5, 7), 1.1, grows=True),
    Job("q", "deals", "exact p50 and p90 of amounts won, by rep", _Q, _peers(1.3, 1.5)),
    Job("w", "deals", "forecast error by rep, 260 weekly calls each", (*_Q, ("week", _WON))),
)  # fmt: skip
_LEADS = {"a": 6, "b": 11, "c": 6, "d": 3, "e": 8, "i": 8}

JOBS: dict[str, Job] = {
    job.name: job
    for job in (
        *_FLAT,
        *(
            Job(f"{job.name}*", "clustered", f"{job.what}, clustered", (), (("best", _LEADS[job.name]),))
            for job in _FLAT
            if job.name in _LEADS
        ),
        Job("f", "past", "moves between stages and days in each, counted", _whole("deal", "stage", "day"), _peers(2.7, 8), 1.1),
        Job("g", "past", "walk between two days, from the history only", (*_whole("deal", "day"), *_WALK), _peers(5.5, 7), 4),
        Job("g2", "past", "the same walk, from deals and history", (*_WALK, ("day", _MOVING)), _peers(10, 8), 1.5),
        Job("s", "past", "all deals as of a day, with labels"),
        Job("s4", "past", "all deals as of four days, a few sums of each"),
        Job("t", "laws", "law of what 100,000 open deals come to", (), (("fft", 100),)),
        Job("n-polars", "ingest", "a book from a Polars frame, two columns of text", (), (("cast", 0.5),)),
        Job("n-pyarrow", "ingest", "a book from an Arrow table, two columns of text"),
        Job("n-pandas", "ingest", "a book from a pandas frame, two columns of objects"),
        Job("n-parquet", "ingest", "a book from a Parquet file, two columns of text"),
        Job("n-objects", "ingest", "a book from a list of Deal objects"),
        Job("p", "files", "a to e in one pass from Parquet, in a fresh process", (), _peers(3.5, 2.4), grows=True),
    )
}  # fmt: skip
"""The jobs by name, in the order they are run."""

PEAK_OF_FILES = 300
"""The most MB that job p may take above the start, whatever the number of rows."""


def chosen(names: list[str], rows: int, largest: int) -> list[Job]:
    """Return the jobs of some names; of more rows than ``largest`` only those whose growth is looked at."""
    return [job for job in JOBS.values() if job.name in names and (rows <= largest or job.grows)]
