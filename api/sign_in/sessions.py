"""Sessions in Redis, for all web processes. Only the browser knows what a session is called and what opens it:

- whoever reads Redis, its file or its backups finds neither tokens nor names of sessions;
- whoever steals the cookie can use the session until it ends, but doesn't see the tokens in it;
- whoever can write to Redis can make no session, since it must hold a token that the issuer has signed.
"""

from __future__ import annotations

import json
import re
import secrets
import time
from dataclasses import asdict, dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from middleware.commands import keys
from middleware.commands.client import RedisClient

from .derivation import derived, new_secret

SECRET = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
NONCE_BYTES = 12
RENEWAL_S = 15
"""So long one process may take to renew a session, and so long after a failure nobody tries again."""


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who has signed in. Times are in seconds since the epoch."""

    subject: str
    name: str
    access_token: str
    refresh_token: str | None
    expires_at: int
    """When the access token does."""
    renew_at: int
    """From then on a new one is asked for."""
    ends_at: int
    """When they have to sign in again, whatever the issuer says."""


class Sessions:
    """Keeps sessions under the secrets that their cookies hold."""

    def __init__(self, redis: RedisClient) -> None:
        self._redis = redis

    def begin(self, session: Session) -> str:
        """Keep a new session. Returns its secret.

        Raises:
          RedisAwayError
        """
        secret = new_secret()
        self._keep(keys.session(_name(secret)), _sealed(secret, session), _seconds_left(session), only="absent")
        return secret

    def change(self, secret: str, session: Session) -> None:
        """Keep a session as it is now, unless it has been ended.

        Raises:
          RedisAwayError
        """
        self._keep(keys.session(_name(secret)), _sealed(secret, session), _seconds_left(session), only="present")

    def find(self, secret: str) -> Session | None:
        """The session that a cookie stands for; None: it has ended, or there never was one.

        Raises:
          RedisAwayError
        """
        if not SECRET.fullmatch(secret):
            return None
        sealed = self._redis.call("GET", keys.session(_name(secret)))
        if sealed is None:
            return None
        try:
            opened = _cipher(secret).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], None)
            return Session(**json.loads(opened))
        except (InvalidTag, ValueError, TypeError):  # somebody else wrote it, or another version of this
            return None

    def end(self, secret: str) -> None:
        """Forget a session.

        Raises:
          RedisAwayError: it isn't forgotten.
        """
        if SECRET.fullmatch(secret):
            self._redis.call("DEL", keys.session(_name(secret)), keys.session_renewal(_name(secret)))

    def begin_renewal(self, secret: str) -> bool:
        """Whether this caller is the one to renew a session now."""
        return self._keep(keys.session_renewal(_name(secret)), b"1", RENEWAL_S, only="absent")

    def end_renewal(self, secret: str) -> None:
        """It is renewed."""
        self._redis.call("DEL", keys.session_renewal(_name(secret)))

    def _keep(self, key: str, value: bytes, seconds: float, *, only: str) -> bool:
        kept: int = self._redis.run_script("keep", [key], value, b"%d" % (seconds * 1000), only.encode())
        return kept == 1


def _sealed(secret: str, session: Session) -> bytes:
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + _cipher(secret).encrypt(nonce, json.dumps(asdict(session)).encode(), None)


def _seconds_left(session: Session) -> float:
    last = session.ends_at if session.refresh_token else min(session.ends_at, session.expires_at)
    return max(1.0, last - time.time())


def _name(secret: str) -> str:
    return derived(secret, "name").hex()


def _cipher(secret: str) -> AESGCM:
    return AESGCM(derived(secret, "seal"))
