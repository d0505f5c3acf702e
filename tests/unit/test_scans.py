"""Scans: parts of deals that are never all in memory, their files, their checks and who counts them."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Callable, Iterator
from typing import Any

import attrs
import numpy as np
import pytest

import salesmetrics as sm

COMPANY = sm.datasets.sample_company(deals=3_000, rng=7)
DEALS = COMPANY.deals
QUARTER = COMPANY.calendar.quarter(2026, 3)
AS_OF = DEALS.as_of
PROCESS = DEALS.process


def cut(deals: sm.DealBook, parts: int) -> list[sm.DealBook]:
    """Return a book in parts of neighbouring rows, one of them empty."""
    edges = [0, *sorted([deals.rows // 3, *(deals.rows * i // (parts - 1) for i in range(1, parts - 1))]), deals.rows]
    return [deals.take(np.arange(a, b)) for a, b in itertools.pairwise(edges)]


def frame_of(deals: sm.DealBook) -> dict[str, Any]:
    """Return the columns of a book as lists for a file."""
    return {name: values.tolist() for name, values in deals.to_dict().items()}


def questions() -> dict[str, Callable[[Any], Any]]:
    """Return a report of several kinds of tallies."""
    return {
        "attainment": lambda d: sm.attainment(d, COMPANY.quotas, period=QUARTER, by="rep"),
        "wins": lambda d: sm.win_rate(d, period=QUARTER, by="segment"),
        "size": lambda d: sm.deal_size(d, stat="median", by="segment"),
        "coverage": lambda d: sm.pipeline_coverage(
            d, COMPANY.quotas, period=COMPANY.calendar.quarter(2026, 4), by="rep", basis="remaining"
        ),
        "velocity": lambda d: sm.velocity(d, period=QUARTER, by="segment"),
        "cycle": lambda d: sm.cycle_length(d, stat=0.9, by="rep"),
        "curve": lambda d: sm.win_rate_curve(d, by="segment").median,
    }


def same_answers(found: Any) -> None:
    """Assert that a report is that of the whole book."""
    for name, question in questions().items():
        assert found[name].equals(question(DEALS)), name


# --- what a scan is --------------------------------------------------------------------------------------------------


def test_a_scan_says_what_it_is_and_is_read_part_by_part() -> None:
    """A scan has the currency, day and columns of its parts, and no rows of its own."""
    scan = sm.scan(cut(DEALS, 4))
    assert (scan.currency, scan.scale, scan.as_of, scan.process) == (DEALS.currency, DEALS.scale, AS_OF, PROCESS)
    assert scan.names == DEALS.names
    assert scan.label_names == DEALS.label_names
    assert "DealScan of 4 parts" in repr(scan)
    for refused in (lambda: scan["amount"], lambda: iter(scan)):
        with pytest.raises(sm.InvalidTypeError, match="must be read part by part") as error:
            refused()
        assert error.value.code == "SM-SCN-10"
    read = list(scan.books(["amount"]))
    assert [book.names for book in read] == [("amount",)] * 4
    assert sum(book.rows for book in read) == DEALS.rows


@pytest.mark.parametrize("given", [DEALS, [DEALS, 7], 7], ids=["one book", "a number among books", "a number"])
def test_what_is_no_book_is_refused(given: Any) -> None:
    """A scan is made of several books or callables, and of nothing else."""
    with pytest.raises(sm.InvalidTypeError, match="`books` must be several DealBooks") as error:
        sm.scan(given)
    assert error.value.code == "SM-SCN-01"


def test_a_callable_must_give_a_book() -> None:
    """What a callable gives is looked at when it is called."""
    parts: list[Any] = [DEALS, dict]
    with pytest.raises(sm.InvalidTypeError, match="or callables that return one; got 'dict'"):
        sm.win_rate(sm.scan(parts))


def test_a_scan_of_nothing_is_a_book_of_nothing() -> None:
    """No parts at all, or parts without rows, answer as an empty book does."""
    empty = DEALS.take(np.zeros(0, dtype=np.int64))
    assert sm.win_rate(sm.scan([empty, empty]), by="segment").equals(sm.win_rate(empty, by="segment"))
    assert sm.win_rate(sm.scan([])).n.tolist() == [0]


def test_only_the_columns_that_a_question_needs_are_read() -> None:
    """A part is asked for the columns that were touched on the first rows, and for no other."""
    seen: list[frozenset[str] | None] = []

    @attrs.frozen(eq=False)
    class Watched:
        book: sm.DealBook
        name: str = "a part"

        def books(self, columns: frozenset[str] | None) -> Iterator[sm.DealBook]:
            seen.append(columns)
            yield self.book

        def where(self, row: int) -> str:
            return f"row {row}"

    scan = sm.DealScan((Watched(DEALS),), DEALS.take(np.arange(50)))
    sm.win_rate(
        scan, by="segment", where={"region": ["EMEA"] if "EMEA" in set(DEALS["region"]) else [DEALS["region"][0]]}
    )
    assert seen == [frozenset({"segment", "region", "outcome", "closed"})]


def test_a_column_that_only_later_rows_need_is_read_then() -> None:
    """Where the first rows did not ask for a column and later ones do, it is read in another pass, not taken as absent."""

    class Sometimes:
        def __init__(self, total: int) -> None:
            self.total = total

        @classmethod
        def from_book(cls, deals: sm.DealBook) -> Any:
            won = deals.columns["outcome"].codes == 1  # type: ignore[attr-defined]
            return cls(int(won.sum()) if won.sum() < 20 else int(won.sum()) + int("amount" in deals.columns) * 1000)

        def __add__(self, other: Any) -> Any:
            return Sometimes(self.total + other.total)

    few = DEALS.take(np.arange(5))
    scan = attrs.evolve(sm.scan([few, DEALS]), first=few)
    wins = int((DEALS["outcome"] == "won").sum()) + int((few["outcome"] == "won").sum())
    assert scan.tallied(Sometimes, (), {}).total == wins + 1000


def test_a_typo_is_found_before_anything_is_read() -> None:
    """A misspelt column or argument raises on the first rows: no part is counted."""
    counted: list[int] = []
    scan = sm.scan(cut(DEALS, 4), progress=lambda done, total: counted.append(done))
    with pytest.raises(sm.InvalidArgumentError, match="segmnt"):
        sm.win_rate(scan, by="segmnt")
    with pytest.raises(sm.MissingColumnError, match="segmnt"):
        sm.win_rate(scan, where={"segmnt": ["SMB"]})
    with pytest.raises(sm.InvalidArgumentError, match="`basis`"):
        sm.win_rate(scan, basis="close")  # type: ignore[arg-type]
    assert counted == []
    sm.win_rate(scan)
    assert counted == [1, 2, 3, 4]


# --- where -----------------------------------------------------------------------------------------------------------


def test_where_needs_labels_that_some_part_has() -> None:
    """A label may be missing in a part, and must not be missing in all."""
    regions = sorted(set(DEALS["region"].tolist()))
    ended = DEALS.filter(DEALS["outcome"] != "open")
    parts = [sm.read_deals(frame_of(ended.filter({"region": [r]})), as_of=AS_OF, currency="USD") for r in regions]
    scan, whole = sm.scan(parts), parts[0].concat(*parts[1:])
    for wanted in ([regions[0]], regions[:2], [None, regions[-1]], regions[-1]):
        expected = sm.win_rate(whole, by="rep", where={"region": wanted})
        assert sm.win_rate(scan, by="rep", where={"region": wanted}).equals(expected)
    with pytest.raises(sm.InvalidArgumentError, match="got 'Nowhere', which is in no part") as error:
        sm.win_rate(scan, where={"region": [regions[0], "Nowhere"]})
    assert error.value.code == "SM-ARG-09"


def test_a_boolean_for_each_row_is_refused_with_the_reason() -> None:
    """No part knows the rows of the others."""
    scan = sm.scan(cut(DEALS, 3))
    with pytest.raises(sm.InvalidArgumentError, match="must be a mapping of column to labels with a scan") as error:
        sm.win_rate(scan, where=DEALS["amount"] > 1000)
    assert error.value.code == "SM-SCN-02"
    with pytest.raises(sm.InvalidArgumentError, match="`entry` must be a day with a scan"):
        sm.win_rate_curve(scan, entry=np.zeros(DEALS.rows, dtype=np.int64))


# --- what stands beside the deals ------------------------------------------------------------------------------------


def test_each_part_gets_the_history_of_its_own_deals() -> None:
    """Questions of changes are answered part by part, and deals that are in no part are refused."""
    scan = sm.scan(cut(DEALS, 4))
    for question in (
        lambda d: sm.stage_conversion(d, COMPANY.history, by="segment"),
        lambda d: sm.slip_rate(d, COMPANY.history, period=COMPANY.calendar.quarter(2026, 2), by="rep"),
        lambda d: sm.pipeline_walk(d, COMPANY.history, period=QUARTER, by="rep"),
        lambda d: sm.hygiene_share(d, history=COMPANY.history, by="rep"),
        lambda d: sm.pipeline_trend(d, COMPANY.history, at=["2026-03-31", "2026-06-30"], by="segment"),
        lambda d: sm.pipeline_trend(d, at=["2026-03-31", "2026-06-30"], where={"segment": ["SMB"]}),
    ):
        expected = question(DEALS)
        assert question(scan).equals(expected)
        assert dict(question(scan).left_out) == dict(expected.left_out)
        assert question(scan).notes == expected.notes
    with pytest.raises(sm.InvalidDataError, match="must be a deal of some part in every row of the history") as error:
        sm.stage_conversion(sm.scan(cut(DEALS, 4)[:2]), COMPANY.history)
    assert error.value.code == "SM-STG-06"


def test_a_history_must_say_what_its_stages_mean() -> None:
    """Without a process each part would say something else of a stage."""
    history = attrs.evolve(COMPANY.history, process=None)
    parts = [attrs.evolve(part, process=None) for part in cut(DEALS, 3)]
    with pytest.raises(sm.InvalidArgumentError, match="must say what its stages mean beside a scan") as error:
        sm.stage_conversion(sm.scan(parts), history)
    assert error.value.code == "SM-SCN-04"


def test_reps_and_quotas_are_counted_once() -> None:
    """The side of the reps is the same in every part, and the data begin on the first day of all parts."""
    scan, reps, quotas = sm.scan(cut(DEALS, 4)), COMPANY.reps, COMPANY.quotas
    for question in (
        lambda d: sm.time_to_first_deal(d, reps, by="team"),
        lambda d: sm.ramp_time(d, quotas, reps, by="team", threshold=0.8),
        lambda d: sm.ramp_curve(d, quotas, reps),
        lambda d: sm.attainment(d, quotas, period=QUARTER, by="team", reps=reps),
        lambda d: sm.team_attainment(d, quotas, period=QUARTER, by="team", reps=reps),
    ):
        assert question(scan).equals(question(DEALS))
        assert sm.measure(scan, {"it": question})["it"].equals(question(DEALS))


def test_what_needs_all_deals_at_once_is_refused() -> None:
    """Flags list the deals, and a walk between two books pairs them."""
    scan: Any = sm.scan(cut(DEALS, 3))
    with pytest.raises(sm.InvalidTypeError, match="must be a DealBook for flags") as error:
        sm.flags(scan)
    assert error.value.code == "SM-SCN-11"
    with pytest.raises(sm.InvalidTypeError, match="must be a DealBook for a walk between two books"):
        sm.pipeline_walk(scan, DEALS)


# --- parts that do not belong together -------------------------------------------------------------------------------


def part(**columns: Any) -> sm.DealBook:
    """Return a book of two deals."""
    return sm.read_deals(
        {
            "id": [1, 2],
            "rep": ["Ana", "Ben"],
            "amount": [10, 20],
            "outcome": ["won", "lost"],
            "closed": ["2026-01-05"] * 2,
        }
        | columns,
        currency="USD",
    )


@pytest.mark.parametrize(
    ("other", "code", "said"),
    [
        (
            lambda: attrs.evolve(part(id=[3, 4]), currency="EUR"),
            "SM-SCN-05",
            "`currency` must be the same in every part",
        ),
        (
            lambda: attrs.evolve(part(id=[3, 4]), as_of_day=20_500),
            "SM-SCN-05",
            "`as_of` must be the same in every part",
        ),
        (lambda: part(id=[3, 4], rep=[7, 8]), "SM-SCN-07", "'rep' must hold the same in every part"),
        (
            lambda: attrs.evolve(part(), columns={n: c for n, c in part().columns.items() if n != "rep"}),
            "SM-SCN-06",
            "got a part without 'rep'",
        ),
    ],
    ids=["currency", "day", "numbers beside texts", "a column less"],
)
def test_parts_that_differ_are_refused_by_name(other: Callable[[], sm.DealBook], code: str, said: str) -> None:
    """Another currency, day, kind of labels or set of columns is named with the part that has it."""
    with pytest.raises(sm.SalesMetricsError) as error:
        sm.win_rate(sm.scan([part(), other()]), by="rep")
    assert error.value.code == code
    assert said in error.value.message
    assert error.value.message.endswith("in part 1")


def test_an_id_in_two_parts_is_found_where_asked_for() -> None:
    """With check_ids the first question makes sure that no deal is there twice; without, nothing is said."""
    for ids in ([1, 2], ["a", "b"], ["a", "bé"]):
        books = [
            part(id=ids),
            part(id=[ids[1], 9 if ids[1] == 2 else "c"]),
            part(id=[77, 78] if ids[1] == 2 else ["x", "y"]),
        ]
        assert sm.win_rate(sm.scan(books)).n.tolist() == [6]
        with pytest.raises(sm.InvalidDataError, match="`id` must be different in every deal of a scan") as error:
            sm.win_rate(sm.scan(books, check_ids=True))
        assert error.value.code == "SM-KEY-04"
        assert error.value.values == [ids[1]]
        assert "row 1 of part 0 and in row 0 of part 1" in error.value.message
        checked = sm.scan([books[0], books[2]], check_ids=True)
        assert sm.win_rate(checked).n.tolist() == [4]
        assert sm.win_rate(checked).n.tolist() == [4]


# --- several questions -----------------------------------------------------------------------------------------------


def test_several_questions_take_one_pass() -> None:
    """Measure answers every question as it is answered alone, in one pass, and makes equal tallies once."""
    counted: list[int] = []
    scan = sm.scan(cut(DEALS, 5), progress=lambda done, total: counted.append(done))
    found = sm.measure(scan, questions())
    same_answers(found)
    assert counted == [1, 2, 3, 4, 5]
    assert (found.passes, list(found), len(found)) == (1, list(questions()), 7)
    same_answers(sm.measure(DEALS, questions()))
    assert "wins: MetricTable" in repr(found)
    with pytest.raises(sm.InvalidArgumentError, match="must be asked for by the name of its question") as error:
        found["winns"]
    assert error.value.hint is not None
    assert "'wins'" in error.value.hint


def test_equal_tallies_of_a_book_are_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a book in memory a tally that two questions need is made once, and forgotten afterwards."""
    made: list[str] = []
    own = sm.OutcomeTally.from_book.__func__  # type: ignore[attr-defined]
    inner = own.__wrapped__

    def counted(cls: Any, *given: Any, **named: Any) -> Any:
        made.append("tally")
        return inner(cls, *given, **named)

    assert own.__closure__ is not None
    cell = next(cell for cell in own.__closure__ if cell.cell_contents is inner)
    monkeypatch.setattr(cell, "cell_contents", counted)
    once = sm.measure(DEALS, {"a": lambda d: sm.win_rate(d, by="rep"), "b": lambda d: sm.win_rate(d, by="rep").top(3)})
    assert made == ["tally"]
    assert once["a"].top(3).equals(once["b"])
    sm.win_rate(DEALS, by="rep")
    assert made == ["tally", "tally"]


