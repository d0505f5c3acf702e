"""Raw columns to columns: what is taken, what is refused, in what words."""

from __future__ import annotations

import datetime as dt
import random
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesmetrics.columns import KeyColumn
from salesmetrics.convert import (
    Coded,
    Instants,
    Problem,
    Scaled,
    Texts,
    day,
    flag,
    key,
    label,
    money,
    outcome,
    outcome_from_flags,
    probability,
)
from salesmetrics.errors import InvalidArgumentError, InvalidDataError, InvalidTypeError


def objects(*values: object) -> np.ndarray[Any, Any]:
    return np.fromiter(values, dtype=object, count=len(values))


def texts(*values: str) -> Texts:
    return Texts(objects(*values))


def amount(raw: Any, **options: Any) -> tuple[Any, list[Problem]]:
    return money(raw, "amount", 2, **options)


def closed(raw: Any, **options: Any) -> tuple[Any, list[Problem]]:
    return day(raw, "closed", **options)


def names(raw: Any) -> tuple[Any, list[Problem]]:
    return label(raw, "rep")


def chances(raw: Any) -> tuple[Any, list[Problem]]:
    return probability(raw, "probability")


def ids(raw: Any) -> tuple[Any, list[Problem]]:
    return key(raw, "id")


def refusal(
    id: str,
    call: Callable[[], tuple[Any, list[Problem]]],
    code: str,
    rows: list[int],
    values: list[object],
    rule: str,
    hint: str | None,
) -> Any:
    return pytest.param(call, code, rows, values, rule, hint, id=f"{id}-{code}")


def numbered(cases: list[Any]) -> list[Any]:
    """Return parameter sets with a letter behind each name that stands more than once."""
    count = Counter(case.id for case in cases)
    seen: Counter[str] = Counter()
    named = []
    for case in cases:
        seen[case.id] += 1
        letter = chr(96 + seen[case.id]) if count[case.id] > 1 else ""
        named.append(case._replace(id=f"{case.id}{letter and '-'}{letter}"))
    return named


class Breaks:
    def __float__(self) -> float:
        raise RuntimeError("no")

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("no")

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return "Breaks()"


BREAKS = Breaks()
INF = float("inf")
NAT = np.datetime64("NaT")

