"""Histories in several currencies: all amounts of a deal by the one rate that converts the deal; its last state is the book."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import salesmetrics as sm
from salesmetrics.money import CURRENCIES

AS_OF = "2026-02-20"
FX = sm.FxTable.per_base(
    "USD",
    {
        "EUR": {"2026-01-01": Decimal("0.5"), "2026-02-10": Decimal("0.8")},
        "JPY": {"2026-01-01": Decimal(150)},
    },
    until="2026-03-01",
)
PROCESS = sm.SalesProcess(
    [sm.Stage("Lead", 1), sm.Stage("Bid", 2), sm.Stage("Won", 3, outcome="won"), sm.Stage("Lost", 4, outcome="lost")]
)
DEALS: dict[str, list[Any]] = {
    "id": ["E1", "E2", "U1"],
    "rep": ["Ana", "Ana", "Bo"],
    "amount": [100, 200, 70],
    "currency": ["EUR", "EUR", "USD"],
    "created": ["2026-01-05"] * 3,
    "expected_close": ["2026-06-30"] * 3,
    "closed": ["2026-02-01", None, None],
    "stage": ["Won", "Bid", "Bid"],
    "outcome": ["won", "open", "open"],
}
CHANGES: dict[str, list[Any]] = {
    "deal": ["E1", "E1", "E2", "E2", "U1"],
    "date": ["2026-01-05", "2026-02-01", "2026-01-05", "2026-02-12", "2026-01-05"],
    "stage": ["Lead", "Won", "Lead", "Bid", "Bid"],
    "amount": [80, 100, 160, 200, 70],
    "expected_close": ["2026-06-30"] * 5,
    "currency": ["EUR", "EUR", "EUR", "EUR", "USD"],
}


def book(rows: dict[str, list[Any]] = DEALS, **options: Any) -> sm.DealBook:
    """Return the deals in dollars."""
    return sm.read_deals(rows, **({"rates": FX, "as_of": AS_OF, "process": PROCESS} | options))


def read(rows: dict[str, Any], deals: sm.DealBook | None = None, **options: Any) -> sm.DealHistory:
    """Return the history in dollars, without the warnings."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", sm.SalesMetricsWarning)
        return sm.read_history(rows, deals=deals, **({"rates": FX} | options))


def refused(call: Callable[[], Any], kind: type[sm.SalesMetricsError] = sm.InvalidDataError) -> Any:
    """Return the error of a call."""
    with pytest.raises(kind) as caught:
        call()
    return caught.value


# --- the rate that counts --------------------------------------------------------------------------------------------


def test_the_amounts_of_a_deal_are_converted_by_the_rate_of_the_deal() -> None:
    """E1 was won at two dollars a euro; E2 is open on a day with 1.25: so are all their changes."""
    deals = book()
    assert deals["amount"].tolist() == [200.0, 250.0, 70.0]
    history = sm.read_history(CHANGES, deals=deals, rates=FX)
    assert history["amount"].tolist() == [160.0, 200.0, 200.0, 250.0, 70.0]
    assert (history.currency, history.scale) == ("USD", 2)
    assert "source_currency" in history.names
    assert history.notes == ("amounts were converted to USD, those of a deal by the one rate that converts the deal",)
    assert len(history.check(deals)) == 0
    (now,) = (history.as_of(AS_OF, deals),)
    assert now["amount"].tolist() == deals["amount"].tolist()


def test_a_walk_shows_changes_of_deals_and_not_of_rates() -> None:
    """The euro loses on 10 February: nothing of the pipeline changes but the deal that was repriced."""
    deals = book()
    history = read(
        {name: values[:3] + values[4:] for name, values in CHANGES.items()} | {"amount": [80, 100, 200, 70]}, deals
    )
    tally = sm.WalkTally.from_book(deals, history, t0="2026-02-05", t1="2026-02-15", due="any")
    found = {bucket: int(cents) for bucket, cents in zip(tally.buckets, tally.amount[0, 0], strict=True) if cents}
    assert found == {"opening": 320_00, "closing": 320_00}
    moved = sm.WalkTally.from_book(deals, read(CHANGES, deals), t0="2026-02-05", t1="2026-02-15", due="any")
    found = {bucket: int(cents) for bucket, cents in zip(moved.buckets, moved.amount[0, 0], strict=True) if cents}
    assert found == {"opening": 270_00, "increased": 50_00, "closing": 320_00}