def test_a_question_that_depends_on_an_answer_gets_another_pass() -> None:
    """What a question asks once it has seen a number is asked in a pass of its own."""

    def of_the_best(deals: Any) -> Any:
        best = sm.deal_size(deals, by="rep", stat="median").top(1)
        return sm.win_rate(deals, by="segment", where={"rep": list(best.labels)})

    found = sm.measure(sm.scan(cut(DEALS, 4)), {"best": of_the_best})
    assert found["best"].equals(of_the_best(DEALS))
    assert found.passes == 2


def test_questions_that_never_end_or_are_none_are_refused() -> None:
    """A question that asks for something new each time comes to no end; what cannot be called is no question."""
    rng = np.random.default_rng(0)
    scan = sm.scan(cut(DEALS, 2))
    with pytest.raises(sm.InvalidArgumentError, match="`questions` must come to an end") as error:
        sm.measure(
            scan,
            {
                "never": lambda d: sm.open_pipeline(
                    d, as_of=dt.date(2026, 1, 1) + dt.timedelta(int(rng.integers(10**4)))
                )
            },
        )
    assert error.value.code == "SM-SCN-14"
    bad: Any
    for bad in ({"a": 5}, [sm.win_rate], {1: sm.win_rate}):
        with pytest.raises(sm.InvalidTypeError, match="`questions` must be") as wrong:
            sm.measure(DEALS, bad)
        assert wrong.value.code == "SM-SCN-13"
    with pytest.raises(sm.InvalidTypeError, match="must be a DealBook or a DealScan"):
        sm.measure({"amount": [1]}, {"a": sm.win_rate})  # type: ignore[arg-type]


