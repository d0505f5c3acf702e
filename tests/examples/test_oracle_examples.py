"""The worked cases (W published, R reference, N negative) through the slow module; the fast code is held to it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction as F
from typing import Any

import pytest

from salesmetrics.calendars import Period
from salesmetrics.domain import Deal, Quota, Rep, SalesProcess, Stage
from tests import oracle

Q1 = Period("2026-01-01", "2026-04-01")
JAN, FEB, MAR = (
    Period("2026-01-01", "2026-02-01"),
    Period("2026-02-01", "2026-03-01"),
    Period("2026-03-01", "2026-04-01"),
)
ANA, BO = ("Ana",), ("Bo",)


def day(text: str) -> date:
    """A day of 2026, or of the year that is written."""
    return date.fromisoformat(text if len(text) == 10 else f"2026-{text}")


def won(id: str, amount: Any, closed: str = "02-15", created: str | None = None, **more: Any) -> Deal:
    return Deal(
        id,
        amount=amount,
        closed=day(closed),
        created=None if created is None else day(created),
        outcome=more.pop("outcome", "won"),
        **more,
    )


def lost(id: str, amount: Any = None, closed: str = "02-15", created: str | None = None, **more: Any) -> Deal:
    return won(id, amount, closed, created, outcome="lost", **more)


def still_open(id: str, amount: Any, expected_close: str | None = None, **more: Any) -> Deal:
    return Deal(id, amount=amount, expected_close=None if expected_close is None else day(expected_close), **more)


def quota(rep: Any, amount: Any, period: Period = Q1, **more: Any) -> Quota:
    return Quota(rep, period.start, period.end, amount, **more)


def about(number: Any, digits: int = 6) -> str:
    """A number as the sources print it."""
    return f"{float(number):.{digits}f}"


def many(kind: Any, count: int, prefix: str, **more: Any) -> list[Deal]:
    return [kind(f"{prefix}{i}", 100, **more) for i in range(count)]


# --- coverage, velocity, cycle ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pipeline", "target", "basis", "rate", "coverage", "required"),
    [
        (4_800_000, 1_600_000, "remaining", F(22, 100), F(3), F(50, 11)),
        (7_500_000, 2_000_000, "full", F(28, 100), F(15, 4), F(25, 7)),
        (7_500_000, 2_000_000, "full", F(25, 100), F(15, 4), F(4)),
        (2_400_000, 800_000, "full", F(1, 3), F(3), F(3)),
        (9_000_000, 3_000_000, "full", F(1, 3), F(3), F(3)),
    ],
)
def test_coverage_w1_to_w4(pipeline: int, target: int, basis: str, rate: F, coverage: F, required: F) -> None:
    """W1 to W4: open pipeline over the quota, and what a win rate asks for."""
    deals = [still_open("a", pipeline, "03-01", rep="Ana"), won("b", 400_000, "01-10", rep="Ana")]
    full = target + 400_000 if basis == "remaining" else target
    found = oracle.pipeline_coverage(
        deals, [quota("Ana", full)], basis=basis, by="rep", periods=Q1, as_of=day("02-01")
    )[ANA]
    assert (found.value, found.n, found.reason) == (coverage, 1, "")
    assert oracle.required_coverage(rate).value == required


def test_velocity_w5_w6() -> None:
    """W5, W6: four numbers, and one lever at a time."""
    base = oracle.velocity_from(40, 0.25, 25_000, 90)
    assert base == F(25_000, 9)
    assert about(base * 30, 2) == "83333.33"
    assert about(base * 365, 2) == "1013888.89"
    for lever in ((48, 0.25, 25_000, 90), (40, 0.3, 25_000, 90), (40, 0.25, 30_000, 90)):
        assert oracle.velocity_from(*lever) == base * F(6, 5)
    assert oracle.velocity_from(40, 0.25, 25_000, 72) == base * F(5, 4)


@pytest.mark.parametrize(("year", "mean"), [(2023, F(46)), (2024, F(139, 3))])
def test_cycle_length_w7(year: int, mean: F) -> None:
    """W7: three cycles; a leap day is a day."""
    spans = [("01-01", "02-15"), ("01-10", "03-05"), ("01-20", "02-28")]
    deals = [won(f"d{i}", 1, f"{year}-{end}", f"{year}-{start}") for i, (start, end) in enumerate(spans)]
    found = oracle.cycle_length(deals)[()]
    assert (found.value, found.n) == (mean, 3)


W8 = {
    "Discovery": [(42, 8), (28, 5), (31, 12), (55, 3), (38, 15)],
    "Qualification": [(35, 18), (48, 22), (67, 28)],
    "Proposal": [(85, 32), (95, 40), (110, 95), (43, 35)],
    "Negotiation": [(120, 55), (58, 42), (250, 60)],
    "Closed Won": [(72, 38), (91, 44)],
}


def w8() -> list[Deal]:
    """The 17 deals of W8 on the last day of the quarter, open ones due that day."""
    today = day("03-31")
    deals: list[Deal] = []
    for stage, rows in W8.items():
        for amount, age in rows:
            end = today if stage == "Closed Won" else None
            deals.append(
                Deal(
                    f"d{len(deals)}",
                    rep="Ana",
                    amount=amount * 1000,
                    created=today - timedelta(age),
                    expected_close=today,
                    closed=end,
                    stage=stage,
                    outcome="won" if end else "open",
                )
            )
    return deals


def test_w8_and_n8_and_n28() -> None:
    """W8, N8, N28: what loose definitions give, and what these give."""
    deals, today = w8(), day("03-31")
    assert oracle.open_pipeline(deals, as_of=today)[()][:2] == (1_105_000, 15)
    quotas = [quota("Ana", 500_000)]
    full = oracle.pipeline_coverage(deals, quotas, basis="full", periods=Q1, as_of=today)[()]
    remaining = oracle.pipeline_coverage(deals, quotas, basis="remaining", periods=Q1, as_of=today)[()]
    assert (full.value, remaining.value) == (F(221, 100), F(1105, 337))
    assert oracle.deal_size(deals, of="all")[()].value == F(1_268_000, 17)
    assert oracle.deal_size(deals)[()].value == 81_500
    assert oracle.win_rate(deals)[()][:2] == (1, 2)
    assert oracle.win_rate(deals, basis="created")[()][:2] == (F(2, 17), 17)
    assert oracle.cycle_length(deals)[()][:2] == (41, 2)
    assert about(oracle.velocity_from(17, F(2, 17), F(1_268_000, 17), F(552, 17)), 2) == "4594.20"
    found = oracle.velocity(deals, periods=Q1, as_of=today)[()]
    assert (about(found.value, 2), found.n) == ("29817.07", 15)
    assert about(oracle.velocity_from(15, F(2, 17), 81_500, 41), 2) == "3507.89"


# --- win rate --------------------------------------------------------------------------------------------------------


def test_win_rate_w9_w10() -> None:
    """W9, W10: the same three wins, ten times apart."""
    deals = many(won, 3, "w", closed="01-20", created="01-05")
    deals += many(lost, 7, "l", closed="01-25", created="01-05")
    deals += many(still_open, 90, "o", created=day("01-09"))
    assert oracle.win_rate(deals, periods=JAN)[()][:2] == (F(3, 10), 10)
    assert oracle.win_rate(deals, periods=JAN, basis="created")[()][:2] == (F(3, 100), 100)


def test_win_rate_w11() -> None:
    """W11: six of ten created in September."""
    september = Period("2026-09-01", "2026-10-01")
    deals = many(won, 6, "w", closed="11-20", created="09-05") + many(lost, 4, "l", closed="10-20", created="09-30")
    assert oracle.win_rate(deals, periods=september, basis="created")[()].value == F(3, 5)


def test_win_rate_within_days() -> None:
    """A cohort within D days counts deals at least D days old, won in time."""
    deals = [won("a", 1, "01-11", "01-01"), won("b", 1, "01-12", "01-01"), still_open("c", 1, created=day("01-20"))]
    assert oracle.win_rate(deals, basis="created", within=10, as_of=day("01-25"))[()][:2] == (F(1, 2), 2)


def test_win_rate_open_at() -> None:
    """Of the deals open on a day and due in a complete period, those won inside it."""
    deals = [
        won("in time", 1, "02-20", "01-01", expected_close=day("02-10")),
        won("late", 1, "03-01", "01-01", expected_close=day("02-10")),
        lost("lost", 1, "02-20", "01-01", expected_close=day("02-10")),
        won("too early", 1, "01-20", "01-01", expected_close=day("02-10")),
        still_open("open", 1, "02-28", created=day("01-01")),
        still_open("born later", 1, "02-28", created=day("02-01")),
        still_open("due later", 1, "03-01", created=day("01-01")),
    ]
    asked: dict[str, Any] = {"periods": FEB, "basis": "open_at", "at": day("01-31")}
    assert oracle.win_rate(deals, as_of=day("02-28"), **asked)[()][:3] == (F(1, 4), 4, "")
    assert oracle.win_rate(deals, as_of=day("02-27"), **asked)[()][:3] == (None, 4, "period_running")


@pytest.mark.parametrize(
    ("wins", "n", "low", "high"),
    [
        (3, 10, "0.1078", "0.6032"),
        (5, 20, "0.1119", "0.4687"),
        (0, 10, "0.0000", "0.2775"),
        (10, 10, "0.7225", "1.0000"),
    ],
)
def test_wilson_r11(wins: int, n: int, low: str, high: str) -> None:
    """R11: Wilson intervals of counts; the ends at no wins and no losses are exact."""
    deals = many(won, wins, "w") + many(lost, n - wins, "l")
    found = oracle.win_rate(deals)[()]
    assert (about(found.low, 4), about(found.high, 4)) == (low, high)
    assert found.low != 0 or wins == 0
    assert (found.low == 0) == (wins == 0)
    assert (found.high == 1) == (wins == n)


@pytest.mark.parametrize(
    ("wins", "n", "wilson", "exact"),
    [
        (81, 263, ("0.255289", "0.366210"), ("0.252737", "0.367622")),
        (15, 148, ("0.062386", "0.160487"), ("0.057844", "0.161650")),
        (0, 20, ("0.000000", "0.161125"), ("0.000000", "0.168433")),
        (1, 29, ("0.006113", "0.171755"), ("0.000873", "0.177644")),
        (29, 29, ("0.883030", "1.000000"), ("0.880555", "1.000000")),
    ],
)
def test_newcombe(wins: int, n: int, wilson: tuple[str, str], exact: tuple[str, str]) -> None:
    """Newcombe's table of intervals holds."""
    assert tuple(about(end) for end in oracle.wilson(F(wins, n), n)) == wilson
    assert tuple(about(end) for end in oracle.clopper_pearson(wins, n)) == exact


