"""Forecast accuracy: which call counts, who is a row, what is left out, and agreement with the slow module."""

from __future__ import annotations

import math
from datetime import date, timedelta

import attrs
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import salesmetrics as sm
from salesmetrics.books import DealBook, ForecastBook
from salesmetrics.calendars import Period, Periods
from salesmetrics.domain import Deal, ForecastCall, Rep
from salesmetrics.errors import InvalidArgumentError, InvalidDataError, InvalidTypeError, MergeError
from salesmetrics.metrics.accuracy import ape, bias, forecast_accuracy, mape, wape
from salesmetrics.metrics.call_errors import mae, mase, mean_error, rmse
from salesmetrics.metrics.value_added import forecast_value_added, naive_forecast, range_hit_rate
from salesmetrics.tallies import BookingTally
from salesmetrics.tallies.calls import CallTally
from tests import oracle_accuracy as slow
from tests import strategies as draw_from

YEAR = Period("2024-01-01", "2025-01-01")
QUARTERS = sm.FiscalCalendar().quarters("2024-01-01", "2025-01-01")
Q1, Q2, Q3, Q4 = QUARTERS
DONE = "2025-01-31"
POOLED = (forecast_accuracy, mape, wape, bias, mean_error, mae, rmse, mase)


def deals_of(*rows: tuple[str | None, float | None, str]) -> DealBook:
    """Return won deals of (rep, amount, day)."""
    return sm.read_deals(
        [Deal(f"d{at}", rep, amount, closed=day, outcome="won") for at, (rep, amount, day) in enumerate(rows)]
    )


def calls_of(*rows: tuple[str, Period, str, float] | tuple[str, Period, str, float, str]) -> ForecastBook:
    """Return calls of (rep, period, day given, amount, category)."""
    return sm.read_forecasts([ForecastCall(*row) for row in rows])


DEALS = deals_of(("Ana", 100, "2024-02-01"), ("Ben", 60, "2024-03-31"), ("Ana", 80, "2024-05-05"))
CALLS = calls_of(
    ("Ana", Q1, "2023-12-20", 70),
    ("Ana", Q1, "2024-01-07", 90),
    ("Ana", Q1, "2024-01-08", 95),
    ("Ana", Q1, "2024-03-31", 101),
    ("Ben", Q1, "2024-01-02", 50),
    ("Ben", Q1, "2024-01-02", 150, "best_case"),
    ("Ana", Q2, "2024-04-03", 100),
)


# --- which call counts -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("choice", "said"),
    [
        ({}, 90),
        ({"week": 1}, 90),
        ({"week": 2}, 95),
        ({"week": 13}, 101),
        ({"week": "last"}, 101),
        ({"weeks_left": 1}, 101),
        ({"weeks_left": 2}, 95),
        ({"weeks_left": 13}, 90),
    ],
)
def test_the_latest_call_by_the_end_of_the_week_counts(choice, said):
    """A call counts if it is the latest on or before the last day of the week, from the start or from the end."""
    assert ape(DEALS, CALLS, period=Q1, by="rep", as_of=DONE, **choice)["Ana"].parts["forecast"] == said


def test_a_call_made_before_the_period_counts_until_there_is_a_later_one():
    """Calls given before the first day are calls too."""
    assert ape(DEALS, CALLS.take([0]), period=Q1, as_of=DONE)["Ana"].parts["forecast"] == 70


def test_a_week_that_a_period_does_not_have_has_no_call():
    """Week 14 of a quarter of 13: no pair, and it is counted."""
    table = wape(DEALS, CALLS, period=Q1, week=14, as_of=DONE)
    assert (table.reason[0], table.left_out["no call by then"]) == ("no_rows", 2)


def test_of_two_calls_on_one_day_the_larger_counts_in_any_order():
    """The tie rule does not depend on the order of the rows."""
    twice = calls_of(("Ana", Q1, "2024-01-02", 50), ("Ana", Q1, "2024-01-02", 70))
    for calls in (twice, twice.take([1, 0])):
        assert ape(DEALS, calls, period=Q1, as_of=DONE)["Ana"].parts["forecast"] == 70


