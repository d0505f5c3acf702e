"""Stages: who reached them, who went on, which moves there were."""

from __future__ import annotations

from collections import Counter

import attrs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import salesmetrics as sm
from salesmetrics.columns import LabelColumn
from salesmetrics.domain import OUTCOMES
from salesmetrics.tallies import DwellTally, MoveTally, StageTally
from salesmetrics.trails import trails
from tests import stage_histories as rows
from tests.stage_histories import OPEN_STAGES, PROCESS, Way, books, day, ways

POPULATION = st.sampled_from(["closed", "all", "created"])
AS_OF = st.one_of(st.none(), st.integers(0, 90))
PERIOD = st.one_of(st.none(), st.tuples(st.integers(0, 40), st.integers(1, 40)))


def period_of(span: tuple[int, int] | None) -> tuple[sm.Period | None, int | None, int | None]:
    """Return a period and its bounds."""
    if span is None:
        return None, None, None
    return sm.Period(day(span[0]), day(span[0] + span[1])), span[0], span[0] + span[1]


# --- the tallies against the model -----------------------------------------------------------------------------------


@given(
    ways(),
    POPULATION,
    st.sampled_from(["impute", "observed", "exclude"]),
    st.sampled_from(["first", "last"]),
    AS_OF,
    PERIOD,
)
def test_deals_that_reached_stages(found, population, skips, reentry, as_of, span) -> None:
    """Reached, went on and won are what counting deal by deal gives, in every population and convention."""
    period, low, high = period_of(span)
    deals, history = books(found)
    again = reentry if skips == "observed" else None
    tally = StageTally.from_book(
        deals,
        history,
        by="segment",
        period=period,
        as_of=None if as_of is None else day(as_of),
        population=population,
        skips=skips,
        reentry=again,
    )
    read = rows.members(rows.walks(found, as_of), population, low, high)
    undated = [w for w in rows.walks(found, as_of) if w.way.created is None] if population == "created" else []
    there = {w.way.segment for w in read} | ({w.way.segment for w in undated} if period is None else set())
    assert tally.labels.column("segment") == [rows.SEGMENTS[s] for s in sorted(there)]
    assert tally.left_out.tolist() == [len(undated)]
    for at, segment in enumerate(sorted(there)):
        mine = [w for w in read if w.way.segment == segment]
        assert tally.deals[at, 0] == len(mine)
        assert tally.still_open[at, 0] == sum(1 for w in mine if not w.outcome)
        assert tally.skipped[at, 0] == sum(1 for w in mine if w.skipped)
        assert tally.regressed[at, 0] == sum(1 for w in mine if w.regressed)
        used = [w for w in mine if skips != "exclude" or not w.skipped]
        for stage in range(OPEN_STAGES):
            came = [w for w in used if rows.reached(w, stage, skips)]
            assert tally.reached[at, 0, stage] == len(came)
            assert tally.advanced[at, 0, stage] == sum(1 for w in came if rows.advanced(w, stage, skips, reentry))
            assert tally.won[at, 0, stage] == sum(1 for w in came if w.outcome == 1)
        assert tally.reached[at, 0, OPEN_STAGES] == sum(1 for w in used if w.outcome == 1)


@given(ways(), st.sampled_from(["flow", "closed", "all", "created"]), AS_OF, PERIOD)
def test_every_move_is_counted(found, population, as_of, span) -> None:
    """Every move is counted once, by its own day or with its deal."""
    period, low, high = period_of(span)
    deals, history = books(found)
    tally = MoveTally.from_book(
        deals, history, period=period, as_of=None if as_of is None else day(as_of), population=population
    )
    done = rows.walks(found, as_of)
    expected = (
        rows.moves(done, low, high) if population == "flow" else rows.moves(rows.members(done, population, low, high))
    )
    assert (*tally.stages, *tally.ends) == PROCESS.names
    table = tally.moves[0, 0, :-1]
    assert {(a, b): table[a, b] for a, b in np.argwhere(table).tolist()} == expected


