"""Books one after another as one scan."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from salesmetrics.books import DealBook
from salesmetrics.errors import InvalidTypeError, show
from salesmetrics.keywords import names_keywords
from salesmetrics.scans import DealScan
from salesmetrics.scans.scan import scan_of

__all__ = ["scan"]


@names_keywords
def scan(
    books: Iterable[DealBook | Callable[[], DealBook]],
    *,
    executor: Any = None,
    progress: Callable[[int, int], object] | None = None,
    check_ids: bool = False,
) -> DealScan:
    """Deals in several books, or in callables that give one each, for every metric in place of one book.

    Parameters
    ----------
    books : iterable of DealBook or callable
        The parts, which must have the same columns, currency, scale and day. A callable is called when its part is counted,
        and may be called more than once; for an executor of other processes it must be one that can be sent there, such as
        ``functools.partial(read_part, path)``.
    executor, progress, check_ids
        As in `scan_parquet`.

    Returns
    -------
    DealScan
        The scan.

    Raises
    ------
    InvalidTypeError
        A part is neither a book nor a callable that gives one.

    Examples
    --------
    >>> import salesmetrics as sm
    >>> deals = sm.datasets.sample_company(deals=500, rng=1).deals
    >>> parts = sm.scan([deals.take(range(200)), lambda: deals.take(range(200, 500))])
    >>> sm.win_rate(parts, by="segment").equals(sm.win_rate(deals, by="segment"))
    True
    """
    given: Any = books
    held = tuple(given) if isinstance(given, Iterable) and not isinstance(given, DealBook) else (given,)
    wrong = [one for one in held if not isinstance(one, DealBook) and not callable(one)]
    if wrong or isinstance(given, DealBook):
        raise InvalidTypeError(
            "`books` must be several DealBooks, or callables that return one; got "
            f"{show(type(wrong[0] if wrong else given).__name__)}.",
            code="SM-SCN-01",
            field="books",
            hint="sm.read_deals(frame) makes a book.",
        )
    return scan_of(held, executor, progress, check_ids)
