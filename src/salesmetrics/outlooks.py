"""Answers that are laws: what a total may come to, with the chance of every value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

import attrs
import numpy as np
import numpy.typing as npt

from salesmetrics import _check, export, figures
from salesmetrics.answers import dated, major, words
from salesmetrics.arrays import AnyArray, FloatArray, IntArray
from salesmetrics.chances import Law, Method
from salesmetrics.columns import PPM
from salesmetrics.errors import InvalidArgumentError, escape, show
from salesmetrics.labels import Labels, Levels
from salesmetrics.listing import Listed
from salesmetrics.results import MetricTable
from salesmetrics.tallies import BookingTally, ChanceTally

__all__ = ["OutlookTable", "outlook"]

_SHOWN = 30
_QUANTILES = (0.1, 0.5, 0.9)
_INDEPENDENT = "deals are taken to be independent, which understates how often all goes badly: see correlation=."
_NEAR = 1e-6
"""An amount this near to a whole minor unit, in minor units, is that unit."""


@attrs.frozen(eq=False, repr=False)
class OutlookTable(Listed):
    """The law of a total for each group: what is won, and open deals that are won or not.

    Attributes
    ----------
    labels : Labels
        The group of each law.
    n : numpy.ndarray of int64
        Open deals of each.
    won, weighted : numpy.ndarray of float64
        What is won already, and the weighted pipeline: their sum is the mean.
    bound : numpy.ndarray of float64
        The largest error of a chance; NaN for the normal approximation, four standard errors for a simulation.
    way : tuple of str
        How each law was worked out.
    """

    labels: Labels
    n: IntArray
    laws: tuple[Law, ...]
    booked: IntArray
    weighed: tuple[int, ...]
    scale: int
    currency: str | None
    left_out: Mapping[str, int]
    definition: str
    notes: tuple[str, ...] = ()

    _unlisted: ClassVar[tuple[str, ...]] = ("scale", "laws", "booked", "weighed", "minor_at_least")
    _otherwise: ClassVar[str] = "a chance is read as law.at_least(1_000_000), a value as law.quantile(0.1) or law.mean."

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def won(self) -> FloatArray:
        """What is won already."""
        return major(self.booked, self.scale)

    @property
    def weighted(self) -> FloatArray:
        """The weighted pipeline."""
        return np.array([whole / (PPM * 10**self.scale) for whole in self.weighed], dtype=np.float64)

    @property
    def bound(self) -> FloatArray:
        """The largest error of a chance."""
        return np.array([law.bound for law in self.laws], dtype=np.float64)

    @property
    def way(self) -> tuple[str, ...]:
        """How each law was worked out."""
        return tuple(law.way for law in self.laws)

    @property
    def mean(self) -> MetricTable:
        """The mean of each total: what is won and the weighted pipeline, the correctly rounded quotient of whole numbers."""
        unit = PPM * 10**self.scale
        pairs = zip(self.booked.tolist(), self.weighed, strict=True)
        mean = np.array([(won * PPM + whole) / unit for won, whole in pairs], dtype=np.float64)
        return self._table("forecast_mean", "money", mean, "mean of the total", {"weighted": self.weighted})

    @property
    def sd(self) -> MetricTable:
        """The standard deviation of each total, in money."""
        sd = np.sqrt(np.array([law.variance for law in self.laws])) / 10.0**self.scale
        return self._table("forecast_sd", "money", sd, "standard deviation of the total")

    @property
    def variance(self) -> FloatArray:
        """The variance of each total, in squared money."""
        return np.array([law.variance for law in self.laws], dtype=np.float64) / 100.0**self.scale

    def quantile(self, q: float | Sequence[float]) -> MetricTable:
        """Return the least total that is not exceeded with a chance of q, or of each of several, which become a label.

        Nearest rank: it is a total that there can be (the normal approximation knows no such). A chance within 1e-9 of q,
        relatively, counts as q.
        """
        many = isinstance(q, (Sequence, np.ndarray)) and not isinstance(q, str)
        given: list[Any] = list(q) if many else [q]  # type: ignore[arg-type]
        shares = [_check.fraction(x, "q") for x in given]
        if many and (not shares or len(set(shares)) < len(shares)):
            raise InvalidArgumentError(
                f"`q` must hold each share once; got {show(given)}.", code="SM-ARG-29", field="q", values=[given]
            )
        labels = self.labels
        if many:
            labels = labels.crossed(Levels("quantile", tuple(str(share) for share in shares), ordered=True))
        found = [[law.quantile(share) for share in shares] for law in self.laws]
        value = np.array(found, dtype=np.float64).reshape(-1) / 10.0**self.scale
        said = "quantiles" if many else f"{shares[0]:g} quantile"
        return self._table(
            "forecast_distribution", "money", value, f"{said} of the total", labels=labels, per=len(shares)
        )

    def at_most(self, value: npt.ArrayLike) -> MetricTable:
        """Return the chance of a total of at most a value, or of one value for each row: the distribution function."""
        wanted = self._minor(value)
        floor = np.floor(_snapped(wanted))
        shares = [float(law.at_most(np.array([int(x)]))[0]) for law, x in zip(self.laws, floor, strict=True)]
        return self._table("p_at_most", "fraction", np.array(shares), "chance of a total of at most the value")

    def at_least(self, value: npt.ArrayLike) -> MetricTable:
        """Return the chance of a total of at least a value, or of one value for each row; a tie counts."""
        shares = self.minor_at_least(self._minor(value))
        return self._table("p_at_least", "fraction", shares, "chance of a total of at least the value")

    def minor_at_least(self, wanted: FloatArray) -> FloatArray:
        """Return the chances of totals of at least so many minor units, which need not be whole; NaN of NaN."""
        ceiling = np.ceil(_snapped(wanted))
        return np.array(
            [
                np.nan if np.isnan(x) else float(law.at_least(np.array([int(x)]))[0])
                for law, x in zip(self.laws, ceiling, strict=True)
            ],
            dtype=np.float64,
        )

    def _minor(self, value: npt.ArrayLike) -> FloatArray:
        """Return values in minor units, one for each row."""
        given = np.asarray(value, dtype=np.float64)
        if given.ndim > 1 or (given.ndim == 1 and len(given) != len(self)) or not np.isfinite(given).all():
            raise InvalidArgumentError(
                f"`value` must be a finite amount, or one for each of the {len(self)} rows; got {show(value)}.",
                code="SM-DST-07",
                field="value",
                values=[value],
            )
        return np.broadcast_to(given * 10.0**self.scale, (len(self),))

    def _table(
        self,
        name: str,
        unit: str,
        value: FloatArray,
        what: str,
        parts: dict[str, AnyArray] | None = None,
        labels: Labels | None = None,
        per: int = 1,
    ) -> MetricTable:
        """Return one number for each law, or several of each."""
        held = {"won": np.repeat(self.won, per), **(parts or {})}
        return MetricTable(
            name=name,
            unit=unit,
            labels=self.labels if labels is None else labels,
            value=value,
            n=np.repeat(self.n, per),
            reason_code=np.zeros(len(value), dtype=np.int8),
            parts=held,
            part_units=dict.fromkeys(held, "money"),
            left_out=self.left_out,
            definition=words(what, self.definition),
            notes=self.notes,
            scale=self.scale,
            currency=self.currency,
        )

    # --- shown -----------------------------------------------------------------------------------------------------

    def _cells(self) -> tuple[list[str], list[list[str]]]:
        """Return the header and the first laws as text: open deals, what is won, mean and quantiles."""
        first = np.arange(min(len(self), _SHOWN))
        labels = self.labels.take(first)
        few = attrs.evolve(
            self,
            labels=labels,
            n=self.n[first],
            laws=self.laws[: len(first)],
            booked=self.booked[first],
            weighed=self.weighed[: len(first)],
        )
        columns = figures.names_of(labels.names, [labels.column(name) for name in labels.names], list(labels))
        columns.append(["n", *(f"{count:,}" for count in few.n)])
        shown = {"won": few.won, "mean": few.mean.value, "sd": few.sd.value}
        shown |= {f"q {q:g}": few.quantile(q).value for q in _QUANTILES}
        columns += [
            [name, *(figures.written(value, "money", self.scale) for value in held)] for name, held in shown.items()
        ]
        head, *body = [list(line) for line in zip(*columns, strict=True)]
        return head, body

    @property
    def _above(self) -> str:
        return figures.above("forecast_distribution", "money", self.currency)

    @property
    def _foot(self) -> list[str]:
        more = [f"… {len(self) - _SHOWN:,} more"] if len(self) > _SHOWN else []
        left = [f"{cause} {count:,}" for cause, count in self.left_out.items() if count]
        return [*more, self.definition, *([f"left out: {', '.join(left)}"] if left else []), *self.notes]

    def __repr__(self) -> str:
        """Return an aligned table of the first laws."""
        lines = figures.aligned(*self._cells(), len(self.labels.names) or 1)
        return "\n".join([self._above, *lines, *map(escape, self._foot)])

    def _repr_html_(self) -> str:
        """Return an escaped HTML table of the first laws."""
        return export.html_table(self._above, *self._cells(), self._foot, left=len(self.labels.names) or 1)


def _snapped(minor: FloatArray) -> FloatArray:
    """Return minor units, a value next to a whole one as that one."""
    whole = np.rint(minor)
    near: FloatArray = np.where(np.abs(minor - whole) <= np.maximum(_NEAR, 1e-9 * np.abs(minor)), whole, minor)
    return near


def outlook(
    chances: ChanceTally, bookings: BookingTally | None, method: Method, said: str, also: Labels | None = None
) -> tuple[OutlookTable, IntArray]:
    """Return the laws of tallies that are grouped alike, and the rows (before periods) of further labels that shall be there.

    Without bookings nothing is won.
    """
    size = chances.window.size
    labels, mine = chances.labels, np.arange(len(chances.labels))
    theirs = further = np.zeros(0, dtype=np.int64)
    if bookings is not None:
        rolled, rows = bookings.labels.onto(chances.by)
        labels, mine, theirs = labels.union(rolled)
        theirs = theirs[rows]
    if also is not None:
        labels, before, further = labels.union(also)
        mine, theirs = before[mine], before[theirs]
    booked, n, weighed, cell = (
        np.zeros((len(labels), size), dtype=kind) for kind in (np.int64, np.int64, object, np.int64)
    )
    n[mine], cell[...] = chances.n, -1
    cell[mine] = np.arange(chances.n.size).reshape(chances.n.shape)
    weighed[mine] = np.array(chances.weighed(), dtype=object).reshape(chances.n.shape)
    left_out = dict(zip(chances.causes, chances.left_out.tolist(), strict=True))
    if bookings is not None:
        np.add.at(booked, theirs, bookings.amount)
        left_out["no amount"] += int(bookings.unpriced.sum())
    table = OutlookTable(
        labels=chances.window.cross(labels),
        n=n.reshape(-1),
        laws=tuple(_laws(chances, method, cell.reshape(-1).tolist(), booked.reshape(-1).tolist())),
        booked=booked.reshape(-1),
        weighed=tuple(weighed.reshape(-1).tolist()),
        scale=chances.scale,
        currency=chances.currency,
        left_out=left_out,
        definition=words(
            f"what is won and open deals, each won with its probability ({chances.p.replace('_', ' ')})",
            None if chances.multiplier == 1.0 else f"probabilities x {chances.multiplier}, at most 1",
            said,
            dated(chances.window, "closed, or expected_close of open deals,", chances.as_of_day),
        ),
        notes=() if method.correlation else (_INDEPENDENT,),
    )
    return table, further


def _laws(chances: ChanceTally, method: Method, cells: list[int], booked: list[int]) -> Iterator[Law]:
    """Yield the law of each cell of the tally (-1: no open deals), beside what is won."""
    nothing = np.zeros(0, dtype=np.int64), np.zeros(0)
    for cell, won in zip(cells, booked, strict=True):
        yield method.law(*(nothing if cell < 0 else chances.open_deals(cell)), won)
