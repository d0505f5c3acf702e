"""Forecast calls of the sample company: each week each rep says what the quarter will come to."""

from __future__ import annotations

import attrs
import numpy as np

from salesmetrics.arrays import AnyArray, IntArray
from salesmetrics.books.forecasts import ForecastBook
from salesmetrics.columns import Column, DayColumn, LabelColumn
from salesmetrics.datasets.chance import Draws, round_to
from salesmetrics.datasets.days import Days
from salesmetrics.datasets.ledger import Coin, Ledger
from salesmetrics.datasets.settings import CALLS
from salesmetrics.datasets.staff import Staff
from salesmetrics.datasets.targets import PLANNED, Targets

__all__ = ["forecast"]

WEEKS = 13


@attrs.frozen(eq=False)
class _Asked:
    """One row for each time a rep is asked for a number."""

    rep: IntArray
    quarter: IntArray
    week: IntArray
    given: IntArray

    def those(self, keep: AnyArray) -> _Asked:
        """Return some of them."""
        at = np.flatnonzero(keep)
        return _Asked(self.rep[at], self.quarter[at], self.week[at], self.given[at])


def forecast(draws: Draws, days: Days, staff: Staff, ledger: Ledger, targets: Targets, coin: Coin) -> ForecastBook:
    """Return the calls made up to the last known day: commit, and best case."""
    asked = _asked(draws, days, staff)
    size = len(asked.rep)
    won, rest = _won_and_rest(days, ledger.won, asked)
    left = WEEKS - asked.week
    usual = targets.minor[asked.rep, asked.quarter] // 100 * PLANNED * left // WEEKS
    seen = (rest * (19 - left) + usual * (left - 1)) // 18
    spread = 5 + 3 * left
    noise = 100 + ((draws.below(size, 1 << 16) + draws.below(size, 1 << 16) - (1 << 16)) * spread >> 16)
    commit = seen * staff.optimism[asked.rep] // 100 * noise // 100
    best = commit * (122 + draws.below(size, 50)) // 100
    amounts = np.stack([won + _rounded(commit, coin), won + _rounded(best, coin)], axis=1).reshape(-1)
    both = np.repeat(np.arange(size), len(CALLS))
    both_kinds = np.tile(np.arange(len(CALLS), dtype=np.int8), size)
    quarters = days.quarters
    columns: dict[str, Column] = {
        "rep": staff.column(asked.rep[both]),
        "start": DayColumn(quarters.starts[asked.quarter[both]].astype(np.int32)),
        "end": DayColumn(quarters.ends[asked.quarter[both]].astype(np.int32)),
        "given": DayColumn(asked.given[both].astype(np.int32)),
        "category": LabelColumn(both_kinds, CALLS, ordered=True),
        "amount": coin.column(amounts),
    }
    return ForecastBook(columns=columns, rows=len(both), currency=coin.currency, scale=coin.scale)


def _asked(draws: Draws, days: Days, staff: Staff) -> _Asked:
    """Return when reps are asked: early in each week of each quarter begun, if they are there; some are forgotten."""
    begun = int((days.quarters.starts <= days.as_of).sum())
    quarter, week, rep = (axis.reshape(-1) for axis in np.indices((begun, WEEKS, len(staff))))
    given = days.quarters.starts.astype(np.int64)[quarter] + 7 * week + draws.below(len(rep), 4)
    asked = _Asked(rep, quarter, week, given)
    role, left = staff.role[rep], staff.left[rep]
    away, back = staff.away[rep], staff.back[rep]
    there = (role <= given) & ((left < 0) | (left > given)) & ((away < 0) | (away > given) | (back <= given))
    known = (given >= days.start) & (given <= days.as_of)
    return asked.those(there & known & ~draws.rarely(len(rep), 70))


def _won_and_rest(days: Days, won: IntArray, asked: _Asked) -> tuple[IntArray, IntArray]:
    """Return what reps had won in the quarter by the end of the day they were asked, and what they won after it."""
    upto = np.zeros((won.shape[0], won.shape[1] + 1), dtype=np.int64)
    np.cumsum(won, axis=1, out=upto[:, 1:])
    begin = np.maximum(days.quarters.starts.astype(np.int64) - days.start, 0)[asked.quarter]
    end = (days.quarters.ends.astype(np.int64) - days.start)[asked.quarter]
    so_far = upto[asked.rep, asked.given - days.start + 1]
    return so_far - upto[asked.rep, begin], upto[asked.rep, end] - so_far


def _rounded(minor: IntArray, coin: Coin) -> IntArray:
    """Return amounts as they are called: whole thousands, or hundreds where they are small."""
    one = 10**coin.scale
    return np.where(minor < 20_000 * one, round_to(minor, 100 * one), round_to(minor, 1000 * one))
