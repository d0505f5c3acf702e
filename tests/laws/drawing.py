"""Books drawn as bytes: one deal is twelve bytes, so that hundreds of books are drawn in a second and failing ones shrink."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any, TypeVar

import attrs
import numpy as np
from hypothesis import strategies as st

import salesmetrics as sm
from salesmetrics.books import DealBook, DealHistory, QuotaBook, RepBook
from salesmetrics.calendars import Period, Periods
from salesmetrics.domain import Deal, Quota, Rep
from tests.laws import tales
from tests.oracle_history import Change
from tests.strategies import ENDED_STAGES, OPEN_STAGES, PROCESS

T = TypeVar("T")

EXAMPLES = int(os.environ.get("LAW_EXAMPLES", "25"))
"""Draws for each pair of a metric and a law; more of them for a long run."""
FIRST = date(2023, 12, 1)
REPS = ("Ana", "ana", "Zo\u00eb", "Zoe\u0308", "=1+1", "<b>")
SEGMENTS = ("SMB", "smb", "nan", "00", None)
TEAMS = ("East", "east", "<b>", None)
CATEGORIES = ("commit", "best_case", "pipeline", None)
OUTCOMES = ("open", "won", "won", "lost", "open", "won", "lost", "no_decision")
CHANCES = (None, 0, 1, 333333, 500000, 10**6, 123456, 999999)
LENGTHS = (0, 0, 1, 2, 7, 14, 30, 31, 60, 90)


def code(thing: Any) -> str:
    """Return a domain object as code to paste, without the fields that are at rest."""
    fields = [(f.name, getattr(thing, f.name), f.default) for f in attrs.fields(type(thing))]
    shown = [f"{n}={v!r}" for n, v, rest in fields if v is not None and v != rest and v != ()]
    return f"{type(thing).__name__}({', '.join(shown)})".replace("datetime.date", "date")


@attrs.frozen(repr=False)
class Case:
    """A book and a question: deals, quotas and reps as objects, and how they are asked.

    The histories of the deals are told by the bytes of `tale`.
    """

    deals: tuple[Deal, ...]
    quotas: tuple[Quota, ...]
    reps: tuple[Rep, ...]
    by: tuple[str, ...]
    period: Period | Periods | None
    as_of: date | None
    staged: bool = True
    tale: bytes = b""

    def __repr__(self) -> str:
        """Return the case as code to paste."""
        books = ""
        for name in ("deals", "quotas"):
            books += f"\n  {name}=(" + "".join(f"\n    {code(thing)}," for thing in getattr(self, name)) + "),"
        teams = tuple(rep.team for rep in self.reps)
        asked = f"by={self.by!r}, period={self.period!s}, as_of={self.as_of}, staged={self.staged}"
        asked += f", tale={self.tale!r}" if self.tale else ""
        return f"Case({books}\n  teams={teams!r}, {asked})"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(repr(self))

    @property
    def periods(self) -> Any:
        """The periods as the slow module takes them."""
        return list(self.period) if isinstance(self.period, Periods) else self.period

    @property
    def moves(self) -> tuple[Change, ...]:
        """The history of the deals."""
        return tales.history_of(self.deals, self.tale, REPS)

    @property
    def process(self) -> Any:
        """The sales process the book was read with."""
        return PROCESS if self.staged else None

    def ask(self) -> Ask:
        """Return the same question of books."""
        return Ask(
            read_once(self.deals, self.staged),
            quota_book(self.quotas),
            rep_book(self.reps),
            self.by,
            self.period,
            self.as_of,
            told=(self.deals, self.tale),
        )


@attrs.frozen(eq=False)
class Ask:
    """Books and a question."""

    deals: DealBook
    quotas: QuotaBook
    reps: RepBook | None
    by: tuple[str, ...]
    period: Period | Periods | None
    as_of: date | None
    where: Any = None
    told: tuple[tuple[Deal, ...], bytes] = ((), b"")
    whole: DealBook | None = None

    @property
    def held(self) -> DealBook:
        """The deals in memory, where what is asked is a scan of them."""
        return self.deals if self.whole is None else self.whole

    @property
    def history(self) -> DealHistory:
        """The history of the deals of the book."""
        whole = history_book(*self.told, self.held.scale, self.held.currency)
        return whole.filter(np.isin(whole["deal"], self.held["id"]))

    def but(self, **changes: Any) -> Ask:
        """Return the question with something changed."""
        return attrs.evolve(self, **changes)


def deal_book(deals: Any, staged: bool = True, **options: Any) -> DealBook:
    """Return a book of deals; the warnings about labels that look alike are wanted here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", sm.SalesMetricsWarning)
        given = empty_columns() if isinstance(deals, tuple) and not deals else deals
        return sm.read_deals(given, process=PROCESS if staged else None, **{"allow_negative": True, **options})


