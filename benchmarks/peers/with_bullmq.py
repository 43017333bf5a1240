"""BullMQ on Node, with its option ``lifo``."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from ..driver.peer import QueuePeer, RedisCommand

PROGRAM = Path(__file__).with_name("bullmq.cjs")
MODULES = Path(os.environ.get("NODE_PATH", "node_modules"))


class BullMq(QueuePeer):
    name = "bullmq"
    title = "BullMQ, lifo"
    setting = "a concurrency of 8, ended jobs kept"
    options: Mapping[str, object] = MappingProxyType({"lifo": True})
    rate = 17_000
    programs: Sequence[str] = ("node",)

    def missing(self) -> str | None:
        return super().missing() or (None if self._package().exists() else "bullmq (npm) not installed")

    def versions(self) -> dict[str, str]:
        if self.missing():
            return {}
        return {"bullmq": json.loads(self._package().read_text(encoding="utf-8"))["version"]}

    def worker(self, processes: int, threads: int) -> list[str]:
        if processes != 1:
            raise ValueError("one BullMQ worker is one process")
        return [*self._program(), "work", str(threads)]

    def left(self) -> list[RedisCommand]:
        return [("LLEN", "bull:bench:wait"), ("LLEN", "bull:bench:active")]

    def hand(self, verb: str, *words: object) -> list[str]:
        return [*self._program(), verb, *map(str, words)]

    @staticmethod
    def _package() -> Path:
        return MODULES / "bullmq" / "package.json"

    def _program(self) -> list[str]:
        options = f"BENCH_JOB_OPTIONS={json.dumps(dict(self.options))}"
        return ["env", options, shutil.which("node") or "node", str(PROGRAM)]


class Tuned(BullMq):
    """More at once than the others have threads: for Node that is little."""

    name = "bullmq-tuned"
    title = "BullMQ, lifo, tuned"
    setting = "a concurrency of 100, the last 1,000 ended jobs kept"
    options = MappingProxyType({"lifo": True, "removeOnComplete": {"count": 1000}})

    def worker(self, processes: int, threads: int) -> list[str]:
        return super().worker(processes, 100)


PEER = BullMq()
TUNED = Tuned()
