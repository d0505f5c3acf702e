"""The README and the pages of the docs: their code runs, their links lead somewhere, their lists are complete."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

import salesmetrics as sm
from docs._ext import pages

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.glob("[!_]*/*.md"), DOCS / "index.md"])
SECTIONS = ["tutorial", "how-to", "explanation", "reference"]
LINK = re.compile(r"\]\((?!https?:|mailto:)([^)\s]*)\)")
HEADING = re.compile(r"^#{1,6} +(.*?) *$", re.MULTILINE)

every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
every_section = pytest.mark.parametrize("section", SECTIONS)


def prose(page: Path) -> str:
    """Return a page without its fenced blocks."""
    return "\n".join(piece.body for piece in pages.split(page.read_text(encoding="utf-8")) if piece.language is None)


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub and MyST make them: a repeated heading gets a number."""
    found: set[str] = set()
    for heading in HEADING.findall(prose(page)):
        words = re.sub(r"\[([^]]*)\]\([^)]*\)|[`*]", r"\1", heading).lower()
        plain = re.sub(r"[^\w\- ]", "", words).replace(" ", "-")
        again = sum(1 for other in found if re.fullmatch(re.escape(plain) + r"(-\d+)?", other))
        found.add(f"{plain}-{again}" if plain in found else plain)
    return found


def toctree(page: Path) -> list[str]:
    """Return what a page's tables of contents list."""
    pieces = pages.split(page.read_text(encoding="utf-8"))
    trees = [piece.body for piece in pieces if piece.language == "{toctree}"]
    return [line for tree in trees for line in tree.splitlines() if line.strip() and not line.startswith(":")]


@every_page
def test_the_code_of_a_page_runs(page: Path, tmp_path: Path) -> None:
    """The blocks of a page run in their order, in one session, and give what the page says that they give."""
    text = page.read_text(encoding="utf-8")
    outcomes = pages.run(text, str(page), tmp_path, absent_is_fine=lambda _: True)
    failures = [f"{page}:{outcome.failed_line}: {outcome.failure}" for outcome in outcomes if outcome.failure]
    assert not failures, "\n".join(failures)


@every_page
def test_every_block_of_a_page_is_found(page: Path) -> None:
    """No Python block escapes the test that runs them: each fence opens a block at the start of a line."""
    text = page.read_text(encoding="utf-8")
    found = [piece for piece in pages.split(text) if piece.is_program or piece.is_doctest]
    assert len(found) == len(re.findall(r"`{3,} *(?:python|pycon|py\b)|~~~ *py", text))
    assert pages.join(pages.split(text)) == text


@every_page
def test_no_python_is_shown_that_does_not_run(page: Path) -> None:
    """A block of plain text holds no Python: what looks like code that a reader can use has been run."""
    pieces = pages.split(page.read_text(encoding="utf-8"))
    outputs = {pages.stated_output(pieces, index) for index, piece in enumerate(pieces) if piece.is_program}
    plain = [piece for index, piece in enumerate(pieces) if piece.language in {"text", ""} and index not in outputs]
    assert not [
        piece.body for piece in plain if re.search(r"\bsm\.\w+\(|^import |^from \w+ import|^>>>", piece.body, re.M)
    ]


def test_there_are_blocks_to_run() -> None:
    """The pages hold Python, so that a test which runs their blocks runs something."""
    fences = [piece for page in PAGES for piece in pages.split(page.read_text(encoding="utf-8"))]
    assert sum(piece.is_program or piece.is_doctest for piece in fences) > 100


@every_page
def test_the_links_of_a_page_lead_somewhere(page: Path) -> None:
    """A link inside the repository names a file that is there, and a heading that it has."""
    for target in LINK.findall(prose(page)):
        name, _, anchor = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        assert file.exists(), f"{target}: no such file"
        assert file.is_relative_to(ROOT), f"{target}: outside the repository"
        if anchor:
            assert anchor in anchors(file), f"{target}: the headings there are {sorted(anchors(file))}"


def test_the_front_page_has_the_four_doors() -> None:
    """The front page leads to the tutorial, the how-to pages, the explanations and the reference."""
    assert toctree(DOCS / "index.md") == [f"{section}/index" for section in SECTIONS]


@every_section
def test_a_section_lists_each_of_its_pages_twice(section: str) -> None:
    """A section's first page has every page in its table of contents, and as a link for those who read the files."""
    first = DOCS / section / "index.md"
    names = sorted(page.stem for page in first.parent.glob("*.md") if page != first)
    assert sorted(toctree(first)) == names
    linked = {target.partition("#")[0] for target in LINK.findall(prose(first))}
    assert not [name for name in names if f"{name}.md" not in linked]


def test_the_reference_lists_every_public_name() -> None:
    """Each public name has a page of the reference: those of the front door, the formulas, the maps and the data sets."""
    here = ""
    listed: set[str] = set()
    for piece in pages.split((DOCS / "reference" / "api.md").read_text(encoding="utf-8")):
        for line in piece.body.splitlines() if piece.language == "{eval-rst}" else ():
            if found := re.match(r"\.\. (?:currentmodule|module|automodule):: salesmetrics\.?(.*)", line):
                here = f"{found[1]}." if found[1] else ""
                listed.add(found[1])
            elif re.fullmatch(r"   \w+", line):
                assert here + line.strip() not in listed, "a name stands in the list once"
                listed.add(here + line.strip())
    rooms = {"formulas": sm.formulas, "maps": sm.maps, "datasets": sm.datasets}
    inside = {f"{room}.{name}" for room, module in rooms.items() for name in module.__all__}
    assert listed - {""} == {*sm.__all__, *inside} - {"__version__"}


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
