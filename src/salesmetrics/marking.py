"""Open deals as they stood on a day, with their flags, and what the thresholds of these are learned from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs
import numpy as np

from salesmetrics._check import date_of
from salesmetrics._histograms import Histogram, runs
from salesmetrics._threads import blocks_in_order
from salesmetrics.arrays import AnyArray, BoolArray, IntArray
from salesmetrics.books.activities import ActivityBook
from salesmetrics.books.deals import WON, DealBook
from salesmetrics.books.history import DealHistory
from salesmetrics.books.placing import places
from salesmetrics.columns import Column, DayColumn, KeyColumn, LabelColumn, MoneyColumn
from salesmetrics.domain import STATUSES
from salesmetrics.errors import InvalidDataError
from salesmetrics.flagging import FlagRules
from salesmetrics.grouping import as_of_day
from salesmetrics.money import to_major
from salesmetrics.opening import Opened, opened
from salesmetrics.visits import Visits

__all__ = ["PLAIN", "Marks", "marked", "refuse_credits"]

PLAIN = ("overdue", "undated", "unpriced", "ownerless", "no_next_step", "stale", "pushed", "regressed")
"""Flags that a deal has by itself; the other two depend on other deals."""
_PROGRESS = ("stage", "amount", "expected_close")
_PLANNED, _DONE = STATUSES.index("planned"), STATUSES.index("done")
_NEEDS = {
    "overdue": "`expected_close` among the deals",
    "undated": "`expected_close` among the deals",
    "unpriced": "`amount` among the deals",
    "ownerless": "`rep` among the deals",
    "no_next_step": "activities",
    "stale": "a history or activities",
    "over_age": "a history with stages in order",
    "pushed": "a history with `expected_close`",
    "regressed": "a history with stages in order",
    "concentrated": "`amount` among the deals",
}

Flag = tuple[BoolArray, BoolArray]


@attrs.frozen(eq=False)
class Marks:
    """Deals open at the end of a day, in the order of the deal book.

    Attributes
    ----------
    day : int
        The day.
    rows : numpy.ndarray
        Their rows in the deal book.
    deals : DealBook
        The open deals as they stood, owner and stage included.
    flags : mapping of str to (value, known)
        The flags that a deal has by itself.
    stages : tuple
        The open stages, in order; none where no order is known or asked for.
    stage, age : numpy.ndarray
        Place of each deal's stage, and the days that are held against a limit; -1 where not known.
    minor, priced : numpy.ndarray
        Amount in minor units, 0 where it is not known, and whether it is.
    learned : Histogram
        Days that limits are learned from.
    untold : mapping of str to str
        The flags that nothing given tells of any deal, and what they need.
    """

    day: int
    rows: IntArray
    deals: DealBook
    flags: Mapping[str, Flag]
    stages: tuple[Any, ...]
    stage: AnyArray
    age: AnyArray
    minor: IntArray
    priced: BoolArray
    learned: Histogram
    untold: Mapping[str, str]


def marked(
    deals: DealBook,
    history: DealHistory | None,
    activities: ActivityBook | None,
    *,
    as_of: object,
    where: object,
    rules: FlagRules,
    wanted: tuple[str, ...],
    block: tuple[int, int] | None = None,
) -> Marks:
    """Return the open deals that ``where`` keeps, with the flags that are wanted.

    ``block`` picks some of them, from one place to another, where there is no history: limits come with the first place.
    """
    day = as_of_day(deals, as_of, needed="flags, which are of open deals")
    assert day is not None
    there = opened(deals, history, day, where, block)
    done = None if activities is None else _Activities(there, activities)
    nothing = np.zeros(there.size, dtype=bool)
    flags: dict[str, Flag] = {}
    untold: dict[str, str] = {}
    for name in wanted:
        found = _flag(name, there, done, rules) if name in PLAIN else None
        if name in PLAIN:
            flags[name] = found or (nothing, nothing)
        if name in PLAIN and found is None:
            untold[name] = f"it needs {_NEEDS[name]}"
            if name == "no_next_step" and activities is not None:
                untold[name] = f"the activities were taken after {date_of(day)}"
    aged = _aged(there, rules) if "over_age" in wanted else None
    if aged is not None and block is not None and block[0]:
        aged = (*aged[:3], _nothing())
    if "over_age" in wanted and aged is None:
        way = "stages in order and creation days" if rules.method == "cycle_multiple" else _NEEDS["over_age"]
        untold["over_age"] = f"it needs {way}"
    if aged is None:
        none = np.full(there.size, -1, dtype=np.int64)
        aged = (), none, none, _nothing()
    minor, priced = there.money
    if "concentrated" in wanted and "amount" not in there.book.columns:
        untold["concentrated"] = f"it needs {_NEEDS['concentrated']}"
    told = {name: untold[name] for name in wanted if name in untold}
    return Marks(day, there.rows, there.book, flags, aged[0], aged[1], aged[2], minor, priced, aged[3], told)


def refuse_credits(marks: Marks, negative: str) -> BoolArray:
    """Return which open deals are credits, or raise where some are and they are not to be left out."""
    credit: BoolArray = marks.priced & (marks.minor < 0)
    if negative == "raise" and bool(credit.any()):
        first = float(to_major(marks.minor[credit][:1], marks.deals.scale)[0])
        raise InvalidDataError(
            f"`amount` must be >= 0 in every open deal; got {int(credit.sum())} that are not (first: {first}).",
            code="SM-AMT-08",
            field="amount",
            row=int(marks.rows[credit][0]),
            rows=marks.rows[credit],
            values=[first],
            hint="negative='exclude' leaves credits out of the money and counts them.",
        )
    return credit


def _flag(name: str, there: Opened, done: _Activities | None, rules: FlagRules) -> Flag | None:
    """Return a flag that a deal has by itself and where it is known; None where nothing given tells."""
    if name in ("overdue", "undated"):
        return _of_dates(name, there)
    if name in ("unpriced", "ownerless"):
        column = "amount" if name == "unpriced" else "rep"
        held = there.book.columns.get(column)
        known = there.known_of(column)
        return None if held is None else (held.missing() & known, known)
    if name == "no_next_step":
        return None if done is None or not done.on_time else (~done.planned, np.ones(there.size, dtype=bool))
    if name == "stale":
        return _stale(there, done, rules)
    if name == "pushed":
        pushes = _pushes(there)
        return None if pushes is None else (pushes >= rules.count, np.ones(there.size, dtype=bool))
    return None if there.walked is None else _regressed(there.walked, there.trail)


# --- flags of columns and changes ------------------------------------------------------------------------------------


def _of_dates(name: str, there: Opened) -> Flag | None:
    """Return whether the expected close is missing, or has passed; whether one that is missing has is not known."""
    expected = there.book.columns.get("expected_close")
    if not isinstance(expected, DayColumn):
        return None
    known = there.known_of("expected_close")
    if name == "undated":
        return (expected.days < 0) & known, known
    known = known & (expected.days >= 0)
    return known & (expected.days < there.day), known


def _pushes(there: Opened) -> IntArray | None:
    """Return how often the expected close of each deal was moved to a later day."""
    if there.history is None or "expected_close" not in there.paths.history.columns:
        return None
    row, owner = there.changes
    days = there.paths.expected.take(row)
    later = (owner[1:] == owner[:-1]) & (days[:-1] >= 0) & (days[1:] > days[:-1])
    return np.bincount(owner[1:][later], minlength=there.size)


def _regressed(walked: Visits, trail: IntArray) -> Flag:
    """Return whether the last move between stages was to a lower one; reopening a closed deal is no such move."""
    here, at = _stage_now(walked, trail)
    before = np.append(walked.state.astype(np.int64), -1)[np.where(at > walked.starts.take(trail), at - 1, -1)]
    return (here >= 0) & (before < len(walked.stages)) & (before > here), here >= 0


def _stale(there: Opened, done: _Activities | None, rules: FlagRules) -> Flag | None:
    """Return whether the last touch, or the last progress, lies more than some days back."""
    if rules.since == "progress":
        last = _progressed(there)
    else:
        last = None if there.history is None else _edited(there)
        if last is None and done is not None:
            last = there.created.astype(np.int64)
        if last is not None and done is not None:
            last = np.maximum(last, done.last)
    if last is None:
        return None
    known = last >= 0
    return known & (there.day - last > rules.days), known


def _edited(there: Opened) -> IntArray:
    """Return the day of the last change of each deal, its creation included; -1 where not even that is known."""
    days = there.paths.day.take(there.paths.starts.take(there.trail + 1) - 1).astype(np.int64)
    return np.where(there.lost, -1, days)


def _progressed(there: Opened) -> IntArray | None:
    """Return the day of the last change of stage, amount or expected close of each deal, as far as they are tracked."""
    if there.history is None:
        return None
    columns = [there.paths.history.columns[name] for name in _PROGRESS if name in there.paths.history.columns]
    if not columns:
        return None
    row, owner = there.changes
    moved = np.ones(len(row), dtype=bool)
    moved[1:] = owner[1:] != owner[:-1]
    for column in columns:
        for values in _compared(column.take(row)):
            moved[1:] |= values[1:] != values[:-1]
    days = np.full(there.size, -1, dtype=np.int64)
    days[owner[moved]] = there.paths.day.take(row[moved])  # in order of time: the last one stays
    return np.where(there.lost, -1, days)


def _compared(column: Column) -> list[AnyArray]:
    """Return what must be equal for two values to be the same."""
    if isinstance(column, MoneyColumn):
        return [column.minor, column.missing()]
    return [column.codes if isinstance(column, LabelColumn) else column.days]  # type: ignore[attr-defined]


# --- activities ------------------------------------------------------------------------------------------------------


class _Activities:
    """What activities say of open deals: the last one that was done, and whether one is planned."""

    def __init__(self, there: Opened, activities: ActivityBook) -> None:
        whose: LabelColumn = activities.column("deal", "flags of deals")
        date: DayColumn = activities.column("date", "flags of deals")
        ids: KeyColumn = there.book.column("id", "activities of deals")
        levels = np.array(whose.levels, dtype=object if any(isinstance(v, str) for v in whose.levels) else np.int64)
        place = np.append(places(ids, levels), -1).take(whose.codes, mode="wrap")
        status = activities.columns.get("status")
        codes = status.codes if isinstance(status, LabelColumn) else np.full(len(date), -1, dtype=np.int8)
        dated, past = date.days >= 0, date.days <= there.day
        # an activity of which nothing is said is taken to be planned until its day, and done from then on
        done = dated & past & ((codes == _DONE) | (codes < 0))
        planned = ((codes == _PLANNED) | (codes < 0)) & (date.days >= there.day)
        self.on_time = activities.as_of_day is None or activities.as_of_day <= there.day
        self.last = np.full(there.size, -1, dtype=np.int64)
        mine = np.flatnonzero(done & (place >= 0))
        np.maximum.at(self.last, place[mine], date.days.take(mine))
        self.planned = np.zeros(there.size, dtype=bool)
        self.planned[place[planned & (place >= 0)]] = True


# --- ages ------------------------------------------------------------------------------------------------------------


def _aged(there: Opened, rules: FlagRules) -> tuple[tuple[Any, ...], AnyArray, AnyArray, Histogram] | None:
    """Return the stages, those of the open deals and their ages, and the days that limits are learned from."""
    if rules.method == "cycle_multiple":
        return _by_cycle(there)
    walked = there.walked
    if walked is None:
        return None
    stage, at = _stage_now(walked, there.trail)
    entered = np.append(walked.day, -1).take(np.where(stage >= 0, at, len(walked.day)))
    known = (stage >= 0) & ~walked.undated.take(there.trail)
    age = np.where(known, there.day - entered.astype(np.int64), -1)
    learned = _nothing() if rules.limits is not None else _dwells(there, walked, rules.learned)
    return walked.stages, stage, age, learned


def _stage_now(walked: Visits, trail: IntArray) -> tuple[IntArray, IntArray]:
    """Return the place of the stage each deal is in, -1 where it is not known, and its visit to it."""
    at = walked.starts.take(trail + 1) - 1
    state = np.append(walked.state.astype(np.int64), -1)[np.where(at >= walked.starts.take(trail), at, -1)]
    return np.where(state < len(walked.stages), state, -1), at


def _dwells(there: Opened, walked: Visits, learned: str) -> Histogram:
    """Return the days that deals spent in each stage, all visits of a deal that are over together."""
    stages = len(walked.stages)
    chosen = ~walked.undated if learned == "all" else ~walked.undated & (walked.outcome == WON)
    if there.mask is not None:
        chosen = chosen & there.paths.of_book(there.mask)
    at = np.flatnonzero((walked.state < stages) & ~walked.last_of_deal)
    at = at[chosen.take(walked.owner.take(at))]
    days = walked.day.take(at + 1).astype(np.int64) - walked.day.take(at)
    pair = walked.owner.take(at).astype(np.int64) * stages + walked.state.take(at)
    distinct, total = runs(pair, days)
    return _histogram(distinct % max(stages, 1), total)


def _by_cycle(there: Opened) -> tuple[tuple[Any, ...], AnyArray, AnyArray, Histogram] | None:
    """Return the same with the age of the deal, to be held against the cycles of won deals."""
    found = _placed(there)
    if found is None or ("created" not in there.book.columns and there.history is None):
        return None
    created = there.created.astype(np.int64)
    return found[0], found[1], np.where(created < 0, -1, there.day - created), _cycles(there)


def _placed(there: Opened) -> tuple[tuple[Any, ...], IntArray] | None:
    """Return the open stages in order, and that of each deal: from the history, else from the book."""
    if there.walked is not None:
        return there.walked.stages, _stage_now(there.walked, there.trail)[0]
    column, process = there.book.columns.get("stage"), there.deals.process
    if process is None or not isinstance(column, LabelColumn):
        return None
    stages = tuple(name for name in process.names if process.outcome(name) == "open")
    place = [stages.index(level) if level in stages else -1 for level in column.levels]
    return stages, np.array([*place, -1], dtype=np.int64)[column.codes]


def _cycles(there: Opened) -> Histogram:
    """Return the days from creation to close of the deals that were won, in one row."""
    if there.history is not None and there.walked is not None:
        walked = there.walked
        came, began, ended = walked.outcome, walked.created, walked.closed
        mask = None if there.mask is None else there.paths.of_book(there.mask)
    else:
        outcome: LabelColumn = there.deals.column("outcome", "cycles of won deals")
        began, ended = (there.deals.column(name, "cycles of won deals").days for name in ("created", "closed"))
        came, mask = outcome.codes, there.mask
    found = [_nothing()]
    for at, stop in blocks_in_order(0, len(came)):
        first, last = began[at:stop], ended[at:stop]
        won = (came[at:stop] == WON) & (last <= there.day) & (first >= 0) & (last >= 0)
        won = won if mask is None else won & mask[at:stop]
        days = last[won].astype(np.int64) - first[won]
        found.append(_histogram(np.zeros_like(days), days))
    return Histogram.together(found)


def _nothing() -> Histogram:
    nothing = np.zeros(0, dtype=np.int64)
    return _histogram(nothing, nothing)


def _histogram(row: IntArray, days: IntArray) -> Histogram:
    return Histogram.of(row.astype(np.int64), days.astype(np.int64))
