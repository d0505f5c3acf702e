"""The way in for deals."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

import numpy as np

from salesmetrics import _check, convert
from salesmetrics.books import RepBook
from salesmetrics.books.deals import DealBook, chance_problems, deal_problems, stale_note
from salesmetrics.calendars import DayLike
from salesmetrics.columns import Column, DayColumn, LabelColumn
from salesmetrics.convert import Problem
from salesmetrics.domain import OUTCOMES, Deal, SalesProcess
from salesmetrics.errors import MissingColumnError, show
from salesmetrics.keywords import names_keywords
from salesmetrics.rates import FxTable
from salesmetrics.readers.currencies import coins_of, rate_days
from salesmetrics.readers.doubles import UPDATED, keep_last
from salesmetrics.readers.leaving import leave_out, leave_out_merged
from salesmetrics.readers.mapped import Named, any_source, checked_forms, named
from salesmetrics.readers.ordering import order_problems, staged
from salesmetrics.readers.owners import absent_owners, rep_book_or_none, unknown_owners
from salesmetrics.readers.rules import Judge, checked_mode
from salesmetrics.readers.source import Role

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
    "currency",
    UPDATED,
)
BY_OUTCOME = ("won_date", "lost_date")
_ROLES: dict[str, Role] = {
    "rep": "label",
    "outcome": "label",
    "stage": "label",
    "amount": "money",
    "created": "day",
    "closed": "day",
    "expected_close": "day",
    "close_date": "day",
    "forecast_category": "label",
}


@names_keywords
def read_deals(
    source: Any,
    columns: Mapping[str, str] | None = None,
    *,
    as_of: DayLike | None = None,
    currency: str | None = None,
    scale: int | None = None,
    rates: FxTable | None = None,
    rate_day: object = None,
    currencies: Mapping[str, str] | Literal["upper"] | None = None,
    money_format: str | None = None,
    reps: RepBook | None = None,
    zone: str | None = None,
    process: SalesProcess | None = None,
    outcomes: Mapping[Any, str] | None = None,
    merged: Any = None,
    date_format: str | Mapping[str, str] | None = None,
    sentinels: Iterable[object] = (),
    allow_negative: bool = False,
    rounding: Literal["half_even"] | None = None,
    duplicates: Literal["last"] | None = None,
    repair: Literal["blank_created"] | None = None,
    on_error: Literal["raise", "collect", "drop"] = "raise",
) -> DealBook:
    """Book of deals from a CSV file, a frame, a mapping of columns or `Deal` objects.

    Parameters
    ----------
    source : path, text stream, frame, mapping of array_like or iterable of Deal
        The deals. Columns that bear our names (``id, rep, amount, created, expected_close, closed, stage, outcome,
        probability, forecast_category``), in any case and with blanks too, need no map; ``close_date`` is taken as expected
        while a deal is open and as closed once it is decided. None is required.
    columns : mapping of str to str, optional
        Our name to the source's: ``{"amount": "Amount (USD)"}``, or one of `salesmetrics.maps`. Further columns of texts or
        whole numbers become labels under their own names; under a map of a system those of words do, and ids and labels are
        texts. ``won_date`` and ``lost_date`` are the days of deals that were won and lost.
    as_of : date or str, optional
        The day the data were taken: the default of every metric that needs a day, and the last day a deal may be closed.
    currency : str, optional
        The one currency of all amounts in the book, such as ``"USD"``. By default that of the column ``currency``, where the
        source has one, or the base of the rates.
    scale : int, optional
        Decimals of the minor unit: the currency's by default, else 2. Unit prices may need 4.
    rates : FxTable, optional
        Exchange rates, by which amounts in the currency of their column ``currency`` become amounts in the book's: decided
        deals by the rate of the day they closed, open ones by that of ``as_of``. Each amount is rounded once, half to even.
    rate_day : date or str, optional
        Convert all deals by the rates of this day instead: the plan's rates, or last year's.
    currencies : mapping or "upper", optional
        What the source's words for currencies mean, ``{"Euro": "EUR"}``; ``"upper"`` takes codes in any case.
    money_format : str, optional
        How texts write amounts, by an example of itself: ``"1,234.56"``, ``"1.234,56"``, ``"1 234,56"``, ``"1'234.56"``,
        ``"12,34,567.89"``, ``"1234,56"`` or ``"1234.56"``. Signs and codes of currency, minus signs behind and brackets for
        negative amounts are taken too. Without it texts are plain decimals.
    reps : RepBook, optional
        The book of reps, which must know every rep of the deals; deals decided while their rep was not there are warned of.
    zone : str, optional
        The business time zone, in which instants become days.
    process : SalesProcess, optional
        The stages in their order, their default probabilities, and what a stage means where there is no ``outcome``.
    outcomes : mapping, optional
        What the source's words mean: ``{"Closed Won": "won", "Closed Lost": "lost", "Negotiation": "open"}``.
    merged : table or iterable of ids, optional
        Deals that were merged into others, which are left out and counted: their ids, or a table with the column
        ``merged_deal_id``.
    date_format : str or mapping of str to str, optional
        How texts write days, for `datetime.datetime.strptime`, or ``"unix_ms"``, ``"unix_s"``, ``"excel"``; ISO by default.
        A mapping says so for some fields: ``{"closed": "%d/%m/%Y"}``.
    sentinels : iterable of date, optional
        Days that mean "none", such as ``"9999-12-31"``.
    allow_negative : bool, default False
        Take credits (negative amounts).
    rounding : {None, "half_even"}
        Round amounts that are finer than the minor unit, instead of refusing them.
    duplicates : {None, "last"}
        Keep the row of an id that was written last, by the column ``updated`` of days or instants, and count the others.
        Rows that it does not tell apart are refused.
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
    mode, people = checked_mode(on_error), rep_book_or_none(reps)
    here = source if isinstance(source, Named) else named(any_source(source, Deal), columns, FIELDS, table="deals")
    checked_forms(here, date_format)
    judge = Judge(mode, here.source.rows, here.source.lines, here.names)
    judge.hear(here.source.problems)
    leave_out(here, judge)
    book: dict[str, Column] = {}
    _keys(here, judge, book, merged, duplicates, date_format)
    here.ahead(_ROLES)
    coins = coins_of(
        here,
        judge,
        currency,
        scale,
        rates,
        rate_day,
        currencies,
        rounding=rounding,
        allow_negative=allow_negative,
        money_format=money_format,
    )
    book |= coins.column
    _labels(here, judge, book, process)
    if process is not None and isinstance(words := book.get("stage"), LabelColumn):
        book["stage"], problems = staged(words, process)
        judge.hear(problems)
    converted: list[str] = []
    if "amount" in here and not coins.foreign:
        book["amount"], _ = coins.amounts(here.pieces("amount") or here.raw("amount", "money"), judge)
    _days(here, judge, book, zone, date_format, sentinels, taken)
    _outcome(here, judge, book, outcomes, process)
    if "probability" in here:
        raw = here.pieces("probability") or here.raw("probability", "probability")
        book["probability"], problems = convert.probability(raw, "probability", scale=here.shape.probability_scale)
        judge.hear(problems)
    _split_close_date(book)
    if "amount" in here and coins.foreign:  # the rate that counts is known with the day
        day = rate_days(book, here.source.rows, taken)
        book["amount"], converted = coins.amounts(here.raw("amount", "money"), judge, day=day)
    extra = _extra(here, judge, book)
    if repair is not None:
        _check.one_of(repair, ("blank_created",), "repair")
        _blank_created(book, judge)
    clean, rows = judge.settled(
        _ordered(book), lambda columns: [*unknown_owners(columns, people), *deal_problems(columns, taken)]
    )
    if not here.quiet:  # warnings, and nothing else, come of these
        judge.hear([*absent_owners(clean, people), *chance_problems(clean)])
        judge.notes += [note for note in (stale_note(clean, taken),) if note]
        judge.warn()
    return DealBook(
        columns=clean,
        rows=rows,
        currency=coins.currency,
        scale=coins.scale,
        as_of_day=taken,
        rejects=judge.rejects(),
        notes=tuple(judge.notes + converted + extra + list(here.source.notes)),
        process=process,
    )


