"""Which jobs a page of jobs is about: by parameters of its address, or by words that a person types."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from marshmallow import ValidationError

from middleware.clock import rfc3339
from middleware.commands.keys import QUEUE_NAME
from middleware.jobs import JobStatus
from middleware.queues.window import WINDOW_ID
from middleware.store.filters import JobFilter

from ..schemas.fields import DateTimeUs

AGE = re.compile(r"([<>])([0-9]+(?:\.[0-9]+)?)(ms|s|min|m|h|d)")
UNITS_S = {"ms": 0.001, "s": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400}
LONGEST = {"task": 255, "tag": 64}
HINT = "task:name queue:name tag:word window:default.7 age:>10m"


class FilterError(ValueError):
    """What of a filter can't be read, and what was expected."""


@dataclass(frozen=True, slots=True)
class JobsAsked:
    """The jobs that a page is about; None: whatever it is. The times are those of acceptance, in µs since the epoch."""

    status: JobStatus | None = None
    task: str | None = None
    queue: str | None = None
    tag: str | None = None
    window: str | None = None
    after_us: int | None = None
    before_us: int | None = None

    @property
    def where(self) -> JobFilter:
        """As the store takes it."""
        return JobFilter(
            statuses=self.status,
            tasks=self.task,
            queues=self.queue,
            tags=self.tag,
            window=self.window,
            created_after_us=self.after_us,
            created_before_us=self.before_us,
        )

    @property
    def parameters(self) -> dict[str, str]:
        """Of an address that asks for the same."""
        told = {
            "status": None if self.status is None else self.status.value,
            "task": self.task,
            "queue": self.queue,
            "tag": self.tag,
            "window": self.window,
            "after": rfc3339(self.after_us),
            "before": rfc3339(self.before_us),
        }
        return {name: value for name, value in told.items() if value is not None}

    def with_status(self, status: JobStatus | None) -> dict[str, str]:
        """The parameters of the same with another state."""
        return replace(self, status=status).parameters

    @property
    def tokens(self) -> Iterator[tuple[str, str, dict[str, str]]]:
        """What is asked beside the state: a name, a value, and the parameters without it."""
        for name in ("task", "queue", "tag", "window"):
            if (value := getattr(self, name)) is not None:
                yield name, value, replace(self, **{name: None}).parameters
        if self.after_us is not None:
            yield "accepted after", rfc3339(self.after_us), replace(self, after_us=None).parameters
        if self.before_us is not None:
            yield "accepted before", rfc3339(self.before_us), replace(self, before_us=None).parameters

    @property
    def is_by_time(self) -> bool:
        """Whether the time of acceptance counts."""
        return self.after_us is not None or self.before_us is not None

    @property
    def says(self) -> str:
        """In words: jobs that …"""
        kind = f"{self.status.value} jobs" if self.status else "jobs"
        parts = [f"of {name} {value}" for name, value, _ in self.tokens if name in {"task", "queue", "tag", "window"}]
        if self.after_us is not None:
            parts.append(f"accepted after {rfc3339(self.after_us)}")
        if self.before_us is not None:
            parts.append(f"accepted before {rfc3339(self.before_us)}")
        return " ".join([kind, *parts])


NAMES = {
    "status": "status",
    "task": "task",
    "queue": "queue",
    "tag": "tag",
    "window": "window",
    "after": "after_us",
    "before": "before_us",
}


def asked_of(parameters: Mapping[str, str]) -> JobsAsked:
    """What an address asks for.

    Raises:
      FilterError: it can't be read.
    """
    found = {NAMES[name]: _read(name, value) for name, value in parameters.items() if name in NAMES and value}
    return JobsAsked(**found)


def with_words(asked: JobsAsked, text: str) -> tuple[JobsAsked, list[str]]:
    """The same with what somebody typed, such as ``task:send_mail age:>10m``; and the words that are no filter: ids.

    Raises:
      FilterError: a word can't be read.
    """
    ids = []
    for word in text.split():
        name, colon, value = word.partition(":")
        if not colon:
            ids.append(word)
        elif name == "age":
            asked = _with_age(asked, value)
        elif name in {"state", *NAMES}:
            name = "status" if name == "state" else name
            asked = replace(asked, **{NAMES[name]: _read(name, value)})
        else:
            raise FilterError(f"{name}: can't be filtered by. Try {HINT}, or the id of a job.")
    return asked, ids


def _with_age(asked: JobsAsked, text: str) -> JobsAsked:
    found = AGE.fullmatch(text)
    if found is None:
        raise FilterError(f"age:{text} can't be read. Older than ten minutes is age:>10m, younger than 2 s is age:<2s.")
    at_us = round((time.time() - float(found[2]) * UNITS_S[found[3]]) * 1e6)
    return replace(asked, before_us=at_us) if found[1] == ">" else replace(asked, after_us=at_us)


def _read(name: str, value: str) -> Any:
    match name:
        case "status":
            if value not in set(JobStatus):
                raise FilterError(f"There is no state {value}: expected one of {', '.join(JobStatus)}.")
            return JobStatus(value)
        case "queue":
            return _matching(QUEUE_NAME, value, "the name of a queue")
        case "window":
            return _matching(WINDOW_ID, value, "the id of a window, such as default.7")
        case "after" | "before":
            try:
                return DateTimeUs().deserialize(value)
            except ValidationError as error:
                raise FilterError(f"{name}: {error.messages[0]}") from None
    if len(value) > LONGEST[name]:
        raise FilterError(f"A {name} has {LONGEST[name]} characters at most.")
    return value


def _matching(pattern: re.Pattern[str], value: str, expected: str) -> str:
    if not pattern.fullmatch(value):
        raise FilterError(f"{value[:64]} isn't {expected}.")
    return value
