"""The stages of a system's pipelines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import attrs
import numpy as np

from salesmetrics.books.table import Book
from salesmetrics.columns import LabelColumn, ProbabilityColumn
from salesmetrics.domain import OUTCOMES, SalesProcess, Stage
from salesmetrics.errors import InvalidArgumentError, nearest, show

__all__ = ["StageBook"]


@attrs.frozen(eq=False, repr=False)
class StageBook(Book):
    """Stages of one or several pipelines in columns; made by `read_stages`.

    Columns: ``stage``, what deals call it, then those of ``name, pipeline, order, outcome, probability, forecast_category``
    that there are.
    """

    kind: ClassVar[str] = "stages"

    @property
    def outcomes(self) -> dict[str | int, str]:
        """What each stage means for a deal in it, for ``outcomes=`` of `read_deals`."""
        stage, outcome = self.column("stage"), self.column("outcome", "what a stage means")
        return dict(zip(stage.user().tolist(), outcome.user().tolist(), strict=True))

    @property
    def pipelines(self) -> tuple[str | int, ...]:
        """The pipelines, sorted."""
        column = self.columns.get("pipeline")
        return column.levels if isinstance(column, LabelColumn) else ()

    def process(self, pipeline: str | int | None = None, *, ends: Mapping[str, str] | None = None) -> SalesProcess:
        """Return the stages of a pipeline as a `SalesProcess`.

        Parameters
        ----------
        pipeline : str or int, optional
            Which; needed where there are several.
        ends : mapping of str to str, optional
            Stages to add behind the last, for systems in which no stage means the end: ``{"Won": "won", "Lost": "lost"}``.

        Returns
        -------
        SalesProcess
            The stages in their order, by the names that deals call them.

        Raises
        ------
        InvalidArgumentError
            If there are several pipelines and none is named, if there is no such pipeline, or if the stages are no process: an
            order that stands twice, no won stage, no lost one.
        """
        rows = self._rows_of(pipeline)
        stage, order = self.column("stage", "a process"), self.column("order", "a process")
        chance, category = self.columns.get("probability"), self.columns.get("forecast_category")
        outcome = self.columns.get("outcome")
        stages = [
            Stage(
                stage.levels[stage.codes[row]],
                int(order.levels[order.codes[row]]),
                probability=_chance(chance, row),
                outcome=OUTCOMES[outcome.codes[row]] if isinstance(outcome, LabelColumn) else "open",
                forecast_category=_label(category, row),
            )
            for row in rows
        ]
        last = max((stage.order for stage in stages), default=0)
        added = [Stage(name, last + at, outcome=meant) for at, (name, meant) in enumerate((ends or {}).items(), 1)]
        return SalesProcess([*stages, *added])

    def _rows_of(self, pipeline: str | int | None) -> list[int]:
        """Return the rows of a pipeline."""
        known = self.pipelines
        if pipeline is None and len(known) < 2:
            return list(range(self.rows))
        if pipeline not in known:
            got = "none" if pipeline is None else show(pipeline)
            raise InvalidArgumentError(
                f"`pipeline` must be one of the {len(known)} pipelines of the stages; got {got}.",
                code="SM-PRO-05",
                field="pipeline",
                values=[pipeline],
                hint=nearest(pipeline, known),
            )
        column = self.columns["pipeline"]
        assert isinstance(column, LabelColumn)
        return np.flatnonzero(column.codes == known.index(pipeline)).tolist()


def _chance(column: object, row: int) -> float | None:
    if not isinstance(column, ProbabilityColumn) or column.ppm[row] < 0:
        return None
    return float(column.user()[row])


def _label(column: object, row: int) -> str | int | None:
    if not isinstance(column, LabelColumn) or column.codes[row] < 0:
        return None
    label: str | int = column.levels[column.codes[row]]
    return label
