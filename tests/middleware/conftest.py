"""Queues on a clock of the test's own, audited when the test ends."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .scripted import ScriptedQueue


@pytest.fixture
def queue(redis_url: str) -> Iterator[ScriptedQueue]:
    """A queue that is continuous until a policy says otherwise."""
    with_audit = ScriptedQueue(redis_url)
    yield with_audit
    with_audit.audit()
    with_audit.close()


@pytest.fixture
def gated_queue(redis_url: str) -> Iterator[ScriptedQueue]:
    """A queue that hands out nothing until there is a policy, as those of the service do."""
    with_audit = ScriptedQueue(redis_url, gated=True)
    yield with_audit
    with_audit.audit()
    with_audit.close()
