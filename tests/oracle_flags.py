"""Slow copies of section 18: flags of open deals, the share without any, and what is at risk."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from fractions import Fraction
from itertools import pairwise
from typing import Any

from salesmetrics.domain import Deal, SalesProcess
from tests.oracle_history import Change, Trail, state, trails_of
from tests.oracle_rows import Answer, Seen, exact, nearest_rank, priced, total
from tests.oracle_slips import push_count
from tests.oracle_stages import Path, dwells_of, edges_of, path_of, stage_age, went_back

FLAGS = (
    *("overdue", "undated", "unpriced", "ownerless", "no_next_step", "stale", "over_age", "pushed", "regressed"),
    "concentrated",
)
RISKS = ("overdue", "no_next_step", "stale", "over_age", "pushed")
"""What makes a deal at risk by default."""
Planned = Mapping[Any, Sequence[date]]
"""Days of the activities of each deal, done and planned."""


def before(day: date | None, limit: date) -> bool | None:
    """Tell whether a day is before another, None where it is missing.

    Doubt: a deal without a close date, asked whether it is overdue. Chosen: not known, as every flag that cannot be
    computed; it is `undated`.
    """
    return None if day is None else day < limit


def last_touch(trail: Trail, touched: Sequence[date] | None, day: date, since: str) -> date | None:
    """Return the last day on which something happened to a deal.

    "touch" is the last activity or edit: any change of the history, the first one included. "progress" is the last
    change of stage, amount or close date. Doubt: a deal that never changed. Chosen: its first change, or creation, is
    the last progress.
    """
    days = [m.day for m in trail.moments if m.day is not None]
    if since == "progress":
        told = trail.moments
        moved = [
            b.day
            for a, b in pairwise(told)
            if (a.stage, a.amount, a.expected_close) != (b.stage, b.amount, b.expected_close)
        ]
        return moved[-1] if moved else days[0] if days else None
    past = [d for d in touched or () if d <= day]
    return max([*days, *past], default=None)


def over_age(
    trail: Trail, paths: Sequence[Path], process: SalesProcess, day: date, q: Any = "0.9", min_n: int = 1
) -> bool | None:
    """Tell whether a deal has been in its stage longer than the quantile of the completed stays there.

    Doubt: whose stays. Chosen: those that are over of all deals, open ones too; of a deal with several, their total.
    """
    path = path_of(trail, process)
    age = stage_age(trail, process, day)
    if age is None or not path.steps:
        return None
    days = dwells_of(paths, path.steps[-1].stage)
    if len(days) < min_n or not days:
        return None
    return age > nearest_rank(days, Fraction(str(q)))


def over_cycle(row: Seen, process: SalesProcess, day: date, cycle: Any) -> bool | None:
    """Tell whether a deal is older than the cycle times (2 - progress), rounded down."""
    if row.created is None or row.stage not in process.open_stages:
        return None
    progress = Fraction(process.open_stages.index(row.stage), len(process.open_stages))
    limit = exact(cycle) * (2 - progress)
    return (day - row.created).days > limit.numerator // limit.denominator


def flags(
    deals: Sequence[Deal],
    changes: Sequence[Change],
    *,
    process: SalesProcess,
    as_of: date,
    activities: Planned | None = None,
    days: int = 14,
    since: str = "touch",
    q: Any = "0.9",
    min_n: int = 1,
    cycle: Any = None,
    count: int = 2,
    share: Any = "0.25",
    history: bool = True,
) -> dict[Any, dict[str, bool | None]]:
    """Return every flag of every open deal; None is not known."""
    trails = trails_of(deals, changes, process, as_of)
    paths = [path_of(t, process) for t in trails]
    states = {t.row.id: state(t, as_of) for t in trails}
    still = [s for s in states.values() if s is not None and s.is_open]
    whole = total(a for _, a in priced(still))
    answer: dict[Any, dict[str, bool | None]] = {}
    for trail, path in zip(trails, paths, strict=True):
        s = states[trail.row.id]
        if s is None or not s.is_open:
            continue
        mine = None if activities is None else activities.get(s.id, ())
        touch = last_touch(trail, mine, as_of, since) if history or mine is not None else None
        moves = edges_of(path)
        answer[s.id] = {
            "overdue": before(s.expected_close, as_of),
            "undated": s.expected_close is None,
            "unpriced": s.amount is None,
            "ownerless": s.rep is None,
            "no_next_step": None if mine is None else not any(d >= as_of for d in mine),
            "stale": None if touch is None else (as_of - touch).days > days,
            "over_age": over_cycle(s, process, as_of, cycle)
            if cycle is not None
            else over_age(trail, paths, process, as_of, q, min_n),
            "pushed": push_count([trail])[s.id] >= count if history else None,
            "regressed": (bool(moves) and went_back(*moves[-1], process)) if history else None,
            "concentrated": None if s.amount is None or not whole else s.amount / whole > exact(share),
        }
    return answer


def any_of(found: Mapping[str, bool | None], names: Iterable[str]) -> bool | None:
    """Tell whether any of some flags is raised; not known where none is and some are not known."""
    chosen = [found[name] for name in names]
    return True if True in chosen else None if None in chosen else False


def hygiene_share(found: Mapping[Any, Mapping[str, bool | None]], names: Sequence[str] = FLAGS) -> Answer:
    """Share of the open deals without any of the chosen flags, a census.

    Doubt: a flag that is not known. Chosen: it is not raised; flags that are known of no deal are best not chosen.
    """
    clean = sum(1 for mine in found.values() if any_of(mine, names) is not True)
    n = len(found)
    return Answer(Fraction(clean, n) if n else None, n, "" if n else "no_rows")


def at_risk(found: Mapping[Any, Mapping[str, bool | None]], names: Sequence[str] = RISKS) -> set[Any]:
    """Return the deals with any of the named flags."""
    return {key for key, mine in found.items() if any_of(mine, names) is True}


def money_at_risk(rows: Iterable[Seen], keys: set[Any]) -> Fraction:
    """Return the amount of the flagged deals."""
    return total(a for d, a in priced(d for d in rows if d.id in keys))
