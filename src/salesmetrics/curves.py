"""Answers that are curves: shares by age, with what is needed to trust them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from salesmetrics import _check, formulas
from salesmetrics.answers import blanked, reasons, words
from salesmetrics.arrays import AnyArray, IntArray
from salesmetrics.errors import escape
from salesmetrics.formulas import IncidenceCurve, SurvivalCurve
from salesmetrics.labels import Labels
from salesmetrics.results import MetricTable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["CurveTable"]


@attrs.frozen(eq=False, repr=False)
class CurveTable:
    """One curve for each group: the share that has had the event by each age in whole days.

    Attributes
    ----------
    name : str
        ``cycle_curve``: the event is any close (or the one asked for), and the curve says who is still open.
        ``win_rate_curve``: the event is a win, losses compete.
    labels : Labels
        The group of each curve.
    n, events : numpy.ndarray of int64
        Deals of each cohort, and how many of them had the event; the others are censored, or ended otherwise.
    curve : SurvivalCurve or IncidenceCurve
        The arrays: one row for each group, one column for each day of age.
    """

    name: str
    labels: Labels
    n: IntArray
    events: IntArray
    curve: SurvivalCurve | IncidenceCurve
    confidence_level: float | None
    left_out: dict[str, int]
    definition: str

    def __len__(self) -> int:
        return len(self.labels)

    def at(self, days: int) -> MetricTable:
        """Return the share at an age: of wins by then, or of deals still open then.

        Beyond the longest follow-up, while some are still open, the share is NaN with the reason ``not_observed``.
        """
        age = _check.count(days, "days")
        if isinstance(self.curve, IncidenceCurve):
            value = np.asarray(formulas.incidence_at(self.curve, age))[..., 0]
            share = "won"
        else:
            value = np.asarray(formulas.survival_at(self.curve, age))
            share = "still open"
        reason = reasons(len(self), ("no_rows", self.n == 0), ("not_observed", np.isnan(value)))
        low, high = self._interval(age)
        hidden = reason != 0
        return self._table(
            self.name.replace("_curve", "") if share == "won" else "share_open",
            "fraction",
            value,
            reason,
            None if low is None else np.where(hidden, np.nan, low),
            None if high is None else np.where(hidden, np.nan, high),
            f"share {share} at age {age} days",
        )

    @property
    def median(self) -> MetricTable:
        """The age by which half have had the event."""
        return self.quantile(0.5)

    def quantile(self, q: float) -> MetricTable:
        """Return the age by which a share q has closed; NaN ``not_reached`` where fewer have.

        A win rate curve need not reach any share: use `at`.
        """
        share = _check.fraction(q, "q", open_ends=True)
        curve = self._survival()
        value = np.asarray(formulas.survival_quantile(curve, share))
        reason = reasons(len(self), ("no_rows", self.n == 0), ("not_reached", np.isnan(value)))
        low = high = None
        if self.confidence_level is not None:
            low, high = formulas.survival_quantile_interval(curve, share, self.confidence_level)
        return self._table("cycle_length", "days", value, reason, low, high, f"{share:g} quantile of the time to close")

    def restricted_mean(self, within: int) -> MetricTable:
        """Return the mean time to close, or to ``within`` where that comes first: the integral of the curve."""
        horizon = _check.count(within, "within")
        value = np.asarray(formulas.restricted_mean(self._survival(), horizon))
        reason = reasons(len(self), ("no_rows", self.n == 0), ("not_observed", np.isnan(value)))
        what = f"mean time to close, restricted to {horizon} days"
        return self._table("cycle_length", "days", value, reason, None, None, what)

    def _survival(self) -> SurvivalCurve:
        """Return the curve of those still open."""
        if isinstance(self.curve, SurvivalCurve):
            return self.curve
        return SurvivalCurve(self.curve.survival, self.curve.at_risk, self.curve.events.sum(axis=-2))

    def _interval(self, age: int) -> tuple[AnyArray | None, AnyArray | None]:
        """Return the interval of the share at an age."""
        if self.confidence_level is None:
            return None, None
        if isinstance(self.curve, IncidenceCurve):
            low, high = formulas.incidence_interval(self.curve, self.confidence_level)
            low, high = low[..., 0, :], high[..., 0, :]
        else:
            low, high = formulas.survival_interval(self.curve, self.confidence_level)
        last = low.shape[-1] - 1
        if last < 0:
            nothing = np.full(len(self), np.nan)
            return nothing, nothing
        return low[:, min(age, last)], high[:, min(age, last)]

    def _table(
        self,
        name: str,
        unit: str,
        value: AnyArray,
        reason: AnyArray,
        low: AnyArray | None,
        high: AnyArray | None,
        what: str,
    ) -> MetricTable:
        """Return a table of one number for each curve."""
        return MetricTable(
            name=name,
            unit=unit,
            labels=self.labels,
            value=blanked(value, reason),
            n=self.n,
            reason_code=reason,
            low=low,
            high=high,
            parts={"events": self.events},
            part_units={"events": "count"},
            left_out=self.left_out,
            definition=words(what, self.definition),
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the curves on matplotlib axes and return them."""
        from salesmetrics.plots import draw_curves

        return draw_curves(self, ax)

    def __repr__(self) -> str:
        """Return what the curves are, in a few lines."""
        names: list[Any] = list(self.labels)[:5]
        shown = ", ".join(escape(str(name)[:40]) for name in names) + (", …" if len(self) > 5 else "")
        counts = f"{int(self.n.sum()):,} deals, {int(self.events.sum()):,} events"
        return f"<{self.name} of {len(self)} groups ({shown}); {counts}\n  {escape(self.definition)}>"
