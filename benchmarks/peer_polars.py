"""The jobs in Polars: one fused integer key, the streaming engine where it is the faster, exact int64 sums."""

from __future__ import annotations

from typing import Any

import polars as pl

from benchmarks import answers
from benchmarks.answers import DAYS, Answer, dense
from benchmarks.data import QUARTERS, REPS, SEGMENTS, WEEKS, Data

WON, LOST, OPEN = pl.col("outcome") == 1, pl.col("outcome") == 2, pl.col("outcome") == 0
CELL = (pl.col("rep").cast(pl.Int32) * QUARTERS + pl.col("quarter")).alias("cell")
WEEK = (pl.col("rep").cast(pl.Int32) * WEEKS + pl.col("week")).alias("cell")
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

    def _closed(self, cell: pl.Expr, size: int, **more: pl.Expr) -> list[Any]:
        """Return wins, losses, money of wins (and more sums) by a key.

        One pass over wins, one over losses, which beats one key with the outcome in it.
        """
        sums = {"s": pl.col("amount").sum(), **more}
        won, lost = self._run(
            self.frame.filter(WON).group_by(cell).agg(pl.len(), **sums),
            self.frame.filter(LOST).group_by(cell).agg(pl.len()),
        )
        losses = dense(size, lost["cell"], lost["len"])
        return [dense(size, won["cell"], won["len"]), losses, *(dense(size, won["cell"], won[name]) for name in sums)]

    def _open(self) -> list[Any]:
        """Return money that is open, weighted and due, by rep."""
        amount, last, as_of = pl.col("amount"), self.data.last, self.data.as_of
        expected = pl.col("expected_close")
        due = (expected >= max(as_of, last.start_day)) & (expected < last.end_day)
        sums = {"s": amount.sum(), "w": (amount * pl.col("probability")).sum(), "due": amount.filter(due).sum()}
        (found,) = self._run(self.frame.filter(OPEN).group_by("rep").agg(**sums))
        return [dense(REPS, found["rep"], found[name]) for name in sums]

    def b(self) -> Answer:
        """Win rate and mean size."""
        return answers.rates(*self._closed(CELL, REPS * QUARTERS))

    def c(self) -> Answer:
        """Open and weighted pipeline, coverage."""
        last = WON & (pl.col("quarter") == QUARTERS - 1)
        (won,) = self._run(self.frame.filter(last).group_by("rep").agg(pl.col("amount").sum()))
        return answers.coverage(self.data, *self._open(), dense(REPS, won["rep"], won["amount"]))

    def _still(self) -> Any:
        """Return the open deals of each segment."""
        (found,) = self._run(self.frame.filter(OPEN).group_by("segment").agg(pl.len()))
        return dense(SEGMENTS, found["segment"], found["len"])

    def d(self) -> Answer:
        """Velocity."""
        return answers.velocity(self._still(), *self._closed(PART, SEGMENTS * QUARTERS, days=TOOK.sum()))

    def q(self) -> Answer:
        """Quantiles of amounts: a group-by with two quantiles; one packed sort takes as long."""
        amount = pl.col("amount")
        (found,) = self._run(
            self.frame.filter(WON)
            .group_by("rep")
            .agg(p50=amount.quantile(0.5, "equiprobable"), p90=amount.quantile(0.9, "equiprobable"))
        )
        return answers.by_rep(found["rep"], p50=found["p50"] / 100, p90=found["p90"] / 100)

    def w(self) -> Answer:
        """Forecast errors."""
        (won,) = self._run(self.frame.filter(WON & (pl.col("week") >= 0)).group_by(WEEK).agg(pl.col("amount").sum()))
        return answers.error_of_calls(self.data, dense(REPS * WEEKS, won["cell"], won["amount"]))

    def _waits(self) -> tuple[Any, Any, Any]:
        """Return counts by rep and day of open, won and all closed deals.

        A sorted key and its runs beat a group for each rep and day, and quantiles within groups.
        """
        key = pl.col("rep").cast(pl.Int32) * DAYS
        runs = self.frame.filter(~OPEN).select(((key + TOOK) * 2 + WON.cast(pl.Int32)).alias("k").sort())
        closed = runs.select(pl.col("k").rle()).unnest("k").collect()
        (opened,) = self._run(
            self.frame.filter(OPEN).group_by((key + self.data.as_of - pl.col("created")).alias("k")).agg(pl.len())
        )
        key, count = (closed[name].to_numpy() for name in ("value", "len"))
        cycles, others = (
            dense(REPS * DAYS, key[picked] >> 1, count[picked]) for picked in (key & 1 == 1, key & 1 == 0)
        )
        return dense(REPS * DAYS, opened["k"], opened["len"]), cycles, cycles + others

    def e(self) -> Answer:
        """Quantiles and Kaplan-Meier medians."""
        return answers.cycles(*self._waits())

    def i(self) -> Answer:
        """Jobs a to e, each table made once."""
        waiting, cycles, closed = self._waits()
        won, lost, booked = self._closed(CELL, REPS * QUARTERS)
        sold, missed, money, took = self._closed(PART, SEGMENTS * QUARTERS, days=TOOK.sum())
        opened, weighted, due = self._open()
        return answers.Tables(
            won=won,
            lost=lost,
            booked=booked,
            opened=opened,
            weighted=weighted,
            due=due,
            still=self._still(),
            sold=sold,
            missed=missed,
            money=money,
            took=took,
            waiting=waiting,
            cycles=cycles,
            closed=closed,
        ).answer(self.data)
