"""Where a code, and later a refresh token, becomes an access token (RFC 6749, 4.1.3 and 6)."""

from __future__ import annotations

import base64
import http.client
import json
import logging
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus, urlsplit

from middleware.errors import LastInError
from middleware.settings import Settings

from ..access import exchange
from ..access.auth import MAX_TOKEN
from .metadata import Endpoints, IssuerAwayError, IssuerMetadata

logger = logging.getLogger(__name__)

ANSWER_S = 5.0
"""So long the issuer may take for a token: it looks into its database, and may ask others."""
MAX_BYTES = 1 << 17
AT_ONCE, TURN_S = 4, 1.0
"""So many threads of a process may wait for the issuer at once; so long another one waits for its turn."""
ERROR_CODE = re.compile(r"[a-z_]{1,40}", re.ASCII)


class RefusedGrantError(LastInError):
    """The issuer gives no token for this: the code or the refresh token is used up, has expired or was revoked."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What the issuer gave."""

    access_token: str
    refresh_token: str | None
    id_token: str | None


class TokenEndpoint:
    """The issuer's token endpoint, as our client may use it."""

    def __init__(self, settings: Settings, metadata: IssuerMetadata) -> None:
        self._id = str(settings.oauth_client_id)
        self._secret = settings.oauth_client_secret
        self._metadata = metadata
        self._turns = threading.BoundedSemaphore(AT_ONCE)
        self._audience = audience(settings) if audience_parameter(settings) == "resource" else {}

    def redeem(self, code: str, verifier: str, redirect_uri: str) -> Grant:
        """The tokens for a code.

        Raises:
          RefusedGrantError, IssuerAwayError
        """
        return self._ask(grant_type="authorization_code", code=code, code_verifier=verifier, redirect_uri=redirect_uri)

    def refresh(self, refresh_token: str) -> Grant:
        """New tokens for a refresh token, which may be used up with that.

        Raises:
          RefusedGrantError, IssuerAwayError
        """
        return self._ask(grant_type="refresh_token", refresh_token=refresh_token)

    def _ask(self, **form: str) -> Grant:
        endpoints = self._metadata.read()
        named, headers = self._credentials(endpoints)
        if not self._turns.acquire(timeout=TURN_S):
            raise IssuerAwayError("Too many people sign in at once.")
        try:
            status, body = exchange.post_form(
                endpoints.token,
                {**form, **named, **self._audience},
                headers={"Accept": "application/json", **headers},
                seconds=ANSWER_S,
                max_bytes=MAX_BYTES,
            )
            return grant(status, body)
        except (OSError, http.client.HTTPException, ValueError) as error:
            logger.warning("The issuer gave no token: %s", error)
            raise IssuerAwayError("The issuer doesn't answer as it should.") from None
        finally:
            self._turns.release()

    def _credentials(self, endpoints: Endpoints) -> tuple[dict[str, str], dict[str, str]]:
        """Who we are, as fields of the form and as headers (RFC 6749, 2.3.1)."""
        if self._secret is None:
            return {"client_id": self._id}, {}
        if not endpoints.takes_basic:
            return {"client_id": self._id, "client_secret": self._secret}, {}
        pair = f"{quote_plus(self._id)}:{quote_plus(self._secret)}"
        return {}, {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}


def audience_parameter(settings: Settings) -> str:
    """How the issuer is told which audience tokens are to be for."""
    chosen = settings.oauth_audience_parameter
    is_url = urlsplit(str(settings.oauth_audience)).scheme in {"http", "https"}
    return chosen or ("resource" if is_url else "none")


def audience(settings: Settings) -> Mapping[str, str]:
    """That parameter, if it is to be sent."""
    name = audience_parameter(settings)
    return {} if name == "none" else {name: str(settings.oauth_audience)}


def grant(status: int, body: bytes) -> Grant:
    """What an answer holds (RFC 6749, 5).

    Raises:
      RefusedGrantError: a refusal.
      ValueError: it isn't as it should be.
    """
    if len(body) > MAX_BYTES:
        raise ValueError(f"expected at most {MAX_BYTES} bytes, got more")
    if status >= 500 or status == 429:
        raise ValueError(f"it answered {status}")
    document = json.loads(body)
    if not isinstance(document, dict):
        raise ValueError(f"expected an object, with status {status}")  # noqa: TRY004 (what came isn't for the log)
    if status != 200:
        code = document.get("error")
        raise RefusedGrantError(code if isinstance(code, str) and ERROR_CODE.fullmatch(code) else f"status {status}")
    token = _text(document, "access_token")
    if token is None or len(token) > MAX_TOKEN or str(document.get("token_type", "")).lower() != "bearer":
        raise ValueError(f"expected a bearer token of at most {MAX_TOKEN} characters")
    return Grant(token, _text(document, "refresh_token"), _text(document, "id_token"))


def _text(document: Mapping[str, Any], name: str) -> str | None:
    found = document.get(name)
    return found if isinstance(found, str) and found else None
