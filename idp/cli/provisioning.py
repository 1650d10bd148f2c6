"""Applications that we provision: attach, preview, run, reconcile, how they stand."""

import sys
import time
from typing import Any, TextIO

import click

from idp import sessions
from idp.changes import apply, followers
from idp.changes.intents import ApproveRemovals, CreateTarget, ReconcileTarget
from idp.changes.standing import standing
from idp.cli.answers import Answer, command, table
from idp.cli.finding import group, operator, organization
from idp.clock import now, rfc3339
from idp.directory import queries
from idp.directory.actors import Actor
from idp.directory.provisioning import TargetView
from idp.directory.targets import AUTHS, DEPROVISIONS, WRITES, TargetSettings
from idp.outgoing import Unreached, check_literal
from scim import outbound

provision = click.Group(
    "provision",
    help="Applications that we push people to: add, try, preview, run, reconcile, approve, status.",
)
LOOK_EVERY = 0.2


@command("add", provision)
@click.argument("org")
@click.argument("name")
@click.option("--url", "base_url", required=True, help="The application's SCIM base URL.")
@click.option("--token-file", type=click.File("r"), help="Its bearer token, in a file.")
@click.option("--token-stdin", is_flag=True, help="Its bearer token, on standard input.")
@click.option("--client-id", help="Client credentials instead of a token.")
@click.option("--client-secret-file", type=click.File("r"))
@click.option("--token-url", default="", help="Where client credentials fetch a token.")
@click.option("--oauth-scope", default="")
@click.option("--group", "groups", multiple=True, help="Only members of this group; repeatable.")
@click.option(
    "--license",
    "licenses",
    multiple=True,
    metavar="PART_NUMBER",
    help="Only who holds this; repeatable.",
)
@click.option("--no-groups", is_flag=True, help="Send people alone.")
@click.option("--deprovision", type=click.Choice(DEPROVISIONS), default="deactivate")
@click.option("--writes", type=click.Choice(WRITES), default="auto")
@click.option("--members-at-once", type=click.IntRange(1, 1000), default=100, show_default=True)
@click.option("--map", "mapped", multiple=True, metavar="ATTRIBUTE=SOURCE")
def add(org: str, name: str, **given: Any) -> Answer:
    """Attach an application; the worker begins with its first walk at once."""
    by = operator(organization(org).id)
    _check_address(given["base_url"], "--url")
    if given["client_id"]:
        _check_address(given["token_url"], "--token-url")
    secrets = _secrets(given)
    settings = TargetSettings(
        base_url=given["base_url"],
        auth="client_credentials" if given["client_id"] else "bearer",
        token_url=given["token_url"],
        oauth_scope=given["oauth_scope"],
        groups=tuple(group(by, word).id for word in given["groups"]),
        licenses=given["licenses"],
        push_groups=not given["no_groups"],
        deprovision=given["deprovision"],
        writes=given["writes"],
        members_at_once=given["members_at_once"],
        mapping=dict(map(_pair, given["mapped"])),
    )
    made = apply(CreateTarget(name, settings, secrets), by=by).first
    return Answer({"target": made.id, "name": name, "base_url": settings.base_url})


def _check_address(url: str, option: str) -> None:
    """An address that may not be asked is not kept either."""
    try:
        check_literal(url, sessions.settings().outgoing)
    except Unreached as refused:
        raise click.ClickException(f"{option}: {refused.sentence}") from refused


def _pair(text: str) -> tuple[str, str]:
    wanted, equals, source = text.partition("=")
    if not equals:
        raise click.BadParameter("write ATTRIBUTE=SOURCE", param_hint="--map")
    return wanted.strip(), source.strip()


def _secrets(given: dict[str, Any]) -> dict[str, str]:
    """From files or standard input alone: a command line is seen by others."""
    if given["client_id"]:
        secret = _content(given["client_secret_file"], "--client-secret-file")
        return dict(zip(AUTHS["client_credentials"], (given["client_id"], secret), strict=True))
    source = sys.stdin if given["token_stdin"] else given["token_file"]
    return {"token": _content(source, "--token-file or --token-stdin")}


def _content(source: TextIO | None, option: str) -> str:
    if source is None:
        raise click.UsageError(f"Give the secret by {option}.")
    return source.read().strip()


def find(by: Actor, name: str) -> TargetView:
    """A target by name or id."""
    for target in queries.list_targets(by):
        if name in (target.name, target.id):
            return target
    raise click.ClickException(f"There is no application {name!r} that is provisioned.")


@command("try", provision)
@click.argument("org")
@click.argument("name")
def try_(org: str, name: str) -> Answer:
    """Ask the application whether it lets us in and what it can do; nothing is written there."""
    by = operator(organization(org).id)
    target = find(by, name)
    secrets = queries.target_secrets(by.org_id, target.id)
    trial = outbound.try_target(target.settings, secrets, sessions.settings().outgoing)
    data = {"ok": trial.ok, "sentence": trial.sentence, "found": dict(trial.found)}
    return Answer(data, table(trial.found, trial.sentence), "" if trial.ok else trial.sentence)


