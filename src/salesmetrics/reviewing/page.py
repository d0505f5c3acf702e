"""A review as a page of HTML: one text that fetches nothing, for a wide screen, a narrow one and paper."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from salesmetrics import figures
from salesmetrics.errors import escape
from salesmetrics.results import MetricTable
from salesmetrics.reviewing.pictures import NEEDED, can_draw, drawn
from salesmetrics.reviewing.rows import Grid
from salesmetrics.reviewing.rules import Note
from salesmetrics.reviewing.sections import Section, marked, sections
from salesmetrics.reviewing.text import gone, heading, picked
from salesmetrics.reviewing.wording import label

if TYPE_CHECKING:
    from salesmetrics.reviewing.reviews import Review

__all__ = ["fragment", "page"]

_WHOLE = re.compile(r"\(?\d{4}-\d\d-\d\d\)?|\(?n = [\d,]+\)?|[\d,.]+ %")
_FROM_EACH_END = 8
_NOTES_OF_A_RULE = 8
_FEW_COLUMNS = 4
_TITLES = {
    "pace": "Off pace",
    "coverage": "Too little pipeline",
    "at_risk": "Deals at risk",
    "stage": "Slower stages",
    "win_rate": "Fewer wins",
    "bias": "Forecasts that lean one way",
    "few_reps": "Much hangs on few reps",
    "one_deal": "Much hangs on one deal",
    "hygiene": "Records",
    "first_win": "No first win yet",
}
_MARKED = {
    "pace_attainment_by_rep": "the pace",
    "required_coverage": "what is required on average",
}
_STYLE = """
.smr{color:#1a1a1a;background:#fff;font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,Arial,sans-serif;
max-width:1300px;margin:0 auto;padding:0 20px 40px}
.smr *{box-sizing:border-box}
.smr h1{font-size:1.7em;line-height:1.25;margin:1em 0 .2em}
.smr h2{font-size:1.3em;line-height:1.3;margin:0}
.smr h3{font-size:1em;margin:1em 0 .2em}
.smr p{margin:.35em 0;overflow-wrap:anywhere}
.smr .question,.smr .below,.smr .lead{color:#4a4a4a}
.smr .below{font-size:.9em}
.smr nav{margin:1em 0}
.smr nav a{display:inline-block;margin:0 1em .3em 0;color:#0b5394}
.smr section{border-top:1px solid #ccc;margin-top:1.6em;padding-top:1.1em}
.smr .notes{border-top:0;background:#f6f6f3;border-left:4px solid #9a5b00;padding:.9em 1.1em}
.smr h1 span,.smr p span,.smr li span,.smr dd span{white-space:nowrap}
.smr ul{margin:.2em 0;padding-left:1.2em}
.smr li{margin:.25em 0;overflow-wrap:anywhere}
.smr .pair{display:flex;flex-wrap:wrap;gap:0 2em;align-items:flex-start}
.smr .rows{flex:1 1 36em;min-width:min-content}
.smr .drawn{flex:0 1 32em;min-width:0}
.smr figure{margin:.8em 0;break-inside:avoid}
.smr figure img{display:block;width:100%;height:auto}
.smr figcaption{font-weight:600}
.smr table{border-collapse:collapse;margin:.8em 0;font-size:.95em;font-variant-numeric:tabular-nums;
background:#fff;color:#1a1a1a}
.smr caption{text-align:left;font-weight:600;padding:.2em 0}
.smr th,.smr td{padding:.22em .6em;border-bottom:1px solid #ddd;text-align:right;white-space:nowrap;
background:#fff;vertical-align:baseline}
.smr tr>:first-child{text-align:left;padding-left:0;white-space:normal;overflow-wrap:break-word;min-width:8.5em}
.smr tbody th{font-weight:500}
.smr thead th{border-bottom:2px solid #777;font-weight:600;white-space:normal;vertical-align:bottom}
.smr dt{font-weight:600;margin-top:.5em}
.smr dd{margin:0;overflow-wrap:anywhere}
@media (max-width:700px){
.smr{padding:0 12px 30px;font-size:15px}
.smr .rows,.smr .drawn{flex:1 1 100%}
.smr table{width:100%}
.smr th,.smr td{padding:.22em .4em}
.smr .cards,.smr .cards caption,.smr .cards tbody{display:block}
.smr .cards thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.smr .cards tbody tr{display:grid;grid-template-columns:repeat(auto-fill,minmax(10.5em,1fr));gap:0 1.2em;
border-bottom:1px solid #777;padding:.35em 0}
.smr .cards tbody tr>*{border:0;padding:.08em 0}
.smr .cards tbody th{font-weight:600;grid-column:1/-1}
.smr .cards td{display:flex;justify-content:space-between;gap:.6em}
.smr .cards td::before{content:attr(data-name);color:#4a4a4a;text-align:left;white-space:normal}
.smr .cards td:empty{display:none}
.smr .rows{min-width:0}
}
@media print{
.smr{max-width:none;padding:0;font-size:10pt}
.smr nav{display:none}
.smr table,.smr li{break-inside:avoid}
.smr h2,.smr h3,.smr .question{break-after:avoid}
.smr .rows{flex:1 1 100%}
.smr .drawn{flex:0 1 14cm}
.smr th,.smr td{padding:.15em .5em}
}
"""


def page(review: Review) -> str:
    """Return the review as a whole page."""
    title = _safe(heading(review))
    policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    head = (
        '<meta charset="utf-8">\n<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n<title>{title}</title>\n'
        f"<style>\nbody{{margin:0;background:#fff}}{_STYLE}</style>"
    )
    body = "\n".join(_whole(review))
    return f'<!DOCTYPE html>\n<html lang="en">\n<head>\n{head}\n</head>\n<body>\n{body}\n</body>\n</html>\n'


def fragment(review: Review) -> str:
    """Return the review as a piece of HTML for a notebook, without pictures."""
    shown = sections(review, most=_FROM_EACH_END)
    inside = [f"<h1>{_text(heading(review))}</h1>", f'<p class="lead">{_text(gone(review))}</p>', *_notes(review)]
    for section in shown:
        inside += ["<section>", f"<h2>{_safe(section.name)}</h2>", *_written(section), "</section>"]
    return f'<div class="smr"><style>{_STYLE}</style>{"".join(inside)}</div>'


def _whole(review: Review) -> Iterator[str]:
    """Yield the body of a page."""
    drawing = can_draw()
    shown = list(sections(review, most=_FROM_EACH_END))
    yield '<div class="smr">\n<header>'
    yield f'<h1>{_text(heading(review))}</h1>\n<p class="lead">{_text(gone(review))}</p>'
    if not drawing:
        yield f'<p class="lead">{_safe(NEEDED)}</p>'
    links = (f'<a href="#{_anchor(section.name)}">{_safe(section.name)}</a>' for section in shown)
    yield f'<nav aria-label="Sections">{"".join(links)}</nav>\n</header>\n<main>'
    yield from _notes(review)
    for section in shown:
        anchor = _anchor(section.name)
        yield f'<section aria-labelledby="{anchor}">\n<h2 id="{anchor}">{_safe(section.name)}</h2>'
        yield from _beside(review, section) if drawing and section.charts else _written(section)
        yield "</section>"
    yield from _definitions(review)
    yield "</main>\n</div>"


def _beside(review: Review, section: Section) -> Iterator[str]:
    """Yield what a section says, its pictures at the side."""
    yield '<div class="pair">\n<div class="rows">'
    yield from _written(section)
    yield '</div>\n<div class="drawn">'
    for name in section.charts:
        table, mark = review.tables[name], _mark(review, name)
        if name == "bias_by_rep":  # one call that was far off would dwarf all others
            table = table.take(np.flatnonzero(table.n >= review.rules.min_pairs))
        if not len(table):
            continue
        caption = name.replace("_", " ").capitalize()
        said = _safe(f"{caption}. {_described(table)}")
        beside = "" if mark is None else f"; marked: {_MARKED[str(marked(name))]}"
        yield (
            f"<figure><figcaption>{_safe(caption + beside)}</figcaption>"
            f'<img alt="{said}" src="{drawn(table, mark)}"></figure>'
        )
    yield "</div>\n</div>"


def _mark(review: Review, name: str) -> MetricTable | None:
    """Return what is marked beside a table: nothing, where some of it is not known."""
    mark = review.tables.get(marked(name) or "")
    if not isinstance(mark, MetricTable) or mark.undefined.any():
        return None
    mine = set(review.tables[name].labels) if mark.labels.names else set()
    return mark if mine <= set(mark.labels) or not mark.labels.names else None


def _written(section: Section) -> Iterator[str]:
    """Yield what a section says in words and rows."""
    yield f'<p class="question">{_safe(section.question[:1].upper() + section.question[1:])}</p>'
    for grid in section.grids:
        yield _table(grid)
    for line in section.lines:
        yield f'<p class="below">{_text(line)}</p>'
    for line in section.missing:
        yield f'<p class="below">Not shown: {_text(line)}</p>'


def _table(grid: Grid) -> str:
    """Return rows as a table; on a narrow screen each row of a wide one stands by itself."""
    cards = ' class="cards"' if len(grid.head) > _FEW_COLUMNS else ""
    kinds = [f' role="{role}"' if cards else "" for role in ("table", "rowgroup", "row", "columnheader", "cell")]
    table, group, line, column, cell = kinds
    head = "".join(f'<th scope="col"{column}>{_safe(name)}</th>' for name in grid.head)
    rows = "".join(f"<tr{line}>{_cells(grid.head, row, cell)}</tr>\n" for row in grid.body)
    return (
        f"<table{cards}{table}><caption>{_safe(grid.caption[:1].upper() + grid.caption[1:])}</caption>\n"
        f"<thead{group}><tr{line}>{head}</tr></thead>\n<tbody{group}>{rows}</tbody></table>"
    )


def _cells(head: Sequence[str], row: Sequence[str], role: str) -> str:
    """Return the cells of a row, each with the name of its column for a narrow screen."""
    kind = ' role="rowheader"' if role else ""
    first = f'<th scope="row" dir="auto"{kind}>{_safe(row[0])}</th>'
    rest = (
        f'<td{role} data-name="{_safe(name)}">{_safe(text)}</td>' for name, text in zip(head[1:], row[1:], strict=True)
    )
    return first + "".join(rest)


def _notes(review: Review) -> Iterator[str]:
    """Yield what needs attention, rule by rule."""
    yield '<section class="notes"><h2>Needs attention</h2>'
    if not review.notes:
        yield "<p>Nothing, by the rules of this review.</p>"
    for what, notes, more in picked(review.notes, _NOTES_OF_A_RULE):
        yield f"<h3>{_safe(_TITLES[what])}</h3><ul>{''.join(map(_item, notes))}</ul>"
        if more:
            yield f'<p class="below">… and {more} more; <code>review.notes</code> has them all.</p>'
    yield "</section>"


def _item(note: Note) -> str:
    return f"<li>{_text(note.sentence)}</li>"


def _definitions(review: Review) -> Iterator[str]:
    """Yield how each number is defined, and the thresholds of the notes."""
    yield '<section aria-labelledby="definitions"><h2 id="definitions">Definitions</h2>\n<dl>'
    for name, table in review.tables.items():
        if isinstance(table, MetricTable) and "_by_" not in name and not name.endswith("_before"):
            left = ", ".join(f"{cause} {count:,}" for cause, count in table.left_out.items() if count)
            more = f" Left out: {left}." if left else ""
            yield f"<dt>{_safe(name.replace('_', ' '))}</dt><dd>{_text(f'{table.definition}.{more}')}</dd>"
    yield f"<dt>thresholds of the notes</dt><dd>{_text(repr(review.rules))}</dd>\n</dl></section>"


def _described(table: Any) -> str:
    """Return what a picture shows, in words, for those who do not see it."""
    if not isinstance(table, MetricTable):
        return f"{len(table):,} rows; the numbers stand in the tables of this section."
    known = table.take(np.flatnonzero(~table.undefined)).sort()
    if not len(known):
        return "No number is defined."
    kind, names = figures.kind_of(table.name, table.unit), list(known.labels)
    ends = [f"{label(names[at])}, {figures.brief(float(known.value[at]), kind)}" for at in (0, -1)]
    return f"{len(table):,} rows: the largest is {ends[0]}, the smallest {ends[1]}."


def _anchor(name: str) -> str:
    """Return the anchor of a section."""
    return name.lower().replace(" ", "-")


def _safe(text: str) -> str:
    """Return text in which nothing is markup and everything prints."""
    return html.escape(escape(text), quote=True)


def _text(text: str) -> str:
    """Return the same, with days and numbers of rows that stay on one line: not for attributes."""
    return _WHOLE.sub(r"<span>\g<0></span>", _safe(text))
