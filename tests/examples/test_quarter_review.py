"""The quarter review as a user runs it: without anything, and on CSV files."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

import salesmetrics as sm

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "docs" / "examples" / "quarter_review.py"
PACKAGE = Path(sm.__file__).resolve().parents[1]


def run(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Return what the script did, started as a user starts it."""
    path = os.pathsep.join([str(PACKAGE), *filter(None, [os.environ.get("PYTHONPATH")])])
    command = [sys.executable, "-W", "error", str(SCRIPT), *arguments]
    environment = {**os.environ, "PYTHONPATH": path, "PYTHONIOENCODING": "utf-8"}
    return subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, encoding="utf-8", timeout=120, check=False
    )


def percent(value: float | None) -> list[str]:
    """Return a share as the words that the review writes."""
    assert value is not None
    return [f"{100 * value:,.1f}", "%"]


def text(value: object) -> str:
    """Return a value as a CSV file writes it, nothing for what is missing."""
    if value is None or (isinstance(value, np.datetime64) and np.isnat(value)) or value != value:
        return ""
    return str(value)


def write(path: Path, columns: dict[str, np.ndarray]) -> str:
    """Write columns as a CSV file and return its path."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(zip(*([text(v) for v in column] for column in columns.values()), strict=True))
    return str(path)


def sections(review: str) -> dict[str, list[str]]:
    """Return the lines of each section under the first words of its title."""
    blocks = [block.splitlines() for block in review.rstrip("\n").split("\n\n")]
    found: dict[str, list[str]] = {}
    for block in blocks:
        title = block[0].partition(":")[0]
        if block[0].startswith(" "):  # a section may have two tables
            found[list(found)[-1]] += block
        else:
            found[title] = block[1:]
    titles = list(found)
    return {
        ("Quarter review of the sample company" if at == 0 else name): found[name] for at, name in enumerate(titles)
    }


@pytest.fixture(scope="module")
def company() -> sm.datasets.Company:
    return sm.datasets.sample_company(deals=6_000, rng=7, as_of="2026-09-30")


@pytest.fixture(scope="module")
def files(company: sm.datasets.Company, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("files")
    books = {
        "deals": company.deals,
        "quotas": company.quotas,
        "reps": company.reps,
        "forecasts": company.forecasts,
        "history": company.history,
    }
    return [
        word for name, book in books.items() for word in (f"--{name}", write(folder / f"{name}.csv", book.to_dict()))
    ]


@pytest.fixture(scope="module")
def sample_review(tmp_path_factory: pytest.TempPathFactory) -> str:
    done = run(cwd=tmp_path_factory.mktemp("anywhere"))
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_the_review_of_the_sample_company_needs_nothing(sample_review: str) -> None:
    """Without options the script prints every section, each with numbers."""
    numbers = ("Attainment", "Reps", "Coverage", "Win rate", "Deal size", "Cycle length", "Velocity", "Pipeline")
    for word in (*numbers, "Walk", "Stages", "Hygiene", "Ramp", "Forecasts"):
        assert f"\n{word}: " in sample_review
    assert "Required on average" in sample_review
    assert "not shown" not in sample_review
    assert "\nNeeds attention: " in sample_review
    assert max(map(len, sample_review.splitlines())) <= 100
    assert len(sample_review.splitlines()) <= 200


def test_the_review_shows_what_the_library_says(sample_review: str, company: sm.datasets.Company) -> None:
    """The headline numbers are those of the metrics themselves."""
    q3 = company.calendar.quarter(2026, 3)
    books = company.deals, company.quotas
    whole = sm.attainment(*books, period=q3, reps=company.reps)["all"]
    best = sm.attainment(*books, period=q3, reps=company.reps, by="rep").top(1)
    cover = sm.pipeline_coverage(*books, period=q3, reps=company.reps, basis="remaining")["all"]
    speed = sm.velocity(company.deals, period=q3)["all"]
    lines = [line.split() for line in sample_review.splitlines()]
    assert ["whole", "company", *percent(whole.value), f"{whole.parts['booked']:,.0f}"] in [line[:5] for line in lines]
    assert [str(next(iter(best.labels))), *percent(best.value[0])] in [line[:3] for line in lines]
    assert ["FY2026", "Q3", f"{cover.value:.2f}x", f"{cover.parts['open']:,.0f}"] in [line[:4] for line in lines]
    assert ["all", f"{speed.value:,.0f}", f"{speed.n:,}"] in [line[:3] for line in lines]


def test_the_review_says_where_the_quarter_lands(sample_review: str, company: sm.datasets.Company) -> None:
    """Pace, pace against quota by team and what is needed a day are those of the metrics on the last known day."""
    asked = {"period": company.calendar.quarter(2026, 3), "reps": company.reps}
    books = company.deals, company.quotas
    clock = {"clock": "curve", "past": company.calendar.quarters("2024-08-01", "2026-08-01")}
    ends, need = (
        sm.pace_attainment(*books, by="team", **asked, **clock),
        sm.required_run_rate(*books, by="team", **asked),
    )
    lines = [line.split() for line in sample_review.splitlines()]
    for team in ends.labels:
        assert [*percent(ends[team].value), f"{need[team].value:,.0f}"] in [
            line[-3:] for line in lines if line[:3] == ["team", *team.split()]
        ]
    straight = sm.pace(company.deals, period=company.calendar.quarter(2026, 3))["all"]
    assert f"the period comes to {straight.value:,.0f}." in sample_review
    bent = sm.pace(company.deals, period=company.calendar.quarter(2026, 3), **clock)["all"]
    assert f"if this one goes so: {bent.value:,.0f}." in sample_review


def test_the_review_says_how_bookings_spread_over_reps(sample_review: str, company: sm.datasets.Company) -> None:
    """The share at quota, the median rep, the coefficient and the largest two, of the quarter that is over."""
    asked = {"period": company.calendar.quarter(2026, 2), "reps": company.reps}
    made = sm.share_at_quota(company.deals, company.quotas, ramping_threshold=0.7, **asked)["all"]
    median = sm.attainment_distribution(company.deals, company.quotas, q=[0.5], **asked)["0.5"]
    even, top = sm.gini(company.deals, **asked)["all"], sm.top_share(company.deals, top=2, **asked)["all"]
    (line,) = [line.split() for line in sections(sample_review)["Reps"] if line.startswith("  FY2026 Q2")]
    assert line[2:9] == [*percent(made.value), *percent(made.low), *percent(made.high), str(made.n)]
    assert [*line[11:13], *line[15:]] == [*percent(median.value), f"{even.value:.2f}", *percent(top.value)]


def test_the_review_keeps_those_who_are_not_there_yet(sample_review: str, company: sm.datasets.Company) -> None:
    """Ramp times stand beside the reps they are of, and those of them who got there."""
    books = company.deals, company.quotas, company.reps
    first = sm.time_to_first_deal(company.deals, company.reps)["all"]
    months = sm.ramp_time(*books, threshold=1.0, sustained=2)["all"]
    lines = [line.split() for line in sections(sample_review)["Ramp"]]
    ends = [[f"{row.value:.0f}", str(row.n), str(row.parts["events"])] for row in (first, months)]
    assert [[line[-5], *line[-2:]] for line in lines[1:3]] == ends
    assert first.n > first.parts["events"]


def test_the_review_says_whose_calls_came_true(sample_review: str, company: sm.datasets.Company) -> None:
    """The worst and the best rep, all of them, and what the calls took off the error of a simple rule."""
    year = sm.Period("2025-08-01", "2026-08-01")
    books, asked = (company.deals, company.forecasts), {"period": year}
    sure = sm.forecast_accuracy(*books, by="rep", **asked).sort()
    known = sure.take(np.flatnonzero(~sure.undefined))
    lines = [line.split() for line in sections(sample_review)["Forecasts"]]
    reps = list(known.labels)
    for label in (reps[0], reps[-1]):
        way = sm.bias(*books, by="rep", **asked)[label].value
        shown = [label, *percent(known[label].value), f"{100 * way:+,.1f}", "%"]
        assert shown in [line[:5] for line in lines]
    gain = sm.forecast_value_added(*books, metric="wape", **asked)["net"]
    said = " ".join(" ".join(line) for line in lines)
    assert f"calls: {' '.join(percent(gain.parts['error']))} of what came" in said
    assert f"again: {' '.join(percent(gain.parts['error_before']))} (n = {gain.n})" in said


def test_a_quarter_that_is_over_has_no_pace(tmp_path: Path) -> None:
    """Once the last day is known there is nothing to extrapolate; its own calls are judged."""
    done = run("--quarter", "2026Q2", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "needed a day" not in done.stdout
    assert "ended at" in done.stdout
    assert "comes to" not in done.stdout
    assert "so far" not in done.stdout
    assert "first week, 2025-08-01 to 2026-07-31" in done.stdout
    assert "as known on 2026-07-31" in done.stdout


def test_files_give_the_review_of_the_books_they_were_written_from(
    sample_review: str, files: list[str], tmp_path: Path
) -> None:
    """The sample company, written to CSV files and read again, has the same review but for its title."""
    ends = {"Closed Won": "won", "Closed Lost": "lost", "No Decision": "no_decision"}
    stages = ["Qualification", "Discovery", "Proposal", "Negotiation", *(f"{name}={to}" for name, to in ends.items())]
    told = ["--as-of", "2026-09-30", "--start-month", "2", "--quarter", "2026Q3", "--currency", "USD"]
    done = run(*files, *told, *(word for stage in stages for word in ("--stage", stage)), cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    again, *notes = done.stdout.split("\n\nNote: ")
    said = ("deals are expected to close before", "changes on one day that nothing tells the order of")
    assert [words in note for words, note in zip(said, notes, strict=True)] == [True, True]
    ours, theirs = sections(sample_review), sections(again)
    assert ours.keys() == theirs.keys()
    # a file does not say in which order stages come, nor who was away or is ramping
    assert sorted(ours["Pipeline"]) == sorted(theirs["Pipeline"])
    fitted = {"Attainment", "Reps", "Coverage", "Ramp", "In short", "Needs attention"}
    for name in ours.keys() - {"Quarter review of the sample company", "Pipeline", *fitted}:
        assert ours[name] == theirs[name]
    assert ours["Ramp"][:3] == theirs["Ramp"][:3]


def test_the_review_of_files_is_that_of_the_books_read_from_them(files: list[str], tmp_path: Path) -> None:
    """Attainment of the files is what the library says of the same files."""
    done = run(*files, "--as-of", "2026-09-30", "--start-month", "2", "--currency", "USD", cwd=tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", sm.SalesMetricsWarning)
        deals = sm.read_deals(files[1], as_of="2026-09-30", currency="USD")
    quotas, reps = sm.read_quotas(files[3], currency="USD"), sm.read_reps(files[5])
    table = sm.attainment(deals, quotas, period=sm.Period("2026-08-01", "2026-11-01"), reps=reps, by="team")
    lines = [line.split() for line in done.stdout.splitlines()]
    for team in table.labels:
        row = table[team]
        shown = [
            "team",
            *team.split(),
            *percent(row.value),
            f"{row.parts['booked']:,.0f}",
            f"{row.parts['quota']:,.0f}",
        ]
        assert shown in [line[: len(shown)] for line in lines]


def test_an_export_of_salesforce_is_read_by_its_map(
    sample_review: str, company: sm.datasets.Company, files: list[str], tmp_path: Path
) -> None:
    """Names, percent probabilities, closed flags and instants of Salesforce need one option and the zone."""
    deals = company.deals.to_dict()
    decided = deals["outcome"] != "open"
    probability = deals["probability"] * 100
    export = {
        "Id": deals["id"],
        "OwnerId": deals["rep"],
        "Amount": deals["amount"],
        "CreatedDate": np.array([f"{day}T16:00:00.000+0000" for day in deals["created"]], dtype=object),
        "CloseDate": np.where(decided, deals["closed"], deals["expected_close"]),
        "StageName": deals["stage"],
        "Probability": probability,
        "IsClosed": np.where(decided, "true", "false"),
        "IsWon": np.where(deals["outcome"] == "won", "true", "false"),
        "segment": deals["segment"],
    }
    path = write(tmp_path / "Opportunity.csv", export)
    options = ["--as-of", "2026-09-30", "--start-month", "2", "--currency", "USD", "--zone", "America/New_York"]
    done = run("--deals", path, *files[2:], "--map", "salesforce", *options, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Note: the source has no 'ForecastCategory'" in done.stdout
    ours, theirs = sections(sample_review), sections(done.stdout)
    assert ours["Deal size"] == theirs["Deal size"]
    assert "deals closed in FY2026 Q2" in " ".join(line.strip() for line in theirs["Coverage"])
    assert theirs["Attainment"] == ours["Attainment"]


def test_deals_without_a_column_lose_only_what_needs_it(files: list[str], tmp_path: Path) -> None:
    """Orders alone are enough for attainment; the other sections say which column they lack."""
    path = write(
        tmp_path / "orders.csv",
        {
            "Seller": np.array(["ada.abe", "ben.castro"]),
            "amount": np.array([1000.0, 2000.5]),
            "outcome": np.array(["Yes", "Yes"]),
            "closed": np.array(["2026-08-03", "2026-09-01"]),
        },
    )
    named = ["--column", "rep=Seller", "--outcome", "Yes=won", "--as-of", "2026-09-30", "--start-month", "2"]
    done = run("--deals", path, *files[2:4], *named, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert ["ada.abe", "0.9", "%", "1,000"] in [line.split()[:4] for line in done.stdout.splitlines()]
    lost = {name for name, lines in sections(done.stdout).items() if lines and lines[0].startswith("  not shown: ")}
    assert lost == {"Cycle length", "Velocity", "Walk", "Stages", "Ramp", "Forecasts"}
    assert "not shown: it needs the forecast calls: give `forecasts`." in done.stdout
    assert "`created` must be a column of the deals for velocity" in done.stdout
    assert "There is no lost deal among them, so this says nothing." in done.stdout


def test_calls_for_periods_that_overlap_cost_one_line(
    company: sm.datasets.Company, files: list[str], tmp_path: Path
) -> None:
    """Monthly calls of long ago, beside the quarterly ones, leave the accuracy of last year as it is."""
    calls = {name: np.concatenate([column, column[:1]]) for name, column in company.forecasts.to_dict().items()}
    calls["end"][-1] = calls["start"][-1] + 30
    path = write(tmp_path / "calls.csv", calls)
    done = run(*files[:4], "--forecasts", path, "--as-of", "2026-09-30", "--start-month", "2", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    lines = sections(done.stdout)["Forecasts"]
    assert "not shown: forecast value added: `" in " ".join(line.strip() for line in lines)
    sure = sm.forecast_accuracy(company.deals, company.forecasts, period=sm.Period("2025-08-01", "2026-08-01"))["all"]
    assert percent(sure.value) in [line.split()[1:3] for line in lines if "  all " in line]


@pytest.mark.parametrize(
    ("extra", "sentence"),
    [
        (["--as-of", "tomorrow"], "`as_of` must"),
        (["--as-of", "2026-09-30", "--start-month", "13"], "`start_month` must"),
        (["--as-of", "2026-09-30", "--column", "rep=Boss"], "`columns` must name columns of the source; got 'Boss'"),
        (["--as-of", "2026-09-30", "--quarter", "third"], "--quarter must be a year and a quarter"),
        (["--as-of", "2026-09-30", "--quarter", "2027Q1"], "--quarter must have begun"),
        (["--as-of", "2026-09-30", "--by", "colour"], "--by must name a label of the deals"),
        (["--as-of", "2026-09-30", "--column", "rep"], "must be NAME=VALUE"),
        (["--as-of", "2026-09-30", "--map", "maven", "--column", "rep=Boss"], "must name columns of the "),
        ([], "--deals, --quotas and --as-of go together"),
        (["--as-of", "2026-01-01"], "`closed` must"),
    ],
)
def test_a_refusal_is_a_sentence_and_not_a_traceback(
    extra: list[str], sentence: str, files: list[str], tmp_path: Path
) -> None:
    """What is wrong with files or options is said in one sentence; the exit code is 2 and nothing is printed as a review."""
    done = run(*files, *extra, cwd=tmp_path)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_the_review_is_written_as_a_page(tmp_path: Path) -> None:
    """With --html the same review is a page beside the text; a file that is there is replaced."""
    page = tmp_path / "review.html"
    page.write_text("old", encoding="utf-8")
    done = run("--html", str(page), cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"Written as a page to {page}." in done.stdout
    markup = page.read_text(encoding="utf-8")
    assert markup.startswith("<!DOCTYPE html>")
    assert "Review of FY2026 Q3" in markup
    refused = run("--html", str(tmp_path / "no" / "review.html"), cwd=tmp_path)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "must be a file that can be written" in refused.stderr


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    """A path that leads nowhere is refused by name."""
    done = run("--deals", "no.csv", "--quotas", "no.csv", "--as-of", "2026-09-30", cwd=tmp_path)
    assert done.returncode == 2
    assert "'no.csv'" in done.stderr
    assert "Traceback" not in done.stderr


def test_labels_cannot_write_on_the_terminal(tmp_path: Path, files: list[str]) -> None:
    """A label with control characters is shown, not obeyed."""
    path = write(
        tmp_path / "deals.csv",
        {
            "rep": np.array(["ada.abe"]),
            "segment": np.array(["\x1b[31mred"]),
            "outcome": np.array(["won"]),
            "amount": np.array([10]),
            "closed": np.array(["2026-09-01"]),
        },
    )
    done = run("--deals", path, *files[2:4], "--as-of", "2026-09-30", "--start-month", "2", cwd=tmp_path)
    assert "\x1b" not in done.stdout
    assert done.returncode in (0, 2)
