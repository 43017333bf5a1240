"""Requests that are known again when they are sent again: idempotency keys (``lua/_replays.lua``)."""

from __future__ import annotations

from typing import NamedTuple


class IdempotencyKey(NamedTuple):
    """Under which name a request is known for a day, and what it asked for: digests of 16 bytes."""

    name: bytes
    digest: bytes


KEYLESS = IdempotencyKey(b"", b"")
"""Known to nobody when it is sent again."""
