"""Answers with a stage for a label: rows, rates, and what a reader of them must know."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from salesmetrics import formulas
from salesmetrics.answers import dated, reasons
from salesmetrics.arrays import AnyArray, IntArray
from salesmetrics.errors import InvalidArgumentError, MergeError, show
from salesmetrics.grouping import Window
from salesmetrics.labels import Labels, Levels
from salesmetrics.results import MetricTable

__all__ = ["at_stages", "immature_note", "of_population", "rate_table", "refuse_given", "wrong_tally"]

_DAYS = {"closed": "closed", "created": "created", "all": "closed", "flow": "date"}


def at_stages(labels: Labels, window: Window, stages: tuple[Any, ...], name: str = "stage") -> Labels:
    """Return the rows of an answer: each group, period and stage."""
    return window.cross(labels).crossed(Levels(name, stages, ordered=True))


def rate_table(
    name: str,
    labels: Labels,
    hits: AnyArray,
    n: IntArray,
    level: float | None,
    parts: Mapping[str, AnyArray],
    definition: str,
    left_out: Mapping[str, int],
    notes: tuple[str, ...] = (),
) -> MetricTable:
    """Return a share of counts with Wilson's interval; without rows it is NaN ``no_rows`` and the interval (0, 1)."""
    hits, n = hits.reshape(-1), n.reshape(-1)
    low, high = (None, None) if level is None else formulas.wilson(hits, n, level)
    flat = {part: values.reshape(-1) for part, values in parts.items()}
    return MetricTable(
        name=name,
        unit="fraction",
        labels=labels,
        value=formulas.stage_conversion(n, hits),
        n=n,
        reason_code=reasons(len(n), ("no_rows", n == 0)),
        low=low,
        high=high,
        parts=flat,
        part_units=dict.fromkeys(flat, "count"),
        left_out=left_out,
        definition=definition,
        notes=notes,
    )


def of_population(population: str, window: Window, as_of: int | None) -> str:
    """Return which deals or moves count, in words."""
    who = {
        "closed": "closed deals",
        "all": "closed deals and those still open",
        "created": "deals of a cohort",
        "flow": "moves",
    }[population]
    return f"{who}, {dated(window, _DAYS[population], as_of)}"


def immature_note(still_open: int, deals: int | None, what: str) -> tuple[str, ...]:
    """Return the note on deals that are still open and count as if nothing more came of them."""
    if not still_open:
        return ()
    of = "" if deals is None else f" of {deals:,}"
    return (f"{still_open:,}{of} deals are still open and {what}.",)


def refuse_given(given: Mapping[str, object], reads: str, why: str) -> None:
    """Raise where an argument is given that the chosen variant does not read."""
    for name, value in given.items():
        if value is not None:
            raise InvalidArgumentError(
                f"`{name}` must not be given with {reads}; got {show(value)}.",
                code="SM-MOV-08",
                field=name,
                values=[value],
                hint=why,
            )


def wrong_tally(tally: object, wanted: str) -> MergeError:
    """Return the refusal of a tally that does not hold what is asked for."""
    return MergeError(
        f"the tally must be {wanted}; got {tally!r}.",
        code="SM-TLY-17",
        field="kind",
    )
