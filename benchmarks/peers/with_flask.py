"""A plain Flask application on Granian that does the same by hand."""

from __future__ import annotations

import sys

from ..driver.bench import Bench
from ..driver.web import PROCESSES, WebPeer


class Flask(WebPeer):
    name = "flask"
    title = "Flask by hand, Granian"
    packages = ("flask", "granian")

    def serve(self, port: int) -> list[str]:
        server = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port)]
        threads = ["--workers", str(PROCESSES), "--blocking-threads", "16", "--log-level", "error"]
        return [*server, *threads, "benchmarks.peers.flask_app:app"]

    def accept(self, bench: Bench, count: int) -> None:
        from . import web_jobs

        web_jobs.accept(bench.client(), count)


PEER = Flask()
