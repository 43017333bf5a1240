"""A client that sends exactly the bytes it is told to, as ``curl`` would."""

from __future__ import annotations

import http.client
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .. import service

JSON = {"Content-Type": "application/json"}
PROBLEM_KEYS = {"type", "title", "status", "detail", "errors", "request_id"}

JOB_OPTIONS = (
    *("delay_s", "run_at", "expires_in_s", "expires_at", "subject", "group", "supersede_running", "max_defer_s"),
    *("generated_at", "tags"),
)
"""What a submitted job may have beside its task and payload."""


class Answer(service.Answer):
    """What came back."""

    @property
    def next(self) -> str | None:
        """The path of the next page, as the Link header names it; None: this is the last one."""
        link = self.headers["Link"]
        if link is None:
            return None
        found = re.fullmatch(r'<(/v1/[^>]+)>; rel="next"', link)
        assert found, link
        return found[1]

    def problem(self, status: int, kind: str) -> dict[str, Any]:
        """The problem document, checked for its form."""
        assert self.status == status, self.body
        assert self.headers["Content-Type"] == "application/problem+json"
        document: dict[str, Any] = self.json
        assert set(document) == PROBLEM_KEYS
        assert document["type"] == f"/problems/{kind}"
        assert document["status"] == status
        assert document["request_id"] == self.headers["X-Request-Id"]
        assert b"Traceback" not in self.body
        return document


@dataclass(frozen=True)
class Client:
    """Requests to one server."""

    port: int

    def send(
        self,
        method: str,
        path: str,
        body: bytes | str | Iterable[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_s: float = 40,
    ) -> Answer:
        """One request. A body that is iterated over is sent in chunks, without a length."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout_s)
        try:
            data = body.encode() if isinstance(body, str) else body
            connection.request(method, path, data, dict(headers or {}))
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            connection.close()

    def get(self, path: str, **headers: str) -> Answer:
        """GET a path."""
        return self.send("GET", path, headers=headers)

    def post_job(self, body: Any, **headers: str) -> Answer:
        """POST /v1/jobs; text and bytes are sent as they are, all else as JSON."""
        raw = body if isinstance(body, bytes | str) else json.dumps(body)
        return self.send("POST", "/v1/jobs", raw, {**JSON, **headers})

    def submit(self, message: str, **more: Any) -> dict[str, Any]:
        """Submit one message; the job, as the answer has it and as its own address has it."""
        answer = self.post_job({"message": message, **more})
        assert answer.status == 201, answer.body
        job: dict[str, Any] = answer.json
        assert self.get(answer.headers["Location"]).json == job
        return job

    def post(self, path: str, body: Any = None, **headers: str) -> Answer:
        """POST JSON to a path, or nothing at all."""
        if body is None:
            return self.send("POST", path, headers=headers)
        return self.send("POST", path, json.dumps(body), {**JSON, **headers})
