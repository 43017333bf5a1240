"""``lastin version``: which LastIn this is, and whom it asks."""

from __future__ import annotations

import platform

import click

from middleware import VERSION

from ..output.printing import as_json, print_json, print_lines
from ..sources import where


@click.command(short_help="Show the version, and what would be asked.")
@as_json
def command(as_json: bool) -> None:
    """Show the version, and which Redis or API it would ask. It asks neither."""
    source = where()
    if as_json:
        print_json({"version": VERSION, "python": platform.python_version(), "source": source})
    else:
        print_lines([f"LastIn {VERSION}, Python {platform.python_version()}, over {source}"])
