"""One book, whatever it is read from: objects, columns, frames, text."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import salesmetrics as sm

ROWS: dict[str, list[Any]] = {
    "id": ["D1", "D2", "D3", "D4"],
    "rep": ["Ana", "Ben", None, "Ana"],
    "amount": [1200.5, None, 800.0, 0.0],
    "created": [dt.date(2026, 1, 1), None, dt.date(2026, 1, 5), dt.date(2026, 2, 1)],
    "expected_close": [None, dt.date(2026, 5, 1), None, dt.date(2026, 4, 1)],
    "closed": [dt.date(2026, 2, 3), None, dt.date(2026, 1, 5), None],
    "stage": ["Won", "Propose", "Lost", "Qualify"],
    "outcome": ["won", "open", "lost", "open"],
    "probability": [1.0, 0.5, 0.0, None],
    "forecast_category": ["closed", "commit", "omitted", None],
    "segment": ["SMB", None, "Mid", "SMB"],
}
OPTIONS: dict[str, Any] = {"currency": "USD", "as_of": "2026-02-28"}


def objects() -> list[sm.Deal]:
    """Return the rows as domain objects."""
    names = [name for name in ROWS if name != "segment"]
    return [
        sm.Deal(
            **{name: ROWS[name][row] for name in names}, labels={"segment": s} if (s := ROWS["segment"][row]) else None
        )
        for row in range(4)
    ]


def pandas_frame() -> Any:
    """Return the rows as a pandas frame."""
    frame = pytest.importorskip("pandas").DataFrame(ROWS)
    for name in ("created", "expected_close", "closed"):
        frame[name] = frame[name].astype("datetime64[s]")
    return frame


def pandas_objects() -> Any:
    """Return the rows as a pandas frame of objects, categories and nullable numbers."""
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(ROWS, dtype=object)
    frame["stage"] = frame["stage"].astype("category")
    frame["amount"] = frame["amount"].astype("Float64")
    frame["rep"] = frame["rep"].astype("string")
    return frame


def polars_frame() -> Any:
    """Return the rows as a polars frame."""
    return pytest.importorskip("polars").DataFrame(ROWS)


def arrow_table() -> Any:
    """Return the rows as an Arrow table, the stages as a dictionary and amounts as decimals."""
    arrow = pytest.importorskip("pyarrow")
    columns = {name: arrow.array(values) for name, values in ROWS.items()}
    columns["stage"] = columns["stage"].dictionary_encode()
    decimals = [None if value is None else Decimal(str(value)) for value in ROWS["amount"]]
    columns["amount"] = arrow.array(decimals, arrow.decimal128(18, 3))
    return arrow.table(columns)


def text() -> Any:
    """Return the rows as comma-separated text."""
    lines = [",".join(ROWS)]
    lines += [",".join("" if v is None else str(v) for v in row) for row in zip(*ROWS.values(), strict=True)]
    return io.StringIO("\n".join(lines) + "\n")


def arrays() -> dict[str, Any]:
    """Return the rows as numpy arrays, with a mask, NaN and NaT for what is missing."""
    return {
        "id": np.array(ROWS["id"]),
        "rep": np.array(ROWS["rep"], dtype=object),
        "amount": np.ma.MaskedArray([1200.5, 77.0, 800.0, 0.0], mask=[0, 1, 0, 0]),
        **{
            n: np.array([v or "NaT" for v in ROWS[n]], dtype="datetime64[D]")
            for n in ("created", "expected_close", "closed")
        },
        **{name: np.array(ROWS[name], dtype=object) for name in ("stage", "outcome", "forecast_category", "segment")},
        "probability": np.array([1.0, 0.5, 0.0, np.nan]),
    }


def generators() -> dict[str, Any]:
    """Return the rows as columns that can be read once."""
    return {name: (value for value in values) for name, values in ROWS.items()}


SOURCES = [objects, pandas_frame, pandas_objects, polars_frame, arrow_table, text, arrays, generators]


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.__name__)
def test_every_container_gives_the_same_book(source: Callable[[], Any]) -> None:
    """Four rows with every kind of gap are one book, whatever they come in."""
    want = sm.read_deals(ROWS, **OPTIONS)
    book = sm.read_deals(source(), **OPTIONS)
    assert sorted(book.names) == sorted(want.names)
    assert book.equals(want)
    assert want.equals(book)
    assert not book.rejects


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.__name__)
def test_every_container_gives_the_same_bits(source: Callable[[], Any]) -> None:
    """Metrics of the book do not tell where its rows came from."""
    want, book = sm.read_deals(ROWS, **OPTIONS), sm.read_deals(source(), **OPTIONS)
    for metric in (sm.credited_bookings, sm.win_rate, sm.deal_size, sm.cycle_length, sm.open_pipeline):
        assert metric(book, by="rep").equals(metric(want, by="rep")), metric.__name__


def test_a_path_is_a_file(tmp_path: Path) -> None:
    """A path is read as text, given as a path or as a string."""
    place = tmp_path / "deals.csv"
    place.write_text(text().getvalue(), "utf-8")
    want = sm.read_deals(ROWS, **OPTIONS)
    assert sm.read_deals(place, **OPTIONS).equals(want)
    assert sm.read_deals(str(place), **OPTIONS).equals(want)


def test_names_are_found_whatever_their_case() -> None:
    """``Amount`` and ``STAGE `` are ours without a map; an exact name wins."""
    book = sm.read_deals({"Amount": [1], "STAGE ": ["a"], "Rep": ["b"], "Region": ["x"]})
    assert book.names == ("rep", "amount", "stage", "Region")
    assert sm.read_deals({"amount": [1], "Amount": [2]})["amount"].tolist() == [1.0]


def test_a_map_names_the_sources_columns() -> None:
    """Our name to theirs; what is not mapped and looks like a label becomes one under its own name."""
    book = sm.read_deals(
        {"Amount (USD)": [5], "Owner": ["Ana"], "Vertical": ["Tech"], "note": [1.5]},
        {"amount": "Amount (USD)", "rep": "Owner", "sector": "Vertical"},
    )
    assert book.names == ("rep", "amount", "sector")
    assert book["sector"].tolist() == ["Tech"]
    assert book.notes == ("not read as labels: 'note'",)
    assert "note: not read as labels" in repr(book)


# --- dates and outcomes ----------------------------------------------------------------------------------


def test_one_close_date_for_both() -> None:
    """It is expected while a deal is open and closed once it is decided; a column of its own wins."""
    book = sm.read_deals(
        {
            "close_date": ["2026-05-01", "2026-02-03", None, "2026-02-04"],
            "closed": [None, None, None, "2026-02-05"],
            "outcome": ["open", "won", "open", "lost"],
        }
    )
    assert book["expected_close"].astype(str).tolist() == ["2026-05-01", "NaT", "NaT", "NaT"]
    assert book["closed"].astype(str).tolist() == ["NaT", "2026-02-03", "NaT", "2026-02-05"]
    assert "close_date" not in book.names


def test_a_decided_deal_needs_its_one_close_date() -> None:
    """Without a close date a won deal is refused, whichever column it was looked for in."""
    with pytest.raises(sm.InvalidDataError) as caught:
        sm.read_deals({"id": ["a", "b"], "close_date": ["2026-01-01", None], "outcome": ["open", "won"]})
    assert (caught.value.code, caught.value.row, caught.value.keys) == ("SM-CLO-01", 1, ["b"])
    assert caught.value.values == [None]


def test_outcomes_say_what_the_words_mean() -> None:
    """Words of the source, of an outcome column or of the stage, are mapped to ours."""
    meaning = {"Closed Won": "won", "Closed Lost": "lost", "Negotiation": "open", "Dead": "no_decision"}
    words = list(meaning)
    closed = ["2026-01-01", "2026-01-01", None, "2026-01-01"]
    for name in ("outcome", "stage"):
        book = sm.read_deals({name: words, "closed": closed}, outcomes=meaning)
        assert book["outcome"].tolist() == ["won", "lost", "open", "no_decision"]
    book = sm.read_deals({"stage": words, "outcome": ["won"] * 3 + ["open"], "closed": [*closed[:2], closed[0], None]})
    assert book["outcome"].tolist() == ["won", "won", "won", "open"]


PROCESS = sm.SalesProcess(
    [
        sm.Stage("Qualify", 1, 0.2),
        sm.Stage("Propose", 2, 0.5),
        sm.Stage("Won", 3, 1.0, outcome="won"),
        sm.Stage("Lost", 4, 0.0, outcome="lost"),
        sm.Stage("Dropped", 5, 0.0, outcome="no_decision"),
    ]
)


def test_a_process_orders_stages_and_says_what_they_mean() -> None:
    """Stages stand in the order of the process, and their outcomes where the source has none."""
    book = sm.read_deals(
        {"stage": ["Won", "Qualify", "Lost", "Dropped"], "closed": ["2026-01-01", None, "2026-01-01", "2026-01-01"]},
        process=PROCESS,
    )
    assert book.column("stage").levels == PROCESS.names
    assert book["outcome"].tolist() == ["won", "open", "lost", "no_decision"]
    assert book.process is PROCESS


def test_a_process_gives_default_probabilities() -> None:
    """An open deal without a probability of its own has its stage's; the column itself is left as it was."""
    columns = {"amount": [100, 100, 100], "stage": ["Qualify", "Propose", "Propose"], "probability": [0.9, None, None]}
    book = sm.read_deals(columns | {"outcome": ["open"] * 3}, process=PROCESS, as_of="2026-01-31")
    assert sm.weighted_pipeline(book)["all"].value == 100 * (0.9 + 0.5 + 0.5)
    assert sm.weighted_pipeline(book, p="stage")["all"].value == 100 * (0.2 + 0.5 + 0.5)
    assert np.isnan(book["probability"]).tolist() == [False, True, True]


