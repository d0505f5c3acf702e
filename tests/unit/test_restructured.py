"""Reps who change teams: every number that a history gives counts a deal for the team of the day that the number is about."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import salesmetrics as sm
from salesmetrics.structure import lent_on_own_day

QUARTERS = sm.FiscalCalendar().quarters("2025-01-01", "2026-01-01")
Q2 = sm.Period("2026-04-01", "2026-07-01")
BEN = {"id": ["Ben", "Ben", "Cy"], "team": ["East", "West", "West"], "since": [None, "2026-05-16", None]}
COMPANY = sm.datasets.sample_company(deals=600, rng=11)
LAST = "2026-03-31"
ENDS = (sm.Stage("Won", 3, outcome="won"), sm.Stage("Lost", 4, outcome="lost"))


def restless(rng: int = 5) -> sm.RepBook:
    """Return the reps of the sample company, each of whom changes teams on a few days."""
    random = np.random.default_rng(rng)
    ids = COMPANY.reps["id"].tolist()
    rows: dict[str, list[Any]] = {"id": [], "team": [], "since": []}
    for rep in ids:
        days = np.unique(random.integers(0, 900, size=int(random.integers(3, 12))))
        for since in [None, *(np.datetime64("2024-06-01") + days).astype(str).tolist()]:
            rows["id"].append(rep)
            rows["team"].append(str(random.choice(["East", "North", "West"])))
            rows["since"].append(since)
    return sm.read_reps(rows)


def story(outcome: str = "won") -> tuple[sm.DealBook, sm.DealHistory]:
    """Return one deal of Ben's, created in February, due in June, closed on 10 June or open."""
    due = "2026-07-20" if outcome == "open" else "2026-06-20"
    deals = {
        "id": ["D1"],
        "rep": ["Ben"],
        "amount": [100],
        "created": ["2026-02-02"],
        "expected_close": [due],
        "closed": [None if outcome == "open" else "2026-06-10"],
        "stage": ["Demo" if outcome == "open" else "Won"],
        "outcome": [outcome],
    }
    process = sm.SalesProcess([sm.Stage("Lead", 1), sm.Stage("Demo", 2), *ENDS])
    last = 2 if outcome == "open" else 3
    changes = {
        "deal": ["D1"] * last,
        "date": ["2026-02-02", "2026-04-10", "2026-06-10"][:last],
        "stage": ["Lead", "Demo", "Won"][:last],
        "expected_close": [due] * last,
        "amount": [100] * last,
    }
    book = sm.read_deals(deals, as_of="2026-06-30", process=process)
    return book, sm.read_history(changes, process=process)


# --- the walk --------------------------------------------------------------------------------------------------------


