"""Clients that submit jobs over HTTP as careful ones do: each request under a key of its own, sent again until it is
answered with 201."""

from __future__ import annotations

import http.client
import json
import random
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..proof.soak_clients import Ledger

PATIENCE_S = 2.0
"""For one answer."""
GIVES_UP_S = 120.0
PAUSE_S = 0.05
"""Before a request is sent again, and between two requests."""
REFUSED = frozenset({503})
DELAYED_SHARE = EXPIRING_SHARE = 0.05
TAKES_MS = (0,) * 90 + (20,) * 8 + (250,) * 2


class Client:
    """Submits jobs, in one thread at a time. With a ``ledger``, it sends each request under a key of its own, and keeps
    the ledger; without one, it leaves nothing behind.

    ``answered_us``: when each 201 came; ``happened``: how often what came instead; ``faults``: what must never come.
    """

    def __init__(self, port: int, ledger: Ledger | None = None) -> None:
        """``port``: of the HTTP API."""
        self.answered_us: list[int] = []
        self.happened: Counter[str] = Counter()
        self.faults: list[str] = []
        self._port, self._ledger = port, ledger
        self._connection: http.client.HTTPConnection | None = None
        self._is_over = False

    def submit(self, jobs: Sequence[Mapping[str, Any]]) -> list[str]:
        """Submit these jobs: one alone, or a batch; their ids."""
        if len(jobs) == 1:
            return self._submit("/v1/jobs", jobs[0])
        return self._submit("/v1/jobs/batch", {"jobs": jobs})

    def give_up(self) -> None:
        """Send nothing more, not even again."""
        self._is_over = True

    def hang_up(self) -> None:
        """Drop the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _submit(self, path: str, body: Any) -> list[str]:
        key, deadline = str(uuid.uuid4()), time.monotonic() + GIVES_UP_S
        while not self._is_over:
            status, answer = self._send(path, body, key)
            if status == http.client.CREATED:
                self.answered_us.append(time.time_ns() // 1000)
                ids = [job["id"] for job in (answer if isinstance(answer, list) else [answer])]
                if self._ledger is not None:
                    self._ledger.told(ids)
                return ids
            if status is not None and status not in REFUSED:
                self.faults.append(f"{path} was answered with {status}: {answer}")
                return []
            if time.monotonic() > deadline:
                self.faults.append(f"{path} wasn't answered with 201 within {GIVES_UP_S:g} s")
                return []
            time.sleep(PAUSE_S)
        return []

    def _send(self, path: str, body: Any, key: str) -> tuple[int | None, Any]:
        """The status and the parsed answer; None: there was none, and nobody knows what became of the request."""
        headers = {"Content-Type": "application/json"}
        if self._ledger is not None:
            headers["Idempotency-Key"] = f'"{key}"'
        try:
            if self._connection is None:
                self._connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=PATIENCE_S)
            self._connection.request("POST", path, json.dumps(body).encode(), headers)
            response = self._connection.getresponse()
            status, answer = response.status, json.loads(response.read())
        except (OSError, http.client.HTTPException, json.JSONDecodeError) as error:
            self.happened[f"no answer ({type(error).__name__})"] += 1
            self.hang_up()
            return None, None
        if status != http.client.CREATED:
            self.happened[f"answered with {status}"] += 1
        elif response.headers["Idempotency-Replayed"]:
            self.happened["replayed"] += 1
        return status, answer


class Load(threading.Thread):
    """Submits batches and single jobs by a client, one request after the other, while :attr:`is_wanted` is set;
    :attr:`is_idle` is set while none is under way."""

    def __init__(
        self, client: Client, tasks: Sequence[str], backlog: Callable[[], int], *, most_waiting: int, seed: int
    ) -> None:
        """``tasks``: of one queue, any of them as often as it is named; ``backlog``: how many of its jobs wait or run:
        beyond ``most_waiting``, nothing is submitted."""
        super().__init__(name=f"load-{seed}", daemon=True)
        self._tasks = tasks
        self.is_wanted = threading.Event()
        self.is_idle = threading.Event()
        self._client, self._backlog, self._most_waiting = client, backlog, most_waiting
        self._chance = random.Random(seed)
        self._is_over = False

    def run(self) -> None:
        """Until :meth:`close`."""
        while not self._is_over:
            self.is_idle.clear()
            if self.is_wanted.is_set() and self._backlog() <= self._most_waiting:
                self._client.submit(self._jobs())
            else:
                self.is_idle.set()
            time.sleep(PAUSE_S)
        self._client.hang_up()

    def close(self) -> None:
        """Submit nothing more, not even again."""
        self._client.give_up()
        self._is_over = True
        self.join(2 * PATIENCE_S)

    def _jobs(self) -> list[dict[str, Any]]:
        chance = self._chance
        task = chance.choice(self._tasks)
        count = 1 if task == "fail" else chance.randint(1, 30)
        jobs = [job(task, chance.choice(TAKES_MS)) for _ in range(count)]
        for one in jobs:
            if chance.random() < DELAYED_SHARE:
                one["delay_s"] = chance.uniform(0, 0.5)
            elif chance.random() < EXPIRING_SHARE:
                one["expires_in_s"] = chance.uniform(0.05, 5)
        return jobs


def job(task: str, takes_ms: int) -> dict[str, Any]:
    """A job as the API takes it."""
    return {"task": task, "payload": {"ms": takes_ms}}