def test_unknown_stages_are_refused_with_the_nearest() -> None:
    """A stage in another case is another stage: the error has row, key, value and the nearest."""
    source = {"id": ["a", "b", "c"], "stage": ["Qualify", "qualify", "Propose"]}
    with pytest.raises(sm.InvalidDataError) as caught:
        sm.read_deals(source, {"stage": "stage"}, process=PROCESS)
    error = caught.value
    assert (error.code, error.field, error.column, error.row) == ("SM-STG-01", "stage", "stage", 1)
    assert (error.keys, error.values) == (["b"], ["qualify"])
    assert str(error.hint).startswith("did you mean 'Qualify'?")
    book = sm.read_deals(source, process=PROCESS, on_error="drop")
    assert book["id"].tolist() == ["a", "c"]
    assert [record["key"] for record in book.rejects if record["code"] == "SM-STG-01"] == ["b"]


# --- as_of -------------------------------------------------------------------------------------------------


def test_nothing_closes_after_the_data_were_taken() -> None:
    """A close after ``as_of`` is refused, the day itself is not, and without a day nothing is checked."""
    columns = {"outcome": ["won", "won"], "closed": ["2026-02-01", "2026-02-02"]}
    with pytest.raises(sm.InvalidDataError, match="not lie after the book's `as_of`, 2026-02-01; got 1 of 2") as caught:
        sm.read_deals(columns, as_of="2026-02-01")
    assert (caught.value.code, caught.value.row) == ("SM-CLO-04", 1)
    assert sm.read_deals(columns, as_of="2026-02-02").as_of == dt.date(2026, 2, 2)
    assert sm.read_deals(columns).as_of is None


