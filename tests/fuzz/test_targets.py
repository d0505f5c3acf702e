"""A short, seeded run of each target; the machinery itself; and what longer runs have found."""

from __future__ import annotations

import os

import numpy as np
import pytest

import salesmetrics as sm
from tests.fuzz.engine import fuzz, run_one
from tests.fuzz.mutating import LARGEST, blown_up
from tests.fuzz.targets import TARGETS, Target

SECONDS = float(os.environ.get("FUZZ_SECONDS", "2"))

FOUND = {
    "counts of which none is a number": ("dates", b"\x02\x141706659200\n17066592026-01-31200000"),
    "a format with one directive twice": ("dates", b"\x01\xff%d.%m.%m\n31.12.2026"),
    "a moment too short for a float": (
        "dates",
        b"\x04\x14\x04\x00\x00\x00\x00\x00@!\xe6@\x00\x000\x00\x00\x00\x00\xf8\x7f",
    ),
    "a float next to zero": ("dates", b"\x04\xbc\xe2\x80\xa8\xef\x91\x00\x00\x00\x00\x00-0"),
    "counts in eight bits": ("dates", b"\x17)\x8ad\x0e\xff\xff%b\x80\xef\xe2\x00\x8b%d80-"),
    "a format of a megabyte": ("dates", b"\x01\xff%d.%m" + b".2" * 500_000),
    "one id half a million times": ("ids", b"\0\1D1\nD2\nd1\n D3\nD1\n" + b"0\n" * 500_000),
    "a million blank ids": ("ids", b"AQAVD1\nD2\nd1\n D3\nD1" + b"\n" * 1_000_000),
    "a probability next to zero": ("words", b"tttbue%\x0e\x05\0\0\0\0\0\0lost\0\0\0\0\0d\0no\0\0\0\0\0\0\0\0"),
    "a tab in the reason for a refusal": ("rates", b'\0a\tb\nEUR,"1.1"\t9\n'),
    "a rate in both directions on each of many lines": (
        "rates",
        b"\x10currency,start,end,per_base,in_base\n" + b"EUR,2026-01-01,9929-12-31,0.92,1.787\n" * 25_000,
    ),
    "a million columns without a name": ("guess", b"\x04Id\nOwnerId\nAcountId" + b"\n" * 1_000_000),
    "as many columns as a text has letters": ("guess", b"\1" + b"\n".join(b"%d" % n for n in range(20_000))),
}


@pytest.mark.parametrize("name", TARGETS)
def test_a_short_run_finds_nothing(name: str) -> None:
    """No exception but our own, nothing that does not print, no input that is slow or takes much memory."""
    report = fuzz(TARGETS[name], seconds=SECONDS, seed=5)
    assert report.runs > len(TARGETS[name].seeds)
    assert report.lines > 100
    assert not report.finds, str(report)


@pytest.mark.parametrize(("name", "data"), FOUND.values(), ids=FOUND)
def test_what_longer_runs_have_found(name: str, data: bytes) -> None:
    """It is not found again."""
    find = run_one(TARGETS[name], data)
    assert find is None, str(find)


def test_a_find_is_found() -> None:
    """The machinery sees an exception that is not ours, guided to it letter by letter, and a text that does not print."""

    def run(data: bytes) -> None:
        if data[:1] == b"z":
            raise KeyError("z")
        sm.maps.guess([data.decode("latin-1")] * 2)

    report = fuzz(Target("toy", run, (b"a",), (b"z",)), seconds=30, runs=400, seed=1)
    assert [find.what for find in report.finds.values()] == ["KeyError"]
    assert "KeyError" in str(report)

    def shout(data: bytes) -> None:
        raise sm.InvalidDataError(f"the text must be plain; got \x1b{data!r}.", code="SM-GEN-01")

    report = fuzz(Target("toy", shout, (b"a",), ()), seconds=30, runs=3, seed=1)
    assert [find.what for find in report.finds.values()] == ["prints '\\x1b'"]


def test_runs_of_one_seed_are_equal() -> None:
    """A run of so many inputs can be made again."""
    first, second = (fuzz(TARGETS["ids"], seconds=60, runs=60, seed=3) for _ in range(2))
    assert first.corpus == second.corpus
    assert first.refusals == second.refusals


def test_new_lines_are_kept() -> None:
    """Inputs that reach what none before did are changed further."""
    report = fuzz(TARGETS["csv"], seconds=60, runs=120, seed=2)
    assert len(report.corpus) > len(TARGETS["csv"].seeds)


def test_large_inputs_stay_within_a_megabyte() -> None:
    """A piece is repeated up to the largest size and not beyond."""
    from random import Random

    sizes = [len(blown_up(b"abc,def\n", Random(seed))) for seed in range(50)]
    assert LARGEST - 5000 < max(sizes) <= LARGEST + 8
    assert np.median(sizes) > 1 << 15
