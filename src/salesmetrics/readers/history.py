"""The way in for changes of deals."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

import attrs
import numpy as np

from salesmetrics import _check, convert
from salesmetrics.arrays import IntArray
from salesmetrics.books.deals import DealBook
from salesmetrics.books.differing import contradictions, differences
from salesmetrics.books.history import TRACKED, DealHistory, untold_order
from salesmetrics.books.matching import staged_outcomes, with_outcome
from salesmetrics.columns import Column, KeyColumn, LabelColumn, smallest_codes
from salesmetrics.convert import Coded, Problem, Raw
from salesmetrics.convert.sequence import microseconds, padded_hours
from salesmetrics.domain import OUTCOMES, SalesProcess, StageMove
from salesmetrics.errors import InvalidArgumentError, MissingColumnError, nearest, show
from salesmetrics.keywords import names_keywords
from salesmetrics.money import resolve_scale
from salesmetrics.rates import FxTable
from salesmetrics.readers.constant import Exchange, exchange_of
from salesmetrics.readers.currencies import Words
from salesmetrics.readers.leaving import leave_out
from salesmetrics.readers.log_values import counted_days, scattered, some_of
from salesmetrics.readers.logs import NEW, OLD, broken_chains, in_places, states
from salesmetrics.readers.mapped import Named, any_source, checked_forms, named
from salesmetrics.readers.maps.histories import HistoryMap
from salesmetrics.readers.nested_history import unnested
from salesmetrics.readers.ordering import in_order, order_problems, staged
from salesmetrics.readers.rules import Judge, checked_mode

__all__ = ["read_history"]

OnError = Literal["raise", "collect", "drop"]
FIELDS = ("deal", "date", "seq", *TRACKED, "from_stage", "field", "old", "new", "currency")
KEPT = ("deal", "date", "seq", *TRACKED, "source_currency")
_LABELS = ("stage", "from_stage", "rep", "actor", "forecast_category")


@names_keywords
def read_history(
    source: Any,
    columns: Mapping[str, str] | None = None,
    *,
    deals: DealBook | None = None,
    process: SalesProcess | None = None,
    outcomes: Mapping[Any, str] | None = None,
    properties: Mapping[str, str] | None = None,
    currency: str | None = None,
    scale: int | None = None,
    rates: FxTable | None = None,
    rate_day: object = None,
    currencies: Words = None,
    zone: str | None = None,
    date_format: str | Mapping[str, str] | None = None,
    sentinels: Iterable[object] = (),
    casefold: bool = False,
    repair: Literal["trust_to"] | None = None,
    on_error: OnError = "raise",
) -> DealHistory:
    """Book of changes of deals from a CSV or Parquet file, a frame, a mapping of columns, `StageMove` objects or HubSpot's API.

    Rows come in one of two forms. Either each holds the state of a deal after a change: columns ``deal, date`` and those of
    ``seq, stage, outcome, expected_close, amount, rep, actor, forecast_category`` that were tracked, and ``from_stage`` where
    the source tells it. Or each tells the change of one property: columns ``deal, date, field, new``, and ``old`` and
    ``seq`` where there are such. Such a log is turned into states.

    Parameters
    ----------
    source : path, text stream, frame, mapping of array_like or iterable of StageMove
        The changes. Records of deals with ``propertiesWithHistory``, as HubSpot's API gives them, are a log too: as a list, an
        answer with ``results``, or a JSON file of either; their map need not be named.
    columns : mapping of str to str, optional
        Our name to the source's, or the map of a system, such as ``sm.maps.SALESFORCE``.
    deals : DealBook, optional
        The deal book the changes belong to. Its process, currency and scale are then the history's; changes of other deals,
        before the creation or after the close are refused; what disagrees with the book is told in a warning. A log needs it
        to know what deals were created as.
    process : SalesProcess, optional
        The stages, in order; another stage is refused. Without one, categories that have an order (an ordered Categorical of
        pandas, an Enum of polars, an ordered dictionary of Arrow) give the stages theirs; what a stage means is then what its
        changes say, and a category that no change is in is no stage.
    outcomes : mapping, optional
        What the source's words mean: of the column ``outcome``, or, without one, of the stages.
    properties : mapping of str to str, optional
        In a log, the source's word in the column ``field`` to our column: ``{"StageName": "stage", "Amount": "amount"}``.
    currency, scale, zone, date_format, sentinels
        As in `read_deals`. Instants become days of the business zone; their order stays in ``seq``.
    rates : FxTable, optional
        Converts amounts of several currencies, told by the column ``currency``, or else by that of the deal book, to the one of
        the deal book. All amounts of a deal are converted by one rate, the one that converts the deal itself: that of the day
        it was decided, or for an open deal of the book's `as_of`. So the last state of a deal is what the deal book says, and
        what a walk shows are changes of deals and not of rates. Needs ``deals``, read with the same rates; without rates
        several currencies are refused.
    rate_day : date or str, optional
        Convert all amounts by the rates of this day instead.
    currencies : mapping or "upper", optional
        What the source's words for currencies mean, as in `read_deals`.
    casefold : bool, default False
        Take stages in any case as those of the process.
    repair : {None, "trust_to"}
        Take rows that do not begin where the one before ended, and count them.
    on_error : {"raise", "collect", "drop"}
        As in `read_deals`.

    Returns
    -------
    DealHistory
        The changes, checked once, sorted by deal and time. Changes of one deal on one day are ordered by ``seq``; else by
        their instants; else, where the source tells old values, so that each begins where the one before ended; else by stage,
        then by their other values, which is noted.

    Raises
    ------
    InvalidDataError
        Rows break a rule; the error names column, row, key and value, and holds all of them.
    MissingColumnError
        The source lacks ``deal`` or ``date``, or the map names columns that it lacks.

    Examples
    --------
    >>> import salesmetrics as sm
    >>> changes = sm.read_history({"deal": ["D1", "D1"], "date": ["2026-01-05", "2026-02-01"], "rep": ["Ana", "Ben"]})
    >>> changes["rep"].tolist()
    ['Ana', 'Ben']
    >>> log = {"deal": ["D1", "D1"], "date": ["2026-01-05", "2026-02-01"], "field": ["StageName", "Amount"],
    ...        "old": ["Lead", "100"], "new": ["Bid", "250"]}
    >>> changes = sm.read_history(log, properties={"StageName": "stage", "Amount": "amount"})
    >>> changes["stage"].tolist(), changes["amount"].tolist()
    (['Bid', 'Bid'], [100.0, 250.0])
    """
    mode = checked_mode(on_error)
    if repair is not None:
        _check.one_of(repair, ("trust_to",), "repair")
    source, columns = unnested(source, columns)
    here = named(any_source(source, StageMove), columns, FIELDS, ("deal", "date"), table="history")
    checked_forms(here, date_format)
    judge = Judge(mode, here.source.rows, here.source.lines, here.names)
    judge.hear(here.source.problems)
    leave_out(here, judge)
    if process is None and deals is not None:
        process = deals.process
    if currency is None and scale is None and deals is not None:
        currency, scale = deals.currency, deals.scale
    words = here.shape.outcomes if outcomes is None else outcomes
    resolve_scale(currency, scale)
    reading = _Reading(here, judge, process, words, zone, date_format, tuple(sentinels), casefold)
    book = reading.keys()
    reading.money = exchange_of(here, judge, book["deal"], deals, currency, scale, rates, rate_day, currencies)
    book |= reading.log(properties) if "field" in here else reading.wide()
    clean, _ = judge.settle(book, lambda now: _between(now, deals, reading, trust=repair is not None))
    broken = broken_chains(clean)
    if broken:
        judge.notes.append(f"changes that do not begin where the one before ended: {len(broken[0].rows):,}")
    if "field" in clean:
        told = np.flatnonzero(~clean["field"].missing())
        clean = states({name: column.take(told) for name, column in clean.items()}, deals)
    elif "from_stage" in clean and "stage" in clean:
        clean = in_places(clean)
    history = DealHistory(
        columns={name: clean[name] for name in KEPT if name in clean},
        rows=len(clean["deal"]),
        currency=reading.money.coins.currency,
        scale=reading.money.coins.scale,
        rejects=judge.rejects(),
        process=process,
    )
    history = reading.told(history, deals)
    if mode == "drop" and deals is not None and "field" in here:
        history = _agreeing(history, deals, judge)
    judge.notes += _remarks(history, deals)
    judge.warn()
    return attrs.evolve(history, notes=(*judge.notes, *reading.said, *here.source.notes))


@attrs.define(eq=False)
class _Reading:
    """One call: the source and what was said about it."""

    here: Named
    judge: Judge
    process: SalesProcess | None
    outcomes: Mapping[Any, str] | None
    zone: str | None
    date_format: str | Mapping[str, str] | None
    sentinels: tuple[object, ...]
    casefold: bool
    money: Exchange = attrs.field(init=False)
    said: list[str] = attrs.field(factory=list)

    def keys(self) -> dict[str, Column]:
        """Return the deal, the day and the order within it of each row."""
        here, judge = self.here, self.judge
        book: dict[str, Column] = {}
        book["deal"], problems = convert.key(here.raw("deal", "key"), "deal", unique=False)
        judge.keys = book["deal"].user()
        judge.hear(problems)
        raw = padded_hours(here.raw("date", "day"))
        book["date"], problems = self.days(raw, "date")
        judge.hear(problems)
        undated = np.flatnonzero(book["date"].missing())
        if len(undated) and not problems:
            nothing: list[object] = [None] * len(undated)
            judge.hear([Problem("SM-DAY-16", "date", "be given in every row", undated, nothing)])
        order = self._seq() if self._given("seq") else microseconds(raw, "date", self.date_format)
        if order is not None:
            book["seq"] = KeyColumn(order)
        return book

    def days(self, raw: Raw, field: str) -> tuple[Column, list[Problem]]:
        """Return days of the business."""
        return convert.day(
            raw,
            field,
            zone=self.zone,
            date_format=self.date_format,
            sentinels=self.sentinels,
            instant=self.here.shape.timing(field),
        )

    def _given(self, field: str) -> bool:
        """Return True where the source has the field; of objects one that none of them has is not there."""
        if field not in self.here:
            return False
        if self.here.source.kind != "objects":
            return True
        values = np.asarray(self.here.source.raw(self.here.names[field], "text"), dtype=object)
        return any(value is not None for value in values)

    def _seq(self) -> IntArray:
        """Return the order of changes within a day as whole numbers."""
        column, problems = convert.label(self.here.raw("seq", "label"), "seq")
        self.judge.hear(problems)
        numbers = [_whole(level) for level in column.levels]
        codes = column.codes
        bad = np.array([number is None for number in numbers] + [True])[codes]
        if bad.any():
            rows = np.flatnonzero(bad)
            self.judge.hear(
                [Problem("SM-STG-08", "seq", "be a whole number in every row", rows, list(column.user()[rows]))]
            )
        table = np.array([0 if number is None else number for number in numbers] + [0], dtype=np.int64)
        return table[codes]

    def wide(self) -> dict[str, Column]:
        """Return the state after each change."""
        here = self.here
        if not any(self._given(name) for name in TRACKED):
            raise MissingColumnError(
                f"the source must have one of {', '.join(map(show, TRACKED))}; got {', '.join(map(show, here.source.names))}.",
                code="SM-HIS-03",
                field="stage",
                values=list(here.source.names),
                hint="name it by columns={'stage': ...}; a log has the columns field and new.",
            )
        book: dict[str, Column] = {}
        for name in (*_LABELS, "expected_close", "amount", "outcome"):
            if self._given(name):
                raw = here.raw(name, _ROLES.get(name, "label"))
                book[name], problems = self.column(name, raw)
                self.judge.hear(problems)
        book |= self.money.source_currency
        flags = self._flags()
        if "outcome" not in book and flags is not None:
            closed, won = (here.source.raw(name, "flag") for name in flags)
            book["outcome"], problems = convert.outcome_from_flags(closed, won, names=flags)
            self.judge.hear(problems)
        return book

    def _flags(self) -> tuple[str, str] | None:
        """Return the source's columns that say closed and won, where it has both."""
        flags = self.here.shape.flags
        closed, won = (self.here.mark(flags[name]) if name in flags else None for name in ("closed", "won"))
        return None if closed is None or won is None else (closed, won)

    def column(self, name: str, raw: Raw, rows: IntArray | None = None) -> tuple[Column, list[Problem]]:
        """Return the column of a property, in some rows of the source or in all of them."""
        if name == "amount":
            return self.money.amounts(raw, self.judge, self.said, rows), []
        if name == "expected_close":
            return self.days(padded_hours(raw), name)
        if name == "outcome":
            return convert.outcome(raw, name, self.outcomes)
        found, problems = convert.label(raw, name)
        if name in ("stage", "from_stage") and self.process is not None:
            found, more = staged(found, self.process, name, casefold=self.casefold)
            problems = [*problems, *order_problems(raw, self.process), *more]
        elif name == "stage" and isinstance(raw, Coded) and raw.order is not None:
            found = in_order(found, raw.order)
        return found, problems

    def log(self, properties: Mapping[str, str] | None) -> dict[str, Column]:
        """Return, for each property, its old and new value in the rows that change it."""
        here, judge = self.here, self.judge
        if "new" not in here:
            raise MissingColumnError(
                "the source must have 'new' beside 'field'; got none.",
                code="SM-HIS-03",
                field="new",
                hint="name it by columns={'new': ...}.",
            )
        meant = self._properties(properties)
        words, problems = convert.label(here.raw("field", "label"), "field")
        judge.hear(problems)
        names = list(dict.fromkeys(meant[str(word)] for word in words.levels if str(word) in meant))
        place = [names.index(meant[str(word)]) if str(word) in meant else -1 for word in words.levels]
        codes = np.array([*place, -1], dtype=np.int64)[words.codes]
        book: dict[str, Column] = {"field": LabelColumn(smallest_codes(codes, len(names)), tuple(names), ordered=True)}
        if self._given("actor"):
            book["actor"], problems = self.column("actor", here.raw("actor", "label"))
            judge.hear(problems)
        for at, name in enumerate(names):
            rows = np.flatnonzero(codes == at)
            for side, start in (("new", NEW), ("old", OLD)):
                if side in here:
                    book[start + name] = self._spread(name, some_of(here.raw(side, "text"), rows), rows)
        other = int((codes < 0).sum())
        if other:
            self.said.append(f"changes of other properties, passed over: {other:,}")
        return book

    def _properties(self, given: Mapping[str, str] | None) -> dict[str, str]:
        """Return our column for each word of the source."""
        shape = self.here.shape
        known = dict(shape.properties) if isinstance(shape, HistoryMap) else {}
        known |= {str(word): name for word, name in (given or {}).items()}
        for name in known.values():
            if name not in TRACKED or name == "actor":
                raise InvalidArgumentError(
                    f"`properties` must map to columns of a history; got {show(name)}.",
                    code="SM-HIS-04",
                    field="properties",
                    values=[name],
                    hint=nearest(name, [each for each in TRACKED if each != "actor"]),
                )
        return known or {name: name for name in TRACKED if name != "actor"}

    def _spread(self, name: str, raw: Raw, rows: IntArray) -> Column:
        """Return values of some rows as a column of all, missing in the others."""
        found, problems = self.column(name, counted_days(raw) if name == "expected_close" else raw, rows)
        blank = [p for p in problems if p.code == "SM-RES-02"]  # before it was set a deal was open
        self.judge.hear([attrs.evolve(p, rows=rows[p.rows]) for p in problems if p not in blank])
        if not len(found):
            found = found.take(np.zeros(0, dtype=np.int64))
        place = np.full(self.here.source.rows, -1, dtype=np.int64)
        place[rows] = np.arange(len(rows))
        return scattered(found, place)

    def told(self, history: DealHistory, deals: DealBook | None) -> DealHistory:
        """Return the history with what its stages say deals have come to."""
        stage = history.columns.get("stage")
        if "outcome" in history.columns or not isinstance(stage, LabelColumn):
            return history
        if self.outcomes is not None and self.process is None:
            words = [level for level in stage.levels if level not in self.outcomes]
            if words:
                raise InvalidArgumentError(
                    f"`outcomes` must say what every stage means; got nothing for {show(words[0])}.",
                    code="SM-RES-01",
                    field="outcomes",
                    values=words,
                    hint=f"outcomes={{{words[0]!r}: 'open', ...}}.",
                )
            meant = {word: _check.one_of(self.outcomes[word], OUTCOMES, "outcomes") for word in stage.levels}
            return with_outcome(None, history, meant) or history
        if self.process is None and deals is not None and staged_outcomes(deals) is None:
            return history
        return with_outcome(deals, history) or history


