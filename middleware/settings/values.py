"""How the text of a setting becomes its value: one reader for each kind of value.

A reader raises :class:`Unreadable` where the text doesn't fit.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit, urlunsplit

from ..errors import SettingsError
from ..floors import RUN
from ..redis_link.address import SentinelAddress

SECRET = frozenset(
    {"REDIS_URL", "REDIS_REPLICA_URL", "REDIS_SENTINELS", "METRICS_TOKEN", "LASTIN_TOKEN", "OAUTH_CLIENT_SECRET"}
)
"""Settings whose values are never shown."""

LOOPBACK_HOSTS = frozenset({"127.0.0.1", "::1", "localhost"})


class Unreadable(Exception):
    """What was expected; :func:`value` adds the setting's name and value."""


def setting(name: str, default: Any, parse: Callable[[str], Any], doc: str, shown: str | None = None) -> Any:
    """A field with what ``.env.example`` needs to know of it; ``shown`` replaces a default that is computed."""
    metadata = {"name": name, "parse": parse, "doc": doc, "shown": str(default) if shown is None else shown}
    return dataclasses.field(default=default, metadata=metadata)


def value(field: dataclasses.Field[Any], text: str) -> Any:
    """The value of a :func:`setting`.

    Raises:
      SettingsError: names the variable, what it held and what it may hold.
    """
    name = field.metadata["name"]
    try:
        return field.metadata["parse"](text)
    except Unreadable as error:
        shown = "a value that isn't shown" if name in SECRET else repr(text)
        raise SettingsError(f"{name} must be {error}, but holds {shown}.") from None


def integer(low: int, high: int) -> Callable[[str], int]:
    """Digits alone, from ``low`` to ``high``."""

    def parse(text: str) -> int:
        if not (text.isascii() and text.isdigit()) or not low <= int(text) <= high:
            raise Unreadable(f"a whole number from {low} to {high}")
        return int(text)

    return parse


