"""The README and the pages of the docs: their code runs, their links lead somewhere, their index is complete."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("[!_]*/*.md"), ROOT / "docs" / "index.md"])
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)#\s]+)")

every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())


@every_page
def test_the_code_of_a_page_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The Python blocks of a page run in their order, in one session, and every assertion in them holds."""
    monkeypatch.chdir(tmp_path)
    text = page.read_text(encoding="utf-8")
    session: dict[str, object] = {"__name__": "page"}
    for block in BLOCK.finditer(text):
        line = text[: block.start()].count("\n") + 1
        exec(compile("\n" * line + block[1], str(page), "exec"), session)


@every_page
def test_every_block_of_a_page_is_found(page: Path) -> None:
    """No Python block escapes the test that runs them: each fence opens a block that the pattern sees."""
    text = page.read_text(encoding="utf-8")
    assert len(BLOCK.findall(text)) == text.count("```python")


def test_there_are_blocks_to_run() -> None:
    """The pages hold Python, so that a test which runs their blocks runs something."""
    assert sum(len(BLOCK.findall(page.read_text(encoding="utf-8"))) for page in PAGES) > 40


@every_page
def test_the_links_of_a_page_lead_somewhere(page: Path) -> None:
    """A link inside the repository names a file that is there."""
    targets = LINK.findall(page.read_text(encoding="utf-8"))
    assert not [target for target in targets if not (page.parent / target).exists()]


def test_the_readme_has_the_two_commands() -> None:
    """The README opens with one command that shows a review and one that runs the tests, both from nothing."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    start = "python3 -m venv .venv && .venv/bin/python -m pip install "
    assert f"{start}. && .venv/bin/python docs/examples/quarter_review.py" in readme
    assert f"{start}-e '.[test]' && .venv/bin/python -m pytest" in readme


def test_the_metrics_index_is_complete() -> None:
    """Every public metric has one row in the index, and every row is a public metric."""
    page = (ROOT / "docs" / "reference" / "metrics.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| `(\w+)`", page, re.MULTILINE)
    assert sorted(listed) == sorted(importlib.import_module("salesmetrics.metrics").__all__)
