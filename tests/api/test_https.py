"""HTTPS by the API itself: a certificate that is checked before it serves, and no old versions of TLS."""

from __future__ import annotations

import socket
import ssl
import subprocess
import sys
import urllib.request
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.embedded import free_port
from middleware.errors import SettingsError
from middleware.serving import certificate
from middleware.settings import Settings

from ..certificates import CertificateFiles, self_signed
from ..service import ROOT, clean_environment, python, wait_until


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> CertificateFiles:
    """A certificate for loopback."""
    return self_signed(tmp_path_factory.mktemp("https"))


@pytest.fixture(scope="module")
def port(files: CertificateFiles) -> Iterator[int]:
    """Where the API serves with that certificate; it needs no Redis for what is asked here."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "api"],
        cwd=ROOT,
        env=clean_environment(
            REDIS_URL=f"redis://127.0.0.1:{free_port()}/0",
            PORT=str(port),
            WEB_CONCURRENCY="1",
            TLS_CERT_FILE=str(files.chain),
            TLS_KEY_FILE=str(files.key),
        ),
    )
    try:
        wait_until(lambda: _listens(port), "the API to listen")
        yield port
    finally:
        process.terminate()
        process.wait(60)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _trusting(files: CertificateFiles) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(files.chain))


def test_it_answers_over_tls_and_says_that_it_always_will(port: int, files: CertificateFiles) -> None:
    with urllib.request.urlopen(f"https://localhost:{port}/healthz", context=_trusting(files)) as answer:
        assert answer.status == 200
        assert answer.headers["Strict-Transport-Security"].startswith("max-age=")


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_new_versions_of_tls_are_spoken(port: int, files: CertificateFiles, version: ssl.TLSVersion) -> None:
    context = _trusting(files)
    context.minimum_version = context.maximum_version = version

    with urllib.request.urlopen(f"https://localhost:{port}/healthz", context=context) as answer:
        assert answer.status == 200


def test_old_versions_of_tls_are_not(port: int, files: CertificateFiles) -> None:
    context = _trusting(files)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")

    with socket.create_connection(("127.0.0.1", port)) as plain, pytest.raises(OSError, match=r"(?i)ssl|reset|eof"):
        context.wrap_socket(plain, server_hostname="localhost")


def test_plain_http_gets_no_answer(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port)) as plain:
        plain.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        plain.settimeout(20)
        assert b"HTTP/1.1 200" not in plain.recv(1000)


def _settings(chain: Path, key: Path) -> Settings:
    return Settings(tls_cert_file=str(chain), tls_key_file=str(key))


def test_without_files_there_is_no_tls(files: CertificateFiles) -> None:
    assert certificate(Settings()) is None
    assert certificate(_settings(files.chain, files.key)) is not None


def test_a_file_that_cant_be_read_is_named(files: CertificateFiles, tmp_path: Path) -> None:
    missing = tmp_path / "nothing"

    with pytest.raises(SettingsError, match=rf"TLS_CERT_FILE .*{missing}: No such file"):
        certificate(_settings(missing, files.key))
    with pytest.raises(SettingsError, match=rf"TLS_KEY_FILE .*{tmp_path}: Is a directory"):
        certificate(_settings(files.chain, tmp_path))


def test_files_that_dont_belong_together_are_refused(files: CertificateFiles, tmp_path: Path) -> None:
    other = self_signed(tmp_path, "other")
    encrypted = self_signed(tmp_path, "encrypted", passphrase="secret")
    (tmp_path / "empty").touch()

    for chain, key in (
        (files.chain, other.key),
        (files.key, files.chain),
        (encrypted.chain, encrypted.key),
        (tmp_path / "empty", files.key),
    ):
        with pytest.raises(SettingsError, match="must be a certificate and its unencrypted private key"):
            certificate(_settings(chain, key))


@pytest.mark.parametrize(("name", "missing"), [("TLS_CERT_FILE", "TLS_KEY_FILE"), ("TLS_KEY_FILE", "TLS_CERT_FILE")])
def test_one_file_without_the_other_is_refused(name: str, missing: str) -> None:
    with pytest.raises(SettingsError, match=f"set {missing} too"):
        Settings.from_environ({name: "/some/file"})


def test_the_server_ends_with_2_and_one_line(tmp_path: Path) -> None:
    done = python("-m", "api", PORT=str(free_port()), TLS_CERT_FILE=str(tmp_path / "a"), TLS_KEY_FILE="b")

    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert "TLS_CERT_FILE" in done.stderr
