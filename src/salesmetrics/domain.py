"""One thing each, frozen: rep, deal, quota, stage, sales process and its moves, forecast call, split, activity."""

from __future__ import annotations

import datetime as dt
import itertools
import warnings
from collections.abc import Iterable

import attrs

from salesmetrics import fields
from salesmetrics.calendars import Period
from salesmetrics.errors import InvalidArgumentError, InvalidTypeError, SalesMetricsWarning, nearest, show
from salesmetrics.fields import OUTCOMES, SPLIT_KINDS, STATUSES, Amount, Labels, Name
from salesmetrics.keywords import names_keywords_of

__all__ = [
    "OUTCOMES",
    "SPLIT_KINDS",
    "STATUSES",
    "Activity",
    "Deal",
    "ForecastCall",
    "Quota",
    "Rep",
    "SalesProcess",
    "Split",
    "Stage",
    "StageMove",
]


def _stages(value: Iterable[Stage]) -> tuple[Stage, ...]:
    stages = fields.several(value, "stages", "Stage objects")
    for stage in stages:
        if not isinstance(stage, Stage):
            raise InvalidTypeError(
                f"`stages` must be a list of Stage objects; got {show(stage)}.",
                code="SM-DOM-03",
                field="stages",
                values=[stage],
                hint="such as Stage('Proposal', 3, probability=0.4).",
            )
    return tuple(sorted((stage for stage in stages if isinstance(stage, Stage)), key=lambda stage: stage.order))


@names_keywords_of
@attrs.frozen
class Rep:
    """A person who sells.

    Parameters
    ----------
    id : str or int
        What deals and quotas call the rep.
    name, team, manager : str or int, optional
        Labels; `manager` is the id of another rep.
    hired, role_start, left : date or ISO text, optional
        First day in the company, first day in the role (default `hired`), and first day no longer there.
    absences : iterable of (start, end) or Period
        Times away, without the end day.
    ramp : iterable of float
        Share of the full quota in each month of tenure; 1 after the last one.

    Examples
    --------
    >>> from salesmetrics.domain import Rep
    >>> rep = Rep("ana", team="East", hired="2026-02-01", ramp=(0.25, 0.5, 0.75))
    >>> rep.role_start
    datetime.date(2026, 2, 1)
    """

    id: Name = attrs.field(converter=fields.id)
    name: Name | None = attrs.field(default=None, converter=fields.rep_name)
    team: Name | None = attrs.field(default=None, converter=fields.team)
    manager: Name | None = attrs.field(default=None, converter=fields.manager)
    hired: dt.date | None = attrs.field(default=None, converter=fields.hired)
    role_start: dt.date | None = attrs.field(default=None, converter=fields.role_start)
    left: dt.date | None = attrs.field(default=None, converter=fields.left)
    absences: tuple[Period, ...] = attrs.field(default=(), converter=fields.absences)
    ramp: tuple[float, ...] = attrs.field(default=(), converter=fields.ramp)

    def __attrs_post_init__(self) -> None:
        if self.role_start is None:
            object.__setattr__(self, "role_start", self.hired)
        if self.manager == self.id:
            raise fields.refusal(
                f"`manager` must be another rep; got {show(self.id)} for itself.", "SM-REP-02", "manager", self.id
            )
        _in_order("rep", self.id, (("hired", self.hired), ("role_start", self.role_start), ("left", self.left)))