def number(low: float, high: float) -> Callable[[str], float]:
    """A number, also with a fraction, from ``low`` to ``high``."""

    def parse(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not low <= value <= high:
            raise Unreadable(f"a number from {low:g} to {high:g}")
        return value

    return parse


def one_of(*choices: str) -> Callable[[str], str]:
    """One of these words."""

    def parse(text: str) -> str:
        if text not in choices:
            raise Unreadable("one of " + ", ".join(choices))
        return text

    return parse


def switch(text: str) -> bool:
    """0 or 1."""
    if text not in {"0", "1"}:
        raise Unreadable("one of 0, 1")
    return text == "1"


def is_set(text: str) -> bool:
    """Any text at all."""
    return True


def unverified(url: str) -> str:
    """A ``rediss://`` URL that takes any certificate, unless it says itself how to check it."""
    parts = urlsplit(url)
    if parts.scheme != "rediss" or {"ssl_cert_reqs", "ssl_ca_certs"} & parse_qs(parts.query).keys():
        return url
    return urlunsplit(parts._replace(query="&".join(filter(None, (parts.query, "ssl_cert_reqs=none")))))


def redis_url(text: str) -> str:
    """A URL as redis-py takes it."""
    if not text.startswith(("redis://", "rediss://", "unix://")):
        raise Unreadable("a URL that starts with redis://, rediss:// or unix://")
    return text


def sentinels(text: str) -> tuple[SentinelAddress, ...]:
    """Hosts and ports with commas between, each with a user and a password before it or without."""
    return tuple(_sentinel(one.strip()) for one in text.split(","))


def _sentinel(text: str) -> SentinelAddress:
    try:
        parts = urlsplit(f"redis://{text}")
        good = bool(parts.hostname) and bool(parts.port) and not (parts.path or parts.query or parts.fragment)
    except ValueError:
        good = False
    if not good:
        raise Unreadable("a list of host:port with commas between, such as 10.0.0.1:26379,10.0.0.2:26379")
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    return SentinelAddress(str(parts.hostname), int(parts.port or 0), user, password)


def noted_url(file: Path) -> str | None:
    """The URL that ``make run`` noted for the commands of its user; None while it doesn't run.

    Raises:
      SettingsError: the file belongs to somebody else.
    """
    try:
        return file.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return None
    except PermissionError:
        raise SettingsError(f"REDIS_URL isn't set, and only the user who runs `{RUN}` may read {file}.") from None


def rate_limit(text: str) -> str:
    """Limits as Flask-Limiter takes them."""
    if not _RATES.fullmatch(text):
        raise Unreadable("a number of requests in a time, such as 100/minute or 5/second;1000/hour")
    return text


_RATE = r"\s*[1-9]\d*\s*(/|per)\s*([1-9]\d*\s*)?(second|minute|hour|day)s?\s*"
_RATES = re.compile(rf"{_RATE}([,;|]{_RATE})*", re.ASCII | re.IGNORECASE)


def jwks_url(text: str) -> str:
    """A URL whose answer nobody on the way can change."""
    if not is_safe_url(text):
        raise Unreadable(f"{SAFE_URL}: who changes keys opens the API)")
    return text


def dashboard_url(text: str) -> str:
    """The dashboard's address, without a slash at its end."""
    url = text.removesuffix("/")
    if not is_safe_url(url) or urlsplit(url)._replace(scheme="", netloc="").geturl() != DASHBOARD:
        raise Unreadable(f"{SAFE_URL}) and ends with {DASHBOARD}")
    return url


def is_safe_url(text: str) -> bool:
    """Whether nobody on the way can read or change what is sent there."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    is_near = parts.hostname in LOOPBACK_HOSTS
    return (
        bool(parts.hostname)
        and "@" not in parts.netloc
        and (parts.scheme == "https" or (parts.scheme == "http" and is_near))
    )


def api_url(text: str) -> str:
    """Where an HTTP API is, without the slash at its end."""
    try:
        parts = urlsplit(text)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or True)
    except ValueError:
        good = False
    if not good or not text.isascii() or parts.username or parts.query or parts.fragment:
        raise Unreadable("a URL such as https://jobs.example.com, without a user or a query")
    return text.rstrip("/")


SAFE_URL = "a URL that starts with https:// (http:// only on loopback"
"""What :func:`is_safe_url` expects; who uses it says why, and closes the bracket."""
DASHBOARD = "/dashboard"


def scopes(text: str) -> tuple[str, ...]:
    """Scopes (RFC 6749, 3.3) with commas between, in their order."""
    found = tuple(scope.strip() for scope in text.split(",") if scope.strip())
    if not found or not all(_SCOPE.fullmatch(scope) for scope in found):
        raise Unreadable("a list of scopes with commas between, such as openid,jobs:read")
    return found


_SCOPE = re.compile(r"[!#-\[\]-~]+", re.ASCII)


def log_tcp_url(text: str) -> str:
    """A scheme, a host and a port, and nothing else."""
    try:
        parts = urlsplit(text)
        good = parts.scheme in ("tcp", "tls") and bool(parts.hostname) and bool(parts.port)
    except ValueError:
        good = False
    if not good or parts.username or parts.path or parts.query:
        raise Unreadable("tcp://host:port or tls://host:port")
    return text


def access_token(text: str) -> str:
    """A token of an issuer, as ``Authorization: Bearer`` carries it (RFC 6750, 2.1)."""
    if not re.fullmatch(r"[A-Za-z0-9._~+/-]+=*", text):
        raise Unreadable("an access token: letters, digits and . _ ~ + / - alone")
    return text


def token(text: str) -> str:
    """What can be sent in a header."""
    if not (8 <= len(text) <= 512 and text.isascii() and text.isprintable() and " " not in text):
        raise Unreadable("8 to 512 visible ASCII characters")
    return text


def modules(text: str) -> tuple[str, ...]:
    """Names of Python's modules with commas between, in their order."""
    found = tuple(name.strip() for name in text.split(",") if name.strip())
    if not found or not all(part.isidentifier() for name in found for part in name.split(".")):
        raise Unreadable("names of modules with commas between, such as shop.tasks,billing.jobs")
    return found


def names(text: str) -> frozenset[str]:
    """Names with commas between."""
    return frozenset(name.strip() for name in text.split(",") if name.strip())
