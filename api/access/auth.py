"""Who calls: OAuth 2.0 bearer tokens (RFC 6750, RFC 9068), checked before anything else of a request is read."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jwt
from flask import Flask, current_app, g, has_request_context, request

from middleware.settings import Settings

from ..wire.problems import FORBIDDEN, KEYS_AWAY, UNAUTHENTICATED, ProblemError
from .headers import SAFE_METHODS
from .jwks import KEY_TYPES, IssuerKeys, KeysAwayError
from .scopes import ADMIN, NONE, READ, is_open, is_page

logger = logging.getLogger(__name__)

ANONYMOUS = "anonymous"
"""Whose word it is with ``AUTH=off``."""
LEEWAY_S = 10
"""So far the issuer's clock and ours may be apart."""
MAX_TOKEN = 8192
MAX_SUBJECT = 255
RETRIED = "retried"
"""The reason why a job waits that ended before."""
TOKEN = re.compile(r"(?i:bearer) +([A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+) *")
REASONS: Mapping[type[jwt.PyJWTError], str] = {
    jwt.ExpiredSignatureError: "The token has expired.",
    jwt.ImmatureSignatureError: "The token isn't valid yet.",
    jwt.InvalidAudienceError: "The token is for another audience.",
    jwt.InvalidIssuerError: "The token is of another issuer.",
    jwt.InvalidSignatureError: "The signature of the token is wrong.",
}


class RefusedTokenError(Exception):
    """Why a token isn't taken, in words for its bearer. They go into a header: ASCII, without quotes."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Whom a token speaks for, and what it allows. ``name``: what people call them, where that is known."""

    subject: str
    scopes: frozenset[str]
    name: str = ""


class TokenCheck:
    """Checks the tokens of one issuer for one audience."""

    def __init__(self, issuer: str, audience: str, keys: IssuerKeys) -> None:
        self._issuer = issuer
        self._audience = audience
        self._keys = keys

    def caller(self, token: str) -> Caller:
        """Who sent a token.

        Raises:
          as :meth:`claims`.
        """
        return caller_of(self.claims(token))

    def claims(self, token: str) -> dict[str, Any]:
        """What a token says.

        Raises:
          RefusedTokenError: it isn't good.
          KeysAwayError: that can't be decided now.
        """
        try:
            header = jwt.get_unverified_header(token)
        except jwt.PyJWTError as error:
            raise RefusedTokenError("The token can't be read.") from error
        algorithm = header.get("alg")
        if not isinstance(algorithm, str) or algorithm not in KEY_TYPES:
            raise RefusedTokenError(f"The token must be signed with one of {', '.join(KEY_TYPES)}.")
        key = self._keys.find(header.get("kid"), algorithm)
        if key is None:
            raise RefusedTokenError("The token is signed with a key that the issuer doesn't publish.")
        return self._checked(token, key, algorithm)

    def _checked(self, token: str, key: jwt.PyJWK, algorithm: str) -> dict[str, Any]:
        try:
            return jwt.decode(
                token,
                key,
                algorithms=[algorithm],
                audience=self._audience,
                issuer=self._issuer,
                leeway=LEEWAY_S,
                options={"require": ["exp", "iss", "aud"], "enforce_minimum_key_length": True},
            )
        except jwt.MissingRequiredClaimError as error:
            raise RefusedTokenError(f"The token has no {error.claim}.") from error
        except jwt.PyJWTError as error:
            raise RefusedTokenError(REASONS.get(type(error), "The token can't be checked.")) from error


def caller_of(claims: Mapping[str, Any]) -> Caller:
    """Subject and scopes of checked claims. Scopes stand in ``scope`` (RFC 9068: words with spaces between) or ``scp``,
    as some issuers have it, and some send a list.

    Raises:
      RefusedTokenError: there is nobody whom it speaks for.
    """
    subject = next((claims[name] for name in ("sub", "client_id", "azp") if claims.get(name)), None)
    if not isinstance(subject, str) or len(subject) > MAX_SUBJECT:
        raise RefusedTokenError(f"The token must name a subject of at most {MAX_SUBJECT} characters.")
    granted = [claims.get(name) or () for name in ("scope", "scp")]
    words = [word for part in granted for word in (part.split() if isinstance(part, str) else _listed(part))]
    return Caller(subject, frozenset(words))


