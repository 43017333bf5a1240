"""Who isn't signed in, and why: each way in which the issuer's answer can be wrong."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from werkzeug.test import TestResponse

from api.sign_in import metadata, token_endpoint

from ..issuer import Key
from .app import PAGE
from .browser import Browser, MakeBrowser, query_of
from .provider import CLIENT, Behaviour, Provider

SIGNED_IN = "/dashboard/signed-in"


def refused(answer: TestResponse, status: int, *words: str) -> None:
    """A page that says why, with a link to try again, which isn't kept."""
    assert answer.status_code == status, answer.text
    assert answer.mimetype == "text/html"
    assert answer.headers["Cache-Control"] == "no-store"
    assert 'href="/dashboard/sign-in?to=' in answer.text
    for word in words:
        assert word in answer.text.replace("&#39;", "'"), answer.text


def assert_out(browser: Browser) -> None:
    """Nobody is signed in."""
    assert browser.load().status_code == 303
    assert not any("session" in name for name in browser.cookies())


def test_whoever_declines_is_told_so_and_can_try_again(browser: Browser, provider: Provider) -> None:
    provider.behaviour.denies = "access_denied"
    refused(browser.sign_in(provider), 403, "declined", "to=%2Fdashboard%2Fa-page")
    assert_out(browser)

    provider.behaviour.denies = None
    browser.signed_in(provider)


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("invalid_scope", "invalid_scope"),
        ("<script>alert(1)</script>", "no code of OAuth's"),
        ("x\r\ny", "no code of OAuth's"),
        ("x" * 5000, "no code of OAuth's"),
    ],
)
def test_other_refusals_are_told_without_repeating_them(
    browser: Browser, provider: Provider, code: str, told: str, caplog: pytest.LogCaptureFixture
) -> None:
    provider.behaviour.denies = code
    answer = browser.sign_in(provider)

    refused(answer, 400, "refused the request")
    assert code not in answer.text
    assert told in caplog.text
    assert (code in caplog.text) is (code == told)
    assert_out(browser)


def _with(url: str, **changed: str | None) -> str:
    parts = urlsplit(url)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()} | changed
    return parts._replace(query=urlencode({k: v for k, v in query.items() if v is not None})).geturl()


@pytest.mark.parametrize("state", [None, "", "x", "\u00e9" * 43, "A" * 43])
def test_an_answer_with_another_state_is_of_somebody_else(
    browser: Browser, provider: Provider, state: str | None
) -> None:
    back = provider.authorize(browser.ask())

    refused(browser.come_back(_with(back, state=state)), 400, "began in another browser")
    assert provider.forms == []
    assert_out(browser)


def test_the_same_beginning_of_a_state_is_not_the_state(browser: Browser, provider: Provider) -> None:
    back = provider.authorize(browser.ask())
    state = query_of(back)["state"][0]

    refused(browser.come_back(_with(back, state=state[:-1] + ("A" if state[-1] != "A" else "B"))), 400)
    assert provider.forms == []


def test_an_answer_to_another_browser_signs_nobody_in(make_browser: MakeBrowser, provider: Provider) -> None:
    """Login CSRF: the attacker's own answer, opened by somebody else."""
    attacker, victim = make_browser(), make_browser()
    back = provider.authorize(attacker.ask())
    victim.ask()

    refused(victim.come_back(back), 400, "began in another browser")
    assert_out(victim)


def test_an_answer_is_taken_once(browser: Browser, provider: Provider) -> None:
    back = provider.authorize(browser.ask())
    assert browser.come_back(back).status_code == 303

    refused(browser.come_back(back), 400, "finished already")
    assert len(provider.forms) == 1
    assert browser.seen()["subject"] == "user-1"


def test_a_code_that_was_used_before_is_refused(browser: Browser, provider: Provider) -> None:
    back = provider.authorize(browser.ask())
    provider.used.add(query_of(back)["code"][0])

    refused(browser.come_back(back), 400, "used before")
    assert_out(browser)


