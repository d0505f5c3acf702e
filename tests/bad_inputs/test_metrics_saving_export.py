"""MET and OUT: calls of metrics; tallies, saved files and what is written."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import io
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import salesmetrics as sm
from salesmetrics import formulas, grouping
from salesmetrics.saving import _CHECKSUM, _HEAD, MARK, VERSION
from tests.bad_inputs.harness import refused, row

Q1 = sm.Period("2026-01-01", "2026-04-01")
NAN = float("nan")


def deals(*outcomes: str, amounts: tuple[float, ...] = (1, 2, 3, 4)) -> sm.DealBook:
    """Return deals of one rep that were decided on one day."""
    rows = len(outcomes)
    columns = {
        "id": [*range(rows)],
        "rep": ["r"] * rows,
        "amount": list(amounts[:rows]),
        "created": ["2025-12-01"] * rows,
        "closed": [None if outcome == "open" else "2026-01-05" for outcome in outcomes],
        "outcome": list(outcomes),
    }
    return sm.read_deals(columns, as_of="2026-06-01", currency="USD")


@row("MET-1")
@pytest.mark.parametrize(
    ("outcomes", "value", "n", "reason"),
    [(["open"] * 4, NAN, 0, "no_rows"), (["won"] * 4, 1.0, 4, ""), (["lost"] * 4, 0.0, 4, ""), (["won"], 1.0, 1, "")],
)
def test_extreme_books(outcomes: list[str], value: float, n: int, reason: str) -> None:
    """One row, all open, all won, all lost: the rate is what the definition says, or undefined with its reason."""
    book = deals(*outcomes)
    before = book.take(np.arange(book.rows))
    answer = sm.win_rate(book, period=Q1)
    assert (answer.value[0] == value) or (np.isnan(value) and np.isnan(answer.value[0]))
    assert (answer.n.tolist(), answer.reason.tolist()) == ([n], [reason])
    assert book.equals(before)


@row("MET-2")
def test_amounts_of_zero() -> None:
    """A rate by amount over nothing is undefined."""
    answer = sm.win_rate(deals("won", "lost", amounts=(0, 0)), period=Q1, weight="amount")
    assert np.isnan(answer.value).all()
    assert answer.reason.tolist() == ["zero_denominator"]


@row("MET-3", "MET-4")
def test_percentage_errors() -> None:
    """Where nothing was sold the row has no percentage error and the mean is over the others."""
    assert np.isnan(formulas.ape(5, 0))
    quarters = [sm.Period("2026-01-01", "2026-04-01"), sm.Period("2026-04-01", "2026-07-01")]
    sold = {"id": [1], "rep": ["A"], "amount": [10], "closed": ["2026-01-05"], "outcome": ["won"]}
    calls = {
        "rep": ["A", "A"],
        "start": ["2026-01-01", "2026-04-01"],
        "end": ["2026-04-01", "2026-07-01"],
        "given": ["2026-01-02", "2026-04-02"],
        "amount": [8, 5],
    }
    answer = sm.mape(sm.read_deals(sold, as_of="2026-12-31"), sm.read_forecasts(calls), period=sm.Periods(quarters))
    assert answer.value[0] == pytest.approx(0.2)
    assert np.isnan(answer.value[1])
    assert sm.mape(sm.read_deals(sold, as_of="2026-12-31"), sm.read_forecasts(calls)).value.tolist() == [
        pytest.approx(0.2)
    ]
    assert not hasattr(formulas, "smape"), "of the two in use none is offered under that name"


@row("MET-5")
def test_days_to_ask_as_of() -> None:
    """Before the first day the book is empty, after the last one it is the last state; NaT and instants are refused."""
    book = deals("open", "open")
    assert sm.open_pipeline(book, as_of="2020-01-01").value.tolist() == [0.0]
    assert sm.open_pipeline(book, as_of="2030-01-01").value.tolist() == [3.0]
    error = refused(lambda: sm.open_pipeline(book, as_of=np.datetime64("NaT")), sm.InvalidArgumentError)
    assert (error.code, error.field) == ("SM-DAY-02", "as_of")
    error = refused(lambda: sm.open_pipeline(book, as_of=dt.datetime(2026, 1, 1, 3)), sm.InvalidTypeError)
    assert (error.code, error.field) == ("SM-DAY-01", "as_of")


@row("MET-6")
def test_a_grid_is_counted_before_it_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cells are counted in whole numbers and compared with the limit before any is made."""
    monkeypatch.setattr(grouping, "_MOST_CELLS", 50)
    book = deals(*["won"] * 4)
    days = sm.Periods([sm.Period(np.datetime64("2026-01-01") + n, np.datetime64("2026-01-02") + n) for n in range(60)])
    error = refused(lambda: sm.credited_bookings(book, period=days, by="rep"), sm.InvalidArgumentError)
    assert (error.code, error.field, error.value) == ("SM-ARG-11", "by", 120)
    assert "fewer" in error.hint


