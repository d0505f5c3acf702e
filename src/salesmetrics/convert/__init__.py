"""Raw columns to read-only columns, one function per kind; what is wrong comes back as problems of rows."""

from __future__ import annotations

from salesmetrics.convert.amounts import money
from salesmetrics.convert.days import day
from salesmetrics.convert.keys import key
from salesmetrics.convert.labels import label
from salesmetrics.convert.outcomes import OUTCOMES, flag, outcome, outcome_from_flags
from salesmetrics.convert.probabilities import probability
from salesmetrics.convert.raw import Coded, Instants, Problem, Raw, Scaled, Texts

__all__ = [
    "OUTCOMES",
    "Coded",
    "Instants",
    "Problem",
    "Raw",
    "Scaled",
    "Texts",
    "day",
    "flag",
    "key",
    "label",
    "money",
    "outcome",
    "outcome_from_flags",
    "probability",
]
