"""Periods of whole days, half-open, and ordered runs of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import pairwise
from typing import TypeAlias, cast, overload

import attrs
import numpy as np
import numpy.typing as npt

from salesmetrics import _check
from salesmetrics.arrays import AnyArray, CodeArray
from salesmetrics.errors import InvalidArgumentError, InvalidTypeError, show

__all__ = ["DayLike", "Period", "PeriodLike", "Periods"]

DayLike: TypeAlias = dt.date | str | np.datetime64
"""One day: a date, an ISO text or a ``datetime64[D]``."""

_FAR = 10_000_000  # days; no date of the calendar is that far from 1970


def _start(value: DayLike) -> dt.date:
    return _check.date_of(_check.day(value, "start"))


def _end(value: DayLike) -> dt.date:
    return _check.date_of(_check.day(value, "end"))


def _name(value: str | None) -> str | None:
    given: object = value
    if given is None or (isinstance(given, str) and given.strip()):
        return given
    raise InvalidArgumentError(
        f"`name` must be a text that is not blank, or None; got {show(value)}.",
        code="SM-PER-02",
        field="name",
        values=[value],
    )


@attrs.frozen(order=True, repr=False)
class Period:
    """Whole days from a first one up to, and without, an end.

    Two periods are equal, and sort, by their days alone: a name is only a label.

    Parameters
    ----------
    start : date, str or datetime64
        First day.
    end : date, str or datetime64
        First day after the period; later than `start`.
    name : str, optional
        What to call it in tables.

    Examples
    --------
    >>> from salesmetrics.calendars import Period
    >>> summer = Period("2026-07-01", "2026-10-01", name="Summer")
    >>> summer
    Period('2026-07-01', '2026-10-01', name='Summer')
    >>> summer.days, summer.weeks, "2026-09-30" in summer, "2026-10-01" in summer
    (92, 13, True, False)
    """

    start: dt.date = attrs.field(converter=_start)
    end: dt.date = attrs.field(converter=_end)
    name: str | None = attrs.field(default=None, eq=False, converter=_name)

    def __attrs_post_init__(self) -> None:
        if self.end > self.start:
            return
        raise InvalidArgumentError(
            f"`end` must be after `start`, {self.start}; got {self.end}.",
            code="SM-PER-01",
            field="end",
            values=[self.end],
            hint="a period is half-open: `end` is the first day after it, so a single day ends on the next."
            if self.end == self.start
            else None,
        )

    @property
    def start_day(self) -> int:
        """First day, counted from 1970-01-01."""
        return self.start.toordinal() - _check.EPOCH

    @property
    def end_day(self) -> int:
        """First day after the period, counted from 1970-01-01."""
        return self.end.toordinal() - _check.EPOCH

    @property
    def last(self) -> dt.date:
        """Last day that is inside."""
        return self.end - dt.timedelta(days=1)

    @property
    def days(self) -> int:
        """Length in days."""
        return self.end.toordinal() - self.start.toordinal()

    @property
    def weeks(self) -> int:
        """Length in weeks, to the nearest whole one, at least 1; a quarter of 90 to 92 days has 13."""
        return max((2 * self.days + 7) // 14, 1)

    def week_of(self, day: DayLike) -> int:
        """Week of the period, from 1, in which a day lies.

        Weeks are counted in sevens from the first day; the last one takes what is left, so it may be some days shorter
        or longer.

        Examples
        --------
        >>> from salesmetrics.calendars import Period
        >>> Period("2026-07-01", "2026-10-01").week_of("2026-09-30")
        13
        """
        number = _check.day(day, "day")
        if self.start_day <= number < self.end_day:
            return min((number - self.start_day) // 7 + 1, self.weeks)
        raise InvalidArgumentError(
            f"`day` must lie in {self._dates()}; got {show(day)}.", code="SM-PER-03", field="day", values=[day]
        )

    def week(self, number: int) -> Period:
        """Week of the period with this number; the inverse of `week_of`.

        Examples
        --------
        >>> from salesmetrics.calendars import Period
        >>> Period("2026-07-01", "2026-10-01").week(13)
        Period('2026-09-23', '2026-10-01', name='2026-07-01..2026-10-01 week 13')
        """
        week = _check.count(number, "number", least=1)
        if week > self.weeks:
            raise InvalidArgumentError(
                f"`number` must be a week of {self._dates()}, 1 to {self.weeks}; got {week}.",
                code="SM-PER-04",
                field="number",
                values=[number],
            )
        first = self.start + dt.timedelta(days=7 * (week - 1))
        end = self.end if week == self.weeks else first + dt.timedelta(days=7)
        return Period(first, end, name=f"{self} week {week}")

    def overlaps(self, other: Period) -> bool:
        """Whether the two share a day."""
        return self.start < other.end and other.start < self.end

    def __contains__(self, day: DayLike) -> bool:
        return self.start_day <= _check.day(day, "day") < self.end_day

    def _dates(self) -> str:
        dates = f"{self.start}..{self.end}"
        return dates if self.name is None else f"{self.name} ({dates})"

    def __str__(self) -> str:
        return f"{self.start}..{self.end}" if self.name is None else self.name

    def __repr__(self) -> str:
        name = "" if self.name is None else f", name={self.name!r}"
        return f"Period('{self.start}', '{self.end}'{name})"


def _sorted(periods: Iterable[Period]) -> tuple[Period, ...]:
    """Return periods in order of their days, after checking that no two share one."""
    given: object = periods
    if not isinstance(given, Iterable):
        raise InvalidTypeError(
            f"`periods` must be several Period; got {show(given)}.",
            code="SM-PER-05",
            field="periods",
            values=[given],
            hint="put a single one in a list: Periods([period])." if isinstance(given, Period) else None,
        )
    found: list[Period] = []
    for item in given:
        if not isinstance(item, Period):
            raise InvalidTypeError(
                f"`periods` must hold Period only; got {show(item)}.",
                code="SM-PER-05",
                field="periods",
                values=[item],
                hint="Periods.from_boundaries takes days." if isinstance(item, (str, dt.date)) else None,
            )
        found.append(item)
    found.sort(key=lambda period: (period.start, period.end))  # several times faster than by comparing periods
    for before, after in pairwise(found):
        if before.overlaps(after):
            raise _overlap(before, after)
    return tuple(found)


def _overlap(before: Period, after: Period) -> InvalidArgumentError:
    shared = Period(after.start, min(before.end, after.end))
    text = f"the day {shared.start}" if shared.days == 1 else f"the {shared.days} days {shared.start} to {shared.last}"
    return InvalidArgumentError(
        f"`periods` must not overlap; got {before!r} and {after!r}, which share {text}.",
        code="SM-PER-06",
        field="periods",
        values=[before, after],
        hint="periods are half-open: one that ends on 31 March has end 1 April." if shared.days == 1 else None,
    )


@attrs.frozen(eq=False, repr=False)
class Periods(Sequence[Period]):
    """Periods in order of time that share no day; there may be gaps.

    Parameters
    ----------
    periods : iterable of Period
        In any order.

    Examples
    --------
    >>> from salesmetrics.calendars import Period, Periods
    >>> halves = Periods([Period("2026-07-01", "2027-01-01", name="H2"), Period("2026-01-01", "2026-07-01", name="H1")])
    >>> halves.names
    ('H1', 'H2')
    >>> halves[0]
    Period('2026-01-01', '2026-07-01', name='H1')
    >>> halves.period_of(["2026-06-30", "2026-07-01", "2027-01-01"])
    array([ 0,  1, -1])
    """

    _periods: tuple[Period, ...] = attrs.field(converter=_sorted)

    @classmethod
    def from_boundaries(cls, boundaries: Iterable[DayLike], names: Iterable[str] | None = None) -> Periods:
        """Adjoining periods between days of your own.

        Parameters
        ----------
        boundaries : iterable of days
            First days in rising order, and at the end the first day after the last period.
        names : iterable of str, optional
            One for each period, so one fewer than boundaries.

        Examples
        --------
        >>> from salesmetrics.calendars import Periods
        >>> Periods.from_boundaries(["2026-01-01", "2026-02-16", "2026-04-01"], names=["early", "late"])
        Periods([Period('2026-01-01', '2026-02-16', name='early'), Period('2026-02-16', '2026-04-01', name='late')])
        """
        days = [_check.day(value, "boundaries") for value in boundaries]
        if len(days) < 2 or any(a >= b for a, b in pairwise(days)):
            raise InvalidArgumentError(
                f"`boundaries` must be at least two days, each later than the one before; got {_first_fall(days)}.",
                code="SM-PER-07",
                field="boundaries",
                values=[_check.date_of(d) for d in days],
            )
        labels: list[str] | list[None] = [None] * (len(days) - 1) if names is None else list(names)
        if isinstance(names, str) or len(labels) != len(days) - 1:
            raise InvalidArgumentError(
                f"`names` must hold one name for each of the {len(days) - 1} periods; got {show(names)}.",
                code="SM-PER-08",
                field="names",
                values=[names],
            )
        dates = [_check.date_of(d) for d in days]
        return cls([Period(a, b, name) for a, b, name in zip(dates[:-1], dates[1:], labels, strict=True)])

    @cached_property
    def starts(self) -> npt.NDArray[np.int32]:
        """First days, counted from 1970-01-01."""
        return cast("npt.NDArray[np.int32]", _check.locked(np.array([p.start_day for p in self], dtype=np.int32)))

    @cached_property
    def ends(self) -> npt.NDArray[np.int32]:
        """First days after each period, counted from 1970-01-01."""
        return cast("npt.NDArray[np.int32]", _check.locked(np.array([p.end_day for p in self], dtype=np.int32)))

    @property
    def names(self) -> tuple[str, ...]:
        """What each is called: its name, else its two dates."""
        return tuple(str(p) for p in self)

    @property
    def gapless(self) -> bool:
        """Whether each period begins where the one before ends."""
        return bool(np.array_equal(self.starts[1:], self.ends[:-1]))

    @cached_property
    def _table(self) -> tuple[int, CodeArray]:
        """Return the day before the first one, and the position of each day from there to the last end."""
        if not len(self):
            return -1, _check.locked(np.array([-1], dtype=np.int16))
        base = int(self.starts[0]) - 1
        kind = np.int16 if len(self) < 2**15 else np.int32
        table = np.full(int(self.ends[-1]) - base + 1, -1, dtype=kind)
        for position, (start, end) in enumerate(zip(self.starts.tolist(), self.ends.tolist(), strict=True)):
            table[start - base : end - base] = position
        return base, _check.locked(table)

    @cached_property
    def _book_table(self) -> tuple[int, CodeArray]:
        """Return the same for the days of a book, of which those below 0 are missing."""
        base, table = self._table
        if base >= -1:
            return base, table
        table = table[-1 - base :].copy() if len(table) > -1 - base else table[-1:].copy()
        table[0] = -1
        return -1, _check.locked(table)

    def lookup(self) -> tuple[int, CodeArray]:
        """Day of the first cell, and a table from day to position, for the int32 days of a book.

        ``table[day - base]`` is the position, -1 where there is no period. The first and the last cell are -1, so that
        ``table.take(days - base, mode="clip")`` is right for any day. A day below 0 is missing in a book, and is in no
        period.

        Examples
        --------
        >>> import numpy as np
        >>> from salesmetrics.calendars import Periods
        >>> base, table = Periods.from_boundaries(["1970-01-03", "1970-01-05", "1970-01-06"]).lookup()
        >>> base, table
        (1, array([-1,  0,  0,  1, -1], dtype=int16))
        """
        return self._book_table

    def period_of(self, days: object) -> CodeArray:
        """Position of the period in which each day lies, -1 where there is none.

        Parameters
        ----------
        days : array of datetime64, of whole numbers, or days
            Whole numbers are days since 1970-01-01 as a book holds them: one below 0 is missing. NaT and None are
            missing as well. A missing day is in no period.

        Returns
        -------
        numpy.ndarray of int
            As many positions as days, in the same shape; for one day an array without axes.

        Examples
        --------
        >>> import numpy as np
        >>> from salesmetrics.calendars import Periods
        >>> quarters = Periods.from_boundaries(["2026-01-01", "2026-04-01", "2026-07-01"])
        >>> quarters.period_of(np.array(["2026-03-31", "2026-04-01", "NaT"], dtype="datetime64[D]"))
        array([ 0,  1, -1])
        """
        numbers, whole = day_numbers(days, "days")
        base, table = self._book_table if whole else self._table
        out = np.empty(numbers.shape, dtype=np.intp)
        flat_in, flat_out = np.atleast_1d(numbers).reshape(-1), out.reshape(-1)
        for first in range(0, len(flat_in), _BLOCK):
            block = flat_in[first : first + _BLOCK]
            flat_out[first : first + _BLOCK] = table.take(np.subtract(block, base, dtype=np.int64), mode="clip")
        return out

    def __len__(self) -> int:
        return len(self._periods)

    def __iter__(self) -> Iterator[Period]:
        return iter(self._periods)

    @overload
    def __getitem__(self, index: int) -> Period: ...
    @overload
    def __getitem__(self, index: slice) -> Periods: ...
    def __getitem__(self, index: int | slice) -> Period | Periods:
        if isinstance(index, slice):
            return Periods(self._periods[index])
        return self._periods[index]

    def __contains__(self, item: object) -> bool:
        if isinstance(item, Period):
            return item in self._periods
        return bool(self.period_of([item])[0] >= 0)

    def __eq__(self, other: object) -> bool:
        return self._periods == other._periods if isinstance(other, Periods) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._periods)

    def __repr__(self) -> str:
        if len(self) <= 4:
            return f"Periods([{', '.join(map(repr, self))}])"
        return f"Periods([{self[0]!r}, ..., {self[-1]!r}])  # {len(self)} periods"


_BLOCK = 1 << 16


PeriodLike: TypeAlias = Period | Periods | Sequence[Period]
"""One period, or several that share no day."""


def _first_fall(days: list[int]) -> str:
    for before, after in pairwise(days):
        if before >= after:
            return f"{_check.date_of(after)} after {_check.date_of(before)}"
    return "no day" if not days else "one day"


def day_numbers(days: object, argument: str) -> tuple[AnyArray, bool]:
    """Return days as whole numbers since 1970-01-01, and whether they came as such (then below 0 is missing)."""
    array = days if isinstance(days, np.ndarray) else np.asarray(days)
    if array.dtype.kind in "iu":
        if array.dtype == np.uint64:
            array = np.minimum(array, np.uint64(_FAR))
        return (np.clip(array, -1, _FAR) if array.dtype.itemsize == 8 else array), True
    if array.dtype.kind == "M" and np.datetime_data(array.dtype)[0] not in ("generic", "Y", "M"):
        return _whole_days(array, argument), False
    if array.dtype.kind in "OUT" or (array.size == 1 and array.dtype.kind == "M"):
        numbers = [-_FAR if _is_missing(v) else _check.day(v, argument) for v in array.reshape(-1)]
        return np.array(numbers, dtype=np.int64).reshape(array.shape), False
    if array.size == 0:
        return np.empty(array.shape, dtype=np.int64), False
    raise InvalidTypeError(
        f"`{argument}` must be days: datetime64[D], or whole numbers since 1970-01-01; got {show(array)}.",
        code="SM-DAY-17",
        field=argument,
        values=[array],
        hint="`array.astype('datetime64[D]')` makes days." if array.dtype.kind in "M" else None,
    )


def _is_missing(value: object) -> bool:
    """Return True for None and NaT of any library."""
    return value is None or (isinstance(value, (np.datetime64, dt.datetime)) and value != value)


def _whole_days(array: AnyArray, argument: str) -> AnyArray:
    """Return datetime64 of any unit up to a week as day numbers; an instant inside a day is refused."""
    days = array.astype("datetime64[D]")
    if np.datetime_data(array.dtype)[0] not in ("D", "W"):
        inside = (days != array) & ~np.isnat(array)
        if inside.any():
            row = int(np.flatnonzero(inside.reshape(-1))[0])
            raise InvalidTypeError(
                f"`{argument}` must be days; got {int(inside.sum())} instants that are not midnight "
                f"(first: row {row} = {show(array.reshape(-1)[row])}).",
                code="SM-DAY-01",
                field=argument,
                row=row,
                values=[array.reshape(-1)[row]],
                hint="take the date in the business time zone first.",
            )
    return np.clip(days.view(np.int64) if days.flags.c_contiguous else days.astype(np.int64), -_FAR, _FAR)
