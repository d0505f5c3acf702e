"""Laws A: what is true of every public metric, whatever it computes."""

from __future__ import annotations

import html
import inspect
from datetime import date
from random import Random
from typing import Any

import attrs
import numpy as np

import salesmetrics as sm
from salesmetrics.calendars import Period, Periods
from salesmetrics.curves import CurveTable
from salesmetrics.domain import Deal, Quota, Rep
from salesmetrics.outlooks import OutlookTable
from salesmetrics.results import MetricTable
from tests.laws import doors, doors_history, doors_people
from tests.laws.drawing import Case, deal_book
from tests.laws.entries_outlook import read_of
from tests.laws.law import bits, has, hexed, law, masked, minor_by_label, same, shuffled
from tests.laws.registry import Entry, Variant

NAMES = {name: f"{'zyxwvu'[i]}{name}" for i, name in enumerate(("Ana", "ana", "Zo\u00eb", "Zoe\u0308", "=1+1", "<b>"))}
PLACES = {"SMB": "zz", "smb": "a", "nan": "None", "00": "b", None: None}


@law("A1")
def shuffling(entry: Entry, variant: Variant, case: Case, rng: Random) -> None:
    """Shuffling the rows changes nothing."""
    mixed = attrs.evolve(
        case, deals=shuffled(case.deals, rng), quotas=shuffled(case.quotas, rng), reps=shuffled(case.reps, rng)
    )
    same(entry.answer(case, variant), entry.answer(mixed, variant))


@law("A2")
def renaming(entry: Entry, variant: Variant, case: Case, rng: Random) -> None:
    """Renaming reps and segments one-to-one renames labels only."""
    deals = []
    for d in case.deals:
        labels = dict(d.labels or ())
        renamed = labels | {"segment": PLACES[str(labels["segment"]) if labels["segment"] else None]}
        deals.append(attrs.evolve(d, rep=NAMES.get(str(d.rep)) if d.rep is not None else None, labels=renamed))
    other = attrs.evolve(
        case,
        deals=tuple(deals),
        quotas=tuple(attrs.evolve(q, rep=NAMES[str(q.rep)]) for q in case.quotas),
        reps=tuple(attrs.evolve(r, id=NAMES[str(r.id)]) for r in case.reps),
    )
    before, after = entry.answer(case, variant), entry.answer(other, variant)
    places: dict[str, dict[Any, Any]] = {"rep": dict(NAMES), "segment": dict(PLACES)}

    def renamed_label(label: Any) -> Any:
        row = label if len(before.labels.names) > 1 else (label,)
        new = tuple(places.get(n, {}).get(v, v) for n, v in zip(before.labels.names, row, strict=bool(case.by)))
        return new if len(before.labels.names) > 1 else new[0] if new else label

    wanted = {renamed_label(label): row for label, row in bits(before).items()}
    assert wanted == bits(after), f"{hexed(before)}\nand\n{hexed(after)}"


def fingerprint(thing: Any) -> list[bytes]:
    """Return the bytes of every array that a book holds, each of which is read-only."""
    found = []
    for column in thing.columns.values():
        for field in attrs.fields(type(column)):
            values = getattr(column, field.name)
            if isinstance(values, np.ndarray):
                assert not values.flags.writeable, f"{field.name} can be written to"
                found.append(repr(values.tolist()).encode() if values.dtype == object else values.tobytes())
    return found


@law("A4")
def inputs_unchanged(entry: Entry, variant: Variant, case: Case, rng: Random) -> None:
    """Inputs are unchanged, and a second call gives the same bits."""
    ask = case.ask()
    before = fingerprint(ask.deals) + fingerprint(ask.quotas)
    first = entry.answer(ask, variant)
    assert fingerprint(ask.deals) + fingerprint(ask.quotas) == before
    same(first, entry.answer(ask, variant))


