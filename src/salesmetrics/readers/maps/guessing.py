"""Which map fits a source: a proposal that says why, never a silent choice."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import attrs

from salesmetrics.errors import InvalidTypeError, escape, nearest, show
from salesmetrics.readers.maps.column_map import ColumnMap, escape_lines
from salesmetrics.readers.maps.fivetran import FIVETRAN_HUBSPOT, FIVETRAN_SALESFORCE
from salesmetrics.readers.maps.hubspot import HUBSPOT, HUBSPOT_EXPORT
from salesmetrics.readers.maps.maven import MAVEN
from salesmetrics.readers.maps.pipedrive import PIPEDRIVE, PIPEDRIVE_EXPORT, PIPEDRIVE_V1
from salesmetrics.readers.maps.salesforce import SALESFORCE, SALESFORCE_REPORT

__all__ = ["Guess", "fit", "guess", "named_maps", "present"]

_SYSTEMS = {
    "FIVETRAN_HUBSPOT": FIVETRAN_HUBSPOT,
    "FIVETRAN_SALESFORCE": FIVETRAN_SALESFORCE,
    "HUBSPOT": HUBSPOT,
    "HUBSPOT_EXPORT": HUBSPOT_EXPORT,
    "MAVEN": MAVEN,
    "PIPEDRIVE": PIPEDRIVE,
    "PIPEDRIVE_EXPORT": PIPEDRIVE_EXPORT,
    "PIPEDRIVE_V1": PIPEDRIVE_V1,
    "SALESFORCE": SALESFORCE,
    "SALESFORCE_REPORT": SALESFORCE_REPORT,
}
_LEAST = 0.5
_ALIKE = 0.05
_COMPARED = 200
_OTHER_CASE = 0.8
_ESSENTIAL = {"quotas": ("rep", "amount"), "splits": ("deal", "rep"), "history": ("deal", "date")}
"""Columns without which a table is hardly the one a map is for."""


@attrs.frozen(eq=False, repr=False)
class Guess:
    """A proposal for the map of a source, and the reasons for it.

    Attributes
    ----------
    name : str or None
        What the map is called, such as ``"SALESFORCE"`` or ``"SALESFORCE.quotas"``; None where none fits.
    map : ColumnMap or None
        The map, for ``columns=`` of a reader; None where none fits.
    score : float
        Share of the map's columns that the source has, from 0 to 1.
    fitting : mapping of str to str
        Our columns that the source has, and its name for each.
    missing : mapping of str to str
        Our columns whose column the source lacks, and that column.
    ties : tuple of str
        Other maps that fit as well, or nearly.
    reasons : tuple of str
        All of this in sentences.
    """

    name: str | None
    map: ColumnMap | None
    score: float
    fitting: Mapping[str, str]
    missing: Mapping[str, str]
    ties: tuple[str, ...]
    reasons: tuple[str, ...]

    def __repr__(self) -> str:
        """Return the proposal and its reasons."""
        head = "<Guess: no map fits" if self.name is None else f"<Guess: sm.maps.{self.name}, score {self.score:.2f}"
        return escape_lines([head, *(f"  {reason}" for reason in self.reasons)]) + ">"


def named_maps() -> dict[str, ColumnMap]:
    """Return every map that is known, by the name under `salesmetrics.maps`."""
    found = dict(_SYSTEMS)
    for name, system in _SYSTEMS.items():
        found |= {f"{name}.{table}": shape for table, shape in system.tables.items()}
    return found


def fit(shape: ColumnMap, names: Iterable[str] | Folded) -> dict[str, str]:
    """Return our columns of a map that a source has, and its name for each: as spelled, else whatever the case."""
    there = names if isinstance(names, Folded) else Folded(names)
    found = {ours: there.present(shape.spelled(ours)) for ours in shape}
    return {ours: name for ours, name in found.items() if name is not None}


def present(spelled: Sequence[str], names: Iterable[str]) -> str | None:
    """Return the source's name among those that one column may have: as spelled, else the only one in another case."""
    return Folded(names).present(spelled)


class Folded:
    """The names of a source, to be found in any case."""

    def __init__(self, names: Iterable[str]) -> None:
        self.names: frozenset[str] = frozenset(names)
        self._folded: dict[str, list[str]] = {}
        for name in self.names:
            self._folded.setdefault(_folded(name), []).append(name)

    def present(self, spelled: Sequence[str]) -> str | None:
        """Return the name among those that one column may have: as spelled, else the only one in another case."""
        exact = next((name for name in spelled if name in self.names), None)
        if exact is not None:
            return exact
        alike = (self._folded.get(_folded(name), []) for name in spelled)
        return next((found[0] for found in alike if len(found) == 1), None)


