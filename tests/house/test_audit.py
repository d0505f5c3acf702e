"""The ear on the library hears what it should: a test that hears nothing proves nothing."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import salesmetrics
from tests import audit

if TYPE_CHECKING:
    import pytest


def test_what_the_library_would_do_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    """Code that runs from a file of the library is heard, code of a test is not, and neither is an import."""
    monkeypatch.setattr(audit, "seen", [])
    inside = Path(salesmetrics.__file__).parent / "results.py"
    run = compile("def run(text):\n    return eval(text)\n", str(inside), "exec")
    space: dict[str, object] = {}
    exec(run, space)
    assert audit.seen == []
    assert space["run"]("1 + 1") == 2  # type: ignore[operator]
    assert {event.partition(" ")[0] for event in audit.seen} == {"compile", "exec"}
    audit.seen.clear()
    assert eval("1 + 1") == 2
    sys.modules.pop("colorsys", None)
    importing = compile("def run():\n    import colorsys\n", str(inside), "exec")
    exec(importing, space)
    space["run"]()  # type: ignore[operator]
    assert audit.seen == []


def test_only_an_executor_may_do_what_it_likes(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the user's executor does while it is handed a part is its own; all else that passes through the library is heard."""
    monkeypatch.setattr(audit, "seen", [])
    inside = Path(salesmetrics.__file__).parent / "scans" / "one_pass.py"
    pool: dict[str, object] = {}
    exec(compile("def submit(text):\n    return eval(text)\n", "/elsewhere/pool.py", "exec"), pool)
    space: dict[str, object] = {"pool": pool["submit"]}
    code = "def _submitted(text):\n    return pool(text)\ndef passed(text):\n    return pool(text)\n"
    code += "def _fetched(text):\n    return eval(text)\n"
    exec(compile(code, str(inside), "exec"), space)
    assert space["_submitted"]("1 + 1") == 2  # type: ignore[operator]
    assert audit.seen == []
    for name in ("passed", "_fetched"):
        assert space[name]("1 + 1") == 2  # type: ignore[operator]
        assert {event.partition(" ")[0] for event in audit.seen} == {"compile", "exec"}, name
        audit.seen.clear()


def test_every_test_is_listened_to(request: pytest.FixtureRequest) -> None:
    """The fixture that fails a test in which something is heard is part of every test."""
    assert "_nothing_runs" in request.fixturenames
