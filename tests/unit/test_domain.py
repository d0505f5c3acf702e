from __future__ import annotations

import datetime as dt
import pickle
import warnings
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import attrs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesmetrics.calendars import Period
from salesmetrics.domain import OUTCOMES, Deal, ForecastCall, Quota, Rep, SalesProcess, Split, Stage
from salesmetrics.errors import InvalidArgumentError, InvalidTypeError, SalesMetricsError, SalesMetricsWarning

WON = Stage("Won", 8, outcome="won")
LOST = Stage("Lost", 9, outcome="lost")
Q1 = ("2026-02-01", "2026-05-01")
NAN = float("nan")
INF = float("inf")

A, T = InvalidArgumentError, InvalidTypeError
NUMBER = "must be an int, a float or a Decimal"
PERCENT = "fractions, never percent: 0.95 and not 95."
DAY = "a datetime.date, an ISO text such as '2026-10-31' or a numpy.datetime64[D]."
INSTANT = "give the date of the business time zone, such as '2026-10-31'."
SMALL = "must be at most 9007199254740991 minor units"
NO_DAY = "write None where it is not known."
THOUSANDS = "keep the book in thousands."
OUTCOME_RULE = "must be one of 'lost', 'no_decision', 'open', 'won'"
PAIR = "such as ('2026-02-01', '2026-05-01'): the first day, and the first day after."
NOON = dt.datetime(2026, 3, 1, 12)
ZONED = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)

Case = tuple[Callable[[Any], object], Any, type[SalesMetricsError], str, str, str, str | None]


def won(closed: Any, created: Any = "2026-02-01") -> Deal:
    return Deal("D-1", created=created, closed=closed, outcome="won")


