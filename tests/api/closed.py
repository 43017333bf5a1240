"""The API with ``AUTH=oauth``, and how it refuses."""

from __future__ import annotations

import dataclasses
from typing import Any

from flask.testing import FlaskClient

import api
from middleware.settings import Settings

from .issuer import Issuer


def settings_for(issuer: Issuer) -> dict[str, Any]:
    """The fields of the settings that make the API trust an issuer."""
    names = {field.metadata["name"]: field.name for field in dataclasses.fields(Settings)}
    return {names[variable]: value for variable, value in issuer.settings.items()}


def client_for(issuer: Issuer) -> FlaskClient:
    """A client of the API that trusts this issuer."""
    return api.create_app(Settings(**settings_for(issuer))).test_client()


def refused(answer: Any, status: int, kind: str) -> tuple[str, str]:
    """Detail and challenge of a problem document."""
    assert answer.status_code == status, answer.data
    assert answer.content_type == "application/problem+json"
    assert answer.json["type"] == f"/problems/{kind}"
    return answer.json["detail"], answer.headers.get("WWW-Authenticate", "")
