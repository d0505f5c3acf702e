"""What is the range, and will we make it? The law of what the open deals come to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np

from salesmetrics import _check
from salesmetrics.answers import Ledger, blanked, ledger, reasons, words
from salesmetrics.arrays import FloatArray, Where
from salesmetrics.asking import deal_book, no_period, one_currency, quota_book
from salesmetrics.books import DealBook, QuotaBook, RepBook
from salesmetrics.calendars import DayLike, PeriodLike
from salesmetrics.chances import Method, method_of
from salesmetrics.columns import LabelColumn
from salesmetrics.errors import InvalidArgumentError, MergeError, show
from salesmetrics.keywords import names_keywords
from salesmetrics.ledgers import Asked, decimals_apart, quota_tally
from salesmetrics.outlooks import OutlookTable, outlook
from salesmetrics.results import MetricTable
from salesmetrics.scans import DealScan
from salesmetrics.tallies import BookingTally, ChanceTally, QuotaTally
from salesmetrics.tally import refuse_grouping

__all__ = ["forecast_distribution", "p_hit_quota"]

By = str | tuple[str, ...] | list[str] | None


@names_keywords
def forecast_distribution(
    deals: DealBook | DealScan | ChanceTally,
    /,
    *,
    by: By = None,
    period: PeriodLike | None = None,
    where: Where | None = None,
    reps: RepBook | None = None,
    as_of: DayLike | None = None,
    p: Literal["deal_or_stage", "deal", "stage"] | None = None,
    multiplier: float | None = None,
    missing_p: Literal["raise", "exclude"] | None = None,
    overdue: Literal["exclude", "include", "only"] | None = None,
    undated: Literal["exclude", "include", "only"] | None = None,
    negative: Literal["raise", "exclude"] | None = None,
    method: Literal["exact", "lattice", "normal", "monte_carlo"] = "exact",
    step: float | None = None,
    correlation: float = 0.0,
    max_points: int | None = None,
    tolerance: float = 1e-3,
    rng: int | np.random.Generator | None = None,
    draws: int | None = None,
    bookings: BookingTally | None = None,
) -> OutlookTable:
    """Law of the total: what is won, and open deals that are won or lost: what is the range?

    Money. Each open deal brings its amount with its probability, or nothing; deals do so independently, unless ``correlation``
    says otherwise.

    Parameters
    ----------
    deals : DealBook, DealScan or ChanceTally
        The deals, or the tally of the open ones, which is grouped and dated already.
    by : str or sequence of str, optional
        Label columns of the deals, or labels that ``reps`` lend.
    period : Period or Periods, optional
        Deals won in it, and open ones due in it. None is all days: everything won, and every open deal.
    where : array of bool or mapping, optional
        The deals to read.
    reps : RepBook, optional
        Lends team, manager and its other labels to ``by``.
    as_of : date or str, optional
        The day of the snapshot; the book's own day by default, and required where it has none.
    p, multiplier, missing_p, overdue, undated, negative
        As in `weighted_pipeline`.
    method : {"exact", "lattice", "normal", "monte_carlo"}
        ``"exact"``: no approximation but a bound that is reported. ``"lattice"``: the same with amounts of open deals rounded
        to the nearest ``step``. ``"normal"``: the normal law of the same mean and variance. ``"monte_carlo"``: so many
        ``draws``.
    step : float, optional
        Required by method "lattice".
    correlation : float, default 0.0
        In [0, 1): how much one common factor moves all deals (a Gaussian copula with one factor; the correlation of the
        normal variables behind each two deals). Chances stay what they are, bad totals become likelier.
    max_points : int, default 4,194,304
        The most values a law may be held at.
    tolerance : float, default 1e-3
        The largest error of a chance that is accepted; what was reached is ``.bound``: mostly below 1e-12, some 1e-6 for 60
        deals with odd cents.
    rng : int or numpy.random.Generator, optional
        Required by method "monte_carlo". With a seed the stream begins anew for each row.
    draws : int, default 10,000
        Read by method "monte_carlo".
    bookings : BookingTally, optional
        What is won, where ``deals`` is a tally; without it nothing is.

    Returns
    -------
    OutlookTable
        For each row ``.mean`` (what is won and the weighted pipeline), ``.sd``, ``.quantile(q)``, ``.at_most(value)``,
        ``.at_least(value)``, ``.bound`` and ``.way``; ``n`` counts the open deals. Never undefined: without open deals it is
        what is won.

    Raises
    ------
    InvalidArgumentError
        No way is exact enough: neither few deals, nor a lattice within ``max_points``, nor enough deals for the
        characteristic function. An argument that the method does not read, or lacks.
    InvalidDataError
        A negative amount, or an open deal whose chance is not known.

    Notes
    -----
    Independence understates bad tails: a bad quarter is bad for many deals at once. Give ``correlation`` where much depends on
    it.

    Up to 36 open deals, and small lattices, are added up one by one, which is exact but for rounding. For more the law is a
    Fourier series on the lattice of the minor unit, cut off where its terms vanish; a chance at a value includes the
    tie at that value. That the terms left out vanish is proved where deals are many (some tens of thousands on a lattice of
    cents) and else checked at several hundred frequencies, those of all round steps among them: ``.way`` says which.

    Examples
    --------
    >>> import salesmetrics as sm
    >>> deals = sm.read_deals({"amount": [100_000, 200_000, 150_000], "outcome": ["open"] * 3,
    ...                        "probability": [0.8, 0.5, 0.3]}, as_of="2026-01-31")
    >>> total = sm.forecast_distribution(deals)
    >>> total.quantile([0.1, 0.5, 0.9]).value
    array([100000., 250000., 450000.])
    >>> round(total.at_least(225_000)["all"].value, 12)
    0.55
    """
    tally, won = _tallies(
        deals, bookings, (by, period, where, reps, as_of), (p, multiplier, missing_p, overdue, undated, negative)
    )
    how = _method(tally, method, step, max_points, tolerance, correlation, rng, draws)
    return outlook(tally, won, how, _said(how, step))[0]


@names_keywords
def p_hit_quota(
    deals: DealBook | DealScan | ChanceTally,
    quotas: QuotaBook | QuotaTally | float,
    /,
    *,
    by: By = None,
    period: PeriodLike | None = None,
    where: Where | None = None,
    reps: RepBook | None = None,
    as_of: DayLike | None = None,
    quota: Literal["effective", "full"] = "effective",
    p: Literal["deal_or_stage", "deal", "stage"] | None = None,
    multiplier: float | None = None,
    missing_p: Literal["raise", "exclude"] | None = None,
    overdue: Literal["exclude", "include", "only"] | None = None,
    undated: Literal["exclude", "include", "only"] | None = None,
    negative: Literal["raise", "exclude"] | None = None,
    method: Literal["exact", "lattice", "normal", "monte_carlo"] = "exact",
    step: float | None = None,
    correlation: float = 0.0,
    max_points: int | None = None,
    tolerance: float = 1e-3,
    rng: int | np.random.Generator | None = None,
    draws: int | None = None,
    bookings: BookingTally | None = None,
) -> MetricTable:
    """Chance that the total reaches the quota: will we make it?

    A fraction: P(T >= Q), T as in `forecast_distribution`; a tie is a hit.

    Parameters
    ----------
    deals : DealBook, DealScan or ChanceTally
        The deals, or the tally of the open ones.
    quotas : QuotaBook, QuotaTally or float
        The quotas of the reps, or one number that every row has to reach.
    by : str or sequence of str, optional
        Labels that both sides have, or that ``reps`` lend.
    period : Period or Periods
        The days of ``closed``, of ``expected_close`` and of the quota: required with a book of quotas.
    where : mapping or array of bool, optional
        A mapping is applied to the deals, and to the quotas where they have the column.
    reps, as_of
        As in `forecast_distribution`.
    quota : {"effective", "full"}
        With ``reps``: quota by active days and ramp share, or as it stands.
    p, multiplier, missing_p, overdue, undated, negative, method, step, correlation, max_points, tolerance, rng, draws, bookings
        As in `forecast_distribution`.

    Returns
    -------
    MetricTable
        Unit ``fraction``; ``n`` counts the open deals. Quota missing or 0: NaN ``no_quota``. Bookings at or above the quota:
        1.0. Parts: ``quota``, ``won``, ``weighted`` (the weighted pipeline). No interval.

    Raises
    ------
    InvalidArgumentError
        ``period`` is missing, or what `forecast_distribution` refuses.
    InvalidDataError
        Deals and quotas are in different currencies, or what `forecast_distribution` refuses.

    Notes
    -----
    With independent deals a bad quarter is rarer in the sum than in life: the chance of a miss by far is understated, and a
    chance near 1 or 0 is nearer than it should be. ``correlation=0.2`` shows how much depends on it. A prorated quota that is
    no whole minor unit counts as reached within a relative 1e-9.

    Examples
    --------
    >>> import salesmetrics as sm
    >>> deals = sm.read_deals({"amount": [250_000] * 30, "outcome": ["open"] * 30, "probability": [0.28] * 30},
    ...                       as_of="2026-01-31")
    >>> round(sm.p_hit_quota(deals, 2_000_000)["all"].value, 5)
    0.63245
    >>> round(sm.p_hit_quota(deals, 2_000_000, correlation=0.3)["all"].value, 4)
    0.4839
    """
    given = isinstance(quotas, (int, float, np.integer, np.floating)) and not isinstance(quotas, bool)
    if not given and not isinstance(quotas, QuotaTally):
        quota_book(quotas)
        if period is None and not isinstance(deals, ChanceTally):
            raise no_period()
    if given and not np.isfinite(quotas):  # type: ignore[arg-type]
        raise InvalidArgumentError(
            f"`quotas` must be a finite amount; got {show(quotas)}.", code="SM-DST-08", field="quotas", values=[quotas]
        )
    tally, won = _tallies(
        deals, bookings, (by, period, where, reps, as_of), (p, multiplier, missing_p, overdue, undated, negative)
    )
    how = _method(tally, method, step, max_points, tolerance, correlation, rng, draws)
    if given:
        table, _ = outlook(tally, won, how, _said(how, step))
        return _hit(table, np.full(len(table), float(quotas) * 10.0**tally.scale), tally)  # type: ignore[arg-type]
    target = _target(tally, quotas, where, reps, quota)  # type: ignore[arg-type]
    one_currency(tally.currency, target.currency)
    rows = _owed(target, tally)
    table, place = outlook(tally, won, how, _said(how, step), rows.labels)
    wanted = np.full((len(table) // max(tally.window.size, 1), tally.window.size), np.nan)
    wanted[place] = np.where(rows.quota > 0, rows.quota, np.nan)
    return _hit(table, wanted.reshape(-1), tally)


def _hit(table: OutlookTable, wanted: FloatArray, tally: ChanceTally) -> MetricTable:
    """Return the chances of totals of at least what is wanted, in minor units; NaN where nothing is."""
    reason = reasons(len(table), ("no_quota", np.isnan(wanted)))
    return MetricTable(
        name="p_hit_quota",
        unit="fraction",
        labels=table.labels,
        value=blanked(table.minor_at_least(wanted), reason),
        n=table.n,
        reason_code=reason,
        parts={"quota": wanted / 10.0**tally.scale, "won": table.won, "weighted": table.weighted},
        part_units=dict.fromkeys(("quota", "won", "weighted"), "money"),
        left_out=table.left_out,
        definition=words("chance that the total is at least the quota", table.definition),
        notes=table.notes,
        scale=tally.scale,
        currency=tally.currency,
    )


# --- what is read ----------------------------------------------------------------------------------------------------


def _tallies(
    deals: DealBook | DealScan | ChanceTally,
    bookings: BookingTally | None,
    asked: tuple[By, PeriodLike | None, Where | None, RepBook | None, DayLike | None],
    weighing: tuple[object, object, object, object, object, object],
) -> tuple[ChanceTally, BookingTally | None]:
    """Return the tallies of a book, or those that were given."""
    by, period, where, reps, as_of = asked
    more = dict(zip(("p", "multiplier", "missing_p", "overdue", "undated", "negative"), weighing, strict=True))
    if isinstance(deals, ChanceTally):
        given = {"by": by, "period": period, "where": where, "reps": reps, "as_of": as_of}
        refuse_grouping(deals, given | more)
        if bookings is not None:
            _fit(deals, bookings)
        return deals, bookings
    if bookings is not None:
        raise MergeError(
            f"`bookings` must be given with a tally of open deals only; got one with a {type(deals).__name__}.",
            code="SM-DST-09",
            field="bookings",
            hint="a book holds what is won itself.",
        )
    told = {name: value for name, value in more.items() if value is not None}
    grouped = {"by": by, "period": period, "where": where, "reps": reps}
    tally = ChanceTally.from_book(deal_book(deals), **grouped, as_of=as_of, **told)  # type: ignore[arg-type]
    if _nothing_closed(deals):
        return tally, None
    day = _check.date_of(tally.as_of_day)
    return tally, BookingTally.from_book(deal_book(deals), **grouped, as_of=day, per_rep=False)  # type: ignore[arg-type]


def _nothing_closed(deals: DealBook | DealScan) -> bool:
    """Return True for a book of open deals only, which need not say when any was closed."""
    if not isinstance(deals, DealBook) or "closed" in deals.columns:
        return False
    outcome: LabelColumn = deals.column("outcome", "a forecast")
    return not (outcome.codes > 0).any()


def _fit(chances: ChanceTally, bookings: BookingTally) -> None:
    """Raise where tallies do not belong together."""
    for name in ("by", "window", "as_of_day", "currency", "scale"):
        one, other = getattr(chances, name), getattr(bookings, name)
        if one != other:
            raise MergeError(
                f"`bookings` must have the {name} of the open deals; got {show(other)} beside {show(one)}.",
                code="SM-DST-10",
                field=name,
                values=[other, one],
            )


def _method(
    tally: ChanceTally,
    name: str,
    step: float | None,
    max_points: int | None,
    tolerance: float,
    correlation: float,
    rng: int | np.random.Generator | None,
    draws: int | None,
) -> Method:
    """Return the method, its step in minor units."""
    whole = None if step is None else _step(step, tally.scale)
    return method_of(name, whole, max_points, tolerance, correlation, rng, draws, tally.scale)


def _step(step: object, scale: int) -> int:
    """Return a step in minor units, of which it must be a whole number."""
    if isinstance(step, (int, float, np.integer, np.floating)) and not isinstance(step, bool) and np.isfinite(step):
        minor = float(step) * 10.0**scale
        whole = round(minor)
        if whole >= 1 and abs(minor - whole) <= 1e-6 * whole and whole < 2**53:
            return whole
    raise InvalidArgumentError(
        f"`step` must be a whole number of minor units above 0; got {show(step)}.",
        code="SM-DST-11",
        field="step",
        values=[step],
    )


def _said(how: Method, step: float | None) -> str:
    """Return the method in words."""
    words_ = {
        "exact": "exact law",
        "lattice": f"amounts rounded to {step:g}" if step is not None else "",
        "normal": "normal approximation",
        "monte_carlo": f"{how.draws:,} draws",
    }[how.name]
    return f"{words_}, correlation {how.correlation:g}" if how.correlation else f"{words_}, independent deals"


def _target(
    tally: ChanceTally, quotas: QuotaBook | QuotaTally, where: Where | None, reps: RepBook | None, quota: str
) -> QuotaTally:
    """Return the tally of quotas that fits the deals."""
    if isinstance(quotas, QuotaTally):
        if (quotas.by, quotas.window) != (tally.by, tally.window):
            raise MergeError(
                f"`quotas` must be a tally with the `by` and `period` of the deals; got by={show(list(quotas.by))} beside "
                f"{show(list(tally.by))}.",
                code="SM-TLY-06",
                field="quotas",
                values=[quotas.by],
            )
        return quotas
    book = quota_book(quotas)
    narrowed = where if isinstance(where, Mapping) else {}
    known = {name: some for name, some in narrowed.items() if name in book.names} or None
    return quota_tally(book, Asked(tally.window.asked, tally.by, known, reps, quota=quota))


def _owed(quota: QuotaTally, tally: ChanceTally) -> Ledger:
    """Return the quotas by the labels of the deals, in their minor units."""
    labels, whole, rest, covered, _, value = quota.exact()
    factor = decimals_apart(quota.scale, tally.scale, whole)
    nothing = np.zeros_like(covered)
    rows = ledger((labels, nothing, nothing), (labels, whole * factor, rest * factor, covered, value * factor))
    return rows.rolled(tally.by, rows.has_quota)
