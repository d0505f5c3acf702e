"""The lives of a block of deals: what they are, how they end, and every change on the way there."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import attrs
import numpy as np

from salesmetrics.arrays import AnyArray, BoolArray, IntArray
from salesmetrics.datasets import settings
from salesmetrics.datasets.chance import ONE, Words, picker, round_to, skewed
from salesmetrics.datasets.days import Days
from salesmetrics.datasets.openings import hand_over
from salesmetrics.datasets.staff import Staff

__all__ = ["CLOSED", "Fates", "Plans", "States", "fates", "live", "plans"]

CLOSED = 4
"""The place behind the four open stages."""
WON, LOST, NO_DECISION = 1, 2, 3


def _table(values: tuple[int, ...]) -> IntArray:
    return np.array(values, dtype=np.int64)


def _crossed(first: tuple[int, ...], *others: tuple[int, ...]) -> IntArray:
    """Return the products of every value of the one with every value of each other, the last one varying fastest."""
    table = _table(first)
    for values in others:
        table = np.multiply.outer(table, _table(values)).reshape(-1)
    return table


@attrs.frozen(eq=False)
class _Tables:
    """What the settings say, by draw and by segment, product and so on; made once, when first asked for."""

    segment: IntArray = attrs.field(factory=lambda: np.concatenate([*map(picker, settings.SEGMENT_WEIGHTS)]))
    product: IntArray = attrs.field(factory=lambda: np.concatenate([*map(picker, settings.PRODUCT_WEIGHTS)]))
    source: IntArray = attrs.field(factory=lambda: picker(settings.SOURCE_WEIGHTS))
    ends_in: IntArray = attrs.field(
        factory=lambda: np.concatenate([*map(picker, ((0, 0, 0, 1), settings.LOST_IN, settings.NO_DECISION_IN))])
    )
    wins: IntArray = attrs.field(  # of ten million
        factory=lambda: _crossed(
            settings.WON_PER_MILLE, settings.WON_PERCENT_OF_PRODUCT, settings.WON_PERCENT_OF_SOURCE
        )
    )
    days: IntArray = attrs.field(  # in ten-thousandths
        factory=lambda: _crossed(
            settings.CYCLE_DAYS, settings.CYCLE_PERCENT_OF_PRODUCT, settings.CYCLE_PERCENT_OF_OUTCOME
        )
    )
    cents: IntArray = attrs.field(factory=lambda: _crossed(settings.AMOUNT, settings.AMOUNT_PERCENT_OF_PRODUCT))
    undecided: IntArray = attrs.field(factory=lambda: _table(settings.NO_DECISION_PER_MILLE))
    noticed: IntArray = attrs.field(factory=lambda: _table(settings.NOTICED_AFTER))
    pushed: IntArray = attrs.field(factory=lambda: _table(settings.PUSHED_BY))
    misjudged: IntArray = attrs.field(factory=lambda: _table(settings.MISJUDGED_BY))
    before_end: IntArray = attrs.field(factory=lambda: _table(settings.BEFORE_QUARTER_END))
    pushes: IntArray = attrs.field(factory=lambda: _table(settings.PUSHES))


@cache
def _tables() -> _Tables:
    return _Tables()


@attrs.frozen(eq=False)
class Fates:
    """What a deal is and what becomes of it, whether or not that is known yet."""

    rep: IntArray
    segment: IntArray
    product: IntArray
    source: IntArray
    outcome: IntArray
    reached: IntArray
    entered: tuple[IntArray, IntArray, IntArray, IntArray]
    cents: IntArray


@attrs.frozen(eq=False)
class Plans:
    """What a rep believes of a deal: when it closes, how large it is, and how it is kept up to date."""

    expected: IntArray
    amounts: tuple[IntArray, IntArray, IntArray]
    unknown: BoolArray
    notices: IntArray
    pushes: IntArray
    push: IntArray
    review: IntArray


def fates(words: Words, days: Days, staff: Staff, created: IntArray, opener: IntArray) -> Fates:
    """Return what becomes of deals, by day created and by who creates them."""
    segment = _tables().segment[staff.kind[opener] * ONE + words.next()]
    product = _tables().product[segment * ONE + words.next()]
    source = _tables().source[words.next()]
    outcome = _outcome(words, staff.skill[opener], segment, product, source)
    line = segment * len(settings.PRODUCTS) + product
    length = _tables().days[line * 4 + outcome] * staff.pace[opener] // 100 * skewed()[words.next()] // ONE // 10_000
    length = np.minimum(length * (230 + words.next() % 53) // 256, settings.LONGEST_CYCLE)
    at_once = (words.next() < ONE // 64) & (segment == settings.SEGMENTS.index("SMB"))
    closed = _closing_day(days, created, created + np.where(at_once, 0, np.maximum(length, 1)), outcome, words.next())
    reached = _tables().ends_in[(outcome - 1) * ONE + words.next()]
    entered = _entries(created, closed, reached, words.next(), words.next())
    worth = skewed()[words.next()]
    cents = (_tables().cents[line] * (worth * worth // ONE) // ONE) * (9_400 + words.next() % 1_201) // 10_000
    rep = hand_over(staff, opener, created, closed, words.next())
    return Fates(rep, segment, product, source, outcome, reached, entered, _priced(cents, words.next()))


def _outcome(words: Words, skill: IntArray, segment: IntArray, product: IntArray, source: IntArray) -> IntArray:
    """Return what deals come to in the end."""
    chance = _tables().wins[(segment * len(settings.PRODUCTS) + product) * len(settings.SOURCES) + source]
    won = words.next() * 10_000_000 < np.minimum(chance * skill // 100, 8_500_000) * ONE
    undecided = words.next() * 1000 < _tables().undecided[segment] * ONE
    return np.where(won, WON, np.where(undecided, NO_DECISION, LOST))


def _priced(cents: IntArray, draw: IntArray) -> IntArray:
    """Return amounts as they are quoted: most of them round."""
    step = np.where(cents >= 1_000_000, 10_000, 1_000)
    return np.maximum(np.where(draw % 100 < 18, cents, round_to(cents, step)), 1_000)


def _closing_day(days: Days, created: IntArray, closed: IntArray, outcome: IntArray, draw: IntArray) -> IntArray:
    """Return the day a deal closes: many that could close near the end of a quarter do, and few on weekends."""
    end, last = days.at(days.quarter_end, closed), days.at(days.closing_year, closed)
    begin = days.at(days.quarter_start, closed)
    percent = np.where(outcome == WON, 54 + 18 * last, 16)
    eager = draw % 128 * 100 < percent * 128
    early = _tables().before_end[draw >> 8 & 15]
    closed = np.where(eager & (end - closed <= 42 + 16 * last), np.maximum(closed, end - early), closed)
    after_year_end = days.at(days.closing_year, begin - 1)
    hurried = eager & (closed - begin <= 9 + 24 * after_year_end) & (begin - 1 - early - created >= 5)
    closed = np.where(hurried, begin - 1 - early, closed)
    rest = days.at(days.weekend, closed)
    rest = np.where((rest == 2) & (closed < end) & ~hurried, -1, rest)
    return np.where(closed - rest >= created, closed - rest, closed)


def _entries(
    created: IntArray, closed: IntArray, reached: IntArray, first: IntArray, second: IntArray
) -> tuple[IntArray, IntArray, IntArray, IntArray]:
    """Return the days on which the second, third and fourth stage are entered, and the closing day.

    A stage that is skipped, or never reached, has the day of the one after it.
    """
    length = closed - created
    to_two = 12 + (first & 63)
    to_three = to_two + 24 + (first >> 6 & 63)
    to_four = to_three + 20 + 4 * (second & 15)
    two = np.maximum(created + length * to_two // 256, created + 1)
    three = np.maximum(created + length * to_three // 256, two + 1)
    four = np.maximum(created + length * to_four // 256, three + 1)
    four = np.where(reached < 3, closed, np.minimum(four, closed))
    three = np.where(reached < 2, closed, np.minimum(three, four))
    two = np.where(reached < 1, closed, np.minimum(two, three))
    return np.where((second >> 4) % 100 < 6, three, two), three, four, closed


def plans(words: Words, days: Days, staff: Staff, created: IntArray, fate: Fates) -> Plans:
    """Return what reps make of their deals at first, and how they will keep them up to date."""
    line = fate.segment * len(settings.PRODUCTS) + fate.product
    length = (
        _tables().days[line * 4 + WON] * (200 - staff.optimism[fate.rep]) // 100 * (50 + words.next() % 61) // 1_000_000
    )
    expected = created + np.maximum(length, 7)
    habit = words.next()
    expected = np.where(habit & 1, days.at(days.month_end, expected), expected)
    guess = words.next()
    changed = np.where(guess & 1, 70 + (guess >> 1) % 66, 100)
    quoted = np.where(guess & 2048, 100 + (guess >> 12), 100)
    step = np.where(fate.cents >= 1_000_000, 50_000, 5_000)
    estimate = np.where(changed == 100, fate.cents, np.maximum(round_to(fate.cents * changed // 100, step), 1_000))
    review = words.next()
    return Plans(
        expected=np.where(review % 64 < 2, -1, expected),
        amounts=(estimate, fate.cents * quoted // 100, fate.cents),
        unknown=(review >> 6) % 32 == 0,
        notices=_tables().noticed[habit >> 1 & 15],
        pushes=_tables().pushes[habit >> 5 & 15],
        push=words.next() | words.next() << 16,
        review=words.next(),
    )


@attrs.define(eq=False)
class States:
    """Where deals stand after a change; ``row`` is their place in the block."""

    row: IntArray
    day: IntArray
    stage: IntArray
    expected: IntArray
    pushes: IntArray

    def those(self, keep: BoolArray) -> States:
        """Return some of them."""
        at = np.flatnonzero(keep)
        return States(self.row[at], self.day[at], self.stage[at], self.expected[at], self.pushes[at])


def live(days: Days, created: IntArray, fate: Fates, plan: Plans, record: Callable[[int, States], None]) -> None:
    """Live the deals up to the last known day, change by change, and record where each stands after each change."""
    size = len(created)
    now = States(np.arange(size), created, np.zeros(size, dtype=np.int64), plan.expected, plan.pushes)
    step = 0
    while len(now.row):
        record(step, now)
        now = _next(days, now.those(now.stage < CLOSED), fate, plan)
        now = now.those(now.day <= days.as_of)
        step += 1


def _next(days: Days, now: States, fate: Fates, plan: Plans) -> States:
    """Return where open deals stand after their next change."""
    row = now.row
    entered = [day[row] for day in fate.entered]
    stage_day = np.choose(now.stage, entered)
    dated = (now.expected >= 0) & (now.pushes > 0)
    push_day = np.where(dated, np.maximum(now.expected + plan.notices[row], now.day + 1), stage_day + 1)
    day = np.minimum(stage_day, push_day)
    stage = sum(((entry <= day).astype(np.int64) for entry in entered), np.zeros_like(day))
    pushed = (push_day == day) & (stage < CLOSED)
    expected = np.where(pushed, _pushed_to(days, now, day, plan), now.expected)
    expected = _reviewed(days, now, (day, stage, expected), fate, plan)
    return States(row, day, stage, expected, now.pushes - pushed)


def _pushed_to(days: Days, now: States, day: IntArray, plan: Plans) -> IntArray:
    """Return the new day on which deals are expected to close that did not by the old one."""
    push = plan.push[now.row]
    by = _tables().pushed[push >> 4 * (now.pushes & 7) & 15]
    later = np.maximum(now.expected, day) + by
    return np.where(push & 1, days.at(days.month_end, later), later)


def _reviewed(
    days: Days, now: States, change: tuple[IntArray, IntArray, IntArray], fate: Fates, plan: Plans
) -> IntArray:
    """Return the day on which deals are expected to close after the buyer was asked, as is done with a proposal."""
    day, stage, expected = change
    review = plan.review[now.row]
    asked = (stage == 3) & (review & 3 > 0) | (stage == 2) & (review & 4 > 0) | (stage >= 2) & (expected < 0)
    asked &= (stage > now.stage) & (stage < CLOSED)
    off = _tables().misjudged[review >> 4 & 15] * (4 - np.minimum(stage, 3))
    near = np.maximum(fate.entered[3][now.row] + off, day + 1)
    return np.where(asked, near, expected)


def amounts_at(stage: AnyArray, row: IntArray, fate: Fates, plan: Plans) -> tuple[IntArray, BoolArray]:
    """Return the amounts of deals in cents as they stand in a stage, and which of them are known."""
    level = np.where(stage == CLOSED, fate.reached[row], stage)
    estimate, quoted, final = (amount[row] for amount in plan.amounts)
    cents = np.where(level < 2, estimate, np.where(level == 2, quoted, final))
    known = ~(plan.unknown[row] & (stage < 2))
    return np.where(known, cents, 0), known
