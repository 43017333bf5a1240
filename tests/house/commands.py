"""``docs/commands.md``, whose synopsis is what ``--help`` prints."""

from __future__ import annotations

from collections.abc import Iterator

import click

from cli.root import lastin

WIDTH = 100

HEAD = """\
# The command line

`lastin` shows what LastIn does, steers it and starts it. After `make run` or `make test` it is in `.venv/bin`; with
that folder on your PATH, or by a link to it, it works from everywhere. Where there is no make, `python -m cli` in the
clone is the same, and `python -m cli.console_script` writes the script beside that Python. With the wheel
`lastin[service]` pip brings it ([tasks.md](tasks.md#a-project-of-your-own)).

```sh
lastin submit "Hello, world" --wait           # prints its result; without --wait the job's id
lastin tail                                   # jobs as they come, run and end; Ctrl-C ends it
lastin jobs --status rejected --created-after 15m
lastin why 0192f0c1-6a3e-7c4e-9d0b-3a6b6d2f9b11
lastin jobs retry --task send_mail --status rejected
lastin queues pause default --reason "The mail provider is down."
lastin open --batch 100 --lasts 60s --wait    # one window, now
```

## What it talks to

| set | `lastin` |
|---|---|
| nothing | reads the embedded server of this clone, or of the project in whose folder it is called, while that runs |
| `REDIS_URL` | reads that Redis, with the tasks and settings of this clone or project |
| `LASTIN_URL`, and `LASTIN_TOKEN` where the API asks for tokens | asks the HTTP API there, as any client does |

Over Redis it does what the HTTP API does, with the same code, and needs neither the web process nor a token: whoever
can read `REDIS_URL` may do everything. Over HTTP the token's scopes decide ([security.md](security.md)). The token
goes over `https://` only, or to this machine, and never to where a redirect leads. `lastin version` says what would
be asked. `lastin audit` reads Redis in any case, and `lastin check` the cadence file.

Settings also come from `.env` in the folder of the clone or project, but not `LASTIN_URL` and `LASTIN_TOKEN`: who wrote
a file in a folder doesn't choose where your token goes. What the environment holds comes first.

```sh
export LASTIN_URL=https://jobs.example.com LASTIN_TOKEN=…
lastin jobs
```

## What it prints

**For people**: tables and lines, with times of your time zone; on a terminal in colour, and cut to its width. Nothing
in them can steer the terminal: names and payloads come from other programs.

**For programs**: with `--json` the same objects as the HTTP API ([api.md](api.md)), one document on stdout; `tail`
prints one job a line. `jobs cancel` and `jobs retry` with IDs print the jobs, with filters `{"count": …, "asked":
…}`: `asked` of them run, and were asked to stop. Everything else that is said goes to stderr, as does the bar that
shows how far work on many jobs is.

**Exit status**: 0 done; 3 nothing to do (no job fits, a queue is paused already, nothing was claimed in a window); 1
failed (Redis or the API is away, an id doesn't exist, a token isn't enough), with one line on stderr; 2 bad
arguments, file or setting.

## Which jobs

`--status`, `--task`, `--queue`, `--window`, `--created-after` and `--created-before` are the filters of `GET
/v1/jobs`. Times are RFC 3339 (`2030-01-31T12:00:00Z`), or say how long ago (`15m`, `1h30m`). `jobs cancel` and `jobs
retry` need IDs or at least one filter, so nothing moves all jobs by accident. With filters they go on until no
matching job is left.

`tail` follows the 1,000 newest jobs that fit, each until it has ended. It looks twice a second, and waits when Redis
or the API is away. A job that runs for less than half a second may be seen only when it has ended.

## Completion

```sh
eval "$(lastin completion bash)"   # in ~/.bashrc
eval "$(lastin completion zsh)"    # in ~/.zshrc, after compinit
```

Names of queues, tasks and windows are completed too, while the service answers.

## Other commands

`lastin run` is `make run`. `lastin web`, `lastin worker` and `lastin scheduler` are `python -m api`, `python -m tasks`
and `python -m scheduler`, as the Procfile of the clone starts them, and `lastin scheduler open`, `check` and
`backtest` are the commands of the latter, with the same arguments and exit statuses ([cadence.md](cadence.md)).
`backtest` [tries a cadence](cadence.md#trying-it-before-it-is-in-force) on jobs that came. `lastin open` and `lastin
check` are the first two as the rest of `lastin` speaks, over HTTP too.

A subcommand is one file in `cli/commands/`, in which `command` is a command of
[click](https://click.palletsprojects.com).

What follows is generated from the commands' `--help`.
"""


def commands_page() -> str:
    """``docs/commands.md``."""
    return HEAD + "".join(_sections())


def _sections() -> Iterator[str]:
    context = click.Context(lastin)
    yield f"\n## lastin\n\n```text\n{help_of(lastin, '')}\n```\n"
    for name in lastin.list_commands(context):
        command = lastin.get_command(context, name)
        assert command is not None
        yield f"\n## lastin {name}\n"
        if not isinstance(command, click.Group):
            yield f"\n```text\n{help_of(command, name)}\n```\n"
            continue
        yield f"\n{command.help}\n"
        for inner in command.commands.values():
            yield f"\n### lastin {name} {inner.name}\n\n```text\n{help_of(inner, f'{name} {inner.name}')}\n```\n"


def help_of(command: click.Command, name: str) -> str:
    """What ``--help`` prints, 100 columns wide."""
    context = click.Context(
        command,
        info_name=f"lastin {name}".rstrip(),
        terminal_width=WIDTH,
        help_option_names=lastin.context_settings["help_option_names"],
    )
    return command.get_help(context)
