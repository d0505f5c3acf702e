"""Entries of what is asked of histories: the walk, slippage, stages; and of wins per day and log-rank."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import salesmetrics as sm
from tests.laws import doors_history as doors
from tests.laws import references_history as references
from tests.laws.entry import ALL, DEALS, INF, Entry, Variant, several

MOVES: frozenset[Any] = frozenset({"deals", "moves"})
ROWS = "every group has a row for each stage, pair, bucket or age, also of no deals: tests/laws/test_histories.py"
OWNERS = "owners of the history, who held a deal before, are rows too: tests/laws/test_histories.py"
GROUPS = "its groups are no rows, so an empty book has one row too: tests/laws/test_histories.py"
HELD = "owners are those of the day on which the deals were due, not of the book: tests/laws/test_histories.py"
DAYS = "every group has a row for each day asked for: tests/laws/test_histories.py"
EVERY_DEAL = "every deal of the book is read, whenever it was closed: one without a push is a row of 0"
NO_TALLY = "it is asked of books only: each day is a pipeline, which has a tally"
TALLIES = ("B1", "B2", "B3", "B4", "B5", "B6", "B7", "B8", "B9", "B10", "B13", "A20")
PERIODS = ALL | {"confidence_level"}


def nowhere(*args: Any, **options: Any) -> Any:
    """Stand where a slow copy is not asked, which the exemptions say."""
    raise AssertionError("an exempt door was asked")


def of_history(
    name: str,
    tally: Callable[..., Any],
    variants: tuple[Variant, ...],
    undefined_when: str,
    *settled: str,
    exempt: dict[str, str] | None = None,
    **more: Any,
) -> Entry:
    """Return the entry of a fraction of deals and their history; ``settled`` are the options that the tally settles."""
    metric = getattr(sm, name)
    return Entry(
        **{
            "name": name,
            "call": doors.of_moves(name),
            "tally": tally,
            "from_tally": doors.read_without(metric, *settled),
            "reference": getattr(references, name, nowhere),
            "oracle": "worked example",
            "variants": variants,
            "needs": MOVES,
            "unit": "fraction",
            "additive": False,
            "money_degree": 0,
            "time_degree": 0,
            "bounds": (0.0, 1.0),
            "takes": PERIODS,
            "reads_open_deals": True,
            "credits": True,
            "undefined_when": undefined_when,
            "exempt": exempt or {},
            **more,
        }
    )


def slips(name: str, *options: dict[str, Any], **more: Any) -> Entry:
    """Return the entry of a share of a cohort of deals that were due."""
    return of_history(
        name,
        doors.slips,
        several(*options, period="given", as_of="given"),
        "nothing was expected, or the period is not over",
        *("category", "at", "negative"),
        reference=references.share(name),
        credits=False,
        exempt={"A13": HELD, "A17": HELD},
        **more,
    )


def turn(name: str, variants: tuple[Variant, ...], undefined_when: str, **more: Any) -> Entry:
    """Return the entry of wins that were created in their period."""
    return of_history(
        name,
        doors.turns,
        variants,
        undefined_when,
        **{
            "call": doors.of_deals(name),
            "needs": DEALS,
            "bounds": (-INF, INF),
            "takes": ALL,
            "reads_open_deals": False,
            **more,
        },
    )


STAGE_ROWS = {"A16": ROWS, "A17": ROWS}
COUNTS = {"unit": "count", "bounds": (0.0, INF), "takes": ALL}
POPULATIONS = (*several({"population": "all"}, period="one"), *several({"population": "created"}))

HISTORIES: tuple[Entry, ...] = (
    of_history(
        "pipeline_walk",
        doors.tally_of(sm.WalkTally, "due", "min_stage", "owners"),
        several(
            {},
            {"due": "any"},
            {"min_stage": "Proposal"},
            {"owners": ("Ana", "yana", "ana")},
            period="given",
            as_of="any",
        ),
        "never: no movement is 0 with n = 0",
        *("due", "min_stage", "owners"),
        exempt={
            **STAGE_ROWS,
            "A13": OWNERS,
            "A2": "`owners` would have to be renamed too; tests/laws/test_histories.py renames",
        },
        unit="money",
        money_degree=1,
        bounds=(-INF, INF),
        takes=ALL,
    ),
    of_history(
        "push_count",
        doors.tally_of(sm.PushTally, name="push_count"),
        several({}),
        "never: no push is 0",
        exempt={"A18": EVERY_DEAL},
        **COUNTS,
    ),
    of_history(
        "days_slipped",
        doors.tally_of(sm.PushTally, name="push_count"),
        several({}, {"days": "net"}),
        "never: no push is 0 days",
        exempt={"A18": EVERY_DEAL},
        unit="days",
        time_degree=1,
        bounds=(-INF, INF),
        takes=ALL,
    ),
    slips(
        "slip_rate",
        {},
        {"closed": "won"},
        {"weight": "amount", "negative": "exclude"},
        {"of": "closed"},
        bounds=(0.0, INF),
    ),
    slips(
        "push_out",
        {},
        {"weight": "amount", "negative": "exclude"},
        {"of": "closed"},
        bounds=(0.0, INF),
    ),
    slips("pull_in", {}, {"weight": "amount", "negative": "exclude"}),
    of_history(
        "stage_reached",
        doors.tally_of(sm.StageTally, "population", "skips"),
        (*several({}, {"skips": "observed"}, {"skips": "exclude"}), *POPULATIONS),
        "never: nobody is 0",
        *("population", "skips"),
        exempt=STAGE_ROWS,
        **COUNTS,
    ),
    of_history(
        "stage_conversion",
        doors.conversions,
        (
            *several(
                {},
                {"skips": "observed"},
                {"skips": "observed", "reentry": "last"},
                {"skips": "exclude"},
            ),
            *POPULATIONS,
            *several(
                {"population": "time_to_event", "within": 30},
                {"population": "time_to_event", "within": 0, "reentry": "last"},
                as_of="given",
                error="(m + 4) ulp",
            ),
        ),
        "nobody reached the stage, or was watched so long",
        *("population", "skips", "reentry"),
        exempt=STAGE_ROWS,
    ),
    of_history(
        "transition_matrix",
        doors.tally_of(sm.MoveTally, "population"),
        (*several({}, {"population": "closed"}), *POPULATIONS),
        "never: no move is 0",
        "population",
        exempt=STAGE_ROWS,
        **COUNTS,
    ),
    of_history(
        "forward_rate",
        doors.tally_of(sm.MoveTally, "population"),
        (*several({}, {"population": "closed"}), *POPULATIONS),
        "nobody left the stage",
        "population",
        exempt=STAGE_ROWS,
    ),
    of_history(
        "win_probability_by_stage",
        doors.chances,
        (
            *several({}, {"skips": "observed"}, {"skips": "exclude"}),
            *POPULATIONS,
            *several({"method": "markov"}, {"method": "markov", "population": "flow"}, error="1e-12"),
        ),
        "nobody reached the stage, or left it",
        *("population", "skips"),
        exempt=STAGE_ROWS,
        from_tally=doors.read_chances,
    ),
    of_history(
        "stage_dwell",
        doors.dwells,
        (
            *several(
                {},
                {"reentry": "first"},
                {"stat": "mean", "population": "created"},
            ),
            *several({"reentry": "last", "population": "all"}, {"stat": 0.9, "population": "all"}, period="one"),
            *several({"basis": "time_to_event"}, {"basis": "time_to_event", "reentry": "last"}, as_of="given"),
        ),
        "nobody left the stage, or not enough of them",
        *("population", "basis", "reentry"),
        exempt=STAGE_ROWS,
        unit="days",
        time_degree=1,
        bounds=(0.0, INF),
    ),
    of_history(
        "stage_age",
        doors.tally_of(sm.DwellTally, "reentry", name="stage_age", until="now"),
        several({}, {"reentry": "first"}, {"edges": (7, 40)}, as_of="given"),
        "never: nobody is 0",
        "reentry",
        exempt=STAGE_ROWS,
        unit="count",
        bounds=(0.0, INF),
        takes=frozenset({"by", "where", "as_of"}),
    ),
    of_history(
        "bottleneck",
        doors.bottles,
        (
            *several({}, {"min_n": 3}, {"method": "dwell"}, {"method": "cycle_share"}),
            *several({"population": "all"}, period="one"),
        ),
        "no stage has a value",
        *("population", "skips"),
        exempt={
            "A16": "the stage is a label, of which a group without deals has none: tests/laws/test_histories.py",
            "A17": ROWS,
        },
        unit="fraction",
        bounds=(0.0, INF),
    ),
    of_history(
        "stage_skip_rate",
        doors.tally_of(sm.StageTally, "population"),
        (*several({}), *POPULATIONS),
        "no deals",
        "population",
    ),
    of_history(
        "regress_rate",
        doors.tally_of(sm.StageTally, "population"),
        (*several({}), *POPULATIONS),
        "no deals",
        "population",
    ),
    Entry(
        name="win_intensity",
        call=doors.of_deals("win_intensity"),
        tally=doors.exposures,
        from_tally=doors.read_without(sm.win_intensity),
        reference=references.win_intensity,
        oracle="worked example",
        variants=several({}, as_of="given"),
        needs=DEALS,
        unit="count/day",
        additive=False,
        money_degree=0,
        time_degree=-1,
        bounds=(0.0, INF),
        takes=ALL,
        reads_open_deals=True,
        credits=True,
        undefined_when="no deal was open on any day",
        exempt={},
    ),
    Entry(
        name="logrank",
        call=doors.logrank,
        tally=doors.cohorts,
        from_tally=doors.read_without(sm.logrank),
        reference=references.logrank,
        oracle="tests/oracles",
        variants=several({}, {"outcome": "won"}, period="given", as_of="given", error="(m + 4) ulp"),
        needs=DEALS,
        unit="fraction",
        additive=False,
        money_degree=0,
        time_degree=0,
        bounds=(0.0, 1.0),
        takes=ALL,
        reads_open_deals=True,
        credits=True,
        undefined_when="fewer than two groups, or nothing ended",
        exempt={
            "reference": "a tail of a distribution, compared within 1e-12 in tests/laws/test_histories.py",
            "A13": "a group alone has nothing to be compared with",
            "A2": "its groups are no rows, and their order changes the last bits: H13 in tests/laws/test_histories.py",
            "A16": GROUPS,
            "A17": GROUPS,
        },
    ),
    turn("create_and_close", several({}, period="given"), "never: nothing is 0", unit="money", money_degree=1),
    turn(
        "create_and_close_share",
        several({}, {"weight": "count"}, period="given"),
        "nothing was won",
        bounds=(0.0, 1.0),
        credits=False,
    ),
    of_history(
        "pipeline_trend",
        doors.none,
        several(*({"at": days, "negative": "exclude"} for days in (("2024-01-31", "2024-06-30"), ("2023-12-15",)))),
        "never: nothing open is 0 with n = 0",
        exempt={**dict.fromkeys(TALLIES, NO_TALLY), "A13": OWNERS, "A16": DAYS, "A17": DAYS},
        from_tally=nowhere,
        unit="money",
        money_degree=1,
        bounds=(0.0, INF),
        takes=frozenset({"by", "where"}),
        credits=False,
    ),
)