def test_a_deal_goes_with_its_rep_to_the_new_team() -> None:
    """Ben moves in mid-May: his deal leaves East's pipeline and is in West's, by transfers that cancel out."""
    deals, history = story("open")
    walk = sm.WalkTally.from_book(deals, history, period=Q2, due="any", by="team", reps=sm.read_reps(BEN))
    money = {
        team: {b: int(v) // 100 for b, v in zip(walk.buckets, walk.amount[at, 0], strict=True) if v}
        for at, team in enumerate(walk.labels)
    }
    assert money == {
        "East": {"opening": 100, "transferred_out": -100},
        "West": {"transferred_in": 100, "closing": 100},
    }


@pytest.mark.parametrize(("day", "team"), [("2026-06-10", "West"), ("2026-06-11", "East")])
def test_a_win_belongs_to_the_team_of_the_day_it_was_won(day: str, team: str) -> None:
    """The deal of 10 June is West's where Ben has been there since that day, and East's where he moved the day after."""
    deals, history = story()
    reps = sm.read_reps({**BEN, "since": [None, day, None]})
    walk = sm.WalkTally.from_book(deals, history, period=Q2, by="team", reps=reps)
    at = list(walk.labels).index(team)
    assert walk.amount[at, 0, walk.buckets.index("won")] == -100_00
    assert walk.amount[..., walk.buckets.index("won")].sum() == -100_00


@pytest.mark.parametrize("rng", range(4))
def test_the_walk_of_teams_agrees_with_the_pipeline_of_both_days_and_with_bookings(rng: int) -> None:
    """Opening and closing are the pipeline under the structure of their days; what was won is what was booked."""
    reps, deals, history = restless(rng), COMPANY.deals, COMPANY.history
    walk = sm.WalkTally.from_book(deals, history, period=QUARTERS, due="any", by="team", reps=reps)
    known = {label: at for at, label in enumerate(walk.labels)}
    moved = 0
    for place, quarter in enumerate(QUARTERS):
        for bucket, day in (("opening", quarter.start_day - 1), ("closing", quarter.end_day - 1)):
            when = str(np.datetime64(day, "D"))
            then = history.as_of(when, deals)
            table = sm.open_pipeline(then, by="team", reps=reps.on(when), overdue="include", undated="include")
            there = dict(zip(table.labels, table.to_minor().tolist(), strict=True))
            found = {team: int(walk.amount[at, place, walk.buckets.index(bucket)]) for team, at in known.items()}
            assert {team: cents for team, cents in found.items() if cents} == {t: c for t, c in there.items() if c}
        moved += int(walk.count[:, place, walk.buckets.index("transferred_in")].sum())
        won = sm.credited_bookings(deals, by="team", reps=reps, period=quarter)
        found = {team: -int(walk.amount[at, place, walk.buckets.index("won")]) for team, at in known.items()}
        assert {t: c for t, c in found.items() if c} == {
            team: cents for team, cents in zip(won.labels, won.to_minor().tolist(), strict=True) if cents
        }
    assert moved > 0


def test_the_walk_between_two_books_follows_the_moves_too() -> None:
    """Two snapshots and a move between them: the same transfers as from the history."""
    deals, history = story("open")
    reps = sm.read_reps(BEN)
    before, after = history.as_of(["2026-03-31", "2026-06-30"], deals)
    snaps = sm.WalkTally.from_books(before, after, by="team", reps=reps)
    walk = sm.WalkTally.from_book(deals, history, t0="2026-03-31", t1="2026-06-30", by="team", reps=reps)
    assert list(snaps.labels) == list(walk.labels)
    assert (snaps.amount == walk.amount).all()
    assert snaps.amount[0, 0, snaps.buckets.index("transferred_out")] == -100_00


# --- slippage, pushes -------------------------------------------------------------------------------------------------


def test_what_was_due_counts_for_the_team_of_the_day_before() -> None:
    """What was forecast when the quarter began was East's, whoever Ben works for when it is won: the win itself is West's."""
    deals, history = story()
    tally = sm.SlipTally.from_book(deals, history, period=Q2, by="team", reps=sm.read_reps(BEN))
    found = {
        (team, kind)
        for at, team in enumerate(tally.labels)
        for kind, count in zip(tally.kinds, tally.count[at, 0], strict=True)
        if count
    }
    assert found == {("East", "due_won"), ("West", "closed_won")}


@pytest.mark.parametrize("rng", range(3))
def test_slips_of_teams_are_those_of_the_structure_of_their_days(rng: int) -> None:
    """Due and later ones as if the structure of the day before had always held, closed ones as outcomes count them."""
    reps, deals, history = restless(rng), COMPANY.deals, COMPANY.history
    for quarter in QUARTERS:
        tally = sm.SlipTally.from_book(deals, history, period=quarter, by="team", reps=reps)
        before = reps.on(str(np.datetime64(quarter.start_day - 1, "D")))
        fixed = sm.SlipTally.from_book(deals, history, period=quarter, by="team", reps=before)
        closings = [at for at, kind in enumerate(tally.kinds) if kind.startswith("closed")]
        others = [at for at in range(len(tally.kinds)) if at not in closings]
        assert counted(tally, others) == counted(fixed, others)
        outcomes = sm.OutcomeTally.from_book(deals, period=quarter, by="team", reps=reps)
        won = {team: int(outcomes.count[at, 0, 1]) for at, team in enumerate(outcomes.labels)}
        assert counted(tally, closings[:1]) == {team: [n] for team, n in won.items() if n}


def counted(tally: sm.SlipTally, kinds: list[int]) -> dict[Any, list[int]]:
    """Return the counts of some kinds for each team that has any."""
    rows = {team: tally.count[at, 0, kinds].tolist() for at, team in enumerate(tally.labels)}
    return {team: row for team, row in rows.items() if any(row)}


# --- everything else -------------------------------------------------------------------------------------------------

TALLIES = {
    "creations": lambda deals, reps: sm.CreationTally.from_book(
        deals, by="team", period=QUARTERS, reps=reps, as_of=LAST
    ),
    "turns": lambda deals, reps: sm.TurnTally.from_book(deals, by="team", period=QUARTERS, reps=reps, as_of=LAST),
    "pushes": lambda deals, reps: sm.PushTally.from_book(
        deals, COMPANY.history, by="team", window=QUARTERS, reps=reps, as_of=LAST
    ),
    "stages": lambda deals, reps: sm.StageTally.from_book(deals, COMPANY.history, by="team", reps=reps, as_of=LAST),
    "moves": lambda deals, reps: sm.MoveTally.from_book(deals, COMPANY.history, by="team", reps=reps, as_of=LAST),
    "dwells": lambda deals, reps: sm.DwellTally.from_book(deals, COMPANY.history, by="team", reps=reps, as_of=LAST),
    "outcomes": lambda deals, reps: sm.OutcomeTally.from_book(deals, by="team", period=QUARTERS, reps=reps, as_of=LAST),
    "durations": lambda deals, reps: sm.DurationTally.from_book(
        deals, by="team", period=QUARTERS, reps=reps, as_of=LAST
    ),
    "sizes": lambda deals, reps: sm.SizeTally.from_book(deals, by="team", period=QUARTERS, reps=reps, as_of=LAST),
}


@pytest.mark.parametrize("name", TALLIES)
def test_reps_lend_each_deal_the_team_of_its_own_day(name: str) -> None:
    """A team lent by reps who move is the team as it would stand in a column: that of the day decided, of `as_of` if open."""
    reps, deals = restless(3), COMPANY.deals
    day = int(np.datetime64(LAST).astype(np.int64))
    stored = deals.with_labels({"team": lent_on_own_day(deals, reps, "team", day)})
    assert TALLIES[name](deals, reps).equals(TALLIES[name](stored, None))
    assert not TALLIES[name](deals, reps).equals(TALLIES[name](deals, reps.on("2026-10-31")))


def test_a_turn_is_won_for_the_team_of_its_day() -> None:
    """Ben's deal of June was created before the quarter and won in West."""
    deals, _ = story()
    tally = sm.TurnTally.from_book(
        deals, period=Q2, by="team", reps=sm.read_reps({**BEN, "since": [None, "2026-06-20", None]})
    )
    assert list(tally.labels) == ["East"]
    later = sm.TurnTally.from_book(deals, period=Q2, by="team", reps=sm.read_reps(BEN))
    assert list(later.labels) == ["West"]


# --- whose team a split counts for ------------------------------------------------------------------------------------


def test_a_lent_team_follows_the_credited_rep_and_a_stored_one_stands_still() -> None:
    """Ana's deal, half of it Bo's: lent, the half is West's; stored, all is East's, and the definition says so."""
    deals = sm.read_deals(
        {"id": ["D1"], "rep": ["Ana"], "amount": [100], "outcome": ["won"], "closed": ["2026-05-01"], "line": ["Core"]}
    )
    splits = sm.read_splits({"deal": ["D1", "D1"], "rep": ["Ana", "Bo"], "share": [0.5, 0.5]})
    reps = sm.read_reps({"id": ["Ana", "Bo"], "team": ["East", "West"]})
    lent = sm.credited_bookings(deals, by="team", splits=splits, reps=reps)
    assert (lent["East"].value, lent["West"].value) == (50.0, 50.0)
    assert "whoever is credited" not in lent.definition
    stored = sm.credited_bookings(deals.with_reps(reps), by=("team", "line"), splits=splits, reps=reps)
    assert list(stored.labels) == [("East", "Core")]
    assert stored["East", "Core"].value == 100.0
    assert "revenue splits, owner" not in stored.definition
    assert "revenue splits, team and line as the deal has it, whoever is credited" in stored.definition
    plain = sm.credited_bookings(deals.with_reps(reps), by="team")
    assert "whoever" not in plain.definition
    gross = sm.credited_bookings(deals.with_reps(reps), by="team", returns="gross")
    assert "whoever" not in gross.definition


def test_a_stored_team_stands_still_when_the_deal_changes_hands() -> None:
    """The owner at close was Bo: a lent team is his, a stored one that of the deal's own rep."""
    deals = sm.read_deals({"id": ["D1"], "rep": ["Ana"], "amount": [100], "outcome": ["won"], "closed": ["2026-05-01"]})
    moved = sm.read_history({"deal": ["D1", "D1"], "date": ["2026-04-01", "2026-05-20"], "rep": ["Bo", "Ana"]})
    reps = sm.read_reps({"id": ["Ana", "Bo"], "team": ["East", "West"]})
    assert sm.credited_bookings(deals, by="team", history=moved, reps=reps)["West"].value == 100.0
    stored = sm.credited_bookings(deals.with_reps(reps), by="team", history=moved)
    assert stored["East"].value == 100.0
    assert "owner at close, team as the deal has it, whoever is credited" in stored.definition


@pytest.mark.parametrize("name", ["walk", "slips", "pushes", "dwells"])
def test_any_cut_of_the_deals_adds_up_to_the_whole_whoever_moves(name: str) -> None:
    """Merged parts are the whole, bit for bit, under a structure that changes too."""
    reps, deals, history = restless(2), COMPANY.deals, COMPANY.history

    def tally(rows: Any) -> Any:
        book = deals.take(np.asarray(rows))
        part = history.take(np.flatnonzero(np.isin(history["deal"], book["id"])))
        if name == "walk":
            return sm.WalkTally.from_book(book, part, period=QUARTERS, by="team", reps=reps)
        if name == "slips":
            return sm.SlipTally.from_book(book, part, period=QUARTERS, by="team", reps=reps)
        if name == "pushes":
            return sm.PushTally.from_book(book, part, window=QUARTERS, by="team", reps=reps)
        return sm.DwellTally.from_book(book, part, by="team", reps=reps)

    merged = tally(range(0, 600, 3)) + (tally(range(1, 600, 3)) + tally(range(2, 600, 3)))
    assert merged.equals(tally(range(600)))
