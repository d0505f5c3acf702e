"""The slow module asked about histories: from a case and options to answers by key."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from salesmetrics.calendars import Period
from tests import oracle_history, oracle_incidence, oracle_slips, oracle_stages
from tests.laws.doors_history import labels
from tests.laws.drawing import Case
from tests.oracle import Answer
from tests.oracle_history import ENTRIES, EXITS, Trail
from tests.oracle_rows import Key, Seen, cells, deal_labels, inside, last_day, no_credits, ordered, seen, windows_of
from tests.oracle_stages import Path
from tests.oracle_survival import KINDS, curve_of
from tests.strategies import OPEN_STAGES, PROCESS

Answers = dict[Key, Answer]
CHANGES = ("priced", "unpriced", "redenominated", "sign_changed", "increased", "decreased")
BUCKETS = ("start", *ENTRIES, *CHANGES, *EXITS, "end")
SHOWN = {"start": "opening", "end": "closing"}


def rows_of(case: Case) -> dict[Any, Seen]:
    """Return the deals as the book has them: for the labels."""
    return {d.id: d for d in seen(case.deals, None)}


def grouped(
    case: Case,
    picked: Callable[[Period | None], Sequence[Any]],
    told: Callable[[list[Any], Period | None], dict[Any, Answer] | Answer],
    dated: bool = True,
) -> Answers:
    """Answer for every group and window; ``picked`` gives the trails or paths of a window, ``told`` the rows of a cell."""
    book = rows_of(case)
    periods = case.periods if dated else None
    windows, listed = windows_of(periods)
    found = {window: {id_of(thing): thing for thing in picked(window)} for window in windows}
    answers: Answers = {}
    for key, (rows,) in cells(lambda w: [[book[k] for k in found[w]]], labels(case.by), periods, case.reps).items():
        window = windows[key[-1] if listed else 0]
        answer = told([found[window][row.id] for row in rows], window)
        if isinstance(answer, Answer):
            answers[key] = answer
        else:
            answers |= {(*key, *(name if isinstance(name, tuple) else (name,))): a for name, a in answer.items()}
    return answers


def id_of(thing: Trail | Path) -> Any:
    """Return the deal of a trail or a path."""
    return thing.row.id if isinstance(thing, Trail) else thing.trail.row.id


def trails(case: Case) -> list[Trail]:
    """Return the trails up to the day."""
    return oracle_history.trails_of(case.deals, case.moves, PROCESS, case.as_of)


def paths(case: Case, population: str = "closed") -> Callable[[Period | None], list[Path]]:
    """Return the paths of a population by window; "created" is a cohort, which the definitions of the funnel do not name."""

    def picked(window: Period | None) -> list[Path]:
        if population != "created":
            return oracle_stages.paths_of(
                case.deals, case.moves, PROCESS, as_of=case.as_of, period=window, population=population
            )
        every = [oracle_stages.path_of(t, PROCESS) for t in trails(case)]
        return [p for p in every if inside(p.trail.row.created, window)]

    return picked


def dated(mine: list[Path], population: str) -> list[Path]:
    """Return the paths that count: of a cohort, those whose creation is known."""
    return [p for p in mine if population != "created" or p.trail.row.created is not None]


# --- the walk --------------------------------------------------------------------------------------------------------


def pipeline_walk(case: Case, **options: Any) -> Answers:
    """Every bucket of the walk of every period, as far as it is known."""
    windows, listed = windows_of(case.periods)
    walks: list[Any] = []
    for window in windows:
        assert window is not None
        first, last = window.start - timedelta(1), last_day(window)
        last = last if case.as_of is None else min(last, case.as_of)
        due = None if options.get("due") == "any" else window
        given = {name: value for name, value in options.items() if name != "due"}
        begun = last > first
        walks.append(
            oracle_history.pipeline_walk(
                case.deals,
                case.moves,
                process=PROCESS,
                t0=first,
                t1=last,
                due=due,
                by=labels(case.by),
                reps=case.reps,
                **given,
            )
            if begun
            else None
        )
    combos = ordered(key for walk in walks if walk is not None for key in walk) if case.by else [()]
    answers: Answers = {}
    for key in combos:
        for position, walk in enumerate(walks):
            for bucket in BUCKETS:
                row = (*key, *((position,) if listed else ()), SHOWN.get(bucket, bucket))
                money, n = (Fraction(0), 0) if walk is None or key not in walk else walk[key][bucket]
                answers[row] = Answer(None, 0, "not_started") if walk is None else Answer(money, n)
    return answers


# --- slippage --------------------------------------------------------------------------------------------------------


def push_count(case: Case) -> Answers:
    """Pushes over the deals of a group; n counts those that were pushed."""

    def told(mine: list[Trail], window: Period | None) -> Answer:
        pushes = oracle_slips.push_count(mine, window)
        pulls = sum(1 for t in mine for days in oracle_slips.date_moves(t, window) if days < 0)
        parts = {"pulls": pulls, "deals": len(mine)}
        return Answer(sum(pushes.values()), sum(1 for n in pushes.values() if n), "", parts)

    return grouped(case, lambda window: trails(case), told)


def days_slipped(case: Case, days: str = "forward") -> Answers:
    """Days over the changes of a group; n counts the changes that were added up."""

    def told(mine: list[Trail], window: Period | None) -> Answer:
        total = sum(oracle_slips.days_slipped(mine, window, days).values())
        moved = [d for t in mine for d in oracle_slips.date_moves(t, window)]
        pushes, pulls = sum(d > 0 for d in moved), sum(d < 0 for d in moved)
        parts = {"pushes": pushes, "pulls": pulls, "deals": len(mine)}
        return Answer(total, pushes + (pulls if days == "net" else 0), "", parts)

    return grouped(case, lambda window: trails(case), told)


def share(name: str) -> Callable[..., Answers]:
    """Return the reference of a share of a cohort."""

    def reference(case: Case, **options: Any) -> Answers:
        given = {**options, "process": PROCESS, "as_of": case.as_of, "periods": case.periods, "by": labels(case.by)}
        answers: Answers = getattr(oracle_slips, name)(case.deals, case.moves, reps=case.reps, **given)
        return answers

    return reference


# --- stages ----------------------------------------------------------------------------------------------------------


def stage_reached(case: Case, population: str = "closed", skips: str = "impute") -> Answers:
    return grouped(
        case,
        paths(case, population),
        lambda mine, window: oracle_stages.stage_reached(dated(mine, population), PROCESS, skips),
    )


def stage_conversion(
    case: Case, population: str = "closed", skips: str = "impute", reentry: str = "first", within: int | None = None
) -> Answers:
    """Conversion of every stage, by stages reached or within a time."""
    if population != "time_to_event":
        return grouped(
            case,
            paths(case, population),
            lambda mine, window: oracle_stages.stage_conversion(dated(mine, population), PROCESS, skips, reentry),
        )
    assert case.as_of is not None
    assert within is not None
    day, until = case.as_of, within

    def told(mine: list[Path], window: Period | None) -> dict[Any, Answer]:
        answer = {}
        for rank, name in enumerate(OPEN_STAGES):
            clocks = [oracle_stages.stage_clock(p, rank, reentry, day) for p in mine if entered(p, rank, window)]
            curve = curve_of(c for c in clocks if c is not None)
            known = curve.n and curve.observed_to(until)
            value = curve.incidence_at("won", until) if known else None
            answer[name] = Answer(value, curve.n, "" if known else "not_observed" if curve.n else "no_rows")
        return answer

    def entered(p: Path, rank: int, window: Period | None) -> bool:
        days = [s.day for s, r in zip(p.steps, p.ranks, strict=True) if r == rank and s.day is not None]
        return bool(days) and inside(days[0 if reentry == "first" else -1], window)

    def picked(window: Period | None) -> list[Path]:
        every = [oracle_stages.path_of(t, PROCESS) for t in trails(case)]
        return [p for p in every if any(entered(p, rank, window) for rank in range(len(OPEN_STAGES)))]

    return grouped(case, picked, told)


def moves(case: Case, population: str) -> Callable[[Period | None], list[Path]]:
    """Return the paths whose moves count; with "flow" cut to the moves of the window."""
    if population != "flow":
        return lambda window: [p for p in dated(paths(case, population)(window), population) if begun(p)]

    def picked(window: Period | None) -> list[Path]:
        every = [oracle_stages.path_of(t, PROCESS) for t in trails(case)]
        return [p for p in every if any(inside(day, window) for day in begun(p))]

    return picked


def begun(path: Path) -> list[Any]:
    """Return the days on which a deal came into a stage that is known, or was closed in one that is not."""
    return [step.day for step in path.steps] or ([] if path.closed is None else [path.closed])


def counted(mine: list[Path], population: str, window: Period | None) -> dict[tuple[Any, Any], int]:
    """Return the moves of some paths, with "flow" those of the window."""
    if population != "flow":
        return oracle_stages.transition_matrix(dated(mine, population))
    answer: dict[tuple[Any, Any], int] = {}
    for p in mine:
        for before, after in oracle_stages.edges_of(p):
            if inside(after.day, window):
                answer[before.stage, after.stage] = answer.get((before.stage, after.stage), 0) + 1
    return answer


def transition_matrix(case: Case, population: str = "flow", as_share: bool = False) -> Answers:
    """Moves between all pairs of stages."""

    def told(mine: list[Path], window: Period | None) -> dict[Any, Answer]:
        found = counted(mine, population, window)
        answer: dict[Any, Answer] = {}
        for before in PROCESS.names:
            out = sum(n for (of, _), n in found.items() if of == before)
            for after in PROCESS.names:
                hits = found.get((before, after), 0)
                answer[before, after] = oracle_stages.rate(hits, out) if as_share else Answer(hits, hits)
        return answer

    return grouped(case, moves(case, population), told)


def forward_rate(case: Case, population: str = "flow") -> Answers:
    """Forward moves out of every stage."""

    def told(mine: list[Path], window: Period | None) -> dict[Any, Answer]:
        found = counted(mine, population, window)
        answer = {}
        for rank, name in enumerate(OPEN_STAGES):
            out = {to: n for (of, to), n in found.items() if of == name}
            hits = sum(n for to, n in out.items() if (oracle_history.rank_of(to, PROCESS) or 0) > rank)
            answer[name] = oracle_stages.rate(hits, sum(out.values()))
        return answer

    return grouped(case, moves(case, population), told)


def win_probability_by_stage(
    case: Case, method: str = "observed", population: str = "closed", skips: str = "impute"
) -> Answers:
    def told(mine: list[Path], window: Period | None) -> dict[Any, Answer]:
        if method == "markov":
            return oracle_stages.markov(counted(mine, population, window), PROCESS)
        return oracle_stages.win_probability_by_stage(dated(mine, population), PROCESS, method, skips)

    return grouped(case, moves(case, population) if method == "markov" else paths(case, population), told)


def stayed(picked: Callable[[Period | None], list[Path]]) -> Callable[[Period | None], list[Path]]:
    """Return the paths that have a stay which is over: these are the rows of days in stages."""
    return lambda window: [p for p in picked(window) if any(oracle_stages.dwells_of([p], s) for s in OPEN_STAGES)]


def stage_dwell(
    case: Case, stat: Any = "median", reentry: str = "sum", population: str = "closed", basis: str = "completed"
) -> Answers:
    """Days in every stage; with "time_to_event" the median of the curve."""
    if basis == "completed":
        return grouped(
            case,
            stayed(lambda window: dated(paths(case, population)(window), population)),
            lambda mine, window: oracle_stages.stage_dwell(dated(mine, population), PROCESS, stat, reentry),
        )
    assert case.as_of is not None
    day = case.as_of

    def entered(p: Path, rank: int, window: Period | None) -> bool:
        days = [s.day for s, r in zip(p.steps, p.ranks, strict=True) if r == rank and s.day is not None]
        return bool(days) and inside(days[-1 if reentry == "last" else 0], window)

    def picked(window: Period | None) -> list[Path]:
        every = [oracle_stages.path_of(t, PROCESS) for t in trails(case)]
        return [p for p in every if any(entered(p, rank, window) for rank in range(len(OPEN_STAGES)))]

    def told(mine: list[Path], window: Period | None) -> dict[Any, Answer]:
        answer = {}
        for rank, name in enumerate(OPEN_STAGES):
            curve = oracle_stages.dwell_curve([p for p in mine if entered(p, rank, window)], PROCESS, day, reentry)[
                name
            ]
            value = next((step.age for step in curve.steps if step.share <= Fraction(1, 2)), None)
            answer[name] = Answer(value, curve.n, "" if value is not None else "not_reached" if curve.n else "no_rows")
        return answer

    return grouped(case, picked, told)


def stage_age(case: Case, reentry: str = "last", edges: tuple[int, ...] = (30, 60, 90)) -> Answers:
    """Open deals by stage and age."""
    assert case.as_of is not None
    day = case.as_of
    names = [*(f"{a}-{b - 1}" for a, b in zip((0, *edges), edges, strict=False)), f"{edges[-1]}+", "unknown"]

    def told(mine: list[Trail], window: Period | None) -> dict[Any, Answer]:
        answer: dict[Any, Answer] = {}
        for stage in OPEN_STAGES:
            here = [t for t in mine if last_stage(t) == stage]
            found = oracle_stages.age_buckets([oracle_stages.stage_age(t, PROCESS, day, reentry) for t in here], edges)
            answer |= {(stage, name): Answer(n, n) for name, n in zip(names, found, strict=True)}
        return answer

    def last_stage(t: Trail) -> Any:
        return t.stages[-1].stage if t.stages else None

    return grouped(
        case,
        lambda window: [t for t in trails(case) if t.moments[-1].outcome == "open" and last_stage(t) is not None],
        told,
        dated=False,
    )


def bottleneck(case: Case, method: str = "conversion", population: str = "closed", min_n: int = 1) -> Answers:
    """The stage to fix first; its label is the last of the key."""

    def told(mine: list[Path], window: Period | None) -> dict[Any, Answer]:
        stage, value = oracle_stages.bottleneck(mine, PROCESS, method, min_n)
        if stage is None:
            return {None: Answer(None, 0, "no_rows")}
        n = (
            oracle_stages.stage_conversion(mine, PROCESS)[stage].n
            if method == "conversion"
            else len(oracle_stages.dwells_of(mine, stage))
        )
        return {stage: Answer(value, n)}

    picked = paths(case, population)
    return grouped(case, picked if method == "conversion" else stayed(picked), told)


def stage_skip_rate(case: Case, population: str = "closed") -> Answers:
    return grouped(
        case, paths(case, population), lambda mine, window: oracle_stages.stage_skip_rate(dated(mine, population))
    )


def regress_rate(case: Case, population: str = "closed") -> Answers:
    return grouped(
        case, paths(case, population), lambda mine, window: oracle_stages.regress_rate(dated(mine, population), PROCESS)
    )


def win_intensity(case: Case) -> Answers:
    """Wins per deal and day."""
    assert case.as_of is not None
    return oracle_incidence.win_intensity(
        case.deals, as_of=case.as_of, periods=case.periods, by=case.by, reps=case.reps
    )


def logrank(case: Case, outcome: str = "closed") -> Answers:
    """One test over the groups, for each of several periods; without groups one over the periods."""
    assert case.as_of is not None
    kinds = KINDS if outcome == "closed" else (outcome,)
    listed = isinstance(case.periods, list)
    by = case.by if case.by or listed else ("segment",)
    told = oracle_incidence.lives_of(case.deals, by=by, periods=case.periods, as_of=case.as_of, reps=case.reps)
    tests: dict[Key, list[Any]] = {(at,): [] for at in range(len(case.periods))} if listed and case.by else {(): []}
    for key, (lives, _) in told.items():
        tests[key[-1:] if listed and case.by else ()].append(lives)
    answers: Answers = {}
    for key, groups in tests.items():
        statistic, degrees = oracle_incidence.logrank(groups, kinds)
        n = sum(map(len, groups))
        ends = sum(1 for lives in groups for life in lives if life.kind in kinds)
        value = None if statistic is None else oracle_incidence.chi_square_beyond(statistic, degrees)
        some = sum(1 for lives in groups if lives)
        reason = "" if value is not None else "no_rows" if some < 2 or not ends else "not_observed"
        answers[key] = Answer(value, n, reason)
    return answers


def create_and_close(case: Case) -> Answers:
    """Money of the wins that were created in their period."""
    return oracle_slips.create_and_close(case.deals, as_of=case.as_of, periods=case.periods, by=case.by, reps=case.reps)


def create_and_close_share(case: Case, weight: str = "amount") -> Answers:
    """Share of the wins that were created in their period."""
    return oracle_slips.create_and_close_share(
        case.deals, as_of=case.as_of, periods=case.periods, by=case.by, reps=case.reps, weight=weight
    )


def pipeline_trend(case: Case, at: Sequence[str], negative: str = "raise") -> Answers:
    """Open money at the end of each day."""
    days = [date.fromisoformat(day) for day in at]
    names = labels(case.by)
    states = {day: list(oracle_history.as_of(case.deals, case.moves, day, process=PROCESS).values()) for day in days}
    still = {day: [s for s in mine if s.is_open] for day, mine in states.items()}
    combos = ordered(deal_labels(s, names, case.reps) for mine in still.values() for s in mine)
    answers: Answers = {}
    for key in combos if names else [()]:
        for day in days:
            mine = no_credits((s for s in still[day] if deal_labels(s, names, case.reps) == key), negative)
            amounts = [s.amount for s in mine if s.amount is not None]
            answers[(*key, day)] = Answer(sum(amounts, Fraction(0)), len(amounts))
    return answers