def _listed(part: Any) -> list[str]:
    return [word for word in part if isinstance(word, str)] if isinstance(part, list) else []


def current_subject() -> str | None:
    """Who sent the request at hand: the subject of its token. None with ``AUTH=off``, and outside of a request."""
    caller = g.get("caller") if has_request_context() else None
    return caller.subject if caller else None


def subject_or_anonymous() -> str:
    """The same, as it is kept with what was done to a queue or to a window."""
    return current_subject() or ANONYMOUS


def with_subject(reason: str) -> str:
    """A reason with who gave it, where that is known."""
    subject = current_subject()
    return reason if subject is None else f"{reason} (by {subject})"


def retried() -> str:
    """Why a job waits again: who had it run again, where that is known; else that needs no words."""
    return with_subject(RETRIED) if current_subject() is not None else ""


def scope_needed() -> str:
    """The scope of the operation at hand. What declares none needs the highest, but for pages that only show."""
    view = current_app.view_functions.get(str(request.endpoint))
    otherwise = READ if is_page(asked_path()) and request.method in SAFE_METHODS else ADMIN
    return str(getattr(view, "_apidoc", {}).get("scope", otherwise))


def install(app: Flask, settings: Settings, keys: IssuerKeys) -> None:
    """With ``AUTH=oauth``, find out who calls, unless what they want is open to everybody. Nobody is refused yet, so
    that limits can count those too who will be. Who looks at pages, ``sign_in`` finds out."""
    if settings.auth != "oauth":
        return
    check = TokenCheck(str(settings.oauth_issuer), str(settings.oauth_audience), keys)

    def identify() -> None:
        if not _is_open() and not is_page(asked_path()):
            try:
                g.caller = _caller(check)
            except ProblemError as problem:
                g.refusal = problem

    app.before_request(identify)


def close(app: Flask, settings: Settings) -> None:
    """With ``AUTH=oauth``, let no request through without a good token that has the scope."""
    if settings.auth == "oauth":
        app.before_request(_authorize)


def asked_path() -> str:
    """The rule that the request at hand fits, else its path."""
    return request.url_rule.rule if request.url_rule else request.path


def _is_open() -> bool:
    return is_open(asked_path())


def _caller(check: TokenCheck) -> Caller:
    sent = request.headers.get("Authorization")
    if sent is None:
        raise ProblemError(UNAUTHENTICATED, headers=_challenge(scope=scope_needed()))
    try:
        return check.caller(_token_in(sent))
    except RefusedTokenError as error:
        logger.info("Refused a token: %s", error)
        headers = _challenge(error="invalid_token", error_description=str(error))
        raise ProblemError(UNAUTHENTICATED, str(error), headers=headers) from None
    except KeysAwayError as error:
        raise ProblemError(KEYS_AWAY, str(error), headers={"Retry-After": "2"}) from None


def _authorize() -> None:
    if _is_open():
        return
    if "refusal" in g:
        raise g.refusal
    scope = scope_needed()
    if scope != NONE and scope not in g.caller.scopes:
        reason = f"The scope {scope} is needed."
        logger.info("Refused %s: %s", g.caller.subject, reason)
        headers = _challenge(error="insufficient_scope", error_description=reason, scope=scope)
        raise ProblemError(FORBIDDEN, reason, headers=headers)
    if scope == ADMIN:
        # Redis keeps who paused a queue or opened a window; here all that operators do stands in one place.
        logger.info("%s %s by %s", request.method, request.path, g.caller.subject)


def _token_in(header: str) -> str:
    found = TOKEN.fullmatch(header) if len(header) <= MAX_TOKEN else None
    if found is None:
        raise RefusedTokenError("The Authorization header must hold the word Bearer and one signed token.")
    return found[1]


def _challenge(**parameters: str) -> dict[str, str]:
    """RFC 6750, 3: what is wrong, where something was sent; else only what is needed."""
    challenge = ", ".join(f'{name}="{value}"' for name, value in {"realm": "lastin", **parameters}.items())
    return {"WWW-Authenticate": f"Bearer {challenge}"}
