"""What a metric is asked with: the right kind of book, a period where one is needed, one currency."""

from __future__ import annotations

from typing import Any

from salesmetrics.books import ActivityBook, DealBook, DealHistory, QuotaBook, RepBook
from salesmetrics.errors import InvalidArgumentError, InvalidDataError, InvalidTypeError, show
from salesmetrics.scans import DealScan

__all__ = [
    "activity_book",
    "deal_book",
    "deal_history",
    "no_period",
    "one_currency",
    "quota_book",
    "rep_book",
    "whole_book",
]


def deal_book(deals: Any) -> DealBook:
    """Return the book of deals, or raise saying how to make one; a scan goes through, for every ``from_book`` takes one."""
    if isinstance(deals, (DealBook, DealScan)):
        return deals  # type: ignore[return-value]
    raise InvalidTypeError(
        f"`deals` must be a DealBook or its tally; got {show(type(deals).__name__)}.",
        code="SM-BOK-10",
        field="deals",
        hint="sm.read_deals(frame) makes a book of a frame, a mapping, a CSV file or Deal objects.",
    )


def whole_book(deals: Any, purpose: str) -> DealBook:
    """Return the book of deals, or raise where it is a scan: the question needs all deals at once."""
    if isinstance(deals, DealScan):
        raise InvalidTypeError(
            f"`deals` must be a DealBook for {purpose}; got a DealScan, whose deals are never all there.",
            code="SM-SCN-11",
            field="deals",
            hint="sm.read_deals(path) reads the deals that are asked about into a book.",
        )
    return deal_book(deals)


def deal_history(history: Any) -> DealHistory:
    """Return the history of the deals, or raise saying how to make one."""
    if isinstance(history, DealHistory):
        return history
    raise InvalidTypeError(
        f"`history` must be a DealHistory beside the deals; got {show(None if history is None else type(history).__name__)}.",
        code="SM-MOV-07",
        field="history",
        hint="sm.read_history(frame) makes one of a frame, a mapping or a CSV file with deal, date and stage.",
    )


def activity_book(activities: Any) -> ActivityBook:
    """Return the book of activities, or raise saying how to make one."""
    if isinstance(activities, ActivityBook):
        return activities
    raise InvalidTypeError(
        f"`activities` must be an ActivityBook; got {show(type(activities).__name__)}.",
        code="SM-HYG-06",
        field="activities",
        hint="sm.read_activities(frame) makes one of a frame, a mapping, a CSV file or Activity objects.",
    )


def quota_book(quotas: Any) -> QuotaBook:
    """Return the book of quotas, or raise saying how to make one."""
    if isinstance(quotas, QuotaBook):
        return quotas
    raise InvalidTypeError(
        f"`quotas` must be a QuotaBook or its tally; got {show(type(quotas).__name__)}.",
        code="SM-BOK-11",
        field="quotas",
        hint="sm.read_quotas(frame) makes a book of a frame, a mapping, a CSV file or Quota objects.",
    )


def rep_book(reps: Any) -> RepBook:
    """Return the book of reps, or raise saying how to make one."""
    if isinstance(reps, RepBook):
        if "id" in reps.columns:
            reps.places()
        return reps
    raise InvalidTypeError(
        f"`reps` must be a RepBook; got {show(type(reps).__name__)}.",
        code="SM-BOK-12",
        field="reps",
        hint="sm.read_reps(frame) makes a book of a frame, a mapping, a CSV file or Rep objects.",
    )


def no_period() -> InvalidArgumentError:
    """Return the refusal of a quota without a period."""
    return InvalidArgumentError(
        "`period` must be given where quotas are read; got None.",
        code="SM-ARG-24",
        field="period",
        hint="quotas.periods() gives the quotas' own; calendar.quarter(2026, 3) one of a calendar.",
    )


def one_currency(deals: str | None, quotas: str | None) -> None:
    """Raise where deals and quotas are in different currencies."""
    if deals is not None and quotas is not None and deals != quotas:
        raise InvalidDataError(
            f"`quotas` must be in the currency of the deals; got {quotas} beside {deals}.",
            code="SM-CUR-01",
            field="quotas",
            values=[quotas],
            hint="convert one of the two before it is read.",
        )
