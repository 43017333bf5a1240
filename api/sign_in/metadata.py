"""What the issuer publishes about itself: where people sign in, and where codes become tokens."""

from __future__ import annotations

import http.client
import json
import logging
import threading
import time
import urllib.error
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from middleware.errors import LastInError
from middleware.settings.values import is_safe_url

from ..access import exchange

logger = logging.getLogger(__name__)

FETCH_S = 3.0
"""So long asking the issuer takes at most, all addresses together."""
FRESH_S, STALE_S = 300.0, 86_400.0
"""After so long it is asked anew; for so long the old answer is good while it can't be reached."""
RETRY_S = 5.0
"""So long after a failure it isn't asked again."""
PATIENCE_S = 1.0
"""So long a request waits for another one that asks: an issuer that is silent holds few threads."""
MAX_BYTES = 1 << 18


class IssuerAwayError(LastInError):
    """The issuer can't be reached now, or doesn't answer as it should."""


@dataclass(frozen=True, slots=True)
class Endpoints:
    """RFC 8414, 2. ``takes_basic``: the client's secret may be sent in a header; ``names_itself``: answers hold ``iss``
    (RFC 9207)."""

    authorization: str
    token: str
    takes_basic: bool
    names_itself: bool


class IssuerMetadata:
    """The endpoints of one issuer, for all threads of a process."""

    def __init__(self, issuer: str) -> None:
        self._issuer = issuer
        self._lock = threading.Lock()
        self._known: Endpoints | None = None
        self._read_at = self._failed_at = float("-inf")

    def read(self) -> Endpoints:
        """The endpoints, asked for if need be.

        Raises:
          IssuerAwayError: they can't be had now.
        """
        if not self._lock.acquire(timeout=PATIENCE_S):
            raise IssuerAwayError("The issuer hasn't answered yet.")
        try:
            now = time.monotonic()
            if now - self._read_at > FRESH_S and now - self._failed_at > RETRY_S:
                self._refresh()
            if self._known is None or time.monotonic() - self._read_at > STALE_S:
                raise IssuerAwayError("The issuer's metadata can't be read now.")
            return self._known
        finally:
            self._lock.release()

    def _refresh(self) -> None:
        try:
            self._known, self._read_at = fetch(self._issuer), time.monotonic()
        except (OSError, http.client.HTTPException, ValueError) as error:
            self._failed_at = time.monotonic()
            logger.warning("The metadata of OAUTH_ISSUER (%s) can't be read: %s", self._issuer, error)


def fetch(issuer: str) -> Endpoints:
    """Ask an issuer.

    Raises:
      OSError, http.client.HTTPException: no answer within ``FETCH_S``, or another than 200.
      ValueError: its answer isn't metadata, or isn't this issuer's.
    """
    ends_at = time.monotonic() + FETCH_S
    refusal: urllib.error.HTTPError | None = None
    for url in addresses(issuer):
        try:
            body = exchange.get(url, seconds=max(0.1, ends_at - time.monotonic()), max_bytes=MAX_BYTES)
        except urllib.error.HTTPError as error:
            error.close()
            refusal = refusal or error
        else:
            return endpoints(issuer, body)
    raise refusal or ValueError("there is no address to ask")


def addresses(issuer: str) -> Iterator[str]:
    """Where an issuer's metadata may be: after its path (OpenID Connect Discovery, 4) or before it (RFC 8414, 3.1)."""
    yield f"{issuer.rstrip('/')}/.well-known/openid-configuration"
    parts = urlsplit(issuer)
    yield f"{parts.scheme}://{parts.netloc}/.well-known/oauth-authorization-server{parts.path.rstrip('/')}"


def endpoints(issuer: str, body: bytes) -> Endpoints:
    """The endpoints in a metadata document.

    Raises:
      ValueError: it can't be used, with the reason.
    """
    if len(body) > MAX_BYTES:
        raise ValueError(f"expected at most {MAX_BYTES} bytes, got more")
    document = json.loads(body)
    if not isinstance(document, dict) or document.get("issuer") != issuer:
        named = document.get("issuer") if isinstance(document, dict) else None
        raise ValueError(f"expected {issuer!r} as its issuer, got {named!r}: both must be the same, slashes included")
    if "S256" not in document.get("code_challenge_methods_supported", ["S256"]):
        raise ValueError("expected an issuer that supports PKCE with S256")
    methods = document.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
    return Endpoints(
        _url(document, "authorization_endpoint"),
        _url(document, "token_endpoint"),
        takes_basic="client_secret_basic" in methods,
        names_itself=document.get("authorization_response_iss_parameter_supported") is True,
    )


def _url(document: Mapping[str, Any], name: str) -> str:
    url = document.get(name)
    if not isinstance(url, str) or not is_safe_url(url):
        raise ValueError(f"expected {name} to be an https:// URL, got {url!r}")
    return url
