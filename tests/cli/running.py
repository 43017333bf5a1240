"""Runs commands in this process."""

from __future__ import annotations

import json
from typing import Any

from click.testing import CliRunner, Result

from cli.root import lastin


def run(*words: str) -> Result:
    """A command, to its end."""
    return CliRunner().invoke(lastin, words, prog_name="lastin")


def told(*words: str, status: int = 0) -> str:
    """What it printed for people."""
    result = run(*words)
    assert result.exit_code == status, result.output
    return result.stdout


def answered(*words: str, status: int = 0) -> Any:
    """What it printed as JSON."""
    result = run(*words, "--json")
    assert result.exit_code == status, result.output
    return json.loads(result.stdout)


def submitted(*messages: str) -> list[str]:
    """The ids of new jobs."""
    return [answered("submit", message)["id"] for message in messages]
