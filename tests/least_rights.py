"""``LASTIN_TEST_ACL=1``: the service connects as the user of ``deploy/redis/users.acl``, the tests as administrator."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import redis

from local.embedded import EmbeddedServer

USERS_FILE = Path(__file__).resolve().parent.parent / "deploy" / "redis" / "users.acl"
USER, PASSWORD = "lastin", "least-rights"
NOT_YET = "0" * 64
"""Stands in the file where the hash of a password belongs: nobody can log in before it is replaced."""


def rules() -> list[str]:
    """The words of the user's line, with the password of the tests."""
    [line] = re.findall(rf"^user {USER} (.+)$", USERS_FILE.read_text(encoding="ascii"), re.MULTILINE)
    return [f">{PASSWORD}" if word == f"#{NOT_YET}" else word for word in line.split()]


def install() -> None:
    """From now on every server of the tests knows that user, whom its URL names; ``redis.Redis.from_url``, which the
    service never calls, stays the administrator's."""
    make_server, plain_url, make_client = EmbeddedServer.__init__, EmbeddedServer.url, redis.Redis.from_url.__func__  # type: ignore[attr-defined]

    def guarded(self: EmbeddedServer, *words: Any, options: Sequence[str] = (), **more: Any) -> None:
        make_server(self, *words, options=(*options, "--user", USER, *rules()), **more)

    def url(self: EmbeddedServer) -> str:
        return str(plain_url.fget(self)).replace("://", f"://{USER}:{PASSWORD}@")  # type: ignore[attr-defined]

    def from_url(cls: type[redis.Redis], url: str, **options: Any) -> redis.Redis:
        parts = urlsplit(url)
        return make_client(cls, parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl(), **options)  # type: ignore[no-any-return]

    EmbeddedServer.__init__ = guarded  # type: ignore[method-assign]
    EmbeddedServer.url = property(url)  # type: ignore[assignment,method-assign]
    redis.Redis.from_url = classmethod(from_url)  # type: ignore[assignment,method-assign]
