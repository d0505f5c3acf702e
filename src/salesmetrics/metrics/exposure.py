"""How fast does the open pipeline turn into wins?"""

from __future__ import annotations

import numpy as np

from salesmetrics import formulas
from salesmetrics.answers import dated, reasons, words
from salesmetrics.arrays import Where
from salesmetrics.asking import deal_book
from salesmetrics.books import DealBook, RepBook
from salesmetrics.calendars import DayLike, PeriodLike
from salesmetrics.keywords import names_keywords
from salesmetrics.results import MetricTable
from salesmetrics.scans import DealScan
from salesmetrics.tallies import ExposureTally
from salesmetrics.tally import refuse_grouping

__all__ = ["win_intensity"]

By = str | tuple[str, ...] | list[str] | None


@names_keywords
def win_intensity(
    deals: DealBook | DealScan | ExposureTally,
    /,
    *,
    by: By = None,
    period: PeriodLike | None = None,
    where: Where | None = None,
    reps: RepBook | None = None,
    as_of: DayLike | None = None,
) -> MetricTable:
    """Wins for each day that a deal was open: how fast does the open pipeline turn into wins?

    Also called wins per person-time, hazard of a win. Wins dated in the period / days of the period on which deals were open,
    added up over the deals. A rate of this kind needs no deal to be decided, so a recent period reads as an old one does.

    Parameters
    ----------
    deals : DealBook, DealScan or ExposureTally
        The deals, or their tally, which is grouped and dated already.
    by : str or sequence of str, optional
        Label columns of the deals, or labels that ``reps`` lend. None is one row, "all".
    period : Period or Periods, optional
        The days at risk, and of ``closed`` of the wins. None is all days up to ``as_of``.
    where : array of bool or mapping, optional
        The deals to read.
    reps : RepBook, optional
        Lends team, manager and its other labels to ``by``.
    as_of : date or str, optional
        The last day whose events are known; the book's own day by default, and required where it has none.

    Returns
    -------
    MetricTable
        Unit ``count/day``; ``n`` counts the deals that were open at some time of the period, those won or lost on the day they
        were created among them. A deal is at risk on the days after its creation up to and including the one on which it
        closes. Parts: ``won``, ``deal_days``. No deal: NaN ``no_rows``; no deal-day: ``zero_denominator``; a period that
        begins after ``as_of``: ``not_started``. Deals without a creation day are left out and counted.

    Examples
    --------
    >>> import salesmetrics as sm
    >>> deals = sm.read_deals({"created": ["2026-01-01", "2026-01-11", "2026-01-21"], "outcome": ["won", "lost", "open"],
    ...                        "closed": ["2026-01-31", "2026-01-21", None]}, as_of="2026-01-31")
    >>> rate = sm.win_intensity(deals)["all"]
    >>> rate.value, rate.parts["won"], rate.parts["deal_days"]
    (0.02, 1, 50)
    """
    if isinstance(deals, ExposureTally):
        refuse_grouping(deals, {"by": by, "period": period, "where": where, "reps": reps, "as_of": as_of})
        tally = deals
    else:
        tally = ExposureTally.from_book(deal_book(deals), by=by, period=period, where=where, reps=reps, as_of=as_of)
    n, days, won = (table.ravel() for table in (tally.deals, tally.deal_days, tally.won))
    ahead = np.zeros(tally.window.size, dtype=bool)
    if tally.window.periods is not None:
        ahead = tally.window.periods.starts > tally.as_of_day
    return MetricTable(
        name="win_intensity",
        unit="count/day",
        labels=tally.window.cross(tally.labels),
        value=formulas.win_intensity(won, days),
        n=n,
        reason_code=reasons(
            len(n),
            ("not_started", np.tile(ahead, len(tally.labels))),
            ("no_rows", n == 0),
            ("zero_denominator", days == 0),
        ),
        parts={"won": won, "deal_days": days},
        part_units={"won": "count", "deal_days": "days"},
        left_out=dict(zip(tally.causes, tally.left_out.tolist(), strict=True)),
        definition=words("won / days on which deals were open", dated(tally.window, "days", tally.as_of_day)),
    )
