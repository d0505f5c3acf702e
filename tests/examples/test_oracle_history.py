"""The worked cases of histories (W, R, N) through the slow module; the fast code is held to it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from fractions import Fraction as F
from typing import Any

import pytest

from salesmetrics.calendars import Period
from salesmetrics.domain import Deal, SalesProcess, Stage
from tests import oracle_flags, oracle_history, oracle_incidence, oracle_slips, oracle_stages, oracle_survival
from tests.oracle_history import Change
from tests.oracle_incidence import Life

PROCESS = SalesProcess(
    [
        *(Stage("1", 1), Stage("2", 2), Stage("3", 3)),
        *(Stage("won", 4, outcome="won"), Stage("also won", 5, outcome="won"), Stage("lost", 6, outcome="lost")),
    ]
)
DAY = date(2026, 6, 30)


def on(text: str) -> date:
    """A day of 2026."""
    return date.fromisoformat(f"2026-{text}")


def told(name: str, *rows: tuple[Any, ...]) -> tuple[Deal, list[Change]]:
    """A deal and its history, of rows (day, stage, amount, close date, rep)."""
    changes = [
        Change(name, on(day), stage, amount, None if due is None else on(due), rep)
        for day, stage, amount, due, rep in (row + (None,) * (5 - len(row)) for row in rows)
    ]
    trail = oracle_history.trail_of(Deal(name), changes, PROCESS)
    assert trail is not None
    last = trail.moments[-1]
    closed = oracle_history.closed_on(trail.moments)
    return (
        Deal(name, last.rep, None, changes[0].day, last.expected_close, closed, last.stage, last.outcome),
        changes,
    )


def moved(name: str, path: str, day: str = "01-") -> tuple[Deal, list[Change]]:
    """A deal that went through stages, a day each: "1 2 won"."""
    return told(name, *((f"{day}{at + 1:02}", stage) for at, stage in enumerate(path.split())))


def book(*deals: tuple[Deal, list[Change]]) -> tuple[list[Deal], list[Change]]:
    """Deals and all their changes."""
    return [deal for deal, _ in deals], [change for _, changes in deals for change in changes]


def paths(*deals: tuple[Deal, list[Change]], **more: Any) -> list[oracle_stages.Path]:
    """The paths of deals."""
    return oracle_stages.paths_of(*book(*deals), PROCESS, as_of=DAY, **more)


def values(answers: Any) -> list[Any]:
    """The values of an answer, in order."""
    return [a.value for a in answers.values()]


FUNNEL = [moved(n, p) for n, p in zip("ABCDE", ("1 2 3 won", "1 3 won", "1 2 lost", "1 lost", "1 3 lost"), strict=True)]


@pytest.mark.parametrize(
    ("skips", "wanted"),
    [
        ("impute", [F(4, 5), F(3, 4), F(2, 3)]),
        ("observed", [F(4, 5), F(1, 2), F(2, 3)]),
        ("exclude", [F(2, 3), F(1, 2), 1]),
    ],
)
def test_r18_conversion(skips: str, wanted: Sequence[Any]) -> None:
    """R18: what skipped stages do to conversion."""
    assert values(oracle_stages.stage_conversion(paths(*FUNNEL), PROCESS, skips)) == wanted


def test_r18_chances() -> None:
    """R18: the chance of winning from a stage, observed and by the chain."""
    assert values(oracle_stages.win_probability_by_stage(paths(*FUNNEL), PROCESS)) == [F(2, 5), F(1, 2), F(2, 3)]
    found = oracle_stages.win_probability_by_stage(paths(*FUNNEL), PROCESS, "markov")
    assert values(found) == [F(2, 5), F(1, 3), F(2, 3)]


def test_r19_moves() -> None:
    """R19: every move counts, and one to lost is not forward."""
    way = paths(moved("a", "1 3 2 3 lost"))
    assert oracle_stages.transition_matrix(way) == {("1", "3"): 1, ("3", "2"): 1, ("2", "3"): 1, ("3", "lost"): 1}
    assert values(oracle_stages.forward_rate(way, PROCESS)) == [1, 1, 0]
    assert oracle_stages.regress_rate(way, PROCESS).value == 1
    assert oracle_stages.stage_skip_rate(way).value == 0


def test_w12_and_w13() -> None:
    """W12, W13: reached and conversion of a funnel of two stages, and one advance and one loss."""
    two = SalesProcess([Stage("1", 1), Stage("2", 2), Stage("won", 4, outcome="won"), Stage("lost", 6, outcome="lost")])
    deals = [moved("a", "1 2 won"), moved("b", "1 2 won"), moved("c", "1 2 lost"), moved("d", "1 lost")]
    way = oracle_stages.paths_of(*book(*deals), two)
    assert values(oracle_stages.stage_reached(way, two)) == [4, 3, 2]
    assert values(oracle_stages.stage_conversion(way, two)) == [F(3, 4), F(2, 3)]
    few = oracle_stages.paths_of(*book(deals[0], deals[3]), two)
    assert oracle_stages.forward_rate(few, two)["1"][:2] == (F(1, 2), 2)


SAMPLE = {"Discovery": 5, "Qualification": 3, "Proposal": 4, "Negotiation": 3, "Closed Won": 2}


def test_w8_funnel_and_over_age() -> None:
    """W8: reached and conversions of the sample funnel; the ages at which a deal is over the cycle."""
    names = list(SAMPLE)
    process = SalesProcess(
        [
            *(Stage(n, at) for at, n in enumerate(names[:4])),
            *(Stage("Closed Won", 4, outcome="won"), Stage("Lost", 5, outcome="lost")),
        ]
    )
    deals, changes = [], []
    for stage, count in SAMPLE.items():
        for k in range(count):
            won = stage == "Closed Won"
            end = {"closed": on("01-01"), "outcome": "won"} if won else {}
            deals.append(Deal(f"{stage}{k}", created=on("01-01"), stage=stage, **end))  # type: ignore[arg-type]
            changes.append(Change(f"{stage}{k}", on("01-01"), stage))
    way = oracle_stages.paths_of(deals, changes, process, population="all")
    assert values(oracle_stages.stage_reached(way, process)) == [17, 12, 9, 5, 2]
    assert values(oracle_stages.stage_conversion(way, process)) == [F(12, 17), F(3, 4), F(5, 9), F(2, 5)]
    limits = {"Discovery": 90, "Qualification": 78, "Proposal": 67, "Negotiation": 56}
    for trail in oracle_history.trails_of(deals, changes, process):
        if trail.row.is_open:
            for more, wanted in ((0, False), (1, True)):
                day = date.fromordinal(on("01-01").toordinal() + limits[str(trail.row.stage)] + more)
                assert oracle_flags.over_cycle(trail.row, process, day, 45) is wanted


def test_r21_pushes() -> None:
    """R21: two pushes, 50 days forward, 40 net."""
    deal = told("a", *((f"01-0{k}", "1", 5, due) for k, due in enumerate(("03-31", "04-15", "04-05", "05-10"), 1)))
    trails = oracle_history.trails_of(*book(deal), PROCESS)
    assert oracle_slips.push_count(trails) == {"a": 2}
    assert oracle_slips.days_slipped(trails) == {"a": 50}
    assert oracle_slips.days_slipped(trails, days="net") == {"a": 40}
    assert oracle_slips.push_count(trails, Period("2026-01-03", "2026-02-01")) == {"a": 1}


def test_w33_slip_rate() -> None:
    """W33: ten due in the period, four closed in it."""
    rows = [
        told(f"a{k}", ("03-01", "1", 5, "04-20"), *((("04-30", "won", 5, "04-20"),) if k < 4 else ()))
        for k in range(10)
    ]
    month = Period("2026-04-01", "2026-05-01")
    found = oracle_slips.slip_rate(*book(*rows), process=PROCESS, as_of=DAY, periods=month)
    assert found[()][:2] == (F(3, 5), 10)


def walk(*deals: tuple[Deal, list[Change]], due: Period | None = None, **more: Any) -> dict[str, tuple[F, int]]:
    """The walk of April, without empty buckets."""
    found = oracle_history.pipeline_walk(
        *book(*deals), process=PROCESS, t0=on("04-01"), t1=on("05-01"), due=due, **more
    )
    return {name: pair for name, pair in found[()].items() if pair[1]}


def test_w34_a_cut() -> None:
    """W34: one deal, 20,000 and then 15,000."""
    deal = told("a", ("01-01", "1", 20_000, "05-05"), ("04-05", "1", 15_000, "05-05"))
    assert walk(deal) == {"start": (20_000, 1), "decreased": (-5_000, 1), "end": (15_000, 1)}


R22 = (
    told("a", ("01-01", "1", 100, "05-05")),
    told("b", ("01-01", "1", 20, "05-05"), ("04-05", "1", 15, "05-05")),
    told("c", ("01-01", "1", 50, "05-05"), ("04-05", "1", 60, "07-01")),
    told("d", ("01-01", "1", 80, "04-20"), ("04-18", "won", 70, "04-20")),
    told("e", ("01-01", "1", 40, "04-30"), ("04-22", "lost", 40, "04-30")),
    told("f", ("04-10", "1", 30, "06-20")),
    told("g", ("04-03", "1", 12, "05-05"), ("04-28", "won", 12, "05-05")),
    told("h", ("01-01", "1", 90, "08-10"), ("04-05", "1", 95, "06-28")),
    told("i", ("01-01", "1", 25, "07-15"), ("04-30", "won", 25, "07-15")),
    told("j", ("01-01", "1", 35, "05-05"), ("02-01", "lost", 35, "05-05"), ("04-05", "1", 35, "05-30")),
    told("l", ("01-01", "1", None, "05-05"), ("04-05", "1", 18, "05-05")),
)


def test_r22_and_n30_the_walk() -> None:
    """R22, N30: every bucket of the walk that a history can fill, with a deal deleted beside it."""
    found = walk(*R22, due=Period("2026-04-01", "2026-07-01"))
    kept = {"start": (290, 6), "priced": (18, 1), "increased": (10, 1), "decreased": (-15, 2), "end": (293, 6)}
    entered = {"new": (42, 2), "reopened": (35, 1), "pulled_in": (120, 2)}
    assert found == kept | entered | {"won": (-107, 3), "lost": (-40, 1), "pushed_out": (-60, 1)}
    gone = oracle_history.state(oracle_history.trails_of(*book(R22[0]), PROCESS)[0], on("04-01"))
    scope = oracle_history.Scope(Period("2026-04-01", "2026-07-01"))
    assert oracle_history.moves_of(gone, None, scope, on("04-01"), on("05-01")) == [
        ("start", 100, 1),
        ("deleted", -100, -1),
    ]


def test_a_walk_by_owner_adds_up() -> None:
    """A deal that changes hands and is won leaves one owner and is won by the other, once."""
    deal = told("a", ("01-01", "1", 10, "05-05", "Ana"), ("04-05", "won", 12, "05-05", "Bo"))
    both = [
        {name: pair for name, pair in found.items() if pair[1]}
        for found in oracle_history.pipeline_walk(
            *book(deal), process=PROCESS, t0=on("04-01"), t1=on("05-01"), by="rep"
        ).values()
    ]
    assert both == [
        {"start": (10, 1), "increased": (2, 1), "transferred_out": (-12, 1)},
        {"transferred_in": (12, 1), "won": (-12, 1)},
    ]


def test_n17_and_n18_closings() -> None:
    """N17, N18: the last closing counts, once; a move between two won stages is none."""
    again = told("a", ("01-05", "1"), ("02-10", "won"), ("03-01", "2"), ("04-02", "won"))
    twice = told("b", ("01-05", "1"), ("02-10", "won"), ("03-01", "also won"))
    in_march = oracle_history.as_of(*book(again, twice), on("03-15"), process=PROCESS)
    assert [(s.outcome, s.closed) for s in in_march.values()] == [("open", None), ("won", on("02-10"))]
    after = oracle_history.as_of(*book(again, twice), on("04-30"), process=PROCESS)
    assert [(s.outcome, s.closed) for s in after.values()] == [("won", on("04-02")), ("won", on("02-10"))]


LIVES = [Life(0, 10, "won"), Life(0, 30, "won"), Life(0, 20, "lost"), Life(0, 15, "open"), Life(0, 40, "open")]


def lasting(found: Iterable[F]) -> list[str]:
    """Shares as the sources print them."""
    return [f"{float(x):.6f}" for x in found]


def test_r14_incidence() -> None:
    """R14: won and lost as competing risks, entered at once."""
    curve = oracle_incidence.curve_with_entry(LIVES)
    assert lasting(curve.at(t) for t in (10, 20, 30)) == ["0.800000", "0.533333", "0.266667"]
    assert lasting(curve.incidence_at("won", t) for t in (10, 20, 30)) == ["0.200000", "0.200000", "0.466667"]
    assert oracle_survival.restricted_mean(curve, 30) == F(70, 3)


def test_h11_and_late_entry() -> None:
    """H11: entry 0 is no entry; a deal that is seen from 12 days on is not at risk before."""
    plain = oracle_survival.curve_of((life.age, life.kind) for life in LIVES)
    assert oracle_incidence.curve_with_entry(LIVES) == plain
    late = oracle_incidence.curve_with_entry([*LIVES, Life(12, 25, "lost")])
    assert [step.at_risk for step in late.steps] == [5, 4, 3, 2]


SIX_MP = (6, 6, 6, 7, 10, 13, 16, 22, 23), (6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35)
CONTROL = (1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23)


def test_freireich_logrank() -> None:
    """Freireich's two arms: chi-square 16.792941 (lifelines)."""
    treated = [Life(0, t, "won") for t in SIX_MP[0]] + [Life(0, t, "open") for t in SIX_MP[1]]
    found, degrees = oracle_incidence.logrank([treated, [Life(0, t, "won") for t in CONTROL]])
    assert found is not None
    assert (f"{float(found):.6f}", degrees) == ("16.792941", 1)
    assert f"{oracle_incidence.chi_square_beyond(found, 1):.4e}" == "4.1688e-5"


