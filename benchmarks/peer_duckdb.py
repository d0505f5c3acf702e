"""The jobs in DuckDB: a native table, two threads, a tuned perfect hash table, small keys, sums in doubles (exact here)."""

from __future__ import annotations

from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from benchmarks import answers
from benchmarks.answers import DAYS, Answer, dense
from benchmarks.data import QUARTERS, REPS, SEGMENTS, WEEKS, Data


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

    def _closed(self, first: str, size: int, *more: str) -> list[Any]:
        """Return wins, losses, money of wins (and more sums) by a label and quarter.

        One pass over wins, one over losses, which beats one key with the outcome in it.
        """
        sums = ["sum(amount)", *more]
        named = ", ".join(f"{each} s{at}" for at, each in enumerate(sums))
        won = self._ask(f"select {first}, quarter, count(*) n, {named} from deals where outcome = 1 group by all")
        lost = self._ask(f"select {first}, quarter, count(*) n from deals where outcome = 2 group by all")
        cell = self._cells(won, first)
        losses = dense(size, self._cells(lost, first), lost["n"])
        return [dense(size, cell, won["n"]), losses, *(dense(size, cell, won[f"s{at}"]) for at in range(len(sums)))]

    def _open(self) -> list[Any]:
        """Return money that is open, weighted and due, by rep."""
        last, as_of = self.data.last, self.data.as_of
        found = self._ask(
            "select rep, sum(amount) s, sum(amount * probability) w, sum(case when expected_close >= "
            f"{max(as_of, last.start_day)} and expected_close < {last.end_day} then amount else 0 end) due "
            "from deals where outcome = 0 group by rep"
        )
        return [dense(REPS, found["rep"], found[name]) for name in ("s", "w", "due")]

    def b(self) -> Answer:
        """Win rate and mean size."""
        return answers.rates(*self._closed("rep", REPS * QUARTERS))

    def c(self) -> Answer:
        """Open and weighted pipeline, coverage."""
        won = self._ask(
            f"select rep, sum(amount) s from deals where outcome = 1 and quarter = {QUARTERS - 1} group by rep"
        )
        return answers.coverage(self.data, *self._open(), dense(REPS, won["rep"], won["s"]))

    def d(self) -> Answer:
        """Velocity."""
        opened = self._ask("select segment, count(*) n from deals where outcome = 0 group by all")
        found = self._closed("segment", SEGMENTS * QUARTERS, "sum(closed - created)")
        return answers.velocity(dense(SEGMENTS, opened["segment"], opened["n"]), *found)

    def q(self) -> Answer:
        """Quantiles of amounts: a list of two shares takes half of what two calls take."""
        found = self._ask(
            "select rep, q[1] p50, q[2] p90 from (select rep, quantile_disc(amount, [0.5, 0.9]) q from deals "
            "where outcome = 1 group by rep)"
        )
        return answers.by_rep(found["rep"], p50=found["p50"] / 100, p90=found["p90"] / 100)

    def w(self) -> Answer:
        """Forecast errors."""
        won = self._ask("select rep, week, sum(amount) s from deals where outcome = 1 and week >= 0 group by all")
        cell = won["rep"].astype(np.int64) * WEEKS + won["week"]
        return answers.error_of_calls(self.data, dense(REPS * WEEKS, cell, won["s"]))

    def _waits(self) -> tuple[Any, Any, Any]:
        """Return counts by rep and day of open, won and all closed deals: one fused key, a pass each over wins and the others.

        Quantiles from these counts take half of what `quantile_disc` takes.
        """
        took, waited = "closed - created", f"{self.data.as_of} - created"
        found = [
            self._ask(f"select rep::int * {DAYS} + ({days}) k, count(*) n from deals where {where} group by k")
            for days, where in ((waited, "outcome = 0"), (took, "outcome = 1"), (took, "outcome > 1"))
        ]
        waiting, won, others = (dense(REPS * DAYS, each["k"], each["n"]) for each in found)
        return waiting, won, won + others

    def e(self) -> Answer:
        """Quantiles and Kaplan-Meier medians by rep."""
        return answers.cycles(*self._waits())

    def i(self) -> Answer:
        """Jobs a to e, each table made once."""
        waiting, cycles, closed = self._waits()
        won, lost, booked = self._closed("rep", REPS * QUARTERS)
        sold, missed, money, took = self._closed("segment", SEGMENTS * QUARTERS, "sum(closed - created)")
        opened, weighted, due = self._open()
        still = self._ask("select segment, count(*) n from deals where outcome = 0 group by all")
        return answers.Tables(
            won=won,
            lost=lost,
            booked=booked,
            opened=opened,
            weighted=weighted,
            due=due,
            still=dense(SEGMENTS, still["segment"], still["n"]),
            sold=sold,
            missed=missed,
            money=money,
            took=took,
            waiting=waiting,
            cycles=cycles,
            closed=closed,
        ).answer(self.data)
