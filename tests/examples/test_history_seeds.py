"""The histories in the public test rows of two systems, each read with one call."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import salesmetrics as sm
from salesmetrics.readers.maps.histories import (
    FIVETRAN_HUBSPOT_HISTORY,
    FIVETRAN_HUBSPOT_STAGES,
    FIVETRAN_SALESFORCE_HISTORY,
)
from tests.shared_data import folder


def known(place: Path) -> dict[str, Any]:
    reference: dict[str, Any] = json.loads((place / "reference.json").read_text(encoding="utf-8"))
    return reference


def test_versions_of_opportunities() -> None:
    """A version per deal: deleted deals are left out and counted, unless they are kept; open ends are no change."""
    place = folder("dbt-salesforce-seeds")
    expected = known(place)["opportunity_history"]
    path = place / "sf_opportunity_history_data.csv"
    none = sm.read_history(path, FIVETRAN_SALESFORCE_HISTORY, zone="UTC")
    assert (len(none), len(none.rejects)) == (0, expected["n"])
    history = sm.read_history(path, FIVETRAN_SALESFORCE_HISTORY.keeping(), zone="UTC")
    assert (len(history), len(history.ids)) == (expected["n"], expected["n_deals"])
    begins = np.array(history["seq"], dtype="datetime64[us]").astype("datetime64[s]")
    assert {str(at).replace("T", " "): int((begins == at).sum()) for at in np.unique(begins)} == expected["starts"]
    changes = np.diff(history.starts) - 1
    assert int(changes.sum()) == expected["n_stage_changes"]
    deals = known(place)["opportunity"]
    assert int((history["outcome"] == "won").sum()) == deals["n_won"]
    assert int((history["outcome"] == "lost").sum()) == deals["n_lost"]
    assert float(np.nansum(history["amount"])) == deals["amount_sum"]
    assert int(np.isnan(history["amount"]).sum()) == deals["amount_null"]
    assert [str(history["expected_close"].min()), str(history["expected_close"].max())] == deals["close_date"]
    local = sm.read_history(path, FIVETRAN_SALESFORCE_HISTORY.keeping(), zone="Pacific/Honolulu")
    assert local.column("expected_close").equals(history.column("expected_close"))


def test_a_first_version_after_the_close_does_not_move_the_close() -> None:
    """Versions begin when copying began, long after deals were closed: they were closed on the day the deal book says."""
    place = folder("dbt-salesforce-seeds")
    history = sm.read_history(
        place / "sf_opportunity_history_data.csv", FIVETRAN_SALESFORCE_HISTORY.keeping(), zone="UTC"
    )
    ids = history["deal"][history["outcome"] == "won"]
    days = np.full(len(ids), "2018-12-19")
    deals = sm.read_deals(
        {"id": ids, "created": np.full(len(ids), "2018-12-10"), "closed": days, "outcome": ["won"] * len(ids)}
    )
    won = history.filter(history["outcome"] == "won")
    book = won.as_of("2019-12-31", deals)
    assert book["closed"].astype(str).tolist() == days.tolist()
    assert (won.as_of("2018-12-18", deals)["outcome"] == "open").all()
    assert (won.as_of("2018-12-19", deals)["outcome"] == "won").all()


def test_stage_entries_of_deals() -> None:
    """A row for each stage entered; hours of one digit are hours."""
    place = folder("dbt-hubspot-seeds")
    expected = known(place)["deal_stage"]
    history = sm.read_history(place / "deal_stage_data.csv", FIVETRAN_HUBSPOT_STAGES, zone="UTC")
    assert (len(history), len(history.ids)) == (expected["n"], expected["n_deals"])
    stages, counts = np.unique(history["stage"].astype(str), return_counts=True)
    assert dict(zip(stages.tolist(), counts.tolist(), strict=True)) == expected["by_stage_value"]
    entered = np.array(history["seq"], dtype="datetime64[us]").astype("datetime64[s]")
    assert [str(at).replace("T", " ") for at in (entered.min(), entered.max())] == expected["entered"]


def test_stages_of_the_seed_deals_are_answered_as_the_reference_counts_them() -> None:
    """Every deal is in the one stage it entered: no transition, no finished dwell, as many in each stage as entered it."""
    place = folder("dbt-hubspot-seeds")
    expected = known(place)["deal_stage"]
    stages = [sm.Stage(name, at + 1) for at, name in enumerate(sorted(expected["by_stage_value"]))]
    ends = [sm.Stage("Won", 8, outcome="won"), sm.Stage("Lost", 9, outcome="lost")]
    path, process = place / "deal_stage_data.csv", sm.SalesProcess([*stages, *ends])
    history = sm.read_history(path, FIVETRAN_HUBSPOT_STAGES, zone="UTC", process=process)
    rows = {"id": history["deal"], "created": history["date"], "outcome": ["open"] * len(history)}
    deals = sm.read_deals(rows, as_of=expected["entered"][1][:10], process=process)
    moves = sm.transition_matrix(deals, history, population="all")
    assert int(moves.value.sum()) == expected["n"] - expected["n_deals"] == 0
    ages = sm.stage_age(deals, history)
    there = dict.fromkeys(expected["by_stage_value"], 0)
    for (stage, age), count in zip(ages.labels, ages.value.tolist(), strict=True):
        there[stage] += int(count) if age == "0-29" else 0
    assert there == expected["by_stage_value"]
    assert sum(there.values()) == expected["n_active"] == expected["n_open_end"]
    dwell = sm.stage_dwell(deals, history, population="all")
    assert dwell.n.sum() == expected["n"] - expected["n_open_end"] == 0
    assert list(dwell.reason) == ["no_rows"] * expected["n_stage_values"]


def test_the_win_rate_of_the_seed_versions_is_that_of_the_reference() -> None:
    """As of the last day the versions of opportunities tell how many were won, lost and open, and the rate of both."""
    place = folder("dbt-salesforce-seeds")
    expected = known(place)["opportunity"]
    path = place / "sf_opportunity_history_data.csv"
    now = sm.read_history(path, FIVETRAN_SALESFORCE_HISTORY.keeping(), zone="UTC").as_of("2019-12-31")
    rate = sm.win_rate(now)["all"]
    assert (rate.parts["won"], rate.parts["lost"], rate.n) == (
        expected["n_won"],
        expected["n_lost"],
        expected["n_closed"],
    )
    assert round(rate.value, 6) == expected["win_rate_if_deleted_kept"]
    assert int((now["outcome"] == "open").sum()) == expected["n_open"]
    assert float(np.nansum(now["amount"][now["outcome"] == "won"])) == expected["won_amount_sum"]


def test_property_history_of_deals() -> None:
    """A log of properties whose names are hashed: none of them is known until the call says which."""
    place = folder("dbt-hubspot-seeds")
    expected = known(place)["deal_property_history"]
    path = place / "deal_property_history_data.csv"
    nothing = sm.read_history(path, FIVETRAN_HUBSPOT_HISTORY, zone="UTC")
    assert len(nothing) == 0
    assert nothing.notes[0] == f"changes of other properties, passed over: {expected['n']}"
    names = [line.split(",")[4] for line in path.read_text(encoding="utf-8").splitlines()[1:]]
    assert len(set(names)) == expected["n_properties"]
    kept = 0
    for name in sorted(set(names)):
        history = sm.read_history(path, FIVETRAN_HUBSPOT_HISTORY, zone="UTC", properties={name: "stage"})
        kept += len(history)
    assert kept == expected["n"]


def test_a_history_needs_a_zone() -> None:
    """Which day a version began on depends on the zone of the business."""
    place = folder("dbt-hubspot-seeds")
    with pytest.raises(sm.InvalidDataError, match="`date` must be a day and not an instant, where no `zone` is given"):
        sm.read_history(place / "deal_stage_data.csv", FIVETRAN_HUBSPOT_STAGES)
