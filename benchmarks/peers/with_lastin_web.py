"""LastIn's HTTP API as it is delivered: ``python -m api``."""

from __future__ import annotations

import sys

from ..driver import stacks
from ..driver.bench import Bench
from ..driver.web import WebPeer


class LastInWeb(WebPeer):
    name = "lastin-web"
    title = "LastIn, HTTP API"
    setting = "as delivered"
    packages = ("flask", "flask-smorest", "granian")

    def serve(self, port: int) -> list[str]:
        return [sys.executable, "-m", "benchmarks.peers.lastin_api"]

    def accept(self, bench: Bench, count: int) -> None:
        stacks.accept(stacks.scripts_of(bench), count)


PEER = LastInWeb()