@law("A5")
def no_aliasing(entry: Entry, variant: Variant, case: Case, rng: Random) -> None:
    """Writing into a result changes neither the book nor a later result."""
    ask = case.ask()
    first = entry.answer(ask, variant)
    before = hexed(first)
    arrays = [first.value, first.n, first.reason_code, *first.parts.values()]
    arrays += [end for end in (first.low, first.high) if end is not None]
    for values in arrays:
        assert not values.flags.writeable
        mine = values if values.flags.owndata else values.base
        if isinstance(mine, np.ndarray) and mine.flags.owndata:
            mine.flags.writeable = True
            mine[...] = 77
    assert hexed(entry.answer(ask, variant)) == before


@law("A5")
def callers_arrays(entry: Entry, variant: Variant, case: Case, rng: Random) -> None:
    """Writing into the caller's arrays after the book is built changes nothing in it."""
    ask = case.ask()
    source = {name: np.array(values) for name, values in ask.deals.to_dict().items()}
    mine = ask.but(deals=deal_book(source, case.staged))
    first = entry.answer(mine, variant)
    for values in source.values():
        values[...] = values[::-1].copy() if len(values) else values
        if values.dtype.kind == "f":
            values[...] = 3.0
    same(first, entry.answer(mine, variant))


def key_of(entry: Entry, label: Any, names: tuple[str, ...]) -> tuple[Any, ...]:
    """Return a label as a tuple."""
    return label if len(names) > 1 else (label,) if names else ()


@law("A13")
def one_group_alone(entry: Entry, variant: Variant, case: Case, rng: Random) -> None:
    """One group of a grouped answer is the answer for that group alone."""
    by = ("rep",) if entry.quotas or has(entry, "tenures") else ("segment",) if rng.random() < 0.5 else ("rep",)
    grouped = entry.answer(attrs.evolve(case, by=by), variant)
    for name in {key_of(entry, label, grouped.labels.names)[0] for label in grouped.labels}:
        mine = tuple(d for d in case.deals if (d.rep if by == ("rep",) else dict(d.labels or ())["segment"]) == name)
        alone = attrs.evolve(
            case,
            by=by if entry.quotas else (),
            deals=mine,
            quotas=tuple(q for q in case.quotas if q.rep == name),
            reps=tuple(r for r in case.reps if r.id == name) if has(entry, "tenures") else case.reps,
        )
        rows = [at for at, label in enumerate(grouped.labels) if key_of(entry, label, grouped.labels.names)[0] == name]
        part, whole = grouped.take(np.array(rows)), entry.answer(alone, variant)
        assert list(bits(part).values()) == list(bits(whole).values()), f"{hexed(part)}\nand\n{hexed(whole)}"


@law("A14", lambda entry: entry.additive)
def groups_add_up(entry: Entry, variant: Variant, case: Case, rng: Random) -> None:
    """The groups' values add up to the total."""
    parts, whole = entry.answer(case, variant), entry.answer(attrs.evolve(case, by=()), variant)
    assert int(parts.to_minor().sum()) == int(whole.to_minor().sum())
    assert int(parts.n.sum()) == int(whole.n.sum())


@law("A15", lambda entry: entry.additive)
def roll_up(entry: Entry, variant: Variant, case: Case, rng: Random) -> None:
    """By segment and rep, then added to segment, is by segment."""
    fine = minor_by_label(entry.answer(attrs.evolve(case, by=("segment", "rep")), variant))
    coarse = minor_by_label(entry.answer(attrs.evolve(case, by=("segment",)), variant))
    added: dict[Any, int] = {}
    for label, minor in fine.items():
        key = (label[0], *label[2:])
        added[key if len(key) > 1 else key[0]] = added.get(key if len(key) > 1 else key[0], 0) + minor
    assert added == coarse


@law("A16")
def empty_book(entry: Entry, variant: Variant, case: Case, rng: Random) -> None:
    """An empty book gives the documented value, dtype and shape, and no warning."""
    for by in ((), ("rep",)):
        table = entry.answer(attrs.evolve(case, deals=(), quotas=(), by=by), variant)
        many = isinstance(case.period, Periods) and "period" in table.labels.names
        rows = 0 if by else len(case.period) if many and isinstance(case.period, Periods) else 1
        assert (table.value.dtype, table.value.shape) == (np.dtype(np.float64), (rows,))
        assert (table.n.dtype, table.n.tolist()) == (np.dtype(np.int64), [0] * rows)
        if entry.undefined_when.startswith("never"):
            assert table.value.tolist() == [0.0] * rows
        else:
            assert np.isnan(table.value).all()
            assert (table.reason != "").all()


