"""Categories that have an order give a history's stages theirs; a category that no change is in is no stage."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import salesmetrics as sm

ORDER = ["Lead", "Bid", "Audit", "Closing", "Signed", "Gone"]
ROWS: dict[str, list[Any]] = {
    "deal": ["a", "a", "a", "b", "b", "c"],
    "date": ["2026-01-02", "2026-01-10", "2026-02-01", "2026-01-03", "2026-02-05", "2026-01-04"],
    "stage": ["Lead", "Closing", "Signed", "Lead", "Bid", "Bid"],
    "outcome": ["open", "open", "won", "open", "open", "open"],
}
DEALS = {
    "id": ["a", "b", "c"],
    "created": ["2026-01-02", "2026-01-03", "2026-01-04"],
    "closed": ["2026-02-01", None, None],
    "outcome": ["won", "open", "open"],
}


def pandas_frame(order: list[str], stages: list[Any], *, ordered: bool = True) -> Any:
    """Return the rows with a categorical column of pandas."""
    pandas = pytest.importorskip("pandas")
    return pandas.DataFrame({**ROWS, "stage": pandas.Categorical(stages, categories=order, ordered=ordered)})


def polars_frame(order: list[str], stages: list[Any], *, ordered: bool = True) -> Any:
    """Return the rows with an enumeration of polars, or a column of categories without an order."""
    polars = pytest.importorskip("polars")
    kind = polars.Enum(order) if ordered else polars.Categorical
    return polars.DataFrame({**ROWS, "stage": polars.Series(stages, dtype=kind)})


def arrow_table(order: list[str], stages: list[Any], *, ordered: bool = True) -> Any:
    """Return the rows with a dictionary of pyarrow."""
    arrow = pytest.importorskip("pyarrow")
    codes = arrow.array([None if stage is None else order.index(stage) for stage in stages], arrow.int8())
    coded = arrow.DictionaryArray.from_arrays(codes, arrow.array(order), ordered=ordered)
    return arrow.table({**ROWS, "stage": coded})


FRAMES = [pandas_frame, polars_frame, arrow_table]
Frame = Callable[..., Any]


@pytest.mark.parametrize("frame", FRAMES)
def test_the_order_of_categories_is_the_order_of_stages(frame: Frame) -> None:
    """Stages stand as the source orders them, not as their letters do, and the rows of a day do too."""
    history = sm.read_history(frame(ORDER, ROWS["stage"]))
    column: Any = history.column("stage")
    assert (column.levels, column.ordered) == (tuple(ORDER), True)
    assert history["stage"].tolist() == ["Lead", "Closing", "Signed", "Lead", "Bid", "Bid"]
    table = sm.stage_reached(sm.read_deals(DEALS), history, as_of="2026-02-28")
    assert list(table.labels) == ["Lead", "Bid", "Closing", "won"]


@pytest.mark.parametrize("frame", FRAMES)
def test_missing_stages_stay_missing(frame: Frame) -> None:
    """A missing stage is none of the categories; a column of nothing has the order of its categories all the same."""
    history = sm.read_history(frame(ORDER, [*ROWS["stage"][:5], None]))
    assert history["stage"].tolist()[-1] is None
    nothing: Any = sm.read_history(frame(ORDER, [None] * 6)).column("stage")
    assert (nothing.codes.tolist(), nothing.ordered) == ([-1] * 6, True)


@pytest.mark.parametrize("frame", FRAMES)
def test_categories_without_an_order_give_none(frame: Frame) -> None:
    """Stages in the order of their first row would be a guess: without an order a question about stages is refused."""
    history = sm.read_history(frame(ORDER, ROWS["stage"], ordered=False))
    assert history["stage"].tolist() == ["Lead", "Closing", "Signed", "Lead", "Bid", "Bid"]
    with pytest.raises(sm.MissingColumnError, match="the stages of the history must have an order"):
        sm.stage_reached(sm.read_deals(DEALS), history, as_of="2026-02-28")


def test_a_process_and_the_order_of_categories_agree() -> None:
    """Two orders that contradict each other are refused, as in a table of deals; without one the process says it."""
    names = ["Closing", "Bid", "Lead"]
    ends = [sm.Stage("Signed", 8, outcome="won"), sm.Stage("Gone", 9, outcome="lost")]
    process = sm.SalesProcess([*(sm.Stage(name, at + 1) for at, name in enumerate(names)), *ends])
    with pytest.raises(sm.InvalidDataError) as caught:
        sm.read_history(pandas_frame(ORDER, ROWS["stage"]), process=process)
    assert (caught.value.code, caught.value.field) == ("SM-STG-09", "stage")
    history = sm.read_history(pandas_frame(ORDER, ROWS["stage"], ordered=False), process=process)
    assert history.column("stage").levels == tuple(process.names)  # type: ignore[attr-defined]


def test_the_order_holds_for_texts_that_a_map_makes_of_categories() -> None:
    """Under a map of a system stages are texts; the order of their categories stays."""
    pandas = pytest.importorskip("pandas")
    frame = pandas_frame(ORDER, ROWS["stage"]).rename(
        columns={"deal": "deal_id", "date": "date_entered", "stage": "value"}
    )
    frame["date_entered"] = pandas.to_datetime(frame["date_entered"], utc=True)
    history = sm.read_history(frame.drop(columns="outcome"), sm.maps.FIVETRAN_HUBSPOT.stage_history, zone="UTC")
    assert history.column("stage").levels == tuple(ORDER)  # type: ignore[attr-defined]


@pytest.mark.parametrize("unused", ["Audit", "Aardvark", "Zoo"])
def test_a_category_without_a_change_is_no_stage(unused: str) -> None:
    """Whether an unused category is open, won or lost nobody knows: it is no stage, nobody skipped it, nothing counts it."""
    deals = sm.read_deals(DEALS)
    plain = ["Lead", "Bid", "Closing", "Signed"]
    for place in range(len(plain) + 1):
        more = sm.read_history(polars_frame([*plain[:place], unused, *plain[place:]], ROWS["stage"]))
        less = sm.read_history(polars_frame(plain, ROWS["stage"]))
        for question in (sm.stage_reached, sm.stage_conversion, sm.transition_matrix, sm.stage_skip_rate):
            assert question(deals, more, as_of="2026-02-28").equals(question(deals, less, as_of="2026-02-28"))


def test_stages_that_a_part_of_a_history_does_not_show_are_none_of_its_stages() -> None:
    """The deals that are still open show no won stage; it is not counted among the open ones."""
    history = sm.read_history(polars_frame(ORDER, ROWS["stage"]))
    deals = sm.read_deals(DEALS)
    part = history.take(np.flatnonzero(history["deal"] != "a"))
    some = deals.take(np.array([1, 2]))
    table = sm.stage_reached(some, part, as_of="2026-02-28")
    assert list(table.labels) == ["Lead", "Bid", "won"]
    skips = sm.stage_skip_rate(some, part, as_of="2026-02-28", population="all")
    assert skips["all"].n == 2


def test_an_order_that_does_not_know_a_stage_of_the_deal_book_is_no_order() -> None:
    """A silent deal in a stage that is no category: where it stands nobody knows, and that is said."""
    history = sm.read_history(polars_frame(ORDER, ROWS["stage"]))
    rows = {
        "id": ["a", "b", "c", "d"],
        "created": ["2026-01-02", "2026-01-03", "2026-01-04", "2026-01-05"],
        "closed": ["2026-02-01", None, None, None],
        "stage": ["Signed", "Bid", "Bid", "Limbo"],
        "outcome": ["won", "open", "open", "open"],
    }
    with pytest.raises(sm.MissingColumnError, match="the stages of the history must have an order; got 'Audit', 'Bid'"):
        sm.stage_reached(sm.read_deals(rows), history, as_of="2026-02-28")
    known = sm.read_deals(rows | {"stage": ["Signed", "Bid", "Bid", "Audit"]})
    table = sm.stage_reached(known, history, as_of="2026-02-28")
    assert list(table.labels) == ["Lead", "Bid", "Audit", "Closing", "won"]