def _folded(name: str) -> str:
    return " ".join(name.split()).casefold()


def guess(columns: Iterable[str], table: str | None = None) -> Guess:
    """Proposal for the map of a source, with its reasons, from the names of its columns.

    Nothing is read by it: it is a proposal to look at and to hand to a reader.

    Parameters
    ----------
    columns : iterable of str
        Names of the source's columns, such as ``frame.columns``.
    table : str, optional
        What the source is, such as ``"deals"`` or ``"quotas"``; any by default.

    Returns
    -------
    Guess
        The map of which the source has most columns, what fits, what is missing with the nearest names, and which other
        maps fit as well; no map where the source has less than half of the columns of any.

    Raises
    ------
    InvalidTypeError
        If ``columns`` are no names.

    Examples
    --------
    >>> found = guess(["opportunity_id", "sales_agent", "product", "deal_stage", "engage_date", "close_date", "close_value"])
    >>> found.name, found.missing
    ('MAVEN', {'account': 'account'})
    >>> guess(["x", "y"]).map is None
    True
    """
    given: object = columns
    listed: list[object] = list(given) if isinstance(given, Iterable) and not isinstance(given, str) else [None]
    names = [name for name in listed if isinstance(name, str)]
    if len(names) < len(listed):
        raise InvalidTypeError(
            f"`columns` must be the names of columns; got {show(columns)}.",
            code="SM-MAP-05",
            field="columns",
            values=[columns],
            hint="guess(frame.columns), or guess of the first line of a file, cut at its commas.",
        )
    tables = {n: shape for n, shape in named_maps().items() if table is None or shape.table == table}
    there = Folded(names)
    scored = sorted(((_score(shape, there), name) for name, shape in tables.items()), key=_order)
    if not scored or scored[0][0] < _LEAST:
        return Guess(None, None, scored[0][0] if scored else 0.0, {}, {}, (), tuple(_no_map(scored, names)))
    best, name = scored[0]
    shape = tables[name]
    fitting = fit(shape, there)
    missing = {ours: theirs for ours, theirs in shape.items() if ours not in fitting}
    ties = tuple(other for score, other in scored[1:] if best - score <= _ALIKE)
    return Guess(name, shape, best, fitting, missing, ties, tuple(_reasons(shape, names, fitting, missing, ties)))


def _order(scored: tuple[float, str]) -> tuple[float, str]:
    return -scored[0], scored[1]


def _score(shape: ColumnMap, there: Folded) -> float:
    """Return the share of a map's columns that a source has; a name in another case counts for a little less."""
    found = fit(shape, there)
    marks = [*shape.flags.values(), *shape.left_out]
    total = sum(1.0 if name in shape.spelled(ours) else _OTHER_CASE for ours, name in found.items())
    # marks are columns too, which a partial export may lack: they raise a score and never lower it
    known = sum(mark in there.names for mark in marks)
    share = (total + known) / (len(shape) + known) if len(shape) else 0.0
    lacking = any(field in shape and field not in found for field in _ESSENTIAL.get(shape.table, ()))
    return share / 2 if lacking else share


def _reasons(
    shape: ColumnMap, names: list[str], fitting: Mapping[str, str], missing: Mapping[str, str], ties: tuple[str, ...]
) -> Iterable[str]:
    """Return why a map is proposed, in sentences."""
    yield f"{len(fitting)} of the {len(shape)} columns of {shape.title} are there: {', '.join(map(escape, fitting.values()))}."
    others = sorted(set(names) - set(fitting.values()))[:_COMPARED]
    for ours, theirs in list(missing.items())[:5]:
        close = nearest(theirs, others)
        way = f" ({close})" if close and close.startswith("did you mean") else ""
        yield f"no {show(theirs)} for {ours}{way}."
    if len(missing) > 5:
        yield f"nor {', '.join(show(theirs) for theirs in list(missing.values())[5:])}."
    if ties:
        yield f"a tie: {', '.join(f'sm.maps.{other}' for other in ties)} fits as well or nearly; choose by the file's origin."


def _no_map(scored: list[tuple[float, str]], names: list[str]) -> Iterable[str]:
    """Return why no map is proposed, in sentences."""
    near = ", ".join(f"sm.maps.{name} ({score:.2f})" for score, name in scored[:3])
    yield f"no map has half of its columns here; nearest: {near}."
    yield f"columns: {', '.join(escape(show(name)) for name in names[:12])}{', …' if len(names) > 12 else ''}."
    yield "say which column is which: columns={'rep': 'Owner', 'amount': 'Value', ...}."
