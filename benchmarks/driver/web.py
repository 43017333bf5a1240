"""HTTP services as contestants, and the load on them."""

from __future__ import annotations

import json
import sys
import urllib.request
from typing import Any

from .bench import Bench
from .peer import Contestant

PROCESSES = 2


class WebPeer(Contestant):
    """An HTTP service with ``POST /v1/jobs`` that checks the body, accepts a job with one script, and shows it; and
    with ``GET /v1/jobs``, which shows the newest ones."""

    def serve(self, port: int) -> list[str]:
        """The command that serves on this port of loopback, in two processes."""
        raise NotImplementedError

    def accept(self, bench: Bench, count: int) -> None:
        """Let ``count`` jobs be there, without a request for each."""
        raise NotImplementedError


class Service:
    """A service that runs in a turn."""

    def __init__(self, bench: Bench, peer: WebPeer) -> None:
        self._bench = bench
        self.url = f"http://127.0.0.1:{(port := bench.port())}"
        settings = {"PORT": str(port), "WEB_CONCURRENCY": str(PROCESSES), "LOG_FORMAT": "json"}
        self.process = bench.start(peer.serve(port), **settings)
        bench.wait_until(self._answers, f"{peer.title} to answer", every_s=0.05)

    def load(self, path: str, connections: int, seconds: float, body: Any = None, status: int = 200) -> dict[str, Any]:
        """What a load of requests saw.

        Raises:
          RuntimeError: an answer had another status.
        """
        words = [self.url + path, str(connections), str(seconds)]
        if body is not None:
            file = self._bench.folder / "body.json"
            file.write_text(json.dumps(body), encoding="utf-8")
            words.append(str(file))
        seen = self._bench.hand([sys.executable, "-m", "benchmarks.driver.load", *words])
        if set(seen["statuses"]) != {str(status)}:
            raise RuntimeError(f"Error: expected only {status}, got {seen['statuses']}")
        seen["rate"] = seen["requests"] / seen["seconds"]
        seen["client_cpu"] = 100 * seen["cpu_s"] / seen["seconds"]
        return seen

    def _answers(self) -> bool:
        if not self.process.is_alive:
            raise RuntimeError(f"Error: the service ended: {self.process.output()[-1000:]}")
        request = urllib.request.Request(
            f"{self.url}/v1/jobs", data=b'{"message": "hello"}', headers={"Content-Type": "application/json"}
        )
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                return bool(answer.status == 201)
        except OSError:
            return False
