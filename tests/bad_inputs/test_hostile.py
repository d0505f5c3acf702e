"""Hostile texts through every reader and every output, and good rows beside bad ones (law M5)."""

from __future__ import annotations

import io
import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import salesmetrics as sm
from tests.bad_inputs.harness import refused

TWINS = ("Jos\u00e9", "Jose\u0301", "\uff21na", "A\u200bna", "\u0391na")
PAYLOADS = (
    "=1+1",
    "+1",
    "-1",
    "@x",
    "\ttab",
    "'=1",
    "'",
    "<script>",
    "\x1b[31m",
    "\u202eabc",
    "a\0b",
    "\x85",
    "\u2028",
    "x" * 5000,
)
hostile = st.one_of(
    st.sampled_from(TWINS + PAYLOADS),
    st.text(max_size=30),
    st.text(alphabet="=+-@\t\r\n'\"<>&,;\0\x1b\u202e\u200b\u0301ae", max_size=12),
    st.text(alphabet=st.characters(categories=["Cc", "Cf", "Cs", "Mn", "Zl", "Zp"]), min_size=1, max_size=6),
)
COLUMNS = {
    "deals": (
        sm.read_deals,
        ("id", "rep", "stage", "amount", "created", "outcome", "probability", "currency", "segment"),
    ),
    "quotas": (sm.read_quotas, ("rep", "team", "start", "end", "amount")),
    "reps": (sm.read_reps, ("id", "name", "team", "manager", "hired", "absences", "ramp")),
    "history": (sm.read_history, ("deal", "date", "stage", "rep", "from_stage")),
    "forecasts": (sm.read_forecasts, ("rep", "start", "end", "given", "amount", "category")),
    "splits": (sm.read_splits, ("deal", "rep", "share", "kind")),
    "activities": (sm.read_activities, ("id", "rep", "deal", "date", "kind", "status")),
    "stages": (sm.read_stages, ("stage", "name", "order", "probability", "outcome")),
}
GOOD = {
    "start": "2026-01-01",
    "end": "2026-04-01",
    "given": "2026-01-05",
    "date": "2026-01-05",
    "amount": "5",
    "outcome": "open",
}
GOOD |= {
    "share": "1",
    "kind": "revenue",
    "status": "done",
    "probability": "0.5",
    "order": "1",
    "created": "2026-01-01",
    "currency": "USD",
}


