"""Slippage against loops over deals."""

from __future__ import annotations

import functools
import operator
from typing import Any

import attrs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import salesmetrics as sm
from tests import walk_model as model
from tests.walk_model import DAYS, Change, Life, book_of, day, history_of, lives, period

PERIODS = st.tuples(st.integers(1, 20), st.integers(1, 20)).map(lambda x: (x[0], x[0] + x[1]))


def single(*expected: tuple[int, int | None]) -> list[Life]:
    """Return one open deal with these expected closes from these days on."""
    return [Life(0, "SMB", tuple(Change(when, "open", "S1", 100, date, "Ana") for when, date in expected))]


# --- pushes ----------------------------------------------------------------------------------------------------------


def pushes(deals: list[Life], first: int = -1, end: int = 999) -> dict[int, list[int]]:
    """Return pushes, pulls, days forward and back of each deal whose changes lie in a window, change by change."""
    found = {life.id: [0, 0, 0, 0] for life in deals}
    for life in deals:
        for old, new in zip(life.changes, life.changes[1:], strict=False):
            if old.expected is None or new.expected is None or not first <= new.day < end:
                continue
            later = new.expected > old.expected
            if new.expected != old.expected:
                found[life.id][0 if later else 1] += 1
                found[life.id][2 if later else 3] += abs(new.expected - old.expected)
    return found


def test_r21_two_pushes_fifty_days_forward_forty_net() -> None:
    """R21: Mar 31, Apr 15, Apr 5, May 10."""
    deals = single((0, 89), (1, 104), (2, 94), (3, 129))
    book, history = book_of(deals), history_of(deals)
    assert sm.push_count(book, history)["all"].value == 2.0
    assert sm.days_slipped(book, history)["all"].value == 50.0
    net = sm.days_slipped(book, history, days="net")["all"]
    assert (net.value, net.n, net.parts["pulls"]) == (40.0, 3, 1)


def test_a_date_that_is_cleared_or_first_set_is_no_push() -> None:
    """Nothing moves without a date on both sides; nothing at all is 0 and not undefined."""
    deals = single((0, None), (1, 50), (2, None), (3, 90))
    row = sm.push_count(book_of(deals), history_of(deals))["all"]
    assert (row.value, row.n, row.parts["deals"], row.reason) == (0.0, 0, 1, "")
    assert sm.days_slipped(book_of(deals), history_of(deals), days="net")["all"].value == 0.0


@settings(max_examples=60, deadline=None)
@given(deals=lives(), by=st.sampled_from(["id", "segment", "rep"]), window=st.none() | PERIODS)
def test_pushes_are_the_loop_over_changes(deals: list[Life], by: str, window: tuple[int, int] | None) -> None:
    """Per deal, per segment and per rep of today: counts, days, deals pushed and deals read."""
    first, end = window or (-1, 999)
    per_deal = pushes(deals, first, end)
    wanted: dict[Any, list[int]] = {}
    for life in deals:
        label = {"id": life.id, "segment": life.segment, "rep": life.changes[-1].rep}[by]
        row = wanted.setdefault(label, [0] * 6)
        mine = per_deal[life.id]
        for at, value in enumerate([*mine, mine[0] > 0, 1]):
            row[at] += value
    asked = None if window is None else period(*window)
    tally = sm.PushTally.from_book(book_of(deals), history_of(deals), by=by, window=asked)
    counted, slid = sm.push_count(tally), sm.days_slipped(tally)
    net = sm.days_slipped(tally, days="net")
    found = {
        label: [
            int(counted[label].value),
            counted[label].parts["pulls"],
            int(slid[label].value),
            int(slid[label].value - net[label].value),
            counted[label].n,
            counted[label].parts["deals"],
        ]
        for label in counted.labels
    }
    assert found == wanted


@settings(max_examples=30, deadline=None)
@given(deals=lives(), edge=st.integers(1, DAYS))
def test_f17_push_counts_add_up_over_adjoining_windows(deals: list[Life], edge: int) -> None:
    """F17: a window cut in two has the pushes of both parts, days too; as one call by period or as two."""
    book, history = book_of(deals), history_of(deals)
    parts = sm.Periods.from_boundaries([day(0), day(edge), day(DAYS + 1)])
    for metric in (sm.push_count, sm.days_slipped):
        whole = metric(book, history, window=period(0, DAYS + 1))["all"].value
        assert sum(metric(book, history, window=each)["all"].value for each in parts) == whole
        assert metric(book, history, window=parts).value.sum() == whole == metric(book, history)["all"].value


