"""``lastin audit``: does everything add up?"""

from __future__ import annotations

import click

from middleware.words import counted

from ..endings import Failed, Unusable
from ..output.printing import as_json, print_json, print_lines

TIMEOUT_S = 5.0


@click.command(short_help="Check that everything adds up.")
@as_json
def command(as_json: bool) -> None:
    """Check every job of every queue in Redis, and say what doesn't add up. Exit status 1 if anything doesn't."""
    from middleware.diagnosis.audit import audit_all  # noqa: PLC0415 (not for --help)
    from middleware.redis_link.links import link_to  # noqa: PLC0415
    from middleware.settings import load  # noqa: PLC0415

    settings = load()
    if settings.lastin_url is not None:
        raise Unusable("The audit reads Redis itself: unset LASTIN_URL, and set REDIS_URL.")
    counts, faults = {}, []
    for found in audit_all(link_to(settings.redis_address, timeout_s=TIMEOUT_S)):
        counts[found.queue] = dict(found.counts)
        faults += found.faults
        if not as_json:
            shown = ", ".join(f"{count} {status}" for status, count in found.counts.items())
            print_lines([f"{found.queue}: {shown}", *found.faults])
    if as_json:
        print_json({"counts": counts, "faults": faults})
    elif not faults:
        print_lines(["All is well."])
    if faults:
        raise Failed(f"{counted(len(faults), 'fault')} found: docs/runbook.md says what to do.")
