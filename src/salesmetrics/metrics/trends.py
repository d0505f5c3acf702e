"""How does the pipeline develop? What was open on each of several days, and what is won from deals born in the period."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Sequence
from typing import ClassVar, Literal

import attrs
import numpy as np

from salesmetrics import _check
from salesmetrics.answers import blanked, dated, major, not_tracked, reasons, words
from salesmetrics.arrays import AnyArray, IntArray, Where
from salesmetrics.asking import deal_book, one_currency
from salesmetrics.books import DealBook, DealHistory, QuotaBook, RepBook
from salesmetrics.books.deals import OpenDeals
from salesmetrics.books.matching import alone
from salesmetrics.calendars import DayLike, Period, PeriodLike
from salesmetrics.columns import Column, DayColumn, LabelColumn, MoneyColumn
from salesmetrics.covering import coverage
from salesmetrics.errors import InvalidArgumentError, InvalidDataError, InvalidTypeError, show
from salesmetrics.keywords import names_keywords
from salesmetrics.labels import Labels, Levels
from salesmetrics.ledgers import Asked, quota_tally
from salesmetrics.results import MetricTable
from salesmetrics.scans import DealScan
from salesmetrics.spanning import refuse_rows
from salesmetrics.states import UNTOLD, alive, followed, silent_on, stood, untold
from salesmetrics.tallies import BookingTally, PipelineTally, QuotaTally, TurnTally
from salesmetrics.tally import refuse_grouping
from salesmetrics.trails import Trails, trails

__all__ = ["create_and_close", "create_and_close_share", "pipeline_trend"]

By = str | tuple[str, ...] | list[str] | None


@names_keywords
def create_and_close(
    deals: DealBook | DealScan | TurnTally,
    /,
    *,
    period: PeriodLike | None = None,
    by: By = None,
    where: Where | None = None,
    reps: RepBook | None = None,
    as_of: DayLike | None = None,
) -> MetricTable:
    """Money won in the period from deals created in it: how much do we win from deals born in the period?

    Also called turns, in-quarter business. Money, an exact sum.

    Parameters
    ----------
    deals : DealBook, DealScan or TurnTally
        The deals, or their tally, which is grouped and dated already.
    period : Period or Periods
        The days in which a deal is both created and won: required. Several periods become a label.
    by : str or sequence of str, optional
        Label columns of the deals, or labels that ``reps`` lend.
    where : array of bool or mapping, optional
        The deals to read.
    reps : RepBook, optional
        Lends team, manager and its other labels to ``by``.
    as_of : date or str, optional
        The last day whose wins are known; the book's own by default.

    Returns
    -------
    MetricTable
        Unit ``money``; ``n`` counts the deals that have an amount. Nothing created and won: 0 with n = 0. No interval: it is a
        census.

    Examples
    --------
    >>> import salesmetrics as sm
    >>> deals = sm.read_deals({"amount": [100, 300], "outcome": ["won", "won"], "created": ["2026-01-05", "2025-11-02"],
    ...                        "closed": ["2026-02-01", "2026-02-01"]})
    >>> sm.create_and_close(deals, period=sm.Period("2026-01-01", "2026-04-01"))["all"].value
    100.0
    """
    tally = _turns(deals, period, by, where, reps, as_of)
    amount = tally.amount[..., 1].reshape(-1)
    return MetricTable(
        name="create_and_close",
        unit="money",
        labels=tally.window.cross(tally.labels),
        value=major(amount, tally.scale),
        n=tally.priced[..., 1].reshape(-1),
        reason_code=np.zeros(len(amount), dtype=np.int8),
        left_out={"no amount": int((tally.count - tally.priced)[..., 1].sum())} | _unborn(tally),
        definition=words(
            "amounts of deals won in the period they were created in", dated(tally.window, "closed", tally.as_of_day)
        ),
        minor=amount,
        scale=tally.scale,
        currency=tally.currency,
    )


@names_keywords
def create_and_close_share(
    deals: DealBook | DealScan | TurnTally,
    /,
    *,
    period: PeriodLike | None = None,
    by: By = None,
    where: Where | None = None,
    reps: RepBook | None = None,
    as_of: DayLike | None = None,
    weight: Literal["amount", "count"] = "amount",
) -> MetricTable:
    """Share of what is won in the period that comes from deals created in it: how much of our winning is born in the period?

    A fraction.

    Parameters
    ----------
    deals, period, by, where, reps, as_of
        As in `create_and_close`.
    weight : {"amount", "count"}
        Add the amounts of deals, or count them.

    Returns
    -------
    MetricTable
        Unit ``fraction``; ``n`` counts the deals won (with an amount, where amounts are weighed). Nothing won: NaN ``no_rows``;
        amounts that add up to 0: NaN ``zero_denominator``. Parts: ``created``, ``won``. No interval: it is a census.

    Raises
    ------
    InvalidDataError
        With weight "amount", if a deal won has a negative amount: a share of amounts has no room for credits.

    Examples
    --------
    >>> import salesmetrics as sm
    >>> deals = sm.read_deals({"amount": [100, 300], "outcome": ["won", "won"], "created": ["2026-01-05", "2025-11-02"],
    ...                        "closed": ["2026-02-01", "2026-02-01"]})
    >>> sm.create_and_close_share(deals, period=sm.Period("2026-01-01", "2026-04-01"))["all"].value
    0.25
    """
    _check.one_of(weight, ("amount", "count"), "weight")
    tally = _turns(deals, period, by, where, reps, as_of)
    money = weight == "amount"
    if money and int(tally.credits[0]):
        raise InvalidDataError(
            f"`amount` must be >= 0 in shares of amounts; got {int(tally.credits[0])} deals won that are not.",
            code="SM-AMT-08",
            field="amount",
            hint="where=deals['amount'] >= 0 leaves credits out; weight='count' does not read them.",
        )
    table = tally.amount if money else tally.count
    born, won = table[..., 1].reshape(-1), table.sum(axis=-1).reshape(-1)
    n = (tally.priced if money else tally.count).sum(axis=-1).reshape(-1)
    reason = reasons(len(n), ("no_rows", n == 0), ("zero_denominator", won == 0))
    parts: dict[str, AnyArray] = {"created": born, "won": won}
    with np.errstate(all="ignore"):
        share = born / won
    return MetricTable(
        name="create_and_close_share",
        unit="fraction",
        labels=tally.window.cross(tally.labels),
        value=blanked(share, reason),
        n=n,
        reason_code=reason,
        parts={name: major(v, tally.scale) for name, v in parts.items()} if money else parts,
        part_units=dict.fromkeys(parts, "money" if money else "count"),
        left_out=({"no amount": int((tally.count - tally.priced).sum())} if money else {}) | _unborn(tally),
        definition=words(
            f"won and created in the period / won in it, by {weight}", dated(tally.window, "closed", tally.as_of_day)
        ),
        scale=tally.scale,
        currency=tally.currency,
    )


@names_keywords
def pipeline_trend(
    deals: DealBook | DealScan | DealHistory,
    history: DealHistory | None = None,
    /,
    *,
    at: Sequence[object],
    by: By = None,
    due: PeriodLike | None = None,
    where: Where | None = None,
    reps: RepBook | None = None,
    overdue: Literal["exclude", "include", "only"] | None = None,
    undated: Literal["exclude", "include", "only"] | None = None,
    negative: Literal["raise", "exclude"] | None = None,
    quotas: QuotaBook | QuotaTally | None = None,
    basis: Literal["remaining", "full"] | None = None,
) -> MetricTable:
    """Money in deals that were open on each of several days: how does the pipeline develop?

    Money, an exact sum for each day, and with ``quotas`` the coverage it gave. It takes books only: nothing adds up over the
    days, so what merges over any cut of the deals is the tally of each day, ``PipelineTally.from_book`` of
    ``history.as_of(day, deals)``, which `open_pipeline` and `pipeline_coverage` answer.

    Parameters
    ----------
    deals : DealBook, DealScan or DealHistory
        The deals; or their history alone, where nothing but its changes is known of them.
    history : DealHistory, optional
        Their changes: amounts, expected closes, stages and owners are then those of each day. Without it they are those of
        the book, and only creation and closing days tell what was open; a note says so.
    at : sequence of date or str
        The days. They become the label "day".
    by, where, reps
        As in `open_pipeline`. With a history alone ``where`` is a mapping, by the labels of each day.
    due, overdue, undated, negative
        As in `open_pipeline`, on each day. With several days ``due`` is one Period or None.
    quotas : QuotaBook or QuotaTally, optional
        Adds the parts ``target`` and ``coverage``; it needs ``due``, and a deal book.
    basis : {"remaining", "full"}
        With ``quotas``, and required there: quota less what was booked by the day, or the whole quota.

    Returns
    -------
    MetricTable
        Unit ``money``; ``n`` counts the open deals that had an amount. Nothing open: 0 with n = 0. A part ``coverage`` is NaN
        where there is no quota or nothing is left to book, as in `pipeline_coverage`. No interval: it is a census.

    Raises
    ------
    InvalidArgumentError
        No day; a day after the last known one; quotas without ``due`` or ``basis``, or the other way round.

    Examples
    --------
    >>> import salesmetrics as sm
    >>> company = sm.datasets.sample_company(deals=500, rng=1)
    >>> trend = sm.pipeline_trend(company.deals, company.history, at=["2025-06-30", "2025-09-30"])
    >>> then = company.history.as_of("2025-06-30", company.deals)
    >>> trend["2025-06-30"].value == sm.open_pipeline(then)["all"].value
    True
    """
    days = _days(at, deals)
    _refuse_half(quotas, basis, due)
    choice = (overdue or "exclude", undated or "exclude", negative or "raise")
    given = (tuple(days), choice, by, due, reps)
    if isinstance(deals, DealHistory):
        _refuse_beside(history, quotas)
        refuse_rows(where)
        book = DealBook.empty(currency=deals.currency, scale=deals.scale)
        found, history = _Trend.from_history(deals, *given, where=where), deals
    elif isinstance(deals, DealScan):
        book = deal_book(deals)
        found = deals.tallied(_Trend, (history, *given), {"where": where})
    else:
        book = deal_book(deals)
        found = _Trend.from_book(book, history, *given, where=where)
    tallies = found.tallies
    dates = Levels("day", tuple(_check.date_of(day) for day in days), ordered=True)
    labels, places = _together([tally.labels for tally in tallies])
    covered: list[MetricTable] = []
    if quotas is not None and basis is not None:
        covered = _covered(book, tallies, quotas, basis, Asked(due, by, where, reps))
        labels, places = _together([*(tally.labels for tally in tallies), *(table.labels for table in covered)])
    amount = _stacked([tally.amount[:, 0] for tally in tallies], places, len(labels))
    priced = _stacked([tally.priced[:, 0] for tally in tallies], places, len(labels))
    parts = {}
    for part in ("target", "coverage") if covered else ():
        columns = [table.value if part == "coverage" else table.parts[part] for table in covered]
        parts[part] = _stacked(columns, places[len(tallies) :], len(labels), np.nan).reshape(-1)
    out = np.array([t.left_out for t in tallies]).sum(axis=0).tolist()
    return MetricTable(
        name="pipeline_trend",
        unit="money",
        labels=labels.crossed(dates),
        value=major(amount.reshape(-1), book.scale),
        n=priced.reshape(-1),
        reason_code=np.zeros(amount.size, dtype=np.int8),
        parts=parts,
        part_units={part: "fraction" if part == "coverage" else "money" for part in parts},
        left_out={"no amount": int(sum((t.count - t.priced).sum() for t in tallies))}
        | dict(zip(PipelineTally.causes, out, strict=True)),
        definition=words(
            "sum of amounts of deals open at the end of each day",
            dated(tallies[0].window, "expected_close"),
            None
            if not covered
            else f"coverage of {'the quota left to book' if basis == 'remaining' else 'the full quota'}",
        ),
        notes=("amounts, expected closes and labels are those of the book, not of the day.",)
        if history is None
        else not_tracked(zip(UNTOLD, found.lost.tolist(), strict=True)),
        minor=amount.reshape(-1),
        scale=book.scale,
        currency=book.currency,
    )


# --- turns -----------------------------------------------------------------------------------------------------------


def _turns(
    deals: DealBook | DealScan | TurnTally, period: object, by: By, where: object, reps: RepBook | None, as_of: object
) -> TurnTally:
    """Return the tally of a book, or the one that was given."""
    if isinstance(deals, TurnTally):
        refuse_grouping(deals, {"period": period, "by": by, "where": where, "reps": reps, "as_of": as_of})
        return deals
    return TurnTally.from_book(deal_book(deals), period=period, by=by, where=where, reps=reps, as_of=as_of)


def _unborn(tally: TurnTally) -> dict[str, int]:
    """Return how many deals won have no creation day, and count as created before."""
    return dict(zip(tally.causes, tally.left_out.tolist(), strict=True))


# --- days ------------------------------------------------------------------------------------------------------------


@attrs.frozen(eq=False)
class _Trend:
    """The tally of the deals open on each of several days, and of how many deals some column was not known then."""

    trails: ClassVar[bool] = True

    tallies: tuple[PipelineTally, ...]
    lost: IntArray

    @classmethod
    def from_book(
        cls,
        deals: DealBook,
        history: DealHistory | None,
        days: Sequence[int],
        choice: tuple[str, str, str],
        by: By,
        due: object,
        reps: RepBook | None,
        *,
        where: object,
    ) -> _Trend:
        """Return what a book holds on each of the days."""
        tallies = _tallies(_opened(deals, history, days, where), days, choice, by, due, reps)
        lost = np.zeros(len(UNTOLD), dtype=np.int64)
        if history is not None:
            more = {*(() if due is None else ("expected_close",)), *(() if reps is None else ("rep",))}
            read, paths = {"amount", *tallies[0].labels.names, *more}, trails(deals, history)
            if silent_on(paths, read):
                mask = deals.mask(where)
                rows = alive(deals, None if mask is None else np.flatnonzero(mask), min(days), max(days))
                lost = untold(paths, followed(paths, rows)[1], days, read)
        return cls(tallies, lost)

    @classmethod
    def from_history(
        cls,
        history: DealHistory,
        days: Sequence[int],
        choice: tuple[str, str, str],
        by: By,
        due: object,
        reps: RepBook | None,
        *,
        where: object,
    ) -> _Trend:
        """Return what was open on each of the days, by the changes alone."""
        told = alone(history)
        changes = _as_deals(told)

        def books() -> Iterator[DealBook]:
            for day in days:
                changes.kept(("open", day), functools.partial(_open_on, told, day))
                yield changes

        return cls(_tallies(books(), days, choice, by, due, reps, where), np.zeros(len(UNTOLD), dtype=np.int64))

    def __add__(self, other: _Trend) -> _Trend:
        """Return what the deals of both hold."""
        tallies = tuple(one + two for one, two in zip(self.tallies, other.tallies, strict=True))
        return _Trend(tallies, self.lost + other.lost)


def _tallies(
    books: Iterable[DealBook],
    days: Sequence[int],
    choice: tuple[str, str, str],
    by: By,
    due: object,
    reps: RepBook | None,
    where: object = None,
) -> tuple[PipelineTally, ...]:
    """Return the pipeline of each day, of books of the deals that may have been open then."""
    overdue, undated, negative = choice
    return tuple(
        PipelineTally.from_book(
            then,
            by=by,
            period=due,
            reps=reps,
            where=where,
            as_of=_check.date_of(day),
            weighted=False,
            overdue=overdue,
            undated=undated,
            negative=negative,
        )
        for day, then in zip(days, books, strict=True)
    )


def _refuse_beside(history: object, quotas: object) -> None:
    """Raise where something comes beside a history that only a deal book can be asked with."""
    for name, value in (("history", history), ("quotas", quotas)):
        if value is not None:
            raise InvalidTypeError(
                f"`deals` must be a DealBook where `{name}` is given; got {show('DealHistory')}.",
                code="SM-TRN-06",
                field="deals",
                hint="sm.pipeline_trend(deals, history, ...), or sm.pipeline_trend(history, ...) alone.",
            )


def _days(at: Sequence[object], deals: DealBook | DealScan | DealHistory) -> list[int]:
    """Return the days, checked: some, none of them after the last known one, each once."""
    if isinstance(at, str) or not hasattr(at, "__len__"):
        raise InvalidTypeError(
            f"`at` must be a sequence of days; got {show(at)}.",
            code="SM-TRN-02",
            field="at",
            values=[at],
            hint="at=['2026-01-31', '2026-02-28'].",
        )
    days = [_check.day(each, "at") for each in at]
    known = deals.as_of_day
    wrong = next((day for day in days if known is not None and day > known), None)
    if not days or wrong is not None or len(set(days)) < len(days):
        got = "none" if not days else str(_check.date_of(wrong)) if wrong is not None else "one twice"
        raise InvalidArgumentError(
            f"`at` must be days up to the last known one, each once; got {got}.", code="SM-TRN-03", field="at"
        )
    return days


def _refuse_half(quotas: object, basis: str | None, due: object) -> None:
    """Raise where quotas and what they need are not given together."""
    if quotas is not None:
        _check.one_of(basis, ("remaining", "full"), "basis")
    if (quotas is not None and not isinstance(due, Period)) or (due is not None and not isinstance(due, Period)):
        raise InvalidArgumentError(
            f"`due` must be one Period; got {show(due)}.",
            code="SM-TRN-04",
            field="due",
            values=[due],
            hint="a trend has a row for each day; call once for each period.",
        )
    if quotas is None and basis is not None:
        raise InvalidArgumentError(
            f"`basis` must not be given without `quotas`; got {show(basis)}.", code="SM-TRN-05", field="basis"
        )


def _opened(deals: DealBook, history: DealHistory | None, days: Sequence[int], where: object) -> Iterator[DealBook]:
    """Yield the deals that may have been open on each of the days, as they stood then."""
    mask = deals.mask(where)
    chosen = None if mask is None else np.flatnonzero(mask)
    if history is None:
        narrowed = deals if chosen is None else deals.take(chosen)
        yield from (narrowed for _ in days)
        return
    paths = trails(deals, history)
    for day in days:
        yield _standing_book(paths, alive(deals, chosen, day, day), day)


def _as_deals(history: DealHistory) -> DealBook:
    """Return the changes of a history, where they lie, in the form of a deal book with a row for each change.

    Which rows are deals open on a day is told to it day by day: they alone are then read, and the columns asked for alone.
    """
    columns = {
        name: column
        for name, column in history.columns.items()
        if name in ("amount", "expected_close") or (isinstance(column, LabelColumn) and name != "actor")
    }
    return DealBook(columns=columns, rows=history.rows, currency=history.currency, scale=history.scale)


def _open_on(history: DealHistory, day: int) -> OpenDeals:
    """Return the changes in force on a day that left their deals open."""
    return OpenDeals(history.open_on(day))


def _standing_book(paths: Trails, rows: IntArray, day: int) -> DealBook:
    """Return the deals of some rows that were open at the end of a day, as they stood then."""
    rows, place = followed(paths, rows)
    state = stood(paths, place, day)
    some = np.flatnonzero(state.opened)
    book = paths.deals
    columns: dict[str, Column] = {
        name: column.take(rows[some])
        for name, column in book.columns.items()
        if isinstance(column, LabelColumn) and name not in state.labels
    }
    columns |= {name: column.take(some) for name, column in state.labels.items()}
    known = state.known[some]
    columns["amount"] = MoneyColumn(state.minor[some], None if known.all() else known, book.scale)
    columns["expected_close"] = DayColumn(state.expected[some])
    outcome: LabelColumn = book.column("outcome", "open deals")
    columns["outcome"] = attrs.evolve(outcome, codes=np.zeros(len(some), dtype=outcome.codes.dtype))
    return attrs.evolve(book, columns=columns, rows=len(some), as_of_day=day)


def _covered(
    deals: DealBook, tallies: Sequence[PipelineTally], quotas: QuotaBook | QuotaTally, basis: str, asked: Asked
) -> list[MetricTable]:
    """Return the coverage of each day."""
    known = None
    if not isinstance(quotas, QuotaTally) and isinstance(asked.where, dict):
        known = {name: labels for name, labels in asked.where.items() if name in quotas.names}
    target = quota_tally(quotas, attrs.evolve(asked, by=tallies[0].by, where=known or None))
    one_currency(deals.currency, target.currency)
    found = []
    for tally in tallies:
        booked = None
        if basis == "remaining":
            day = _check.date_of(tally.as_of_day)
            booked = BookingTally.from_book(
                deals, by=asked.by, period=asked.period, where=asked.where, reps=asked.reps, as_of=day
            )
        found.append(coverage(tally, target, booked, tally.by, "amount"))
    return found


def _together(labels: Sequence[Labels]) -> tuple[Labels, list[IntArray]]:
    """Return the rows of all, and where the rows of each went."""
    every = functools.reduce(lambda one, other: one.union(other)[0], labels)
    return every, [every.union(each)[2] for each in labels]


def _stacked(columns: Sequence[AnyArray], places: Sequence[IntArray], rows: int, nothing: float = 0) -> AnyArray:
    """Return columns side by side, each value in the row it belongs to."""
    out = np.full((rows, len(columns)), nothing, dtype=columns[0].dtype)
    for at, (column, place) in enumerate(zip(columns, places, strict=False)):
        out[place, at] = column
    return out