def test_several_weeks_and_several_categories_are_labels():
    """Weeks and categories become labels behind the period, in the order asked for."""
    table = wape(
        DEALS, CALLS, period=QUARTERS, by="rep", week=("last", 1), category=("best_case", "commit"), as_of=DONE
    )
    assert table.labels.names == ("rep", "period", "category", "week")
    assert table["Ana", Q1, "commit", "last"].value == 0.01
    assert table["Ana", Q1, "commit", 1].value == 0.1
    assert table["Ben", Q1, "best_case", 1].value == 1.5
    assert table["Ana", Q1, "best_case", 1].reason == "no_rows"
    assert wape(DEALS, CALLS, period=Q1, weeks_left=(13, 1), as_of=DONE).labels.names == ("weeks_left",)
    assert wape(DEALS, CALLS, period=Q1, week=[2], as_of=DONE).labels.names == ("week",)


def test_a_call_without_an_amount_is_no_call():
    """The latest call that says a number stands; the empty one is counted."""
    calls = sm.read_forecasts(
        {
            "rep": ["Ana", "Ana"],
            "start": ["2024-01-01"] * 2,
            "end": ["2024-04-01"] * 2,
            "given": ["2024-01-02", "2024-01-03"],
            "amount": [90.0, math.nan],
        }
    )
    table = ape(DEALS, calls, period=Q1, as_of=DONE)
    assert table["Ana"].parts["forecast"] == 90
    assert table.left_out["call without an amount"] == 1


# --- which pairs -----------------------------------------------------------------------------------------------------


def test_a_year_pools_its_quarters():
    """Calls for periods inside the one asked for are its pairs; several periods are rows of their own."""
    whole = mae(DEALS, CALLS, period=YEAR, as_of=DONE)["all"]
    assert (whole.value, whole.n) == (40 / 3, 3)
    assert mae(DEALS, CALLS, as_of=DONE)["all"].value == whole.value
    assert mae(DEALS, CALLS, period=QUARTERS, as_of=DONE).value.tolist()[:2] == [10, 20]
    halves = Periods([Period("2024-01-01", "2024-07-01"), Period("2024-07-01", "2025-01-01")])
    assert mae(DEALS, CALLS, period=halves, as_of=DONE).n.tolist() == [3, 0]


def test_a_call_for_the_very_period_goes_before_calls_for_its_parts():
    """Asked about the year, calls for the year are meant; those for its quarters are left out and counted."""
    calls = CALLS.concat(calls_of(("Ana", YEAR, "2024-01-02", 200)))
    table = wape(DEALS, calls, period=YEAR, as_of=DONE)
    assert (table["all"].value, table["all"].n) == (20 / 180, 1)
    assert table.left_out["call for a part of the period"] == 7
    assert wape(DEALS, calls, period=QUARTERS, as_of=DONE).equals(wape(DEALS, CALLS, period=QUARTERS, as_of=DONE))


def test_calls_for_periods_that_overlap_are_refused():
    """All periods of calls for quarters and for their year cannot be pooled."""
    calls = CALLS.concat(calls_of(("Ana", YEAR, "2024-01-02", 200)))
    with pytest.raises(InvalidArgumentError, match="`period` must pick calls for periods that do not overlap"):
        wape(DEALS, calls, as_of=DONE)


def test_a_call_that_only_overlaps_the_period_is_counted():
    """A quarter that is shifted by a month matches nothing, and the table says so."""
    shifted = calls_of(("Ana", Period("2024-02-01", "2024-05-01"), "2024-02-01", 100))
    table = wape(DEALS, shifted, period=QUARTERS, as_of=DONE)
    assert table.left_out["call for a period that only overlaps"] == 1
    assert not table.n.any()


