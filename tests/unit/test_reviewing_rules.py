"""The rules of a review, each on a book made by hand: on one side of its threshold it speaks, on the other it does not."""

from __future__ import annotations

import datetime as dt
import itertools
import warnings
from collections.abc import Iterable

import pytest

import salesmetrics as sm

Q1 = sm.Period("2026-01-01", "2026-04-01")
LAST = "2026-03-31"
Row = dict[str, object]


def book(rows: Iterable[Row], as_of: str = LAST, process: sm.SalesProcess | None = None) -> sm.DealBook:
    """Return a book of these deals; what a row does not say is missing."""
    named = {
        "rep": "Ana",
        "amount": 10,
        "outcome": "open",
        "created": "2025-12-01",
        "closed": None,
        "expected_close": None,
    }
    full = [{"id": at, **named, **row} for at, row in enumerate(rows)]
    columns = {name: [row[name] for row in full] for name in full[0]}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", sm.SalesMetricsWarning)  # of deals that are overdue, on purpose
        return sm.read_deals(columns, as_of=as_of, process=process)


def closed(outcome: str, count: int, day: str = "2026-02-01", **more: object) -> list[Row]:
    """Return so many deals closed on a day."""
    return [{"outcome": outcome, "closed": day, **more} for _ in range(count)]


def quotas(amount: object, *reps: str, period: sm.Period = Q1) -> sm.QuotaBook:
    """Return the same quota for each rep."""
    size = len(reps)
    return sm.read_quotas(
        {"rep": list(reps), "start": [period.start] * size, "end": [period.end] * size, "amount": [amount] * size}
    )


def notes(review: sm.Review, what: str) -> list[sm.Note]:
    """Return the notes of a rule."""
    return [note for note in review.notes if note.what == what]


def day(start: str, days: int) -> str:
    """Return a day so many days later."""
    return str(dt.date.fromisoformat(start) + dt.timedelta(days=days))


# --- pace ------------------------------------------------------------------------------------------------------------


def test_a_rep_below_the_pace_is_named_and_one_at_it_is_not() -> None:
    """At 90 % of quota nobody is named; a cent below, the rep is, with the money that is missing."""
    deals = book([*closed("won", 1, rep="Ana", amount=90), *closed("won", 1, rep="Ben", amount=89.99)])
    found = notes(sm.review(deals, quotas(100, "Ana", "Ben"), period=Q1), "pace")
    assert [note.subject for note in found] == ["all", "Ben"]
    assert (found[1].value, found[1].threshold, found[1].n) == (0.8999, 0.9, 1)
    assert found[1].money == pytest.approx(10.01)
    assert found[1].sentence == "Ben ended at 89.99 % of quota, below 90 %: 90 booked of 100 (n = 1 won deal)."


def test_nobody_is_off_pace_before_a_quarter_of_the_days_is_over() -> None:
    """After 22 of 90 days the rule is silent, after 23 it speaks of the whole and of the rep."""
    deals = book(closed("won", 1, day="2026-01-05", amount=1))
    early, late = (
        sm.review(deals, quotas(100, "Ana"), period=Q1, as_of=f"2026-01-{last}", rules=sm.ReviewRules(elapsed=0.25))
        for last in (22, 23)
    )
    assert notes(early, "pace") == []
    assert [note.subject for note in notes(late, "pace")] == ["all", "Ana"]
    assert notes(late, "pace")[0].value == pytest.approx(1 / (23 / 90) / 100)
    assert "25.6 % of the days are over" in notes(late, "pace")[0].sentence


def test_a_rep_without_a_quota_is_never_off_pace() -> None:
    """Attainment that is undefined is compared with nothing."""
    deals = book([*closed("won", 1, rep="Ana", amount=100), *closed("won", 1, rep="Zoe", amount=1)])
    assert notes(sm.review(deals, quotas(100, "Ana"), period=Q1), "pace") == []