REFUSALS: list[Case] = [
    # amounts: DOM-1, 2, 5, 6, 8, 9
    (lambda v: Deal("D-1", amount=v), NAN, A, "SM-AMT-02", "amount", "must be finite", NO_DAY),
    (lambda v: Deal("D-1", amount=v), Decimal("NaN"), A, "SM-AMT-02", "amount", "must be finite", NO_DAY),
    (lambda v: Deal("D-1", amount=v), INF, A, "SM-AMT-02", "amount", "must be finite", NO_DAY),
    (lambda v: Deal("D-1", amount=v), -INF, A, "SM-AMT-02", "amount", "must be finite", NO_DAY),
    (lambda v: Deal("D-1", amount=v), True, T, "SM-AMT-01", "amount", NUMBER, "True and False are no amounts."),
    (lambda v: Deal("D-1", amount=v), 1j, T, "SM-AMT-01", "amount", NUMBER, None),
    (
        lambda v: Deal("D-1", amount=v),
        "1,200",
        T,
        "SM-AMT-01",
        "amount",
        NUMBER,
        "texts are read by read_deals and its sisters; here write the number, or Decimal(text).",
    ),
    (lambda v: Deal("D-1", amount=v), Decimal("1E+2000000"), A, "SM-AMT-03", "amount", SMALL, THOUSANDS),
    (lambda v: Deal("D-1", amount=v), -1e300, A, "SM-AMT-03", "amount", SMALL, THOUSANDS),
    (lambda v: Deal("D-1", amount=v), 2**53, A, "SM-AMT-03", "amount", SMALL, THOUSANDS),
    # days: DOM-10, 12, 15, E7
    (
        won,
        dt.date(2026, 1, 31),
        A,
        "SM-DAY-10",
        "closed",
        "must not be before `created`, 2026-02-01",
        "leave `created` out where it is not known.",
    ),
    (
        lambda v: Deal("D-1", closed=v),
        dt.date(2026, 1, 31),
        A,
        "SM-DEA-02",
        "closed",
        "must be left out while a deal is open",
        "the day it should close is `expected_close`; a decided deal needs `outcome`.",
    ),
    *(
        (
            lambda v, outcome=outcome: Deal("D-1", outcome=outcome, closed=v),
            None,
            A,
            "SM-DEA-01",
            "closed",
            f"must be given where the outcome is '{outcome}'",
            "give the day it was decided, or outcome='open'.",
        )
        for outcome in ("won", "lost", "no_decision")
    ),
    (lambda v: Deal("D-1", created=v), NOON, T, "SM-DAY-01", "created", "must be a day", INSTANT),
    (lambda v: Deal("D-1", expected_close=v), ZONED, T, "SM-DAY-01", "expected_close", "must be a day", INSTANT),
    (lambda v: Deal("D-1", closed=v), "31.01.2026", A, "SM-DAY-02", "closed", "must be a day", DAY),
    (lambda v: Deal("D-1", created=v), 20260131, A, "SM-DAY-02", "created", "must be a day", DAY),
    (lambda v: Deal("D-1", created=v), np.datetime64("NaT"), A, "SM-DAY-02", "created", "must be a day", DAY),
    (lambda v: Deal("D-1", created=v), np.datetime64("2026"), A, "SM-DAY-02", "created", "must be a day", DAY),
    # probability: DOM-16
    *(
        (make, v, A, "SM-ARG-02", "probability", r"must lie in \[0, 1\]", hint)
        for make in (lambda v: Deal("D-1", probability=v), lambda v: Stage("Bid", 1, v))
        for v, hint in ((1.2, PERCENT), (80, PERCENT), (-0.1, None), (NAN, None), (True, None), ("0.5", None))
    ),
    # keys and names: DOM-19, 20
    *(
        (make, v, A, "SM-KEY-02", field, "must not be blank", None)
        for make, field in ((Deal, "id"), (Rep, "id"), (lambda v: Split(v, "ana", 1.0), "deal"))
        for v in ("", " \t", None)
    ),
    *(
        (make, v, A, "SM-KEY-03", "id", "must be free of control characters", None)
        for make in (Deal, Rep)
        for v in ("a\0", "a\x1bb", "a\nb", "\x9b", "\ud800")
    ),
    (Deal, True, T, "SM-KEY-01", "id", "must be a text or a whole number", None),
    (Deal, 17.0, T, "SM-KEY-01", "id", "must be a text or", "write the number as text or as an int."),
    (Deal, ("a",), T, "SM-KEY-01", "id", "must be a text or a whole number", None),
    (Rep, 2**63, A, "SM-KEY-02", "id", "must fit 64 bits where it is a whole number", "write it as text."),
    (lambda v: Deal("D-1", v), " ", A, "SM-KEY-02", "rep", "must not be blank", NO_DAY),
    (lambda v: Deal("D-1", stage=v), 1.5, T, "SM-KEY-01", "stage", "must be a text or", "write the number as text"),
    (lambda v: Deal("D-1", forecast_category=v), "", A, "SM-KEY-02", "forecast_category", "must not", NO_DAY),
    (lambda v: Rep("ana", name=v), "", A, "SM-KEY-02", "name", "must not be blank", NO_DAY),
    (lambda v: Rep("ana", team=v), b"East", T, "SM-KEY-01", "team", "must be a text or a whole number", None),
    (lambda v: Quota(None, *Q1, 100, team=v), "", A, "SM-KEY-02", "team", "must not be blank", NO_DAY),
    (lambda v: Split("D-1", v, 1.0), None, T, "SM-KEY-01", "rep", "must be a text or a whole number", None),
    (lambda v: Stage(v, 1), "", A, "SM-KEY-02", "name", "must not be blank", NO_DAY),
    # outcome
    (lambda v: Deal("D-1", outcome=v), "wno", A, "SM-ARG-01", "outcome", OUTCOME_RULE, "did you mean 'won'"),
    (lambda v: Deal("D-1", outcome=v), "Won", A, "SM-ARG-01", "outcome", OUTCOME_RULE, "did you mean 'won'"),
    (lambda v: Stage("Bid", 1, outcome=v), None, A, "SM-ARG-01", "outcome", OUTCOME_RULE, None),
    # labels
    (lambda v: Deal("D-1", labels={v: "x"}), "amount", A, "SM-DEA-04", "labels", "must have names", "give it as `amo"),
    (lambda v: Deal("D-1", labels={v: "x"}), "", A, "SM-DEA-04", "labels", "must have names of their own", None),
    (lambda v: Deal("D-1", labels={v: "x"}), 3, A, "SM-DEA-04", "labels", "must have names of their own", None),
    (lambda v: Deal("D-1", labels=[(v, 1), (v, 2)]), "a", A, "SM-DEA-04", "labels", "must have names of", None),
    (lambda v: Deal("D-1", labels=v), "segment", T, "SM-DOM-03", "labels", "must be a list of pairs", None),
    (lambda v: Deal("D-1", labels={"size": v}), 1.5, T, "SM-KEY-01", "labels['size']", "must be a text or", "write"),
    # reps
    (lambda v: Rep("ana", manager=v), "ana", A, "SM-REP-02", "manager", "must be another rep", None),
    (
        lambda v: Rep("ana", hired="2026-02-01", left=v),
        dt.date(2026, 1, 1),
        A,
        "SM-DAY-10",
        "left",
        "must not be before `role_start`, 2026-02-01",
        None,
    ),
    (
        lambda v: Rep("ana", hired="2026-02-01", role_start=v),
        dt.date(2026, 1, 1),
        A,
        "SM-DAY-10",
        "role_start",
        "must not be before `hired`, 2026-02-01",
        None,
    ),
    (lambda v: Rep("ana", absences=v), "2026-02-01", T, "SM-DOM-03", "absences", "must be a list of periods", None),
    (lambda v: Rep("ana", absences=[v]), "2026-02-01", T, "SM-PER-20", "absences", "must be a Period or a pair", PAIR),
    (lambda v: Rep("ana", ramp=v), 0.5, T, "SM-DOM-03", "ramp", "must be a list of shares", None),
    *(
        (lambda v: Rep("ana", ramp=[0.5, v]), v, A, "SM-SHR-01", "ramp", "must be finite and >= 0", None)
        for v in (-0.1, NAN, INF, 10**400, True, "0.5", None)
    ),
    # quotas: DOM-24
    *(
        (lambda v: Quota("ana", *Q1, v), v, A, code, "amount", rule, hint)
        for v, code, rule, hint in (
            (-1, "SM-AMT-05", "must be >= 0", None),
            (Decimal("-0.01"), "SM-AMT-05", "must be >= 0", None),
            (NAN, "SM-AMT-02", "must be finite", NO_DAY),
            (INF, "SM-AMT-02", "must be finite", NO_DAY),
        )
    ),
    (lambda v: Quota("ana", *Q1, v), None, T, "SM-AMT-01", "amount", NUMBER, None),
    (lambda v: Quota("ana", "2026-02-01", v, 1), dt.date(2026, 1, 1), A, "SM-PER-01", "end", "must be after", None),
    (
        lambda v: Quota("ana", *Q1, 1, v),
        dt.date(2026, 5, 1),
        A,
        "SM-QUO-01",
        "effective_from",
        "must be before `end`, 2026-05-01",
        None,
    ),
    (
        lambda v: Quota(v, *Q1, 1),
        None,
        A,
        "SM-QUO-02",
        "rep",
        "or `team` must be given, and not both",
        "for the number",
    ),
    (lambda v: Quota(v, *Q1, 1, team="East"), "ana", A, "SM-QUO-02", "rep", "or `team` must be given", "for the num"),
    # stages and processes: DOM-22
    *(
        (lambda v: Stage("Bid", v), v, A, "SM-ARG-03", "order", "must be a whole number >= 0", None)
        for v in (-1, 1.0, True, None)
    ),
    (
        lambda v: SalesProcess([Stage(v, 1), Stage(v, 2), WON, LOST]),
        "Bid",
        A,
        "SM-PRO-01",
        "stages",
        "must have each name once",
        None,
    ),
    (
        lambda v: SalesProcess([Stage("Lead", v), Stage("Bid", v), WON, LOST]),
        1,
        A,
        "SM-PRO-01",
        "stages",
        "must have each order once",
        None,
    ),
    (
        lambda _: SalesProcess([Stage("Bid", 1), LOST]),
        ("Bid", "Lost"),
        A,
        "SM-PRO-02",
        "stages",
        "must have a stage with outcome 'won'",
        "mark it: Stage(name, order, outcome='won').",
    ),
    (
        lambda _: SalesProcess([Stage("Bid", 1), WON]),
        ("Bid", "Won"),
        A,
        "SM-PRO-02",
        "stages",
        "must have a stage with outcome 'lost'",
        "mark it: Stage(name, order, outcome='lost').",
    ),
    (
        lambda v: SalesProcess([v, WON, LOST]),
        "Bid",
        T,
        "SM-DOM-03",
        "stages",
        "must be a list of Stage objects",
        "such as Stage('Proposal', 3, probability=0.4).",
    ),
    (lambda v: SalesProcess(v), WON, T, "SM-DOM-03", "stages", "must be a list of Stage objects", None),
    (
        lambda v: SalesProcess([Stage("Proposal", 1), WON, LOST]).stage(v),
        "proposal",
        A,
        "SM-PRO-03",
        "name",
        "must be a stage of the process",
        "did you mean 'Proposal'?",
    ),
    # calls and splits
    (lambda v: ForecastCall("ana", v, "2026-02-05", 1), "Q1", T, "SM-PER-20", "period", "must be a Period or", PAIR),
    (lambda v: ForecastCall("ana", Q1, v, 1), "today", A, "SM-DAY-02", "given", "must be a day", DAY),
    (lambda v: ForecastCall("ana", Q1, "2026-02-05", v), NAN, A, "SM-AMT-02", "amount", "must be finite", NO_DAY),
    (lambda v: ForecastCall("ana", Q1, "2026-02-05", 1, v), "", A, "SM-KEY-02", "category", "must not be", NO_DAY),
    (
        lambda v: Split("D-1", "ana", v),
        25.0,
        A,
        "SM-SHR-02",
        "share",
        "must be at most 1 where it is revenue",
        "fracti",
    ),
    *(
        (lambda v: Split("D-1", "ana", v, "overlay"), v, A, "SM-SHR-01", "share", "must be finite and >= 0", None)
        for v in (-0.5, NAN, INF, None, True)
    ),
    (
        lambda v: Split("D-1", "ana", 1.0, v),
        "over",
        A,
        "SM-ARG-01",
        "kind",
        "must be one of 'overlay', 'revenue'",
        "did you mean 'overlay'?",
    ),
]