def test_amount_weighted_r11() -> None:
    """R11: won 300 and 100, lost 100."""
    found = oracle.win_rate([won("a", 300), won("b", 100), lost("c", 100)], weight="amount")[()]
    assert (found.value, found.n, found.parts["n_eff"]) == (F(4, 5), 3, F(25, 11))
    assert (about(found.low, 4), about(found.high, 4)) == ("0.2427", "0.9804")


def test_amount_weighted_n1() -> None:
    """N1: a rep without losses, or without wins, keeps a rate, and the team's lies between."""
    deals = [won("a", 100, rep="A"), won("b", 50, rep="B"), lost("c", 50, rep="B"), lost("d", 80, rep="C")]
    found = oracle.win_rate(deals, weight="amount", by="rep")
    assert {key: answer.value for key, answer in found.items()} == {("A",): 1, ("B",): F(1, 2), ("C",): 0}
    assert oracle.win_rate(deals, weight="amount")[()].value == F(150, 280)


def test_nothing_decided_n2() -> None:
    """N2: no closed deals is undefined with the interval (0, 1); no wins in seven is 0."""
    assert oracle.win_rate([])[()][:3] == (None, 0, "no_rows")
    assert oracle.win_rate([])[()][4:] == (0, 1)
    assert oracle.win_rate(many(lost, 7, "l"))[()][:3] == (0, 7, "")


