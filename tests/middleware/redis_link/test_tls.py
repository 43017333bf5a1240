"""Redis behind TLS: its certificate is checked, unless somebody said that it needn't be."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import dramatiq
import pytest

from middleware.broker import LifoBroker
from middleware.errors import RedisAwayError
from middleware.redis_link.link import Link
from middleware.settings import Settings

from ...certificates import CertificateFiles, self_signed
from ..tls_proxy import TlsProxy
from ..workers import ended, working


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> CertificateFiles:
    """A certificate that nobody trusts who wasn't given it."""
    return self_signed(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def proxy(redis_url: str, files: CertificateFiles) -> Iterator[TlsProxy]:
    """This run's server behind TLS."""
    with TlsProxy(redis_url, files) as proxy:
        yield proxy


def _ping(url: str, *, verify: str = "", timeout_s: float = 5) -> bytes:
    settings = Settings.from_environ({"REDIS_URL": url, "REDIS_TLS_VERIFY": verify})
    link = Link(settings.redis_url, timeout_s=timeout_s)
    try:
        answer: bytes = link.call("PING")
        return answer
    finally:
        link.close()


def test_a_certificate_that_nobody_vouches_for_is_refused(proxy: TlsProxy) -> None:
    for verify in ("", "1"):
        with pytest.raises(RedisAwayError, match="CERTIFICATE_VERIFY_FAILED"):
            _ping(proxy.url(), verify=verify)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_certificate_that_was_given_is_trusted(proxy: TlsProxy, files: CertificateFiles, host: str) -> None:
    assert _ping(proxy.url(f"ssl_ca_certs={files.chain}", host=host)) == b"PONG"


def test_another_certificate_than_the_given_one_is_refused(proxy: TlsProxy, tmp_path: Path) -> None:
    other = self_signed(tmp_path, "other")

    # What the URL says comes before REDIS_TLS_VERIFY.
    with pytest.raises(RedisAwayError, match="CERTIFICATE_VERIFY_FAILED"):
        _ping(proxy.url(f"ssl_ca_certs={other.chain}"), verify="0")


def test_a_self_signed_certificate_is_taken_without_verification(proxy: TlsProxy) -> None:
    assert _ping(proxy.url(), verify="0") == b"PONG"
    assert _ping(proxy.url("ssl_cert_reqs=none")) == b"PONG"


def test_a_job_is_accepted_run_and_shown_through_tls(proxy: TlsProxy) -> None:
    settings = Settings(redis_url=proxy.url(), redis_tls_verify=False)
    broker = LifoBroker(url=settings.redis_url, settings=settings)

    @dramatiq.actor(broker=broker, store_results=True)
    def work() -> str:
        return "done"

    with working(broker):
        job = ended(broker, work.send())

    assert settings.redis_url.startswith("rediss://")
    assert (job.status.value, job.result) == ("processed", "done")
    broker.close()


def test_plain_redis_is_not_taken_for_tls(redis_url: str) -> None:
    with pytest.raises(RedisAwayError):
        _ping(redis_url.replace("redis://", "rediss://"), verify="0", timeout_s=0.2)


@pytest.mark.parametrize(
    ("url", "changed"),
    [
        ("rediss://:a@b:1/0", "rediss://:a@b:1/0?ssl_cert_reqs=none"),
        ("rediss://b?db=1", "rediss://b?db=1&ssl_cert_reqs=none"),
        ("rediss://b?ssl_cert_reqs=required", "rediss://b?ssl_cert_reqs=required"),
        ("rediss://b?ssl_ca_certs=/ca.crt", "rediss://b?ssl_ca_certs=/ca.crt"),
        ("redis://b", "redis://b"),
        ("unix:///b", "unix:///b"),
    ],
)
def test_only_tls_urls_that_say_nothing_of_checking_are_changed(url: str, changed: str) -> None:
    assert Settings(redis_url=url, redis_tls_verify=False).redis_url == changed
    assert Settings(redis_url=url).redis_url == url
