"""Whether memory stayed flat: how high it was early in a run, and at its end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

MOST_GROWTH = {"redis": 0.5, "what Redis holds": 0.5}
"""The memory of Redis goes up and down by a fifth and more: between nothing and thousands of jobs wait, and what ended
is pruned by thousands. Half of it is some 10 bytes a job in a run of 1,000,000: what stays of each job shows."""
MOST_GROWTH_OF_A_PROCESS = 0.05


class Sample(NamedTuple):
    """How many jobs had been submitted by then, and the bytes that each process and Redis had."""

    jobs: int
    memory: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class MemoryFigure:
    """The most bytes of one process (with its children, RSS), or of Redis: in the second quarter of a run, when all is
    warm, and in the last one; and how much of the difference there is for each job between."""

    name: str
    early_bytes: int
    late_bytes: int
    bytes_per_job: float

    @property
    def growth(self) -> float:
        """By which share it grew."""
        return self.late_bytes / self.early_bytes - 1

    def faults(self) -> list[str]:
        """That it grew, if it did."""
        most = MOST_GROWTH.get(self.name, MOST_GROWTH_OF_A_PROCESS)
        text = (
            f"the memory of {self.name} grew by {self.growth:.1%}, from {self.early_bytes} bytes: expected {most:.0%}"
        )
        return [text] if self.growth > most else []

    def as_dict(self) -> dict[str, Any]:
        """As the result keeps it."""
        return asdict(self)


def figures(samples: Sequence[Sample]) -> list[MemoryFigure]:
    """Of everything that was sampled.

    Raises:
      ValueError: there are too few samples.
    """
    if len(samples) < 8:
        raise ValueError(f"expected 8 samples or more, got {len(samples)}: let the soak run longer")
    quarter = len(samples) // 4
    early, late = samples[quarter : 2 * quarter], samples[-quarter:]
    jobs = late[-1].jobs - early[-1].jobs
    return [
        _figure(name, max(one.memory[name] for one in early), max(one.memory[name] for one in late), jobs)
        for name in samples[0].memory
    ]


def _figure(name: str, early_bytes: int, late_bytes: int, jobs: int) -> MemoryFigure:
    return MemoryFigure(name, early_bytes, late_bytes, round((late_bytes - early_bytes) / max(1, jobs), 2))
