"""``python -m api``: check the settings and the port, then serve."""

from __future__ import annotations

import errno
import logging
import os
import socket
import sys

from middleware import logs
from middleware.errors import SettingsError
from middleware.floors import RUN
from middleware.metrics import exposition
from middleware.metrics.process_group import GroupFolderError, ProcessGroup
from middleware.serving import check_serving
from middleware.settings import Settings, exit_with, load_or_exit

from .redis_watch import RedisWatch
from .server import make_server

logger = logging.getLogger("api")


def main() -> None:
    """Serve until asked to end. Exit status 1: no port; 2: a setting that can't be, or a Redis Cluster."""
    settings = load_or_exit()
    logs.configure(settings, process="web")
    try:
        check_serving(settings)
    except SettingsError as error:
        exit_with(error)
    if settings.is_public and settings.auth == "off":
        logger.warning("AUTH is off and HOST is %s: everybody who reaches this machine can use the API.", settings.host)
    watch = RedisWatch(settings)
    watch.look_first()
    server = make_server(settings, free_address(settings))
    server.when_started = watch.start
    count_together()
    server.serve()
    if watch.refused is not None:
        exit_with(watch.refused)


def count_together() -> None:
    """Let the processes of this server share a folder of metrics."""
    group = ProcessGroup("web", os.getpid())
    try:
        group.host()
        exposition.share(group.folder())
    except (GroupFolderError, OSError) as error:
        logger.warning("Each web process counts for itself, and /metrics shows one of them: %s", error)


def free_address(settings: Settings) -> str:
    """The IP address to listen on. One that isn't available is named in words, where a server would show a trace."""
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
        return f"Port {settings.port} is taken. Choose another, for instance PORT={settings.port + 1} {RUN}."
    return f"Can't listen on {settings.host} port {settings.port}: {error.strerror}."


if __name__ == "__main__":
    main()