@given(
    ways(),
    st.sampled_from(["exit", "exit_or_now", "advance"]),
    st.sampled_from(["sum", "first", "last"]),
    st.integers(0, 90),
    PERIOD,
)
def test_days_in_stages(found, until, reentry, as_of, span) -> None:
    """Days in a stage, what ended them and whose period they belong to are what counting deal by deal gives."""
    period, low, high = period_of(span)
    reentry = "first" if until == "advance" and reentry == "sum" else reentry
    deals, history = books(found)
    tally = DwellTally.from_book(
        deals, history, by="segment", period=period, as_of=day(as_of), until=until, reentry=reentry
    )
    expected: Counter[tuple[str, int, str, int]] = Counter()
    done = rows.walks(found, as_of)
    closed = rows.members(done, "closed", low, high)
    for walk in done:
        for stage in range(OPEN_STAGES):
            wait = rows.waits(walk, stage, until, reentry, as_of)
            if wait is None:
                continue
            took, kind, begun = wait
            if (walk in closed) if until == "exit" else (low is None or low <= begun < high):
                expected[rows.SEGMENTS[walk.way.segment], stage, kind, took] += 1
    counted = Counter()
    names = tally.labels.column("segment")
    kinds = tally.kinds
    for row, took, count in zip(tally.waits.row, tally.waits.value, tally.waits.count, strict=True):
        cell, kind = divmod(int(row), len(kinds))
        group, stage = divmod(cell, OPEN_STAGES)
        counted[names[group], stage, kinds[kind], int(took)] += int(count)
    assert counted == expected


@settings(max_examples=60)
@given(ways(), st.data())
def test_any_cut_of_the_deals_merges_to_the_whole(found, data) -> None:
    """B1-B5: tallies of the parts of any cut of the deals, added in any order, are the tally of the whole, bit for bit."""
    count = data.draw(st.integers(1, 4))
    owners = data.draw(st.lists(st.integers(0, count - 1), min_size=len(found), max_size=len(found)))
    as_of = day(data.draw(st.integers(30, 120)))
    cut = data.draw(st.permutations(rows.parts(found, owners, count)))
    whole = books(found)
    makers = [
        lambda d, h: StageTally.from_book(d, h, by="segment", as_of=as_of, population="all"),
        lambda d, h: StageTally.from_book(d, h, by="segment", as_of=as_of, population="created", skips="observed"),
        lambda d, h: MoveTally.from_book(d, h, by="segment", as_of=as_of),
        lambda d, h: DwellTally.from_book(d, h, by="segment", as_of=as_of, until="exit_or_now"),
        lambda d, h: DwellTally.from_book(d, h, by="segment", as_of=as_of, until="now"),
    ]
    if any(way.created is None and not way.changes for way in found):
        return  # a deal of which no day is known begins on the first day of its book, which a cut may change
    for make in makers:
        merged = sum(make(d, h) for d, h in cut)
        assert merged.equals(make(*whole))


def test_the_tally_of_no_deals_changes_nothing() -> None:
    """B4: what `empty` makes is the identity of +."""
    whole = books([Way(0, 0, ((0, 0), (3, 1), (5, 2), (9, 3)))])
    for kind in (StageTally, MoveTally, DwellTally):
        tally = kind.from_book(*whole, by="segment")
        nothing = kind.empty(process=PROCESS, by="segment")
        assert (nothing + tally).equals(tally)
        assert (tally + nothing).equals(tally)


# --- worked examples -------------------------------------------------------------------------------------------------

LEAD, DEMO, BID, WON, PAID, LOST, DROPPED = range(7)
A = Way(0, 0, ((0, LEAD), (3, DEMO), (5, BID), (9, WON)))
B = Way(0, 0, ((0, LEAD), (4, BID), (9, WON)))
C = Way(1, 0, ((0, LEAD), (4, DEMO), (9, LOST)))
D = Way(1, 0, ((0, LEAD), (9, LOST)))
E = Way(1, 0, ((0, LEAD), (3, BID), (9, LOST)))
R18 = [A, B, C, D, E]