@pytest.mark.parametrize(
    ("make", "value", "kind", "code", "field", "rule", "hint"),
    REFUSALS,
    ids=[f"{i}-{case[3]}-{case[4]}" for i, case in enumerate(REFUSALS)],
)
def test_a_thing_that_breaks_a_rule_is_refused(
    make: Callable[[Any], object],
    value: Any,
    kind: type[SalesMetricsError],
    code: str,
    field: str,
    rule: str,
    hint: str | None,
) -> None:
    """Each rule has its class, code, field, sentence, value and hint, and its error survives pickling."""
    with pytest.raises(
        SalesMetricsError, match=rf"^\[SM-[A-Z]+-\d+\] `{field.replace('[', '.').replace(']', '.')}` {rule}"
    ) as caught:
        make(value)
    error = caught.value
    assert (type(error), error.code, error.field) == (kind, code, field)
    assert "; got " in error.message
    assert error.message.endswith(".")
    assert error.value is value or error.value == value
    assert error.hint is None if hint is None else str(error.hint).startswith(hint)
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_dates_that_disagree_name_the_deal() -> None:
    """A deal that was closed before it was created is named, with both days."""
    with pytest.raises(
        A, match=r"^\[SM-[A-Z]+-\d+\] `closed` must not be before `created`, 2026-02-01; got 2026-01-31 in deal 'D-1'\."
    ):
        won("2026-01-31")
    with pytest.raises(A) as caught:
        won("2026-01-31")
    assert caught.value.keys == ["D-1"]


