"""New access tokens for sessions whose own expire: once for each, however many tabs and processes want one."""

from __future__ import annotations

import logging
import time
from dataclasses import replace

from ..access.auth import RefusedTokenError, TokenCheck, caller_of
from .metadata import IssuerAwayError
from .sessions import Session, Sessions
from .token_endpoint import Grant, RefusedGrantError, TokenEndpoint

logger = logging.getLogger(__name__)

EARLY_S = 60
"""So long before the old token expires a new one is asked for; sooner for tokens that live shorter."""
LONGEST_S = 12 * 3600
"""After so long people sign in again, however often their token was renewed."""
PATIENCE_S, LOOK_S = 3.0, 0.05
"""So long a request waits for another one that renews the same session, and how often it looks."""


def new_session(subject: str, name: str, grant: Grant, expires_at: int) -> Session:
    """The session of somebody who has just signed in."""
    now = time.time()
    return Session(
        subject=subject,
        name=name,
        access_token=grant.access_token,
        refresh_token=grant.refresh_token,
        expires_at=expires_at,
        renew_at=renewal_time(expires_at, now),
        ends_at=int(now) + LONGEST_S,
    )


def renewal_time(expires_at: int, now: float) -> int:
    """When to ask for the token after one that expires then."""
    return int(expires_at - min(EARLY_S, (expires_at - now) / 4))


class Renewal:
    """Renews sessions."""

    def __init__(self, sessions: Sessions, endpoint: TokenEndpoint, check: TokenCheck) -> None:
        self._sessions = sessions
        self._endpoint = endpoint
        self._check = check

    def fresh(self, secret: str) -> Session | None:
        """The session with a token that is good for now; None: it has ended.

        Raises:
          IssuerAwayError: its token has expired, and the issuer gives no other now.
          KeysAwayError: whether the new token is good can't be told now.
          RedisAwayError
        """
        session = self._sessions.find(secret)
        if session is None or time.time() >= session.ends_at:
            return None
        if session.refresh_token is None or time.time() < session.renew_at:
            return session
        if self._sessions.begin_renewal(secret):
            return self._renewed(secret)
        return session if time.time() < session.expires_at else self._awaited(secret)

    def _renewed(self, secret: str) -> Session | None:
        # Another process may have done it meanwhile: many issuers end everything when a refresh token is used twice.
        session = self._sessions.find(secret)
        if session is None or session.refresh_token is None or time.time() < session.renew_at:
            self._sessions.end_renewal(secret)
            return session
        try:
            renewed = self._asked(session, session.refresh_token)
        except IssuerAwayError:  # that it is renewed is noted for a while yet: so long nobody asks again
            if time.time() < session.expires_at:
                return session
            raise
        except (RefusedGrantError, RefusedTokenError) as error:
            logger.info("The session of %s ends: the issuer renews it no more (%s).", session.subject, error)
            self._sessions.end(secret)
            return None
        self._sessions.change(secret, renewed)
        self._sessions.end_renewal(secret)
        return renewed

    def _asked(self, session: Session, refresh_token: str) -> Session:
        grant = self._endpoint.refresh(refresh_token)
        claims = self._check.claims(grant.access_token)
        if caller_of(claims).subject != session.subject:
            raise RefusedTokenError("The new token is somebody else's.")
        expires_at = int(claims["exp"])
        return replace(
            session,
            access_token=grant.access_token,
            refresh_token=grant.refresh_token or refresh_token,
            expires_at=expires_at,
            renew_at=renewal_time(expires_at, time.time()),
        )

    def _awaited(self, secret: str) -> Session | None:
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            session = self._sessions.find(secret)
            if session is None or time.time() < session.expires_at:
                return session
            time.sleep(LOOK_S)
        raise IssuerAwayError("The issuer gives no new token now.")
