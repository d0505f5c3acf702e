"""A source of columns by name, whatever holds them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Literal, TypeAlias

import attrs
import numpy as np

from salesmetrics._threads import side_by_side, thread_count
from salesmetrics.arrays import AnyArray, IntArray
from salesmetrics.convert import Coded, Pieces, Problem, Raw, Texts
from salesmetrics.convert.raw import MISSING, TEXT, WHOLE, kinds_of
from salesmetrics.errors import InvalidDataError, InvalidTypeError, MissingColumnError, nearest, show

__all__ = ["Role", "Source", "checked_names", "objects_array"]

Role: TypeAlias = Literal["label", "money", "day", "probability", "key", "flag", "text"]
"""What a column is wanted for."""


@attrs.frozen(eq=False)
class Source:
    """Columns by name, read when asked for.

    Attributes
    ----------
    kind : str
        What holds the columns: ``"pandas"``, ``"polars"``, ``"pyarrow"``, ``"mapping"``, ``"csv"`` and so on.
    names : list of str
        The columns, in order.
    rows : int
        Number of rows.
    lines : numpy.ndarray of int64 or None
        Physical line of each row, for text.
    problems : tuple of Problem
        Warnings about the source as a whole.
    notes : tuple of str
        What was found out about the source, such as its delimiter.
    """

    kind: str
    names: list[str]
    rows: int
    _fetch: Callable[[str, Role], Raw] = attrs.field(repr=False)
    lines: IntArray | None = None
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()
    apart: bool = False
    """Whether columns can be read at one time on several threads."""
    _pieces: Callable[[str], Pieces | None] | None = attrs.field(default=None, repr=False)
    _known: frozenset[str] = attrs.field(
        init=False, repr=False, default=attrs.Factory(lambda self: frozenset(self.names), takes_self=True)
    )
    _ahead: dict[tuple[str, Role], Raw] = attrs.field(factory=dict, repr=False)

    def raw(self, name: str, role: Role) -> Raw:
        """Return a column in the form that suits what it is wanted for.

        Parameters
        ----------
        name : str
            The column.
        role : str
            What it is wanted for.

        Returns
        -------
        Raw
            An array or one of the digested forms.

        Raises
        ------
        MissingColumnError
            If there is no such column.
        """
        if name not in self._known:
            raise MissingColumnError(
                f"the source must have the column {show(name)}; got {', '.join(map(show, self.names[:20]))}.",
                code="SM-SRC-01",
                column=name,
                values=[name],
                hint=nearest(name, self.names),
            )
        ahead = self._ahead.pop((name, role), None)
        return self._fetch(name, role) if ahead is None else ahead

    def ahead(self, wanted: Sequence[tuple[str, Role]]) -> None:
        """Read columns side by side where the source can, each for the call of `raw` that is about to ask for it.

        Parameters
        ----------
        wanted : sequence of tuple
            Names of columns, which must be there, and what each is wanted for.
        """
        if not self.apart or len(wanted) < 2 or thread_count(self.rows * 4) < 2:
            return

        def read(one: tuple[str, Role]) -> Raw | None:
            try:
                return self._fetch(*one)
            except Exception:  # which is raised once more, in its turn, when the column is asked for
                return None

        found = side_by_side(read, wanted, self.rows)
        self._ahead.update({one: raw for one, raw in zip(wanted, found, strict=True) if raw is not None})

    def pieces(self, name: str) -> Pieces | None:
        """Return a column of floats that is read while it is converted; None for any that the source does not give so."""
        return None if self._pieces is None else self._pieces(name)

    def can_label(self, name: str) -> bool:
        """Return whether a column can serve as a label: all its values are texts, or all are whole numbers.

        A column that can is kept for the next call of `raw`, which is about to ask for it.

        Parameters
        ----------
        name : str
            The column.

        Returns
        -------
        bool
            True where it can.
        """
        raw = self.raw(name, "label")
        if not _labels(raw):
            return False
        self._ahead[name, "label"] = raw
        return True


def _labels(raw: Raw) -> bool:
    """Return whether the values of a column are labels."""
    if isinstance(raw, Texts):
        return True
    values = raw.labels if isinstance(raw, Coded) else raw
    if not isinstance(values, np.ndarray):
        return False
    if values.dtype.kind != "O":
        return values.dtype.kind in "iuUT"
    kinds = set(kinds_of(values).tolist()) - {MISSING}
    return kinds <= {TEXT} or kinds <= {WHOLE}


def objects_array(values: Iterable[object]) -> AnyArray:
    """Return objects as a one-dimensional array, whatever they are.

    Parameters
    ----------
    values : iterable
        The objects.

    Returns
    -------
    numpy.ndarray of object
        One cell for each.
    """
    listed = values if isinstance(values, (list, tuple)) else list(values)
    return np.fromiter(listed, dtype=object, count=len(listed))


def checked_names(names: Sequence[object]) -> list[str]:
    """Return column names, which must be texts and differ.

    Parameters
    ----------
    names : sequence
        The names.

    Returns
    -------
    list of str
        The names.

    Raises
    ------
    InvalidTypeError
        If a name is no text.
    InvalidDataError
        If a name stands twice.
    """
    wrong = [name for name in names if not isinstance(name, str)]
    if wrong:
        raise InvalidTypeError(
            f"the names of columns must be texts; got {show(wrong[0])}.",
            code="SM-SRC-04",
            values=wrong,
            hint="name them, such as frame.columns = ['id', 'amount'].",
        )
    texts = [str(name) for name in names]
    if len(set(texts)) < len(texts):
        name = next(name for name, often in Counter(texts).items() if often > 1)
        positions = [position for position, other in enumerate(texts) if other == name]
        if len(positions) > 1:
            raise InvalidDataError(
                f"the names of columns must differ; got {show(name)} at positions {show(positions)}.",
                code="SM-SRC-02",
                column=name,
                values=positions,
                hint="rename or drop all but one of them.",
            )
    return texts
