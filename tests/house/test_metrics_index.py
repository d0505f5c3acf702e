"""The metrics index and the glossary: complete, in the library's own words, and with the units that answers bear."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

import salesmetrics as sm
from salesmetrics import metrics
from salesmetrics.results import REASONS, MetricTable

REFERENCE = Path(__file__).resolve().parents[2] / "docs" / "reference"
COLUMNS = ("name", "question", "formula", "unit", "n", "undefined", "also called")
ROW = re.compile(r"^\| `(\w+)` \| (.+) \|$", re.MULTILINE)
UNITS = ("fraction", "money", "money/day", "days", "count", "count/day")
INDEX = (REFERENCE / "metrics.md").read_text(encoding="utf-8")
CELLS = {name: dict(zip(COLUMNS, (name, *rest.split(" | ")), strict=False)) for name, rest in ROW.findall(INDEX)}

Company = sm.datasets.Company
ANSWERS: dict[str, Callable[[Company], MetricTable]] = {}


def _given(metric: str, *books: str, **more: object) -> None:
    """Ask a metric of some books of the company, in the last complete quarter where it takes a period."""

    def answer(company: Company) -> MetricTable:
        table: MetricTable = getattr(sm, metric)(*(getattr(company, book) for book in books), **more)
        return table

    ANSWERS[metric] = answer


QUARTER = sm.FiscalCalendar(start_month=2).quarter(2026, 3)
YEAR = sm.FiscalCalendar(start_month=2).quarters("2025-02-01", "2026-11-01")
OF_QUARTER = {"period": QUARTER}

for name in ("credited_bookings", "gini", "pace", "pipeline_created", "create_and_close", "create_and_close_share"):
    _given(name, "deals", **OF_QUARTER)
for name in ("win_rate", "win_intensity", "deal_size", "cycle_length", "velocity"):
    _given(name, "deals", **OF_QUARTER)
for name in ("open_pipeline", "weighted_pipeline", "concentration", "hygiene_share"):
    _given(name, "deals")
for name in ("attainment", "attainment_gap", "team_attainment", "share_at_quota", "attainment_distribution"):
    _given(name, "deals", "quotas", **OF_QUARTER)
for name in ("pace_attainment", "required_run_rate"):
    _given(name, "deals", "quotas", **OF_QUARTER)
for name in ("ape", "mape", "wape", "bias", "mean_error", "mae", "rmse", "mase", "forecast_accuracy"):
    _given(name, "deals", "forecasts", period=YEAR)
for name in ("slip_rate", "push_out", "pull_in", "pipeline_walk"):
    _given(name, "deals", "history", **OF_QUARTER)
for name in ("push_count", "days_slipped", "at_risk", "stage_age"):
    _given(name, "deals", *(() if name == "at_risk" else ("history",)))
for name in ("stage_reached", "stage_conversion", "transition_matrix", "forward_rate", "win_probability_by_stage"):
    _given(name, "deals", "history", **OF_QUARTER)
for name in ("stage_dwell", "bottleneck", "stage_skip_rate", "regress_rate"):
    _given(name, "deals", "history", **OF_QUARTER)
_given("top_share", "deals", top=1, **OF_QUARTER)
_given("linearity_curve", "deals", period=YEAR)
_given("attainment_streak", "deals", "quotas", period=YEAR)
_given("effective_quota", "quotas", **OF_QUARTER)
_given("pipeline_coverage", "deals", "quotas", basis="full", **OF_QUARTER)
_given("pipeline_trend", "deals", "history", at=["2026-07-31", "2026-10-31"])
_given("naive_forecast", "deals", **OF_QUARTER)
_given("forecast_value_added", "deals", "forecasts", period=YEAR)
_given("p_hit_quota", "deals", "quotas", as_of="2026-09-30", **OF_QUARTER)
_given("range_hit_rate", "deals", "forecasts", period=YEAR)
_given("time_to_first_deal", "deals", "reps")
_given("ramp_time", "deals", "quotas", "reps", threshold=1.0)
_given("ramp_curve", "deals", "quotas", "reps")
_given("ramped_equivalents", "reps", on="2026-10-31")
_given("logrank", "deals", by="segment")
ANSWERS |= {
    "win_rate_curve": lambda company: sm.win_rate_curve(company.deals).at(90),
    "forecast_distribution": lambda company: sm.forecast_distribution(company.deals).mean,
    "cycle_curve": lambda company: sm.cycle_curve(company.deals).at(90),
    "required_coverage": lambda company: sm.required_coverage(sm.win_rate(company.deals)),
    "velocity_change": lambda company: sm.velocity_change(
        sm.velocity(company.deals, period=YEAR[5]), sm.velocity(company.deals, period=YEAR[6])
    ),
}


@pytest.fixture(scope="module")
def company() -> Company:
    """A small company, with everything that a metric may ask for."""
    return sm.datasets.sample_company(deals=400, rng=3)


def test_every_metric_has_one_row() -> None:
    """Each public metric stands in the index once, and nothing else does."""
    assert sorted(name for name, _ in ROW.findall(INDEX)) == sorted(metrics.__all__)


@pytest.mark.parametrize("name", sorted(metrics.__all__))
def test_a_row_is_complete(name: str) -> None:
    """A row has a question, a formula, a unit, n, the undefined cases and other names, none of them empty."""
    row = CELLS[name]
    assert tuple(row) == COLUMNS
    assert all(cell.strip() for cell in row.values())
    assert row["question"].endswith("?") or row["question"].startswith("The same")


@pytest.mark.parametrize("name", sorted(metrics.__all__))
def test_the_unit_of_the_index_is_that_of_the_answer(name: str, company: Company) -> None:
    """A metric answers in the unit that the index states first, which is one of the six there are."""
    stated = CELLS[name]["unit"].split(" ")[0].rstrip(",;")
    assert stated in UNITS
    assert ANSWERS[name](company).unit == stated


def _reasons(name: str) -> set[str]:
    """The reasons that the index gives for a metric, its own and those of the metric it refers to."""
    words = set(re.findall(r"`(\w+)`", CELLS[name]["undefined"]))
    return words.union(*(_reasons(other) for other in words & set(metrics.__all__)))


@pytest.mark.parametrize("name", sorted(metrics.__all__))
def test_the_index_knows_the_reasons_of_the_docstring(name: str) -> None:
    """A reason for an undefined value that a docstring names stands in the index too."""
    said = set(re.findall(r"``(\w+)``", getattr(sm, name).__doc__)) & (set(REASONS) - {"immature"})
    assert said <= _reasons(name)


def test_the_reasons_of_the_index_exist() -> None:
    """Whatever the index and the page on undefined values call a reason is one that a table can have, and none is missing."""
    named = {word for row in CELLS.values() for word in re.findall(r"`(\w+)`", row["undefined"])}
    assert named - set(metrics.__all__) <= set(REASONS)
    page = (REFERENCE.parent / "explanation" / "undefined-is-not-zero.md").read_text(encoding="utf-8")
    explained = set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE))
    assert explained == set(REASONS) - {"", "immature"}  # no metric gives that one yet
    assert named - set(metrics.__all__) <= explained


FAMILIES = sorted(set(re.findall(r"\]\((\w[\w-]*\.md)\)", INDEX)) - {"glossary.md"})


@pytest.mark.parametrize("page", FAMILIES)
def test_a_page_of_a_family_is_complete(page: str) -> None:
    """A page begins with a manager's question, and has a table, code that runs, edge cases, and why a CRM differs."""
    text = (REFERENCE / page).read_text(encoding="utf-8")
    opening = text.splitlines()[2]
    assert re.match(r"\*[^*]+\?\*", opening)
    assert "\n|---|" in text
    assert "\n```python\n" in text
    for heading in ("## Edge cases", "## Why your CRM says something else"):
        assert text.count(f"\n{heading}\n") == 1


def test_every_family_has_a_page() -> None:
    """The index leads to each page of a family, and to nothing else in the reference but the glossary."""
    others = {"index.md", "metrics.md", "glossary.md", "api.md", "errors.md", "benchmarks.md"}
    assert set(FAMILIES) == {page.name for page in REFERENCE.glob("*.md")} - others


def test_the_glossary_is_in_alphabetical_order() -> None:
    """The entries of the glossary stand in alphabetical order, each once."""
    text = (REFERENCE / "glossary.md").read_text(encoding="utf-8")
    terms = [term.lower() for term in re.findall(r"^\*\*(.+?)\*\*$", text, re.MULTILINE)]
    assert len(terms) > 60
    assert terms == sorted(set(terms))
