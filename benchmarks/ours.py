"""The jobs through the library's public functions, on a built book."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

import salesmetrics as sm
from benchmarks.answers import Answer
from benchmarks.data import QUARTERS, REPS, SEGMENTS, Data
from salesmetrics.columns import LabelColumn


class Ours:
    """salesmetrics as a user calls it; ``level`` is the confidence level, None leaves intervals out."""

    def __init__(self, data: Data, level: float | None = None) -> None:
        self.data, self.level = data, level
        quarter = LabelColumn(data.columns["quarter"], tuple(range(QUARTERS)), ordered=True)
        self._coded = data.book.with_labels({"quarter": quarter})

    def a(self) -> Answer:
        """Bookings and attainment, rep by quarter: one call."""
        table = sm.attainment(self.data.book, self.data.quotas, period=self.data.periods, by="rep")
        return {"booked": _square(table.parts["booked"]), "attainment": _square(table.value)}

    def a_given(self) -> Answer:
        """Return the same from what the peers are given: the quarter as a label, and the quotas as a table."""
        table = sm.credited_bookings(self._coded, by=("rep", "quarter"))
        booked = np.zeros((REPS, QUARTERS))
        booked[table.labels.codes[:, 0], table.labels.codes[:, 1]] = table.value
        return {"booked": booked, "attainment": sm.formulas.attainment(booked, self.data.quota / 100)}

    def b_given(self) -> Answer:
        """Return win rate and mean size with the quarter as a label, which the peers are given."""
        by = ("rep", "quarter")
        rate = sm.win_rate(self._coded, by=by, confidence_level=self.level)
        size = sm.deal_size(self._coded, by=by, confidence_level=self.level)
        return {"win_rate": _by_both(rate), "deal_size": _by_both(size)}

    def b(self) -> Answer:
        """Win rate and mean size, rep by quarter: two calls."""
        book, periods = self.data.book, self.data.periods
        rate = sm.win_rate(book, period=periods, by="rep", confidence_level=self.level)
        size = sm.deal_size(book, period=periods, by="rep", confidence_level=self.level)
        return {"win_rate": _square(rate.value), "deal_size": _square(size.value)}

    def b_tally(self) -> Answer:
        """Return the same from one tally."""
        tally = sm.OutcomeTally.from_book(
            self.data.book, period=self.data.periods, by="rep", measures=("count", "amount")
        )
        rate = sm.win_rate(tally, confidence_level=None)
        size = sm.deal_size(tally, confidence_level=None)
        return {"win_rate": _square(rate.value), "deal_size": _square(size.value)}

    def c(self) -> Answer:
        """Open and weighted pipeline, coverage of what is left of the running quarter, by rep: three calls."""
        book = self.data.book
        opened = sm.open_pipeline(book, by="rep")
        weighted = sm.weighted_pipeline(book, by="rep")
        cover = sm.pipeline_coverage(book, self.data.quotas, basis="remaining", period=self.data.last, by="rep")
        return {"open": _by_rep(opened, 0), "weighted": _by_rep(weighted, 0), "coverage": _by_rep(cover)}

    def c_tally(self) -> Answer:
        """Return the same, open and weighted from one tally."""
        book = self.data.book
        tally = sm.PipelineTally.from_book(book, by="rep", weighted=True)
        cover = sm.pipeline_coverage(book, self.data.quotas, basis="remaining", period=self.data.last, by="rep")
        return {
            "open": _by_rep(sm.open_pipeline(tally), 0),
            "weighted": _by_rep(sm.weighted_pipeline(tally), 0),
            "coverage": _by_rep(cover),
        }

    def d(self) -> Answer:
        """Velocity, segment by quarter: one call."""
        table = sm.velocity(self.data.book, period=self.data.periods, by="segment")
        return {"velocity": table.value.reshape(SEGMENTS, QUARTERS)}

    def e(self) -> Answer:
        """Median and p90 of won cycles, and the Kaplan-Meier median, by rep: three calls."""
        book = self.data.book
        half = sm.cycle_length(book, by="rep", stat="median", confidence_level=self.level)
        tenth = sm.cycle_length(book, by="rep", stat=0.9, confidence_level=self.level)
        curve = sm.cycle_curve(book, by="rep", confidence_level=self.level)
        return {"p50": _by_rep(half), "p90": _by_rep(tenth), "median": _by_rep(curve.median)}

    def e_tally(self) -> Answer:
        """Return the same from one tally."""
        tally = sm.DurationTally.from_book(self.data.book, by="rep", basis="created")
        half = sm.cycle_length(tally, stat="median", confidence_level=self.level)
        tenth = sm.cycle_length(tally, stat=0.9, confidence_level=self.level)
        return {
            "p50": _by_rep(half),
            "p90": _by_rep(tenth),
            "median": _by_rep(sm.cycle_curve(tally, confidence_level=self.level).median),
        }


def _square(values: npt.NDArray[Any]) -> npt.NDArray[np.generic]:
    """Return values of reps and quarters as a table of both."""
    return values.reshape(REPS, QUARTERS)


def _by_rep(table: sm.MetricTable, nothing: float = np.nan) -> npt.NDArray[Any]:
    """Return the values of all reps, those without a row included."""
    out = np.full(REPS, float(nothing))
    out[table.labels.codes[:, 0]] = table.value
    return out


def _by_both(table: sm.MetricTable) -> npt.NDArray[Any]:
    """Return the values of all reps and quarters, those without a row included."""
    out = np.full((REPS, QUARTERS), np.nan)
    out[table.labels.codes[:, 0], table.labels.codes[:, 1]] = table.value
    return out
