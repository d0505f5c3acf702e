"""Pace, teams and concentration say what the slow copies say, on drawn companies: rows, values, n, reasons, parts."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import Any, NamedTuple

import attrs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import salesmetrics as sm
from salesmetrics.books import DealBook, DealHistory, QuotaBook, RepBook, SplitBook
from salesmetrics.calendars import Period, Periods
from salesmetrics.domain import Rep, Split
from salesmetrics.results import MetricTable
from tests import oracle_pace, oracle_team
from tests import strategies_people as people
from tests.laws.drawing import EXAMPLES, deal_book, quota_book, rep_book
from tests.oracle_credit import CreditTerms, OwnerChange, Terms
from tests.oracle_quota import QuotaTerms
from tests.oracle_rows import Answer
from tests.strategies import TEAM_POOL

HOLIDAYS = (date(2024, 1, 1), date(2024, 5, 27), date(2024, 12, 25))
BUSDAY = np.busdaycalendar(weekmask="1111100", holidays=np.array(HOLIDAYS, dtype="datetime64[D]"))
BYS = ((), ("rep",), ("team",), ("team", "rep"))


class Asking(NamedTuple):
    """A company and a question, for both sides."""

    team: people.Team
    by: tuple[str, ...]
    period: Period | Periods
    as_of: date
    with_reps: bool
    split: bool
    credit: str
    returns: str
    quota: str

    @property
    def reps(self) -> list[Rep]:
        """The reps, those without a book being none."""
        return self.team.reps if self.with_reps else []

    @property
    def periods(self) -> Any:
        """The periods as the slow module takes them."""
        return list(self.period) if isinstance(self.period, Periods) else self.period

    @property
    def terms(self) -> Terms:
        """The arguments of the slow module."""
        splits = tuple(self.team.splits) if self.split else ()
        credit = CreditTerms(self.credit, "at_close", self.returns, splits=splits, changes=tuple(self.team.changes))
        return Terms(credit, QuotaTerms(quota=self.quota, holidays=HOLIDAYS))

    def books(self) -> tuple[DealBook, QuotaBook]:
        """The deals and quotas."""
        return deal_book(self.team.deals, staged=False), quota_book(tuple(self.team.quotas))

    def asked(self) -> dict[str, Any]:
        """The arguments of the library."""
        return {
            "by": self.by,
            "period": self.period,
            "as_of": self.as_of,
            "reps": self.rep_book(),
            "splits": split_book(self.team.splits) if self.split else None,
            "history": history_book(self.team.changes),
            "credit": self.credit,
            "returns": self.returns,
        }

    def rep_book(self) -> RepBook | None:
        """The reps as a book."""
        return rep_book(tuple(self.reps))


def split_book(splits: Sequence[Split]) -> SplitBook:
    """Return a book of splits."""
    return sm.read_splits(splits or {"deal": [], "rep": [], "share": [], "kind": []})


def history_book(changes: Sequence[OwnerChange]) -> DealHistory | None:
    """Return a history of owners."""
    if not changes:
        return None
    columns = {name: [getattr(c, name) for c in changes] for name in ("deal", "rep", "seq")}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", sm.SalesMetricsWarning)
        return sm.read_history({**columns, "date": [c.day for c in changes]})


def held(team: people.Team) -> people.Team:
    """Return a company with its shares as books hold them: ramps in parts per million, splits in parts per billion."""
    return team._replace(
        reps=[attrs.evolve(rep, ramp=tuple(round(x, 6) for x in rep.ramp)) for rep in team.reps],
        splits=[attrs.evolve(s, share=round(s.share, 9)) if s.kind == "overlay" else s for s in team.splits],
    )


@st.composite
def askings(draw: st.DrawFn) -> Asking:
    """A company and a question."""
    team = held(draw(people.team(credits=draw(st.booleans()))))
    spans = draw(st.sampled_from([people.QUARTERS, people.MONTHS]))
    first = draw(st.integers(0, len(spans) - 1))
    several = Periods(spans[first : first + draw(st.integers(1, 4))])
    with_reps = draw(st.booleans())
    split = draw(st.booleans())
    return Asking(
        team,
        draw(st.sampled_from(BYS if with_reps else BYS[:2])),
        several if draw(st.booleans()) else several[0],
        draw(st.one_of(st.sampled_from([several[0].last, several[-1].last]), people.as_of_days())),
        with_reps,
        split,
        draw(st.sampled_from(["revenue", "overlay"])) if split else "revenue",
        draw(st.sampled_from(["net", "gross"])),
        draw(st.sampled_from(["effective", "full"])),
    )


def keys_of(table: MetricTable, period: Any) -> list[tuple[Any, ...]]:
    """Return the rows of a table as the slow module names them: periods by position."""
    if not table.labels.names:
        return [()] * len(table)
    rows = [row if len(table.labels.names) > 1 else (row,) for row in table.labels]
    if "period" in table.labels.names:
        at, place = table.labels.names.index("period"), {p: i for i, p in enumerate(period)}
        rows = [(*row[:at], place[row[at]], *row[at + 1 :]) for row in rows]
    return rows


def size_of(parts: Mapping[str, Any]) -> float:
    """Return the largest money in a row, to which the rounding of a difference is relative."""
    return max([abs(float(v)) for v in parts.values() if isinstance(v, (int, Fraction))], default=0.0)


def near(found: float, wanted: Any, size: float) -> bool:
    """Tell whether a number is right to a few units in the last place, of it or of what it was subtracted from."""
    if wanted is None:
        return math.isnan(found)
    return math.isclose(found, float(wanted), rel_tol=1e-12, abs_tol=1e-13 * size)


def same(table: MetricTable, answers: Mapping[Any, Answer], period: Any, *, deals_apart: bool = False) -> None:
    """Assert that a table is the slow module's, row by row; `deals_apart` where a split deal counts once for each rep."""
    keys = keys_of(table, period)
    assert keys == list(answers)
    for at, key in enumerate(keys):
        answer = answers[key]
        where = f"{key}: {answer}"
        size = size_of(answer.parts)
        assert table.reason[at] == answer.reason, where
        assert near(table.value[at], answer.value, size if table.unit.startswith("money") else 0.0), where
        assert int(table.n[at]) == answer.n or (deals_apart and int(table.n[at]) > answer.n), where
        for name in table.parts.keys() & answer.parts.keys():
            assert near(float(table.parts[name][at]), answer.parts[name], size), f"{name} of {where}"
        if table.low is not None and table.high is not None and answer.low is not None and answer.high is not None:
            assert near(table.low[at], answer.low, 1), where
            assert near(table.high[at], answer.high, 1), where


