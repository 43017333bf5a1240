"""``python -m scheduler backtest``: its options, and the way from arrivals to a report."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator

import click

import tasks
from middleware.broker import LifoBroker
from middleware.settings import Settings

from ..errors import CadenceError
from ..exit_statuses import DONE, FAILED, NOTHING_TO_DO
from ..watch import CadenceWatcher
from .arrivals import Arrival, Arrivals, Span
from .candidates import Candidate, read_candidate
from .csv_file import read_csv
from .figures import Figures, Measurement
from .own_server import OwnServer
from .recorded import read_recorded
from .report import Report
from .simulated_clock import SimulatedClock
from .simulation import Simulation
from .steps import Capacity

COUNTED_AT_ONCE = 200
LONGEST_LABEL = 20


def backtest(options: argparse.Namespace, file: CadenceWatcher, broker: LifoBroker) -> int:
    """Replay, and print what came of it.

    Raises:
      CadenceError, ArrivalsError: a file or an argument can't be used.
      RedisAwayError: recorded arrivals can't be read.
      OwnServerError: no server can be started for the simulation.
    """
    candidates = list(_candidates(options, file, broker))
    arrivals = Arrivals.of(_arriving(options, broker))
    if not arrivals:
        click.echo(f"scheduler: No arrivals to replay in {options.csv or f'queue {options.queue}'}.", err=True)
        return NOTHING_TO_DO
    capacity = Capacity(options.threads or threads_of(tasks.settings), options.run_time.of(arrivals))
    try:
        with OwnServer() as server:
            outcomes = [
                (candidate, _simulated(candidate, arrivals, capacity, server, options.drain))
                for candidate in candidates
            ]
    except KeyboardInterrupt:
        click.echo("scheduler: The simulation was broken off.", err=True)
        return FAILED
    report = Report(options.queue, arrivals, capacity.threads, options.run_time, outcomes)
    click.echo(json.dumps(report.as_dict()) if options.json else "\n".join(report.lines()))
    return DONE


def _candidates(options: argparse.Namespace, file: CadenceWatcher, broker: LifoBroker) -> Iterator[Candidate]:
    declared = broker.get_declared_queues()
    if options.queue not in declared:
        names = ", ".join(sorted(declared))
        raise CadenceError(f"--queue must be a declared queue ({names}), but is {options.queue!r}.")
    overrides = dict(tasks.settings.cadence_overrides)
    for text in options.cadences or [os.path.relpath(file.path)]:
        yield read_candidate(text, options.queue, declared=declared, overrides=overrides)


def _arriving(options: argparse.Namespace, broker: LifoBroker) -> Iterator[Arrival]:
    span = Span(options.created_after, options.created_before)
    if options.csv is not None:
        return read_csv(options.csv, span)
    return read_recorded(broker.store, options.queue, span)


def _simulated(
    candidate: Candidate, arrivals: Arrivals, capacity: Capacity, server: OwnServer, drain_us: int
) -> Figures:
    clock = SimulatedClock(arrivals.at_us[0])
    client = server.emptied(candidate.cadence.queue, clock)
    until_us = arrivals.at_us[-1] + drain_us
    simulation = Simulation(arrivals, candidate.cadence, capacity, client=client, clock=clock, until_us=until_us)
    measurement = Measurement(arrivals, capacity.threads)
    with click.progressbar(
        length=len(arrivals),
        label=candidate.shown(LONGEST_LABEL),
        show_pos=True,
        file=sys.stderr,
        hidden=not sys.stderr.isatty(),
    ) as bar:
        uncounted = 0
        for step in simulation.steps():
            measurement.note(step)
            uncounted += step.accepted
            if uncounted >= COUNTED_AT_ONCE:
                bar.update(uncounted)
                uncounted = 0
        bar.update(uncounted)
    rest = simulation.rest()
    client.link.close()
    return measurement.figures(rest, until_us)


def threads_of(settings: Settings) -> int:
    """The threads of the worker, as ``python -m tasks`` starts it."""
    return settings.worker_processes * settings.worker_threads
