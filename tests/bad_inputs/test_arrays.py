"""ARR: columns as lists and numpy arrays of every kind."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import pytest

import salesmetrics as sm
from salesmetrics.columns import DayColumn, LabelColumn
from salesmetrics.convert import Coded, label
from salesmetrics.domain import OUTCOMES
from tests.bad_inputs.harness import ALL, OBJECTS, TYPED, Case, check, each, refused, row

NAN = float("nan")
Q1 = sm.Period("2026-01-01", "2026-04-01")
SENTINELS = ("9999-12-31", "2999-12-31", "1900-01-01")
COUNTS = (
    (20240131, "yyyymmdd"),
    (1706659200, "Unix seconds"),
    (1706659200000, "Unix milliseconds"),
    (45322, "Excel serials"),
)

CASES = [
    Case("ARR-3", {"amount": [None, 1.5]}, gives=lambda b: np.isnan(b["amount"]).tolist() == [True, False]),
    Case("ARR-3", {"amount": [NAN, 1.5]}, gives=lambda b: np.isnan(b["amount"]).tolist() == [True, False], carriers=TYPED),
    Case("ARR-4", {"id": ["a", "b"], "amount": [1.5, "x"]}, "SM-AMT-07", "amount", 1, "x", "give numbers", carriers=OBJECTS),
    Case("ARR-4", {"id": ["a", "b"], "amount": ["1.5", "x"]}, "SM-AMT-18", "amount", 1, "x", "plain ASCII digits", carriers=("csv",)),
    Case("ARR-13", {"amount": ["$1,234.50"]}, "SM-AMT-06", "amount", value="$1,234.50", hint="money_format=", whole=True, carriers=TYPED),
    Case("ARR-13", {"amount": ["$1,234.50"]}, "SM-AMT-18", "amount", 0, "$1,234.50", "money_format=", carriers=("csv",)),
    Case("ARR-13", {"amount": ["$1,234.50"]}, gives=lambda b: b["amount"].tolist() == [1234.5], options={"money_format": "1,234.56", "currency": "USD"}),
    *(Case("ARR-14", {"amount": ["5", text]}, "SM-AMT-18", "amount", 1, text, options={"money_format": "1234.56"}) for text in ("1_000", "１２３", "nan", "Infinity")),
    *(Case("ARR-14", {"id": ["a", "b"], "amount": ["5", text]}, "SM-AMT-18", "amount", 1, text, "ASCII", carriers=("csv",)) for text in ("1_000", "１２３", "nan", "Infinity")),
    Case("ARR-16", {"created": [None, "2026-01-01"]}, gives=lambda b: np.isnat(b["created"]).tolist() == [True, False]),
    Case("ARR-16", {"rep": ["a"], "start": [None], "end": ["2026-04-01"], "amount": [1]}, "SM-DAY-16", "start", 0, reader=sm.read_quotas, carriers=("lists", "arrays", "csv", "pandas")),
    *(Case("ARR-17", {"created": ["2026-01-01", day]}, "SM-DAY-06", "created", 1, day, "sentinels=") for day in SENTINELS),
    *(Case("ARR-17", {"created": ["2026-01-01", day]}, gives=lambda b: np.isnat(b["created"]).tolist() == [False, True], options={"sentinels": [day]}) for day in SENTINELS),
    *(Case("ARR-18", {"created": ["2026-01-01", day]}, "SM-DAY-05", "created", 1, day) for day in ("0204-01-01", "2204-01-01")),
    Case("ARR-18", {"created": ["2026-01-01", "20240-01-01"]}, "SM-DAY-08", "created", 1, "20240-01-01"),
    Case("ARR-19", {"created": ["2026-01-01", "2026"]}, "SM-DAY-08", "created", 1, "2026"),
    *(Case("ARR-20", {"created": [count]}, "SM-DAY-07", "created", value=count, hint=looks, whole=True, carriers=TYPED) for count, looks in COUNTS),
    Case("ARR-20", {"created": [45322]}, gives=lambda b: str(b["created"][0]) == "2024-01-31", options={"date_format": "excel"}),
    Case("ARR-21", {"created": ["2024-01-01T00:00+02:00"]}, "SM-DAY-04", "created", 0, "2024-01-01T00:00+02:00", "zone="),
    Case("ARR-21", {"created": ["2024-01-01T00:00+02:00"]}, gives=lambda b: str(b["created"][0]) == "2024-01-01", options={"zone": "Africa/Cairo"}),
    Case("ARR-22", {"rep": [10**12, 5]}, gives=lambda b: b["rep"].tolist() == [10**12, 5], carriers=TYPED),
    Case("ARR-26", {"id": ["a", "b", "a"]}, "SM-KEY-04", "id", 0, "a", "one row for each id"),
    Case("ARR-27", {"id": [1.0, 9007199254740994.0]}, "SM-KEY-06", "id", 1, 9007199254740994.0, "texts", carriers=TYPED),
    Case("ARR-27", {"id": [1.0, 2.0]}, warns="`id` must not be floats", gives=lambda b: b["id"].tolist() == [1, 2], carriers=TYPED),
    Case("ARR-29", {"amount": [1, [3]]}, "SM-AMT-07", "amount", 1, [3], carriers=OBJECTS),
]  # fmt: skip


@each(CASES)
def test_columns(case: Case, carrier: str) -> None:
    """Each row in every container that can carry it."""
    check(case, carrier)


ARRAYS: list[tuple[str, str, Any, str, type[sm.SalesMetricsError], int | None, str | None]] = [
    ("ARR-2", "amount", np.zeros((2, 1)), "SM-ARR-02", sm.InvalidDataError, None, "ravel"),
    ("ARR-2", "amount", np.array(3), "SM-ARR-02", sm.InvalidDataError, None, "ravel"),
    ("ARR-6", "amount", np.array([1, 2**63], dtype=np.uint64), "SM-AMT-03", sm.InvalidDataError, 1, None),
    ("ARR-9", "amount", np.array([1, np.longdouble("1e400")]), "SM-AMT-03", sm.InvalidDataError, 1, None),
    ("ARR-13", "amount", np.array(["$1,234.50"]), "SM-AMT-06", sm.InvalidDataError, None, "money_format"),
    ("ARR-18", "created", np.array(["2026-01-01", "20240-01-01"], dtype="M8[D]"), "SM-DAY-05", sm.InvalidDataError, 1, None),
    ("ARR-19", "created", np.array(["2026"], dtype="M8[Y]"), "SM-DAY-14", sm.InvalidDataError, None, "which day"),
    ("ARR-28", "id", {"a"}, "SM-ARR-28", sm.InvalidTypeError, None, "no order"),
]  # fmt: skip


@row(*{case[0] for case in ARRAYS})
@pytest.mark.parametrize(("field", "values", "code", "kind", "at", "hint"), [case[1:] for case in ARRAYS])
def test_arrays(
    field: str, values: Any, code: str, kind: type[sm.SalesMetricsError], at: int | None, hint: str | None
) -> None:
    """Kinds of arrays that no other container has."""
    before = repr(values)
    error = refused(lambda: sm.read_deals({f"My {field}": values}, {field: f"My {field}"}), kind)
    assert type(error) is kind
    assert (error.code, error.row) == (code, at)
    assert error.column in (f"My {field}", None)
    assert field in (error.field or "") or f"My {field}" in str(error)
    assert hint is None or hint in error.hint
    assert repr(values) == before


@row("ARR-1")
def test_columns_of_unequal_length() -> None:
    """All lengths are told."""
    error = refused(lambda: sm.read_deals({"id": ["a"], "amount": np.array([1, 2])}))
    assert (error.code, error.row, error.values) == ("SM-ARR-01", None, [1, 2])
    assert "'id': 1, 'amount': 2" in str(error)


@row("ARR-5", "ARR-6")
def test_narrow_numbers() -> None:
    """They are what they hold, exactly; single floats above 131,072 may have lost their cents before."""
    with pytest.warns(sm.SalesMetricsWarning, match="finer than a minor unit.*got 1 of 2 rows"):
        book = sm.read_deals({"amount": np.array([131073.0, 16777.25], dtype=np.float32)})
    assert book["amount"].tolist() == [131073.0, 16777.25]
    assert sm.read_deals({"amount": np.array([131071.0], dtype=np.float32)}).notes == ()
    for kind in ("uint8", "int8", "uint16", "uint64", ">i4"):
        assert sm.read_deals({"amount": np.array([1, 2], dtype=kind)})["amount"].tolist() == [1.0, 2.0]


@row("ARR-7", "ARR-8")
def test_products_and_sums_never_wrap() -> None:
    """Amounts in a narrow type are widened before they are multiplied; a total past int64 is refused with its group."""
    book = sm.read_deals({"amount": np.array([70000 * 700, 2**31 - 1], dtype=np.int32)}, scale=4)
    assert book["amount"].tolist() == [49_000_000.0, 2147483647.0]
    most = Decimal(2**53 - 1) / 100
    deals = {"id": np.arange(3000), "amount": [most] * 3000, "closed": ["2026-01-05"] * 3000, "outcome": ["won"] * 3000}
    error = refused(lambda: sm.deal_size(sm.read_deals(deals), period=Q1))
    assert error.code == "SM-AMT-09"
    assert "group 'all'" in str(error)


@row("ARR-10", "ARR-11", "ARR-12")
def test_arrays_of_other_makes(tmp_path: Any) -> None:
    """Read-only and memory-mapped arrays work, masks mean missing, structured arrays go by the names of their fields."""
    locked = np.array([1.0, 2.0])
    locked.setflags(write=False)
    assert sm.read_deals({"amount": locked})["amount"].tolist() == [1.0, 2.0]
    mapped = np.memmap(tmp_path / "amounts", dtype=np.float64, mode="w+", shape=2)
    mapped[:] = [3, 4]
    assert sm.read_deals({"amount": mapped})["amount"].tolist() == [3.0, 4.0]
    masked = np.ma.array([1.0, 999.0], mask=[False, True])
    assert np.isnan(sm.read_deals({"amount": masked})["amount"]).tolist() == [False, True]
    assert masked.data.tolist() == [1.0, 999.0]
    table = np.array([("a", 1.5)], dtype=[("id", "U3"), ("amount", "f8")])
    assert sm.read_deals(table)["amount"].tolist() == [1.5]
    error = refused(lambda: sm.read_deals(np.zeros(3)), sm.InvalidTypeError)
    assert (error.code, error.field) == ("SM-ARR-12", "source")
    assert "name its columns" in error.hint


@row("ARR-15")
def test_flags_are_zero_and_one() -> None:
    """Two is no flag; 0 and 1 are."""
    columns = {
        "Id": ["a", "b"],
        "StageName": ["x", "x"],
        "IsClosed": [1, 1],
        "IsWon": [1, 2],
        "CloseDate": ["2026-01-01"] * 2,
    }
    error = refused(lambda: sm.read_deals(columns, sm.maps.SALESFORCE))
    assert (error.code, error.field, error.row, error.value) == ("SM-FLG-02", "IsWon", 1, 2)
    assert sm.read_deals({**columns, "IsWon": [1, 0]}, sm.maps.SALESFORCE)["outcome"].tolist() == ["won", "lost"]
    for bad in (-1, 0.5):
        assert refused(lambda bad=bad: sm.read_deals({**columns, "IsWon": [1, bad]}, sm.maps.SALESFORCE)).value == bad


@row("ARR-19")
def test_years_and_the_empty_date() -> None:
    """An empty datetime64 is missing; a year says no day."""
    assert np.isnat(sm.read_deals({"created": np.array([np.datetime64("")])})["created"]).all()
    assert refused(lambda: sm.read_deals({"created": [np.datetime64("2026")]})).code == "SM-DAY-05"


@row("ARR-23", "ARR-24")
def test_codes() -> None:
    """A negative code is missing; one beyond the labels is refused with its row."""
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"rep": pd.Categorical.from_codes([-1, 0], ["a"])})
    assert sm.read_deals(frame)["rep"].tolist() == [None, "a"]
    _, (problem,) = label(Coded(np.array([0, 5]), np.array(["a", "b"], dtype=object)), "rep")
    assert (problem.code, problem.rows.tolist(), problem.values, problem.whole) == ("SM-LAB-03", [1], [5], False)


@row("ARR-25")
def test_rows_are_counted_in_64_bits() -> None:
    """Row numbers of problems are 64 bits wide, so that nothing turns negative past two billion rows."""
    error = refused(lambda: sm.read_deals({"amount": [-1]}))
    assert error.rows.dtype == np.int64


@row("ARR-25")
def test_more_rows_than_32_bits_count() -> None:
    """Two billion deals and a few more are counted, a block at a time: here all are one and the same, so they fit."""
    rows = 2**31 + 10

    def same(value: object, dtype: type) -> Any:
        return np.broadcast_to(np.array(value, dtype=dtype), (rows,))

    columns = {
        "outcome": LabelColumn(same(1, np.int8), tuple(OUTCOMES), ordered=True),
        "rep": LabelColumn(same(0, np.int8), ("Ana",)),
        "closed": DayColumn(same(20_000, np.int32)),
    }
    found = sm.win_rate(sm.DealBook(columns=columns, rows=rows), by="rep")["Ana"]
    assert (found.n, found.value, found.parts["won"]) == (rows, 1.0, rows)


@row("ARR-28")
def test_generators_are_read_once() -> None:
    """A generator is a column, and a source of objects."""
    assert sm.read_deals({"id": (name for name in "ab")})["id"].tolist() == ["a", "b"]
    assert sm.read_deals(sm.Deal(name) for name in "ab")["id"].tolist() == ["a", "b"]


class Raising:
    """Raises wherever numpy asks it for numbers."""

    def __array__(self, *asked: object) -> Any:
        raise RuntimeError("no array")

    def __float__(self) -> float:
        raise RuntimeError("no float")


@row("ARR-30")
def test_objects_that_raise() -> None:
    """What a class of the user's raises is the cause of our error, or never asked for."""
    error = refused(lambda: sm.read_deals({"amount": Raising()}), sm.InvalidDataError)
    assert (error.code, error.column) == ("SM-ARR-30", "amount")
    assert isinstance(error.__cause__, RuntimeError)
    error = refused(lambda: sm.read_deals({"amount": [1, Raising()]}))
    assert (error.code, error.row) == ("SM-AMT-07", 1)


def test_all_containers_are_asked() -> None:
    """The cases go through every container."""
    assert {carrier for case in CASES for carrier in case.carriers} == set(ALL)
