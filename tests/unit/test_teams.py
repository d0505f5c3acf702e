"""Team roll-up, share at quota, distribution, streaks and concentration: reasons, variants, refusals."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import pytest

import salesmetrics as sm
from salesmetrics.errors import InvalidArgumentError, MergeError, MissingColumnError

Q1 = sm.Period("2026-01-01", "2026-04-01")
MONTHS = sm.Periods.from_boundaries(["2026-01-01", "2026-02-01", "2026-03-01", "2026-04-01", "2026-05-01"])


def won(*rows: tuple[Any, Any], closed: str = "2026-01-20") -> Any:
    """Return won deals of (rep, amount)."""
    columns = {"rep": [r for r, _ in rows], "amount": [a for _, a in rows]}
    return sm.read_deals({**columns, "outcome": ["won"] * len(rows), "closed": [closed] * len(rows)})


def owed(*rows: tuple[str, Any]) -> Any:
    """Return quotas of (rep, amount) for the first quarter."""
    return sm.read_quotas([sm.Quota(rep, Q1.start, Q1.end, Decimal(str(amount))) for rep, amount in rows])


DEALS = won(("Ana", 120), ("Ben", 150), ("Cy", 40), ("Di", 5))
QUOTAS = owed(("Ana", 100), ("Ben", 300), ("Di", 0))
REPS = sm.read_reps([sm.Rep(name, team=team) for name, team in (("Ana", "E"), ("Ben", "W"), ("Cy", "E"), ("Di", "W"))])


def test_bookings_of_reps_without_a_quota_are_left_out_and_told() -> None:
    """A rep without a quota, or with one of 0, counts only where asked; their bookings stand in a part."""
    row = sm.team_attainment(DEALS, QUOTAS, period=Q1)["all"]
    assert (row.value, row.n) == (270 / 400, 2)
    assert dict(row.parts) == {
        "booked": 270,
        "quota": 400,
        "gap": -130,
        "booked_without_quota": 45,
        "reps_without_quota": 2,
    }
    assert sm.team_attainment(DEALS, QUOTAS, period=Q1, no_quota="include")["all"].value == 315 / 400


def test_pooled_is_the_attainment_of_the_team() -> None:
    """`attainment` of anything coarser than a rep is this number."""
    mine = sm.team_attainment(DEALS, QUOTAS, period=Q1, reps=REPS, by="team")
    other = sm.attainment(DEALS, QUOTAS, period=Q1, reps=REPS, by="team")
    assert mine.value.tolist() == other.value.tolist()
    assert mine.n.tolist() == other.n.tolist()
    assert all(mine.parts[name].tolist() == other.parts[name].tolist() for name in other.parts)


def test_a_team_may_have_a_number_of_its_own() -> None:
    """One number, one for each label, or the rows of the quotas that are stated for a team."""
    asked: dict[str, Any] = {"period": Q1, "reps": REPS, "by": "team"}
    own = sm.team_attainment(DEALS, QUOTAS, **asked, team_quota={"E": 240, "N": 7})
    assert own.value[0] == 0.5
    assert own["W"].reason == "no_quota"
    assert "1 labels without a row, such as" in own.notes[0]
    stated = [
        *(sm.Quota("Ana", Q1.start, Q1.end, 100), sm.Quota(None, Q1.start, Q1.end, 240, team="E")),
        *(sm.Quota(None, "2026-01-01", "2026-07-01", 362, team="N"), sm.Quota("Ben", Q1.start, Q1.end, 300)),
    ]
    table = sm.team_attainment(DEALS, sm.read_quotas(stated), **asked, team_quota="stated")
    assert list(table.labels) == ["E", "N", "W"]
    assert table["E"].value == 0.5
    assert (table["N"].value, table["N"].n, table["N"].parts["quota"]) == (0.0, 0, 180)
    assert table["W"].reason == "no_quota"
    assert table["W"].parts["booked"] == 150
    everyone = sm.team_attainment(DEALS, QUOTAS, period=Q1, team_quota=Decimal("540"))["all"]
    assert everyone.value == 0.5


def test_a_teams_number_needs_no_rep_with_a_quota() -> None:
    """Where nobody has a quota of their own the team's number is still there to be reached."""
    row = sm.team_attainment(DEALS, owed(("Zed", 0)), period=Q1, team_quota=630, no_quota="include")["all"]
    assert (row.value, row.n) == (0.5, 0)


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"method": "mean"}, "`method` must be one of"),
    ({"no_quota": "drop"}, "`no_quota` must be one of"),
    ({"method": "mean_of_reps", "no_quota": "include"}, "`no_quota` must not be given with method 'mean_of_reps'"),
    ({"method": "mean_of_reps", "team_quota": 5}, "`team_quota` must not be given with method 'mean_of_reps'"),
    ({"team_quota": -1}, "`team_quota` must be a number >= 0"),
    ({"team_quota": True}, "`team_quota` must be a number >= 0"),
    ({"team_quota": "summed"}, "`team_quota` must be one of 'stated'"),
    ({"team_quota": {"E": 5}}, "`team_quota` must be one number without `by`"),
    ({"team_quota": "stated"}, "`by` must have 'team' and not 'rep'"),
    ({"team_quota": "stated", "by": ("team", "rep"), "reps": REPS}, "`by` must have 'team' and not 'rep'"),
    ({"period": None}, "`period` must be given"),
]


