"""Puts ``LifoBroker`` in the place of ``RedisBroker`` in programs that Dramatiq's tests start. Python imports it at its
start, as ``sitecustomize``."""

from __future__ import annotations

import os
from typing import Any

if url := os.environ.get("LASTIN_UPSTREAM_REDIS"):
    import dramatiq.brokers.redis

    from middleware.broker import LifoBroker

    class StandIn(LifoBroker):
        """On the server of this run, if nothing says another."""

        def __init__(self, **arguments: Any) -> None:
            super().__init__(**({} if {"url", "client"} & arguments.keys() else {"url": url}), **arguments)

    dramatiq.brokers.redis.RedisBroker = StandIn
