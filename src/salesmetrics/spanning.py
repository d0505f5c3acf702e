"""What a walk is asked: its days, which deals are due, and the labels that it can follow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs

from salesmetrics import _check
from salesmetrics.calendars import Period
from salesmetrics.errors import InvalidArgumentError, show
from salesmetrics.grouping import Window, window_of

__all__ = ["WalkPlan", "planned", "refuse_rows", "refuse_unfollowed"]

By = str | tuple[str, ...] | list[str] | None
_FIXED = ("forecast_category", "source_currency")


@attrs.frozen(eq=False)
class WalkPlan:
    """What a walk is asked: the days of each period (None: not begun), which days are due, and which deals count."""

    by: tuple[str, ...]
    window: Window
    spans: tuple[tuple[int, int] | None, ...]
    due: tuple[tuple[int, int] | None, ...]
    min_stage: object
    owners: tuple[object, ...] | None
    as_of: int | None

    @property
    def first(self) -> int:
        """The first day of all spans."""
        return min((span[0] for span in self.spans if span is not None), default=0)

    @property
    def last(self) -> int:
        """The last day of all spans."""
        return max((span[1] for span in self.spans if span is not None), default=0)


def planned(
    by: By,
    period: object,
    t0: object,
    t1: object,
    due: object,
    min_stage: object,
    owners: Sequence[object] | None,
    as_of: int | None,
) -> WalkPlan:
    """Return the days of a walk, checked: those of periods, or two days."""
    names = (by,) if isinstance(by, str) else tuple(by or ())
    whose = None if owners is None else tuple((owners,) if isinstance(owners, str) else owners)
    if period is not None:
        for name, value in (("t0", t0), ("t1", t1)):
            if value is not None:
                raise InvalidArgumentError(
                    f"`{name}` must not be given with `period`, which sets both days; got {show(value)}.",
                    code="SM-WLK-02",
                    field=name,
                    values=[value],
                )
        window = window_of(period)
        assert window.periods is not None
        spans = [_span(each, as_of) for each in window.periods]
        own = [(each.start_day, each.end_day) for each in window.periods]
        return WalkPlan(names, window, tuple(spans), tuple(_due(due, each) for each in own), min_stage, whose, as_of)
    first, last = (_check.day(_given(value, name), name) for name, value in (("t0", t0), ("t1", t1)))
    if last < first or (as_of is not None and last > as_of):
        rule = "not lie before `t0`" if last < first else f"not lie after the last known day, {_check.date_of(as_of)}"  # type: ignore[arg-type]
        raise InvalidArgumentError(
            f"`t1` must {rule}; got {_check.date_of(last)}.",
            code="SM-WLK-03",
            field="t1",
            values=[_check.date_of(last)],
        )
    return WalkPlan(names, window_of(None), ((first, last),), (_due(due, None),), min_stage, whose, as_of)


def _given(value: object, name: str) -> object:
    """Return a day that must be given where no period is."""
    if value is None:
        raise InvalidArgumentError(
            f"`{name}` must be given where no `period` is; got None.",
            code="SM-WLK-04",
            field=name,
            hint="period=calendar.quarter(2026, 3) takes the day before it and its last day.",
        )
    return value


def _span(period: Period, as_of: int | None) -> tuple[int, int] | None:
    """Return the day before a period and its last day that is known; None where it has not begun."""
    before, last = period.start_day - 1, period.end_day - 1
    if as_of is None or as_of >= last:
        return before, last
    return None if as_of < period.start_day else (before, as_of)


def _due(due: object, own: tuple[int, int] | None) -> tuple[int, int] | None:
    """Return the expected days that count: those asked for, those of the period itself, or any."""
    if due is None:
        return own
    if isinstance(due, Period):
        return due.start_day, due.end_day
    if due == "any":
        return None
    raise InvalidArgumentError(
        f"`due` must be a Period, or 'any' for deals whatever their date; got {show(due)}.",
        code="SM-WLK-05",
        field="due",
        values=[due],
    )


def refuse_unfollowed(plan: WalkPlan, tracked: Sequence[str]) -> None:
    """Raise where the walk would group by a label that changes in the history and that it has no bucket for."""
    for name in plan.by:
        if name in _FIXED and name in tracked:
            raise InvalidArgumentError(
                f"`by` must name rep, stage or labels that stand still; got {show(name)}, which changes in the history.",
                code="SM-WLK-06",
                field="by",
                values=[name],
                hint="the walk has no bucket for such a change: walk each label by itself with where=.",
            )


def refuse_rows(where: object) -> None:
    """Raise where the deals of a history alone are picked row by row."""
    if where is not None and not isinstance(where, Mapping):
        raise InvalidArgumentError(
            f"`where` must be a mapping with a history alone, whose rows are changes; got {show(where)}.",
            code="SM-WLK-11",
            field="where",
            values=[where],
            hint="where={'rep': ['Ana', 'Ben']}.",
        )