ROWS = [
    refusal("DOM-2", lambda: amount(np.array([1.0, INF, -INF])), "SM-AMT-02", [1, 2], [INF, -INF], "finite", "empty"),
    refusal(
        "DOM-2",
        lambda: amount(objects(Decimal(1), Decimal("Infinity"))),
        "SM-AMT-02",
        [1],
        [Decimal("Infinity")],
        "finite",
        "empty",
    ),
    refusal("DOM-3", lambda: amount(np.array([1, -250])), "SM-AMT-05", [1], [-250], ">= 0", "allow_negative=True"),
    refusal("DOM-5", lambda: amount(objects(1, True)), "SM-AMT-07", [1], [True], "be a number", "Decimal"),
    refusal("DOM-7", lambda: amount(np.array([1.0, 1.005])), "SM-AMT-04", [1], [1.005], "2 decimals", "half_even"),
    refusal(
        "DOM-7",
        lambda: amount(objects(Decimal("1.001"))),
        "SM-AMT-04",
        [0],
        [Decimal("1.001")],
        "2 decimals",
        "half_even",
    ),
    refusal(
        "DOM-7",
        lambda: amount(Scaled(np.array([1001, 1000]), 3)),
        "SM-AMT-04",
        [0],
        [Decimal("1.001")],
        "2 decimals",
        "half_even",
    ),
    refusal("DOM-7", lambda: amount(texts("1.001", "1.0000")), "SM-AMT-04", [0], ["1.001"], "2 decimals", "half_even"),
    refusal(
        "DOM-8",
        lambda: amount(objects(Decimal("1E+2000000"))),
        "SM-AMT-03",
        [0],
        [Decimal("1E+2000000")],
        "at most 9007199254740991 minor units",
        None,
    ),
    refusal("DOM-9", lambda: amount(np.array([1e300])), "SM-AMT-03", [0], [1e300], "at most", None),
    refusal("DOM-9", lambda: amount(np.array([2**60])), "SM-AMT-03", [0], [2**60], "at most", None),
    refusal("DOM-9", lambda: amount(objects(1.5, 10**30)), "SM-AMT-03", [1], [10**30], "at most", None),
    refusal(
        "DOM-9",
        lambda: amount(Scaled(np.array([2**62]), 2)),
        "SM-AMT-03",
        [0],
        [Decimal(2**62).scaleb(-2)],
        "at most",
        None,
    ),
    refusal(
        "DOM-16",
        lambda: probability(np.array([0.5, 1.2, -0.1]), "p"),
        "SM-PRB-02",
        [1, 2],
        [1.2, -0.1],
        "lie in [0, 1]",
        None,
    ),
    refusal(
        "DOM-16",
        lambda: probability(np.array([20, 90]), "p"),
        "SM-PRB-02",
        [0, 1],
        [20, 90],
        "lie in [0, 1]",
        "percent?",
    ),
    refusal(
        "DOM-16",
        lambda: probability(np.array([20, 1000]), "p", scale=100),
        "SM-PRB-02",
        [1],
        [1000],
        "lie in [0, 100]",
        None,
    ),
    refusal("DOM-16", lambda: probability(np.array([INF]), "p"), "SM-PRB-02", [0], [INF], "lie in [0, 1]", None),
    refusal(
        "DOM-19",
        lambda: key(objects("a", "", " ", None), "id"),
        "SM-KEY-02",
        [1, 2, 3],
        ["", " ", None],
        "given and not blank",
        None,
    ),
    refusal("DOM-20", lambda: key(objects("a", "a\0"), "id"), "SM-KEY-03", [1], ["a\0"], "control", None),
    refusal("ARR-4", lambda: label(objects("Ana", 1.5, "Bo"), "rep"), "SM-LAB-02", [1], [1.5], "all texts", "texts"),
    refusal("ARR-4", lambda: label(objects(1, 2, "x"), "rep"), "SM-LAB-02", [2], ["x"], "all texts", "whole numbers"),
    refusal("ARR-4", lambda: label(objects("a", True), "rep"), "SM-LAB-02", [1], [True], "all texts", "texts"),
    refusal("ARR-4", lambda: amount(objects(1.5, "12")), "SM-AMT-07", [1], ["12"], "be a number", "Decimal"),
    refusal(
        "ARR-9",
        lambda: amount(np.array([np.longdouble("1e400")])),
        "SM-AMT-03",
        [0],
        [np.longdouble("1e400")],
        "at most",
        None,
    ),
    refusal(
        "ARR-14",
        lambda: amount(texts("1_000", "１２３", "nan", "Infinity", "1e3", "1,5", " 1", "+-1", ".", "$1")),
        "SM-AMT-18",
        list(range(10)),
        ["1_000", "１２３", "nan", "Infinity", "1e3", "1,5", " 1", "+-1", ".", "$1"],
        "plain decimal",
        "ASCII digits",
    ),
    refusal(
        "ARR-14", lambda: probability(texts("0.5", "20%"), "p"), "SM-PRB-04", [1], ["20%"], "plain decimal", "0.25"
    ),
    refusal(
        "ARR-15", lambda: flag(np.array([0, 1, 2, -1]), "won"), "SM-FLG-02", [2, 3], [2, -1], "true or false", None
    ),
    refusal(
        "ARR-15", lambda: flag(texts("true", "FALSE", "maybe"), "won"), "SM-FLG-02", [2], ["maybe"], "true or", None
    ),
    refusal(
        "ARR-17",
        lambda: closed(np.array(["2024-01-02", "9999-12-31", "1900-01-01"], "M8[D]")),
        "SM-DAY-06",
        [1, 2],
        [np.datetime64("9999-12-31"), np.datetime64("1900-01-01")],
        "sentinel",
        "sentinels=",
    ),
    refusal(
        "ARR-18",
        lambda: closed(objects(dt.date(204, 1, 1), dt.date(2024, 1, 1), dt.date(2204, 1, 1))),
        "SM-DAY-05",
        [0, 2],
        [dt.date(204, 1, 1), dt.date(2204, 1, 1)],
        "1970-01-01 to 2100-01-01",
        None,
    ),
    refusal(
        "ARR-18",
        lambda: closed(np.array(["20240-01-01"], "M8[s]")),
        "SM-DAY-05",
        [0],
        [np.datetime64("20240-01-01", "s")],
        "1970-01-01 to",
        None,
    ),
    refusal(
        "ARR-18",
        lambda: closed(np.array(["2077-01-02"], "M8[D]"), as_of="2027-01-01"),
        "SM-DAY-05",
        [0],
        [np.datetime64("2077-01-02")],
        "2077-01-01",
        None,
    ),
    refusal(
        "ARR-21",
        lambda: closed(objects("2024-01-01T00:00+02:00")),
        "SM-DAY-04",
        [0],
        ["2024-01-01T00:00+02:00"],
        "day and not an instant",
        "zone=",
    ),
    refusal(
        "ARR-24",
        lambda: label(Coded(np.array([0, 3, -1]), objects("a", "b")), "rep"),
        "SM-LAB-03",
        [1],
        [3],
        "below the number",
        "2 labels",
    ),
    refusal(
        "ARR-26", lambda: key(objects("a", "b", "a"), "id"), "SM-KEY-04", [0, 2], ["a", "a"], "different", "one row"
    ),
    refusal(
        "ARR-26", lambda: key(np.array([7, 8, 7, 7]), "id"), "SM-KEY-04", [0, 2, 3], [7, 7, 7], "different", "one row"
    ),
    refusal(
        "ARR-27", lambda: key(np.array([2.0**53 + 2, 1.0]), "id"), "SM-KEY-06", [0], [2.0**53 + 2], "2**53", "texts"
    ),
    refusal("ARR-27", lambda: label(np.array([1.0, 1.5, np.nan]), "rep"), "SM-LAB-04", [1], [1.5], "whole", "texts"),
    refusal(
        "ARR-29", lambda: label(objects("a", [1, 2], "b"), "rep"), "SM-LAB-02", [1], [[1, 2]], "all texts", "texts"
    ),
    refusal("ARR-30", lambda: amount(objects(1.0, BREAKS)), "SM-AMT-07", [1], [BREAKS], "be a number", "Decimal"),
    refusal("ARR-30", lambda: label(objects("a", BREAKS), "rep"), "SM-LAB-02", [1], [BREAKS], "all texts", "texts"),
    refusal(
        "FRM-10",
        lambda: closed(objects(dt.date(2024, 1, 1), "2024-01-02", dt.date(2024, 1, 3))),
        "SM-DAY-09",
        [1],
        ["2024-01-02"],
        "all dates or all texts",
        "dates",
    ),
    refusal(
        "DOM-15",
        lambda: closed(objects(dt.datetime(2024, 1, 1), dt.datetime(2024, 1, 1, 9))),
        "SM-DAY-04",
        [1],
        [dt.datetime(2024, 1, 1, 9)],
        "day and not an instant",
        "zone=",
    ),
    refusal(
        "FRM-9",
        lambda: closed(Instants(np.array(["2024-01-01"], "M8[us]"))),
        "SM-DAY-04",
        [0],
        [np.datetime64("2024-01-01", "us")],
        "day and not an instant",
        "zone=",
    ),
    refusal(
        "TXT-1",
        lambda: closed(texts("01/02/2024", "")),
        "SM-DAY-08",
        [0],
        ["01/02/2024"],
        "YYYY-MM-DD",
        "'%d/%m/%Y' and '%m/%d/%Y'",
    ),
    refusal(
        "TXT-1",
        lambda: closed(texts("01/02/2024", "13/02/2024")),
        "SM-DAY-08",
        [0, 1],
        ["01/02/2024", "13/02/2024"],
        "YYYY-MM-DD",
        "fits '%d/%m/%Y':",
    ),
    refusal(
        "TXT-1",
        lambda: closed(texts("2024-02-30", "2024-W01-1", "２０２４-01-01", "soon")),
        "SM-DAY-08",
        [0, 1, 2, 3],
        ["2024-02-30", "2024-W01-1", "２０２４-01-01", "soon"],
        "YYYY-MM-DD",
        "date_format=",
    ),
    refusal(
        "TXT-1",
        lambda: closed(texts("1.2.2024", "x"), date_format="%d.%m.%Y"),
        "SM-DAY-08",
        [1],
        ["x"],
        "'%d.%m.%Y'",
        None,
    ),
    refusal(
        "TXT-16",
        lambda: amount(texts("1", "#N/A", "#DIV/0!")),
        "SM-TXT-16",
        [1, 2],
        ["#N/A", "#DIV/0!"],
        "#DIV/0!, #N/A",
        "spreadsheet",
    ),
    refusal("TXT-16", lambda: label(texts("Ana", "#REF!"), "rep"), "SM-TXT-16", [1], ["#REF!"], "#REF!", "spreadsheet"),
    refusal(
        "TXT-16",
        lambda: closed(texts("2024-01-01", "#VALUE!")),
        "SM-TXT-16",
        [1],
        ["#VALUE!"],
        "#VALUE!",
        "spreadsheet",
    ),
    refusal("TXT-16", lambda: key(texts("a", "#NAME?"), "id"), "SM-TXT-16", [1], ["#NAME?"], "#NAME?", "spreadsheet"),
    refusal("TXT-16", lambda: probability(texts("1", "#NUM!"), "p"), "SM-TXT-16", [1], ["#NUM!"], "#NUM!", "spread"),
    refusal(
        "TXT-17",
        lambda: amount(texts("1" * 28 + "x", "1" * 41)),
        "SM-AMT-18",
        [0, 1],
        ["1" * 28 + "x", "1" * 41],
        "plain decimal",
        "ASCII",
    ),
    refusal(
        "STG-1",
        lambda: outcome(objects("Won", "open", None), "outcome"),
        "SM-RES-01",
        [0],
        ["Won"],
        "means an outcome",
        "did you mean 'won'",
    ),
    refusal("RES", lambda: outcome(objects("won", None), "outcome"), "SM-RES-02", [1], [None], "every row", "blanks"),
    refusal(
        "RES",
        lambda: outcome_from_flags(objects(True, False), objects(False, True)),
        "SM-RES-03",
        [1],
        ["closed=0, won=1"],
        "be closed where it is won",
        None,
    ),
]