def test_stale_deals_are_warned_of() -> None:
    """Open deals that were expected before ``as_of`` are kept, counted in one warning, and noted."""
    columns = {"outcome": ["open"] * 3, "expected_close": ["2026-01-31", "2026-02-01", None]}
    with pytest.warns(sm.SalesMetricsWarning, match="1 open deal is expected to close before '2026-02-01'") as caught:
        book = sm.read_deals(columns, as_of="2026-02-01")
    assert len(caught) == 1
    assert caught[0].filename == __file__
    assert len(book) == 3
    assert "expected to close before" in book.notes[0]


@pytest.mark.parametrize(
    "day", [dt.date(2026, 2, 2), "2026-02-02", np.datetime64("2026-02-02"), dt.datetime(2026, 2, 2)]
)
def test_a_day_in_any_form(day: object) -> None:
    """Dates, ISO texts, numpy days and midnights are days."""
    assert sm.read_deals({}, as_of=day).as_of == dt.date(2026, 2, 2)


@pytest.mark.parametrize("day", ["02/02/2026", 20260202, dt.datetime(2026, 2, 2, 5), "NaT", np.datetime64("NaT"), True])
def test_what_is_no_day_is_refused(day: object) -> None:
    """Other texts, numbers and instants are not days."""
    with pytest.raises((sm.InvalidArgumentError, sm.InvalidTypeError), match="`as_of` must be a day"):
        sm.read_deals({}, as_of=day)


def test_closed_before_created() -> None:
    """Refused by name; the same day is allowed; repaired by blanking the creation day, which is counted."""
    columns = {
        "id": ["a", "b"],
        "created": ["2026-02-01", "2026-02-01"],
        "closed": ["2026-02-01", "2026-01-31"],
        "outcome": ["won", "lost"],
    }
    with pytest.raises(
        sm.InvalidDataError, match="`closed` must not lie before `created`; got 1 of 2 rows that does"
    ) as c:
        sm.read_deals(columns)
    assert (c.value.code, c.value.keys, c.value.values) == ("SM-CLO-03", ["b"], [np.datetime64("2026-01-31")])
    assert "repair='blank_created'" in str(c.value.hint)
    with pytest.warns(sm.SalesMetricsWarning, match="blanked in 1 deal"):
        book = sm.read_deals(columns, repair="blank_created")
    assert np.isnat(book["created"]).tolist() == [False, True]


