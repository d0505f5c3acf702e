"""A review as text: aligned, at most a hundred columns wide, and safe to print."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from salesmetrics import figures
from salesmetrics.errors import escape
from salesmetrics.reviewing.case import NO_GROUPS, OVER
from salesmetrics.reviewing.rows import Grid
from salesmetrics.reviewing.rules import Note
from salesmetrics.reviewing.sections import Section, sections
from salesmetrics.reviewing.wording import label

if TYPE_CHECKING:
    from salesmetrics.reviewing.reviews import Review

__all__ = ["gone", "heading", "in_short", "picked", "told"]

_WIDTH = 100
_FROM_EACH_END = 3
_NOTES_OF_A_RULE = 3


def told(review: Review) -> str:
    """Return a review as text, with all its sections."""
    lines = [*_top(review)]
    for section in sections(review, most=_FROM_EACH_END):
        lines += ["", *_section(section)]
    return "\n".join(escape(line) for line in lines)


def in_short(review: Review) -> str:
    """Return a review as a screen of text: what needs attention, and the headline numbers."""
    first = next(sections(review, most=_FROM_EACH_END))
    rest = ["print(review) shows every section, review.to_html(path) writes them as a page."]
    missing = [name for name, why in review.left_out.items() if why not in (OVER, NO_GROUPS)]
    if missing:
        rest.insert(
            0, f"{len(missing)} of {len(missing) + len(review.tables)} tables cannot be had: review.left_out says why."
        )
    return "\n".join(escape(line) for line in [*_top(review), "", *_section(first), "", *rest])


def _top(review: Review) -> list[str]:
    """Return what is reviewed, and what needs attention."""
    return [heading(review), gone(review), "", *_notes(review)]


def heading(review: Review) -> str:
    """Return what is reviewed, and what is known of it."""
    period = review.period
    dates = f"{period.start} to {period.last}"
    name = dates if period.name is None else f"{label(period)} ({dates})"
    return f"Review of {name}, as known on {review.as_of}"


def gone(review: Review) -> str:
    """Return how much of the period is over, and in what money is."""
    over = (review.as_of - review.period.start).days + 1
    days = f"{over} of {review.period.days} days are over" if review.running else "The period is over"
    money = f"Money in {review.currency or 'the currency of the books'}"
    return f"{days}. {money}; the year before is {review.past.start} to {review.past.last}."


def picked(notes: Sequence[Note], most: int) -> Iterator[tuple[str, list[Note], int]]:
    """Yield for each rule its first notes, and how many more there are."""
    for what in dict.fromkeys(note.what for note in notes):
        found = [note for note in notes if note.what == what]
        shown = found if len(found) <= most + 1 else found[:most]
        yield what, shown, len(found) - len(shown)


def _notes(review: Review) -> Iterator[str]:
    """Yield what needs attention."""
    yield f"Needs attention: {_counted(len(review.notes))}"
    for what, notes, more in picked(review.notes, _NOTES_OF_A_RULE):
        for note in notes:
            yield from _wrapped(note.sentence, "  * ", "    ")
        if more:
            yield f"    ... and {more} more by the rule {what!r}: review.notes has them all."


def _counted(number: int) -> str:
    return "nothing by these rules" if not number else "1 note" if number == 1 else f"{number} notes"


def _section(section: Section) -> Iterator[str]:
    """Yield a section: its heading, its rows, the sentences below, and what is not there."""
    yield f"{section.name}: {section.question}"
    for at, grid in enumerate(section.grids):
        if at:
            yield ""
        yield from _aligned(grid)
    for line in section.lines:
        yield from _wrapped(line, "  ", "  ")
    for line in section.missing:
        yield from _wrapped(f"not shown: {line}", "  ", "    ")


def _aligned(grid: Grid) -> Iterator[str]:
    """Yield rows with the first column to the left and the others to the right."""
    rows = [grid.head, *grid.body]
    widths = [max(figures.width(row[at]) for row in rows) for at in range(len(grid.head))]
    for row in rows:
        cells = [
            figures.padded(cell, wide, left=not at) for at, (cell, wide) in enumerate(zip(row, widths, strict=True))
        ]
        yield "  " + "  ".join(cells).rstrip()


def _wrapped(text: str, first: str, other: str) -> list[str]:
    """Return a sentence in lines of at most a hundred columns; a number stays with its unit."""
    held = escape(text).replace(" %", "\N{NO-BREAK SPACE}%").replace("n = ", "n\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}")
    lines = textwrap.wrap(held, _WIDTH, initial_indent=first, subsequent_indent=other, break_on_hyphens=False)
    return [line.replace("\N{NO-BREAK SPACE}", " ") for line in lines]
