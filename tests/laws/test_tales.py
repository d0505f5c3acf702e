"""Drawn histories are what they should be: every kind of event is reached, and the last row is what the book says."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings

from tests import oracle_history
from tests.laws.drawing import EXAMPLES, REPS, Case, cases, deal_of
from tests.laws.tales import BYTES, history_of
from tests.oracle_history import Change, Moment, rank_of
from tests.oracle_stages import path_of, stage_skip_rate
from tests.strategies import PROCESS

KINDS = (
    *("forward", "skip", "backward", "re-entry", "won", "lost", "no_decision", "reopened", "other end", "raised"),
    *("cut", "sign", "priced", "unpriced", "pushed", "pulled in", "undated", "dated", "owner", "ownerless", "category"),
    *(
        "the same again",
        "several a day",
        "begins ended",
        "after the end",
        "never moves",
        "no history",
        "no creation",
        "late",
    ),
    *("won twice", "stage and date"),
)


def of_money(before: Moment, after: Moment) -> str | None:
    """Return what a change did to the amount."""
    a, b = before.amount, after.amount
    if a == b:
        return None
    if a is None or b is None:
        return "priced" if a is None else "unpriced"
    return "sign" if a * b < 0 else "raised" if b > a else "cut"


def of_date(before: Moment, after: Moment) -> str | None:
    """Return what a change did to the close date."""
    a, b = before.expected_close, after.expected_close
    if a == b:
        return None
    if a is None or b is None:
        return "dated" if a is None else "undated"
    return "pushed" if b > a else "pulled in"


def of_stage(before: Moment, after: Moment) -> str | None:
    """Return what a change did to the stage."""
    if before.outcome != "open" and after.outcome != "open" and before.outcome != after.outcome:
        return "other end"
    if before.outcome != after.outcome:
        return "reopened" if after.outcome == "open" else after.outcome
    a, b = rank_of(before.stage, PROCESS), rank_of(after.stage, PROCESS)
    if a == b or a is None or b is None:
        return None
    return "backward" if b < a else "skip" if b > a + 1 else "forward"


def kinds_of(deals: Case) -> Counter[str]:
    """Return the kinds of events in the histories of a case."""
    found: Counter[str] = Counter()
    for trail in oracle_history.trails_of(deals.deals, deals.moves, PROCESS):
        if not trail.recorded:
            found["no history"] += 1
            continue
        moments, path = trail.moments, path_of(trail, PROCESS)
        if moments[0].stage is None:
            found["late"] += 1
            moments = moments[1:]
        for before, after in pairwise(moments):
            for kind in (of_money(before, after), of_date(before, after), of_stage(before, after)):
                found[kind or "-"] += 1
            found["owner"] += None not in (before.rep, after.rep) and before.rep != after.rep
            found["ownerless"] += (before.rep is None) != (after.rep is None)
            found["category"] += before.forecast_category != after.forecast_category
            found["the same again"] += before[1:] == after[1:]
            found["several a day"] += before.day == after.day
            found["after the end"] += before.outcome != "open" and before.stage == after.stage
            found["stage and date"] += bool(of_stage(before, after) and of_date(before, after))
        names = [step.stage for step in path.steps]
        found["re-entry"] += len(names) > len(set(names))
        found["never moves"] += len(names) == 1
        found["begins ended"] += moments[0].outcome != "open"
        found["no creation"] += trail.row.created is None
        found["won twice"] += names.count("Closed Won") > 1
    return found


def some_case(seed: int) -> Case:
    """Return a case of bytes from a generator."""
    rng = Random(seed)
    deals = tuple(deal_of(at, rng.randbytes(12)) for at in range(14))
    return Case(deals, (), (), (), None, None, True, rng.randbytes(14 * BYTES))


def test_every_kind_of_event_is_reached() -> None:
    """Three hundred drawn histories hold every kind of event, each often enough to be met by a law."""
    total: Counter[str] = Counter()
    for seed in range(300):
        total += kinds_of(some_case(seed))
    assert {kind: total[kind] for kind in KINDS if total[kind] < 20} == {}


def test_stages_are_skipped() -> None:
    """Some deals of drawn histories skip stages, some do not."""
    case = some_case(1)
    found = stage_skip_rate(path_of(t, PROCESS) for t in oracle_history.trails_of(case.deals, case.moves, PROCESS))
    assert found.value is not None
    assert 0 < found.value < 1


@settings(max_examples=4 * EXAMPLES)
@given(case=cases(moves=True, signed=True))
def test_a_history_ends_in_what_the_book_says(case: Case) -> None:
    """The last row of a history is the deal as recorded, closed on its day, and nothing is before its creation."""
    for trail in oracle_history.trails_of(case.deals, case.moves, PROCESS):
        if not trail.recorded:
            continue
        last, row = trail.moments[-1], trail.row
        assert (last.stage, last.outcome, last.amount, last.expected_close, last.rep, last.forecast_category) == (
            *(row.stage, row.outcome, row.amount, row.expected_close, row.rep, row.forecast_category),
        )
        assert oracle_history.closed_on(trail.moments) == row.closed
        days = [m.day for m in trail.moments if m.day is not None]
        assert days == sorted(days)
        assert row.created is None or days[0] == row.created


@pytest.mark.parametrize("seed", range(3))
def test_histories_follow_their_deals(seed: int) -> None:
    """The history of some deals is the part of the whole that is theirs."""
    case = some_case(seed)
    few = case.deals[::2]
    mine: list[Change] = [c for c in case.moves if c.deal in {d.id for d in few}]
    assert list(history_of(few, case.tale, REPS)) == mine