# --- quotas, reps, forecasts ---------------------------------------------------------------------------------

QUOTAS: dict[str, list[Any]] = {
    "rep": ["Ana", "Ana", "Ben"],
    "start": ["2026-01-01", "2026-04-01", "2026-01-01"],
    "end": ["2026-04-01", "2026-07-01", "2026-04-01"],
    "amount": [1000, 2000.5, 500],
}


def test_quotas_from_objects_and_columns() -> None:
    """Quota objects and columns are one book."""
    made = [sm.Quota(*row) for row in zip(*QUOTAS.values(), strict=True)]
    want = sm.read_quotas(QUOTAS)
    assert sm.read_quotas(made).equals(want.concat()) or set(sm.read_quotas(made).names) == {*want.names, "team"}
    for name in want.names:
        assert sm.read_quotas(made)[name].tolist() == want[name].tolist()


def test_ends_are_told_by_periods_or_by_the_next_start() -> None:
    """Where a source has starts only, a calendar or the same rep's next start gives the ends."""
    starts = {name: values for name, values in QUOTAS.items() if name != "end"}
    quarters = sm.FiscalCalendar().quarters("2026-01-01", "2026-07-01")
    want = sm.read_quotas(QUOTAS)
    assert sm.read_quotas(starts, ends=quarters).equals(want)
    told = sm.read_quotas(starts, ends="next_start", until="2026-07-01")
    assert told["end"].astype(str).tolist() == ["2026-04-01", "2026-07-01", "2026-07-01"]
    changed = sm.read_quotas(
        {
            "rep": ["Ana"] * 3,
            "start": ["2026-01-01", "2026-01-01", "2026-04-01"],
            "effective_from": ["2026-01-01", "2026-02-01", "2026-04-01"],
            "amount": [1, 2, 3],
        },
        ends="next_start",
        until="2026-07-01",
    )
    assert changed["end"].astype(str).tolist() == ["2026-04-01", "2026-04-01", "2026-07-01"]


@pytest.mark.parametrize(
    ("options", "kind", "code", "field"),
    [
        ({}, sm.MissingColumnError, "SM-SRC-05", "end"),
        ({"ends": "next"}, sm.InvalidArgumentError, "SM-ARG-41", "ends"),
        ({"ends": "next_start"}, sm.InvalidArgumentError, "SM-ARG-42", "until"),
        ({"ends": "next_start", "until": "soon"}, sm.InvalidArgumentError, "SM-DAY-02", "until"),
        (
            {"ends": sm.Periods.from_boundaries(["2026-01-01", "2026-04-01"])},
            sm.InvalidArgumentError,
            "SM-QTA-11",
            "ends",
        ),
    ],
)
def test_ends_that_cannot_be_told(options: dict[str, Any], kind: type, code: str, field: str) -> None:
    """No end column and no way to find it, or starts outside the periods given."""
    with pytest.raises(kind) as caught:
        sm.read_quotas({name: values for name, values in QUOTAS.items() if name != "end"}, **options)
    assert (caught.value.code, caught.value.field) == (code, field)  # type: ignore[attr-defined]
    assert caught.value.hint or code == "SM-ARG-41"  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("changed", "code", "row", "says"),
    [
        (
            {"start": ["2026-01-01", "2026-03-01", "2026-01-01"]},
            "SM-QTA-03",
            0,
            "'Ana' has two quotas for the days 2026-03-01",
        ),
        ({"start": ["2026-01-01"] * 3, "end": ["2026-04-01"] * 3}, "SM-QTA-04", 0, "'Ana' has two quotas"),
        ({"end": ["2026-04-01", "2026-04-01", "2026-04-01"]}, "SM-QTA-01", 1, "an end is the first day after"),
        ({"amount": [1, -1, 1]}, "SM-AMT-05", 1, "a quota is 0 or more"),
        ({"amount": [1, 1.005, 1]}, "SM-AMT-04", 1, "state a larger `scale`"),
        ({"amount": [1, 1, float("inf")]}, "SM-AMT-02", 2, ""),
        ({"rep": ["Ana", None, "Ben"]}, "SM-QTA-02", 1, ""),
        ({"start": ["2026-01-01", None, "2026-01-01"]}, "SM-DAY-16", 1, ""),
    ],
)
def test_quotas_that_cannot_be(changed: dict[str, Any], code: str, row: int, says: str) -> None:
    """Overlaps, repeats, periods that end before they start, negative and nobody's numbers."""
    with pytest.raises(sm.InvalidDataError) as caught:
        sm.read_quotas(QUOTAS | changed)
    assert (caught.value.code, caught.value.row) == (code, row)
    assert says in str(caught.value)