@pytest.mark.parametrize(("call", "code", "rows", "values", "rule", "hint"), numbered(ROWS))
def test_bad_row(
    call: Callable[[], tuple[Any, list[Problem]]],
    code: str,
    rows: list[int],
    values: list[object],
    rule: str,
    hint: str | None,
) -> None:
    """A bad row is named with its code, its place and its value, and the way out where there is one."""
    column, problems = call()
    (problem,) = [problem for problem in problems if problem.code == code]
    assert problem.rows.tolist() == rows
    assert all(shown is value or shown == value for shown, value in zip(problem.values, values, strict=True))
    assert rule in problem.rule
    assert (problem.hint is None) == (hint is None)
    assert hint is None or hint in (problem.hint or "")
    assert not problem.whole
    assert not problem.warning
    if not isinstance(column, (np.ndarray, KeyColumn)):
        assert column.missing()[rows].all()


WHOLE = [
    refusal("DOM-5", lambda: amount(np.array([True])), "SM-AMT-01", [], [True], "hold numbers", "True and False"),
    refusal("DOM-6", lambda: amount(np.array([1j])), "SM-AMT-01", [], [1j], "hold numbers", "real part"),
    refusal(
        "ARR-13", lambda: amount(np.array(["$1,234.50"])), "SM-AMT-06", [], ["$1,234.50"], "hold numbers", "Decimal"
    ),
    refusal("ARR-13", lambda: amount(objects(None, "12")), "SM-AMT-06", [], ["12"], "hold numbers", "Decimal"),
    refusal(
        "ARR-19",
        lambda: closed(np.array(["2024"], "M8[Y]")),
        "SM-DAY-14",
        [],
        [np.datetime64("2024")],
        "unit W, D",
        "astype",
    ),
    refusal(
        "ARR-20", lambda: closed(np.array([20240131, 20231231])), "SM-DAY-07", [], [20240131], "not numbers", "'%Y%m%d'"
    ),
    refusal("ARR-20", lambda: closed(np.array([1706659200])), "SM-DAY-07", [], [1706659200], "not numbers", "'unix_s'"),
    refusal(
        "ARR-20",
        lambda: closed(np.array([1706659200000.0, np.nan])),
        "SM-DAY-07",
        [],
        [1706659200000.0],
        "not numbers",
        "'unix_ms'",
    ),
    refusal("ARR-20", lambda: closed(objects(45322, None)), "SM-DAY-07", [], [45322.0], "not numbers", "'excel'"),
    refusal("LAB", lambda: label(np.array([True, False]), "won"), "SM-LAB-01", [], [True], "all texts", "'yes'"),
    refusal("LAB", lambda: label(np.array([b"a"]), "rep"), "SM-LAB-01", [], [b"a"], "all texts", "decode"),
    refusal(
        "LAB",
        lambda: label(np.array(["2024-01-01"], "M8[D]"), "rep"),
        "SM-LAB-01",
        [],
        [np.datetime64("2024-01-01")],
        "all texts",
        "period",
    ),
    refusal("KEY", lambda: key(np.array([True]), "id"), "SM-KEY-01", [], [True], "all texts", "texts"),
    refusal("PRB", lambda: probability(np.array([True]), "p"), "SM-PRB-01", [], [True], "hold numbers", None),
    refusal(
        "DAY", lambda: closed(np.array([1], "m8[D]")), "SM-DAY-13", [], [np.timedelta64(1, "D")], "hold days", None
    ),
]


@pytest.mark.parametrize(("call", "code", "rows", "values", "rule", "hint"), numbered(WHOLE))
def test_bad_column(
    call: Callable[[], tuple[Any, list[Problem]]],
    code: str,
    rows: list[int],
    values: list[object],
    rule: str,
    hint: str | None,
) -> None:
    """A column of the wrong kind is a problem of the whole: leaving rows out cannot mend it."""
    _, problems = call()
    assert [(problem.code, problem.whole, problem.values) for problem in problems] == [(code, True, values)]
    assert rule in problems[0].rule
    assert hint is None or hint in (problems[0].hint or "")
    assert problems[0].rows.tolist() == rows


