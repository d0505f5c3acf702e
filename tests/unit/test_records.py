"""Ids of Salesforce: the checksum of their case."""

from __future__ import annotations

import string

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesmetrics.convert import Coded, Texts, beginning, record_ids, wrong_records

LETTERS = string.ascii_letters + string.digits
IDS = st.text(LETTERS, min_size=15, max_size=15)


def plain(text: str) -> str:
    """Return the 18 characters of an id, by the published rule in its plainest form."""
    suffix = ""
    for chunk in (text[0:5], text[5:10], text[10:15]):
        number = sum(2**at for at, letter in enumerate(chunk) if letter in string.ascii_uppercase)
        suffix += "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"[number]
    return text + suffix


def objects(*values: object) -> np.ndarray:  # type: ignore[type-arg]
    out = np.empty(len(values), dtype=object)
    out[:] = values
    return out


@pytest.mark.parametrize(
    "real", ["006q000000HddohAAB", "0061G00000N38JZQAZ", "0051G000005Mun4QAC", "0011G00000eLwuWQAS"]
)
def test_real_ids(real: str) -> None:
    """Ids of public test rows end in the checksum of their first 15 characters."""
    assert record_ids(objects(real[:15]), 18).tolist() == [real]
    assert record_ids(objects(real), 15).tolist() == [real[:15]]
    assert wrong_records(objects(real), "id", None) == []


@given(st.lists(IDS, min_size=1, max_size=6))
def test_there_and_back(texts: list[str]) -> None:
    """15 characters become 18 by the published rule and 15 again, and only ids that fit are taken for ids."""
    longer = record_ids(objects(*texts), 18)
    assert longer.tolist() == [plain(text) for text in texts]
    assert record_ids(longer, 15).tolist() == texts
    assert record_ids(longer, 18).tolist() == longer.tolist()
    assert wrong_records(longer, "id", 18) == wrong_records(longer, "id", None) == []


@given(st.lists(st.text(LETTERS, min_size=18, max_size=18), min_size=1, max_size=6))
def test_the_warning_and_the_refusal_agree(texts: list[str]) -> None:
    """Among texts of 18 letters and digits, those that warn are those that are refused where ids are asked for."""
    rows = {
        problem.code: problem.rows.tolist()
        for length in (None, 18)
        for problem in wrong_records(objects(*texts), "id", length)
    }
    bad = [row for row, text in enumerate(texts) if plain(text[:15])[15:] != text[15:].upper()]
    assert rows == ({"SM-KEY-11": bad, "SM-KEY-10": bad} if bad else {})


def test_a_long_column_is_checked_block_by_block() -> None:
    """In a column longer than a block each id that does not fit is found, beside texts of other lengths too."""
    texts = [plain(f"006{at:012d}") for at in range(70_000)]
    for row in (0, 65_535, 65_536, 69_999):
        texts[row] = texts[row][:15] + "ZZZ"
    for more in ([], ["Ana", "\u00fc" * 18]):
        (problem,) = wrong_records(objects(*texts, *more), "id", None)
        assert problem.rows.tolist() == [0, 65_535, 65_536, 69_999]


def test_other_texts_stay_as_they_are() -> None:
    """Names, blanks and ids of another kind are no ids of Salesforce, and are not made into such."""
    values = objects("Ana", None, "", "006-000000Hddoh", "006q000000HddohAAA")
    assert record_ids(values, 18).tolist() == values.tolist()
    assert [p.values for p in wrong_records(values, "rep", 18)] == [["Ana", "006-000000Hddoh", "006q000000HddohAAA"]]


def test_every_form_of_a_column() -> None:
    """Codes, texts of a file and numpy's own texts are changed alike."""
    want = ["006q000000HddohAAB", None]
    assert record_ids(objects("006q000000Hddoh", None), 18).tolist() == want
    coded = record_ids(Coded(np.array([0, -1]), objects("006q000000Hddoh")), 18)
    assert isinstance(coded, Coded)
    assert coded.labels.tolist() == want[:1]
    texts = record_ids(Texts(objects("006q000000Hddoh", "")), 18)
    assert isinstance(texts, Texts)
    assert texts.values.tolist() == ["006q000000HddohAAB", ""]
    assert record_ids(np.array(["006q000000Hddoh"]), 18).tolist() == want[:1]
    assert beginning(Texts(objects("006q", "001q", "")), "006").values.tolist() == ["006q", "", ""]
    numbers = np.array([1, 2])
    assert record_ids(numbers, 18) is numbers
