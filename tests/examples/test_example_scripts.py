"""The short examples as a user runs them: as they are, and on the public data sets where those are at hand."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import salesmetrics as sm
from tests.shared_data import folder

SCRIPTS = Path(__file__).resolve().parents[2] / "docs" / "examples"
PACKAGE = Path(sm.__file__).resolve().parents[1]
SHORT = sorted(path.stem for path in SCRIPTS.glob("*.py") if path.stem != "quarter_review")
DRAWING = [name for name in SHORT if name != "read_a_crm_export"]


def run(name: str, *arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Return what a script did, started as a user starts it, warnings being errors."""
    path = os.pathsep.join([str(PACKAGE), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = {**os.environ, "PYTHONPATH": path, "PYTHONIOENCODING": "utf-8", "MPLBACKEND": "agg"}
    command = [sys.executable, "-W", "error", str(SCRIPTS / f"{name}.py"), *map(str, arguments)]
    return subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, encoding="utf-8", timeout=120, check=False
    )


def said(name: str, *arguments: object, cwd: Path) -> str:
    """Return what a script printed, which ends well and complains of nothing."""
    done = run(name, *arguments, cwd=cwd)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.fixture(scope="module")
def company() -> sm.datasets.Company:
    return sm.datasets.sample_company(deals=6_000, rng=7)


def test_there_are_examples() -> None:
    """Each example has a test below, which names it."""
    told = Path(__file__).read_text("utf-8")
    assert len(SHORT) >= 6
    assert all(f'"{name}"' in told for name in SHORT)


@pytest.mark.parametrize("name", SHORT)
def test_an_example_is_short_and_says_what_it_answers(name: str) -> None:
    """An example fits on two screens, begins with a manager's question, and shows how it is called."""
    text = (SCRIPTS / f"{name}.py").read_text("utf-8")
    assert text.count("\n") <= 110
    assert text.startswith('"""')
    assert text.splitlines()[0].endswith("?")
    assert f"    python {name}.py\n" in text


@pytest.mark.parametrize("name", DRAWING)
def test_an_example_draws_its_answer(name: str, tmp_path: Path) -> None:
    """With --plot the answer is saved as a picture, and the last line says where."""
    pytest.importorskip("matplotlib")
    assert said(name, "--plot", "answer.png", cwd=tmp_path).splitlines()[-1] == "Drawn: answer.png"
    assert (tmp_path / "answer.png").read_bytes().startswith(b"\x89PNG")


# --- on the sample company ---------------------------------------------------------------------------------------


def test_win_rates(company: sm.datasets.Company, tmp_path: Path) -> None:
    """The last quarter stands beside the one a year before, and the cohorts by their age."""
    shown = said("win_rates_over_time", "--by", "segment", cwd=tmp_path)
    now, then = (sm.win_rate(company.deals, period=company.calendar.quarter(year, 3))["all"] for year in (2026, 2025))
    sentence = (
        f"FY2026 Q3: {now.value:.1%} of {now.n:,}, after {then.value:.1%} of {then.n:,} in FY2025 Q3; the intervals"
    )
    assert sentence in shown
    assert str(sm.win_rate_curve(company.deals, by="segment").at(180).sort()) in shown


def test_coverage_and_walk(company: sm.datasets.Company, tmp_path: Path) -> None:
    """What moved the pipeline adds up, and the coverage is that of the metric."""
    shown = said("coverage_and_walk", cwd=tmp_path)
    q3, q4 = company.calendar.quarter(2026, 3), company.calendar.quarter(2026, 4)
    walk = sm.pipeline_walk(company.deals, company.history, period=q3)
    assert f"From {walk['opening'].value:,.0f} to {walk['closing'].value:,.0f};" in shown
    cover = sm.pipeline_coverage(company.deals, company.quotas, period=q4, basis="remaining", reps=company.reps)["all"]
    assert f"That is {cover.value:.2f} times over." in shown
    rate = sm.win_rate(company.deals, basis="open_at", weight="amount", period=q3)
    needed = sm.required_coverage(rate)
    assert isinstance(needed, sm.MetricTable)
    assert f"so {needed['all'].value:.2f} times is what it takes" in shown


def test_ramp(company: sm.datasets.Company, tmp_path: Path) -> None:
    """Times to a first win and to quota are those of the metrics, those who are not there yet counted in."""
    shown = said("ramp_of_new_reps", "--threshold", "0.8", cwd=tmp_path)
    first = sm.time_to_first_deal(company.deals, company.reps)["all"]
    assert (
        f"Half of the new reps have won a deal after {first.value:.0f} days (95 % interval {first.low:.0f} to" in shown
    )
    books = company.deals, company.quotas, company.reps
    held = sm.ramp_time(*books, threshold=0.8, sustained=2, of="assigned_quota")["all"]
    assert f"Half of them hold 80% of their quota, two months in a row, after {held.value:.0f} months" in shown


def test_forecasts(company: sm.datasets.Company, tmp_path: Path) -> None:
    """Errors by rep and by week are those of the metrics."""
    shown = said("forecast_accuracy", "--weeks", "2", "12", cwd=tmp_path)
    year = company.calendar.quarters("2025-11-01", "2026-10-31")
    whole = sm.Period(year[0].start, year[-1].end)
    asked = {"period": whole, "as_of": company.as_of}
    off = sm.wape(company.deals, company.forecasts, by="rep", **asked)
    best = off.take(np.flatnonzero(off.n >= 3)).sort(descending=False)
    name = next(iter(best.labels))
    assert re.search(rf"best +{re.escape(name)} +off by +{best[name].value:.1%}", shown)
    later = sm.wape(company.deals, company.forecasts, week=[2, 12], **asked)
    assert str(later) in shown
    assert later.value[1] < later.value[0]


def test_stages(company: sm.datasets.Company, tmp_path: Path) -> None:
    """How far deals got, what share goes on, and the stage to mend are those of the metrics."""
    shown = said("where_deals_drop_out", cwd=tmp_path)
    year = sm.Period("2025-11-01", "2026-11-01")
    for table in (sm.stage_reached, sm.stage_conversion, sm.stage_dwell):
        assert str(table(company.deals, company.history, period=year)) in shown
    worst = sm.bottleneck(company.deals, company.history, period=year)
    assert f"by the share that goes on: {next(iter(worst.labels))}." in shown


def test_an_export(tmp_path: Path) -> None:
    """A made-up export of Salesforce is known by its columns, and read as it was written."""
    shown = said("read_a_crm_export", cwd=tmp_path)
    deals = sm.datasets.sample_company(deals=400, rng=7).deals
    assert shown.startswith("<Guess: sm.maps.SALESFORCE,")
    assert "<DealBook of 400 deals" in shown
    decided = deals.filter(deals["outcome"] != "open")
    won = int((decided["outcome"] == "won").sum())
    assert f"{won / len(decided):.1%}".replace("%", " %") in shown  # an export knows won and not won, no more


def test_a_file_that_no_map_fits_is_refused(tmp_path: Path) -> None:
    """A file of somebody's own ends the example in one sentence that says the way out."""
    (tmp_path / "own.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    done = run("read_a_crm_export", "own.csv", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr == "No map fits: say which by --map, or name the columns in a script of your own.\n"


# --- on the public data sets -------------------------------------------------------------------------------------


def test_win_rates_of_maven(tmp_path: Path) -> None:
    """The opportunities of Maven's CRM: the quarter a year before holds none, and that is said."""
    shown = said("win_rates_over_time", "--maven", folder("maven-crm"), cwd=tmp_path)
    assert "FY2017 Q4 cannot be compared with FY2016 Q4: no_rows." in shown
    assert re.search(r"FY2017 Q1 +82\.1 % +647 ", shown)
    assert "by product" in shown


def test_walk_and_stages_of_loans(tmp_path: Path) -> None:
    """The loan applications: 12,688 were decided in half a year, and what is left is open at the end."""
    place = folder("bpi2012-loan-events")
    shown = said("where_deals_drop_out", "--loans", place, cwd=tmp_path)
    assert re.search(r"A_SUBMITTED +12,688 +12,688\n", shown)
    assert "by the days that it takes: A_FINALIZED." in shown
    shown = said("coverage_and_walk", "--loans", place, cwd=tmp_path)
    assert "From 10,399,017 to 6,703,743; the largest movement is new: +79,102,954." in shown


def test_ramp_of_adventureworks(tmp_path: Path) -> None:
    """The resellers' sales people win on their first day, since orders are booked as they start."""
    shown = said("ramp_of_new_reps", "--adventureworks", folder("adventureworks"), cwd=tmp_path)
    assert "Half of the new reps have won a deal after 0 days" in shown
    assert "16 reps, 16 got there" in shown


@pytest.mark.parametrize(
    ("path", "options", "found"),
    [
        ("dbt-salesforce-seeds/sf_opportunity_data.csv", ["--keep-deleted"], "<DealBook of 8 deals"),
        ("dbt-hubspot-seeds/deal_data.csv", ["--map", "FIVETRAN_HUBSPOT"], "<DealBook of 44 deals"),
        ("maven-crm/sales_pipeline.csv", [], "63.2 %  6,711"),
    ],
)
def test_exports_of_public_data(path: str, options: list[str], found: str, tmp_path: Path) -> None:
    """Each export is known by its columns, and what breaks a rule is left out and listed."""
    place = folder(path.partition("/")[0])
    assert found in said("read_a_crm_export", place / path.partition("/")[2], *options, cwd=tmp_path)
