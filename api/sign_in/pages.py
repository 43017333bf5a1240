"""The addresses by which people sign in and out."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import wraps

from flask import Blueprint, current_app, redirect, request
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from middleware.errors import RedisAwayError
from middleware.settings import Settings

from ..access.jwks import KeysAwayError
from ..access.scopes import NONE, PAGES, needs
from . import attempt as attempts
from .attempt import Attempt
from .closed import closed, redis_away, sign_in, sign_in_anew
from .flow import DeniedError, Flow, MayNotLookError, SignInRefusedError
from .metadata import IssuerAwayError
from .places import (
    SIGN_IN,
    SIGN_OUT,
    SIGNED_IN,
    SIGNED_OUT,
    is_readable_on_the_way,
    is_secure,
    own_path,
    redirect_uri,
)

logger = logging.getLogger(__name__)

sign_in_pages = Blueprint("sign_in", __name__, template_folder="templates")

View = Callable[..., Response]


class Door:
    """What the pages need: the settings and, where a client is registered with the issuer, the flow."""

    def __init__(self, settings: Settings, flow: Flow | None) -> None:
        self.settings = settings
        self._flow = flow

    @property
    def flow(self) -> Flow:
        """
        Raises:
          HTTPException: a page that says what is missing.
        """
        if self._flow is None:
            raise HTTPException(
                response=closed(
                    403,
                    "The dashboard is closed",
                    "Nobody can sign in before whoever runs the service registers it with the issuer and sets "
                    "OAUTH_CLIENT_ID.",
                )
            )
        return self._flow

    def cookie_name(self) -> str:
        """The session's cookie. Over HTTPS, browsers take one of this name from HTTPS alone (RFC 6265bis, 4.1.3)."""
        return "__Secure-lastin-session" if is_secure(self.settings) else "lastin-session"

    def secret(self) -> str:
        """What the browser's cookie holds."""
        return request.cookies.get(self.cookie_name(), "")


def door() -> Door:
    """This application's."""
    found: Door = current_app.extensions["sign_in"]
    return found


def of_the_moment(view: View) -> View:
    """Whatever the view answers isn't kept; without Redis, that is a page too."""

    @wraps(view)
    def wrapped() -> Response:
        try:
            response = view()
        except RedisAwayError as error:
            response = redis_away(error)
        response.headers["Cache-Control"] = "no-store"
        return response

    return wrapped


@sign_in_pages.get(SIGN_IN)
@needs(NONE)
@of_the_moment
def begin() -> Response:
    """Lead the browser to the issuer."""
    settings, flow = door().settings, door().flow
    if is_readable_on_the_way(settings):
        return closed(
            403,
            "Signing in needs HTTPS",
            f"The issuer would send people back to {redirect_uri(settings)}, where others could read along. Behind a "
            "proxy that speaks HTTPS, set TRUSTED_PROXIES or DASHBOARD_URL.",
        )
    attempt = Attempt.begin(own_path(request.args.get("to")))
    try:
        question = flow.question(attempt, redirect_uri(settings), anew="anew" in request.args)
    except IssuerAwayError:
        return _away(attempt.to)
    response: Response = redirect(question, 303)
    response.set_cookie(
        attempts.cookie_name(attempt.state),
        attempt.cookie,
        max_age=attempts.KEPT_S,
        path=SIGNED_IN,
        secure=is_secure(settings),
        httponly=True,
        samesite="Lax",
    )
    return response


@sign_in_pages.get(SIGNED_IN)
@needs(NONE)
@of_the_moment
def finish() -> Response:
    """Take the issuer's answer: the redirect URI."""
    flow = door().flow
    answer = {name: values[0] for name, values in request.args.lists() if len(values) == 1}
    cookie_name = attempts.cookie_name(answer.get("state", ""))
    attempt = Attempt.remembered(request.cookies.get(cookie_name, ""), answer.get("state", ""))
    if attempt is None:
        return closed(
            400,
            "This can't be finished here",
            "Signing in began in another browser or under another address, took longer than ten minutes, or was "
            "finished already.",
            sign_in(PAGES),
        )
    response = _finished(flow, attempt, answer)
    response.delete_cookie(
        cookie_name, path=SIGNED_IN, secure=is_secure(door().settings), httponly=True, samesite="Lax"
    )
    return response


def _finished(flow: Flow, attempt: Attempt, answer: dict[str, str]) -> Response:
    settings = door().settings
    try:
        session = flow.finish(attempt, answer, redirect_uri(settings))
    except DeniedError as error:
        return closed(403, "You aren't signed in", str(error), sign_in(attempt.to))
    except MayNotLookError as error:
        return closed(403, "You may not look at this", str(error), sign_in_anew(attempt.to))
    except SignInRefusedError as error:
        return closed(400, "You aren't signed in", str(error), sign_in(attempt.to))
    except (IssuerAwayError, KeysAwayError):
        return _away(attempt.to)
    # Never under a name that was there before: somebody else may know that.
    secret = flow.sessions.begin(session)
    flow.sessions.end(door().secret())
    logger.info("%s signed in to the dashboard.", session.subject)
    response: Response = redirect(attempt.to, 303)
    response.set_cookie(
        door().cookie_name(), secret, path=PAGES, secure=is_secure(settings), httponly=True, samesite="Lax"
    )
    return response


@sign_in_pages.post(SIGN_OUT)
@needs(NONE)
@of_the_moment
def leave() -> Response:
    """End the session, here and in Redis: from then on nobody can use its cookie, wherever it was copied to."""
    session = door().flow.sessions.find(door().secret())
    if session is not None:
        door().flow.sessions.end(door().secret())
        logger.info("%s signed out of the dashboard.", session.subject)
    response: Response = redirect(SIGNED_OUT, 303)
    response.delete_cookie(
        door().cookie_name(), path=PAGES, secure=is_secure(door().settings), httponly=True, samesite="Lax"
    )
    return response


@sign_in_pages.get(SIGNED_OUT)
@needs(NONE)
@of_the_moment
def left() -> Response:
    """Where people are who have signed out."""
    return closed(
        200,
        "You are signed out",
        "Here, that is: the issuer may still know you.",
        sign_in(PAGES),
        sign_in_anew(PAGES),
    )


def _away(to: str) -> Response:
    return closed(
        503,
        "The issuer can't be reached",
        "So who you are can't be told now. Try again in a moment. For whoever runs the service: the log of web says "
        "what is wrong.",
        sign_in(to),
    )
