"""``lastin why``: why a job isn't running, or ended as it did."""

from __future__ import annotations

from collections.abc import Iterator

import click

from ..operations import jobs
from ..output.printing import as_json, print_json, print_lines
from ..output.times import short_s
from ..sources import Shown, connect


@click.command(short_help="Explain why a job isn't running.")
@click.argument("id")
@as_json
def command(id: str, as_json: bool) -> None:
    """Explain why a job isn't running, or ended as it did, and when it may start."""
    found = jobs.why(connect(), id)
    if as_json:
        print_json(found)
    else:
        print_lines(_told(found))


def _told(found: Shown) -> Iterator[str]:
    yield f"{found['id']} is {found['status']}."
    for cause in found["causes"]:
        yield f"- {cause['message']}"
    if (estimate := found["estimate"]) is not None:
        in_s = estimate["starts_in_s"]
        starts = "It starts at an unknown time" if in_s is None else f"It starts in about {short_s(in_s)}"
        yield f"{starts}: {estimate['because']}"
