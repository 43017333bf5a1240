"""``lastin completion``: what makes a shell complete the names of commands, options, queues and tasks."""

from __future__ import annotations

import click
from click.shell_completion import ShellComplete, get_completion_class

SHELLS = ("bash", "zsh")


@click.command(short_help="Print a completion script for bash or zsh.")
@click.argument("shell", type=click.Choice(SHELLS))
def command(shell: str) -> None:
    """Print a script that makes SHELL complete `lastin`.

    For bash, add to ~/.bashrc: eval "$(lastin completion bash)". For zsh, add to ~/.zshrc, after compinit: eval
    "$(lastin completion zsh)".
    """
    kind = get_completion_class(shell)
    assert kind is not None  # noqa: S101 (click knows both)
    root = click.get_current_context().find_root()
    # That of bash would start bash to ask for its version.
    click.echo(ShellComplete.source(kind(root.command, {}, "lastin", "_LASTIN_COMPLETE")))
