"""A CRM export of 8,800 opportunities: every number of its reference, through the public calls."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pytest

import salesmetrics as sm
from tests.shared_data import folder

SIX = 0.5e-6
AS_OF = "2017-12-31"
CALENDAR = sm.FiscalCalendar()
QUARTERS = CALENDAR.quarters("2017-01-01", "2018-01-01")


@attrs.frozen(eq=False)
class Crm:
    """The export, its books, and the numbers it must give."""

    deals: sm.DealBook
    listed: sm.DealBook
    reps: sm.RepBook
    want: dict[str, Any]


def _rows(path: Path) -> list[dict[str, str]]:
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _listed(place: Path) -> sm.DealBook:
    """Return the same deals at list price, with the sector of the account and the product's own name."""
    price = {row["product"]: int(row["sales_price"]) for row in _rows(place / "products.csv")}
    sector = {row["account"]: row["sector"] for row in _rows(place / "accounts.csv")}
    rows = _rows(place / "sales_pipeline.csv")
    product = [{"GTXPro": "GTX Pro"}.get(row["product"], row["product"]) for row in rows]
    return sm.read_deals(
        {
            "id": [row["opportunity_id"] for row in rows],
            "rep": [row["sales_agent"] for row in rows],
            "amount": [price[name] for name in product],
            "created": [row["engage_date"] or None for row in rows],
            "closed": [row["close_date"] or None for row in rows],
            "stage": [row["deal_stage"] for row in rows],
            "product": product,
            "sector": [sector.get(row["account"]) for row in rows],
        },
        currency="USD",
        outcomes=sm.maps.MAVEN.outcomes,
        as_of=AS_OF,
    )


@pytest.fixture(scope="module")
def crm() -> Crm:
    """Return the export, read once."""
    place = folder("maven-crm")
    return Crm(
        sm.read_deals(place / "sales_pipeline.csv", sm.maps.MAVEN, currency="USD", as_of=AS_OF),
        _listed(place),
        sm.read_reps(
            place / "sales_teams.csv", {"id": "sales_agent", "manager": "manager", "region": "regional_office"}
        ),
        json.loads((place / "reference.json").read_text("utf-8")),
    )


def _close(value: float, want: float) -> None:
    assert value == pytest.approx(want, abs=SIX, rel=0)


def _summary(deals: sm.DealBook, want: dict[str, dict[str, Any]], by: str | None, **lent: Any) -> None:
    """Assert that rates, sizes, cycles and counts of each group are those of the reference."""
    asked: dict[str, Any] = {"by": by, **lent}
    linear = {"stat": "median", "quantile_method": "linear"}
    rate = sm.win_rate(deals, **asked)
    tables = {
        "avg_won_deal": sm.deal_size(deals, **asked),
        "median_won_deal": sm.deal_size(deals, **linear, **asked),
        "bookings": sm.credited_bookings(deals, **asked),
        "cycle_won_mean": sm.cycle_length(deals, **asked),
        "cycle_won_median": sm.cycle_length(deals, **linear, **asked),
        "cycle_all_closed_mean": sm.cycle_length(deals, outcome="closed", **asked),
        "cycle_all_closed_median": sm.cycle_length(deals, outcome="closed", **linear, **asked),
    }
    opened = sm.velocity(deals, period=sm.Period("2017-01-01", "2018-01-01"), **asked)
    for label, numbers in want.items():
        row = rate[label]
        _close(row.value, numbers["win_rate"])
        assert (row.parts["won"], row.parts["lost"]) == (numbers["n_won"], numbers["n_lost"])
        assert row.n == numbers["n_won"] + numbers["n_lost"]
        assert row.low < row.value < row.high
        assert opened[label].n == numbers["n_open"]
        assert opened[label].n + row.n == numbers["n_opps"]
        for name, table in tables.items():
            _close(table[label].value, numbers[name])
            assert table[label].n == (row.n if "closed" in name else numbers["n_won"])


# --- the book ----------------------------------------------------------------------------------------------------


def test_the_export_is_read_as_it_is(crm: Crm) -> None:
    """One map reads the file: sizes, stages, and one close date that is a closed day only where a deal is decided."""
    assert [len(crm.deals), 8] == crm.want["shape"]["sales_pipeline"]
    stages, counts = np.unique(crm.deals["stage"].astype(str), return_counts=True)
    assert dict(zip(stages.tolist(), counts.tolist(), strict=True)) == crm.want["stage_counts"]
    decided = np.isin(crm.deals["outcome"].astype(str), ["won", "lost"])
    assert (~np.isnat(crm.deals["closed"]) == decided).all()
    assert np.isnat(crm.deals["expected_close"]).all()
    assert np.isnat(crm.deals["created"]).sum() == crm.want["open_pipeline"]["n_prospecting"]
    assert {"product", "account"} <= set(crm.deals.label_names)
    assert not crm.deals.rejects


