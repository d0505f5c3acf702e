"""A period in one call: its tables, what needs attention, and both as text and as a page."""

from salesmetrics.reviewing.reviews import Review, review
from salesmetrics.reviewing.rules import Note, ReviewRules

__all__ = ["Note", "Review", "ReviewRules", "review"]
