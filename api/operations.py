"""All operations on jobs: each of these rooms adds its own to ``jobs``."""

from __future__ import annotations

from . import batch, bulk, moves, submission, why
from .jobs import jobs

__all__ = ["batch", "bulk", "jobs", "moves", "submission", "why"]
