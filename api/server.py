"""The HTTP server: Granian, with its processes told to end until they do."""

from __future__ import annotations

import os
import signal
import threading

from granian.constants import Interfaces, SSLProtocols
from granian.log import LogLevels
from granian.server.mp import MPServer

from middleware.settings import Settings

from .tls import certificate

TELL_AGAIN_S = 0.2
END_WAITS = signal.SIGUSR1
"""Sent to each process before it is told to end: requests that wait for a job's end are answered then, instead of
holding it up for 25 s."""


class Server(MPServer):
    """Granian tells each of its processes once to end, and one that has just begun to listen to signals may lose that
    (seen with 2.8: it then served on until it was killed, 20 s later). Being told twice does no harm."""

    def _stop_workers(self) -> None:
        for worker in self.wrks:
            if worker.is_alive():
                os.kill(worker.inner.pid, END_WAITS)
        stopped = threading.Event()
        threading.Thread(target=self._tell_again, args=(stopped,), daemon=True).start()
        super()._stop_workers()  # type: ignore[no-untyped-call]
        stopped.set()
        if self.interrupt_signal:
            # Told to end: a process that died on the way, as one that was just starting may, is no failure.
            self.interrupt_children.clear()

    def _tell_again(self, stopped: threading.Event) -> None:
        while not stopped.wait(TELL_AGAIN_S):
            for worker in list(self.wrks):
                if worker.is_alive():
                    worker.terminate()


def make_server(settings: Settings, address: str, target: str = "api.wsgi:application") -> Server:
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
