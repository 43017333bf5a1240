"""Those who submit jobs during failovers, and what they were told."""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Callable
from itertools import pairwise

import dramatiq

from middleware.broker import LifoBroker
from middleware.errors import DuplicateJobError, RedisAwayError

from ..api.client import JSON, Client

BATCH = 5
PAUSE_S = 0.02


class Load:
    """Two clients that submit single jobs over HTTP, one that submits batches, and a Python program. Each repeats a
    request until it is acknowledged: an Idempotency-Key, or the message's id, makes that safe."""

    def __init__(self, api: Client, broker: LifoBroker) -> None:
        self.acknowledged: set[str] = set()
        self.acknowledged_at: list[float] = []
        self.refused = 0
        self._api, self._broker = api, broker
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        ways = (self._single, self._single, self._batch, self._program)
        self._threads = [threading.Thread(target=self._run, args=(way,), daemon=True) for way in ways]

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End, with what is under way."""
        self._stopping.set()
        for thread in self._threads:
            thread.join(60)

    def _run(self, way: Callable[[str], list[str]]) -> None:
        key = str(uuid.uuid4())
        while not self._stopping.is_set():
            try:
                ids = way(key)
            except OSError:
                ids = []
            with self._lock:
                self.acknowledged.update(ids)
                self.acknowledged_at += [time.monotonic()] * bool(ids)
                self.refused += not ids
            if ids:
                key = str(uuid.uuid4())
            time.sleep(PAUSE_S)

    def _single(self, key: str) -> list[str]:
        return self._post("/v1/jobs", {"task": "parent", "payload": {"name": key}}, key)

    def _batch(self, key: str) -> list[str]:
        jobs = [{"task": "child", "payload": {"name": f"{key}-{number}"}} for number in range(BATCH)]
        return self._post("/v1/jobs/batch", {"jobs": jobs}, key)

    def _post(self, path: str, body: object, key: str) -> list[str]:
        answer = self._api.send("POST", path, json.dumps(body), JSON | {"Idempotency-Key": f'"{key}"'})
        if answer.status != 201:
            assert answer.status == 503, answer.body
            return []
        made = answer.json if isinstance(answer.json, list) else [answer.json]
        return [job["id"] for job in made]

    def _program(self, key: str) -> list[str]:
        message: dramatiq.Message[None] = dramatiq.Message("default", "child", (), {"name": key}, {}, message_id=key)
        try:
            self._broker.enqueue(message)
        except DuplicateJobError:  # it was accepted when we were told otherwise
            pass
        except RedisAwayError:
            return []
        return [key]


def longest_gap(times: list[float], begin: float, end: float) -> float:
    """The longest time between two of these that touches the span."""
    ordered = sorted([begin, *(at for at in times if begin <= at <= end), end])
    return max(later - earlier for earlier, later in pairwise(ordered))
