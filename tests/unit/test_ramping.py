"""Ramp metrics at their doors: the tally, refusals, and reps who are early, undated, gone, or not there yet."""

from __future__ import annotations

import math
from typing import Any

import pytest

import salesmetrics as sm
from salesmetrics.tallies import TenureTally

SEEN: dict[str, Any] = {"as_of": "2026-06-30", "since": "2026-01-01"}


def won(id: str, rep: str | None, closed: str, amount: Any = 100) -> sm.Deal:
    return sm.Deal(id, rep, amount, closed=f"2026-{closed}", outcome="won")


REPS = [
    sm.Rep("Ana", team="East", hired="2026-01-01"),
    sm.Rep("Ben", team="East", hired="2026-01-01", left="2026-03-01"),
    sm.Rep("Cid", team="West", hired="2026-02-01"),
    sm.Rep("Dee", team="West", hired="2025-06-01"),
    sm.Rep("Eve", team=None),
    sm.Rep("Fay", team="West", hired="2026-08-01"),
]
DEALS = [
    won("1", "Ana", "01-11"),
    won("2", "Ana", "02-05"),
    won("3", "Ana", "03-05"),
    won("4", "Cid", "03-03"),
    won("5", "Dee", "01-05"),
    won("6", "Eve", "01-06"),
    won("7", None, "01-07"),
    won("8", "Ben", "03-01"),
]
QUOTAS = [sm.Quota(name, "2026-01-01", "2027-01-01", 36_500) for name in ("Ana", "Ben", "Cid", "Dee")]


def books() -> tuple[sm.DealBook, sm.QuotaBook, sm.RepBook]:
    return sm.read_deals(DEALS), sm.read_quotas(QUOTAS), sm.read_reps(REPS)


def first(**asked: Any) -> sm.MetricTable:
    deals, _, reps = books()
    return sm.time_to_first_deal(deals, reps, **{**SEEN, **asked})


# --- who counts ------------------------------------------------------------------------------------------------------


def test_first_deal_counts_every_rep_who_started():
    """Two of three won; the leaver's deal of the day of leaving is not his; early and undated are counted apart."""
    row = first()["all"]
    assert (row.value, row.n, row.parts["events"], row.parts["survival"]) == (30, 3, 2, pytest.approx(1 / 3))
    counts = {"started before the data": 1, "no start day": 1, "observed too late": 0}
    assert first().left_out == {**counts, "wins of reps who are not in the book": 0}


def test_wins_of_strangers_are_counted_and_all_of_them_refused():
    """A rep book that knows none of the winners is of another kind of ids; one that misses some is told so."""
    deals = sm.read_deals(
        {"rep": ["1", "2"], "amount": [5, 5], "outcome": ["won", "won"], "closed": ["2026-02-01", "2026-03-01"]}
    )
    some = sm.read_reps([sm.Rep("1", hired="2026-01-01")])
    asked = {"as_of": "2026-06-01", "since": "2026-01-01"}
    table = sm.time_to_first_deal(deals, some, **asked)
    assert table.left_out["wins of reps who are not in the book"] == 1
    with pytest.raises(sm.InvalidDataError, match="must know every rep"):
        sm.time_to_first_deal(deals, sm.read_reps([sm.Rep(1, hired="2026-01-01")]), **asked)


def test_a_rep_who_starts_after_the_day_does_not_exist_yet():
    """Fay is in no row and in no count; a month later she is censored."""
    assert "Fay" not in list(first(by="rep").labels)
    assert first(as_of="2026-09-30", by="rep")["Fay"].n == 1


def test_early_reps_may_join_on_the_first_day_observed():
    """Left out by default; truncated, Dee enters at 214 days and wins at 218."""
    joined = first(early="truncate", by="rep")
    assert (joined["Dee"].value, joined["Dee"].n) == (218, 1)
    assert joined.left_out["started before the data"] == 0
    assert first(by="rep")["Dee"].reason == "no_rows"
    gone = sm.read_reps([sm.Rep("Dee", hired="2025-06-01", left="2026-01-01")])
    table = sm.time_to_first_deal(books()[0], gone, early="truncate", **SEEN)
    assert (table["all"].n, table.left_out["started before the data"]) == (0, 1)