def test_a_stolen_code_is_worth_nothing_in_another_browser(make_browser: MakeBrowser, provider: Provider) -> None:
    """Injection: the thief swaps the code into an attempt of their own. Only PKCE tells."""
    victim, thief = make_browser(), make_browser()
    stolen = query_of(provider.authorize(victim.ask()))["code"][0]
    back = _with(provider.authorize(thief.ask()), code=stolen)

    refused(thief.come_back(back), 400, "doesn't take the code")
    assert_out(thief)


@pytest.mark.parametrize("iss", [None, "https://other.example.com"])
def test_an_answer_that_is_not_the_issuers_is_refused_before_anything_of_it_is_used(
    browser: Browser, provider: Provider, iss: str | None
) -> None:
    provider.behaviour.response_iss = iss
    refused(browser.sign_in(provider), 400, "not one of OAUTH_ISSUER")
    provider.behaviour.denies = "access_denied"
    refused(browser.sign_in(provider), 400, "not one of OAUTH_ISSUER")

    assert provider.forms == []
    assert_out(browser)


def test_issuers_that_never_name_themselves_are_taken_unless_they_name_another(
    browser: Browser, provider: Provider
) -> None:
    provider.behaviour.metadata = {"authorization_response_iss_parameter_supported": False}
    provider.behaviour.response_iss = "https://other.example.com"
    refused(browser.sign_in(provider), 400, "not one of OAUTH_ISSUER")

    provider.behaviour.response_iss = None
    browser.signed_in(provider)


def test_parameters_that_stand_there_twice_are_not_taken(browser: Browser, provider: Provider) -> None:
    back = provider.authorize(browser.ask())

    refused(browser.come_back(f"{back}&code=other"), 400, "neither a code nor an error")
    assert provider.forms == []


BAD: dict[str, tuple[Callable[[Behaviour], None], str]] = {
    "another audience": (lambda b: b.claims.update(aud="https://other.example.com"), "for another audience"),
    "another issuer": (lambda b: b.claims.update(iss="https://other.example.com"), "of another issuer"),
    "expired": (lambda b: b.claims.update(exp=int(time.time()) - 60), "has expired"),
    "no expiry": (lambda b: b.claims.update(exp=None), "has no exp"),
    "nobody": (lambda b: b.claims.update(sub=None), "must name a subject"),
    "unsigned": (lambda b: setattr(b, "signs_access_tokens", False), "must be signed"),
    "another's signature": (lambda b: setattr(b, "key", Key("first")), "signature of the token is wrong"),
    "ID token of another client": (lambda b: b.id_claims.update(aud="other"), "for another audience"),
    "ID token for another client": (lambda b: b.id_claims.update(aud=[CLIENT, "x"], azp="x"), "for another client"),
    "ID token of another issuer": (lambda b: b.id_claims.update(iss="https://o.example.com"), "of another issuer"),
    "ID token expired": (lambda b: b.id_claims.update(exp=1), "has expired"),
    "ID token unsigned": (lambda b: setattr(b, "signs_id_tokens", False), "must be signed"),
    "another nonce": (lambda b: b.id_claims.update(nonce="x"), "another nonce"),
    "no nonce": (lambda b: b.id_claims.update(nonce=None), "another nonce"),
    "no ID token": (lambda b: setattr(b, "sends_id_tokens", False), "no ID token"),
}


@pytest.mark.parametrize("what", BAD, ids=list(BAD))
def test_a_token_that_is_not_good_signs_nobody_in(browser: Browser, provider: Provider, what: str) -> None:
    change, reason = BAD[what]
    change(provider.behaviour)

    refused(browser.sign_in(provider), 400, "isn't taken", reason)
    assert_out(browser)


def test_who_may_not_even_read_is_told_the_scope_and_can_be_somebody_else(browser: Browser, provider: Provider) -> None:
    provider.behaviour.scope = "jobs:write jobs:admin"

    refused(browser.sign_in(provider), 403, "doesn't give Ada Lovelace the scope jobs:read", "&amp;anew=1")
    assert_out(browser)