@names_keywords_of
@attrs.frozen
class Deal:
    """One opportunity, or one order.

    Parameters
    ----------
    id : str or int
        Its key.
    rep : str or int, optional
        Whose deal it is.
    amount : int, float or Decimal, optional
        In major units; None where not known. A credit is negative.
    created, expected_close, closed : date or ISO text, optional
        First day, expected last day, and the day it was won or lost.
    stage : str or int, optional
        Where it stands.
    outcome : {"open", "won", "lost", "no_decision"}
        What it has come to.
    probability : float, optional
        Chance of winning, in [0, 1].
    forecast_category : str or int, optional
        What the forecaster calls it.
    labels : mapping of str to str or int, optional
        Further labels; kept as pairs sorted by name.

    Examples
    --------
    >>> from salesmetrics.domain import Deal
    >>> deal = Deal("D-1", "ana", 1200, created="2026-02-03", closed="2026-03-31", outcome="won")
    >>> deal.is_won, deal.is_open
    (True, False)
    """

    id: Name = attrs.field(converter=fields.id)
    rep: Name | None = attrs.field(default=None, converter=fields.optional_rep)
    amount: Amount | None = attrs.field(default=None, converter=fields.optional_amount)
    created: dt.date | None = attrs.field(default=None, converter=fields.created)
    expected_close: dt.date | None = attrs.field(default=None, converter=fields.expected_close)
    closed: dt.date | None = attrs.field(default=None, converter=fields.closed)
    stage: Name | None = attrs.field(default=None, converter=fields.stage)
    outcome: str = attrs.field(default="open", converter=fields.outcome)
    probability: float | None = attrs.field(default=None, converter=fields.probability)
    forecast_category: Name | None = attrs.field(default=None, converter=fields.category)
    labels: Labels = attrs.field(default=(), converter=fields.labels)

    def __attrs_post_init__(self) -> None:
        if self.is_closed and self.closed is None:
            raise fields.refusal(
                f"`closed` must be given where the outcome is {show(self.outcome)}; got None in deal {show(self.id)}.",
                "SM-DEA-01",
                "closed",
                None,
                "give the day it was decided, or outcome='open'.",
            )
        if self.is_open and self.closed is not None:
            raise fields.refusal(
                f"`closed` must be left out while a deal is open; got {self.closed} in deal {show(self.id)}.",
                "SM-DEA-02",
                "closed",
                self.closed,
                "the day it should close is `expected_close`; a decided deal needs `outcome`.",
            )
        hint = "leave `created` out where it is not known."
        _in_order("deal", self.id, (("created", self.created), ("closed", self.closed)), hint)

    @property
    def is_open(self) -> bool:
        """Whether nothing is decided yet."""
        return self.outcome == "open"

    @property
    def is_won(self) -> bool:
        """Whether it was won."""
        return self.outcome == "won"

    @property
    def is_closed(self) -> bool:
        """Whether it was won, lost or ended without a decision."""
        return self.outcome != "open"


@names_keywords_of
@attrs.frozen
class Quota:
    """The number that a rep, or a team, carries over a period.

    Parameters
    ----------
    rep : str or int or None
        Whose number it is; None for the number of a team.
    start, end : date or ISO text
        First day, and first day after.
    amount : int, float or Decimal
        In major units, 0 or more.
    effective_from : date or ISO text, optional
        First day on which this amount holds (default `start`): a changed quota is a second one with a later day.
    team : str or int, optional
        Whose number it is, where it is no rep's.

    Examples
    --------
    >>> from salesmetrics.domain import Quota
    >>> Quota("ana", "2026-02-01", "2026-05-01", 250_000).period.days
    89
    """

    rep: Name | None = attrs.field(converter=fields.optional_rep)
    start: dt.date = attrs.field(converter=fields.start)
    end: dt.date = attrs.field(converter=fields.end)
    amount: Amount = attrs.field(converter=fields.quota_amount)
    effective_from: dt.date | None = attrs.field(default=None, converter=fields.effective_from)
    team: Name | None = attrs.field(default=None, converter=fields.team)

    def __attrs_post_init__(self) -> None:
        Period(self.start, self.end)
        if self.effective_from is None:
            object.__setattr__(self, "effective_from", self.start)
        elif self.effective_from >= self.end:
            raise fields.refusal(
                f"`effective_from` must be before `end`, {self.end}; got {self.effective_from}.",
                "SM-QUO-01",
                "effective_from",
                self.effective_from,
            )
        if (self.rep is None) == (self.team is None):
            raise fields.refusal(
                f"`rep` or `team` must be given, and not both; got rep={show(self.rep)}, team={show(self.team)}.",
                "SM-QUO-02",
                "rep",
                self.rep,
                "for the number of a team write rep=None.",
            )

    @property
    def period(self) -> Period:
        """The days it is for."""
        return Period(self.start, self.end)


@names_keywords_of
@attrs.frozen
class Stage:
    """One step of a sales process.

    Parameters
    ----------
    name : str or int
        What deals call it.
    order : int
        Its place, 0 or more.
    probability : float, optional
        Chance of winning from here, in [0, 1].
    outcome : {"open", "won", "lost", "no_decision"}
        What a deal in this stage has come to.
    forecast_category : str or int, optional
        Category of deals in this stage.
    """

    name: Name = attrs.field(converter=fields.stage_name)
    order: int = attrs.field(converter=fields.order)
    probability: float | None = attrs.field(default=None, converter=fields.probability)
    outcome: str = attrs.field(default="open", converter=fields.outcome)
    forecast_category: Name | None = attrs.field(default=None, converter=fields.category)