def test_leavers_are_censored_or_compete():
    """A leaver without a win keeps his share of the curve when leaving competes."""
    only = sm.read_reps([sm.Rep(n, hired="2026-01-01", left=None if n < "x" else "2026-01-05") for n in "abcxyz"])
    deals = sm.read_deals([won(n, n, f"02-0{k}") for k, n in enumerate("abc", 1)])
    censored = sm.time_to_first_deal(deals, only, **SEEN)["all"]
    assert (censored.value, censored.n) == (32, 6)
    competing = sm.time_to_first_deal(deals, only, leavers="compete", **SEEN)
    assert (competing["all"].value, competing.low, competing.high) == (33, None, None)
    assert "leaving competes" in competing.definition


def test_the_clock_starts_with_the_role_or_with_the_hire():
    """``ramp_from`` moves the start, and wins of an earlier role are no first deal of this one."""
    reps = sm.read_reps([sm.Rep("Ana", hired="2026-01-01", role_start="2026-02-01")])
    deals = sm.read_deals(DEALS)
    assert sm.time_to_first_deal(deals, reps, **SEEN)["all"].value == 4
    assert sm.time_to_first_deal(deals, reps, ramp_from="hired", **SEEN)["all"].value == 10


def test_the_data_begin_with_the_first_deal_unless_it_is_said():
    """Without ``since`` the first day on which a deal was created or closed is the first day observed."""
    deals, _, reps = books()
    table = sm.time_to_first_deal(deals, reps, as_of="2026-06-30")
    assert "observed from 2026-01-05 to 2026-06-30" in table.definition
    assert table.left_out["started before the data"] == 3
    opened = sm.read_deals([*DEALS, sm.Deal("9", "Cid", 5, created="2025-12-01")])
    assert "observed from 2025-12-01" in sm.time_to_first_deal(opened, reps, as_of="2026-06-30").definition


def test_a_credit_is_no_win_and_a_win_without_amount_is_one():
    """The first deal is the first one that is not a credit."""
    reps = sm.read_reps([sm.Rep("Ana", hired="2026-01-01")])
    rows = [won("1", "Ana", "01-03", -5), won("2", "Ana", "01-09", None), won("3", "Ana", "01-20")]
    deals = sm.read_deals(rows, allow_negative=True)
    assert sm.time_to_first_deal(deals, reps, **SEEN)["all"].value == 8


def test_splits_decide_whose_first_deal_it_is():
    """The rep with a share of the deal has won."""
    deals, _, reps = books()
    splits = sm.read_splits([sm.Split("1", "Ana", 0.5), sm.Split("1", "Cid", 0.5), sm.Split("4", "Ana", 1.0)])
    table = sm.time_to_first_deal(deals, reps, by="rep", splits=splits, **SEEN)
    assert (table["Ana"].value, table["Cid"].reason) == (10, "not_reached")


# --- rows ------------------------------------------------------------------------------------------------------------


def test_rows_are_labels_of_the_reps():
    """Teams, managers, cohorts and the reps themselves; a missing label is a row, the last one."""
    table = first(by="team")
    assert list(table.labels) == ["East", "West", None]
    assert table.n.tolist() == [2, 1, 0]
    assert table.reason.tolist() == ["", "", "no_rows"]
    deals, quotas, _ = books()
    cohorts = sm.read_reps(
        {
            "id": ["Ana", "Ben", "Cid"],
            "hired": ["2026-01-01", "2026-01-01", "2026-02-01"],
            "cohort": ["Q1a", "Q1a", "Q1b"],
        }
    )
    assert sm.time_to_first_deal(deals, cohorts, by="cohort", **SEEN)["Q1b"].value == 30
    curve = sm.ramp_curve(deals, quotas, cohorts, by="cohort", **SEEN)
    assert curve.labels.names == ("cohort", "tenure_month")
    assert curve["Q1a", 1].n == 2
    months = sm.ramp_time(deals, quotas, cohorts, by=("cohort", "rep"), threshold=0.01, **SEEN)
    assert months["Q1b", "Cid"].value == 2


