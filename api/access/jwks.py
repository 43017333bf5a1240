"""The issuer's public keys: fetched when they are needed, kept, and fetched anew when the issuer changes them."""

from __future__ import annotations

import http.client
import json
import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jwt

from middleware.errors import LastInError

from . import exchange

logger = logging.getLogger(__name__)

FETCH_S = 3.0
"""So long a fetch takes at most, and so long a request waits for the keys."""
FRESH_S = 300.0
"""After so long the keys are fetched anew, while requests go on with the old ones."""
STALE_S = 86_400.0
"""For so long old keys are good while the issuer can't be reached."""
RETRY_S = 2.0
"""So long after a fetch that failed no other begins."""
COOLDOWN_S, REFETCHES = 10.0, 3
"""Tokens with unknown key ids cause so many fetches in so many seconds at most, and each id one: whoever makes ids up
can't make this service hammer its issuer."""
MAX_BYTES = 1 << 20

KEY_TYPES: Mapping[str, str] = {"RS256": "RSA", "PS256": "RSA", "ES256": "EC", "EdDSA": "OKP"}
"""The algorithms that tokens may be signed with, all asymmetric, and the type of key that each needs."""

Jwk = Mapping[str, Any]


class KeysAwayError(LastInError):
    """The issuer's keys aren't available now: the token can't be checked."""


def fetch(url: str) -> Sequence[Jwk]:
    """The keys of a JWK set (RFC 7517) that can check signatures.

    Raises:
      OSError, http.client.HTTPException: no answer within ``FETCH_S``, or another than 200.
      ValueError: the answer isn't a JWK set, or one without such keys.
    """
    body = exchange.get(url, seconds=FETCH_S, max_bytes=MAX_BYTES)
    if len(body) > MAX_BYTES:
        raise ValueError(f"expected at most {MAX_BYTES} bytes of keys, got more")
    document = json.loads(body)
    found = document.get("keys") if isinstance(document, dict) else None
    keys = [key for key in found if isinstance(key, dict) and _checks(key)] if isinstance(found, list) else []
    if not keys:
        raise ValueError("expected a JWK set with RSA, EC or OKP keys, got none")
    return keys


def _checks(key: Jwk) -> bool:
    return key.get("kty") in KEY_TYPES.values() and key.get("use", "sig") == "sig"


class IssuerKeys:
    """The keys behind one URL, for all threads of a process. A fetch has a thread of its own, so that whoever waits
    for it waits no longer than ``FETCH_S``, whatever the issuer does."""

    def __init__(
        self, url: str, *, fetch: Callable[[str], Sequence[Jwk]] = fetch, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._url = url
        self._fetch = fetch
        self._now = now
        self._lock = threading.Lock()
        self._running: threading.Event | None = None
        self._keys: Sequence[Jwk] = ()
        self._fetched_at = self._failed_at = self._asked_at = float("-inf")
        self._unknown: set[str | None] = set()

    def find(self, kid: str | None, algorithm: str) -> jwt.PyJWK | None:
        """The key with this id for this algorithm. Without an id: the only key that fits.

        Raises:
          KeysAwayError: it isn't among the keys that are known, and they can't be fetched now.
        """
        seen_at = self._fetched_at
        age_s = self._now() - seen_at
        if age_s > STALE_S:
            self._await(self._refresh(seen_at))
        elif age_s > FRESH_S:
            self._refresh(seen_at)
        seen_at = self._fetched_at
        found = self._known(kid, algorithm)
        if found is None and self._may_ask_for(kid):
            self._await(self._refresh(seen_at))
            found = self._known(kid, algorithm)
        if found is None and (self._running is not None or self._failed_at > self._fetched_at):
            raise KeysAwayError("The issuer's keys can't be fetched now, and the key of this token isn't known yet.")
        return found

    def _known(self, kid: str | None, algorithm: str) -> jwt.PyJWK | None:
        if self._now() - self._fetched_at > STALE_S:
            raise KeysAwayError("The issuer's keys can't be fetched now.")
        fitting = [
            key
            for key in self._keys
            if (kid is None or key.get("kid") == kid)
            and key.get("kty") == KEY_TYPES[algorithm]
            and key.get("alg", algorithm) == algorithm
        ]
        if not fitting or (kid is None and len(fitting) > 1):
            return None
        try:
            return jwt.PyJWK(dict(fitting[0]), algorithm)
        except jwt.PyJWTError as error:
            logger.warning("A key of the issuer can't be used: %s", type(error).__name__)
            return None

    def _may_ask_for(self, kid: str | None) -> bool:
        with self._lock:
            now = self._now()
            if now - self._asked_at > COOLDOWN_S:
                self._asked_at = now
                self._unknown.clear()
            if kid in self._unknown or len(self._unknown) >= REFETCHES:
                return False
            self._unknown.add(kid)
            return True

    def _refresh(self, seen_at: float) -> threading.Event | None:
        """The end of the fetch that runs now. One begins unless the last has just failed, or ended after the keys of
        ``seen_at`` were looked at (None)."""
        with self._lock:
            if self._fetched_at != seen_at:
                return None
            if self._running is None and self._now() - self._failed_at > RETRY_S:
                self._running = threading.Event()
                threading.Thread(target=self._run, args=(self._running,), name="jwks", daemon=True).start()
            return self._running

    def _await(self, fetched: threading.Event | None) -> None:
        if fetched is not None:
            fetched.wait(FETCH_S)

    def _run(self, done: threading.Event) -> None:
        try:
            keys = self._fetch(self._url)
        except (OSError, http.client.HTTPException, ValueError) as error:
            self._failed_at = self._now()
            logger.warning("The issuer's keys can't be fetched from OAUTH_JWKS_URL: %s", error)
        else:
            self._keys, self._fetched_at = keys, self._now()
        finally:
            self._running = None
            done.set()
