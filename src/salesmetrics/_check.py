"""One function per rule: returns the clean value or raises."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from types import MappingProxyType
from typing import Any

import attrs
import numpy as np

from salesmetrics.arrays import AnyArray
from salesmetrics.errors import InvalidArgumentError, InvalidTypeError, nearest, show
from salesmetrics.listing import Listed

EPOCH = dt.date(1970, 1, 1).toordinal()


def one_of(value: object, choices: Sequence[object], argument: str) -> str:
    """Return a value that must be one of a closed list of words."""
    if isinstance(value, str) and value in choices:
        return value
    listed = ", ".join(show(c) for c in sorted(choices, key=str))
    raise InvalidArgumentError(
        f"`{argument}` must be one of {listed}; got {show(value)}.",
        code="SM-ARG-01",
        field=argument,
        values=[value],
        hint=_meant(value, choices) if isinstance(value, str) else None,
    )


def _meant(value: str, choices: Sequence[object]) -> str | None:
    """Return the hint that names the word nearest to an unknown one, where there is one; all of them are named already."""
    hint = nearest(value, choices) or ""
    return hint.split("? There is:")[0] + "?" if hint.startswith("did you mean") else None


def fraction(value: object, argument: str, *, open_ends: bool = False) -> float:
    """Return a number that must lie in [0, 1], or strictly inside."""
    if isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool):
        number = float(value)
        if (0.0 < number < 1.0) if open_ends else (0.0 <= number <= 1.0):
            return number
    rule = "lie strictly between 0 and 1" if open_ends else "lie in [0, 1]"
    raise InvalidArgumentError(
        f"`{argument}` must {rule}; got {show(value)}.",
        code="SM-ARG-02",
        field=argument,
        values=[value],
        hint="fractions, never percent: 0.95 and not 95."
        if isinstance(value, (int, float)) and not isinstance(value, bool) and value > 1
        else None,
    )


def level(value: object) -> float | None:
    """Return a confidence level, or None where no interval is wanted."""
    return None if value is None else fraction(value, "confidence_level", open_ends=True)


def day(value: object, argument: str) -> int:
    """Return a day as its number since 1970-01-01; takes a date, an ISO text or a ``datetime64``."""
    if isinstance(value, dt.datetime):
        if value.time() == dt.time(0) and value.tzinfo is None:
            return value.toordinal() - EPOCH
        raise InvalidTypeError(
            f"`{argument}` must be a day; got the instant {show(value)}.",
            code="SM-DAY-01",
            field=argument,
            values=[value],
            hint="give the date of the business time zone, such as '2026-10-31'.",
        )
    if isinstance(value, dt.date):
        return value.toordinal() - EPOCH
    if isinstance(value, np.datetime64):
        days = value.astype("datetime64[D]")
        if not np.isnat(days) and days == value and np.datetime_data(value.dtype)[0] not in ("generic", "Y", "M"):
            return int(days.astype(np.int64))
    elif isinstance(value, str):
        try:
            if len(value) == 10 and value.isascii():
                return dt.date.fromisoformat(value).toordinal() - EPOCH
        except ValueError:
            pass
    raise InvalidArgumentError(
        f"`{argument}` must be a day; got {show(value)}.",
        code="SM-DAY-02",
        field=argument,
        values=[value],
        hint="a datetime.date, an ISO text such as '2026-10-31' or a numpy.datetime64[D].",
    )


def optional_day(value: object, argument: str) -> int | None:
    """Return a day's number, or None."""
    return None if value is None else day(value, argument)


def date_of(number: int) -> dt.date:
    """Return the date of a day number."""
    return dt.date.fromordinal(int(number) + EPOCH)


def count(value: object, argument: str, *, least: int = 0) -> int:
    """Return a whole number that must not be below the least one."""
    if isinstance(value, (int, np.integer)) and not isinstance(value, bool) and value >= least:
        return int(value)
    raise InvalidArgumentError(
        f"`{argument}` must be a whole number >= {least}; got {show(value)}.",
        code="SM-ARG-03",
        field=argument,
        values=[value],
    )


def names(value: object, known: Iterable[str], argument: str) -> tuple[str, ...]:
    """Return one or several column names that must be known; None is no name."""
    asked = name_list(value, argument)
    choices = list(known)
    for name in asked:
        if name not in choices:
            raise InvalidArgumentError(
                f"`{argument}` must name columns of the book; got {show(name)}.",
                code="SM-ARG-05",
                field=argument,
                values=[name],
                hint=nearest(name, choices),
            )
    if len(set(asked)) < len(asked):
        raise InvalidArgumentError(
            f"`{argument}` must name each column once; got {show(list(asked))}.",
            code="SM-ARG-06",
            field=argument,
            values=[value],
        )
    return asked


class Rebuilt(Listed):
    """Pickles by its fields and through its own constructor, so that a copy is as frozen as what it is a copy of."""

    __slots__ = ()

    def __reduce__(self) -> Any:
        """Return the way to make an equal one."""
        fields: Any = attrs.fields(type(self))  # type: ignore[arg-type]
        return _rebuilt, (type(self), {field.alias: _plain(getattr(self, field.name)) for field in fields})


def _plain(value: object) -> object:
    return dict(value) if isinstance(value, MappingProxyType) else value


def _rebuilt(kind: type, values: dict[str, Any]) -> Any:
    for value in values.values():
        if isinstance(value, np.ndarray):
            value.setflags(write=False)
    return kind(**values)


def name_list(value: object, argument: str) -> tuple[str, ...]:
    """Return one or several names as a tuple; None is no name."""
    if value is None:
        return ()
    asked = (value,) if isinstance(value, str) else value
    if isinstance(asked, (tuple, list)) and all(isinstance(name, str) for name in asked):
        return tuple(asked)
    raise InvalidTypeError(
        f"`{argument}` must be a column name or several of them; got {show(value)}.",
        code="SM-ARG-04",
        field=argument,
        values=[value],
        hint=f"{argument}='rep' or {argument}=('rep', 'segment').",
    )


def locked(array: AnyArray) -> AnyArray:
    """Return the array, no longer writeable."""
    array.setflags(write=False)
    return array
