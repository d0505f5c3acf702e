"""How fast the resellers' sales people of AdventureWorks started, and the attainment of their managers' teams."""

from __future__ import annotations

import csv
import datetime as dt
import json
import statistics
from decimal import Decimal
from typing import Any

import attrs
import numpy as np
import pytest

import salesmetrics as sm
from salesmetrics.tallies import TenureTally
from tests import oracle_ramp
from tests.examples.test_adventureworks import Order, _orders, deals_of
from tests.oracle_quota import add_months
from tests.oracle_ramp import RampTerms
from tests.shared_data import folder

SIX = 0.5e-6
SEEN = {"as_of": "2013-11-29", "since": "2010-12-29"}
BEFORE = "2010-01-01"


@attrs.frozen(eq=False)
class World:
    """The books, the rows they were made of, and the numbers they must give."""

    orders: list[Order]
    deals: sm.DealBook
    quotas: sm.QuotaBook
    reps: sm.RepBook
    hired: dict[int, dt.date]
    periods: sm.Periods
    reference: dict[str, Any]


def _table(name: str) -> list[dict[str, str]]:
    with (folder("adventureworks") / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def world() -> World:
    """Return the data set, read once; the team of a rep is the manager's, read as one."""
    place = folder("adventureworks")
    orders = _orders(place)
    sellers = {order.rep for order in orders}
    rows = {int(row["EmployeeKey"]): row for row in _table("dim_employee.csv") if int(row["EmployeeKey"]) in sellers}
    hired = {key: dt.date.fromisoformat(row["HireDate"][:10]) for key, row in rows.items()}
    reps = sm.read_reps(
        {
            "id": list(rows),
            "hired": list(hired.values()),
            "manager": [int(row["ParentEmployeeKey"]) for row in rows.values()],
            "cohort": [f"{day.year}" for day in hired.values()],
        }
    )
    owed = _table("fact_sales_quota.csv")
    last = dt.date.fromisoformat(max(order.day for order in orders)) + dt.timedelta(days=1)
    periods = sm.Periods.from_boundaries([*sorted({row["Date"] for row in owed}), str(last)])
    quotas = sm.read_quotas(
        {
            "rep": [int(row["EmployeeKey"]) for row in owed],
            "start": [row["Date"] for row in owed],
            "amount": [Decimal(row["SalesAmountQuota"]) for row in owed],
        },
        scale=4,
        ends=periods,
    )
    reference = json.loads((place / "reference.json").read_text("utf-8"))
    return World(orders, deals_of(orders), quotas, reps, hired, periods, reference)


def test_hires_are_those_of_the_reference(world: World) -> None:
    """The day each rep started is the day the reference counts from."""
    for rep, want in world.reference["ramp"].items():
        assert str(world.hired[int(rep)]) == want["hire"]


def test_days_to_the_first_order_equal_the_reference(world: World) -> None:
    """Time to the first deal of one rep is the number of days to the first order."""
    table = sm.time_to_first_deal(world.deals, world.reps, by="rep", **SEEN)
    compared = 0
    for rep, want in world.reference["ramp"].items():
        if "days_to_first_order" in want:
            compared += 1
            assert table[int(rep)].value == want["days_to_first_order"]
            assert world.hired[int(rep)] + dt.timedelta(int(table[int(rep)].value)) == dt.date.fromisoformat(
                want["first_order"]
            )
    assert compared >= 7


def test_reps_hired_before_the_first_order_are_left_out_and_counted(world: World) -> None:
    """Who started before the data begin is not taken as there at the first order seen; entered late he counts."""
    early = {rep for rep, day in world.hired.items() if day < dt.date(2010, 12, 29)}
    table = sm.time_to_first_deal(world.deals, world.reps, by="rep", **SEEN)
    assert table.left_out["started before the data"] == len(early)
    for rep in world.hired:
        assert table[rep].reason == ("no_rows" if rep in early else "")
    joined = sm.time_to_first_deal(world.deals, world.reps, early="truncate", **SEEN)["all"]
    assert joined.n == joined.parts["events"] == len(world.hired) == 17


def test_median_over_all_reps_is_the_middle_of_the_rows(world: World) -> None:
    """Every rep has an order, so the median is the nearest-rank median of the days counted row by row."""
    days = []
    for rep, hired in world.hired.items():
        first = min(order.day for order in world.orders if order.rep == rep and order.day >= str(hired))
        days.append((dt.date.fromisoformat(first) - hired).days)
    row = sm.time_to_first_deal(world.deals, world.reps, as_of=SEEN["as_of"], since=BEFORE)["all"]
    assert row.value == statistics.median_low(days)
    assert (row.n, row.parts["events"], row.parts["survival"]) == (17, 17, 0)
    naive = sm.time_to_first_deal(world.deals, world.reps, stat="naive_mean", as_of=SEEN["as_of"], since=BEFORE)["all"]
    assert naive.value == statistics.fmean(days)


def test_sales_of_the_first_days_equal_the_reference(world: World) -> None:
    """Orders in the first 90, 180 and 365 days from the hire."""
    for rep, want in world.reference["ramp"].items():
        own = world.deals.filter({"rep": int(rep)})
        for days in (90, 180, 365):
            start = world.hired[int(rep)]
            period = sm.Period(start, start + dt.timedelta(days))
            assert sm.credited_bookings(own, period=period)["all"].value == want[f"sales_{days}d"]


def test_monthly_sales_of_a_new_rep_equal_the_reference(world: World) -> None:
    """Sales by calendar month, and by month of tenure, add up to the same."""
    want = world.reference["ramp"]["295"]
    months = sm.FiscalCalendar().months("2012-12-01", "2013-12-01")
    table = sm.credited_bookings(world.deals.filter({"rep": 295}), period=months)
    assert {f"{p.start:%Y-%m}": float(v) for p, v in zip(months, table.value, strict=True)} == want["monthly_sales"]
    curve = sm.ramp_curve(world.deals, world.quotas, world.reps, by="rep", **SEEN)
    own = [float(b) for (rep, _), b in zip(curve.labels, curve.parts["booked"], strict=True) if rep == 295]
    start = world.hired[295]
    for month in range(11):
        first, last = (add_months(start, month + step) for step in (0, 1))
        total = sum(o.value for o in world.orders if o.rep == 295 and str(first) <= o.day < str(last))
        assert own[month] == float(total)


def test_first_period_at_full_attainment_equals_the_reference(world: World) -> None:
    """The first quota period with an attainment of at least 1, or none; as ramp time it is one event or a censoring."""
    fine = sm.attainment(world.deals, world.quotas, by="rep", period=world.periods)
    for rep, want in world.reference["ramp"].items():
        if "first_period_at_100" in want:
            first = next((str(p.start) for p in world.periods if fine[int(rep), p].value >= 1), None)
            assert first == want["first_period_at_100"]


@pytest.mark.parametrize(("threshold", "sustained"), [(1.0, 1), (0.8, 1), (0.8, 2), (1.0, 3)])
@pytest.mark.parametrize("by", [(), ("manager",)])
def test_ramp_by_manager_is_the_slow_copys(world: World, by: tuple[str, ...], threshold: float, sustained: int) -> None:
    """Ramp time and curve by manager, on quotas of odd periods, equal the loop over orders and quotas."""
    deals = [
        sm.Deal(o.number, o.rep, o.value, closed=dt.date.fromisoformat(o.day), outcome="won") for o in world.orders
    ]
    rows = zip(world.quotas["rep"], world.quotas["start"], world.quotas["end"], world.quotas["amount"], strict=True)
    quotas = [sm.Quota(int(rep), start.astype(object), end.astype(object), float(a)) for rep, start, end, a in rows]
    held = zip(world.reps["id"], world.reps["manager"], strict=True)
    reps = [sm.Rep(int(rep), manager=int(above), hired=world.hired[int(rep)]) for rep, above in held]
    day, begin = dt.date(2013, 11, 29), dt.date(2010, 12, 29)
    wanted = {}
    for rep in reps:
        who = oracle_ramp.tenures([rep], day, RampTerms(begin))[0]
        own = [d for d in deals if d.rep == rep.id]
        lives = []
        for tenure in who:
            terms = oracle_ramp.PLAIN._replace(
                quota=oracle_ramp.PLAIN.quota._replace(quota="full"), credit=oracle_ramp.PLAIN.credit._replace(scale=4)
            )
            months = oracle_ramp.months_of(tenure, own, quotas, day, terms)
            bar = oracle_ramp.exact(threshold)
            made = [
                (m.number, None if m.quota is None else oracle_ramp.at_least(m.booked, bar * m.quota)) for m in months
            ]
            lives.append(oracle_ramp.ramp_life(made, sustained=sustained))
        key = (rep.manager,) if by else ()
        wanted[key] = wanted.get(key, []) + lives
    table = sm.ramp_time(
        world.deals, world.quotas, world.reps, threshold=threshold, sustained=sustained, by=by or None, **SEEN
    )
    assert len(table) == len(wanted)
    for key, lives in wanted.items():
        answer = oracle_ramp.summary(oracle_ramp.tenures_of(lives), "median", None, "censor", {})
        row = table[key[0] if key else "all"]
        assert (row.n, row.reason) == (answer.n, answer.reason)
        assert row.value == answer.value or (np.isnan(row.value) and answer.value is None)
        assert row.parts["events"] == answer.parts.get("events", 0)


def test_tenures_cut_by_year_add_up(world: World) -> None:
    """Yearly parts of the orders, each with the whole rep and quota books, give the same ramp."""
    days = world.deals["closed"]
    parts = [
        world.deals.filter((days >= np.datetime64(f"{y}-01-01")) & (days < np.datetime64(f"{y + 1}-01-01")))
        for y in range(2010, 2014)
    ]
    tally = sum(TenureTally.from_book(part, world.reps, world.quotas, by="cohort", **SEEN) for part in parts)
    assert isinstance(tally, TenureTally)
    whole = sm.ramp_time(world.deals, world.quotas, world.reps, threshold=0.8, by="cohort", **SEEN)
    assert sm.ramp_time(tally, threshold=0.8).equals(whole)


def test_attainment_by_manager_equals_the_reference(world: World) -> None:
    """The team of each manager in each listed period, the manager's own quota not in it; pooled and rep by rep."""
    pooled = sm.attainment(world.deals, world.quotas, by="manager", period=world.periods, reps=world.reps)
    fine = sm.attainment(world.deals, world.quotas, by=("manager", "rep"), period=world.periods, reps=world.reps)
    compared = 0
    for manager, periods in world.reference["by_manager_period"].items():
        for start, want in periods.items():
            compared += 1
            period = next(p for p in world.periods if str(p.start) == start)
            row = pooled[int(manager), period]
            several = [
                float(value)
                for (above, _, when), value in zip(fine.labels, fine.value, strict=True)
                if above == int(manager) and when == period and not np.isnan(value)
            ]
            assert (row.parts["booked"], row.parts["quota"], row.n) == (want["sales"], want["quota"], want["n_reps"])
            assert row.value == pytest.approx(want["attainment"], abs=SIX, rel=0)
            assert statistics.fmean(several) == pytest.approx(want["mean_of_attainments"], abs=SIX, rel=0)
            assert statistics.median(several) == pytest.approx(want["median_attainment"], abs=SIX, rel=0)
            assert sum(value >= 1 for value in several) == want["n_at_or_above_100"]
    assert compared == 10
