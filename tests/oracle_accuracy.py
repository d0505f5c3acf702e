"""Slow copies of section 14: forecast F against actual A, e = F - A, positive being an over-forecast.

The scores read pairs; `scored` reads books: which call counts, what was actually credited, and what is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, timedelta
from decimal import localcontext
from fractions import Fraction
from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple

from salesmetrics.calendars import Period
from salesmetrics.domain import Deal, ForecastCall, Rep
from tests.oracle_credit import PLAIN_CREDIT, CreditTerms, credits_in, summed
from tests.oracle_intervals import DIGITS, decimal, mean_interval, wilson
from tests.oracle_pace import elapsed_share
from tests.oracle_rows import Answer, Asked, By, Key, Result, exact, grid, last_day, names_of, rep_labels, total
from tests.oracle_rows import windows_of as windows


class Pair(NamedTuple):
    """One forecaster and complete period: what was said, and what came."""

    forecast: Fraction
    actual: Fraction
    rep: Any = None
    period: Any = None

    @property
    def error(self) -> Fraction:
        """Forecast less actual."""
        return self.forecast - self.actual


def pairs_of(forecasts: Iterable[Any], actuals: Iterable[Any]) -> list[Pair]:
    """Return pairs of plain numbers."""
    return [Pair(exact(f), exact(a)) for f, a in zip(forecasts, actuals, strict=True)]


def weight_of(pair: Pair, variant: str) -> Fraction:
    """Return what an absolute error is measured against."""
    f, a = abs(pair.forecast), abs(pair.actual)
    return {"actual": a, "forecast": f, "max": max(f, a)}[variant]


def ape(pair: Pair, denominator: str = "actual") -> Fraction | None:
    """Absolute error over the denominator; None where that is 0, even without an error."""
    size = weight_of(pair, denominator)
    return abs(pair.error) / size if size else None


def answer_of(value: Any, pairs: Sequence[Pair], n: int | None = None, **parts: Any) -> Answer:
    """Return an answer that says how many actuals were 0; undefined over pairs is a denominator of 0."""
    n = len(pairs) if n is None else n
    reason = "" if value is not None else "zero_denominator" if pairs else "no_rows"
    return Answer(value, n, reason, {"zero_actuals": sum(not p.actual for p in pairs), **parts})


def mean(values: Sequence[Fraction]) -> Fraction | None:
    """Return the mean, None over nothing."""
    return total(values) / len(values) if values else None


def mape(pairs: Sequence[Pair], *, denominator: str = "actual") -> Answer:
    """Mean of the defined APEs; n counts those, `left_out` the others."""
    found = [x for p in pairs if (x := ape(p, denominator)) is not None]
    return answer_of(mean(found), pairs, len(found), left_out=len(pairs) - len(found))


def wape(pairs: Sequence[Pair]) -> Answer:
    """Sum of absolute errors over the sum of absolute actuals."""
    size = total(abs(p.actual) for p in pairs)
    return answer_of(total(abs(p.error) for p in pairs) / size if size else None, pairs)


def bias(pairs: Sequence[Pair]) -> Answer:
    """Sum of errors over the sum of absolute actuals."""
    size = total(abs(p.actual) for p in pairs)
    return answer_of(total(p.error for p in pairs) / size if size else None, pairs)


def mean_error(pairs: Sequence[Pair], *, confidence_level: Any = "0.95") -> Answer:
    """Mean error, with Student's interval from 30 pairs on (C7)."""
    errors = [p.error for p in pairs]
    low, high = mean_interval(errors, confidence_level)
    return answer_of(mean(errors), pairs)._replace(low=low, high=high)


def mae(pairs: Sequence[Pair]) -> Answer:
    """Mean absolute error."""
    return answer_of(mean([abs(p.error) for p in pairs]), pairs)


def rmse(pairs: Sequence[Pair]) -> Answer:
    """Root of the mean squared error, with 50 digits."""
    square = mean([p.error**2 for p in pairs])
    with localcontext(DIGITS):
        return answer_of(None if square is None else decimal(square).sqrt(), pairs)


