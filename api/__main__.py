"""``python -m api``: check the settings and the port, then become the HTTP server."""

from __future__ import annotations

import errno
import logging
import os
import socket
import sys

from middleware import logs
from middleware.errors import SettingsError
from middleware.settings import Settings, exit_with, load_or_exit

log = logging.getLogger("api")

BACKLOG = 1024


def main() -> None:
    """Never returns: the process becomes the server, or ends with 1 (no port) or 2 (settings)."""
    settings = load_or_exit()
    check_exposure(settings)
    check_port(settings)
    command = server_command(settings)
    os.execv(command[0], command)  # noqa: S606 (no shell: a list of our own making)


def check_exposure(settings: Settings) -> None:
    """An API that other machines reach is open to everybody only when somebody said so."""
    if not settings.is_public:
        return
    if settings.auth is None:
        reason = f"HOST is {settings.host}, so other machines reach the API, but AUTH isn't set."
        exit_with(SettingsError(f"{reason} Set AUTH=off if everybody who reaches it may use it."))
    logs.configure(settings, process="web")
    log.warning("AUTH is off and HOST is %s: everybody who reaches this machine can use the API.", settings.host)


def check_port(settings: Settings) -> None:
    """Tell in words what a server would tell in a trace: that the address can't be had."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        sys.stderr.write(f"lastin: {_why_not(settings, error)}\n")
        raise SystemExit(1) from None


def _why_not(settings: Settings, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {settings.port} is taken. Choose another, for instance PORT={settings.port + 1} make run."
    return f"Can't listen on {settings.host} port {settings.port}: {error.strerror}."


def server_command(settings: Settings) -> list[str]:
    """Granian's command line. A process of it that dies is started again: without that one death ends the service."""
    return [
        *(sys.executable, "-m", "granian", "--interface", "wsgi", "--factory", "api.wsgi:application"),
        *("--host", settings.host, "--port", str(settings.port), "--backlog", str(BACKLOG)),
        *("--workers", str(settings.web_concurrency), "--blocking-threads", str(settings.web_threads)),
        *("--respawn-failed-workers", "--workers-kill-timeout", "20", "--no-access-log", "--log-level", "warning"),
    ]


if __name__ == "__main__":
    main()