def test_the_pace_follows_the_periods_before_where_there_are_four() -> None:
    """A team that always books in the last month is not off pace in the second."""
    starts = [sm.Period(f"2025-{month:02}-01", f"2025-{month + 3:02}-01") for month in (1, 4, 7)]
    starts += [sm.Period("2025-10-01", "2026-01-01"), sm.Period("2024-10-01", "2025-01-01")]
    before = [
        row
        for period in starts
        for row in (
            {"outcome": "won", "created": "2024-09-01", "closed": str(period.start), "amount": 20},
            {"outcome": "won", "created": "2024-09-01", "closed": str(period.last), "amount": 80},
        )
    ]
    deals = book([*before, *closed("won", 1, day="2026-01-01", amount=20)], as_of="2026-02-28")
    review = sm.review(deals, quotas(100, "Ana"), period=Q1)
    assert review.pace_attainment is not None
    assert review.pace_attainment["all"].value == pytest.approx(1.0)
    assert notes(review, "pace") == []
    assert review.pace is not None
    assert review.pace["all"].value == pytest.approx(20 / (59 / 90))


# --- coverage --------------------------------------------------------------------------------------------------------


def due(won: int, lost: int, open_amount: float) -> sm.DealBook:
    """Return a book in which so many of the deals due in the quarter before were won, and one deal is open for this one."""
    past = {"created": "2025-09-01", "expected_close": "2025-11-15", "amount": 10}
    rows = [*closed("won", won, day="2025-11-15", **past), *closed("lost", lost, day="2025-11-15", **past)]
    return book([*rows, {"amount": open_amount, "expected_close": "2026-03-20"}], as_of="2026-01-31")


@pytest.mark.parametrize(("amount", "fires"), [(2000, False), (1999.99, True)])
def test_coverage_is_low_below_what_the_share_won_asks_for(amount: float, fires: bool) -> None:
    """Where half of the money due was won, twice what is to book is enough, and a cent less is not."""
    found = notes(sm.review(due(10, 10, amount), quotas(1000, "Ana"), period=Q1), "coverage")
    assert bool(found) is fires
    if fires:
        (note,) = found
        assert (note.subject, note.threshold, note.n) == (Q1, 2.0, 1)
        assert note.money == pytest.approx(1000 - amount / 2)
        assert "n = 20 deals" in note.sentence
        assert "below 2.00x" in note.sentence


def test_coverage_is_not_judged_by_a_thin_win_rate() -> None:
    """With 19 deals behind the win rate the rule is silent, unless fewer are said to be enough."""
    deals, number = due(10, 9, 1), quotas(1000, "Ana")
    assert notes(sm.review(deals, number, period=Q1), "coverage") == []
    assert len(notes(sm.review(deals, number, period=Q1, rules=sm.ReviewRules(min_n=19)), "coverage")) == 1


def test_coverage_without_a_win_is_not_judged() -> None:
    """Nothing won leaves the required coverage undefined, and the rule silent."""
    assert notes(sm.review(due(0, 30, 1), quotas(1000, "Ana"), period=Q1), "coverage") == []


# --- deals at risk, records, concentration ---------------------------------------------------------------------------


@pytest.mark.parametrize(("overdue", "size", "fires"), [(10, 20, False), (11, 20, True), (19, 19, False)])
def test_money_at_risk_is_noted_above_half_of_it(overdue: int, size: int, fires: bool) -> None:
    """Half of the open money may be overdue; more is noted, with the deals and their flags; 19 deals are too few."""
    late = [{"expected_close": "2026-03-01"}] * overdue
    deals = book([*late, *[{"expected_close": "2026-06-01"}] * (size - overdue)])
    found = notes(sm.review(deals, period=Q1), "at_risk")
    assert bool(found) is fires
    if fires:
        (note,) = found
        assert (note.value, note.money, note.n) == (0.55, 110.0, 20)
        assert note.sentence == (
            "55.0 % of the open money is in deals at risk, above 50 %: 110 of 200, 11 of n = 20 open deals (overdue 11)."
        )


def test_the_flags_of_a_review_have_thresholds_too() -> None:
    """The rules of the flags are those of the review: a push more, and no deal is at risk."""
    deals = book([{"expected_close": "2026-05-01", "amount": 10} for _ in range(20)])
    moves = [
        {"deal": at, "date": f"2026-0{month}-10", "expected_close": f"2026-0{month + 2}-01"}
        for at in range(20)
        for month in (1, 2, 3)
    ]
    history = sm.read_history({name: [move[name] for move in moves] for name in moves[0]})
    strict, mild = (
        sm.review(deals, period=Q1, history=history, rules=sm.ReviewRules(flags=sm.FlagRules(count=count, days=365)))
        for count in (2, 3)
    )
    assert [note.value for note in notes(strict, "at_risk")] == [1.0]
    assert notes(mild, "at_risk") == []