def empty_columns() -> dict[str, list[Any]]:
    """Return the columns of no deals."""
    return {name: [] for name in (*FIELDS, "product", "segment")}


FIELDS = (
    *("id", "rep", "amount", "created", "expected_close", "closed", "stage", "outcome", "probability"),
    "forecast_category",
)


@lru_cache(maxsize=256)
def read_once(deals: tuple[Deal, ...], staged: bool) -> DealBook:
    """Return a book of deals that is read once: books do not change."""
    return deal_book(deals, staged)


@lru_cache(maxsize=256)
def quota_book(quotas: tuple[Quota, ...]) -> QuotaBook:
    """Return a book of quotas."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", sm.SalesMetricsWarning)
        return sm.read_quotas(
            quotas if quotas else {n: [] for n in ("rep", "start", "end", "amount", "effective_from", "team")}
        )


@lru_cache(maxsize=256)
def history_book(deals: tuple[Deal, ...], tale: bytes, scale: int, currency: str | None) -> DealHistory:
    """Return the history of deals."""
    return history_of(tales.history_of(deals, tale, REPS), scale, currency)


def history_of(changes: Iterable[Change], scale: int = 2, currency: str | None = None) -> DealHistory:
    """Return a book of changes."""
    rows = list(changes)
    columns = {"date" if name == "day" else name: [getattr(c, name) for c in rows] for name in Change._fields}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", sm.SalesMetricsWarning)
        return sm.read_history(columns, process=PROCESS, scale=scale, currency=currency)


@lru_cache(maxsize=256)
def rep_book(reps: tuple[Rep, ...]) -> RepBook | None:
    """Return a book of reps, or none."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", sm.SalesMetricsWarning)
        return sm.read_reps(reps) if reps else None


def day(number: int) -> date:
    """Return a day near the others."""
    return FIRST + timedelta(number)


def amount_of(high: int, low: int, signed: bool) -> Decimal | None:
    """Return an amount made of two bytes: missing, zero, some that are equal, some that are large."""
    kind = high % 10
    if kind == 9:
        return None
    minor = (0, 1, 100, 5000, 5000, low, 256 * low + 7, 10**7 + low, 10**9 + high * 255)[kind]
    return Decimal(-minor if signed and low % 5 == 4 else minor).scaleb(-2)


