"""Plots: what the artists hold is what the result holds."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import salesmetrics as sm
from salesmetrics.plots import draw, draw_curves

matplotlib = pytest.importorskip("matplotlib", minversion="3.9")
matplotlib.use("Agg")
plt = pytest.importorskip("matplotlib.pyplot")

QUARTERS = sm.FiscalCalendar().quarters("2026-01-01", "2026-10-01")


@pytest.fixture
def ax() -> Iterator[Any]:
    figure, axes = plt.subplots()
    yield axes
    figure.canvas.draw()  # whatever was drawn can be rendered, without a warning
    plt.close(figure)


def deals_of(reps: list[Any], outcomes: list[str], days: list[str | None]) -> sm.DealBook:
    return sm.read_deals(
        {"rep": reps, "outcome": outcomes, "created": ["2026-01-01"] * len(reps), "closed": days}, as_of="2026-12-31"
    )


@pytest.fixture
def deals() -> sm.DealBook:
    return deals_of(
        ["Ana", "Ana", "Ana", "Ben", "Ben", "Cy"],
        ["won", "lost", "won", "lost", "won", "open"],
        ["2026-01-10", "2026-02-10", "2026-05-01", "2026-01-20", "2026-08-01", None],
    )


def bars(axes: Any) -> list[float]:
    return [patch.get_width() for patch in axes.patches]


def ticks(axis: Any) -> list[str]:
    return [label.get_text() for label in axis.get_ticklabels()]


def spans(axes: Any) -> list[np.ndarray]:
    """Return the two ends of every whisker."""
    return [segment for lines in axes.collections for segment in lines.get_segments() if len(segment)]


def test_a_table_is_bars_in_its_own_order(ax: Any, deals: sm.DealBook) -> None:
    """Without periods there is a bar for each row, from the top, with its label and n; the axis has the unit."""
    table = sm.win_rate(deals, by="rep").sort(descending=False)
    assert draw(table, ax) is ax
    assert bars(ax) == table.value.tolist()
    assert ticks(ax.yaxis) == [f"{label} (n = {n})" for label, n in zip(table.labels, table.n, strict=True)]
    assert ax.yaxis_inverted()
    assert ax.get_xlabel() == "win_rate [fraction]"
    assert ax.get_title(loc="right") == ""


def test_whiskers_end_where_the_interval_ends(ax: Any, deals: sm.DealBook) -> None:
    """Each whisker runs from low to high of its row."""
    table = sm.win_rate(deals, by="rep")
    draw(table, ax)
    assert table.low is not None
    assert table.high is not None
    ends = [(segment[0][0], segment[1][0]) for segment in spans(ax)]
    assert np.array(ends) == pytest.approx(np.column_stack([table.low, table.high]))


def test_a_fraction_is_not_shown_as_percent(ax: Any, deals: sm.DealBook) -> None:
    """The numbers on the axis are those of the result, in full."""
    draw(sm.win_rate(deals, by="rep"), ax)
    write = ax.xaxis.get_major_formatter()
    assert [write(value) for value in (0.25, 1.0, 1_500_000.0)] == ["0.25", "1", "1,500,000"]


def test_an_undefined_row_has_its_reason_and_no_bar(ax: Any) -> None:
    """NaN is no bar of height 0: the reason stands in its place."""
    deals = sm.read_deals({"rep": ["Ana"], "amount": [10], "outcome": ["won"], "closed": ["2026-01-10"]})
    quotas = sm.read_quotas({"rep": ["Ben"], "start": ["2026-01-01"], "end": ["2026-04-01"], "amount": [100]})
    table = sm.attainment(deals, quotas, period=quotas.periods()[0], by="rep")
    draw(table, ax)
    assert np.isnan(bars(ax)[0])
    assert bars(ax)[1] == 0.0
    assert [text.get_text() for text in ax.texts] == ["no_quota"]


def test_attainment_has_a_line_at_the_number(ax: Any) -> None:
    """A dashed line shows where the quota is met."""
    deals = sm.read_deals({"rep": ["Ana"], "amount": [10], "outcome": ["won"], "closed": ["2026-01-10"]})
    quotas = sm.read_quotas({"rep": ["Ana"], "start": ["2026-01-01"], "end": ["2026-04-01"], "amount": [100]})
    draw(sm.attainment(deals, quotas, period=quotas.periods()[0], by="rep"), ax)
    assert [line.get_xdata()[0] for line in ax.get_lines() if line.get_linestyle() == "--"] == [1.0]


def test_only_the_first_thirty_bars_are_drawn(ax: Any) -> None:
    """More rows than fit are left out, and a note says so."""
    names = [f"rep {at:03}" for at in range(45)]
    table = sm.win_rate(deals_of(names, ["won"] * 45, ["2026-01-10"] * 45), by="rep")
    draw(table, ax)
    assert len(bars(ax)) == 30
    assert ticks(ax.yaxis)[-1] == "rep 029 (n = 1)"
    assert ax.get_title(loc="right") == "first 30 of 45 rows"


def test_periods_are_lines(ax: Any, deals: sm.DealBook) -> None:
    """With "period" among the labels there is a line for each group over the periods in their order; NaN leaves a gap."""
    table = sm.win_rate(deals, by="rep", period=QUARTERS)
    draw(table, ax)
    lines = {line.get_label(): line.get_ydata() for line in ax.get_lines() if not line.get_label().startswith("_")}
    assert list(lines) == [" Ana", " Ben"]
    np.testing.assert_array_equal(lines[" Ana"], [0.5, 1.0, np.nan])
    np.testing.assert_array_equal(lines[" Ben"], [0.0, np.nan, 1.0])
    assert ticks(ax.xaxis) == ["FY2026 Q1", "FY2026 Q2", "FY2026 Q3"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("period", "win_rate [fraction]")
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [" Ana", " Ben"]
    assert len(spans(ax)) == 4


def test_periods_alone_are_one_line_without_a_legend(ax: Any, deals: sm.DealBook) -> None:
    """One group needs no name."""
    table = sm.win_rate(deals, period=QUARTERS, confidence_level=None)
    draw(table, ax)
    (line,) = ax.get_lines()
    np.testing.assert_array_equal(line.get_ydata(), table.value)
    assert line.get_xdata().tolist() == [0, 1, 2]
    assert ax.get_legend() is None


def test_days_and_elapsed_shares_are_lines(ax: Any) -> None:
    """A trend over days, and a curve of linearity, are read from left to right, however many rows they have."""
    company = sm.datasets.sample_company(deals=300, rng=1)
    table = sm.pipeline_trend(
        company.deals, company.history, at=["2025-03-31", "2025-06-30", "2025-09-30"], by="segment"
    )
    draw(table, ax)
    lines = {line.get_label(): line.get_ydata() for line in ax.get_lines()}
    assert list(lines) == [f" {name}" for name in dict.fromkeys(segment for segment, _ in table.labels)]
    np.testing.assert_array_equal(np.concatenate(list(lines.values())), table.value)
    assert ticks(ax.xaxis) == ["2025-03-31", "2025-06-30", "2025-09-30"]
    curve = sm.linearity_curve(company.deals, period=company.calendar.quarters("2024-02-01", "2026-02-01"))
    figure, other = plt.subplots()
    draw(curve, other)
    (line,) = other.get_lines()
    np.testing.assert_array_equal(line.get_ydata(), curve.value)
    assert len(curve) == 101
    plt.close(figure)


def test_many_periods_have_few_ticks_and_many_groups_few_lines(ax: Any) -> None:
    """Every period is drawn and about a dozen are named; the first ten groups are drawn, with a note."""
    names = [f"rep {at:02}" for at in range(14)]
    days = sm.FiscalCalendar().weeks("2026-01-01", "2026-12-31")
    table = sm.win_rate(deals_of(names, ["won"] * 14, ["2026-03-10"] * 14), by="rep", period=days)
    draw(table, ax)
    lines = [line for line in ax.get_lines() if not line.get_label().startswith("_")]
    assert len(lines) == 10
    assert len(lines[0].get_xdata()) == len(days)
    assert len(ticks(ax.xaxis)) <= 12
    assert ax.get_title(loc="right") == "first 10 of 14 lines"


def test_a_table_without_rows_is_drawn_as_such(ax: Any, deals: sm.DealBook) -> None:
    """Nothing to show is said, not refused."""
    draw(sm.win_rate(deals.filter({"rep": []}), by="rep"), ax)
    assert [text.get_text() for text in ax.texts] == ["no rows"]
    assert bars(ax) == []


@pytest.mark.parametrize(
    ("label", "shown"),
    [
        ("A$1$ B", r"A\$1\$ B"),
        ("line\nbreak\x1b", r"line\nbreak\x1b"),
        ("_hidden", "_hidden"),
        ("x" * 50, "x" * 31 + "…"),
        (None, "(missing)"),
    ],
)
def test_a_label_prints_as_it_is(ax: Any, label: str | None, shown: str) -> None:
    """Dollars start no formula, control characters are escaped, an underscore hides nothing, length is bounded."""
    deals = deals_of([label, "Zoe"], ["won", "won"], ["2026-01-10", "2026-05-10"])
    draw(sm.win_rate(deals, by="rep"), ax)
    assert f"{shown} (n = 1)" in ticks(ax.yaxis)
    _, other = plt.subplots()
    draw(sm.win_rate(deals, by="rep", period=QUARTERS), other)
    assert f" {shown}" in [text.get_text() for text in other.get_legend().get_texts()]
    other.figure.canvas.draw()
    plt.close(other.figure)


def test_an_interval_without_an_end_has_an_arrow(ax: Any) -> None:
    """A median whose interval is open above is marked, not cut off in silence."""
    days = ["2026-01-11", "2026-01-21", "2026-01-31", None, None]
    deals = deals_of(["Ana"] * 5, ["won", "won", "lost", "open", "open"], days)
    median = sm.cycle_curve(deals).median
    assert median.high is not None
    assert np.isinf(median.high).tolist() == [True]
    draw(median, ax)
    (arrow,) = [line for line in ax.get_lines() if line.get_marker() == ">"]
    assert arrow.get_xdata().tolist() == median.value.tolist()


def test_a_curve_is_steps_to_the_end_of_its_follow_up(ax: Any, deals: sm.DealBook) -> None:
    """Each curve has one value for each day on which deals were still watched, and a band where intervals were asked for."""
    curves = sm.cycle_curve(deals, by="rep")
    assert draw_curves(curves, ax) is ax
    lines = ax.get_lines()
    assert [line.get_label() for line in lines] == [" Ana (n = 3)", " Ben (n = 2)", " Cy (n = 1)"]
    for at, line in enumerate(lines):
        followed = int(np.count_nonzero(curves.curve.at_risk[at]))
        assert line.get_drawstyle() == "steps-post"
        np.testing.assert_array_equal(line.get_ydata(), curves.curve.survival[at][:followed])
    assert len(ax.collections) == 3
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("age [days]", "share still open [fraction]")
    assert ax.get_ylim() == (-0.02, 1.02)


def test_a_win_rate_curve_shows_the_share_won(ax: Any, deals: sm.DealBook) -> None:
    """Of the ends that compete, the win is drawn; without a level there are no bands."""
    curves = sm.win_rate_curve(deals, confidence_level=None)
    draw_curves(curves, ax)
    (line,) = ax.get_lines()
    assert line.get_ydata()[-1] == curves.at(len(line.get_ydata()) - 1)["all"].value
    assert ax.get_ylabel() == "share won [fraction]"
    assert len(ax.collections) == 0


def test_bands_are_those_of_the_curve_at_each_age(ax: Any, deals: sm.DealBook) -> None:
    """The band at an age is the interval that `at` gives."""
    curves = sm.win_rate_curve(deals)
    draw_curves(curves, ax)
    (band,) = ax.collections
    edge = band.get_paths()[0].vertices
    at = curves.at(130)
    assert at.low is not None
    assert at.high is not None
    here = edge[np.isclose(edge[:, 0], 130)][:, 1]
    assert here.min() == pytest.approx(at.low[0])
    assert here.max() == pytest.approx(at.high[0])


def test_curves_of_nothing_are_drawn_as_such(ax: Any, deals: sm.DealBook) -> None:
    """No deals, no curve, no refusal."""
    draw_curves(sm.cycle_curve(deals.filter({"rep": []}), by="rep"), ax)
    assert [text.get_text() for text in ax.texts] == ["no curves"]


def test_results_hand_themselves_to_the_plots(deals: sm.DealBook) -> None:
    """`table.plot()` and `curves.plot()` make their own axes and return them; global settings stay as they were."""
    before = dict(matplotlib.rcParams)
    for axes in (sm.win_rate(deals, by="rep").plot(), sm.cycle_curve(deals).plot()):
        assert isinstance(axes, matplotlib.axes.Axes)
        plt.close(axes.figure)
    assert dict(matplotlib.rcParams) == before
    assert plt.get_fignums() == []


def test_matplotlib_is_not_imported_until_something_is_drawn() -> None:
    """Neither the package nor its plots import matplotlib."""
    code = "import sys, salesmetrics.plots; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