def test_losses_narrow_and_broad() -> None:
    """A deal without decision is a loss when losses are broad."""
    deals = [won("a", 1), lost("b", 1), won("c", 1, outcome="no_decision")]
    assert oracle.win_rate(deals)[()][:2] == (F(1, 2), 2)
    assert oracle.win_rate(deals, losses="broad")[()][:2] == (F(1, 3), 3)


def test_lost_deals_are_part_of_the_book_n21() -> None:
    """N21: three won and seven lost is 0.3."""
    assert oracle.win_rate(many(won, 3, "w") + many(lost, 7, "l"))[()][:2] == (F(3, 10), 10)


def test_no_credits_in_rates_n16() -> None:
    """N16: a negative amount is refused, or left out and counted."""
    deals = [won("a", -300), won("b", 100), lost("c", 100)]
    with pytest.raises(ValueError, match="E8"):
        oracle.win_rate(deals, weight="amount")
    assert oracle.win_rate(deals, weight="amount", negative="exclude")[()][:2] == (F(1, 2), 2)


# --- attainment and quota --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("booked", "target", "expected"),
    [
        (235_000, 250_000, F(94, 100)),
        (70_000, 90_000, F(7, 9)),
        (240_000, 300_000, F(4, 5)),
        (19_500, 25_000, F(78, 100)),
    ],
)
def test_attainment_w18_w20(booked: int, target: int, expected: F) -> None:
    """W18, W20: bookings over quota."""
    found = oracle.attainment([won("a", booked, rep="Ana")], [quota("Ana", target)], by="rep", periods=Q1)[ANA]
    assert (found.value, found.n, found.parts["gap"]) == (expected, 1, booked - target)


