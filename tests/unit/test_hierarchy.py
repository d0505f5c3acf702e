"""Roll-ups by manager at any depth, as the structure stood on a day."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import salesmetrics as sm

DATED = {
    "id": ["Ana", "Ben", "Ben", "Cy", "Dee"],
    "manager": [None, "Ana", "Cy", "Ana", None],
    "since": [None, None, "2026-04-01", None, None],
}
Q2 = sm.Period("2026-04-01", "2026-07-01")


@st.composite
def trees(draw: st.DrawFn) -> dict[str, list[str | None]]:
    """Reps of whom each reports to one drawn before, or to nobody."""
    size = draw(st.integers(1, 12))
    names = [f"r{i:02d}" for i in range(size)]
    bosses = [draw(st.sampled_from([None, *names[:i]])) for i in range(size)]
    order = draw(st.permutations(range(size)))
    return {"id": [names[i] for i in order], "manager": [bosses[i] for i in order]}


def company(names: list[str]) -> tuple[sm.DealBook, sm.QuotaBook]:
    """Return one won deal of 2**i for each rep, and a quota for all but every third."""
    amounts = [2**i for i in range(len(names))]
    deals = sm.read_deals(
        {"rep": names, "amount": amounts, "outcome": ["won"] * len(names), "closed": ["2026-05-02"] * len(names)}
    )
    with_quota = [name for i, name in enumerate(names) if i % 3] or names[:1]
    size = len(with_quota)
    quotas = sm.read_quotas(
        {"rep": with_quota, "start": ["2026-04-01"] * size, "end": ["2026-07-01"] * size, "amount": [100] * size}
    )
    return deals, quotas


def test_the_structure_of_a_day_is_the_latest_row_of_each_rep_by_then() -> None:
    """Ben reported to Ana until the end of March, and to Cy from the first of April."""
    reps = sm.read_reps(DATED)
    assert reps.on("2026-03-31").under("Ana") == ("Ben", "Cy")
    assert reps.on("2026-03-31").under("Cy") == ()
    assert reps.on("2026-04-01").under("Cy") == ("Ben",)
    assert len(reps.on("2026-04-01")) == 4
    assert "since" not in reps.on("2026-04-01").names


def test_a_rep_whose_rows_begin_later_is_not_there_yet() -> None:
    """A structure of a day has nobody from the future."""
    reps = sm.read_reps({"id": ["Ana", "Ben"], "since": ["2026-01-01", "2026-06-01"]})
    assert reps.on("2026-02-01")["id"].tolist() == ["Ana"]


def test_levels_name_who_stands_above_at_each_depth() -> None:
    """A manager stands under its own name at its own depth, and has no label below it."""
    reps = sm.read_reps(DATED).on("2026-04-30").with_levels()
    assert dict(zip(reps["id"], reps["level_1"], strict=True)) == {
        "Ana": "Ana",
        "Ben": "Ana",
        "Cy": "Ana",
        "Dee": "Dee",
    }
    assert dict(zip(reps["id"], reps["level_2"], strict=True)) == {"Ana": None, "Ben": "Cy", "Cy": "Cy", "Dee": None}


@given(trees())
def test_the_parts_of_any_level_add_up_to_the_whole(tree: dict[str, list[str | None]]) -> None:
    """Bookings with and without quota, quotas and reps of all rows of a level are those of the company."""
    reps = sm.read_reps(tree).with_levels()
    deals, quotas = company(tree["id"])  # type: ignore[arg-type]
    whole = sm.attainment(deals, quotas, period=Q2)
    levels = [name for name in reps.label_names if name.startswith("level_")]
    assert levels
    for level in levels:
        parts = sm.attainment(deals, quotas, period=Q2, reps=reps, by=level)
        for name in ("booked", "booked_without_quota", "reps_without_quota"):
            assert parts.parts[name].sum() == whole.parts[name][0]
        assert np.nansum(parts.parts["quota"]) == whole.parts["quota"][0]
        assert parts.n.sum() == whole.n[0]


@given(trees())
def test_a_level_adds_up_everybody_below(tree: dict[str, list[str | None]]) -> None:
    """The row of a manager holds the manager's own deals and those of everybody under it, at any depth."""
    reps = sm.read_reps(tree).with_levels()
    deals, _ = company(tree["id"])  # type: ignore[arg-type]
    own = dict(zip(tree["id"], deals["amount"].tolist(), strict=True))
    depth = {rep: len(way) for rep, way in reps.chain().items()}
    for boss in tree["id"]:
        table = sm.credited_bookings(deals, reps=reps, by=f"level_{depth[boss]}")
        assert table[boss].value == own[boss] + sum(own[rep] for rep in reps.under(boss))  # type: ignore[index]


