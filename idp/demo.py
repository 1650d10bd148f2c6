"""The demo: two organizations to look around in, made at the first start and kept for the next.

    prepare(settings) -> Demo      migrate; found; let HR's people arrive; buy for them; invite one

Each step looks whether it was done, so that a start that was cut short is carried on by the next.
Everything goes through the write path as it would from outside: the people belong to the
connection "HR". What was printed once is kept in the data directory, readable by its user alone.
"""

import json
import os
import stat
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import flask_migrate

from idp import demo_services, health, jobs
from idp.changes import apply, ledger
from idp.changes.intents import (
    Change,
    CreateConnection,
    CreateGroup,
    CreateUser,
    IssueLink,
    IssueToken,
)
from idp.clock import new_id, new_secret
from idp.company import Company, company
from idp.config import Settings
from idp.directory import queries
from idp.directory.actors import Actor, system_actor
from idp.directory.attributes import flatten
from idp.directory.errors import Conflict
from idp.directory.passwords import hash_password
from idp.directory.views import OrganizationView
from idp.founding import founding

KEPT = "demo.json"
PEOPLE, GROUPS = 120, 36
NORTHWIND = "Northwind Household Goods"
NORTHWIND_DOMAIN = "northwind.example"
CONTOSO = "Contoso Schools"
CONTOSO_DOMAIN = "contoso.example"
HR = "HR"
YEARS = 731  # days that the organization has been here
INVITED = 20  # a place in the company's list
CONTOSO_STAFF = (
    ("Adaeze", "Obi", "Head Teacher"),
    ("Tomás", "Ó Ceallaigh", "Teacher"),
    ("Renée", "Lindqvist-Marsh", "Teacher"),
    ("Yūko", "Tanabe", "Librarian"),
    ("Ewa", "Źródlak", "School Secretary"),
)


@dataclass(slots=True)
class Demo:
    """What the demo shows its owner: how to sign in, and how HR does."""

    org: str = "northwind-household-goods"
    admin: str = f"admin@{NORTHWIND_DOMAIN}"
    password: str = ""
    scim_token: str = ""
    second_org: str = "contoso-schools"
    second_admin: str = f"admin@{CONTOSO_DOMAIN}"
    second_password: str = ""
    invited: str = ""


def prepare(settings: Settings) -> Demo:
    """Make what is not there yet; the same answer at every start. Raises DirectoryError."""
    here, head = health.schema_versions()
    if here != head:
        flask_migrate.upgrade()
    ledger.check_master_key()
    demo_services.stock()
    demo = _kept(settings.data_dir)
    _northwind(settings, demo)
    _contoso(settings, demo)
    return demo


def _kept(data_dir: Path) -> Demo:
    path = data_dir / KEPT
    if path.exists():
        return Demo(**json.loads(path.read_text("utf-8")))
    if queries.organization_ids():
        raise Conflict(
            "not_the_demo",
            "This database holds organizations that are not the demo's. "
            "Name an empty directory in CHAMBERLAIN_DATA_DIR for the demo.",
        )
    demo = Demo(password=_password(), second_password=_password())
    _keep(data_dir, demo)  # before anything is made with it: then it is never lost
    return demo


def _keep(data_dir: Path, demo: Demo) -> None:
    path = data_dir / KEPT
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    flags, mode = os.O_WRONLY | os.O_CREAT | os.O_EXCL, stat.S_IRUSR | stat.S_IWUSR
    with os.fdopen(os.open(fresh, flags, mode), "w", encoding="utf-8") as out:
        json.dump(asdict(demo), out, indent=2)
    fresh.replace(path)


def _password() -> str:
    """Sixteen letters and digits in groups of four, to be typed from one screen to another."""
    text = "".join(c for c in new_secret(64) if c.isalnum())
    return "-".join(text[i : i + 4] for i in range(0, 16, 4))


