"""The jobs on histories in DuckDB: windows over the rows as they are stored, fused keys, filters before windows."""

from __future__ import annotations

from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from benchmarks import past_answers as answers
from benchmarks.answers import Answer
from benchmarks.past_answers import TOOK
from benchmarks.past_data import Past


class DuckDBPast:
    """DuckDB as somebody who knows that the rows are sorted by deal and day would write it."""

    def __init__(self, past: Past) -> None:
        self.past = past
        self.run = duckdb.connect()
        self.run.execute("set threads=2; set perfect_ht_threshold=20")
        ids = np.arange(len(past.deals["rep"]), dtype=np.int32)
        for name, columns in (("changes", past.changes), ("deals", {"deal": ids, **past.deals})):
            self.run.register("source", pa.table({each: pa.array(values) for each, values in columns.items()}))
            self.run.execute(f"create table {name} as select * from source")
            self.run.unregister("source")

    def _ask(self, query: str) -> Any:
        return self.run.execute(query).fetchnumpy()

    def f(self) -> Answer:
        """Moves and days: the next row as it is stored, which takes a tenth of a window by deal."""
        found = self._ask(
            "select stage, upto, took, count(*) n from (select deal, stage, lead(deal) over () nxt, "
            "lead(stage) over () upto, lead(day) over () - day took from changes) where nxt = deal group by all"
        )
        key = (found["stage"].astype(np.int64) * 8 + found["upto"]) * TOOK + found["took"]
        return answers.stepped(key, found["n"])

    def _states(self, day: int, columns: str) -> str:
        """Return the query of the rows in force at the end of a day: the last of each deal up to it."""
        return (
            f"(select {columns} from (select *, lead(deal) over () nxt from changes where day <= {day}) "
            "where nxt is distinct from deal)"
        )

    def g(self) -> Answer:
        """Walk from the changes only: the last rows up to either day, and the deals whose first row lies between."""
        first, last = self.past.span
        before = self._ask(f"from {self._states(first, 'deal, outcome, expected_close, amount')} where outcome = 0")
        after = self._ask(
            f"from {self._states(last, 'deal, day, outcome, expected_close, amount')} where outcome = 0 or day > {first}"
        )
        born = self._ask(
            "select deal from (select deal, day, lag(deal) over () prv from changes) "
            f"where day > {first} and day <= {last} and prv is distinct from deal"
        )
        return answers.walked(self.past, before, after, born["deal"])

    def g2(self) -> Answer:
        """Walk of the deals that were alive in the quarter: their rows by a semi-join, sorted again, then the last of each."""
        first, last = self.past.span
        alive = f"(select deal, created from deals where created <= {last} and (closed < 0 or closed > {first}))"
        self.run.execute(
            "create or replace temp table moving as select deal, day, outcome, expected_close, amount "
            f"from changes semi join {alive} using (deal) where day <= {last} order by changes.rowid"
        )
        last_of = "(select *, lead(deal) over () nxt from moving{}) where nxt is distinct from deal"
        before = self._ask(f"from {last_of.format(f' where day <= {first}')} and outcome = 0 order by deal")
        after = self._ask(f"from {last_of.format('')} order by deal")
        born = self._ask(f"select deal from {alive} where created > {first} order by deal")
        found = answers.walked(self.past, before, after, born["deal"])
        return {name: found[name] for name in ("amount", "count")}

    def _state(self, day: int) -> Answer:
        closed = "case when outcome > 0 then day else -1 end closed"
        state = self._ask(f"from {self._states(day, f'stage, outcome, amount, expected_close, {closed}')}")
        labels = self._ask(f"select created, rep, segment from deals where created <= {day}")
        return {**state, **labels}

    def s(self) -> Answer:
        """State of all deals at the end of a day, with their labels."""
        return self._state(self.past.days[-1])

    def s4(self) -> Answer:
        """Sums of the states of four days."""
        return {"sums": np.array([answers.summed(self._state(day)) for day in self.past.days])}
