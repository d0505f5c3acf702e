"""Who was there and in which team: labels by the structure of each row's own day, unknown reps, quotas cut by moves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import salesmetrics as sm
from salesmetrics.staffing import shares_of
from salesmetrics.structure import by_structure, own_days

Q2 = sm.Period("2026-04-01", "2026-07-01")
MOVES = {
    "id": ["Ana", "Ben", "Ben", "Cy"],
    "team": ["East", "East", "West", "West"],
    "manager": [None, "Ana", "Cy", "Ana"],
    "since": [None, None, "2026-05-16", None],
}
WON = {
    "id": ["D1", "D2", "D3", "D4"],
    "rep": ["Ben", "Ben", "Ana", "Cy"],
    "amount": [100, 40, 7, 30],
    "outcome": ["won"] * 4,
    "closed": ["2026-05-15", "2026-05-16", "2026-05-20", "2026-04-02"],
}
QUOTAS = {
    "rep": ["Ana", "Ben", "Cy"],
    "start": ["2026-04-01"] * 3,
    "end": ["2026-07-01"] * 3,
    "amount": [91, 182, 91],
}


def refused(call: Callable[[], Any], kind: type[sm.SalesMetricsError] = sm.InvalidDataError) -> Any:
    """Return the error of a call."""
    with pytest.raises(kind) as caught:
        call()
    return caught.value


# --- the structure of a row's own day ---------------------------------------------------------------------------------


def test_a_deal_counts_for_the_team_of_its_rep_on_the_day_it_was_decided() -> None:
    """Ben moved on 16 May: the deal of the 15th is East's, that of the 16th West's; intervals are half-open."""
    table = sm.credited_bookings(sm.read_deals(WON), reps=sm.read_reps(MOVES), by="team", period=Q2)
    assert (table["East"].value, table["West"].value) == (107.0, 70.0)
    moved = sm.credited_bookings(sm.read_deals(WON), reps=sm.read_reps(MOVES).on("2026-06-30"), by="team", period=Q2)
    assert (moved["East"].value, moved["West"].value) == (7.0, 170.0)


def test_a_quota_is_cut_where_its_rep_moves() -> None:
    """Of 91 days 45 were East's: 182 is 90 there and 92 in West, and the parts add up to the quota."""
    quotas, reps = sm.read_quotas(QUOTAS), sm.read_reps(MOVES)
    table = sm.effective_quota(quotas, period=Q2, reps=reps, by="team")
    assert (table["East"].value, table["West"].value) == (91.0 + 90.0, 91.0 + 92.0)
    rates = sm.attainment(sm.read_deals(WON), quotas, period=Q2, reps=reps, by="team")
    assert rates["East"].value == 107 / 181
    assert rates["West"].value == 70 / 183
    assert rates.parts["booked_without_quota"].tolist() == [0.0, 0.0]
    own = sm.attainment(sm.read_deals(WON), quotas, period=Q2, reps=reps, by=("team", "rep"))
    assert own["East", "Ben"].value == 100 / 90
    assert own["West", "Ben"].value == 40 / 92


def test_a_quota_that_changes_too_is_cut_in_each_of_its_parts() -> None:
    """A raise on 1 May and a move on 16 May: three parts, each with the amount in force."""
    changed = {
        "rep": ["Ben", "Ben"],
        "start": ["2026-04-01"] * 2,
        "end": ["2026-07-01"] * 2,
        "amount": [91, 182],
        "effective_from": ["2026-04-01", "2026-05-01"],
    }
    table = sm.effective_quota(sm.read_quotas(changed), period=Q2, reps=sm.read_reps(MOVES), by="team")
    assert (table["East"].value, table["West"].value) == (30.0 + 15 * 2, 46 * 2.0)


def test_a_mask_of_quotas_stays_with_its_rows() -> None:
    """`where` as a boolean for each quota keeps the parts of the quotas it keeps."""
    quotas, reps = sm.read_quotas(QUOTAS), sm.read_reps(MOVES)
    cut, mask = by_structure(quotas, reps, np.array([False, True, False]))
    assert len(cut) == 4
    assert mask.tolist() == [False, True, False, True]  # type: ignore[attr-defined]
    assert by_structure(quotas, reps.on("2026-04-01"), None)[0] is quotas


