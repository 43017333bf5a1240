"""What a browser does without scripts: it loads pages and sends forms."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

from middleware.commands.types import Settlement
from middleware.queues.policy import Policy
from middleware.worker.delivery import encoded_failure
from tasks import broker
from tasks.process_message import process_message

from ..client import Answer, Client

LEASE_US = 60_000_000
Fields = Mapping[str, str] | Sequence[tuple[str, str]]


def load(client: Client, path: str, status: int = 200) -> str:
    """The page at a path."""
    answer = client.get(path)
    assert answer.status == status, answer.body.decode()
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    return answer.body.decode()


def poll(client: Client, path: str, tag: str = "") -> Answer:
    """The part of a page that lives, as the page's own script asks for it."""
    return client.get(path, **{"HX-Request": "true", "HX-PTag": tag})


def send(client: Client, path: str, fields: Fields = (), **headers: str) -> Answer:
    """A form, as a page of ours sends it."""
    sent = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin", **headers}
    return client.send("POST", path, urlencode(fields), sent)


def words_of(page: str) -> str:
    """What a page says, without its tags."""
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", page)).split())


def submitted(count: int, message: str = "hello") -> list[str]:
    """Jobs of the default task, the last one on top."""
    return [job.id for job in broker.accept([process_message.message(message=message) for _ in range(count)])]


def claimed(count: int) -> list[tuple[str, int]]:
    """Claim some, in a queue that needs no windows."""
    broker.windows.put_policy("default", Policy(mode="continuous", close_when_empty=False))
    return [(id, attempt) for id, attempt, _ in broker.redis.queue("default").claim("w:1:0", LEASE_US, count).jobs]


def settled(tokens: Sequence[tuple[str, int]], outcome: str, **details: bytes) -> None:
    """End what was claimed."""
    settlements = [Settlement(id, attempt, outcome, **details) for id, attempt in tokens]  # type: ignore[arg-type]
    broker.redis.queue("default").settle(settlements, "w:1:0", LEASE_US, 0)


def rejected(count: int) -> list[str]:
    """Jobs that failed."""
    ids = submitted(count)
    settled(claimed(count), "rejected", failure=encoded_failure(ValueError("<b>no picture</b>")))
    return ids