AWAY: dict[str, tuple[int, dict[str, str], bytes]] = {
    "500": (500, {}, b"{}"),
    "429": (429, {}, b"{}"),
    "no JSON": (200, {}, b"<html>"),
    "no object": (200, {}, b"[]"),
    "no token": (200, {}, b'{"token_type": "Bearer"}'),
    "a token that isn't text": (200, {}, b'{"token_type": "Bearer", "access_token": 7}'),
    "another type": (200, {}, b'{"token_type": "DPoP", "access_token": "a.b.c"}'),
    "a redirect": (302, {"Location": "https://example.com/"}, b""),
    "endless": (200, {}, b" " * (token_endpoint.MAX_BYTES + 1)),
}


@pytest.mark.parametrize("what", AWAY, ids=list(AWAY))
def test_an_issuer_that_answers_nonsense_counts_as_away(browser: Browser, provider: Provider, what: str) -> None:
    provider.behaviour.token_reply = AWAY[what]

    answer = browser.sign_in(provider)
    refused(answer, 503, "can't be reached")
    assert answer.headers["Retry-After"]
    assert_out(browser)


@pytest.mark.parametrize(
    ("code", "status"), [("invalid_client", 401), ("unauthorized_client", 400), ("<b>&", 400), ("", 403)]
)
def test_a_client_that_the_issuer_does_not_know_is_an_error_of_settings(
    browser: Browser, provider: Provider, code: str, status: int
) -> None:
    provider.behaviour.token_reply = (status, {}, f'{{"error": "{code}"}}'.encode())

    refused(browser.sign_in(provider), 400, "OAUTH_CLIENT_ID", "OAUTH_CLIENT_SECRET", "DASHBOARD_URL")