def test_who_booked_and_did_not_call_is_left_out_and_counted():
    """A rep with bookings and no call is a row without a number, and is in no pooled one."""
    calls = CALLS.filter({"rep": "Ana"})
    table = wape(DEALS, calls, period=Q1, by="rep", as_of=DONE)
    assert list(table.labels) == ["Ana", "Ben"]
    assert table["Ben"].reason == "no_rows"
    pooled = wape(DEALS, calls, period=Q1, as_of=DONE)
    assert (pooled["all"].value, pooled["all"].n, pooled.left_out["no call by then"]) == (0.1, 1, 1)


def test_who_called_and_did_not_book_has_an_actual_of_zero():
    """Nothing booked is 0: the pair counts, and only its own percentage error is undefined."""
    calls = CALLS.concat(calls_of(("Cleo", Q1, "2024-01-01", 40)))
    assert wape(DEALS, calls, period=Q1, as_of=DONE)["all"].value == pytest.approx(60 / 160)
    assert ape(DEALS, calls, period=Q1, as_of=DONE)["Cleo"].reason == "zero_denominator"
    found = mape(DEALS, calls, period=Q1, as_of=DONE)
    assert (found["all"].n, found["all"].parts["zero_actual"], found.left_out["zero actual"]) == (2, 1, 1)


def test_a_period_that_is_not_over_is_left_out():
    """A running period has a reason of its own, and does not enter a pooled number."""
    running = wape(DEALS, CALLS, period=QUARTERS, as_of="2024-06-29")
    assert running.reason.tolist() == ["", "period_running", "period_running", "period_running"]
    assert wape(DEALS, CALLS, period=YEAR, as_of="2024-06-29")["all"].n == 2
    assert wape(DEALS, CALLS, period=Q2, as_of="2024-06-30")["all"].n == 1
    assert ape(DEALS, CALLS, period=Q2, as_of="2024-06-29").left_out["period not over"] == 1


def test_deals_without_a_rep_have_no_forecaster():
    """They are counted, and no row."""
    deals = deals_of(("Ana", 100, "2024-02-01"), (None, 60, "2024-03-01"), ("Ana", None, "2024-03-01"))
    table = wape(deals, CALLS, period=Q1, by="rep", as_of=DONE)
    assert list(table.labels) == ["Ana", "Ben"]
    assert (table.left_out["deal without a rep"], table.left_out["deal without an amount"]) == (1, 1)


def test_calls_without_reps_are_those_of_the_groups():
    """Where calls are given for teams, or for the whole company, so are the pairs."""
    deals = deals_of(("Ana", 100, "2024-02-01"), ("Ben", 60, "2024-03-01"))
    calls = sm.read_forecasts(
        {"start": ["2024-01-01"], "end": ["2024-04-01"], "given": ["2024-01-02"], "amount": [200]}
    )
    row = wape(deals, calls, as_of=DONE)["all"]
    assert (row.value, row.n) == (0.25, 1)


def test_reps_lend_their_teams_to_both_sides():
    """By team the errors of its reps are pooled, not those of its totals."""
    reps = sm.read_reps([Rep("Ana", team="East"), Rep("Ben", team="East")])
    table = wape(DEALS, CALLS, period=Q1, by="team", reps=reps, as_of=DONE)
    assert (table["East"].value, table["East"].n) == (20 / 160, 2)
    assert list(ape(DEALS, CALLS, period=Q1, by="team", reps=reps, as_of=DONE).labels) == [
        ("East", "Ana"),
        ("East", "Ben"),
    ]


def test_where_picks_on_both_sides():
    """A mapping narrows deals and calls; an array narrows deals only and says so."""
    narrowed = wape(DEALS, CALLS, period=Q1, where={"rep": "Ana"}, as_of=DONE)
    assert narrowed["all"].n == 1
    assert narrowed.left_out["no call by then"] == 0
    assert "the calls are whole" in wape(DEALS, CALLS, period=Q1, where=DEALS["amount"] > 70, as_of=DONE).notes[0]
    with pytest.raises(
        InvalidArgumentError, match="`where` must name label columns that deals and forecasts both have"
    ):
        wape(DEALS, CALLS, where={"segment": "SMB"}, as_of=DONE)
    with pytest.raises(InvalidArgumentError, match="`where` must name labels of 'rep'; got 'Anna'"):
        wape(DEALS, CALLS, where={"rep": "Anna"}, as_of=DONE)