def test_r18_skips() -> None:
    """R18: imputed, observed and excluded conversions, and the two readings of the chance of a win."""
    deals, history = books(R18)
    assert sm.stage_conversion(deals, history).value.tolist() == [4 / 5, 3 / 4, 2 / 3]
    assert sm.stage_conversion(deals, history, skips="observed").value.tolist() == [4 / 5, 1 / 2, 2 / 3]
    excluded = sm.stage_conversion(deals, history, skips="exclude")
    assert excluded.value.tolist() == [2 / 3, 1 / 2, 1.0]
    assert excluded.left_out["a skipped stage"] == 2
    observed = sm.win_probability_by_stage(deals, history)
    assert observed.value.tolist() == [2 / 5, 2 / 4, 2 / 3]
    markov = sm.win_probability_by_stage(deals, history, method="markov")
    assert np.allclose(markov.value, [0.4, 1 / 3, 2 / 3], rtol=0, atol=1e-12)
    assert sm.stage_skip_rate(deals, history)["all"].value == 2 / 5


def test_w12_the_funnel_is_labelled_by_the_stage_that_is_left() -> None:
    """W12: reached 4, 3, 2; conversion from 1 is 3/4 and from 2 is 2/3, none of them null."""
    two = [Way(0, 0, ((0, DEMO), (1, BID), (2, WON)))] * 2
    lost = [Way(0, 0, ((0, DEMO), (1, BID), (2, LOST))), Way(0, 0, ((0, DEMO), (2, LOST)))]
    deals, history = books(two + lost)
    assert sm.stage_reached(deals, history).value.tolist() == [4, 4, 3, 2]
    assert sm.stage_conversion(deals, history).value.tolist()[1:] == [0.75, 2 / 3]


def test_w13_a_loss_is_an_exit_and_not_forward() -> None:
    """W13: one advance and one loss out of a stage: 0.5, n = 2."""
    deals, history = books([Way(0, 0, ((0, LEAD), (1, DEMO))), Way(0, 0, ((0, LEAD), (1, LOST)))])
    lead = sm.forward_rate(deals, history)["Lead"]
    assert (lead.value, lead.n) == (0.5, 2)
    assert dict(lead.parts) == {"steps": 1, "skips": 0, "back": 0, "ended": 1}


def test_r19_moves_back_are_moves() -> None:
    """R19: the path 1-3-2-3-lost has four edges; forward rates 1, 1, 0... of stage 3 nothing went forward."""
    deals, history = books([Way(0, 0, ((0, LEAD), (1, BID), (2, DEMO), (3, BID), (4, LOST)))])
    moves = sm.transition_matrix(deals, history)
    edges = {label: moves[label].value for label in moves.labels if moves[label].value}
    assert edges == {("Lead", "Bid"): 1, ("Bid", "Demo"): 1, ("Demo", "Bid"): 1, ("Bid", "Gone"): 1}
    assert sm.forward_rate(deals, history).value.tolist() == [1.0, 1.0, 0.0]
    assert sm.regress_rate(deals, history)["all"].value == 1.0


def test_w8_all_deals_as_one_published_tool_reads_them() -> None:
    """W8: 17 deals, most of them open: reached and conversions with population "all"; the note says that they are open."""
    ways = [Way(0, 0, ((0, LEAD),))] * 5 + [Way(0, 0, ((0, LEAD), (1, DEMO)))] * 3 + [Way(0, 0, ((0, BID),))] * 7
    ways += [Way(0, 0, ((0, LEAD), (9, WON)))] * 2
    table = sm.stage_conversion(*books(ways), population="all")
    assert sm.stage_reached(*books(ways), population="all").value.tolist() == [17, 12, 9, 2]
    assert table.value.tolist() == [12 / 17, 9 / 12, 2 / 9]
    assert table.notes == ("15 of 17 deals are still open and count as not advanced.",)