def test_attainment_w19() -> None:
    """W19: by month, and to date pooled."""
    booked = zip(("42500", "55000", "52500"), ("01-31", "02-01", "03-31"), strict=True)
    deals = [won(f"d{i}", Decimal(amount), closed, rep="Ana") for i, (amount, closed) in enumerate(booked)]
    quotas = [quota("Ana", 50_000, month) for month in (JAN, FEB, MAR)]
    months = oracle.attainment(deals, quotas, by="rep", periods=[JAN, FEB, MAR])
    assert [months["Ana", i].value for i in range(3)] == [F(85, 100), F(110, 100), F(105, 100)]
    to_date = [Period(JAN.start, month.end) for month in (JAN, FEB, MAR)]
    found = oracle.attainment(deals, quotas, by="rep", periods=to_date)
    assert [found["Ana", i].value for i in range(3)] == [F(85, 100), F(975, 1000), F(1)]


def test_pooled_r1() -> None:
    """R1: the team is pooled; the mean of its reps is another number."""
    deals = [won("a", 120, rep="Ana"), won("b", 150, rep="Bo")]
    quotas = [quota("Ana", 100), quota("Bo", 300)]
    found = oracle.attainment(deals, quotas, periods=Q1)[()]
    assert (found.value, found.n) == (F(675, 1000), 2)
    assert oracle.team_attainment(deals, quotas, periods=Q1, method="mean_of_reps")[()].value == F(85, 100)
    team = oracle.attainment(deals, quotas, by="team", periods=Q1, reps=[Rep("Ana", team="East"), Rep("Bo")])
    assert {key: answer.value for key, answer in team.items()} == {("East",): F(6, 5), (None,): F(1, 2)}


