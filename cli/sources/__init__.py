"""Where commands get the API's objects from: Redis itself, or an HTTP API."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar
from urllib.parse import urlsplit

import click

if TYPE_CHECKING:
    from middleware.broker import LifoBroker

T = TypeVar("T")

Shown = dict[str, Any]
"""A job, a queue, a window … as the API shows it."""
Query = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Page:
    """Part of a list, and the cursor of what follows; None: this was the last part."""

    rows: list[Shown]
    next: str | None


class Source(Protocol):
    """One of two ways to do the same: what a request does over HTTP, ``here`` does with the broker. Both give what the
    API answers.

    Every method raises :class:`~cli.endings.Failed`, and its kinds: Missing, Conflict, Away, Unusable.
    """

    def get(self, path: str, query: Query, here: Callable[[LifoBroker], T]) -> T:
        """What is at this path."""

    def page(self, path: str, query: Query, here: Callable[[LifoBroker], Page]) -> Page:
        """Part of the list at this path."""

    def post(self, path: str, body: Mapping[str, Any], here: Callable[[LifoBroker], T]) -> T:
        """What came of a request to change something."""

    def maintained(self) -> AbstractContextManager[None]:
        """As long as it lasts, jobs of workers that die are put back, so that one may wait for a job's end."""


def where() -> str:
    """The address of what :func:`connect` would ask, without passwords.

    Raises:
      SettingsError: a setting can't be read.
    """
    from middleware.settings import load  # noqa: PLC0415 (as below)

    settings = load()
    if settings.redis_sentinels and settings.lastin_url is None:
        return f"the primary of {settings.redis_sentinel_service!r}, as its Sentinels say"
    parts = urlsplit(settings.lastin_url or settings.redis_url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="").geturl()


def connect() -> Source:
    """The source that the settings name. Nothing is asked yet.

    Raises:
      SettingsError: a setting can't be read.
      TaskError: a task can't be imported.
    """
    # Imported where they are needed, since that takes most of the time in which the command starts.
    from middleware.settings import load  # noqa: PLC0415

    settings = load()
    if (context := click.get_current_context(silent=True)) is not None and (settings.no_color or settings.force_color):
        context.color = not settings.no_color
    if settings.lastin_url is not None:
        from .remote import Remote  # noqa: PLC0415

        return Remote(settings.lastin_url, settings.lastin_token)
    from .local import local  # noqa: PLC0415

    return local()
