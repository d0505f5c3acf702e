"""Scans at their edges: parts of nothing, files that change, questions that keep what they saw, periods of none."""

from __future__ import annotations

import datetime as dt
import gc
import weakref
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from functools import lru_cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pytest

import salesmetrics as sm
from salesmetrics.scans import one_pass

COMPANY = sm.datasets.sample_company(deals=1_500, rng=3)
DEALS, HISTORY = COMPANY.deals, COMPANY.history
NEVER = sm.Periods([])


def parts(count: int = 5) -> list[sm.DealBook]:
    """Return the deals in parts, rows of each from everywhere."""
    owner = np.random.default_rng(1).integers(0, count, DEALS.rows)
    return [DEALS.filter(owner == at) for at in range(count)]


def rows(first: int = 0, **columns: Any) -> dict[str, list[Any]]:
    """Return three deals as columns; None leaves a column out."""
    made: dict[str, Any] = {
        "id": [first, first + 1, first + 2],
        "rep": ["Ana", "Ben", "Cy"],
        "amount": [10.0, 20.0, 30.0],
        "created": [dt.date(2026, 1, 1)] * 3,
        "outcome": ["won", "lost", "open"],
        "closed": [dt.date(2026, 2, 1), dt.date(2026, 3, 1), None],
        "segment": ["SMB", None, "Mid"],
        **columns,
    }
    return {name: values for name, values in made.items() if values is not None}


def read(**columns: Any) -> sm.DealBook:
    """Return a book of three deals."""
    return sm.read_deals(rows(**columns))


def written(folder: Path, *tables: dict[str, list[Any]], **kinds: Any) -> str:
    """Write a Parquet file for each table and return what names them all."""
    pa, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    for at, table in enumerate(tables):
        columns = {
            n: pa.array(v, kinds.get(n) if any(x is not None for x in v) or n in kinds else None)
            for n, v in table.items()
        }
        parquet.write_table(pa.table(columns), folder / f"{at}.parquet")
    return str(folder / "*.parquet")


def wins(deals: Any) -> Any:
    """Return the win rate by rep."""
    return sm.win_rate(deals, by="rep")


# --- periods of none -------------------------------------------------------------------------------------------------

OF_NO_PERIOD: dict[str, Callable[[Any], Any]] = {
    "win_rate": lambda d: sm.win_rate(d, by="rep", period=NEVER),
    "deal_size": lambda d: sm.deal_size(d, period=NEVER, stat="median"),
    "cycle_length": lambda d: sm.cycle_length(d, by="rep", period=NEVER),
    "attainment": lambda d: sm.attainment(d, COMPANY.quotas, by="rep", period=NEVER),
    "open_pipeline": lambda d: sm.open_pipeline(d, by="rep", due=NEVER),
    "win_intensity": lambda d: sm.win_intensity(d, by="rep", period=NEVER),
    "create_and_close_share": lambda d: sm.create_and_close_share(d, period=NEVER),
    "slip_rate": lambda d: sm.slip_rate(d, HISTORY, period=NEVER),
    "push_count": lambda d: sm.push_count(d, HISTORY, window=NEVER, by=("rep", "segment")),
    "pipeline_walk": lambda d: sm.pipeline_walk(d, HISTORY, period=NEVER),
}


@pytest.mark.parametrize("name", OF_NO_PERIOD)
def test_no_period_is_a_table_of_no_rows(name: str) -> None:
    """Periods of none, as the quotas of nobody have them, give no row, of a book, a clustered book and a scan."""
    found = OF_NO_PERIOD[name](DEALS)
    assert len(found) == 0
    assert OF_NO_PERIOD[name](DEALS.clustered()).equals(found)
    assert OF_NO_PERIOD[name](sm.scan(parts())).equals(found)


# --- parts of nothing ------------------------------------------------------------------------------------------------


def test_a_first_part_without_rows_says_nothing_of_the_others(tmp_path: Path) -> None:
    """The currency and its scale are those of the first part with rows, wherever that stands."""
    full, none = rows(currency=["JPY"] * 3), {name: values[:0] for name, values in rows(currency=["JPY"] * 3).items()}
    expected = sm.deal_size(sm.read_deals(full), by="rep")
    assert expected.unit == "money"
    for books in ([none, full], [full, none], [none, none, full]):
        assert sm.deal_size(sm.scan([sm.read_deals(book) for book in books]), by="rep").equals(expected)
    for at, book in enumerate([none, full, none]):
        sm.read_deals(book).to_csv(tmp_path / f"{at}.csv")
    assert sm.deal_size(sm.scan_csv(str(tmp_path / "*.csv")), by="rep").equals(expected)
    pa = pytest.importorskip("pyarrow")
    kinds = {"currency": pa.string(), "rep": pa.string(), "outcome": pa.string(), "segment": pa.string()}
    kinds |= {"id": pa.int64(), "amount": pa.float64(), "created": pa.date32(), "closed": pa.date32()}
    path = written(tmp_path, none, full, none, **kinds)
    assert sm.deal_size(sm.scan_parquet(path), by="rep").equals(expected)