def test_credits_without_quota_are_reported() -> None:
    """Bookings of reps without quota stay out of the team's and are reported beside it."""
    deals = [won("a", 50, rep="Ana"), won("b", 70, rep="Bo"), won("c", 5), won("d", None, rep="Ana")]
    found = oracle.attainment(deals, [quota("Ana", 100)], periods=Q1)[()]
    assert (found.value, found.n) == (F(1, 2), 1)
    assert found.parts["booked_without_quota"] == 75
    assert found.parts["reps_without_quota"] == 2
    assert found.parts["missing_amount"] == 1
    rows = oracle.attainment(deals, [quota("Ana", 100)], by="rep", periods=Q1)
    assert list(rows) == [ANA, BO, (None,)]
    assert rows[BO][:3] == (None, 1, "no_quota")
    assert rows[BO].parts["booked"] == 70


def test_changed_quota_r3() -> None:
    """R3: a quota raised from March 1."""
    quotas = [quota("Ana", 90_000), quota("Ana", 120_000, effective_from=day("03-01"))]
    found = oracle.effective_quota(quotas, by="rep", periods=Q1)[ANA]
    assert (about(found.value, 2), found.n) == ("100333.33", 90)


def test_adjoining_periods_add_up() -> None:
    """Effective quotas of the months add up to the quarter's."""
    quotas = [quota("Ana", 90_000), quota("Ana", 120_000, effective_from=day("02-11"))]
    months = oracle.effective_quota(quotas, periods=[JAN, FEB, MAR])
    whole = oracle.effective_quota(quotas, periods=Q1)[()]
    assert sum(F(str(answer.value)) for answer in months.values()) == whole.value


def test_gap_of_no_quota_and_of_quota_0() -> None:
    """The gap is undefined without a quota and is the bookings where it is 0."""
    deals = [won("a", 10, rep="Ana"), won("b", 20, rep="Bo")]
    found = oracle.attainment_gap(deals, [quota("Ana", 0)], by="rep", periods=Q1)
    assert (found[ANA].value, found[BO].value, found[BO].reason) == (10, None, "no_quota")


def test_only_that_year_n22() -> None:
    """N22: February is the February of one year."""
    february = Period("2025-02-01", "2025-03-01")
    deals = [won("a", 10, "2024-02-10", rep="Ana"), won("b", 20, "2025-02-10", rep="Ana")]
    found = oracle.attainment(deals, [quota("Ana", 40, february)], by="rep", periods=february)[ANA]
    assert (found.value, found.n) == (F(1, 2), 1)


def test_quota_ends_before_its_end_n23() -> None:
    """N23: a quota of February is not March's."""
    deals = [won("a", 10, "02-28", rep="Ana"), won("b", 10, "03-01", rep="Ana")]
    found = oracle.attainment(deals, [quota("Ana", 40, FEB)], by="rep", periods=[FEB, MAR])
    assert found["Ana", 0][:3] == (F(1, 4), 1, "")
    assert found["Ana", 1][:3] == (None, 1, "no_quota")


def test_team_quota_is_the_sum_n24() -> None:
    """N24: without a team number the team's is the sum."""
    found = oracle.effective_quota([quota("Ana", 40), quota("Bo", 60)], periods=Q1)[()]
    assert found.value == 100


# --- pipeline --------------------------------------------------------------------------------------------------------


def test_weighted_w28_w40_n5() -> None:
    """W28, W40, N5: amount times probability, with a multiplier, and with the stage's default."""
    deals = [still_open(f"d{i}", a, probability=p) for i, (a, p) in enumerate([(100, 0.8), (200, 0.5), (150, 0.3)])]
    assert oracle.weighted_pipeline(deals)[()][:2] == (225, 3)
    assert oracle.weighted_pipeline([still_open("a", 100_000, probability=0.4)], multiplier=1.1)[()].value == 44_000
    process = SalesProcess(
        (Stage("Demo", 1, probability=0.4), Stage("W", 2, outcome="won"), Stage("L", 3, outcome="lost"))
    )
    bare = [still_open("a", 100_000, stage="Demo")]
    assert oracle.weighted_pipeline(bare, process=process)[()].value == 40_000
    with pytest.raises(ValueError, match="no probability"):
        oracle.weighted_pipeline(bare)
    assert oracle.weighted_pipeline(bare, missing_p="exclude")[()][:2] == (0, 0)