WARNINGS = [
    refusal(
        "ARR-5",
        lambda: amount(np.array([131073.25, 1.25], np.float32)),
        "SM-AMT-19",
        [0],
        [131073.25],
        "finer",
        "float64",
    ),
    refusal("ARR-5", lambda: amount(objects(np.float32(1.25))), "", [], [], "", None),
    refusal("ARR-27", lambda: key(np.array([1.0, 2.0]), "id"), "SM-KEY-07", [0, 1], [1.0, 2.0], "floats", "texts"),
    refusal("DOM-20", lambda: key(objects("a", "b "), "id"), "SM-KEY-08", [1], ["b "], "blank at an end", "strip"),
    refusal(
        "DOM-7",
        lambda: amount(np.array([1.0, 1.009]), rounding="half_even"),
        "SM-AMT-20",
        [1],
        [1.009],
        "2 decimals",
        "half_even",
    ),
    refusal(
        "DOM-7",
        lambda: amount(texts("1.0090", "1.010"), rounding="half_even"),
        "SM-AMT-20",
        [0],
        ["1.0090"],
        "2 decimals",
        "half_even",
    ),
    refusal(
        "TXT-4",
        lambda: key(objects("0065e00000AbCdE", "0065e00000abCdE", "x"), "id"),
        "SM-KEY-09",
        [0, 1],
        ["0065e00000AbCdE", "0065e00000abCdE"],
        "case",
        "spreadsheet",
    ),
    refusal(
        "TXT-15",
        lambda: label(objects("Zoë", "Zoe\u0308", "Bo"), "rep"),
        "SM-LAB-05",
        [0, 1],
        ["Zoë", "Zoe\u0308"],
        "look like",
        "kept apart",
    ),
    refusal(
        "TXT-15",
        lambda: label(objects("Ana", "An\u200ba", "Аna", "Ana "), "rep"),
        "SM-LAB-05",
        [0, 1, 2, 3],
        ["Ana", "An\u200ba", "Аna", "Ana "],
        "look like",
        "\\u200b",
    ),
]


@pytest.mark.parametrize(("call", "code", "rows", "values", "rule", "hint"), numbered(WARNINGS))
def test_warning(
    call: Callable[[], tuple[Any, list[Problem]]],
    code: str,
    rows: list[int],
    values: list[object],
    rule: str,
    hint: str | None,
) -> None:
    """What can be right and is often wrong is kept and told of."""
    column, problems = call()
    assert [(problem.code, problem.rows.tolist()) for problem in problems] == ([(code, rows)] if code else [])
    for problem in problems:
        assert problem.warning
        assert problem.values == values
        assert rule in problem.rule
        assert hint is not None
        assert hint in (problem.hint or "")
    assert not column.missing().any()


@pytest.mark.parametrize(
    ("raw", "minor"),
    numbered(
        [
            pytest.param(np.array([0.1 + 0.2, -0.0, 19.9]), [30, 0, 1990], id="DOM-4-DOM-7"),
            pytest.param(np.array([1234.56, 0.1], np.float32), [123456, 10], id="ARR-5"),
            pytest.param(np.array([1, 255], np.uint8), [100, 25500], id="ARR-6"),
            pytest.param(np.array([1, 2], np.uint64), [100, 200], id="ARR-6"),
            pytest.param(np.array([-3, 100], np.int8), [-300, 10000], id="int8"),
            pytest.param(
                objects(1, 2.5, Decimal("3.75"), np.float32(0.1), np.int16(4)), [100, 250, 375, 10, 400], id="mix"
            ),
            pytest.param(Scaled(np.array([125, -3]), 1), [1250, -30], id="FRM-6"),
            pytest.param(Scaled(np.array([12500, -3000]), 4), [125, -30], id="FRM-6"),
            pytest.param(Scaled(np.array([7]), -2), [70000], id="negative-scale"),
            pytest.param(
                texts("12", "-0.5", "+1.25", ".5", "3.", "-0.00", "1.5000"),
                [1200, -50, 125, 50, 300, 0, 150],
                id="ARR-14",
            ),
            pytest.param(np.array([1.5, 2.25], np.longdouble), [150, 225], id="ARR-9"),
            pytest.param(Coded(np.array([1, 0], np.int8), np.array([1.5, 2.0])), [200, 150], id="FRM-7"),
            pytest.param(np.array([90071992547409.91]), [2**53 - 1], id="limit"),
        ]
    ),
)
def test_exact_amounts(raw: Any, minor: list[int]) -> None:
    """Amounts of any kind become the same exact minor units."""
    column, problems = amount(raw, allow_negative=True)
    assert column.minor.tolist() == minor
    assert column.minor.dtype == np.int64
    assert column.known is None
    assert problems == []


@pytest.mark.parametrize(
    ("raw", "kind"),
    numbered(
        [
            pytest.param(np.array([np.nan, 1.0]), amount, id="ARR-3"),
            pytest.param(objects(None, 1.0), amount, id="ARR-3"),
            pytest.param(objects(Decimal("NaN"), Decimal(1)), amount, id="ARR-3"),
            pytest.param(np.ma.MaskedArray([7, 1], mask=[True, False]), amount, id="ARR-11"),
            pytest.param(Scaled(np.array([9, 1]), 2, np.array([True, False])), amount, id="FRM-6"),
            pytest.param(texts("", "1"), amount, id="TXT-2"),
            pytest.param(objects(None, "a"), names, id="ARR-3"),
            pytest.param(objects(float("nan"), 1), names, id="ARR-3"),
            pytest.param(np.array([-1, 1]), lambda raw: label(Coded(raw, objects("x", "y")), "rep"), id="ARR-23"),
            pytest.param(np.array([0, 1]), lambda raw: label(Coded(raw, objects(np.nan, "y")), "rep"), id="FRM-7"),
            pytest.param(np.array(["NaT", "2024-01-01"], "M8[ns]"), closed, id="ARR-16"),
            pytest.param(objects(NAT, dt.date(2024, 1, 1)), closed, id="ARR-16"),
            pytest.param(texts("", "2024-01-01"), closed, id="ARR-16"),
            pytest.param(np.array([np.nan, 0.5]), chances, id="ARR-3"),
            pytest.param(texts("", "0.5"), chances, id="TXT-2"),
            pytest.param(
                np.array(["9999-12-31", "2024-01-01"], "M8[us]"),
                lambda raw: closed(raw, sentinels=["9999-12-31"]),
                id="ARR-17",
            ),
        ]
    ),
)
def test_missing(raw: Any, kind: Callable[[Any], tuple[Any, list[Problem]]]) -> None:
    """A blank is missing, in whatever way its container writes it."""
    column, problems = kind(raw)
    assert column.missing().tolist() == [True, False]
    assert problems == []


