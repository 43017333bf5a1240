"""Every setting: its variable, its default, what it may hold, and what it is for."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ..errors import SettingsError
from ..floors import PROJECT
from ..redis_link.address import Address, SentinelAddress
from . import values as read
from .values import setting

ROOT = Path(PROJECT)
DATA_DIR = ROOT / ".data"
EMBEDDED_URL_FILE = DATA_DIR / "redis-url"
"""Where ``make run`` notes the URL of the embedded server, so that all commands in this project find it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings, with units in the names. ``Settings()`` holds the defaults."""

    redis_url: str = setting(
        "REDIS_URL",
        "redis://127.0.0.1:6379/0",
        read.redis_url,
        "Redis or Valkey, 6.2 or newer, with an append-only file. A cluster needs REDIS_CLUSTER=1. Unset: the "
        "embedded server of `make run`.",
        shown="",
    )
    redis_tls_verify: bool = setting(
        "REDIS_TLS_VERIFY",
        True,
        read.switch,
        "`0`: accept any certificate of a `rediss://` server; needed for self-signed ones. `ssl_cert_reqs` and "
        "`ssl_ca_certs` in REDIS_URL take precedence.",
        shown="1",
    )
    redis_sentinels: tuple[SentinelAddress, ...] = setting(
        "REDIS_SENTINELS",
        (),
        read.sentinels,
        "Sentinels that say which server is the primary, as `host:port`, separated by commas; with `user:password@` "
        "before a host if a Sentinel needs them. REDIS_URL then gives user, password, database and TLS for the "
        "servers (`rediss://`: TLS to the Sentinels too); its host isn't used.",
        shown="",
    )
    redis_sentinel_service: str = setting(
        "REDIS_SENTINEL_SERVICE", "mymaster", str, "The name under which the Sentinels watch the servers."
    )
    redis_cluster: bool = setting(
        "REDIS_CLUSTER",
        False,
        read.switch,
        "`1`: REDIS_URL names one server of a Redis Cluster; the queues are spread over its shards (docs/scaling.md).",
        shown="0",
    )
    redis_replica_url: str | None = setting(
        "REDIS_REPLICA_URL",
        None,
        read.redis_url,
        "A replica from which lists, statistics and the dashboard's pictures are read; they may be a moment old then. "
        "While it has no link to the primary, they come from the primary.",
        shown="",
    )
    wait_replicas: int = setting(
        "WAIT_REPLICAS",
        0,
        read.integer(0, 100),
        "How many replicas must have an accepted job before the API answers (Redis's `WAIT`); 0: none. If fewer have "
        "it, the API answers 503, and tasks that enqueue wait.",
    )
    wait_ms: int = setting(
        "WAIT_MS",
        1000,
        read.integer(1, 60_000),
        "How many milliseconds to wait for WAIT_REPLICAS.",
    )
    durability: str = setting(
        "DURABILITY",
        "everysec",
        read.one_of("everysec", "always"),
        "How Redis syncs its append-only file; `always`: a job that was answered with 201 is on the disk "
        "(docs/promise.md). The embedded server is started accordingly; if any other server isn't set up so, "
        "`/readyz` and the log say so.",
    )
    redis_spin_us: int = setting(
        "REDIS_SPIN_US",
        300,
        read.integer(0, 10_000),
        "How many microseconds a worker with one thread, or a program with one thread that enqueues, looks for Redis's "
        "answer before it sleeps; 0: it sleeps at once.",
    )
    host: str = setting("HOST", "127.0.0.1", str, "Address of the HTTP API; 0.0.0.0 when DYNO is set.")
    port: int = setting("PORT", 8000, read.integer(1, 65535), "Port of the HTTP API.")
    web_concurrency: int = setting("WEB_CONCURRENCY", 2, read.integer(1, 256), "Processes of the HTTP API.")
    web_threads: int = setting("WEB_THREADS", 16, read.integer(1, 1024), "Threads in each of these processes.")
    auth: str | None = setting(
        "AUTH",
        None,
        read.one_of("off", "oauth"),
        "Who may call the API. `off`: everybody who can reach it; `oauth`: whoever sends a token from the issuer. "
        "Must be set if HOST isn't loopback.",
        shown="",
    )
    oauth_issuer: str | None = setting(
        "OAUTH_ISSUER", None, str, "The issuer that tokens must name as `iss`. Needed with AUTH=oauth.", shown=""
    )
    oauth_audience: str | None = setting(
        "OAUTH_AUDIENCE", None, str, "The audience that tokens must hold in `aud`. Needed with AUTH=oauth.", shown=""
    )
    oauth_jwks_url: str | None = setting(
        "OAUTH_JWKS_URL",
        None,
        read.jwks_url,
        "Where the issuer publishes its keys (`jwks_uri` of its metadata). Needed with AUTH=oauth.",
        shown="",
    )
    oauth_client_id: str | None = setting(
        "OAUTH_CLIENT_ID",
        None,
        str,
        "The dashboard's client id at the issuer. Unset: with AUTH=oauth, nobody can sign in.",
        shown="",
    )
    oauth_client_secret: str | None = setting(
        "OAUTH_CLIENT_SECRET",
        None,
        str,
        "Its secret, if the issuer gave it one; a public client needs none.",
        shown="",
    )
    oauth_scopes: tuple[str, ...] = setting(
        "OAUTH_SCOPES",
        ("openid", "jobs:read", "jobs:write", "jobs:admin"),
        read.scopes,
        "The scopes that signing in asks the issuer for, separated by commas. Add `offline_access` if the issuer "
        "gives refresh tokens only then.",
        shown="openid,jobs:read,jobs:write,jobs:admin",
    )
    oauth_audience_parameter: str | None = setting(
        "OAUTH_AUDIENCE_PARAMETER",
        None,
        read.one_of("resource", "audience", "none"),
        "How signing in tells the issuer OAUTH_AUDIENCE: as `resource` (RFC 8707), as `audience` (Auth0), or not at "
        "all (`none`). Unset: `resource` if OAUTH_AUDIENCE is a URL, else `none`.",
        shown="",
    )
    dashboard_url: str | None = setting(
        "DASHBOARD_URL",
        None,
        read.dashboard_url,
        "The address at which browsers reach the dashboard, such as `https://jobs.example.com/dashboard`. Unset: as "
        "the request says (behind proxies, see TRUSTED_PROXIES).",
        shown="",
    )
    tls_cert_file: str | None = setting(
        "TLS_CERT_FILE",
        None,
        str,
        "Certificate chain in PEM: with TLS_KEY_FILE, the HTTP API speaks HTTPS (TLS 1.2 or newer) and nothing else.",
        shown="",
    )
    tls_key_file: str | None = setting("TLS_KEY_FILE", None, str, "Its private key, unencrypted, in PEM.", shown="")
    trusted_proxies: int = setting(
        "TRUSTED_PROXIES",
        0,
        read.integer(0, 16),
        "How many proxies are in front of the API. Each adds the address that it sees to X-Forwarded-For.",
    )
    worker_processes: int = setting(
        "WORKER_PROCESSES", 1, read.integer(1, 256), "Processes of the worker, as `python -m tasks` starts it."
    )
    worker_threads: int = setting("WORKER_THREADS", 8, read.integer(1, 1024), "Threads in each of them.")
    worker_pin: bool = setting(
        "WORKER_PIN", False, read.switch, "1: bind each worker process to a core of its own (Linux).", shown="0"
    )
    worker_restart_when_hung: bool = setting(
        "WORKER_RESTART_WHEN_HUNG",
        True,
        read.switch,
        "A worker process whose threads all hang ends with status 75, so that its platform starts it again. `0`: it "
        "stays.",
        shown="1",
    )
    worker_shutdown_ms: int = setting(
        "WORKER_SHUTDOWN_MS",
        25_000,
        read.integer(0, 3_600_000),
        "How long running jobs may go on after SIGTERM; those that aren't done by then are put back.",
    )
    queues: frozenset[str] = setting(
        "QUEUES",
        frozenset(),
        read.names,
        "The queues that this worker consumes, separated by commas. Unset: all. Tasks must declare each of them.",
        shown="",
    )
    tasks: tuple[str, ...] = setting(
        "TASKS",
        (),
        read.modules,
        "The modules or packages with your tasks, separated by commas, such as `shop.tasks,billing.jobs`. Unset: the "
        "files in `tasks/` (docs/tasks.md).",
        shown="",
    )
    cadence_file: str | None = setting(
        "CADENCE_FILE",
        None,
        str,
        "The file that says when windows open, and what they let through. Unset: `cadence.toml` in the project's "
        "folder, or `scheduler/cadence.toml` if there is none.",
        shown="",
    )
    cadence_overrides: tuple[tuple[str, str], ...] = setting(
        "CADENCE_<QUEUE>_<KEY>",
        (),
        str,
        "Overrides a key of the cadence file, for example `CADENCE_DEFAULT_EVERY=10s` (see `docs/cadence.md`).",
        shown="",
    )
    lease_s: float = setting(
        "LEASE_S", 15.0, read.number(0.2, 3600), "Seconds without a heartbeat until a job counts as lost.", shown="15"
    )
    crash_limit: int = setting(
        "CRASH_LIMIT", 3, read.integer(1, 1000), "A job that loses this many leases in a row is rejected (worker_lost)."
    )
    retention_s: int = setting(
        "RETENTION_S", 604_800, read.integer(1, 10**9), "How many seconds ended jobs are kept (7 days)."
    )
    retention_jobs: int = setting(
        "RETENTION_JOBS", 1_000_000, read.integer(0, 10**9), "How many ended jobs are kept at most, for each queue."
    )
    retention_bytes: int | None = setting(
        "RETENTION_BYTES",
        None,
        read.integer(0, 10**15),
        "About how many bytes ended jobs may take, over all queues. Unset: a quarter of Redis's maxmemory, or 256 MiB "
        "if it has none.",
        shown="",
    )
    max_body_bytes: int = setting(
        "MAX_BODY_BYTES", 1_048_576, read.integer(1024, 1 << 30), "Largest body of a request."
    )
    max_batch_bytes: int = setting(
        "MAX_BATCH_BYTES", 8_388_608, read.integer(1024, 1 << 30), "Largest body of `POST /v1/jobs/batch`."
    )
    max_queued: int = setting(
        "MAX_QUEUED",
        0,
        read.integer(0, 10**9),
        "How many jobs of a queue may wait (queued or scheduled). The API refuses more with 503, and a batch larger "
        "than this with 400. 0: no bound.",
    )
    max_queued_bytes: int = setting(
        "MAX_QUEUED_BYTES",
        0,
        read.integer(0, 10**15),
        "How many bytes the messages of a queue's waiting jobs may have together. The API refuses more, as with "
        "`MAX_QUEUED`. 0: no bound.",
    )
    when_full: str = setting(
        "WHEN_FULL",
        "reject",
        read.one_of("reject", "drop_oldest"),
        "What happens beyond `MAX_QUEUED` and `MAX_QUEUED_BYTES`. `reject`: 503. `drop_oldest`: the jobs at the bottom "
        "of the stack expire instead (reason `overflow`).",
    )
    rate_limit: str | None = setting(
        "RATE_LIMIT",
        None,
        read.rate_limit,
        "How many requests a client may send, such as `100/minute` or `5/second;1000/hour`. A client is the subject "
        "of a token, or else an address. Unset: no limit.",
        shown="",
    )
    metrics_token: str | None = setting(
        "METRICS_TOKEN",
        None,
        read.token,
        "The token that scrapers of `/metrics` send as `Authorization: Bearer …`. Unset: only this machine may scrape.",
        shown="",
    )
    worker_metrics_host: str = setting(
        "WORKER_METRICS_HOST", "127.0.0.1", str, "The address on which a worker shows its own metrics, without a token."
    )
    worker_metrics_port: int = setting(
        "WORKER_METRICS_PORT",
        9191,
        read.integer(0, 65535),
        "The port for them, or one of the next nine if it is taken; 0: none. The web process shows them too.",
    )
    lastin_url: str | None = setting(
        "LASTIN_URL",
        None,
        read.api_url,
        "For the command `lastin`: the HTTP API that it asks, such as `https://jobs.example.com`. Unset: Redis itself.",
        shown="",
    )
    lastin_token: str | None = setting(
        "LASTIN_TOKEN",
        None,
        read.access_token,
        "For the command `lastin`: the access token that it sends to LASTIN_URL (docs/commands.md).",
        shown="",
    )
    log_level: str = setting(
        "LOG_LEVEL",
        "INFO",
        read.one_of("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"),
        "The lowest level that is logged.",
    )
    log_format: str | None = setting(
        "LOG_FORMAT",
        None,
        read.one_of("json", "console"),
        "`json`: one object a line; `console`: for people. Unset: console on a terminal, else json.",
        shown="",
    )
    log_jobs: Literal["all", "failed", "none"] = setting(
        "LOG_JOBS",
        "all",
        read.one_of("all", "failed", "none"),
        "Which attempts get a line when they end: `all`, those that `failed`, or `none`.",
    )
    log_file: str | None = setting(
        "LOG_FILE", None, str, "A file that all processes add their lines to, as JSON, beside stdout.", shown=""
    )
    log_file_bytes: int = setting(
        "LOG_FILE_BYTES", 50_000_000, read.integer(1000, 10**12), "Size beyond which LOG_FILE is rotated."
    )
    log_file_kept: int = setting(
        "LOG_FILE_KEPT", 5, read.integer(0, 1000), "How many rotated files are kept. LOG_FILE.1 is the newest."
    )
    log_tcp_url: str | None = setting(
        "LOG_TCP_URL",
        None,
        read.log_tcp_url,
        "Where lines are also sent over TCP: `tcp://host:port`, or `tls://host:port` with a check of the certificate.",
        shown="",
    )
    log_tcp_format: str = setting(
        "LOG_TCP_FORMAT",
        "jsonl",
        read.one_of("jsonl", "rfc5424"),
        "`jsonl`: JSON lines; `rfc5424`: syslog, in octet-counted frames (RFC 6587).",
    )
    sentry_dsn: str | None = setting(
        "SENTRY_DSN",
        None,
        str,
        "The Sentry project to which failures of tasks are sent. Needs `sentry-sdk`.",
        shown="",
    )
    force_color: bool = setting(
        "FORCE_COLOR",
        False,
        read.is_set,
        "Any value: colours in console lines even without a terminal.",
        shown="",
    )
    no_color: bool = setting("NO_COLOR", False, read.is_set, "Any value: no colours (https://no-color.org).", shown="")

    def __post_init__(self) -> None:
        """Check what settings need of each other.

        Raises:
          SettingsError: names the one that is missing.
        """
        if not self.redis_tls_verify:
            object.__setattr__(self, "redis_url", read.unverified(self.redis_url))
            if self.redis_replica_url is not None:
                object.__setattr__(self, "redis_replica_url", read.unverified(self.redis_replica_url))
        if self.redis_sentinels and self.redis_url.startswith("unix://"):
            raise SettingsError("With REDIS_SENTINELS, REDIS_URL must start with redis:// or rediss://.")
        if self.redis_cluster and (self.redis_sentinels or self.redis_replica_url):
            other = "REDIS_SENTINELS" if self.redis_sentinels else "REDIS_REPLICA_URL"
            raise SettingsError(f"REDIS_CLUSTER=1 and {other} don't go together: unset one of them.")
        if (self.tls_cert_file is None) != (self.tls_key_file is None):
            missing_file = "TLS_CERT_FILE" if self.tls_cert_file is None else "TLS_KEY_FILE"
            raise SettingsError(f"HTTPS needs TLS_CERT_FILE and TLS_KEY_FILE: set {missing_file} too.")
        if self.lastin_token and self.lastin_url and not read.is_safe_url(self.lastin_url):
            raise SettingsError("LASTIN_TOKEN is sent over https:// only, or to this machine: change LASTIN_URL.")
        if self.auth == "oauth":
            needed = ("OAUTH_ISSUER", "OAUTH_AUDIENCE", "OAUTH_JWKS_URL")
            if missing := [name for name in needed if not getattr(self, name.lower())]:
                raise SettingsError(f"AUTH=oauth needs {', '.join(needed)}: set {' and '.join(missing)} too.")
        if self.oauth_client_secret and not self.oauth_client_id:
            raise SettingsError("OAUTH_CLIENT_SECRET is the secret of OAUTH_CLIENT_ID: set OAUTH_CLIENT_ID too.")
        if self.auth == "oauth" and self.oauth_client_id and not read.is_safe_url(str(self.oauth_issuer)):
            raise SettingsError(
                f"With OAUTH_CLIENT_ID, OAUTH_ISSUER must be {read.SAFE_URL} as secrets are sent there), but holds "
                f"{self.oauth_issuer!r}."
            )

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Settings:
        """Parse and check ``environ``; an empty variable counts as unset.

        Raises:
          SettingsError: names the variable, what it held and what it may hold.
        """
        found: dict[str, Any] = {}
        if environ.get("DYNO"):
            found["host"] = "0.0.0.0"  # noqa: S104 (on Heroku only the router reaches a dyno's ports)
        has_address = environ.get("REDIS_URL") or environ.get("REDIS_SENTINELS")
        if not has_address and (url := read.noted_url(EMBEDDED_URL_FILE)):
            found["redis_url"] = url
        for field in dataclasses.fields(cls):
            if text := environ.get(field.metadata["name"]):
                found[field.name] = read.value(field, text)
        found["cadence_overrides"] = tuple(
            (name, text)
            for name, text in sorted(environ.items())
            if text and name.startswith("CADENCE_") and name != "CADENCE_FILE"
        )
        return cls(**found)

    @property
    def redis_address(self) -> Address:
        """Where Redis is."""
        return self.redis_address_at(self.redis_url)

    def redis_address_at(self, url: str) -> Address:
        """Where Redis is, for a program that was given another URL."""
        return Address(url, self.redis_sentinels, self.redis_sentinel_service, self.redis_cluster)

    @property
    def lease_us(self) -> int:
        """The lease in microseconds, as the scripts take it."""
        return int(self.lease_s * 1_000_000)

    @property
    def is_public(self) -> bool:
        """True when other machines can reach the HTTP API."""
        return self.host not in read.LOOPBACK_HOSTS
