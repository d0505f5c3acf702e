"""The page that lists every error by its code, made from the source: ``python -m tests.errors_page`` writes it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "salesmetrics"
PAGE = ROOT / "docs" / "reference" / "errors.md"
CODE = re.compile(r"SM-([A-Z]+)-[0-9]{2}")

AREAS = {
    "ACT": "activities",
    "AMT": "amounts",
    "ARG": "arguments",
    "ARR": "arrays",
    "BOK": "books",
    "CAL": "calendars",
    "CLO": "days of closing",
    "COL": "columns of a book",
    "CRE": "credit",
    "CUR": "currencies and rates",
    "DAY": "days and instants",
    "DEA": "one deal",
    "DEL": "rows that do not count",
    "DOM": "processes",
    "DST": "laws of forecasts",
    "DTS": "made data",
    "FLG": "flags",
    "FOR": "forecasts",
    "FRM": "formulas",
    "GEN": "anything",
    "HIS": "histories",
    "HYG": "hygiene",
    "IMM": "immature cohorts",
    "KEY": "ids",
    "LAB": "labels",
    "MAP": "column maps",
    "MOV": "moves between stages",
    "OUT": "what is written",
    "OWN": "owners",
    "PER": "periods",
    "PLT": "pictures",
    "PQT": "Parquet files",
    "PRB": "probabilities",
    "PRO": "sales processes",
    "QTA": "quotas",
    "QUO": "one quota",
    "REP": "reps",
    "RES": "outcomes",
    "REV": "reviews",
    "RNG": "chance",
    "ROW": "rows of an answer",
    "SAV": "saved tallies",
    "SCN": "deals in parts",
    "SHR": "shares",
    "SLP": "slippage",
    "SPL": "splits",
    "SRC": "sources and their columns",
    "STG": "stages and their history",
    "TAB": "tables",
    "TLY": "tallies",
    "TRN": "trends",
    "TXT": "files of text",
    "WLK": "the pipeline walk",
}
# Where the rule and the hint stand in calls that do not name them.
CALLS = {
    "Problem": (2, 5), "problems_at": (4, 5), "whole_problem": (2, 4), "bad_text": (1, 4), "refusal": (0, 4), "_note": (3, 6),
    "_refused": (0, 9), "_gone": (3, 9), "_no_frame": (9, 1), "_problem": (2, 5),
}  # fmt: skip
# What is said by a function of its own, for several cases.
BY_HAND = {
    "SM-ARR-12": "`source` must be a data frame or a mapping of columns; got ….",
    "SM-COL-01": "`…` must be a column of the … for …; got ….",
    "SM-GEN-01": "the code of an error that has none of its own",
    "SM-QTA-03": "`start` must not overlap another quota of the same rep",
    "SM-QTA-04": "`start` must not be given twice for the same rep, days and `effective_from`",
    "SM-SAV-08": "`source` must hold a tally that holds together; got ….",
    "SM-SRC-11": "`source` must be a data frame or a mapping of columns; got ….",
    "SM-TXT-05": "the text must have … fields in every row; got 1, beginning with … (line …).",
    "SM-TXT-08": "the text must have … fields in every row; got …, beginning with … (line …).",
}
_HEAD = """# Errors by code

Every error and warning has a code that stays, an attribute `code`; `str(error)` begins with it. The sentence says the rule,
what was given and where; `…` stands for what your data fill in. A cure is the error's own hint, where it has one.
[Mend common mistakes](../how-to/mend-common-mistakes.md) shows the commonest as they are printed.