# --- the numbers -----------------------------------------------------------------------------------------------------


def test_accuracy_is_what_the_wape_leaves():
    """The default accuracy is 1 - WAPE in every row."""
    error = wape(DEALS, CALLS, period=QUARTERS, by="rep", as_of=DONE)
    np.testing.assert_array_equal(
        forecast_accuracy(DEALS, CALLS, period=QUARTERS, by="rep", as_of=DONE).value, 1 - error.value
    )


def test_the_mean_of_accuracies_leaves_out_what_is_undefined():
    """Averaged, a pair without an accuracy is left out and counted; pooled, it is in the sums."""
    calls = CALLS.concat(calls_of(("Cleo", Q1, "2024-01-01", 40)))
    mean = forecast_accuracy(DEALS, calls, period=Q1, aggregate="mean", as_of=DONE)
    assert mean["all"].value == pytest.approx((0.9 + 5 / 6) / 2)
    assert (mean["all"].n, mean.left_out["zero denominator"]) == (2, 1)
    assert forecast_accuracy(DEALS, calls, period=Q1, as_of=DONE)["all"].n == 3


def test_a_floor_of_nought_is_a_floor():
    """A floor is tested for being there, not for being true; with a mean each pair is floored."""
    calls = calls_of(("Ana", Q1, "2024-01-01", 500), ("Ben", Q1, "2024-01-01", 60))
    assert forecast_accuracy(DEALS, calls, period=Q1, as_of=DONE)["all"].value == -1.5
    assert forecast_accuracy(DEALS, calls, period=Q1, floor=0, as_of=DONE)["all"].value == 0
    assert forecast_accuracy(DEALS, calls, period=Q1, floor=0, aggregate="mean", as_of=DONE)["all"].value == 0.5
    with pytest.raises(InvalidArgumentError, match="`floor` must be a number or None; got True"):
        forecast_accuracy(DEALS, calls, floor=True, as_of=DONE)


def test_a_mean_error_has_an_interval_from_thirty_pairs():
    """Student's interval stands from 30 pairs on, and only there."""
    few = mean_error(DEALS, CALLS, as_of=DONE)
    assert np.isnan(few.low).all()
    assert mean_error(DEALS, CALLS, as_of=DONE, confidence_level=None).low is None
    names = [f"r{at}" for at in range(30)]
    deals = deals_of(*((name, 100, "2024-02-01") for name in names))
    calls = calls_of(*((name, Q1, "2024-01-01", 100 + at) for at, name in enumerate(names)))
    row = mean_error(deals, calls, as_of=DONE)["all"]
    half = 2.045230 * math.sqrt(np.var(np.arange(30), ddof=1) / 30)
    assert (row.low, row.high) == pytest.approx((14.5 - half, 14.5 + half), abs=1e-5)


def test_the_series_of_a_scaled_error_does_not_run_from_one_rep_to_the_next():
    """Each rep's series is its own, also with a season longer than it."""
    deals = deals_of(
        ("Ana", 100, "2024-02-01"), ("Ana", 120, "2024-05-01"), ("Ben", 900, "2024-02-01"), ("Ben", 910, "2024-05-01")
    )
    calls = calls_of(*((rep, q, str(q.start), 100) for rep in ("Ana", "Ben") for q in (Q1, Q2)))
    row = mase(deals, calls, as_of=DONE)["all"]
    assert row.parts["naive_error"] == 15
    short = mase(deals, calls, as_of=DONE, season=2)
    assert (short.reason[0], short.n[0]) == ("no_rows", 4)


