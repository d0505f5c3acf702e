"""The jobs on histories in Polars: neighbouring rows instead of groups, filters that the streaming engine works through."""

from __future__ import annotations

import numpy as np
import polars as pl

from benchmarks import past_answers as answers
from benchmarks.answers import Answer
from benchmarks.past_answers import TOOK
from benchmarks.past_data import Past

DEAL, DAY, STAGE, OUTCOME = (pl.col(name) for name in ("deal", "day", "stage", "outcome"))


class PolarsPast:
    """Polars as somebody who knows that the rows are sorted by deal and day would write it."""

    def __init__(self, past: Past) -> None:
        self.past = past
        self.changes = pl.DataFrame(past.changes).lazy()
        ids = np.arange(len(past.deals["rep"]), dtype=np.int32)
        self.deals = pl.DataFrame({"deal": ids, **past.deals}).lazy()

    def f(self) -> Answer:
        """Moves and days, by one fused key of both stages and the days between: beats a group-by for either."""
        after = {"deal": "next", "stage": "to", "day": "until"}
        key = (STAGE.cast(pl.Int32) * 8 + pl.col("to")) * TOOK + pl.col("until") - DAY
        found = (
            self.changes.with_columns(pl.col(name).shift(-1).alias(to) for name, to in after.items())
            .filter(pl.col("stage") < 5)
            .filter(pl.col("next") == DEAL)
            .group_by(key.alias("key"))
            .agg(pl.len())
            .collect(engine="streaming")
        )
        return answers.stepped(found["key"], found["len"])

    def _states(self, day: int, rows: pl.LazyFrame) -> pl.LazyFrame:
        """Return the rows in force at the end of a day: those whose next one is another deal's or comes later."""
        return rows.filter(DAY.le(day) & ((pl.col("next") != DEAL) | (pl.col("until") > day)).fill_null(True))

    def g(self) -> Answer:
        """Walk from the changes only: one filter for either day, one for what is new; no group-by."""
        first, last = self.past.span
        rows = self.changes.with_columns(next=DEAL.shift(-1), until=DAY.shift(-1), previous=DEAL.shift(1))
        new = DAY.is_between(first, last, closed="right") & (pl.col("previous") != DEAL).fill_null(True)
        before, after, born = pl.collect_all(
            [
                self._states(first, rows).filter(OUTCOME == 0).select("deal", "expected_close", "amount"),
                self._states(last, rows)
                .filter((OUTCOME == 0) | DAY.gt(first))
                .select("deal", "outcome", "expected_close", "amount"),
                rows.filter(new).select("deal"),
            ],
            engine="streaming",
        )
        return answers.walked(self.past, _arrays(before), _arrays(after), born["deal"].to_numpy())

    def g2(self) -> Answer:
        """Walk of the deals that were alive in the quarter: their rows by `is_in`, which beats a semi-join."""
        first, last = self.past.span
        closed = pl.col("closed")
        alive = (
            self.deals.filter(pl.col("created").le(last) & ((closed < 0) | (closed > first)))
            .select("deal", "created")
            .collect(engine="streaming")
        )
        rows = self.changes.filter(DEAL.is_in(alive["deal"].implode())).with_columns(
            next=DEAL.shift(-1), until=DAY.shift(-1)
        )
        before, after = pl.collect_all(
            [
                self._states(first, rows).filter(OUTCOME == 0).select("deal", "expected_close", "amount"),
                self._states(last, rows).select("deal", "outcome", "expected_close", "amount"),
            ]
        )
        born = alive.filter(pl.col("created") > first)["deal"].to_numpy()
        found = answers.walked(self.past, _arrays(before), _arrays(after), born)
        return {name: found[name] for name in ("amount", "count")}

    def _state(self, day: int) -> Answer:
        rows = self.changes.with_columns(next=DEAL.shift(-1), until=DAY.shift(-1))
        state, labels = pl.collect_all(
            [
                self._states(day, rows).select(
                    "stage",
                    "outcome",
                    "amount",
                    "expected_close",
                    closed=pl.when(OUTCOME > 0).then(DAY).otherwise(-1),
                ),
                self.deals.filter(pl.col("created").le(day)).select("created", "rep", "segment"),
            ],
            engine="streaming",
        )
        return _arrays(state.hstack(labels))

    def s(self) -> Answer:
        """State of all deals at the end of a day, with their labels."""
        return self._state(self.past.days[-1])

    def s4(self) -> Answer:
        """Sums of the states of four days."""
        return {"sums": np.array([answers.summed(self._state(day)) for day in self.past.days])}


def _arrays(frame: pl.DataFrame) -> Answer:
    """Return the columns as arrays."""
    return {name: frame[name].to_numpy() for name in frame.columns}
