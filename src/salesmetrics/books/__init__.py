"""Columns, read-only, checked once."""

from salesmetrics.books.activities import ActivityBook
from salesmetrics.books.deals import DealBook
from salesmetrics.books.forecasts import ForecastBook
from salesmetrics.books.history import DealHistory
from salesmetrics.books.quotas import QuotaBook
from salesmetrics.books.reps import RepBook
from salesmetrics.books.splits import SplitBook
from salesmetrics.books.stages import StageBook

__all__ = ["ActivityBook", "DealBook", "DealHistory", "ForecastBook", "QuotaBook", "RepBook", "SplitBook", "StageBook"]
