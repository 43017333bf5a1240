"""``deploy/nginx/lastin.conf`` before the real API, with the servers, ports and certificate of the test."""

from __future__ import annotations

import json
import os
import shutil
import socket
import ssl
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from local.embedded import EmbeddedServer, free_port

from ..certificates import CertificateFiles, self_signed
from ..service import ROOT, Answer, wait_until
from .client import Client
from .conftest import running_api

NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/usr/local/sbin")
pytestmark = pytest.mark.skipif(NGINX is None, reason="there is no nginx on PATH")

FRAME = """\
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
worker_processes 1;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/lastin.conf;
}}
"""


class NotFollowed(urllib.request.HTTPRedirectHandler):
    """Redirects are answers, too."""

    def redirect_request(self, *_: object) -> None:
        return None


@dataclass(frozen=True)
class Front:
    """nginx, as clients see it."""

    https: int
    http: int
    trusted: ssl.SSLContext

    def call(
        self, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None, *, plain: bool = False
    ) -> Answer:
        """One request over HTTPS, or over plain HTTP."""
        url = f"http://localhost:{self.http}{path}" if plain else f"https://localhost:{self.https}{path}"
        request = urllib.request.Request(url, data=body, headers=dict(headers or {}))
        opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=self.trusted), NotFollowed)
        try:
            with opener.open(request, timeout=30) as response:
                return Answer(response.status, response.headers, response.read())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.headers, error.read())


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def running_nginx(
    folder: Path, files: CertificateFiles, api_port: int, changes: Mapping[str, str] | None = None
) -> Iterator[Front]:
    """nginx with our file, in which only what an operator changes is changed, and ``changes``."""
    folder.mkdir()
    front = Front(free_port(), free_port(), ssl.create_default_context(cafile=str(files.chain)))
    text = (ROOT / "deploy" / "nginx" / "lastin.conf").read_text(encoding="utf-8")
    operators = {
        "    listen [::]:443 ssl http2;\n": "",
        "    listen [::]:80;\n": "",
        "listen 443 ": f"listen 127.0.0.1:{front.https} ",
        "listen 80;": f"listen 127.0.0.1:{front.http};",
        "server_name jobs.example.com;": "server_name localhost;",
        "server 127.0.0.1:8000 ": f"server 127.0.0.1:{api_port} ",
        "/etc/ssl/lastin/fullchain.pem": str(files.chain),
        "/etc/ssl/lastin/privkey.pem": str(files.key),
    }
    for old, new in {**operators, **(changes or {})}.items():
        assert old in text, old
        text = text.replace(old, new)
    (folder / "lastin.conf").write_text(text, encoding="utf-8")
    (folder / "nginx.conf").write_text(FRAME.format(folder=folder), encoding="utf-8")
    command = [str(NGINX), "-e", str(folder / "error.log"), "-p", str(folder), "-c", str(folder / "nginx.conf")]
    process = subprocess.Popen(command)
    try:
        wait_until(lambda: _listens(front.https), "nginx to listen")
        yield front
    finally:
        process.terminate()
        process.wait(60)
        print((folder / "error.log").read_text(encoding="utf-8", errors="replace"))


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> CertificateFiles:
    """A certificate for localhost."""
    return self_signed(tmp_path_factory.mktemp("nginx-tls"))


@pytest.fixture(scope="module")
def trusting_api(embedded_server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """The API behind one trusted proxy, with few threads and a limit of its own for each client."""
    settings = {"TRUSTED_PROXIES": "1", "WEB_THREADS": "4", "RATE_LIMIT": "1000000/hour"}
    with running_api(embedded_server.url, tmp_path_factory.mktemp("api") / "web.log", settings) as client:
        yield client


@pytest.fixture(scope="module")
def front(trusting_api: Client, files: CertificateFiles, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    """nginx before that API."""
    with running_nginx(tmp_path_factory.mktemp("nginx") / "n", files, trusting_api.port) as front:
        yield front


MakeFront = Callable[[Mapping[str, str]], Front]


@pytest.fixture
def changed_front(trusting_api: Client, files: CertificateFiles, tmp_path: Path) -> Iterator[MakeFront]:
    """Starts nginx with other changes."""
    with ExitStack() as stack:
        yield lambda changes: stack.enter_context(
            running_nginx(tmp_path / "changed", files, trusting_api.port, changes)
        )


JSON = {"Content-Type": "application/json"}


def test_jobs_go_through_it(front: Front, redis_url: str) -> None:
    assert redis_url
    submitted = front.call("/v1/jobs", b'{"message": "a"}', JSON)

    assert submitted.status == 201
    assert front.call(submitted.headers["Location"]).json["id"] == submitted.json["id"]


def test_the_api_knows_the_outer_scheme_once(front: Front) -> None:
    answer = front.call("/healthz")

    assert answer.headers.get_all("Strict-Transport-Security") == ["max-age=31536000"]


def test_plain_http_is_sent_to_https(front: Front) -> None:
    answer = front.call("/v1/jobs?limit=1", plain=True)

    assert answer.status == 301
    assert answer.headers["Location"] == "https://localhost/v1/jobs?limit=1"


def test_a_page_of_our_own_may_change_something_through_it(front: Front, redis_url: str) -> None:
    assert redis_url
    ours = {"Origin": f"https://localhost:{front.https}"}
    others = {"Origin": "https://elsewhere.example.com"}

    assert front.call("/v1/jobs", b'{"message": "a"}', JSON | ours).status == 201
    assert front.call("/v1/jobs", b'{"message": "a"}', JSON | others).status == 403


def test_metrics_dont_go_through_it(front: Front) -> None:
    assert front.call("/metrics").status == 404


def test_too_large_a_body_stays_outside(front: Front) -> None:
    answer = front.call("/v1/jobs", b" " * 9_000_000, JSON)

    assert answer.status == 413
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json["type"] == "/problems/too-large"


def test_bodies_that_never_end_hold_no_thread_of_the_api(front: Front, redis_url: str) -> None:
    assert redis_url
    begun = (
        b"POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{"
    )
    with ExitStack() as stack:
        for _ in range(12):
            plain = stack.enter_context(socket.create_connection(("127.0.0.1", front.https)))
            slow = stack.enter_context(front.trusted.wrap_socket(plain, server_hostname="localhost"))
            slow.sendall(begun)

        assert front.call("/v1/jobs", b'{"message": "a"}', JSON).status == 201


def test_a_server_that_is_gone_is_left_out(changed_front: MakeFront) -> None:
    two = changed_front({"# server 10.0.0.2:8000": f"server 127.0.0.1:{free_port()}"})

    assert [two.call("/healthz").status for _ in range(10)] == [200] * 10


def test_without_any_server_it_is_503_and_says_when_to_come_back(
    changed_front: MakeFront, trusting_api: Client
) -> None:
    none = changed_front({f"server 127.0.0.1:{trusting_api.port}": f"server 127.0.0.1:{free_port()}"})

    answer = none.call("/v1/jobs")

    assert answer.status == 503
    assert answer.headers["Retry-After"] == "1"
    assert answer.json["type"] == "/problems/unavailable"


def test_whoever_sends_too_much_is_refused_before_the_api(changed_front: MakeFront) -> None:
    strict = changed_front({"rate=100r/s": "rate=1r/m", "burst=200": "burst=3"})

    answers = [strict.call("/healthz") for _ in range(6)]

    assert [answer.status for answer in answers] == [200, 200, 200, 200, 429, 429]
    assert json.loads(answers[-1].body)["type"] == "/problems/rate-limited"
