"""Domain objects as sources."""

from __future__ import annotations

import datetime as dt

import pytest

from salesmetrics.domain import Deal, ForecastCall, Quota, Rep
from salesmetrics.errors import InvalidTypeError
from salesmetrics.readers.objects import objects_source


def test_deals() -> None:
    """Fields become columns; further labels become columns of their own, None where a deal lacks one."""
    deals = [Deal("D-1", "ana", 10, labels={"segment": "SMB"}), Deal("D-2", "bo", labels={"area": 7})]
    source = objects_source(iter(deals), Deal)
    assert source.rows == 2
    assert source.names[:3] == ["id", "rep", "amount"]
    assert source.names[-2:] == ["area", "segment"]
    assert {name: list(source.raw(name, "label")) for name in ("id", "amount", "area", "segment")} == {  # type: ignore[arg-type]
        "id": ["D-1", "D-2"],
        "amount": [10, None],
        "area": [None, 7],
        "segment": ["SMB", None],
    }


def test_calls() -> None:
    """A period becomes its first day and the first day after it."""
    source = objects_source([ForecastCall("ana", ("2026-02-01", "2026-05-01"), "2026-02-03", 5)], ForecastCall)  # type: ignore[arg-type]
    assert source.names == ["rep", "start", "end", "given", "amount", "category"]
    assert list(source.raw("end", "day")) == [dt.date(2026, 5, 1)]  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", [Deal, Quota, Rep, ForecastCall])
def test_no_objects(kind: type) -> None:
    """No objects are a source without rows that has the columns of its class."""
    source = objects_source([], kind)
    assert source.rows == 0
    assert "labels" not in source.names
    assert "period" not in source.names
    assert all(len(source.raw(name, "label")) == 0 for name in source.names)


def test_other_class() -> None:
    """An object of another class is refused with its row."""
    with pytest.raises(InvalidTypeError, match=r"must hold Deal objects; got Rep\(.* in row 1") as caught:
        objects_source([Deal("D-1"), Rep("ana")], Deal)
    assert (caught.value.code, caught.value.row) == ("SM-SRC-15", 1)
