"""Days in stages, ages of open deals, and the stage to fix first."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import salesmetrics as sm
from salesmetrics.tallies import DwellTally, MoveTally, StageTally
from tests import stage_histories as rows
from tests.stage_histories import OPEN_STAGES, PROCESS, Way, books, day, ways

LEAD, DEMO, BID, WON, PAID, LOST, DROPPED = range(7)
NAMES = PROCESS.names[:OPEN_STAGES]


def stays(*days: int | None) -> list[Way]:
    """Return deals that were in the first stage for so many days and then lost; None is still there."""
    return [Way(0, 0, ((0, LEAD), *(((took, LOST),) if took is not None else ()))) for took in days]


def test_r20_quantiles_are_days_that_were_observed() -> None:
    """R20: of 3, 5, 8 and 13 days the median is 5 and the 90 % quantile 13; the linear median is 6.5."""
    deals, history = books(stays(3, 5, 8, 13))
    assert sm.stage_dwell(deals, history)["Lead"].value == 5.0
    assert sm.stage_dwell(deals, history, stat=0.9)["Lead"].value == 13.0
    assert sm.stage_dwell(deals, history, quantile_method="linear")["Lead"].value == 6.5
    assert sm.stage_dwell(deals, history, stat="mean")["Lead"].value == 7.25


def test_a_skipped_stage_is_absent_and_not_0_days() -> None:
    """E3: a skipped stage has no days; one that was left on its first day has 0."""
    deals, history = books([Way(0, 0, ((0, LEAD), (0, BID), (4, WON)))])
    table = sm.stage_dwell(deals, history)
    assert table.n.tolist() == [1, 0, 1]
    assert table.value[[0, 2]].tolist() == [0.0, 4.0]
    assert table.reason.tolist() == ["", "no_rows", ""]


def test_a_deal_that_came_back() -> None:
    """All its visits together, its first or its last: 2 and 5 days in one stage."""
    deals, history = books([Way(0, 0, ((0, LEAD), (2, DEMO), (5, LEAD), (10, LOST)))])
    for reentry, took in ((None, 7.0), ("sum", 7.0), ("first", 2.0), ("last", 5.0)):
        lead = sm.stage_dwell(deals, history, reentry=reentry)["Lead"]
        assert (lead.value, lead.n) == (took, 1)


def test_those_still_there_are_not_forgotten() -> None:
    """H7, H9: left after 4, 4, 10, 14, 14, 15, 16 and 17 days, still there after 18 and 19: the median is exactly 14."""
    ways = [
        Way(0, at, ((at, LEAD), *(((at + took, LOST),) if took else ())))
        for at, took in [(0, 4), (0, 4), (0, 10), (0, 14), (0, 14), (0, 15), (0, 16), (0, 17), (12, None), (11, None)]
    ]
    deals, history = books(ways)
    open_too = sm.stage_dwell(deals, history, basis="time_to_event", as_of=day(30))["Lead"]
    assert (open_too.value, open_too.n, dict(open_too.parts)) == (14.0, 10, {"left": 8})
    assert sm.stage_dwell(deals, history, as_of=day(30))["Lead"].n == 8
    held = sm.stage_dwell(deals, history, basis="time_to_event", as_of=day(30), stat=0.9)["Lead"]
    assert (np.isnan(held.value), held.reason) == (True, "not_reached")
    mean = sm.stage_dwell(deals, history, basis="time_to_event", as_of=day(30), stat="restricted_mean", within=10)[
        "Lead"
    ]
    assert mean.value == pytest.approx((4 + 4 + 8 * 10) / 10, rel=1e-14)
    far = sm.stage_dwell(deals, history, basis="time_to_event", as_of=day(30), stat="restricted_mean", within=90)[
        "Lead"
    ]
    assert far.reason == "not_observed"


def test_the_period_picks_closings_or_entries() -> None:
    """Completed visits belong to the period of the closing, a curve to that of the entry."""
    deals, history = books([Way(0, 0, ((0, LEAD), (20, LOST)))])
    early, late = sm.Period(day(0), day(10)), sm.Period(day(10), day(30))
    assert sm.stage_dwell(deals, history, period=early).n[0] == 0
    assert sm.stage_dwell(deals, history, period=late).n[0] == 1
    entered = {"basis": "time_to_event", "as_of": day(40)}
    assert sm.stage_dwell(deals, history, period=early, **entered).n[0] == 1
    assert sm.stage_dwell(deals, history, period=late, **entered).n[0] == 0
    assert sm.stage_dwell(deals, history, period=early, population="created").n[0] == 1


@settings(max_examples=50)
@given(ways(), st.sampled_from(["sum", "first", "last"]), st.sampled_from([0.5, 0.9, 0.1]))
def test_quantiles_of_completed_visits(found, reentry, q) -> None:
    """The nearest rank of the days that counting deal by deal gives, over closed deals and over all."""
    deals, history = books(found)
    for population in ("closed", "all"):
        table = sm.stage_dwell(deals, history, stat=q, reentry=reentry, population=population)
        read = rows.members(rows.walks(found), population)
        for at in range(OPEN_STAGES):
            waits = [rows.waits(w, at, "exit", reentry, None) for w in read]
            days = sorted(wait[0] for wait in waits if wait is not None)
            assert table.n[at] == len(days)
            if days:
                rank = -(-Fraction(str(q)) * len(days) // 1)
                assert table.value[at] == days[max(int(rank), 1) - 1]


# --- ages ------------------------------------------------------------------------------------------------------------


def test_ages_have_their_lower_bound_inside() -> None:
    """29 days are in the first bucket and 30 in the second."""
    deals, history = books([Way(0, 0, ((at, DEMO),)) for at in (71, 70, 41, 40, 11, 10)])
    table = sm.stage_age(deals, history, as_of=day(100))
    assert [table["Demo", age].value for age in ("0-29", "30-59", "60-89", "90+", "unknown")] == [1, 2, 2, 1, 0]
    assert sm.stage_age(deals, history, as_of=day(100), edges=[50])["Demo", "50+"].value == 4
    assert table.value.sum() == 6


def test_e5_a_deal_that_never_moved() -> None:
    """E5: the entry to a first stage is the creation; where that is missing the deal is in the bucket "unknown"."""
    deals, history = books([Way(0, 50, (), present=DEMO), Way(0, None, (), present=DEMO), Way(0, 0, ((0, LEAD),))])
    table = sm.stage_age(deals, history, as_of=day(100))
    assert (table["Demo", "30-59"].value, table["Demo", "unknown"].value, table["Lead", "90+"].value) == (1, 1, 1)
    curve = sm.stage_dwell(deals, history, basis="time_to_event", as_of=day(100))
    assert curve["Demo"].n == 1
    assert curve.left_out["entry not known"] == 1


def test_age_since_the_first_entry_or_the_last() -> None:
    """E4: the age restarts at the latest entry; reentry="first" looks at the first of all."""
    deals, history = books([Way(0, 0, ((0, LEAD), (10, DEMO), (60, LEAD)))])
    assert sm.stage_age(deals, history, as_of=day(80))["Lead", "0-29"].value == 1
    assert sm.stage_age(deals, history, as_of=day(80), reentry="first")["Lead", "60-89"].value == 1


@settings(max_examples=50)
@given(ways(), st.integers(40, 130), st.sampled_from(["last", "first"]))
def test_every_open_deal_has_one_age(found, as_of, reentry) -> None:
    """Ages by stage and bucket are what counting deal by deal gives."""
    found = [way for way in found if way.created is not None or way.changes]
    deals, history = books(found)
    table = sm.stage_age(deals, history, as_of=day(as_of), reentry=reentry, edges=(5, 20, 60))
    expected = np.zeros((OPEN_STAGES, 5), dtype=np.int64)
    for walk in rows.walks(found, as_of):
        if walk.outcome or not walk.stays or walk.stays[-1][0] >= OPEN_STAGES:
            continue
        stage = walk.stays[-1][0]
        entries = [first for s, first, _ in walk.stays if s == stage]
        age = as_of - entries[-1 if reentry == "last" else 0]
        expected[stage, sum(age >= edge for edge in (5, 20, 60))] += 1
    assert (table.value.reshape(OPEN_STAGES, 5) == expected).all()


# --- the stage to fix first ------------------------------------------------------------------------------------------


def test_the_bottleneck_by_each_method() -> None:
    """The lowest conversion, the longest median, the largest share of days: each names its stage and its number."""
    found = [Way(0, 0, ((0, LEAD), (10, DEMO), (12, BID), (15, WON)))] * 2 + [
        Way(0, 0, ((0, LEAD), (3, DEMO), (30, LOST)))
    ]
    deals, history = books(found)
    answers = {m: sm.bottleneck(deals, history, method=m) for m in ("conversion", "dwell", "cycle_share")}
    assert {m: t.to_dict()["stage"] for m, t in answers.items()} == {
        "conversion": ["Demo"],
        "dwell": ["Lead"],
        "cycle_share": ["Demo"],
    }
    assert answers["conversion"].value[0] == 2 / 3
    assert answers["conversion"].parts["second"][0] == 1.0
    assert (answers["conversion"].low[0], answers["conversion"].high[0]) == sm.formulas.wilson(2, 3)
    assert (answers["dwell"].value[0], answers["dwell"].n[0]) == (10.0, 3)
    assert answers["cycle_share"].value[0] == 31 / 60


def test_ties_are_the_earlier_stage_and_small_numbers_stay_out() -> None:
    """Equal values name the earlier stage; `min_n` keeps out a stage that rests on too few deals."""
    found = [Way(0, 0, ((0, LEAD), (1, DEMO), (2, LOST)))] * 2 + [Way(0, 0, ((0, LEAD), (2, LOST)))] * 2
    found += [Way(0, 0, ((0, BID), (2, LOST)))]
    deals, history = books(found)
    assert sm.bottleneck(deals, history).to_dict()["stage"] == ["Bid"]
    assert sm.bottleneck(deals, history, min_n=2).to_dict()["stage"] == ["Demo"]
    assert sm.bottleneck(deals, history, min_n=9).to_dict()["stage"] == [None]
    assert sm.bottleneck(deals, history, min_n=9).reason.tolist() == ["no_rows"]
    even = books([Way(0, 0, ((0, LEAD), (1, DEMO), (2, BID), (3, WON)))])
    assert sm.bottleneck(*even).to_dict()["stage"] == ["Lead"]


def test_throughput_says_what_a_better_stage_brings() -> None:
    """Ten leads, eight of them shown a demo, two of those won: a point more at the demo brings 0.08 wins, at the lead 0.025."""
    found = [Way(0, 0, ((0, LEAD), (1, DEMO), (2, BID), (3, WON)))] * 2
    found += [Way(0, 0, ((0, LEAD), (1, DEMO), (3, LOST)))] * 6 + [Way(0, 0, ((0, LEAD), (3, LOST)))] * 2
    deals, history = books(found)
    table = sm.bottleneck(deals, history, method="throughput")
    assert table.to_dict()["stage"] == ["Demo"]
    assert table.value[0] == pytest.approx(8.0, rel=1e-12)
    parts = {name: values[0] for name, values in table.parts.items()}
    assert parts["second"] == pytest.approx(2.5, rel=1e-12)
    assert (parts["visits"], parts["forward_rate"]) == (pytest.approx(8.0), 0.25)
    assert (parts["win_if_forward"], parts["win_if_not"], parts["wins"]) == (
        pytest.approx(1.0),
        0.0,
        pytest.approx(2.0),
    )
    every = sm.win_probability_by_stage(deals, history, method="markov")
    assert np.allclose(every.parts["wins_per_unit"], [2.5, 8.0, 0.0], rtol=1e-12)


@settings(max_examples=60)
@given(ways())
def test_the_what_if_is_what_changing_the_chain_gives(found) -> None:
    """Shifting a small share of a stage's exits forward changes the wins by the gain times the share."""
    tally = MoveTally.from_book(*books(found), population="closed")
    chain, begun = tally.chain()[0, 0], tally.moves[0, 0, -1, :OPEN_STAGES]
    gain = sm.formulas.throughput_gain(chain, begun)
    assert gain.wins == pytest.approx(sum(1 for w in rows.walks(found) if w.outcome == 1 and w.held), abs=1e-9) or (
        any(w.stays and w.stays[0][0] >= OPEN_STAGES for w in rows.walks(found)) or _reopened(found)
    )
    delta = 1e-6
    for stage in range(OPEN_STAGES):
        share = chain[stage] / max(chain[stage].sum(), 1)
        ahead = np.arange(OPEN_STAGES + 2) > stage
        ahead[OPEN_STAGES + 1] = False
        rest = share[~ahead].sum()
        if not share[ahead].sum() or not rest:
            continue
        changed = chain.astype(float)
        for row in range(OPEN_STAGES):
            changed[row] /= max(changed[row].sum(), 1)
        changed[stage, ahead] *= (share[ahead].sum() + delta) / share[ahead].sum()
        changed[stage, ~ahead] *= (rest - delta) / rest
        wins = (begun * np.nan_to_num(sm.formulas.absorption(changed)[:, 0])).sum()
        assert (wins - gain.wins) / delta == pytest.approx(gain.gain[stage], abs=1e-3)


