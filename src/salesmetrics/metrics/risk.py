"""Are the records in order, which deals are at risk, and does one deal carry the pipeline?"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Literal

import attrs
import numpy as np

from salesmetrics import _check
from salesmetrics._histograms import rolled
from salesmetrics.answers import blanked, dated, major, reasons, words
from salesmetrics.arrays import AnyArray, BoolArray, FloatArray, IntArray, Where
from salesmetrics.asking import activity_book, deal_book, deal_history
from salesmetrics.books import ActivityBook, DealBook, DealHistory, RepBook
from salesmetrics.calendars import DayLike, PeriodLike
from salesmetrics.errors import InvalidArgumentError, MergeError, MissingColumnError, show
from salesmetrics.flagging import AT_RISK, HYGIENE, FlagRules, chosen_flags
from salesmetrics.grouping import as_of_day
from salesmetrics.keywords import names_keywords
from salesmetrics.results import MetricTable
from salesmetrics.scans import DealScan
from salesmetrics.tallies import HygieneTally, SizeTally
from salesmetrics.tally import refuse_grouping

__all__ = ["at_risk", "concentration", "hygiene_share"]

By = str | tuple[str, ...] | list[str] | None


@names_keywords
def hygiene_share(
    deals: DealBook | DealScan | HygieneTally,
    /,
    *,
    by: By = None,
    where: Where | None = None,
    reps: RepBook | None = None,
    as_of: DayLike | None = None,
    history: DealHistory | None = None,
    activities: ActivityBook | None = None,
    flags: str | Sequence[str] | None = None,
    rules: FlagRules | None = None,
    negative: Literal["raise", "exclude"] | None = None,
) -> MetricTable:
    """Share of the open deals without any of the chosen flags: are the records in order?

    A fraction in [0, 1], a census.

    Parameters
    ----------
    deals : DealBook, DealScan or HygieneTally
        The deals, or their tally, which is grouped and dated already.
    by : str or sequence of str, optional
        Label columns of the deals, or labels that ``reps`` lend. Owner, stage and forecast category are those of the day.
    where : array of bool or mapping, optional
        The deals to read, by their labels as they are now; thresholds are learned from no others.
    reps : RepBook, optional
        Lends team, manager and its other labels to ``by``.
    as_of : date or str, optional
        The day of the snapshot; the book's own day by default, and required where it has none.
    history, activities : DealHistory, ActivityBook, optional
        What `flags` reads beside the deals.
    flags : str or sequence of str, default ("overdue", "undated", "unpriced", "ownerless")
        The flags that count, of those of `flags`. A tally gives all of its own, or some of them.
    rules : FlagRules, optional
        The thresholds; `FlagRules` states each default.
    negative : {"raise", "exclude"}, default "raise"
        With "concentrated" among the flags: what to do about credits.

    Returns
    -------
    MetricTable
        Unit ``fraction``; ``n`` counts the open deals. None: NaN ``no_rows``. No interval. Parts: ``clean``, deals without a
        flag; ``unknown``, those of them of which some flag is not known (it is not raised, and the share may be lower by as
        many); ``flagged_amount``, the money in the others; and for each flag the deals that have it.

    Raises
    ------
    MissingColumnError
        If a flag is asked for by name that nothing given tells. Of the default flags such are left out, and a note says so.

    See Also
    --------
    flags : The same deal by deal.

    Examples
    --------
    >>> import salesmetrics as sm
    >>> deals = sm.read_deals({"id": [1, 2, 3, 4], "rep": ["Ana", "Ana", "Bo", "Bo"], "amount": [10, None, 30, 40],
    ...                        "expected_close": ["2026-03-31", "2026-03-31", "2026-01-31", "2026-02-05"],
    ...                        "outcome": ["open"] * 4})
    >>> share = sm.hygiene_share(deals, by="rep", as_of="2026-02-05")
    >>> share.value.tolist(), share.parts["overdue"].tolist()
    ([0.5, 0.5], [0, 1])
    """
    asked = _Asked(by, where, reps, as_of, history, activities, rules, negative)
    tally, chosen = _flagged(deals, asked, flags, HYGIENE)
    found = _Found.of(tally, chosen)
    reason = reasons(len(found.open), ("no_rows", found.open == 0))
    with np.errstate(all="ignore"):
        value = found.clean / found.open
    parts = {"clean": found.clean, "unknown": found.unknown, "flagged_amount": major(found.amount, tally.scale)}
    said = f"open deals with none of: {_listed(tally, chosen)} / open deals"
    return _table("hygiene_share", "fraction", tally, chosen, blanked(value, reason), reason, found, parts, said)


@names_keywords
def at_risk(
    deals: DealBook | DealScan | HygieneTally,
    /,
    *,
    by: By = None,
    where: Where | None = None,
    reps: RepBook | None = None,
    as_of: DayLike | None = None,
    history: DealHistory | None = None,
    activities: ActivityBook | None = None,
    flags: str | Sequence[str] | None = None,
    rules: FlagRules | None = None,
    negative: Literal["raise", "exclude"] | None = None,
) -> MetricTable:
    """Open deals with any of some flags, and the money in them: what is at risk?

    A count. It adds up over groups.

    Parameters
    ----------
    deals, by, where, reps, as_of, history, activities, rules
        As in `hygiene_share`.
    flags : str or sequence of str, default ("overdue", "no_next_step", "stale", "over_age", "pushed")
        Any of these puts a deal at risk.
    negative : {"raise", "exclude"}, default "raise"
        What to do about credits among the open deals: refuse them, or leave their amounts out and count them.

    Returns
    -------
    MetricTable
        Unit ``count``; ``n`` counts the open deals. Nothing open: 0 with n = 0. No interval: it is a census. Parts:
        ``amount``, the money at risk, the sum of the amounts of these deals; ``open_amount``, that of all open deals;
        ``unknown``, deals without any of the flags of which some are not known; and for each flag the deals that have it. Open
        deals without an amount are counted, and left out of the money.

    Raises
    ------
    MissingColumnError
        As in `hygiene_share`.

    Notes
    -----
    A deal with two flags is one deal, so that the flags add up to more than the count.

    Examples
    --------
    >>> import salesmetrics as sm
    >>> company = sm.datasets.sample_company(deals=2_000, rng=7)
    >>> risk = sm.at_risk(company.deals, history=company.history, by="rep")
    >>> int(risk.value.sum()) <= int(risk.n.sum()), risk.notes
    (True, ('no_next_step is not read: it needs activities',))
    """
    asked = _Asked(by, where, reps, as_of, history, activities, rules, negative)
    tally, chosen = _flagged(deals, asked, flags, AT_RISK, money=True)
    found = _Found.of(tally, chosen)
    value = found.open - found.clean
    parts = {
        "amount": major(found.amount, tally.scale),
        "open_amount": major(found.open_amount, tally.scale),
        "unknown": found.unknown,
    }
    said = f"open deals with any of: {_listed(tally, chosen)}"
    reason = np.zeros(len(value), dtype=np.int8)
    return _table("at_risk", "count", tally, chosen, value.astype(np.float64), reason, found, parts, said)


@names_keywords
def concentration(
    deals: DealBook | DealScan | SizeTally,
    /,
    *,
    by: By = None,
    due: PeriodLike | None = None,
    where: Where | None = None,
    reps: RepBook | None = None,
    as_of: DayLike | None = None,
    top: int | float | Fraction | Decimal = 1,
    negative: Literal["raise", "exclude"] | None = None,
) -> MetricTable:
    """Share of the open pipeline that its largest deals are: does one deal carry it?

    A fraction in (0, 1]. Of bookings by rep it is `top_share`.

    Parameters
    ----------
    deals : DealBook, DealScan or SizeTally
        The deals, or their tally with ``of="open"``, which is grouped and dated already.
    by : str or sequence of str, optional
        Label columns of the deals, or labels that ``reps`` lend; each group has a pipeline of its own.
    due : Period or Periods, optional
        Only deals expected to close in it, on or after ``as_of``. None is every open deal, whatever its date.
    where : array of bool or mapping, optional
        The deals to read.
    reps : RepBook, optional
        Lends team, manager and its other labels to ``by``.
    as_of : date or str, optional
        The day of the snapshot; the book's own day by default, and required where it has none.
    top : int or float, default 1
        How many deals: a whole number, or (written as a float) a fraction of them in (0, 1], rounded up.
    negative : {"raise", "exclude"}, default "raise"
        What to do about credits.

    Returns
    -------
    MetricTable
        Unit ``fraction``; ``n`` counts the open deals with an amount, the others are left out and counted. None: NaN
        ``no_rows``. Nothing in them: NaN ``zero_denominator``. No interval: it is a census. Parts: ``largest`` and ``open``,
        money.

    Raises
    ------
    MergeError
        The tally is not one of the deals open on a day.

    Examples
    --------
    >>> import salesmetrics as sm
    >>> deals = sm.read_deals({"amount": [600, 300, 100], "outcome": ["open"] * 3}, as_of="2026-01-31")
    >>> sm.concentration(deals)["all"].value, sm.concentration(deals, top=2)["all"].value
    (0.6, 0.9)
    """
    if isinstance(deals, SizeTally):
        given = {"by": by, "due": due, "where": where, "reps": reps, "as_of": as_of, "negative": negative}
        refuse_grouping(deals, given)
        tally = deals
        if tally.of != "open" or tally.as_of_day is None:
            raise MergeError(
                f"the tally must be of open deals on a day; got one of {show(tally.of)} deals.",
                code="SM-TLY-21",
                field="of",
                hint="SizeTally.from_book(deals, of='open', as_of=...).",
            )
    else:
        book = deal_book(deals)
        as_of_day(book, as_of, needed="a pipeline, which is a snapshot")
        asked = {"by": by, "period": due, "where": where, "reps": reps, "as_of": as_of}
        tally = SizeTally.from_book(book, **asked, of="open", negative=negative or "raise")  # type: ignore[arg-type]
    n, largest, total = _largest(tally, top)
    reason = reasons(len(n), ("no_rows", n == 0), ("zero_denominator", total == 0))
    with np.errstate(all="ignore"):
        value = blanked(largest / total, reason)
    which = "largest deal" if top == 1 and isinstance(top, int) else f"largest {top} of the deals"
    return MetricTable(
        name="concentration",
        unit="fraction",
        labels=tally.window.cross(tally.labels),
        value=value,
        n=n,
        reason_code=reason,
        parts={"largest": major(largest, tally.scale), "open": major(total, tally.scale)},
        part_units={"largest": "money", "open": "money"},
        left_out=dict(zip(tally.causes, tally.left_out.tolist(), strict=True)),
        definition=words(f"{which} / open pipeline", dated(tally.window, "expected_close", tally.as_of_day)),
        scale=tally.scale,
        currency=tally.currency,
    )


# --- flags -----------------------------------------------------------------------------------------------------------


@attrs.frozen(eq=False)
class _Asked:
    """What a metric of flags is asked with."""

    by: By
    where: object
    reps: RepBook | None
    as_of: object
    history: DealHistory | None
    activities: ActivityBook | None
    rules: FlagRules | None
    negative: str | None


def _flagged(
    deals: DealBook | DealScan | HygieneTally,
    asked: _Asked,
    flags: str | Sequence[str] | None,
    usual: tuple[str, ...],
    *,
    money: bool = False,
) -> tuple[HygieneTally, tuple[str, ...]]:
    """Return the tally of a book, or the one that was given, and the flags to read."""
    if isinstance(deals, HygieneTally):
        refuse_grouping(deals, {field.name: getattr(asked, field.name) for field in attrs.fields(_Asked)})
        tally, chosen = deals, chosen_flags(flags, deals.flags, deals.flags)
    else:
        chosen = chosen_flags(flags, usual)
        tally = HygieneTally.from_book(
            deal_book(deals),
            None if asked.history is None else deal_history(asked.history),
            None if asked.activities is None else activity_book(asked.activities),
            by=asked.by,
            where=asked.where,
            reps=asked.reps,
            as_of=asked.as_of,
            flags=chosen,
            rules=asked.rules,
            negative=_credits(asked.negative, money or "concentrated" in chosen),
        )
    lost = [name for name in chosen if name in tally.lacking]
    if lost and (flags is not None or len(lost) == len(chosen)):
        raise MissingColumnError(
            f"`flags` must name flags that can be told; got {show(lost[0])}: {tally.lacking[lost[0]]}.",
            code="SM-HYG-07",
            field="flags",
            values=lost,
        )
    return tally, tuple(name for name in chosen if name not in lost)


def _credits(negative: str | None, read: bool) -> str:
    """Return what to do about credits; where no money is asked for they are left out of the parts."""
    if negative is not None and not read:
        raise InvalidArgumentError(
            f"`negative` must not be given where no flag reads amounts; got {show(negative)}.",
            code="SM-HYG-08",
            field="negative",
            values=[negative],
        )
    return _check.one_of(negative or "raise", ("raise", "exclude"), "negative") if read else "exclude"


@attrs.frozen(eq=False)
class _Found:
    """Open deals of each group: all, those without a flag, those of which it is not known, and money in minor units."""

    open: IntArray
    clean: IntArray
    unknown: IntArray
    amount: IntArray
    open_amount: IntArray
    of_flag: dict[str, IntArray]

    @classmethod
    def of(cls, tally: HygieneTally, flags: tuple[str, ...]) -> _Found:
        """Return the counts for some flags of a tally."""
        piles = tally.piles()
        size = len(tally.labels)
        raised = np.zeros(len(piles.count), dtype=bool)
        told = np.ones(len(piles.count), dtype=bool)
        for name in flags:
            raised |= piles.value[name]
            told &= piles.known[name]

        def summed(values: IntArray, keep: BoolArray) -> IntArray:
            total: IntArray = rolled(piles.group, size, values * keep)
            return total

        every = np.ones(len(raised), dtype=bool)
        return cls(
            summed(piles.count, every),
            summed(piles.count, ~raised),
            summed(piles.count, ~raised & ~told),
            summed(piles.minor, raised),
            summed(piles.minor, every),
            {name: summed(piles.count, piles.value[name]) for name in flags},
        )


def _listed(tally: HygieneTally, flags: tuple[str, ...]) -> str:
    """Return flags in words."""
    return ", ".join(tally.rules.said(name) for name in flags)


def _table(
    name: str,
    unit: str,
    tally: HygieneTally,
    flags: tuple[str, ...],
    value: FloatArray,
    reason: AnyArray,
    found: _Found,
    parts: dict[str, AnyArray],
    said: str,
) -> MetricTable:
    """Return the answer for each group."""
    parts = {**parts, **found.of_flag}
    units = {part: "money" if part.endswith("amount") else "count" for part in parts}
    lost = {flag: why for flag, why in tally.lacking.items() if flag not in flags}
    return MetricTable(
        name=name,
        unit=unit,
        labels=tally.labels,
        value=value,
        n=found.open,
        reason_code=reason,
        parts=parts,
        part_units=units,
        left_out=dict(zip(tally.causes, tally.left_out.tolist(), strict=True)),
        definition=words(said, f"as of {_check.date_of(tally.as_of_day)}"),
        notes=tuple(f"{flag} is not read: {why}" for flag, why in lost.items()),
        scale=tally.scale,
        currency=tally.currency,
    )


# --- the largest deals -----------------------------------------------------------------------------------------------


def _largest(tally: SizeTally, top: int | float | Fraction | Decimal) -> tuple[IntArray, IntArray, IntArray]:
    """Return the deals of each group and period, the money in the largest of them and in all, in minor units."""
    sizes, rows = tally.amounts.histogram(), len(tally.labels) * tally.window.size
    n: IntArray = rolled(sizes.row, rows, sizes.count)
    most = _how_many(top, n)
    behind = np.cumsum(sizes.count) - (np.cumsum(n) - n)[sizes.row]  # with this amount or a smaller one, in the row
    above = n[sizes.row] - behind
    taken = np.clip(most[sizes.row] - above, 0, sizes.count)
    largest: IntArray = rolled(sizes.row, rows, sizes.value * taken)
    total: IntArray = rolled(sizes.row, rows, sizes.value * sizes.count)
    return n, largest, total


def _how_many(top: int | float | Fraction | Decimal, n: IntArray) -> IntArray:
    """Return how many deals of each row are meant; a fraction is the decimal as written."""
    if isinstance(top, (int, np.integer)) and not isinstance(top, bool) and top >= 1:
        return np.minimum(n, int(top))
    if isinstance(top, (float, np.floating, Fraction, Decimal)) and 0 < top <= 1:
        share = Fraction(str(top))
        return np.array([-(-share.numerator * int(each) // share.denominator) for each in n], dtype=np.int64)
    raise InvalidArgumentError(
        f"`top` must be a whole number >= 1 or a fraction in (0, 1]; got {show(top)}.",
        code="SM-HYG-09",
        field="top",
        values=[top],
        hint="fractions, never percent: 0.2 and not 20.0." if isinstance(top, float) and top > 1 else None,
    )
