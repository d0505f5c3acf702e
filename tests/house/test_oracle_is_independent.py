"""The slow module owes nothing to the fast code."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
FILES = sorted(TESTS.glob("oracle*.py"))
BORROWED = {"salesmetrics.domain", "salesmetrics.calendars"}
FORBIDDEN_CALLS = {"__import__", "import_module", "eval", "exec"}


def imported(tree: ast.AST) -> set[str]:
    """Return the names of the modules that a file imports, at its top or inside a function."""
    answer = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            answer |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            answer.add("." * node.level + (node.module or ""))
    return answer


def allowed(module: str) -> bool:
    """Tell whether a module is the standard library's, one of the two that are lent, or a part of the oracle itself."""
    parts_of_it = {f"tests.{path.stem}" for path in FILES}
    return module in BORROWED | parts_of_it or module.split(".")[0] in sys.stdlib_module_names


def test_there_is_an_oracle() -> None:
    """The slow module stands in tests/oracle.py."""
    assert TESTS / "oracle.py" in FILES


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_oracle_imports_only_the_standard_library_and_domain_objects(path: Path) -> None:
    """The slow module imports the standard library, the domain classes and the calendar, and nothing else."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert sorted(m for m in imported(tree) if not allowed(m)) == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_oracle_takes_only_classes_from_the_library(path: Path) -> None:
    """What the slow module takes from the library are classes, never functions."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    lent = [n for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) and n.module in BORROWED]
    assert all(alias.name[:1].isupper() for node in lent for alias in node.names)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_oracle_imports_nothing_by_a_side_door(path: Path) -> None:
    """The slow module calls no import function and evaluates no text."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    calls = {n.func.id for n in ast.walk(tree) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)}
    calls |= {n.func.attr for n in ast.walk(tree) if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute)}
    assert calls & FORBIDDEN_CALLS == set()


@pytest.mark.parametrize(
    "line", ["import numpy", "from salesmetrics._kernels import f", "from . import x", "import scipy"]
)
def test_a_forbidden_import_is_seen(line: str) -> None:
    """The rule catches what it forbids."""
    assert not all(allowed(m) for m in imported(ast.parse(line)))