@settings(max_examples=30, deadline=None)
@given(deals=lives(), cut=st.lists(st.integers(0, 2), min_size=8, max_size=8), by=st.sampled_from([None, "rep", "id"]))
def test_any_cut_of_the_deals_has_the_pushes_of_the_whole(deals: list[Life], cut: list[int], by: str | None) -> None:
    """Tallies of parts add up, bit for bit, and the tally of no deals changes nothing."""
    whole = sm.PushTally.from_book(book_of(deals), history_of(deals), by=by)
    parts = [[life for life, where in zip(deals, cut, strict=False) if where == k] for k in range(3)]
    tallies = [sm.PushTally.from_book(book_of(part), history_of(part), by=by) for part in parts]
    assert functools.reduce(operator.add, tallies).equals(whole)
    assert (sm.PushTally.empty(by=by, as_of=day(DAYS)) + whole).equals(whole)


# --- slips -----------------------------------------------------------------------------------------------------------


def closed_in(state: Change | None, first: int, end: int) -> bool:
    """Return True for a deal that is closed, since a day of the period."""
    return state is not None and state.closed is not None and first <= state.closed < end


@attrs.define
class Share:
    """Part and whole of a share, in deals and in minor units, and the deals with an amount below the line."""

    part: int = 0
    whole: int = 0
    amount: int = 0
    total: int = 0
    priced: int = 0

    def add(self, counts: bool, above: bool, amount: int | None) -> None:
        """Count a deal."""
        if counts:
            self.whole += 1
            self.total += amount or 0
            self.priced += amount is not None
        if above:
            self.part += 1
            self.amount += amount or 0


def shares(deals: list[Life], first: int, end: int, at: int, closed: str) -> dict[str, Share]:
    """Return slip rate, its form over closed deals, push-out and pull-in, deal by deal from the definitions."""
    slip, over_closed, out, pulled = (Share() for _ in range(4))
    for life in deals:
        before, after = life.at(at), life.at(end - 1)
        if closed_in(after, first, end):
            assert after is not None
            over_closed.add(True, False, after.amount)
        if before is None or before.outcome != "open" or before.expected is None:
            continue
        assert after is not None
        open_now = after.outcome == "open"
        if first <= before.expected < end:
            slipped = open_now if closed == "any" else after.outcome != "won"
            slip.add(True, slipped, before.amount)
            over_closed.add(False, slipped, before.amount)
            out.add(True, open_now and after.expected is not None and after.expected >= end, before.amount)
        elif before.expected >= end:
            won = after.outcome == "won" and closed_in(after, first, end)
            inside = open_now and after.expected is not None and first <= after.expected < end
            pulled.add(True, won or inside, before.amount)
    return {"slip_rate": slip, "of_closed": over_closed, "push_out": out, "pull_in": pulled}


def positive(deals: list[Life]) -> list[Life]:
    """Return the lives without credits."""
    return [
        attrs.evolve(
            life,
            changes=tuple(attrs.evolve(c, amount=None if c.amount is None else abs(c.amount)) for c in life.changes),
        )
        for life in deals
    ]


@settings(max_examples=80, deadline=None)
@given(
    deals=lives().map(positive),
    when=PERIODS,
    before=st.integers(-5, 0),
    closed=st.sampled_from(["any", "won"]),
    weight=st.sampled_from(["count", "amount"]),
)
def test_slippage_is_the_loop_over_deals(
    deals: list[Life], when: tuple[int, int], before: int, closed: str, weight: str
) -> None:
    """Slip rate on both bases, push-out and pull-in, by count and by amount, taken on the day before or another."""
    first, end = when
    at = max(first - 1 + before, 0)
    book, history = book_of(deals), history_of(deals)
    arguments: dict[str, Any] = {"period": period(first, end), "at": day(at), "weight": weight}
    tables = {
        "slip_rate": sm.slip_rate(book, history, closed=closed, **arguments),
        "of_closed": sm.slip_rate(book, history, closed=closed, of="closed", **arguments),
        "push_out": sm.push_out(book, history, **arguments),
        "pull_in": sm.pull_in(book, history, **arguments),
    }
    for name, share in shares(deals, first, end, at, closed).items():
        row = tables[name]["all"]
        part, whole = (share.part, share.whole) if weight == "count" else (share.amount, share.total)
        n = share.whole if weight == "count" else share.priced
        assert row.n == n
        assert row.reason == ("no_rows" if not n else "zero_denominator" if not whole else "")
        assert row.value == part / whole if whole else np.isnan(row.value)
        if weight == "count" and name != "of_closed":
            low, high = sm.formulas.wilson(part, whole, 0.95)
            assert (row.low, row.high) == (low, high)


def due(name: int, expected: int, *changes: Change) -> Life:
    """Return a deal that is open from day 0 on and expected on a day."""
    return Life(name, "SMB", (Change(0, "open", "S1", 100, expected, "Ana"), *changes))