@names_keywords_of
@attrs.frozen
class SalesProcess:
    """The stages that deals go through, in order.

    Parameters
    ----------
    stages : iterable of Stage
        With names and orders of their own, among them one won and one lost at least.

    Examples
    --------
    >>> from salesmetrics.domain import SalesProcess, Stage
    >>> ends = [Stage("Won", 3, outcome="won"), Stage("Lost", 4, outcome="lost")]
    >>> process = SalesProcess([Stage("Lead", 1, 0.1), Stage("Bid", 2, 0.4), *ends])
    >>> process.open_stages, process.probability("Bid"), process.outcome("Lost")
    (('Lead', 'Bid'), 0.4, 'lost')
    """

    stages: tuple[Stage, ...] = attrs.field(converter=_stages)

    def __attrs_post_init__(self) -> None:
        self._refuse_twins("name", [stage.name for stage in self.stages])
        self._refuse_twins("order", [stage.order for stage in self.stages])
        for outcome in ("won", "lost"):
            if all(stage.outcome != outcome for stage in self.stages):
                raise fields.refusal(
                    f"`stages` must have a stage with outcome {show(outcome)}; got {show(list(self.names))}.",
                    "SM-PRO-02",
                    "stages",
                    self.names,
                    f"mark it: Stage(name, order, outcome={outcome!r}).",
                )
        self._warn_of_falls()

    def _refuse_twins(self, what: str, found: list[Name] | list[int]) -> None:
        seen: set[Name] = set()
        for value in found:
            if value in seen:
                raise fields.refusal(
                    f"`stages` must have each {what} once; got {show(value)} twice.", "SM-PRO-01", "stages", value
                )
            seen.add(value)

    def _warn_of_falls(self) -> None:
        rated = [stage for stage in self.stages if stage.outcome == "open" and stage.probability is not None]
        falls = [b.name for a, b in itertools.pairwise(rated) if (b.probability or 0.0) < (a.probability or 0.0)]
        if falls:
            warnings.warn(
                f"[SM-PRO-04] probabilities of stages should rise along the order; {len(falls)} fall, first at "
                f"{show(falls[0])}.",
                SalesMetricsWarning,
                stacklevel=5,
            )

    @property
    def names(self) -> tuple[Name, ...]:
        """Names of all stages, in order."""
        return tuple(stage.name for stage in self.stages)

    @property
    def open_stages(self) -> tuple[Name, ...]:
        """Names of the open stages, in order."""
        return tuple(stage.name for stage in self.stages if stage.outcome == "open")

    def stage(self, name: Name) -> Stage:
        """Stage of this name."""
        for stage in self.stages:
            if stage.name == name:
                return stage
        raise fields.refusal(
            f"`name` must be a stage of the process; got {show(name)}.",
            "SM-PRO-03",
            "name",
            name,
            nearest(name, self.names),
        )

    def probability(self, name: Name) -> float | None:
        """Chance of winning from a stage, None where the process does not say."""
        return self.stage(name).probability

    def outcome(self, name: Name) -> str:
        """Outcome of a deal that is in this stage."""
        return self.stage(name).outcome


