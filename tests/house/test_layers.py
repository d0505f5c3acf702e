"""House rules: what may import what, what may be called, how files may be named."""

from __future__ import annotations

import ast
import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = "salesmetrics"
SOURCE = Path(__file__).resolve().parents[2] / "src" / PACKAGE

# Bottom to top. A room imports from lines above its own in this list and from no other line, nor from its own line.
LAYERS = (
    ("errors", "arrays", "guard"),
    ("listing",),
    ("_check", "export", "figures", "keywords"),
    ("_threads", "_workbench"),
    ("_wide", "_ratios"),
    ("_adding",),
    ("_kernels", "_histograms"),
    ("_ranked",),
    ("money", "_lasting", "_strides", "chances"),
    ("_runs",),
    ("rates",),
    ("columns",),
    ("calendars",),
    ("fiscal", "fields"),
    ("domain",),
    ("labels",),
    ("convert",),
    ("books",),
    ("credit", "staffing", "structure", "trails"),
    ("states",),
    ("bridging", "entering", "scans"),
    ("spreading",),
    ("grouping", "flagging"),
    ("slicing", "snapshots", "tally", "visits", "watching", "lining", "spanning"),
    ("passing", "opening"),
    ("marking", "calling"),
    ("readers", "tallies", "formulas", "results"),
    ("answers", "asking", "measuring"),
    ("ledgers", "pairing", "curves", "cohorts", "tenures", "stepping", "deal_flags"),
    ("forecasting", "covering", "outlooks"),
    ("metrics", "plots", "datasets", "saving"),
    ("reviewing",),
    ("__init__",),
)
LEVEL = {room: level for level, rooms in enumerate(LAYERS) for room in rooms}
# Files of these packages do not import their neighbours; the package's own __init__ re-exports them.
NO_NEIGHBOURS = ("formulas", "metrics", "tallies")
# The doors that open upstairs, inside a call only: a table, a curve or flags hand themselves to the plots.
UPSTAIRS = {("results", "plots"), ("curves", "plots"), ("flagging", "plots")}

AT_IMPORT = {"attrs", "numpy"}
INSIDE_CALLS = {"scipy"}
GUESTS = {"dask", "duckdb", "matplotlib", "narwhals", "pandas", "polars", "pyarrow"}
NAMES = {"base", "common", "helper", "helpers", "misc", "tools", "util", "utils"}
MODULES = {"dill", "cloudpickle", "ctypes", "marshal", "multiprocessing", "pickle", "shelve", "socket", "subprocess"}
BUILTINS = {"__import__", "breakpoint", "compile", "eval", "exec", "input"}
CALLS = ("eval", "popen", "system", "execl", "execv", "spawn", "fork")
CLOCK = {"now", "today", "utcnow"}
SALES = {"deal", "deals", "forecast", "lost", "pipeline", "quota", "quotas", "rep", "reps", "revenue", "won"}

FILES = sorted(SOURCE.rglob("*.py"))
every_file = pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(SOURCE).as_posix())


def dotted(path: Path) -> str:
    """Return the module's name below the package: ``books.deals``, or ``__init__`` for the front door."""
    parts = path.relative_to(SOURCE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def imports(path: Path) -> Iterator[tuple[str, int, bool]]:
    """Yield (absolute name, line, at module level) for every import of a file, type-only ones included."""
    modules = {f"{PACKAGE}.{dotted(file)}".removesuffix(".__init__") for file in FILES}
    package = (PACKAGE, *path.relative_to(SOURCE).parent.parts)
    tree = tree_of(path)
    nested = {
        id(inner)
        for outer in ast.walk(tree)
        if isinstance(outer, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)) or is_for_types(outer)
        for inner in ast.walk(outer)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            stem = ".".join((*above, *filter(None, [node.module])))
            full = [f"{stem}.{alias.name}" for alias in node.names]
            found = [name if name in modules else stem for name in full]
        else:
            continue
        yield from ((name, node.lineno, id(node) not in nested) for name in found)


def is_for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")


def inner_imports(path: Path) -> Iterator[tuple[str, int, bool]]:
    """Yield the imports from the package itself, by the name below it."""
    for name, line, outside in imports(path):
        if name == PACKAGE or name.startswith(f"{PACKAGE}."):
            yield name.removeprefix(PACKAGE).removeprefix(".") or "__init__", line, outside


def identifiers(tree: ast.Module) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree):
        for field in ("id", "attr", "arg", "name"):
            if isinstance(name := getattr(node, field, None), str):
                yield name, getattr(node, "lineno", 0)