def _keys(
    here: Named,
    judge: Judge,
    book: dict[str, Column],
    merged: object,
    duplicates: str | None,
    date_format: str | Mapping[str, str] | None,
) -> None:
    """Read the ids, leave out the deals that were merged into others, and check ids whose form is known."""
    if "id" not in here:
        if merged is not None:
            raise MissingColumnError(
                "`merged` must go with a column of ids; got a source without one.",
                code="SM-SRC-05",
                field="id",
                hint="name it by columns={'id': ...}.",
            )
        return
    ids, problems = convert.key(here.raw("id", "key"), "id")
    book["id"] = ids
    judge.keys = ids
    leave_out_merged(here, judge, ids, merged)
    judge.hear(keep_last(here, judge, ids, problems, duplicates, date_format))
    if "id" in here.shape.ids and ids.are_texts:
        judge.hear(convert.wrong_records(ids.values, "id", here.shape.id_length))


def _labels(here: Named, judge: Judge, book: dict[str, Column], process: SalesProcess | None) -> None:
    """Read columns of labels."""
    for field in ("rep", "stage", "forecast_category"):
        if field in here:
            raw = here.raw(field, "label")
            if field == "stage":
                judge.hear(order_problems(raw, process))
            words, problems = convert.label(raw, field)
            book[field] = words
            judge.hear(problems)
            if field in here.shape.ids and here.shape.id_length is not None:
                judge.hear(convert.wrong_records(words.user(), field, here.shape.id_length))


