"""The options of ``python -m scheduler backtest``, and what each may hold."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..durations import read_time
from ..values import LONGEST_US, read_duration, read_whole
from .run_times import RunTime, read_run_time

MOST_THREADS = 10_000
DESCRIPTION = """\
Replay arrivals through the policy scripts on a simulated clock, by one cadence or several, and compare how long jobs
wait. Arrivals are those that Redis has recorded of a queue, or a CSV file's. It runs on a server of its own, which is
started for it and holds nothing else; the service isn't touched."""


def add_backtest(
    commands: Any, reading: Callable[[Callable[[str], Any]], Callable[[str], Any]], formatter: Any
) -> None:
    """Add the command to a parser's subcommands. ``reading`` makes a function that raises ValueError a type of
    argparse's; ``formatter``: of its help."""
    help_of_it = "try cadences on arrivals that were recorded"
    parser = commands.add_parser("backtest", help=help_of_it, description=DESCRIPTION, formatter_class=formatter)
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


def read_threads(text: str) -> int:
    """
    Raises:
      ValueError: says what was expected.
    """
    return read_whole(text, 1, MOST_THREADS)


def read_drain(text: str) -> int:
    """Microseconds.

    Raises:
      ValueError: says what was expected.
    """
    return read_duration(text, 0, LONGEST_US)
