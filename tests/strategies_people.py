"""People drawn to break laws: reps with starts, ramps and absences, their quotas, splits, owners and forecast calls.

Everything lies between September 2023 and the end of 2025, so that tenures, quotas, deals and calls meet; amounts are
whole minor units of two decimals. Draw `team(...)` for all of one company at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import NamedTuple

from hypothesis import strategies as st

from salesmetrics.calendars import Period
from salesmetrics.domain import Deal, ForecastCall, Quota, Rep, Split
from tests.oracle_credit import OwnerChange
from tests.oracle_quota import add_months
from tests.strategies import KEY_POOL, MINOR, SIGNED, TEAM_POOL, money

FIRST, LAST = date(2023, 9, 1), date(2025, 12, 31)
PEOPLE = KEY_POOL[:3]
"""Fewer than all keys, so that deals, quotas and calls meet."""
SMALL = st.integers(1, 20_000)
"""Minor units of quotas and calls, so that deals reach them, and miss them."""
SOLD = st.one_of(SMALL, st.integers(5_000, 60_000), MINOR)
EDGES = [
    *(date(2024, 1, 1), date(2024, 1, 31), date(2024, 2, 29), date(2024, 3, 31), date(2024, 4, 1)),
    *(date(2024, 6, 30), date(2024, 7, 1), date(2024, 8, 31), date(2024, 12, 31), date(2025, 1, 1)),
]
ANY_DAY = st.integers(0, 455).map(lambda n: date(2024, 1, 1) + timedelta(n * 173 % 456))
"""Spread over fifteen months, where dates drawn as such crowd at the first one."""
DAYS = st.one_of(ANY_DAY, ANY_DAY, st.sampled_from(EDGES), st.dates(FIRST, date(2025, 3, 31)))
STARTS = st.one_of(ANY_DAY.map(lambda day: day - timedelta(120)), st.sampled_from(EDGES[:7]))
SHARES = st.sampled_from([0.0, 0.1, 0.25, 0.3, 1 / 3, 0.5, 0.7, 0.75, 1.0])
THRESHOLDS = st.sampled_from([0.5, 0.7, 0.8, 1.0, 1.2])
QUARTERS = [Period(add_months(date(2024, 1, 1), 3 * k), add_months(date(2024, 1, 1), 3 * k + 3)) for k in range(6)]
MONTHS = [Period(add_months(date(2024, 1, 1), k), add_months(date(2024, 1, 1), k + 1)) for k in range(18)]
SPLIT_SHARES = [(1.0,), (0.5, 0.5), (0.3, 0.7), (0.25, 0.25, 0.5), (1 / 3, 1 / 3, 1 / 3), (0.1, 0.2, 0.7), (1.0, 0.0)]
"""Revenue shares of a deal; thirds miss 1 by less than 1e-9."""


class Team(NamedTuple):
    """One company."""

    reps: list[Rep]
    quotas: list[Quota]
    deals: list[Deal]
    splits: list[Split]
    changes: list[OwnerChange]
    calls: list[ForecastCall]


@st.composite
def absences(draw: st.DrawFn, start: date) -> list[Period]:
    """Up to two absences that share no day."""
    answer = []
    for _ in range(draw(st.integers(0, 2))):
        first = start + timedelta(draw(st.integers(0, 120)))
        start = first + timedelta(draw(st.integers(1, 60)))
        answer.append(Period(first, start))
    return answer


@st.composite
def one_rep(draw: st.DrawFn, id: str) -> Rep:
    """One rep; start, end, absences and ramp may all be missing."""
    hired = draw(st.one_of(STARTS, STARTS, STARTS, st.none()))
    start = None
    if hired is not None and draw(st.integers(0, 3)) == 2:
        start = hired + timedelta(draw(st.integers(0, 90)))
    begun = start or hired
    left = None
    if begun is not None and draw(st.integers(0, 2)) == 1:
        left = begun + timedelta(draw(st.integers(30, 400)))
    return Rep(
        id,
        team=draw(st.none() | st.sampled_from(TEAM_POOL)),
        hired=hired,
        role_start=start,
        left=left,
        absences=draw(absences(begun or FIRST)),
        ramp=draw(st.lists(SHARES, max_size=5)),
    )


@st.composite
def reps(draw: st.DrawFn, people: Sequence[str] = PEOPLE) -> list[Rep]:
    """One rep for every key, in any order."""
    return draw(st.permutations([draw(one_rep(key)) for key in people]))


@st.composite
def quotas(draw: st.DrawFn, people: Sequence[str] = PEOPLE, months: bool = False) -> list[Quota]:
    """Monthly, quarterly or yearly quotas of most people, some 0, some changed midway, some periods without.

    With `months` all bounds are whole calendar months, so that `unit="month"` leaves no doubt; else some are shifted.
    """
    answer = []
    for rep in people:
        length = draw(st.sampled_from([3, 1, 1, 3, 0, 1, 12]))
        shift = timedelta(0 if months else draw(st.sampled_from([0, 0, 0, 9])))
        for k in range(18 // length if length else 0):
            if draw(st.integers(0, 9)) == 7:
                continue
            start = add_months(date(2024, 1, 1), k * length) + shift
            end = add_months(date(2024, 1, 1), (k + 1) * length) + shift
            answer.append(Quota(rep, start, end, money(draw(st.one_of(SMALL, SMALL, SMALL, st.just(0))))))
            if draw(st.integers(0, 4)) == 3:
                first = start + timedelta(draw(st.integers(1, (end - start).days - 1)))
                answer.append(Quota(rep, start, end, money(draw(SMALL)), effective_from=first))
    return draw(st.permutations(answer))


@st.composite
def deals(
    draw: st.DrawFn, people: Sequence[str] = PEOPLE, max_size: int = 30, minor: st.SearchStrategy[int] = SOLD
) -> list[Deal]:
    """Deals that are mostly won; a few are without rep or amount."""
    answer, people = [], list(people)
    for number in range(draw(st.sampled_from([max_size, max_size, max_size // 2, 3, 0]))):
        closed = draw(DAYS)
        outcome = draw(st.sampled_from(["won"] * 5 + ["lost", "open", "no_decision"]))
        answer.append(
            Deal(
                f"d{number}",
                rep=draw(st.sampled_from([*people * 3, None])),
                amount=money(draw(minor)) if draw(st.integers(0, 7)) != 5 else None,
                created=closed - timedelta(draw(st.integers(0, 90))),
                closed=None if outcome == "open" else closed,
                outcome=outcome,
                labels={"quantity": draw(st.integers(0, 20))},
            )
        )
    return answer


@st.composite
def splits(draw: st.DrawFn, sold: Sequence[Deal], people: Sequence[str] = PEOPLE) -> list[Split]:
    """Revenue splits of some deals, overlay splits of others."""
    answer = []
    for deal in sold:
        if draw(st.booleans()):
            shares = draw(st.sampled_from(SPLIT_SHARES))
            names = draw(st.permutations(list(people)))[: len(shares)]
            answer += [Split(deal.id, rep, share) for rep, share in zip(names, shares, strict=True)]
        if draw(st.integers(0, 2)) == 1:
            answer.append(Split(deal.id, draw(st.sampled_from(list(people))), draw(SHARES), "overlay"))
    return draw(st.permutations(answer))


@st.composite
def changes(draw: st.DrawFn, sold: Sequence[Deal], people: Sequence[str] = PEOPLE) -> list[OwnerChange]:
    """Owner histories of some deals; a decided one has a closing row where it has any."""
    answer = []
    for deal in sold:
        if deal.created is None or not draw(st.booleans()):
            continue
        days = sorted(deal.created + timedelta(n) for n in draw(st.lists(st.integers(0, 120), max_size=3)))
        rows = [(deal.created, False), *((d, False) for d in days)]
        if deal.closed is not None:
            rows = sorted([*rows, (deal.closed, True)])
        for seq, (day, closing) in enumerate(rows):
            answer.append(OwnerChange(deal.id, day, draw(st.sampled_from(list(people))), seq, closing))
    return draw(st.permutations(answer))


@st.composite
def calls(
    draw: st.DrawFn, people: Sequence[str] = PEOPLE, spans: Sequence[Period] = tuple(QUARTERS)
) -> list[ForecastCall]:
    """Forecast calls before, during and after their periods, at most one a day for each rep, period and category."""
    answer = {}
    for rep in people:
        for span in spans:
            for _ in range(draw(st.integers(0, 3))):
                given = span.start + timedelta(draw(st.sampled_from([-8, 0, 6, 7, 13, 84, 90]) | st.integers(-10, 95)))
                category = draw(st.sampled_from(["commit", "commit", "best_case"]))
                said = ForecastCall(rep, span, given, money(draw(st.one_of(SMALL, SMALL, SMALL, st.just(0)))), category)
                answer[rep, span, given, category] = said
    return draw(st.permutations(list(answer.values())))


@st.composite
def team(draw: st.DrawFn, credits: bool = False, months: bool = False) -> Team:
    """One company; with `credits` some amounts are below 0."""
    sold = draw(deals(minor=SIGNED if credits else SOLD))
    return Team(
        draw(reps()),
        draw(quotas(months=months)),
        sold,
        draw(splits(sold)),
        draw(changes(sold)),
        draw(calls()),
    )


def as_of_days() -> st.SearchStrategy[date]:
    """Days on which such a company is looked at: at edges of periods, or anywhere."""
    return st.sampled_from([LAST, date(2025, 6, 30), date(2025, 3, 31), *EDGES[-3:]]) | st.dates(date(2024, 3, 1), LAST)
