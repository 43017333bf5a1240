"""The HTTP server: Granian, whose processes are asked to end until they do."""

from __future__ import annotations

import resource
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any

from flask import Flask
from granian._granian import RSGIWorker, WorkerSignal
from granian._signals import set_main_signals
from granian.constants import HTTPModes, Interfaces, SSLProtocols
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server.common import WORKERS_METHODS
from granian.server.mp import MPServer, WorkerProcess

from middleware.serving import certificate
from middleware.settings import Settings
from middleware.telemetry.installed import flush

from .incoming.gateway import AtOnce, Gateway
from .interruption import Interruption

TELL_AGAIN_S = 0.2
LONGEST_ANSWERING_S = 6.0
"""A process that is told to end waits so long for requests to be answered. One for which Redis says a byte now and then
could hold it for ever."""

LONGEST_SENDING_S = 3.0
"""When all requests that came in whole are answered, a process that ends waits so long for clients to take the answers.
Without a bound, one that has sent half of its headers could hold it for 30 s."""

MOST_CONNECTIONS = 8192
"""The most connections that one process holds; Granian takes no more while they stand, and by default 1,024 in all:
that many silent ones would shut out everybody else. A silent one costs three kilobytes and no thread."""
MOST_HEADERS = 65_536
"""Bytes of a request's first line and headers; beyond that: 431. What isn't complete is held for 30 s."""
OTHER_FILES = 128
"""How many files and connections of its own a process may need beside them."""
BACKLOG = 4096
"""How many connections may wait to be taken, as far as the system allows."""


class Server(MPServer):
    """Granian asks each of its processes once to end, and one that has just begun to listen to signals may lose that
    (seen with 2.8: it then served on until it was killed, 20 s later). Asking twice does no harm.

    ``when_started`` is called once its processes have been started: threads of the main process begin after their fork.
    """

    when_started: Callable[[], None] | None = None

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.main_loop_interrupt: Any = Interruption(lambda: self.interrupt_signal)

    @staticmethod
    @WorkerProcess.wrap_target  # type: ignore[untyped-decorator]
    def _spawn_wsgi_worker(number: int, application: Flask, sock: Any, ipc: Any, _loop: Any, *options: Any) -> None:
        """In a process of its own: as Granian does it, but with its RSGI worker, and with our gateway between that and
        the application."""
        mode, *before, threads, idle_s, backpressure, _, http, http1, http2, _, static, _, ssl, _, metrics = options
        told, leave, ended = SimpleQueue[int](), WorkerSignal(), threading.Event()
        leave.add_cb(ended.set)
        set_main_signals(lambda number, _frame: told.put(number))
        make_worker: Any = RSGIWorker  # its stub lacks arguments
        worker = make_worker(
            *(number, sock, ipc, *before, threads, idle_s, backpressure, http, http1, http2),
            *(False, static, *ssl, metrics),
        )
        serve = getattr(worker, WORKERS_METHODS[mode][(sock[0] or sock[1]).is_uds()])
        loop = AtOnce()
        gateway = Gateway(loop, application, threads)
        serve(gateway, loop, leave)
        told.get()
        # It waits for all connections, in whatever state they are, and must have the main thread for itself meanwhile.
        threading.Thread(target=leave.set, daemon=True).start()
        gateway.end()
        application.extensions["endings"].close()  # who waits for a job's end is answered now
        gateway.wait_until_answered(LONGEST_ANSWERING_S)
        ended.wait(LONGEST_SENDING_S)
        flush()

    def _spawn_workers(self, *args: Any) -> None:
        super()._spawn_workers(*args)  # type: ignore[no-untyped-call]
        if self.when_started is not None:
            self.when_started()

    def _stop_workers(self) -> None:
        stopped = threading.Event()
        threading.Thread(target=self._tell_again, args=(stopped,), daemon=True).start()
        super()._stop_workers()  # type: ignore[no-untyped-call]
        stopped.set()
        if self.interrupt_signal:
            # Asked to end: a process that died on the way, as one that was just starting may, is no failure.
            self.interrupt_children.clear()

    def _tell_again(self, stopped: threading.Event) -> None:
        while not stopped.wait(TELL_AGAIN_S):
            for worker in list(self.wrks):
                if worker.is_alive():
                    worker.terminate()


APPLICATION = f"{__package__}.wsgi:application"


def make_server(settings: Settings, address: str, target: str = APPLICATION) -> Server:
    """The server, not yet started. A process of it that dies is started again: without that one death ends the
    service.

    Raises:
      SettingsError: there is something wrong with the certificate.
    """
    tls = certificate(settings)
    return Server(
        target,
        address=address,
        port=settings.port,
        interface=Interfaces.WSGI,
        # Guessing whether HTTP/2 comes, Granian waits for a silent client without end; here for 30 s.
        http=HTTPModes.http1,
        backlog=BACKLOG,
        backpressure=room_for_connections(),
        http1_settings=HTTP1Settings(header_read_timeout=30_000, max_buffer_size=MOST_HEADERS),
        factory=True,
        workers=settings.web_concurrency,
        blocking_threads=settings.web_threads,
        respawn_failed_workers=True,
        workers_kill_timeout=20,
        ssl_cert=tls.chain if tls else None,
        ssl_key=tls.key if tls else None,
        ssl_protocol_min=SSLProtocols.tls12,
        log_level=LogLevels.error,
        log_dictconfig={"loggers": {"_granian": {"propagate": True}}},
    )


def room_for_connections() -> int:
    """How many connections a process may hold: each needs a file. The limit on files is raised as far as may be, for
    this process and those it starts."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_CONNECTIONS + OTHER_FILES
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            soft = wanted
        except (OSError, ValueError):  # macOS has a bound of its own, and says "no limit"
            pass
    return MOST_CONNECTIONS if soft == resource.RLIM_INFINITY else max(1, min(MOST_CONNECTIONS, soft - OTHER_FILES))