@pytest.mark.parametrize(("changes", "sentence"), REFUSED, ids=[f"{changes}" for changes, _ in REFUSED])
def test_what_a_team_cannot_be_asked(changes: dict[str, Any], sentence: str) -> None:
    """Arguments that would not be read, or that say nothing, are refused by name."""
    with pytest.raises(InvalidArgumentError, match=sentence):
        sm.team_attainment(DEALS, QUOTAS, **{"period": Q1, **changes})


def test_stated_numbers_need_the_quotas_and_their_teams() -> None:
    """A tally holds the numbers of reps only, and quotas without teams state none."""
    owner = sm.read_quotas({"rep": ["Ana"], "start": [Q1.start], "end": [Q1.end], "amount": [5]})
    asked: dict[str, Any] = {"reps": REPS, "by": "team", "period": Q1}
    with pytest.raises(MissingColumnError, match="`team`"):
        sm.team_attainment(DEALS, owner, **asked, team_quota="stated")
    with pytest.raises(MergeError, match="must be a book with team_quota 'stated'"):
        sm.team_attainment(DEALS, sm.QuotaTally.from_book(owner, **asked), by="team", reps=REPS, team_quota="stated")


def test_a_ramping_rep_has_a_threshold_of_their_own() -> None:
    """Who ramps on a day with a quota is held to the lower threshold; a share of 1 or a day without a quota is no ramp."""
    ramp = (0.5,)
    staff = sm.read_reps([sm.Rep("Ana", hired="2026-03-15", ramp=ramp), sm.Rep("Ben", hired="2025-03-15", ramp=ramp)])
    deals, quotas = won(("Ana", 8), ("Ben", 80)), owed(("Ana", 100), ("Ben", 100))
    asked: dict[str, Any] = {"period": Q1, "reps": staff}
    assert sm.share_at_quota(deals, quotas, **asked)["all"].value == 0
    row = sm.share_at_quota(deals, quotas, **asked, ramping_threshold=0.7)["all"]
    assert (row.value, row.n, row.parts["ramping"], row.parts["at_quota"]) == (0.5, 2, 1, 1)
    row = sm.share_at_quota(deals, quotas, **asked, min_active_share=0.5)["all"]
    assert (row.value, row.n, row.parts["inactive"]) == (0, 1, 1)


def test_share_at_quota_compares_whole_money_exactly() -> None:
    """7 of 10 is 0.7 of it, although 0.7 x 10 is a float; a cent less is not."""
    quotas = owed(("Ana", 10), ("Ben", 10))
    row = sm.share_at_quota(won(("Ana", 7), ("Ben", 6.99)), quotas, period=Q1, threshold=0.7)["all"]
    assert row.value == 0.5
    assert (row.low, row.high) == sm.formulas.wilson(1, 2)
    assert sm.share_at_quota(DEALS, quotas, period=Q1, confidence_level=None).low is None
    exact = sm.share_at_quota(DEALS, quotas, period=Q1, interval="exact")["all"]
    assert (exact.low, exact.high) == sm.formulas.clopper_pearson(2, 2)


def test_nobody_with_a_quota_is_no_quota_and_an_open_interval() -> None:
    """The interval of nobody is (0, 1)."""
    row = sm.share_at_quota(won(), owed(("Ana", 0)), period=Q1)["all"]
    assert (row.reason, row.n, row.low, row.high) == ("no_quota", 0, 0, 1)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"threshold": -0.1}, "`threshold` must be a number >= 0"),
        ({"threshold": math.nan}, "`threshold` must be a number >= 0"),
        ({"ramping_threshold": 0.7}, "`ramping_threshold` must not be given with reps None"),
        ({"min_active_share": 0.7}, "`min_active_share` must not be given with reps None"),
        ({"min_active_share": 50, "reps": REPS}, r"`min_active_share` must lie in \[0, 1\]"),
        ({"interval": "normal"}, "`interval` must be one of"),
        ({"confidence_level": 95}, "`confidence_level` must lie strictly between 0 and 1"),
    ],
)
def test_what_share_at_quota_cannot_be_asked(options: dict[str, Any], sentence: str) -> None:
    """Thresholds and shares are fractions, and ramps come from a book of reps."""
    with pytest.raises(InvalidArgumentError, match=sentence):
        sm.share_at_quota(DEALS, QUOTAS, period=Q1, **options)


def test_a_tally_of_quotas_does_not_know_who_ramps() -> None:
    """The days of a quota are not in its tally."""
    tally = sm.QuotaTally.from_book(QUOTAS, period=Q1, reps=REPS)
    with pytest.raises(MergeError, match="must be a book with `ramping_threshold`"):
        sm.share_at_quota(DEALS, tally, reps=REPS, ramping_threshold=0.7)


