"""A password that Redis doesn't take ends a program that starts: waiting wouldn't help."""

from __future__ import annotations

from pathlib import Path

import pytest

from local.embedded import EmbeddedServer, free_port

from ..service import python
from .test_redis_cluster import PROGRAMS


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_program_ends_with_one_line_and_status_2(tmp_path: Path, program: str) -> None:
    with EmbeddedServer(tmp_path / "redis", password="the-right-one") as server:
        url = f"redis://:not-that-secret@127.0.0.1:{server.port}/0"
        ended = python(*PROGRAMS[program], REDIS_URL=url, PORT=str(free_port()))

    assert ended.returncode == 2
    assert ended.stderr.count("lastin: Redis refuses this program") == 1
    assert "check user and password in REDIS_URL." in ended.stderr
    assert "Traceback" not in ended.stderr + ended.stdout
    assert "secret" not in ended.stderr
