"""Open pipeline beside the number it must fill."""

from __future__ import annotations

import numpy as np

from salesmetrics import formulas
from salesmetrics._wide import wide_ints
from salesmetrics.answers import Ledger, blanked, dated, ledger, major, reasons, words
from salesmetrics.arrays import AnyArray
from salesmetrics.columns import PPM
from salesmetrics.errors import MergeError
from salesmetrics.labels import Labels
from salesmetrics.ledgers import decimals_apart
from salesmetrics.results import MetricTable
from salesmetrics.tallies import BookingTally, PipelineTally, QuotaTally

__all__ = ["coverage"]

_EQUAL = 1e-9  # a prorated quota is a computed float: nearer than this, relatively, bookings count as equal to it


def coverage(
    pipeline: PipelineTally,
    quota: QuotaTally,
    bookings: BookingTally | None,
    names: tuple[str, ...],
    weight: str,
) -> MetricTable:
    """Return the coverage of tallies that are grouped alike."""
    target = _targets(quota, bookings, pipeline, names)
    labels, mine, theirs = pipeline.labels.union(target.labels)
    size = len(labels) * pipeline.window.size

    def placed(rows: AnyArray, table: AnyArray) -> AnyArray:
        out = np.zeros((len(labels), pipeline.window.size), dtype=table.dtype)
        out[rows] = table
        return out.reshape(size)

    top = placed(mine, _numerator(pipeline, weight))
    whole, booked = placed(theirs, target.quota), placed(theirs, target.booked)
    left = whole
    if bookings is not None:
        rounded = placed(theirs, target.rest) > 0
        left = np.where(rounded & (np.abs(whole - booked) <= _EQUAL * whole), 0.0, whole - booked)
    no_quota = whole <= 0
    reason = reasons(size, ("no_quota", no_quota), ("target_met", left <= 0))
    unit = np.float64(10**pipeline.scale)
    name = "open" if weight == "amount" else "weighted"
    parts = {
        name: top / unit,
        "target": np.where(no_quota, np.nan, left / unit),
        "quota": np.where(no_quota, np.nan, whole / unit),
        "booked": major(booked, pipeline.scale),
        "met": (~no_quota & (left <= 0)).astype(np.int64),
    }
    if bookings is None:
        del parts["booked"], parts["met"]
    counted = pipeline.priced if weight == "amount" or pipeline.weighed is None else pipeline.weighed
    return MetricTable(
        name="pipeline_coverage",
        unit="fraction",
        labels=pipeline.window.cross(labels),
        value=blanked(formulas.pipeline_coverage(top, left), reason),
        n=placed(mine, counted),
        reason_code=reason,
        parts=parts,
        part_units={part: "count" if part == "met" else "money" for part in parts},
        left_out={"no amount": int((pipeline.count - pipeline.priced).sum())}
        | dict(zip(pipeline.causes, pipeline.left_out.tolist(), strict=True)),
        definition=words(
            f"{name} pipeline due / {'quota less bookings to date' if bookings is not None else 'full quota'}",
            dated(pipeline.window, "expected_close", pipeline.as_of_day),
        ),
        scale=pipeline.scale,
        currency=pipeline.currency,
    )


def _numerator(pipeline: PipelineTally, weight: str) -> AnyArray:
    """Return the pipeline in minor units: amounts, or amounts times probability."""
    if weight == "amount":
        return pipeline.amount
    if pipeline.weighted is None:
        raise MergeError(
            "the tally must hold weighted amounts for weight 'weighted'; got one without.",
            code="SM-TLY-08",
            field="weighted",
            hint="PipelineTally.from_book(..., weighted=True).",
        )
    return np.array([whole / PPM for whole in wide_ints(pipeline.weighted)]).reshape(pipeline.amount.shape)


def _targets(
    quota: QuotaTally, bookings: BookingTally | None, pipeline: PipelineTally, names: tuple[str, ...]
) -> Ledger:
    """Return quota and bookings of the reps with a quota above 0, by the names of the answer."""
    labels, whole, rest, covered, _, value = quota.exact()
    factor = decimals_apart(quota.scale, pipeline.scale, whole)
    if bookings is None:
        nothing = np.zeros_like(covered)
        booked: tuple[Labels, AnyArray, AnyArray] = (labels, nothing, nothing)
    else:
        booked = (bookings.labels, bookings.amount, bookings.count - bookings.unpriced)
    rows = ledger(booked, (labels, whole * factor, rest * factor, covered, value * factor))
    return rows.rolled(names, np.ones_like(rows.has_quota) if "rep" in names else rows.has_quota)
