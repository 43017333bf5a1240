"""Each kind of problem has a page under its type, and every error is one of those kinds."""

from __future__ import annotations

import html

import pytest

from api.problem_pages import EXPLANATIONS
from api.wire.problems import KINDS, Kind

from .client import JSON, Client


def test_each_kind_is_explained_and_nothing_else_is() -> None:
    assert set(EXPLANATIONS) == {kind.name for kind in KINDS}
    assert len({kind.name for kind in KINDS}) == len(KINDS)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_the_type_of_a_problem_leads_to_its_page(client: Client, kind: Kind) -> None:
    answer = client.get(kind.type)

    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    text = html.unescape(answer.body.decode())
    assert f"<h1>{kind.title}</h1>" in text
    assert EXPLANATIONS[kind.name].happened in text
    assert EXPLANATIONS[kind.name].to_do in text


def test_the_index_lists_all_of_them(client: Client) -> None:
    text = client.get("/problems").body.decode()

    assert [kind.name for kind in KINDS if f'href="{kind.type}"' not in text] == []


def test_an_unknown_problem_is_one_itself(client: Client) -> None:
    client.get("/problems/nothing").problem(404, "not-found")


@pytest.mark.parametrize(
    ("sent", "status", "kind"),
    [
        (("POST", "/v1/jobs", "{", JSON), 400, "malformed-json"),
        (("POST", "/v1/jobs", "{}", JSON), 400, "validation"),
        (("GET", "/v1/jobs?stauts=x", None, {}), 400, "validation"),
        (("GET", "/v1/jobs/nobody", None, {}), 404, "not-found"),
        (("GET", "/nowhere", None, {}), 404, "not-found"),
        (("DELETE", "/v1/jobs", None, {}), 405, "method-not-allowed"),
        (("POST", "/v1/jobs", " " * 1_048_577, JSON), 413, "too-large"),
        (("POST", "/v1/jobs", "{}", {}), 415, "unsupported-media-type"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_whatever_goes_wrong_leads_to_a_page(
    client: Client, sent: tuple[str, str, str | None, dict[str, str]], status: int, kind: str
) -> None:
    problem = client.send(*sent).problem(status, kind)

    assert client.get(problem["type"]).status == 200
