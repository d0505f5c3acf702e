"""Worked examples of forecast accuracy, through books of deals and calls: the published number out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

import salesmetrics as sm
from salesmetrics.books import DealBook, ForecastBook
from salesmetrics.calendars import Period, Periods
from salesmetrics.metrics import accuracy, call_errors, value_added

MONTHS = sm.FiscalCalendar().months("2025-01-01", "2026-01-01")
W30_CALLED = (420, 480, 510, 550, 520, 580)
W30_CAME = (445, 460, 525, 510, 540, 560)
HALVES = Periods([Period("2025-01-01", "2025-04-01"), Period("2025-04-01", "2025-07-01")])
DONE = "2026-01-31"


def books(
    came: Sequence[float], *called: Sequence[float], reps: Sequence[str] | None = None
) -> tuple[DealBook, ForecastBook]:
    """Return one deal and one call for each row: by month for one rep, or in January for each of several reps.

    Further lists of calls are what was said ten days later each.
    """
    months = [MONTHS[0]] * len(came) if reps else [MONTHS[at] for at in range(len(came))]
    names = list(reps) if reps else ["Ana"] * len(came)
    deals = sm.read_deals(
        {
            "rep": names,
            "amount": list(came),
            "outcome": ["won"] * len(came),
            "closed": [str(month.start) for month in months],
        }
    )
    rows = [
        (name, month, month.start_day + 10 * step, amount)
        for step, amounts in enumerate(called)
        for name, month, amount in zip(names, months, amounts, strict=True)
    ]
    calls = sm.read_forecasts(
        {
            "rep": [row[0] for row in rows],
            "start": [str(row[1].start) for row in rows],
            "end": [str(row[1].end) for row in rows],
            "given": np.array([row[2] for row in rows]).astype("datetime64[D]"),
            "amount": [float(row[3]) for row in rows],
        }
    )
    return deals, calls


def w30() -> tuple[DealBook, ForecastBook]:
    return books([1000 * a for a in W30_CAME], [1000 * f for f in W30_CALLED])


@pytest.mark.parametrize(
    ("metric", "expected", "half"),
    [
        (accuracy.mape, 0.046569, 5e-7),
        (accuracy.wape, 0.046053, 5e-7),
        (accuracy.bias, 0.006579, 5e-7),
        (call_errors.mean_error, 3333.33, 5e-3),
        (call_errors.mae, 23333.33, 5e-3),
        (call_errors.rmse, 24664.41, 5e-3),
        (call_errors.mase, 0.804598, 5e-7),
    ],
)
def test_w30_and_r23_six_months_of_one_forecaster(metric, expected, half):
    """The errors of the published series come out of books, the periods of the calls being pooled."""
    row = metric(*w30(), as_of=DONE)["all"]
    assert row.value == pytest.approx(expected, abs=half)
    assert row.n == 6


def test_w30_errors_over_the_forecast_are_another_number():
    """Errors measured by the forecast average near the WAPE and are not it."""
    table = accuracy.ape(*w30(), as_of=DONE, denominator="forecast")
    assert table.value.mean() == pytest.approx(0.046046, abs=5e-7)
    assert len(table) == 6


def test_w31_a_call_four_times_too_high():
    """A call of 100 for 25 has an error of 3, and an accuracy of -2, 0 or 0.25 as one defines it."""
    deals, calls = books([25], [100])
    assert accuracy.ape(deals, calls, as_of=DONE)[("Ana", MONTHS[0])].value == 3.0

    def of(**options):
        return accuracy.forecast_accuracy(deals, calls, as_of=DONE, **options)["all"].value

    assert (of(), of(floor=0), of(variant="max"), of(variant="ratio")) == (-2.0, 0.0, 0.25, 0.25)


def test_w32_what_each_step_added():
    """Each step is compared with the one before; the whole with the naive forecast."""
    deals, calls = books([854, 1000], [854, 1123], [854, 1136], [854, 1153])
    table = value_added.forecast_value_added(deals, calls, as_of=DONE, week=(1, 2, "last"))
    assert [table[step].value for step in ("commit week 1", "commit week 2", "commit last", "net")] == pytest.approx(
        [0.023, -0.013, -0.017, -0.007], abs=1e-12
    )
    assert table.parts["error_before"][0] == pytest.approx(0.146)
    assert table.n.tolist() == [1, 1, 1, 1]
    assert table.left_out["no benchmark"] == 1


def test_r23_halves_of_the_series():
    """Each of several periods asked for pools the calls inside it."""
    table = accuracy.mape(*w30(), as_of=DONE, period=HALVES)
    assert table.value == pytest.approx([0.042743, 0.050394], abs=5e-7)
    assert table.n.tolist() == [3, 3]


def test_n13_a_trend_is_a_difference_and_a_direction_a_sum():
    """The second half is worse, and three over and three under are over on the whole."""
    first, second = accuracy.mape(*w30(), as_of=DONE, period=HALVES).value
    assert second - first == pytest.approx(0.007651, abs=5e-7)
    signs = np.sign(accuracy.ape(*w30(), as_of=DONE).parts["error"])
    assert signs.sum() == 0
    assert accuracy.bias(*w30(), as_of=DONE)["all"].value == pytest.approx(0.006579, abs=5e-7)


def test_n14_a_month_without_bookings():
    """An error over nothing is undefined and counted; the errors that are defined are averaged, and n says how many."""
    deals, calls = books([0, 100], [10, 90])
    each = accuracy.ape(deals, calls, as_of=DONE)
    assert np.isnan(each.value[0])
    assert each.reason[0] == "zero_denominator"
    assert each.value[1] == 0.1
    mape = accuracy.mape(deals, calls, as_of=DONE)
    assert (mape["all"].value, mape["all"].n, mape.left_out["zero actual"]) == (0.1, 1, 1)
    assert accuracy.wape(deals, calls, as_of=DONE)["all"].value == 0.2


def test_n15_errors_of_two_reps_do_not_cancel():
    """The error of the total is 0 beside a WAPE of 0.27."""
    deals, calls = books([80, 70], [100, 50], reps=["Ana", "Ben"])
    row = accuracy.wape(deals, calls, as_of=DONE)["all"]
    assert row.value == pytest.approx(40 / 150, rel=1e-15)
    assert row.parts["forecast"] == row.parts["actual"] == 150
    assert accuracy.forecast_accuracy(deals, calls, as_of=DONE)["all"].value == pytest.approx(1 - 40 / 150, rel=1e-15)
