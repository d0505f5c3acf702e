"""The formula guard: cells of text that no spreadsheet runs, and the way back."""

from __future__ import annotations

import re

__all__ = ["guarded", "unguarded"]

_RISKY = frozenset("'=+-@\t\r\x00")
_FORMULA = re.compile("'*[=+\\-@\t\r\x00]")
_GUARDED = re.compile("'+[=+\\-@\t\r\x00]")


def guarded(text: str, guard: str = "'") -> str:
    """Return a cell that a spreadsheet takes for text: with a guard in front where it would take it for a formula.

    Parameters
    ----------
    text : str
        The cell.
    guard : str, default: "'"
        What is put in front of a cell that begins, after any apostrophes, with one of ``= + - @``, a tab, a carriage
        return or NUL.

    Returns
    -------
    str
        The cell to write. With the apostrophe no two texts become one, so that `unguarded` gives the text back.

    Examples
    --------
    >>> guarded("=1+1"), guarded("'=1+1"), guarded("'tis"), guarded("Ana")
    ("'=1+1", "''=1+1", "'tis", 'Ana')
    """
    return guard + text if text[:1] in _RISKY and _FORMULA.match(text) else text


def unguarded(text: str) -> str:
    """Return a cell without the apostrophe that keeps a spreadsheet from running it as a formula.

    Parameters
    ----------
    text : str
        The cell.

    Returns
    -------
    str
        The cell as it was before it was guarded.

    Examples
    --------
    >>> unguarded("'=1+1"), unguarded("''=1+1"), unguarded("'tis")
    ('=1+1', "'=1+1", "'tis")
    """
    return text[1:] if text[:1] == "'" and _GUARDED.match(text) else text
