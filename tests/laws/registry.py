"""What the laws need to know about every public metric."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

import attrs

import salesmetrics as sm
from salesmetrics.results import MetricTable
from salesmetrics.tally import Tally
from tests.laws import doors, references
from tests.laws.drawing import Ask, Case
from tests.laws.references import plain, staged
from tests.oracle import Answer

Error = Literal["==", "4 ulp", "(m + 4) ulp", "1e-12"]
PARTS = ("by", "period", "where", "reps", "as_of", "confidence_level")


@attrs.frozen(repr=False)
class Variant:
    """One way of asking a metric: its options, what it needs of the question, and how near the reference it must be."""

    options: Mapping[str, Any]
    period: Literal["any", "given", "one"]
    as_of: Literal["any", "given", "late"]
    error: Error

    def __repr__(self) -> str:
        return f"Variant({dict(self.options)!r}, {self.period!r}, {self.as_of!r}, {self.error!r})"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(repr(self))

    @property
    def id(self) -> str:
        """The options in a few words."""
        return "-".join(f"{name}={value}" for name, value in self.options.items()) or "default"


@attrs.frozen(kw_only=True, repr=False)
class Entry:
    """One public metric. No field has a default: a new metric answers every question."""

    name: str
    call: Callable[..., MetricTable]
    tally: Callable[..., tuple[Tally, ...]]
    from_tally: Callable[..., MetricTable]
    reference: Callable[..., dict[Any, Answer]]
    oracle: str
    variants: tuple[Variant, ...]
    needs: frozenset[Literal["deals", "quotas", "moves", "forecasts", "tenures"]]
    unit: str
    additive: bool
    money_degree: Literal[0, 1]
    time_degree: Literal[-1, 0, 1]
    bounds: tuple[float, float]
    takes: frozenset[str]
    reads_open_deals: bool
    credits: bool
    undefined_when: str
    exempt: Mapping[str, str]

    def __repr__(self) -> str:
        return f"BY_NAME[{self.name!r}]"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(repr(self))

    @property
    def quotas(self) -> bool:
        """Whether it reads quotas."""
        return "quotas" in self.needs

    def answer(self, ask: Ask | Case, variant: Variant) -> MetricTable:
        """Return the answer through the book door."""
        return self.call(ask.ask() if isinstance(ask, Case) else ask, **variant.options)

    def tallies(self, ask: Ask, variant: Variant) -> tuple[Tally, ...]:
        """Return the tallies that the answer is read from."""
        return self.tally(ask, **variant.options)

    def read(self, tallies: tuple[Tally, ...], variant: Variant) -> MetricTable:
        """Return the answer through the tally door."""
        return self.from_tally(tallies, **variant.options)


def several(
    *options: Mapping[str, Any], period: Any = "any", as_of: Any = "any", error: Error = "=="
) -> tuple[Variant, ...]:
    """Return variants that need the same of the question."""
    return tuple(Variant(dict(o), period, as_of, error) for o in options)


DEALS: frozenset[Any] = frozenset({"deals"})
BOTH: frozenset[Any] = frozenset({"deals", "quotas"})
ALL = frozenset({"by", "period", "where", "as_of"})
INF = float("inf")
NO_MERGE = "two answers are compared: the change is not read from one tally"

SIZES = [{"of": of, "stat": stat} for of in ("won", "closed", "open", "all") for stat in ("mean", "median", 0.07, 1.0)]
CYCLES = [
    {"outcome": outcome, "stat": stat, "basis": basis}
    for outcome in ("won", "lost", "closed")
    for stat in ("mean", "median", 0.9)
    for basis in ("closed", "created")
]
COVERS = [{"basis": basis, "weight": "amount"} for basis in ("remaining", "full")]
WEIGHTED = {"weight": "weighted", "missing_p": "exclude"}

ENTRIES: tuple[Entry, ...] = (
    Entry(
        name="credited_bookings",
        call=doors.credited_bookings,
        tally=doors.bookings,
        from_tally=doors.read_first(sm.credited_bookings),
        reference=plain("credited_bookings"),
        oracle="tests/oracles/test_adventureworks",
        variants=several({}),
        needs=DEALS,
        unit="money",
        additive=True,
        money_degree=1,
        time_degree=0,
        bounds=(-INF, INF),
        takes=ALL,
        reads_open_deals=False,
        credits=True,
        undefined_when="never: no won deals are 0 with n = 0",
        exempt={},
    ),
    Entry(
        name="effective_quota",
        call=doors.effective_quota,
        tally=doors.quota_days,
        from_tally=doors.read_first(sm.effective_quota),
        reference=plain("effective_quota", books=("quotas",), as_of=False),
        oracle="worked example",
        variants=several({}, period="given", error="(m + 4) ulp"),
        needs=frozenset({"quotas"}),
        unit="money",
        additive=False,
        money_degree=1,
        time_degree=0,
        bounds=(0.0, INF),
        takes=frozenset({"by", "period", "where"}),
        reads_open_deals=False,
        credits=False,
        undefined_when="no day of the period has a quota in force",
        exempt={"A14": "groups without a quota are NaN, and prorated quotas are floats: D3 and D4 stand in"},
    ),
    Entry(
        name="attainment",
        call=doors.attainment,
        tally=doors.booked_and_owed,
        from_tally=doors.read_both(sm.attainment),
        reference=plain("attainment", books=("deals", "quotas")),
        oracle="tests/oracles/test_adventureworks",
        variants=several({}, period="given", error="(m + 4) ulp"),
        needs=BOTH,
        unit="fraction",
        additive=False,
        money_degree=0,
        time_degree=0,
        bounds=(-INF, INF),
        takes=ALL,
        reads_open_deals=False,
        credits=True,
        undefined_when="the quota is missing or 0",
        exempt={},
    ),
    Entry(
        name="attainment_gap",
        call=doors.attainment_gap,
        tally=doors.booked_and_owed,
        from_tally=doors.read_both(sm.attainment_gap),
        reference=plain("attainment_gap", books=("deals", "quotas")),
        oracle="worked example",
        variants=several({}, period="given", error="(m + 4) ulp"),
        needs=BOTH,
        unit="money",
        additive=False,
        money_degree=1,
        time_degree=0,
        bounds=(-INF, INF),
        takes=ALL,
        reads_open_deals=False,
        credits=True,
        undefined_when="the quota is missing",
        exempt={"A14": "groups without a quota are NaN, and their bookings belong to no gap"},
    ),
    Entry(
        name="open_pipeline",
        call=doors.open_pipeline,
        tally=doors.pipeline,
        from_tally=doors.read_first(sm.open_pipeline),
        reference=plain("open_pipeline", dated="due"),
        oracle="tests/oracles",
        variants=(
            *several({}, {"overdue": "include", "negative": "exclude"}, {"overdue": "only"}, as_of="given"),
            *several(
                {"undated": "include"}, {"undated": "only"}, {"overdue": "only", "undated": "only"},
                period="one", as_of="given",
            ),
        ),
        needs=DEALS,
        unit="money",
        additive=True,
        money_degree=1,
        time_degree=0,
        bounds=(0.0, INF),
        takes=ALL,
        reads_open_deals=True,
        credits=False,
        undefined_when="never: nothing open is 0 with n = 0",
        exempt={},
    ),
    Entry(
        name="weighted_pipeline",
        call=doors.weighted_pipeline,
        tally=doors.weighted,
        from_tally=doors.read_first(sm.weighted_pipeline),
        reference=staged(plain("weighted_pipeline", dated="due")),
        oracle="tests/oracles",
        variants=several(
            {"missing_p": "exclude"},
            {"missing_p": "exclude", "p": "deal", "overdue": "include"},
            {"missing_p": "exclude", "p": "stage", "negative": "exclude"},
            {"missing_p": "exclude", "multiplier": 2},
            as_of="given",
        ),
        needs=DEALS,
        unit="money",
        additive=False,
        money_degree=1,
        time_degree=0,
        bounds=(0.0, INF),
        takes=ALL,
        reads_open_deals=True,
        credits=False,
        undefined_when="never: nothing open is 0 with n = 0",
        exempt={"A14": "amount times probability is no whole number of minor units: F9 and the tally stand in"},
    ),
    Entry(
        name="pipeline_created",
        call=doors.pipeline_created,
        tally=doors.creations,
        from_tally=doors.read_first(sm.pipeline_created),
        reference=plain("pipeline_created"),
        oracle="tests/oracles",
        variants=several({}),
        needs=DEALS,
        unit="money",
        additive=True,
        money_degree=1,
        time_degree=0,
        bounds=(-INF, INF),
        takes=ALL,
        reads_open_deals=True,
        credits=False,
        undefined_when="never: nothing created is 0 with n = 0",
        exempt={},
    ),
    Entry(
        name="pipeline_coverage",
        call=doors.pipeline_coverage,
        tally=doors.covered,
        from_tally=doors.read_coverage,
        reference=references.coverage,
        oracle="worked example",
        variants=(
            *several(*COVERS, period="given", as_of="given", error="(m + 4) ulp"),
            *several(
                *({**some, **WEIGHTED} for some in COVERS), period="given", as_of="given", error="(m + 4) ulp"
            ),
            *several({**COVERS[0], "overdue": "include"}, period="given", as_of="given", error="(m + 4) ulp"),
        ),
        needs=BOTH,
        unit="fraction",
        additive=False,
        money_degree=0,
        time_degree=0,
        bounds=(0.0, INF),
        takes=ALL,
        reads_open_deals=True,
        credits=False,
        undefined_when="the quota is missing or 0, or nothing is left to book",
        exempt={},
    ),
    Entry(
        name="required_coverage",
        call=doors.required_coverage,
        tally=doors.outcomes,
        from_tally=doors.read_required,
        reference=references.required_coverage,
        oracle="worked example",
        variants=several({}, {"weight": "amount", "negative": "exclude"}, error="4 ulp"),
        needs=DEALS,
        unit="fraction",
        additive=False,
        money_degree=0,
        time_degree=0,
        bounds=(1.0, INF),
        takes=ALL,
        reads_open_deals=False,
        credits=False,
        undefined_when="the win rate is 0 or NaN",
        exempt={},
    ),
    Entry(
        name="win_rate",
        call=doors.win_rate,
        tally=doors.outcomes,
        from_tally=doors.read_rate,
        reference=references.win_rate,
        oracle="tests/oracles",
        variants=(
            *several(
                {}, {"losses": "broad"}, {"interval": "exact", "confidence_level": 0.9}, {"basis": "created"},
                {"weight": "amount", "negative": "exclude"},
                {"weight": "amount", "losses": "broad", "negative": "exclude"},
                {"basis": "created", "weight": "amount", "negative": "exclude"},
            ),
            *several({"basis": "created", "within": 30}, {"basis": "created", "within": 0}, as_of="given"),
            *several(
                {"basis": "open_at"}, {"basis": "open_at", "weight": "amount", "negative": "exclude"},
                period="one", as_of="late",
            ),
        ),
        needs=DEALS,
        unit="fraction",
        additive=False,
        money_degree=0,
        time_degree=0,
        bounds=(0.0, 1.0),
        takes=ALL | {"confidence_level"},
        reads_open_deals=False,
        credits=False,
        undefined_when="no deal is in the denominator, or its amounts add up to 0",
        exempt={},
    ),
    Entry(
        name="deal_size",
        call=doors.deal_size,
        tally=doors.sizes,
        from_tally=doors.read_size,
        reference=plain("deal_size"),
        oracle="tests/oracles",
        variants=(
            *several(*({**o, "negative": "exclude"} for o in SIZES if o["of"] in ("won", "closed"))),
            *several(*({**o, "negative": "exclude"} for o in SIZES if o["of"] not in ("won", "closed")), as_of="given"),
            *several({"stat": 0.3, "quantile_method": "linear", "negative": "exclude"}, error="4 ulp"),
        ),
        needs=DEALS,
        unit="money",
        additive=False,
        money_degree=1,
        time_degree=0,
        bounds=(0.0, INF),
        takes=ALL | {"confidence_level"},
        reads_open_deals=False,
        credits=False,
        undefined_when="no such deal has an amount",
        exempt={},
    ),
    Entry(
        name="cycle_length",
        call=doors.cycle_length,
        tally=doors.durations,
        from_tally=doors.read_cycle,
        reference=plain("cycle_length"),
        oracle="tests/oracles",
        variants=(
            *several(*(o for o in CYCLES if o["basis"] == "closed")),
            *several(*(o for o in CYCLES if o["basis"] == "created"), as_of="given"),
            *several({"stat": 0.3, "quantile_method": "linear"}, error="4 ulp"),
        ),
        needs=DEALS,
        unit="days",
        additive=False,
        money_degree=0,
        time_degree=1,
        bounds=(0.0, INF),
        takes=ALL | {"confidence_level"},
        reads_open_deals=False,
        credits=True,
        undefined_when="no such deal has both days",
        exempt={},
    ),
    Entry(
        name="cycle_curve",
        call=doors.cycle_curve,
        tally=doors.cohorts,
        from_tally=doors.read_cycle_curve,
        reference=references.cycle_curve,
        oracle="tests/oracles/test_formulas_curves",
        variants=(
            *several({"read": "median"}, {"read": "quantile", "q": 0.25}, as_of="given"),
            *several(
                {"read": "at", "days": 30}, {"read": "at", "days": 0}, {"read": "at", "days": 1000},
                {"read": "restricted_mean", "days": 60}, as_of="given", error="(m + 4) ulp",
            ),
        ),
        needs=DEALS,
        unit="days",
        additive=False,
        money_degree=0,
        time_degree=1,
        bounds=(0.0, INF),
        takes=ALL | {"confidence_level"},
        reads_open_deals=True,
        credits=True,
        undefined_when="the cohort is empty, or fewer have closed than asked",
        exempt={},
    ),
    Entry(
        name="win_rate_curve",
        call=doors.win_rate_curve,
        tally=doors.cohorts,
        from_tally=doors.read_win_rate_curve,
        reference=references.win_rate_curve,
        oracle="tests/oracles/test_formulas_curves",
        variants=several({"days": 30}, {"days": 0}, {"days": 365}, as_of="given", error="(m + 4) ulp"),
        needs=DEALS,
        unit="fraction",
        additive=False,
        money_degree=0,
        time_degree=0,
        bounds=(0.0, 1.0),
        takes=ALL | {"confidence_level"},
        reads_open_deals=True,
        credits=True,
        undefined_when="the cohort is empty, or was not followed that long",
        exempt={},
    ),
    Entry(
        name="velocity",
        call=doors.velocity,
        tally=doors.velocities,
        from_tally=doors.read_first(sm.velocity),
        reference=plain("velocity"),
        oracle="worked example",
        variants=several({}, period="given", as_of="given", error="4 ulp"),
        needs=DEALS,
        unit="money/day",
        additive=False,
        money_degree=1,
        time_degree=-1,
        bounds=(0.0, INF),
        takes=ALL,
        reads_open_deals=True,
        credits=False,
        undefined_when="no deal is closed or won, or the mean cycle is 0",
        exempt={},
    ),
    Entry(
        name="velocity_change",
        call=doors.velocity_change,
        tally=doors.two_velocities,
        from_tally=doors.read_change,
        reference=references.velocity_change,
        oracle="worked example",
        variants=several({}, period="given", as_of="given", error="(m + 4) ulp"),
        needs=DEALS,
        unit="money/day",
        additive=False,
        money_degree=1,
        time_degree=-1,
        bounds=(-INF, INF),
        takes=ALL,
        reads_open_deals=True,
        credits=False,
        undefined_when="a velocity is undefined on either side",
        exempt={"G1": "a difference of velocities has their degree, but its rounding is theirs, not its own"},
    ),
)
BY_NAME: dict[str, Entry] = {entry.name: entry for entry in ENTRIES}
EXEMPTIONS = sum(len(entry.exempt) for entry in ENTRIES)
