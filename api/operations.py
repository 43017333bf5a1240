"""All operations on jobs: each of these rooms adds its own to ``jobs``."""

from __future__ import annotations

from . import batch, moves, submission, why
from .jobs import jobs

__all__ = ["batch", "jobs", "moves", "submission", "why"]
