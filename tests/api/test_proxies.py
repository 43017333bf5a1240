"""Behind proxies: so many of them are believed as there are, and no client."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask, request

import api
from middleware.settings import Settings

HEARD = Callable[..., tuple[str, str, str]]


@pytest.fixture
def heard() -> HEARD:
    """What the application hears of address, scheme and name behind so many trusted proxies."""

    def ask(proxies: int, **headers: str) -> tuple[str, str, str]:
        app: Flask = api.create_app(Settings(trusted_proxies=proxies))
        app.add_url_rule("/v1/heard", view_func=lambda: [str(request.remote_addr), request.scheme, request.host])
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        address, scheme, host = app.test_client().get("/v1/heard", headers=named).json
        return address, scheme, host

    return ask


def test_without_trusted_proxies_nobody_is_believed(heard: HEARD) -> None:
    assert heard(0, X_Forwarded_For="192.0.2.1", X_Forwarded_Proto="https", X_Forwarded_Host="a.example.com") == (
        "127.0.0.1",
        "http",
        "localhost",
    )


def test_the_last_entries_are_those_of_our_proxies(heard: HEARD) -> None:
    forged = "203.0.113.9, 192.0.2.1, 198.51.100.2"

    assert heard(1, X_Forwarded_For=forged)[0] == "198.51.100.2"
    assert heard(2, X_Forwarded_For=forged)[0] == "192.0.2.1"


def test_whoever_comes_around_the_proxies_is_not_believed(heard: HEARD) -> None:
    assert heard(2, X_Forwarded_For="192.0.2.1", X_Forwarded_Proto="https")[:2] == ("127.0.0.1", "http")


def test_scheme_and_name_are_those_of_the_outermost_proxy(heard: HEARD) -> None:
    told = heard(1, X_Forwarded_For="192.0.2.1", X_Forwarded_Proto="https", X_Forwarded_Host="jobs.example.com")

    assert told == ("192.0.2.1", "https", "jobs.example.com")