def quietly(call: Any) -> Any:
    """Return what a call gives, or our error; a warning that is not the library's is an error."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", sm.SalesMetricsWarning)
        try:
            return call()
        except sm.SalesMetricsError as error:
            return error


def safe(text: str) -> bool:
    """Tell whether a text can be printed as it is."""
    return all(character.isprintable() or character == "\n" for character in text)


@pytest.mark.parametrize("kind", COLUMNS)
@given(data=st.data())
def test_texts_through_every_reader(kind: str, data: st.DataObject) -> None:
    """A text in any column is taken or refused in our words, and nothing that is shown of either holds what does not print."""
    read, names = COLUMNS[kind]
    at = data.draw(st.sampled_from(names))
    text = data.draw(hostile)
    columns: dict[str, Any] = {
        name: [GOOD.get(name, "a"), text if name == at else GOOD.get(name, "b")] for name in names
    }
    for mode in ("raise", "collect", "drop"):
        found = quietly(lambda mode=mode: read(columns, on_error=mode))
        assert safe(repr(found) if not isinstance(found, Exception) else str(found))
        if isinstance(found, Exception):
            assert len(str(found)) < 5000
        else:
            assert safe(found._repr_html_())
            assert "<script" not in found._repr_html_()
    other = quietly(lambda: read(columns, {names[0]: text}))
    assert not isinstance(other, Exception) or safe(str(other))


@given(texts=st.lists(hostile, min_size=1, max_size=4), names=st.lists(hostile, min_size=1, max_size=2, unique=True))
@example(texts=["=1+1", "\x1b"], names=["=c"])
def test_texts_through_every_output(texts: list[str], names: list[str]) -> None:
    """A book of hostile names is shown safely, and what a file can hold comes back as it was."""
    columns: dict[str, Any] = {"id": [f"D{at}" for at in range(len(texts))], "rep": texts}
    columns |= {
        name: texts
        for name in names
        if name.strip().casefold() not in ("id", "rep", *GOOD, "stage", "closed", "close_date")
    }
    book = quietly(lambda: sm.read_deals(columns, on_error="drop"))
    if isinstance(book, Exception):
        assert safe(str(book))
        return
    assert safe(repr(book))
    assert safe(book._repr_html_())
    assert book.to_dict()["id"].tolist() == book["id"].tolist()
    answer = quietly(lambda: sm.win_rate(book.with_labels({}), by="rep"))
    assert safe(str(answer)) or not isinstance(answer, Exception)
    kept = io.StringIO(newline="")
    written = quietly(lambda: book.to_csv(kept))
    if isinstance(written, Exception):
        assert safe(str(written))
        return
    kept.seek(0)
    again = quietly(lambda: sm.read_deals(kept))
    if isinstance(again, Exception):  # what a file of text cannot hold: a NUL, half of a character, a name of nothing
        assert safe(str(again))
        return
    assert again["rep"].tolist() == [None if text == "" else text for text in book["rep"].tolist()]
    for out in ("to_pandas", "to_polars", "to_arrow"):
        pytest.importorskip({"to_arrow": "pyarrow"}.get(out, out.removeprefix("to_")))
        frame = quietly(lambda out=out: getattr(book, out)())
        assert not isinstance(frame, Exception) or safe(str(frame))


# --- good rows beside bad ones -----------------------------------------------------------------------------------------

rows = st.lists(
    st.tuples(
        st.sampled_from(["D1", "D2", "D3", "D4", "", " ", "a\0"]),
        st.sampled_from([1.0, 2.5, -3.0, float("inf"), 1.005, None, 1e300]),
        st.sampled_from(["2026-01-01", "2026-02-01", "9999-12-31", "x", None, "0204-01-01"]),
        st.sampled_from([None, "2026-01-15", "2026-07-01", "2025-01-01"]),
        st.sampled_from(["open", "won", "lost", "wonn", None]),
        st.sampled_from([None, 0.5, 1.2]),
    ),
    min_size=1,
    max_size=8,
)
NAMES = ("id", "amount", "created", "closed", "outcome", "probability")


def columns_of(drawn: list[tuple[Any, ...]]) -> dict[str, Any]:
    """Return rows as columns of objects."""
    return {
        name: np.fromiter((line[at] for line in drawn), dtype=object, count=len(drawn)) for at, name in enumerate(NAMES)
    }


def read(drawn: list[tuple[Any, ...]], mode: str = "raise") -> Any:
    return quietly(lambda: sm.read_deals(columns_of(drawn), as_of="2026-06-01", on_error=mode))


@given(rows)
def test_leaving_out_what_is_rejected_leaves_a_clean_rest(drawn: list[tuple[Any, ...]]) -> None:
    """Reading without exactly the rejected rows raises nothing and gives the same book; each rejected row is told why."""
    book = read(drawn, "drop")
    if isinstance(book, Exception):
        assert book.row is None, "only what concerns a column is raised under drop"
        return
    gone = {record["row"] for record in book.rejects}
    rest = [line for at, line in enumerate(drawn) if at not in gone]
    assert book.rows == len(rest)
    if rest:
        clean = read(rest)
        assert not isinstance(clean, Exception), clean
        assert clean.equals(book)
        assert clean.rejects == ()
    collected = read(drawn, "collect")
    if gone:
        assert collected.to_records() == list(book.rejects)
        assert {int(at) for at in collected.rows} == gone
        for code in {record["code"] for record in book.rejects}:
            assert f"x {code}" in repr(book)
    else:
        assert collected.equals(book)


@given(rows, st.randoms(use_true_random=False))
def test_the_first_error_is_the_same_in_any_order(drawn: list[tuple[Any, ...]], rng: Any) -> None:
    """Rules run in a fixed order: the same code and the same rows, whatever their order."""
    order = list(range(len(drawn)))
    rng.shuffle(order)
    one, other = read(drawn), read([drawn[at] for at in order])
    assert isinstance(one, Exception) == isinstance(other, Exception)
    if isinstance(one, Exception):
        assert (one.code, one.field) == (other.code, other.field)
        assert sorted(order[at] for at in other.rows.tolist()) == one.rows.tolist()


def test_a_refusal_changes_nothing() -> None:
    """The caller's arrays are as they were, to the bit."""
    columns = columns_of([("D1", float("inf"), "x", None, "open", None)])
    before = {name: list(values) for name, values in columns.items()}
    refused(lambda: sm.read_deals(columns))
    assert {name: list(values) for name, values in columns.items()} == before
