"""Fuzz one target, or all of them: ``python -m tests.fuzz --target csv --seconds 600``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tests.fuzz.engine import fuzz
from tests.fuzz.targets import TARGETS


def main() -> int:
    """Return 1 where anything was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--target", choices=[*TARGETS, "all"], default="all")
    parser.add_argument("--seconds", type=float, default=60.0, help="for each target")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="a folder for the inputs that were finds")
    asked = parser.parse_args()
    found = 0
    for name in TARGETS if asked.target == "all" else [asked.target]:
        report = fuzz(TARGETS[name], seconds=asked.seconds, seed=asked.seed)
        print(report, flush=True)
        found += len(report.finds)
        for find in report.finds.values() if asked.keep else ():
            asked.keep.mkdir(parents=True, exist_ok=True)
            (asked.keep / f"{name}-{find.name}").write_bytes(find.data)
    return 1 if found else 0


sys.exit(main())
