"""Slow copies of section 10: stages reached, conversion, moves, dwell, age, the bottleneck."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from fractions import Fraction
from itertools import pairwise
from typing import Any, NamedTuple

from salesmetrics.calendars import Period
from salesmetrics.domain import Deal, SalesProcess
from tests.oracle_history import Change, Moment, Trail, closed_on, rank_of, trails_of
from tests.oracle_intervals import wilson
from tests.oracle_rows import Answer, exact, inside, nearest_rank, statistic
from tests.oracle_survival import Curve, curve_of


class Path(NamedTuple):
    """One deal's way through the stages, up to a day: ranks by moment, and what it has come to."""

    trail: Trail
    steps: tuple[Moment, ...]
    ranks: tuple[int | None, ...]
    outcome: str
    closed: date | None
    top: int

    @property
    def is_won(self) -> bool:
        return self.outcome == "won"

    @property
    def held(self) -> list[int]:
        """Ranks of the open stages that are on record, in order, and won at the end where it came to that."""
        return [r for r in self.ranks if r is not None and r < self.top] + ([self.top] if self.is_won else [])

    @property
    def highest(self) -> int:
        """Highest rank ever held, -1 for none."""
        return max(self.held, default=-1)


def path_of(trail: Trail, process: SalesProcess) -> Path:
    """Return the path of a trail.

    Doubt: a deal that was won once, reopened, and is not won now: it has held the top rank. Chosen: its last state
    decides (E2), so that the product of the conversions is won / entered; the open stages it held stand.
    """
    steps = trail.stages
    return Path(
        trail,
        steps,
        tuple(rank_of(m.stage, process) for m in steps),
        trail.moments[-1].outcome,
        closed_on(trail.moments),
        len(process.open_stages),
    )


def paths_of(
    deals: Sequence[Deal],
    changes: Sequence[Change],
    process: SalesProcess,
    *,
    as_of: date | None = None,
    period: Period | None = None,
    population: str = "closed",
) -> list[Path]:
    """Return the paths of a population.

    Doubt: "all" with a period. Chosen: deals closed in it, and those open on the day whatever their dates.
    """
    found = [path_of(t, process) for t in trails_of(deals, changes, process, as_of)]
    closed = [p for p in found if p.outcome != "open" and (period is None or inside(p.closed, period))]
    return closed if population == "closed" else closed + [p for p in found if p.outcome == "open"]


def rate(hits: int, n: int, level: Any = "0.95") -> Answer:
    """Return a share of deals with its interval."""
    value = Fraction(hits, n) if n else None
    return Answer(value, n, "" if n else "no_rows", {}, *wilson(value, n, level))


# --- reached and conversion ------------------------------------------------------------------------------------------


def counted(path: Path, skips: str) -> bool:
    """Tell whether a deal is read: `exclude` wants every stage touched up to the highest."""
    return skips != "exclude" or set(range(path.highest + 1)) <= set(path.held)


def reached(path: Path, rank: int, skips: str) -> bool:
    """Tell whether a deal reached a rank: by its highest, or on record."""
    return rank in path.held if skips == "observed" else path.highest >= rank


def advanced(path: Path, rank: int, skips: str, reentry: str) -> bool:
    """Tell whether a deal went beyond a rank; under `observed`, later than its first or its last entry."""
    if skips != "observed":
        return path.highest > rank
    entries = [at for at, r in enumerate(path.ranks) if r == rank]
    at = entries[0 if reentry == "first" else -1]
    return path.is_won or any(r is not None and rank < r < path.top for r in path.ranks[at + 1 :])


def stage_reached(paths: Iterable[Path], process: SalesProcess, skips: str = "impute") -> dict[Any, Answer]:
    """How many deals got to each open stage, and to won."""
    paths = [p for p in paths if counted(p, skips)]
    names = [*process.open_stages, "won"]
    return {name: _count(sum(1 for p in paths if reached(p, rank, skips))) for rank, name in enumerate(names)}


