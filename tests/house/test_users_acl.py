"""``deploy/redis/users.acl`` allows what our code does; ``make acl`` runs all of it as that user."""

from __future__ import annotations

import re

import redis

from ..least_rights import NOT_YET, rules
from ..service import ROOT

WORDS_OF = {"lua/*.lua": r"'([A-Z]+)'", "*.py": r"""[(\[]\s*"([A-Z]+)"[,)\]]"""}
NOT_SENT = {"debug", "readonly"}
"""Commands of Redis by name, but a level of logs and an answer where they stand in our code."""

MAY_BE_REFUSED = {"+config"}
"""Whoever may ask for the configuration sees the passwords in it: a refusal only leaves some settings unknown."""


def test_every_command_of_the_code_is_allowed(redis_client: redis.Redis) -> None:
    known = {str(name).lower() for name in redis_client.command()} - NOT_SENT
    words = {
        word.lower()
        for files, pattern in WORDS_OF.items()
        for file in (ROOT / "middleware").rglob(files)
        for word in re.findall(pattern, file.read_text(encoding="utf-8"))
    }

    used = {f"+{word}" for word in words & known} - MAY_BE_REFUSED
    assert {"+zadd", "+zrevrank"} <= used
    assert used - set(rules()) == set(), "Add them to deploy/redis/users.acl."


def test_nobody_can_log_in_before_the_operator_sets_a_password() -> None:
    text = (ROOT / "deploy" / "redis" / "users.acl").read_text(encoding="ascii")

    assert re.findall(r" [#>]\S+", text) == [f" #{NOT_YET}"]
    assert "nopass" not in text
    assert "user default off" in text.splitlines()
