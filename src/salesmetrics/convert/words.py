"""Texts of files: empty is missing, errors of spreadsheets are found, numbers are plain decimals."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TypeVar

import numpy as np

from salesmetrics.arrays import AnyArray, BoolArray
from salesmetrics.convert.raw import Problem, problems_at

__all__ = ["LONGEST_NUMBER", "each_distinct", "is_plain_decimal", "spreadsheet_errors"]

T = TypeVar("T")

LONGEST_NUMBER = 40
"""Characters a number may have as text."""

SPREADSHEET_ERRORS = frozenset(
    ["#N/A", "#DIV/0!", "#REF!", "#NAME?", "#NULL!", "#NUM!", "#VALUE!", "#SPILL!", "#CALC!", "#FIELD!", "#BLOCKED!"]
)
_DECIMAL = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)")


def is_plain_decimal(text: str) -> bool:
    """Return whether a text is a number in ASCII digits with at most one point; no exponent, no separators, no words.

    Parameters
    ----------
    text : str
        The text.

    Returns
    -------
    bool
        True where it is.
    """
    return len(text) <= LONGEST_NUMBER and _DECIMAL.fullmatch(text) is not None


def spreadsheet_errors(values: AnyArray, field: str) -> tuple[BoolArray, list[Problem]]:
    """Return the rows in which a spreadsheet wrote an error, and their problem.

    Parameters
    ----------
    values : numpy.ndarray of object
        Texts.
    field : str
        The field.

    Returns
    -------
    broken : numpy.ndarray of bool
        True where the row holds such an error.
    problems : list of Problem
        The problem, if any row does.
    """
    broken = np.zeros(len(values), dtype=bool)
    found = sorted(SPREADSHEET_ERRORS.intersection(values.tolist()))
    if found:
        broken |= np.fromiter((value in SPREADSHEET_ERRORS for value in values), dtype=bool, count=len(values))
    hint = "mend the formula in the spreadsheet, or clear the cell, and save the file again."
    rule = f"hold no error of a spreadsheet ({', '.join(found)})"
    return broken, problems_at(broken, values, field, "SM-TXT-16", rule, hint)


def each_distinct(values: Iterable[str], read: Callable[[str], T]) -> list[T]:
    """Return what each text reads as; equal texts are read once.

    Parameters
    ----------
    values : iterable of str
        Texts.
    read : callable
        What reads one.

    Returns
    -------
    list
        One result for each text.
    """
    texts = list(values)
    table = {text: read(text) for text in dict.fromkeys(texts)}
    return [table[text] for text in texts]