def test_x12_the_product_of_observed_step_rates_is_not_the_overall_rate() -> None:
    """X12: 10 leads, 4 reach the demo and 2 of them are won, 6 skip it and are won: 0.2 against 8/10."""
    ways = [Way(0, 0, ((0, LEAD), (1, DEMO), (2, WON)))] * 2 + [Way(0, 0, ((0, LEAD), (1, DEMO), (2, LOST)))] * 2
    ways += [Way(0, 0, ((0, LEAD), (2, WON)))] * 6
    deals, history = books(ways)
    observed = sm.stage_conversion(deals, history, skips="observed")
    assert observed["Demo"].value == 2 / 4
    assert sm.stage_reached(deals, history, skips="observed").value.tolist() == [10, 4, 0, 8]
    imputed = sm.stage_conversion(deals, history).value
    assert np.prod(imputed) == pytest.approx(8 / 10, rel=1e-15)


def test_within_a_time_of_the_entry() -> None:
    """Entered on day 0: advanced after 10 and 30 days, lost after 20, still there at 15 and 40: 0.2, then 7/15."""
    ways = [
        Way(0, at, ((at, LEAD), *more))
        for at, *more in [
            (40, (50, DEMO)),
            (20, (50, DEMO)),
            (15, (35, LOST)),
            (85,),
            (60,),
        ]
    ]
    deals, history = books(ways)
    for days, share in ((10, 0.2), (20, 0.2), (30, 7 / 15)):
        lead = sm.stage_conversion(deals, history, population="time_to_event", within=days, as_of=day(100))["Lead"]
        assert lead.value == pytest.approx(share, rel=1e-14)
        assert lead.n == 5
        assert lead.low < lead.value < lead.high
    late = sm.stage_conversion(deals, history, population="time_to_event", within=99, as_of=day(100))
    assert late.reason.tolist() == ["not_observed", "not_observed", "no_rows"]
    assert (late.low[2], late.high[2]) == (0.0, 1.0)


# --- laws ------------------------------------------------------------------------------------------------------------


@settings(max_examples=60)
@given(ways(), POPULATION)
def test_laws_of_the_matrix(found, population) -> None:
    """I1, I3, I4, I5, I9: shares add up to 1, reached never rises, the product is overall, ends and moves add up."""
    deals, history = books(found)
    shares = sm.transition_matrix(deals, history, population=population, as_share=True)
    size = len(PROCESS.names)
    table = shares.value.reshape(-1, size, size)
    sums = table.sum(axis=-1)
    empty = shares.n.reshape(-1, size, size)[..., 0] == 0
    assert np.array_equal(np.isnan(sums), empty)
    assert (np.abs(sums[~empty] - 1) <= (size + 4) * np.finfo(float).eps).all()
    reached = sm.stage_reached(deals, history, population=population).value
    assert (np.diff(reached) <= 0).all()
    rates = sm.stage_conversion(deals, history, population=population).value
    if reached[-1]:
        assert np.prod(rates) == pytest.approx(reached[-1] / reached[0], rel=8 * np.finfo(float).eps)
    if population == "closed" and reached[0]:
        assert reached[-1] == sum(1 for w in rows.walks(found) if w.outcome == 1)
    moved = sm.forward_rate(deals, history, population=population)
    assert (sum(moved.parts[name] for name in ("steps", "skips", "back", "ended")) == moved.n).all()
    chain = MoveTally.from_book(deals, history, population=population).chain()[0, 0]
    ends = sm.formulas.absorption(chain)
    leaves = chain.sum(axis=-1) > 0
    if leaves.all() and population == "closed":
        assert np.allclose(ends.sum(axis=-1), 1, rtol=0, atol=1e-12)