def test_a_range_is_hit_at_its_ends_too():
    """Both ends count; a range upside down is a miss and is mentioned."""
    deals = deals_of(("Ana", 110, "2024-02-01"), ("Ben", 99, "2024-02-01"), ("Cleo", 5, "2024-02-01"))
    ends = [("Ana", 90, 110), ("Ben", 100, 120), ("Cleo", 9, 1)]
    calls = calls_of(
        *(
            (rep, Q1, "2024-01-01", amount, kind)
            for rep, *both in ends
            for amount, kind in zip(both, ("commit", "best_case"), strict=True)
        )
    )
    table = range_hit_rate(deals, calls, period=Q1, as_of=DONE)
    row = table["all"]
    assert (row.value, row.n, row.parts["hits"]) == (1 / 3, 3, 1)
    assert "1 ranges have a low end above" in table.notes[0]
    assert range_hit_rate(deals, calls, period=Q1, by="rep", week=(1, 2), as_of=DONE).labels.names == ("rep", "week")
    with pytest.raises(InvalidArgumentError, match="`category` must be two"):
        range_hit_rate(deals, calls, category="commit", as_of=DONE)


def test_naive_forecasts():
    """Last period, last year, or the pace so far; nothing to look back on has its own reason."""
    deals = deals_of(("Ana", 100, "2023-02-01"), ("Ana", 60, "2024-01-10"))
    quarters = sm.FiscalCalendar().quarters("2023-01-01", "2024-07-01")
    last = naive_forecast(deals, period=quarters, as_of="2024-01-14")
    assert last.reason.tolist() == ["not_observed", "", "", "", "", "period_running"]
    assert last.value[1:5].tolist() == [100, 0, 0, 0]
    seasonal = naive_forecast(deals, period=quarters, kind="seasonal", as_of="2024-01-14")
    assert seasonal[quarters[4]].value == 100
    pace = naive_forecast(deals, period=quarters, kind="run_rate", as_of="2024-01-14")
    assert pace[quarters[4]].value == pytest.approx(60 * 91 / 14)
    assert pace[quarters[5]].reason == "not_started"
    assert pace[quarters[0]].value == 100
    gap = naive_forecast(deals, period=Periods([quarters[0], quarters[2]]), as_of=DONE)
    assert gap.reason.tolist() == ["not_observed", "not_observed"]
    with pytest.raises(InvalidArgumentError, match="`season` must not be given with kind 'last'"):
        naive_forecast(deals, period=quarters, season=4, as_of=DONE)


def test_value_added_against_the_pace_of_the_same_day():
    """The run rate is that of the last day on which the first call counts, and needs the deals themselves."""
    deals = deals_of(("Ana", 10, "2024-01-05"), ("Ana", 90, "2024-03-01"))
    calls = calls_of(("Ana", Q1, "2024-01-02", 80))
    row = forecast_value_added(deals, calls, kind="run_rate", metric="mae", as_of=DONE)["net"]
    assert (row.parts["error_before"], row.parts["error"], row.value) == (30, 20, 10)
    tallies = BookingTally.from_book(deals, period=Periods([Q1]), as_of=DONE), CallTally.from_book(calls)
    with pytest.raises(MergeError, match="`deals` must be a book for kind 'run_rate'"):
        forecast_value_added(*tallies, kind="run_rate")


# --- refusals --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ({"as_of": None}, InvalidArgumentError, "`as_of` must be given for forecast accuracy"),
        ({"category": "comit"}, InvalidArgumentError, "`category` must name categories of the forecasts; got 'comit'"),
        ({"week": 0}, InvalidArgumentError, "`week` must be a whole number >= 1; got 0"),
        ({"week": "first"}, InvalidArgumentError, "`week` must be one of 'last'; got 'first'"),
        ({"week": (1, 1)}, InvalidArgumentError, "`week` must name at least one, each once"),
        ({"week": ()}, InvalidArgumentError, "`week` must name at least one, each once"),
        ({"weeks_left": 0}, InvalidArgumentError, "`weeks_left` must be a whole number >= 1; got 0"),
        ({"week": 1, "weeks_left": 2}, InvalidArgumentError, "`weeks_left` must not be given together with `week`"),
        ({"by": "week"}, InvalidArgumentError, "`by` must name labels of deals and calls; got 'week'"),
        ({"by": "segment"}, InvalidArgumentError, "`by` must name columns of the book; got 'segment'"),
        ({"period": "2024"}, InvalidTypeError, "`period` must be a Period or Periods"),
    ],
)
def test_refusals_say_what_is_wrong(options, error, says):
    """What cannot be right is refused in one sentence."""
    with pytest.raises(error, match=says.replace("(", r"\(")):
        wape(DEALS, CALLS, **{"as_of": DONE, **options})