def test_where_picks_reps():
    """A mapping or a mask of the rep book leaves the others out altogether."""
    assert first(where={"team": "West"}).n.tolist() == [1]
    mask = books()[2]["team"] == "East"
    assert first(where=mask, by="rep").labels.names == ("rep",)
    assert list(first(where=mask, by="rep").labels) == ["Ana", "Ben"]


def test_one_rep():
    """One event: the median is it, its interval open above; without one there is none."""
    ana = first(by="rep")["Ana"]
    assert (ana.value, ana.low, ana.high) == (10, 10, math.inf)
    ben = first(by="rep")["Ben"]
    assert (ben.reason, ben.n, ben.parts["survival"]) == ("not_reached", 1, 1)
    assert math.isnan(ben.value)
    assert math.isnan(ben.low)
    assert first(confidence_level=None).low is None


def test_numbers_of_reps_may_be_ids():
    """Ids that are whole numbers stay whole numbers."""
    reps = sm.read_reps({"id": [7, 3], "hired": ["2026-01-01"] * 2})
    deals = sm.read_deals({"rep": [3], "amount": [1], "closed": ["2026-01-08"], "outcome": ["won"]})
    table = sm.time_to_first_deal(deals, reps, by="rep", **SEEN)
    assert list(table.labels) == [3, 7]
    assert table[3].value == 7


# --- months ----------------------------------------------------------------------------------------------------------


def test_ramp_time_of_months():
    """Ana sells 100 in each of three months of about 3,000; held for k months."""
    for sustained, month in ((1, 1), (2, 1), (3, 1), (4, None)):
        row = sm.ramp_time(*books(), threshold=0.03, sustained=sustained, by="rep", **SEEN)["Ana"]
        assert row.value == month or (month is None and row.reason == "not_reached")


def test_months_without_quota_are_skipped_or_count_as_below():
    """Quotas of January and March only: the gap is bridged, or breaks the run."""
    deals, _, reps = books()
    with pytest.warns(sm.SalesMetricsWarning, match="'Ana' from 2026-02-01 to 2026-03-01"):
        quotas = sm.read_quotas([sm.Quota("Ana", f"2026-0{k}-01", f"2026-0{k + 1}-01", 100) for k in (1, 3)])
    asked: dict[str, Any] = {"threshold": 1.0, "sustained": 2, "by": "rep", **SEEN}
    assert sm.ramp_time(deals, quotas, reps, **asked)["Ana"].value == 1
    assert sm.ramp_time(deals, quotas, reps, no_quota="count", **asked)["Ana"].reason == "not_reached"


def test_a_rep_without_quota_is_censored_and_counted():
    """Nobody is dropped for want of a number."""
    deals, _, reps = books()
    quotas = sm.read_quotas([sm.Quota("Zed", "2026-01-01", "2026-02-01", 1)])
    row = sm.ramp_time(deals, quotas, reps, threshold=1.0, **SEEN)["all"]
    assert (row.n, row.parts["events"], row.reason) == (3, 0, "not_reached")


def test_a_quota_of_a_team_is_no_quota_of_its_reps():
    """A number without a rep holds nobody."""
    deals, _, reps = books()
    quotas = sm.read_quotas([sm.Quota(None, "2026-01-01", "2027-01-01", 1, team="East")])
    assert sm.ramp_curve(deals, quotas, reps, **SEEN).reason.tolist() == ["no_quota"] * 6


def test_the_curve_holds_whole_months_only():
    """A month with an absence, and the running one, are left out; n falls with those who leave."""
    deals, quotas, _ = books()
    away = [sm.Rep("Ana", hired="2026-01-01", absences=[("2026-02-10", "2026-02-12")]), REPS[1]]
    curve = sm.ramp_curve(deals, quotas, sm.read_reps(away), **{**SEEN, "as_of": "2026-06-29"})
    assert curve.n.tolist() == [2, 1, 1, 1, 1]
    assert curve.parts["booked"].tolist() == [100.0, 0.0, 100.0, 0.0, 0.0]
    assert curve.parts["quota"].tolist() == [6200.0, 2800.0, 3100.0, 3000.0, 3100.0]
    assert curve.value[0] == 100 / 6200


