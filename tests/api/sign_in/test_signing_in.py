"""Signing in to the pages through the issuer, and what comes of it."""

from __future__ import annotations

import pytest

from api.access.scopes import ADMIN, NONE, READ, WRITE, needs
from api.dashboard.viewer import NOBODY, viewer

from ..closed import settings_for
from ..issuer import AUDIENCE
from .app import ADMINISTERED, PAGE, WRITTEN
from .browser import Browser, MakeBrowser, query_of
from .provider import CLIENT, Provider


def test_somebody_signs_in_and_sees_the_page_that_they_wanted(browser: Browser, provider: Provider) -> None:
    done = browser.sign_in(provider, f"{PAGE}?state=queued&tag=a%20b")

    assert done.status_code == 303
    assert done.headers["Location"] == f"{PAGE}?state=queued&tag=a%20b"
    assert browser.seen() == {
        "name": "Ada Lovelace",
        "may": [True, True],
        "subject": "user-1",
        "signed": "because (by user-1)",
    }


def test_the_issuer_is_asked_as_the_standards_say(browser: Browser, provider: Provider) -> None:
    question = query_of(browser.ask())

    assert question.pop("state") != question.pop("nonce")
    assert len(question.pop("code_challenge")[0]) == 43
    assert question == {
        "response_type": ["code"],
        "client_id": [CLIENT],
        "redirect_uri": ["http://localhost/dashboard/signed-in"],
        "scope": ["openid jobs:read jobs:write jobs:admin"],
        "code_challenge_method": ["S256"],
        "resource": [AUDIENCE],
    }


def test_every_attempt_has_secrets_of_its_own(browser: Browser) -> None:
    one, other = query_of(browser.ask()), query_of(browser.ask())

    for name in ("state", "nonce", "code_challenge"):
        assert one[name] != other[name]


@pytest.mark.parametrize(
    ("scope", "may", "statuses"),
    [
        (READ, [False, False], (403, 403)),
        (f"{READ} {WRITE}", [True, False], (200, 403)),
        (f"{READ} {ADMIN}", [False, True], (403, 200)),
        (f"{READ} {WRITE} {ADMIN}", [True, True], (200, 200)),
    ],
)
def test_the_scopes_of_the_token_are_what_somebody_may_do(
    browser: Browser, provider: Provider, scope: str, may: list[bool], statuses: tuple[int, int]
) -> None:
    provider.behaviour.scope = scope
    browser.signed_in(provider)

    assert browser.seen()["may"] == may
    assert (browser.press(WRITTEN).status_code, browser.press(ADMINISTERED).status_code) == statuses


def test_a_page_of_another_site_can_not_press_a_button(browser: Browser, provider: Provider) -> None:
    browser.signed_in(provider)

    for path in (WRITTEN, "/dashboard/sign-out"):
        assert browser.press(path, **{"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert browser.seen()["subject"] == "user-1"


def test_a_client_with_a_secret_shows_it_as_the_issuer_wants(redis_url: str, make_browser: MakeBrowser) -> None:
    with Provider(secret="s p/e:c") as provider:
        settings = settings_for(provider)
        assert make_browser(**settings).signed_in(provider).seen()["subject"] == "user-1"
        provider.behaviour.metadata = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
        assert make_browser(**settings).signed_in(provider).seen()["subject"] == "user-1"

    basic, posted = provider.forms
    assert "client_secret" not in basic
    assert posted["client_secret"] == "s p/e:c"


def test_metadata_may_be_where_rfc_8414_puts_it(browser: Browser, provider: Provider) -> None:
    provider.behaviour.metadata_at = "/.well-known/oauth-authorization-server"

    assert browser.signed_in(provider).seen()["subject"] == "user-1"


@pytest.mark.parametrize(
    ("audience", "chosen", "asked"),
    [
        (AUDIENCE, None, {"resource"}),
        ("jobs", None, set()),
        ("api://jobs", None, set()),
        (AUDIENCE, "none", set()),
        (AUDIENCE, "audience", {"audience"}),
        ("jobs", "resource", {"resource"}),
    ],
)
def test_the_issuer_is_told_the_audience_as_it_understands_it(
    make_browser: MakeBrowser, provider: Provider, audience: str, chosen: str | None, asked: set[str]
) -> None:
    provider.behaviour.claims = {"aud": audience}
    browser = make_browser(oauth_audience=audience, oauth_audience_parameter=chosen).signed_in(provider)

    assert {"resource", "audience"} & provider.questions[0].keys() == asked
    assert {"resource", "audience"} & provider.forms[0].keys() == asked & {"resource"}
    assert browser.seen()["subject"] == "user-1"


def test_an_issuer_without_openid_connect_will_do(make_browser: MakeBrowser, provider: Provider) -> None:
    browser = make_browser(oauth_scopes=("jobs:read",)).signed_in(provider)

    assert browser.seen()["name"] == "user-1"


@pytest.mark.parametrize(
    ("claims", "name"),
    [
        ({"name": None, "preferred_username": "ada"}, "ada"),
        ({"name": 7, "email": "ada@example.com"}, "ada@example.com"),
        ({"name": "<b>\u202e\n"}, "b"),
        ({"name": "x" * 500}, "x" * 100),
        ({"name": None}, "user-1"),
    ],
)
def test_people_are_called_what_the_id_token_says(
    browser: Browser, provider: Provider, claims: dict[str, object], name: str
) -> None:
    provider.behaviour.id_claims = claims

    assert browser.signed_in(provider).seen()["name"] == name


def test_several_tabs_can_sign_in_at_the_same_time(browser: Browser, provider: Provider) -> None:
    first, second = browser.ask(f"{PAGE}?tab=1"), browser.ask(f"{PAGE}?tab=2")

    for question, path in ((second, f"{PAGE}?tab=2"), (first, f"{PAGE}?tab=1")):
        assert browser.come_back(provider.authorize(question)).headers["Location"] == path


def test_somebody_else_is_asked_for_who_they_are(browser: Browser) -> None:
    assert query_of(browser.begin("/dashboard/sign-in?anew=1"))["prompt"] == ["login"]


def test_the_bearer_token_of_a_program_opens_no_page_and_a_session_no_api(browser: Browser, provider: Provider) -> None:
    assert browser.load(**provider.bearer()).status_code == 303  # type: ignore[arg-type]
    browser.signed_in(provider)

    assert browser.load("/v1/jobs").status_code == 401


def test_with_auth_off_everybody_may_do_everything_and_nobody_signs_in(make_browser: MakeBrowser) -> None:
    browser = make_browser(auth="off")

    assert browser.seen() == {"name": "", "may": [True, True], "subject": None, "signed": "because"}
    assert browser.press(ADMINISTERED).status_code == 200
    assert browser.load("/dashboard/sign-in").status_code == 404


def test_what_needs_no_session_is_seen_by_nobody_in_particular(make_browser: MakeBrowser) -> None:
    app = make_browser().client.application
    app.add_url_rule("/dashboard/open", view_func=needs(NONE)(lambda: repr(viewer())))

    shown = Browser(app).load("/dashboard/open")

    assert shown.text == repr(NOBODY)
    assert "Vary" not in shown.headers