def test_books_of_the_wrong_kind_are_refused():
    """A frame or a mapping is no book of calls; other currencies are no comparison."""
    with pytest.raises(InvalidTypeError, match="`forecasts` must be a ForecastBook or its tally; got 'dict'"):
        wape(DEALS, {}, as_of=DONE)
    with pytest.raises(InvalidDataError, match="in the currency of the deals"):
        wape(attrs.evolve(DEALS, currency="USD"), attrs.evolve(CALLS, currency="EUR"), as_of=DONE)


def test_scales_may_differ():
    """Deals in hundredths and calls in thousandths meet in the finer unit."""
    fine = sm.read_forecasts([ForecastCall("Ana", Q1, "2024-01-01", 99.875)], scale=3)
    assert ape(DEALS, fine, period=Q1, as_of=DONE)["Ana"].parts["error"] == -0.125


def test_nothing_at_all_is_no_rows():
    """Empty books give a table with a reason, not an error."""
    nothing = sm.read_deals([]), CALLS.take([])
    for metric in POOLED:
        table = metric(*nothing, as_of=DONE)
        assert (len(table), table.n[0], table.reason[0]) == (1, 0, "no_rows"), metric
        assert len(metric(*nothing, by="rep", period=QUARTERS, as_of=DONE)) == 0
    assert len(ape(*nothing, as_of=DONE)) == 0
    assert forecast_value_added(*nothing, as_of=DONE).reason.tolist() == ["no_rows", "no_rows"]
    assert range_hit_rate(*nothing, as_of=DONE)["all"].high == 1.0


# --- tallies ---------------------------------------------------------------------------------------------------------


def test_the_tally_door_gives_the_same_table():
    """Tallies of the same question give the same bits."""
    choice = {"period": QUARTERS, "by": "rep"}
    tallies = (
        BookingTally.from_book(DEALS, as_of=DONE, **choice),
        CallTally.from_book(CALLS, week=(1, "last"), **choice),
    )
    for metric in POOLED:
        assert metric(*tallies).equals(metric(DEALS, CALLS, as_of=DONE, week=(1, "last"), **choice))
    with pytest.raises(MergeError, match="`week` must not be given with a tally"):
        wape(*tallies, week=1)
    with pytest.raises(MergeError, match="`by` must not be given with a tally"):
        wape(*tallies, by="rep")
    with pytest.raises(MergeError, match="must be a tally with the same `by`"):
        wape(tallies[0], CallTally.from_book(CALLS, period=QUARTERS))
    with pytest.raises(MergeError, match="whose periods are those of the calls; got one without"):
        wape(BookingTally.from_book(DEALS, by="rep", as_of=DONE, period=Q2), tallies[1])
    with pytest.raises(MergeError, match="kept rep by rep"):
        wape(
            BookingTally.from_book(DEALS, as_of=DONE, period=QUARTERS, per_rep=False),
            CallTally.from_book(CALLS, period=QUARTERS),
        )
    with pytest.raises(InvalidArgumentError, match="got a tally made without"):
        wape(BookingTally.from_book(DEALS, period=QUARTERS), CallTally.from_book(CALLS, period=QUARTERS))


def test_a_tally_of_bookings_may_hold_more_periods():
    """Calls of one quarter beside bookings of four: the others are history."""
    bookings = BookingTally.from_book(DEALS, as_of=DONE, period=QUARTERS)
    table = forecast_value_added(bookings, CallTally.from_book(CALLS, period=Q2))
    assert table.equals(forecast_value_added(DEALS, CALLS, period=Q2, as_of=DONE))
    assert table["net"].parts["error_before"] == 0.25


