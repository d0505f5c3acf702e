"""Pipeline created: on the day of creation or of coming to a stage, with amounts as they stand or as they were."""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import salesmetrics as sm

STAGES = ("Lead", "Talk", "Offer")
PROCESS = sm.SalesProcess(
    [
        *(sm.Stage(name, at) for at, name in enumerate(STAGES)),
        sm.Stage("Won", 3, outcome="won"),
        sm.Stage("Lost", 4, outcome="lost"),
    ]
)
FEBRUARY = sm.Period("2026-02-01", "2026-03-01")


@pytest.fixture(scope="module")
def books() -> tuple[sm.DealBook, sm.DealHistory]:
    """Return four deals: one walks, one skips to won, one goes back, one is lost early."""
    deals = sm.read_deals(
        {
            "id": ["A", "B", "C", "D"],
            "rep": ["Ana", "Ben", "Ana", "Ben"],
            "amount": [400, 250, 90, 70],
            "created": ["2026-01-05", "2026-01-10", "2026-01-20", "2026-02-02"],
            "stage": ["Offer", "Won", "Lead", "Lost"],
            "closed": [None, "2026-02-20", None, "2026-02-05"],
        },
        process=PROCESS,
        as_of="2026-03-15",
    )
    history = sm.read_history(
        {
            "deal": ["A", "A", "A", "B", "B", "C", "C", "C", "D", "D"],
            "date": [
                *("2026-01-05", "2026-02-03", "2026-03-01", "2026-01-10", "2026-02-20"),
                *("2026-01-20", "2026-02-10", "2026-02-12", "2026-02-02", "2026-02-05"),
            ],
            "stage": ["Lead", "Talk", "Offer", "Lead", "Won", "Lead", "Offer", "Lead", "Lead", "Lost"],
            "amount": [100, 300, 400, 200, 250, 80, 95, 90, 70, 70],
        },
        process=PROCESS,
    )
    return deals, history


def test_a_stage_is_reached_once(books: tuple[sm.DealBook, sm.DealHistory]) -> None:
    """The first day at the stage or behind it counts: skipping counts as reaching, going back changes nothing."""
    talked = sm.pipeline_created(*books, period=FEBRUARY, at="Talk", by="rep")
    assert talked["Ana"].value == 400 + 90
    assert talked["Ben"].value == 250
    assert talked.n.tolist() == [2, 1]
    offered = sm.pipeline_created(*books, period=FEBRUARY, at="Offer")["all"]
    assert (offered.value, offered.n) == (250 + 90, 2)
    assert "came to 'Offer'" in sm.pipeline_created(*books, period=FEBRUARY, at="Offer").definition


def test_amounts_as_they_were(books: tuple[sm.DealBook, sm.DealHistory]) -> None:
    """Amounts are those of the change that brought the deal there."""
    assert sm.pipeline_created(*books, period=FEBRUARY, at="Talk", amount="at_entry")["all"].value == 300 + 250 + 95
    assert sm.pipeline_created(*books, amount="at_entry")["all"].value == 100 + 200 + 80 + 70
    assert sm.pipeline_created(*books)["all"].value == 400 + 250 + 90 + 70


def test_what_comes_later_is_not_known(books: tuple[sm.DealBook, sm.DealHistory]) -> None:
    """A deal that comes to a stage after the day has not come there yet."""
    assert sm.pipeline_created(*books, at="Offer", as_of="2026-02-15")["all"].n == 1
    assert sm.pipeline_created(*books, at="Offer", as_of="2026-03-15")["all"].n == 3


def test_filters_go_by_the_deals(books: tuple[sm.DealBook, sm.DealHistory]) -> None:
    """`where` reads the deal book, as a mapping or row by row."""
    rows = np.array([True, False, True, False])
    for where in (rows, {"rep": ["Ana"]}):
        assert sm.pipeline_created(*books, at="Talk", where=where)["all"].value == 490


def test_what_cannot_be_asked_is_refused(books: tuple[sm.DealBook, sm.DealHistory]) -> None:
    """A stage and amounts of the time need a history; an unknown stage names the nearest."""
    deals, history = books
    asked: tuple[dict[str, Any], ...] = ({"at": "Talk"}, {"amount": "at_entry"})
    for options in asked:
        with pytest.raises(sm.InvalidArgumentError, match="`history` must be given") as caught:
            sm.pipeline_created(deals, **options)
        assert caught.value.code == "SM-CRE-01"
    with pytest.raises(sm.InvalidArgumentError, match="must be 'created' or a stage") as wrong:
        sm.pipeline_created(deals, history, at="Tlak")
    assert "'Talk'" in str(wrong.value.hint)
    with pytest.raises(sm.InvalidArgumentError):
        sm.pipeline_created(deals, history, at="Lost")
    with pytest.raises(sm.InvalidArgumentError, match="`amount` must be"):
        sm.pipeline_created(deals, history, amount="then")
    with pytest.raises(sm.MergeError, match="`at` must not be given"):
        sm.pipeline_created(sm.CreationTally.from_book(deals), at="Talk")


@pytest.mark.parametrize("at", ["created", "Discovery", "Negotiation"])
@pytest.mark.parametrize("amount", ["as_of", "at_entry"])
def test_the_sample_company_deal_by_deal(at: str, amount: str) -> None:
    """What a loop over the changes of every deal finds is what the metric says, and halves merge to the whole."""
    company = sm.datasets.sample_company(deals=400, rng=3)
    deals, history = company.deals, company.history
    quarters = sm.FiscalCalendar(start_month=2).quarters("2025-02-01", "2026-11-01")
    rank = {stage.name: place for place, stage in enumerate(company.process.stages)}
    far = [name for name, place in rank.items() if place < 4] + ["Closed Won"]
    wanted = far if at == "created" else far[far.index(at) :]
    stands = dict(zip(deals["id"].tolist(), deals["amount"].tolist(), strict=True))
    created = dict(zip(deals["id"].tolist(), deals["created"].tolist(), strict=True))
    total: dict[Any, Fraction] = defaultdict(Fraction)
    seen = set()
    rows = zip(*(history[name].tolist() for name in ("deal", "date", "stage", "amount")), strict=True)
    for deal, day, stage, money in rows:
        if deal in seen or (at != "created" and stage not in wanted):
            continue
        seen.add(deal)
        then = created[deal] if at == "created" else day
        value = stands[deal] if amount == "as_of" else money
        for quarter in quarters:
            if quarter.start <= then < quarter.end and value == value:
                total[quarter] += Fraction(value)
    table = sm.pipeline_created(deals, history, period=quarters, at=at, amount=amount)
    assert table.value.tolist() == [float(total[quarter]) for quarter in quarters]
    ids = deals["id"]
    parts = []
    for keep in (ids % 2 == 0, ids % 2 == 1):
        some = deals.filter(keep)
        own = history.filter(np.isin(history["deal"], some["id"]))
        parts.append(sm.CreationTally.from_book(some, period=quarters, history=own, at=at, valued=amount))
    assert sm.pipeline_created(parts[0] + parts[1]).equals(table)
