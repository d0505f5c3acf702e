"""A seeded, realistic sample company: deals, history, quotas, reps and forecasts that agree with one another."""

from __future__ import annotations

import datetime as dt

import attrs

from salesmetrics import _check
from salesmetrics.books.deals import DealBook
from salesmetrics.books.forecasts import ForecastBook
from salesmetrics.books.history import DealHistory
from salesmetrics.books.quotas import QuotaBook
from salesmetrics.books.reps import RepBook
from salesmetrics.calendars import DayLike
from salesmetrics.datasets.calls import forecast
from salesmetrics.datasets.chance import Draws
from salesmetrics.datasets.days import Days
from salesmetrics.datasets.ledger import Coin, trade
from salesmetrics.datasets.settings import sales_process
from salesmetrics.datasets.staff import hire
from salesmetrics.datasets.targets import set_targets
from salesmetrics.domain import SalesProcess
from salesmetrics.errors import InvalidArgumentError
from salesmetrics.fiscal import FiscalCalendar
from salesmetrics.listing import Listed
from salesmetrics.money import resolve_scale

__all__ = ["Company", "sample_company"]

_FIRST, _MOST_DAYS = "1990-01-01", 20_000
_MOST_DEALS = 100_000_000


@attrs.frozen(eq=False, repr=False)
class Company(Listed):
    """A company's books, which agree with one another.

    Attributes
    ----------
    deals : DealBook
        Every deal as it stands on `as_of`, in the order of creation.
    history : DealHistory
        Every change of stage, outcome, expected close and amount, in order; the last one of a deal is how it stands.
    quotas : QuotaBook
        One number for each rep and fiscal quarter, to the end of the running fiscal year; some are changed inside the
        quarter, and for one team a number is stated for the last quarter of each year.
    reps : RepBook
        Those who sell, those who left and those who were hired included.
    forecasts : ForecastBook
        What each rep called each week, commit and best case; what was won by then is included.
    calendar : FiscalCalendar
        Fiscal years begin in February.
    process : SalesProcess
        The stages.
    as_of : datetime.date
        The last known day.
    """

    deals: DealBook
    history: DealHistory
    quotas: QuotaBook
    reps: RepBook
    forecasts: ForecastBook
    calendar: FiscalCalendar
    process: SalesProcess
    as_of: dt.date

    def __repr__(self) -> str:
        """Return the size of each book, a line for each."""
        books = (self.deals, self.history, self.quotas, self.reps, self.forecasts)
        names = ("deals", "history", "quotas", "reps", "forecasts")
        lines = [f"{name}: {len(book):,} {book.kind}" for name, book in zip(names, books, strict=True)]
        return "\n  ".join([f"<Company as of {self.as_of}", *lines, f"calendar: {self.calendar!r}"]) + ">"


def sample_company(
    deals: int = 20_000,
    *,
    rng: object = 0,
    start: DayLike = "2023-02-01",
    as_of: DayLike = "2026-10-31",
    currency: str | None = "USD",
    history: bool = True,
) -> Company:
    """Company made up of so many deals, with all that belongs to them.

    It grows, and wins most near the end of quarters and of the fiscal year. Hires ramp up, some reps leave and hand
    over what they leave open, some are away for long. Sizes, win rates and cycles differ by segment and product.
    Expected closes slip. Some open deals are overdue, undated or have no amount yet. Some reps call too much, some too
    little.

    The same arguments give the same bits on every platform.

    Parameters
    ----------
    deals : int, default 20000
        How many; the number of reps goes with it, up to 2,000.
    rng : int or numpy.random.Generator, default 0
        Seed, or where to draw from.
    start, as_of : date or ISO text
        First day on which a deal is created, and last known day.
    currency : str or None
        Currency of all amounts, which are not converted: a median is the same number in any currency.
    history : bool, default True
        Whether to tell the changes too; the deals are the same without them.

    Returns
    -------
    Company
        The books, the fiscal calendar and the sales process.

    Raises
    ------
    InvalidArgumentError
        ``deals`` or the days are more than can be made.

    Examples
    --------
    >>> from salesmetrics.datasets import sample_company
    >>> company = sample_company(deals=500, rng=1)
    >>> len(company.deals), company.as_of
    (500, datetime.date(2026, 10, 31))
    >>> company.process.open_stages
    ('Qualification', 'Discovery', 'Proposal', 'Negotiation')
    >>> company.history.filter(company.history["deal"] == company.deals["id"][0])["stage"].tolist()
    ['Qualification', 'Discovery', 'Proposal', 'Negotiation', 'Closed Won']
    """
    size = _check.count(deals, "deals")
    if size > _MOST_DEALS:
        raise InvalidArgumentError(
            f"`deals` must be at most {_MOST_DEALS:,}; got {size:,}.",
            code="SM-DTS-02",
            field="deals",
            values=[size],
            hint="several companies with other seeds make more.",
        )
    draws, days = Draws.of(rng), _days(start, as_of)
    coin = Coin(currency, resolve_scale(currency, None))
    staff = hire(draws, days, size)
    ledger = trade(draws, days, staff, size, coin, history=history)
    targets = set_targets(draws, days, staff, ledger, coin)
    calls = forecast(draws, days, staff, ledger, targets, coin)
    return Company(
        deals=ledger.deals,
        history=ledger.history,
        quotas=targets.book,
        reps=staff.book(),
        forecasts=calls,
        calendar=days.calendar,
        process=sales_process(),
        as_of=_check.date_of(days.as_of),
    )


def _days(start: DayLike, as_of: DayLike) -> Days:
    """Return the days of the company."""
    first, last, least = _check.day(start, "start"), _check.day(as_of, "as_of"), _check.day(_FIRST, "start")
    if first < least:
        rule, field, got = f"`start` must not be before {_FIRST}", "start", first
    elif not first <= last < first + _MOST_DAYS:
        rule, field = f"`as_of` must be {_check.date_of(first)} or one of the {_MOST_DAYS:,} days from it on", "as_of"
        got = last
    else:
        return Days(first, last, FiscalCalendar(start_month=2))
    raise InvalidArgumentError(
        f"{rule}; got {_check.date_of(got)}.", code="SM-DTS-01", field=field, values=[_check.date_of(got)]
    )


def __dir__() -> list[str]:
    """Return the public names."""
    return sorted(__all__)
