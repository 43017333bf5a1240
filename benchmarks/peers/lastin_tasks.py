"""The tasks of the measures, beside those of the service: what ``dramatiq`` runs for LastIn."""

from __future__ import annotations

from marshmallow import fields

from tasks import broker, task

from . import journal

__all__ = ["broker", "noop", "stamp"]


@task
def noop() -> None:
    """Do nothing."""


@task(due_ns=fields.Integer(required=True), work_ms=fields.Float(required=True), max_retries=0)
def stamp(due_ns: int, work_ms: float) -> None:
    """Write when it started, and sleep."""
    journal.stamp(due_ns, work_ms)