def test_open_deals_have_the_structure_of_the_snapshot() -> None:
    """An open deal stands where its rep stands on the book's day, or now where the book has none."""
    rows = {
        "rep": ["Ben"],
        "amount": [10],
        "outcome": ["open"],
        "created": ["2026-01-01"],
        "expected_close": ["2026-09-01"],
    }
    for as_of, team in (("2026-05-15", "East"), ("2026-05-16", "West")):
        deals = sm.read_deals(rows, as_of=as_of)
        assert sm.open_pipeline(deals, reps=sm.read_reps(MOVES), by="team")[team].value == 10.0
        late = sm.read_deals(rows, as_of="2026-06-30")
        assert sm.open_pipeline(late, reps=sm.read_reps(MOVES), by="team", as_of=as_of)[team].value == 10.0
    decided = {**rows, "outcome": ["lost"], "closed": ["2026-06-10"]}
    for as_of, team in (("2026-05-15", "East"), ("2026-05-16", "West")):
        table = sm.open_pipeline(sm.read_deals(decided), reps=sm.read_reps(MOVES), by="team", as_of=as_of)
        assert table[team].value == 10.0
    assert own_days(sm.read_deals(rows)).tolist() == [1 << 20]
    nothing = sm.read_deals({"rep": ["Ben"], "amount": [10]}, as_of="2026-05-15")
    assert own_days(nothing).tolist() == [int(np.datetime64("2026-05-15").astype(np.int64))]


def test_a_rep_who_is_not_there_yet_has_no_team() -> None:
    """Before the first of its rows a rep has no label: the missing row, not a guess."""
    reps = sm.read_reps({"id": ["Ben"], "team": ["East"], "since": ["2026-05-16"]})
    deals = sm.read_deals(WON | {"rep": ["Ben"] * 4})
    table = sm.credited_bookings(deals, reps=reps, by="team")
    assert (table["East"].value, table[None].value) == (47.0, 130.0)


def test_levels_of_a_book_of_several_days_follow_the_moves() -> None:
    """A move of a manager moves everybody below, on the day of the manager's move."""
    reps = sm.read_reps(
        {
            "id": ["Vera", "Ana", "Cy", "Dee", "Dee"],
            "manager": [None, "Vera", "Vera", "Ana", "Cy"],
            "since": [None, None, None, None, "2026-05-01"],
        }
    )
    below = sm.read_reps(
        {
            "id": ["Vera", "Ana", "Cy", "Dee", "Ed", "Dee"],
            "manager": [None, "Vera", "Vera", "Ana", "Dee", "Cy"],
            "since": [None, None, None, None, None, "2026-05-01"],
        }
    ).with_levels()
    assert reps.with_levels().on("2026-04-30").under("Ana") == ("Dee",)
    for day, boss in (("2026-04-30", "Ana"), ("2026-05-01", "Cy")):
        there = below.on(day)
        assert dict(zip(there["id"], there["level_2"], strict=True))["Ed"] == boss
    deals = sm.read_deals(WON | {"rep": ["Ed"] * 4})
    table = sm.credited_bookings(deals, reps=below, by="level_2")
    assert (table["Ana"].value, table["Cy"].value) == (30.0, 147.0)


def test_questions_about_tenure_want_one_row_for_each_rep() -> None:
    """How long somebody has been there is asked of one structure; the hint says how to get it."""
    error = refused(
        lambda: sm.time_to_first_deal(sm.read_deals(WON), sm.read_reps(MOVES), by="team", as_of="2026-07-01")
    )
    assert error.code == "SM-REP-06"
    assert "reps.on(" in error.hint