@given(ways(), st.integers(0, 60), st.integers(1, 40))
def test_i2_what_came_in_less_what_went_out_is_the_change_of_stock(found, start, length) -> None:
    """I2: over any period, each state's deals change by the moves into it less those out of it."""
    found = [way for way in found if way.changes or way.created is not None]  # else the deal came on no known day
    deals, history = books(found)
    period = sm.Period(day(start), day(start + length))
    flow = MoveTally.from_book(deals, history, period=period).moves[0, 0]

    def stock(when: int) -> np.ndarray:
        counts = np.zeros(len(PROCESS.names), dtype=np.int64)
        for walk in rows.walks(found):
            there = [stage for stage, first, last in walk.stays if first <= when and (last is None or last > when)]
            for stage in there[-1:]:
                counts[stage] += 1
        return counts

    change = stock(start + length - 1) - stock(start - 1)
    assert (flow.sum(axis=0) - flow[:-1].sum(axis=1) == change).all()


@settings(max_examples=60)
@given(ways(max_size=5), st.data())
def test_i10_and_i11_what_changes_nothing(found, data) -> None:
    """I10, I11: a deal that never moves adds no move; a visit cut into two of the same stage changes nothing."""
    deals, history = books(found)
    still = [*found, Way(0, 3, ((3, DEMO),))]
    before, after = (MoveTally.from_book(*books(w)).moves for w in (found, still))
    assert (before[..., :-1, :] == after[..., :-1, :]).all()
    cut = []
    for way in found:
        changes = []
        for at, (when, stage) in enumerate(way.changes):
            changes.append((when, stage))
            until = way.changes[at + 1][0] if at + 1 < len(way.changes) else when + 5
            if stage is not None and data.draw(st.booleans()):
                changes.append((data.draw(st.integers(when, until)), stage))
        cut.append(way._replace(changes=tuple(changes)))
    for make in (StageTally.from_book, MoveTally.from_book, DwellTally.from_book):
        assert make(*books(cut)).equals(make(deals, history))


@given(ways(), st.randoms(use_true_random=False))
def test_a1_and_b14_the_order_of_deals_and_changes_does_not_count(found, random) -> None:
    """A1, B14: shuffled deals and shuffled changes give the same bits."""
    deals, history = books(found)
    some, other = list(range(deals.rows)), list(range(history.rows))
    random.shuffle(some)
    random.shuffle(other)
    mixed = deals.take(np.array(some, dtype=np.int64)), history.take(np.array(other, dtype=np.int64))
    for metric in (
        sm.stage_conversion,
        sm.transition_matrix,
        sm.stage_dwell,
        sm.bottleneck,
        sm.win_probability_by_stage,
    ):
        assert metric(*mixed, by="segment").equals(metric(deals, history, by="segment"))


@given(ways())
def test_a13_one_group_is_that_group_alone(found) -> None:
    """A13: a group of a grouped answer is the answer for its deals alone."""
    deals, history = books(found)
    for metric in (sm.stage_conversion, sm.stage_reached, sm.forward_rate, sm.stage_dwell):
        grouped = metric(deals, history, by="segment")
        for segment in dict.fromkeys(grouped.labels.column("segment")):
            alone = metric(deals, history, where={"segment": [segment]})
            mine = [at for at, label in enumerate(grouped.labels.column("segment")) if label == segment]
            assert grouped.value[mine].tobytes() == alone.value.tobytes()
            assert (grouped.n[mine] == alone.n).all()


@given(ways())
def test_b6_the_door_of_the_tally_is_that_of_the_book(found) -> None:
    """B6: an answer read from a tally is the answer of the book."""
    deals, history = books(found)
    stages = StageTally.from_book(deals, history, by="segment")
    moves = MoveTally.from_book(deals, history, by="segment")
    assert sm.stage_conversion(stages).equals(sm.stage_conversion(deals, history, by="segment"))
    assert sm.regress_rate(stages).equals(sm.regress_rate(deals, history, by="segment"))
    assert sm.win_probability_by_stage(stages).equals(sm.win_probability_by_stage(deals, history, by="segment"))
    assert sm.transition_matrix(moves).equals(sm.transition_matrix(deals, history, by="segment"))
    assert sm.forward_rate(moves).equals(sm.forward_rate(deals, history, by="segment"))


# --- edges -----------------------------------------------------------------------------------------------------------


