"""The slow module asked the same questions: one function a metric, from a case and options to answers by key."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from fractions import Fraction
from typing import Any

from salesmetrics.calendars import Period, Periods
from tests import oracle
from tests.laws.drawing import Case
from tests.oracle import Answer, Curve

Key = tuple[Any, ...]
Answers = dict[Key, Answer]


def plain(name: str, *, dated: str = "periods", books: tuple[str, ...] = ("deals",), as_of: bool = True) -> Any:
    """Return the reference of a metric that the slow module has under its own name."""

    def reference(case: Case, **options: Any) -> Answers:
        given = {**options, "by": case.by, dated: case.periods, "reps": case.reps}
        if as_of:
            given["as_of"] = case.as_of
        if "confidence_level" in given:
            given["confidence_level"] = str(given["confidence_level"])
        answers: Answers = getattr(oracle, name)(*(getattr(case, book) for book in books), **given)
        return answers

    return reference


def staged(reference: Callable[..., Answers]) -> Callable[..., Answers]:
    """Return a reference that also reads the sales process."""

    def with_process(case: Case, **options: Any) -> Answers:
        return reference(case, process=case.process, **options)

    return with_process


def coverage(case: Case, **options: Any) -> Answers:
    """Coverage; the slow module has no `all days`."""
    answers: Answers = plain("pipeline_coverage", books=("deals", "quotas"))(case, process=case.process, **options)
    return answers


def win_rate(case: Case, **options: Any) -> Answers:
    """Win rate, with the opening day that the library takes by itself."""
    if options.get("basis") == "open_at" and "at" not in options:
        assert isinstance(case.period, Period)
        options["at"] = case.period.start - timedelta(days=1)
    rates: Answers = plain("win_rate")(case, **options)
    return rates


def required_coverage(case: Case, **options: Any) -> Answers:
    """One over a win rate."""
    rates = win_rate(case, **options)
    return {key: oracle.required_coverage(rate)._replace(parts={"win_rate": rate.value}) for key, rate in rates.items()}


def curves(case: Case) -> dict[Key, Curve]:
    """Kaplan-Meier curves."""
    assert case.as_of is not None
    return oracle.cycle_curve(case.deals, by=case.by, periods=case.periods, as_of=case.as_of, reps=case.reps)


def cycle_curve(case: Case, read: str = "median", days: int = 0, q: float = 0.5) -> Answers:
    """One number of each curve."""
    answer = {}
    for key, curve in curves(case).items():
        value: Any
        low = high = None
        if read == "at":
            value, reason = curve.at(days), "not_observed"
            low, high = curve.interval_at(days)
            value = value if curve.observed_to(days) else None
        elif read == "restricted_mean":
            value, reason = oracle.restricted_mean(curve, days), "not_observed"
            value = value if days == 0 or curve.observed_to(days - 1) else None
        else:
            share = 1 - oracle.exact(q)
            value, reason = next((step.age for step in curve.steps if step.share <= share), None), "not_reached"
        if not curve.n:
            answer[key] = Answer(None, 0, "no_rows")
        elif value is None:
            answer[key] = Answer(None, curve.n, reason)
        else:
            answer[key] = Answer(value, curve.n, "", {}, low, high)
    return answer


def win_rate_curve(case: Case, days: int = 0) -> Answers:
    """Share won by an age."""
    assert case.as_of is not None
    answers = oracle.win_rate_curve(
        case.deals, within=days, by=case.by, periods=case.periods, as_of=case.as_of, reps=case.reps
    )
    return {key: answer._replace(low=None, high=None, parts={}) for key, answer in answers.items()}


def before_and_after(period: Period | Periods | None) -> tuple[Period, Period]:
    """Return the two periods of a comparison: first and last, or the days before a period and the period."""
    if isinstance(period, Periods):
        return period[0], period[len(period) - 1]
    assert period is not None
    return Period(period.start - (period.end - period.start), period.start), period


def velocity_change(case: Case) -> Answers:
    """Change of velocity between two periods, for every label of either."""
    first, second = before_and_after(case.period)
    assert case.as_of is not None
    then, now = (
        oracle.velocity(case.deals, by=case.by, periods=p, as_of=case.as_of, reps=case.reps) for p in (first, second)
    )
    answer = {}
    for key in oracle_order({*then, *now}):
        change, given = oracle.velocity_change(factors(then.get(key)), factors(now.get(key)))
        parts = dict(zip(("open_count", "win_rate", "mean_amount", "cycle_days"), given.values(), strict=True))
        n = now[key].n if key in now else 0
        answer[key] = Answer(change, n, "" if change is not None else "no_rows", parts)
    return answer


def oracle_order(keys: set[Key]) -> list[Key]:
    """Return keys sorted, a missing label last."""
    return sorted(keys, key=lambda key: [(part is None, part or "") for part in key])


def factors(answer: Answer | None) -> tuple[Any, ...]:
    """Return the four factors of a velocity."""
    if answer is None:
        return (None, None, None, None)
    parts: Mapping[str, Any] = answer.parts
    return tuple(parts[name] for name in ("open_count", "win_rate", "mean_amount", "cycle_days"))


def value_of(answer: Answer) -> Fraction | None:
    """Return the value as a fraction."""
    return None if answer.value is None else Fraction(answer.value)
