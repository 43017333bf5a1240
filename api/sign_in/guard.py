"""Who looks at a page: whoever's session the browser has a cookie of."""

from __future__ import annotations

import logging
from dataclasses import replace

from flask import Flask, Response, g
from werkzeug.exceptions import HTTPException

import tasks
from middleware.errors import LastInError, RedisAwayError
from middleware.settings import Settings

from ..access.auth import Caller, RefusedTokenError, asked_path, scope_needed
from ..access.jwks import IssuerKeys, KeysAwayError
from ..access.scopes import NONE, READ, is_page
from .closed import closed, redis_away, sign_in_anew, to_sign_in
from .flow import Flow
from .metadata import IssuerAwayError
from .pages import Door, door, sign_in_pages
from .places import wanted_path

logger = logging.getLogger(__name__)


def install(app: Flask, settings: Settings, keys: IssuerKeys) -> None:
    """With ``AUTH=oauth``, find out who looks at a page. As with tokens, nobody is refused yet."""
    if settings.auth != "oauth":
        return
    flow = Flow(settings, keys, tasks.broker.redis) if settings.oauth_client_id else None
    app.extensions["sign_in"] = Door(settings, flow)
    app.register_blueprint(sign_in_pages)
    app.before_request(_identify)
    app.after_request(_keep_private)


def _identify() -> None:
    if not is_page(asked_path()) or scope_needed() == NONE:
        return
    try:
        g.caller = _caller()
    except HTTPException as refusal:
        g.refusal = refusal


def _caller() -> Caller:
    """
    Raises:
      HTTPException: the answer to whoever isn't let in.
    """
    secret, flow = door().secret(), door().flow
    try:
        session = flow.renewal.fresh(secret) if secret else None
    except (IssuerAwayError, KeysAwayError) as error:
        raise _untold(error) from None
    except RedisAwayError as error:
        raise HTTPException(response=redis_away(error)) from None
    if session is None:
        raise to_sign_in()
    try:
        caller = flow.access_tokens.caller(session.access_token)
    except RefusedTokenError as error:
        logger.info("The session of %s ends: %s", session.subject, error)
        raise to_sign_in() from None
    except KeysAwayError as error:
        raise _untold(error) from None
    if READ not in caller.scopes:
        text = f"The issuer doesn't give {session.name} the scope {READ} any more."
        raise HTTPException(response=closed(403, "You may not look at this", text, sign_in_anew(wanted_path())))
    return replace(caller, name=session.name)


def _untold(error: LastInError) -> HTTPException:
    logger.warning("Who looks at the dashboard can't be told: %s", error)
    text = "So whether you may still look can't be told now. Try again in a moment."
    return HTTPException(response=closed(503, "The issuer can't be reached", text))


def _keep_private(response: Response) -> Response:
    """What one person may see must not be kept for others by what lies between, nor shown again unasked."""
    if is_page(asked_path()) and scope_needed() != NONE:
        response.headers.setdefault("Cache-Control", "private, no-cache")
        response.vary.add("Cookie")
    return response