def test_a_part_without_amounts_goes_with_any_currency() -> None:
    """Where no deal of a part has an amount it names no currency, and is counted in that of the others."""
    priced = sm.read_deals(rows(currency=["JPY"] * 3))
    bare = sm.read_deals(rows(first=3, amount=[None] * 3, currency=[None] * 3))
    found = sm.deal_size(sm.scan([priced, bare]), by="rep")
    assert found.value.tolist() == [10.0]
    assert dict(found.left_out) == {"no amount": 1}
    with pytest.raises(sm.InvalidDataError, match="`currency` must be the same in every part") as error:
        sm.deal_size(sm.scan([bare, priced]), by="rep")
    assert error.value.hint is not None
    assert "currency='JPY'" in error.value.hint


def test_a_column_of_nothing_goes_with_any(tmp_path: Path) -> None:
    """A file whose column has no value, and so no type, is read beside files that have some; two types are not."""
    path = written(tmp_path, rows(segment=[None] * 3), rows(first=3))
    found = sm.win_rate(sm.scan_parquet(path), by="segment")
    assert found.equals(sm.win_rate(read(segment=[None] * 3).concat(read(first=3)), by="segment"))
    with pytest.raises(sm.InvalidDataError, match=r"'segment' as int64 in .* and as string in") as error:
        sm.scan_parquet(written(tmp_path, rows(segment=[None] * 3), rows(first=3), rows(first=6, segment=[1, 2, 3])))
    assert error.value.code == "SM-SCN-18"


def test_labels_of_texts_and_numbers_are_refused_in_our_words() -> None:
    """A first part without any label does not let texts and numbers pass beside each other."""
    books = [read(segment=[None] * 3), read(first=3), read(first=6, segment=[1, 2, 3])]
    for question in (lambda: sm.win_rate(sm.scan(books), by="segment"), lambda: books[0].concat(*books[1:])):
        with pytest.raises(sm.InvalidDataError, match="labels must be all texts or all whole numbers") as error:
            question()
        assert error.value.code == "SM-LAB-06"


# --- files -----------------------------------------------------------------------------------------------------------


def test_a_stage_does_not_stand_for_an_outcome_that_is_not_asked_for(tmp_path: Path) -> None:
    """Where a question reads the stage and not the outcome, a blank stage is no blank outcome."""
    ends = [sm.Stage("Won", 3, outcome="won"), sm.Stage("Lost", 4, outcome="lost")]
    process = sm.SalesProcess([sm.Stage("Bid", 1), *ends])
    table = rows(stage=["Won", None, "Bid"])
    scan = sm.scan_parquet(written(tmp_path, table), process=process)
    book = sm.read_deals(table, process=process)
    assert sm.pipeline_created(scan, by="stage").equals(sm.pipeline_created(book, by="stage"))


def test_a_file_that_was_written_anew_is_refused(tmp_path: Path) -> None:
    """Rows that were not there when the scan was made are neither left out nor guessed."""
    for other in ({name: values[:1] for name, values in rows().items()}, {n: v * 30 for n, v in rows().items()}):
        scan = sm.scan_parquet(written(tmp_path, rows()))
        assert wins(scan).n.sum() == 2
        written(tmp_path, other)
        with pytest.raises(sm.InvalidDataError, match="`source` must stay as it is while it is scanned") as error:
            wins(scan)
        assert error.value.code == "SM-SCN-20"
        assert "0.parquet" in error.value.message


def test_names_with_dots_are_names(tmp_path: Path) -> None:
    """A column is found by its whole name, though Parquet takes what stands before a dot for that of a group."""
    table = {"rep.first": ["x", "y", "z"], **rows(), "rep.last": ["p", "q", "r"]}
    by = ("rep", "rep.first", "rep.last")
    assert sm.win_rate(sm.scan_parquet(written(tmp_path, table)), by=by).equals(
        sm.win_rate(sm.read_deals(table), by=by)
    )


@pytest.mark.parametrize("text", ["", "id,outcome,closed\n1,won\n"], ids=["nothing", "a short row"])
def test_a_csv_file_that_cannot_be_read_is_named(tmp_path: Path, text: str) -> None:
    """What is wrong with a later file is said of that file."""
    (tmp_path / "a.csv").write_text("id,outcome,closed\n1,won,2026-01-02\n")
    (tmp_path / "b.csv").write_text(text)
    with pytest.raises(sm.InvalidDataError, match=r"b\.csv"):
        sm.scan_csv(str(tmp_path / "*.csv"))


# --- questions that keep what they saw -------------------------------------------------------------------------------