@pytest.mark.parametrize(("undated", "size", "fires"), [(2, 20, False), (3, 20, True), (3, 19, False)])
def test_records_are_noted_below_nine_in_ten(undated: int, size: int, fires: bool) -> None:
    """Nine deals of ten in order are enough, fewer are noted, and 19 deals are too few to say."""
    deals = book([{"expected_close": None if at < undated else "2026-06-01"} for at in range(size)])
    found = notes(sm.review(deals, period=Q1), "hygiene")
    assert bool(found) is fires
    if fires:
        assert found[0].sentence == "85.0 % of the open deals are in order, below 90 %: 17 of n = 20 (undated 3)."


@pytest.mark.parametrize(("largest", "size", "fires"), [(19 * 10, 58, False), (191, 58, True), (191, 19, False)])
def test_one_win_is_noted_above_a_quarter_of_the_bookings(largest: float, size: int, fires: bool) -> None:
    """A win of a quarter of the bookings is not noted, a larger one is; of 19 wins one is bound to be large."""
    rest = [row | {"amount": 10} for row in closed("won", size - 1)]
    found = notes(sm.review(book([*closed("won", 1, amount=largest), *rest]), period=Q1), "one_deal")
    assert bool(found) is fires
    if fires:
        assert "of what was won in the period, above 25 %" in found[0].sentence
        assert found[0].money == largest


@pytest.mark.parametrize(("largest", "fires"), [(190, False), (191, True)])
def test_one_open_deal_is_noted_above_a_quarter_of_what_is_due(largest: float, fires: bool) -> None:
    """What is open and due in the running period may hang on one deal."""
    rows = [{"amount": largest, "expected_close": "2026-03-20"}, *[{"expected_close": "2026-03-20"}] * 57]
    found = notes(sm.review(book(rows, as_of="2026-02-15"), period=Q1), "one_deal")
    assert bool(found) is fires
    assert all("is open and due in the period" in note.sentence for note in found)


@pytest.mark.parametrize(
    ("amounts", "fires"),
    [((25, 25, 20, 20, 10), False), ((26, 25, 20, 19, 10), True), ((60, 20, 10, 10), False)],
)
def test_few_reps_are_noted_above_half_of_the_bookings(amounts: tuple[int, ...], fires: bool) -> None:
    """Two of five reps may bring half of the bookings, not more; of four reps nothing is said."""
    rows = [row for at, amount in enumerate(amounts) for row in closed("won", 1, rep=f"rep {at}", amount=amount)]
    found = notes(sm.review(book(rows), period=Q1), "few_reps")
    assert bool(found) is fires
    if fires:
        assert (found[0].value, found[0].n, found[0].money) == (0.51, 5, 51.0)


# --- the year before -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("won", "lost", "fires"), [(4, 36, True), (16, 24, False), (0, 19, False)])
def test_a_win_rate_is_noted_where_the_intervals_do_not_touch(won: int, lost: int, fires: bool) -> None:
    """Half was won in the year before: a tenth of 40 is fewer, two fifths may be chance, none of 19 is too thin."""
    past = {"created": "2025-01-01"}
    before = [*closed("won", 100, day="2025-06-01", **past), *closed("lost", 100, day="2025-06-01", **past)]
    deals = book([*before, *closed("won", won), *closed("lost", lost)])
    review = sm.review(deals, period=Q1)
    found = notes(review, "win_rate")
    assert bool(found) is fires
    if fires:
        assert review.win_rate is not None
        assert review.win_rate_before is not None
        assert (found[0].value, found[0].n) == (0.1, 40)
        assert found[0].threshold == review.win_rate_before["all"].low
        assert "n = 200" in found[0].sentence


