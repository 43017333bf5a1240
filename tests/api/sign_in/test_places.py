"""Where browsers are led, behind proxies too, and with which cookies."""

from __future__ import annotations

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from api.access.scopes import is_page

from .app import ADMINISTERED, PAGE
from .browser import Browser, MakeBrowser, query_of
from .provider import Provider

HTTPS = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "jobs.example.com", "X-Forwarded-For": "192.0.2.1"}


def cookie_of(answer: TestResponse) -> str:
    """The session's cookie, as it is set."""
    [found] = [cookie for cookie in answer.headers.getlist("Set-Cookie") if "session=" in cookie]
    return found


def test_a_page_load_is_led_to_sign_in_and_a_part_of_a_page_leads_its_page_there(browser: Browser) -> None:
    loaded, polled = browser.load(f"{PAGE}?a=1&b=%2F"), browser.poll(f"{PAGE}/part", shown_on=f"{PAGE}?a=1#x")

    assert loaded.status_code == 303
    assert loaded.headers["Location"] == "/dashboard/sign-in?to=%2Fdashboard%2Fa-page%3Fa%3D1%26b%3D%252F"
    assert polled.status_code == 401
    assert polled.headers["HX-Redirect"] == "/dashboard/sign-in?to=%2Fdashboard%2Fa-page%3Fa%3D1"
    assert polled.headers["WWW-Authenticate"] == 'Bearer realm="lastin"'
    assert browser.cookies() == {}


def test_a_part_of_a_page_leads_nobody_elsewhere(browser: Browser) -> None:
    for shown_on in ("//evil.example.com/dashboard", "/docs", "//[", "/dashboard/sign-out"):
        assert browser.poll(PAGE, shown_on=shown_on).headers["HX-Redirect"] == "/dashboard/sign-in?to=%2Fdashboard"


@pytest.mark.parametrize("headers", [{"Accept": "*/*"}, {"Sec-Fetch-Mode": "cors"}, {"Accept": "application/json"}])
def test_what_is_no_page_load_gets_401(browser: Browser, headers: dict[str, str]) -> None:
    assert browser.load(**headers).status_code == 401


def test_a_button_pressed_after_the_session_ended_gets_401_and_does_nothing(browser: Browser) -> None:
    answer = browser.press(ADMINISTERED)

    assert answer.status_code == 401
    assert answer.headers["HX-Redirect"] == "/dashboard/sign-in?to=%2Fdashboard"


def test_all_under_the_dashboard_is_closed_but_the_way_in(browser: Browser, provider: Provider) -> None:
    app: Flask = browser.client.application
    rules = {rule.rule for rule in app.url_map.iter_rules() if is_page(rule.rule)}
    is_open = {rule for rule in rules if browser.load(rule).status_code not in {303, 401, 405}}

    assert rules >= {PAGE, "/dashboard/sign-in", "/dashboard/signed-in", "/dashboard/sign-out"}
    assert is_open == {"/dashboard/signed-in", "/dashboard/signed-out"}
    assert browser.load("/dashboard/no-such-page").status_code == 303
    assert browser.load("/dashboard").status_code == 303
    assert all(browser.press(rule).status_code in {303, 401, 405} for rule in rules)
    assert browser.load("/dashboardx").status_code == 401
    browser.signed_in(provider)
    assert browser.load("/dashboard/no-such-page").status_code == 404


def test_over_plain_http_on_this_machine_the_cookie_has_all_but_secure(browser: Browser, provider: Provider) -> None:
    cookie = cookie_of(browser.sign_in(provider))

    assert cookie.startswith("lastin-session=")
    assert sorted(cookie.split("; ")[1:]) == ["HttpOnly", "Path=/dashboard", "SameSite=Lax"]


def test_behind_a_trusted_proxy_with_https_the_cookie_is_secure(make_browser: MakeBrowser, provider: Provider) -> None:
    browser = make_browser("https://jobs.example.com", headers=HTTPS, trusted_proxies=1)

    answer = browser.sign_in(provider)

    assert provider.questions[0]["redirect_uri"] == "https://jobs.example.com/dashboard/signed-in"
    cookie = cookie_of(answer)
    assert cookie.startswith("__Secure-lastin-session=")
    assert sorted(cookie.split("; ")[1:]) == ["HttpOnly", "Path=/dashboard", "SameSite=Lax", "Secure"]
    assert browser.seen()["subject"] == "user-1"


def test_dashboard_url_says_where_the_issuer_sends_browsers_whatever_the_request_says(
    make_browser: MakeBrowser, provider: Provider
) -> None:
    browser = make_browser("http://internal:8000", dashboard_url="https://jobs.example.com/dashboard")

    question = browser.begin()

    assert query_of(question)["redirect_uri"] == ["https://jobs.example.com/dashboard/signed-in"]
    attempt = browser.client._cookies  # type: ignore[union-attr]
    assert [cookie.secure for cookie in attempt.values()] == [True]
    assert provider.authorize(question).startswith("https://jobs.example.com/dashboard/signed-in?")


def test_where_others_could_read_along_nobody_signs_in(make_browser: MakeBrowser) -> None:
    answer = make_browser("http://jobs.example.com").load("/dashboard/sign-in")

    assert answer.status_code == 403
    assert "TRUSTED_PROXIES or DASHBOARD_URL" in answer.text
    assert "Set-Cookie" not in answer.headers


def test_an_attempts_cookie_goes_only_to_where_it_is_needed_and_not_for_long(browser: Browser) -> None:
    [cookie] = browser.load("/dashboard/sign-in").headers.getlist("Set-Cookie")

    assert sorted(part.partition("=")[0] for part in cookie.split("; ")[1:]) == [
        "Expires",
        "HttpOnly",
        "Max-Age",
        "Path",
        "SameSite",
    ]
    assert {"Path=/dashboard/signed-in", "Max-Age=600", "SameSite=Lax"} <= set(cookie.split("; "))


def test_pages_are_not_kept_for_others(browser: Browser, provider: Provider) -> None:
    shown = browser.signed_in(provider).load()

    assert shown.headers["Cache-Control"] == "private, no-cache"
    assert shown.headers["Vary"] == "Cookie"


def test_attempts_are_counted_by_address_and_what_people_do_by_who_does_it(
    make_browser: MakeBrowser, provider: Provider
) -> None:
    app = make_browser(rate_limit="6/hour").client.application
    browser, stranger = Browser(app), Browser(app)

    browser.signed_in(provider)  # the page, the question, the answer
    assert [stranger.load("/dashboard/sign-in").status_code for _ in range(4)] == [303, 303, 303, 429]
    assert stranger.load("/dashboard/signed-in?code=x&state=y").status_code == 429
    assert [browser.press(ADMINISTERED).status_code for _ in range(7)] == [200] * 6 + [429]


def test_looking_is_not_counted_for_pages_ask_by_themselves(make_browser: MakeBrowser, provider: Provider) -> None:
    signed_in = make_browser(rate_limit="3/hour").signed_in(provider)
    open_to_all = make_browser(auth="off", rate_limit="3/hour")

    for browser in (signed_in, open_to_all):
        assert {browser.poll().status_code for _ in range(10)} == {200}
    assert signed_in.load("/dashboard/static/no-such-file").status_code == 404