def _days(
    here: Named,
    judge: Judge,
    book: dict[str, Column],
    zone: str | None,
    date_format: str | Mapping[str, str] | None,
    sentinels: Iterable[object],
    as_of: int | None,
) -> None:
    """Read columns of days."""
    for field in ("created", "expected_close", "closed", "close_date", *BY_OUTCOME):
        if field in here:
            book[field], problems = convert.day(
                here.raw(field, "day"),
                field,
                zone=zone,
                date_format=date_format,
                sentinels=sentinels,
                as_of=as_of,
                **here.timing(field),
            )
            judge.hear(problems)


def _outcome(
    here: Named,
    judge: Judge,
    book: dict[str, Column],
    outcomes: Mapping[Any, str] | None,
    process: SalesProcess | None,
) -> None:
    """Read the outcome: a column of words, flags, or what the stage means."""
    words = outcomes if outcomes is not None else here.shape.outcomes
    if words is not None and here.shape.as_text:
        words = {str(word) if isinstance(word, int) else word: meant for word, meant in words.items()}
    stage = book.get("stage")
    if "outcome" in here:
        book["outcome"], problems = convert.outcome(here.raw("outcome", "label"), "outcome", words)
    elif isinstance(stage, LabelColumn) and outcomes is not None:
        book["outcome"], problems = convert.outcome(here.raw("stage", "label"), "stage", words)
    elif (flagged := _flagged(here)) is not None:
        book["outcome"], problems = flagged
    elif isinstance(stage, LabelColumn) and (words is not None or process is not None):
        if words is None and process is not None:
            words = {name: process.outcome(name) for name in process.names}
        book["outcome"], problems = convert.outcome(here.raw("stage", "label"), "stage", words)
    else:
        return
    judge.hear(problems)


def _flagged(here: Named) -> tuple[LabelColumn, list[Problem]] | None:
    """Return the outcomes by the flags of the map, None where the source lacks them."""
    names = {what: here.mark(column) for what, column in here.shape.flags.items()}
    found = {what: name for what, name in names.items() if name is not None}
    raw = {what: here.source.raw(name, "flag") for what, name in found.items()}
    if {"closed", "won"} <= set(raw):
        return convert.outcome_from_flags(raw["closed"], raw["won"], names=(found["closed"], found["won"]))
    if {"won", "lost"} <= set(raw):
        return convert.outcome_from_ends(raw["won"], raw["lost"], names=(found["won"], found["lost"]))
    return None


def _split_close_date(book: dict[str, Column]) -> None:
    """Turn one close date for both, and days by outcome, into the expected day of open deals and the closed day of others."""
    outcome = book.get("outcome")
    codes = outcome.codes if isinstance(outcome, LabelColumn) else None
    for source, field, wanted in (
        ("won_date", "closed", (1,)),
        ("lost_date", "closed", (2, 3)),
        ("close_date", "closed", (1, 2, 3)),
        ("close_date", "expected_close", (0, -1)),
    ):
        given = book.get(source)
        if isinstance(given, DayColumn):
            counts = np.array([code in wanted for code in (*range(len(OUTCOMES)), -1)])
            mask = counts[codes] if codes is not None else np.full(len(given), 0 in wanted)
            own = book.get(field)
            if isinstance(own, DayColumn):
                book[field] = DayColumn(np.where(mask & (own.days < 0), given.days, own.days))
            else:
                book[field] = DayColumn(np.where(mask, given.days, np.int32(-1)))
    for source in ("close_date", *BY_OUTCOME):
        book.pop(source, None)


def _extra(here: Named, judge: Judge, book: dict[str, Column]) -> list[str]:
    """Read further columns as labels, and say which were left out."""
    left, marks = [], here.marks
    wanted = [(ours, theirs) for ours, theirs in here.names.items() if ours not in (*FIELDS, *BY_OUTCOME)]
    wanted += [(name, name) for name in here.others if name not in marks]
    for at, (ours, theirs) in enumerate(wanted):
        if at % 2 == 0:  # no more than two, which may be large and no labels at all
            here.source.ahead([(each, "label") for own, each in wanted[at : at + 2] if own not in book])
        if ours in book or not here.can_label(ours, theirs):
            left.append(theirs)
            continue
        raw = here.raw(ours, "label") if ours in here else here.source.raw(theirs, "label")
        book[ours], problems = convert.label(raw, ours)
        judge.hear(problems)
    way = " (name one in the map to have it)" if here.shape.as_text else ""
    return [f"not read as labels: {', '.join(show(name) for name in left)}{way}"] if left else []


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
