"""Quotas: amounts in force, by group, rep, length of the quota and period."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import ClassVar, Self

import attrs
import numpy as np

from salesmetrics import _check
from salesmetrics._histograms import rolled
from salesmetrics._kernels import packed_cells
from salesmetrics._wide import LIMBS, limbs_of, wide_ints
from salesmetrics.arrays import AnyArray, FloatArray, IntArray
from salesmetrics.books.quotas import QuotaBook
from salesmetrics.books.reps import RepBook
from salesmetrics.columns import PPM, LabelColumn
from salesmetrics.errors import InvalidDataError
from salesmetrics.grouping import Grouping, Window, group, window_of
from salesmetrics.labels import Labels, Levels, distinct_rows, rows_of_cells
from salesmetrics.spreading import Stretches, cut_to, stretches_of
from salesmetrics.staffing import Spans, Spread, overlaps, shares_of, spread_of, units
from salesmetrics.structure import by_structure
from salesmetrics.tally import Tally, added

__all__ = ["SPAN", "QuotaTally"]

SPAN = "days of the quota"


@attrs.frozen(eq=False, repr=False)
class QuotaTally(Tally):
    """Amount in force times days, by rep, period and number of days that the quota is divided by.

    A quota of ``a`` for ``s`` days gives ``a * d`` to a period that covers ``d`` of its days; the quota of the period is the
    sum over lengths of ``amount_days / (s * parts)``. Whole numbers throughout, so adjacent periods add up and parts merge
    exactly: shares of ramp and weights are held in parts per million, and ``parts`` is 1 where there are none, else 10**12.
    """

    what: ClassVar[str] = "quotas"

    by: tuple[str, ...]
    quota: str
    spread: Spread
    staffing: tuple[bool, bool, str]
    parts: int
    currency: str | None
    scale: int
    covered: IntArray = added()
    days: IntArray = added()
    amount_days: IntArray | None = added(optional=True)
    shared_days: IntArray | None = added(limbs=True, optional=True)

    @classmethod
    def from_book(
        cls,
        quotas: QuotaBook,
        *,
        by: str | tuple[str, ...] | list[str] | None = None,
        period: object = None,
        where: Mapping[str, object] | None = None,
        reps: RepBook | None = None,
        quota: str = "effective",
        unit: str = "day",
        weights: Sequence[float] | None = None,
        busday: np.busdaycalendar | None = None,
        ramp: str = "schedule",
        ramp_from: str = "role_start",
        prorate: bool = True,
    ) -> Self:
        """Return the tally of a book of quotas, those of reps only; numbers stated for a team stay out.

        ``quota="full"`` leaves the reps' active days and ramp out; the other arguments are those of `effective_quota`.
        """
        _check.one_of(quota, ("effective", "full"), "quota")
        _check.one_of(ramp, ("schedule", "none"), "ramp")
        names = (by,) if isinstance(by, str) else tuple(by or ())
        window = window_of(period)
        spread = spread_of(unit, weights, busday)
        chosen: object = where
        if reps is not None:
            quotas, chosen = by_structure(quotas, reps, where)
        owner: LabelColumn = quotas.column("rep", "quotas rep by rep")
        grain = names if "rep" in names else (*names, "rep")
        grouping = group(_lendable(quotas, owner, reps), grain, chosen, reps, purpose="`by`")
        rows, cells = packed_cells(quotas.rows, grouping.axes, keep=grouping.keep)
        place = np.full(quotas.rows, -1, dtype=np.int64)
        place[rows] = cells
        place[owner.codes < 0] = -1
        stretches = stretches_of(quotas.segments(), spread)
        stretches = stretches.take(np.flatnonzero(place[stretches.row] >= 0))
        at, position, start, end = _placed(stretches, window)
        labels, row = _with_span(grouping, place, stretches, at)
        shape = (len(labels), window.size)
        covered, days = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
        np.add.at(covered.reshape(-1), row[at] * window.size + position, end - start)
        staffed = reps is not None and quota == "effective" and (prorate or ramp == "schedule")
        if staffed and reps is not None:
            people = reps.latest()
            spans = shares_of(people, ramp=ramp == "schedule", ramp_from=ramp_from, prorate=prorate)
            stretches, origin = cut_to(stretches, people.rows_of(owner)[owner.codes[stretches.row]], spans)
            row = row[origin]
            at, position, start, end = _placed(stretches, window)
        plain = spread.plain and (not staffed or bool((stretches.share == PPM).all()))
        cell = row[at] * window.size + position
        np.add.at(days.reshape(-1), cell, end - start)
        minor, divided = stretches.minor[at], units(start, end, spread)
        amount_days = shared = None
        if plain:
            _check_size(minor, divided)
            amount_days = np.zeros(shape, dtype=np.int64)
            np.add.at(amount_days.reshape(-1), cell, minor * divided)
        else:
            shares = stretches.weight[at].astype(object) * stretches.share[at]
            exact = np.zeros(shape, dtype=object)
            np.add.at(exact.reshape(-1), cell, minor.astype(object) * divided * shares)
            shared = limbs_of(exact.reshape(-1).tolist()).reshape(*shape, LIMBS)
        return cls(
            labels=labels,
            window=window,
            by=names,
            quota=quota,
            spread=spread,
            staffing=(staffed and prorate, staffed and ramp == "schedule", ramp_from if staffed else ""),
            parts=1 if plain else PPM * PPM,
            currency=quotas.currency,
            scale=quotas.scale,
            covered=covered,
            days=days,
            amount_days=amount_days,
            shared_days=shared,
        )

    @classmethod
    def empty(
        cls,
        *,
        by: str | tuple[str, ...] | list[str] | None = None,
        period: object = None,
        quota: str = "effective",
        unit: str = "day",
        weights: Sequence[float] | None = None,
        busday: np.busdaycalendar | None = None,
        currency: str | None = None,
        scale: int = 2,
    ) -> Self:
        """Return the tally of no quotas: what every other made without reps is added to without change."""
        names = (by,) if isinstance(by, str) else tuple(by or ())
        nothing = QuotaBook.empty(names, currency=currency, scale=scale)
        return cls.from_book(nothing, by=by, period=period, quota=quota, unit=unit, weights=weights, busday=busday)

    def exact(self) -> tuple[Labels, IntArray, FloatArray, IntArray, IntArray, FloatArray]:
        """Return labels without the divisor, whole minor units, the rest, days covered, days active, and the quota."""
        return self._exact

    @cached_property
    def _exact(self) -> tuple[Labels, IntArray, FloatArray, IntArray, IntArray, FloatArray]:
        """The quotas divided out, once."""
        owned = [name for name in self.labels.names if name != SPAN]
        labels, row = self.labels.onto(owned)
        divisor = (
            np.array(self.labels.column(SPAN), dtype=np.int64)[:, None] if len(self.labels) else np.ones((0, 1), int)
        )
        if self.amount_days is not None:
            whole, left = np.divmod(self.amount_days, divisor)
            rest = left / divisor
            # one rounding: twice the amounts are twice the quota, to the last bit
            value = np.where(left == 0, whole, self.amount_days / divisor)
        else:
            assert self.shared_days is not None
            below = np.broadcast_to(divisor * self.parts, self.days.shape).reshape(-1).tolist()
            pairs = [divmod(n, d) for n, d in zip(wide_ints(self.shared_days), below, strict=True)]
            whole = np.array([q for q, _ in pairs], dtype=np.int64).reshape(self.days.shape)
            rest = np.array([r / d for (_, r), d in zip(pairs, below, strict=True)]).reshape(self.days.shape)
            quotients = [n / d for n, d in zip(wide_ints(self.shared_days), below, strict=True)]
            value = np.array(quotients, dtype=np.float64).reshape(self.days.shape)

        def add(table: AnyArray) -> AnyArray:
            return rolled(row, len(labels), table)

        tables = (whole, rest, self.covered, self.days, value)
        whole, rest, covered, days, value = (_check.locked(add(table)) for table in tables)
        return labels, whole, rest, covered, days, value


def _placed(stretches: Stretches, window: Window) -> tuple[IntArray, IntArray, IntArray, IntArray]:
    """Return the pairs of a stretch and a period that share days: positions of both, first day and end."""
    if window.periods is None:
        everything = np.arange(len(stretches.row))
        return everything, np.zeros_like(everything), stretches.start, stretches.end
    starts, ends = window.periods.starts.astype(np.int64), window.periods.ends.astype(np.int64)
    nobody = np.zeros(len(starts), dtype=np.int64)
    at, position = overlaps(
        np.zeros(len(stretches.row), dtype=np.int64),
        stretches.start,
        stretches.end,
        Spans(nobody, starts, ends, nobody),
    )
    start = np.maximum(stretches.start[at], starts[position])
    end = np.minimum(stretches.end[at], ends[position])
    return at, position, start, end


def _lendable(quotas: QuotaBook, owner: LabelColumn, reps: RepBook | None) -> QuotaBook:
    """Return the book without a ``team`` column that is empty beside every rep, where reps lend their teams.

    Such a column says only for which team a number is stated.
    """
    team = quotas.columns.get("team")
    if reps is None or "team" not in reps.lendable or not isinstance(team, LabelColumn):
        return quotas
    if (team.codes[owner.codes >= 0] >= 0).any():
        return quotas
    return attrs.evolve(quotas, columns={name: column for name, column in quotas.columns.items() if name != "team"})


def _with_span(grouping: Grouping, place: IntArray, stretches: Stretches, at: IntArray) -> tuple[Labels, IntArray]:
    """Return the distinct rows of groups and divisors that lie in some period, and the row of each stretch (else 0)."""
    used = at[np.flatnonzero(np.diff(at, prepend=-1))]  # `at` rises
    groups = grouping.labels(place[stretches.row[used]]) if len(used) else rows_of_cells(grouping.levels, used)
    lengths, code = np.unique(stretches.divisor[used], return_inverse=True)
    levels = (*groups.levels, Levels(SPAN, tuple(lengths.tolist())))
    codes = np.column_stack([groups.codes, code.reshape(-1)]).astype(np.int64, copy=False)
    rows, row = distinct_rows(codes, [len(level.values) + 1 for level in levels])
    row_of = np.zeros(len(stretches.row), dtype=np.int64)
    row_of[used] = row
    return Labels(levels, rows), row_of


def _check_size(minor: IntArray, overlap: IntArray) -> None:
    """Raise where amounts times days could leave int64."""
    if len(minor) and int(np.abs(minor).max()) * int(overlap.max()) * len(minor) > 2**63 - 1:
        exact = sum(int(a) * int(d) for a, d in zip(minor.tolist(), overlap.tolist(), strict=True))
        if exact > 2**63 - 1:
            raise InvalidDataError(
                "the sum of quota amounts times days must stay within int64 minor units; got more.",
                code="SM-QTA-09",
                field="amount",
                hint="a smaller scale, or quotas for shorter periods.",
            )
