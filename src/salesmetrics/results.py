"""The answer: values with their labels, n, interval, reasons and parts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Self

import attrs
import numpy as np

from salesmetrics import _check, export, figures
from salesmetrics._check import Rebuilt, locked
from salesmetrics.arrays import AnyArray, BoolArray, FloatArray, IntArray
from salesmetrics.errors import InvalidArgumentError, InvalidTypeError, escape, nearest, show
from salesmetrics.labels import Labels

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["MetricRow", "MetricTable"]

REASONS = (
    "",
    "no_rows",
    "zero_denominator",
    "no_quota",
    "target_met",
    "not_started",
    "period_over",
    "period_running",
    "zero_duration",
    "not_reached",
    "not_observed",
    "immature",
    "negative_base",
)
_SHOWN_ROWS = 30
_WIDTH = 120
_OFFERED = 200


def _float(values: FloatArray) -> FloatArray:
    out = np.array(values, dtype=np.float64, ndmin=1) + 0.0
    out[np.isnan(out)] = np.nan  # one NaN, whatever sign the operation that made it left
    return locked(out)


def _codes(values: AnyArray) -> AnyArray:
    return locked(np.array(values, dtype=np.int8, ndmin=1))


def _units(units: Mapping[str, str]) -> Mapping[str, str]:
    return MappingProxyType(dict(units))


def _counts(counts: Mapping[str, int]) -> Mapping[str, int]:
    return MappingProxyType(dict(counts))


def _int(values: IntArray) -> IntArray:
    return locked(np.array(values, dtype=np.int64, ndmin=1))


def _optional(values: FloatArray | None) -> FloatArray | None:
    return None if values is None else _float(values)


def _parts(parts: Mapping[str, AnyArray]) -> Mapping[str, AnyArray]:
    held = {name: np.array(values, ndmin=1) for name, values in parts.items()}
    return MappingProxyType({n: _float(v) if v.dtype.kind == "f" else locked(v) for n, v in held.items()})


@attrs.frozen(eq=False, repr=False)
class MetricRow(Rebuilt):
    """One row of a table: its label, value, n, interval, reason and parts."""

    _otherwise: ClassVar[str] = "a number that the value was made of is read as row.parts['booked']."

    label: Any
    value: float
    n: int
    low: float | None
    high: float | None
    reason: str
    parts: Mapping[str, float | int]

    def _ways(self) -> dict[str, str]:
        """Return the parts by name, and how each is read."""
        return {name: f"row.parts[{show(name)}]" for name in self.parts}

    def __float__(self) -> float:
        """Return the value."""
        return self.value

    def __repr__(self) -> str:
        """Return the label, the value, n and what else there is."""
        said = [show(self.label), f"value={self.value!r}", f"n={self.n}"]
        if self.low is not None:
            said += [f"low={self.low!r}", f"high={self.high!r}"]
        said += [f"reason={self.reason!r}"] if self.reason else []
        said += [f"{name}={value!r}" for name, value in self.parts.items()]
        return f"MetricRow({', '.join(said)})"


@attrs.frozen(eq=False, repr=False)
class MetricTable(Rebuilt):
    """The answer to one question: a value for each label, with what is needed to trust it.

    Attributes
    ----------
    name, unit : str
        The metric and its unit: ``fraction``, ``money``, ``money/day``, ``days`` or ``count``.
    labels : Labels
        The group of each row.
    value : numpy.ndarray of float64
        The numbers; NaN where undefined.
    n : numpy.ndarray of int64
        The rows each number rests on.
    low, high : numpy.ndarray of float64 or None
        The interval, where one is honest and was asked for.
    reason : numpy.ndarray of str
        Why a value is NaN; empty where it is defined.
    parts, part_units : mapping
        The numbers that the value was made of, and their units.
    left_out : mapping of str to int
        Rows that were read and not used, by cause.
    definition : str
        Basis, weight, window and dates, in words.
    notes : tuple of str
        What a reader of the numbers must know.
    """

    _unlisted: ClassVar[tuple[str, ...]] = ("minor", "reason_code", "scale")
    _otherwise: ClassVar[str] = (
        "the numbers are table.value, a row is read as table['Ana'], all of it as table.to_dict() or table.to_pandas()."
    )

    name: str
    unit: str
    labels: Labels
    value: FloatArray = attrs.field(converter=_float)
    n: IntArray = attrs.field(converter=_int)
    reason_code: AnyArray = attrs.field(converter=_codes)
    low: FloatArray | None = attrs.field(default=None, converter=_optional)
    high: FloatArray | None = attrs.field(default=None, converter=_optional)
    parts: Mapping[str, AnyArray] = attrs.field(factory=dict, converter=_parts)
    part_units: Mapping[str, str] = attrs.field(factory=dict, converter=_units)
    left_out: Mapping[str, int] = attrs.field(factory=dict, converter=_counts)
    definition: str = ""
    notes: tuple[str, ...] = ()
    minor: IntArray | None = None
    scale: int | None = None
    currency: str | None = None

    # --- reading ---------------------------------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, label: Any) -> MetricRow:
        """Return the row of a label; several labels are given as a tuple, a period by itself or by its name."""
        return self._row(self.labels.index(label), label)

    def _row(self, at: int, label: Any) -> MetricRow:
        """Return one row by position."""
        return MetricRow(
            label=label,
            value=float(self.value[at]),
            n=int(self.n[at]),
            low=None if self.low is None else float(self.low[at]),
            high=None if self.high is None else float(self.high[at]),
            reason=REASONS[self.reason_code[at]],
            parts=MappingProxyType({name: values[at].item() for name, values in self.parts.items()}),
        )

    def __iter__(self) -> Any:
        """Refuse: a table is not a sequence of anything in particular."""
        raise InvalidTypeError(
            "a MetricTable must be read by name; got an iteration.",
            code="SM-TAB-01",
            hint="table.value, table.n, table['Ana'], table.to_dict() or table.to_pandas().",
        )

    def _ways(self) -> dict[str, str]:
        """Return what the table holds by name, and how each is read."""
        rows = {str(label): f"table[{show(label)}]" for label in list(self.labels)[:_OFFERED] if isinstance(label, str)}
        names = {name: f"table.labels.column({show(name)})" for name in self.labels.names}
        return {
            **rows,
            **names,
            **{name: f"table.parts[{show(name)}]" for name in self.parts},
            self.name: "table.value",
        }

    def _ipython_key_completions_(self) -> list[Any]:
        """Return what a notebook completes between the brackets: the labels, a period by its name."""
        return self.labels.typed()

    @property
    def reason(self) -> AnyArray:
        """Why each value is NaN; empty where it is defined."""
        return locked(np.array(REASONS, dtype="<U16")[self.reason_code])

    @property
    def undefined(self) -> BoolArray:
        """True where the value is NaN."""
        return np.isnan(self.value)

    def to_minor(self) -> IntArray:
        """Return observed sums of money as exact whole minor units."""
        if self.minor is None:
            raise InvalidTypeError(
                f"`to_minor` must be asked of an observed sum of money; got {self.name} ({self.unit}).",
                code="SM-TAB-02",
                field="to_minor",
            )
        return self.minor.copy()

    # --- rearranging -----------------------------------------------------------------------------------------------

    def take(self, rows: AnyArray) -> Self:
        """Return these rows, in this order."""
        return attrs.evolve(
            self,
            labels=self.labels.take(rows),
            value=self.value[rows],
            n=self.n[rows],
            reason_code=self.reason_code[rows],
            low=None if self.low is None else self.low[rows],
            high=None if self.high is None else self.high[rows],
            parts={name: values[rows] for name, values in self.parts.items()},
            minor=None if self.minor is None else self.minor[rows],
        )

    def sort(self, by: str = "value", *, descending: bool = True) -> Self:
        """Return the rows ordered by the value, n or a part; undefined ones last, ties as they stood."""
        keys = self._column(by)
        order = np.argsort(-keys if descending else keys, kind="stable")
        return self.take(np.concatenate([order[~np.isnan(keys[order])], order[np.isnan(keys[order])]]))

    def top(self, n: int = 10) -> Self:
        """Return the n rows with the largest values."""
        return self.sort().take(np.arange(min(_check.count(n, "n"), len(self))))

    def _column(self, name: str) -> FloatArray:
        """Return the value, n, an end of the interval or a part, by name, as float64."""
        known: dict[str, AnyArray] = {"value": self.value, self.name: self.value, "n": self.n, **self.parts}
        if self.low is not None and self.high is not None:
            known |= {"low": self.low, "high": self.high}
        if name not in known:
            raise InvalidArgumentError(
                f"`by` must name a column of the table; got {show(name)}.",
                code="SM-TAB-03",
                field="by",
                values=[name],
                hint=nearest(name, known),
            )
        return known[name].astype(np.float64)

    # --- out -------------------------------------------------------------------------------------------------------

    def to_dict(self) -> dict[str, list[Any]]:
        """Return the columns as lists: labels, the value under the metric's name, n, interval, reason, parts."""
        columns: dict[str, list[Any]] = {name: self.labels.column(name) for name in self.labels.names}
        columns[self.name] = self.value.tolist()
        columns["n"] = self.n.tolist()
        if self.low is not None and self.high is not None:
            columns |= {"low": self.low.tolist(), "high": self.high.tolist()}
        columns["reason"] = self.reason.tolist()
        for name, values in self.parts.items():
            columns[name if name not in columns else f"{name}_part"] = values.tolist()
        return columns

    def _columns(self) -> dict[str, AnyArray]:
        """Return the columns as arrays, periods as text; their kind depends on the table and not on its rows."""
        columns: dict[str, AnyArray] = {}
        for name in self.labels.names:
            labels = self.labels.column(name)
            cells = [v if v is None or isinstance(v, (str, int)) else str(v) for v in labels]
            columns[name] = np.fromiter(cells, dtype=object, count=len(cells))
        columns |= {self.name: self.value, "n": self.n}
        if self.low is not None and self.high is not None:
            columns |= {"low": self.low, "high": self.high}
        columns["reason"] = self.reason.astype(object)
        for name, values in self.parts.items():
            columns[name if name not in columns else f"{name}_part"] = values
        return columns

    def to_pandas(self) -> Any:
        """Return a pandas frame."""
        return export.to_pandas(self._columns())

    def to_polars(self) -> Any:
        """Return a polars frame; what is undefined stays NaN."""
        return export.to_polars(self._columns(), nan=True)

    def to_arrow(self) -> Any:
        """Return a pyarrow table; what is undefined stays NaN."""
        return export.to_arrow(self._columns(), nan=True)

    def to_frame(self, like: Any) -> Any:
        """Return a frame of the same kind as the one given; a duckdb relation is answered by a pyarrow table."""
        return export.to_frame(self._columns(), like, nan=True)

    def to_csv(
        self, target: export.Target, *, guard: export.Guard = "'", overwrite: bool = False, encoding: str = "utf-8"
    ) -> None:
        r"""Write the table as CSV: labels, the value under the metric's name, n, interval, reason, parts.

        Parameters
        ----------
        target : path, text stream or binary stream
            Where to. A file is written under another name first, and renamed once it is complete.
        guard : {"'", "\t", None}
            What keeps a spreadsheet from running a label as a formula.
        overwrite : bool, default: False
            Whether a file that is there may be replaced.
        encoding : str, default: "utf-8"
            How a file or a binary stream is encoded.
        """
        columns: dict[str, AnyArray | export.Exact] = dict(self._columns())
        if self.minor is not None and self.scale is not None:
            columns[self.name] = export.Exact(self.minor, self.scale, self.undefined)
        export.to_csv(columns, target, guard=guard, overwrite=overwrite, encoding=encoding)

    def equals(self, other: object) -> bool:
        """Return True where every bit of the answer is the same: labels, values, n, interval, reasons and parts."""
        if not isinstance(other, MetricTable) or (self.name, self.unit) != (other.name, other.unit):
            return False
        if not self.labels.equals(other.labels) or self.parts.keys() != other.parts.keys():
            return False
        pairs = [(self.value, other.value), (self.n, other.n), (self.reason_code, other.reason_code)]
        pairs += [(self.parts[name], other.parts[name]) for name in self.parts]
        for mine, theirs in ((self.low, other.low), (self.high, other.high)):
            if mine is None or theirs is None:
                if mine is not theirs:
                    return False
            else:
                pairs.append((mine, theirs))
        return all(a.dtype == b.dtype and a.tobytes() == b.tobytes() for a, b in pairs)

    def plot(
        self,
        ax: Axes | None = None,
        *,
        mark: MetricTable | float | None = None,
        most: int | None = None,
        min_n: int = 5,
    ) -> Axes:
        """Draw the picture that goes with the metric on matplotlib axes, and return them.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where to draw; new axes otherwise.
        mark : MetricTable or float, optional
            A number to mark on each row: the pace beside the attainment, the coverage that is required.
        most : int, optional
            How many rows, or lines, to draw; by default as many as can be read, at most 30 rows and 10 lines.
        min_n : int, default 5
            Estimates that rest on fewer rows are pale, or hollow.

        Returns
        -------
        matplotlib.axes.Axes
            The axes; nothing is shown and no setting is changed.
        """
        from salesmetrics.plots import draw

        return draw(self, ax, mark=mark, most=most, min_n=min_n)

    # --- showing ---------------------------------------------------------------------------------------------------

    def _cells(self, rows: int) -> tuple[list[str], list[list[str]], list[str]]:
        """Return the header and the first rows as text, and the parts that would make the table too wide."""
        shown = np.arange(min(rows, len(self)))
        labels = self.labels.take(shown)
        columns = figures.names_of(labels.names, [labels.column(name) for name in labels.names], list(labels))
        columns += [self._numbers(self.name, self.unit, self.value[shown]), self._numbers("n", "count", self.n[shown])]
        if self.low is not None and self.high is not None and not (np.isnan(self.low) & np.isnan(self.high)).all():
            columns += [self._numbers(end, self.unit, getattr(self, end)[shown], self.name) for end in ("low", "high")]
        parts = [self._numbers(name, self.part_units.get(name, ""), held[shown]) for name, held in self.parts.items()]
        last = [["reason", *(REASONS[code] for code in self.reason_code[shown])]] if self.undefined.any() else []
        room = _WIDTH - sum(_wide(column) for column in [*columns, *last])
        fits = np.cumsum([_wide(part) for part in parts]) <= room
        taken = int(fits.sum())
        columns += [*parts[:taken], *last]
        head, *body = [list(line) for line in zip(*columns, strict=True)]
        return head, body, [part[0] for part in parts[taken:]]

    def _numbers(self, name: str, unit: str, values: AnyArray, metric: str | None = None) -> list[str]:
        """Return a column of numbers as text, under its name."""
        kind = figures.kind_of(metric or name, unit)
        return [figures.plain(name), *(figures.written(value, kind, self.scale) for value in values)]

    def _foot(self, unseen: list[str]) -> list[str]:
        """Return the lines below the rows."""
        foot = [f"… {len(self) - _SHOWN_ROWS:,} more rows"] if len(self) > _SHOWN_ROWS else []
        if unseen:
            foot.append(f"… parts that are not shown: {', '.join(unseen)}")
        if self.definition:
            foot.append(self.definition)
        left = [f"{cause} {count:,}" for cause, count in self.left_out.items() if count]
        if left:
            foot.append(f"left out: {', '.join(left)}")
        return [*foot, *self.notes]

    def __repr__(self) -> str:
        """Return an aligned table of the first rows; fractions as percent or times, for the eye only."""
        head, body, unseen = self._cells(_SHOWN_ROWS)
        above = figures.above(self.name, self.unit, self.currency)
        lines = figures.aligned(head, body, len(self.labels.names) or 1)
        return "\n".join([above, *lines, *(escape(line) for line in self._foot(unseen))])

    def _repr_html_(self) -> str:
        """Return an escaped HTML table of the first rows."""
        head, body, unseen = self._cells(_SHOWN_ROWS)
        caption = figures.above(self.name, self.unit, self.currency)
        left = len(self.labels.names) or 1
        return export.html_table(caption, head, body, self._foot(unseen), left=left)


def _wide(column: Sequence[str], gap: int = 2) -> int:
    """Return how wide a column of text is, and the gap after it."""
    return max(figures.width(cell) for cell in column) + gap
