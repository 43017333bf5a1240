"""What the application is told of a request."""

from __future__ import annotations

import pytest

from api.incoming import environ
from api.incoming.environ import environ_of


class Headers:
    """As Granian's: a line that isn't visible ASCII has a name and no value."""

    def __init__(self, *lines: tuple[str, str | None]) -> None:
        self._lines = lines

    def keys(self) -> list[str]:
        return list(dict.fromkeys(name for name, _ in self._lines))

    def items(self) -> list[tuple[str, str]]:
        return [(name, value) for name, value in self._lines if value is not None]

    def __len__(self) -> int:
        return len(self.keys())


class Scope:
    """A request as Granian tells it."""

    http_version = "1.1"
    scheme = "http"
    method = "GET"
    query_string = "a=1"
    server = "127.0.0.1:8000"
    authority: str | None = None

    def __init__(self, *lines: tuple[str, str | None], path: str = "/", client: str = "192.0.2.1:5000") -> None:
        self.headers: environ.Headers = Headers(*lines)
        self.path = path
        self.client = client


def headers_of(*lines: tuple[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in environ_of(Scope(*lines)).items() if name.startswith(("HTTP_", "CONTENT_"))}


def test_a_request_is_shown_as_wsgi_has_it() -> None:
    told = environ_of(Scope(("host", "a"), path="/v1/jöbs"))

    assert (told["REQUEST_METHOD"], told["QUERY_STRING"], told["SERVER_PROTOCOL"]) == (
        "GET",
        "a=1",
        "HTTP/1.1",
    )
    assert told["PATH_INFO"].encode("latin-1").decode() == "/v1/jöbs"
    assert (told["SERVER_NAME"], told["SERVER_PORT"]) == ("127.0.0.1", "8000")
    assert (told["REMOTE_ADDR"], told["REMOTE_PORT"]) == ("192.0.2.1", "5000")
    assert told["wsgi.input_terminated"] is True


def test_nothing_of_the_process_s_environment_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("METRICS_TOKEN", "secret")

    assert "METRICS_TOKEN" not in environ_of(Scope())


def test_addresses_of_ipv6_come_without_brackets() -> None:
    told = environ_of(Scope(client="[2001:db8::1]:5000"))

    assert (told["REMOTE_ADDR"], told["REMOTE_PORT"]) == ("2001:db8::1", "5000")


def test_lines_of_one_name_are_joined() -> None:
    lines = [("x-forwarded-for", "a"), ("cookie", "a=1"), ("x-forwarded-for", "b"), ("cookie", "b=2")]

    assert headers_of(*lines) == {"HTTP_X_FORWARDED_FOR": "a,b", "HTTP_COOKIE": "a=1; b=2"}


def test_the_length_and_the_type_of_a_body_have_no_prefix() -> None:
    lines = [("content-length", "5"), ("content-type", "application/json"), ("content-length", "5")]

    assert headers_of(*lines) == {"CONTENT_LENGTH": "5", "CONTENT_TYPE": "application/json"}


@pytest.mark.parametrize("name", ["x_forwarded_for", "content_length", "host_"])
def test_a_name_with_an_underscore_is_no_other(name: str) -> None:
    assert headers_of((name, "a"), ("host", "b")) == {"HTTP_HOST": "b"}


def test_a_value_that_cant_be_read_is_empty_and_not_missing() -> None:
    assert headers_of(("host", "a"), ("idempotency-key", None), ("x_y", "1"), ("z_z", None)) == {
        "HTTP_HOST": "a",
        "HTTP_IDEMPOTENCY_KEY": "",
    }


def test_the_host_of_an_absolute_target_counts() -> None:
    scope = Scope(("host", "a"))
    scope.authority = "b:1"

    assert environ_of(scope)["HTTP_HOST"] == "b:1"