def test_overlapping_absences_are_named() -> None:
    """Two absences that share a day are refused with both."""
    with pytest.raises(
        A,
        match=r"^\[SM-[A-Z]+-\d+\] `absences` must not overlap; got 2026-03-01\.\.2026-04-01 and 2026-03-31\.\.2026-05-01\.",
    ) as caught:
        Rep("ana", absences=[("2026-03-31", "2026-05-01"), ("2026-03-01", "2026-04-01")])
    assert (caught.value.code, caught.value.field) == ("SM-REP-01", "absences")
    assert caught.value.value == (Period("2026-03-01", "2026-04-01"), Period("2026-03-31", "2026-05-01"))
    assert caught.value.hint == "join the two into one."


def test_the_process_of_a_refusal_is_listed() -> None:
    """A process without a won stage lists the stages it has."""
    with pytest.raises(A, match=r"got \['Bid', 'Lost'\]\."):
        SalesProcess([LOST, Stage("Bid", 1)])


@pytest.mark.parametrize(
    ("values", "fields"), [(("D-1",), {"stag": "Bid"}), ((), {}), (range(12), {}), (("D-1",), {"id": "D-2"})]
)
def test_a_call_that_does_not_fit_is_a_type_error(values: Any, fields: dict[str, Any]) -> None:
    """A misspelt, missing, surplus or doubled argument never builds a thing."""
    with pytest.raises(TypeError, match="argument"):
        Deal(*values, **fields)


