"""``docs/commands.md``, whose synopsis is what ``--help`` prints."""

from __future__ import annotations

import click

from api.cli import GROUPS

WIDTH = 100

HEAD = """\
# The command line

For operators at the machine. It does what the HTTP API does, with the same code, but straight on Redis, so it needs
neither the web process nor a token. It reads `REDIS_URL` and the other settings as the service does. In a clone where
`make run` is running, it finds the embedded server.

```sh
.venv/bin/flask --app api jobs list --status rejected
.venv/bin/flask --app api jobs show 0192f0c1-6a3e-7c4e-9d0b-3a6b6d2f9b11 --why
.venv/bin/flask --app api jobs submit "Hello, world"
.venv/bin/flask --app api jobs retry --task send_mail --created-after 2030-01-31T12:00:00Z
.venv/bin/flask --app api queues pause default --reason "The mail provider is down."
.venv/bin/flask --app api windows open default --batch 100 --lasts-s 60
```

**Exit status**: 0 done; 3 nothing to do (no job matches, a queue is paused already); 1 failed (Redis is away, an id
doesn't exist), with one line on stderr; 2 bad arguments.

**Output**: tables and lines for people; with `--json` the same objects as the HTTP API, one document on stdout.
`cancel` and `retry` with filters go on until no matching job is left, and print `{"count": …}`; on a terminal a bar on
stderr shows their progress. Values in tables have no control characters, since they come from other programs.

**Filters** are those of `GET /v1/jobs`. `cancel` and `retry` need IDs or at least one filter, so nothing moves all jobs
by accident.

The scheduler has a command line of its own ([cadence.md](cadence.md)), and so has the audit
([promise.md](promise.md)).

"""


def commands_page() -> str:
    """``docs/commands.md``."""
    parts = [HEAD + "What follows is generated from the commands' `--help`.\n"]
    for group in GROUPS:
        parts.append(f"\n## {group.name}\n\n{group.help}\n")
        for name, command in group.commands.items():
            parts.append(f"\n### {group.name} {name}\n\n```text\n{help_of(command, f'{group.name} {name}')}\n```\n")
    return "".join(parts)


def help_of(command: click.Command, name: str) -> str:
    """What ``--help`` prints, 100 columns wide."""
    context = click.Context(command, info_name=f"flask --app api {name}", terminal_width=WIDTH)
    return command.get_help(context)