def test_no_deals_at_all() -> None:
    """A16: no deals: no groups with `by`; without it rates are NaN with n = 0 and the interval (0, 1), counts are 0."""
    deals, history = books([])
    rate = sm.stage_conversion(deals, history)
    assert rate.reason.tolist() == ["no_rows"] * 3
    assert (rate.low.tolist(), rate.high.tolist()) == ([0.0] * 3, [1.0] * 3)
    assert sm.stage_reached(deals, history).value.tolist() == [0.0] * 4
    assert sm.transition_matrix(deals, history).value.sum() == 0
    assert len(sm.stage_conversion(deals, history, by="segment")) == 0
    assert sm.bottleneck(deals, history, method="throughput").reason.tolist() == ["no_rows"]


def test_a_reopened_deal_is_what_it_is_now() -> None:
    """E2: won, reopened and lost: not won, its stages stand, and every edge is counted."""
    deals, history = books([Way(0, 0, ((0, LEAD), (5, WON), (9, BID), (12, LOST)))])
    assert sm.stage_reached(deals, history).value.tolist() == [1, 1, 1, 0]
    moves = sm.transition_matrix(deals, history)
    assert [moves[edge].value for edge in (("Lead", "Deal"), ("Deal", "Bid"), ("Bid", "Gone"))] == [1, 1, 1]
    assert sm.regress_rate(deals, history)["all"].value == 0.0


def test_a_move_between_two_won_stages_is_no_new_closing() -> None:
    """N18: the closing day stays, and so does the period."""
    deals, history = books([Way(0, 0, ((0, LEAD), (5, WON), (50, PAID)))])
    early = sm.Period(day(0), day(10))
    assert sm.stage_reached(deals, history, period=early).value.tolist() == [1, 1, 1, 1]


def test_as_of_knows_nothing_later() -> None:
    """An answer as of a day is that of the history up to the day."""
    deals, history = books(R18)
    assert sm.stage_conversion(deals, history, as_of=day(8)).n.tolist() == [0, 0, 0]
    assert sm.stage_reached(deals, history, as_of=day(4), population="all").value.tolist() == [5, 4, 2, 0]


def test_several_periods_are_a_label() -> None:
    """Several periods are rows of their own, each deal in the one it was closed in."""
    deals, history = books([A, Way(0, 0, ((0, LEAD), (15, LOST)))])
    spans = sm.Periods([sm.Period(day(0), day(10)), sm.Period(day(10), day(20))])
    table = sm.stage_reached(deals, history, period=spans)
    assert table.labels.names == ("period", "stage")
    assert table.value.tolist() == [1, 1, 1, 1, 1, 0, 0, 0]
    with pytest.raises(sm.InvalidArgumentError) as caught:
        sm.stage_reached(deals, history, period=spans, population="all")
    assert caught.value.message == "`population` must be 'closed' or 'created' with several periods; got 'all'."


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda d, h: sm.stage_conversion(d), "`history` must be a DealHistory beside the deals; got None."),
        (
            lambda d, h: sm.stage_conversion(d, h, population="won"),
            "`population` must be one of 'all', 'closed', 'created'; got 'won'.",
        ),
        (
            lambda d, h: sm.stage_conversion(d, h, within=3),
            "`within` must not be given with this population; got 3.",
        ),
        (
            lambda d, h: sm.stage_conversion(d, h, population="time_to_event", as_of=day(9)),
            "`within` must be given with population 'time_to_event'; got None.",
        ),
        (
            lambda d, h: sm.stage_conversion(d, h, population="time_to_event", within=3),
            "`as_of` must be given for deals that are still in a stage; got None, and the book has no day of its own.",
        ),
        (
            lambda d, h: sm.stage_conversion(d, h, population="time_to_event", within=3, skips="impute", as_of=day(9)),
            "`skips` must not be given with population 'time_to_event'; got 'impute'.",
        ),
        (
            lambda d, h: sm.stage_conversion(d, h, reentry="last"),
            "`reentry` must not be given with skips 'impute'; got 'last'.",
        ),
        (
            lambda d, h: sm.stage_reached(d, h, by="stage"),
            "`by` must not name 'stage', which is a label of the answer already; got 'stage'.",
        ),
        (
            lambda d, h: sm.win_probability_by_stage(d, h, method="markov", skips="observed"),
            "`skips` must not be given with method 'markov'; got 'observed'.",
        ),
        (
            lambda d, h: sm.stage_reached(StageTally.from_book(d, h), by="segment"),
            "`by` must not be given with a tally; got 'segment'.",
        ),
        (
            lambda d, h: sm.transition_matrix(StageTally.from_book(d, h)),
            "the tally must be a MoveTally; got <StageTally by all: 1 groups; deals, still_open, skipped, regressed, "
            "reached, advanced, won, left_out>.",
        ),
    ],
)
def test_refusals(call, sentence) -> None:
    """What cannot be answered is refused in one sentence that names the argument."""
    deals, history = books(R18)
    with pytest.raises(sm.SalesMetricsError) as caught:
        call(deals, history)
    assert caught.value.message == sentence