@pytest.mark.parametrize(
    "raw", [np.full(3, np.nan), objects(None, None, None), np.array(["NaT"] * 3, "M8[D]")], ids=["nan", "none", "nat"]
)
@pytest.mark.parametrize("kind", [amount, closed, names, chances])
def test_nothing_known(raw: Any, kind: Callable[[Any], tuple[Any, list[Problem]]]) -> None:
    """A column that is blank throughout is a column of any kind."""
    column, problems = kind(raw)
    assert column.missing().all()
    assert len(column) == 3
    assert problems == []


@pytest.mark.parametrize(
    "raw", [np.empty(0), objects(), np.empty(0, "M8[s]"), texts(), np.empty(0, np.int8)], ids=list("fOMTi")
)
@pytest.mark.parametrize("kind", [amount, closed, names, chances, ids])
def test_no_rows(raw: Any, kind: Callable[[Any], tuple[Any, list[Problem]]]) -> None:
    """A column without rows is no problem."""
    column, problems = kind(raw)
    assert len(column) == 0
    assert problems == []


def test_labels_do_not_depend_on_row_order() -> None:
    """Labels are sorted; codes follow them and not the rows."""
    rows = ["Bo", "Ana", None, "Cy", "Ana"]
    column, _ = label(objects(*rows), "rep")
    assert column.levels == ("Ana", "Bo", "Cy")
    assert column.codes.tolist() == [1, 0, -1, 2, 0]
    assert column.codes.dtype == np.int8


def test_words_that_look_missing_are_names() -> None:
    """TXT-2: reps called NA, None, null or nan are reps."""
    column, problems = label(texts("NA", "None", "null", "nan", ""), "rep")
    assert column.user().tolist() == ["NA", "None", "null", "nan", None]
    assert problems == []


def test_equal_labels_become_one() -> None:
    """FRM-7: equal categories are merged, those no row uses are left out."""
    column, problems = label(Coded(np.array([0, 1, 2], np.int8), objects("b", "a", "b", "zz")), "rep")
    assert (column.levels, column.codes.tolist(), problems) == (("a", "b"), [1, 0, 1], [])


def test_bad_category_only_counts_where_a_row_has_it() -> None:
    """A category of another kind is a problem of the rows that have it."""
    raw = Coded(np.array([0, 2, 1, 2]), objects("a", "b", 3))
    _, problems = label(raw, "rep")
    assert [(p.code, p.rows.tolist(), p.values) for p in problems] == [("SM-LAB-02", [1, 3], [3, 3])]
    assert label(Coded(np.array([0, 1]), objects("a", "b", 3)), "rep")[1] == []


def test_large_codes_are_factorised() -> None:
    """ARR-22: a code of a million million takes no memory."""
    column, problems = label(np.array([10**12, -5, 10**12]), "rep")
    assert (column.levels, column.codes.tolist(), problems) == ((-5, 10**12), [1, 0, 1], [])
    assert label(np.array([2**64 - 1, 0], np.uint64), "rep")[0].levels == (0, 2**64 - 1)


@given(st.lists(st.one_of(st.none(), st.text(max_size=3)), max_size=30))
def test_labels_come_back(rows: list[str | None]) -> None:
    """What goes in as texts comes out as the same texts, the empty one as missing."""
    column, problems = label(objects(*rows), "rep")
    assert column.user().tolist() == [row or None for row in rows]
    assert list(column.levels) == sorted({row for row in rows if row})
    assert all(problem.warning for problem in problems)


@given(st.lists(st.integers(-(2**63), 2**63 - 1), max_size=30))
def test_whole_labels_come_back(rows: list[int]) -> None:
    """Whole numbers come out as they went in, from an array and from objects."""
    column, problems = label(np.array(rows, dtype=np.int64), "rep")
    assert column.user().tolist() == rows
    assert problems == []
    assert label(objects(*rows), "rep")[0].equals(column)


@given(st.lists(st.sampled_from(["a", "b", "c", "d", "e"]), max_size=12))
def test_doubled_keys(given_ids: list[str]) -> None:
    """Every row whose id another row has too is named, and no other."""
    _, problems = key(objects(*given_ids), "id")
    wanted = [row for row, one in enumerate(given_ids) if given_ids.count(one) > 1]
    assert [problem.rows.tolist() for problem in problems] == ([wanted] if wanted else [])


def test_keys_stay_as_they_are() -> None:
    """TXT-3: ids of a file are texts, whatever they look like."""
    column, problems = key(texts("00123", "1E5", "9" * 30), "id")
    assert column.user().tolist() == ["00123", "1E5", "9" * 30]
    assert problems == []
    assert key(np.array([3, 1], np.int16), "id")[0].user().dtype == np.int64


@pytest.mark.parametrize("unit", ["D", "h", "m", "s", "ms", "us", "ns", "25s", "W"])
def test_units_of_days(unit: str) -> None:
    """A7: the same days in any unit are the same days."""
    days = np.array(["1970-01-01", "2023-12-28", "NaT", "2099-12-31"], "M8[D]")
    days = days if unit != "W" else days.astype("M8[W]")
    column, problems = closed(days.astype(f"M8[{unit}]"))
    assert np.array_equal(column.user(), days.astype("M8[D]"), equal_nan=True)
    assert problems == []


