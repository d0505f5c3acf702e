"""What the slow module's metrics share: the state of a deal on a day, the grid of labels, exact numbers.

Written from the definitions, section 1 to 3 (rule numbers as there), without a look at the fast code.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

from salesmetrics.calendars import Period
from salesmetrics.domain import Deal, Rep

Key = tuple[Any, ...]
"""Values of `by` in order, then the period's position where a list of periods was asked."""
Windows = Sequence[Period | None]
By = str | Sequence[str] | None
Asked = Period | Iterable[Period] | None
ZERO = Fraction(0)


class Answer(NamedTuple):
    """One row of a result; a value of None is the library's NaN, and then the reason says why."""

    value: Fraction | int | Decimal | None
    n: int
    reason: str = ""
    parts: Mapping[str, Any] = {}
    low: Decimal | Fraction | int | None = None
    high: Decimal | Fraction | int | None = None


Result = dict[Key, Answer]


class Seen(NamedTuple):
    """A deal in its state on a day."""

    id: Any
    rep: Any
    amount: Fraction | None
    created: date | None
    expected_close: date | None
    closed: date | None
    stage: Any
    outcome: str
    probability: Fraction | None
    forecast_category: Any
    labels: Mapping[str, Any]

    @property
    def is_open(self) -> bool:
        return self.outcome == "open"

    @property
    def is_won(self) -> bool:
        return self.outcome == "won"


def exact(number: Any) -> Fraction:
    """Return a number as it is written: 0.1 is one tenth."""
    return Fraction(repr(number)) if isinstance(number, float) else Fraction(number)


def seen(deals: Iterable[Deal], as_of: date | None) -> list[Seen]:
    """Return the deals that exist on a day, in their state at its end; without a day, as they are recorded.

    A deal without a creation day exists on every day. A deal that closes later is open, with the stage, probability and
    expected close it is recorded with, there being no history.
    """
    answer = []
    for deal in deals:
        if as_of is not None and deal.created is not None and deal.created > as_of:
            continue
        still_open = as_of is not None and deal.closed is not None and deal.closed > as_of
        answer.append(
            Seen(
                id=deal.id,
                rep=deal.rep,
                amount=None if deal.amount is None else exact(deal.amount),
                created=deal.created,
                expected_close=deal.expected_close,
                closed=None if still_open else deal.closed,
                stage=deal.stage,
                outcome="open" if still_open else deal.outcome,
                probability=None if deal.probability is None else exact(deal.probability),
                forecast_category=deal.forecast_category,
                labels=dict(deal.labels or {}),
            )
        )
    return answer


def windows_of(periods: Period | Iterable[Period] | None) -> tuple[Windows, bool]:
    """Return the windows asked for and whether they are a list; None is the one window of all days."""
    if periods is None or isinstance(periods, Period):
        return [periods], False
    return list(periods), True


def inside(day: date | None, window: Period | None) -> bool:
    """Tell whether a day lies in a half-open window (C3).

    Doubt: is a deal without the day that the metric goes by one of the rows of "all days"? Chosen: yes, it is then a
    row that is left out and counted (DOM-14), so that its label shows; it is a row of no stated period. Each metric
    leaves it out itself where it needs the day.
    """
    if window is None:
        return True
    return day is not None and window.start <= day < window.end


def due_in(
    rows: Iterable[Seen], window: Period | None, as_of: date | None, overdue: str = "exclude", undated: str = "exclude"
) -> list[Seen]:
    """Return the open deals due in a window, with or without the overdue and undated ones (E19); all of them for None.

    Doubt: does `overdue="include"` add every overdue deal, or those dated inside the period? Chosen: those inside, so
    that adjoining periods share none; it is what E19 says the roll-up and the walk do. Undated deals have no day, so
    they enter every period asked. "only" for either leaves the deals that are due out. Without a period nothing is
    excluded, and "only" selects its buckets whatever their dates.
    """
    if window is not None and as_of is None:
        raise ValueError("due in a period needs as_of")
    only = "only" in (overdue, undated)
    everything = window is None and not only
    wanted = {"due": not only, "overdue": overdue != "exclude", "undated": undated != "exclude"}
    answer = []
    for d in rows:
        if not d.is_open:
            continue
        if d.expected_close is None:
            take = wanted["undated"]
        elif as_of is not None and d.expected_close < as_of:
            take = wanted["overdue"] and inside(d.expected_close, window)
        else:
            take = wanted["due"] and inside(d.expected_close, window)
        if take or everything:
            answer.append(d)
    return answer


def names_of(by: str | Sequence[str] | None) -> tuple[str, ...]:
    """Return the names to group by as a tuple."""
    if by is None:
        return ()
    return (by,) if isinstance(by, str) else tuple(by)