@st.composite
def moves(draw: st.DrawFn) -> tuple[dict[str, list[Any]], dict[str, list[Any]]]:
    """Reps who change teams on some days, and deals they won."""
    names = [f"r{at}" for at in range(draw(st.integers(1, 4)))]
    rows: dict[str, list[Any]] = {"id": [], "team": [], "since": []}
    for name in names:
        for day in sorted(draw(st.sets(st.integers(1, 28), max_size=3))):
            rows["id"].append(name)
            rows["team"].append(draw(st.sampled_from(["East", "North", "West"])))
            rows["since"].append(f"2026-04-{day:02d}")
        rows["id"].append(name)
        rows["team"].append("Start")
        rows["since"].append("2026-03-01")
    order = draw(st.permutations(range(len(rows["id"]))))
    rows = {column: [values[at] for at in order] for column, values in rows.items()}
    size = draw(st.integers(1, 8))
    deals = {
        "rep": [draw(st.sampled_from(names)) for _ in range(size)],
        "amount": [2**at for at in range(size)],
        "outcome": ["won"] * size,
        "closed": [f"2026-04-{draw(st.integers(1, 30)):02d}" for _ in range(size)],
    }
    return rows, deals


@given(moves())
def test_labels_by_day_are_those_of_the_structure_of_each_day(drawn: tuple[dict[str, Any], dict[str, Any]]) -> None:
    """One question with the changes gives what asking each day's structure about the deals of the day gives."""
    rows, won = drawn
    reps = sm.read_reps(rows)
    table = sm.credited_bookings(sm.read_deals(won), reps=reps, by="team")
    expected: dict[str, float] = {}
    for rep, amount, day in zip(won["rep"], won["amount"], won["closed"], strict=True):
        there = reps.on(day)
        team = dict(zip(there["id"], there["team"], strict=True))[rep]
        expected[team] = expected.get(team, 0.0) + amount
    assert {
        label: row.value for label, row in zip(table.labels, map(table.__getitem__, table.labels), strict=True)
    } == expected


@given(moves())
def test_cut_quotas_add_up_to_the_whole(drawn: tuple[dict[str, Any], dict[str, Any]]) -> None:
    """By team, each quota's days go to the team of the day; together they are the quotas."""
    rows, _ = drawn
    names = sorted(set(rows["id"]))
    quotas = sm.read_quotas(
        {
            "rep": names,
            "start": ["2026-04-01"] * len(names),
            "end": ["2026-05-01"] * len(names),
            "amount": [30] * len(names),
        }
    )
    april = sm.Period("2026-04-01", "2026-05-01")
    table = sm.effective_quota(quotas, period=april, reps=sm.read_reps(rows), by="team")
    assert table.value.sum() == 30.0 * len(names)
    reps = sm.read_reps(rows)
    days = [dict(zip(t["id"], t["team"], strict=True)) for t in (reps.on(f"2026-04-{d:02d}") for d in range(1, 31))]
    for team in table.labels:
        assert table[team].value == sum(there[name] == team for there in days for name in names)


# --- unknown reps -----------------------------------------------------------------------------------------------------


def test_unknown_reps_are_refused_all_at_once() -> None:
    """QPR-1: every name once, in the metric that needs them and, with rows, at the door."""
    reps = sm.read_reps({"id": ["Ana"], "team": ["East"]})
    error = refused(lambda: sm.credited_bookings(sm.read_deals(WON), reps=reps, by="team"))
    assert (error.code, error.field, error.values) == ("SM-REP-05", "rep", ["Ben", "Cy"])
    assert "got 2 of 3 unknown: 'Ben', 'Cy'." in error.message
    assert "unknown='other'" in error.hint
    door = refused(lambda: sm.read_deals(WON, {"rep": "rep"}, reps=reps))
    assert (door.code, door.field, door.column, door.row, door.value) == ("SM-REP-05", "rep", "rep", 0, "Ben")
    assert (door.rows.tolist(), door.keys) == ([0, 1, 3], ["D1", "D2", "D4"])
    assert door.hint == "not in the book of reps: 'Ben', 'Cy'. read_reps(..., unknown='other') takes them together."
    quota = refused(lambda: sm.read_quotas(QUOTAS, reps=reps))
    assert (quota.code, quota.row, quota.value, quota.keys) == ("SM-REP-05", 1, "Ben", ["Ben", "Cy"])
    dropped = sm.read_deals(WON, reps=reps, on_error="drop")
    assert dropped["id"].tolist() == ["D3"]
    assert len(dropped.rejects) == 3