def test_a_group_that_wins_less_is_named() -> None:
    """The group is named, the others and the whole are not."""
    past = [
        row
        for group in ("SMB", "Mid")
        for outcome in ("won", "lost")
        for row in closed(outcome, 100, day="2025-06-01", created="2025-01-01", segment=group)
    ]
    now = [*closed("won", 2, segment="SMB"), *closed("lost", 23, segment="SMB")]
    now += [*closed("won", 22, segment="Mid"), *closed("lost", 20, segment="Mid")]
    review = sm.review(book([*past, *now]), period=Q1, by="segment")
    assert [note.subject for note in notes(review, "win_rate")] == ["SMB"]
    assert notes(review, "win_rate")[0].sentence.startswith("SMB: the win rate is 8.0 %")


PROCESS = sm.SalesProcess(
    [sm.Stage("Lead", 1), sm.Stage("Bid", 2), sm.Stage("Won", 3, outcome="won"), sm.Stage("Lost", 4, outcome="lost")]
)


def visits(spans: Iterable[tuple[str, int]]) -> tuple[sm.DealBook, sm.DealHistory]:
    """Return deals that came to Lead on a day and went on to Bid so many days later, with their history."""
    told = list(spans)
    deals = book([{"created": came, "stage": "Bid"} for came, _ in told], process=PROCESS)
    rows = [
        (at, when, stage)
        for at, (came, stay) in enumerate(told)
        for when, stage in ((came, "Lead"), (day(came, stay), "Bid"))
    ]
    history = sm.read_history(
        {"deal": [row[0] for row in rows], "date": [row[1] for row in rows], "stage": [row[2] for row in rows]}
    )
    return deals, history


@pytest.mark.parametrize(("stay", "size", "fires"), [(25, 20, False), (26, 20, True), (26, 19, False)])
def test_a_stage_is_slow_above_five_quarters_of_its_past(stay: int, size: int, fires: bool) -> None:
    """Deals stayed 20 days: 25 are not slower by the rule, 26 are, and 19 deals are too few to say."""
    past = [("2025-06-01", 18 + at % 5) for at in range(30)]
    deals, history = visits([*past, *[("2026-01-10", stay - 2 + at % 5) for at in range(size)]])
    found = notes(sm.review(deals, period=Q1, history=history), "stage")
    assert bool(found) is fires
    if fires:
        (note,) = found
        assert (note.subject, note.value, note.threshold, note.n) == ("Lead", 26.0, 25.0, 20)
        assert "n = 30" in note.sentence


def test_a_stage_is_not_slow_while_the_intervals_touch() -> None:
    """Twice the median says nothing where the days scatter so that both medians may be the same."""
    past = [("2025-06-01", stay) for stay in range(1, 41, 2)]
    deals, history = visits([*past, *[("2026-01-10", stay) for stay in (*[10] * 9, *[40] * 11)]])
    review = sm.review(deals, period=Q1, history=history)
    assert review.stage_dwell is not None
    assert review.stage_dwell_before is not None
    assert review.stage_dwell["Lead"].value >= 1.25 * review.stage_dwell_before["Lead"].value
    assert notes(review, "stage") == []


# --- calls -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("called", "years", "way"),
    [(125, 4, None), (126, 4, "more"), (75, 4, None), (74, 4, "less"), (200, 3, None)],
)
def test_a_forecaster_is_noted_beyond_a_quarter_either_way(called: int, years: int, way: str | None) -> None:
    """A bias of a quarter is not noted, beyond it is, too high or too low; three periods are too few."""
    ends = ("2025-01-01", "2025-04-01", "2025-07-01", "2025-10-01", "2026-01-01")
    spans = [sm.Period(a, b) for a, b in itertools.pairwise(ends)][-years:]
    rows = [row for span in spans for row in closed("won", 1, day=str(span.last), created="2025-01-01", amount=100)]
    calls = sm.read_forecasts(
        {
            "rep": ["Ana"] * years,
            "start": [span.start for span in spans],
            "end": [span.end for span in spans],
            "given": [span.start for span in spans],
            "amount": [called] * years,
        }
    )
    review = sm.review(book(rows, as_of="2026-02-15"), forecasts=calls, period=Q1)
    found = notes(review, "bias")
    assert [note.subject for note in found] == ([] if way is None else ["all", "Ana"])
    if way is not None:
        assert f"Ana called 26 % {way} than came" in found[1].sentence.replace("26.0", "26")
        assert found[1].money == pytest.approx(abs(called - 100) * 4)


