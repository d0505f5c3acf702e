"""Books drawn to break laws: amounts, days at edges, labels that collide, deals, quotas, periods, cuts.

Everything drawn is something that a book accepts. Amounts are `Decimal` with two decimals, so a law over them is exact;
`money(NASTY)` and the like are for the float path.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import TypeVar

from hypothesis import strategies as st

from salesmetrics.calendars import Period
from salesmetrics.domain import Deal, Quota, Rep, SalesProcess, Stage

T = TypeVar("T")

MINOR = st.integers(0, 10**9)
"""Whole minor units, for laws that hold exactly."""
SIGNED = st.integers(-(10**9), 10**9)
"""For laws that allow credits."""
NASTY = st.sampled_from(
    [0.0, -0.0, 0.1, 0.2, 0.3, 1.005, 2.675, 131072.01, 1e-9, 5e-324, 1e15, 1e16, 2.0**53, 2.0**53 + 2]
)
EDGE_DAYS = [
    *(date(1970, 1, 1), date(1999, 12, 31), date(2000, 2, 29), date(2020, 12, 31), date(2021, 1, 3)),
    *(date(2023, 2, 28), date(2023, 3, 31), date(2023, 4, 1), date(2024, 1, 31), date(2024, 2, 1)),
    *(date(2024, 2, 29), date(2024, 3, 10), date(2024, 3, 31), date(2024, 6, 30), date(2024, 7, 1)),
    *(date(2024, 10, 27), date(2024, 11, 3), date(2024, 12, 31), date(2025, 1, 1), date(2038, 1, 19)),
]
DAYS = st.sampled_from(EDGE_DAYS) | st.dates(date(2023, 1, 1), date(2025, 12, 31))
NEAR_DAYS = st.sampled_from([d for d in EDGE_DAYS if 2023 <= d.year <= 2025]) | st.dates(
    date(2023, 12, 1), date(2025, 1, 31)
)
"""Days close enough together for periods and deals to meet."""
LABELS = st.sampled_from(
    [
        *(
            "Ana",
            "ana",
            "ANA",
            "Ana ",
            " Ana",
            "Zo\u00eb",
            "Zoe\u0308",
            "",
            "nan",
            "None",
            "NA",
            "null",
            "0",
            "00",
            "1E5",
        ),
        *("=1+1", "@SUM(A1)", "<b>Ana</b>", "../x", "CON", "\u202eanA", "A\u200bna", "\u0410na", "a\tb", "a\nb"),
        *("\x1b[31m", "A" * 300),
    ]
)
"""Names that collide or bite, the blank one and control characters among them: for labels, not for ids."""
KEY_POOL = ["Ana", "ana", "Zo\u00eb", "Zoe\u0308", "nan", "None", "0", "00", "=1+1", "<b>", "A" * 300]
KEYS = st.sampled_from(KEY_POOL)
"""The part of the pool that a book accepts as a rep or a label."""
STATE = st.sampled_from(["open", "won", "lost"])
OUTCOMES = st.sampled_from(["open", "won", "lost", "no_decision"])
TEAM_POOL = ["East", "east", "<b>", "00"]

OPEN_STAGES = ("Discovery", "Proposal", "Negotiation")
ENDED_STAGES = {"won": "Closed Won", "lost": "Closed Lost", "no_decision": "No Decision"}
PROCESS = SalesProcess(
    (
        Stage("Discovery", 1, probability=0.1),
        Stage("Proposal", 2, probability=0.4),
        Stage("Negotiation", 3, probability=0.75),
        Stage("Closed Won", 4, probability=1.0, outcome="won"),
        Stage("Closed Lost", 5, probability=0.0, outcome="lost"),
        Stage("No Decision", 6, probability=0.0, outcome="no_decision"),
    )
)
"""The process that drawn stages belong to."""


def money(minor: int) -> Decimal:
    """Return minor units of two decimals as an amount, exactly."""
    return Decimal(minor).scaleb(-2)


@st.composite
def deal_rows(draw: st.DrawFn, max_size: int = 12) -> list[tuple[str, int, str, int, date, int]]:
    """Rows as small tuples: (rep, stage, state, minor units, created, days open)."""
    row = st.tuples(KEYS, st.integers(0, 4), STATE, MINOR, DAYS, st.integers(0, 400))
    return draw(st.lists(row, max_size=max_size))


@st.composite
def one_deal(
    draw: st.DrawFn,
    number: int,
    minor: st.SearchStrategy[int],
    days: st.SearchStrategy[date],
    complete: bool,
) -> Deal:
    """One deal; with `complete`, nothing a metric may need is missing. Both labels are always there, if only None."""

    def maybe(strategy: st.SearchStrategy[T]) -> st.SearchStrategy[T | None]:
        return strategy if complete else st.none() | strategy

    outcome = draw(OUTCOMES)
    created = draw(days if complete else st.one_of(days, days, days, st.none()))
    length = timedelta(draw(st.integers(0, 400)))
    ended = draw(days) if created is None else created + length
    is_open = outcome == "open"
    labels = {"segment": draw(maybe(KEYS)), "product": draw(maybe(st.sampled_from(["A", "B", "a"])))}
    millionths = draw(st.integers(0, 10**6) | st.sampled_from([0, 333333, 500000, 10**6]))
    probability = draw(maybe(st.just(millionths / 10**6))) if is_open else None
    return Deal(
        f"d{number}",
        rep=draw(maybe(KEYS)),
        amount=draw(maybe(minor.map(money))),
        created=created,
        expected_close=draw(maybe(days)),
        closed=None if is_open else ended,
        stage=draw(maybe(st.sampled_from(OPEN_STAGES) if is_open else st.just(ENDED_STAGES[outcome]))),
        outcome=outcome,
        probability=probability,
        forecast_category=draw(maybe(st.sampled_from(["commit", "best_case", "pipeline"]))),
        labels=labels,
    )


@st.composite
def deals(
    draw: st.DrawFn,
    min_size: int = 0,
    max_size: int = 12,
    minor: st.SearchStrategy[int] = MINOR,
    days: st.SearchStrategy[date] = NEAR_DAYS | DAYS,
    complete: bool = False,
) -> list[Deal]:
    """Deals with ids of their own; every column is missing now and then unless they are to be complete."""
    size = draw(st.integers(min_size, max_size))
    return [draw(one_deal(number, minor, days, complete)) for number in range(size)]


@st.composite
def quotas(
    draw: st.DrawFn,
    max_reps: int = 4,
    max_periods: int = 4,
    minor: st.SearchStrategy[int] = MINOR,
    revised: bool = True,
) -> list[Quota]:
    """Quotas of some reps: runs of periods with gaps and no overlap, some amounts 0, some changed midway."""
    answer = []
    for rep in draw(st.lists(KEYS, max_size=max_reps, unique=True)):
        start = draw(NEAR_DAYS)
        for _ in range(draw(st.integers(1, max_periods))):
            start += timedelta(draw(st.sampled_from([0, 0, 0, 1, 31])))
            length = draw(st.sampled_from([28, 29, 30, 31, 90, 91, 92, 366]) | st.integers(1, 120))
            end = start + timedelta(length)
            changes = draw(st.lists(st.integers(0, length - 1), max_size=2, unique=True)) if revised else []
            for first in sorted({0, *changes}):
                answer.append(
                    Quota(
                        rep, start, end, money(draw(minor)), effective_from=start + timedelta(first) if first else None
                    )
                )
            start = end
    return draw(st.permutations(answer))


@st.composite
def reps(draw: st.DrawFn) -> list[Rep]:
    """One rep for every key, with a team or without."""
    teams = st.none() | st.sampled_from(TEAM_POOL)
    return [Rep(key, team=draw(teams)) for key in KEY_POOL]


LENGTHS = st.sampled_from([1, 7, 28, 29, 30, 31, 90, 91, 92, 365, 366]) | st.integers(1, 400)


@st.composite
def one_period(draw: st.DrawFn) -> Period:
    """One period near the deals."""
    start = draw(NEAR_DAYS)
    return Period(start, start + timedelta(draw(LENGTHS)))


@st.composite
def periods(draw: st.DrawFn, min_size: int = 1, max_size: int = 4) -> list[Period]:
    """Periods in order, without overlap, with or without gaps."""
    answer: list[Period] = []
    start = draw(NEAR_DAYS)
    for _ in range(draw(st.integers(min_size, max_size))):
        start += timedelta(draw(st.sampled_from([0, 0, 0, 1, 31])))
        end = start + timedelta(draw(LENGTHS))
        answer.append(Period(start, end))
        start = end
    return answer


@st.composite
def cuts(draw: st.DrawFn, rows: Sequence[T]) -> list[list[T]]:
    """A partition of the rows into 1 to 8 parts, some of them empty."""
    k = draw(st.integers(1, 8))
    owner = draw(st.lists(st.integers(0, k - 1), min_size=len(rows), max_size=len(rows)))
    return [[r for r, o in zip(rows, owner, strict=True) if o == i] for i in range(k)]


def merge_tree(data: st.DataObject, parts: Sequence[T], merge: Callable[[T, T], T]) -> T:
    """Merge neighbours in an order that the test draws, until one is left."""
    left = list(parts)
    while len(left) > 1:
        i = data.draw(st.integers(0, len(left) - 2))
        left[i : i + 2] = [merge(left[i], left[i + 1])]
    return left[0]
