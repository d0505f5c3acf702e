"""Reseller sales of AdventureWorks against its quotas: every attainment, exact to the hundredth of a cent."""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import json
import statistics
from collections import defaultdict
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pytest

import salesmetrics as sm
from tests.shared_data import folder

SIX = 0.5e-6
TOTAL = Decimal("80450596.9823")


@attrs.frozen
class Order:
    """One order of several lines."""

    number: str
    rep: int
    day: str
    territory: int
    value: Decimal


@attrs.frozen(eq=False)
class World:
    """The rows of the data set, its books, and the numbers it must give."""

    orders: list[Order]
    quota_rows: list[dict[str, str]]
    names: dict[int, dict[str, str]]
    deals: sm.DealBook
    quotas: sm.QuotaBook
    periods: sm.Periods
    reference: dict[str, Any]

    def start(self, number: int) -> str:
        """Return the first day of a period as the reference writes it."""
        return str(self.periods[number].start)

    def exact(self) -> dict[tuple[int, str], tuple[Decimal, Decimal]]:
        """Return sales and quota of each rep and period, added up row by row."""
        sales: dict[tuple[int, str], Decimal] = defaultdict(Decimal)
        starts = sorted({row["Date"] for row in self.quota_rows})
        for order in self.orders:
            sales[order.rep, max(s for s in starts if s <= order.day)] += order.value
        return {
            (int(row["EmployeeKey"]), row["Date"]): (
                sales[int(row["EmployeeKey"]), row["Date"]],
                Decimal(row["SalesAmountQuota"]),
            )
            for row in self.quota_rows
        }


def _rows(path: Path) -> list[dict[str, str]]:
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _orders(place: Path) -> list[Order]:
    """Return the orders, each worth the sum of its lines."""
    found: dict[str, Order] = {}
    for row in _rows(place / "fact_reseller_sales.csv.gz"):
        line = Order(
            row["SalesOrderNumber"],
            int(row["EmployeeKey"]),
            row["OrderDate"],
            int(row["SalesTerritoryKey"]),
            Decimal(row["SalesAmount"]),
        )
        known = found.setdefault(line.number, attrs.evolve(line, value=Decimal(0)))
        assert (known.rep, known.day) == (line.rep, line.day)
        found[line.number] = attrs.evolve(known, value=known.value + line.value)
    return list(found.values())


def deals_of(orders: list[Order]) -> sm.DealBook:
    """Return the orders as won deals of a book of scale 4."""
    return sm.read_deals(
        {
            "id": [order.number for order in orders],
            "rep": [order.rep for order in orders],
            "amount": [order.value for order in orders],
            "closed": [order.day for order in orders],
            "outcome": ["won"] * len(orders),
            "territory": [order.territory for order in orders],
        },
        scale=4,
    )


@pytest.fixture(scope="module")
def world() -> World:
    """Return the data set, read once."""
    place = folder("adventureworks")
    orders = _orders(place)
    quota_rows = _rows(place / "fact_sales_quota.csv")
    last = dt.date.fromisoformat(max(order.day for order in orders)) + dt.timedelta(days=1)
    periods = sm.Periods.from_boundaries([*sorted({row["Date"] for row in quota_rows}), str(last)])
    quotas = sm.read_quotas(
        {
            "rep": [int(row["EmployeeKey"]) for row in quota_rows],
            "start": [row["Date"] for row in quota_rows],
            "amount": [Decimal(row["SalesAmountQuota"]) for row in quota_rows],
        },
        scale=4,
        ends=periods,
    )
    names = {int(row["EmployeeKey"]): row for row in _rows(place / "dim_employee.csv")}
    reference = json.loads((place / "reference.json").read_text("utf-8"))
    return World(orders, quota_rows, names, deals_of(orders), quotas, periods, reference)


def _group(values: list[float]) -> dict[str, float]:
    """Return what the reference says about several attainments."""
    reached = sum(value >= 1 for value in values)
    return {
        "mean_of_attainments": statistics.fmean(values),
        "median_attainment": statistics.median(values),
        "n_at_or_above_100": reached,
        "n_reps": len(values),
        "share_at_or_above_100": reached / len(values),
    }


