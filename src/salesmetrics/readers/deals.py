"""The way in for deals."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

import numpy as np

from salesmetrics import _check, convert
from salesmetrics.books.deals import DealBook, deal_problems, stale_note
from salesmetrics.columns import Column, DayColumn, LabelColumn, smallest_codes
from salesmetrics.convert import Problem
from salesmetrics.domain import Deal, SalesProcess
from salesmetrics.errors import nearest, show
from salesmetrics.money import resolve_scale
from salesmetrics.readers.mapped import Named, any_source, named
from salesmetrics.readers.maps import ColumnMap
from salesmetrics.readers.rules import Judge, checked_mode

__all__ = ["read_deals"]

FIELDS = (
    "id",
    "rep",
    "amount",
    "created",
    "expected_close",
    "closed",
    "close_date",
    "stage",
    "outcome",
    "probability",
    "forecast_category",
)


def read_deals(
    source: Any,
    columns: Mapping[str, str] | None = None,
    *,
    as_of: object = None,
    currency: str | None = None,
    scale: int | None = None,
    zone: str | None = None,
    process: SalesProcess | None = None,
    outcomes: Mapping[Any, str] | None = None,
    date_format: str | None = None,
    sentinels: Iterable[object] = (),
    allow_negative: bool = False,
    rounding: Literal["half_even"] | None = None,
    repair: Literal["blank_created"] | None = None,
    on_error: Literal["raise", "collect", "drop"] = "raise",
) -> DealBook:
    """Book of deals from a CSV file, a frame, a mapping of columns or `Deal` objects.

    Parameters
    ----------
    source : path, text stream, frame, mapping of array_like or iterable of Deal
        The deals. Columns that bear our names (``id, rep, amount, created, expected_close, closed, stage, outcome,
        probability, forecast_category``) need no map; ``close_date`` is taken as expected while a deal is open and as closed
        once it is decided. None is required.
    columns : mapping of str to str, optional
        Our name to the source's: ``{"amount": "Amount (USD)"}``, or one of `salesmetrics.maps`. Further columns of texts or
        whole numbers become labels under their own names.
    as_of : date or str, optional
        The day the data were taken: the default of every metric that needs a day, and the last day a deal may be closed.
    currency : str, optional
        The one currency of all amounts, such as ``"USD"``.
    scale : int, optional
        Decimals of the minor unit: the currency's by default, else 2. Unit prices may need 4.
    zone : str, optional
        The business time zone, in which instants become days.
    process : SalesProcess, optional
        The stages in their order, their default probabilities, and what a stage means where there is no ``outcome``.
    outcomes : mapping, optional
        What the source's words mean: ``{"Closed Won": "won", "Closed Lost": "lost", "Negotiation": "open"}``.
    date_format : str, optional
        How texts write days, for `datetime.datetime.strptime`; ISO by default.
    sentinels : iterable of date, optional
        Days that mean "none", such as ``"9999-12-31"``.
    allow_negative : bool, default False
        Take credits (negative amounts).
    rounding : {None, "half_even"}
        Round amounts that are finer than the minor unit, instead of refusing them.
    repair : {None, "blank_created"}
        Keep deals that closed before they were created, without their creation day.
    on_error : {"raise", "collect", "drop"}
        Raise at the first rule that rows break; run all rules and raise once; or leave such rows out and count them.

    Returns
    -------
    DealBook
        The deals, checked once.

    Raises
    ------
    InvalidDataError
        Rows break a rule; the error names column, row, key and value, and holds all of them.
    MissingColumnError
        The map names columns that the source lacks.

    Examples
    --------
    >>> import salesmetrics as sm
    >>> deals = sm.read_deals({"id": ["D1", "D2"], "Owner": ["Ana", "Ben"], "amount": [1200.50, 800],
    ...                        "outcome": ["won", "open"], "closed": ["2026-02-03", None]}, {"rep": "Owner"}, currency="USD")
    >>> deals["amount"]
    array([1200.5,  800. ])
    """
    taken = _check.optional_day(as_of, "as_of")
    decimals = resolve_scale(currency, scale)
    mode = checked_mode(on_error)
    here = named(any_source(source, Deal), columns, FIELDS)
    shape = columns if isinstance(columns, ColumnMap) else ColumnMap(dict(columns or {}))
    judge = Judge(mode, here.source.rows, here.source.lines, here.names)
    judge.hear(here.source.problems)
    _leave_out_deleted(here, judge, shape)
    book: dict[str, Column] = {}
    if "id" in here:
        book["id"], problems = convert.key(here.raw("id", "key"), "id")
        judge.keys = book["id"].user()
        judge.hear(problems)
    _labels(here, judge, book, ("rep", "stage", "forecast_category"))
    if process is not None and isinstance(book.get("stage"), LabelColumn):
        book["stage"], problems = _staged(book["stage"], process)
        judge.hear(problems)
    if "amount" in here:
        raw = here.raw("amount", "money")
        book["amount"], problems = convert.money(
            raw, "amount", decimals, rounding=rounding, allow_negative=allow_negative
        )
        judge.hear(problems)
    _days(here, judge, book, shape, zone, date_format, sentinels, taken)
    _outcome(here, judge, book, shape, outcomes, process)
    if "probability" in here:
        raw = here.raw("probability", "probability")
        book["probability"], problems = convert.probability(raw, "probability", scale=shape.probability_scale)
        judge.hear(problems)
    _split_close_date(book)
    extra = _extra(here, judge, book, shape)
    if repair is not None:
        _check.one_of(repair, ("blank_created",), "repair")
        _blank_created(book, judge)
    clean, kept = judge.settle(_ordered(book), lambda columns: deal_problems(columns, taken))
    judge.notes += [note for note in (stale_note(clean, taken),) if note]
    judge.warn()
    return DealBook(
        columns=clean,
        rows=len(kept),
        currency=currency,
        scale=decimals,
        as_of_day=taken,
        rejects=judge.rejects(),
        notes=tuple(judge.notes + extra + list(here.source.notes)),
        process=process,
    )


def _labels(here: Named, judge: Judge, book: dict[str, Column], fields: tuple[str, ...]) -> None:
    """Read columns of labels."""
    for field in fields:
        if field in here:
            book[field], problems = convert.label(here.raw(field, "label"), field)
            judge.hear(problems)


def _days(
    here: Named,
    judge: Judge,
    book: dict[str, Column],
    shape: ColumnMap,
    zone: str | None,
    date_format: str | None,
    sentinels: Iterable[object],
    as_of: int | None,
) -> None:
    """Read columns of days."""
    for field in ("created", "expected_close", "closed", "close_date"):
        if field in here:
            book[field], problems = convert.day(
                here.raw(field, "day"),
                field,
                zone=zone,
                date_format=date_format,
                sentinels=sentinels,
                as_of=as_of,
                instant=field in shape.instants if shape.instants else None,
            )
            judge.hear(problems)


def _outcome(
    here: Named,
    judge: Judge,
    book: dict[str, Column],
    shape: ColumnMap,
    outcomes: Mapping[Any, str] | None,
    process: SalesProcess | None,
) -> None:
    """Read the outcome: a column of words, two flags, or what the stage means."""
    words = outcomes if outcomes is not None else shape.outcomes
    stage = book.get("stage")
    if "outcome" in here:
        book["outcome"], problems = convert.outcome(here.raw("outcome", "label"), "outcome", words)
    elif shape.flags is not None and all(flag in here.source.names for flag in shape.flags):
        closed, won = (here.source.raw(flag, "flag") for flag in shape.flags)
        book["outcome"], problems = convert.outcome_from_flags(closed, won, names=shape.flags)
    elif isinstance(stage, LabelColumn) and (words is not None or process is not None):
        if words is None and process is not None:
            words = {name: process.outcome(name) for name in process.names}
        book["outcome"], problems = convert.outcome(here.raw("stage", "label"), "stage", words)
    else:
        return
    judge.hear(problems)


def _staged(column: Column, process: SalesProcess) -> tuple[LabelColumn, list[Problem]]:
    """Return the stages in the order of the process, and the rows with a stage that it does not know."""
    assert isinstance(column, LabelColumn)
    levels = tuple(process.names)
    place = {name: at for at, name in enumerate(levels)}
    unknown = [level for level in column.levels if level not in place]
    lookup = np.array([*(place.get(level, -2) for level in column.levels), -1], dtype=np.int64)
    codes = lookup[column.codes]
    problems = []
    if unknown:
        rows = np.flatnonzero(codes == -2)
        values = list(column.take(rows).user())
        hint = nearest(unknown[0], levels)
        problems = [Problem("SM-STG-01", "stage", "be a stage of the process in every row", rows, values, hint)][
            : len(rows)
        ]
    return LabelColumn(smallest_codes(np.maximum(codes, -1), len(levels)), levels, ordered=True), problems


def _split_close_date(book: dict[str, Column]) -> None:
    """Turn one close date for both into the expected day of open deals and the closed day of decided ones."""
    both, outcome = book.pop("close_date", None), book.get("outcome")
    if not isinstance(both, DayColumn):
        return
    decided = outcome.codes > 0 if isinstance(outcome, LabelColumn) else np.zeros(len(both), dtype=bool)
    for field, mask in (("closed", decided), ("expected_close", ~decided)):
        own = book.get(field)
        other = own.days if isinstance(own, DayColumn) else np.full(len(both), -1, dtype=np.int32)
        book[field] = DayColumn(np.where(mask & (other < 0), both.days, other).astype(np.int32))


def _extra(here: Named, judge: Judge, book: dict[str, Column], shape: ColumnMap) -> list[str]:
    """Read further columns as labels, and say which were left out."""
    left = []
    skip = {*(shape.flags or ()), shape.deleted}
    wanted = [(ours, theirs) for ours, theirs in here.names.items() if ours not in FIELDS]
    wanted += [(name, name) for name in here.others if name not in skip]
    for ours, theirs in wanted:
        if ours in book or not here.source.can_label(theirs):
            left.append(theirs)
            continue
        book[ours], problems = convert.label(here.source.raw(theirs, "label"), ours)
        judge.hear(problems)
    return [f"not read as labels: {', '.join(show(name) for name in left)}"] if left else []


def _leave_out_deleted(here: Named, judge: Judge, shape: ColumnMap) -> None:
    """Leave out the rows that the source marks as deleted, whatever else is wrong with them, and count them."""
    if shape.deleted is None or shape.deleted not in here.source.names:
        return
    flags, problems = convert.flag(here.source.raw(shape.deleted, "flag"), "deleted")
    judge.hear(problems)
    rows = np.flatnonzero(flags == 1)
    values: list[object] = [True] * len(rows)
    judge.leave_out(Problem("SM-DEL-01", "deleted", "not be marked as deleted", rows, values))


def _blank_created(book: dict[str, Column], judge: Judge) -> None:
    """Blank the creation day of deals that closed before it, and count them."""
    created, closed = book.get("created"), book.get("closed")
    if isinstance(created, DayColumn) and isinstance(closed, DayColumn):
        wrong = (closed.days >= 0) & (closed.days < created.days)
        if wrong.any():
            book["created"] = DayColumn(np.where(wrong, -1, created.days).astype(np.int32))
            judge.notes.append(f"`created` was blanked in {int(wrong.sum())} deals that closed before it")


def _ordered(book: dict[str, Column]) -> dict[str, Column]:
    """Return the columns with ours first, in their order."""
    return {name: book[name] for name in [*(f for f in FIELDS if f in book), *(n for n in book if n not in FIELDS)]}
