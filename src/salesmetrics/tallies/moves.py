"""Moves: how often deals went from one stage to another."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import attrs
import numpy as np

from salesmetrics import _check
from salesmetrics._histograms import summed
from salesmetrics._kernels import Axis
from salesmetrics.arrays import AnyArray, IntArray
from salesmetrics.books.deals import OPEN, WON, DealBook
from salesmetrics.books.history import DealHistory
from salesmetrics.books.reps import RepBook
from salesmetrics.domain import SalesProcess
from salesmetrics.grouping import taken, window_of
from salesmetrics.passing import moves_between
from salesmetrics.tally import Tally, added
from salesmetrics.visits import POPULATIONS, Placed, States, asked, decided_on, nobody

__all__ = ["MoveTally"]


@attrs.frozen(eq=False, repr=False)
class MoveTally(Tally):
    """Moves from each state to each other, every one of them, by group and period.

    ``population`` says which: ``"flow"`` the moves dated in the period, whatever became of the deal; ``"closed"``, ``"all"``
    and ``"created"`` all moves of the deals closed in it, of those and the open ones, and of the cohort created in it.

    States are the open stages in their order, then the ends. ``moves`` has one more place to come from, the last: deals that
    begin.
    """

    what: ClassVar[str] = "moves"
    causes: ClassVar[tuple[str, ...]] = ("no creation day",)

    by: tuple[str, ...]
    stages: tuple[Any, ...]
    ends: tuple[Any, ...]
    ended: tuple[int, ...]
    population: str
    as_of_day: int | None
    moves: IntArray = added()
    still_open: IntArray = added(total=True)
    left_out: IntArray = added(total=True)

    @classmethod
    def from_book(
        cls,
        deals: DealBook,
        history: DealHistory,
        *,
        by: str | tuple[str, ...] | list[str] | None = None,
        period: object = None,
        where: object = None,
        reps: RepBook | None = None,
        as_of: object = None,
        population: str = "flow",
    ) -> Self:
        """Return the tally of deals and their history."""
        _check.one_of(population, ("flow", *POPULATIONS), "population")
        window = window_of(period)
        place = asked(deals, history, by, where, reps, as_of, ("from", "to", "stage"), window)
        swift = None if population != "flow" else moves_between(place)
        if swift is not None:
            table, still_open, undated = swift[None, None], 0, 0
        else:
            found = place.each_part(lambda part: _counted(part, population))
            table = summed([moves for moves, _, _ in found])
            still_open, undated = sum(still for _, still, _ in found), sum(lost for _, _, lost in found)
        present = place.grouping.present(table)
        known = States.of(place.trails)
        return cls(
            labels=place.grouping.labels(present),
            window=window,
            by=(by,) if isinstance(by, str) else tuple(by or ()),
            stages=known.stages,
            ends=known.ends,
            ended=known.ended,
            population=population,
            as_of_day=place.trails.as_of,
            moves=taken(table, present),
            still_open=np.array([still_open], dtype=np.int64),
            left_out=np.array([undated], dtype=np.int64),
        )

    @classmethod
    def empty(
        cls,
        *,
        process: SalesProcess,
        by: str | tuple[str, ...] | list[str] | None = None,
        period: object = None,
        as_of: object = None,
        population: str = "flow",
    ) -> Self:
        """Return the tally of no deals in the stages of a process: what every other is added to without change."""
        return cls.from_book(*nobody(process, by), by=by, period=period, as_of=as_of, population=population)

    def chain(self) -> IntArray:
        """Return the moves out of open stages: to each of them, to a win, and to any other end."""
        stages = len(self.stages)
        moves = self.moves[..., :stages, :]
        won = np.array([outcome == WON for outcome in self.ended])
        ends = moves[..., stages:]
        closed = [ends[..., kind].sum(axis=-1)[..., None] for kind in (won, ~won)]
        return np.concatenate([moves[..., :stages], *closed], axis=-1)


def _counted(place: Placed, population: str) -> tuple[IntArray, int, int]:
    """Return the counts of moves, the deals of the population that are still open, and those without a creation day."""
    if population == "flow":
        return _moves(place, None), 0, 0
    when = decided_on(place.visits, population, place.window)
    undated = 0
    if population == "created":
        always = attrs.evolve(place, window=window_of(None))
        undated = int(always.table(None, np.where(when < 0, np.int32(0), np.int32(-1)), ()).sum())
    still = place.table(None, np.where(place.visits.outcome == OPEN, when, np.int32(-1)), ()).sum()
    return _moves(place, when), int(still), undated


def _moves(place: Placed, when: AnyArray | None) -> IntArray:
    """Return the counts of moves; ``when`` puts each deal into a period, None each move by its own day."""
    walked = place.visits
    states = walked.states
    origin = np.full(len(walked.state), states, dtype=walked.state.dtype)
    origin[1:] = walked.state[:-1]
    origin[walked.starts[:-1][np.diff(walked.starts) > 0]] = states
    days = walked.day if when is None else when.take(walked.owner)
    every = place.group is None and when is None
    axes = (Axis(origin, states + 1), Axis(walked.state, states))
    return place.table(None if every else walked.owner, days, axes)