# --- what is accepted -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    [
        "2026-03-01",
        dt.date(2026, 3, 1),
        dt.datetime(2026, 3, 1),
        np.datetime64("2026-03-01"),
        np.datetime64("2026-03-01T00:00", "ns"),
    ],
)
def test_a_day_comes_in_many_forms(value: Any) -> None:
    """A date, a midnight, an ISO text and numpy's own are the same day."""
    day = dt.date(2026, 3, 1)
    assert Deal("D-1", created=value).created == day
    assert type(won(value).closed) is dt.date
    assert Rep("ana", hired=value).hired == day
    assert ForecastCall("ana", Q1, value, 1).given == day


@given(st.integers(-(2**53) + 1, 2**53 - 1))
def test_an_amount_is_kept_as_it_came(amount: int) -> None:
    """Whole numbers and Decimals are kept exactly; a credit is a deal."""
    assert Deal("D-1", amount=amount).amount == amount
    kept = Deal("D-1", amount=Decimal(amount).scaleb(-2)).amount
    assert isinstance(kept, Decimal)
    assert kept * 100 == amount


def test_numpy_scalars_become_plain() -> None:
    """Scalars of numpy become Python's own, so that a thing pickles and prints without numpy."""
    deal = Deal(np.int64(7), np.str_("ana"), np.float64(2.5), probability=np.float32(0.5), labels={"tier": np.int8(1)})
    assert deal == Deal(7, "ana", 2.5, probability=0.5, labels={"tier": 1})
    assert [type(v) for v in (deal.id, deal.rep, deal.amount, deal.probability)] == [int, str, float, float]


def test_the_sign_of_zero_is_dropped() -> None:
    """Minus zero is zero, in amounts, probabilities and shares."""
    assert str(Deal("D-1", amount=-0.0).amount) == "0.0"
    assert str(Deal("D-1", probability=-0.0).probability) == "0.0"
    assert str(Split("D-1", "ana", -0.0).share) == "0.0"


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_a_deal_knows_what_it_came_to(outcome: str) -> None:
    """A deal is open or closed, and won or not."""
    deal = Deal("D-1", outcome=outcome, closed=None if outcome == "open" else "2026-03-01")
    assert deal.is_open == (outcome == "open")
    assert deal.is_closed == (outcome != "open")
    assert deal.is_won == (outcome == "won")


def test_a_deal_may_close_on_the_day_it_was_created() -> None:
    """The same day is in order, and so is a deal without a creation day."""
    assert won("2026-02-01").closed == dt.date(2026, 2, 1)
    assert won("2026-02-01", created=None).created is None


def test_labels_are_sorted_pairs() -> None:
    """Labels are kept in the order of their names, may be missing, and make a deal that can be hashed and evolved."""
    deal = Deal("D-1", labels={"segment": "SMB", "region": None, "tier": 2})
    assert deal.labels == (("region", None), ("segment", "SMB"), ("tier", 2))
    assert hash(deal) == hash(attrs.evolve(deal))
    assert Deal("D-1").labels == Deal("D-1", labels={}).labels == ()


def test_a_name_may_hold_anything_that_is_not_blank() -> None:
    """Names of people and stages are kept as data, whatever characters they have; ids may have blanks inside."""
    assert Deal("D 1", rep="ana\u202e\x1b[2J").rep == "ana\u202e\x1b[2J"
    assert Rep("Żółć", name="=cmd|x").name == "=cmd|x"


def test_a_role_starts_on_hiring_unless_said() -> None:
    """The first day in the role is the first day in the company where nothing else is said."""
    assert Rep("ana", hired="2026-02-01").role_start == dt.date(2026, 2, 1)
    assert Rep("ana", hired="2026-02-01", role_start="2026-03-01").role_start == dt.date(2026, 3, 1)
    assert Rep("ana", role_start="2026-03-01").hired is None


def test_absences_are_periods_in_order() -> None:
    """Absences are sorted, and may touch."""
    rep = Rep("ana", absences=[("2026-03-01", "2026-04-01"), Period("2026-02-01", "2026-03-01", name="leave")])
    assert [absence.start.month for absence in rep.absences] == [2, 3]
    assert rep.absences[0].name == "leave"