def test_the_median_rep_of_the_curve_is_the_nearest_rank():
    """The lower of two, the middle of three."""
    deals, quotas, _ = books()
    reps = [sm.Rep(name, hired="2026-01-01") for name in ("Ana", "Ben", "Cid")]
    two = sm.ramp_curve(deals, quotas, sm.read_reps(reps[:2]), stat="median", **SEEN)
    assert two[1].value == 0
    three = sm.ramp_curve(deals, quotas, sm.read_reps(reps), stat="median", **SEEN)
    assert three[3].value == 100 / 3100
    assert three[3].n == 3


def test_quotas_with_fewer_decimals_than_the_deals():
    """Quotas in whole units beside deals in cents are the same money; finer ones are refused."""
    deals, quotas, reps = books()
    whole = sm.read_quotas(QUOTAS, scale=0)
    asked: dict[str, Any] = {"threshold": 0.03, **SEEN}
    assert sm.ramp_time(deals, whole, reps, **asked).equals(sm.ramp_time(deals, quotas, reps, **asked))
    with pytest.raises(sm.InvalidArgumentError, match="`quotas` must have at most the decimals of the deals; got 4"):
        sm.ramp_time(deals, sm.read_quotas(QUOTAS, scale=4), reps, **asked)


# --- nothing there ---------------------------------------------------------------------------------------------------

EMPTY_DEALS: dict[str, list[Any]] = {"rep": [], "amount": [], "closed": [], "outcome": []}


def test_empty_books():
    """Without reps nothing counts; without deals nobody has won; both say so and raise nothing."""
    deals, quotas, reps = books()
    nobody = sm.read_reps({"id": [], "hired": []})
    nothing = sm.read_deals(EMPTY_DEALS)
    for row in (
        sm.time_to_first_deal(deals, nobody, **SEEN)["all"],
        sm.ramp_time(deals, quotas, nobody, threshold=1, **SEEN)["all"],
    ):
        assert (row.n, row.reason) == (0, "no_rows")
    assert len(sm.ramp_curve(deals, quotas, nobody, **SEEN)) == 0
    assert sm.ramped_equivalents(nobody, on="2026-01-01")["all"].value == 0
    row = sm.time_to_first_deal(nothing, reps, **SEEN)["all"]
    assert (row.n, row.parts["events"], row.reason) == (3, 0, "not_reached")
    assert sm.ramp_curve(nothing, quotas, reps, **SEEN)[1].value == 0
    assert sm.time_to_first_deal(nothing, nobody, by="rep", **SEEN).n.tolist() == []


@pytest.mark.parametrize(("stat", "reason"), [("naive_mean", "not_reached"), ("restricted_mean", "not_observed")])
def test_every_statistic_says_why_it_is_not_there(stat, reason):
    """No events have no mean; a horizon beyond the longest tenure was not observed; a nearer one was."""
    reps = sm.read_reps([sm.Rep("Ana", hired="2026-06-01")])
    within = None if stat == "naive_mean" else 30
    deals = sm.read_deals(EMPTY_DEALS)
    row = sm.time_to_first_deal(deals, reps, stat=stat, within=within, **SEEN)["all"]
    assert (row.reason, row.n) == (reason, 1)
    if within:
        assert sm.time_to_first_deal(deals, reps, stat=stat, within=29, **SEEN)["all"].value == 29


# --- the tally -------------------------------------------------------------------------------------------------------


def test_parts_of_the_deals_add_up_to_the_whole():
    """Any cut of the deals; the first win is the earliest of the parts."""
    deals, quotas, reps = books()
    whole = TenureTally.from_book(deals, reps, quotas, by="team", **SEEN)
    cut = [sm.read_deals(DEALS[k::3]) for k in (2, 0, 1)]
    tally = sum(TenureTally.from_book(part, reps, quotas, by="team", **SEEN) for part in cut)
    assert tally.equals(whole)
    for metric in (
        lambda t: sm.time_to_first_deal(t, leavers="compete"),
        lambda t: sm.ramp_time(t, threshold=0.03, sustained=2),
        sm.ramp_curve,
    ):
        assert metric(tally).equals(metric(whole))
    assert sm.ramp_curve(tally).equals(sm.ramp_curve(deals, quotas, reps, by="team", **SEEN))
    assert not tally.equals(TenureTally.from_book(cut[0], reps, quotas, by="team", **SEEN))


