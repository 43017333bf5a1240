"""Styles, scripts and the icon of the dashboard: all of them ours, compressed once, kept by browsers for a year."""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from flask import Response, abort, request, url_for

FOLDER = Path(__file__).parent / "static"
TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
FOREVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class Asset:
    """A file as it is sent. ``version`` is another one for other bytes."""

    media_type: str
    plain: bytes
    compressed: bytes
    version: str


@cache
def names() -> frozenset[str]:
    """Of the files that are sent."""
    files = (file for file in FOLDER.rglob("*") if file.suffix in TYPES)
    return frozenset(file.relative_to(FOLDER).as_posix() for file in files)


@lru_cache(maxsize=64)
def asset(name: str) -> Asset:
    """One of the files that there are (:func:`names`)."""
    plain = (FOLDER / name).read_bytes()
    version = hashlib.blake2b(plain, digest_size=6).hexdigest()
    return Asset(TYPES[Path(name).suffix], plain, gzip.compress(plain, 9, mtime=0), version)


def address(name: str) -> str:
    """Where a file is. The address is another one when the file has changed, so that browsers may keep it."""
    return url_for("dashboard.show_asset", name=name, v=asset(name).version)


def show_asset(name: str) -> Response:
    """A file."""
    if name not in names():
        abort(404)
    found = asset(name)
    is_compressed = request.accept_encodings["gzip"] > 0
    answer = Response(
        found.compressed if is_compressed else found.plain, content_type=f"{found.media_type}; charset=utf-8"
    )
    answer.headers["Vary"] = "Accept-Encoding"
    answer.headers["Cache-Control"] = FOREVER if request.args.get("v") == found.version else "no-cache"
    answer.headers["ETag"] = f'"{found.version}{"-gz" if is_compressed else ""}"'
    if is_compressed:
        answer.headers["Content-Encoding"] = "gzip"
    return answer
