"""What the laws need to know about a public metric: an entry of the registry."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

import attrs

from salesmetrics.results import MetricTable
from salesmetrics.tally import Tally
from tests.laws.drawing import Ask, Case
from tests.oracle import Answer

Error = Literal["==", "4 ulp", "(m + 4) ulp", "1e-12"]


@attrs.frozen(repr=False)
class Variant:
    """One way of asking a metric: its options, what it needs of the question, and how near the reference it must be."""

    options: Mapping[str, Any]
    period: Literal["any", "given", "one"]
    as_of: Literal["any", "given", "late"]
    error: Error

    def __repr__(self) -> str:
        return f"Variant({dict(self.options)!r}, {self.period!r}, {self.as_of!r}, {self.error!r})"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(repr(self))

    @property
    def id(self) -> str:
        """The options in a few words."""
        return "-".join(f"{name}={value}" for name, value in self.options.items()) or "default"


@attrs.frozen(kw_only=True, repr=False)
class Entry:
    """One public metric. No field has a default: a new metric answers every question."""

    name: str
    call: Callable[..., MetricTable]
    tally: Callable[..., tuple[Tally, ...]]
    from_tally: Callable[..., MetricTable]
    reference: Callable[..., dict[Any, Answer]]
    oracle: str
    variants: tuple[Variant, ...]
    needs: frozenset[Literal["deals", "quotas", "moves", "forecasts", "tenures"]]
    unit: str
    additive: bool
    money_degree: Literal[0, 1]
    time_degree: Literal[-1, 0, 1]
    bounds: tuple[float, float]
    takes: frozenset[str]
    reads_open_deals: bool
    credits: bool
    undefined_when: str
    exempt: Mapping[str, str]

    def __repr__(self) -> str:
        return f"BY_NAME[{self.name!r}]"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(repr(self))

    @property
    def quotas(self) -> bool:
        """Whether it reads quotas."""
        return "quotas" in self.needs

    @property
    def moves(self) -> bool:
        """Whether it reads the history of the deals; ramps have moves of their own."""
        return "moves" in self.needs and "tenures" not in self.needs

    def unit_of(self, variant: Variant) -> str:
        """Return the unit of the answers that a way of asking gives."""
        if variant.options.get("method") == "dwell":
            return "days"
        return "fraction" if self.name == "cycle_curve" and variant.options.get("read") == "at" else self.unit

    def answer(self, ask: Ask | Case, variant: Variant) -> MetricTable:
        """Return the answer through the book door."""
        return self.call(ask.ask() if isinstance(ask, Case) else ask, **variant.options)

    def tallies(self, ask: Ask, variant: Variant) -> tuple[Tally, ...]:
        """Return the tallies that the answer is read from."""
        return self.tally(ask, **variant.options)

    def read(self, tallies: tuple[Tally, ...], variant: Variant) -> MetricTable:
        """Return the answer through the tally door."""
        return self.from_tally(tallies, **variant.options)


def several(
    *options: Mapping[str, Any], period: Any = "any", as_of: Any = "any", error: Error = "=="
) -> tuple[Variant, ...]:
    """Return variants that need the same of the question."""
    return tuple(Variant(dict(o), period, as_of, error) for o in options)


DEALS: frozenset[Any] = frozenset({"deals"})
BOTH: frozenset[Any] = frozenset({"deals", "quotas"})
ALL = frozenset({"by", "period", "where", "as_of"})
INF = float("inf")
