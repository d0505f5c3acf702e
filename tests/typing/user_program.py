"""A program as a user writes it, typed in full: type checkers in their strictest modes find nothing in it, and it runs.

It is no test of numbers. Each function stands for something that users do, and `assert_type` says what they get.
"""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path
from typing import assert_type

import numpy as np
import numpy.typing as npt

import salesmetrics as sm

Floats = npt.NDArray[np.float64]

CSV = """\
id,rep,amount,created,expected_close,closed,outcome,segment
D1,Ana,1200.50,2026-01-05,,2026-02-10,won,SMB
D2,Ana,800.00,2026-01-20,,2026-03-01,lost,Mid
D3,Bo,99.99,2026-02-01,2026-04-30,,open,SMB
"""


def books() -> tuple[sm.DealBook, sm.QuotaBook, sm.RepBook]:
    """Return books of a text, of a mapping of columns and of objects."""
    deals = sm.read_deals(io.StringIO(CSV), as_of="2026-03-31", currency="USD")
    quotas = sm.read_quotas(
        {"rep": ["Ana", "Bo"], "start": ["2026-01-01"] * 2, "end": ["2026-04-01"] * 2, "amount": [1_000, 500.25]},
        currency="USD",
    )
    reps = sm.read_reps([sm.Rep("Ana", team="East", hired="2025-02-01"), sm.Rep("Bo", team="West")])
    assert_type(deals, sm.DealBook)
    assert_type(quotas, sm.QuotaBook)
    assert_type(reps, sm.RepBook)
    return deals, quotas, reps


def reading(deals: sm.DealBook, reps: sm.RepBook) -> list[str]:
    """Return what a book says of itself."""
    lines = [f"{len(deals):,} deals in {deals.currency}", *deals.names, *deals.label_names, *deals.notes]
    assert_type(deals.as_of, dt.date | None)
    large: npt.NDArray[np.bool_] = deals["amount"] > 100
    few = deals.filter(large).take(np.array([0]))
    both = few.concat(deals.filter({"segment": "Mid"}))
    rejected: list[str] = [str(record["code"]) for record in both.rejects]
    lines += rejected + list(both.with_reps(reps).to_dict())
    return lines


def mapped() -> sm.DealBook:
    """Return the deals of an export, by a map and by a mapping of names."""
    columns = {"id": "Opportunity", "amount": "Value", "closed": "Decided", "outcome": "Status"}
    words = {"Closed Won": "won", "Negotiation": "open"}
    export: dict[str, list[object]] = {
        "Opportunity": ["A-1", "A-2"],
        "Value": [10, 20.5],
        "Decided": ["2026-02-10", None],
        "Status": ["Closed Won", "Negotiation"],
    }
    own = sm.read_deals(export, columns, outcomes=words, currency="EUR", on_error="collect")
    guess = sm.maps.guess(["Id", "OwnerId", "StageName", "CloseDate", "IsWon"])
    assert_type(guess, sm.maps.Guess)
    wider: sm.maps.ColumnMap = sm.maps.SALESFORCE.with_columns({"segment": "Segment__c"})
    assert "segment" in wider
    return own


def objects() -> tuple[sm.DealBook, sm.SalesProcess]:
    """Return deals made by hand, and the process they go through."""
    ends = [sm.Stage("Won", 2, outcome="won"), sm.Stage("Lost", 3, outcome="lost")]
    process = sm.SalesProcess([sm.Stage("Demo", 1, probability=0.3), *ends])
    deals: Iterable[sm.Deal] = (
        sm.Deal(n, "Ana", amount=100 * n, created=dt.date(2026, 1, n), stage="Demo") for n in range(1, 4)
    )
    return sm.read_deals(deals, process=process, as_of=dt.date(2026, 2, 1)), process


def periods() -> tuple[sm.Period, sm.Periods]:
    """Return a quarter and several."""
    calendar = sm.FiscalCalendar(start_month=2, named_by="end", holidays=["2026-12-25"])
    quarter, several = calendar.quarter(2026, 1), calendar.quarters("2026-02-01", dt.date(2026, 12, 31))
    assert_type(quarter, sm.Period)
    assert_type(several, sm.Periods)
    assert_type(several[0], sm.Period)
    assert_type(quarter.last, dt.date)
    return sm.Period("2026-01-01", np.datetime64("2026-04-01"), name="Q1"), several