@law("A17")
def one_row(entry: Entry, variant: Variant, case: Case, rng: Random) -> None:
    """A one-row book gives one entry a group, and nothing is broadcast."""
    table = entry.answer(attrs.evolve(case, deals=case.deals[:1], by=("rep",)), variant)
    labels = list(table.labels)
    assert len(labels) == len(set(labels)) == len(table.value) == len(table.n)
    assert all(len(values) == len(labels) for values in table.parts.values())
    reps = {d.rep for d in case.deals[:1]} | {q.rep for q in case.quotas}
    assert {label[0] if isinstance(label, tuple) else label for label in labels} <= reps


FAR = (date(1999, 1, 4), date(1999, 2, 3))
LATE = date(2037, 5, 6)


@law("A18")
def outside(entry: Entry, variant: Variant, case: Case, rng: Random) -> None:
    """A row outside the asked period or record type changes nothing, not even which labels appear."""
    if case.period is None:
        case = attrs.evolve(case, period=Period("2024-01-01", "2024-07-01"))
    zed = Rep("Zed", team="Zed")
    strange = {"segment": "Zed", "product": "Zed"}
    more = [
        Deal("x1", "Zed", 5, FAR[0], FAR[0], FAR[1], "Closed Won", "won", labels=strange),
        Deal("x2", "Zed", 5, FAR[0], FAR[0], FAR[1], "Closed Lost", "lost", labels=strange),
    ]
    if case.as_of is not None:
        more.append(Deal("x3", "Zed", 5, LATE, LATE, None, "Proposal", probability=0.5, labels=strange))
        more.append(Deal("x4", "Zed", 5, LATE, LATE, LATE, "Closed Won", "won", labels=strange))
    other = attrs.evolve(
        case,
        deals=(*more[:1], *case.deals, *more[1:]),
        quotas=(*case.quotas, Quota("Zed", FAR[0], FAR[1], 100)),
        reps=(*case.reps, zed),
    )
    same(entry.answer(attrs.evolve(case, reps=(*case.reps, zed)), variant), entry.answer(other, variant))


@law("A19")
def filters(entry: Entry, variant: Variant, case: Case, rng: Random) -> None:
    """Filters commute, are idempotent, and two in turn are their conjunction; `where` is a filter."""
    ask = case.ask()
    if not has(entry, "deals"):
        reps = sorted({str(q.rep) for q in case.quotas})[:2]
        few = ask.but(quotas=ask.quotas.filter({"rep": reps}))
        same(entry.answer(ask.but(where={"rep": reps}), variant), entry.answer(few, variant))
        return
    p, q = masked(case, rng), masked(case, rng)
    both = entry.answer(ask.but(deals=ask.deals.filter(p & q)), variant)
    same(both, entry.answer(ask.but(deals=ask.deals.filter(p).filter(q[p])), variant))
    same(both, entry.answer(ask.but(deals=ask.deals.filter(q).filter(p[q])), variant))
    same(both, entry.answer(ask.but(deals=ask.deals.filter(p & q).filter((p & p)[p & q])), variant))
    same(both, entry.answer(ask.but(where=p & q), variant))
    same(both, entry.answer(ask.but(where=q, deals=ask.deals).but(where=p & q), variant))


@law("A19", lambda entry: "deals" in entry.needs and not entry.quotas)
def mappings(entry: Entry, variant: Variant, case: Case, rng: Random) -> None:
    """A mapping of labels is the filter that holds for them."""
    ask = case.ask()
    wanted = sorted({str(dict(d.labels or ())["product"]) for d in case.deals})[:1]
    mask = np.array([dict(d.labels or ())["product"] in wanted for d in case.deals], dtype=bool)
    same(entry.answer(ask.but(where={"product": wanted}), variant), entry.answer(ask.but(where=mask), variant))


