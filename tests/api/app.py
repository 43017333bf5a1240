"""The application with two more tasks, so that payloads with types can be tried over HTTP."""

from __future__ import annotations

from flask import Flask
from marshmallow import Schema, fields, validate

import api.wsgi
from tasks import task


class Address(Schema):
    """A part of a payload."""

    street = fields.String(required=True)


@task(to=fields.Email(required=True), title=fields.Str(required=True), queue_name="mail")
def post_mail(to: str, title: str) -> None:
    """Send one mail."""


@task(
    count=fields.Integer(load_default=7),
    ratio=fields.Float(validate=validate.Range(-1e9, 1e9)),
    urgent=fields.Boolean(),
    sizes=fields.List(fields.Integer()),
    address=fields.Nested(Address),
)
def measure(
    count: int,
    ratio: float | None = None,
    urgent: bool = False,
    sizes: list[int] | None = None,
    address: dict[str, str] | None = None,
) -> None:
    """Takes a value of each JSON type."""


@task(name=fields.String(required=True), grams=fields.Integer(required=True), net=fields.Boolean(required=True))
def weigh(name: str, grams: int, net: bool) -> None:
    """Takes only values that need no conversion."""


@task(
    customer=fields.String(required=True),
    euros=fields.Float(required=True),
    expires_in=10_000,
    subject="customer",
    supersede_running=True,
    max_defer=30_500,
    group="customer",
)
def show_price(customer: str, euros: float) -> None:
    """Show a customer the price."""


def application() -> Flask:
    """As the service's own."""
    return api.wsgi.application()
