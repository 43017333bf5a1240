"""A plain Flask application on Granian that accepts a job and shows it, and nothing else."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from ..driver.bench import Bench
from ..driver.web import PROCESSES, WebPeer


class Flask(WebPeer):
    name = "flask"
    title = "Flask by hand, Granian"
    packages: Sequence[str] = ("flask", "granian")
    application = "benchmarks.peers.flask_app:app"

    def serve(self, port: int) -> list[str]:
        server = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port)]
        threads = ["--workers", str(PROCESSES), "--blocking-threads", "16", "--log-level", "error"]
        return [*server, *threads, self.application]

    def accept(self, bench: Bench, count: int) -> None:
        from . import web_jobs

        web_jobs.accept(bench.client(), count)


PEER = Flask()
