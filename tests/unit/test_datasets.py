"""The sample company: its books agree with one another, look like a company's, and are the same bits everywhere."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import pytest

from salesmetrics.books.deals import deal_problems
from salesmetrics.books.history import DealHistory
from salesmetrics.books.quotas import quota_problems
from salesmetrics.books.table import Book, doubled_ids
from salesmetrics.columns import DayColumn, KeyColumn, LabelColumn, MoneyColumn, ProbabilityColumn
from salesmetrics.datasets import Company, sample_company
from salesmetrics.datasets.chance import ONE, picker, skewed
from salesmetrics.domain import OUTCOMES
from salesmetrics.errors import InvalidArgumentError, InvalidTypeError
from salesmetrics.fiscal import FiscalCalendar

SHA256 = "84aa33bd2408516b58624dd25491e900881e1b562a822944b2db01e933eb7d6d"
OPEN, WON, LOST, NO_DECISION = range(4)
SMALL = (0, 1, 2, 60, 500)


@pytest.fixture(scope="module")
def company() -> Company:
    return sample_company(rng=7)


@pytest.fixture(scope="module", params=[0, 1, 500, 20_000, 150_000], ids=lambda n: f"{n} deals")
def any_company(request: pytest.FixtureRequest) -> Company:
    """Return companies of several sizes: none, one, few, the default, and more than one block of deals."""
    return sample_company(deals=request.param, rng=3, start="2024-01-17", as_of="2026-09-09")


def books(company: Company) -> dict[str, Book]:
    names = ("deals", "history", "quotas", "reps", "forecasts")
    return {name: getattr(company, name) for name in names}


def content(column: object) -> list[Any]:
    """Return what a column holds as texts and arrays of 64-bit numbers, lowest byte first."""
    match column:
        case LabelColumn():
            return ["\n".join(map(str, column.levels)), column.codes]
        case MoneyColumn():
            return [column.minor, column.missing()]
        case DayColumn():
            return [column.days]
        case ProbabilityColumn():
            return [column.ppm]
        case KeyColumn() if column.values.dtype == object:
            return ["\n".join(column.values)]
        case KeyColumn():
            return [column.values]
    raise AssertionError(column)


def fingerprint(company: Company) -> str:
    digest = hashlib.sha256()
    for kind, book in books(company).items():
        for name, column in book.columns.items():
            digest.update(f"{kind}.{name}:{len(book)}\n".encode())
            for part in content(column):
                digest.update(part.encode() if isinstance(part, str) else part.astype("<i8").tobytes())
    digest.update(repr((company.reps.absences, company.reps.ramps)).encode())
    return digest.hexdigest()


def days(book: Book, name: str) -> Any:
    return book.column(name).days.astype(np.int64)


def codes(book: Book, name: str) -> Any:
    return book.column(name).codes.astype(np.int64)


# --- the same bits ---------------------------------------------------------------------------------------------------


def test_the_bits_are_pinned() -> None:
    """A size and a seed give these bits, on every platform; a change of them is a change that users can see."""
    assert fingerprint(sample_company(deals=2_000, rng=7)) == SHA256


def test_a_seed_is_the_generator_it_makes() -> None:
    """A seed and the default generator made from it give the same company, another seed gives another one."""
    seeded = fingerprint(sample_company(deals=300, rng=5))
    assert fingerprint(sample_company(deals=300, rng=np.random.Generator(np.random.PCG64(5)))) == seeded
    assert fingerprint(sample_company(deals=300, rng=6)) != seeded


def test_the_deals_do_not_depend_on_the_history() -> None:
    """Without the history everything else is the same, and the history is empty with the same columns."""
    told, untold = sample_company(deals=400, rng=2), sample_company(deals=400, rng=2, history=False)
    assert all(
        untold_book.equals(books(told)[kind]) for kind, untold_book in books(untold).items() if kind != "history"
    )
    assert len(untold.history) == 0
    assert untold.history.names == told.history.names == DealHistory.empty().names


def test_a_currency_changes_the_scale_only() -> None:
    """Amounts are the same numbers of major units in any currency, but for what its scale cuts off."""
    dollars, yen = (sample_company(deals=400, rng=2, currency=code) for code in ("USD", "JPY"))
    dinars = sample_company(deals=400, rng=2, currency="BHD")
    assert (dollars.deals.scale, yen.deals.scale, dinars.deals.scale) == (2, 0, 3)
    cents = dollars.deals.column("amount").minor
    assert np.array_equal(yen.deals.column("amount").minor, cents // 100)
    assert np.array_equal(dinars.deals.column("amount").minor, cents * 10)
    assert {book.currency for book in (yen.deals, yen.history, yen.quotas, yen.forecasts)} == {"JPY"}


# --- agreement -------------------------------------------------------------------------------------------------------


def test_the_books_pass_the_rules_of_reading(any_company: Company) -> None:
    """No deal and no quota breaks a rule that a reader would refuse."""
    deals, quotas = any_company.deals, any_company.quotas
    assert deal_problems(deals.columns, deals.as_of_day) == []
    assert doubled_ids(deals.column("id")) is None
    assert quota_problems(quotas.columns, len(quotas)) == []
    assert all(len(column) == len(book) for book in books(any_company).values() for column in book.columns.values())


def test_columns_are_of_their_kinds(any_company: Company) -> None:
    """Columns have the types the books promise, labels are sorted or in the order of the process, nothing is writeable."""
    deals = any_company.deals
    expected = (
        "id rep amount created expected_close closed stage outcome probability forecast_category "
        "segment product region source"
    )
    assert deals.names == tuple(expected.split())
    assert deals.column("id").values.dtype == np.int64
    assert deals.column("outcome").levels == OUTCOMES
    assert deals.column("stage").levels == any_company.process.names
    for book in books(any_company).values():
        for column in book.columns.values():
            held = [getattr(column, name, None) for name in ("codes", "minor", "known", "days", "ppm", "values")]
            assert not any(part.flags.writeable for part in held if isinstance(part, np.ndarray))
            if isinstance(column, DayColumn):
                assert column.days.dtype == np.int32
            if isinstance(column, LabelColumn):
                assert column.ordered or list(column.levels) == sorted(column.levels)
                assert column.codes.dtype == (np.int8 if len(column.levels) <= 127 else np.int16)


def test_deals_are_what_their_outcome_says(any_company: Company) -> None:
    """Outcome, stage, closing day, probability and category of a deal say the same; amounts are missing only early on."""
    deals, process = any_company.deals, any_company.process
    outcome, stage, ppm = codes(deals, "outcome"), codes(deals, "stage"), deals.column("probability").ppm
    of_stage = np.array([OUTCOMES.index(process.outcome(name)) for name in process.names])
    assert np.array_equal(of_stage[stage], outcome)
    assert np.array_equal(days(deals, "closed") >= 0, outcome != OPEN)
    assert (ppm[outcome == WON] == 1_000_000).all()
    assert (ppm[outcome > WON] == 0).all()
    assert ((ppm[outcome == OPEN] > 0) & (ppm[outcome == OPEN] < 1_000_000)).all()
    category = deals.column("forecast_category").user()
    assert (category[outcome == WON] == "closed").all()
    assert (category[outcome > WON] == "omitted").all()
    missing = deals.column("amount").missing()
    assert ((outcome == OPEN) & (stage < 2))[missing].all()
    assert (deals.column("amount").minor[~missing] > 0).all()


def test_days_lie_where_they_should(any_company: Company) -> None:
    """Deals are created from the first day on, in the order of their ids, and nothing happens after the last known day."""
    deals, history = any_company.deals, any_company.history
    created = days(deals, "created")
    start, last = np.datetime64("2024-01-17", "D").astype(int), deals.as_of_day
    assert any_company.as_of.isoformat() == "2026-09-09"
    assert ((created >= start) & (created <= last)).all()
    assert (np.diff(created) >= 0).all()
    assert (days(history, "date") <= last).all()


def test_reps_are_there_when_they_are_needed(any_company: Company) -> None:
    """A rep is in the role on the day a deal is created, and no deal is closed by one who has left."""
    deals, reps = any_company.deals, any_company.reps
    assert deals.column("rep").levels == tuple(reps["id"])
    rep, created, closed = codes(deals, "rep"), days(deals, "created"), days(deals, "closed")
    role, left = days(reps, "role_start")[rep], days(reps, "left")[rep]
    assert (days(reps, "hired") <= days(reps, "role_start")).all()
    assert (created >= role).all()
    assert ((left < 0) | (created < left)).all()
    assert ((left < 0) | ((closed >= 0) & (closed < left))).all()
    assert np.array_equal(codes(reps, "region")[rep], codes(deals, "region"))


def test_people_are_in_order(any_company: Company) -> None:
    """Every rep but one has another rep as manager; absences lie inside the time in the role; ramps rise to full quota."""
    reps = any_company.reps
    manager, ids = reps["manager"], reps["id"]
    assert (manager == ids).sum() == 0
    assert sum(name is None for name in manager) == 1
    assert {name for name in manager if name is not None} <= set(ids)
    role, left = days(reps, "role_start"), days(reps, "left")
    away = [(at, span) for at, spans in enumerate(reps.absences) for span in spans]
    assert all(role[at] < span.start_day and (left[at] < 0 or span.end_day <= left[at]) for at, span in away)
    assert all(list(ramp) == sorted(ramp) and max(ramp, default=0) < 1 for ramp in reps.ramps)
    assert ((left < 0) | (left > role)).all()
    assert (left <= reps_day(any_company)).all()


def reps_day(company: Company) -> int:
    return int(company.deals.as_of_day or 0)


def test_the_last_change_is_how_a_deal_stands(any_company: Company) -> None:
    """The history has each deal from its creation on, in order of days, and its last row is the deal as the book has it."""
    deals, history = any_company.deals, any_company.history
    deal, date = history.column("deal").values, days(history, "date")
    first = np.flatnonzero(np.diff(deal, prepend=-1))
    last = np.append(first[1:], len(deal)) - 1 if len(deal) else first
    assert np.array_equal(deal[first], deals.column("id").values)
    assert np.array_equal(date[first], days(deals, "created"))
    assert (codes(history, "stage")[first] == 0).all()
    assert history.take(last).column("stage").equals(deals.column("stage"))
    assert history.take(last).column("expected_close").equals(deals.column("expected_close"))
    assert history.take(last).column("amount").equals(deals.column("amount"))
    closed = codes(deals, "outcome") != OPEN
    assert np.array_equal(date[last][closed], days(deals, "closed")[closed])


def test_every_change_changes_something(any_company: Company) -> None:
    """Stages go forward only, days do not go back, one row a day and deal suffices, and no row repeats the one before."""
    history = any_company.history
    same = np.diff(history.column("deal").values) == 0
    stage, date, expected = codes(history, "stage"), days(history, "date"), days(history, "expected_close")
    step, later = np.diff(stage)[same], np.diff(date)[same]
    assert (step >= 0).all()
    assert (later >= 0).all()
    assert (stage[1:][same][later == 0] > 3).all()
    assert ((step > 0) | (np.diff(expected)[same] != 0)).all()
    assert (stage[:-1][same] <= 3).all()


def test_quotas_are_for_people_who_are_there(any_company: Company) -> None:
    """Quotas belong to reps employed in the quarter, cover fiscal quarters past the last day, and are whole numbers."""
    quotas, reps, calendar = any_company.quotas, any_company.reps, any_company.calendar
    rep, start, end = codes(quotas, "rep"), days(quotas, "start"), days(quotas, "end")
    own = rep >= 0
    assert np.array_equal(own, codes(quotas, "team") < 0)
    since = days(quotas, "effective_from")
    assert ((since >= start) & (since < end)).all()
    role, left = days(reps, "role_start")[rep[own]], days(reps, "left")[rep[own]]
    assert (role < end[own]).all()
    assert ((left < 0) | (left > since[own])).all()
    assert quotas.periods() == calendar.quarters("2024-01-17", "2027-02-01")
    minor = quotas.column("amount").minor
    assert (minor > 0).all()
    assert (minor % 100_00 == 0).all()


def test_a_few_quotas_change_and_one_team_has_a_number(company: Company) -> None:
    """Some quotas change inside their quarter; one team has a number for the last quarter of each fiscal year."""
    quotas = company.quotas
    team = codes(quotas, "team")
    changed = days(quotas, "effective_from") > days(quotas, "start")
    assert 0.005 < changed.mean() < 0.05
    assert len(np.unique(team[team >= 0])) == 1
    stated = [str(day) for day in quotas["start"][team >= 0]]
    assert stated == ["2023-11-01", "2024-11-01", "2025-11-01", "2026-11-01"]


def test_forecasts_are_made_by_reps_at_work(any_company: Company) -> None:
    """A call is made inside its quarter by a rep in the role and not away, once a category and day, and known by now."""
    calls, reps = any_company.forecasts, any_company.reps
    rep, given = codes(calls, "rep"), days(calls, "given")
    assert calls.column("rep").levels == tuple(reps["id"])
    assert ((given >= days(calls, "start")) & (given < days(calls, "end"))).all()
    assert (given <= reps_day(any_company)).all()
    role, left = days(reps, "role_start")[rep], days(reps, "left")[rep]
    assert ((role <= given) & ((left < 0) | (left > given))).all()
    away = np.array([spans[0].start_day if spans else 1 << 30 for spans in reps.absences])[rep]
    back = np.array([spans[0].end_day if spans else 0 for spans in reps.absences])[rep]
    assert ((given < away) | (given >= back)).all()
    key = (rep << 20) + given
    assert len(np.unique(key * 2 + codes(calls, "category"))) == len(calls)


def test_forecasts_include_what_is_won(any_company: Company) -> None:
    """No call is below what its rep had won in the quarter by that day, and best case is never below commit."""
    deals, calls, reps = any_company.deals, any_company.forecasts, any_company.reps
    begin = int(days(calls, "start").min()) if len(calls) else 0
    width = reps_day(any_company) - begin + 2
    won = np.zeros((len(reps), width), dtype=np.int64)
    rows = np.flatnonzero(codes(deals, "outcome") == WON)
    at = (codes(deals, "rep")[rows], days(deals, "closed")[rows] - begin + 1)
    np.add.at(won, at, deals.column("amount").minor[rows])
    upto = won.cumsum(axis=1)
    rep, given, start = codes(calls, "rep"), days(calls, "given"), days(calls, "start")
    so_far = upto[rep, given - begin + 1] - upto[rep, start - begin]
    amount = calls.column("amount").minor
    assert (amount >= so_far).all()
    commit, best = amount.reshape(-1, 2).T
    assert (best >= commit).all()


# --- it looks like a company -----------------------------------------------------------------------------------------


def test_win_rates_and_cycles_are_usual(company: Company) -> None:
    """Each segment wins 20 to 35 of a hundred decided deals and takes 30 to 120 days to do so; larger ones take longer."""
    deals = company.deals
    outcome, segment = codes(deals, "outcome"), codes(deals, "segment")
    length = days(deals, "closed") - days(deals, "created")
    cycles = []
    for code in range(5):
        won, lost = ((segment == code) & (outcome == which) for which in (WON, LOST))
        assert 0.20 <= won.sum() / (won.sum() + lost.sum()) <= 0.35
        cycles.append(float(np.median(length[won])))
    assert min(cycles) >= 30
    assert max(cycles) <= 120
    small, strategic = (deals.column("segment").levels.index(name) for name in ("SMB", "Strategic"))
    assert cycles[small] < cycles[strategic]
    assert 0.02 < (outcome == OPEN).mean() < 0.10
    assert 0.08 < (outcome == NO_DECISION).mean() < 0.25


def test_some_open_deals_are_overdue_undated_or_without_amount(company: Company) -> None:
    """A few of a hundred open deals have an expected close that has passed, none at all, or no amount yet."""
    deals = company.deals
    is_open = codes(deals, "outcome") == OPEN
    expected = days(deals, "expected_close")[is_open]
    assert 0.02 < ((expected >= 0) & (expected < deals.as_of_day)).mean() < 0.15
    assert 0.005 < (expected < 0).mean() < 0.06
    assert 0.005 < deals.column("amount").missing()[is_open].mean() < 0.06


def test_wins_come_late_in_the_quarter_and_in_the_year(company: Company) -> None:
    """The last two weeks of a quarter have far more than their share of the wins, and the fourth quarter the most."""
    deals, calendar = company.deals, company.calendar
    closed = days(deals, "closed")[codes(deals, "outcome") == WON]
    found = calendar.period_of(closed)
    left = found.periods.ends[found.codes] - closed
    assert 0.3 < (left <= 14).mean() < 0.6
    by_quarter = np.bincount(found.codes, minlength=12)[:12].reshape(3, 4).sum(axis=0)
    assert by_quarter.argmax() == 3


def test_close_dates_slip(company: Company) -> None:
    """Expected closes move, more often out than in."""
    history = company.history
    same = np.diff(history.column("deal").values) == 0
    expected = days(history, "expected_close")
    dated = same & (expected[1:] >= 0) & (expected[:-1] >= 0)
    moved = np.diff(expected)[dated]
    assert 0.3 < (moved > 0).sum() / len(company.deals) < 2
    assert (moved > 0).sum() > 2 * (moved < 0).sum() > 0


def booked_and_quota(company: Company) -> tuple[Any, Any]:
    """Return what each rep won, and should have won, in each fiscal quarter that is over."""
    deals, calendar = company.deals, company.calendar
    quarters = calendar.quarters("2023-02-01", "2026-11-01")
    shape = len(company.reps), len(quarters)
    won = np.flatnonzero(codes(deals, "outcome") == WON)
    booked, quota = np.zeros(shape, dtype=np.int64), np.zeros(shape)
    at = quarters.period_of(days(deals, "closed")[won])
    np.add.at(booked, (codes(deals, "rep")[won], at), deals.column("amount").minor[won])
    part = company.quotas.segments()
    share = (part.until - part.start) / (part.quota_end - part.quota_start)
    rep, at = codes(company.quotas, "rep")[part.row], quarters.period_of(part.start)
    own = (rep >= 0) & (at >= 0)
    np.add.at(quota, (rep[own], at[own]), (part.minor * share)[own])
    return booked, quota


def test_quotas_fit(company: Company) -> None:
    """Reps together make 0.65 to 1.05 of quota in every quarter; a quarter to half of them make it; nearly all is credited."""
    booked, quota = booked_and_quota(company)
    has = quota > 0
    together = (booked * has).sum(axis=0) / quota.sum(axis=0)
    assert ((together > 0.65) & (together < 1.05)).all()
    assert 0.7 < (booked * has).sum() / quota.sum() < 1.0
    attained = booked[has] / quota[has]
    assert 0.2 < (attained >= 1).mean() < 0.5
    assert 0.4 < np.median(attained) < 1.0
    assert (booked * ~has).sum() < 0.02 * booked.sum()


def test_forecasters_differ_and_calls_get_better(company: Company) -> None:
    """Some reps call far more than comes and some far less, and calls late in a quarter are nearer than early ones."""
    booked, _ = booked_and_quota(company)
    calls = company.forecasts
    rep, start, given = codes(calls, "rep"), days(calls, "start"), days(calls, "given")
    actual = booked[rep, company.calendar.quarters("2023-02-01", "2026-11-01").period_of(start)]
    amount, week = calls.column("amount").minor, (given - start) // 7
    commit = codes(calls, "category") == 0
    errors = [np.abs(amount - actual)[commit & (week == w)].sum() for w in (0, 6, 12)]
    assert errors[0] > errors[1] > errors[2]
    called, came = (np.bincount(rep[commit], values[commit]) for values in (amount, actual))
    ratio = called[came > 0] / came[came > 0]
    assert (ratio > 1.1).mean() > 0.15
    assert (ratio < 0.9).mean() > 0.15


def test_reps_come_and_go(company: Company) -> None:
    """Reps are hired all along, some leave, some are away, and new ones ramp: they win less in their first months."""
    reps, deals = company.reps, company.deals
    role, left = days(reps, "role_start"), days(reps, "left")
    start = np.datetime64("2023-02-01", "D").astype(int)
    assert 0.3 < (role > start).mean() < 0.7
    assert 0.15 < (left >= 0).mean() < 0.6
    assert any(reps.absences)
    assert any(role > days(reps, "hired"))
    assert {len(ramp) for ramp in reps.ramps} == {0, 3, 6}
    rep = codes(deals, "rep")
    hired = role[rep] > start
    age = days(deals, "created")[hired] - role[rep[hired]]
    assert (age < 60).sum() < (((age >= 200) & (age < 260)).sum())


# --- sizes and arguments ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", SMALL)
def test_small_companies_work(size: int) -> None:
    """Any number of deals makes a company, with a handful of reps, quotas and forecasts even for no deals."""
    company = sample_company(deals=size, rng=size)
    assert len(company.deals) == size
    assert len(company.reps) == 4
    assert len(company.quotas) > 40
    assert len(company.forecasts) > 100
    assert company.calendar == FiscalCalendar(start_month=2)


def test_reps_go_with_deals() -> None:
    """There is about one rep for 60 deals a year, leavers included, and never more than two thousand."""
    assert 80 <= len(sample_company(deals=20_000).reps) <= 100
    crowded = sample_company(deals=20_000, start="2026-10-20", as_of="2026-10-31", history=False)
    assert len(crowded.reps) == 2_000


@pytest.mark.parametrize(
    ("start", "as_of"),
    [
        ("2026-10-31", "2026-10-31"),
        ("2025-12-24", "2026-01-31"),
        ("1990-01-01", "2030-06-30"),
        ("2024-02-29", "2024-05-01"),
    ],
)
def test_any_days_will_do(start: str, as_of: str) -> None:
    """One day, a few weeks, forty years: deals lie between the days, and quotas go past the last one."""
    company = sample_company(deals=300, rng=1, start=start, as_of=as_of)
    created = company.deals["created"]
    assert str(created.min()) >= start
    assert str(created.max()) <= as_of
    assert str(company.quotas["end"].max()) > as_of
    assert deal_problems(company.deals.columns, company.deals.as_of_day) == []
    assert quota_problems(company.quotas.columns, len(company.quotas)) == []


@pytest.mark.parametrize("rng", [np.random.RandomState(1), np.random])
def test_the_legacy_generator_is_refused(rng: object) -> None:
    """The legacy random state is refused with the way out."""
    with pytest.raises(InvalidTypeError, match=r"`rng` must be a seed or a numpy.random.Generator") as caught:
        sample_company(deals=1, rng=rng)
    assert caught.value.hint == "rng=7, or rng=numpy.random.default_rng(7)."


@pytest.mark.parametrize("rng", [-1, True, "7", 1.5])
def test_a_seed_is_a_whole_number(rng: object) -> None:
    """What is neither a whole number nor a generator is refused."""
    with pytest.raises(
        InvalidArgumentError, match=r"`rng` must be a whole number >= 0 or a numpy.random.Generator; got"
    ):
        sample_company(deals=1, rng=rng)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"deals": -1}, r"`deals` must be a whole number >= 0; got -1."),
        ({"start": "2026-11-01"}, r"`as_of` must be 2026-11-01 or one of the 20,000 days from it on; got 2026-10-31."),
        ({"start": "1989-12-31"}, r"`start` must not be before 1990-01-01; got 1989-12-31."),
        ({"as_of": "2199-01-01"}, r"`as_of` must be 2023-02-01 or one of the 20,000 days from it on; got 2199-01-01."),
        ({"currency": "usd"}, r"`currency` must"),
    ],
)
def test_arguments_are_checked(arguments: dict[str, Any], sentence: str) -> None:
    """An argument that makes no company is refused with its rule and its value."""
    with pytest.raises(InvalidArgumentError, match=sentence):
        sample_company(**arguments)


# --- the tables behind it --------------------------------------------------------------------------------------------


def test_the_skewed_table_is_a_lognormal() -> None:
    """The table of sizes rises from draw to draw and lies within two of a hundred of the lognormal it stands for."""
    stats = pytest.importorskip("scipy.stats")
    table = skewed()
    assert len(table) == ONE
    assert (np.diff(table) >= 0).all()
    draw = np.arange(1 << 10, ONE - (1 << 10))
    wanted = np.exp(0.45 * stats.norm.ppf(draw / ONE)) * ONE
    assert np.abs(table[draw] / wanted - 1).max() < 0.02


def test_a_picker_gives_each_choice_its_weight() -> None:
    """Each choice has its part of the draws, to the last one; a weight of 0 has none."""
    assert np.bincount(picker((1, 0, 2, 1))).tolist() == [ONE // 4, 0, ONE // 2, ONE // 4]
    assert len(picker((1, 1, 1))) == ONE
