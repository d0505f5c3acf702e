"""The registry: one entry for every public metric."""

from __future__ import annotations

from tests.laws.entries_accuracy import FORECASTS
from tests.laws.entries_flags import FLAGGED
from tests.laws.entries_history import HISTORIES
from tests.laws.entries_money import MONEY
from tests.laws.entries_outlook import OUTLOOKS
from tests.laws.entries_people import PEOPLE
from tests.laws.entries_rates import RATES
from tests.laws.entry import Entry, Variant

__all__ = ["BY_NAME", "ENTRIES", "EXEMPTIONS", "OF_DEALS", "OF_PEOPLE", "Entry", "Variant"]

OF_DEALS: tuple[Entry, ...] = (*MONEY, *OUTLOOKS, *RATES, *HISTORIES, *FLAGGED)
OF_PEOPLE: tuple[Entry, ...] = (*PEOPLE, *FORECASTS)
ENTRIES: tuple[Entry, ...] = (*OF_DEALS, *OF_PEOPLE)
BY_NAME: dict[str, Entry] = {entry.name: entry for entry in ENTRIES}
EXEMPTIONS = sum(len(entry.exempt) for entry in ENTRIES)