def test_a_tally_is_asked_again_without_grouping():
    """Given a tally, what was decided when it was made is refused by name."""
    deals, quotas, reps = books()
    tally = TenureTally.from_book(deals, reps, quotas, **SEEN)
    for name, value in {"by": "team", "as_of": "2026-01-01", "since": "2026-01-01", "ramp_from": "hired"}.items():
        with pytest.raises(sm.MergeError, match=f"`{name}` must not be given with a tally"):
            sm.time_to_first_deal(tally, **{name: value})
    with pytest.raises(sm.MergeError, match="`of` must not be given with a tally"):
        sm.ramp_time(tally, threshold=1, of="assigned_quota")
    with pytest.raises(sm.MergeError, match="`reps` must not be given with a tally"):
        sm.time_to_first_deal(tally, reps)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"since": "2026-01-02"}, "`since_day` must be the same"),
        ({"as_of": "2026-06-29"}, "`as_of_day` must be the same"),
        ({"ramp_from": "hired"}, "`ramp_from` must be the same"),
        ({"of": "assigned_quota"}, "`of` must be the same"),
        ({"by": "team"}, "`by` must be the same"),
        ({"where": {"team": "East"}}, "`reps` must be the same in tenures"),
    ],
)
def test_tallies_that_do_not_belong_together_are_refused(change, sentence):
    """Another first day, day, clock, quota, grouping or team of reps."""
    deals, quotas, reps = books()
    one, other = (TenureTally.from_book(deals, reps, quotas, **{**SEEN, **more}) for more in ({}, change))
    with pytest.raises(sm.MergeError, match=sentence):
        one + other


def test_tallies_of_other_people_or_quotas_are_refused():
    """The reps' days and the quotas must be the whole ones in every part."""
    deals, quotas, reps = books()
    one = TenureTally.from_book(deals, reps, quotas, **SEEN)
    later = sm.read_reps([sm.Rep("Ana", team="East", hired="2026-01-02"), *REPS[1:]])
    with pytest.raises(sm.MergeError, match="`start` must be the same in tenures"):
        one + TenureTally.from_book(deals, later, quotas, **SEEN)
    with pytest.raises(sm.MergeError, match="`quota` must be the same in tenures"):
        one + TenureTally.from_book(deals, reps, sm.read_quotas(QUOTAS[:3]), **SEEN)
    with pytest.raises(sm.MergeError, match="`of` must be the same"):
        one + TenureTally.from_book(deals, reps, **SEEN)


# --- refusals --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("threshold", [0, -1, math.nan, math.inf, True, "0.8", None])
def test_a_threshold_is_a_finite_number_above_0(threshold):
    """And never a guess."""
    with pytest.raises(sm.InvalidArgumentError, match="`threshold` must be a finite number above 0"):
        sm.ramp_time(*books(), threshold=threshold, **SEEN)


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"sustained": 0}, "`sustained` must be a whole number >= 1; got 0"),
        ({"sustained": 1.5}, "`sustained` must be a whole number >= 1; got 1.5"),
        ({"stat": "mean"}, "`stat` must be one of 'median', 'naive_mean', 'restricted_mean'; got 'mean'"),
        ({"leavers": "drop"}, "`leavers` must be one of 'censor', 'compete'; got 'drop'"),
        ({"early": "leave_out"}, "`early` must be one of 'exclude', 'truncate'; got 'leave_out'"),
        ({"of": "tenured_median"}, "`of` must be one of 'assigned_quota', 'full_quota'"),
        ({"no_quota": "drop"}, "`no_quota` must be one of 'count', 'skip'"),
        ({"ramp_from": "left"}, "`ramp_from` must be one of 'hired', 'role_start'"),
        ({"within": 3}, "`within` must be given with stat 'restricted_mean' and with no other; got 3 with 'median'"),
        ({"stat": "restricted_mean"}, "`within` must be given with stat 'restricted_mean'"),
        ({"stat": "restricted_mean", "within": -1}, "`within` must be a whole number >= 0; got -1"),
        ({"confidence_level": 95}, "`confidence_level` must lie strictly between 0 and 1; got 95"),
        ({"by": "cohort"}, "`by` must name columns of the book; got 'cohort'"),
    ],
)
def test_arguments_are_refused_with_the_rule(asked, sentence):
    """Each with its name, its rule and what came."""
    with pytest.raises(sm.InvalidArgumentError, match=sentence):
        sm.ramp_time(*books(), threshold=1.0, **{**SEEN, **asked})


