"""Flags of open deals, deal by deal: which records want cleaning, and which deals somebody must look at."""

from __future__ import annotations

from typing import Literal

import numpy as np

from salesmetrics import _check
from salesmetrics.arrays import AnyArray, BoolArray, Where
from salesmetrics.asking import activity_book, deal_history, whole_book
from salesmetrics.books import ActivityBook, DealBook, DealHistory
from salesmetrics.calendars import DayLike
from salesmetrics.columns import KeyColumn, LabelColumn
from salesmetrics.flagging import FLAGS, FlagRules, FlagTable, beyond_share, checked_rules, limits_of, over_limit
from salesmetrics.keywords import names_keywords
from salesmetrics.marking import Marks, marked, refuse_credits

__all__ = ["flags"]


@names_keywords
def flags(
    deals: DealBook,
    /,
    *,
    as_of: DayLike | None = None,
    history: DealHistory | None = None,
    activities: ActivityBook | None = None,
    where: Where | None = None,
    rules: FlagRules | None = None,
    negative: Literal["raise", "exclude"] = "raise",
) -> FlagTable:
    """Flags of each open deal: which of them want a look, and why?

    One boolean for each open deal and flag, and whether it is known: a flag that cannot be told is not known, which is not
    False. Nothing dated after ``as_of`` is read. There is no score.

    Parameters
    ----------
    deals : DealBook
        The deals.
    as_of : date or str, optional
        The day of the snapshot: deals open at its end, as they stood then. The book's own day by default, and required where it
        has none.
    history : DealHistory, optional
        The changes of the deals: ``over_age``, ``pushed`` and ``regressed`` need it, ``stale`` needs it or activities. Without
        one, deals are as the book has them now.
    activities : ActivityBook, optional
        ``no_next_step`` needs it, ``stale`` reads it.
    where : array of bool or mapping, optional
        The deals to read, by their labels as they are now; thresholds are learned from no others.
    rules : FlagRules, optional
        The thresholds; `FlagRules` states each default.
    negative : {"raise", "exclude"}, default "raise"
        What to do about credits among the open deals: refuse them, or leave them out of the open pipeline.

    Returns
    -------
    FlagTable
        One row for each open deal, in the order of the book: ``overdue`` (its expected close lies before the day), ``undated``,
        ``unpriced``, ``ownerless`` (that column is missing), ``no_next_step`` (no activity is planned for the day or later),
        ``stale`` (no touch for more than 14 days), ``over_age`` (in its stage longer than 0.9 of the completed dwells of that
        stage), ``pushed`` (its expected close was moved to a later day twice or more), ``regressed`` (its last move between
        stages was to a lower one), ``concentrated`` (it is more than 0.25 of the open pipeline).

    Raises
    ------
    InvalidDataError
        If the history contradicts the deals, or an open deal is a credit.

    See Also
    --------
    hygiene_share, at_risk : What they amount to, by group.

    Notes
    -----
    Not known: whether a deal without an expected close is overdue; a column that the book has not; the next step, where the
    activities were taken after the day; over age in a stage of which no dwell was completed, or where the entry to it is not
    known; what a history does not track, of deals that have changed since; the share of a deal without an amount.

    Examples
    --------
    >>> import salesmetrics as sm
    >>> deals = sm.read_deals({"id": ["a", "b"], "rep": ["Ana", None], "amount": [900, 100], "outcome": ["open"] * 2,
    ...                        "expected_close": ["2026-01-31", None]})
    >>> found = sm.flags(deals, as_of="2026-02-05")
    >>> found["overdue"].tolist(), found["ownerless"].tolist(), found["concentrated"].tolist()
    ([True, False], [False, True], [True, False])
    >>> found.known["overdue"].tolist(), found.known["stale"].tolist()
    ([True, False], [False, False])
    """
    _check.one_of(negative, ("raise", "exclude"), "negative")
    held = checked_rules(rules)
    book = whole_book(deals, "flags, which list the deals themselves")
    told = None if history is None else deal_history(history)
    done = None if activities is None else activity_book(activities)
    marks = marked(book, told, done, as_of=as_of, where=where, rules=held, wanted=FLAGS)
    refuse_credits(marks, negative)
    limits = limits_of(held, marks.stages, marks.learned)
    found = dict(marks.flags)
    found["over_age"] = over_limit(marks.stage, marks.age, limits)
    found["concentrated"] = _concentrated(marks, held)
    ids, rep = marks.deals.columns.get("id"), marks.deals.columns.get("rep")
    return FlagTable(
        ids=ids.user() if isinstance(ids, KeyColumn) else marks.rows,
        reps=rep.user() if isinstance(rep, LabelColumn) else _nobody(len(marks.deals)),
        value={name: found[name][0] for name in FLAGS},
        known={name: found[name][1] for name in FLAGS},
        as_of_day=marks.day,
        rules=held,
        limits={stage: days for stage, days in zip(marks.stages, limits.tolist(), strict=True) if days >= 0},
        notes=tuple(f"{name}: not known, {why}" for name, why in marks.untold.items()),
    )


def _concentrated(marks: Marks, rules: FlagRules) -> tuple[BoolArray, BoolArray]:
    """Return whether each deal is more than a share of the open pipeline; nothing is known of a share of nothing."""
    own = marks.priced & (marks.minor >= 0)
    total = sum(marks.minor[own].tolist())
    known = own & (total > 0)
    return known & (marks.minor > beyond_share(total, rules.share)), known


def _nobody(count: int) -> AnyArray:
    nobody: AnyArray = np.full(count, None, dtype=object)
    return nobody
