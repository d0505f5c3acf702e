"""What a generic law is, and how two answers are told apart."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from random import Random
from typing import Any

import attrs
import numpy as np

from salesmetrics.calendars import Period, Periods
from salesmetrics.results import MetricTable
from tests.laws.drawing import Ask, Case
from tests.laws.registry import Entry, Variant

Check = Callable[[Entry, Variant, Case, Random], None]


@attrs.frozen
class Law:
    """A sentence that is true of every metric it applies to, and the check that looks for a book that breaks it."""

    id: str
    sentence: str
    applies: Callable[[Entry], bool] = attrs.field(repr=False)
    check: Check = attrs.field(repr=False)

    def holds_for(self, entry: Entry) -> bool:
        """Tell whether a metric is put through it."""
        return self.applies(entry) and self.id not in entry.exempt


LAWS: list[Law] = []


def law(id: str, applies: Callable[[Entry], bool] = lambda entry: True) -> Callable[[Check], Check]:
    """Enter a check into the list of laws; its docstring is the sentence."""

    def entered(check: Check) -> Check:
        LAWS.append(Law(id, (check.__doc__ or "").strip(), applies, check))
        return check

    return entered


def hexed(table: MetricTable) -> str:
    """Return an answer with its numbers in hex, to the last bit."""
    rows = [
        f"  {label!r}: {float(value).hex()} n={int(n)} {reason}"
        for label, value, n, reason in zip(table.labels, table.value, table.n, table.reason, strict=True)
    ]
    parts = [
        f"  {name}: {[v.hex() if isinstance(v, float) else v for v in p.tolist()]}" for name, p in table.parts.items()
    ]
    ends = [] if table.low is None or table.high is None else [f"  {table.low.tolist()} {table.high.tolist()}"]
    return "\n".join([table.name, *rows, *parts, *ends, f"  left out {dict(table.left_out)}"])


def same(one: MetricTable, other: MetricTable, left_out: bool = True) -> None:
    """Assert that two answers are the same to the last bit."""
    equal = one.equals(other) and (not left_out or dict(one.left_out) == dict(other.left_out))
    assert equal, f"{hexed(one)}\nand\n{hexed(other)}"


def bits(table: MetricTable) -> dict[Any, tuple[Any, ...]]:
    """Return every row of an answer by its label, numbers as bytes."""
    columns = {"value": table.value, "n": table.n, "reason": table.reason_code, **table.parts}
    if table.low is not None and table.high is not None:
        columns |= {"low": table.low, "high": table.high}
    return {
        label: tuple((name, values[at : at + 1].tobytes()) for name, values in columns.items())
        for at, label in enumerate(table.labels)
    }


def minor_by_label(table: MetricTable) -> dict[Any, int]:
    """Return whole minor units by label."""
    return dict(zip(table.labels, table.to_minor().tolist(), strict=True))


def values_by_label(table: MetricTable) -> dict[Any, float]:
    """Return values by label."""
    return dict(zip(table.labels, table.value.tolist(), strict=True))


def shuffled(things: Sequence[Any], rng: Random) -> tuple[Any, ...]:
    """Return things in another order."""
    order = list(things)
    rng.shuffle(order)
    return tuple(order)


def masked(case: Case, rng: Random) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Return a boolean for each deal."""
    return np.array([rng.random() < 0.6 for _ in case.deals], dtype=bool)


def cut_in(case: Case, rng: Random, most: int = 8) -> list[Case]:
    """Return the case in parts: deals anywhere, all quotas of one rep in one part; some parts are empty."""
    parts = rng.randint(1, most)
    owner = [rng.randrange(parts) for _ in case.deals]
    home: dict[Any, int] = {}
    for quota in case.quotas:
        home.setdefault(quota.rep, rng.randrange(parts))
    return [
        attrs.evolve(
            case,
            deals=tuple(d for d, o in zip(case.deals, owner, strict=True) if o == part),
            quotas=tuple(q for q in case.quotas if home[q.rep] == part),
        )
        for part in range(parts)
    ]


def close(found: float, wanted: float, ulps: int, size: float = 0.0) -> bool:
    """Tell whether two floats are some ulps apart, of them or of what they were subtracted from; NaN is NaN."""
    if math.isnan(found) or math.isnan(wanted):
        return math.isnan(found) and math.isnan(wanted)
    return abs(found - wanted) <= ulps * math.ulp(max(abs(found), abs(wanted), abs(size)))


def ask_all(entry: Entry, variant: Variant, ask: Ask) -> MetricTable:
    """Return the answer to a question of books."""
    return entry.answer(ask, variant)


def has(entry: Entry, *needs: str) -> bool:
    """Tell whether a metric reads all of some books."""
    return set(needs) <= set(entry.needs)


def options(variant: Variant, **defaults: Any) -> Mapping[str, Any]:
    """Return the options of a variant over defaults."""
    return {**defaults, **variant.options}


def split_period(period: Period, rng: Random, most: int = 4) -> Periods:
    """Return a period cut into adjoining ones."""
    days = period.days
    inner = sorted(rng.sample(range(1, days), min(rng.randint(0, most - 1), days - 1))) if days > 1 else []
    edges = [period.start_day + d for d in (0, *inner, days)]
    return Periods([Period(_date(a), _date(b)) for a, b in pairwise(edges)])


def _date(number: int) -> Any:
    return np.datetime64(number, "D").item()
