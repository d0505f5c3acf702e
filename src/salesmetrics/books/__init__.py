"""Columns, read-only, checked once."""

from salesmetrics.books.deals import DealBook
from salesmetrics.books.forecasts import ForecastBook
from salesmetrics.books.quotas import QuotaBook
from salesmetrics.books.reps import RepBook

__all__ = ["DealBook", "ForecastBook", "QuotaBook", "RepBook"]
