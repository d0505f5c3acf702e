"""QPR, STG and CUR: quotas, periods and reps; stages and their history; currencies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import salesmetrics as sm
from tests.bad_inputs.harness import TYPED, Case, check, each, refused, row

Q1 = sm.Period("2026-01-01", "2026-04-01")
PEOPLE = sm.read_reps({"id": ["Ana"], "hired": ["2025-01-01"], "left": ["2026-02-01"]})
OTHERS = sm.read_reps({"id": ["Ana"]}, unknown="other")
PROCESS = sm.SalesProcess(
    [sm.Stage("Lead", 1), sm.Stage("Bid", 2), sm.Stage("W", 3, outcome="won"), sm.Stage("L", 4, outcome="lost")]
)
DEALS = sm.read_deals(
    {"id": ["a"], "created": ["2026-01-05"], "closed": ["2026-02-01"], "outcome": ["won"], "stage": ["W"]},
    process=PROCESS,
)
RATES = sm.read_rates({"currency": ["EUR"], "start": ["2026-01-01"], "per_base": [0.9]}, base="USD")
FILLED = sm.read_rates({"currency": ["EUR"], "start": ["2026-01-01"], "per_base": [0.9]}, base="USD", fill="previous")
THREE = {"rep": ["Ana", "Bob", "Cy"], "start": ["2026-01-01"] * 3, "end": ["2026-04-01"] * 3, "amount": [1, 2, 3]}
TWO = {"rep": ["A", "A"], "amount": [1, 2]}
SOLD = {"amount": [5], "currency": ["EUR"], "outcome": ["won"]}


def rates(source: Any, columns: Any, **asked: Any) -> Any:
    """Read rates to the dollar."""
    table = sm.read_rates(source, columns, base="USD", **asked)
    return type("Read", (), {"rejects": (), "notes": (), "table": table})


CASES = [
    Case("QPR-1", THREE, "SM-REP-05", "rep", 1, "Bob", "'Bob', 'Cy'", options={"reps": PEOPLE}, reader=sm.read_quotas),
    Case("QPR-1", {"id": ["a"], "rep": ["Bob"]}, "SM-REP-05", "rep", 0, "Bob", "unknown='other'", options={"reps": PEOPLE}),
    Case("QPR-1", {"id": ["a"], "rep": ["Bob"]}, options={"reps": OTHERS}, gives=lambda b: b["rep"].tolist() == ["Bob"]),
    Case("QPR-2", {**TWO, "start": ["2026-01-01", "2026-03-01"], "end": ["2026-04-01", "2026-07-01"]}, "SM-QTA-03", "start", 0, "2026-01-01", "2026-03-01 to 2026-04-01", reader=sm.read_quotas),
    Case("QPR-2", {**TWO, "start": ["2026-01-01"] * 2, "end": ["2026-04-01"] * 2, "effective_from": ["2026-01-01", "2026-02-01"]}, reader=sm.read_quotas, gives=lambda b: b.rows == 2),
    Case("QPR-3", {**TWO, "start": ["2026-01-01", "2026-07-01"], "end": ["2026-04-01", "2026-10-01"]}, warns="without a gap", reader=sm.read_quotas, gives=lambda b: b.rows == 2),
    Case("QPR-6", {"rep": ["Ana", "Ana"], "created": ["2024-01-01"] * 2, "closed": ["2024-06-01", "2026-03-01"], "outcome": ["won"] * 2}, warns="got 2 of 2 rows", options={"reps": PEOPLE}),
    Case("QPR-7", {"id": ["A", "B", "C"], "manager": ["B", "C", "A"]}, "SM-REP-04", "manager", value="A -> B -> C -> A", hint="reports to nobody", reader=sm.read_reps, whole=True),
    Case("STG-1", {"stage": ["Lead", "lead"]}, "SM-STG-01", "stage", 1, "lead", "did you mean 'Lead'", options={"process": PROCESS}),
    Case("STG-1", {"deal": ["a"], "date": ["2026-01-06"], "stage": ["Bidd"]}, "SM-STG-01", "stage", 0, "Bidd", "did you mean 'Bid'", options={"process": PROCESS}, reader=sm.read_history),
    Case("STG-1", {"deal": ["a"], "date": ["2026-01-06"], "stage": ["LEAD"]}, gives=lambda b: b["stage"].tolist() == ["Lead"], options={"process": PROCESS, "casefold": True}, reader=sm.read_history),
    Case("STG-2", {"deal": ["a"], "date": ["2026-01-01"], "stage": ["Lead"]}, "SM-STG-02", "date", 0, "2026-01-01", "2026-01-05", options={"deals": DEALS}, reader=sm.read_history),
    Case("STG-2", {"deal": ["a"], "date": ["2026-03-01"], "stage": ["Lead"]}, "SM-STG-02", "date", 0, "2026-03-01", "2026-02-01", options={"deals": DEALS}, reader=sm.read_history),
    Case("STG-3", {"deal": ["a"] * 2, "date": ["2026-01-06"] * 2, "stage": ["Bid", "Lead"]}, warns="put by stage, then by their other values: 2", gives=lambda b: b["stage"].tolist() == ["Lead", "Bid"], options={"process": PROCESS}, reader=sm.read_history),
    Case("STG-3", {"deal": ["a"] * 2, "date": ["2026-01-06"] * 2, "stage": ["Lead", "Bid"], "seq": [2, 1]}, gives=lambda b: b["stage"].tolist() == ["Bid", "Lead"], options={"process": PROCESS}, reader=sm.read_history),
    Case("STG-3", {"deal": ["a"] * 2, "date": ["2026-01-06"] * 2, "stage": ["Lead", "Bid"], "from_stage": ["Bid", None]}, gives=lambda b: b["stage"].tolist() == ["Bid", "Lead"], options={"process": PROCESS}, reader=sm.read_history),
    Case("STG-4", {"deal": ["a"] * 2, "date": ["2026-01-06", "2026-01-07"], "stage": ["Lead", "W"], "from_stage": [None, "Bid"]}, "SM-STG-04", "from_stage", 1, "Bid", "trust_to", options={"process": PROCESS}, reader=sm.read_history),
    Case("STG-4", {"deal": ["a"] * 2, "date": ["2026-01-06", "2026-01-07"], "stage": ["Lead", "W"], "from_stage": [None, "Bid"]}, warns="where the one before ended: 1", options={"process": PROCESS, "repair": "trust_to"}, reader=sm.read_history),
    Case("STG-5", {"deal": ["a"] * 3, "date": ["2026-01-06", "2026-01-08", "2026-02-01"], "stage": ["W", "Bid", "L"]}, gives=lambda b: b["outcome"].tolist() == ["won", "open", "lost"], options={"process": PROCESS}, reader=sm.read_history),
    Case("STG-6", {"deal": ["b"], "date": ["2026-01-06"], "stage": ["Lead"]}, "SM-STG-06", "deal", 0, "b", "'a'", options={"deals": DEALS}, reader=sm.read_history),
    Case("CUR-1", {"amount": [1, 2], "currency": ["USD", "EUR"]}, "SM-CUR-01", "currency", 0, hint="rates=", whole=True),
    *(Case("CUR-2", {"currency": ["EUR"], "start": ["2026-01-01"], "per_base": [bad]}, "SM-CUR-02", "per_base", 0, bad, "plain number", reader=rates, whole=True, carriers=TYPED) for bad in (0.0, -1.0, float("nan"), float("inf"))),
    Case("CUR-2", {**SOLD, "closed": ["2026-05-01"]}, "SM-CUR-07", "currency", 0, "EUR on 2026-05-01", "fill='previous'", options={"rates": RATES}),
    Case("CUR-2", {**SOLD, "closed": ["2026-05-01"]}, gives=lambda b: b["amount"].tolist() == [5.56], options={"rates": FILLED}),
    *(Case("CUR-3", {"amount": [5, 6], "currency": ["USD", bad]}, "SM-CUR-03", "currency", 1, bad or None, whole=True) for bad in ("ZZZ", "usd")),
    Case("CUR-3", {"amount": [5, 6], "currency": ["USD", None]}, "SM-CUR-03", "currency", 1, hint="never guessed", whole=True),
    Case("CUR-3", {"amount": [5, 6], "currency": ["USD", "usd"]}, gives=lambda b: b.currency == "USD", options={"currencies": "upper"}),
]  # fmt: skip


@each(CASES)
def test_columns(case: Case, carrier: str) -> None:
    """Each row in every container that can carry it."""
    check(case, carrier)


def attained(currency: str) -> Any:
    """Return attainment of a deal in a currency under quotas in dollars; one rep has no deals."""
    deals = {
        "id": ["a", "b"],
        "rep": ["A", "C"],
        "amount": [5, 7],
        "closed": ["2026-01-05"] * 2,
        "outcome": ["won"] * 2,
    }
    quotas = {"rep": ["A", "B"], "start": ["2026-01-01"] * 2, "end": ["2026-04-01"] * 2, "amount": [10, 20]}
    book, asked = sm.read_deals(deals, currency=currency), sm.read_quotas(quotas, currency="USD")
    return sm.attainment(book, asked, period=Q1, by="rep")


@row("QPR-4")
def test_a_quota_in_another_currency() -> None:
    """It is refused, and both are named."""
    error = refused(lambda: attained("EUR"))
    assert (error.code, error.field, error.row) == ("SM-CUR-01", "quotas", None)
    assert "USD beside EUR" in str(error)


@row("QPR-5")
def test_quotas_without_deals_and_deals_without_quota() -> None:
    """Nothing sold is 0; no quota is undefined."""
    answer = attained("USD").to_dict()
    value = dict(zip(answer["rep"], answer["attainment"], strict=True))
    assert (value["A"], value["B"]) == (0.5, 0.0)
    assert np.isnan(value["C"])
    assert dict(zip(answer["rep"], answer["reason"], strict=True))["C"] == "no_quota"


@row("QPR-8")
@pytest.mark.parametrize(
    ("call", "field", "value", "says"),
    [
        (lambda: sm.FiscalCalendar(start_month=13), "start_month", 13, "a month, 1 to 12"),
        (lambda: sm.FiscalCalendar().quarter(2024, 5), "quarter", 5, "a quarter of FY2024, 1 to 4"),
        (lambda: sm.FiscalCalendar(start_month=2).week(2026, 54), "week", 54, "a week of FY2026, 1 to 5"),
    ],
)
def test_periods_that_there_are_none(call: Callable[[], Any], field: str, value: int, says: str) -> None:
    """Months, quarters and weeks are those of the calendar."""
    error = refused(call, sm.InvalidArgumentError)
    assert (error.code, error.field, error.value) == ("SM-CAL-01", field, value)
    assert says in str(error)


@row("STG-6")
def test_deals_without_a_history() -> None:
    """They have been in their present stage since they were created, and that is said."""
    two = {"id": ["a", "b"], "created": ["2026-01-05"] * 2, "stage": ["Bid", "Lead"], "outcome": ["open"] * 2}
    book = sm.read_deals(two, process=PROCESS)
    with pytest.warns(
        sm.SalesMetricsWarning, match="deals without a history, in their present stage since they were created: 1"
    ):
        sm.read_history({"deal": ["a"], "date": ["2026-01-06"], "stage": ["Bid"]}, deals=book)


@row("CUR-3")
def test_the_currency_of_the_call() -> None:
    """A code of a call is one of ISO 4217, in capitals."""
    error = refused(lambda: sm.read_deals({"amount": [5]}, currency="usd"), sm.InvalidArgumentError)
    assert (error.code, error.field, error.value) == ("SM-CUR-03", "currency", "usd")
    assert "'USD'" in error.hint


@row("CUR-4")
def test_both_directions() -> None:
    """The direction is the column's name; where both are given and do not agree, that is warned of."""
    both = {"currency": ["EUR"], "start": ["2026-01-01"], "per_base": [1.087], "in_base": [1.087]}
    with pytest.warns(sm.SalesMetricsWarning, match="`per_base` must be 1 over `in_base`"):
        sm.read_rates(both, base="USD")
    assert sm.read_rates({**both, "in_base": [0.92]}, base="USD").rate("EUR", "2026-01-01") < 1
