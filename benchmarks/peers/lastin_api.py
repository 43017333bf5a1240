"""``python -m api`` with the tasks of the measures beside those of the service."""

from __future__ import annotations

from api.__main__ import main

from . import lastin_tasks

__all__ = ["lastin_tasks"]

if __name__ == "__main__":
    main()
