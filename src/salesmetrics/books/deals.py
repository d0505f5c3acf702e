"""All deals at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Self

import attrs
import numpy as np

from salesmetrics import _check
from salesmetrics._check import date_of, locked
from salesmetrics._check import day as _day
from salesmetrics._kernels import Range, positions
from salesmetrics._runs import Laid
from salesmetrics._threads import side_by_side
from salesmetrics.arrays import IntArray
from salesmetrics.books.clustering import Cluster
from salesmetrics.books.table import Book
from salesmetrics.calendars import DayLike
from salesmetrics.columns import (
    PPM,
    Column,
    DayColumn,
    LabelColumn,
    MoneyColumn,
    ProbabilityColumn,
)
from salesmetrics.convert import Problem
from salesmetrics.domain import OUTCOMES, SalesProcess
from salesmetrics.errors import show

if TYPE_CHECKING:
    from salesmetrics.books.reps import RepBook

__all__ = ["DealBook"]

OPEN, WON, LOST, NO_DECISION = range(4)


@attrs.frozen(eq=False, repr=False)
class DealBook(Book):
    """Deals in columns, checked once, never changed; made by `read_deals`.

    Columns bear the library's names: ``id, rep, amount, created, expected_close, closed, stage, outcome, probability,
    forecast_category``, then any label columns. None is required as such: a metric that needs an absent one says so.

    Attributes
    ----------
    currency : str or None
        The one currency of all amounts.
    scale : int
        Decimals of the minor unit in which amounts are held, exactly.
    as_of : datetime.date or None
        The day the data were taken: the default of every metric that needs a day.
    rejects : tuple of mapping
        The rows left out on reading, each with the code and the sentence of its problem.
    """

    kind: ClassVar[str] = "deals"
    _unlisted: ClassVar[tuple[str, ...]] = ("cluster", "laid", "lie", "open_deals", "open_rows", "with_labels")
    process: SalesProcess | None = None

    @classmethod
    def empty(cls, labels: Sequence[str] = (), *, currency: str | None = None, scale: int = 2) -> Self:
        """Return a book of no deals with these label columns."""
        no_days = [DayColumn(np.zeros(0, dtype=np.int32)) for _ in range(3)]
        columns: dict[str, Column] = {
            "amount": MoneyColumn(np.zeros(0, dtype=np.int64), None, scale),
            "created": no_days[0],
            "expected_close": no_days[1],
            "closed": no_days[2],
            "outcome": LabelColumn(np.zeros(0, dtype=np.int8), OUTCOMES, ordered=True),
            "probability": ProbabilityColumn(np.zeros(0, dtype=np.int32)),
        }
        for name in dict.fromkeys(["rep", *labels]):
            columns.setdefault(name, LabelColumn(np.zeros(0, dtype=np.int8), ()))
        return cls(columns=columns, rows=0, currency=currency, scale=scale)

    def with_labels(self, labels: Mapping[str, LabelColumn]) -> Self:
        """Return the book with label columns added or replaced."""
        return attrs.evolve(self, columns={**self.columns, **labels})

    def with_reps(self, reps: RepBook, *, as_of: DayLike | None = None) -> Self:
        """Return the book with the labels of each deal's rep (team, manager, ...) added as columns, which then stand still.

        They are those of the deal's own rep, also where splits or a history of owners credit another one: ``reps=`` in the
        question itself lends the labels of the rep who is credited. ``as_of`` leaves the labels of reps who were not yet
        hired, or had left, on that day missing.
        """
        owner = self.column("rep", "labels lent by reps")
        on = None if as_of is None else _day(as_of, "as_of")
        reps = reps if as_of is None or not reps.dated else reps.on(as_of)
        lent = {name: reps.lend(name, owner, on) for name in reps.lendable if name not in self.columns}
        return self.with_labels(lent)

    def clustered(self, *, by: str | Sequence[str] | None = None) -> Self:
        """Return the same book, with a second copy of its columns beside it, sorted by outcome, month decided and labels.

        A period is then a few slices of the copy: a metric over one quarter costs the rows of that quarter, not those of
        the whole book. Counts and sums by those labels (or by what reps lend to them), over periods made of calendar months,
        cost less still: all deals alike in outcome, month and labels are looked at once. The rows stay as they are for
        whoever looks at the book, and no number changes.

        Sorting costs as much as some twenty questions of one quarter, and every column as much as eight more when a question
        first reads it (docs/explanation/clustered.md has the figures). The copy takes 8 bytes a deal, the size of each column
        that was read, and a byte or two for the sums of what is alike. Books that are made of this one (filter, take, concat,
        with_reps, a copy, a pickle) have no such copy: add labels first, cluster last.

        Parameters
        ----------
        by : str or sequence of str, optional
            The labels that deals of one month stand by; ``"rep"`` by default, where the book has it. The fewer deals are alike
            in all of them, the less is gained.

        Raises
        ------
        MissingColumnError
            The book has no ``outcome`` or no ``closed``.
        InvalidArgumentError
            ``by`` names what is no label column.

        Examples
        --------
        >>> import salesmetrics as sm
        >>> calendar = sm.FiscalCalendar(start_month=2)
        >>> deals = sm.datasets.sample_company(deals=2_000, rng=1).deals
        >>> clustered = deals.clustered()
        >>> quarters = calendar.quarters("2025-02-01", "2026-02-01")
        >>> all(sm.win_rate(clustered, period=q).equals(sm.win_rate(deals, period=q)) for q in quarters)
        True
        """
        outcome: LabelColumn = self.column("outcome", "a clustered book")
        closed: DayColumn = self.column("closed", "a clustered book")
        labels = self._sorted_by(by)
        if self.cluster is not None and (by is None or labels == self.cluster.labels):
            return self
        book = attrs.evolve(self)
        book._beside["cluster"] = Cluster.of(outcome, closed, labels, self.columns)
        return book

    def _sorted_by(self, by: str | Sequence[str] | None) -> tuple[str, ...]:
        """Return the labels that a sorted copy stands by; none where nobody names one and the book has no reps."""
        if by is None:
            return tuple(name for name in self.label_names if name == "rep")
        return tuple(name for name in _check.names(by, self.label_names, "by") if name != "outcome")

    @property
    def is_clustered(self) -> bool:
        """Whether a sorted copy stands beside the columns."""
        return "cluster" in self._beside

    @property
    def cluster(self) -> Cluster | None:
        """The sorted copy of the columns, where it was asked for."""
        return self._beside.get("cluster")

    @property
    def laid(self) -> Laid | None:
        """How the rows lie in runs, where that is known."""
        return self._beside.get("laid")

    def lie(self, laid: Laid) -> None:
        """Note how the rows lie in runs, for those who tabulate them."""
        self._beside["laid"] = laid

    @cached_property
    def _beside(self) -> dict[str, Any]:
        """What stands beside the columns; a book made of this one does not have it."""
        return {}

    def open_deals(self, day: int) -> OpenDeals:
        """Return the deals open at the end of a day since 1970: created by then, and not closed by then.

        Where they are few the book keeps them, and the columns that are read of them: most questions about a pipeline are
        asked of the same day.
        """
        few = self.rows // 10
        return self.kept(
            ("open", day), lambda: OpenDeals(self._open_rows(day)), worth=lambda found: len(found.rows) <= few
        )

    def open_rows(self, day: int) -> IntArray:
        """Return the rows of the deals open at the end of a day since 1970."""
        return self.open_deals(day).rows

    def _open_rows(self, day: int) -> IntArray:
        outcome: LabelColumn = self.column("outcome", "open deals")
        closed, created = self.columns.get("closed"), self.columns.get("created")
        later = isinstance(closed, DayColumn) and closed.last > day
        if self.cluster is not None:
            kinds = range(WON, len(outcome.levels))
            after = self.cluster.decided(kinds, day + 1, None) if later else []
            parts = [self.cluster.rows(spans).astype(np.int64) for spans in (self.cluster.opened, after)]
            if isinstance(closed, DayColumn):
                parts[1] = parts[1][closed.days.take(parts[1]) > day]
        else:
            still_open = Range(outcome.codes, OPEN, OPEN + 1)
            told = None if self.laid is None else self.laid.positions(still_open)
            parts = [positions(self.rows, [still_open]) if told is None else told]
            if later and isinstance(closed, DayColumn):
                parts.append(positions(self.rows, [Range(closed.days, day + 1, None)]))
        rows = parts[0] if len(parts) == 1 else np.sort(np.concatenate(parts))
        if isinstance(created, DayColumn) and created.last > day:
            rows = rows[created.days.take(rows) <= day]
        return locked(rows)

    def equals(self, other: object) -> bool:
        """Return True where both hold the same columns, rows, currency, scale, day and sales process."""
        return super().equals(other) and isinstance(other, DealBook) and self.process == other.process


@attrs.frozen(eq=False)
class OpenDeals:
    """The rows of the deals open on a day, in the order of the book, and the columns that were read of them."""

    rows: IntArray
    _read: dict[str, Column] = attrs.field(factory=dict)

    def chosen(self, deals: DealBook, where: object) -> IntArray | None:
        """Return which of the deals a mask or a mapping of labels keeps, None for all of them."""
        if where is None:
            return None
        if isinstance(where, Mapping) and set(where) <= set(deals.label_names):
            mask = self.read(deals, where).mask(where)
            return None if mask is None else np.flatnonzero(mask)
        mask = deals.mask(where)
        return None if mask is None else np.flatnonzero(mask[self.rows])

    def read(self, deals: DealBook, names: Iterable[str], some: IntArray | None = None) -> DealBook:
        """Return a book of these deals, or of some of them, with the columns of those names that their book has."""
        wanted = [name for name in deals.columns if name in set(names)]
        new = [name for name in wanted if name not in self._read]
        rows = self.rows if some is None else self.rows.take(some)
        taken = dict(zip(new, side_by_side(lambda name: deals.columns[name].take(rows), new, len(rows)), strict=True))
        if some is None:
            self._read.update(taken)
        columns = {name: taken[name] if name in taken else self._column(name, some) for name in wanted}
        return attrs.evolve(deals, columns=columns, rows=len(rows))

    def _column(self, name: str, some: IntArray | None) -> Column:
        """Return a column that was read before."""
        return self._read[name] if some is None else self._read[name].take(some)


def deal_problems(columns: Mapping[str, Column], as_of: int | None) -> list[Problem]:
    """Return what is wrong between the columns of one deal: outcome against dates, dates against each other."""
    problems: list[Problem] = []
    outcome, closed, created = columns.get("outcome"), columns.get("closed"), columns.get("created")
    if isinstance(outcome, LabelColumn) and isinstance(closed, DayColumn):
        terminal = outcome.codes > OPEN
        dated = closed.days >= 0
        some = not np.array_equal(terminal, dated)
        _note(
            problems,
            "SM-CLO-01",
            "closed",
            "be given for every deal that is won, lost or closed without a decision",
            terminal & ~dated if some else None,
            closed,
            None,
        )
        _note(
            problems,
            "SM-CLO-02",
            "closed",
            "be empty while a deal is open",
            ~terminal & dated if some else None,
            closed,
            "a source with one close date for both gives it as `close_date`.",
        )
    if isinstance(created, DayColumn) and isinstance(closed, DayColumn):
        _note(
            problems,
            "SM-CLO-03",
            "closed",
            "not lie before `created`",
            (closed.days >= 0) & (closed.days < created.days),  # which is then known too
            closed,
            "repair='blank_created' keeps such deals without their creation day.",
        )
    if as_of is not None and isinstance(closed, DayColumn) and closed.last > as_of:
        _note(
            problems,
            "SM-CLO-04",
            "closed",
            f"not lie after the book's `as_of`, {date_of(as_of)}",
            closed.days > as_of,
            closed,
            None,
        )
    return problems


def _note(
    problems: list[Problem], code: str, field: str, rule: str, bad: Any, column: Column, hint: str | None
) -> None:
    """Add the problem of the rows that are bad, if any; None is no row."""
    if bad is None:
        return
    rows = np.flatnonzero(bad)
    if len(rows):
        taken = column.take(rows)
        values = [None if nothing else value for nothing, value in zip(taken.missing(), taken.user(), strict=True)]
        problems.append(Problem(code=code, field=field, rule=rule, rows=rows, values=values, hint=hint, whole=False))


def chance_problems(columns: Mapping[str, Column]) -> list[Problem]:
    """Return the warning of decided deals whose probability is not that of their outcome (DOM-18); it is not used."""
    outcome, chance = columns.get("outcome"), columns.get("probability")
    if not isinstance(outcome, LabelColumn) or not isinstance(chance, ProbabilityColumn):
        return []
    wanted = np.array([-1, PPM, 0, 0, -1], dtype=np.int32)[outcome.codes]
    rows = np.flatnonzero((wanted >= 0) & (chance.ppm >= 0) & (chance.ppm != wanted)).astype(np.int64)
    if not len(rows):
        return []
    rule = "be 1 where a deal is won and 0 where it is lost"
    hint = "the probability of a decided deal counts nowhere; that of an open deal may be stale too."
    return [Problem("SM-PRB-06", "probability", rule, rows, list(chance.take(rows).user()), hint, warning=True)]


def stale_note(columns: Mapping[str, Column], as_of: int | None) -> str | None:
    """Return the sentence about open deals whose expected close has passed (DOM-11)."""
    outcome, expected = columns.get("outcome"), columns.get("expected_close")
    if as_of is None or not isinstance(outcome, LabelColumn) or not isinstance(expected, DayColumn):
        return None
    late = int(((outcome.codes == OPEN) & (expected.days >= 0) & (expected.days < as_of)).sum())
    deals = "1 open deal is" if late == 1 else f"{late:,} open deals are"
    return f"{deals} expected to close before {show(str(date_of(as_of)))}" if late else None
