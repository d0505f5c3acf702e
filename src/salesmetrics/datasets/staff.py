"""The people of the sample company: teams, leads, hires who ramp, leavers, absences, and how each of them sells."""

from __future__ import annotations

from functools import cached_property

import attrs
import numpy as np

from salesmetrics._check import date_of
from salesmetrics.arrays import AnyArray, BoolArray, IntArray
from salesmetrics.books.reps import RepBook
from salesmetrics.calendars import Period
from salesmetrics.columns import Column, DayColumn, KeyColumn, LabelColumn, smallest_codes
from salesmetrics.datasets.chance import Draws
from salesmetrics.datasets.days import Days
from salesmetrics.datasets.settings import FIRST_NAMES, LAST_NAMES, RAMPS, RAMPS_PER_MILLE, REGIONS

__all__ = ["Staff", "hire"]

MOST = 2_000
FEWEST = 4
DEALS_PER_REP = 58
"""Deals a year for each name on the list, leavers and later hires included."""


@attrs.frozen(eq=False)
class Staff:
    """One place for each rep, in the order of their ids; days are -1 where there is none."""

    names: tuple[str, ...]
    teams: tuple[str, ...]
    team: IntArray
    kind: IntArray
    region: IntArray
    lead: BoolArray
    manager: IntArray
    hired: IntArray
    role: IntArray
    left: IntArray
    away: IntArray
    back: IntArray
    activity: IntArray
    skill: IntArray
    pace: IntArray
    optimism: IntArray

    def __len__(self) -> int:
        return len(self.names)

    @cached_property
    def ids(self) -> tuple[str, ...]:
        """Ids of the reps, sorted."""
        return tuple(name.lower().replace(" ", ".") for name in self.names)

    def employed(self, day: IntArray | int) -> BoolArray:
        """Return True for the reps in their role on a day."""
        return (self.role <= day) & ((self.left < 0) | (self.left > day))

    def working(self, day: IntArray | int) -> BoolArray:
        """Return True for the reps in their role on a day and not away."""
        return self.employed(day) & ((self.away < 0) | (self.away > day) | (self.back <= day))

    def share(self, day: int) -> IntArray:
        """Return the part of a full quota that a rep can carry on a day, of a thousand."""
        months = np.clip((day - self.role) // 30, 0, 6)
        ramp = np.array(RAMPS_PER_MILLE, dtype=np.int64)[self.kind, months]
        return np.where(self.lead, 1000, ramp) * self.working(day)

    def heirs(self) -> tuple[IntArray, IntArray]:
        """Return the reps who stay, by team and first day, and the key (team and first day) of each."""
        stays = np.flatnonzero(self.left < 0)
        key = (self.team[stays] << 20) + self.role[stays]
        order = np.argsort(key, kind="stable")
        return stays[order], key[order]

    def labels(self) -> LabelColumn:
        """Return the column that names each rep once."""
        return self.column(np.arange(len(self)))

    def column(self, codes: AnyArray) -> LabelColumn:
        """Return a column of reps."""
        return LabelColumn(smallest_codes(codes, len(self)), self.ids)

    def team_column(self, codes: AnyArray) -> LabelColumn:
        """Return a column of teams."""
        return LabelColumn(smallest_codes(codes, len(self.teams)), self.teams)

    def book(self) -> RepBook:
        """Return the rep book."""
        size = len(self)
        ids = np.array(self.ids, dtype=object)
        managers, manager = np.unique(self.manager[self.manager >= 0], return_inverse=True)
        codes = np.full(size, -1, dtype=np.int64)
        codes[self.manager >= 0] = manager
        columns: dict[str, Column] = {
            "id": KeyColumn(ids),
            "name": LabelColumn(smallest_codes(np.arange(size), size), self.names),
            "team": self.team_column(self.team),
            "manager": LabelColumn(smallest_codes(codes, len(managers)), tuple(self.ids[i] for i in managers)),
            "hired": DayColumn(self.hired.astype(np.int32)),
            "role_start": DayColumn(self.role.astype(np.int32)),
            "left": DayColumn(self.left.astype(np.int32)),
            "region": LabelColumn(smallest_codes(self.region, len(REGIONS)), REGIONS),
        }
        absences: list[tuple[Period, ...]] = [() for _ in range(size)]
        for at in np.flatnonzero(self.away >= 0).tolist():
            absences[at] = (Period(date_of(self.away[at]), date_of(self.back[at])),)
        ramps = tuple(() if lead else RAMPS[kind] for lead, kind in zip(self.lead, self.kind, strict=True))
        return RepBook(columns=columns, rows=size, absences=tuple(absences), ramps=ramps)


def hire(draws: Draws, days: Days, deals: int) -> Staff:
    """Return as many reps as that many deals need."""
    size = min(max(deals * 365 // (days.count * DEALS_PER_REP), FEWEST), MOST)
    names = _names(size)
    seat = draws.order(size)  # the first seats are those of the leads, one for each team
    teams = max(2, size // 8)
    lead, team = seat < teams, seat % teams
    titles, place = _titles(teams)
    role, left = _stays(draws, days, lead)
    hired = role - np.where(draws.rarely(size, 100) & ~lead, 180 + draws.below(size, 400), 0)
    away, back = _absences(draws, days, lead, role, left)
    skill = 76 + draws.below(size, 26) + draws.below(size, 26)
    return Staff(
        names=names,
        teams=titles,
        team=place[team],
        kind=(team + team // len(REGIONS)) % 2,
        region=team % len(REGIONS),
        lead=lead,
        manager=_managers(seat, team, lead),
        hired=hired,
        role=role,
        left=left,
        away=away,
        back=back,
        activity=np.where(lead, 45, 60 + draws.below(size, 81)),
        skill=skill,
        pace=90 + draws.below(size, 23),
        optimism=_optimism(draws, size),
    )


def _names(size: int) -> tuple[str, ...]:
    """Return names, all different, sorted."""
    wide = len(FIRST_NAMES)
    last = [(i + 7 * (i // wide)) % len(LAST_NAMES) for i in range(size)]
    return tuple(sorted(f"{FIRST_NAMES[i % wide]} {LAST_NAMES[last[i]]}" for i in range(size)))


def _titles(teams: int) -> tuple[tuple[str, ...], IntArray]:
    """Return the sorted names of the teams, and the place of each team among them."""
    rounds = (teams - 1) // len(REGIONS) + 1
    wide = len(str(rounds))
    titles = [f"{REGIONS[t % len(REGIONS)]} {t // len(REGIONS) + 1:0{wide}d}" for t in range(teams)]
    ordered = sorted(titles)
    return tuple(ordered), np.array([ordered.index(title) for title in titles], dtype=np.int64)


def _managers(seat: IntArray, team: IntArray, lead: BoolArray) -> IntArray:
    """Return who manages each rep: the lead; leads have the first lead of the region, and that one the first of all."""
    holder = np.argsort(seat, kind="stable")
    above = np.where(lead, team % len(REGIONS), team)
    above = np.where(lead & (team < len(REGIONS)), 0, above)
    return np.where(lead & (team == 0), -1, holder[above])


def _stays(draws: Draws, days: Days, lead: BoolArray) -> tuple[IntArray, IntArray]:
    """Return the first day of each rep in the role, a Monday, and the first day no longer there."""
    size = len(lead)
    before = lead | draws.rarely(size, 420)
    early = days.start - 30 - draws.below(size, 1400) - np.where(lead, 400, 0)
    late = days.start + 7 + draws.below(size, max(days.count - 30, 1))
    role = np.where(before, early, late)
    role -= (role + 3) % 7
    left = np.maximum(role, days.start) + 200 + draws.below(size, 900)
    leaves = draws.rarely(size, 640) & ~lead & (left < days.as_of)
    return role, np.where(leaves, left, -1)


def _absences(draws: Draws, days: Days, lead: BoolArray, role: IntArray, left: IntArray) -> tuple[IntArray, IntArray]:
    """Return the first day away and the first day back of those who were away for long."""
    size = len(lead)
    away = np.maximum(role, days.start) + 120 + draws.below(size, 700)
    back = away + 40 + draws.below(size, 100)
    was = draws.rarely(size, 160) & ~lead & (back < np.where(left < 0, days.as_of, left))
    return np.where(was, away, -1), np.where(was, back, -1)


def _optimism(draws: Draws, size: int) -> IntArray:
    """Return what a rep calls where 100 will come: most are near it, some are far above and some far below."""
    kind = draws.below(size, 100)
    shift = draws.below(size, 31)
    return np.where(kind < 30, 115 + shift, np.where(kind < 55, 58 + shift, 92 + shift // 2))