def test_target_met_n12() -> None:
    """N12: coverage of a target that is met is undefined."""
    deals = [won("a", 120, "01-10", rep="Ana"), still_open("b", 300, "03-01", rep="Ana")]
    found = oracle.pipeline_coverage(
        deals, [quota("Ana", 100)], basis="remaining", by="rep", periods=Q1, as_of=day("02-01")
    )[ANA]
    assert found[:3] == (None, 1, "target_met")


def test_one_target_per_period_n11() -> None:
    """N11: the target is the quota of the period that is asked."""
    deals = [still_open("b", 344_000, "03-01", rep="Ana")]
    found = oracle.pipeline_coverage(deals, [quota("Ana", 500_000)], basis="full", periods=Q1, as_of=day("01-01"))[()]
    assert found.value == F(688, 1000)


def test_only_open_deals_are_due_n19() -> None:
    """N19, E19: due are open deals dated in the period and not past; the others have buckets of their own."""
    deals = [
        still_open("today", 1, "02-10"),
        still_open("overdue", 10, "02-09"),
        still_open("long overdue", 100, "2025-12-31"),
        still_open("undated", 1000),
        still_open("next", 10_000, "04-01"),
        won("won", 100_000, "02-01", expected_close=day("03-01")),
        lost("lost", 100_000, "02-01", expected_close=day("03-01")),
    ]

    def found(**more: Any) -> Any:
        return oracle.open_pipeline(deals, due=Q1, as_of=day("02-10"), **more)[()].value

    assert found() == 1
    assert found(overdue="include") == 11
    assert found(undated="include") == 1001
    assert found(overdue="only") == 10
    assert oracle.open_pipeline(deals, as_of=day("02-10"))[()].value == 11_111


def test_pipeline_created() -> None:
    """Created pipeline counts every deal born in the period, whatever became of it."""
    deals = [won("a", 10, "03-01", "01-05"), lost("b", 20, "02-01", "01-31"), still_open("c", 40, created=day("02-01"))]
    assert oracle.pipeline_created(deals, periods=[JAN, FEB]) == {
        (0,): (30, 2, "", {"missing_amount": 0, "undated": 0, "negative": 0}, None, None),
        (1,): (40, 1, "", {"missing_amount": 0, "undated": 0, "negative": 0}, None, None),
    }


# --- size, cycle, velocity -------------------------------------------------------------------------------------------


def test_cycle_n3() -> None:
    """N3: January 1 to February 15 is 45 days."""
    assert oracle.cycle_length([won("a", 1, "02-15", "01-01")])[()][:2] == (45, 1)


def test_cycle_of_unknown_creation_n4() -> None:
    """N4: a deal without a creation day is booked, has no cycle and is counted."""
    deals = [won("a", 1, "03-01"), won("b", 1, "03-11", "03-01")]
    found = oracle.cycle_length(deals)[()]
    assert (found.value, found.n, found.parts["undated"]) == (10, 1, 1)
    assert oracle.credited_bookings(deals)[()][:2] == (2, 2)


def test_deal_size_n7() -> None:
    """N7: the size of wins leaves losses out."""
    deals = [won("a", 60_000), won("b", 40_000), lost("c", 200_000)]
    assert oracle.deal_size(deals)[()][:2] == (50_000, 2)
    assert oracle.deal_size(deals, of="closed")[()].value == 100_000


def test_missing_amounts_n27() -> None:
    """N27: a missing amount is not 0."""
    deals = [won("a", 100), won("b", 200), won("c", None)]
    found = oracle.deal_size(deals)[()]
    assert (found.value, found.n, found.parts["missing_amount"]) == (150, 2, 1)
    assert oracle.win_rate(deals)[()].n == 3


