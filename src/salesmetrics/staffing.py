"""Who was there, and ramped how far: shares of each rep's days; and how a quota spreads over its own."""

from __future__ import annotations

import calendar
import datetime as dt
import itertools
from collections.abc import Sequence

import attrs
import numpy as np

from salesmetrics import _check
from salesmetrics.arrays import AnyArray, IntArray
from salesmetrics.books.reps import RepBook
from salesmetrics.columns import PPM, DayColumn, KeyColumn, LabelColumn, smallest_codes
from salesmetrics.errors import InvalidArgumentError, show

__all__ = ["Spans", "Spread", "Tenure", "labelled", "months_after", "overlaps", "shares_of", "spread_of", "tenures_of"]

_ALWAYS = (0, 1 << 20)
_LIFT = 1 << 21


def months_after(day: int, months: int) -> int:
    """Return the same day of the month some months later, the last day where the month is shorter."""
    date = _check.date_of(day)
    year, month = divmod(date.year * 12 + date.month - 1 + months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return dt.date(year, month + 1, min(date.day, last)).toordinal() - _check.EPOCH


def month_edges(starts: IntArray, months: int) -> IntArray:
    """Return the first day of each month counted from each start, and the end of the last, as a table."""
    day = starts.astype("datetime64[D]")
    first = day.astype("datetime64[M]")
    ahead = np.arange(months + 1)
    begins = (first[:, None] + ahead).astype("datetime64[D]").astype(np.int64)
    lasts = (first[:, None] + ahead + 1).astype("datetime64[D]").astype(np.int64) - 1
    offset = starts - first.astype("datetime64[D]").astype(np.int64)
    edges: IntArray = np.minimum(begins + offset[:, None], lasts)
    return edges


@attrs.frozen(eq=False)
class Spans:
    """Stretches of days ``[start, end)`` of some owner, each with a whole number; sorted, and disjoint for one owner."""

    owner: IntArray
    start: IntArray
    end: IntArray
    value: IntArray


def overlaps(owner: IntArray, start: IntArray, end: IntArray, spans: Spans) -> tuple[IntArray, IntArray]:
    """Return the pairs of a stretch and a span of the same owner that share days, as positions of both."""
    first = np.searchsorted(spans.owner * _LIFT + spans.end, owner * _LIFT + start, side="right")
    last = np.searchsorted(spans.owner * _LIFT + spans.start, owner * _LIFT + end, side="left")
    times = np.where(end > start, np.maximum(last - first, 0), 0)
    if (times == 1).all():
        return np.arange(len(times)), first
    left = np.repeat(np.arange(len(times)), times)
    right = np.arange(len(left)) - np.repeat(np.cumsum(times) - times, times) + np.repeat(first, times)
    return left, right


# --- reps ------------------------------------------------------------------------------------------------------------


@attrs.frozen
class Tenure:
    """When one rep was there: first day, the day the clock starts (None: not known), first day gone, and times away."""

    start: int
    role_start: int | None
    end: int
    away: tuple[tuple[int, int], ...]
    ramp: tuple[float, ...]


def tenures_of(reps: RepBook, ramp_from: str = "role_start") -> list[Tenure]:
    """Return the tenure of each rep, which begins where its clock does; a day that is not known is no bound."""
    _check.one_of(ramp_from, ("role_start", "hired"), "ramp_from")
    hired, role, left = (_days(reps, name) for name in ("hired", "role_start", "left"))
    found = []
    for row in range(reps.rows):
        one, other = (role[row], hired[row]) if ramp_from == "role_start" else (hired[row], role[row])
        begun = int(one) if one >= 0 else int(other)
        away = tuple((p.start_day, p.end_day) for p in (reps.absences[row] if reps.absences else ()))
        end = int(left[row]) if left[row] >= 0 else _ALWAYS[1]
        ramp = reps.ramps[row] if reps.ramps else ()
        found.append(Tenure(max(begun, _ALWAYS[0]), begun if begun >= 0 else None, end, away, ramp))
    return found


def labelled(reps: RepBook) -> RepBook:
    """Return the book with the ids of the reps as a label column, so that they can be grouped ``by="rep"``."""
    ids: KeyColumn = reps.column("id", "grouping by rep")
    distinct, code = np.unique(ids.values, return_inverse=True)
    rep = LabelColumn(smallest_codes(code.reshape(-1), len(distinct)), tuple(distinct.tolist()))
    return attrs.evolve(reps, columns={**reps.columns, "rep": rep})


def _days(reps: RepBook, name: str) -> AnyArray:
    """Return a column of days, all missing where the book has none."""
    column = reps.columns.get(name)
    return column.days if isinstance(column, DayColumn) else np.full(reps.rows, -1, dtype=np.int32)


def shares_of(reps: RepBook, *, ramp: bool = True, ramp_from: str = "role_start", prorate: bool = True) -> Spans:
    """Return the share of full quota that each rep carries on each day, in parts per million; elsewhere it is 0.

    Active from the first day to the last, absences out; times the entry of the ramp schedule for the tenure month (the first
    month has the first entry; days before it too), 1 after its end. Without ``prorate`` everybody is there all the time.
    """
    owner: list[int] = []
    start: list[int] = []
    end: list[int] = []
    value: list[int] = []
    for row, tenure in enumerate(tenures_of(reps, ramp_from)):
        if not prorate:
            tenure = attrs.evolve(tenure, start=_ALWAYS[0], end=_ALWAYS[1], away=())
        for first, last, share in _ramped(tenure) if ramp else [(tenure.start, tenure.end, PPM)]:
            for begin, stop in _present(first, last, tenure.away):
                owner.append(row)
                start.append(begin)
                end.append(stop)
                value.append(share)
    if reps.unknown is not None:  # who is not in the book is there all the time, in a row behind the last
        for column, number in zip((owner, start, end, value), (reps.rows, *_ALWAYS, PPM), strict=True):
            column.append(number)
    return Spans(*(np.array(column, dtype=np.int64) for column in (owner, start, end, value)))


def _ramped(tenure: Tenure) -> list[tuple[int, int, int]]:
    """Return the stretches of a tenure with one share each."""
    if tenure.role_start is None or not tenure.ramp:
        return [(tenure.start, tenure.end, PPM)]
    steps = []
    first = tenure.start
    for month, share in enumerate(tenure.ramp):
        until = min(months_after(tenure.role_start, month + 1), tenure.end)
        if until > first:
            steps.append((first, until, round(share * PPM)))
            first = until
    return [*steps, (first, tenure.end, PPM)] if tenure.end > first else steps


def _present(first: int, last: int, away: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the parts of a stretch outside the times away."""
    parts = []
    for begin, stop in sorted(away):
        if stop <= first or begin >= last:
            continue
        if begin > first:
            parts.append((first, begin))
        first = max(first, stop)
    return [*parts, (first, last)] if last > first else parts


def days_within(spans: Spans, owners: int, starts: IntArray, ends: IntArray) -> IntArray:
    """Return how many days of each owner's spans lie in each period, as a table of owners by periods."""
    days = np.zeros((owners, len(starts)), dtype=np.int64)
    shared = np.minimum(spans.end[:, None], ends) - np.maximum(spans.start[:, None], starts)
    np.add.at(days, spans.owner, np.maximum(shared, 0))
    return days


def ramping_within(spans: Spans, owner: IntArray, start: IntArray, end: IntArray) -> Spans:
    """Return the days of some stretches on which their owner is there with a share below 1."""
    below = spans.value < PPM
    some = Spans(spans.owner[below], spans.start[below], spans.end[below], spans.value[below])
    left, right = overlaps(owner, start, end, some)
    first, last = np.maximum(start[left], some.start[right]), np.minimum(end[left], some.end[right])
    return Spans(some.owner[right], first, last, some.value[right])


# --- quotas ----------------------------------------------------------------------------------------------------------


@attrs.frozen
class Spread:
    """How the amount of a quota spreads over its days: by day, business day or month, with weights of its parts."""

    unit: str = "day"
    weights: tuple[int, ...] = ()
    holidays: np.busdaycalendar | None = attrs.field(default=None, eq=lambda c: None if c is None else _calendar_key(c))

    @property
    def plain(self) -> bool:
        """True where every day of the quota carries the same."""
        return self.unit == "day" and not self.weights


def _calendar_key(days: np.busdaycalendar) -> tuple[bytes, bytes]:
    """Return what tells two calendars of business days apart."""
    return days.weekmask.tobytes(), days.holidays.tobytes()


def spread_of(unit: str, weights: Sequence[float] | None, holidays: np.busdaycalendar | None) -> Spread:
    """Return a checked spread; weights are held in whole parts per million that add up exactly."""
    _check.one_of(unit, ("day", "business_day", "month"), "unit")
    if holidays is not None and unit != "business_day":
        raise InvalidArgumentError(
            f"`busday` must not be given with unit {show(unit)}; only business days read it.",
            code="SM-QTA-13",
            field="busday",
        )
    if weights is None:
        return Spread(unit, (), holidays)
    shares = [float(w) for w in weights]
    if not shares or min(shares) < 0 or abs(sum(shares) - 1.0) > 1e-9:
        raise InvalidArgumentError(
            f"`weights` must be shares of 0 or more that add up to 1; got {show(list(weights))}.",
            code="SM-QTA-14",
            field="weights",
            values=[list(weights)],
            hint="one share for each part of the quota's days, such as (0.2, 0.3, 0.5) for the months of a quarter.",
        )
    parts = [int(share * PPM) for share in shares]
    order = sorted(range(len(shares)), key=lambda k: (-(shares[k] * PPM - parts[k]), k))
    for at in order[: PPM - sum(parts)]:
        parts[at] += 1
    return Spread(unit, tuple(parts), holidays)


def pieces(start: int, end: int, spread: Spread) -> list[tuple[int, int, int, int]]:
    """Return the parts of a quota's days: first day, end, weight in parts per million, and what it is divided by.

    A part without a business day weighs nothing.
    """
    found = []
    for first, last, weight in _parts(start, end, spread.weights):
        if spread.unit == "month":
            months = _calendar_months(first, last)
            found += [(a, b, weight, (b - a) * len(months)) for a, b in months]
        else:
            divisor = int(units(np.array([first]), np.array([last]), spread)[0])
            found.append((first, last, weight if divisor else 0, max(divisor, 1)))
    return found


def _calendar_months(start: int, end: int) -> list[tuple[int, int]]:
    """Return the parts of a stretch that lie in one calendar month each."""
    edges = [start]
    while edges[-1] < end:
        first = _check.date_of(edges[-1]).replace(day=1)
        edges.append(min(months_after(first.toordinal() - _check.EPOCH, 1), end))
    return list(itertools.pairwise(edges))


def units(start: IntArray, end: IntArray, spread: Spread) -> IntArray:
    """Return how many days, or business days, lie in each stretch."""
    if spread.unit != "business_day":
        return end - start
    first, last = start.astype("datetime64[D]"), end.astype("datetime64[D]")
    week = np.busdaycalendar() if spread.holidays is None else spread.holidays
    return np.asarray(np.busday_count(first, last, busdaycal=week), dtype=np.int64)


def _parts(start: int, end: int, weights: tuple[int, ...]) -> list[tuple[int, int, int]]:
    """Return the sub-periods that weights are for: equal numbers of whole months."""
    if len(weights) < 2:
        return [(start, end, PPM)]
    months = _months(start, end)
    each, over = divmod(len(months), len(weights))
    if over:
        raise InvalidArgumentError(
            f"`weights` must divide the months of every quota; got {len(weights)} weights for "
            f"{_check.date_of(start)} to {_check.date_of(end)}, {len(months)} months.",
            code="SM-QTA-15",
            field="weights",
        )
    return [(months[k * each][0], months[(k + 1) * each - 1][1], weight) for k, weight in enumerate(weights)]


def _months(start: int, end: int) -> list[tuple[int, int]]:
    """Return the months of a stretch, counted from its first day; it must hold whole ones."""
    edges = [start]
    while edges[-1] < end:
        edges.append(months_after(start, len(edges)))
    if edges[-1] != end:
        raise InvalidArgumentError(
            f"a quota must hold whole months for `weights`; got {_check.date_of(start)} to {_check.date_of(end)}.",
            code="SM-QTA-12",
            field="weights",
            hint="without weights any quota is spread evenly.",
        )
    return list(itertools.pairwise(edges))
