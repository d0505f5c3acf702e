"""Answers that are curves: shares by age, with what is needed to trust them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import attrs
import numpy as np

from salesmetrics import _check, export, figures, formulas
from salesmetrics.answers import blanked, major, reasons, words
from salesmetrics.arrays import AnyArray, BoolArray, FloatArray, IntArray
from salesmetrics.errors import InvalidArgumentError, escape, show
from salesmetrics.formulas import IncidenceCurve, SurvivalCurve
from salesmetrics.labels import Labels, Levels
from salesmetrics.listing import Listed
from salesmetrics.results import MetricTable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["CurveTable"]

Ends = tuple[FloatArray | None, FloatArray | None]
_SHOWN = 30
_AGES = (30, 90, 180, 365)


@attrs.frozen(eq=False, repr=False)
class CurveTable(Listed):
    """One curve for each group: the share that has had the event by each age in whole days.

    Attributes
    ----------
    name : str
        ``win_rate_curve``: the share won by each age; the other ends compete. ``cycle_curve``: the share still open after
        each age or, with an outcome and a horizon, the share of the deals that end so by the horizon that had by each age.
    labels : Labels
        The group of each curve.
    n, events : numpy.ndarray of int64
        Deals of each cohort, and how many of them had the event; the others are censored, or ended otherwise.
    curve : SurvivalCurve or IncidenceCurve
        The arrays: one row for each group, one column for each day of age; the causes of an IncidenceCurve are ``outcomes``.
        By amount, ``at_risk`` and ``events`` are sums of money in minor units.
    """

    name: str
    labels: Labels
    n: IntArray
    events: IntArray
    curve: SurvivalCurve | IncidenceCurve
    confidence_level: float | None
    left_out: Mapping[str, int]
    definition: str
    notes: tuple[str, ...] = ()
    outcomes: tuple[str, ...] = ()
    within: int | None = None
    weight: str = "count"
    scale: int = 0

    _unlisted: ClassVar[tuple[str, ...]] = ("scale", "steps")
    _otherwise: ClassVar[str] = "a share is read as curve.at(90), an age as curve.median; curve.curve has the arrays."

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def share(self) -> str:
        """What the curves are the share of, in words."""
        if isinstance(self.curve, SurvivalCurve):
            return "still open"
        return self.outcomes[0] if self.within is None else f"{self.outcomes[0]} of those {self._horizon}"

    def at(self, days: int | Sequence[int]) -> MetricTable:
        """Return the share at an age, or at each of several, which become a label: of wins, or of deals still open.

        Beyond the longest follow-up, while some are still open, the share is NaN with the reason ``not_observed``; so it is
        beyond an age at which no deal was under observation. Parts: the other ends and the share still open, which with the
        value add up to 1, and the deals (or their amount) that were at risk at that age.
        """
        many = isinstance(days, (Sequence, np.ndarray)) and not isinstance(days, str)
        given: list[Any] = list(days) if many else [days]  # type: ignore[arg-type]
        ages = [_check.count(age, "days") for age in given]
        if many and (not ages or len(set(ages)) < len(ages)):
            raise InvalidArgumentError(
                f"`days` must be an age, or several that differ; got {show(days)}.",
                code="SM-ARG-63",
                field="days",
                values=[days],
            )
        labels = self.labels.crossed(Levels("age", tuple(ages), ordered=True)) if many else self.labels
        return self._read(labels, np.broadcast_to(np.array(ages, dtype=np.int64), (len(self), len(ages))))

    @property
    def final(self) -> MetricTable:
        """The share at the longest follow-up of each group: what was won of a cohort as far as it could be watched.

        Part ``age`` is that follow-up in days, ``open`` the share that was still open then: the share can still move by as
        much. Without an age at which anything was observed: ``not_observed``.
        """
        return self._read(self.labels, np.maximum(self._blind - 1, 0)[:, None], final=True)

    @property
    def median(self) -> MetricTable:
        """The age by which half have had the event."""
        return self.quantile(0.5)

    def quantile(self, q: float) -> MetricTable:
        """Return the age by which a share q has closed; NaN ``not_reached`` where fewer have.

        A win rate curve need not reach any share: use `at`. With an outcome and a horizon it is the age by which a share q of
        the deals that end so by the horizon had ended so.
        """
        share = _check.fraction(q, "q", open_ends=True)
        if self.within is not None:
            value = np.asarray(formulas.conditional_quantile(self._ends, self.within, share))[..., 0]
            reason = self._conditional_reason()
            what = f"{share:g} quantile of the time to close of deals {self._horizon}"
            return self._table("cycle_length", "days", value, reason, (None, None), what)
        curve = self._survival()
        value = np.asarray(formulas.survival_quantile(curve, share))
        reason = reasons(
            len(self),
            *self._empty(),
            ("not_observed", value > self._blind),
            ("not_reached", np.isnan(value) & (self._blind >= self._seen)),
            ("not_observed", np.isnan(value)),
        )
        ends: Ends = (None, None)
        if self.confidence_level is not None:
            ends = self._honest(*formulas.survival_quantile_interval(curve, share, self.confidence_level), reason)
        return self._table("cycle_length", "days", value, reason, ends, f"{share:g} quantile of the time to close")

    def restricted_mean(self, within: int) -> MetricTable:
        """Return the mean time to close, or to ``within`` where that comes first: the integral of the curve."""
        horizon = _check.count(within, "within")
        if self.within is not None:
            raise InvalidArgumentError(
                f"`within` must not be given again: these curves are of deals {self._horizon}; got {horizon}.",
                code="SM-ARG-64",
                field="within",
                values=[within],
                hint=".mean is the mean time of those deals.",
            )
        value = np.asarray(formulas.restricted_mean(self._survival(), horizon))
        value = np.where(self._hidden(np.full(len(self), max(horizon - 1, 0))), np.nan, value)
        reason = reasons(len(self), *self._empty(), ("not_observed", np.isnan(value)))
        what = f"mean time to close, restricted to {horizon} days"
        return self._table("cycle_length", "days", value, reason, (None, None), what)

    @property
    def mean(self) -> MetricTable:
        """The mean age at the outcome, of the deals that end so by the horizon of the curves."""
        if self.within is None:
            raise InvalidArgumentError(
                "`within` must be given to the curves for a mean: that of deals which may stay open has no other end; "
                f"got a {self.name} without.",
                code="SM-ARG-65",
                field="within",
                hint=".restricted_mean(within), or cycle_curve(deals, outcome='won', within=360).mean.",
            )
        value = np.asarray(formulas.conditional_mean(self._ends, self.within))[..., 0]
        what = f"mean time to close of deals {self._horizon}"
        return self._table("cycle_length", "days", value, self._conditional_reason(), (None, None), what)

    # --- what the numbers rest on ----------------------------------------------------------------------------------

    @property
    def _horizon(self) -> str:
        return f"{self.outcomes[0]} within {self.within} days"

    @property
    def _ends(self) -> IncidenceCurve:
        assert isinstance(self.curve, IncidenceCurve)
        return self.curve

    @property
    def _seen(self) -> IntArray:
        """One past the last age at which any deal of each group was under observation."""
        there = self.curve.at_risk > 0
        last: IntArray = there.shape[1] - there[:, ::-1].argmax(axis=1)
        return np.where(there.any(axis=1), last, 0)

    @property
    def _blind(self) -> IntArray:
        """The first age at which no deal of each group was under observation."""
        there = self.curve.at_risk > 0
        first: IntArray = np.where(there.all(axis=1), there.shape[1], (~there).argmax(axis=1))
        return first

    def _hidden(self, ages: IntArray) -> BoolArray:
        """Return True where an age lies beyond the first one that was not observed, while not all had ended by then."""
        blind = self._blind
        if not self.curve.survival.shape[1]:
            return np.ones(len(self), dtype=bool)
        left = self.curve.survival[np.arange(len(self)), np.maximum(blind - 1, 0)]
        hidden: BoolArray = (ages >= blind) & ~((blind > 0) & (left == 0))
        return hidden

    def _empty(self) -> tuple[tuple[str, BoolArray], ...]:
        """Return the reasons of groups without deals, and of deals whose amounts are all 0."""
        worth = self.curve.at_risk.any(axis=1)
        return ("no_rows", self.n == 0), ("zero_denominator", (self.n > 0) & ~worth)

    def _conditional_reason(self) -> AnyArray:
        """Return why a number of those who ended by the horizon is missing: not watched so long, or none did."""
        assert self.within is not None
        taken = np.asarray(formulas.incidence_at(self._ends, self.within))[..., 0]
        hidden = self._hidden(np.full(len(self), self.within))
        return reasons(len(self), *self._empty(), ("not_observed", hidden), ("no_rows", ~(taken > 0)))

    def _honest(self, low: AnyArray, high: AnyArray, reason: AnyArray) -> Ends:
        """Return the ends of the interval of an age: none by amount, and infinite beyond what was observed."""
        none = (self._blind < self._seen) & (reason != 0) if self.weight == "count" else np.ones(len(self), dtype=bool)
        low, high = (np.where(end > self._blind, np.inf, end) for end in (low, high))
        return np.where(none, np.nan, low), np.where(none, np.nan, high)

    def _survival(self) -> SurvivalCurve:
        """Return the curve of those still open."""
        if isinstance(self.curve, SurvivalCurve):
            return self.curve
        return SurvivalCurve(self.curve.survival, self.curve.at_risk, self.curve.events.sum(axis=-2))

    def _read(self, labels: Labels, ages: IntArray, *, final: bool = False) -> MetricTable:
        """Return the share of each group at its ages, of shape (groups, ages), one row for each."""
        last = max(self.curve.survival.shape[1] - 1, 0)
        place = np.minimum(ages, last)
        hidden = np.stack([self._hidden(column) for column in ages.T], axis=1).ravel()
        per = ages.shape[1]
        rows = [(name, np.repeat(held, per)) for name, held in self._empty()]
        reason = reasons(ages.size, *rows, ("not_observed", hidden))
        value, parts = self._shares(place)
        parts |= {name: np.where((ages > last).ravel(), 0, parts[name]) for name in parts if name == "at_risk"}
        if self.within is not None:
            within = np.repeat(self._conditional_reason(), per)
            reason = np.where(reason == 0, within, reason)
        if final:
            parts = {"age": ages.ravel(), **parts}
        ends = tuple(None if end is None else np.where(reason != 0, np.nan, end) for end in self._interval(place))
        parts = {k: np.where(reason != 0, np.nan, v) if v.dtype.kind == "f" else v for k, v in parts.items()}
        what = f"share {self.share} at {self._said(ages, final=final)}"
        name = "share_open" if isinstance(self.curve, SurvivalCurve) else self.name.removesuffix("_curve")
        if self.within is not None:
            name = f"share_{self.outcomes[0]}"
        return self._table(name, "fraction", value, reason, (ends[0], ends[1]), what, labels, per, parts)

    def _said(self, ages: IntArray, *, final: bool) -> str:
        """Return the ages of a table in words."""
        if final:
            return "the longest follow-up"
        row = ages[0].tolist() if len(ages) else []
        return f"age {row[0]} days" if len(row) == 1 else f"{ages.shape[1]} ages"

    def _shares(self, place: IntArray) -> tuple[FloatArray, dict[str, AnyArray]]:
        """Return the shares at ages, of shape (groups, ages), in one row each, and the parts beside them."""
        if not self.curve.survival.shape[1]:
            return np.full(place.size, np.nan), {}
        still_open = np.take_along_axis(self.curve.survival, place, axis=1).ravel()
        risk = np.take_along_axis(self.curve.at_risk, place, axis=1).ravel()
        watched = {"at_risk": risk if self.weight == "count" else major(risk, self.scale)}
        if isinstance(self.curve, SurvivalCurve):
            return still_open, watched
        taken = [np.take_along_axis(each, place, axis=1).ravel() for each in np.moveaxis(self.curve.incidence, 1, 0)]
        if self.within is not None:
            whole = np.asarray(formulas.incidence_at(self.curve, self.within))[:, 0]
            with np.errstate(all="ignore"):
                return np.minimum(taken[0] / np.repeat(whole, place.shape[1]), 1.0), watched
        return taken[0], {**dict(zip(self.outcomes[1:], taken[1:], strict=True)), "open": still_open, **watched}

    def _interval(self, place: IntArray) -> Ends:
        """Return the intervals of the shares at ages; by amount, and of a part of those who end, none is honest."""
        if self.confidence_level is None:
            return None, None
        if self.within is not None or self.weight == "amount" or not self.curve.survival.shape[1]:
            return np.full(place.size, np.nan), np.full(place.size, np.nan)
        reach = slice(int(place.max(initial=0)) + 1)
        low, high = _bounds(self.curve, reach, self.confidence_level)
        return tuple(np.take_along_axis(end, place, axis=1).ravel() for end in (low, high))  # type: ignore[return-value]

    def steps(self, at: int) -> tuple[FloatArray, Ends]:
        """Return the share of one group at each age that was observed, with both ends of its interval."""
        days = slice(int(self._blind[at]) if self.within is None else min(int(self._blind[at]), self.within + 1))
        survival, risk = (each[at : at + 1, days] for each in (self.curve.survival, self.curve.at_risk))
        one: SurvivalCurve | IncidenceCurve
        if isinstance(self.curve, IncidenceCurve):
            one = IncidenceCurve(
                self.curve.incidence[at : at + 1, :, days], survival, risk, self.curve.events[at : at + 1, :, days]
            )
        else:
            one = SurvivalCurve(survival, risk, self.curve.events[at : at + 1, days])
        alone = attrs.evolve(self, labels=self.labels.take(np.array([at])), n=self.n[at : at + 1], curve=one)
        place = np.arange(survival.shape[1])[None, :]
        return alone._shares(place)[0], alone._interval(place) if self.n[at] and place.size else (None, None)

    def _table(
        self,
        name: str,
        unit: str,
        value: AnyArray,
        reason: AnyArray,
        ends: Ends,
        what: str,
        labels: Labels | None = None,
        per: int = 1,
        parts: dict[str, AnyArray] | None = None,
    ) -> MetricTable:
        """Return a table of one number for each curve, or for each of several ages of it."""
        parts = {"events": np.repeat(self.events, per), **(parts or {})}
        units = dict.fromkeys(parts, "fraction")
        units |= {"events": "count", "at_risk": "count" if self.weight == "count" else "money", "age": "days"}
        return MetricTable(
            name=name,
            unit=unit,
            labels=self.labels if labels is None else labels,
            value=blanked(value, reason),
            n=np.repeat(self.n, per),
            reason_code=reason,
            low=ends[0],
            high=ends[1],
            parts=parts,
            part_units={part: units[part] for part in parts},
            left_out=self.left_out,
            definition=words(what, self.definition),
            notes=self.notes,
        )

    def plot(self, ax: Axes | None = None, *, most: int | None = None) -> Axes:
        """Draw the curves with their bands on matplotlib axes and return them; at most ten, or as many as asked for."""
        from salesmetrics.plots import draw_curves

        return draw_curves(self, ax, most=most)

    def _cells(self) -> tuple[list[str], list[list[str]]]:
        """Return the header and the first curves as text: deals, events, shares at a few ages; "-" where one is not known."""
        first = np.arange(min(len(self), _SHOWN))
        labels, curve = self.labels.take(first), self.curve
        kept = {field.name: getattr(curve, field.name)[first] for field in attrs.fields(type(curve))}
        few = attrs.evolve(
            self,
            labels=labels,
            n=self.n[first],
            events=self.events[first],
            curve=type(curve)(**kept),
            confidence_level=None,
        )
        shares = few.at(_AGES).value.reshape(len(first), len(_AGES)).tolist()
        columns = figures.names_of(labels.names, [labels.column(name) for name in labels.names], list(labels))
        columns += [[name, *(f"{count:,}" for count in held)] for name, held in (("n", few.n), ("events", few.events))]
        told = [[figures.written(share, "percent") if share == share else "-" for share in row] for row in shares]
        columns += [[f"{age} days", *(row[at] for row in told)] for at, age in enumerate(_AGES)]
        head, *body = [list(line) for line in zip(*columns, strict=True)]
        return head, body

    @property
    def _above(self) -> str:
        return f"{self.name} [share {figures.plain(self.share)} by age, shown as %]"

    @property
    def _foot(self) -> list[str]:
        more = [f"… {len(self) - _SHOWN:,} more curves"] if len(self) > _SHOWN else []
        left = [f"{cause} {count:,}" for cause, count in self.left_out.items() if count]
        return [*more, self.definition, *([f"left out: {', '.join(left)}"] if left else []), *self.notes]

    def __repr__(self) -> str:
        """Return an aligned table of the first curves at a few ages."""
        lines = figures.aligned(*self._cells(), len(self.labels.names) or 1)
        return "\n".join([self._above, *lines, *map(escape, self._foot)])

    def _repr_html_(self) -> str:
        """Return an escaped HTML table of the first curves at a few ages."""
        return export.html_table(self._above, *self._cells(), self._foot, left=len(self.labels.names) or 1)


def _bounds(curve: SurvivalCurve | IncidenceCurve, reach: slice, level: float) -> tuple[FloatArray, FloatArray]:
    """Return the interval of the first ages of each curve, a few groups at a time."""
    groups, days = curve.survival[:, reach].shape
    ends = np.empty((2, groups, days))
    step = max((1 << 16) // max(days, 1), 1)
    for start in range(0, groups, step):
        rows = slice(start, start + step)
        survival, risk = curve.survival[rows, reach], curve.at_risk[rows, reach]
        if isinstance(curve, IncidenceCurve):
            part = IncidenceCurve(curve.incidence[rows, :, reach], survival, risk, curve.events[rows, :, reach])
            ends[:, rows] = formulas.incidence_interval(part, level, cause=0)
        else:
            ends[:, rows] = formulas.survival_interval(SurvivalCurve(survival, risk, curve.events[rows, reach]), level)
    return ends[0], ends[1]