def test_a_changed_quota_is_not_an_overlap() -> None:
    """The same bounds with another effective day are a quota changed inside its period."""
    twice = {"rep": ["Ana"] * 2, "start": ["2026-01-01"] * 2, "end": ["2026-04-01"] * 2, "amount": [1, 2]}
    book = sm.read_quotas(twice | {"effective_from": ["2026-01-01", "2026-02-01"]})
    assert len(book) == 2


def test_a_team_number_is_nobodys_quota() -> None:
    """A row with a team and no rep is read; it does not count in attainment."""
    book = sm.read_quotas(
        {
            "rep": ["Ana", None],
            "team": [None, "East"],
            "start": ["2026-01-01"] * 2,
            "end": ["2026-04-01"] * 2,
            "amount": [10, 99],
        }
    )
    assert sm.effective_quota(book, period=book.periods())["2026-01-01..2026-04-01"].value == 10.0


@pytest.mark.parametrize(
    ("columns", "code", "says"),
    [
        (
            {"id": ["A", "B", "C"], "manager": ["B", "C", "A"]},
            "SM-REP-04",
            "`manager` must form no cycle; got 'A -> B -> C -> A'",
        ),
        ({"id": ["A"], "manager": ["A"]}, "SM-REP-04", "got 'A -> A'"),
        ({"id": ["A"], "hired": ["2026-01-02"], "left": ["2026-01-01"]}, "SM-REP-03", "column 'left', row 0, rep 'A'"),
        ({"id": ["A", "A"]}, "SM-KEY-04", "row 0, rep 'A'"),
        ({"id": ["A", None]}, "SM-KEY-02", "row 1"),
    ],
)
def test_reps_that_cannot_be(columns: dict[str, Any], code: str, says: str) -> None:
    """Managers in a cycle, leaving before the start, an id that stands twice or is blank."""
    with pytest.raises(sm.InvalidDataError) as caught:
        sm.read_reps(columns)
    assert caught.value.code == code
    assert says in str(caught.value)


def test_a_managers_manager_need_not_be_in_the_book() -> None:
    """A manager who is not a row of the book is a label like any other."""
    assert sm.read_reps({"id": ["A", "B"], "manager": ["B", "Zoe"]})["manager"].tolist() == ["B", "Zoe"]


def test_rep_objects_bring_absences_and_ramps() -> None:
    """What has no place in a column stands beside the columns, row by row."""
    book = sm.read_reps([sm.Rep("A", absences=(("2026-01-01", "2026-02-01"),)), sm.Rep("B", ramp=(0.5, 1))])
    assert [len(some) for some in book.absences] == [1, 0]
    assert book.ramps == ((), (0.5, 1.0))


def test_the_role_starts_on_hiring_where_nothing_else_is_said() -> None:
    """Without a role start the day of hiring is taken."""
    book = sm.read_reps({"id": ["A"], "hired": ["2026-01-01"]})
    assert book["role_start"].tolist() == book["hired"].tolist()


def test_forecasts_from_objects_and_columns() -> None:
    """Calls are commits unless they say otherwise; a period ends after it starts."""
    period = sm.Period("2026-01-01", "2026-04-01")
    made = sm.read_forecasts([sm.ForecastCall("Ana", period, "2026-02-01", 100)])
    columns = {"rep": ["Ana"], "start": [period.start], "end": [period.end], "given": ["2026-02-01"], "amount": [100]}
    assert sm.read_forecasts(columns).equals(made)
    assert made["category"].tolist() == ["commit"]
    with pytest.raises(
        sm.InvalidDataError, match="`end` must lie after `start`; got 1 of 1 rows that does not"
    ) as caught:
        sm.read_forecasts(columns | {"end": [period.start]})
    assert caught.value.code == "SM-FOR-01"


@pytest.mark.parametrize("read", [sm.read_quotas, sm.read_reps, sm.read_forecasts])
def test_needed_columns_are_all_named(read: Callable[..., Any]) -> None:
    """A source that lacks what the kind of book cannot do without is refused with all that is missing, and what is there."""
    with pytest.raises(sm.MissingColumnError) as caught:
        read({"strat": ["2026-01-01"], "whatever": ["x"]})
    error = caught.value
    assert error.code == "SM-SRC-05"
    assert all(f"'{name}'" in str(error) for name in [*error.values, "strat", "whatever"])
    assert "Name it by columns=" in str(error.hint)