_ROLES: dict[str, Any] = {"expected_close": "day", "amount": "money"}


def _between(columns: Mapping[str, Column], deals: DealBook | None, reading: _Reading, *, trust: bool) -> list[Problem]:
    """Return what is wrong between the rows of a deal, and between them and the deal book."""
    problems = [] if trust else broken_chains(columns)
    if deals is None:
        return problems
    outcome = columns.get("outcome")
    stage = columns.get("stage")
    if outcome is None and isinstance(stage, LabelColumn):
        told = with_outcome(deals, DealHistory(columns={"stage": stage}, rows=len(stage), process=reading.process))
        outcome = None if told is None else told.columns["outcome"]
    return [*problems, *contradictions(columns, outcome, deals)]


def _agreeing(history: DealHistory, deals: DealBook, judge: Judge) -> DealHistory:
    """Return the states of a log that the deal book does not contradict: rows that are right alone can make one that is not."""
    problems = contradictions(history.columns, history.columns.get("outcome"), deals)
    if not problems:
        return history
    bad = np.unique(np.concatenate([problem.rows for problem in problems]))
    judge.notes.append(f"states of the log after the close of their deals, left out: {len(bad):,}")
    return history.take(np.setdiff1d(np.arange(history.rows), bad, assume_unique=True))


def _remarks(history: DealHistory, deals: DealBook | None) -> list[str]:
    """Return what a reader of the history must know."""
    notes = []
    tied = untold_order(history)
    if tied:
        notes.append(
            f"changes on one day that nothing tells the order of, put by stage, then by their other values: {tied:,}"
        )
    if deals is not None:
        notes += differences(deals, history).notes
    return notes


def _whole(level: object) -> int | None:
    """Return a whole number of a text or a number, None where it is none."""
    if isinstance(level, int):
        return level
    text = str(level)
    return int(text) if text.isascii() and text.removeprefix("-").isdigit() and len(text) < 19 else None
