"""Column maps of well-known sources: plain data, our name to the source's column, and what stands there."""

from __future__ import annotations

from salesmetrics.readers.maps.column_map import ColumnMap
from salesmetrics.readers.maps.fivetran import FIVETRAN_HUBSPOT, FIVETRAN_SALESFORCE
from salesmetrics.readers.maps.guessing import Guess, guess
from salesmetrics.readers.maps.hubspot import HUBSPOT, HUBSPOT_EXPORT
from salesmetrics.readers.maps.maven import MAVEN
from salesmetrics.readers.maps.pipedrive import PIPEDRIVE, PIPEDRIVE_EXPORT, PIPEDRIVE_V1
from salesmetrics.readers.maps.salesforce import SALESFORCE, SALESFORCE_REPORT

__all__ = [
    "FIVETRAN_HUBSPOT",
    "FIVETRAN_SALESFORCE",
    "HUBSPOT",
    "HUBSPOT_EXPORT",
    "MAVEN",
    "PIPEDRIVE",
    "PIPEDRIVE_EXPORT",
    "PIPEDRIVE_V1",
    "SALESFORCE",
    "SALESFORCE_REPORT",
    "ColumnMap",
    "Guess",
    "guess",
]


def __dir__() -> list[str]:
    """Return the public names."""
    return sorted(__all__)
