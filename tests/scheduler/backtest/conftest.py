"""A server for simulations, and a simulation in one call."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from scheduler.backtest.arrivals import Arrival, Arrivals
from scheduler.backtest.figures import Figures, Measurement
from scheduler.backtest.own_server import OwnServer
from scheduler.backtest.simulated_clock import SimulatedClock
from scheduler.backtest.simulation import Simulation
from scheduler.backtest.steps import Capacity
from scheduler.cadence import QueueCadence

DAY_US = 86_400_000_000

Starts = list[tuple[int, int]]
"""When each job that started had arrived, and when it started, in µs."""
Simulate = Callable[..., tuple[Starts, Figures]]


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """A folder whose name is short enough for a socket in it; those of pytest may not be."""
    with tempfile.TemporaryDirectory(prefix="lastin-") as folder:
        yield Path(folder)


@pytest.fixture(scope="package")
def simulation_server() -> Iterator[OwnServer]:
    """A server for all simulations of these tests."""
    with OwnServer() as server:
        yield server


@pytest.fixture
def simulate(simulation_server: OwnServer) -> Simulate:
    """Replays arrivals with a cadence: what started in its order, and the figures."""

    def simulate_all(
        arriving: Sequence[Arrival], cadence: QueueCadence, *, threads: int = 1, run_us: int = 0, drain_us: int = DAY_US
    ) -> tuple[Starts, Figures]:
        arrivals = Arrivals.of(arriving)
        clock = SimulatedClock(0)
        client = simulation_server.emptied(cadence.queue, clock)
        until_us = arrivals.at_us[-1] + drain_us
        capacity = Capacity(threads, lambda job: run_us)
        run = Simulation(arrivals, cadence, capacity, client=client, clock=clock, until_us=until_us)
        measurement, starts = Measurement(arrivals, threads), []
        for step in run.steps():
            measurement.note(step)
            starts += [(arrivals.at_us[start.job], step.now_us) for start in step.started]
        return starts, measurement.figures(run.rest(), until_us)

    return simulate_all
