"""The brake of a SCIM client from the console: its limits, what counts now, approve and reject."""

from typing import Any

import click

from idp.changes import apply
from idp.changes.intents import ApproveBrake, Change, RejectBrake, SetBrake
from idp.cli.answers import Answer, command
from idp.cli.connections import scim_client
from idp.cli.finding import operator, organization
from idp.clock import rfc3339
from idp.directory import queries
from idp.directory.brakes import KINDS, LONGEST_HOURS, MOST, BrakeView, QuarantineView

_COUNT = click.IntRange(0, MOST)


@command("brake")
@click.argument("org")
@click.argument("name")
@click.option("--deactivations", type=_COUNT, help="How many people may be deactivated.")
@click.option("--deletions", type=_COUNT, help="How many people may be deleted.")
@click.option("--groups", type=_COUNT, help="How many groups may be deleted.")
@click.option("--removals", type=_COUNT, help="How many members may be removed from one group.")
@click.option("--share", type=click.IntRange(0, 100), help="Or so many percent of all.")
@click.option("--hours", type=click.IntRange(1, LONGEST_HOURS), help="Within so many hours.")
@click.option("--approve", "verdict", flag_value="approve", help="Let go on what was stopped.")
@click.option("--reject", "verdict", flag_value="reject", help="Go on, but not with that.")
@click.option("--allow", type=_COUNT, help="With --approve: how many may go from now on.")
def brake(
    org: str,
    name: str,
    *,
    verdict: str | None,
    allow: int | None,
    share: int | None,
    hours: int | None,
    **counts: int | None,
) -> Answer:
    """Show or change what a SCIM client may take away; decide when it was stopped.

    --share goes with the kinds that are named, or with all.
    """
    by = operator(organization(org).id)
    held = scim_client(by, name)
    limits = _limits(counts, share, hours)
    changes: list[Change] = [SetBrake(held.id, limits)] if limits else []
    if verdict:
        changes.append(_decision(queries.brake_of(by, held.id), held.id, verdict, allow))
    elif allow is not None:
        raise click.UsageError("--allow goes with --approve.")
    if changes:
        apply(*changes, by=by)
    return Answer(_shown(held.id, queries.brake_of(by, held.id)))


def _limits(counts: dict[str, int | None], share: int | None, hours: int | None) -> dict[str, Any]:
    named = [kind for kind in KINDS if counts[kind] is not None]
    kinds = named or (list(KINDS) if share is not None else [])
    limits: dict[str, Any] = {k: {"count": counts[k], "share": share} for k in kinds}
    return limits | ({"hours": hours} if hours is not None else {})


def _decision(held: BrakeView, connection_id: str, verdict: str, allow: int | None) -> Change:
    if held.quarantine is None:
        raise click.ClickException("This client is not stopped.")
    if verdict == "reject":
        return RejectBrake(connection_id, held.quarantine.id)
    given = held.quarantine.suggestion if allow is None else allow
    return ApproveBrake(connection_id, held.quarantine.id, given)


def _shown(connection_id: str, held: BrakeView) -> dict[str, Any]:
    return {
        "connection": connection_id,
        "limits": held.limits.as_settings(),
        "counts": [
            {"kind": one.kind, "group": one.group_id or None, "gone": one.loss}
            | {"since": rfc3339(one.began), "verdict": one.verdict or None}
            for one in held.counts
        ],
        "quarantine": _quarantine(held.quarantine),
    }


def _quarantine(held: QuarantineView | None) -> dict[str, Any] | None:
    if held is None:
        return None
    stop = held.stop
    figures = {"asked": stop.asked, "loss": stop.loss, "limit": stop.allowed, "total": stop.total}
    about = {"kind": stop.kind, "group": stop.group_id or None, "sentence": stop.sentence}
    return {"id": held.id, "since": rfc3339(held.since)} | about | figures