def mase(pairs: Sequence[Pair], *, season: int = 1, series: Sequence[Sequence[Any]] | None = None) -> Answer:
    """Mean absolute error over that of the naive forecast on the actual series given.

    Doubt: which series several forecasters have. Chosen: one each, their own actuals in order of time, and the naive
    errors of all are pooled; without a forecaster the pairs are one series in the order given.
    Doubt: the reason of too few actuals. Chosen: `no_rows`, of a naive error of 0 `zero_denominator`.
    """
    if series is None:
        owners = list(dict.fromkeys(p.rep for p in pairs))
        own = [[p for p in pairs if p.rep == rep] for rep in owners]
        series = [[p.actual for p in sorted(some, key=lambda p: p.period or 0)] for some in own]
    numbers = [[exact(a) for a in some] for some in series]
    steps = [abs(some[i] - some[i - season]) for some in numbers for i in range(season, len(some))]
    scale, error = mean(steps), mean([abs(p.error) for p in pairs])
    value = error / scale if error is not None and scale else None
    answer = answer_of(value, pairs)
    return answer._replace(reason="no_rows") if value is None and not steps else answer


def forecast_accuracy(
    pairs: Sequence[Pair], *, variant: str = "actual", floor: Any = None, aggregate: str = "pooled"
) -> Answer:
    """1 less error over size (or actual over forecast), pooled or as the mean of the rows that have one.

    Doubt: the floor of a mean. Chosen: each row is floored before it is averaged; a pooled one once, at the end.
    """
    groups = [[p] for p in pairs] if aggregate == "mean" else [list(pairs)] if pairs else []
    found = []
    for some in groups:
        if variant == "ratio":
            top, size = total(p.actual for p in some), total(p.forecast for p in some)
        else:
            size = total(weight_of(p, variant) for p in some)
            top = size - total(abs(p.error) for p in some)
        if size:
            found.append(top / size if floor is None else max(top / size, exact(floor)))
    n = len(found) if aggregate == "mean" else len(pairs)
    return answer_of(mean(found), pairs, n, left_out=len(pairs) - n)


def range_hit_rate(rows: Iterable[tuple[Any, Any, Any]], *, confidence_level: Any = "0.95") -> Answer:
    """Share of (low, actual, high) with the actual inside, both ends included; Wilson."""
    hits = [exact(low) <= exact(a) <= exact(high) for low, a, high in rows]
    value = Fraction(sum(hits), len(hits)) if hits else None
    low, high = wilson(value, len(hits), confidence_level)
    return Answer(value, len(hits), "" if hits else "no_rows", {"hits": sum(hits)}, low, high)


SCORES: Mapping[str, Callable[[Sequence[Pair]], Answer]] = {"mape": mape, "wape": wape, "mae": mae}


def value_added_of(errors: Sequence[Any]) -> tuple[list[Fraction], Fraction]:
    """Return what each step took off the error of the step before, the first being naive; and the net."""
    found = [exact(e) for e in errors]
    steps = [before - after for before, after in pairwise(found)]
    return steps, found[0] - found[-1]


def value_added(steps: Sequence[Sequence[Pair]], metric: str = "mape") -> tuple[list[Fraction] | None, Fraction | None]:
    """Return the same of forecasts, which must be of the same forecasters and periods."""
    rows = [sorted((str(p.rep), str(p.period), p.actual) for p in step) for step in steps]
    if any(some != rows[0] for some in rows):
        raise ValueError("the steps are not on the same periods")
    errors = [SCORES[metric](step).value for step in steps]
    return (None, None) if any(e is None for e in errors) else value_added_of(errors)


# --- books -----------------------------------------------------------------------------------------------------------


class CallTerms(NamedTuple):
    """Which call counts: of a category, by the last day of a week from the start, of the last, or from the end."""

    week: int | str = 1
    weeks_left: int | None = None
    category: Any = "commit"


PLAIN_CALL = CallTerms()


