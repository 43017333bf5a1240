"""Sessions: how long they last, what ends them, and what is to be found where."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import redis

import tasks
from api.sign_in import renewal, sessions
from api.sign_in.sessions import Session
from local.embedded import EmbeddedServer, free_port
from middleware.redis_link.address import Address

from ...service import wait_until
from .app import PAGE
from .browser import Browser, MakeBrowser
from .provider import Provider

COOKIE = "lastin-session"


def session_keys(client: redis.Redis) -> list[str]:
    """All keys of sessions."""
    return sorted(client.scan_iter(match="lastin:{.sessions}:*"))


def flow_of(browser: Browser) -> Any:
    """What signs people in at the application of a browser."""
    return browser.client.application.extensions["sign_in"].flow


def change(browser: Browser, **fields: Any) -> Session:
    """Change what is kept of the session, as time would."""
    kept: sessions.Sessions = flow_of(browser).sessions
    secret = browser.cookies()[COOKIE]
    found = kept.find(secret)
    assert found is not None
    changed = Session(**{**{name: getattr(found, name) for name in Session.__slots__}, **fields})
    kept.change(secret, changed)
    return changed


def due(browser: Browser, *, is_expired: bool = False) -> None:
    """Let the session's token be about to expire, or have expired."""
    change(browser, renew_at=0, **({"expires_at": 0} if is_expired else {}))


@pytest.fixture
def lasting(browser: Browser, provider: Provider) -> Browser:
    """Somebody who has signed in at an issuer that gives refresh tokens."""
    provider.behaviour.gives_refresh_tokens = True
    return browser.signed_in(provider)


def test_a_session_lasts_as_long_as_its_token(browser: Browser, provider: Provider, redis_client: redis.Redis) -> None:
    provider.behaviour.lives_s = 120
    browser.signed_in(provider)

    [key] = session_keys(redis_client)
    assert 110_000 < redis_client.pttl(key) <= 120_000


def test_a_session_with_a_refresh_token_lasts_half_a_day(lasting: Browser, redis_client: redis.Redis) -> None:
    [key] = session_keys(redis_client)
    assert renewal.LONGEST_S - 30 < redis_client.ttl(key) <= renewal.LONGEST_S == 43_200


def test_a_session_whose_token_expired_leads_to_sign_in(browser: Browser, provider: Provider) -> None:
    provider.behaviour.lives_s = 1
    provider.behaviour.claims = {"exp": int(time.time()) - 4}  # within the leeway, but not for long
    browser.signed_in(provider)

    wait_until(lambda: browser.load().status_code == 303, "the session to end")


def test_neither_cookie_nor_redis_shows_tokens_and_redis_does_not_show_the_cookie(
    lasting: Browser, provider: Provider, redis_client: redis.Redis
) -> None:
    [key] = session_keys(redis_client)
    with redis.Redis.from_url(tasks.broker.settings.redis_url) as raw:
        kept = key.encode() + b" " + raw.get(key)
    secret = lasting.cookies()[COOKIE]
    [refresh_token] = provider.refresh_tokens

    assert len(secret) == 43
    for hidden in (secret, refresh_token, "user-1", "Ada", "eyJ"):
        assert hidden.encode() not in kept
    assert refresh_token not in secret


def test_two_sessions_are_kept_differently_even_of_the_same_person(
    make_browser: MakeBrowser, provider: Provider, redis_client: redis.Redis
) -> None:
    one, other = make_browser().signed_in(provider), make_browser().signed_in(provider)

    assert len(session_keys(redis_client)) == 2
    one.press("/dashboard/sign-out")
    assert other.seen()["subject"] == "user-1"


def _flipped(secret: str) -> str:
    return ("A" if secret[0] != "A" else "B") + secret[1:]


TAMPERED: dict[str, Callable[[str], str]] = {
    "another": _flipped,
    "cut": lambda secret: secret[:-1],
    "longer": lambda secret: secret + "A",
    "a pattern": lambda _: "*" * 43,
    "a key": lambda _: "lastin:{.sessions}:of:x",
    "empty": lambda _: "",
    "not ASCII": lambda _: "\u00e9" * 43,
    "huge": lambda secret: secret * 90,
}


@pytest.mark.parametrize("how", TAMPERED, ids=list(TAMPERED))
def test_a_cookie_that_was_changed_is_nobodys(browser: Browser, provider: Provider, how: str) -> None:
    secret = browser.signed_in(provider).cookies()[COOKIE]
    browser.client.set_cookie(COOKIE, TAMPERED[how](secret), path="/dashboard")

    assert browser.load().status_code == 303


def test_a_session_that_was_changed_in_redis_is_nobodys(
    browser: Browser, provider: Provider, redis_client: redis.Redis
) -> None:
    browser.signed_in(provider)
    [key] = session_keys(redis_client)
    for value in (b"", b"x" * 5, b"x" * 500):
        redis_client.set(key, value, ex=60)
        assert browser.load().status_code == 303


