"""Tenures: what each rep was credited with, and owed, in each month since the start."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import attrs
import numpy as np

from salesmetrics import _check
from salesmetrics._threads import blocks_in_order
from salesmetrics.arrays import AnyArray, FloatArray, IntArray
from salesmetrics.books.deals import WON, DealBook
from salesmetrics.books.history import DealHistory
from salesmetrics.books.quotas import QuotaBook
from salesmetrics.books.reps import RepBook
from salesmetrics.books.splits import SplitBook
from salesmetrics.columns import DayColumn, KeyColumn, LabelColumn, MoneyColumn
from salesmetrics.credit import Credit, credit_words, credited
from salesmetrics.errors import InvalidArgumentError, InvalidDataError, MergeError
from salesmetrics.grouping import Window, as_of_day, day_column, group
from salesmetrics.labels import Labels
from salesmetrics.scans import DealScan
from salesmetrics.scans.requests import counting_part
from salesmetrics.spreading import cut_to, stretches_of
from salesmetrics.staffing import Spans, Spread, labelled, month_edges, overlaps, shares_of, tenures_of
from salesmetrics.tally import Tally, added, owned

__all__ = ["TenureTally"]

_LIFT = 1 << 21
_NEVER = np.iinfo(np.int64).max
QUOTAS = ("full_quota", "assigned_quota")


@attrs.frozen(eq=False, repr=False)
class TenureTally(Tally):
    """For each rep and whole month of tenure: credited wins and their amount, and the quota.

    Every rep of the book is a row, with or without deals. What comes from the reps and quotas (``start``, ``until``, ``left``,
    ``quota``) must be the same in tallies that are added; wins and amounts add up, the first win is the earlier one.
    ``of`` is None in a tally that was made without quotas.
    """

    what: ClassVar[str] = "tenures"
    trails: ClassVar[bool] = False
    causes: ClassVar[tuple[str, ...]] = ("wins of reps who are not in the book",)

    by: tuple[str, ...]
    ramp_from: str
    as_of_day: int
    since_day: int
    of: str | None
    credit: str | None
    currency: str | None
    scale: int
    wins: IntArray = added()
    amount: IntArray = added()
    left_out: IntArray = added(total=True)
    first_win: IntArray = owned()
    start: IntArray = owned()
    until: IntArray = owned()
    left: IntArray = owned()
    quota: FloatArray = owned()
    covered: IntArray = owned()
    away: AnyArray = owned()

    @classmethod
    def from_book(
        cls,
        deals: DealBook,
        reps: RepBook,
        quotas: QuotaBook | None = None,
        *,
        by: str | tuple[str, ...] | list[str] | None = None,
        where: object = None,
        as_of: object = None,
        since: object = None,
        ramp_from: str = "role_start",
        of: str = "full_quota",
        splits: SplitBook | None = None,
        history: DealHistory | None = None,
        how: Credit | None = None,
    ) -> Self:
        """Return the tally of deals and quotas by the tenure of their reps; ``where`` picks reps."""
        _check.one_of(of, QUOTAS, "of")
        how = how or Credit()
        day = as_of_day(deals, as_of, needed="tenures, which are observed up to a day")
        assert day is not None
        people = reps.filter(where)
        names, labels = _labelled(people, by)
        order = np.lexsort(labels.codes.T[::-1])
        people, labels = people.take(order), labels.take(order)
        start, until, left = _tenures(people, ramp_from, day)
        edges = _edges(start, until)
        book = credited(deals, how, splits=splits, history=history, as_of=day)
        begin = _check.optional_day(since, "since")
        begin = _first_day(deals) if begin is None else begin
        seen = np.maximum(start, begin)
        wins, amount, first = _wins(book, people, (start, seen, until), edges)
        shape = wins.shape
        quota, covered = np.zeros(shape), np.zeros(shape, dtype=np.int64)
        if quotas is not None:
            factor = _decimals(quotas, deals)
            quota, covered = _quota(quotas, people, edges, of, ramp_from, factor)
        return cls(
            labels=labels,
            window=Window(None, many=False),
            by=names,
            ramp_from=ramp_from,
            as_of_day=day,
            since_day=begin,
            of=None if quotas is None else of,
            credit=credit_words(how, splits, history),
            currency=deals.currency,
            scale=deals.scale,
            wins=wins,
            amount=amount,
            left_out=np.array([_strangers(book, reps, day)], dtype=np.int64),
            first_win=first,
            start=start,
            until=until,
            left=left,
            quota=quota,
            covered=covered,
            away=_away(people, edges),
        )

    @classmethod
    def of_scan(cls, deals: DealScan, given: tuple[Any, ...], named: dict[str, Any]) -> Any:
        """Return the tally of a scan, whose first day must be known before the first part is counted."""
        if named.get("since") is None:
            named = {**named, "since": _check.date_of(deals.first_day())}
        return deals.tallied(cls, given, named)

    @property
    def edges(self) -> IntArray:
        """The first day of each month of tenure, and the end of the last."""
        return _edges(self.start, self.until)

    def __add__(self, other: Self) -> Self:
        """Return the tally of the deals of both, which must be disjoint, of the same reps and quotas."""
        if type(other) is type(self) and self.schema() == other.schema():
            self._refuse_others(other)
        return super().__add__(other)

    def _refuse_others(self, other: Self) -> None:
        """Raise where reps or quotas are not the same on both sides."""
        names = ("start", "until", "left", "quota", "covered", "away")
        differ = [name for name in names if not np.array_equal(getattr(self, name), getattr(other, name))]
        if differ or not self.labels.equals(other.labels):
            name = differ[0] if differ and self.labels.equals(other.labels) else "reps"
            raise MergeError(
                f"`{name}` must be the same in tenures that add up; got others.",
                code="SM-TLY-13",
                field=name,
                hint="give every part the whole rep book and all quotas.",
            )

    def _merged(self, other: Self, labels: Labels, mine: AnyArray, yours: AnyArray) -> dict[str, Any]:
        """Return the earlier first win of each rep."""
        return {"first_win": np.minimum(self.first_win, other.first_win)}

    def _same(self, other: Self) -> bool:
        """Return True where everything of each rep agrees."""
        names = ("first_win", "start", "until", "left", "quota", "covered", "away")
        return all(np.array_equal(getattr(self, name), getattr(other, name)) for name in names)


def _labelled(people: RepBook, by: str | tuple[str, ...] | list[str] | None) -> tuple[tuple[str, ...], Labels]:
    """Return the names to group by and the labels of every rep, its id among them, in the order of the rows."""
    names = (by,) if isinstance(by, str) else tuple(by or ())
    book = labelled(people)
    grouping = group(book, names if "rep" in names else (*names, "rep"), None)
    codes = np.column_stack([_codes(book.columns[level.name]) for level in grouping.levels])
    return names, Labels(grouping.levels, codes)


def _codes(column: Any) -> IntArray:
    """Return the codes of a label column, the missing label last."""
    codes: IntArray = np.where(column.codes < 0, len(column.levels), column.codes).astype(np.int64)
    return codes


def _tenures(people: RepBook, ramp_from: str, day: int) -> tuple[IntArray, IntArray, IntArray]:
    """Return each rep's first day (-1: not known), end of observation, and day gone (-1: still there on the day)."""
    tenures = tenures_of(people, ramp_from)
    start = np.array([-1 if t.role_start is None else t.role_start for t in tenures], dtype=np.int64)
    left = np.array([t.end if t.end <= day else -1 for t in tenures], dtype=np.int64)
    until = np.where(left >= 0, left, day + 1)
    return start, np.maximum(until, np.maximum(start, 0)), left


