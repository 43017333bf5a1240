"""``lastin``, and ``python -m cli`` where that script isn't there."""

from __future__ import annotations

import gc

from .root import lastin

ALLOCATIONS = 50_000


def main() -> None:
    """Run the command line; it ends the process."""
    gc.set_threshold(ALLOCATIONS)  # most of what is imported stays: looking for garbage meanwhile takes 20 ms
    lastin.main(prog_name="lastin")


if __name__ == "__main__":
    main()