def test_nearest_rank_r20() -> None:
    """R20: quantiles are observed values; the level is the decimal as written."""
    assert [oracle.nearest_rank([13, 3, 8, 5], q) for q in (0.5, 0.9)] == [5, 13]
    assert oracle.linear_quantile([13, 3, 8, 5], 0.5) == F(13, 2)
    assert oracle.nearest_rank(range(1, 101), 0.07) == 7


def test_interval_of_a_mean_needs_30() -> None:
    """Student's interval of the mean stands from 30 rows on."""
    assert oracle.mean_interval(range(29)) == (None, None)
    low, high = oracle.mean_interval(range(30))
    half = 2.045229642132703 * (77.5 / 30) ** 0.5
    assert (about(low, 9), about(high, 9)) == (about(14.5 - half, 9), about(14.5 + half, 9))
    low, high = oracle.mean_interval(range(31))
    half = 2.0422724563012373 * (248 / 3 / 31) ** 0.5
    assert (about(low, 9), about(high, 9)) == (about(15 - half, 9), about(15 + half, 9))


def test_velocity_n9_n10() -> None:
    """N9, N10: twice the deals is twice the velocity; a cycle cut by a tenth gives a ninth."""
    assert oracle.velocity_from(80, 0.25, 25_000, 90) == F(50_000, 9)
    base, faster = oracle.velocity_from(40, 0.25, 25_000, 90), oracle.velocity_from(40, 0.25, 25_000, 81)
    assert base is not None
    assert faster is not None
    assert faster / base - 1 == F(1, 9)


def test_velocity_change_r7() -> None:
    """R7: the change of velocity by factor."""
    change, parts = oracle.velocity_change((40, 0.25, 25_000, 90), (44, 0.30, 25_000, 81))
    assert about(change, 4) == "1296.2963"
    assert {name: about(part, 4) for name, part in parts.items()} == {
        "count": "322.5920",
        "win_rate": "617.0954",
        "deal_size": "0.0000",
        "cycle_length": "356.6089",
    }


def test_velocity_undefined() -> None:
    """Velocity without wins, or with cycles of 0 days, is undefined; without open deals it is 0."""
    today = day("03-31")
    assert oracle.velocity([still_open("o", 1)], periods=Q1, as_of=today)[()][:3] == (None, 1, "no_rows")
    same_day = [won("a", 1, "02-15", "02-15"), still_open("o", 1)]
    assert oracle.velocity(same_day, periods=Q1, as_of=today)[()][:3] == (None, 1, "zero_duration")
    assert oracle.velocity([won("a", 1, "02-15", "02-14")], periods=Q1, as_of=today)[()][:3] == (0, 0, "")


# --- time to event ---------------------------------------------------------------------------------------------------


def aged(events: Iterable[int], censored: Iterable[int]) -> oracle.Curve:
    return oracle.curve_of([(t, "won") for t in events] + [(t, "open") for t in censored])


def test_kaplan_meier_w35() -> None:
    """W35: the curve of SciPy's documentation."""
    curve = aged([47, 56, 77, 80, 81], [37, 43, 60, 62, 71])
    ages = (37, 43, 47, 56, 60, 62, 71, 77, 80, 81)
    eighths = (8, 8, 7, 6, 6, 6, 6, 4, 2, 0)
    assert [curve.at(t) for t in ages] == [F(k, 8) for k in eighths]
    assert (oracle.median(curve), oracle.restricted_mean(curve, 81)) == (77, F(72375, 1000))


def test_kaplan_meier_r15_n29() -> None:
    """R15, N29: those who have not made it count until they are last seen."""
    curve = aged([4, 5, 5, 6, 7, 9], [2, 3, 6, 8])
    assert [curve.at(t) for t in (4, 5, 6, 7, 9)] == [F(7, 8), F(5, 8), F(1, 2), F(1, 3), F(0)]
    assert (oracle.median(curve), curve.n) == (6, 10)
    assert about(oracle.restricted_mean(curve, 9)) == "6.666667"


