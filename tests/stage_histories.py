"""Random ways through the stages, and what the definitions say of them, deal by deal."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from hypothesis import strategies as st

from salesmetrics.books import DealBook, DealHistory
from salesmetrics.columns import DayColumn, KeyColumn, LabelColumn
from salesmetrics.domain import OUTCOMES, SalesProcess, Stage

FIRST = 20_000  # the day from which days are counted
SEGMENTS = ("Mid", "SMB")
PROCESS = SalesProcess(
    [
        Stage("Lead", 1, 0.1),
        Stage("Demo", 2, 0.3),
        Stage("Bid", 3, 0.6),
        Stage("Deal", 4, outcome="won"),
        Stage("Paid", 5, outcome="won"),
        Stage("Gone", 6, outcome="lost"),
        Stage("Sleep", 7, outcome="no_decision"),
    ]
)
OPEN_STAGES = 3
NAMES = PROCESS.names
ENDED = [OUTCOMES.index(PROCESS.outcome(name)) for name in NAMES]


class Way(NamedTuple):
    """A deal: its segment, the day it was created (None: not known), and (day, place of the stage or None) of each change."""

    segment: int
    created: int | None
    changes: tuple[tuple[int, int | None], ...]
    present: int | None = None  # the stage in the book, of a deal without a change


def day(number: int) -> dt.date:
    """Return the date of a day counted from the first one."""
    return dt.date(1970, 1, 1) + dt.timedelta(days=FIRST + number)


@st.composite
def ways(draw: st.DrawFn, max_size: int = 8) -> list[Way]:
    """Deals with skips, moves back, entries again, reopenings, open ends, ties, gaps in what is known and no history at all."""
    steps = st.lists(
        st.tuples(st.integers(0, 12), st.sampled_from([0, 0, 1, 1, 2, 2, 3, 4, 5, 5, 6, None])), min_size=0, max_size=7
    )
    found = []
    for segment, begun, late, moves, present in draw(
        st.lists(
            st.tuples(st.integers(0, 1), st.integers(0, 40), st.integers(0, 3), steps, st.sampled_from([0, 1, 2, 2])),
            max_size=max_size,
        )
    ):
        at = begun + (late if late > 1 else 0)
        changes = []
        for gap, stage in moves:
            changes.append((at, stage))
            at += gap
        found.append(Way(segment, begun if late < 3 else None, tuple(changes), None if changes else present))
    return found


def books(found: Sequence[Way]) -> tuple[DealBook, DealHistory]:
    """Return the deal book as it stands in the end, and the history, rows in a scrambled order."""
    rows = [(key, d, seq, s) for key, way in enumerate(found) for seq, (d, s) in enumerate(way.changes)]
    rows = rows[::2][::-1] + rows[1::2]
    history = DealHistory(
        columns={
            "deal": KeyColumn(np.array([r[0] for r in rows], dtype=np.int64)),
            "date": DayColumn(np.array([r[1] + FIRST for r in rows], dtype=np.int32)),
            "seq": KeyColumn(np.array([r[2] for r in rows], dtype=np.int64)),
            "stage": LabelColumn(
                np.array([-1 if r[3] is None else r[3] for r in rows], dtype=np.int8), NAMES, ordered=True
            ),
        },
        rows=len(rows),
        process=PROCESS,
    )
    order = list(range(len(found)))[::-1]
    ends = [end_of(found[key].changes) for key in order]
    last = [found[key].changes[-1][1] if found[key].changes else found[key].present for key in order]
    deals = DealBook(
        columns={
            "id": KeyColumn(np.array(order, dtype=np.int64)),
            "created": _days([found[key].created for key in order]),
            "closed": _days([closed for _, closed in ends]),
            "outcome": LabelColumn(np.array([outcome for outcome, _ in ends], dtype=np.int8), OUTCOMES, ordered=True),
            "stage": LabelColumn(np.array([-1 if s is None else s for s in last], dtype=np.int8), NAMES, ordered=True),
            "segment": LabelColumn(np.array([found[key].segment for key in order], dtype=np.int8), SEGMENTS),
        },
        rows=len(order),
        process=PROCESS,
    )
    return deals, history


def _days(values: Iterable[int | None]) -> DayColumn:
    return DayColumn(np.array([-1 if v is None else v + FIRST for v in values], dtype=np.int32))


def parts(found: Sequence[Way], owners: Sequence[int], count: int) -> list[tuple[DealBook, DealHistory]]:
    """Return the books of a cut of the deals."""
    deals, history = books(found)
    cut = []
    for part in range(count):
        mine = np.array([key for key, owner in enumerate(owners) if owner == part], dtype=np.int64)
        cut.append((deals.filter(np.isin(deals["id"], mine)), history.filter(np.isin(history["deal"], mine))))
    return cut


# --- the model: one deal at a time -----------------------------------------------------------------------------------


def end_of(changes: Sequence[tuple[int, int | None]]) -> tuple[int, int | None]:
    """Return the outcome that the last change leaves, and the day of the closing."""
    outcome, closed = 0, None
    for when, stage in changes:
        now = 0 if stage is None else ENDED[stage]
        if now != outcome:
            outcome, closed = now, (when if now else None)
    return outcome, closed


class Walk(NamedTuple):
    """What one deal did: visits as (stage, first day, day left or None), outcome, day closed."""

    way: Way
    stays: tuple[tuple[int, int, int | None], ...]
    outcome: int
    closed: int | None
    begun: int
    dated: bool

    @property
    def held(self) -> list[int]:
        return [stage for stage, _, _ in self.stays if stage < OPEN_STAGES]

    @property
    def highest(self) -> int:
        return OPEN_STAGES if self.outcome == 1 else max(self.held, default=-1)

    @property
    def skipped(self) -> bool:
        return not set(range(min(self.highest + 1, OPEN_STAGES))) <= set(self.held)

    @property
    def regressed(self) -> bool:
        pairs = zip(self.stays, self.stays[1:], strict=False)
        return any(b[0] < a[0] < OPEN_STAGES for a, b in pairs)


def walks(found: Sequence[Way], as_of: int | None = None) -> list[Walk]:
    """Return what each deal had done by a day."""
    every = [
        d for way in found for d in ([way.created] if way.created is not None else []) + [d for d, _ in way.changes][:1]
    ]
    answer = []
    for way in found:
        changes = list(way.changes)
        if not changes:
            since = way.created if way.created is not None else min(every, default=0)
            changes = [(since, way.present)]
        begun = changes[0][0] if way.created is None else min(way.created, changes[0][0])
        if as_of is not None:
            if begun > as_of:
                continue
            changes = [c for c in changes if c[0] <= as_of]
        seen: list[list[Any]] = []
        for when, stage in changes:
            if stage is None or (seen and seen[-1][0] == stage):
                continue
            if seen:
                seen[-1][2] = when
            seen.append([stage, when, None])
        # a stage that becomes unknown while the deal is open again does not reopen the visit before
        stays = tuple((stage, first, last) for stage, first, last in seen)
        outcome, closed = end_of(changes)
        answer.append(Walk(way, stays, outcome, closed, begun, bool(way.changes) or way.created is not None))
    return answer


def members(found: Sequence[Walk], population: str, low: int | None = None, high: int | None = None) -> list[Walk]:
    """Return the deals of a population, the period being [low, high)."""

    def inside(when: int | None) -> bool:
        return when is not None and (low is None or low <= when) and (high is None or when < high)

    if population == "created":
        return [w for w in found if w.way.created is not None and inside(w.way.created)]
    closed = [w for w in found if w.outcome and inside(w.closed)]
    return closed if population == "closed" else closed + [w for w in found if not w.outcome]


def reached(walk: Walk, stage: int, skips: str) -> bool:
    """Tell whether a deal reached a stage (the number of stages: was won)."""
    if stage == OPEN_STAGES:
        return walk.outcome == 1
    return stage in walk.held if skips == "observed" else walk.highest >= stage


def advanced(walk: Walk, stage: int, skips: str, reentry: str = "first") -> bool:
    """Tell whether a deal went beyond a stage it reached."""
    if skips != "observed":
        return walk.highest > stage
    at = [i for i, (s, _, _) in enumerate(walk.stays) if s == stage][0 if reentry == "first" else -1]
    return walk.outcome == 1 or any(stage < s < OPEN_STAGES for s, _, _ in walk.stays[at:])


def moves(found: Iterable[Walk], low: int | None = None, high: int | None = None) -> dict[tuple[int, int], int]:
    """Return how often deals moved from one stage to another on days of [low, high)."""
    counts: dict[tuple[int, int], int] = defaultdict(int)
    for walk in found:
        for (a, _, _), (b, when, _) in zip(walk.stays, walk.stays[1:], strict=False):
            if (low is None or low <= when) and (high is None or when < high):
                counts[a, b] += 1
    return dict(counts)


def waits(walk: Walk, stage: int, until: str, reentry: str, as_of: int | None) -> tuple[int, str, int] | None:
    """Return the days a deal waited in a stage, what ended it, and the day it began; None where there is no such wait."""
    if not walk.dated:
        return None
    stays = [stay for stay in walk.stays if stay[0] == stage]
    if until == "exit":
        stays = [stay for stay in stays if stay[2] is not None]
    if not stays:
        return None
    if until == "advance":
        assert as_of is not None
        begun = stays[0 if reentry == "first" else -1]
        for s, when, _ in walk.stays[walk.stays.index(begun) + 1 :]:
            if stage < s < OPEN_STAGES:
                return when - begun[1], "advanced", begun[1]
        if walk.closed is not None:
            return walk.closed - begun[1], "advanced" if walk.outcome == 1 else "ended", begun[1]
        return as_of - begun[1], "still there", begun[1]
    chosen = {"sum": stays, "first": stays[:1], "last": stays[-1:]}[reentry]
    today = 0 if as_of is None else as_of
    days = sum((today if last is None else last) - first for _, first, last in chosen)
    return days, "still there" if any(last is None for _, _, last in chosen) else "left", chosen[0][1]