def test_who_can_write_to_redis_can_not_make_a_session(
    browser: Browser, make_browser: MakeBrowser, provider: Provider
) -> None:
    """Without a token of the issuer, that is: what is kept is checked as a token is that a program sends."""
    browser.signed_in(provider)
    for token in (provider.token(aud="https://other.example.com"), "a.b.c"):
        change(browser, access_token=token)
        assert browser.load().status_code == 303


def test_sign_out_ends_the_session_for_every_copy_of_the_cookie(
    browser: Browser, provider: Provider, redis_client: redis.Redis
) -> None:
    secret = browser.signed_in(provider).cookies()[COOKIE]

    answer = browser.press("/dashboard/sign-out")

    assert (answer.status_code, answer.headers["Location"]) == (303, "/dashboard/signed-out")
    assert COOKIE not in browser.cookies()
    assert session_keys(redis_client) == []
    thief = Browser(browser.client.application)
    thief.client.set_cookie(COOKIE, secret, path="/dashboard")
    assert thief.load().status_code == 303


def test_who_has_signed_out_sees_a_page_that_says_so(browser: Browser, provider: Provider) -> None:
    browser.signed_in(provider).press("/dashboard/sign-out")

    page = browser.load("/dashboard/signed-out")

    assert page.status_code == 200
    assert "You are signed out" in page.text
    assert 'href="/dashboard/sign-in?to=%2Fdashboard&amp;anew=1"' in page.text
    assert browser.press("/dashboard/sign-out").status_code == 303


def test_signing_out_takes_a_press_of_a_button(browser: Browser, provider: Provider) -> None:
    browser.signed_in(provider)

    assert browser.load("/dashboard/sign-out").status_code in {404, 405}
    assert browser.seen()["subject"] == "user-1"


def test_signing_in_again_ends_the_session_before_and_never_takes_its_name(
    browser: Browser, provider: Provider, redis_client: redis.Redis
) -> None:
    before = browser.signed_in(provider).cookies()[COOKIE]

    browser.come_back(provider.authorize(browser.begin()))

    assert browser.cookies()[COOKIE] != before
    assert len(session_keys(redis_client)) == 1


def test_a_session_goes_on_in_other_processes_and_after_a_restart(
    browser: Browser, make_browser: MakeBrowser, provider: Provider
) -> None:
    browser.signed_in(provider)
    elsewhere = make_browser()
    elsewhere.client.set_cookie(COOKIE, browser.cookies()[COOKIE], path="/dashboard")

    assert elsewhere.seen()["subject"] == "user-1"
    elsewhere.press("/dashboard/sign-out")
    assert browser.load().status_code == 303


def test_a_token_is_renewed_before_it_expires(lasting: Browser, provider: Provider) -> None:
    before = flow_of(lasting).sessions.find(lasting.cookies()[COOKIE])
    due(lasting)

    assert lasting.seen()["subject"] == "user-1"
    after = flow_of(lasting).sessions.find(lasting.cookies()[COOKIE])
    assert [form["grant_type"] for form in provider.forms] == ["authorization_code", "refresh_token"]
    assert after.refresh_token not in {None, before.refresh_token}
    assert after.renew_at > time.time()
    assert after.ends_at == before.ends_at
    lasting.seen()
    assert len(provider.forms) == 2


def test_a_token_that_expired_is_renewed_too(lasting: Browser, provider: Provider) -> None:
    due(lasting, is_expired=True)

    assert lasting.seen()["subject"] == "user-1"


def test_many_tabs_in_many_processes_renew_a_token_once(
    lasting: Browser, make_browser: MakeBrowser, provider: Provider
) -> None:
    browsers = [lasting, *(make_browser() for _ in range(5))]
    for browser in browsers[1:]:
        browser.client.set_cookie(COOKIE, lasting.cookies()[COOKIE], path="/dashboard")
    due(lasting, is_expired=True)

    with ThreadPoolExecutor(len(browsers)) as pool:
        answers = list(pool.map(lambda browser: browser.load().status_code, browsers))

    assert answers == [200] * len(browsers)
    assert provider.reused == []
    assert [form["grant_type"] for form in provider.forms] == ["authorization_code", "refresh_token"]


def test_an_issuer_that_renews_no_more_ends_the_session(
    lasting: Browser, provider: Provider, redis_client: redis.Redis
) -> None:
    provider.refresh_tokens.clear()
    due(lasting)

    assert lasting.load().status_code == 303
    assert session_keys(redis_client) == []


@pytest.mark.parametrize("claims", [{"sub": "user-2"}, {"aud": "https://other.example.com"}, {"exp": 1}])
def test_a_new_token_that_is_not_good_or_not_theirs_ends_the_session(
    lasting: Browser, provider: Provider, claims: dict[str, Any], redis_client: redis.Redis
) -> None:
    provider.behaviour.claims = claims
    due(lasting)

    assert lasting.load().status_code == 303
    assert session_keys(redis_client) == []


