"""Stages: how many deals reached each, and how many went on."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import attrs
import numpy as np

from salesmetrics import _check
from salesmetrics._histograms import summed
from salesmetrics._kernels import Axis, Range
from salesmetrics.arrays import AnyArray, IntArray
from salesmetrics.books.deals import OPEN, WON, DealBook
from salesmetrics.books.history import DealHistory
from salesmetrics.books.reps import RepBook
from salesmetrics.domain import SalesProcess
from salesmetrics.errors import InvalidArgumentError, show
from salesmetrics.grouping import taken, window_of
from salesmetrics.tally import Tally, added
from salesmetrics.visits import Placed, States, asked, decided_on, nobody

__all__ = ["REENTRIES", "SKIPS", "StageTally"]

SKIPS = ("impute", "observed", "exclude")
REENTRIES = ("first", "last")


@attrs.frozen(eq=False, repr=False)
class StageTally(Tally):
    """Deals that reached each stage, went beyond it and were won, by group and period.

    ``population`` says which deals: ``"closed"`` those closed in the period, ``"all"`` the open ones as well, ``"created"`` the
    cohort created in it. ``skips`` says what having reached a stage means: ``"impute"`` the deal has held it or a higher one,
    ``"observed"`` it is on record, ``"exclude"`` it is on record and only deals without a skipped stage are read.
    """

    what: ClassVar[str] = "stages"
    causes: ClassVar[tuple[str, ...]] = ("no creation day",)

    by: tuple[str, ...]
    stages: tuple[Any, ...]
    population: str
    skips: str
    reentry: str | None
    as_of_day: int | None
    deals: IntArray = added()
    still_open: IntArray = added()
    skipped: IntArray = added()
    regressed: IntArray = added()
    reached: IntArray = added()
    advanced: IntArray = added()
    won: IntArray = added()
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
        population: str = "closed",
        skips: str = "impute",
        reentry: str | None = None,
    ) -> Self:
        """Return the tally of deals and their history; the last place of ``reached`` is the win."""
        _check.one_of(skips, SKIPS, "skips")
        if reentry is not None:
            _check.one_of(reentry, REENTRIES, "reentry")
        if skips != "observed" and reentry is not None:
            raise InvalidArgumentError(
                f"`reentry` must not be given with skips {show(skips)}; got {show(reentry)}.",
                code="SM-MOV-05",
                field="reentry",
                values=[reentry],
                hint="only skips='observed' looks at what came after an entry.",
            )
        window = window_of(period)
        place = asked(deals, history, by, where, reps, as_of, ("stage",), window)
        found = place.each_part(lambda part: _counted(part, population, skips, reentry or "first"))
        numbers = {name: summed([tables[name] for tables, _, _ in found]) for name in found[0][0]}
        bare = np.concatenate([groups for _, _, groups in found])
        undated = sum(lost for _, lost, _ in found)
        present = np.union1d(place.grouping.present(numbers["deals"]), bare)
        return cls(
            labels=place.grouping.labels(present),
            window=window,
            by=(by,) if isinstance(by, str) else tuple(by or ()),
            stages=States.of(place.trails).stages,
            population=population,
            skips=skips,
            reentry=(reentry or "first") if skips == "observed" else None,
            as_of_day=place.trails.as_of,
            left_out=np.array([undated], dtype=np.int64),
            **{name: taken(table, present) for name, table in numbers.items()},
        )

    @classmethod
    def empty(
        cls,
        *,
        process: SalesProcess,
        by: str | tuple[str, ...] | list[str] | None = None,
        period: object = None,
        as_of: object = None,
        population: str = "closed",
        skips: str = "impute",
        reentry: str | None = None,
    ) -> Self:
        """Return the tally of no deals in the stages of a process: what every other is added to without change."""
        return cls.from_book(
            *nobody(process, by),
            by=by,
            period=period,
            as_of=as_of,
            population=population,
            skips=skips,
            reentry=reentry,
        )


def _counted(place: Placed, population: str, skips: str, reentry: str) -> tuple[dict[str, IntArray], int, IntArray]:
    """Return what is counted of deals, how many have no creation day, and the groups that only such deals are in."""
    when = decided_on(place.visits, population, place.window)
    numbers = _facts(place, when)
    numbers |= _observed(place, when, reentry) if skips == "observed" else _ranked(place, when, skips)
    return numbers, *(_undated(place, when) if population == "created" else (0, np.zeros(0, dtype=np.int64)))


def _facts(place: Placed, when: AnyArray) -> dict[str, IntArray]:
    """Return the deals, those still open, those with a skipped stage and those that moved back."""
    walked = place.visits
    facts = {"still_open": walked.outcome == OPEN, "skipped": walked.skipped, "regressed": walked.regressed}
    code = np.zeros(len(when), dtype=np.int8)
    for bit, fact in enumerate(facts.values()):
        code += fact.astype(np.int8) << bit
    table = place.table(None, when, (Axis(code, 1 << len(facts)),))
    every = np.arange(1 << len(facts))
    return {"deals": table.sum(axis=-1)} | {
        name: table[..., (every >> bit) & 1 == 1].sum(axis=-1) for bit, name in enumerate(facts)
    }


def _ranked(place: Placed, when: AnyArray, skips: str) -> dict[str, IntArray]:
    """Return who reached, went beyond and was won from each stage, by the highest stage ever held."""
    walked = place.visits
    keep = (Range(walked.skipped.view(np.uint8), 0, 1),) if skips == "exclude" else ()
    count = place.table(None, when, (Axis(walked.highest, len(walked.stages) + 1, edge="drop"),), keep)
    reached = np.ascontiguousarray(np.cumsum(count[..., ::-1], axis=-1)[..., ::-1])
    won = np.repeat(reached[..., -1:], len(walked.stages), axis=-1)
    return {"reached": reached, "advanced": np.ascontiguousarray(reached[..., 1:]), "won": won}


def _observed(place: Placed, when: AnyArray, reentry: str) -> dict[str, IntArray]:
    """Return who reached, went beyond and was won from each stage, by the entries on record."""
    walked = place.visits
    stages = len(walked.stages)
    won = (walked.outcome == WON).astype(np.int8)
    deals = place.table(None, when, (Axis(won, 2),))[..., 1:]
    chosen = walked.first if reentry == "first" else walked.final
    at = np.flatnonzero(chosen & (walked.state < stages))
    owner = walked.owner.take(at)
    came = won.take(owner)
    on = ((walked.advanced.take(at) >= 0) | (came > 0)).astype(np.int8)
    if not stages:
        empty = np.zeros((*deals.shape[:-1], 0), dtype=np.int64)
        return {"reached": deals, "advanced": empty, "won": empty}
    axes = (Axis(walked.state.take(at), stages), Axis(on, 2), Axis(came, 2))
    table = place.table(owner, when.take(owner), axes)
    return {
        "reached": np.concatenate([table.sum(axis=(-1, -2)), deals], axis=-1),
        "advanced": table[..., 1, :].sum(axis=-1),
        "won": table[..., 1].sum(axis=-1),
    }


def _undated(place: Placed, when: AnyArray) -> tuple[int, IntArray]:
    """Return how many deals have no creation day, and over all days the groups they are in."""
    always = attrs.evolve(place, window=window_of(None))
    table = always.table(None, np.where(when < 0, np.int32(0), np.int32(-1)), ())
    groups = place.grouping.present(table) if place.window.periods is None else np.zeros(0, dtype=np.int64)
    return int(table.sum()), groups
