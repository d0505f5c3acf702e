"""Quotas of the sample company: what each rep, and one team as a whole, should win in each quarter."""

from __future__ import annotations

import attrs
import numpy as np

from salesmetrics.arrays import AnyArray, BoolArray, IntArray
from salesmetrics.books.quotas import QuotaBook
from salesmetrics.columns import Column, DayColumn
from salesmetrics.datasets.chance import Draws, round_to
from salesmetrics.datasets.days import Days
from salesmetrics.datasets.ledger import Coin, Ledger
from salesmetrics.datasets.staff import Staff

__all__ = ["Targets", "set_targets"]

PLANNED = 92
"""Of a hundred of quota, what the planners expect to be won once ramping, hires and absences are allowed for."""
GROWTH = 122
"""What they expect of a quarter where the year before had 100."""
_GRACE = 45  # days into a quarter up to which a new hire gets a quota
_CHANGES = (80, 90, 110, 120)


@attrs.frozen(eq=False)
class Targets:
    """The quota book, and each rep's first number for each quarter, 0 where there is none."""

    book: QuotaBook
    minor: IntArray


def set_targets(draws: Draws, days: Days, staff: Staff, ledger: Ledger, coin: Coin) -> Targets:
    """Return quotas that fit what the company wins."""
    quarters = days.quarters
    starts = quarters.starts.astype(np.int64)
    plan = _plan(days, staff, ledger.won)
    tier = np.where(staff.lead, 45, 40 + staff.activity * 60 // 100) * (90 + draws.below(len(staff), 26)) // 100
    minor = np.zeros((len(staff), len(quarters)), dtype=np.int64)
    for at in range(len(quarters)):
        carries = _carries(staff, int(starts[at]))
        share = _capacity(staff, int(starts[at]), int(quarters.ends[at])) * tier
        for kind in (0, 1):
            mine = staff.kind == kind
            whole = int((share * mine).sum())
            unit = plan[kind][at] * 100_000 // (PLANNED * max(whole, 1))
            minor[:, at] += np.where(mine & carries, _rounded(unit * tier, coin), 0)
    return Targets(_book(draws, days, staff, minor, coin), minor)


def _carries(staff: Staff, start: int) -> BoolArray:
    """Return True for reps who get a quota for the quarter that starts on a day."""
    return staff.employed(np.maximum(staff.role, start)) & (staff.role <= start + _GRACE)


def _capacity(staff: Staff, start: int, end: int) -> IntArray:
    """Return what reps can carry of a quarter, of a thousand; one day a week tells."""
    looked = range(start + 3, end, 7)
    return sum((staff.share(day) for day in looked), np.zeros(len(staff), dtype=np.int64)) // len(looked)


def _plan(days: Days, staff: Staff, won: IntArray) -> list[list[int]]:
    """Return what is planned for each kind of team and quarter, between last year's growth and what came."""
    first = np.clip(days.quarters.starts.astype(np.int64) - days.start, 0, None)
    plans = []
    for kind in (0, 1):
        by_day = won[staff.kind == kind].sum(axis=0)
        came = [int(part.sum()) for part in np.split(by_day, first[1:])]
        begun = int(days.quarters.period_of(np.array([days.as_of]))[0])
        plan: list[int] = []
        for at, amount in enumerate(came):
            hoped = (came[at - 4] if at - 4 <= begun and at >= 4 else max(came[begun], 1)) * GROWTH // 100
            known = at < begun or (at == begun and days.as_of + 1 >= int(days.quarters.ends[at]))
            if at < 4:
                plan.append(amount if known else max(amount, came[begun - 1] if begun else 0))
            else:
                plan.append(max((amount + hoped) // 2, amount * 85 // 100) if known else max(hoped, amount))
        plans.append(plan)
    return plans


def _rounded(minor: IntArray, coin: Coin) -> IntArray:
    """Return numbers a person would set: whole thousands, or hundreds where they are small; never none."""
    one = 10**coin.scale
    fine = np.maximum(round_to(minor, 100 * one), 1000 * one)
    return np.where(minor < 20_000 * one, fine, round_to(minor, 1000 * one))


def _book(draws: Draws, days: Days, staff: Staff, minor: IntArray, coin: Coin) -> QuotaBook:
    """Return the quota book: first numbers, then those changed inside their quarter, then those of a team."""
    starts, ends = days.quarters.starts.astype(np.int64), days.quarters.ends.astype(np.int64)
    at, rep = np.nonzero(minor.T)
    amount = minor[rep, at]
    changed, since, new = _changes(draws, staff, (rep, starts[at], ends[at]), amount, coin)
    team_at, team_amount = _team_numbers(days, staff, minor, coin)
    rows = np.concatenate([at, at[changed], team_at])
    none = np.full(len(team_at), -1)
    team = np.concatenate([np.full(len(at) + len(changed), -1), np.full(len(team_at), _stated_team(staff))])
    columns: dict[str, Column] = {
        "rep": staff.column(np.concatenate([rep, rep[changed], none])),
        "start": DayColumn(starts[rows].astype(np.int32)),
        "end": DayColumn(ends[rows].astype(np.int32)),
        "amount": coin.column(np.concatenate([amount, new, team_amount])),
        "effective_from": DayColumn(np.concatenate([starts[at], since, starts[team_at]]).astype(np.int32)),
        "team": staff.team_column(team),
    }
    return QuotaBook(columns=columns, rows=len(rows), currency=coin.currency, scale=coin.scale)


def _changes(
    draws: Draws, staff: Staff, owned: tuple[AnyArray, IntArray, IntArray], amount: IntArray, coin: Coin
) -> tuple[IntArray, IntArray, IntArray]:
    """Return the rows whose number is changed, the day from which the new one holds, and the new one."""
    rep, start, end = owned
    chosen = draws.rarely(len(rep), 20)
    chosen[len(rep) // 2 : len(rep) // 2 + 1] = True
    since = np.minimum(start + 28 + draws.below(len(rep), 35), end - 1)
    stays = (staff.left[rep] < 0) | (staff.left[rep] > since)
    rows = np.flatnonzero(chosen & stays)
    percent = np.array(_CHANGES, dtype=np.int64)[draws.below(len(rep), len(_CHANGES))]
    return rows, since[rows], _rounded(amount[rows] * percent[rows] // 100, coin)


def _stated_team(staff: Staff) -> int:
    """Return the team whose number is stated as well: that of the company's first lead."""
    return int(staff.team[np.flatnonzero(staff.manager < 0)[0]])


def _team_numbers(days: Days, staff: Staff, minor: IntArray, coin: Coin) -> tuple[IntArray, IntArray]:
    """Return the last quarter of each fiscal year and what is stated for the team: a little less than its reps have."""
    names = [str(name) for name in days.quarters.names]
    last = [at for at, name in enumerate(names) if at + 1 == len(names) or names[at + 1][:6] != name[:6]]
    at = np.array(last, dtype=np.int64)
    whole = minor[staff.team == _stated_team(staff)].sum(axis=0)[at]
    return at, _rounded(whole * 95 // 100, coin)