def _count(number: int) -> Answer:
    return Answer(number, number)


def stage_conversion(
    paths: Iterable[Path], process: SalesProcess, skips: str = "impute", reentry: str = "first", level: Any = "0.95"
) -> dict[Any, Answer]:
    """Share of the deals that reached a stage which went beyond it."""
    paths = [p for p in paths if counted(p, skips)]
    answer = {}
    for rank, name in enumerate(process.open_stages):
        there = [p for p in paths if reached(p, rank, skips)]
        answer[name] = rate(sum(1 for p in there if advanced(p, rank, skips, reentry)), len(there), level)
    return answer


def stage_clock(path: Path, rank: int, reentry: str, as_of: date) -> tuple[int, str] | None:
    """Return the days from an entry to the advance, the end, or the day, and which it was; None without an entry.

    Doubt: a deal that fell back to a lower stage. Chosen: it is at risk as before, since it may still advance. Doubt: a
    deal that was lost and reopened. Chosen: its last state decides, so that the loss in between is none.
    """
    entries = [at for at, r in enumerate(path.ranks) if r == rank]
    if not entries:
        return None
    at = entries[0 if reentry == "first" else -1]
    start = path.steps[at].day
    if start is None:
        return None
    for step, r in zip(path.steps[at + 1 :], path.ranks[at + 1 :], strict=True):
        if r is not None and rank < r < path.top and step.day is not None:
            return (step.day - start).days, "won"
    if path.closed is not None:
        return (path.closed - start).days, path.outcome
    return (as_of - start).days, "open"


def conversion_in_time(
    deals: Sequence[Deal],
    changes: Sequence[Change],
    process: SalesProcess,
    as_of: date,
    reentry: str = "first",
    period: Period | None = None,
) -> dict[Any, Curve]:
    """Curve of each stage: "won" stands for an advance, "lost" and "no_decision" compete (population="time_to_event").

    Doubt: what a period picks. Chosen: the entries that lie in it.
    """
    paths = [path_of(t, process) for t in trails_of(deals, changes, process, as_of)]
    answer = {}
    for rank, name in enumerate(process.open_stages):
        clocks = []
        for p in paths:
            entries = [s.day for s, r in zip(p.steps, p.ranks, strict=True) if r == rank]
            if entries and inside(entries[0 if reentry == "first" else -1], period):
                clocks.append(stage_clock(p, rank, reentry, as_of))
        answer[name] = curve_of(c for c in clocks if c is not None)
    return answer


# --- moves -----------------------------------------------------------------------------------------------------------


def edges_of(path: Path) -> list[tuple[Moment, Moment]]:
    """Return the moves of a deal: neighbouring stages that differ, every one of them."""
    return list(pairwise(path.steps))


def transition_matrix(paths: Iterable[Path]) -> dict[tuple[Any, Any], int]:
    """How often deals moved from one stage to another, terminal stages included."""
    answer: dict[tuple[Any, Any], int] = {}
    for path in paths:
        for before, after in edges_of(path):
            answer[before.stage, after.stage] = answer.get((before.stage, after.stage), 0) + 1
    return answer


def forward_rate(paths: Iterable[Path], process: SalesProcess, level: Any = "0.95") -> dict[Any, Answer]:
    """Share of the moves out of a stage that go to a higher one, or to won."""
    moves = transition_matrix(paths)
    answer = {}
    for rank, name in enumerate(process.open_stages):
        out = {to: n for (of, to), n in moves.items() if of == name}
        forward = sum(n for to, n in out.items() if (rank_of(to, process) or 0) > rank)
        answer[name] = rate(forward, sum(out.values()), level)
    return answer


