"""Pages of the documentation as programs: which fences run, what they give, and whether the page says the same.

The tests and the build use this one file, so that both run the same blocks by the same rules (CONTRIBUTING has them).
It needs nothing that the library does not need. ``python -m docs._ext.pages PAGE ...`` checks pages,
``--write`` writes their outputs anew.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import doctest
import importlib.util
import io
import os
import re
import sys
import tempfile
import traceback
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FLAGS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
OPENING = re.compile(r"^(`{3,})([^`]*)$")


@dataclass(frozen=True)
class Fence:
    """A fenced block of a page, or the prose between two of them.

    ``line`` counts from 0 and is that of the opening fence; prose has no ``language``.
    """

    line: int
    body: str
    language: str | None = None
    words: tuple[str, ...] = ()

    def option(self, name: str) -> str:
        """Return the value of ``name=value`` on the opening line, "" where it is not there."""
        return next(
            (word.partition("=")[2] for word in self.words if word.startswith(f"{name}=")),
            "",
        )

    @property
    def needs(self) -> tuple[str, ...]:
        """The packages beyond numpy, scipy and attrs without which the block cannot run."""
        return tuple(filter(None, self.option("needs").split(",")))

    @property
    def is_doctest(self) -> bool:
        """Whether the block holds prompts with their answers."""
        return self.language == "pycon" or (self.language == "python" and self.body.lstrip().startswith(">>>"))

    @property
    def is_program(self) -> bool:
        """Whether the block is a program without prompts."""
        return self.language == "python" and not self.is_doctest


@dataclass
class Outcome:
    """What became of a block: its output, and what is wrong with it."""

    fence: Fence
    stated: Fence | None = None
    printed: str = ""
    value: object = None
    pictures: list[Picture] = field(default_factory=list)
    absent: tuple[str, ...] = ()
    failure: str = ""
    failed_line: int = 0

    @property
    def text(self) -> str:
        """What a reader of a terminal would see: what was printed, then the value of a last expression."""
        return self.printed + ("" if self.value is None else f"{self.value!r}\n")


@dataclass(frozen=True)
class Picture:
    """A drawn figure as SVG, with the words for those who do not see it."""

    svg: str
    alt: str


def split(text: str) -> list[Fence]:
    """Return the fences of a page and the prose between them, in their order."""
    lines = text.splitlines(keepends=True)
    pieces: list[Fence] = []
    start = 0
    number = 0
    while number < len(lines):
        opening = OPENING.match(lines[number].rstrip("\n"))
        if opening is None:
            number += 1
            continue
        end = number + 1
        while end < len(lines) and lines[end].rstrip() != opening[1]:
            end += 1
        if number > start:
            pieces.append(Fence(start, "".join(lines[start:number])))
        language, *words = opening[2].split() or [""]
        pieces.append(
            Fence(
                number,
                "".join(lines[number + 1 : end]),
                language,
                tuple(words),
            )
        )
        start = number = end + 1
    if start < len(lines):
        pieces.append(Fence(start, "".join(lines[start:])))
    return pieces


def join(pieces: list[Fence]) -> str:
    """Return the text of a page, the inverse of `split`."""
    return "".join(piece.body if piece.language is None else _fenced(piece) for piece in pieces)


def _fenced(piece: Fence) -> str:
    longest = max(
        (len(run) for run in re.findall(r"^`{3,}", piece.body, re.MULTILINE)),
        default=2,
    )
    ticks = "`" * max(3, longest + 1)
    return f"{ticks}{' '.join(filter(None, (piece.language, *piece.words)))}\n{piece.body}{ticks}\n"


def stated_output(pieces: list[Fence], index: int) -> int | None:
    """Return the index of the ``text`` fence that follows a block with nothing but blank lines between, if any."""
    after = index + 1
    while after < len(pieces) and pieces[after].language is None and not pieces[after].body.strip():
        after += 1
    return after if after < len(pieces) and pieces[after].language == "text" else None


def run(
    text: str,
    name: str,
    folder: Path,
    *,
    absent_is_fine: Callable[[str], bool],
) -> list[Outcome]:
    """Run the blocks of a page in one session inside a folder, and say what became of each.

    Parameters
    ----------
    text : str
        The page.
    name : str
        Its name, for tracebacks.
    folder : Path
        Where blocks read and write files: an empty one.
    absent_is_fine : callable
        Whether a block that needs this package may be left out when it is not installed.
    """
    session: dict[str, object] = {"__name__": "page"}
    pieces = split(text)
    outcomes: list[Outcome] = []
    with contextlib.chdir(folder), warnings.catch_warnings():
        warnings.simplefilter("error")
        for index, fence in enumerate(pieces):
            if fence.option("file"):
                Path(fence.option("file")).write_text(fence.body, encoding="utf-8")
            if not (fence.is_program or fence.is_doctest):
                continue
            missing = tuple(package for package in fence.needs if importlib.util.find_spec(package) is None)
            if missing:
                refused = [package for package in missing if not absent_is_fine(package)]
                why = f"needs {', '.join(refused)}, which is not installed" if refused else ""
                outcomes.append(
                    Outcome(
                        fence,
                        absent=missing,
                        failure=why,
                        failed_line=fence.line + 1,
                    )
                )
            elif fence.is_doctest:
                outcomes.append(_run_prompts(fence, name, session))
            else:
                after = stated_output(pieces, index)
                outcomes.append(
                    _run_program(
                        fence,
                        name,
                        session,
                        None if after is None else pieces[after],
                    )
                )
    return outcomes


def _run_prompts(fence: Fence, name: str, session: dict[str, object]) -> Outcome:
    test = doctest.DocTestParser().get_doctest(fence.body, session, name, name, fence.line + 1)
    test.globs = session  # the parser copies them, and the next block needs what this one defines
    said = io.StringIO()
    doctest.DocTestRunner(verbose=False, optionflags=FLAGS).run(test, out=said.write, clear_globs=False)
    return Outcome(fence, failure=said.getvalue(), failed_line=fence.line + 1)


def _run_program(fence: Fence, name: str, session: dict[str, object], stated: Fence | None) -> Outcome:
    outcome = Outcome(fence, stated)
    if "matplotlib" in fence.needs:
        os.environ["MPLBACKEND"] = "Agg"
    said = io.StringIO()
    try:
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(io.StringIO()):  # bars of progress
            value = _execute(fence, name, session)
        outcome.pictures = _pictures(value)
        outcome.value = None if _is_drawn(value) else value
    except Exception as error:
        frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == name]
        outcome.failed_line = (frames[-1].lineno if frames else getattr(error, "lineno", None)) or fence.line + 1
        outcome.failure = f"{type(error).__name__}: {error}"
        if not str(error):  # an assertion without words: the line says it
            outcome.failure += fence.body.splitlines()[outcome.failed_line - fence.line - 2].strip()
    outcome.printed = said.getvalue()
    if stated is not None and not outcome.failure and not _same(stated.body, outcome.text):
        outcome.failed_line = stated.line + 1
        outcome.failure = f"the block gives\n{outcome.text}and the page says\n{stated.body}"
    return outcome


def _execute(fence: Fence, name: str, session: dict[str, object]) -> object:
    """Run a block and return the value of its last line if that is an expression, else None."""
    tree = ast.parse("\n" * (fence.line + 1) + fence.body, name)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, name, "exec"), session)
    if not isinstance(last, ast.Expr):
        return None
    code: CodeType = compile(ast.Expression(last.value), name, "eval")
    return eval(code, session)


def _same(stated: str, given: str) -> bool:
    return doctest.OutputChecker().check_output(stated, given, FLAGS)


def _is_drawn(value: object) -> bool:
    return type(value).__module__.partition(".")[0] == "matplotlib"


def _pictures(value: object) -> list[Picture]:
    """Return the open figures, and that of a last expression which is axes or a figure; close them all."""
    if "matplotlib" not in sys.modules:
        return []
    from matplotlib import pyplot as plt

    figures = [plt.figure(number) for number in plt.get_fignums()]
    shown = getattr(value, "figure", None) if _is_drawn(value) else None
    if shown is not None and shown not in figures:
        figures.append(shown)
    pictures = [_picture(figure) for figure in figures]
    plt.close("all")
    return pictures


def _picture(figure: Figure) -> Picture:
    from matplotlib import rc_context

    file = io.StringIO()
    with rc_context({"svg.hashsalt": "page"}):  # the same picture has the same bytes
        figure.savefig(file, format="svg", bbox_inches="tight", metadata={"Date": None})
    words = [
        word
        for axes in figure.axes
        for word in (
            axes.get_title(),
            axes.get_title(loc="left"),
            axes.get_xlabel(),
            axes.get_ylabel(),
        )
    ]
    return Picture(
        file.getvalue(),
        "Chart: " + ", ".join(dict.fromkeys(filter(None, words))),
    )


def check(path: Path) -> list[str]:
    """Return a sentence for each block of a page that fails, with the packages that are not installed left out."""
    with tempfile.TemporaryDirectory() as folder:
        text = path.read_text(encoding="utf-8")
        outcomes = run(text, str(path), Path(folder), absent_is_fine=lambda _: True)
    return [f"{path}:{outcome.failed_line}: {outcome.failure}" for outcome in outcomes if outcome.failure]


def written(text: str, name: str) -> str:
    """Return a page with the output of each block in the ``text`` fence behind it, where it has one."""
    pieces = split(text)
    with tempfile.TemporaryDirectory() as folder:
        for outcome in run(text, name, Path(folder), absent_is_fine=lambda _: True):
            stated = outcome.stated
            if stated is None or _same(stated.body, outcome.text):
                continue
            tidy = "".join(f"{line.rstrip()}\n" for line in outcome.text.splitlines())
            pieces[pieces.index(stated)] = Fence(stated.line, tidy, stated.language, stated.words)
    return join(pieces)


def main(arguments: list[str] | None = None) -> int:
    """Check pages, or write their outputs anew."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("pages", nargs="+", type=Path)
    parser.add_argument(
        "--write",
        action="store_true",
        help="write the output of each block into the text fence behind it",
    )
    given = parser.parse_args(arguments)
    failures = []
    for page in given.pages:
        if given.write:
            text = page.read_text(encoding="utf-8")
            page.write_text(written(text, str(page)), encoding="utf-8")
        failures += check(page)
    print("\n".join(failures) or "every block gives what its page says")
    return 1 if failures else 0


if __name__ == "__main__":
    raise SystemExit(main())
