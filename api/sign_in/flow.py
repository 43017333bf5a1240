"""From an attempt to sign in to a session: what the issuer is asked, and what of its answers is believed."""

from __future__ import annotations

import hmac
import logging
import re
from collections.abc import Mapping
from typing import Any, NoReturn
from urllib.parse import urlencode

from middleware.commands.client import RedisClient
from middleware.errors import LastInError
from middleware.settings import Settings

from ..access.auth import RefusedTokenError, TokenCheck, caller_of
from ..access.jwks import IssuerKeys
from ..access.scopes import READ
from .attempt import Attempt
from .metadata import IssuerMetadata
from .renewal import Renewal, new_session
from .sessions import Session, Sessions
from .token_endpoint import ERROR_CODE, Grant, RefusedGrantError, TokenEndpoint, audience

logger = logging.getLogger(__name__)

NAMES = ("name", "preferred_username", "email")
"""The claims of an ID token that say what to call somebody, best first."""
LONGEST_NAME = 100
UNSEEN = re.compile(r"[^\w .,'@+()-]")


class SignInRefusedError(LastInError):
    """Nobody is signed in. The message says why, to the person in front of the browser."""


class DeniedError(SignInRefusedError):
    """The person, or the issuer, said no."""


class MayNotLookError(SignInRefusedError):
    """They are who they say, but may not see the dashboard."""


class Flow:
    """Signs people in through one issuer."""

    def __init__(self, settings: Settings, keys: IssuerKeys, redis: RedisClient) -> None:
        self._settings = settings
        self._issuer, self._client = str(settings.oauth_issuer), str(settings.oauth_client_id)
        self._metadata = IssuerMetadata(self._issuer)
        self._endpoint = TokenEndpoint(settings, self._metadata)
        self._id_tokens = TokenCheck(self._issuer, self._client, keys)
        self.access_tokens = TokenCheck(self._issuer, str(settings.oauth_audience), keys)
        self.sessions = Sessions(redis)
        self.renewal = Renewal(self.sessions, self._endpoint, self.access_tokens)

    def question(self, attempt: Attempt, redirect_uri: str, *, anew: bool) -> str:
        """The URL at which the issuer asks who somebody is. ``anew``: even if it knows them already.

        Raises:
          IssuerAwayError
        """
        endpoint = self._metadata.read().authorization
        asked = {
            "response_type": "code",
            "client_id": self._client,
            "redirect_uri": redirect_uri,
            "scope": " ".join(self._settings.oauth_scopes),
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": attempt.challenge,
            "code_challenge_method": "S256",
            **audience(self._settings),
            **({"prompt": "login"} if anew else {}),
        }
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(asked)}"

    def finish(self, attempt: Attempt, answer: Mapping[str, str], redirect_uri: str) -> Session:
        """The session of the person whom the issuer's answer to this attempt is about.

        Raises:
          SignInRefusedError: nobody is signed in.
          IssuerAwayError, KeysAwayError: that can't be told now.
        """
        self._check_sender(answer)
        if "error" in answer:
            self._refuse(answer["error"])
        code = answer.get("code")
        if not code:
            raise SignInRefusedError("The issuer sent neither a code nor an error.")
        try:
            grant = self._endpoint.redeem(code, attempt.verifier, redirect_uri)
            return self._session(grant, attempt)
        except RefusedGrantError as error:
            logger.warning("The issuer took no code: %s", error)
            raise SignInRefusedError(
                "The issuer doesn't take the code that it gave: it was used before, has expired, or OAUTH_CLIENT_ID, "
                "OAUTH_CLIENT_SECRET or DASHBOARD_URL aren't what the issuer knows."
            ) from None
        except RefusedTokenError as error:
            logger.warning("The issuer sent a token that isn't taken: %s", error)
            raise SignInRefusedError(f"The issuer sent a token that isn't taken. {error}") from None

    def _check_sender(self, answer: Mapping[str, str]) -> None:
        """RFC 9207, 2.4: an answer of another issuer must lead nowhere, not even with an error."""
        sender = answer.get("iss")
        if sender != self._issuer and (sender is not None or self._metadata.read().names_itself):
            raise SignInRefusedError("The answer is not one of OAUTH_ISSUER.")

    def _refuse(self, code: str) -> NoReturn:
        if code == "access_denied":
            raise DeniedError("The issuer says that this was declined.")
        logger.warning(
            "The issuer signed nobody in: %s", code if ERROR_CODE.fullmatch(code) else "with no code of OAuth's"
        )
        raise SignInRefusedError("The issuer refused the request. The log of web says with which code.")

    def _session(self, grant: Grant, attempt: Attempt) -> Session:
        claims = self.access_tokens.claims(grant.access_token)
        caller = caller_of(claims)
        name = self._name(grant.id_token, attempt.nonce) or caller.subject
        if READ not in caller.scopes:
            logger.warning("Refused %s the dashboard: the scope %s is needed.", caller.subject, READ)
            raise MayNotLookError(f"The issuer doesn't give {name} the scope {READ}.")
        return new_session(caller.subject, name, grant, int(claims["exp"]))

    def _name(self, id_token: str | None, nonce: str) -> str:
        """What the checked ID token (OpenID Connect Core, 3.1.3.7) calls somebody; empty without one."""
        if "openid" not in self._settings.oauth_scopes:
            return ""
        if id_token is None:
            raise RefusedTokenError("There is no ID token, which the scope openid asks for.")
        claims = self._id_tokens.claims(id_token)
        sent = claims.get("nonce")
        if not isinstance(sent, str) or not hmac.compare_digest(sent.encode(), nonce.encode()):
            raise RefusedTokenError("The ID token has another nonce.")
        if claims.get("azp", self._client) != self._client:
            raise RefusedTokenError("The ID token was made for another client.")
        return next((shown for name in NAMES if (shown := _shown(claims.get(name)))), "")


def _shown(name: Any) -> str:
    """A name as it may stand on a page and in a line."""
    return UNSEEN.sub("", name).strip()[:LONGEST_NAME] if isinstance(name, str) else ""