@law("A21")
def stable_types(entry: Entry, variant: Variant, case: Case, rng: Random) -> None:
    """The dtype of a result depends on the schema, not on the data."""

    def types(table: MetricTable) -> dict[str, Any]:
        ends = {"low": table.low, "high": table.high}
        every = {"value": table.value, "n": table.n, **table.parts, **ends}
        return {name: None if values is None else values.dtype for name, values in every.items()}

    bare = attrs.evolve(case, deals=tuple(attrs.evolve(d, amount=None, created=None) for d in case.deals))
    wanted = types(entry.answer(attrs.evolve(case, deals=(), quotas=()), variant))
    assert types(entry.answer(case, variant)) == wanted == types(entry.answer(bare, variant))


HOSTILE = ("<script>x</script>", "a\tb", "a\nb", "\x1b[31m", "\u202enA", "=1+1", "&amp;", '"', "A" * 300)


@law("A23")
def shown(entry: Entry, variant: Variant, case: Case, rng: Random) -> None:
    """Showing an answer never raises, and never passes on an unescaped control character or a `<` from data."""
    deals = tuple(
        attrs.evolve(d, rep=None, labels={"segment": rng.choice(HOSTILE), "product": "A"}) for d in case.deals
    )
    by = ("rep",) if entry.quotas else ("segment",)
    table = entry.answer(attrs.evolve(case, deals=deals, by=by), variant)
    text, page = repr(table), table._repr_html_()
    assert text == str(table)
    for shown_as in (text, page):
        assert not any((ord(c) < 32 and c != "\n") or 127 <= ord(c) < 160 or c == "\u202e" for c in shown_as)
    assert "<script>" not in page
    assert "<b>" not in page
    assert html.unescape(page).count("<script>") <= text.count("<script>")
    assert len(table.to_dict()[table.name]) == len(table)


DOCUMENTED = {"basis": "closed", "negative": "raise", "of": "won", "overdue": "exclude", "undated": "exclude"}


def asks_by_keyword(entry: Entry) -> bool:
    """Tell whether the metric takes a book and keywords."""
    return entry.name not in ("required_coverage", "velocity_change")


@law("A25", asks_by_keyword)
def spelled_out(entry: Entry, variant: Variant, case: Case, rng: Random) -> None:
    """The order of keywords, and a default spelled out, change nothing."""
    ask, metric = case.ask(), getattr(sm, entry.name)
    ask = doors_history.compared(ask) if entry.name == "logrank" else ask
    books = [getattr(ask, name) for name in ("deals", "quotas") if name in entry.needs]
    reading = {"read", "days", "q"} if entry.name.endswith("curve") or entry.name == "forecast_distribution" else set()
    dated = "due" if entry.name in ("open_pipeline", "weighted_pipeline", "concentration") else "period"
    asked = doors.asked(ask, dated) if has(entry, "deals") else doors.of_quotas(ask)
    books, asked = doors_people.given(entry.needs, ask) or (books, asked)
    if entry.moves:
        books = [ask.deals] if entry.name in doors_history.BY_NAME else [ask.deals, ask.history]
        asked = doors_history.about(ask, entry.name)
    given = {**asked, **{name: value for name, value in variant.options.items() if name not in reading}}
    parameters = [p for p in inspect.signature(metric).parameters.values() if p.kind is p.KEYWORD_ONLY]
    defaults = {p.name: p.default for p in parameters if p.default is not p.empty}
    if entry.name not in ("pipeline_coverage", "ramp_curve", "ramp_time") and not entry.moves:
        defaults |= {name: DOCUMENTED[name] for name, value in defaults.items() if value is None and name in DOCUMENTED}
    spelled = dict(reversed([*defaults.items(), *given.items()])) | given
    first, second = metric(*books, **given), metric(*books, **spelled)
    read = {name: value for name, value in variant.options.items() if name in reading}
    if isinstance(first, CurveTable) and isinstance(second, CurveTable):
        first, second = doors.curve_read(first, **_at(read)), doors.curve_read(second, **_at(read))
    if isinstance(first, OutlookTable) and isinstance(second, OutlookTable):
        first, second = read_of(first, **read), read_of(second, **read)
    same(first, second)


def _at(read: dict[str, Any]) -> dict[str, Any]:
    """Return how a curve is read; days alone mean the share at that age."""
    return read if "read" in read else {"read": "at", **read}