def test_a_token_endpoint_that_drips_is_cut_off(
    browser: Browser, provider: Provider, dripping: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(token_endpoint, "ANSWER_S", 0.3)
    provider.behaviour.metadata = {"token_endpoint": dripping}

    refused(browser.sign_in(provider), 503, "can't be reached")
    assert_out(browser)


def test_metadata_that_drip_are_cut_off(
    make_browser: MakeBrowser, dripping: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(metadata, "FETCH_S", 0.3)

    refused(make_browser(oauth_issuer=dripping).load("/dashboard/sign-in"), 503, "can't be reached")
    assert "the exchange took longer than" in caplog.text


def test_few_threads_wait_for_a_slow_issuer(
    make_browser: MakeBrowser, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(token_endpoint, "AT_ONCE", 1)
    monkeypatch.setattr(token_endpoint, "TURN_S", 0.05)
    browser = make_browser()
    endpoint = browser.client.application.extensions["sign_in"].flow._endpoint
    assert endpoint._turns.acquire(blocking=False)  # as a request does that waits for the issuer

    refused(browser.sign_in(provider), 503, "can't be reached")
    assert provider.forms == []
    endpoint._turns.release()
    browser.signed_in(provider)


def test_an_issuer_that_is_down_is_asked_seldom_and_missed_by_nobody_who_is_signed_in(
    browser: Browser, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metadata, "RETRY_S", 3600)
    browser.signed_in(provider)
    fresh = Browser(browser.client.application)
    door = browser.client.application.extensions["sign_in"]
    door.flow._metadata._known, door.flow._metadata._read_at = None, float("-inf")
    asked: list[str] = []
    monkeypatch.setattr(metadata, "fetch", lambda issuer: asked.append(issuer) or metadata_of_nobody())
    provider.close()

    for _ in range(3):
        refused(fresh.load("/dashboard/sign-in?to=/dashboard/a-page"), 503, "can't be reached")
    assert len(asked) == 1
    assert browser.seen()["subject"] == "user-1"


def metadata_of_nobody() -> metadata.Endpoints:
    raise OSError("away")


def test_old_metadata_serve_while_new_ones_can_not_be_had(
    browser: Browser, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser.ask()
    monkeypatch.setattr(metadata, "FRESH_S", -1)
    provider.behaviour.metadata_at = "/nowhere"

    browser.signed_in(provider)


def test_a_request_does_not_wait_for_long_behind_one_that_asks_the_issuer(
    browser: Browser, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metadata, "PATIENCE_S", 0.05)
    lock: threading.Lock = browser.client.application.extensions["sign_in"].flow._metadata._lock

    with lock:
        refused(browser.load("/dashboard/sign-in"), 503, "can't be reached")
    assert browser.load("/dashboard/sign-in").status_code == 303


BAD_METADATA: dict[str, tuple[dict[str, object], str]] = {
    "another issuer's": ({"issuer": "https://other.example.com"}, "both must be the same"),
    "no PKCE": ({"code_challenge_methods_supported": ["plain"]}, "PKCE with S256"),
    "plain HTTP to a token endpoint": ({"token_endpoint": "http://example.com/token"}, "token_endpoint to be an https"),
    "no authorization endpoint": ({"authorization_endpoint": None}, "authorization_endpoint to be an https"),
    "a script": ({"authorization_endpoint": "javascript:alert(1)"}, "authorization_endpoint to be an https"),
}


@pytest.mark.parametrize("what", BAD_METADATA, ids=list(BAD_METADATA))
def test_metadata_that_can_not_be_trusted_are_not_used_and_the_log_says_why(
    browser: Browser, provider: Provider, what: str, caplog: pytest.LogCaptureFixture
) -> None:
    provider.behaviour.metadata, reason = BAD_METADATA[what]

    refused(browser.load("/dashboard/sign-in"), 503, "can't be reached")
    assert "The metadata of OAUTH_ISSUER" in caplog.text
    assert reason in caplog.text


@pytest.mark.parametrize(
    "to",
    [
        "https://evil.example.com/",
        "//evil.example.com/dashboard",
        "/\\evil.example.com",
        "/dashboard\\..\\evil",
        "/dashboard@evil.example.com",
        "/dashboard.evil.example.com",
        "dashboard",
        "javascript:alert(1)",
        "/docs",
        "/dashboard/sign-out",
        "/dashboard/signed-in?code=x",
        "/dashboard/a\r\nSet-Cookie: a=b",
        "/dashboard/\u00e9",
        "/dashboard/" + "x" * 2000,
        "",
    ],
)
def test_nobody_is_led_elsewhere(browser: Browser, provider: Provider, to: str) -> None:
    question = browser.begin(f"/dashboard/sign-in?{urlencode({'to': to})}")

    assert browser.come_back(provider.authorize(question)).headers["Location"] == "/dashboard"


def test_nobody_is_led_elsewhere_by_a_cookie_that_was_changed(browser: Browser, provider: Provider) -> None:
    back = provider.authorize(browser.ask())
    [(name, value)] = browser.cookies().items()
    for to in ("aHR0cHM6Ly9ldmlsLmV4YW1wbGUuY29t", "Ly9ldmlsLmV4YW1wbGUuY29t"):
        browser.client.set_cookie(name, f"{value.partition('.')[0]}.{to}", path=SIGNED_IN)
        assert browser.client.get_cookie(name, path=SIGNED_IN) is not None

    assert browser.come_back(back).headers["Location"] == "/dashboard"


@pytest.mark.parametrize("value", ["", ".", "x.y", "\u00e9.\u00e9", "A" * 43, "A" * 43 + ".%%%", "A" * 43 + ".gICA"])
def test_an_attempts_cookie_that_was_changed_fits_no_answer(browser: Browser, provider: Provider, value: str) -> None:
    back = provider.authorize(browser.ask())
    [name] = browser.cookies()
    browser.client.set_cookie(name, value, path=SIGNED_IN)

    refused(browser.come_back(back), 400, "began in another browser")
    assert PAGE not in browser.cookies()


def test_without_a_client_id_the_page_says_what_is_missing(make_browser: MakeBrowser) -> None:
    browser = make_browser(oauth_client_id=None)

    for answer in (browser.load(), browser.load("/dashboard/sign-in"), browser.press("/dashboard/sign-out")):
        assert answer.status_code == 403
        assert "OAUTH_CLIENT_ID" in answer.text