def test_an_error_of_a_question_is_raised_as_it_is() -> None:
    """What a question raises by itself comes out of measure, and so does what a part refuses."""
    scan = sm.scan(cut(DEALS, 3))
    with pytest.raises(ZeroDivisionError):
        sm.measure(scan, {"wrong": lambda d: len(sm.win_rate(d)) // 0})
    credits = attrs.evolve(
        part(), columns={**part().columns, "amount": attrs.evolve(part().columns["amount"], minor=np.array([-5, 7]))}
    )
    with pytest.raises(sm.InvalidDataError, match="`amount` must be >= 0") as error:
        sm.measure(sm.scan([part(id=[8, 9]), credits]), {"size": lambda d: sm.deal_size(d)})
    assert "row 0 of part 1" in error.value.message


@pytest.mark.parametrize("missing", [False, True])
@pytest.mark.parametrize("by", [None, "rep", ["rep", "segment"]])
@pytest.mark.parametrize("outcome", ["won", "lost", "closed"])
def test_cycles_beside_a_curve_are_those_asked_alone(outcome: str, by: Any, *, missing: bool) -> None:
    """A curve knows the cycles of the same deals, unless a creation day is missing; nobody sees where they came from."""
    created = DEALS.columns["created"]
    some = attrs.evolve(created, days=np.where(np.arange(DEALS.rows) % 7 == 3, -1, created.days))
    book = attrs.evolve(DEALS, columns={**DEALS.columns, "created": some}) if missing else DEALS
    for named in ({}, {"where": {"segment": "SMB"}}, {"as_of": "2026-03-31"}):
        asked = {
            "cycle": lambda d, n=named: sm.cycle_length(d, by=by, stat="median", outcome=outcome, **n),
            "curve": lambda d, n=named: sm.cycle_curve(d, by=by, **n).median,
        }
        alone = {name: question(book) for name, question in asked.items()}
        for order in (["cycle", "curve"], ["curve", "cycle"]):
            for source in (book, sm.scan(cut(book, 3))):
                found = sm.measure(source, {name: asked[name] for name in order})
                assert all(found[name].equals(alone[name]) for name in order)


def test_counts_of_days_widen_when_they_are_added() -> None:
    """Tallies whose counts are held in small numbers add up in larger ones where the sum needs them."""
    tally = sm.DurationTally.from_book(DEALS, by="segment")
    assert tally.dense is not None
    wide = attrs.evolve(tally, dense=np.minimum(tally.dense, 1) * 100)
    small = attrs.evolve(wide, dense=wide.dense.astype(np.int8))
    both = small + small
    assert both.equals(wide + wide)
    assert both.dense is not None
    assert int(both.dense.max()) == 200
    assert both.dense.dtype == np.int32
    bytes_each = attrs.evolve(wide, dense=np.minimum(tally.dense, 1).astype(np.uint8) * 200)
    assert (bytes_each + bytes_each).equals(both + both)
    assert (bytes_each + bytes_each).taking_in(bytes_each).equals(both + both + both)
