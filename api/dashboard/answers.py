"""How pages are answered: whole to browsers, and only what lives to those that poll, with 304 where nothing changed."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable
from functools import wraps
from typing import Any, NamedTuple

from flask import Response, current_app, render_template, request

from ..access.scopes import READ, needs
from ..wire.caching import Cached
from .viewer import viewer

MOST_KEPT = 64
"""Pages of which a process keeps the part that lives."""


class Live(NamedTuple):
    """What a page shows: its template, and what that is given. ``is_live``: it is polled."""

    template: str
    values: dict[str, Any]
    status: int = 200
    is_live: bool = True


class _Fragment(NamedTuple):
    body: bytes
    tag: str
    status: int


class Fragments:
    """The parts of pages that live, as they were rendered last: they may be a second old, so that many who poll the
    same cost no more than one. Those who come while one is rendered wait for it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[object, ...], Cached[_Fragment]] = OrderedDict()

    def get(self, key: tuple[object, ...], render: Callable[[], _Fragment]) -> _Fragment:
        """The fragment of this key."""
        with self._lock:
            kept = self._kept.setdefault(key, Cached(render))
            self._kept.move_to_end(key)
            if len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
        return kept.get()


def page(view: Callable[..., Live | Response]) -> Callable[..., Response]:
    """A view that tells what a page shows. Whoever polls it (htmx) gets that alone; a browser the whole page. To look
    needs ``jobs:read``, unless the view needs something else."""

    @needs(READ)
    @wraps(view)
    def answered(**arguments: Any) -> Response:
        if request.headers.get("HX-Request"):
            return _fragment_answer(view, arguments)
        shown = view(**arguments)
        if not isinstance(shown, Live):
            return shown
        body = render_template("dashboard/page.html", content=shown.template, is_live=shown.is_live, **shown.values)
        return _uncached(Response(body, shown.status))

    return answered


def _fragment_answer(view: Callable[..., Live | Response], arguments: dict[str, Any]) -> Response:
    fragments: Fragments = current_app.extensions["dashboard"]

    def render() -> _Fragment:
        shown = view(**arguments)
        if isinstance(shown, Live):
            body = render_template("dashboard/live.html", content=shown.template, **shown.values).encode()
        else:
            body = shown.get_data()
        status = shown.status if isinstance(shown, Live) else shown.status_code
        return _Fragment(body, hashlib.blake2b(body, digest_size=9).hexdigest(), status)

    key = (request.path, request.query_string, viewer())
    fragment = fragments.get(key, render)
    known = request.headers.get("HX-PTag") == fragment.tag or request.if_none_match.contains_weak(fragment.tag)
    answer = Response(status=304) if known else Response(fragment.body, fragment.status)
    answer.headers["ETag"] = f'"{fragment.tag}"'
    answer.headers["HX-PTag"] = fragment.tag
    return _uncached(answer)


def _uncached(answer: Response) -> Response:
    """Jobs are nobody's business who looks through a browser's files."""
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["Vary"] = "HX-Request"
    return answer
