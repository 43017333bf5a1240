"""``python -m tasks``: Dramatiq's command line, as the settings want it."""

from __future__ import annotations

import importlib

from dramatiq.cli import make_argument_parser

from middleware.settings import Settings

from ..service import python


def test_dramatiq_is_told_what_the_settings_say() -> None:
    settings = Settings(worker_processes=3, worker_threads=5, worker_shutdown_ms=7000)

    _, _, module, *arguments = importlib.import_module("tasks.__main__").command(settings)

    told = make_argument_parser().parse_args(arguments)
    assert (module, told.broker) == ("dramatiq", "tasks")
    assert (told.processes, told.threads, told.worker_shutdown_timeout) == (3, 5, 7000)
    assert told.skip_logging


def test_a_setting_that_can_not_be_read_ends_it_with_one_line() -> None:
    done = python("-m", "tasks", WORKER_THREADS="many")

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "lastin: WORKER_THREADS must be a whole number from 1 to 1024, but holds 'many'.\n"