def test_agents_without_deals(crm: Crm) -> None:
    """The rep book knows 35 agents, of whom five have no deals."""
    assert [len(crm.reps), 3] == crm.want["shape"]["sales_teams"]
    idle = sorted(set(crm.reps["id"]) - set(crm.deals["rep"]))
    assert idle == crm.want["agents_without_deals"]


# --- rates, sizes, cycles, bookings ------------------------------------------------------------------------------


def test_overall(crm: Crm) -> None:
    """Win rate, mean and median size, cycles and bookings of the whole export."""
    _summary(crm.deals, {"all": crm.want["overall"]}, None)
    assert crm.want["overall"]["n_opps"] == len(crm.deals)


def test_by_agent(crm: Crm) -> None:
    """The same by agent, the deals' own label."""
    _summary(crm.deals, crm.want["by_agent"], "rep")


@pytest.mark.parametrize("label", ["manager", "region"])
def test_by_what_the_reps_lend(crm: Crm, label: str) -> None:
    """Managers and regions come from the rep book, in the call or as columns of the deals."""
    _summary(crm.deals, crm.want[f"by_{label}"], label, reps=crm.reps)
    _summary(crm.deals.with_reps(crm.reps), crm.want[f"by_{label}"], label)


def test_by_product_and_sector(crm: Crm) -> None:
    """Label columns beyond ours group like ours: products under one name, sectors as misspelt."""
    for name, want in (("product", "by_product_norm"), ("sector", "by_sector")):
        labels = {name: crm.listed.columns[name]}
        _summary(crm.deals.with_labels(labels), crm.want[want], name)


def test_by_close_quarter(crm: Crm) -> None:
    """Rates, sizes and bookings of the deals closed in each calendar quarter."""
    rate = sm.win_rate(crm.deals, period=QUARTERS)
    size = sm.deal_size(crm.deals, period=QUARTERS)
    booked = sm.credited_bookings(crm.deals, period=QUARTERS)
    for number, (name, want) in enumerate(sorted(crm.want["by_close_quarter"].items())):
        quarter = QUARTERS[number]
        assert str(quarter) == f"FY2017 Q{name[-1]}"
        _close(rate[quarter].value, want["win_rate"])
        assert (rate[quarter].n, rate[quarter].parts["won"]) == (want["n_closed"], want["n_won"])
        _close(size[quarter].value, want["avg_won_deal"])
        assert booked[quarter].value == want["bookings"]
        assert booked[quarter].n == want["n_won"]


@pytest.mark.parametrize(("label", "key"), [("rep", "agent"), ("manager", "manager")])
def test_bookings_by_quarter(crm: Crm, label: str, key: str) -> None:
    """Bookings by owner and quarter, and their total."""
    table = sm.credited_bookings(crm.deals, by=label, period=QUARTERS, reps=crm.reps)
    for name, quarters in crm.want[f"bookings_by_{key}_quarter"].items():
        for number, want in enumerate(quarters[q] for q in sorted(quarters)):
            assert table[name, QUARTERS[number]].value == want
    assert table.value.sum() == crm.want["overall"]["bookings"]


def test_cohorts_by_engage_quarter(crm: Crm) -> None:
    """Deals by the quarter they were engaged in: all of them below the line, or the decided ones only."""
    quarters = CALENDAR.quarters("2016-10-01", "2018-01-01")
    rate = sm.win_rate(crm.deals, basis="created", period=quarters, immature="allow")
    for name, want in crm.want["by_engage_quarter"].items():
        quarter = next(q for q in quarters if f"{q.start.year}Q{(q.start.month + 2) // 3}" == name)
        row = rate[quarter]
        _close(row.value, want["cohort_win_rate_all"])
        assert (row.n, row.parts["won"]) == (want["n"], want["won"])
        created = crm.deals["created"]
        cohort = crm.deals.filter((created >= np.datetime64(quarter.start)) & (created < np.datetime64(quarter.end)))
        decided = sm.win_rate(cohort)["all"]
        _close(decided.value, want["win_rate_closed"])
        assert (decided.parts["won"], decided.parts["lost"]) == (want["won"], want["lost"])
        assert len(cohort) - decided.n == want["open"]
    told = sm.win_rate(crm.deals, basis="created", period=quarters)
    assert "still open" in told.notes[0]
    assert sm.win_rate(crm.deals, basis="created", period=quarters[0], by="rep").labels.names == ("rep",)


def test_win_rate_by_value_at_list_price(crm: Crm) -> None:
    """Weighted by list price, the rate is money won over money decided."""
    _close(sm.win_rate(crm.listed, weight="amount")["all"].value, crm.want["win_rate_by_value_at_list_price"])


# --- the open pipeline -------------------------------------------------------------------------------------------