@pytest.mark.parametrize("zone", ["America/New_York", "Australia/Lord_Howe", "America/St_Johns", "Asia/Gaza", "UTC"])
def test_zones(zone: str) -> None:
    """An instant becomes the day that the clock on the wall shows, also within an hour of a change."""
    chance, place = random.Random(7), ZoneInfo(zone)
    moments = [chance.randrange(0, 2**31) for _ in range(2000)]
    changes = [s for s in range(0, 2**31, 86_400 * 5) if _offset(s, place) != _offset(s + 86_400 * 5, place)]
    for first in changes[:80]:
        low, high = first, first + 86_400 * 5
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if _offset(middle, place) == _offset(first, place) else (low, middle)
        moments += [high - 3601, high - 1, high, high + 3599]
    wanted = [dt.datetime.fromtimestamp(s, place).date() for s in moments]
    column, problems = closed(np.array(moments, "M8[s]"), zone=zone, instant=True)
    late = [row for row, day in enumerate(wanted) if day < dt.date(1970, 1, 1)]
    assert [problem.rows.tolist() for problem in problems] == ([late] if late else [])
    assert [d for d in column.user().tolist() if d] == [d for d in wanted if d >= dt.date(1970, 1, 1)]


def _offset(second: int, zone: ZoneInfo) -> Any:
    return dt.datetime.fromtimestamp(second, zone).utcoffset()


def test_days_are_not_moved() -> None:
    """A column of midnights holds days and no zone moves it; one with a time of day holds instants of UTC."""
    days = np.array(["2024-07-01", "2024-07-02"], "M8[us]")
    assert closed(days, zone="America/New_York")[0].user().tolist() == [dt.date(2024, 7, 1), dt.date(2024, 7, 2)]
    moved, _ = closed(days, zone="America/New_York", instant=True)
    assert moved.user().tolist() == [dt.date(2024, 6, 30), dt.date(2024, 7, 1)]
    mixed = np.array(["2024-07-01T00:00", "2024-07-02T12:00"], "M8[m]")
    assert closed(mixed, zone="America/New_York")[0].user().tolist() == [dt.date(2024, 6, 30), dt.date(2024, 7, 2)]
    assert [problem.code for problem in closed(mixed, zone="UTC", instant=False)[1]] == ["SM-DAY-04"]


def test_ways_to_write_an_instant() -> None:
    """Instants as objects, texts and arrays fall on the same day of the business."""
    zone, wanted = "America/New_York", [dt.date(2024, 6, 30)]
    aware = dt.datetime(2024, 7, 1, 5, 30, tzinfo=dt.timezone(dt.timedelta(hours=2)))
    written = [
        "2024-07-01T03:30:00Z",
        "2024-07-01T03:30:00.000+0000",
        "2024-06-30 23:30:00-04:00",
        "2024-07-01 03:30:00 UTC",
        "2024-07-01 03:30:00",
    ]
    raws = [
        objects(aware),
        np.array(["2024-07-01T03:30"], "M8[ns]"),
        objects(np.datetime64("2024-07-01T03:30")),
        objects(dt.datetime(2024, 7, 1, 3, 30)),
        Instants(np.array(["2024-07-01T03:30"], "M8[ms]")),
        *(texts(text) for text in written),
    ]
    for raw in raws:
        column, problems = closed(raw, zone=zone)
        assert column.user().tolist() == wanted
        assert problems == []


@pytest.mark.parametrize(
    ("raw", "date_format"),
    [
        (np.array([20240131]), "%Y%m%d"),
        (np.array([1706659200]), "unix_s"),
        (np.array([1706659200000]), "unix_ms"),
        (texts("1706659200000"), "unix_ms"),
        (np.array([45322.0]), "excel"),
        (texts("31/01/2024"), "%d/%m/%Y"),
        (objects("31.01.24"), "%d.%m.%y"),
        (np.array(["2024-01-31"]), None),
    ],
    ids=["yyyymmdd", "unix_s", "unix_ms", "unix_ms-text", "excel", "slashes", "dots", "iso"],
)
def test_stated_formats(raw: Any, date_format: str | None) -> None:
    """Days in another form are read where the form is stated."""
    column, problems = closed(raw, date_format=date_format)
    assert column.user().tolist() == [dt.date(2024, 1, 31)]
    assert problems == []


def test_seconds_read_as_milliseconds() -> None:
    """Counted instants before 1990 are refused."""
    _, problems = closed(np.array([1706659200]), date_format="unix_ms")
    assert [(p.code, p.rows.tolist(), p.hint) for p in problems] == [
        ("SM-DAY-12", [0], "they look like Unix seconds: date_format='unix_s' reads them.")
    ]


def test_sentinel_with_a_time() -> None:
    """The last second of the year 9999 is the sentinel day, also where a zone is given."""
    raw = np.array(["9999-12-31T23:59:59", "2024-07-01T03:30:00"], "M8[s]")
    column, problems = closed(raw, zone="Asia/Tokyo", sentinels=["9999-12-31"])
    assert (column.missing().tolist(), problems) == ([True, False], [])


@pytest.mark.parametrize(
    ("call", "error", "sentence"),
    [
        (lambda: closed(objects(), zone="Mars/Base"), InvalidArgumentError, "`zone` must be a time zone"),
        (lambda: closed(objects(), zone="../etc"), InvalidArgumentError, "`zone` must be a time zone"),
        (lambda: closed(objects(), zone=5), InvalidTypeError, "`zone` must be the name"),
        (lambda: closed(objects(), sentinels=["soon"]), InvalidArgumentError, "`sentinels` must be a day"),
        (lambda: closed(objects(), as_of="x"), InvalidArgumentError, "`as_of` must be a day"),
        (lambda: closed(objects(), date_format=5), InvalidTypeError, "`date_format` must be"),
        (lambda: amount(objects(), rounding="up"), InvalidArgumentError, "`rounding` must be one of 'half_even'"),
        (lambda: outcome(objects(), "outcome", {"Won": "yes"}), InvalidArgumentError, "`outcomes` must be one of"),
        (lambda: outcome(objects(), "outcome", ["won"]), InvalidTypeError, "`outcomes` must map"),
        (lambda: label(np.zeros((3, 1)), "rep"), InvalidDataError, "`rep` must be one column"),
    ],
    ids=["zone", "zone-path", "zone-type", "sentinels", "as_of", "date_format", "rounding", "word", "words", "shape"],
)
def test_bad_argument(call: Callable[[], object], error: type[Exception], sentence: str) -> None:
    """An argument that breaks its rule raises at once."""
    with pytest.raises(error, match=sentence):
        call()


