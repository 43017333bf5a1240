"""``python -m api``: check the settings and the port, then serve."""

from __future__ import annotations

import errno
import logging
import os
import signal
import socket
import sys
from typing import Any

from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server.common import AbstractServer

from middleware import logs
from middleware.errors import SettingsError
from middleware.settings import Settings, exit_with, load_or_exit

log = logging.getLogger("api")


def main() -> None:
    """Serve until told to end. Exit status 1: no port; 2: a setting that can't be."""
    settings = load_or_exit()
    logs.configure(settings, process="web")
    check_exposure(settings)
    os.register_at_fork(after_in_child=end_when_told)
    server(settings, free_address(settings)).serve()


def end_when_told() -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)


def check_exposure(settings: Settings) -> None:
    """An API that other machines reach is open to everybody only when somebody said so."""
    if not settings.is_public:
        return
    if settings.auth is None:
        reason = f"HOST is {settings.host}, so other machines reach the API, but AUTH isn't set."
        exit_with(SettingsError(f"{reason} Set AUTH=oauth, or AUTH=off if everybody who reaches it may use it."))
    if settings.auth == "off":
        log.warning("AUTH is off and HOST is %s: everybody who reaches this machine can use the API.", settings.host)


def free_address(settings: Settings) -> str:
    """The IP address to listen on. That it can't be had is told in words, where a server would show a trace."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
        return str(address[0])
    except OSError as error:
        sys.stderr.write(f"lastin: {_why_not(settings, error)}\n")
        raise SystemExit(1) from None


def _why_not(settings: Settings, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {settings.port} is taken. Choose another, for instance PORT={settings.port + 1} make run."
    return f"Can't listen on {settings.host} port {settings.port}: {error.strerror}."


def server(settings: Settings, address: str, target: str = "api.wsgi:application") -> AbstractServer[Any]:
    """The HTTP server. A process of it that dies is started again: without that one death ends the service."""
    granian: AbstractServer[Any] = Granian(
        target,
        address=address,
        port=settings.port,
        interface=Interfaces.WSGI,
        factory=True,
        workers=settings.web_concurrency,
        blocking_threads=settings.web_threads,
        respawn_failed_workers=True,
        workers_kill_timeout=20,
        log_level=LogLevels.error,
        log_dictconfig={"loggers": {"_granian": {"propagate": True}}},
    )
    return granian


if __name__ == "__main__":
    main()
