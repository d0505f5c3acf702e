"""The jobs in Polars: one fused integer key, the streaming engine where it is the faster, exact int64 sums."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from benchmarks import answers
from benchmarks.answers import DAYS, Answer, dense
from benchmarks.data import QUARTERS, REPS, SEGMENTS, Data

WON, LOST, OPEN = pl.col("outcome") == 1, pl.col("outcome") == 2, pl.col("outcome") == 0
CELL = (pl.col("rep").cast(pl.Int32) * QUARTERS + pl.col("quarter")).alias("cell")
PART = (pl.col("segment").cast(pl.Int32) * QUARTERS + pl.col("quarter")).alias("cell")
TOOK = pl.col("closed") - pl.col("created")


class Polars:
    """Polars as somebody who knows it would write it; the quarter of each close is given as a code."""

    def __init__(self, data: Data) -> None:
        self.data = data
        self.frame = pl.DataFrame(data.columns).lazy()

    def _run(self, *plans: pl.LazyFrame) -> list[pl.DataFrame]:
        return [plan.collect(engine="streaming") for plan in plans]

    def a(self) -> Answer:
        """Bookings and attainment."""
        (won,) = self._run(self.frame.filter(WON).group_by(CELL).agg(pl.col("amount").sum()))
        return answers.attainment(self.data, dense(REPS * QUARTERS, won["cell"], won["amount"]))

    def b(self) -> Answer:
        """Win rate and mean size: one pass over wins, one over losses, which beats one key with the outcome in it."""
        won, lost = self._run(
            self.frame.filter(WON).group_by(CELL).agg(pl.len(), pl.col("amount").sum()),
            self.frame.filter(LOST).group_by(CELL).agg(pl.len()),
        )
        size = REPS * QUARTERS
        return answers.rates(
            dense(size, won["cell"], won["len"]),
            dense(size, lost["cell"], lost["len"]),
            dense(size, won["cell"], won["amount"]),
        )

    def c(self) -> Answer:
        """Open and weighted pipeline, coverage."""
        amount, last, as_of = pl.col("amount"), self.data.last, self.data.as_of
        expected = pl.col("expected_close")
        due = (expected >= max(as_of, last.start_day)) & (expected < last.end_day)
        opened, won = self._run(
            self.frame.filter(OPEN)
            .group_by("rep")
            .agg(
                amount.sum(),
                (amount * pl.col("probability")).sum().alias("weighted"),
                amount.filter(due).sum().alias("due"),
            ),
            self.frame.filter(WON & (pl.col("quarter") == QUARTERS - 1)).group_by("rep").agg(amount.sum()),
        )
        return answers.coverage(
            self.data,
            dense(REPS, opened["rep"], opened["amount"]),
            dense(REPS, opened["rep"], opened["weighted"]),
            dense(REPS, opened["rep"], opened["due"]),
            dense(REPS, won["rep"], won["amount"]),
        )

    def d(self) -> Answer:
        """Velocity."""
        won, lost, opened = self._run(
            self.frame.filter(WON).group_by(PART).agg(pl.len(), pl.col("amount").sum(), TOOK.sum().alias("days")),
            self.frame.filter(LOST).group_by(PART).agg(pl.len()),
            self.frame.filter(OPEN).group_by("segment").agg(pl.len()),
        )
        size = SEGMENTS * QUARTERS
        return answers.velocity(
            dense(SEGMENTS, opened["segment"], opened["len"]),
            dense(size, won["cell"], won["len"]),
            dense(size, lost["cell"], lost["len"]),
            dense(size, won["cell"], won["amount"]),
            dense(size, won["cell"], won["days"]),
        )

    def e(self) -> Answer:
        """Quantiles and Kaplan-Meier medians: a sorted key and its runs beat a group for each rep and day."""
        quantiles: Any = (
            self.frame.filter(WON)
            .select("rep", TOOK.alias("took"))
            .group_by("rep")
            .agg(p50=pl.col("took").quantile(0.5, "equiprobable"), p90=pl.col("took").quantile(0.9, "equiprobable"))
        )
        key = pl.col("rep").cast(pl.Int32) * DAYS
        runs = self.frame.filter(~OPEN).select((key + TOOK).alias("k").sort()).select(pl.col("k").rle()).unnest("k")
        waiting = self.frame.filter(OPEN).group_by((key + self.data.as_of - pl.col("created")).alias("k")).agg(pl.len())
        cycles, closed, opened = quantiles.collect(), runs.collect(), waiting.collect(engine="streaming")
        p50, p90 = np.full(REPS, np.nan), np.full(REPS, np.nan)
        p50[cycles["rep"]], p90[cycles["rep"]] = cycles["p50"], cycles["p90"]
        table = dense(REPS * DAYS, closed["value"], closed["len"]).reshape(REPS, DAYS)
        still = dense(REPS * DAYS, opened["k"], opened["len"]).reshape(REPS, DAYS)
        return {"p50": p50, "p90": p90, "median": answers.median_to_close(table, still)}