def test_outcomes() -> None:
    """Outcomes have four fixed codes, whatever the words of the source are."""
    words = objects("Engaging", "Won", "Lost", "no_decision")
    column, problems = outcome(words, "outcome", {"Engaging": "open", "Won": "won", "Lost": "lost"})
    assert (column.codes.tolist(), column.codes.dtype, problems) == ([0, 1, 2, 3], np.int8, [])
    assert column.levels == ("open", "won", "lost", "no_decision")
    assert outcome(np.array([1, 0]), "outcome", {0: "lost", 1: "won"})[0].user().tolist() == ["won", "lost"]


def test_outcomes_from_flags() -> None:
    """Two flags make an outcome; an open deal needs no word on whether it is won."""
    column, problems = outcome_from_flags(texts("false", "true", "TRUE"), texts("", "1", "no"))
    assert (column.user().tolist(), problems) == (["open", "won", "lost"], [])
    _, problems = outcome_from_flags(objects(None, True), objects(True, None), names=("IsClosed", "IsWon"))
    assert [(p.code, p.rows.tolist(), p.values[0]) for p in problems] == [("SM-RES-02", [0, 1], "IsClosed=-1, IsWon=1")]


def test_probabilities() -> None:
    """Probabilities are the nearest parts per million, at the scale that is stated."""
    assert probability(np.array([0.2, 1 / 3]), "p")[0].ppm.tolist() == [200_000, 333_333]
    assert probability(np.array([0.2], np.float32), "p")[0].ppm.tolist() == [200_000]
    assert probability(objects(Decimal("0.2"), 1, None), "p")[0].ppm.tolist() == [200_000, 1_000_000, -1]
    assert probability(Scaled(np.array([2]), 1), "p")[0].ppm.tolist() == [200_000]
    assert probability(np.array([20, 100]), "p", scale=100)[0].ppm.tolist() == [200_000, 1_000_000]
    assert probability(texts("-0.0"), "p")[0].ppm.tolist() == [0]


def layouts(values: np.ndarray[Any, Any]) -> dict[str, np.ndarray[Any, Any]]:
    wide = np.repeat(values, 2)
    table = np.asfortranarray(np.stack([values, values]))
    locked = values.copy()
    locked.setflags(write=False)
    swapped = values if values.dtype == object else values.astype(values.dtype.newbyteorder(">"))
    return {"strided": wide[::2], "reversed": values[::-1][::-1], "row": table[0], "locked": locked, "swapped": swapped}


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (amount, np.array([1.25, 2.5, np.nan])),
        (amount, np.array([1, 2, 3])),
        (closed, np.array(["2024-01-01", "NaT", "2024-01-03"], "M8[s]")),
        (names, np.array(["b", "a", "c"])),
        (names, np.array([3, 1, 2], np.uint16)),
        (ids, np.array([3, 1, 2])),
        (ids, objects("b", "a", "c")),
        (chances, np.array([0.25, 0.5, 1.0])),
    ],
    ids=["floats", "whole", "days", "texts", "codes", "keys", "text-keys", "chances"],
)
def test_layouts(kind: Callable[[Any], tuple[Any, list[Problem]]], values: np.ndarray[Any, Any]) -> None:
    """A8, ARR-10: how an array lies in memory changes nothing, and the array of the caller is left alone."""
    wanted, _ = kind(values)
    for name, laid in layouts(values).items():
        before, writeable = laid.copy(), laid.flags.writeable
        column, problems = kind(laid)
        assert column.equals(wanted), name
        assert problems == [], name
        assert np.array_equal(laid, before, equal_nan=laid.dtype.kind in "fM"), name
        assert laid.flags.writeable == writeable, name
        assert not np.shares_memory(column.user(), laid), name


@pytest.mark.parametrize(
    "dtype", [np.int32, np.int64, np.float64, np.float32, object, np.uint8, np.longdouble], ids=str
)
def test_dtypes(dtype: Any) -> None:
    """A7: the same values in any type are the same column."""
    values = np.array([3, 1, 2]).astype(dtype)
    for kind in (amount, names, ids):
        assert kind(values)[0].equals(kind(np.array([3, 1, 2]))[0])


@pytest.mark.parametrize(
    "hostile",
    ["9" * 1_000_000, "1" * 28 + "x", "'" * 1000, "\0" * 1000, "1." * 500, "-" * 5000],
    ids=["digits", "x", "quotes", "nul", "points", "signs"],
)
def test_hostile_texts(hostile: str) -> None:
    """No text makes a parser slow or lets an error of Python's own out."""
    raw = texts(hostile, "", "1")
    for kind in (amount, closed, chances, names, ids):
        column, _ = kind(raw)
        assert len(column) == 3
    assert len(flag(raw, "won")[0]) == 3


@pytest.mark.parametrize(
    ("raw", "minor", "changed"),
    [
        (np.array([1.125, 1.135, 2.0]), [112, 114, 200], [0, 1]),
        (objects(1.125, 2.5), [112, 250], [0]),
        (objects(Decimal("1.125"), Decimal("-1.135"), 3), [112, -114, 300], [0, 1]),
        (Scaled(np.array([1125, 1135, -1125, -1126, 2000]), 3), [112, 114, -112, -113, 200], [0, 1, 2, 3]),
        (Scaled(np.array([9 * 10**18, 0]), 40), [0, 0], [0]),
        (Scaled(np.array([9 * 10**18, 10**18, 0]), 21), [1, 0, 0], [0, 1]),
        (texts("1.125", "1.1350", "1.20"), [112, 114, 120], [0, 1]),
    ],
    ids=["floats", "objects", "decimals", "scaled", "tiny", "half", "texts"],
)
def test_half_even(raw: Any, minor: list[int], changed: list[int]) -> None:
    """DOM-7: rounding to the even minor unit is exact, and counts the rows that it changed."""
    column, problems = amount(raw, rounding="half_even", allow_negative=True)
    assert column.minor.tolist() == minor
    assert [(problem.code, problem.rows.tolist(), problem.warning) for problem in problems] == [
        ("SM-AMT-20", changed, True)
    ]