# --- new reps --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("started", "fires"), [("2026-01-30", False), ("2026-01-29", True)])
def test_a_new_rep_without_a_win_is_named_after_twice_the_median(started: str, fires: bool) -> None:
    """Half of the new reps win within 30 days: after 60 days nothing is said of one who has not, after 61 it is."""
    people = {f"rep {at}": "2025-11-01" for at in range(5)} | {"Zoe": started}
    reps = sm.read_reps({"id": list(people), "hired": list(people.values())})
    wins = [row for at in range(5) for row in closed("won", 1, day="2025-12-01", created="2025-10-01", rep=f"rep {at}")]
    review = sm.review(book(wins), reps=reps, period=Q1)
    found = notes(review, "first_win")
    assert [note.subject for note in found] == (["Zoe"] if fires else [])
    if fires:
        assert (found[0].value, found[0].threshold, found[0].n) == (61.0, 60.0, 6)
    few = sm.ReviewRules(min_reps=7)
    assert notes(sm.review(book(wins), reps=reps, period=Q1, rules=few), "first_win") == []


# --- thresholds ------------------------------------------------------------------------------------------------------


def test_none_switches_a_rule_off_and_leaves_the_others() -> None:
    """Each rule has a threshold of its own."""
    company = sm.datasets.sample_company(deals=3_000, rng=7)
    books = {"reps": company.reps, "forecasts": company.forecasts, "history": company.history}
    period = company.calendar.quarter(2026, 3)
    strict = {
        "at_risk": 0.0,
        "hygiene": 1.0,
        "deal_share": 0.0,
        "rep_share": 0.0,
        "coverage": 9.0,
        "pace": 9.0,
        "bias": 0.0,
    }
    every = sm.review(company.deals, company.quotas, period=period, **books, rules=sm.ReviewRules(**strict))
    names = {"at_risk", "hygiene", "coverage", "pace", "bias"}
    assert {note.what for note in every.notes} >= names | {"one_deal", "few_reps"}
    for name in names:
        rules = sm.ReviewRules(**(strict | {name: None}))
        found = sm.review(company.deals, company.quotas, period=period, **books, rules=rules)
        assert [note for note in every.notes if note.what != name] == list(found.notes)


def test_notes_come_in_the_order_of_the_rules_and_of_the_money() -> None:
    """The whole comes first, then who is missing most; the rules keep their order."""
    company = sm.datasets.sample_company(deals=3_000, rng=7)
    review = sm.review(
        *(company.deals, company.quotas),
        period=company.calendar.quarter(2026, 2),
        reps=company.reps,
        forecasts=company.forecasts,
    )
    names = [note.what for note in review.notes]
    order = ("pace", "coverage", "at_risk", "stage", "win_rate", "bias", "few_reps", "one_deal", "hygiene", "first_win")
    assert names == sorted(names, key=order.index)
    money = [note.money or 0.0 for note in notes(review, "pace")]
    assert len(money) > 3
    assert notes(review, "pace")[0].subject == "all"
    assert money[1:] == sorted(money[1:], reverse=True)


@pytest.mark.parametrize(
    ("argument", "value", "sentence"),
    [
        ("pace", -0.1, "`pace` must be a finite number >= 0, or None; got -0.1."),
        ("bias", True, "`bias` must be a finite number >= 0, or None; got True."),
        ("coverage", float("nan"), "`coverage` must be a finite number >= 0, or None; got nan."),
        ("at_risk", 50, "`at_risk` must lie in [0, 1]; got 50."),
        ("elapsed", None, "`elapsed` must lie in [0, 1]; got None."),
        ("min_n", 0, "`min_n` must be a whole number >= 1; got 0."),
    ],
)
def test_a_threshold_that_means_nothing_is_refused(argument: str, value: object, sentence: str) -> None:
    """Thresholds are checked when they are stated."""
    with pytest.raises(sm.InvalidArgumentError) as caught:
        sm.ReviewRules(**{argument: value})  # type: ignore[arg-type]
    assert caught.value.message == sentence


def test_the_rules_of_flags_are_flag_rules() -> None:
    """A mapping is not taken for thresholds."""
    with pytest.raises(sm.InvalidTypeError) as caught:
        sm.ReviewRules(flags={"days": 30})  # type: ignore[arg-type]
    assert caught.value.message == "`flags` must be FlagRules; got {'days': 30}."
