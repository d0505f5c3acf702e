"""The jobs as compiled loops: the simplest good form in numba, on two threads, which no library of columns can far outrun.

Each thread runs a loop over its half of the rows, into tables of its own, which are added up. Loops do not branch on what
half of the rows have: a row that does not count adds 0. Money stays in whole cents.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import numba
import numpy as np

from benchmarks import answers
from benchmarks.answers import DAYS, Answer
from benchmarks.data import QUARTERS, REPS, SEGMENTS, WEEKS, Data

THREADS = 2
loop = numba.njit(nogil=True)


def halves(pool: ThreadPoolExecutor, kernel: Any, rows: int, *columns: Any) -> list[Any]:
    """Return what a loop gives for either half of the rows."""
    edges = [rows * part // THREADS for part in range(THREADS + 1)]
    jobs = [pool.submit(kernel, start, stop, *columns) for start, stop in pairwise(edges)]
    return [job.result() for job in jobs]


class Compiled:
    """Loops over the same codes as the peers have."""

    def __init__(self, data: Data) -> None:
        self.data, self._pool = data, ThreadPoolExecutor(THREADS)

    def _summed(self, kernel: Any, names: str, *more: int) -> Any:
        """Return the tables of both halves, added up."""
        columns = [self.data.columns[name] for name in names.split()]
        found = halves(self._pool, kernel, self.data.rows, *columns, *more)
        return [sum(tables) for tables in zip(*found, strict=True)] if isinstance(found[0], tuple) else sum(found)

    def a(self) -> Answer:
        """Bookings and attainment."""
        return answers.attainment(self.data, self._summed(_booked, "outcome rep quarter amount", QUARTERS))

    def b(self) -> Answer:
        """Win rate and mean size."""
        count, amount = self._summed(_decided, "outcome rep quarter amount")
        return answers.rates(count[:, 1], count[:, 2], amount)

    def c(self) -> Answer:
        """Open and weighted pipeline, coverage."""
        first, stop = max(self.data.as_of, self.data.last.start_day), self.data.last.end_day
        names = "outcome rep quarter amount probability expected_close"
        return answers.coverage(self.data, *self._summed(_pipeline, names, first, stop))

    def d(self) -> Answer:
        """Velocity."""
        count, opened, (amount, days) = self._summed(_speed, "outcome segment quarter amount created closed")
        return answers.velocity(opened, count[:, 1], count[:, 2], amount, days)

    def e(self) -> Answer:
        """Quantiles and Kaplan-Meier medians."""
        waits = self._summed(_waits, "outcome rep created closed", self.data.as_of)
        return self._finished(_cycles, ("p50", "p90", "median"), waits)

    def i(self) -> Answer:
        """Jobs a to e."""
        return self.a() | self.b() | self.c() | self.d() | self.e()

    def q(self) -> Answer:
        """Median and p90 of amounts won, by rep, exact: a counting sort by rep, then a sort of each."""
        outcome, rep, amount = (self.data.columns[name] for name in ("outcome", "rep", "amount"))
        counts = np.array(halves(self._pool, _wins, self.data.rows, outcome, rep))
        starts = np.concatenate([[0], np.cumsum(counts.sum(axis=0))])
        places = [starts[:-1].copy(), starts[:-1] + counts[0]]
        amounts = np.empty(starts[-1], dtype=np.int64)
        edge = self.data.rows // THREADS
        jobs = [(0, edge, places[0]), (edge, self.data.rows, places[1])]
        list(self._pool.map(lambda job: _gather(job[0], job[1], outcome, rep, amount, job[2], amounts), jobs))
        return self._finished(_ranked, ("p50", "p90"), starts, amounts)

    def w(self) -> Answer:
        """Forecast error by rep."""
        return answers.error_of_calls(self.data, self._summed(_booked, "outcome rep week amount", WEEKS))

    def _finished(self, kernel: Any, names: tuple[str, ...], *tables: Any) -> Answer:
        """Return a value for each rep, half of the reps on each thread."""
        out = np.full((len(names), REPS), np.nan)
        halves(self._pool, kernel, REPS, out, *tables)
        return dict(zip(names, out, strict=True))


@loop
def _booked(start: int, stop: int, outcome: Any, rep: Any, when: Any, amount: Any, spans: int) -> Any:
    """Return what was won by rep and quarter or week; a row that does not count adds 0 to a cell of its rep."""
    table = np.zeros(REPS * spans, np.int64)
    for row in range(start, stop):
        counts = (outcome[row] == 1) & (when[row] >= 0)
        table[rep[row] * spans + max(when[row], 0)] += amount[row] * counts
    return table


@loop
def _decided(start: int, stop: int, outcome: Any, rep: Any, quarter: Any, amount: Any) -> Any:
    """Return how many deals there are of each outcome and what was won, by rep and quarter."""
    count = np.zeros((REPS * QUARTERS, 4), np.int32)
    total = np.zeros(REPS * QUARTERS, np.int64)
    for row in range(start, stop):
        cell = rep[row] * QUARTERS + max(quarter[row], 0)
        count[cell, outcome[row]] += 1
        total[cell] += amount[row] * (outcome[row] == 1)
    return count, total


@loop
def _pipeline(
    start: int,
    stop: int,
    outcome: Any,
    rep: Any,
    quarter: Any,
    amount: Any,
    chance: Any,
    expected: Any,
    first: int,
    end: int,
) -> Any:
    """Return what is open, weighted, due, and booked in the last quarter, by rep.

    Few rows count: here branches are nearly free, and spare reading the other columns.
    """
    opened, weighted = np.zeros(REPS, np.int64), np.zeros(REPS, np.int64)
    due, booked = np.zeros(REPS, np.int64), np.zeros(REPS, np.int64)
    for row in range(start, stop):
        if (outcome[row] == 1) & (quarter[row] == QUARTERS - 1):
            booked[rep[row]] += amount[row]
        if outcome[row] == 0:
            opened[rep[row]] += amount[row]
            weighted[rep[row]] += amount[row] * chance[row]
            due[rep[row]] += amount[row] * ((expected[row] >= first) & (expected[row] < end))
    return opened, weighted, due, booked


@loop
def _speed(
    start: int, stop: int, outcome: Any, segment: Any, quarter: Any, amount: Any, created: Any, closed: Any
) -> Any:
    """Return counts by outcome, open deals, and money and days of wins, by segment and quarter."""
    count = np.zeros((SEGMENTS * QUARTERS, 4), np.int64)
    opened = np.zeros(SEGMENTS, np.int64)
    total = np.zeros((2, SEGMENTS * QUARTERS), np.int64)
    for row in range(start, stop):
        cell = segment[row] * QUARTERS + max(quarter[row], 0)
        won = outcome[row] == 1
        count[cell, outcome[row]] += 1
        opened[segment[row]] += outcome[row] == 0
        total[0, cell] += amount[row] * won
        total[1, cell] += (closed[row] - created[row]) * won
    return count, opened, total


@loop
def _waits(start: int, stop: int, outcome: Any, rep: Any, created: Any, closed: Any, as_of: int) -> Any:
    """Return how many deals waited how many days, by rep: open ones, wins, other closed ones."""
    table = np.zeros((3, REPS, DAYS), np.int32)
    for row in range(start, stop):
        end = max(closed[row], as_of * (outcome[row] == 0))
        table[min(outcome[row], 2), rep[row], end - created[row]] += 1
    return table


@loop
def _cycles(start: int, stop: int, out: Any, waits: Any) -> None:
    """Put quantiles of wins and Kaplan-Meier medians of some reps in their places."""
    for rep in range(start, stop):
        won, risk = 0, 0
        for day in range(DAYS):
            won += waits[1, rep, day]
            risk += waits[0, rep, day] + waits[1, rep, day] + waits[2, rep, day]
        seen, half, tenth, survival = 0, (won + 1) // 2, (9 * won + 9) // 10, 1.0
        for day in range(DAYS):
            before, above = seen, survival > 0.5 * (1 + 1e-12)
            over = waits[1, rep, day] + waits[2, rep, day]
            seen += waits[1, rep, day]
            survival *= (max(risk, 1) - over) / max(risk, 1)
            risk -= over + waits[0, rep, day]
            if before < half <= seen:
                out[0, rep] = day
            if before < tenth <= seen:
                out[1, rep] = day
            if above and survival <= 0.5 * (1 + 1e-12):
                out[2, rep] = day


@loop
def _wins(start: int, stop: int, outcome: Any, rep: Any) -> Any:
    """Return the number of wins by rep."""
    count = np.zeros(REPS, np.int64)
    for row in range(start, stop):
        count[rep[row]] += outcome[row] == 1
    return count


@loop
def _gather(start: int, stop: int, outcome: Any, rep: Any, amount: Any, place: Any, amounts: Any) -> None:
    """Put the amounts won where those of their rep stand."""
    for row in range(start, stop):
        if outcome[row] == 1:
            amounts[place[rep[row]]] = amount[row]
            place[rep[row]] += 1


@loop
def _ranked(start: int, stop: int, out: Any, starts: Any, amounts: Any) -> None:
    """Put the nearest-rank median and p90 of some reps' amounts, in dollars, in their places."""
    for rep in range(start, stop):
        size = starts[rep + 1] - starts[rep]
        if size > 0:
            mine = np.sort(amounts[starts[rep] : starts[rep + 1]])
            out[0, rep], out[1, rep] = mine[(size + 1) // 2 - 1] / 100, mine[(9 * size + 9) // 10 - 1] / 100