def _reopened(found: list[Way]) -> bool:
    """Tell whether some deal left an end."""
    return any(a[0] >= OPEN_STAGES for w in rows.walks(found) for a in w.stays[:-1])


@given(ways())
def test_the_bottleneck_of_a_tally_is_that_of_the_book(found) -> None:
    """B6: read from its tally, the answer is that of the book."""
    deals, history = books(found)
    tallies = {
        "conversion": StageTally.from_book(deals, history, by="segment"),
        "dwell": DwellTally.from_book(deals, history, by="segment"),
        "throughput": MoveTally.from_book(deals, history, by="segment", population="closed"),
    }
    for method, tally in tallies.items():
        assert sm.bottleneck(tally, method=method).equals(sm.bottleneck(deals, history, by="segment", method=method))
    assert sm.stage_dwell(tallies["dwell"]).equals(sm.stage_dwell(deals, history, by="segment"))


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (
            lambda d, h: sm.stage_dwell(d, h, stat="mode"),
            "`stat` must be one of 'mean', 'median', 'restricted_mean'; got 'mode'.",
        ),
        (
            lambda d, h: sm.stage_dwell(d, h, stat="restricted_mean", within=9),
            "`stat` must fit the basis 'completed'; got 'restricted_mean'.",
        ),
        (lambda d, h: sm.stage_dwell(d, h, within=9), "`within` must not be given with basis 'completed'; got 9."),
        (
            lambda d, h: sm.stage_dwell(d, h, stat="mean", basis="time_to_event", as_of=day(9)),
            "`stat` must fit the basis 'time_to_event'; got 'mean'.",
        ),
        (
            lambda d, h: sm.stage_dwell(d, h, stat="restricted_mean", basis="time_to_event", as_of=day(9)),
            "`within` must be given with stat 'restricted_mean'; got None.",
        ),
        (
            lambda d, h: sm.stage_dwell(d, h, basis="time_to_event", population="all", as_of=day(9)),
            "`population` must not be given with until 'exit_or_now'; got 'all'.",
        ),
        (lambda d, h: sm.stage_age(d, h, as_of=day(9), edges=(30, 30)), "`edges` must rise; got [30, 30]."),
        (lambda d, h: sm.bottleneck(d, h, method="gut"), None),
        (
            lambda d, h: sm.bottleneck(d, h, method="dwell", skips="impute"),
            "`skips` must not be given with method 'dwell'; got 'impute'.",
        ),
    ],
)
def test_refusals(call, sentence) -> None:
    """What cannot be answered is refused in one sentence that names the argument."""
    deals, history = books(stays(3))
    with pytest.raises(sm.SalesMetricsError) as caught:
        call(deals, history)
    if sentence is not None:
        assert caught.value.message == sentence
