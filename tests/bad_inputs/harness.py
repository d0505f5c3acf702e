"""One table of bad inputs, run through every container that can carry them.

A case says what goes in and what must come out: an error with class, code, column, row, value and hint, or a defined value, a
conversion or a warning. Columns are given to the reader under other names than ours, so that the error must name the user's.
"""

from __future__ import annotations

import copy
import csv
import io
import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import attrs
import numpy as np
import pytest

import salesmetrics as sm

__all__ = ["ALL", "COVERED", "OBJECTS", "TYPED", "Case", "check", "each", "held", "refused", "row"]

ALL = ("lists", "arrays", "csv", "parquet", "pandas", "polars", "pyarrow", "duckdb")
"""Containers of texts and numbers alike."""
TYPED = tuple(name for name in ALL if name != "csv")
"""Containers that know numbers from texts."""
OBJECTS = ("lists", "arrays", "pandas")
"""Containers that hold any object."""

COVERED: set[str] = set()
"""Rows of the catalogue that have a test."""

F = TypeVar("F", bound=Callable[..., None])


def row(*ids: str) -> Callable[[F], F]:
    """Mark a test as that of rows of the catalogue."""
    COVERED.update(ids)
    return lambda function: function


@attrs.frozen
class Case:
    """Rows and columns, and what must become of them."""

    id: str
    columns: Mapping[str, Sequence[Any]]
    code: str | None = None
    field: str | None = None
    row: int | None = None
    value: Any = None
    hint: str | None = None
    kind: type[sm.SalesMetricsError] = sm.InvalidDataError
    gives: Callable[[Any], object] | None = None
    warns: str | None = None
    options: Mapping[str, Any] = attrs.field(factory=dict)
    carriers: tuple[str, ...] = ALL
    reader: Callable[..., Any] = sm.read_deals
    whole: bool = False


def each(cases: Sequence[Case]) -> Any:
    """Return the parametrisation of cases by container."""
    COVERED.update(case.id for case in cases)
    pairs = [(case, carrier) for case in cases for carrier in case.carriers]
    ids = [f"{case.id}-{at}-{carrier}" for at, case in enumerate(cases) for carrier in case.carriers]
    return pytest.mark.parametrize(("case", "carrier"), pairs, ids=ids)


def check(case: Case, carrier: str) -> None:
    """Assert what must become of a case in a container, and that the container is as it was."""
    theirs = {f"My {name}": values for name, values in case.columns.items()}
    source = held(theirs, carrier)
    before = _copied(source, carrier)
    asked = dict(case.options)
    given = dict(zip(case.columns, theirs, strict=True))

    def read(on_error: str = "raise") -> Any:
        return case.reader(
            held(theirs, carrier) if carrier in ("csv", "parquet") else source, given, on_error=on_error, **asked
        )

    if case.code is None:
        with warnings.catch_warnings(record=True) as heard:
            warnings.simplefilter("always")
            book = read()
        said = "; ".join(str(warning.message) for warning in heard)
        assert (case.warns in said) if case.warns else not said
        assert len(heard) <= 1
        assert case.warns is None or any(case.warns in note for note in book.notes)
        if case.gives is not None:
            assert case.gives(book)
    else:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", sm.SalesMetricsWarning)
            error = refused(read, case.kind)
            _as_told(case, error)
            if not case.whole:
                _left_out(case, read)
    assert _same(source, before, carrier)


def _as_told(case: Case, error: Any) -> None:
    """Assert class, code, field, column, row, value and hint of an error."""
    assert type(error) is case.kind
    assert error.code == case.code
    assert str(error).startswith(f"[{case.code}] ")
    if case.field is not None:
        assert error.field == case.field
        if not case.whole:
            assert error.column == f"My {case.field}"
            assert repr(error.column) in str(error)
    assert error.row == case.row
    if case.value is not None:
        assert alike(error.value, case.value), (error.value, case.value)
    if case.hint is not None:
        assert error.hint is not None
        assert case.hint in error.hint
    assert "\x1b" not in str(error)


def _left_out(case: Case, read: Callable[..., Any]) -> None:
    """Assert that the same rows are collected, and left out and counted, where they can be."""
    collected = refused(lambda: read("collect"), case.kind)
    assert collected.code == "SM-BOK-20"
    records = collected.to_records()
    assert (case.code, case.row) in {(record["code"], record["row"]) for record in records}
    book = read("drop")
    assert repr(list(book.rejects)) == repr(records)
    assert f"x {case.code}" in repr(book)


def refused(call: Callable[[], Any], kind: type[sm.SalesMetricsError] = sm.InvalidDataError) -> Any:
    """Return the error of a call."""
    with pytest.raises(kind) as caught:
        call()
    return caught.value


def alike(found: Any, wanted: Any) -> bool:
    """Tell whether a value is the wanted one, whatever its container made of it."""
    if isinstance(wanted, float) and math.isnan(wanted):
        return str(found).lower() == "nan"
    try:
        if found == wanted:
            return True
    except (TypeError, ValueError):
        pass
    return str(found).removesuffix(".0").removesuffix("T00:00:00.000000000") == str(wanted).removesuffix(".0")


def held(columns: Mapping[str, Sequence[Any]], carrier: str) -> Any:
    """Return columns in a container."""
    if carrier == "lists":
        return {name: list(values) for name, values in columns.items()}
    if carrier == "arrays":
        return {name: _array(values) for name, values in columns.items()}
    if carrier == "csv":
        text = io.StringIO(newline="")
        writer = csv.writer(text)
        writer.writerow(columns)
        writer.writerows(
            ["" if cell is None else cell for cell in line] for line in zip(*columns.values(), strict=True)
        )
        return io.StringIO(text.getvalue(), newline="")
    if carrier == "pandas":
        return pytest.importorskip("pandas").DataFrame({name: list(values) for name, values in columns.items()})
    if carrier == "polars":
        return pytest.importorskip("polars").DataFrame({name: list(values) for name, values in columns.items()})
    arrow = pytest.importorskip("pyarrow")
    table = arrow.table({name: list(values) for name, values in columns.items()})
    if carrier == "pyarrow":
        return table
    if carrier == "parquet":
        file = io.BytesIO()
        pytest.importorskip("pyarrow.parquet").write_table(table, file)
        file.seek(0)
        return file
    return pytest.importorskip("duckdb").connect().from_arrow(table)


def _array(values: Sequence[Any]) -> Any:
    kinds = {type(value) for value in values}
    if len(kinds) == 1 and kinds <= {int, float, bool}:
        return np.array(values)
    return np.fromiter(values, dtype=object, count=len(values))


def _copied(source: Any, carrier: str) -> Any:
    return source.read(0) if carrier in ("csv", "parquet") else None if carrier == "duckdb" else copy.deepcopy(source)


def _same(source: Any, before: Any, carrier: str) -> bool:
    if carrier in ("csv", "parquet"):
        return not source.closed
    if carrier == "duckdb":
        return True
    if carrier == "pyarrow":
        return repr(source.to_pydict()) == repr(before.to_pydict())
    if carrier in ("pandas", "polars"):
        return bool(source.equals(before))
    return repr({n: list(v) for n, v in source.items()}) == repr({n: list(v) for n, v in before.items()})
