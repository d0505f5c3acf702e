"""The jobs in DuckDB: a native table, two threads, a tuned perfect hash table, small keys, sums in doubles (exact here)."""

from __future__ import annotations

from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from benchmarks import answers
from benchmarks.answers import DAYS, Answer, dense
from benchmarks.data import QUARTERS, REPS, SEGMENTS, Data


class DuckDB:
    """DuckDB as somebody who knows it would write it; the quarter of each close is given as a code."""

    def __init__(self, data: Data) -> None:
        self.data = data
        self.run = duckdb.connect()
        self.run.execute("set threads=2; set perfect_ht_threshold=20; set preserve_insertion_order=false")
        columns = {name: pa.array(values) for name, values in data.columns.items()}
        # amounts add up in doubles, which is faster than a sum of BIGINT and exact below 2**53
        columns["amount"] = pa.array(data.columns["amount"].astype(np.float64))
        self.run.register("source", pa.table(columns))
        self.run.execute("create table deals as select * from source")
        self.run.unregister("source")

    def _ask(self, query: str) -> Any:
        return self.run.execute(query).fetchnumpy()

    def _cells(self, result: Any, first: str = "rep") -> Any:
        return result[first].astype(np.int64) * QUARTERS + result["quarter"]

    def a(self) -> Answer:
        """Bookings and attainment."""
        won = self._ask("select rep, quarter, sum(amount) s from deals where outcome = 1 group by all")
        return answers.attainment(self.data, dense(REPS * QUARTERS, self._cells(won), won["s"]))

    def b(self) -> Answer:
        """Win rate and mean size: one pass over wins, one over losses, which beats one key with the outcome in it."""
        won = self._ask("select rep, quarter, count(*) n, sum(amount) s from deals where outcome = 1 group by all")
        lost = self._ask("select rep, quarter, count(*) n from deals where outcome = 2 group by all")
        size, cell = REPS * QUARTERS, self._cells(won)
        return answers.rates(
            dense(size, cell, won["n"]), dense(size, self._cells(lost), lost["n"]), dense(size, cell, won["s"])
        )

    def c(self) -> Answer:
        """Open and weighted pipeline, coverage."""
        last, as_of = self.data.last, self.data.as_of
        opened = self._ask(
            "select rep, sum(amount) s, sum(amount * probability) w, sum(case when expected_close >= "
            f"{max(as_of, last.start_day)} and expected_close < {last.end_day} then amount else 0 end) due "
            "from deals where outcome = 0 group by rep"
        )
        won = self._ask(
            f"select rep, sum(amount) s from deals where outcome = 1 and quarter = {QUARTERS - 1} group by rep"
        )
        return answers.coverage(
            self.data,
            dense(REPS, opened["rep"], opened["s"]),
            dense(REPS, opened["rep"], opened["w"]),
            dense(REPS, opened["rep"], opened["due"]),
            dense(REPS, won["rep"], won["s"]),
        )

    def d(self) -> Answer:
        """Velocity."""
        won = self._ask(
            "select segment, quarter, count(*) n, sum(amount) s, sum(closed - created) took "
            "from deals where outcome = 1 group by all"
        )
        lost = self._ask("select segment, quarter, count(*) n from deals where outcome = 2 group by all")
        opened = self._ask("select segment, count(*) n from deals where outcome = 0 group by all")
        size, cell = SEGMENTS * QUARTERS, self._cells(won, "segment")
        return answers.velocity(
            dense(SEGMENTS, opened["segment"], opened["n"]),
            dense(size, cell, won["n"]),
            dense(size, self._cells(lost, "segment"), lost["n"]),
            dense(size, cell, won["s"]),
            dense(size, cell, won["took"]),
        )

    def e(self) -> Answer:
        """Quantiles by rep; Kaplan-Meier medians from counts by one fused key of rep and day."""
        cycles = self._ask(
            "select rep, quantile_disc(closed - created, 0.5) p50, quantile_disc(closed - created, 0.9) p90 "
            "from deals where outcome = 1 group by rep"
        )
        closed = self._ask(
            f"select rep::int * {DAYS} + (closed - created) k, count(*) n from deals where outcome > 0 group by k"
        )
        opened = self._ask(
            f"select rep::int * {DAYS} + ({self.data.as_of} - created) k, count(*) n from deals where outcome = 0 group by k"
        )
        p50, p90 = np.full(REPS, np.nan), np.full(REPS, np.nan)
        p50[cycles["rep"]], p90[cycles["rep"]] = cycles["p50"], cycles["p90"]
        table = dense(REPS * DAYS, closed["k"], closed["n"]).reshape(REPS, DAYS)
        still = dense(REPS * DAYS, opened["k"], opened["n"]).reshape(REPS, DAYS)
        return {"p50": p50, "p90": p90, "median": answers.median_to_close(table, still)}
