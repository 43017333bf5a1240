"""The command ``lastin`` itself: finds its subcommands in the files of ``commands/``, and imports the one it needs."""

from __future__ import annotations

import errno
import importlib
import pkgutil
import sys
from typing import Any

import click

from middleware.floors import here

from . import commands
from .endings import Failed, Unusable
from .output.terminal import printable

MODULES = {module.name.replace("_", "-"): module.name for module in pkgutil.iter_modules(commands.__path__)}


class Root(click.Group):
    """Subcommands by file. What goes wrong in any of them is told in one line."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All subcommands, by name."""
        return sorted(MODULES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The ``command`` of the file with this name."""
        if cmd_name not in MODULES:
            return None
        module = importlib.import_module(f"{commands.__name__}.{MODULES[cmd_name]}")
        command: click.Command = module.command
        command.name = cmd_name
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click's, which looks for the nearest name among the commands that are imported already."""
        if args[0] not in MODULES and not ctx.resilient_parsing:
            raise click.exceptions.NoSuchCommand(args[0], possibilities=list(MODULES), ctx=ctx)
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the subcommand."""
        try:
            return super().invoke(ctx)
        except click.UsageError as error:
            raise click.UsageError(printable(error.format_message()), error.ctx) from None
        except click.ClickException:
            raise
        except OSError as error:
            if error.errno == errno.EPIPE:  # who reads has seen enough: click ends without a word
                raise
            raise Failed(f"What was to be shown can't be written: {error.strerror}.") from None
        except Exception as error:
            if (known := _in_a_line(error)) is None:
                raise
            raise known from None


def _in_a_line(error: Exception) -> Failed | None:
    """What one of our own errors means to the user. They are compared with classes that are imported already: where
    none is, none can have been raised."""
    errors = sys.modules.get(here("middleware.errors"))
    if errors is None or not isinstance(error, errors.LastInError):
        return None
    cadence = sys.modules.get(here("scheduler.errors"))
    unusable = [errors.SettingsError, errors.RedisClusterError, *([cadence.CadenceError] if cadence else [])]
    return (Unusable if isinstance(error, tuple(unusable)) else Failed)(str(error))


@click.group(
    cls=Root,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="It reads Redis (REDIS_URL; where `make run` or `lastin run` runs, the embedded server), or asks the HTTP "
    "API at LASTIN_URL with the access token LASTIN_TOKEN. Exit status: 0 done, 3 nothing to do, 1 failed, 2 bad "
    "arguments or setting.",
)
def lastin() -> None:
    """See and control jobs, queues and windows: newest first."""