FIELDS = ("id", "rep", "stage", "outcome", "forecast_category", "created", "expected_close", "closed")


def rep_labels(rep: Any, by: Sequence[str], reps: Iterable[Rep]) -> Key:
    """Return the labels of a rep: its id under `rep`, else what the rep's own object says, None where unknown."""
    known = {r.id: r for r in reps}
    return tuple(rep if name == "rep" else getattr(known[rep], name, None) if rep in known else None for name in by)


def deal_labels(row: Seen, by: Sequence[str], reps: Iterable[Rep] = ()) -> Key:
    """Return the labels of a deal: its fields, its own labels, then those its rep lends.

    Doubt: a name that both the deal and the rep have (team). Chosen: the deal's own label where any is stated.
    """
    answer = []
    for name in by:
        if name in FIELDS:
            answer.append(getattr(row, name))
        elif name in row.labels or not reps:
            answer.append(row.labels.get(name))
        else:
            answer.extend(rep_labels(row.rep, (name,), reps))
    return tuple(answer)


def ordered(labels: Iterable[Key]) -> list[Key]:
    """Return label combinations sorted, a missing label last (C6)."""
    return sorted(set(labels), key=lambda key: [(part is None, isinstance(part, str), part or 0) for part in key])


def grid(labels_of_windows: Sequence[Iterable[Key]], by: Sequence[str], listed: bool) -> list[tuple[Key, Key, int]]:
    """Return (key, labels, window's position) of every row (C6).

    The combinations that occur in any of the windows, crossed with every window. Without `by` there is always one.
    """
    combos = ordered(label for labels in labels_of_windows for label in labels) if by else [()]
    return [
        ((*labels, position) if listed else labels, labels, position)
        for labels in combos
        for position in range(len(labels_of_windows))
    ]


def cells(
    rows: Callable[[Period | None], Sequence[list[Seen]]],
    by: str | Sequence[str] | None,
    periods: Period | Iterable[Period] | None,
    reps: Iterable[Rep] = (),
) -> dict[Key, tuple[list[Seen], ...]]:
    """Return, for every row of the result, the lists of deals it reads; `rows` gives those of one window."""
    names, reps = names_of(by), list(reps)
    windows, listed = windows_of(periods)
    read = [rows(window) for window in windows]
    labels = [[deal_labels(d, names, reps) for some in lists for d in some] for lists in read]
    return {
        key: tuple([d for d in some if deal_labels(d, names, reps) == wanted] for some in read[position])
        for key, wanted, position in grid(labels, names, listed)
    }


def priced(rows: Iterable[Seen]) -> list[tuple[Seen, Fraction]]:
    """Return the deals that have an amount, with it (E9)."""
    return [(d, d.amount) for d in rows if d.amount is not None]


def no_credits(rows: Iterable[Seen], negative: str = "raise") -> list[Seen]:
    """Return the deals without negative amounts, which are refused unless they are to be left out (E8)."""
    rows = list(rows)
    kept = [d for d in rows if d.amount is None or d.amount >= 0]
    if negative == "raise" and len(kept) < len(rows):
        raise ValueError("a negative amount (E8)")
    return kept


def nearest_rank(values: Iterable[Any], q: Any) -> Any:
    """Return the smallest value whose cumulative share is at least q, q being the decimal as written (C8, C15)."""
    values, wanted = sorted(values), exact(q)
    for position, value in enumerate(values, start=1):
        if position >= wanted * len(values):
            return value
    return None


def linear_quantile(values: Iterable[Any], q: Any) -> Fraction | None:
    """Return the quantile between neighbours, at (n - 1) q of the sorted values."""
    values, wanted = sorted(values), exact(q)
    if not values:
        return None
    place = wanted * (len(values) - 1)
    low = place.numerator // place.denominator
    high = min(low + 1, len(values) - 1)
    return Fraction(values[low]) + (place - low) * Fraction(values[high] - values[low])


def statistic(values: Sequence[Any], stat: Any, quantile_method: str = "nearest_rank") -> Any:
    """Return mean, median or the quantile whose level is given; None over nothing."""
    if not values:
        return None
    if stat == "mean":
        return sum((Fraction(v) for v in values), Fraction(0)) / len(values)
    quantile = linear_quantile if quantile_method == "linear" else nearest_rank
    return quantile(values, Fraction(1, 2) if stat == "median" else stat)


def total(amounts: Iterable[Fraction]) -> Fraction:
    """Return the sum of amounts."""
    return sum(amounts, ZERO)


def last_day(period: Period) -> date:
    """Return the last day of a period."""
    return period.end - timedelta(days=1)