@row("MET-7")
@pytest.mark.parametrize("level", [95, 0, 1, True, "0.9"])
def test_levels_of_confidence(level: Any) -> None:
    """A level lies strictly between 0 and 1, and has one name."""
    error = refused(lambda: sm.win_rate(deals("won"), period=Q1, confidence_level=level), sm.InvalidArgumentError)
    assert (error.code, error.field, error.value) == ("SM-ARG-02", "confidence_level", level)
    with pytest.raises(TypeError, match="level"):
        sm.win_rate(deals("won"), period=Q1, confidence_level=0.9, level=0.8)  # type: ignore[call-arg]


@row("MET-8")
@pytest.mark.parametrize(
    ("call", "field"),
    [
        (lambda: sm.win_rate_curve(deals("won", "open")).quantile(1.5), "q"),
        (lambda: sm.win_rate_curve(deals("won", "open")).restricted_mean(-5), "within"),
        (lambda: sm.cycle_length(deals("won"), period=Q1, stat=1.5), "stat"),
        (lambda: sm.datasets.sample_company(deals=-1), "deals"),
        (lambda: sm.datasets.sample_company(deals=10**9), "deals"),
    ],
    ids=["quantile", "horizon", "statistic", "negative", "too many"],
)
def test_numbers_out_of_bounds(call: Callable[[], Any], field: str) -> None:
    """Quantiles lie in [0, 1], horizons and counts are not negative."""
    error = refused(call, sm.InvalidArgumentError)
    assert error.field == field
    assert error.code.startswith(("SM-ARG-", "SM-DTS-"))


@row("MET-9")
def test_seeds() -> None:
    """A seed is nothing, a whole number or a generator; the legacy kind is refused."""
    assert sm.datasets.sample_company(deals=5, rng=None).deals.rows == 5
    first, second = (sm.datasets.sample_company(deals=5, rng=3).deals for _ in range(2))
    assert first.equals(second)
    error = refused(lambda: sm.datasets.sample_company(deals=5, rng=np.random.RandomState(1)), sm.InvalidTypeError)  # type: ignore[arg-type]
    assert (error.code, error.field) == ("SM-RNG-01", "rng")
    assert "default_rng" in error.hint


@row("MET-10")
@pytest.mark.parametrize("weight", [NAN, -0.5])
def test_weights(weight: float) -> None:
    """Shares that weigh are numbers of 0 or more; those that are all zero weigh nothing, which is undefined."""
    error = refused(lambda: sm.Split("d", "r", weight), sm.InvalidArgumentError)
    assert error.field == "share"
    error = refused(lambda: sm.Rep("a", ramp=(weight,)), sm.InvalidArgumentError)
    assert error.field == "ramp"
    assert np.isnan(formulas.gini([0, 0]))


@row("MET-11")
def test_a_curve_that_never_reaches_a_half() -> None:
    """The median is undefined, says so, and counts those it looked at."""
    answer = sm.win_rate_curve(deals("won", "open", "open", "open")).median
    assert np.isnan(answer.value).all()
    assert answer.reason.tolist() == ["not_reached"]
    assert answer.n.tolist() == [4]


@row("MET-12")
def test_one_cent_of_quota() -> None:
    """A tiny denominator is exact."""
    quotas = sm.read_quotas([sm.Quota("r", "2026-01-01", "2026-04-01", 0.01)], currency="USD")
    assert sm.attainment(deals("won", amounts=(5,)), quotas, period=Q1).value.tolist() == [500.0]


# --- tallies and files -----------------------------------------------------------------------------------------------


@row("OUT-1")
def test_tallies_that_do_not_belong_together() -> None:
    """What differs is named, and both stay as they were."""
    one, other = sm.OutcomeTally.from_book(deals("won"), by="rep"), sm.OutcomeTally.from_book(deals("won"))
    for left, right, code, field in (
        (one, other, "SM-TLY-02", "by"),
        (one, sm.SizeTally.from_book(deals("won")), "SM-TLY-01", "kind"),
    ):
        error = refused(lambda left=left, right=right: left + right, sm.MergeError)
        assert (error.code, error.field) == (code, field)
    assert one.equals(sm.OutcomeTally.from_book(deals("won"), by="rep"))