def win_probability_by_stage(
    paths: Sequence[Path], process: SalesProcess, method: str = "observed", skips: str = "impute", level: Any = "0.95"
) -> dict[Any, Answer]:
    """Chance of winning from a stage: of those that reached it, or by the absorbing chain of all moves."""
    if method == "markov":
        return markov(transition_matrix(paths), process)
    paths = [p for p in paths if counted(p, skips)]
    answer = {}
    for rank, name in enumerate(process.open_stages):
        there = [p for p in paths if reached(p, rank, skips)]
        answer[name] = rate(sum(1 for p in there if p.is_won), len(there), level)
    return answer


def markov(moves: dict[tuple[Any, Any], int], process: SalesProcess) -> dict[Any, Answer]:
    """Chance of being absorbed in won; n counts the moves out of the stage.

    Doubt: a stage that nobody left. Chosen: no chance of its own (`no_rows`); it is a dead end for those that lead to it.
    """
    names = list(process.open_stages)
    out = {s: {to: n for (of, to), n in moves.items() if of == s} for s in names}
    left = [s for s in names if out[s] and may_end(s, out, process)]
    table = []
    for s in left:
        whole = sum(out[s].values())
        row = [Fraction(int(s == to)) - Fraction(out[s].get(to, 0), whole) for to in left]
        won = sum(n for to, n in out[s].items() if to not in names and process.outcome(to) == "won")
        table.append([*row, Fraction(won, whole)])
    chance = dict(zip(left, solved(table), strict=True))
    return {
        s: Answer(chance.get(s, Fraction(0)) if out[s] else None, sum(out[s].values()), "" if out[s] else "no_rows")
        for s in names
    }


def may_end(start: Any, out: dict[Any, dict[Any, int]], process: SalesProcess) -> bool:
    """Tell whether an end, or a stage that nobody left, can be reached from a stage."""
    known, todo = {start}, [start]
    while todo:
        for to in out[todo.pop()]:
            if to not in out or not out[to]:
                return True
            if to not in known:
                known.add(to)
                todo.append(to)
    return False


def solved(table: list[list[Fraction]]) -> list[Fraction]:
    """Solve equations by elimination, in fractions."""
    size = len(table)
    for at in range(size):
        best = next(r for r in range(at, size) if table[r][at])
        table[at], table[best] = table[best], table[at]
        table[at] = [x / table[at][at] for x in table[at]]
        for other in range(size):
            if other != at and table[other][at]:
                factor = table[other][at]
                table[other] = [x - factor * y for x, y in zip(table[other], table[at], strict=True)]
    return [row[-1] for row in table]


# --- dwell, age, bottleneck ------------------------------------------------------------------------------------------


class Spell(NamedTuple):
    """A stay in a stage; `end` is None while it lasts."""

    stage: Any
    start: date | None
    end: date | None


def spells_of(path: Path) -> list[Spell]:
    """Return the stays in open stages, each ended by the next stage or by the closing."""
    ends = [step.day for step in path.steps[1:]]
    return [
        Spell(step.stage, step.day, end)
        for step, rank, end in zip(path.steps, path.ranks, [*ends, None][: len(path.steps)], strict=True)
        if rank is not None and rank < path.top
    ]


def dwells_of(paths: Iterable[Path], stage: Any, reentry: str = "sum") -> list[int]:
    """Return the days that each deal stayed in a stage, over its stays that are over; absent without one."""
    answer = []
    for path in paths:
        days = [(s.end - s.start).days for s in spells_of(path) if s.stage == stage and s.start and s.end]
        if days:
            answer.append({"sum": sum(days), "first": days[0], "last": days[-1]}[reentry])
    return answer


def stage_dwell(
    paths: Iterable[Path], process: SalesProcess, stat: Any = "median", reentry: str = "sum"
) -> dict[Any, Answer]:
    """Days that deals sit in a stage."""
    paths = list(paths)
    answer = {}
    for name in process.open_stages:
        days = dwells_of(paths, name, reentry)
        answer[name] = Answer(statistic(days, stat), len(days), "" if days else "no_rows")
    return answer


