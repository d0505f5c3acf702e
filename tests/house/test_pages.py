"""The rules by which pages run: what is found, what is compared, what is left out."""

from __future__ import annotations

from pathlib import Path

import pytest

from docs._ext import pages


def outcomes(text: str, folder: Path) -> list[pages.Outcome]:
    """Run a page and return what became of its blocks."""
    return pages.run(text, "page.md", folder, absent_is_fine=lambda package: package == "no_such_package")


def page(*blocks: tuple[str, str]) -> str:
    """Return a page of fenced blocks: their opening words and their lines."""
    return "\n".join(f"A sentence.\n\n```{words}\n{body}\n```\n" for words, body in blocks)


def test_blocks_share_a_session(tmp_path: Path) -> None:
    """A block knows the names of those before it, whether they have prompts or not."""
    text = page(("python", "x = 2"), ("pycon", ">>> y = x + 1\n>>> y\n3"), ("python", "assert (x, y) == (2, 3)"))
    assert [outcome.failure for outcome in outcomes(text, tmp_path)] == ["", "", ""]


@pytest.mark.parametrize("said", ["6 7", "6   7", "6 ..."])
def test_an_output_is_the_same_but_for_spaces(said: str, tmp_path: Path) -> None:
    """The text fence behind a block is its output; spaces count as one, and three dots stand for anything."""
    text = f"```python\nprint(6, 7)\n```\n\n```text\n{said}\n```\n"
    assert [outcome.failure for outcome in outcomes(text, tmp_path)] == [""]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("```python\nprint(6.25)\n```\n\n```text\n6.26\n```\n", 5),
        ("```python\n6.25\n```\n\n```text\n6.26\n```\n", 5),
        ("A\n\n```pycon\n>>> 6.25\n6.26\n```\n", 3),
        ("A\n\n```python\nx = 1\nassert x == 2\n```\n", 5),
        ("```python\nx = \n```\n", 2),
    ],
)
def test_a_wrong_number_is_found_with_its_line(text: str, line: int, tmp_path: Path) -> None:
    """A number that the page says and the library does not give is a failure, as is a block that does not run."""
    (outcome,) = outcomes(text, tmp_path)
    assert outcome.failure
    assert outcome.failed_line == line


def test_an_assertion_without_words_is_shown(tmp_path: Path) -> None:
    """An assertion that fails is quoted, since a plain one says nothing."""
    (outcome,) = outcomes("A\n\n```python\nx = 1\nassert x == 2\n```\n", tmp_path)
    assert outcome.failure == "AssertionError: assert x == 2"


def test_a_text_behind_prose_is_no_output(tmp_path: Path) -> None:
    """Only what follows a block with nothing between is its output."""
    assert [outcome.stated for outcome in outcomes("```python\n1\n```\nSo:\n\n```text\nx\n```\n", tmp_path)] == [None]


def test_a_block_that_needs_a_package_waits_for_it(tmp_path: Path) -> None:
    """Where a package may be absent its blocks are left out; where it may not, that is the failure."""
    text = page(("python needs=no_such_package", "1 / 0"), ("python needs=neither_this", "1 / 0"), ("python", "1"))
    assert [outcome.failure for outcome in outcomes(text, tmp_path)] == [
        "",
        "needs neither_this, which is not installed",
        "",
    ]


def test_a_block_with_a_file_name_is_that_file(tmp_path: Path) -> None:
    """What the page shows as a file can be read by the blocks after it."""
    read = "from pathlib import Path\nassert Path('deals.csv').read_text() == 'id,amount\\nD-1,7\\n'"
    text = page(("csv file=deals.csv", "id,amount\nD-1,7"), ("python", read))
    assert [outcome.failure for outcome in outcomes(text, tmp_path)] == [""]


def test_a_warning_is_a_failure(tmp_path: Path) -> None:
    """A block that warns is one that a reader should not copy."""
    (outcome,) = outcomes(page(("python", "import warnings\nwarnings.warn('old', stacklevel=1)")), tmp_path)
    assert outcome.failure == "UserWarning: old"


def test_outputs_are_written_anew() -> None:
    """A wrong or empty output is replaced, a right one stays as it is written, and so does all the rest."""
    text = "# A\n\n```python\nprint(6,  7)\n```\n\n```text\n```\n\nB\n\n```python\n8\n```\n\n```text\n  8\n```\n"
    assert pages.written(text, "page.md") == text.replace("```text\n```", "```text\n6 7\n```")


def test_a_picture_is_drawn_once(tmp_path: Path) -> None:
    """The figures of a block become pictures with words, and none stays open."""
    pytest.importorskip("matplotlib")
    block = "from matplotlib import pyplot\naxes = pyplot.subplots()[1]\naxes.set_title('Deals')\naxes"
    (outcome,) = outcomes(page(("python needs=matplotlib", block)), tmp_path)
    from matplotlib import pyplot as plt

    assert not outcome.failure
    assert [picture.alt for picture in outcome.pictures] == ["Chart: Deals"]
    assert outcome.text == ""
    assert not plt.get_fignums()


def test_a_page_is_its_pieces() -> None:
    """Cutting a page into fences and prose loses no character, whatever the length of the fences."""
    text = "A\n\n````md\n```python\n1\n```\n````\n\n```python\n2\n```\nB"
    assert pages.join(pages.split(text)) == text
    assert [piece.body for piece in pages.split(text) if piece.is_program] == ["2\n"]