def _northwind(settings: Settings, demo: Demo) -> None:
    found = queries.organization_by_slug(demo.org)
    if found is None:
        fields = _administrator(demo.admin)
        connection = CreateConnection("scim", HR)
        with demo_services.ago(YEARS):
            found = _founded(NORTHWIND, NORTHWIND_DOMAIN, fields, demo.password, connection)
        demo.org = found.slug
    by = system_actor(found.id)
    source = next((c for c in queries.list_connections(by, "scim") if c.name == HR), None)
    if source is None:
        return  # somebody has detached HR: it is their demo
    hr = _hr(found.id, source.id)
    if queries.count_groups(by) == 0:
        with demo_services.ago(YEARS):
            _arrive(hr, company(PEOPLE, GROUPS, name=NORTHWIND, domain=NORTHWIND_DOMAIN))
    demo_services.furnish(by)
    if not demo.scim_token or queries.caller_by_token(demo.scim_token) is None:
        demo.scim_token = apply(IssueToken(source.id), by=by).first.secret or ""
        _keep(settings.data_dir, demo)
    if not demo.invited:
        _invite(settings, demo, by)


def _founded(
    name: str, domain: str, admin: dict[str, Any], password: str, *more: Change
) -> OrganizationView:
    org_id = new_id()
    hashed = hash_password(password, admin["userName"])
    changes = founding(org_id, name, domain, admin, admin_id=new_id(), password_hash=hashed)
    apply(*changes, *more, by=system_actor("", name="demo"))
    return queries.organization(system_actor(org_id))


def _administrator(user_name: str) -> dict[str, Any]:
    return {
        "userName": user_name,
        "displayName": "Demo Administrator",
        "title": "Administrator",
        "emails": [{"value": user_name, "type": "work", "primary": True}],
    }


def _hr(org_id: str, connection_id: str) -> Actor:
    """HR as its bearer token would make it."""
    permissions = frozenset({"users.read", "users.write", "groups.read", "groups.write"})
    return Actor(
        "connection",
        connection_id,
        HR,
        org_id,
        "scim",
        permissions,
        connection_id=connection_id,
    )


def _arrive(hr: Actor, northwind: Company) -> None:
    """HR sends everybody, and the groups they are in, in one batch."""
    people = [new_id() for _ in northwind.people]
    teams = [new_id() for _ in northwind.groups]
    changes: list[Change] = []
    for place, person in enumerate(northwind.people):
        manager = None if person.manager is None else people[person.manager]
        fields = flatten(person.record(manager))
        changes.append(CreateUser(fields, external_id=person.employee_number, id=people[place]))
    for place, team in enumerate(northwind.groups):
        members = [*(people[i] for i in team.people), *(teams[i] for i in team.teams)]
        changes.append(CreateGroup({"displayName": team.name}, members, f"g{place}", teams[place]))
    apply(*changes, by=hr)


def _invite(settings: Settings, demo: Demo, by: Actor) -> None:
    """One of them is asked to choose a password; the message lies in the demo's mailbox."""
    invited = company(PEOPLE, GROUPS).people[INVITED].user_name
    who = queries.sign_in_candidates(invited, "", by.org_id)
    if who:
        prefix = f"{settings.public_url}/invite/"
        apply(IssueLink(who[0].id, "invite", url_prefix=prefix, deliver=True), by=by)
        jobs.work(settings)
    demo.invited = invited
    _keep(settings.data_dir, demo)


def _contoso(settings: Settings, demo: Demo) -> None:
    """A second organization, small and without sources; neither sees the other."""
    if queries.organization_by_slug(demo.second_org) is not None:
        return
    staff = [CreateUser(_teacher(*words)) for words in CONTOSO_STAFF]
    fields = _administrator(demo.second_admin)
    found = _founded(CONTOSO, CONTOSO_DOMAIN, fields, demo.second_password, *staff)
    demo.second_org = found.slug
    _keep(settings.data_dir, demo)


def _teacher(given: str, family: str, title: str) -> dict[str, Any]:
    local = f"{given}.{family}".lower().encode("ascii", "ignore").decode().replace(" ", "")
    return {
        "userName": f"{local}@{CONTOSO_DOMAIN}",
        "name.givenName": given,
        "name.familyName": family,
        "displayName": f"{given} {family}",
        "title": title,
    }
