"""Jobs a to e from Parquet files, in each engine's best form found; the peers are given the quarter of each close as a code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks import answers
from benchmarks.answers import DAYS, PPM, Answer, dense
from benchmarks.data import QUARTERS, REPS, SEGMENTS, Data, date, rep_names, segment_names
from salesmetrics.domain import OUTCOMES


def ours(data: Data, files: str) -> Answer:
    """Return the answers by one scan."""
    import salesmetrics as sm
    from benchmarks.ours import answered, questions

    scan = sm.scan_parquet(files, currency="USD", as_of=date(data.as_of))
    return answered(sm.measure(scan, questions(data)))


def polars(data: Data, files: str) -> Answer:
    """Return the answers from small codes that are read once and held: a fifth faster than plans that share a scan."""
    held = _codes(data, files).collect(engine="streaming").lazy()
    rep, took, outcome = _polars("rep"), _polars("took"), _polars("outcome")
    waits = (
        held.select(((rep * DAYS + took) * 4 + outcome).sort().alias("k"))
        .select(_polars("k").rle())
        .unnest("k")
        .select(n="len", k=_polars("value"))
    )
    plans = [*_plans(held), waits]
    return _from_polars(data, [plan.collect(engine="streaming") for plan in plans[:-1]] + [waits.collect()])


def polars_streaming(data: Data, files: str) -> Answer:
    """Return the answers by plans that share one scan, which never holds all rows."""
    import polars as pl

    codes = _codes(data, files)
    key = (_polars("rep") * DAYS + _polars("took")) * 4 + _polars("outcome")
    waits = codes.group_by(key.alias("k")).agg(pl.len().alias("n"))
    return _from_polars(data, pl.collect_all([*_plans(codes), waits], engine="streaming"))


def _polars(name: str) -> Any:
    """Return a column in 32 bits, which products of codes need."""
    import polars as pl

    return pl.col(name).cast(pl.Int32)


def _codes(data: Data, files: str) -> Any:
    """Return the plan that reads small codes."""
    import polars as pl

    def coded(name: str, labels: tuple[str, ...], kind: Any) -> pl.Expr:
        return pl.col(name).cast(pl.Enum(labels)).to_physical().cast(kind)

    day = pl.col("closed").cast(pl.Int32).fill_null(data.as_of)
    return pl.scan_parquet(files).select(
        "quarter",
        "amount",
        "probability",
        rep=coded("rep", rep_names(), pl.Int16),
        segment=coded("segment", segment_names(), pl.Int8),
        outcome=coded("outcome", OUTCOMES, pl.Int8),
        due=pl.col("expected_close").cast(pl.Int32).is_between(*_due(data), closed="left"),
        took=(day - pl.col("created").cast(pl.Int32)).cast(pl.Int16),
    )


def _plans(codes: Any) -> list[Any]:
    """Return the plans of what was won and lost, of what is open, and of the segments."""
    import polars as pl

    rep, part = _polars("rep"), _polars("segment")
    cell, place = (each * QUARTERS + pl.col("quarter") for each in (rep, part))
    amount = pl.col("amount")
    weighted, due = (amount * pl.col("probability")).sum(), amount.filter("due").sum()

    def grouped(code: int, key: Any, **named: Any) -> Any:
        plan = codes.filter(pl.col("outcome") == code).group_by(key.alias("k"))
        return plan.agg(pl.len().alias("n"), **named)

    return [
        grouped(1, cell, s=amount.sum()),
        grouped(2, cell),
        grouped(0, rep, s=amount.sum(), w=weighted, due=due),
        grouped(0, part),
        grouped(1, place, s=amount.sum(), took=pl.col("took").cast(pl.Int64).sum()),
        grouped(2, place),
    ]


def _from_polars(data: Data, frames: list[Any]) -> Answer:
    """Return the answers from the frames of all plans."""
    won, lost, opened, *parts, waits = frames
    ended = waits["k"] % 4
    of = waits.with_columns(waits["k"] // 4)
    ages = [of.filter(ended.is_in(codes)) for codes in ([0], [1], [1, 2, 3])]
    return _finished(data, won=won, lost=lost, opened=opened, parts=parts, waits=ages)


def duckdb(data: Data, files: str) -> Answer:
    """Return the answers by filtered queries, reps as codes by a join: half of the time of texts or enums as keys.

    The key of rep and day stays below two to the twentieth, so that the perfect hash table takes it.
    """
    import duckdb as duck

    run = duck.connect()
    run.execute("set threads=2; set perfect_ht_threshold=20; set preserve_insertion_order=false")
    run.execute(f"create table reps as select unnest(?) label, unnest(range({REPS}))::int c", [list(rep_names())])
    coded = f"read_parquet('{files}') join reps on rep = label"
    first, stop, as_of = (f"date '{date(day)}'" for day in (*_due(data), data.as_of))

    def ask(columns: str, where: str) -> Any:
        return run.execute(f"select {columns}, count(*) n from {coded} where {where} group by k").fetchnumpy()

    cell, took = f"c * {QUARTERS} + quarter k", f"c * {DAYS} + (closed - created) k"
    due = f"sum(case when expected_close >= {first} and expected_close < {stop} then amount else 0 end) due"
    of_part = run.execute(
        "select segment, quarter, outcome, count(*) n, sum(amount) s, sum(closed - created) took "
        f"from read_parquet('{files}') group by all"
    ).fetchnumpy()
    key = np.array([segment_names().index(label) for label in of_part["segment"]])
    of_part["k"] = np.where(of_part["outcome"] == "open", key, key * QUARTERS + of_part["quarter"])
    return _finished(
        data,
        won=ask(f"{cell}, sum(amount) s", "outcome = 'won'"),
        lost=ask(cell, "outcome = 'lost'"),
        opened=ask(f"c k, sum(amount) s, sum(amount * probability) w, {due}", "outcome = 'open'"),
        parts=[_rows(of_part, of_part["outcome"] == outcome) for outcome in ("open", "won", "lost")],
        waits=(
            ask(f"c * {DAYS} + ({as_of} - created) k", "outcome = 'open'"),
            ask(took, "outcome = 'won'"),
            ask(took, "closed is not null"),
        ),
    )


ENGINES: dict[str, Callable[[Data, str], Answer]] = {
    "salesmetrics": ours,
    "polars": polars,
    "polars, streaming": polars_streaming,
    "duckdb": duckdb,
}


def _due(data: Data) -> tuple[int, int]:
    """Return the first day and the end of what is due in the running quarter."""
    return max(data.as_of, data.last.start_day), data.last.end_day


def _finished(data: Data, *, won: Any, lost: Any, opened: Any, parts: Any, waits: Any) -> Answer:
    """Return the answers to jobs a to e from counts and sums of dollars by key.

    ``parts`` and ``waits`` come as open, won, lost and as open, won, closed.
    """
    size, part = REPS * QUARTERS, SEGMENTS * QUARTERS
    waiting, cycles, closed = (_added(REPS * DAYS, each) for each in waits)
    open_part, won_part, lost_part = parts
    tables = answers.Tables(
        won=dense(size, won["k"], won["n"]),
        lost=dense(size, lost["k"], lost["n"]),
        booked=_cents(size, won),
        opened=_cents(REPS, opened),
        weighted=_cents(REPS, opened, "w", PPM * 100),
        due=_cents(REPS, opened, "due"),
        still=dense(SEGMENTS, open_part["k"], open_part["n"]),
        sold=dense(part, won_part["k"], won_part["n"]),
        missed=dense(part, lost_part["k"], lost_part["n"]),
        money=_cents(part, won_part),
        took=dense(part, won_part["k"], won_part["took"]),
        waiting=waiting,
        cycles=cycles,
        closed=closed,
    )
    return tables.answer(data)


def _rows(found: Any, keep: Any) -> Any:
    """Return some rows of columns."""
    return {name: values[keep] for name, values in found.items()}


def _added(size: int, found: Any) -> Any:
    """Return counts by key, added up where a key occurs several times."""
    return np.bincount(np.asarray(found["k"]), np.asarray(found["n"]), minlength=size).astype(np.int64)


def _cents(size: int, found: Any, name: str = "s", scale: int = 100) -> Any:
    """Return sums of dollars, added up in doubles, as the whole cents that they are."""
    return dense(size, found["k"], np.rint(np.asarray(found[name]) * scale))
