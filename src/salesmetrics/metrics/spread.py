"""How concentrated are bookings? Gini's coefficient and the share of the largest."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Literal

import attrs
import numpy as np

from salesmetrics import formulas
from salesmetrics.answers import blanked, dated, major, reasons, rolled, words
from salesmetrics.arrays import BoolArray, FloatArray, IntArray, Where
from salesmetrics.books import DealBook, DealHistory, RepBook, SplitBook
from salesmetrics.calendars import DayLike, PeriodLike
from salesmetrics.keywords import names_keywords
from salesmetrics.labels import Labels
from salesmetrics.ledgers import Asked, bookings
from salesmetrics.results import MetricTable
from salesmetrics.scans import DealScan
from salesmetrics.tallies import BookingTally

__all__ = ["gini", "top_share"]

By = str | tuple[str, ...] | list[str] | None


@names_keywords
def gini(
    deals: DealBook | DealScan | BookingTally,
    /,
    *,
    period: PeriodLike | None = None,
    by: By = None,
    where: Where | None = None,
    reps: RepBook | None = None,
    as_of: DayLike | None = None,
    splits: SplitBook | None = None,
    history: DealHistory | None = None,
    credit: Literal["revenue", "overlay"] = "revenue",
    owner: Literal["at_close", "current", "actor"] = "at_close",
    returns: Literal["net", "gross"] = "net",
) -> MetricTable:
    """Gini's coefficient of bookings by rep: how concentrated are bookings?

    A fraction: 0 where all reps booked the same, (n - 1) / n where one booked everything.

    Parameters
    ----------
    deals : DealBook, DealScan or BookingTally
        The deals, or their tally, which is grouped and dated already and kept rep by rep.
    period : Period or Periods, optional
        The days of ``closed`` that count; several periods become a label. None is all days.
    by, where, reps, as_of, splits, history, credit, owner, returns
        As in `attainment`; ``by="team"`` is one coefficient for each team.

    Returns
    -------
    MetricTable
        Unit ``fraction``; ``n`` counts the reps with a won deal (one without an amount makes a rep with bookings of 0). Part:
        ``booked``. A rep who won nothing is not seen; deals without a rep are left out and counted. No rep: NaN
        ``no_rows``. A rep below 0, or nothing booked: NaN ``negative_base``. No interval: it is a census.

    Notes
    -----
    The sum over all pairs of abs(x_i - x_j), over 2 n times the sum of x.

    Examples
    --------
    >>> import salesmetrics as sm
    >>> deals = sm.read_deals({"rep": ["a", "b", "c", "d"], "amount": [10, 20, 30, 40], "outcome": ["won"] * 4,
    ...                        "closed": ["2026-01-20"] * 4})
    >>> sm.gini(deals)["all"].value
    0.25
    """
    asked = Asked(period, by, where, reps, as_of, splits, history, credit, owner, returns)
    people = _people(deals, asked)
    value = formulas.gini(people.booked, groups=people.cell, size=people.size)
    return _table("gini", "Gini's coefficient of bookings by rep", people, np.asarray(value))


@names_keywords
def top_share(
    deals: DealBook | DealScan | BookingTally,
    /,
    *,
    period: PeriodLike | None = None,
    by: By = None,
    where: Where | None = None,
    reps: RepBook | None = None,
    as_of: DayLike | None = None,
    splits: SplitBook | None = None,
    history: DealHistory | None = None,
    credit: Literal["revenue", "overlay"] = "revenue",
    owner: Literal["at_close", "current", "actor"] = "at_close",
    returns: Literal["net", "gross"] = "net",
    top: int | float | Fraction | Decimal,
) -> MetricTable:
    """Share of bookings that the largest reps have: what do the best few carry?

    A fraction in (0, 1].

    Parameters
    ----------
    deals, period, by, where, reps, as_of, splits, history, credit, owner, returns
        As in `gini`.
    top : int or float
        How many reps: a whole number, or (written as a float) a fraction of them in (0, 1], rounded up; 1 is the largest
        alone, 1.0 is all.

    Returns
    -------
    MetricTable
        As `gini`.

    Examples
    --------
    >>> import salesmetrics as sm
    >>> deals = sm.read_deals({"rep": ["a", "b", "c", "d"], "amount": [10, 20, 30, 40], "outcome": ["won"] * 4,
    ...                        "closed": ["2026-01-20"] * 4})
    >>> sm.top_share(deals, top=0.2)["all"].value
    0.4
    """
    asked = Asked(period, by, where, reps, as_of, splits, history, credit, owner, returns)
    people = _people(deals, asked)
    value = formulas.top_share(people.booked, top, groups=people.cell, size=people.size)
    share = f"{top} largest reps" if isinstance(top, (int, np.integer)) else f"largest {top} of the reps"
    return _table("top_share", f"share of bookings of the {share}", people, np.asarray(value))


@attrs.frozen(eq=False)
class _People:
    """Bookings of each rep in each group and period, in minor units, and the cell of the answer they belong to."""

    tally: BookingTally
    labels: Labels
    booked: FloatArray
    cell: IntArray
    size: int


def _people(deals: DealBook | DealScan | BookingTally, asked: Asked) -> _People:
    """Return the bookings of every rep who won a deal."""
    tally = bookings(deals, asked)
    labels, group = tally.labels.onto(tally.by)
    cell = group[:, None] * tally.window.size + np.arange(tally.window.size)
    some = _named(tally)[:, None] & (tally.count > 0)
    return _People(tally, labels, tally.amount[some].astype(np.float64), cell[some], len(labels) * tally.window.size)


def _named(tally: BookingTally) -> BoolArray:
    """Return True for the rows of a rep, False for those of nobody."""
    at = tally.labels.names.index("rep")
    named: BoolArray = tally.labels.codes[:, at] < len(tally.labels.levels[at].values)
    return named


def _table(name: str, what: str, people: _People, value: FloatArray) -> MetricTable:
    """Return the answer for each group and period."""
    tally = people.tally
    n = np.bincount(people.cell, minlength=people.size)
    reason = reasons(len(n), ("no_rows", n == 0), ("negative_base", np.isnan(value)))
    _, group = tally.labels.onto(tally.by)
    named = _named(tally)
    booked = rolled(group, len(people.labels), tally.amount * named[:, None]).reshape(-1)
    return MetricTable(
        name=name,
        unit="fraction",
        labels=tally.window.cross(people.labels),
        value=blanked(value, reason),
        n=n,
        reason_code=reason,
        parts={"booked": major(booked, tally.scale)},
        part_units={"booked": "money"},
        left_out={"no rep": int(tally.count[~named].sum()), "no amount": int(tally.unpriced[named].sum())},
        definition=words(what, tally.credit, dated(tally.window, "closed", tally.as_of_day)),
        scale=tally.scale,
        currency=tally.currency,
    )