@pytest.mark.parametrize("dated", [False, True])
def test_unknown_reps_stand_together_when_asked(dated: bool) -> None:
    """QPR-1: unknown='other' gives them one label in every column that is lent, and nothing is lost."""
    rows: dict[str, Any] = {"id": ["Ana"], "team": ["East"]} | ({"since": ["2026-01-01"]} if dated else {})
    reps = sm.read_reps(rows, unknown="other")
    deals = sm.read_deals(WON, reps=reps)
    table = sm.credited_bookings(deals, reps=reps, by="team")
    assert {label: table[label].value for label in table.labels} == {"East": 7.0, "other": 170.0}
    quotas = sm.read_quotas(QUOTAS, reps=reps)
    fitted = sm.effective_quota(quotas, period=Q2, reps=reps, by="team")
    assert {label: fitted[label].value for label in fitted.labels} == {"East": 91.0, "other": 273.0}
    assert not reps.equals(sm.read_reps(rows))


def test_who_is_not_in_the_book_counts_as_always_there() -> None:
    """No hire, no absence and no ramp is known of them."""
    reps = sm.read_reps([sm.Rep("Ana", hired="2026-05-01")], unknown="other")
    spans = shares_of(reps)
    assert spans.owner.tolist() == [0, 1]
    assert (int(spans.start[1]), int(spans.end[1]), int(spans.value[1])) == (0, 1 << 20, 1_000_000)
    assert refused(lambda: sm.read_reps({"id": ["Ana"]}, unknown=" "), sm.InvalidArgumentError).code == "SM-REP-09"
    wrong = refused(lambda: sm.read_deals(WON, reps={"id": ["Ana"]}), sm.InvalidTypeError)  # type: ignore[arg-type]
    assert (wrong.code, wrong.field) == ("SM-BOK-12", "reps")


# --- the other rows of the catalogue ----------------------------------------------------------------------------------


def test_overlapping_quotas_are_refused_with_both_rows_and_the_overlap() -> None:
    """QPR-2: two quotas of one rep for the same days; the same bounds and a later effective_from are a changed quota."""
    rows = {
        "rep": ["Ana", "Ben", "Ana"],
        "start": ["2026-01-01", "2026-01-01", "2026-03-01"],
        "end": ["2026-04-01", "2026-04-01", "2026-06-01"],
        "amount": [1, 2, 3],
    }
    error = refused(lambda: sm.read_quotas(rows))
    assert (error.code, error.field, error.column, error.row) == ("SM-QTA-03", "start", "start", 0)
    assert error.rows.tolist() == [0, 2]
    assert error.hint.startswith("'Ana' has two quotas for the days 2026-03-01 to 2026-04-01;")
    same = rows | {"start": ["2026-01-01"] * 3, "end": ["2026-04-01"] * 3, "effective_from": [None, None, "2026-02-01"]}
    assert len(sm.read_quotas(same)) == 3


def test_a_gap_between_quotas_is_warned_of() -> None:
    """QPR-3: attainment in the gap is NaN, bookings still count; a number stated for a team may come and go."""
    rows = {
        "rep": ["Ana"] * 2,
        "start": ["2026-01-01", "2026-03-01"],
        "end": ["2026-02-01", "2026-04-01"],
        "amount": [10, 10],
    }
    with pytest.warns(sm.SalesMetricsWarning) as caught:
        quotas = sm.read_quotas(rows)
    assert len(caught) == 1
    assert str(caught[0].message) == (
        "`start` must follow the rep's quota before it without a gap; got 1 of 2 rows that does not: "
        "\"'Ana' from 2026-02-01 to 2026-03-01\" (attainment in the gap is undefined, bookings still count)."
    )
    assert quotas.notes
    deals = sm.read_deals({"rep": ["Ana"], "amount": [5], "outcome": ["won"], "closed": ["2026-02-10"]})
    table = sm.attainment(deals, quotas, period=sm.Period("2026-02-01", "2026-03-01"), by="rep")
    assert (table["Ana"].reason, table["Ana"].parts["booked"]) == ("no_quota", 5.0)
    assert np.isnan(table["Ana"].value)
    sm.read_quotas(
        {name: values for name, values in rows.items() if name != "rep"} | {"team": ["East"] * 2, "rep": [None] * 2}
    )