def cutoff(period: Period, terms: CallTerms = PLAIN_CALL) -> date | None:
    """Return the last day on which a call counts, None where the period has no such week.

    Doubt: `weeks_left=h`. Chosen: "that week counted from the end", so 1 is the last week, as `week=1` is the first.
    (The other reading: h whole weeks are left after the day; it is one week earlier.)
    Doubt: a week that a period does not have. Chosen: no call counts, and the row is counted as without one.
    """
    number = period.weeks if terms.week == "last" else int(terms.week)
    if terms.weeks_left is not None:
        number = period.weeks - terms.weeks_left + 1
    if not 1 <= number <= period.weeks:
        return None
    return last_day(period) if number == period.weeks else period.start + timedelta(7 * number - 1)


def call_of(calls: Iterable[ForecastCall], rep: Any, period: Period, terms: CallTerms = PLAIN_CALL) -> Fraction | None:
    """Return the latest call of the category by the cutoff; calls made before the period count.

    Doubt: two calls of a rep, period and category on one day. Chosen: refused, since the order of rows says nothing.
    """
    last = cutoff(period, terms)
    known = [c for c in calls if c.rep == rep and c.period == period and c.category == terms.category]
    known = [c for c in known if last is not None and c.given <= last]
    if not known:
        return None
    latest = [c for c in known if c.given == max(other.given for other in known)]
    if len(latest) > 1:
        raise ValueError("two calls on one day")
    return exact(latest[0].amount)


class Row(NamedTuple):
    """A forecaster and period, with or without a call that counts."""

    rep: Any
    period: Period
    forecast: Fraction | None
    actual: Fraction


def actual_of(deals: Sequence[Deal], rep: Any, period: Period, as_of: date, credit: CreditTerms) -> Fraction:
    """Return what a rep is credited with in a period."""
    return summed(c for c in credits_in(deals, period, as_of, credit) if c.rep == rep)


def rows_of(
    deals: Sequence[Deal],
    calls: Sequence[ForecastCall],
    window: Period | None,
    as_of: date,
    terms: CallTerms = PLAIN_CALL,
    credit: CreditTerms = PLAIN_CREDIT,
) -> list[Row]:
    """Return the complete rows of a window: the periods that calls are for and that lie in it, and their people.

    Doubt: what a period asked for is to calls of shorter periods. Chosen: rows are the calls' own periods inside it, so
    a year pools its quarters; without one, all of them.
    Doubt: whose rows. Chosen: reps with a credit in such a period, or with any call for it, of whatever category and
    day; those without a call that counts are left out and counted. Deals without a rep have no forecaster.
    Doubt: periods still running. Chosen: no rows.
    """
    answer = []
    spans = {
        c.period for c in calls if window is None or (window.start <= c.period.start and c.period.end <= window.end)
    }
    for span in sorted(p for p in spans if last_day(p) <= as_of):
        people = {c.rep for c in calls if c.period == span}
        people |= {c.rep for c in credits_in(deals, span, as_of, credit)} - {None}
        for rep in people:
            said = call_of(calls, rep, span, terms)
            answer.append(Row(rep, span, said, actual_of(deals, rep, span, as_of, credit)))
    return answer


def row_cells(
    find: Callable[[Period | None], list[Row]], by: By, periods: Asked, reps: Iterable[Rep]
) -> dict[Key, list[Row]]:
    """Return the rows that every row of a result reads; labels are those of the forecaster."""
    names, reps = names_of(by), list(reps)
    asked, listed = windows(periods)
    read = [find(window) for window in asked]
    labels = [[rep_labels(r.rep, names, reps) for r in some] for some in read]
    return {
        key: [r for r in read[position] if rep_labels(r.rep, names, reps) == wanted]
        for key, wanted, position in grid(labels, names, listed)
    }


def scored(
    score: Callable[[Sequence[Pair]], Answer],
    deals: Sequence[Deal],
    calls: Sequence[ForecastCall],
    *,
    by: By = (),
    periods: Asked = None,
    as_of: date,
    terms: CallTerms = PLAIN_CALL,
    credit: CreditTerms = PLAIN_CREDIT,
    reps: Iterable[Rep] = (),
) -> Result:
    """Return a score of the rows with a call that counts; `no_call` counts the others.

    Doubt: the reason where no row has a call. Chosen: `no_rows`.
    """
    answer = {}
    find = partial(rows_of, deals, calls, as_of=as_of, terms=terms, credit=credit)
    for key, rows in row_cells(find, by, periods, reps).items():
        pairs = [Pair(r.forecast, r.actual, r.rep, r.period) for r in rows if r.forecast is not None]
        found = score(pairs)
        answer[key] = found._replace(parts={**found.parts, "no_call": len(rows) - len(pairs)})
    return answer


