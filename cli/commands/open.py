"""``lastin open``: one window, now, as ``python -m scheduler open`` opens it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from ..endings import Failed, NothingToDo
from ..operations import opening
from ..operations.completion import queue_names
from ..output.printing import as_json, print_json, print_lines
from ..output.progress import rewrite
from ..sources import connect


class Read(click.ParamType[int]):
    """A text that a function of the scheduler reads."""

    def __init__(self, name: str) -> None:
        self.name = name

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """What it means."""
        from scheduler import opening as read  # noqa: PLC0415 (not for --help)

        reader: Callable[[str], int] = read.read_batch if self.name == "batch" else read.read_lasts
        try:
            return reader(value)
        except ValueError as error:
            self.fail(f"{error}.", param, ctx)


@click.command(short_help="Open a window now.")
@click.option("--queue", default="default", show_default=True, shell_complete=queue_names, help="The queue.")
@click.option("--batch", type=Read("batch"), metavar="N", help="How many claims it allows; 0: no bound.")
@click.option("--lasts", type=Read("lasts"), metavar="DURATION", help="How long it lasts at most, such as 60s.")
@click.option("--wait", is_flag=True, help="Wait until it is closed and none of its jobs runs.")
@as_json
def command(queue: str, batch: int | None, lasts: int | None, wait: bool, as_json: bool) -> None:
    """Open one window now. It replaces an open one. The cadence says what you leave out.

    Exit status 3: the window has closed already, and nothing was claimed.
    """
    source = connect()
    window = opening.open_window(source, queue, batch=batch, lasts_us=lasts)
    if wait:
        try:
            window = opening.wait_until_done(source, window, rewrite)
        except KeyboardInterrupt:
            raise Failed(f"Window {window['id']} goes on.") from None
        finally:
            rewrite("")
    if as_json:
        print_json(window)
    else:
        print_lines([opening.summary(window)])
    if window["status"] != "open" and not window["claimed"]:
        raise NothingToDo("Nothing was claimed in it.")
