"""The registry is complete: every metric answers every question, and every law has a metric."""

from __future__ import annotations

import pytest

import salesmetrics as sm
from salesmetrics import metrics, tallies
from tests.laws import clustered, containers, every, merging, scaling  # noqa: F401
from tests.laws.fixed import BOOKS, fitted
from tests.laws.law import LAWS
from tests.laws.registry import BY_NAME, ENTRIES, EXEMPTIONS, Entry


def missing(public: list[str]) -> set[str]:
    """Return the public metrics without an entry, and the entries without a metric."""
    return set(public) ^ set(BY_NAME)


def test_every_public_metric_is_registered() -> None:
    """The registry's names are exactly those of `salesmetrics.metrics`, each once."""
    assert missing(list(metrics.__all__)) == set()
    assert len(ENTRIES) == len(BY_NAME) == len(metrics.__all__)


def test_a_metric_that_is_not_registered_is_found() -> None:
    """A public function without an entry fails the rule above, and so does an entry without a function."""
    assert missing([*metrics.__all__, "quota_luck"]) == {"quota_luck"}
    assert missing(list(metrics.__all__)[1:]) == {metrics.__all__[0]}


@pytest.mark.parametrize("name", metrics.__all__)
def test_a_metric_stands_once_on_the_front_door(name: str) -> None:
    """A metric is exported once by `salesmetrics`, and it is the same function."""
    assert sm.__all__.count(name) == 1
    assert getattr(sm, name) is getattr(metrics, name)


@pytest.mark.parametrize("law", LAWS, ids=lambda law: f"{law.id}-{law.check.__name__}")
def test_no_law_without_metrics(law: object) -> None:
    """A law that applies to nothing is no law."""
    assert [e for e in ENTRIES if law.holds_for(e)]  # type: ignore[attr-defined]


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_no_metric_without_laws(entry: Entry) -> None:
    """A metric goes through fifteen laws at least, ten where it reads no deals, and knows the laws it is exempt from."""
    assert len({law.id for law in LAWS if law.holds_for(entry)}) >= (15 if {"deals", "quotas"} & entry.needs else 10)
    assert set(entry.exempt) <= {law.id for law in LAWS} | {"A14", "G1", "reference"}
    assert all(len(reason) > 20 for reason in entry.exempt.values())


def test_the_number_of_exemptions_grows_on_purpose() -> None:
    """Exemptions are counted."""
    assert EXEMPTIONS == 129


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_values_lie_within_the_stated_bounds(entry: Entry) -> None:
    """On the fixed books no value leaves the bounds of its entry, and its unit is the one that is stated."""
    low, high = entry.bounds
    for case in BOOKS.values():
        for variant in entry.variants:
            table = entry.answer(fitted(case, variant), variant)
            known = table.value[~table.undefined]
            assert ((low <= known) & (known <= high)).all()
            assert table.unit == entry.unit_of(variant)


def test_every_tally_goes_through_the_laws_of_tallies() -> None:
    """No kind of tally is without a metric that puts it through group B."""
    case = BOOKS["typical"]
    used = {type(t).__name__ for e in ENTRIES for v in e.variants for t in e.tallies(fitted(case, v).ask(), v)}
    assert used == set(tallies.__all__)
