"""Tasks for the pictures: more than one, and not all of them succeed."""

from __future__ import annotations

import random
import time
from typing import Any

from flask import Flask
from marshmallow import fields, validate

import api.wsgi
from tasks import progress, task


@task(to=fields.Email(required=True), title=fields.String(required=True), queue_name="mail")
def send_mail(to: str, title: str) -> None:
    """Send one mail."""
    time.sleep(random.uniform(0.02, 0.2))
    if random.random() < 0.04:
        raise ConnectionError("smtp.example.com:25 refused the connection")


@task(
    url=fields.Url(required=True),
    width=fields.Integer(required=True, validate=validate.Range(1, 8000)),
    kind=fields.String(validate=validate.OneOf(["png", "webp"])),
    max_retries=0,
)
def resize(url: str, width: int, kind: str = "png") -> dict[str, Any]:
    """Resize a picture."""
    for step in range(10):
        time.sleep(random.uniform(0.01, 0.09))
        progress((step + 1) / 10, f"rows of {width}")
    if random.random() < 0.03:
        raise ValueError(f"not a picture: {url}")
    return {"kind": kind, "bytes": random.randint(1_000, 90_000)}


def application() -> Flask:
    """As the service's own."""
    return api.wsgi.application()