def _matches(row: sm.MetricRow, several: list[float], want: dict[str, Any]) -> None:
    """Assert that a pooled row and the attainments it is made of are those of the reference."""
    assert row.value == pytest.approx(want["attainment"], abs=SIX, rel=0)
    assert row.parts["quota"] == want["quota"]
    assert row.parts["booked"] == want["sales"]
    for name, value in _group(several).items():
        assert value == pytest.approx(want[name], abs=SIX, rel=0), name


# --- totals ----------------------------------------------------------------------------------------------------


def test_total_is_the_total_of_the_decimals(world: World) -> None:
    """60,855 lines, most with fractions of a cent, add up to the last digit."""
    table = sm.credited_bookings(world.deals)
    assert int(table.to_minor()[0]) == 804505969823
    assert Decimal(int(table.to_minor()[0])).scaleb(-4) == TOTAL
    assert table["all"].value == float(TOTAL) == world.reference["total_reseller_sales"]
    assert table["all"].n == world.reference["n_orders"] == 3796
    assert not any(table.left_out.values())


def test_the_book_holds_every_order_as_written(world: World) -> None:
    """Order values come out as the decimals that went in."""
    assert world.deals.scale == 4
    assert world.deals["amount"].tolist() == [float(order.value) for order in world.orders]
    assert len(np.unique(world.deals["rep"])) == world.reference["n_reps_selling"]
    days = world.deals["closed"]
    assert [str(days.min()), str(days.max())] == world.reference["order_dates"]


def test_a_book_of_cents_refuses_fractions_of_a_cent(world: World) -> None:
    """Two decimals cannot hold the orders: the refusal counts them all, names the first and says how to hold them."""
    finer = [row for row, order in enumerate(world.orders) if order.value != round(order.value, 2)]
    with pytest.raises(sm.InvalidDataError) as caught:
        sm.read_deals({"amount": [order.value for order in world.orders]}, scale=2)
    assert caught.value.rows.tolist() == finer
    assert caught.value.value == world.orders[finer[0]].value
    with pytest.warns(sm.SalesMetricsWarning, match=f"{len(finer)} of 3796 rows"):
        rounded = sm.read_deals({"amount": [order.value for order in world.orders]}, scale=2, rounding="half_even")
    assert f"{sum(map(Decimal, map(str, rounded['amount'].tolist()))):.2f}" == "80450596.99"


def test_territories_add_up_to_the_reference(world: World) -> None:
    """An order's sales belong to the territory of its lines; each sum is exact."""
    place = folder("adventureworks")
    names = {
        int(row["SalesTerritoryKey"]): row["SalesTerritoryRegion"] for row in _rows(place / "dim_sales_territory.csv")
    }
    table = sm.credited_bookings(world.deals, by="territory")
    found = {names[label]: float(value) for label, value in zip(table.labels, table.value, strict=True)}
    assert found == world.reference["sales_by_territory_region"]


# --- attainment ------------------------------------------------------------------------------------------------


def test_every_attainment_is_the_rounded_exact_quotient(world: World) -> None:
    """All 163 quotients of a rep and a period equal the exact fraction, rounded once."""
    table = sm.attainment(world.deals, world.quotas, by="rep", period=world.periods)
    exact = world.exact()
    assert len(exact) == int((~table.undefined).sum()) == 163
    assert len(table) == 17 * 12
    for (rep, start), (sales, quota) in exact.items():
        row = table[rep, next(p for p in world.periods if str(p.start) == start)]
        assert row.value == float(Fraction(sales) / Fraction(quota))
        assert row.parts["booked"] == float(sales)
        assert row.parts["quota"] == float(quota)
        assert row.parts["gap"] == float(sales - quota)
        assert row.reason == ""