def dwell_curve(paths: Iterable[Path], process: SalesProcess, as_of: date, reentry: str = "sum") -> dict[Any, Curve]:
    """Curve of the days in a stage, a stay that lasts being censored (`basis="time_to_event"`).

    Doubt: a deal with several stays of which the last one lasts. Chosen: with `sum` their total, censored; with "first"
    and "last" that stay alone.
    """
    paths = list(paths)
    answer = {}
    for name in process.open_stages:
        clocks: list[tuple[int, str]] = []
        for path in paths:
            stays = [s for s in spells_of(path) if s.stage == name and s.start is not None]
            stays = {"sum": stays, "first": stays[:1], "last": stays[-1:]}[reentry]
            if stays:
                days = sum(((s.end or as_of) - s.start).days for s in stays if s.start is not None)
                clocks.append((days, "won" if all(s.end for s in stays) else "open"))
        answer[name] = curve_of(clocks)
    return answer


def stage_age(trail: Trail, process: SalesProcess, day: date, reentry: str = "last") -> int | None:
    """Days that an open deal has been in its stage; None where its entry is not known (E5).

    Doubt: "first" of a stage that was left and entered again. Chosen: its first entry of all.
    """
    path = path_of(trail, process)
    if not path.steps:
        return None
    current = path.steps[-1].stage
    entries = [step.day for step in path.steps if step.stage == current]
    entered = entries[-1 if reentry == "last" else 0]
    return None if entered is None else (day - entered).days


def age_buckets(ages: Iterable[int | None], edges: Sequence[int] = (30, 60, 90)) -> list[int]:
    """Return how many ages lie in each bucket, its lower bound in it, those not known last."""
    answer = [0] * (len(edges) + 2)
    for age in ages:
        answer[-1 if age is None else sum(1 for edge in edges if age >= edge)] += 1
    return answer


def bottleneck(
    paths: Sequence[Path], process: SalesProcess, method: str = "conversion", min_n: int = 1
) -> tuple[Any, Fraction | int | None]:
    """Stage with the lowest conversion, the longest median stay, or the largest share of all days; ties: the earlier."""
    if method == "conversion":
        found = stage_conversion(paths, process)
        known = [(a.value, s) for s, a in found.items() if a.value is not None and a.n >= min_n]
        pick = min(known, key=lambda pair: exact(pair[0]), default=(None, None))
    else:
        days = {s: dwells_of(paths, s) for s in process.open_stages}
        whole = sum(sum(d) for d in days.values())
        known = [
            (nearest_rank(d, Fraction(1, 2)) if method == "dwell" else Fraction(sum(d), whole), s)
            for s, d in days.items()
            if len(d) >= max(min_n, 1) and (method == "dwell" or whole)
        ]
        pick = max(known, key=lambda pair: exact(pair[0]), default=(None, None))
    return pick[1], pick[0]  # type: ignore[return-value]


# --- is the process followed -----------------------------------------------------------------------------------------


def stage_skip_rate(paths: Iterable[Path], level: Any = "0.95") -> Answer:
    """Share of deals with a stage below their highest that they never were in.

    Doubt: a stage that was jumped over and visited later. Chosen: not skipped. Doubt: a deal that begins in a later
    stage. Chosen: it skipped those before, as in `skips="exclude"`.
    """
    paths = list(paths)
    return rate(sum(1 for p in paths if not counted(p, "exclude")), len(paths), level)


def went_back(before: Moment, after: Moment, process: SalesProcess) -> bool:
    """Tell whether a move is backward: from an open stage to a lower one.

    Doubt: reopening, from won to a stage. Chosen: not a backward move, it has its own name (E2).
    """
    of, to, top = rank_of(before.stage, process), rank_of(after.stage, process), len(process.open_stages)
    return of is not None and to is not None and to < of < top


def regress_rate(paths: Iterable[Path], process: SalesProcess, level: Any = "0.95") -> Answer:
    """Share of deals with a backward move."""
    paths = list(paths)
    hits = sum(1 for p in paths if any(went_back(a, b, process) for a, b in edges_of(p)))
    return rate(hits, len(paths), level)
