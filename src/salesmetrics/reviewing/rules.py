"""What a review points at, and from which number on: the thresholds, and the note that one of them leaves."""

from __future__ import annotations

import math

import attrs

from salesmetrics import _check
from salesmetrics.errors import InvalidArgumentError, InvalidTypeError, escape, show
from salesmetrics.flagging import FlagRules

__all__ = ["RULES", "Note", "ReviewRules", "checked"]

RULES = (
    "pace",
    "coverage",
    "at_risk",
    "stage",
    "win_rate",
    "bias",
    "few_reps",
    "one_deal",
    "hygiene",
    "first_win",
)
"""Every rule, in the order in which notes are listed."""
_SHARES = ("at_risk", "rep_share", "deal_share", "hygiene")
_FACTORS = ("pace", "coverage", "slower", "win_rate", "bias", "first_win")


def _flag_rules(given: object) -> FlagRules:
    if isinstance(given, FlagRules):
        return given
    raise InvalidTypeError(
        f"`flags` must be FlagRules; got {show(given)}.",
        code="SM-REV-01",
        field="flags",
        values=[given],
        hint="sm.ReviewRules(flags=sm.FlagRules(days=30)).",
    )


@attrs.frozen(kw_only=True)
class ReviewRules:
    """Thresholds of a review's notes: from which number on does something need attention?

    Each rule compares one number of a table of the review with one threshold; there is no score and no weight. None switches a
    rule off. No rule speaks of a number that is undefined, or that rests on fewer rows than stated here.

    Parameters
    ----------
    pace : float or None, default 0.9
        Of the whole, a team or a rep: on pace for less than this share of quota; of a period that is over, ended below it.
    elapsed : float in [0, 1], default 0.25
        While less than this share of the days is over, nobody is off pace.
    coverage : float or None, default 1.0
        Coverage below so many times the required coverage, which is 1 over the share won of what was due when the period
        before began.
    at_risk : float in [0, 1] or None, default 0.5
        More than this share of the open money is in deals at risk, as ``flags`` define them.
    slower : float or None, default 1.25
        A stage holds deals more than so many times as long (median) as in the year before, and the intervals do not touch.
    win_rate : float or None, default 1.0
        The interval of the win rate ends below so many times the lower end of that of the year before.
    bias : float or None, default 0.25
        Calls of the last year were more than this share of what came too high, or too low, on the whole.
    rep_share : float in [0, 1] or None, default 0.5
        The ``top`` reps brought more than this share of the bookings.
    top : int, default 2
        How many reps are few.
    deal_share : float in [0, 1] or None, default 0.25
        One deal is more than this share of what is open and due in the period, or of what was booked in it.
    hygiene : float in [0, 1] or None, default 0.9
        Less than this share of the open deals has a date that is not past, an amount and an owner.
    first_win : float or None, default 2.0
        A rep has been there for more than so many times the median days to a first win, and has none.
    min_n : int, default 20
        The fewest deals behind a rate, a median or a share of deals.
    min_pairs : int, default 4
        The fewest periods with a call behind a bias.
    min_reps : int, default 5
        The fewest reps behind a share of reps or a time to the first win.
    flags : FlagRules, optional
        The thresholds of the flags themselves.

    Examples
    --------
    >>> import salesmetrics as sm
    >>> rules = sm.ReviewRules(pace=0.8, hygiene=None)
    >>> rules.pace, rules.hygiene, rules.min_n
    (0.8, None, 20)
    """

    pace: float | None = 0.9
    elapsed: float = 0.25
    coverage: float | None = 1.0
    at_risk: float | None = 0.5
    slower: float | None = 1.25
    win_rate: float | None = 1.0
    bias: float | None = 0.25
    rep_share: float | None = 0.5
    top: int = 2
    deal_share: float | None = 0.25
    hygiene: float | None = 0.9
    first_win: float | None = 2.0
    min_n: int = 20
    min_pairs: int = 4
    min_reps: int = 5
    flags: FlagRules = attrs.field(factory=FlagRules, converter=_flag_rules)

    def __attrs_post_init__(self) -> None:
        _check.fraction(self.elapsed, "elapsed")
        for name in _SHARES:
            if getattr(self, name) is not None:
                _check.fraction(getattr(self, name), name)
        for name in _FACTORS:
            _factor(getattr(self, name), name)
        for name in ("top", "min_n", "min_pairs", "min_reps"):
            _check.count(getattr(self, name), name, least=1)


def _factor(value: object, name: str) -> None:
    """Raise where a threshold is neither None nor a number from 0 on."""
    if value is None or (
        isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value) and value >= 0
    ):
        return
    raise InvalidArgumentError(
        f"`{name}` must be a finite number >= 0, or None; got {show(value)}.",
        code="SM-REV-02",
        field=name,
        values=[value],
        hint="None switches the rule off.",
    )


def checked(rules: object) -> ReviewRules:
    """Return the thresholds, those by default where none are given."""
    if rules is None or isinstance(rules, ReviewRules):
        return rules or ReviewRules()
    raise InvalidTypeError(
        f"`rules` must be ReviewRules; got {show(rules)}.",
        code="SM-REV-03",
        field="rules",
        values=[rules],
        hint="sm.ReviewRules(pace=0.8).",
    )


@attrs.frozen
class Note:
    """One thing that needs attention: which rule says so, about whom, and with which number.

    Attributes
    ----------
    what : str
        The rule: ``pace``, ``coverage``, ``at_risk``, ``stage``, ``win_rate``, ``bias``, ``few_reps``, ``one_deal``,
        ``hygiene`` or ``first_win``.
    subject : object
        The label that it is about: a rep, a team, a stage, a group, a period; "all" is the whole.
    value, threshold : float
        The number, and the one that it was compared with.
    n : int
        The rows that the number rests on.
    money : float or None
        The money at stake, where the rule can name any: what is missing, at risk or was called too much.
    sentence : str
        The same in words, with every number in it. Labels are escaped.
    """

    what: str
    subject: object
    value: float
    threshold: float
    n: int
    money: float | None
    sentence: str = attrs.field(converter=escape)

    def __str__(self) -> str:
        """Return the sentence."""
        return self.sentence