@st.composite
def clocks(draw: st.DrawFn) -> tuple[dict[str, Any], dict[str, Any]]:
    """A clock for both sides."""
    name = draw(st.sampled_from(["calendar", "business_days", "curve"]))
    if name != "curve":
        return {"clock": name, "busday": BUSDAY if name == "business_days" else None}, {"clock": name}
    spans = draw(st.sampled_from([people.QUARTERS, people.MONTHS[:6]]))
    past, stat = spans[: draw(st.integers(1, 5))], draw(st.sampled_from(["mean", "median"]))
    return {"clock": name, "past": Periods(past), "stat": stat}, {"clock": name, "past": past, "stat": stat}


@settings(max_examples=EXAMPLES)
@given(ask=askings(), clock=clocks())
def test_pace_is_the_slow_copys(ask: Asking, clock: Any) -> None:
    """Bookings over the elapsed share of the period, by three clocks."""
    ours, theirs = clock
    table = sm.pace(ask.books()[0], **ask.asked(), **ours)
    wanted = oracle_pace.pace(
        ask.team.deals, by=ask.by, periods=ask.periods, as_of=ask.as_of, terms=ask.terms, reps=ask.reps, **theirs
    )
    same(table, wanted, ask.period, deals_apart=ask.split and "rep" not in ask.by)
    assert table.unit == "money"


def slow(ask: Asking, function: Any, **options: Any) -> dict[Any, Answer]:
    """Return the slow answer of deals and quotas."""
    answer: dict[Any, Answer] = function(
        ask.team.deals,
        ask.team.quotas,
        by=ask.by,
        periods=ask.periods,
        as_of=ask.as_of,
        terms=ask.terms,
        reps=ask.reps,
        **options,
    )
    return answer


