"""The forms in which a column can arrive, the problems found in it, and what kind each object of it is."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import NamedTuple, TypeAlias

import attrs
import numpy as np

from salesmetrics.arrays import AnyArray, BoolArray, IntArray
from salesmetrics.columns import ascii_texts
from salesmetrics.errors import InvalidDataError, show

__all__ = [
    "Ascii",
    "Coded",
    "Dated",
    "Instants",
    "Piece",
    "Pieces",
    "Plain",
    "Problem",
    "Raw",
    "Scaled",
    "Texts",
    "kinds_of",
    "pick",
    "plain",
    "problems_at",
    "scatter",
    "whole_problem",
]


@attrs.frozen(eq=False)
class Coded:
    """A dictionary or categorical column: whole codes into labels, a negative code is missing.

    ``order`` holds all categories, least first, where the source states that they have an order.
    """

    codes: AnyArray
    labels: AnyArray
    order: AnyArray | None = None

    def __len__(self) -> int:
        return len(self.codes)


@attrs.frozen(eq=False)
class Scaled:
    """Exact decimals: whole numbers of ``10 ** -decimals``; ``missing`` is None where no row is."""

    values: IntArray
    decimals: int
    missing: BoolArray | None = None

    def __len__(self) -> int:
        return len(self.values)


@attrs.frozen(eq=False)
class Texts:
    """A column of a text file: ``str`` objects, ``""`` where missing, and the physical line of each row."""

    values: AnyArray
    lines: IntArray | None = None

    def __len__(self) -> int:
        return len(self.values)


@attrs.frozen(eq=False)
class Instants:
    """Moments of UTC as ``datetime64``, from a column that knew its zone."""

    values: AnyArray

    def __len__(self) -> int:
        return len(self.values)


@attrs.frozen(eq=False)
class Ascii:
    """Texts of ASCII without NUL as bytes of one width, from a column that held them so; none is missing."""

    values: AnyArray

    def __len__(self) -> int:
        return len(self.values)


@attrs.frozen(eq=False)
class Dated:
    """Whole days since 1970 as int32, from a column that held them so; a missing one is -1, and ``missing`` says which are."""

    values: AnyArray
    missing: BoolArray | None = None

    def __len__(self) -> int:
        return len(self.values)

    def stamps(self) -> AnyArray:
        """Return the days as ``datetime64``."""
        days = self.values.astype(np.int64)
        if self.missing is not None:
            days[self.missing] = np.iinfo(np.int64).min
        return days.view("M8[D]")


class Piece(NamedTuple):
    """Some rows of a column of floats: where they begin, how many they are, and the values of those that are known."""

    start: int
    rows: int
    values: AnyArray
    known: IntArray | None = None
    """Which of the rows have a value, None for all."""


@attrs.frozen(eq=False)
class Pieces:
    """A column of floats that is converted while it is read: piece by piece, or whole where that will not do."""

    rows: int
    pieces: Callable[[], Iterator[Piece]]
    whole: Callable[[], Raw]

    def __len__(self) -> int:
        return self.rows


Raw: TypeAlias = AnyArray | Coded | Scaled | Texts | Instants | Ascii | Dated


@attrs.frozen(eq=False)
class Problem:
    """One rule that rows of a column break.

    Attributes
    ----------
    code : str
        Stable name of the rule.
    field : str
        The field in the library's words.
    rule : str
        What stands behind *must* in the sentence.
    rows : numpy.ndarray of int64
        Positions of the rows, in order.
    values : list
        What stands in them.
    hint : str or None
        The way out.
    whole : bool
        True where the column as such is wrong: no row can be left out to mend it.
    warning : bool
        True where the rows are kept: they can be right and are often wrong.
    """

    code: str
    field: str
    rule: str
    rows: IntArray
    values: list[object]
    hint: str | None = None
    whole: bool = False
    warning: bool = False


@attrs.frozen(eq=False)
class Plain:
    """An array without masks, codes or foreign byte order, and which rows of it are missing."""

    values: AnyArray
    missing: BoolArray
    problems: list[Problem]


def pick(values: AnyArray, rows: IntArray) -> list[object]:
    """Return the values of some rows as plain Python objects; ``datetime64`` stays what it is."""
    chosen = values[rows]
    return list(chosen) if chosen.dtype.kind in "OMmVT" else list(chosen.tolist())


def problems_at(
    mask: BoolArray,
    values: AnyArray,
    field: str,
    code: str,
    rule: str,
    hint: str | None = None,
    warning: bool = False,
) -> list[Problem]:
    """Return the problem of the rows that a mask marks, or none where it marks none."""
    if not mask.any():
        return []
    rows = np.flatnonzero(mask).astype(np.int64)
    return [Problem(code, field, rule, rows, pick(values, rows), hint, warning=warning)]


def whole_problem(field: str, code: str, rule: str, value: object, hint: str | None = None) -> Problem:
    """Return the problem of a column that cannot be read at all."""
    return Problem(code, field, rule, np.empty(0, dtype=np.int64), [value], hint, whole=True)


def scatter(problems: list[Problem], rows: IntArray) -> list[Problem]:
    """Return problems of a part of a column with the rows it has in the column."""
    return [attrs.evolve(problem, rows=rows[problem.rows]) for problem in problems]


def plain(raw: AnyArray | Coded | Ascii | Dated, field: str) -> Plain:
    """Return a column as a plain array: codes looked up, mask and byte order resolved, fixed-width text as objects."""
    if isinstance(raw, Ascii):
        return Plain(ascii_texts(raw.values), np.zeros(len(raw), dtype=bool), [])
    if isinstance(raw, Coded):
        return _decoded(raw, field)
    if isinstance(raw, Dated):
        raw = raw.stamps()
    if raw.ndim != 1:
        raise InvalidDataError(
            f"`{field}` must be one column; got {show(np.asarray(raw))}.",
            code="SM-ARR-02",
            field=field,
            values=[raw.shape],
            hint="give one value for each row, such as column.ravel().",
        )
    missing = np.zeros(len(raw), dtype=bool)
    if isinstance(raw, np.ma.MaskedArray):
        missing |= np.ma.getmaskarray(raw)
        raw = raw.data
    values = np.asarray(raw)
    if values.dtype.kind in "mM":
        missing |= np.isnat(values)
    if values.dtype.kind in "UT":
        values = _text_objects(values)
    elif not values.dtype.isnative:
        values = values.astype(values.dtype.newbyteorder("="))
    return Plain(values, missing, [])


def _text_objects(values: AnyArray) -> AnyArray:
    objects = values.astype(object)
    if values.dtype.kind == "T" and hasattr(values.dtype, "na_object"):
        objects[:] = [item if isinstance(item, str) else None for item in objects]
    return objects


def _decoded(raw: Coded, field: str) -> Plain:
    """Look codes up in their labels, which may be of any kind."""
    labels = plain(raw.labels, field)
    codes, beyond, problems = checked_codes(raw, field)
    missing = codes < 0
    if not len(labels.values):
        return Plain(np.full(len(codes), None, dtype=object), missing, problems)
    place = np.where(missing, 0, codes)
    return Plain(labels.values[place], missing | labels.missing[place] | beyond, problems)


def checked_codes(raw: Coded, field: str) -> tuple[AnyArray, BoolArray, list[Problem]]:
    """Return codes with those beyond the labels taken out, which rows had such, and the problem."""
    codes = np.asarray(raw.codes)
    beyond = codes >= len(raw.labels)
    hint = f"codes count from 0; there are {len(raw.labels)} labels, and a negative code is missing."
    problems = problems_at(beyond, codes, field, "SM-LAB-03", "have codes that are below the number of labels", hint)
    return (np.where(beyond, -1, codes) if problems else codes), beyond, problems


MISSING, TEXT, WHOLE, FLOAT, DECIMAL, FLAG, DAY, INSTANT, STAMP, OTHER = range(10)
"""What an object of a column is."""


def kinds_of(values: AnyArray) -> AnyArray:
    """Return what each object of an array is; None, NaN, NaT and NA are missing."""
    types = list(map(type, values.tolist() if values.dtype.kind == "O" else values))
    table = {kind: _kind_of_type(kind) for kind in set(types)}
    if len(table) == 1:  # as in most columns of objects
        kinds = np.full(len(types), next(iter(table.values())), dtype=np.int8)
    else:
        kinds = np.fromiter(map(table.__getitem__, types), dtype=np.int8, count=len(types))
    for kind in (FLOAT, DECIMAL, STAMP):
        if kind in table.values():
            rows = np.flatnonzero(kinds == kind)
            kinds[rows[_undefined(values[rows], kind)]] = MISSING
    return kinds


def _undefined(values: AnyArray, kind: int) -> BoolArray:
    if kind == FLOAT:
        return np.asarray(np.isnan(values.astype(np.longdouble)))
    if kind == DECIMAL:
        return np.fromiter((value.is_nan() for value in values), dtype=bool, count=len(values))
    return np.fromiter((np.isnat(value) for value in values), dtype=bool, count=len(values))


def _kind_of_type(kind: type) -> int:
    if kind is type(None) or issubclass(kind, np.ma.core.MaskedConstant):
        return MISSING
    if kind.__name__ in ("NAType", "NaTType") and kind.__module__.partition(".")[0] == "pandas":
        return MISSING
    table: Sequence[tuple[tuple[type, ...], int]] = (
        ((bool, np.bool_), FLAG),
        ((str,), TEXT),
        ((np.timedelta64,), OTHER),
        ((int, np.integer), WHOLE),
        ((float, np.floating), FLOAT),
        ((Decimal,), DECIMAL),
        ((dt.datetime,), INSTANT),
        ((dt.date,), DAY),
        ((np.datetime64,), STAMP),
    )
    return next((number for classes, number in table if issubclass(kind, classes)), OTHER)
