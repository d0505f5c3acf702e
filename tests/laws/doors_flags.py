"""The doors of the metrics of flags: a question of deals and their changes, or tallies of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import salesmetrics as sm
from salesmetrics.flagging import AT_RISK, HYGIENE
from salesmetrics.results import MetricTable
from tests.laws.doors import asked
from tests.laws.doors_history import Tallies, about
from tests.laws.drawing import Ask

USUAL = {"at_risk": AT_RISK, "hygiene_share": HYGIENE}


def flagged(name: str) -> Callable[..., MetricTable]:
    """Return the book door of a metric of flags, which takes the history by its name."""
    metric = getattr(sm, name)

    def call(ask: Ask, **options: Any) -> MetricTable:
        table: MetricTable = metric(ask.deals, **about(ask, name), **options)
        return table

    return call


def flags(name: str) -> Callable[..., Tallies]:
    """Return the tallies of a metric of flags."""

    def make(ask: Ask, negative: str = "exclude", **options: Any) -> Tallies:
        given = {**about(ask, name), "flags": USUAL[name], **options}
        history = given.pop("history")
        return (sm.HygieneTally.from_book(ask.deals, history, negative=negative, **given),)

    return make


def read_flags(name: str) -> Callable[..., MetricTable]:
    """Return the tally door of a metric of flags, told no more than the tally settles."""

    def read(tallies: Tallies, **options: Any) -> MetricTable:
        table: MetricTable = getattr(sm, name)(*tallies)
        return table

    return read


def concentration(ask: Ask, **options: Any) -> MetricTable:
    return sm.concentration(ask.deals, **asked(ask, "due"), **options)


def open_sizes(ask: Ask, negative: str = "raise", **options: Any) -> Tallies:
    """Return the amounts of open deals."""
    return (sm.SizeTally.from_book(ask.deals, **asked(ask), of="open", negative=negative),)


def read_concentration(tallies: Tallies, negative: str = "raise", **options: Any) -> MetricTable:
    """Read the share of the largest deals from amounts."""
    tally: Any = tallies[0]
    return sm.concentration(tally, **options)
