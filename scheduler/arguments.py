"""The arguments of ``python -m scheduler`` and of its commands."""

from __future__ import annotations

import argparse
import io
from collections.abc import Callable
from contextlib import redirect_stdout, suppress
from functools import partial

from .backtest.arguments import add_backtest
from .opening import read_batch, read_lasts

PROGRAM = "python -m scheduler"
WIDTH = 100
"""Columns of what ``--help`` prints."""
FORMATTER = partial(argparse.HelpFormatter, width=WIDTH)


def parser(program: str = PROGRAM) -> argparse.ArgumentParser:
    """What it reads its arguments with: ``command`` is the name of the command, None without one.

    Parameters:
      program: what it is called in its messages.
    """
    scheduler = argparse.ArgumentParser(
        prog=program,
        description="Open windows and submit recurring jobs as CADENCE_FILE says.",
        formatter_class=FORMATTER,
    )
    commands = scheduler.add_subparsers(title="commands", dest="command")
    opening = commands.add_parser(
        "open", help="open one window and end", description="Open one window and end.", formatter_class=FORMATTER
    )
    opening.add_argument("--queue", default="default", help="the queue (default)")
    opening.add_argument(
        "--batch", type=_read(read_batch), help="how many claims it allows; 0: no bound (as the cadence has it)"
    )
    opening.add_argument(
        "--lasts", type=_read(read_lasts), help="how long it lasts at most, such as 60s (as the cadence has it)"
    )
    opening.add_argument("--wait", action="store_true", help="wait until it is closed and none of its jobs runs")
    opening.add_argument("--json", action="store_true", help="print the window as one JSON object")
    help_of_check = "read the file and print the next ticks"
    commands.add_parser(
        "check",
        help=help_of_check,
        description="Read the cadence file and print the next ticks.",
        formatter_class=FORMATTER,
    )
    add_backtest(commands, _read, FORMATTER)
    return scheduler


def help_of(command: str, program: str) -> str:
    """What ``--help`` prints of one of its commands."""
    said = io.StringIO()
    with redirect_stdout(said), suppress(SystemExit):
        parser(program).parse_args([command, "--help"])
    return said.getvalue().rstrip()


def _read(read: Callable[[str], object]) -> Callable[[str], object]:
    """``read`` as argparse takes it: what it raises is told to the user."""

    def parse(text: str) -> object:
        try:
            return read(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return parse
