"""What was measured: a record for each job, number of deals and engine, kept in a file beside the data."""

from __future__ import annotations

import datetime as dt
import json
import os
import platform
from importlib import metadata
from pathlib import Path
from typing import Any, Self

import attrs

from benchmarks.timing import Time

LIBRARIES = ("numpy", "scipy", "pandas", "polars", "duckdb", "pyarrow", "numba")


@attrs.frozen
class Record:
    """One job in one engine: ``deals`` is the size of the data, ``rows`` how many rows (deals or changes) the job reads."""

    job: str
    deals: int
    rows: int
    engine: str
    time: Time
    day: str

    @property
    def key(self) -> tuple[str, int]:
        """What a later run replaces."""
        return self.job, self.deals


@attrs.frozen
class Results:
    """All records, and the machine and the versions they were made with."""

    machine: dict[str, str]
    records: tuple[Record, ...] = ()

    @classmethod
    def read(cls, path: Path, machine: dict[str, str]) -> Self:
        """Return what a file holds; nothing where it was made on another machine or with other versions."""
        if not path.exists():
            return cls(machine)
        held = json.loads(path.read_text(encoding="utf-8"))
        same = {**held["machine"], "bandwidth": ""} == {**machine, "bandwidth": ""}
        records = [Record(**{**each, "time": Time(**each["time"])}) for each in held["records"]] if same else []
        return cls(machine, tuple(records))

    def write(self, path: Path) -> None:
        """Put everything into a file."""
        path.write_text(json.dumps(attrs.asdict(self), indent=1) + "\n", encoding="utf-8")

    def with_job(self, job: str, deals: int, rows: int, times: dict[str, Time]) -> Self:
        """Return the same with the records of a job replaced."""
        day = dt.datetime.now(tz=dt.UTC).date().isoformat()
        new = [Record(job, deals, rows, engine, time, day) for engine, time in times.items()]
        return attrs.evolve(self, records=(*(old for old in self.records if old.key != (job, deals)), *new))

    def of(self, job: str, deals: int) -> dict[str, Record]:
        """Return the records of a job by engine, ours first."""
        return {record.engine: record for record in self.records if record.key == (job, deals)}

    @property
    def bandwidth(self) -> float:
        """Bytes a second that memory gives at best, 0 where it was not measured."""
        said = self.machine.get("bandwidth", "")
        return float(said.split()[0]) * 1e9 if said else 0.0

    def sizes(self, *jobs: str) -> list[int]:
        """Return the numbers of deals that there are records of, ascending."""
        return sorted({record.deals for record in self.records if not jobs or record.job in jobs})


def machine(bandwidth: float) -> dict[str, str]:
    """Return what the numbers depend on: processor, cores, memory, versions; no name of a host."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return {
        "processor": f"{_processor()}, {cores} cores",
        "memory": f"{_memory():.0f} GiB",
        "bandwidth": f"{bandwidth / 1e9:.1f} GB/s read by two threads",
        "system": f"{platform.system()}, Python {platform.python_version()}",
        "libraries": ", ".join(f"{name} {version}" for name in LIBRARIES if (version := _version(name))),
    }


def _processor() -> str:
    """Return the model of the processor."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    models = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return f"{platform.machine()} {models[0] if models else platform.processor()}".strip()


def _memory() -> float:
    """Return the memory of the machine in GiB, 0 where the system does not tell."""
    if not hasattr(os, "sysconf"):
        return 0.0
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def ratio(ours: Any, other: Any) -> float:
    """Return how many times as long as ours another engine takes, by best wall time."""
    return float(other.time.wall / ours.time.wall)