@given(st.lists(st.integers(-(10**12), 10**12), min_size=1), st.integers(0, 6), st.integers(0, 4))
def test_amounts_agree(whole: list[int], decimals: int, scale: int) -> None:
    """A6: the same amounts as decimals of any kind are the same minor units, refused or rounded alike."""
    exact = [Decimal(value).scaleb(-decimals) for value in whole]
    written = [format(value, "f") for value in exact]
    for options in ({}, {"rounding": "half_even"}):
        found = [
            money(raw, "amount", scale, allow_negative=True, **options)  # type: ignore[arg-type]
            for raw in (objects(*exact), texts(*written), Scaled(np.array(whole, dtype=np.int64), decimals))
        ]
        for column, problems in found[1:]:
            assert column.equals(found[0][0])
            assert [(p.code, p.rows.tolist()) for p in problems] == [(p.code, p.rows.tolist()) for p in found[0][1]]


OTHER_KINDS = [
    (amount, Instants(np.array(["2024-01-01"], "M8[s]")), "SM-AMT-01"),
    (names, Instants(np.array(["2024-01-01"], "M8[s]")), "SM-LAB-01"),
    (names, Coded(np.array([0]), np.array([True])), "SM-LAB-01"),
    (closed, Scaled(np.array([1]), 2), "SM-DAY-13"),
    (closed, np.array([5, 7]), "SM-DAY-07"),
    (chances, Instants(np.array(["2024-01-01"], "M8[s]")), "SM-PRB-01"),
    (chances, objects("half", None), "SM-PRB-01"),
    (ids, Scaled(np.array([1]), 2), "SM-KEY-01"),
    (lambda raw: flag(raw, "won"), Scaled(np.array([1]), 2), "SM-FLG-01"),
    (lambda raw: flag(raw, "won"), np.array(["2024-01-01"], "M8[s]"), "SM-FLG-01"),
    (lambda raw: outcome(raw, "outcome"), np.array([True]), "SM-LAB-01"),
    (lambda raw: outcome_from_flags(raw, raw), Scaled(np.array([1]), 2), "SM-FLG-01"),
]


@pytest.mark.parametrize(
    ("kind", "raw", "code"), OTHER_KINDS, ids=[f"{code}-{i}" for i, (_, _, code) in enumerate(OTHER_KINDS)]
)
def test_other_kinds(kind: Callable[[Any], tuple[Any, list[Problem]]], raw: Any, code: str) -> None:
    """A column of quite another kind is a problem of the whole column."""
    _, problems = kind(raw)
    assert {(problem.code, problem.whole) for problem in problems} == {(code, True)}


def test_keys_as_objects() -> None:
    """Ids as objects of one kind are taken, others named with their rows."""
    assert ids(objects(3, 1))[0].user().tolist() == [3, 1]
    assert ids(objects(np.str_("a"), "b"))[0].user().tolist() == ["a", "b"]
    for raw, wanted in [
        (objects(1, 2.0, None), [("SM-KEY-07", [0, 1]), ("SM-KEY-02", [2])]),
        (objects(1, 2**70), [("SM-KEY-06", [1])]),
        (objects(1.0, 2.0**70), [("SM-KEY-06", [1]), ("SM-KEY-07", [0])]),
        (objects("a", "b", 3), [("SM-KEY-05", [2])]),
        (np.array([1, 2**63], np.uint64), [("SM-KEY-06", [1])]),
        (np.ma.MaskedArray([1, 1], mask=[True, False]), [("SM-KEY-02", [0])]),
    ]:
        assert [(problem.code, problem.rows.tolist()) for problem in ids(raw)[1]] == wanted
    assert key(objects("a", "a"), "rep", unique=False)[1] == []


def test_labels_as_objects() -> None:
    """Whole numbers among floats are whole numbers, as a frame with blanks writes them."""
    column, problems = names(objects(3.0, None, 1, np.float64(3)))
    assert (column.user().tolist(), problems) == ([3, None, 1, 3], [])
    assert [(p.code, p.rows.tolist()) for p in names(objects(1.5, 2, INF, 2**70))[1]] == [("SM-LAB-04", [0, 2, 3])]
    missing = np.ma.MaskedArray(objects("a", "b"), mask=[True, False])
    assert names(missing)[0].user().tolist() == [None, "b"]
    text = np.array(["a", None], dtype=np.dtypes.StringDType(na_object=None))
    assert names(text)[0].user().tolist() == ["a", None]
    assert names(Coded(np.array([-1, -1]), objects()))[0].missing().all()
    assert amount(Coded(np.array([-1, -1]), objects()))[0].missing().all()


def test_days_of_mixed_objects() -> None:
    """Dates, midnights and ``datetime64`` in one column are days."""
    raw = objects(dt.date(2024, 1, 1), dt.datetime(2024, 1, 2), np.datetime64("2024-01-03"), np.datetime64("2024", "Y"))
    column, problems = closed(raw)
    assert column.user()[:3].tolist() == [dt.date(2024, 1, day) for day in (1, 2, 3)]
    assert [(problem.code, problem.rows.tolist()) for problem in problems] == [("SM-DAY-05", [3])]
    assert closed(texts("2024-01-01T10"))[1][0].code == "SM-DAY-08"
    assert closed(np.array(["2050-01-01"], "M8[D]"), sentinels="2050-01-01")[0].missing().all()
    assert closed(np.array(["2078-03-01"], "M8[D]"), as_of="2028-02-29")[1] == []
    assert closed(np.ma.MaskedArray([1 + 1j], mask=[True]))[0].missing().all()
    assert closed(np.array(["NaT"], "M8[s]"), zone="UTC", instant=True)[0].missing().all()


def test_bad_words_are_told_once() -> None:
    """A word of the wrong kind is a problem of its own and not a missing outcome as well."""
    _, problems = outcome(objects("won", "open", 5), "outcome")
    assert [(problem.code, problem.rows.tolist()) for problem in problems] == [("SM-LAB-02", [2])]
    found, problems = flag(objects("yes", dt.date(2024, 1, 1)), "won")
    assert (found.tolist(), [problem.rows.tolist() for problem in problems]) == ([1, -1], [[1]])
    assert probability(Scaled(np.array([5, 5]), 1, np.array([False, True])), "p")[0].ppm.tolist() == [500_000, -1]