def test_open_pipeline_at_list_price(crm: Crm) -> None:
    """Open deals by list price, the 500 without a creation day among them; by agent and manager they add up."""
    want = crm.want["open_pipeline"]
    whole = sm.open_pipeline(crm.listed)["all"]
    assert (whole.value, whole.n) == (want["list_value"], want["n"])
    by_stage = sm.open_pipeline(crm.listed, by="stage", where={"stage": ["Engaging", "Prospecting"]})
    assert (by_stage["Engaging"].n, by_stage["Prospecting"].n) == (want["n_engaging"], want["n_prospecting"])
    by_agent = sm.open_pipeline(crm.listed, by="rep")
    for agent, value in want["list_value_by_agent"].items():
        assert by_agent[agent].value == value
    by_manager = sm.open_pipeline(crm.listed, by="manager", reps=crm.reps)
    for manager, value in want["list_value_by_manager"].items():
        assert by_manager[manager].value == value
    assert by_agent.value.sum() == by_manager.value.sum() == want["list_value"]
    last = sm.credited_bookings(crm.deals, period=QUARTERS[3])["all"].value
    _close(whole.value / last, want["coverage_vs_2017Q4_bookings"])


def test_open_deals_of_the_export_have_no_amount(crm: Crm) -> None:
    """The export gives open deals no value: the pipeline is 0 over none of them, and all are counted as left out."""
    table = sm.open_pipeline(crm.deals)
    assert (table["all"].value, table["all"].n) == (0.0, 0)
    assert table.left_out["no amount"] == crm.want["open_pipeline"]["n"]


def test_month_end_snapshots(crm: Crm) -> None:
    """What was open and engaged at the end of any earlier day, as if it had been asked then."""
    engaged = ~np.isnat(crm.listed["created"])
    for day, want in crm.want["month_end_open_engaged"].items():
        row = sm.open_pipeline(crm.listed, where=engaged, as_of=day)["all"]
        assert (row.n, row.value) == (want["n_open_engaged"], want["list_value"])
        assert sm.open_pipeline(crm.listed, as_of=day)["all"].n == row.n + crm.want["open_pipeline"]["n_prospecting"]


def test_age_of_the_open_deals(crm: Crm) -> None:
    """Ages of the engaged deals on the day of the snapshot are those of the reference."""
    created = crm.listed.filter({"stage": "Engaging"})["created"]
    ages = (np.datetime64(AS_OF) - created).astype(int)
    _close(ages.mean(), crm.want["open_pipeline"]["engaging_age_days_mean"])
    assert float(np.median(ages)) == crm.want["open_pipeline"]["engaging_age_days_median"]


def test_price_realisation(crm: Crm) -> None:
    """Mean of won value over list price by product."""
    for product, want in crm.want["price_realisation_won"].items():
        rows = (crm.deals["outcome"] == "won") & (crm.listed["product"] == product)
        _close(float(np.mean(crm.deals["amount"][rows] / crm.listed["amount"][rows])), want)


# --- velocity ----------------------------------------------------------------------------------------------------

# The reference rounds each factor to six decimals before it multiplies: with the same rounding every digit agrees, and
# without it the first six do.


def test_velocity_of_the_open_deals(crm: Crm) -> None:
    """Open deals x win rate x mean won size / mean won cycle, each factor as the reference has it."""
    year = sm.Period("2017-01-01", "2018-01-01")
    row = sm.velocity(crm.deals, period=year)["all"]
    want, overall = crm.want["velocity_per_day"]["n_open_opps"]["won_cycle"], crm.want["overall"]
    assert row.n == row.parts["open_count"] == overall["n_open"]
    _close(row.parts["win_rate"], overall["win_rate"])
    _close(row.parts["mean_amount"], overall["avg_won_deal"])
    _close(row.parts["cycle_days"], overall["cycle_won_mean"])
    assert row.value == pytest.approx(want, rel=1e-6)
    rounded = [round(row.parts[factor], 6) for factor in ("win_rate", "mean_amount", "cycle_days")]
    _close(sm.formulas.velocity_from(row.n, *rounded), want)


@pytest.mark.parametrize("number", ["n_open_opps", "n_closed_opps", "n_all_opps"])
@pytest.mark.parametrize("cycle", ["won", "all_closed"])
def test_velocity_formula_for_other_choices(crm: Crm, number: str, cycle: str) -> None:
    """The formula takes any number of deals and any cycle."""
    overall = crm.want["overall"]
    closed = overall["n_won"] + overall["n_lost"]
    counts = {"n_open_opps": overall["n_open"], "n_closed_opps": closed, "n_all_opps": len(crm.deals)}
    length = sm.cycle_length(crm.deals, outcome="won" if cycle == "won" else "closed")["all"].value
    factors = (sm.win_rate(crm.deals)["all"].value, sm.deal_size(crm.deals)["all"].value, length)
    found = sm.formulas.velocity_from(counts[number], *(round(factor, 6) for factor in factors))
    _close(found, crm.want["velocity_per_day"][number][f"{cycle}_cycle"])