# --- against the slow module -----------------------------------------------------------------------------------------

MONTHS = sm.FiscalCalendar().months("2024-01-01", "2024-06-01")
REPS = ["Ana", "Ben", "00"]
TEAMS = [Rep("Ana", team="East"), Rep("Ben", team="West"), Rep("00", team="East")]
DAY = st.dates(date(2023, 12, 20), date(2024, 6, 10))


@st.composite
def cases(draw):
    """Deals and calls of three reps in five months, no two calls on one day."""
    closings = draw(
        st.lists(st.tuples(st.sampled_from([*REPS, None]), st.none() | st.integers(-500, 10**7), DAY), max_size=12)
    )
    deals = [
        Deal(f"d{at}", rep, None if minor is None else draw_from.money(minor), closed=day, outcome="won")
        for at, (rep, minor, day) in enumerate(closings)
    ]
    keys = st.tuples(
        st.sampled_from(REPS),
        st.sampled_from(list(MONTHS)),
        DAY,
        st.sampled_from(["commit", "best_case"]),
    )
    said = draw(st.lists(st.tuples(keys, st.integers(0, 10**7)), max_size=20, unique_by=lambda row: row[0]))
    calls = [ForecastCall(rep, month, day, draw_from.money(minor), kind) for (rep, month, day, kind), minor in said]
    by = draw(st.sampled_from([(), ("rep",), ("team",), ("team", "rep")]))
    parts = Periods([Period("2024-01-01", "2024-03-01"), Period("2024-03-01", "2025-01-01")])
    period = draw(st.sampled_from([None, MONTHS[1], YEAR, MONTHS, MONTHS[1:4], parts]))
    week = draw(st.sampled_from([{}, {"week": 2}, {"week": "last"}, {"weeks_left": 1}, {"weeks_left": 3}, {"week": 5}]))
    return deals, calls, by, period, week, draw(st.sampled_from(["2024-03-15", "2024-04-30", "2024-12-31"]))


def read(case):
    """Return the books of a case."""
    deals, calls = case[:2]
    nobody = ForecastCall("Ana", Period("2000-01-01", "2000-02-01"), "2000-01-01", 0)
    best = attrs.evolve(nobody, category="best_case")
    # the books know both categories even where nothing was drawn of one
    return sm.read_deals(deals, allow_negative=True), sm.read_forecasts([*calls, nobody, best]).take(range(len(calls)))


def rows_of(table, period):
    """Return the rows by the slow module's keys."""
    names = table.labels.names
    place = {p: at for at, p in enumerate(period)} if isinstance(period, Periods) else {}
    keys = [label if len(names) > 1 else (label,) for label in table.labels] if names else [()]
    return {
        tuple(place.get(part, part) if isinstance(part, Period) else part for part in key): at
        for at, key in enumerate(keys)
    }


SCORES = [
    (mape, slow.mape, {}),
    (wape, slow.wape, {}),
    (bias, slow.bias, {}),
    (mean_error, slow.mean_error, {}),
    (mae, slow.mae, {}),
    (rmse, slow.rmse, {}),
    *(
        (forecast_accuracy, slow.forecast_accuracy, {"variant": variant, "floor": floor, "aggregate": aggregate})
        for variant in ("actual", "forecast", "max", "ratio")
        for floor, aggregate in ((None, "pooled"), (0, "mean"))
    ),
]
QUICK = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))


def agree(table, answers, period):
    """Assert that a table says what the slow module says; rows it does not know have no number."""
    rows = rows_of(table, period)
    assert set(answers) <= set(rows)
    for key, at in rows.items():
        answer = answers.get(key)
        value = float(table.value[at])
        if answer is None or answer.value is None:
            assert math.isnan(value), key
            assert int(table.n[at]) == (0 if answer is None else answer.n)
            if answer is not None and answer.n:
                assert table.reason[at] == answer.reason
        else:
            assert value == pytest.approx(float(answer.value), rel=1e-9, abs=1e-9), key
            assert int(table.n[at]) == answer.n


