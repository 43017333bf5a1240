"""The files that are written from the code: ``python -m tests.house.generated`` writes them, a test compares them."""

from __future__ import annotations

import dataclasses
import textwrap
from collections.abc import Callable
from pathlib import Path

from benchmarks.pictures.cadence import PICTURES
from benchmarks.pictures.stack import stack
from benchmarks.pictures.under_load import under_load
from middleware.metrics import definitions
from middleware.settings import Settings

from ..chaos.result import page
from .commands import commands_page
from .contract import contract

ROOT = Path(__file__).resolve().parent.parent.parent

ENV_HEAD = """\
# All settings with their defaults. `make run` and `lastin` read them from a file `.env` beside this
# one; the environment takes precedence. An empty value counts as unset.
"""

SETTINGS_HEAD = """\
# Settings

This page lists every setting. All of them are environment variables. `make run` and the command `lastin` also read them
from a file `.env` (see `.env.example`); the environment takes precedence, and an empty value counts as unset. If a
setting is invalid, the program ends with exit status 2 and one line that names it. The table is generated from
`middleware/settings/declared.py`.

| variable | default | meaning |
|---|---|---|
"""


def env_example() -> str:
    """``.env.example``: every setting, as a comment, so that a copy of the file changes nothing."""
    parts = [ENV_HEAD]
    for field in dataclasses.fields(Settings):
        doc = textwrap.fill(field.metadata["doc"], 100, initial_indent="# ", subsequent_indent="# ")
        parts.append(f"{doc}\n#{field.metadata['name']}={field.metadata['shown']}\n")
    return "\n".join(parts)


def settings_table() -> str:
    """``docs/settings.md``."""
    rows = [
        f"| `{field.metadata['name']}` | {_code(field.metadata['shown'])} | {field.metadata['doc']} |\n"
        for field in dataclasses.fields(Settings)
    ]
    return SETTINGS_HEAD + "".join(rows)


METRICS_HEAD = """\
# Metrics

This page lists every metric, for those who monitor LastIn. `GET /metrics` on the web process shows all of them in the
format of Prometheus (or OpenMetrics, if asked): the state of the queues, Redis's own health, and what the processes
count themselves. The state of the queues is computed from Redis at that moment, so it is the same from any process and
after any restart. Workers and schedulers store their counts in Redis (every 15 s, for 45 s), so one reachable port is
enough. `?name[]=…` selects single metrics.

With `METRICS_TOKEN` set, a scraper must send `Authorization: Bearer …`. Without it, `/metrics` answers on loopback
only, and not to requests that came through a proxy. If Redis is away, `lastin_redis_up` is 0, and everything that is
read from Redis is missing. A worker also shows its own counts on `WORKER_METRICS_PORT`, for Prometheus on the same
machine.

Rules and alerts are in `deploy/prometheus/`, a dashboard for Grafana is in `deploy/grafana/`, and
[runbook.md](runbook.md) says what to do about each alert.

## What the labels mean

`queue`, `task`, `state` and `outcome` have the same values as in the API. `process` is `web`, `worker` or `scheduler`.
`host` is the machine's name, with `.2`, `.3` and so on if several groups of a kind run on one machine. `member` is 0
for the process that leads its group, then 1, 2 and so on. No label holds the id of a job, a window or a process.

"""

METRICS_TAIL = """
## From libraries

| metric | type | labels | meaning |
|---|---|---|---|
| `flask_http_request_duration_seconds` | histogram | `method`, `url_rule`, `status` | Time to answer a request. |
| `flask_http_request_total` | counter | `method`, `status` | Requests. |
| `flask_http_request_exceptions_total` | counter | `method`, `status` | Requests that ended in an exception. |
| `dramatiq_messages_total` | counter | `queue_name`, `actor_name` | Attempts that ended (Dramatiq's middleware). |
| `dramatiq_message_errors_total` | counter | `queue_name`, `actor_name` | Attempts that raised an exception. |
| `dramatiq_message_retries_total` | counter | `queue_name`, `actor_name` | Attempts that are tried again. |
| `dramatiq_message_rejects_total` | counter | `queue_name`, `actor_name` | Attempts after which the job was given up. |
| `dramatiq_messages_inprogress` | gauge | `queue_name`, `actor_name` | Jobs that run now. |
| `dramatiq_message_duration_milliseconds` | histogram | `queue_name`, `actor_name` | How long attempts ran. |

All of these have `process` and `host` too. `process_…` is read from `/proc`, so it is missing on macOS.
"""

METRICS_PARTS = {
    "The service": definitions.SERVICE,
    "Queues": definitions.QUEUES,
    "Recurring jobs": definitions.RECURRING,
    "Redis": definitions.REDIS,
    "Processes": definitions.PROCESSES,
}


def metrics_table() -> str:
    """``docs/metrics.md``."""
    parts = [METRICS_HEAD + "This page is generated from `middleware/metrics/definitions.py`.\n"]
    for title, of_part in METRICS_PARTS.items():
        rows = [f"| `{f.name}` | {f.kind} | {', '.join(map(_code, f.labels)) or ''} | {f.doc} |\n" for f in of_part]
        parts.append(f"\n## {title}\n\n| metric | type | labels | meaning |\n|---|---|---|---|\n{''.join(rows)}")
    return "".join(parts) + METRICS_TAIL


def _code(text: str) -> str:
    return f"`{text}`" if text else "unset"


FILES: dict[str, Callable[[], str]] = {
    ".env.example": env_example,
    "docs/chaos.md": page,
    "docs/settings.md": settings_table,
    "docs/metrics.md": metrics_table,
    **PICTURES,
    "docs/pictures/stack.svg": stack,
    "docs/pictures/under-load.svg": under_load,
    "docs/commands.md": commands_page,
    "openapi.yaml": contract,
}


if __name__ == "__main__":
    for name, generate in FILES.items():
        (ROOT / name).write_text(generate(), encoding="utf-8")