@pytest.mark.parametrize("ramp", [(0.25, 0.5, 1), [0.25, 0.5, 1], np.array([0.25, 0.5, 1.0]), iter([0.25, 0.5, 1])])
def test_a_ramp_is_any_run_of_shares(ramp: Any) -> None:
    """A ramp schedule may be a tuple, a list, an array or an iterator."""
    assert Rep("ana", ramp=ramp).ramp == (0.25, 0.5, 1.0)


def test_a_quota_of_zero_is_a_quota() -> None:
    """A quota may be 0, and holds from its first day unless said."""
    quota = Quota("ana", *Q1, 0)
    assert quota.period == Period(*Q1)
    assert quota.effective_from == quota.start == dt.date(2026, 2, 1)
    assert Quota("ana", *Q1, 0, effective_from="2026-01-15").effective_from == dt.date(2026, 1, 15)
    assert Quota(None, *Q1, 5, team="East").rep is None


def test_a_process_orders_its_stages() -> None:
    """Stages are sorted by their order, whatever order they came in."""
    process = SalesProcess([WON, Stage("Bid", 2, 0.4), LOST, Stage("Lead", 0, 0.1)])
    assert process.names == ("Lead", "Bid", "Won", "Lost")
    assert process.open_stages == ("Lead", "Bid")
    assert process.probability("Bid") == 0.4
    assert process.probability("Won") is None
    assert [process.outcome(name) for name in process.names] == ["open", "open", "won", "lost"]
    assert process.stage("Won") is WON
    assert process == SalesProcess(iter(process.stages))


def test_probabilities_that_fall_along_the_order_warn_once() -> None:
    """A process whose probabilities fall is taken with one warning that names the first fall."""
    stages = [Stage("Lead", 1, 0.5), Stage("Demo", 2), Stage("Bid", 3, 0.4), Stage("Sign", 4, 0.3), WON, LOST]
    with pytest.warns(SalesMetricsWarning, match=r"\[SM-PRO-04\].*2 fall, first at 'Bid'") as caught:
        SalesProcess(stages)
    assert len(caught) == 1
    assert caught[0].filename == __file__


def test_a_clean_process_is_silent() -> None:
    """Equal probabilities, and closed stages of any probability, are no fall."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        SalesProcess([Stage("A", 1, 0.5), Stage("B", 2, 0.5), Stage("W", 3, 1.0, "won"), Stage("L", 4, 0.0, "lost")])


def test_a_call_takes_a_pair_of_days() -> None:
    """A forecast call is a commit unless said, and its period may be a pair; a call may be negative."""
    call = ForecastCall("ana", Q1, "2026-02-05", -10)
    assert call == ForecastCall("ana", Period(*Q1), dt.date(2026, 2, 5), -10, "commit")


@pytest.mark.parametrize(("share", "kind"), [(0, "revenue"), (1, "revenue"), (2.5, "overlay")])
def test_only_overlay_shares_pass_1(share: float, kind: str) -> None:
    """A revenue share is a fraction; overlay credit may be any total."""
    assert Split("D-1", "ana", share, kind).share == share


THINGS = [
    Rep("ana", "Ana", "East", "bo", "2026-01-01", None, "2026-09-01", [Q1], [0.5]),
    Deal("D-1", "ana", Decimal("19.90"), "2026-02-01", None, "2026-03-01", "Won", "won", 1, labels={"segment": "SMB"}),
    Quota("ana", *Q1, 100.5),
    Stage("Bid", 1, 0.4, forecast_category="commit"),
    SalesProcess([Stage("Bid", 1, 0.4), WON, LOST]),
    ForecastCall("ana", Q1, "2026-02-05", 90),
    Split("D-1", "ana", 0.5),
]


@pytest.mark.parametrize("thing", THINGS, ids=lambda thing: type(thing).__name__)
def test_things_are_frozen_values(thing: Any) -> None:
    """A thing cannot be changed, has no room for other attributes, and is equal to its pickled copy."""
    field = attrs.fields(type(thing))[0].name
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        setattr(thing, field, "else")
    assert not hasattr(thing, "__dict__")
    again = pickle.loads(pickle.dumps(thing))
    assert again == thing
    assert hash(again) == hash(thing)
    assert attrs.evolve(thing) == thing
