"""The law of what 100,000 open deals come to: ours, a tree of convolutions by FFT, and ten thousand simulations.

The engines do not give the same digits: a lattice and a simulation are approximations. What all of them answer is whether their
chances are as near to the truth as they can be, which is written down here; the truth is the characteristic function at twice
the frequencies of a wider period, every factor worked out by itself.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import salesmetrics as sm
from benchmarks.answers import Answer
from benchmarks.data import part
from benchmarks.jobs import Job
from salesmetrics.columns import LabelColumn, MoneyColumn, ProbabilityColumn
from salesmetrics.domain import OUTCOMES

Float = npt.NDArray[np.float64]
OPEN_DEALS = 100_000
CHANCE = np.array([100_000, 250_000, 450_000, 600_000, 850_000], dtype=np.int32)
PLACES = np.linspace(-4, 4, 9)
"""Where chances are asked for, in standard deviations from the mean."""
DRAWS = 10_000
STEPS = 8_000
"""Points of the lattice in one standard deviation."""
OFF = {"salesmetrics": 1e-12, "fft": 3e-3, "simulation": 2e-2}
"""How far a chance may be off."""


class OfLaws:
    """Engines of the law of open deals: a tenth of the rows of the other jobs, 100,000 at most."""

    def __init__(self, rows: int, names: list[str], folder: Path) -> None:
        size = min(OPEN_DEALS, max(rows // 10, 1_000))
        columns = part(0, size)
        rng = np.random.default_rng(7)
        self.amount = columns["amount"]
        self.ppm = CHANCE[rng.integers(0, 5, size)]
        self.chance = self.ppm / 1e6
        self.mean = float(np.sum(self.amount * self.chance))
        self.sd = float(np.sqrt(np.sum(self.amount.astype(float) ** 2 * self.chance * (1 - self.chance))))
        self.values = np.rint(self.mean + self.sd * PLACES).astype(np.int64)
        self.truth = self._truth()

    def engines(self, job: Job) -> tuple[int, dict[str, Any]]:
        """Return how many deals there are, and what works out their law, ours first."""
        laws = {"salesmetrics": self.ours, "fft": self.fft, "simulation": self.simulation}
        return len(self.amount), {name: self._held(name, law) for name, law in laws.items()}

    def error(self, chances: Float) -> float:
        """Return the largest error of chances of at most each value."""
        return float(np.abs(chances - self.truth).max())

    def _held(self, name: str, law: Any) -> Any:
        """Return what runs an engine, and answers whether it is as near as it can be."""

        def run() -> Answer:
            return {"near enough": np.array([float(self.error(law()) <= OFF[name])])}

        return run

    def book(self) -> sm.DealBook:
        """Return a book of the deals that keeps nothing of earlier questions."""
        columns: dict[str, Any] = {
            "outcome": LabelColumn(np.zeros(len(self.amount), dtype=np.int8), OUTCOMES, ordered=True),
            "amount": MoneyColumn(self.amount, None, 2),
            "probability": ProbabilityColumn(self.ppm),
        }
        return sm.DealBook(columns=columns, rows=len(self.amount), currency="USD", scale=2, as_of_day=20_000)

    def ours(self) -> Float:
        """Return the chances by the public function, from a book that was not asked before."""
        law = sm.forecast_distribution(self.book())
        return np.array([law.at_most(value / 100)["all"].value for value in self.values])

    def fft(self) -> Float:
        """Return the chances by convolutions in a tree, neighbours of like amounts first, on a lattice of the spread."""
        from scipy.signal import fftconvolve

        step = self.sd / STEPS
        order = np.argsort(self.amount, kind="stable")
        place = np.rint(self.amount[order] / step).astype(np.int64)
        laws: list[Float] = []
        for at in range(0, len(place), 64):  # a few coins at a time, deal by deal: shorter than any transform
            steps, p = place[at : at + 64].tolist(), self.chance[order][at : at + 64].tolist()
            mass = np.zeros(sum(steps) + 1)
            mass[0], reach = 1.0, 1
            for far, chance in zip(steps, p, strict=True):
                came = mass[:reach] * chance
                mass[:reach] *= 1 - chance
                mass[far : far + reach] += came
                reach += far
            laws.append(mass)
        while len(laws) > 1:
            pairs = [fftconvolve(one, other) for one, other in zip(laws[::2], laws[1::2], strict=False)]
            laws = [*pairs, *(laws[-1:] if len(laws) % 2 else [])]
        below = np.cumsum(laws[0])
        # the value lies in the middle of its step
        return np.interp((self.values / step) - 0.5, np.arange(len(below)), below)

    def simulation(self) -> Float:
        """Return the chances by ten thousand draws, a block of deals at a time."""
        rng = np.random.default_rng(1)
        total = np.zeros(DRAWS, dtype=np.float32)
        cut = self.chance.astype(np.float32)
        for at in range(0, len(cut), 256):
            some = slice(at, at + 256)
            came = rng.random((DRAWS, len(cut[some])), dtype=np.float32) < cut[some]
            total += came @ self.amount[some].astype(np.float32)
        return np.searchsorted(np.sort(total), self.values, side="right") / DRAWS

    def _truth(self) -> Float:
        """Return the chances by the characteristic function, slowly: 80 frequencies of a period of 40 standard deviations."""
        length = int(40 * self.sd)
        low = int(self.mean) - length // 2
        k = np.arange(1, 81)
        log = np.zeros(80, dtype=np.complex128)
        for i in k:
            angle = 2 * np.pi * ((self.amount * i) % length) / length
            log[i - 1] = np.sum(np.log1p(self.chance * np.expm1(1j * angle)))
        term = np.exp(log) / (1j * length * np.sin(np.pi * k / length))

        def wave(places: Any) -> Any:
            turn = np.outer(2 * places + 1, k) % (2 * length)
            return (term * np.exp(-1j * np.pi * turn / length)).real.sum(axis=1)

        ends = wave(np.array([low - 1])) - wave(self.values)
        return (self.values - low + 1) / length + ends