@command("preview", provision)
@click.argument("org")
@click.argument("name")
@click.option("--first", type=click.IntRange(0, 1000), default=10, show_default=True)
def preview(org: str, name: str, first: int) -> Answer:
    """Show what would be done, without sending anything."""
    by = operator(organization(org).id)
    plan = outbound.preview(by, find(by, name).id, first)
    rows = [
        (action, one.kind, one.name, ", ".join(path for path, _, _ in one.changes))
        for action, planned in plan.first.items()
        for one in planned
    ]
    counts = "  ".join(f"{name}: {count}" for name, count in plan.counts.items())
    data = {
        "counts": plan.counts,
        "first": {
            action: [
                {"id": one.id, "kind": one.kind, "name": one.name, "changes": one.changes}
                for one in planned
            ]
            for action, planned in plan.first.items()
        },
        "brake": plan.brake or None,
    }
    return Answer(data, f"{counts}\n{table(rows, 'Nothing is to be done.')}")


@command("run", provision)
@click.argument("org")
@click.argument("name")
@click.option("--wait", type=click.IntRange(1, 86400), default=3600, show_default=True)
def run(org: str, name: str, wait: int) -> Answer:
    """Work on this application alone until it is up to date, or something stops it."""
    by = operator(organization(org).id)
    target = find(by, name)
    followers.wake(standing(by, target).follower.id)
    _work(by, target, time.monotonic() + wait)
    return _answer(by, target)


def _work(by: Actor, target: TargetView, deadline: float) -> None:
    """Turns, one after the other; where another worker has the lease, wait for it."""
    settings = sessions.settings()
    while time.monotonic() < deadline:
        held = standing(by, target).follower
        if not held.behind or not held.enabled or held.failures:
            return
        row = followers.claim(held.id)
        if row is None:
            time.sleep(LOOK_EVERY)
        else:
            outbound.lead(settings, row)


@command("reconcile", provision)
@click.argument("org")
@click.argument("name")
@click.option("--wait", type=click.IntRange(1, 86400), default=3600, show_default=True)
def reconcile(org: str, name: str, wait: int) -> Answer:
    """Compare everything there with what should be there, and repair what differs."""
    by = operator(organization(org).id)
    target = find(by, name)
    apply(ReconcileTarget(target.id), by=by)
    _work(by, target, time.monotonic() + wait)
    return _answer(by, target)


@command("approve", provision)
@click.argument("org")
@click.argument("name")
@click.option("--count", type=int, required=True, help="How many: the number that status shows.")
def approve(org: str, name: str, count: int) -> Answer:
    """Let a stopped application go on and shut out or remove those whom it waits for."""
    by = operator(organization(org).id)
    target = find(by, name)
    if not target.brake or target.brake["count"] != count:
        raise click.ClickException("This is not what waits for approval; look at its status.")
    apply(ApproveRemovals(target.id, target.brake["digest"]), by=by)
    return _answer(by, target)


@command("status", provision)
@click.argument("org")
@click.argument("name", required=False)
def status(org: str, name: str | None) -> Answer:
    """How an application, or all of them, stand."""
    by = operator(organization(org).id)
    if name is not None:
        return _answer(by, find(by, name), failing=False)
    rows = [_standing(by, target) for target in queries.list_targets(by)]
    shown = [[row[n] for n in ("name", "status", "people", "groups", "waiting")] for row in rows]
    return Answer({"targets": rows}, table(shown, "No application is provisioned."))


def _answer(by: Actor, target: TargetView, *, failing: bool = True) -> Answer:
    data = _standing(by, queries.find_target(by, target.id))
    problem = data["last_error"] if failing and data["status"] in ("failing", "stopped") else ""
    return Answer(data, problem=problem)


def _standing(by: Actor, target: TargetView) -> dict[str, Any]:
    stands = standing(by, target)
    held = stands.follower
    errors = [
        {"id": one.subject_id, "kind": one.kind, "name": one.name, "error": one.error}
        for one in queries.failed_links(by, target.id, 20)
    ]
    return {
        "target": target.id,
        "name": target.name,
        "status": stands.word,
        **stands.counts,
        "waiting": held.behind,
        "last_error": held.last_error,
        "last_success": rfc3339(held.succeeded_at) if held.succeeded_at else None,
        "next_try": rfc3339(held.due_at) if held.failures and held.due_at > now() else None,
        "brake": target.brake or None,
        "drift": target.drift or None,
        "errors": errors,
    }


COMMANDS: tuple[click.Command, ...] = (provision,)