def deal_of(number: int, data: bytes, complete: bool = False, signed: bool = False) -> Deal:
    """Return the deal that twelve bytes stand for; with ``complete`` nothing a metric may need is missing."""
    outcome = OUTCOMES[data[0] % 8]
    is_open = outcome == "open"
    begun = (256 * data[4] + data[5]) % 430
    born = None if data[4] >= 230 and not complete else day(begun)
    length = LENGTHS[data[6] % 10] if data[6] < 200 else data[6]
    expected = None if data[7] % 9 == 8 and not complete else day((256 * data[7] + data[8]) % 460)
    amount = amount_of(data[2], data[3], signed)
    chance = CHANCES[data[10] % 8]
    if complete:
        amount = Decimal(256 * data[2] + data[3]).scaleb(-2) if amount is None else amount
        chance = 250000 if chance is None else chance
    stage = OPEN_STAGES[data[9] % 3] if is_open else ENDED_STAGES[outcome]
    rep = None if data[1] % 13 == 12 and not complete else REPS[data[1] % 13 % 6]
    segment = SEGMENTS[data[11] % 5] or ("SMB" if complete else None)
    return Deal(
        f"d{number}",
        rep=rep,
        amount=amount,
        created=born,
        expected_close=expected,
        closed=None if is_open else day(begun + length),
        stage=None if data[9] % 11 == 10 and not complete else stage,
        outcome=outcome,
        probability=chance / 10**6 if is_open and chance is not None else None,
        forecast_category=CATEGORIES[data[9] % 4] or ("commit" if complete else None),
        labels={"segment": segment, "product": "AB"[data[11] // 5 % 2]},
    )


def quotas_of(rows: Sequence[bytes]) -> tuple[Quota, ...]:
    """Return the quotas that runs of bytes stand for: each rep's follow one another, some changed midway."""
    free: dict[str, int] = {}
    answer = []
    for data in rows:
        rep = REPS[data[0] % 6]
        start = max(free.get(rep, 0), (0, 31, 60, data[1])[data[1] % 4]) + (0, 0, 0, 1, 31)[data[2] % 5]
        length = (31, 30, 29, 91, 92, 366, 1, 7, 3, data[3] + 1)[data[3] % 10]
        minor = (0, 100, 256 * data[4] + data[5], 10**6 + data[4])[data[4] % 4]
        answer.append(Quota(rep, day(start), day(start + length), Decimal(minor).scaleb(-2)))
        if data[6] % 3 == 2 and length > 1:
            later = day(start + 1 + data[6] % (length - 1))
            answer.append(
                Quota(rep, day(start), day(start + length), Decimal(data[7]).scaleb(-1), effective_from=later)
            )
        free[rep] = start + length
    return tuple(answer)


def reps_of(data: bytes) -> tuple[Rep, ...]:
    """Return every rep with a team or without."""
    return tuple(Rep(rep, team=TEAMS[data[i] % 4]) for i, rep in enumerate(REPS))


def periods_of(data: bytes) -> list[Period]:
    """Return up to four periods in order, with or without gaps."""
    start, answer = (31, 0, 62, 91, data[1])[data[0] % 5], []
    for i in range(1 + data[2] % 4):
        start += (0, 0, 0, 1, 31)[data[3 + i] % 5]
        length = (31, 91, 29, 30, 1, 366, 7, 180)[data[3 + i] // 5 % 8]
        answer.append(Period(day(start), day(start + length)))
        start += length
    return answer


DEAL_BYTES = st.binary(min_size=12, max_size=12)
TALE_BYTES = st.binary(min_size=tales.BYTES, max_size=tales.BYTES)
DEAL_BYS = ((), ("rep",), ("segment",), ("rep", "segment"), ("stage",), ("forecast_category", "product"), ("team",))
QUOTA_BYS = ((), ("rep",), ("team",), ("team", "rep"))


@st.composite
def deal_lists(
    draw: st.DrawFn, max_size: int = 14, min_size: int = 0, complete: bool = False, signed: bool = False
) -> tuple[Deal, ...]:
    """Some deals."""
    rows = draw(st.lists(DEAL_BYTES, min_size=min_size, max_size=max_size))
    return tuple(deal_of(i, row, complete, signed) for i, row in enumerate(rows))


@st.composite
def cases(
    draw: st.DrawFn,
    *,
    period: str = "any",
    as_of: str = "any",
    quotas: bool = False,
    max_size: int = 14,
    min_size: int = 0,
    complete: bool = False,
    signed: bool = False,
    moves: bool = False,
) -> Case:
    """A book and a question that a metric takes: ``period`` any, given or one; ``as_of`` any, given, or late (from
    the day before the period on); with ``moves`` a history is drawn too.
    """
    deals = draw(deal_lists(max_size, min_size, complete, signed))
    rows = draw(st.lists(st.binary(min_size=8, max_size=8), max_size=6)) if quotas else []
    how = draw(st.binary(min_size=16, max_size=16))
    when: Period | Periods | None
    when = periods_of(how[:7])[0] if how[7] % 3 < 2 or period == "one" else Periods(periods_of(how[:7]))
    if period == "any" and how[7] % 7 == 6:
        when = None
    on = None if as_of == "any" and how[8] % 3 == 2 else day((256 * how[8] + how[9]) % 480)
    if as_of == "late" and on is not None and isinstance(when, Period):
        on = max(on, when.start - timedelta(1))
    bys = QUOTA_BYS if quotas else DEAL_BYS
    tale = b"".join(draw(st.lists(TALE_BYTES, min_size=len(deals), max_size=len(deals)))) if moves else b""
    by = bys[how[15] % len(bys)]
    return Case(deals, quotas_of(rows), reps_of(how[10:]), by, when, on, how[14] % 2 == 0, tale)


@st.composite
def cut(draw: st.DrawFn, size: int, most: int = 8) -> list[int]:
    """The part of each of some rows, and so a partition into parts of which some are empty."""
    parts = draw(st.integers(1, most))
    return draw(st.lists(st.integers(0, parts - 1), min_size=size, max_size=size))