@pytest.mark.parametrize(
    ("value", "degrees", "beyond"),
    [(F("3.841458820694124"), 1, "0.050000"), (F("5.991464547107979"), 2, "0.050000"), (F(5), 3, "0.171797")],
)
def test_tail_of_chi_square(value: F, degrees: int, beyond: str) -> None:
    """Tabulated values (scipy 1.17.1: `chi2.sf`)."""
    assert f"{oracle_incidence.chi_square_beyond(value, degrees):.6f}" == beyond


def test_flags_of_one_deal() -> None:
    """Each flag of a deal that has gone wrong in every way that its own history tells."""
    sick = told(
        "a", ("01-01", "2", 40, "02-01", "Ana"), ("01-02", "1", 40, "02-05", "Ana"), ("01-03", "1", 40, "02-09", "Ana")
    )
    well = [told(f"b{k}", ("01-01", "1", 30, "08-01"), (f"01-0{k}", "won", 30, "08-01")) for k in (3, 4)]
    found = oracle_flags.flags(*book(sick, *well), process=PROCESS, as_of=on("02-10"), activities={"a": [on("01-20")]})
    raised = [name for name, flag in found["a"].items() if flag]
    assert list(found) == ["a"]
    assert raised == ["overdue", "no_next_step", "stale", "over_age", "pushed", "regressed", "concentrated"]
    assert oracle_flags.hygiene_share(found)[:2] == (0, 1)
    assert oracle_flags.at_risk(found) == {"a"}


def test_ages_and_days() -> None:
    """Ages in a stage, their buckets with the lower bound in them, days in stages, and days at risk."""
    deal = told("a", ("01-01", "1"), ("01-11", "2"), ("01-16", "1"), ("01-16", "1", 5))
    trail = oracle_history.trails_of(*book(deal), PROCESS)[0]
    assert oracle_stages.stage_age(trail, PROCESS, on("02-15")) == 30
    assert oracle_stages.stage_age(trail, PROCESS, on("02-15"), "first") == 45
    assert oracle_stages.age_buckets([29, 30, None, 90]) == [1, 1, 0, 1, 1]
    window = Period("2026-01-10", "2026-02-01")
    assert oracle_incidence.open_days(trail.row, window, on("01-19")) == 10
    assert oracle_incidence.open_days(trail.row, None, on("01-19")) == 18
    dwell = oracle_stages.stage_dwell(paths(deal, population="all"), PROCESS)
    assert [(a.value, a.n) for a in dwell.values()] == [(10, 1), (5, 1), (None, 0)]