def test_competing_ends_r14() -> None:
    """R14: wins and losses compete, and with the open share make 1."""
    born, today = day("01-01"), day("03-31")
    deals = [
        won("a", 1, str(born + timedelta(10)), str(born)),
        won("b", 1, str(born + timedelta(30)), str(born)),
        lost("c", 1, str(born + timedelta(20)), str(born)),
        still_open("d", 1, created=today - timedelta(15)),
        still_open("e", 1, created=today - timedelta(40)),
    ]
    curve = oracle.cycle_curve(deals, as_of=today)[()]
    assert [curve.at(t) for t in (10, 20, 30)] == [F(4, 5), F(8, 15), F(4, 15)]
    assert [curve.incidence_at("won", t) for t in (10, 20, 30)] == [F(1, 5), F(1, 5), F(7, 15)]
    assert [curve.incidence_at("lost", t) for t in (10, 20, 30)] == [F(0), F(4, 15), F(4, 15)]
    found = oracle.cycle_time(deals, stat="restricted_mean", within=30, as_of=today)[()]
    assert found[:2] == (F(70, 3), 5)
    assert oracle.cycle_time(deals, outcome="won", stat="mean", within=30, as_of=today)[()].value == F(150, 7)
    assert oracle.win_rate_curve(deals, within=30, as_of=today)[()][:2] == (F(7, 15), 5)
    assert oracle.win_rate_curve(deals, within=41, as_of=today)[()][:3] == (None, 5, "not_observed")


def test_freireich() -> None:
    """The 6-MP arm: shares, Greenwood's errors, median and restricted means as published."""
    events = [6, 6, 6, 7, 10, 13, 16, 22, 23]
    curve = aged(events, [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35])
    table = [
        (s.age, s.at_risk, s.events, about(s.share), about(float(s.share) * float(s.spread) ** 0.5))
        for s in curve.steps
    ]
    assert table == [
        (6, 21, 3, "0.857143", "0.076360"),
        (7, 17, 1, "0.806723", "0.086935"),
        (10, 15, 1, "0.752941", "0.096350"),
        (13, 12, 1, "0.690196", "0.106815"),
        (16, 11, 1, "0.627451", "0.114054"),
        (22, 7, 1, "0.537815", "0.128234"),
        (23, 6, 1, "0.448179", "0.134591"),
    ]
    assert oracle.median(curve) == 23
    assert oracle.restricted_mean(curve, 20) == F(28768, 1785)
    assert oracle.restricted_mean(curve, 35) == F(13856, 595)


def test_median_at_exactly_one_half() -> None:
    """A share of exactly one half reaches the median, whatever floats make of it."""
    curve = aged([4, 4, 10, 14, 14, 15, 16, 17], [18, 19])
    assert (curve.at(14), oracle.median(curve)) == (F(1, 2), 14)


def test_rows_of_a_result_c6() -> None:
    """Labels seen in any asked period are crossed with all; those seen only outside do not appear."""
    deals = [won("a", 1, "01-10", rep="Ana"), won("b", 2, "02-10", rep=None), won("c", 4, "03-10", rep="Zoe")]
    found = oracle.credited_bookings(deals, by="rep", periods=[JAN, FEB])
    assert {key: answer[:2] for key, answer in found.items()} == {
        ("Ana", 0): (1, 1),
        ("Ana", 1): (0, 0),
        (None, 0): (0, 0),
        (None, 1): (2, 1),
    }
    assert list(oracle.credited_bookings([])) == [()]
    assert oracle.credited_bookings([], by="rep") == {}


def test_state_on_a_day() -> None:
    """On a day before its close a deal is open; before its creation it is not there."""
    deals = [won("a", 8, "02-10", "01-10")]
    assert [oracle.open_pipeline(deals, as_of=day(d))[()].n for d in ("01-09", "01-10", "02-09", "02-10")] == [
        0,
        1,
        1,
        0,
    ]
    assert [oracle.credited_bookings(deals, as_of=day(d))[()].value for d in ("02-09", "02-10")] == [0, 8]
