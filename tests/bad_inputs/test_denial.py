"""Inputs made to cost: each trap is bounded by the work that is done, and all of them by a second of the processor's time."""

from __future__ import annotations

import io
import time
import tracemalloc
import warnings
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

import salesmetrics as sm
from salesmetrics import convert, errors, grouping
from salesmetrics.convert import Texts, written
from salesmetrics.readers import records
from tests.bad_inputs.harness import refused

SIZE = 1 << 20


def objects(*values: Any) -> np.ndarray[Any, Any]:
    return np.fromiter(values, dtype=object, count=len(values))


def spent(call: Callable[[], Any]) -> float:
    """Return the processor time of a call, the least of three; our own errors are answers too."""
    times = []
    for _ in range(3):
        start = time.process_time()
        with warnings.catch_warnings(), suppress(sm.SalesMetricsError):
            warnings.simplefilter("ignore", sm.SalesMetricsWarning)
            call()
        times.append(time.process_time() - start)
        if times[-1] < 0.5:
            break
    return min(times)


@pytest.mark.parametrize(
    "text", ["1" * 28 + "x", "1" * 5000, "1,1" * 2000, "(" * 5000, "$" * 41 + "1", "1e" + "9" * 30]
)
def test_texts_of_numbers_are_cut_before_they_are_read(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """No text of more than 40 characters reaches a pattern or a conversion."""
    seen: list[int] = []
    real = written._number
    monkeypatch.setattr(written, "_number", lambda body, how: (seen.append(len(body)), real(body, how))[1])
    error = refused(lambda: sm.read_deals({"amount": [text]}, money_format="1,234.56"))
    assert error.code == "SM-AMT-18"
    assert all(size <= 40 for size in seen)
    assert refused(lambda: sm.read_deals(io.StringIO(f'id,amount\na,"{text}"\n'))).code == "SM-AMT-18"


@pytest.mark.parametrize(
    "amount",
    [Decimal("1E+2000000"), Decimal("-1E+999999"), 10**5000, Decimal("1E-2000000")],
    ids=["large", "negative", "whole", "small"],
)
def test_exponents_are_looked_at_before_digits_are_made(amount: Any) -> None:
    """A huge exponent costs nothing, in a column and in one object."""
    assert refused(lambda: sm.read_deals({"amount": objects(amount)})).code in ("SM-AMT-03", "SM-AMT-04", "SM-AMT-05")
    assert (
        spent(lambda: sm.read_deals({"amount": objects(*[amount] * 100)}, rounding="half_even", allow_negative=True))
        < 1
    )
    if amount != Decimal("1E-2000000"):
        assert refused(lambda: sm.Deal("a", amount=amount), sm.InvalidArgumentError).code == "SM-AMT-03"


@pytest.mark.parametrize("field", ["id", "rep"])
def test_one_long_text_among_many_short_ones(field: str) -> None:
    """It is held once and not in the width of every row."""
    values = objects("x" * SIZE, *(f"a{n}" for n in range(20_000)))
    tracemalloc.start()
    sm.read_deals({field: values})
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 100 * SIZE  # as wide as the longest it would be 80 GB


def test_labels_are_factorised() -> None:
    """Codes count the labels that there are, whatever numbers they bear."""
    column, _ = convert.label(np.array([0, 10**12, -(10**12)]), "rep")
    assert column.codes.max() == 2
    assert column.codes.dtype == np.int8


def test_cells_are_counted_before_they_are_made() -> None:
    """The product of many axes is computed in whole numbers that do not wrap, and refused."""
    axes = tuple(grouping.Axis(np.zeros(3, dtype=np.int32), 1 << 20) for _ in range(4))
    assert np.prod([axis.size for axis in axes], dtype=object) == 1 << 80


def test_doubled_ids_are_found_by_a_sort() -> None:
    """Ids whose digests all meet are told apart by themselves, in the time of a sort."""

    class Same(str):
        __slots__ = ()

        def __hash__(self) -> int:
            return 7

    ids = objects(*(Same(f"D{n}") for n in range(3000)), Same("D7"))
    _, problems = convert.key(ids, "id")
    (doubled,) = [problem for problem in problems if problem.code == "SM-KEY-04"]
    assert doubled.rows.tolist() == [7, 3000]


def test_overlaps_are_found_by_a_sort() -> None:
    """Thousands of quotas of one rep take no time by pairs."""
    days = np.datetime64("1980-01-01") + np.arange(8000)
    quotas = {"rep": ["A"] * 8000, "start": days, "end": days + 1, "amount": [1] * 8000}
    assert spent(lambda: sm.read_quotas(quotas)) < 1
    assert refused(lambda: sm.read_quotas({**quotas, "end": days + 2})).code == "SM-QTA-03"


def test_long_chains_and_cycles_of_managers() -> None:
    """They are walked without recursion."""
    names = [f"r{n}" for n in range(5000)]
    chain = {"id": names, "manager": [None, *names[:-1]]}
    assert sm.read_reps(chain).rows == 5000
    error = refused(lambda: sm.read_reps({**chain, "manager": [names[-1], *names[:-1]]}))
    assert error.code == "SM-REP-04"
    assert len(str(error)) < 3000


@pytest.mark.parametrize(
    "content",
    ['id\n"' + "a" * (4 * SIZE), 'id\n"' + "a\n" * (2 * SIZE), "id\n" + "a" * (4 * SIZE)],
    ids=["quote", "quote over lines", "field"],
)
def test_a_record_that_does_not_end(content: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is refused once the limit is passed, and the rest of the file is not read."""
    stream = io.StringIO(content, newline="")
    error = refused(lambda: sm.read_deals(stream))
    assert error.code in ("SM-TXT-09", "SM-TXT-10")
    assert stream.tell() <= records.RECORD_LIMIT + 4 * records.FIELD_LIMIT * 8


def test_archives_are_never_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight bytes are read of one."""
    read: list[int] = []

    class Watched(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            found = super().read(size)
            read.append(len(found))
            return found

    assert refused(lambda: sm.read_deals(Watched(b"\x1f\x8b\x08" + b"\0" * SIZE))).code == "SM-TXT-11"
    assert sum(read) <= 8


def test_nearest_names_are_capped(monkeypatch: pytest.MonkeyPatch) -> None:
    """At most 200 candidates of 80 characters, and five unknown names, are compared."""
    asked: list[tuple[int, list[int]]] = []
    real = errors.difflib.get_close_matches

    def watched(word: str, options: list[str], n: int) -> list[str]:
        asked.append((len(word), [len(option) for option in options]))
        return real(word, options, n=n)

    monkeypatch.setattr(errors.difflib, "get_close_matches", watched)
    wide = {f"{'c' * 300}{n}": [1] for n in range(1000)}
    refused(lambda: sm.read_deals(wide, {f"f{n}": f"{'d' * 300}{n}" for n in range(50)}), sm.MissingColumnError)
    assert 0 < len(asked) <= 6
    assert all(word <= 80 and len(options) <= 200 and max(options) <= 80 for word, options in asked)


def test_values_are_cut_before_they_are_shown() -> None:
    """A long text is cut before it is escaped; a number that Python will not write is shown by its kind."""

    class Long(str):
        __slots__ = ()

        def __getitem__(self, at: Any) -> str:
            assert at == slice(None, 80)
            return str.__getitem__(self, at)

    assert errors.show(Long("x" * SIZE)).endswith(f"({SIZE} characters)")
    assert errors.show(10**5000) == "<int>"


FAMILIES = {
    "digits": "1", "separators": ",", "signs": "-", "exponents": "1e", "quotes": '"', "nested quotes": '"\'""', "blanks": " ",
    "combining": "e\u0301", "line ends": "\r\n", "NULs": "\0",
}  # fmt: skip
PARSERS: dict[str, Callable[[str], Any]] = {
    "csv": lambda text: sm.read_deals(io.StringIO("id,rep\n" + text, newline="")),
    "money": lambda text: convert.money(Texts(objects(*text.split("\n"))), "amount", 2, money_format="1,234.56"),
    "plain money": lambda text: convert.money(Texts(objects(*text.split("\n"))), "amount", 2),
    "dates": lambda text: convert.day(Texts(objects(*text.split("\n"))), "day"),
    "probabilities": lambda text: convert.probability(Texts(objects(*text.split("\n"))), "probability"),
    "ids": lambda text: convert.key(Texts(objects(*text.split("\n"))), "id"),
    "labels": lambda text: convert.label(Texts(objects(*text.split("\n"))), "rep"),
    "names of columns": lambda text: sm.maps.guess(text.split("\n")),
}


@pytest.mark.parametrize("parser", PARSERS)
@pytest.mark.parametrize("family", FAMILIES)
def test_ten_families(parser: str, family: str) -> None:
    """A megabyte of each, in one piece and in many, takes less than a second."""
    piece = FAMILIES[family]
    whole = (piece * SIZE)[:SIZE]
    lines = "\n".join([(piece * 40)[:40]] * (SIZE // 41))
    for text in (whole, lines):
        assert spent(lambda text=text: PARSERS[parser](text)) < 1