An error of rows holds all of them: `error.rows`, `error.keys`, `error.values` and `error.to_records()`.
`on_error="collect"` runs every rule before it raises, `on_error="drop"` leaves such rows out and counts them in the book's
`repr`. What concerns a column, a file or an argument is raised in every case.
"""


def entries() -> dict[str, tuple[list[str], list[str]]]:
    """Return the sentences and the cures of each code in the source."""
    found: dict[str, tuple[list[str], list[str]]] = {}
    for path in sorted(SOURCE.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for scope, call, code in _calls(tree):
            sentences, cures = found.setdefault(code, ([], []))
            sentence, cure = _texts(call, scope, tree)
            sentences += [text for text in sentence if text not in sentences]
            cures += [text for text in cure if text not in cures]
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and CODE.fullmatch(node.value):
                found.setdefault(node.value, ([], []))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.startswith("[SM-"):
                found.setdefault(node.value[1:10], ([node.value[12:].strip()], []))
    return found


def _calls(tree: ast.Module) -> Iterator[tuple[ast.AST, ast.Call, str]]:
    """Yield the function around each call that holds a code, the call and the code."""
    scopes: list[ast.AST] = [n for n in ast.walk(tree) if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef))]
    inner = {id(call): scope for scope in scopes for call in ast.walk(scope) if isinstance(call, ast.Call)}
    for call in ast.walk(tree):
        if isinstance(call, ast.Call):
            held = [*call.args, *(keyword.value for keyword in call.keywords)]
            for value in held:
                if isinstance(value, ast.Constant) and isinstance(value.value, str) and CODE.fullmatch(value.value):
                    yield inner.get(id(call), tree), call, value.value


def _texts(call: ast.Call, scope: ast.AST, tree: ast.Module) -> tuple[list[str], list[str]]:
    """Return what a call says as sentence and as cure, with every name that is a text looked up."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    rule, hint = CALLS.get(name, (0, 99))
    named = {keyword.arg: keyword.value for keyword in call.keywords}
    said = named.get("rule", named.get("message", call.args[rule] if rule < len(call.args) else None))
    cure = named.get("hint", call.args[hint] if hint < len(call.args) else None)
    sentences = _said(said, scope, tree)
    if name in CALLS and name != "refusal":
        sentences = [f"must {text}" for text in sentences]
    return [" ".join(text.split()) for text in sentences], [" ".join(text.split()) for text in _said(cure, scope, tree)]


def _said(node: ast.AST | None, scope: ast.AST, tree: ast.Module, depth: int = 0) -> list[str]:
    """Return the texts that an expression can be, with "…" for what the data fill in."""
    if node is None or depth > 3 or (isinstance(node, ast.Constant) and not isinstance(node.value, str)):
        return []
    if isinstance(node, ast.Constant):
        return [str(node.value)] if node.value else []
    if isinstance(node, ast.JoinedStr):
        parts = [part.value if isinstance(part, ast.Constant) else "…" for part in node.values]
        return [re.sub("…+", "…", "".join(map(str, parts)))]
    if isinstance(node, ast.IfExp):
        return [*_said(node.body, scope, tree, depth + 1), *_said(node.orelse, scope, tree, depth + 1)]
    if isinstance(node, ast.Name):
        return _looked_up(node, scope, tree, depth)
    if isinstance(node, ast.BinOp):
        left = _said(node.left, scope, tree, depth + 1) or ["…"]
        return [left[0] + (_said(node.right, scope, tree, depth + 1) or ["…"])[0]]
    if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "nearest":
        return ["did you mean …?"]
    return ["…"]


def _looked_up(name: ast.Name, scope: ast.AST, tree: ast.Module, depth: int) -> list[str]:
    """Return the texts of the last assignment to a name before it is used, in its function or else in the file."""
    for where in (scope, tree):
        held = [
            (node.lineno, texts)
            for node in ast.walk(where)
            if isinstance(node, ast.Assign) and (texts := _assigned(node, name.id, scope, tree, depth))
        ]
        before = [texts for line, texts in sorted(held) if where is tree or line <= name.lineno]
        if before:
            return before[-1]
    return []


def _assigned(node: ast.AST, name: str, scope: ast.AST, tree: ast.Module, depth: int) -> list[str]:
    """Return the texts that an assignment gives to a name, one of several in a row too."""
    if not isinstance(node, ast.Assign):
        return []
    for target in node.targets:
        if isinstance(target, ast.Name) and target.id == name:
            return _said(node.value, scope, tree, depth + 1)
        if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
            for part, value in zip(target.elts, node.value.elts, strict=False):
                if isinstance(part, ast.Name) and part.id == name:
                    return _said(value, scope, tree, depth + 1)
    return []


def page() -> str:
    """Return the page."""
    lines, area = [_HEAD.strip()], ""
    for code, (sentences, cures) in sorted(entries().items()):
        here = code.split("-")[1]
        if here != area:
            area = here
            lines += [
                "",
                f"## {area}: {AREAS.get(area, area.lower())}",
                "",
                "| code | sentence | cure |",
                "|---|---|---|",
            ]
        told = list(dict.fromkeys(text for text in sentences if text.strip("… "))) or [BY_HAND[code]]
        cured = list(dict.fromkeys(text for text in cures if text.strip("… "))) or ["as the sentence says"]
        lines.append(f"| `{code}` | {_cell(told)} | {_cell(cured)} |")
    return "\n".join(lines) + "\n"


def _cell(texts: list[str]) -> str:
    return "<br>".join(text.replace("|", "\\|").replace("<", "&lt;") for text in texts[:4])


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