def test_a_deal_that_changes_its_currency_is_redenominated() -> None:
    """From 160 dollars to 200 euros: the walk keeps that apart from an increase."""
    deals = book()
    history = read(CHANGES | {"currency": ["EUR", "EUR", "USD", "EUR", "USD"]}, deals)
    assert history["amount"].tolist() == [160.0, 200.0, 160.0, 250.0, 70.0]
    tally = sm.WalkTally.from_book(deals, history, t0="2026-02-05", t1="2026-02-15", due="any")
    assert tally.amount[0, 0, tally.buckets.index("redenominated")] == 90_00
    assert tally.amount[0, 0, tally.buckets.index("increased")] == 0


def test_two_books_tell_a_redenomination_too() -> None:
    """E2 was 160 dollars in the earlier book and is 200 euros in the later one."""
    first = {name: values[1:] for name, values in DEALS.items()}
    before = book(first | {"amount": [160, 70], "currency": ["USD", "USD"]}, as_of="2026-02-05")
    tally = sm.WalkTally.from_books(before, book(first), due="any")
    assert tally.amount[0, 0, tally.buckets.index("redenominated")] == 90_00
    same = sm.WalkTally.from_books(book(first | {"amount": [160, 70]}, as_of="2026-02-09"), book(first), due="any")
    assert same.amount[0, 0, same.buckets.index("redenominated")] == 0


def test_all_amounts_by_the_rate_of_one_day() -> None:
    """The plan's rates convert deals and changes alike, and then no deal book is needed."""
    history = read(CHANGES, rate_day="2026-01-01")
    assert history["amount"].tolist() == [160.0, 200.0, 320.0, 400.0, 70.0]
    deals = book(rate_day="2026-01-01")
    assert len(read(CHANGES, deals, rate_day="2026-01-01").check(deals)) == 0


def test_amounts_in_the_one_currency_need_no_rates() -> None:
    """A column that says the same everywhere names the currency of the history."""
    euros = {name: values[:4] for name, values in CHANGES.items()}
    history = sm.read_history(euros, process=PROCESS)
    assert (history.currency, history["amount"].tolist()) == ("EUR", [80.0, 100.0, 160.0, 200.0])
    assert "source_currency" not in history.names
    yen = read(euros | {"currency": ["JPY"] * 4}, rates=None, process=PROCESS)
    assert (yen.currency, yen.scale) == ("JPY", 0)


# --- a log of properties ---------------------------------------------------------------------------------------------

LOG: dict[str, list[Any]] = {
    "deal": ["E1", "E1", "E2", "E2"],
    "date": ["2026-02-01", "2026-02-01", "2026-02-12", "2026-02-12"],
    "field": ["stage", "amount", "stage", "amount"],
    "old": ["Lead", "80", "Lead", "160"],
    "new": ["Won", "100", "Bid", "200"],
}


def test_a_log_is_converted_by_the_currency_of_the_deal_book() -> None:
    """No column of a log tells currencies: the deal book does, and the states are those of the same history told in rows."""
    deals = book()
    told = read(LOG, deals)
    for day in ("2026-01-31", "2026-02-11", AS_OF):
        assert told.as_of(day, deals)["amount"].tolist() == read(CHANGES, deals).as_of(day, deals)["amount"].tolist()


def test_a_bad_amount_of_a_log_is_named_by_its_own_row() -> None:
    """Amounts stand in some rows of a log only; the error says which of the source."""
    error = refused(lambda: read(LOG | {"new": ["Won", "100", "Bid", "much"]}, book()))
    assert (error.field, error.row, error.values) == ("amount", 3, ["much"])


# --- what is refused -------------------------------------------------------------------------------------------------


