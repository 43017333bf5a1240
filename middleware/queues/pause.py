"""Pauses: why nothing is handed out, and their history."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import msgpack

from ..clock import rfc3339

Event = Literal["paused", "resumed"]
EVENTS: dict[str, Event] = {"pause": "paused", "resume": "resumed"}
"""What the history in Redis calls an event, and what the API calls it."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Why nothing is handed out. ``by``: who said so."""

    reason: str
    by: str
    at_us: int

    def as_dict(self) -> dict[str, Any]:
        return {"reason": self.reason, "by": self.by, "at": rfc3339(self.at_us)}


@dataclass(frozen=True, slots=True)
class PauseEvent:
    """A pause or its end, as the history keeps it."""

    event: Event
    reason: str | None
    by: str
    at_us: int

    def as_dict(self) -> dict[str, Any]:
        return {"event": self.event, "reason": self.reason, "by": self.by, "at": rfc3339(self.at_us)}


def pause_from(packed: bytes) -> Pause:
    """A pause from its packed form (``pause.lua``)."""
    at_us, by, reason = msgpack.unpackb(packed)
    return Pause(reason, by, at_us)


def pause_event_from(packed: bytes) -> PauseEvent:
    """An entry of the history (``keys.pauses``)."""
    word, at_us, by, reason = msgpack.unpackb(packed)
    return PauseEvent(EVENTS[word], reason or None, by, at_us)
