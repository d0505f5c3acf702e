"""Deals in parts: what is larger than memory, or lies on many machines, answered part by part."""

from salesmetrics.scans.parts import BookPart, Part
from salesmetrics.scans.scan import DealScan

__all__ = ["BookPart", "DealScan", "Part"]
