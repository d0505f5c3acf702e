"""The typed program runs too: what type checkers find nothing in does what it says."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

import salesmetrics as sm
from tests.typing import user_program

if TYPE_CHECKING:
    import pytest

HERE = Path(user_program.__file__).parent


def test_the_program_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The program of a user, from books to answers, ends without a warning, and prints what it was asked."""
    user_program.main(tmp_path)
    shown = capsys.readouterr().out
    assert "3 deals in USD" in shown
    assert "pipeline_walk [money" in shown
    assert "SM-RES-01" in shown


def test_the_program_uses_the_whole_front_door() -> None:
    """Something of every room of the front door is used, from readers to errors."""
    used = set(re.findall(r"\bsm\.(\w+)", (HERE / "user_program.py").read_text("utf-8")))
    homes = {home or name for name, home in sm._HOMES.items()}
    assert homes == {sm._HOMES[name] or name for name in used}


def test_every_mistake_is_marked() -> None:
    """Each statement of the wrong uses is one that a type checker must find, but for the print that uses a name."""
    text = (HERE / "wrong_uses.py").read_text("utf-8")
    lines = text.splitlines()
    statements = [
        node for function in ast.parse(text).body if isinstance(function, ast.FunctionDef) for node in function.body[1:]
    ]
    unmarked = [lines[node.lineno - 1].strip() for node in statements if "type: ignore[" not in lines[node.lineno - 1]]
    assert unmarked == ["print(rate)"]
    assert len(statements) > 25
