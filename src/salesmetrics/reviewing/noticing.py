"""What needs attention: each rule reads a table of the review, and leaves a note with the number and its threshold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from salesmetrics import _check
from salesmetrics.results import MetricRow, MetricTable
from salesmetrics.reviewing.case import Case
from salesmetrics.reviewing.rows import each
from salesmetrics.reviewing.rules import RULES, Note
from salesmetrics.reviewing.wording import apart, days, label, money, percent, since, times
from salesmetrics.tallies import TenureTally

__all__ = ["noticed"]

Tables = Mapping[str, Any]
_CLOSE = 1e-9


def noticed(case: Case, tables: Tables) -> tuple[Note, ...]:
    """Return the notes in the order of the rules, those about the whole first, then by the money at stake."""
    found = [note for rule in (_pace, _coverage, _at_risk, _stages, _win_rate, _bias) for note in rule(case, tables)]
    found += [note for rule in (_few_reps, _one_deal, _hygiene, _first_win) for note in rule(case, tables)]
    return tuple(sorted(found, key=_weight))


def _weight(note: Note) -> tuple[int, bool, float, str]:
    """Return what notes are sorted by."""
    return RULES.index(note.what), note.subject != "all", -(note.money or 0.0), str(note.subject)


def _below(value: float, threshold: float) -> bool:
    """Return True where a computed number is below its threshold, and not only by rounding; never where it is undefined."""
    return value < threshold - _CLOSE * abs(threshold)


def _above(value: float, threshold: float) -> bool:
    return value > threshold + _CLOSE * abs(threshold)


def _rows(table: MetricTable | None) -> Iterator[tuple[Any, MetricRow]]:
    """Yield the rows whose value is defined, each with its label."""
    if table is not None:
        yield from each(table.take(np.flatnonzero(~table.undefined)))


def _whole(tables: Tables, name: str) -> MetricRow | None:
    """Return the one row of a table, None where there is no number."""
    return next((row for _, row in _rows(tables.get(name))), None)


def _counted(n: int, what: str) -> str:
    """Return how many rows a number rests on, in words."""
    return f"n = {n:,} {what}{'' if n == 1 else 's'}"


# --- the number ------------------------------------------------------------------------------------------------------


def _pace(case: Case, tables: Tables) -> Iterator[Note]:
    """Yield who is off pace for the number, or missed it."""
    limit = case.rules.pace
    if limit is None or (case.running and case.gone < case.rules.elapsed * case.period.days):
        return
    name = "pace_attainment" if case.running else "attainment"
    after = f"{percent(case.gone / case.period.days)} of the days are over"
    curve = _whole(tables, "pace_by_curve")
    if curve is not None:
        after += f", by when past periods had booked {percent(curve.parts['elapsed'])} of theirs"
    for end, kind in (("", ""), ("_by_team", "Team "), ("_by_rep", "")):
        for who, row in _rows(tables.get(f"{name}{end}")):
            if not _below(row.value, limit):
                continue
            share, least = apart(row.value, limit)
            counted = _counted(row.n, "won deal") if end == "_by_rep" else f"{_counted(row.n, 'rep')} with a quota"
            booked, quota = row.parts["booked"], row.parts["quota"]
            subject = f"{kind}{label(who)}" if end else "The whole"
            said = (
                f"{subject} is on pace for {share} of quota" if case.running else f"{subject} ended at {share} of quota"
            )
            tail = f"; {after}" if case.running and not end else ""
            yield Note(
                what="pace",
                subject=who,
                value=row.value,
                threshold=limit,
                n=row.n,
                money=max(quota - row.parts.get("pace", booked), 0.0),
                sentence=f"{said}, below {least}: {money(booked)} booked of {money(quota)} ({counted}){tail}.",
            )


def _coverage(case: Case, tables: Tables) -> Iterator[Note]:
    """Yield the periods for which less is open than the share won asks for."""
    limit, needed = case.rules.coverage, _whole(tables, "required_coverage")
    if limit is None or needed is None or needed.n < case.rules.min_n:
        return
    rate, least = needed.parts["win_rate"], limit * needed.value
    learned = since(case.required_basis, case.before)
    for period, row in _rows(tables.get("coverage")):
        if not _below(row.value, least):
            continue
        target, held = row.parts["target"], row.parts["open"]
        ask = times(needed.value) if limit == 1 else f"{limit:g} x {times(needed.value)}"
        yield Note(
            what="coverage",
            subject=period,
            value=row.value,
            threshold=least,
            n=row.n,
            money=max(target - held * rate, 0.0),
            sentence=f"{label(period)} has coverage of {times(row.value)}, below {ask}: {money(held)} is open and due in it "
            f"(n = {row.n:,} deals) for {money(target)} still to book, and of {learned} {percent(rate)} of the amount was won "
            f"(n = {needed.n:,} deals). What is created later is not in it.",
        )


# --- deals -----------------------------------------------------------------------------------------------------------


def _at_risk(case: Case, tables: Tables) -> Iterator[Note]:
    """Yield the money in open deals at risk, where it is much of all."""
    limit, row = case.rules.at_risk, _whole(tables, "at_risk")
    if limit is None or row is None or row.n < case.rules.min_n or not row.parts["open_amount"] > 0:
        return
    held, whole = row.parts["amount"], row.parts["open_amount"]
    if _above(held / whole, limit):
        share, most = apart(held / whole, limit)
        flags = {name: count for name, count in row.parts.items() if name not in ("amount", "open_amount", "unknown")}
        listed = ", ".join(f"{name.replace('_', ' ')} {count:,}" for name, count in flags.items() if count)
        yield Note(
            what="at_risk",
            subject="all",
            value=held / whole,
            threshold=limit,
            n=row.n,
            money=held,
            sentence=f"{share} of the open money is in deals at risk, above {most}: {money(held)} of {money(whole)}, "
            f"{row.value:,.0f} of n = {row.n:,} open deals ({listed}).",
        )


def _stages(case: Case, tables: Tables) -> Iterator[Note]:
    """Yield the stages that hold deals longer than in the year before."""
    limit, least = case.rules.slower, case.rules.min_n
    before, held = tables.get("stage_dwell_before"), dict(_rows(tables.get("open_pipeline_by_stage")))
    if limit is None or before is None:
        return
    past = dict(_rows(before))
    for stage, now in _rows(tables.get("stage_dwell")):
        then = past.get(stage)
        if then is None or min(now.n, then.n) < least or not _above(now.value, limit * then.value):
            continue
        if now.low is None or then.high is None or not now.low > then.high:
            continue
        amount = held[stage].value if stage in held else None
        yield Note(
            what="stage",
            subject=stage,
            value=now.value,
            threshold=limit * then.value,
            n=now.n,
            money=amount,
            sentence=f"{label(stage)} holds the deals that came to it in the period for a median of {days(now.value)} days "
            f"({_ends(now, days)}, n = {now.n:,}), more than {limit:g} times the {days(then.value)} of the year before "
            f"({_ends(then, days)}, n = {then.n:,})" + (f"; {money(amount)} is open in it." if amount else "."),
        )


def _win_rate(case: Case, tables: Tables) -> Iterator[Note]:
    """Yield the groups that win less than in the year before, by more than chance explains."""
    limit, least = case.rules.win_rate, case.rules.min_n
    for end in ("", "_by_group") if limit is not None else ():
        past = dict(_rows(tables.get(f"win_rate_before{end}")))
        for group, now in _rows(tables.get(f"win_rate{end}")):
            then = past.get(group)
            if then is None or min(now.n, then.n) < least or now.high is None or then.low is None:
                continue
            floor = (limit or 0.0) * then.low
            if not _below(now.high, floor):
                continue
            who = f"{label(group)}: the" if end else "The"
            apart_by = (
                "the intervals do not touch" if limit == 1 else f"its upper end is below {limit:g} x the lower one"
            )
            yield Note(
                what="win_rate",
                subject=group,
                value=now.value,
                threshold=floor,
                n=now.n,
                money=None,
                sentence=f"{who} win rate is {percent(now.value)} ({_ends(now, percent)}, n = {now.n:,}), against "
                f"{percent(then.value)} ({_ends(then, percent)}, n = {then.n:,}) in the year before; {apart_by}.",
            )


def _ends(row: MetricRow, written: Any) -> str:
    """Return the ends of an interval; one that is not reached is open."""
    low, high = (None if end is None or np.isnan(end) else end for end in (row.low, row.high))
    if high is None or np.isinf(high):
        return f"from {written(low)} on"
    return f"{written(low)} to {written(high)}"


# --- calls -----------------------------------------------------------------------------------------------------------


def _bias(case: Case, tables: Tables) -> Iterator[Note]:
    """Yield who called too much, or too little, on the whole."""
    limit = case.rules.bias
    for end in ("", "_by_rep") if limit is not None else ():
        for who, row in _rows(tables.get(f"bias{end}")):
            if row.n < case.rules.min_pairs or not _above(abs(row.value), limit or 0.0):
                continue
            size, most = apart(abs(row.value), limit or 0.0)
            way = "more" if row.value > 0 else "less"
            called, came = row.parts["forecast"], row.parts["actual"]
            subject = label(who) if end else "All together"
            yield Note(
                what="bias",
                subject=who,
                value=row.value,
                threshold=limit or 0.0,
                n=row.n,
                money=abs(called - came),
                sentence=f"{subject} called {size} {way} than came, beyond {most}: {money(called)} called, "
                f"{money(came)} came (n = {row.n:,} {'periods' if end else 'periods of reps'}, from {case.judged.start} to "
                f"{case.judged.last}).",
            )


# --- how much hangs on few -------------------------------------------------------------------------------------------


def _few_reps(case: Case, tables: Tables) -> Iterator[Note]:
    """Yield whether few reps brought much of the bookings."""
    limit, table = case.rules.rep_share, tables.get("top_share")
    if limit is None or table is None:
        return
    row = table[case.period]
    if row.n < max(case.rules.min_reps, case.rules.top + 1) or not _above(row.value, limit):
        return
    share, most = apart(row.value, limit)
    who = "One rep" if case.rules.top == 1 else f"{case.rules.top} reps"
    yield Note(
        what="few_reps",
        subject="all",
        value=row.value,
        threshold=limit,
        n=row.n,
        money=row.value * row.parts["booked"],
        sentence=f"{who} brought {share} of the bookings of {label(case.period)}, above {most} "
        f"({money(row.parts['booked'])} in all, n = {row.n:,} reps with bookings).",
    )


def _one_deal(case: Case, tables: Tables) -> Iterator[Note]:
    """Yield whether one deal is much of what is due, or was much of what was booked."""
    limit, least = case.rules.deal_share, case.rules.min_n
    if limit is None:
        return
    due, won, mean = (_whole(tables, name) for name in ("concentration", "largest_win", "deal_size"))
    found = []
    if due is not None:
        what = "is open and due in the period" if case.running else "is open"
        found.append((due.value, due.n, due.parts["largest"], due.parts["open"], what))
    if won is not None and mean is not None and mean.value > 0:
        whole = mean.value * mean.n
        found.append((won.value / whole, won.n, won.value, whole, "was won in the period"))
    for value, n, largest, whole, what in found:
        if n >= least and _above(value, limit):
            share, most = apart(value, limit)
            yield Note(
                what="one_deal",
                subject="all",
                value=value,
                threshold=limit,
                n=n,
                money=largest,
                sentence=f"One deal is {share} of what {what}, above {most}: {money(largest)} of {money(whole)} "
                f"(n = {n:,} deals).",
            )


# --- records and people ----------------------------------------------------------------------------------------------


def _hygiene(case: Case, tables: Tables) -> Iterator[Note]:
    """Yield whether too many open deals lack what every report needs."""
    limit, row = case.rules.hygiene, _whole(tables, "hygiene_share")
    if limit is None or row is None or row.n < case.rules.min_n or not _below(row.value, limit):
        return
    share, least = apart(row.value, limit)
    counts = {name: n for name, n in row.parts.items() if name not in ("clean", "unknown", "flagged_amount")}
    listed = ", ".join(f"{name} {count:,}" for name, count in counts.items() if count)
    yield Note(
        what="hygiene",
        subject="all",
        value=row.value,
        threshold=limit,
        n=row.n,
        money=row.parts["flagged_amount"],
        sentence=f"{share} of the open deals are in order, below {least}: {row.parts['clean']:,} of n = {row.n:,} ({listed}).",
    )


def _first_win(case: Case, tables: Tables) -> Iterator[Note]:
    """Yield who has been there for long and has not won yet."""
    limit, row = case.rules.first_win, _whole(tables, "time_to_first_deal")
    if limit is None or row is None or row.n < case.rules.min_reps:
        return
    tally = TenureTally.from_book(
        case.deals, case.people, by="rep", as_of=case.day, splits=case.splits, history=case.history
    )
    tenure = tally.as_of_day - tally.start
    new = (tally.start >= tally.since_day) & (tally.left < 0) & (tally.first_win > tally.as_of_day)
    late = new & (tenure > limit * row.value)
    names = tally.labels.column("rep")
    for at in np.flatnonzero(late).tolist():
        yield Note(
            what="first_win",
            subject=names[at],
            value=float(tenure[at]),
            threshold=limit * row.value,
            n=row.n,
            money=None,
            sentence=f"{label(names[at])} started on {_check.date_of(int(tally.start[at]))}, {tenure[at]:,} days ago, and no "
            f"win yet: more than {limit:g} times the {days(row.value)} days by which half of n = {row.n:,} new reps had one.",
        )