def test_attainment_by_rep_and_period_equals_the_reference(world: World) -> None:
    """The reps listed in the reference have its attainments, sales and quotas in each period."""
    table = sm.attainment(world.deals, world.quotas, by="rep", period=world.periods)
    compared = 0
    for rep, periods in world.reference["by_rep_period"].items():
        for period in world.periods:
            row = table[int(rep), period]
            want = periods.get(str(period.start))
            if want is None:
                assert row.reason == "no_quota"
                assert np.isnan(row.value)
                assert row.parts["booked"] == 0
                continue
            compared += 1
            assert row.value == pytest.approx(want["attainment"], abs=SIX, rel=0)
            assert (row.parts["booked"], row.parts["quota"]) == (want["sales"], want["quota"])
    assert compared == 75


def test_attainment_by_rep_equals_the_reference(world: World) -> None:
    """Over all twelve periods together, a rep's attainment is total over total."""
    whole = sm.Period(world.periods[0].start, world.periods[-1].end)
    pooled = sm.attainment(world.deals, world.quotas, by="rep", period=whole)
    fine = sm.attainment(world.deals, world.quotas, by="rep", period=world.periods)
    for name, want in world.reference["by_rep"].items():
        rep, _, person = name.partition(" ")
        employee = world.names[int(rep)]
        assert person == f"{employee['FirstName']} {employee['LastName']}"
        several = [value for p in world.periods if not np.isnan(value := fine[int(rep), p].value)]
        _matches(pooled[int(rep)], several, want)


def test_attainment_by_period_equals_the_reference(world: World) -> None:
    """A period's attainment pools its reps: total over total, with the number of reps that have a quota."""
    pooled = sm.attainment(world.deals, world.quotas, period=world.periods)
    fine = sm.attainment(world.deals, world.quotas, by="rep", period=world.periods)
    for period in world.periods:
        want = world.reference["by_period"].get(str(period.start))
        if want is not None:
            several = [value for rep in fine.labels.levels[0].values if not np.isnan(value := fine[rep, period].value)]
            _matches(pooled[period], several, want)
            assert pooled[period].n == want["n_reps"]
            assert pooled[period].parts["booked_without_quota"] == 0


def test_attainment_of_all_is_total_over_total(world: World) -> None:
    """The whole company, all periods: exact sales over the sum of 163 quotas."""
    quota = sum(Decimal(row["SalesAmountQuota"]) for row in world.quota_rows)
    whole = sm.Period(world.periods[0].start, world.periods[-1].end)
    row = sm.attainment(world.deals, world.quotas, period=whole)["all"]
    assert row.value == float(Fraction(TOTAL) / Fraction(quota))
    assert row.n == 17
    assert row.parts["booked"] == float(TOTAL)
    gap = sm.attainment_gap(world.deals, world.quotas, period=whole)["all"]
    assert gap.value == float(TOTAL - quota)


def test_attainment_by_manager_equals_the_reference(world: World) -> None:
    """Managers lent by the rep book: the reps below a manager, the manager's own quota not among them."""
    sellers = sorted({order.rep for order in world.orders})
    reps = sm.read_reps({"id": sellers, "manager": [int(world.names[rep]["ParentEmployeeKey"]) for rep in sellers]})
    pooled = sm.attainment(world.deals, world.quotas, by="manager", period=world.periods, reps=reps)
    fine = sm.attainment(world.deals, world.quotas, by=("manager", "rep"), period=world.periods, reps=reps)
    for manager, periods in world.reference["by_manager_period"].items():
        for start, want in periods.items():
            period = next(p for p in world.periods if str(p.start) == start)
            several = [
                value
                for (above, _, when), value in zip(fine.labels, fine.value, strict=True)
                if above == int(manager) and when == period and not np.isnan(value)
            ]
            _matches(pooled[int(manager), period], several, want)
            assert pooled[int(manager), period].n == want["n_reps"]


