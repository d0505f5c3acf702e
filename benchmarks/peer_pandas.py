"""The jobs in pandas: one integer key for each group-by, rows picked before they are grouped."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from benchmarks import answers
from benchmarks.answers import DAYS, Answer, dense
from benchmarks.data import QUARTERS, REPS, SEGMENTS, WEEKS, Data


class Pandas:
    """pandas as somebody who knows it would write it; the quarter of each close is given as a code."""

    def __init__(self, data: Data) -> None:
        self.data = data
        self.frame = pd.DataFrame(data.columns)

    def _picked(self, outcome: int, *columns: str) -> Any:
        return self.frame.loc[self.frame["outcome"].to_numpy() == outcome, list(columns)]

    def _summed(self, frame: Any, first: str, size: int, *columns: str) -> list[Any]:
        """Return counts and sums by a first label and quarter."""
        key = frame[first].to_numpy().astype(np.int32) * QUARTERS + frame["quarter"].to_numpy()
        grouped = frame.groupby(key, sort=False)
        found = [grouped.size(), *(grouped[name].sum() for name in columns)]
        return [dense(size, each.index, each) for each in found]

    def a(self) -> Answer:
        """Bookings and attainment."""
        won = self._picked(1, "rep", "quarter", "amount")
        return answers.attainment(self.data, self._summed(won, "rep", REPS * QUARTERS, "amount")[1])

    def b(self) -> Answer:
        """Win rate and mean size."""
        size = REPS * QUARTERS
        won, amount = self._summed(self._picked(1, "rep", "quarter", "amount"), "rep", size, "amount")
        (lost,) = self._summed(self._picked(2, "rep", "quarter"), "rep", size)
        return answers.rates(won, lost, amount)

    def c(self) -> Answer:
        """Open and weighted pipeline, coverage."""
        last, as_of = self.data.last, self.data.as_of
        opened = self._picked(0, "rep", "amount", "probability", "expected_close")
        due = (opened["expected_close"] >= max(as_of, last.start_day)) & (opened["expected_close"] < last.end_day)
        sums = (
            opened.assign(weighted=opened["amount"] * opened["probability"], due=opened["amount"] * due)
            .groupby("rep", sort=False)[["amount", "weighted", "due"]]
            .sum()
        )
        won = self._picked(1, "rep", "quarter", "amount")
        booked = won[won["quarter"] == QUARTERS - 1].groupby("rep", sort=False)["amount"].sum()
        return answers.coverage(
            self.data,
            dense(REPS, sums.index, sums["amount"]),
            dense(REPS, sums.index, sums["weighted"]),
            dense(REPS, sums.index, sums["due"]),
            dense(REPS, booked.index, booked),
        )

    def d(self) -> Answer:
        """Velocity."""
        size = SEGMENTS * QUARTERS
        wins = self._picked(1, "segment", "quarter", "amount", "closed", "created")
        wins["days"] = wins["closed"] - wins["created"]
        won, amount, days = self._summed(wins, "segment", size, "amount", "days")
        (lost,) = self._summed(self._picked(2, "segment", "quarter"), "segment", size)
        opened = self._picked(0, "segment").groupby("segment").size()
        return answers.velocity(dense(SEGMENTS, opened.index, opened), won, lost, amount, days)

    def q(self) -> Answer:
        """Quantiles of amounts: one sort of rep and amount packed into a number, which beats a group-by."""
        won = self._picked(1, "rep", "amount")
        packed = pd.Series((won["rep"].to_numpy().astype(np.int64) << 40) + won["amount"].to_numpy()).sort_values()
        return answers.ranked(packed.to_numpy())

    def w(self) -> Answer:
        """Forecast errors."""
        won = self._picked(1, "rep", "week", "amount")
        won = won[won["week"] >= 0]
        key = won["rep"].to_numpy().astype(np.int32) * WEEKS + won["week"].to_numpy()
        booked = won["amount"].groupby(key, sort=False).sum()
        return answers.error_of_calls(self.data, dense(REPS * WEEKS, booked.index, booked))

    def e(self) -> Answer:
        """Quantiles and Kaplan-Meier medians, from counts by rep and day."""
        frame = self.frame
        is_open = frame["outcome"].to_numpy() == 0
        end = np.where(is_open, self.data.as_of, frame["closed"].to_numpy())
        key = frame["rep"].to_numpy().astype(np.int32) * DAYS + (end - frame["created"].to_numpy())

        def counted(rows: Any) -> Any:
            found = pd.Series(key[rows]).value_counts(sort=False)
            return dense(REPS * DAYS, found.index, found)

        won = frame["outcome"].to_numpy() == 1
        return answers.cycles(counted(is_open), counted(won), counted(~is_open))
