"""The issuer's keys: kept, changed, lost and found again, without hammering whoever publishes them."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from typing import Any

import jwt
import pytest

from api.access import jwks
from api.access.jwks import IssuerKeys, KeysAwayError, fetch

from .issuer import Issuer, Key


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Source:
    """What a fetch brings: the keys, or an error while ``is_away``."""

    def __init__(self, *keys: Key) -> None:
        self.keys = list(keys)
        self.is_away = False
        self.fetches = 0

    def __call__(self, url: str) -> Sequence[dict[str, Any]]:
        self.fetches += 1
        if self.is_away:
            raise OSError("away")
        return [key.jwk for key in self.keys]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def source() -> Source:
    return Source(Key("first"))


@pytest.fixture
def keys(source: Source, clock: Clock) -> IssuerKeys:
    """Keys of that source."""
    return IssuerKeys("https://issuer.example.com/jwks", fetch=source, now=clock)


def _until_fetched() -> None:
    """Wait for a fetch that no request waits for."""
    for thread in threading.enumerate():
        if thread.name == "jwks":
            thread.join(30)


def test_keys_are_fetched_once_and_kept(keys: IssuerKeys, source: Source) -> None:
    found = [keys.find("first", "ES256") for _ in range(10)]

    assert all(found)
    assert source.fetches == 1


def test_many_who_come_at_once_share_a_fetch(keys: IssuerKeys, source: Source) -> None:
    found: list[Any] = []
    threads = [threading.Thread(target=lambda: found.append(keys.find("first", "ES256"))) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert len([key for key in found if key]) == 16
    assert source.fetches == 1


def test_a_key_that_the_issuer_has_just_made_is_found(keys: IssuerKeys, source: Source) -> None:
    assert keys.find("first", "ES256")
    source.keys = [Key("second")]

    assert keys.find("second", "ES256")
    assert keys.find("first", "ES256") is None


def test_ids_that_somebody_makes_up_cause_few_fetches(keys: IssuerKeys, source: Source, clock: Clock) -> None:
    keys.find("first", "ES256")

    assert {keys.find("made up", "ES256") for _ in range(50)} == {None}
    assert source.fetches == 2
    assert {keys.find(f"made up {n}", "ES256") for n in range(50)} == {None}
    assert source.fetches == 1 + jwks.REFETCHES
    source.keys.append(Key("second"))
    clock.now += jwks.COOLDOWN_S + 1
    assert keys.find("second", "ES256")


def test_known_keys_go_on_working_while_the_issuer_is_away(keys: IssuerKeys, source: Source, clock: Clock) -> None:
    keys.find("first", "ES256")
    source.is_away = True
    clock.now += jwks.STALE_S - 1

    assert keys.find("first", "ES256")
    with pytest.raises(KeysAwayError):
        keys.find("second", "ES256")


def test_keys_that_nobody_could_refresh_for_long_are_no_longer_trusted(
    keys: IssuerKeys, source: Source, clock: Clock
) -> None:
    keys.find("first", "ES256")
    source.is_away = True
    clock.now += jwks.STALE_S + 1

    with pytest.raises(KeysAwayError):
        keys.find("first", "ES256")


def test_old_keys_are_refreshed_behind_the_requests(keys: IssuerKeys, source: Source, clock: Clock) -> None:
    keys.find("first", "ES256")
    source.keys.append(Key("second"))
    clock.now += jwks.FRESH_S + 1

    keys.find("first", "ES256")
    _until_fetched()

    assert source.fetches == 2
    assert keys.find("second", "ES256")
    assert source.fetches == 2


def test_an_issuer_that_fails_is_left_alone_for_a_while(keys: IssuerKeys, source: Source, clock: Clock) -> None:
    source.is_away = True
    for _ in range(5):
        with pytest.raises(KeysAwayError):
            keys.find("first", "ES256")
    assert source.fetches == 1

    source.is_away = False
    clock.now += jwks.RETRY_S + 1
    assert keys.find("first", "ES256")


def test_whoever_waits_for_a_hanging_issuer_is_sent_away(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jwks, "FETCH_S", 0.05)
    release = threading.Event()

    def hang(url: str) -> Sequence[dict[str, Any]]:
        release.wait(30)
        return []

    keys = IssuerKeys("https://issuer.example.com/jwks", fetch=hang, now=clock)
    with pytest.raises(KeysAwayError):
        keys.find("first", "ES256")
    release.set()


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256", "EdDSA"])
@pytest.mark.parametrize("names_algorithm", [True, False])
def test_each_algorithm_finds_its_key(clock: Clock, algorithm: str, names_algorithm: bool) -> None:
    key = Key("first", algorithm, names_algorithm=names_algorithm)
    token = jwt.encode({}, key.private, algorithm=algorithm)
    found = IssuerKeys("", fetch=Source(key), now=clock).find("first", algorithm)

    assert found is not None
    assert jwt.decode(token, found, algorithms=[algorithm]) == {}


def test_a_key_for_one_algorithm_is_none_for_another(clock: Clock) -> None:
    keys = IssuerKeys("", fetch=Source(Key("first", "RS256")), now=clock)

    assert keys.find("first", "PS256") is None
    assert keys.find("first", "ES256") is None


def test_without_an_id_only_the_one_key_that_fits_is_taken(clock: Clock) -> None:
    one = IssuerKeys("", fetch=Source(Key("first"), Key("second", "EdDSA")), now=clock)
    two = IssuerKeys("", fetch=Source(Key("first"), Key("second")), now=clock)

    assert one.find(None, "ES256")
    assert two.find(None, "ES256") is None


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with Issuer() as issuer:
        yield issuer


def test_keys_come_over_http(issuer: Issuer) -> None:
    assert [key["kid"] for key in fetch(f"{issuer.url}/jwks")] == ["first"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"nonsense",
        b"[]",
        b"{}",
        b'{"keys": {}}',
        b'{"keys": []}',
        b'{"keys": ["a"]}',
        json.dumps({"keys": [{"kty": "oct", "k": "c2VjcmV0", "kid": "first"}]}).encode(),
        json.dumps({"keys": [{**Key("first").jwk, "use": "enc"}]}).encode(),
        b'{"keys": []}'.ljust(jwks.MAX_BYTES + 1),
    ],
    ids=lambda body: repr(body)[:30],
)
def test_an_answer_that_holds_no_keys_to_check_with_is_refused(issuer: Issuer, body: bytes) -> None:
    issuer.body = body

    with pytest.raises(ValueError, match=r"."):
        fetch(f"{issuer.url}/jwks")


def test_an_issuer_that_drips_is_cut_off(dripping: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jwks, "FETCH_S", 0.3)

    with pytest.raises(TimeoutError, match=r"took longer than 0\.3 s"):
        fetch(dripping)


def test_a_tls_handshake_that_drips_is_cut_off(dripping: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jwks, "FETCH_S", 0.3)

    with pytest.raises(OSError, match=r"."):
        fetch(dripping.replace("http:", "https:"))


def test_after_an_issuer_that_dripped_others_are_fetched(
    issuer: Issuer, dripping: str, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jwks, "FETCH_S", 0.3)
    addresses = iter([dripping, f"{issuer.url}/jwks"])
    keys = IssuerKeys("", fetch=lambda _: fetch(next(addresses)), now=clock)
    with pytest.raises(KeysAwayError):
        keys.find("first", "ES256")
    _until_fetched()
    monkeypatch.setattr(jwks, "FETCH_S", 30)
    clock.now += jwks.RETRY_S + 1

    assert keys.find("first", "ES256")


def test_an_answer_other_than_200_is_refused(issuer: Issuer) -> None:
    with pytest.raises(OSError, match="404"):
        fetch(f"{issuer.url}/elsewhere")


def test_a_key_that_cant_be_used_is_none(clock: Clock) -> None:
    class Broken(Source):
        def __call__(self, url: str) -> Sequence[dict[str, Any]]:
            return [{"kty": "EC", "kid": "first", "crv": "P-256", "x": "AA", "y": "AA"}]

    assert IssuerKeys("", fetch=Broken(), now=clock).find("first", "ES256") is None
