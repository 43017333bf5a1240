"""``docs/commands.md``, whose synopsis is what ``--help`` prints."""

from __future__ import annotations

from collections.abc import Iterator

import click

from cli.root import lastin

WIDTH = 100

HEAD = """\
# The command line

The command `lastin` is for people who submit jobs, look at them, or operate the service from a terminal. It can also
start LastIn. After `make run` or `make test` it is in `.venv/bin`; put that folder on your PATH, or link to it, and it
works from everywhere. Without make, run `python -m cli` in the clone, or let `python -m cli.console_script` write the
script beside that Python. With the wheel `lastin[service]`, pip installs it
([tasks.md](tasks.md#a-project-of-your-own)).

```sh
lastin submit "Hello, world" --wait           # prints its result; without --wait the job's id
lastin tail                                   # jobs as they arrive, run and end; Ctrl-C ends it
lastin jobs --status rejected --created-after 15m
lastin why 0192f0c1-6a3e-7c4e-9d0b-3a6b6d2f9b11
lastin jobs retry --task send_mail --status rejected
lastin queues pause default --reason "The mail provider is down."
lastin open --batch 100 --lasts 60s --wait    # one window, now
```

## What it talks to

| set | `lastin` |
|---|---|
| nothing | reads the embedded server of this clone, or of the project in whose folder you call it, while that runs |
| `REDIS_URL` | reads that Redis, with the tasks and settings of this clone or project |
| `LASTIN_URL`, and `LASTIN_TOKEN` if the API asks for tokens | asks the HTTP API there, like any client |

Over Redis it does what the HTTP API does, with the same code, and needs neither the web process nor a token: whoever
can read `REDIS_URL` may do everything. Over HTTP the token's scopes decide ([security.md](security.md)). The token is
sent only over `https://` or to this machine, and never follows a redirect. `lastin version` says what would be asked.
`lastin audit` always reads Redis, and `lastin check` the cadence file.

Settings also come from `.env` in the folder of the clone or project; the environment takes precedence. `LASTIN_URL` and
`LASTIN_TOKEN` are read only from the environment, so that nobody's file decides where your token goes.

```sh
export LASTIN_URL=https://jobs.example.com LASTIN_TOKEN=…
lastin jobs
```

## What it prints

**For people**: tables and lines, with times in your time zone; on a terminal in colour, and cut to its width. Names and
payloads come from other programs, so everything that could control the terminal is escaped.

**For programs**: with `--json` the same objects as the HTTP API ([api.md](api.md)), as one document on stdout; `tail`
prints one job a line. `jobs cancel` and `jobs retry` print the jobs if you give IDs, and `{"count": …, "asked": …}` if
you give filters: `asked` is how many of them run and were asked to stop. Everything else goes to stderr, including the
progress bar.

**Exit status**: 0 done; 3 nothing to do (no job matches, a queue is paused already, nothing was claimed in a window); 1
failed (Redis or the API is away, an id doesn't exist, a token isn't enough), with one line on stderr; 2 bad arguments,
file or setting.

## Which jobs

`--status`, `--task`, `--queue`, `--window`, `--created-after` and `--created-before` are the filters of `GET
/v1/jobs`. Times are RFC 3339 (`2030-01-31T12:00:00Z`), or say how long ago (`15m`, `1h30m`). `jobs cancel` and `jobs
retry` need IDs or at least one filter, so nothing moves all jobs by accident. With filters they go on until no
matching job is left.

`tail` follows the 1,000 newest jobs that match, each until it has ended. It looks twice a second, and waits while Redis
or the API is away. If a job runs for less than half a second, you may see only its end.

## Completion

```sh
eval "$(lastin completion bash)"   # in ~/.bashrc
eval "$(lastin completion zsh)"    # in ~/.zshrc, after compinit
```

Names of queues, tasks and windows are completed too, if the service answers.

## Other commands

`lastin run` is `make run`. `lastin web`, `lastin worker` and `lastin scheduler` are `python -m api`, `python -m tasks`
and `python -m scheduler`, as the clone's Procfile starts them. `lastin scheduler open`, `check` and `backtest` are the
commands of `python -m scheduler`, with the same arguments and exit statuses ([cadence.md](cadence.md)); `backtest`
[tries a cadence](cadence.md#trying-it-before-it-is-in-force) on past jobs. `lastin open` and `lastin check` do the same
as the first two, with the options and output of `lastin`; `open` works over HTTP too.

Each subcommand is one file in `cli/commands/`, whose `command` is a [click](https://click.palletsprojects.com) command.

The rest of this page is generated from the commands' `--help`.
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