def test_stages_without_an_order_are_refused() -> None:
    """Ranks need an order: a history whose stages have none is refused with the way to give one."""
    deals = sm.read_deals({"id": [1], "created": ["2026-01-05"], "outcome": ["open"]})
    history = sm.read_history({"deal": [1], "date": ["2026-01-05"], "stage": ["Lead"]})
    with pytest.raises(sm.MissingColumnError, match="must have an order"):
        sm.stage_conversion(deals, history)


# --- one pass over long histories ------------------------------------------------------------------------------------


@settings(max_examples=150)
@given(
    ways(),
    st.one_of(st.none(), st.integers(5, 90)),
    st.sampled_from(["closed", "all"]),
    st.sampled_from(["sum", "first", "last"]),
)
def test_long_histories_are_counted_in_one_pass_to_the_same_bits(found, as_of, population, reentry) -> None:
    """Long histories take another way to the same numbers: moves and days, bit for bit, whatever deals do."""
    last = None if as_of is None else day(as_of)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("salesmetrics.passing._FEW_CHANGES", 10**9)
        plain = [
            MoveTally.from_book(*books(found), as_of=last),
            DwellTally.from_book(*books(found), as_of=last, population=population, reentry=reentry),
        ]
        patch.setattr("salesmetrics.passing._FEW_CHANGES", 0)
        patch.setattr("salesmetrics.passing._MOST_WINDING", 2.0)
        patch.setattr("salesmetrics._strides._BLOCK", 8)
        swift = [
            MoveTally.from_book(*books(found), as_of=last),
            DwellTally.from_book(*books(found), as_of=last, population=population, reentry=reentry),
        ]
    for one, other in zip(plain, swift, strict=True):
        assert one.equals(other)


def test_without_a_process_the_ends_are_the_outcomes() -> None:
    """Ordered stages and outcomes are enough: closed stages are no stages, and the ends bear the names of the outcomes."""
    deals, history = books(R18)
    told = trails(deals, history).outcome
    levels = ("Lead", "Demo", "Bid", "Deal", "Gone")
    places = np.array([levels.index(name) for name in history["stage"]], dtype=np.int8)
    columns = {
        "stage": LabelColumn(places, levels, ordered=True),
        "outcome": LabelColumn(told, OUTCOMES, ordered=True),
    }
    plain = attrs.evolve(history, process=None, columns={**history.columns, **columns})
    bare = attrs.evolve(deals, process=None, columns={n: c for n, c in deals.columns.items() if n != "stage"})
    moves = sm.transition_matrix(bare, plain)
    assert list(dict.fromkeys(moves.labels.column("from"))) == ["Lead", "Demo", "Bid", "won", "lost", "no_decision"]
    assert moves["Bid", "won"].value == 2
    assert sm.stage_conversion(bare, plain).value.tolist() == [4 / 5, 3 / 4, 2 / 3]
