"""The fields of domain objects: each clean value, or a refusal that names the field."""

from __future__ import annotations

import datetime as dt
import itertools
import unicodedata
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import TypeAlias

import numpy as np

from salesmetrics import _check
from salesmetrics.calendars import DayLike, Period
from salesmetrics.errors import InvalidArgumentError, InvalidTypeError, show
from salesmetrics.money import finite_amount

Name: TypeAlias = str | int
Amount: TypeAlias = int | float | Decimal
Span: TypeAlias = Period | tuple[DayLike, DayLike]
Labels: TypeAlias = tuple[tuple[str, Name | None], ...]

OUTCOMES = ("open", "won", "lost", "no_decision")
"""What a deal can have come to."""
SPLIT_KINDS = ("revenue", "overlay")
"""What a share of a deal can be a share of."""
STATUSES = ("planned", "done", "missed", "cancelled")
"""What can have become of an activity."""
FIELDS_OF_A_DEAL = frozenset(
    {
        "id",
        "rep",
        "amount",
        "created",
        "expected_close",
        "closed",
        "stage",
        "outcome",
        "probability",
        "forecast_category",
        "labels",
    }
)
"""Names that no further label of a deal can have."""


def refusal(sentence: str, code: str, field: str, value: object, hint: str | None = None) -> InvalidArgumentError:
    return InvalidArgumentError(sentence, code=code, field=field, values=[value], hint=hint)


def name(value: object, argument: str) -> Name:
    """Return a name: text that is not blank, or a whole number of 64 bits."""
    if isinstance(value, str):
        if value.strip():
            return str(value)
        rule, hint = "not be blank", "write None where it is not known."
    elif isinstance(value, (int, np.integer)) and not isinstance(value, bool):
        if -(2**63) <= value < 2**63:
            return int(value)
        rule, hint = "fit 64 bits where it is a whole number", "write it as text."
    else:
        raise InvalidTypeError(
            f"`{argument}` must be a text or a whole number; got {show(value)}.",
            code="SM-KEY-01",
            field=argument,
            values=[value],
            hint="write the number as text or as an int." if isinstance(value, (float, np.floating, Decimal)) else None,
        )
    raise refusal(f"`{argument}` must {rule}; got {show(value)}.", "SM-KEY-02", argument, value, hint)


def optional_name(value: object, argument: str) -> Name | None:
    return None if value is None else name(value, argument)


def key(value: object, argument: str) -> Name:
    """Return the name of one thing, which must have no character that some containers drop."""
    if value is None or (isinstance(value, str) and not value.strip()):
        raise refusal(f"`{argument}` must not be blank; got {show(value)}.", "SM-KEY-02", argument, value)
    found = name(value, argument)
    if isinstance(found, str) and any(unicodedata.category(c) in ("Cc", "Cs") for c in found):
        raise refusal(
            f"`{argument}` must be free of control characters; got {show(value)}.", "SM-KEY-03", argument, value
        )
    return found


def date(value: object, argument: str) -> dt.date:
    return _check.date_of(_check.day(value, argument))


def optional_date(value: object, argument: str) -> dt.date | None:
    return None if value is None else date(value, argument)


def weight(value: object, argument: str) -> float:
    if isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool) and 0 <= value < 2**53:
        return float(value) + 0.0
    raise refusal(f"`{argument}` must be finite and >= 0; got {show(value)}.", "SM-SHR-01", argument, value)


def span(value: object, argument: str) -> Period:
    if isinstance(value, Period):
        return value
    if isinstance(value, (tuple, list)) and len(value) == 2:
        return Period(value[0], value[1])
    raise InvalidTypeError(
        f"`{argument}` must be a Period or a pair of days; got {show(value)}.",
        code="SM-PER-20",
        field=argument,
        values=[value],
        hint="such as ('2026-02-01', '2026-05-01'): the first day, and the first day after.",
    )


def several(value: object, argument: str, of: str) -> tuple[object, ...]:
    """Return the members of a list or other run of things; texts, mappings and sets have no members in order."""
    if isinstance(value, Iterable) and not isinstance(value, (str, bytes, Mapping, set, frozenset)):
        return tuple(value)
    raise InvalidTypeError(
        f"`{argument}` must be a list of {of}; got {show(value)}.", code="SM-DOM-03", field=argument, values=[value]
    )


def id(value: Name) -> Name:
    return key(value, "id")


def deal(value: Name) -> Name:
    return key(value, "deal")


def rep(value: Name) -> Name:
    return name(value, "rep")


def optional_rep(value: Name | None) -> Name | None:
    return optional_name(value, "rep")


def rep_name(value: str | None) -> Name | None:
    return optional_name(value, "name")