def ten() -> list[Life]:
    """Return ten deals due on days 10 to 19, of which four close: two won, two lost; three of the others move out."""
    closing = [
        due(i, 12, Change(13, o, s, 100, 12, "Ana")) for i, (o, s) in enumerate([("won", "Won"), ("lost", "Lost")] * 2)
    ]
    moved = [due(i, 15, Change(14, "open", "S1", 100, 25, "Ana")) for i in (4, 5, 6)]
    return [*closing, *moved, *(due(i, 18) for i in (7, 8, 9))]


def test_w33_six_of_ten_slipped() -> None:
    """W33: ten due, four closed: 0.6. Of those six, three were moved out and three just did not close."""
    book, history = book_of(ten()), history_of(ten())
    asked: dict[str, Any] = {"period": period(10, 20)}
    row = sm.slip_rate(book, history, **asked)["all"]
    assert (row.value, row.n, row.parts["slipped"], row.parts["due"]) == (0.6, 10, 6, 10)
    assert (round(row.low or 0, 4), round(row.high or 0, 4)) == (0.3127, 0.8318)
    assert sm.slip_rate(book, history, closed="won", **asked)["all"].value == 0.8
    assert sm.push_out(book, history, **asked)["all"].value == 0.3
    ratio = sm.slip_rate(book, history, of="closed", **asked)["all"]
    assert (ratio.value, ratio.n, ratio.low) == (1.5, 4, None)


def test_slips_by_how_far_ahead() -> None:
    """Whole weeks from the day of the cohort to the expected close."""
    book, history = book_of(ten()), history_of(ten())
    table = sm.slip_rate(book, history, period=period(10, 20), by="weeks_ahead")
    found = {week: (table[week].parts["slipped"], table[week].n) for week in table.labels}
    assert found == {0: (6 - 3, 4 + 3), 1: (3, 3)}
    with pytest.raises(sm.InvalidArgumentError, match=r"SM-SLP-06.*`of` must be 'cohort' by weeks ahead"):
        sm.slip_rate(book, history, period=period(10, 20), by="weeks_ahead", of="closed")


def test_owner_stage_and_category_are_those_of_the_day() -> None:
    """A deal counts where it was when it was expected, not where it went; `category` picks by what was called then."""
    first = Change(0, "open", "S1", 100, 12, "Ana")
    deals = [Life(0, "SMB", (first, attrs.evolve(first, day=11, rep="Ben", stage="S2", expected=30)))]
    book, history = book_of(deals), history_of(deals)
    for by, label in (("rep", "Ana"), ("stage", "S1")):
        table = sm.slip_rate(book, history, period=period(10, 20), by=by)
        assert list(table.labels) == [label]
        assert table[label].value == 1.0
    category = model._labels(["commit", "omitted"], ("commit", "omitted"))
    called = attrs.evolve(history, columns={**history.columns, "forecast_category": category})
    assert sm.slip_rate(book, called, period=period(10, 20), category="commit")["all"].n == 1
    assert sm.slip_rate(book, called, period=period(10, 20), category=["omitted"])["all"].reason == "no_rows"
    with pytest.raises(
        sm.InvalidArgumentError, match=r"SM-SLP-04.*`category` must name forecast categories; got 'comit'"
    ):
        sm.slip_rate(book, called, period=period(10, 20), category="comit")


def test_what_the_history_does_not_track_is_told_or_refused() -> None:
    """Today's category would select deals by what became of them: it is refused. Amounts of then that are lost are noted."""
    deals = [Life(0, "SMB", (Change(0, "open", "S1", 100, 12, "Ana"), Change(14, "won", "Won", 100, 12, "Ana")))]
    book, history = book_of(deals), history_of(deals)
    kept = {name: history.columns[name] for name in ("deal", "date", "outcome", "expected_close")}
    silent = attrs.evolve(history, columns=kept)
    with pytest.raises(
        sm.MissingColumnError, match=r"`forecast_category` must be a column of the changes for `category`"
    ):
        sm.slip_rate(book, silent, period=period(10, 20), category="commit")
    counted = sm.slip_rate(book, silent, period=period(10, 20))
    assert (counted["all"].value, counted.notes) == (0.0, ())
    weighed = sm.slip_rate(book, silent, period=period(10, 20), weight="amount")
    assert (weighed["all"].reason, weighed.left_out["no amount"]) == ("no_rows", 1)
    assert weighed.notes[0].endswith("amount (1).")
    assert sm.slip_rate(book, silent, period=period(10, 20), by="stage").notes[0].endswith("stage (1).")


def test_a_period_that_is_not_over_has_no_slip_rate() -> None:
    """NaN `period_running`, no interval, and the periods before it are answered."""
    several = sm.Periods.from_boundaries([day(10), day(20), day(60)])
    table = sm.slip_rate(book_of(ten()), history_of(ten()), period=several)
    assert table[several[0]].value == 0.6
    late = table[several[1]]
    assert (late.reason, np.isnan(late.value), np.isnan(late.low or 0)) == ("period_running", True, True)