def test_books_that_are_missing_are_named():
    """No reps, no quotas, books in the wrong place, a day that nobody said."""
    deals, quotas, reps = books()
    with pytest.raises(sm.InvalidTypeError, match="`reps` must be a RepBook; got 'NoneType'"):
        sm.time_to_first_deal(deals, **SEEN)
    with pytest.raises(sm.InvalidTypeError, match="`reps` must be a RepBook; got 'QuotaBook'"):
        sm.ramp_time(deals, reps, quotas, threshold=1, **SEEN)
    for metric in (lambda *b, **k: sm.ramp_time(*b, threshold=1, **k), sm.ramp_curve):
        with pytest.raises(sm.InvalidArgumentError, match="`quotas` must be given where tenures are held to a quota"):
            metric(deals, None, reps, **SEEN)
        with pytest.raises(sm.InvalidArgumentError, match="`quotas` must be given"):
            metric(TenureTally.from_book(deals, reps, **SEEN))
    with pytest.raises(sm.InvalidArgumentError, match="`as_of` must be given for tenures"):
        sm.time_to_first_deal(deals, reps)
    with pytest.raises(sm.InvalidTypeError, match="`deals` must be a DealBook or its tally"):
        sm.time_to_first_deal({"rep": []}, reps, **SEEN)
    with pytest.raises(sm.InvalidArgumentError, match="`stat` must be one of 'median', 'pooled'"):
        sm.ramp_curve(deals, quotas, reps, stat="mean", **SEEN)


def test_currencies_are_not_mixed():
    """Quotas in euros hold nobody who sells in dollars."""
    deals, quotas = sm.read_deals(DEALS, currency="USD"), sm.read_quotas(QUOTAS, currency="EUR")
    with pytest.raises(sm.InvalidDataError, match="`quotas` must be in the currency of the deals; got EUR beside USD"):
        sm.ramp_time(deals, quotas, books()[2], threshold=1, **SEEN)


def test_columns_that_are_missing_are_named():
    """Deals without a rep, an outcome, an amount or a closing day have no first win."""
    reps = books()[2]
    open_ones = sm.read_deals({"rep": ["Ana"], "outcome": ["open"], "amount": [1]})
    with pytest.raises(sm.MissingColumnError, match="`closed` must be a column of the deals for tenures"):
        sm.time_to_first_deal(open_ones, reps, **SEEN)
    columns: dict[str, list[Any]] = {"rep": ["Ana"], "outcome": ["won"], "amount": [1], "closed": ["2026-02-01"]}
    for name in ("rep", "outcome", "amount"):
        deals = sm.read_deals({column: values for column, values in columns.items() if column != name})
        with pytest.raises(sm.MissingColumnError, match=f"`{name}` must be a column of the deals for tenures"):
            sm.time_to_first_deal(deals, reps, **SEEN)


# --- the team on a day -----------------------------------------------------------------------------------------------


def test_ramped_equivalents_by_label():
    """Shares of those who are there, by team and by rep; a team of nobody has no row."""
    reps = sm.read_reps(
        [
            sm.Rep("Ana", team="East", hired="2025-01-01"),
            sm.Rep("Ben", team="East", hired="2026-01-01", ramp=(0.25, 0.5)),
            sm.Rep("Cid", team=None, hired="2026-01-01", absences=[("2026-02-01", "2026-03-01")]),
            sm.Rep("Dee", team="West", hired="2026-05-01"),
        ]
    )
    table = sm.ramped_equivalents(reps, on="2026-02-10", by="team")
    assert (list(table.labels), table.value.tolist(), table.n.tolist()) == (["East"], [1.5], [2])
    table = sm.ramped_equivalents(reps, on="2026-03-10", by="team")
    assert (list(table.labels), table.value.tolist()) == (["East", None], [2.0, 1.0])
    assert sm.ramped_equivalents(reps, on="2026-02-10", by="rep")["Ben"].value == 0.5
    assert sm.ramped_equivalents(reps, on="2026-05-01", where={"team": "West"})["all"].value == 1
