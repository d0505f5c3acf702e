"""The jobs through the library's public functions, on a built book."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

import salesmetrics as sm
from benchmarks.answers import Answer
from benchmarks.data import QUARTERS, REPS, SEGMENTS, Data, rep_names
from salesmetrics.columns import LabelColumn

Question: TypeAlias = Callable[[Any], Any]
ASKED = {
    "a": ("attainment",),
    "b": ("win_rate", "deal_size"),
    "c": ("open", "weighted", "coverage"),
    "d": ("velocity",),
    "e": ("p50", "p90", "curve"),
}
"""The questions of each job; job i asks them all at once."""


def questions(data: Data, level: float | None = None) -> dict[str, Question]:
    """Return the questions of jobs a to e, by name; each takes a book or what stands in its place."""
    quotas, periods, last = data.quotas, data.periods, data.last
    return {
        "attainment": lambda d: sm.attainment(d, quotas, period=periods, by="rep"),
        "win_rate": lambda d: sm.win_rate(d, period=periods, by="rep", confidence_level=level),
        "deal_size": lambda d: sm.deal_size(d, period=periods, by="rep", confidence_level=level),
        "open": lambda d: sm.open_pipeline(d, by="rep"),
        "weighted": lambda d: sm.weighted_pipeline(d, by="rep"),
        "coverage": lambda d: sm.pipeline_coverage(d, quotas, basis="remaining", period=last, by="rep"),
        "velocity": lambda d: sm.velocity(d, period=periods, by="segment"),
        "p50": lambda d: sm.cycle_length(d, by="rep", stat="median", confidence_level=level),
        "p90": lambda d: sm.cycle_length(d, by="rep", stat=0.9, confidence_level=level),
        "curve": lambda d: sm.cycle_curve(d, by="rep", confidence_level=level),
    }


def answered(found: Mapping[str, Any]) -> Answer:
    """Return the answers to questions as plain tables, NaN (of what is open: 0) where there is no row."""
    out: Answer = {}
    for name, table in found.items():
        if name == "attainment":
            out["booked"] = _by_both(table, table.parts["booked"])
            out["attainment"] = _by_both(table)
        elif name in ("win_rate", "deal_size"):
            out[name] = _by_both(table)
        elif name == "velocity":
            out[name] = _by_both(table, first=SEGMENTS)
        elif name == "curve":
            out["median"] = _by_rep(table.median)
        else:
            out[name] = _by_rep(table, 0.0 if name in ("open", "weighted") else np.nan)
    return out


class Ours:
    """salesmetrics as a user calls it; ``level`` is the confidence level, None leaves intervals out."""

    def __init__(self, data: Data, level: float | None = None) -> None:
        self.data, self.level, self.book = data, level, data.book
        self._questions = questions(data, level)
        quarter = LabelColumn(data.columns["quarter"], tuple(range(QUARTERS)), ordered=True)
        self._coded = data.book.with_labels({"quarter": quarter})
        self._calls: sm.CallTally | None = None

    def _ask(self, *names: str) -> Answer:
        """Return the answers to some questions, asked at once."""
        return answered(sm.measure(self.book, {name: self._questions[name] for name in names}))

    def _call(self, *names: str) -> Answer:
        """Return the answers to the same, call by call."""
        return answered({name: self._questions[name](self.book) for name in names})

    def a(self) -> Answer:
        """Bookings and attainment, rep by quarter: one call."""
        return self._call(*ASKED["a"])

    def b(self) -> Answer:
        """Win rate and mean size, rep by quarter."""
        return self._ask(*ASKED["b"])

    def b_calls(self) -> Answer:
        """Return job b by two calls."""
        return self._call(*ASKED["b"])

    def c(self) -> Answer:
        """Open and weighted pipeline, coverage of what is left of the running quarter, by rep."""
        return self._ask(*ASKED["c"])

    def c_calls(self) -> Answer:
        """Return job c by three calls."""
        return self._call(*ASKED["c"])

    def d(self) -> Answer:
        """Velocity, segment by quarter: one call."""
        return self._call(*ASKED["d"])

    def e(self) -> Answer:
        """Median and p90 of won cycles, and the Kaplan-Meier median, by rep."""
        return self._ask(*ASKED["e"])

    def e_calls(self) -> Answer:
        """Return job e by three calls."""
        return self._call(*ASKED["e"])

    def i(self) -> Answer:
        """Jobs a to e in one pass."""
        return self._ask(*self._questions)

    def i_calls(self) -> Answer:
        """Jobs a to e by ten calls."""
        return self._call(*self._questions)

    def a_given(self) -> Answer:
        """Return job a from what the peers are given: the quarter as a label, and the quotas as a table."""
        table = sm.credited_bookings(self._coded, by=("rep", "quarter"))
        booked = np.nan_to_num(_by_both(table))
        return {"booked": booked, "attainment": sm.formulas.attainment(booked, self.data.quota / 100)}

    def b_given(self) -> Answer:
        """Return job b with the quarter as a label, which the peers are given."""
        by = ("rep", "quarter")
        asked = {
            "win_rate": lambda d: sm.win_rate(d, by=by, confidence_level=self.level),
            "deal_size": lambda d: sm.deal_size(d, by=by, confidence_level=self.level),
        }
        return answered(sm.measure(self._coded, asked))

    def q(self) -> Answer:
        """Median and p90 of the amounts of wins, by rep: both asked at once."""
        asked = {
            "p50": lambda d: sm.deal_size(d, by="rep", stat="median", confidence_level=self.level),
            "p90": lambda d: sm.deal_size(d, by="rep", stat=0.9, confidence_level=self.level),
        }
        return answered(sm.measure(self.book, asked))

    def w(self) -> Answer:
        """Error of weekly calls over what was booked, by rep: one call."""
        return {"wape": _by_rep(sm.wape(self.book, self.data.calls, by="rep"))}

    def w_given(self) -> Answer:
        """Return job w from a tally of the calls that is kept: the peers are given a table of them."""
        if self._calls is None:
            self._calls = sm.CallTally.from_book(self.data.calls, by="rep")
        return {"wape": _by_rep(sm.wape(self.book, self._calls))}


class OursClustered(Ours):
    """The same on the clustered view of the book."""

    def __init__(self, data: Data) -> None:
        super().__init__(data)
        self.book = data.book.clustered()


# --- rows of a result in their places --------------------------------------------------------------------------------


def _places(table: sm.MetricTable) -> npt.NDArray[np.int64]:
    """Return the position of the rep or segment of each row among all; labels end in their number."""
    levels = table.labels.levels[0].values
    codes = table.labels.codes[:, 0]
    if levels == rep_names():
        return codes
    return np.array([int(str(label).rpartition(" ")[2]) for label in levels], dtype=np.int64)[codes]


def _by_rep(table: sm.MetricTable, nothing: float = np.nan) -> npt.NDArray[Any]:
    """Return the values of all reps, those without a row included."""
    out = np.full(REPS, float(nothing))
    out[_places(table)] = table.value
    return out


def _by_both(table: sm.MetricTable, values: Any = None, first: int = REPS) -> npt.NDArray[Any]:
    """Return the values of all reps (or segments) and quarters, those without a row included."""
    out = np.full((first, QUARTERS), np.nan)
    out[_places(table), table.labels.codes[:, 1]] = table.value if values is None else values
    return out
