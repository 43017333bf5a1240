"""What a simulation is made of: what runs the jobs, and what happens step by step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Capacity:
    """What runs the jobs: how many threads, and for how long the job with an index keeps one, in µs."""

    threads: int
    run_us: Callable[[int], int]


class Start(NamedTuple):
    """The job with an index was claimed (``job``), after it had waited this long, and runs this long."""

    job: int
    waited_us: int
    run_us: int


class Rest(NamedTuple):
    """What is left in the end: how many jobs wait, when the oldest arrived, and how many ended without a start."""

    waiting: int
    oldest_us: int | None
    expired: int
    superseded: int


class Step(NamedTuple):
    """What happened at one moment: how many jobs were accepted, which started, and which were processed, by their
    indexes."""

    now_us: int
    accepted: int
    started: list[Start]
    processed: list[int]
