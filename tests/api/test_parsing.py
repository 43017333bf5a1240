"""Each thing that a stock flask-smorest gets wrong (500, 201 or silence), answered rightly."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
import redis

from api.wire import parsing
from middleware.commands import keys

from .client import JSON, Client

MAX_BODY_BYTES = 1_048_576


@pytest.mark.parametrize(
    "body",
    [
        "[" * 100_000,
        "[" * 100_000 + "]" * 100_000,
        '{"message":' * 40 + "1" + "}" * 40,
        '{"message": "a", "delay_s": ' + "1" * 5_000 + "}",
        '{"task": "measure", "payload": {"count": 18446744073709551616}}',
        '{"message": "a", "delay_s": 1e999}',
        '{"message": "a", "delay_s": NaN}',
        '{"message": "\\ud800"}',
        '{"message": "\\udc00\\ud800"}',
        b'{"message": "\xff"}',
        b'{"message": "\xed\xa0\x80"}',
        b'\xef\xbb\xbf{"message": "a"}',
        '{"message": "a", "message": "b"}',
        '{"task": "post_mail", "payload": {"to": "a@b.de", "to": "c@d.de", "title": "t"}}',
        "{'message': 'a'}",
        '{"message": "a"} {}',
        '{"message": "a",}',
        '{"message": "a\nb"}',
        "",
        " ",
    ],
    ids=lambda body: repr(body)[:40],
)
def test_a_body_that_libraries_read_differently_is_refused(client: Client, body: bytes | str) -> None:
    problem = client.post_job(body).problem(400, "malformed-json")

    assert problem["errors"][0]["pointer"] == ""
    assert client.get("/v1/jobs").json == []


def test_a_body_may_be_nested_as_deep_as_the_bound(client: Client) -> None:
    too_deep = client.post_job("[" * 33 + "]" * 33)
    deep = client.post_job("[" * 32 + "]" * 32)

    too_deep.problem(400, "malformed-json")
    deep.problem(400, "validation")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "application/vnd.api+json"},
        {"Content-Type": "application/json; charset=latin-1"},
        {"Content-Type": "application/json", "Content-Encoding": "gzip"},
    ],
    ids=repr,
)
def test_another_media_type_is_415(client: Client, headers: dict[str, str]) -> None:
    answer = client.send("POST", "/v1/jobs", '{"message": "a"}', headers)

    answer.problem(415, "unsupported-media-type")


@pytest.mark.parametrize("media_type", ["application/json; charset=utf-8", "Application/JSON"])
def test_json_in_utf8_is_taken_however_it_is_spelled(client: Client, media_type: str) -> None:
    assert client.send("POST", "/v1/jobs", '{"message": "a"}', {"Content-Type": media_type}).status == 201


def test_a_body_that_announces_too_much_is_413(client: Client) -> None:
    body = b'{"message": "a"}' + b" " * MAX_BODY_BYTES

    client.send("POST", "/v1/jobs", body, JSON).problem(413, "too-large")


def test_a_client_that_sends_far_too_much_gets_its_answer(client: Client) -> None:
    client.send("POST", "/v1/jobs", b" " * 20_000_000, JSON).problem(413, "too-large")


def test_a_chunked_body_that_is_too_large_is_413_even_if_what_fits_parses(client: Client) -> None:
    def chunks() -> Iterator[bytes]:
        yield b'{"message": "a"}'
        for _ in range(17):
            yield b" " * 65_536

    client.send("POST", "/v1/jobs", chunks(), JSON).problem(413, "too-large")
    assert client.get("/v1/jobs").json == []


def test_a_chunked_body_within_the_bound_is_taken(client: Client) -> None:
    answer = client.send("POST", "/v1/jobs", iter([b'{"mess', b'age": "in ', b'pieces"}']), JSON)

    assert answer.status == 201
    assert answer.json["payload"] == {"message": "in pieces"}


def test_a_body_of_exactly_the_bound_is_taken(client: Client) -> None:
    body = b'{"message": "a"}'

    assert client.send("POST", "/v1/jobs", body.ljust(MAX_BODY_BYTES), JSON).status == 201


@pytest.mark.parametrize(
    "length", [b"Content-Length: 22\r\n", b"Transfer-Encoding: chunked\r\n"], ids=["length", "chunks"]
)
def test_a_request_whose_body_was_cut_is_not_carried_out(client: Client, length: bytes) -> None:
    job = client.post_job({"message": "a"}).json["id"]
    head = f"POST /v1/jobs/{job}/cancel HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    with socket.create_connection(("127.0.0.1", client.port), timeout=30) as connection:
        connection.sendall(head.encode() + length + b"\r\n")
        connection.shutdown(socket.SHUT_WR)
        answer = connection.recv(65_536)

    assert answer.startswith(b"HTTP/1.1 400 ")
    assert client.get(f"/v1/jobs/{job}").json["status"] == "queued"


@pytest.mark.parametrize(
    ("field", "value"),
    [("urgent", "1"), ("urgent", '"yes"'), ("urgent", "0"), ("count", '"5"'), ("count", "2.7"), ("count", "true")],
)
def test_json_types_arent_converted(client: Client, field: str, value: str) -> None:
    problem = client.post_job(f'{{"task": "measure", "payload": {{"{field}": {value}}}}}').problem(400, "validation")

    assert [error["pointer"] for error in problem["errors"]] == [f"/payload/{field}"]


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("stauts=queued", "stauts"),
        ("status=nothing", "status"),
        ("status=", "status"),
        ("status=queued&status=runing", "status"),
        ("limit=1&limit=1", "limit"),
        ("limit=1_0", "limit"),
        ("limit=%2B5", "limit"),
        ("limit=%205", "limit"),
        ("limit=%D9%A5", "limit"),
        ("limit=1.0", "limit"),
        ("limit=0", "limit"),
        ("limit=501", "limit"),
        ("limit=-1", "limit"),
        ("limit=" + "9" * 400, "limit"),
        ("limit=", "limit"),
        ("cursor=nonsense", "cursor"),
        ("cursor=%FF", "cursor"),
        ("cursor=", "cursor"),
        ("cursor=1.default%0A", "cursor"),
        ("cursor=12345678901234567.default", "cursor"),
        ("queue=no%20name", "queue"),
        ("task=", "task"),
        ("task=a,", "task"),
        ("limit=5&limit=6", "limit"),
        ("tag=" + "a" * 65, "tag"),
        ("tag=a&tag=", "tag"),
        ("tag=" + ",".join("a" * 17), "tag"),
        ("window=17", "window"),
        ("window=default.", "window"),
        ("window=default.1%0A", "window"),
        ("created_after=yesterday", "created_after"),
        ("created_after=2026-01-01", "created_after"),
        ("created_after=2026-01-01T00:00:00", "created_after"),
        ("created_before=2026-01-01T00:00:00+00:00", "created_before"),
        ("created_before=1790000000", "created_before"),
        ("queue=default%0A", "queue"),
    ],
)
def test_a_bad_parameter_is_refused_by_its_name(client: Client, query: str, parameter: str) -> None:
    problem = client.get(f"/v1/jobs?{query}").problem(400, "validation")

    assert {error["parameter"] for error in problem["errors"]} == {parameter}


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/v1/jobs/x?y=1"), ("POST", "/v1/jobs?y=1"), ("GET", "/healthz?y=1")]
)
def test_operations_without_parameters_refuse_all(client: Client, method: str, path: str) -> None:
    problem = client.send(method, path, '{"message": "a"}' if method == "POST" else None, JSON).problem(
        400, "validation"
    )

    assert problem["errors"] == [{"parameter": "y", "detail": "Unknown parameter: this operation has none."}]


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE", "QUERY"])
def test_405_lists_the_methods_there_are(client: Client, method: str) -> None:
    answer = client.send(method, "/v1/jobs")

    answer.problem(405, "method-not-allowed")
    assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS", "POST"}


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/v1",
        "/v1/jobs/",
        "/v1/jobs/a/b",
        "/docs/nothing.js",
        "/static/nothing",
        "/v1//jobs",
        "/static//etc/passwd",
    ],
)
def test_404_is_a_problem_document_too(client: Client, path: str) -> None:
    client.get(path).problem(404, "not-found")


def test_a_hostile_body_gets_a_bounded_answer(client: Client) -> None:
    names = ", ".join(f'"n{i}": 1' for i in range(10_000))

    problem = client.post_job(f"{{{names}}}").problem(400, "validation")

    assert len(problem["errors"]) == 50


def test_a_body_holds_a_bounded_number_of_values(client: Client) -> None:
    problem = client.post_job('{"message": "a", "tags": [' + "0," * 65_536 + "0]}").problem(400, "malformed-json")

    assert problem["detail"] == "It holds more than 65536 values (an object counts as 4)."


def test_of_too_many_tags_none_is_looked_at(client: Client) -> None:
    problem = client.post_job({"message": "a", "tags": [""] * 17}).problem(400, "validation")

    assert [error["pointer"] for error in problem["errors"]] == ["/tags"]


def test_of_a_batch_as_many_wrong_jobs_are_looked_at_as_are_shown(client: Client) -> None:
    problem = client.post("/v1/jobs/batch", {"jobs": [{}] * 1000}).problem(400, "validation")

    assert problem["detail"].endswith("(and 49 more)")


class Compared(str):
    """A text that counts how often it was compared with another one."""

    times = 0
    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        Compared.times += 1
        return str.__eq__(self, other)


def test_a_repeated_name_is_found_without_comparing_each_with_all_others() -> None:
    names = [Compared(number) for number in (*range(1000), 999)]

    with pytest.raises(parsing._Refused, match="'999' stands twice"):
        parsing._object([(name, 1) for name in names])

    assert Compared.times < 10 * len(names)


def test_a_fault_of_the_service_is_a_problem_document_without_a_trace(
    client: Client, redis_client: redis.Redis
) -> None:
    redis_client.set(keys.queues(), "not the set that it should be")

    answer = client.get("/v1/jobs/01890a5d-ac96-774b-bcce-b302099a8057")

    problem = answer.problem(500, "internal")
    assert problem["errors"] == []
    assert b"WRONGTYPE" not in answer.body
    assert b"lastin" not in answer.body