@QUICK
@given(cases())
def test_scores_are_those_of_the_slow_module(case):
    """Every score agrees with loops over objects in fractions, for any choice of call, group and period."""
    deals, calls, by, period, week, as_of = case
    books = read(case)
    asked = {"by": by or None, "period": period, "as_of": as_of, "reps": sm.read_reps(TEAMS), **week}
    for metric, score, options in SCORES:
        answers = slow.scored(
            lambda pairs, score=score, options=options: score(pairs, **options),
            deals,
            calls,
            by=by,
            periods=period,
            as_of=date.fromisoformat(as_of),
            terms=slow.CallTerms(**week),
            reps=TEAMS,
        )
        agree(metric(*books, **asked, **options), answers, period)


@QUICK
@given(cases())
def test_range_hits_are_those_of_the_slow_module(case):
    """Ranges hit, with their interval."""
    deals, calls, by, period, week, as_of = case
    books = read(case)
    answers = slow.range_hits(
        deals,
        calls,
        low="commit",
        high="best_case",
        by=by,
        periods=period,
        as_of=date.fromisoformat(as_of),
        terms=slow.CallTerms(**week),
        reps=TEAMS,
    )
    asked = {"by": by or None, "period": period, "as_of": as_of, "reps": sm.read_reps(TEAMS), **week}
    agree(range_hit_rate(*books, **asked), answers, period)


@QUICK
@given(cases(), st.sampled_from(["last", "run_rate"]), st.sampled_from(["mape", "wape", "mae"]))
def test_value_added_is_that_of_the_slow_module(case, kind, metric):
    """A step over the last period, or over the pace; asked by period the months before are history."""
    deals, calls, _, _, _, as_of = case
    # in every month somebody said something, so that the months adjoin
    calls = [*calls, *(ForecastCall("00", month, str(month.start - timedelta(9)), 7) for month in MONTHS)]
    calls = list({(c.rep, c.period, c.given, c.category): c for c in calls}.values())
    period = MONTHS[1:4]
    answers = slow.forecast_value_added(
        deals,
        calls,
        against=kind,
        metric=metric,
        by=("rep",),
        periods=period,
        as_of=date.fromisoformat(as_of),
    )
    table = forecast_value_added(
        sm.read_deals(deals, allow_negative=True),
        sm.read_forecasts(calls),
        by="rep",
        period=period,
        kind=kind,
        metric=metric,
        as_of=as_of,
    )
    net = table.take(np.flatnonzero(np.array(table.labels.column("step")) == "net"))
    place = {p: at for at, p in enumerate(period)}
    rows = {(rep, place[p]): at for at, (rep, p, _) in enumerate(net.labels)}
    for key, answer in answers.items():
        at = rows[key]
        assert int(net.n[at]) == answer.n
        if answer.value is None:
            assert math.isnan(net.value[at])
        else:
            assert net.value[at] == pytest.approx(float(answer.value), rel=1e-9, abs=1e-9)


@QUICK
@given(cases(), st.data())
def test_a_tally_of_parts_is_that_of_the_whole(case, data):
    """Calls may be cut and merged in any way, and stand in any order."""
    calls = read(case)[1]
    choice = {"by": case[2] or None, "period": case[3], "reps": sm.read_reps(TEAMS), "week": (1, "last")}
    choice["category"] = ("commit", "best_case")
    whole = CallTally.from_book(calls, **choice)
    parts = data.draw(draw_from.cuts(range(len(calls))))
    tallies = [CallTally.from_book(calls.take(np.array(part, dtype=np.int64)), **choice) for part in parts]
    assert draw_from.merge_tree(data, tallies, lambda a, b: a + b).equals(whole)
    shuffled = data.draw(st.permutations(range(len(calls))))
    assert CallTally.from_book(calls.take(np.array(shuffled, dtype=np.int64)), **choice).equals(whole)
    by = {name: value for name, value in choice.items() if name != "reps"}
    empty = CallTally.empty(**by)
    assert (whole + empty).equals(whole)
    assert (empty + whole).equals(whole)
