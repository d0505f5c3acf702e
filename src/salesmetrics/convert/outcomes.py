"""Words and flags to outcomes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs
import numpy as np

from salesmetrics import _check
from salesmetrics.arrays import AnyArray, BoolArray
from salesmetrics.columns import PPM, LabelColumn, ProbabilityColumn
from salesmetrics.convert import raw as forms
from salesmetrics.convert.labels import label, looked_up_codes
from salesmetrics.convert.raw import Coded, Instants, Problem, Raw, Scaled, Texts, problems_at, whole_problem
from salesmetrics.domain import OUTCOMES
from salesmetrics.errors import InvalidTypeError, nearest, show

__all__ = ["OUTCOMES", "flag", "outcome", "outcome_from_chances", "outcome_from_ends", "outcome_from_flags"]

_FLAG_WORDS: dict[object, int] = {"true": 1, "false": 0, "1": 1, "0": 0, "yes": 1, "no": 0, 1: 1, 0: 0}


def outcome(raw: Raw, field: str, outcomes: Mapping[Any, str] | None = None) -> tuple[LabelColumn, list[Problem]]:
    """Return words of a source as outcomes.

    Parameters
    ----------
    raw : numpy.ndarray, Coded or Texts
        One word or whole number for each row.
    field : str
        The field, for problems.
    outcomes : mapping, optional
        What the words of the source mean, such as ``{"Closed Won": "won"}``; our own four words need no mapping.

    Returns
    -------
    column : LabelColumn
        Levels are exactly ``OUTCOMES``, codes are int8; bad rows are missing.
    problems : list of Problem
        Words that mean nothing, and rows without one.

    Examples
    --------
    >>> column, _ = outcome(np.array(["Won", "open"], dtype=object), "outcome", {"Won": "won"})
    >>> column.codes.tolist(), column.levels
    ([1, 0], ('open', 'won', 'lost', 'no_decision'))
    """
    meaning = {word: OUTCOMES.index(word) for word in OUTCOMES} | _meaning(outcomes)
    counted = _counted(raw)
    if counted is not None and outcomes is None:
        return _unsaid(len(raw), field)
    if counted is None and isinstance(raw, Coded) and (found := _meant(raw, field, meaning)) is not None:
        return found, []
    words, problems = label(raw if counted is None else counted, field)
    if any(problem.whole for problem in problems):
        return _outcomes(np.full(len(words), -1)), problems
    lookup = np.array([meaning.get(level, -2) for level in words.levels] + [-1], dtype=np.int8)
    codes = looked_up_codes(lookup, words.codes)
    if not any(not problem.warning for problem in problems) and (not len(codes) or codes.min() >= 0):
        return _outcomes(codes), []
    bad = np.zeros(len(codes), dtype=bool)
    for problem in problems:
        bad[problem.rows] = True
    problems = [problem for problem in problems if not problem.warning]
    problems += _unknown(codes == -2, words, field, meaning, outcomes is None)
    hint = "every deal is open or decided: fill the blanks, or leave `outcome` out of the columns."
    blank = (codes == -1) & ~bad
    shown = words.user() if blank.any() else codes
    problems += problems_at(blank, shown, field, "SM-RES-02", "be given in every row", hint)
    return _outcomes(np.maximum(codes, -1)), problems


def _meant(raw: Coded, field: str, meaning: Mapping[Any, int]) -> LabelColumn | None:
    """Return the outcomes of a coded column in which every row has a word that means one, None for any other."""
    words, problems = label(raw.labels, field)
    if not len(raw) or not len(words) or any(not problem.warning for problem in problems):
        return None
    if int(raw.codes.max()) >= len(words) or int(raw.codes.min()) < 0:
        return None
    lookup = np.array([meaning.get(level, -2) for level in words.levels] + [-1], dtype=np.int8)
    codes = looked_up_codes(lookup[words.codes], np.asarray(raw.codes))
    return _outcomes(codes) if int(codes.min()) >= 0 else None


def _counted(raw: Raw) -> Raw | None:
    """Return a column of flags as the numbers 1 and 0, which the words of a source may be too; None for any other."""
    if isinstance(raw, Coded):
        labels = _counted(raw.labels)
        return Coded(raw.codes, labels) if isinstance(labels, np.ndarray) else None
    if not isinstance(raw, np.ndarray) or raw.dtype.kind not in "bO" or raw.ndim != 1:
        return None
    if raw.dtype.kind == "b":
        return raw.astype(np.int8)
    if not isinstance(next((value for value in raw if isinstance(value, (str, bool, np.bool_))), ""), (bool, np.bool_)):
        return None
    found = forms.plain(raw, "outcome")
    kinds = np.where(found.missing, forms.MISSING, forms.kinds_of(found.values))
    if set(kinds.tolist()) - {forms.MISSING} != {forms.FLAG}:
        return None
    listed = [None if kind == forms.MISSING else int(value) for value, kind in zip(found.values, kinds, strict=True)]
    return np.fromiter(listed, dtype=object, count=len(listed))


def _unsaid(rows: int, field: str) -> tuple[LabelColumn, list[Problem]]:
    """Return the problem of flags that nobody says the meaning of."""
    hint = "say what flags mean: outcomes={True: 'won', False: 'lost'}, or {True: 'won', False: 'open'}."
    rule = "be all texts or all whole numbers"
    return _outcomes(np.full(rows, -1)), [whole_problem(field, "SM-LAB-01", rule, True, hint)]


def _outcomes(codes: AnyArray) -> LabelColumn:
    return LabelColumn(codes.astype(np.int8, copy=False), OUTCOMES, ordered=True)


def _meaning(outcomes: Mapping[Any, str] | None) -> dict[Any, int]:
    if outcomes is None:
        return {}
    if not isinstance(outcomes, Mapping):
        raise InvalidTypeError(
            f"`outcomes` must map words of the source to outcomes; got {show(outcomes)}.",
            code="SM-ARG-30",
            field="outcomes",
            values=[outcomes],
            hint="such as {'Closed Won': 'won', 'Closed Lost': 'lost', 'Prospecting': 'open'}.",
        )
    found = {word: OUTCOMES.index(_check.one_of(meant, OUTCOMES, "outcomes")) for word, meant in outcomes.items()}
    written = {text: code for word, code in found.items() for text in _written(word)}  # in a file all is text
    return written | found


def _written(word: object) -> tuple[str, ...]:
    """Return how a file writes a flag or a whole number."""
    if isinstance(word, bool):
        return str(word), str(word).lower(), str(word).upper()
    return (str(word),) if isinstance(word, int) else ()


def _unknown(
    mask: BoolArray, words: LabelColumn, field: str, meaning: Mapping[Any, int], unmapped: bool
) -> list[Problem]:
    if not mask.any():
        return []
    names = words.user()
    rows = np.flatnonzero(mask)
    first = names[rows].tolist()
    known = nearest(min(map(str, first)), meaning)
    such = "{1: 'won', 0: 'lost'}" if isinstance(first[0], int) else "{'Closed Won': 'won'}"
    way = f"say what the words mean by `outcomes`, such as {such}; "
    if not unmapped and known is not None and not known.startswith("did you mean"):
        way, unmapped = (
            f"name every word in `outcomes`, {{{show(first[0])}: 'open'}} for a deal that is still open; ",
            True,
        )
    rule = "be a word that means an outcome"
    hint = f"{way if unmapped else ''}{known}"
    return [Problem("SM-RES-01", field, rule, rows.astype(np.int64), first, hint)]


def flag(raw: Raw, field: str) -> tuple[AnyArray, list[Problem]]:
    """Return yes and no as 1 and 0 in int8, -1 where missing.

    Parameters
    ----------
    raw : numpy.ndarray, Coded, Scaled or Texts
        Booleans, the numbers 0 and 1, or the texts true, false, yes, no, 0, 1 in any case.
    field : str
        The field, for problems.

    Returns
    -------
    flags : numpy.ndarray of int8
        1, 0, or -1 where missing or bad.
    problems : list of Problem
        What is wrong with which rows.

    Examples
    --------
    >>> flag(np.array([True, False]), "won")[0].tolist()
    [1, 0]
    """
    rule = "be true or false, or the numbers 1 and 0"
    if isinstance(raw, (Scaled, Instants)):
        return np.full(len(raw), -1, dtype=np.int8), [whole_problem(field, "SM-FLG-01", rule, type(raw).__name__)]
    found = forms.plain(raw.values if isinstance(raw, Texts) else raw, field)
    values, missing = found.values, found.missing
    if values.dtype.kind in "biuf":
        undefined = np.isnan(values) if values.dtype.kind == "f" else False
        missing = missing | undefined
        bad = ~missing & (values != 0) & (values != 1)
        flags = np.where(missing | bad, -1, values == 1).astype(np.int8)
    elif values.dtype.kind == "O":
        kinds = np.where(missing, forms.MISSING, forms.kinds_of(values))
        read = [_read_flag(value, kind) for value, kind in zip(values, kinds.tolist(), strict=True)]
        flags = np.array(read, dtype=np.int8)
        bad = flags == -2
        flags = np.maximum(flags, -1)
    else:
        return np.full(len(values), -1, dtype=np.int8), [whole_problem(field, "SM-FLG-01", rule, values)]
    return flags, found.problems + problems_at(bad, values, field, "SM-FLG-02", rule)


def _read_flag(value: Any, kind: int) -> int:
    """Return 1 or 0, -1 for a missing flag and -2 for what is none."""
    if kind == forms.MISSING or (kind == forms.TEXT and not value):
        return -1
    if kind == forms.TEXT:
        return _FLAG_WORDS.get(value[:8].lower(), -2)
    if kind in (forms.FLAG, forms.WHOLE, forms.FLOAT):
        return int(value == 1) if value in (0, 1) else -2
    return -2


def outcome_from_flags(
    closed: Raw, won: Raw, field: str = "outcome", names: tuple[str, str] = ("closed", "won")
) -> tuple[LabelColumn, list[Problem]]:
    """Return the outcomes that two flags mean: not closed is open, closed and won is won, else lost.

    Parameters
    ----------
    closed, won : numpy.ndarray, Coded or Texts
        The flags.
    field : str, default: "outcome"
        The field, for problems.
    names : tuple of str, default: ("closed", "won")
        What the two flags are called, for problems.

    Returns
    -------
    column : LabelColumn
        Levels are exactly ``OUTCOMES``; bad rows are missing.
    problems : list of Problem
        Rows without a flag, and rows that are won and not closed.

    Examples
    --------
    >>> column, _ = outcome_from_flags(np.array([0, 1, 1]), np.array([0, 1, 0]))
    >>> column.user().tolist()
    ['open', 'won', 'lost']
    """
    is_closed, problems = flag(closed, names[0])
    is_won, more = flag(won, names[1])
    problems = problems + more
    bad = _bad(problems, len(is_closed))
    blank = ~bad & ((is_closed < 0) | ((is_closed == 1) & (is_won < 0)))
    torn = (is_closed == 0) & (is_won == 1)
    pairs = np.empty(len(is_closed), dtype=object)
    rows = np.flatnonzero(blank | torn)
    pairs[rows] = [f"{names[0]}={is_closed[row]}, {names[1]}={is_won[row]}" for row in rows.tolist()]
    problems += problems_at(blank, pairs, field, "SM-RES-02", "be given in every row")
    problems += problems_at(torn, pairs, field, "SM-RES-03", "be closed where it is won")
    codes = np.where(is_closed == 1, np.where(is_won == 1, 1, 2), 0)
    return _outcomes(np.where(bad | blank | torn, -1, codes)), problems


def outcome_from_ends(
    won: Raw, lost: Raw, field: str = "outcome", names: tuple[str, str] = ("won", "lost")
) -> tuple[LabelColumn, list[Problem]]:
    """Return the outcomes that two flags mean: won, lost, and open where a deal is neither.

    Parameters
    ----------
    won, lost : numpy.ndarray, Coded or Texts
        The flags.
    field : str, default: "outcome"
        The field, for problems.
    names : tuple of str, default: ("won", "lost")
        What the two flags are called, for problems.

    Returns
    -------
    column : LabelColumn
        Levels are exactly ``OUTCOMES``; bad rows are missing.
    problems : list of Problem
        Rows without a flag, and rows that are both.

    Examples
    --------
    >>> outcome_from_ends(np.array([0, 1, 0]), np.array([0, 0, 1]))[0].user().tolist()
    ['open', 'won', 'lost']
    """
    is_won, problems = flag(won, names[0])
    is_lost, more = flag(lost, names[1])
    bad = _bad(problems + more, len(is_won))
    blank = ~bad & ((is_won < 0) | (is_lost < 0)) & (is_won < 1) & (is_lost < 1)
    both = (is_won == 1) & (is_lost == 1)
    shown = is_won + 10 * is_lost
    problems = problems + more + problems_at(blank, shown, field, "SM-RES-02", "be given in every row")
    rule = f"not be won and lost at once, by {names[0]} and {names[1]}"
    problems += [
        attrs.evolve(p, values=["both"] * len(p.rows)) for p in problems_at(both, shown, field, "SM-RES-04", rule)
    ]
    codes = np.where(is_won == 1, 1, np.where(is_lost == 1, 2, 0))
    return _outcomes(np.where(bad | blank | both, -1, codes)), problems


def outcome_from_chances(
    closed: Raw, chances: ProbabilityColumn, field: str = "outcome", name: str = "closed"
) -> tuple[LabelColumn, list[Problem]]:
    """Return the outcomes of what is closed by its probability: 1 is won, 0 is lost; what is not closed is open.

    Parameters
    ----------
    closed : numpy.ndarray, Coded or Texts
        The flag.
    chances : ProbabilityColumn
        The probabilities.
    field : str, default: "outcome"
        The field, for problems.
    name : str, default: "closed"
        What the flag is called, for problems.

    Returns
    -------
    column : LabelColumn
        Levels are exactly ``OUTCOMES``; bad rows are missing.
    problems : list of Problem
        Rows without a flag, and closed rows whose probability is neither.

    Examples
    --------
    >>> chances = ProbabilityColumn(np.array([200_000, 1_000_000, 0], dtype=np.int32))
    >>> outcome_from_chances(np.array([0, 1, 1]), chances)[0].user().tolist()
    ['open', 'won', 'lost']
    """
    is_closed, problems = flag(closed, name)
    bad = _bad(problems, len(is_closed))
    blank = ~bad & (is_closed < 0)
    problems = problems + problems_at(blank, is_closed, field, "SM-RES-02", "be given in every row")
    unsure = (is_closed == 1) & (chances.ppm != PPM) & (chances.ppm != 0)
    rule = f"follow from a probability of 1 or 0 where {name} is true"
    hint = "say what the stages mean: outcomes={'stage id': 'won', ...}."
    problems += problems_at(unsure, chances.user(), field, "SM-RES-05", rule, hint)
    codes = np.where(is_closed == 1, np.where(chances.ppm == PPM, 1, 2), 0)
    return _outcomes(np.where(bad | blank | unsure, -1, codes)), problems


def _bad(problems: list[Problem], rows: int) -> BoolArray:
    """Return the rows of which there is a problem already."""
    bad = np.zeros(rows, dtype=bool)
    for problem in problems:
        bad[slice(None) if problem.whole else problem.rows] = True
    return bad