def asking(deals: sm.DealBook, quotas: sm.QuotaBook, reps: sm.RepBook, q1: sm.Period) -> dict[str, float]:
    """Return numbers by name, from tables that are grouped, narrowed and dated in every way there is."""
    table = sm.attainment(deals, quotas, period=q1, by="rep")
    assert_type(table, sm.MetricTable)
    assert_type(table.value, Floats)
    assert_type(table.undefined, npt.NDArray[np.bool_])
    row = table["Ana"]
    assert_type(row, sm.MetricRow)
    assert_type(row.low, float | None)
    rates = sm.win_rate(deals, by=("rep", "segment"), period=[q1], where={"segment": ["SMB", "Mid"]}, weight="amount")
    answers: dict[str, sm.MetricTable] = {
        "rate": rates.sort("n", descending=False).top(3),
        "teams": sm.attainment(deals, quotas, reps=reps, period=q1, by=["team"]),
        "large": sm.deal_size(deals, where=deals["amount"] > 100, stat=0.9, confidence_level=None),
        "cycle": sm.cycle_length(deals, stat="median", as_of=dt.date(2026, 3, 31)),
        "coverage": sm.pipeline_coverage(deals, quotas, period=q1, basis="full", undated="include"),
        "top": sm.top_share(deals, period=q1, top=Fraction(1, 5)),
        "named": sm.open_pipeline(deals, as_of=np.datetime64("2026-03-31"), undated="include"),
    }
    notes = [note for answer in answers.values() for note in (answer.definition, *answer.notes)]
    assert all(isinstance(note, str) for note in notes)
    for answer in answers.values():
        columns: dict[str, list[object]] = answer.to_dict()
        assert columns
    return {name: float(value) for name, answer in answers.items() for value in answer.value}


def curves(deals: sm.DealBook) -> float:
    """Return a share read off a curve."""
    curve = sm.win_rate_curve(deals, by="segment", as_of="2026-03-31")
    assert_type(curve, sm.CurveTable)
    assert_type(curve.at([30, 60]), sm.MetricTable)
    laws = sm.forecast_distribution(deals, as_of="2026-03-31", missing_p="exclude", correlation=0.2)
    assert_type(laws, sm.OutlookTable)
    assert_type(laws.quantile([0.1, 0.9]), sm.MetricTable)
    assert_type(sm.p_hit_quota(deals, 1_000.0, as_of="2026-03-31", missing_p="exclude"), sm.MetricTable)
    half = sm.cycle_curve(deals, as_of="2026-03-31").median
    assert_type(half, sm.MetricTable)
    return float(half.value[0])


def looked_over(company: sm.datasets.Company) -> list[object]:
    """Return the deals that want a look."""
    rules = sm.FlagRules(days=30, count=1, limits={"Proposal": 45})
    flags = sm.flags(company.deals, history=company.history, rules=rules)
    assert_type(flags, sm.FlagTable)
    assert_type(flags["stale"], npt.NDArray[np.bool_])
    ids: list[object] = flags.ids[flags.any(["stale", "pushed"])].tolist()
    return ids


def in_time(company: sm.datasets.Company, quarter: sm.Period) -> list[sm.MetricTable]:
    """Return what changed, and what it was worth on a day."""
    deals, history = company.deals, company.history
    then = history.as_of("2026-06-30", deals)
    assert_type(then, sm.DealBook)
    earlier: tuple[sm.DealBook, ...] = history.as_of(["2026-05-31", "2026-06-30"], deals)
    return [
        sm.pipeline_walk(deals, history, period=quarter),
        sm.slip_rate(deals, history, period=quarter, of="closed", weight="amount", negative="exclude"),
        sm.stage_conversion(deals, history, population="all", skips="observed"),
        sm.ramp_time(deals, company.quotas, company.reps, threshold=0.8, sustained=2, since="2024-02-01"),
        sm.forecast_accuracy(deals, company.forecasts, period=quarter, category="commit", week=1, variant="max"),
        *(sm.open_pipeline(book, by="stage") for book in (then, *earlier)),
    ]


