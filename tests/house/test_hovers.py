"""What `help()` and a hover show: the question or the thing first, every argument explained, an example that runs."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import salesmetrics as sm

HEADER = re.compile(r"^(\w[\w ]*)\n-{3,}$", re.MULTILINE)
ENTRY = re.compile(r"^(\w+(?:, \w+)*)(?: : (.+))?$", re.MULTILINE)
VERBS = {"Calculate", "Calculates", "Compute", "Computes", "Get", "Gets", "Give", "Gives", "Return", "Returns", "This"}
MOST_LETTERS = 132


def public() -> Iterator[tuple[str, Callable[..., Any]]]:
    """Yield the functions of the front door and of the rooms behind it."""
    for prefix, room in (("", sm), ("datasets.", sm.datasets), ("formulas.", sm.formulas), ("maps.", sm.maps)):
        for name in room.__all__:
            value = getattr(room, name)
            if inspect.isfunction(value):
                yield prefix + name, value


FUNCTIONS = dict(public())
METRICS = sorted(name for name, home in sm._HOMES.items() if home == "metrics")
every_function = pytest.mark.parametrize("name", sorted(FUNCTIONS))


def sections(function: Callable[..., Any]) -> dict[str, str]:
    """Return the text of a docstring under each header, that before the first under ""."""
    pieces = HEADER.split(inspect.getdoc(function) or "")
    return {"": pieces[0], **dict(zip(pieces[1::2], pieces[2::2], strict=True))}


def test_there_are_functions_to_check() -> None:
    """The rules below look at the whole front door."""
    assert {"win_rate", "read_deals", "formulas.wilson", "datasets.sample_company", "maps.guess"} <= set(FUNCTIONS)
    assert len(FUNCTIONS) > 150


@every_function
def test_a_hover_begins_with_what_comes_back(name: str) -> None:
    """The first line, which is all that a hover may show, is one short sentence that says what comes back or what is asked."""
    first = (inspect.getdoc(FUNCTIONS[name]) or "").splitlines()[0]
    assert first.endswith((".", "?"))
    assert len(first) <= MOST_LETTERS
    assert first.split()[0] not in VERBS


@pytest.mark.parametrize("name", METRICS)
def test_a_metric_shows_its_question_first(name: str) -> None:
    """The first line of a metric holds the question in a manager's words."""
    first = (inspect.getdoc(getattr(sm, name)) or "").splitlines()[0]
    assert ": " in first
    assert first.endswith("?")


@every_function
def test_every_argument_is_explained(name: str) -> None:
    """The section of parameters names the arguments of the signature, each once, and says something of each."""
    text = sections(FUNCTIONS[name]).get("Parameters", "")
    found = [part for entry in ENTRY.finditer(text) for part in entry[1].split(", ")]
    assert sorted(found) == sorted(inspect.signature(FUNCTIONS[name]).parameters)
    lines = text.strip("\n").splitlines()
    for at, line in enumerate(lines):
        if line and not line.startswith(" "):
            assert lines[at + 1].startswith("    "), line


@every_function
def test_what_comes_back_is_said_and_shown(name: str) -> None:
    """A docstring says what comes back, if anything does, and holds an example that runs as a doctest."""
    function = FUNCTIONS[name]
    found = sections(function)
    nothing = inspect.signature(function).return_annotation in ("None", "Iterator[None]")
    assert ("Returns" in found) != nothing
    assert ">>> " in found["Examples"]


@pytest.mark.parametrize("name", METRICS)
def test_a_choice_is_offered_by_the_editor(name: str) -> None:
    """Where a docstring lists the words that an argument may be, its type lists them too, and the default is one of them."""
    function = getattr(sm, name)
    text = sections(function)["Parameters"]
    for argument, parameter in inspect.signature(function).parameters.items():
        listed = re.search(rf"^{argument} : \{{(\".+?\")\}}", text, re.MULTILINE)
        if listed is not None:
            words = re.findall(r'"(\w+)"', listed[1])
            assert all(f"'{word}'" in str(parameter.annotation).replace('"', "'") for word in words), argument
            assert parameter.default in (*words, None, inspect.Parameter.empty), argument
