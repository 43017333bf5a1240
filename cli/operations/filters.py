"""Which jobs a command means: the filters of ``GET /v1/jobs`` as options, for the API and for the broker."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.shell_completion import CompletionItem

from middleware.clock import rfc3339, to_us
from middleware.jobs import JobStatus
from scheduler.durations import read_time

from .completion import queue_names, task_names, window_ids

if TYPE_CHECKING:
    from middleware.store.filters import JobFilter

C = TypeVar("C", bound=Callable[..., Any])
Complete = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


class Time(click.ParamType[str]):
    """A time, or how long ago that was; as RFC 3339."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The time as the API takes it."""
        try:
            return rfc3339(read_time(value))
        except ValueError as error:
            self.fail(f"{error}.", param, ctx)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """One of them. ``name`` is the API's parameter; ``of_broker`` gives what the broker's filter holds instead."""

    name: str
    help: str
    metavar: str
    of_broker: Callable[[Sequence[str]], Mapping[str, Any]]
    several: bool = False
    type: click.ParamType[str] | None = None
    complete: Complete | None = None


FILTERS = (
    Filter(
        name="status",
        help="Only jobs in this state.",
        metavar="STATE",
        several=True,
        of_broker=lambda words: {"statuses": frozenset(map(JobStatus, words))},
    ),
    Filter(
        name="task",
        help="Only jobs that run this task.",
        metavar="NAME",
        several=True,
        complete=task_names,
        of_broker=lambda words: {"tasks": frozenset(words)},
    ),
    Filter(
        name="queue",
        help="Only jobs of this queue.",
        metavar="NAME",
        several=True,
        complete=queue_names,
        of_broker=lambda words: {"queues": frozenset(words)},
    ),
    Filter(
        name="tag",
        help="Only jobs with this tag.",
        metavar="TAG",
        several=True,
        of_broker=lambda words: {"tags": frozenset(words)},
    ),
    Filter(
        name="window",
        help="Only jobs that this window let through.",
        metavar="ID",
        complete=window_ids,
        of_broker=lambda words: {"window": words[0]},
    ),
    Filter(
        name="created_after",
        help="Only jobs accepted later (RFC 3339, or how long ago: 15m).",
        metavar="TIME",
        type=Time(),
        of_broker=lambda words: {"created_after_us": to_us(datetime.fromisoformat(words[0]))},
    ),
    Filter(
        name="created_before",
        help="Only jobs accepted earlier.",
        metavar="TIME",
        type=Time(),
        of_broker=lambda words: {"created_before_us": to_us(datetime.fromisoformat(words[0]))},
    ),
)


@dataclass(frozen=True, slots=True)
class Chosen:
    """The filters that were given, each with its words."""

    words: Mapping[str, Sequence[str]]

    @property
    def query(self) -> dict[str, str]:
        """As the API's parameters."""
        return {name: ",".join(words) for name, words in self.words.items()}

    @property
    def body(self) -> dict[str, Any]:
        """As the members of a body."""
        return {name: words[0] if len(words) == 1 else list(words) for name, words in self.words.items()}

    def of_broker(self) -> JobFilter:
        """As the broker takes them.

        Raises:
          UsageError: a window's id can't be one.
        """
        from middleware.queues.window import WINDOW_ID  # noqa: PLC0415 (not before the broker is there)
        from middleware.store.filters import JobFilter  # noqa: PLC0415

        for window in self.words.get("window", ()):
            if not WINDOW_ID.fullmatch(window):
                raise click.UsageError(f"--window must be the id of a window, such as default.17, but is {window!r}.")
        parts = [each.of_broker(self.words[each.name]) for each in FILTERS if each.name in self.words]
        return JobFilter(**{name: value for part in parts for name, value in part.items()})


def filtered(
    statuses: Collection[JobStatus] = frozenset(JobStatus), *, without: Collection[str] = ()
) -> Callable[[C], C]:
    """The filters as options of a command, which gets them as its keyword arguments; :func:`chosen` reads them.

    Parameters:
      statuses: the states that ``--status`` may name.
      without: the names of those that the command doesn't have.
    """

    def decorate(command: C) -> C:
        for each in reversed([each for each in FILTERS if each.name not in without]):
            command = _option(each, statuses)(command)
        return command

    return decorate


def _option(each: Filter, statuses: Collection[JobStatus]) -> Callable[[C], C]:
    again = " May be given again." if each.several else ""
    is_status = each.name == "status"
    return click.option(
        f"--{each.name.replace('_', '-')}",
        type=click.Choice([status.value for status in JobStatus if status in statuses]) if is_status else each.type,
        metavar=None if is_status else each.metavar,
        multiple=each.several,
        help=each.help + again,
        shell_complete=each.complete,
    )


def chosen(given: Mapping[str, Any]) -> Chosen:
    """What :func:`filtered` let the user say."""
    words = {name: [value] if isinstance(value, str) else list(value or ()) for name, value in given.items()}
    return Chosen({name: texts for name, texts in words.items() if texts})
