"""House rules of the front door: every public name once, loaded when used, known to type checkers."""

from __future__ import annotations

import ast
import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

import salesmetrics as sm

FRONT_DOOR = Path(sm.__file__)


def typed_names() -> dict[str, str]:
    """Return what type checkers are told: each name and the module it comes from."""
    tree = ast.parse(FRONT_DOOR.read_text(encoding="utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    found = {}
    for node in block.body:
        assert isinstance(node, ast.ImportFrom)
        assert node.module is not None
        for alias in node.names:
            found[alias.name] = node.module.removeprefix("salesmetrics").lstrip(".")
    return found


def test_type_checkers_and_the_interpreter_see_the_same_names() -> None:
    """A name is loaded from the module that type checkers are told."""
    assert typed_names() == sm._HOMES
    assert sorted([*sm._HOMES, "__version__"]) == sorted(sm.__all__)


@pytest.mark.parametrize("name", [name for name in sm.__all__ if name != "__version__"])
def test_a_public_name_is_there_and_documented(name: str) -> None:
    """Every public name can be had from the front door and says what it is."""
    value = getattr(sm, name)
    assert (value.__doc__ or "").strip()
    assert name in dir(sm)


def test_a_metric_is_exported_once() -> None:
    """The metrics at the front door are the metrics there are."""
    metrics = importlib.import_module("salesmetrics.metrics")
    assert {name for name, home in sm._HOMES.items() if home == "metrics"} == set(metrics.__all__)
    assert len(set(sm.__all__)) == len(sm.__all__)


def test_a_misspelt_name_gets_the_nearest() -> None:
    """A typo at the front door is answered with the name that was meant."""
    with pytest.raises(AttributeError, match="did you mean 'win_rate'"):
        sm.win_rat  # noqa: B018


def test_the_import_loads_next_to_nothing() -> None:
    """Importing the package alone loads none of its rooms: they come with the first name that needs them."""
    code = "import sys, salesmetrics; print(sorted(m for m in sys.modules if m.startswith('salesmetrics')))"
    env = {**os.environ, "PYTHONPATH": str(FRONT_DOOR.parents[1])}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=env)
    assert done.stdout.strip() == "['salesmetrics']"
