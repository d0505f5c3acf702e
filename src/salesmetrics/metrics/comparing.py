"""Do deals of these groups close, or win, at one pace?"""

from __future__ import annotations

from typing import Literal

import attrs
import numpy as np

from salesmetrics import _check, formulas
from salesmetrics.answers import dated, reasons, words
from salesmetrics.arrays import AnyArray, IntArray, Where
from salesmetrics.books import DealBook, RepBook
from salesmetrics.calendars import DayLike, PeriodLike
from salesmetrics.cohorts import CLOSED, Followed, cohort, followed
from salesmetrics.errors import InvalidArgumentError, MergeError
from salesmetrics.keywords import names_keywords
from salesmetrics.labels import Labels
from salesmetrics.results import MetricTable
from salesmetrics.scans import DealScan
from salesmetrics.tallies import DurationTally

__all__ = ["logrank"]

By = str | tuple[str, ...] | list[str] | None


@names_keywords
def logrank(
    deals: DealBook | DealScan | DurationTally,
    /,
    *,
    by: By = None,
    period: PeriodLike | None = None,
    where: Where | None = None,
    reps: RepBook | None = None,
    as_of: DayLike | None = None,
    outcome: Literal["closed", "won", "lost"] = "closed",
    entry: object = None,
) -> MetricTable:
    """Log-rank test: do deals of these groups close (or win) at one pace, or is the difference more than chance?

    Compares the curves of all groups that ``by`` makes, open deals censored; without ``by``, the cohorts of several periods.
    With both, one test for each period.

    Parameters
    ----------
    deals : DealBook, DealScan or DurationTally
        The deals, or a tally with basis "created".
    by, where, reps
        As in `cycle_length`; ``by`` makes the groups that are compared.
    period : Period or Periods, optional
        The days of ``created`` that make the cohorts. None is all days.
    as_of : date or str, optional
        The day of the snapshot; the book's own day by default, and required where it has none.
    outcome : {"closed", "won", "lost"}, default "closed"
        Which end counts. With "won" or "lost", a deal that ends otherwise is censored at its age: the test compares the pace
        of wins among the deals still open, which is not the share that is won in the end.
    entry : date or str, or array of int, optional
        As in `win_rate_curve`.

    Returns
    -------
    MetricTable
        The two-sided p-value, unit ``fraction``: the chance of a difference at least as large if all groups were alike.
        ``n`` counts the deals. Parts: ``chi_square``, its ``degrees_of_freedom``, ``events`` and ``groups`` that could be
        compared. No deals, fewer than two groups or no end: NaN ``no_rows``. Groups that were never under observation at one
        age: ``not_observed``.

    Raises
    ------
    InvalidArgumentError
        Neither ``by`` nor several periods are given, so that there is one group.
    MergeError
        The tally holds amounts, where the test counts deals.

    Notes
    -----
    One planned look for each test: of twenty groups without any difference, one pair in twenty looks different. A small p does
    not say how large the difference is; the curves do.

    Examples
    --------
    >>> import salesmetrics as sm
    >>> deals = sm.read_deals({"segment": ["SMB"] * 4 + ["Mid"] * 4, "created": ["2026-01-01"] * 8,
    ...                        "outcome": ["won", "lost", "won", "lost", "won", "lost", "open", "open"],
    ...                        "closed": ["2026-01-03", "2026-01-04", "2026-01-06", "2026-01-07", "2026-02-03", "2026-02-09",
    ...                                   None, None]}, as_of="2026-03-01")
    >>> test = sm.logrank(deals, by="segment")["all"]
    >>> round(test.value, 4), round(test.parts["chi_square"], 4)
    (0.0067, 7.3444)
    """
    _check.one_of(outcome, ("closed", "won", "lost"), "outcome")
    tally = cohort(deals, by, period, where, reps, as_of, entry, None, None)
    if tally.weight != "count":
        raise MergeError("the tally must count deals for a test; got one by amount.", code="SM-TLY-20", field="weight")
    across = tally.labels.names == ()
    if across and not tally.window.many:
        raise InvalidArgumentError(
            "`by` must be given, or several periods, to compare groups; got neither.",
            code="SM-ARG-68",
            field="by",
            hint="by='segment' compares segments, period=calendar.quarters(start, end) the cohorts of quarters.",
        )
    tables = followed(tally, CLOSED if outcome == "closed" else (outcome,), together=True)
    happened = tables.events[:, 0]
    shape = (len(tally.labels), tally.window.size, happened.shape[1])
    tests = [_Test.of(tables, happened, rows) for rows in _tested(shape[:2], across=across)]
    ended = {"closed": "any close", "won": "a win", "lost": "a loss"}[outcome]
    labels = Labels.single() if across else tally.window.cross(Labels.single())
    columns = {field.name: np.array([getattr(test, field.name) for test in tests]) for field in attrs.fields(_Test)}
    reason = reasons(
        len(tests),
        ("no_rows", (columns["groups"] < 2) | (columns["events"] == 0)),
        ("not_observed", columns["degrees_of_freedom"] == 0),
    )
    return MetricTable(
        name="logrank",
        unit="fraction",
        labels=labels,
        value=np.where(reason != 0, np.nan, columns.pop("p_value")),
        n=columns.pop("n"),
        reason_code=reason,
        parts=columns,
        part_units={"chi_square": "fraction", **dict.fromkeys(("degrees_of_freedom", "events", "groups"), "count")},
        left_out=tally.unread(),
        definition=words(
            f"log-rank test of the time to {ended} between {'periods' if across else ' x '.join(tally.labels.names)}",
            dated(tally.window, "created", tally.as_of_day),
        ),
    )


def _tested(shape: tuple[int, int], *, across: bool) -> list[AnyArray]:
    """Return the rows of each test: all periods of the one group, or all groups of each period."""
    rows = np.arange(shape[0] * shape[1]).reshape(shape)
    return [rows[0]] if across else list(rows.T)


@attrs.frozen
class _Test:
    """One log-rank test."""

    p_value: float
    n: int
    chi_square: float
    degrees_of_freedom: int
    events: int
    groups: int

    @classmethod
    def of(cls, tables: Followed, happened: IntArray, rows: AnyArray) -> _Test:
        """Return the test between some rows, those without deals left aside."""
        deals = happened[rows].sum(axis=1) + tables.censored[rows].sum(axis=1)
        some = rows[deals > 0]
        entered = None if tables.entered is None else tables.entered[some]
        found = formulas.logrank(happened[some], tables.censored[some], entered=entered)
        return cls(
            found.p_value,
            int(deals.sum()),
            found.statistic,
            found.degrees_of_freedom,
            int(happened[rows].sum()),
            len(some),
        )