@names_keywords_of
@attrs.frozen
class StageMove:
    """One change of a deal: the state it is in from that day on.

    Parameters
    ----------
    deal : str or int
        Id of the deal.
    date : date or ISO text
        The day of the change.
    stage : str or int, optional
        Where the deal stands after it.
    amount : int, float or Decimal, optional
        What it is worth after it, in major units; None where not known.
    expected_close : date or ISO text, optional
        When it is expected to close after it.
    rep : str or int, optional
        Whose deal it is after it.
    outcome : {"open", "won", "lost", "no_decision"}, optional
        What it has come to; None where the stage says so.
    forecast_category : str or int, optional
        What the forecaster calls it after the change.
    actor : str or int, optional
        Who made the change.
    from_stage : str or int, optional
        Where the deal stood before, for checking and for the order of changes on one day.
    seq : int, optional
        Order of changes on one day.

    Examples
    --------
    >>> from salesmetrics.domain import StageMove
    >>> StageMove("D-1", "2026-02-03", "Proposal", 1200).stage
    'Proposal'
    """

    deal: Name = attrs.field(converter=fields.deal)
    date: dt.date = attrs.field(converter=fields.day)
    stage: Name | None = attrs.field(default=None, converter=fields.stage)
    amount: Amount | None = attrs.field(default=None, converter=fields.optional_amount)
    expected_close: dt.date | None = attrs.field(default=None, converter=fields.expected_close)
    rep: Name | None = attrs.field(default=None, converter=fields.optional_rep)
    outcome: str | None = attrs.field(default=None, converter=fields.optional_outcome)
    forecast_category: Name | None = attrs.field(default=None, converter=fields.category)
    actor: Name | None = attrs.field(default=None, converter=fields.actor)
    from_stage: Name | None = attrs.field(default=None, converter=fields.from_stage)
    seq: int | None = attrs.field(default=None, converter=fields.seq)


@names_keywords_of
@attrs.frozen
class ForecastCall:
    """What somebody said a period would come to, on a day.

    Parameters
    ----------
    rep : str or int
        Whose call it is.
    period : Period or (start, end)
        What it is about.
    given : date or ISO text
        The day it was made.
    amount : int, float or Decimal
        Total for the period, what is won already included.
    category : str or int
        Kind of call.
    """

    rep: Name = attrs.field(converter=fields.rep)
    period: Period = attrs.field(converter=fields.period)
    given: dt.date = attrs.field(converter=fields.given)
    amount: Amount = attrs.field(converter=fields.amount)
    category: Name = attrs.field(default="commit", converter=fields.call_category)


@names_keywords_of
@attrs.frozen
class Split:
    """The share of a deal that counts for one rep.

    Parameters
    ----------
    deal : str or int
        Id of the deal.
    rep : str or int
        Who is credited.
    share : float
        Fraction of the amount, 0 or more; at most 1 where it is revenue.
    kind : {"revenue", "overlay"}
        Revenue shares of a deal add up to 1; overlay credit comes on top.
    """

    deal: Name = attrs.field(converter=fields.deal)
    rep: Name = attrs.field(converter=fields.rep)
    share: float = attrs.field(converter=fields.share)
    kind: str = attrs.field(default="revenue", converter=fields.kind)

    def __attrs_post_init__(self) -> None:
        if self.kind == "revenue" and self.share > 1.0:
            raise fields.refusal(
                f"`share` must be at most 1 where it is revenue; got {show(self.share)} in deal {show(self.deal)}.",
                "SM-SHR-02",
                "share",
                self.share,
                "fractions, never percent: 0.25 and not 25; credit on top has kind='overlay'.",
            )


@names_keywords_of
@attrs.frozen
class Activity:
    """One call, meeting, message or task.

    Parameters
    ----------
    rep : str or int or None
        Whose activity it is.
    date : date or ISO text
        The day it was done, or is planned for.
    kind : str or int, optional
        What it is, such as ``"call"``.
    deal : str or int, optional
        Id of the deal it is about.
    status : {"planned", "done", "missed", "cancelled"}
        What has become of it.

    Examples
    --------
    >>> from salesmetrics.domain import Activity
    >>> Activity("ana", "2026-02-03", "call", deal="D-1").date
    datetime.date(2026, 2, 3)
    """

    rep: Name | None = attrs.field(converter=fields.optional_rep)
    date: dt.date = attrs.field(converter=fields.day)
    kind: Name | None = attrs.field(default=None, converter=fields.activity_kind)
    deal: Name | None = attrs.field(default=None, converter=fields.optional_deal)
    status: str = attrs.field(default="done", converter=fields.status)


def _in_order(thing: str, key: Name, days: tuple[tuple[str, dt.date | None], ...], hint: str | None = None) -> None:
    """Refuse days that run backwards, naming the thing they belong to; the same day is in order."""
    known = [(name, day) for name, day in days if day is not None]
    for (before, first), (after, second) in itertools.pairwise(known):
        if second < first:
            raise InvalidArgumentError(
                f"`{after}` must not be before `{before}`, {first}; got {second} in {thing} {show(key)}.",
                code="SM-DAY-10",
                field=after,
                keys=[key],
                values=[second],
                hint=hint,
            )