@settings(max_examples=30, deadline=None)
@given(
    deals=lives().map(positive),
    cut=st.lists(st.integers(0, 2), min_size=8, max_size=8),
    by=st.sampled_from([None, "rep", ("segment", "weeks_ahead")]),
)
def test_any_cut_of_the_deals_has_the_slips_of_the_whole(deals: list[Life], cut: list[int], by: Any) -> None:
    """Tallies of parts add up, bit for bit, the tally door gives the book's answer, and no deals change nothing."""
    several = sm.Periods.from_boundaries([day(5), day(15), day(35)])
    whole = sm.SlipTally.from_book(book_of(deals), history_of(deals), by=by, period=several)
    parts = [[life for life, where in zip(deals, cut, strict=False) if where == k] for k in range(3)]
    tallies = [sm.SlipTally.from_book(book_of(p), history_of(p), by=by, period=several) for p in parts]
    merged = functools.reduce(operator.add, tallies)
    assert merged.equals(whole)
    assert (sm.SlipTally.empty(by=by, period=several, as_of=day(DAYS)) + whole).equals(whole)
    for weight in ("count", "amount"):
        book_door = sm.slip_rate(book_of(deals), history_of(deals), by=by, period=several, weight=weight)
        assert sm.slip_rate(merged, weight=weight).equals(book_door)


def refusal(metric: Any = sm.slip_rate, **arguments: Any) -> str:
    """Return the sentence with which slippage is refused."""
    with pytest.raises(sm.SalesMetricsError) as error:
        metric(book_of(ten()), history_of(ten()), **arguments)
    return str(error.value)


def test_what_slippage_refuses() -> None:
    """A period, a day in front of it, known variants; credits only where no amounts are weighed."""
    assert refusal().startswith("[SM-SLP-01] `period` must be given for slippage")
    several = sm.Periods.from_boundaries([day(10), day(20), day(30)])
    assert refusal(period=several, at=day(3)).startswith("[SM-SLP-02] `at` must be given with one period only; got 2")
    assert refusal(period=period(10, 20), at=day(20)).startswith("[SM-SLP-03] `at` must not lie after the period")
    assert "`closed` must be one of" in refusal(period=period(10, 20), closed="lost")
    assert "`of` must be one of" in refusal(period=period(10, 20), of="open")
    assert refusal(period=period(10, 20), negative="exclude").startswith("[SM-SLP-05] `negative` must not be given")
    assert "`days` must be one of" in refusal(sm.days_slipped, days="back")
    with pytest.raises(sm.InvalidArgumentError, match=r"SM-DAY-03.*`as_of` must be given for slippage"):
        sm.slip_rate(book_of(ten(), dated=False), history_of(ten()), period=period(10, 20))
    with pytest.raises(sm.InvalidTypeError, match=r"SM-HIS-01.*`history` must be a DealHistory; got 'NoneType'"):
        sm.slip_rate(book_of(ten()), period=period(10, 20))
    counts = sm.SlipTally.from_book(book_of(ten()), history_of(ten()), period=period(10, 20), measures=("count",))
    with pytest.raises(sm.MergeError, match=r"SM-TLY-07.*must hold amounts"):
        sm.slip_rate(counts, weight="amount")


def test_credits_are_refused_or_left_out_of_amounts() -> None:
    """E8: a negative amount has no place in a share of amounts, and is counted where it is left out."""
    credit = Life(10, "SMB", (Change(0, "open", "S1", -100, 12, "Ana"),))
    deals = [*ten(), credit]
    book, history = book_of(deals), history_of(deals)
    with pytest.raises(sm.InvalidDataError, match=r"SM-AMT-08.*`amount` must be >= 0 in shares of amounts; got 1"):
        sm.slip_rate(book, history, period=period(10, 20), weight="amount")
    table = sm.slip_rate(book, history, period=period(10, 20), weight="amount", negative="exclude")
    assert (table["all"].value, table["all"].n) == (0.6, 10)
    assert table.left_out == {"no amount, or a credit": 1}


def test_slip_rate_of_the_sample_company_is_push_out_and_what_stayed() -> None:
    """slip_rate - push_out is what is still open and was not moved out, by rep and in total."""
    company = sm.datasets.sample_company(deals=3_000, rng=7)
    quarter = company.calendar.quarter(2026, 2)
    tally = sm.SlipTally.from_book(company.deals, company.history, period=quarter, by="segment")
    slip, out = sm.slip_rate(tally), sm.push_out(tally)
    stayed = tally.count[:, 0, tally.kinds.index("due_open")]
    assert (slip.parts["slipped"] - out.parts["moved_out"] == stayed).all()
    assert (slip.value >= out.value).all()
