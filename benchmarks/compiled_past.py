"""The jobs on histories as compiled loops, on two threads: rows are sorted by deal and day, and read once, in order."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from benchmarks import past_answers as answers
from benchmarks.answers import Answer
from benchmarks.compiled_deals import THREADS, halves, loop
from benchmarks.past_answers import BUCKETS, TOOK
from benchmarks.past_data import OPEN_STAGES, Past

SIZE = len(BUCKETS)


class CompiledPast:
    """Loops over the same codes as the peers have; where the rows of each deal begin is found before the clock is on."""

    def __init__(self, past: Past) -> None:
        self.past, self._pool = past, ThreadPoolExecutor(THREADS)
        self._starts = np.searchsorted(past.changes["deal"], np.arange(len(past.deals["rep"]) + 1)).astype(np.int32)

    def f(self) -> Answer:
        """Moves and days."""
        columns = [self.past.changes[name] for name in ("deal", "stage", "day")]
        counts = sum(halves(self._pool, _steps, len(columns[0]) - 1, *columns))
        return answers.stepped(np.arange(len(counts)), counts)

    def g(self) -> Answer:
        """Walk from the changes only."""
        return self._walked(_scan, len(self.past.changes["deal"]), self.past.changes["deal"])

    def g2(self) -> Answer:
        """Walk of the deals that were alive in the quarter."""
        lives = (self._starts, self.past.deals["created"], self.past.deals["closed"])
        found = self._walked(_lives, len(self.past.book), *lives)
        return {name: found[name] for name in ("amount", "count")}

    def _walked(self, kernel: Any, size: int, *which: Any) -> Answer:
        columns = [self.past.changes[name] for name in ("day", "outcome", "expected_close", "amount")]
        days = (*self.past.span, self.past.quarter.start_day, self.past.quarter.end_day)
        money, count = (
            sum(each) for each in zip(*halves(self._pool, kernel, size, *which, *columns, days), strict=True)
        )
        return {
            "amount": money[:SIZE] / 100,
            "count": count[:SIZE],
            "open": money[SIZE:] / 100,
            "deals": count[SIZE:],
        }


@loop
def _steps(start: int, stop: int, deal: Any, stage: Any, day: Any) -> Any:
    """Return counts by (stage before * 8 + stage after) * TOOK + days."""
    table = np.zeros(OPEN_STAGES * 8 * TOOK, np.int64)
    for row in range(start, stop):
        counts = (deal[row] == deal[row + 1]) & (stage[row] < OPEN_STAGES)
        key = (stage[row] * 8 + stage[row + 1]) * TOOK + day[row + 1] - day[row]
        table[key * counts] += counts
    return table


@loop
def _scan(start: int, stop: int, deal: Any, day: Any, outcome: Any, expected: Any, amount: Any, days: Any) -> Any:
    """Return money and counts of the buckets, and of what is open at either end, of the deals that begin in these rows."""
    money, count = np.zeros(SIZE + 2, np.int64), np.zeros(SIZE + 2, np.int64)
    row = start
    while 0 < row < stop and deal[row] == deal[row - 1]:
        row += 1
    while row < stop:
        born, before, after = row, -1, -1
        while row < len(deal) and deal[row] == deal[born]:
            before = row if day[row] <= days[0] else before
            after = row if day[row] <= days[1] else after
            row += 1
        if after >= 0:
            _enter(money, count, born, before, after, day, outcome, expected, amount, days)
    return money, count


@loop
def _lives(
    start: int,
    stop: int,
    starts: Any,
    created: Any,
    closed: Any,
    day: Any,
    outcome: Any,
    expected: Any,
    amount: Any,
    days: Any,
) -> Any:
    """Return the same of the deals that were alive in the quarter, which alone are looked up."""
    money, count = np.zeros(SIZE + 2, np.int64), np.zeros(SIZE + 2, np.int64)
    for deal in range(start, stop):
        if (created[deal] <= days[1]) & ((closed[deal] < 0) | (closed[deal] > days[0])):
            before, after = -1, -1
            for row in range(starts[deal], starts[deal + 1]):
                before = row if day[row] <= days[0] else before
                after = row if day[row] <= days[1] else after
            if after >= 0:
                _enter(money, count, starts[deal], before, after, day, outcome, expected, amount, days)
    return money, count


@loop
def _enter(
    money: Any,
    count: Any,
    born: int,
    before: int,
    after: int,
    day: Any,
    outcome: Any,
    expected: Any,
    amount: Any,
    days: Any,
) -> None:
    """Enter one deal: the rows it is born in, and those in force on the two days."""
    first, _, start, end = days
    was = before >= 0 and outcome[before] == 0
    if not was and outcome[after] > 0 and day[after] <= first:
        return
    held = was and start <= expected[before] < end
    kept = outcome[after] == 0 and start <= expected[after] < end
    passing = not held and outcome[after] > 0
    if was:
        _add(money, count, SIZE, amount[before])
    if outcome[after] == 0:
        _add(money, count, SIZE + 1, amount[after])
    if held:
        step = amount[after] - amount[before]
        _add(money, count, 0, amount[before])
        if step > 0:
            _add(money, count, 5, step)
        elif step < 0:
            _add(money, count, 6, step)
    if (not held and kept) or passing:
        bucket = 1 if day[born] > first else 2 if not was else 3 if expected[before] >= end else 4
        _add(money, count, bucket, amount[after])
    if (held and not kept) or passing:
        state = outcome[after]
        bucket = 7 if state == 1 else 8 if state == 2 else 9 if expected[after] >= end else 10
        _add(money, count, bucket, -amount[after])
    if kept:
        _add(money, count, 11, amount[after])


@loop
def _add(money: Any, count: Any, bucket: int, amount: int) -> None:
    """Count one deal in a bucket."""
    money[bucket] += amount
    count[bucket] += 1
