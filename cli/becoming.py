"""Commands that become a process of the service, as ``python -m api`` and its like start it in the repository."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import NoReturn

from middleware.floors import PROJECT


def become(process: Callable[[], int | None]) -> NoReturn:
    """Run a process of the service in the folder of the project, to its end and with its exit status. What ends it
    otherwise is told as such a process tells it, and not as a command's error."""
    os.chdir(PROJECT)
    try:
        status = process()
    except Exception:
        sys.excepthook(*sys.exc_info())
        status = 1
    raise SystemExit(status)
