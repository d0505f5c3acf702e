"""Raw columns to read-only columns, one function per kind; what is wrong comes back as problems of rows."""

from __future__ import annotations

from salesmetrics.convert.amounts import money, money_by_scale
from salesmetrics.convert.days import day
from salesmetrics.convert.keys import key
from salesmetrics.convert.labels import label, looked_up_codes
from salesmetrics.convert.outcomes import (
    OUTCOMES,
    flag,
    outcome,
    outcome_from_chances,
    outcome_from_ends,
    outcome_from_flags,
)
from salesmetrics.convert.probabilities import probability
from salesmetrics.convert.raw import Ascii, Coded, Dated, Instants, Piece, Pieces, Problem, Raw, Scaled, Texts
from salesmetrics.convert.records import beginning, record_ids, wrong_records
from salesmetrics.convert.textual import as_texts, as_written, is_words

__all__ = [
    "OUTCOMES",
    "Ascii",
    "Coded",
    "Dated",
    "Instants",
    "Piece",
    "Pieces",
    "Problem",
    "Raw",
    "Scaled",
    "Texts",
    "as_texts",
    "as_written",
    "beginning",
    "day",
    "flag",
    "is_words",
    "key",
    "label",
    "looked_up_codes",
    "money",
    "money_by_scale",
    "outcome",
    "outcome_from_chances",
    "outcome_from_ends",
    "outcome_from_flags",
    "probability",
    "record_ids",
    "wrong_records",
]
