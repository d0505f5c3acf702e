"""Names for the array types used in signatures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

__all__ = ["AnyArray", "BoolArray", "CodeArray", "FloatArray", "IntArray", "Where"]

AnyArray: TypeAlias = np.ndarray[Any, np.dtype[Any]]
"""An array of any kind."""
BoolArray: TypeAlias = npt.NDArray[np.bool_]
"""A mask."""
CodeArray: TypeAlias = np.ndarray[Any, np.dtype[Any]]
"""Whole codes of the smallest type that fits; -1 is missing."""
FloatArray: TypeAlias = npt.NDArray[np.float64]
"""Numbers that need not be whole."""
IntArray: TypeAlias = npt.NDArray[np.int64]
"""Whole numbers."""
Where: TypeAlias = Mapping[str, object] | npt.ArrayLike
"""Rows to read: a boolean for each, or the labels that are wanted of each column."""