def test_there_are_files_to_check() -> None:
    """The house rules look at the real source tree."""
    assert SOURCE / "__init__.py" in FILES
    assert SOURCE / "py.typed" in SOURCE.iterdir()


@every_file
def test_every_file_has_its_room(path: Path) -> None:
    """Every file belongs to a layer of the plan and its name says what it is about."""
    assert dotted(path).split(".")[0] in LEVEL
    words = path.stem.strip("_")
    assert words not in NAMES
    assert not path.stem.endswith(("_impl", "_utils", "_helpers", "_common", "_base"))


@every_file
def test_imports_go_downstairs_only(path: Path) -> None:
    """No file imports from its own floor or from one above."""
    here = dotted(path).split(".")[0]
    wrong = []
    for name, line, outside in inner_imports(path):
        there = name.split(".")[0]
        if there == here or ((here, there) in UPSTAIRS and not outside):
            continue
        if there not in LEVEL or LEVEL[there] >= LEVEL[here]:
            wrong.append(f"line {line}: {here} imports {name}")
    assert not wrong


@every_file
def test_workshops_do_not_visit_their_neighbours(path: Path) -> None:
    """Files of formulas, tallies and metrics import no file beside them."""
    here = dotted(path).split(".")[0]
    if here not in NO_NEIGHBOURS or path.name == "__init__.py":
        return
    wrong = [f"line {line}: {name}" for name, line, _ in inner_imports(path) if name.split(".")[0] == here]
    assert not wrong


@every_file
def test_only_numpy_and_attrs_are_imported_with_the_package(path: Path) -> None:
    """SciPy and the libraries of the user's are imported inside the calls that need them; nothing else is known."""
    wrong = []
    for name, line, outside in imports(path):
        root = name.split(".")[0]
        if root in sys.stdlib_module_names or root == PACKAGE or root in AT_IMPORT:
            continue
        if outside or root not in INSIDE_CALLS | GUESTS:
            wrong.append(f"line {line}: {name}")
    assert not wrong


@every_file
def test_no_code_runs_from_data(path: Path) -> None:
    """The source unpickles nothing, evaluates no text, opens no process and no socket."""
    wrong = [f"line {line}: import {name}" for name, line, _ in imports(path) if name.split(".")[0] in MODULES]
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Call):
            called = node.func
            if isinstance(called, ast.Name) and called.id in BUILTINS:
                wrong.append(f"line {node.lineno}: {called.id}()")
            elif isinstance(called, ast.Attribute) and called.attr.startswith(CALLS):
                wrong.append(f"line {node.lineno}: .{called.attr}()")
        elif isinstance(node, ast.keyword) and node.arg == "allow_pickle" and ast.unparse(node.value) != "False":
            wrong.append(f"line {node.value.lineno}: allow_pickle")
    assert not wrong


@every_file
def test_nothing_reads_the_clock_the_locale_or_the_environment(path: Path) -> None:
    """Days are arguments: the same call gives the same answer on every day and every machine."""
    wrong = [f"line {line}: import {name}" for name, line, _ in imports(path) if name in {"locale", "time"}]
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CLOCK:
            wrong.append(f"line {node.lineno}: .{node.func.attr}()")
        elif isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv"}:
            wrong.append(f"line {node.lineno}: .{node.attr}")
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("random.seed"):
            wrong.append(f"line {node.lineno}: a global seed")
    assert not wrong


@every_file
def test_no_function_swallows_unknown_keywords(path: Path) -> None:
    """A misspelt argument is an error: no function takes ``**kwargs``, but the one that says which is nearest."""
    if path == SOURCE / "keywords.py":
        return
    functions = [
        n for n in ast.walk(tree_of(path)) if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
    ]
    assert not [f"line {node.lineno}" for node in functions if node.args.kwarg is not None]


def test_kernels_know_no_sales_words() -> None:
    """The kernels count and add codes; what the codes mean is said upstairs."""
    tree = tree_of(SOURCE / "_kernels.py")
    assert not [f"line {line}: {name}" for name, line in identifiers(tree) if SALES & set(name.lower().split("_"))]


def test_importing_the_package_loads_neither_scipy_nor_a_frame_library(tmp_path: Path) -> None:
    """A fresh process that imports the package has loaded no SciPy, no frame library and no plotting."""
    spec = importlib.util.find_spec(PACKAGE)
    assert spec is not None
    assert spec.origin is not None
    code = f"import sys; old = set(sys.modules); import {PACKAGE}; print(*sorted(set(sys.modules) - old))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(Path(spec.origin).parents[1])},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    loaded = done.stdout.split()
    assert PACKAGE in loaded
    assert not [name for name in loaded if name.split(".")[0] in INSIDE_CALLS | GUESTS]
