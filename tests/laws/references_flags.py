"""The slow module asked about flags: from a case and options to answers by key."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import salesmetrics as sm
from salesmetrics.flagging import AT_RISK, HYGIENE
from tests import oracle_flags, oracle_history
from tests.laws.doors_history import labels
from tests.laws.drawing import Case
from tests.laws.references_history import trails
from tests.oracle import Answer
from tests.oracle_history import Trail
from tests.oracle_rows import Key, Seen, cells, due_in, exact, no_credits, seen
from tests.oracle_stages import path_of
from tests.strategies import OPEN_STAGES, PROCESS

Answers = dict[Key, Answer]
Flags = dict[str, bool | None]


def unseen(trail: Trail, case: Case) -> bool:
    """Tell whether the history of a deal begins later than the day: nothing that is tracked is known of it then."""
    days = [change.day for change in case.moves if change.deal == trail.row.id]
    return bool(days) and case.as_of is not None and min(days) > case.as_of


def found(case: Case, **options: Any) -> dict[Any, Flags]:
    """Return the flags of the slow module; where the state of a deal is not known, neither is what it lacks."""
    assert case.as_of is not None
    answer = oracle_flags.flags(case.deals, case.moves, process=PROCESS, as_of=case.as_of, **options)
    for trail in trails(case):
        mine = answer.get(trail.row.id)
        if mine is None:
            continue
        if unseen(trail, case):
            mine |= dict.fromkeys(("undated", "unpriced", "ownerless"))
        steps = path_of(trail, PROCESS).steps
        if not steps or steps[-1].stage not in OPEN_STAGES:
            mine["regressed"] = None
    return answer


def standing(case: Case) -> list[Seen]:
    """Return the open deals as they stood."""
    assert case.as_of is not None
    states = oracle_history.as_of(case.deals, case.moves, case.as_of, process=PROCESS)
    return [deal for deal in states.values() if deal.is_open]


def told(case: Case, options: dict[str, Any]) -> dict[Any, Flags]:
    """Return the flags under the rules of a variant, shares being those of a pipeline without credits."""
    rules = options.get("rules") or sm.FlagRules()
    given = {name: getattr(rules, name) for name in ("days", "since", "q", "min_n", "count", "share")}
    if rules.method == "cycle_multiple":
        cycles = [
            (closed - t.row.created).days
            for t in trails(case)
            if t.moments[-1].outcome == "won"
            and t.row.created is not None
            and (closed := oracle_history.closed_on(t.moments)) is not None
        ]
        given["cycle"] = Fraction(sum(cycles), len(cycles)) if len(cycles) >= rules.min_n else 10**6
    answer = found(case, **given)
    if rules.method == "cycle_multiple" and len(cycles) < rules.min_n:
        for mine in answer.values():
            mine["over_age"] = None
    amounts = {d.id: d.amount for d in standing(case) if d.amount is not None and d.amount >= 0}
    whole = sum(amounts.values(), Fraction(0))
    for key, mine in answer.items():
        known = key in amounts and whole > 0
        mine["concentrated"] = amounts[key] > exact(rules.share) * whole if known else None
    return answer


def grouped(case: Case, options: dict[str, Any], usual: tuple[str, ...]) -> dict[Key, tuple[list[Seen], Any]]:
    """Return the open deals of each group, and their flags."""
    flags = told(case, options)
    rows = standing(case)
    names = tuple(n for n in options.get("flags", usual) if n != "no_next_step")
    groups = cells(lambda window: [rows], labels(case.by), None, case.reps)
    return {
        key: (mine, {d.id: {name: flags[d.id][name] for name in names} for d in mine})
        for key, (mine,) in groups.items()
    }


def parts_of(mine: list[Seen], flags: dict[Any, Flags]) -> dict[str, Any]:
    """Return how many deals have each flag, and of how many without any some are not known."""
    raised = {d.id: oracle_flags.any_of(flags[d.id], flags[d.id]) for d in mine}
    names = next(iter(flags.values()), {})
    return {
        **{name: sum(1 for each in flags.values() if each[name]) for name in names},
        "unknown": sum(1 for any_of in raised.values() if any_of is None),
        "missing_amount": sum(1 for d in mine if d.amount is None),
        "negative": sum(1 for d in mine if d.amount is not None and d.amount < 0),
    }


def hygiene_share(case: Case, **options: Any) -> Answers:
    """Share of open deals without any of the flags."""
    answers = {}
    for key, (mine, flags) in grouped(case, options, HYGIENE).items():
        share = oracle_flags.hygiene_share(flags, tuple(next(iter(flags.values()), {})))
        answers[key] = share._replace(parts=parts_of(mine, flags))
    return answers


def at_risk(case: Case, **options: Any) -> Answers:
    """Open deals with any of the flags, and the money in them."""
    answers = {}
    for key, (mine, flags) in grouped(case, options, AT_RISK).items():
        risky = oracle_flags.at_risk(flags, tuple(next(iter(flags.values()), {})))
        amount = oracle_flags.money_at_risk(no_credits(mine, "exclude"), risky)
        everything = oracle_flags.money_at_risk(no_credits(mine, "exclude"), set(flags))
        parts = {**parts_of(mine, flags), "amount": amount, "open_amount": everything}
        answers[key] = Answer(len(risky), len(mine), "", parts)
    return answers


def concentration(case: Case, top: Any = 1, negative: str = "raise") -> Answers:
    """Share of the largest open deals."""
    answers = {}
    now = seen(case.deals, case.as_of)
    for key, (rows,) in cells(
        lambda w: [due_in(now, w, case.as_of, "exclude", "exclude")], case.by, case.periods, case.reps
    ).items():
        kept = no_credits(rows, negative)
        amounts = sorted((d.amount for d in kept if d.amount is not None), reverse=True)
        share = exact(top) * len(amounts)
        many = top if isinstance(top, int) else -(-share.numerator // share.denominator)
        largest, whole = sum(amounts[:many], Fraction(0)), sum(amounts, Fraction(0))
        parts = {
            "largest": largest,
            "open": whole,
            "missing_amount": len(kept) - len(amounts),
            "negative": len(rows) - len(kept),
        }
        reason = "no_rows" if not amounts else "" if whole else "zero_denominator"
        answers[key] = Answer(largest / whole if whole else None, len(amounts), reason, parts)
    return answers
