"""The way in for the stages of pipelines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

from salesmetrics import convert
from salesmetrics.books.stages import StageBook
from salesmetrics.columns import Column, LabelColumn, ProbabilityColumn
from salesmetrics.convert import Problem
from salesmetrics.domain import OUTCOMES, Stage
from salesmetrics.errors import nearest
from salesmetrics.keywords import names_keywords
from salesmetrics.readers.leaving import leave_out
from salesmetrics.readers.mapped import Named, any_source, named
from salesmetrics.readers.rules import Judge, checked_mode

__all__ = ["read_stages"]

FIELDS = ("stage", "name", "pipeline", "order", "probability", "outcome", "forecast_category")


@names_keywords
def read_stages(
    source: Any,
    columns: Mapping[str, str] | None = None,
    *,
    outcomes: Mapping[Any, str] | None = None,
    on_error: Literal["raise", "collect", "drop"] = "raise",
) -> StageBook:
    """Book of the stages of pipelines: what a deal in each has come to, and in which order they stand.

    Parameters
    ----------
    source : path, text stream, frame, mapping of array_like or iterable of Stage
        Columns ``stage`` (what deals call it) and those of ``name, pipeline, order, probability, outcome, forecast_category``
        that there are.
    columns : mapping of str to str, optional
        Our name to the source's, or one of `salesmetrics.maps`, which say how the outcome is told: by flags, or, where the flag
        says no more than closed, by a probability of 1 (won) or 0 (lost).
    outcomes : mapping, optional
        What stages mean where the source does not know better: ``{"stage id": "lost"}``. Stages that are not named keep the
        outcome of the source.
    on_error : {"raise", "collect", "drop"}
        As in `read_deals`.

    Returns
    -------
    StageBook
        The stages; ``stages.outcomes`` is what `read_deals` takes as ``outcomes=``, ``stages.process(pipeline)`` what it
        takes as ``process=``.

    Examples
    --------
    >>> import salesmetrics as sm
    >>> table = {"stage_id": ["s1", "s2", "s3"], "display_order": [0, 1, 2], "probability": [0.2, 1.0, 0.0],
    ...          "is_closed": [False, True, True]}
    >>> sm.read_stages(table, sm.maps.FIVETRAN_HUBSPOT).outcomes
    {'s1': 'open', 's2': 'won', 's3': 'lost'}
    """
    here = named(_told(source), columns, FIELDS, ("stage",), table="stages")
    judge = Judge(checked_mode(on_error), here.source.rows, here.source.lines, here.names, noun="stage")
    judge.hear(here.source.problems)
    leave_out(here, judge)
    book: dict[str, Column] = {}
    for field in ("stage", "name", "pipeline", "forecast_category"):
        if field in here:
            book[field], problems = convert.label(here.raw(field, "label"), field)
            judge.hear(problems)
    judge.keys = book["stage"].user()
    judge.hear(_absent(book["stage"], "stage"))
    if "order" in here:
        book["order"] = _orders(here, judge)
    if "probability" in here:
        raw = here.raw("probability", "probability")
        book["probability"], problems = convert.probability(raw, "probability", scale=here.shape.probability_scale)
        judge.hear(problems)
    book["outcome"] = _outcomes(here, judge, book, outcomes)
    clean, kept = judge.settle({name: book[name] for name in FIELDS if name in book}, _twins)
    judge.warn()
    return StageBook(
        columns=clean,
        rows=len(kept),
        rejects=judge.rejects(),
        notes=(*judge.notes, *_unsure(clean), *here.source.notes),
    )


def _told(source: Any) -> Any:
    """Return a source of columns; of `Stage` objects, the name is what deals call them."""
    found = any_source(source, Stage)
    if found.kind != "objects":
        return found
    return any_source({"stage" if name == "name" else name: found.raw(name, "text") for name in found.names}, Stage)


def _absent(column: Column, field: str) -> list[Problem]:
    rows = np.flatnonzero(column.missing()).astype(np.int64)
    nothing: list[object] = [None] * len(rows)
    return [Problem("SM-PRO-06", field, "be given in every row", rows, nothing)] if len(rows) else []


def _orders(here: Named, judge: Judge) -> LabelColumn:
    """Return the places of the stages as whole numbers."""
    words, problems = convert.label(here.source.raw(here.names["order"], "label"), "order")
    judge.hear(problems)
    places = [_place(level) for level in words.levels]
    wrong = np.array([place is None for place in places] + [False], dtype=bool)[words.codes]
    rows = np.flatnonzero(wrong).astype(np.int64)
    if len(rows):
        judge.hear(
            [
                Problem(
                    "SM-PRO-07", "order", "be a whole number of 0 or more in every row", rows, list(words.user()[rows])
                )
            ]
        )
    judge.hear(_absent(words, "order"))
    levels = tuple(sorted({place for place in places if place is not None}))
    lookup = np.array([levels.index(place) if place is not None else -1 for place in places] + [-1], dtype=np.int64)
    return LabelColumn(lookup[words.codes].astype(np.int32), levels)


def _place(level: object) -> int | None:
    text = str(level)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _outcomes(here: Named, judge: Judge, book: Mapping[str, Column], outcomes: Mapping[Any, str] | None) -> LabelColumn:
    """Return what each stage means: as told in the call, else by a column of words, flags, or a flag and the probability."""
    if "outcome" in here:
        found, problems = convert.outcome(here.raw("outcome", "label"), "outcome")
    else:
        found, problems = _by_flags(here, book)
    codes = found.codes.astype(np.int8)
    if outcomes is not None:
        told, unknown = _as_told(book, outcomes)
        judge.hear(unknown)
        codes = np.where(told >= 0, told, codes).astype(np.int8)
        problems = [problem for problem in problems if not (told[problem.rows] >= 0).all() or problem.whole]
    judge.hear(problems)
    return LabelColumn(codes, OUTCOMES, ordered=True)


def _by_flags(here: Named, book: Mapping[str, Column]) -> tuple[LabelColumn, list[Problem]]:
    names = {what: name for what, column in here.shape.flags.items() if (name := here.mark(column)) is not None}
    raw = {what: here.source.raw(name, "flag") for what, name in names.items()}
    if {"closed", "won"} <= set(raw):
        return convert.outcome_from_flags(raw["closed"], raw["won"], names=(names["closed"], names["won"]))
    chances = book.get("probability")
    if "closed" in raw and isinstance(chances, ProbabilityColumn):
        return convert.outcome_from_chances(raw["closed"], chances, name=names["closed"])
    return LabelColumn(np.zeros(here.source.rows, dtype=np.int8), OUTCOMES, ordered=True), []


def _as_told(book: Mapping[str, Column], outcomes: Mapping[Any, str]) -> tuple[np.ndarray[Any, Any], list[Problem]]:
    """Return the outcomes that the call states, -1 where it states none, and stages that it names in vain."""
    stage = book["stage"]
    assert isinstance(stage, LabelColumn)
    named_ones, problems = convert.outcome(np.array(list(outcomes.values()), dtype=object), "outcomes")
    meaning = dict(zip(map(str, outcomes), named_ones.codes.tolist(), strict=True))
    unknown = sorted(set(meaning) - set(map(str, stage.levels)))
    if unknown:
        nothing = np.empty(0, dtype=np.int64)
        hint = nearest(unknown[0], stage.levels)
        problems = [
            *problems,
            Problem("SM-PRO-08", "outcomes", "name stages of the source", nothing, [unknown[0]], hint, whole=True),
        ]
    codes = np.array([meaning.get(str(level), -1) for level in stage.levels] + [-1], dtype=np.int64)[stage.codes]
    return codes, problems


def _unsure(columns: Mapping[str, Column]) -> list[str]:
    """Return the note on stages that are open and from which no deal is ever won."""
    chances, outcome = columns.get("probability"), columns["outcome"]
    assert isinstance(outcome, LabelColumn)
    if not isinstance(chances, ProbabilityColumn):
        return []
    count = int(((chances.ppm == 0) & (outcome.codes == 0)).sum())
    way = "lost stages may be among them: outcomes={'stage': 'lost'} says so"
    return [f"{count:,} stages are not closed and have a probability of 0 ({way})"] if count else []


def _twins(columns: Mapping[str, Column]) -> list[Problem]:
    """Return the problem of a stage that stands twice, in whichever pipelines."""
    stage = columns["stage"]
    assert isinstance(stage, LabelColumn)
    counts = np.bincount(stage.codes[stage.codes >= 0], minlength=len(stage.levels) + 1)
    rows = np.flatnonzero(np.append(counts[:-1] > 1, False)[stage.codes]).astype(np.int64)
    if not len(rows):
        return []
    hint = "deals tell stages by this name: give the column of ids as `stage`, not that of labels."
    return [Problem("SM-PRO-09", "stage", "be different in every row", rows, list(stage.user()[rows]), hint)]
