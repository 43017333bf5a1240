"""Moving jobs, by their ids or all that fit, with a bar, and telling what came of it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import click

from middleware.jobs import JobStatus
from middleware.words import counted

from .endings import Conflict, Failed, Missing, NothingToDo
from .operations.filters import Chosen
from .operations.hints import expected, nobody_fits
from .output.printing import print_json
from .output.progress import progress
from .output.terminal import is_terminal, printable
from .sources import Shown, Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """What is done to jobs. ``statuses``: of which jobs; ``told``: what became of one, in words."""

    label: str
    statuses: Collection[JobStatus]
    told: Callable[[Shown], str]


def move_each(move: Move, ids: Sequence[str], one: Callable[[str], Shown], *, as_json: bool) -> None:
    """Move jobs one by one; what can't be moved is told, and the rest is moved all the same.

    Raises:
      Failed: not all of them are there.
      NothingToDo: nothing was moved.
    """
    moved: list[Shown] = []
    refused: dict[str, Failed] = {}

    def steps() -> Iterator[int]:
        for id in ids:
            try:
                moved.append(one(id))
            except (Missing, Conflict) as error:
                refused[id] = error
            yield 1

    progress(move.label, steps(), len(ids))
    if as_json:
        print_json(moved)
    else:
        for job in moved:
            click.echo(f"{printable(job['id'])} {move.told(job)}.")
    for id, error in refused.items():
        click.echo(f"lastin: {printable(f'{id}: {error.message}')}", err=True)
    if any(isinstance(error, Missing) for error in refused.values()):
        raise Failed("Not all of these jobs are there.")
    if not moved:
        raise NothingToDo("Nothing was to be done.")


def move_all(move: Move, source: Source, where: Chosen, outcomes: Iterator[dict[str, Any]], *, as_json: bool) -> None:
    """Go through the outcomes of the steps in which all jobs that fit are moved.

    Raises:
      NothingToDo: no job fits.
    """
    sums = {"count": 0, "asked": 0}

    def steps() -> Iterator[int]:
        for outcome in outcomes:
            sums["count"] += outcome["count"]
            sums["asked"] += outcome.get("asked", 0)
            yield outcome["count"]

    progress(move.label, steps(), expected(source, where, move.statuses) if is_terminal(sys.stderr) else None)
    if as_json:
        print_json(sums)
    elif sums["count"]:
        asked = f" ({sums['asked']:,} of them run, and are asked to stop)" if sums["asked"] else ""
        click.echo(f"{counted(sums['count'], 'job')} {move.told({'status': None})}{asked}.")
    if not sums["count"]:
        raise NothingToDo(f"No job fits.{nobody_fits(source, where)}")
