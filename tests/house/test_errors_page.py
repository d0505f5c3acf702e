"""The page of errors lists every code of the source, with its sentence and its cure."""

from __future__ import annotations

import re

from tests import errors_page


def test_the_page_is_that_of_the_source() -> None:
    """The page is made from the source: ``python -m tests.errors_page`` makes it again."""
    assert errors_page.PAGE.read_text(encoding="utf-8") == errors_page.page()


def test_every_code_has_one_entry() -> None:
    """Each code that the source names stands on the page once, and has a sentence that says a rule."""
    text = "".join(path.read_text(encoding="utf-8") for path in errors_page.SOURCE.rglob("*.py"))
    named = set(re.findall(r"SM-[A-Z]+-[0-9]{2}", text))
    listed = re.findall(r"^\| `(SM-[A-Z]+-[0-9]{2})` \| (.+) \| (.+) \|$", errors_page.page(), re.MULTILINE)
    assert sorted(code for code, _, _ in listed) == sorted(named)
    assert len(listed) > 300
    assert {code.split("-")[1] for code in named} == set(errors_page.AREAS)
    said = [sentence for code, sentence, _ in listed if "must" in sentence or "should" in sentence]
    assert len(said) > 0.9 * len(listed)