@settings(max_examples=EXAMPLES)
@given(ask=askings(), clock=clocks())
def test_pace_attainment_is_the_slow_copys(ask: Asking, clock: Any) -> None:
    """Pace over the quota of the whole period."""
    ours, theirs = clock
    table = sm.pace_attainment(*ask.books(), **ask.asked(), quota=ask.quota, **ours)
    same(table, slow(ask, oracle_pace.pace_attainment, **theirs), ask.period)


@settings(max_examples=EXAMPLES)
@given(ask=askings(), clock=st.sampled_from(["calendar", "business_days"]))
def test_required_run_rate_is_the_slow_copys(ask: Asking, clock: str) -> None:
    """What is still to book over the days that are left."""
    busday = BUSDAY if clock == "business_days" else None
    table = sm.required_run_rate(*ask.books(), **ask.asked(), quota=ask.quota, clock=clock, busday=busday)
    same(table, slow(ask, oracle_pace.required_run_rate, clock=clock), ask.period)
    assert table.unit == "money/day"


@settings(max_examples=EXAMPLES)
@given(ask=askings(), stat=st.sampled_from(["mean", "median"]), at=st.sampled_from([None, [0, 0.29, 0.5, 0.7, 1]]))
def test_the_linearity_curve_is_the_slow_copys(ask: Asking, stat: str, at: Any) -> None:
    """The share closed by each elapsed share, over complete periods."""
    table = sm.linearity_curve(ask.books()[0], **{**ask.asked(), "by": None}, at=at, stat=stat)
    shares = [Fraction(k, 100) for k in range(101)] if at is None else at
    past = list(ask.period) if isinstance(ask.period, Periods) else [ask.period]
    wanted = oracle_pace.linearity_curve(
        ask.team.deals, past, shares, as_of=ask.as_of, stat=stat, terms=ask.terms.credit
    )
    same(table, {(float(share),): answer for share, answer in wanted.items()}, None)


@settings(max_examples=EXAMPLES)
@given(
    ask=askings(),
    how=st.sampled_from(
        [
            {},
            {"method": "mean_of_reps"},
            {"no_quota": "include"},
            {"team_quota": 700},
            {"team_quota": 123.45, "no_quota": "include"},
        ]
    ),
)
def test_team_attainment_is_the_slow_copys(ask: Asking, how: dict[str, Any]) -> None:
    """Pooled, as the mean of reps, with the bookings of reps without quota, and over a team's own number."""
    table = sm.team_attainment(*ask.books(), **ask.asked(), quota=ask.quota, **how)
    same(table, slow(ask, oracle_team.team_attainment, **how), ask.period)


@settings(max_examples=EXAMPLES)
@given(ask=askings(), numbers=st.dictionaries(st.sampled_from([*TEAM_POOL, None]), st.integers(0, 900)))
def test_a_teams_own_number_is_looked_up_by_label(ask: Asking, numbers: dict[Any, int]) -> None:
    """A mapping of numbers gives each team its own; a team without one has no quota."""
    ask = ask._replace(by=("team",), with_reps=True)
    table = sm.team_attainment(*ask.books(), **ask.asked(), team_quota=numbers)
    same(table, slow(ask._replace(quota="effective"), oracle_team.team_attainment, team_quota=numbers), ask.period)


@settings(max_examples=EXAMPLES)
@given(
    ask=askings(),
    threshold=people.THRESHOLDS,
    ramping=st.none() | people.THRESHOLDS,
    least=st.sampled_from([0.0, 0.5, 0.9, 1.0]),
)
def test_share_at_quota_is_the_slow_copys(ask: Asking, threshold: float, ramping: Any, least: float) -> None:
    """Reps at or above their threshold, those who ramp by their own, those who were hardly there left out."""
    if not ask.with_reps:
        ramping, least = None, 0.0
    options = {"threshold": threshold, "ramping_threshold": ramping, "min_active_share": least}
    table = sm.share_at_quota(*ask.books(), **ask.asked(), quota=ask.quota, **options)
    same(table, slow(ask, oracle_team.share_at_quota, **options), ask.period)