def test_the_distribution_is_nearest_rank_from_the_minimum_to_the_maximum() -> None:
    """Every quantile is the attainment of some rep; those without a quota are counted apart."""
    table = sm.attainment_distribution(
        won(*((f"r{i:02}", i) for i in range(1, 11)), ("Zed", 5)),
        owed(*((f"r{i:02}", 10) for i in range(1, 11))),
        period=Q1,
    )
    assert list(table.labels) == ["minimum", "0.1", "0.25", "0.5", "0.75", "0.9", "maximum"]
    assert table.value.tolist() == [0.1, 0.1, 0.3, 0.5, 0.8, 0.9, 1.0]
    assert set(table.n.tolist()) == {10}
    assert table["0.5"].parts["reps_without_quota"] == 1
    empty = sm.attainment_distribution(won(), owed(("Ana", 0)), period=Q1, q=[0.5])
    assert empty.reason.tolist() == ["no_quota"] * 3
    with pytest.raises(InvalidArgumentError, match="`q` must hold each share once"):
        sm.attainment_distribution(DEALS, QUOTAS, period=Q1, q=[0.5, 0.5])
    with pytest.raises(InvalidArgumentError, match=r"`q` must lie in \[0, 1\]"):
        sm.attainment_distribution(DEALS, QUOTAS, period=Q1, q=[50])


def monthly(*booked: int) -> Any:
    """Return Ana's deals of these amounts, one a month."""
    days = [period.start for period in MONTHS]
    return sm.read_deals(
        {
            "rep": ["Ana"] * len(booked),
            "amount": list(booked),
            "outcome": ["won"] * len(booked),
            "closed": days[: len(booked)],
        }
    )


MONTHLY = sm.read_quotas([sm.Quota("Ana", p.start, p.end, 100 if i != 1 else 0) for i, p in enumerate(MONTHS)])


@pytest.mark.parametrize(
    ("booked", "as_of", "options", "value", "reason"),
    [
        ((100, 0, 100, 5), "2026-04-15", {}, 2, ""),
        ((100, 0, 100, 5), "2026-04-15", {"undefined": "break"}, 1, ""),
        ((100, 0, 100, 5), "2026-04-30", {}, 0, ""),
        ((100, 0, 100, 5), "2026-04-30", {"which": "longest"}, 2, ""),
        ((100, 0, 100, 5), "2026-04-30", {"threshold": 0.05}, 3, ""),
        ((100, 0, 100, 5), "2026-01-30", {}, math.nan, "period_running"),
    ],
)
def test_streaks_are_counted_back_over_complete_periods(
    booked: tuple[int, ...], as_of: str, options: dict[str, Any], value: float, reason: str
) -> None:
    """A running month is not read; one without a quota is passed over or ends the run."""
    row = sm.attainment_streak(monthly(*booked), MONTHLY, period=MONTHS, by="rep", as_of=as_of, **options)["Ana"]
    assert row.reason == reason
    assert row.value == pytest.approx(value, nan_ok=True)
    assert row.parts["undefined"] == (row.n > 1)


def test_a_rep_without_any_quota_has_a_streak_of_0() -> None:
    """Complete periods without a quota are counted, and no period is at quota."""
    row = sm.attainment_streak(monthly(5), owed(("Ben", 5)), period=MONTHS, by="rep", as_of="2026-04-30")["Ana"]
    assert (row.value, row.n, row.parts["undefined"]) == (0, 4, 4)
    with pytest.raises(InvalidArgumentError, match="`as_of` must be given for attainment_streak"):
        sm.attainment_streak(monthly(5), MONTHLY, period=MONTHS)


def test_concentration_leaves_out_deals_of_nobody() -> None:
    """Deals without a rep are nobody's share; a rep below 0 has no base to share."""
    deals = won(("a", 10), ("b", 30), (None, 500))
    table = sm.gini(deals)
    assert (table["all"].value, table["all"].n, table.left_out["no rep"]) == (0.25, 2, 1)
    assert sm.top_share(deals, top=1)["all"].value == 0.75
    assert sm.gini(won((None, 5)))["all"].reason == "no_rows"
    credits = sm.read_deals(
        {"rep": ["a", "b"], "amount": [-1, 5], "outcome": ["won"] * 2, "closed": ["2026-01-20"] * 2},
        allow_negative=True,
    )
    assert sm.gini(credits)["all"].reason == "negative_base"
    assert sm.gini(credits, returns="gross")["all"].value == 0
    assert sm.gini(won(("a", 0)))["all"].reason == "negative_base"
    with pytest.raises(InvalidArgumentError, match="`top` must be a whole number >= 1 or a fraction"):
        sm.top_share(deals, top=0)
    with pytest.raises(MergeError, match="kept rep by rep"):
        sm.gini(sm.BookingTally.from_book(deals, per_rep=False))
