"""``python -m tasks``: Dramatiq's command line, as the settings want it."""

from __future__ import annotations

import importlib
import signal
import subprocess
import sys
from pathlib import Path

from dramatiq.cli import make_argument_parser

from middleware.broker import LifoBroker
from middleware.processes.registry import ProcessRegistry
from middleware.settings import Settings

from ..service import ROOT, clean_environment, python, wait_until


def test_dramatiq_is_told_what_the_settings_say() -> None:
    settings = Settings(worker_processes=3, worker_threads=5, worker_shutdown_ms=7000)

    _, _, module, *arguments = importlib.import_module("tasks.__main__").command(settings)

    told = make_argument_parser().parse_args(arguments)
    assert (module, told.broker) == ("dramatiq", "tasks")
    assert (told.processes, told.threads, told.worker_shutdown_timeout) == (3, 5, 7000)
    assert told.skip_logging


def test_a_worker_reloads_on_sighup_in_its_own_environment_whatever_is_on_the_path(
    redis_url: str, tmp_path: Path
) -> None:
    (tmp_path / "python").write_text("#!/bin/sh\necho another python >&2; exit 1\n", encoding="utf-8")
    (tmp_path / "python").chmod(0o755)
    settings = {"REDIS_URL": redis_url, "PATH": f"{tmp_path}:/usr/bin:/bin", "WORKER_PROCESSES": "1"}
    worker = subprocess.Popen([sys.executable, "-m", "tasks"], cwd=ROOT, env=clean_environment(**settings))
    registry = ProcessRegistry(LifoBroker(url=redis_url).redis)
    try:
        (first,) = wait_until(registry.processes, "a worker")
        worker.send_signal(signal.SIGHUP)
        wait_until(lambda: {p.id for p in registry.processes()} - {first.id}, "the worker that comes after it")
        assert worker.poll() is None
    finally:
        worker.terminate()
        worker.wait(timeout=30)


def test_a_setting_that_can_not_be_read_ends_it_with_one_line() -> None:
    done = python("-m", "tasks", WORKER_THREADS="many")

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "lastin: WORKER_THREADS must be a whole number from 1 to 1024, but holds 'many'.\n"
