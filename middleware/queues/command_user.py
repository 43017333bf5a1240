"""Whose word a command is."""

from __future__ import annotations

import getpass


def command_user() -> str:
    """Who runs this command, for what is kept of pauses and windows. Told by the system, and no proof: whoever can run
    commands can write to Redis."""
    try:
        return f"{getpass.getuser()} (command line)"
    except (KeyError, OSError):  # a container's user often has no name
        return "command line"
