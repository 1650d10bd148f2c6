"""Incidents from the console: open one, say how it goes on, close it, list them."""

from typing import Any

import click

from idp.changes import incidents
from idp.changes.incidents import IMPACTS, IncidentView
from idp.cli.answers import Answer, command, table
from idp.cli.finding import organization
from idp.clock import rfc3339

incident = click.Group("incident", help="Incidents on the status page: open, update, close, list.")


@command("open", incident)
@click.argument("title")
@click.option("--text", required=True, help="What is wrong, and what is being done.")
@click.option("--impact", type=click.Choice(IMPACTS), default=IMPACTS[1], show_default=True)
@click.option("--org", help="For one organization; without it, for everybody.")
def open_one(title: str, text: str, impact: str, org: str | None) -> Answer:
    """Say on the status page that something is wrong."""
    org_id = organization(org).id if org else incidents.EVERYBODY
    made = incidents.open_incident(title, text, impact=impact, org_id=org_id)
    return Answer({"incident": made, "status": "open"})


@command("update", incident)
@click.argument("incident_id")
@click.argument("text")
def update(incident_id: str, text: str) -> Answer:
    """Say how it goes on."""
    incidents.update_incident(incident_id, text)
    return Answer({"incident": incident_id, "status": "open"})


@command("close", incident)
@click.argument("incident_id")
@click.argument("text")
def close(incident_id: str, text: str) -> Answer:
    """Say that it is over."""
    incidents.update_incident(incident_id, text, close=True)
    return Answer({"incident": incident_id, "status": "closed"})


@command("list", incident)
def list_all() -> Answer:
    """List incidents, those that are open first."""
    rows = [_row(one) for one in incidents.all_incidents()]
    shown = [(r["incident"], r["status"], r["impact"], r["opened"], r["title"]) for r in rows]
    return Answer({"incidents": rows}, table(shown, "There is no incident."))


def _row(one: IncidentView) -> dict[str, Any]:
    return {
        "incident": one.id,
        "status": "closed" if one.closed_at else "open",
        "impact": one.impact,
        "org_id": one.org_id or None,
        "opened": rfc3339(one.opened),
        "title": one.title,
    }


COMMANDS: tuple[click.Command, ...] = (incident,)