def test_a_scan_that_was_kept_answers_of_all_deals_afterwards() -> None:
    """What is asked of the scan of a question once measure is done is no guess from the first rows."""
    kept: list[Any] = []
    scan = sm.scan(parts())
    found = sm.measure(
        scan,
        {"wins": lambda d: (kept.append(d), wins(d))[1], "later": lambda d: (ask(d) for ask in (sm.deal_size, wins))},
    )
    size, rate = found["later"]
    assert size.equals(sm.deal_size(DEALS))
    assert rate.equals(wins(DEALS))
    for one in kept:
        assert sm.win_rate(one, by="segment").equals(sm.win_rate(DEALS, by="segment"))
        assert wins(one).equals(wins(DEALS))


def test_what_a_question_keeps_is_no_answer() -> None:
    """A cache by the deals is asked again; one that is not is refused, for it holds what was guessed."""
    scan = sm.scan(parts())
    assert sm.measure(scan, {"cached": lru_cache(wins)})["cached"].equals(wins(DEALS))
    held: dict[str, Any] = {}

    def remembered(deals: Any) -> Any:
        if "wins" not in held:
            held["wins"] = wins(deals)
        return held["wins"]

    with pytest.raises(sm.InvalidArgumentError, match="`questions` must ask again each time they are called") as error:
        sm.measure(scan, {"kept": remembered, "beside": lambda d: held["wins"]})
    assert error.value.code == "SM-SCN-19"

    def set_anew(deals: Any) -> Any:
        held["wins"] = wins(deals)
        return held["wins"]

    assert sm.measure(scan, {"first": set_anew, "beside": lambda d: held["wins"]})["beside"].equals(wins(DEALS))


def test_questions_inside_questions() -> None:
    """A question may measure itself, and ask another scan or a book."""
    other = sm.scan([DEALS.take(range(100)), DEALS.take(range(100, 300))])
    found = sm.measure(
        sm.scan(parts()),
        {
            "inner": lambda d: sm.measure(d, {"x": wins})["x"],
            "other": lambda d: wins(other),
            "pair": lambda d: [wins(d), wins(DEALS)],
        },
    )
    assert found["inner"].equals(wins(DEALS))
    assert found["other"].equals(wins(DEALS.take(range(300))))
    assert found["pair"][0].equals(found["pair"][1])


# --- executors -------------------------------------------------------------------------------------------------------


def test_an_answer_with_less_than_was_asked_is_refused() -> None:
    """An executor that gives back a part without its tallies does not make a smaller number."""

    class Less(ThreadPoolExecutor):
        def submit(self, work: Any, /, *given: Any, **named: Any) -> Any:
            (task,) = given
            done: Future[Any] = Future()
            answer = one_pass.work(task)
            done.set_result(attrs.evolve(answer, answers=()) if task.at == 2 else answer)
            return done

    with Less(1) as pool, pytest.raises(sm.WorkerLostError, match="`executor` must count every part; got TypeError"):
        wins(sm.scan(parts(), executor=pool))


def test_what_cannot_be_sent_is_told_from_a_worker_that_died() -> None:
    """A part that cannot go to another process is refused with the way out."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool, pytest.raises(sm.WorkerLostError) as error:
        wins(sm.scan([lambda: DEALS], executor=pool))
    assert error.value.hint is not None
    assert "functools.partial" in error.value.hint


def test_progress_must_be_callable() -> None:
    """What is told the progress is looked at before anything is read."""
    with pytest.raises(sm.InvalidTypeError, match="`progress` must be a callable") as error:
        sm.scan(parts(), progress=5)  # type: ignore[arg-type]
    assert error.value.code == "SM-SCN-21"


def test_labels_that_are_there_are_told_of_all_parts() -> None:
    """A label that is in no part is answered by those of the parts, not only of the first rows."""
    regions = sorted(set(DEALS["region"].tolist()))
    scan = sm.scan([DEALS.filter({"region": [region]}).take(range(5)) for region in regions])
    with pytest.raises(sm.InvalidArgumentError, match="got 'Nowhere', which is in no part") as error:
        sm.win_rate(scan, where={"region": ["Nowhere"]})
    assert error.value.hint is not None
    assert all(region in error.value.hint for region in regions)


# --- memory ----------------------------------------------------------------------------------------------------------


def test_no_part_outlives_its_turn() -> None:
    """A part is given up when it is counted, also beside a history, and not only by the search for cycles."""
    seen: list[weakref.ref[Any]] = []
    alive: list[int] = []

    def part(at: int) -> Callable[[], sm.DealBook]:
        def made() -> sm.DealBook:
            alive.append(sum(one() is not None for one in seen))
            book = DEALS.take(range(at * 100, (at + 1) * 100))
            seen.append(weakref.ref(book.columns["amount"]))
            return book

        return made

    gc.collect()
    gc.disable()
    try:
        with sm.threads(1):
            sm.measure(
                sm.scan([part(at) for at in range(15)]),
                {"wins": wins, "stages": lambda d: sm.stage_conversion(d, HISTORY), "size": lambda d: sm.deal_size(d)},
            )
        assert max(alive) <= 2
        assert sum(one() is not None for one in seen) <= 1
    finally:
        gc.enable()
