"""Changes told as old -> new: put in order by their chain, and a log of properties turned into states."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

import attrs
import numpy as np

from salesmetrics.arrays import AnyArray, BoolArray, IntArray
from salesmetrics.books.deals import DealBook
from salesmetrics.books.placing import places
from salesmetrics.books.standing import kept_where
from salesmetrics.columns import Column, DayColumn, KeyColumn, LabelColumn, MoneyColumn
from salesmetrics.convert import Problem

__all__ = ["NEW", "OLD", "broken_chains", "chained", "in_places", "states"]

OLD, NEW = "old ", "new "
"""What stands before the name of a property in the columns of a log."""


@attrs.frozen(eq=False)
class _Track:
    """The changes of one property: rows, and the values before (None: not told) and after as whole numbers."""

    rows: IntArray
    old: IntArray | None
    new: IntArray


@attrs.frozen(eq=False)
class _Chains:
    """The place of each row among those of its deal, moment and property, and the rows that do not join the one before."""

    place: IntArray
    broken: IntArray


def tracks(columns: Mapping[str, Column]) -> dict[str, _Track]:
    """Return the changes of each property of a log, or of the stage where a row says which one it came from."""
    field = columns.get("field")
    if isinstance(field, LabelColumn):
        found = {}
        for at, name in enumerate(field.levels):
            rows = np.flatnonzero(field.codes == at)
            found[str(name)] = _track(rows, columns.get(OLD + str(name)), columns[NEW + str(name)])
        return found
    if "from_stage" in columns and "stage" in columns:
        return {"stage": _track(np.arange(len(columns["stage"])), columns["from_stage"], columns["stage"])}
    return {}


def _track(rows: IntArray, old: Column | None, new: Column) -> _Track:
    if old is None:
        return _Track(rows, None, _numbers(new).take(rows))
    both = _numbers(new.concat([old]))
    return _Track(rows, both[len(new) :].take(rows), both[: len(new)].take(rows))


def _numbers(column: Column) -> IntArray:
    """Return whole numbers that are equal where the values are, the least one where there is none."""
    if isinstance(column, MoneyColumn):
        missing = column.missing()
        return np.where(missing, np.iinfo(np.int64).min, column.minor)
    values = column.codes if isinstance(column, LabelColumn) else column.user()
    if isinstance(column, DayColumn):
        values = column.days
    return values.astype(np.int64)


# --- chains ----------------------------------------------------------------------------------------------------------


def chained(columns: Mapping[str, Column]) -> _Chains:
    """Return changes of one moment in the order in which each begins where the one before ended."""
    keys = _moments(columns)
    place = np.zeros(len(keys[0]), dtype=np.int64)
    broken = []
    for track in tracks(columns).values():
        old = track.new if track.old is None else track.old
        order = np.lexsort((old, track.new, *(key.take(track.rows) for key in reversed(keys))))
        rows = track.rows.take(order)
        tied = np.ones(max(len(rows) - 1, 0), dtype=bool)
        for key in keys:
            tied &= key.take(rows[1:]) == key.take(rows[:-1])
        if track.old is not None:
            order = _joined(order, tied, keys[0].take(track.rows), track)
            rows = track.rows.take(order)
            same = keys[0].take(rows[1:]) == keys[0].take(rows[:-1])
            apart = track.old.take(order)[1:] != track.new.take(order)[:-1]
            broken.append(rows[1:][same & apart])
        place[rows] = _counted(tied)
    return _Chains(place, np.sort(np.concatenate([np.zeros(0, dtype=np.int64), *broken])))


def _moments(columns: Mapping[str, Column]) -> list[AnyArray]:
    """Return the deal, the day and the order within it of each row, as numbers."""
    deal, date, seq = columns["deal"], columns["date"], columns.get("seq")
    assert isinstance(deal, KeyColumn)
    assert isinstance(date, DayColumn)
    keys: list[AnyArray] = [np.unique(deal.values, return_inverse=True)[1], date.days]
    return [*keys, seq.values] if isinstance(seq, KeyColumn) else keys


def _counted(tied: BoolArray) -> IntArray:
    """Return 0, 1, 2, ... along each run of tied rows."""
    at = np.arange(len(tied) + 1)
    first = np.concatenate(([True], ~tied)) if len(at) else np.zeros(0, dtype=bool)
    counted: IntArray = at - np.maximum.accumulate(np.where(first, at, 0))
    return counted


def _joined(order: IntArray, tied: BoolArray, deal: AnyArray, track: _Track) -> IntArray:
    """Return the order with every run of tied rows turned into a chain, where they make one."""
    if not tied.any() or track.old is None:
        return order
    order = order.copy()
    edges = np.flatnonzero(np.diff(np.concatenate(([0], tied.astype(np.int8), [0]))))
    for first, last in edges.reshape(-1, 2).tolist():
        run = order[first : last + 1]
        known = first > 0 and deal[order[first - 1]] == deal[run[0]]
        before = int(track.new[order[first - 1]]) if known else None
        pairs = list(zip(track.old[run].tolist(), track.new[run].tolist(), strict=True))
        order[first : last + 1] = run[_walk(pairs, before)]
    return order


def _walk(pairs: Sequence[tuple[int, int]], start: int | None) -> list[int]:
    """Return the order in which every pair begins where the one before ended, as they come where there is none."""
    ahead: dict[int, list[tuple[int, int]]] = {}
    for at, (old, new) in reversed(list(enumerate(pairs))):
        ahead.setdefault(old, []).append((new, at))
    if start not in ahead:
        ends = [new for _, new in pairs]
        loose = [old for old in ahead if len(ahead[old]) > ends.count(old)]
        start = min(loose or ahead)
    stack: list[tuple[int, int]] = [(start, -1)]
    path: list[int] = []
    while stack:
        choices = ahead.get(stack[-1][0])
        if choices:
            stack.append(choices.pop())
        else:
            path.append(stack.pop()[1])
    path = path[-2::-1]
    joins = all(pairs[b][0] == pairs[a][1] for a, b in itertools.pairwise(path))
    return path if joins and len(path) == len(pairs) else list(range(len(pairs)))


def in_places(columns: Mapping[str, Column]) -> dict[str, Column]:
    """Return the columns with the order within the day that the chain of stages gives."""
    keys = _moments(columns)
    order = np.lexsort((chained(columns).place, *reversed(keys)))
    tied = (keys[0].take(order[1:]) == keys[0].take(order[:-1])) & (keys[1].take(order[1:]) == keys[1].take(order[:-1]))
    seq = np.zeros(len(order), dtype=np.int64)
    if len(order):
        seq[order] = _counted(tied)
    return {**columns, "seq": KeyColumn(seq)}


def broken_chains(columns: Mapping[str, Column]) -> list[Problem]:
    """Return the rows whose old value is not the new one of the row before."""
    rows = chained(columns).broken
    if not len(rows):
        return []
    rule = "begin where the change before ended in every row"
    hint = "repair='trust_to' believes the new values; a change in between may be missing."
    field = "from_stage" if "from_stage" in columns else "old"
    values = _olds(columns, rows)
    return [Problem("SM-STG-04", field, rule, rows, values, hint)]


def _olds(columns: Mapping[str, Column], rows: IntArray) -> list[object]:
    field = columns.get("field")
    if not isinstance(field, LabelColumn):
        return list(columns["from_stage"].take(rows).user())
    names = [str(field.levels[code]) for code in field.codes[rows].tolist()]
    return [columns[OLD + name].take(rows[at : at + 1]).user()[0] for at, name in enumerate(names)]


# --- a log as states -------------------------------------------------------------------------------------------------


def states(columns: Mapping[str, Column], deals: DealBook | None) -> dict[str, Column]:
    """Return one row for each moment at which a deal changed, holding its whole state after it.

    A property that has not changed yet has the old value of its first change. One that never changes is what it is in the
    deal book, where there is one; the state that a deal was created in is then a row too.
    """
    place = chained(columns).place
    keys = _moments(columns)
    deal, date = columns["deal"], columns["date"]
    assert isinstance(deal, KeyColumn)
    assert isinstance(date, DayColumn)
    opened, created = _openings(deal, date, deals)
    order = np.lexsort((place, *reversed(keys)))
    new_state = np.zeros(max(len(order) - 1, 0), dtype=bool)
    for key in (*keys, place):
        new_state |= key.take(order[1:]) != key.take(order[:-1])
    first_rows = order[np.concatenate(([True], new_state))] if len(order) else order
    state = np.cumsum(np.concatenate(([0], new_state)))[: len(order)] if len(order) else order
    # the creation of a deal comes before its first change; behind it every state keeps its place
    own = keys[0].take(first_rows)
    shift = np.searchsorted(np.sort(keys[0].take(opened)), own, side="right") if len(opened) else np.zeros_like(own)
    where = np.arange(len(first_rows)) + shift
    total = len(first_rows) + len(opened)
    head = np.setdiff1d(np.arange(total), where, assume_unique=True)
    source, days = np.zeros(total, dtype=np.int64), np.zeros(total, dtype=np.int32)
    opening_order = np.argsort(keys[0].take(opened), kind="stable")
    source[where], source[head] = first_rows, opened[opening_order]
    days[where], days[head] = date.days.take(first_rows), created[opening_order]
    found: dict[str, Column] = {"deal": deal.take(source), "date": DayColumn(days)}
    codes = keys[0].take(source)
    found["seq"] = KeyColumn(_counted((codes[1:] == codes[:-1]) & (days[1:] == days[:-1])) if total else source)
    if "actor" in columns:
        changes = np.ones(total, dtype=bool)
        changes[head] = False
        found["actor"] = kept_where(changes, columns["actor"].take(source))
    at_state = np.zeros(len(order), dtype=np.int64)
    at_state[order] = where[state] if len(order) else state
    return found | _carried(columns, found["deal"], codes, at_state, deals)


def _openings(deal: KeyColumn, date: DayColumn, deals: DealBook | None) -> tuple[IntArray, AnyArray]:
    """Return a row of each deal whose creation is known and not after its first change, and the day of the creation."""
    created = None if deals is None else deals.columns.get("created")
    if deals is None or not isinstance(created, DayColumn) or not len(deal):
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int32)
    order = np.lexsort((date.days, np.unique(deal.values, return_inverse=True)[1]))
    values = deal.values[order]
    first = order[np.concatenate(([True], values[1:] != values[:-1]))]
    row = places(deals.columns["id"], deal.values[first])  # type: ignore[arg-type]
    day = np.where(row >= 0, created.days[np.maximum(row, 0)], -1)
    known = (day >= 0) & (day <= date.days[first])
    return first[known], day[known].astype(np.int32)


def _carried(
    columns: Mapping[str, Column], deal: Column, codes: IntArray, at_state: IntArray, deals: DealBook | None
) -> dict[str, Column]:
    """Return each property as it is after each change: set now, set before, or not set yet."""
    count = len(codes)
    at = np.arange(count)
    fresh = np.concatenate(([True], codes[1:] != codes[:-1])) if count else np.zeros(0, dtype=bool)
    start = np.maximum.accumulate(np.where(fresh, at, 0)) if count else at
    end = np.minimum.accumulate(np.where(np.concatenate((fresh[1:], [True])), at, count)[::-1])[::-1] if count else at
    present = _rows_in(deals, deal)
    found: dict[str, Column] = {}
    for name, track in tracks(columns).items():
        row = np.full(count, -1, dtype=np.int64)
        row[at_state[track.rows]] = track.rows
        last = np.maximum.accumulate(np.where(row >= 0, at, -1)) if count else at
        ahead = np.minimum.accumulate(np.where(row >= 0, at, count)[::-1])[::-1] if count else at
        told = last >= start
        before = ~told & (ahead <= end)
        old, new = columns.get(OLD + name), columns[NEW + name]
        parts: list[Column] = [new]
        pick = np.where(told, row[np.maximum(last, 0)] if count else row, -1)
        if old is not None:
            pick = np.where(before, row[np.minimum(ahead, max(count - 1, 0))] + len(new), pick)
            parts.append(old)
        same = None if deals is None else deals.columns.get(name)
        if same is not None and type(same) is type(new):
            offset = sum(map(len, parts))
            pick = np.where(~told & ~before & (present >= 0), present + offset, pick)
            parts.append(same)
        whole = parts[0].concat(parts[1:]) if len(parts) > 1 else parts[0]
        held = whole.take(np.maximum(pick, 0)) if len(whole) else whole
        found[name] = kept_where(pick >= 0, held) if bool((pick < 0).any()) else held
    return found


def _rows_in(deals: DealBook | None, deal: Column) -> IntArray:
    """Return the row of the deal book of each state, -1 where there is none."""
    if deals is None or not isinstance(deal, KeyColumn):
        return np.full(len(deal), -1, dtype=np.int64)
    return places(deals.columns["id"], deal.values)  # type: ignore[arg-type]