def test_several_currencies_without_rates_are_refused() -> None:
    """Amounts of two currencies are never put beside each other."""
    error = refused(lambda: sm.read_history(CHANGES, process=PROCESS))
    assert error.code == "SM-CUR-01"
    assert "`currency` must be one for all amounts of a book; got 'EUR' and 'USD'" in error.message
    other = {name: values[:4] for name, values in CHANGES.items()}
    error = refused(lambda: sm.read_history(other, deals=book()))
    assert error.code == "SM-CUR-01"


def test_the_day_of_the_rate_is_that_of_the_deal_book() -> None:
    """Without the deals nobody knows which rate converts each of them."""
    error = refused(lambda: read(CHANGES), sm.InvalidArgumentError)
    assert error.code == "SM-HIS-05"
    assert error.message == (
        "`deals` must be given where a history is converted, for the day of each deal's rate; got None."
    )
    error = refused(lambda: read({k: v for k, v in CHANGES.items() if k != "currency"}), sm.InvalidArgumentError)
    assert error.code == "SM-CUR-09"
    error = refused(lambda: read(CHANGES, rates=None, rate_day="2026-01-01"), sm.InvalidArgumentError)
    assert error.code == "SM-CUR-12"
    error = refused(lambda: read(CHANGES, rates={"EUR": 2}), sm.InvalidTypeError)
    assert error.code == "SM-CUR-11"


def test_a_currency_without_a_rate_is_refused_by_row() -> None:
    """Swiss francs have no rate here; a deal that the book does not know is told as such."""
    error = refused(lambda: read(CHANGES | {"currency": ["CHF", "EUR", "EUR", "EUR", "USD"]}, book()))
    assert (error.code, error.row) == ("SM-CUR-07", 0)
    error = refused(lambda: read(CHANGES | {"deal": ["E9", "E1", "E2", "E2", "U1"]}, book()))
    assert (error.code, error.row) == ("SM-STG-06", 0)


# --- the law ---------------------------------------------------------------------------------------------------------


@st.composite
def drawn(draw: st.DrawFn) -> tuple[dict[str, list[Any]], dict[str, list[Any]]]:
    """Deals in currencies of 0, 2 and 2 decimals, and changes of their amounts of which the last is what they are."""
    deals: dict[str, list[Any]] = {name: [] for name in DEALS}
    changes: dict[str, list[Any]] = {name: [] for name in CHANGES}
    for at in range(draw(st.integers(1, 5))):
        coin = draw(st.sampled_from(["EUR", "JPY", "USD"]))
        amounts = [
            Decimal(draw(st.integers(0, 10**6))).scaleb(-CURRENCIES[coin]) for _ in range(draw(st.integers(1, 4)))
        ]
        days = sorted(draw(st.lists(st.integers(2, 19), min_size=len(amounts), max_size=len(amounts), unique=True)))
        won = draw(st.booleans())
        stages = ["Bid"] * (len(amounts) - 1) + ["Won" if won else "Bid"]
        closed = f"2026-02-{days[-1]:02d}" if won else None
        row = (f"D{at}", "Ana", amounts[-1], coin, f"2026-02-{days[0]:02d}", "2026-06-30", closed, stages[-1])
        for name, value in zip(DEALS, (*row, "won" if won else "open"), strict=True):
            deals[name].append(value)
        for amount, day, stage in zip(amounts, days, stages, strict=True):
            for name, value in zip(
                CHANGES, (f"D{at}", f"2026-02-{day:02d}", stage, amount, "2026-06-30", coin), strict=True
            ):
                changes[name].append(value)
    return deals, changes


@given(drawn())
def test_the_last_state_is_the_deal_book(told: tuple[dict[str, list[Any]], dict[str, list[Any]]]) -> None:
    """As of the last day a converted history gives the converted deals, to the minor unit, whatever the rates did."""
    rows, changes = told
    deals = book(rows)
    history = read(changes, deals)
    now = history.as_of(AS_OF, deals)
    assert now.column("amount").minor.tolist() == deals.column("amount").minor.tolist()
    assert len(history.check(deals)) == 0
    without = read({name: values for name, values in changes.items() if name != "currency"}, deals)
    assert without.column("amount").equals(history.column("amount"))
