"""ARR-26: one deal id in several rows, refused or the last of them by a column of times."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest

import salesmetrics as sm

ROWS: dict[str, Any] = {
    "id": ["A", "B", "A", "C", "A", "B"],
    "amount": [10, 20, 11, 30, 12, 21],
    "outcome": ["open"] * 6,
    "updated": [
        *("2026-01-05T10:00:00Z", "2026-01-06T00:00:00Z", "2026-01-05T10:00:01Z"),
        *("2026-01-01T00:00:00Z", "2026-01-04T23:59:59Z", "2026-01-07T00:00:00Z"),
    ],
}


def written(rows: dict[str, Any]) -> io.StringIO:
    """Return rows as CSV."""
    lines = [",".join(rows), *(",".join(map(str, line)) for line in zip(*rows.values(), strict=True))]
    return io.StringIO("\n".join(lines) + "\n")


@pytest.mark.parametrize("kind", ["mapping", "csv", "pandas", "polars", "pyarrow"])
def test_the_last_row_of_an_id_is_kept(kind: str) -> None:
    """The row written last counts, to the second; the others are left out and counted, in every container."""
    source: Any = ROWS
    if kind == "csv":
        source = written(ROWS)
    elif kind != "mapping":
        library = pytest.importorskip(kind)
        source = library.table(ROWS) if kind == "pyarrow" else library.DataFrame(ROWS)
    book = sm.read_deals(source, duplicates="last", columns={"id": "id"})
    assert dict(zip(book["id"].tolist(), book["amount"].tolist(), strict=True)) == {"A": 11.0, "C": 30.0, "B": 21.0}
    assert "updated" not in book.names
    assert [record["row"] for record in book.rejects] == [0, 1, 4]
    assert "3 x SM-KEY-12" in repr(book)


def test_without_the_option_doubled_ids_are_refused() -> None:
    """A column of times alone changes nothing."""
    with pytest.raises(sm.InvalidDataError, match="`id` must be different in every row; got 5 of 6 rows") as caught:
        sm.read_deals(ROWS)
    assert caught.value.code == "SM-KEY-04"


def test_days_do_and_another_name_does() -> None:
    """The column may hold days, and bear any name that the map says."""
    rows = {**ROWS, "Changed": np.array(["2026-01-05", "2026-01-06", "2026-01-09"] * 2, dtype="datetime64[D]")}
    rows["Changed"][4:] = np.datetime64("2026-01-01")
    del rows["updated"]
    book = sm.read_deals(rows, {"updated": "Changed"}, duplicates="last")
    assert sorted(book["amount"].tolist()) == [11.0, 20.0, 30.0]


def test_rows_that_nothing_tells_apart_stay_refused() -> None:
    """Equal times, or none, do not say which row is the last."""
    same = {**ROWS, "updated": [*ROWS["updated"][:5], ROWS["updated"][1]]}
    with pytest.raises(sm.InvalidDataError, match="got 2 of 6 rows") as caught:
        sm.read_deals(same, duplicates="last")
    assert caught.value.code == "SM-KEY-04"
    assert caught.value.rows.tolist() == [1, 5]
    assert "`updated` is the same" in str(caught.value.hint)
    blank = {**ROWS, "updated": [None, *ROWS["updated"][1:]]}
    assert len(sm.read_deals(blank, duplicates="last")) == 3
    nothing = {name: values[:3] for name, values in ROWS.items()} | {"updated": [None, "2026-01-06", None]}
    with pytest.raises(sm.InvalidDataError, match="got 2 of 3 rows"):
        sm.read_deals(nothing, duplicates="last")
    dropped = sm.read_deals(same, duplicates="last", on_error="drop")
    assert sorted(dropped["id"].tolist()) == ["A", "C"]


def test_what_cannot_be_done_is_refused() -> None:
    """Without the column nothing says which row is the last, and no other rule is known."""
    bare = {name: values for name, values in ROWS.items() if name != "updated"}
    with pytest.raises(sm.MissingColumnError, match="`updated` must be a column of the source") as caught:
        sm.read_deals(bare, duplicates="last")
    assert caught.value.code == "SM-SRC-20"
    with pytest.raises(sm.InvalidArgumentError, match="`duplicates` must be"):
        sm.read_deals(ROWS, duplicates="first")  # type: ignore[arg-type]
    assert len(sm.read_deals({**ROWS, "id": list("ABCDEF")}, duplicates="last")) == 6
