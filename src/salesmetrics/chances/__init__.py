"""Laws of a sum of amounts, each of which comes or does not: exact where that can be had, and never wrong in silence."""

from salesmetrics.chances.laws import Law
from salesmetrics.chances.method import Method, method_of

__all__ = ["Law", "Method", "method_of"]