def _edges(start: IntArray, until: IntArray) -> IntArray:
    """Return the first day of each tenure month of each rep, enough of them to reach the last end."""
    known = start >= 0
    longest = int((until - start)[known].max(initial=0))
    return month_edges(np.maximum(start, 0), longest // 28 + 1)


def _strangers(deals: DealBook, reps: RepBook, day: int) -> int:
    """Return how many wins belong to reps whom the book does not know; raise where it knows none of them."""
    owner: LabelColumn = deals.column("rep", "tenures")
    outcome: LabelColumn = deals.column("outcome", "tenures")
    closed = day_column(deals, "closed", "tenures").days
    known = reps.places()
    strange = np.array([*(level not in known for level in owner.levels), False], dtype=bool)
    found = every = 0
    for at, stop in blocks_in_order(0, deals.rows):
        whose = owner.codes[at:stop]
        won = (outcome.codes[at:stop] == WON) & (closed[at:stop] <= day) & (whose >= 0)
        found, every = found + int((won & strange[whose]).sum()), every + int(won.sum())
    if found and reps.rows and found == every and not counting_part.get():
        reps.rows_of(owner)
    return found


def _first_day(deals: DealBook) -> int:
    """Return the day on which the data begin: the first on which a deal was created or closed."""
    columns = [deals.columns[name] for name in ("created", "closed") if name in deals.columns]
    days = [c.days for c in columns if isinstance(c, DayColumn)]
    # read without sign, a day that is missing (-1) lies after every other
    known = [int(each.view(np.uint32).min()) for each in days if len(each)]
    return min((day for day in known if day <= np.iinfo(np.int32).max), default=0)


def _wins(
    deals: DealBook, people: RepBook, days: tuple[IntArray, IntArray, IntArray], edges: IntArray
) -> tuple[IntArray, IntArray, IntArray]:
    """Return wins and amounts by rep and tenure month, and each rep's first win since first seen.

    What a rep won before the start, in an earlier role, or after leaving, belongs to no tenure; a credit below 0 is no win.
    """
    start, seen, until = days
    owner: LabelColumn = deals.column("rep", "tenures")
    outcome: LabelColumn = deals.column("outcome", "tenures")
    closed = day_column(deals, "closed", "tenures").days
    money: MoneyColumn = deals.column("amount", "tenures")
    ids: KeyColumn = people.column("id", "tenures")
    place = {key: at for at, key in enumerate(ids.values.tolist())}
    row_of = np.array([*(place.get(level, -1) for level in owner.levels), -1], dtype=np.int64)
    first = np.full(len(start), _NEVER, dtype=np.int64)
    months = edges.shape[1] - 1
    packed = (np.arange(len(edges))[:, None] * _LIFT + edges).reshape(-1)
    wins, amount = np.zeros((len(start), months), dtype=np.int64), np.zeros((len(start), months), dtype=np.int64)
    for at, stop in blocks_in_order(0, deals.rows):
        rows = np.flatnonzero(outcome.codes[at:stop] == WON) + at
        who = row_of[owner.codes[rows]]
        rows, who = rows[who >= 0], who[who >= 0]
        since = closed[rows].astype(np.int64)
        mine = (start[who] >= 0) & (since >= start[who]) & (since < until[who])
        rows, who, since = rows[mine], who[mine], since[mine]
        win = (since >= seen[who]) & (money.minor[rows] >= 0)
        np.minimum.at(first, who[win], since[win])
        month = np.searchsorted(packed, who * _LIFT + since, side="right") - 1 - who * (months + 1)
        used = np.flatnonzero((month >= 0) & (month < months))
        np.add.at(wins, (who[used], month[used]), 1)
        np.add.at(amount, (who[used], month[used]), money.minor[rows[used]])
    return wins, amount, first


def _away(people: RepBook, edges: IntArray) -> AnyArray:
    """Return True for the tenure months in which a rep was away on some day."""
    away = np.zeros((len(edges), edges.shape[1] - 1), dtype=bool)
    for row, absences in enumerate(people.absences):
        for absence in absences:
            away[row] |= (edges[row, :-1] < absence.end_day) & (absence.start_day < edges[row, 1:])
    return away


def _quota(
    quotas: QuotaBook, people: RepBook, edges: IntArray, of: str, ramp_from: str, factor: int
) -> tuple[FloatArray, IntArray]:
    """Return the quota of each rep and tenure month in minor units of the deals, and the days it covers."""
    owner: LabelColumn = quotas.column("rep", "tenures")
    ids: KeyColumn = people.column("id", "tenures")
    place = {key: at for at, key in enumerate(ids.values.tolist())}
    row_of = np.array([*(place.get(level, -1) for level in owner.levels), -1], dtype=np.int64)
    stretches = stretches_of(quotas.segments(), Spread())
    who = row_of[owner.codes[stretches.row]]
    stretches, who = stretches.take(np.flatnonzero(who >= 0)), who[who >= 0]
    if of == "assigned_quota":
        stretches, origin = cut_to(stretches, who, shares_of(people, ramp_from=ramp_from))
        who = who[origin]
    months = edges.shape[1] - 1
    spans = Spans(
        np.repeat(np.arange(len(edges)), months),
        edges[:, :-1].reshape(-1),
        edges[:, 1:].reshape(-1),
        np.tile(np.arange(months), len(edges)),
    )
    left, right = overlaps(who, stretches.start, stretches.end, spans)
    days = np.minimum(stretches.end[left], spans.end[right]) - np.maximum(stretches.start[left], spans.start[right])
    cell = (who[left], spans.value[right])
    whole, rest = np.divmod(stretches.minor[left] * days, stretches.divisor[left])
    quota, fraction = np.zeros((len(edges), months)), np.zeros((len(edges), months))
    covered = np.zeros((len(edges), months), dtype=np.int64)
    share = stretches.share[left] / 1e6
    np.add.at(quota, cell, whole * share)
    np.add.at(fraction, cell, rest / stretches.divisor[left] * share)
    np.add.at(covered, cell, days)
    return (quota + fraction) * factor, covered


def _decimals(quotas: QuotaBook, deals: DealBook) -> int:
    """Return what quotas are multiplied by to be in the minor units of the deals, whose currency they must have."""
    if None not in (quotas.currency, deals.currency) and quotas.currency != deals.currency:
        raise InvalidDataError(
            f"`quotas` must be in the currency of the deals; got {quotas.currency} beside {deals.currency}.",
            code="SM-CUR-01",
            field="quotas",
            values=[quotas.currency],
            hint="convert one of the two before it is read.",
        )
    if quotas.scale > deals.scale:
        raise InvalidArgumentError(
            f"`quotas` must have at most the decimals of the deals; got {quotas.scale} beside {deals.scale}.",
            code="SM-CUR-06",
            field="quotas",
            values=[quotas.scale],
            hint="give both the same scale when they are read.",
        )
    return int(10 ** (deals.scale - quotas.scale))
