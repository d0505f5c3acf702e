"""The Sphinx side of pages that run: every block is executed while a page is read, and its output stands below it.

A page becomes a notebook for MyST-NB, which sets it. A block that fails, or gives something else than the ``text`` fence
behind it says, is a warning with its line, and the build ends with a failure even where warnings are not errors.
Names of the library in backticks become links to their page in the reference.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from . import pages

SOURCES = Path(__file__).resolve().parents[2] / "src" / "salesmetrics"
NAME = re.compile(r"(?:sm\.|salesmetrics\.)?([A-Za-z_][\w.]*)(?:\(.*\))?", re.DOTALL)
ALIGNED = re.compile(r"\S {2,}\S")
"""Columns of a table, which must not wrap."""

app_now: Any = None


def read(text: str) -> Any:
    """Return the notebook of a page, with the outputs of its blocks in it (the reader named in ``nb_custom_formats``)."""
    document = app_now.env.docname
    path = os.fspath(app_now.env.doc2path(document))
    for file in SOURCES.rglob("*.py"):
        app_now.env.note_dependency(file, docname=document)  # the numbers of a page change with the library
    outcomes = {}
    with tempfile.TemporaryDirectory() as folder:
        for outcome in pages.run(
            text,
            path,
            Path(folder),
            absent_is_fine=app_now.config.pages_may_lack.__contains__,
        ):
            outcomes[outcome.fence.line] = outcome
            if outcome.failure:
                _complain(document, outcome)
    return _notebook(pages.split(text), outcomes)


def _complain(document: str, outcome: pages.Outcome) -> None:
    from sphinx.util import logging

    logging.getLogger(__name__).warning(
        "a block of the page fails: %s",
        outcome.failure,
        location=(document, outcome.failed_line),
        type="pages",
    )
    app_now.statuscode = 1


def _notebook(pieces: list[pages.Fence], outcomes: dict[int, pages.Outcome]) -> Any:
    """Return a notebook whose code cells are the programs and whose prose is all the rest."""
    from nbformat import v4

    cells, starts, prose = [], [], []
    said: set[int] = set()
    for piece in pieces:
        outcome = outcomes.get(piece.line) if piece.is_program else None
        if outcome is None or outcome.absent:
            if piece.line not in said:
                prose.append(piece)
            continue
        if prose:
            cells.append(v4.new_markdown_cell(pages.join(prose)))
            starts.append(prose[0].line)
            prose = []
        cells.append(_cell(outcome))
        starts.append(piece.line + 1)
        if outcome.stated is not None and not _is_shown_as_written(outcome):
            said.add(outcome.stated.line)
    if prose:
        cells.append(v4.new_markdown_cell(pages.join(prose)))
        starts.append(prose[0].line)
    language = {"name": "python", "pygments_lexer": "python"}
    return v4.new_notebook(
        cells=cells,
        metadata={"language_info": language, "source_map": starts},
    )


def _is_shown_as_written(outcome: pages.Outcome) -> bool:
    """Whether the page's own words are shown in place of the output: where they leave something out."""
    return outcome.stated is not None and "..." in outcome.stated.body


def _cell(outcome: pages.Outcome) -> Any:
    from nbformat import v4

    outputs = []
    if "quiet" not in outcome.fence.words and not _is_shown_as_written(outcome):
        if outcome.printed:
            outputs.append(v4.new_output("stream", name="stdout", text=outcome.printed))
        if outcome.value is not None:
            outputs.append(
                v4.new_output(
                    "execute_result",
                    _bundle(outcome.value),
                    execution_count=None,
                )
            )
    if "quiet" not in outcome.fence.words:
        outputs += [v4.new_output("display_data", {"image/svg+xml": picture.svg}) for picture in outcome.pictures]
    metadata: dict[str, Any] = {}
    if outcome.pictures:
        metadata["mystnb"] = {"image": {"alt": " / ".join(picture.alt for picture in outcome.pictures)}}
    if not ALIGNED.search(outcome.text):
        metadata["tags"] = ["sentences"]  # a class for the style sheet: such lines may wrap
    return v4.new_code_cell(outcome.fence.body.rstrip("\n"), outputs=outputs, metadata=metadata)


def _bundle(value: object) -> dict[str, str]:
    """Return a value in the forms in which it can be shown."""
    forms = {"text/plain": repr(value)}
    html: Callable[[], str] | None = getattr(value, "_repr_html_", None)
    if html is not None:
        forms["text/html"] = html()
    return forms


def link_names(app: Any, document: Any, name: str) -> None:
    """Make links of the backticked names that the reference has a page for.

    A bare word is one where it stands alone in the first cell of a table row, as in the metrics index; elsewhere it may be an
    argument or a column, so only ``sm.name`` and ``name(...)`` are taken for names of the library.
    """
    from docutils import nodes

    objects = app.env.domains.python_domain.objects if hasattr(app.env.domains, "python_domain") else {}
    for literal in list(document.findall(nodes.literal)):
        words = literal.astext()
        found = NAME.fullmatch(words)
        if found is None or _is_inside(literal, nodes.reference):
            continue
        entry = objects.get(f"salesmetrics.{found[1]}")
        if (
            entry is None
            or not (words != found[1] or "_" in words or _is_first_in_row(literal))
            or entry.docname == name
        ):
            continue
        address = app.builder.get_relative_uri(name, entry.docname) + f"#{entry.node_id}"
        link = nodes.reference("", "", internal=True, refuri=address, classes=["name"])
        literal.replace_self(link)
        link += literal


def _is_inside(node: Any, kind: type) -> bool:
    while node is not None:
        if isinstance(node, kind):
            return True
        node = node.parent
    return False


def _is_first_in_row(literal: Any) -> bool:
    from docutils import nodes

    cell = literal.parent
    while cell is not None and not isinstance(cell, nodes.entry):
        cell = cell.parent
    return cell is not None and cell.parent.index(cell) == 0


def remember(app: Any) -> None:
    """Keep the application where the reader, which is given a text only, finds it."""
    global app_now
    app_now = app


def setup(app: Any) -> dict[str, bool]:
    """Register with Sphinx."""
    from pygments.lexers.special import TextLexer

    app.add_lexer("csv", TextLexer)  # Pygments has none
    app.add_config_value("pages_may_lack", frozenset(), "env")
    app.connect("builder-inited", remember)
    app.connect("doctree-resolved", link_names)
    return {"parallel_read_safe": False, "parallel_write_safe": True}
