"""The manager's quarter in one call."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar

import attrs

from salesmetrics import export
from salesmetrics._check import Rebuilt
from salesmetrics.books import ActivityBook, DealBook, DealHistory, ForecastBook, QuotaBook, RepBook, SplitBook
from salesmetrics.calendars import DayLike, Period
from salesmetrics.curves import CurveTable
from salesmetrics.errors import InvalidTypeError, show
from salesmetrics.fiscal import FiscalCalendar
from salesmetrics.flagging import FlagTable
from salesmetrics.keywords import names_keywords
from salesmetrics.results import MetricTable
from salesmetrics.reviewing import page, text
from salesmetrics.reviewing.case import NO_GROUPS, Case
from salesmetrics.reviewing.gathering import gathered
from salesmetrics.reviewing.noticing import noticed
from salesmetrics.reviewing.rules import Note, ReviewRules

__all__ = ["Review", "review"]

By = str | tuple[str, ...] | list[str] | None


def _frozen(sentences: Mapping[str, str]) -> Mapping[str, str]:
    return MappingProxyType(dict(sentences))


@attrs.frozen(eq=False, repr=False, kw_only=True)
class Review(Rebuilt):
    """A period in numbers, and what needs attention; made by `review`.

    Each table is what the metric of its name answers. A plain name is the whole; ``_by_team``, ``_by_rep`` and ``_by_stage``
    are its groups, ``_by_group`` those that ``by`` asked for; ``_before`` is the year before. A table that cannot be had is
    None, and ``left_out`` says why.

    Attributes
    ----------
    period : Period
        What is reviewed.
    as_of : datetime.date
        The last day whose events are known.
    notes : tuple of Note
        What needs attention, in the order of the rules; of one rule the whole first, then by the money at stake.
    left_out : mapping of str to str
        For each table that is None, a sentence that says why.
    rules : ReviewRules
        The thresholds of the notes.
    before, past, judged : Period
        The period before; the year up to the period, which is "the year before"; the last year of periods that are over, of
        which forecast calls are judged.
    running : bool
        True while days of the period are still to come.
    required_basis : {"open_at", "closed"}
        The win rate behind the required coverage: of the deals open when the period before began, where the books tell, else of
        those closed in it; by amount.
    by : tuple of str
        The labels of the groups.
    currency : str or None
        That of the deals.
    attainment, required_run_rate, pace : MetricTable or None
        Where the number stands; what each day left must bring; where bookings land by the days alone.
    pace_attainment, pace_by_curve : MetricTable or None
        Where it lands: as at least four periods before came in, else by the days.
    share_at_quota, attainment_distribution, gini, top_share : MetricTable or None
        How it spreads over reps: a row for the period before and for this one.
    coverage, required_coverage : MetricTable or None
        Pipeline due in what is left of this period, and in the next, over what is still to book; what the share won asks for.
    win_rate, deal_size, deal_size_median, cycle_length, velocity : MetricTable or None
        How deals are won; ``cycle_length`` is the median of the wins, ``largest_win`` the amount of the largest.
    cycle_curve : CurveTable or None
        How long deals stay open, those that are still open kept in.
    open_pipeline, weighted_pipeline, pipeline_created, pipeline_walk, slip_rate : MetricTable or None
        What is in play, and what moved it; slipped is of the last period that is over.
    stage_conversion, win_probability_by_stage, bottleneck, stage_dwell, stage_age : MetricTable or None
        How deals go through the stages; ``stage_dwell`` is the median of those that came in the period, those that are still
        there kept in.
    at_risk, hygiene_share, concentration : MetricTable or None
        Open deals with flags, records in order, and the share of the largest deal of what is due.
    flags : FlagTable or None
        The flags deal by deal.
    time_to_first_deal, ramp_time, ramp_curve, ramped_equivalents : MetricTable or None
        How long new reps take; ``ramp_time`` is to full quota, two months in a row.
    forecast_accuracy, bias, forecast_value_added : MetricTable or None
        Whose commit calls of the first week came true.

    Examples
    --------
    >>> import salesmetrics as sm
    >>> company = sm.datasets.sample_company(deals=500, rng=1)
    >>> found = sm.review(company.deals, company.quotas, period=company.calendar.quarter(2026, 3))
    >>> found.win_rate["all"].n, found.pipeline_walk
    (41, None)
    >>> found.left_out["pipeline_walk"]
    'it needs the changes of the deals: give `history`.'
    """

    _unlisted: ClassVar[tuple[str, ...]] = ()

    period: Period
    as_of: dt.date
    running: bool
    before: Period
    past: Period
    judged: Period
    required_basis: str
    by: tuple[str, ...]
    currency: str | None
    rules: ReviewRules
    notes: tuple[Note, ...]
    left_out: Mapping[str, str] = attrs.field(converter=_frozen)
    attainment: MetricTable | None = None
    attainment_by_team: MetricTable | None = None
    attainment_by_rep: MetricTable | None = None
    pace_attainment: MetricTable | None = None
    pace_attainment_by_team: MetricTable | None = None
    pace_attainment_by_rep: MetricTable | None = None
    required_run_rate: MetricTable | None = None
    required_run_rate_by_team: MetricTable | None = None
    required_run_rate_by_rep: MetricTable | None = None
    pace: MetricTable | None = None
    pace_by_curve: MetricTable | None = None
    share_at_quota: MetricTable | None = None
    attainment_distribution: MetricTable | None = None
    gini: MetricTable | None = None
    top_share: MetricTable | None = None
    coverage: MetricTable | None = None
    coverage_by_team: MetricTable | None = None
    required_coverage: MetricTable | None = None
    win_rate: MetricTable | None = None
    win_rate_by_group: MetricTable | None = None
    win_rate_before: MetricTable | None = None
    win_rate_before_by_group: MetricTable | None = None
    deal_size: MetricTable | None = None
    deal_size_by_group: MetricTable | None = None
    deal_size_median: MetricTable | None = None
    deal_size_median_by_group: MetricTable | None = None
    deal_size_median_before: MetricTable | None = None
    largest_win: MetricTable | None = None
    cycle_length: MetricTable | None = None
    cycle_length_by_group: MetricTable | None = None
    cycle_length_before: MetricTable | None = None
    cycle_curve: CurveTable | None = None
    cycle_curve_by_group: CurveTable | None = None
    velocity: MetricTable | None = None
    velocity_by_group: MetricTable | None = None
    velocity_before: MetricTable | None = None
    open_pipeline: MetricTable | None = None
    open_pipeline_by_stage: MetricTable | None = None
    weighted_pipeline: MetricTable | None = None
    weighted_pipeline_by_stage: MetricTable | None = None
    pipeline_created: MetricTable | None = None
    pipeline_walk: MetricTable | None = None
    slip_rate: MetricTable | None = None
    stage_conversion: MetricTable | None = None
    win_probability_by_stage: MetricTable | None = None
    bottleneck: MetricTable | None = None
    stage_dwell: MetricTable | None = None
    stage_dwell_before: MetricTable | None = None
    stage_age: MetricTable | None = None
    flags: FlagTable | None = None
    at_risk: MetricTable | None = None
    at_risk_by_rep: MetricTable | None = None
    hygiene_share: MetricTable | None = None
    concentration: MetricTable | None = None
    time_to_first_deal: MetricTable | None = None
    ramp_time: MetricTable | None = None
    ramp_curve: MetricTable | None = None
    ramped_equivalents: MetricTable | None = None
    forecast_accuracy: MetricTable | None = None
    forecast_accuracy_by_rep: MetricTable | None = None
    bias: MetricTable | None = None
    bias_by_rep: MetricTable | None = None
    forecast_value_added: MetricTable | None = None

    @property
    def tables(self) -> Mapping[str, Any]:
        """The tables that there are, by name."""
        return MappingProxyType({name: table for name in _TABLES if (table := getattr(self, name)) is not None})

    def to_html(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> None:
        """Write the review as one file of HTML that fetches nothing: tables, notes, definitions and, with matplotlib, pictures.

        The same review gives the same bytes, with the same version of matplotlib. Everything that came from data is escaped.

        Parameters
        ----------
        path : path
            Where to. The file is written under another name first, and renamed once it is complete.
        overwrite : bool, default: False
            Whether a file that is there may be replaced.

        Raises
        ------
        InvalidArgumentError
            If the file is there and may not be replaced, or cannot be written.
        """
        if not isinstance(path, (str, os.PathLike)):
            raise InvalidTypeError(
                f"`path` must be a path; got {show(path)}.", code="SM-REV-07", field="path", values=[path]
            )
        written = page.page(self)
        with (
            export.renamed(Path(path), overwrite) as part,
            open(part, "x", encoding="utf-8", errors="backslashreplace", newline="\n") as file,
        ):
            file.write(written)

    def __repr__(self) -> str:
        """Return a screen of text: what needs attention, and the headline numbers."""
        return text.in_short(self)

    def __str__(self) -> str:
        """Return the whole review as text: what needs attention, then every section."""
        return text.told(self)

    def _repr_html_(self) -> str:
        """Return the review as tables for a notebook."""
        return page.fragment(self)


_TABLES = tuple(field.name for field in attrs.fields(Review) if "Table" in str(field.type))


@names_keywords
def review(
    deals: DealBook,
    quotas: QuotaBook | None = None,
    /,
    *,
    period: Period,
    reps: RepBook | None = None,
    forecasts: ForecastBook | None = None,
    history: DealHistory | None = None,
    activities: ActivityBook | None = None,
    splits: SplitBook | None = None,
    calendar: FiscalCalendar | None = None,
    as_of: DayLike | None = None,
    by: By = None,
    rules: ReviewRules | None = None,
) -> Review:
    """Everything that a manager asks of a quarter: are we at the number, why, and what needs attention?

    Each number is that of the metric of its name; nothing is computed here that the metrics do not say.

    Parameters
    ----------
    deals : DealBook
        The deals.
    quotas : QuotaBook, optional
        Attainment, pace, coverage and ramp need it.
    period : Period
        What is reviewed: a quarter, or any other period that has begun.
    reps : RepBook, optional
        Lends labels to ``by``; teams, ramp and quotas fitted to the days on which a rep is there need it.
    forecasts : ForecastBook, optional
        Whose calls came true needs it.
    history : DealHistory, optional
        What moved the pipeline, slippage, stages and some flags need it.
    activities : ActivityBook, optional
        The flag for deals without a next step needs it.
    splits : SplitBook, optional
        Who is credited.
    calendar : FiscalCalendar, optional
        Finds, and names, the periods beside this one. Without one they have as many months, or days, as this one.
    as_of : date or str, optional
        The last day whose events are known; by default the book's own, or the last day of the period where that is earlier.
    by : str or sequence of str, optional
        Labels of the deals, or lent by ``reps``, to break wins, sizes, cycles and velocity down by.
    rules : ReviewRules, optional
        The thresholds of the notes; `ReviewRules` states each default.

    Returns
    -------
    Review
        The tables, the notes, and why some tables are not there. Its ``repr`` is a screen of text, ``print`` shows every
        section, a notebook shows tables, and ``to_html("review.html")`` writes a page with pictures.

    Raises
    ------
    InvalidTypeError, InvalidArgumentError, InvalidDataError
        If an argument is not what it must be, the books are in several currencies, or reps are missing from ``reps``. What the
        data lack, or hold against a rule of one metric, costs that metric's table only.

    Notes
    -----
    No rule speaks of a number that is undefined or rests on fewer rows than ``rules`` state. Many rules on many groups find
    something by chance now and then: a note says where to look, not why.

    Examples
    --------
    >>> import salesmetrics as sm
    >>> deals = sm.read_deals({"rep": ["Ana", "Ben"], "amount": [90, 20], "outcome": ["won", "won"],
    ...                        "closed": ["2026-01-20", "2026-03-02"]}, as_of="2026-03-31")
    >>> quotas = sm.read_quotas({"rep": ["Ana", "Ben"], "start": ["2026-01-01"] * 2, "end": ["2026-04-01"] * 2,
    ...                          "amount": [100, 100]})
    >>> quarter = sm.review(deals, quotas, period=sm.Period("2026-01-01", "2026-04-01"))
    >>> quarter.attainment["all"].value
    0.55
    >>> print(quarter.notes[-1])
    Ben ended at 20.0 % of quota, below 90 %: 20 booked of 100 (n = 1 won deal).
    """
    books = {"reps": reps, "forecasts": forecasts, "history": history, "activities": activities, "splits": splits}
    case = Case.of(deals, quotas, books, calendar, period, as_of, by, rules)
    tables, left_out = gathered(case)
    for end in () if case.by else _TABLES:
        if end.endswith("_by_group"):
            left_out[end] = NO_GROUPS
    return Review(
        period=case.period,
        as_of=case.day,
        running=case.running,
        before=case.before,
        past=case.past,
        judged=case.judged,
        required_basis=case.required_basis,
        by=case.by,
        currency=case.deals.currency,
        rules=case.rules,
        notes=noticed(case, tables),
        left_out=left_out,
        **tables,  # type: ignore[arg-type]
    )
