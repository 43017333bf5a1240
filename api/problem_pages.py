"""A page for each kind of problem: what happened, and what to do. The ``type`` of a problem document leads there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from flask import Blueprint, abort, render_template

from .wire.problems import KINDS

problem_pages = Blueprint("problem_pages", __name__, url_prefix="/problems")


class Explanation(NamedTuple):
    """What happened, and what to do about it, for people who write clients or run the service."""

    happened: str
    to_do: str


EXPLANATIONS: Mapping[str, Explanation] = {
    "malformed-json": Explanation(
        "The body isn't one JSON document that every library reads the same way: the syntax is wrong, it isn't "
        "UTF-8, a name is repeated in one object, a number has more than 64 bits or is infinite, a text holds half of "
        "a surrogate pair, it is nested more than 32 deep, or it holds too many values (detail says which). Nothing "
        "was changed.",
        "Read detail, correct the program that writes the body, and send it again. Sending the same bytes again won't "
        "help.",
    ),
    "validation": Explanation(
        "The request could be read, but parts of it don't fit the contract. Nothing was changed; of a batch, no job "
        "was accepted.",
        "errors names each part: pointer is a JSON pointer into the body (RFC 6901), parameter the name of a query "
        "parameter, header the name of a header. /openapi.json says what each may hold.",
    ),
    "malformed-request": Explanation(
        "The request can be read in more than one way: Host is missing, is repeated, or isn't a host with an optional "
        "port. The connection was closed.",
        "errors names the header. Programs that use an HTTP library don't see this problem; a proxy may cause it.",
    ),
    "unknown-coding": Explanation(
        "The body was sent in a transfer coding other than chunked, such as gzip. The connection was closed.",
        "Send the body as it is, in chunks or with its Content-Length.",
    ),
    "unauthenticated": Explanation(
        "There is no access token in the request, or it has expired, is meant for another service, or can't be "
        "checked against the issuer's keys.",
        "Get a token from the issuer and send it as Authorization: Bearer …. The WWW-Authenticate header says what"
        " was wrong with the last one.",
    ),
    "forbidden": Explanation(
        "The access token is good, but doesn't allow this operation.",
        "Get a token with the scope that the WWW-Authenticate header names: jobs:read to look, jobs:write to "
        "submit, cancel and retry, jobs:admin to pause queues and recurring jobs, and to open and close windows.",
    ),
    "cross-site": Explanation(
        "A page of another site tried to change something here, through the browser of somebody who may.",
        "Programs don't see this problem. Pages have to come from the same origin as the API.",
    ),
    "foreign-host": Explanation(
        "The API is open only to this machine, and the request was sent to it under a name that isn't localhost or an "
        "address. A page of another site can make a browser do that by pointing its own name here.",
        "Use 127.0.0.1 or localhost. Behind a proxy that keeps the name its clients use, set TRUSTED_PROXIES; with "
        "AUTH=oauth any name will do.",
    ),
    "not-found": Explanation(
        "Nothing has this address, or no job, queue or window has this id. Ended jobs are pruned when they are older "
        "than RETENTION_S, or when there are too many of them.",
        "Check the id. If the job may have been pruned, ask earlier next time, or keep jobs for longer.",
    ),
    "method-not-allowed": Explanation(
        "This address exists, but doesn't take this method.",
        "The Allow header lists the methods that it takes.",
    ),
    "already-finished": Explanation(
        "The job had ended before it could be cancelled. Its status says how it ended.",
        "There is nothing to do. A job that was processed can't be undone.",
    ),
    "not-retryable": Explanation(
        "Only jobs that were rejected or cancelled, or have expired, can be put back on the stack. This one waits,"
        " runs, was processed, or was superseded by a newer one.",
        "Look at the job's status. To do finished work again, submit a new job.",
    ),
    "window-refused": Explanation(
        "No window can be opened for this queue. Either it is continuous, so its jobs run at any time, or no "
        "scheduler has put its policy in force yet.",
        "Start the scheduler, or look at the queue's section in the cadence file.",
    ),
    "replay-gone": Explanation(
        "This request was carried out before under the same Idempotency-Key, so it wasn't carried out again. The jobs "
        "that it made have ended and been pruned since, so they can't be shown.",
        "Count it as done. To do the work again, choose a new Idempotency-Key.",
    ),
    "duplicate-job": Explanation(
        "A job with this request's job id exists already: the request was carried out before, and was sent to Redis "
        "again because the answer was lost. Nothing was made this time.",
        "Look at the job that detail names. To do the work again, send a new request.",
    ),
    "too-large": Explanation(
        "The body has more bytes than MAX_BODY_BYTES allows, or MAX_BATCH_BYTES for a batch.",
        "Send fewer jobs at once. Keep large data elsewhere, and put its address into the payload.",
    ),
    "body-too-slow": Explanation(
        "The headers of the request came, but not all of its body within 30 s. Nothing was changed.",
        "Send the request again over a faster connection, or in smaller parts. Behind a load balancer that buffers "
        "whole requests, clients may take as long as it allows.",
    ),
    "too-many-bodies": Explanation(
        "This process was receiving more large bodies than its memory allows, and this was the largest. Nothing was "
        "changed.",
        "Wait as many seconds as Retry-After says, and try again. Smaller batches are refused last.",
    ),
    "unsupported-media-type": Explanation(
        "The body isn't declared as JSON in UTF-8, or is compressed.",
        "Send it as Content-Type: application/json, without Content-Encoding.",
    ),
    "key-reused": Explanation(
        "Another request was sent under this Idempotency-Key within the last 24 hours. A key stands for one request.",
        "Use a new key for each request, such as a UUID, and reuse it only to send the same request again.",
    ),
    "rate-limited": Explanation(
        "This client has sent more requests than RATE_LIMIT allows.",
        "Wait as many seconds as Retry-After says. Submit in batches: a batch counts as one request.",
    ),
    "deadline-unmeetable": Explanation(
        "The request asked for Prefer: handling=strict, and the deadline of one of its jobs can't be met as things "
        "stand. detail and errors say why. None of its jobs was accepted.",
        "Send it with a later deadline, or without the preference: then it is accepted with a warning, and runs if "
        "things change in time.",
    ),
    "internal": Explanation(
        "The service has a fault. It was logged with the request_id that the problem document names.",
        "Report it to whoever runs the service, with request_id. A job may have been accepted all the same: an "
        "Idempotency-Key makes it safe to try again.",
    ),
    "unavailable": Explanation(
        "Redis didn't answer within a second, or takes no writes now: it is restarting or failing over, or can't be "
        "reached. A job may have been accepted all the same, if only the answer was lost.",
        "Wait as many seconds as Retry-After says and try again, with an Idempotency-Key if the request creates "
        "something. /readyz shows when the service can accept jobs again.",
    ),
    "unconfirmed": Explanation(
        "The jobs were accepted, but fewer replicas than WAIT_REPLICAS confirmed within WAIT_MS that they have them. "
        "They run, unless another server becomes the primary before it has them.",
        "Send the request again under the same Idempotency-Key: it makes no job twice, and is answered with 201 once "
        "the replicas have the jobs. Without a key, look at GET /v1/jobs first. Whoever runs the service should find "
        "out why replicas are away (/readyz says how many are there).",
    ),
    "keys-away": Explanation(
        "The access token can't be checked, because the issuer's keys aren't available now.",
        "Wait as many seconds as Retry-After says and try again. Whoever runs the service should look at "
        "OAUTH_JWKS_URL.",
    ),
    "queue-full": Explanation(
        "Redis has reached its maxmemory. Waiting jobs still run.",
        "Try again later. Whoever runs the service should give Redis more memory, start more workers, or keep ended "
        "jobs for a shorter time.",
    ),
    "too-many-waiting": Explanation(
        "MAX_QUEUED or MAX_QUEUED_BYTES allows no more waiting jobs in this queue. None of the request's jobs was "
        "accepted. (A request that is larger than these limits by itself gets 400, since it would never fit.)",
        "Wait as many seconds as Retry-After says, and try again. If jobs wait for a window, that is when the next "
        "one opens. If this goes on, more workers or larger windows are needed.",
    ),
    "not-consuming": Explanation(
        "A window is open, jobs wait and threads are idle, but nothing is claimed; or the policy in force isn't "
        "that of the cadence file. detail says which.",
        "This is for alerts: look at the logs of workers and scheduler.",
    ),
}


@problem_pages.get("")
def index() -> str:
    """All kinds of problems there are."""
    return render_template("problems.html", kinds=KINDS)


@problem_pages.get("/<name>")
def page(name: str) -> str:
    """One kind of problem."""
    kind = next((kind for kind in KINDS if kind.name == name), None)
    if kind is None:
        abort(404)
    return render_template("problem.html", kind=kind, explanation=EXPLANATIONS[name])
