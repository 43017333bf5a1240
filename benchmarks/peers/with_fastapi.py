"""A FastAPI application on uvicorn that does the same, asynchronously."""

from __future__ import annotations

import sys

from ..driver.bench import Bench
from ..driver.web import PROCESSES, WebPeer


class FastApi(WebPeer):
    name = "fastapi"
    title = "FastAPI, uvicorn"
    packages = ("fastapi", "uvicorn", "pydantic")
    modules = ("fastapi", "uvicorn")

    def serve(self, port: int) -> list[str]:
        server = [sys.executable, "-m", "uvicorn", "--host", "127.0.0.1", "--port", str(port)]
        options = ["--workers", str(PROCESSES), "--log-level", "error", "--no-access-log"]
        return [*server, *options, "benchmarks.peers.fastapi_app:app"]

    def accept(self, bench: Bench, count: int) -> None:
        from . import web_jobs

        web_jobs.accept(bench.client(), count)


PEER = FastApi()
