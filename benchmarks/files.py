"""One engine on Parquet files in a process of its own: ``python -m benchmarks.files --engine polars --files '*.parquet'``.

Prints seconds of wall and CPU time, and how far memory rose above what the process held when its engine was loaded; puts
the answer where it is told to, so that answers of several processes can be compared.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from importlib import import_module
from pathlib import Path

import numpy as np

from benchmarks.answers import Answer, same
from benchmarks.data import Data, data_of, part
from benchmarks.file_engines import ENGINES
from benchmarks.timing import Time, watched

_STATUS, _RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def main() -> None:
    """Read the options, run one engine once."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.files", description=__doc__)
    parser.add_argument("--engine", choices=sorted(ENGINES), required=True)
    parser.add_argument("--files", required=True)
    parser.add_argument("--rows", type=int, required=True)
    parser.add_argument("--answer", type=Path)
    options = parser.parse_args()
    data = data_of(part(0, min(options.rows, 1_000)))  # quotas and days; the deals come from the files
    _loaded(options.engine, data)
    wall, cpu, before = time.perf_counter(), time.process_time(), _peak(reset=True)
    answer, rose = watched(lambda: ENGINES[options.engine](data, options.files))
    found = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
    found["peak"] = max(rose, (_peak() - before) / 1e6)
    if options.answer:
        np.savez(options.answer, **answer)
    print(json.dumps(found))


def _loaded(engine: str, data: Data) -> None:
    """Load an engine with all that a first question loads, before anything is measured."""
    import_module(engine.split(",")[0])
    if engine == "salesmetrics":
        import_module("pyarrow.parquet")
        import_module("salesmetrics.readers")  # names load on first use
        import_module("scipy.sparse")  # which so few rows as are asked about here do not need
        import_module("benchmarks.ours").Ours(data).i()


def raced_files(files: str, rows: int, engines: list[str], rounds: int) -> dict[str, Time]:
    """Return the times of all engines, each round of each in a fresh process; answers must be equal."""
    found: dict[str, list[dict[str, float]]] = {name: [] for name in engines}
    expected: Answer | None = None
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(rounds):
            for name in engines:
                at = Path(folder) / f"{name}.npz"
                found[name].append(_once(name, files, rows, at))
                with np.load(at) as held:
                    answer = dict(held)
                expected = answer if expected is None else expected
                same(f"files, {name}", expected, answer)
    return {name: _time(runs) for name, runs in found.items()}


def _once(engine: str, files: str, rows: int, answer: Path) -> dict[str, float]:
    """Return what one run in a process of its own says."""
    options = ["--engine", engine, "--files", files, "--rows", str(rows), "--answer", str(answer)]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.files", *options], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{engine} failed on {files}: {done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])  # type: ignore[no-any-return]


def _time(runs: list[dict[str, float]]) -> Time:
    walls = [run["wall"] * 1e3 for run in runs]
    return Time(
        min(walls), float(np.median(walls)), min(run["cpu"] for run in runs) * 1e3, max(r["peak"] for r in runs)
    )


def _peak(*, reset: bool = False) -> float:
    """Return the highest resident memory (bytes) so far, from now on where it is reset; 0 where the system does not tell."""
    if not _STATUS.exists():
        return 0.0
    if reset:
        try:
            _RESET.write_text("5")
        except OSError:
            return 0.0  # then memory is watched only
    lines = dict(line.split(":", 1) for line in _STATUS.read_text().splitlines())
    return float(lines["VmHWM"].split()[0]) * 1024


if __name__ == "__main__":
    main()