def test_quota_without_deals_is_nought_and_deals_without_quota_are_undefined() -> None:
    """QPR-5: 0 and NaN are different answers, both defined."""
    deals = sm.read_deals({"rep": ["Ben"], "amount": [5], "outcome": ["won"], "closed": ["2026-04-10"]})
    quotas = sm.read_quotas({"rep": ["Ana"], "start": ["2026-04-01"], "end": ["2026-07-01"], "amount": [10]})
    table = sm.attainment(deals, quotas, period=Q2, by="rep")
    assert (table["Ana"].value, table["Ana"].reason) == (0.0, "")
    assert (str(table["Ben"].value), table["Ben"].reason) == ("nan", "no_quota")


def test_deals_of_somebody_who_was_not_there_are_warned_of() -> None:
    """QPR-6: decided before the rep was hired, or after it had left, with the rows; kept as they are."""
    reps = sm.read_reps([sm.Rep("Ana", hired="2026-05-21"), sm.Rep("Ben", left="2026-05-16"), sm.Rep("Cy")])
    with pytest.warns(sm.SalesMetricsWarning) as caught:
        deals = sm.read_deals(WON, reps=reps)
    assert len(caught) == 1
    assert (
        "`rep` must be there when the deal was decided, hired and not yet gone, in every row; got 2 of 4 rows"
        in str(caught[0].message)
    )
    assert len(deals) == 4
    there = sm.read_reps([sm.Rep("Ana", hired="2026-05-20"), sm.Rep("Ben", left="2026-05-17"), sm.Rep("Cy")])
    assert sm.read_deals(WON, reps=there).notes == ()


@pytest.mark.parametrize(
    ("managers", "cycle"),
    [
        (["Ana", None, None], "Ana -> Ana"),
        (["Ben", "Cy", "Ana"], "Ana -> Ben -> Cy -> Ana"),
        ([None, "Cy", "Ben"], "Ben -> Cy -> Ben"),
    ],
)
def test_managers_in_a_cycle_are_refused_naming_it(managers: list[Any], cycle: str) -> None:
    """QPR-7: whoever reports to oneself, at any distance; a chain of ten thousand is no cycle and no recursion."""
    error = refused(lambda: sm.read_reps({"id": ["Ana", "Ben", "Cy"], "manager": managers}))
    assert (error.code, error.field, error.column, error.row) == ("SM-REP-04", "manager", "manager", None)
    assert error.value == cycle
    assert error.hint == "someone in it reports to nobody: leave that manager empty."


def test_a_deep_hierarchy_is_read_at_once() -> None:
    """QPR-7: depth is no limit of the check, and the last of a long chain closes the cycle."""
    names = [f"r{at:05d}" for at in range(10_000)]
    assert len(sm.read_reps({"id": names, "manager": [None, *names[:-1]]})) == 10_000
    error = refused(lambda: sm.read_reps({"id": names, "manager": [names[-1], *names[:-1]]}))
    assert error.code == "SM-REP-04"


@pytest.mark.parametrize(
    ("call", "field", "value", "hint"),
    [
        (lambda: sm.FiscalCalendar(start_month=13), "start_month", 13, None),
        (lambda: sm.FiscalCalendar().quarter(2024, 5), "quarter", 5, None),
        (
            lambda: sm.FiscalCalendar(pattern="4-4-5").week(2024, 53),
            "week",
            53,
            "years with 53 weeks near it: FY2022, FY2028.",
        ),
    ],
    ids=["month 13", "quarter 5", "week 53"],
)
def test_periods_that_do_not_exist_are_refused(
    call: Callable[[], Any], field: str, value: int, hint: str | None
) -> None:
    """QPR-8: no thirteenth month, no fifth quarter, no week 53 in a year of 52."""
    error = refused(call, sm.InvalidArgumentError)
    assert (error.code, error.field, error.value, error.hint) == ("SM-CAL-01", field, value, hint)