def saved() -> bytes:
    """Return a saved tally."""
    kept = io.BytesIO()
    sm.save_tally(sm.OutcomeTally.from_book(deals("won"), by="rep"), kept)
    return kept.getvalue()


@row("OUT-2", "OUT-3")
@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda held: held[:-5], "SM-SAV-06"),
        (lambda held: held[:60] + bytes([held[60] ^ 1]) + held[61:], "SM-SAV-07"),
        (lambda held: held + b"x", "SM-SAV-06"),
        (lambda held: held[:8] + b"\x09\0" + held[10:], "SM-SAV-05"),
        (lambda held: b"rep,amount\n", "SM-SAV-04"),
        (lambda held: held[:18] + b"\xff" * 7 + b"\x00" + held[26:], "SM-SAV-06"),
        (lambda held: pickle.dumps(print), "SM-SAV-04"),
    ],
    ids=["cut", "flipped", "long", "version", "other", "announces too much", "pickle"],
)
def test_files_that_were_changed(change: Callable[[bytes], bytes], code: str) -> None:
    """Mark, version, length and checksum are looked at before anything is made of a file."""
    error = refused(lambda: sm.load_tally(io.BytesIO(change(saved()))), sm.MergeError)
    assert (error.code, error.field) == (code, "source")


@row("OUT-3")
def test_objects_in_a_file() -> None:
    """Only plain numbers are read: an array of objects is refused though its checksum fits."""
    held = saved()
    _, _, size, blob = _HEAD.unpack_from(held)
    described = held[_HEAD.size : _HEAD.size + size].replace(b'"<i8"', b'"|O8"')
    body = _HEAD.pack(MARK, VERSION, len(described), blob) + described + held[_HEAD.size + size : -_CHECKSUM]
    error = refused(lambda: sm.load_tally(io.BytesIO(body + hashlib.sha256(body).digest())), sm.MergeError)
    assert error.code == "SM-SAV-08"
    assert "|O8" in str(error)


@row("OUT-4")
def test_names_never_become_paths(tmp_path: Path) -> None:
    """The user says where a file goes; what stands in the data changes nothing about it."""
    names = ["../../x", "CON", "a/b", "n" * 300]
    book = sm.read_deals({"id": [*range(4)], "rep": names})
    book.to_csv(tmp_path / "deals.csv")
    assert [path.name for path in tmp_path.iterdir()] == ["deals.csv"]
    assert sm.read_deals(tmp_path / "deals.csv")["rep"].tolist() == names


@row("OUT-5")
def test_files_that_are_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are not replaced unasked, and a write that fails leaves them whole."""
    path = tmp_path / "deals.csv"
    path.write_text("mine", encoding="utf-8")
    book = deals("won")
    error = refused(lambda: book.to_csv(path), sm.InvalidArgumentError)
    assert error.code.startswith("SM-OUT-")
    assert "overwrite=True" in str(error)
    with monkeypatch.context() as patched:
        patched.setattr("salesmetrics.export._BLOCK_ROWS", 1, raising=False)
        patched.setattr(
            csv, "writer", lambda *asked, **named: (_ for _ in ()).throw(OSError(28, "No space left on device"))
        )
        assert refused(lambda: book.to_csv(path, overwrite=True), sm.InvalidArgumentError).code.startswith("SM-OUT-")
    assert path.read_text(encoding="utf-8") == "mine"
    book.to_csv(path, overwrite=True)
    assert path.read_text(encoding="utf-8").startswith("id,rep")
    assert [found.name for found in tmp_path.iterdir()] == ["deals.csv"]


@row("OUT-6", "OUT-7", "OUT-8")
@pytest.mark.parametrize(
    "name", ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "<b>x</b>", "\x1b[31m", "\x9b", "a\u202eb", "'=1"]
)
def test_names_in_every_output(name: str) -> None:
    """A formula is guarded in a file and comes back as it was; markup and what does not print is escaped, in names too."""
    book = sm.read_deals({"id": ["x"], "rep": [name], f"c{name}": [name], "amount": [-250]}, allow_negative=True)
    kept = io.StringIO(newline="")
    book.to_csv(kept)
    cells = [cell for record in csv.reader(io.StringIO(kept.getvalue(), newline="")) for cell in record]
    assert all(not cell.startswith(("=", "+", "@", "\t", "\r")) for cell in cells)
    assert [cell for cell in cells if cell.startswith("-")] == ["-250.00"]
    kept.seek(0)
    again = sm.read_deals(kept, allow_negative=True)
    assert again["rep"].tolist() == [name]
    assert "<b>" not in book._repr_html_()
    shown = repr(book) + book._repr_html_()
    assert all(character.isprintable() or character == "\n" for character in shown)
