"""What Dramatiq's tests import from ``tests/common.py``, which isn't in its sdist."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import dramatiq
import pytest

RABBITMQ_CREDENTIALS = None
"""Nothing here speaks to RabbitMQ."""

skip_in_ci = pytest.mark.skipif(False, reason="these run everywhere")
skip_on_pypy = pytest.mark.skipif(sys.implementation.name == "pypy", reason="means something else on PyPy")
skip_on_windows = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX")


@contextmanager
def worker(*args: Any, **kwargs: Any) -> Iterator[dramatiq.Worker]:
    """A worker that runs until the block ends."""
    running = dramatiq.Worker(*args, **kwargs)
    running.start()
    try:
        yield running
    finally:
        running.stop()