def range_hits(
    deals: Sequence[Deal],
    calls: Sequence[ForecastCall],
    *,
    low: Any,
    high: Any,
    by: By = (),
    periods: Asked = None,
    as_of: date,
    terms: CallTerms = PLAIN_CALL,
    credit: CreditTerms = PLAIN_CREDIT,
    reps: Iterable[Rep] = (),
) -> Result:
    """Return `range_hit_rate` of two categories of calls; a row that lacks either is left out and counted."""
    answer = {}
    find = partial(rows_of, deals, calls, as_of=as_of, terms=terms, credit=credit)
    for key, rows in row_cells(find, by, periods, reps).items():
        ends = [[call_of(calls, r.rep, r.period, terms._replace(category=c)) for c in (low, high)] for r in rows]
        whole = [(a, r.actual, b) for r, (a, b) in zip(rows, ends, strict=True) if a is not None and b is not None]
        found = range_hit_rate(whole)
        answer[key] = found._replace(parts={**found.parts, "no_call": len(rows) - len(whole)})
    return answer


def benchmark(
    kind: str,
    deals: Sequence[Deal],
    calls: Sequence[ForecastCall],
    row: Row,
    as_of: date,
    *,
    season: int = 4,
    terms: CallTerms = PLAIN_CALL,
    credit: CreditTerms = PLAIN_CREDIT,
) -> Fraction | None:
    """Return what a rule would have said: the last actual, the one of a season ago, or the pace at the cutoff.

    Doubt: which period is the last one. Chosen: the one before in the sorted periods of all calls (a season: so many
    before), whether or not it adjoins; a rep who closed nothing in it has an actual of 0.
    Doubt: when a run rate is read. Chosen: on the cutoff day of the call it is compared with, by calendar days.
    """
    if kind == "run_rate":
        day = cutoff(row.period, terms)
        if day is None:
            return None
        return actual_of(deals, row.rep, row.period, day, credit) / elapsed_share(row.period, day)
    spans = sorted({c.period for c in calls})
    place = spans.index(row.period) - (season if kind == "seasonal" else 1)
    return actual_of(deals, row.rep, spans[place], as_of, credit) if place >= 0 else None


def forecast_value_added(
    deals: Sequence[Deal],
    calls: Sequence[ForecastCall],
    *,
    against: str = "last",
    metric: str = "mape",
    season: int = 4,
    by: By = (),
    periods: Asked = None,
    as_of: date,
    terms: CallTerms = PLAIN_CALL,
    credit: CreditTerms = PLAIN_CREDIT,
    reps: Iterable[Rep] = (),
) -> Result:
    """Error of a benchmark less that of the calls, over the rows that have both; positive: the calls are better.

    Doubt: rows without a benchmark (the first period). Chosen: out of both errors, and counted.
    Doubt: n under mape. Chosen: rows whose APE is defined, as in mape itself.
    """
    answer = {}
    find = partial(rows_of, deals, calls, as_of=as_of, terms=terms, credit=credit)
    for key, rows in row_cells(find, by, periods, reps).items():
        said, ruled = [], []
        for r in rows:
            rule = benchmark(against, deals, calls, r, as_of, season=season, terms=terms, credit=credit)
            if r.forecast is not None and rule is not None:
                said.append(Pair(r.forecast, r.actual, r.rep, r.period))
                ruled.append(Pair(rule, r.actual, r.rep, r.period))
        before, after = SCORES[metric](ruled), SCORES[metric](said)
        parts: dict[str, Any] = {"benchmark": before.value, "forecast": after.value}
        parts |= {"no_call": sum(r.forecast is None for r in rows), "left_out": len(rows) - len(said)}
        if before.value is None or after.value is None:
            answer[key] = Answer(None, after.n, after.reason or before.reason, parts)
        else:
            answer[key] = Answer(value_added_of([before.value, after.value])[1], after.n, "", parts)
    return answer
