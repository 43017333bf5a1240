"""Who runs a command."""

from __future__ import annotations

import getpass


def command_user() -> str:
    """The system's name of who runs this command, kept with pauses and windows. It proves nothing: whoever can run
    commands can write to Redis."""
    try:
        return f"{getpass.getuser()} (command line)"
    except (KeyError, OSError):  # a container's user often has no name
        return "command line"
