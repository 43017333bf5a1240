"""The only reader of ``os.environ``: every setting, parsed and checked once, in a frozen object."""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import parse_qs, urlsplit, urlunsplit

from .errors import SettingsError

ROOT = Path(__file__).resolve().parent.parent
DATA_DIR = ROOT / ".data"
EMBEDDED_URL_FILE = DATA_DIR / "redis-url"
"""Where ``make run`` notes the URL of the embedded server, so that all commands in this clone find it."""

METRICS_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""The variable in which prometheus_client is told where processes share their metrics."""
SECRET = frozenset({"REDIS_URL", "METRICS_TOKEN"})
"""Settings whose values are never shown."""

LOOPBACK_HOSTS = frozenset({"127.0.0.1", "::1", "localhost"})


class _Unreadable(Exception):
    """What was expected; the setting's name and value are added by the caller."""


def _integer(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not (text.isascii() and text.isdigit()) or not low <= int(text) <= high:
            raise _Unreadable(f"a whole number from {low} to {high}")
        return int(text)

    return parse


def _number(low: float, high: float) -> Callable[[str], float]:
    def parse(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not low <= value <= high:
            raise _Unreadable(f"a number from {low:g} to {high:g}")
        return value

    return parse


def _one_of(*choices: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in choices:
            raise _Unreadable("one of " + ", ".join(choices))
        return text

    return parse


def _switch(text: str) -> bool:
    if text not in {"0", "1"}:
        raise _Unreadable("one of 0, 1")
    return text == "1"


def unverified(url: str) -> str:
    """A ``rediss://`` URL that takes any certificate, unless it says itself how to check it."""
    parts = urlsplit(url)
    if parts.scheme != "rediss" or {"ssl_cert_reqs", "ssl_ca_certs"} & parse_qs(parts.query).keys():
        return url
    return urlunsplit(parts._replace(query="&".join(filter(None, (parts.query, "ssl_cert_reqs=none")))))


def _redis_url(text: str) -> str:
    if not text.startswith(("redis://", "rediss://", "unix://")):
        raise _Unreadable("a URL that starts with redis://, rediss:// or unix://")
    return text


def _rate_limit(text: str) -> str:
    if not _RATES.fullmatch(text):
        raise _Unreadable("a number of requests in a time, such as 100/minute or 5/second;1000/hour")
    return text


_RATE = r"\s*[1-9]\d*\s*(/|per)\s*([1-9]\d*\s*)?(second|minute|hour|day)s?\s*"
_RATES = re.compile(rf"{_RATE}([,;|]{_RATE})*", re.ASCII | re.IGNORECASE)


def _jwks_url(text: str) -> str:
    parts = urlsplit(text)
    if not parts.hostname or (parts.scheme, parts.hostname in LOOPBACK_HOSTS) not in _SAFE_FOR_KEYS:
        raise _Unreadable("a URL that starts with https:// (http:// only on loopback: who changes keys opens the API)")
    return text


_SAFE_FOR_KEYS = {("https", True), ("https", False), ("http", True)}


def _log_tcp_url(text: str) -> str:
    try:
        parts = urlsplit(text)
        good = parts.scheme in ("tcp", "tls") and bool(parts.hostname) and bool(parts.port)
    except ValueError:
        good = False
    if not good or parts.username or parts.path or parts.query:
        raise _Unreadable("tcp://host:port or tls://host:port")
    return text


def _token(text: str) -> str:
    if not (8 <= len(text) <= 512 and text.isascii() and text.isprintable() and " " not in text):
        raise _Unreadable("8 to 512 visible ASCII characters")
    return text


def _names(text: str) -> frozenset[str]:
    return frozenset(name.strip() for name in text.split(",") if name.strip())


def _setting(name: str, default: Any, parse: Callable[[str], Any], doc: str, shown: str | None = None) -> Any:
    """A field with what ``.env.example`` needs to know of it; ``shown`` replaces a default that is computed."""
    metadata = {"name": name, "parse": parse, "doc": doc, "shown": str(default) if shown is None else shown}
    return dataclasses.field(default=default, metadata=metadata)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings, with units in the names. ``Settings()`` holds the defaults."""

    redis_url: str = _setting(
        "REDIS_URL",
        "redis://127.0.0.1:6379/0",
        _redis_url,
        "Redis or Valkey, 6.2 or newer, with AOF on. Unset: the embedded server of `make run`.",
        shown="",
    )
    redis_tls_verify: bool = _setting(
        "REDIS_TLS_VERIFY",
        True,
        _switch,
        "`0`: take any certificate of a `rediss://` server, as self-signed ones need. `ssl_cert_reqs` and "
        "`ssl_ca_certs` in REDIS_URL come first.",
        shown="1",
    )
    host: str = _setting("HOST", "127.0.0.1", str, "Address of the HTTP API; 0.0.0.0 when DYNO is set.")
    port: int = _setting("PORT", 8000, _integer(1, 65535), "Port of the HTTP API.")
    web_concurrency: int = _setting("WEB_CONCURRENCY", 2, _integer(1, 256), "Processes of the HTTP API.")
    web_threads: int = _setting("WEB_THREADS", 16, _integer(1, 1024), "Threads in each of them.")
    auth: str | None = _setting(
        "AUTH",
        None,
        _one_of("off", "oauth"),
        "Who may call the API. `off`: everybody who reaches it; `oauth`: who sends a token of the issuer. Must be set "
        "where HOST isn't loopback.",
        shown="",
    )
    oauth_issuer: str | None = _setting(
        "OAUTH_ISSUER", None, str, "The issuer that tokens must name as `iss`. Needed with AUTH=oauth.", shown=""
    )
    oauth_audience: str | None = _setting(
        "OAUTH_AUDIENCE", None, str, "The audience that tokens must hold in `aud`. Needed with AUTH=oauth.", shown=""
    )
    oauth_jwks_url: str | None = _setting(
        "OAUTH_JWKS_URL",
        None,
        _jwks_url,
        "Where the issuer publishes its keys (`jwks_uri` of its metadata). Needed with AUTH=oauth.",
        shown="",
    )
    tls_cert_file: str | None = _setting(
        "TLS_CERT_FILE",
        None,
        str,
        "Certificate chain in PEM: with TLS_KEY_FILE, the HTTP API speaks HTTPS (TLS 1.2 or newer) and nothing else.",
        shown="",
    )
    tls_key_file: str | None = _setting("TLS_KEY_FILE", None, str, "Its private key, unencrypted, in PEM.", shown="")
    trusted_proxies: int = _setting(
        "TRUSTED_PROXIES",
        0,
        _integer(0, 16),
        "So many proxies stand before the API, each of which adds the address it hears to X-Forwarded-For.",
    )
    worker_processes: int = _setting(
        "WORKER_PROCESSES", 1, _integer(1, 256), "Processes of the worker, as the Procfile starts it."
    )
    worker_threads: int = _setting("WORKER_THREADS", 8, _integer(1, 1024), "Threads in each of them.")
    worker_pin: bool = _setting(
        "WORKER_PIN", False, _switch, "1: bind each worker process to a core of its own (Linux).", shown="0"
    )
    worker_shutdown_ms: int = _setting(
        "WORKER_SHUTDOWN_MS",
        25_000,
        _integer(0, 3_600_000),
        "How long running jobs may go on after SIGTERM; what isn't done by then is put back.",
    )
    queues: frozenset[str] = _setting(
        "QUEUES",
        frozenset(),
        _names,
        "The queues this worker consumes, with commas between; empty: all. Tasks must declare each of them.",
        shown="",
    )
    cadence_file: str = _setting(
        "CADENCE_FILE", "scheduler/cadence.toml", str, "When windows open, and what they let through."
    )
    cadence_overrides: tuple[tuple[str, str], ...] = _setting(
        "CADENCE_<QUEUE>_<KEY>",
        (),
        str,
        "Overrides a key of the cadence file, for example `CADENCE_DEFAULT_EVERY=10s` (see `docs/cadence.md`).",
        shown="",
    )
    lease_s: float = _setting(
        "LEASE_S", 15.0, _number(0.2, 3600), "Seconds without a beat after which a job counts as lost.", shown="15"
    )
    crash_limit: int = _setting(
        "CRASH_LIMIT", 3, _integer(1, 1000), "So many lost leases in a row reject a job (worker_lost)."
    )
    retention_s: int = _setting(
        "RETENTION_S", 604_800, _integer(1, 10**9), "Seconds for which finished jobs are kept (7 days)."
    )
    retention_jobs: int = _setting(
        "RETENTION_JOBS", 1_000_000, _integer(0, 10**9), "So many finished jobs of a queue are kept at most."
    )
    retention_bytes: int | None = _setting(
        "RETENTION_BYTES",
        None,
        _integer(0, 10**15),
        "About so many bytes of finished jobs a queue keeps. Unset: a quarter of Redis's maxmemory, else 256 MiB.",
        shown="",
    )
    max_body_bytes: int = _setting("MAX_BODY_BYTES", 1_048_576, _integer(1024, 1 << 30), "Largest body of a request.")
    max_batch_bytes: int = _setting(
        "MAX_BATCH_BYTES", 8_388_608, _integer(1024, 1 << 30), "Largest body of `POST /v1/jobs/batch`."
    )
    max_queued: int = _setting(
        "MAX_QUEUED",
        0,
        _integer(0, 10**9),
        "So many jobs of a queue may wait (queued or scheduled) before the API refuses more with 503; 0: no bound.",
    )
    rate_limit: str | None = _setting(
        "RATE_LIMIT",
        None,
        _rate_limit,
        "Requests that a client may send, such as `100/minute` or `5/second;1000/hour`: the subject of its token, else "
        "its address. Unset: no limit.",
        shown="",
    )
    metrics_token: str | None = _setting(
        "METRICS_TOKEN",
        None,
        _token,
        "What a scraper of `/metrics` sends as `Authorization: Bearer …`. Unset: only this machine may scrape.",
        shown="",
    )
    worker_metrics_host: str = _setting(
        "WORKER_METRICS_HOST", "127.0.0.1", str, "Address on which a worker shows its own metrics, without a token."
    )
    worker_metrics_port: int = _setting(
        "WORKER_METRICS_PORT",
        9191,
        _integer(0, 65535),
        "Port for them, or where it is taken one of the next nine; 0: none. The web process shows them too.",
    )
    log_level: str = _setting(
        "LOG_LEVEL", "INFO", _one_of("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"), "Least level that is logged."
    )
    log_format: str | None = _setting(
        "LOG_FORMAT",
        None,
        _one_of("json", "console"),
        "`json`: one object a line; `console`: for people. Unset: console on a terminal, else json.",
        shown="",
    )
    log_file: str | None = _setting(
        "LOG_FILE", None, str, "A file that all processes add their lines to, as JSON, beside stdout.", shown=""
    )
    log_file_bytes: int = _setting(
        "LOG_FILE_BYTES", 50_000_000, _integer(1000, 10**12), "Size beyond which LOG_FILE is rotated."
    )
    log_file_kept: int = _setting(
        "LOG_FILE_KEPT", 5, _integer(0, 1000), "So many rotated files stay: LOG_FILE.1 is the newest of them."
    )
    log_tcp_url: str | None = _setting(
        "LOG_TCP_URL",
        None,
        _log_tcp_url,
        "Where lines go over TCP too: `tcp://host:port`, or `tls://host:port` with a certificate that is checked.",
        shown="",
    )
    log_tcp_format: str = _setting(
        "LOG_TCP_FORMAT",
        "jsonl",
        _one_of("jsonl", "rfc5424"),
        "`jsonl`: JSON lines; `rfc5424`: syslog, in octet-counted frames (RFC 6587).",
    )
    force_color: bool = _setting(
        "FORCE_COLOR",
        False,
        lambda text: True,
        "Any value: colours in console lines also where there is no terminal.",
        shown="",
    )
    no_color: bool = _setting(
        "NO_COLOR", False, lambda text: True, "Any value: no colours (https://no-color.org).", shown=""
    )

    def __post_init__(self) -> None:
        """Check what settings need of each other.

        Raises:
          SettingsError: names the one that is missing.
        """
        if not self.redis_tls_verify:
            object.__setattr__(self, "redis_url", unverified(self.redis_url))
        if (self.tls_cert_file is None) != (self.tls_key_file is None):
            missing_file = "TLS_CERT_FILE" if self.tls_cert_file is None else "TLS_KEY_FILE"
            raise SettingsError(f"HTTPS needs TLS_CERT_FILE and TLS_KEY_FILE: set {missing_file} too.")
        if self.auth == "oauth":
            needed = {
                "OAUTH_ISSUER": self.oauth_issuer,
                "OAUTH_AUDIENCE": self.oauth_audience,
                "OAUTH_JWKS_URL": self.oauth_jwks_url,
            }
            if missing := [name for name, value in needed.items() if not value]:
                raise SettingsError(f"AUTH=oauth needs {', '.join(needed)}: set {' and '.join(missing)} too.")

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Settings:
        """Parse and check ``environ``; an empty variable counts as unset.

        Raises:
          SettingsError: names the variable, what it held and what it may hold.
        """
        values: dict[str, Any] = {}
        if environ.get("DYNO"):
            values["host"] = "0.0.0.0"  # noqa: S104 (on Heroku only the router reaches a dyno's ports)
        if not environ.get("REDIS_URL") and EMBEDDED_URL_FILE.is_file():
            values["redis_url"] = EMBEDDED_URL_FILE.read_text(encoding="utf-8").strip()
        for field in dataclasses.fields(cls):
            name, text = field.metadata["name"], environ.get(field.metadata["name"], "")
            if not text:
                continue
            try:
                values[field.name] = field.metadata["parse"](text)
            except _Unreadable as error:
                shown = "a value that isn't shown" if name in SECRET else repr(text)
                raise SettingsError(f"{name} must be {error}, but holds {shown}.") from None
        values["cadence_overrides"] = tuple(
            (name, text)
            for name, text in sorted(environ.items())
            if text and name.startswith("CADENCE_") and name != "CADENCE_FILE"
        )
        return cls(**values)

    @property
    def lease_us(self) -> int:
        """The lease in microseconds, as the scripts take it."""
        return int(self.lease_s * 1_000_000)

    @property
    def is_public(self) -> bool:
        """True when other machines can reach the HTTP API."""
        return self.host not in LOOPBACK_HOSTS


def load() -> Settings:
    """The settings of this process, from its environment.

    Raises:
      SettingsError: as :meth:`Settings.from_environ`.
    """
    return Settings.from_environ(os.environ)


def share_metrics(folder: Path) -> None:
    """Let this process and its children share a folder of metrics."""
    os.environ[METRICS_FOLDER] = str(folder)


def shared_metrics() -> Path | None:
    """The folder that this process shares its metrics in; None when it keeps them for itself."""
    folder = os.environ.get(METRICS_FOLDER)
    return Path(folder) if folder else None


def load_or_exit() -> Settings:
    """As :func:`load`, but a setting that can't be read ends the process with one line and exit status 2."""
    try:
        return load()
    except SettingsError as error:
        exit_with(error)


def exit_with(error: SettingsError) -> NoReturn:
    """End the process as settings errors do: one line on stderr, exit status 2."""
    os.write(2, f"lastin: {error}\n".encode())
    raise SystemExit(2) from None