@settings(max_examples=EXAMPLES)
@given(ask=askings(), q=st.sampled_from([oracle_team.QUANTILES, ("0.5",), ("0.07", "0.333333")]))
def test_the_distribution_of_attainment_is_the_slow_copys(ask: Asking, q: Sequence[str]) -> None:
    """Nearest-rank quantiles of the reps' attainment, from the minimum to the maximum."""
    shares = [float(x) for x in q]
    table = sm.attainment_distribution(*ask.books(), **ask.asked(), quota=ask.quota, q=shares)
    same(table, slow(ask, oracle_team.attainment_distribution, q=q), ask.period)


@settings(max_examples=EXAMPLES)
@given(
    ask=askings(),
    threshold=people.THRESHOLDS,
    which=st.sampled_from(["current", "longest"]),
    undefined=st.sampled_from(["skip", "break"]),
    first=st.integers(0, 8),
)
def test_attainment_streaks_are_the_slow_copys(
    ask: Asking, threshold: float, which: str, undefined: str, first: int
) -> None:
    """Complete periods in a row at the threshold; the periods are no label."""
    ask = ask._replace(period=Periods(people.MONTHS[first : first + 8]))
    options: dict[str, Any] = {"threshold": threshold, "which": which, "undefined": undefined}
    table = sm.attainment_streak(*ask.books(), **ask.asked(), quota=ask.quota, **options)
    same(table, slow(ask, oracle_team.attainment_streak, **options), None)


@settings(max_examples=EXAMPLES)
@given(ask=askings(), top=st.sampled_from([None, 1, 2, 0.2, 0.5, 1.0]))
def test_concentration_is_the_slow_copys(ask: Asking, top: Any) -> None:
    """Gini and top share of bookings by rep."""
    deals = ask.books()[0]
    table = sm.gini(deals, **ask.asked()) if top is None else sm.top_share(deals, **ask.asked(), top=top)
    wanted = oracle_team.concentration(
        ask.team.deals,
        by=ask.by,
        periods=ask.periods,
        as_of=ask.as_of,
        top=top,
        terms=ask.terms.credit,
        reps=ask.reps,
    )
    same(table, wanted, ask.period)
    assert table.left_out["no rep"] == sum(answer.parts["ownerless"] for answer in wanted.values())


TALLIED = [
    (sm.pace, False, {}),
    (sm.pace_attainment, True, {"clock": "business_days"}),
    (sm.required_run_rate, True, {}),
    (sm.team_attainment, True, {"no_quota": "include"}),
    (sm.share_at_quota, True, {"threshold": 0.5}),
    (sm.attainment_distribution, True, {}),
    (sm.attainment_streak, True, {}),
    (sm.gini, False, {}),
    (sm.top_share, False, {"top": 1}),
]


@pytest.mark.parametrize(("metric", "both", "options"), TALLIED, ids=[metric.__name__ for metric, _, _ in TALLIED])
@settings(max_examples=max(EXAMPLES // 2, 5))
@given(ask=askings(), cut=st.integers(0, 30))
def test_tallies_of_parts_give_the_answer_of_the_books(
    metric: Any, both: bool, options: dict[str, Any], ask: Asking, cut: int
) -> None:
    """Tallies of two parts of the deals, added up, give the same answer, bit for bit, as the books do."""
    ask = ask._replace(split=False, credit="revenue", returns="net")
    deals, quotas = ask.books()
    asked = {name: value for name, value in ask.asked().items() if name not in ("credit", "returns")}
    halves = (deals.take(np.arange(min(cut, deals.rows))), deals.take(np.arange(min(cut, deals.rows), deals.rows)))
    one, other = (sm.BookingTally.from_book(half, **asked) for half in halves)
    owed = sm.QuotaTally.from_book(quotas, by=ask.by, period=ask.period, reps=asked["reps"])
    sides = (one + other, owed) if both else (one + other,)
    books = (deals, quotas) if both else (deals,)
    assert metric(*sides, **options).equals(metric(*books, **asked, **options))
