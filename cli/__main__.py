"""``lastin``, and ``python -m cli`` where that script isn't there."""

from __future__ import annotations

import gc
import os
import sys

from middleware.floors import PROJECT

try:
    from .root import lastin
except ModuleNotFoundError as error:
    from middleware.errors import LastInError
    from middleware.settings import exit_with

    exit_with(LastInError(f"This command needs {error.name}: pip install 'lastin[service]' brings it along."))

ALLOCATIONS = 1_000_000
"""So many objects more than before, and Python looks for garbage. A command that lasts may hold some 100 MB then."""
SERVICE = frozenset({"run", "scheduler", "web", "worker"})
"""Commands that become a process of the service."""


def main() -> None:
    """Run the command line, with the settings of the project's ``.env``; it ends the process."""
    if not SERVICE.intersection(sys.argv[1:2]):
        gc.set_threshold(ALLOCATIONS)  # most of what is imported stays: looking for garbage meanwhile takes 30 ms
    if os.path.exists(os.path.join(PROJECT, ".env")):
        from local import env_file  # noqa: PLC0415

        env_file.adopt()
    lastin.main(prog_name="lastin")


if __name__ == "__main__":
    main()
