"""The ways in: files, frames, mappings and objects become books."""

from salesmetrics.readers.activities import read_activities
from salesmetrics.readers.csv_parts import scan_csv
from salesmetrics.readers.deals import read_deals
from salesmetrics.readers.files import csv_file
from salesmetrics.readers.fx import read_rates
from salesmetrics.readers.history import read_history
from salesmetrics.readers.people import read_forecasts, read_quotas, read_reps
from salesmetrics.readers.row_groups import scan_parquet
from salesmetrics.readers.scanned import scan
from salesmetrics.readers.splits import read_splits
from salesmetrics.readers.stages import read_stages

__all__ = [
    "csv_file",
    "read_activities",
    "read_deals",
    "read_forecasts",
    "read_history",
    "read_quotas",
    "read_rates",
    "read_reps",
    "read_splits",
    "read_stages",
    "scan",
    "scan_csv",
    "scan_parquet",
]