def test_a_new_token_that_allows_less_allows_less(lasting: Browser, provider: Provider) -> None:
    provider.behaviour.scope = "jobs:read"
    due(lasting)
    assert lasting.seen()["may"] == [False, False]

    provider.behaviour.scope = "jobs:write"
    due(lasting)
    answer = lasting.load()
    assert answer.status_code == 403
    assert "the scope jobs:read any more" in answer.text


def test_while_the_issuer_is_away_a_session_goes_on_as_long_as_its_token(lasting: Browser, provider: Provider) -> None:
    provider.behaviour.token_reply = (500, {}, b"")
    due(lasting)

    assert [lasting.load().status_code for _ in range(3)] == [200] * 3
    assert len(provider.forms) == 2, "after a failure it isn't asked again at once"


def test_when_the_issuer_is_away_for_longer_the_page_says_so_and_the_session_waits(
    lasting: Browser, provider: Provider, monkeypatch: pytest.MonkeyPatch, redis_client: redis.Redis
) -> None:
    monkeypatch.setattr(renewal, "PATIENCE_S", 0.2)
    provider.behaviour.token_reply = (500, {}, b"")
    due(lasting, is_expired=True)

    for _ in range(2):
        answer = lasting.load()
        assert answer.status_code == 503
        assert "The issuer can&#39;t be reached" in answer.text
    provider.behaviour.token_reply = None
    [key] = [key for key in session_keys(redis_client) if ":renewal:" in key]
    redis_client.delete(key)  # as time would
    assert lasting.seen()["subject"] == "user-1"


def test_who_signs_out_while_their_token_is_renewed_stays_out(lasting: Browser, provider: Provider) -> None:
    endpoint, asked, go_on = flow_of(lasting)._endpoint, threading.Event(), threading.Event()
    refresh = endpoint.refresh

    def slowly(token: str) -> Any:
        asked.set()
        assert go_on.wait(20)
        return refresh(token)

    endpoint.refresh = slowly
    due(lasting)
    copy = Browser(lasting.client.application)
    copy.client.set_cookie(COOKIE, lasting.cookies()[COOKIE], path="/dashboard")
    with ThreadPoolExecutor(1) as pool:
        loading = pool.submit(copy.load)
        assert asked.wait(20)
        assert lasting.press("/dashboard/sign-out").status_code == 303
        go_on.set()
        loading.result(20)

    assert copy.load().status_code == 303


def test_after_half_a_day_people_sign_in_again_whatever_the_issuer_says(lasting: Browser, provider: Provider) -> None:
    change(lasting, ends_at=int(time.time()) - 1)

    assert lasting.load().status_code == 303
    assert len(provider.forms) == 1


@pytest.fixture
def full(own_server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[redis.Redis]:
    """A server that has reached its maxmemory."""
    monkeypatch.setattr(tasks.broker.redis, "address", Address(own_server.url))
    tasks.broker.redis.answer_within(10)
    with own_server.client() as client:
        client.config_set("maxmemory", 1)
        yield client
    monkeypatch.undo()
    tasks.broker.redis.answer_within(0.4)


def test_people_can_sign_in_while_redis_is_full_for_they_are_to_repair_that(
    full: redis.Redis, browser: Browser, provider: Provider
) -> None:
    with pytest.raises(redis.exceptions.OutOfMemoryError):
        full.set("a", "b")
    provider.behaviour.gives_refresh_tokens = True

    browser.signed_in(provider)
    due(browser)

    assert browser.seen()["subject"] == "user-1"
    assert len(provider.forms) == 2


def test_without_redis_pages_say_so_and_the_session_is_there_again_afterwards(
    lasting: Browser, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    question = lasting.begin()
    with monkeypatch.context() as away:
        away.setattr(tasks.broker.redis, "address", Address(f"redis://127.0.0.1:{free_port()}/0"))
        tasks.broker.redis.answer_within(0.4)
        answers = [
            lasting.load(),
            lasting.press("/dashboard/sign-out"),
            lasting.come_back(provider.authorize(question)),
        ]
    tasks.broker.redis.answer_within(0.4)

    for answer in answers:
        assert answer.status_code == 503
        assert "Redis can&#39;t be reached" in answer.text
        assert answer.headers["Retry-After"] == "5"
    assert lasting.seen()["subject"] == "user-1"


def test_a_session_of_another_version_is_nobodys(browser: Browser, provider: Provider) -> None:
    browser.signed_in(provider)
    secret = browser.cookies()[COOKIE]
    for document in ({"subject": "user-1"}, [], {"more": 1}):
        nonce = b"n" * sessions.NONCE_BYTES
        sealed = nonce + sessions._cipher(secret).encrypt(nonce, json.dumps(document).encode(), None)
        flow_of(browser).sessions._keep(sessions.keys.session(sessions._name(secret)), sealed, 60, only="present")
        assert browser.load(PAGE).status_code == 303
