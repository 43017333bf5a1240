"""``python -m tasks``: a worker as the settings want it. Dramatiq's command line takes this process over."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import NoReturn

from middleware.settings import Settings

from . import settings

BOOT_PATIENCE_MS = 5_000
"""How long Dramatiq's parent waits for its worker processes to start before it starts the one that shows metrics; a
child that was killed meanwhile is noticed only then."""


def command(chosen: Settings) -> list[str]:
    """Dramatiq's command line. Its logging is left out: ours is set up by ``tasks``."""
    return [
        *(sys.executable, "-m", "dramatiq", str(__package__), "--skip-logging"),
        *("--processes", str(chosen.worker_processes)),
        *("--threads", str(chosen.worker_threads)),
        *("--worker-fork-timeout", str(BOOT_PATIENCE_MS)),
        *("--worker-shutdown-timeout", str(chosen.worker_shutdown_ms)),
    ]


def main() -> NoReturn:
    """Become the worker."""
    # Told to reload (SIGHUP), Dramatiq starts itself anew as the `python` of PATH, which must be this one.
    os.environ["PATH"] = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)))
    os.execv(sys.executable, command(settings))  # noqa: S606 -- the command is ours


if __name__ == "__main__":
    main()
