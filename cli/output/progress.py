"""How far work on many jobs is, on stderr, where that is a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterable

import click

from .terminal import is_terminal


def progress(label: str, steps: Iterable[int], expected: int | None) -> int:
    """Go through the steps; the sum of what they did.

    Parameters:
      expected: about what that sum will be, for a bar; None: nobody knows, and it is counted.
    """
    total = 0
    if expected is None:
        for count in steps:
            total += count
            rewrite(f"{label}: {total:,} so far")
        rewrite("")
        return total
    hidden = expected == 1 or not is_terminal(sys.stderr)
    with click.progressbar(length=expected, label=label, show_pos=True, file=sys.stderr, hidden=hidden) as bar:
        for count in steps:
            total += count
            bar.update(count)
    return total


def rewrite(text: str) -> None:
    """One line that is written over again; nothing where nobody looks."""
    if is_terminal(sys.stderr):
        click.echo(f"\r\x1b[K{text}", nl=False, err=True, color=True)