def test_quotas_without_sales_and_sales_without_quotas(world: World) -> None:
    """With the quotas' own days as periods, the 163 quotas are exactly the 163 pairs with sales."""
    table = sm.attainment(world.deals, world.quotas, by="rep", period=world.periods)
    booked = np.asarray(table.parts["booked"])
    assert ((booked > 0) == ~table.undefined).all()
    assert world.reference["quota_without_sales"] == []
    assert world.reference["sales_without_quota"] == []


def test_next_start_gives_the_same_quotas_where_reps_have_every_period(world: World) -> None:
    """The end of a quota may also be told by the same rep's next start."""
    told = sm.read_quotas(
        {
            "rep": world.quotas["rep"].tolist(),
            "start": world.quotas["start"],
            "amount": world.quotas["amount"],
        },
        scale=4,
        ends="next_start",
        until=world.periods[-1].end,
    )
    assert told.equals(world.quotas)
    assert told.periods() == world.quotas.periods()


def test_quota_in_force_is_the_quota_in_its_own_period(world: World) -> None:
    """Over a quota's own days the effective quota is the quota, and half of it over half of the days."""
    table = sm.effective_quota(world.quotas, by="rep", period=world.quotas.periods())
    for (rep, start), (_, quota) in world.exact().items():
        assert table[rep, next(p for p in world.periods if str(p.start) == start)].value == float(quota)


# --- order values, first days, months ----------------------------------------------------------------------------


def test_order_values_by_rep(world: World) -> None:
    """Mean, linear median, maximum and number of orders by rep equal the reference."""
    mean = sm.deal_size(world.deals, by="rep")
    median = sm.deal_size(world.deals, by="rep", stat="median", quantile_method="linear")
    largest = sm.deal_size(world.deals, by="rep", stat=1.0)
    for rep, want in world.reference["order_value_by_rep"].items():
        assert mean[int(rep)].n == want["n"]
        assert mean[int(rep)].value == pytest.approx(want["mean"], abs=SIX, rel=0)
        assert median[int(rep)].value == pytest.approx(want["median"], abs=SIX, rel=0)
        assert largest[int(rep)].value == want["max"]


def test_sales_of_the_first_days_of_a_rep(world: World) -> None:
    """Orders dated in [hire, hire + n days) add up to the reference."""
    for rep, want in world.reference["ramp"].items():
        hired = dt.date.fromisoformat(want["hire"])
        own = world.deals.filter({"rep": int(rep)})
        for days in (90, 180, 365):
            period = sm.Period(hired, hired + dt.timedelta(days=days))
            assert sm.credited_bookings(own, period=period)["all"].value == want[f"sales_{days}d"]
        fine = sm.attainment(world.deals, world.quotas, by="rep", period=world.periods)
        first = next((str(p.start) for p in world.periods if fine[int(rep), p].value >= 1), None)
        assert first == want["first_period_at_100"]


def test_shuffled_cut_and_merged_orders_change_no_bit(world: World) -> None:
    """Any order and any cut of the rows gives the same table."""
    want = sm.attainment(world.deals, world.quotas, by="rep", period=world.periods)
    order = np.random.default_rng(7).permutation(len(world.deals))
    assert sm.attainment(world.deals.take(order), world.quotas, by="rep", period=world.periods).equals(want)
    parts = [world.deals.take(rows) for rows in np.array_split(order, 13)]
    tally = sum(sm.BookingTally.from_book(part, by="rep", period=world.periods) for part in parts)
    assert sm.attainment(tally, world.quotas).equals(want)


def test_files_are_read_as_they_are(world: World) -> None:
    """The quota file itself goes in by its path, its columns by a map."""
    place = folder("adventureworks")
    read = sm.read_quotas(
        place / "fact_sales_quota.csv",
        {"rep": "EmployeeKey", "start": "Date", "amount": "SalesAmountQuota"},
        scale=4,
        ends=world.periods,
    )
    assert read["amount"].tolist() == world.quotas["amount"].tolist()
    assert read["end"].tolist() == world.quotas["end"].tolist()
    assert read["rep"].tolist() == [str(rep) for rep in world.quotas["rep"]]
