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
        "UTF-8, a name stands twice in one object, a number has more than 64 bits or is infinite, a text holds "
        "half of a surrogate pair, it is nested more than 32 deep, or holds too many values (as detail says). Nothing "
        "was changed.",
        "Read detail, correct what writes the body, and send it again. Sending the same bytes again won't help.",
    ),
    "validation": Explanation(
        "The request could be read, but some of it doesn't fit the contract. Nothing was changed, of a batch neither.",
        "errors names each part: pointer is a JSON pointer into the body (RFC 6901), parameter the name of a query"
        " parameter, header that of a header. /openapi.json says what each may hold.",
    ),
    "malformed-request": Explanation(
        "The request can be read in more than one way: Host is missing, stands there twice, or isn't a host with a "
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
        "submit, cancel and retry, jobs:admin to pause queues and open windows.",
    ),
    "cross-site": Explanation(
        "A page of another site tried to change something here, by the browser of somebody who may.",
        "Programs don't see this problem. Pages have to come from the same origin as the API.",
    ),
    "foreign-host": Explanation(
        "The API is open to this machine alone, and the request was sent to it under a name that isn't localhost or an "
        "address. A page of another site gets a browser to do that by letting its own name point here.",
        "Use 127.0.0.1 or localhost. Behind a proxy that keeps the name its clients use, set TRUSTED_PROXIES; with "
        "AUTH=oauth any name will do.",
    ),
    "not-found": Explanation(
        "Nothing has this address, or no job, queue or window has this id. Finished jobs are pruned when they are "
        "older than RETENTION_S, or when there are too many of them.",
        "Check the id. If the job may have been pruned, ask earlier next time, or keep jobs for longer.",
    ),
    "method-not-allowed": Explanation(
        "There is something at this address, but not for this method.",
        "The Allow header lists the methods there are.",
    ),
    "already-finished": Explanation(
        "The job had ended before it could be cancelled; how it ended stands in its status.",
        "Nothing is left to do. A job that was processed can't be undone.",
    ),
    "not-retryable": Explanation(
        "Only jobs that were rejected or cancelled, or have expired, can be put back on the stack. This one waits,"
        " runs, was processed, or was superseded by a newer one.",
        "Look at the job's status. To do work again that was done, submit a new job.",
    ),
    "window-refused": Explanation(
        "No window can be opened for this queue: it is continuous, so that its jobs run at any time, or no "
        "scheduler has said yet how it is to be consumed.",
        "Start the scheduler, or look at the queue's section in the cadence file.",
    ),
    "replay-gone": Explanation(
        "This request was carried out before, under the same Idempotency-Key; so it wasn't carried out again. What"
        " it made has ended and been pruned since, and can't be shown any more.",
        "Count it as done. To do the work again, choose a new Idempotency-Key.",
    ),
    "duplicate-job": Explanation(
        "A job with the id that this request's job was to have is there already: the request was carried out before, "
        "and sent to Redis again because its answer was lost. Nothing was made this time.",
        "Look at the job that detail names. To do the work again, send a new request.",
    ),
    "too-large": Explanation(
        "The body has more bytes than MAX_BODY_BYTES lets it have, or MAX_BATCH_BYTES in a batch.",
        "Send fewer jobs at once. Put large things elsewhere, and where they are into the payload.",
    ),
    "body-too-slow": Explanation(
        "The headers of the request came, but not all of its body within 30 s. Nothing was changed.",
        "Send the request again over a faster connection, or in smaller parts. Behind a load balancer that reads "
        "requests whole before it passes them on, clients may take as long as it lets them.",
    ),
    "too-many-bodies": Explanation(
        "Too many large bodies are on their way to this process for its memory, and this one had "
        "taken most. Nothing was changed.",
        "Wait as many seconds as Retry-After says and try again. Smaller batches are refused last.",
    ),
    "unsupported-media-type": Explanation(
        "The body isn't announced as JSON in UTF-8, or is compressed.",
        "Send it as Content-Type: application/json, without Content-Encoding.",
    ),
    "key-reused": Explanation(
        "Another request was sent under this Idempotency-Key within the last 24 hours. A key stands for one request.",
        "Make a new key for each request, such as a UUID, and use it again only to send the same request again.",
    ),
    "rate-limited": Explanation(
        "This client has sent more requests than RATE_LIMIT allows.",
        "Wait as many seconds as Retry-After says. Submit in batches: a batch counts as one request.",
    ),
    "deadline-unmeetable": Explanation(
        "The request asked for Prefer: handling=strict, and a deadline of its jobs can't be met, as their queue is "
        "now. detail and errors say why. None of its jobs was accepted.",
        "Send it with a later deadline, or without the preference: then it is accepted with a warning, and runs if "
        "things change in time.",
    ),
    "internal": Explanation(
        "A fault of the service. It was logged, with the request_id that the problem document names.",
        "Report it to whoever runs the service, with request_id. A job may have been accepted all the same: an "
        "Idempotency-Key makes it safe to try again.",
    ),
    "unavailable": Explanation(
        "Redis didn't answer within a second, or takes no writes now: it restarts, fails over, or can't be "
        "reached. A job may have been accepted all the same, if only its answer was lost.",
        "Wait as many seconds as Retry-After says and try again, with an Idempotency-Key if the request creates "
        "something. /readyz shows when the service can accept jobs again.",
    ),
    "unconfirmed": Explanation(
        "The jobs were accepted, but fewer replicas than WAIT_REPLICAS confirmed within WAIT_MS that they have them. "
        "They run, unless another server becomes the primary before it has them.",
        "Send the request again under the same Idempotency-Key: it makes no job twice, and is answered with 201 once "
        "the replicas have the jobs. Without a key, look at GET /v1/jobs first. Whoever runs the service should see "
        "why replicas are away (/readyz tells how many are there).",
    ),
    "keys-away": Explanation(
        "The access token can't be checked, because the issuer's keys aren't available now.",
        "Wait as many seconds as Retry-After says and try again. Whoever runs the service should look at "
        "OAUTH_JWKS_URL.",
    ),
    "queue-full": Explanation(
        "Redis has reached its maxmemory. Jobs that wait are still worked off.",
        "Try again later. Whoever runs the service should give Redis more memory, start more workers, or keep "
        "finished jobs for a shorter time.",
    ),
    "too-many-waiting": Explanation(
        "As many jobs of this queue wait as MAX_QUEUED lets wait, or as many bytes as MAX_QUEUED_BYTES. None of the "
        "request's jobs was accepted. (A request that is larger than these gets 400: it would never fit.)",
        "Wait as many seconds as Retry-After says and try again: where jobs wait for a window, that is when the next "
        "one opens. If it lasts, more workers or larger windows are needed.",
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
