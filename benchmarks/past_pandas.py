"""The jobs on histories in pandas: neighbouring rows of arrays, rows picked before they are grouped."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from benchmarks import past_answers as answers
from benchmarks.answers import Answer
from benchmarks.past_answers import TOOK
from benchmarks.past_data import Past


class PandasPast:
    """pandas as somebody who knows that the rows are sorted by deal and day would write it."""

    def __init__(self, past: Past) -> None:
        self.past = past
        self.changes = pd.DataFrame(past.changes)
        self.deals = pd.DataFrame(past.deals)

    def f(self) -> Answer:
        """Moves and days, by one fused key."""
        deal, stage, day = (self.changes[name].to_numpy() for name in ("deal", "stage", "day"))
        key = (stage[:-1].astype(np.int32) * 8 + stage[1:]) * TOOK + (day[1:] - day[:-1])
        found = pd.Series(key[deal[1:] == deal[:-1]]).value_counts(sort=False)
        return answers.stepped(found.index, found)

    def _states(self, day: int, rows: Any) -> Any:
        """Return the rows in force at the end of a day: the last of each deal up to it."""
        deal, days = rows["deal"].to_numpy(), rows["day"].to_numpy()
        later = np.append((deal[1:] != deal[:-1]) | (days[1:] > day), True)
        return rows[later & (days <= day)]

    def g(self) -> Answer:
        """Walk from the changes only."""
        first, last = self.past.span
        before, after = (self._states(day, self.changes) for day in (first, last))
        before = before[before["outcome"].to_numpy() == 0]
        after = after[(after["outcome"].to_numpy() == 0) | (after["day"].to_numpy() > first)]
        deal, day = self.changes["deal"].to_numpy(), self.changes["day"].to_numpy()
        new = (day > first) & (day <= last)
        new[1:] &= deal[1:] != deal[:-1]
        return answers.walked(self.past, _arrays(before), _arrays(after), deal[new])

    def g2(self) -> Answer:
        """Walk of the deals that were alive in the quarter: their rows by a table of flags."""
        first, last = self.past.span
        created, closed = self.deals["created"].to_numpy(), self.deals["closed"].to_numpy()
        alive = (created <= last) & ((closed < 0) | (closed > first))
        rows = self.changes[alive[self.changes["deal"].to_numpy()]]
        before, after = (self._states(day, rows) for day in (first, last))
        before = before[before["outcome"].to_numpy() == 0]
        born = np.flatnonzero(alive & (created > first))
        found = answers.walked(self.past, _arrays(before), _arrays(after), born)
        return {name: found[name] for name in ("amount", "count")}

    def _state(self, day: int) -> Answer:
        state = _arrays(self._states(day, self.changes))
        labels = self.deals[self.deals["created"].to_numpy() <= day]
        closed = np.where(state["outcome"] > 0, state["day"], -1)
        return {**state, "closed": closed, **{name: labels[name].to_numpy() for name in ("created", "rep", "segment")}}

    def s(self) -> Answer:
        """State of all deals at the end of a day, with their labels."""
        return self._state(self.past.days[-1])

    def s4(self) -> Answer:
        """Sums of the states of four days."""
        return {"sums": np.array([answers.summed(self._state(day)) for day in self.past.days])}


def _arrays(frame: Any) -> Answer:
    """Return the columns as arrays."""
    return {name: frame[name].to_numpy() for name in frame.columns}
