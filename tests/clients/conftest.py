"""Programs of others with ``LifoBroker``, in an environment that has their libraries (``make clients``)."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from ..service import ROOT, clean_environment

PYTHON = ROOT / ".venv-clients" / "bin" / "python"

PREAMBLE = """
import os, sys, time
import dramatiq
from middleware.broker import LifoBroker

def broker_of(**arguments):
    broker = LifoBroker(url=os.environ["REDIS_URL"], **arguments)
    dramatiq.set_broker(broker)
    return broker

def work_off(broker, *queues):
    worker = dramatiq.Worker(broker, worker_timeout=50, worker_threads=2)
    worker.start()
    for queue in queues or ("default",):
        broker.join(queue, timeout=40_000)
    worker.stop(timeout=5_000)
"""


@pytest.fixture
def program(redis_url: str, tmp_path: Path) -> Callable[[str], str]:
    """Runs a program on an empty Redis; what it printed."""
    if not PYTHON.exists():
        pytest.skip("the libraries of others aren't installed (make clients does it)")

    def run(text: str, *, preamble: str = PREAMBLE) -> str:
        (tmp_path / "program.py").write_text(preamble + text, encoding="utf-8")
        done = subprocess.run(
            [PYTHON, "program.py"],
            check=False,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
            env=clean_environment(REDIS_URL=redis_url, PYTHONPATH=f"{tmp_path}:{ROOT}"),
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run