def test_a_cycle_is_refused_naming_it() -> None:
    """Managers who report to each other are no structure."""
    with pytest.raises(sm.InvalidDataError, match="`manager` must form no cycle; got 'a -> b -> a'") as caught:
        sm.read_reps({"id": ["a", "b"], "manager": ["b", "a"]})
    assert caught.value.code == "SM-REP-04"


def test_a_cycle_of_one_day_only_is_refused_too() -> None:
    """Ben moves under Cy while Cy is still under Ben."""
    rows = {"id": ["Ben", "Cy", "Ben"], "manager": [None, "Ben", "Cy"], "since": [None, None, "2026-04-01"]}
    with pytest.raises(sm.InvalidDataError, match="form no cycle"):
        sm.read_reps(rows)


def test_two_people_who_change_places_on_one_day_form_no_cycle() -> None:
    """Changes of the same day are one change."""
    rows = {
        "id": ["Ben", "Cy", "Ben", "Cy"],
        "manager": [None, "Ben", "Cy", None],
        "since": [None, None, "2026-04-01", "2026-04-01"],
    }
    assert sm.read_reps(rows).on("2026-05-01").under("Cy") == ("Ben",)


def test_a_book_of_several_days_lends_the_labels_of_each_row_s_own_day() -> None:
    """Ben's deal of May stands under Cy, to whom he reports since April, and so does his quota of that quarter."""
    deals, quotas = company(["Ana", "Ben"])
    table = sm.attainment(deals, quotas, period=Q2, reps=sm.read_reps(DATED), by="manager")
    stated = sm.attainment(deals, quotas, period=Q2, reps=sm.read_reps(DATED).on("2026-05-02"), by="manager")
    assert table.equals(stated)
    assert table["Cy"].parts["booked"] == 2.0


def test_a_question_about_one_structure_refuses_several_days() -> None:
    """Who stands below somebody is asked of one day, and the refusal says how to get it."""
    with pytest.raises(sm.InvalidDataError, match="one row for each rep") as caught:
        sm.read_reps(DATED).under("Ana")
    assert (caught.value.code, caught.value.field) == ("SM-REP-06", "reps")
    assert "reps.on(" in str(caught.value.hint)


def test_a_row_twice_from_the_same_day_is_refused() -> None:
    """Which of two rows holds would be a guess."""
    rows = {"id": ["Ben", "Ben"], "manager": ["Ana", "Cy"], "since": ["2026-01-01", "2026-01-01"]}
    with pytest.raises(sm.InvalidDataError, match="stand once from any day on"):
        sm.read_reps(rows)


def test_an_unknown_manager_gets_the_nearest() -> None:
    """A typo in a manager's name is answered with the name that was meant."""
    with pytest.raises(sm.InvalidDataError, match="did you mean 'Ben'"):
        sm.read_reps(DATED).on("2026-05-01").under("Bn")


def test_cohorts_are_the_periods_in_which_reps_start() -> None:
    """The role's first day counts before the day of hire; who starts outside has no cohort; cohorts come in order of time."""
    reps = sm.read_reps(
        {
            "id": ["a", "b", "c", "d"],
            "hired": ["2026-01-10", "2026-02-20", "2025-01-01", None],
            "role_start": [None, "2026-05-01", None, None],
        }
    )
    quarters = sm.FiscalCalendar().quarters("2026-01-01", "2026-07-01")
    cohorts = reps.with_cohorts(quarters)
    assert cohorts["cohort"].tolist() == ["FY2026 Q1", "FY2026 Q2", None, None]
    deals = sm.read_deals({"rep": ["a"], "amount": [1], "outcome": ["won"], "closed": ["2026-02-01"]})
    table = sm.time_to_first_deal(deals, cohorts, by="cohort", as_of="2026-06-30", since="2025-01-01")
    assert table["FY2026 Q1"].value == 22
    assert list(table.labels) == ["FY2026 Q1", "FY2026 Q2", None]
