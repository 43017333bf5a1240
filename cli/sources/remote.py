"""The HTTP API, with the standard library's client."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from http.client import HTTPException, HTTPMessage
from typing import TYPE_CHECKING, Any, TypeVar, cast
from urllib.parse import parse_qs, urlencode, urlsplit

from middleware import VERSION

from ..endings import Away, Conflict, Failed, Missing, Unusable
from . import Page, Query

if TYPE_CHECKING:
    from middleware.broker import LifoBroker

T = TypeVar("T")

TIMEOUT_S = 30.0
NEXT_PAGE = re.compile(r'<([^>]+)>\s*;\s*rel="next"')
KINDS: Mapping[int, type[Failed]] = {400: Unusable, 404: Missing, 409: Conflict, 429: Away, 502: Away, 503: Away}
"""What a command makes of an error status; all others are Failed."""
MOST_ERRORS = 5


class NoRedirects(urllib.request.HTTPRedirectHandler):
    """A redirect is an error: followed, it would take the token to another host."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Not followed."""


class Remote:
    """Asks the API, with a token if there is one."""

    def __init__(self, url: str, token: str | None) -> None:
        self._url = url
        self._headers = {"Accept": "application/json", "User-Agent": f"lastin/{VERSION}"}
        if token is not None:
            self._headers["Authorization"] = f"Bearer {token}"
        self._opener = urllib.request.build_opener(NoRedirects)

    def get(self, path: str, query: Query, here: Callable[[LifoBroker], T]) -> T:
        """The answer to GET."""
        return cast("T", self._ask("GET", _with(path, query))[0])

    def page(self, path: str, query: Query, here: Callable[[LifoBroker], Page]) -> Page:
        """The answer to GET, and the cursor in its ``Link`` header."""
        rows, headers = self._ask("GET", _with(path, query))
        found = NEXT_PAGE.search(headers.get("Link", ""))
        return Page(rows, parse_qs(urlsplit(found[1]).query)["cursor"][0] if found else None)

    def post(self, path: str, body: Mapping[str, Any], here: Callable[[LifoBroker], T]) -> T:
        """The answer to POST."""
        return cast("T", self._ask("POST", path, body)[0])

    def maintained(self) -> AbstractContextManager[None]:
        """The service looks after itself."""
        return nullcontext()

    def _ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> tuple[Any, HTTPMessage]:
        data = None if body is None else json.dumps(body).encode()
        headers = self._headers | ({} if data is None else {"Content-Type": "application/json"})
        request = urllib.request.Request(self._url + path, data, headers, method=method)  # noqa: S310 (http or https: read.api_url)
        try:
            with self._opener.open(request, timeout=TIMEOUT_S) as answer:
                return json.loads(answer.read()), answer.headers
        except urllib.error.HTTPError as error:
            with error:
                raise self._told(error) from None
        except urllib.error.URLError as error:
            raise Away(f"{self._url} can't be reached: {_reason(error.reason)}. Is LASTIN_URL right?") from None
        except (TimeoutError, ConnectionError, HTTPException) as error:
            raise Away(f"{self._url} broke off its answer: {_reason(error)}.") from None
        except ValueError:
            raise Failed(f"{self._url} doesn't answer as LastIn does: is LASTIN_URL right?") from None

    def _told(self, error: urllib.error.HTTPError) -> Failed:
        """A problem document in one line."""
        if 300 <= error.code < 400:
            return Failed(
                f"{self._url} leads on to {error.headers.get('Location', '?')}: set LASTIN_URL to where it is."
            )
        try:
            problem = json.loads(error.read())
            text = "; ".join(_sentences(problem))
        except (ValueError, TypeError, AttributeError, OSError, HTTPException):
            return KINDS.get(error.code, Failed)(f"{self._url} answers {error.code} {error.reason}.")
        if error.code == 401:
            text += f" {'LASTIN_TOKEN holds none.' if 'Authorization' in self._headers else 'Set LASTIN_TOKEN.'}"
        if error.code >= 500 and error.code != 503:
            text += f" (request {problem.get('request_id')})"
        return KINDS.get(error.code, Failed)(text)


def _sentences(problem: Mapping[str, Any]) -> Iterator[str]:
    errors = problem.get("errors") or []
    if len(errors) < 2:
        yield str(problem["detail"])
    for error in errors[:MOST_ERRORS] if len(errors) > 1 else []:
        where = error.get("pointer") or error.get("parameter") or error.get("header") or ""
        yield f"{where}: {error.get('detail')}"
    if len(errors) > MOST_ERRORS:
        yield f"and {len(errors) - MOST_ERRORS} more"


def _reason(error: object) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def _with(path: str, query: Query) -> str:
    return f"{path}?{urlencode(query)}" if query else path
