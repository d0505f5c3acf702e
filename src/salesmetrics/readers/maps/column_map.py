"""The map of one table of a source: plain data, our name to the source's column, and what its values mean."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Literal

import attrs

from salesmetrics._check import Rebuilt
from salesmetrics.errors import InvalidArgumentError, InvalidTypeError, escape, nearest, show

__all__ = ["ColumnMap", "Timing"]

Timing = bool | Literal["clock"] | None
"""Whether a column holds instants (True), days (False), days with a time of day of the business, or nobody said."""

DAYS = (
    "created",
    "expected_close",
    "closed",
    "close_date",
    "won_date",
    "lost_date",
    "date",
    "due",
    "completed",
    "start",
    "end",
)
ID_LENGTHS = (15, 18)
_CLOCK = "day with a clock time"


def _frozen(mapping: Mapping[Any, Any] | None) -> Mapping[Any, Any]:
    return MappingProxyType(dict(mapping or {}))


def _frozen_or_none(mapping: Mapping[Any, str] | None) -> Mapping[Any, str] | None:
    return None if mapping is None else _frozen(mapping)


def _names(names: Iterable[str]) -> frozenset[str]:
    return frozenset(names)


def _texts(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(texts)


@attrs.frozen(eq=False, repr=False)
class ColumnMap(Rebuilt, Mapping[str, str]):
    """Where a table of a source keeps what the library asks for, and what stands there.

    A map of a system is the map of its deals and knows those of its other tables: ``SALESFORCE.quotas``, ``SALESFORCE.reps``.
    Every reader takes the table that it reads, so one map serves them all.

    Parameters
    ----------
    columns : mapping of str to str
        Our name to the source's column. ``close_date`` is the expected day while a deal is open and the day it was
        decided after; ``won_date`` and ``lost_date`` are the days of deals that were won and lost.
    title : str, optional
        What the table is called, such as ``"Salesforce, Opportunity"``.
    table : str, optional
        What reads it: ``"deals"``, ``"quotas"``, ``"reps"``, ``"stages"``, ``"splits"``, ``"activities"``, ``"history"``.
    outcomes : mapping, optional
        What the words of the outcome column mean.
    flags : mapping of str to str, optional
        Columns from which the outcome is made: ``closed`` and ``won``, or ``won`` and ``lost``; ``closed`` alone where the
        probability tells won (1) from lost (0).
    probability_scale, share_scale : float, default: 1
        What certainty, or the whole of a deal, is written as: 1 for fractions, 100 for percent.
    instants : iterable of str, optional
        Which of our columns hold instants, of UTC where they say no zone: their day is that of the business zone. Where such a
        column holds nothing but midnights of no zone, it holds days all the same.
    days : iterable of str, optional
        Which hold days: midnights, of UTC where they say a zone; no zone moves them.
    clocks : iterable of str, optional
        Which hold days with a time that is the clock of the business already: the time is cut off.
    inclusive : iterable of str, optional
        Which hold the last day itself where we mean the day after it.
    left_out : mapping of str to bool or str, optional
        Columns of the source and the value that marks rows which do not count: ``{"IsDeleted": True}``. Such rows are left out
        under every ``on_error`` and counted.
    merged : str, optional
        Column of the source that lists the ids of deals merged into the row's, which are left out too.
    only : mapping of str to str, optional
        Our column to the first characters of the ids that belong there; others count as missing.
    ids : iterable of str, optional
        Which of our columns hold ids of the system's records.
    id_length : {None, 15, 18}
        The form in which ids of Salesforce are held; as they come in by default. Better asked for by `with_ids`.
    spellings : mapping of str to iterable of str, optional
        Other names of a source's column, for where the first is not there.
    prefixes : iterable of str, optional
        What may stand before every name of a column.
    as_text : bool, default: False
        Whether ids and labels are texts whatever the container made of them, so that a file and a frame give one book.
    whole_periods : bool, default: False
        Whether a quota is for the whole period that holds its start.
    tables : mapping of str to ColumnMap, optional
        The other tables of the system.

    Examples
    --------
    >>> from salesmetrics.readers import maps
    >>> maps.MAVEN["rep"], maps.MAVEN.outcomes["Engaging"]
    ('sales_agent', 'open')
    >>> (maps.SALESFORCE | {"segment": "Segment__c"})["segment"]
    'Segment__c'
    >>> maps.MAVEN.reps
    <ColumnMap of reps: Maven Analytics, sales_teams.csv
      id       sales_agent
      manager  manager
      region   regional_office>
    """

    columns: Mapping[str, str] = attrs.field(converter=_frozen)
    outcomes: Mapping[Any, str] | None = attrs.field(default=None, converter=_frozen_or_none)
    probability_scale: float = 1
    instants: frozenset[str] = attrs.field(default=frozenset(), converter=_names)
    flags: Mapping[str, str] = attrs.field(default=None, converter=_frozen)
    title: str = attrs.field(default="", kw_only=True)
    table: str = attrs.field(default="", kw_only=True)
    share_scale: float = attrs.field(default=1, kw_only=True)
    days: frozenset[str] = attrs.field(default=frozenset(), converter=_names, kw_only=True)
    clocks: frozenset[str] = attrs.field(default=frozenset(), converter=_names, kw_only=True)
    inclusive: frozenset[str] = attrs.field(default=frozenset(), converter=_names, kw_only=True)
    left_out: Mapping[str, bool | str] = attrs.field(default=None, converter=_frozen, kw_only=True)
    merged: str | None = attrs.field(default=None, kw_only=True)
    only: Mapping[str, str] = attrs.field(default=None, converter=_frozen, kw_only=True)
    ids: frozenset[str] = attrs.field(default=frozenset(), converter=_names, kw_only=True)
    id_length: int | None = attrs.field(default=None, kw_only=True)
    spellings: Mapping[str, tuple[str, ...]] = attrs.field(default=None, converter=_frozen, kw_only=True)
    prefixes: tuple[str, ...] = attrs.field(default=(), converter=_texts, kw_only=True)
    as_text: bool = attrs.field(default=False, kw_only=True)
    whole_periods: bool = attrs.field(default=False, kw_only=True)
    tables: Mapping[str, ColumnMap] = attrs.field(default=None, converter=_frozen, kw_only=True)

    # --- a mapping -------------------------------------------------------------------------------------------------------

    def __getitem__(self, name: str) -> str:
        """Return the source's column of one of ours."""
        return self.columns[name]

    def __iter__(self) -> Iterator[str]:
        """Return our columns, in order."""
        return iter(self.columns)

    def __len__(self) -> int:
        """Return how many columns are mapped."""
        return len(self.columns)

    def __getattr__(self, name: str) -> ColumnMap:
        """Return the map of another table of the system."""
        if name == "tables" or name.startswith("_"):
            raise AttributeError(name)
        tables = self.tables
        if name in tables:
            return tables[name]
        if name == self.table:
            return self
        raise AttributeError(
            f"{self.title or 'the map'} has no {name!r}: {nearest(name, [self.table, *tables])}", name=name, obj=None
        )

    def __dir__(self) -> list[str]:
        """Return the names, those of the other tables of the system among them."""
        return sorted({*super().__dir__(), *self.tables})

    def __or__(self, more: object) -> ColumnMap:
        """Return the map with further columns, as `with_columns`."""
        if not isinstance(more, Mapping):
            return NotImplemented
        return self.with_columns(more)

    # --- other maps of it ------------------------------------------------------------------------------------------------

    def with_columns(
        self, more: Mapping[str, str], *, instants: Iterable[str] = (), days: Iterable[str] = ()
    ) -> ColumnMap:
        """Return the map with further columns; one that is mapped anew loses what was known of the old column.

        Parameters
        ----------
        more : mapping of str to str
            Our name, or any name for a label, to the source's column: ``{"segment": "Segment__c"}``.
        instants, days : iterable of str
            Which of them hold instants, and which days. Where nothing is said, a column of nothing but midnights without a
            zone holds days, any other instants.

        Returns
        -------
        ColumnMap
            A new map; this one is as it was.
        """
        pairs: object = more
        if not isinstance(pairs, Mapping) or not all(isinstance(name, str) for pair in pairs.items() for name in pair):
            raise InvalidTypeError(
                f"`more` must map our names to the source's; got {show(more)}.",
                code="SM-ARG-40",
                field="more",
                values=[more],
                hint="{'segment': 'Segment__c'}.",
            )
        said = frozenset(instants), frozenset(days)
        return attrs.evolve(
            self,
            columns={**self.columns, **more},
            instants=(self.instants - set(more)) | said[0],
            days=(self.days - set(more)) | said[1],
            clocks=self.clocks - set(more),
            inclusive=self.inclusive - set(more),
            ids=self.ids - set(more),
            only={ours: start for ours, start in self.only.items() if ours not in more},
            spellings={ours: other for ours, other in self.spellings.items() if ours not in more},
        )

    def without(self, *names: str) -> ColumnMap:
        """Return the map without some of our columns."""
        for name in names:
            if name not in self.columns:
                raise InvalidArgumentError(
                    f"`names` must be columns of the map; got {show(name)}.",
                    code="SM-MAP-02",
                    field="names",
                    values=[name],
                    hint=nearest(name, self.columns),
                )
        return attrs.evolve(self, columns={ours: theirs for ours, theirs in self.items() if ours not in names})

    def keeping(self, *columns: str) -> ColumnMap:
        """Return the map that does not leave rows out by these columns of the source; without any, by none."""
        for column in columns:
            if column not in self.left_out:
                raise InvalidArgumentError(
                    f"`columns` must be columns by which rows are left out; got {show(column)}.",
                    code="SM-MAP-03",
                    field="columns",
                    values=[column],
                    hint=nearest(column, self.left_out),
                )
        kept = {name: value for name, value in self.left_out.items() if columns and name not in columns}
        return attrs.evolve(self, left_out=kept)

    def with_ids(self, length: Literal[15, 18] | None) -> ColumnMap:
        """Return the map, and those of its other tables, that holds ids of Salesforce with 15 or 18 characters.

        The three further characters are a checksum of the case of the first 15. Reports give 15, the API gives 18; case counts.
        """
        if length is not None and length not in ID_LENGTHS:
            raise InvalidArgumentError(
                f"`length` must be 15 or 18, the characters of an id of Salesforce; got {show(length)}.",
                code="SM-MAP-04",
                field="length",
                values=[length],
            )
        tables = {name: attrs.evolve(table, id_length=length) for name, table in self.tables.items()}
        return attrs.evolve(self, id_length=length, tables=tables)

    def of(self, table: str) -> ColumnMap:
        """Return the map of a kind of table: this one, or that of the same system.

        Parameters
        ----------
        table : str
            What is read, such as ``"quotas"``.

        Returns
        -------
        ColumnMap
            The map.

        Raises
        ------
        InvalidArgumentError
            If the system has no such table, or none whose columns are known.
        """
        if self.table in ("", table):
            return self
        if table in self.tables and self.tables[table].table == table:
            return self.tables[table]
        known = sorted({self.table, *self.tables})
        raise InvalidArgumentError(
            f"`columns` must be a map of {table}; got that of {self.title or self.table}, which knows {', '.join(known)}.",
            code="SM-MAP-01",
            field="columns",
            values=[self.title],
            hint="a mapping of your own says which column is which: columns={'rep': 'Owner', ...}.",
        )

    # --- what is known of a column ---------------------------------------------------------------------------------------

    def timing(self, field: str) -> Timing:
        """Return whether one of our columns holds instants (True), days (False), days with a clock time, or None: not said."""
        if field in self.clocks:
            return "clock"
        return True if field in self.instants else False if field in self.days else None

    def spelled(self, field: str) -> tuple[str, ...]:
        """Return every name that the source's column of a field may have, the first first."""
        names = (self.columns[field], *self.spellings.get(field, ()))
        return tuple(dict.fromkeys([*names, *(start + name for start in self.prefixes for name in names)]))

    def __repr__(self) -> str:
        """Return the map as a small table."""
        rows = [(ours, theirs, self._about(ours)) for ours, theirs in self.columns.items()]
        if self.flags and "outcome" not in self.columns:
            rows.append(("outcome", ", ".join(self.flags.values()), f"by {' and '.join(self.flags)}"))
        rows += [("left out", name, f"where it is {_said(value)}") for name, value in self.left_out.items()]
        if self.merged is not None:
            rows.append(("left out", self.merged, "ids that were merged into the row's"))
        wide, wider = (max((len(row[at]) for row in rows), default=0) for at in (0, 1))
        head = f"<ColumnMap of {self.table or 'columns'}" + (f": {self.title}" if self.title else "")
        lines = [f"  {ours:{wide}}  {theirs:{wider}}  {about}".rstrip() for ours, theirs, about in rows]
        if self.tables:
            lines.append(f"  other tables: {', '.join(self.tables)}")
        return escape_lines([head, *lines]) + ">"

    def _about(self, field: str) -> str:
        """Return what is known of a column, in a few words."""
        timing = self.timing(field)
        about = [] if timing is None else [_CLOCK if timing == "clock" else "instant" if timing else "day"]
        if field in self.inclusive:
            about = [*about, "the last day itself"]
        if field in self.only:
            about = [*about, f"ids that begin with {self.only[field]}"]
        if field == "probability" and self.probability_scale != 1:
            about = [*about, f"of {self.probability_scale:g}"]
        if field == "share" and self.share_scale != 1:
            about = [*about, f"of {self.share_scale:g}"]
        if field in self.ids and self.id_length is not None:
            about = [*about, f"{self.id_length} characters"]
        if field == "outcome" and self.outcomes:
            about = [*about, ", ".join(f"{word} is {meant}" for word, meant in self.outcomes.items())]
        return ", ".join(about)


def _said(value: bool | str) -> str:
    return show(value) if isinstance(value, str) else str(value).lower()


def escape_lines(lines: Iterable[str]) -> str:
    """Return lines as one text in which nothing but their ends is a control character."""
    return "\n".join(escape(line) for line in lines)
