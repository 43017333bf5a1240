"""LastIn's HTTP API as it is delivered: ``python -m api``."""

from __future__ import annotations

import sys

from ..driver.web import WebPeer


class LastInWeb(WebPeer):
    name = "lastin-web"
    title = "LastIn, HTTP API"
    packages = ("flask", "flask-smorest", "granian")

    def serve(self, port: int) -> list[str]:
        return [sys.executable, "-m", "api"]


PEER = LastInWeb()
