"""``python -m scheduler backtest``: its options, and the way from arrivals to a report."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click

import tasks
from middleware.broker import LifoBroker
from middleware.clock import to_us
from middleware.settings import Settings

from ..durations import parse_duration
from ..errors import CadenceError
from ..exit_statuses import DONE, FAILED, NOTHING_TO_DO
from ..values import LONGEST_US
from ..watch import CadenceWatcher
from .arrivals import Arrival, Arrivals, Span
from .candidates import Candidate, read_candidate
from .csv_file import read_csv
from .figures import Figures, Measurement
from .own_server import OwnServer
from .recorded import read_recorded
from .report import Report
from .run_times import RunTime, read_run_time
from .simulated_clock import SimulatedClock
from .simulation import Simulation
from .steps import Capacity

MOST_THREADS = 10_000
COUNTED_AT_ONCE = 200
LONGEST_LABEL = 20
DESCRIPTION = """\
Replay arrivals through the policy scripts on a simulated clock, by one cadence or several, and compare how long jobs
wait. Arrivals are those that Redis has recorded of a queue, or a CSV file's. It runs on a server of its own, which is
started for it and holds nothing else; the service isn't touched."""


def add_backtest(commands: Any, reading: Callable[[Callable[[str], Any]], Callable[[str], Any]]) -> None:
    """Add the command to a parser's subcommands. ``reading`` makes a function that raises ValueError a type of
    argparse's."""
    parser = commands.add_parser(
        "backtest", help="try cadences on arrivals that were recorded", description=DESCRIPTION
    )
    parser.add_argument(
        "cadences",
        nargs="*",
        metavar="CADENCE",
        help="a cadence file, or FILE:SECTION for a section of it that isn't the queue's (CADENCE_FILE)",
    )
    parser.add_argument("--queue", default="default", help="which queue (default)")
    parser.add_argument(
        "--csv", type=Path, metavar="FILE", help="replay this file's arrivals instead of those that are recorded"
    )
    parser.add_argument(
        "--created-after", type=reading(read_time), metavar="TIME", help="only later arrivals; 15m: since 15 minutes"
    )
    parser.add_argument("--created-before", type=reading(read_time), metavar="TIME", help="only earlier arrivals")
    parser.add_argument(
        "--threads", type=reading(read_threads), help="how many jobs can run at once (as the settings have it)"
    )
    parser.add_argument(
        "--run-time",
        type=reading(read_run_time),
        default=RunTime(),
        metavar="TIME",
        help="how long a job runs: 50ms, p90 of those recorded, or each as recorded (recorded)",
    )
    parser.add_argument(
        "--drain",
        type=reading(read_drain),
        default="1d",
        metavar="DURATION",
        help="how long to go on after the last arrival while jobs wait (1d)",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(command=backtest)


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


def read_threads(text: str) -> int:
    """
    Raises:
      ValueError: says what was expected.
    """
    if not (text.isascii() and text.isdigit()) or not 1 <= int(text) <= MOST_THREADS:
        raise ValueError(f"expected a whole number from 1 to {MOST_THREADS}, got {text!r}")
    return int(text)


def read_drain(text: str) -> int:
    """Microseconds.

    Raises:
      ValueError: says what was expected.
    """
    drain_us = parse_duration(text)
    if drain_us > LONGEST_US:
        raise ValueError(f"expected a duration up to 31d, got {text!r}")
    return drain_us


def read_time(text: str) -> int:
    """A time, or how long ago that was; µs since the epoch.

    Raises:
      ValueError: says what was expected.
    """
    try:
        return to_us(datetime.now(UTC) - timedelta(microseconds=parse_duration(text)))
    except (ValueError, OverflowError):
        pass
    try:
        return to_us(datetime.fromisoformat(text))
    except (ValueError, TypeError, OverflowError):
        raise ValueError(
            f"expected a time such as 2030-01-31T12:00:00Z or a duration such as 15m, got {text!r}"
        ) from None
