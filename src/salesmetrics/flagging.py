"""What may be wrong with an open deal: the flags by name, the thresholds they rest on, and their answer deal by deal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

import attrs
import numpy as np

from salesmetrics import _check, export
from salesmetrics._check import Rebuilt, date_of, locked
from salesmetrics._histograms import Histogram
from salesmetrics.arrays import AnyArray, BoolArray, IntArray
from salesmetrics.errors import InvalidArgumentError, InvalidTypeError, escape, nearest, show

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    *("AT_RISK", "FLAGS", "HYGIENE", "FlagRules", "FlagTable"),
    *("beyond_share", "checked_rules", "chosen_flags", "limits_of", "over_limit"),
]

FLAGS = (
    *("overdue", "undated", "unpriced", "ownerless", "no_next_step"),
    *("stale", "over_age", "pushed", "regressed", "concentrated"),
)
"""Every flag, in the order in which they are shown."""
AT_RISK = ("overdue", "no_next_step", "stale", "over_age", "pushed")
HYGIENE = ("overdue", "undated", "unpriced", "ownerless")
_METHODS = ("dwell", "cycle_multiple")


def chosen_flags(flags: object, usual: tuple[str, ...], known: tuple[str, ...] = FLAGS) -> tuple[str, ...]:
    """Return the flags asked for, in their own order, or the usual ones."""
    asked = usual if flags is None else _check.name_list(flags, "flags")
    for name in asked:
        if name not in known:
            raise InvalidArgumentError(
                f"`flags` must name flags; got {show(name)}.",
                code="SM-HYG-01",
                field="flags",
                values=[name],
                hint=nearest(name, known),
            )
    if not asked or len(set(asked)) < len(asked):
        raise InvalidArgumentError(
            f"`flags` must name one flag or several, each once; got {show(list(asked))}.",
            code="SM-HYG-02",
            field="flags",
            values=[flags],
        )
    return tuple(name for name in FLAGS if name in asked)


def _first(pair: tuple[Any, int]) -> str:
    return str(pair[0])


# --- thresholds ------------------------------------------------------------------------------------------------------


def _limits(given: object) -> int | tuple[tuple[Any, int], ...] | None:
    """Return stated limits as a number of days, or as pairs of a stage and its days."""
    if given is None or isinstance(given, (int, np.integer)):
        return None if given is None else _check.count(given, "limits")
    pairs = tuple(given.items()) if isinstance(given, Mapping) else given
    if isinstance(pairs, tuple) and pairs and all(isinstance(pair, tuple) and len(pair) == 2 for pair in pairs):
        return tuple(sorted(((stage, _check.count(days, "limits")) for stage, days in pairs), key=_first))
    raise InvalidTypeError(
        f"`limits` must be a number of days, or one for each stage; got {show(given)}.",
        code="SM-HYG-03",
        field="limits",
        values=[given],
        hint="limits=45 or limits={'Demo': 30, 'Bid': 45}.",
    )


@attrs.frozen(kw_only=True)
class FlagRules:
    """Thresholds of the flags, each stated or learned from the history; there is no score and no weight.

    Parameters
    ----------
    days : int, default 14
        ``stale``: more than so many days since the last touch.
    since : {"touch", "progress"}, default "touch"
        ``stale``: since the last activity that was done or the last change of any kind; or since the last change of stage,
        amount or expected close.
    q : float in [0, 1], default 0.9
        ``over_age``: longer in its stage than this share of the completed dwells of that stage (nearest rank).
    min_n : int, default 1
        ``over_age``: from fewer completed dwells (or won deals) nothing is learned, and the flag is not known.
    method : {"dwell", "cycle_multiple"}, default "dwell"
        ``over_age``: days in the stage against the dwells of that stage; or the age of the deal against the mean cycle of won
        deals times 2 less its progress, which is the place of its stage among the open ones, from 0, over their number.
    learned : {"all", "won"}, default "all"
        ``over_age`` by dwells: those of all deals, or of the deals that were won.
    limits : int or mapping of stage to int, optional
        ``over_age``: stated days, in place of learned ones. A stage that is not named has none, and the flag is not known.
    count : int, default 2
        ``pushed``: at least so many moves of the expected close to a later day; 1 is a single push.
    share : float in [0, 1], default 0.25
        ``concentrated``: more than this share of the open pipeline.

    Examples
    --------
    >>> import salesmetrics as sm
    >>> sm.FlagRules(days=30, count=1).days
    30
    """

    days: int = 14
    since: str = "touch"
    q: float = 0.9
    min_n: int = 1
    method: str = "dwell"
    learned: str = "all"
    limits: int | Mapping[Any, int] | tuple[tuple[Any, int], ...] | None = attrs.field(default=None, converter=_limits)
    count: int = 2
    share: float = 0.25

    def __attrs_post_init__(self) -> None:
        for name, least in (("days", 0), ("min_n", 1), ("count", 1)):
            _check.count(getattr(self, name), name, least=least)
        for name in ("q", "share"):
            _check.fraction(getattr(self, name), name)
        for name, choices in (("since", ("touch", "progress")), ("method", _METHODS), ("learned", ("all", "won"))):
            _check.one_of(getattr(self, name), choices, name)
        unread = "limits" if self.limits is not None else "learned" if self.learned != "all" else None
        if self.method == "cycle_multiple" and unread is not None:
            raise InvalidArgumentError(
                f"`{unread}` must not be given with method 'cycle_multiple'; got {show(getattr(self, unread))}.",
                code="SM-HYG-04",
                field=unread,
                values=[getattr(self, unread)],
                hint="it learns from the cycles of won deals.",
            )

    @property
    def most(self) -> int:
        """How many deals can be concentrated at once, at most."""
        share = Fraction(str(self.share))
        return _MOST if not share else -(-share.denominator // share.numerator)

    def said(self, flag: str) -> str:
        """Return what a flag means under these rules, in words."""
        over = f"in its stage longer than {self.q:g} of {'all' if self.learned == 'all' else 'won'} deals' completed dwells"
        if self.limits is not None:
            over = "in its stage longer than the stated days"
        if self.method == "cycle_multiple":
            over = "older than the mean cycle of won deals x (2 - progress)"
        return {
            "stale": f"no {self.since} for more than {self.days} days",
            "over_age": over,
            "pushed": f"pushed {self.count} times or more",
            "concentrated": f"more than {self.share:g} of open pipeline",
        }.get(flag, flag.replace("_", " "))


_MOST = 1 << 40


def checked_rules(rules: object) -> FlagRules:
    """Return the thresholds, those by default where none are given."""
    if rules is None or isinstance(rules, FlagRules):
        return rules or FlagRules()
    raise InvalidTypeError(
        f"`rules` must be FlagRules; got {show(rules)}.",
        code="SM-HYG-05",
        field="rules",
        values=[rules],
        hint="sm.FlagRules(days=30, count=1).",
    )


def limits_of(rules: FlagRules, stages: tuple[Any, ...], learned: Histogram) -> IntArray:
    """Return the days above which a deal is over age in each stage, -1 where there is no limit.

    ``learned`` counts days: those of completed dwells by stage, or the cycles of won deals in one row.
    """
    if rules.limits is not None:
        stated = dict.fromkeys(stages, rules.limits) if isinstance(rules.limits, int) else dict(rules.limits)
        return np.array([stated.get(stage, -1) for stage in stages], dtype=np.int64)
    if rules.method == "cycle_multiple":
        n, total = int(learned.count.sum()), int((learned.value * learned.count).sum())
        most = len(stages)
        # floor(total / n * (2 - i / most)) in whole numbers
        limits = [total * (2 * most - i) // (n * most) if n >= rules.min_n else -1 for i in range(most)]
        return np.array(limits, dtype=np.int64)
    return np.array([_quantile(learned, row, rules) for row in range(len(stages))], dtype=np.int64)


def _quantile(learned: Histogram, row: int, rules: FlagRules) -> int:
    """Return the nearest-rank quantile of one row of days, -1 where it has too few."""
    first, last = np.searchsorted(learned.row, [row, row + 1])
    behind = np.cumsum(learned.count[first:last])
    n = int(behind[-1]) if len(behind) else 0
    if n < rules.min_n:
        return -1
    share = Fraction(str(rules.q))
    rank = max(-(-share.numerator * n // share.denominator), 1)
    return int(learned.value[first:last][np.searchsorted(behind, rank)])


def over_limit(stage: AnyArray, age: AnyArray, limits: IntArray) -> tuple[BoolArray, BoolArray]:
    """Return whether deals are older than the limit of their stage, and whether that is known."""
    limit = np.append(limits, -1)[stage]  # a stage of -1 has none
    known: BoolArray = (limit >= 0) & (age >= 0)
    return known & (age > limit), known


def beyond_share(total: int, share: float) -> int:
    """Return the largest whole amount that is no more than a share of the total."""
    exact = Fraction(str(share)) * total
    return exact.numerator // exact.denominator


# --- the answer ------------------------------------------------------------------------------------------------------


def _plain(limits: Mapping[Any, int]) -> Mapping[Any, int]:
    return MappingProxyType(dict(limits))


def _frozen(arrays: Mapping[str, BoolArray]) -> Mapping[str, BoolArray]:
    return MappingProxyType({name: locked(values) for name, values in arrays.items()})


@attrs.frozen(eq=False, repr=False)
class FlagTable(Rebuilt):
    """The flags of each open deal; made by `flags`.

    Attributes
    ----------
    ids, reps : numpy.ndarray
        The deals, in the order of the deal book (their rows in it where it has no ids), and their owners on the day.
    value : mapping of str to numpy.ndarray of bool
        Each flag; False where it is not known.
    known : mapping of str to numpy.ndarray of bool
        Whether each flag could be told: what is not known is not False.
    as_of_day : int
        The day of the snapshot, counted from 1970-01-01.
    rules : FlagRules
        The thresholds.
    limits : mapping
        ``over_age``: the days above which a deal is over age, for each stage that has such a limit.
    notes : tuple of str
        Why flags are not known.
    """

    ids: AnyArray
    reps: AnyArray
    value: Mapping[str, BoolArray] = attrs.field(converter=_frozen)
    known: Mapping[str, BoolArray] = attrs.field(converter=_frozen)
    as_of_day: int
    rules: FlagRules
    limits: Mapping[Any, int] = attrs.field(converter=_plain)
    notes: tuple[str, ...] = ()

    _otherwise: ClassVar[str] = "a flag is read as flags['stale'], all of them as flags.to_dict() or flags.to_pandas()."

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, flag: str) -> BoolArray:
        """Return a flag: True where it is known to hold."""
        (name,) = chosen_flags(flag, ())
        return self.value[name]

    def _ways(self) -> dict[str, str]:
        """Return the flags by name, and how each is read."""
        return {name: f"flags[{show(name)}]" for name in self.value}

    def _ipython_key_completions_(self) -> list[str]:
        """Return what a notebook completes between the brackets."""
        return list(self.value)

    def any(self, flags: str | Sequence[str] | None = None) -> BoolArray:
        """Return True for the deals of which one of the flags is known to hold; the default is what `at_risk` reads."""
        found = np.zeros(len(self), dtype=bool)
        for name in chosen_flags(flags, AT_RISK):
            found |= self.value[name]
        return found

    def counts(self) -> dict[str, dict[str, int]]:
        """Return for each flag how many deals have it, have it not, and of how many it is not known."""
        sums = {name: (int(self.value[name].sum()), int(self.known[name].sum())) for name in self.value}
        return {
            name: {"flagged": hits, "clear": told - hits, "unknown": len(self) - told}
            for name, (hits, told) in sums.items()
        }

    def _columns(self) -> dict[str, AnyArray]:
        """Return the columns: id, rep, then the flags with None where one is not known."""
        columns: dict[str, AnyArray] = {"id": self.ids, "rep": self.reps}
        for name, values in self.value.items():
            cells = np.array(values, dtype=object)
            cells[~self.known[name]] = None
            columns[name] = cells
        return columns

    def to_dict(self) -> dict[str, list[Any]]:
        """Return the columns as lists: id, rep, then the flags as True, False, or None where one is not known."""
        return {name: values.tolist() for name, values in self._columns().items()}

    def to_pandas(self) -> Any:
        """Return a pandas frame; flags are ``boolean``, missing where one is not known."""
        with export.needing("pandas"):
            import pandas as pd

        columns = self._columns()
        frame = export.to_pandas({name: columns[name] for name in ("id", "rep")})
        for name in self.value:
            frame[name] = pd.array(columns[name].tolist(), dtype="boolean")
        return frame

    def to_polars(self) -> Any:
        """Return a polars frame; flags are null where one is not known."""
        with export.needing("polars"):
            import polars as pl

        columns = self._columns()
        frame = export.to_polars({name: columns[name] for name in ("id", "rep")})
        return frame.with_columns([pl.Series(n, columns[n].tolist(), dtype=pl.Boolean) for n in self.value])

    def to_arrow(self) -> Any:
        """Return a pyarrow table; flags are null where one is not known."""
        with export.needing("pyarrow"):
            import pyarrow as pa

        columns = self._columns()
        table = export.to_arrow({name: columns[name] for name in ("id", "rep")})
        for name in self.value:
            table = table.append_column(name, pa.array(columns[name].tolist(), type=pa.bool_()))
        return table

    def equals(self, other: object) -> bool:
        """Return True where both hold the same flags of the same deals, under the same rules on the same day."""
        if not isinstance(other, FlagTable) or self.value.keys() != other.value.keys():
            return False
        if (self.as_of_day, self.rules, self.limits) != (other.as_of_day, other.rules, other.limits):
            return False
        pairs = [(self.ids, other.ids), (self.reps, other.reps)]
        pairs += [(mine[name], yours[name]) for name in self.value for mine, yours in self._both(other)]
        return all(np.array_equal(a, b) for a, b in pairs)

    def _both(self, other: FlagTable) -> tuple[tuple[Mapping[str, BoolArray], Mapping[str, BoolArray]], ...]:
        return (self.value, other.value), (self.known, other.known)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw how many deals have each flag, and of how many it is not known, on matplotlib axes and return them."""
        from salesmetrics.plots import draw_flags

        return draw_flags(self, ax)

    # --- showing -----------------------------------------------------------------------------------------------------

    def _cells(self) -> tuple[list[str], list[list[str]]]:
        """Return a header, and a line for each flag."""
        lines = [
            [name, *(f"{count[word]:,}" for word in ("flagged", "clear", "unknown")), self._examples(name)]
            for name, count in self.counts().items()
        ]
        return ["flag", "flagged", "clear", "unknown", "first"], lines

    def _examples(self, name: str) -> str:
        """Return the first deals that have a flag."""
        first = self.ids[np.flatnonzero(self.value[name])[:3]].tolist()
        return ", ".join(show(key) for key in first)

    def _foot(self) -> list[str]:
        said = [f"{name}: {self.rules.said(name)}" for name in ("stale", "over_age", "pushed", "concentrated")]
        return [*(line for line in said if line.partition(":")[0] in self.value), *self.notes]

    def _title(self) -> str:
        return f"flags of {len(self):,} open deals on {date_of(self.as_of_day)}"

    def __repr__(self) -> str:
        """Return an aligned line for each flag."""
        head, body = self._cells()
        wide = [max(len(line[at]) for line in [head, *body]) for at in range(len(head))]
        lines = [self._title()]
        for line in [head, *body]:
            cells = [
                text.ljust(w) if at in (0, 4) else text.rjust(w)
                for at, (text, w) in enumerate(zip(line, wide, strict=True))
            ]
            lines.append("  ".join(cells).rstrip())
        return "\n".join([*lines, *(escape(line) for line in self._foot())])

    def _repr_html_(self) -> str:
        """Return an escaped HTML table with a line for each flag."""
        head, body = self._cells()
        return export.html_table(self._title(), head, body, self._foot())
