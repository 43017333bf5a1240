"""The tasks of the measures, beside those of the service: what ``dramatiq`` runs for LastIn."""

from __future__ import annotations

from marshmallow import fields

from tasks import broker, task

from . import journal
from .call import increment

__all__ = ["broker", "call", "noop", "order", "stamp"]


@task
def noop() -> None:
    """Do nothing."""


@task
def call() -> None:
    """Ask Redis for one thing."""
    increment()


@task(due_ns=fields.Integer(required=True), work_ms=fields.Float(required=True), max_retries=0)
def stamp(due_ns: int, work_ms: float) -> None:
    """Write when it started, and sleep."""
    journal.stamp(due_ns, work_ms)


@task(
    customer=fields.Email(required=True),
    items=fields.List(fields.Integer(strict=True), required=True),
    total=fields.Float(required=True),
    is_gift=fields.Boolean(),
    address=fields.Dict(keys=fields.String(), values=fields.String(), required=True),
)
def order(customer: str, items: list[int], total: float, address: dict[str, str], *, is_gift: bool = False) -> None:
    """Take a payload of several fields."""
