"""Redis itself, through the broker of the tasks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from middleware.errors import RedisAwayError, RedisClusterError
from middleware.floors import RUN
from middleware.settings import Settings

from ..endings import Away
from . import Page, Query

if TYPE_CHECKING:
    from middleware.broker import LifoBroker

T = TypeVar("T")

TIMEOUT_S, PATIENCE_S = 2.0, 0.5
HOW_TO_REACH = f"Start LastIn (`{RUN}`), or set REDIS_URL or LASTIN_URL."
"""What to do where neither is set."""


class Local:
    """Does what the API does, without it and without a token."""

    def __init__(self, broker: LifoBroker) -> None:
        self._broker = broker

    def get(self, path: str, query: Query, here: Callable[[LifoBroker], T]) -> T:
        """What ``here`` gives."""
        return self._done(here)

    def page(self, path: str, query: Query, here: Callable[[LifoBroker], Page]) -> Page:
        """What ``here`` gives."""
        return self._done(here)

    def post(self, path: str, body: Mapping[str, Any], here: Callable[[LifoBroker], T]) -> T:
        """What ``here`` gives."""
        return self._done(here)

    @contextmanager
    def maintained(self) -> Iterator[None]:
        """Maintenance of our own."""
        maintenance = self._broker.new_maintenance()
        maintenance.start()
        try:
            yield
        finally:
            maintenance.stop()

    def _done(self, here: Callable[[LifoBroker], T]) -> T:
        try:
            return here(self._broker)
        except RedisClusterError:
            raise
        except RedisAwayError as error:
            is_default = self._broker.settings.redis_address == Settings().redis_address
            raise Away(f"{error} {HOW_TO_REACH}" if is_default else str(error)) from None


def local() -> Local:
    """Redis as the settings name it, with the tasks that are declared here.

    Raises:
      TaskError: a task can't be imported.
    """
    import tasks  # noqa: PLC0415 (reads the settings: an import of this module alone does nothing)

    tasks.broker.fail_fast(timeout_s=TIMEOUT_S, patience_s=PATIENCE_S)
    return Local(tasks.broker)
