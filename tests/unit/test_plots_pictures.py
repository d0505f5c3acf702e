"""Pictures of their own: walk, funnel, moves, velocity and its factors, spread, forecast against actual."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import salesmetrics as sm
from salesmetrics.datasets import Company
from salesmetrics.plots import draw

matplotlib = pytest.importorskip("matplotlib", minversion="3.9")
matplotlib.use("Agg")
plt = pytest.importorskip("matplotlib.pyplot")


@pytest.fixture
def ax() -> Iterator[Any]:
    figure, axes = plt.subplots(layout="constrained")
    yield axes
    figure.canvas.draw()  # whatever was drawn can be rendered, without a warning
    plt.close(figure)


@pytest.fixture(scope="module")
def company() -> Company:
    return sm.datasets.sample_company(deals=2_000, rng=7)


def ticks(axis: Any) -> list[str]:
    return [label.get_text() for label in axis.get_ticklabels()]


def words(axes: Any) -> list[str]:
    return [text.get_text() for text in axes.texts]


def steps(axes: Any) -> list[tuple[float, float]]:
    return [(bar.get_x(), bar.get_width()) for bar in axes.patches]


# --- walks -----------------------------------------------------------------------------------------------------------


def test_a_walk_has_signed_numbers_and_ends_where_it_closes(ax: Any, company: Company) -> None:
    """Steps up have a plus, steps down a minus and hatches, and the last step reaches closing."""
    walk = sm.pipeline_walk(company.deals, company.history, period=company.calendar.quarter(2026, 3))
    draw(walk, ax)
    bars = steps(ax)
    for (start, step), (following, _) in itertools.pairwise(bars[:-1]):
        assert following == pytest.approx(start + step)
    assert sum(bars[-2]) == pytest.approx(walk["closing"].value)
    assert bars[0] == (0.0, walk["opening"].value)
    signs = [text[0] for text in words(ax)[1:-1]]
    assert signs == ["+" if width >= 0 else "−" for _, width in bars[1:-1]]
    names = ticks(ax.yaxis)
    for patch, name in zip(ax.patches, names, strict=True):
        down = bool(patch.get_width() < 0 and not name.startswith("won "))
        assert (patch.get_hatch() == "///") is down
    assert names[1] == f"new (n = {walk['new'].n:,})"
    assert ax.get_xlabel() == "pipeline walk [USD]"


def test_of_several_walks_the_first_is_drawn_and_named(ax: Any, company: Company) -> None:
    """Which one stands above, of how many below."""
    walk = sm.pipeline_walk(company.deals, company.history, period=company.calendar.quarter(2026, 3), by="segment")
    draw(walk, ax)
    assert steps(ax)[0][1] == walk.value[0]
    assert ax.get_title(loc="left") == walk.labels.column("segment")[0]
    assert ax.get_xlabel().splitlines()[-1] == f"the first of {len(set(walk.labels.column('segment')))} groups"


def test_a_change_of_velocity_is_a_walk_over_its_factors(ax: Any, company: Company) -> None:
    """Four steps from zero, and the change that they add up to."""
    before = sm.velocity(company.deals, period=company.calendar.quarter(2026, 2), as_of="2026-07-31")
    change = sm.velocity_change(before, sm.velocity(company.deals, period=company.calendar.quarter(2026, 3)))
    draw(change, ax)
    parts = [float(part[0]) for part in change.parts.values()]
    assert [width for _, width in steps(ax)] == pytest.approx([*parts, change.value[0]])
    assert steps(ax)[-1][0] == 0.0
    assert ticks(ax.yaxis) == ["open deals", "win rate", "deal size", "cycle", "change"]
    assert ax.get_xlabel() == "velocity change [USD/day]"


def test_a_change_that_cannot_be_split_is_one_bar_with_the_reason(ax: Any) -> None:
    """A factor of zero has no logarithm: the change is drawn whole."""
    days = {"created": ["2026-01-01", "2026-01-01"], "closed": ["2026-01-11", "2026-01-21"]}
    book = sm.read_deals(days | {"amount": [100, 50], "outcome": ["won", "lost"]}, as_of="2026-02-01")
    period = sm.Period("2026-01-01", "2026-02-01")
    flow = sm.velocity(book, period=period, as_of="2026-01-05")
    change = sm.velocity_change(flow, sm.velocity(book, period=period, as_of="2026-01-31"))
    draw(change, ax)
    if np.isnan(change.value[0]):
        assert words(ax) == ["no change: no rows"]
    else:
        assert [width for _, width in steps(ax)] == [change.value[0]]
        assert "cannot be split" in ax.get_xlabel()


# --- velocity --------------------------------------------------------------------------------------------------------


def test_a_velocity_stands_beside_its_four_factors(ax: Any, company: Company) -> None:
    """Each row reads as the sum it is, and the line below says what the factors are."""
    table = sm.velocity(company.deals, period=company.calendar.quarter(2026, 3), by="segment")
    draw(table, ax)
    shown = table.sort()
    assert [width for _, width in steps(ax)] == shown.value.tolist()
    said = next(text for text in words(ax) if "×" in text)
    n, rate, size, days = (shown.parts[name][0] for name in ("open_count", "win_rate", "mean_amount", "cycle_days"))
    product = n * rate * size / days
    assert product == pytest.approx(shown.value[0])
    assert (
        said.endswith(f"= {n} × {100 * rate:.0f} % × {size / 1e3:.3g}k ÷ {days:.3g}".replace(".0k", "k")) or "÷" in said
    )
    assert said.count("×") == 2
    assert "= open deals × win rate × deal size ÷ cycle in days" in " ".join(ax.get_xlabel().split())


def test_velocity_over_few_periods_keeps_their_order(ax: Any, company: Company) -> None:
    """Quarters are rows with their factors; by group they are lines."""
    quarters = company.calendar.quarters("2026-02-01", "2026-11-01")
    table = sm.velocity(company.deals, period=quarters)
    draw(table, ax)
    assert [width for _, width in steps(ax)] == table.value.tolist()
    figure, other = plt.subplots()
    draw(sm.velocity(company.deals, period=quarters, by="segment"), other)
    assert not other.patches
    plt.close(figure)


# --- stages ----------------------------------------------------------------------------------------------------------


def test_a_funnel_has_those_who_came_and_those_who_went_on(ax: Any, company: Company) -> None:
    """The outline is who reached the stage, the filled part who went on, and the share stands beside with its interval."""
    table = sm.stage_conversion(company.deals, company.history, period=company.calendar.quarter(2026, 3))
    draw(table, ax)
    reached, advanced = table.parts["reached"].tolist(), table.parts["advanced"].tolist()
    assert [width for _, width in steps(ax)] == [*reached, *advanced]
    assert [name.partition(" (n")[0] for name in ticks(ax.yaxis)] == table.labels.column("stage")
    assert table.low is not None
    assert table.high is not None
    first = f"{100 * table.value[0]:.0f} % ({100 * table.low[0]:.0f} to {100 * table.high[0]:.0f} %)"
    assert words(ax)[0] == first


def test_conversion_of_several_groups_is_a_heat_map(ax: Any, company: Company) -> None:
    """Stages across, groups down, the share in each cell."""
    table = sm.stage_conversion(company.deals, company.history, period=company.calendar.quarter(2026, 3), by="segment")
    draw(table, ax)
    stages, segments = (list(dict.fromkeys(table.labels.column(name))) for name in ("stage", "segment"))
    assert ticks(ax.xaxis) == stages
    assert set(ticks(ax.yaxis)) == set(segments)
    (image,) = ax.images
    order = [segments.index(name) for name in ticks(ax.yaxis)]
    np.testing.assert_array_equal(
        np.ma.filled(image.get_array(), np.nan), table.value.reshape(len(segments), len(stages))[order]
    )


def test_reached_stages_are_bars_in_their_order(ax: Any, company: Company) -> None:
    """Counts, from the first stage to the last."""
    table = sm.stage_reached(company.deals, company.history, period=company.calendar.quarter(2026, 3))
    draw(table, ax)
    assert [width for _, width in steps(ax)] == table.value.tolist()
    assert ax.get_xlabel() == "stage reached [deals]"


@pytest.mark.parametrize("as_share", [False, True])
def test_moves_are_a_heat_map_with_their_numbers(ax: Any, company: Company, as_share: bool) -> None:
    """From down, to across; stages that nothing left are grey where a share of nothing was asked."""
    table = sm.transition_matrix(
        company.deals, company.history, period=company.calendar.quarter(2026, 3), as_share=as_share
    )
    draw(table, ax)
    size = len(ticks(ax.xaxis))
    (image,) = ax.images
    np.testing.assert_array_equal(np.ma.filled(image.get_array(), np.nan).ravel(), table.value)
    assert ticks(ax.yaxis) == ticks(ax.xaxis) == list(dict.fromkeys(table.labels.column("to")))
    assert len(words(ax)) == size * size
    moved = int(np.nanargmax(table.value))
    kind = "percent" if as_share else "count"
    from salesmetrics.figures import brief

    assert words(ax)[moved] == brief(table.value[moved], kind)
    assert ("–: no rows" in ax.get_xlabel()) is as_share


def test_numbers_in_cells_can_be_read_on_their_ground(ax: Any, company: Company) -> None:
    """White on dark cells and black on light ones: the contrast is 4 to 1 at least, also of the grey of nothing."""
    table = sm.transition_matrix(company.deals, company.history, period=company.calendar.quarter(2026, 3))
    draw(table, ax)
    (image,) = ax.images

    def light(colour: Any) -> float:
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour[:3]]
        return float(np.dot(linear, [0.2126, 0.7152, 0.0722]))

    grounds = image.to_rgba(image.get_array()).reshape(-1, 4)
    for text, ground in zip(ax.texts, grounds, strict=True):
        one, other = sorted((light(matplotlib.colors.to_rgba(text.get_color())), light(ground)))
        assert (other + 0.05) / (one + 0.05) >= 4.0


def test_ages_in_a_stage_are_cells_by_stage_and_age(ax: Any, company: Company) -> None:
    """Buckets of age are columns, not moments of a line."""
    table = sm.stage_age(company.deals, company.history)
    draw(table, ax)
    assert ticks(ax.xaxis) == list(dict.fromkeys(table.labels.column("age")))
    assert words(ax) == [f"{n:,.0f}" for n in table.value]
    assert "stage age [open deals]" in ax.get_xlabel()


# --- spread ----------------------------------------------------------------------------------------------------------


def test_a_spread_runs_from_the_smallest_to_the_largest(ax: Any, company: Company) -> None:
    """Nested lines for each pair of quantiles, a dot at the median, one row for each team, and the line of the quota."""
    table = sm.attainment_distribution(
        company.deals, company.quotas, period=company.calendar.quarter(2026, 3), by="team", reps=company.reps
    )
    draw(table, ax)
    quantiles = list(dict.fromkeys(table.labels.column("quantile")))
    teams = list(dict.fromkeys(table.labels.column("team")))
    value = table.value.reshape(len(teams), len(quantiles))
    order = np.argsort(-value[:, quantiles.index("0.5")], kind="stable")
    assert [name.partition(" (n")[0] for name in ticks(ax.yaxis)] == [teams[at] for at in order]
    median = next(line for line in ax.get_lines() if line.get_label() == "_median")
    assert median.get_xdata().tolist() == value[order, quantiles.index("0.5")].tolist()
    spans = [[s[:, 0].tolist() for s in lines.get_segments()] for lines in ax.collections]
    assert spans[0] == value[order][:, [0, -1]].tolist()
    assert len(spans) == len(quantiles) // 2
    thick = [lines.get_linewidths()[0] for lines in ax.collections]
    assert thick == sorted(thick)
    assert "100 % of quota" in words(ax)


# --- calls -----------------------------------------------------------------------------------------------------------


def test_forecast_stands_against_actual(ax: Any, company: Company) -> None:
    """By rep: the bar is what came, the diamond what was called, and the number beside is the metric."""
    table = sm.ape(company.deals, company.forecasts, period=company.calendar.quarter(2026, 3), by="rep")
    draw(table, ax, most=100)
    shown = table.sort()
    known = ~shown.undefined
    widths = [width for _, width in steps(ax)]
    np.testing.assert_allclose(widths, np.where(known, shown.parts["actual"], np.nan))
    (diamonds,) = [line for line in ax.get_lines() if line.get_label() == " forecast"]
    np.testing.assert_allclose(diamonds.get_xdata(), np.where(known, shown.parts["forecast"], np.nan))
    assert "bar: actual; diamond: forecast; number: ape" in " ".join(ax.get_xlabel().split())
    assert ax.get_xlabel().startswith("forecast and actual [USD]")


@pytest.mark.parametrize("week", [None, [1, 4, 7]])
def test_calls_go_towards_what_came_period_by_period(ax: Any, company: Company, week: list[int] | None) -> None:
    """Week by week in each period, a stretch for each, one diamond for each call and a line where it landed."""
    quarters = company.calendar.quarters("2026-02-01", "2026-11-01")
    table = sm.forecast_accuracy(company.deals, company.forecasts, period=quarters, week=week)
    draw(table, ax)
    (diamonds,) = [line for line in ax.get_lines() if line.get_label() == " forecast"]
    np.testing.assert_array_equal(diamonds.get_ydata(), table.parts["forecast"])
    assert len(set(diamonds.get_xdata().tolist())) == len(table)
    landed = [line.get_ydata()[0] for line in ax.get_lines() if line.get_label() == "_actual"]
    assert landed == table.parts["actual"].tolist()
    assert ticks(ax.xaxis) == [str(period) for period in dict.fromkeys(table.labels.column("period"))]
    assert ax.get_ylabel() == "forecast and actual [USD]"


def test_weeks_of_one_period_are_named(ax: Any, company: Company) -> None:
    """With one period the weeks are the axis."""
    table = sm.forecast_accuracy(
        company.deals, company.forecasts, period=company.calendar.quarter(2026, 3), week=[1, 5, 9]
    )
    draw(table, ax)
    assert ticks(ax.xaxis) == ["1", "5", "9"]
    assert ax.get_xlabel().startswith("week")


def test_accuracy_of_many_reps_over_quarters_is_a_table_of_numbers(ax: Any, company: Company) -> None:
    """By rep and period there are too many calls for diamonds: the accuracy itself is drawn."""
    quarters = company.calendar.quarters("2026-02-01", "2026-11-01")
    table = sm.forecast_accuracy(company.deals, company.forecasts, period=quarters, by="rep")
    draw(table, ax)
    assert ax.images or any(not line.get_label().startswith("_") for line in ax.get_lines())


def test_a_bias_says_which_way_is_too_much(ax: Any, company: Company) -> None:
    """Nobody has to remember the sign."""
    draw(sm.bias(company.deals, company.forecasts, period=company.calendar.quarter(2026, 3), by="rep"), ax)
    assert "above zero: more was called than came" in " ".join(ax.get_xlabel().split())


# --- several groups, few rows, and none -----------------------------------------------------------------------------


def test_of_moves_by_group_the_first_group_is_drawn_and_named(ax: Any, company: Company) -> None:
    """One matrix to a picture: which group it is stands above it."""
    quarter = company.calendar.quarter(2026, 3)
    table = sm.transition_matrix(company.deals, company.history, period=quarter, by="segment")
    draw(table, ax)
    segments = list(dict.fromkeys(table.labels.column("segment")))
    (image,) = ax.images
    size = len(table) // len(segments)
    np.testing.assert_array_equal(np.ma.filled(image.get_array(), np.nan).ravel(), table.value[:size])
    assert ax.get_title(loc="left") == f"{segments[0]}: the first of {len(segments)} groups"


def none_of(company: Company) -> dict[str, Any]:
    """Return tables without a row, or without a number, of each picture of its own."""
    quarter, deals, history = company.calendar.quarter(2026, 3), company.deals, company.history
    flow = sm.velocity(deals, period=quarter, by="segment", where={"segment": []})
    return {
        "spread": sm.attainment_distribution(
            deals.filter({"rep": []}), company.quotas.filter({"rep": []}), period=quarter, by="rep"
        ),
        "velocity": flow,
        "change": sm.velocity_change(flow, flow),
        "no velocity": sm.velocity(deals, period=sm.Period("1999-01-01", "1999-04-01"), as_of="2026-10-31"),
        "no conversion": sm.stage_conversion(deals, history, period=sm.Period("1999-01-01", "1999-04-01")),
        "no moves": sm.transition_matrix(deals, history, period=sm.Period("1999-01-01", "1999-04-01"), as_share=True),
        "no rate": sm.win_rate(deals, period=company.calendar.quarters("2026-02-01", "2026-11-01"), by="segment").take(
            np.arange(0)
        ),
    }


@pytest.mark.parametrize(
    ("case", "said"),
    [
        ("spread", "no rows"),
        ("velocity", "no rows"),
        ("change", "no rows"),
        ("no velocity", "no rows"),
        ("no conversion", "no rows"),
        ("no rate", "no lines"),
    ],
)
def test_nothing_is_said_in_words(ax: Any, company: Company, case: str, said: str) -> None:
    """An answer without a row, or without a number, says so in every picture."""
    draw(none_of(company)[case], ax)
    assert said in words(ax)


def test_cells_without_a_number_are_dashes(ax: Any, company: Company) -> None:
    """A matrix of nothing is drawn, and its reason named."""
    draw(none_of(company)["no moves"], ax)
    assert set(words(ax)) == {"–"}
    assert "–: no rows" in ax.get_xlabel()


def test_a_stage_that_few_deals_reached_is_pale(ax: Any, company: Company) -> None:
    """Of three deals nobody learns what share goes on."""
    table = sm.stage_conversion(company.deals, company.history, period=company.calendar.quarter(2026, 3))
    draw(table, ax, min_n=int(table.n.max()))
    filled = ax.patches[len(table) :]
    assert [bar.get_alpha() for bar in filled] == [None, *[0.4] * (len(table) - 1)]
    assert "pale: n below" in ax.get_xlabel()


def test_a_velocity_can_be_marked(ax: Any, company: Company) -> None:
    """Last quarter's beside this one's."""
    after, before = (
        sm.velocity(company.deals, period=company.calendar.quarter(2026, at), as_of="2026-10-31", by="segment")
        for at in (3, 2)
    )
    draw(after, ax, mark=before)
    (diamonds,) = [line for line in ax.get_lines() if line.get_marker() == "D"]
    np.testing.assert_allclose(sorted(diamonds.get_xdata()), sorted(before.value))
