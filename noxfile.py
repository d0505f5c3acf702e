#!/usr/bin/env -S uv run --script
# /// script
# dependencies = ["nox>=2025.2.9"]
# ///
"""The tasks of the project: ``nox -l`` lists them, plain ``nox`` runs lint and tests."""

from __future__ import annotations

import nox

nox.needs_version = ">=2025.2.9"
nox.options.default_venv_backend = "uv|virtualenv"

PROJECT = nox.project.load_toml("pyproject.toml")
FLOORS = [text.replace(">=", "==") + ".*" for text in PROJECT["project"]["dependencies"]]


def group(name: str) -> list[str]:
    """Return the requirements of a dependency group, for installers that have no ``--group``."""
    return list(nox.project.dependency_groups(PROJECT, name))


@nox.session
def lint(session: nox.Session) -> None:
    """Lint, format and types."""
    session.install("-e", ".", *group("lint"))
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")
    session.run("mypy", "--strict")
    session.run("mypy", "--strict", "tests/typing")
    quiet = {"PYRIGHT_PYTHON_IGNORE_WARNINGS": "1"}  # it need not ask whether there is a newer one
    session.run("pyright", "-p", "pyproject.toml", env=quiet)
    session.run("pyright", "--verifytypes", "salesmetrics", "--ignoreexternal", env=quiet)


@nox.session
def tests(session: nox.Session) -> None:
    """Tests with the runtime dependencies only; the rest skip."""
    session.install("-e", ".", *group("test"))
    session.run("python", "-m", "pytest", *session.posargs)


@nox.session(default=False)
def floor(session: nox.Session) -> None:
    """Tests with the oldest supported numpy, scipy and attrs."""
    session.install("-e", ".", *group("test"), *FLOORS)
    session.run("python", "-m", "pytest", *session.posargs)


@nox.session(default=False)
def oracles(session: nox.Session) -> None:
    """Tests beside pandas, Polars, DuckDB, lifelines and statsmodels."""
    session.install("-e", ".", *group("test"), *group("oracles"))
    session.run("python", "-m", "pytest", *(session.posargs or ["tests"]))


@nox.session(default=False)
def coverage(session: nox.Session) -> None:
    """Branch coverage of the tests, oracles included."""
    session.install("-e", ".", *group("test"), *group("oracles"), "coverage>=7.6")
    session.run("coverage", "run", "-m", "pytest", *(session.posargs or ["tests"]))
    session.run("coverage", "report")


@nox.session(default=False)
def docs(session: nox.Session) -> None:
    """The documentation, with its blocks run and warnings as errors; ``nox -s docs -- linkcheck`` asks every outer link."""
    session.install(".", *group("docs"), *group("test"))
    if session.posargs:
        session.run("sphinx-build", "-b", *session.posargs, "docs", f"docs/_build/{session.posargs[0]}")
        return
    session.run("sphinx-build", "-W", "--keep-going", "-n", "-E", "-b", "html", "docs", "docs/_build/html")
    files = [f"tests/house/test_{name}.py" for name in ("docstrings", "pages", "site")]
    session.run("python", "-m", "pytest", *files)


@nox.session(default=False)
def bench(session: nox.Session) -> None:
    """Benchmarks beside other engines: ``nox -s bench -- -m benchmarks --data folder``."""
    session.install(".", *group("bench"))
    session.run("python", *(session.posargs or ["-m", "benchmarks"]))


@nox.session(default=False)
def review(session: nox.Session) -> None:
    """The checks of repo-review on the repository itself."""
    session.install(*group("review"))
    session.run("repo-review", ".")


if __name__ == "__main__":
    nox.main()