def stage_name(value: Name) -> Name:
    return name(value, "name")


def team(value: Name | None) -> Name | None:
    return optional_name(value, "team")


def manager(value: Name | None) -> Name | None:
    return optional_name(value, "manager")


def stage(value: Name | None) -> Name | None:
    return optional_name(value, "stage")


def category(value: Name | None) -> Name | None:
    return optional_name(value, "forecast_category")


def call_category(value: Name) -> Name:
    return name(value, "category")


def hired(value: DayLike | None) -> dt.date | None:
    return optional_date(value, "hired")


def role_start(value: DayLike | None) -> dt.date | None:
    return optional_date(value, "role_start")


def left(value: DayLike | None) -> dt.date | None:
    return optional_date(value, "left")


def created(value: DayLike | None) -> dt.date | None:
    return optional_date(value, "created")


def expected_close(value: DayLike | None) -> dt.date | None:
    return optional_date(value, "expected_close")


def closed(value: DayLike | None) -> dt.date | None:
    return optional_date(value, "closed")


def start(value: DayLike) -> dt.date:
    return date(value, "start")


def end(value: DayLike) -> dt.date:
    return date(value, "end")


def given(value: DayLike) -> dt.date:
    return date(value, "given")


def effective_from(value: DayLike | None) -> dt.date | None:
    return optional_date(value, "effective_from")


def amount(value: Amount) -> Amount:
    return finite_amount(value, "amount")


def optional_amount(value: Amount | None) -> Amount | None:
    return None if value is None else finite_amount(value, "amount")


def quota_amount(value: Amount) -> Amount:
    amount = finite_amount(value, "amount")
    if amount < 0:
        raise refusal(f"`amount` must be >= 0; got {show(value)}.", "SM-AMT-05", "amount", value)
    return amount


def probability(value: float | None) -> float | None:
    return None if value is None else _check.fraction(value, "probability") + 0.0


def outcome(value: str) -> str:
    return _check.one_of(value, OUTCOMES, "outcome")


def kind(value: str) -> str:
    return _check.one_of(value, SPLIT_KINDS, "kind")


def order(value: int) -> int:
    return _check.count(value, "order")


def share(value: float) -> float:
    return weight(value, "share")


def optional_deal(value: Name | None) -> Name | None:
    return optional_name(value, "deal")


def day(value: DayLike) -> dt.date:
    return date(value, "date")


def optional_outcome(value: str | None) -> str | None:
    return None if value is None else outcome(value)


def actor(value: Name | None) -> Name | None:
    return optional_name(value, "actor")


def from_stage(value: Name | None) -> Name | None:
    return optional_name(value, "from_stage")


def seq(value: int | None) -> int | None:
    return None if value is None else _check.count(value, "seq")


def activity_kind(value: Name | None) -> Name | None:
    return optional_name(value, "kind")


def status(value: str) -> str:
    return _check.one_of(value, STATUSES, "status")


def period(value: Span) -> Period:
    return span(value, "period")


def absences(value: Iterable[Span]) -> tuple[Period, ...]:
    """Return the absences in order of their days; no two may share a day."""
    spans = sorted(span(each, "absences") for each in several(value, "absences", "periods or pairs of days"))
    for before, after in itertools.pairwise(spans):
        if after.start < before.end:
            raise refusal(
                f"`absences` must not overlap; got {before.start}..{before.end} and {after.start}..{after.end}.",
                "SM-REP-01",
                "absences",
                (before, after),
                "join the two into one.",
            )
    return tuple(spans)


def ramp(value: Iterable[float]) -> tuple[float, ...]:
    return tuple(weight(share, "ramp") for share in several(value, "ramp", "shares, one for each month of tenure"))


def labels(value: Mapping[str, Name | None] | Iterable[tuple[str, Name | None]] | None) -> Labels:
    """Return further labels as pairs sorted by name."""
    if value is None:
        return ()
    pairs = value.items() if isinstance(value, Mapping) else several(value, "labels", "pairs of a name and a label")
    labels: dict[str, Name | None] = {}
    for pair in pairs:
        name, label = pair if isinstance(pair, tuple) and len(pair) == 2 else (pair, None)
        if not isinstance(name, str) or not name.strip() or name in labels or name in FIELDS_OF_A_DEAL:
            raise refusal(
                f"`labels` must have names of their own, each once, that are no field of a deal; got {show(name)}.",
                "SM-DEA-04",
                "labels",
                name,
                f"give it as `{name}=`." if isinstance(name, str) and name in FIELDS_OF_A_DEAL else None,
            )
        labels[name] = optional_name(label, f"labels[{show(name)}]")
    return tuple(sorted(labels.items()))
