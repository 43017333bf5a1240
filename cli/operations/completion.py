"""Names for the shell to complete. Where the service doesn't answer there are none: nobody wants an error then."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import click
from click.shell_completion import CompletionItem

from ..sources import Source, connect
from . import queues, recurring, service, windows

Complete = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


def _completing(names: Callable[[Source], Iterable[str]]) -> Complete:
    def complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        try:
            found = list(names(connect()))
        except (Exception, SystemExit):
            return []
        return [CompletionItem(name) for name in found if name.startswith(incomplete)]

    return complete


queue_names = _completing(queues.names)
recurring_names = _completing(recurring.names)
task_names = _completing(service.task_names)
window_ids = _completing(lambda source: (window["id"] for window in windows.newest(source, queue=None, limit=50)))
