"""``lastin scheduler``: opens windows and submits recurring jobs, as ``python -m scheduler`` does; and its commands."""

from __future__ import annotations

from collections.abc import Sequence

import click

from ..becoming import become

PROGRAM = "lastin scheduler"
COMMANDS = {
    "open": "Open one window and end.",
    "check": "Read the cadence file and print the next ticks.",
    "backtest": "Try cadences on arrivals that were recorded.",
}


class PassedOn(click.Command):
    """A command of ``python -m scheduler``, which reads its arguments itself and says what they are."""

    def get_help(self, ctx: click.Context) -> str:
        """As it prints it."""
        from scheduler.arguments import help_of  # noqa: PLC0415 (not for other commands)

        return help_of(str(self.name), PROGRAM)


@click.group(invoke_without_command=True, short_help="Open windows and submit recurring jobs.")
@click.pass_context
def command(ctx: click.Context) -> None:
    """Open windows and submit recurring jobs as CADENCE_FILE says, until SIGTERM or Ctrl-C.

    With a command, do only that. Exit status 2: the file, a setting, a task or an argument can't be used.
    """
    if ctx.invoked_subcommand is None:
        become(lambda: _run([]))


def _run(arguments: Sequence[str]) -> int:
    from scheduler.__main__ import main  # noqa: PLC0415 (not for --help)

    return main(arguments, program=PROGRAM)


def _passed_on(name: str, short_help: str) -> click.Command:
    def run(words: Sequence[str]) -> None:
        raise SystemExit(_run([name, *words]))

    words = click.Argument(["words"], nargs=-1, type=click.UNPROCESSED)
    settings = {"ignore_unknown_options": True}
    return PassedOn(name, callback=run, params=[words], short_help=short_help, context_settings=settings)


for _name, _short_help in COMMANDS.items():
    command.add_command(_passed_on(_name, _short_help))