def in_parts(parts: Iterable[sm.DealBook], folder: Path) -> sm.MetricTable:
    """Return the answer to a question that was asked of parts, kept on disk and added up."""
    with ThreadPoolExecutor(2) as pool:
        tallies = list(pool.map(tallied, parts))
    total = tallies[0]
    for tally in tallies[1:]:
        total = total + tally
    assert_type(total, sm.OutcomeTally)
    sm.save_tally(total, folder / "outcomes.tally", overwrite=True)
    kept = sm.load_tally(folder / "outcomes.tally")
    if not isinstance(kept, sm.OutcomeTally):
        raise TypeError(kept)
    with sm.threads(1):
        return sm.win_rate(kept, interval="exact")


def in_one_pass(parts: list[sm.DealBook], folder: Path) -> list[sm.MetricTable]:
    """Return the answers to several questions about parts that are read once."""
    scan = sm.scan(parts)
    assert_type(scan, sm.DealScan)
    found = sm.measure(
        scan, {"rate": lambda deals: sm.win_rate(deals, by="rep"), "size": lambda deals: sm.deal_size(deals)}
    )
    assert_type(found, sm.Measured)
    rate: sm.MetricTable = found["rate"]
    return [rate, sm.win_rate(scan), in_parts(parts, folder)]


def reviewed(company: sm.datasets.Company) -> list[str]:
    """Return what needs attention."""
    quarter = company.calendar.quarter(2026, 3)
    review = sm.review(
        company.deals,
        company.quotas,
        period=quarter,
        reps=company.reps,
        forecasts=company.forecasts,
        history=company.history,
        calendar=company.calendar,
        rules=sm.ReviewRules(pace=0.8),
    )
    assert_type(review, sm.Review)
    with sm.redacted():
        return [repr(note) for note in review.notes]


def tallied(part: sm.DealBook) -> sm.OutcomeTally:
    """Return the counts of one part."""
    return sm.OutcomeTally.from_book(part, by="rep")


def on_arrays(won: list[int], lost: list[int]) -> Floats:
    """Return a rate of plain columns, and its interval."""
    low, high = sm.formulas.wilson(np.array(won), np.array(won) + np.array(lost))
    rate: Floats = np.asarray(sm.formulas.win_rate(won, lost))
    return np.stack([low, rate, high])


def rates_of_exchange() -> sm.FxTable:
    """Return dated rates of exchange."""
    return sm.FxTable.per_base("USD", {"EUR": {"2026-01-01": 0.92}}, until="2026-07-01")


def refused(rows: dict[str, list[object]]) -> list[dict[str, object]]:
    """Return what is wrong with rows, problem by problem."""
    try:
        sm.read_deals(rows, on_error="collect")
    except sm.MissingColumnError as error:
        return [{"code": error.code, "hint": error.hint}]
    except sm.InvalidDataError as error:
        assert_type(error.rows, npt.NDArray[np.int64])
        assert_type(error.message, str)
        return error.to_records()
    except sm.SalesMetricsError as error:
        return [{"code": error.code, "count": error.count}]
    return []


def main(folder: Path) -> None:
    """Do all of it."""
    deals, quotas, reps = books()
    q1, _ = periods()
    company = sm.datasets.sample_company(deals=400, rng=7)
    print(*reading(deals, reps), sep="\n")
    print(len(mapped()), len(objects()[0]), rates_of_exchange().currencies)
    print(asking(deals, quotas, reps, q1), curves(deals), len(looked_over(company)))
    print(*in_time(company, company.calendar.quarter(2026, 2)), sep="\n")
    print(*in_one_pass([deals.take(np.array([n])) for n in range(3)], folder), sep="\n")
    print(*reviewed(company), sep="\n")
    print(on_arrays([3, 1], [7, 1]), refused({"outcome": ["won", "lots"]}))
