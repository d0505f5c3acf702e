"""What becomes of problems: raised at once, collected, or their rows left out."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import attrs
import numpy as np

from salesmetrics import _check
from salesmetrics.arrays import AnyArray, IntArray
from salesmetrics.columns import Column, KeyColumn
from salesmetrics.convert import Problem
from salesmetrics.errors import InvalidDataError, SalesMetricsWarning, escape, show, show_value

__all__ = ["ON_ERROR", "Judge"]

ON_ERROR = ("raise", "collect", "drop")
DOUBLED = "SM-KEY-04"
_HINT = "on_error='drop' leaves such rows out, on_error='collect' reports every problem at once."


@attrs.define
class Judge:
    """Problems of one call, in the fixed order of the rules, and what is done about them."""

    on_error: str
    rows: int
    lines: IntArray | None
    names: Mapping[str, str]
    keys: AnyArray | KeyColumn | None = None
    noun: str = "deal"
    problems: list[Problem] = attrs.field(factory=list)
    notes: list[str] = attrs.field(factory=list)
    gone: list[Problem] = attrs.field(factory=list)

    def leave_out(self, problem: Problem) -> None:
        """Leave rows out under every mode, count them, and hear nothing more about them."""
        rows = np.setdiff1d(problem.rows, self._gone(), assume_unique=True)
        if len(rows):
            self.gone.append(attrs.evolve(problem, rows=rows, values=problem.values[: len(rows)]))

    def _gone(self) -> IntArray:
        """Return the rows that are left out already."""
        return np.concatenate([np.empty(0, dtype=np.int64), *(problem.rows for problem in self.gone)])

    def hear(self, problems: Sequence[Problem]) -> None:
        """Take problems: warnings become notes, what cannot be left out is raised, the rest waits."""
        for problem in filter(None, map(self._present, problems)):
            if problem.warning:
                self.notes.append(self._noted(problem))
            elif problem.whole or self.on_error == "raise":
                raise self._error(problem)
            else:
                self.problems.append(problem)

    def _present(self, problem: Problem) -> Problem | None:
        """Return a problem without the rows that are gone, or None where no row remains."""
        if not self.gone or not len(problem.rows):
            return problem
        here = ~np.isin(problem.rows, self._gone())
        if problem.code == DOUBLED:  # a twin that is gone leaves its twin alone
            often = Counter(value for value, stays in zip(problem.values, here, strict=True) if stays)
            here &= np.array([often[value] > 1 for value in problem.values])
        if here.all():
            return problem
        values = [v for v, stays in zip(problem.values, here, strict=False) if stays]
        return attrs.evolve(problem, rows=problem.rows[here], values=values) if here.any() else None

    def settle(
        self, columns: dict[str, Column], between: Callable[[Mapping[str, Column]], list[Problem]]
    ) -> tuple[dict[str, Column], IntArray]:
        """Check the rules between columns too; return the columns of the rows that keep every rule, and which those are."""
        kept = self._good(np.arange(self.rows))
        columns = self._taken(columns, kept, self.rows)
        while True:
            found = between(columns)
            if not found:
                break
            moved = [attrs.evolve(p, rows=kept[p.rows]) for p in found]
            self.hear(moved)
            left = self._good(kept)
            columns = self._taken(columns, np.flatnonzero(np.isin(kept, left)), len(kept))
            kept = left
        if self.problems and self.on_error == "collect":
            raise self._collected()
        return columns, kept

    def settled(
        self, columns: dict[str, Column], between: Callable[[Mapping[str, Column]], list[Problem]]
    ) -> tuple[dict[str, Column], int]:
        """Check the rules between columns as `settle` does; return the columns, and how many rows they have."""
        if not self._left_out() and not between(columns):
            return columns, self.rows
        columns, kept = self.settle(columns, between)
        return columns, len(kept)

    def _good(self, rows: IntArray) -> IntArray:
        """Return the rows that no problem names."""
        if not self._left_out():
            return rows
        bad = np.zeros(self.rows, dtype=bool)
        for problem in self._left_out():
            bad[problem.rows] = True
        return rows[~bad[rows]]

    @staticmethod
    def _taken(columns: dict[str, Column], rows: IntArray, size: int) -> dict[str, Column]:
        """Return the columns of some rows."""
        if len(rows) == size:
            return columns
        return {name: column.take(rows) for name, column in columns.items()}

    def rejects(self) -> tuple[dict[str, object], ...]:
        """Return one record for each row left out and rule it breaks."""
        return tuple(record for problem in self._left_out() for record in self._error(problem).to_records())

    def _left_out(self) -> list[Problem]:
        """Return the problems whose rows are left out."""
        return [*self.gone, *self.problems]

    def warn(self) -> None:
        """Say the warnings of the call, in one; rows that are left out because they are wrong come first."""
        said = [*self._dropped(), *self.notes]
        if said:
            text = "; ".join(map(escape, said))
            warnings.warn(f"{text}.", SalesMetricsWarning, stacklevel=4)

    def _dropped(self) -> list[str]:
        """Return how many rows are left out because they break a rule, and which rules these are."""
        if not self.problems:
            return []
        rows = len(np.unique(np.concatenate([problem.rows for problem in self.problems])))
        codes = ", ".join(sorted({problem.code for problem in self.problems}))
        what = "1 row" if rows == 1 else f"{rows:,} rows"
        return [
            f"{what} of {self.rows:,} left out by on_error='drop' ({codes}; `rejects` lists what is wrong with each)"
        ]

    def _sentence(self, problem: Problem) -> str:
        """Return the first line: what is wrong and how much of it."""
        if problem.warning and not problem.whole and not len(problem.rows):  # of the source, not of rows
            got = show_value(problem.values[0]) if problem.values else "none"
            return f"`{problem.field}` must {problem.rule}; got {got}."
        if problem.whole:
            got = show_value(problem.values[0]) if problem.values else "another"
            return f"`{problem.field}` must {problem.rule}; got {got}."
        return (
            f"`{problem.field}` must {problem.rule}; got {len(problem.rows)} of {self.rows} rows "
            f"that {_fail(problem.rule, len(problem.rows))}."
        )

    def _noted(self, problem: Problem) -> str:
        """Return a warning as one sentence without its stop: rule, count, first values, hint."""
        distinct = list(dict.fromkeys(show_value(value) for value in problem.values[:100]))
        values = ", ".join(distinct[:4]) + (", …" if len(distinct) > 4 else "")
        said = self._sentence(problem).rstrip(".") + (f": {values}" if values and len(problem.rows) else "")
        return f"{said} ({problem.hint.rstrip('.')})" if problem.hint else said

    def _error(self, problem: Problem) -> InvalidDataError:
        """Return a problem as an error that names column, row, line, key and value."""
        lines = [self._sentence(problem)]
        row = line = None
        keys: list[object] = []
        if len(problem.rows):
            row = int(problem.rows[0])
            where = [f"column {show(self.names[problem.field])}"] if problem.field in self.names else []
            where.append(f"row {row}")
            if self.lines is not None:
                line = int(self.lines[row])
                where[-1] += f" (line {line})"
            if self.keys is not None:
                known = self.keys.take(problem.rows)
                keys = list(known.user() if isinstance(known, KeyColumn) else known)
                where += (
                    []
                    if keys[0] is None or (isinstance(keys[0], str) and not keys[0])
                    else [f"{self.noun} {show_value(keys[0])}"]
                )
            lines.append("  " + ", ".join(where) + (f": {show_value(problem.values[0])}" if problem.values else ""))
            if len(problem.rows) > 1:
                lines.append("  also rows " + ", ".join(str(int(r)) for r in problem.rows[1:4]))
        return InvalidDataError(
            "\n".join(lines),
            code=problem.code,
            field=problem.field,
            column=self.names.get(problem.field),
            row=row,
            line=line,
            rows=problem.rows,
            keys=keys,
            values=problem.values,
            hint=problem.hint or (None if problem.whole else _HINT),
            records=self._records(problem, lines[0], keys),
        )

    def _records(self, problem: Problem, sentence: str, keys: Sequence[object]) -> list[dict[str, object]]:
        """Return one dict for each row that breaks the rule."""
        count, column = len(problem.rows), self.names.get(problem.field)
        lines = [None] * count if self.lines is None else self.lines[problem.rows].tolist()
        known = list(keys) if len(keys) else [None] * count
        values = [*problem.values[:count], *[None] * (count - len(problem.values))]
        return [
            {
                "code": problem.code,
                "line": line,
                "byte": None,
                "row": row,
                "column": column,
                "field": problem.field,
                "key": key,
                "value": value,
                "message": sentence,
            }
            for line, row, key, value in zip(lines, problem.rows.tolist(), known, values, strict=True)
        ]

    def _collected(self) -> InvalidDataError:
        """Return one error that holds every problem."""
        errors = [self._error(problem) for problem in self.problems]
        bad = np.unique(np.concatenate([problem.rows for problem in self.problems]))
        listed = "\n".join(f"  {error.code}: {error.message.splitlines()[0]}" for error in errors)
        return InvalidDataError(
            f"`source` must keep the rules in every row; got {len(bad)} of {self.rows} rows that do not.\n{listed}",
            code="SM-BOK-20",
            field="source",
            row=int(bad[0]),
            rows=bad,
            values=[value for error in errors for value in error.values],
            records=[record for error in errors for record in error.to_records()],
            hint="error.to_records() holds every problem; on_error='drop' leaves such rows out.",
        )


def _fail(rule: str, count: int) -> str:
    """Return the verb of the rows that break a rule: "are not" finite, "do" overlap, "do not" lie in [0, 1]."""
    one = count == 1
    if rule.startswith("not be "):
        return "is" if one else "are"
    if rule.startswith("not "):
        return "does" if one else "do"
    verb = ("is" if one else "are") if rule.startswith("be ") else ("does" if one else "do")
    return f"{verb} not"


def checked_mode(on_error: object) -> str:
    """Return what to do about bad rows."""
    return _check.one_of(on_error, ON_ERROR, "on_error")
