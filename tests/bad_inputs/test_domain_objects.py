"""DOM: one rep, deal, quota or stage at a time, and the same rules for whole columns."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

import salesmetrics as sm
from tests.bad_inputs.harness import ALL, OBJECTS, TYPED, Case, check, each, refused, row

NAN, INF = float("nan"), float("inf")
WON = {"id": ["a"], "closed": ["2026-01-05"], "outcome": ["won"]}
Q1 = sm.Period("2026-01-01", "2026-04-01")
ARGUMENT, TYPE = sm.InvalidArgumentError, sm.InvalidTypeError


def stages(*open_ones: sm.Stage) -> sm.SalesProcess:
    """Return a process of these stages and two ends."""
    return sm.SalesProcess([*open_ones, sm.Stage("W", 8, outcome="won"), sm.Stage("L", 9, outcome="lost")])


OBJECT = [
    ("DOM-1", lambda: sm.Deal("a", amount=NAN), ARGUMENT, "SM-AMT-02", "amount", NAN, "write None"),
    ("DOM-2", lambda: sm.Deal("a", amount=-INF), ARGUMENT, "SM-AMT-02", "amount", -INF, "write None"),
    ("DOM-5", lambda: sm.Deal("a", amount=True), TYPE, "SM-AMT-01", "amount", True, "no amounts"),
    ("DOM-6", lambda: sm.Deal("a", amount=1 + 2j), TYPE, "SM-AMT-01", "amount", 1 + 2j, None),  # type: ignore[arg-type]
    ("DOM-8", lambda: sm.Deal("a", amount=Decimal("1E+2000000")), ARGUMENT, "SM-AMT-03", "amount", Decimal("1E+2000000"), ""),
    ("DOM-9", lambda: sm.Deal("a", amount=1e300), ARGUMENT, "SM-AMT-03", "amount", 1e300, "thousands"),
    (
        "DOM-10",
        lambda: sm.Deal("a", created="2026-02-01", closed="2026-01-31", outcome="won"),
        *(ARGUMENT, "SM-DAY-10", "closed", dt.date(2026, 1, 31), "leave `created` out"),
    ),
    ("DOM-12", lambda: sm.Deal("a", closed="2026-01-01"), ARGUMENT, "SM-DEA-02", "closed", dt.date(2026, 1, 1), "expected_close"),
    (
        "DOM-15",
        lambda: sm.Deal("a", created=dt.datetime(2026, 1, 1, 3)),
        *(TYPE, "SM-DAY-01", "created", dt.datetime(2026, 1, 1, 3), "business time zone"),
    ),
    ("DOM-16", lambda: sm.Deal("a", probability=1.2), ARGUMENT, "SM-ARG-02", "probability", 1.2, "never percent"),
    ("DOM-16", lambda: sm.Deal("a", probability=-0.1), ARGUMENT, "SM-ARG-02", "probability", -0.1, None),
    ("DOM-19", lambda: sm.Deal("  "), ARGUMENT, "SM-KEY-02", "id", "  ", None),
    ("DOM-20", lambda: sm.Deal("a\0"), ARGUMENT, "SM-KEY-03", "id", "a\0", None),
    ("DOM-22", lambda: stages(sm.Stage("a", 1), sm.Stage("a", 2)), ARGUMENT, "SM-PRO-01", "stages", "a", None),
    ("DOM-22", lambda: stages(sm.Stage("a", 1), sm.Stage("b", 1)), ARGUMENT, "SM-PRO-01", "stages", 1, None),
    ("DOM-22", lambda: sm.SalesProcess([sm.Stage("a", 1)]), ARGUMENT, "SM-PRO-02", "stages", ("a",), "outcome='won'"),
    ("DOM-24", lambda: sm.Quota("r", "2026-01-01", "2026-04-01", -1), ARGUMENT, "SM-AMT-05", "amount", -1, None),
    ("DOM-24", lambda: sm.Quota("r", "2026-01-01", "2026-04-01", NAN), ARGUMENT, "SM-AMT-02", "amount", NAN, None),
    ("DOM-24", lambda: sm.Quota("r", "2026-01-01", "2026-04-01", INF), ARGUMENT, "SM-AMT-02", "amount", INF, None),
    ("DOM-26", lambda: sm.Deal("a", amuont=5), TYPE, "SM-ARG-71", "amuont", "amuont", "did you mean 'amount'"),  # type: ignore[call-arg]
    ("DOM-26", lambda: sm.Rep(), TYPE, "SM-ARG-72", "Rep", None, None),  # type: ignore[call-arg]
    (
        "DOM-26",
        lambda: sm.read_deals({}, curency="USD"),  # type: ignore[call-arg]
        *(TYPE, "SM-ARG-71", "curency", "curency", "did you mean 'currency'"),
    ),
]  # fmt: skip


@row(*{case[0] for case in OBJECT})
@pytest.mark.parametrize(
    ("call", "kind", "code", "field", "value", "hint"),
    [case[1:] for case in OBJECT],
    ids=[f"{c[0]}-{at}" for at, c in enumerate(OBJECT)],
)
def test_one_object(
    call: Callable[[], Any], kind: type[sm.SalesMetricsError], code: str, field: str, value: Any, hint: str | None
) -> None:
    """What is wrong with one thing is said when it is made."""
    error = refused(call, kind)
    assert type(error) is kind
    assert (error.code, error.field, error.row) == (code, field, None)
    assert error.value == value or repr(error.value) == repr(value)
    assert (hint in (error.hint or "")) if hint is not None else error.hint is None or code != "SM-PRO-01"
    assert isinstance(error, ValueError if kind is ARGUMENT else TypeError)


COLUMNS = [
    Case("DOM-2", {"id": ["x", "a"], "amount": [1.0, INF]}, "SM-AMT-02", "amount", 1, INF, carriers=TYPED),
    Case("DOM-3", {"id": ["x", "a"], "amount": [1, -5]}, "SM-AMT-05", "amount", 1, -5, "allow_negative=True"),
    Case("DOM-3", {"amount": [-5.5]}, gives=lambda b: b["amount"].tolist() == [-5.5], options={"allow_negative": True}),
    Case("DOM-4", {"amount": [-0.0, 0.0]}, gives=lambda b: not np.signbit(b["amount"]).any(), carriers=TYPED),
    Case("DOM-5", {"amount": [True, False]}, "SM-AMT-01", "amount", value=True, hint="no amounts", whole=True, carriers=("arrays", "parquet", "pandas", "polars", "pyarrow", "duckdb")),
    Case("DOM-6", {"amount": np.array([1 + 2j])}, "SM-AMT-01", "amount", value=1 + 2j, hint="real part", whole=True, carriers=("pandas",)),
    Case("DOM-7", {"amount": [Decimal("1.00"), Decimal("1.005")]}, "SM-AMT-04", "amount", 1, Decimal("1.005"), "half_even"),
    Case("DOM-7", {"amount": [1.0, 1.005]}, "SM-AMT-04", "amount", 1, 1.005, "half_even"),
    Case("DOM-7", {"amount": [0.1 + 0.2]}, gives=lambda b: b["amount"].tolist() == [0.3], carriers=TYPED),
    Case("DOM-7", {"amount": [1.005, 2.0]}, warns="got 1 of 2 rows", options={"rounding": "half_even"}, gives=lambda b: b["amount"].tolist() == [1.0, 2.0], carriers=TYPED),
    Case("DOM-8", {"amount": [1, Decimal("1E+2000000")]}, "SM-AMT-03", "amount", 1, Decimal("1E+2000000"), carriers=OBJECTS),
    Case("DOM-9", {"amount": [1.0, 1e300]}, "SM-AMT-03", "amount", 1, 1e300, carriers=TYPED),
    Case("DOM-10", {"created": ["2026-02-01"], "closed": ["2026-01-31"], "outcome": ["won"]}, "SM-CLO-03", "closed", 0, "2026-01-31", "blank_created"),
    Case("DOM-10", {"created": ["2026-02-01"], "closed": ["2026-02-01"], "outcome": ["won"]}),
    Case("DOM-10", {"created": ["2026-02-01"], "closed": ["2026-01-31"], "outcome": ["won"]}, warns="blanked in 1 deals", options={"repair": "blank_created"}, gives=lambda b: np.isnat(b["created"]).all()),
    Case("DOM-11", {"expected_close": ["2026-01-01"], "outcome": ["open"]}, warns="1 open deal is expected to close", options={"as_of": "2026-02-01"}),
    Case("DOM-12", {"closed": ["2026-01-01"], "outcome": ["open"]}, "SM-CLO-02", "closed", 0, "2026-01-01", "`close_date`"),
    Case("DOM-12", {"close_date": ["2026-01-01"], "outcome": ["open"]}, gives=lambda b: str(b["expected_close"][0]) == "2026-01-01"),
    Case("DOM-13", {"closed": ["2026-03-01"], "outcome": ["won"]}, "SM-CLO-04", "closed", 0, "2026-03-01", options={"as_of": "2026-02-01"}),
    Case("DOM-15", {"created": [dt.datetime(2026, 1, 1, 3)]}, "SM-DAY-04", "created", 0, hint="zone="),
    Case("DOM-15", {"created": [dt.datetime(2026, 1, 1)]}, gives=lambda b: str(b["created"][0]) == "2026-01-01"),
    Case("DOM-15", {"created": [dt.datetime(2026, 1, 1, 3)]}, options={"zone": "America/New_York"}, gives=lambda b: str(b["created"][0]) == "2025-12-31"),
    Case("DOM-16", {"probability": [0.5, 1.2]}, "SM-PRB-02", "probability", 1, 1.2, "percent?"),
    Case("DOM-16", {"probability": [0.5, -0.1]}, "SM-PRB-02", "probability", 1, -0.1),
    Case("DOM-18", {**WON, "probability": [0.4]}, warns="`probability` must be 1 where a deal is won", gives=lambda b: b["probability"].tolist() == [0.4]),
    Case("DOM-18", {**WON, "probability": [1.0]}),
    Case("DOM-19", {"id": ["a", " "]}, "SM-KEY-02", "id", 1, " "),
    Case("DOM-20", {"id": ["a", "b\0"]}, "SM-KEY-03", "id", 1, "b\0"),
    Case("DOM-20", {"id": ["a\x1b", "b"]}, "SM-KEY-03", "id", 0, "a\x1b"),
    Case("DOM-20", {"id": ["a ", "b"]}, warns="no blank at an end", gives=lambda b: b["id"].tolist() == ["a ", "b"]),
    Case("DOM-24", {"rep": ["r"], "start": ["2026-01-01"], "end": ["2026-04-01"], "amount": [-1]}, "SM-AMT-05", "amount", 0, -1, reader=sm.read_quotas),
    Case("DOM-24", {"rep": ["r"], "start": ["2026-01-01"], "end": ["2026-04-01"], "amount": [INF]}, "SM-AMT-02", "amount", 0, INF, reader=sm.read_quotas, carriers=TYPED),
]  # fmt: skip


@each(COLUMNS)
def test_columns(case: Case, carrier: str) -> None:
    """The same rules hold for every row of a column, in whatever it comes."""
    check(case, carrier)


@row("DOM-3", "DOM-4", "DOM-7")
def test_what_one_object_may_be() -> None:
    """A credit is an object like any other and needs a word when a book is made; a negative zero is zero; floats are cents."""
    credit = sm.Deal("a", amount=-5)
    error = refused(lambda: sm.read_deals([credit]))
    assert (error.code, error.column, error.row, error.keys, error.value) == ("SM-AMT-05", "amount", 0, ["a"], -5)
    assert "deal 'a'" in str(error)
    assert sm.read_deals([credit], allow_negative=True)["amount"].tolist() == [-5.0]
    assert str(sm.Deal("a", amount=-0.0).amount) == "0.0"
    assert sm.read_deals([sm.Deal("a", amount=0.1 + 0.2)])["amount"].tolist() == [0.3]


@row("DOM-14")
def test_a_deal_without_a_creation_day() -> None:
    """It is left out of durations and counted; only a column that is absent altogether is refused, where a metric needs it."""
    days = {"id": ["a", "b"], "closed": ["2026-01-05"] * 2, "outcome": ["won"] * 2}
    answer = sm.cycle_length(sm.read_deals({**days, "created": [None, "2026-01-01"]}), period=Q1)
    assert answer.n.tolist() == [1]
    assert "no creation day 1" in repr(answer)
    book = sm.read_deals(days)
    error = refused(lambda: sm.cycle_length(book, period=Q1), sm.MissingColumnError)
    assert (error.code, error.field, error.row) == ("SM-COL-01", "created", None)
    assert sm.win_rate(book, period=Q1).n.tolist() == [2]


@row("DOM-17")
def test_an_open_deal_without_a_probability() -> None:
    """The stage lends one where it has it; else it is missing, and a metric that weighs by it refuses or counts it out."""
    deals = {"id": ["a", "b"], "amount": [5, 6], "outcome": ["open"] * 2, "probability": [0.5, None]}
    book = sm.read_deals({**deals, "created": ["2026-01-01"] * 2}, as_of="2026-02-01")
    error = refused(lambda: sm.weighted_pipeline(book))
    assert (error.code, error.field, error.row, error.value) == ("SM-PRB-03", "probability", 1, None)
    assert "missing_p='exclude'" in error.hint
    assert sm.weighted_pipeline(book, missing_p="exclude").value.tolist() == [2.5]
    staged = sm.read_deals(
        {**deals, "created": ["2026-01-01"] * 2, "stage": ["Bid", "Bid"]},
        as_of="2026-02-01",
        process=stages(sm.Stage("Bid", 1, 0.25)),
    )
    assert sm.weighted_pipeline(staged).value.tolist() == [4.0]


@row("DOM-21")
def test_stages_have_no_successors() -> None:
    """A process is a list in an order, so that no stage can follow itself: a successor is an unknown argument.

    Where the catalogue asks for the cycle to be named there is none to name; managers, who can form one, are QPR-7.
    """
    error = refused(lambda: sm.Stage("a", 1, next="a"), sm.InvalidTypeError)  # type: ignore[call-arg]
    assert (error.code, error.field) == ("SM-ARG-71", "next")
    process = stages(sm.Stage("b", 2), sm.Stage("a", 1))
    assert process.names == ("a", "b", "W", "L")


@row("DOM-23")
def test_probabilities_of_stages_that_fall() -> None:
    """They are warned of, and kept."""
    with pytest.warns(sm.SalesMetricsWarning, match="SM-PRO-04.*1 fall, first at 'b'"):
        process = stages(sm.Stage("a", 1, 0.5), sm.Stage("b", 2, 0.2))
    assert process.probability("b") == 0.2


@row("DOM-25")
def test_a_quota_of_zero() -> None:
    """Attainment is undefined, says why, and is never infinite."""
    deals = sm.read_deals({**WON, "rep": ["r"], "amount": [5]}, currency="USD")
    answer = sm.attainment(
        deals, sm.read_quotas([sm.Quota("r", "2026-01-01", "2026-04-01", 0)], currency="USD"), period=Q1
    )
    assert np.isnan(answer.value).all()
    assert answer.reason.tolist() == ["no_quota"]


def test_all_containers_are_asked() -> None:
    """The cases go through every container."""
    assert {carrier for case in COLUMNS for carrier in case.carriers} == set(ALL)
